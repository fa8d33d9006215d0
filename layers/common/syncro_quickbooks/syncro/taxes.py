"""Which tax rate a line of an invoice has by Syncro's rules (facts: Syncro I7)."""

from dataclasses import dataclass
from typing import TypeAlias

from syncro_quickbooks.syncro.models import Customer, InvoiceLine, InvoiceSnapshot, TaxRate


@dataclass(frozen=True, slots=True)
class NoRate:
    """The line is taxed, but no rate is known: Syncro names none, or has not described the one with this id."""

    rate_id: int | None


RateOfLine: TypeAlias = TaxRate | NoRate | None


def rate_of_line(line: InvoiceLine, snapshot: InvoiceSnapshot, customer: Customer) -> RateOfLine:
    """The line's own rate, else the invoice's; None if the customer, the invoice or the line is untaxed."""
    invoice = snapshot.invoice
    if customer.tax_free or invoice.notax or not line.taxable:
        return None
    rate_id = line.tax_rate_id or invoice.tax_rate_id
    if rate_id is None:
        return None if invoice.tax == 0 else NoRate(None)
    return snapshot.rate(rate_id) or NoRate(rate_id)

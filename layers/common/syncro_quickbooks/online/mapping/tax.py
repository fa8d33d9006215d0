"""How an invoice's tax reaches QuickBooks: a code on every line, and what the whole document says (facts: QBO 1.7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from syncro_quickbooks import money
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.company import Company, TaxMode
from syncro_quickbooks.online.mapping.bodies import ref
from syncro_quickbooks.sync import problems
from syncro_quickbooks.sync.model import Problem
from syncro_quickbooks.sync.settings import AstPolicy, Settings
from syncro_quickbooks.syncro.models import Customer, InvoiceLine, InvoiceSnapshot, TaxRate
from syncro_quickbooks.syncro.taxes import NoRate, rate_of_line

TAXED = "TAX"
UNTAXED = "NON"


@dataclass(frozen=True, slots=True)
class LineTax:
    """A line's tax: `code` for QuickBooks (None where the company has no tax) and Syncro's rate, None if untaxed."""

    code: str | None
    rate: TaxRate | None

    @property
    def is_taxed(self) -> bool:
        """Whether tax is due on the line."""
        return self.rate is not None and self.rate.rate != 0


@dataclass(frozen=True, slots=True)
class TaxContext:
    """What the tax of every line of one invoice depends on.

    `made_codes` are QuickBooks' ids of the tax codes that the settings ask for, by Syncro rate id.
    """

    snapshot: InvoiceSnapshot
    customer: Customer
    settings: Settings
    company: Company
    made_codes: Mapping[int, str] = field(default_factory=dict)

    def code(self, rate_id: int) -> str | None:
        """QuickBooks' tax code of a Syncro rate: one that was chosen, else one that was made for it."""
        chosen = self.settings.tax_codes.get(rate_id)
        return chosen.id if chosen else self.made_codes.get(rate_id)

    @property
    def has_codes(self) -> bool:
        """Whether a rate's own code is sent at all."""
        mode = self.company.tax_mode
        overrides = self.settings.ast_policy is AstPolicy.OVERRIDE
        return mode in (TaxMode.US_MANUAL, TaxMode.NON_US) or (mode is TaxMode.US_AUTOMATED and overrides)


def line_tax(line: InvoiceLine, context: TaxContext, *, is_deposit: bool = False) -> LineTax | Problem:
    """The tax of one line: its own rate, else the invoice's, unless the customer or the invoice or the line is untaxed.

    A Problem names the rate that has no tax code in QuickBooks.
    """
    rate = rate_of_line(line, context.snapshot, context.customer)
    if isinstance(rate, NoRate):
        return problems.no_tax_rate(context.snapshot.invoice, rate.rate_id)
    if rate is not None and (unlike := _unlike_confirmed(rate, context)):
        return unlike
    mode = context.company.tax_mode
    if mode is TaxMode.NON_US:
        return _coded(rate, context, is_deposit=is_deposit)
    if mode is TaxMode.NO_TAX:
        return LineTax(None, rate)
    is_unmapped = rate is not None and rate.rate != 0 and context.code(rate.id) is None
    if rate is not None and mode is TaxMode.US_MANUAL and is_unmapped:
        return problems.tax_rate_unmapped(context.snapshot.invoice, rate.id, rate.name)
    is_taxed = rate is not None and rate.rate != 0 and not _as_line(context)
    return LineTax(TAXED if is_taxed else UNTAXED, rate)


def rates_to_make(context: TaxContext) -> frozenset[int]:
    """The Syncro rates on the invoice whose tax codes somebody confirmed and that have to be made before it is sent."""
    rates = (rate_of_line(line, context.snapshot, context.customer) for line in context.snapshot.invoice.line_items)
    return frozenset(
        rate.id for rate in rates if isinstance(rate, TaxRate) and _is_new(rate, context) and context.has_codes
    )


def _is_new(rate: TaxRate, context: TaxContext) -> bool:
    # In the US a line without tax is NON, whatever its rate.
    has_code = rate.rate != 0 or context.company.tax_mode is TaxMode.NON_US
    return has_code and rate.id not in context.settings.tax_codes and rate.id in context.settings.new_tax_codes


def _unlike_confirmed(rate: TaxRate, context: TaxContext) -> Problem | None:
    """A code that was confirmed for other percentages would book another tax: rates can be edited in Syncro."""
    if not _is_new(rate, context) or not context.has_codes:
        return None
    confirmed = sorted(each.percent for each in context.settings.new_tax_codes[rate.id].rates)
    components = sorted(rate.component_rates)
    if confirmed == components:
        return None
    return problems.tax_rate_unlike_confirmed(context.snapshot.invoice, rate.id, rate.name, components, confirmed)


def _as_line(context: TaxContext) -> bool:
    """Automated sales tax switched out: the tax is a line of its own and QuickBooks must not add any."""
    is_automated = context.company.tax_mode is TaxMode.US_AUTOMATED
    return is_automated and context.settings.ast_policy is AstPolicy.TAX_LINE


def _coded(rate: TaxRate | None, context: TaxContext, *, is_deposit: bool) -> LineTax | Problem:
    """Outside the US every line has a code, untaxed ones too; why a line is untaxed decides which."""
    settings = context.settings
    mapped = context.code(rate.id) if rate else None
    if rate and rate.rate != 0:
        unmapped = problems.tax_rate_unmapped(context.snapshot.invoice, rate.id, rate.name)
        return LineTax(mapped, rate) if mapped else unmapped
    special = settings.exempt_tax_code if context.customer.tax_free else None
    if rate is None and is_deposit and not context.customer.tax_free:
        special = settings.out_of_scope_tax_code
    chosen = special or settings.zero_tax_code
    code = mapped or (chosen.id if chosen else None)
    if code is None:
        return problems.missing_setting(
            "zero_tax_code_missing",
            f"{problems.subject(context.snapshot.invoice)} has untaxed lines, but no 0 % tax code is chosen.",
            "zero_tax_code",
            "Choose QuickBooks' 0 % tax code in the settings; the invoice is then sent by itself.",
        )
    return LineTax(code, rate)


def document_tax(taxes: Sequence[LineTax], context: TaxContext) -> JsonObject | Problem:
    """The body's top-level tax fields, GlobalTaxCalculation and TxnTaxDetail, as the company's tax mode needs them."""
    mode = context.company.tax_mode
    if mode is TaxMode.NON_US:
        # Intuit: leave TxnTaxDetail out when updating amounts outside the US; QuickBooks computes it from the codes.
        return {"GlobalTaxCalculation": "TaxExcluded"}
    if mode is TaxMode.NO_TAX:
        return _without_tax(context)
    return _manual(taxes, context) if mode is TaxMode.US_MANUAL else _automated(taxes, context)


def _without_tax(context: TaxContext) -> JsonObject | Problem:
    invoice = context.snapshot.invoice
    if invoice.tax == 0:
        return {}
    return problems.tax_problem(
        "sales_tax_off",
        f"{problems.subject(invoice)} has {money.show(invoice.tax, context.company.home_currency)} tax, "
        "but sales tax is not set up in QuickBooks, so it would be posted without it.",
        "Set up sales tax in QuickBooks and map the rates, or remove the tax from the invoice in Syncro.",
    )


def _manual(taxes: Sequence[LineTax], context: TaxContext) -> JsonObject | Problem:
    """US, manual tax: one tax code for the whole document (Intuit: TxnTaxDetail.TxnTaxCodeRef)."""
    taxed = {tax.rate.id: tax.rate for tax in taxes if tax.rate is not None and tax.is_taxed}
    if not taxed:
        return {"TxnTaxDetail": {"TotalTax": 0}}
    codes = {(context.code(rate.id) or "", rate.rate) for rate in taxed.values()}
    if len(codes) > 1:
        names = ", ".join(sorted(f"'{rate.name}'" for rate in taxed.values()))
        return problems.tax_problem(
            "two_tax_rates",
            f"{problems.subject(context.snapshot.invoice)} uses the tax rates {names}; a QuickBooks company with "
            "manual sales tax takes only one taxed rate per invoice.",
            "Split the invoice in Syncro by tax rate, or use a tax group that holds both rates.",
        )
    code, _ = codes.pop()
    return {"TxnTaxDetail": {"TxnTaxCodeRef": ref(code)}}


def _automated(taxes: Sequence[LineTax], context: TaxContext) -> JsonObject:
    """US, automated tax. Whether a sent total is honoured is contradicted by the sources, so the answer is compared."""
    if context.settings.ast_policy is AstPolicy.ACCEPT:
        return {}
    if context.settings.ast_policy is AstPolicy.TAX_LINE:
        return {"TxnTaxDetail": {"TotalTax": 0}}
    detail: JsonObject = {"TotalTax": money.cents(context.snapshot.invoice.tax)}
    mapped = {context.code(tax.rate.id) for tax in taxes if tax.rate is not None and tax.is_taxed}
    only = next(iter(mapped)) if len(mapped) == 1 else None
    if only is not None:
        detail["TxnTaxCodeRef"] = ref(only)
    return {"TxnTaxDetail": detail}

"""A deleted invoice that cannot be voided, taken back by a credit memo over the same (facts: QBO 1.3, 1.5)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from syncro_quickbooks import money
from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.online.company import Company, TaxMode
from syncro_quickbooks.online.mapping import bodies
from syncro_quickbooks.online.mapping.bodies import ref
from syncro_quickbooks.online.mapping.payment import Application, application_line
from syncro_quickbooks.sync.model import Operation, Totals, Write

_REFERENCES = ("ItemRef", "TaxCodeRef", "ClassRef", "DiscountAccountRef")
_PLAIN = ("Qty", "UnitPrice", "ServiceDate", "PercentBased", "DiscountPercent")
_COPIED = ("SalesItemLineDetail", "DiscountLineDetail", "DescriptionLineDetail")
_HEAD_REFERENCES = ("CustomerRef", "CurrencyRef", "ClassRef", "DepartmentRef")
_HEAD_PLAIN = ("ExchangeRate", "ApplyTaxAfterDiscount")
_CREATE_ONLY = frozenset({"PrivateNote"})


@dataclass(frozen=True, slots=True)
class Reversal:
    """The invoice as QuickBooks had it when somebody decided, and the day of that decision."""

    invoice: JsonObject
    day: date

    @property
    def name(self) -> str:
        """How people call the invoice: by its number if it has one."""
        return bodies.text(self.invoice, "DocNumber") or bodies.text(self.invoice, "Id")


def map_reversal(reversal: Reversal, company: Company, marker_text: str) -> Write:
    """The credit memo over what QuickBooks' invoice says: its lines, amounts and tax, whatever Syncro said of them.

    Its figures are compared with the invoice's by `differences`, not with Syncro's.
    """
    invoice = reversal.invoice
    lines: list[Json] = [*_lines(invoice)]
    content: JsonObject = {
        **{name: ref(value) for name in _HEAD_REFERENCES if (value := bodies.ref_value(invoice, name))},
        **{name: invoice[name] for name in _HEAD_PLAIN if invoice.get(name) is not None},
        "TxnDate": reversal.day.isoformat(),
        "Line": lines,
        "CustomerMemo": {"value": f"Reverses invoice {reversal.name}"},
        **_tax(invoice, company),
    }
    digest = bodies.digest(content, _CREATE_ONLY)
    body: JsonObject = {**content, "PrivateNote": marker_text}
    return Write(Operation.CREATE, "CreditMemo", body, digest, lines=len(lines))


def _lines(document: JsonObject) -> Iterator[JsonObject]:
    """Its lines as they can be sent again, those of a bundle one by one; the subtotal is QuickBooks' own."""
    for line in bodies.objects(document, "Line"):
        kind = next((kind for kind in _COPIED if kind in line), "")
        if kind:
            yield {
                **{name: line[name] for name in ("DetailType", "Amount", "Description") if line.get(name) is not None},
                kind: _detail(bodies.section(line, kind)),
            }
        else:
            yield from _lines(bodies.section(line, "GroupLineDetail"))


def _detail(detail: JsonObject) -> JsonObject:
    references = {name: ref(value) for name in _REFERENCES if (value := bodies.ref_value(detail, name))}
    return {**references, **{name: detail[name] for name in _PLAIN if detail.get(name) is not None}}


def _tax(invoice: JsonObject, company: Company) -> JsonObject:
    """As the invoice's own mapping sends it: outside the US QuickBooks computes it from the lines' codes, and the
    lines' amounts come back without tax (facts: QBO 1.3)."""
    if company.tax_mode is TaxMode.NO_TAX:
        return {}
    if company.tax_mode is TaxMode.NON_US:
        said = bodies.text(invoice, "GlobalTaxCalculation")
        return {"GlobalTaxCalculation": said if said == "NotApplicable" else "TaxExcluded"}
    charged = bodies.section(invoice, "TxnTaxDetail")
    code = bodies.ref_value(charged, "TxnTaxCodeRef")
    detail: JsonObject = {"TxnTaxCodeRef": ref(code)} if code else {}
    if company.tax_mode is TaxMode.US_AUTOMATED or not code:
        detail["TotalTax"] = totals(invoice).tax
    return {"TxnTaxDetail": detail}


def totals(document: JsonObject) -> Totals:
    """What an invoice or a credit memo comes to in QuickBooks; one without tax details has no tax."""
    tax = bodies.amount(bodies.section(document, "TxnTaxDetail"), "TotalTax")
    return Totals(bodies.amount(document, "TotalAmt") or Decimal(0), tax or Decimal(0))


def differences(invoice: JsonObject, memo: JsonObject) -> tuple[str, ...]:
    """Where the credit memo does not come to what the invoice does, to the cent, in words."""
    ours, theirs = totals(invoice), totals(memo)
    currency = bodies.ref_value(invoice, "CurrencyRef") or "USD"
    pairs = (("total", ours.total, theirs.total), ("tax", ours.tax or Decimal(0), theirs.tax or Decimal(0)))
    return tuple(
        f"its {what} is {money.show(now, currency)}, the invoice's {money.show(was, currency)}"
        for what, was, now in pairs
        if money.cents(was) != money.cents(now)
    )


def map_use(reversal: Reversal, memo_id: str, amount: Decimal, marker_text: str, current: JsonObject | None) -> Write:
    """The payment of nothing that applies the credit memo to the invoice (facts: QBO 1.4)."""
    lines: list[Json] = [
        application_line(Application("Invoice", bodies.text(reversal.invoice, "Id"), amount)),
        application_line(Application("CreditMemo", memo_id, amount)),
    ]
    content: JsonObject = {
        **{n: ref(value) for n in ("CustomerRef", "CurrencyRef") if (value := bodies.ref_value(reversal.invoice, n))},
        "TotalAmt": Decimal(0),
        "TxnDate": reversal.day.isoformat(),
        "Line": lines,
    }
    frame: JsonObject = {"PrivateNote": marker_text} if current is None else bodies.identity(current)
    return Write(
        Operation.CREATE if current is None else Operation.UPDATE,
        "Payment",
        {**content, **frame},
        bodies.digest(content, _CREATE_ONLY),
        expected=Totals(Decimal(0)),
        lines=len(lines),
    )

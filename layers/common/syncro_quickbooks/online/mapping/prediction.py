"""Money before and after sending: what QuickBooks will compute, and whether it agrees with Syncro to the cent."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from syncro_quickbooks import money
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.mapping import bodies
from syncro_quickbooks.online.mapping.tax import LineTax
from syncro_quickbooks.sync.model import Problem, Totals

_HUNDRED = Decimal(100)
_ZERO = Decimal(0)


def predict(lines: Iterable[tuple[Decimal, LineTax]]) -> Totals:
    """The totals QuickBooks will compute from line amounts (in cents) and their taxes.

    Tax is computed per tax code on the sum of its lines, every component of a group rounded half up by itself.
    """
    subtotal = _ZERO
    bases: defaultdict[tuple[str | None, tuple[Decimal, ...]], Decimal] = defaultdict(lambda: _ZERO)
    for amount, tax in lines:
        subtotal += amount
        if tax.rate is not None:
            bases[tax.code, tax.rate.component_rates] += amount
    tax_total = sum(
        (money.cents(base * rate / _HUNDRED) for (_, rates), base in bases.items() for rate in rates), start=_ZERO
    )
    return Totals(total=subtotal + tax_total, tax=tax_total)


def compare(syncro: Totals, predicted: Totals, who: str, currency: str) -> tuple[Problem, ...]:
    """Warnings, with both figures, where QuickBooks is expected to compute something else than Syncro.

    `who` names the document. They are a forecast: once QuickBooks has answered, `compare_answer` replaces them.
    """
    return tuple(
        Problem(
            code=f"predicted_{code}_differs",
            message=f"{who}: Syncro says {what} {money.show(ours, currency)}, "
            f"QuickBooks is expected to compute {money.show(theirs, currency)}.",
            fix="Look at discounts and tax rounding on the invoice; it is sent as it stands.",
        )
        for code, what, ours, theirs in _differences(syncro, predicted)
    )


def compare_answer(expected: Totals, answer: JsonObject, who: str) -> tuple[Problem, ...]:
    """Warnings, with both figures, where the document QuickBooks returned is not what Syncro says, to the cent.

    `answer` is the document itself, without its envelope, and `who` what it is called. Raises ValueError if its figures
    cannot be read.
    """
    total = bodies.amount(answer, "TotalAmt")
    if total is None:
        return (_unstated(who),)
    tax = bodies.amount(bodies.section(answer, "TxnTaxDetail"), "TotalTax")
    currency = bodies.ref_value(answer, "CurrencyRef") or "USD"
    return tuple(
        Problem(
            code=f"quickbooks_{code}_differs",
            message=f"{who}: Syncro says {what} {money.show(ours, currency)}, "
            f"QuickBooks posted {money.show(theirs, currency)}.",
            fix="Compare the two, above all their tax, and correct the wrong one; nothing was changed.",
        )
        # A document without TxnTaxDetail is one without tax.
        for code, what, ours, theirs in _differences(expected, Totals(total, tax if tax is not None else _ZERO))
    )


def _differences(ours: Totals, theirs: Totals) -> Iterable[tuple[str, str, Decimal, Decimal]]:
    if money.cents(ours.total) != money.cents(theirs.total):
        yield "total", "total", ours.total, theirs.total
    if ours.tax is not None and theirs.tax is not None and money.cents(ours.tax) != money.cents(theirs.tax):
        yield "tax", "tax", ours.tax, theirs.tax


def _unstated(who: str) -> Problem:
    return Problem(
        code="quickbooks_total_unstated",
        message=f"QuickBooks returned {who} without a total, so it could not be compared with Syncro's.",
        fix="Compare the totals by eye.",
    )

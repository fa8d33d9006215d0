"""Comparing the money of a document in QuickBooks with Syncro's, to the cent."""

from decimal import Decimal

from syncro_quickbooks import money
from syncro_quickbooks.desktop.mapping.bodies import total_of
from syncro_quickbooks.desktop.qbxml.reading import amount
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.sync.model import Problem, Totals


def compare(expected: Totals | None, stored: JsonObject, who: str) -> tuple[Problem, ...]:
    """Warnings, with both figures, where the document QuickBooks returned is not what Syncro says."""
    if expected is None:
        return ()
    total = total_of(stored)
    if total is None:
        message = f"QuickBooks returned {who} without a total, so it could not be compared with Syncro's."
        return (Problem("quickbooks_total_unstated", message, "Compare the totals by eye."),)
    tax = amount(stored, "SalesTaxTotal") or Decimal(0)
    pairs = [("total", expected.total, total)]
    if expected.tax is not None:
        pairs.append(("tax", expected.tax, tax))
    return tuple(
        Problem(
            f"quickbooks_{what}_differs",
            f"{who}: Syncro says {what} {money.show(ours)}, QuickBooks posted {money.show(theirs)}.",
            "Compare the two, above all their tax, and correct the wrong one; nothing was changed.",
        )
        for what, ours, theirs in pairs
        if money.cents(ours) != money.cents(theirs)
    )

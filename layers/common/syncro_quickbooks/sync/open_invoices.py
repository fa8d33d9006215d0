"""The open invoices of both sides compared, for the report of linking them. Pure.

An invoice matches if number, customer, date, total and what is open are the same; everything else is a person's to
decide. What is open in Syncro includes payments that are known here and still to be sent: they were taken after it was
open like that in both books.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.sync.job import Outcome, Row
from syncro_quickbooks.sync.model import Problem, RecordKey
from syncro_quickbooks.sync.records import View
from syncro_quickbooks.sync.settings import fold


@dataclass(frozen=True, slots=True)
class Ours:
    """An open invoice of Syncro. Money is in the company's currency.

    `entry` is the QuickBooks id of its customer, empty if that is not linked; `customer` is that one's name. `due` is
    what the customer owes in Syncro, `coming` what of the payments in that is still to be sent to QuickBooks. `fields`
    is what applying the row needs of it. `unfit` says why it is not to be linked at all.
    """

    view: View
    number: str
    customer: str = ""
    entry: str = ""
    day: date = date.min
    total: Decimal = Decimal(0)
    due: Decimal = Decimal(0)
    coming: Decimal = Decimal(0)
    fields: JsonObject | None = None
    unfit: Problem | None = None

    @property
    def key(self) -> RecordKey:
        return self.view.key

    @property
    def open(self) -> Decimal:
        """What is open in both books if nothing was forgotten in either."""
        return self.due + self.coming


@dataclass(frozen=True, slots=True)
class Theirs:
    """An open invoice of QuickBooks. `owners` are the records that it and its customer are linked to.

    `fields` is what was read of it, under QuickBooks' own names.
    """

    id: str
    number: str
    customer_id: str
    customer: str
    day: date | None
    total: Decimal
    open: Decimal
    fields: JsonObject
    owner: RecordKey | None = None
    customer_owner: RecordKey | None = None


class OpenInvoices:
    """All open invoices of Syncro beside all of QuickBooks. `show` writes an amount for people."""

    def __init__(self, ours: Sequence[Ours], theirs: Sequence[Theirs], show: Callable[[Decimal], str]) -> None:
        self._ours = ours
        self._theirs = theirs
        self._show = show
        self._numbers = Counter(each.number for each in ours if not each.view.state.linked and not each.unfit)
        self._numbered: dict[str, list[Theirs]] = {}
        for each in theirs:
            self._numbered.setdefault(each.number, []).append(each)

    def rows(self) -> Iterator[Row]:
        """The report: a row for each invoice of Syncro, then for each of QuickBooks that is in none of those."""
        told: set[str] = set()
        for each in self._ours:
            row = self._of_ours(each)
            told.add(row.entry)
            yield row
        for other in self._theirs:
            if other.id not in told:
                yield self._of_theirs(other)

    def _of_ours(self, ours: Ours) -> Row:
        row = Row(Outcome.ONLY_IN_SYNCRO, str(ours.key), f"{ours.number} {ours.customer}".strip(), str(ours.key))
        if ours.view.state.linked:
            return replace(row, outcome=Outcome.LINKED, entry=ours.view.state.qbo_id)
        if ours.unfit is not None:
            return replace(row, outcome=Outcome.LEFT_OUT, problem=ours.unfit)
        found = self._numbered.get(ours.number, [])
        if not found:
            return row
        row = replace(row, entry=found[0].id)
        why = self._several(ours.number) or self._another(ours, found[0])
        if why is not None:
            return replace(row, outcome=Outcome.COLLIDES, problem=why)
        why = self._differences(ours, found[0])
        if why is not None:
            return replace(row, outcome=Outcome.DIFFERS, problem=why)
        return replace(row, outcome=Outcome.MATCHES, fields={"quickbooks": found[0].fields, **(ours.fields or {})})

    def _of_theirs(self, theirs: Theirs) -> Row:
        name = f"{theirs.number} {theirs.customer}".strip()
        row = Row(Outcome.ONLY_IN_QUICKBOOKS, f"quickbooks#{theirs.id}", name, entry=theirs.id)
        if theirs.owner is not None:
            return replace(row, outcome=Outcome.LINKED, record=str(theirs.owner))
        why = self._several(theirs.number) if self._numbers[theirs.number] else None
        return row if why is None else replace(row, outcome=Outcome.COLLIDES, problem=why)

    def _several(self, number: str) -> Problem | None:
        counts = {"Syncro": self._numbers[number], "QuickBooks": len(self._numbered.get(number, []))}
        twice = [f"{count} open invoices of this number in {where}" for where, count in counts.items() if count > 1]
        if not twice:
            return None
        fix = "Give each its own number where they were written, then run this again."
        return Problem("number_used_twice", f"Invoice {number}: there are {' and '.join(twice)}.", fix)

    def _another(self, ours: Ours, theirs: Theirs) -> Problem | None:
        if theirs.owner is not None and theirs.owner != ours.key:
            why = f"the one of this number in QuickBooks already belongs to {theirs.owner}"
            return _problem("linked_to_another", ours, why, "Change one of the two numbers.")
        if _is_customer(ours, theirs):
            return None
        why = f"its customer is '{ours.customer}', that of this number in QuickBooks is '{theirs.customer}'"
        fix = "If they are the same, link the organization to that customer; else change one of the two numbers."
        return _problem("customer_differs", ours, why, f"{fix} Then run this again.")

    def _differences(self, ours: Ours, theirs: Theirs) -> Problem | None:
        coming = f" (with {self._show(ours.coming)} of payments still to be sent)" if ours.coming else ""
        told: list[str] = []
        if ours.total != theirs.total:
            told.append(f"total {self._show(ours.total)} in Syncro, {self._show(theirs.total)} in QuickBooks")
        if ours.open != theirs.open:
            told.append(f"open {self._show(ours.open)}{coming} in Syncro, {self._show(theirs.open)} in QuickBooks")
        if ours.day != theirs.day:
            told.append(f"date {ours.day} in Syncro, {theirs.day or 'none'} in QuickBooks")
        if not told:
            return None
        return _problem("figures_differ", ours, "; ".join(told), "Correct one of the two, then run this again.")


def _is_customer(ours: Ours, theirs: Theirs) -> bool:
    """By the link, else by the exact name; a name alone is nobody's if another organization is linked to it."""
    if ours.entry:
        return ours.entry == theirs.customer_id
    return theirs.customer_owner is None and bool(ours.customer) and fold(ours.customer) == fold(theirs.customer)


def _problem(code: str, ours: Ours, why: str, fix: str) -> Problem:
    return Problem(code, f"Invoice {ours.number} ({ours.key}): {why}.", fix)

"""The sums of a night: Syncro's and QuickBooks', and every cent between them explained. Pure.

For each kind of document: Syncro's total less what is skipped, waiting, failed, warned of or booked otherwise, less
what is unexplained, is QuickBooks' total; the same for the number of documents and for what is open on invoices. It
holds by construction, so what matters is that the unexplained line is zero; if not, each document in it is named.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from syncro_quickbooks.sync.model import Kind, Problem, RecordKey, Status

ZERO = Decimal(0)


class Line(StrEnum):
    """Why Syncro and QuickBooks differ."""

    SKIPPED = "skipped"
    WAITING = "waiting"  # on something, on us, or being sent
    FAILED = "failed"  # needs attention, or is tried again
    WARNED = "warned"  # synced, with a difference that its record says
    ELSEWHERE = "elsewhere"  # by a document of another record: the use of a credit, a write-off, the rest of a payment
    UNEXPLAINED = "unexplained"


_LINE_OF: Mapping[Status, Line] = {
    Status.DORMANT: Line.WAITING,
    Status.WAITING: Line.WAITING,
    Status.PENDING: Line.WAITING,
    Status.SENDING: Line.WAITING,
    Status.SKIPPED: Line.SKIPPED,
    Status.NEEDS_ATTENTION: Line.FAILED,
    Status.RETRYING: Line.FAILED,
    Status.SYNCED_WITH_WARNING: Line.WARNED,
}


@dataclass(frozen=True, slots=True)
class Side:
    """What one side has of a document: whether it is there, its total, and what is open on it."""

    there: bool = False
    total: Decimal = ZERO
    open: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Document:
    """One document: as Syncro says it, as QuickBooks last returned it to us, and as QuickBooks shows it now.

    `settling` maps lines to what payments that are not (wholly) booked leave open on it, where that is compared at all
    (`judge_open`). `name` is what people call it. `elsewhere` is why a document of its own may be missing, if it may.
    """

    key: RecordKey
    name: str
    status: Status
    said: Side
    written: Side
    found: Side
    reason: str = ""
    settling: Mapping[Line, Decimal] = field(default_factory=dict)
    judge_open: bool = False
    elsewhere: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """A document that is not simply the same on both sides, and by how much (Syncro less QuickBooks).

    `double`: it carries our mark and is not the document of its record.
    """

    key: RecordKey
    name: str
    line: Line
    total: Decimal
    open: Decimal
    reason: str
    double: bool = False


@dataclass(slots=True)
class Sum:
    """A number of documents, their totals and what is open on them."""

    count: int = 0
    total: Decimal = ZERO
    open: Decimal = ZERO

    def add(self, count: int, total: Decimal, opened: Decimal) -> None:
        """Add to each."""
        self.count, self.total, self.open = self.count + count, self.total + total, self.open + opened


@dataclass(slots=True)
class KindSums:
    """The sums of one kind: syncro, less each of `lines`, is quickbooks."""

    syncro: Sum = field(default_factory=Sum)
    quickbooks: Sum = field(default_factory=Sum)
    lines: dict[Line, Sum] = field(default_factory=dict)

    def of(self, line: Line) -> Sum:
        """The sum of a line, zero if nothing is in it."""
        return self.lines.setdefault(line, Sum())


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The sums by kind and every document that differs."""

    kinds: Mapping[Kind, KindSums]
    listed: Sequence[Listed]

    @property
    def unexplained(self) -> list[Listed]:
        """What nothing explains."""
        return [each for each in self.listed if each.line is Line.UNEXPLAINED]


def reconcile(documents: Iterable[Document]) -> Reconciliation:
    """Add it all up."""
    kinds: dict[Kind, KindSums] = {}
    listed: list[Listed] = []
    for document in documents:
        sums = kinds.setdefault(document.key.kind, KindSums())
        sums.syncro.add(int(document.said.there), document.said.total, document.said.open)
        sums.quickbooks.add(int(document.found.there), document.found.total, document.found.open)
        for line, (count, total, opened) in _differences(document).items():
            sums.of(line).add(count, total, opened)
            reason, double = _reason(document, line), line is Line.UNEXPLAINED and _is_double(document)
            listed.append(Listed(document.key, document.name, line, total, opened, reason, double))
    return Reconciliation(kinds, listed)


def problem_of(unexplained: Sequence[Listed]) -> Problem:
    """What the account's people are told when something is unexplained."""
    names = ", ".join(each.name for each in unexplained[:10]) + (", ..." if len(unexplained) > 10 else "")
    return Problem(
        "reconciliation_difference",
        f"{len(unexplained)} documents differ between Syncro and QuickBooks, and nothing known here says why: {names}.",
        "Look at each of them in QuickBooks: somebody may have changed, deleted or paid it there. Then change it in "
        "Syncro or QuickBooks, or press Force Update.",
    )


def _differences(document: Document) -> dict[Line, tuple[int, Decimal, Decimal]]:
    """By line how many documents, how much of the total and how much of what is open Syncro has more."""
    said, written, found = document.said, document.written, document.found
    own = _line(document)
    found_lines: dict[Line, tuple[int, Decimal, Decimal]] = {}
    total = said.total - written.total
    if own not in (Line.UNEXPLAINED, Line.ELSEWHERE) or said.there != written.there or total:
        found_lines[own] = (int(said.there) - int(written.there), total, total if document.judge_open else ZERO)
    for line, left_open in document.settling.items():
        count, amount, opened = found_lines.get(line, (0, ZERO, ZERO))
        found_lines[line] = (count, amount, opened - left_open)
    by_hand = (int(written.there) - int(found.there), written.total - found.total)
    explained = sum((opened for _, _, opened in found_lines.values()), ZERO)
    rest = said.open - found.open - explained
    if any(by_hand) or rest:
        count, amount, opened = found_lines.get(Line.UNEXPLAINED, (0, ZERO, ZERO))
        found_lines[Line.UNEXPLAINED] = (count + by_hand[0], amount + by_hand[1], opened + rest)
    return found_lines


def _line(document: Document) -> Line:
    """Where a difference between what Syncro says and what was written belongs. Synced without one: nowhere."""
    if document.status is not Status.SYNCED:
        return _LINE_OF[document.status]
    booked = document.written.there and document.written.total
    return Line.ELSEWHERE if document.elsewhere and not booked else Line.UNEXPLAINED


def _is_double(document: Document) -> bool:
    return document.found.there and not document.written.there


def _reason(document: Document, line: Line) -> str:
    if line is Line.UNEXPLAINED:
        return _what_differs(document)
    return document.reason or (document.elsewhere if line is Line.ELSEWHERE else "")


def _what_differs(document: Document) -> str:
    said, written, found = document.said, document.written, document.found
    if written.there and not found.there:
        return f"{document.name} is deleted or void in QuickBooks."
    if said.there and not found.there:
        return f"{document.name} counts as synced, but QuickBooks has no document of it."
    if _is_double(document):
        return f"{document.name} is in QuickBooks, but not as the document of its record."
    if written.total != found.total:
        return f"{document.name} is {found.total} in QuickBooks and was {written.total} when it was last written."
    return f"{document.name} is open by {said.open} in Syncro and by {found.open} in QuickBooks."

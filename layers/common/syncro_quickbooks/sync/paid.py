"""What is paid on one invoice in both books, and why that differs. Pure."""

from dataclasses import dataclass, field
from decimal import Decimal

from syncro_quickbooks.sync.model import Status
from syncro_quickbooks.sync.reconciliation import ZERO, Line
from syncro_quickbooks.sync.records import View

_LINE_OF_PAYER = {
    Status.SKIPPED: Line.SKIPPED,
    Status.WAITING: Line.WAITING,
    Status.PENDING: Line.WAITING,
    Status.RETRYING: Line.FAILED,
    Status.NEEDS_ATTENTION: Line.FAILED,
}


@dataclass(slots=True)
class Paid:
    """The sums of an invoice's payments, in the company's currency.

    `said` is what Syncro says is paid, `booked` what QuickBooks has by what was written. `settling` maps lines to what
    of the difference they explain; `reason` is the first explanation in words.
    """

    said: Decimal = ZERO
    booked: Decimal = ZERO
    reason: str = ""
    settling: dict[Line, Decimal] = field(default_factory=dict)
    _warned: bool = False

    def add(self, payer: View, said: Decimal, booked: Decimal) -> None:
        """A payment that pays `said` by Syncro and `booked` in QuickBooks."""
        self.said, self.booked = self.said + said, self.booked + booked
        self._warned |= payer.record.status is Status.SYNCED_WITH_WARNING
        line = _LINE_OF_PAYER.get(payer.record.status)
        if line and said != booked:
            self._explain(line, said - booked, payer)

    def take_back(self, payer: View, amount: Decimal, shown: Decimal) -> None:
        """A payment that QuickBooks had without us, counted on both sides so far, was deleted in Syncro.

        Whether QuickBooks has it still says only what it shows as paid in all, `shown`.
        """
        gone = min(amount, max(ZERO, self.booked - shown))
        self.said, self.booked = self.said - amount, self.booked - gone
        if gone != amount:
            self._explain(Line.SKIPPED, gone - amount, payer)

    def explained(self) -> dict[Line, Decimal]:
        """`settling`, and the rest, if a warning explains it.

        What is paid from an earlier payment's rest is applied by that one's document: only the sum must agree.
        """
        rest = self.said - self.booked - sum(self.settling.values(), ZERO)
        return {**self.settling, Line.WARNED: rest} if rest and self._warned else self.settling

    def _explain(self, line: Line, amount: Decimal, payer: View) -> None:
        self.settling[line] = self.settling.get(line, ZERO) + amount
        problems = payer.record.problems
        self.reason = self.reason or (problems[0].message if problems else "")

"""Deleted invoices that cannot be voided, reversed by a credit memo because somebody chose so.

The credit memo is a record of its own, and so is the payment of nothing that applies it: one record, one document of
QuickBooks. The invoice's record begins them, waits for them, and says what came of it.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online import explanations
from syncro_quickbooks.online.documents.rules import Candidate, Reaction
from syncro_quickbooks.online.mapping import bodies
from syncro_quickbooks.online.mapping.applied import applied_to
from syncro_quickbooks.online.mapping.dates import closed_until
from syncro_quickbooks.online.mapping.hand import foreign_change, is_voided
from syncro_quickbooks.online.mapping.reversal import Reversal, differences, map_reversal, map_use, totals
from syncro_quickbooks.online.read_budget import ReadPurpose
from syncro_quickbooks.online.work import Settled, Work
from syncro_quickbooks.sync.choices import Choice
from syncro_quickbooks.sync.model import Attention, Decision, Kind, Nothing, Problem, RecordKey, Status, Wait
from syncro_quickbooks.sync.records import View
from syncro_quickbooks.syncro.dates import calendar_date

_DONE = (Status.SYNCED, Status.SYNCED_WITH_WARNING)
_STUCK = (Status.NEEDS_ATTENTION, Status.SKIPPED)


class Reversing:
    """The reversals of one run, seen from their invoices. What it reads may raise as the client does."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def begin(self, view: View, choice: Choice) -> View | Attention:
        """Desire the credit memo of what QuickBooks shows, on today's date, which it keeps however late it is made."""
        memo = self._work.store.view(memo_key(view))
        if not memo.record.version:
            now = self._work.client.read("Invoice", view.state.qbo_id, ReadPurpose.USER)
            if now is None or is_voided(now):
                return view  # nothing is left to be reversed
            changed = foreign_change(view.state.object or {}, now)
            if changed and choice.params.get("sync_token") != bodies.text(now, "SyncToken"):
                return Attention(explanations.edited_and_deleted(view, changed, now))
            today = calendar_date(self._work.clock.now() - timedelta(microseconds=1), self._work.settings.time_zone)
            closed = closed_until(self._work.settings, self._work.company)
            if closed and today <= closed:
                return Attention(explanations.today_is_closed(view, now, today, closed))
            self._work.dependents.confirm(memo.key, _snapshot(view, now, today))
        state = replace(view.state, reversed=True)
        self._work.store.release(view, state)
        return replace(view, state=state)

    def outcome(self, view: View) -> Decision:
        """How the invoice stands by its credit memo and what that is applied to."""
        memo = self._work.store.view(memo_key(view))
        if not _is_there(memo):
            return self._held_up(view, memo)
        reversal = reversal_of(memo)
        use = self._work.store.view(use_key(view))
        if use.record.version and not _is_there(use):
            return self._held_up(view, use)
        applied = applied_to(use.state.object, "CreditMemo", memo.state.qbo_id)
        total = totals(memo.state.object or {}).total
        fits = min(applied + self._still_open(view), total)
        if fits > applied:
            snapshot = {**(memo.record.desired or {}), "memo": memo.state.qbo_id, "amount": str(fits)}
            self._work.dependents.confirm(use.key, snapshot)
            return self._held_up(view, self._work.store.view(use.key))
        if not view.record.deleted:
            return Attention(explanations.reversed_but_there(view, memo))
        told = differences(reversal.invoice, memo.state.object or {})
        warnings = explanations.reversed_by(view, memo, applied, total - applied, told)
        return Nothing(warnings, follows=self._payments(view) if applied < total else ())

    def _still_open(self, view: View) -> Decimal:
        now = self._work.client.read("Invoice", view.state.qbo_id, ReadPurpose.USER)
        return bodies.amount(now or {}, "Balance") or Decimal(0)

    def _payments(self, view: View) -> tuple[RecordKey, ...]:
        """One that comes off the invoice leaves it open, and more of the credit memo can be applied."""
        return tuple(key for key in self._work.dependents.users(view.key) if key.kind is Kind.PAYMENT)

    @staticmethod
    def _held_up(view: View, other: View) -> Wait | Attention:
        """The credit memo or its use is not there yet, or somebody has to see to it."""
        if other.record.status in _STUCK and other.state.attempt is None:
            problem = other.record.problems[0] if other.record.problems else explanations.never_seen(other.key)
            return Attention(explanations.of_entry(other.key, problem), follows=(other.key,))
        return Wait(explanations.being_reversed(view), on=(other.key,))


class ReversalRules:
    """The rules of the credit memos, for one run."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def load(self, _views: Sequence[View], /) -> None:
        """Nothing but the record itself is needed."""

    def ended(self, _view: View, /) -> bool:
        """Never: no event speaks of it."""
        return False

    def consider(self, view: View) -> Candidate | Decision:
        """Its invoice has been looked at before it was desired."""
        return Candidate(view, (), lambda _ready, marker: map_reversal(reversal_of(view), self._work.company, marker))

    def deletion(self, _view: View, _now: JsonObject | None, /) -> Decision:
        """Nothing that is ours to delete."""
        return Nothing()

    def refused(self, _answer: Settled, _code: str, _problem: Problem, /) -> Reaction | None:
        """Nothing special."""
        return None

    def applied(self, _answer: Settled, _warnings: Sequence[Problem], /) -> None:
        """Nothing special."""


class ReversalUseRules(ReversalRules):
    """The rules of the payments of nothing that apply the credit memos."""

    def consider(self, view: View) -> Candidate | Decision:
        """As much as its invoice found to be open."""
        return Candidate(view, (), partial(self._map, view))

    @staticmethod
    def _map(view: View, _ready: object, marker: str) -> Decision:
        desired = view.record.desired or {}
        current = view.state.object if view.state.linked else None
        return map_use(reversal_of(view), str(desired["memo"]), Decimal(str(desired["amount"])), marker, current)


def memo_key(invoice: View) -> RecordKey:
    """The record of the credit memo. An invoice that is posted again and deleted again gets another one."""
    return RecordKey(Kind.REVERSAL, f"{invoice.key.id}-{invoice.state.qbo_id}")


def use_key(invoice: View) -> RecordKey:
    """The record of what applies that credit memo."""
    return RecordKey(Kind.REVERSAL_USE, memo_key(invoice).id)


def reversal_of(view: View) -> Reversal:
    """What the record of a credit memo, or of its use, is about."""
    desired = view.record.desired or {}
    return Reversal(bodies.section(desired, "document"), date.fromisoformat(bodies.text(desired, "day")))


def _snapshot(invoice: View, now: JsonObject, today: date) -> JsonObject:
    said = bodies.section(invoice.record.desired or {}, "invoice")
    return {"customer_id": said["customer_id"], "day": today.isoformat(), "document": now}


def _is_there(view: View) -> bool:
    return view.state.linked and view.state.attempt is None and view.record.status in _DONE

"""Noting how a record stands when nothing is sent for it."""

from collections.abc import Sequence
from datetime import timedelta

from syncro_quickbooks.clock import to_millis
from syncro_quickbooks.desktop.work import Work
from syncro_quickbooks.sync.model import (
    Attention,
    Decision,
    Link,
    Nothing,
    Problem,
    RecordKey,
    Skip,
    Status,
    Wait,
    Write,
)
from syncro_quickbooks.sync.records import View
from syncro_quickbooks.sync.store import Verdict

_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=1)

_STATUS = {Skip: Status.SKIPPED, Attention: Status.NEEDS_ATTENTION, Wait: Status.WAITING}


class Conclusions:
    """Notes verdicts and tells those who waited for them."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def conclude(self, view: View, decision: Decision) -> None:
        """Store what was decided. Raises Changed if the record moved on."""
        if isinstance(decision, Write | Link):
            raise TypeError(f"{decision} is not a conclusion")
        if isinstance(decision, Wait) and decision.on:
            self._work.dependents.wait(view, self._views(decision.on), decision.problem)
            return
        verdict = done(decision.warnings) if isinstance(decision, Nothing) else verdict_of(decision)
        if not isinstance(decision, Wait):
            self.follow(view, decision.follows)
        if view.record.has_waiters:
            view = self._work.dependents.release_waiters(view, verdict.status, self._work.keep_going)
        self._work.store.conclude(view, verdict, revisit=verdict.status in (Status.NEEDS_ATTENTION, Status.SKIPPED))

    def follow(self, view: View, on: Sequence[RecordKey]) -> None:
        """Have `view` looked at again when one of `on` changes. Raises Changed if it moved on."""
        self._work.dependents.follow(view, self._views(on))

    def tell_waiters(self, view: View) -> None:
        """It was settled before; its entry has stayed for those who wait for it."""
        told = self._work.dependents.release_waiters(view, view.record.status, self._work.keep_going)
        self._work.store.dismiss(told)

    def _views(self, keys: Sequence[RecordKey]) -> list[View]:
        return list(self._work.store.views(keys).values()) if keys else []


def put_off(work: Work, view: View, problem: Problem) -> None:
    """Try the record again after a pause that grows. Raises Changed if it moved on."""
    pause = min(_FIRST_PAUSE * 2 ** min(view.record.tries, 10), _LONGEST_PAUSE)
    work.store.postpone(view, to_millis(work.clock.now() + pause), problem)


def verdict_of(decision: Skip | Attention | Wait) -> Verdict:
    """How a record stands by a decision that sends nothing."""
    return Verdict(_STATUS[type(decision)], (decision.problem,))


def done(warnings: Sequence[Problem]) -> Verdict:
    """How a record stands once QuickBooks has it."""
    return Verdict(Status.SYNCED_WITH_WARNING if warnings else Status.SYNCED, tuple(warnings))

"""The push: one run brings everything in an account's outbox that is due into QuickBooks Online."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from syncro_quickbooks.clock import Clock, from_millis, to_millis
from syncro_quickbooks.online.client import Client
from syncro_quickbooks.online.company import Company
from syncro_quickbooks.online.documents import Documents
from syncro_quickbooks.online.faults import (
    AccountBlocked,
    NotEnoughTime,
    ReadAllowanceExhausted,
    Reconnect,
    RequestRefused,
    Throttled,
    Unavailable,
)
from syncro_quickbooks.online.http import Log
from syncro_quickbooks.online.lists import ENTITY_OF, Lists
from syncro_quickbooks.online.preferences import read_company
from syncro_quickbooks.online.rate import Breaker
from syncro_quickbooks.online.sending import MAX_MEMBERS, Sender
from syncro_quickbooks.online.work import OutOfTime, PostingStopped, Settler, Work
from syncro_quickbooks.storage.table import Table
from syncro_quickbooks.sync.accounts import Accounts, Connection, Edition, Pause
from syncro_quickbooks.sync.lease import Lease, LeaseHeld, LeaseLost, Leases
from syncro_quickbooks.sync.model import Problem, RecordKey, Who
from syncro_quickbooks.sync.records import LAYERS
from syncro_quickbooks.sync.settings import Settings, load_settings, missing_for_invoices
from syncro_quickbooks.sync.store import Store
from syncro_quickbooks.sync.wake import Wakes

COMPANY_READ_EVERY = timedelta(hours=24)
"""Preferences steer the mapping; a bookkeeper changes them now and then (closing date, numbering)."""

_LOOK_AGAIN_WHEN_STOPPED = timedelta(minutes=5)
_PASSES = 6
_LIST_LAYER = 1


@dataclass(slots=True)
class PushReport:
    """What a run did, for its log line."""

    account_id: str
    ended: str = "done"
    seen: int = 0
    next_due: datetime | None = None


ClientFactory = Callable[[Connection], Client]


@dataclass(frozen=True, slots=True)
class _Run:
    """The parts of one run that know each other."""

    work: Work
    sender: Sender
    lists: Lists
    documents: Documents


class Push:
    """Pushes accounts. Holds nothing about any account between runs."""

    def __init__(self, table: Table, wakes: Wakes, clock: Clock, client_for: ClientFactory, log: Log) -> None:
        self._table = table
        self._wakes = wakes
        self._clock = clock
        self._client_for = client_for
        self._log = log
        self._accounts = Accounts(table, clock)
        self._leases = Leases(table, clock)

    def run(self, account_id: str, deadline: datetime) -> PushReport:
        """Bring what is due in the account's outbox into QuickBooks, and arrange the next look.

        Ends well before `deadline`. What it raises is unexpected; the wake-up may then simply be delivered again.
        """
        report = PushReport(account_id)
        connection = self._accounts.connection(account_id)
        if connection is None or connection.edition is not Edition.ONLINE:
            report.ended = "not connected to QuickBooks Online"
            return report
        try:
            lease = self._leases.take(account_id)
        except LeaseHeld as held:
            report.ended = "another worker is at it"
            self._wakes.wake_at(account_id, held.until)
            return report
        try:
            self._under_lease(connection, lease, deadline, report)
        except LeaseLost:
            report.ended = "another worker took over"
        finally:
            self._leases.give_back(lease)
        return report

    def _under_lease(self, connection: Connection, lease: Lease, deadline: datetime, report: PushReport) -> None:
        account_id = connection.account_id
        guard = self._wakes.begin(account_id)
        next_due: int | None = None
        try:
            next_due = self._drain(connection, lease, deadline, report)
        except (OutOfTime, NotEnoughTime):
            report.ended = "out of time"
            next_due = to_millis(self._clock.now())
        except PostingStopped as stopped:
            report.ended = f"posting is stopped: {stopped}"
            next_due = to_millis(self._clock.now() + _LOOK_AGAIN_WHEN_STOPPED)
        except Throttled as throttled:
            next_due = self._pause(account_id, _throttled(), timedelta(seconds=throttled.retry_after), report)
        except AccountBlocked as blocked:
            next_due = self._pause(account_id, blocked.problem, timedelta(seconds=blocked.retry_after), report)
        except Reconnect as reconnect:
            next_due = self._pause(account_id, reconnect.problem, None, report)
        except (Unavailable, RequestRefused, ReadAllowanceExhausted) as error:
            next_due = self._pause(account_id, _unreadable(error), timedelta(minutes=1), report)
        self._wakes.finish(account_id, guard, next_due)
        report.next_due = None if next_due is None else from_millis(next_due)

    def _pause(self, account_id: str, problem: Problem, wait: timedelta | None, report: PushReport) -> int | None:
        report.ended = f"paused: {problem.code}"
        until = None if wait is None else self._clock.now() + wait
        self._accounts.pause(account_id, Pause(problem, until))
        return None if until is None else to_millis(until)

    # -- one run ---------------------------------------------------------------------------------------------------

    def _drain(self, connection: Connection, lease: Lease, deadline: datetime, report: PushReport) -> int | None:
        """Returns when to look again (ms), None when nothing is left that time alone will change."""
        account_id = connection.account_id
        now = self._clock.now()
        health = self._accounts.health(account_id)
        if health.pause is not None:
            if health.pause.until is None or health.pause.until > now:
                report.ended = f"paused: {health.pause.problem.code}"
                return None if health.pause.until is None else to_millis(health.pause.until)
            self._accounts.resume(account_id)
        breaker = Breaker.from_item(health.breaker)
        if not breaker.allows(now) and breaker.open_until is not None:
            report.ended = "QuickBooks is not available"
            return to_millis(breaker.open_until)
        settings = Settings() if connection.settings is None else load_settings(connection.settings)
        client = self._client_for(connection)
        company = self._company(connection, client)
        missing = missing_for_invoices(settings, company)
        if missing or not settings.sync_invoices_to:
            report.ended = "needs set-up: " + ", ".join(problem.code for problem in missing)
            return None  # saving settings wakes the account
        store = Store(self._table, self._clock, lease, account_id, connection.realm_id)
        work = Work(account_id, connection.realm_id, settings, company, client, store, self._clock, deadline, self._log)
        return self._passes(self._assemble(work, connection, lease, breaker), report)

    def _assemble(self, work: Work, connection: Connection, lease: Lease, breaker: Breaker) -> _Run:
        state = {"breaker": breaker}

        def before_send() -> None:
            self._leases.renew(lease)
            reason = self._accounts.posting_stopped(work.account_id, connection.edition)
            if reason is not None:
                raise PostingStopped(reason)

        def note_health(there: bool) -> None:
            was = state["breaker"]
            state["breaker"] = was.succeeded() if there else was.failed(self._clock.now())
            if state["breaker"] != was:
                self._accounts.save_breaker(work.account_id, dict(state["breaker"].to_item()))
            if not state["breaker"].allows(self._clock.now()):
                raise Unavailable("breaker_open", explanation="several calls in a row had no usable answer")

        lists = Lists(work)
        documents = Documents(work, lists)
        settlers: dict[str, Settler] = {"Invoice": documents}
        settlers.update(dict.fromkeys(ENTITY_OF.values(), lists))
        return _Run(work, Sender(work, settlers, before_send, note_health), lists, documents)

    def _company(self, connection: Connection, client: Client) -> Company:
        """The company's preferences, read again once a day."""
        read_at = connection.company_read_at
        if connection.company is not None and read_at and self._clock.now() - read_at < COMPANY_READ_EVERY:
            return Company.from_json(connection.company)
        try:
            company = read_company(client)
        except (Unavailable, RequestRefused, ReadAllowanceExhausted):
            if connection.company is None:
                raise
            return Company.from_json(connection.company)  # yesterday's will do until it can be read again
        self._accounts.save_company(connection.account_id, connection.realm_id, company.to_json())
        return company

    def _passes(self, run: _Run, report: PushReport) -> int | None:
        for dispatch in run.work.store.dispatches():
            run.sender.recover(dispatch)
        for _ in range(_PASSES):
            next_due = self._one_pass(run, report)
            if next_due is None or next_due > to_millis(self._clock.now()):
                break
        # Something that is due again and again goes on in a new run.
        return next_due

    def _one_pass(self, run: _Run, report: PushReport) -> int | None:
        """Go through the outbox once, layer by layer. Returns when the first of what is left is due (ms)."""
        left: list[int] = []
        for layer in LAYERS:
            chunk: list[RecordKey] = []
            for entry in run.work.store.outbox(layer):
                if entry.key in run.sender.unresolved:
                    continue
                if entry.due > to_millis(self._clock.now()):
                    left.append(entry.due)
                    continue
                chunk.append(entry.key)
                if len(chunk) == MAX_MEMBERS:
                    left += self._process(run, layer, chunk)
                    report.seen += len(chunk)
                    chunk = []
            left += self._process(run, layer, chunk)
            report.seen += len(chunk)
        unresolved = [to_millis(due) for due in run.sender.unresolved.values()]
        return min([*left, *unresolved], default=None)

    def _process(self, run: _Run, layer: int, chunk: list[RecordKey]) -> list[int]:
        """Work on some entries. Returns when those that are left of them are due (ms)."""
        if not chunk:
            return []
        if layer == _LIST_LAYER:
            run.lists.process(chunk, run.sender)
        else:
            run.documents.process(chunk, run.sender)
        entries = run.work.store.entries(chunk)
        return [entry.due for entry in entries if entry.key not in run.sender.unresolved]


def _throttled() -> Problem:
    return Problem(
        "throttled",
        "QuickBooks asked to slow down; sending goes on in a minute.",
        "Nothing to do.",
        who=Who.NOBODY,
    )


def _unreadable(error: Exception) -> Problem:
    return Problem(
        "quickbooks_unavailable",
        f"QuickBooks could not be reached or read: {error}",
        "Nothing to do: it is tried again by itself.",
        who=Who.NOBODY,
    )

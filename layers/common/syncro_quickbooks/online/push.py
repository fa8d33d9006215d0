"""The push: one run brings everything in an account's outbox that is due into QuickBooks Online."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TypeAlias

from syncro_quickbooks.clock import Clock, from_millis, to_millis
from syncro_quickbooks.log import Log
from syncro_quickbooks.online.client import Client
from syncro_quickbooks.online.company import Company
from syncro_quickbooks.online.drain import Drain
from syncro_quickbooks.online.faults import (
    AccountBlocked,
    NotEnoughTime,
    ReadAllowanceExhausted,
    Reconnect,
    RequestRefused,
    Throttled,
    Unavailable,
)
from syncro_quickbooks.online.idle import pause_until_reconnected
from syncro_quickbooks.online.mapping.bodies import digest
from syncro_quickbooks.online.preferences import read_company
from syncro_quickbooks.online.rate import Breaker, RateLimiter, RateState
from syncro_quickbooks.online.work import Findings, OutOfTime, PostingStopped, Work
from syncro_quickbooks.storage.table import Table
from syncro_quickbooks.sync.accounts import Accounts, Connection, Edition, Health, Pause
from syncro_quickbooks.sync.choices import ALL
from syncro_quickbooks.sync.dependents import Dependents
from syncro_quickbooks.sync.jobs import Jobs
from syncro_quickbooks.sync.lease import Lease, LeaseHeld, LeaseLost, Leases
from syncro_quickbooks.sync.model import AT_CUSTOMER, Action, Problem, Status, Who
from syncro_quickbooks.sync.nights import Nights
from syncro_quickbooks.sync.settings import (
    CHANGED_IN_QUICKBOOKS,
    Settings,
    SettingsError,
    load_settings,
    missing_choices,
)
from syncro_quickbooks.sync.store import Store
from syncro_quickbooks.sync.wake import Wakes

COMPANY_READ_EVERY = timedelta(hours=24)
"""Preferences steer the mapping; a bookkeeper changes them now and then (closing date, numbering)."""

_LOOK_AGAIN_WHEN_STOPPED = timedelta(minutes=5)
_LOOK_AGAIN_FOR_SETUP = timedelta(hours=4)  # two metered reads each time
_LOOK_AGAIN_WHEN_UNREADABLE = timedelta(minutes=1)

ClientFactory: TypeAlias = Callable[[Connection, RateLimiter], Client]


@dataclass(slots=True)
class PushReport:
    """What a run did, for its log line and the metrics. `waiting_since` (ms): the oldest record that it left.

    With `for_customer` the whole account waits for somebody at the customer.
    `noted_for`: the night for which it has noted that something may be decided.
    """

    account_id: str
    ended: str = "done"
    seen: int = 0
    throttled: bool = False
    verdicts: Counter[Status] = field(default_factory=Counter)
    waiting_since: int | None = None
    for_customer: bool = False
    next_due: datetime | None = None
    noted_for: datetime | None = None


class _NeedsSetup(Exception):
    """Something must be chosen or changed before the first invoice is sent."""

    def __init__(self, problem: Problem, wait: timedelta | None) -> None:
        super().__init__(problem.code)
        self.problem = problem
        self.wait = wait


class Push:
    """Pushes accounts. Holds nothing about any account between runs."""

    def __init__(
        self, table: Table, wakes: Wakes, clock: Clock, client_for: ClientFactory, log: Log, *, jobs: Jobs
    ) -> None:
        self._table = table
        self._wakes = wakes
        self._clock = clock
        self._client_for = client_for
        self._log = log
        self._jobs = jobs
        self._accounts = Accounts(table, clock, wakes)
        self._leases = Leases(table, clock)
        self._nights = Nights(table, clock)

    def run(self, account_id: str, deadline: datetime) -> PushReport:
        """Bring what is due in the account's outbox into QuickBooks, and arrange the next look.

        Ends well before `deadline`. What it raises is unexpected; the wake-up may then simply be delivered again.
        """
        report = PushReport(account_id)
        try:
            lease = self._leases.take(account_id)
        except LeaseHeld as held:
            report.ended = "another worker is at it"
            self._wakes.wake_at(account_id, held.until)
            return report
        try:
            self._under_lease(lease, deadline, report)
        except LeaseLost:
            report.ended = "another worker took over"
        finally:
            self._leases.give_back(lease)
        return report

    def _under_lease(self, lease: Lease, deadline: datetime, report: PushReport) -> None:
        guard = self._wakes.begin(report.account_id)
        connection = self._accounts.connection(report.account_id)
        next_due: int | None = None
        if connection is None or connection.edition is not Edition.ONLINE:
            report.ended = "not connected to QuickBooks Online"
        else:
            next_due = self._next_due(connection, lease, deadline, report)
        if report.verdicts:
            self._note_for_tonight(report)  # a night may have come meanwhile
        self._wakes.finish(report.account_id, guard, next_due, report.waiting_since, for_customer=report.for_customer)
        report.next_due = None if next_due is None else from_millis(next_due)

    def _note_for_tonight(self, report: PushReport) -> None:
        """Something may be decided now. Noted before, so that whoever dies in the middle leaves the account due."""
        tonight = self._nights.tonight()
        if report.noted_for != tonight:
            self._nights.note_change(report.account_id)
            report.noted_for = tonight

    def _next_due(self, connection: Connection, lease: Lease, deadline: datetime, report: PushReport) -> int | None:
        """Drain the outbox; whatever ends that early is noted with the account. Returns when to look again (ms)."""
        try:
            return self._drained(connection, lease, deadline, report)
        except (OutOfTime, NotEnoughTime):
            report.ended = "out of time"
            return to_millis(self._clock.now())
        except PostingStopped as stopped:
            report.ended = f"posting is stopped: {stopped}"
            return to_millis(self._clock.now() + _LOOK_AGAIN_WHEN_STOPPED)
        except Reconnect as reconnect:
            report.ended = f"paused: {reconnect.problem.code}"
            pause_until_reconnected(self._accounts, connection, reconnect.problem, self._log)
            return None
        except _NeedsSetup as setup:
            problem, wait = setup.problem, setup.wait
        except Throttled as throttled:
            report.throttled = True
            problem, wait = _THROTTLED, timedelta(seconds=throttled.retry_after)
        except AccountBlocked as blocked:
            problem, wait = blocked.problem, timedelta(seconds=blocked.retry_after)
        except (Unavailable, RequestRefused, ReadAllowanceExhausted) as error:
            problem, wait = _unreadable(error), _LOOK_AGAIN_WHEN_UNREADABLE
        return self._pause(connection, report, problem, wait)

    def _pause(
        self, connection: Connection, report: PushReport, problem: Problem, wait: timedelta | None
    ) -> int | None:
        _note_pause(report, problem)
        until = None if wait is None else self._clock.now() + wait
        self._accounts.pause(connection, Pause(problem, until))
        return None if until is None else to_millis(until)

    def _drained(self, connection: Connection, lease: Lease, deadline: datetime, report: PushReport) -> int | None:
        """Returns when to look again (ms), None when nothing is left that time alone will change."""
        account_id = connection.account_id
        health = self._accounts.health(connection)
        held_until = self._held_until(health, report)
        if held_until is not None or report.ended != "done":
            return held_until
        if health.pause is not None:
            self._accounts.resume(account_id)
        limiter = RateLimiter(self._clock, RateState.from_item(health.rate))
        client = self._client_for(connection, limiter)
        settings = _settings(connection)
        company = self._company(connection, client)
        missing = missing_choices(settings, company) if settings.sync_invoices_to else ()
        if missing:
            raise self._needs_setup(account_id, missing)
        realm_id = connection.realm_id
        store = Store(self._table, self._clock, lease, account_id, realm_id, runs=ALL)
        work = Work(
            account_id,
            realm_id,
            settings,
            company,
            client,
            store,
            Dependents(store),
            self._clock,
            deadline,
            self._log,
            Findings(health.findings, partial(self._accounts.note_finding, connection)),
            moved=connection.moved,
        )
        breaker = Breaker.from_item(health.breaker)
        self._revisit(health, connection, work)
        begin = partial(self._note_for_tonight, report)
        drain = Drain(work, self._accounts, self._leases, lease, breaker, jobs=self._jobs, begin=begin)
        rate_before = limiter.state
        try:
            return drain.run()
        finally:
            report.seen, report.verdicts = drain.seen, store.verdicts
            report.waiting_since = drain.waiting_since
            if (drain.breaker, limiter.state) != (breaker, rate_before):
                self._accounts.save_flow(account_id, dict(drain.breaker.to_item()), dict(limiter.state.to_item()))

    def _needs_setup(self, account_id: str, missing: Sequence[Problem]) -> "_NeedsSetup":
        """Saving settings wakes the account; what is to be changed in QuickBooks must be looked at again."""
        in_quickbooks = any(problem.code in CHANGED_IN_QUICKBOOKS for problem in missing)
        if in_quickbooks:
            self._accounts.forget_company(account_id)
        return _NeedsSetup(missing[0], _LOOK_AGAIN_FOR_SETUP if in_quickbooks else None)

    def _revisit(self, health: Health, connection: Connection, work: Work) -> None:
        """Once settings or preferences differ from those that records were decided by, decide about them again."""
        decided_by = f"{connection.realm_id} {connection.settings_version} {digest(work.company.to_json())}"
        if decided_by != health.decided_by:
            work.dependents.revisit_all(work.keep_going)
            self._accounts.save_decided_by(connection.account_id, decided_by)

    def _held_until(self, health: Health, report: PushReport) -> int | None:
        """When the account's pause or open breaker ends (ms). `report.ended` says why nothing is done."""
        now = self._clock.now()
        if health.pause is not None and (health.pause.until is None or health.pause.until > now):
            _note_pause(report, health.pause.problem)
            return None if health.pause.until is None else to_millis(health.pause.until)
        breaker = Breaker.from_item(health.breaker)
        if not breaker.allows(now) and breaker.open_until is not None:
            report.ended = "QuickBooks is not available"
            return to_millis(breaker.open_until)
        return None

    def _company(self, connection: Connection, client: Client) -> Company:
        """The company's preferences, read again once a day; yesterday's do until they can be read."""
        read_at = connection.company_read_at
        known = None if connection.company is None else Company.from_json(connection.company)
        if known is not None and read_at and self._clock.now() - read_at < COMPANY_READ_EVERY:
            return known
        try:
            company = read_company(client, None if known is None else known.info())
        except ValueError as error:
            raise AccountBlocked(_unusable("company", error), _LOOK_AGAIN_FOR_SETUP.total_seconds()) from error
        except (Unavailable, RequestRefused, ReadAllowanceExhausted):
            if known is None:
                raise
            return known
        self._accounts.save_company(connection.account_id, connection.realm_id, company.to_json())
        return company


def _note_pause(report: PushReport, problem: Problem) -> None:
    report.ended = f"paused: {problem.code}"
    report.for_customer = problem.who in AT_CUSTOMER


def _settings(connection: Connection) -> Settings:
    if connection.settings is None:
        return Settings()
    try:
        return load_settings(connection.settings)
    except SettingsError as error:
        raise AccountBlocked(_unusable("settings", error), _LOOK_AGAIN_FOR_SETUP.total_seconds()) from error


def _unusable(what: str, error: Exception) -> Problem:
    return Problem(
        f"{what}_unusable",
        f"The account's {what} cannot be used: {error}",
        "Save the settings again; if that does not help, contact support.",
        who=Who.SUPPORT,  # whoever saved it was told that it fits: a release of ours may have changed that
        actions=(Action("open_settings", "Open settings"),),
    )


_THROTTLED = Problem(
    "throttled", "QuickBooks asked to slow down; sending goes on in a minute.", "Nothing to do.", who=Who.NOBODY
)


def _unreadable(error: Exception) -> Problem:
    return Problem(
        "quickbooks_unavailable",
        f"QuickBooks could not be reached or read: {error}",
        "Nothing to do: it is tried again by itself.",
        who=Who.NOBODY,
    )

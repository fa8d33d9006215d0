"""One run of an account's one-time jobs, as far as they are done in Syncro; QuickBooks' side is its own worker's.

It is woken for the account, works for some minutes at Syncro's pace, stores every step and wakes itself again.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from syncro_quickbooks.clock import Clock, to_millis
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.log import Log
from syncro_quickbooks.one_time.making import THINGS, TIME_FOR_A_CALL, ForSyncro, Making
from syncro_quickbooks.one_time.open_invoices import OpenInvoiceListing
from syncro_quickbooks.storage.table import Table
from syncro_quickbooks.sync.accounts import Accounts, Connection, Edition
from syncro_quickbooks.sync.job import Job, JobKind, JobState
from syncro_quickbooks.sync.jobs import JobMoved, Jobs
from syncro_quickbooks.sync.listings import Listings
from syncro_quickbooks.sync.model import Kind, Problem, RecordKey, Who
from syncro_quickbooks.sync.taking_in import TakingIn
from syncro_quickbooks.sync.wake import Wakes
from syncro_quickbooks.syncro.api_things import from_api
from syncro_quickbooks.syncro_api.access import note_access_lost
from syncro_quickbooks.syncro_api.client import SyncroClient
from syncro_quickbooks.syncro_api.errors import (
    NoSyncroAccess,
    SyncroError,
    SyncroRefused,
    SyncroThrottled,
)

_TIME_TO_END = timedelta(seconds=15)
_LOOK_AGAIN_WHEN_STOPPED = timedelta(minutes=5)
_LOOK_AGAIN = timedelta(minutes=1)


@dataclass(slots=True)
class JobsReport:
    """What a run did, for its log line. With `for_customer` what it left waits for somebody at the customer."""

    account_id: str
    ended: str = "done"
    steps: int = 0
    for_customer: bool = False
    next_due: int | None = None


class OneTimeJobs:
    """Works on accounts' jobs. Holds nothing about any account between runs.

    `wakes` are its own, `push_wakes` those of the push, which goes on when something is ready for QuickBooks.
    """

    def __init__(
        self,
        *,
        table: Table,
        accounts: Accounts,
        jobs: Jobs,
        wakes: Wakes,
        push_wakes: Wakes,
        clock: Clock,
        client_for: Callable[[str], SyncroClient],
        for_syncro: Callable[[Edition], ForSyncro],
        log: Log,
    ) -> None:
        self._table = table
        self._accounts = accounts
        self._jobs = jobs
        self._wakes = wakes
        self._push_wakes = push_wakes
        self._clock = clock
        self._client_for = client_for
        self._for_syncro = for_syncro
        self._log = log
        self._taking_in = TakingIn(table, clock)

    def run(self, account_id: str, deadline: datetime) -> JobsReport:
        """Do what is to be done in Syncro for the account's jobs, and arrange the next look. Ends before `deadline`.

        What it raises is unexpected; the wake-up may then simply be delivered again.
        """
        report = JobsReport(account_id)
        guard = self._wakes.begin(account_id)
        connection = self._accounts.connection(account_id)
        if connection is None:
            report.ended = "not connected to QuickBooks"
        else:
            report.next_due = self._of_account(connection, deadline - _TIME_TO_END, report)
        # Every step counts as a new beginning: what waits is only what does not get on.
        since = to_millis(self._clock.now()) if report.steps else None
        self._wakes.finish(account_id, guard, report.next_due, since, for_customer=report.for_customer)
        return report

    def _of_account(self, connection: Connection, deadline: datetime, report: JobsReport) -> int | None:
        """Returns when to look again (ms), None when nothing is left for this worker."""
        reason = self._stopped(connection)
        dues: list[int] = []
        for job in self._jobs.working(connection.account_id, connection.realm_id):
            if job.in_quickbooks:
                self._wake_push(connection)
            if not job.in_syncro:
                continue
            if reason is not None:
                report.ended = f"posting is stopped: {reason}"
                dues.append(self._after(_LOOK_AGAIN_WHEN_STOPPED))
                continue
            due = self._of_job(connection, job, deadline, report)
            if due is not None:
                dues.append(due)
        return min(dues, default=None)

    def _of_job(self, connection: Connection, job: Job, deadline: datetime, report: JobsReport) -> int | None:
        try:
            client = self._client_for(connection.account_id)
            if job.state is JobState.LISTING:
                return self._list(client, connection, job, deadline, report)
            return self._make(client, connection, job, deadline, report)
        except JobMoved:
            report.ended = "the job was cancelled"
            return None
        except SyncroError as error:
            return self._held(job, error, report)

    def _held(self, job: Job, error: SyncroError, report: JobsReport) -> int | None:
        """Note on the job why it does not get on. Only a refusal ends it."""
        report.ended = str(error)
        state = JobState.FAILED if isinstance(error, SyncroRefused) else job.state
        problem = _problem(error)
        if isinstance(error, NoSyncroAccess):
            report.for_customer = True
            note_access_lost(self._log, job.account_id, problem, job.problem)
        try:
            self._jobs.keep(job, lambda then: replace(then, problem=problem, state=state))
        except JobMoved:
            return None
        if isinstance(error, SyncroThrottled):
            return self._after(timedelta(seconds=error.retry_after))
        if state is JobState.FAILED:
            return None
        return self._after(_LOOK_AGAIN_WHEN_STOPPED if isinstance(error, NoSyncroAccess) else _LOOK_AGAIN)

    # -- listing -------------------------------------------------------------------------------------------------------

    def _list(
        self, client: SyncroClient, connection: Connection, job: Job, deadline: datetime, report: JobsReport
    ) -> int | None:
        """Read Syncro's list page by page, and take in what no event has brought."""
        if job.kind is JobKind.LINK_OPEN_INVOICES:
            return self._list_open_invoices(client, connection, job, deadline, report)
        kind, before = job.kind.things, None
        while deadline - self._clock.now() >= TIME_FOR_A_CALL:
            # Disabled organizations keep their e-mail addresses and names, too.
            filters = {"include_disabled": "true"} if kind is Kind.CUSTOMER else {}
            page = client.page(THINGS[kind], job.listed + 1, **filters)
            ids = [thing.get("id") for thing in page.things]
            self._take_in(connection.account_id, kind, page.things)
            # Without a page count the end is an empty page, or the last one again.
            over = not ids or ids == before or (page.pages is not None and job.listed + 1 >= page.pages)
            before, pages = ids, page.pages or job.listed + 2

            def change(then: Job, *, over: bool = over, pages: int = pages) -> Job:
                state = JobState.READING if over else then.state
                return replace(then, listed=then.listed + 1, pages_there=pages, state=state, problem=None)

            job = self._jobs.keep(job, change)
            report.steps += 1
            if over:
                self._wake_push(connection)
                return None
        report.ended = "out of time"
        return to_millis(self._clock.now())

    def _list_open_invoices(
        self, client: SyncroClient, connection: Connection, job: Job, deadline: datetime, report: JobsReport
    ) -> int | None:
        def in_time() -> bool:
            return deadline - self._clock.now() >= TIME_FOR_A_CALL

        listings = Listings(self._table, connection.account_id, connection.realm_id)
        listing = OpenInvoiceListing(
            jobs=self._jobs,
            client=client,
            taking_in=self._taking_in,
            listings=listings,
            in_time=in_time,
            log=self._log,
        )
        while in_time():
            job = listing.step(job)
            report.steps += 1
            if job.state is not JobState.LISTING:
                self._wake_push(connection)
                return None
        report.ended = "out of time"
        return to_millis(self._clock.now())

    def _take_in(self, account_id: str, kind: Kind, things: list[JsonObject]) -> None:
        snapshots = {}
        for thing in things:
            try:
                snapshots[RecordKey(kind, str(thing.get("id")))] = from_api(str(kind), thing)
            except ValueError as unreadable:
                self._log.warning("left out", extra={"account_id": account_id, "reason": str(unreadable)})
        self._taking_in.take_in(account_id, snapshots)

    # -- making --------------------------------------------------------------------------------------------------------

    def _make(
        self, client: SyncroClient, connection: Connection, job: Job, deadline: datetime, report: JobsReport
    ) -> int | None:
        for_syncro = self._for_syncro(connection.edition)
        making = Making(
            jobs=self._jobs,
            client=client,
            taking_in=self._taking_in,
            clock=self._clock,
            deadline=deadline,
            for_syncro=for_syncro,
            is_stopped=lambda: self._stopped(connection) is not None,
            log=self._log,
        )
        while deadline - self._clock.now() >= TIME_FOR_A_CALL:
            moved = making.advance(job)
            self._wake_push(connection)
            if moved is None:
                return making.next_due(job) if job.tried else None
            job = moved
            report.steps += 1
            reason = self._stopped(connection)
            if reason is not None:
                report.ended = f"posting is stopped: {reason}"
                return self._after(_LOOK_AGAIN_WHEN_STOPPED)
        report.ended = "out of time"
        return to_millis(self._clock.now())

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _stopped(self, connection: Connection) -> str | None:
        return self._accounts.posting_stopped(connection.account_id, connection.edition)

    def _wake_push(self, connection: Connection) -> None:
        """QuickBooks' side can go on. The Web Connector comes by itself."""
        if connection.edition is Edition.ONLINE:
            self._push_wakes.wake_at(connection.account_id, to_millis(self._clock.now()))

    def _after(self, wait: timedelta) -> int:
        return to_millis(self._clock.now() + wait)


def _problem(error: SyncroError) -> Problem:
    if isinstance(error, NoSyncroAccess):
        fix = (
            "Save a token of Syncro's API with the permissions to list and create in the settings; "
            "the job goes on within five minutes."
        )
        return Problem("syncro_access", f"Syncro cannot be read: {error}.", fix, who=Who.ADMIN)
    if isinstance(error, SyncroRefused):
        fix = "Start the job again; if it goes on, contact support."
        return Problem("syncro_refused", str(error), fix, who=Who.SUPPORT)
    return Problem("syncro_unavailable", str(error), "Nothing to do: it goes on by itself.", who=Who.NOBODY)

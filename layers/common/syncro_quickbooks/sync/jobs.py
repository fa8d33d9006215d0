"""One-time jobs: an account's exports and imports, from the report to the end, in whatever edition of QuickBooks.

A job first reads both sides and writes a report; nothing is changed before somebody has confirmed that. People start,
confirm and cancel it; `one_time` does what is to be done in Syncro, the account's own worker what is to be done in
QuickBooks: all write on conditions, so none overlooks the others.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from uuid import uuid4

from syncro_quickbooks.clock import Clock, to_millis
from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.storage.packing import pack, unpack
from syncro_quickbooks.storage.table import (
    Check,
    Condition,
    ConditionFailed,
    Item,
    Key,
    Put,
    Table,
    Update,
    Value,
    Write,
)
from syncro_quickbooks.sync.accounts import Accounts, Connection, Edition
from syncro_quickbooks.sync.audit import Audit, Deed
from syncro_quickbooks.sync.job import (
    OPEN,
    PLACES,
    WORKING,
    Job,
    JobKind,
    JobState,
    Outcome,
    Row,
    job_from_item,
    job_key,
    job_to_item,
    listed_of,
    pages_of,
    row_from_item,
    row_to_item,
    rows_of,
)
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.model import Problem, RecordKey, Status
from syncro_quickbooks.sync.records import SCHEMA
from syncro_quickbooks.sync.wake import Wakes

REPORT_KEPT = timedelta(days=90)
"""A report holds names and addresses: long enough to work through it, not for ever."""

REPORT_COUNTS_FOR = timedelta(days=1)
"""What an import makes in Syncro, or what is open there, is looked up for the report only; after a day anew."""

PAGES_KEPT = timedelta(days=7)
"""What was read is of no use once the report is there."""

ROWS_AT_ONCE = 90
"""Rows saved together with their job; a transaction has at most 100 operations."""

_RACES = 10
_UNDER_WAY = (str(Status.PENDING), str(Status.RETRYING))
_ENTRIES_AN_ITEM = 50  # with 7 KB each they fit into an item however badly they compress


class JobRefused(Exception):
    """A job cannot be started, confirmed or cancelled now; the text says why and what to do."""


class JobMoved(Exception):
    """Somebody has cancelled the job meanwhile, or started another one."""


class Jobs:
    """Starts, confirms, cancels and shows jobs, and says how workers store their steps.

    `wakes` are those of the function that does what is to be done in Syncro.
    """

    def __init__(self, table: Table, accounts: Accounts, clock: Clock, wakes: Wakes) -> None:
        self._table = table
        self._accounts = accounts
        self._clock = clock
        self._wakes = wakes
        self._audit = Audit(table, clock)

    # -- what people do ------------------------------------------------------------------------------------------------

    def start(self, account_id: str, kind: JobKind, user_id: str) -> Job:
        """Start a job. The report of the last one of its kind is dropped. Who did it is noted.

        Raises JobRefused while one is going on, without a connection, and for what QuickBooks Desktop does not have.
        """
        connection = self._accounts.connection(account_id)
        if connection is None:
            raise JobRefused(f"Account {account_id} is not connected to QuickBooks: connect it first.")
        if connection.left:
            raise JobRefused(f"Account {account_id} has left its QuickBooks company: connect it again first.")
        if connection.edition is Edition.DESKTOP and not kind.on_desktop:
            raise JobRefused(f"QuickBooks Desktop has no {words(kind)}: only organizations are exported and imported.")
        job = Job(account_id, kind, uuid4().hex[:12], connection.realm_id, self._clock.now())
        over = Condition(
            f"attribute_not_exists(#pk) OR #realm_id <> :realm OR NOT {_one_of(OPEN)}",
            {":realm": connection.realm_id, **_values(OPEN)},
        )
        try:
            noted = self._noted(account_id, Deed.JOB_STARTED, user_id, job)
            self._write_and_wake(account_id, Put(job_to_item(job), over), noted)
        except ConditionFailed:
            raise JobRefused(f"One {words(kind)} is going on: confirm it or cancel it first.") from None
        return job

    def confirm(self, account_id: str, kind: JobKind, job_id: str, user_id: str) -> Job:
        """Somebody has read the report and wants it applied.

        Raises JobRefused unless the job waits for that, if it is of a company that the account has left, and if an
        import's report is too old.
        """
        job, connection = self.newest(account_id, kind), self._accounts.connection(account_id)
        if job is not None and job.id == job_id and (left := left_behind(job, connection)) is not None:
            raise JobRefused(f"{left.message} {left.fix}")
        reported_at = job.reported_at if job is not None and job.is_dated else None
        if reported_at is not None and self._clock.now() - reported_at > REPORT_COUNTS_FOR:
            raise JobRefused(f"The report of this {words(kind)} is more than a day old: start it again.")
        nothing = job is not None and job.to_apply == 0
        to = JobState.DONE if nothing else JobState.APPLYING
        return self._move(account_id, kind, job_id, (JobState.REPORTED,), to, (Deed.JOB_CONFIRMED, user_id))

    def cancel(self, account_id: str, kind: JobKind, job_id: str, user_id: str) -> Job:
        """End the job. What was handed over (one portion at most) still goes out; what was done stays.

        Raises JobRefused if it is over.
        """
        return self._move(account_id, kind, job_id, OPEN, JobState.CANCELLED, (Deed.JOB_CANCELLED, user_id))

    def newest(self, account_id: str, kind: JobKind) -> Job | None:
        """The account's newest job of a kind, or None."""
        item = self._table.get(job_key(account_id, kind))
        return job_from_item(account_id, kind, item) if item else None

    def rows(self, job: Job, outcome: Outcome | None = None, *, after: str = "") -> Iterator[Row]:
        """The lines of a job's report, or those of one outcome; with `after` only those behind that place."""
        prefix = f"{PLACES[outcome]}#" if outcome is not None else ""
        for item in self._table.query(rows_of(job), after=max(after, prefix), page=200):
            row = row_from_item(item)
            if outcome is not None and row.outcome is not outcome:
                return
            yield row

    def page_of_rows(self, job: Job, most: int, outcome: Outcome | None = None, *, after: str = "") -> list[Row]:
        """At most `most` of the rows that `rows` gives."""
        return list(islice(self.rows(job, outcome, after=after), most))

    # -- what the workers do -------------------------------------------------------------------------------------------

    def working(self, account_id: str, realm_id: str) -> list[Job]:
        """The jobs that there is work for in this company."""
        places = {job_key(account_id, kind): kind for kind in JobKind}
        found = self._table.get_many(list(places))
        jobs = [job_from_item(account_id, kind, found[place]) for place, kind in places.items() if place in found]
        return [job for job in jobs if job.state in WORKING and job.realm_id == realm_id]

    def rows_at(self, job: Job, places: Sequence[str]) -> list[Row]:
        """Some rows by their places, in order."""
        found = self._table.get_many([Key(rows_of(job), place) for place in places])
        return sorted((row_from_item(item) for item in found.values()), key=lambda row: row.place)

    def next_rows(self, job: Job, most: int) -> list[Row]:
        """The next rows to be applied in QuickBooks, all of one outcome; not what an import makes in Syncro."""
        applied = (Outcome.MATCHES, Outcome.NEW) if job.kind.exports else (Outcome.MATCHES,)
        return self._rows_after(job, job.cursor, applied, most)

    def next_to_make(self, job: Job, most: int) -> list[Row]:
        """The next rows of an import that are to be made in Syncro."""
        after = job.made_to or f"{PLACES[Outcome.NEW]}#"
        return self._rows_after(job, after, (Outcome.NEW,), most) if job.left_to_make else []

    def next_made(self, job: Job, most: int) -> list[Row]:
        """The next rows of an import up to the last one begun in Syncro, whatever has become of each."""
        after = job.linked_to or f"{PLACES[Outcome.NEW]}#"
        rows = self._rows_after(job, after, (Outcome.NEW,), most) if job.unlinked else []
        return [row for row in rows if row.place <= job.made_to]

    def entries(self, job: Job) -> Iterator[JsonObject]:
        """What the last reading has found, entry by entry."""
        return self._stored(pages_of(job), f"{job.reading:05d}#")

    def listed(self, job: Job) -> Iterator[JsonObject]:
        """What was kept of Syncro's list, entry by entry; one may come twice, for pages shift while they are read."""
        return self._stored(listed_of(job), "")

    def has_work(self, account_id: str, realm_id: str) -> bool:
        """Whether QuickBooks' side can go on with a job now: not if all that is under way is tried again later."""
        return any(self._can_go_on(job) for job in self.working(account_id, realm_id))

    def _can_go_on(self, job: Job) -> bool:
        if not job.in_quickbooks:
            return False
        if job.state is not JobState.APPLYING or job.left > 0 or job.unlinked > 0 or not job.open:
            return True
        keys = Keys(job.account_id)
        places = [keys.record(RecordKey.parse(row.record)) for row in self.rows_at(job, job.open)]
        return any(item["status"] not in _UNDER_WAY for item in self._table.get_many(places).values())

    def keep(
        self,
        job: Job,
        change: Callable[[Job], Job],
        rows: Sequence[Row] = (),
        *,
        listed: Sequence[JsonObject] = (),
        lease: Check | None = None,
    ) -> Job:
        """Store the next step, `change` of the job as it is then, rows, and what is kept of the page that it listed.

        Returns the job as it is stored.

        Raises JobMoved if it is over, and ConditionFailed if `lease` does not hold any more.
        """
        for _ in range(_RACES):
            new = change(job)
            try:
                writes = [*self.saving(new, rows), *self._listing(new, listed)]
                self._table.transact([*writes, *([lease] if lease else [])])
            except ConditionFailed as failed:
                if 0 not in failed.failed:
                    raise
                now = self.newest(job.account_id, job.kind)
                if now is None or now.id != job.id or now.state not in WORKING:
                    raise JobMoved from None
                job = now
            else:
                return replace(new, turn=new.turn + 1)
        raise TimeoutError(f"the {words(job.kind)} of account {job.account_id} kept changing")

    def saving(self, job: Job, rows: Sequence[Row] = (), page: Sequence[JsonObject] = ()) -> list[Write]:
        """The writes that store the next step of `job` (as it was read, but for that), rows, and the page it has read.

        They fail, the first of them, if somebody moved the job meanwhile.
        """
        same = Condition("#job_id = :id AND #turn = :turn", {":id": job.id, ":turn": job.turn})
        writes: list[Write] = [Put(job_to_item(replace(job, turn=job.turn + 1)), same)]
        writes += [Put({**row_to_item(job, row), "ttl": self._until(REPORT_KEPT)}) for row in rows]
        return [*writes, *self._storing(pages_of(job), f"{job.reading:05d}#{job.page:05d}", page)]

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _listing(self, job: Job, listed: Sequence[JsonObject]) -> list[Write]:
        return self._storing(listed_of(job), f"{job.turn:07d}", listed)

    def _storing(self, partition: str, place: str, page: Sequence[JsonObject]) -> list[Write]:
        writes: list[Write] = []
        for start in range(0, len(page), _ENTRIES_AN_ITEM):
            some: list[Json] = list(page[start : start + _ENTRIES_AN_ITEM])
            item: Item = {"pk": partition, "sk": f"{place}#{start:05d}", "schema": SCHEMA}
            writes.append(Put({**item, "entries": pack(some), "ttl": self._until(PAGES_KEPT)}))
        return writes

    def _stored(self, partition: str, prefix: str) -> Iterator[JsonObject]:
        for item in self._table.query(partition, prefix=prefix):
            page = unpack(item["entries"])
            yield from (entry for entry in page if isinstance(entry, dict)) if isinstance(page, list) else ()

    def _rows_after(self, job: Job, after: str, outcomes: Sequence[Outcome], most: int) -> list[Row]:
        rows: list[Row] = []
        for item in self._table.query(rows_of(job), after=after, page=most):
            row = row_from_item(item)
            if row.outcome not in outcomes or len(rows) == most or (rows and row.outcome is not rows[0].outcome):
                break
            rows.append(row)
        return rows

    def _move(  # noqa: PLR0917  which job, from where to where, and who did it
        self,
        account_id: str,
        kind: JobKind,
        job_id: str,
        before: Sequence[JobState],
        to: JobState,
        done: tuple[Deed, str],
    ) -> Job:
        deed, user_id = done
        condition = Condition(f"#job_id = :id AND {_one_of(before)}", {":id": job_id, **_values(before)})
        change = "SET #state = :to, #cursor = :start ADD #turn :one"
        values: dict[str, Value] = {":to": str(to), ":start": "", ":one": 1}
        try:
            meant = self.newest(account_id, kind) or Job(account_id, kind, job_id, "", self._clock.now())
            noted = self._noted(account_id, deed, user_id, meant)
            self._write_and_wake(account_id, Update(job_key(account_id, kind), change, values, condition), noted)
        except ConditionFailed:
            job = self.newest(account_id, kind)
            known = job is not None and job.id == job_id
            why = f"it is {job.state}" if job is not None and known else "there is none of this id (any more)"
            raise JobRefused(f"This {words(kind)} cannot be changed: {why}.") from None
        moved = self.newest(account_id, kind)
        if moved is None:
            raise JobRefused(f"This {words(kind)} cannot be changed: there is none of this id (any more).")
        return moved

    def _noted(self, account_id: str, deed: Deed, user_id: str, job: Job) -> Put:
        return self._audit.entry(account_id, deed, user_id, job.realm_id, f"{job.kind} {job.id}")

    def _write_and_wake(self, account_id: str, *changes: Write) -> None:
        """There is something to do: somebody must look, even if the message is lost."""
        now, wake_id = to_millis(self._clock.now()), uuid4().hex
        self._table.transact([*changes, self._wakes.due_at(account_id, now, wake_id)])
        self._wakes.send(account_id, now, wake_id)

    def _until(self, kept: timedelta) -> int:
        return to_millis(self._clock.now() + kept) // 1000


def left_behind(job: Job, connection: Connection | None) -> Problem | None:
    """Why nothing more comes of a job that is not over, if its company is no longer the account's."""
    if job.state not in OPEN or (connection is not None and connection.realm_id == job.realm_id):
        return None
    return Problem(
        "job_of_another_company",
        f"This {words(job.kind)} is of another company than the one that is connected now.",
        "Start it again for this company.",
    )


def words(kind: JobKind) -> str:
    """The job by its name."""
    return str(kind).replace("_", " of ", 1).replace("_", " ")


def _one_of(states: Sequence[JobState]) -> str:
    return f"#state IN ({', '.join(f':{state}' for state in states)})"


def _values(states: Sequence[JobState]) -> dict[str, Value]:
    return {f":{state}": str(state) for state in states}

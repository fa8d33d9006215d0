"""One-time jobs: an account's export or import, from its report to its end, in whatever edition of QuickBooks.

A job first reads QuickBooks and writes a report; nothing is changed before somebody has confirmed that. People start,
confirm and cancel it, the account's worker does the rest: both write on conditions, so neither overlooks the other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import uuid4

from syncro_quickbooks.clock import Clock, from_millis, to_millis
from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.storage.packing import pack, unpack
from syncro_quickbooks.storage.table import Condition, ConditionFailed, Item, Key, Put, Table, Update, Value, Write
from syncro_quickbooks.sync.accounts import Accounts, Edition
from syncro_quickbooks.sync.model import Problem, RecordKey, Status
from syncro_quickbooks.sync.records import SCHEMA, Keys, problems_from_text, problems_to_text

REPORT_KEPT = timedelta(days=90)
"""A report holds names and addresses: long enough to work through it, not for ever."""

PAGES_KEPT = timedelta(days=7)
"""What was read is of no use once the report is there."""

ROWS_AT_ONCE = 90
"""Rows saved together with their job; a transaction has at most 100 operations."""


class JobKind(StrEnum):
    """What a job does."""

    EXPORT_ORGANIZATIONS = "export_organizations"
    IMPORT_ORGANIZATIONS = "import_organizations"


class JobState(StrEnum):
    """Where a job stands."""

    READING = "reading"
    COMPARING = "comparing"
    REPORTED = "reported"  # waits for somebody to confirm or cancel
    APPLYING = "applying"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


WORKING = (JobState.READING, JobState.COMPARING, JobState.APPLYING)
_OPEN = (*WORKING, JobState.REPORTED)


class Outcome(StrEnum):
    """What the report says of one thing, in the order in which a report is shown."""

    MATCHES = "matches"  # the other side has exactly it: will be linked
    NEW = "new"  # the other side does not have it
    COLLIDES = "collides"  # the other side has something like it: left to a person
    LINKED = "linked"  # was linked before
    LEFT_OUT = "left_out"  # nothing to export or import


class Result(StrEnum):
    """What applying a row has come to; none as long as it was not applied."""

    NONE = ""
    DONE = "done"
    NOT_DONE = "not_done"  # its record says why
    CHANGED = "changed"  # it is no longer as the report says; another run sees it anew


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a report. `subject` is what it is about: the record's key on export, QuickBooks' id on import.

    `record` and `entry` (QuickBooks' id) are what belongs together, as far as it is known. `problem` says why it
    collides or was left out. `fields` is what was read of QuickBooks' entry, under QuickBooks' own names.
    """

    outcome: Outcome
    subject: str
    name: str
    record: str = ""
    entry: str = ""
    problem: Problem | None = None
    fields: JsonObject = field(default_factory=dict)
    result: Result = Result.NONE

    @property
    def place(self) -> str:
        """Where the row stands in its report."""
        return f"{_PLACES[self.outcome]}#{self.subject}"


@dataclass(frozen=True, slots=True)
class Job:
    """One job. `turn` counts its steps, `reading` how often reading has begun anew, `page` and `read` how far it came.

    `page_size` is how many entries are asked for at once, 0 before the first time.
    `asked` says that a page was asked for and has not come; `counts` how many rows the report has of each outcome.
    `cursor` is the last thing compared, then the place of the last row handed over; `open` are the places of rows
    handed over that have not come to an end, `done` and `not_done` count the others. `problem` is why it failed.
    """

    account_id: str
    kind: JobKind
    id: str
    realm_id: str
    started_at: datetime
    state: JobState = JobState.READING
    turn: int = 0
    page_size: int = 0
    reading: int = 0
    page: int = 0
    read: int = 0
    total: int = 0
    asked: bool = False
    refusals: int = 0
    cursor: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    open: tuple[str, ...] = ()
    done: int = 0
    not_done: int = 0
    problem: Problem | None = None

    @property
    def applied(self) -> tuple[Outcome, ...]:
        """The outcomes that are applied once confirmed. Creating organizations in Syncro is not the worker's."""
        exports = self.kind is JobKind.EXPORT_ORGANIZATIONS
        return (Outcome.MATCHES, Outcome.NEW) if exports else (Outcome.MATCHES,)

    @property
    def to_apply(self) -> int:
        """How many rows are applied once confirmed."""
        return sum(self.counts.get(outcome, 0) for outcome in self.applied)

    @property
    def left(self) -> int:
        """How many rows were not handed over yet."""
        return self.to_apply - self.done - self.not_done - len(self.open)

    @property
    def remaining(self) -> int:
        """How many steps are about left: entries to read, or rows to apply."""
        if self.state is JobState.APPLYING:
            return max(self.left + len(self.open), 1)
        return max(self.total - self.read, 1)

    @property
    def progress(self) -> int:
        """Per cent: half for the report, half for applying it. Reading that begins anew begins at 0."""
        if self.state is JobState.READING:
            return 40 * self.read // self.total if self.total else 0
        if self.state is JobState.APPLYING:
            return 50 + 50 * (self.done + self.not_done) // max(self.to_apply, 1)
        return {JobState.COMPARING: 40, JobState.REPORTED: 50}.get(self.state, 100)


class JobRefused(Exception):
    """A job cannot be started, confirmed or cancelled now; the text says why and what to do."""


_UNDER_WAY = (str(Status.PENDING), str(Status.RETRYING))
_ENTRIES_AN_ITEM = 50  # with 7 KB each they fit into an item however badly they compress
_PLACES = {outcome: place for place, outcome in enumerate(Outcome)}


class Jobs:
    """Starts, confirms, cancels and shows jobs, and says how the account's worker stores their steps."""

    def __init__(self, table: Table, accounts: Accounts, clock: Clock) -> None:
        self._table = table
        self._accounts = accounts
        self._clock = clock

    # -- what people do ------------------------------------------------------------------------------------------------

    def start(self, account_id: str, kind: JobKind) -> Job:
        """Start a job; its report comes with the next sessions. The report of the last one of its kind is dropped.

        Raises JobRefused while one is going on.
        """
        connection = self._accounts.connection(account_id)
        if connection is None:
            raise JobRefused(f"Account {account_id} is not connected to QuickBooks: connect it first.")
        if connection.edition is not Edition.DESKTOP:
            raise JobRefused("One-time jobs run with QuickBooks Desktop only, as yet.")
        now = self._clock.now()
        job = Job(account_id, kind, uuid4().hex[:12], connection.realm_id, now)
        over = Condition(
            f"attribute_not_exists(#pk) OR #realm_id <> :realm OR NOT {_one_of(_OPEN)}",
            {":realm": connection.realm_id, **_values(_OPEN)},
        )
        try:
            self._table.write(Put(_item(job), over))
        except ConditionFailed:
            raise JobRefused(f"An {_words(kind)} is going on: confirm it or cancel it first.") from None
        return job

    def confirm(self, account_id: str, kind: JobKind, job_id: str) -> Job:
        """Somebody has read the report and wants it applied. Raises JobRefused unless it waits for that."""
        job = self.newest(account_id, kind)
        nothing = job is not None and job.to_apply == 0
        to = JobState.DONE if nothing else JobState.APPLYING
        return self._move(account_id, kind, job_id, (JobState.REPORTED,), to)

    def cancel(self, account_id: str, kind: JobKind, job_id: str) -> Job:
        """End the job. What was handed over (one message set at most) still goes out; what was done stays.

        Raises JobRefused if it is over.
        """
        return self._move(account_id, kind, job_id, _OPEN, JobState.CANCELLED)

    def newest(self, account_id: str, kind: JobKind) -> Job | None:
        """The account's newest job of a kind, or None."""
        item = self._table.get(_place(account_id, kind))
        return _job(account_id, kind, item) if item else None

    def rows(self, job: Job, outcome: Outcome | None = None) -> Iterator[Row]:
        """The lines of a job's report, or those of one outcome."""
        prefix = f"{_PLACES[outcome]}#" if outcome is not None else ""
        for item in self._table.query(_rows(job), prefix=prefix, page=1_000):
            yield _row(item)

    # -- what the account's worker does --------------------------------------------------------------------------------

    def working(self, account_id: str, realm_id: str) -> list[Job]:
        """The jobs that there is work for in this company."""
        places = {_place(account_id, kind): kind for kind in JobKind}
        found = self._table.get_many(list(places))
        jobs = [_job(account_id, kind, found[place]) for place, kind in places.items() if place in found]
        return [job for job in jobs if job.state in WORKING and job.realm_id == realm_id]

    def rows_at(self, job: Job, places: Sequence[str]) -> list[Row]:
        """Some rows by their places."""
        found = self._table.get_many([Key(_rows(job), place) for place in places])
        return [_row(item) for item in found.values()]

    def next_rows(self, job: Job, most: int) -> list[Row]:
        """The next rows to apply, all of one outcome."""
        rows: list[Row] = []
        for item in self._table.query(_rows(job), after=job.cursor, page=most):
            row = _row(item)
            if row.outcome not in job.applied or len(rows) == most or (rows and row.outcome is not rows[0].outcome):
                break
            rows.append(row)
        return rows

    def entries(self, job: Job) -> Iterator[JsonObject]:
        """What the last reading has found, entry by entry."""
        for item in self._table.query(_pages(job), prefix=f"{job.reading:05d}#"):
            page = unpack(item["entries"])
            yield from (entry for entry in page if isinstance(entry, dict)) if isinstance(page, list) else ()

    def has_work(self, account_id: str, realm_id: str) -> bool:
        """Whether a step of a job can be made now: not if all that is under way is tried again later."""
        return any(self._can_go_on(job) for job in self.working(account_id, realm_id))

    def _can_go_on(self, job: Job) -> bool:
        if job.state is not JobState.APPLYING or job.left > 0 or not job.open:
            return True
        keys = Keys(job.account_id)
        places = [keys.record(RecordKey.parse(row.record)) for row in self.rows_at(job, job.open)]
        return any(item["status"] not in _UNDER_WAY for item in self._table.get_many(places).values())

    def saving(self, job: Job, rows: Sequence[Row] = (), page: Sequence[JsonObject] = ()) -> list[Write]:
        """The writes that store the next step of `job` (as it was read, but for that), rows, and the page it has read.

        They fail if somebody moved the job meanwhile.
        """
        same = Condition("#job_id = :id AND #turn = :turn", {":id": job.id, ":turn": job.turn})
        writes: list[Write] = [Put(_item(replace(job, turn=job.turn + 1)), same)]
        writes += [Put({**_row_item(job, row), "ttl": self._until(REPORT_KEPT)}) for row in rows]
        for start in range(0, len(page), _ENTRIES_AN_ITEM):
            some: list[Json] = list(page[start : start + _ENTRIES_AN_ITEM])
            item: Item = {"pk": _pages(job), "sk": f"{job.reading:05d}#{job.page:05d}#{start:05d}", "schema": SCHEMA}
            writes.append(Put({**item, "entries": pack(some), "ttl": self._until(PAGES_KEPT)}))
        return writes

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _move(self, account_id: str, kind: JobKind, job_id: str, before: Sequence[JobState], to: JobState) -> Job:
        condition = Condition(f"#job_id = :id AND {_one_of(before)}", {":id": job_id, **_values(before)})
        change = "SET #state = :to, #cursor = :start ADD #turn :one"
        values: dict[str, Value] = {":to": str(to), ":start": "", ":one": 1}
        try:
            item = self._table.update_and_get(Update(_place(account_id, kind), change, values, condition))
        except ConditionFailed:
            job = self.newest(account_id, kind)
            known = job is not None and job.id == job_id
            why = f"it is {job.state}" if job is not None and known else "there is none of this id (any more)"
            raise JobRefused(f"This {_words(kind)} cannot be changed: {why}.") from None
        return _job(account_id, kind, item)

    def _until(self, kept: timedelta) -> int:
        return to_millis(self._clock.now() + kept) // 1000


def _place(account_id: str, kind: JobKind) -> Key:
    return Keys(account_id).of_account(f"job#{kind}")


def _rows(job: Job) -> str:
    return Keys(job.account_id).of_job(job.id, "rows")


def _pages(job: Job) -> str:
    return Keys(job.account_id).of_job(job.id, "pages")


def _one_of(states: Sequence[JobState]) -> str:
    return f"#state IN ({', '.join(f':{state}' for state in states)})"


def _values(states: Sequence[JobState]) -> dict[str, Value]:
    return {f":{state}": str(state) for state in states}


def _words(kind: JobKind) -> str:
    return str(kind).replace("_", " of ")


def _item(job: Job) -> Item:
    place = _place(job.account_id, job.kind)
    counts: dict[str, Value] = dict(job.counts)
    return {
        "pk": place.pk,
        "sk": place.sk,
        "schema": SCHEMA,
        "job_id": job.id,
        "realm_id": job.realm_id,
        "started_at": to_millis(job.started_at),
        "page_size": job.page_size,
        "state": str(job.state),
        "turn": job.turn,
        "reading": job.reading,
        "page": job.page,
        "read": job.read,
        "total": job.total,
        "asked": job.asked,
        "refusals": job.refusals,
        "cursor": job.cursor,
        "counts": counts,
        "open": list(job.open),
        "done": job.done,
        "not_done": job.not_done,
        "problem": problems_to_text([job.problem] if job.problem else []),
    }


def _job(account_id: str, kind: JobKind, item: Item) -> Job:
    counts, still_open = item["counts"], item["open"]
    numbers = {name: int(str(item[name])) for name in _NUMBERS}
    return Job(
        account_id=account_id,
        kind=kind,
        id=str(item["job_id"]),
        realm_id=str(item["realm_id"]),
        started_at=from_millis(int(str(item["started_at"]))),
        state=JobState(str(item["state"])),
        asked=bool(item["asked"]),
        cursor=str(item["cursor"]),
        counts={name: int(str(count)) for name, count in counts.items()} if isinstance(counts, dict) else {},
        open=tuple(map(str, still_open)) if isinstance(still_open, list) else (),
        problem=next(iter(problems_from_text(str(item["problem"]))), None),
        **numbers,
    )


_NUMBERS = ("page_size", "turn", "reading", "page", "read", "total", "refusals", "done", "not_done")


def _row_item(job: Job, row: Row) -> Item:
    return {
        "pk": _rows(job),
        "sk": row.place,
        "schema": SCHEMA,
        "outcome": str(row.outcome),
        "subject": row.subject,
        "name": row.name,
        "record": row.record,
        "entry": row.entry,
        "problem": problems_to_text([row.problem] if row.problem else []),
        "fields": pack(row.fields),
        "result": str(row.result),
    }


def _row(item: Item) -> Row:
    fields = unpack(item["fields"])
    return Row(
        outcome=Outcome(str(item["outcome"])),
        subject=str(item["subject"]),
        name=str(item["name"]),
        record=str(item["record"]),
        entry=str(item["entry"]),
        problem=next(iter(problems_from_text(str(item["problem"]))), None),
        fields=fields if isinstance(fields, dict) else {},
        result=Result(str(item["result"])),
    )

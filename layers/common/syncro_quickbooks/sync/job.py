"""A one-time job and the rows of its report, and the form in which the table keeps them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from syncro_quickbooks.clock import from_millis, to_millis
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.storage.packing import pack, unpack
from syncro_quickbooks.storage.table import Item, Key, Value
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.model import Kind, Problem
from syncro_quickbooks.sync.records import SCHEMA, problems_from_text, problems_to_text


class JobKind(StrEnum):
    """What a job does."""

    EXPORT_ORGANIZATIONS = "export_organizations"
    EXPORT_PRODUCTS = "export_products"
    IMPORT_ORGANIZATIONS = "import_organizations"
    IMPORT_PRODUCTS = "import_products"
    IMPORT_VENDORS = "import_vendors"
    LINK_OPEN_INVOICES = "link_open_invoices"

    @property
    def exports(self) -> bool:
        """Whether it goes from Syncro to QuickBooks."""
        return self in (JobKind.EXPORT_ORGANIZATIONS, JobKind.EXPORT_PRODUCTS)

    @property
    def things(self) -> Kind:
        """The kind of record that it is about."""
        return _THINGS[str(self).partition("_")[2]]

    @property
    def on_desktop(self) -> bool:
        """Whether QuickBooks Desktop has it, too."""
        return self.things is Kind.CUSTOMER


_THINGS = {
    "organizations": Kind.CUSTOMER,
    "products": Kind.PRODUCT,
    "vendors": Kind.VENDOR,
    "open_invoices": Kind.INVOICE,
}


class JobState(StrEnum):
    """Where a job stands."""

    LISTING = "listing"  # reads what Syncro has
    READING = "reading"  # reads what QuickBooks has
    COMPARING = "comparing"
    REPORTED = "reported"  # waits for somebody to confirm or cancel
    APPLYING = "applying"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


WORKING = (JobState.LISTING, JobState.READING, JobState.COMPARING, JobState.APPLYING)
OPEN = (*WORKING, JobState.REPORTED)


class Outcome(StrEnum):
    """What the report says of one thing, in the order in which a report is shown."""

    MATCHES = "matches"  # the other side has exactly it: will be linked
    NEW = "new"  # the other side does not have it
    COLLIDES = "collides"  # the other side has something like it: left to a person
    LINKED = "linked"  # was linked before
    LEFT_OUT = "left_out"  # nothing to export or import
    DIFFERS = "differs"  # both sides have it with other figures: left to a person
    ONLY_IN_SYNCRO = "only_in_syncro"
    ONLY_IN_QUICKBOOKS = "only_in_quickbooks"


class Result(StrEnum):
    """What applying a row has come to; none as long as it was not applied."""

    NONE = ""
    DONE = "done"
    NOT_DONE = "not_done"  # its record or its own problem says why
    CHANGED = "changed"  # it is no longer as the report says; another run sees it anew


PLACES = {outcome: place for place, outcome in enumerate(Outcome)}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a report. `subject` is what it is about: the record's key on export, QuickBooks' id on import.

    `record` and `entry` (QuickBooks' id) are what belongs together, as far as it is known. `problem` says why it
    collides, was left out or not done. `fields` is what was read of QuickBooks' entry, under QuickBooks' own names.
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
        return f"{PLACES[self.outcome]}#{self.subject}"


@dataclass(frozen=True, slots=True)
class Job:
    """One job. `turn` counts its steps, `reading` how often reading has begun anew, `page` and `read` how far it came.

    `listed` is how many pages of Syncro's list have come, `pages_there` how many there are.
    `page_size` is how many entries are asked for at once, 0 before the first time.
    `asked` says that a page was asked for and has not come; `counts` how many rows the report has of each outcome.
    `cursor` is the last thing listed or compared, then the place of the last row handed over to QuickBooks' side,
    `made_to` that of the last one begun in Syncro and `begun` how many those are; `tried` are those whose making there
    has not come to an end, each with the time (ms) at which that was noted. `open` are the places of rows handed over
    that have not come to an end, `done` and `not_done` count the others. `problem` is why it failed, or what it
    waits for.
    """

    account_id: str
    kind: JobKind
    id: str
    realm_id: str
    started_at: datetime
    state: JobState = JobState.LISTING
    turn: int = 0
    listed: int = 0
    pages_there: int = 0
    page_size: int = 0
    reading: int = 0
    page: int = 0
    read: int = 0
    total: int = 0
    asked: bool = False
    refusals: int = 0
    cursor: str = ""
    made_to: str = ""
    begun: int = 0
    linked_to: str = ""
    unlinked: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    tried: Mapping[str, int] = field(default_factory=dict)
    open: tuple[str, ...] = ()
    done: int = 0
    not_done: int = 0
    reported_at: datetime | None = None
    problem: Problem | None = None

    @property
    def to_apply(self) -> int:
        """How many rows are applied once confirmed: what matches is linked, what is new is made."""
        return self.counts.get(Outcome.MATCHES, 0) + self.counts.get(Outcome.NEW, 0)

    @property
    def left_to_make(self) -> int:
        """How many rows are still to be made in Syncro."""
        return 0 if self.kind.exports else self.counts.get(Outcome.NEW, 0) - self.begun

    @property
    def is_dated(self) -> bool:
        """Whether its report says what Syncro had when it was written, and that is not looked up again."""
        return self.left_to_make > 0 or self.kind is JobKind.LINK_OPEN_INVOICES

    @property
    def left(self) -> int:
        """How many rows were not handed over to QuickBooks' side yet, of those that need nothing else before."""
        elsewhere = self.left_to_make + len(self.tried) + self.unlinked + len(self.open)
        return self.to_apply - self.done - self.not_done - elsewhere

    @property
    def in_syncro(self) -> bool:
        """Whether there is something to be done in Syncro now."""
        if self.state is JobState.APPLYING:
            return self.left_to_make > 0 or bool(self.tried)
        return self.state is JobState.LISTING

    @property
    def in_quickbooks(self) -> bool:
        """Whether there is something to be done on QuickBooks' side now, as far as the job itself tells."""
        if self.state is JobState.APPLYING:
            return self.left > 0 or self.unlinked > 0 or bool(self.open) or not self.in_syncro
        return self.state in (JobState.READING, JobState.COMPARING)

    @property
    def remaining(self) -> int:
        """How many steps are about left on QuickBooks' side: entries to read, or rows to apply."""
        if self.state is JobState.APPLYING:
            return max(self.left + self.unlinked + len(self.open), 1)
        return max(self.total - self.read, 1)

    @property
    def progress(self) -> int:
        """Per cent: a half for the report, a half for applying it. Reading that begins anew begins at 10."""
        if self.state is JobState.LISTING:
            return 10 * self.listed // self.pages_there if self.pages_there else 0
        if self.state is JobState.READING:
            return 10 + (30 * self.read // self.total if self.total else 0)
        if self.state is JobState.APPLYING:
            return 50 + 50 * (self.done + self.not_done) // max(self.to_apply, 1)
        return {JobState.COMPARING: 40, JobState.REPORTED: 50}.get(self.state, 100)


def job_key(account_id: str, kind: JobKind) -> Key:
    """Where the account's newest job of a kind is."""
    return Keys(account_id).of_account(f"job#{kind}")


def rows_of(job: Job) -> str:
    """The partition of the job's report."""
    return Keys(job.account_id).of_job(job.id, "rows")


def pages_of(job: Job) -> str:
    """The partition of what was read of QuickBooks."""
    return Keys(job.account_id).of_job(job.id, "pages")


def listed_of(job: Job) -> str:
    """The partition of what was read of Syncro, as far as its records do not hold it."""
    return Keys(job.account_id).of_job(job.id, "listed")


def job_to_item(job: Job) -> Item:
    """`job` as its item."""
    place = job_key(job.account_id, job.kind)
    counts: dict[str, Value] = dict(job.counts)
    tried: dict[str, Value] = dict(job.tried)
    numbers: Item = {name: getattr(job, name) for name in _NUMBERS}
    return {
        **numbers,
        "pk": place.pk,
        "sk": place.sk,
        "schema": SCHEMA,
        "job_id": job.id,
        "realm_id": job.realm_id,
        "started_at": to_millis(job.started_at),
        "reported_at": to_millis(job.reported_at) if job.reported_at else None,
        "state": str(job.state),
        "asked": job.asked,
        "cursor": job.cursor,
        "made_to": job.made_to,
        "linked_to": job.linked_to,
        "counts": counts,
        "tried": tried,
        "open": list(job.open),
        "problem": problems_to_text([job.problem] if job.problem else []),
    }


def job_from_item(account_id: str, kind: JobKind, item: Item) -> Job:
    """The job in `item`."""
    still_open, reported_at = item["open"], item.get("reported_at")
    numbers = {name: int(str(item.get(name, 0))) for name in _NUMBERS}
    return Job(
        account_id=account_id,
        kind=kind,
        id=str(item["job_id"]),
        realm_id=str(item["realm_id"]),
        started_at=from_millis(int(str(item["started_at"]))),
        reported_at=from_millis(reported_at) if isinstance(reported_at, int) else None,
        state=JobState(str(item["state"])),
        asked=bool(item["asked"]),
        cursor=str(item["cursor"]),
        made_to=str(item.get("made_to", "")),
        linked_to=str(item.get("linked_to", "")),
        counts=_numbers(item["counts"]),
        tried=_numbers(item.get("tried")),
        open=tuple(map(str, still_open)) if isinstance(still_open, list) else (),
        problem=next(iter(problems_from_text(str(item["problem"]))), None),
        **numbers,
    )


_NUMBERS = (
    *("turn", "listed", "pages_there", "page_size", "reading", "page", "read", "total"),
    *("refusals", "begun", "unlinked", "done", "not_done"),
)


def _numbers(value: Value) -> dict[str, int]:
    return {name: int(str(number)) for name, number in value.items()} if isinstance(value, dict) else {}


def row_to_item(job: Job, row: Row) -> Item:
    """`row` as its item."""
    return {
        "pk": rows_of(job),
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


def row_from_item(item: Item) -> Row:
    """The row in `item`."""
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

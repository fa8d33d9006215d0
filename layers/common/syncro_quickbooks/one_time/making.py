"""Making an import's entries in Syncro, each once, although its API knows no idempotency key (facts: Syncro 2).

What is about to be made is stored first, a portion at a time. Whether something of which the answer never came was made
is looked up by its name before it is tried again, and only when Syncro cannot still be working on it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from syncro_quickbooks.clock import Clock, to_millis
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.log import Log
from syncro_quickbooks.sync.comparison import WORDS
from syncro_quickbooks.sync.job import Job, Result, Row
from syncro_quickbooks.sync.jobs import Jobs
from syncro_quickbooks.sync.model import Kind, Problem, RecordKey
from syncro_quickbooks.sync.settings import fold
from syncro_quickbooks.sync.taking_in import TakingIn
from syncro_quickbooks.syncro.api_things import from_api
from syncro_quickbooks.syncro_api.client import SyncroClient, Things
from syncro_quickbooks.syncro_api.errors import NoSyncroAccess, SyncroRefused, SyncroThrottled, SyncroUnavailable

AT_ONCE = 25
"""So many are in doubt at most after a worker has died; at Syncro's pace they take nine seconds."""

LOOKED_UP_AFTER = timedelta(seconds=120)
"""How long Syncro may still work on a request whose answer never came; unpublished, twice our own time limit."""

TIME_FOR_A_CALL = timedelta(seconds=10)
"""No call is begun with less time left: the usual one takes a second, and what a longer one did is looked up."""

THINGS = {Kind.CUSTOMER: Things.CUSTOMERS, Kind.PRODUCT: Things.PRODUCTS, Kind.VENDOR: Things.VENDORS}

ForSyncro = Callable[[Kind, JsonObject], JsonObject]


@dataclass(frozen=True, slots=True)
class _Tried:
    """What became of a row: made as `thing`, refused for `problem`, or neither: then `at` is as in `Job.tried`."""

    row: Row
    thing: JsonObject | None = None
    problem: Problem | None = None
    at: int = 0


class Making:
    """Makes one account's rows. `for_syncro` maps an entry of the account's edition to what the API is told.

    `is_stopped` says whether posting is, before every single thing.
    """

    def __init__(
        self,
        *,
        jobs: Jobs,
        client: SyncroClient,
        taking_in: TakingIn,
        clock: Clock,
        deadline: datetime,
        for_syncro: ForSyncro,
        is_stopped: Callable[[], bool],
        log: Log,
    ) -> None:
        self._jobs = jobs
        self._client = client
        self._taking_in = taking_in
        self._clock = clock
        self._deadline = deadline
        self._for_syncro = for_syncro
        self._is_stopped = is_stopped
        self._log = log

    def advance(self, job: Job) -> Job | None:
        """The next portion. Returns the job as it is then; None if only time can bring it on.

        Raises JobMoved, SyncroThrottled, NoSyncroAccess, SyncroUnavailable: the job is stored as it stands then.
        """
        now = self._now()
        doubtful = {place: at for place, at in job.tried.items() if at + _LOOKED_UP_AFTER_MS <= now}
        again = self._jobs.rows_at(job, list(doubtful)[:AT_ONCE])
        fresh = self._jobs.next_to_make(job, AT_ONCE - len(again))
        if not again and not fresh:
            return None
        found = self._look_up(job.kind.things, [row for row in again if job.tried[row.place]])
        if found:
            job = self._settled(job, found)
        left = [row for row in again if row.place in job.tried]
        return self._make(self._noted(job, left, fresh), [*left, *fresh])

    def next_due(self, job: Job) -> int:
        """When what is in doubt can be looked up (ms)."""
        return min((at + _LOOKED_UP_AFTER_MS for at in job.tried.values()), default=self._now())

    # -- in doubt ------------------------------------------------------------------------------------------------------

    def _look_up(self, kind: Kind, rows: Sequence[Row]) -> list[_Tried]:
        """Those that Syncro has after all: the report has shown that it had none of their names before.

        Raises as the client does: nothing in doubt is repeated then.
        """
        if kind is Kind.VENDOR and rows:
            vendors = list(self._client.all(Things.VENDORS))  # their list cannot be searched
            return [_Tried(row, thing=found) for row in rows if (found := _named(kind, row, vendors))]
        found_one_by_one = [
            (row, _named(kind, row, list(self._client.all(THINGS[kind], **_search(kind, row))))) for row in rows
        ]
        return [_Tried(row, thing=found) for row, found in found_one_by_one if found]

    # -- making --------------------------------------------------------------------------------------------------------

    def _noted(self, job: Job, again: Sequence[Row], fresh: Sequence[Row]) -> Job:
        """What is about to be made, before it is."""
        now = self._now()

        def change(then: Job) -> Job:
            tried = {**then.tried, **dict.fromkeys((row.place for row in (*again, *fresh)), now)}
            made_to = fresh[-1].place if fresh else then.made_to
            return replace(then, tried=tried, made_to=made_to, begun=then.begun + len(fresh), problem=None)

        return self._jobs.keep(job, change)

    def _make(self, job: Job, rows: Sequence[Row]) -> Job:
        """Make one after the other. What goes wrong with all of them is raised once what was done is stored."""
        tried: list[_Tried] = []
        failure: Exception | None = None
        for row in rows:
            out_of_time = self._deadline - self._clock.now() < TIME_FOR_A_CALL
            if failure is not None or out_of_time or self._is_stopped():
                tried.append(_Tried(row))  # nothing was sent
                continue
            one, failure = self._make_one(job.kind.things, row)
            tried.append(one)
        job = self._settled(job, tried)
        if failure is not None:
            raise failure
        return job

    def _make_one(self, kind: Kind, row: Row) -> tuple[_Tried, Exception | None]:
        sent = self._now()
        try:
            made = self._client.create(THINGS[kind], self._for_syncro(kind, row.fields))
        except SyncroRefused as refused:
            return _Tried(row, problem=_refused(kind, row, refused)), None
        except (SyncroThrottled, NoSyncroAccess) as nothing_done:
            return _Tried(row), nothing_done
        except SyncroUnavailable as unavailable:
            return _Tried(row, at=sent), unavailable
        return _Tried(row, thing=made), None

    # -- storing -------------------------------------------------------------------------------------------------------

    def _settled(self, job: Job, tried: Sequence[_Tried]) -> Job:
        """Store what became of the rows, the things themselves first: what is linked must be known."""
        made = [self._made(job, one) for one in tried if one.thing is not None]
        snapshots = {RecordKey.parse(row.record): snapshot for row, snapshot in made if snapshot is not None}
        self._taking_in.take_in(job.account_id, snapshots)
        rows = [row for row, _ in made]
        rows += [replace(one.row, problem=one.problem, result=Result.NOT_DONE) for one in tried if one.problem]
        ended = {row.place: row for row in rows}
        open_again = {one.row.place: one.at for one in tried if one.row.place not in ended}

        def change(then: Job) -> Job:
            here = {place: row for place, row in ended.items() if place in then.tried}
            left = {place: at for place, at in then.tried.items() if place not in here}
            left |= {place: at for place, at in open_again.items() if place in then.tried}
            late = tuple(p for p, row in here.items() if row.record and not row.result and p <= then.linked_to)
            linked_later = sum(bool(row.record and not row.result) for row in here.values()) - len(late)
            refused = sum(row.result is Result.NOT_DONE for row in here.values())
            return replace(
                then,
                tried=left,
                open=(*then.open, *late),
                unlinked=then.unlinked + linked_later,
                not_done=then.not_done + refused,
            )

        return self._jobs.keep(job, change, rows)

    def _made(self, job: Job, one: _Tried) -> tuple[Row, JsonObject | None]:
        """The row with the record it has become, and what is taken in of that."""
        kind, thing = job.kind.things, one.thing or {}
        key = RecordKey(kind, str(thing["id"]))
        try:
            return replace(one.row, record=str(key)), from_api(str(kind), thing)
        except ValueError as unreadable:
            self._log.warning("made, but not readable", extra={"record": str(key), "reason": str(unreadable)})
            problem = Problem("made_unreadable", f"'{one.row.name}' is {key} in Syncro now; {unreadable}.", _RUN_AGAIN)
            return replace(one.row, problem=problem, result=Result.NOT_DONE), None

    def _now(self) -> int:
        return to_millis(self._clock.now())


_LOOKED_UP_AFTER_MS = int(LOOKED_UP_AFTER.total_seconds() * 1000)
_RUN_AGAIN = "Run the import again: it finds what is there and links it."


def _search(kind: Kind, row: Row) -> dict[str, str]:
    if kind is Kind.CUSTOMER:
        return {"business_name": row.name, "include_disabled": "true"}
    return {"name": row.name}


def _named(kind: Kind, row: Row, things: Sequence[JsonObject]) -> JsonObject | None:
    """The one of exactly the row's name."""
    field = "business_then_name" if kind is Kind.CUSTOMER else "name"
    return next((thing for thing in things if fold(str(thing.get(field) or "")) == fold(row.name)), None)


def _refused(kind: Kind, row: Row, refused: SyncroRefused) -> Problem:
    return Problem(
        "syncro_refused",
        f"Syncro did not take the {WORDS[kind].ours} '{row.name}': {'; '.join(refused.messages)}.",
        "Correct it in QuickBooks, or enter it in Syncro by hand; then run the import again.",
        verbatim="; ".join(refused.messages),
    )

"""Applying a confirmed job on QuickBooks' side: link what belongs together, hand the rest over to the outbox.

What is made in QuickBooks goes through the outbox like an entry that an invoice needs, a portion at a time, so that
live records come between. Lives for one run of the account's worker, under its lease.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.sync.dependents import Dependents
from syncro_quickbooks.sync.job import Job, JobState, Outcome, Result, Row
from syncro_quickbooks.sync.jobs import ROWS_AT_ONCE, Jobs
from syncro_quickbooks.sync.model import RecordKey, Status
from syncro_quickbooks.sync.records import RealmState, View
from syncro_quickbooks.sync.store import Changed, OwnerTaken, Store

_SYNCED = (Status.SYNCED, Status.SYNCED_WITH_WARNING)
_COMING = (Status.PENDING, Status.RETRYING)


class Applying:
    """`adopt` says what is known of a record once QuickBooks' entry, that of a row, is its own, for an edition."""

    def __init__(
        self, jobs: Jobs, store: Store, dependents: Dependents, adopt: Callable[[View, Row, JsonObject], RealmState]
    ) -> None:
        self._jobs = jobs
        self._store = store
        self._dependents = dependents
        self._adopt = adopt

    def save(self, job: Job, rows: Sequence[Row] = (), page: Sequence[JsonObject] = ()) -> Job:
        """Store the job's next step. Raises Changed if somebody moved it meanwhile."""
        self._store.commit(self._jobs.saving(job, rows, page))
        return replace(job, turn=job.turn + 1)

    def link_made(self, job: Job) -> Job:
        """Link what an import has made in Syncro to what it was made from. Raises Changed."""
        if job.kind.exports or job.state is not JobState.APPLYING:
            return job
        late = [row for row in self._jobs.rows_at(job, job.open) if row.outcome is Outcome.NEW]
        if late:
            job = self._end(job, self._link_rows(late))
        while rows := self._jobs.next_made(job, ROWS_AT_ONCE):
            made = [row for row in rows if row.record and row.result is Result.NONE and row.place not in job.tried]
            job = replace(job, linked_to=rows[-1].place, unlinked=job.unlinked - len(made))
            job = self._end(job, self._link_rows(made), always=True)
        return job

    def _link_rows(self, rows: Sequence[Row]) -> list[Row]:
        views = self.views(rows)
        linked = [self.link(views[row.record], row, row.fields) for row in rows]
        return [
            replace(row, result=Result.DONE if done else Result.CHANGED) for row, done in zip(rows, linked, strict=True)
        ]

    def link(self, view: View, row: Row, found: JsonObject) -> bool:
        """Link a record to the row's entry in QuickBooks, `found`. Returns whether it is linked to it now."""
        if view.state.linked:
            return view.state.qbo_id == row.entry
        try:
            self._store.release(view, self._adopt(view, row, found))
        except (OwnerTaken, Changed):
            return False
        return True

    def note_ends(self, job: Job) -> Job:
        """What has come to an end of what was handed over. Raises Changed."""
        if not job.open:
            return job
        rows = self._jobs.rows_at(job, job.open)
        views = self.views(rows)
        return self._end(job, [_ended(row, views[row.record]) for row in rows if not _is_coming(views[row.record])])

    def hand_over(self, job: Job, rows: Sequence[Row], changed: Sequence[Row] = ()) -> Job:
        """Into the outbox with them: there they are made, or found to be as they should. Not with those that `changed`.

        A run that dies before the job is saved does the same again: nothing happens to what is in the outbox or done.
        Raises Changed.
        """
        views = self.views(rows)
        opened, ended = [], []
        for row in rows:
            view = views[row.record]
            if row in changed or view.record.deleted:
                ended.append(replace(row, result=Result.CHANGED))
            elif view.state.linked and view.record.status in _SYNCED:
                ended.append(_ended(row, view))
            else:
                opened.append(row)
        self._dependents.reopen([RecordKey.parse(row.record) for row in opened])
        still_open = (*job.open, *(row.place for row in opened))
        handed = replace(job, cursor=rows[-1].place, open=still_open, refusals=0)
        return self._end(handed, ended, always=True)

    def finish(self, job: Job) -> Job:
        """Nothing is left of it. Raises Changed."""
        return self.save(replace(job, state=JobState.DONE, problem=None))

    def views(self, rows: Sequence[Row]) -> Mapping[str, View]:
        """The rows' records, by their keys."""
        views = self._store.views([RecordKey.parse(row.record) for row in rows])
        return {str(key): view for key, view in views.items()}

    def _end(self, job: Job, ended: Sequence[Row], *, always: bool = False) -> Job:
        return self.save(with_results(job, ended), ended) if ended or always else job


def with_results(job: Job, ended: Sequence[Row]) -> Job:
    """`job` once these rows have come to an end."""
    places = {row.place for row in ended}
    done = sum(row.result is Result.DONE for row in ended)
    return replace(
        job,
        open=tuple(place for place in job.open if place not in places),
        done=job.done + done,
        not_done=job.not_done + len(ended) - done,
    )


def _is_coming(view: View) -> bool:
    return view.state.attempt is not None or view.record.status in _COMING


def _ended(row: Row, view: View) -> Row:
    done = view.state.linked and not view.state.gone
    return replace(row, entry=view.state.qbo_id, result=Result.DONE if done else Result.NOT_DONE)

"""Writing a job's report: every row of the comparison, some at a time."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from syncro_quickbooks.sync.comparison import Comparison, Entry, Thing
from syncro_quickbooks.sync.job import Job, JobState, Row
from syncro_quickbooks.sync.jobs import ROWS_AT_ONCE


def write_report(
    job: Job,
    things: Sequence[Thing],
    entries: Sequence[Entry],
    *,
    save: Callable[[Job, Sequence[Row]], Job],
    keep_going: Callable[[], None],
    now: datetime,
) -> Job:
    """Compare both sides and store the rows: where a run ends, the next one goes on. Returns the job as reported.

    `save` stores a step with rows; `keep_going` is called after each and raises when the run must end.
    """
    comparison = Comparison(job.kind.things, things, entries)
    if job.kind.exports:
        rows = [comparison.of_thing(each) for each in things]
    else:
        rows = [comparison.of_entry(each) for each in entries]
    return save_report(job, rows, save=save, keep_going=keep_going, now=now)


def save_report(
    job: Job,
    rows: Sequence[Row],
    *,
    save: Callable[[Job, Sequence[Row]], Job],
    keep_going: Callable[[], None],
    now: datetime,
) -> Job:
    """Store the rows of a comparison, as `write_report` does."""
    rows = sorted((row for row in rows if row.subject > job.cursor), key=lambda row: row.subject)
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[start : start + ROWS_AT_ONCE]
        job = save(replace(job, cursor=some[-1].subject, counts=_counted(job, some)), some)
        keep_going()  # after some, so that every run gets on
    return save(replace(job, state=JobState.REPORTED, cursor="", reported_at=now), ())


def _counted(job: Job, rows: Sequence[Row]) -> dict[str, int]:
    counts = dict(job.counts)
    for row in rows:
        counts[row.outcome] = counts.get(row.outcome, 0) + 1
    return counts

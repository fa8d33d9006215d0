"""One-time jobs: start an export, an import or linking, follow it, read its report, confirm or cancel it."""

import base64
import re
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, TypeAlias

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import BaseModel, Field

from syncro_quickbooks.console.app import TheCaller, TheDeployment
from syncro_quickbooks.console.cursors import Cursor, unknown_cursor
from syncro_quickbooks.console.problems import ApiProblem, SyncProblemBody, not_found, sync_problem
from syncro_quickbooks.sync.accounts import Connection
from syncro_quickbooks.sync.job import Job, JobKind, JobState, Outcome, Result, Row
from syncro_quickbooks.sync.jobs import JobRefused, left_behind
from syncro_quickbooks.sync.listings import LONGEST_PAGE
from syncro_quickbooks.sync.model import RecordKey

router = Router()

_PAGE = 50
_PLACE = re.compile(r"[0-9]#[A-Za-z0-9_#-]{1,100}")

TheKind: TypeAlias = Annotated[JobKind, Path(description="What is exported, imported or linked.")]
TheId: TypeAlias = Annotated[
    str, Path(pattern="^[0-9a-f]{12}$", description="The job's id: what is confirmed is what was read.")
]


class JobBody(BaseModel):
    """The newest job of a kind."""

    kind: JobKind
    id: str
    state: JobState
    progress: Annotated[int, Field(description="Per cent: a half for the report, a half for applying it.")]
    started_at: datetime
    reported_at: datetime | None
    counts: Annotated[dict[Outcome, int], Field(description="How many rows the report has of each outcome.")]
    done: int
    not_done: Annotated[int, Field(description="Each such row, or its record, says why.")]
    problem: Annotated[SyncProblemBody | None, Field(description="Why it failed, or what it waits for.")]


class JobsBody(BaseModel):
    """The newest job of each kind that there was one of."""

    jobs: list[JobBody]


class RecordRef(BaseModel):
    """A Syncro thing."""

    kind: str
    id: str


class RowBody(BaseModel):
    """A line of a report."""

    outcome: Outcome
    name: str
    record: Annotated[RecordRef | None, Field(description="Syncro's side, as far as there is one.")]
    quickbooks_id: Annotated[str, Field(description="QuickBooks' side; empty if there is none.")]
    problem: SyncProblemBody | None
    result: Annotated[Result, Field(description="What applying it has come to; empty before.")]


class RowPage(BaseModel):
    """Some rows of a report, in the order of their outcomes."""

    rows: list[RowBody]
    next: Annotated[str | None, Field(description="Cursor of the next page; null at the end.")]


@router.get("/jobs", summary="List one-time jobs", tags=["jobs"])
def list_jobs(caller: TheCaller, deployment: TheDeployment) -> JobsBody:
    """Exports, imports and linking, the newest of each kind."""
    connection = deployment.accounts.connection(caller.account_id)
    found = [deployment.jobs.newest(caller.account_id, kind) for kind in JobKind]
    return JobsBody(jobs=[_body(job, connection) for job in found if job is not None])


@router.get("/jobs/<kind>", summary="Show a one-time job", tags=["jobs"])
def read_job(kind: TheKind, caller: TheCaller, deployment: TheDeployment) -> JobBody:
    """The newest job of a kind: where it stands, and how far it came."""
    job = deployment.jobs.newest(caller.account_id, kind)
    if job is None:
        raise not_found(f"{kind} job")
    return _body(job, deployment.accounts.connection(caller.account_id))


@router.post("/jobs/<kind>", summary="Start a one-time job", tags=["jobs"])
def start_job(kind: TheKind, caller: TheCaller, deployment: TheDeployment) -> JobBody:
    """Have the report written. Nothing is changed on either side before it is confirmed."""
    try:
        job = deployment.jobs.start(caller.account_id, kind, caller.user_id)
    except JobRefused as refused:
        raise _conflict(refused) from None
    return _body(job, deployment.accounts.connection(caller.account_id))


@router.post("/jobs/<kind>/<job_id>/confirm", summary="Confirm a report", tags=["jobs"])
def confirm_job(kind: TheKind, job_id: TheId, caller: TheCaller, deployment: TheDeployment) -> JobBody:
    """Have what matches linked and what is new made; everything else is left alone."""
    try:
        job = deployment.jobs.confirm(caller.account_id, kind, job_id, caller.user_id)
    except JobRefused as refused:
        raise _conflict(refused) from None
    return _body(job, deployment.accounts.connection(caller.account_id))


@router.post("/jobs/<kind>/<job_id>/cancel", summary="Cancel a one-time job", tags=["jobs"])
def cancel_job(kind: TheKind, job_id: TheId, caller: TheCaller, deployment: TheDeployment) -> JobBody:
    """End a job. What was done stays, and one portion at most that was handed over still goes out."""
    try:
        job = deployment.jobs.cancel(caller.account_id, kind, job_id, caller.user_id)
    except JobRefused as refused:
        raise _conflict(refused) from None
    return _body(job, deployment.accounts.connection(caller.account_id))


@router.get("/jobs/<kind>/rows", summary="Read a report", tags=["jobs"])
def read_rows(
    *,
    kind: TheKind,
    outcome: Annotated[Outcome | None, Query(description="Only rows of this outcome.")] = None,
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE, description="How many at most.")] = _PAGE,
    cursor: Cursor = None,
    caller: TheCaller,
    deployment: TheDeployment,
) -> RowPage:
    """The rows of the newest job's report, a page at a time."""
    job = deployment.jobs.newest(caller.account_id, kind)
    if job is None:
        raise not_found(f"{kind} job")
    rows = deployment.jobs.page_of_rows(job, limit, outcome, after=_place(cursor))
    last = rows[-1].place if len(rows) == limit else ""
    return RowPage(rows=[_row(row) for row in rows], next=base64.urlsafe_b64encode(last.encode()).decode() or None)


def _place(cursor: str | None) -> str:
    """The place in a report that a cursor stands for. Raises ApiProblem for one that was made up."""
    if cursor is None:
        return ""
    try:
        place = base64.urlsafe_b64decode(cursor).decode()
    except ValueError:
        raise unknown_cursor() from None
    if not _PLACE.fullmatch(place):
        raise unknown_cursor()
    return place


def _body(job: Job, connection: Connection | None) -> JobBody:
    problem = left_behind(job, connection) or job.problem
    return JobBody(
        kind=job.kind,
        id=job.id,
        state=job.state,
        progress=job.progress,
        started_at=job.started_at,
        reported_at=job.reported_at,
        counts={Outcome(outcome): count for outcome, count in job.counts.items()},
        done=job.done,
        not_done=job.not_done,
        problem=sync_problem(problem) if problem else None,
    )


def _row(row: Row) -> RowBody:
    key = RecordKey.parse(row.record) if row.record else None
    return RowBody(
        outcome=row.outcome,
        name=row.name,
        record=RecordRef(kind=key.kind, id=key.id) if key else None,
        quickbooks_id=row.entry,
        problem=sync_problem(row.problem) if row.problem else None,
        result=row.result,
    )


def _conflict(refused: JobRefused) -> ApiProblem:
    return ApiProblem(HTTPStatus.CONFLICT, "job_refused", str(refused), "Look at the job, then decide again.")

"""Dry runs: what would be sent, and what would become of each record, without sending anything."""

from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel, Field

from syncro_quickbooks.console.app import TheCaller, TheDeployment
from syncro_quickbooks.console.problems import SyncProblemBody, not_found, sync_problem
from syncro_quickbooks.console.routes.records import RecordId, RecordKind
from syncro_quickbooks.online.dry_client import NEW, Looked, Sent
from syncro_quickbooks.sync.accounts import Edition
from syncro_quickbooks.sync.decisions import NoSuchRecord
from syncro_quickbooks.sync.dispatches import Member
from syncro_quickbooks.sync.model import Kind, Operation, RecordKey, Status
from syncro_quickbooks.sync.records import Record

router = Router()

Read: TypeAlias = Annotated[
    bool, Query(description="Read from QuickBooks what the run would read; each read counts to the month's allowance.")
]


class WriteBody(BaseModel):
    """What a step does for one record."""

    kind: Kind
    id: str
    operation: Operation
    entity: str


class StepBody(BaseModel):
    """One request to QuickBooks, in the order in which they would be made."""

    read: Annotated[str, Field(description="What would be looked up; empty for a write.")] = ""
    read_now: Annotated[bool, Field(description="It was looked up for this plan.")] = False
    method: str = ""
    path: Annotated[str, Field(description="Below the company's address.")] = ""
    body: Annotated[
        dict[str, Any],
        Field(description=f"As it would be sent, its figures as text; an id like {NEW}1 is of an earlier step."),
    ] = {}
    qbxml: Annotated[str, Field(description="QuickBooks Desktop: what the Web Connector would be handed.")] = ""
    writes: list[WriteBody] = []


class OutlookBody(BaseModel):
    """How a record would stand then, if QuickBooks takes everything."""

    kind: Kind
    id: str
    status: Status
    problems: list[SyncProblemBody]


class PlanBody(BaseModel):
    """What a run would do now."""

    ended: Annotated[str, Field(description="`done`, or what would end the run early.")]
    steps: list[StepBody]
    records: list[OutlookBody]


@router.get("/plan", summary="What would be sent now", tags=["actions"])
def read_plan(*, caller: TheCaller, deployment: TheDeployment, read: Read = False) -> PlanBody:
    """What a run over the account's outbox would do, without doing it."""
    return _plan(caller.account_id, deployment, None, read=read)


@router.get("/records/<kind>/<id>/plan", summary="What would be sent for a record", tags=["actions"])
def read_record_plan(
    *,
    kind: RecordKind,
    id: RecordId,
    caller: TheCaller,
    deployment: TheDeployment,
    read: Read = False,
) -> PlanBody:
    """What a run would do for one record if it was retried now, with what has to be there before it."""
    key = RecordKey(kind, id)
    try:
        deployment.decisions.view(caller.account_id, key)
    except NoSuchRecord:
        raise not_found("such record") from None
    return _plan(caller.account_id, deployment, key, read=read)


def _plan(account_id: str, deployment: TheDeployment, only: RecordKey | None, *, read: bool) -> PlanBody:
    connection = deployment.accounts.connection(account_id)
    if connection is None:
        raise not_found("connection to QuickBooks")
    if connection.edition is Edition.DESKTOP:
        session = deployment.desktop_dry_run.plan(connection, only)
        handed = [StepBody(read=each.read, qbxml=each.qbxml, writes=_writes(each.members)) for each in session.steps]
        return PlanBody(ended=session.ended, steps=handed, records=_outlook(session.records))
    plan = deployment.dry_run.plan(account_id, only, read=read)
    return PlanBody(ended=plan.ended, steps=[_step(step) for step in plan.steps], records=_outlook(plan.records))


def _outlook(records: Sequence[Record]) -> list[OutlookBody]:
    return [
        OutlookBody(
            kind=record.key.kind,
            id=record.key.id,
            status=record.status,
            problems=[sync_problem(problem) for problem in record.problems],
        )
        for record in records
    ]


def _writes(members: Sequence[Member]) -> list[WriteBody]:
    return [
        WriteBody(kind=each.key.kind, id=each.key.id, operation=each.operation, entity=each.entity) for each in members
    ]


def _step(step: Sent | Looked) -> StepBody:
    if isinstance(step, Looked):
        return StepBody(read=step.what, read_now=step.made)
    return StepBody(method=step.method, path=step.target, body=step.body, writes=_writes(step.members))

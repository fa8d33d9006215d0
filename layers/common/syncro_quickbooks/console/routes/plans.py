"""Dry runs: what would be sent, and what would become of each record, without sending anything."""

from http import HTTPStatus
from typing import Annotated, Any, TypeAlias

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel, Field

from syncro_quickbooks.console.app import TheCaller, TheDeployment
from syncro_quickbooks.console.problems import ApiProblem, SyncProblemBody, not_found, sync_problem
from syncro_quickbooks.console.routes.records import RecordId, RecordKind
from syncro_quickbooks.online.dry_client import NEW, Looked, Sent
from syncro_quickbooks.online.dry_run import Plan
from syncro_quickbooks.sync.accounts import Edition
from syncro_quickbooks.sync.decisions import NoSuchRecord
from syncro_quickbooks.sync.model import Kind, Operation, RecordKey, Status

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
    _online(caller.account_id, deployment)
    return _plan(deployment.dry_run.plan(caller.account_id, None, read=read))


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
    _online(caller.account_id, deployment)
    key = RecordKey(kind, id)
    try:
        deployment.decisions.view(caller.account_id, key)
    except NoSuchRecord:
        raise not_found("such record") from None
    return _plan(deployment.dry_run.plan(caller.account_id, key, read=read))


def _online(account_id: str, deployment: TheDeployment) -> None:
    connection = deployment.accounts.connection(account_id)
    if connection is None:
        raise not_found("connection to QuickBooks")
    if connection.edition is not Edition.ONLINE:
        raise ApiProblem(
            HTTPStatus.CONFLICT,
            "no_plan_on_desktop",
            "What would be sent to QuickBooks Desktop is known only when its Web Connector runs.",
            "Look at the records after its next run.",
        )


def _plan(plan: Plan) -> PlanBody:
    return PlanBody(
        ended=plan.ended,
        steps=[_step(step) for step in plan.steps],
        records=[
            OutlookBody(
                kind=record.key.kind,
                id=record.key.id,
                status=record.status,
                problems=[sync_problem(problem) for problem in record.problems],
            )
            for record in plan.records
        ],
    )


def _step(step: Sent | Looked) -> StepBody:
    if isinstance(step, Looked):
        return StepBody(read=step.what, read_now=step.made)
    writes = [
        WriteBody(kind=each.key.kind, id=each.key.id, operation=each.operation, entity=each.entity)
        for each in step.members
    ]
    return StepBody(method=step.method, path=step.target, body=step.body, writes=writes)

"""What people do about records: the actions that problems offer, retry, Force Update, and what is planned."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from pydantic import BaseModel, ConfigDict, Field

from syncro_quickbooks.clock import from_millis
from syncro_quickbooks.console.app import TheCaller, TheDeployment
from syncro_quickbooks.console.cursors import from_cursor, to_cursor, unknown_cursor
from syncro_quickbooks.console.problems import ApiProblem, FieldBody, SyncProblemBody, not_found, sync_problem
from syncro_quickbooks.console.routes.records import RecordId, RecordKind
from syncro_quickbooks.sync.bulk_retry import RETRYABLE, retry_some
from syncro_quickbooks.sync.choices import BadParameters
from syncro_quickbooks.sync.decisions import NoSuchRecord, NotNow, Wanted, decision_token, offered_now
from syncro_quickbooks.sync.model import Kind, RecordKey, Status
from syncro_quickbooks.sync.records import View

router = Router()

_Text = Annotated[str, Field(max_length=200)]


class ChoiceBody(BaseModel):
    """What somebody decided about the record, as long as it counts."""

    action: str
    params: dict[str, str]
    answers: Annotated[str, Field(description="The code of the problem that was answered.")]
    user: str
    at: datetime


class StandingBody(BaseModel):
    """How a record stands, and what can be done about it."""

    kind: Kind
    id: str
    status: Status
    problems: list[SyncProblemBody]
    choices: list[ChoiceBody]
    decision: Annotated[str, Field(description="Send it with an action: it is then run on what is shown here only.")]


class ActionRequest(BaseModel):
    """An action of one of the record's problems."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=40)]
    params: Annotated[dict[Annotated[str, Field(max_length=40)], _Text], Field(max_length=10)] = {}
    problem_code: Annotated[str, Field(max_length=100, description="Of the problem that is answered.")] = ""
    decision: Annotated[str, Field(max_length=64, description="As the record was shown.")] = ""


class ForceUpdateRequest(BaseModel):
    """Press Force Update. The same `request_id` twice is one press."""

    model_config = ConfigDict(extra="forbid")

    request_id: Annotated[str, Field(pattern="^[0-9A-Za-z][0-9A-Za-z_-]{7,63}$")]


class BulkRetryRequest(BaseModel):
    """Which records to try again: of one kind, with one problem, or all; so many at a time."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind | None = None
    code: Annotated[str, Field(max_length=100)] = ""
    most: Annotated[int, Field(ge=1, le=50)] = 50
    after: Annotated[str | None, Field(max_length=500, description="Where the last call stopped.")] = None


class BulkRetryBody(BaseModel):
    """What was done; go on with `after` until it is null."""

    retried: int
    after: str | None


@router.get("/records/<kind>/<id>/actions", summary="What can be done about a record", tags=["actions"])
def read_actions(kind: RecordKind, id: RecordId, caller: TheCaller, deployment: TheDeployment) -> StandingBody:
    """How the record stands, with the actions that can be run on it now."""
    try:
        return _standing(deployment.decisions.view(caller.account_id, RecordKey(kind, id)))
    except NoSuchRecord:
        raise not_found("such record") from None


@router.post("/records/<kind>/<id>/actions", summary="Run an action on a record", tags=["actions"])
def run_action(
    kind: RecordKind,
    id: RecordId,
    action: ActionRequest,
    caller: TheCaller,
    deployment: TheDeployment,
) -> StandingBody:
    """Run an action that a problem of the record offers. It is carried out by the next run, a few seconds later."""
    if not action.decision and not action.problem_code:
        raise _invalid("body.decision", "say what is answered: decision, or problem_code")
    wanted = Wanted(action.name, action.params, action.problem_code, action.decision)
    return _taken(lambda: deployment.decisions.run(caller.account_id, RecordKey(kind, id), wanted, caller.user_id))


@router.delete("/records/<kind>/<id>/choice", summary="Take back what was decided", tags=["actions"])
def take_back(kind: RecordKind, id: RecordId, caller: TheCaller, deployment: TheDeployment) -> StandingBody:
    """Take back every choice about the record; it is then sent as if nobody had decided."""
    return _taken(lambda: deployment.decisions.take_back(caller.account_id, RecordKey(kind, id), "", caller.user_id))


@router.post("/records/<kind>/<id>/retry", summary="Try a record again", tags=["actions"])
def retry(kind: RecordKind, id: RecordId, caller: TheCaller, deployment: TheDeployment) -> StandingBody:
    """Have the record looked at now."""
    return _taken(lambda: deployment.decisions.retry(caller.account_id, RecordKey(kind, id), caller.user_id))


@router.post("/records/<kind>/<id>/force-update", summary="Force Update", tags=["actions"])
def force_update(
    kind: RecordKind,
    id: RecordId,
    request: ForceUpdateRequest,
    caller: TheCaller,
    deployment: TheDeployment,
) -> StandingBody:
    """Send the record again with its dates; of an invoice, its payments too."""
    key, press = RecordKey(kind, id), request.request_id
    return _taken(lambda: deployment.decisions.force(caller.account_id, key, press, caller.user_id))


@router.post("/records/retry", summary="Try many records again", tags=["actions"])
def retry_many(request: BulkRetryRequest, caller: TheCaller, deployment: TheDeployment) -> BulkRetryBody:
    """Have what needs attention or waits for its next try looked at now, some at a time."""
    after = from_cursor(request.after)
    if after is not None and after.status not in RETRYABLE:
        raise unknown_cursor()
    account_id, listings = caller.account_id, deployment.listings(caller.account_id)
    user, kind, code = caller.user_id, request.kind, request.code
    done = retry_some(listings, deployment.decisions, account_id, user, kind, code, request.most, after)
    return BulkRetryBody(retried=done.retried, after=to_cursor(done.after))


def _taken(decide: Callable[[], View]) -> StandingBody:
    """What became of a decision, as an answer. Raises ApiProblem."""
    try:
        return _standing(decide())
    except NoSuchRecord:
        raise not_found("such record") from None
    except NotNow as refused:
        raise ApiProblem.of(HTTPStatus.CONFLICT, refused.problem) from None
    except BadParameters as wrong:
        raise _invalid(f"body.{wrong.field}", str(wrong)) from None


def _invalid(field: str, why: str) -> ApiProblem:
    return ApiProblem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid_request",
        f"The request is not valid: {field}: {why}.",
        "Correct the field and send it again.",
        fields=[FieldBody(field=field, message=why)],
    )


def _standing(view: View) -> StandingBody:
    record = view.record
    return StandingBody(
        kind=view.key.kind,
        id=view.key.id,
        status=Status.SENDING if view.state.attempt is not None else record.status,
        problems=[sync_problem(problem) for problem in offered_now(view)],
        choices=[
            ChoiceBody(
                action=each.action, params=dict(each.params), answers=each.code, user=each.user, at=from_millis(each.at)
            )
            for each in record.choices
            if record.chosen(each.action)
        ],
        decision=decision_token(record),
    )

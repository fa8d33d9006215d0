"""Connecting the account to QuickBooks Online: there, back, and apart again. Who did what is kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from pydantic import BaseModel, Field

from syncro_quickbooks.console.app import TheCaller, TheDeployment
from syncro_quickbooks.console.connection_state import ConnectionState, Standing, standing
from syncro_quickbooks.console.problems import ApiProblem, SyncProblemBody, sync_problem
from syncro_quickbooks.online.faults import AccountBlocked, QuickBooksError
from syncro_quickbooks.online.oauth import ConnectRefused, Parted
from syncro_quickbooks.storage.table import ConditionFailed
from syncro_quickbooks.sync.accounts import Edition
from syncro_quickbooks.sync.audit import Deed
from syncro_quickbooks.sync.model import Problem, Who
from syncro_quickbooks.sync.offboarding import OFFBOARDING

router = Router()

RealmId = Annotated[str, Field(pattern=r"^[0-9]{1,32}$", description="QuickBooks' id of the company.")]
AnyRealmId = Annotated[str, Field(min_length=1, max_length=64, description="As the connection shows it.")]


class ConsentBody(BaseModel):
    """The consent that Intuit keeps: it moves on with every refresh until it ends for good."""

    refreshed_at: datetime
    until: Annotated[datetime | None, Field(description="If it were not refreshed any more; null if Intuit is silent.")]
    ends: Annotated[datetime | None, Field(description="Whatever happens; null if Intuit is silent.")]
    lost_at: Annotated[datetime | None, Field(description="When Intuit was found not to accept it any more.")]


class OffboardingBody(BaseModel):
    """The account is leaving."""

    since: datetime
    erased_at: Annotated[datetime, Field(description="From then on its data is deleted; before it can be called off.")]


class ConnectionBody(BaseModel):
    """The connection of the caller's account."""

    state: ConnectionState
    edition: Edition | None
    realm_id: str
    company_name: str
    problems: Annotated[list[SyncProblemBody], Field(description="What holds it up; for needs_setup the whole list.")]
    warnings: list[SyncProblemBody]
    paused_until: Annotated[datetime | None, Field(description="Null: until somebody mends it.")]
    consent: ConsentBody | None
    offboarding: OffboardingBody | None


class AuthorizeBody(BaseModel):
    """Where to send the browser."""

    authorize_url: str


class BroughtBack(BaseModel):
    """What the browser brought back from Intuit."""

    code: Annotated[str, Field(min_length=1, max_length=2048)]
    state: Annotated[str, Field(min_length=1, max_length=200)]
    realm_id: RealmId


class LeaveBody(BaseModel):
    """Which company to leave: the one that is connected, named so that nobody leaves one by mistake."""

    realm_id: AnyRealmId


class DeedBody(BaseModel):
    """Somebody did something to the account."""

    at: datetime
    deed: Deed
    user_id: str
    realm_id: str
    about: Annotated[str, Field(description="Which job, which version of the settings; empty for other deeds.")]


class AuditBody(BaseModel):
    """The newest deeds, newest first."""

    deeds: list[DeedBody]


@router.get("/connection", summary="The connection and how it stands", tags=["connection"])
def read_connection(caller: TheCaller, deployment: TheDeployment) -> ConnectionBody:
    """State, blockers of set-up, pause, consent and offboarding in one."""
    return body(standing(deployment, caller.account_id, deployment.clock.now()))


@router.post("/connection/authorize", summary="Begin connecting QuickBooks Online", tags=["connection"])
def authorize(caller: TheCaller, deployment: TheDeployment) -> AuthorizeBody:
    """Send the browser to the answer's address; Intuit sends it back to /oauth/callback within 15 minutes."""
    if deployment.offboarding.of(caller.account_id) is not None:
        raise ApiProblem.of(HTTPStatus.CONFLICT, OFFBOARDING)
    connector = deployment.connector
    state = connector.new_state(caller.account_id, caller.user_id)
    return AuthorizeBody(authorize_url=connector.authorize_url(state))


@router.post("/connection", summary="Finish connecting QuickBooks Online", tags=["connection"])
def connect(brought: BroughtBack, caller: TheCaller, deployment: TheDeployment) -> ConnectionBody:
    """Only who began it can finish it, once. The same company again goes on with everything that was queued."""
    with _explained():
        deployment.connector.complete(caller.account_id, caller.user_id, brought.code, brought.state, brought.realm_id)
    return body(standing(deployment, caller.account_id, deployment.clock.now()))


@router.delete("/connection", summary="Disconnect QuickBooks Online", tags=["connection"])
def disconnect(caller: TheCaller, deployment: TheDeployment) -> ConnectionBody:
    """Deletes the sign-in here and takes it back at Intuit. What is queued stays, and what comes in is queued."""
    parted = deployment.connector.disconnect(caller.account_id, caller.user_id)
    return body(standing(deployment, caller.account_id, deployment.clock.now()), parted)


@router.post("/connection/reset", summary="Leave the company, to connect another one", tags=["connection"])
def reset(leave: LeaveBody, caller: TheCaller, deployment: TheDeployment) -> ConnectionBody:
    """Disconnects and lets another company be connected, which begins without links and settings.

    What was posted in the company of before stays there, is asked about and not posted again by itself.
    """
    # Another company file needs another user and other GUIDs: its own would be those of the file of before.
    also = deployment.registrations.removing(caller.account_id)
    try:
        parted = deployment.connector.reset(caller.account_id, caller.user_id, leave.realm_id, also)
    except ConditionFailed:
        raise _not_its_company() from None
    return body(standing(deployment, caller.account_id, deployment.clock.now()), parted)


@router.get("/connection/audit", summary="Who did what to the account", tags=["connection"])
def read_audit(caller: TheCaller, deployment: TheDeployment) -> AuditBody:
    """Who connected, saved settings, ran jobs: the newest 200 deeds. The trail is only added to."""
    deeds = [
        DeedBody(at=entry.at, deed=entry.deed, user_id=entry.user_id, realm_id=entry.realm_id, about=entry.about)
        for entry in deployment.audit.entries(caller.account_id)
    ]
    return AuditBody(deeds=deeds)


def body(now: Standing, parted: Parted | None = None) -> ConnectionBody:
    """`now` as an answer; with what could not be done at Intuit when parting."""
    warnings = [*now.warnings, *([parted.problem] if parted is not None and parted.problem is not None else [])]
    connection, consent, leaving = now.connection, now.consent, now.leaving
    return ConnectionBody(
        state=now.state,
        edition=connection.edition if connection else None,
        realm_id=connection.realm_id if connection else "",
        company_name=now.company_name,
        problems=[sync_problem(problem) for problem in now.problems],
        warnings=[sync_problem(problem) for problem in warnings],
        paused_until=now.paused_until,
        consent=ConsentBody(
            refreshed_at=consent.refreshed_at, until=consent.until, ends=consent.ends, lost_at=consent.lost_at
        )
        if consent is not None and consent.given
        else None,
        offboarding=OffboardingBody(since=leaving.since, erased_at=leaving.erased_at) if leaving is not None else None,
    )


@contextmanager
def _explained() -> Iterator[None]:
    """What keeps an account from being connected, as the answer to the request. Nothing was stored."""
    try:
        yield
    except ConnectRefused as refused:
        raise ApiProblem.of(HTTPStatus.CONFLICT, refused.problem) from None
    except AccountBlocked as blocked:
        raise ApiProblem.of(HTTPStatus.SERVICE_UNAVAILABLE, blocked.problem) from None
    except QuickBooksError as error:
        raise ApiProblem.of(HTTPStatus.SERVICE_UNAVAILABLE, _out_of_reach(error)) from None


def _out_of_reach(error: QuickBooksError) -> Problem:
    return Problem(
        "intuit_unavailable",
        "Intuit could not be asked, so nothing was connected.",
        "Start connecting again in a minute.",
        Who.NOBODY,
        verbatim=str(error),
    )


def _not_its_company() -> ApiProblem:
    return ApiProblem(
        HTTPStatus.CONFLICT,
        "not_its_company",
        "The account is not connected to this company. Nothing was changed.",
        "Read the connection again and name the company it shows.",
    )

"""Connecting the account to QuickBooks Desktop: its user and password in the Web Connector, and the file to add it."""

import secrets
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from pydantic import BaseModel, Field

from syncro_quickbooks.bootstrap import Deployment
from syncro_quickbooks.console.app import TheCaller, TheDeployment
from syncro_quickbooks.console.caller import Caller
from syncro_quickbooks.console.problems import ApiProblem, not_found
from syncro_quickbooks.desktop.qwc import qwc_document
from syncro_quickbooks.desktop.registrations import LONGEST_USER, Registration, UserTaken
from syncro_quickbooks.storage.table import ConditionFailed, Write
from syncro_quickbooks.sync.accounts import AnotherCompany
from syncro_quickbooks.sync.audit import Deed
from syncro_quickbooks.sync.offboarding import OFFBOARDING, not_leaving

router = Router()

_PASSWORD_BYTES = 18  # 24 characters, which nobody tries through


class RegisterBody(BaseModel):
    """The user name that the Web Connector shows and sends."""

    user: Annotated[str, Field(pattern=rf"^[A-Za-z0-9][A-Za-z0-9._@-]{{0,{LONGEST_USER - 1}}}$")]


class RegistrationBody(BaseModel):
    """What somebody types into the Web Connector; the password is shown this once."""

    user: str
    password: str


@router.post("/connection/desktop", summary="Connect QuickBooks Desktop", tags=["connection"])
def register(wanted: RegisterBody, caller: TheCaller, deployment: TheDeployment) -> RegistrationBody:
    """Gives the account its user and password; add the file of /connection/desktop/qwc to the Web Connector next."""
    connection, known = deployment.accounts.connection(caller.account_id), _known(deployment, caller)
    if known is not None and connection is not None and not connection.left:
        raise _registered(known)

    def noted(file_id: str) -> list[Write]:
        audit = deployment.audit.entry(caller.account_id, Deed.CONNECTED, caller.user_id, file_id)
        return [not_leaving(caller.account_id), audit]

    try:
        made = deployment.registrations.register(caller.account_id, wanted.user, noted)
    except UserTaken:
        raise _user_taken() from None
    except AnotherCompany:
        raise _another_company() from None
    except ConditionFailed:
        raise ApiProblem.of(HTTPStatus.CONFLICT, OFFBOARDING) from None
    return _with_new_password(deployment, caller, made, [not_leaving(caller.account_id)])


@router.post("/connection/desktop/password", summary="Replace the Web Connector's password", tags=["connection"])
def replace_password(caller: TheCaller, deployment: TheDeployment) -> RegistrationBody:
    """The old one ends at once; a session that is open goes on."""
    known = _known(deployment, caller)
    if known is None:
        raise not_found("user of the Web Connector for this account")
    noted = deployment.audit.entry(caller.account_id, Deed.PASSWORD_REPLACED, caller.user_id, known.file_id)
    return _with_new_password(deployment, caller, known, [not_leaving(caller.account_id), noted])


@router.get(
    "/connection/desktop/qwc",
    summary="The file that adds the account to the Web Connector",
    tags=["connection"],
    responses={200: {"description": "The .qwc file.", "content": {"application/xml": {"schema": {"type": "string"}}}}},
)
def read_qwc(caller: TheCaller, deployment: TheDeployment) -> "Response[str]":
    """The same file whenever it is asked for. It holds no password."""
    known = _known(deployment, caller)
    if known is None:
        raise not_found("user of the Web Connector for this account")
    url = deployment.web_connector_url
    text = qwc_document(known, app_url=url, support_url=url.removesuffix("/qbwc") + "/support")
    return Response(200, "application/xml", text, {"Content-Disposition": 'attachment; filename="syncro.qwc"'})


def _known(deployment: Deployment, caller: Caller) -> Registration | None:
    return deployment.registrations.find(caller.account_id)


def _with_new_password(
    deployment: Deployment, caller: Caller, registration: Registration, also: Sequence[Write]
) -> RegistrationBody:
    """A password that opens nothing if the account has begun to leave meanwhile."""
    password = secrets.token_urlsafe(_PASSWORD_BYTES)
    try:
        deployment.registrations.set_password(caller.account_id, password, also)
    except ConditionFailed:
        raise ApiProblem.of(HTTPStatus.CONFLICT, OFFBOARDING) from None
    return RegistrationBody(user=registration.user, password=password)


def _registered(known: Registration) -> ApiProblem:
    return ApiProblem(
        HTTPStatus.CONFLICT,
        "already_registered",
        f"The account has the user {known.user} in the Web Connector already. Nothing was changed.",
        "Ask for a new password, or reset the connection to begin anew with another company file.",
    )


def _user_taken() -> ApiProblem:
    return ApiProblem(
        HTTPStatus.CONFLICT,
        "user_taken",
        "Another account has this user name. Nothing was changed.",
        "Choose another one, with your company's name in it.",
    )


def _another_company() -> ApiProblem:
    return ApiProblem(
        HTTPStatus.CONFLICT,
        "other_company",
        "The account is connected to a QuickBooks Online company. Nothing was changed.",
        "Reset the connection first if it is to work with QuickBooks Desktop instead.",
    )

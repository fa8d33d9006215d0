"""The account leaves, or stays after all."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler.api_gateway import Router

from syncro_quickbooks.console.app import TheCaller, TheDeployment
from syncro_quickbooks.console.connection_state import standing
from syncro_quickbooks.console.problems import ApiProblem
from syncro_quickbooks.console.routes.connection import ConnectionBody, body
from syncro_quickbooks.storage.table import ConditionFailed
from syncro_quickbooks.sync.accounts import Connection

router = Router()


@router.post("/offboarding", summary="Offboard the account", tags=["offboarding"])
def start(caller: TheCaller, deployment: TheDeployment) -> ConnectionBody:
    """Deletes every sign-in at once, and everything else after the time that the answer names."""
    account_id = caller.account_id
    realm_id = _realm(deployment.accounts.connection(account_id))
    writes = [
        *deployment.offboarding.starting(account_id, caller.user_id, realm_id),
        *deployment.registrations.locking_out(account_id),
        deployment.syncro_access.forgetting(account_id),
    ]
    try:
        parted = deployment.connector.part(account_id, writes)
    except ConditionFailed:
        if deployment.offboarding.of(account_id) is None:
            raise _changed() from None
        raise _under_way() from None
    return body(standing(deployment, account_id, deployment.clock.now()), parted)


@router.delete("/offboarding", summary="Call the offboarding off", tags=["offboarding"])
def call_off(caller: TheCaller, deployment: TheDeployment) -> ConnectionBody:
    """Nothing but the sign-ins was lost: connect again, and what was queued is sent."""
    realm_id = _realm(deployment.accounts.connection(caller.account_id))
    if not deployment.offboarding.call_off(caller.account_id, caller.user_id, realm_id):
        raise _nothing_to_call_off()
    return body(standing(deployment, caller.account_id, deployment.clock.now()))


def _realm(connection: Connection | None) -> str:
    return connection.realm_id if connection is not None else ""


def _under_way() -> ApiProblem:
    return ApiProblem(
        HTTPStatus.CONFLICT,
        "offboarding",
        "The account is being offboarded already. Nothing was changed.",
        "Read the connection to see when its data is deleted.",
    )


def _changed() -> ApiProblem:
    return ApiProblem(
        HTTPStatus.CONFLICT, "changed_meanwhile", "The account changed meanwhile. Nothing was done.", "Try again."
    )


def _nothing_to_call_off() -> ApiProblem:
    return ApiProblem(
        HTTPStatus.CONFLICT,
        "not_offboarding",
        "The account is not being offboarded, or its data is being deleted already.",
        "Read the connection to see how it stands.",
    )

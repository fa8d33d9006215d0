"""How the account's connection is doing."""

from datetime import datetime

from aws_lambda_powertools.event_handler.api_gateway import Router
from pydantic import BaseModel

from syncro_quickbooks.console.app import TheCaller, TheDeployment
from syncro_quickbooks.console.problems import SyncProblemBody, sync_problem
from syncro_quickbooks.sync.accounts import Edition

router = Router()


class PauseBody(BaseModel):
    """Why nothing is sent, and until when; without a time somebody has to mend it."""

    problem: SyncProblemBody
    until: datetime | None


class HealthBody(BaseModel):
    """The connection of the caller's account."""

    connected: bool
    edition: Edition | None = None
    realm_id: str = ""
    pause: PauseBody | None = None


@router.get("/connection/health", summary="How the connection is doing", tags=["connection"])
def read_health(caller: TheCaller, deployment: TheDeployment) -> HealthBody:
    """The connection of the account, and what holds it up, if anything."""
    connection = deployment.accounts.connection(caller.account_id)
    if connection is None:
        return HealthBody(connected=False)
    pause = deployment.accounts.health(connection).pause
    return HealthBody(
        connected=True,
        edition=connection.edition,
        realm_id=connection.realm_id,
        pause=PauseBody(problem=sync_problem(pause.problem), until=pause.until) if pause else None,
    )

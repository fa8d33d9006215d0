"""How the account's work is doing, and what is left of the workspace's metered reads."""

from datetime import datetime
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from pydantic import BaseModel, Field

from syncro_quickbooks.bootstrap import Deployment
from syncro_quickbooks.console.app import TheCaller, TheDeployment
from syncro_quickbooks.console.problems import SyncProblemBody, sync_problem
from syncro_quickbooks.online.rate import Breaker
from syncro_quickbooks.online.read_budget import SHARE_PERCENT, ReadPurpose
from syncro_quickbooks.sync.accounts import Edition, Finding
from syncro_quickbooks.sync.model import Kind, Status

router = Router()

COUNTED_UP_TO = 1_000
_WORTH_COUNTING = (Status.NEEDS_ATTENTION, Status.RETRYING, Status.WAITING, Status.PENDING)


class SessionBody(BaseModel):
    """The newest session of the QuickBooks Web Connector that is over."""

    opened_at: datetime
    ended_at: datetime
    company_file: str
    requests: int
    problem: Annotated[SyncProblemBody | None, Field(description="What stopped it early.")]


class BacklogBody(BaseModel):
    """How many records have a status, and since when the oldest of them."""

    status: Status
    count: Annotated[int, Field(description=f"Counted up to {COUNTED_UP_TO}.")]
    since: datetime | None
    oldest_kind: Kind | None
    oldest_id: str


class HealthBody(BaseModel):
    """How the work of the caller's account is doing; whether it is connected, or paused, says /connection."""

    outage_until: Annotated[datetime | None, Field(description="QuickBooks fails; it is tried again then.")] = None
    company_read_at: Annotated[datetime | None, Field(description="When the company's preferences were read.")] = None
    findings: Annotated[list[Finding], Field(description="What only QuickBooks' answers told of the company.")] = []
    last_session: SessionBody | None = None
    records: list[BacklogBody] = []


class ReadsBody(BaseModel):
    """Reads made for one purpose; they stop when the reads of all purposes reach this purpose's share."""

    purpose: ReadPurpose
    used: int
    share_percent: int
    limit: int


class MeterBody(BaseModel):
    """Metered reads of QuickBooks Online this month, of all accounts together: Intuit counts them so."""

    month: str
    allowance: int
    used: int
    purposes: list[ReadsBody]
    alarms: Annotated[list[int], Field(description="The marks, in percent of the allowance, that were reached.")]
    paused_until: Annotated[datetime | None, Field(description="Reads that can wait do so until then.")]


@router.get("/connection/health", summary="How the work is doing", tags=["connection"])
def read_health(caller: TheCaller, deployment: TheDeployment) -> HealthBody:
    """An outage of QuickBooks, what was found out about it, and how many records wait or ask for something."""
    connection = deployment.accounts.connection(caller.account_id)
    if connection is None:
        return HealthBody()
    health = deployment.accounts.health(connection)
    outage = Breaker.from_item(health.breaker)
    return HealthBody(
        outage_until=None if outage.allows(deployment.clock.now()) else outage.open_until,
        company_read_at=connection.company_read_at,
        findings=sorted(health.findings),
        last_session=_session(deployment, caller.account_id) if connection.edition is Edition.DESKTOP else None,
        records=_standings(deployment, caller.account_id),
    )


@router.get("/read-meter", summary="What is left of this month's metered reads", tags=["connection"])
def read_meter(deployment: TheDeployment) -> MeterBody:
    """How much of the month's read allowance is used, by purpose, and which alarm marks were reached."""
    meter = deployment.read_budget.meter()
    return MeterBody(
        month=meter.month,
        allowance=meter.allowance,
        used=meter.used,
        purposes=[
            ReadsBody(
                purpose=purpose,
                used=meter.used_for[purpose],
                share_percent=SHARE_PERCENT[purpose],
                limit=meter.allowance * SHARE_PERCENT[purpose] // 100,
            )
            for purpose in ReadPurpose
        ],
        alarms=list(meter.alarms),
        paused_until=meter.paused_until,
    )


def _session(deployment: Deployment, account_id: str) -> SessionBody | None:
    session = deployment.last_sessions.of(account_id)
    if session is None:
        return None
    return SessionBody(
        opened_at=session.opened_at,
        ended_at=session.ended_at,
        company_file=session.company_file,
        requests=session.requests,
        problem=sync_problem(session.problem) if session.problem else None,
    )


def _standings(deployment: Deployment, account_id: str) -> list[BacklogBody]:
    listings = deployment.listings(account_id)
    found = [(status, listings.standing(status, COUNTED_UP_TO)) for status in _WORTH_COUNTING]
    return [
        BacklogBody(
            status=status,
            count=standing.count,
            since=standing.since,
            oldest_kind=standing.oldest.kind if standing.oldest else None,
            oldest_id=standing.oldest.id if standing.oldest else "",
        )
        for status, standing in found
    ]

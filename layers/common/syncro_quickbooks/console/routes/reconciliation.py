"""The nightly comparisons of the account with QuickBooks."""

from datetime import datetime
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel, Field

from syncro_quickbooks.console.app import TheCaller, TheDeployment
from syncro_quickbooks.sync.model import Kind
from syncro_quickbooks.sync.nights import Night
from syncro_quickbooks.sync.reconciliation import Line

router = Router()

MOST_NIGHTS = 14


class SumBody(BaseModel):
    """A number of documents, and their amounts as decimal texts in the company's currency."""

    count: int
    total: str
    open: Annotated[str, Field(description="What is unpaid; only of invoices, and only while payments are sent.")]


class KindBody(BaseModel):
    """One kind of document: `syncro` less each of `lines` is `quickbooks`."""

    syncro: SumBody
    quickbooks: SumBody
    lines: dict[Line, SumBody]


class DocumentBody(BaseModel):
    """A document that is not the same on both sides; amounts are Syncro's less QuickBooks'."""

    kind: Kind
    id: str
    name: str
    line: Line
    total: str
    open: str
    reason: str


class DifferenceBody(BaseModel):
    """What is to be done about documents that nothing explains."""

    code: str
    message: str
    fix: str


class NightBody(BaseModel):
    """One comparison, of documents dated in that month or the one before."""

    at: datetime
    unexplained: Annotated[int, Field(description="Documents that differ for no known reason; 0 is as it should be.")]
    kinds: dict[Kind, KindBody]
    documents: Annotated[list[DocumentBody], Field(description="At most 500, the unexplained ones first.")]
    documents_in_all: int
    problem: DifferenceBody | None


class NightsBody(BaseModel):
    """The newest comparisons, the last first. Where nothing changes there is one in four weeks."""

    nights: list[NightBody]


@router.get("/reconciliation", summary="How Syncro and QuickBooks compare", tags=["records"])
def read_reconciliation(
    caller: TheCaller,
    deployment: TheDeployment,
    nights: Annotated[int, Query(ge=1, le=MOST_NIGHTS, description="How many at most.")] = 1,
) -> NightsBody:
    """The sums of both sides, every document that differs and why. Reports are kept for eight weeks."""
    return NightsBody(nights=[_body(each) for each in deployment.nights.newest(caller.account_id, nights)])


def _body(night: Night) -> NightBody:
    return NightBody.model_validate({**night.report, "at": night.at, "unexplained": night.unexplained})

"""Payments from QuickBooks: the access to Syncro's API that they need, and what became of each."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import BaseModel, Field

from syncro_quickbooks.bootstrap import Deployment
from syncro_quickbooks.clock import from_millis
from syncro_quickbooks.console.app import TheCaller, TheDeployment
from syncro_quickbooks.console.caller import Caller
from syncro_quickbooks.console.problems import ApiProblem, SyncProblemBody, not_found, sync_problem
from syncro_quickbooks.online.payments_from.imports import Imports, PaymentImport, State
from syncro_quickbooks.storage.table import ConditionFailed, Put
from syncro_quickbooks.sync.audit import Deed
from syncro_quickbooks.sync.offboarding import OFFBOARDING
from syncro_quickbooks.syncro_api.access import SyncroAccess
from syncro_quickbooks.syncro_api.errors import NoSyncroAccess, SyncroError

router = Router()

_PAGE = 50


class NewAccessBody(BaseModel):
    """Where the account's Syncro is, and an API token of it."""

    subdomain: Annotated[str, Field(max_length=63, description="The part of the address before .syncromsp.com.")]
    token: Annotated[str, Field(max_length=500, description="Shown once when it is made in Syncro.", repr=False)]


class AccessBody(BaseModel):
    """Which Syncro the stored token is for; the token itself is never told."""

    subdomain: str | None


class PaymentBody(BaseModel):
    """A payment of QuickBooks that was not written by us. Amounts are in the company's home currency."""

    id: Annotated[str, Field(description="QuickBooks' id of the payment.")]
    state: State
    day: date | None
    total: Decimal
    syncro_invoice_id: str | None
    amount: Annotated[Decimal | None, Field(description="What of it belongs to that invoice.")]
    syncro_payment_id: str | None
    problem: SyncProblemBody | None
    changed_at: datetime


class PollBody(BaseModel):
    """How reading QuickBooks is doing."""

    seen_until: datetime
    problems: Annotated[list[SyncProblemBody], Field(description="What holds it up, or cannot be found out any more.")]


class PaymentsBody(BaseModel):
    """A page of payments, and where to go on; without `after` it is the last."""

    payments: list[PaymentBody]
    after: str | None
    poll: Annotated[PollBody | None, Field(description="Null if no payments are imported.")]


@router.get("/syncro-access", summary="Which Syncro is connected", tags=["syncro"])
def read_access(caller: TheCaller, deployment: TheDeployment) -> AccessBody:
    """The Syncro whose API is used for this account."""
    return AccessBody(subdomain=deployment.syncro_access.subdomain(caller.account_id))


@router.put("/syncro-access", summary="Save an API token of Syncro", tags=["syncro"])
def save_access(body: NewAccessBody, caller: TheCaller, deployment: TheDeployment) -> AccessBody:
    """Try the token with Syncro, and store it in place of the one before only if it is accepted."""
    try:
        access = SyncroAccess(body.subdomain.strip().lower(), body.token.strip())
    except ValueError as error:
        raise ApiProblem(HTTPStatus.UNPROCESSABLE_ENTITY, "syncro_access_invalid", str(error), "Correct it.") from None
    try:
        noted = _noted(deployment, caller, Deed.SYNCRO_ACCESS_SAVED)
        deployment.syncro_access.save(caller.account_id, access, [noted])
    except NoSyncroAccess:
        message = "Syncro does not accept this token for this subdomain. Nothing was stored."
        fix = "Make a new API token in Syncro (Admin > API Tokens) and save it here."
        raise ApiProblem(HTTPStatus.UNPROCESSABLE_ENTITY, "syncro_access_refused", message, fix) from None
    except ConditionFailed:
        raise ApiProblem.of(HTTPStatus.CONFLICT, OFFBOARDING) from None
    except SyncroError as error:
        message = f"Syncro could not be asked about this token: {error}. Nothing was stored."
        raise ApiProblem(HTTPStatus.SERVICE_UNAVAILABLE, "syncro_unavailable", message, "Try again later.") from None
    return AccessBody(subdomain=access.subdomain)


@router.delete("/syncro-access", summary="Forget the API token of Syncro", tags=["syncro"])
def delete_access(caller: TheCaller, deployment: TheDeployment) -> AccessBody:
    """Forget the token. Delete it in Syncro, too, if nobody else uses it."""
    forgotten = deployment.syncro_access.forgetting(caller.account_id)
    deployment.table.transact([forgotten, _noted(deployment, caller, Deed.SYNCRO_ACCESS_FORGOTTEN)])
    return AccessBody(subdomain=None)


@router.get("/payments-from-quickbooks", summary="What became of QuickBooks' payments", tags=["payments"])
def read_payments(
    caller: TheCaller,
    deployment: TheDeployment,
    state: Annotated[State | None, Query(description="Only those in this state.")] = None,
    after: Annotated[str, Query(max_length=50, description="`after` of the page before.")] = "",
) -> PaymentsBody:
    """Payments that QuickBooks has and Syncro did not send, by their QuickBooks id: imported, or why not."""
    imports = _imports(caller.account_id, deployment)
    if imports is None:
        return PaymentsBody(payments=[], after=None, poll=None)
    page = imports.page(state, after, _PAGE)
    poll = deployment.polls.state(caller.account_id)
    return PaymentsBody(
        payments=[_body(each) for each in page.imports],
        after=page.after or None,
        poll=None
        if poll is None
        else PollBody(
            seen_until=from_millis(poll.watermark),
            problems=[sync_problem(problem) for problem in (poll.problem, poll.gap) if problem],
        ),
    )


@router.post("/payments-from-quickbooks/<id>/retry", summary="Try a payment again", tags=["payments"])
def retry_payment(
    id: Annotated[str, Path(pattern=r"^\d{1,20}$")],
    caller: TheCaller,
    deployment: TheDeployment,
) -> PaymentBody:
    """Somebody mended what held the payment up: it is looked for in Syncro, and entered if it is not there."""
    imports, known = _known(id, caller, deployment)
    with _unchanged(id):
        retried = imports.retry(id, deployment.clock.now())
    if not retried:
        message = f"QuickBooks payment {id} is {known.state} and not held up by anything that a retry could help."
        raise ApiProblem(HTTPStatus.CONFLICT, "nothing_to_retry", message, "Look at what its record says.")
    deployment.polls.ask(caller.account_id)
    return _body(imports.get_many([id])[id])


@router.post("/payments-from-quickbooks/<id>/skip", summary="Skip a payment for good", tags=["payments"])
def skip_payment(
    id: Annotated[str, Path(pattern=r"^\d{1,20}$")],
    caller: TheCaller,
    deployment: TheDeployment,
) -> PaymentBody:
    """Nothing is done about the payment, unless somebody changes it in QuickBooks again. A retry takes it back."""
    imports, known = _known(id, caller, deployment)
    with _unchanged(id):
        skipped = imports.skip(id, caller.user_id, deployment.clock.now())
    if not skipped:
        message = f"QuickBooks payment {id} is {known.state}: it needs nobody's attention. Nothing was changed."
        raise ApiProblem(HTTPStatus.CONFLICT, "nothing_to_skip", message, "Look at what its record says.")
    return _body(imports.get_many([id])[id])


def _known(id: str, caller: Caller, deployment: Deployment) -> tuple[Imports, PaymentImport]:
    imports = _imports(caller.account_id, deployment)
    known = imports.get_many([id]).get(id) if imports else None
    if imports is None or known is None:
        raise not_found(f"QuickBooks payment {id} among those that were looked at")
    return imports, known


@contextmanager
def _unchanged(id: str) -> Iterator[None]:
    """A poll was at the payment in the same moment."""
    try:
        yield
    except ConditionFailed:
        message = f"QuickBooks payment {id} changed in this moment. Nothing was done."
        raise ApiProblem(HTTPStatus.CONFLICT, "changed_meanwhile", message, "Look at it again.") from None


def _noted(deployment: Deployment, caller: Caller, deed: Deed) -> Put:
    connection = deployment.accounts.connection(caller.account_id)
    realm_id = connection.realm_id if connection else ""
    return deployment.audit.entry(caller.account_id, deed, caller.user_id, realm_id)


def _imports(account_id: str, deployment: Deployment) -> Imports | None:
    connection = deployment.accounts.connection(account_id)
    return deployment.payment_imports(account_id, connection.realm_id) if connection else None


def _body(each: PaymentImport) -> PaymentBody:
    share = each.posted.share if each.posted else (each.posting.share if each.posting else each.share)
    return PaymentBody(
        id=each.qbo_id,
        state=each.state,
        day=each.day,
        total=each.total,
        syncro_invoice_id=share.invoice if share else None,
        amount=share.amount if share else None,
        syncro_payment_id=each.posted.payment if each.posted else None,
        problem=sync_problem(each.problem) if each.problem else None,
        changed_at=from_millis(each.changed_at),
    )

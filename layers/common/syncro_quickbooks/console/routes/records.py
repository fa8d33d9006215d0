"""The account's records and what has become of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, TypeAlias

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import BaseModel, Field

from syncro_quickbooks.clock import from_millis
from syncro_quickbooks.console.app import TheCaller, TheDeployment
from syncro_quickbooks.console.cursors import Cursor, from_cursor, to_cursor, unknown_cursor
from syncro_quickbooks.console.problems import SyncProblemBody, not_found, sync_problem
from syncro_quickbooks.sync.listings import LONGEST_PAGE, URGENT_FIRST, Entry, label, shown_status
from syncro_quickbooks.sync.model import Kind, Operation, RecordKey, Status
from syncro_quickbooks.sync.records import View

router = Router()

RecordKind: TypeAlias = Annotated[Kind, Path(description="What kind of thing it is.")]
RecordId: TypeAlias = Annotated[
    str, Path(pattern="^[A-Za-z0-9_-]+$", min_length=1, max_length=64, description="Syncro's id of it.")
]
"""A record in a path: its kind and its id, of the caller's account."""

Limit: TypeAlias = Annotated[int, Query(ge=1, le=LONGEST_PAGE, description="How many at most.")]


class RecordBody(BaseModel):
    """One Syncro thing and where its sync stands."""

    kind: Kind
    id: str
    label: Annotated[str, Field(description="What people call it: an invoice's number, a customer's name.")]
    status: Status
    problems: list[SyncProblemBody]
    changed_at: datetime
    deleted: Annotated[bool, Field(description="Deleted in Syncro.")]


class RecordPage(BaseModel):
    """Some of the account's records. A page may be short, or empty, although more follow: `next` decides."""

    records: list[RecordBody]
    next: Annotated[str | None, Field(description="Cursor of the next page; null at the end.")]


class QuickBooksBody(BaseModel):
    """What the connected company has of a record."""

    entity: Annotated[str, Field(description="Invoice, Customer, Item, ...")]
    id: str
    operation: Annotated[Operation | None, Field(description="What is being done to it right now.")]
    removed: Annotated[bool, Field(description="We voided or deleted it, since it was deleted in Syncro.")]
    doubt: Annotated[str, Field(description="Why it is not known whether it is there; empty if it is.")]


class EntryBody(BaseModel):
    """How a record stood from then on."""

    at: datetime
    kind: Kind
    id: str
    status: Status
    problems: list[SyncProblemBody]
    action: Annotated[str, Field(description="What somebody ran; empty for what happened by itself.")] = ""
    user: Annotated[str, Field(description="Who ran it.")] = ""


class RecordDetailBody(RecordBody):
    """A record with everything there is to know about its sync."""

    version: Annotated[int, Field(description="Syncro's version that is to be in QuickBooks.")]
    tries: Annotated[int, Field(description="How often it was put off since it last changed.")]
    due: Annotated[datetime | None, Field(description="When it is looked at next; null if nothing is to be done.")]
    quickbooks: QuickBooksBody | None
    history: Annotated[list[EntryBody], Field(description="The last first.")]


class LogPage(BaseModel):
    """Some of the account's history, the last first."""

    entries: list[EntryBody]
    next: Annotated[str | None, Field(description="Cursor of the next page; null at the end.")]


@router.get("/records", summary="List records by status", tags=["records"])
def list_records(
    *,
    caller: TheCaller,
    deployment: TheDeployment,
    status: Annotated[Status | None, Query(description="Without it all but the dormant ones, urgent first.")] = None,
    kind: Annotated[Kind | None, Query(description="Only this kind.")] = None,
    limit: Limit = LONGEST_PAGE,
    cursor: Cursor = None,
) -> RecordPage:
    """The account's records of a status, the last changed first."""
    statuses, after = _listed_as(status), from_cursor(cursor)
    if after is not None and after.status not in statuses:
        raise unknown_cursor()
    views, behind = deployment.listings(caller.account_id).page(statuses, kind, after, limit)
    wanted = [view for view in views if status in (None, shown_status(view))]
    return RecordPage(records=[RecordBody(**_summary(view)) for view in wanted], next=to_cursor(behind))


@router.get("/records/<kind>/<id>", summary="One record with its problems and history", tags=["records"])
def read_record(
    caller: TheCaller,
    deployment: TheDeployment,
    kind: RecordKind,
    id: RecordId,
) -> RecordDetailBody:
    """Where the record's sync stands, what stands in its way, what can be done about that, and how it came about."""
    key, listings = RecordKey(kind, id), deployment.listings(caller.account_id)
    view = listings.view(key)
    if view is None:
        raise not_found(f"{kind.replace('_', ' ')} {id}")
    return RecordDetailBody(
        **_summary(view),
        version=view.record.version,
        tries=view.record.tries,
        due=listings.due(key),
        quickbooks=_quickbooks(view),
        history=[_entry(entry) for entry in listings.history(key)],
    )


@router.get("/sync-log", summary="What was synced, skipped or held up, and when", tags=["records"])
def read_log(
    caller: TheCaller, deployment: TheDeployment, limit: Limit = LONGEST_PAGE, cursor: Cursor = None
) -> LogPage:
    """The history of all the account's records, the last first; it goes back 400 days and is never changed."""
    after = from_cursor(cursor)
    if after is not None and not after.entry:
        raise unknown_cursor()
    entries, behind = deployment.listings(caller.account_id).log(after, limit)
    return LogPage(entries=[_entry(entry) for entry in entries], next=to_cursor(behind))


def _listed_as(status: Status | None) -> Sequence[Status]:
    """Under which statuses to look: what is being sent is stored as what it was before."""
    if status is None:
        return URGENT_FIRST
    return (Status.PENDING, Status.RETRYING) if status is Status.SENDING else (status,)


def _summary(view: View) -> dict[str, object]:
    record = view.record
    return {
        "kind": record.key.kind,
        "id": record.key.id,
        "label": label(record),
        "status": shown_status(view),
        "problems": [sync_problem(problem) for problem in record.problems],
        "changed_at": from_millis(record.changed_at),
        "deleted": record.deleted,
    }


def _quickbooks(view: View) -> QuickBooksBody | None:
    state = view.state
    if not state.linked and state.attempt is None and not state.doubt:
        return None
    return QuickBooksBody(
        entity=state.entity,
        id=state.qbo_id,
        operation=state.attempt.operation if state.attempt else None,
        removed=state.gone,
        doubt=state.doubt,
    )


def _entry(entry: Entry) -> EntryBody:
    return EntryBody(
        at=entry.at,
        kind=entry.record.kind,
        id=entry.record.id,
        status=entry.status,
        problems=[sync_problem(problem) for problem in entry.problems],
        action=entry.action,
        user=entry.user,
    )

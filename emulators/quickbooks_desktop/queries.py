"""Queries: by id, by name or number, by filter, in pages within one session (facts: QBD 2.2, 2.5)."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

from . import removal, rets, statuses
from .books import Books
from .statuses import Obj
from .tables import TRANSACTIONS

_KINDS = {
    "TermsQuery": ("StandardTerms",),
    "ItemQuery": (
        "ItemService",
        "ItemNonInventory",
        "ItemOtherCharge",
        "ItemInventory",
        "ItemDiscount",
        "ItemSalesTax",
        "ItemSalesTaxGroup",
    ),
}
_MATCH: dict[str, Callable[[str, str], bool]] = {
    "StartsWith": str.startswith,
    "Contains": lambda text, wanted: wanted in text,
    "EndsWith": str.endswith,
}

Row = tuple[str, Obj]  # kind and record


@dataclass(slots=True)
class Page:
    """What an iterated query still has to show."""

    query: str
    body: Obj
    ids: list[str]


@dataclass(slots=True)
class Pages:
    """The iterators of one session; they end with it."""

    open: dict[str, Page] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Paging:
    """How a query wants its pages: `iterator` is "", Start, Continue or Stop; `pages` are those of its session."""

    iterator: str
    iterator_id: str
    pages: Pages


@dataclass(frozen=True, slots=True)
class Found:
    """A query's answer. `missing` are ids and names asked for that are not there; `left` and `iterator_id` of pages."""

    content: rets.Content
    missing: list[str] = field(default_factory=list)
    left: int | None = None
    iterator_id: str = ""


def run(books: Books, name: str, body: Obj, paging: Paging) -> Found:
    """Answer a query. Raises Refused 3000, 3120, 3150."""
    if name == "TxnDeletedQuery":
        return Found(removal.deleted(books, body))
    if paging.iterator in ("Start", "Continue") and "MaxReturned" not in body:
        raise statuses.missing("MaxReturned")
    if paging.iterator in ("Continue", "Stop"):
        return _next_page(books, name, body, paging)
    rows, missing = _select(books, name, body)
    if missing and books.unknown_id_status == 3120:
        raise statuses.not_found(missing[0])
    limit = int(body["MaxReturned"]) if body.get("MaxReturned") else len(rows)
    content = _written(books, body, rows[:limit])
    if paging.iterator != "Start":
        return Found(content, missing)
    new_id = f"{{{uuid4()}}}"
    paging.pages.open[new_id] = Page(name, body, [_id(row) for row in rows[limit:]])
    return Found(content, missing, len(rows[limit:]), new_id)


def _next_page(books: Books, name: str, body: Obj, paging: Paging) -> Found:
    iterator_id, pages = paging.iterator_id, paging.pages
    page = pages.open.get(iterator_id)
    if page is None or page.query != name:
        # An iterator of another session is dead; code and text are not published [G].
        raise statuses.bad_id(iterator_id, "iteratorID")
    if paging.iterator == "Stop":
        del pages.open[iterator_id]
        return Found([], left=0, iterator_id=iterator_id)
    if {**body, "MaxReturned": ""} != {**page.body, "MaxReturned": ""}:
        raise statuses.bad_id(iterator_id, "iteratorID")  # the same filter is required (facts: QBD 2.5), code [G]
    limit = int(body["MaxReturned"])
    now, page.ids = page.ids[:limit], page.ids[limit:]
    found = [(books.store.kind_of(one), books.store.entry(one) or books.store.txn(one)) for one in now]
    rows = [(kind, record) for kind, record in found if record is not None]
    return Found(_written(books, body, rows), left=len(page.ids), iterator_id=iterator_id)


def _id(row: Row) -> str:
    record = row[1]
    found: str = record.get("ListID") or record["TxnID"]
    return found


def _select(books: Books, name: str, body: Obj) -> tuple[list[Row], list[str]]:
    kind = name.removesuffix("Query")
    if kind in TRANSACTIONS:
        return _transactions(books, kind, body)
    rows = [(one, entry) for one in _KINDS.get(name, (kind,)) for entry in books.store.entries(one)]
    if "ListID" in body or "FullName" in body:
        key = "ListID" if "ListID" in body else "FullName"
        return _named(rows, key, body[key])
    wanted = body.get("ActiveStatus") or "ActiveOnly"  # the default [M]
    active = {"ActiveOnly": ("true",), "InactiveOnly": ("false",), "All": ("true", "false")}[wanted]
    rows = [row for row in rows if row[1]["IsActive"] in active]
    rows = [row for row in rows if _modified(books, row[1], body)]
    for kind_filter in ("AccountType", "PaymentMethodType"):
        if body.get(kind_filter):
            rows = [row for row in rows if row[1].get(kind_filter) in body[kind_filter]]
    return [row for row in rows if _matches(row[1]["FullName"], body, "Name")], []


def _named(rows: list[Row], key: str, wanted: list[str]) -> tuple[list[Row], list[str]]:
    found: list[Row] = []
    missing = []
    for value in wanted:
        folded = value.strip().casefold()
        hits = [row for row in rows if row[1].get(key, "").casefold() == folded]
        found += [hit for hit in hits if hit not in found]
        missing += [] if hits else [value]
    return found, missing


def _transactions(books: Books, kind: str, body: Obj) -> tuple[list[Row], list[str]]:
    rows = [(kind, txn) for txn in books.store.txns(kind)]
    if "TxnID" in body or "RefNumber" in body:
        key = "TxnID" if "TxnID" in body else "RefNumber"
        return _named(rows, key, body[key])
    if "RefNumberCaseSensitive" in body:
        wanted = body["RefNumberCaseSensitive"]
        found = [row for row in rows if row[1].get("RefNumber") in wanted]
        numbers = [row[1].get("RefNumber") for row in found]
        return found, [one for one in wanted if one not in numbers]
    rows = [row for row in rows if _modified(books, row[1], body.get("ModifiedDateRangeFilter", {}))]
    period = body.get("TxnDateRangeFilter", {})
    rows = [row for row in rows if _between(row[1]["TxnDate"], period.get("FromTxnDate"), period.get("ToTxnDate"))]
    if "EntityFilter" in body:
        customers = _customers(books, body["EntityFilter"])
        rows = [row for row in rows if row[1]["CustomerRef"]["ListID"] in customers]
    if body.get("PaidStatus", "All") != "All":
        paid = body["PaidStatus"] == "PaidOnly"
        rows = [row for row in rows if (books.store.balance(row[1]) == 0) is paid]
    return [row for row in rows if _matches(row[1].get("RefNumber", ""), body, "RefNumber")], []


def _customers(books: Books, entity: Obj) -> set[str]:
    ids = [entity["ListIDWithChildren"]] if "ListIDWithChildren" in entity else entity.get("ListID", [])
    names = [entity["FullNameWithChildren"]] if "FullNameWithChildren" in entity else entity.get("FullName", [])
    entries = [books.store.entry(one) or books.store.named("Customer", one) for one in [*ids, *names]]
    if None in entries:
        at = entries.index(None)
        raise statuses.not_found([*ids, *names][at])
    found = {one["ListID"] for one in entries if one is not None}
    if any(key.endswith("WithChildren") for key in entity):
        below = tuple(f"{one['FullName'].casefold()}:" for one in entries if one is not None)
        everyone = books.store.entries("Customer")
        found |= {one["ListID"] for one in everyone if one["FullName"].casefold().startswith(below)}
    return found


def _modified(books: Books, record: Obj, body: Obj) -> bool:
    at = datetime.fromisoformat(record["TimeModified"])
    after, before = body.get("FromModifiedDate"), body.get("ToModifiedDate")
    return (not after or at >= _moment(books, after)) and (not before or at <= _moment(books, before, end=True))


def _moment(books: Books, text: str, *, end: bool = False) -> datetime:
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text) and end:
        text += "T23:59:59"
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(books.time_zone))


def _between(value: str, low: str | None, high: str | None) -> bool:
    return (not low or value >= low) and (not high or value <= high)


def _matches(value: str, body: Obj, field_name: str) -> bool:
    text = value.casefold()
    criterion = body.get(f"{field_name}Filter")
    if criterion is not None:
        return _MATCH[criterion["MatchCriterion"]](text, criterion[field_name].casefold())
    span = body.get(f"{field_name}RangeFilter", {})
    low, high = span.get(f"From{field_name}", ""), span.get(f"To{field_name}", "")
    return _between(text, low.casefold(), high.casefold())


def _written(books: Books, body: Obj, rows: list[Row]) -> rets.Content:
    lines = body.get("IncludeLineItems") == "true"
    linked = body.get("IncludeLinkedTxns") == "true"
    content: rets.Content = []
    for kind, record in rows:
        if kind in TRANSACTIONS:
            ret = rets.txn(books, kind, record, lines=lines, linked=linked)
        else:
            ret = rets.entry(books, kind, record)
        content.append((f"{kind}Ret", ret))
    return content

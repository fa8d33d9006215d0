"""The exact requests of every write: pure, so that they can be frozen before they are sent.

Addresses and operations: Intuit's reference pages of each entity and of Batch, facts QBO 1.0, 2.1-2.3.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from syncro_quickbooks import exact_json
from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.sync.model import Operation

MINOR_VERSION = "75"  # the only one still supported (Intuit blog, 2025-01-21); sent so that a 76 cannot surprise us
MAX_MEMBERS = 30
MAX_BATCH_BYTES = 1_000_000
TAX_SERVICE = "TaxService"
_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,50}")
_BATCH_ID_LENGTH = 36
_MEMBER_ID = re.compile(r"[A-Za-z0-9_.:-]{1,10}")
_VOID_QUERY = {
    "Invoice": (("operation", "void"),),
    "Payment": (("operation", "update"), ("include", "void")),
    "SalesReceipt": (("operation", "update"), ("include", "void")),
    "BillPayment": (("operation", "update"), ("include", "void")),
}


@dataclass(frozen=True, slots=True)
class FrozenRequest:
    """A request whose bytes will not change. `path` is relative to /v3/company/{realm} and starts with a slash."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: bytes
    content_type: str = "application/json"

    @property
    def is_batch(self) -> bool:
        """Whether the members are listed in the body."""
        return self.path == "/batch"

    @property
    def target(self) -> str:
        """Path and query as they stand in the URL."""
        return f"{self.path}?{urlencode(self.query, quote_via=quote)}"


def single_request(entity: str, operation: Operation, body: JsonObject, request_id: str) -> FrozenRequest:
    """The request that creates, updates, voids or deletes one `entity` (QuickBooks' spelling, or TaxService).

    Void and delete take Id and SyncToken from `body` and send nothing else. Raises ValueError for an id QuickBooks
    would refuse (1-50 characters), a missing Id or SyncToken, and an entity that cannot be voided.
    """
    if not _REQUEST_ID.fullmatch(request_id):
        raise ValueError(f"{request_id!r} is no request id: 1-50 letters, digits and _.:-")
    extra: tuple[tuple[str, str], ...] = ()
    if operation is Operation.VOID:
        extra, body = _void_query(entity), _handle(entity, body, sparse=entity != "Invoice")
    elif operation is Operation.DELETE:
        extra, body = (("operation", "delete"),), _handle(entity, body, sparse=False)
    return FrozenRequest("POST", _path(entity, operation), (*extra, *_identified(request_id)), _encoded(body))


def batch_request(members: Sequence[tuple[str, str, Operation, JsonObject]], request_id: str) -> FrozenRequest:
    """The request that does up to 30 independent things: (bId, entity, operation, body) each.

    Raises ValueError for ids QuickBooks would refuse (request 1-36 characters, bId 1-10 and unique), no or too many
    members, more than 1 MB, and whatever `single_request` refuses.
    """
    if not _REQUEST_ID.fullmatch(request_id) or len(request_id) > _BATCH_ID_LENGTH:
        raise ValueError(f"{request_id!r} is no request id of a batch: 1-36 letters, digits and _.:-")
    if not 1 <= len(members) <= MAX_MEMBERS:
        raise ValueError(f"a batch has 1 to {MAX_MEMBERS} members, not {len(members)}")
    if len({bid for bid, _, _, _ in members}) != len(members):
        raise ValueError("two members of the batch have the same bId")
    items: list[Json] = [_member(bid, entity, operation, body) for bid, entity, operation, body in members]
    encoded = _encoded({"BatchItemRequest": items})
    if len(encoded) > MAX_BATCH_BYTES:
        raise ValueError(f"the batch has {len(encoded)} bytes, more than {MAX_BATCH_BYTES}")
    return FrozenRequest("POST", "/batch", _identified(request_id), encoded)


def query_batch(statements: Sequence[str]) -> FrozenRequest:
    """The request that asks several queries at once; the answer's bIds count them from "1"."""
    items: list[Json] = [{"bId": str(place), "Query": each} for place, each in enumerate(statements, start=1)]
    return FrozenRequest("POST", "/batch", (("minorversion", MINOR_VERSION),), _encoded({"BatchItemRequest": items}))


def _member(bid: str, entity: str, operation: Operation, body: JsonObject) -> JsonObject:
    if not _MEMBER_ID.fullmatch(bid):
        raise ValueError(f"{bid!r} is no bId: 1-10 letters, digits and _.:-")
    if entity == TAX_SERVICE:
        raise ValueError("the tax service takes no batches")
    if operation is Operation.VOID:
        _void_query(entity)  # refuses what has no void
        # Sparse, so that a QuickBooks which overlooked optionsData would not blank the document.
        return {"bId": bid, "operation": "update", "optionsData": "void", entity: _handle(entity, body, sparse=True)}
    if operation is Operation.DELETE:
        return {"bId": bid, "operation": "delete", entity: _handle(entity, body, sparse=False)}
    return {"bId": bid, "operation": str(operation), entity: body}


def _path(entity: str, operation: Operation) -> str:
    if entity != TAX_SERVICE:
        return f"/{entity.lower()}"
    if operation is not Operation.CREATE:
        raise ValueError("the tax service can only create (Intuit reference, TaxService)")
    return "/taxservice/taxcode"


def _void_query(entity: str) -> tuple[tuple[str, str], ...]:
    if entity not in _VOID_QUERY:
        raise ValueError(f"QuickBooks cannot void a {entity}")  # 400 code 500, or 200 with code 10000 (facts: QBO 1.0)
    return _VOID_QUERY[entity]


def _handle(entity: str, body: JsonObject, *, sparse: bool) -> JsonObject:
    handle = {name: body[name] for name in ("Id", "SyncToken") if isinstance(body.get(name), str)}
    if len(handle) != 2:
        raise ValueError(f"voiding or deleting a {entity} needs its Id and SyncToken as text")
    return {**handle, "sparse": True} if sparse else handle


def _identified(request_id: str) -> tuple[tuple[str, str], ...]:
    return (("requestid", request_id), ("minorversion", MINOR_VERSION))


def _encoded(body: JsonObject) -> bytes:
    return exact_json.dumps(body).encode("ascii")

"""The Syncro API as far as the integration calls it (facts: Syncro 2, its Swagger file)."""

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from ..quickbooks_online.faults import ConnectionDropped
from ..quickbooks_online.serve import make, running
from ..quickbooks_online.web import Request, Response, json_response, read_request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Obj: TypeAlias = dict[str, Any]
PAGE_SIZE = 25
DEFAULT_TOKEN = "syncro-token"
_KINDS = {
    "customers": "customer",
    "invoices": "invoice",
    "products": "product",
    "payments": "payment",
    "vendors": "vendor",
}
# What `query=` looks through in a list; Syncro searches some text fields, which ones is unpublished.
_SEARCHED = ("ref_num", "business_name", "firstname", "lastname", "email", "name", "number")


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One request and its status (None: the connection was dropped)."""

    time: datetime
    method: str
    path: str
    query: dict[str, str]
    body: Any
    status: int | None


class SyncroEmulator:
    """A WSGI application holding one account's things.

    `token` is the only API token it accepts. `drop_next_answer` makes the next POST succeed without an answer.
    """

    def __init__(self, token: str = DEFAULT_TOKEN, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._things: dict[str, dict[int, Obj]] = {kind: {} for kind in _KINDS}
        self.token = token
        self.drop_next_answer = False
        self.journal: list[JournalEntry] = []

    def load(self, kind: str, *things: Obj) -> None:
        """Add or replace things of a kind ("customers", "invoices" …) by their id."""
        with self._lock:
            for thing in things:
                self._things[kind][int(thing["id"])] = dict(thing)

    def all(self, kind: str) -> list[Obj]:
        """All things of a kind."""
        with self._lock:
            return [dict(thing) for thing in self._things[kind].values()]

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        request = read_request(environ)
        with self._lock:
            response = self._admin(request) or self._answer(request)
        status, headers = response.start()
        start_response(status, headers)
        return [response.body]

    def _admin(self, request: Request) -> Response | None:
        if request.path == "/_emulator/health":
            return json_response(200, {"status": "ok"})
        if request.path == "/_emulator/journal":
            entries = [{**asdict(entry), "time": entry.time.isoformat()} for entry in self.journal]
            return json_response(200, {"journal": entries})
        if request.path == "/_emulator/load" and request.method == "POST":
            for kind, things in json.loads(request.body).items():
                self.load(kind, *things)
            return json_response(200, {})
        return None

    def _answer(self, request: Request) -> Response:
        body = json.loads(request.body, parse_float=Decimal) if request.body else None
        response = self._route(request, body)
        dropped = self.drop_next_answer and request.method == "POST"
        status = None if dropped else response.status
        self.journal.append(JournalEntry(self._clock(), request.method, request.path, request.query, body, status))
        if dropped:
            self.drop_next_answer = False
            raise ConnectionDropped("done, answer lost")
        return response

    def _route(self, request: Request, body: Any) -> Response:
        if request.authorization != f"Bearer {self.token}":
            return json_response(401, {"error": "Not authorized"})
        parts = [part for part in request.path.split("/") if part]
        if parts[:2] != ["api", "v1"] or len(parts) not in (3, 4) or parts[2] not in _KINDS:
            return json_response(404, {"error": "Not found"})
        kind = parts[2]
        if len(parts) == 4:
            thing = self._things[kind].get(int(parts[3])) if parts[3].isdecimal() else None
            found = thing is not None and request.method == "GET"
            return json_response(200, {_KINDS[kind]: thing}) if found else json_response(404, {"error": "Not found"})
        if request.method == "GET":
            return self._list(kind, request.query)
        if request.method == "POST" and kind == "payments":
            return self._create_payment(body or {})
        return json_response(405, {"error": "Method not allowed"})

    def _list(self, kind: str, query: dict[str, str]) -> Response:
        words = query.get("query", "").casefold()
        found = [thing for thing in self._things[kind].values() if _matches(thing, words)]
        since = query.get("since_updated_at")
        if since:
            found = [thing for thing in found if str(thing.get("updated_at", "")) >= since]
        page = max(int(query.get("page", "1")), 1)
        pages = max(-(-len(found) // PAGE_SIZE), 1)
        meta = {"total_pages": pages, "page": page, "per_page": PAGE_SIZE, "total_entries": len(found)}
        return json_response(200, {kind: found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE], "meta": meta})

    def _create_payment(self, body: Obj) -> Response:
        """POST /payments: no idempotency key, so a repeat makes a second payment."""
        customer = self._things["customers"].get(int(body.get("customer_id") or 0))
        amount_cents = body.get("amount_cents")
        if customer is None or not isinstance(amount_cents, int):
            return json_response(
                422, {"success": False, "message": ["Customer and amount are required"], "params": body}
            )
        applied = {int(invoice) for invoice in body.get("apply_payments", {})} | (
            {body["invoice_id"]} if body.get("invoice_id") else set()
        )
        now = self._clock().isoformat()
        payment: Obj = {
            "id": max(self._things["payments"], default=0) + 1,
            "created_at": now,
            "updated_at": now,
            "success": True,
            "payment_amount": Decimal(amount_cents) / 100,
            "invoice_ids": sorted(applied),
            "ref_num": body.get("ref_num"),
            "applied_at": now,
            "payment_method": body.get("payment_method"),
            "customer": customer,
        }
        self._things["payments"][payment["id"]] = payment
        return json_response(200, {"payment": payment})


def _matches(thing: Obj, words: str) -> bool:
    return not words or any(words in str(thing.get(name) or "").casefold() for name in _SEARCHED)


@contextmanager
def serve(emulator: SyncroEmulator, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve on a real port (0: any free one); yields the base URL."""
    with running(make(emulator, host, port)) as url:
        yield url

"""Syncro's API over HTTP: tokens, the limit for each address, pages, irregular errors, failures on demand."""

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ..quickbooks_online.faults import ConnectionDropped, Fault, Faults, Step, parse_fault
from ..quickbooks_online.serve import make, running
from ..quickbooks_online.web import Request, Response, json_response, read_request
from .account import CREATABLE, KINDS, Invalid, Obj, SyncroAccount

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

LIMIT = 180  # requests a minute and address (Swagger)
PAGE_SIZE = {"vendors": 100}  # and 25 of everything else
DEFAULT_TOKEN = "syncro-token"
# What `query=` looks through in a list; Syncro searches some text fields, which ones is unpublished.
_SEARCHED = ("ref_num", "business_name", "firstname", "lastname", "email", "name", "number")
_FILTERS = ("email", "business_name", "firstname", "lastname", "name", "upc_code")


@dataclass(slots=True)
class JournalEntry:
    """One request and its status (None: the caller got no answer). `token` is the end of the token."""

    time: datetime
    address: str
    token: str
    method: str
    path: str
    query: dict[str, str]
    body: Any
    status: int | None = None


class SyncroEmulator:
    """A WSGI application. `faults` goes wrong on demand, by method, path and operation (create, read or list).

    `limit` is how many requests an address may make in any 60 seconds of the clock, None for any number.
    """

    def __init__(self, token: str | None = None, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._arrivals: dict[str, list[datetime]] = {}
        self._late: list[tuple[datetime, Callable[[], object]]] = []
        self.limit: int | None = LIMIT
        self.faults = Faults()
        self.accounts: dict[str, SyncroAccount] = {}
        self.journal: list[JournalEntry] = []
        if token:
            self.add_account(token)

    def add_account(self, token: str, subdomain: str = "demo") -> SyncroAccount:
        """A new, empty account that `token` opens."""
        with self._lock:
            self.accounts[token] = SyncroAccount(subdomain, self._clock)
            return self.accounts[token]

    def settle(self) -> None:
        """Carry out what a `late` fault put off, if its time has come."""
        with self._lock:
            due = [run for at, run in self._late if at <= self._clock()]
            self._late = [(at, run) for at, run in self._late if at > self._clock()]
            for run in due:
                run()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request; raises ConnectionDropped when a fault says so."""
        request = read_request(environ)
        with self._lock:
            self.settle()
            response = self._admin(request) or self._answer(request, environ.get("REMOTE_ADDR", ""))
        status, headers = response.start()
        start_response(status, headers)
        return [response.body]

    def _admin(self, request: Request) -> Response | None:
        if request.path == "/_emulator/health":
            return json_response(200, {"status": "ok"})
        if request.path == "/_emulator/journal":
            entries = [{**asdict(entry), "time": entry.time.isoformat()} for entry in self.journal]
            return json_response(200, {"journal": entries})
        if request.path == "/_emulator/faults" and request.method == "POST":
            self.faults.add(parse_fault(json.loads(request.body)))
            return json_response(200, {})
        if request.path == "/_emulator/accounts" and request.method == "POST":
            self.add_account(**json.loads(request.body))
            return json_response(200, {})
        if request.path == "/_emulator/load" and request.method == "POST":
            account = self.accounts[request.query.get("token", DEFAULT_TOKEN)]
            for kind, things in json.loads(request.body, parse_float=Decimal).items():
                account.load(kind, *things)
            return json_response(200, {})
        return None

    def _answer(self, request: Request, address: str) -> Response:
        token = request.authorization.removeprefix("Bearer ").strip()
        body = _parsed(request.body)
        entry = JournalEntry(self._clock(), address, token[-4:], request.method, request.path, request.query, body)
        self.journal.append(entry)
        if self._too_fast(address):
            # A 429, or an error in other clothes (facts: Syncro 2.1).
            response = json_response(429, {"error": "You have made a high number of requests, please slow down"})
        else:
            response = self._with_faults(request, token, body)
        entry.status = response.status
        return response

    def _too_fast(self, address: str) -> bool:
        if self.limit is None:
            return False
        now = self._clock()
        recent = [at for at in self._arrivals.get(address, []) if at > now - timedelta(seconds=60)]
        self._arrivals[address] = [*recent, now]  # what is refused counts, too: hammering does not help
        return len(recent) >= self.limit

    def _with_faults(self, request: Request, token: str, body: Any) -> Response:
        account = self.accounts.get(token)
        if account is None:
            return json_response(401, {"error": "Not authorized"})

        def perform() -> Response:
            return _route(account, request, body)

        hits = self.faults.for_request(request.method, request.path, account.subdomain, [_step(request, body)])
        fault = hits[0][0] if hits else None
        if fault is None:
            return perform()
        if fault.kind == "late":
            self._late.append((self._clock() + timedelta(seconds=fault.delay), perform))
        if fault.kind == "after":
            perform()
        if fault.kind in ("before", "after", "late"):
            raise ConnectionDropped(fault.kind, timed_out=fault.timed_out)
        return _in_shape(fault)


def _in_shape(fault: Fault) -> Response:
    """An answer instead of the real one, nothing done."""
    status = fault.status or 500
    if fault.shape == "html":
        return Response(status, b"<html><body>Application Error</body></html>", "text/html")
    if fault.shape == "empty":
        return Response(status)
    return json_response(status, {"error": fault.message or fault.detail})


def _step(request: Request, body: Any) -> Step:
    parts = [part for part in request.path.split("/") if part]
    operation = "create" if request.method == "POST" else "read" if len(parts) > 3 else "list"
    words = body if isinstance(body, dict) else {}
    names = frozenset(str(words[name]) for name in ("ref_num", "name", "business_name", "email") if words.get(name))
    return Step(operation, parts[2] if len(parts) > 2 else "", names=names)


def _route(account: SyncroAccount, request: Request, body: Any) -> Response:  # noqa: PLR0911 - a route each
    parts = [part for part in request.path.split("/") if part]
    if parts[:2] != ["api", "v1"] or len(parts) not in (3, 4):
        return json_response(404, {"error": "Not found"})
    kind, method = parts[2], request.method
    if kind == "me" and method == "GET":
        return json_response(200, {"user_id": 1, "user_email": "owner@example.com", "subdomain": account.subdomain})
    if kind not in KINDS:
        return json_response(404, {"error": "Not found"})
    if len(parts) == 4:
        thing = account.one(kind, parts[3]) if method == "GET" else None
        return json_response(200, {KINDS[kind]: thing}) if thing else json_response(404, {"message": "Not found"})
    if method == "GET":
        return _list(account, kind, request.query)
    if method == "POST" and kind in CREATABLE:
        return _create(account, kind, body)
    return json_response(405, {"error": "Method not allowed"})


def _create(account: SyncroAccount, kind: str, body: Any) -> Response:
    if not isinstance(body, dict):
        return json_response(400, {"error": ["The body is not a JSON object"]})
    try:
        return json_response(200, {KINDS[kind]: account.create(kind, body)})
    except Invalid as invalid:
        if kind == "payments":
            return json_response(422, {"errors": {"base": invalid.messages}})
        return json_response(422, {"success": False, "message": invalid.messages, "params": body})


def _list(account: SyncroAccount, kind: str, query: dict[str, str]) -> Response:
    size, page = PAGE_SIZE.get(kind, 25), max(int(query.get("page", "1")), 1)
    start, total = (page - 1) * size, account.count(kind)
    if set(query) <= {"page", "include_disabled"} and (kind != "customers" or query.get("include_disabled") == "true"):
        shown = account.page(kind, start, size)
    else:
        found = [thing for thing in account.all(kind) if _matches(kind, thing, query)]
        shown, total = found[start : start + size], len(found)
    answer: Obj = {kind: shown}
    if kind != "vendors":  # which have no meta (Swagger)
        answer["meta"] = {"total_pages": max(-(-total // size), 1), "page": page}
        if kind != "payments":
            answer["meta"] |= {"per_page": size, "total_entries": total}
    return json_response(200, answer)


def _matches(kind: str, thing: Obj, query: dict[str, str]) -> bool:
    if kind == "customers" and thing.get("disabled") and query.get("include_disabled") != "true":
        return False
    if kind == "invoices" and query.get("unpaid" if thing["is_paid"] else "paid") == "true":
        return False
    words = query.get("query", "").casefold()
    if words and not any(words in str(thing.get(name) or "").casefold() for name in _SEARCHED):
        return False
    if str(thing.get("updated_at", "")) < query.get("since_updated_at", ""):
        return False
    return all(query[name].casefold() in str(thing.get(name) or "").casefold() for name in _FILTERS if name in query)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body, parse_float=Decimal) if body else None
    except ValueError:
        return body.decode(errors="replace")


@contextmanager
def serve(emulator: SyncroEmulator, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve on a real port (0: any free one); yields the base URL."""
    with running(make(emulator, host, port)) as url:
        yield url

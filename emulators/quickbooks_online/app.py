"""The emulator: a WSGI application that plays Intuit's API, its OAuth server and the admin endpoints."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

from . import admin, first_answers, gateway, seed
from .api import Call, Forced, answer_time, understand
from .company import Company
from .faults import MEMBER_SHAPES, ConnectionDropped, Fault, Faults, Kind, Shape, Step
from .first_answers import FirstAnswers
from .journal import JournalEntry
from .limits import Limits
from .oauth import OAuth, Tokens
from .refusals import Refusal
from .web import Request, Response, compressed, json_response, read_request, refused

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_Armed: TypeAlias = dict[Kind, Fault]
_SECRETS = ("refresh_token", "code", "token")
_OAUTH: dict[tuple[str, str], Literal["authorize", "token", "revoke"]] = {
    ("GET", "/connect/oauth2"): "authorize",
    ("POST", "/oauth2/v1/tokens/bearer"): "token",
    ("POST", "/v2/oauth2/tokens/revoke"): "revoke",
}


@dataclass(slots=True)
class _Late:
    """A request whose caller hung up and which is done when its time comes."""

    due: datetime
    run: Callable[[], Response]


@dataclass(slots=True)
class _Arrival:
    """A request to a company's API on its way through the emulator."""

    request: Request
    realm: str
    token: str
    call: Call
    entry: JournalEntry
    forced: Forced

    @property
    def request_id(self) -> str:
        """The id its first answer is remembered by; reads have none, a batch of queries may."""
        once = self.call.kind == "write" or self.call.steps[0].operation == "batch"
        return self.request.query.get("requestid", "") if once else ""

    @property
    def is_batch(self) -> bool:
        """True for a batch."""
        return self.call.steps[0].operation == "batch"


class Emulator:
    """QuickBooks Online for tests: `emu(environ, start_response)`.

    clock: the emulator's time; sleep: how a `slow` fault waits. `enforce_limits` switches the throttles on;
    `read_allowance` is the month's metered reads for all realms together (None: no limit); `throttle_shape` is "json"
    or "xml"; `oauth` has the token server's switches; `journal` lists every request in order of arrival.
    """

    def __init__(
        self,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.RLock()
        self._at: datetime | None = None  # set while a late commit is carried out
        self._late: list[_Late] = []
        self._answers = FirstAnswers()
        self._requests = 0
        self.use_timers = False
        self.companies: dict[str, Company] = {}
        self.journal: list[JournalEntry] = []
        self.faults = Faults()
        self.limits = Limits()
        self.oauth = OAuth(self.now)
        self.enforce_limits = False
        self.read_allowance: int | None = None
        self.throttle_shape: Shape = "json"

    def add_company(
        self,
        realm: str,
        *,
        country: str = "US",
        tax_mode: str = "manual",
        custom_txn_numbers: bool = True,
        book_close_date: date | None = None,
        auto_apply_credit: bool = False,
        multi_currency: bool = False,
        name: str = "",
    ) -> Company:
        """A new company with the usual starting lists; tax_mode is "manual", "automated" (US) or "none"."""
        company = Company(
            realm=realm,
            country=country,
            tax_mode=tax_mode,
            custom_txn_numbers=custom_txn_numbers,
            book_close_date=book_close_date,
            auto_apply_credit=auto_apply_credit,
            multi_currency=multi_currency,
            name=name or f"Company {realm}",
            clock=self.now,
            before_look=self.settle,
        )
        seed.fill(company)
        with self._lock:
            self.companies[realm] = company
        return company

    def issue_tokens(self, realm: str) -> Tokens:
        """Access and refresh token for a caller that skips the authorisation."""
        with self._lock:
            return self.oauth.issue(realm)

    @property
    def refresh_grace(self) -> float:
        """Seconds a refresh token goes on working after it was rotated."""
        return self.oauth.refresh_grace

    @refresh_grace.setter
    def refresh_grace(self, seconds: float) -> None:
        self.oauth.refresh_grace = seconds

    @property
    def requestid_retention(self) -> timedelta:
        """How long first answers are replayed."""
        return self._answers.retention

    @requestid_retention.setter
    def requestid_retention(self, retention: timedelta) -> None:
        self._answers.retention = retention

    def now(self) -> datetime:
        """The emulator's time; inside a late commit, the time it was due."""
        return self._at or self._clock()

    def settle(self) -> None:
        """Carry out the late commits whose time has come."""
        with self._lock:
            if self._at is not None or not self._late:
                return
            now = self._clock()
            due = sorted((late for late in self._late if late.due <= now), key=lambda late: late.due)
            self._late = [late for late in self._late if late.due > now]
            for late in due:
                self._at = late.due
                try:
                    late.run()
                finally:
                    self._at = None

    def forget(self) -> None:
        """Empty the journal, disarm all faults, drop late commits and remembered answers, and reset the throttles."""
        with self._lock:
            self.journal.clear()
            self.faults.clear()
            self._late.clear()
            self._answers.clear()
            self.limits = Limits()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request; raises ConnectionDropped when a fault says so."""
        request = read_request(environ)
        response = self.handle(request)
        if request.accepts_gzip:
            response = compressed(response)
        status, headers = response.start()
        start_response(status, headers)
        return [response.body]

    def handle(self, request: Request) -> Response:
        """Answer one request; raises ConnectionDropped when a fault says so."""
        if request.path.startswith("/_emulator/"):
            return admin.handle(self, request)
        self.settle()
        parts = [part for part in request.path.split("/") if part]
        if parts[:2] == ["v3", "company"] and len(parts) > 3:
            response = self._company_request(request, parts[2], parts[3:])
        else:
            response = self._oauth_request(request)
        with self._lock:
            self._requests += 1
            tid = ("intuit_tid", f"1-{self._requests:08x}")
        return Response(response.status, response.body, response.content_type, [*response.headers, tid])

    def _company_request(self, request: Request, realm: str, path: list[str]) -> Response:
        call = understand(request, path)
        token = request.authorization.removeprefix("Bearer ").strip()
        entry = JournalEntry(
            time=self.now(),
            realm=realm,
            method=request.method,
            path=request.path,
            query=request.query,
            body=call.body,
            status=None,
            kind=call.kind,
            reads=call.reads,
            operation=call.description,
            token=token[-4:],
        )
        hits = self.faults.for_request(request.method, request.path, realm, call.steps)
        with self._lock:
            self.journal.append(entry)
        arrival = _Arrival(request, realm, token, call, entry, _forced(hits))
        response = self._with_faults(arrival, _armed(hits))
        entry.status = response.status
        return response

    def _with_faults(self, arrival: _Arrival, armed: _Armed) -> Response:
        refused = self._before(arrival.entry, armed) or self._gate(arrival)
        if refused is not None:
            return refused
        if late := armed.get("late"):
            self._do_later(arrival, late.delay)
            arrival.entry.note = "late"
            raise ConnectionDropped("dropped, to be done later", timed_out=late.timed_out)
        slow = armed.get("slow")
        response = self._do_slowly(arrival, slow.delay) if slow else self._perform(arrival)
        return _after(arrival.entry, armed, response)

    def _before(self, entry: JournalEntry, armed: _Armed) -> Response | None:
        """Faults that strike before anything is done."""
        if dropped := armed.get("before"):
            entry.note = "dropped before"
            raise ConnectionDropped("dropped before anything was done", timed_out=dropped.timed_out)
        refused = armed.get("status")
        return gateway.on_demand(refused, self.now()) if refused else None

    def _gate(self, arrival: _Arrival) -> Response | None:
        """Throttle, token and read allowance: answered before the API sees the request."""
        with self._lock:
            now, realm, reads = self.now(), arrival.realm, arrival.call.reads
            if self.enforce_limits and not self._admitted(arrival, now):
                return gateway.throttled(self.throttle_shape, now)
            token_realm = self.oauth.realm_of(arrival.token)
            if token_realm is None:
                return gateway.bad_token(now)
            if token_realm != realm or realm not in self.companies:
                return gateway.foreign_realm(now)
            if self.read_allowance is not None and reads and self.limits.reads_used + reads > self.read_allowance:
                return gateway.throttled(self.throttle_shape, now)
            self.limits.reads_used += reads
        return None

    def _admitted(self, arrival: _Arrival, now: datetime) -> bool:
        members = max(1, len(arrival.call.steps) - 1) if arrival.is_batch else 1
        return self.limits.admit(arrival.realm, now, batch=arrival.is_batch, members=members)

    def _perform(self, arrival: _Arrival, *, begun: bool = False) -> Response:
        """Do the request, or give its first answer again; `begun` requests hold their id already."""
        with self._lock:
            realm, request_id = arrival.realm, arrival.request_id
            try:
                first_answers.check(request_id, batch=arrival.is_batch)
                first = self._answers.recall(realm, request_id, self.now()) if request_id and not begun else None
                if first is not None:
                    arrival.entry.note = "replayed"
                    return first
                body = arrival.call.run(self.companies[realm], arrival.forced)
                if not arrival.call.bare:
                    body = {**body, "time": answer_time(self.now())}
                response = json_response(200, body)
            except Refusal as refusal:
                response = refused(refusal, answer_time(self.now()))
                if not first_answers.worth_remembering(refusal):
                    return response
            self._answers.finish(realm, request_id, self.now(), response)
            return response

    def _do_slowly(self, arrival: _Arrival, seconds: float) -> Response:
        known = self._begin(arrival)
        self._sleep(seconds)
        return self._perform(arrival, begun=not known)

    def _do_later(self, arrival: _Arrival, seconds: float) -> None:
        if self._begin(arrival):
            return  # a repeat: the first one is done or on its way, nothing happens twice
        with self._lock:
            due = self.now() + timedelta(seconds=seconds)
            self._late.append(_Late(due, lambda: self._perform(arrival, begun=True)))
        if self.use_timers:
            timer = threading.Timer(seconds + 0.01, self.settle)
            timer.daemon = True
            timer.start()

    def _begin(self, arrival: _Arrival) -> bool:
        """Mark the request id as being worked on; True if it was known already."""
        with self._lock:
            known = self._answers.knows(arrival.realm, arrival.request_id, self.now())
            self._answers.begin(arrival.realm, arrival.request_id, self.now())
            return known

    def _oauth_request(self, request: Request) -> Response:
        operation = _OAUTH.get((request.method, request.path))
        if operation is None:
            return json_response(404, {"error": "not_found"})
        realm = request.query.get("realm") or request.query.get("login_hint") or next(iter(self.companies), "")
        entry = _oauth_entry(request, operation, realm, self.now())
        armed = _armed(self.faults.for_request(request.method, request.path, realm, [Step(operation)]))
        with self._lock:
            self.journal.append(entry)
        response = self._before(entry, armed)
        if response is None and (told := armed.get("error")):
            response = json_response(told.status or 400, {"error": told.code, "error_description": told.detail})
        if response is None:
            if slow := armed.get("slow"):
                self._sleep(slow.delay)
            with self._lock:
                response = self.oauth.answer(operation, request, realm)
            response = _after(entry, armed, response)
        entry.status = response.status
        return response


def _after(entry: JournalEntry, armed: _Armed, response: Response) -> Response:
    """Faults that strike when everything is done."""
    if dropped := armed.get("after"):
        entry.note = "dropped after"
        raise ConnectionDropped("done, answer lost", timed_out=dropped.timed_out)
    if "truncate" in armed:
        entry.note = "truncated"
        half = response.body[: len(response.body) // 2]
        return Response(response.status, half, response.content_type, response.headers)
    return response


def _oauth_entry(request: Request, operation: str, realm: str, now: datetime) -> JournalEntry:
    body = {} if request.method == "GET" or "json" in request.content_type else request.form()
    shown = {key: value[-4:] if key in _SECRETS else value for key, value in body.items()}
    query = {key: value for key, value in request.query.items() if key != "state"}
    return JournalEntry(
        time=now,
        realm=realm,
        method=request.method,
        path=request.path,
        query=query,
        body=shown,
        status=None,
        kind="oauth",
        reads=0,
        operation=operation,
        token="",
    )


def _armed(hits: list[tuple[Fault, list[Step]]]) -> _Armed:
    """The faults that hit a request, by kind; the one armed first wins."""
    return {fault.kind: fault for fault, _ in reversed(hits)}


def _forced(hits: list[tuple[Fault, list[Step]]]) -> Forced:
    refusals = {
        "" if fault.whole or fault.shape not in MEMBER_SHAPES else step.bid: fault
        for fault, steps in reversed(hits)
        if fault.kind == "error"
        for step in steps
    }
    omitted = frozenset(step.bid for fault, steps in hits if fault.kind == "omit" for step in steps)
    return Forced(refusals, omitted)

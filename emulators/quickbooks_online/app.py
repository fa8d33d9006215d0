"""The emulator: a WSGI application that plays Intuit's API, OAuth server and the admin endpoints."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from . import refusals, seed
from .api import Call, Forced, answer_time, understand
from .company import Company
from .faults import ConnectionDropped, Fault, Faults
from .http import Request, Response, compressed, fault_response, gateway_message, json_response, read_request
from .journal import JournalEntry
from .limits import Limits
from .oauth import OAuth, Tokens
from .refusals import Refusal

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MAX_REQUEST_ID = 50
MAX_BATCH_REQUEST_ID = 36
_SECRETS = ("refresh_token", "code", "token")
_OAUTH = {
    ("GET", "/connect/oauth2"): "authorize",
    ("POST", "/oauth2/v1/tokens/bearer"): "token",
    ("POST", "/v2/oauth2/tokens/revoke"): "revoke",
}


@dataclass(slots=True)
class _Remembered:
    """The first answer to a request id; None while it is being worked on."""

    at: datetime
    response: Response | None


@dataclass(slots=True)
class _Late:
    """A request whose caller hung up and which is done when its time comes."""

    due: datetime
    run: Callable[[], Response]


class Emulator:
    """QuickBooks Online for tests: `emu(environ, start_response)`.

    clock: the emulator's time; sleep: how a `slow` fault waits. `requestid_retention` is how long first answers are
    replayed (unpublished, facts: QBO 2.2); `enforce_limits` switches the throttles on; `read_allowance` is the month's
    metered reads for all realms together (None: no limit); `throttle_shape` is "json" or "xml".
    """

    def __init__(
        self, clock: Callable[[], datetime] = lambda: datetime.now(UTC), sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.RLock()
        self._at: datetime | None = None  # set while a late commit is carried out
        self._remembered: dict[tuple[str, str], _Remembered] = {}
        self._late: list[_Late] = []
        self._tid = 0
        self._seeds: dict[str, dict[str, object]] = {}
        self.use_timers = False
        self.companies: dict[str, Company] = {}
        self.journal: list[JournalEntry] = []
        self.faults = Faults()
        self.limits = Limits()
        self.oauth = OAuth(self.now)
        self.requestid_retention = timedelta(hours=24)
        self.enforce_limits = False
        self.read_allowance: int | None = None
        self.throttle_shape: str = "json"

    # Companies and tokens

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
            self._remembered.clear()
            self.limits = Limits()

    # Requests

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
            from .admin import handle_admin  # noqa: PLC0415  # admin knows the emulator; importing it above would be a circle

            return handle_admin(self, request)
        self.settle()
        parts = [part for part in request.path.split("/") if part]
        if parts[:2] == ["v3", "company"] and len(parts) > 3:
            response = self._company_request(request, parts[2], parts[3:])
        else:
            response = self._oauth_request(request)
        with self._lock:
            self._tid += 1
            tid = f"1-{self._tid:08x}"
        return Response(response.status, response.body, response.content_type, [*response.headers, ("intuit_tid", tid)])

    def _company_request(self, request: Request, realm: str, path: list[str]) -> Response:
        call = understand(request, path)
        token = request.authorization.removeprefix("Bearer ").strip()
        entry = JournalEntry(
            self.now(),
            realm,
            request.method,
            request.path,
            request.query,
            call.body,
            None,
            call.kind,
            call.reads,
            call.description,
            token[-4:],
        )
        hits = self.faults.for_request(request.method, request.path, realm, call.steps)
        with self._lock:
            self.journal.append(entry)
        response = self._with_faults(request, realm, token, call, entry, [fault for fault, _ in hits], _forced(hits))
        entry.status = response.status
        return response

    def _with_faults(
        self,
        request: Request,
        realm: str,
        token: str,
        call: Call,
        entry: JournalEntry,
        faults: list[Fault],
        forced: Forced,
    ) -> Response:
        by_kind = {fault.kind: fault for fault in reversed(faults)}
        if dropped := by_kind.get("before"):
            entry.note = "dropped before"
            raise ConnectionDropped("dropped before anything was done", timed_out=dropped.timed_out)
        if refused := by_kind.get("status"):
            return self._status_response(refused)
        refusal = self._gate(realm, token, call)
        if refusal is not None:
            return refusal
        if late := by_kind.get("late"):
            self._do_later(request, realm, call, entry, forced, late.delay)
            entry.note = "late"
            raise ConnectionDropped("dropped, to be done later", timed_out=late.timed_out)
        if slow := by_kind.get("slow"):
            entry.note = "slow"
            self._mark_in_flight(request, realm, call)
            self._sleep(slow.delay)
        response = self._perform(request, realm, call, entry, forced, resumed="slow" in by_kind)
        if after := by_kind.get("after"):
            entry.note = "dropped after"
            raise ConnectionDropped("done, answer lost", timed_out=after.timed_out)
        if "truncate" in by_kind:
            entry.note = "truncated"
            return Response(
                response.status, response.body[: len(response.body) // 2], response.content_type, response.headers
            )
        return response

    def _gate(self, realm: str, token: str, call: Call) -> Response | None:
        """Throttle and token: the gateway's answers, given before the API sees the request."""
        with self._lock:
            now = self.now()
            if self.enforce_limits and not self.limits.admit(realm, now, batch=call.steps[0].operation == "batch"):
                return self._throttled()
            token_realm = self.oauth.realm_of(token)
            if token_realm is None:
                message = gateway_message("AuthenticationFailed", "3200", 401)
                return fault_response(
                    401, "lowercase", "3200", message, "Token expired or unknown", "AUTHENTICATION", ""
                )
            if token_realm != realm or realm not in self.companies:
                message = gateway_message("ApplicationAuthorizationFailed", "3100", 403)
                return fault_response(
                    403, "lowercase", "3100", message, "Token is not valid for this company", "AUTHORIZATION", ""
                )
            if (
                self.read_allowance is not None
                and call.reads
                and self.limits.reads_used + call.reads > self.read_allowance
            ):
                return self._throttled()
            self.limits.reads_used += call.reads
        return None

    def _perform(
        self, request: Request, realm: str, call: Call, entry: JournalEntry, forced: Forced, *, resumed: bool = False
    ) -> Response:
        """Do the request, or replay its first answer."""
        with self._lock:
            company = self.companies[realm]
            request_id = (
                request.query.get("requestid", "") if call.kind == "write" or call.steps[0].operation == "batch" else ""
            )
            try:
                _check_request_id(request_id, call)
                if request_id and not resumed:
                    remembered = self._recall(realm, request_id)
                    if remembered is not None:
                        entry.note = "replayed"
                        return remembered
                response = json_response(200, {**call.run(company, forced), "time": answer_time(self.now())})
            except Refusal as refusal:
                response = json_response(refusal.status, {"Fault": refusal.fault(), "time": answer_time(self.now())})
                if refusal.errors[0].code in ("600", "2130"):
                    return response
            if request_id:
                self._remembered[realm, request_id] = _Remembered(self.now(), response)
            return response

    def _recall(self, realm: str, request_id: str) -> Response | None:
        """The first answer to a request id (also a refusal: unknown, so the careful reading; facts: QBO 2.2)."""
        remembered = self._remembered.get((realm, request_id))
        if remembered is None or remembered.at + self.requestid_retention <= self.now():
            return None
        if remembered.response is None:
            raise refusals.duplicate_request_id(request_id)
        return remembered.response

    def _mark_in_flight(self, request: Request, realm: str, call: Call) -> None:
        request_id = request.query.get("requestid", "")
        if request_id and call.kind == "write":
            with self._lock:
                self._remembered.setdefault((realm, request_id), _Remembered(self.now(), None))

    def _do_later(
        self, request: Request, realm: str, call: Call, entry: JournalEntry, forced: Forced, delay: float
    ) -> None:
        request_id = request.query.get("requestid", "")
        with self._lock:
            known = self._remembered.get((realm, request_id)) if request_id else None
            if known is not None and known.at + self.requestid_retention > self.now():
                return  # a repeat: the first one is done or on its way, nothing happens twice
            self._mark_in_flight(request, realm, call)
            due = self.now() + timedelta(seconds=delay)
            self._late.append(_Late(due, lambda: self._perform(request, realm, call, entry, forced, resumed=True)))
        if self.use_timers:
            timer = threading.Timer(delay + 0.01, self.settle)
            timer.daemon = True
            timer.start()

    def _oauth_request(self, request: Request) -> Response:
        operation = _OAUTH.get((request.method, request.path))
        if operation is None:
            return json_response(404, {"error": "not_found"})
        body = {} if request.method == "GET" or "json" in request.content_type else request.form()
        shown = {key: value[-4:] if key in _SECRETS else value for key, value in body.items()}
        query = {key: value for key, value in request.query.items() if key != "state"}
        realm = request.query.get("realm") or request.query.get("login_hint") or next(iter(self.companies), "")
        entry = JournalEntry(
            self.now(), realm, request.method, request.path, query, shown, None, "oauth", 0, operation, ""
        )
        from .faults import Step  # noqa: PLC0415

        faults = [fault for fault, _ in self.faults.for_request(request.method, request.path, realm, [Step(operation)])]
        by_kind = {fault.kind: fault for fault in reversed(faults)}
        with self._lock:
            self.journal.append(entry)
        if dropped := by_kind.get("before"):
            entry.note = "dropped before"
            raise ConnectionDropped("dropped before anything was done", timed_out=dropped.timed_out)
        if refused := by_kind.get("status"):
            response = self._status_response(refused)
        else:
            with self._lock:
                response = self._oauth_answer(operation, request, realm)
        if dropped := by_kind.get("after"):
            entry.note = "dropped after"
            raise ConnectionDropped("done, answer lost", timed_out=dropped.timed_out)
        entry.status = response.status
        return response

    def _oauth_answer(self, operation: str, request: Request, realm: str) -> Response:
        if operation == "authorize":
            return self.oauth.authorize(request, realm)
        return self.oauth.token(request) if operation == "token" else self.oauth.revoke(request)

    def _throttled(self) -> Response:
        shape = "xml" if self.throttle_shape == "xml" else "json"
        return fault_response(
            429,
            shape,
            "3001",
            gateway_message("ThrottleExceeded", "3001", 429),
            "The request limit was reached.  Try again later",
            "SERVICE",
            answer_time(self.now()),
        )

    def _status_response(self, fault: Fault) -> Response:
        if fault.status == 429:
            code, message, kind = "3001", gateway_message("ThrottleExceeded", "3001", 429), "SERVICE"
        elif fault.status == 401:
            code, message, kind = "3200", gateway_message("AuthenticationFailed", "3200", 401), "AUTHENTICATION"
        elif fault.status == 403:
            code, message, kind = (
                "3100",
                gateway_message("ApplicationAuthorizationFailed", "3100", 403),
                "AUTHORIZATION",
            )
        else:
            code, message, kind = (
                "10000",
                "An application error has occurred while processing your request",
                "SystemFault",
            )
        return fault_response(
            fault.status, fault.shape, code, message, "Answered on demand", kind, answer_time(self.now())
        )


def _check_request_id(request_id: str, call: Call) -> None:
    limit = MAX_BATCH_REQUEST_ID if call.steps[0].operation == "batch" else MAX_REQUEST_ID
    if len(request_id) > limit:
        raise refusals.invalid_value("2130", "Invalid Request Id Format", "requestid", request_id)


def _forced(hits: list[tuple[Fault, list]]) -> Forced:  # type: ignore[type-arg]
    forced = {step.bid: fault for fault, steps in reversed(hits) if fault.kind == "error" for step in steps}
    omitted = frozenset(step.bid for fault, steps in hits if fault.kind == "omit" for step in steps)
    return Forced(forced, omitted)

"""What QuickBooks Online says when it does not say yes: the four shapes of a fault, and our names for what it means.

Shapes and codes: Intuit's "Error codes" page, facts QBO 2.7. Nothing here decides about records; it only separates
what is definite ("refused, nothing was done") from what is not known ("no answer we can read").
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from syncro_quickbooks import exact_json
from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.sync.model import Problem


@dataclass(frozen=True, slots=True)
class Fault:
    """One error of a fault. `code` has no leading zeros ("003200" and "3200" are the same code)."""

    code: str
    message: str
    detail: str = ""
    element: str = ""


class QuickBooksError(Exception):
    """Something between us and QuickBooks Online did not work. The text never holds tokens, names or amounts."""


class Throttled(QuickBooksError):
    """Too many requests: nothing was done. `retry_after` is in seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"QuickBooks asks us to slow down; the next attempt is possible in {retry_after:.0f} s")
        self.retry_after = retry_after


class ReadAllowanceExhausted(QuickBooksError):
    """The month's allowance of metered reads is used up for this purpose; the read was not made."""


class NotEnoughTime(QuickBooksError):
    """The write was not sent: its answer could come after the deadline of this run."""


class Reconnect(QuickBooksError):
    """The connection is no longer allowed to talk to the company: pause it and ask for a new consent."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.code}: {problem.message}")
        self.problem = problem


class AccountBlocked(QuickBooksError):
    """QuickBooks refuses the whole company for now: pause it. `retry_after` is in seconds."""

    def __init__(self, problem: Problem, retry_after: float) -> None:
        super().__init__(f"{problem.code}: {problem.message}")
        self.problem = problem
        self.retry_after = retry_after


class Unavailable(QuickBooksError):
    """No answer, or none that tells what happened: nothing is known about what was asked.

    `reason` is one of connect_timeout, read_timeout, connection_lost, unreadable, fault_<code>, http_<status> and
    token_refresh_busy.
    `answered` tells whether a status line arrived.
    """

    def __init__(
        self, reason: str, *, status: int | None = None, explanation: str = "", faults: tuple[Fault, ...] = ()
    ) -> None:
        seen = f"HTTP {status}" if status is not None else "no answer"
        super().__init__(f"QuickBooks is not available ({reason}, {seen}){': ' + explanation if explanation else ''}")
        self.reason = reason
        self.status = status
        self.answered = status is not None
        self.faults = faults


class RequestRefused(QuickBooksError):
    """A definite refusal of the whole request (a read, a query or a whole batch): nothing of it was done."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__(f"QuickBooks refused the request (code {', '.join(fault.code for fault in faults)})")
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Clean:
    """A 2xx answer with a JSON object and no fault in it. Whether it holds what was asked for is the caller's check."""

    body: JsonObject


@dataclass(frozen=True, slots=True)
class Faulted:
    """A readable fault. `kind` is Intuit's type (ValidationFault, SystemFault, AUTHENTICATION …), `status` HTTP's."""

    faults: tuple[Fault, ...]
    kind: str
    status: int = 200


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An answer that says nothing we can rely on."""

    explanation: str


Reading: TypeAlias = Clean | Faulted | Unreadable


def parse_faults(status: int, content_type: str, body: bytes) -> Reading:
    """Read an answer: clean, faulted (whatever the status: QuickBooks sends faults with 200) or unreadable.

    Knows `{"Fault": …}`, the gateway's lower-case `{"fault": …}`, XML in spite of `Accept: application/json`, and
    OAuth's `{"error": …}`; HTML, empty, truncated and unexpected bodies are Unreadable. Never raises.
    """
    text = body.strip()
    if not text:
        return Unreadable("the answer is empty")
    if text.startswith(b"<"):
        reading: Reading = _read_xml(text, content_type)
    else:
        reading = _read_json(status, text)
    return replace(reading, status=status) if isinstance(reading, Faulted) else reading


def _read_json(status: int, text: bytes) -> Reading:
    try:
        value = exact_json.loads(text)
    except ValueError:
        return Unreadable("the answer is not complete JSON")
    if not isinstance(value, dict):
        return Unreadable("the answer is not a JSON object")
    fault = fault_of(value) or (_read_oauth(value) if isinstance(value.get("error"), str) else None)
    if fault is not None:
        return fault
    if not 200 <= status < 300:
        return Unreadable("the answer is an error without a fault")
    return Clean(value)


def fault_of(value: Mapping[str, Json]) -> Faulted | Unreadable | None:
    """The fault inside an answer or one member of a batch answer; None if it has none."""
    for key in ("Fault", "fault"):
        if value.get(key) is not None:
            return _read_fault(value[key])
    return None


def _read_fault(fault: Json) -> Faulted | Unreadable:
    if not isinstance(fault, dict):
        return Unreadable("the fault is not an object")
    errors = fault.get("Error") or fault.get("error")
    found = [_json_error(error) for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    if not found:
        return Unreadable("the fault names no error")
    return Faulted(tuple(found), _text(fault.get("type")))


def _read_oauth(value: JsonObject) -> Faulted:
    error = Fault(_text(value["error"]), _text(value["error"]), _text(value.get("error_description")))
    return Faulted((error,), "OAUTH")


def _json_error(error: Mapping[str, Json]) -> Fault:
    def field(name: str) -> str:
        return _text(error.get(name)) or _text(error.get(name.capitalize()))

    return _fault(field("code"), field("message"), field("detail"), field("element"))


def _read_xml(text: bytes, content_type: str) -> Faulted | Unreadable:
    """Throttling and authentication answers come as XML even for JSON requests (facts: QBO 2.7 c)."""
    if b"<!" in text or "html" in content_type.lower():
        return Unreadable("the answer is a web page")
    from xml.etree import ElementTree as ET  # noqa: PLC0415 - rare, and costs start-up time

    try:
        root = ET.fromstring(text)  # noqa: S314 - declarations were refused above, so there are no entities to expand
    except ET.ParseError:
        return Unreadable("the answer is not complete XML")
    fault = root.find("{*}Fault")
    errors = [] if fault is None else fault.findall("{*}Error")
    if fault is None or not errors:
        return Unreadable("the answer is XML without a fault")
    found = [
        _fault(e.get("code", ""), e.findtext("{*}Message", ""), e.findtext("{*}Detail", ""), e.get("element", ""))
        for e in errors
    ]
    return Faulted(tuple(found), fault.get("type", ""))


def _fault(code: str, message: str, detail: str, element: str) -> Fault:
    if (
        not code.strip() and "errorCode=" in message
    ):  # gateway texts carry the code: "…; errorCode=003001; statusCode=403"
        code = message.split("errorCode=", 1)[1].split(";", 1)[0]
    code = code.strip()
    return Fault(code.lstrip("0") or code[:1] or "unknown", message.strip(), detail.strip(), element.strip())


def _text(value: Json) -> str:
    return value if isinstance(value, str) else "" if value is None or isinstance(value, dict | list) else str(value)

"""What Intuit's gateway answers before, or instead of, the accounting API (facts: QBO 2.7)."""

from datetime import datetime

from .api import answer_time
from .faults import Fault, Shape
from .web import Response, fault_response, gateway_message

_KNOWN = {
    401: ("AuthenticationFailed", "3200", "AUTHENTICATION"),
    403: ("ApplicationAuthorizationFailed", "3100", "AUTHORIZATION"),
    429: ("ThrottleExceeded", "3001", "SERVICE"),
}


def refusal(status: int, shape: Shape, detail: str, now: datetime) -> Response:
    """A 401, 403 or 429 as the gateway words it, any other status as QuickBooks' own 10000."""
    if status in _KNOWN:
        name, code, kind = _KNOWN[status]
        return fault_response(status, shape, code, gateway_message(name, code, status), detail, kind, answer_time(now))
    message = "An application error has occurred while processing your request"
    return fault_response(status, shape, "10000", message, detail, "SystemFault", answer_time(now))


def bad_token(now: datetime) -> Response:
    """401 in the recorded lower-case shape."""
    return refusal(401, "lowercase", "Token expired or unknown", now)


def foreign_realm(now: datetime) -> Response:
    """403: the token belongs to another company."""
    return refusal(403, "lowercase", "Token is not valid for this company", now)


def throttled(shape: Shape, now: datetime) -> Response:
    """429 in the recorded words; XML answers to JSON requests have been seen."""
    return refusal(429, shape, "The request limit was reached.  Try again later", now)


def on_demand(fault: Fault, now: datetime) -> Response:
    """The answer of a `status` fault."""
    return refusal(fault.status or 500, fault.shape, "Answered on demand", now)

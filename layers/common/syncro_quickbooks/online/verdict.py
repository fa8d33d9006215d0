"""What an answer means for the whole request: about the connection, unknown, or definite."""

from syncro_quickbooks.online.faults import (
    AccountBlocked,
    Clean,
    Fault,
    Faulted,
    Reading,
    Reconnect,
    Throttled,
    Unavailable,
    Unreadable,
)
from syncro_quickbooks.sync.catalogue import explain

THROTTLE_PAUSE = 60.0  # seconds; Intuit says to wait 60 s on a 429 (facts: QBO 2.7)
TOKEN_CODES = frozenset({"100", "110", "3200"})  # this access token is not accepted
CONSENT_CODES = frozenset({"120", "3100"})  # this connection is not accepted
BLOCKED_PAUSE = {"140": 3600.0, "6190": 86_400.0, "10200": 86_400.0}  # seconds until a company is asked again
# The server failed or is busy with the same request id: whether the request was done is not said (facts: QBO 2.7).
UNDECIDED_CODES = frozenset({"130", "150", "600", "1000", "1010", "1020", "4002", "10000"})
_CONNECTION = "The QuickBooks connection"


def is_token_refused(status: int, reading: Reading) -> bool:
    """Whether the access token was refused, which means that nothing was done."""
    return status == 401 or bool(TOKEN_CODES & _codes(reading))


def judge(status: int, reading: Reading, retry_after: float | None) -> Clean | Faulted:
    """The answer if it is about the request itself; a fault in it may still be undecided (`undecided_code`).

    Raises Throttled, Reconnect or AccountBlocked for what concerns the whole company, and Unavailable where nothing is
    known: any 5xx and an answer that cannot be read.
    """
    if is_throttled(status, reading):
        raise Throttled(max(THROTTLE_PAUSE, retry_after or 0.0))
    faults = reading.faults if isinstance(reading, Faulted) else ()
    for fault in faults:
        _raise_for_company(fault)
    if is_token_refused(status, reading):
        raise token_refused(faults)
    if status == 413:  # turned away at the door for its size, whatever page says so: nothing was done
        return Faulted((Fault("413", "Request entity too large"),), "SERVICE", status)
    if status >= 500:
        raise Unavailable(f"http_{status}", status=status, faults=faults)
    if isinstance(reading, Unreadable):
        raise Unavailable("unreadable", status=status, explanation=reading.explanation)
    if status == 403 and undecided_code(faults) is None:
        raise _reconnect(faults[0] if faults else Fault("3100", "HTTP 403"))
    return reading


def is_throttled(status: int, reading: Reading) -> bool:
    """Whether QuickBooks turned the request away for its rate; older gateways answer 403 for it."""
    faults = reading.faults if isinstance(reading, Faulted) else ()
    return status == 429 or any(f.code in ("3001", "429") or "ThrottleExceeded" in f.message for f in faults)


def undecided_code(faults: tuple[Fault, ...]) -> str | None:
    """The first code that does not tell whether the request was done."""
    return next((fault.code for fault in faults if fault.code in UNDECIDED_CODES), None)


def token_refused(faults: tuple[Fault, ...]) -> Reconnect:
    """What a 401 means when a fresh token did not help."""
    return _reconnect(faults[0] if faults else Fault("3200", "HTTP 401"))


def _raise_for_company(fault: Fault) -> None:
    if fault.code in CONSENT_CODES:
        raise _reconnect(fault)
    if fault.code in BLOCKED_PAUSE:
        _, problem = explain(fault.code, fault.message, fault.detail, _CONNECTION)
        raise AccountBlocked(problem, BLOCKED_PAUSE[fault.code])


def _reconnect(fault: Fault) -> Reconnect:
    _, problem = explain(fault.code, fault.message, fault.detail, _CONNECTION)
    return Reconnect(problem)


def _codes(reading: Reading) -> set[str]:
    return {fault.code for fault in reading.faults} if isinstance(reading, Faulted) else set()

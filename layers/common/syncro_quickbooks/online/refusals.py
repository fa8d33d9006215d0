"""Whether a refusal is about the record, the account, or says nothing about either."""

from collections.abc import Sequence
from datetime import timedelta

from syncro_quickbooks.online import verdict
from syncro_quickbooks.online.client import Refused
from syncro_quickbooks.online.faults import (
    AccountBlocked,
    Fault,
    Faulted,
    QuickBooksError,
    Reconnect,
    Throttled,
    Unavailable,
)
from syncro_quickbooks.sync.catalogue import RetryClass, explain

DUPLICATE_REQUEST_ID = "600"

_BLOCKED_FOR = timedelta(hours=1)


def is_definite(refused: Refused) -> bool:
    """Whether the refusal is about the member: a fault of the server, the line or the whole account is not."""
    classes = {explain(fault.code, fault.message, fault.detail, "")[0] for fault in refused.faults}
    of_record = not classes & {RetryClass.TRANSIENT, RetryClass.ACCOUNT}
    return of_record and not any(fault.code == DUPLICATE_REQUEST_ID for fault in refused.faults)


def of_account(faults: Sequence[Fault]) -> QuickBooksError | None:
    """What one member's faults mean for the whole account, if anything; a refused token is simply refreshed."""
    try:
        verdict.judge(200, Faulted(tuple(faults), ""), None)
    except Reconnect as reconnect:
        return None if verdict.TOKEN_CODES & {fault.code for fault in faults} else reconnect
    except (Throttled, AccountBlocked) as pause:
        return pause
    except Unavailable:
        return None
    for fault in faults:
        retry_class, problem = explain(fault.code, fault.message, fault.detail, "The QuickBooks company")
        if retry_class is RetryClass.ACCOUNT and fault.code not in verdict.TOKEN_CODES:
            return AccountBlocked(problem, _BLOCKED_FOR.total_seconds())
    return None

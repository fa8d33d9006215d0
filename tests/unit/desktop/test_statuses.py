"""Every status code that a request of ours can meet (facts: QBD 2.3) says what happened and what follows."""

import pytest

from syncro_quickbooks.desktop.qbxml.reading import Reply
from syncro_quickbooks.desktop.statuses import Next, explain

LOCKED = "There was an error when saving a Invoice.  QuickBooks error message: The transaction could not be locked."
LIST = "There was an error when saving a Customers list.  QuickBooks error message: This list has been modified by another user."  # noqa: E501
POSITIVE = "There was an error when saving a Invoice.  QuickBooks error message: Transaction amount must be positive."


@pytest.mark.parametrize(
    ("code", "message", "what"),
    [
        (1000, "", Next.RETRY),
        (1010, "", Next.RETRY),
        (1030, "", Next.BUG),
        (1060, "", Next.BUG),
        *[
            (code, "", Next.BUG)
            for code in (3000, 3010, 3020, 3030, 3031, 3035, 3040, 3045, 3050, 3060, 3070, 3080, 3090)
        ],
        (3100, 'The name "X" of the list element is already in use.', Next.NAME_TAKEN),
        (3110, "", Next.BUG),
        (3120, "", Next.NOT_THERE),
        (3130, "", Next.NOT_THERE),
        (3140, "", Next.NOT_THERE),
        (3150, "", Next.BUG),
        (3170, LOCKED, Next.RETRY),
        (3170, "closed", Next.ASK),
        (3171, "", Next.ASK),
        (3175, LOCKED, Next.RETRY),
        (3176, LOCKED, Next.RETRY),
        (3180, LIST, Next.RETRY),
        (3180, POSITIVE, Next.ASK),
        (3200, "", Next.STALE),
        (3210, "", Next.OVERPAID),
        (3231, "", Next.SEND_AGAIN),
        (3250, "", Next.ASK),
        (3260, "", Next.ASK),
        (3261, "", Next.ASK),
        (3262, "", Next.ASK),
        (3270, "", Next.ASK),
        (3290, "", Next.BUG),
        (9101, "", Next.SEND_AGAIN),
        (4711, "", Next.UNKNOWN),
    ],
)
def test_a_code_s_consequence(code: int, message: str, what: Next) -> None:
    found, problem = explain(Reply("InvoiceAdd", "1", code, "Error", message), "Invoice 1001")
    assert found is what
    assert problem.code == f"qbd_{code}"
    assert "nvoice 1001" in problem.message
    assert problem.fix
    assert problem.verbatim == f"{message} (code {code})"
    assert problem.actions or what in (Next.RETRY, Next.SEND_AGAIN)

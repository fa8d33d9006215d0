"""A deleted invoice is voided only where nobody's work is undone by it."""

from dataclasses import replace
from datetime import date

import pytest

from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.online.company import Company
from syncro_quickbooks.online.mapping.deletion import map_deletion
from syncro_quickbooks.sync.model import Attention, Decision, Kind, Nothing, Operation, RecordKey, Skip, Write
from syncro_quickbooks.sync.settings import InvoiceDeletion
from tests.unit.mapping.mapping_builders import SETTINGS, US

KEY = RecordKey(Kind.INVOICE, "9001")
OPEN: JsonObject = {
    "Id": "266",
    "SyncToken": "3",
    "DocNumber": "INV-1",
    "TxnDate": "2026-11-16",
    "TotalAmt": 216.5,
    "Balance": 216.5,
    "LinkedTxn": [],
}


def deletion(
    now: JsonObject | None, *, company: Company = US, policy: InvoiceDeletion = InvoiceDeletion.VOID
) -> Decision:
    return map_deletion(KEY, now, SETTINGS.model_copy(update={"invoice_deletion": policy}), company)


def test_an_open_unpaid_invoice_is_voided() -> None:
    decision = deletion(OPEN)
    assert isinstance(decision, Write)
    assert (decision.operation, decision.entity) == (Operation.VOID, "Invoice")
    assert decision.body == {"Id": "266", "SyncToken": "3"}
    assert decision.expected is None


@pytest.mark.parametrize("now", [None, {**OPEN, "TotalAmt": 0, "PrivateNote": "Voided"}, {"status": "Deleted"}])
def test_what_is_gone_already_is_done(now: JsonObject | None) -> None:
    assert deletion(now) == Nothing()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"Balance": 116.5}, "$100.00 of it is already paid"),
        ({"LinkedTxn": [{"TxnId": "9", "TxnType": "Payment"}]}, "linked to other QuickBooks transactions (Payment)"),
        ({"TxnDate": "2026-10-31"}, "closed up to 2026-10-31"),
    ],
)
@pytest.mark.parametrize("policy", [InvoiceDeletion.VOID, InvoiceDeletion.ASK])
def test_an_invoice_in_use_asks_and_offers_no_void(
    changes: dict[str, Json], words: str, policy: InvoiceDeletion
) -> None:
    company = replace(US, book_close_date=date(2026, 10, 31))
    decision = deletion({**OPEN, **changes}, company=company, policy=policy)
    assert isinstance(decision, Attention)
    assert words in decision.problem.message
    assert "QuickBooks still shows $216.50" in decision.problem.message
    assert [action.name for action in decision.problem.actions] == ["reverse", "retry", "skip"]


def test_the_policy_ask_offers_to_void() -> None:
    decision = deletion(OPEN, policy=InvoiceDeletion.ASK)
    assert isinstance(decision, Attention)
    assert decision.problem.actions[0].name == "void"


def test_the_policy_ignore_leaves_it_and_says_so() -> None:
    decision = deletion(OPEN, policy=InvoiceDeletion.IGNORE)
    assert isinstance(decision, Skip)
    assert "still shows $216.50" in decision.problem.message

"""Syncro's payments and credits as qbXML bodies; figures and texts are worked out by hand from the rules."""

from decimal import Decimal
from typing import Any

import pytest

from syncro_quickbooks.desktop.mapping.credit import map_credit
from syncro_quickbooks.desktop.mapping.invoice import Posting
from syncro_quickbooks.desktop.mapping.payment import Target, map_payment, skip_reason
from syncro_quickbooks.sync.model import Nothing, Write
from syncro_quickbooks.syncro.models import Payment, StoreCredit
from tests.unit.desktop.mapping_cases import COMPANY, code_of, settings


def payment(*allocations: tuple[int, str], amount: str = "100.00", **fields: Any) -> Payment:
    return Payment.model_validate(
        {
            "id": 501,
            "customer_id": 72,
            "success": True,
            "payment_amount": amount,
            "applied_at": "2026-11-21T04:30:00.000Z",
            "payment_method": "check",
            "ref_num": "4711",
            "allocations": [{"invoice_id": each, "amount": part} for each, part in allocations],
            **fields,
        }
    )


def mapped_payment(case: Payment, targets: dict[int, Target], **posting: Any) -> Write:
    chosen = settings(time_zone="America/New_York")
    method = chosen.payment_method("Check")
    assert method is not None
    decision = map_payment(case, method, chosen, targets, company=COMPANY, marker_text="m", posting=Posting(**posting))
    assert isinstance(decision, Write)
    return decision


ONE = {309: Target("X-309", "Invoice 309")}


def test_a_payment_names_invoices_by_id_and_an_invoice_once() -> None:
    write = mapped_payment(payment((309, "60.00"), (309, "10.00")), ONE)
    assert write.body == {
        "TotalAmount": Decimal("100.00"),
        "PaymentMethodRef": {"ListID": "M-CHECK"},
        "DepositToAccountRef": {"ListID": "A-UNDEPOSITED"},
        "RefNumber": "4711",
        "TxnDate": "2026-11-20",  # half past four in the morning UTC is the evening before in New York
        "Memo": "m",
        "AppliedToTxnAdd": [{"TxnID": "X-309", "PaymentAmount": Decimal("70.00")}],
    }


def test_a_payment_of_nothing_in_particular_is_not_applied_by_quickbooks() -> None:
    body = mapped_payment(payment(), {}).body
    assert body["IsAutoApply"] is False
    assert "AppliedToTxnAdd" not in body


def test_never_more_than_is_open_and_the_rest_is_said() -> None:
    write = mapped_payment(payment((309, "70.00")), {309: Target("X-309", "Invoice 309", Decimal("20.00"))})
    assert write.body["AppliedToTxnAdd"] == [{"TxnID": "X-309", "PaymentAmount": Decimal("20.00")}]
    (warning,) = write.warnings
    assert (warning.code, "$50.00 is left unapplied" in warning.message) == ("payment_left_unapplied", True)
    assert write.digest == mapped_payment(payment((309, "70.00")), ONE).digest


def test_a_long_reference_is_cut_and_whole_in_the_memo() -> None:
    body = mapped_payment(payment(ref_num="ACH 1234567890 1234567890"), {}).body
    assert (body["RefNumber"], body["Memo"]) == ("ACH 1234567890 12345", "m ACH 1234567890 1234567890")


PAID: Any = {
    "TxnID": "P-1",
    "EditSequence": "3",
    "TxnDate": "2026-11-20",
    "TotalAmount": "100.00",
    "DepositToAccountRef": {"ListID": "A-UNDEPOSITED"},
    "applied": [{"TxnID": "X-309", "Amount": "70.00"}],
}


def test_a_change_touches_the_applications_only_if_they_differ() -> None:
    """Naming one takes all others back first."""
    same = mapped_payment(payment((309, "70.00"), ref_num="4712"), ONE, current=PAID).body
    assert same == {
        "TxnID": "P-1",
        "EditSequence": "3",
        "TotalAmount": Decimal("100.00"),
        "PaymentMethodRef": {"ListID": "M-CHECK"},
        "RefNumber": "4712",
    }
    moved = mapped_payment(payment((309, "30.00")), ONE, current=PAID).body
    assert moved["AppliedToTxnMod"] == [{"TxnID": "X-309", "PaymentAmount": Decimal("30.00")}]
    released = mapped_payment(payment(), {}, current=PAID).body
    assert released["AppliedToTxnMod"] == [{"TxnID": "X-309", "PaymentAmount": Decimal("0.00")}]
    # 20.00 are open beside the 70.00 that this payment holds.
    more = mapped_payment(payment((309, "95.00")), {309: Target("X-309", "I", Decimal("20.00"))}, current=PAID).body
    assert more["AppliedToTxnMod"] == [{"TxnID": "X-309", "PaymentAmount": Decimal("90.00")}]


@pytest.mark.parametrize(
    ("case", "code"),
    [
        (payment(amount="-1.00"), "refund_payment"),
        (payment(amount="0.00"), "empty_payment"),
        (payment(success=False), "payment_failed"),
        (payment(payment_method="Barter"), "method_not_synced"),
        (payment(payment_method="Write-off"), "desktop_write_off"),
    ],
)
def test_payments_that_quickbooks_does_not_get(case: Payment, code: str) -> None:
    chosen = settings(payment_methods={"Barter": {"kind": "do_not_sync"}, "Write-off": {"kind": "write_off"}})
    reason = skip_reason(case, chosen)
    assert reason is not None
    assert reason.code == code


def credit(**fields: Any) -> StoreCredit:
    return StoreCredit.model_validate(
        {
            "id": 901,
            "customer_id": 72,
            "amount": "50.00",
            "origin": "manual",
            "origin_id": None,
            "date": "2026-11-20T00:00:00.000Z",
            "note": "Goodwill",
            **fields,
        }
    )


def test_a_store_credit_is_an_untaxed_credit_memo() -> None:
    decision = map_credit(credit(), settings(), COMPANY, "m", None)
    assert isinstance(decision, Write)
    assert decision.body == {
        "TxnDate": "2026-11-20",
        "RefNumber": "C-P1",  # 901 = 25 x 36 + 1
        "Memo": "m",
        "IsToBePrinted": False,
        "IsToBeEmailed": False,
        "CustomerSalesTaxCodeRef": {"ListID": "C-NON"},
        "CreditMemoLineAdd": [
            {
                "ItemRef": {"ListID": "I-CREDIT"},
                "Desc": "Goodwill",
                "Amount": Decimal("50.00"),
                "SalesTaxCodeRef": {"ListID": "C-NON"},
            }
        ],
    }


def test_what_an_overpayment_left_is_no_credit_memo() -> None:
    assert isinstance(map_credit(credit(origin="overpayment"), settings(), COMPANY, "m", None), Nothing)
    off = map_credit(credit(), settings(sync_store_credit=False), COMPANY, "m", None)
    assert code_of(off) == "store_credit_off"
    changed = map_credit(credit(amount="60.00"), settings(), COMPANY, "m", {"TxnID": "K-1", "TotalAmount": "50.00"})
    assert code_of(changed) == "desktop_credit_changed"

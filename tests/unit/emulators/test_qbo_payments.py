"""Payments, credit memos and deposits (facts: QBO 1.4, 1.5)."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest


def pay(customer: str, total: Any, *applied: tuple[str, str, Any], **more: Any) -> Any:
    lines = [{"Amount": amount, "LinkedTxn": [{"TxnId": txn, "TxnType": kind}]} for kind, txn, amount in applied]
    return {"CustomerRef": {"value": customer}, "TotalAmt": total, "Line": lines, **more}


def memo(api: Any, customer: str, amount: str) -> str:
    line = {
        "Amount": Decimal(amount),
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": "1"}, "TaxCodeRef": {"value": "NON"}},
    }
    return str(api.make("CreditMemo", {"CustomerRef": {"value": customer}, "Line": [line]})["Id"])


def balances(api: Any, *invoices: str) -> list[Any]:
    return [api.company.get("Invoice", one)["Balance"] for one in invoices]


@pytest.fixture
def acme(us: Any) -> Any:
    """A customer 1 with invoices 1 over 100.00 and 2 over 50.00."""
    us.customer("Acme")
    us.invoice("1", "100")
    us.invoice("1", "50")
    return us


def test_a_payment_on_account_looks_like_the_documented_answer(acme: Any) -> None:
    payment = acme.make("Payment", {"TotalAmt": 25.0, "CustomerRef": {"value": "1"}})
    assert payment == {
        "SyncToken": "0",
        "domain": "QBO",
        "DepositToAccountRef": {"value": "7"},
        "UnappliedAmt": 25,
        "TxnDate": "2026-11-23",
        "TotalAmt": 25,
        "ProcessPayment": False,
        "sparse": False,
        "Line": [],
        "LinkedTxn": [],
        "CurrencyRef": {"value": "USD", "name": "United States Dollar"},
        "CustomerRef": {"name": "Acme", "value": "1"},
        "Id": "1",
        "MetaData": {"CreateTime": "2026-11-23T04:00:00-08:00", "LastUpdatedTime": "2026-11-23T04:00:00-08:00"},
    }


def test_a_split_partial_payment_lowers_each_invoices_balance(acme: Any) -> None:
    payment = acme.make("Payment", pay("1", 70, ("Invoice", "1", 60), ("Invoice", "2", 10)))
    assert payment["UnappliedAmt"] == 0
    assert balances(acme, "1", "2") == [40, 40]
    assert acme.company.get("Invoice", "1")["LinkedTxn"] == [{"TxnId": "1", "TxnType": "Payment"}]
    assert acme.company.get("Customer", "1")["Balance"] == 80


def test_what_an_overpayment_leaves_is_the_customers_credit(acme: Any) -> None:
    assert acme.make("Payment", pay("1", 120, ("Invoice", "1", 100)))["UnappliedAmt"] == 20
    assert acme.company.get("Customer", "1")["Balance"] == 30


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"TotalAmt": 10}, "2020"),
        ({"CustomerRef": {"value": "1"}}, "2020"),
        (pay("1", -1), "2290"),
        (pay("1", 10, ("Invoice", "99", 10)), "620"),
        (pay("1", 10, ("Bill", "1", 10)), "620"),
        (pay("1", 200, ("Invoice", "1", 100.01)), "6000"),
        (pay("1", 99, ("Invoice", "1", 100)), "6000"),
        (pay("1", 200, ("Invoice", "1", 60), ("Invoice", "1", 60)), "6000"),
        (pay("1", 10, DepositToAccountRef={"value": "1"}), "6430"),
        (pay("1", 10, PaymentRefNum="x" * 22), "2050"),
        (pay("1", 10, Line=[{"Amount": 5}]), "2020"),
        (pay("1", 10, GlobalTaxCalculation="NotApplicable"), "2010"),
        (pay("1", 10, DocNumber="x" * 22), "2050"),
        (pay("1", 10, TxnDate="2026-01-01"), "6200"),
        (pay("2", 10, ("Invoice", "1", 10)), "620"),
    ],
)
def test_a_bad_payment_is_refused_and_touches_nothing(acme: Any, body: Any, code: str) -> None:
    acme.customer("Somebody else")
    acme.company.book_close_date = date(2026, 1, 31)
    assert acme.refusal("Payment", body) == code
    assert balances(acme, "1", "2") == [100, 50]
    assert acme.company.entities("Payment") == []


def test_a_paid_invoice_cannot_be_paid_again(acme: Any) -> None:
    acme.make("Payment", pay("1", 50, ("Invoice", "2", 50)))
    assert acme.refusal("Payment", pay("1", 50, ("Invoice", "2", 1))) == "620"


def test_a_parent_may_pay_its_sub_customers_invoice(acme: Any) -> None:
    child = acme.customer("Branch", Job=True, ParentRef={"value": "1"})
    invoice = acme.invoice(child, "10")["Id"]
    assert acme.make("Payment", pay("1", 10, ("Invoice", invoice, 10)))["UnappliedAmt"] == 0


def test_an_update_takes_all_lines_anew_and_releases_the_rest(acme: Any) -> None:
    acme.make("Payment", pay("1", 100, ("Invoice", "1", 100)))
    update = {"Id": "1", "SyncToken": "0", **pay("1", 100, ("Invoice", "2", 50))}
    assert acme.make("Payment", update)["UnappliedAmt"] == 50
    assert balances(acme, "1", "2") == [100, 0]
    assert acme.company.get("Invoice", "1")["LinkedTxn"] == []


def test_a_credit_memo_is_applied_by_a_payment_of_zero(acme: Any) -> None:
    credit = memo(acme, "1", "30")
    payment = acme.make("Payment", pay("1", 0, ("Invoice", "1", 30), ("CreditMemo", credit, 30)))
    assert payment["UnappliedAmt"] == 0
    assert balances(acme, "1") == [70]
    stored = acme.company.get("CreditMemo", credit)
    assert (stored["RemainingCredit"], stored["Balance"]) == (0, 0)
    assert acme.company.get("Customer", "1")["Balance"] == 120


def test_credit_and_money_together(acme: Any) -> None:
    credit = memo(acme, "1", "30")
    payment = acme.make("Payment", pay("1", 70, ("Invoice", "1", 100), ("CreditMemo", credit, 30)))
    assert (payment["UnappliedAmt"], balances(acme, "1")) == (0, [0])


@pytest.mark.parametrize(
    "lines",
    [
        [("Invoice", "1", 30), ("CreditMemo", "1", 20)],
        [("Invoice", "1", 20), ("CreditMemo", "1", 30)],
        [("Invoice", "1", 31), ("CreditMemo", "1", 31)],
    ],
)
def test_credit_applied_must_match_and_be_there(acme: Any, lines: Any) -> None:
    memo(acme, "1", "30")
    assert acme.refusal("Payment", pay("1", 0, *lines)) == "6000"


def test_a_full_update_may_leave_the_total_to_the_lines(acme: Any) -> None:
    credit = memo(acme, "1", "30")
    acme.make("Payment", pay("1", 20, ("Invoice", "1", 20)))
    update = pay("1", None, ("Invoice", "1", 50), ("CreditMemo", credit, 30))
    updated = acme.make("Payment", {**update, "Id": "1", "SyncToken": "0"})
    assert (updated["TotalAmt"], updated["UnappliedAmt"]) == (20, 0)


def test_a_voided_payment_releases_its_invoices(acme: Any) -> None:
    acme.make("Payment", pay("1", 100, ("Invoice", "1", 100), PrivateNote="note"))
    void = {"Id": "1", "SyncToken": "0", "sparse": True}
    voided = acme.make("Payment", void, operation="update", include="void")
    assert (voided["TotalAmt"], voided["UnappliedAmt"], voided["Line"], voided["SyncToken"]) == (0, 0, [], "1")
    assert voided["PrivateNote"].startswith("Voided")
    assert balances(acme, "1") == [100]


def test_operation_void_is_not_for_payments(acme: Any) -> None:
    acme.make("Payment", pay("1", 1))
    assert acme.refusal("Payment", {"Id": "1", "SyncToken": "0"}, operation="void") == "500"


def test_a_deleted_payment_releases_its_invoices(acme: Any) -> None:
    acme.make("Payment", pay("1", 100, ("Invoice", "1", 100)))
    answer = acme.post("payment", {"Id": "1", "SyncToken": "0"}, operation="delete")
    assert answer.body["Payment"] == {"status": "Deleted", "domain": "QBO", "Id": "1"}
    assert balances(acme, "1") == [100]


def test_a_deposited_payment_cannot_be_touched(acme: Any) -> None:
    acme.make("Payment", pay("1", 100, ("Invoice", "1", 100)))
    deposit = acme.company.deposit_by_hand(["1"])
    assert deposit["TotalAmt"] == 100
    target = {"Id": "1", "SyncToken": "0", "sparse": True}
    assert acme.refusal("Payment", {**target, "PrivateNote": "x"}) == "6540"
    assert acme.refusal("Payment", target, operation="delete") == "6540"
    assert acme.refusal("Payment", target, operation="update", include="void") == "6540"
    acme.company.delete_by_hand("Deposit", deposit["Id"])
    assert acme.make("Payment", {**target, "PrivateNote": "x"})["PrivateNote"] == "x"


@pytest.mark.parametrize("operation", ["void", "delete"])
def test_an_invoice_with_a_payment_can_neither_be_voided_nor_deleted(acme: Any, operation: str) -> None:
    acme.make("Payment", pay("1", 40, ("Invoice", "1", 40)))
    assert acme.refusal("Invoice", {"Id": "1", "SyncToken": "0"}, operation=operation) == "6000"


def test_a_company_may_release_payments_when_an_invoice_is_voided(acme: Any) -> None:
    acme.company.void_with_payments = "unapply"
    acme.make("Payment", pay("1", 40, ("Invoice", "1", 40)))
    acme.make("Invoice", {"Id": "1", "SyncToken": "0"}, operation="void")
    payment = acme.company.get("Payment", "1")
    assert (payment["UnappliedAmt"], payment["Line"], payment["SyncToken"]) == (40, [], "1")


def test_an_invoice_cannot_fall_below_what_is_applied_nor_change_customer(acme: Any) -> None:
    acme.make("Payment", pay("1", 60, ("Invoice", "1", 60)))
    other = acme.customer("Other")
    line = acme.company.get("Invoice", "1")["Line"][0]
    update = {"Id": "1", "SyncToken": "0", "sparse": True}
    assert acme.refusal("Invoice", {**update, "Line": [{**line, "Amount": 59.99}]}) == "6000"
    assert acme.refusal("Invoice", {**update, "CustomerRef": {"value": other}}) == "6000"
    assert acme.make("Invoice", {**update, "Line": [{**line, "Amount": 60}]})["Balance"] == 0


def test_applying_a_payment_may_or_may_not_bump_the_invoices_token(acme: Any) -> None:
    acme.make("Payment", pay("1", 1, ("Invoice", "1", 1)))
    assert acme.company.get("Invoice", "1")["SyncToken"] == "0"
    acme.company.payments_bump_invoice_token = True
    acme.make("Payment", pay("1", 1, ("Invoice", "1", 1)))
    assert acme.company.get("Invoice", "1")["SyncToken"] == "1"


def test_auto_apply_credit_uses_a_credit_memo_by_a_payment_of_its_own(acme: Any) -> None:
    credit = memo(acme, "1", "30")
    acme.company.auto_apply_credit = True
    invoice = acme.invoice("1", "20")
    assert invoice["Balance"] == 0
    assert acme.company.get("CreditMemo", credit)["RemainingCredit"] == 10
    foreign = acme.company.get("Payment", "1")
    assert (foreign["TotalAmt"], len(foreign["Line"])) == (0, 2)


def test_auto_apply_credit_uses_an_unapplied_payment_by_changing_it(acme: Any) -> None:
    acme.make("Payment", pay("1", 30))
    acme.company.auto_apply_credit = True
    assert acme.invoice("1", "100")["Balance"] == 70
    changed = acme.company.get("Payment", "1")
    assert (changed["UnappliedAmt"], changed["SyncToken"]) == (0, "1")


def test_auto_apply_credit_gives_a_new_credit_memo_to_the_oldest_open_invoice(acme: Any) -> None:
    acme.company.auto_apply_credit = True
    memo(acme, "1", "120")
    assert balances(acme, "1", "2") == [0, 30]


def test_an_invoice_is_paid_by_several_payments(acme: Any) -> None:
    for amount in (30, 45, 25):
        acme.make("Payment", pay("1", amount, ("Invoice", "1", amount)))
    invoice = acme.company.get("Invoice", "1")
    assert invoice["Balance"] == 0
    assert invoice["LinkedTxn"] == [{"TxnId": one, "TxnType": "Payment"} for one in ("1", "2", "3")]
    assert acme.refusal("Payment", pay("1", 1, ("Invoice", "1", 1))) == "620"


def test_a_payment_pays_for_sub_customers_but_not_for_its_parent(acme: Any) -> None:
    child = acme.customer("Branch", Job=True, ParentRef={"value": "1"})
    acme.invoice(child, "20")
    acme.make("Payment", pay("1", 20, ("Invoice", "3", 20)))
    assert balances(acme, "3") == [0]
    assert acme.refusal("Payment", pay(child, 10, ("Invoice", "1", 10))) == "620"


@pytest.mark.parametrize("gone", ["void", "delete"])
def test_a_voided_or_deleted_invoice_cannot_be_paid(acme: Any, gone: str) -> None:
    acme.make("Invoice", {"Id": "1", "SyncToken": "0"}, operation=gone)
    assert acme.refusal("Payment", pay("1", 10, ("Invoice", "1", 10))) == "620"


def test_the_lines_of_a_payment_are_replaced_all_or_kept_all(acme: Any) -> None:
    acme.make("Payment", pay("1", 100, ("Invoice", "1", 60), ("Invoice", "2", 40)))
    address = {"Id": "1", "sparse": True}
    acme.make("Payment", {**address, "SyncToken": "0", "PrivateNote": "x"})
    assert balances(acme, "1", "2") == [40, 10]
    one = pay("1", 100, ("Invoice", "1", 60))["Line"]
    assert acme.make("Payment", {**address, "SyncToken": "1", "Line": one})["UnappliedAmt"] == 40
    assert balances(acme, "1", "2") == [40, 50]
    assert acme.make("Payment", {**address, "SyncToken": "2", "Line": []})["UnappliedAmt"] == 100
    assert balances(acme, "1", "2") == [100, 50]


def test_an_update_may_use_again_what_it_applied_itself_and_no_more(acme: Any) -> None:
    acme.make("Payment", pay("1", 100, ("Invoice", "1", 100)))
    address = {"Id": "1", "SyncToken": "0"}
    assert acme.refusal("Payment", {**pay("1", 101, ("Invoice", "1", 101)), **address}) == "6000"
    assert acme.make("Payment", {**pay("1", 120, ("Invoice", "1", 100)), **address})["UnappliedAmt"] == 20


def test_a_deposited_payment_read_back_shows_its_deposit(acme: Any) -> None:
    acme.make("Payment", pay("1", 100, ("Invoice", "1", 100)))
    deposit = acme.company.deposit_by_hand(["1"])
    shown = {"TxnId": deposit["Id"], "TxnType": "Deposit"}
    assert acme.call("GET", "payment/1").body["Payment"]["LinkedTxn"] == [shown]
    assert acme.query("select * from Payment")["Payment"][0]["LinkedTxn"] == [shown]
    acme.company.delete_by_hand("Deposit", deposit["Id"])
    assert acme.call("GET", "payment/1").body["Payment"]["LinkedTxn"] == []


def test_a_credit_memo_shows_what_is_left_and_is_deleted_only_unapplied(acme: Any) -> None:
    credit = memo(acme, "1", "30")
    acme.make("Payment", pay("1", 0, ("Invoice", "1", 10), ("CreditMemo", credit, 10)))
    shown = acme.call("GET", f"creditmemo/{credit}").body["CreditMemo"]
    assert (shown["TotalAmt"], shown["RemainingCredit"], shown["Balance"]) == (30, 20, 20)
    assert shown["LinkedTxn"] == [{"TxnId": "1", "TxnType": "Payment"}]
    assert "DueDate" not in shown
    address = {"Id": credit, "SyncToken": shown["SyncToken"]}
    assert acme.refusal("CreditMemo", address, operation="delete") == "6000"
    assert acme.refusal("CreditMemo", {**address, "sparse": True, "Line": memo_line(9)}) == "6000"
    assert acme.refusal("CreditMemo", address, operation="void") == "500"
    acme.make("Payment", {"Id": "1", "SyncToken": "0"}, operation="delete")
    assert acme.company.get("CreditMemo", credit)["RemainingCredit"] == 30
    assert acme.make("CreditMemo", address, operation="delete")["status"] == "Deleted"


def test_a_credit_memo_has_no_void_in_a_batch_either(acme: Any) -> None:
    credit = memo(acme, "1", "30")
    member = {"bId": "1", "operation": "update", "optionsData": "void", "CreditMemo": {"Id": credit, "SyncToken": "0"}}
    [answer] = acme.post("batch", {"BatchItemRequest": [member]}).body["BatchItemResponse"]
    assert answer["Fault"]["Error"][0]["code"] == "500"


def memo_line(amount: int) -> Any:
    detail = {"ItemRef": {"value": "1"}}
    return [{"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}]

"""Customer purchases: an expense or a credit memo once paid out, by the kind of the payout's method."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from emulators.quickbooks_online import Company
from tests.integration.push.purchasing import codes, connected, only, resave
from tests.integration.push.spending import actions_of, problem_of, spending
from tests.support.events import customer, invoice_detail
from tests.support.payment_events import allocation, payment_detail, store_credit_detail
from tests.support.purchase_events import purchase_detail, sold_line
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("aws_services")


SELLER = customer(84, name="Used Laptop Seller")


def pushed(world: World, detail: dict[str, Any], event: str = "customer_purchase.updated") -> dict[str, Any]:
    world.publish(event, detail)
    world.run()
    return world.record("customer_purchase", detail["customer_purchase"]["id"])


def lines_of(document: dict[str, Any]) -> list[tuple[str, str, Any]]:
    """Item name, description and amount of each item line."""
    kinds = ("ItemBasedExpenseLineDetail", "SalesItemLineDetail")
    return [
        (line[kind]["ItemRef"]["name"], line["Description"], line["Amount"])
        for line in document["Line"]
        for kind in kinds
        if kind in line
    ]


def assert_nothing(company: Company) -> None:
    assert company.entities("Purchase") == company.entities("CreditMemo") == company.entities("Customer") == []


# -- paid out in money -------------------------------------------------------------------------------------------------


def test_a_payout_in_cash_is_an_expense_from_its_own_account() -> None:
    world, company = connected()
    record = pushed(world, purchase_detail())
    expense = only(company, "Purchase")
    assert (record["status"], codes(record)) == ("synced", [])
    assert expense["PaymentType"] == "Cash"
    assert expense["AccountRef"]["name"] == "Checking"
    customer = only(company, "Customer")
    assert (expense["EntityRef"]["value"], expense["EntityRef"]["type"]) == (customer["Id"], "Customer")
    assert lines_of(expense) == [
        ("Product 26", "Used thing", Decimal("70.00")),
        ("Used Goods", "Used ThinkPad", Decimal("180.00")),
    ]
    assert (expense["TotalAmt"], expense["TxnDate"], expense["DocNumber"]) == (
        Decimal("250.00"),
        "2026-11-08",
        "CP-715",
    )
    assert expense["PrivateNote"] == "syncro:customer_purchase:715:1"
    with spending(world) as spent:
        pushed(world, purchase_detail(version=2))
    assert spent.calls == 0


def test_a_payout_by_check_is_a_check() -> None:
    world, company = connected()
    pushed(world, purchase_detail(payment_method="Check"))
    assert only(company, "Purchase")["PaymentType"] == "Check"


def test_the_payout_date_is_the_calendar_date_in_the_accounts_zone() -> None:
    world, company = connected()
    pushed(world, purchase_detail(paid_out_at="2026-11-09T04:30:00.000Z"))
    assert only(company, "Purchase")["TxnDate"] == "2026-11-08"


def test_the_reading_of_the_lines_that_gives_the_total_is_taken() -> None:
    world, company = connected()
    lines = [sold_line(1, 26, "2", "60.00", "35.00"), sold_line(2, None, "1", "250.00", "180.00")]
    record = pushed(world, purchase_detail(lines=lines))
    assert only(company, "Purchase")["TotalAmt"] == Decimal("250.00")
    assert codes(record) == []


def test_a_total_that_no_reading_gives_is_warned_of_with_both_figures() -> None:
    world, _ = connected()
    record = pushed(world, purchase_detail(total="255.00"))
    assert (record["status"], codes(record)) == ("synced_with_warning", ["quickbooks_total_differs"])
    message = problem_of(record)["message"]
    assert "$255.00" in message
    assert "$250.00" in message


def test_outside_the_us_no_tax_applies() -> None:
    world, company = connected(country="CA", tax_mode="manual")
    resave(world, zero_tax_code={"id": company.entities("TaxCode")[3]["Id"]})
    pushed(world, purchase_detail())
    expense = only(company, "Purchase")
    assert (expense["GlobalTaxCalculation"], expense["TotalAmt"]) == ("NotApplicable", Decimal("250.00"))


def test_a_change_updates_the_same_expense_and_keeps_its_lines_and_date() -> None:
    world, company = connected()
    pushed(world, purchase_detail())
    before = only(company, "Purchase")
    lines = [sold_line(1, 26, "3", "35.0"), sold_line(2, None, "1", "180.0", name="Used ThinkPad")]
    record = pushed(
        world, purchase_detail(version=2, lines=lines, total="285.00", paid_out_at="2026-11-10T19:45:11.000Z")
    )
    now = only(company, "Purchase")
    assert now["Id"] == before["Id"]
    assert [line["Id"] for line in now["Line"]] == ["1", "2"]
    assert (now["TotalAmt"], now["TxnDate"]) == (Decimal("285.00"), "2026-11-08")
    assert codes(record) == ["date_differs"]


# -- not sent ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "settings", "expected"),
    [
        ({"paid_out": False, "paid_out_at": None, "status": "Estimate"}, {}, ("waiting", "not_paid_out")),
        ({"lines": [], "total": "0"}, {}, ("waiting", "no_lines")),
        ({"payment_method": "Barter"}, {}, ("skipped", "method_not_synced")),
        ({"payment_method": "Bitcoin"}, {}, ("needs_attention", "payment_method_unmapped")),
        ({"payment_method": None}, {}, ("needs_attention", "payment_method_unmapped")),
        ({"payment_method": "Bad Debt"}, {}, ("needs_attention", "payment_method_unmapped")),
        ({"paid_out_at": "2025-12-31T18:00:00.000Z"}, {}, ("skipped", "before_start_date")),
        ({"number": "C" * 22}, {}, ("needs_attention", "number_too_long")),
        ({}, {"sync_customer_purchases": False}, ("skipped", "customer_purchases_off")),
        ({"payment_method": "Store Credit"}, {"sync_store_credit": False}, ("skipped", "store_credit_off")),
        ({}, {"lock_date": "2026-11-08"}, ("needs_attention", "books_closed")),
    ],
)
def test_what_is_not_sent_says_why(fields: Any, settings: Any, expected: tuple[str, str]) -> None:
    world, company = connected()
    if settings:
        resave(world, **settings)
    record = pushed(world, purchase_detail(**fields))
    assert (record["status"], *codes(record)) == expected
    assert_nothing(company)


def test_a_method_that_is_chosen_later_sends_what_waited_for_it() -> None:
    world, company = connected()
    pushed(world, purchase_detail(payment_method="Petty cash"))
    connection = world.deployment.accounts.connection("acme")
    assert connection is not None
    assert connection.settings is not None
    methods: Any = connection.settings["payment_methods"]
    resave(world, payment_methods={**methods, "petty CASH": {"kind": "money"}})
    world.run()
    assert only(company, "Purchase")["TotalAmt"] == Decimal("250.00")


def test_a_payout_that_is_undone_after_it_was_posted_is_asked_about() -> None:
    world, company = connected()
    pushed(world, purchase_detail())
    record = pushed(world, purchase_detail(version=2, paid_out=False, paid_out_at=None, status="Estimate"))
    assert (record["status"], codes(record)) == ("needs_attention", ["posted_not_paid_out"])
    assert "QuickBooks still shows $250.00" in problem_of(record)["message"]
    assert only(company, "Purchase")["TotalAmt"] == Decimal("250.00")


def test_a_number_that_is_taken_is_asked_about() -> None:
    world, company = connected()
    pushed(world, purchase_detail())
    record = pushed(world, purchase_detail(716, number="CP-715"))
    assert (record["status"], codes(record)) == ("needs_attention", ["qbo_6140"])
    assert "Used Laptop Seller over $250.00" in problem_of(record)["message"]
    assert len(company.entities("Purchase")) == 1


def test_a_customer_in_another_currency_is_asked_about() -> None:
    world, company = connected(multi_currency=True)
    theirs = {"DisplayName": "Used Laptop Seller", "PrimaryEmailAddr": {"Address": "billing84@example.com"}}
    company.create_by_hand("Customer", {**theirs, "CurrencyRef": {"value": "EUR"}})
    record = pushed(world, purchase_detail())
    assert (record["status"], codes(record)) == ("needs_attention", ["customer_currency"])
    assert company.entities("Purchase") == []


# -- paid out as store credit ------------------------------------------------------------------------------------------

STORE_CREDIT: dict[str, Any] = {"payment_method": "Store Credit"}


@pytest.mark.parametrize("first", ["purchase", "store credit"])
def test_a_payout_as_store_credit_is_one_credit_memo_whichever_event_comes_first(first: str) -> None:
    world, company = connected()
    credit = store_credit_detail(259, "250.00", origin="purchase_payout", origin_id=715)
    events = [
        ("customer_purchase.updated", purchase_detail(**STORE_CREDIT)),
        ("store_credit.created", credit),
    ]
    for event, detail in events if first == "purchase" else reversed(events):
        world.publish(event, detail)
        world.run()
    memo = only(company, "CreditMemo")
    assert company.entities("Purchase") == []
    assert lines_of(memo) == [
        ("Product 26", "Used thing", Decimal("70.00")),
        ("Used Goods", "Used ThinkPad", Decimal("180.00")),
    ]
    assert (memo["TotalAmt"], memo["RemainingCredit"]) == (Decimal("250.00"), Decimal("250.00"))
    assert memo["TxnDate"] == "2026-11-08"
    assert memo["PrivateNote"] == "syncro:customer_purchase:715:1"
    assert world.record("store_credit", 259)["status"] == "synced"


def test_a_store_credit_that_was_booked_while_purchases_were_off_is_not_booked_again() -> None:
    world, company = connected()
    resave(world, sync_customer_purchases=False)
    world.publish("store_credit.created", store_credit_detail(259, "250.00", origin="purchase_payout", origin_id=715))
    world.run()
    before = only(company, "CreditMemo")
    resave(world, sync_customer_purchases=True)
    record = pushed(world, purchase_detail(**STORE_CREDIT))
    assert record["status"] == "synced"
    assert company.entities("CreditMemo") == [before]
    assert company.entities("Purchase") == []


@pytest.mark.parametrize("then", [True, False])
def test_whichever_document_holds_a_payout_is_the_one_that_is_used_whatever_the_setting_has_become(then: bool) -> None:
    world, company = connected()
    resave(world, sync_customer_purchases=not then)
    credit = store_credit_detail(259, "250.00", "purchase_payout", 715, owner=SELLER)
    pushed(world, purchase_detail(**STORE_CREDIT))
    world.publish("store_credit.created", credit)
    world.run()
    resave(world, sync_customer_purchases=then)
    world.publish("store_credit.updated", {**credit, "version": 2})
    world.publish("invoice.created", invoice_detail(309, owner=SELLER))
    use = payment_detail(1, "40.00", [allocation(309, "40.00", 259)], method="Store Credit", owner=SELLER)
    world.publish("payment.created", use)
    world.run()
    memo = only(company, "CreditMemo")
    assert (memo["TotalAmt"], memo["RemainingCredit"]) == (Decimal("250.00"), Decimal("210.00"))


def test_another_kind_of_payout_after_it_was_posted_is_asked_about() -> None:
    world, company = connected()
    pushed(world, purchase_detail())
    record = pushed(world, purchase_detail(version=2, **STORE_CREDIT))
    assert (record["status"], codes(record)) == ("needs_attention", ["payout_changed"])
    assert "an expense in QuickBooks ($250.00)" in problem_of(record)["message"]
    assert company.entities("CreditMemo") == []


# -- deleted -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["Cash", "Store Credit"])
def test_a_purchase_deleted_in_syncro_is_deleted(method: str) -> None:
    world, company = connected()
    pushed(world, purchase_detail(payment_method=method))
    record = pushed(world, purchase_detail(version=2, payment_method=method), "customer_purchase.deleted")
    assert (record["status"], codes(record)) == ("synced", [])
    assert company.entities("Purchase") == company.entities("CreditMemo") == []


def test_a_used_credit_memo_stays() -> None:
    world, company = connected()
    pushed(world, purchase_detail(**STORE_CREDIT))
    memo = only(company, "CreditMemo")
    item = company.entities("Item")[0]["Id"]
    sold = {"DetailType": "SalesItemLineDetail", "Amount": 100, "SalesItemLineDetail": {"ItemRef": {"value": item}}}
    invoice = company.create_by_hand("Invoice", {"CustomerRef": memo["CustomerRef"], "Line": [sold]})
    links = [
        {"Amount": 100, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]},
        {"Amount": 100, "LinkedTxn": [{"TxnId": memo["Id"], "TxnType": "CreditMemo"}]},
    ]
    company.create_by_hand("Payment", {"CustomerRef": memo["CustomerRef"], "TotalAmt": 0, "Line": links})
    record = pushed(world, purchase_detail(version=2, **STORE_CREDIT), "customer_purchase.deleted")
    assert (record["status"], codes(record)) == ("needs_attention", ["credit_in_use"])
    assert "$100.00" in problem_of(record)["message"]
    assert "retry" in actions_of(problem_of(record))
    assert only(company, "CreditMemo")["RemainingCredit"] == Decimal("150.00")


def test_an_expense_in_a_closed_month_is_not_deleted() -> None:
    world, company = connected()
    pushed(world, purchase_detail())
    resave(world, lock_date=str(date(2026, 11, 30)))
    record = pushed(world, purchase_detail(version=2), "customer_purchase.deleted")
    assert (record["status"], codes(record)) == ("needs_attention", ["books_closed"])
    assert len(company.entities("Purchase")) == 1

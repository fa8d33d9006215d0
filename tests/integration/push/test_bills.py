"""Bills: one of each finished purchase order, linked to it; a person's bill, payment or edit is never overwritten."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from emulators.quickbooks_online import Company, Fault
from tests.integration.push.purchasing import codes, connected, only, resave
from tests.integration.push.spending import actions_of, problem_of, spending
from tests.support.purchase_events import finished, order_detail, order_line
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("aws_services")


def pushed(world: World, detail: dict[str, Any], event: str = "purchase_order.updated") -> dict[str, Any]:
    """Publish and push; the bill's record."""
    world.publish(event, detail)
    world.run()
    return world.record("bill", detail["purchase_order"]["id"])


def lines_of(bill: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """Item name, amount, and the line of the purchase order that it bills."""
    found = []
    for line in bill["Line"]:
        links = [link["TxnLineId"] for link in line.get("LinkedTxn", [])]
        found.append((line["ItemBasedExpenseLineDetail"]["ItemRef"]["name"], line["Amount"], *(links or [None])))
    return found


def assert_untouched(company: Company, before: dict[str, Any]) -> None:
    assert company.entities("Bill") == [before]


# -- made --------------------------------------------------------------------------------------------------------------


def test_a_finished_order_becomes_one_bill_linked_to_it() -> None:
    world, company = connected()
    world.publish("purchase_order.created", order_detail())
    world.run()
    assert company.entities("Bill") == []
    with spending(world) as spent:
        record = pushed(world, finished())
    bill, order = only(company, "Bill"), only(company, "PurchaseOrder")
    assert spent.operations == ["read PurchaseOrder", "create Bill"]
    assert lines_of(bill) == [("Product 27", Decimal("481.20"), "1"), ("Product 28", Decimal("50.00"), "2")]
    assert (bill["TotalAmt"], bill["Balance"]) == (Decimal("531.20"), Decimal("531.20"))
    assert (bill["TxnDate"], bill["DueDate"], bill["DocNumber"]) == ("2026-11-18", "2026-11-29", "VN-707")
    assert bill["VendorRef"] == order["VendorRef"]
    assert bill["PrivateNote"] == "syncro:bill:707:1"
    assert (order["POStatus"], order["LinkedTxn"]) == ("Closed", [{"TxnId": bill["Id"], "TxnType": "Bill"}])
    assert record["status"] == "synced_with_warning"
    problem = problem_of(record)
    assert problem["code"] == "charges_not_sent"
    assert "They differ by $20.75" in problem["message"]
    with spending(world) as spent:
        pushed(world, finished(version=3))
    assert spent.calls == 0
    assert_untouched(company, bill)


def test_an_order_that_comes_finished_makes_both_at_once() -> None:
    world, company = connected()
    pushed(world, finished(version=1), "purchase_order.created")
    assert [each["LinkedTxn"] for each in company.entities("PurchaseOrder")] == [
        [{"TxnId": only(company, "Bill")["Id"], "TxnType": "Bill"}]
    ]


def test_the_finished_date_is_the_calendar_date_in_the_accounts_zone_and_terms_are_the_vendors() -> None:
    world, company = connected()
    net_30 = next(term for term in company.entities("Term") if term["Name"] == "Net 30")
    terms = {"DisplayName": "Ingram Distribution", "TermRef": {"value": net_30["Id"]}}
    company.create_by_hand("Vendor", terms)
    # 03:30 UTC on the 19th is still the evening of the 18th in Chicago.
    pushed(world, finished(version=1, finished_at="2026-11-19T03:30:00.000Z", due_date=None))
    bill = only(company, "Bill")
    assert (bill["TxnDate"], bill["DueDate"]) == ("2026-11-18", "2026-12-18")


def test_what_was_received_is_billed() -> None:
    world, company = connected()
    lines = [
        order_line(1, 27, "12", "4010", received="10"),
        order_line(2, 28, "2", "2500", received="0"),
        order_line(3, 29, "1", "1000", received="1"),
    ]
    record = pushed(world, finished(version=1, lines=lines, total="561.95"))
    # 10 x 40.10 + 1 x 10.00; of the order's 541.20 the missing 2 x 40.10 and 2 x 25.00 are 130.20.
    bill = only(company, "Bill")
    assert lines_of(bill) == [("Product 27", Decimal("401.00"), "1"), ("Product 29", Decimal("10.00"), "3")]
    assert bill["TotalAmt"] == Decimal("411.00")
    assert only(company, "PurchaseOrder")["POStatus"] == "Open"
    message = problem_of(record)["message"]
    assert "differ by $150.95" in message
    for part in ("$130.20 not received", "$17.50 shipping", "$3.25 other charges"):
        assert part in message


def test_two_lines_of_one_item_are_billed_each_with_its_own() -> None:
    world, company = connected()
    lines = [order_line(1, 27, "1", "4010"), order_line(2, 27, "1", "4010"), order_line(3, 27, "3", "3900")]
    pushed(world, finished(version=1, lines=lines, total="218.00"))
    assert [link for *_, link in lines_of(only(company, "Bill"))] == ["1", "2", "3"]


def test_without_purchase_orders_in_the_plan_the_bill_is_made_without_a_link() -> None:
    world, company = connected()
    company.purchase_orders_enabled = False
    record = pushed(world, finished(version=1))
    assert record["status"] == "synced_with_warning"
    assert [link for *_, link in lines_of(only(company, "Bill"))] == [None, None]
    assert world.record("purchase_order", 707)["status"] == "skipped"


def test_the_bill_waits_for_an_order_that_needs_attention_and_then_goes_on() -> None:
    world, company = connected()
    income = {"IncomeAccountRef": {"value": "2"}}
    item = company.create_by_hand("Item", {"Name": "Product 27", "Type": "NonInventory", **income})
    record = pushed(world, finished(version=1))
    assert (record["status"], codes(record)) == ("waiting", ["waiting_for_order"])
    company.edit_by_hand("Item", item["Id"], {"ExpenseAccountRef": {"value": "3"}})
    record = pushed(world, finished())
    assert record["status"] == "synced_with_warning"
    assert lines_of(only(company, "Bill"))[0] == ("Product 27", Decimal("481.20"), "1")


def test_an_order_older_than_the_start_is_asked_about_when_it_is_finished_after_it() -> None:
    world, company = connected()
    record = pushed(world, finished(version=1, created_at="2025-12-30T18:00:00.000Z"))
    assert world.record("purchase_order", 707)["status"] == "skipped"
    assert (record["status"], codes(record)) == ("needs_attention", ["bill_without_order"])
    assert actions_of(problem_of(record)) == ["link", "create", "skip"]
    old = {"created_at": "2025-12-01T18:00:00.000Z", "finished_at": "2025-12-30T18:00:00.000Z"}
    record = pushed(world, {**finished(version=2, **old)})
    assert (record["status"], codes(record)) == ("skipped", ["before_start_date"])
    assert company.entities("Bill") == []


@pytest.mark.parametrize("closed_by", ["QuickBooks", "the account"])
def test_a_bill_in_a_closed_month_is_asked_about_although_its_order_is_sent(closed_by: str) -> None:
    world, company = connected(book_close_date=date(2026, 11, 18) if closed_by == "QuickBooks" else None)
    if closed_by == "the account":
        resave(world, lock_date="2026-11-18")
    record = pushed(world, finished(version=1))
    assert (record["status"], codes(record)) == ("needs_attention", ["books_closed"])
    assert "closed up to 2026-11-18" in problem_of(record)["message"]
    assert (len(company.entities("PurchaseOrder")), company.entities("Bill")) == (1, [])


# -- a bill that somebody made -----------------------------------------------------------------------------------------


def billed_by_hand(company: Company, *, price: str = "40.10", vendor: str | None = None) -> dict[str, Any]:
    """The bookkeeper makes a bill of the order, as QuickBooks does with a click."""
    order = only(company, "PurchaseOrder")
    lines = []
    for line, cost in zip(order["Line"], (Decimal(price), Decimal(25)), strict=True):
        detail = {**line["ItemBasedExpenseLineDetail"], "UnitPrice": cost}
        link = {"TxnId": order["Id"], "TxnType": "PurchaseOrder", "TxnLineId": line["Id"]}
        body = {"DetailType": "ItemBasedExpenseLineDetail", "ItemBasedExpenseLineDetail": detail, "LinkedTxn": [link]}
        lines.append({**body, "Amount": cost * detail["Qty"]})
    values = {"VendorRef": order["VendorRef"], "TxnDate": "2026-11-17", "DocNumber": "ING-4711", "Line": lines}
    return company.create_by_hand("Bill", values)


def test_the_same_bill_made_by_hand_is_adopted_and_left_as_it_is() -> None:
    world, company = connected()
    world.publish("purchase_order.created", order_detail())
    world.run()
    theirs = billed_by_hand(company)
    with spending(world) as spent:
        record = pushed(world, finished())
    assert spent.operations == ["read PurchaseOrder", "read Bill"]
    assert_untouched(company, theirs)
    assert (record["status"], codes(record)) == ("synced_with_warning", ["charges_not_sent", "date_differs"])
    with spending(world) as spent:
        pushed(world, finished(version=3))
    assert spent.calls == 0


def test_another_bill_made_by_hand_is_asked_about() -> None:
    world, company = connected()
    world.publish("purchase_order.created", order_detail())
    world.run()
    theirs = billed_by_hand(company, price="41.10")
    for version in (2, 3):
        record = pushed(world, finished(version=version))
        assert (record["status"], codes(record)) == ("needs_attention", ["bill_exists"])
        problem = problem_of(record)
        assert "ING-4711" in problem["message"]
        assert "$543.20" in problem["message"]
        assert "$531.20" in problem["message"]
        assert actions_of(problem) == ["link", "create", "skip"]
        assert problem["actions"][0]["params"] == {"entity": "Bill", "id": theirs["Id"]}
        assert_untouched(company, theirs)


# -- opened again ------------------------------------------------------------------------------------------------------


def reopened(version: int = 3) -> dict[str, Any]:
    return order_detail(version=version, status="Partial", due_date="2026-11-29T00:00:00.000Z")


def more(version: int = 4) -> dict[str, Any]:
    """Finished again with three more of the second product, and a new one: 12 x 40.10 + 5 x 25 + 1 x 10 = 616.20."""
    lines = [order_line(1, 27, "12", "4010"), order_line(2, 28, "5", "2500"), order_line(3, 29, "1", "1000")]
    return finished(version=version, lines=lines, total="636.95", finished_at="2026-11-20T15:00:00.000Z")


def test_opened_again_nothing_happens_to_the_bill_and_finished_again_it_is_updated() -> None:
    world, company = connected()
    pushed(world, finished(version=1))
    bill = only(company, "Bill")
    record = pushed(world, reopened())
    assert (record["status"], codes(record)) == ("synced_with_warning", ["order_reopened"])
    assert_untouched(company, bill)
    record = pushed(world, more())
    now = only(company, "Bill")
    assert now["Id"] == bill["Id"]
    assert lines_of(now) == [
        ("Product 27", Decimal("481.20"), "1"),
        ("Product 28", Decimal("125.00"), "2"),
        ("Product 29", Decimal("10.00"), "3"),
    ]
    assert (now["TotalAmt"], now["TxnDate"]) == (Decimal("616.20"), "2026-11-18")
    assert codes(record) == ["charges_not_sent", "date_differs"]
    order = only(company, "PurchaseOrder")
    assert (order["TotalAmt"], order["POStatus"]) == (Decimal("616.20"), "Closed")


def test_a_bill_not_made_yet_is_not_made_while_the_order_is_open_again() -> None:
    world, company = connected()
    world.publish("purchase_order.created", finished(version=1))
    world.publish("purchase_order.updated", reopened(version=2))
    world.run()
    assert (len(company.entities("PurchaseOrder")), company.entities("Bill")) == (1, [])
    pushed(world, finished(version=3))
    assert only(company, "Bill")["TotalAmt"] == Decimal("531.20")


def pay(company: Company, bill: dict[str, Any], amount: str) -> None:
    line = {"Amount": Decimal(amount), "LinkedTxn": [{"TxnId": bill["Id"], "TxnType": "Bill"}]}
    bank = next(each for each in company.entities("Account") if each["AccountType"] == "Bank")
    company.create_by_hand(
        "BillPayment",
        {
            "VendorRef": bill["VendorRef"],
            "PayType": "Check",
            "CheckPayment": {"BankAccountRef": {"value": bank["Id"]}},
            "TotalAmt": Decimal(amount),
            "Line": [line],
        },
    )


@pytest.mark.parametrize("amount", ["531.20", "100.00"], ids=["paid", "partly paid"])
def test_a_paid_bill_is_not_changed(amount: str) -> None:
    world, company = connected()
    pushed(world, finished(version=1))
    pay(company, only(company, "Bill"), amount)
    before = only(company, "Bill")
    record = pushed(world, more())
    assert (record["status"], codes(record)) == ("needs_attention", ["bill_paid"])
    assert f"${amount}" in problem_of(record)["message"]
    assert_untouched(company, before)


def test_a_billed_order_that_changes_stays_closed() -> None:
    world, company = connected()
    pushed(world, finished(version=1))
    pay(company, only(company, "Bill"), "531.20")
    record = pushed(world, finished(number="VN-707-B"))
    order = only(company, "PurchaseOrder")
    assert (order["DocNumber"], order["POStatus"]) == ("VN-707-B", "Closed")
    assert codes(record) == ["bill_paid"]


def test_the_bill_waits_for_a_change_of_its_order_that_was_refused() -> None:
    """Made at once it would be linked to none of the order's lines, or to other ones."""
    world, company = connected()
    world.publish("purchase_order.created", order_detail())
    world.run()
    world.emulator.faults.add(Fault(kind="error", operation="update", entity="PurchaseOrder", code="2010"))
    other = {"lines": [order_line(1, 29, "5", "4010", received="5")], "total": "200.50", "shipping": "0", "other": "0"}
    record = pushed(world, finished(version=2, **other))
    assert world.record("purchase_order", 707)["status"] == "needs_attention"
    assert (record["status"], codes(record), company.entities("Bill")) == ("waiting", ["waiting_for_order"], [])

    record = pushed(world, finished(version=3, **other))
    order, bill = only(company, "PurchaseOrder"), only(company, "Bill")
    assert lines_of(bill) == [("Product 29", Decimal("200.50"), order["Line"][0]["Id"])]
    assert (order["TotalAmt"], order["POStatus"]) == (Decimal("200.50"), "Closed")
    assert (record["status"], world.record("purchase_order", 707)["status"]) == ("synced", "synced")


def test_a_bill_edited_by_hand_is_not_changed() -> None:
    world, company = connected()
    pushed(world, finished(version=1))
    bill = only(company, "Bill")
    edited = company.edit_by_hand("Bill", bill["Id"], {"DocNumber": "ING-4711"})
    for version in (more(), finished(version=5)):  # the last is what QuickBooks had
        record = pushed(world, version)
        assert (record["status"], codes(record)) == ("needs_attention", ["edited_in_quickbooks"])
        assert "number was VN-707, is ING-4711" in problem_of(record)["message"]
        assert_untouched(company, edited)


def test_a_memo_and_a_department_by_hand_stay_when_the_bill_changes() -> None:
    world, company = connected()
    pushed(world, finished(version=1))
    bill = only(company, "Bill")
    company.edit_by_hand("Bill", bill["Id"], {"PrivateNote": "Goods were late"})
    record = pushed(world, more())
    assert record["status"] == "synced_with_warning"
    now = only(company, "Bill")
    assert now["PrivateNote"] == "Goods were late\nsyncro:bill:707:1"
    assert now["TotalAmt"] == Decimal("616.20")


def test_a_bill_deleted_by_hand_is_asked_about_and_not_made_again() -> None:
    world, company = connected()
    pushed(world, finished(version=1))
    company.delete_by_hand("Bill", only(company, "Bill")["Id"])
    record = pushed(world, more())
    assert (record["status"], codes(record)) == ("needs_attention", ["deleted_in_quickbooks"])
    assert company.entities("Bill") == []


def test_a_posted_bill_in_a_month_closed_since_keeps_its_amounts() -> None:
    world, company = connected()
    pushed(world, finished(version=1))
    before = only(company, "Bill")
    company.book_close_date = date(2026, 11, 21)
    world.clock.sleep(timedelta(hours=25).total_seconds())
    record = pushed(world, more())
    assert (record["status"], codes(record)) == ("needs_attention", ["books_closed"])
    assert_untouched(company, before)
    # Only the due date is another one.
    record = pushed(world, finished(version=5, due_date="2026-12-05T00:00:00.000Z"))
    assert (record["status"], codes(record)) == ("skipped", ["closed_books_cosmetic"])
    assert_untouched(company, before)


def test_force_update_of_the_order_sends_the_bills_date_again() -> None:
    world, company = connected()
    pushed(world, finished(version=1))
    pushed(world, more())
    request = {"event_id": "f1", "account_id": "acme", "occurred_at": "2026-11-23T10:00:00Z"}
    world.publish("force_update.requested", {**request, "request_id": "r1", "kind": "purchase_order", "id": 707})
    world.run()
    assert only(company, "Bill")["TxnDate"] == "2026-11-20"
    assert only(company, "PurchaseOrder")["POStatus"] == "Closed"


# -- deleted -----------------------------------------------------------------------------------------------------------


def delete(world: World, version: int = 9) -> tuple[dict[str, Any], dict[str, Any]]:
    """The records of the order and of its bill after the order was deleted in Syncro."""
    bill = pushed(world, finished(version=version), "purchase_order.deleted")
    return world.record("purchase_order", 707), bill


def test_an_unpaid_bill_goes_with_its_order() -> None:
    world, company = connected()
    pushed(world, finished(version=1))
    order, bill = delete(world)
    assert (order["status"], bill["status"]) == ("synced", "synced")
    assert company.entities("Bill") == company.entities("PurchaseOrder") == []


def test_a_paid_bill_stays_with_its_order_until_the_payment_is_taken_off() -> None:
    world, company = connected()
    pushed(world, finished(version=1))
    pay(company, only(company, "Bill"), "100.00")
    order, bill = delete(world)
    assert (bill["status"], codes(bill)) == ("needs_attention", ["deleted_but_in_use"])
    assert "$100.00 of it is already paid. QuickBooks still shows $531.20" in problem_of(bill)["message"]
    assert (order["status"], codes(order)) == ("needs_attention", ["bill_stays"])
    assert len(company.entities("Bill")) == len(company.entities("PurchaseOrder")) == 1
    company.delete_by_hand("BillPayment", only(company, "BillPayment")["Id"])
    order, bill = delete(world, version=10)
    assert (order["status"], bill["status"]) == ("synced", "synced")
    assert company.entities("Bill") == company.entities("PurchaseOrder") == []


def test_an_order_already_gone_from_quickbooks_takes_its_bill_along() -> None:
    world, company = connected()
    pushed(world, finished(version=1))
    bill = only(company, "Bill")
    unlinked = [{key: value for key, value in line.items() if key not in ("LinkedTxn", "Id")} for line in bill["Line"]]
    company.edit_by_hand("Bill", bill["Id"], {"Line": unlinked})
    company.delete_by_hand("PurchaseOrder", only(company, "PurchaseOrder")["Id"])
    order, record = delete(world)
    assert (order["status"], record["status"]) == ("synced", "synced")
    assert company.entities("Bill") == []

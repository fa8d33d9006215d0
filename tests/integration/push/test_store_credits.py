"""Store credit in QuickBooks: booked once whatever it came from, and applied to invoices. Invoices are of 216.00."""

from decimal import Decimal

import pytest

from tests.integration.push.paying import books, credit_memos, money, open_on, payments, record, with_credit, world_with
from tests.integration.push.spending import problem_of, spending
from tests.support.books import standing
from tests.support.events import ACCOUNT, customer, invoice_detail
from tests.support.payment_events import allocation, payment_detail, store_credit_detail
from tests.support.world import ready_settings

pytestmark = pytest.mark.usefixtures("aws_services")


# -- where it came from ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["manual", "refund"])
def test_a_credit_by_hand_or_of_a_refund_is_a_credit_memo_on_the_configured_item(origin: str) -> None:
    world = world_with(309)
    with spending(world) as spent:
        world.publish("store_credit.created", store_credit_detail(259, "40.00", origin, 700))
        world.run()
    assert (spent.operations, spent.reads) == (["create CreditMemo"], 0)
    (memo,) = books(world).entities("CreditMemo")
    (line,) = [each for each in memo["Line"] if each["DetailType"] == "SalesItemLineDetail"]
    assert line["SalesItemLineDetail"]["ItemRef"]["name"] == "Store Credit"
    assert line["SalesItemLineDetail"]["TaxCodeRef"]["value"] == "NON"
    assert (memo["TxnDate"], memo["CustomerRef"]["name"]) == ("2026-11-21", "Returns R Us")
    assert credit_memos(world) == [("syncro:store_credit:259:1", *money("40.00", "40.00"))]
    assert world.record("store_credit", 259)["status"] == "synced"


def test_a_credit_from_an_overpayment_is_booked_once() -> None:
    world = world_with(309)
    world.publish("payment.created", payment_detail(344, "300.00", [allocation(309, "216.00")]))
    world.publish("store_credit.created", store_credit_detail(259, "84.00", "overpayment", 344))
    world.run()
    assert credit_memos(world) == []
    assert payments(world) == [(*money("300.00", "84.00"), [Decimal("216.00")])]
    assert world.record("store_credit", 259)["status"] == "synced"


def test_with_store_credit_off_it_is_skipped_and_the_invoice_says_what_is_open() -> None:
    world = world_with(309)
    settings = ready_settings(books(world), sync_store_credit=False)
    world.deployment.accounts.save_settings(ACCOUNT, settings, version=1)
    world.publish("store_credit.created", store_credit_detail())
    world.publish("payment.created", payment_detail(1, "40.00", [allocation(309, "40.00", 259)], method="Store Credit"))
    world.run()
    assert credit_memos(world) == []
    assert problem_of(world.record("store_credit", 259))["code"] == "store_credit_off"
    assert problem_of(record(world, 1))["code"] == "store_credit_off"
    assert "$40.00" in problem_of(world.record("invoice", 309))["message"]


def test_a_refund_invoice_says_what_a_credit_memo_already_carries() -> None:
    world = world_with(309)
    world.publish("store_credit.created", store_credit_detail(259, "40.00", "refund", 310))
    world.run()
    refund = invoice_detail(310, is_refund=True, totals=("-100.00", "-8.00", "-108.00"))
    world.publish("invoice.created", refund)
    world.run()
    problem = problem_of(world.record("invoice", 310))
    assert world.record("invoice", 310)["status"] == "skipped"
    assert "store credit 259 already carries $40.00" in problem["message"]
    assert "$68.00 is left" in problem["message"]


# -- its use -----------------------------------------------------------------------------------------------------------


def test_it_is_applied_by_a_payment_of_nothing_that_touches_no_account() -> None:
    world = world_with(309)
    with_credit(world)
    use = payment_detail(1, "40.00", [allocation(309, "40.00", 259)], method="Store Credit")
    with spending(world) as spent:
        world.publish("payment.created", use)
        world.run()
    assert (spent.operations, spent.reads) == (["create Payment"], 0)
    (sent,) = spent.entries
    assert "DepositToAccountRef" not in sent.body
    assert "PaymentMethodRef" not in sent.body
    assert payments(world) == [(*money("0", "0"), list(money("40.00", "40.00")))]
    assert open_on(world) == {"10309": Decimal("176.00")}
    assert credit_memos(world) == [("syncro:store_credit:259:1", *money("40.00", "0"))]
    assert record(world, 1)["status"] == "synced"


def test_its_use_waits_for_the_credit_and_the_invoice() -> None:
    world = world_with()
    world.publish("payment.created", payment_detail(1, "40.00", [allocation(309, "40.00", 259)], method="Store Credit"))
    world.run()
    assert record(world, 1)["status"] == "waiting"
    world.publish("invoice.created", invoice_detail(309))
    world.run()
    assert record(world, 1)["status"] == "waiting"
    world.publish("store_credit.created", store_credit_detail())
    world.run()
    assert record(world, 1)["status"] == "synced"
    assert open_on(world) == {"10309": Decimal("176.00")}


def test_without_a_source_the_oldest_credit_is_taken_first_and_it_says_so() -> None:
    world = world_with(309)
    older = store_credit_detail(260, "30.00", date="2026-11-02T00:00:00.000Z")
    world.publish("store_credit.created", older)
    with_credit(world, 259, "40.00")
    world.publish("payment.created", payment_detail(1, "50.00", [allocation(309, "50.00")], method="Store Credit"))
    world.run()
    assert sorted(credit_memos(world)) == [
        ("syncro:store_credit:259:1", *money("40.00", "20.00")),
        ("syncro:store_credit:260:1", *money("30.00", "0")),
    ]
    assert open_on(world) == {"10309": Decimal("166.00")}
    assert problem_of(record(world, 1))["code"] == "oldest_credit_used"


def test_a_use_that_the_customers_credits_do_not_cover_is_asked_about() -> None:
    world = world_with(309)
    with_credit(world)
    world.publish("payment.created", payment_detail(1, "50.00", [allocation(309, "50.00")], method="Store Credit"))
    world.run()
    assert record(world, 1)["status"] == "needs_attention"
    assert "do not cover" in problem_of(record(world, 1))["message"]
    with_credit(world, 261, "20.00")
    world.publish(
        "payment.updated", payment_detail(1, "50.00", [allocation(309, "50.00")], version=2, method="Store Credit")
    )
    world.run()
    assert open_on(world) == {"10309": Decimal("166.00")}


def test_a_source_of_another_customer_is_asked_about() -> None:
    world = world_with(309)
    other = customer(73, name="Parent Company")
    world.publish("store_credit.created", store_credit_detail(259, owner=other))
    world.publish("payment.created", payment_detail(1, "40.00", [allocation(309, "40.00", 259)], method="Store Credit"))
    world.run()
    assert "another customer" in problem_of(record(world, 1))["message"]


# -- changed and deleted -----------------------------------------------------------------------------------------------


def test_an_edited_credit_is_updated() -> None:
    world = world_with(309)
    with_credit(world)
    world.publish("store_credit.updated", store_credit_detail(259, "55.50", version=2))
    world.run()
    assert credit_memos(world) == [("syncro:store_credit:259:1", *money("55.50", "55.50"))]


def test_an_unused_credit_is_deleted_and_a_used_one_is_asked_about() -> None:
    world = world_with(309)
    with_credit(world)
    world.publish("payment.created", payment_detail(1, "40.00", [allocation(309, "40.00", 259)], method="Store Credit"))
    world.run()
    world.publish("store_credit.deleted", store_credit_detail(259, version=2))
    world.run()
    assert problem_of(world.record("store_credit", 259))["code"] == "credit_in_use"
    assert len(credit_memos(world)) == 1
    world.publish(
        "payment.deleted", payment_detail(1, "40.00", [allocation(309, "40.00", 259)], version=2, method="Store Credit")
    )
    world.run()
    assert credit_memos(world) == []
    assert open_on(world) == {"10309": Decimal("216.00")}


# -- write-offs --------------------------------------------------------------------------------------------------------


def test_a_write_off_is_a_credit_memo_on_the_bad_debt_item_applied_to_its_invoice() -> None:
    world = world_with(309)
    world.publish("payment.created", payment_detail(344, "16.00", [allocation(309, "16.00")], method="Bad Debt"))
    world.run()
    (memo,) = books(world).entities("CreditMemo")
    (line,) = [each for each in memo["Line"] if each["DetailType"] == "SalesItemLineDetail"]
    assert line["SalesItemLineDetail"]["ItemRef"]["name"] == "Bad Debt"
    assert credit_memos(world) == [("syncro:write_off:344:1", *money("16.00", "0"))]
    assert open_on(world) == {"10309": Decimal("200.00")}
    assert payments(world) == [(*money("0", "0"), list(money("16.00", "16.00")))]
    assert record(world)["status"] == "synced"
    world.publish(
        "payment.deleted", payment_detail(344, "16.00", [allocation(309, "16.00")], version=2, method="Bad Debt")
    )
    world.run()
    assert open_on(world) == {"10309": Decimal("216.00")}
    assert credit_memos(world) == []


def test_a_credit_that_was_used_by_hand_is_asked_about_and_no_payment_of_nothing_is_made() -> None:
    world = world_with(309, 310)
    with_credit(world)
    (memo,) = books(world).entities("CreditMemo")
    other = standing(books(world))[1]
    links = [{"TxnId": other["Id"], "TxnType": "Invoice"}, {"TxnId": memo["Id"], "TxnType": "CreditMemo"}]
    lines = [{"Amount": 40, "LinkedTxn": [link]} for link in links]
    books(world).create_by_hand("Payment", {"CustomerRef": other["CustomerRef"], "TotalAmt": 0, "Line": lines})
    world.publish("payment.created", payment_detail(1, "40.00", [allocation(309, "40.00", 259)], method="Store Credit"))
    world.run()
    assert problem_of(record(world, 1))["code"] == "applied_in_part"
    assert "to Store credit 259" in problem_of(record(world, 1))["message"]
    assert (record(world, 1)["status"], len(books(world).entities("Payment"))) == ("needs_attention", 1)


def test_a_credit_of_an_overpayment_that_syncro_does_not_name_is_not_booked_again() -> None:
    world = world_with(309, 310)
    world.publish("payment.created", payment_detail(344, "300.00", [allocation(309, "216.00")]))
    world.publish("store_credit.created", store_credit_detail(259, "84.00", "overpayment", None))
    use = payment_detail(1, "84.00", [allocation(310, "84.00", 259)], method="Store Credit")
    world.publish("payment.created", use)
    world.run()
    assert credit_memos(world) == []
    assert "of which payment" in problem_of(record(world, 1))["message"]


def test_a_payment_that_names_itself_as_its_source_is_asked_about() -> None:
    world = world_with(309)
    world.publish("payment.created", payment_detail(1, "40.00", [allocation(309, "40.00", 1)], method="Store Credit"))
    world.run()
    assert "names itself" in problem_of(record(world, 1))["message"]


# -- several credits at once -------------------------------------------------------------------------------------------


def test_a_payment_may_use_a_credit_memo_and_the_rest_of_a_payment_together() -> None:
    world = world_with(309, 310)
    with_credit(world)
    world.publish("payment.created", payment_detail(344, "300.00", [allocation(309, "216.00")]))
    world.run()
    both = [allocation(310, "84.00", 344), allocation(310, "40.00", 259)]
    world.publish("payment.created", payment_detail(345, "124.00", both, method="Store Credit"))
    world.run()
    assert open_on(world) == {"10309": Decimal(0), "10310": Decimal("92.00")}
    assert payments(world) == [
        (*money("300.00", "0"), list(money("216.00", "84.00"))),
        (*money("0", "0"), list(money("40.00", "40.00"))),
    ]
    assert [record(world, number)["status"] for number in (344, 345)] == ["synced", "synced"]


def test_without_a_source_each_allocation_takes_what_the_ones_before_it_have_left() -> None:
    world = world_with(309, 310)
    with_credit(world, 259)
    with_credit(world, 260)
    two = [allocation(309, "40.00"), allocation(310, "40.00")]
    world.publish("payment.created", payment_detail(1, "80.00", two, method="Store Credit"))
    world.run()
    assert [left for _, _, left in credit_memos(world)] == [Decimal(0), Decimal(0)]
    assert open_on(world) == {"10309": Decimal("176.00"), "10310": Decimal("176.00")}


@pytest.mark.parametrize("method", ["Store Credit", "Bad Debt"])
def test_the_use_of_a_credit_for_no_invoice_is_asked_about_and_books_nothing(method: str) -> None:
    world = world_with(309)
    world.publish("payment.created", payment_detail(1, "40.00", [], method=method))
    world.run()
    assert problem_of(record(world, 1))["code"] == "payment_impossible"
    assert (credit_memos(world), payments(world)) == ([], [])


def test_a_use_of_more_than_the_credit_is_completed_once_the_credit_grows() -> None:
    world = world_with(309)
    with_credit(world)
    world.publish("payment.created", payment_detail(1, "60.00", [allocation(309, "60.00", 259)], method="Store Credit"))
    world.run()
    assert record(world, 1)["status"] == "synced_with_warning"
    world.publish("store_credit.updated", store_credit_detail(259, "60.00", version=2))
    world.run()
    assert open_on(world) == {"10309": Decimal("156.00")}
    assert record(world, 1)["status"] == "synced"


# -- credits that come or change after their use -----------------------------------------------------------------------


def test_a_use_without_a_source_that_comes_before_the_credit_goes_on_once_that_is_there() -> None:
    world = world_with(309)
    world.publish("payment.created", payment_detail(1, "40.00", [allocation(309, "40.00")], method="Store Credit"))
    world.run()
    assert record(world, 1)["status"] == "needs_attention"
    with_credit(world)
    assert open_on(world) == {"10309": Decimal("176.00")}
    assert problem_of(record(world, 1))["code"] == "oldest_credit_used"


def test_a_credit_that_shrinks_below_its_use_follows_once_that_shrinks_too() -> None:
    world = world_with(309)
    with_credit(world)
    world.publish("payment.created", payment_detail(1, "40.00", [allocation(309, "40.00", 259)], method="Store Credit"))
    world.run()
    with_smaller = store_credit_detail(259, "30.00", version=2)
    world.publish("store_credit.updated", with_smaller)
    world.run()
    assert "follows once they are changed" in problem_of(world.record("store_credit", 259))["message"]
    smaller = payment_detail(1, "30.00", [allocation(309, "30.00", 259)], version=2, method="Store Credit")
    world.publish("payment.updated", smaller)
    world.run()
    assert [(amount, left) for _, amount, left in credit_memos(world)] == [money("30.00", "0")]
    assert world.record("store_credit", 259)["status"] == "synced"


def test_a_used_credit_can_move_to_another_customer_with_its_use() -> None:
    world = world_with(309)
    with_credit(world)
    use = [allocation(309, "40.00", 259)]
    world.publish("payment.created", payment_detail(1, "40.00", use, method="Store Credit"))
    world.run()
    other = customer(73, name="Parent Company")
    world.publish("invoice.updated", invoice_detail(309, version=2, owner=other))
    world.publish("store_credit.updated", store_credit_detail(259, version=2, owner=other))
    world.publish("payment.updated", payment_detail(1, "40.00", use, version=2, method="Store Credit", owner=other))
    world.run()
    assert open_on(world) == {"10309": Decimal("176.00")}
    assert [world.record(kind, number)["status"] for kind, number in (("store_credit", 259), ("payment", 1))] == [
        "synced",
        "synced",
    ]


@pytest.mark.parametrize("how", ["method edited", "setting changed", "setting changed, then deleted"])
def test_a_write_off_that_is_none_any_more_leaves_no_credit_behind(how: str) -> None:
    world = world_with(309)
    world.publish("payment.created", payment_detail(method="Bad Debt"))
    world.run()
    if how == "method edited":
        world.publish("payment.updated", payment_detail(version=2))
    else:
        settings = ready_settings(books(world), sync_store_credit=True)
        settings["payment_methods"]["Bad Debt"] = settings["payment_methods"]["Check"]
        settings |= {"store_credit_item": settings["fallback_item"]}
        world.deployment.accounts.save_settings(ACCOUNT, settings, version=1)
        deleted = how.endswith("deleted")
        world.publish(f"payment.{'deleted' if deleted else 'updated'}", payment_detail(method="Bad Debt", version=2))
    world.run()
    assert credit_memos(world) == []
    is_paid = not how.endswith("deleted")
    assert open_on(world) == {"10309": Decimal(0) if is_paid else Decimal("216.00")}
    assert [each[0] for each in payments(world)] == ([Decimal("216.00")] if is_paid else [])


def test_money_that_names_a_credit_as_its_source_is_asked_about_and_not_booked_beside_it() -> None:
    world = world_with(309)
    with_credit(world)
    world.publish("payment.created", payment_detail(1, "40.00", [allocation(309, "40.00", 259)], method="Check"))
    world.run()
    assert "its method is money" in problem_of(record(world, 1))["message"]
    assert payments(world) == []

"""Store credit in QuickBooks: booked once whatever it came from, and applied to invoices. Invoices are of 216.00."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from emulators.quickbooks_online import Fault
from tests.integration.push.spending import actions_of, problem_of, spending
from tests.integration.push.test_payments import books, money, open_on, payments, record, world_with
from tests.support.books import standing
from tests.support.events import ACCOUNT, customer, invoice_detail, line
from tests.support.payment_events import allocation, payment_detail, store_credit_detail
from tests.support.world import World, ready_settings

pytestmark = pytest.mark.usefixtures("aws_services")


def credits(world: World) -> list[tuple[str, Decimal, Decimal]]:
    """Marker, amount and what is left of every credit memo."""
    return [
        (each["PrivateNote"], each["TotalAmt"], each["RemainingCredit"]) for each in books(world).entities("CreditMemo")
    ]


def with_credit(world: World, credit_id: int = 259, amount: str = "40.00") -> None:
    world.publish("store_credit.created", store_credit_detail(credit_id, amount))
    world.run()


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
    assert credits(world) == [("syncro:store_credit:259:1", *money("40.00", "40.00"))]
    assert world.record("store_credit", 259)["status"] == "synced"


def test_a_credit_from_an_overpayment_is_booked_once() -> None:
    world = world_with(309)
    world.publish("payment.created", payment_detail(344, "300.00", [allocation(309, "216.00")]))
    world.publish("store_credit.created", store_credit_detail(259, "84.00", "overpayment", 344))
    world.run()
    assert credits(world) == []
    assert payments(world) == [(*money("300.00", "84.00"), [Decimal("216.00")])]
    assert world.record("store_credit", 259)["status"] == "synced"


def test_with_store_credit_off_it_is_skipped_and_the_invoice_says_what_is_open() -> None:
    world = world_with(309)
    settings = ready_settings(books(world), sync_store_credit=False)
    world.deployment.accounts.save_settings(ACCOUNT, settings, version=1)
    world.publish("store_credit.created", store_credit_detail())
    world.publish("payment.created", payment_detail(1, "40.00", [allocation(309, "40.00", 259)], method="Store Credit"))
    world.run()
    assert credits(world) == []
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
    assert credits(world) == [("syncro:store_credit:259:1", *money("40.00", "0"))]
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
    assert sorted(credits(world)) == [
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


@pytest.mark.parametrize("source", [344, 259], ids=["names the payment", "names its store credit"])
def test_the_rest_of_a_payment_is_used_by_that_same_payment(source: int) -> None:
    world = world_with(309, 310)
    world.publish("payment.created", payment_detail(344, "300.00", [allocation(309, "216.00")]))
    world.publish("store_credit.created", store_credit_detail(259, "84.00", "overpayment", 344))
    world.run()
    use = payment_detail(345, "84.00", [allocation(310, "84.00", source)], method="Store Credit")
    with spending(world) as spent:
        world.publish("payment.created", use)
        world.run()
    assert (spent.operations, spent.reads) == (["update Payment"], 0)
    assert payments(world) == [(*money("300.00", "0"), list(money("216.00", "84.00")))]
    assert open_on(world) == {"10309": Decimal(0), "10310": Decimal("132.00")}
    assert (record(world, 344)["status"], record(world, 345)["status"]) == ("synced", "synced")
    world.publish(
        "payment.deleted", payment_detail(345, "84.00", use["payment"]["allocations"], version=2, method="Store Credit")
    )
    world.run()
    assert payments(world) == [(*money("300.00", "84.00"), [Decimal("216.00")])]
    assert record(world, 345)["status"] == "synced"


def test_a_rest_that_is_used_before_its_payment_was_sent_is_noticed_to_be_done() -> None:
    world = world_with(309, 310)
    world.publish("payment.created", payment_detail(344, "300.00", [allocation(309, "216.00")]))
    use = payment_detail(345, "84.00", [allocation(310, "84.00", 344)], method="Store Credit")
    world.publish("payment.created", use)
    world.run()
    assert payments(world) == [(*money("300.00", "0"), list(money("216.00", "84.00")))]
    assert (record(world, 344)["status"], record(world, 345)["status"]) == ("synced", "synced")


def test_a_rest_that_is_used_while_its_payment_is_being_sent_is_used_once_that_is_over() -> None:
    world = world_with(309)
    world.emulator.faults.add(Fault(kind="status", status=504, method="POST", times=1))
    world.publish("payment.created", payment_detail(344, "300.00", []))
    world.run_for(timedelta(seconds=1))
    assert payments(world) == []  # what was sent is on its way, and is sent again as it was
    use = payment_detail(345, "84.00", [allocation(309, "84.00", 344)], method="Store Credit")
    world.publish("payment.created", use)
    world.run()
    assert payments(world) == [(*money("300.00", "216.00"), [Decimal("84.00")])]
    assert open_on(world) == {"10309": Decimal("132.00")}
    assert (record(world, 344)["status"], record(world, 345)["status"]) == ("synced", "synced")


def test_a_rest_that_is_not_used_any_more_while_its_payment_is_being_sent_is_taken_back_afterwards() -> None:
    world = world_with(309, 310)
    connection = world.deployment.accounts.connection(ACCOUNT)
    assert connection is not None
    at_once = {**(connection.settings or {}), "quiet_seconds": 0}
    world.deployment.accounts.save_settings(ACCOUNT, at_once, version=connection.settings_version)
    world.publish("payment.created", payment_detail(344, "300.00", [allocation(309, "216.00")]))
    use = [allocation(310, "84.00", 344)]
    world.publish("payment.created", payment_detail(345, "84.00", use, method="Store Credit"))
    world.run()
    assert open_on(world) == {"10309": Decimal(0), "10310": Decimal("132.00")}
    world.emulator.faults.add(Fault(kind="status", status=504, method="POST", times=1))
    world.publish("payment.updated", payment_detail(344, "310.00", [allocation(309, "216.00")], version=2))
    world.run_for(timedelta(seconds=1))
    assert payments(world) == [(*money("300.00", "0"), list(money("216.00", "84.00")))]  # the change is on its way
    world.publish("payment.deleted", payment_detail(345, "84.00", use, version=2, method="Store Credit"))
    world.run()
    assert payments(world) == [(*money("310.00", "94.00"), [Decimal("216.00")])]
    assert open_on(world) == {"10309": Decimal(0), "10310": Decimal("216.00")}
    assert (record(world, 344)["status"], record(world, 345)["status"]) == ("synced", "synced")


def test_the_use_of_a_deposited_payments_rest_says_what_to_do_by_hand() -> None:
    world = world_with(309, 310)
    world.publish("payment.created", payment_detail(344, "300.00", [allocation(309, "216.00")]))
    world.run()
    books(world).deposit_by_hand([each["Id"] for each in books(world).entities("Payment")])
    use = payment_detail(345, "84.00", [allocation(310, "84.00", 344)], method="Store Credit")
    world.publish("payment.created", use)
    world.run()
    for number in (344, 345):
        assert record(world, number)["status"] == "needs_attention"
        assert "apply $84.00" in problem_of(record(world, number))["fix"]
        assert "done" in actions_of(problem_of(record(world, number)))
    assert len(books(world).entities("Payment")) == 1


def test_a_payment_and_the_use_of_its_rest_deleted_together_come_to_rest() -> None:
    world = world_with(309, 310)
    world.publish("payment.created", payment_detail(344, "300.00", [allocation(309, "216.00")]))
    use = payment_detail(345, "84.00", [allocation(310, "84.00", 344)], method="Store Credit")
    world.publish("payment.created", use)
    world.run()
    world.publish("payment.deleted", payment_detail(344, "300.00", [allocation(309, "216.00")], version=2))
    world.publish("payment.deleted", {**use, "version": 2})
    world.run()
    assert standing(books(world), "Payment") == []
    assert open_on(world) == {"10309": Decimal("216.00"), "10310": Decimal("216.00")}


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
    assert credits(world) == [("syncro:store_credit:259:1", *money("55.50", "55.50"))]


def test_an_unused_credit_is_deleted_and_a_used_one_is_asked_about() -> None:
    world = world_with(309)
    with_credit(world)
    world.publish("payment.created", payment_detail(1, "40.00", [allocation(309, "40.00", 259)], method="Store Credit"))
    world.run()
    world.publish("store_credit.deleted", store_credit_detail(259, version=2))
    world.run()
    assert problem_of(world.record("store_credit", 259))["code"] == "credit_in_use"
    assert len(credits(world)) == 1
    world.publish(
        "payment.deleted", payment_detail(1, "40.00", [allocation(309, "40.00", 259)], version=2, method="Store Credit")
    )
    world.run()
    assert credits(world) == []
    assert open_on(world) == {"10309": Decimal("216.00")}


# -- write-offs --------------------------------------------------------------------------------------------------------


def test_a_write_off_is_a_credit_memo_on_the_bad_debt_item_applied_to_its_invoice() -> None:
    world = world_with(309)
    world.publish("payment.created", payment_detail(344, "16.00", [allocation(309, "16.00")], method="Bad Debt"))
    world.run()
    (memo,) = books(world).entities("CreditMemo")
    (line,) = [each for each in memo["Line"] if each["DetailType"] == "SalesItemLineDetail"]
    assert line["SalesItemLineDetail"]["ItemRef"]["name"] == "Bad Debt"
    assert credits(world) == [("syncro:write_off:344:1", *money("16.00", "0"))]
    assert open_on(world) == {"10309": Decimal("200.00")}
    assert payments(world) == [(*money("0", "0"), list(money("16.00", "16.00")))]
    assert record(world)["status"] == "synced"
    world.publish(
        "payment.deleted", payment_detail(344, "16.00", [allocation(309, "16.00")], version=2, method="Bad Debt")
    )
    world.run()
    assert open_on(world) == {"10309": Decimal("216.00")}
    assert credits(world) == []


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
    assert credits(world) == []
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
    assert [left for _, _, left in credits(world)] == [Decimal(0), Decimal(0)]
    assert open_on(world) == {"10309": Decimal("176.00"), "10310": Decimal("176.00")}


@pytest.mark.parametrize("method", ["Store Credit", "Bad Debt"])
def test_the_use_of_a_credit_for_no_invoice_is_asked_about_and_books_nothing(method: str) -> None:
    world = world_with(309)
    world.publish("payment.created", payment_detail(1, "40.00", [], method=method))
    world.run()
    assert problem_of(record(world, 1))["code"] == "payment_impossible"
    assert (credits(world), payments(world)) == ([], [])


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


# -- a rest that is used otherwise later -------------------------------------------------------------------------------


def with_used_rest() -> tuple[World, dict[str, Any]]:
    """Payment 344 of 400.00 pays 309; payment 1 uses the 184.00 that are left of it for 310."""
    world = world_with(309, 310)
    world.publish("payment.created", payment_detail(344, "400.00", [allocation(309, "216.00")]))
    use = payment_detail(1, "184.00", [allocation(310, "184.00", 344)], method="Store Credit")
    world.publish("payment.created", use)
    world.run()
    assert open_on(world) == {"10309": Decimal(0), "10310": Decimal("32.00")}
    return world, use


@pytest.mark.parametrize(("method", "source"), [("Store Credit", 345), ("Store Credit", 259), ("Check", None)])
def test_a_payment_whose_rest_is_not_used_after_all_takes_it_back(method: str, source: int | None) -> None:
    world, _ = with_used_rest()
    with_credit(world, 259, "184.00")
    world.publish("payment.created", payment_detail(345, "184.00", []))
    world.run()
    other = payment_detail(1, "184.00", [allocation(310, "184.00", source)], version=2, method=method)
    world.publish("payment.updated", other)
    world.run()
    assert open_on(world) == {"10309": Decimal(0), "10310": Decimal("32.00")}
    assert payments(world)[0] == (*money("400.00", "184.00"), [Decimal("216.00")])
    assert record(world, 1)["status"] == "synced"


def test_an_invoice_that_falls_below_what_a_rest_pays_is_changed_and_paid_again() -> None:
    world, _ = with_used_rest()
    totals = ("100.00", "8.00", "108.00")
    world.publish("invoice.updated", invoice_detail(310, version=2, lines=[line(1, 3)], totals=totals))
    world.run()
    assert open_on(world) == {"10309": Decimal(0), "10310": Decimal(0)}
    assert payments(world) == [(*money("400.00", "76.00"), list(money("216.00", "108.00")))]
    assert "$76.00 is left" in problem_of(record(world, 1))["message"]
    smaller = payment_detail(1, "108.00", [allocation(310, "108.00", 344)], version=2, method="Store Credit")
    world.publish("payment.updated", smaller)
    world.run()
    assert [record(world, number)["status"] for number in (1, 344)] == ["synced", "synced"]


def test_an_invoice_deleted_while_a_rest_pays_it_is_voided_once_that_is_taken_off() -> None:
    world, use = with_used_rest()
    world.publish("invoice.deleted", invoice_detail(310, version=2))
    world.run()
    assert problem_of(world.record("invoice", 310))["code"] == "deleted_but_in_use"
    world.publish("payment.deleted", {**use, "version": 2})
    world.run()
    assert open_on(world) == {"10309": Decimal(0)}
    assert payments(world) == [(*money("400.00", "184.00"), [Decimal("216.00")])]


def test_with_store_credit_off_a_rest_is_not_used_although_its_payment_changes() -> None:
    world = world_with(309, 310)
    settings = ready_settings(books(world), sync_store_credit=False)
    world.deployment.accounts.save_settings(ACCOUNT, settings, version=1)
    world.publish("payment.created", payment_detail(344, "300.00", [allocation(309, "216.00")]))
    world.publish("payment.created", payment_detail(1, "84.00", [allocation(310, "84.00", 344)], method="Store Credit"))
    world.run()
    changed = payment_detail(344, "300.00", [allocation(309, "216.00")], version=2, ref_num="99")
    world.publish("payment.updated", changed)
    world.run()
    assert open_on(world) == {"10309": Decimal(0), "10310": Decimal("216.00")}
    assert "open in QuickBooks by $84.00" in problem_of(world.record("invoice", 310))["message"]


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
    assert [(amount, left) for _, amount, left in credits(world)] == [money("30.00", "0")]
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
    assert credits(world) == []
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


@pytest.mark.parametrize("deposited", [False, True])
def test_two_uses_of_one_rest_come_to_rest_also_if_one_was_a_credit_memos_before(deposited: bool) -> None:
    world = world_with(309, 310)
    with_credit(world)
    world.publish("payment.created", payment_detail(344, "300.00", [allocation(309, "216.00")]))
    uses = {number: [allocation(310, "40.00", source)] for number, source in ((1, 344), (2, 259))}
    for number, use in uses.items():
        world.publish("payment.created", payment_detail(number, "40.00", use, method="Store Credit"))
    world.run()
    if deposited:
        books(world).deposit_by_hand([each["Id"] for each in books(world).entities("Payment") if each["TotalAmt"]])
    moved = payment_detail(2, "40.00", [allocation(310, "40.00", 344)], version=2, method="Store Credit")
    world.publish("payment.updated", moved)
    world.run(timedelta(minutes=30))
    used = Decimal("40.00") if deposited else Decimal("80.00")
    (lines,) = [lines for amount, _, lines in payments(world) if amount == Decimal("300.00")]
    assert sum(lines, Decimal(0)) == Decimal("216.00") + used
    assert record(world, 2)["status"] == ("needs_attention" if deposited else "synced")


def test_a_use_that_moves_to_the_rest_of_a_payment_leaves_no_empty_payment_and_may_move_back() -> None:
    world = world_with(309, 310)
    with_credit(world)
    world.publish("payment.created", payment_detail(344, "300.00", [allocation(309, "216.00")]))
    for version, source in ((1, 259), (2, 344), (3, 259)):
        use = payment_detail(1, "40.00", [allocation(310, "40.00", source)], version=version, method="Store Credit")
        world.publish("payment.updated", use)
        world.run(timedelta(minutes=30))
        assert record(world, 1)["status"] == "synced"
        assert open_on(world) == {"10309": Decimal(0), "10310": Decimal("176.00")}
        by_memo = [each["PrivateNote"] for each in standing(books(world), "Payment") if not each["TotalAmt"]]
        assert by_memo == ([f"syncro:payment:1:{1 if version == 1 else 2}"] if source == 259 else [])
        assert credits(world) == [("syncro:store_credit:259:1", *money("40.00", "0" if source == 259 else "40.00"))]


def test_a_rest_that_was_used_stays_so_while_payments_come_from_quickbooks_and_after_that() -> None:
    world = world_with(309, 310)
    use = payment_detail(345, "84.00", [allocation(310, "84.00", 344)], method="Store Credit")
    world.publish("payment.created", use)
    world.run()  # it waits for its source, so other settings have it decided about again
    world.publish("payment.created", payment_detail(344, "300.00", [allocation(309, "216.00")]))
    world.run()
    assert open_on(world) == {"10309": Decimal(0), "10310": Decimal("132.00")}

    for to_quickbooks in (False, True):
        connection = world.deployment.accounts.connection(ACCOUNT)
        assert connection is not None
        direction = {"sync_payments_to": to_quickbooks, "sync_payments_from": not to_quickbooks}
        settings = {**(connection.settings or {}), **direction}
        world.deployment.accounts.save_settings(ACCOUNT, settings, version=connection.settings_version)
        world.run()
        assert (record(world, 345)["status"], record(world, 345)["problems"]) == ("synced", "[]")
    world.publish("payment.updated", payment_detail(344, "310.00", [allocation(309, "216.00")], version=2))
    world.run()
    assert payments(world) == [(*money("310.00", "10.00"), list(money("216.00", "84.00")))]
    assert open_on(world) == {"10309": Decimal(0), "10310": Decimal("132.00")}
    assert (record(world, 344)["status"], record(world, 345)["status"]) == ("synced", "synced")

"""Store credit in QuickBooks: booked once whatever it came from, and applied to invoices. Invoices are of 216.00."""

from decimal import Decimal

import pytest

from tests.integration.push.spending import actions_of, problem_of, spending
from tests.integration.push.test_payments import books, money, open_on, payments, record, world_with
from tests.support.books import standing
from tests.support.events import ACCOUNT, customer, invoice_detail
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

"""What is left of a payment and another one uses: in QuickBooks it stays the first one's. Invoices are of 216.00."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from emulators.quickbooks_online import Fault
from tests.integration.push.paying import books, credit_memos, money, open_on, payments, record, with_credit, world_with
from tests.integration.push.spending import actions_of, problem_of, spending
from tests.support.books import standing
from tests.support.events import ACCOUNT, invoice_detail, line
from tests.support.payment_events import allocation, payment_detail, store_credit_detail
from tests.support.world import World, ready_settings

pytestmark = pytest.mark.usefixtures("aws_services")


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
        assert credit_memos(world) == [
            ("syncro:store_credit:259:1", *money("40.00", "0" if source == 259 else "40.00"))
        ]


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

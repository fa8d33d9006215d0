"""Death, lost answers and late commits at every call of purchases, and any order of events: all is booked once."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from tests.support.books import assert_each_once
from tests.support.boundaries import Mode
from tests.support.crashing import History
from tests.support.events import ACCOUNT
from tests.support.payment_events import store_credit_detail
from tests.support.purchase_events import finished, order_detail, order_line, purchase_detail, sold_line
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("aws_services")

MORE = [order_line(1, 27, "12", "4010"), order_line(2, 28, "5", "2500")]  # 481.20 + 125.00 = 606.20


def nothing(_world: World) -> None:
    """The company is new."""


def totals(world: World, entity: str) -> list[Decimal]:
    return sorted(each["TotalAmt"] for each in world.companies[ACCOUNT].entities(entity))


def books_are(world: World, **expected: list[str]) -> None:
    """What QuickBooks holds, each thing once: the totals of each kind of document."""
    company = world.companies[ACCOUNT]
    assert_each_once(company)
    for entity in ("Vendor", "PurchaseOrder", "Bill", "Purchase"):
        names = [each.get("DisplayName") or each.get("DocNumber") for each in company.entities(entity)]
        assert len(names) == len(set(names)), f"{entity} twice: {names}"
    for entity in ("PurchaseOrder", "Bill", "Purchase", "CreditMemo"):
        assert totals(world, entity) == [Decimal(amount) for amount in expected.get(entity, [])], entity


def statuses(world: World, *keys: tuple[str, int]) -> list[str]:
    return [world.record(*key)["status"] for key in keys]


# -- an order comes, is finished, and is billed ------------------------------------------------------------------------


def order_and_finish(world: World) -> None:
    world.publish("purchase_order.created", order_detail())
    world.run()
    world.publish("purchase_order.updated", finished())
    world.run()


def order_and_finish_at_once(world: World) -> None:
    world.publish("purchase_order.created", order_detail())
    world.run_for(timedelta(seconds=11))
    world.publish("purchase_order.updated", finished())
    world.run()


def it_is_billed(world: World) -> None:
    books_are(world, PurchaseOrder=["531.20"], Bill=["531.20"])
    company = world.companies[ACCOUNT]
    (order,), (bill,) = company.entities("PurchaseOrder"), company.entities("Bill")
    assert order["LinkedTxn"] == [{"TxnId": bill["Id"], "TxnType": "Bill"}]
    assert order["POStatus"] == "Closed"
    assert statuses(world, ("purchase_order", 707), ("bill", 707)) == ["synced_with_warning"] * 2


# -- opened again and finished again -----------------------------------------------------------------------------------


def reopen_and_finish(world: World) -> None:
    world.publish("purchase_order.updated", order_detail(version=3, lines=MORE, status="Partial", total="626.95"))
    world.run()
    world.publish("purchase_order.updated", finished(version=4, lines=MORE, total="626.95"))
    world.run()


def the_bill_follows(world: World) -> None:
    books_are(world, PurchaseOrder=["606.20"], Bill=["606.20"])
    (bill,) = world.companies[ACCOUNT].entities("Bill")
    links = [[link["TxnLineId"] for link in line["LinkedTxn"]] for line in bill["Line"]]
    assert links == [["1"], ["2"]]


# -- deleted -----------------------------------------------------------------------------------------------------------


def delete_order(world: World) -> None:
    world.publish("purchase_order.deleted", finished(version=9))
    world.run()


def both_are_gone(world: World) -> None:
    books_are(world)
    assert statuses(world, ("purchase_order", 707), ("bill", 707)) == ["synced", "synced"]


# -- customer purchases ------------------------------------------------------------------------------------------------


def buy_change_and_delete(world: World) -> None:
    world.publish("customer_purchase.updated", purchase_detail())
    world.publish("customer_purchase.updated", purchase_detail(716, payment_method="Check"))
    world.publish("customer_purchase.updated", purchase_detail(717, payment_method="Store Credit"))
    world.run()
    lines = [sold_line(1, 26, "3", "35.0"), sold_line(2, None, "1", "180.0", name="Used ThinkPad")]
    world.publish("customer_purchase.updated", purchase_detail(version=2, lines=lines, total="285.00"))
    world.publish("customer_purchase.deleted", purchase_detail(716, version=2, payment_method="Check"))
    world.run()


def bought_once(world: World) -> None:
    books_are(world, Purchase=["285.00"], CreditMemo=["250.00"])
    keys = [("customer_purchase", number) for number in (715, 716, 717)]
    assert statuses(world, *keys) == ["synced"] * 3


HISTORIES = (
    History("order, finish, bill", nothing, order_and_finish_at_once, it_is_billed),
    History("opened and finished again", order_and_finish, reopen_and_finish, the_bill_follows),
    History("deleted", order_and_finish, delete_order, both_are_gone),
    History("customer purchases", nothing, buy_change_and_delete, bought_once),
)
SLICES = 3


@pytest.mark.parametrize("slice_", range(SLICES))
@pytest.mark.parametrize("mode", [Mode.AFTER, Mode.LOST, Mode.LATE], ids=str)
@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.name)
def test_interrupted_at_any_call_everything_is_booked_once(history: History, mode: Mode, slice_: int) -> None:
    history.interrupted_everywhere(mode, slice_, SLICES)


# -- any order ---------------------------------------------------------------------------------------------------------

Event = tuple[str, dict[str, Any]]
ORDER_EVENTS: list[Event] = [
    ("purchase_order.created", order_detail()),
    ("purchase_order.updated", finished()),
    ("purchase_order.updated", order_detail(version=3, lines=MORE, status="Partial", total="626.95")),
    ("purchase_order.updated", finished(version=4, lines=MORE, total="626.95")),
]


def published(events: tuple[Event, ...], between: Callable[[World], None]) -> World:
    world = World()
    world.connect(number_check=False, everything=True)
    for event in events:
        world.publish(*event)
        between(world)
    world.run()
    return world


def at_once(_world: World) -> None:
    """The next event comes before anything was sent."""


@pytest.mark.parametrize("between", [World.run, at_once], ids=["one by one", "at once"])
def test_an_orders_events_in_any_order_end_in_the_newest_order_and_its_bill(between: Callable[[World], None]) -> None:
    for events in permutations(ORDER_EVENTS):
        world = published(events, between)
        try:
            the_bill_follows(world)
        except AssertionError as error:
            versions = [detail["version"] for _, detail in events]
            raise AssertionError(f"versions {versions}: {error}") from error


@pytest.mark.parametrize("between", [World.run, at_once], ids=["one by one", "at once"])
def test_a_payout_in_store_credit_is_one_credit_memo_in_any_order(between: Callable[[World], None]) -> None:
    credit = store_credit_detail(259, "250.00", "purchase_payout", 715)
    estimate = purchase_detail(paid_out=False, paid_out_at=None, payment_method=None, status="Estimate")
    events: list[Event] = [
        ("customer_purchase.created", estimate),
        ("customer_purchase.updated", purchase_detail(version=2, payment_method="Store Credit")),
        ("store_credit.created", credit),
    ]
    for each in permutations(events):
        books_are(published(each, between), CreditMemo=["250.00"])

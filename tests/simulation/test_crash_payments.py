"""Death, lost answers and late commits at every call of payments, credits and repairs: everything is booked once."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.support.books import assert_each_once, standing
from tests.support.boundaries import Mode
from tests.support.crashing import History
from tests.support.events import ACCOUNT, invoice_detail, line
from tests.support.payment_events import allocation, payment_detail, store_credit_detail
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("aws_services")

STORE_CREDIT: dict[str, Any] = {"method": "Store Credit"}
WRITE_OFF: dict[str, Any] = {"method": "Bad Debt"}


def books_are(world: World, *, open_on: dict[str, str], received: list[str], unapplied: str, credit_left: str) -> None:
    """The whole of the customer's account: open invoices, money received, what of it and of credit memos is left."""
    company = world.companies[ACCOUNT]
    assert_each_once(company)
    assert {each["DocNumber"]: each["Balance"] for each in standing(company)} == {
        number: Decimal(amount) for number, amount in open_on.items()
    }
    payments = standing(company, "Payment")
    assert sorted(each["TotalAmt"] for each in payments if each["TotalAmt"]) == sorted(map(Decimal, received))
    assert sum(each["UnappliedAmt"] for each in payments) == Decimal(unapplied)
    assert sum(each["RemainingCredit"] for each in company.entities("CreditMemo")) == Decimal(credit_left)


def two_invoices(world: World) -> None:
    for number in (309, 310):
        world.publish("invoice.created", invoice_detail(number))


def paid_twice_over(world: World) -> None:
    two_invoices(world)
    world.run()
    world.publish("payment.created", payment_detail(344, "300.00", [allocation(309, "216.00")]))


# -- a payment is made, split and voided -------------------------------------------------------------------------------


def pay_split_and_end(world: World) -> None:
    world.publish("payment.created", payment_detail(344, "216.00"))
    world.run()
    split = [allocation(309, "116.00"), allocation(310, "100.00")]
    world.publish("payment.updated", payment_detail(344, "216.00", split, version=2))
    world.publish("payment.created", payment_detail(345, "50.00", [allocation(310, "50.00")]))
    world.run()
    world.publish("payment.deleted", payment_detail(345, "50.00", [allocation(310, "50.00")], version=2))
    world.run()


def split_is_booked(world: World) -> None:
    open_on = {"10309": "100.00", "10310": "116.00"}
    books_are(world, open_on=open_on, received=["216.00"], unapplied="0", credit_left="0")
    assert [world.record("payment", number)["status"] for number in (344, 345)] == ["synced", "synced"]


# -- credit memos: made, used, a write-off, one deleted ----------------------------------------------------------------


def credit_and_write_off(world: World) -> None:
    world.publish("store_credit.created", store_credit_detail(259, "40.00"))
    world.publish("store_credit.created", store_credit_detail(260, "25.00"))
    world.publish("payment.created", payment_detail(1, "40.00", [allocation(309, "40.00", 259)], **STORE_CREDIT))
    world.publish("payment.created", payment_detail(2, "16.00", [allocation(310, "16.00")], **WRITE_OFF))
    world.run()
    world.publish("store_credit.deleted", store_credit_detail(260, "25.00", version=2))
    world.run()


def credit_is_booked(world: World) -> None:
    open_on = {"10309": "176.00", "10310": "200.00"}
    books_are(world, open_on=open_on, received=[], unapplied="0", credit_left="0")
    memos = sorted(each["PrivateNote"] for each in world.companies[ACCOUNT].entities("CreditMemo"))
    assert memos == ["syncro:store_credit:259:1", "syncro:write_off:2:1"]
    assert [world.record("payment", number)["status"] for number in (1, 2)] == ["synced", "synced"]


# -- what is left of a payment, used and given back --------------------------------------------------------------------


def rest_is_used(world: World) -> None:
    use = [allocation(310, "84.00", 344)]
    world.publish("payment.created", payment_detail(345, "84.00", use, **STORE_CREDIT))
    world.run()


def rest_is_booked(world: World) -> None:
    open_on = {"10309": "0", "10310": "132.00"}
    books_are(world, open_on=open_on, received=["300.00"], unapplied="0", credit_left="0")
    assert [world.record("payment", number)["status"] for number in (344, 345)] == ["synced", "synced"]


# -- order of repair ---------------------------------------------------------------------------------------------------


def paid_in_full(world: World) -> None:
    world.publish("invoice.created", invoice_detail(309))
    world.run()
    world.publish("payment.created", payment_detail(344, "216.00"))


def invoice_shrinks(world: World) -> None:
    smaller = invoice_detail(309, version=2, lines=[line(1, 3)], totals=("100.00", "8.00", "108.00"))
    world.publish("invoice.updated", smaller)
    world.run()


def repair_is_done(world: World) -> None:
    books_are(world, open_on={"10309": "0"}, received=["216.00"], unapplied="108.00", credit_left="0")
    assert world.record("invoice", 309)["status"] == "synced"


# -- deleted together --------------------------------------------------------------------------------------------------


def both_are_deleted(world: World) -> None:
    world.publish("invoice.deleted", invoice_detail(309, version=2))
    world.run_for(timedelta(seconds=15))
    world.publish("payment.deleted", payment_detail(344, "216.00", version=2))
    world.run()


def nothing_is_left(world: World) -> None:
    books_are(world, open_on={}, received=[], unapplied="0", credit_left="0")
    assert world.record("invoice", 309)["status"] == "synced"


HISTORIES = (
    History("a payment is split, another voided", two_invoices, pay_split_and_end, split_is_booked),
    History("credits and a write-off", two_invoices, credit_and_write_off, credit_is_booked),
    History("the rest of a payment", paid_twice_over, rest_is_used, rest_is_booked),
    History("an invoice falls below its payment", paid_in_full, invoice_shrinks, repair_is_done),
    History("invoice and payment are deleted", paid_in_full, both_are_deleted, nothing_is_left),
)
SLICES = 3


@pytest.mark.parametrize("slice_", range(SLICES))
@pytest.mark.parametrize("mode", [Mode.AFTER, Mode.LOST, Mode.LATE], ids=str)
@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.name)
def test_interrupted_at_any_call_everything_is_booked_once(history: History, mode: Mode, slice_: int) -> None:
    history.interrupted_everywhere(mode, slice_, SLICES)

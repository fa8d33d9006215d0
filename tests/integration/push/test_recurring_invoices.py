"""Invoices that look alike are still two documents, also when an answer was lost and absence has to be proven."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal

import pytest

from emulators.quickbooks_online import Fault
from tests.support.books import assert_each_once, standing
from tests.support.events import invoice_detail
from tests.support.world import World, ready_settings

pytestmark = pytest.mark.usefixtures("aws_services")

OCTOBER, NOVEMBER = "2026-10-20T00:00:00.000Z", "2026-11-20T00:00:00.000Z"
DATES = {"two months": (OCTOBER, NOVEMBER), "the same day": (NOVEMBER, NOVEMBER)}
LOST: dict[str, Literal["before", "after"]] = {"never arrived": "before", "answer lost": "after"}


def connected(*, custom_txn_numbers: bool) -> World:
    """A world in which customer and items of the invoices exist, and no invoice."""
    world = World()
    company = world.connect(custom_txn_numbers=custom_txn_numbers)
    settings = ready_settings(company, numbering="memo_when_quickbooks_numbers")
    world.deployment.accounts.save_settings("acme", settings, version=1)
    world.publish("invoice.created", invoice_detail(1))
    world.run()
    (first,) = standing(company)
    company.delete_by_hand("Invoice", first["Id"])
    return world


def fail_until_only_a_proof_can_tell(world: World, operation: str, kind: Literal["before", "after"]) -> Fault:
    """The next request gets no answer, and three repeats of it a 500 each. Returns the fault that counts them."""
    entity = "Invoice" if operation == "create" else None
    world.emulator.faults.add(Fault(kind=kind, operation=operation, entity=entity))
    repeats = Fault(kind="status", status=500, operation=operation, entity=entity, nth=2, times=3)
    world.emulator.faults.add(repeats)
    return repeats


def run_until_failed(world: World, repeats: Fault) -> None:
    while repeats.seen < 4:
        world.run_for(timedelta(seconds=5))


def assert_two_documents(world: World, dates: tuple[str, str]) -> None:
    company = world.companies["acme"]
    assert_each_once(company)
    found = {marker(invoice): invoice for invoice in standing(company)}
    assert sorted(found) == ["syncro:invoice:309", "syncro:invoice:310"]
    assert [found[each]["TxnDate"] for each in sorted(found)] == [date[:10] for date in dates]
    assert {Decimal(str(invoice["TotalAmt"])) for invoice in found.values()} == {Decimal("216.00")}
    assert [world.record("invoice", each)["status"].removesuffix("_with_warning") for each in (309, 310)] == [
        "synced",
        "synced",
    ]


def marker(invoice: dict[str, Any]) -> str:
    return str(invoice["PrivateNote"]).rpartition(":")[0]


@pytest.mark.parametrize("custom_txn_numbers", [True, False], ids=["Syncro's number", "QuickBooks' own number"])
@pytest.mark.parametrize("dates", DATES.values(), ids=DATES)
def test_identical_recurring_invoices_are_two_documents(dates: tuple[str, str], custom_txn_numbers: bool) -> None:
    world = connected(custom_txn_numbers=custom_txn_numbers)
    for invoice_id, date in zip((309, 310), dates, strict=True):
        world.publish("invoice.created", invoice_detail(invoice_id, date=date))
        world.run()
    assert_two_documents(world, dates)


@pytest.mark.parametrize("custom_txn_numbers", [True, False], ids=["Syncro's number", "QuickBooks' own number"])
@pytest.mark.parametrize("kind", LOST.values(), ids=LOST)
@pytest.mark.parametrize("dates", DATES.values(), ids=DATES)
def test_the_second_one_is_not_taken_for_the_first_one_whose_answer_was_lost(
    dates: tuple[str, str], kind: Literal["before", "after"], custom_txn_numbers: bool
) -> None:
    world = connected(custom_txn_numbers=custom_txn_numbers)
    repeats = fail_until_only_a_proof_can_tell(world, "create", kind)
    world.publish("invoice.created", invoice_detail(309, date=dates[0]))
    run_until_failed(world, repeats)

    world.publish("invoice.created", invoice_detail(310, date=dates[1]))
    world.run_for(timedelta(seconds=30))
    booked = [marker(invoice) for invoice in standing(world.companies["acme"])]
    assert booked == (["syncro:invoice:310"] if kind == "before" else ["syncro:invoice:309", "syncro:invoice:310"])
    assert world.record("invoice", 310)["status"].startswith("synced")
    assert not world.record("invoice", 309)["status"].startswith("synced")

    world.run()
    assert_two_documents(world, dates)


@pytest.mark.parametrize("kind", LOST.values(), ids=LOST)
def test_sent_together_and_lost_together_they_are_two_documents(kind: Literal["before", "after"]) -> None:
    world = connected(custom_txn_numbers=True)
    repeats = fail_until_only_a_proof_can_tell(world, "batch", kind)
    dates = (NOVEMBER, NOVEMBER)
    for invoice_id in (309, 310):
        world.publish("invoice.created", invoice_detail(invoice_id, date=NOVEMBER))
    run_until_failed(world, repeats)
    world.run()
    assert_two_documents(world, dates)

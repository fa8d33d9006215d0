"""One record that QuickBooks refuses is parked with cause and fix; what was sent together with it lands."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from emulators.quickbooks_online import Fault
from syncro_quickbooks.storage.packing import pack
from tests.integration.push.spending import actions_of, problem_of, spending
from tests.support.books import assert_each_once, standing
from tests.support.events import ACCOUNT, customer, invoice_detail, line
from tests.support.payment_events import allocation, payment_detail
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("aws_services")

POISON = 1017
BATCH = range(1001, 1031)
MEMBER = {"kind": "error", "code": "6000", "detail": "Business Validation Error: no such luck", "times": None}
WHOLE = {**MEMBER, "whole": True}
TOO_LARGE = {"kind": "status", "status": 413, "shape": "html", "times": None}
TOO_LARGE_EMPTY = {**TOO_LARGE, "shape": "empty"}
FAILS = {"kind": "status", "status": 500, "times": None}


def connected() -> World:
    world = World()
    world.connect()
    world.publish("invoice.created", invoice_detail(309))
    world.run()
    return world


def statuses(world: World, kind: str, ids: range) -> dict[int, str]:
    return {each: world.record(kind, each)["status"] for each in ids}


@pytest.mark.parametrize(
    ("fault", "code", "requests"),
    [
        # One batch tells about all of its members.
        (MEMBER, "qbo_6000", 1),
        # 30, then halves of what is left: 15+15, 7+7+1, 3+3+1, 1+1+1 at the worst.
        (WHOLE, "qbo_6000", 12),
        (TOO_LARGE, "qbo_413", 12),
        (TOO_LARGE_EMPTY, "qbo_413", 12),
    ],
    ids=["refused by itself", "refuses the whole batch", "too large, a web page", "too large, no words"],
)
def test_a_poison_invoice_in_a_batch_of_thirty_is_parked_and_the_other_29_land(
    fault: dict[str, object], code: str, requests: int
) -> None:
    world = connected()
    world.emulator.faults.add(Fault(entity="Invoice", name=f"10{POISON}", **fault))  # type: ignore[arg-type]  # a table of keywords
    with spending(world) as spent:
        for invoice_id in BATCH:
            world.publish("invoice.created", invoice_detail(invoice_id))
        world.run()
    assert spent.operations[0] == "batch (30)"
    assert spent.calls <= requests, spent.operations
    assert spent.reads == 0
    company = world.companies["acme"]
    assert_each_once(company)
    numbers = {f"10{each}" for each in BATCH if each != POISON} | {"10309"}
    assert {invoice["DocNumber"] for invoice in standing(company)} == numbers
    assert statuses(world, "invoice", BATCH) == {
        each: "needs_attention" if each == POISON else "synced" for each in BATCH
    }
    problem = problem_of(world.record("invoice", POISON))
    assert problem["code"] == code
    assert f"10{POISON}" in problem["message"]
    assert problem["fix"]
    assert "retry" in actions_of(problem)
    assert world.items("#outbox#") == []
    assert world.items("#dispatch#") == []

    # A later change of the document is tried again, and by itself.
    world.emulator.faults.clear()
    world.publish("invoice.updated", invoice_detail(POISON, version=2))
    world.run()
    assert world.record("invoice", POISON)["status"] == "synced"
    assert len(standing(company)) == 31


@pytest.mark.parametrize("fault", [MEMBER, WHOLE, TOO_LARGE], ids=["by itself", "whole batch", "too large"])
def test_a_poison_item_among_thirty_new_ones_holds_back_only_the_invoice_that_needs_it(
    fault: dict[str, object],
) -> None:
    world = connected()
    world.emulator.faults.add(Fault(entity="Item", name="Product 17", **fault))  # type: ignore[arg-type]  # a table of keywords
    owner = customer()
    for number in range(1, 31):
        lines = [line(1, 10 + number), line(2, 3)]
        world.publish("invoice.created", invoice_detail(1000 + number, lines=lines, owner=owner))
    world.run()
    company = world.companies["acme"]
    assert_each_once(company)
    assert len(standing(company)) == 30  # with the first one
    held = world.record("invoice", 1007)
    assert held["status"] == "waiting"
    product = world.record("product", 17)
    assert product["status"] == "needs_attention"
    assert problem_of(held)["code"] == problem_of(product)["code"] in ("qbo_6000", "qbo_413")
    assert problem_of(product)["fix"]
    assert {"Product 16", "Product 18"} <= {item["Name"] for item in company.entities("Item")}
    assert "Product 17" not in {item["Name"] for item in company.entities("Item")}


def test_a_poison_customer_among_thirty_new_ones_holds_back_only_its_own_invoice() -> None:
    world = connected()
    world.emulator.faults.add(Fault(entity="Customer", name="Customer 17", **WHOLE))  # type: ignore[arg-type]  # a table of keywords
    for number in range(1, 31):
        owner = customer(number, name=f"Customer {number}")
        world.publish("invoice.created", invoice_detail(1000 + number, owner=owner))
    world.run()
    company = world.companies["acme"]
    assert_each_once(company)
    assert len(standing(company)) == 30
    assert world.record("invoice", 1017)["status"] == "waiting"
    assert problem_of(world.record("customer", 17))["code"] == "qbo_6000"


def test_an_invoice_that_quickbooks_fails_at_is_found_and_does_not_hold_up_the_account() -> None:
    world = connected()
    world.emulator.faults.add(Fault(entity="Invoice", name=f"10{POISON}", **FAILS))  # type: ignore[arg-type]  # a table of keywords
    for invoice_id in BATCH:
        world.publish("invoice.created", invoice_detail(invoice_id))
    world.run_for(timedelta(hours=1))
    company = world.companies["acme"]
    assert_each_once(company)
    assert len(standing(company)) == 30  # with the first one
    failing = world.record("invoice", POISON)
    assert failing["status"] == "retrying"
    assert problem_of(failing)["code"] == "quickbooks_fails"
    assert f"10{POISON}" in problem_of(failing)["message"]

    for invoice_id in (2001, 2002, 2003):
        with spending(world) as spent:
            world.publish("invoice.created", invoice_detail(invoice_id))
            world.run_for(timedelta(minutes=1))
        assert world.record("invoice", invoice_id)["status"] == "synced", spent.operations
        world.run_for(timedelta(minutes=11))
    # What is due in the same moment as its next try does not travel with it.
    (entry,) = world.items("#outbox#")
    due = datetime.fromtimestamp(int(entry["due"]["N"]) / 1000, UTC)
    world.run_for(due - timedelta(seconds=10) - world.clock.now())
    for invoice_id in (3001, 3002, 3003):
        world.publish("invoice.created", invoice_detail(invoice_id))
    with spending(world) as spent:
        world.run_for(timedelta(seconds=12))
    assert spent.operations[:2] == ["batch (3)", "create Invoice"]
    assert statuses(world, "invoice", range(3001, 3004)) == dict.fromkeys(range(3001, 3004), "synced")

    with spending(world) as spent:
        world.run_for(timedelta(hours=4))
    # At most three more rounds, at growing intervals: three tries and the proof each.
    assert 4 <= spent.calls <= 12, spent.operations

    world.emulator.faults.clear()
    world.publish("invoice.updated", invoice_detail(POISON, version=2))
    world.run()
    assert_each_once(company)
    assert len(standing(company)) == 37
    assert world.record("invoice", POISON)["status"] == "synced"


def test_an_item_that_quickbooks_fails_at_holds_up_only_the_invoices_that_need_it() -> None:
    world = connected()
    world.emulator.faults.add(Fault(entity="Item", name="Product 17", **FAILS))  # type: ignore[arg-type]  # a table of keywords
    world.publish("invoice.created", invoice_detail(1001, lines=[line(1, 17), line(2, 3)]))
    world.run_for(timedelta(minutes=20))
    for invoice_id in (2001, 2002, 2003):
        world.publish("invoice.created", invoice_detail(invoice_id))
        world.run_for(timedelta(minutes=16))  # the longest pause of the breaker
        assert world.record("invoice", invoice_id)["status"] == "synced"
    assert world.record("invoice", 1001)["status"] == "retrying"
    world.emulator.faults.clear()
    world.run()
    assert_each_once(world.companies["acme"])
    assert world.record("invoice", 1001)["status"] == "synced"


def test_a_stored_snapshot_that_this_release_cannot_read_is_parked_and_the_others_go_on() -> None:
    world = connected()
    for number in (1, 2):
        world.publish("payment.created", payment_detail(number, "10.00", [allocation(309, "10.00")]))
    place = {"pk": {"S": f"acct#{ACCOUNT}#payment#1"}, "sk": {"S": "record"}}
    other: dict[str, Any] = {"ExpressionAttributeValues": {":other": {"B": pack({"id": 1, "allocations": []})}}}
    other |= {"ExpressionAttributeNames": {"#desired": "desired"}}
    world.table.update_item(TableName=world.table_name, Key=place, UpdateExpression="SET #desired = :other", **other)
    world.run()
    assert problem_of(world.record("payment", 1))["code"] == "internal"
    assert world.record("payment", 2)["status"] == "synced"

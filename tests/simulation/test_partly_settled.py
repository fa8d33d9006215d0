"""Requests of which a part is settled: what is not known is found out by reading, and nothing is booked twice for it.

QuickBooks does not say for how long it repeats an answer; here it has forgotten the request by the time it comes again.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from emulators.quickbooks_online import Company, Fault
from syncro_quickbooks import exact_json
from tests.support.books import assert_each_once, standing
from tests.support.boundaries import Boundaries, Mode
from tests.support.events import ACCOUNT, customer, invoice_detail, line
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("aws_services")

TOTAL = Decimal("216.00")
NO_ITEMS: dict[str, Any] = {"lines": [line(1, None)], "totals": ("100.00", "8.00", "108.00")}
REFUSED: dict[str, Any] = {"kind": "error", "entity": "Invoice", "operation": "create", "code": "6000"}
UNCLEAR = {**REFUSED, "code": "10000"}


def with_known_lists() -> tuple[World, Company]:
    """Customer and items exist; QuickBooks would book a second document of the same number."""
    world = World()
    company = world.connect(number_check=False)
    world.publish("invoice.created", invoice_detail(300))
    world.run()
    return world, company


def numbers(company: Company) -> list[str]:
    return sorted(str(document["DocNumber"]) for document in standing(company))


def status(world: World, number: int) -> str:
    return str(world.record("invoice", number)["status"])


def forget_answers(world: World) -> None:
    """From now on QuickBooks does again whatever it is sent again."""
    world.emulator.requestid_retention = timedelta(0)


@pytest.mark.parametrize("changed_first", [False, True], ids=["as it was", "changed meanwhile"])
def test_a_refused_member_is_not_carried_out_with_the_repeat_for_an_unclear_one(changed_first: bool) -> None:
    world, company = with_known_lists()
    for number in (301, 302):
        world.publish("invoice.created", invoice_detail(number))
    world.emulator.faults.add(Fault(bid="1", **REFUSED))
    world.emulator.faults.add(Fault(bid="2", **UNCLEAR))
    world.run_for(timedelta(seconds=11))
    assert (status(world, 301), numbers(company)) == ("needs_attention", ["10300"])
    assert len(world.items("#dispatch#")) == 1
    forget_answers(world)
    if not changed_first:
        world.run()
        assert (status(world, 301), status(world, 302)) == ("needs_attention", "synced")
        assert numbers(company) == ["10300", "10302"]
    world.publish("invoice.updated", invoice_detail(301, version=2, number="X1"))
    world.run()
    assert (status(world, 301), status(world, 302)) == ("synced", "synced")
    assert numbers(company) == ["10300", "10302", "X1"]
    assert_each_once(company)


def refused_as_a_whole() -> tuple[World, Company]:
    """Three invoices are due, and QuickBooks is going to refuse the batch of them for one."""
    world, company = with_known_lists()
    for number in (301, 302, 303):
        world.publish("invoice.created", invoice_detail(number))
    world.emulator.faults.add(Fault(name="10302", whole=True, **REFUSED))
    world.clock.sleep(11)
    return world, company


def test_dying_anywhere_after_a_batch_was_refused_as_a_whole_books_each_once() -> None:
    world, _ = refused_as_a_whole()
    world.start(Boundaries())
    world.push()
    names = world.boundaries.calls
    refused = names.index("qbo.POST batch")
    ends = next(place for place in range(refused + 1, len(names)) if names[place].startswith("qbo."))
    assert ends - refused > 4  # three releases and the end of the dispatch at least
    for at in range(refused, ends):
        world, company = refused_as_a_whole()
        world.start(Boundaries(at=at, mode=Mode.AFTER))
        world.push()
        assert world.boundaries.hit == names[at]
        forget_answers(world)
        world.run()
        where = f"call {at} ({names[at]})"
        assert numbers(company) == ["10300", "10301", "10302", "10303"], where
        assert [status(world, number) for number in (301, 302, 303)] == ["synced"] * 3, where
        assert_each_once(company)


def test_a_customer_renamed_while_its_first_request_was_lost_exists_once() -> None:
    world = World()
    company = world.connect()
    world.emulator.faults.add(Fault(kind="after", operation="create", entity="Customer"))
    world.emulator.faults.add(Fault(kind="status", status=503, path="customer", method="POST", nth=2, times=3))
    world.publish("invoice.created", invoice_detail(**NO_ITEMS))
    world.run_for(timedelta(minutes=1))
    assert [each["DisplayName"] for each in company.entities("Customer")] == ["Returns R Us"]
    assert len(world.items("#dispatch#")) == 1
    renamed = customer(version=2, name="Returns R Us Inc")
    world.publish("invoice.updated", invoice_detail(version=2, owner=renamed, **NO_ITEMS))
    world.run()
    (only,) = company.entities("Customer")
    assert (only["DisplayName"], only["Notes"]) == ("Returns R Us Inc", "syncro:customer:72:1")
    assert [each["CustomerRef"]["value"] for each in standing(company)] == [only["Id"]]
    assert status(world, 309) == "synced"


@pytest.mark.parametrize(
    "fault",
    [{"code": "3001", "message": "ThrottleExceeded"}, {"code": "429", "message": "Too many requests"}],
    ids=["3001", "429"],
)
def test_a_throttled_member_pauses_the_account_for_a_minute_and_not_for_an_hour(fault: dict[str, str]) -> None:
    world, company = with_known_lists()
    for number in (301, 302, 303):
        world.publish("invoice.created", invoice_detail(number))
    world.emulator.faults.add(Fault(**{**REFUSED, **fault, "bid": "2"}))
    world.run_for(timedelta(seconds=11))
    asked = world.emulator.journal[-1]
    assert asked.operation == "batch (3)"
    connection = world.deployment.accounts.connection(ACCOUNT)
    assert connection is not None
    pause = world.deployment.accounts.health(connection).pause
    assert pause is not None
    assert pause.until is not None
    assert pause.problem.code == "throttled"
    assert timedelta(seconds=60) <= pause.until - asked.time <= timedelta(seconds=62)
    world.run_for(timedelta(minutes=10))
    assert numbers(company) == ["10300", "10301", "10302", "10303"]
    assert {status(world, number) for number in (301, 302, 303)} == {"synced"}


# -- batches of nearly a megabyte --------------------------------------------------------------------------------------


def large(number: int, last_line: int) -> dict[str, Any]:
    """An invoice of about half a megabyte; its last line has a text of `last_line` characters."""
    lines = [{**line(each, None, price="1.0"), "name": "x" * 3_900, "taxable": False} for each in range(1, 124)]
    lines[-1]["name"] = "x" * last_line
    return invoice_detail(number, lines=lines, totals=("123.00", "0.00", "123.00"))


def test_two_invoices_that_just_fill_a_megabyte_are_sent() -> None:
    world, company = with_known_lists()
    world.publish("invoice.created", large(301, 1_000))
    world.run()
    bytes_sent = len(exact_json.dumps(world.emulator.journal[-1].body))
    padded = 1_000 + 499_990 - bytes_sent
    assert 1 <= padded <= 4_000
    for number in (302, 303):
        world.publish("invoice.created", large(number, padded))
    world.run()
    assert len(exact_json.dumps(world.emulator.journal[-1].body)) == 499_990
    assert numbers(company) == ["10300", "10301", "10302", "10303"]
    assert [status(world, number) for number in (302, 303)] == ["synced", "synced"]

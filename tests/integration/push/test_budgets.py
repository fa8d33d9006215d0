"""What an invoice may cost: HTTP calls and metered reads, counted in the journal of the emulator."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.integration.push.spending import problem_of, spending
from tests.support.books import assert_each_once, standing
from tests.support.events import customer, invoice_detail, line
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("aws_services")

TEN_LINES = [line(number, number) for number in range(11, 21)]
TEN_LINES_TOTALS = ("1000.00", "80.00", "1080.00")


def connected() -> World:
    """A world whose worker has read the company's preferences, as it does once a day."""
    world = World()
    world.connect()
    first = invoice_detail(1, lines=[line(1, None)], totals=("100.00", "8.00", "108.00"), owner=customer(1, name="One"))
    world.publish("invoice.created", first)
    world.run()
    assert world.record("invoice", 1)["status"] == "synced"
    return world


def ten_lines(invoice_id: int, **fields: Any) -> dict[str, Any]:
    return invoice_detail(invoice_id, **{"lines": TEN_LINES, "totals": TEN_LINES_TOTALS, **fields})


def test_an_invoice_whose_customer_and_items_are_known_costs_one_call() -> None:
    world = connected()
    world.publish("invoice.created", ten_lines(309))
    world.run()
    with spending(world) as spent:
        world.publish("invoice.created", ten_lines(310))
        world.run()
    assert spent.operations == ["create Invoice"]
    assert (spent.calls, spent.by_member, spent.reads) == (1, 1, 0)
    assert world.record("invoice", 310)["status"] == "synced"

    with spending(world) as spent:
        changed = [*TEN_LINES[:-1], line(20, 20, quantity="2.0")]
        world.publish(
            "invoice.updated", ten_lines(310, version=2, lines=changed, totals=("1100.00", "88.00", "1188.00"))
        )
        world.run()
    assert (spent.operations, spent.reads) == (["update Invoice"], 0)
    assert {str(invoice["TotalAmt"]) for invoice in standing(world.companies["acme"])} == {
        "108.00",
        "1080.00",
        "1188.00",
    }


def test_the_next_day_only_the_preferences_are_read_again_not_what_never_changes() -> None:
    world = connected()
    world.publish("invoice.created", ten_lines(309))
    world.run()
    world.clock.sleep(25 * 60 * 60)
    world.companies["acme"].book_close_date = date(2026, 12, 31)
    with spending(world) as spent:
        world.publish("invoice.created", ten_lines(310))
        world.run()
    assert (spent.operations, spent.reads) == (["query Preferences"], 1)
    assert problem_of(world.record("invoice", 310))["code"] == "books_closed"
    connection = world.deployment.accounts.connection("acme")
    assert connection is not None
    assert connection.company is not None
    assert connection.company["country"] == "US"


def test_an_event_without_news_costs_nothing() -> None:
    world = connected()
    world.publish("invoice.created", ten_lines(309))
    world.publish("invoice.updated", ten_lines(309, version=3))
    world.run()
    with spending(world) as unchanged:
        world.publish("invoice.updated", ten_lines(309, version=4))
        world.run()
    assert (unchanged.calls, world.record("invoice", 309)["version"]) == (0, "4")
    with spending(world) as repeated:
        world.publish("invoice.updated", ten_lines(309, version=4))
        world.run()
    with spending(world) as stale:
        world.publish("invoice.updated", ten_lines(309, version=2, totals=("9.00", "9.00", "9.00")))
        world.run()
    assert (repeated.calls, stale.calls) == (0, 0)
    assert world.record("invoice", 309)["status"] == "synced"


def test_a_new_customer_and_ten_new_items_cost_three_calls_and_one_read() -> None:
    world = connected()
    with spending(world) as spent:
        world.publish("invoice.created", ten_lines(309))
        world.run()
    assert spent.operations == ["query Customer", "batch (11)", "create Invoice"]
    assert (spent.calls, spent.by_member, spent.reads) == (3, 13, 1)
    assert world.record("invoice", 309)["status"] == "synced"


@pytest.mark.parametrize("email", ["billing72@example.com", None], ids=["same e-mail", "no e-mail in QuickBooks"])
def test_names_that_quickbooks_has_already_cost_five_calls_and_three_reads(email: str | None) -> None:
    world = connected()
    company = world.companies["acme"]
    address = {"PrimaryEmailAddr": {"Address": email}} if email else {}
    by_hand = company.create_by_hand("Customer", {"DisplayName": "Returns R Us", **address})
    items = {
        company.create_by_hand(
            "Item", {"Name": f"Product {number}", "Type": "Service", "IncomeAccountRef": {"value": "1"}}
        )["Id"]
        for number in range(11, 21)
    }
    with spending(world) as spent:
        world.publish("invoice.created", ten_lines(309))
        world.run()
    assert spent.calls <= 5, spent.operations
    assert spent.reads <= 3, spent.operations
    assert_each_once(company)
    (invoice,) = [each for each in standing(company) if each["DocNumber"] == "10309"]
    assert invoice["CustomerRef"]["value"] == by_hand["Id"]
    assert {
        each["SalesItemLineDetail"]["ItemRef"]["value"] for each in invoice["Line"] if "SalesItemLineDetail" in each
    } == items
    assert world.record("invoice", 309)["status"] == "synced"
    adopted = company.get("Customer", by_hand["Id"])
    assert adopted is not None
    assert adopted["DisplayName"] == "Returns R Us"
    assert adopted["PrimaryEmailAddr"]["Address"] == "billing72@example.com"


def test_three_hundred_known_invoices_go_out_in_batches_of_thirty_within_intuits_limits() -> None:
    world = connected()
    world.emulator.enforce_limits = True
    world.publish("invoice.created", invoice_detail(309))
    world.run()
    with spending(world) as spent:
        for invoice_id in range(1001, 1301):
            world.publish("invoice.created", invoice_detail(invoice_id))
        world.run()
    assert spent.operations == ["batch (30)"] * 10
    assert {entry.status for entry in spent.entries} == {200}
    assert spent.calls / 300 <= 0.04
    assert spent.by_member / 300 == 1.0  # the worst reading of Intuit's limits: every member is a call
    assert spent.reads == 0
    company = world.companies["acme"]
    assert_each_once(company)
    assert len(standing(company)) == 302
    assert sum(invoice["TotalAmt"] for invoice in standing(company)) == Decimal("108.00") + 301 * Decimal("216.00")

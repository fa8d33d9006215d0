"""Taken names of customers and items are looked up in one call; an answer that is not complete settles nothing."""

import pytest

from emulators.quickbooks_online import Fault
from tests.support.books import assert_each_once, standing
from tests.support.events import invoice_detail
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("aws_services")

FAULTS = {
    "one query left out": Fault(kind="omit", operation="query", entity="Item"),
    "one query refused": Fault(kind="error", operation="query", entity="Item", code="4001"),
    "one query undecided": Fault(kind="error", operation="query", entity="Customer", code="10000", nth=2),
    "throttled": Fault(kind="status", operation="query", entity="Item", status=429),
    "truncated": Fault(kind="truncate", operation="query", entity="Item"),
    "lost": Fault(kind="before", operation="query", entity="Item", timed_out=True),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_lookup_that_is_not_answered_completely_creates_and_adopts_nothing_of_its_own(fault: Fault) -> None:
    world = World()
    company = world.connect()
    customer = company.create_by_hand("Customer", {"DisplayName": "Returns R Us"})
    service = {"Type": "Service", "IncomeAccountRef": {"value": "1"}}
    items = [company.create_by_hand("Item", {"Name": f"Product {number}", **service}) for number in (3, 4)]
    world.emulator.faults.add(fault)
    world.publish("invoice.created", invoice_detail())
    world.run()
    lookups = [entry for entry in world.emulator.journal if entry.operation == "batch (2)" and entry.kind == "read"]
    assert len(lookups) == 2
    assert_each_once(company)
    assert len(company.entities("Customer")) == 1
    (invoice,) = standing(company)
    assert invoice["CustomerRef"]["value"] == customer["Id"]
    used = [each["SalesItemLineDetail"]["ItemRef"]["value"] for each in invoice["Line"] if "Id" in each]
    assert used == [item["Id"] for item in items]
    assert world.record("invoice", 309)["status"] == "synced"

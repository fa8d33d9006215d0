"""Every read of the invoice flow, failing in every way: nothing is created or unmapped because of it, ever.

Each history comes to one read and meets it either once or for the whole of a long outage. Once the read works again
everything ends right, and exists once.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from emulators.quickbooks_online import Fault
from tests.support.books import assert_each_once, is_void
from tests.support.events import ACCOUNT, customer, invoice_detail, line, product
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("aws_services")

REALM = "9130001"
OUTAGE = timedelta(minutes=12)

WAYS: dict[str, dict[str, Any]] = {
    "timeout": {"kind": "before", "timed_out": True},
    "connection lost": {"kind": "before"},
    "500": {"kind": "status", "status": 500},
    "401": {"kind": "status", "status": 401, "shape": "lowercase"},
    "429": {"kind": "status", "status": 429},
    "429 in XML": {"kind": "status", "status": 429, "shape": "xml"},
    "lower-case fault": {"kind": "status", "status": 200, "shape": "lowercase"},
    "XML fault": {"kind": "status", "status": 500, "shape": "xml"},
    "200 with Fault": {"kind": "status", "status": 200, "shape": "fault200"},
    "HTML": {"kind": "status", "status": 200, "shape": "html"},
    "empty": {"kind": "status", "status": 200, "shape": "empty"},
    "truncated": {"kind": "truncate"},
}

PAUSING = ("401", "429", "429 in XML")

Prepare = Callable[[World], None]
Made = dict[str, Any]

CREATED = invoice_detail(version=1)
UPDATED = invoice_detail(
    version=2,
    lines=[line(1, 3), line(2, 4, quantity="3.0")],
    totals=("400.00", "32.00", "432.00"),
)
BOTH_ITEMS = ["Product 3", "Product 4"]
OURS = ["Returns R Us"]
POSTED = {"Customer": OURS, "Item": BOTH_ITEMS, "Invoice": [("10309", Decimal("216.00"))]}
CHANGED = {**POSTED, "Invoice": [("10309", Decimal("432.00"))]}
VOIDED = {**POSTED, "Invoice": [("10309", Decimal(0))]}
NOTHING: Made = {"Customer": [], "Item": [], "Invoice": []}
# Items are created without any lookup, so what is read about the customer says nothing about them.
ITEMS_ALONE: Made = {**NOTHING, "Item": BOTH_ITEMS}


@dataclass(frozen=True)
class Read:
    """One read of the flow: how the history comes to it, and what QuickBooks holds while it fails and afterwards."""

    fault: dict[str, Any]
    prepare: Prepare
    during: Made
    after: Made = field(default_factory=lambda: POSTED)
    also: tuple[Fault, ...] = ()
    while_paused: Made | None = None

    def during_outage(self, way: str) -> Made:
        """What QuickBooks holds meanwhile; some ways to fail pause the whole account."""
        return self.while_paused if way in PAUSING and self.while_paused is not None else self.during


def first_push(world: World) -> None:
    world.publish("invoice.created", CREATED)


def first_push_without_email(world: World) -> None:
    world.publish("invoice.created", invoice_detail(version=1, owner=customer(email="")))


def customer_name_is_taken(world: World) -> None:
    world.companies[ACCOUNT].create_by_hand("Customer", {"DisplayName": "Returns R Us"})
    first_push(world)


def item_name_is_taken(world: World) -> None:
    company = world.companies[ACCOUNT]
    income = next(each for each in company.entities("Account") if each["AccountType"] == "Income")
    by_hand = {"Name": "Product 3", "Type": "Service", "IncomeAccountRef": {"value": income["Id"]}}
    company.create_by_hand("Item", by_hand)
    first_push(world)


def posted(world: World) -> None:
    first_push(world)
    world.run()


def edited(entity: str, change: dict[str, Any]) -> Prepare:
    """Posted, then touched by the bookkeeper where Syncro has no say, then changed in Syncro."""

    def prepare(world: World) -> None:
        posted(world)
        company = world.companies[ACCOUNT]
        for each in company.entities(entity):
            if "syncro:" in str(each) or each.get("Name") in BOTH_ITEMS:
                company.edit_by_hand(entity, each["Id"], change)
        owner = {**customer(version=2), "phone": "555-0199"}
        products = [product(3), {**product(4, version=2), "description": "Now described better"}]
        world.publish("invoice.updated", {**UPDATED, "customer": owner, "products": products})

    return prepare


def deleted(world: World) -> None:
    posted(world)
    world.publish("invoice.deleted", invoice_detail(version=2))


def changed(world: World) -> None:
    posted(world)
    world.publish("invoice.updated", UPDATED)


def lost(kind: Any, operation: str) -> tuple[Fault, ...]:
    """The answer is lost, and three repeats are answered 500 alike: only reading can tell what happened."""
    which: dict[str, Any] = {"operation": operation, "entity": "Invoice"}
    return Fault(kind=kind, **which), Fault(kind="status", status=500, times=3, nth=2, **which)


READS = {
    "preferences": Read({"operation": "query", "entity": "Preferences"}, first_push, NOTHING),
    "company info": Read({"operation": "query", "entity": "CompanyInfo"}, first_push, NOTHING),
    "customer by e-mail": Read(
        {"operation": "query", "entity": "Customer"}, first_push, ITEMS_ALONE, while_paused=NOTHING
    ),
    "customer by name": Read(
        {"operation": "query", "entity": "Customer"}, first_push_without_email, ITEMS_ALONE, while_paused=NOTHING
    ),
    "customer whose name is taken": Read(
        {"operation": "query", "entity": "Customer", "nth": 2},
        customer_name_is_taken,
        {"Customer": OURS, "Item": BOTH_ITEMS, "Invoice": []},
    ),
    "item whose name is taken": Read(
        {"operation": "query", "entity": "Item"},
        item_name_is_taken,
        {"Customer": OURS, "Item": BOTH_ITEMS, "Invoice": []},
    ),
    "invoice after 5010": Read(
        {"operation": "read", "entity": "Invoice"},
        edited("Invoice", {"CustomerMemo": {"value": "Thank you!"}}),
        POSTED,
        CHANGED,
    ),
    "customer after 5010": Read(
        {"operation": "read", "entity": "Customer"},
        edited("Customer", {"FamilyName": "Returns"}),
        POSTED,
        CHANGED,
    ),
    "item after 5010": Read(
        {"operation": "read", "entity": "Item"}, edited("Item", {"Sku": "by hand"}), POSTED, CHANGED
    ),
    "invoice before the void": Read({"operation": "read", "entity": "Invoice"}, deleted, POSTED, VOIDED),
    "proof that a create was done": Read(
        {"operation": "query", "entity": "Invoice"}, first_push, POSTED, also=lost("after", "create")
    ),
    "proof that a create was not done": Read(
        {"operation": "query", "entity": "Invoice"},
        first_push,
        {"Customer": OURS, "Item": BOTH_ITEMS, "Invoice": []},
        also=lost("before", "create"),
    ),
    "proof that an update was done": Read(
        {"operation": "read", "entity": "Invoice"}, changed, CHANGED, CHANGED, also=lost("after", "update")
    ),
    "proof that an update was not done": Read(
        {"operation": "read", "entity": "Invoice"}, changed, POSTED, CHANGED, also=lost("before", "update")
    ),
}


@dataclass
class History:
    """A world at the start of the outage, with what QuickBooks came with and what is linked so far."""

    world: World
    seed: set[str]
    failing: Fault
    links: dict[str, str]


def begin(read: Read, way: str, *, times: int | None) -> History:
    world = World()
    company = world.connect(realm=REALM, number_check=False)
    world.deployment.accounts.forget_company(ACCOUNT)  # so that the push reads the preferences, as it does once a day
    seed = {item["Name"] for item in company.entities("Item")}
    read.prepare(world)
    failing = Fault(**WAYS[way], **read.fault, times=times)
    for fault in (failing, *map(replace, read.also)):
        world.emulator.faults.add(fault)
    return History(world, seed, failing, links(world))


def links(world: World) -> dict[str, str]:
    """Which QuickBooks id each record is linked to."""
    found = world.items(f"acct#{ACCOUNT}#")
    return {item["pk"]["S"]: item["qbo_id"]["S"] for item in found if item.get("qbo_id", {}).get("S")}


def holds(history: History) -> Made:
    company = history.world.companies[ACCOUNT]
    invoices = company.entities("Invoice")
    assert all(is_void(each) or each["TotalAmt"] for each in invoices)
    return {
        "Customer": [each["DisplayName"] for each in company.entities("Customer")],
        "Item": sorted({each["Name"] for each in company.entities("Item")} - history.seed),
        "Invoice": [(each["DocNumber"], Decimal(str(each["TotalAmt"]))) for each in invoices],
    }


def assert_ends_right(history: History, read: Read) -> None:
    world = history.world
    world.run()
    assert_each_once(world.companies[ACCOUNT])
    assert holds(history) == read.after
    assert world.record("invoice", 309)["status"] == "synced"
    assert history.links.items() <= links(world).items()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("read", READS)
def test_a_read_that_fails_for_long_creates_and_unmaps_nothing(read: str, way: str) -> None:
    history = begin(READS[read], way, times=None)
    world = history.world
    world.run_for(OUTAGE)
    assert history.failing.seen, "the history never came to this read"
    assert holds(history) == READS[read].during_outage(way)
    assert history.links.items() <= links(world).items()
    world.emulator.faults.clear()
    if way == "401":
        world.sign_in(ACCOUNT, REALM)  # a token that even a refresh does not mend has paused the connection
    assert_ends_right(history, READS[read])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("read", READS)
def test_a_read_that_fails_once_changes_nothing_in_the_end(read: str, way: str) -> None:
    history = begin(READS[read], way, times=1)
    assert_ends_right(history, READS[read])
    assert history.failing.seen > 1, "the read was not tried again"

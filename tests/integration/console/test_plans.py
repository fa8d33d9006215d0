"""A dry run writes nothing, and what it foretells is what is then sent, for every kind of document."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from syncro_quickbooks.online import dry_client
from tests.support.boundaries import Boundaries
from tests.support.console import Console
from tests.support.events import customer, invoice_detail, line, product
from tests.support.payment_events import allocation, payment_detail, store_credit_detail
from tests.support.purchase_events import finished, order_detail, purchase_detail
from tests.support.taxes import grouped, with_new_codes
from tests.support.world import World


def table(world: World) -> str:
    """Everything that is stored."""
    return json.dumps(world.items(""), default=str, sort_keys=True)


def assert_same(ours: Any, theirs: Any, made: dict[str, Any], place: str = "") -> None:
    """What was foretold is what was sent; each planned id stands for one real id throughout."""
    if isinstance(ours, dict):
        assert sorted(ours) == sorted(theirs), place
        for key in ours:
            assert_same(ours[key], theirs[key], made, f"{place}.{key}")
    elif isinstance(ours, list):
        assert len(ours) == len(theirs), place
        for number, (our, their) in enumerate(zip(ours, theirs, strict=True)):
            assert_same(our, their, made, f"{place}[{number}]")
    elif isinstance(ours, str) and ours.startswith("planned-"):
        assert made.setdefault(ours, theirs) == theirs, place
    elif isinstance(theirs, int | float | Decimal) and not isinstance(theirs, bool):
        assert Decimal(str(ours)) == Decimal(str(theirs)), place
    else:
        assert ours == theirs, place


def writes(entries: list[Any]) -> list[tuple[str, Any]]:
    return [(entry.path.rpartition("/")[2], entry.body) for entry in entries if entry.kind == "write"]


CASES = {
    "an invoice": [("invoice.created", invoice_detail())],
    "a payment": [("invoice.created", invoice_detail()), ("payment.created", payment_detail())],
    "a store credit and its use": [
        ("invoice.created", invoice_detail()),
        ("store_credit.created", store_credit_detail()),
        ("payment.created", payment_detail(345, "40.00", [allocation(309, "40.00", 259)], method="Store Credit")),
    ],
    "a write-off": [
        ("invoice.created", invoice_detail()),
        ("payment.created", payment_detail(346, "16.00", [allocation(309, "16.00")], method="Bad Debt")),
    ],
    "a purchase order": [("purchase_order.created", order_detail())],
    "a customer purchase": [("customer_purchase.created", purchase_detail())],
}


@pytest.mark.parametrize("name", CASES)
def test_the_plan_is_what_is_then_sent(name: str, world: World, console: Console) -> None:
    world.connect(everything=True)
    for detail_type, detail in CASES[name]:
        world.publish(detail_type, detail)
    world.clock.sleep(60)
    before, journal = table(world), len(world.emulator.journal)
    plan = console.get("/plan")
    assert (table(world), len(world.emulator.journal)) == (before, journal), "a dry run leaves no trace"
    foretold = [(step["path"].rpartition("/")[2], step["body"]) for step in plan["steps"] if step["path"]]
    world.run()
    sent = writes(world.emulator.journal[journal:])
    assert len(foretold) >= 2
    assert [path for path, _ in foretold] == [path for path, _ in sent]
    made: dict[str, Any] = {}
    for (path, ours), (_, theirs) in zip(foretold, sent, strict=True):
        assert_same(ours, theirs, made, path)
    assert made
    for record in plan["records"]:
        assert world.record(record["kind"], int(record["id"]))["status"] == record["status"], record


def test_the_plan_of_changes_is_what_is_then_sent(world: World, console: Console) -> None:
    """An invoice falls in value and its payment is deleted: an update and a void, each of what was read last."""
    world.connect(everything=True)
    world.publish("invoice.created", invoice_detail())
    world.publish("payment.created", payment_detail(amount="16.00"))
    world.publish("invoice.created", invoice_detail(310))
    world.run()
    lines = [line(1, 3), line(2, 4, quantity="3.0")]
    world.publish("invoice.updated", invoice_detail(version=2, lines=lines, totals=("400.00", "32.00", "432.00")))
    world.publish("payment.deleted", payment_detail(amount="16.00", version=2))
    world.clock.sleep(60)
    assert_foretold(world, console.get("/plan"))


def test_the_plan_of_a_bill_is_what_is_then_sent(world: World, console: Console) -> None:
    """Of an order that QuickBooks has: its lines' ids are known."""
    world.connect(everything=True)
    world.publish("purchase_order.created", order_detail())
    world.run()
    world.publish("purchase_order.updated", finished())
    world.clock.sleep(60)
    plan = console.get("/plan?read=true")
    assert [step["writes"][0]["kind"] for step in plan["steps"] if step["path"]] == ["bill"]
    assert_foretold(world, plan)


def test_a_tax_code_to_be_made_needs_more_reads_than_a_plan_makes_and_it_says_so(
    world: World, console: Console
) -> None:
    with_new_codes(world, {"3": {}})
    world.publish("invoice.created", grouped())
    world.clock.sleep(60)
    standing = {each["kind"]: each for each in console.get("/plan?read=true")["records"]}
    assert standing["invoice"]["status"] == "retrying"
    assert "every TaxRate would have to be read first" in standing["invoice"]["problems"][0]["message"]


def assert_foretold(world: World, plan: dict[str, Any]) -> None:
    """The writes of a plan are those of the run after it, and the records stand as it said."""
    journal = len(world.emulator.journal)
    foretold = [(step["path"].rpartition("/")[2], step["body"]) for step in plan["steps"] if step["path"]]
    world.run()
    sent = writes(world.emulator.journal[journal:])
    assert foretold
    assert [path for path, _ in foretold] == [path for path, _ in sent]
    made: dict[str, Any] = {}
    for (path, ours), (_, theirs) in zip(foretold, sent, strict=True):
        assert_same(ours, theirs, made, path)
    for record in plan["records"]:
        assert world.record(record["kind"], int(record["id"]))["status"] == record["status"], record


def test_the_plan_of_one_record(world: World, console: Console) -> None:
    world.connect()
    world.publish("invoice.created", invoice_detail())
    world.publish("invoice.created", invoice_detail(310))
    before = table(world)
    plan = console.get("/records/invoice/309/plan")
    assert table(world) == before
    assert plan["ended"] == "done"
    made = [(each["kind"], each["id"]) for step in plan["steps"] for each in step["writes"]]
    assert made == [("customer", "72"), ("product", "3"), ("product", "4"), ("invoice", "309")]
    assert any("taken to find nothing" in step["read"] for step in plan["steps"])


def test_a_plan_says_what_stands_in_the_way(world: World, console: Console) -> None:
    world.connect()
    world.publish("invoice.created", invoice_detail(number="7" * 22))
    plan = console.get("/records/invoice/309/plan")
    assert plan["steps"] == []
    (record,) = plan["records"]
    assert (record["status"], record["problems"][0]["code"]) == ("needs_attention", "number_too_long")


def test_with_reads_the_names_are_looked_up(world: World, console: Console) -> None:
    company = world.connect()
    company.create_by_hand(
        "Customer", {"DisplayName": "Returns Ltd", "PrimaryEmailAddr": {"Address": "billing72@example.com"}}
    )
    world.publish("invoice.created", invoice_detail())
    before = len(company.entities("Customer"))
    plan = console.get("/records/invoice/309/plan?read=true")
    assert [step["read_now"] for step in plan["steps"] if step["read"]] == [True]
    assert "Customer" not in [each["entity"] for step in plan["steps"] for each in step["writes"]]
    standing = {each["kind"]: each["problems"][0]["code"] for each in plan["records"] if each["problems"]}
    assert standing == {"customer": "customer_email_taken", "invoice": "customer_email_taken"}
    assert len(company.entities("Customer")) == before


class Slow(Boundaries):
    """QuickBooks takes 8 s for every query."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def pass_through(self, name: str, *arguments: Any, **named: Any) -> Any:
        if name == "qbo.GET query":
            self._world.clock.sleep(8)
        return super().pass_through(name, *arguments, **named)


def test_a_plan_ends_before_nobody_waits_for_it_any_longer(world: World, console: Console) -> None:
    world.connect()
    for number in range(300, 304):
        detail = invoice_detail(number, number=f"10{number}", owner=customer(number))
        world.publish("invoice.created", {**detail, "products": [product(number, name=f"Part {number}")]})
    world.clock.sleep(60)
    before = world.clock.now()
    world.start(Slow(world))
    plan = console.get("/plan?read=true")
    assert plan["ended"] == "out of time"
    assert world.clock.now() - before < timedelta(seconds=26)


def test_a_plan_is_no_longer_than_an_answer_may_be(
    world: World, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dry_client, "MOST_BYTES", 1_000)
    world.connect()
    world.publish("invoice.created", invoice_detail())
    world.clock.sleep(60)
    plan = console.get("/plan")
    assert plan["ended"] == "out of time"
    assert [each["kind"] for step in plan["steps"] for each in step["writes"]] == ["customer", "product", "product"]


def test_another_accounts_record_has_no_plan(world: World, console: Console) -> None:
    world.connect()
    world.publish("invoice.created", invoice_detail())
    world.connect("other", "9130002")
    assert console.request("GET", "/records/invoice/309/plan", account="other").status_code == 404
    assert console.get("/plan", account="other")["steps"] == []


def test_a_desktop_account_has_the_plan_of_its_next_session(world: World, console: Console) -> None:
    """Before the first session nothing is known of the company file; the plan says so."""
    world.deployment.registrations.register("acme", "acme")
    world.publish("invoice.created", invoice_detail())
    before = table(world)
    for path in ("/plan", "/records/invoice/309/plan"):
        plan = console.get(path)
        assert (plan["steps"], plan["ended"] != "done") == ([], True)
    assert table(world) == before

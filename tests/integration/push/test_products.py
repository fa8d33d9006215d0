"""Products: an item once one is invoiced, then kept up to date field by field, and the bookkeeper's work stays."""

from decimal import Decimal
from typing import Any

import pytest

from emulators.quickbooks_online import Company, Fault
from tests.integration.push.spending import actions_of, problem_of, spending
from tests.support.books import standing
from tests.support.events import ACCOUNT, invoice_detail, line, product
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("aws_services")

NAME = "Product 3"


def connected(**company: Any) -> tuple[World, Company]:
    world = World()
    return world, world.connect(**company)


def event(version: int, **fields: Any) -> dict[str, Any]:
    snapshot = {**product(3), **fields}
    del snapshot["version"]
    envelope = {"event_id": f"product-{version}", "account_id": ACCOUNT, "occurred_at": "2026-11-23T09:00:00Z"}
    return {**envelope, "version": version, "product": snapshot}


def publish(world: World, version: int, change: str = "updated", **fields: Any) -> dict[str, Any]:
    world.publish(f"product.{change}", event(version, **fields))
    world.run()
    return world.record("product", 3)


def invoiced(world: World, number: int = 309, **fields: Any) -> dict[str, Any]:
    """One line of product 3 for 100.00 at 8 %."""
    detail = invoice_detail(number, lines=[line(1, 3)], totals=("100.00", "8.00", "108.00"), **fields)
    world.publish("invoice.created", detail)
    world.run()
    return world.record("invoice", number)


def item(company: Company, name: str = NAME) -> dict[str, Any]:
    (found,) = [each for each in company.entities("Item") if each["Name"] == name]
    return found


# -- by itself ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["created", "updated", "deleted"])
def test_a_product_that_was_never_invoiced_rests_without_a_call(change: str) -> None:
    world, company = connected()
    world.publish("invoice.created", invoice_detail(300, lines=[line(1, None)], totals=("100.00", "8.00", "108.00")))
    world.run()
    before = len(company.entities("Item"))
    with spending(world) as spent:
        record = publish(world, 1, change)
    assert (record["status"], spent.calls) == ("dormant", 0)
    assert len(company.entities("Item")) == before


def test_it_is_made_as_it_is_by_then_when_it_is_first_invoiced() -> None:
    world, company = connected()
    publish(world, 1, "created", name="Early name")
    publish(world, 2, price_retail="75.5")
    assert invoiced(world, products=[product(3, version=1, name="Early name")])["status"] == "synced"
    assert (item(company)["UnitPrice"], item(company)["Type"]) == (Decimal("75.5"), "Service")
    assert world.record("product", 3)["status"] == "synced"


def test_a_changed_product_updates_its_item_at_once_and_nothing_but_what_changed() -> None:
    world, company = connected()
    invoiced(world)
    before = item(company)
    with spending(world) as spent:
        record = publish(world, 2, name="Renamed", description="New text", price_retail="120.25")
    after = item(company, "Renamed")
    assert (record["status"], spent.operations) == ("synced", ["update Item"])
    assert (after["Id"], after["Description"], after["UnitPrice"]) == (before["Id"], "New text", Decimal("120.25"))
    assert after["IncomeAccountRef"] == before["IncomeAccountRef"]


def test_its_own_event_updates_the_item_although_an_invoice_brought_the_same_version_first() -> None:
    world, company = connected()
    invoiced(world)
    draft = invoice_detail(310, lines=[line(1, 3)], products=[product(3, version=2, name="Renamed")], is_draft=True)
    world.publish("invoice.created", draft)
    world.run()
    assert world.record("product", 3)["status"] == "dormant"
    assert publish(world, 2, name="Renamed")["status"] == "synced"
    assert item(company, "Renamed")


@pytest.mark.parametrize("change", ["created", "updated"])
def test_the_same_event_twice_costs_nothing_the_second_time(change: str) -> None:
    world, _ = connected()
    invoiced(world)
    publish(world, 2, change, name="Renamed")
    with spending(world) as spent:
        assert publish(world, 2, change, name="Renamed")["status"] == "synced"
        assert publish(world, 1, change)["status"] == "synced"
    assert spent.calls == 0


@pytest.mark.parametrize("change", ["deleted", "updated"])
def test_the_item_of_a_deleted_or_disabled_product_is_left_alone(change: str) -> None:
    world, company = connected()
    invoiced(world)
    with spending(world) as spent:
        publish(world, 2, change, disabled=True, name="Old stuff", price_retail="1")
    assert spent.calls == 0
    assert (item(company)["Active"], item(company)["UnitPrice"]) == (True, Decimal(100))


def test_an_invoice_of_a_product_that_was_deleted_before_still_goes_out() -> None:
    world, company = connected()
    publish(world, 2, "deleted")
    assert invoiced(world)["status"] == "synced"
    assert item(company)


# -- the bookkeeper's hand ---------------------------------------------------------------------------------------------


def test_the_bookkeepers_name_text_and_price_stay_until_syncro_changes_each_of_them() -> None:
    world, company = connected()
    invoiced(world)
    theirs = {"Name": "Labor, remote", "Description": "Theirs", "UnitPrice": Decimal(99)}
    company.edit_by_hand("Item", item(company)["Id"], theirs)
    assert publish(world, 2, price_retail="110")["status"] == "synced"
    found = item(company, "Labor, remote")
    assert (found["UnitPrice"], found["Description"]) == (Decimal(110), "Theirs")
    assert publish(world, 3, price_retail="110", description="Ours again")["status"] == "synced"
    assert item(company, "Labor, remote")["Description"] == "Ours again"
    assert publish(world, 4, price_retail="110", description="Ours again", name="Remote work")["status"] == "synced"
    assert item(company, "Remote work")["Id"] == found["Id"]


def test_an_item_that_was_found_keeps_its_texts_until_syncro_changes_them() -> None:
    world, company = connected()
    income = next(each["Id"] for each in company.entities("Account") if each["AccountType"] == "Income")
    theirs = {"Name": NAME, "Type": "Service", "IncomeAccountRef": {"value": income}, "UnitPrice": Decimal(70)}
    made = company.create_by_hand("Item", {**theirs, "Description": "Theirs"})
    assert invoiced(world)["status"] == "synced"
    assert (item(company)["UnitPrice"], item(company)["SyncToken"]) == (Decimal(70), made["SyncToken"])
    publish(world, 2, price_retail="80")
    assert (item(company)["UnitPrice"], item(company)["Description"]) == (Decimal(80), "Theirs")


def test_force_update_sends_everything_of_the_product() -> None:
    world, company = connected()
    invoiced(world)
    company.edit_by_hand("Item", item(company)["Id"], {"Name": "Labor, remote", "UnitPrice": Decimal(99)})
    force = {"event_id": "f", "account_id": ACCOUNT, "occurred_at": "2026-11-23T10:00:00Z", "request_id": "press-1"}
    world.publish("force_update.requested", {**force, "kind": "product", "id": 3})
    world.run()
    assert world.record("product", 3)["status"] == "synced"
    assert item(company)["UnitPrice"] == Decimal(100)


# -- what QuickBooks refuses -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["610", "2500"])
def test_an_invoice_of_an_inactive_item_names_it_and_its_product(code: str) -> None:
    world, company = connected()
    company.inactive_reference = code
    invoiced(world)
    item_id = item(company)["Id"]
    company.deactivate_by_hand("Item", item_id)
    record = invoiced(world, 310)
    problem = problem_of(record)
    assert (record["status"], problem["code"]) == ("needs_attention", f"qbo_{code}")
    assert problem["message"] == (
        "Invoice 10310 (invoice#310), line 1, uses the item 'Product 3 (deleted)' (of product#3 in Syncro), "
        "which is inactive in QuickBooks."
    )
    assert actions_of(problem) == ["reactivate", "link", "retry", "skip"]
    assert problem["actions"][0]["params"] == {"entity": "Item", "id": item_id, "record": "product#3"}
    assert len(standing(company)) == 1


def test_a_changed_product_whose_item_is_inactive_asks_and_goes_on_once_it_is_active() -> None:
    world, company = connected()
    invoiced(world)
    item_id = item(company)["Id"]
    company.deactivate_by_hand("Item", item_id)
    record = publish(world, 2, price_retail="110")
    problem = problem_of(record)
    assert (record["status"], problem["code"]) == ("needs_attention", "inactive_in_quickbooks")
    assert actions_of(problem) == ["reactivate", "link", "retry", "skip"]
    assert "product#3" in problem["message"]
    assert company.get("Item", item_id)["Active"] is False  # type: ignore[index]  # it is there
    company.edit_by_hand("Item", item_id, {"Active": True})
    assert publish(world, 3, price_retail="111")["status"] == "synced"
    assert item(company)["UnitPrice"] == Decimal(111)


def test_an_update_that_is_refused_because_the_item_is_gone_stands_on_the_product() -> None:
    world, _ = connected()
    invoiced(world)
    world.emulator.faults.add(Fault(kind="error", operation="update", entity="Item", code="610"))
    record = publish(world, 2, price_retail="110")
    problem = problem_of(record)
    assert (record["status"], problem["code"]) == ("needs_attention", "qbo_610")
    assert problem["message"].startswith("Item 'Product 3' (product#3)")
    assert {"reactivate", "link"} <= set(actions_of(problem))


def test_a_category_of_that_name_is_refused_with_what_to_do() -> None:
    world, company = connected()
    company.create_by_hand("Item", {"Name": NAME, "Type": "Category"})
    record = invoiced(world)
    problem = problem_of(world.record("product", 3))
    assert (record["status"], problem["code"]) == ("waiting", "item_is_category")
    assert "Rename the product in Syncro" in problem["fix"]
    assert "link" in actions_of(problem)
    publish(world, 2, name="Labor by the hour")
    assert world.record("invoice", 309)["status"] == "synced"
    assert item(company, "Labor by the hour")

"""Doubts, another company, inactive entries, closed months: from the problem to the mended books, pressed twice."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from emulators.quickbooks_online import Company, Fault
from tests.integration.console.acting import held
from tests.support.books import assert_each_once, is_void, standing
from tests.support.console import Console
from tests.support.deciding import actions, codes, press, shown
from tests.support.events import invoice_detail, line
from tests.support.payment_events import payment_detail, store_credit_detail
from tests.support.world import World, ready_settings


def doubtful(world: World) -> tuple[Company, dict[str, Any]]:
    """The answer to the invoice was lost, it never arrived, and meanwhile somebody entered one of the same number."""
    company = world.connect(number_check=False)
    create: dict[str, Any] = {"operation": "create", "entity": "Invoice"}
    world.emulator.faults.add(Fault(kind="before", **create))
    world.emulator.faults.add(Fault(kind="status", status=500, nth=2, times=3, **create))
    world.publish("invoice.created", invoice_detail())
    world.run_for(timedelta(seconds=12))
    owner = next(each["Id"] for each in company.entities("Customer") if each["DisplayName"] == "Returns R Us")
    sold = {"ItemRef": {"value": "1"}, "TaxCodeRef": {"value": "NON"}}
    sale = {"Amount": Decimal(5), "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": sold}
    body = {"CustomerRef": {"value": owner}, "Line": [sale], "DocNumber": "10309"}
    theirs = company.create_by_hand("Invoice", body)
    world.run()
    return company, theirs


def test_what_only_looks_alike_is_posted_beside_it(world: World, console: Console) -> None:
    company, theirs = doubtful(world)
    assert codes(shown(console, "invoice", 309)) == ["possible_duplicate"]
    assert press(world, console, "invoice", 309, "create")["status"] == "synced"
    assert [each["TotalAmt"] for each in company.entities("Invoice")] == [5, 216]
    assert company.get("Invoice", theirs["Id"]) == theirs


def test_what_was_found_is_linked(world: World, console: Console) -> None:
    company, theirs = doubtful(world)
    after = press(world, console, "invoice", 309, "link")
    assert codes(after) == ["kept_as_in_quickbooks"]
    assert company.entities("Invoice") == [theirs]


def test_what_was_posted_in_the_company_before_is_posted_in_this_one_too(world: World, console: Console) -> None:
    first = world.connect()
    world.publish("invoice.created", invoice_detail())
    world.run()
    second = world.emulator.add_company("9130002", country="US", tax_mode="manual")
    world.sign_in("acme", "9130002", replace_company=True)
    connection = world.deployment.accounts.connection("acme")
    assert connection is not None
    version = connection.settings_version
    world.deployment.accounts.save_settings("acme", ready_settings(second), version=version)
    before = first.entities("Invoice")
    world.publish("invoice.updated", invoice_detail(version=2))
    world.run()
    assert codes(shown(console, "invoice", 309)) == ["posted_in_another_company"]
    assert press(world, console, "invoice", 309, "push_anyway")["status"] == "synced"
    (made,) = standing(second)
    assert (made["TotalAmt"], first.entities("Invoice")) == (216, before)
    assert_each_once(second)


def test_an_item_is_made_active_from_the_document_that_needs_it(world: World, console: Console) -> None:
    company = world.connect()
    world.publish("invoice.created", invoice_detail())
    world.run()
    sold = next(each for each in company.entities("Item") if each["Name"] == "Product 4")
    company.deactivate_by_hand("Item", sold["Id"])
    world.publish("invoice.created", invoice_detail(310))
    world.run()
    assert "reactivate" in actions(shown(console, "invoice", 310)), shown(console, "invoice", 310)["problems"]
    assert press(world, console, "invoice", 310, "reactivate")["status"] == "synced"
    assert held(company, "Item", sold["Id"])["Active"] is True
    assert [each["TotalAmt"] for each in company.entities("Invoice")] == [216, 216]


def test_another_item_is_linked_from_the_document_that_needs_one(world: World, console: Console) -> None:
    company = world.connect()
    world.publish("invoice.created", invoice_detail())
    world.run()
    sold = next(each for each in company.entities("Item") if each["Name"] == "Product 4")
    other = company.create_by_hand("Item", {**_service(sold), "Name": "Work"})
    company.deactivate_by_hand("Item", sold["Id"])
    world.publish("invoice.created", invoice_detail(310))
    world.run()
    assert press(world, console, "invoice", 310, "link", id=other["Id"])["status"] == "synced"
    used = [each["SalesItemLineDetail"]["ItemRef"]["value"] for each in standing(company)[1]["Line"][:2]]
    assert other["Id"] in used
    assert held(company, "Item", sold["Id"])["Active"] is False


def _service(item: dict[str, Any]) -> dict[str, Any]:
    return {"Type": "Service", "IncomeAccountRef": item["IncomeAccountRef"]}


def test_an_inactive_item_of_the_settings_is_chosen_there(world: World, console: Console) -> None:
    company = world.connect()
    connection = world.deployment.accounts.connection("acme")
    assert connection is not None
    assert connection.settings is not None
    fallback: Any = connection.settings["fallback_item"]
    company.deactivate_by_hand("Item", str(fallback["id"]))
    world.publish("invoice.created", invoice_detail(lines=[line(1, None), line(2, 4)]))
    world.run()
    offered = {each["name"]: each["params"] for each in shown(console, "invoice", 309)["problems"][0]["actions"]}
    assert offered["open_settings"] == {"setting": "fallback_item"}
    assert "link" not in offered


def test_a_credit_of_a_closed_month_is_posted_on_the_first_open_day(world: World, console: Console) -> None:
    company = world.connect(everything=True)
    connection = world.deployment.accounts.connection("acme")
    assert connection is not None
    settings = {**(connection.settings or {}), "lock_date": "2026-11-22"}
    world.deployment.accounts.save_settings("acme", settings, version=connection.settings_version)
    world.publish("store_credit.created", store_credit_detail())
    world.publish("payment.created", payment_detail(allocations=[]))
    world.run()
    for kind, number, entity in (("store_credit", 259, "CreditMemo"), ("payment", 344, "Payment")):
        assert codes(shown(console, kind, number)) == ["books_closed"]
        after = press(world, console, kind, number, "redate")
        (made,) = company.entities(entity)
        assert (after["status"], made["TxnDate"], codes(after)) == (
            "synced_with_warning",
            "2026-11-23",
            ["date_differs"],
        )


def test_an_edited_document_is_voided_as_it_was_shown_only(world: World, console: Console) -> None:
    company = world.connect()
    world.publish("invoice.created", invoice_detail())
    world.run()
    (invoice,) = standing(company)
    company.edit_by_hand("Invoice", invoice["Id"], {"DocNumber": "A-77"})
    world.publish("invoice.deleted", invoice_detail(version=2))
    world.run()
    assert codes(shown(console, "invoice", 309)) == ["deleted_but_edited"]
    company.edit_by_hand("Invoice", invoice["Id"], {"DocNumber": "A-78"})
    after = press(world, console, "invoice", 309, "void")
    assert (codes(after), is_void(held(company, "Invoice", invoice["Id"]))) == (["deleted_but_edited"], False)
    assert press(world, console, "invoice", 309, "void")["status"] == "synced"
    assert is_void(held(company, "Invoice", invoice["Id"]))

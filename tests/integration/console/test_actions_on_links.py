"""Linking what QuickBooks already has, or making it all the same: invoices, numbers, customers. Each pressed twice."""

from decimal import Decimal
from typing import Any

import pytest

from emulators.quickbooks_online import Company
from tests.integration.console.acting import change, held, total
from tests.support.books import is_void, standing
from tests.support.console import Console
from tests.support.deciding import actions, answer, codes, press, shown
from tests.support.events import customer, invoice_detail
from tests.support.payment_events import payment_detail
from tests.support.world import World, ready_settings


def old_invoice(world: World, **by_hand: Any) -> tuple[Company, dict[str, Any]]:
    """QuickBooks has an invoice from before the start date, by hand; Syncro's is skipped."""
    company = world.connect()
    world.deployment.accounts.save_settings("acme", ready_settings(company, start_date="2026-11-25"), version=1)
    party = company.create_by_hand("Customer", {"DisplayName": "Returns R Us"})
    item = company.entities("Item")[0]
    detail = {"ItemRef": {"value": item["Id"]}, "Qty": 1, "UnitPrice": Decimal("216.00")}
    sale = {"DetailType": "SalesItemLineDetail", "Amount": Decimal("216.00"), "SalesItemLineDetail": detail}
    body = {"CustomerRef": {"value": party["Id"]}, "TxnDate": "2026-11-20", "Line": [sale], **by_hand}
    made = company.create_by_hand("Invoice", body)
    world.publish("invoice.created", invoice_detail())
    world.run()
    return company, made


def test_an_old_invoice_is_linked_and_its_payment_goes_on(world: World, console: Console) -> None:
    company, made = old_invoice(world)
    assert codes(shown(console, "invoice", 309)) == ["before_start_date"]
    world.publish("payment.created", payment_detail(applied_at="2026-11-26T00:00:00.000Z"))
    world.run()
    asked = shown(console, "payment", 344)
    assert (codes(asked), actions(asked)) == (["payment_on_unposted"], ["link", "post_unapplied", "skip"])
    after = press(world, console, "payment", 344, "link", id=made["Id"])
    assert after["status"] == "synced"
    linked = shown(console, "invoice", 309)
    assert (linked["status"], codes(linked)) == ("synced_with_warning", ["kept_as_in_quickbooks"])
    now = held(company, "Invoice", made["Id"])
    assert (now["Balance"], len(company.entities("Invoice")), len(company.entities("Payment"))) == (0, 1, 1)
    assert now["Line"][0]["SalesItemLineDetail"]["ItemRef"] == made["Line"][0]["SalesItemLineDetail"]["ItemRef"]


def test_a_link_is_verified(world: World, console: Console) -> None:
    company, made = old_invoice(world)
    other = company.create_by_hand("Customer", {"DisplayName": "Somebody Else"})
    foreign = company.create_by_hand("Invoice", {**_sale(made), "CustomerRef": {"value": other["Id"]}})
    company.void_by_hand("Invoice", company.create_by_hand("Invoice", _sale(made))["Id"])
    void = company.entities("Invoice")[-1]
    assert is_void(void)
    for wrong in ("999999", foreign["Id"], void["Id"]):
        after = press(world, console, "invoice", 309, "link", id=wrong)
        assert (after["status"], codes(after)) == ("needs_attention", ["link_refused"])
    assert press(world, console, "invoice", 309, "link", id=made["Id"])["status"] == "synced_with_warning"
    world.publish("invoice.created", invoice_detail(310, number="10310"))
    world.run()
    after = press(world, console, "invoice", 310, "link", id=made["Id"])
    assert codes(after) == ["linked_to_another"]


def test_an_answer_that_was_refused_counts_when_it_is_given_again(world: World, console: Console) -> None:
    company, made = old_invoice(world)
    other = company.create_by_hand("Customer", {"DisplayName": "Somebody Else"})
    foreign = company.create_by_hand("Invoice", {**_sale(made), "CustomerRef": {"value": other["Id"]}})
    for _ in range(2):  # the second time it shows the very same
        assert codes(press(world, console, "invoice", 309, "link", id=foreign["Id"])) == ["link_refused"]
    company.edit_by_hand("Invoice", foreign["Id"], {"CustomerRef": made["CustomerRef"]})
    after = press(world, console, "invoice", 309, "link", id=foreign["Id"])
    assert (after["status"], codes(after)) == ("synced_with_warning", ["kept_as_in_quickbooks"])


def _sale(invoice: dict[str, Any]) -> dict[str, Any]:
    return {"CustomerRef": invoice["CustomerRef"], "TxnDate": invoice["TxnDate"], "Line": invoice["Line"][:1]}


def test_an_old_invoice_is_pushed_anyway(world: World, console: Console) -> None:
    company, made = old_invoice(world)
    after = press(world, console, "invoice", 309, "push_anyway")
    assert after["status"] == "synced"
    assert len(company.entities("Invoice")) == 2
    change(world)
    assert len(company.entities("Invoice")) == 2
    assert company.get("Invoice", made["Id"]) == made


def test_a_payment_of_what_is_not_there_is_posted_unapplied(world: World, console: Console) -> None:
    company, made = old_invoice(world)
    world.publish("payment.created", payment_detail(applied_at="2026-11-26T00:00:00.000Z"))
    world.run()
    after = press(world, console, "payment", 344, "post_unapplied")
    (payment,) = company.entities("Payment")
    assert (after["status"], payment["TotalAmt"], payment["UnappliedAmt"]) == ("synced", 216, 216)
    assert company.get("Invoice", made["Id"]) == made


def test_a_number_that_is_taken_is_linked(world: World, console: Console) -> None:
    company = world.connect()
    party = company.create_by_hand("Customer", {"DisplayName": "Returns R Us"})
    item = company.entities("Item")[0]
    detail = {"ItemRef": {"value": item["Id"]}, "Qty": 1, "UnitPrice": Decimal("200.00")}
    sale = {"DetailType": "SalesItemLineDetail", "Amount": Decimal("200.00"), "SalesItemLineDetail": detail}
    body = {"CustomerRef": {"value": party["Id"]}, "TxnDate": "2026-11-20", "Line": [sale], "DocNumber": "10309"}
    made = company.create_by_hand("Invoice", body)
    world.publish("invoice.created", invoice_detail())
    world.run()
    after = press(world, console, "invoice", 309, "link")
    assert codes(after) == ["kept_as_in_quickbooks"]
    change(world)
    (now,) = company.entities("Invoice")
    assert (now["Id"], total(now)) == (made["Id"], Decimal(432))


# -- list entries ------------------------------------------------------------------------------------------------------


def ambiguous(world: World) -> tuple[Company, dict[str, Any]]:
    """QuickBooks has a customer with the e-mail address and another name."""
    company = world.connect()
    made = company.create_by_hand(
        "Customer", {"DisplayName": "Returns Ltd", "PrimaryEmailAddr": {"Address": "billing72@example.com"}}
    )
    world.publish("invoice.created", invoice_detail())
    world.run()
    return company, made


@pytest.mark.parametrize("place", ["customer", "invoice"])
def test_a_customer_is_linked(place: str, world: World, console: Console) -> None:
    company, made = ambiguous(world)
    assert press(world, console, place, 72 if place == "customer" else 309, "link")["status"] == "synced"
    (invoice,) = standing(company)
    assert invoice["CustomerRef"]["value"] == made["Id"]
    assert [each["DisplayName"] for each in company.entities("Customer")] == ["Returns Ltd"]


@pytest.mark.parametrize("suffix", ["", "(Syncro)"])
def test_a_customer_is_created_with_a_suffix_and_keeps_it(suffix: str, world: World, console: Console) -> None:
    company, made = ambiguous(world)
    params = {"suffix": suffix} if suffix else {}
    press(world, console, "customer", 72, "create_with_suffix", **params)
    names = {"Returns Ltd", f"Returns R Us {suffix or '#72'}"}
    assert {each["DisplayName"] for each in company.entities("Customer")} == names
    (invoice,) = standing(company)
    assert invoice["CustomerRef"]["value"] != made["Id"]
    world.publish("customer.updated", {**_envelope(2), "customer": {**customer(version=2), "phone": "555-9"}})
    change(world)
    assert {each["DisplayName"] for each in company.entities("Customer")} == names


def _envelope(version: int) -> dict[str, Any]:
    return {
        "event_id": f"customer-{version}",
        "account_id": "acme",
        "occurred_at": "2026-11-23T09:00:00.000Z",
        "version": version,
    }


@pytest.mark.parametrize("suffix", ["", "a" * 21, "a:b", "a\tb", 'x"'])
def test_a_suffix_that_cannot_be(suffix: str, world: World, console: Console) -> None:
    company, _ = ambiguous(world)
    before = shown(console, "customer", 72)
    taken = answer(
        console, "customer", 72, "create_with_suffix", params={"suffix": suffix}, decision=before["decision"]
    )
    assert (taken.status_code, taken.json()["fields"][0]["field"]) == (422, "body.params.suffix")
    assert shown(console, "customer", 72) == before
    assert len(company.entities("Customer")) == 1


def test_an_inactive_customer_is_made_active_and_used(world: World, console: Console) -> None:
    company = world.connect()
    made = company.create_by_hand("Customer", {"DisplayName": "Returns R Us"})
    company.deactivate_by_hand("Customer", made["Id"])
    world.publish("invoice.created", invoice_detail())
    world.run()
    assert press(world, console, "customer", 72, "reactivate")["status"] == "synced"
    (invoice,) = standing(company)
    assert invoice["CustomerRef"]["value"] == made["Id"]
    assert held(company, "Customer", made["Id"])["Active"] is True

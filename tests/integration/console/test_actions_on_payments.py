"""What people say they have done in QuickBooks is looked at before it is believed."""

from decimal import Decimal
from typing import Any

from emulators.quickbooks_online import Company
from tests.integration.console.acting import held
from tests.support.console import Console
from tests.support.deciding import codes, press, shown
from tests.support.events import invoice_detail
from tests.support.payment_events import allocation, payment_detail
from tests.support.world import World


def deposited(world: World) -> tuple[Company, dict[str, Any], str]:
    """A payment of 300.00 in a bank deposit, of which Syncro applies 84.00 more: it, and the second invoice's id."""
    company = world.connect()
    for number in (309, 310):
        world.publish("invoice.created", invoice_detail(number))
    world.publish("payment.created", payment_detail(344, "300.00", [allocation(309, "216.00")]))
    world.run()
    (paid,) = company.entities("Payment")
    company.deposit_by_hand([paid["Id"]])
    more = [allocation(309, "216.00"), allocation(310, "84.00")]
    world.publish("payment.updated", payment_detail(344, "300.00", more, version=2))
    world.run()
    second = next(each["Id"] for each in company.entities("Invoice") if each["DocNumber"] == "10310")
    return company, paid, second


def test_it_is_not_believed_before_it_is_so(world: World, console: Console) -> None:
    company, _, second = deposited(world)
    after = press(world, console, "payment", 344, "done")
    assert (after["status"], codes(after)) == ("needs_attention", ["payment_deposited"])
    assert "not done yet" in after["problems"][0]["fix"]
    assert held(company, "Invoice", second)["Balance"] == 216


def test_what_was_applied_by_hand_is_noticed(world: World, console: Console) -> None:
    company, paid, second = deposited(world)
    (deposit,) = company.entities("Deposit")
    company.delete_by_hand("Deposit", deposit["Id"])
    lines = [*paid["Line"], {"Amount": Decimal(84), "LinkedTxn": [{"TxnId": second, "TxnType": "Invoice"}]}]
    company.edit_by_hand("Payment", paid["Id"], {"Line": lines})
    company.deposit_by_hand([paid["Id"]])
    before = company.get("Payment", paid["Id"])
    assert press(world, console, "payment", 344, "done")["status"] == "synced"
    assert company.get("Payment", paid["Id"]) == before


def test_what_was_only_taken_out_of_the_deposit_is_sent(world: World, console: Console) -> None:
    company, _, second = deposited(world)
    (deposit,) = company.entities("Deposit")
    company.delete_by_hand("Deposit", deposit["Id"])
    assert press(world, console, "payment", 344, "done")["status"] == "synced"
    assert held(company, "Invoice", second)["Balance"] == 132
    assert len(company.entities("Payment")) == 1
    assert shown(console, "payment", 344)["problems"] == []


def test_a_credit_that_was_applied_by_hand(world: World, console: Console) -> None:
    company = world.connect(everything=True)
    world.publish("invoice.created", invoice_detail())
    world.publish("payment.created", payment_detail(345, "40.00", [allocation(309, "40.00")], method="Store Credit"))
    world.run()
    assert codes(shown(console, "payment", 345)) == ["credit_source_unclear"]
    after = press(world, console, "payment", 345, "done")
    assert (after["status"], codes(after)) == ("needs_attention", ["credit_source_unclear"])
    (invoice,) = company.entities("Invoice")
    line = {"Amount": Decimal(40), "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
    body = {"CustomerRef": invoice["CustomerRef"], "TotalAmt": Decimal(40), "Line": [line]}
    company.create_by_hand("Payment", body)
    assert press(world, console, "payment", 345, "done")["status"] == "synced_with_warning"
    assert len(company.entities("Payment")) == 1

"""What was found out about a record stays on it until something new is found out."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.integration.push.spending import actions_of, problem_of, spending
from tests.support.books import standing
from tests.support.events import ACCOUNT, customer, invoice_detail, line
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("aws_services")


def problems(record: dict[str, Any]) -> dict[str, str]:
    return {problem["code"]: problem["message"] for problem in json.loads(record["problems"])}


def test_an_event_without_news_keeps_the_cent_and_both_figures() -> None:
    world = World()
    company = world.connect()
    company.force_total("10309", Decimal("216.01"))
    world.publish("invoice.created", invoice_detail())
    world.run()
    for version in (2, 3):
        with spending(world) as spent:
            world.publish("invoice.updated", invoice_detail(version=version))
            world.run()
        assert spent.calls == 0
        record = world.record("invoice", 309)
        assert record["status"] == "synced_with_warning"
        found = problems(record)
        assert set(found) == {"quickbooks_total_differs", "quickbooks_tax_differs"}
        assert "$216.00" in found["quickbooks_total_differs"]
        assert "$216.01" in found["quickbooks_total_differs"]
        assert "$16.00" in found["quickbooks_tax_differs"]
        assert "$16.01" in found["quickbooks_tax_differs"]


def test_no_forecast_stands_on_a_posted_document() -> None:
    world = World()
    company = world.connect()
    # Syncro says a cent less than 8 % of 200.00; QuickBooks posts what was foretold, or what Syncro says.
    short = ("200.00", "15.99", "215.99")
    world.publish("invoice.created", invoice_detail(309, totals=short))
    company.force_total("10310", Decimal("215.99"))
    world.publish("invoice.created", invoice_detail(310, totals=short))
    world.run()
    for version in (2, None):
        differs = world.record("invoice", 309)
        assert differs["status"] == "synced_with_warning"
        assert set(problems(differs)) == {"quickbooks_total_differs", "quickbooks_tax_differs"}
        agrees = world.record("invoice", 310)
        assert (agrees["status"], problems(agrees)) == ("synced", {})
        if version:
            for number in (309, 310):
                world.publish("invoice.updated", invoice_detail(number, version=version, totals=short))
            world.run()


def test_what_was_left_out_of_a_customer_stays_said_when_the_invoices_that_waited_go_out() -> None:
    world = World()
    company = world.connect()
    for number, owner, name in ((309, 70, "Other"), (310, 72, "Mine")):
        owned = customer(owner, name=name, email="shared@example.com")
        world.publish("invoice.created", invoice_detail(number, owner=owned))
        world.run()
    assert world.record("invoice", 310)["status"] == "waiting"
    event = {"event_id": "mended", "account_id": ACCOUNT, "occurred_at": "2026-11-23T09:00:00.000Z", "version": 2}
    changed = customer(72, version=2, name="Mine", email="not an address")
    world.publish("customer.updated", {**event, "customer": changed})
    world.run()
    record = world.record("customer", 72)
    assert record["status"] == "synced_with_warning"
    assert set(problems(record)) == {"customer_email_left_out"}
    assert world.record("invoice", 310)["status"] == "synced"
    assert "PrimaryEmailAddr" not in next(each for each in company.entities("Customer") if "72" in each["Notes"])


# -- the bookkeeper's hand ---------------------------------------------------------------------------------------------


def other_texts(invoice: dict[str, Any], text: str) -> dict[str, Any]:
    lines = [each for each in invoice["Line"] if "SalesItemLineDetail" in each]
    return {"Line": [{**each, "Description": text} for each in lines]}


def test_an_invoice_edited_by_hand_and_then_deleted_in_syncro_is_asked_about() -> None:
    world = World()
    company = world.connect()
    world.publish("invoice.created", invoice_detail())
    world.run()
    (invoice,) = standing(company)
    edited = company.edit_by_hand("Invoice", invoice["Id"], other_texts(invoice, "As agreed by phone"))
    for version in (2, 3):
        world.publish("invoice.deleted", invoice_detail(version=version))
        world.run()
        record = world.record("invoice", 309)
        assert record["status"] == "needs_attention"
        problem = problem_of(record)
        assert problem["code"] == "deleted_but_edited"
        assert "line 1 description was Work item 1, is As agreed by phone" in problem["message"]
        assert actions_of(problem) == ["void", "skip"]
        assert company.get("Invoice", invoice["Id"]) == edited


def test_a_memo_by_hand_does_not_keep_a_deleted_invoice_from_being_voided() -> None:
    world = World()
    company = world.connect()
    world.publish("invoice.created", invoice_detail())
    world.run()
    (invoice,) = standing(company)
    company.edit_by_hand("Invoice", invoice["Id"], {"PrivateNote": f"{invoice['PrivateNote']}\nSend by post"})
    world.publish("invoice.deleted", invoice_detail(version=2))
    world.run()
    assert world.record("invoice", 309)["status"] == "synced"
    assert standing(company) == []


@pytest.mark.parametrize("change", ["updated", "deleted"])
def test_an_edit_by_hand_of_very_long_texts_is_asked_about_and_fits_into_the_record(change: str) -> None:
    world = World()
    company = world.connect()
    lines = [{**line(each, None, price="1.0"), "name": "a" * 3_900, "taxable": False} for each in range(1, 61)]
    totals = ("60.00", "0.00", "60.00")
    world.publish("invoice.created", invoice_detail(lines=lines, totals=totals))
    world.run()
    (invoice,) = standing(company)
    edited = company.edit_by_hand("Invoice", invoice["Id"], other_texts(invoice, "b" * 3_900))
    world.publish(f"invoice.{change}", invoice_detail(version=2, lines=lines, totals=totals, note="Thank you"))
    world.run()
    record = world.record("invoice", 309)
    assert record["status"] == "needs_attention"
    problem = problem_of(record)
    assert problem["code"] == {"updated": "edited_in_quickbooks", "deleted": "deleted_but_edited"}[change]
    assert "line 1 description was Item" in problem["message"]
    assert len(problem["message"]) <= 2_000
    assert len(record["problems"]) < 10_000
    assert company.get("Invoice", invoice["Id"]) == edited

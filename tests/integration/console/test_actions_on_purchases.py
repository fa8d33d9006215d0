"""Bills, purchases and list entries: from a problem that offers an action to the mended books, each pressed twice."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from emulators.quickbooks_online import Company, Fault
from tests.integration.push.test_bills import billed_by_hand
from tests.support.books import assert_each_once
from tests.support.console import Console
from tests.support.deciding import actions, codes, press, shown
from tests.support.events import customer, invoice_detail
from tests.support.purchase_events import finished, order_detail, purchase_detail
from tests.support.world import World


def everything(world: World, **company: Any) -> Company:
    return world.connect(everything=True, **company)


def billed_twice(world: World) -> tuple[Company, dict[str, Any]]:
    """The bookkeeper has billed an order at another price when it is finished in Syncro."""
    company = everything(world)
    world.publish("purchase_order.created", order_detail())
    world.run()
    theirs = billed_by_hand(company, price="41.10")
    world.publish("purchase_order.updated", finished())
    world.run()
    return company, theirs


def test_a_bill_is_made_beside_the_one_that_is_there(world: World, console: Console) -> None:
    company, theirs = billed_twice(world)
    assert codes(shown(console, "bill", 707)) == ["bill_exists"]
    after = press(world, console, "bill", 707, "create")
    assert after["status"] in ("synced", "synced_with_warning"), after["problems"]
    bills = company.entities("Bill")
    assert [each["TotalAmt"] for each in bills] == [Decimal("543.20"), Decimal("531.20")]
    assert bills[0] == theirs
    assert_each_once(company)


def test_the_bill_that_is_there_is_linked(world: World, console: Console) -> None:
    company, theirs = billed_twice(world)
    after = press(world, console, "bill", 707, "link")
    assert (after["status"], "kept_as_in_quickbooks" in codes(after)) == ("synced_with_warning", True)
    assert company.entities("Bill") == [theirs]


def test_a_bill_is_made_without_its_order(world: World, console: Console) -> None:
    company = everything(world)
    world.publish("purchase_order.created", finished(version=1, created_at="2025-12-30T18:00:00.000Z"))
    world.run()
    assert codes(shown(console, "bill", 707)) == ["bill_without_order"]
    after = press(world, console, "bill", 707, "create")
    assert after["status"] in ("synced", "synced_with_warning"), after["problems"]
    (bill,) = company.entities("Bill")
    assert bill["TotalAmt"] == Decimal("531.20")
    assert all("LinkedTxn" not in line for line in bill["Line"])


@pytest.mark.parametrize(
    ("kind", "number", "event", "detail", "entity"),
    [
        ("bill", 707, "purchase_order.updated", finished(version=1), "Bill"),
        ("customer_purchase", 715, "customer_purchase.created", purchase_detail(), "Purchase"),
    ],
)
def test_what_is_bought_in_a_closed_month_is_posted_on_the_first_open_day(  # noqa: PLR0917
    kind: str, number: int, event: str, detail: dict[str, Any], entity: str, world: World, console: Console
) -> None:
    company = everything(world, book_close_date=date(2026, 11, 19))
    world.publish(event, detail)
    world.run()
    assert codes(shown(console, kind, number)) == ["books_closed"]
    after = press(world, console, kind, number, "redate")
    (made,) = company.entities(entity)
    assert (after["status"], made["TxnDate"]) == ("synced_with_warning", "2026-11-20")
    assert "date_differs" in codes(after)


# -- list entries ------------------------------------------------------------------------------------------------------


def refused_entry(world: World) -> Company:
    """QuickBooks refuses a change of the customer as if the entry was not there."""
    company = everything(world)
    world.publish("invoice.created", invoice_detail())
    world.run()
    world.emulator.faults.add(Fault(kind="error", operation="update", entity="Customer", code="610"))
    renamed = {**customer(version=2), "phone": "555-0199"}
    world.publish("invoice.created", invoice_detail(310, owner=renamed))
    world.run()
    return company


def test_an_entry_that_is_still_there_is_not_made_again(world: World, console: Console) -> None:
    company = refused_entry(world)
    assert "recreate" in actions(shown(console, "customer", 72)), shown(console, "customer", 72)["problems"]
    after = press(world, console, "customer", 72, "recreate")
    assert codes(after) == ["not_gone"]
    assert len(company.entities("Customer")) == 1


def test_an_entry_is_not_synced_any_more_and_its_documents_go_on(world: World, console: Console) -> None:
    company = refused_entry(world)
    after = press(world, console, "customer", 72, "unlink")
    assert (after["status"], codes(after)) == ("skipped", ["skipped_by_choice"])
    world.publish("invoice.created", invoice_detail(311, owner={**customer(version=3), "phone": "555-0100"}))
    world.run()
    assert [each["PrimaryPhone"]["FreeFormNumber"] for each in company.entities("Customer")] == ["555-0172"]
    assert len(company.entities("Invoice")) == 3
    assert console.request("DELETE", "/records/customer/72/choice").status_code == 200
    world.run()
    assert shown(console, "customer", 72)["status"] == "synced"
    assert "555-0100" in str(company.entities("Customer"))

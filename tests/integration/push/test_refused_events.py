"""Events that break the contract are refused with a reason, as a whole: nothing of them is stored or sent."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from syncro_quickbooks.sync.intake import Rejected
from tests.integration.push.untouched import nothing_changes
from tests.support.books import standing
from tests.support.events import customer, invoice_detail, line
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("aws_services")

Break = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def world(aws_services: None) -> World:
    """One invoice is in QuickBooks."""
    made = World()
    made.connect()
    made.publish("invoice.created", invoice_detail(309))
    made.run()
    return made


def dropped(*path: str | int) -> Break:
    def change(detail: dict[str, Any]) -> None:
        *inner, last = path
        target: Any = detail
        for step in inner:
            target = target[step]
        del target[last]

    return change


def put(value: object, *path: str | int) -> Break:
    def change(detail: dict[str, Any]) -> None:
        *inner, last = path
        target: Any = detail
        for step in inner:
            target = target[step]
        target[last] = value

    return change


BROKEN: dict[str, tuple[Break, str]] = {
    "no version": (dropped("version"), "version: "),
    "no account": (dropped("account_id"), "account_id: "),
    "no customer": (dropped("customer"), "customer: "),
    "no products": (dropped("products"), "products: "),
    "no tax rates": (dropped("tax_rates"), "tax_rates: "),
    "no total": (dropped("invoice", "total"), "invoice.total: "),
    "no tax rate on a line": (
        dropped("invoice", "line_items", 1, "tax_rate_id"),
        "invoice.line_items[1].tax_rate_id: ",
    ),
    "no tax_free": (dropped("customer", "tax_free"), "customer.tax_free: "),
    "lines are no list": (put({"1": {}}, "invoice", "line_items"), "invoice.line_items: "),
    "a word as flag": (put("yes", "invoice", "notax"), "invoice.notax: "),
    "an id as text": (put("309", "invoice", "id"), "invoice.id: "),
    "a negative id": (put(-1, "invoice", "customer_id"), "invoice.customer_id: "),
    "a version as text": (put("2", "version"), "version: "),
    "a total that is no number": (put("about 200", "invoice", "total"), "invoice.total: "),
    "an empty total": (put("", "invoice", "total"), "invoice.total: "),
    "a float of 17 digits": (put(0.1 + 0.2, "invoice", "total"), "more than 15 digits"),
    "NaN": (put(float("nan"), "invoice", "total"), "invoice.total: "),
    "infinity": (put(float("inf"), "invoice", "line_items", 0, "price"), "invoice.line_items[0].price: "),
    "NaN as text": (put("NaN", "invoice", "tax"), "invoice.tax: "),
    "a number of absurd size": (put("1e40", "invoice", "line_items", 0, "quantity"), "line_items[0].quantity: "),
    "a date in words": (put("yesterday", "invoice", "date"), "invoice.date: "),
    "an account that would break a key": (put("acme#realm", "account_id"), "account_id: "),
    "an embedded product without version": (dropped("products", 0, "version"), "products[0].version: "),
}


@pytest.mark.parametrize(("breaks", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_malformed_event_is_refused_with_the_field_and_leaves_no_trace(
    world: World, breaks: Break, reason: str
) -> None:
    detail = invoice_detail(400, lines=[line(1, 13), line(2, 14)], owner=customer(80, name="Secret Lover Ltd"))
    breaks(detail)
    as_lambda_reads_it = json.loads(json.dumps(detail))  # the runtime parses events with plain json
    with nothing_changes(world), pytest.raises(Rejected) as refused:
        world.deployment.intake.accept("invoice.created", as_lambda_reads_it)
    assert reason in refused.value.reason
    assert "Secret Lover" not in refused.value.reason
    assert "billing80" not in refused.value.reason


def test_an_unknown_detail_type_is_refused(world: World) -> None:
    for detail_type in ("invoice.exploded", "wormhole.created", "invoice", ""):
        with nothing_changes(world), pytest.raises(Rejected, match="detail-type"):
            world.deployment.intake.accept(detail_type, invoice_detail(400))


def test_an_account_that_nobody_connected_is_refused(world: World) -> None:
    with nothing_changes(world), pytest.raises(Rejected, match="account nobody is not known here"):
        world.deployment.intake.accept("invoice.created", invoice_detail(400, account="nobody"))


def test_a_force_update_of_something_never_seen_is_refused(world: World) -> None:
    detail: dict[str, Any] = {
        "event_id": "e-1",
        "account_id": "acme",
        "occurred_at": "2026-11-23T09:00:00.000Z",
        "request_id": "force-1",
        "kind": "invoice",
        "id": 77777,
    }
    with nothing_changes(world), pytest.raises(Rejected, match="invoice#77777"):
        world.deployment.intake.accept("force_update.requested", detail)


def test_json_numbers_within_fifteen_digits_are_taken_exactly() -> None:
    world = World()
    company = world.connect()
    detail = invoice_detail(totals=("200.00", "16.00", "216.00"))
    for field in ("subtotal", "tax", "total"):
        detail["invoice"][field] = float(detail["invoice"][field])
    detail["invoice"]["line_items"] = [{**line(1, 3), "price": 66.7, "quantity": 2.5}, {**line(2, 4), "price": 33.25}]
    world.publish("invoice.created", json.loads(json.dumps(detail)))
    world.run()
    (invoice,) = standing(company)
    assert [str(each["Amount"]) for each in invoice["Line"]] == ["166.75", "33.25", "200.00"]
    assert (world.record("invoice", 309)["status"], str(invoice["TotalAmt"])) == ("synced", "216.00")

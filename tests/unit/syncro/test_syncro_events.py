"""Events are checked against the contract; what is wrong is said without repeating anybody's data."""

import copy
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.syncro.dates import calendar_date
from syncro_quickbooks.syncro.events import (
    CustomerEvent,
    ForceUpdateEvent,
    InvoiceEvent,
    MalformedEvent,
    PaymentEvent,
    ProductEvent,
    SnapshotElsewhere,
    parse_event,
)

EVENTS = Path(__file__).parents[3] / "events"


def envelope(name: str) -> JsonObject:
    loaded: JsonObject = json.loads((EVENTS / name).read_text(encoding="utf-8"))
    return loaded


def detail(name: str = "invoice_updated.json") -> JsonObject:
    found = envelope(name)["detail"]
    assert isinstance(found, dict)
    return found


def changed(path: str, value: Json, *, remove: bool = False) -> JsonObject:
    """The detail of an updated invoice with one field, given as invoice.line_items.0.price, set or removed."""
    whole = copy.deepcopy(detail())
    *parents, last = path.split(".")
    target: Json = whole
    for step in parents:
        target = target[int(step)] if isinstance(target, list) else target[step]  # type: ignore[index]  # the path exists
    assert isinstance(target, dict)
    if remove:
        del target[last]
    else:
        target[last] = value
    return whole


def reasons(detail_type: str, fields: JsonObject) -> list[str]:
    with pytest.raises(MalformedEvent) as refused:
        parse_event(detail_type, fields)
    return refused.value.reasons


@pytest.mark.parametrize("change", ["created", "updated", "deleted"])
def test_the_sample_invoice_events_can_be_read(change: str) -> None:
    sample = envelope(f"invoice_{change}.json")
    event = parse_event(str(sample["detail-type"]), detail(f"invoice_{change}.json"))
    assert isinstance(event, InvoiceEvent)
    assert (event.change, event.account_id, event.invoice.number) == (change, "demo-msp", "INV-10482")
    assert sample["source"] == "syncro"


def test_an_invoice_event_carries_exact_amounts_and_utc_times() -> None:
    event = parse_event("invoice.updated", detail())
    assert isinstance(event, InvoiceEvent)
    assert event.occurred_at == datetime(2026, 11, 17, 9, 30, 2, tzinfo=UTC)
    assert event.invoice.total == Decimal("1226.57")
    assert event.invoice.line_items[1].line_discount_percent == Decimal(10)
    assert event.snapshot.rate(1) == event.tax_rates[0]
    assert event.customer.version == 2
    assert [each.id for each in event.products] == [21, 22, 23]


def test_customers_products_and_force_updates_can_be_read() -> None:
    customer = parse_event("customer.updated", detail("customer_updated.json"))
    product = parse_event("product.updated", detail("product_updated.json"))
    force = parse_event("force_update.requested", detail("force_update_requested.json"))
    assert isinstance(customer, CustomerEvent)
    assert (customer.version, customer.customer.phone) == (3, "512-555-0199")
    assert isinstance(product, ProductEvent)
    assert product.product.price_retail == Decimal("67.5")
    assert isinstance(force, ForceUpdateEvent)
    assert (force.kind, force.id, force.request_id) == ("invoice", 9001, "force-9001-1")


def test_an_event_too_large_for_the_bus_names_where_the_rest_lies() -> None:
    slim = {
        key: value for key, value in detail().items() if key in ("event_id", "account_id", "occurred_at", "version")
    }
    event = parse_event("invoice.updated", {**slim, "snapshot_ref": "demo-msp/invoice/9001/2.json"})
    assert isinstance(event, SnapshotElsewhere)
    assert (event.kind, event.snapshot_ref) == ("invoice", "demo-msp/invoice/9001/2.json")


@pytest.mark.parametrize("key", ["../other/secret", "/etc/passwd", "a//b", "a/../b", "a b", "x" * 600])
def test_a_reference_that_could_leave_its_place_is_refused(key: str) -> None:
    slim = {
        key: value for key, value in detail().items() if key in ("event_id", "account_id", "occurred_at", "version")
    }
    assert reasons("invoice.updated", {**slim, "snapshot_ref": key})[0].startswith("snapshot_ref: ")


@pytest.mark.parametrize(
    "path",
    [
        "version",
        "customer",
        "products",
        "tax_rates",
        "invoice.tax",
        "invoice.tax_rate_id",
        "invoice.notax",
        "invoice.is_draft",
        "invoice.is_refund",
        "invoice.line_items.0.taxable",
        "invoice.line_items.0.tax_rate_id",
        "customer.tax_free",
        "products.0.taxable",
        "tax_rates.0.rate",
        "tax_rates.0.components",
    ],
)
def test_an_absent_tax_or_identity_field_is_never_defaulted(path: str) -> None:
    (reason,) = reasons("invoice.updated", changed(path, None, remove=True))
    expected = path.replace(".0.", "[0].")
    assert reason == f"{expected}: Field required"


@pytest.mark.parametrize("path", ["invoice.tax_rate_id", "invoice.line_items.0.tax_rate_id", "invoice.due_date"])
def test_an_explicit_null_is_an_answer(path: str) -> None:
    assert isinstance(parse_event("invoice.updated", changed(path, None)), InvoiceEvent)


def test_fields_that_nobody_reads_are_ignored() -> None:
    assert isinstance(parse_event("invoice.updated", changed("invoice.brand_new", {"a": [1]})), InvoiceEvent)


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("invoice.total", "12,50", "invoice.total: is not a number written in plain digits"),
        ("invoice.total", 0.1 + 0.2, "invoice.total: is a JSON number with more than 15 digits"),
        ("invoice.line_items.2.price", "NaN", "invoice.line_items[2].price: is not a number"),
        ("invoice.date", "2026-11-16T00:00:00", "invoice.date: is a time without a time zone"),
        ("invoice.date", "next week", "invoice.date: is not a time"),
        ("invoice.date", 1763251200, "invoice.date: is not a time"),
        ("invoice.date", "0001-01-01T00:00:00Z", "invoice.date: is a time outside the years"),
        ("invoice.id", "9001; drop", "invoice.id: "),
        ("invoice.id", 0, "invoice.id: "),
        ("invoice.id", True, "invoice.id: "),
        ("invoice.notax", "false", "invoice.notax: "),
        ("account_id", "demo#msp", "account_id: "),
        ("account_id", "demo-msp\n", "account_id: "),
        ("account_id", "a" * 64, "account_id: "),
        ("event_id", "../x", "event_id: "),
        ("version", -1, "version: "),
        ("version", 1.5, "version: "),
    ],
)
def test_an_impossible_value_is_refused_with_its_path(path: str, value: Json, reason: str) -> None:
    (found,) = reasons("invoice.updated", changed(path, value))
    assert found.startswith(reason)


def test_every_reason_is_given_at_once_and_none_repeats_personal_data() -> None:
    fields = changed("customer.email", {"private": "jane.roe@example.com"})
    fields["account_id"] = "jane roe"
    found = reasons("invoice.updated", fields)
    assert [reason.split(":")[0] for reason in found] == ["account_id", "customer.email"]
    assert "jane" not in " ".join(found).lower()


@pytest.mark.parametrize("detail_type", ["estimate.created", "invoice.exploded", "invoice", "", "Invoice.updated"])
def test_a_detail_type_that_nobody_reads_is_refused(detail_type: str) -> None:
    assert reasons(detail_type, detail())[0].startswith("detail-type: ")


@pytest.mark.parametrize(
    ("moment", "zone", "day"),
    [
        ("2026-11-16T00:00:00+00:00", "America/Los_Angeles", date(2026, 11, 16)),
        ("2026-11-16T03:00:00+00:00", "America/Los_Angeles", date(2026, 11, 15)),
        ("2026-11-16T23:30:00+00:00", "Australia/Sydney", date(2026, 11, 17)),
        ("2026-11-15T19:00:00-05:00", "America/Los_Angeles", date(2026, 11, 16)),
    ],
)
def test_midnight_utc_is_a_calendar_date_and_any_other_time_belongs_to_the_account(
    moment: str, zone: str, day: date
) -> None:
    assert calendar_date(datetime.fromisoformat(moment), zone) == day


@pytest.mark.parametrize("allocations", [{}, {"allocations": None}, {"allocations": []}])
def test_a_payment_without_allocations_is_on_account_unless_it_names_invoices(allocations: JsonObject) -> None:
    whole = detail("payment_created.json")
    payment = whole["payment"]
    assert isinstance(payment, dict)
    bare = {key: value for key, value in payment.items() if key not in ("allocations", "invoice_ids")}
    event = parse_event("payment.created", {**whole, "payment": {**bare, "invoice_ids": [], **allocations}})
    assert isinstance(event, PaymentEvent)
    assert event.payment.allocations == ()
    if allocations != {"allocations": []}:
        with pytest.raises(MalformedEvent, match="how much each of invoice_ids gets is not known"):
            parse_event("payment.created", {**whole, "payment": {**bare, "invoice_ids": [340], **allocations}})

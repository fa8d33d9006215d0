"""The sample events keep the contract, and tell one story whose figures agree."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.syncro.events import (
    EVENT_TYPES,
    CustomerPurchaseEvent,
    Event,
    InvoiceEvent,
    PaymentEvent,
    PurchaseOrderEvent,
    StoreCreditEvent,
    parse_event,
)

FOLDER = Path(__file__).parents[3] / "events"
ALL: dict[str, JsonObject] = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
SAMPLES = {name: event for name, event in ALL.items() if event.get("source") == "syncro"}


def parsed(name: str) -> Event:
    detail = SAMPLES[name]["detail"]
    assert isinstance(detail, dict)
    return parse_event(str(SAMPLES[name]["detail-type"]), detail)


def payment(name: str) -> PaymentEvent:
    event = parsed(name)
    assert isinstance(event, PaymentEvent)
    return event


def invoice(name: str) -> InvoiceEvent:
    event = parsed(name)
    assert isinstance(event, InvoiceEvent)
    return event


def credit(name: str) -> StoreCreditEvent:
    event = parsed(name)
    assert isinstance(event, StoreCreditEvent)
    return event


def test_only_queue_schedule_and_web_connector_are_no_events_of_syncro() -> None:
    assert set(ALL) - set(SAMPLES) == {
        "push_wake_up",
        "jobs_wake_up",
        "payment_poll",
        "webhook_intuit",
        "sweep_schedule",
        "measure_schedule",
        "alarm_dead_letters",
        "retry_schedule",
        "reconcile_schedule",
        "reconcile_message",
        "upkeep_schedule",
        "oauth_callback",
        "qbd_soap_authenticate",
        "console_health",
    }


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_keeps_the_contract_and_is_named_for_its_detail_type(name: str) -> None:
    event, envelope = parsed(name), SAMPLES[name]
    assert event.account_id == "demo-msp"
    assert event.event_id == envelope["id"]
    assert event.occurred_at.isoformat().replace("+00:00", "Z") == envelope["time"]
    assert f"{name}_".startswith(str(envelope["detail-type"]).replace(".", "_") + "_")


def test_every_detail_type_has_a_sample_that_bears_its_name() -> None:
    wanted = {f"{thing}_{change}" for thing in EVENT_TYPES for change in ("created", "updated", "deleted")}
    assert wanted | {"force_update_requested"} <= set(SAMPLES)


def test_no_two_samples_are_the_same_event() -> None:
    assert len({str(event["id"]) for event in SAMPLES.values()}) == len(SAMPLES)


def test_the_check_and_the_card_pay_the_first_invoice_and_a_hundred_too_much() -> None:
    check, card, owed = (
        payment("payment_updated").payment,
        payment("payment_created_overpayment").payment,
        invoice("invoice_updated"),
    )
    assert {a.invoice_id for each in (check, card) for a in each.allocations} == {owed.invoice.id}
    assert sum(a.amount for each in (check, card) for a in each.allocations) == owed.invoice.total
    assert check.payment_amount + card.payment_amount - owed.invoice.total == Decimal("100.00")
    rest = credit("store_credit_created_overpayment").store_credit
    assert (rest.amount, rest.origin, rest.origin_id) == (Decimal("100.00"), "overpayment", card.id)


def test_the_december_invoice_is_paid_in_part_from_the_overpayment_and_the_credit() -> None:
    owed = invoice("invoice_created_december").invoice
    for name, source in (
        ("payment_created_from_overpayment", "store_credit_created_overpayment"),
        ("payment_created_from_credit", "store_credit_updated"),
    ):
        paid, drawn_on = payment(name).payment, credit(source).store_credit
        (allocation,) = paid.allocations
        assert (allocation.invoice_id, allocation.source_credit_id) == (owed.id, drawn_on.id)
        assert allocation.amount == paid.payment_amount == drawn_on.amount < owed.total
        assert paid.payment_method == "Store Credit"
    # 12 workstations at 45.00 less 10 %
    assert (owed.subtotal, owed.tax, owed.total) == (Decimal("486.00"), Decimal("0.00"), Decimal("486.00"))


@pytest.mark.parametrize("thing", EVENT_TYPES)
def test_versions_of_a_thing_grow_with_time(thing: str) -> None:
    seen: dict[int, list[tuple[str, int]]] = {}
    for envelope in SAMPLES.values():
        if str(envelope["detail-type"]).startswith(f"{thing}."):
            detail = envelope["detail"]
            assert isinstance(detail, dict)
            body, version = detail[thing], detail["version"]
            assert isinstance(body, dict)
            assert isinstance(version, int)
            seen.setdefault(int(str(body["id"])), []).append((str(envelope["time"]), version))
    assert seen
    for told in seen.values():
        versions = [version for _, version in sorted(told)]
        assert versions == sorted(set(versions))


def test_the_purchase_orders_lines_and_shipping_make_its_total_and_the_bought_goods_theirs() -> None:
    for name in ("purchase_order_created", "purchase_order_updated"):
        event = parsed(name)
        assert isinstance(event, PurchaseOrderEvent)
        order = event.purchase_order
        goods = sum(line.quantity * line.cost_cents / 100 for line in order.line_items)
        assert goods == Decimal("480.60")
        assert goods + (order.shipping or 0) + (order.other or 0) == order.total
    bought = parsed("customer_purchase_updated")
    assert isinstance(bought, CustomerPurchaseEvent)
    lines = bought.customer_purchase.line_items
    assert sum(line.quantity * line.price for line in lines) == bought.customer_purchase.total

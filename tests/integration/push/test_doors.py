"""The doors of events and the push, as Lambda calls them: environment, boto3 and HTTP are real, AWS is moto."""

import json
import os
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from emulators.quickbooks_online import Fault
from syncro_quickbooks.bootstrap import deployment
from tests.support import aws
from tests.support.books import sales_lines, standing
from tests.support.stack import ACCOUNT, ROOT, Stack, austin, record, sample, status, taken
from tests.support.world import everything_on, ready_settings

pytestmark = pytest.mark.usefixtures("aws_services")

DOORS = [
    "on_invoice_updated",
    "on_payment_updated",
    "on_store_credit_updated",
    "on_product_updated",
    "on_customer_updated",
    "on_vendor_updated",
    "on_purchase_order_updated",
    "on_customer_purchase_updated",
    "on_force_update_requested",
]


def test_the_sample_events_go_through_the_doors_into_quickbooks(stack: Stack) -> None:
    stack.call("on_invoice_updated", sample("invoice_created"))
    assert status("invoice", 9001) == "pending"
    assert taken(stack.push_queue) == [ACCOUNT]
    stack.call("qbo_push", sample("push_wake_up"))
    assert status("invoice", 9001) == "synced"
    (invoice,) = standing(stack.company)
    # 3.5 x 125.00; 12 x 45.00 less 10 %; 2 x 64.99; 85.00; 8.25 % on the last two
    assert sales_lines(invoice) == [
        ("Remote Support", Decimal("437.50")),
        ("Managed Workstation", Decimal("486.00")),
        ("Toner LX-200 Black", Decimal("129.98")),
        ("Services", Decimal("85.00")),
    ]
    assert (str(invoice["TxnTaxDetail"]["TotalTax"]), str(invoice["TotalAmt"])) == ("17.74", "1156.22")

    for kind in ("customer", "product", "invoice"):
        stack.call(f"on_{kind}_updated", sample(f"{kind}_updated"))
    stack.call("qbo_push", sample("push_wake_up"))
    (invoice,) = standing(stack.company)
    assert str(invoice["TotalAmt"]) == "1226.57"

    stack.call("on_force_update_requested", sample("force_update_requested"))
    stack.call("qbo_push", sample("push_wake_up"))
    assert status("invoice", 9001) == "synced"

    stack.call("on_invoice_updated", sample("invoice_deleted"))
    stack.call("qbo_push", sample("push_wake_up"))
    assert standing(stack.company) == []
    assert status("invoice", 9001) == "synced"
    assert stack.refused() == []


def door_of(event: dict[str, Any]) -> str:
    kind = event["detail-type"].partition(".")[0]
    return "on_force_update_requested" if kind == "force_update" else f"on_{kind}_updated"


def test_every_sample_event_is_taken_in_by_the_door_of_its_kind(stack: Stack) -> None:
    read = [sample(path.stem) for path in (ROOT / "events").glob("*.json")]
    events = sorted((event for event in read if event.get("source") == "syncro"), key=lambda event: event["time"])
    for event in events:
        stack.call(door_of(event), event)
    assert {door_of(event) for event in events} == set(DOORS)
    assert stack.refused() == []
    for event in events:
        kind = event["detail-type"].partition(".")[0]
        if kind != "force_update":
            found = record(kind, event["detail"][kind]["id"])
            assert found is not None
            assert int(found["version"]) >= event["detail"]["version"]


def test_the_sample_story_of_payments_and_credits_ends_in_the_books_as_syncro_tells_it(stack: Stack) -> None:
    everything = ready_settings(
        stack.company, tax_codes=austin(stack.company), quiet_seconds=0, **everything_on(stack.company)
    )
    deployment().accounts.save_settings(ACCOUNT, everything, version=1)
    for name in (
        "invoice_created",
        "invoice_updated",
        "payment_created",
        "payment_updated",
        "payment_created_overpayment",
        "store_credit_created_overpayment",
        "store_credit_created",
        "store_credit_updated",
        "invoice_created_december",
        "payment_created_from_overpayment",
        "payment_created_from_credit",
    ):
        stack.call(door_of(sample(name)), sample(name))
        stack.call("qbo_push", sample("push_wake_up"))
    books = stack.company.entities
    assert {invoice["DocNumber"]: str(invoice["Balance"]) for invoice in books("Invoice")} == {
        "INV-10482": "0.00",
        "INV-10497": "356.00",  # 486.00, less the 100.00 paid too much and a credit of 30.00
    }
    assert sorted((str(p["TotalAmt"]), str(p["UnappliedAmt"])) for p in books("Payment")) == [
        ("0.00", "0.00"),  # this one only links the credit memo to the invoice
        ("600.00", "0.00"),
        ("726.57", "0.00"),
    ]
    assert [(str(memo["TotalAmt"]), str(memo["RemainingCredit"])) for memo in books("CreditMemo")] == [
        ("30.00", "0.00")
    ]
    assert {status("payment", number) for number in (7001, 7002, 7003, 7004)} == {"synced"}
    assert stack.refused() == []


@pytest.mark.parametrize("door", DOORS)
def test_a_door_refuses_an_event_of_another_kind(stack: Stack, door: str) -> None:
    event = sample("customer_updated" if door != "on_customer_updated" else "invoice_created")
    stack.call(door, event)
    (letter,) = stack.refused()
    assert letter["reason"].startswith(f"detail-type: '{event['detail-type']}' came to the door of ")
    assert letter["event"] == event
    assert record("customer", 410) is None
    assert record("invoice", 9001) is None
    assert taken(stack.push_queue) == []


def test_a_detail_that_is_no_object_is_refused(stack: Stack) -> None:
    event = {**sample("payment_created"), "detail": "payment 7001"}
    stack.call("on_payment_updated", event)
    assert stack.refused() == [{"reason": "detail: is not a JSON object", "event": event}]


def test_a_malformed_event_is_kept_with_the_reason_and_is_not_raised(stack: Stack) -> None:
    event = sample("invoice_created")
    del event["detail"]["invoice"]["total"]
    stack.call("on_invoice_updated", event)
    (letter,) = stack.refused()
    assert "invoice.total: " in letter["reason"]
    assert letter["event"] == event
    assert record("invoice", 9001) is None
    assert record("customer", 410) is None
    assert taken(stack.push_queue) == []


def test_an_event_of_an_unknown_account_is_kept_with_the_reason(stack: Stack) -> None:
    event = sample("invoice_created")
    event["detail"]["account_id"] = "nobody"
    stack.call("on_invoice_updated", event)
    (letter,) = stack.refused()
    assert letter["reason"].startswith("account nobody is not known here")
    assert letter["event"]["id"] == event["id"]


def test_a_malformed_event_as_large_as_the_bus_allows_still_fits_into_a_message(stack: Stack) -> None:
    event = sample("invoice_created")
    del event["detail"]["customer"]
    event["detail"]["invoice"]["note"] = "\U0001f527" * 62_000
    assert 240_000 < len(json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()) < 256 * 1024
    stack.call("on_invoice_updated", event)
    (letter,) = stack.refused()
    assert "customer: " in letter["reason"]
    assert letter["event"] == event


def test_a_large_event_in_the_inbox_comes_through_the_door(stack: Stack) -> None:
    event = sample("invoice_created")
    key = f"{ACCOUNT}/invoice-9001-1.json"
    aws.client("s3").put_object(Bucket="inbox", Key=key, Body=json.dumps(event["detail"]).encode())
    kept = {name: event["detail"][name] for name in ("event_id", "account_id", "occurred_at", "version")}
    stack.call("on_invoice_updated", {**event, "detail": {**kept, "snapshot_ref": key}})
    stack.call("qbo_push", sample("push_wake_up"))
    assert [str(invoice["TotalAmt"]) for invoice in standing(stack.company)] == ["1156.22"]


def test_a_passing_trouble_is_raised_so_that_lambda_tries_again(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    table = os.environ["TABLE_NAME"]
    monkeypatch.setenv("TABLE_NAME", "not-there-yet")
    deployment.cache_clear()
    with pytest.raises((ClientError, BotoCoreError)):
        stack.call("on_invoice_updated", sample("invoice_created"))
    assert stack.refused() == []

    monkeypatch.setenv("TABLE_NAME", table)
    deployment.cache_clear()
    stack.call("on_invoice_updated", sample("invoice_created"))
    assert status("invoice", 9001) == "pending"


def test_a_push_that_fails_is_raised_and_its_message_comes_back_within_a_minute(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.call("on_invoice_updated", sample("invoice_created"))
    sqs = aws.client("sqs")
    (message,) = sqs.receive_message(QueueUrl=stack.push_queue, VisibilityTimeout=630)["Messages"]
    event = sample("push_wake_up")
    event["Records"][0] |= {"body": message["Body"], "receiptHandle": message["ReceiptHandle"]}
    shortened: list[dict[str, Any]] = []
    real: Callable[..., Any] = boto3.client

    def watched(service: str, **options: Any) -> Any:
        client = real(service, **options)
        client.meta.events.register(
            "provide-client-params.sqs.ChangeMessageVisibility", lambda params, **_: shortened.append(params)
        )
        return client

    monkeypatch.setattr(boto3, "client", watched)
    monkeypatch.setenv("TABLE_NAME", "not-there-yet")
    deployment.cache_clear()
    with pytest.raises(ClientError, match="ResourceNotFound"):
        stack.call("qbo_push", event)
    (asked,) = shortened
    assert (asked["ReceiptHandle"], asked["VisibilityTimeout"]) == (message["ReceiptHandle"], 60)


def test_an_outage_of_quickbooks_is_not_a_failure_of_the_function(stack: Stack) -> None:
    stack.call("on_invoice_updated", sample("invoice_created"))
    stack.emulator.faults.add(Fault(kind="status", status=503, times=None))
    stack.call("qbo_push", sample("push_wake_up"))
    assert standing(stack.company) == []
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed"]
    waiting = aws.client("sqs").get_queue_attributes(QueueUrl=stack.later_queue, AttributeNames=names)["Attributes"]
    assert sum(map(int, waiting.values())) == 1

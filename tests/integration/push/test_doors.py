"""The functions' handlers, as Lambda calls them: environment, boto3 and HTTP are real, AWS is moto."""

import importlib.util
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import boto3
import pytest
import requests
from botocore.exceptions import BotoCoreError, ClientError

from emulators.quickbooks_online import Company, Emulator, Fault, serve
from emulators.quickbooks_online.special import create_tax_code
from syncro_quickbooks.bootstrap import deployment
from syncro_quickbooks.sync.wake import shard_of
from tests.support import aws
from tests.support.books import sales_lines, standing
from tests.support.world import everything_on, ready_settings

pytestmark = pytest.mark.usefixtures("aws_services")

ROOT = Path(__file__).parents[3]
ACCOUNT, REALM = "demo-msp", "9130077"
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
_numbers = count(1)


@dataclass
class Context:
    """What Lambda tells a handler about its invocation."""

    function_name: str = "function-under-test"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:123456789012:function:function-under-test"
    aws_request_id: str = "8f5a0c2e-0000-4000-8000-000000000000"
    seconds_left: int = 600

    def get_remaining_time_in_millis(self) -> int:
        return self.seconds_left * 1000


@dataclass
class Stack:
    """One deployment in this process."""

    company: Company
    emulator: Emulator
    push_queue: str
    later_queue: str
    dead_letters: str
    refused_events: str
    doors: dict[str, ModuleType] = field(default_factory=dict)

    def call(self, function: str, event: dict[str, Any]) -> Any:
        """Invoke a function with an event as it comes over the wire."""
        if function not in self.doors:
            self.doors[function] = load(function)
        handler: Callable[[dict[str, Any], Context], Any] = self.doors[function].handler
        return handler(json.loads(json.dumps(event)), Context())

    def refused(self) -> list[dict[str, Any]]:
        """The events that no retry can help."""
        return [json.loads(body) for body in taken(self.refused_events)]


def taken(queue_url: str) -> list[str]:
    """The bodies of a queue's messages, which are then gone."""
    sqs = aws.client("sqs")
    messages = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get("Messages", [])
    for message in messages:
        sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
    return [message["Body"] for message in messages]


def load(function: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"door_{function}", ROOT / "functions" / function / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sample(name: str) -> dict[str, Any]:
    event = json.loads((ROOT / "events" / f"{name}.json").read_text())
    assert isinstance(event, dict)
    return event


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """The demo account, connected through Intuit's consent to an emulator that really listens."""
    number = next(_numbers)
    emulator = Emulator()
    company = emulator.add_company(REALM)
    queues = {
        name: aws.queue(f"doors-{number}-{name}")
        for name in ("push.fifo", "jobs.fifo", "later", "dead-letters", "refused", "poll.fifo")
    }
    with serve(emulator) as url:
        environment = {
            "AWS_DEFAULT_REGION": aws.REGION,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "TABLE_NAME": aws.new_table(),
            "PUSH_QUEUE_URL": queues["push.fifo"],
            "WAKE_LATER_QUEUE_URL": queues["later"],
            "JOBS_QUEUE_URL": queues["jobs.fifo"],
            "POLL_QUEUE_URL": queues["poll.fifo"],
            "EVENTS_DLQ_URL": queues["dead-letters"],
            "REFUSED_EVENTS_QUEUE_URL": queues["refused"],
            "TOKEN_KEY_ID": aws.kms_key(),
            "INBOX_BUCKET": "inbox",
            "QBO_API_BASE_URL": url,
            "INTUIT_TOKEN_URL": f"{url}/oauth2/v1/tokens/bearer",
            "INTUIT_AUTHORIZE_URL": f"{url}/connect/oauth2",
            "INTUIT_REVOKE_URL": f"{url}/v2/oauth2/tokens/revoke",
            "INTUIT_CREDENTIALS_SECRET": "intuit",
            "RECONCILE_QUEUE_URL": aws.queue(f"doors-{number}-reconcile"),
            "OAUTH_REDIRECT_URI": "https://example.com/callback",
            "POWERTOOLS_METRICS_NAMESPACE": "Tests",
            "POWERTOOLS_SERVICE_NAME": "syncro-quickbooks",
            "PUSH_DLQ_URL": aws.queue(f"doors-{number}-push-dead-letters.fifo"),
            "JOBS_DLQ_URL": aws.queue(f"doors-{number}-jobs-dead-letters.fifo"),
            "POLL_DLQ_URL": aws.queue(f"doors-{number}-poll-dead-letters.fifo"),
            "RECONCILE_DLQ_URL": aws.queue(f"doors-{number}-reconcile-dead-letters"),
            "RETRY_FAILED_DLQ_URL": aws.queue(f"doors-{number}-retry-dead-letters"),
            "WAKE_LATER_DLQ_URL": aws.queue(f"doors-{number}-later-dead-letters"),
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        deployment.cache_clear()
        connect(company)
        named = (queues[name] for name in ("push.fifo", "later", "dead-letters", "refused"))
        made = Stack(company, emulator, *named)
        made.call("qbo_push", sample("push_wake_up"))  # whoever connects and saves settings wakes the account
        taken(made.push_queue)
        yield made
        deployment.cache_clear()


def connect(company: Company) -> None:
    """The admin connects the company and chooses the settings; its tax code is the events' 8.25 %."""
    rate = {"TaxRateName": "Austin", "RateValue": Decimal("8.25"), "TaxAgencyId": "1", "TaxApplicableOn": "Sales"}
    create_tax_code(company, {"TaxCode": "Austin, TX", "TaxRateDetails": [rate]})
    connector = deployment().connector
    state = connector.new_state(ACCOUNT, "user-1")
    url = f"{connector.authorize_url(state)}&login_hint={REALM}"
    answer = requests.get(url, allow_redirects=False, timeout=10)
    back = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    connector.complete(ACCOUNT, "user-1", back["code"], back["state"], back["realmId"])
    settings = ready_settings(company, tax_codes=austin(company), quiet_seconds=0)
    deployment().accounts.save_settings(ACCOUNT, settings, version=0)


def austin(company: Company) -> dict[str, dict[str, str]]:
    """The tax code of the sample events' rate, as settings name it."""
    (code,) = (code["Id"] for code in company.entities("TaxCode") if code["Name"] == "Austin, TX")
    return {"1": {"id": code}}


def record(kind: str, record_id: int) -> dict[str, Any] | None:
    key = {"pk": {"S": f"acct#{ACCOUNT}#{kind}#{record_id}"}, "sk": {"S": "record"}}
    item = aws.client("dynamodb").get_item(TableName=os.environ["TABLE_NAME"], Key=key).get("Item")
    return None if item is None else {name: next(iter(value.values())) for name, value in item.items()}


def status(kind: str, record_id: int) -> str:
    found = record(kind, record_id)
    assert found is not None
    return str(found["status"])


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
    real = boto3.client

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


def test_the_sweep_wakes_what_was_missed(stack: Stack) -> None:
    stack.call("on_invoice_updated", sample("invoice_created"))
    assert taken(stack.push_queue) == [ACCOUNT]
    assert stack.call("sweep", sample("sweep_schedule")) == {"batchItemFailures": []}
    assert taken(stack.push_queue) == []  # it is not late yet

    schedule = {"pk": {"S": f"acct#{ACCOUNT}"}, "sk": {"S": "schedule"}}
    aws.client("dynamodb").update_item(
        TableName=os.environ["TABLE_NAME"],
        Key=schedule,
        UpdateExpression="SET next_due = :due",
        ExpressionAttributeValues={":due": {"N": str(int(datetime.now(UTC).timestamp() * 1000) - 60_000)}},
    )
    assert stack.call("sweep", sample("sweep_schedule")) == {"batchItemFailures": []}
    assert taken(stack.push_queue) == [ACCOUNT]


def test_the_sweep_passes_a_later_wake_up_on_when_its_time_has_come(stack: Stack) -> None:
    settings = ready_settings(stack.company, quiet_seconds=1)
    deployment().accounts.save_settings(ACCOUNT, settings, version=1)
    stack.call("qbo_push", sample("push_wake_up"))
    taken(stack.push_queue)
    stack.call("on_invoice_updated", sample("invoice_created"))
    assert taken(stack.push_queue) == []
    time.sleep(1.3)  # SQS holds it back
    (body,) = taken(stack.later_queue)
    records = [{"messageId": "m-1", "body": body}, {"messageId": "m-2", "body": "nobody"}]
    assert stack.call("sweep", {"Records": records}) == {"batchItemFailures": []}
    assert taken(stack.push_queue) == [ACCOUNT]


def test_the_sweep_hands_back_only_the_wake_ups_it_could_not_pass_on(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TABLE_NAME", "not-there-yet")
    deployment.cache_clear()
    later = {"Records": [{"messageId": "m-1", "body": ACCOUNT}, {"messageId": "m-2", "body": "nobody"}]}
    assert stack.call("sweep", later) == {"batchItemFailures": [{"itemIdentifier": "m-1"}, {"itemIdentifier": "m-2"}]}
    with pytest.raises(ClientError):
        stack.call("sweep", sample("sweep_schedule"))


def put_letter(stack: Stack, name: str) -> None:
    body = json.dumps({"requestContext": {"condition": "RetriesExhausted"}, "requestPayload": sample(name)})
    aws.client("sqs").send_message(QueueUrl=stack.dead_letters, MessageBody=body)


def red_alarms() -> list[str]:
    return deployment().retries.red_alarms()


def test_when_an_alarm_goes_off_dead_letters_are_taken_in_at_once_and_while_any_lie_there_every_hour(
    stack: Stack,
) -> None:
    alarm, hourly = sample("alarm_dead_letters"), sample("retry_schedule")
    put_letter(stack, "invoice_created")
    stack.call("retry_failed", alarm)
    assert status("invoice", 9001) == "pending"
    assert red_alarms() == ["syncro-quickbooks-dead-letters-events"]

    alarm["detail"]["state"] |= {"value": "OK", "timestamp": "2026-11-22T22:00:00.123+0000"}
    put_letter(stack, "payment_created")
    stack.call("retry_failed", alarm)
    assert record("payment", 7001) is None  # the alarm has ended, the hour has not
    stack.call("retry_failed", hourly)
    assert status("payment", 7001) == "pending"  # what no alarm has told


def test_while_an_alarm_is_red_and_no_letter_waits_records_are_retried_every_hour(
    stack: Stack, caplog: pytest.LogCaptureFixture
) -> None:
    hourly = sample("retry_schedule")
    stack.call("retry_failed", hourly)
    assert "Round worked" not in caplog.messages
    rate = sample("alarm_dead_letters")
    rate["detail"]["alarmName"] = "syncro-quickbooks-failure-rate"
    stack.call("retry_failed", rate)
    stack.call("retry_failed", hourly)
    assert caplog.messages.count("Round worked") == 2


@pytest.mark.parametrize("from_lambda", [True, False])
def test_an_alarm_that_the_function_failed_at_or_was_never_called_with_is_heard_of_within_the_hour(
    stack: Stack, from_lambda: bool
) -> None:
    alarm, url = sample("alarm_dead_letters"), os.environ["RETRY_FAILED_DLQ_URL"]
    context = {"condition": "RetriesExhausted"}
    letter = {"requestContext": context, "requestPayload": alarm} if from_lambda else alarm
    for body in (
        json.dumps(letter),
        json.dumps({"requestContext": context, "requestPayload": sample("retry_schedule")}),
    ):
        aws.client("sqs").send_message(QueueUrl=url, MessageBody=body)
    stack.call("retry_failed", sample("retry_schedule"))
    assert red_alarms() == ["syncro-quickbooks-dead-letters-events"]
    assert taken(url) == []


@pytest.mark.parametrize("body", ["no JSON", "[]", '{"requestPayload": 5}', '{"detail": {"alarmName": 5}}'])
def test_a_letter_that_tells_of_no_alarm_stops_nothing_and_is_in_the_log(
    stack: Stack, caplog: pytest.LogCaptureFixture, body: str
) -> None:
    url = os.environ["RETRY_FAILED_DLQ_URL"]
    aws.client("sqs").send_message(QueueUrl=url, MessageBody=body)
    stack.call("retry_failed", sample("alarm_dead_letters"))
    assert red_alarms() == ["syncro-quickbooks-dead-letters-events"]
    assert taken(url) == []
    assert body in str([vars(each) for each in caplog.records])


def test_an_alarm_in_a_form_nobody_knows_is_raised_so_that_it_is_kept(stack: Stack) -> None:
    alarm = sample("alarm_dead_letters")
    del alarm["detail"]["state"]
    with pytest.raises(ValueError, match="no change of an alarm"):
        stack.call("retry_failed", alarm)


def test_every_five_minutes_the_gauges_are_written_as_metrics(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    stack.call("measure", sample("measure_schedule"))
    written = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    (metrics,) = written
    assert (metrics["OldestWaiting"], metrics["DesktopNotSeen"], metrics["TokensNotRefreshed"]) == ([0.0],) * 3
    assert 0 < metrics["ReadAllowanceUsed"][0] < 1
    (described,) = metrics["_aws"]["CloudWatchMetrics"]
    assert described["Dimensions"] == [["service"]]
    assert metrics["OldestJob"] == [0.0]


def test_a_poll_is_counted_and_whether_it_was_held_for_no_reason_of_the_customers(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    def counts() -> tuple[list[float], list[float]]:
        stack.call("qbo_payment_poll", sample("payment_poll"))
        (metrics,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
        return metrics["PollsMade"], metrics["PollsHeld"]

    assert counts() == ([1.0], [0.0])  # it imports no payments
    connection = deployment().accounts.connection(ACCOUNT)
    assert connection is not None
    wanted = {**(connection.settings or {}), "sync_payments_to": False, "sync_payments_from": True}
    deployment().accounts.save_settings(ACCOUNT, wanted, version=connection.settings_version)
    deployment().accounts.stop_posting("all", "totals differ")
    assert counts() == ([1.0], [1.0])


@pytest.mark.parametrize(
    ("overdue", "days", "counted"),
    [
        (("token", "idle-token", "TokensNotRefreshed"), 6, 0.0),
        (("token", "idle-token", "TokensNotRefreshed"), 90, 1.0),  # in danger to the end
        (("desktop", "unseen-desktop", "DesktopNotSeen"), 29, 1.0),
        (("desktop", "unseen-desktop", "DesktopNotSeen"), 31, 0.0),  # gone
    ],
)
def test_what_is_overdue_is_counted_for_as_long_as_it_matters(
    overdue: tuple[str, str, str], days: int, counted: float, stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    item, index, metric = overdue
    due = datetime.now(UTC) - timedelta(days=days)
    aws.client("dynamodb").update_item(
        TableName=os.environ["TABLE_NAME"],
        Key={"pk": {"S": f"acct#{ACCOUNT}"}, "sk": {"S": item}},
        UpdateExpression="SET next_due = :due, due_shard = :shard",
        ExpressionAttributeValues={
            ":due": {"N": str(int(due.timestamp() * 1000))},
            ":shard": {"S": shard_of(index, ACCOUNT)},
        },
    )
    stack.call("measure", sample("measure_schedule"))
    (metrics,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert metrics[metric] == [counted]


def test_a_push_writes_what_became_of_its_records_and_names_the_account(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.call("on_invoice_updated", sample("invoice_created"))
    capsys.readouterr()
    stack.call("qbo_push", sample("push_wake_up"))
    (metrics,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    # The invoice, its customer and its three products.
    assert (metrics["RecordsDecided"], metrics["RecordsFailed"], metrics["Throttled"]) == ([5.0], [0.0], [0.0])
    assert metrics["account_id"] == ACCOUNT


def test_an_account_whose_night_has_come_is_compared_by_a_message_of_its_own(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.call("on_invoice_updated", sample("invoice_created"))
    stack.call("qbo_push", sample("push_wake_up"))
    queue = os.environ["RECONCILE_QUEUE_URL"]
    stack.call("reconcile", sample("reconcile_schedule"))
    assert taken(queue) == []  # tonight, not now
    place = {"pk": {"S": f"acct#{ACCOUNT}"}, "sk": {"S": "reconciliation"}}
    aws.client("dynamodb").update_item(
        TableName=os.environ["TABLE_NAME"],
        Key=place,
        UpdateExpression="SET next_due = :due",
        ExpressionAttributeValues={":due": {"N": str(int(datetime.now(UTC).timestamp() * 1000))}},
    )
    stack.call("reconcile", sample("reconcile_schedule"))
    assert taken(queue) == [ACCOUNT]

    capsys.readouterr()
    stack.call("reconcile", sample("reconcile_message"))
    (metrics,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert (metrics["ReconciliationUnexplained"], metrics["account_id"]) == ([0.0], ACCOUNT)
    assert metrics["ReconciliationDoubles"] == [0.0]
    assert len(deployment().nights.newest(ACCOUNT, 5)) == 1
    stack.call("reconcile", sample("reconcile_message"))  # it came twice
    assert len(deployment().nights.newest(ACCOUNT, 5)) == 1

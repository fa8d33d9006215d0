"""The doors of sweep, alarms, gauges, polls and nights, as Lambda calls them."""

import json
import os
import time
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from syncro_quickbooks.bootstrap import deployment
from syncro_quickbooks.sync.wake import shard_of
from tests.support import aws
from tests.support.stack import ACCOUNT, Stack, record, sample, status, taken
from tests.support.world import ready_settings

pytestmark = pytest.mark.usefixtures("aws_services")


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

"""The functions behind alarms and nights may do in AWS what they do, and no more: tried out and compared."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from local.cloudformation import Template, load, mapping, properties, resources, statements
from syncro_quickbooks.bootstrap import deployment
from syncro_quickbooks.sync.model import Status
from tests.integration.desktop.test_permissions import _ACTIONS
from tests.support import aws
from tests.support.stack import ACCOUNT, Stack, sample

pytestmark = pytest.mark.usefixtures("aws_services")

RESOURCES = resources(load())


def allowed(function: str) -> set[str]:
    """What the template lets a function do, its own statements and those of the policies it shares."""
    own = properties(RESOURCES[function])
    shared: list[Template] = []
    policies = own["Policies"]
    assert isinstance(policies, list)
    for policy in map(mapping, policies):
        if "Ref" in policy:
            document = properties(RESOURCES[str(policy["Ref"])])["PolicyDocument"]
            shared += statements({"Policies": [document]})
    named = (statement["Action"] for statement in (*statements(own), *shared))
    return {str(action) for each in named for action in (each if isinstance(each, list) else [each])}


@contextmanager
def needed_actions(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """The actions, by IAM's names, of the calls that a new process makes meanwhile."""
    needed: set[str] = set()
    real: Callable[..., Any] = boto3.client

    def made(params: dict[str, Any], model: Any, **_: object) -> None:
        names = [model.name]
        if model.name == "TransactWriteItems":
            names = [name for member in params["TransactItems"] for name in member]
        prefix = model.service_model.endpoint_prefix
        needed.update(f"{prefix}:{_ACTIONS.get(name, name)}" for name in names)

    def watched(service: str, **options: Any) -> Any:
        client = real(service, **options)
        client.meta.events.register("provide-client-params.*.*", made)
        return client

    with monkeypatch.context() as patch:
        patch.setattr(boto3, "client", watched)
        deployment.cache_clear()
        yield needed
    deployment.cache_clear()


def booked(stack: Stack) -> None:
    stack.call("on_invoice_updated", sample("invoice_created"))
    stack.call("qbo_push", sample("push_wake_up"))


def test_measuring(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    booked(stack)
    with needed_actions(monkeypatch) as needed:
        stack.call("measure", sample("measure_schedule"))
    assert needed == allowed("MeasureFunction")


def test_comparing(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    booked(stack)
    aws.client("dynamodb").update_item(
        TableName=os.environ["TABLE_NAME"],
        Key={"pk": {"S": f"acct#{ACCOUNT}"}, "sk": {"S": "reconciliation"}},
        UpdateExpression="SET next_due = :due",
        ExpressionAttributeValues={":due": {"N": str(int(datetime.now(UTC).timestamp() * 1000))}},
    )
    with needed_actions(monkeypatch) as needed:
        stack.call("reconcile", sample("reconcile_schedule"))
        stack.call("reconcile", sample("reconcile_message"))
    assert len(deployment().nights.newest(ACCOUNT, 1)) == 1
    # A night within an hour of the last refresh has no token to refresh.
    seldom = {"kms:Encrypt", "secretsmanager:GetSecretValue"}
    assert needed | seldom == allowed("ReconcileFunction")


def test_retrying(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Letters of every kind, and a record that may be retried."""
    booked(stack)
    sqs = aws.client("sqs")
    broken = sample("invoice_updated")
    del broken["detail"]["invoice"]["total"]
    for event in (sample("payment_created"), broken):
        sqs.send_message(QueueUrl=stack.dead_letters, MessageBody=json.dumps({"requestPayload": event}))
    sqs.send_message(QueueUrl=stack.dead_letters, MessageBody=json.dumps({"reason": "no", "event": {}}))
    for account in (ACCOUNT, "missed"):
        sqs.send_message(QueueUrl=os.environ["WAKE_LATER_DLQ_URL"], MessageBody=account)
    overdue = {"pk": {"S": "acct#missed"}, "sk": {"S": "schedule"}, "next_due": {"N": "0"}}
    aws.client("dynamodb").put_item(TableName=os.environ["TABLE_NAME"], Item=overdue)
    invoice = broken["detail"]["invoice"]["id"]
    park(invoice)
    with needed_actions(monkeypatch) as needed:
        # Whoever waits sees that the push has been at work.
        monkeypatch.setattr("syncro_quickbooks.clock.SystemClock.sleep", lambda *_: set_record(invoice, Status.SYNCED))
        stack.call("retry_failed", sample("retry_schedule"))  # no alarm is red, so the queues are looked at
        stack.call("retry_failed", sample("alarm_dead_letters"))
    # The inbox is only asked for events that were too large for the bus.
    assert needed | {"s3:GetObject", "s3:ListBucket"} == allowed("RetryFailedFunction")


def park(invoice: int) -> None:
    """The record needs attention because our request was wrong."""
    now = str(int(datetime.now(UTC).timestamp() * 1000))
    set_record(invoice, Status.NEEDS_ATTENTION, due_shard={"S": "troubled#0"}, next_due={"N": now})


def set_record(invoice: int, status: Status, **others: Any) -> None:
    attributes = {"status": {"S": str(status)}, **others}
    aws.client("dynamodb").update_item(
        TableName=os.environ["TABLE_NAME"],
        Key={"pk": {"S": f"acct#{ACCOUNT}#invoice#{invoice}"}, "sk": {"S": "record"}},
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in attributes),
        ExpressionAttributeNames={f"#{name}": name for name in attributes},
        ExpressionAttributeValues={f":{name}": value for name, value in attributes.items()},
    )

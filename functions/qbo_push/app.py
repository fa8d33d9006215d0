"""Door of the push: one wake-up (BatchSize 1) says which account's outbox to drain into QuickBooks Online."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TypedDict

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from syncro_quickbooks.bootstrap import deployment
from syncro_quickbooks.sync.model import FAILING, Status

_SECONDS_BEFORE_ANOTHER_TRY = 60

logger = Logger()
metrics = Metrics()


class Message(TypedDict):
    """The part of an SQS message this door reads."""

    body: str  # the account's id
    receiptHandle: str


class QueueEvent(TypedDict):
    """What Lambda hands over from a queue."""

    Records: list[Message]


@logger.inject_lambda_context(clear_state=True)
def handler(event: QueueEvent, context: LambdaContext) -> None:
    """Drains one account's outbox until it is empty or the time is up. What the push raises makes SQS wake it again."""
    deadline = datetime.now(UTC) + timedelta(milliseconds=context.get_remaining_time_in_millis())
    for message in event["Records"]:
        account_id = message["body"]
        logger.append_keys(account_id=account_id)
        try:
            report = deployment().push.run(account_id, deadline)
        except Exception:
            _try_again_soon(message)
            raise
        logger.info("Outbox drained", extra={"report": str(report)})
        _count(account_id, report.verdicts, throttled=report.throttled)


def _count(account_id: str, verdicts: Mapping[Status, int], *, throttled: bool) -> None:
    """The account is no dimension: each value of one would be a metric of its own, and cost like one."""
    failed = sum(verdicts.get(status, 0) for status in FAILING)
    metrics.add_metadata("account_id", account_id)
    metrics.add_metric("RecordsDecided", MetricUnit.Count, sum(verdicts.values()))
    metrics.add_metric("RecordsFailed", MetricUnit.Count, failed)
    metrics.add_metric("Throttled", MetricUnit.Count, int(throttled))
    metrics.flush_metrics()


def _try_again_soon(message: Message) -> None:
    """A failed message keeps its group, the account, locked for the visibility time (over 5 minutes): shorten that."""
    import boto3  # noqa: PLC0415 - only a failure pays for this client

    boto3.client("sqs").change_message_visibility(
        QueueUrl=os.environ["PUSH_QUEUE_URL"],
        ReceiptHandle=message["receiptHandle"],
        VisibilityTimeout=_SECONDS_BEFORE_ANOTHER_TRY,
    )

"""Door of the poll: one message (BatchSize 1) says whose payments in QuickBooks Online to bring into Syncro."""

from datetime import UTC, datetime, timedelta
from typing import TypedDict

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from syncro_quickbooks.bootstrap import deployment

logger = Logger()
metrics = Metrics()


class Message(TypedDict):
    """The part of an SQS message this door reads."""

    body: str  # the account's id


class QueueEvent(TypedDict):
    """What Lambda hands over from a queue."""

    Records: list[Message]


@logger.inject_lambda_context(clear_state=True)
def handler(event: QueueEvent, context: LambdaContext) -> None:
    """Polls one account. What the poll raises makes SQS hand the message out again."""
    deadline = datetime.now(UTC) + timedelta(milliseconds=context.get_remaining_time_in_millis())
    for message in event["Records"]:
        logger.append_keys(account_id=message["body"])
        report = deployment().payment_poll.run(message["body"], deadline)
        logger.info("Payments polled", extra={"report": str(report)})
        metrics.add_metadata("account_id", message["body"])
        metrics.add_metric("PollsMade", MetricUnit.Count, 1)
        metrics.add_metric("PollsHeld", MetricUnit.Count, int(report.held))
        metrics.flush_metrics()

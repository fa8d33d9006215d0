"""Door of one-time jobs: one wake-up (BatchSize 1) says whose exports and imports to bring on in Syncro."""

from datetime import UTC, datetime, timedelta
from typing import TypedDict

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from syncro_quickbooks.bootstrap import deployment

logger = Logger()


class Message(TypedDict):
    """The part of an SQS message this door reads."""

    body: str  # the account's id


class QueueEvent(TypedDict):
    """What Lambda hands over from a queue."""

    Records: list[Message]


@logger.inject_lambda_context(clear_state=True)
def handler(event: QueueEvent, context: LambdaContext) -> None:
    """Works on one account's jobs until nothing is left or the time is up. What it raises makes SQS wake it again."""
    deadline = datetime.now(UTC) + timedelta(milliseconds=context.get_remaining_time_in_millis())
    for message in event["Records"]:
        account_id = message["body"]
        logger.append_keys(account_id=account_id)
        report = deployment().one_time_jobs.run(account_id, deadline)
        logger.info("Jobs brought on", extra={"report": str(report)})

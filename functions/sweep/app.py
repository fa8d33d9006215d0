"""Door of later wake-ups: passes on those whose time has come and, every minute, repairs those that got lost.

The same minute asks for the polls of payments that are due.
"""

from typing import TypedDict

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from syncro_quickbooks.bootstrap import deployment
from syncro_quickbooks.sync.wake import JOBS_SCHEDULE, PUSH_SCHEDULE, schedule_of

logger = Logger()


class Message(TypedDict):
    """The part of an SQS message this door reads."""

    messageId: str
    body: str  # the account's id, the wake-up's, and whose it is


class SweepEvent(TypedDict, total=False):
    """`Records` from the queue of later wake-ups; absent when the schedule calls."""

    Records: list[Message]


class Answer(TypedDict):
    """Lambda's partial batch response: the messages to hand out again."""

    batchItemFailures: list[dict[str, str]]


@logger.inject_lambda_context(clear_state=True)
def handler(event: SweepEvent, _context: LambdaContext) -> Answer:
    """Forwards a batch of wake-ups, or wakes every account that is due."""
    wakes = {PUSH_SCHEDULE: deployment().wakes, JOBS_SCHEDULE: deployment().job_wakes}
    if "Records" not in event:
        woken = {schedule: each.wake_due() for schedule, each in wakes.items()}
        logger.info("Accounts woken", extra={"woken": woken, "polled": deployment().polls.wake_due()})
        return {"batchItemFailures": []}

    failed: list[dict[str, str]] = []
    for message in event["Records"]:
        try:
            wakes[schedule_of(message["body"])].forward(message["body"])
        except Exception:  # one account's failure must not hold back the others of the batch; SQS hands it out again
            logger.exception(
                "Wake-up not passed on; it will be tried again", extra={"message_id": message["messageId"]}
            )
            failed.append({"itemIdentifier": message["messageId"]})
    return {"batchItemFailures": failed}

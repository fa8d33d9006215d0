"""Door of alarms that change, and of every hour: while one is red, what failed is tried again, a canary first."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from syncro_quickbooks.bootstrap import deployment
from syncro_quickbooks.sync.alarms import alarm_change

logger = Logger()


@logger.inject_lambda_context(clear_state=True)
def handler(event: object, context: LambdaContext) -> None:
    """Notes what alarms say and, unless one has ended, works a round while one is red or a letter waits.

    What it raises Lambda tries twice more and then keeps for the next hour.
    """
    deadline = datetime.now(UTC) + timedelta(milliseconds=context.get_remaining_time_in_millis())
    retries = deployment().retries
    for letter in retries.note_missed():
        logger.error("A letter that tells of no alarm is dropped", extra={"letter": letter[:1000]})
    change = alarm_change(event)
    if change is not None:
        retries.note_alarm(change.name, red=change.red, at=change.at)
        logger.info("Alarm changed", extra={"alarm": change.name, "red": change.red})
        if not change.red:
            return
    alarms = retries.red_alarms()
    if alarms or retries.letters_wait():
        logger.info("Round worked", extra={"round": asdict(retries.work(alarms, deadline))})

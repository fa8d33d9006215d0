"""Door of alarms that change, and of every hour: while one is red, what failed is tried again, a canary first."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TypedDict

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from syncro_quickbooks.bootstrap import deployment

logger = Logger()


class AlarmState(TypedDict):
    """What CloudWatch says of an alarm's state; `timestamp` is like 2026-11-22T20:00:00.123+0000."""

    value: str
    timestamp: str


class AlarmDetail(TypedDict):
    """The part of a "CloudWatch Alarm State Change" this door reads."""

    alarmName: str
    state: AlarmState


class Trigger(TypedDict, total=False):
    """The event of an alarm; the schedule's has a text as its detail."""

    detail: AlarmDetail | str


@logger.inject_lambda_context(clear_state=True)
def handler(event: Trigger, context: LambdaContext) -> None:
    """Notes what the alarm says and, while any is red, works one round. What it raises is tried again by Lambda."""
    deadline = datetime.now(UTC) + timedelta(milliseconds=context.get_remaining_time_in_millis())
    retries = deployment().retries
    detail = event.get("detail")
    if isinstance(detail, dict):
        state = detail["state"]
        red = state["value"] == "ALARM"
        retries.note_alarm(detail["alarmName"], red=red, at=datetime.fromisoformat(state["timestamp"]))
        logger.info("Alarm changed", extra={"alarm": detail["alarmName"], "state": state["value"]})
        if not red:
            return
    alarms = retries.red_alarms()
    if alarms:
        logger.info("Round worked", extra={"round": asdict(retries.work(alarms, deadline))})

"""What CloudWatch says of alarms."""

import json
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class AlarmChange:
    """An alarm went off, or ended, at `at`."""

    name: str
    red: bool
    at: datetime


def alarm_change(event: object) -> AlarmChange | None:
    """What a "CloudWatch Alarm State Change" says, None if the event is the schedule's or nobody's.

    Raises ValueError for an event of another form. Its time is written like 2026-11-22T20:00:00.123+0000.
    """
    match event:
        case {"detail": {"alarmName": str(name), "state": {"value": str(value), "timestamp": str(at)}}}:
            return AlarmChange(name, value == "ALARM", datetime.fromisoformat(at))
        case {"detail": str()}:
            return None
        case dict() if "detail" not in event:
            return None
    raise ValueError("the event is no change of an alarm")


def in_letter(body: str) -> AlarmChange | None:
    """The same of an event among the dead letters: a bare one, or in Lambda's record of the failed invocation."""
    letter = json.loads(body)
    return alarm_change(letter.get("requestPayload", letter) if isinstance(letter, dict) else letter)

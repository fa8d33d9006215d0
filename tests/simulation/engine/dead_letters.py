"""The dead-letter queues of a simulated deployment, as SQS keeps them: whoever takes a letter hides it for a while."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from tests.support.clock import ManualClock
from tests.support.syncro_model import Event

EVENTS, PUSHES, POLLS, LATER, NIGHTS, JOBS, MISSED = (
    f"{of}-dead" for of in ("events", "push", "poll", "later", "night", "job", "alarm")
)
REFUSED = "events-refused"
VARIABLES = {
    "EVENTS_DLQ_URL": EVENTS,
    "PUSH_DLQ_URL": PUSHES,
    "POLL_DLQ_URL": POLLS,
    "WAKE_LATER_DLQ_URL": LATER,
    "RECONCILE_DLQ_URL": NIGHTS,
    "JOBS_DLQ_URL": JOBS,
    "RETRY_FAILED_DLQ_URL": MISSED,
    "REFUSED_EVENTS_QUEUE_URL": REFUSED,
}
"""The environment of a function that knows them."""


@dataclass
class Letter:
    """A message, and since when it can be seen."""

    id: str
    body: str
    visible_at: datetime


class DeadLetters:
    """Everything that failed again and again."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._numbers = count(1)
        self._boxes: dict[str, list[Letter]] = {box: [] for box in VARIABLES.values()}

    def put(self, box: str, body: str) -> None:
        """A message arrives."""
        self._boxes[box].append(Letter(f"letter-{next(self._numbers)}", body, self._clock.now()))

    def failed_invocation(self, event: Event) -> None:
        """What Lambda writes when a function failed at an event three times."""
        self.put(EVENTS, json.dumps({"requestPayload": of_the_bus(event)}))

    def events(self) -> list[Event]:
        """The events that failed three times, and those that were refused."""
        letters = [json.loads(letter.body) for box in (EVENTS, REFUSED) for letter in self._boxes[box]]
        bare = [letter.get("requestPayload") or letter["event"] for letter in letters]
        return [(each["detail-type"], each["detail"]) for each in bare]

    def take_events(self) -> list[Event]:
        """Operations take all events out by hand."""
        found = self.events()
        self._boxes[EVENTS].clear()
        self._boxes[REFUSED].clear()
        return found

    def left_by_rounds(self) -> list[str]:
        """Everything but what was refused."""
        return [f"{box}: {each.body}" for box, letters in self._boxes.items() if box != REFUSED for each in letters]

    # -- what SQS is asked ---------------------------------------------------------------------------------------------

    def has(self, box: str) -> bool:
        """Whether it is one of these queues."""
        return box in self._boxes

    def receive(self, box: str, most: int, hidden: int) -> dict[str, Any]:
        """Up to `most` letters that can be seen, hidden from now on for `hidden` seconds."""
        now = self._clock.now()
        found = [letter for letter in self._boxes[box] if letter.visible_at <= now][:most]
        for letter in found:
            letter.visible_at = now + timedelta(seconds=hidden)
        messages = [{"MessageId": each.id, "ReceiptHandle": each.id, "Body": each.body} for each in found]
        return {"Messages": messages} if messages else {}

    def visible(self, box: str) -> int:
        """How many can be seen."""
        return sum(letter.visible_at <= self._clock.now() for letter in self._boxes[box])

    def delete(self, box: str, receipt: str) -> None:
        """The letter is gone."""
        self._boxes[box] = [letter for letter in self._boxes[box] if letter.id != receipt]

    def show_again(self, box: str, receipt: str, after: int) -> None:
        """The letter can be seen `after` seconds from now."""
        for letter in self._boxes[box]:
            if letter.id == receipt:
                letter.visible_at = self._clock.now() + timedelta(seconds=after)


def of_the_bus(event: Event) -> dict[str, Any]:
    """The event as the bus hands it to a function."""
    detail_type, detail = event
    return {"id": f"bus-{detail['event_id']}", "detail-type": detail_type, "source": "syncro", "detail": detail}

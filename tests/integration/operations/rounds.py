"""A world with dead-letter queues, and the rounds that try again what failed."""

import json
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.sync import nights
from syncro_quickbooks.sync.dead_letters import EventDeadLetters, LetterBox, WakeUpDeadLetters
from syncro_quickbooks.sync.intake import IntakeResult
from syncro_quickbooks.sync.retries import Retries, Round
from syncro_quickbooks.sync.troubles import Troubles
from syncro_quickbooks.sync.wake import PUSH_SCHEDULE
from tests.support import aws
from tests.support.books import standing
from tests.support.world import FUNCTION_TIME, World

ALARM = "stack-dead-letters-events"
_numbers = count(1)


class Operations:
    """A world with dead-letter queues, and what tries again. While that waits, the world goes on."""

    def __init__(self) -> None:
        self.world = World()
        self.company = self.world.connect(number_check=False)
        self.world.run()
        number = next(_numbers)
        self.events = aws.queue(f"retry-{number}-events")
        self.refused = aws.queue(f"retry-{number}-refused")
        self.missed = aws.queue(f"retry-{number}-missed")
        self.pushes = aws.queue(f"retry-{number}-push.fifo")
        self.laters = aws.queue(f"retry-{number}-later")
        self.comparisons = aws.queue(f"retry-{number}-comparisons")
        self.accepted: list[str] = []
        self.accept: Callable[[str, JsonObject], IntakeResult] = self.world.deployment.intake.accept

    def now(self) -> Any:
        return self.world.clock.now()

    def sleep(self, seconds: float) -> None:
        self.world.run_for(timedelta(seconds=seconds))

    def retries(self) -> Retries:
        table, accounts, wakes = (getattr(self.world.deployment, part) for part in ("table", "accounts", "wakes"))
        sqs = aws.client("sqs")
        boxes = [
            (LetterBox(sqs, self.pushes), PUSH_SCHEDULE),
            (LetterBox(sqs, self.comparisons), nights.SCHEDULE),
            (LetterBox(sqs, self.laters), ""),
        ]
        return Retries(
            table,
            self,
            EventDeadLetters(LetterBox(sqs, self.events), self._accept, self.keep_refused),
            WakeUpDeadLetters(boxes, table, self),
            Troubles(table, accounts, wakes, self),
            missed=LetterBox(sqs, self.missed),
        )

    def work(self) -> Round:
        return self.retries().work([ALARM], self.now() + FUNCTION_TIME)

    def _accept(self, detail_type: str, detail: JsonObject) -> IntakeResult:
        self.accepted.append(str(detail["event_id"]))
        return self.accept(detail_type, detail)

    def keep_refused(self, event: Any, reason: str) -> None:
        letter = json.dumps({"reason": reason, "event": event})
        aws.client("sqs").send_message(QueueUrl=self.refused, MessageBody=letter)

    def letter(self, body: Any) -> None:
        aws.client("sqs").send_message(QueueUrl=self.events, MessageBody=json.dumps(body))

    def letters(self) -> list[dict[str, Any]]:
        """What anybody else can see in the events' dead-letter queue; it stays there."""
        return seen(self.events)

    def refusals(self) -> list[dict[str, Any]]:
        """The same of the queue of refused events."""
        return seen(self.refused)

    def invoices(self) -> list[str]:
        return sorted(str(invoice["DocNumber"]) for invoice in standing(self.company))

    def statuses(self, numbers: range) -> list[str]:
        return [self.world.record("invoice", number)["status"] for number in numbers]


def seen(queue: str) -> list[dict[str, Any]]:
    box = LetterBox(aws.client("sqs"), queue)
    found = box.take(100)
    box.put_back(found)
    return [json.loads(letter["Body"]) for letter in found]


def bus_event(detail: dict[str, Any]) -> dict[str, Any]:
    return {"id": f"bus-{detail['event_id']}", "detail-type": "invoice.created", "source": "syncro", "detail": detail}


def failed_invocation(detail: dict[str, Any]) -> dict[str, Any]:
    """What Lambda puts into the queue after the third failed try."""
    context = {"requestId": "1", "functionArn": "arn:aws:lambda:x", "condition": "RetriesExhausted"}
    return {"version": "1.0", "requestContext": context, "requestPayload": bus_event(detail)}

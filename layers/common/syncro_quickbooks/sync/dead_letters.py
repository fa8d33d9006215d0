"""Letters in the dead-letter queues: which of them can be tried again, and trying that."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from syncro_quickbooks.clock import Clock, to_millis
from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.storage.table import Table
from syncro_quickbooks.sync.intake import IntakeResult, Rejected
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.wake import MISSED_AFTER, schedule_of

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

HIDDEN = 960  # seconds; longer than a round lasts, so that no letter comes twice in one
_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class RefusedLetter:
    """An event that no retry can help: a person has to look at it, and Syncro to send it corrected."""

    reason: str
    event_id: str
    detail_type: str
    account_id: str


class LetterBox:
    """The letters of one queue, each hidden from everybody else until it is deleted or put back."""

    def __init__(self, sqs: "SQSClient", queue_url: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url

    def holds_any(self) -> bool:
        """Whether any can be seen; SQS may be a minute behind."""
        attributes = self._sqs.get_queue_attributes(
            QueueUrl=self._queue_url, AttributeNames=["ApproximateNumberOfMessages"]
        )["Attributes"]
        return attributes["ApproximateNumberOfMessages"] != "0"

    def take(self, most: int) -> list["MessageTypeDef"]:
        """Up to `most` letters, fewer if no more are found. What is never put back comes back after `HIDDEN`."""
        taken: list[MessageTypeDef] = []
        while len(taken) < most:
            answer = self._sqs.receive_message(
                QueueUrl=self._queue_url, MaxNumberOfMessages=min(10, most - len(taken)), VisibilityTimeout=HIDDEN
            )
            if not answer.get("Messages"):
                break
            taken += answer["Messages"]
        return taken

    def delete(self, letter: "MessageTypeDef") -> None:
        """Its work is done, or kept elsewhere."""
        self._sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=letter["ReceiptHandle"])

    def put_back(self, letters: Sequence["MessageTypeDef"]) -> None:
        """They stay, and can be seen again at once."""
        for letter in letters:
            self._sqs.change_message_visibility(
                QueueUrl=self._queue_url, ReceiptHandle=letter["ReceiptHandle"], VisibilityTimeout=0
            )


@dataclass(slots=True)
class EventLetters:
    """What became of the letters of the events' queue in one round."""

    taken_in: int = 0
    left: int = 0
    failed_id: str = ""
    failure: str = ""
    refused: list[RefusedLetter] = field(default_factory=list)


class EventDeadLetters:
    """Takes the events in again, one after the other, until one fails: that one was the canary of the rest.

    What no retry can help leaves the queue: `keep_refused` puts it, with the reason, into the one of refused events.
    """

    def __init__(
        self,
        box: LetterBox,
        accept: Callable[[str, JsonObject], IntakeResult],
        keep_refused: Callable[[object, str], None],
    ) -> None:
        self._box = box
        self._accept = accept
        self._keep_refused = keep_refused

    def wait(self) -> bool:
        """Whether there are any."""
        return self._box.holds_any()

    def redrive(self, most: int, failed_before: str, keep_going: Callable[[], bool]) -> EventLetters:
        """Look at up to `most` letters. The one with the id `failed_before` comes last: it must not stop others twice.

        Nothing can happen twice, so a letter is deleted afterwards: an event that was taken in before changes nothing,
        and a refused one is only read.
        """
        outcome, kept = EventLetters(), list["MessageTypeDef"]()
        for letter in sorted(self._box.take(most), key=lambda each: each["MessageId"] == failed_before):
            event, reason = _read(letter["Body"])
            may_be_tried = reason or not outcome.failure  # a refused one needs no canary
            if may_be_tried and keep_going() and self._worked(letter["MessageId"], event, reason, outcome):
                self._box.delete(letter)
            else:
                outcome.left += 1
                kept.append(letter)
        self._box.put_back(kept)
        return outcome

    def _worked(self, message_id: str, event: Json, reason: str, outcome: EventLetters) -> bool:
        """Whether the event could be taken in or moved; if not, `outcome` says why."""
        try:
            if refused := reason or self._refused_now(event):
                self._keep_refused(event, refused)
                outcome.refused.append(_listed(event, refused))
            else:
                outcome.taken_in += 1
        except Exception as error:  # noqa: BLE001 - whatever it is, the rest would probably meet it, too
            outcome.failed_id, outcome.failure = message_id, f"{type(error).__name__}: {error}"
            return False
        return True

    def _refused_now(self, event: Json) -> str:
        """Takes the event in; the reason if it is refused, else ""."""
        whole = event if isinstance(event, dict) else {}
        detail = whole["detail"]
        try:
            self._accept(str(whole["detail-type"]), detail if isinstance(detail, dict) else {})
        except Rejected as rejected:
            return rejected.reason
        return ""


class WakeUpDeadLetters:
    """Wake-ups that failed again and again. The schedule knows what they stood for, and the sweep wakes from it.

    Each of `boxes` comes with the name of the account's item that keeps when it is due; a later wake-up names its own.
    """

    def __init__(self, boxes: Sequence[tuple[LetterBox, str]], table: Table, clock: Clock) -> None:
        self._boxes = boxes
        self._table = table
        self._clock = clock

    def wait(self) -> bool:
        """Whether there are any."""
        return any(box.holds_any() for box, _ in self._boxes)

    def clear(self, most: int) -> tuple[int, list[str]]:
        """Delete the letters of accounts that have been looked at since. Returns how many, and the other accounts."""
        deleted, overdue = 0, set[str]()
        for box, schedule in self._boxes:
            left = []
            for letter in box.take(most):
                account_id = letter["Body"].partition(" ")[0]
                if self._is_overdue(account_id, schedule or schedule_of(letter["Body"])):
                    overdue.add(account_id)
                    left.append(letter)
                else:
                    box.delete(letter)
                    deleted += 1
            box.put_back(left)
        return deleted, sorted(overdue)

    def _is_overdue(self, account_id: str, schedule: str) -> bool:
        item = self._table.get(Keys(account_id).of_account(schedule))
        due = item.get("next_due") if item else None
        return isinstance(due, int) and due <= to_millis(self._clock.now() - MISSED_AFTER)


def _read(body: str) -> tuple[Json, str]:
    """The event in a letter, and why it must not be tried again ("" if it may); of what is none the whole body.

    A letter is a refused event with its `reason`, Lambda's record of the failed invocation, or the bare event.
    """
    try:
        letter = json.loads(body)
    except ValueError:
        return body, "the letter is no JSON"
    if not isinstance(letter, dict):
        return body, "the letter is no JSON object"
    if "reason" in letter:
        return letter.get("event"), str(letter["reason"])
    event = letter.get("requestPayload") or letter
    if not isinstance(event, dict):
        return body, "the letter holds no event"
    if not isinstance(event.get("detail-type"), str) or not isinstance(event.get("detail"), dict):
        return body, "the letter holds no event of the bus"
    return event, ""


def _listed(event: Json, reason: str) -> RefusedLetter:
    whole = event if isinstance(event, dict) else {}
    detail = whole.get("detail")
    account_id = detail.get("account_id") if isinstance(detail, dict) else ""
    return RefusedLetter(
        reason[:_LONGEST_REASON], str(whole.get("id", "")), str(whole.get("detail-type", "")), str(account_id or "")
    )

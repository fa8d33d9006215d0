"""requestid: the first answer to an id is remembered and given again (facts: QBO 2.2)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from . import refusals
from .refusals import Refusal
from .web import Response

MAX_REQUEST_ID = 50
MAX_BATCH_REQUEST_ID = 36
_NOT_REMEMBERED = frozenset({"600", "2130"})


@dataclass(slots=True)
class _Remembered:
    at: datetime
    response: Response | None  # None while the first request is being worked on


class FirstAnswers:
    """First answers by (realm, request id), kept for `retention`; refusals too [G]."""

    def __init__(self) -> None:
        self.retention = timedelta(hours=24)  # how long Intuit keeps them is unpublished [G]
        self._answers: dict[tuple[str, str], _Remembered] = {}

    def recall(self, realm: str, request_id: str, now: datetime) -> Response | None:
        """The first answer, or None for a new id; raises Refusal 600 while the first request is being worked on."""
        remembered = self._answers.get((realm, request_id))
        if remembered is None or remembered.at + self.retention <= now:
            return None
        if remembered.response is None:
            raise refusals.duplicate_request_id(request_id)
        return remembered.response

    def knows(self, realm: str, request_id: str, now: datetime) -> bool:
        """True if a request with this id was answered or is being worked on."""
        remembered = self._answers.get((realm, request_id))
        return bool(request_id) and remembered is not None and remembered.at + self.retention > now

    def begin(self, realm: str, request_id: str, now: datetime) -> None:
        """The first request with this id is being worked on."""
        if request_id and not self.knows(realm, request_id, now):
            self._answers[realm, request_id] = _Remembered(now, None)

    def finish(self, realm: str, request_id: str, now: datetime, response: Response) -> None:
        """This is the first answer."""
        if request_id:
            self._answers[realm, request_id] = _Remembered(now, response)

    def clear(self) -> None:
        """Forget everything."""
        self._answers.clear()


def check(request_id: str, *, batch: bool) -> None:
    """Raises Refusal 2130 for an id that is too long (blogs.intuit.com 2015-04-06)."""
    if len(request_id) > (MAX_BATCH_REQUEST_ID if batch else MAX_REQUEST_ID):
        raise refusals.invalid_value("2130", "Invalid Request Id Format", "requestid", request_id)


def worth_remembering(refusal: Refusal) -> bool:
    """False for faults about the request id itself, and for failures: only a judgement of the body is an answer [G]."""
    judged = refusal.kind == refusals.VALIDATION and refusal.shape in ("json", "fault200")
    return judged and refusal.errors[0].code not in _NOT_REMEMBERED

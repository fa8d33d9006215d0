"""The door of Syncro's events, the same for every kind: hands each event of the bus to intake.

What intake refuses for good goes to the queue of refused events with the reason at once: trying again cannot help.
Everything else raises: Lambda tries twice more, then sends the event to the dead-letter queue, to be tried again later.
"""

from collections.abc import Callable
from typing import TypeAlias, TypedDict

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from syncro_quickbooks.bootstrap import deployment
from syncro_quickbooks.json_types import Json
from syncro_quickbooks.sync.intake import IntakeResult, Rejected

BusEvent = TypedDict("BusEvent", {"id": str, "detail-type": str, "detail": Json})
Handler: TypeAlias = Callable[[BusEvent, LambdaContext], None]

logger = Logger()


def event_door(kind: str) -> Handler:
    """The handler of the events `<kind>.*`, for the `handler` of a function that takes in only those.

    An event of another kind is refused like a malformed one. The handler raises what intake raises, except `Rejected`.
    """

    @logger.inject_lambda_context(clear_state=True)
    def handler(event: BusEvent, _context: LambdaContext) -> None:
        logger.append_keys(detail_type=event["detail-type"], event_id=event["id"])
        try:
            result = _accepted(kind, event["detail-type"], event["detail"])
        except Rejected as refusal:
            message = "Event refused; it is kept with the refused events. Syncro has to send it again, corrected"
            logger.error(message, extra={"reason": refusal.reason})  # noqa: TRY400 - the reason is all there is to know
            deployment().keep_refused(event, refusal.reason)
        else:
            logger.info("Event taken in", extra={"record": str(result.record), "outcome": result.outcome})

    return handler


def _accepted(kind: str, detail_type: str, detail: Json) -> IntakeResult:
    if not isinstance(detail, dict):
        raise Rejected("detail: is not a JSON object")
    logger.append_keys(account_id=detail.get("account_id"))
    if detail_type.partition(".")[0] != kind:
        raise Rejected(f"detail-type: {detail_type[:60]!r} came to the door of {kind}.* events: a rule is wrong")
    return deployment().intake.accept(detail_type, detail)

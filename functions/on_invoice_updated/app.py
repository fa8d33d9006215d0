"""Door of the invoice events (design: rule `invoice.*` of the bus): hands each one to intake.

What intake refuses for good goes to the dead-letter queue with the reason at once, since trying again cannot help.
Everything else raises: Lambda tries twice more, then sends the event to the same queue.
"""

import json
import os
from typing import TypedDict

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from syncro_quickbooks.bootstrap import deployment
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.sync.intake import Rejected

logger = Logger()

BusEvent = TypedDict("BusEvent", {"id": str, "detail-type": str, "detail": JsonObject})


@logger.inject_lambda_context(clear_state=True)
def handler(event: BusEvent, _context: LambdaContext) -> None:
    """Takes in one event of the bus. Raises what intake raises, except `Rejected`."""
    detail_type, detail = event["detail-type"], event["detail"]
    logger.append_keys(account_id=detail.get("account_id"), detail_type=detail_type, event_id=event["id"])
    try:
        result = deployment().intake.accept(detail_type, detail)
    except Rejected as refusal:
        _dead_letter(event, refusal.reason)
    else:
        logger.info("Event taken in", extra={"record": str(result.record), "outcome": result.outcome})


def _dead_letter(event: BusEvent, reason: str) -> None:
    import boto3  # noqa: PLC0415 - only a refused event pays for a second client

    message = "Event refused; it went to the dead-letter queue. Syncro has to send it again, corrected"
    logger.error(message, extra={"reason": reason})
    letter = json.dumps({"reason": reason, "event": event})
    boto3.client("sqs").send_message(QueueUrl=os.environ["EVENTS_DLQ_URL"], MessageBody=letter)

"""Door of Intuit's webhooks: POST /webhooks/intuit. Answers well within the 3 s that Intuit waits."""

import base64
from collections.abc import Mapping
from typing import TypedDict

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from syncro_quickbooks.bootstrap import deployment

logger = Logger()


class ApiRequest(TypedDict):
    """The part of a REST API's proxy event this door reads."""

    headers: Mapping[str, str] | None
    body: str | None
    isBase64Encoded: bool


class ApiAnswer(TypedDict):
    """A REST API's proxy answer."""

    statusCode: int
    body: str


@logger.inject_lambda_context(clear_state=True)
def handler(event: ApiRequest, _context: LambdaContext) -> ApiAnswer:
    """Takes in one delivery."""
    headers = {name.lower(): value for name, value in (event["headers"] or {}).items()}
    text = event["body"] or ""
    body = base64.b64decode(text) if event["isBase64Encoded"] else text.encode()
    return {"statusCode": deployment().webhooks.take(body, headers.get("intuit-signature", "")), "body": ""}

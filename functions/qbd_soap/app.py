"""Door of the QuickBooks Web Connector: SOAP at POST /qbwc; GET shows that somebody is there."""

import base64
from collections.abc import Mapping
from typing import TypedDict

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from syncro_quickbooks.bootstrap import deployment
from syncro_quickbooks.desktop.endpoint import Answer

logger = Logger()


class Identity(TypedDict):
    """Who is calling."""

    sourceIp: str


class RequestContext(TypedDict):
    """What API Gateway knows of a request. `path` has the stage in it."""

    path: str
    identity: Identity


class ApiRequest(TypedDict):
    """The part of a REST API's proxy event this door reads."""

    httpMethod: str
    resource: str
    headers: Mapping[str, str] | None
    queryStringParameters: Mapping[str, str] | None
    body: str | None
    isBase64Encoded: bool
    requestContext: RequestContext


class ApiAnswer(TypedDict):
    """A REST API's proxy answer."""

    statusCode: int
    headers: dict[str, str]
    body: str


@logger.inject_lambda_context(clear_state=True)
def handler(event: ApiRequest, _context: LambdaContext) -> ApiAnswer:
    """Answers one HTTP request."""
    endpoint = deployment().web_connector
    if event["httpMethod"] == "POST":
        answer = endpoint.post(_body(event), event["requestContext"]["identity"]["sourceIp"])
    elif event["resource"] == "/support":
        answer = endpoint.support()
    else:
        query = event["queryStringParameters"] or {}
        answer = endpoint.get(_own_address(event), describe="wsdl" in {name.lower() for name in query})
    return _as_proxy_answer(answer)


def _as_proxy_answer(answer: Answer) -> ApiAnswer:
    return {"statusCode": answer.status, "headers": {"Content-Type": answer.content_type}, "body": answer.body}


def _body(event: ApiRequest) -> str | bytes:
    """As text API Gateway has decoded it already; what its XML declaration says of an encoding is past then."""
    body = event["body"] or ""
    return base64.b64decode(body) if event["isBase64Encoded"] else body


def _own_address(event: ApiRequest) -> str:
    """Where the caller reached us: also behind a domain of its own."""
    headers = {name.lower(): value for name, value in (event["headers"] or {}).items()}
    scheme, host = headers.get("x-forwarded-proto", "https"), headers.get("host", "localhost")
    return f"{scheme}://{host}{event['requestContext']['path']}"

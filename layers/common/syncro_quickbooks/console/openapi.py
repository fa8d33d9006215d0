"""The OpenAPI document of the whole API, whichever function serves a route."""

import json
from collections.abc import Sequence
from functools import cache
from http import HTTPStatus
from importlib.resources import files

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer, Server
from aws_lambda_powertools.event_handler.openapi.swagger_ui import generate_swagger_html
from pydantic.json_schema import models_json_schema

from syncro_quickbooks.console.app import LARGEST_BODY, resolver
from syncro_quickbooks.console.problems import CONTENT_TYPE, ProblemBody
from syncro_quickbooks.console.routers import every_router
from syncro_quickbooks.json_types import Json, JsonObject

VERSION = "1.0.0"
_DESCRIPTION = (
    "For Syncro's QuickBooks pages. A bearer token says whose account it is; nothing in a path or a body can. "
    "Every error is a problem body (RFC 9457) that says what happened and what to do."
)
_SWAGGER = files("aws_lambda_powertools.event_handler.openapi.swagger_ui")

ANY_TIME: dict[HTTPStatus, str] = {
    HTTPStatus.UNAUTHORIZED: "No valid token.",
    HTTPStatus.NOT_FOUND: "The account has no such thing.",
    HTTPStatus.CONFLICT: "Not possible as things stand, or somebody changed it meanwhile.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Fields of the request are wrong; `fields` names them.",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests at once.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "An error on our side.",
    HTTPStatus.SERVICE_UNAVAILABLE: "Something we depend on is out of reach; nothing was done.",
}
WITH_A_BODY: dict[HTTPStatus, str] = {
    HTTPStatus.BAD_REQUEST: "The body cannot be read.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: f"The body is larger than {LARGEST_BODY // 1024} KB.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is not JSON.",
}


def document(routers: Sequence[Router] | None = None) -> JsonObject:
    """The document of these routers, of all there are without any, as data.

    Routes are as the resolver describes them, with our own errors in place of its.
    """
    described = resolver(every_router() if routers is None else routers).get_openapi_json_schema(
        title="Syncro to QuickBooks",
        version=VERSION,
        description=_DESCRIPTION,
        security_schemes={"bearer": HTTPBearer(bearerFormat="JWT")},
        security=[{"bearer": []}],
        servers=[Server(url=".")],  # wherever the document is: on AWS the stage is in the path
    )
    found: JsonObject = json.loads(described)
    components = _object(found.setdefault("components", {}))
    schemas = _object(components.setdefault("schemas", {}))
    for name in ("HTTPValidationError", "ValidationError", "ResponseValidationError"):
        schemas.pop(name, None)
    _, problem = models_json_schema([(ProblemBody, "serialization")], ref_template="#/components/schemas/{model}")
    schemas |= problem["$defs"]
    components["responses"] = {_name(status): _response(text) for status, text in {**ANY_TIME, **WITH_A_BODY}.items()}
    for path in _object(found.get("paths", {})).values():
        for operation in _object(path).values():
            _describe_errors(_object(operation))
    return found


@cache
def document_text() -> str:
    """The document as it is published and as it stands in docs/api."""
    return json.dumps(document(), indent=2, sort_keys=True) + "\n"


@cache
def page() -> str:
    """Swagger UI with the document and its own program in it: the page loads nothing from elsewhere."""
    script, style = (
        (_SWAGGER / f"swagger-ui{part}").read_text(encoding="utf-8") for part in ("-bundle.min.js", ".min.css")
    )
    text = json.dumps(document()).replace("</", "<\\/")
    return generate_swagger_html(text, script, style, swagger_base_url="", oauth2_config=None)


def _describe_errors(operation: JsonObject) -> None:
    responses = _object(operation["responses"])
    kept = {status: value for status, value in responses.items() if int(status) < 400}
    statuses = {**ANY_TIME, **(WITH_A_BODY if "requestBody" in operation else {})}
    errors: JsonObject = {str(int(status)): {"$ref": f"#/components/responses/{_name(status)}"} for status in statuses}
    operation["responses"] = {**kept, **errors}


def _name(status: HTTPStatus) -> str:
    return f"Problem{int(status)}"


def _response(description: str) -> JsonObject:
    schema: JsonObject = {"$ref": "#/components/schemas/ProblemBody"}
    return {"description": description, "content": {CONTENT_TYPE: {"schema": schema}}}


def _object(node: Json) -> JsonObject:
    if not isinstance(node, dict):
        raise TypeError(f"expected an object, got {node!r}")
    return node

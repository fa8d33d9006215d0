"""The API as an application: routers in, one function's request handler out.

To add a topic: write `routes/<topic>.py` with a `router = Router()`, and name it in `routers.py` and its paths in
template.yaml. A route says in its signature what it needs:

    @router.get("/things/<kind>", summary="...", tags=["things"])
    def read_things(kind: Kind, caller: TheCaller, deployment: TheDeployment) -> ThingsBody:

`caller` is verified before anything else happens: use `caller.account_id`, never an id of the request. `deployment` has
the parts (`deployment.accounts`, ...). Bodies and answers are pydantic models; path and query parameters have a pattern
or a longest length, since they become keys of the table. Errors are raised: `ApiProblem(HTTPStatus.CONFLICT,
"stale_settings", "what happened", "what to do")`, or `ApiProblem.of(status, problem)` for a problem of the sync core.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, TypeAlias

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.depends import Depends
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError, ResponseValidationError
from aws_lambda_powertools.event_handler.request import Request
from aws_lambda_powertools.utilities.typing import LambdaContext

from syncro_quickbooks.bootstrap import Deployment
from syncro_quickbooks.console.caller import Caller, Callers
from syncro_quickbooks.console.problems import ApiProblem, FieldBody, not_found, parse_strictly
from syncro_quickbooks.sync.model import Who

LARGEST_BODY = 256 * 1024
"""Bytes. Settings with hundreds of mappings have some 50 KB."""

Event: TypeAlias = Mapping[str, Any]
Answer: TypeAlias = dict[str, Any]

_WITH_BODY = ("POST", "PUT", "PATCH")
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

logger = Logger()


def _caller(request: Request) -> Caller:
    caller = request.context["caller"]
    if not isinstance(caller, Caller):
        raise TypeError("this path is open to everybody, so its route cannot ask who is calling")
    return caller


def _deployment(request: Request) -> Deployment:
    deployment = request.context["deployment"]
    assert isinstance(deployment, Deployment)  # noqa: S101 - for the type checker: `Api.answer` put it there
    return deployment


TheCaller: TypeAlias = Annotated[Caller, Depends(_caller)]
"""The verified caller, as a route's parameter."""

TheDeployment: TypeAlias = Annotated[Deployment, Depends(_deployment)]
"""The deployment's parts, as a route's parameter."""


class Api:
    """One function's share of the API. `open_paths` are exact paths that need no token; everything else does."""

    def __init__(
        self,
        routers: Sequence[Router],
        deployment: Deployment,
        callers: Callers,
        *,
        open_paths: frozenset[str] = frozenset(),
        origin: str = "",
    ) -> None:
        self._deployment = deployment
        self._callers = callers
        self._open_paths = open_paths
        self._cors = CORSConfig(origin, allow_headers=["Authorization", "Content-Type"]) if origin else None
        self._resolver = resolver(routers, self._cors)

    def answer(self, event: Event, context: LambdaContext) -> Answer:
        """The answer to one request of API Gateway."""
        try:
            caller = self._admit(event)
        except ApiProblem as refused:
            return self._refusal(refused, event)
        self._resolver.append_context(caller=caller, deployment=self._deployment)
        answer = self._resolver.resolve(dict(event), context)
        for name, value in _HEADERS.items():
            answer["multiValueHeaders"].setdefault(name, [value])
        return answer

    def _admit(self, event: Event) -> Caller | None:
        """Who is calling, None where nobody needs to say so. Raises ApiProblem for what goes no further."""
        caller = None
        headers = {str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()}
        preflight = self._cors is not None and event["httpMethod"] == "OPTIONS"
        if event["path"] not in self._open_paths and not preflight:
            caller = self._callers.verify(headers.get("authorization", ""))
            logger.append_keys(account_id=caller.account_id)
        body = _body(event)
        if body and event["httpMethod"] in _WITH_BODY:
            if headers.get("content-type", "application/json").partition(";")[0].strip().lower() != "application/json":
                raise _unsupported()
            parse_strictly(body)
        return caller

    def _refusal(self, refused: ApiProblem, event: Event) -> Answer:
        response = refused.response()
        headers = {**_HEADERS, "Content-Type": str(response.content_type), **refused.headers}
        if self._cors:
            given = {str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()}
            headers |= self._cors.to_dict(given.get("origin"))
        return {
            "statusCode": int(refused.status),
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "body": response.body,
            "isBase64Encoded": False,
        }


def resolver(routers: Sequence[Router], cors: CORSConfig | None = None) -> APIGatewayRestResolver:
    """A resolver with these routers whose every error is a problem body."""
    app = APIGatewayRestResolver(
        enable_validation=True,
        cors=cors,
        response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR,
        debug=False,
    )
    for router in routers:
        app.include_router(router)
    app.exception_handler(ApiProblem)(_problem)
    app.exception_handler(NotFoundError)(_nothing_there)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(Exception)(_failed)
    return app


def _problem(problem: ApiProblem) -> "Response[str]":
    return problem.response()


def _nothing_there(_: NotFoundError) -> "Response[str]":
    return not_found("such address, or not with this method").response()


def _invalid(error: RequestValidationError) -> "Response[str]":
    """422 with the fields; what was sent in them is not repeated."""
    fields = [
        FieldBody(field=".".join(map(str, each["loc"])), message=str(each["msg"]).removeprefix("Value error, "))
        for each in error.errors()
    ]
    return ApiProblem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid_request",
        "The request is not valid: " + "; ".join(f"{each.field}: {each.message}" for each in fields[:5]),
        "Correct the fields and send it again.",
        fields=fields,
    ).response()


def _failed(error: Exception) -> "Response[str]":
    if isinstance(error, ResponseValidationError):
        # Its text holds the answer, which may hold personal data.
        logger.error("Answer does not fit its model", extra={"where": [each["loc"] for each in error.errors()]})
    else:
        logger.exception("Request failed")
    return ApiProblem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal_error",
        "An error on our side. It was reported.",
        "Try again later; if it stays, ask support.",
        who=Who.SUPPORT,
    ).response()


def _body(event: Event) -> bytes:
    """The body as it was sent. Raises ApiProblem if it is too large or no base64 although it should be."""
    text = event.get("body") or ""
    if len(text) > 2 * LARGEST_BODY:
        raise _too_large()
    try:
        body = base64.b64decode(text, validate=True) if event.get("isBase64Encoded") else text.encode(errors="replace")
    except binascii.Error:
        raise ApiProblem(HTTPStatus.BAD_REQUEST, "malformed_body", "The body cannot be read.", "Send JSON.") from None
    if len(body) > LARGEST_BODY:
        raise _too_large()
    return body


def _too_large() -> ApiProblem:
    return ApiProblem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "body_too_large",
        f"The body is larger than {LARGEST_BODY // 1024} KB. Nothing was done.",
        "Send less at once.",
    )


def _unsupported() -> ApiProblem:
    return ApiProblem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "The body is not declared as JSON. Nothing was done.",
        "Send it with Content-Type: application/json.",
    )

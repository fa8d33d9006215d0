"""The REST API as a program of Syncro sees it: HTTP, tokens of an issuer that is served, events of API Gateway."""

import base64
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import requests

from emulators.wsgi_adapter import WSGIAdapter
from local.issuer import AUDIENCE, Issuer
from syncro_quickbooks.bootstrap import Deployment
from syncro_quickbooks.console.app import Api
from syncro_quickbooks.console.routers import connect_api, console_api
from tests.support.events import ACCOUNT

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

URL = "http://console.test"


class Context:
    """What Lambda hands over beside an event."""

    function_name, memory_limit_in_mb, aws_request_id = "console", 1024, "8f5a0c2e-0000-4000-8000-000000000000"
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:console"

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds."""
        return 28_000


def gateway_event(environ: "WSGIEnvironment") -> dict[str, Any]:
    """The request as API Gateway's proxy integration hands it over; a body that is no text comes as base64."""
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").title(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") or (name == "CONTENT_TYPE" and value)
    }
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True, errors="replace")
    raw = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    try:
        body, encoded = raw.decode() or None, False
    except UnicodeDecodeError:
        body, encoded = base64.b64encode(raw).decode(), True
    path = environ["PATH_INFO"]
    return {
        "httpMethod": environ["REQUEST_METHOD"],
        "path": path,
        "resource": path,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {"stage": "dev", "path": f"/dev{path}", "identity": {"sourceIp": "198.51.100.7"}},
        "body": body,
        "isBase64Encoded": encoded,
    }


def wsgi(*apis: Api) -> Any:
    """`apis`, one function's each, as one WSGI application: whichever has the route answers."""

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        event = gateway_event(environ)
        answer: dict[str, Any] = {}
        for api in apis:
            answer = api.answer(event, Context())  # type: ignore[arg-type]  # the part of a context that is read
            if answer["statusCode"] not in (404, 401):  # one function's open paths are nothing to another
                break
        headers = [(name, value) for name, values in answer["multiValueHeaders"].items() for value in values]
        start_response(f"{answer['statusCode']} -", headers)
        text = answer["body"] or ""
        return [base64.b64decode(text) if answer["isBase64Encoded"] else text.encode()]

    return app


def environment(issuer: Issuer) -> dict[str, str]:
    """What the API's functions are told about the issuer."""
    return {"JWT_ISSUER": issuer.url, "JWT_AUDIENCE": AUDIENCE, "JWKS_URL": issuer.jwks_url}


def apis(deployment: Deployment, issuer: Issuer) -> list[Api]:
    """The functions behind the API, each with its share of it."""
    return [make(deployment, environment(issuer)) for make in (console_api, connect_api)]


@dataclass(frozen=True, slots=True)
class Console:
    """Makes requests as somebody of an account, `ACCOUNT` unless told otherwise."""

    issuer: Issuer
    session: requests.Session

    def request(
        self, method: str, path: str, *, account: str = ACCOUNT, token: str | None = None, **options: Any
    ) -> requests.Response:
        """The answer, whatever its status; `token` in place of a valid one, an empty one for none."""
        used = _token(self.issuer, account) if token is None else token
        headers = {**({"Authorization": f"Bearer {used}"} if used else {}), **options.pop("headers", {})}
        return self.session.request(method, URL + path, headers=headers, **options)

    def get(self, path: str, **options: Any) -> Any:
        """What a successful GET answers."""
        answer = self.request("GET", path, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()


@cache
def _token(issuer: Issuer, account: str) -> str:
    return issuer.token(account)


@contextmanager
def console_of(deployment: Deployment, issuer: Issuer) -> Iterator[Console]:
    """The API of a deployment."""
    with requests.Session() as session:
        session.mount(URL, WSGIAdapter(wsgi(*apis(deployment, issuer))))
        yield Console(issuer, session)

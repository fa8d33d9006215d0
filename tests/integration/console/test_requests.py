"""What a request may look like: anything else has a problem body, and nothing is changed or given away."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Annotated, Any

import pytest
import requests
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import BaseModel

from emulators.wsgi_adapter import WSGIAdapter
from local.issuer import Issuer
from syncro_quickbooks.console.app import Api, TheCaller, TheDeployment
from syncro_quickbooks.console.caller import Callers
from syncro_quickbooks.console.routers import console_api
from tests.support.console import URL, Console, console_of, environment, wsgi
from tests.support.world import World

SECRET = "hunter2-is-my-password"
router = Router()


class Thing(BaseModel):
    name: str
    count: int = 0
    password: str = ""


kept: list[Thing] = []


@router.post("/things")
def keep(thing: Annotated[Thing, Body()], caller: TheCaller) -> Thing:
    kept.append(thing)
    return thing


@router.get("/broken")
def broken(deployment: TheDeployment) -> Thing:
    raise RuntimeError(f"table {deployment.table} said {SECRET}")


@router.get("/untrue")
def untrue() -> Thing:
    return {"name": SECRET, "count": "many"}  # type: ignore[return-value]  # what the check of answers is for


@pytest.fixture
def things(world: World, issuer: Issuer) -> Iterator[Console]:
    """The API with routes that take a body or fail, which nothing but these tests needs."""
    kept.clear()
    api = Api([router], world.deployment, Callers.from_env(environment(issuer)))
    with requests.Session() as session:
        session.mount(URL, WSGIAdapter(wsgi(api)))
        yield Console(issuer, session)


def problem(answer: requests.Response, status: int, code: str) -> Any:
    """The problem body of an answer, complete."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.json()
    assert (body["status"], body["code"], body["type"]) == (status, code, f"urn:syncro-quickbooks:problem:{code}")
    assert body["title"]
    assert body["detail"]
    assert body["fix"]
    return body


def test_a_good_body(things: Console) -> None:
    answer = things.request("POST", "/things", json={"name": "Ünïcode ✓", "count": 2})
    assert (answer.status_code, answer.json()["name"]) == (200, "Ünïcode ✓")
    assert [thing.name for thing in kept] == ["Ünïcode ✓"]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"not json",
        b'{"name": "a"',
        b'{"name": NaN}',
        b'{"count": Infinity}',
        b'{"name": "\xff\xfe"}',
        b"\x00\x01\x02",
        b'{"name": "\\ud800"}',
        b"[" * 100_000,
        b'{"count": ' + b"9" * 5_000 + b"}",
    ],
)
def test_a_body_that_cannot_be_read(things: Console, body: bytes) -> None:
    answer = things.request("POST", "/things", data=body, headers={"Content-Type": "application/json"})
    problem(answer, 400, "malformed_body")
    assert kept == []


@pytest.mark.parametrize(
    "body", [b"[]", b"7", b'"name"', b"null", b"{}", b'{"name": 7}', b'{"name": "a", "count": "x"}']
)
def test_a_body_that_says_something_else(things: Console, body: bytes) -> None:
    answer = things.request("POST", "/things", data=body, headers={"Content-Type": "application/json"})
    assert problem(answer, 422, "invalid_request")["fields"]
    assert kept == []


def test_what_is_wrong_is_named_but_never_repeated(things: Console) -> None:
    answer = things.request("POST", "/things", json={"name": "a", "count": SECRET, "password": [SECRET]})
    body = problem(answer, 422, "invalid_request")
    assert {field["field"] for field in body["fields"]} == {"body.count", "body.password"}
    assert SECRET not in answer.text


def test_no_body_at_all(things: Console) -> None:
    problem(things.request("POST", "/things"), 422, "invalid_request")


@pytest.mark.parametrize("size", [256 * 1024 - 20, 256 * 1024 + 1, 5_000_000])
def test_a_body_that_is_too_large(things: Console, size: int) -> None:
    answer = things.request("POST", "/things", json={"name": "a" * size})
    if size < 256 * 1024:
        assert answer.status_code == 200
    else:
        problem(answer, 413, "body_too_large")
        assert kept == []


@pytest.mark.parametrize(
    "declared", ["text/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_a_body_of_another_type(things: Console, declared: str) -> None:
    answer = things.request("POST", "/things", data=b'{"name": "a"}', headers={"Content-Type": declared})
    problem(answer, 415, "unsupported_media_type")
    assert kept == []


def test_nobody_reads_a_body_without_a_token(things: Console) -> None:
    problem(things.request("POST", "/things", data=b"{" * 300_000, token=""), 401, "missing_token")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/nothing"),
        ("GET", "/records/invoice"),
        ("GET", "/records/invoice/1/more"),
        ("GET", "/RECORDS"),
        ("POST", "/records"),
        ("DELETE", "/records/invoice/1"),
        ("PUT", "/connection/health"),
        ("OPTIONS", "/records"),
        ("TRACE", "/records"),
    ],
)
def test_an_address_or_method_that_does_not_exist(console: Console, method: str, path: str) -> None:
    problem(console.request(method, path), 404, "not_found")
    problem(console.request(method, path, token=""), 401, "missing_token")


def test_our_own_mistakes_give_nothing_away(things: Console, caplog: pytest.LogCaptureFixture) -> None:
    for path in ("/broken", "/untrue"):
        answer = things.request("GET", path)
        problem(answer, 500, "internal_error")
        assert SECRET not in answer.text
        assert "Traceback" not in answer.text
    failed, untrue = (record for record in caplog.records if record.levelname == "ERROR")
    assert (failed.message, failed.exc_info is not None) == ("Request failed", True)
    assert untrue.message == "Answer does not fit its model"
    assert "count" in str(untrue.__dict__["where"])
    assert SECRET not in str(untrue.__dict__)


# -- the issuer's keys -------------------------------------------------------------------------------------------------


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """An address that answers every GET so."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/keys"
    finally:
        server.shutdown()
        server.server_close()


def nobody_there() -> str:
    """An address where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/keys"


@pytest.mark.parametrize(
    ("status", "body"), [(None, b""), (500, b"no"), (200, b"<html>"), (200, b"[]"), (200, b'{"keys": []}')]
)
def test_an_issuer_out_of_reach_is_not_the_callers_fault(
    world: World, issuer: Issuer, caplog: pytest.LogCaptureFixture, status: int | None, body: bytes
) -> None:
    if status is None:
        check_unavailable(world, issuer, nobody_there())
    else:
        with answering(status, body) as url:
            check_unavailable(world, issuer, url)
    assert "The issuer's keys cannot be had" in caplog.messages


def check_unavailable(world: World, issuer: Issuer, jwks_url: str) -> None:
    api = console_api(world.deployment, {**environment(issuer), "JWKS_URL": jwks_url})
    with requests.Session() as session:
        session.mount(URL, WSGIAdapter(wsgi(api)))
        console = Console(issuer, session)
        answer = console.request("GET", "/records")
        problem(answer, 503, "issuer_unreachable")
        assert answer.headers["Retry-After"] == "60"
        problem(console.request("GET", "/records", token="forged"), 401, "invalid_token")


def test_forged_key_names_do_not_make_us_ask_the_issuer_each_time(
    world: World, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jwt import PyJWKClient

    asked: list[str] = []
    fetch = PyJWKClient.fetch_data
    import jwt

    def noted(client: PyJWKClient) -> Any:
        asked.append(client.uri)
        return fetch(client)

    monkeypatch.setattr(PyJWKClient, "fetch_data", noted)

    with console_of(world.deployment, issuer) as console:
        for number in range(20):
            token = jwt.encode({"a": 1}, issuer.key, algorithm="RS256", headers={"kid": f"k{number}"})
            problem(console.request("GET", "/records", token=token), 401, "invalid_token")
    assert len(asked) == 2  # once by each of the two functions that may have the path


# -- pages of other origins --------------------------------------------------------------------------------------------


def test_only_the_configured_origin_may_call_from_a_browser(world: World, issuer: Issuer) -> None:
    origin = "https://app.example.com"
    api = console_api(world.deployment, {**environment(issuer), "CONSOLE_ORIGIN": origin})
    with requests.Session() as session:
        session.mount(URL, WSGIAdapter(wsgi(api)))
        console = Console(issuer, session)
        answers = [
            console.request("GET", "/connection/health", headers={"Origin": origin}),
            console.request("GET", "/connection/health", token="", headers={"Origin": origin}),
            console.request("GET", "/nothing", headers={"Origin": origin}),
            console.request("OPTIONS", "/connection/health", token="", headers={"Origin": origin}),
        ]
        assert [answer.status_code for answer in answers] == [200, 401, 404, 204]
        assert {answer.headers["Access-Control-Allow-Origin"] for answer in answers} == {origin}
        stranger = console.request("GET", "/connection/health", headers={"Origin": "https://evil.example"})
        assert "Access-Control-Allow-Origin" not in stranger.headers


def test_without_an_origin_no_browser_is_let_in(console: Console) -> None:
    answer = console.request("GET", "/connection/health", headers={"Origin": "https://app.example.com"})
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]

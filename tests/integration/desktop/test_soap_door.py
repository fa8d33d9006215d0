"""The function's handler as API Gateway calls it: its own environment, boto3 and logger, AWS is moto."""

import base64
import importlib.util
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from lxml import etree  # type: ignore[import-untyped]  # no stubs in the lock file

from emulators.wsgi_adapter import WSGIAdapter
from syncro_quickbooks.bootstrap import deployment
from tests.support import aws
from tests.support.web_connector import PASSWORD, client_of

pytestmark = pytest.mark.usefixtures("aws_services")

ROOT = Path(__file__).parents[3]
SAMPLE = json.loads((ROOT / "events/qbd_soap_authenticate.json").read_text(encoding="utf-8"))
INTUIT = "{http://developer.intuit.com/}"


class Context:
    function_name, memory_limit_in_mb, aws_request_id = "qbd-soap", 1024, "8f5a0c2e-0000-4000-8000-000000000000"
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:qbd-soap"


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    environ = {"TABLE_NAME": aws.new_table(), "PUSH_QUEUE_URL": aws.queue("desktop-push.fifo")}
    environ |= {
        "JOBS_QUEUE_URL": aws.queue("desktop-jobs.fifo"),
        "WAKE_LATER_QUEUE_URL": aws.queue("desktop-later"),
        "AWS_DEFAULT_REGION": aws.REGION,
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    deployment.cache_clear()
    spec = importlib.util.spec_from_file_location("app_qbd_soap", ROOT / "functions/qbd_soap/app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield lambda event: module.handler(json.loads(json.dumps(event)), Context())
    deployment.cache_clear()


def event(method: str, resource: str, **more: object) -> dict[str, object]:
    return {**SAMPLE, "httpMethod": method, "resource": resource, "path": resource, "body": None, **more}


def strings(answer: dict[str, Any]) -> list[str | None]:
    assert answer["statusCode"] == 200
    assert answer["headers"] == {"Content-Type": "text/xml; charset=utf-8"}
    return [element.text for element in etree.fromstring(answer["body"].encode()).iter(f"{INTUIT}string")]


def test_the_sample_event(handler: Any) -> None:
    assert strings(handler(SAMPLE)) == [None, "nvu"]


def test_a_body_that_came_as_bytes(handler: Any) -> None:
    encoded = base64.b64encode(SAMPLE["body"].encode()).decode()
    assert strings(handler({**SAMPLE, "body": encoded, "isBase64Encoded": True})) == [None, "nvu"]


def test_no_body_is_a_fault(handler: Any) -> None:
    answer = handler({**SAMPLE, "body": None})
    assert (answer["statusCode"], "<faultcode>soap:Client" in answer["body"]) == (500, True)


def test_the_web_connector_sees_that_somebody_is_there(handler: Any) -> None:
    for resource in ("/qbwc", "/support"):
        answer = handler(event("GET", resource))
        assert answer["statusCode"] == 200
        assert answer["headers"]["Content-Type"].startswith("text/xml")
        assert "Syncro" in answer["body"]


def test_the_back_off_is_the_callers_own(handler: Any) -> None:
    deployment().registrations.register("demo", "demo-desktop")
    deployment().registrations.set_password("demo", PASSWORD)
    for _ in range(6):
        handler(SAMPLE)
    right = SAMPLE["body"].replace("not the password", PASSWORD)
    assert strings(handler({**SAMPLE, "body": right})) == [None, "nvu"]
    elsewhere = {**SAMPLE["requestContext"], "identity": {"sourceIp": "198.51.100.1"}}
    ticket, verdict = strings(handler({**SAMPLE, "body": right, "requestContext": elsewhere}))
    assert (bool(ticket), verdict) == (True, None)  # there are lists to be read


def test_another_program_understands_the_description_and_finds_the_service(handler: Any) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read().decode() or None
        query = {environ["QUERY_STRING"]: ""} if environ["QUERY_STRING"] else None
        headers = {"Host": "qb.example.com", "X-Forwarded-Proto": "https"}
        made = event(environ["REQUEST_METHOD"], "/qbwc", body=body, queryStringParameters=query, headers=headers)
        answer = handler(made)
        start_response(f"{answer['statusCode']} -", list(answer["headers"].items()))
        return [answer["body"].encode()]

    http = requests.Session()
    http.mount("https://", WSGIAdapter(app))
    soap = client_of(http, "https://anywhere.test/qbwc")
    assert soap._binding_options["address"] == "https://qb.example.com/dev/qbwc"
    assert soap.serverVersion().startswith("Syncro")
    assert soap.authenticate("nobody", "x") == [None, "nvu"]
    assert soap.receiveResponseXML("no ticket", "", "", "") == -1

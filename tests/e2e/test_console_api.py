"""The REST API as deployed: through API Gateway, with the function's permissions and the issuer's keys over HTTP."""

import json
from typing import Any

import requests

from local.books import publish, sample, until
from local.stack import Stack

PATHS = ("/connection/health", "/read-meter", "/records", "/records?status=synced&kind=invoice&limit=1", "/sync-log")


def ask(up: Stack, path: str, token: str, method: str = "GET", **options: Any) -> requests.Response:
    return requests.request(
        method, f"{up.api_url}{path}", headers={"Authorization": f"Bearer {token}"}, timeout=30, **options
    )


def token_of(up: Stack, account_id: str) -> str:
    accounts: Any = up.describe()["accounts"]
    return next(str(each["api_token"]) for each in accounts if each["account_id"] == account_id)


def test_a_record_is_shown_to_its_account_and_to_no_other(up: Stack) -> None:
    """An invoice with a tax rate that nobody mapped, so that nothing of it gets into the books of other tests."""
    token = token_of(up, "acme-it")
    event: Any = sample("invoice_created.json")
    event["detail"] |= {"account_id": "acme-it", "event_id": "api-77001"}
    event["detail"]["tax_rates"] = [{"id": 999, "name": "Unheard of", "rate": "3.0", "components": []}]
    event["detail"]["invoice"] |= {"id": 77001, "number": "API-77001", "tax_rate_id": 999}
    publish(up, [event])
    shown: Any = {}
    for _ in until(60):
        shown = ask(up, "/records/invoice/77001", token).json()
        if shown.get("status") == "needs_attention":
            break
    assert (shown["status"], shown["label"]) == ("needs_attention", "API-77001"), shown
    assert "Unheard of" in shown["problems"][0]["message"]
    for path in PATHS:
        answer = ask(up, path, token)
        assert answer.status_code == 200, (path, answer.text)
    listed = ask(up, "/records?status=needs_attention&kind=invoice", token).json()["records"]
    assert "77001" in [each["id"] for each in listed]
    assert "77001" in [each["id"] for each in ask(up, "/sync-log", token).json()["entries"]]
    other = ask(up, "/records/invoice/77001", token_of(up, "demo-msp"))
    assert (other.status_code, other.headers["Content-Type"]) == (404, "application/problem+json")


def test_bodies_pass_the_gateway_as_they_are(up: Stack) -> None:
    token = token_of(up, "demo-msp")
    json_type = {"Content-Type": "application/json"}
    for body, status, code in (
        (b"{", 400, "malformed_body"),
        (json.dumps({"settings": "x" * 300_000}).encode(), 413, "body_too_large"),
        (json.dumps({"settings": "Ünïcode"}).encode(), 422, "invalid_request"),
    ):
        answer = requests.post(
            f"{up.api_url}/settings/check",
            data=body,
            headers={"Authorization": f"Bearer {token}", **json_type},
            timeout=30,
        )
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text

"""Intuit's webhooks at their door: signature, both forms, several companies, and what they make due."""

import base64
import hmac
import json
from hashlib import sha256
from http import HTTPStatus
from typing import Any

import pytest

from tests.support.events import ACCOUNT
from tests.support.payments_from import VERIFIER, PaymentsFromWorld

pytestmark = pytest.mark.usefixtures("aws_services")

OURS, FOREIGN = "9130001", "999"


@pytest.fixture(scope="module")
def world(aws_services: None) -> PaymentsFromWorld:
    return PaymentsFromWorld(309)


@pytest.fixture(autouse=True)
def _quiet(world: PaymentsFromWorld) -> None:
    """Nothing is due, and nothing was asked for in the last minutes."""
    world.clock.sleep(3600)
    world.poll()
    world.clock.sleep(600)
    world.messages.clear()


def old_form(*changes: tuple[str, str]) -> bytes:
    notifications = [
        {"realmId": realm, "dataChangeEvent": {"entities": [{"name": name, "id": "1", "operation": "Create"}]}}
        for realm, name in changes
    ]
    return json.dumps({"eventNotifications": notifications}).encode()


def cloud_events(*changes: tuple[str, str]) -> bytes:
    events = [
        {"specversion": "1.0", "id": f"e{n}", "type": f"qbo.{name.lower()}.updated.v1", "intuitaccountid": realm}
        for n, (realm, name) in enumerate(changes)
    ]
    return json.dumps(events).encode()


def deliver(world: PaymentsFromWorld, body: bytes, signature: str | None = None) -> HTTPStatus:
    signed = base64.b64encode(hmac.new(VERIFIER.encode(), body, sha256).digest()).decode()
    return world.deployment.webhooks.take(body, signed if signature is None else signature)


def polls_asked_for(world: PaymentsFromWorld) -> list[str]:
    return [body for _, _, queue, body in world.messages if queue == "poll"]


@pytest.mark.parametrize("form", [old_form, cloud_events])
def test_a_changed_payment_makes_the_poll_of_its_account_due_once(world: PaymentsFromWorld, form: Any) -> None:
    reads = world.reads()
    body = form((FOREIGN, "Payment"), (OURS, "Invoice"), (OURS, "Payment"), (OURS, "Payment"))
    assert deliver(world, body) == HTTPStatus.OK
    assert deliver(world, body) == HTTPStatus.OK
    assert polls_asked_for(world) == [ACCOUNT]
    assert world.reads() == reads


@pytest.mark.parametrize("form", [old_form, cloud_events])
def test_other_changes_and_other_companies_cost_nothing(world: PaymentsFromWorld, form: Any) -> None:
    assert deliver(world, form((OURS, "Invoice"), (OURS, "Customer"), (FOREIGN, "Payment"))) == HTTPStatus.OK
    assert polls_asked_for(world) == []


def test_a_bookkeeper_at_work_costs_a_read_every_two_minutes(world: PaymentsFromWorld) -> None:
    reads = world.reads()
    for _ in range(40):  # ten minutes of one payment every 15 seconds
        deliver(world, old_form((OURS, "Payment")))
        world.clock.sleep(15)
        world._handle("sweep", "")
        while world.messages:
            _, _, queue, body = world.messages.pop(0)
            world._handle(queue, body)
    assert 4 <= world.reads() - reads <= 6


@pytest.mark.parametrize("signature", ["", "AAAA", "ümlaut", "x" * 10_000])
def test_what_intuit_did_not_sign_is_refused(world: PaymentsFromWorld, signature: str) -> None:
    assert deliver(world, old_form((OURS, "Payment")), signature) == HTTPStatus.UNAUTHORIZED
    assert polls_asked_for(world) == []


def test_a_signature_of_other_bytes_is_refused(world: PaymentsFromWorld) -> None:
    body = old_form((OURS, "Payment"))
    signed = base64.b64encode(hmac.new(VERIFIER.encode(), body, sha256).digest()).decode()
    assert deliver(world, body + b" ", signed) == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"{}",
        b'"text"',
        b"[1]",
        b'[{"type": "qbo.payment"}]',
        b'{"eventNotifications": [{}]}',
        b'{"eventNotifications": [{"realmId": "1"}]}',
        b'{"eventNotifications": {"realmId": "1"}}',
        b"[" * 5000,
        "[{}]".encode("utf-16"),
    ],
)
def test_a_body_of_an_unknown_form_has_a_clear_status(world: PaymentsFromWorld, body: bytes) -> None:
    assert deliver(world, body) == HTTPStatus.BAD_REQUEST


def test_a_body_that_is_too_large_is_not_even_checked(world: PaymentsFromWorld) -> None:
    assert deliver(world, b"x" * (256 * 1024 + 1)) == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def test_many_companies_in_one_delivery(world: PaymentsFromWorld) -> None:
    body = cloud_events(*((str(realm), "Payment") for realm in range(1, 300)), (OURS, "Payment"))
    assert deliver(world, body) == HTTPStatus.OK
    assert polls_asked_for(world) == [ACCOUNT]


@pytest.mark.parametrize("stranger", [1, {"type": "qbo.payment"}, {"type": "qbo.budget.updated.v9", "data": {}}])
def test_an_event_of_an_unknown_form_does_not_hold_up_the_others(world: PaymentsFromWorld, stranger: Any) -> None:
    """Refused as a whole, Intuit would send all of it again for hours and might hold back what comes after."""
    events = [stranger, *json.loads(cloud_events((OURS, "Payment")))]
    assert deliver(world, json.dumps(events).encode()) == HTTPStatus.OK
    assert polls_asked_for(world) == [ACCOUNT]


@pytest.mark.parametrize("stranger", [{}, {"realmId": "1"}, {"realmId": "1", "dataChangeEvent": {"entities": 5}}])
def test_nor_does_a_notification_of_an_unknown_form(world: PaymentsFromWorld, stranger: Any) -> None:
    body = json.loads(old_form((OURS, "Payment")))
    body["eventNotifications"].insert(0, stranger)
    assert deliver(world, json.dumps(body).encode()) == HTTPStatus.OK
    assert polls_asked_for(world) == [ACCOUNT]

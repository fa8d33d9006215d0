"""What the function behind people's requests may do in AWS is what they need."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from local.issuer import Issuer
from tests.integration.console.test_connect_permissions import actions, allowed
from tests.support.console import Console, console_of
from tests.support.payments_from import TOKEN, PaymentsFromWorld


@pytest.fixture
def world(aws_services: None) -> PaymentsFromWorld:
    return PaymentsFromWorld(309)


@pytest.fixture
def console(world: PaymentsFromWorld, issuer: Issuer) -> Iterator[Console]:
    world.deployment = world.process()  # which has no client of AWS yet
    with console_of(world.deployment, issuer) as opened:
        yield opened


def test_people_need_exactly_what_the_template_allows(world: PaymentsFromWorld, console: Console) -> None:
    world.clock.advance_to(world.clock.now() + timedelta(hours=2))  # the token is renewed
    with actions(world) as needed:
        settings = console.get("/settings?refresh=true")
        saved = console.request("PUT", "/settings", json={name: settings[name] for name in ("settings", "version")})
        assert saved.status_code == 200, saved.text
        for _ in range(2):
            console.get("/pick-lists/items?refresh=true")
            world.clock.sleep(61)
        console.get("/records")
        console.get("/plan?read=true")
        assert console.request("POST", "/records/invoice/309/force-update", json={"request_id": "press-001"}).ok
        started = console.request("POST", "/jobs/import_organizations").json()
        assert console.request("POST", f"/jobs/import_organizations/{started['id']}/cancel").ok
        assert console.request("PUT", "/syncro-access", json={"subdomain": "demo", "token": TOKEN}).ok
        assert console.request("DELETE", "/syncro-access").ok
        console.get("/payments-from-quickbooks")
        console.get("/connection/health")
    assert needed == allowed("ConsoleFunction")

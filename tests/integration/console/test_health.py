"""What the API says about a connection and about the workspace's reads."""

from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from emulators.quickbooks_online import Fault
from local.issuer import Issuer
from syncro_quickbooks.bootstrap import Deployment
from syncro_quickbooks.online.faults import ReadAllowanceExhausted
from syncro_quickbooks.online.read_budget import ReadPurpose
from syncro_quickbooks.sync.accounts import Finding, Pause
from syncro_quickbooks.sync.model import Problem, Who
from tests.support.console import Console, console_of
from tests.support.events import ACCOUNT, invoice_detail
from tests.support.office import Office
from tests.support.world import World

PATH = "/connection/health"


def test_an_account_that_is_not_connected(console: Console) -> None:
    assert (console.get(PATH)["records"], console.get("/connection")["state"]) == ([], "not_connected")


def test_a_connected_account(world: World, console: Console) -> None:
    world.connect()
    world.publish("invoice.created", invoice_detail(1))
    world.run()
    health = console.get(PATH)
    assert (health["outage_until"], health["company_read_at"] is not None) == (None, True)
    assert {each["count"] for each in health["records"]} == {0}
    assert health["last_session"] is None
    assert console.get("/connection")["state"] == "connected"


def test_a_pause_says_what_to_do_and_ends(world: World, console: Console) -> None:
    world.connect()
    connection = world.deployment.accounts.connection(ACCOUNT)
    assert connection is not None
    problem = Problem("throttled", "QuickBooks asked for a pause.", "Nothing; it goes on by itself.", Who.NOBODY)
    until = world.clock.now() + timedelta(minutes=1)
    world.deployment.accounts.pause(connection, Pause(problem, until))
    shown = console.get("/connection")
    assert (shown["state"], shown["problems"][0]["code"], shown["problems"][0]["who"]) == (
        "paused",
        "throttled",
        "nobody",
    )
    assert datetime.fromisoformat(shown["paused_until"]) == until
    world.clock.advance_to(until)
    shown = console.get("/connection")
    assert (shown["state"], shown["paused_until"]) == ("connected", None)


def test_a_consent_that_was_taken_back(world: World, console: Console) -> None:
    world.connect()
    world.publish("invoice.created", invoice_detail(1))
    world.run()
    world.emulator.oauth.disconnect("9130001")
    world.publish("invoice.created", invoice_detail(2))
    world.run_for(timedelta(hours=1))
    shown = console.get("/connection")
    assert (shown["state"], shown["paused_until"]) == ("paused", None)
    assert [action["name"] for action in shown["problems"][0]["actions"]] == ["reconnect"]
    assert shown["consent"]["lost_at"] is not None


@pytest.mark.parametrize("scope", ["all", "online", f"account#{ACCOUNT}"])
def test_a_posting_stop_is_told_with_its_reason(world: World, console: Console, scope: str) -> None:
    world.connect()
    world.deployment.accounts.stop_posting(scope, "Investigating a double posting")
    shown = console.get("/connection")
    assert (shown["state"], "Investigating a double posting" in shown["problems"][0]["message"]) == ("paused", True)
    world.deployment.accounts.allow_posting(scope)
    assert console.get("/connection")["state"] != "paused"


def test_an_outage_of_quickbooks_and_what_waits_for_its_end(world: World, console: Console) -> None:
    world.connect()
    world.emulator.faults.add(Fault(kind="status", status=503, times=100))
    for number in range(1, 4):
        world.publish("invoice.created", invoice_detail(number))
    world.run_for(timedelta(minutes=3))
    health = console.get(PATH)
    assert health["outage_until"] is not None
    open_ones = [each for each in health["records"] if each["count"]]
    assert sum(each["count"] for each in open_ones) >= 3
    assert all(each["since"] and each["oldest_id"] for each in open_ones)


def test_what_only_quickbooks_answers_told(world: World, console: Console) -> None:
    world.connect()
    connection = world.deployment.accounts.connection(ACCOUNT)
    assert connection is not None
    world.deployment.accounts.note_finding(connection, Finding.NO_PURCHASE_ORDERS)
    assert console.get(PATH)["findings"] == ["no_purchase_orders"]


def test_the_last_session_of_a_desktop_account(aws_services: None, issuer: Issuer) -> None:
    office = Office()
    office.run()
    clients = SimpleNamespace(dynamodb=office.service.dynamodb, sqs=office.service.sqs)
    push, later = office.service.queues()
    environ = {"TABLE_NAME": office.service.table._name, "PUSH_QUEUE_URL": push, "WAKE_LATER_QUEUE_URL": later}
    deployment = Deployment(environ, clock=office.clock, aws=clients)  # the two it needs
    with console_of(deployment, issuer) as console:
        health = console.get(PATH, account=office.account)
    assert health["last_session"]["problem"] is None
    assert health["last_session"]["company_file"]


# -- the read meter ----------------------------------------------------------------------------------------------------


def test_the_read_meter_by_purpose(world: World, console: Console) -> None:
    budget = world.deployment.read_budget
    before = console.get("/read-meter")
    assert (before["used"], before["alarms"], before["paused_until"]) == (0, [], None)
    for purpose, reads in ((ReadPurpose.USER, 3), (ReadPurpose.POLL, 2), (ReadPurpose.RECOVERY, 1)):
        for _ in range(reads):
            budget.spend(purpose)
    meter = console.get("/read-meter")
    assert meter["used"] == 6
    assert {each["purpose"]: (each["used"], each["share_percent"], each["limit"]) for each in meter["purposes"]} == {
        "recovery": (1, 100, 500_000),
        "user": (3, 80, 400_000),
        "poll": (2, 60, 300_000),
    }
    assert meter["month"] == f"{world.clock.now():%Y-%m}"


def test_the_marks_that_were_reached(world: World, issuer: Issuer) -> None:
    world._environ["READ_ALLOWANCE"] = "10"
    deployment = world.process()
    with console_of(deployment, issuer) as console:
        for used in range(1, 7):
            deployment.read_budget.spend(ReadPurpose.POLL)
            assert console.get("/read-meter")["alarms"] == ([50] if used >= 5 else [])
        with pytest.raises(ReadAllowanceExhausted):
            deployment.read_budget.spend(ReadPurpose.POLL)
        deployment.read_budget.spend(ReadPurpose.USER)
        deployment.read_budget.spend(ReadPurpose.USER)
        assert console.get("/read-meter")["alarms"] == [50, 80]
        for realm in ("1", "2", "3"):
            deployment.read_budget.throttled(realm)
        assert console.get("/read-meter")["paused_until"] is not None

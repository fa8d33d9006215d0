"""Throttling, outages, stops and lost consent hold an account back; afterwards everything goes on, once, unharmed."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from emulators.quickbooks_online import Fault, JournalEntry
from tests.support.books import assert_each_once, standing
from tests.support.boundaries import Boundaries, Mode
from tests.support.events import ACCOUNT, customer, invoice_detail, line
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("aws_services")

REALM = "9130001"
CREATED = invoice_detail(version=1)
TOTAL = Decimal("216.00")


def connected() -> World:
    world = World()
    world.connect(realm=REALM)
    return world


def another_invoice(number: int) -> dict[str, Any]:
    """One for a customer of its own."""
    return invoice_detail(number, owner=customer(number, name=f"Customer {number}"))


def since(world: World, moment: datetime, kind: str = "") -> list[JournalEntry]:
    """The calls to the company after `moment`."""
    entries = [entry for entry in world.emulator.journal if entry.time > moment and entry.kind != "oauth"]
    return [entry for entry in entries if not kind or entry.kind == kind]


def totals(world: World, account: str = ACCOUNT) -> list[Decimal]:
    return [Decimal(str(each["TotalAmt"])) for each in standing(world.companies[account])]


def assert_synced(world: World, *numbers: int, account: str = ACCOUNT) -> None:
    assert_each_once(world.companies[account])
    assert totals(world, account) == [TOTAL] * len(numbers)
    assert {str(world.record("invoice", number, account)["status"]) for number in numbers} == {"synced"}


# -- throttling and outages --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["json", "xml"])
def test_429_pauses_the_account_for_a_minute_and_fails_no_record(shape: Any) -> None:
    world = connected()
    world.emulator.faults.add(Fault(kind="status", status=429, shape=shape, operation="create", entity="Invoice"))
    world.publish("invoice.created", CREATED)
    world.run_for(timedelta(seconds=20))
    (refused,) = [entry for entry in world.emulator.journal if entry.status == 429]
    record = world.record("invoice", 309)
    assert (record["status"], record["problems"]) == ("pending", "[]")
    world.publish("invoice.created", another_invoice(310))
    world.run()
    pause = since(world, refused.time)[0].time - refused.time
    assert timedelta(seconds=60) <= pause <= timedelta(seconds=62)
    assert_synced(world, 309, 310)


def backlog(world: World, *, new_customers: bool) -> range:
    """Forty invoices to push, for customers QuickBooks does not have yet or for one it has."""
    world.publish("invoice.created", CREATED)
    world.run()
    numbers = range(400, 440)
    for number in numbers:
        world.publish("invoice.created", another_invoice(number) if new_customers else invoice_detail(number))
    return numbers


def test_an_outage_of_writes_is_not_hammered_and_costs_nothing() -> None:
    world = connected()
    numbers = backlog(world, new_customers=False)
    world.emulator.faults.add(Fault(kind="status", status=503, method="POST", times=None))
    began = world.clock.now()
    world.run_for(timedelta(hours=1))
    # Three equal answers to each request, a proof, halves of what is left, and pauses that double in between.
    assert 6 <= len(since(world, began, "write")) <= 4 * len(numbers)
    world.emulator.faults.clear()
    world.run()
    assert_synced(world, 309, *numbers)


@pytest.mark.parametrize("new_customers", [True, False])
def test_a_whole_outage_is_not_hammered(new_customers: bool) -> None:
    world = connected()
    numbers = backlog(world, new_customers=new_customers)
    world.emulator.faults.add(Fault(kind="status", status=503, times=None))
    began = world.clock.now()
    world.run_for(timedelta(minutes=20))
    calls_made = len(since(world, began))
    world.emulator.faults.clear()
    world.run()
    assert_synced(world, 309, *numbers)
    assert calls_made <= 40


# -- posting stops -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", ["all", "online", f"account#{ACCOUNT}"])
def test_a_posting_stop_holds_everything_and_nothing_is_lost(scope: str) -> None:
    world = connected()
    world.deployment.accounts.stop_posting(scope, "year-end closing")
    world.publish("invoice.created", CREATED)
    world.run_for(timedelta(hours=1))
    assert [entry for entry in world.emulator.journal if entry.kind == "write"] == []
    assert world.record("invoice", 309)["status"] == "pending"
    world.deployment.accounts.allow_posting(scope)
    world.run_for(timedelta(minutes=6))  # a stopped account looks again every five minutes
    assert_synced(world, 309)


def test_a_stopped_account_costs_no_metered_reads() -> None:
    """Its new customer would be looked up before the write that is stopped, every five minutes."""
    world = connected()
    world.run_for(timedelta(minutes=1))
    reads = sum(entry.reads for entry in world.emulator.journal)
    world.deployment.accounts.stop_posting("all", "year-end closing")
    world.publish("invoice.created", CREATED)
    world.run_for(timedelta(hours=1))
    assert sum(entry.reads for entry in world.emulator.journal) == reads
    world.deployment.accounts.allow_posting("all")
    world.run()
    assert_synced(world, 309)


def test_the_stop_of_one_account_does_not_hold_another() -> None:
    world = connected()
    world.connect("globex", "9130002")
    world.deployment.accounts.stop_posting(f"account#{ACCOUNT}", "audit")
    world.publish("invoice.created", CREATED)
    world.publish("invoice.created", invoice_detail(account="globex"))
    world.run_for(timedelta(minutes=10))
    assert totals(world) == []
    assert_synced(world, 309, account="globex")
    world.deployment.accounts.allow_posting(f"account#{ACCOUNT}")
    world.run()
    assert_synced(world, 309)


def test_a_stop_in_the_middle_of_a_run_lets_no_more_than_the_write_under_way_through() -> None:
    for at in range(len(stopped_at(-1).boundaries.calls)):
        world = stopped_at(at)
        stops = [entry for entry in world.emulator.journal if entry.kind == "write"]
        world.run_for(timedelta(minutes=30))
        writes = [entry for entry in world.emulator.journal if entry.kind == "write"]
        assert len(writes) == len(stops), f"call {at} ({world.boundaries.hit})"
        world.deployment.accounts.allow_posting("all")
        world.run()
        assert_synced(world, 309)


def stopped_at(at: int) -> World:
    """The world after a run of the push in which, at call `at`, posting is stopped; at most one write follows."""
    world = connected()
    world.publish("invoice.created", CREATED)
    world.clock.sleep(11)
    written: list[int] = []

    def stop() -> None:
        written.append(writes())
        world.deployment.accounts.stop_posting("all", "now")

    def writes() -> int:
        return len([entry for entry in world.emulator.journal if entry.kind == "write"])

    world.start(Boundaries(at=at, mode=Mode.MEANWHILE, meanwhile=stop))
    world.push()
    assert all(writes() <= before + 1 for before in written)
    return world


# -- consent and tokens ------------------------------------------------------------------------------------------------


def test_a_consent_taken_back_pauses_the_connection_and_reconnecting_loses_nothing() -> None:
    world = connected()
    world.publish("invoice.created", CREATED)
    world.run()
    world.emulator.oauth.disconnect(REALM)
    taken_back = world.clock.now()
    world.publish("invoice.created", another_invoice(310))
    world.run_for(timedelta(hours=1))
    (health,) = [item for item in world.items(f"acct#{ACCOUNT}") if item["sk"]["S"] == "health"]
    assert "invalid_grant" in health["pause"]["S"]
    assert "pause_until" not in health  # only a new consent ends it
    assert len(since(world, taken_back)) == 1  # one refused token is enough to know
    world.publish("invoice.created", another_invoice(311))
    world.run_for(timedelta(hours=5))
    assert len(since(world, taken_back)) == 1
    assert world.record("invoice", 311)["status"] == "pending"
    world.sign_in(ACCOUNT, REALM)
    world.run()
    assert_synced(world, 309, 310, 311)


def test_a_consent_taken_back_in_the_middle_of_a_write_loses_nothing() -> None:
    world = connected()
    world.emulator.faults.add(Fault(kind="after", operation="create", entity="Invoice"))
    world.publish("invoice.created", CREATED)
    world.run_for(timedelta(seconds=12))
    world.emulator.oauth.disconnect(REALM)
    world.run_for(timedelta(hours=3))
    world.sign_in(ACCOUNT, REALM)
    world.run()
    assert_synced(world, 309)


def test_tokens_are_refreshed_at_50_minutes_so_no_call_is_ever_refused() -> None:
    world = connected()
    for number in range(300, 306):
        world.publish("invoice.created", another_invoice(number))
        world.run_for(timedelta(minutes=49))
    assert [entry.status for entry in world.emulator.journal if entry.status not in (200, 302)] == []
    refreshes = [
        entry
        for entry in world.emulator.journal
        if entry.operation == "token" and entry.body["grant_type"] == "refresh_token"
    ]
    # Pushed at 0, 49, 98 … minutes: every second push meets a token older than 50 minutes.
    assert len(refreshes) >= 2
    assert_synced(world, *range(300, 306))


def test_an_access_token_that_died_early_is_replaced_within_the_call() -> None:
    world = connected()
    world.publish("invoice.created", CREATED)
    world.run()
    world.clock.sleep(60)
    world.emulator.oauth.expire_access_tokens(REALM)
    world.publish(
        "invoice.updated",
        invoice_detail(version=2, lines=[line(1, 3), line(2, 4)], due_date="2026-12-24T00:00:00.000Z"),
    )
    before = world.clock.now() - timedelta(seconds=1)
    world.run()
    assert [entry.status for entry in since(world, before)] == [401, 200]
    assert_synced(world, 309)

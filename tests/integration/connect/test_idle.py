"""Connections that nobody uses are refreshed once a week, so that their consent lives; a dead one is told once."""

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulators.quickbooks_online import Fault
from syncro_quickbooks.online.faults import AccountBlocked
from syncro_quickbooks.online.tokens import ConnectionKey
from syncro_quickbooks.storage.table import Update
from syncro_quickbooks.sync.keys import Keys
from tests.support.events import ACCOUNT
from tests.support.world import World

REALM = "9130001"
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def connected(*others: str) -> World:
    world = World()
    world.connect(realm=REALM)
    for number, account in enumerate(others, start=2):
        world.connect(account, f"913000{number}")
    return world


def looked_after(world: World, duration: timedelta, every: timedelta = DAY) -> int:
    """The schedule's calls for some time, fewer than there are. Returns how many tokens were refreshed."""
    end = world.clock.now() + duration
    refreshed = 0
    while world.clock.now() < end:
        world.clock.advance_to(world.clock.now() + every)
        refreshed += world.deployment.idle_connections.refresh_due(world.clock.now() + timedelta(minutes=4))
    return refreshed


def refreshes(world: World) -> list[Any]:
    calls = [entry for entry in world.emulator.journal if entry.operation == "token"]
    return [entry for entry in calls if entry.body["grant_type"] == "refresh_token"]


def test_a_connection_nobody_uses_outlives_its_100_days_at_one_refresh_a_week() -> None:
    world = connected("globex")
    assert looked_after(world, 6 * DAY) == 0
    assert looked_after(world, 134 * DAY) == 40  # of 20 weeks, for two accounts
    assert len(refreshes(world)) == 40
    consent = world.deployment.tokens.consent(ACCOUNT)
    assert consent is not None
    assert consent.until is not None
    assert consent.until - world.clock.now() > 90 * DAY
    world.clock.advance_to(world.clock.now() + DAY)
    world.sign_in(ACCOUNT, REALM)
    assert looked_after(world, 6 * DAY) == 1  # the other account's


def test_a_token_that_was_refreshed_by_work_is_no_idle_one() -> None:
    world = connected()
    looked_after(world, 6 * DAY)
    world.deployment.tokens.access_token(ConnectionKey(ACCOUNT, REALM))
    assert looked_after(world, 6 * DAY) == 0
    assert looked_after(world, 2 * DAY) == 1


def test_a_disconnected_account_is_left_alone() -> None:
    world = connected()
    world.deployment.connector.disconnect(ACCOUNT, "user-1")
    assert looked_after(world, 30 * DAY) == 0
    assert refreshes(world) == []


def test_a_consent_found_dead_pauses_the_connection_once_and_is_not_asked_about_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = connected("globex")
    said: list[str] = []
    monkeypatch.setattr(world.deployment._log, "warning", lambda message, *_, **__: said.append(message))
    world.emulator.oauth.disconnect(REALM)
    assert looked_after(world, 22 * DAY) == 3  # the other account's; one account's end is nothing to another
    assert said.count("connection_needs_reconnect") == 1
    assert len([entry for entry in refreshes(world) if entry.status == 400]) == 1
    connection = world.deployment.accounts.connection(ACCOUNT)
    assert connection is not None
    pause = world.deployment.accounts.health(connection).pause
    assert pause is not None
    assert (pause.problem.code, pause.until) == ("qbo_invalid_grant", None)


def test_intuit_out_of_reach_is_asked_again_every_hour_until_it_answers() -> None:
    world = connected("globex")
    world.emulator.faults.add(Fault(kind="status", status=503, operation="token", times=None))
    assert looked_after(world, 8 * DAY) == 0
    world.emulator.faults.clear()
    assert looked_after(world, HOUR, HOUR) == 2


def test_an_app_that_intuit_refuses_is_found_out_with_the_first_account() -> None:
    world = connected("globex")
    world.emulator.oauth.client = ("app", "another secret")
    world.clock.advance_to(world.clock.now() + 8 * DAY)
    asked = len(refreshes(world))
    with pytest.raises(AccountBlocked):
        world.deployment.idle_connections.refresh_due(world.clock.now() + HOUR)
    assert len(refreshes(world)) == asked + 1


def test_what_the_deadline_leaves_is_due_the_next_time() -> None:
    world = connected("globex")
    world.clock.advance_to(world.clock.now() + 8 * DAY)
    assert world.deployment.idle_connections.refresh_due(world.clock.now()) == 0
    assert world.deployment.idle_connections.refresh_due(world.clock.now() + HOUR) == 2


def test_a_token_that_cannot_be_opened_does_not_keep_the_others_from_being_refreshed() -> None:
    """Whatever is wrong with one account's item, the others' consents must not die of it; and it is not silent."""
    others = [f"other-{number}" for number in range(5)]
    world = connected(*others)
    not_its_own = world.deployment.table.get(Keys(others[0]).of_account("token"))
    assert not_its_own is not None
    place, sealed = Keys(ACCOUNT).of_account("token"), not_its_own["sealed"]
    world.deployment.table.write(Update(place, "SET #sealed = :other", {":other": sealed}))
    world.clock.advance_to(world.clock.now() + 8 * DAY)
    deployment = world.process()
    with pytest.raises(ClientError, match="InvalidCiphertext"):
        deployment.idle_connections.refresh_due(world.clock.now() + timedelta(minutes=4))
    assert len(refreshes(world)) == len(others)

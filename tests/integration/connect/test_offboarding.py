"""An account that leaves: no sign-in from that moment, no data after the set time, and a way back until then."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError

from syncro_quickbooks.online.faults import Reconnect
from syncro_quickbooks.online.oauth import ConnectRefused
from syncro_quickbooks.online.tokens import ConnectionKey
from syncro_quickbooks.storage.table import ConditionFailed, Key
from syncro_quickbooks.sync.intake import Rejected
from tests.support.boundaries import Boundaries, Crash, Mode
from tests.support.events import ACCOUNT, invoice_detail
from tests.support.world import USER, World

REALM, OTHER_REALM = "9130001", "9130002"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
OTHER = f"{ACCOUNT}-2"
"""Begins with the account's id: a deletion by prefix that forgets where ids end would take it along."""


def two_accounts() -> World:
    """Both with records, links and history; the one that will leave has work in its outbox, too."""
    world = World()
    world.connect(realm=REALM)
    world.connect(OTHER, OTHER_REALM)
    for account in (ACCOUNT, OTHER):
        world.publish("invoice.created", invoice_detail(309, account=account))
    world.run()
    world.publish("invoice.created", invoice_detail(310))
    world.deployment.accounts.stop_posting(f"account#{ACCOUNT}", "leaving")
    return world


def start(world: World) -> None:
    writes = world.deployment.offboarding.starting(ACCOUNT, USER, REALM)
    world.deployment.connector.part(ACCOUNT, writes)


def erase(world: World, minutes: float = 4) -> int:
    return world.deployment.offboarding.erase_due(world.clock.now() + timedelta(minutes=minutes))


def erased(world: World) -> Iterator[int]:
    """The schedule's calls, hour by hour, until the account is gone."""
    for _ in range(100):
        world.clock.advance_to(world.clock.now() + HOUR)
        gone = erase(world)
        yield gone
        if gone:
            return
    raise AssertionError("never gone")


def everything(world: World) -> dict[tuple[str, str], Any]:
    return {(item["pk"]["S"], item["sk"]["S"]): item for item in world.items("")}


def of_account(world: World, account: str) -> set[tuple[str, str]]:
    return {key for key in everything(world) if key[0] == f"acct#{account}" or key[0].startswith(f"acct#{account}#")}


def test_the_sign_in_is_gone_at_once_here_and_at_intuit_and_the_rest_is_kept() -> None:
    world = two_accounts()
    before = of_account(world, ACCOUNT)
    token = world.deployment.tokens.access_token(ConnectionKey(ACCOUNT, REALM))
    start(world)
    assert world.emulator.oauth.realm_of(token.value) is None
    with pytest.raises(Reconnect):
        world.process().tokens.access_token(ConnectionKey(ACCOUNT, REALM))
    leaving = world.deployment.offboarding.of(ACCOUNT)
    assert leaving is not None
    assert leaving.erased_at - world.clock.now() == 30 * DAY
    assert before <= of_account(world, ACCOUNT)
    world.clock.advance_to(leaving.erased_at - timedelta(seconds=1))
    assert erase(world) == 0
    assert before <= of_account(world, ACCOUNT)


def test_a_leaving_account_cannot_be_connected_and_leaves_only_once() -> None:
    world = two_accounts()
    start(world)
    with pytest.raises(ConnectRefused) as refused:
        world.sign_in(ACCOUNT, REALM)
    assert refused.value.problem.code == "offboarding"
    first = world.deployment.offboarding.of(ACCOUNT)
    world.clock.sleep(3600)
    with pytest.raises(ConditionFailed):
        start(world)
    assert world.deployment.offboarding.of(ACCOUNT) == first


def test_called_off_nothing_was_lost_and_connecting_again_goes_on() -> None:
    world = two_accounts()
    start(world)
    world.clock.advance_to(world.clock.now() + 29 * DAY)
    world.publish("invoice.created", invoice_detail(311))
    assert world.deployment.offboarding.call_off(ACCOUNT, USER, REALM)
    assert not world.deployment.offboarding.call_off(ACCOUNT, USER, REALM)
    world.deployment.accounts.allow_posting(f"account#{ACCOUNT}")
    world.clock.advance_to(world.clock.now() + 5 * DAY)
    assert erase(world) == 0
    world.sign_in(ACCOUNT, REALM)
    world.run()
    assert {world.record("invoice", number)["status"] for number in (309, 310, 311)} == {"synced"}
    assert len(world.companies[ACCOUNT].entities("Invoice")) == 3


def test_after_it_nothing_of_the_account_is_left_but_whose_company_it_was() -> None:
    world = two_accounts()
    other = {key: everything(world)[key] for key in of_account(world, OTHER)}
    start(world)
    world.clock.advance_to(world.clock.now() + 30 * DAY)
    assert list(erased(world)) == [0, 1]  # a second look, an hour later, finds nothing
    left = everything(world)
    assert {key: left[key] for key in other} == other
    mentioned = {key: item for key, item in left.items() if f"'{ACCOUNT}'" in str(item) or f"#{ACCOUNT}" in str(item)}
    mentioned = {key: item for key, item in mentioned.items() if key not in other}
    assert set(mentioned) == {(f"realm#{REALM}", "owner")}
    assert set(mentioned[f"realm#{REALM}", "owner"]) == {"pk", "sk", "schema", "account_id", "claimed_at"}
    with pytest.raises(Rejected, match="not known here"):
        world.publish("invoice.created", invoice_detail(312))
    assert of_account(world, ACCOUNT) == set()
    with pytest.raises(ConnectRefused):
        world.sign_in("stranger", REALM)


def test_what_was_being_written_while_the_deletion_went_through_is_deleted_an_hour_later() -> None:
    world = two_accounts()
    late = {"pk": {"S": f"acct#{ACCOUNT}#invoice#999"}, "sk": {"S": "record"}, "status": {"S": "pending"}}
    start(world)
    world.clock.advance_to(world.clock.now() + 30 * DAY)
    assert erase(world) == 0
    world.table.put_item(TableName=world.table_name, Item=late)
    assert erase(world) == 0  # not due before an hour has passed
    assert list(erased(world)) == [0, 1]
    assert of_account(world, ACCOUNT) == set()


def test_there_is_no_way_back_once_the_deletion_has_begun() -> None:
    world = two_accounts()
    start(world)
    world.clock.advance_to(world.clock.now() + 30 * DAY)
    erase(world)
    assert not world.deployment.offboarding.call_off(ACCOUNT, USER, REALM)


@pytest.mark.parametrize("mode", [Mode.BEFORE, Mode.AFTER, Mode.LOST])
def test_a_deletion_that_dies_anywhere_is_finished_by_the_next_run(mode: Mode) -> None:
    world = two_accounts()
    start(world)
    world.clock.advance_to(world.clock.now() + 30 * DAY)
    before = snapshot(world)
    world.start(Boundaries())
    erase(world)
    calls = world.boundaries.calls
    assert len(calls) > 20
    # Each of the first ones; after that the same few come again and again.
    for at in [*range(20), *range(20, len(calls), 7)]:
        again = restored(before)
        again.start(Boundaries(at=at, mode=mode))
        with suppress(Crash, BotoCoreError):
            erase(again)
        assert again.boundaries.hit
        again.boundaries = Boundaries()
        list(erased(again))
        assert of_account(again, ACCOUNT) == set(), f"call {at} ({calls[at]}), {mode}"
        assert len(of_account(again, OTHER)) > 5


def snapshot(world: World) -> tuple[Any, dict[tuple[str, str], Any]]:
    return world.clock.now(), everything(world)


def restored(before: tuple[Any, dict[tuple[str, str], Any]]) -> World:
    """Another world with the same items."""
    now, items = before
    world = World()
    world.clock.advance_to(now)
    for item in items.values():
        world.table.put_item(TableName=world.table_name, Item=item)
    return world


def test_a_large_account_is_deleted_in_pieces_each_run_going_on_where_the_last_one_stopped() -> None:
    world = two_accounts()
    start(world)
    for number in range(3000):
        item = {"pk": {"S": f"acct#{ACCOUNT}#invoice#{number}"}, "sk": {"S": "record"}, "b": {"S": "x" * 2000}}
        world.table.put_item(TableName=world.table_name, Item=item)
    world.clock.advance_to(world.clock.now() + 30 * DAY)
    before = len(of_account(world, ACCOUNT))
    world.start(Boundaries())
    erase(world, minutes=0)  # not even begun
    assert len(of_account(world, ACCOUNT)) == before
    deleted: list[int] = []
    while not deleted or deleted[-1] < before:
        stop_after_a_page(world)
        erase(world)
        world.boundaries = Boundaries()
        deleted.append(before - len(of_account(world, ACCOUNT)) + 1)
        assert len(deleted) < 20
    scans = len(deleted)
    assert scans >= 4  # 6 MB at a megabyte a page
    assert all(deleted[at] < deleted[at + 1] for at in range(len(deleted) - 1)) or deleted[-2:] == [before, before]
    list(erased(world))
    assert of_account(world, ACCOUNT) == set()


def stop_after_a_page(world: World) -> None:
    """The time of the run is up when it has noted its first page."""
    real = world.deployment.offboarding._note

    def note(account_id: str, found: int, after: Key) -> None:
        real(account_id, found, after)
        world.clock.sleep(600)

    world.deployment.offboarding._note = note  # type: ignore[method-assign]  # in its place for this test

"""Connecting is all or nothing, is noted with who did it, and whatever interrupts it is mended by doing it again."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from botocore.exceptions import BotoCoreError

from emulators.quickbooks_online import Fault
from syncro_quickbooks.online.faults import QuickBooksError, Reconnect
from syncro_quickbooks.online.oauth import CompanyConnector, ConnectRefused
from syncro_quickbooks.online.tokens import ConnectionKey
from syncro_quickbooks.sync.audit import Deed
from tests.support.books import assert_each_once
from tests.support.boundaries import Boundaries, Crash, Mode
from tests.support.events import ACCOUNT, invoice_detail
from tests.support.world import USER, World

REALM = "9130001"
MINUTE = timedelta(minutes=1)
KEY = ConnectionKey(ACCOUNT, REALM)


def unconnected(**company: Any) -> World:
    world = World()
    world.companies[ACCOUNT] = world.emulator.add_company(REALM, **{"country": "US", "tax_mode": "manual", **company})
    return world


def connector(world: World) -> CompanyConnector:
    return world.deployment.connector


def brought_back(world: World, realm: str = REALM) -> dict[str, str]:
    """What the browser brings back from Intuit."""
    here = connector(world)
    url = f"{here.authorize_url(here.new_state(ACCOUNT, USER))}&login_hint={realm}"
    answer: requests.Response = world._session().get(url, allow_redirects=False)
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def deeds(world: World) -> list[tuple[Deed, str, str]]:
    return [(entry.deed, entry.user_id, entry.realm_id) for entry in world.deployment.audit.entries(ACCOUNT)]


def works(world: World) -> bool:
    """Whether a new process gets a token that the company accepts."""
    try:
        token = world.process().tokens.access_token(KEY)
    except Reconnect:
        return False
    return world.emulator.oauth.realm_of(token.value) == REALM


def test_connecting_stores_everything_at_once_and_reads_the_preferences() -> None:
    world = unconnected(auto_apply_credit=True)
    world.sign_in(ACCOUNT, REALM)
    connection = world.deployment.accounts.connection(ACCOUNT)
    assert connection is not None
    assert (connection.realm_id, connection.consents, connection.moved) == (REALM, 1, False)
    assert connection.company is not None
    assert connection.company["auto_apply_credit"] is True
    assert works(world)
    assert [message[2:] for message in world.messages] == [("push", ACCOUNT)]
    reads = [entry for entry in world.emulator.journal if entry.kind in {"read", "query"}]
    assert len(reads) == 2  # CompanyInfo, which proves the realm, and Preferences


def test_preferences_that_cannot_be_read_now_are_read_by_the_push() -> None:
    world = unconnected()
    world.emulator.faults.add(Fault(kind="status", status=503, operation="query"))
    world.sign_in(ACCOUNT, REALM)
    assert company(world) is None
    world.publish("invoice.created", invoice_detail(309))
    world.run_for(MINUTE)
    assert company(world) is not None


def company(world: World) -> Any:
    connection = world.deployment.accounts.connection(ACCOUNT)
    assert connection is not None
    return connection.company


def test_who_did_what_is_kept_and_only_added_to() -> None:
    world = unconnected()
    world.emulator.add_company("9130002", country="US", tax_mode="manual")
    world.sign_in(ACCOUNT, REALM)
    world.clock.sleep(1)
    world.sign_in(ACCOUNT, REALM)
    world.clock.sleep(1)
    connector(world).disconnect(ACCOUNT, "user-2")
    world.clock.sleep(1)
    connector(world).disconnect(ACCOUNT, "user-2")  # there was nothing to disconnect
    connector(world).reset(ACCOUNT, "user-3", REALM)
    world.clock.sleep(1)
    world.sign_in(ACCOUNT, "9130002")
    assert deeds(world) == [
        (Deed.CONNECTED, USER, "9130002"),
        (Deed.RESET, "user-3", REALM),
        (Deed.DISCONNECTED, "user-2", REALM),
        (Deed.RECONNECTED, USER, REALM),
        (Deed.CONNECTED, USER, REALM),
    ]
    times = [entry.at for entry in world.deployment.audit.entries(ACCOUNT)]
    assert times == sorted(times, reverse=True)


def all_calls() -> list[str]:
    world = unconnected()
    world.start(Boundaries())
    world.sign_in(ACCOUNT, REALM)
    return world.boundaries.calls


@pytest.mark.parametrize("mode", [Mode.BEFORE, Mode.AFTER, Mode.LOST, Mode.REPEATED])
def test_connecting_that_is_interrupted_anywhere_is_all_or_nothing_and_can_be_done_again(mode: Mode) -> None:
    calls = all_calls()
    assert len(calls) >= 8
    for at, call in enumerate(calls):
        world = unconnected()
        world.start(Boundaries(at=at, mode=mode))
        with suppress(Crash, QuickBooksError, BotoCoreError, requests.RequestException, ConnectRefused):
            world.sign_in(ACCOUNT, REALM)
        world.boundaries = Boundaries()
        connected = world.deployment.accounts.connection(ACCOUNT) is not None
        claimed = bool(world.items(f"realm#{REALM}"))
        noted = [deed for deed, _, _ in deeds(world)]
        where = f"call {at} ({call}), {mode}"
        assert (works(world), claimed, noted) == (connected, connected, [Deed.CONNECTED] * connected), where
        if connected:  # whoever was told of a failure sees that it is connected; the push looks, message or not
            schedule = [item for item in world.items(f"acct#{ACCOUNT}") if item["sk"]["S"] == "schedule"]
            assert schedule, where
        world.sign_in(ACCOUNT, REALM)
        assert works(world), where


def test_the_same_callback_twice_at_the_same_time_connects_once() -> None:
    """The second one comes in between at every call of the first: one of them is refused, the other connects."""
    for at in range(len(all_calls())):
        world = unconnected()
        brought = brought_back(world)
        outcomes: list[str] = []

        def complete(world: World = world, brought: dict[str, str] = brought, into: list[str] = outcomes) -> None:
            try:
                world.process().connector.complete(ACCOUNT, USER, brought["code"], brought["state"], brought["realmId"])
            except ConnectRefused as refused:
                into.append(refused.problem.code)
            else:
                into.append("connected")

        world.start(Boundaries(at=at, mode=Mode.MEANWHILE, meanwhile=complete))
        complete()
        if not world.boundaries.hit:
            break
        assert sorted(outcomes) == ["connected", "state_refused"], f"call {at} ({world.boundaries.hit})"
        assert works(world)
        assert [deed for deed, _, _ in deeds(world)] == [Deed.CONNECTED]
    else:
        raise AssertionError("the last calls were never reached, so nothing says that all of them were tried")


def test_a_company_that_another_account_claims_at_the_same_moment_goes_to_one_of_them() -> None:
    world = unconnected()
    brought = brought_back(world)

    def overtake() -> None:
        world.sign_in("globex", REALM)

    calls = all_calls()
    exchange = next(at for at, call in enumerate(calls) if call.startswith("qbo.POST"))
    transaction = calls.index("dynamodb.transact_write_items")
    of_completing = transaction - exchange + 1  # using up the state comes before the exchange
    world.start(Boundaries(at=of_completing, mode=Mode.MEANWHILE, meanwhile=overtake))
    with pytest.raises(ConnectRefused) as refused:
        connector(world).complete(ACCOUNT, USER, brought["code"], brought["state"], REALM)
    assert world.boundaries.hit == "dynamodb.transact_write_items"
    assert refused.value.problem.code == "company_taken"
    assert world.deployment.accounts.connection(ACCOUNT) is None
    assert not works(world)
    assert deeds(world) == []


# -- a lost consent ----------------------------------------------------------------------------------------------------


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Callable[[World], list[tuple[str, dict[str, Any]]]]:
    """The warnings of a world's deployment from now on."""

    def listen(world: World) -> list[tuple[str, dict[str, Any]]]:
        lines: list[tuple[str, dict[str, Any]]] = []
        log = world.deployment._log

        def warning(message: str, *_: object, extra: dict[str, Any] | None = None, **__: object) -> None:
            lines.append((message, extra or {}))

        monkeypatch.setattr(log, "warning", warning)
        return lines

    return listen


def test_a_lost_consent_is_told_once_and_every_invoice_of_meanwhile_is_posted_once_after_signing_in(said: Any) -> None:
    world = World()
    world.connect(realm=REALM)
    world.publish("invoice.created", invoice_detail(309))
    world.run()
    lines = said(world)
    world.emulator.oauth.disconnect(REALM)
    for number in range(310, 316):
        world.publish("invoice.created", invoice_detail(number))
        world.run_for(MINUTE * 20)
    lost = [extra for message, extra in lines if message == "connection_needs_reconnect"]
    assert lost == [{"account_id": ACCOUNT, "realm_id": REALM, "reason": "qbo_invalid_grant"}]
    connection = world.deployment.accounts.connection(ACCOUNT)
    assert connection is not None
    pause = world.deployment.accounts.health(connection).pause
    assert pause is not None
    assert [action.name for action in pause.problem.actions] == ["reconnect"]
    world.sign_in(ACCOUNT, REALM)
    world.run()
    assert_each_once(world.companies[ACCOUNT])
    assert {world.record("invoice", number)["status"] for number in range(309, 316)} == {"synced"}
    world.emulator.oauth.disconnect(REALM)
    world.publish("invoice.created", invoice_detail(320))
    world.run_for(MINUTE * 120)
    assert len([message for message, _ in lines if message == "connection_needs_reconnect"]) == 2


@pytest.mark.parametrize("grace", [0.0, 3600.0])
def test_dying_between_intuits_rotation_and_the_table_loses_nothing(grace: float) -> None:
    """Within Intuit's grace the old refresh token still works; without one the connection waits for its admin."""
    world = World()
    world.connect(realm=REALM)
    world.emulator.oauth.refresh_grace = grace
    world.clock.sleep(3700)  # the access token has expired
    world.publish("invoice.created", invoice_detail(309))
    world.clock.sleep(11)
    world.start(Boundaries(at=where_the_push_refreshes(), mode=Mode.AFTER))
    world.push()
    assert world.boundaries.hit.startswith("qbo.POST")
    world.start(Boundaries())
    world.run_for(MINUTE * 60)
    assert world.record("invoice", 309)["status"] == ("synced" if grace else "pending")
    world.publish("invoice.created", invoice_detail(310))
    world.run_for(MINUTE * 10)
    if not grace:
        assert len(world.companies[ACCOUNT].entities("Invoice")) == 0
        world.sign_in(ACCOUNT, REALM)
        world.run()
    assert_each_once(world.companies[ACCOUNT])
    assert {world.record("invoice", number)["status"] for number in (309, 310)} == {"synced"}


def where_the_push_refreshes() -> int:
    """Which call of the same push is the refresh; it is the first one that leaves AWS."""
    world = World()
    world.connect(realm=REALM)
    world.clock.sleep(3700)
    world.publish("invoice.created", invoice_detail(309))
    world.clock.sleep(11)
    world.start(Boundaries())
    world.push()
    return next(at for at, call in enumerate(world.boundaries.calls) if call.startswith("qbo."))

"""Tokens are refreshed one at a time, stored before use, and given up only when Intuit refused the stored one."""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event, Lock, Thread, get_ident
from typing import Any, TypeAlias

import pytest
import requests
from botocore.exceptions import ClientError

from syncro_quickbooks.online.faults import AccountBlocked, Reconnect, Throttled, Unavailable
from syncro_quickbooks.online.grants import TokenEndpoint
from syncro_quickbooks.online.token_store import TokenStore
from syncro_quickbooks.online.tokens import ConnectionKey
from syncro_quickbooks.storage.table import Key, Table, Write
from syncro_quickbooks.vault import KmsVault
from tests.integration.online.conftest import HookedClock, Intuit

ACME = ConnectionKey("acme", "9130357")
TOKEN = Key("acct#acme", "token")
NewStore: TypeAlias = Callable[[], TokenStore]
Connect: TypeAlias = Callable[..., None]


def stored(table: Table) -> dict[str, Any]:
    item = table.get(TOKEN)
    assert item is not None
    return item


def test_a_fresh_token_is_used_without_asking_intuit(store: TokenStore, connect: Connect, intuit: Intuit) -> None:
    connect()
    assert store.access_token(ACME).value == "access-1"
    assert intuit.asked == []


def test_a_token_is_refreshed_at_fifty_minutes(
    store: TokenStore, connect: Connect, intuit: Intuit, clock: HookedClock
) -> None:
    connect()
    clock.moment += timedelta(minutes=49, seconds=59)
    assert store.access_token(ACME).value == "access-1"
    clock.moment += timedelta(seconds=1)
    assert store.access_token(ACME).value == "access-2"
    assert intuit.refreshes == 1


def test_the_refreshed_tokens_serve_the_next_worker(
    store: TokenStore, new_store: NewStore, connect: Connect, intuit: Intuit, clock: HookedClock
) -> None:
    connect()
    clock.moment += timedelta(minutes=55)
    store.access_token(ACME)
    assert new_store().access_token(ACME).value == "access-2"
    assert intuit.refreshes == 1


def test_the_refresh_asks_for_the_hard_expiry_and_keeps_it(
    store: TokenStore, connect: Connect, intuit: Intuit, table: Table, clock: HookedClock
) -> None:
    connect()
    clock.moment += timedelta(minutes=55)
    store.access_token(ACME)
    assert intuit.asked[0].headers["x-include-refresh-token-hard-expires-in"] == "true"
    seconds = (stored(table)["consent_ends"] - int(clock.moment.timestamp() * 1000)) / 1000
    assert seconds == 157_680_000


def test_a_refused_token_is_refreshed_once_and_not_again_for_the_late(
    store: TokenStore, new_store: NewStore, connect: Connect, intuit: Intuit
) -> None:
    connect()
    other = new_store()
    refused = store.access_token(ACME)
    assert other.access_token(ACME) == refused
    assert store.refresh(ACME, refused).value == "access-2"
    assert other.refresh(ACME, refused).value == "access-2"
    assert intuit.refreshes == 1


def test_of_two_workers_at_once_one_refreshes_and_the_other_waits_for_it(
    store: TokenStore, new_store: NewStore, connect: Connect, intuit: Intuit, clock: HookedClock
) -> None:
    connect()
    clock.moment += timedelta(minutes=55)
    inside, go_on = Event(), Event()

    def hold() -> None:
        inside.set()
        assert go_on.wait(10)

    intuit.while_refreshing = hold
    seen: list[str] = []
    winner = Thread(target=lambda: seen.append(store.access_token(ACME).value))
    winner.start()
    assert inside.wait(10)

    def let_the_winner_finish() -> None:
        go_on.set()
        winner.join(10)

    clock.on_sleep = let_the_winner_finish
    seen.append(new_store().access_token(ACME).value)
    assert seen == ["access-2", "access-2"]
    assert intuit.refreshes == 1


def test_of_twenty_workers_at_once_one_refreshes_and_the_others_use_its_tokens(  # noqa: PLR0917 - fixtures
    connect: Connect,
    intuit: Intuit,
    clock: HookedClock,
    table: Table,
    vault: KmsVault,
    endpoint: TokenEndpoint,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The winner hangs at Intuit until the other nineteen have all found the lock taken."""
    connect()
    clock.moment += timedelta(minutes=55)
    waiting: set[int] = set()
    seen: list[str] = []
    everybody_waits = Event()

    class Patient:
        def now(self) -> datetime:
            return clock.moment

        def sleep(self, _: float) -> None:
            waiting.add(get_ident())
            if len(waiting) == 19:
                everybody_waits.set()
            time.sleep(0.005)

    monkeypatch.setattr(table, "_client", OneAtATime(table._client))
    log = logging.getLogger("tokens-under-test")
    workers = [
        Thread(target=lambda: seen.append(TokenStore(table, vault, endpoint, Patient(), log).access_token(ACME).value))
        for _ in range(20)
    ]
    intuit.while_refreshing = lambda: everybody_waits.wait(20)
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert everybody_waits.is_set()
    assert seen == ["access-2"] * 20
    assert intuit.refreshes == 1


class OneAtATime:
    """DynamoDB decides about an item one call at a time; moto, called by several threads, does not."""

    def __init__(self, client: object) -> None:
        self._client, self._lock = client, Lock()

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            with self._lock:
                return getattr(self._client, operation)(**arguments)

        return call


def test_the_new_refresh_token_is_in_the_table_before_the_access_token_is_given_out(  # noqa: PLR0917 - fixtures
    store: TokenStore,
    new_store: NewStore,
    connect: Connect,
    intuit: Intuit,
    clock: HookedClock,
    table: Table,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connect()
    clock.moment += timedelta(minutes=55)
    write = table.write

    def write_or_crash(operation: Write) -> None:
        if ":sealed" in getattr(operation, "values", {}):
            raise SystemExit("killed between Intuit's answer and the table")
        write(operation)

    monkeypatch.setattr(table, "write", write_or_crash)
    with pytest.raises(SystemExit):
        store.access_token(ACME)
    assert intuit.refreshes == 1


@pytest.mark.parametrize("lenient", [True, False])
def test_after_a_crash_before_storing_the_old_token_is_tried_once(
    new_store: NewStore, connect: Connect, intuit: Intuit, clock: HookedClock, lenient: bool
) -> None:
    connect()
    clock.moment += timedelta(minutes=55)
    intuit.lenient = lenient
    intuit.drop_answer = True  # Intuit has rotated, nobody has the new token
    assert new_store().access_token(ACME).value == "access-1"  # still good for five minutes
    intuit.drop_answer = False
    clock.moment += timedelta(minutes=5)
    if lenient:
        assert new_store().access_token(ACME).value == "access-3"
        return
    with pytest.raises(Reconnect):
        new_store().access_token(ACME)
    asked = len(intuit.asked)
    with pytest.raises(Reconnect):
        new_store().access_token(ACME)
    assert len(intuit.asked) == asked  # a refused consent is not tried again


def test_a_worker_that_died_with_the_lock_blocks_for_thirty_seconds_only(
    new_store: NewStore, connect: Connect, clock: HookedClock, intuit: Intuit
) -> None:
    connect()
    clock.moment += timedelta(minutes=55)
    dying = new_store()

    def die() -> None:
        raise SystemExit("killed")

    intuit.lenient = True
    intuit.while_refreshing = die
    with pytest.raises(SystemExit):
        dying.access_token(ACME)
    before = clock.moment
    assert new_store().access_token(ACME).value == "access-3"
    assert timedelta(seconds=28) <= clock.moment - before <= timedelta(seconds=31)


def test_invalid_grant_for_a_token_that_was_replaced_meanwhile_uses_the_newer_one(
    store: TokenStore, new_store: NewStore, connect: Connect, intuit: Intuit, clock: HookedClock
) -> None:
    connect()
    clock.moment += timedelta(minutes=55)
    slow, fast = store, new_store()

    def overtake() -> None:  # while the slow worker hangs at Intuit its lock runs out and another one refreshes
        clock.moment += timedelta(seconds=31)
        intuit.good.add("refresh-1")
        assert fast.access_token(ACME).value == "access-3"

    intuit.while_refreshing = overtake
    assert slow.access_token(ACME).value == "access-3"


def test_invalid_grant_while_another_worker_stored_newer_tokens_is_no_reconnect(
    new_store: NewStore, connect: Connect, intuit: Intuit, clock: HookedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect()
    clock.moment += timedelta(minutes=55)
    loser, winner = new_store(), new_store()
    original = intuit.send

    def refuse_late(request: requests.PreparedRequest, **options: Any) -> requests.Response:
        monkeypatch.setattr(intuit, "send", original)
        clock.moment += timedelta(seconds=31)
        assert winner.access_token(ACME).value == "access-2"
        return original(request, **options)  # refresh-1 is used up now: invalid_grant

    monkeypatch.setattr(intuit, "send", refuse_late)
    assert loser.access_token(ACME).value == "access-2"
    assert new_store().access_token(ACME).value == "access-2"


def test_invalid_grant_for_the_stored_token_asks_for_a_reconnect(
    store: TokenStore, connect: Connect, intuit: Intuit, clock: HookedClock
) -> None:
    connect()
    clock.moment += timedelta(minutes=55)
    intuit.good.clear()
    with pytest.raises(Reconnect) as caught:
        store.access_token(ACME)
    assert caught.value.problem.code == "qbo_invalid_grant"


def test_a_new_consent_mends_a_refused_one(
    store: TokenStore, new_store: NewStore, connect: Connect, intuit: Intuit, clock: HookedClock
) -> None:
    connect()
    clock.moment += timedelta(minutes=55)
    intuit.good.clear()
    with pytest.raises(Reconnect):
        store.access_token(ACME)
    connect()
    assert new_store().access_token(ACME).value == "access-2"


@pytest.mark.parametrize("trouble", [500, requests.ReadTimeout("slow"), requests.ConnectionError("gone"), 429])
def test_while_intuit_cannot_be_asked_the_present_token_does(
    store: TokenStore, connect: Connect, intuit: Intuit, clock: HookedClock, trouble: Exception | int
) -> None:
    connect()
    clock.moment += timedelta(minutes=55)
    intuit.broken = trouble
    assert store.access_token(ACME).value == "access-1"
    assert store.access_token(ACME).value == "access-1"
    assert len(intuit.asked) == 1  # not asked again for a minute


@pytest.mark.parametrize(("trouble", "error"), [(500, Unavailable), (429, Throttled), (200, Unavailable)])
def test_with_an_expired_token_and_no_answer_the_call_fails_and_the_consent_stays(  # noqa: PLR0917 - fixtures
    store: TokenStore, connect: Connect, intuit: Intuit, clock: HookedClock, trouble: int, error: type[Exception]
) -> None:
    connect()
    clock.moment += timedelta(minutes=61)
    intuit.broken = trouble
    with pytest.raises(error):
        store.access_token(ACME)
    intuit.broken = None
    assert store.access_token(ACME).value == "access-2"


def test_the_lock_is_released_after_a_failed_refresh(
    store: TokenStore, new_store: NewStore, connect: Connect, intuit: Intuit, clock: HookedClock
) -> None:
    connect()
    clock.moment += timedelta(minutes=61)
    intuit.broken = 503
    with pytest.raises(Unavailable):
        store.access_token(ACME)
    intuit.broken = None
    before = clock.moment
    assert new_store().access_token(ACME).value == "access-2"
    assert clock.moment == before


def test_wrong_app_credentials_pause_the_account_and_do_not_spend_the_consent(
    store: TokenStore, connect: Connect, intuit: Intuit, clock: HookedClock
) -> None:
    connect()
    clock.moment += timedelta(minutes=61)
    intuit.app = b"app:rotated-secret"
    with pytest.raises(AccountBlocked) as caught:
        store.access_token(ACME)
    assert caught.value.problem.code == "intuit_app_refused"
    assert "app-secret" not in str(caught.value)
    intuit.app = b"app:app-secret"
    assert store.access_token(ACME).value == "access-2"


def test_a_401_without_a_word_is_no_statement_about_the_app(
    store: TokenStore, connect: Connect, intuit: Intuit, clock: HookedClock
) -> None:
    connect()
    clock.moment += timedelta(minutes=61)
    intuit.broken = 401
    with pytest.raises(Unavailable):
        store.access_token(ACME)


def test_an_account_without_tokens_has_to_be_connected(store: TokenStore) -> None:
    with pytest.raises(Reconnect) as caught:
        store.access_token(ACME)
    assert caught.value.problem.code == "not_connected"


def test_a_client_of_another_company_gets_no_token(store: TokenStore, connect: Connect) -> None:
    connect()
    store.access_token(ACME)
    with pytest.raises(Reconnect) as caught:
        store.access_token(ConnectionKey("acme", "777"))
    assert caught.value.problem.code == "other_company_connected"


def test_two_accounts_in_one_process_keep_their_own_tokens(store: TokenStore, connect: Connect) -> None:
    other = ConnectionKey("beta", "777")
    connect()
    connect(other)
    for _ in range(2):
        assert store.access_token(ACME).value == "access-1"
        assert store.access_token(other).value == "access-2"
    assert store.refresh(other, store.access_token(other)).value == "access-3"
    assert store.access_token(ACME).value == "access-1"


OWNER = {"account_id": "acme", "realm_id": "9130357"}


def test_sealed_tokens_of_one_account_cannot_be_opened_for_another(vault: KmsVault) -> None:
    sealed = vault.seal(OWNER, b"secret")
    assert vault.open(OWNER, sealed) == b"secret"
    for stranger in (OWNER | {"account_id": "beta"}, OWNER | {"realm_id": "777"}):
        with pytest.raises(ClientError):
            vault.open(stranger, sealed)


@pytest.mark.parametrize("size", [1, 4096, 4097, 9000])
def test_long_tokens_are_sealed_in_parts_that_stay_in_order(vault: KmsVault, size: int) -> None:
    secret = bytes(range(256)) * 40
    sealed = vault.seal(OWNER, secret[:size])
    assert vault.open(OWNER, sealed) == secret[:size]
    if len(sealed) > 1:
        with pytest.raises(ClientError):
            vault.open(OWNER, sealed[::-1])


def test_no_token_is_readable_in_the_table_in_logs_or_in_reprs(
    store: TokenStore, connect: Connect, table: Table, clock: HookedClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "tokens-under-test")
    connect()
    clock.moment += timedelta(minutes=55)
    token = store.access_token(ACME)
    everything = str(stored(table)) + repr(token) + str([record.__dict__ for record in caplog.records])
    for secret in ("access-", "refresh-1", "refresh-2", "app-secret"):
        assert secret not in everything
    assert caplog.records


def test_a_forgotten_account_keeps_no_token_and_a_late_refresh_cannot_bring_it_back(  # noqa: PLR0917 - fixtures
    store: TokenStore, new_store: NewStore, connect: Connect, intuit: Intuit, clock: HookedClock, table: Table
) -> None:
    connect()
    clock.moment += timedelta(minutes=55)
    slow = new_store()

    def forget() -> None:
        assert store.forget("acme") == (ACME, "refresh-1")

    intuit.while_refreshing = forget
    with pytest.raises(Reconnect):
        slow.access_token(ACME)
    assert "sealed" not in stored(table)
    assert store.forget("acme") is None

"""Connecting: only the account that asked, only once, only a company that is its own."""

import logging
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from syncro_quickbooks.online.client import Client
from syncro_quickbooks.online.faults import Reconnect
from syncro_quickbooks.online.grants import SecretCredentials, TokenEndpoint
from syncro_quickbooks.online.oauth import CompanyConnector, ConnectedCompany, ConnectRefused
from syncro_quickbooks.online.rate import RateLimiter
from syncro_quickbooks.online.read_budget import WorkspaceReadBudget
from syncro_quickbooks.online.token_store import TokenStore
from syncro_quickbooks.online.tokens import ConnectionKey, TokenSource
from syncro_quickbooks.storage.table import ConditionFailed, Key, Table
from syncro_quickbooks.sync.accounts import Accounts, Connection
from tests.integration.online.conftest import HookedClock, Intuit, body_of
from tests.support.couriers import AtOnce

REALM = "9130357"
USER = "user-1"
CALLBACK = "https://console.test/oauth/callback"


@pytest.fixture
def connector(  # noqa: PLR0917 - fixtures
    table: Table,
    store: TokenStore,
    accounts: Accounts,
    endpoint: TokenEndpoint,
    clock: HookedClock,
    sessions: Callable[[], requests.Session],
) -> CompanyConnector:
    logger = logging.getLogger("oauth-under-test")

    def client_for(connection: ConnectionKey, tokens: TokenSource) -> Client:
        return Client(
            base_url="https://quickbooks.test",
            account_id=connection.account_id,
            realm_id=connection.realm_id,
            tokens=tokens,
            session_factory=sessions,
            clock=clock,
            reads=WorkspaceReadBudget(table, clock, logger, 1000),
            limiter=RateLimiter(clock),
            couriers=AtOnce(),
            logger=logger,
        )

    return CompanyConnector(
        authorize_url="https://intuit.test/connect/oauth2",
        redirect_uri=CALLBACK,
        credentials=SecretCredentials(lambda: '{"client_id":"app","client_secret":"app-secret"}'),
        endpoint=endpoint,
        tokens=store,
        accounts=accounts,
        table=table,
        clock=clock,
        client_for=client_for,
        log=logger,
    )


def connect(
    connector: CompanyConnector, intuit: Intuit, account: str = "acme", realm: str = REALM, code: str = "code-1"
) -> ConnectedCompany:
    intuit.codes.add(code)
    intuit.code_realm = realm
    return connector.complete(account, USER, code, connector.new_state(account, USER), realm)


def refusal(connector: CompanyConnector, account: str, code: str, state: str, realm: str, *, user: str = USER) -> str:
    with pytest.raises(ConnectRefused) as caught:
        connector.complete(account, user, code, state, realm)
    return caught.value.problem.code


def connection_of(accounts: Accounts) -> Connection:
    connection = accounts.connection("acme")
    assert connection is not None
    return connection


def test_the_browser_is_sent_to_intuit_with_exactly_what_intuit_asks_for(connector: CompanyConnector) -> None:
    state = connector.new_state("acme", USER)
    url = urlsplit(connector.authorize_url(state))
    assert f"{url.scheme}://{url.netloc}{url.path}" == "https://intuit.test/connect/oauth2"
    assert parse_qs(url.query) == {
        "client_id": ["app"],
        "response_type": ["code"],
        "scope": ["com.intuit.quickbooks.accounting"],
        "redirect_uri": [CALLBACK],
        "state": [state],
    }


def test_a_completed_consent_gives_working_tokens(
    connector: CompanyConnector, intuit: Intuit, store: TokenStore
) -> None:
    connected = connect(connector, intuit)
    assert connected.connection == ConnectionKey("acme", REALM)
    assert connected.company_name == "Company 9130357"
    assert store.access_token(connected.connection).value == "access-1"
    assert parse_qs(body_of(intuit.asked[0]).decode())["redirect_uri"] == [CALLBACK]


def test_a_state_works_once(connector: CompanyConnector, intuit: Intuit) -> None:
    state = connector.new_state("acme", USER)
    intuit.codes.update({"code-1", "code-2"})
    connector.complete("acme", USER, "code-1", state, REALM)
    assert refusal(connector, "acme", "code-2", state, REALM) == "state_refused"
    assert "code-2" in intuit.codes  # Intuit was not even asked


def test_a_state_of_another_account_is_refused_and_stays_good_for_its_owner(
    connector: CompanyConnector, intuit: Intuit
) -> None:
    state = connector.new_state("acme", USER)
    intuit.codes.add("code-1")
    assert refusal(connector, "mallory", "code-1", state, REALM) == "state_refused"
    assert connector.complete("acme", USER, "code-1", state, REALM).connection.account_id == "acme"


def test_a_state_of_another_user_of_the_account_is_refused_and_stays_good_for_its_owner(
    connector: CompanyConnector, intuit: Intuit
) -> None:
    state = connector.new_state("acme", USER)
    intuit.codes.add("code-1")
    assert refusal(connector, "acme", "code-1", state, REALM, user="user-2") == "state_refused"
    assert connector.complete("acme", USER, "code-1", state, REALM).connection.account_id == "acme"


def test_a_state_lasts_fifteen_minutes(connector: CompanyConnector, intuit: Intuit, clock: HookedClock) -> None:
    intuit.codes.update({"code-1", "code-2"})
    late, in_time = connector.new_state("acme", USER), connector.new_state("acme", USER)
    clock.moment += timedelta(minutes=14, seconds=59)
    connector.complete("acme", USER, "code-1", in_time, REALM)
    clock.moment += timedelta(seconds=1)
    assert refusal(connector, "acme", "code-2", late, REALM) == "state_refused"


def test_an_invented_state_is_refused(connector: CompanyConnector, intuit: Intuit) -> None:
    intuit.codes.add("code-1")
    assert refusal(connector, "acme", "code-1", "x" * 43, REALM) == "state_refused"


def test_the_state_itself_is_not_in_the_table(connector: CompanyConnector, table: Table) -> None:
    state = connector.new_state("acme", USER)
    items = table._client.scan(TableName=table._name)["Items"]
    assert len(items) == 1
    assert state not in str(items)
    assert int(items[0]["ttl"]["N"]) == int(connector._clock.now().timestamp()) + 900


def test_a_code_intuit_does_not_know_is_refused(connector: CompanyConnector) -> None:
    assert refusal(connector, "acme", "forged", connector.new_state("acme", USER), REALM) == "code_refused"


def test_a_company_of_another_account_is_refused_and_stays_connected_there(
    connector: CompanyConnector, intuit: Intuit, store: TokenStore
) -> None:
    connect(connector, intuit)
    intuit.codes.add("code-2")
    assert refusal(connector, "beta", "code-2", connector.new_state("beta", USER), REALM) == "company_taken"
    assert store.access_token(ConnectionKey("acme", REALM)).value == "access-1"
    with pytest.raises(Reconnect):
        store.access_token(ConnectionKey("beta", REALM))
    assert intuit.revoked == []


def test_a_realm_id_changed_in_the_browser_is_refused_and_claims_nothing(
    connector: CompanyConnector, intuit: Intuit, table: Table
) -> None:
    intuit.codes.add("code-1")
    intuit.code_realm = "666"
    assert (
        refusal(connector, "mallory", "code-1", connector.new_state("mallory", USER), REALM) == "company_not_confirmed"
    )
    assert table.get(Key(f"realm#{REALM}", "owner")) is None
    assert connect(connector, intuit, code="code-2").connection.realm_id == REALM


def test_another_company_needs_a_reset_first(
    connector: CompanyConnector, intuit: Intuit, store: TokenStore, table: Table, accounts: Accounts
) -> None:
    connect(connector, intuit)
    intuit.codes.add("code-2")
    intuit.code_realm = "777"
    assert refusal(connector, "acme", "code-2", connector.new_state("acme", USER), "777") == "other_company"
    assert table.get(Key("realm#777", "owner")) is None
    assert store.access_token(ConnectionKey("acme", REALM)).value == "access-1"
    connector.reset("acme", USER, REALM)
    connect(connector, intuit, realm="777", code="code-3")
    assert store.access_token(ConnectionKey("acme", "777")).value == "access-3"
    connection = connection_of(accounts)
    assert (connection.realm_id, connection.moved, connection.left) == ("777", True, False)


def test_another_company_needs_the_reset_after_a_disconnect_too(connector: CompanyConnector, intuit: Intuit) -> None:
    connect(connector, intuit)
    connector.disconnect("acme", USER)
    intuit.codes.add("code-2")
    intuit.code_realm = "777"
    assert refusal(connector, "acme", "code-2", connector.new_state("acme", USER), "777") == "other_company"


def test_a_reset_names_the_company_it_leaves_and_ends_its_tokens(
    connector: CompanyConnector, intuit: Intuit, store: TokenStore
) -> None:
    connect(connector, intuit)
    with pytest.raises(ConditionFailed):
        connector.reset("acme", USER, "777")
    assert store.access_token(ConnectionKey("acme", REALM)).value == "access-1"
    assert connector.reset("acme", USER, REALM).revoked
    assert intuit.revoked == ["refresh-1"]
    with pytest.raises(Reconnect):
        store.access_token(ConnectionKey("acme", REALM))


def test_after_a_reset_the_same_company_can_be_connected_again_and_is_no_other(
    connector: CompanyConnector, intuit: Intuit, accounts: Accounts
) -> None:
    connect(connector, intuit)
    connector.reset("acme", USER, REALM)
    connect(connector, intuit, code="code-2")
    assert (connection_of(accounts).moved, connection_of(accounts).left) == (False, False)


def test_reconnecting_the_same_company_replaces_the_tokens(
    connector: CompanyConnector, intuit: Intuit, new_store: Callable[[], TokenStore]
) -> None:
    connect(connector, intuit)
    connect(connector, intuit, code="code-2")
    assert new_store().access_token(ConnectionKey("acme", REALM)).value == "access-2"


def test_disconnecting_deletes_the_tokens_and_revokes_the_consent(
    connector: CompanyConnector, intuit: Intuit, store: TokenStore, accounts: Accounts
) -> None:
    connect(connector, intuit)
    assert connector.disconnect("acme", USER).revoked
    assert intuit.revoked == ["refresh-1"]
    with pytest.raises(Reconnect):
        store.access_token(ConnectionKey("acme", REALM))
    assert connection_of(accounts).realm_id == REALM  # what comes in meanwhile is still taken
    assert not connector.disconnect("acme", USER).had_tokens


def test_tokens_are_deleted_even_if_intuit_cannot_be_told_and_the_user_is_told_what_to_do(
    connector: CompanyConnector, intuit: Intuit, store: TokenStore
) -> None:
    connect(connector, intuit)
    intuit.broken = 503
    parted = connector.disconnect("acme", USER)
    assert parted.problem is not None
    assert (parted.had_tokens, parted.revoked, parted.problem.code) == (True, False, "consent_not_revoked")
    with pytest.raises(Reconnect):
        store.access_token(ConnectionKey("acme", REALM))


@pytest.mark.parametrize("text", ["[]", "{}", '{"client_id":"app"}', '{"client_id":1,"client_secret":2}', "app-secret"])
def test_a_secret_of_another_form_is_named_without_being_shown(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as caught:
        SecretCredentials(lambda: text).credentials()
    assert "app-secret" not in str(caught.value)


def test_the_secret_is_read_once_and_only_when_needed() -> None:
    reads = []

    def read() -> str:
        reads.append(1)
        return '{"client_id":"app","client_secret":"app-secret"}'

    provider = SecretCredentials(read)
    assert reads == []
    assert "app-secret" not in repr(provider.credentials())
    provider.credentials()
    assert reads == [1]

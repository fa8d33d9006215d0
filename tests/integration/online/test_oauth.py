"""Connecting: only the account that asked, only once, only a company that is its own."""

import logging
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from syncro_quickbooks.online.client import Client
from syncro_quickbooks.online.faults import Reconnect, Unavailable
from syncro_quickbooks.online.grants import SecretCredentials
from syncro_quickbooks.online.oauth import CompanyConnector, ConnectRefused
from syncro_quickbooks.online.rate import RateLimiter
from syncro_quickbooks.online.read_budget import WorkspaceReadBudget
from syncro_quickbooks.online.tokens import ConnectionKey
from syncro_quickbooks.storage.table import Key

REALM = "9130357"
CALLBACK = "https://console.test/oauth/callback"


@pytest.fixture
def connector(table, store, endpoint, clock, sessions):
    logger = logging.getLogger("oauth-under-test")

    def client_for(connection, tokens):
        return Client(
            base_url="https://quickbooks.test",
            account_id=connection.account_id,
            realm_id=connection.realm_id,
            tokens=tokens,
            session_factory=sessions,
            clock=clock,
            reads=WorkspaceReadBudget(table, clock, logger, 1000),
            limiter=RateLimiter(clock),
            logger=logger,
        )

    return CompanyConnector(
        authorize_url="https://intuit.test/connect/oauth2",
        redirect_uri=CALLBACK,
        credentials=SecretCredentials(lambda: '{"client_id":"app","client_secret":"app-secret"}'),
        endpoint=endpoint,
        tokens=store,
        table=table,
        clock=clock,
        client_for=client_for,
    )


def connect(connector, intuit, account="acme", realm=REALM, code="code-1", **options):
    intuit.codes.add(code)
    intuit.code_realm = realm
    return connector.complete(account, code, connector.new_state(account), realm, **options)


def refusal(connector, *arguments, **options):
    with pytest.raises(ConnectRefused) as caught:
        connector.complete(*arguments, **options)
    return caught.value.problem.code


def test_the_browser_is_sent_to_intuit_with_exactly_what_intuit_asks_for(connector):
    state = connector.new_state("acme")
    url = urlsplit(connector.authorize_url(state))
    assert f"{url.scheme}://{url.netloc}{url.path}" == "https://intuit.test/connect/oauth2"
    assert parse_qs(url.query) == {
        "client_id": ["app"],
        "response_type": ["code"],
        "scope": ["com.intuit.quickbooks.accounting"],
        "redirect_uri": [CALLBACK],
        "state": [state],
    }


def test_a_completed_consent_gives_working_tokens(connector, intuit, store):
    connected = connect(connector, intuit)
    assert connected.connection == ConnectionKey("acme", REALM)
    assert connected.company_name == "Company 9130357"
    assert store.access_token(connected.connection).value == "access-1"
    assert parse_qs(intuit.asked[0].body.decode())["redirect_uri"] == [CALLBACK]


def test_a_state_works_once(connector, intuit):
    state = connector.new_state("acme")
    intuit.codes.update({"code-1", "code-2"})
    connector.complete("acme", "code-1", state, REALM)
    assert refusal(connector, "acme", "code-2", state, REALM) == "state_refused"
    assert "code-2" in intuit.codes  # Intuit was not even asked


def test_a_state_of_another_account_is_refused_and_stays_good_for_its_owner(connector, intuit):
    state = connector.new_state("acme")
    intuit.codes.add("code-1")
    assert refusal(connector, "mallory", "code-1", state, REALM) == "state_refused"
    assert connector.complete("acme", "code-1", state, REALM).connection.account_id == "acme"


def test_a_state_lasts_fifteen_minutes(connector, intuit, clock):
    intuit.codes.update({"code-1", "code-2"})
    late, in_time = connector.new_state("acme"), connector.new_state("acme")
    clock.moment += timedelta(minutes=14, seconds=59)
    connector.complete("acme", "code-1", in_time, REALM)
    clock.moment += timedelta(seconds=1)
    assert refusal(connector, "acme", "code-2", late, REALM) == "state_refused"


def test_an_invented_state_is_refused(connector, intuit):
    intuit.codes.add("code-1")
    assert refusal(connector, "acme", "code-1", "x" * 43, REALM) == "state_refused"


def test_the_state_itself_is_not_in_the_table(connector, table):
    state = connector.new_state("acme")
    items = table._client.scan(TableName=table._name)["Items"]
    assert len(items) == 1
    assert state not in str(items)
    assert int(items[0]["ttl"]["N"]) == int(connector._clock.now().timestamp()) + 900


def test_a_code_intuit_does_not_know_is_refused(connector):
    assert refusal(connector, "acme", "forged", connector.new_state("acme"), REALM) == "code_refused"


def test_a_company_of_another_account_is_refused_and_stays_connected_there(connector, intuit, store):
    connect(connector, intuit)
    intuit.codes.add("code-2")
    assert refusal(connector, "beta", "code-2", connector.new_state("beta"), REALM) == "company_taken"
    assert store.access_token(ConnectionKey("acme", REALM)).value == "access-1"
    with pytest.raises(Reconnect):
        store.access_token(ConnectionKey("beta", REALM))
    assert intuit.revoked == []


def test_a_realm_id_changed_in_the_browser_is_refused_and_claims_nothing(connector, intuit, table):
    intuit.codes.add("code-1")
    intuit.code_realm = "666"
    assert refusal(connector, "mallory", "code-1", connector.new_state("mallory"), REALM) == "company_not_confirmed"
    assert table.get(Key(f"realm#{REALM}", "owner")) is None
    assert connect(connector, intuit, code="code-2").connection.realm_id == REALM


def test_another_company_needs_an_explicit_choice(connector, intuit, store, table):
    connect(connector, intuit)
    intuit.codes.add("code-2")
    intuit.code_realm = "777"
    assert refusal(connector, "acme", "code-2", connector.new_state("acme"), "777") == "other_company"
    assert table.get(Key("realm#777", "owner")) is None
    assert store.access_token(ConnectionKey("acme", REALM)).value == "access-1"
    connect(connector, intuit, realm="777", code="code-3", replace_company=True)
    assert store.access_token(ConnectionKey("acme", "777")).value == "access-3"


def test_another_company_needs_the_choice_after_a_disconnect_too(connector, intuit):
    connect(connector, intuit)
    connector.disconnect("acme")
    intuit.codes.add("code-2")
    intuit.code_realm = "777"
    assert refusal(connector, "acme", "code-2", connector.new_state("acme"), "777") == "other_company"


def test_reconnecting_the_same_company_replaces_the_tokens(connector, intuit, new_store):
    connect(connector, intuit)
    connect(connector, intuit, code="code-2")
    assert new_store().access_token(ConnectionKey("acme", REALM)).value == "access-2"


def test_disconnecting_deletes_the_tokens_and_revokes_the_consent(connector, intuit, store):
    connect(connector, intuit)
    assert connector.disconnect("acme")
    assert intuit.revoked == ["refresh-1"]
    with pytest.raises(Reconnect):
        store.access_token(ConnectionKey("acme", REALM))
    assert not connector.disconnect("acme")


def test_tokens_are_deleted_even_if_intuit_cannot_be_told(connector, intuit, store):
    connect(connector, intuit)
    intuit.broken = 503
    with pytest.raises(Unavailable):
        connector.disconnect("acme")
    with pytest.raises(Reconnect):
        store.access_token(ConnectionKey("acme", REALM))


@pytest.mark.parametrize("text", ["[]", "{}", '{"client_id":"app"}', '{"client_id":1,"client_secret":2}', "app-secret"])
def test_a_secret_of_another_form_is_named_without_being_shown(text):
    with pytest.raises(ValueError, match=r"\w") as caught:
        SecretCredentials(lambda: text).credentials()
    assert "app-secret" not in str(caught.value)


def test_the_secret_is_read_once_and_only_when_needed():
    reads = []
    provider = SecretCredentials(lambda: reads.append(1) or '{"client_id":"app","client_secret":"app-secret"}')
    assert reads == []
    assert "app-secret" not in repr(provider.credentials())
    provider.credentials()
    assert reads == [1]

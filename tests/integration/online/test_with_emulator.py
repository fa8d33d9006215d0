"""Client, tokens and consent against the emulator, over real HTTP."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from emulators.quickbooks_online import Emulator, Fault, serve
from emulators.quickbooks_online.faults import Kind, Shape
from syncro_quickbooks.online.client import (
    Client,
    Done,
    FrozenRequest,
    MemberOutcome,
    Refused,
    Unclear,
    batch_request,
    quote,
    single_request,
)
from syncro_quickbooks.online.faults import Reconnect, Throttled, Unavailable
from syncro_quickbooks.online.grants import SecretCredentials, TokenEndpoint
from syncro_quickbooks.online.http import new_session
from syncro_quickbooks.online.oauth import CompanyConnector, ConnectedCompany, ConnectRefused
from syncro_quickbooks.online.rate import RateLimiter
from syncro_quickbooks.online.read_budget import ReadPurpose, WorkspaceReadBudget
from syncro_quickbooks.online.token_store import TokenStore
from syncro_quickbooks.online.tokens import ConnectionKey, TokenSource
from syncro_quickbooks.storage.table import Table
from syncro_quickbooks.sync.model import Operation
from syncro_quickbooks.vault import KmsVault
from tests.integration.online.conftest import HookedClock, accounts_of

REALM = "9130357"
CREATE, UPDATE, VOID, DELETE = Operation.CREATE, Operation.UPDATE, Operation.VOID, Operation.DELETE
LOGGER = logging.getLogger("with-emulator")


class Setup:
    """The emulator with one company, and an account that connected to it in a browser."""

    def __init__(self, url: str, emu: Emulator, table: Table, vault: KmsVault, clock: HookedClock) -> None:
        self.emu, self.clock, self._table, self._url = emu, clock, table, url
        credentials = SecretCredentials(lambda: '{"client_id":"app","client_secret":"app-secret"}')
        endpoint = TokenEndpoint(
            token_url=f"{url}/oauth2/v1/tokens/bearer",
            revoke_url=f"{url}/v2/oauth2/tokens/revoke",
            credentials=credentials,
            session_factory=new_session,
            logger=LOGGER,
        )
        self.tokens = TokenStore(table, vault, endpoint, clock, LOGGER)
        self.connector = CompanyConnector(
            authorize_url=f"{url}/connect/oauth2",
            redirect_uri="https://console.test/callback",
            credentials=credentials,
            endpoint=endpoint,
            tokens=self.tokens,
            accounts=accounts_of(table, clock),
            table=table,
            clock=clock,
            client_for=self.client_for,
            log=LOGGER,
        )
        self.connection = self.connect("acme").connection
        self.client = self.client_for(self.connection, self.tokens)

    def client_for(self, connection: ConnectionKey, tokens: TokenSource) -> Client:
        return Client(
            base_url=self._url,
            account_id=connection.account_id,
            realm_id=connection.realm_id,
            tokens=tokens,
            session_factory=new_session,
            clock=self.clock,
            reads=WorkspaceReadBudget(self._table, self.clock, LOGGER, 1000),
            limiter=RateLimiter(self.clock),
            couriers=ThreadPoolExecutor(1),
            logger=LOGGER,
        )

    def connect(self, account: str) -> ConnectedCompany:
        url = self.connector.authorize_url(self.connector.new_state(account, "user-1"))
        back = requests.get(url, allow_redirects=False, timeout=5).headers["Location"]
        brought = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
        return self.connector.complete(account, "user-1", brought["code"], brought["state"], brought["realmId"])

    def send(self, request: FrozenRequest, bids: Sequence[str] = ("1",)) -> Mapping[str, MemberOutcome]:
        return self.client.send(request, bids, deadline=self.clock.now() + timedelta(minutes=10))

    def done(self, request: FrozenRequest) -> dict[str, Any]:
        outcome = self.send(request)["1"]
        assert isinstance(outcome, Done), outcome
        return outcome.object

    def create(self, entity: str, body: dict[str, Any], request_id: str) -> dict[str, Any]:
        return self.done(single_request(entity, CREATE, body, request_id))

    def company_info(self) -> dict[str, Any]:
        info = self.client.read("CompanyInfo", REALM, ReadPurpose.USER)
        assert info is not None
        return info


@pytest.fixture
def setup(table: Table, vault: KmsVault, clock: HookedClock) -> Iterator[Setup]:
    emu = Emulator(clock=clock.now)
    emu.oauth.client = ("app", "app-secret")
    emu.add_company(REALM, name="Amy's Birds")
    with serve(emu) as url:
        yield Setup(url, emu, table, vault, clock)


def customer(name: str) -> dict[str, Any]:
    return {"DisplayName": name}


def invoice(setup: Setup, number: str = "1001") -> dict[str, Any]:
    bird = setup.create("Customer", customer(f"Customer of {number}"), f"customer-{number}")
    (item,) = setup.client.query("SELECT * FROM Item WHERE Type = 'Service' MAXRESULTS 1", "Item", ReadPurpose.USER)
    line = {
        "Amount": Decimal("20.10"),
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {
            "ItemRef": {"value": item["Id"]},
            "Qty": Decimal("3"),
            "UnitPrice": Decimal("6.70"),
            "TaxCodeRef": {"value": "NON"},
        },
    }
    return {"CustomerRef": {"value": bird["Id"]}, "DocNumber": number, "Line": [line]}


def test_consent_gives_tokens_for_the_company_it_was_given_for(setup: Setup) -> None:
    assert setup.company_info()["CompanyName"] == "Amy's Birds"


def test_another_account_cannot_connect_the_same_company(setup: Setup) -> None:
    with pytest.raises(ConnectRefused) as caught:
        setup.connect("beta")
    assert caught.value.problem.code == "company_taken"
    assert setup.company_info()


def test_an_invoice_is_made_changed_voided_and_deleted(setup: Setup) -> None:
    made = setup.create("Invoice", invoice(setup), "i-1")
    assert made["TotalAmt"] == Decimal("20.10")
    change = {"Id": made["Id"], "SyncToken": made["SyncToken"], "sparse": True, "PrivateNote": "syncro:invoice:1:1"}
    changed = setup.done(single_request("Invoice", UPDATE, change, "i-2"))
    assert (changed["PrivateNote"], changed["TotalAmt"]) == ("syncro:invoice:1:1", Decimal("20.10"))
    stale = setup.send(single_request("Invoice", UPDATE, {**change, "PrivateNote": "late"}, "i-3"))["1"]
    assert isinstance(stale, Refused)
    assert stale.faults[0].code == "5010"
    voided = setup.done(single_request("Invoice", VOID, changed, "i-4"))
    assert voided["TotalAmt"] == 0
    assert setup.done(single_request("Invoice", DELETE, voided, "i-5"))["status"] == "Deleted"
    assert setup.client.read("Invoice", made["Id"], ReadPurpose.USER) is None


@pytest.mark.parametrize("kind", ["after", "truncate"])
def test_a_lost_answer_is_unavailable_and_the_same_bytes_bring_it_back_without_a_second_invoice(
    setup: Setup, kind: Kind
) -> None:
    request = single_request("Invoice", CREATE, invoice(setup), "i-1")
    setup.emu.faults.add(Fault(kind=kind, operation="create", entity="Invoice"))
    with pytest.raises(Unavailable):
        setup.send(request)
    assert isinstance(setup.send(request)["1"], Done)
    assert len(setup.emu.companies[REALM].entities("Invoice")) == 1


def test_a_batch_settles_member_by_member(setup: Setup) -> None:
    setup.create("Customer", customer("Taken"), "c-1")
    request = batch_request(
        [
            ("1", "Customer", CREATE, customer("Free")),
            ("2", "Customer", CREATE, customer("Taken")),
            ("3", "Customer", CREATE, customer("Left out")),
        ],
        "b-1",
    )
    setup.emu.faults.add(Fault(kind="omit", bid="3"))
    outcomes = setup.send(request, ("1", "2", "3"))
    assert isinstance(outcomes["1"], Done)
    assert isinstance(outcomes["2"], Refused)
    assert outcomes["2"].faults[0].code == "6240"
    assert isinstance(outcomes["3"], Unclear)


@pytest.mark.parametrize("name", ["Amy's Bird Sanctuary", "A&B + C", "50% off", "back\\slash", "Café"])
def test_a_name_is_found_whatever_its_characters(setup: Setup, name: str) -> None:
    setup.create("Customer", customer("Somebody else"), "c-1")
    made = setup.create("Customer", customer(name), "c-2")
    found = setup.client.query(
        f"SELECT * FROM Customer WHERE DisplayName = {quote(name)} AND Active IN (true,false)",  # noqa: S608 - no SQL
        "Customer",
        ReadPurpose.USER,
    )
    assert [row["Id"] for row in found] == [made["Id"]]


def test_all_rows_are_read_over_several_pages(setup: Setup) -> None:
    company = setup.emu.companies[REALM]
    for number in range(1005):
        company.create_by_hand("Customer", customer(f"Customer {number}"))
    rows = setup.client.query_all("Customer", "", ReadPurpose.POLL)
    assert len({row["Id"] for row in rows}) == len(rows) == 1005
    assert setup.client.count("Customer", "", ReadPurpose.POLL) == 1005


def test_an_expired_token_is_refreshed_within_the_call(setup: Setup) -> None:
    setup.emu.oauth.expire_access_tokens(REALM)
    assert setup.create("Customer", customer("Amy"), "c-1")["DisplayName"] == "Amy"
    assert [entry.status for entry in setup.emu.journal if entry.path.endswith("/customer")] == [401, 200]


def test_a_disconnected_app_asks_for_a_reconnect(setup: Setup) -> None:
    setup.emu.oauth.disconnect(REALM)
    with pytest.raises(Reconnect):
        setup.client.query("SELECT * FROM Customer", "Customer", ReadPurpose.USER)


@pytest.mark.parametrize("shape", ["json", "xml"])
def test_throttling_is_told_in_both_shapes(setup: Setup, shape: Shape) -> None:
    setup.emu.faults.add(Fault(kind="status", status=429, shape=shape))
    with pytest.raises(Throttled):
        setup.client.query("SELECT * FROM Customer", "Customer", ReadPurpose.USER)


def test_at_full_speed_the_limits_are_kept(setup: Setup) -> None:
    setup.emu.enforce_limits = True
    for number in range(60):
        setup.create("Customer", customer(f"Customer {number}"), f"c-{number}")
    assert 429 not in {entry.status for entry in setup.emu.journal}


def test_after_a_disconnect_the_consent_is_gone_at_intuit_too(setup: Setup) -> None:
    setup.connector.disconnect("acme", "user-1")
    with pytest.raises(Reconnect):
        setup.client.query("SELECT * FROM Customer", "Customer", ReadPurpose.USER)
    assert [entry.status for entry in setup.emu.journal if entry.path.endswith("/revoke")] == [200]

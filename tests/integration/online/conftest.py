"""Table and key of moto, and an Intuit token server that rotates refresh tokens like the real one."""

import json
import logging
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import boto3
import pytest
import requests
from moto import mock_aws
from requests.adapters import BaseAdapter

from syncro_quickbooks.online.grants import Grant, SecretCredentials, TokenEndpoint
from syncro_quickbooks.online.token_store import TokenStore
from syncro_quickbooks.online.tokens import ConnectionKey
from syncro_quickbooks.storage.table import Table
from syncro_quickbooks.sync.accounts import Accounts
from syncro_quickbooks.sync.wake import Wakes
from syncro_quickbooks.vault import KmsVault

START = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
ACME = ConnectionKey("acme", "9130357")


@dataclass
class HookedClock:
    """Time that passes when somebody sleeps; `on_sleep` lets a test act while a worker waits."""

    moment: datetime = START
    on_sleep: Callable[[], None] | None = None

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        if self.on_sleep is not None:
            self.on_sleep()


@dataclass
class Intuit(BaseAdapter):
    """Knows which refresh tokens are good. Each refresh makes a new one; the one before stays good if `lenient`."""

    good: set[str] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)
    realm_of_token: dict[str, str] = field(default_factory=dict)
    code_realm: str = ACME.realm_id
    preferences: dict[str, object] = field(default_factory=dict)
    app: bytes = b"app:app-secret"
    lenient: bool = False
    refreshes: int = 0
    made: int = 0
    revoked: list[str] = field(default_factory=list)
    asked: list[requests.PreparedRequest] = field(default_factory=list)
    while_refreshing: Callable[[], object] | None = None
    broken: Exception | int | None = None
    drop_answer: bool = False

    def make(self) -> dict[str, object]:
        self.made += 1
        access, refresh = f"access-{self.made}", f"refresh-{self.made}"
        self.good.add(refresh)
        self.realm_of_token[access] = self.code_realm
        return {
            "token_type": "bearer",
            "access_token": access,
            "refresh_token": refresh,
            "expires_in": 3600,
            "x_refresh_token_expires_in": 8726400,
            "x_refresh_token_hard_expires_in": 157680000,
        }

    def send(self, request: requests.PreparedRequest, *_args: Any, **_options: Any) -> requests.Response:
        self.asked.append(request)
        if isinstance(self.broken, Exception):
            raise self.broken
        if isinstance(self.broken, int):
            return _answer(request, self.broken, {})
        url = str(request.url)
        if "/company/" in url:
            return self._company(request)
        if b64decode(request.headers["Authorization"].removeprefix("Basic ")) != self.app:
            return _answer(request, 401, {"error": "invalid_client"})
        if url.endswith("/revoke"):
            self.revoked.append(json.loads(body_of(request))["token"])
            return _answer(request, 200, {})
        status, body = self._token(parse_qs(body_of(request).decode()))
        if self.drop_answer:
            raise requests.ConnectionError("answer lost")
        return _answer(request, status, body)

    def _token(self, form: dict[str, list[str]]) -> tuple[int, dict[str, object]]:
        if form["grant_type"] == ["authorization_code"]:
            if form["code"][0] not in self.codes:
                return 400, {"error": "invalid_grant"}
            self.codes.remove(form["code"][0])
            return 200, self.make()
        (token,) = form["refresh_token"]
        if token not in self.good:
            return 400, {"error": "invalid_grant", "error_description": "Incorrect or invalid refresh token"}
        self.refreshes += 1
        if not self.lenient:
            self.good.discard(token)
        body = self.make()
        if self.while_refreshing is not None:
            hook, self.while_refreshing = self.while_refreshing, None
            hook()
        return 200, body

    def _company(self, request: requests.PreparedRequest) -> requests.Response:
        realm = str(request.url).split("/company/")[1].split("/")[0]
        token = request.headers["Authorization"].removeprefix("Bearer ")
        if self.realm_of_token.get(token) != realm:
            error = {
                "message": "message=ApplicationAuthorizationFailed; errorCode=003100",
                "code": "3100",
            }
            return _answer(request, 403, {"fault": {"error": [error], "type": "AUTHORIZATION"}})
        if "/query" in str(request.url):
            return _answer(request, 200, {"QueryResponse": {"Preferences": [{"Id": "1", **self.preferences}]}})
        info = {"Id": "1", "CompanyName": f"Company {realm}", "Country": "US"}
        return _answer(request, 200, {"CompanyInfo": info})

    def close(self) -> None:
        return None


def body_of(request: requests.PreparedRequest) -> bytes:
    assert isinstance(request.body, bytes)
    return request.body


def _answer(request: requests.PreparedRequest, status: int, body: dict[str, object]) -> requests.Response:
    response = requests.Response()
    response.status_code, response.url, response.request = status, str(request.url), request
    response._content = json.dumps(body).encode() if body or status < 300 else b""
    response.headers["Content-Type"] = "application/json"
    return response


@pytest.fixture
def clock() -> HookedClock:
    return HookedClock()


@pytest.fixture
def intuit() -> Intuit:
    return Intuit()


@pytest.fixture
def sessions(intuit: Intuit) -> Callable[[], requests.Session]:
    def make() -> requests.Session:
        session = requests.Session()
        session.mount("https://", intuit)
        return session

    return make


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield


@pytest.fixture
def table(aws: None) -> Table:
    client = boto3.client("dynamodb")
    name = f"sync-{uuid4().hex}"  # within another moto the last test's table would still be there
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return Table(client, name)


class Messages:
    """SQS, as far as whoever connects uses it: the bodies that were sent."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def send_message(self, **message: str) -> None:
        self.sent.append(message["MessageBody"])


def accounts_of(table: Table, clock: HookedClock) -> Accounts:
    """The accounts in `table`, whose wake-ups nobody receives."""
    return Accounts(table, clock, Wakes(table, Messages(), clock, "push.fifo", "later"))  # type: ignore[arg-type]  # a stand-in


@pytest.fixture
def accounts(table: Table, clock: HookedClock) -> Accounts:
    return accounts_of(table, clock)


@pytest.fixture
def vault(aws: None) -> KmsVault:
    kms = boto3.client("kms")
    return KmsVault(lambda: kms, kms.create_key()["KeyMetadata"]["KeyId"])


@pytest.fixture
def endpoint(sessions: Callable[[], requests.Session]) -> TokenEndpoint:
    return TokenEndpoint(
        token_url="https://intuit.test/oauth2/v1/tokens/bearer",
        revoke_url="https://intuit.test/v2/oauth2/tokens/revoke",
        credentials=SecretCredentials(lambda: '{"client_id":"app","client_secret":"app-secret"}'),
        session_factory=sessions,
        logger=logging.getLogger("tokens-under-test"),
    )


@pytest.fixture
def new_store(table: Table, vault: KmsVault, endpoint: TokenEndpoint, clock: HookedClock) -> Callable[[], TokenStore]:
    """Makes the store of one more worker over the same table."""
    return lambda: TokenStore(table, vault, endpoint, clock, logging.getLogger("tokens-under-test"))


@pytest.fixture
def store(new_store: Callable[[], TokenStore]) -> TokenStore:
    return new_store()


@pytest.fixture
def connect(table: Table, store: TokenStore, intuit: Intuit) -> Callable[..., None]:
    """Stores the tokens of a fresh consent."""

    def connected(connection: ConnectionKey = ACME) -> None:
        body = intuit.make()
        grant = Grant(str(body["access_token"]), str(body["refresh_token"]), timedelta(hours=1))
        table.write(store.storing(connection, grant))

    return connected

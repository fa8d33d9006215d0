"""A scripted Intuit: a requests adapter that plays given answers and remembers what it was asked."""

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter

from syncro_quickbooks.online.client import Client
from syncro_quickbooks.online.faults import ReadAllowanceExhausted, Reconnect
from syncro_quickbooks.online.rate import RateLimiter
from syncro_quickbooks.online.read_budget import ReadPurpose
from syncro_quickbooks.online.tokens import AccessToken, ConnectionKey
from syncro_quickbooks.sync.model import Problem
from tests.support.couriers import AtOnce

LOGGER = logging.getLogger("client-under-test")
START = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)


@dataclass
class ManualClock:
    """Time that passes only when somebody sleeps or the test says so."""

    moment: datetime = START

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass
class Script(BaseAdapter):
    """Answers in order; an exception among them is raised. A callable decides by the request."""

    answers: list[tuple[int, bytes, dict[str, str]] | Exception] = field(default_factory=list)
    asked: list[requests.PreparedRequest] = field(default_factory=list)
    timeouts: list[object] = field(default_factory=list)

    def play(self, status: int, body: bytes | str, content_type: str = "application/json", **headers: str) -> None:
        raw = body.encode() if isinstance(body, str) else body
        self.answers.append((status, raw, {"Content-Type": content_type, **headers}))

    def fail(self, error: Exception) -> None:
        self.answers.append(error)

    def send(self, request: requests.PreparedRequest, *_args: Any, **options: Any) -> requests.Response:
        self.asked.append(request)
        self.timeouts.append(options["timeout"])
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, body, headers = answer
        response = requests.Response()
        response.status_code, response.url, response.request = status, str(request.url), request
        response._content = body
        response.headers.update(headers)
        return response

    def close(self) -> None:
        return None


@dataclass
class Tokens:
    """Hands out "first", and "second" after a refresh; `dead` makes the refresh fail."""

    dead: bool = False
    refreshes: int = 0

    def access_token(self, connection: ConnectionKey) -> AccessToken:
        return AccessToken(connection, "first-secret", 1)

    def refresh(self, connection: ConnectionKey, rejected: AccessToken) -> AccessToken:
        self.refreshes += 1
        if self.dead:
            raise Reconnect(Problem("qbo_invalid_grant", "consent lost"))
        return AccessToken(connection, "second-secret", rejected.version + 1)


@dataclass
class Reads:
    """Counts reads by purpose; `left` many are allowed."""

    left: int = 1_000
    spent: list[ReadPurpose] = field(default_factory=list)
    throttled_realms: list[str] = field(default_factory=list)

    def spend(self, purpose: ReadPurpose) -> None:
        if not self.left:
            raise ReadAllowanceExhausted("none left")
        self.left -= 1
        self.spent.append(purpose)

    def throttled(self, realm_id: str) -> None:
        self.throttled_realms.append(realm_id)


@dataclass
class World:
    """A client and everything around it."""

    client: Client
    script: Script
    clock: ManualClock
    tokens: Tokens
    reads: Reads
    logger: logging.Logger

    @property
    def deadline(self) -> datetime:
        return self.clock.now() + timedelta(minutes=10)


@pytest.fixture
def world() -> World:
    script, clock, tokens, reads = Script(), ManualClock(), Tokens(), Reads()

    def session() -> requests.Session:
        made = requests.Session()
        made.mount("http://intuit.test", script)
        return made

    client = Client(
        base_url="http://intuit.test/",
        account_id="acme",
        realm_id="9130357",
        tokens=tokens,
        session_factory=session,
        clock=clock,
        reads=reads,
        limiter=RateLimiter(clock),
        logger=LOGGER,
        couriers=AtOnce(),
    )
    return World(client, script, clock, tokens, reads, LOGGER)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()

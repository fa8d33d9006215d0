"""Intuit's token endpoint: codes and refresh tokens in, tokens out (Intuit, "Set up OAuth 2.0"; facts: QBO 2.10)."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlencode

from syncro_quickbooks import exact_json
from syncro_quickbooks.json_types import Json
from syncro_quickbooks.log import Log
from syncro_quickbooks.online import verdict
from syncro_quickbooks.online.faults import (
    AccountBlocked,
    Clean,
    Faulted,
    QuickBooksError,
    Throttled,
    Unavailable,
    parse_faults,
)
from syncro_quickbooks.online.http import Answer, Outgoing, Transport
from syncro_quickbooks.online.tokens import ConnectionKey
from syncro_quickbooks.sync.model import Problem, Who

if TYPE_CHECKING:
    import requests

TOKEN_TIMEOUT = 20.0  # seconds; with connecting it stays below the 30 s a refresh lock lasts
_APP_PAUSE = 3600.0


class InvalidGrant(QuickBooksError):
    """Intuit does not accept this code or refresh token, for good."""


@dataclass(frozen=True, slots=True)
class AppCredentials:
    """The app's own id and secret at Intuit."""

    client_id: str
    client_secret: str = field(repr=False)


class CredentialsProvider(Protocol):
    """Where the app's credentials come from."""

    def credentials(self) -> AppCredentials:
        """The credentials to use now."""
        ...


class SecretCredentials:
    """The credentials in a secret of the form {"client_id": …, "client_secret": …}, read once when first needed."""

    def __init__(self, read_secret: Callable[[], str]) -> None:
        self._read_secret = read_secret
        self._read: AppCredentials | None = None

    def credentials(self) -> AppCredentials:
        """The stored credentials. Raises ValueError if the secret has another form."""
        if self._read is None:
            self._read = _credentials(self._read_secret())
        return self._read


@dataclass(frozen=True, slots=True)
class Grant:
    """What Intuit granted. `refresh_token` is empty if the answer had none: the one in use stays (RFC 6749, 6)."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    lifetime: timedelta
    refresh_lifetime: timedelta | None = None
    hard_lifetime: timedelta | None = None


class TokenEndpoint:
    """Asks Intuit for tokens and takes them back. Keeps nothing."""

    def __init__(
        self,
        *,
        token_url: str,
        revoke_url: str,
        credentials: CredentialsProvider,
        session_factory: "Callable[[], requests.Session]",
        logger: Log,
    ) -> None:
        self._token_url = token_url
        self._revoke_url = revoke_url
        self._credentials = credentials
        self._session_factory = session_factory
        self._logger = logger

    def exchange(self, connection: ConnectionKey, code: str, redirect_uri: str) -> Grant:
        """The tokens for an authorization code. Raises InvalidGrant, Throttled, AccountBlocked, Unavailable."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        grant = self._token(connection, form)
        if not grant.refresh_token:
            raise Unavailable("unreadable", status=200, explanation="the answer holds no refresh token")
        return grant

    def refresh(self, connection: ConnectionKey, refresh_token: str) -> Grant:
        """New tokens for a refresh token. Raises InvalidGrant, Throttled, AccountBlocked, Unavailable."""
        return self._token(connection, {"grant_type": "refresh_token", "refresh_token": refresh_token})

    def revoke(self, connection: ConnectionKey, refresh_token: str) -> None:
        """Take the consent back. A token Intuit no longer knows counts as revoked. Raises like `refresh`."""
        body = exact_json.dumps({"token": refresh_token}).encode()
        answer = self._post(connection, self._revoke_url, "revoke", "application/json", body)
        if not (200 <= answer.status < 300 or answer.status == 400):
            self._judge(answer)
            raise Unavailable(f"http_{answer.status}", status=answer.status)

    def _token(self, connection: ConnectionKey, form: Mapping[str, str]) -> Grant:
        body = urlencode(form).encode()
        answer = self._post(connection, self._token_url, "token", "application/x-www-form-urlencoded", body)
        return _grant(self._judge(answer).body)

    def _post(self, connection: ConnectionKey, url: str, label: str, content_type: str, body: bytes) -> Answer:
        fields = {"account_id": connection.account_id, "realm_id": connection.realm_id}
        app = self._credentials.credentials()
        basic = b64encode(f"{app.client_id}:{app.client_secret}".encode()).decode()
        headers = {
            "Accept": "application/json",
            "Content-Type": content_type,
            "x-include-refresh-token-hard-expires-in": "true",
        }
        request = Outgoing("POST", url, label, body, headers, f"Basic {basic}", TOKEN_TIMEOUT)
        return Transport(self._session_factory, self._logger, fields).send(request)

    def _judge(self, answer: Answer) -> Clean:
        reading = parse_faults(answer.status, answer.content_type, answer.body)
        if isinstance(reading, Clean):
            return reading
        if verdict.is_throttled(answer.status, reading):
            raise Throttled(max(verdict.THROTTLE_PAUSE, answer.retry_after or 0.0))
        if answer.status >= 500 or not isinstance(reading, Faulted):
            raise Unavailable(f"http_{answer.status}", status=answer.status)
        if reading.faults[0].code == "invalid_grant":
            raise InvalidGrant("Intuit does not accept the stored consent (invalid_grant)")
        raise AccountBlocked(_app_refused(reading.faults[0].code), _APP_PAUSE)


def _app_refused(code: str) -> Problem:
    return Problem(
        code="intuit_app_refused",
        message="Intuit does not accept this app's own sign-in, so no QuickBooks company can be reached.",
        fix="The client id and secret stored for this installation have to be compared with Intuit's developer portal.",
        who=Who.SUPPORT,
        verbatim=code,
    )


def _grant(body: Mapping[str, Json]) -> Grant:
    access, refresh, lifetime = body.get("access_token"), body.get("refresh_token", ""), _seconds(body, "expires_in")
    if not isinstance(access, str) or not access or not isinstance(refresh, str) or lifetime is None:
        raise Unavailable("unreadable", status=200, explanation="the answer holds no tokens")
    return Grant(
        access,
        refresh,
        lifetime,
        _seconds(body, "x_refresh_token_expires_in"),
        _seconds(body, "x_refresh_token_hard_expires_in"),
    )


def _seconds(body: Mapping[str, Json], name: str) -> timedelta | None:
    value = body.get(name)
    return timedelta(seconds=value) if isinstance(value, int) and value > 0 else None


def _credentials(text: str) -> AppCredentials:
    secret = exact_json.loads(text)
    if isinstance(secret, dict):
        client_id, client_secret = secret.get("client_id"), secret.get("client_secret")
        if isinstance(client_id, str) and isinstance(client_secret, str):
            return AppCredentials(client_id, client_secret)
    raise ValueError('the secret must hold {"client_id": "…", "client_secret": "…"}')

"""Intuit's OAuth 2 server: authorise, exchange, rotate, revoke (facts: QBO 2.10)."""

import base64
import binascii
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Literal
from urllib.parse import urlencode

from .json_text import Obj, loads
from .web import Request, Response, json_response

ACCESS_SECONDS = 3600
REFRESH_SECONDS = 8_726_400
HARD_SECONDS = 5 * 365 * 24 * 3600  # "absolute life 5 years"
CODE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a token request answers."""

    access_token: str
    refresh_token: str


@dataclass(slots=True)
class Grant:
    """One connection of a realm. Only `refresh` works; `previous` does until `previous_until`."""

    realm: str
    refresh: str
    refresh_until: datetime
    previous: str = ""
    previous_until: datetime | None = None
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class _Code:
    realm: str
    redirect_uri: str
    until: datetime


class OAuth:
    """The token server. `client` (id, secret) is checked if set; `refresh_grace` is in seconds of emulator time."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._counter = itertools.count(1)
        self._codes: dict[str, _Code] = {}
        self._access: dict[str, tuple[Grant, datetime]] = {}
        self._refresh: dict[str, Grant] = {}
        self.client: tuple[str, str] | None = None
        self.refresh_grace = 0.0

    def issue(self, realm: str) -> Tokens:
        """A new connection of a realm, as after a finished authorisation."""
        return self._issue(Grant(realm, "", self._clock()))

    def realm_of(self, access_token: str) -> str | None:
        """The realm a valid access token is for; None if it is unknown, expired or revoked."""
        grant, until = self._access.get(access_token, (None, None))
        if grant is None or until is None or grant.revoked or until <= self._clock():
            return None
        return grant.realm

    def expire_access_tokens(self, realm: str) -> None:
        """Every access token of a realm stops working; refresh tokens go on."""
        self._access = {token: entry for token, entry in self._access.items() if entry[0].realm != realm}

    def disconnect(self, realm: str) -> None:
        """The user disconnects the app inside QuickBooks: every token of the realm is void."""
        for grant in self._refresh.values():
            grant.revoked = grant.revoked or grant.realm == realm

    def answer(self, operation: Literal["authorize", "token", "revoke"], request: Request, realm: str) -> Response:
        """Answer one request; `realm` is the company the user chooses when authorising."""
        if operation == "authorize":
            return self.authorize(request, realm)
        return self.token(request) if operation == "token" else self.revoke(request)

    def authorize(self, request: Request, realm: str) -> Response:
        """GET /connect/oauth2: approves at once and sends the browser back."""
        query = request.query
        for name in ("client_id", "redirect_uri", "state", "scope"):
            if not query.get(name):
                return json_response(400, {"error": "invalid_request", "error_description": f"{name} is missing"})
        if query.get("response_type") != "code":
            return json_response(400, {"error": "unsupported_response_type"})
        code = f"code-{next(self._counter)}"
        self._codes[code] = _Code(realm, query["redirect_uri"], self._clock() + timedelta(seconds=CODE_SECONDS))
        answer = urlencode({"code": code, "state": query["state"], "realmId": realm})
        separator = "&" if "?" in query["redirect_uri"] else "?"
        return Response(302, b"", "text/plain", [("Location", f"{query['redirect_uri']}{separator}{answer}")])

    def token(self, request: Request) -> Response:
        """POST /oauth2/v1/tokens/bearer."""
        if not self._client_ok(request):
            return json_response(401, {"error": "invalid_client"})
        form = request.form()
        kind = form.get("grant_type")
        if kind == "authorization_code":
            tokens = self._exchange(form)
        elif kind == "refresh_token":
            tokens = self._rotate(form.get("refresh_token", ""))
        else:
            return json_response(400, {"error": "unsupported_grant_type"})
        if tokens is None:
            return json_response(400, {"error": "invalid_grant", "error_description": "Incorrect or invalid token"})
        body: Obj = {
            "token_type": "bearer",
            "expires_in": ACCESS_SECONDS,
            "refresh_token": tokens.refresh_token,
            "x_refresh_token_expires_in": REFRESH_SECONDS,
            "access_token": tokens.access_token,
        }
        if request.headers.get("x-include-refresh-token-hard-expires-in") == "true":
            body["x_refresh_token_hard_expires_in"] = HARD_SECONDS
        return json_response(200, body)

    def revoke(self, request: Request) -> Response:
        """POST /v2/oauth2/tokens/revoke: an access or refresh token ends its whole connection."""
        if not self._client_ok(request):
            return json_response(401, {"error": "invalid_client"})
        try:
            token = (
                loads(request.body).get("token", "")
                if "json" in request.content_type
                else request.form().get("token", "")
            )
        except (ValueError, AttributeError):
            return json_response(400, {"error": "invalid_request"})
        grant = self._refresh.get(token) or self._access.get(token, (None,))[0]
        if grant is None:
            return json_response(400, {"error": "invalid_request", "error_description": "unknown token"})
        grant.revoked = True
        return Response(int(HTTPStatus.OK), b"")

    def _issue(self, grant: Grant) -> Tokens:
        number = next(self._counter)
        now = self._clock()
        access, refresh = f"access-{grant.realm}-{number}", f"refresh-{grant.realm}-{number}"
        grant.refresh, grant.refresh_until = refresh, now + timedelta(seconds=REFRESH_SECONDS)
        self._access[access] = (grant, now + timedelta(seconds=ACCESS_SECONDS))
        self._refresh[refresh] = grant
        return Tokens(access, refresh)

    def _exchange(self, form: dict[str, str]) -> Tokens | None:
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or code.until <= self._clock() or code.redirect_uri != form.get("redirect_uri"):
            return None
        return self.issue(code.realm)

    def _rotate(self, refresh_token: str) -> Tokens | None:
        grant = self._refresh.get(refresh_token)
        now = self._clock()
        if grant is None or grant.revoked:
            return None
        if refresh_token == grant.refresh and grant.refresh_until > now:
            grant.previous, grant.previous_until = refresh_token, now + timedelta(seconds=self.refresh_grace)
            return self._issue(grant)
        if refresh_token == grant.previous and grant.previous_until is not None and now < grant.previous_until:
            return self._issue(grant)
        return None

    def _client_ok(self, request: Request) -> bool:
        scheme, _, encoded = request.authorization.partition(" ")
        try:
            client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        if scheme.lower() != "basic" or not client_id or not secret:
            return False
        return self.client is None or self.client == (client_id, secret)

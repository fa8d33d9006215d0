"""Connecting an account to its QuickBooks company with Intuit's consent page, and disconnecting (facts: QBO 2.10)."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from syncro_quickbooks.clock import Clock, to_millis
from syncro_quickbooks.online.client import Client
from syncro_quickbooks.online.faults import QuickBooksError, Reconnect, RequestRefused
from syncro_quickbooks.online.grants import CredentialsProvider, Grant, InvalidGrant, TokenEndpoint
from syncro_quickbooks.online.read_budget import ReadPurpose
from syncro_quickbooks.online.token_store import TokenStore
from syncro_quickbooks.online.tokens import AccessToken, ConnectionKey, TokenSource
from syncro_quickbooks.storage.table import Condition, ConditionFailed, Delete, Key, Put, Table
from syncro_quickbooks.sync.catalogue_entries import RECONNECT
from syncro_quickbooks.sync.model import Problem, Who
from syncro_quickbooks.sync.records import SCHEMA

SCOPE = "com.intuit.quickbooks.accounting"
STATE_LIFE = timedelta(minutes=15)


class ConnectRefused(QuickBooksError):
    """The account was not connected; `problem` says why and what to do."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.code}: {problem.message}")
        self.problem = problem


@dataclass(frozen=True, slots=True)
class ConnectedCompany:
    """What was connected: the connection and the company's name in QuickBooks."""

    connection: ConnectionKey
    company_name: str


class CompanyConnector:
    """The way from the "connect" button to stored tokens, and back.

    `client_for` builds a client for a connection with the given tokens: it asks QuickBooks whether a fresh token is
    really for the company that the browser named.
    """

    def __init__(
        self,
        *,
        authorize_url: str,
        redirect_uri: str,
        credentials: CredentialsProvider,
        endpoint: TokenEndpoint,
        tokens: TokenStore,
        table: Table,
        clock: Clock,
        client_for: Callable[[ConnectionKey, TokenSource], Client],
    ) -> None:
        self._authorize_url = authorize_url
        self._redirect_uri = redirect_uri
        self._credentials = credentials
        self._endpoint = endpoint
        self._tokens = tokens
        self._table = table
        self._clock = clock
        self._client_for = client_for

    def new_state(self, account_id: str) -> str:
        """A secret for one trip to Intuit, good for 15 minutes and for this account; only its hash is stored."""
        state = secrets.token_urlsafe(32)
        until = self._clock.now() + STATE_LIFE
        key = _state_key(state)
        self._table.write(
            Put(
                {
                    "pk": key.pk,
                    "sk": key.sk,
                    "schema": SCHEMA,
                    "account_id": account_id,
                    "expires_at": to_millis(until),
                    "ttl": int(until.timestamp()),
                }
            )
        )
        return state

    def authorize_url(self, state: str) -> str:
        """Where to send the browser for the consent."""
        query = {
            "client_id": self._credentials.credentials().client_id,
            "response_type": "code",
            "scope": SCOPE,
            "redirect_uri": self._redirect_uri,
            "state": state,
        }
        return f"{self._authorize_url}?{urlencode(query)}"

    def complete(
        self, account_id: str, code: str, state: str, realm_id: str, *, replace_company: bool = False
    ) -> ConnectedCompany:
        """Finish what the browser brought back from Intuit; `account_id` is the one that is signed in here.

        Raises ConnectRefused (state unknown, used, expired or another account's; code refused; company of another
        account; another company than before without `replace_company`), Unavailable, Throttled, AccountBlocked and
        ReadAllowanceExhausted. Whatever is raised, no token has been stored.
        """
        connection = ConnectionKey(account_id, realm_id)
        self._use_state(account_id, state)
        try:
            grant = self._endpoint.exchange(connection, code, self._redirect_uri)
        except InvalidGrant:
            raise ConnectRefused(_again("code_refused", "Intuit did not accept the code of this sign-in.")) from None
        name = self._company_name(connection, grant)
        store = self._tokens.storing(connection, grant, replace_company=replace_company)
        try:
            self._table.transact([self._claim(connection), store])
        except ConditionFailed as refused:
            # Nothing is revoked: the consent could be the other account's.
            raise ConnectRefused(_TAKEN if 0 in refused.failed else _OTHER_COMPANY) from None
        return ConnectedCompany(connection, name)

    def disconnect(self, account_id: str) -> bool:
        """Delete the account's tokens, then take the consent back at Intuit. False if there were none.

        Raises Unavailable, Throttled or AccountBlocked when Intuit could not be told: the tokens are deleted here all
        the same, and the app can be removed in QuickBooks under Apps.
        """
        forgotten = self._tokens.forget(account_id)
        if forgotten is None:
            return False
        connection, refresh_token = forgotten
        self._endpoint.revoke(connection, refresh_token)
        return True

    def _use_state(self, account_id: str, state: str) -> None:
        """Delete the state if it is this account's and still good; one that is another's stays for its owner."""
        good = Condition(
            "#account_id = :account AND #expires_at > :now",
            {":account": account_id, ":now": to_millis(self._clock.now())},
        )
        try:
            self._table.write(Delete(_state_key(state), good))
        except ConditionFailed:
            message = "This sign-in was not started here, was used already, or took longer than 15 minutes."
            raise ConnectRefused(_again("state_refused", message)) from None

    def _company_name(self, connection: ConnectionKey, grant: Grant) -> str:
        """The realm id comes from the browser: without this question anybody could claim somebody else's company."""
        try:
            client = self._client_for(connection, _FreshToken(AccessToken(connection, grant.access_token)))
            info = client.read("CompanyInfo", connection.realm_id, ReadPurpose.USER)
        except (Reconnect, RequestRefused):
            info = None
        if info is None:
            message = "QuickBooks does not confirm that this sign-in is for the company it named."
            raise ConnectRefused(_again("company_not_confirmed", message))
        return str(info.get("CompanyName", ""))

    def _claim(self, connection: ConnectionKey) -> Put:
        """One company belongs to one account, for ever."""
        item: dict[str, str | int] = {
            "schema": SCHEMA,
            "account_id": connection.account_id,
            "claimed_at": to_millis(self._clock.now()),
        }
        mine = Condition("attribute_not_exists(#pk) OR #account_id = :account", {":account": connection.account_id})
        return Put({"pk": f"realm#{connection.realm_id}", "sk": "owner", **item}, mine)


class _FreshToken:
    """A token that is not stored yet; there is no second one behind it."""

    def __init__(self, token: AccessToken) -> None:
        self._token = token

    def access_token(self, connection: ConnectionKey) -> AccessToken:  # noqa: ARG002 - the client compares it
        return self._token

    def refresh(self, connection: ConnectionKey, rejected: AccessToken) -> AccessToken:  # noqa: ARG002 - see above
        raise Reconnect(_again("token_refused", "QuickBooks does not accept the new sign-in."))


def _again(code: str, message: str) -> Problem:
    return Problem(code, message, "Start connecting again from the settings page.", Who.ADMIN, (RECONNECT,))


_TAKEN = Problem(
    "company_taken",
    "This QuickBooks company is connected to another Syncro account.",
    "Choose the right company at Intuit's sign-in, or ask support to move it.",
    Who.ADMIN,
    (RECONNECT,),
)
_OTHER_COMPANY = Problem(
    "other_company",
    "This account was connected to another QuickBooks company; links and settings belong to that one.",
    "Connect the same company again, or reset the links and settings for the new one first.",
    Who.ADMIN,
    (RECONNECT,),
)


def _state_key(state: str) -> Key:
    return Key(f"oauth#state#{hashlib.sha256(state.encode()).hexdigest()}", "state")

"""Connecting an account to its QuickBooks company with Intuit's consent page, and disconnecting (facts: QBO 2.10)."""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from syncro_quickbooks.clock import Clock, to_millis
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.log import Log
from syncro_quickbooks.online.client import Client
from syncro_quickbooks.online.faults import QuickBooksError, Reconnect, RequestRefused
from syncro_quickbooks.online.grants import CredentialsProvider, Grant, InvalidGrant, TokenEndpoint
from syncro_quickbooks.online.preferences import read_company
from syncro_quickbooks.online.read_budget import ReadPurpose
from syncro_quickbooks.online.token_store import TokenStore
from syncro_quickbooks.online.tokens import AccessToken, ConnectionKey, TokenSource
from syncro_quickbooks.storage.table import Condition, ConditionFailed, Delete, Key, Put, Table, Write
from syncro_quickbooks.sync.accounts import Accounts, AnotherCompany, Edition
from syncro_quickbooks.sync.audit import Audit, Deed
from syncro_quickbooks.sync.catalogue_entries import RECONNECT
from syncro_quickbooks.sync.model import Problem, Who
from syncro_quickbooks.sync.offboarding import OFFBOARDING, not_leaving
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


@dataclass(frozen=True, slots=True)
class Parted:
    """An account has no tokens any more. `revoked` is False if Intuit could not be told: `problem` says what to do."""

    had_tokens: bool
    revoked: bool
    problem: Problem | None = None


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
        accounts: Accounts,
        table: Table,
        clock: Clock,
        client_for: Callable[[ConnectionKey, TokenSource], Client],
        log: Log,
    ) -> None:
        self._authorize_url = authorize_url
        self._redirect_uri = redirect_uri
        self._credentials = credentials
        self._endpoint = endpoint
        self._tokens = tokens
        self._accounts = accounts
        self._audit = Audit(table, clock)
        self._table = table
        self._clock = clock
        self._client_for = client_for
        self._log = log

    def new_state(self, account_id: str, user_id: str) -> str:
        """A secret for one trip to Intuit, good for 15 minutes and for this user; only its hash is stored."""
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
                    "user_id": user_id,
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

    def complete(self, account_id: str, user_id: str, code: str, state: str, realm_id: str) -> ConnectedCompany:
        """Finish what the browser brought back from Intuit; account and user are those that are signed in here.

        Tokens, claim and connection are stored together, and the account looks at its outbox. Raises ConnectRefused
        (state unknown, used, expired or somebody else's; code refused; company of another account; another company than
        before that was not left; account being offboarded), Unavailable, Throttled, AccountBlocked and
        ReadAllowanceExhausted. Whatever is raised, nothing has been stored.
        """
        connection = ConnectionKey(account_id, realm_id)
        self._use_state(account_id, user_id, state)
        try:
            grant = self._endpoint.exchange(connection, code, self._redirect_uri)
        except InvalidGrant:
            raise ConnectRefused(_again("code_refused", "Intuit did not accept the code of this sign-in.")) from None
        client = self._client_for(connection, _FreshToken(AccessToken(connection, grant.access_token)))
        info = _company_info(client)
        self._store(connection, user_id, grant)
        self._read_preferences(connection, client, info)
        return ConnectedCompany(connection, str(info.get("CompanyName", "")))

    def disconnect(self, account_id: str, user_id: str) -> Parted:
        """Delete the account's tokens and take the consent back at Intuit; the queue stays."""
        consent = self._tokens.consent(account_id)
        if consent is None or not consent.given:
            return Parted(had_tokens=False, revoked=False)
        return self.part(account_id, [self._audit.entry(account_id, Deed.DISCONNECTED, user_id, consent.realm_id)])

    def reset(self, account_id: str, user_id: str, realm_id: str, also: Sequence[Write] = ()) -> Parted:
        """Leave the company `realm_id`: disconnect, and let another one be connected; `also` is written with it.

        Links and settings of it stay with it, so nothing is posted again unasked. Raises ConditionFailed if it is not
        the account's company.
        """
        noted = self._audit.entry(account_id, Deed.RESET, user_id, realm_id)
        return self.part(account_id, [self._accounts.leaving(account_id, realm_id), noted, *also])

    def part(self, account_id: str, writes: Sequence[Write]) -> Parted:
        """Delete the account's tokens, if it has any, together with `writes`, then take the consent back at Intuit.

        Raises ConditionFailed if `writes` do not hold. An Intuit that cannot be told is no error: the tokens are gone
        here, and the app can be removed in QuickBooks.
        """
        forgotten = self._tokens.forget(account_id, writes)
        if forgotten is None:
            return Parted(had_tokens=False, revoked=False)
        connection, refresh_token = forgotten
        try:
            self._endpoint.revoke(connection, refresh_token)
        except QuickBooksError as error:
            self._log.warning("consent not revoked", extra={"account_id": account_id, "reason": str(error)})
            return Parted(had_tokens=True, revoked=False, problem=_NOT_REVOKED)
        return Parted(had_tokens=True, revoked=True)

    def _store(self, connection: ConnectionKey, user_id: str, grant: Grant) -> None:
        """Everything that makes the connection, or nothing."""
        account_id, realm_id = connection.account_id, connection.realm_id
        known = self._accounts.connection(account_id)
        again = known is not None and known.realm_id == realm_id
        noted = self._audit.entry(account_id, Deed.RECONNECTED if again else Deed.CONNECTED, user_id, realm_id)
        tokens = self._tokens.storing(connection, grant)
        also: list[Write] = [self._claim(connection), not_leaving(account_id), tokens, noted]
        try:
            self._accounts.connect(account_id, Edition.ONLINE, realm_id, also=also)
        except ConditionFailed as refused:
            # Nothing is revoked: the consent could be the other account's.
            raise ConnectRefused(_TAKEN if 0 in refused.failed else OFFBOARDING) from None
        except AnotherCompany:
            raise ConnectRefused(_OTHER_COMPANY) from None

    def _read_preferences(self, connection: ConnectionKey, client: Client, info: JsonObject) -> None:
        """What set-up has to know of the company; if it cannot be read now, the next run of the push does."""
        try:
            company = read_company(client, info)
        except (QuickBooksError, ValueError) as error:
            fields = {"account_id": connection.account_id, "realm_id": connection.realm_id, "reason": str(error)}
            self._log.warning("company not read yet", extra=fields)
            return
        self._accounts.save_company(connection.account_id, connection.realm_id, company.to_json())

    def _use_state(self, account_id: str, user_id: str, state: str) -> None:
        """Delete the state if it is this user's and still good; one that is another's stays for its owner."""
        good = Condition(
            "#account_id = :account AND #user_id = :user AND #expires_at > :now",
            {":account": account_id, ":user": user_id, ":now": to_millis(self._clock.now())},
        )
        try:
            self._table.write(Delete(_state_key(state), good))
        except ConditionFailed:
            message = "This sign-in was not started here, was used already, or took longer than 15 minutes."
            raise ConnectRefused(_again("state_refused", message)) from None

    def _claim(self, connection: ConnectionKey) -> Put:
        """One company belongs to one account, for ever."""
        item: dict[str, str | int] = {
            "schema": SCHEMA,
            "account_id": connection.account_id,
            "claimed_at": to_millis(self._clock.now()),
        }
        mine = Condition("attribute_not_exists(#pk) OR #account_id = :account", {":account": connection.account_id})
        return Put({"pk": f"realm#{connection.realm_id}", "sk": "owner", **item}, mine)


def _company_info(client: Client) -> JsonObject:
    """The realm id comes from the browser: without this question anybody could claim somebody else's company."""
    try:
        info = client.read("CompanyInfo", client.connection.realm_id, ReadPurpose.USER)
    except (Reconnect, RequestRefused):
        info = None
    if info is None:
        message = "QuickBooks does not confirm that this sign-in is for the company it named."
        raise ConnectRefused(_again("company_not_confirmed", message))
    return info


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
    "Connect the same company again, or reset the connection for the new one first.",
    Who.ADMIN,
    (RECONNECT,),
)
_NOT_REVOKED = Problem(
    "consent_not_revoked",
    "The sign-in was deleted here, so nothing is sent any more, but Intuit could not be told.",
    "In QuickBooks open Apps > My apps and disconnect this app there.",
    Who.ADMIN,
)


def _state_key(state: str) -> Key:
    return Key(f"oauth#state#{hashlib.sha256(state.encode()).hexdigest()}", "state")

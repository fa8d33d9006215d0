"""The stored tokens of every connection, and their refresh: one at a time, stored before use, never lost in silence.

Rules: Intuit, "Refresh tokens" (facts: QBO 2.10). A refresh can replace the refresh token, so whatever comes back is
stored before it is used; two refreshes at once, or a lost answer, are what makes connections die.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import uuid4

from syncro_quickbooks.clock import Clock, from_millis, to_millis
from syncro_quickbooks.log import Log
from syncro_quickbooks.online.faults import QuickBooksError, Reconnect, Throttled, Unavailable
from syncro_quickbooks.online.grants import Grant, InvalidGrant, TokenEndpoint
from syncro_quickbooks.online.tokens import AccessToken, ConnectionKey
from syncro_quickbooks.storage.table import Check, Condition, ConditionFailed, Item, Key, Table, Update, Value, Write
from syncro_quickbooks.sync.catalogue import explain
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.model import Problem, Who
from syncro_quickbooks.sync.records import SCHEMA
from syncro_quickbooks.sync.wake import shard_of
from syncro_quickbooks.vault import Vault

REFRESH_BEFORE_EXPIRY = timedelta(minutes=10)  # at 50 minutes of the 60 that Intuit gives
LOCK_LIFE = timedelta(seconds=30)
IDLE_AFTER = timedelta(days=7)
"""A consent that is not used dies after 100 days: tokens this old are refreshed for their own sake."""

_LOCK_LOOKS = 35  # one a second: longer than a lock lasts
_STILL_USABLE = timedelta(seconds=150)  # as long as the longest write takes
_TRY_AGAIN = timedelta(seconds=60)
IDLE = "idle-token"
"""Where the `due` index has the tokens, each due a week after its refresh."""

_UNLOCK = "#lock_owner, #lock_until"
_NOT_DUE = "#due_shard, #next_due"


@dataclass(frozen=True, slots=True)
class _Stored:
    access: AccessToken
    refresh_token: str = field(repr=False)
    refresh_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Consent:
    """How an account's consent stands. `until` moves on with every refresh, `ends` is for good; None if not known.

    `given` is False after a disconnect; `lost_at` says when Intuit refused it.
    """

    realm_id: str
    given: bool
    refreshed_at: datetime
    lost_at: datetime | None = None
    until: datetime | None = None
    ends: datetime | None = None


class TokenStore:
    """The `TokenSource` over the table. Tokens in memory are kept per connection, until they have to be refreshed."""

    def __init__(self, table: Table, vault: Vault, endpoint: TokenEndpoint, clock: Clock, logger: Log) -> None:
        self._table = table
        self._vault = vault
        self._endpoint = endpoint
        self._clock = clock
        self._logger = logger
        self._held: dict[ConnectionKey, _Stored] = {}

    def access_token(self, connection: ConnectionKey) -> AccessToken:
        """A token good for minutes, refreshed at 50 minutes.

        Raises Reconnect (no tokens, another company's, or a consent Intuit refused), and Unavailable, Throttled or
        AccountBlocked when a refresh was needed and not possible.
        """
        held = self._held.get(connection)
        if held is None or self._clock.now() >= held.refresh_at:
            held = self._load(connection)
            if self._clock.now() >= held.refresh_at:
                held = self._refresh_early(connection, held)
            self._held[connection] = held
        return held.access

    def refresh(self, connection: ConnectionKey, rejected: AccessToken) -> AccessToken:
        """A token newer than `rejected`, which QuickBooks did not accept. Raises like `access_token`."""
        self._held.pop(connection, None)
        stored = self._load(connection)
        if stored.access.version <= rejected.version:
            stored = self._refresh(connection, stored)
        self._held[connection] = stored
        return stored.access

    def storing(self, connection: ConnectionKey, grant: Grant) -> Update:
        """The write that stores the tokens of a new consent, to be part of the transaction that connects."""
        values = self._values(connection, grant, grant.refresh_token)
        # How long the consent of before was good is nothing about this one, if Intuit does not say it this time.
        unknown = [f"#{name}" for name in ("consent_until", "consent_ends") if f":{name}" not in values]
        removed = ", ".join([_UNLOCK, "#invalid_since", *unknown])
        return Update(
            _key(connection.account_id),
            f"{_assignments(values)} REMOVE {removed} ADD #version :one",
            {**values, ":one": 1},
        )

    def consent(self, account_id: str) -> Consent | None:
        """How the account's consent stands, None if there never was one."""
        item = self._table.get(_key(account_id))
        if item is None:
            return None
        lost, until, ends = (item.get(name) for name in ("invalid_since", "consent_until", "consent_ends"))
        return Consent(
            realm_id=str(item["realm_id"]),
            given="sealed" in item,
            refreshed_at=_moment(item["refreshed_at"]),
            lost_at=_moment(lost) if lost is not None else None,
            until=_moment(until) if until is not None else None,
            ends=_moment(ends) if ends is not None else None,
        )

    def forget(self, account_id: str, also: Sequence[Write] = ()) -> tuple[ConnectionKey, str] | None:
        """Delete the account's tokens and return connection and refresh token, to be revoked; None if there are none.

        `also` is written with it, or if there are none by itself, or not at all: raises ConditionFailed if it does not
        hold. The version goes on counting, so that a refresh under way cannot store its tokens afterwards.
        """
        while True:
            item = self._table.get(_key(account_id))
            if item is None or "sealed" not in item:
                none = Check(_key(account_id), Condition("attribute_not_exists(#sealed)"))
                if self._written_with(none, also):
                    return None
                continue  # connected meanwhile
            connection = ConnectionKey(account_id, str(item["realm_id"]))
            stored = self._unseal(connection, item)
            wipe = f"REMOVE #sealed, #invalid_since, {_UNLOCK}, {_NOT_DUE} ADD #version :one"
            unchanged = Condition("#version = :read", {":read": stored.access.version})
            if not self._written_with(Update(_key(account_id), wipe, {":one": 1}, unchanged), also):
                continue  # refreshed meanwhile: the newer token is the one to revoke
            self._held.pop(connection, None)
            return connection, stored.refresh_token

    def _written_with(self, first: Write, also: Sequence[Write]) -> bool:
        """Carry out all or nothing; False if `first` does not hold. Raises ConditionFailed if only `also` does not."""
        try:
            self._table.transact([first, *also])
        except ConditionFailed as refused:
            if 0 in refused.failed:
                return False
            raise
        return True

    # -- refreshing ------------------------------------------------------------------------------------------------

    def _refresh_early(self, connection: ConnectionKey, held: _Stored) -> _Stored:
        """Refresh before it is urgent; if Intuit cannot be asked, the token at hand does for now."""
        try:
            return self._refresh(connection, held)
        except (Unavailable, Throttled) as error:
            now = self._clock.now()
            if now + _STILL_USABLE >= held.expires_at:
                raise
            self._logger.warning(
                "token not refreshed yet, going on with the present one",
                extra={"account_id": connection.account_id, "realm_id": connection.realm_id, "reason": str(error)},
            )
            return replace(held, refresh_at=min(now + _TRY_AGAIN, held.expires_at - _STILL_USABLE))

    def _refresh(self, connection: ConnectionKey, stored: _Stored) -> _Stored:
        """Refresh under the lock; whoever does not get it waits for the winner's result."""
        owner = uuid4().hex
        for _ in range(_LOCK_LOOKS):
            if self._lock(connection, stored, owner):
                return self._exchange(connection, stored, owner)
            newer = self._load(connection)
            if newer.access.version > stored.access.version:
                return newer
            self._clock.sleep(1)
        raise Unavailable("token_refresh_busy")

    def _lock(self, connection: ConnectionKey, stored: _Stored, owner: str) -> bool:
        now = self._clock.now()
        free = "#version = :read AND (attribute_not_exists(#lock_until) OR #lock_until <= :now)"
        condition = Condition(free, {":read": stored.access.version, ":now": to_millis(now)})
        values: dict[str, Value] = {":owner": owner, ":until": to_millis(now + LOCK_LIFE)}
        take = "SET #lock_owner = :owner, #lock_until = :until"
        try:
            self._table.write(Update(_key(connection.account_id), take, values, condition))
        except ConditionFailed:
            return False
        return True

    def _exchange(self, connection: ConnectionKey, stored: _Stored, owner: str) -> _Stored:
        try:
            grant = self._endpoint.refresh(connection, stored.refresh_token)
        except InvalidGrant:
            return self._after_invalid_grant(connection, stored)
        except QuickBooksError:
            self._unlock(connection, owner)
            raise
        return self._store_refreshed(connection, stored, grant)

    def _store_refreshed(self, connection: ConnectionKey, stored: _Stored, grant: Grant) -> _Stored:
        """Store before use. Should the lock have run out and another worker been faster, its tokens count."""
        values = self._values(connection, grant, grant.refresh_token or stored.refresh_token)
        change = f"{_assignments(values)} REMOVE {_UNLOCK}, #invalid_since ADD #version :one"
        unchanged = Condition("#version = :read", {":read": stored.access.version})
        try:
            self._table.write(Update(_key(connection.account_id), change, {**values, ":one": 1}, unchanged))
        except ConditionFailed:
            return self._load(connection)
        return _Stored(
            AccessToken(connection, grant.access_token, stored.access.version + 1),
            grant.refresh_token or stored.refresh_token,
            _moment(values[":refresh_at"]),
            _moment(values[":expires_at"]),
        )

    def _after_invalid_grant(self, connection: ConnectionKey, stored: _Stored) -> _Stored:
        """The consent is lost only if the refused token is still the stored one; else the newer one is used."""
        still = Condition("#version = :read", {":read": stored.access.version})
        change = f"SET #invalid_since = :now REMOVE {_UNLOCK}, {_NOT_DUE}"
        now = to_millis(self._clock.now())
        try:
            self._table.write(Update(_key(connection.account_id), change, {":now": now}, still))
        except ConditionFailed:
            return self._load(connection)
        raise _consent_lost()

    def _unlock(self, connection: ConnectionKey, owner: str) -> None:
        mine = Condition("#lock_owner = :mine", {":mine": owner})
        try:
            self._table.write(Update(_key(connection.account_id), f"REMOVE {_UNLOCK}", {}, mine))
        except ConditionFailed:
            return  # it ran out and somebody else has it

    # -- the item --------------------------------------------------------------------------------------------------

    def _load(self, connection: ConnectionKey) -> _Stored:
        item = self._table.get(_key(connection.account_id))
        if item is None or "sealed" not in item:
            raise Reconnect(_NOT_CONNECTED)
        if item["realm_id"] != connection.realm_id:
            raise Reconnect(_OTHER_COMPANY)
        if "invalid_since" in item:
            raise _consent_lost()
        return self._unseal(connection, item)

    def _unseal(self, connection: ConnectionKey, item: Item) -> _Stored:
        sealed = item["sealed"]
        parts = [part for part in sealed if isinstance(part, bytes)] if isinstance(sealed, list) else []
        tokens = json.loads(self._vault.open(_owner(connection), parts))
        return _Stored(
            AccessToken(connection, str(tokens["access_token"]), int(str(item["version"]))),
            str(tokens["refresh_token"]),
            _moment(item["refresh_at"]),
            _moment(item["expires_at"]),
        )

    def _values(self, connection: ConnectionKey, grant: Grant, refresh_token: str) -> dict[str, Value]:
        """The attributes to write, named by their placeholders."""
        now = self._clock.now()
        secret = json.dumps({"access_token": grant.access_token, "refresh_token": refresh_token}).encode()
        early = min(REFRESH_BEFORE_EXPIRY, grant.lifetime / 2)
        values: dict[str, Value] = {
            ":schema": SCHEMA,
            ":realm_id": connection.realm_id,
            ":sealed": list(self._vault.seal(_owner(connection), secret)),
            ":refreshed_at": to_millis(now),
            ":refresh_at": to_millis(now + grant.lifetime - early),
            ":expires_at": to_millis(now + grant.lifetime),
            ":due_shard": shard_of(IDLE, connection.account_id),
            ":next_due": to_millis(now + IDLE_AFTER),
        }
        if grant.refresh_lifetime is not None:
            values[":consent_until"] = to_millis(now + grant.refresh_lifetime)
        if grant.hard_lifetime is not None:  # five years at most, then only a reconnect helps (Intuit blog, 2025-11-12)
            values[":consent_ends"] = to_millis(now + grant.hard_lifetime)
        return values


_NOT_CONNECTED = Problem(
    "not_connected",
    "QuickBooks is not connected.",
    "Connect it; everything queued is kept and sent then.",
    Who.ADMIN,
)
_OTHER_COMPANY = Problem(
    "other_company_connected",
    "The stored sign-in is for another QuickBooks company than the one being worked for; nothing was sent.",
    "Connect the company that the links and settings belong to, or reset the connection first.",
    Who.ADMIN,
)


def _consent_lost() -> Reconnect:
    _, problem = explain("invalid_grant", "", "", "The QuickBooks connection")
    return Reconnect(problem)


def _key(account_id: str) -> Key:
    return Keys(account_id).of_account("token")


def _owner(connection: ConnectionKey) -> dict[str, str]:
    return {"account_id": connection.account_id, "realm_id": connection.realm_id}


def _assignments(values: Mapping[str, Value]) -> str:
    return "SET " + ", ".join(f"#{name[1:]} = {name}" for name in values)


def _moment(millis: Value) -> datetime:
    return from_millis(int(str(millis)))

"""Accounts: their connection, settings, pauses and posting stops."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import uuid4

from syncro_quickbooks.clock import Clock, from_millis, to_millis
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.storage.packing import pack, unpack
from syncro_quickbooks.storage.table import (
    ABSENT,
    Check,
    Condition,
    ConditionFailed,
    Delete,
    Item,
    Key,
    Put,
    Table,
    Update,
    Value,
    Write,
)
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.model import Problem
from syncro_quickbooks.sync.polls import enrolment
from syncro_quickbooks.sync.records import SCHEMA, problems_from_text, problems_to_text
from syncro_quickbooks.sync.wake import Wakes


class Edition(StrEnum):
    """Which QuickBooks an account uses."""

    ONLINE = "online"
    DESKTOP = "desktop"


@dataclass(frozen=True, slots=True)
class Connection:
    """An account's link to one QuickBooks company. `company` is what was last read of it, None before that.

    Settings name lists of one company: those of another are no settings. `enabled_at` says since when each switch of
    them is on. `consents` counts the sign-ins; `moved` says that the account was connected to another company before,
    `left` that it may be connected to another one next.
    """

    account_id: str
    edition: Edition
    realm_id: str
    company: JsonObject | None = None
    company_read_at: datetime | None = None
    settings: JsonObject | None = None
    settings_version: int = 0
    enabled_at: Mapping[str, datetime] = field(default_factory=dict)
    consents: int = 0
    moved: bool = False
    left: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    """Why nothing is sent for an account, and until when; `until` None means until somebody mends it."""

    problem: Problem
    until: datetime | None = None


class Finding(StrEnum):
    """What only QuickBooks' answers tell about a company, by the name of the attribute that keeps it."""

    OVERRIDE_IGNORED = "override_ignored"  # automated sales tax computes its own figure whatever it is sent
    NO_PURCHASE_ORDERS = "no_purchase_orders"  # the plan has none, or the connecting user may not


@dataclass(frozen=True, slots=True)
class Health:
    """The account's sending health, shared by every worker: its pause, the circuit breaker, the rate used up.

    `decided_by` names the settings and preferences by which the account's records were last decided about.
    """

    pause: Pause | None = None
    breaker: JsonObject = field(default_factory=dict)
    rate: JsonObject = field(default_factory=dict)
    decided_by: str = ""
    findings: frozenset[Finding] = frozenset()


class StaleSettings(Exception):
    """Somebody saved the settings meanwhile; read them again before saving."""


class AnotherCompany(Exception):
    """The account is, or was last, connected to another company, which it has to leave first (`Accounts.leave`)."""


class Accounts:
    """Reads and changes what belongs to a whole account."""

    def __init__(self, table: Table, clock: Clock, wakes: Wakes) -> None:
        self._table = table
        self._clock = clock
        self._wakes = wakes

    def connection(self, account_id: str) -> Connection | None:
        """The account's connection with its settings, or None when it is not connected."""
        keys = Keys(account_id)
        places = [keys.of_account(what) for what in ("connection", "company", "settings")]
        found = self._table.get_many(places)
        connection, company, settings = (found.get(place) for place in places)
        if connection is None:
            return None
        realm_id = str(connection["realm_id"])
        same_realm = company if company and company["realm_id"] == realm_id else None
        chosen = settings if settings and settings["realm_id"] == realm_id else None
        read_at = same_realm["read_at"] if same_realm else None
        return Connection(
            account_id=account_id,
            edition=Edition(str(connection["edition"])),
            realm_id=realm_id,
            company=_blob(same_realm, "company"),
            company_read_at=from_millis(read_at) if isinstance(read_at, int) else None,
            settings=_blob(chosen, "settings"),
            settings_version=int(str(settings["version"])) if settings else 0,
            enabled_at={name: from_millis(at) for name, at in _stamps(chosen).items()},
            consents=int(str(connection["consents"])),
            moved=bool(connection["moved"]),
            left="left_at" in connection,
        )

    def connect(self, account_id: str, edition: Edition, realm_id: str, *, also: Sequence[Write] = ()) -> None:
        """Record that the account is connected to `realm_id`; what paused an earlier connection counts no more.

        `also` is written with it or not at all: raises ConditionFailed with the places of those in `also` that do not
        hold. Raises AnotherCompany if the account was connected to a different company and has not left it.
        """
        before = self.connection(account_id)
        moved = before is not None and (before.moved or before.realm_id != realm_id)
        change = (
            "SET #schema = :schema, #edition = :edition, #realm_id = :realm, #moved = :moved "
            "REMOVE #left_at ADD #consents :one"
        )
        values: dict[str, Value] = {":schema": SCHEMA, ":edition": str(edition), ":realm": realm_id}
        values |= {":moved": moved, ":one": 1}
        free = Condition("attribute_not_exists(#pk) OR #realm_id = :realm OR attribute_exists(#left_at)")
        keys = Keys(account_id)
        connected = Update(keys.of_account("connection"), change, values, free)
        try:
            self._write_and_wake(account_id, *also, connected, Delete(keys.of_account("company")))
        except ConditionFailed as refused:
            if any(place < len(also) for place in refused.failed):
                raise
            raise AnotherCompany from None

    def leaving(self, account_id: str, realm_id: str) -> Update:
        """The write that lets the account be connected to another company; it fails if `realm_id` is not its company.

        Nothing is deleted: links, settings and preferences are kept per realm, so nothing of the first company is used
        for the second, and what was posted in the first is known and asked about.
        """
        values: dict[str, Value] = {":now": to_millis(self._clock.now())}
        its_own = Condition("#realm_id = :realm", {":realm": realm_id})
        return Update(Keys(account_id).of_account("connection"), "SET #left_at = :now", values, its_own)

    def save_company(self, account_id: str, realm_id: str, company: JsonObject) -> None:
        """Keep what was read of the company."""
        place = Keys(account_id).of_account("company")
        item: Item = {"pk": place.pk, "sk": place.sk, "schema": SCHEMA, "realm_id": realm_id, "company": pack(company)}
        self._table.write(Put({**item, "read_at": to_millis(self._clock.now())}))

    def forget_company(self, account_id: str) -> None:
        """Have the company's preferences read afresh by the next run."""
        self._table.write(Delete(Keys(account_id).of_account("company")))

    def save_settings(
        self,
        account_id: str,
        settings: JsonObject,
        *,
        version: int,
        realm_id: str | None = None,
        also: Sequence[Write] = (),
    ) -> int:
        """Replace the settings read at `version` (0: never saved), and end the account's pause.

        Settings are of the connected company, which must be `realm_id` if that is given: their references were looked
        up there. Switches that were off are on from now. `also` is written with them or not at all. Returns the new
        version. Raises StaleSettings, AnotherCompany, and LookupError for an account that is not connected: there is
        nothing to choose from.
        """
        from syncro_quickbooks.sync.settings import switched_on  # noqa: PLC0415 - pydantic, which few functions start with

        keys = Keys(account_id)
        connection_place, place = keys.of_account("connection"), keys.of_account("settings")
        found = self._table.get_many([connection_place, place])
        connection, before = found.get(connection_place), found.get(place)
        if connection is None:
            raise LookupError(f"account {account_id} is not connected to QuickBooks")
        realm = connection["realm_id"]
        if realm_id is not None and realm != realm_id:
            raise AnotherCompany
        stamps = _stamps(before if before and before["realm_id"] == realm else None)
        now = to_millis(self._clock.now())
        enabled: Value = {name: stamps.get(name, now) for name in sorted(switched_on(settings))}
        item: Item = {"pk": place.pk, "sk": place.sk, "schema": SCHEMA, "settings": pack(settings)}
        item |= {"realm_id": realm, "version": version + 1, "enabled_at": enabled}
        unchanged = ABSENT if version == 0 else Condition("#version = :read", {":read": version})
        still_there = Check(connection_place, Condition("#realm_id = :realm", {":realm": realm}))
        try:
            polls = enrolment(account_id, settings, now)
            self._write_and_wake(account_id, Put(item, unchanged), still_there, _unpause(account_id), polls, *also)
        except ConditionFailed as failed:
            raise StaleSettings if 0 in failed.failed else AnotherCompany from None
        return version + 1

    def health(self, connection: Connection) -> Health:
        """The account's pause (of this connection, not of an earlier sign-in), breaker and rate."""
        item = self._table.get(Keys(connection.account_id).of_account("health")) or {}
        pause = None
        if "pause" in item and item["pause_of"] == connection.consents:
            until = item.get("pause_until")
            (problem,) = problems_from_text(str(item["pause"]))
            pause = Pause(problem, from_millis(until) if isinstance(until, int) else None)
        return Health(
            pause=pause,
            breaker=_blob(item, "breaker") or {},
            rate=_blob(item, "rate") or {},
            decided_by=str(item.get("decided_by", "")),
            findings=frozenset(each for each in Finding if item.get(each) == connection.settings_version),
        )

    def pause(self, connection: Connection, pause: Pause) -> bool:
        """Send nothing over this connection until the pause ends. A new sign-in, even one under way, ends it.

        Returns whether that is news: False if it was paused without an end for this very reason already.
        """
        key = Keys(connection.account_id).of_account("health")
        values: dict[str, Value] = {":pause": problems_to_text([pause.problem]), ":of": connection.consents}
        change = "SET #pause = :pause, #pause_of = :of"
        if pause.until is not None:
            until: Value = to_millis(pause.until)
            self._table.write(Update(key, f"{change}, #pause_until = :until", {**values, ":until": until}))
            return True
        known = "#pause = :pause AND #pause_of = :of AND attribute_not_exists(#pause_until)"
        try:
            self._table.write(Update(key, f"{change} REMOVE #pause_until", values, Condition(f"NOT ({known})")))
        except ConditionFailed:
            return False
        return True

    def resume(self, account_id: str) -> None:
        """End the account's pause."""
        self._table.write(_unpause(account_id))

    def set_up(self, connection: Connection) -> None:
        """Nothing is missing any more: what was held only until the account is set up goes on."""
        pause = self.health(connection).pause
        if pause is None or not pause.problem.code.startswith("setup_"):
            return
        seen = Condition("#pause = :pause", {":pause": problems_to_text([pause.problem])})
        try:
            self._write_and_wake(connection.account_id, replace(_unpause(connection.account_id), condition=seen))
        except ConditionFailed:
            return  # it is held by something else by now

    def note_finding(self, connection: Connection, finding: Finding) -> None:
        """Something was found out about the company; holds until the settings are saved again."""
        key = Keys(connection.account_id).of_account("health")
        values: dict[str, Value] = {":version": connection.settings_version}
        self._table.write(Update(key, f"SET #{finding} = :version", values))

    def save_flow(self, account_id: str, breaker: JsonObject, rate: JsonObject) -> None:
        """Share the state of the circuit breaker and of the rate limiter with the next worker."""
        key = Keys(account_id).of_account("health")
        values: dict[str, Value] = {":breaker": pack(breaker), ":rate": pack(rate)}
        self._table.write(Update(key, "SET #breaker = :breaker, #rate = :rate", values))

    def save_decided_by(self, account_id: str, decided_by: str) -> None:
        """Note by which settings and preferences records are now decided about."""
        key = Keys(account_id).of_account("health")
        self._table.write(Update(key, "SET #decided_by = :by", {":by": decided_by}))

    def stop_posting(self, scope: str, reason: str) -> None:
        """Stop all sending for `scope`: `all`, an edition, or `account#<id>`."""
        place = _stop_key(scope)
        self._table.write(Put({"pk": place.pk, "sk": place.sk, "schema": SCHEMA, "reason": reason}))

    def allow_posting(self, scope: str) -> None:
        """End a posting stop; accounts that were held by it look again by themselves within minutes."""
        self._table.write(Delete(_stop_key(scope)))

    def posting_stopped(self, account_id: str, edition: Edition) -> str | None:
        """The reason why nothing may be sent, or None. Read before every send."""
        places = [_stop_key(scope) for scope in ("all", str(edition), f"account#{account_id}")]
        found = self._table.get_many(places)
        return next((str(item["reason"]) for item in found.values()), None)

    def _write_and_wake(self, account_id: str, *changes: Write) -> None:
        """What is written may let held records go on: the wake-up is due with it, even if its message is lost."""
        now, wake_id = to_millis(self._clock.now()), uuid4().hex
        self._table.transact([*changes, self._wakes.due_at(account_id, now, wake_id)])
        self._wakes.send(account_id, now, wake_id)


def _unpause(account_id: str) -> Update:
    return Update(Keys(account_id).of_account("health"), "REMOVE #pause, #pause_of, #pause_until")


def _stop_key(scope: str) -> Key:
    return Key(f"stop#{scope}", "posting-stop")


def _blob(item: Item | None, name: str) -> JsonObject | None:
    value = unpack(item[name]) if item and name in item else None
    return value if isinstance(value, dict) else None


def _stamps(settings: Item | None) -> dict[str, int]:
    """Since when (ms) each switch is on, as it was stored with the settings."""
    stamps = settings.get("enabled_at") if settings else None
    return {name: at for name, at in stamps.items() if isinstance(at, int)} if isinstance(stamps, dict) else {}

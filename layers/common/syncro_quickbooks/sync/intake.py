"""Intake: an event becomes the desired state of its records, an outbox entry and a wake-up."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from syncro_quickbooks.clock import Clock, to_millis
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.storage.packing import TooLarge, pack, unpack
from syncro_quickbooks.storage.table import (
    ABSENT,
    Condition,
    ConditionFailed,
    Item,
    Key,
    Put,
    Table,
    Update,
    Value,
    Write,
)
from syncro_quickbooks.sync.contents import Desired, contents
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.model import Kind, RecordKey, Status
from syncro_quickbooks.sync.records import SCHEMA, Record, record_from_item
from syncro_quickbooks.sync.store import outbox_item
from syncro_quickbooks.sync.wake import Wakes
from syncro_quickbooks.syncro.events import (
    ForceUpdateEvent,
    MalformedEvent,
    SnapshotElsewhere,
    ThingEvent,
    parse_event,
)

LONGEST_QUIET_MS = 60_000
"""However often an invoice changes, it is pushed this long after its first change."""

LISTED = frozenset({Kind.CUSTOMER, Kind.PRODUCT, Kind.VENDOR})
"""What is exported and imported."""

_DEFAULT_QUIET_SECONDS = 10
_WRITES_A_CALL = 100  # TransactWriteItems: at most 100 operations
_RACES = 5
_NOT_POSTED = (Status.DORMANT, Status.PENDING, Status.WAITING)
_TROUBLED = "#due_shard, #next_due"
"""Where a record stands that our own mistake stopped: what is desired now is another question (see `Troubles`)."""


class Rejected(Exception):
    """An event that no retry can help; `reason` goes to the queue of refused events with it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Outcome(StrEnum):
    """What became of an event."""

    ACCEPTED = "accepted"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class IntakeResult:
    """Which record an event was about, and what became of it."""

    account_id: str
    record: RecordKey
    outcome: Outcome


class Intake:
    """Takes events in. `read_inbox` fetches the whole detail of an event that was too large for the bus."""

    def __init__(self, table: Table, wakes: Wakes, clock: Clock, read_inbox: Callable[[str], JsonObject]) -> None:
        self._table = table
        self._wakes = wakes
        self._clock = clock
        self._read_inbox = read_inbox

    def accept(self, detail_type: str, detail: JsonObject) -> IntakeResult:
        """Store what the event says, if it is newer than what is stored.

        Raises Rejected when the event can never be taken in; anything else that is raised may be tried again.
        """
        event = self._parsed(detail_type, detail)
        if isinstance(event, ForceUpdateEvent):
            return self._force(event)
        embedded, main = contents(event)
        keys = Keys(event.account_id)
        found = self._read(keys, [desired.key for desired in (*embedded, main)])
        for desired in embedded:
            self._desire(keys, desired, found)
        return IntakeResult(event.account_id, main.key, self._desire(keys, main, found))

    def _parsed(self, detail_type: str, detail: JsonObject) -> ThingEvent | ForceUpdateEvent:
        try:
            event = parse_event(detail_type, detail)
            if not isinstance(event, SnapshotElsewhere):
                return event
            if not event.snapshot_ref.startswith(f"{event.account_id}/"):
                raise Rejected(f"snapshot_ref: must start with the account's own prefix {event.account_id}/")
            whole = parse_event(detail_type, self._read_inbox(event.snapshot_ref))
        except MalformedEvent as malformed:
            raise Rejected(f"the event breaks the contract: {malformed}") from malformed
        except ValueError as unreadable:
            raise Rejected(f"snapshot_ref: {unreadable}") from unreadable
        if isinstance(whole, SnapshotElsewhere | ForceUpdateEvent):
            raise Rejected("snapshot_ref: the inbox object is itself a reference")
        if (whole.account_id, whole.version) != (event.account_id, event.version):
            raise Rejected("snapshot_ref: the inbox object is of another account or version than the event")
        return whole

    def _desire(self, keys: Keys, desired: Desired, found: Mapping[Key, Item]) -> Outcome:
        """Store one thing's newer state: decide by what was `found`, and write on condition that it is still so."""
        account_id = keys.account_id
        for race in range(_RACES):
            if race:
                found = self._read(keys, [desired.key])
            record = record_from_item(desired.key, found.get(keys.record(desired.key)))
            entry = found.get(keys.outbox_entry(desired.key))
            # An embedded product of the same version may have come first; only the product's own event makes it act.
            roused = desired.acts and desired.version == record.version and record.status is Status.DORMANT
            if desired.version <= record.version and not roused:
                self._wake_again(account_id, entry)
                return Outcome.STALE
            may_mend = record.status is Status.NEEDS_ATTENTION and not desired.deleted
            act = desired.acts or record.has_waiters or entry is not None or may_mend
            quiet_ms = _quiet_ms(found.get(keys.of_account("settings"))) if desired.settles_down else 0
            try:
                due = self._store(keys, record, desired, quiet_ms, act=act)
            except ConditionFailed:
                continue
            if due is not None:
                self._wakes.wake_at(account_id, due)
            return Outcome.ACCEPTED
        raise TimeoutError(f"{desired.key} of account {account_id} kept changing while its event was taken in")

    def _read(self, keys: Keys, about: Sequence[RecordKey]) -> Mapping[Key, Item]:
        places = [place for key in about for place in (keys.record(key), keys.outbox_entry(key))]
        found = self._table.get_many([*places, keys.of_account("settings"), keys.of_account("connection")])
        if keys.of_account("connection") not in found:
            raise Rejected(f"account {keys.account_id} is not known here: nobody has connected it to QuickBooks")
        return found

    def _store(self, keys: Keys, record: Record, desired: Desired, quiet_ms: int, *, act: bool) -> int | None:
        """Write the newer state. Returns when the worker must look (ms), None if nothing is to be sent."""
        self._note_uses(keys, desired)
        now = to_millis(self._clock.now())
        first_dirty = record.first_dirty_at or now
        quiet = quiet_ms if record.status in _NOT_POSTED else 0
        due = max(now, min(now + quiet, first_dirty + max(quiet, LONGEST_QUIET_MS)))
        newer = Record(desired.key, desired.version, force=record.force, first_dirty_at=first_dirty)
        status = Status.PENDING if act else Status.DORMANT
        change = (
            "SET #schema = :schema, #kind = :kind, #id = :id, #version = :version, #deleted = :deleted, "
            "#force = :force, #status = :status, #listed_in = :listing, #problems = :none, #changed_at = :now, "
            "#first_dirty_at = :first, #has_waiters = :waiters"
        )
        values: dict[str, Value] = {
            ":schema": SCHEMA,
            ":kind": str(desired.key.kind),
            ":id": desired.key.id,
            ":version": desired.version,
            ":deleted": desired.deleted,
            ":force": record.force,
            ":status": str(status),
            ":listing": keys.listing(status),
            ":none": "[]",
            ":now": now,
            ":first": first_dirty if act else 0,
            ":waiters": record.has_waiters,
        }
        try:
            values[":snapshot"] = pack(desired.snapshot)
            change += ", #desired = :snapshot"
            change += f" REMOVE {_TROUBLED}"
        except TooLarge:
            change += f" REMOVE {_TROUBLED}, #desired"  # the worker explains it on the record
        operations: list[Write] = [Update(keys.record(desired.key), change, values, _as_read(record))]
        if not record.version and desired.key.kind in LISTED:
            # One-time jobs go through all of them; records themselves are spread over the table.
            operations.append(Put({"pk": keys.known(desired.key.kind), "sk": desired.key.id, "schema": SCHEMA}))
        if act:
            operations.append(Put(outbox_item(keys, newer, due)))
        self._table.transact(operations)
        return due if act else None

    def _note_uses(self, keys: Keys, desired: Desired) -> None:
        """Let what the thing refers to find it. Written first: an entry too many is a hint that leads nowhere."""
        users: list[Write] = [
            Put({"pk": place.pk, "sk": place.sk, "schema": SCHEMA})
            for place in (keys.user(of, desired.key) for of in dict.fromkeys(desired.uses))
        ]
        for start in range(0, len(users), _WRITES_A_CALL):
            self._table.transact(users[start : start + _WRITES_A_CALL])

    def _force(self, event: ForceUpdateEvent) -> IntakeResult:
        """Have the thing sent again with its dates; an invoice's payments too, for the button promises both."""
        keys = Keys(event.account_id)
        key = RecordKey(Kind(event.kind), str(event.id))
        outcome = self._force_one(event, keys, key)
        if outcome is None:
            raise Rejected(f"Force Update of {key}: no event has ever brought it")
        if key.kind is Kind.INVOICE:
            for item in self._table.query(keys.users(key)):
                user = RecordKey.parse(str(item["sk"]))
                if user.kind is Kind.PAYMENT:
                    self._force_one(event, keys, user)
        return IntakeResult(event.account_id, key, outcome)

    def _force_one(self, event: ForceUpdateEvent, keys: Keys, key: RecordKey) -> Outcome | None:
        """None if no event has ever brought the thing, so that there is nothing to send."""
        for _ in range(_RACES):
            found = self._read(keys, [key])
            record = record_from_item(key, found.get(keys.record(key)))
            if not record.version:
                return None
            if record.force == event.request_id:
                self._wake_again(event.account_id, found.get(keys.outbox_entry(key)))
                return Outcome.STALE
            now = to_millis(self._clock.now())
            forced = Record(key, record.version, force=event.request_id)
            change = "SET #force = :force, #status = :pending, #listed_in = :listing, #changed_at = :now"
            values: dict[str, Value] = {":force": event.request_id, ":pending": str(Status.PENDING), ":now": now}
            values[":listing"] = keys.listing(Status.PENDING)
            try:
                self._table.transact(
                    [
                        Update(keys.record(key), change, values, _as_read(record)),
                        Put(outbox_item(keys, forced, now)),
                    ]
                )
            except ConditionFailed:
                continue
            self._wakes.wake_at(event.account_id, now)
            return Outcome.ACCEPTED
        raise TimeoutError(f"{key} of account {event.account_id} kept changing while Force Update was taken in")

    def _wake_again(self, account_id: str, entry: Item | None) -> None:
        """The event came before, but its wake-up may have been lost with whoever handled it then."""
        due = entry.get("due") if entry else None
        if isinstance(due, int):
            self._wakes.wake_at(account_id, due)
            self._wakes.send(account_id, due)


def _as_read(record: Record) -> Condition:
    if not record.version and not record.has_waiters:
        return ABSENT
    seen: dict[str, Value] = {":seen": record.version, ":seen_waiters": record.has_waiters, ":seen_force": record.force}
    return Condition("#version = :seen AND #has_waiters = :seen_waiters AND #force = :seen_force", seen)


def _quiet_ms(settings: Item | None) -> int:
    stored = unpack(settings["settings"]) if settings else None
    quiet = stored.get("quiet_seconds") if isinstance(stored, dict) else None
    return int(str(quiet if quiet is not None else _DEFAULT_QUIET_SECONDS)) * 1000

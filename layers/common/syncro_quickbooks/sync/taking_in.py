"""Taking in what Syncro's API says of things that no event has brought."""

from collections.abc import Mapping, Sequence

from syncro_quickbooks.clock import Clock, to_millis
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.storage.packing import TooLarge, pack
from syncro_quickbooks.storage.table import Condition, ConditionFailed, Put, Table, Update, Value, Write
from syncro_quickbooks.sync.intake import LISTED
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.model import RecordKey, Status
from syncro_quickbooks.sync.records import SCHEMA

FROM_API = -1
"""The version of a record that only the API has told of: older than any event's, which begin at 1."""

_AT_ONCE = 45  # two writes each; a transaction takes 100
_NEVER_BROUGHT = Condition("attribute_not_exists(#version) OR #version = :never", {":never": 0})


class TakingIn:
    """Stores snapshots of the API where nothing is known yet; what an event said is never overwritten."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def take_in(self, account_id: str, snapshots: Mapping[RecordKey, JsonObject]) -> None:
        """List them as known if intake does, and store those that are new. Nothing is sent for that alone."""
        keys = Keys(account_id)
        places = {key: keys.record(key) for key in snapshots}
        found = self._table.get_many(list(places.values()))
        unlisted = [key for key in snapshots if not _is_brought(found.get(places[key], {}).get("version"))]
        listed = [each for key in snapshots if key not in set(unlisted) for each in _listing(keys, key)]
        for start in range(0, len(listed), _AT_ONCE):
            self._table.transact(listed[start : start + _AT_ONCE])
        for start in range(0, len(unlisted), _AT_ONCE):
            self._store(keys, unlisted[start : start + _AT_ONCE], snapshots)

    def _store(self, keys: Keys, some: Sequence[RecordKey], snapshots: Mapping[RecordKey, JsonObject]) -> None:
        writes: dict[RecordKey, list[Write]] = {
            key: [self._record(keys, key, snapshots[key]), *_listing(keys, key)] for key in some
        }
        try:
            self._table.transact([write for pair in writes.values() for write in pair])
        except ConditionFailed:  # an event has brought one of them meanwhile
            for key, pair in writes.items():
                self._store_one(keys, key, pair)

    def _store_one(self, keys: Keys, key: RecordKey, writes: Sequence[Write]) -> None:
        try:
            self._table.transact(writes)
        except ConditionFailed:
            for listing in _listing(keys, key):
                self._table.write(listing)

    def _record(self, keys: Keys, key: RecordKey, snapshot: JsonObject) -> Update:
        change = (
            "SET #schema = :schema, #kind = :kind, #id = :id, #version = :version, #deleted = :no, #force = :none, "
            "#status = :dormant, #listed_in = :listing, "
            "#problems = :nothing, #changed_at = :now, #first_dirty_at = :never, "
            "#has_waiters = if_not_exists(#has_waiters, :no)"
        )
        values: dict[str, Value] = {
            ":schema": SCHEMA,
            ":kind": str(key.kind),
            ":id": key.id,
            ":version": FROM_API,
            ":no": False,
            ":none": "",
            ":dormant": str(Status.DORMANT),
            ":listing": keys.listing(Status.DORMANT),
            ":nothing": "[]",
            ":now": to_millis(self._clock.now()),
        }
        try:
            values[":snapshot"] = pack(snapshot)
            change += ", #desired = :snapshot"
        except TooLarge:
            change += " REMOVE #desired"
        return Update(keys.record(key), change, values, _NEVER_BROUGHT)


def _is_brought(version: Value) -> bool:
    return isinstance(version, int) and version != 0


def _listing(keys: Keys, key: RecordKey) -> list[Put]:
    return [Put({"pk": keys.known(key.kind), "sk": key.id, "schema": SCHEMA})] if key.kind in LISTED else []

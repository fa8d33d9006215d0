"""Records that need attention for a reason nobody at the customer can mend: after a repair of ours they may be retried.

They stand in the `due` index for as long as that is so, across all accounts; see `Store.conclusion`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from uuid import uuid4

from syncro_quickbooks.clock import Clock, to_millis
from syncro_quickbooks.storage.table import Condition, ConditionFailed, Key, Put, Table, Update, Value
from syncro_quickbooks.sync.accounts import Accounts, Edition
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.model import Kind, RecordKey, Status
from syncro_quickbooks.sync.records import record_from_item
from syncro_quickbooks.sync.store import TROUBLED, outbox_item
from syncro_quickbooks.sync.wake import SHARDS, Wakes

WORKED = frozenset({Status.SYNCED, Status.SYNCED_WITH_WARNING, Status.SKIPPED, Status.WAITING, Status.DORMANT})
"""A retried record that ends like this got past what had stopped it."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A record that may be tried again."""

    account_id: str
    key: RecordKey


class Troubles:
    """Finds such records and has them tried again."""

    def __init__(self, table: Table, accounts: Accounts, wakes: Wakes, clock: Clock) -> None:
        self._table = table
        self._accounts = accounts
        self._wakes = wakes
        self._clock = clock

    def longest_untried(self, edition: Edition, room: Callable[[str], int], most: int) -> list[Trouble]:
        """Up to `most` of those whose accounts may send, the one that was decided about longest ago first.

        Of each account of the edition not more than it has `room` for.
        """
        left: dict[str, int] = {}
        found: list[Trouble] = []
        for place in self._listed():
            account_id = place.pk.split("#")[1]  # acct#<account>#<kind>#<id>
            if account_id not in left:
                left[account_id] = room(account_id) if self._may_send(account_id, edition) else 0
            if left[account_id] > 0 and (key := self._parked(place)) is not None:
                found.append(Trouble(account_id, key))
                left[account_id] -= 1
            if len(found) == most:
                break
        return found

    def retry(self, trouble: Trouble) -> bool:
        """Put the record back into the outbox and wake its account. False if it moved on meanwhile."""
        keys, now = Keys(trouble.account_id), self._now()
        place = keys.record(trouble.key)
        record = record_from_item(trouble.key, self._table.get(place))
        parked = Condition(
            "#status = :parked AND #version = :version AND #force = :force",
            {":parked": str(Status.NEEDS_ATTENTION), ":version": record.version, ":force": record.force},
        )
        change = "SET #status = :pending, #listed_in = :listing, #changed_at = :now REMOVE #due_shard, #next_due"
        values: dict[str, Value] = {":pending": str(Status.PENDING), ":listing": keys.listing(Status.PENDING)}
        pending = Update(place, change, {**values, ":now": now}, parked)
        wake_id = uuid4().hex
        due = self._wakes.due_at(trouble.account_id, now, wake_id)  # should its answer or the wake-up be lost
        try:
            self._table.transact([pending, Put(outbox_item(keys, record, now)), due])
        except ConditionFailed:
            return False
        self._wakes.send(trouble.account_id, now, wake_id)
        return True

    def statuses(self, troubles: Sequence[Trouble]) -> list[Status]:
        """Where they stand now."""
        places = [Keys(each.account_id).record(each.key) for each in troubles]
        items = self._table.get_many(places)
        return [Status(str(items[place]["status"])) for place in places if place in items]

    def _listed(self) -> Iterator[Key]:
        """The places of all in the index, read no further than they are asked for."""
        shards = (self._table.each_due(f"{TROUBLED}#{shard}", self._now() + 1) for shard in range(SHARDS))
        return (each.key for each in merge(*shards, key=lambda each: each.next_due))

    def _parked(self, place: Key) -> RecordKey | None:
        """The record, if it still needs attention: the index is a hint, an event may have come since."""
        item = self._table.get(place)
        if item is None or item.get("status") != str(Status.NEEDS_ATTENTION):
            return None
        return RecordKey(Kind(str(item["kind"])), str(item["id"]))

    def _may_send(self, account_id: str, edition: Edition) -> bool:
        connection = self._accounts.connection(account_id)
        if connection is None or connection.edition is not edition:
            return False
        if self._accounts.posting_stopped(account_id, connection.edition) is not None:
            return False
        return self._accounts.health(connection).pause is None

    def _now(self) -> int:
        return to_millis(self._clock.now())

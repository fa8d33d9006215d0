"""What people look at: an account's records by status, one record with its history, the history of all of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from syncro_quickbooks.clock import from_millis
from syncro_quickbooks.storage.table import Item, Key, Listed, Table
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.model import Kind, Problem, RecordKey, Status
from syncro_quickbooks.sync.records import Record, View, problems_from_text, record_from_item, state_from_item

URGENT_FIRST = (
    Status.NEEDS_ATTENTION,
    Status.RETRYING,
    Status.WAITING,
    Status.PENDING,
    Status.SYNCED_WITH_WARNING,
    Status.SKIPPED,
    Status.SYNCED,
)
"""The order in which a whole account is listed. What is dormant has nothing to say and is listed only by itself."""

LONGEST_PAGE = 50
"""A record and its state each: as many as one BatchGetItem reads."""

_LOOKED_AT = 500  # places of the index a page looks at before it ends early, so that a rare kind costs no timeout
_HISTORY = 100  # of one record; older ones are in the account's history


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends: the next one begins behind it. `record` is the last one looked at, `at` when it changed (ms).

    `entry` names the entry of its history, for pages of the history.
    """

    record: RecordKey
    at: int
    status: Status | None = None
    entry: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of history: how a record stood from `at` on, and which action of whom made it so, if one did."""

    at: datetime
    record: RecordKey
    status: Status
    problems: tuple[Problem, ...]
    action: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How many records have a status, counted up to the most asked for, and the oldest of them."""

    count: int
    oldest: RecordKey | None = None
    since: datetime | None = None


class Listings:
    """Reads one account's records; `realm_id` is the connected company's, empty while there is none."""

    def __init__(self, table: Table, account_id: str, realm_id: str) -> None:
        self._table = table
        self._keys = Keys(account_id)
        self._realm_id = realm_id

    def view(self, key: RecordKey) -> View | None:
        """One record as it is now, None if Syncro has never sent it."""
        view = self._views([key])[key]
        return view if view.record.version else None

    def due(self, key: RecordKey) -> datetime | None:
        """When the record is looked at next; None if nothing is to be done for it."""
        entry = self._table.get(self._keys.outbox_entry(key))
        return from_millis(int(str(entry["due"]))) if entry else None

    def history(self, key: RecordKey) -> list[Entry]:
        """The newest entries of one record's history, the last first."""
        items = self._table.query(self._keys.history(key), newest_first=True, page=_HISTORY)
        return [_entry(key, item) for item in islice(items, _HISTORY)]

    def page(
        self, statuses: Sequence[Status], kind: Kind | None, after: Place | None, limit: int
    ) -> tuple[list[View], Place | None]:
        """At most `limit` records of these statuses (and kind), status by status, the last changed first.

        The second part is where the next page begins, None at the end. A page may be shorter although more follow.
        """
        found: list[tuple[Status, RecordKey]] = []
        last = after
        for looked_at, (status, place) in enumerate(self._places(statuses, after)):
            if len(found) == limit or looked_at == _LOOKED_AT:
                return self._still(found), last
            key = self._record_of(place.key)
            last = Place(key, place.changed_at, status)
            if kind in (None, key.kind):
                found.append((status, key))
        return self._still(found), None

    def standing(self, status: Status, most: int) -> Standing:
        """How many records have `status` and which has had it longest; counts no further than `most`."""
        listing = self._keys.listing(status)
        oldest = self._table.query_listed(listing, oldest_first=True, limit=1)
        if not oldest:
            return Standing(0)
        since = from_millis(oldest[0].changed_at)
        return Standing(self._table.count_listed(listing, most), self._record_of(oldest[0].key), since)

    def log(self, after: Place | None, limit: int) -> tuple[list[Entry], Place | None]:
        """At most `limit` entries of the history of all records, the last first, and where the next page begins."""
        behind = Listed(Key(self._keys.history(after.record), after.entry), after.at) if after else None
        places = self._table.query_listed(self._keys.log, after=behind, limit=limit)
        items = self._table.get_many([place.key for place in places])
        entries = [_entry(self._record_of(place.key), items[place.key]) for place in places if place.key in items]
        if len(places) < limit:
            return entries, None
        last = places[-1]
        return entries, Place(self._record_of(last.key), last.changed_at, entry=last.key.sk)

    def _places(self, statuses: Sequence[Status], after: Place | None) -> Iterator[tuple[Status, Listed]]:
        """The places of one status after the other, read as they are consumed, those behind `after`."""
        behind = Listed(self._keys.record(after.record), after.at) if after else None
        for status in statuses[statuses.index(after.status) if after and after.status else 0 :]:
            while True:
                read = self._table.query_listed(self._keys.listing(status), after=behind, limit=2 * LONGEST_PAGE)
                for place in read:
                    yield status, place
                if len(read) < 2 * LONGEST_PAGE:
                    break
                behind = read[-1]
            behind = None

    def _still(self, listed: Sequence[tuple[Status, RecordKey]]) -> list[View]:
        """The records that the index did not list too late."""
        views = self._views([key for _, key in listed])
        return [views[key] for status, key in listed if views[key].record.status is status]

    def _views(self, keys: Sequence[RecordKey]) -> dict[RecordKey, View]:
        records = {key: self._keys.record(key) for key in keys}
        states = {key: self._keys.realm_state(key, self._realm_id) for key in keys}
        items = self._table.get_many([*records.values(), *states.values()])
        return {
            key: View(record_from_item(key, items.get(records[key])), state_from_item(items.get(states[key])))
            for key in keys
        }

    def _record_of(self, place: Key) -> RecordKey:
        """Whose item it is: a record's own, or one of its history."""
        own = place.pk.removeprefix(f"acct#{self._keys.account_id}#").removeprefix("history#")
        return RecordKey.parse(own)


def shown_status(view: View) -> Status:
    """The status as people see it: a record that is being sent right now says so."""
    sending = view.state.attempt is not None and view.record.status in (Status.PENDING, Status.RETRYING)
    return Status.SENDING if sending else view.record.status


def label(record: Record) -> str:
    """What people call the thing: an invoice by its number, a customer by its name; empty if it has neither."""
    desired = record.desired or {}
    invoice = desired.get("invoice")  # an invoice's snapshot has its tax rates beside it
    thing = invoice if isinstance(invoice, dict) else desired
    names = (thing.get(name) for name in ("number", "business_then_name", "name", "ref_num"))
    return next((str(name) for name in names if name), "")


def _entry(key: RecordKey, item: Item) -> Entry:
    return Entry(
        at=from_millis(int(str(item["sk"]).partition("#")[0])),
        record=key,
        status=Status(str(item["status"])),
        problems=problems_from_text(str(item["problems"])),
        action=str(item.get("action", "")),
        user=str(item.get("user", "")),
    )

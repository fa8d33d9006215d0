"""What the nightly comparison wants to know of a company file, and what sessions have read of it.

The comparison asks (`want`), sessions read, and the one that reads the last of it makes the account due again. What a
session had read when it broke off counts for nothing: the next one reads into pages of its own.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from syncro_quickbooks.clock import Clock, from_millis, to_millis
from syncro_quickbooks.desktop.qbxml.reading import text
from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.storage.packing import pack, unpack
from syncro_quickbooks.storage.table import Condition, ConditionFailed, Delete, Item, Key, Put, Table, Update, Value
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.nights import Nights
from syncro_quickbooks.sync.records import SCHEMA

MOST_ROWS = 1_000
"""Of each kind in a page: with its memo a row has about 400 bytes, so three kinds stay below 1.5 MB."""

FEWEST_ROWS = 50
GOOD_FOR = timedelta(hours=12)
"""A reading that is older says too little of today: it begins anew."""

_KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of the documents dated `since` or later, all as of `read_at`; both are None until it has begun.

    `number` tells it from others. `pages` names the pages that count. `missing` are documents (entity, TxnID) that were
    not among these and are asked for by id. `rows` is how many of a kind a page may have, `broken` says that a session
    has begun to read and not ended, `refusals` how many were refused an answer, `used` that it has been compared.
    """

    number: int
    rows: int
    since: date | None = None
    read_at: datetime | None = None
    pages: str = ""
    missing: tuple[tuple[str, str], ...] = ()
    complete: bool = False
    broken: bool = False
    refusals: int = 0
    used: bool = False


class Readings:
    """The readings of one account's company file; the newest is kept."""

    def __init__(self, table: Table, clock: Clock, account_id: str, realm_id: str) -> None:
        self._table = table
        self._clock = clock
        self._account_id = account_id
        self._partition = Keys(account_id).night(realm_id)
        self._place = Key(self._partition, "reading")
        self._nights = Nights(table, clock)

    def newest(self) -> Reading | None:
        """The newest reading, None if there is none that is good for anything."""
        item = self._table.get(self._place)
        reading = _from_item(item) if item else None
        if reading is not None and reading.used:
            return None
        if reading is None or reading.read_at is None or self._clock.now() - reading.read_at < GOOD_FOR:
            return reading
        # One that was left half way begins anew; a complete one is over.
        return None if reading.complete else replace(reading, since=None, read_at=None, missing=())

    def wanted(self) -> Reading | None:
        """The reading that sessions are to do, or to go on with."""
        reading = self.newest()
        return None if reading is None or reading.complete else reading

    def want(self) -> None:
        """Have the next session read. The account is due no more: the session that is through makes it so."""
        over = Condition("attribute_not_exists(#pk) OR #complete = :yes", {":yes": True})
        self._ask(Put(self._item(Reading(to_millis(self._clock.now()), MOST_ROWS)), over))

    def want_also(self, reading: Reading, missing: Sequence[tuple[str, str]]) -> None:
        """Have the next session ask for these documents, too."""
        same = Condition("#number = :number AND #complete = :yes", {":number": reading.number, ":yes": True})
        self._ask(Put(self._item(replace(reading, missing=tuple(missing), complete=False)), same))

    def use(self, reading: Reading) -> None:
        """It is compared now, and not once more: the next comparison wants to know what is then."""
        same = Condition("#number = :number AND #complete = :yes", {":number": reading.number, ":yes": True})
        with suppress(ConditionFailed):
            self._table.write(Put(self._item(replace(reading, used=True)), same))

    def still_wanted(self) -> None:
        """It is asked for already: no more has to be arranged than that the account is not due meanwhile."""
        incomplete = Condition("#complete = :no", {":no": False})
        self._ask(Update(self._place, "SET #complete = :no", {":no": False}, incomplete))

    def begin(self, reading: Reading, pages: str, since: date) -> Reading:
        """A session begins to read, into pages of its own: smaller ones if the last session did not come to the end,
        for an answer may have been too large for the line."""
        rows = max(FEWEST_ROWS, reading.rows // 2) if reading.broken else reading.rows
        begun = replace(reading, since=since, read_at=self._clock.now(), pages=pages, rows=rows, broken=True)
        self._table.write(Put(self._item(begun)))
        return begun

    def save(self, reading: Reading) -> None:
        """Store how far it has come, unless another session has begun to read meanwhile."""
        with suppress(ConditionFailed):
            self._table.write(Put(self._item(reading), _same(reading)))

    def keep(self, reading: Reading, page: str, rows: Sequence[tuple[str, JsonObject]]) -> None:
        """Keep a page of it: documents with their entity. The same page again replaces it."""
        entries: list[Json] = [[entity, row] for entity, row in rows]
        self._table.write(
            Put(
                {
                    "pk": self._partition,
                    "sk": f"page#{reading.pages}#{page}",
                    "schema": SCHEMA,
                    "rows": pack(entries),
                    "ttl": int((self._clock.now() + _KEPT).timestamp()),
                }
            )
        )

    def end(self, reading: Reading) -> None:
        """All of it is there: the account is due now. Not if another session has begun to read meanwhile."""
        ended = Put(self._item(replace(reading, complete=True, broken=False, refusals=0)), _same(reading))
        with suppress(ConditionFailed):
            self._table.transact([ended, self._nights.at_once(self._account_id)])

    def give_up(self) -> None:
        """It cannot be read: the coming night is early enough to try it again."""
        self._table.transact([Delete(self._place), self._nights.next_night(self._account_id)])

    def rows_of(self, reading: Reading) -> Iterator[tuple[str, JsonObject]]:
        """The documents of a complete reading, with their entities."""
        for item in self._table.query(self._partition, prefix=f"page#{reading.pages}#"):
            entries = unpack(item["rows"])
            for entry in entries if isinstance(entries, list) else []:
                if isinstance(entry, list) and isinstance(entry[1], dict):
                    yield str(entry[0]), entry[1]

    def _ask(self, change: Put | Update) -> None:
        """With the account due no more. If a session was faster the next look at the account sees what it has read."""
        with suppress(ConditionFailed):
            self._table.transact([change, self._nights.not_due(self._account_id)])

    def _item(self, reading: Reading) -> Item:
        missing: list[Json] = [list(place) for place in reading.missing]
        return {
            "pk": self._place.pk,
            "sk": self._place.sk,
            "schema": SCHEMA,
            "number": reading.number,
            "since": reading.since.isoformat() if reading.since else "",
            "read_at": to_millis(reading.read_at) if reading.read_at else 0,
            "pages": reading.pages,
            "missing": pack(missing),
            "complete": reading.complete,
            "rows": reading.rows,
            "broken": reading.broken,
            "refusals": reading.refusals,
            "used": reading.used,
        }


def _from_item(item: Item) -> Reading:
    stored, since, read_at = unpack(item["missing"]), str(item["since"]), int(str(item["read_at"]))
    places = stored if isinstance(stored, list) else []
    return Reading(
        number=int(str(item["number"])),
        since=date.fromisoformat(since) if since else None,
        read_at=from_millis(read_at) if read_at else None,
        pages=str(item["pages"]),
        missing=tuple((str(place[0]), str(place[1])) for place in places if isinstance(place, list)),
        complete=bool(item["complete"]),
        rows=int(str(item["rows"])),
        broken=bool(item["broken"]),
        refusals=int(str(item["refusals"])),
        used=bool(item["used"]),
    )


def _same(reading: Reading) -> Condition:
    """It is still to be read, and by nobody else."""
    values: dict[str, Value] = {":number": reading.number, ":pages": reading.pages, ":no": False}
    return Condition("#number = :number AND #pages = :pages AND #complete = :no", values)


def place_of(entity: str, row: JsonObject) -> tuple[str, str]:
    """Where a document that was read stands in QuickBooks."""
    return entity, text(row, "TxnID")

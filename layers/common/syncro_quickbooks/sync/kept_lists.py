"""Where QuickBooks' lists come from and are kept."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import uuid4

from syncro_quickbooks.clock import Clock, from_millis, to_millis
from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.storage.packing import pack, unpack
from syncro_quickbooks.storage.table import Delete, Item, Key, Put, Table
from syncro_quickbooks.sync.accounts import Connection
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.pick_lists import Entry, PickList
from syncro_quickbooks.sync.records import SCHEMA

READ_ON_WITHIN = timedelta(minutes=30)
"""How long a reading that was put off may be gone on with; later it begins anew."""


class ListSource(Protocol):
    """Where an edition's lists come from."""

    @property
    def names(self) -> Sequence[str]:
        """The lists there are."""
        ...

    def kept(self, connection: Connection, name: str) -> PickList | None:
        """The list as it was last read of the connected company, None if it never was."""
        ...

    def read(self, connection: Connection, name: str) -> PickList:
        """The list as QuickBooks has it now, or the kept one where QuickBooks cannot be asked at will.

        Raises ListsUnavailable.
        """
        ...


class KeptLists:
    """Lists in the table, by company; a list of any length is replaced as a whole."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def get(self, connection: Connection, name: str) -> PickList | None:
        """The list as it was last kept; None if it never was, or is just being replaced."""
        place = _place(connection)
        head = self._table.get(Key(place, name))
        if head is None:
            return None
        keys = [Key(place, _page(name, str(head["reading"]), number)) for number in range(int(str(head["pages"])))]
        pages = self._table.get_many(keys)
        if len(pages) < len(keys):
            return None
        entries = [Entry.from_json(row) for key in keys for row in _rows(pages[key])]
        return PickList(name, entries, from_millis(int(str(head["read_at"]))))

    def reading(self, connection: Connection, name: str) -> "ListReading":
        """A reading of the list: the one that was put off a while ago, else a new one."""
        place = _place(connection)
        begun = self._table.get(Key(place, f"begun#{name}"))
        oldest = to_millis(self._clock.now() - READ_ON_WITHIN)
        if begun is None or int(str(begun["begun_at"])) < oldest:
            return ListReading(self._table, place, name, uuid4().hex, self._clock.now())
        return ListReading(
            self._table,
            place,
            name,
            str(begun["reading"]),
            from_millis(int(str(begun["begun_at"]))),
            pages=int(str(begun["pages"])),
            last=str(begun["last"]),
        )


class ListReading:
    """One reading of a list, page by page. Readers of the list see the old one until `finish`."""

    def __init__(
        self, table: Table, place: str, name: str, reading: str, begun_at: datetime, *, pages: int = 0, last: str = ""
    ) -> None:
        self._table = table
        self._place = place
        self._name = name
        self._reading = reading
        self._begun_at = begun_at
        self._pages = pages
        self.last = last
        """What the source named as the place to read on from, empty at the start."""

    def add(self, entries: Sequence[Entry], last: str = "") -> None:
        """Keep the next page, of at most 1,000 entries; `last` is where the next one begins."""
        rows: list[Json] = [entry.to_json() for entry in entries]
        sk = _page(self._name, self._reading, self._pages)
        self._table.write(Put({"pk": self._place, "sk": sk, "schema": SCHEMA, "entries": pack(rows)}))
        self._pages += 1
        self.last = last

    def put_off(self) -> None:
        """Let somebody read on later from where this ends, if there is anything to go on from."""
        if not self.last:
            return
        begun: Item = {"pk": self._place, "sk": f"begun#{self._name}", "schema": SCHEMA, "reading": self._reading}
        begun |= {"pages": self._pages, "last": self.last, "begun_at": to_millis(self._begun_at)}
        self._table.write(Put(begun))

    def finish(self) -> None:
        """What was read is the list from now on; what was kept before goes."""
        head: Item = {"pk": self._place, "sk": self._name, "schema": SCHEMA, "reading": self._reading}
        self._table.write(Put({**head, "pages": self._pages, "read_at": to_millis(self._begun_at)}))
        current = _page(self._name, self._reading, 0).rpartition("#")[0]
        old = [item for item in self._table.query(self._place, prefix=f"{self._name}#") if not _is_of(item, current)]
        for key in (*(str(item["sk"]) for item in old), f"begun#{self._name}"):
            self._table.write(Delete(Key(self._place, key)))


def _place(connection: Connection) -> str:
    return Keys(connection.account_id).lists(connection.realm_id)


def _page(name: str, reading: str, number: int) -> str:
    return f"{name}#{reading}#{number:05d}"


def _is_of(page: Item, reading: str) -> bool:
    return str(page["sk"]).startswith(reading)


def _rows(page: Item) -> list[JsonObject]:
    rows = unpack(page["entries"])
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []

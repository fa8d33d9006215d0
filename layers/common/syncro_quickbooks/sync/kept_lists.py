"""Where QuickBooks' lists come from and are kept."""

from collections.abc import Sequence
from typing import Protocol
from uuid import uuid4

from syncro_quickbooks.clock import Clock, from_millis, to_millis
from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.storage.packing import pack, unpack
from syncro_quickbooks.storage.table import Delete, Item, Key, Put, Table
from syncro_quickbooks.sync.accounts import Connection
from syncro_quickbooks.sync.pick_lists import Entry, PickList
from syncro_quickbooks.sync.records import SCHEMA, Keys

_ENTRIES_AN_ITEM = 1_000  # names of 500 characters (five levels of 100) still fit when they do not compress at all


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

    def get(self, account_id: str, realm_id: str, name: str) -> PickList | None:
        """The list as it was last kept; None if it never was, or is just being replaced."""
        place = Keys(account_id).lists(realm_id)
        head = self._table.get(Key(place, name))
        if head is None:
            return None
        keys = [Key(place, _page_name(name, str(head["reading"]), number)) for number in range(int(str(head["pages"])))]
        pages = self._table.get_many(keys)
        if len(pages) < len(keys):
            return None
        entries = [Entry.from_json(row) for key in keys for row in _rows(pages[key])]
        return PickList(name, entries, from_millis(int(str(head["read_at"]))))

    def keep(self, account_id: str, realm_id: str, name: str, entries: Sequence[Entry]) -> PickList:
        """Replace the list by what was just read. Readers see the old one or the new one."""
        place, reading, now = Keys(account_id).lists(realm_id), uuid4().hex, self._clock.now()
        starts = range(0, len(entries), _ENTRIES_AN_ITEM)
        for number, start in enumerate(starts):
            rows: list[Json] = [entry.to_json() for entry in entries[start : start + _ENTRIES_AN_ITEM]]
            page: Item = {"pk": place, "sk": _page_name(name, reading, number), "schema": SCHEMA, "entries": pack(rows)}
            self._table.write(Put(page))
        head: Item = {"pk": place, "sk": name, "schema": SCHEMA, "reading": reading, "pages": len(starts)}
        self._table.write(Put({**head, "read_at": to_millis(now)}))
        current = _page_name(name, reading, 0).rpartition("#")[0]
        for old in self._table.query(place, prefix=f"{name}#"):
            if not str(old["sk"]).startswith(current):
                self._table.write(Delete(Key(place, str(old["sk"]))))
        return PickList(name, entries, now)


def _page_name(name: str, reading: str, number: int) -> str:
    return f"{name}#{reading}#{number:05d}"


def _rows(page: Item) -> list[JsonObject]:
    rows = unpack(page["entries"])
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []

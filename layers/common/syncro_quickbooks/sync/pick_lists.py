"""QuickBooks' lists that settings are chosen from, as they were last read, whichever edition they are of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import uuid4

from syncro_quickbooks.clock import Clock, from_millis, to_millis
from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.storage.packing import pack, unpack
from syncro_quickbooks.storage.table import Delete, Item, Key, Put, Table
from syncro_quickbooks.sync.accounts import Connection
from syncro_quickbooks.sync.model import Problem
from syncro_quickbooks.sync.records import SCHEMA, Keys
from syncro_quickbooks.sync.settings import fold

_ENTRIES_AN_ITEM = 1_000  # names of 500 characters (five levels of 100) still fit when they do not compress at all


@dataclass(frozen=True, slots=True)
class Rate:
    """One rate that a tax code charges on sales."""

    name: str
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of one of QuickBooks' lists. `name` is the full name, `kind` says which list or type it is of.

    Accounts have a `subtype`; items the `account` they are sold into and whether they can be `bought`; tax codes their
    `rates`. What an edition does not tell is empty.
    """

    id: str
    name: str
    kind: str
    subtype: str = ""
    account: str = ""
    bought: bool = False
    rates: tuple[Rate, ...] = ()

    def to_json(self) -> JsonObject:
        """The entry as it is stored and shown; what is empty is left out."""
        shown: JsonObject = {"id": self.id, "name": self.name, "kind": self.kind}
        if self.subtype:
            shown["subtype"] = self.subtype
        if self.account:
            shown |= {"account": self.account, "bought": self.bought}
        if self.rates:
            shown["rates"] = [{"name": rate.name, "percent": str(rate.percent)} for rate in self.rates]
        return shown

    @classmethod
    def from_json(cls, stored: Mapping[str, Json]) -> "Entry":
        """The entry that `to_json` wrote."""
        rates = stored.get("rates")
        return cls(
            id=str(stored["id"]),
            name=str(stored["name"]),
            kind=str(stored["kind"]),
            subtype=str(stored.get("subtype", "")),
            account=str(stored.get("account", "")),
            bought=stored.get("bought") is True,
            rates=tuple(
                Rate(str(rate["name"]), Decimal(str(rate["percent"])))
                for rate in (rates if isinstance(rates, list) else [])
                if isinstance(rate, dict)
            ),
        )


@dataclass(frozen=True, slots=True)
class PickList:
    """A list as it was at `read_at`, in order of name; without a time it is going to be read anew.

    `problem` tells why it is not the newest, if somebody asked for that.
    """

    name: str
    entries: Sequence[Entry]
    read_at: datetime | None
    problem: Problem | None = None
    by_id: Mapping[str, Entry] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "entries", tuple(sorted(self.entries, key=_place)))
        object.__setattr__(self, "by_id", {entry.id: entry for entry in self.entries})


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries of a list; `cursor` asks for those behind them, None at the end. `total` counts all that fit."""

    entries: Sequence[Entry]
    total: int
    cursor: str | None


def page_of(entries: Sequence[Entry], query: str, cursor: str, size: int) -> Page:
    """The next `size` of the `entries` whose name holds `query`, behind the one that `cursor` names.

    The cursor says a place in the order of names, so it stays good when the list is read anew in between.
    """
    wanted = fold(query)
    fitting = [entry for entry in entries if wanted in fold(entry.name)]
    name, _, entry_id = cursor.rpartition("/")
    rest = [entry for entry in fitting if not cursor or _place(entry) > (name, entry_id)]
    shown = rest[:size]
    more = "/".join(_place(shown[-1])) if len(rest) > size else None
    return Page(shown, len(fitting), more)


def _place(entry: Entry) -> tuple[str, str]:
    return fold(entry.name), entry.id


class ListsUnavailable(Exception):
    """A list cannot be read now; `problem` says why and what to do."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.code}: {problem.message}")
        self.problem = problem


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

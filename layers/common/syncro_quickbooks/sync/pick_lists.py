"""QuickBooks' lists that settings are chosen from, as they were last read, whichever edition they are of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.sync.model import Problem
from syncro_quickbooks.sync.settings import fold


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

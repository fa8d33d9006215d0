"""What is known of an account's company file: edition, preferences, and the lists that settings are chosen from."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from syncro_quickbooks import exact_json
from syncro_quickbooks.clock import from_millis, to_millis
from syncro_quickbooks.desktop.qbxml.reading import Reply, read_answer, section, text
from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.sync.pick_lists import Entry
from syncro_quickbooks.sync.settings import fold

OUR_VERSION = (13, 0)
"""What we write; for our requests 13.0 (QuickBooks 2014) and 16.0 are the same (facts: QBD 2.1)."""

OLDEST_VERSION = (6, 0)
"""IsToBeEmailed and the fifth address line are that old."""

SERVED = "US"
"""Canada and the United Kingdom have other requests: no ItemSalesTaxRef, tax codes per line (facts: QBD 2.1)."""


@dataclass(frozen=True, slots=True)
class Company:
    """A company file. Codes are references; `lists_read_at` is None until all lists were read once."""

    name: str = ""
    country: str = ""
    versions: tuple[str, ...] = ()
    sales_tax: bool = False
    taxable_code: JsonObject = field(default_factory=dict)
    untaxed_code: JsonObject = field(default_factory=dict)
    closing_date: date | None = None
    multi_currency: bool = False
    lists: Mapping[str, Sequence[Entry]] = field(default_factory=dict)
    lists_read_at: datetime | None = None

    @property
    def version(self) -> str:
        """The qbXML version to write, empty if QuickBooks knows none that we can."""
        spoken = [number for number in map(_number, self.versions) if OLDEST_VERSION <= number <= OUR_VERSION]
        return "{}.{}".format(*max(spoken)) if spoken else ""

    @property
    def served(self) -> bool:
        """Whether it is the edition we serve."""
        return self.country == SERVED

    @property
    def fingerprint(self) -> str:
        """Changes with everything that records are decided by."""
        said = {key: value for key, value in self.to_json().items() if key != "lists_read_at"}
        return hashlib.sha256(exact_json.canonical(said).encode()).hexdigest()

    def item(self, name: str | None) -> str | None:
        """The id of the item that has this name, whatever its case; None if there is none."""
        wanted = fold(name or "")
        return next((item.id for item in self.lists.get("items", ()) if wanted and fold(item.name) == wanted), None)

    def with_lists_of(self, other: "Company") -> "Company":
        """This description with the lists that were read before."""
        return replace(self, lists=other.lists, lists_read_at=other.lists_read_at)

    def to_json(self) -> JsonObject:
        """The company as it is stored, and as the console shows its lists."""
        lists: JsonObject = {name: [entry.to_json() for entry in entries] for name, entries in self.lists.items()}
        return {
            "name": self.name,
            "country": self.country,
            "versions": list(self.versions),
            "sales_tax": self.sales_tax,
            "taxable_code": self.taxable_code,
            "untaxed_code": self.untaxed_code,
            "closing_date": self.closing_date.isoformat() if self.closing_date else None,
            "multi_currency": self.multi_currency,
            "lists": lists,
            "lists_read_at": to_millis(self.lists_read_at) if self.lists_read_at else None,
        }

    @classmethod
    def from_json(cls, stored: JsonObject) -> "Company":
        """The company that `to_json` wrote."""
        closing, read_at = stored["closing_date"], stored["lists_read_at"]
        versions = stored["versions"]
        return cls(
            name=str(stored["name"]),
            country=str(stored["country"]),
            versions=tuple(map(str, versions)) if isinstance(versions, list) else (),
            sales_tax=bool(stored["sales_tax"]),
            taxable_code=section(stored, "taxable_code"),
            untaxed_code=section(stored, "untaxed_code"),
            closing_date=date.fromisoformat(closing) if isinstance(closing, str) else None,
            multi_currency=bool(stored["multi_currency"]),
            lists={name: tuple(_entries(rows)) for name, rows in section(stored, "lists").items()},
            lists_read_at=from_millis(read_at) if isinstance(read_at, int) else None,
        )


def read_company(described: str) -> Company:
    """The company that the Web Connector describes in a session's first call. Raises Unreadable.

    What is missing is read as switched off: without sales tax QuickBooks leaves its preferences out (captured).
    """
    replies = {reply.name: reply for reply in read_answer(described).replies}
    host, company = _ret(replies, "HostQuery"), _ret(replies, "CompanyQuery")
    preferences = _ret(replies, "PreferencesQuery")
    sales_tax = section(preferences, "SalesTaxPreferences")
    return Company(
        name=text(company, "CompanyName"),
        country=text(host, "Country").strip().upper(),
        versions=_texts(host.get("SupportedQBXMLVersion")),
        sales_tax=bool(sales_tax),
        taxable_code=_code(section(sales_tax, "DefaultTaxableSalesTaxCodeRef"), "Tax"),
        untaxed_code=_code(section(sales_tax, "DefaultNonTaxableSalesTaxCodeRef"), "Non"),
        closing_date=_date(text(preferences, "AccountingPreferences", "ClosingDate")),
        multi_currency=text(preferences, "MultiCurrencyPreferences", "IsMultiCurrencyOn").lower() in ("true", "1"),
    )


def _ret(replies: Mapping[str, Reply], name: str) -> JsonObject:
    reply = replies.get(name)
    return (reply.object if reply else None) or {}


def _texts(value: Json) -> tuple[str, ...]:
    found = value if isinstance(value, list) else [value]
    return tuple(each.strip() for each in found if isinstance(each, str))


def _code(reference: JsonObject, usual: str) -> JsonObject:
    """By id; a company that does not say which code it uses has those it began with."""
    list_id = text(reference, "ListID")
    return {"ListID": list_id} if list_id else {"FullName": text(reference, "FullName") or usual}


def _date(written: str) -> date | None:
    try:
        return date.fromisoformat(written[:10]) if written else None
    except ValueError:
        return None


def _number(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    return (int(major), int(minor)) if major.isdecimal() and minor.isdecimal() else (0, 0)


def _entries(rows: Json) -> list[Entry]:
    found = rows if isinstance(rows, list) else []
    return [Entry.from_json(row) for row in found if isinstance(row, dict)]

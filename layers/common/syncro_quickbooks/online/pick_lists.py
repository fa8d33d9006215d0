"""Reads the lists that settings are chosen from: paged queries, kept in the table until somebody wants newer ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TypeAlias

from syncro_quickbooks.clock import Clock
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.client import PAGE, Client
from syncro_quickbooks.online.faults import (
    AccountBlocked,
    QuickBooksError,
    ReadAllowanceExhausted,
    Reconnect,
    RequestRefused,
)
from syncro_quickbooks.online.mapping import bodies
from syncro_quickbooks.online.read_budget import ReadPurpose
from syncro_quickbooks.online.tokens import ConnectionKey
from syncro_quickbooks.sync.accounts import Connection
from syncro_quickbooks.sync.kept_lists import KeptLists, ListReading
from syncro_quickbooks.sync.model import Problem, Who
from syncro_quickbooks.sync.pick_lists import Entry, ListsUnavailable, PickList, Rate

US_LINE_CODES = ("TAX", "NON")
"""What US lines carry instead of a tax code's id (facts: QBO 1.7)."""

SALES, PURCHASES_ONLY, NO_RATES, LINE_CODE = "Sales", "Purchases only", "Without rates", "US line code"
"""The kinds of tax codes: what they charge where. Agencies have the first two as well."""

TIME_FOR_A_READING = timedelta(seconds=10)
"""A page takes a second or two, and API Gateway waits 29 s; a longer list is read in several goes."""

_NOT_IN_THE_PLAN = "5020"  # facts: QBO 2.7

Row: TypeAlias = JsonObject


@dataclass(frozen=True, slots=True)
class _Reading:
    """How a list is read: its entity, and an entry of each row."""

    entity: str
    entry: Callable[[Row], Entry]


def _account(row: Row) -> Entry:
    return Entry(_id(row), _name(row), bodies.text(row, "AccountType"), subtype=bodies.text(row, "AccountSubType"))


def _item(row: Row) -> Entry:
    account = bodies.ref_value(row, "IncomeAccountRef")
    bought = bool(bodies.ref_value(row, "ExpenseAccountRef"))
    return Entry(_id(row), _name(row), bodies.text(row, "Type"), account=account, bought=bought)


def _plain(row: Row) -> Entry:
    return Entry(_id(row), _name(row), bodies.text(row, "Type"))


def _agency(row: Row) -> Entry:
    kind = PURCHASES_ONLY if row.get("TaxTrackedOnSales") is False else SALES
    return Entry(_id(row), bodies.text(row, "DisplayName"), kind)


_READINGS: Mapping[str, _Reading] = {
    "accounts": _Reading("Account", _account),
    "items": _Reading("Item", _item),
    "tax_agencies": _Reading("TaxAgency", _agency),
    "payment_methods": _Reading("PaymentMethod", _plain),
    "terms": _Reading("Term", _plain),
    "classes": _Reading("Class", _plain),
    "departments": _Reading("Department", _plain),
}


class OnlineLists:
    """The lists of QuickBooks Online companies."""

    names: Sequence[str] = (*_READINGS, "tax_codes")

    def __init__(self, kept: KeptLists, clock: Clock, client_for: Callable[[ConnectionKey], Client]) -> None:
        self._kept = kept
        self._clock = clock
        self._client_for = client_for

    def kept(self, connection: Connection, name: str) -> PickList | None:
        """The list as it was last read."""
        return self._kept.get(connection, name)

    def read(self, connection: Connection, name: str) -> PickList:
        """The list as QuickBooks has it now: a metered read for every 1,000 entries.

        Raises ListsUnavailable, for a list that takes too long at once as well: asked again, it is read on.
        """
        client = self._client_for(ConnectionKey(connection.account_id, connection.realm_id))
        reading = self._kept.reading(connection, name)
        try:
            if name == "tax_codes":
                _in_pages(reading, _tax_codes(client))
            else:
                self._read(client, name, reading)
        except QuickBooksError as error:
            reading.put_off()
            raise ListsUnavailable(out_of_reach(error)) from error
        reading.finish()
        kept = self._kept.get(connection, name)
        if kept is None:  # somebody else finished reading it at this very moment
            raise ListsUnavailable(_takes_long(name))
        return kept

    def _read(self, client: Client, name: str, reading: ListReading) -> None:
        how, until = _READINGS[name], self._clock.now() + TIME_FOR_A_READING
        try:
            while rows := client.page(how.entity, "", reading.last, ReadPurpose.USER):
                reading.add([how.entry(row) for row in rows], last=_id(rows[-1]))
                if len(rows) < PAGE:
                    return
                if self._clock.now() >= until:
                    reading.put_off()
                    raise ListsUnavailable(_takes_long(name))
        except RequestRefused as refused:
            # A plan without classes or locations has no entries, which is nothing to wait for.
            if not any(fault.code == _NOT_IN_THE_PLAN for fault in refused.faults):
                raise


def _in_pages(reading: ListReading, entries: Sequence[Entry]) -> None:
    for start in range(0, len(entries), PAGE):
        reading.add(entries[start : start + PAGE])


def _takes_long(name: str) -> Problem:
    return Problem(
        "list_takes_long",
        f"QuickBooks' list of {name} is long and was not read to its end yet. Nothing was changed.",
        "Try again: it is read on from where it ended.",
        who=Who.NOBODY,
    )


def _tax_codes(client: Client) -> list[Entry]:
    """Tax codes with what they charge on sales, which stands with the rates (facts: QBO 1.7)."""
    rows = client.query_all("TaxCode", "", ReadPurpose.USER)
    rates = {_id(row): row for row in client.query_all("TaxRate", "", ReadPurpose.USER)}
    return [_tax_code(row, rates) for row in rows if row.get("Hidden") is not True]


def _tax_code(row: Row, known: Mapping[str, Row]) -> Entry:
    rates = tuple(_rate(rate_id, known) for rate_id in _rate_ids(row, "SalesTaxRateList"))
    if _id(row) in US_LINE_CODES or _name(row) in (*US_LINE_CODES, "CustomSalesTax"):
        kind = LINE_CODE
    elif rates:
        kind = SALES
    else:
        kind = PURCHASES_ONLY if _rate_ids(row, "PurchaseTaxRateList") else NO_RATES
    return Entry(_id(row), _name(row), kind, rates=rates)


def _rate_ids(code: Row, which: str) -> list[str]:
    details = bodies.objects(bodies.section(code, which), "TaxRateDetail")
    return [bodies.ref_value(detail, "TaxRateRef") for detail in details]


def _rate(rate_id: str, known: Mapping[str, Row]) -> Rate:
    """A rate that queries do not show counts as -1 %, so that it is never taken for 0 %."""
    row = known.get(rate_id, {})
    percent = bodies.amount(row, "RateValue")
    return Rate(bodies.text(row, "Name") or f"rate {rate_id}", Decimal(-1) if percent is None else percent)


def _id(row: Row) -> str:
    return bodies.text(row, "Id")


def _name(row: Row) -> str:
    return bodies.text(row, "FullyQualifiedName") or bodies.text(row, "Name")


def out_of_reach(error: QuickBooksError) -> Problem:
    """Why QuickBooks cannot be asked now, and what to do."""
    if isinstance(error, Reconnect | AccountBlocked):
        return error.problem
    if isinstance(error, ReadAllowanceExhausted):
        return Problem(
            "read_allowance_exhausted",
            "This month's allowance of reads from QuickBooks is used up, so its lists cannot be read now.",
            "Nothing was changed. Try again later; sending to QuickBooks goes on.",
            who=Who.SUPPORT,
        )
    return Problem(
        "quickbooks_unavailable",
        f"QuickBooks cannot be asked now: {error}",
        "Nothing was changed. Try again in a few minutes.",
        who=Who.NOBODY,
    )

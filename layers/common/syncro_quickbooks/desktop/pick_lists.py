"""The lists that settings are chosen from: read in an account's first session, then once a day (facts: QBD 2.5)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from syncro_quickbooks.desktop.company import Company
from syncro_quickbooks.desktop.qbxml.reading import Answer, Reply, text
from syncro_quickbooks.desktop.qbxml.writing import GO_ON, Request, message_set, written
from syncro_quickbooks.desktop.work import Memory
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.storage.packing import pack, unpack
from syncro_quickbooks.storage.table import Delete, Item, Key, Put, Table
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.pick_lists import Entry
from syncro_quickbooks.sync.records import SCHEMA

READ_EVERY = timedelta(hours=24)

_ITEMS_AT_ONCE = 1_000
_MOST_ITEMS = 20_000
_QUERIES = {
    "accounts": "AccountQuery",
    "sales_tax_items": "ItemSalesTaxQuery",
    "sales_tax_codes": "SalesTaxCodeQuery",
    "terms": "TermsQuery",
    "payment_methods": "PaymentMethodQuery",
    "items": "ItemQuery",
}
_KEPT = ("ListID", "Name", "FullName", "AccountType", "TaxRate", "PaymentMethodType")
"""IncludeRetElement keeps the answers small; the query of each list knows only some of them."""

_KINDS = ("AccountType", "TaxRate", "PaymentMethodType")


class PickLists:
    """Reads the lists, page by page; a session that breaks off begins anew."""

    def __init__(self, table: Table, account_id: str, realm_id: str, memory: Memory) -> None:
        self._table = table
        self._pages = Keys(account_id).lists(realm_id)
        self._memory = memory

    def request(self, company: Company) -> str:
        """The next question: all lists, or the next page of the items."""
        iterator = self._memory.text("iterator")
        names = ["items"] if iterator else list(_QUERIES)
        texts = [written(_query(name, iterator), name) for name in names]
        return message_set(texts, company.version, on_error=GO_ON)

    def take(self, answer: Answer, company: Company) -> Company | None:
        """Keep what came. Returns the company with its lists once the last page is there."""
        if not self._memory.text("iterator"):
            self._memory.stored["page"] = 0
        for reply in answer.replies:
            self._keep(reply)
        items = next((reply for reply in answer.replies if reply.request_id == "items"), None)
        if items is not None and items.done and items.remaining and items.iterator_id:
            self._memory.stored["iterator"] = items.iterator_id
            return None
        self._memory.stored["iterator"] = ""
        return replace(company, lists=self._collected())

    def _keep(self, reply: Reply) -> None:
        page = self._memory.add("page")
        entries = [entry.to_json() for entry in _entries(reply)]
        place = Key(self._pages, f"{reply.request_id}#{page:05d}")
        item: Item = {"pk": place.pk, "sk": place.sk, "schema": SCHEMA, "entries": pack(list(entries))}
        self._table.write(Put(item))

    def _collected(self) -> dict[str, Sequence[Entry]]:
        """All pages of this reading, which are then dropped."""
        lists: dict[str, list[Entry]] = {name: [] for name in _QUERIES}
        pages = list(self._table.query(self._pages))
        last = self._memory.number("page")
        for page in pages:
            name, _, number = str(page["sk"]).partition("#")
            found = unpack(page["entries"])
            if name in lists and int(number) <= last and isinstance(found, list):
                lists[name] += [Entry.from_json(row) for row in found if isinstance(row, dict)]
        for page in pages:
            self._table.write(Delete(Key(str(page["pk"]), str(page["sk"]))))
        lists["items"] = lists["items"][:_MOST_ITEMS]
        return {name: tuple(entries) for name, entries in lists.items()}


def _query(name: str, iterator: str) -> Request:
    body: JsonObject = {"ActiveStatus": "ActiveOnly", "IncludeRetElement": list(_KEPT)}
    if name != "items":
        return Request(_QUERIES[name], body)
    step = "Continue" if iterator else "Start"
    return Request("ItemQuery", {"MaxReturned": _ITEMS_AT_ONCE, **body}, iterator=step, iterator_id=iterator)


def _entries(reply: Reply) -> Iterator[Entry]:
    for ret_name, ret in reply.objects:
        list_id, name = text(ret, "ListID"), text(ret, "FullName") or text(ret, "Name")
        kind = next((said for each in _KINDS if (said := text(ret, each))), ret_name.removesuffix("Ret"))
        if list_id and name:
            yield Entry(list_id, name, kind)

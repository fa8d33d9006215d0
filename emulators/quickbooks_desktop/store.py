"""One company file's records, the links between its transactions, and undo."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

from .statuses import Obj

ZERO = Decimal("0.00")

# Names in one scope are unique together (facts: QBD 2.2); other kinds are a scope of their own.
NAME_SCOPES = {
    "Customer": "names",
    "Vendor": "names",
    "Employee": "names",
    "OtherName": "names",
    "ItemService": "items",
    "ItemNonInventory": "items",
    "ItemInventory": "items",
    "ItemOtherCharge": "items",
    "ItemDiscount": "items",
    "ItemSalesTax": "items",
    "ItemSalesTaxGroup": "items",
}


@dataclass(frozen=True, slots=True)
class Link:
    """Money of a payment or credit (`source`) on an invoice. `by` is the payment that made the link, if any.

    A discount has its payment as source but uses none of its money.
    """

    source: str
    invoice: str
    amount: Decimal
    kind: str  # "payment", "credit" or "discount"
    by: str = ""
    discount_account: str = ""


@dataclass(frozen=True, slots=True)
class Deleted:
    """A deleted transaction, as TxnDeletedQuery reports it."""

    kind: str
    id: str
    created: str
    deleted: str
    number: str


class Store:
    """Records are replaced, never changed in place, so that a refused request can be undone."""

    def __init__(self) -> None:
        self._lists: dict[str, dict[str, Obj]] = defaultdict(dict)
        self._txns: dict[str, dict[str, Obj]] = defaultdict(dict)
        self._names: dict[tuple[str, str], tuple[str, str]] = {}  # scope and full name -> kind and ListID
        self._kinds: dict[str, str] = {}  # any id -> its kind
        self._on_invoice: dict[str, tuple[Link, ...]] = {}
        self._from_source: dict[str, tuple[Link, ...]] = {}
        self.deleted: list[Deleted] = []
        self._last_id = 0

    def next_id(self, moment: int, *, is_list: bool) -> str:
        """A new id in QuickBooks' form: a counter in hexadecimal and a time (captured)."""
        self._last_id += 1
        return f"{0x80000000 * is_list + self._last_id:X}-{moment}"

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """Undo everything when the block raises."""
        before = (
            {kind: dict(rows) for kind, rows in self._lists.items()},
            {kind: dict(rows) for kind, rows in self._txns.items()},
            dict(self._names),
            dict(self._kinds),
            dict(self._on_invoice),
            dict(self._from_source),
            list(self.deleted),
        )
        try:
            yield
        except BaseException:
            self._lists, self._txns = defaultdict(dict, before[0]), defaultdict(dict, before[1])
            self._names, self._kinds, self._on_invoice, self._from_source = before[2:6]
            self.deleted = before[6]
            raise

    def put_entry(self, kind: str, entry: Obj) -> None:
        """Store a list entry; its name must be free, see `taken`."""
        list_id = entry["ListID"]
        scope = NAME_SCOPES.get(kind, kind)
        old = self._lists[kind].get(list_id)
        if old is not None:
            self._names.pop((scope, _folded(old["FullName"])), None)
        self._lists[kind][list_id] = entry
        self._names[scope, _folded(entry["FullName"])] = (kind, list_id)
        self._kinds[list_id] = kind

    def drop_entry(self, list_id: str) -> None:
        """Remove a list entry."""
        kind = self._kinds.pop(list_id)
        entry = self._lists[kind].pop(list_id)
        self._names.pop((NAME_SCOPES.get(kind, kind), _folded(entry["FullName"])), None)

    def entries(self, kind: str) -> list[Obj]:
        """All entries of a kind, oldest first, inactive ones too."""
        return list(self._lists[kind].values())

    def entry(self, list_id: str) -> Obj | None:
        """A list entry by its ListID."""
        return self._lists[self._kinds.get(list_id, "")].get(list_id)

    def named(self, kind: str, full_name: str) -> Obj | None:
        """The entry of this kind with this full name; upper and lower case are the same [M]."""
        found = self._names.get((NAME_SCOPES.get(kind, kind), _folded(full_name)))
        return self._lists[kind].get(found[1]) if found and found[0] == kind else None

    def taken(self, kind: str, full_name: str, list_id: str = "") -> bool:
        """True when another entry of the scope has the name."""
        found = self._names.get((NAME_SCOPES.get(kind, kind), _folded(full_name)))
        return found is not None and found[1] != list_id

    def kind_of(self, any_id: str) -> str:
        """The kind of a list entry or transaction, "" when there is none."""
        return self._kinds.get(any_id, "")

    def put_txn(self, kind: str, txn: Obj) -> None:
        """Store a transaction."""
        self._txns[kind][txn["TxnID"]] = txn
        self._kinds[txn["TxnID"]] = kind

    def drop_txn(self, txn_id: str) -> None:
        """Remove a transaction, not its links."""
        self._txns[self._kinds.pop(txn_id)].pop(txn_id)

    def txns(self, kind: str) -> list[Obj]:
        """All transactions of a kind, oldest entry first."""
        return list(self._txns[kind].values())

    def txn(self, txn_id: str) -> Obj | None:
        """A transaction by its TxnID."""
        return self._txns[self._kinds.get(txn_id, "")].get(txn_id)

    def link(self, link: Link) -> None:
        """Apply money."""
        self._on_invoice[link.invoice] = (*self._on_invoice.get(link.invoice, ()), link)
        self._from_source[link.source] = (*self._from_source.get(link.source, ()), link)

    def unlink(self, links: tuple[Link, ...]) -> None:
        """Take money back."""
        for one in links:
            self._on_invoice[one.invoice] = _without(self._on_invoice[one.invoice], one)
            self._from_source[one.source] = _without(self._from_source[one.source], one)

    def links_on(self, invoice_id: str) -> tuple[Link, ...]:
        """What was applied to an invoice."""
        return self._on_invoice.get(invoice_id, ())

    def links_from(self, source_id: str) -> tuple[Link, ...]:
        """What a payment or credit was applied to, with the discounts a payment gave."""
        return self._from_source.get(source_id, ())

    def applied_to(self, invoice_id: str) -> Decimal:
        """The sum of what was applied to an invoice."""
        return sum((link.amount for link in self.links_on(invoice_id)), ZERO)

    def used_of(self, source_id: str) -> Decimal:
        """How much of a payment or credit is used."""
        return sum((link.amount for link in self.links_from(source_id) if link.kind != "discount"), ZERO)

    def balance(self, invoice: Obj) -> Decimal:
        """What is still open on an invoice."""
        total: Decimal = invoice["_total"]
        return total - self.applied_to(invoice["TxnID"])

    def unused(self, source: Obj) -> Decimal:
        """What is left of a payment or credit."""
        total: Decimal = source["_total"]
        return total - self.used_of(source["TxnID"])


def _folded(name: str) -> str:
    return name.strip().casefold()


def _without(links: tuple[Link, ...], gone: Link) -> tuple[Link, ...]:
    at = links.index(gone)
    return links[:at] + links[at + 1 :]

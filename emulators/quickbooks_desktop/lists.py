"""Customers, vendors, items, taxes, terms and payment methods: adding and changing list entries (facts: QBD 2.2)."""

from . import references, rets, statuses
from .books import Books
from .statuses import Obj
from .store import NAME_SCOPES

_FLAT = frozenset({"Vendor", "StandardTerms", "PaymentMethod", "SalesTaxCode", "ItemSalesTax", "ItemSalesTaxGroup"})
_SPOKEN = {"Customer": "Customers", "Vendor": "Vendors"}


def add(books: Books, kind: str, body: Obj) -> rets.Content:
    """A new list entry. Raises Refused 3100, 3130, 3140, 3150 and others."""
    return saved(books, kind, body, None)


def modify(books: Books, kind: str, body: Obj, *, by_hand: bool = False) -> rets.Content:
    """Change an entry. Raises Refused 3120 not there, 3175 in use, 3200 changed meanwhile, else as `add`."""
    old = books.store.entry(body["ListID"])
    if old is None or books.store.kind_of(body["ListID"]) != kind:
        raise statuses.not_found(body["ListID"])
    if not by_hand:
        check_current(books, kind, body, old, [(f"{kind}Ret", rets.entry(books, kind, old))])
    return saved(books, kind, {name: body[name] for name in body if name not in ("ListID", "EditSequence")}, old)


def check_current(books: Books, kind: str, body: Obj, old: Obj, current: rets.Content) -> None:
    """Raises Refused 3175 while another user edits the object, 3200 when it was changed since."""
    if (old.get("ListID") or old["TxnID"]) in books.in_use:
        raise statuses.locked(kind)
    if body["EditSequence"] != old["EditSequence"]:
        raise statuses.stale(body["EditSequence"], current)


def saved(books: Books, kind: str, body: Obj, old: Obj | None) -> rets.Content:
    """Check and store; the answer's Ret."""
    changes = references.resolve(books, body, kind)
    if "BarCode" in changes:
        changes["BarCodeValue"] = changes.pop("BarCode").get("BarCodeValue", "")
    record = references.merged(old, changes)
    name = record.get("Name", "").strip()
    if not name:
        raise statuses.missing("Name")
    if any(one in name for one in ":\t\n") and kind not in _FLAT:
        # The rule is published, code and text are not [G].
        raise statuses.Refused(3090, f'The name "{name}" of the list element has an invalid character.')
    record["Name"] = name
    _place(books, kind, record, body.get("ParentRef"))
    if books.store.taken(kind, record["FullName"], record.get("ListID", "")):
        raise statuses.name_taken(name)
    record.setdefault("IsActive", "true")
    _DEFAULTS.get(kind, _nothing)(books, record, old)
    record.update(books.head("ListID", old))
    books.store.put_entry(kind, record)
    if old is not None and old["FullName"] != record["FullName"]:
        _rename_below(books, kind, record)
    return [(f"{kind}Ret", rets.entry(books, kind, record))]


def _place(books: Books, kind: str, record: Obj, parent_reference: Obj | None) -> None:
    parent_id = record.get("ParentRef", {}).get("ListID")
    if parent_reference:
        parent_id = _parent(books, kind, parent_reference)["ListID"]
        record["ParentRef"] = {"ListID": parent_id}
    parent = books.store.entry(parent_id) if parent_id else None
    record["FullName"] = f"{parent['FullName']}:{record['Name']}" if parent else record["Name"]
    record["Sublevel"] = str(record["FullName"].count(":")) if kind not in _FLAT else ""


def _parent(books: Books, kind: str, reference: Obj) -> Obj:
    list_id, full_name = reference.get("ListID"), reference.get("FullName", "")
    found = books.store.entry(list_id) if list_id else books.store.named(kind, full_name)
    if found is None or books.store.kind_of(found["ListID"]) != kind:
        raise statuses.bad_parent(list_id or full_name, _SPOKEN.get(kind, f"{kind}s"))
    return found


def _rename_below(books: Books, kind: str, parent: Obj) -> None:
    for one in books.store.entries(kind):
        if one.get("ParentRef", {}).get("ListID") == parent["ListID"]:
            renamed = {**one, "FullName": f"{parent['FullName']}:{one['Name']}"}
            books.store.put_entry(kind, renamed)
            _rename_below(books, kind, renamed)


def _nothing(books: Books, record: Obj, old: Obj | None) -> None:
    del books, record, old


def _customer(books: Books, record: Obj, old: Obj | None) -> None:
    record.setdefault("JobStatus", "None")
    if "OpenBalance" in record:  # [G]: this emulator enters no opening balances
        raise statuses.Refused(3250, "This feature is not enabled or not available in this version of QuickBooks.")
    if books.sales_tax and old is None:  # captures: with sales tax on, a new customer gets both [M]
        record.setdefault("SalesTaxCodeRef", default_reference(books, "SalesTaxCode", "Tax"))
        record.setdefault("ItemSalesTaxRef", default_tax_item(books))


def _sold(books: Books, record: Obj, old: Obj | None) -> None:
    del old
    where = record.get("SalesOrPurchase") or record.get("SalesAndPurchase") or {}
    if not where.get("AccountRef") and not where.get("IncomeAccountRef"):
        raise statuses.missing("AccountRef")  # optional in the schema, needed by QuickBooks [M]
    if books.sales_tax:
        record.setdefault("SalesTaxCodeRef", default_reference(books, "SalesTaxCode", "Tax"))


def _tax_item(books: Books, record: Obj, old: Obj | None) -> None:
    del books, old
    rate = record.setdefault("TaxRate", "0.00")
    if float(rate) and "TaxVendorRef" not in record:
        raise statuses.missing("TaxVendorRef")  # facts: QBD 2.2


def _item_of_group(books: Books, record: Obj, old: Obj | None) -> None:
    del old
    for one in record["ItemSalesTaxRef"]:
        if books.store.kind_of(one["ListID"]) != "ItemSalesTax":
            raise statuses.bad_reference("Item Sales Tax", one["ListID"], "ItemSalesTaxGroup")


_DEFAULTS = {
    "Customer": _customer,
    "ItemService": _sold,
    "ItemNonInventory": _sold,
    "ItemOtherCharge": _sold,
    "ItemSalesTax": _tax_item,
    "ItemSalesTaxGroup": _item_of_group,
}


def default_reference(books: Books, kind: str, name: str) -> Obj:
    """The entry the company starts with, or {} when somebody renamed it."""
    found = books.store.named(kind, name)
    return {"ListID": found["ListID"]} if found else {}


def default_tax_item(books: Books) -> Obj:
    """The company's most common sales tax: the first tax item there is."""
    for kind in ("ItemSalesTax", "ItemSalesTaxGroup"):
        for one in books.store.entries(kind):
            return {"ListID": one["ListID"]}
    return {}


def is_referred_to(books: Books, list_id: str) -> bool:
    """True when a transaction or another entry uses the entry."""
    scopes = [*NAME_SCOPES, "Account", "SalesTaxCode", "StandardTerms", "PaymentMethod", "Class"]
    records = [one for kind in scopes for one in books.store.entries(kind) if one["ListID"] != list_id]
    for kind in ("Invoice", "CreditMemo", "ReceivePayment"):
        records += books.store.txns(kind)
    return any(_refers(record, list_id) for record in records)


def _refers(value: object, list_id: str) -> bool:
    if isinstance(value, dict):
        if set(value) == {"ListID"}:
            return bool(value["ListID"] == list_id)
        return any(_refers(one, list_id) for one in value.values())
    return isinstance(value, list) and any(_refers(one, list_id) for one in value)

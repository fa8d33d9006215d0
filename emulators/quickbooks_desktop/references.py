"""References to list entries: found by ListID, which wins, or by full name (facts: QBD 2.2)."""

from typing import Any

from . import statuses
from .books import Books
from .statuses import Obj

_ITEMS = (
    "ItemService",
    "ItemNonInventory",
    "ItemInventory",
    "ItemOtherCharge",
    "ItemDiscount",
    "ItemSalesTax",
    "ItemSalesTaxGroup",
)
_TAX_ITEMS = ("ItemSalesTax", "ItemSalesTaxGroup")
_TARGETS: dict[str, tuple[tuple[str, ...], str]] = {
    "ItemRef": (_ITEMS, "Item"),
    "ItemSalesTaxRef": (_TAX_ITEMS, "Item Sales Tax"),
    "DefaultItemSalesTaxRef": (_TAX_ITEMS, "Item Sales Tax"),
    "TermsRef": (("StandardTerms",), "Terms"),
    "PaymentMethodRef": (("PaymentMethod",), "PaymentMethod"),
    "PreferredPaymentMethodRef": (("PaymentMethod",), "PaymentMethod"),
    "SalesTaxCodeRef": (("SalesTaxCode",), "SalesTaxCode"),
    "CustomerSalesTaxCodeRef": (("SalesTaxCode",), "SalesTaxCode"),
    "TaxVendorRef": (("Vendor",), "Vendor"),
    "PrefVendorRef": (("Vendor",), "Vendor"),
}


def _target(name: str) -> tuple[tuple[str, ...], str]:
    if name in _TARGETS:
        return _TARGETS[name]
    if name.endswith("AccountRef"):
        return ("Account",), "Account"
    if name.endswith("ClassRef"):
        return ("Class",), "Class"
    kind = name.removesuffix("Ref")
    return (kind,), kind


def resolve(books: Books, body: Obj, where: str) -> Obj:
    """The body with every reference as {"ListID": …}; an empty one stays empty, which clears the field.

    Raises Refused 3140 for what is not there.
    """
    found: Obj = {}
    for name, value in body.items():
        if name == "ParentRef":
            found[name] = value  # has a status of its own, see lists.py
        elif name.endswith("Ref") and isinstance(value, dict):
            found[name] = find(books, name, value, where)
        elif name.endswith("Ref") and isinstance(value, list):
            found[name] = [find(books, name, one, where) for one in value]
        elif isinstance(value, dict):
            found[name] = resolve(books, value, where)
        elif isinstance(value, list):
            inner = f"{where} line" if "Line" in name else where
            found[name] = [resolve(books, one, inner) if isinstance(one, dict) else one for one in value]
        else:
            found[name] = value
    return found


def find(books: Books, name: str, reference: Obj, where: str) -> Obj:
    """One reference as {"ListID": …}, or {} when it is empty. Raises Refused 3140."""
    kinds, spoken = _target(name)
    list_id, full_name = reference.get("ListID"), reference.get("FullName")
    if list_id:
        if books.store.kind_of(list_id) not in kinds:
            raise statuses.bad_reference(spoken, list_id, where)
        return {"ListID": list_id}
    if full_name:
        for kind in kinds:
            entry = books.store.named(kind, full_name)
            if entry is not None:
                return {"ListID": entry["ListID"]}
        raise statuses.bad_reference(spoken, full_name, where)
    return {}


def entry(books: Books, record: Obj, name: str) -> Obj | None:
    """The list entry that a stored record refers to."""
    reference = record.get(name)
    return books.store.entry(reference["ListID"]) if reference else None


def written(books: Books, reference: Obj) -> Obj:
    """A stored reference as an answer shows it: ListID and today's full name."""
    found = books.store.entry(reference["ListID"])
    return {"ListID": reference["ListID"], "FullName": found["FullName"] if found else ""}


def merged(old: Obj | None, changes: Obj) -> Obj:
    """A record after a modification: what was sent replaces, an empty element clears, the rest stays."""
    result: dict[str, Any] = {**(old or {}), **changes}
    return {name: value for name, value in result.items() if value not in ("", {}, [])}

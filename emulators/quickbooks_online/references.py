"""References between objects: they must exist and be active, and answers carry the name (facts: QBO 1.0, 2.7)."""

from . import refusals
from .books import Books
from .json_text import Obj

# Intuit calls customers, vendors and employees "Names" in this fault.
_LABELS = {"Customer": "Names", "Vendor": "Names", "Employee": "Names", "Account": "Accounts", "Item": "Items"}
_NAME_FIELD = ("FullyQualifiedName", "DisplayName", "Name")
_NAMELESS = frozenset({"SalesTermRef", "DepositToAccountRef", "TermRef"})


def resolve(
    books: Books, references: list[tuple[str, str, Obj]], already: frozenset[tuple[str, str]] = frozenset()
) -> None:
    """Check each (target, field, reference) and write the target's name into it.

    `already` holds the (target, id) pairs the stored object has: those may be inactive by now.
    Raises Refusal: 2500 no such object, 610 inactive (or 2500, as the company's switch says).
    """
    for target, field, reference in references:
        if target == "Currency":
            continue
        ref_id = reference["value"]
        found = books.store.get(target, ref_id)
        inactive = found is not None and not found.get("Active", True) and (target, ref_id) not in already
        if inactive and books.inactive_reference != "2500":
            raise refusals.not_found()
        if found is None or inactive:
            raise refusals.no_such_reference(_LABELS.get(target, target), ref_id)
        if field not in _NAMELESS:
            reference["name"] = next((found[name] for name in _NAME_FIELD if name in found), "")


def resolve_entity(books: Books, reference: Obj | None, old: Obj | None) -> None:
    """Purchase.EntityRef, whose `type` says Customer, Vendor or Employee.

    Raises Refusal: 6290 another type, 2500 and 610 as `resolve`.
    """
    if reference is None:
        return
    kind = reference.get("type", "Vendor")
    if kind not in ("Customer", "Vendor", "Employee"):
        raise refusals.simple(
            "6290", "Invalid Employee Or Vendor", f"EntityRef.type {kind} is not supported", "EntityRef"
        )
    kept = old.get("EntityRef", {}) if old else {}
    already = frozenset({(kept.get("type", "Vendor"), kept.get("value", ""))})
    resolve(books, [(kind, "EntityRef", reference)], already)

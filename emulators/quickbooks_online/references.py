"""References between objects: they must exist and be active, and answers carry the name (facts: QBO 1.0, 2.7)."""

from . import refusals
from .json_text import Obj
from .store import Store

# Intuit calls customers, vendors and employees "Names" in this fault.
_LABELS = {"Customer": "Names", "Vendor": "Names", "Employee": "Names", "Account": "Accounts", "Item": "Items"}
_NAME_FIELD = ("FullyQualifiedName", "DisplayName", "Name")
_NAMELESS = frozenset({"SalesTermRef", "DepositToAccountRef", "TermRef"})


def resolve(
    store: Store, references: list[tuple[str, str, Obj]], already: frozenset[tuple[str, str]] = frozenset()
) -> None:
    """Check each (target, field, reference) and write the target's name into it.

    `already` holds the (target, id) pairs the stored object has: those may be inactive by now.
    Raises Refusal: 2500 no such object, 610 inactive.
    """
    for target, field, reference in references:
        if target == "Currency":
            continue
        ref_id = reference["value"]
        found = store.get(target, ref_id)
        if found is None:
            raise refusals.no_such_reference(_LABELS.get(target, target), ref_id)
        if not found.get("Active", True) and (target, ref_id) not in already:
            raise refusals.not_found()
        if field not in _NAMELESS:
            reference["name"] = next((found[name] for name in _NAME_FIELD if name in found), "")


def resolve_entity(store: Store, reference: Obj | None) -> None:
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
    resolve(store, [(kind, "EntityRef", reference)])

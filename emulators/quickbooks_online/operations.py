"""Create, update, void and delete: the frame every write goes through (facts: QBO 1.0)."""

from collections.abc import Callable
from dataclasses import dataclass

from . import deposits, lists, payments, purchases, refusals, sales, schema
from .books import Books, stamp
from .entities import ENTITIES, Entity
from .json_text import Obj
from .lines import without_nulls
from .references import resolve
from .store import Deleted

_KEPT = ("Id", "SyncToken", "MetaData", "domain", "sparse")


def _nothing(books: Books, entity: str, new: Obj, old: Obj | None) -> None:
    del books, entity, new, old


def _no_check(books: Books, entity: str, old: Obj) -> None:
    del books, entity, old


@dataclass(frozen=True, slots=True)
class Rules:
    """What is special about an entity: see the modules that fill it in."""

    prepare: Callable[..., Obj]
    stored: Callable[[Books, str, Obj, Obj | None], None] = _nothing
    check_delete: Callable[[Books, str, Obj], None] = _no_check
    removed: Callable[[Books, str, Obj], None] = _no_check
    void: Callable[[Books, str, Obj], Obj] | None = None


def _payment_removed(books: Books, entity: str, old: Obj) -> None:
    payments.stored(books, entity, {**old, "Line": []}, old)


_FORMS = Rules(sales.prepare, sales.stored, sales.check_delete, void=sales.void)
_PURCHASES = Rules(purchases.prepare, purchases.stored, purchases.check_delete, purchases.removed)
_LISTS = Rules(lists.prepare)
_RULES = {
    "Invoice": _FORMS,
    "CreditMemo": _FORMS,
    "Payment": Rules(payments.prepare, payments.stored, payments.check_delete, _payment_removed, payments.void),
    "PurchaseOrder": _PURCHASES,
    "Bill": _PURCHASES,
    "Purchase": _PURCHASES,
    "BillPayment": Rules(
        purchases.prepare_bill_payment,
        purchases.bill_payment_stored,
        removed=purchases.bill_payment_removed,
        void=purchases.void_bill_payment,
    ),
    "Deposit": Rules(deposits.prepare, deposits.stored, removed=deposits.removed),
}


def save(books: Books, entity: Entity, body: object, *, by_hand: bool = False, any_number: bool = False) -> Obj:
    """Create, or update when the body has an Id.

    Sparse is documented for Customer, Invoice, Payment and a few more; the others take it here too [G], as live probes
    of Account, Bill and Purchase did (facts: QBO 1.0). `any_number` accepts a document number that is taken.
    Returns the stored object. Raises Refusal; then nothing was changed.
    """
    if not entity.writable:
        raise refusals.unsupported_operation(f"create or update of {entity.name}")
    checked = schema.check(entity.name, body, latin1_only=books.country == "US")
    values = checked.values
    sparse = bool(values.pop("sparse", False))
    object_id, token = values.pop("Id", None), values.pop("SyncToken", None)
    values.pop("domain", None)
    old = _current(books, entity, object_id, token, by_hand=by_hand) if object_id else None
    already = _references(entity, old)
    _check_tracking(books, values, checked.references, already)
    resolve(books, checked.references, already)
    if entity.name in ("Bill", "Purchase") and old is not None:
        _needs_on_every_update(entity.name, values)
    new = _merge(entity, values, old, sparse=sparse)
    with books.store.atomic():
        rules = _RULES.get(entity.name, _LISTS)
        _check_open_period(books, entity, old, by_hand=by_hand)
        new = rules.prepare(books, entity.name, new, old, any_number=by_hand or any_number)
        _check_open_period(books, entity, new, by_hand=by_hand)
        new = _stamped(books, entity, new, old)
        books.store.put(entity.name, new)
        rules.stored(books, entity.name, new, old)
        return books.store.get(entity.name, new["Id"]) or new


def delete(books: Books, entity: Entity, body: object, *, by_hand: bool = False) -> Obj:
    """Delete a transaction; the answer is Intuit's short one (vcr_delete_invoice).

    Raises Refusal: 500 for name lists, 610, 5010, 6200, 6540, 6000 while linked.
    """
    if entity.is_list or not entity.writable:
        raise refusals.unsupported_operation("delete")
    old = _addressed(books, entity, body, by_hand=by_hand)
    rules = _RULES[entity.name]
    with books.store.atomic():
        _check_open_period(books, entity, old, by_hand=by_hand)
        rules.check_delete(books, entity.name, old)
        rules.removed(books, entity.name, old)
        books.store.remove(entity.name, old["Id"])
        books.store.deleted.append(Deleted(entity.name, old["Id"], books.now()))
    return {"domain": "QBO", "status": "Deleted", "Id": old["Id"]}


def void(books: Books, entity: Entity, body: object, how: str, *, by_hand: bool = False) -> Obj:
    """Void a transaction. `how` is "void" (operation=void), "include" (update&include=void) or "batch".

    Raises Refusal: 500 where there is no void, 10000 with HTTP 200 for a bill (live_fault_*), else as `delete`.
    """
    if entity.name == "Bill" and how == "void":
        raise refusals.system_failure("java.lang.UnsupportedOperationException", status=200)
    rules = _RULES.get(entity.name)
    if rules is None or rules.void is None or not entity.void or how not in (entity.void, "batch"):
        raise refusals.unsupported_operation("void")
    old = _addressed(books, entity, body, by_hand=by_hand)
    with books.store.atomic():
        _check_open_period(books, entity, old, by_hand=by_hand)
        new = _stamped(books, entity, rules.void(books, entity.name, old), old)
        books.store.put(entity.name, new)
        rules.stored(books, entity.name, new, old)
        return books.store.get(entity.name, new["Id"]) or new


def read(books: Books, entity: Entity, object_id: str) -> Obj:
    """One object. Raises Refusal: 2030 not a number, 610 not there."""
    return _find(books, entity, object_id)


def _addressed(books: Books, entity: Entity, body: object, *, by_hand: bool) -> Obj:
    if not isinstance(body, dict):
        raise refusals.unreadable_body()
    checked = schema.check(entity.name, body, latin1_only=False)
    if not checked.values.get("Id"):
        raise refusals.missing("Id")
    return _current(books, entity, checked.values["Id"], checked.values.get("SyncToken"), by_hand=by_hand)


def _find(books: Books, entity: Entity, object_id: str) -> Obj:
    if not object_id.isdecimal() and object_id not in ("TAX", "NON", "CustomSalesTax"):
        raise refusals.invalid_id("Id", object_id)
    found = books.store.get(entity.name, object_id)
    if found is None:
        raise refusals.not_found()
    return found


def _current(books: Books, entity: Entity, object_id: str, token: str | None, *, by_hand: bool) -> Obj:
    found = _find(books, entity, object_id)
    if by_hand:
        return found
    if token is None:
        raise refusals.missing("SyncToken")
    if token != found["SyncToken"]:
        raise refusals.stale()
    return found


def _needs_on_every_update(entity: str, values: Obj) -> None:
    # Even a sparse update of these wants them (facts: QBO 1.0, live).
    needed = "VendorRef" if entity == "Bill" else "PaymentType"
    if not values.get(needed):
        raise refusals.missing(needed)


def _check_tracking(
    books: Books, values: Obj, references: list[tuple[str, str, Obj]], already: frozenset[tuple[str, str]]
) -> None:
    """Raises Refusal 5020: a location, or a class, where the company's preferences have none (facts: QBO 1.8) [G]."""
    for target, field, reference in references:
        if (target, reference["value"]) in already:
            continue
        if field == "DepartmentRef" and not books.track_departments:
            raise refusals.not_in_plan("Location tracking is off")
        if field == "ClassRef":
            of_document = reference is values.get("ClassRef")
            if not (books.class_per_transaction if of_document else books.class_tracking):
                raise refusals.not_in_plan(f"Class tracking per {'transaction' if of_document else 'line'} is off")


def _merge(entity: Entity, values: Obj, old: Obj | None, *, sparse: bool) -> Obj:
    """Sparse keeps what was not sent, full forgets it; `Line` and other lists are always taken whole."""
    if old is None:
        return without_nulls(values)
    table = schema.TYPES[entity.name]
    kept: Obj = {}
    if sparse:
        kept = {
            key: value for key, value in old.items() if key in table and not table[key].read_only and key not in _KEPT
        }
        group = kept.pop("TxnTaxDetail", {}).get("TxnTaxCodeRef")
        if group:
            kept["TxnTaxDetail"] = {"TxnTaxCodeRef": group}  # the tax itself is computed again
    return without_nulls({**kept, **values})


def _references(entity: Entity, old: Obj | None) -> frozenset[tuple[str, str]]:
    if old is None:
        return frozenset()
    table = schema.TYPES[entity.name]
    body = {key: value for key, value in old.items() if key in table and not table[key].read_only and key not in _KEPT}
    found = schema.check(entity.name, body, latin1_only=False).references
    return frozenset((target, reference["value"]) for target, _, reference in found)


def _check_open_period(books: Books, entity: Entity, obj: Obj | None, *, by_hand: bool) -> None:
    """Raises Refusal 6200 or 6210 for a posting transaction on or before the closing date."""
    if (
        obj is not None
        and not by_hand
        and entity.posting
        and not entity.is_list
        and books.is_closed(obj.get("TxnDate", "9999"))
    ):
        raise refusals.closed_books(books.book_close_password)


def _stamped(books: Books, entity: Entity, new: Obj, old: Obj | None) -> Obj:
    at = stamp(books.now())
    head: Obj = {
        "domain": "QBO",
        "sparse": False,
        "Id": old["Id"] if old else books.store.next_id(entity.name),
        "SyncToken": str(int(old["SyncToken"]) + 1) if old else "0",
        "MetaData": {"CreateTime": old["MetaData"]["CreateTime"] if old else at, "LastUpdatedTime": at},
    }
    return {**new, **head}


def entity_named(name: str) -> Entity:
    """The entity of a batch member's key. Raises Refusal 2000 for an unknown one."""
    entity = ENTITIES.get(name)
    if entity is None:
        raise refusals.unsupported_object(name)
    return entity

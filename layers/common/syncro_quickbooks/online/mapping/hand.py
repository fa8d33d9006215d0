"""The bookkeeper's hand: what people changed in QuickBooks, and whether a request of ours is already in there."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from syncro_quickbooks import money
from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.online.mapping import bodies
from syncro_quickbooks.online.mapping.applied import applications
from syncro_quickbooks.online.mapping.bodies import IDENTITY

# Where a line says what is bought or sold, by its DetailType.
_DETAILS = ("SalesItemLineDetail", "ItemBasedExpenseLineDetail", "AccountBasedExpenseLineDetail")
# Computed or rephrased by QuickBooks: they say nothing about whether our request was carried out.
_COMPUTED = IDENTITY | {"TxnTaxDetail", "GlobalTaxCalculation", "BillAddr"}


_HEAD_REFERENCES = (
    ("customer", "CustomerRef"),
    ("vendor", "VendorRef"),
    ("payee", "EntityRef"),
    ("currency", "CurrencyRef"),
    ("deposit account", "DepositToAccountRef"),
    ("account", "AccountRef"),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that somebody changed: what it is, what QuickBooks last told us, what it says now."""

    field: str
    was: str
    now: str

    def __str__(self) -> str:
        return f"{self.field} was {self.was or 'empty'}, is {self.now or 'empty'}"


def is_voided(document: JsonObject) -> bool:
    """Whether QuickBooks shows the document as void: by status, or all amounts 0 and a memo that starts with "Voided".

    Recorded traffic has the second form (facts: QBO 1.3); the first is in Intuit's schema.
    """
    if bodies.text(document, "status") == "Voided":
        return True
    is_zero = not bodies.amount(document, "TotalAmt")
    return is_zero and bodies.text(document, "PrivateNote").startswith("Voided")


def foreign_change(last: JsonObject, now: JsonObject) -> tuple[Difference, ...]:
    """What differs between the document as we last knew it and as it is now, as far as it is Syncro's business.

    Money, lines, status, customer or vendor, number, due date, accounts and currency count; memos, e-mail status,
    addresses, what others apply to it and the transaction date (which is QuickBooks' after the first send) do not. What
    `last` does not state is not compared, so it may also be a body that was sent.
    """
    status = _status(now)
    if status and status != _status(last):
        return (Difference("status", _status(last) or "open", status),)
    lines = _application_changes if _applies(last) or _applies(now) else _line_changes
    return (*_head_changes(last, now), *lines(last, now))


def _status(document: JsonObject) -> str:
    if is_voided(document):
        return "voided"
    return "deleted" if bodies.text(document, "status") == "Deleted" else ""


def _head_changes(last: JsonObject, now: JsonObject) -> Iterator[Difference]:
    for name, key in _HEAD_REFERENCES:
        was, current = bodies.ref_value(last, key), bodies.ref_value(now, key)
        if was and was != current:
            yield Difference(name, f"id {was}", f"id {current}" if current else "")
    for name, key in (("number", "DocNumber"), ("due date", "DueDate")):
        was, current = bodies.text(last, key), bodies.text(now, key)
        if was and was != current:
            yield Difference(name, was, current)
    yield from _figure_change("total", bodies.amount(last, "TotalAmt"), bodies.amount(now, "TotalAmt"))
    was_tax, tax = (bodies.amount(bodies.section(each, "TxnTaxDetail"), "TotalTax") for each in (last, now))
    yield from _figure_change("tax", was_tax, tax)


def _figure_change(name: str, was: Decimal | None, now: Decimal | None) -> Iterator[Difference]:
    if was is None or was == (now or Decimal(0)):
        return
    yield Difference(name, f"{money.cents(was):,}", f"{money.cents(now):,}" if now is not None else "")


def sales_lines(document: JsonObject) -> list[JsonObject]:
    """The document's lines without the subtotal that QuickBooks adds."""
    return [
        line for line in bodies.objects(document, "Line") if bodies.text(line, "DetailType") != "SubTotalLineDetail"
    ]


def _line_changes(last: JsonObject, now: JsonObject) -> Iterator[Difference]:
    if "Line" not in last:
        return
    before, after = sales_lines(last), sales_lines(now)
    if len(before) != len(after):
        yield Difference("number of lines", str(len(before)), str(len(after)))
        return
    for number, (was, is_now) in enumerate(zip(before, after, strict=True), start=1):
        yield from _changes_of_line(f"line {number}", was, is_now)


def _applies(document: JsonObject) -> bool:
    """Whether its lines apply money to other documents, as a payment's do."""
    return any(
        bodies.objects(line, "LinkedTxn") and "DetailType" not in line for line in bodies.objects(document, "Line")
    )


def _application_changes(last: JsonObject, now: JsonObject) -> Iterator[Difference]:
    if "Line" not in last:
        return
    was, is_now = applications(last), applications(now)
    for entity, txn_id in sorted(was.keys() | is_now.keys()):
        name = f"applied to {entity} id {txn_id}"
        before, after = was.get((entity, txn_id), Decimal(0)), is_now.get((entity, txn_id), Decimal(0))
        yield from _figure_change(name, before, after)


def _changes_of_line(name: str, was: JsonObject, now: JsonObject) -> Iterator[Difference]:
    yield from _figure_change(f"{name} amount", bodies.amount(was, "Amount"), bodies.amount(now, "Amount"))
    if bodies.text(was, "Description") != bodies.text(now, "Description"):
        yield Difference(f"{name} description", bodies.text(was, "Description"), bodies.text(now, "Description"))
    old, new = _detail(was), _detail(now)
    for label, key in (
        ("item", "ItemRef"),
        ("account", "AccountRef"),
        ("tax code", "TaxCodeRef"),
        ("class", "ClassRef"),
    ):
        before, after = bodies.ref_value(old, key), bodies.ref_value(new, key)
        if before and before != after:
            yield Difference(f"{name} {label}", f"id {before}", f"id {after}" if after else "")
    for label, key in (("quantity", "Qty"), ("price", "UnitPrice")):
        figure, figure_now = bodies.amount(old, key), bodies.amount(new, key)
        if figure is not None and figure != figure_now:
            yield Difference(f"{name} {label}", f"{figure:f}", f"{figure_now:f}" if figure_now is not None else "")


def _detail(line: JsonObject) -> JsonObject:
    return next((bodies.section(line, kind) for kind in _DETAILS if kind in line), {})


def reflects(now: JsonObject, body: JsonObject) -> bool:
    """Whether QuickBooks carried out the update `body`: a newer SyncToken, and everything the body says.

    Tax and addresses are left out of the comparison, because QuickBooks computes the one and rephrases the other.
    """
    if bodies.text(now, "SyncToken") == bodies.text(body, "SyncToken"):
        return False
    stated = {key: value for key, value in body.items() if key not in _COMPUTED}
    return all(_holds(_comparable(now, key), value) for key, value in stated.items())


def _comparable(now: JsonObject, key: str) -> Json:
    lines: list[Json] = [*sales_lines(now)]
    return lines if key == "Line" else now.get(key)


def _holds(now: Json, stated: Json) -> bool:
    """Whether `now` says everything that `stated` says; numbers are compared as numbers."""
    if isinstance(stated, dict):
        return isinstance(now, dict) and all(_holds(now.get(key), value) for key, value in stated.items())
    if isinstance(stated, list):
        is_as_long = isinstance(now, list) and len(now) == len(stated)
        return is_as_long and isinstance(now, list) and all(map(_holds, now, stated))
    if stated in (None, ""):
        return now in (None, "")
    return now == stated

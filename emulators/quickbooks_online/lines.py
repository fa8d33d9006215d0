"""What sales and purchase lines have in common: amounts, line ids, currency, document numbers."""

from collections.abc import Iterable
from decimal import Decimal

from . import refusals
from .books import CURRENCY_NAMES, Books
from .json_text import Obj
from .tax import ZERO, cents

MAX_LINES = 10_000


def amount_of(line: Obj, detail: Obj) -> Decimal:
    """A line's Amount at cents.

    Raises Refusal: 2020 no Amount, 6070 Amount is not Qty x UnitPrice (half-up at cents).
    """
    amount: Decimal | None = line.get("Amount")
    if amount is None:
        raise refusals.missing("Line.Amount")
    quantity, price = detail.get("Qty"), detail.get("UnitPrice")
    if quantity is not None and price is not None and cents(quantity * price) != cents(amount):
        raise refusals.wrong_amount(amount)
    return cents(amount)


def without_nulls(value: Obj) -> Obj:
    """The object without the fields that were cleared, at every depth."""
    return {
        key: without_nulls(item)
        if isinstance(item, dict)
        else [_clean(one) for one in item]
        if isinstance(item, list)
        else item
        for key, item in value.items()
        if item is not None and item != ""
    }


def _clean(value: object) -> object:
    return without_nulls(value) if isinstance(value, dict) else value


def number_lines(lines: list[Obj], previous: Iterable[Obj] = ()) -> None:
    """Give every line its Id and LineNum: known ids stay, others are new lines (REF invoice, Line.Id)."""
    known = {line["Id"] for line in previous if "Id" in line}
    free = max((int(line_id) for line_id in known), default=0)
    used: set[str] = set()
    for position, line in enumerate(lines, 1):
        if line.get("Id") not in known or line.get("Id") in used:
            free += 1
            line["Id"] = str(free)
        used.add(line["Id"])
        line["LineNum"] = position


def check_count(lines: list[Obj]) -> None:
    """Raises Refusal: 2020 no line, 6000 more than 10,000 (REST features page)."""
    if not lines:
        raise refusals.missing("Line")
    if len(lines) > MAX_LINES:
        raise refusals.business(f"A transaction can have at most {MAX_LINES} lines. Supplied: {len(lines)}", "Line")


def set_number(books: Books, entity: str, new: Obj, old: Obj | None, *, numbered_by_company: bool, check: bool) -> None:
    """DocNumber: kept, or given by QuickBooks when the company numbers by itself (REF invoice).

    Raises Refusal 6140 when another document of this entity has the number and numbers are to be checked.
    """
    if old is None and (numbered_by_company or new.get("DocNumber") == "AUTO_GENERATE"):
        new["DocNumber"] = books.next_number()
    number = new.get("DocNumber")
    if not number or not check or (old is not None and old.get("DocNumber") == number):
        return
    holder = books.store.holder_of_number(entity, number)
    if holder is not None and (old is None or holder != old["Id"]):
        raise refusals.duplicate_number(number, entity, holder)


def set_currency(books: Books, new: Obj, party: Obj) -> None:
    """CurrencyRef: the customer's or vendor's own, which the sent one must equal.

    "This must be defined if multicurrency is enabled" (REF); without it the home currency is meant [G].
    Raises Refusal 6000 on another currency, or a foreign one in a single-currency company.
    """
    own = party.get("CurrencyRef", {}).get("value", books.home_currency)
    sent = new.get("CurrencyRef", {}).get("value", books.home_currency)
    if sent != own:
        raise refusals.business(
            f"The currency {sent} is not the currency {own} of the customer or vendor", "CurrencyRef"
        )
    new["CurrencyRef"] = currency(own)
    if own != books.home_currency:
        new.setdefault("ExchangeRate", Decimal(1))


def currency(code: str) -> Obj:
    """A CurrencyRef with Intuit's name for it."""
    return {"value": code, "name": CURRENCY_NAMES.get(code, code)}


def subtotal_line(amount: Decimal) -> Obj:
    """The line QuickBooks adds to every sales form (vcr_create_invoice)."""
    return {"Amount": amount, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}


def link(obj: Obj, txn_type: str, txn_id: str) -> Obj:
    """The object with one more LinkedTxn entry."""
    entry = {"TxnId": txn_id, "TxnType": txn_type}
    links = obj.get("LinkedTxn", [])
    return obj if entry in links else {**obj, "LinkedTxn": [*links, entry]}


def unlink(obj: Obj, txn_type: str, txn_id: str) -> Obj:
    """The object without that LinkedTxn entry."""
    entry = {"TxnId": txn_id, "TxnType": txn_type}
    return {**obj, "LinkedTxn": [one for one in obj.get("LinkedTxn", []) if one != entry]}


def linked(obj: Obj, *txn_types: str) -> list[str]:
    """The ids of linked transactions of these types."""
    return [one["TxnId"] for one in obj.get("LinkedTxn", []) if one["TxnType"] in txn_types]


def sum_amounts(lines: Iterable[Obj]) -> Decimal:
    """The sum of the lines' Amounts."""
    return sum((line.get("Amount", ZERO) for line in lines), ZERO)

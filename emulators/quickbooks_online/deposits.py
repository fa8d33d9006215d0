"""Bank deposits of payments: what makes a payment unchangeable (facts: QBO 1.4)."""

from . import refusals
from .books import Books
from .json_text import Obj
from .lines import currency, link, linked, unlink
from .tax import cents


def prepare(books: Books, entity: str, new: Obj, old: Obj | None, *, any_number: bool) -> Obj:
    """The deposit as QuickBooks stores it.

    Raises Refusal: 2020 without account or lines, 620 for a payment that is gone or already in a deposit.
    """
    del entity, any_number
    if not new.get("DepositToAccountRef"):
        raise refusals.missing("DepositToAccountRef")
    lines = new.get("Line", [])
    if not lines:
        raise refusals.missing("Line")
    kept = _payments(old) if old else []
    for payment_id in _payments(new):
        payment = books.store.get("Payment", payment_id)
        if payment is None or (payment_id not in kept and linked(payment, "Deposit")):
            raise refusals.cannot_link("Payment", payment_id, "it is gone or already in a deposit")
    new["Line"] = [_with_amount(books, line) for line in lines]
    new["TotalAmt"] = cents(sum(line["Amount"] for line in new["Line"]))
    new.setdefault("TxnDate", books.today())
    new["CurrencyRef"] = currency(books.home_currency)
    return new


def stored(books: Books, entity: str, new: Obj, old: Obj | None) -> None:
    """Mark the payments as deposited, and those taken out as free again; their SyncToken stays [G]."""
    del entity
    now = _payments(new)
    for payment_id in {*now, *(_payments(old) if old else ())}:
        payment = books.store.get("Payment", payment_id)
        if payment is not None:
            change = link if payment_id in now else unlink
            books.store.put("Payment", change(payment, "Deposit", new["Id"]))


def removed(books: Books, entity: str, old: Obj) -> None:
    """Free the payments of a deleted deposit."""
    stored(books, entity, {**old, "Line": []}, old)


def _payments(deposit: Obj) -> list[str]:
    return [
        one["TxnId"]
        for line in deposit.get("Line", [])
        for one in line.get("LinkedTxn", [])
        if one.get("TxnType") == "Payment"
    ]


def _with_amount(books: Books, line: Obj) -> Obj:
    if "Amount" in line:
        return line
    payments = [books.store.get("Payment", payment_id) or {} for payment_id in _payments({"Line": [line]})]
    return {**line, "Amount": sum(payment["TotalAmt"] for payment in payments), "DetailType": "DepositLineDetail"}

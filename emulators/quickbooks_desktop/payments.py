"""Received payments: applying money and credits to invoices (facts: QBD 2.6)."""

from decimal import Decimal

from . import lists, references, rets, statuses
from .books import Books, money
from .statuses import Obj
from .store import ZERO, Link

_TOO_MUCH = "You cannot pay more than the amount due."
_NOT_STORED = (
    "TxnID",
    "EditSequence",
    "IsAutoApply",
    "AppliedToTxnAdd",
    "AppliedToTxnMod",
    "TotalAmount",
    "ExchangeRate",
)


def add(books: Books, kind: str, body: Obj, *, by_hand: bool = False) -> rets.Content:
    """A new payment, or only credits applied, which makes no transaction.

    Raises Refused 3120, 3140, 3171, 3176, 3210.
    """
    del kind
    record = references.merged(None, _changes(books, body))
    rows = body.get("AppliedToTxnAdd", [])
    paid = sum((money(row.get("PaymentAmount")) for row in rows), ZERO)
    record["_total"] = money(body["TotalAmount"]) if body.get("TotalAmount") else paid
    if record["_total"] < 0:
        raise statuses.not_saved("ReceivePayment", "Transaction amount must be positive.")
    record.setdefault("ARAccountRef", lists.default_reference(books, "Account", "Accounts Receivable"))
    record.setdefault("TxnDate", books.today())
    if record["_total"] == 0 and rows:
        return _credits_only(books, record, rows)
    record.setdefault("DepositToAccountRef", lists.default_reference(books, "Account", "Undeposited Funds"))
    _check_period(books, None, record, by_hand=by_hand)
    record.update(books.head("TxnID", None))
    books.last_txn_number += 1
    record["TxnNumber"] = str(books.last_txn_number)
    books.store.put_txn("ReceivePayment", record)
    if body.get("IsAutoApply") == "true":
        _auto_apply(books, record)
    _apply(books, record, rows, "AppliedToTxnAdd", by_hand=by_hand)
    return [("ReceivePaymentRet", rets.txn(books, "ReceivePayment", record))]


def modify(books: Books, kind: str, body: Obj, *, by_hand: bool = False) -> rets.Content:
    """Change a payment; naming AppliedToTxnMod first clears all its old links. Raises as `add`, 3170, 3175, 3200."""
    old = books.store.txn(body["TxnID"])
    if old is None or books.store.kind_of(body["TxnID"]) != kind:
        raise statuses.not_found(body["TxnID"])
    if not by_hand:
        lists.check_current(books, kind, body, old, [("ReceivePaymentRet", rets.txn(books, kind, old))])
    record = references.merged(old, _changes(books, body))
    if body.get("TotalAmount"):
        record["_total"] = money(body["TotalAmount"])
    if old.get("_deposited") and record["_total"] != old["_total"]:
        # Rule [M], code and text [G].
        raise statuses.not_saved(
            kind, "You cannot change the amount of a payment that has been deposited.", modifying=True
        )
    _check_period(books, old, record, by_hand=by_hand)
    rows = body.get("AppliedToTxnMod", [])
    if rows:
        release(books, old["TxnID"])
    if books.store.links_from(old["TxnID"]) and record["CustomerRef"] != old["CustomerRef"]:
        raise statuses.not_saved(kind, "You cannot change the customer of an applied payment.", modifying=True)  # [G]
    if books.store.used_of(old["TxnID"]) > record["_total"]:
        amount = format(record["_total"], "f")
        raise statuses.bad_amount("TotalAmount", amount, "The amount applied is more than the total.")  # [G]
    record.update(books.head("TxnID", old))
    books.store.put_txn(kind, record)
    _apply(books, record, rows, "AppliedToTxnMod", by_hand=by_hand)
    return [("ReceivePaymentRet", rets.txn(books, kind, record))]


def release(books: Books, source_id: str) -> None:
    """Take back all money of a payment or credit, and the discounts the payment gave."""
    links = books.store.links_from(source_id)
    books.store.unlink(links)
    _changed(books, {link.invoice for link in links})


def release_invoice(books: Books, invoice_id: str) -> None:
    """Take everything off an invoice; payments and credits have it unused again."""
    books.store.unlink(books.store.links_on(invoice_id))


def set_credit(books: Books, invoice_id: str, credit: Obj, *, field: str, by: str = "") -> None:
    """Apply a credit memo's or over-payment's money to an invoice. Raises Refused 3120, 3210.

    Only the money that is left limits it: the same request twice applies twice (facts: QBD 2.6).
    """
    source_id = credit["CreditTxnID"]
    source, invoice = books.store.txn(source_id), books.store.txn(invoice_id)
    if source is None or books.store.kind_of(source_id) not in ("CreditMemo", "ReceivePayment"):
        raise statuses.not_found(source_id)
    if invoice is None:
        raise statuses.not_found(invoice_id)
    amount = money(credit["AppliedAmount"])
    spoken = f"{field} SetCredit AppliedAmount" if field != "SetCredit" else "SetCredit AppliedAmount"
    if amount <= 0 or amount > books.store.unused(source):
        text = "You cannot apply more than the remaining credit."  # [G]
        raise statuses.bad_amount(spoken, credit["AppliedAmount"], text)
    if amount > books.store.balance(invoice):
        raise statuses.bad_amount(spoken, credit["AppliedAmount"], _TOO_MUCH)
    if _root(books, source) != _root(books, invoice):
        raise statuses.bad_amount(spoken, credit["AppliedAmount"], "The credit belongs to another customer.")  # [G]
    books.store.link(Link(source_id, invoice_id, amount, "credit", by))
    _changed(books, {invoice_id, source_id})


def _changes(books: Books, body: Obj) -> Obj:
    resolved = references.resolve(books, body, "ReceivePayment")
    return {name: value for name, value in resolved.items() if name not in _NOT_STORED}


def _check_period(books: Books, old: Obj | None, new: Obj, *, by_hand: bool) -> None:
    if not by_hand and any(books.is_closed(one["TxnDate"]) for one in (old, new) if one is not None):
        raise statuses.closed_period("ReceivePayment")


def _credits_only(books: Books, record: Obj, rows: list[Obj]) -> rets.Content:
    """No transaction is made and no TxnID returned; what exactly is in the answer is not published [G]."""
    invoices = []
    for row in rows:
        invoice = _invoice(books, record, row["TxnID"], by_hand=False)
        _discount(books, "", invoice["TxnID"], row)
        for credit in row.get("SetCredit", []):
            set_credit(books, invoice["TxnID"], credit, field="AppliedToTxnAdd")
        invoices.append(invoice["TxnID"])
    if books.thin_answer == "empty":
        return []
    thin = {
        "CustomerRef": references.written(books, record["CustomerRef"]),
        "ARAccountRef": references.written(books, record["ARAccountRef"]),
        "TxnDate": record["TxnDate"],
        "TotalAmount": "0.00",
        "AppliedToTxnRet": [
            {**row, "Amount": "0.00"}
            for row in rets.applied(books, tuple(Link("", one, ZERO, "payment") for one in invoices))
        ],
    }
    return [("ReceivePaymentRet", thin)]


def _apply(books: Books, record: Obj, rows: list[Obj], field: str, *, by_hand: bool) -> None:
    seen = set()
    for row in rows:
        invoice = _invoice(books, record, row["TxnID"], by_hand=by_hand)
        spoken = f"{field} payment amount"
        if row["TxnID"] in seen:
            raise statuses.bad_amount(spoken, row["TxnID"], "The same transaction is named twice.")  # [G]
        seen.add(row["TxnID"])
        for credit in row.get("SetCredit", []):
            set_credit(books, invoice["TxnID"], credit, field=field, by=record["TxnID"])
        _discount(books, record["TxnID"], invoice["TxnID"], row)
        amount = money(row.get("PaymentAmount"))
        if amount < 0 or amount > books.store.balance(books.store.txn(invoice["TxnID"]) or invoice):
            raise statuses.bad_amount(spoken, row["PaymentAmount"], _TOO_MUCH)
        if amount > books.store.unused(record):
            text = "You cannot apply more than the total amount of the payment."  # [G]
            raise statuses.bad_amount(spoken, row["PaymentAmount"], text)
        if amount:
            books.store.link(Link(record["TxnID"], invoice["TxnID"], amount, "payment", record["TxnID"]))
        _changed(books, {invoice["TxnID"]})


def _discount(books: Books, payment_id: str, invoice_id: str, row: Obj) -> None:
    amount = money(row.get("DiscountAmount"))
    if not amount:
        return
    if not row.get("DiscountAccountRef"):
        raise statuses.missing("DiscountAccountRef")
    account = references.find(books, "DiscountAccountRef", row["DiscountAccountRef"], "ReceivePayment")
    if amount < 0 or amount > books.store.balance(books.store.txn(invoice_id) or {}):
        raise statuses.bad_amount("DiscountAmount", row["DiscountAmount"], _TOO_MUCH)
    books.store.link(Link(payment_id, invoice_id, amount, "discount", payment_id, account["ListID"]))


def _invoice(books: Books, record: Obj, txn_id: str, *, by_hand: bool) -> Obj:
    invoice = books.store.txn(txn_id)
    if invoice is None or books.store.kind_of(txn_id) != "Invoice":
        raise statuses.not_found(txn_id)
    if txn_id in books.in_use and not by_hand:
        raise statuses.locked("ReceivePayment", related=True)
    if record["ARAccountRef"] != invoice["ARAccountRef"]:
        raise statuses.not_saved("ReceivePayment", "The payment and the invoice have different A/R accounts.")  # [G]
    payer = record["CustomerRef"]["ListID"]
    if payer not in _owners(books, invoice):  # the customer or its job; whether a parent may pay is open [G]
        raise statuses.not_saved("ReceivePayment", "The invoice belongs to another customer.")
    return invoice


def _owners(books: Books, txn: Obj) -> list[str]:
    customer = references.entry(books, txn, "CustomerRef")
    found = []
    while customer is not None:
        found.append(customer["ListID"])
        customer = references.entry(books, customer, "ParentRef")
    return found


def _root(books: Books, txn: Obj) -> str:
    return _owners(books, txn)[-1]


def _auto_apply(books: Books, record: Obj) -> None:
    """An invoice of exactly the amount, else the oldest first (facts: QBD 2.6)."""
    payer = record["CustomerRef"]["ListID"]
    mine = [one for one in books.store.txns("Invoice") if payer in _owners(books, one) and books.store.balance(one) > 0]
    mine.sort(key=lambda one: one["TxnDate"])
    exact = [one for one in mine if books.store.balance(one) == record["_total"]][:1]
    for invoice in exact or mine:
        amount: Decimal = min(books.store.balance(invoice), books.store.unused(record))
        if amount > 0:
            books.store.link(Link(record["TxnID"], invoice["TxnID"], amount, "payment", record["TxnID"]))
            _changed(books, {invoice["TxnID"]})


def _changed(books: Books, txn_ids: set[str]) -> None:
    if books.payments_change_invoices:  # [G], not confirmed
        for txn_id in txn_ids:
            txn = books.store.txn(txn_id)
            if txn is not None and books.store.kind_of(txn_id) != "ReceivePayment":
                books.touch(books.store.kind_of(txn_id), txn)

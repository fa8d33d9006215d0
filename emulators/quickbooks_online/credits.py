"""Which payment applies how much to which form, and what that does to balances (facts: QBO 1.4, 1.5)."""

from decimal import Decimal

from .books import Books, stamp
from .json_text import Obj
from .lines import link, linked, unlink
from .tax import ZERO

APPLICABLE = ("Invoice", "CreditMemo")


def targets(payment: Obj) -> dict[tuple[str, str], Decimal]:
    """(entity, id) -> the amount a payment applies to it."""
    applied: dict[tuple[str, str], Decimal] = {}
    for line in payment.get("Line", []):
        for one in line.get("LinkedTxn", []):
            key = (one["TxnType"], one["TxnId"])
            applied[key] = applied.get(key, ZERO) + line["Amount"]
    return applied


def applied_to(books: Books, entity: str, form: Obj | None) -> Decimal:
    """How much all payments together apply to a stored invoice or credit memo."""
    if form is None:
        return ZERO
    payments = (books.store.get("Payment", payment_id) for payment_id in linked(form, "Payment"))
    return sum((targets(payment).get((entity, form["Id"]), ZERO) for payment in payments if payment), ZERO)


def settle(books: Books, payment_id: str, before: Obj | None, after: Obj | None) -> None:
    """Bring the forms a payment touches, or touched, up to date: links, balances, LastUpdatedTime."""
    touched = set(targets(before or {})) | set(targets(after or {}))
    now_linked = set(targets(after or {}))
    for entity, form_id in sorted(touched):
        form = books.store.get(entity, form_id)
        if form is not None:
            change = link if (entity, form_id) in now_linked else unlink
            books.store.put(entity, _rebalanced(books, entity, change(form, "Payment", payment_id)))


def release(books: Books, entity: str, form: Obj) -> None:
    """Take a form out of every payment that applies to it; the amounts stay with the customer, unapplied."""
    for payment_id in linked(form, "Payment"):
        payment = books.store.get("Payment", payment_id)
        if payment is not None:
            lines = [line for line in payment["Line"] if (entity, form["Id"]) not in targets({"Line": [line]})]
            store_payment(books, _credits_given_back({**payment, "Line": lines}), payment)


def _credits_given_back(payment: Obj) -> Obj:
    """What credit memos bring and no invoice takes any more is open on them again: it is no money received."""
    excess = unapplied(payment) - payment["TotalAmt"]
    lines: list[Obj] = []
    for line in payment["Line"]:
        is_credit = any(entity == "CreditMemo" for entity, _ in targets({"Line": [line]}))
        back = min(line["Amount"], excess) if is_credit and excess > 0 else ZERO
        excess -= back
        if line["Amount"] > back or not is_credit:
            lines.append({**line, "Amount": line["Amount"] - back})
    return {**payment, "Line": lines}


def store_payment(books: Books, payment: Obj, before: Obj) -> None:
    """Store a payment QuickBooks itself changed: new UnappliedAmt, new SyncToken, forms rebalanced."""
    changed = {
        **payment,
        "UnappliedAmt": unapplied(payment),
        "SyncToken": str(int(payment["SyncToken"]) + 1),
        "MetaData": {**payment["MetaData"], "LastUpdatedTime": stamp(books.now())},
    }
    books.store.put("Payment", changed)
    settle(books, payment["Id"], before, changed)


def unapplied(payment: Obj) -> Decimal:
    """TotalAmt less what invoices take, plus what credit memos bring."""
    applied = targets(payment)
    invoices = sum((amount for (entity, _), amount in applied.items() if entity == "Invoice"), ZERO)
    memos = sum((amount for (entity, _), amount in applied.items() if entity == "CreditMemo"), ZERO)
    return Decimal(payment["TotalAmt"] - invoices + memos)


def apply_automatically(books: Books, entity: str, form: Obj) -> None:
    """AutoApplyCredit: open credit goes to open invoices, oldest first, by QuickBooks' own hand (facts: QBO 1.4)."""
    customer = form["CustomerRef"]["value"]
    invoices = [form] if entity == "Invoice" else _open(books, "Invoice", customer)
    for invoice in invoices:
        if entity == "Invoice":
            _use_unapplied_payments(books, invoice["Id"], customer)
        memos = [form] if entity == "CreditMemo" else _open(books, "CreditMemo", customer)
        for memo in memos:
            _apply_memo(books, invoice["Id"], memo["Id"])


def _rebalanced(books: Books, entity: str, form: Obj) -> Obj:
    balance = form["TotalAmt"] - applied_to(books, entity, form) - form.get("Deposit", ZERO)
    form = {**form, "Balance": balance, "MetaData": {**form["MetaData"], "LastUpdatedTime": stamp(books.now())}}
    if entity == "CreditMemo":
        form["RemainingCredit"] = balance
    if books.payments_bump_invoice_token:
        form["SyncToken"] = str(int(form["SyncToken"]) + 1)
    return form


def _open(books: Books, entity: str, customer: str) -> list[Obj]:
    forms = (
        form for form in books.store.all(entity) if form["CustomerRef"]["value"] == customer and form["Balance"] > 0
    )
    return sorted(forms, key=lambda form: (form["TxnDate"], int(form["Id"])))


def _use_unapplied_payments(books: Books, invoice_id: str, customer: str) -> None:
    for payment in list(books.store.all("Payment")):
        invoice = books.store.get("Invoice", invoice_id) or {}
        amount = min(payment["UnappliedAmt"], invoice["Balance"])
        if amount > 0 and payment["CustomerRef"]["value"] == customer:
            line = {"Amount": amount, "LinkedTxn": [{"TxnId": invoice_id, "TxnType": "Invoice"}]}
            store_payment(books, {**payment, "Line": [*payment["Line"], line]}, payment)


def _apply_memo(books: Books, invoice_id: str, memo_id: str) -> None:
    invoice, memo = books.store.get("Invoice", invoice_id), books.store.get("CreditMemo", memo_id)
    if invoice is None or memo is None:
        return
    amount = min(invoice["Balance"], memo["RemainingCredit"])
    if amount <= 0:
        return
    at = stamp(books.now())
    payment: Obj = {
        "Id": books.store.next_id("Payment"),
        "SyncToken": "0",
        "domain": "QBO",
        "sparse": False,
        "MetaData": {"CreateTime": at, "LastUpdatedTime": at},
        "TxnDate": books.today(),
        "CustomerRef": dict(invoice["CustomerRef"]),
        "CurrencyRef": dict(invoice["CurrencyRef"]),
        "TotalAmt": ZERO,
        "UnappliedAmt": ZERO,
        "ProcessPayment": False,
        "PrivateNote": "Created by QB Online to link credits to charges.",
        "Line": [
            {"Amount": amount, "LinkedTxn": [{"TxnId": invoice_id, "TxnType": "Invoice"}]},
            {"Amount": amount, "LinkedTxn": [{"TxnId": memo_id, "TxnType": "CreditMemo"}]},
        ],
    }
    books.store.put("Payment", payment)
    settle(books, payment["Id"], None, payment)

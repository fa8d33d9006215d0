"""Payments: partial, split, over-payment, credit memos applied, deposits (facts: QBO 1.4)."""

from decimal import Decimal

from . import credits, refusals
from .books import Books
from .json_text import Obj
from .lines import linked, set_currency
from .tax import ZERO, cents

_MAX_LEVELS = 5  # customers nest four levels under the top (REF customer)
_DEPOSIT_TYPES = ("Bank", "Other Current Asset")


def prepare(books: Books, entity: str, new: Obj, old: Obj | None, *, any_number: bool) -> Obj:
    """The payment as QuickBooks stores it.

    Raises Refusal: 2020 CustomerRef or TotalAmt, 620 a line that cannot be linked, 6000 more than is open or paid (when
    which of these two is not documented [G]), 6430 a deposit account of the wrong type, 6540 already deposited.
    """
    del entity, any_number
    refuse_deposited(old)
    if not new.get("CustomerRef"):
        raise refusals.missing("CustomerRef")
    if new.get("TotalAmt") is None:
        new["TotalAmt"] = _total_of_lines(new, old)
    if new["TotalAmt"] < 0:
        raise refusals.simple("2290", "Negative Amount", "TotalAmt must not be negative", "TotalAmt")
    customer = books.store.get("Customer", new["CustomerRef"]["value"])
    if customer is None:
        raise refusals.no_such_reference("Names", new["CustomerRef"]["value"])
    set_currency(books, new, customer)
    _check_deposit_account(books, new)
    new["TotalAmt"] = cents(new["TotalAmt"])
    new["Line"] = [_line(books, line, new, old) for line in new.get("Line", [])]
    _check_amounts(books, new, old)
    new["UnappliedAmt"] = credits.unapplied(new)
    if new["UnappliedAmt"] < 0:
        raise refusals.business(
            "The amount applied is more than the amount of the payment and its credits.", "TotalAmt"
        )
    if new["UnappliedAmt"] > new["TotalAmt"]:
        raise refusals.business("The credits applied are more than the invoices they are applied to.", "Line")
    new.setdefault("TxnDate", books.today())
    new.setdefault("ProcessPayment", False)
    new["LinkedTxn"] = list(old.get("LinkedTxn", [])) if old else []
    return new


def stored(books: Books, entity: str, new: Obj, old: Obj | None) -> None:
    """After storing: the invoices and credit memos it touches."""
    del entity
    credits.settle(books, new["Id"], old, new)


def void(books: Books, entity: str, old: Obj) -> Obj:
    """Amounts 0, no lines, the note "Voided" (ruby_payment_void_response_success).

    Raises Refusal 6540 when deposited.
    """
    del books, entity
    refuse_deposited(old)
    note = old.get("PrivateNote", "")
    return {
        **old,
        "TotalAmt": ZERO,
        "UnappliedAmt": ZERO,
        "Line": [],
        "PrivateNote": f"Voided - {note}"[:4000] if note and not note.startswith("Voided") else note or "Voided",
    }


def check_delete(books: Books, entity: str, old: Obj) -> None:
    """Raises Refusal 6540 when deposited."""
    del books, entity
    refuse_deposited(old)


def refuse_deposited(old: Obj | None) -> None:
    """Raises Refusal 6540: a payment in a bank deposit cannot be changed at all."""
    if old is not None and linked(old, "Deposit"):
        raise refusals.simple(
            "6540",
            "Deposited Transaction cannot be changed",
            "Deposited Transaction cannot be changed : To change this transaction, remove it from the deposit first",
        )


def _total_of_lines(new: Obj, old: Obj | None) -> Decimal:
    """The reference page's own full update leaves TotalAmt out; a create may not."""
    if old is None:
        raise refusals.missing("TotalAmt")
    return -credits.unapplied({**new, "TotalAmt": ZERO})


def _check_deposit_account(books: Books, new: Obj) -> None:
    reference = new.get("DepositToAccountRef")
    if reference is None:
        undeposited = (row for row in books.store.all("Account") if row.get("AccountSubType") == "UndepositedFunds")
        new["DepositToAccountRef"] = {"value": next(undeposited)["Id"]}
        return
    account = books.store.get("Account", reference["value"]) or {}
    if account.get("AccountType") not in _DEPOSIT_TYPES:
        raise refusals.simple(
            "6430", "Invalid account type used", "DepositToAccountRef must be a bank or other current asset account"
        )


def _line(books: Books, line: Obj, new: Obj, old: Obj | None) -> Obj:
    links = line.get("LinkedTxn")
    if not links:
        raise refusals.missing("Line.LinkedTxn")
    if line.get("Amount") is None:
        raise refusals.missing("Line.Amount")
    if line["Amount"] < 0:
        raise refusals.simple("2290", "Negative Amount", "Line.Amount must not be negative", "Line.Amount")
    if len(links) != 1:
        raise refusals.business("Each payment line links to one transaction.", "Line.LinkedTxn")
    kind, txn_id = str(links[0].get("TxnType")), str(links[0].get("TxnId"))
    form = books.store.get(kind, txn_id) if kind in credits.APPLICABLE else None
    if form is None:
        raise refusals.cannot_link(kind, txn_id, "no such transaction")
    if not _same_customer(books, form["CustomerRef"]["value"], new["CustomerRef"]["value"]):
        raise refusals.cannot_link(kind, txn_id, "it belongs to another customer")
    if form["CurrencyRef"]["value"] != new["CurrencyRef"]["value"]:  # a sub-customer may have another [G]
        raise refusals.business("A payment and what it pays must be in one currency", "CurrencyRef")
    kept = old is not None and (kind, txn_id) in credits.targets(old)
    if form["Balance"] <= 0 and not kept and (form["TotalAmt"] > 0 or line["Amount"] > 0):
        raise refusals.cannot_link(kind, txn_id, "it has no open balance")
    return {"Amount": cents(line["Amount"]), "LinkedTxn": [{"TxnId": txn_id, "TxnType": kind}]}


def _check_amounts(books: Books, new: Obj, old: Obj | None) -> None:
    before: dict[tuple[str, str], Decimal] = credits.targets(old or {})
    for (kind, txn_id), amount in credits.targets(new).items():
        form = books.store.get(kind, txn_id) or {}
        if amount > form["Balance"] + before.get((kind, txn_id), ZERO):
            raise refusals.business(
                f"The amount {amount} is more than the open balance of {kind} {txn_id}.", "Line.Amount"
            )


def _same_customer(books: Books, holder: str, payer: str) -> bool:
    """True for the payer's own transactions and those of its sub-customers."""
    current: str | None = holder
    for _ in range(_MAX_LEVELS):
        if current == payer:
            return True
        customer = books.store.get("Customer", current or "") or {}
        current = customer.get("ParentRef", {}).get("value")
    return False

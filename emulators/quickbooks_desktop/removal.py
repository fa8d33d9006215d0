"""Voiding and deleting transactions, and the list of what was deleted (facts: QBD 2.2, 2.6)."""

from . import payments, rets, sales, statuses
from .books import Books
from .statuses import Obj
from .store import ZERO, Deleted


def void(books: Books, body: Obj, *, by_hand: bool = False) -> rets.Content:
    """Keep the transaction at 0.00 and release what was applied. Raises Refused 3120, 3171, 3175, 3176."""
    kind = body["TxnVoidType"]
    txn = _found(books, kind, body["TxnID"], by_hand=by_hand)
    _release(books, kind, txn)
    emptied = {**txn, "_lines": [{**line, **_nothing_of(line)} for line in txn["_lines"]]}
    emptied["Memo"] = f"VOID: {txn.get('Memo', '')}".strip()  # as QuickBooks marks it [M]
    sales.compute(books, emptied)
    emptied.update(books.head("TxnID", txn))
    books.store.put_txn(kind, emptied)
    answer = {"TxnVoidType": kind, **{name: emptied[name] for name in ("TxnID", "TimeCreated", "TimeModified")}}
    return list({**answer, **_number(txn)}.items())


def delete(books: Books, body: Obj, *, by_hand: bool = False) -> rets.Content:
    """Remove the transaction and release what was applied. Raises Refused 3120, 3170 deposited, 3171, 3175, 3176."""
    kind = body["TxnDelType"]
    txn = _found(books, kind, body["TxnID"], by_hand=by_hand)
    if txn.get("_deposited"):
        # Rule [M], code and text [G].
        raise statuses.not_saved(kind, "You cannot delete a payment that has been deposited.", modifying=True)
    _release(books, kind, txn)
    books.store.drop_txn(txn["TxnID"])
    gone = Deleted(kind, txn["TxnID"], txn["TimeCreated"], books.stamp(), txn.get("RefNumber", ""))
    books.store.deleted.append(gone)
    return list({"TxnDelType": kind, "TxnID": gone.id, "TimeDeleted": gone.deleted, **_number(txn)}.items())


def deleted(books: Books, body: Obj) -> rets.Content:
    """TxnDeletedQuery: oldest first."""
    period = body.get("DeletedDateRangeFilter", {})
    found: rets.Content = []
    for one in books.store.deleted:
        if one.kind not in body["TxnDelType"]:
            continue
        after = not period.get("FromDeletedDate") or one.deleted[:10] >= period["FromDeletedDate"][:10]
        before = not period.get("ToDeletedDate") or one.deleted[:10] <= period["ToDeletedDate"][:10]
        if after and before:
            row = {"TxnDelType": one.kind, "TxnID": one.id, "TimeCreated": one.created, "TimeDeleted": one.deleted}
            found.append(("TxnDeletedRet", {**row, **({"RefNumber": one.number} if one.number else {})}))
    return found


def _found(books: Books, kind: str, txn_id: str, *, by_hand: bool) -> Obj:
    txn = books.store.txn(txn_id)
    if txn is None or books.store.kind_of(txn_id) != kind:
        raise statuses.not_found(txn_id)
    if by_hand:
        return txn
    if books.is_closed(txn["TxnDate"]):
        raise statuses.closed_period(kind)
    if txn_id in books.in_use:
        raise statuses.locked(kind)
    links = (*books.store.links_on(txn_id), *books.store.links_from(txn_id))
    if any(one.source in books.in_use or one.invoice in books.in_use for one in links):
        raise statuses.locked(kind, related=True)
    return txn


def _release(books: Books, kind: str, txn: Obj) -> None:
    if kind == "Invoice":
        payments.release_invoice(books, txn["TxnID"])
    else:
        payments.release(books, txn["TxnID"])


def _nothing_of(line: Obj) -> Obj:
    return {name: format(ZERO, "f") for name in ("Rate", "Amount") if name in line}


def _number(txn: Obj) -> Obj:
    return {"RefNumber": txn["RefNumber"]} if txn.get("RefNumber") else {}

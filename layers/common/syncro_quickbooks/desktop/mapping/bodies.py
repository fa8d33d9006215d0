"""Small tools for qbXML bodies: digests of content, and what is kept of an object that QuickBooks returned."""

import hashlib
from decimal import Decimal

from syncro_quickbooks import exact_json
from syncro_quickbooks.desktop.qbxml.reading import amount, rows, section, text
from syncro_quickbooks.json_types import JsonObject

LINE_OF = {"Invoice": "InvoiceLineRet", "CreditMemo": "CreditMemoLineRet"}

_KEPT = (
    "ListID",
    "TxnID",
    "EditSequence",
    "Name",
    "FullName",
    "IsActive",
    "TxnDate",
    "RefNumber",
    "Subtotal",
    "SalesTaxTotal",
    "TotalAmount",
    "AppliedAmount",
    "BalanceRemaining",
    "CreditRemaining",
    "UnusedPayment",
)
_KEPT_OF_LINE = ("TxnLineID", "Quantity", "Rate", "Amount")
_LONGEST_MEMO = 300


def digest(content: JsonObject) -> str:
    """SHA-256 (hex) of `content` in canonical JSON."""
    return hashlib.sha256(exact_json.canonical(content).encode()).hexdigest()


def kept(entity: str, ret: JsonObject) -> JsonObject:
    """What is stored of a Ret: who it is, its money, its lines without their texts, and what it is applied to."""
    stored: JsonObject = {name: value for name in _KEPT if (value := text(ret, name))}
    for name in ("Memo", "Notes"):
        if written := text(ret, name):
            stored[name] = written[:_LONGEST_MEMO]
    for name in ("CustomerRef", "DepositToAccountRef"):
        if list_id := text(ret, name, "ListID"):
            stored[name] = {"ListID": list_id}
    line = LINE_OF.get(entity)
    if line is not None and rows(ret, line):
        stored["lines"] = [_line(each) for each in rows(ret, line)]
    applied: list[JsonObject] = [
        {"TxnID": text(each, "TxnID"), "Amount": text(each, "Amount")} for each in rows(ret, "AppliedToTxnRet")
    ]
    if entity == "ReceivePayment":
        stored["applied"] = list(applied)
    if "LinkedTxn" in ret:
        stored["linked"] = [text(each, "TxnType") or "transaction" for each in rows(ret, "LinkedTxn")]
    return stored


def _line(ret: JsonObject) -> JsonObject:
    line: JsonObject = {name: value for name in _KEPT_OF_LINE if (value := text(ret, name))}
    line["item"] = text(ret, "ItemRef", "ListID")
    line["code"] = text(ret, "SalesTaxCodeRef", "FullName")
    line["desc"] = hashlib.sha256(text(ret, "Desc").encode()).hexdigest()[:12]
    return line


def total_of(stored: JsonObject) -> Decimal | None:
    """A document's total: an invoice states subtotal and tax, everything else its total."""
    total = amount(stored, "TotalAmount")
    if total is not None:
        return total
    subtotal = amount(stored, "Subtotal")
    return None if subtotal is None else subtotal + (amount(stored, "SalesTaxTotal") or Decimal(0))


def is_voided(stored: JsonObject) -> bool:
    """QuickBooks keeps a voided document at 0.00 and says so in its memo [M]."""
    return text(stored, "Memo").startswith("VOID:") and not total_of(stored)


def applied_to(stored: JsonObject | None) -> dict[str, Decimal]:
    """What a payment pays of which invoice (TxnID)."""
    return {text(each, "TxnID"): amount(each, "Amount") or Decimal(0) for each in rows(stored or {}, "applied")}


def customer_of(stored: JsonObject) -> str:
    """The ListID of a document's customer."""
    return text(section(stored, "CustomerRef"), "ListID")

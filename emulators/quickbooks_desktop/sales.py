"""Invoices and credit memos: defaults, lines, totals and tax, all computed by QuickBooks (facts: QBD 2.6)."""

from datetime import date, timedelta
from decimal import Decimal

from . import lists, payments, references, rets, statuses
from .books import Books, cents, money
from .statuses import Obj
from .store import ZERO

_TEMPLATES = {"Invoice": "Intuit Service Invoice", "CreditMemo": "Custom Credit Memo"}
_NOT_STORED = ("TxnID", "EditSequence", "SetCredit", "LinkToTxnID", "ExchangeRate")


def add(books: Books, kind: str, body: Obj, *, by_hand: bool = False) -> rets.Content:
    """A new invoice or credit memo. Raises Refused 3140, 3171, 3180, 3210."""
    return _saved(books, kind, body, None, by_hand=by_hand)


def modify(books: Books, kind: str, body: Obj, *, by_hand: bool = False) -> rets.Content:
    """Change an invoice. Raises Refused 3120, 3171, 3175, 3200, 3290, else as `add`."""
    old = books.store.txn(body["TxnID"])
    if old is None or books.store.kind_of(body["TxnID"]) != kind:
        raise statuses.not_found(body["TxnID"])
    if not by_hand:
        lists.check_current(books, kind, body, old, [(f"{kind}Ret", rets.txn(books, kind, old))])
    return _saved(books, kind, body, old, by_hand=by_hand)


def _saved(books: Books, kind: str, body: Obj, old: Obj | None, *, by_hand: bool) -> rets.Content:
    changes = references.resolve(books, body, kind)
    verb = "Add" if old is None else "Mod"
    if f"{kind}LineGroup{verb}" in changes:
        raise NotImplementedError("item groups on forms are not part of this emulator")
    given = changes.pop(f"{kind}Line{verb}", None)
    credits = changes.get("SetCredit", [])
    record = references.merged(old, {name: changes[name] for name in changes if name not in _NOT_STORED})
    if old is None:
        _defaults(books, kind, record)
    elif changes.get("TermsRef") and not changes.get("DueDate"):
        record["DueDate"] = _due(books, record)  # a new date alone leaves it [G]
    _check_period(books, kind, old, record, by_hand=by_hand)
    lines = _lines(books, kind, given, old)
    record["_lines"] = lines
    compute(books, record)
    if not lines:
        raise statuses.not_saved(kind, "You cannot record a blank transaction.", modifying=old is not None)  # [M]
    if record["_total"] < 0:
        raise statuses.not_saved(kind, "Transaction amount must be positive.", modifying=old is not None)
    record.update(books.head("TxnID", old))
    if old is None:
        books.last_txn_number += 1
        record["TxnNumber"] = str(books.last_txn_number)
    else:
        _check_applied(books, kind, old, record)
    books.store.put_txn(kind, record)
    for credit in credits:
        payments.set_credit(books, record["TxnID"], credit, field="SetCredit")
    current = books.store.txn(record["TxnID"]) or record
    return [(f"{kind}Ret", rets.txn(books, kind, current))]


def _defaults(books: Books, kind: str, record: Obj) -> None:
    customer = references.entry(books, record, "CustomerRef")
    if customer is None:
        raise statuses.missing("CustomerRef")
    record.setdefault("ARAccountRef", lists.default_reference(books, "Account", "Accounts Receivable"))
    record.setdefault("TemplateRef", lists.default_reference(books, "Template", _TEMPLATES[kind]))
    record.setdefault("TxnDate", books.today())
    if "RefNumber" not in record:
        record["RefNumber"] = books.next_number()  # blank auto-numbers [M]
    for name in ("BillAddress", "ShipAddress", "TermsRef"):
        if customer.get(name):
            record.setdefault(name, customer[name])
    record.setdefault("DueDate", _due(books, record))
    record.setdefault("ShipDate", record["TxnDate"])
    for name, value in (("IsPending", "false"), ("IsToBePrinted", "true"), ("IsToBeEmailed", "false")):
        record.setdefault(name, value)
    if kind == "Invoice":
        record.setdefault("IsFinanceCharge", "false")
    if books.sales_tax:
        record.setdefault("ItemSalesTaxRef", customer.get("ItemSalesTaxRef") or lists.default_tax_item(books))
        code = customer.get("SalesTaxCodeRef") or lists.default_reference(books, "SalesTaxCode", "Tax")
        record.setdefault("CustomerSalesTaxCodeRef", code)


def _due(books: Books, record: Obj) -> str:
    terms = references.entry(books, record, "TermsRef")
    days = int(terms.get("StdDueDays", "0")) if terms else 0
    return (date.fromisoformat(record["TxnDate"]) + timedelta(days=days)).isoformat()


def _check_period(books: Books, kind: str, old: Obj | None, new: Obj, *, by_hand: bool) -> None:
    if not by_hand and any(books.is_closed(one["TxnDate"]) for one in (old, new) if one is not None):
        raise statuses.closed_period(kind)


def _lines(books: Books, kind: str, given: list[Obj] | None, old: Obj | None) -> list[Obj]:
    before = {line["TxnLineID"]: line for line in (old or {}).get("_lines", [])}
    if given is None:  # no line named: all are kept (facts: QBD 2.2)
        return list(before.values())
    order = list(before)
    last = -1
    lines: list[Obj] = []
    for one in given:
        line_id = one.get("TxnLineID", "-1")
        if line_id == "-1":
            line: Obj = {"TxnLineID": books.store.next_id(books.moment(), is_list=False)}
        elif line_id not in before:
            raise statuses.not_found(line_id)
        elif order.index(line_id) < last:
            raise statuses.Refused(3290, 'The item "TxnLineID" is placed in the request in incorrect order.')
        else:
            last = order.index(line_id)
            line = before[line_id]
        lines.append(_priced(books, kind, _merged_line(line, one), lines))
    return lines


def _merged_line(old: Obj, new: Obj) -> Obj:
    """Sent fields replace; a new item, quantity or rate lets QuickBooks compute the amount again."""
    kept = dict(old)
    if "Amount" not in new and {"Quantity", "Rate", "RatePercent", "ItemRef"} & set(new):
        kept.pop("Amount", None)
    if "Amount" in new and "Rate" not in new:
        kept.pop("Rate", None)
    if "ItemRef" in new and "Rate" not in new:
        kept.pop("Rate", None)
    return references.merged(kept, {name: value for name, value in new.items() if name != "TxnLineID"})


def _priced(books: Books, kind: str, line: Obj, above: list[Obj]) -> Obj:
    """A line with rate and amount. Amount given wins over the rate [G]; rounding half up."""
    priced = dict(line)
    item = references.entry(books, line, "ItemRef")
    if item is None:
        if any(name in line for name in ("Amount", "Rate", "Quantity")):
            raise statuses.not_saved(kind, "The transaction line has an amount but no item.")  # [G]
        return priced
    quantity = Decimal(line["Quantity"]) if "Quantity" in line else None
    if "Amount" in line:
        amount = money(line["Amount"])
        if "Rate" not in line and "RatePercent" not in line and quantity:
            priced["Rate"] = _rate_text(amount / quantity)
    elif "RatePercent" in line:
        amount = cents(Decimal(line["RatePercent"]) / 100 * (money(above[-1].get("Amount")) if above else ZERO))
    else:
        rate = Decimal(line["Rate"]) if "Rate" in line else _price(item)
        priced["Rate"] = _rate_text(rate)
        amount = cents(rate * (quantity if quantity is not None else 1))
    priced["Amount"] = format(amount, "f")
    if "Desc" not in priced and _description(item):
        priced["Desc"] = _description(item)
    if "SalesTaxCodeRef" not in priced:
        default = lists.default_reference(books, "SalesTaxCode", "Non")
        priced["SalesTaxCodeRef"] = (item.get("SalesTaxCodeRef") if books.sales_tax else None) or default
    return priced


def _price(item: Obj) -> Decimal:
    sold = item.get("SalesOrPurchase") or item.get("SalesAndPurchase") or {}
    return Decimal(sold.get("Price") or sold.get("SalesPrice") or "0.00")


def _description(item: Obj) -> str:
    sold = item.get("SalesOrPurchase") or item.get("SalesAndPurchase") or {}
    text: str = sold.get("Desc") or sold.get("SalesDesc") or ""
    return text


def _rate_text(rate: Decimal) -> str:
    """At least two decimals, at most five (captured 103.00; facts: QBD 2.2)."""
    text = format(rate.quantize(Decimal("0.00001")), "f")
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"


def compute(books: Books, record: Obj) -> None:
    """Subtotal, tax rate, tax and total of a form: the rate times the taxable lines, half up (facts: QBD 2.6)."""
    amounts = [(line, money(line.get("Amount"))) for line in record["_lines"]]
    taxable = sum((amount for line, amount in amounts if _is_taxable(books, record, line)), ZERO)
    percent = _percent(books, record) if books.sales_tax else ZERO
    record["_subtotal"] = sum((amount for _, amount in amounts), ZERO)
    record["_percent"] = percent
    record["_tax"] = cents(taxable * percent / 100)
    record["_total"] = record["_subtotal"] + record["_tax"]


def _is_taxable(books: Books, record: Obj, line: Obj) -> bool:
    if not books.sales_tax:
        return False
    code = references.entry(books, line, "SalesTaxCodeRef")
    customer_code = references.entry(books, record, "CustomerSalesTaxCodeRef")
    if customer_code is not None and customer_code["IsTaxable"] == "false":
        return False  # an exempt customer pays no tax whatever the lines say [M]
    return code is not None and code["IsTaxable"] == "true"


def _percent(books: Books, record: Obj) -> Decimal:
    item = references.entry(books, record, "ItemSalesTaxRef")
    if item is None:
        return ZERO
    parts = [item]
    if books.store.kind_of(item["ListID"]) == "ItemSalesTaxGroup":
        parts = [books.store.entry(one["ListID"]) or {} for one in item["ItemSalesTaxRef"]]
    rate = sum((Decimal(part.get("TaxRate", "0")) for part in parts), Decimal(0))
    return rate if rate.as_tuple().exponent in range(-5, -1) else rate.quantize(ZERO)


def _check_applied(books: Books, kind: str, old: Obj, new: Obj) -> None:
    links = books.store.links_on(old["TxnID"]) if kind == "Invoice" else books.store.links_from(old["TxnID"])
    if links and old["CustomerRef"] != new["CustomerRef"]:
        text = "You cannot change the customer while payments or credits are applied."  # [G]
        raise statuses.not_saved(kind, text, modifying=True)
    used = sum((link.amount for link in links), ZERO)
    if used <= new["_total"]:
        return
    if books.below_applied == "refuse":  # [G]
        text = "The amount applied to this transaction is more than its total."
        raise statuses.not_saved(kind, text, modifying=True)
    books.store.unlink(links)

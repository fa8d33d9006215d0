"""Purchase orders, bills, expenses and bill payments (facts: QBO 1.6)."""

from decimal import Decimal

from . import refusals, tax
from .books import Books
from .json_text import Obj
from .lines import amount_of, check_count, link, linked, number_lines, set_currency, set_number, sum_amounts, unlink
from .references import resolve_entity
from .sales import due_date, keep_sent_amounts, line_code
from .tax import ZERO, cents

_DETAILS = ("ItemBasedExpenseLineDetail", "AccountBasedExpenseLineDetail")
_PAYABLE = "Accounts Payable"
_BILL_PAYMENTS = ("BillPaymentCheck", "BillPaymentCreditCard")
_PAYS_FROM = {"Cash": ("Bank",), "Check": ("Bank",), "CreditCard": ("Credit Card",)}


def prepare(books: Books, entity: str, new: Obj, old: Obj | None, *, any_number: bool) -> Obj:
    """A purchase order, bill or expense as QuickBooks stores it.

    Raises Refusal: 2020, 2500, 610, 5020 (no purchase orders in the plan), 6000, 6070, 6140, 6170, 6430, 620.
    """
    if entity == "PurchaseOrder" and not books.purchase_orders_enabled:
        raise refusals.not_in_plan("Purchase Order creation is available only in QBO Plus")
    party = _expense_party(books, new, old) if entity == "Purchase" else _vendor(books, new)
    if entity != "Purchase":
        _check_vendor_form(books, entity, new, old)
    lines = [_line(books, line) for line in new.get("Line", [])]
    check_count(lines)
    number_lines(lines, old["Line"] if old else ())
    if entity == "Bill":
        _check_order_links(books, lines, new, old)
    _number(books, entity, new, old, check=not any_number)
    set_currency(books, new, party)
    new.setdefault("TxnDate", books.today())
    total = sum_amounts(lines) + _tax(books, new, lines)
    if total < 0:
        raise refusals.business("The transaction amount must be 0 or greater.", "TotalAmt")
    new["Line"], new["TotalAmt"] = lines, cents(total)
    new["LinkedTxn"] = list(old.get("LinkedTxn", [])) if old else []
    _finish(books, entity, new, old, party)
    return new


def stored(books: Books, entity: str, new: Obj, old: Obj | None) -> None:
    """After storing: a bill links its purchase orders, which close when everything on them is billed.

    An order may be billed again and beyond what was ordered: undocumented, and so a double bill shows [G].
    """
    if entity == "Bill":
        _link_orders(books, new, _orders(new), _orders(old) if old else set())


def removed(books: Books, entity: str, old: Obj) -> None:
    """After deleting: a bill's purchase orders are open again."""
    if entity == "Bill":
        _link_orders(books, old, set(), _orders(old))


def check_delete(books: Books, entity: str, old: Obj) -> None:
    """Raises Refusal 6000 while bill payments or bills are linked."""
    del books
    if linked(old, *_BILL_PAYMENTS) or (entity == "PurchaseOrder" and linked(old, "Bill")):
        raise refusals.business("You must unlink any linked transactions before deleting this one.", "LinkedTxn")


def prepare_bill_payment(books: Books, entity: str, new: Obj, old: Obj | None, *, any_number: bool) -> Obj:
    """A bill payment as QuickBooks stores it.

    Raises Refusal: 2020, 620 a bill of another vendor, 6000 more than is open, 6140.
    """
    vendor = _vendor(books, new)
    for name in ("TotalAmt", "PayType"):
        if new.get(name) is None:
            raise refusals.missing(name)
    before = _paid(old or {})
    for bill_id, amount in _paid(new).items():
        bill = books.store.get("Bill", bill_id)
        if bill is None or bill["VendorRef"]["value"] != vendor["Id"]:
            raise refusals.cannot_link("Bill", bill_id, "no such bill of this vendor")
        if amount > bill["Balance"] + before.get(bill_id, ZERO):
            raise refusals.business(
                f"The amount {amount} is more than the open balance of Bill {bill_id}.", "Line.Amount"
            )
    _number(books, entity, new, old, check=not any_number)
    set_currency(books, new, vendor)
    new.setdefault("TxnDate", books.today())
    return new


def bill_payment_stored(books: Books, entity: str, new: Obj, old: Obj | None) -> None:
    """After storing or deleting: the bills' balances and links."""
    del entity
    now, before = _paid(new), _paid(old or {})
    for bill_id in {*now, *before}:
        bill = books.store.get("Bill", bill_id)
        if bill is not None:
            change = link if bill_id in now else unlink
            balance = bill["Balance"] + before.get(bill_id, ZERO) - now.get(bill_id, ZERO)
            books.store.put("Bill", {**change(bill, f"BillPayment{new['PayType']}", new["Id"]), "Balance": balance})


def void_bill_payment(books: Books, entity: str, old: Obj) -> Obj:
    """Amount 0, no lines (REF billpayment)."""
    del books, entity
    return {**old, "TotalAmt": ZERO, "Line": [], "PrivateNote": "Voided"}


def bill_payment_removed(books: Books, entity: str, old: Obj) -> None:
    """After deleting: the bills are open again."""
    bill_payment_stored(books, entity, {**old, "Line": []}, old)


def _vendor(books: Books, new: Obj) -> Obj:
    if not new.get("VendorRef"):
        raise refusals.missing("VendorRef")
    vendor = books.store.get("Vendor", new["VendorRef"]["value"])
    if vendor is None:
        raise refusals.no_such_reference("Names", new["VendorRef"]["value"])
    return vendor


def _check_vendor_form(books: Books, entity: str, new: Obj, old: Obj | None) -> None:
    account = new.get("APAccountRef")
    if account is None and entity == "PurchaseOrder":
        raise refusals.missing("APAccountRef")
    kind = (books.store.get("Account", account["value"]) or {}).get("AccountType") if account else _PAYABLE
    if kind != _PAYABLE:
        raise refusals.simple(
            "6430", "Invalid account type used", f"APAccountRef cannot be an account of type {kind}", "APAccountRef"
        )
    vendor_changes = old is not None and old["VendorRef"]["value"] != new["VendorRef"]["value"]
    if old is not None and vendor_changes and linked(old, "Bill", *_BILL_PAYMENTS):  # as for invoices [G]
        raise refusals.business("The vendor of a transaction with linked transactions cannot be changed", "VendorRef")


def _number(books: Books, entity: str, new: Obj, old: Obj | None, *, check: bool) -> None:
    """Duplicates are refused whatever the company's preference for sales forms says (facts: QBO 1.3, 1.6)."""
    numbered = entity == "PurchaseOrder" and not books.custom_purchase_order_numbers
    if numbered and old is not None:
        new["DocNumber"] = old.get("DocNumber") or books.next_number()  # also at an update [G]
    set_number(books, entity, new, old, numbered_by_company=numbered, check=check)


def _expense_party(books: Books, new: Obj, old: Obj | None) -> Obj:
    kind = new.get("PaymentType")
    if kind is None:
        raise refusals.missing("PaymentType")
    if not new.get("AccountRef"):
        raise refusals.missing("AccountRef")
    account = books.store.get("Account", new["AccountRef"]["value"]) or {}
    if account.get("AccountType") not in _PAYS_FROM[kind]:
        raise refusals.simple(
            "6430", "Invalid account type used", f"A {kind} expense cannot be paid from {account.get('AccountType')}"
        )
    if new.get("Credit") and kind != "CreditCard":
        raise refusals.business("Credit is allowed for credit card expenses only.", "Credit")
    reference = new.get("EntityRef")
    resolve_entity(books, reference, old)
    if reference is None:
        return {}
    return books.store.get(reference.get("type", "Vendor"), reference["value"]) or {}


def _line(books: Books, line: Obj) -> Obj:
    kind = line.get("DetailType")
    if kind is None:
        raise refusals.missing("Line.DetailType")
    if kind == "DescriptionOnly":
        return line
    if kind not in _DETAILS:
        raise refusals.invalid_value("2170", "Invalid Enumeration", "Line.DetailType", kind)
    if kind not in line:
        raise refusals.missing(f"Line.{kind}")
    detail = dict(line[kind])
    if kind == "AccountBasedExpenseLineDetail" and not detail.get("AccountRef"):
        raise refusals.missing("Line.AccountRef")
    if kind == "ItemBasedExpenseLineDetail":
        _check_bought_item(books, detail)
    if detail.get("BillableStatus") == "Billable" and not detail.get("CustomerRef"):
        raise refusals.simple("6310", "Missing Customer", "A billable line needs a customer", "CustomerRef")
    detail.setdefault("BillableStatus", "NotBillable")
    return {**line, "Amount": amount_of(line, detail), kind: detail}


def _check_bought_item(books: Books, detail: Obj) -> None:
    if not detail.get("ItemRef"):
        raise refusals.missing("Line.ItemRef")
    item = books.store.get("Item", detail["ItemRef"]["value"]) or {}
    if not item.get("ExpenseAccountRef"):
        raise refusals.business(f"The item {item.get('Name')} has no expense account and cannot be bought.", "ItemRef")


def _tax(books: Books, new: Obj, lines: list[Obj]) -> Decimal:
    details = [(line, line[line["DetailType"]]) for line in lines if line["DetailType"] in _DETAILS]
    if books.country == "US":
        for _, detail in details:
            code = detail.get("TaxCodeRef", {}).get("value", "NON")
            if code not in ("TAX", "NON"):
                raise refusals.wrong_tax_code(code)
            detail["TaxCodeRef"] = {"value": code}
        new.pop("TxnTaxDetail", None)
        return ZERO  # US purchases carry no sales tax
    mode = new.setdefault("GlobalTaxCalculation", "TaxExcluded")
    sent = new.pop("TxnTaxDetail", {})
    if mode == "NotApplicable" and sent.get("TaxLine"):
        raise refusals.tax_not_applicable()
    if mode == "NotApplicable" or books.tax_mode == "none":
        return ZERO
    pairs = [(line["Amount"], line_code(books, detail)) for line, detail in details]
    taxes = tax.compute(books.store, pairs, purchase=True, per_line=books.tax_rounding == "per_line")
    keep_sent_amounts(taxes, sent)
    total = sum((entry.tax for entry in taxes), ZERO)
    new["TxnTaxDetail"] = {"TotalTax": total, "TaxLine": [entry.line() for entry in taxes]}
    return total


def _finish(books: Books, entity: str, new: Obj, old: Obj | None, party: Obj) -> None:
    if entity == "PurchaseOrder":
        new.setdefault("POStatus", "Open")
    if entity == "Bill":
        new["DueDate"] = new.get("DueDate") or due_date(
            books, new["TxnDate"], new.get("SalesTermRef") or party.get("TermRef"), 0
        )
        payments = [books.store.get("BillPayment", one) or {} for one in linked(new, *_BILL_PAYMENTS)]
        paid = sum((_paid(payment).get(old["Id"], ZERO) for payment in payments if old), ZERO)
        new["Balance"] = new["TotalAmt"] - paid
        if new["Balance"] < 0:
            raise refusals.business("The amount paid is more than the bill's new total.", "TotalAmt")
        if "APAccountRef" not in new:
            payable = next(row for row in books.store.all("Account") if row["AccountType"] == _PAYABLE)
            new["APAccountRef"] = {"value": payable["Id"], "name": payable["Name"]}


def _orders(bill: Obj) -> set[str]:
    return {
        one["TxnId"]
        for line in bill["Line"]
        for one in line.get("LinkedTxn", [])
        if one.get("TxnType") == "PurchaseOrder"
    }


def _check_order_links(books: Books, lines: list[Obj], new: Obj, old: Obj | None) -> None:
    linked_before = {line["Id"]: line.get("LinkedTxn") for line in old["Line"]} if old else {}
    for line in lines:
        for one in line.get("LinkedTxn", []):
            kind, order_id = str(one.get("TxnType")), str(one.get("TxnId"))
            order = books.store.get("PurchaseOrder", order_id) if kind == "PurchaseOrder" else None
            if order is None or order["VendorRef"]["value"] != new["VendorRef"]["value"]:
                raise refusals.cannot_link(kind, order_id, "no such purchase order of this vendor")
            if one.get("TxnLineId") not in {order_line["Id"] for order_line in order["Line"]}:
                raise refusals.cannot_link(kind, order_id, f"it has no line {one.get('TxnLineId')}")
            if line["Id"] in linked_before and not linked_before[line["Id"]]:
                raise refusals.cannot_link(
                    kind, order_id, "an existing line cannot be linked; add a new line"
                )  # REF bill


def _link_orders(books: Books, bill: Obj, now: set[str], before: set[str]) -> None:
    for order_id in now | before:
        order = books.store.get("PurchaseOrder", order_id)
        if order is None:
            continue
        order = (link if order_id in now else unlink)(order, "Bill", bill["Id"])
        status = "Closed" if _fully_billed(books, order) else "Open"
        books.store.put("PurchaseOrder", {**order, "POStatus": status})


def _fully_billed(books: Books, order: Obj) -> bool:
    billed: dict[str, Decimal] = {}
    for bill_id in linked(order, "Bill"):
        for line in (books.store.get("Bill", bill_id) or {}).get("Line", []):
            for one in line.get("LinkedTxn", []):
                if one["TxnId"] == order["Id"]:
                    line_id = one.get("TxnLineId", "")
                    billed[line_id] = billed.get(line_id, ZERO) + _measure(line)
    return all(
        billed.get(line["Id"], ZERO) >= _measure(line) for line in order["Line"] if line["DetailType"] in _DETAILS
    )


def _measure(line: Obj) -> Decimal:
    """How much of a purchase order line this is: the quantity, else the amount."""
    quantity: Decimal | None = line.get(line["DetailType"], {}).get("Qty")
    return quantity if quantity is not None else Decimal(line["Amount"])


def _paid(payment: Obj) -> dict[str, Decimal]:
    """Bill id -> the amount a bill payment pays of it."""
    paid: dict[str, Decimal] = {}
    for line in payment.get("Line", []):
        for one in line.get("LinkedTxn", []):
            if one.get("TxnType") == "Bill":
                paid[one["TxnId"]] = paid.get(one["TxnId"], ZERO) + line["Amount"]
    return paid

"""Records as QuickBooks writes them into an answer, elements in its order (captures, facts: QBD 2.6)."""

from decimal import Decimal
from typing import Any

from . import references
from .books import Books
from .statuses import Obj
from .store import ZERO, Link

Content = list[tuple[str, Any]]  # what stands inside an Rs element: names and texts or dicts

_HEAD = "ListID TimeCreated TimeModified EditSequence Name"
_ITEM = f"{_HEAD} FullName BarCodeValue IsActive"
_SOLD = "SalesTaxCodeRef SalesOrPurchase SalesAndPurchase ExternalGUID"
_PERSON = "CompanyName Salutation FirstName MiddleName LastName JobTitle"
_REACH = "Phone AltPhone Fax Email Cc Contact AltContact AdditionalContactRef"
_FORM_START = (
    "TxnID TimeCreated TimeModified EditSequence TxnNumber CustomerRef ClassRef ARAccountRef TemplateRef TxnDate"
    " RefNumber BillAddress BillAddressBlock ShipAddress ShipAddressBlock IsPending"
)
_FORM_MIDDLE = "PONumber TermsRef DueDate SalesRepRef FOB ShipDate ShipMethodRef Subtotal ItemSalesTaxRef"
_LISTS = {
    "Customer": f"{_HEAD} FullName IsActive ClassRef ParentRef Sublevel {_PERSON} BillAddress BillAddressBlock"
    f" ShipAddress ShipAddressBlock ShipToAddress {_REACH} CustomerTypeRef TermsRef SalesRepRef Balance TotalBalance"
    " SalesTaxCodeRef ItemSalesTaxRef ResaleNumber AccountNumber CreditLimit PreferredPaymentMethodRef CreditCardInfo"
    " JobStatus JobStartDate JobProjectedEndDate JobEndDate JobDesc JobTypeRef Notes PreferredDeliveryMethod"
    " PriceLevelRef ExternalGUID CurrencyRef",
    "Vendor": f"{_HEAD} IsActive ClassRef {_PERSON} VendorAddress VendorAddressBlock ShipAddress {_REACH} NameOnCheck"
    " AccountNumber Notes Balance",
    "ItemService": f"{_ITEM} ClassRef ParentRef Sublevel UnitOfMeasureSetRef {_SOLD}",
    "ItemNonInventory": f"{_ITEM} ClassRef ParentRef Sublevel ManufacturerPartNumber UnitOfMeasureSetRef {_SOLD}",
    "ItemOtherCharge": f"{_ITEM} ClassRef ParentRef Sublevel {_SOLD}",
    "ItemDiscount": f"{_ITEM} ClassRef ParentRef Sublevel ItemDesc SalesTaxCodeRef DiscountRate DiscountRatePercent"
    " AccountRef ExternalGUID",
    "ItemSalesTax": f"{_HEAD} BarCodeValue IsActive ClassRef ItemDesc TaxRate TaxVendorRef ExternalGUID",
    "ItemSalesTaxGroup": f"{_HEAD} BarCodeValue IsActive ItemDesc ExternalGUID ItemSalesTaxRef",
    "SalesTaxCode": f"{_HEAD} IsActive IsTaxable Desc",
    "StandardTerms": f"{_HEAD} IsActive StdDueDays StdDiscountDays DiscountPct",
    "PaymentMethod": f"{_HEAD} IsActive PaymentMethodType",
    "Account": f"{_HEAD} FullName IsActive ParentRef Sublevel AccountType SpecialAccountType AccountNumber Desc Balance"
    " TotalBalance CashFlowClassification",
    "Class": f"{_HEAD} FullName IsActive ParentRef Sublevel",
}
_TXNS = {
    "Invoice": f"{_FORM_START} IsFinanceCharge {_FORM_MIDDLE} SalesTaxPercentage SalesTaxTotal AppliedAmount"
    " BalanceRemaining Memo IsPaid CustomerMsgRef IsToBePrinted IsToBeEmailed CustomerSalesTaxCodeRef Other"
    " ExternalGUID LinkedTxn InvoiceLineRet",
    "CreditMemo": f"{_FORM_START} {_FORM_MIDDLE} SalesTaxPercentage SalesTaxTotal TotalAmount CreditRemaining Memo"
    " CustomerMsgRef IsToBePrinted IsToBeEmailed CustomerSalesTaxCodeRef Other ExternalGUID LinkedTxn"
    " CreditMemoLineRet",
    "ReceivePayment": "TxnID TimeCreated TimeModified EditSequence TxnNumber CustomerRef ARAccountRef TxnDate RefNumber"
    " TotalAmount PaymentMethodRef Memo DepositToAccountRef UnusedPayment UnusedCredits ExternalGUID AppliedToTxnRet",
}
_LINE = (
    "TxnLineID ItemRef Desc Quantity UnitOfMeasure Rate RatePercent ClassRef Amount ServiceDate SalesTaxCodeRef Other1"
    " Other2"
)
_ADDRESS = "Addr1 Addr2 Addr3 Addr4 Addr5 City State PostalCode Country Note"


def entry(books: Books, kind: str, record: Obj) -> Obj:
    """A list entry's Ret."""
    shown = dict(record)
    if kind == "Customer":
        own = _owed_by(books, {record["ListID"]})
        shown["Balance"] = _text(own)
        shown["TotalBalance"] = _text(own + _owed_by(books, set(_jobs_below(books, record["ListID"]))))
    return _arranged(books, _LISTS.get(kind, f"{_HEAD} FullName IsActive"), shown)


def txn(books: Books, kind: str, record: Obj, *, lines: bool = True, linked: bool = False) -> Obj:
    """A transaction's Ret, with or without its lines and what is linked to it."""
    shown = dict(record)
    if kind == "ReceivePayment":
        shown["TotalAmount"] = _text(record["_total"])
        shown["UnusedPayment"] = _text(books.store.unused(record))
        shown["UnusedCredits"] = "0.00"  # [G]: what it counts is unclear, captures show zero
        shown["AppliedToTxnRet"] = applied(books, books.store.links_from(record["TxnID"])) if lines else []
        return _arranged(books, _TXNS[kind], shown)
    shown["Subtotal"] = _text(record["_subtotal"])
    shown["SalesTaxPercentage"] = format(record["_percent"], "f")
    shown["SalesTaxTotal"] = _text(record["_tax"])
    if kind == "Invoice":
        shown["AppliedAmount"] = _text(-books.store.applied_to(record["TxnID"]))
        shown["BalanceRemaining"] = _text(books.store.balance(record))
        shown["IsPaid"] = "true" if books.store.balance(record) == 0 else "false"
    else:
        shown["TotalAmount"] = _text(record["_total"])
        shown["CreditRemaining"] = _text(books.store.unused(record))
    links = books.store.links_on(record["TxnID"]) if kind == "Invoice" else books.store.links_from(record["TxnID"])
    shown["LinkedTxn"] = _linked(books, kind, links) if linked else []
    shown[f"{kind}LineRet"] = [_arranged(books, _LINE, line) for line in record["_lines"]] if lines else []
    return _arranged(books, _TXNS[kind], shown)


def applied(books: Books, links: tuple[Link, ...]) -> list[Obj]:
    """AppliedToTxnRet of the links, one per invoice (captured)."""
    rows = []
    for invoice_id in dict.fromkeys(link.invoice for link in links):
        invoice = books.store.txn(invoice_id) or {}
        mine = [link for link in links if link.invoice == invoice_id]
        row: Obj = {"TxnID": invoice_id, "TxnType": "Invoice", "TxnDate": invoice["TxnDate"]}
        if "RefNumber" in invoice:
            row["RefNumber"] = invoice["RefNumber"]
        row["BalanceRemaining"] = _text(books.store.balance(invoice))
        row["Amount"] = _text(sum((one.amount for one in mine if one.kind == "payment"), ZERO))
        discount = next((one for one in mine if one.kind == "discount"), None)
        if discount is not None:
            row["DiscountAmount"] = _text(discount.amount)
            row["DiscountAccountRef"] = references.written(books, {"ListID": discount.discount_account})
        credits = tuple(
            one
            for one in books.store.links_on(invoice_id)
            if one.kind == "credit" and one.by and one.by in {link.source for link in mine}
        )
        if credits:
            row["LinkedTxn"] = _linked(books, "Invoice", credits)
        rows.append(row)
    return rows


def _linked(books: Books, kind: str, links: tuple[Link, ...]) -> list[Obj]:
    # Amounts are negative (captured for invoices; for credit memos [G]).
    shown = []
    for link in links:
        other_id = link.source if kind == "Invoice" else link.invoice
        other = books.store.txn(other_id) or {}
        row: Obj = {"TxnID": other_id, "TxnType": books.store.kind_of(other_id), "TxnDate": other["TxnDate"]}
        if "RefNumber" in other:
            row["RefNumber"] = other["RefNumber"]
        shown.append({**row, "LinkType": "AMTTYPE", "Amount": _text(-link.amount)})
    return shown


def _owed_by(books: Books, customers: set[str]) -> Decimal:
    owed = ZERO
    for kind, sign in (("Invoice", 1), ("CreditMemo", -1), ("ReceivePayment", -1)):
        for one in books.store.txns(kind):
            if one["CustomerRef"]["ListID"] in customers:
                owed += books.store.balance(one) if sign > 0 else -books.store.unused(one)
    return owed


def _jobs_below(books: Books, list_id: str) -> list[str]:
    found = []
    for one in books.store.entries("Customer"):
        if one.get("ParentRef", {}).get("ListID") == list_id:
            found += [one["ListID"], *_jobs_below(books, one["ListID"])]
    return found


def _arranged(books: Books, order: str, record: Obj) -> Obj:
    result: Obj = {}
    for name in order.split():
        if name.endswith("AddressBlock"):
            address = record.get(name.removesuffix("Block"))
            if address:
                result[name] = _block(address)
            continue
        value = record.get(name)
        if value in (None, "", {}, []):
            continue
        if name.endswith("Ref") and isinstance(value, dict):
            value = references.written(books, value)
        elif name.endswith("Ref") and isinstance(value, list) and name != "AdditionalContactRef":
            value = [references.written(books, one) for one in value]
        elif name.endswith("Address") and isinstance(value, dict):
            value = {part: value[part] for part in _ADDRESS.split() if value.get(part)}
        elif name.startswith("Sales") and isinstance(value, dict):
            value = {part: _shown(books, part, one) for part, one in value.items()}
        result[name] = value
    return result


def _shown(books: Books, name: str, value: Any) -> Any:
    return references.written(books, value) if name.endswith("Ref") else value


def _block(address: Obj) -> Obj:
    """The printed lines of an address (captured)."""
    lines = [address[name] for name in _ADDRESS.split()[:5] if address.get(name)]
    state = " ".join(part for part in (address.get("State"), address.get("PostalCode")) if part)
    town = ", ".join(part for part in (address.get("City"), state) if part)
    lines += [one for one in (town, address.get("Country"), address.get("Note")) if one]
    return {f"Addr{number}": line for number, line in enumerate(lines[:5], 1)}


def _text(amount: Decimal) -> str:
    return format(amount.quantize(ZERO), "f") if amount else "0.00"

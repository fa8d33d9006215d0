"""The lists a small US company starts with."""

from . import lists
from .books import Books
from .statuses import Obj

_ACCOUNTS = (
    ("Checking", "Bank"),
    ("Accounts Receivable", "AccountsReceivable"),
    ("Undeposited Funds", "OtherCurrentAsset"),
    ("Accounts Payable", "AccountsPayable"),
    ("Sales Tax Payable", "OtherCurrentLiability"),
    ("Customer Deposits", "OtherCurrentLiability"),
    ("Services", "Income"),
    ("Hardware Sales", "Income"),
    ("Sales Discounts", "Income"),
    ("Cost of Goods Sold", "CostOfGoodsSold"),
    ("Bad Debt", "Expense"),
    ("Purchases", "Expense"),
)
_SPECIAL = ("AccountsReceivable", "UndepositedFunds", "AccountsPayable", "SalesTaxPayable", "CostOfGoodsSold")
_TERMS = (("Due on receipt", 0), ("Net 15", 15), ("Net 30", 30), ("Net 60", 60))
_METHODS = (
    ("Cash", "Cash"),
    ("Check", "Check"),
    ("American Express", "AmericanExpress"),
    ("MasterCard", "MasterCard"),
    ("Visa", "Visa"),
    ("E-Check", "ECheck"),
)
_SERVICES = (("Managed Services", "Services", "Tax"), ("Labor", "Services", "Non"), ("Bad Debt", "Bad Debt", "Non"))


def fill(books: Books) -> None:
    """Accounts, tax codes and items, terms, payment methods, templates, a vendor and a few items to sell."""
    for name, account_type in _ACCOUNTS:
        special = name.replace(" ", "")
        more = {"SpecialAccountType": special} if special in _SPECIAL else {}
        _enter(books, "Account", {"Name": name, "AccountType": account_type, **more, "Balance": "0.00"})
    for name, taxable in (("Tax", "true"), ("Non", "false")):
        description = "Taxable Sales" if taxable == "true" else "Non-Taxable Sales"
        _enter(books, "SalesTaxCode", {"Name": name, "IsTaxable": taxable, "Desc": description})
    for name in ("Intuit Service Invoice", "Custom Credit Memo"):
        _enter(books, "Template", {"Name": name})
    for name, days in _TERMS:
        _enter(books, "StandardTerms", {"Name": name, "StdDueDays": str(days), "StdDiscountDays": "0"})
    for name, kind in _METHODS:
        _enter(books, "PaymentMethod", {"Name": name, "PaymentMethodType": kind})
    _enter(books, "Vendor", {"Name": "State Tax Agency"})
    agency = {"FullName": "State Tax Agency"}
    for name, rate in (("State Tax", "8.25"), ("County Tax", "1.00")):
        _enter(books, "ItemSalesTax", {"Name": name, "ItemDesc": "Sales Tax", "TaxRate": rate, "TaxVendorRef": agency})
    _enter(books, "ItemSalesTax", {"Name": "Out of State", "ItemDesc": "Out-of-state sale, exempt", "TaxRate": "0.00"})
    for name, account, code in _SERVICES:
        _item(books, "ItemService", name, account, code)
    _item(books, "ItemNonInventory", "Hardware", "Hardware Sales", "Tax")
    _item(books, "ItemOtherCharge", "Syncro Charges", "Services", "Non")
    _item(books, "ItemOtherCharge", "Store Credit", "Customer Deposits", "Non")


def _item(books: Books, kind: str, name: str, account: str, code: str) -> None:
    sold = {"Price": "0.00", "AccountRef": {"FullName": account}}
    _enter(books, kind, {"Name": name, "SalesTaxCodeRef": {"FullName": code}, "SalesOrPurchase": sold})


def _enter(books: Books, kind: str, values: Obj) -> None:
    lists.saved(books, kind, values, None)

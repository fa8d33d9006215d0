"""What a new company has: accounts, tax codes fitting its country, terms, payment methods and the item "Services"."""

from decimal import Decimal

from .books import Books, stamp
from .json_text import Obj
from .lines import currency
from .tax import ZERO

_ACCOUNTS = (
    ("Services", "Income", "ServiceFeeIncome", "Revenue"),
    ("Sales of Product Income", "Income", "SalesOfProductIncome", "Revenue"),
    ("Cost of Goods Sold", "Cost of Goods Sold", "SuppliesMaterialsCogs", "Expense"),
    ("Accounts Receivable (A/R)", "Accounts Receivable", "AccountsReceivable", "Asset"),
    ("Accounts Payable (A/P)", "Accounts Payable", "AccountsPayable", "Liability"),
    ("Checking", "Bank", "Checking", "Asset"),
    ("Undeposited Funds", "Other Current Asset", "UndepositedFunds", "Asset"),
    ("Customer Deposits", "Other Current Liability", "OtherCurrentLiabilities", "Liability"),
    ("Sales Tax Payable", "Other Current Liability", "SalesTaxPayable", "Liability"),
    ("Bad Debts", "Expense", "BadDebts", "Expense"),
    ("Visa", "Credit Card", "CreditCard", "Liability"),
    ("Discounts given", "Income", "DiscountsRefundsGiven", "Revenue"),
)
_TERMS = (("Due on receipt", 0), ("Net 15", 15), ("Net 30", 30), ("Net 60", 60))
_METHODS = (
    ("Cash", "NON_CREDIT_CARD"),
    ("Check", "NON_CREDIT_CARD"),
    ("Visa", "CREDIT_CARD"),
    ("Direct Deposit", "NON_CREDIT_CARD"),
)
# Tax codes per country: name, taxable, rates as (name, percent). The first Canadian code is a group of two rates.
_CODES: dict[str, tuple[tuple[str, bool, tuple[tuple[str, str], ...]], ...]] = {
    "US": (
        ("California", True, (("California", "8"),)),
        ("Tucson", True, (("AZ State tax", "7.1"), ("Tucson City", "2"))),
    ),
    "CA": (
        ("GST/QST QC - 9.975", True, (("GST", "5"), ("QST", "9.975"))),
        ("HST ON", True, (("HST ON", "13"),)),
        ("GST", True, (("GST 5", "5"),)),
        ("Zero-rated", True, (("GST 0", "0"),)),
        ("Exempt", False, ()),
        ("Out of Scope", False, ()),
    ),
    "GB": (
        ("20.0% S", True, (("VAT 20", "20"),)),
        ("5.0% R", True, (("VAT 5", "5"),)),
        ("0.0% Z", True, (("VAT 0", "0"),)),
        ("Exempt", False, ()),
        ("No VAT", False, ()),
    ),
    "AU": (
        ("GST", True, (("GST 10", "10"),)),
        ("GST free", True, (("GST 0", "0"),)),
        ("Out of Scope", False, ()),
    ),
}
_OTHER_CODES = (("VAT 21", True, (("VAT 21", "21"),)), ("VAT 0", True, (("VAT 0", "0"),)), ("Out of Scope", False, ()))
_AGENCIES = {
    "US": "California Department of Tax and Fee Administration",
    "CA": "Canada Revenue Agency",
    "GB": "HM Revenue & Customs",
}


def fill(books: Books) -> None:
    """Put the starting objects into an empty company."""
    seeder = _Seeder(books)
    for name, kind, subtype, classification in _ACCOUNTS:
        seeder.account(name, kind, subtype, classification)
    for name, days in _TERMS:
        seeder.add("Term", {"Name": name, "Active": True, "Type": "STANDARD", "DiscountPercent": ZERO, "DueDays": days})
    for name, kind in _METHODS:
        seeder.add("PaymentMethod", {"Name": name, "Active": True, "Type": kind})
    seeder.item("Services", books_account=1)
    agency = seeder.add(
        "TaxAgency", {"DisplayName": _AGENCIES.get(books.country, "Tax Office"), "TaxTrackedOnSales": True}
    )
    if books.country == "US":
        seeder.pseudo_codes()
    for code_name, taxable, rates in _CODES.get(books.country, _OTHER_CODES):
        seeder.tax_code(code_name, taxable, rates, agency)
    if books.automated_tax:
        # The engine chooses by address; here it always chooses the group of two rates.
        books.ast_code = seeder.last_code


class _Seeder:
    def __init__(self, books: Books) -> None:
        self.books = books
        at = stamp(books.now())
        self.meta = {"CreateTime": at, "LastUpdatedTime": at}
        self.last_code = ""

    def add(self, entity: str, values: Obj, object_id: str = "") -> str:
        object_id = object_id or self.books.store.next_id(entity)
        head: Obj = {"domain": "QBO", "sparse": False, "Id": object_id, "SyncToken": "0", "MetaData": dict(self.meta)}
        self.books.store.put(entity, {**values, **head})
        return object_id

    def account(self, name: str, kind: str, subtype: str, classification: str) -> None:
        self.add(
            "Account",
            {
                "Name": name,
                "SubAccount": False,
                "FullyQualifiedName": name,
                "Active": True,
                "Classification": classification,
                "AccountType": kind,
                "AccountSubType": subtype,
                "CurrentBalance": ZERO,
                "CurrentBalanceWithSubAccounts": ZERO,
                "CurrencyRef": currency(self.books.home_currency),
            },
        )

    def item(self, name: str, books_account: int) -> None:
        self.add(
            "Item",
            {
                "Name": name,
                "Active": True,
                "FullyQualifiedName": name,
                "Taxable": False,
                "UnitPrice": ZERO,
                "Type": "Service",
                "IncomeAccountRef": {"value": str(books_account), "name": "Services"},
                "PurchaseCost": ZERO,
                "TrackQtyOnHand": False,
            },
        )

    def pseudo_codes(self) -> None:
        for name in ("TAX", "NON", "CustomSalesTax"):
            values: Obj = {
                "Name": name,
                "Description": name,
                "Active": True,
                "Taxable": name != "NON",
                "TaxGroup": False,
            }
            self.add("TaxCode", values, object_id=name)
        self.books.store.next_id("TaxCode")  # recorded companies have no tax code 1

    def tax_code(self, name: str, taxable: bool, rates: tuple[tuple[str, str], ...], agency: str) -> None:
        sales = [self._rate(rate_name, percent, agency) for rate_name, percent in rates]
        # US purchases carry no sales tax, so there are no purchase rates.
        buying = () if self.books.country == "US" else rates
        bought = [self._rate(f"{rate_name} (Purchases)", percent, agency) for rate_name, percent in buying]
        self.last_code = self.add(
            "TaxCode",
            {
                "Name": name,
                "Description": name,
                "Active": True,
                "Hidden": False,
                "Taxable": taxable,
                "TaxGroup": True,
                "SalesTaxRateList": {"TaxRateDetail": sales},
                "PurchaseTaxRateList": {"TaxRateDetail": bought},
                "TaxCodeConfigType": "SYSTEM_GENERATED" if self.books.automated_tax else "USER_DEFINED",
            },
        )

    def _rate(self, name: str, percent: str, agency: str) -> Obj:
        values: Obj = {
            "Name": name,
            "Description": "Sales Tax",
            "Active": True,
            "RateValue": Decimal(percent),
            "AgencyRef": {"value": agency},
            "SpecialTaxType": "ZERO_RATE" if percent == "0" else "NONE",
            "DisplayType": "ReadOnly",
        }
        rate_id = self.add("TaxRate", values)
        return {"TaxRateRef": {"value": rate_id, "name": name}, "TaxTypeApplicable": "TaxOnAmount", "TaxOrder": 0}

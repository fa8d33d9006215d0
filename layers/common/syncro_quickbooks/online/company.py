"""What an account's QuickBooks Online company is like: the preferences that steer the mapping."""

from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum

from syncro_quickbooks.json_types import Json, JsonObject

SCHEMA = 1
_US_NAMES = {"US", "USA", "UNITED STATES", "UNITED STATES OF AMERICA"}


class TaxMode(StrEnum):
    """How the company charges sales tax."""

    US_MANUAL = "us_manual"
    US_AUTOMATED = "us_automated"
    NON_US = "non_us"
    NO_TAX = "no_tax"


@dataclass(frozen=True, slots=True)
class Company:
    """A QuickBooks company's preferences. `book_close_date` is the last closed day; `country` is US, CA, …

    `custom_txn_numbers` and `custom_purchase_numbers`: whether it keeps the numbers sent for sales and for purchases.
    """

    name: str
    country: str
    home_currency: str
    multi_currency: bool
    tax_mode: TaxMode
    custom_txn_numbers: bool
    auto_apply_credit: bool
    allow_discount: bool
    class_per_transaction: bool
    class_per_line: bool
    track_departments: bool
    book_close_date: date | None = None
    custom_purchase_numbers: bool = False

    @property
    def is_us(self) -> bool:
        """US companies take ISO-8859-1 text and have TAX/NON on the lines (facts: QBO 1.0, 1.7)."""
        return self.country == "US"

    @classmethod
    def from_quickbooks(cls, preferences: JsonObject, company_info: JsonObject) -> "Company":
        """The company that QuickBooks' `Preferences` and `CompanyInfo` objects (without their envelopes) describe.

        Absent switches are off (QuickBooks leaves out what a plan does not have). Raises ValueError without a country
        or a home currency: guessing either would change tax and money.
        """
        accounting = _section(preferences, "AccountingInfoPrefs")
        sales = _section(preferences, "SalesFormsPrefs")
        currency = _section(preferences, "CurrencyPrefs")
        country = _country(company_info)
        return cls(
            name=_text(company_info, "CompanyName"),
            country=country,
            home_currency=_home_currency(currency, country),
            multi_currency=_flag(currency, "MultiCurrencyEnabled"),
            tax_mode=_tax_mode(_section(preferences, "TaxPrefs"), country),
            custom_txn_numbers=_flag(sales, "CustomTxnNumbers"),
            auto_apply_credit=_flag(sales, "AutoApplyCredit"),
            allow_discount=_flag(sales, "AllowDiscount"),
            class_per_transaction=_flag(accounting, "ClassTrackingPerTxn"),
            class_per_line=_flag(accounting, "ClassTrackingPerTxnLine"),
            track_departments=_flag(accounting, "TrackDepartments"),
            book_close_date=_date(accounting, "BookCloseDate"),
            custom_purchase_numbers=_named_value(preferences, "VendorAndPurchasesPrefs.UseCustomTxnNumbers") == "true",
        )

    def info(self) -> JsonObject:
        """What `from_quickbooks` takes of a `CompanyInfo`: it does not change while connected, so it is read once."""
        return {"CompanyName": self.name, "Country": self.country}

    def to_json(self) -> JsonObject:
        """This company as plain JSON, with a schema number; `from_json` reads it back."""
        closed = self.book_close_date
        return {**asdict(self), "book_close_date": closed.isoformat() if closed else None, "schema": SCHEMA}

    @classmethod
    def from_json(cls, stored: JsonObject) -> "Company":
        """The company that `to_json` wrote. Raises ValueError for another schema number."""
        if stored.get("schema") != SCHEMA:
            raise ValueError(
                f"a stored company of schema {stored.get('schema')!r} cannot be read; this release reads {SCHEMA}"
            )
        return cls(
            name=_text(stored, "name"),
            country=_text(stored, "country"),
            home_currency=_text(stored, "home_currency"),
            multi_currency=_flag(stored, "multi_currency"),
            tax_mode=TaxMode(_text(stored, "tax_mode")),
            custom_txn_numbers=_flag(stored, "custom_txn_numbers"),
            auto_apply_credit=_flag(stored, "auto_apply_credit"),
            allow_discount=_flag(stored, "allow_discount"),
            class_per_transaction=_flag(stored, "class_per_transaction"),
            class_per_line=_flag(stored, "class_per_line"),
            track_departments=_flag(stored, "track_departments"),
            book_close_date=_date(stored, "book_close_date"),
            custom_purchase_numbers=_flag(stored, "custom_purchase_numbers"),
        )


def _country(company_info: JsonObject) -> str:
    country = _text(company_info, "Country").strip()
    if not country:
        raise ValueError("QuickBooks' CompanyInfo states no Country, which decides how tax is sent")
    return "US" if country.upper() in _US_NAMES else country


def _home_currency(currency: JsonObject, country: str) -> str:
    """CurrencyPrefs.HomeCurrency; a US company without that section keeps its books in dollars."""
    code = _text(_section(currency, "HomeCurrency"), "value")
    if not code and country != "US":
        raise ValueError("QuickBooks' Preferences state no HomeCurrency")
    return code or "USD"


def _tax_mode(tax: JsonObject, country: str) -> TaxMode:
    """PartnerTaxEnabled is absent without automated sales tax, false until set up (Intuit, Preferences.TaxPrefs)."""
    if not _flag(tax, "UsingSalesTax") and not _flag(tax, "PartnerTaxEnabled"):
        return TaxMode.NO_TAX
    if country != "US":
        return TaxMode.NON_US
    return TaxMode.US_AUTOMATED if _flag(tax, "PartnerTaxEnabled") else TaxMode.US_MANUAL


def _section(parent: JsonObject, key: str) -> JsonObject:
    value = parent.get(key)
    return value if isinstance(value, dict) else {}


def _named_value(preferences: JsonObject, name: str) -> str:
    """A preference of those that have no field of their own (Intuit, Preferences.OtherPrefs)."""
    listed = _section(preferences, "OtherPrefs").get("NameValue")
    pairs = [pair for pair in listed if isinstance(pair, dict)] if isinstance(listed, list) else []
    return next((_text(pair, "Value").lower() for pair in pairs if pair.get("Name") == name), "")


def _text(parent: JsonObject, key: str) -> str:
    value: Json = parent.get(key)
    return value if isinstance(value, str) else ""


def _flag(parent: JsonObject, key: str) -> bool:
    return parent.get(key) is True


def _date(parent: JsonObject, key: str) -> date | None:
    text = _text(parent, key)
    return date.fromisoformat(text) if text else None

"""An account's settings: what is synced, where it goes in QuickBooks, and what is missing before anything is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.sync.model import Action, Problem, Who

SCHEMA = 1
CHANGED_IN_QUICKBOOKS = frozenset({"setup_custom_numbers", "setup_auto_apply_credit"})
"""Codes of the checklist that somebody mends in QuickBooks, not here."""


class Numbering(StrEnum):
    """Whose number an invoice carries in QuickBooks."""

    SYNCRO_NUMBER = "syncro_number"
    MEMO_WHEN_QUICKBOOKS_NUMBERS = "memo_when_quickbooks_numbers"


class LongNumbers(StrEnum):
    """What becomes of an invoice number that QuickBooks Desktop has no room for."""

    ASK = "ask"
    SHORTEN = "shorten"


class InvoiceDeletion(StrEnum):
    """What happens in QuickBooks when an invoice is deleted in Syncro."""

    VOID = "void"
    ASK = "ask"
    IGNORE = "ignore"


class AstPolicy(StrEnum):
    """How Syncro's tax reaches a company that uses automated sales tax (facts: QBO 1.7, sources conflict)."""

    OVERRIDE = "override"
    ACCEPT = "accept"
    TAX_LINE = "tax_line"


class MethodKind(StrEnum):
    """What a Syncro payment method is in the books."""

    MONEY = "money"
    STORE_CREDIT = "store_credit"
    WRITE_OFF = "write_off"
    DO_NOT_SYNC = "do_not_sync"


class Ref(BaseModel):
    """A thing in QuickBooks that somebody picked from QuickBooks' own list: its id, and its name for people to read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1, max_length=50)
    name: str = ""


class PaymentMethod(BaseModel):
    """What becomes of payments by one Syncro method. `deposit_account` replaces the account's general one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: MethodKind
    method: Ref | None = None
    deposit_account: Ref | None = None


class NewTaxRate(BaseModel):
    """One rate of a tax code to be made: a name that QuickBooks takes, and percent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=10)  # facts: QBO 1.7
    percent: Decimal = Field(ge=0, le=100)


class NewTaxCode(BaseModel):
    """A tax code that somebody has looked at, with its agency, and wants to have made in QuickBooks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    agency: Ref
    rates: tuple[NewTaxRate, ...] = Field(min_length=1)

    @field_validator("rates")
    @classmethod
    def _has_names_of_their_own(cls, rates: tuple[NewTaxRate, ...]) -> tuple[NewTaxRate, ...]:
        names = [fold(rate.name) for rate in rates]
        if len(names) != len(set(names)):
            raise ValueError("two rates of a tax code need different names")
        return rates


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a setting is refused, and what to do. `setting` is its path, `payment_methods.cash.method`, or `settings`."""

    setting: str
    message: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.setting}: {self.message}"


class SettingsError(ValueError):
    """Settings that contradict themselves, cannot be read or name what QuickBooks does not have."""

    def __init__(self, reasons: Sequence[Reason]) -> None:
        super().__init__("; ".join(map(str, reasons)))
        self.reasons = reasons


class Settings(BaseModel):
    """One version of an account's settings, saved and read as a whole. Maps have Syncro's ids or categories as keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sync_invoices_to: bool = True
    sync_payments_to: bool = True
    sync_payments_from: bool = False
    sync_store_credit: bool = False
    sync_purchase_orders: bool = False
    convert_finished_pos_to_bills: bool = False
    sync_customer_purchases: bool = False
    start_date: date | None = None
    time_zone: str = "UTC"
    lock_date: date | None = None
    quiet_seconds: int = Field(default=10, ge=0, le=900)

    tax_codes: Mapping[int, Ref] = {}
    new_tax_codes: Mapping[int, NewTaxCode] = {}
    zero_tax_code: Ref | None = None
    exempt_tax_code: Ref | None = None
    out_of_scope_tax_code: Ref | None = None
    ast_policy: AstPolicy = AstPolicy.OVERRIDE
    us_tax_line_item: Ref | None = None

    fallback_item: Ref | None = None
    discount_item: Ref | None = None
    deposit_item: Ref | None = None
    category_items: Mapping[str, Ref] = {}
    income_account_service: Ref | None = None
    income_account_stocked: Ref | None = None
    income_accounts_by_category: Mapping[str, Ref] = {}
    expense_account: Ref | None = None

    payment_methods: Mapping[str, PaymentMethod] = {}
    deposit_account: Ref | None = None
    store_credit_item: Ref | None = None
    bad_debt_item: Ref | None = None
    ap_account: Ref | None = None
    purchase_account: Ref | None = None
    purchase_item: Ref | None = None

    terms: Mapping[int, Ref] = {}
    terms_by_days: Mapping[int, Ref] = {}
    location_classes: Mapping[int, Ref] = {}
    location_departments: Mapping[int, Ref] = {}

    numbering: Numbering = Numbering.SYNCRO_NUMBER
    desktop_long_numbers: LongNumbers = LongNumbers.ASK
    invoice_deletion: InvoiceDeletion = InvoiceDeletion.VOID

    @field_validator("time_zone")
    @classmethod
    def _is_known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("is not a time zone name such as America/Chicago") from None
        return name

    @field_validator("category_items", "income_accounts_by_category", "payment_methods")
    @classmethod
    def _folds_names(cls, by_name: Mapping[str, Ref | PaymentMethod]) -> Mapping[str, Ref | PaymentMethod]:
        """Categories and methods are compared without case and outer blanks, as people type them."""
        folded = {fold(name): chosen for name, chosen in by_name.items()}
        if len(folded) < len(by_name):
            raise ValueError("names the same one twice, once case and blanks are left aside")
        return folded

    @model_validator(mode="after")
    def _has_one_direction(self) -> "Settings":
        if self.sync_payments_to and self.sync_payments_from:
            raise ValueError(
                "Sync Payments TO QuickBooks and Sync Payments FROM QuickBooks cannot both be on: "
                "every payment would exist twice"
            )
        if self.sync_payments_to and not self.sync_invoices_to:
            raise ValueError("Sync Payments TO QuickBooks needs Sync Invoices TO QuickBooks")
        if self.convert_finished_pos_to_bills and not self.sync_purchase_orders:
            raise ValueError("Convert finished POs to Bills needs Sync Purchase Orders")
        return self

    def category_item(self, category: str | None) -> Ref | None:
        """The item that every line of this Syncro category goes to, if one is mapped."""
        return self.category_items.get(fold(category)) if category else None

    def payment_method(self, name: str | None) -> PaymentMethod | None:
        """What was chosen for a Syncro payment method, None if nobody has."""
        return self.payment_methods.get(fold(name or ""))

    def income_account(self, category: str | None, *, stocked: bool) -> Ref | None:
        """The income account of a new item: by category, else by whether Syncro keeps it in stock."""
        by_category = self.income_accounts_by_category.get(fold(category)) if category else None
        return by_category or (self.income_account_stocked if stocked else self.income_account_service)


def fold(category: str) -> str:
    """A category name in the form in which categories are compared."""
    return " ".join(category.split()).casefold()


def dump_settings(settings: Settings) -> JsonObject:
    """`settings` as plain JSON with a schema number, for the table and for the console."""
    return {"schema": SCHEMA, **settings.model_dump(mode="json")}


def switched_on(settings: JsonObject) -> frozenset[str]:
    """The switches that are on in stored settings, whether or not the rest of them can be read."""
    switches = [(name, field) for name, field in Settings.model_fields.items() if field.annotation is bool]
    return frozenset(name for name, field in switches if settings.get(name, field.default) is True)


def load_settings(stored: JsonObject) -> Settings:
    """The settings that `dump_settings` wrote or a person sent. Raises SettingsError with every reason found."""
    fields = dict(stored)
    schema = fields.pop("schema", None)
    if schema != SCHEMA:
        raise SettingsError([Reason("schema", f"settings of schema {schema!r} cannot be read, only those of {SCHEMA}")])
    try:
        return Settings.model_validate(fields)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False, include_context=False)
        reasons = [
            Reason(".".join(map(str, detail["loc"])) or "settings", detail["msg"].removeprefix("Value error, "))
            for detail in details
        ]
        raise SettingsError(reasons) from None


class Books(Protocol):
    """What the checklist asks of a connected company, whichever edition it is."""

    @property
    def tax_mode(self) -> str:
        """us_manual, us_automated, non_us or no_tax."""
        ...

    @property
    def custom_txn_numbers(self) -> bool:
        """Whether the company keeps the numbers we send."""
        ...

    @property
    def auto_apply_credit(self) -> bool:
        """Whether QuickBooks applies credits by itself."""
        ...


def missing_choices(settings: Settings, company: Books) -> tuple[Problem, ...]:
    """The set-up checklist: everything that must be settled before anything is sent. Empty when ready."""
    checks = (
        (settings.start_date is None, _choose("start_date", "the start date", "older invoices would be sent")),
        (
            settings.fallback_item is None,
            _choose("fallback_item", "the item for lines without a product", "such lines have no place"),
        ),
        (
            settings.income_account_service is None,
            _choose("income_account_service", "the income account for services", "new items cannot be created"),
        ),
        (
            settings.income_account_stocked is None,
            _choose("income_account_stocked", "the income account for stocked products", "new items cannot be created"),
        ),
        (
            settings.expense_account is None,
            _choose("expense_account", "the expense account for stocked products", "new items cannot be created"),
        ),
        *_tax_checks(settings, company),
        *_account_checks(settings),
        (
            not company.custom_txn_numbers and settings.numbering is Numbering.SYNCRO_NUMBER,
            _problem(
                "setup_custom_numbers",
                "QuickBooks numbers invoices itself, so Syncro's invoice numbers would be lost.",
                "In QuickBooks turn on Settings > Sales > Custom transaction numbers, "
                "or choose here to keep Syncro's number in the memo.",
            ),
        ),
        (
            company.auto_apply_credit and (settings.sync_payments_to or settings.sync_store_credit),
            _problem(
                "setup_auto_apply_credit",
                "QuickBooks applies credits to new invoices by itself and would pay what Syncro pays otherwise.",
                "In QuickBooks turn off Settings > Advanced > Automation > Automatically apply credits.",
            ),
        ),
    )
    return tuple(problem for is_missing, problem in checks if is_missing)


def missing_desktop_choices(settings: Settings, *, sales_tax: bool) -> tuple[Problem, ...]:
    """The same checklist for QuickBooks Desktop, where no items are made and nothing is bought.

    `sales_tax`: whether the company file uses it.
    """
    checks = (
        (settings.start_date is None, _choose("start_date", "the start date", "older invoices would be sent")),
        (
            settings.fallback_item is None,
            _choose("fallback_item", "the item for lines without an item of their own", "such lines have no place"),
        ),
        (
            sales_tax and not settings.tax_codes,
            _choose("tax_codes", "a QuickBooks sales tax item for every Syncro tax rate", "taxed invoices have none"),
        ),
        *_money_checks(settings),
    )
    return tuple(problem for is_missing, problem in checks if is_missing)


def _money_checks(settings: Settings) -> tuple[tuple[bool, Problem], ...]:
    return (
        (
            settings.sync_payments_to and settings.deposit_account is None,
            _choose("deposit_account", "the account that payments are deposited to", "payments have no place"),
        ),
        (
            settings.sync_store_credit and settings.store_credit_item is None,
            _choose("store_credit_item", "the item of store credits", "their credit memos have no line"),
        ),
    )


def _account_checks(settings: Settings) -> tuple[tuple[bool, Problem], ...]:
    """What each kind of document beside invoices needs, if it is switched on."""
    return (
        *_money_checks(settings),
        (
            settings.sync_purchase_orders and settings.ap_account is None,
            _choose("ap_account", "the accounts payable account", "purchase orders cannot be sent"),
        ),
        (
            settings.sync_customer_purchases and settings.purchase_account is None,
            _choose("purchase_account", "the bank account that customer purchases are paid from", "they have no place"),
        ),
        (
            settings.sync_customer_purchases and settings.purchase_item is None,
            _choose("purchase_item", "the item for what is bought without a product", "such lines have no place"),
        ),
    )


def _tax_checks(settings: Settings, company: Books) -> tuple[tuple[bool, Problem], ...]:
    mode = company.tax_mode
    return (
        (
            mode in ("us_manual", "non_us") and not (settings.tax_codes or settings.new_tax_codes),
            _choose("tax_codes", "a QuickBooks tax code for every Syncro tax rate", "taxed invoices cannot be sent"),
        ),
        (
            mode == "non_us" and settings.zero_tax_code is None,
            _choose("zero_tax_code", "the 0 % tax code", "untaxed lines cannot be sent"),
        ),
        (
            mode == "us_automated" and settings.ast_policy is AstPolicy.TAX_LINE and settings.us_tax_line_item is None,
            _choose("us_tax_line_item", "the item that carries the sales tax", "the policy 'tax as a line' needs it"),
        ),
    )


def _choose(setting: str, what: str, because: str) -> Problem:
    return _problem(
        f"setup_{setting}", f"Nothing is sent until {what} is chosen: {because}.", f"Choose {what}.", setting
    )


def _problem(code: str, message: str, fix: str, setting: str = "") -> Problem:
    actions = (Action("open_settings", "Open settings", {"setting": setting} if setting else {}),)
    return Problem(code=code, message=message, fix=fix, who=Who.ADMIN, actions=actions)

"""An account's settings: what is synced, where it goes in QuickBooks, and what is missing before anything is sent."""

from collections.abc import Mapping
from datetime import date
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


class Ref(BaseModel):
    """A thing in QuickBooks that somebody picked from QuickBooks' own list: its id, and its name for people to read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1, max_length=50)
    name: str = ""


class SettingsError(ValueError):
    """Settings that contradict themselves or cannot be read. `reasons` are sentences for the person saving them."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


class Settings(BaseModel):
    """One version of an account's settings, saved and read as a whole. Maps have Syncro's ids or categories as keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sync_invoices_to: bool = True
    sync_payments_to: bool = False
    sync_payments_from: bool = False
    sync_store_credit: bool = False
    start_date: date | None = None
    time_zone: str = "UTC"
    lock_date: date | None = None
    quiet_seconds: int = Field(default=10, ge=0, le=900)

    tax_codes: Mapping[int, Ref] = {}
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

    terms: Mapping[int, Ref] = {}
    terms_by_days: Mapping[int, Ref] = {}
    location_classes: Mapping[int, Ref] = {}
    location_departments: Mapping[int, Ref] = {}

    numbering: Numbering = Numbering.SYNCRO_NUMBER
    invoice_deletion: InvoiceDeletion = InvoiceDeletion.VOID

    @field_validator("time_zone")
    @classmethod
    def _is_known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("is not a time zone name such as America/Chicago") from None
        return name

    @field_validator("category_items", "income_accounts_by_category")
    @classmethod
    def _folds_categories(cls, by_category: Mapping[str, Ref]) -> Mapping[str, Ref]:
        """Categories are compared without case and outer blanks, as people type them."""
        return {fold(category): ref for category, ref in by_category.items()}

    @model_validator(mode="after")
    def _has_one_direction(self) -> "Settings":
        if self.sync_payments_to and self.sync_payments_from:
            raise ValueError(
                "Sync Payments TO QuickBooks and Sync Payments FROM QuickBooks cannot both be on: "
                "every payment would exist twice"
            )
        if self.sync_payments_to and not self.sync_invoices_to:
            raise ValueError("Sync Payments TO QuickBooks needs Sync Invoices TO QuickBooks")
        return self

    def category_item(self, category: str | None) -> Ref | None:
        """The item that every line of this Syncro category goes to, if one is mapped."""
        return self.category_items.get(fold(category)) if category else None

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


def load_settings(stored: JsonObject) -> Settings:
    """The settings that `dump_settings` wrote or a person sent. Raises SettingsError with every reason found."""
    fields = dict(stored)
    schema = fields.pop("schema", None)
    if schema != SCHEMA:
        raise SettingsError([f"schema: settings of schema {schema!r} cannot be read; this release reads {SCHEMA}"])
    try:
        return Settings.model_validate(fields)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False, include_context=False)
        reasons = [
            f"{'.'.join(map(str, detail['loc'])) or 'settings'}: {detail['msg'].removeprefix('Value error, ')}"
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


def missing_for_invoices(settings: Settings, company: Books) -> tuple[Problem, ...]:
    """The set-up checklist: everything that must be settled before the first invoice is sent. Empty when ready."""
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


def _tax_checks(settings: Settings, company: Books) -> tuple[tuple[bool, Problem], ...]:
    mode = company.tax_mode
    return (
        (
            mode in ("us_manual", "non_us") and not settings.tax_codes,
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

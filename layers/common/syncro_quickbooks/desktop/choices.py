"""What may be chosen in the settings of a QuickBooks Desktop account, and what Desktop has no use for."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from syncro_quickbooks.desktop.company import Company
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.sync.accounts import Accounts, Connection
from syncro_quickbooks.sync.model import Problem
from syncro_quickbooks.sync.pick_lists import Entry, ListsUnavailable, PickList
from syncro_quickbooks.sync.problems import settings_action
from syncro_quickbooks.sync.references import Find, Reference, Rule, of_kind
from syncro_quickbooks.sync.settings import Reason, Settings, missing_desktop_choices

LISTS = ("accounts", "sales_tax_items", "sales_tax_codes", "terms", "payment_methods", "items")

_NOT_ON_DESKTOP: Mapping[str, str] = {
    "sync_payments_from": "payments are not brought back from QuickBooks Desktop",
    "sync_purchase_orders": "purchase orders are not sent to QuickBooks Desktop",
    "convert_finished_pos_to_bills": "bills are not sent to QuickBooks Desktop",
    "sync_customer_purchases": "customer purchases are not sent to QuickBooks Desktop",
    "new_tax_codes": "sales tax items are not made in QuickBooks Desktop, only chosen",
    "exempt_tax_code": "QuickBooks Desktop has one sales tax item for all untaxed sales",
    "out_of_scope_tax_code": "QuickBooks Desktop has one sales tax item for all untaxed sales",
    "us_tax_line_item": "QuickBooks Desktop has no automated sales tax",
    "income_account_service": "items are not made in QuickBooks Desktop",
    "income_account_stocked": "items are not made in QuickBooks Desktop",
    "income_accounts_by_category": "items are not made in QuickBooks Desktop",
    "expense_account": "items are not made in QuickBooks Desktop",
    "bad_debt_item": "write-offs are not sent to QuickBooks Desktop",
    "ap_account": "purchase orders are not sent to QuickBooks Desktop",
    "purchase_account": "customer purchases are not sent to QuickBooks Desktop",
    "purchase_item": "customer purchases are not sent to QuickBooks Desktop",
    "location_classes": "locations are not sent to QuickBooks Desktop",
    "location_departments": "locations are not sent to QuickBooks Desktop",
}
"""facts: Syncro 1.5 and D6."""


def refusals(settings: Settings) -> list[Reason]:
    """What was chosen that Desktop does not do."""
    return [
        Reason(name, f"This is not for QuickBooks Desktop: {why}.", "Leave it off, or empty.")
        for name, why in _NOT_ON_DESKTOP.items()
        if getattr(settings, name) != Settings.model_fields[name].default
    ]


def payments_back(settings: Settings) -> Problem | None:
    """Why nothing is sent by settings that want payments back, however they were saved."""
    if not settings.sync_payments_from:
        return None
    return Problem(
        "desktop_payments_from",
        "Sync Payments FROM QuickBooks is on, which QuickBooks Desktop does not do.",
        "Turn it off in the settings; sending then goes on by itself.",
        actions=(settings_action("sync_payments_from"),),
    )


def _untaxed(entry: Entry, _find: Find) -> str | None:
    """The kind of a sales tax item is its rate; a group says none."""
    try:
        return f"'{entry.name}' charges {entry.kind} %." if Decimal(entry.kind) else None
    except InvalidOperation:
        return f"'{entry.name}' does not say its rate."


_ITEM = Rule(
    "items",
    "a service, non-inventory or other charge item",
    of_kind("ItemService", "ItemNonInventory", "ItemOtherCharge"),
)
_DEPOSIT = Rule(
    "accounts",
    "a bank or other current asset account",
    of_kind("Bank", "OtherCurrentAsset"),
    lambda entry: entry.name == "Undeposited Funds",
)
_TERM = Rule("terms", "terms")
_RULES: Mapping[str, Rule] = {
    "tax_codes": Rule("sales_tax_items", "a sales tax item"),
    "zero_tax_code": Rule("sales_tax_items", "a sales tax item of 0 %", _untaxed),
    "fallback_item": _ITEM,
    "discount_item": _ITEM,
    "deposit_item": _ITEM,
    "category_items": _ITEM,
    "store_credit_item": _ITEM,
    "payment_methods.method": Rule("payment_methods", "a payment method"),
    "payment_methods.deposit_account": _DEPOSIT,
    "deposit_account": _DEPOSIT,
    "terms": _TERM,
    "terms_by_days": _TERM,
}


class DesktopLists:
    """The lists that a Web Connector session read; only the next one can read them anew."""

    names: Sequence[str] = LISTS

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def kept(self, connection: Connection, name: str) -> PickList | None:
        """The list as it was last read."""
        company = _company(connection)
        return PickList(name, company.lists[name], company.lists_read_at) if company and name in company.lists else None

    def read(self, connection: Connection, name: str) -> PickList:
        """The kept list; the next session reads all lists anew. Raises ListsUnavailable before the first session."""
        company, kept = _company(connection), self.kept(connection, name)
        if company is None or kept is None:
            raise ListsUnavailable(_NO_SESSION_YET)
        if company.lists_read_at is not None:
            doubted = replace(company, lists_read_at=None)
            self._accounts.save_company(connection.account_id, connection.realm_id, doubted.to_json())
        return replace(kept, problem=_WITH_THE_NEXT_SESSION)


class DesktopChoices:
    """The choices of QuickBooks Desktop accounts."""

    rules: Mapping[str, Rule] = _RULES

    def __init__(self, accounts: Accounts) -> None:
        self.lists = DesktopLists(accounts)

    def rule(self, reference: Reference) -> Rule | None:
        """The rule that a reference has to meet; none where Desktop has no use for it."""
        return _RULES.get(reference.rule)

    def refusals(self, settings: Settings) -> Sequence[Reason]:
        """What was chosen that Desktop does not do."""
        return refusals(settings)

    def checklist(self, settings: Settings, company: JsonObject) -> Sequence[Problem]:
        """What is missing before anything is sent. `company` is as it is stored."""
        if not settings.sync_invoices_to:
            return ()
        return missing_desktop_choices(settings, sales_tax=Company.from_json(company).sales_tax)

    def read_company(self, connection: Connection) -> JsonObject:
        """What the newest session said of the company file. Raises ListsUnavailable before the first."""
        if connection.company is None:
            raise ListsUnavailable(_NO_SESSION_YET)
        return connection.company


def _company(connection: Connection) -> Company | None:
    return Company.from_json(connection.company) if connection.company is not None else None


_NO_SESSION_YET = Problem(
    "desktop_no_session_yet",
    "QuickBooks' lists are not known yet: they are read when the Web Connector runs for the first time.",
    "Run the Web Connector once, then choose from the lists.",
)
_WITH_THE_NEXT_SESSION = Problem(
    "desktop_lists_with_next_session",
    "QuickBooks Desktop cannot be asked at once: its lists are read anew when the Web Connector runs next.",
    "Run the Web Connector if something was just added in QuickBooks.",
)

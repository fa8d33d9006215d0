"""What may be chosen in the settings of a QuickBooks Online account, and what is still to be chosen."""

from collections.abc import Callable, Mapping, Sequence

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.client import Client
from syncro_quickbooks.online.company import Company
from syncro_quickbooks.online.faults import QuickBooksError
from syncro_quickbooks.online.pick_lists import LINE_CODE, PURCHASES_ONLY, SALES, OnlineLists, out_of_reach
from syncro_quickbooks.online.preferences import read_company
from syncro_quickbooks.online.tokens import ConnectionKey
from syncro_quickbooks.sync.accounts import Connection
from syncro_quickbooks.sync.model import Problem
from syncro_quickbooks.sync.pick_lists import Entry, ListsUnavailable
from syncro_quickbooks.sync.references import Find, Reference, Rule, of_kind
from syncro_quickbooks.sync.settings import Reason, Settings, missing_choices
from syncro_quickbooks.sync.targets import DEPOSIT_CATEGORIES, PREPAID_CATEGORIES

_LIABILITIES = ("Other Current Liability", "Long Term Liability")
_SOLD = of_kind("Service", "NonInventory")


def _sold(entry: Entry, find: Find) -> str | None:
    """Inventory moves stock and cost of goods, a category or bundle cannot stand on a line (facts: QBO 1.2)."""
    wrong = _SOLD(entry, find)
    return f"{wrong} Such lines must not move stock." if wrong and entry.kind == "Inventory" else wrong


def _owed(entry: Entry, find: Find) -> str | None:
    """Money that is not earned yet, or somebody else's, is no income."""
    account = find("accounts", entry.account) if entry.account else None
    if wrong := _sold(entry, find):
        return wrong
    if account is not None and account.kind in _LIABILITIES:
        return None
    named = f"'{account.name}', which is of the type '{account.kind}'" if account else "an account that is not in use"
    return f"'{entry.name}' is sold into {named}: it would count as income."


def _bought(entry: Entry, find: Find) -> str | None:
    if wrong := _sold(entry, find):
        return wrong
    return None if entry.bought else f"'{entry.name}' has no expense account, so it cannot be bought."


def _taxed(entry: Entry, _find: Find) -> str | None:
    if entry.kind == LINE_CODE:
        return f"'{entry.name}' only says whether a line is taxed, not at which rate."
    return f"'{entry.name}' is for purchases only." if entry.kind == PURCHASES_ONLY else None


def _untaxed(entry: Entry, _find: Find) -> str | None:
    if entry.kind == PURCHASES_ONLY or (entry.kind == LINE_CODE and entry.name != "NON"):
        return f"'{entry.name}' is no code for untaxed sales."
    if any(rate.percent < 0 for rate in entry.rates):
        return f"'{entry.name}' has a rate that QuickBooks does not show."
    charged = sum(rate.percent for rate in entry.rates)
    return f"'{entry.name}' charges {charged.normalize():f} % on sales." if charged else None


_AN_ITEM = "a service or non-inventory item"
_OWED = "a service or non-inventory item that is sold into a liability account"
_UNTAXED = "a tax code of 0 %"
_ITEM = Rule("items", _AN_ITEM, _sold)
_INCOME = Rule("accounts", "an income account", of_kind("Income", "Other Income"))
_DEPOSIT = Rule(
    "accounts",
    "a bank or other current asset account",
    of_kind("Bank", "Other Current Asset"),
    lambda entry: entry.subtype == "UndepositedFunds",
)
_TERM = Rule("terms", "terms")
_RULES: Mapping[str, Rule] = {
    "tax_codes": Rule("tax_codes", "a tax code for sales", _taxed),
    "new_tax_codes.agency": Rule("tax_agencies", "a tax agency that is tracked on sales", of_kind(SALES)),
    "zero_tax_code": Rule("tax_codes", _UNTAXED, _untaxed),
    "exempt_tax_code": Rule("tax_codes", _UNTAXED, _untaxed),
    "out_of_scope_tax_code": Rule("tax_codes", _UNTAXED, _untaxed),
    "us_tax_line_item": Rule("items", _OWED, _owed),
    "fallback_item": _ITEM,
    "discount_item": _ITEM,
    "deposit_item": Rule("items", _OWED, _owed),
    "category_items": _ITEM,
    "income_account_service": _INCOME,
    "income_account_stocked": _INCOME,
    "income_accounts_by_category": _INCOME,
    "expense_account": Rule(
        "accounts",
        "an expense or cost of goods sold account",
        of_kind("Cost of Goods Sold", "Expense", "Other Expense"),
        lambda entry: entry.kind == "Cost of Goods Sold",
    ),
    "payment_methods.method": Rule("payment_methods", "a payment method"),
    "payment_methods.deposit_account": _DEPOSIT,
    "deposit_account": _DEPOSIT,
    "store_credit_item": _ITEM,
    "bad_debt_item": _ITEM,
    "ap_account": Rule(
        "accounts",
        "an accounts payable account",
        of_kind("Accounts Payable"),
        lambda entry: entry.kind == "Accounts Payable",
    ),
    "purchase_account": Rule("accounts", "a bank account", of_kind("Bank")),
    "purchase_item": Rule("items", "an item with an expense account", _bought),
    "terms": _TERM,
    "terms_by_days": _TERM,
    "location_classes": Rule("classes", "a class"),
    "location_departments": Rule("departments", "a location"),
}


class OnlineChoices:
    """The choices of QuickBooks Online accounts."""

    rules: Mapping[str, Rule] = _RULES

    def __init__(self, lists: OnlineLists, client_for: Callable[[ConnectionKey], Client]) -> None:
        self.lists = lists
        self._client_for = client_for

    def rule(self, reference: Reference) -> Rule:
        """The rule that a reference has to meet; what is paid in advance is owed until it is used."""
        owed = DEPOSIT_CATEGORIES | PREPAID_CATEGORIES
        if reference.path[0] == "category_items" and reference.path[1] in owed:
            return _RULES["deposit_item"]
        return _RULES[reference.rule]

    def refusals(self, _settings: Settings) -> Sequence[Reason]:
        """Every setting has its use in QuickBooks Online."""
        return ()

    def checklist(self, settings: Settings, company: JsonObject) -> Sequence[Problem]:
        """What is missing before anything is sent. `company` is as it is stored."""
        return missing_choices(settings, Company.from_json(company)) if settings.sync_invoices_to else ()

    def read_company(self, connection: Connection) -> JsonObject:
        """What the company is like now, as it is stored: two metered reads. Raises ListsUnavailable."""
        client = self._client_for(ConnectionKey(connection.account_id, connection.realm_id))
        try:
            return read_company(client).to_json()
        except QuickBooksError as error:
            raise ListsUnavailable(out_of_reach(error)) from error
        except ValueError as error:
            raise ListsUnavailable(_unusable(error)) from error


def _unusable(error: ValueError) -> Problem:
    return Problem(
        "company_unusable",
        f"What QuickBooks says of the company cannot be used: {error}",
        "Check the company's settings in QuickBooks; if that does not help, contact support.",
    )

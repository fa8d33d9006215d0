"""A Syncro product as a QuickBooks Online item (facts: QBO 1.2)."""

from syncro_quickbooks import money
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.company import Company
from syncro_quickbooks.online.mapping import bodies
from syncro_quickbooks.online.mapping.names import item_name, prose
from syncro_quickbooks.sync import problems
from syncro_quickbooks.sync.model import Attention, Nothing, Operation, Problem, Write
from syncro_quickbooks.sync.settings import Settings
from syncro_quickbooks.syncro.models import Product

__all__ = ["item_name", "map_item"]

MAX_DESCRIPTION = 4000
# Ten digits before and five after the point are what a QuickBooks price and a JSON number hold exactly.
MAX_PRICE = 10**10
MAX_DECIMALS = 5
# QuickBooks' own, refused or meaningless in a request.
_READ_ONLY = frozenset({"MetaData", "FullyQualifiedName", "Level", "domain", "sparse", "status"})


def map_item(
    product: Product, settings: Settings, company: Company, current: JsonObject | None
) -> Write | Attention | Nothing:
    """The create or update that makes a QuickBooks item say what Syncro's product says: name, description, prices.

    `current` is the item QuickBooks last returned, None before the first create. Type and accounts are set at create
    only; an update is a full one on top of `current`, because Intuit documents no sparse update for items. Attention
    if no account is chosen. An item that QuickBooks keeps stock of is left alone: a full update would restate its
    quantity.
    """
    content = _content(product, company)
    digest = bodies.digest(content)
    if current is None:
        return _create(product, settings, company, content, digest)
    if bodies.text(current, "Type") == "Inventory":
        return Nothing(warnings=(_stock_kept_in_quickbooks(product),))
    kept = {key: value for key, value in current.items() if key not in _READ_ONLY}
    return Write(Operation.UPDATE, "Item", {**kept, **_fitting(content, current)}, digest)


def _content(product: Product, company: Company) -> JsonObject:
    content: JsonObject = {"Name": item_name(product, company).text}
    description = prose(product.description, company, MAX_DESCRIPTION)
    if description:
        content["Description"] = description
    for field, price in (("UnitPrice", product.price_retail), ("PurchaseCost", product.price_cost)):
        if price is not None and 0 <= price < MAX_PRICE and money.decimals(price) <= MAX_DECIMALS:
            content[field] = price
    return content


def _create(
    product: Product, settings: Settings, company: Company, content: JsonObject, digest: str
) -> Write | Attention:
    stocked = product.maintain_stock
    income = settings.income_account(product.product_category, stocked=stocked)
    if income is None:
        setting = "income_account_stocked" if stocked else "income_account_service"
        return Attention(_account_missing(product, "income", setting))
    if stocked and settings.expense_account is None:
        return Attention(_account_missing(product, "expense", "expense_account"))
    body: JsonObject = {
        **{key: value for key, value in content.items() if stocked or key != "PurchaseCost"},
        "Type": "NonInventory" if stocked else "Service",
        "IncomeAccountRef": bodies.ref(income.id),
    }
    if stocked and settings.expense_account:
        body["ExpenseAccountRef"] = bodies.ref(settings.expense_account.id)
    if company.is_us:
        body["Taxable"] = product.taxable
    return Write(Operation.CREATE, "Item", body, digest)


def _fitting(content: JsonObject, current: JsonObject) -> JsonObject:
    """Without an expense account an item has no purchase side, hence no cost."""
    has_purchase_side = bool(bodies.ref_value(current, "ExpenseAccountRef"))
    return {key: value for key, value in content.items() if has_purchase_side or key != "PurchaseCost"}


def _account_missing(product: Product, which: str, setting: str) -> Problem:
    return problems.missing_setting(
        "item_account_missing",
        f"Product '{product.name}' cannot be created in QuickBooks, because no {which} account is chosen for "
        f"{'stocked products' if product.maintain_stock else 'services'}.",
        setting,
        f"Choose the {which} account in the settings; the product and its invoices are then sent by themselves.",
    )


def _stock_kept_in_quickbooks(product: Product) -> Problem:
    return problems.warning(
        "item_is_inventory",
        f"Product '{product.name}' is an inventory item in QuickBooks, so its name, description and price are "
        "maintained there; invoices use it with Syncro's texts and prices.",
    )

"""A Syncro product as a QuickBooks Online item (facts: QBO 1.2)."""

from syncro_quickbooks import money
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.company import Company
from syncro_quickbooks.online.mapping import bodies
from syncro_quickbooks.online.mapping.names import item_name, prose
from syncro_quickbooks.sync import problems
from syncro_quickbooks.sync.model import Action, Attention, Nothing, Operation, Problem, Write
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
    product: Product, settings: Settings, company: Company, current: JsonObject | None, applied_digest: str = ""
) -> Write | Attention | Nothing:
    """The create or update that makes a QuickBooks item say what Syncro's product says: name, description, prices.

    `current` is the item QuickBooks last returned, None before the first create. `applied_digest` is that of what was
    last written: only fields that Syncro has changed since are sent, so what the bookkeeper changed stays; without it
    all are sent. Type and accounts are set at create only; an update is a full one on top of `current`, because Intuit
    documents no sparse update for items. Where purchases are sent, services get a purchase side too: an item without
    one cannot be bought, and accounts are not changed later.

    Attention if no account is chosen or the item was made inactive. The item of a disabled product is left alone, and
    one that QuickBooks keeps stock of: a full update would restate its quantity.
    """
    content = _content(product, company)
    digest = _digest(content)
    if current is None:
        return _create(product, settings, company, content, digest)
    if product.disabled:
        return Nothing()
    if bodies.text(current, "Type") == "Inventory":
        return Nothing(warnings=(_stock_kept_in_quickbooks(product),))
    changed = _changed(_fitting(content, current), applied_digest)
    if not changed:
        return Nothing()
    if current.get("Active") is False:
        return Attention(_inactive(product, current))
    kept = {key: value for key, value in current.items() if key not in _READ_ONLY}
    return Write(Operation.UPDATE, "Item", {**kept, **changed}, digest)


def _digest(content: JsonObject) -> str:
    """One for each field, so that it shows which of them changed."""
    return " ".join(f"{field}={bodies.digest({field: value})[:16]}" for field, value in sorted(content.items()))


def _changed(content: JsonObject, applied_digest: str) -> JsonObject:
    applied = set(applied_digest.split())
    return {field: value for field, value in content.items() if _digest({field: value}) not in applied}


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
    is_bought = stocked or settings.sync_purchase_orders or settings.sync_customer_purchases
    income = settings.income_account(product.product_category, stocked=stocked)
    if income is None:
        setting = "income_account_stocked" if stocked else "income_account_service"
        return Attention(_account_missing(product, "income", setting))
    if is_bought and settings.expense_account is None:
        return Attention(_account_missing(product, "expense", "expense_account"))
    body: JsonObject = {
        **{key: value for key, value in content.items() if is_bought or key != "PurchaseCost"},
        "Type": "NonInventory" if stocked else "Service",
        "IncomeAccountRef": bodies.ref(income.id),
    }
    if is_bought and settings.expense_account:
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


def _inactive(product: Product, current: JsonObject) -> Problem:
    item_id = bodies.text(current, "Id")
    return Problem(
        "inactive_in_quickbooks",
        f"Product '{product.name}' (product#{product.id}) was changed in Syncro, but its item "
        f"'{bodies.text(current, 'Name')}' was made inactive in QuickBooks.",
        "Make the item active again in QuickBooks and try again, or link the product to another item.",
        actions=(
            Action("reactivate", "Make it active again in QuickBooks", {"entity": "Item", "id": item_id}),
            Action("link", "Link to another item", {"entity": "Item"}),
            problems.RETRY,
            problems.SKIP,
        ),
    )


def _stock_kept_in_quickbooks(product: Product) -> Problem:
    return problems.warning(
        "item_is_inventory",
        f"Product '{product.name}' is an inventory item in QuickBooks, so its name, description and price are "
        "maintained there; invoices use it with Syncro's texts and prices.",
    )

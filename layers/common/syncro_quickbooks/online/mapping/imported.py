"""Entries of QuickBooks Online's lists as what Syncro's API is told to make (facts: Syncro 2.3). Pure.

Categories and quantities are not imported, prices exactly as they are.
"""

from decimal import Decimal

from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.online.mapping.bodies import text
from syncro_quickbooks.sync.model import Kind, Problem

NOT_PRODUCTS = ("Category", "Group")


def name_of(kind: Kind, entry: JsonObject) -> str:
    """What Syncro calls it: a customer by its full name (`Customer:Job`), all else by its own."""
    if kind is Kind.CUSTOMER:
        return text(entry, "FullyQualifiedName") or text(entry, "DisplayName")
    return text(entry, "DisplayName" if kind is Kind.VENDOR else "Name")


def email_of(entry: JsonObject) -> str:
    """Its primary e-mail address."""
    return _inner(entry, "PrimaryEmailAddr", "Address")


def unfit(kind: Kind, entry: JsonObject) -> Problem | None:
    """Why Syncro could not have it: categories and bundles are no products."""
    if kind is not Kind.PRODUCT or entry.get("Type") not in NOT_PRODUCTS:
        return None
    what = "a category" if entry.get("Type") == "Category" else "a bundle"
    return Problem("item_is_no_product", f"'{text(entry, 'Name')}' is {what} in QuickBooks.", "Nothing to do.")


def for_syncro(kind: Kind, entry: JsonObject) -> JsonObject:
    """The fields of the organization, product or vendor to be made."""
    made = {Kind.CUSTOMER: _organization, Kind.PRODUCT: _product, Kind.VENDOR: _vendor}[kind](entry)
    return {name: value for name, value in made.items() if value not in ("", None)}


def _organization(entry: JsonObject) -> JsonObject:
    return {
        "business_name": name_of(Kind.CUSTOMER, entry),
        "firstname": text(entry, "GivenName"),
        "lastname": text(entry, "FamilyName"),
        "email": email_of(entry),
        "phone": _inner(entry, "PrimaryPhone", "FreeFormNumber"),
        "mobile": _inner(entry, "Mobile", "FreeFormNumber"),
        "address": _inner(entry, "BillAddr", "Line1"),
        "address_2": _inner(entry, "BillAddr", "Line2"),
        "city": _inner(entry, "BillAddr", "City"),
        "state": _inner(entry, "BillAddr", "CountrySubDivisionCode"),
        "zip": _inner(entry, "BillAddr", "PostalCode"),
    }


def _product(entry: JsonObject) -> JsonObject:
    """Syncro wants a description; without one the name is said again."""
    taxable = entry.get("Taxable")
    item_id = text(entry, "Id")
    return {
        "name": text(entry, "Name"),
        "description": text(entry, "Description") or text(entry, "Name"),
        "price_retail": _price(entry.get("UnitPrice")),
        "price_cost": _price(entry.get("PurchaseCost")),
        "taxable": taxable if isinstance(taxable, bool) else None,
        "maintain_stock": entry.get("Type") == "Inventory",
        "qb_item_id": int(item_id) if item_id.isdecimal() else None,
    }


def _vendor(entry: JsonObject) -> JsonObject:
    return {
        "name": text(entry, "DisplayName"),
        "rep_first_name": text(entry, "GivenName"),
        "rep_last_name": text(entry, "FamilyName"),
        "email": email_of(entry),
        "phone": _inner(entry, "PrimaryPhone", "FreeFormNumber"),
        "account_number": text(entry, "AcctNum"),
        "address": _inner(entry, "BillAddr", "Line1"),
        "city": _inner(entry, "BillAddr", "City"),
        "state": _inner(entry, "BillAddr", "CountrySubDivisionCode"),
        "zip": _inner(entry, "BillAddr", "PostalCode"),
        "website": _inner(entry, "WebAddr", "URI"),
    }


def _price(value: Json) -> Json:
    return value if isinstance(value, Decimal | int) and not isinstance(value, bool) else None


def _inner(entry: JsonObject, name: str, field: str) -> str:
    inner = entry.get(name)
    return text(inner, field) if isinstance(inner, dict) else ""

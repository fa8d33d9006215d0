"""What is special about each kind of list entry: its entity, body, name, and whose an entry of that name is. Pure."""

from collections.abc import Sequence

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.client import quote, select
from syncro_quickbooks.online.company import Company
from syncro_quickbooks.online.mapping.customer import customer_name, map_customer
from syncro_quickbooks.online.mapping.item import item_name, map_item
from syncro_quickbooks.online.mapping.vendor import map_vendor, vendor_name
from syncro_quickbooks.online.matching import Match, inactive_name, match_customer_by_name, match_item, match_vendor
from syncro_quickbooks.sync.attempts import is_forced
from syncro_quickbooks.sync.model import Decision, Kind, Nothing, Write, marker
from syncro_quickbooks.sync.records import View
from syncro_quickbooks.sync.settings import Settings
from syncro_quickbooks.syncro.models import Customer, Product, Vendor

ENTITY_OF = {Kind.CUSTOMER: "Customer", Kind.PRODUCT: "Item", Kind.VENDOR: "Vendor", Kind.TAX_RATE: "TaxCode"}
_NAME_COLUMN = {"Customer": "DisplayName", "Item": "Name", "Vendor": "DisplayName"}


def map_entry(view: View, generation: int, settings: Settings, company: Company) -> Decision:
    """The create or update that makes QuickBooks' entry say what Syncro says."""
    current = view.state.object if view.state.linked else None
    if view.key.kind is Kind.CUSTOMER:
        first_link = view.state.linked and not view.state.applied_digest
        text = marker(view.key, generation)
        return map_customer(_customer(view), company, text, current, first_link=first_link)
    if view.key.kind is Kind.VENDOR:
        return map_vendor(_vendor(view), company, current)
    if view.record.deleted and current is not None:
        return Nothing()  # a product that is deleted in Syncro stays what was sold
    applied = "" if is_forced(view) else view.state.applied_digest
    return map_item(_product(view), settings, company, current, applied)


def _customer(view: View) -> Customer:
    """The organization by the name that it has in QuickBooks."""
    customer = Customer.model_validate(view.record.desired)
    return customer.model_copy(update={"business_then_name": _suffixed(customer.business_then_name, view)})


def _vendor(view: View) -> Vendor:
    vendor = Vendor.model_validate(view.record.desired)
    return vendor.model_copy(update={"name": _suffixed(vendor.name, view)})


def _product(view: View) -> Product:
    product = Product.model_validate(view.record.desired)
    return product.model_copy(update={"name": _suffixed(product.name, view)})


def _suffixed(name: str, view: View) -> str:
    """With what somebody chose to put behind it, because another entry has the bare name."""
    return f"{name.strip()} {view.state.suffix}" if view.state.suffix else name


def is_applied(write: Write, view: View) -> bool:
    """Whether QuickBooks was told all this before."""
    return write.digest == view.state.applied_digest and not is_forced(view)


def match_taken(view: View, company: Company, rows: Sequence[JsonObject]) -> Match:
    """Whose entry it is that has the name already. `rows` are the entries of several names, inactive ones too."""
    if view.key.kind is Kind.CUSTOMER:
        customer = _customer(view)
        ours = f"syncro:{view.key.kind}:{view.key.id}:"
        return match_customer_by_name(customer, customer_name(customer, company), rows, ours)
    if view.key.kind is Kind.VENDOR:
        vendor = _vendor(view)
        return match_vendor(vendor, vendor_name(vendor, company), rows)
    return match_item(item_name(_product(view), company), rows)


def keeps_its_texts(view: View) -> bool:
    """Whether an adopted entry stays as the bookkeeper has it until Syncro's changes."""
    return view.key.kind is not Kind.CUSTOMER


def is_looked_up_first(view: View) -> bool:
    """Items and vendors are created without looking: QuickBooks itself refuses a second one of that name."""
    if view.key.kind is Kind.TAX_RATE:
        return not view.state.linked
    is_new = not view.state.linked and not view.state.generation and not view.state.suffix
    return view.key.kind is Kind.CUSTOMER and is_new


def named(bodies: Sequence[JsonObject], entity: str) -> str:
    """The statement that finds the entries with the names in `bodies`, inactive ones too."""
    column = _NAME_COLUMN[entity]
    taken = [str(body[column]) for body in bodies]
    names = ", ".join(quote(name) for name in (*taken, *map(inactive_name, taken)))
    return select(entity, f"{column} IN ({names}) AND Active IN (true, false) MAXRESULTS 1000")

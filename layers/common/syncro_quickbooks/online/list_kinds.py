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
    current, desired = view.state.object if view.state.linked else None, view.record.desired
    if view.key.kind is Kind.CUSTOMER:
        first_link = view.state.linked and not view.state.applied_digest
        text = marker(view.key, generation)
        return map_customer(Customer.model_validate(desired), company, text, current, first_link=first_link)
    if view.key.kind is Kind.VENDOR:
        return map_vendor(Vendor.model_validate(desired), company, current)
    if view.record.deleted and current is not None:
        return Nothing()  # a product that is deleted in Syncro stays what was sold
    applied = "" if is_forced(view) else view.state.applied_digest
    return map_item(Product.model_validate(desired), settings, company, current, applied)


def is_applied(write: Write, view: View) -> bool:
    """Whether QuickBooks was told all this before."""
    return write.digest == view.state.applied_digest and not is_forced(view)


def match_taken(view: View, company: Company, rows: Sequence[JsonObject]) -> Match:
    """Whose entry it is that has the name already. `rows` are the entries of several names, inactive ones too."""
    desired = view.record.desired
    if view.key.kind is Kind.CUSTOMER:
        customer = Customer.model_validate(desired)
        ours = f"syncro:{view.key.kind}:{view.key.id}:"
        return match_customer_by_name(customer, customer_name(customer, company), rows, ours)
    if view.key.kind is Kind.VENDOR:
        vendor = Vendor.model_validate(desired)
        return match_vendor(vendor, vendor_name(vendor, company), rows)
    return match_item(item_name(Product.model_validate(desired), company), rows)


def keeps_its_texts(view: View) -> bool:
    """Whether an adopted entry stays as the bookkeeper has it until Syncro's changes."""
    return view.key.kind is not Kind.CUSTOMER


def is_looked_up_first(view: View) -> bool:
    """Items and vendors are created without looking: QuickBooks itself refuses a second one of that name."""
    if view.key.kind is Kind.TAX_RATE:
        return not view.state.linked
    return view.key.kind is Kind.CUSTOMER and not view.state.linked and not view.state.generation


def named(bodies: Sequence[JsonObject], entity: str) -> str:
    """The statement that finds the entries with the names in `bodies`, inactive ones too."""
    column = _NAME_COLUMN[entity]
    taken = [str(body[column]) for body in bodies]
    names = ", ".join(quote(name) for name in (*taken, *map(inactive_name, taken)))
    return select(entity, f"{column} IN ({names}) AND Active IN (true, false) MAXRESULTS 1000")

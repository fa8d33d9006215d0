"""What the rules of purchases have in common: whom and what they name, and looking before a change."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online import explanations
from syncro_quickbooks.online.documents.invoices import product_key
from syncro_quickbooks.online.lists import Ready
from syncro_quickbooks.online.mapping import bodies, expenses
from syncro_quickbooks.online.mapping.hand import foreign_change, is_voided
from syncro_quickbooks.online.mapping.purchase_order import Supplied
from syncro_quickbooks.online.read_budget import ReadPurpose
from syncro_quickbooks.online.work import Work
from syncro_quickbooks.sync.attempts import is_forced
from syncro_quickbooks.sync.model import Attention, Kind, RecordKey, Write
from syncro_quickbooks.sync.records import View, changed_in_quickbooks
from syncro_quickbooks.syncro.models import Product, PurchaseOrder


def vendor_key(vendor: int) -> RecordKey:
    """The record of a Syncro vendor."""
    return RecordKey(Kind.VENDOR, str(vendor))


def bill_key(order: RecordKey) -> RecordKey:
    """The record of the bill of a purchase order."""
    return RecordKey(Kind.BILL, order.id)


def order_key(bill: RecordKey) -> RecordKey:
    """The record of the purchase order of a bill."""
    return RecordKey(Kind.PURCHASE_ORDER, bill.id)


def needs_of(order: PurchaseOrder) -> tuple[RecordKey, ...]:
    """The list entries that a purchase order and its bill name."""
    products = sorted({line.product_id for line in order.line_items})
    return (vendor_key(order.vendor_id), *map(product_key, products))


def supplied(work: Work, who: str, order: PurchaseOrder, ready: Mapping[RecordKey, Ready]) -> Supplied | Attention:
    """The QuickBooks ids that a purchase order's lines need. Raises as the client, for an item is looked at again."""
    items = bought_items(work, who, ready, {line.product_id for line in order.line_items})
    if isinstance(items, Attention):
        return items
    vendor = ready[vendor_key(order.vendor_id)]
    return Supplied(vendor.qbo_id, items, bodies.ref_value(vendor.view.state.object or {}, "CurrencyRef"))


def bought_items(
    work: Work, who: str, ready: Mapping[RecordKey, Ready], products: Iterable[int]
) -> dict[int, str] | Attention:
    """The items of `products` by Syncro id, or which of them cannot be bought. Raises as the client.

    One that could not be bought when we last saw it is read again: the remedy is a person's, in QuickBooks.
    """
    items: dict[int, str] = {}
    for product in sorted(products):
        key = product_key(product)
        entry = ready[key]
        name = Product.model_validate(entry.view.record.desired).name
        if expenses.not_bought_problem(who, name, entry.view.state.object or {}):
            now = work.client.read("Item", entry.qbo_id, ReadPurpose.USER)
            problem = expenses.not_bought_problem(who, name, now or entry.view.state.object or {})
            if problem:
                return Attention(problem, follows=(key,))
            fresh = replace(entry.view.state, object=now, sync_token=bodies.text(now or {}, "SyncToken"))
            work.store.release(entry.view, fresh)
        items[product] = entry.qbo_id
    return items


def is_unchanged(view: View, write: Write) -> bool:
    """Whether QuickBooks holds this already, and nobody pressed Force Update."""
    return write.digest == view.state.applied_digest and not is_forced(view)


def changed_by_hand(work: Work, view: View, now: JsonObject | None) -> Attention | None:
    """What a person did to the document since we last wrote it; `now` is the document as just read.

    It is noted, too: Syncro may come to say again what we wrote then. Raises Changed if the record moved on.
    """
    if now is None or is_voided(now):
        problem = explanations.gone_by_hand(view, now)
    elif differences := foreign_change(view.state.object or {}, now):
        problem = explanations.edited_by_hand(view, differences, now)
    else:
        return None
    work.store.release(view, changed_in_quickbooks(view.state))
    return Attention(problem)

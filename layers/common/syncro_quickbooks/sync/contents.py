"""What an event says: the newer states of things in it, and what those refer to. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.sync.model import Kind, RecordKey
from syncro_quickbooks.sync.records import LAYER_OF
from syncro_quickbooks.syncro.events import (
    CustomerEvent,
    CustomerPurchaseEvent,
    InvoiceEvent,
    PaymentEvent,
    PurchaseOrderEvent,
    StoreCreditEvent,
    ThingEvent,
    VendorEvent,
)
from syncro_quickbooks.syncro.models import (
    EmbeddedCustomer,
    EmbeddedProduct,
    EmbeddedVendor,
    Payment,
    StoreCredit,
    SyncroModel,
)

_BUILT_IN_BURSTS = frozenset({Kind.INVOICE, Kind.PURCHASE_ORDER})
"""Syncro creates these empty and then adds line by line (facts: Syncro 2.2)."""


@dataclass(frozen=True, slots=True)
class Desired:
    """A newer state of one thing. `acts`: it is looked at by itself, not only with what refers to it.

    `uses` are the things it refers to that must be able to find it: a payment's invoices, a credit's origin.
    """

    key: RecordKey
    version: int
    snapshot: JsonObject
    deleted: bool = False
    acts: bool = False
    uses: tuple[RecordKey, ...] = ()

    @property
    def settles_down(self) -> bool:
        """Whether a first send waits for some quiet seconds."""
        return self.key.kind in _BUILT_IN_BURSTS and not self.deleted


def contents(event: ThingEvent) -> tuple[Sequence[Desired], Desired]:
    """What the event says of embedded things, and of its own."""
    key, thing, uses = _main(event)
    deleted = event.change == "deleted"
    # A product that is deleted in Syncro stays an item; a changed one is updated if it is one already.
    acts = LAYER_OF[key.kind] > 1 or (key.kind is Kind.PRODUCT and not deleted)
    main = Desired(key, event.version, _snapshot(thing), deleted, acts, uses)
    return list(_embedded(event)), main


def _main(event: ThingEvent) -> tuple[RecordKey, SyncroModel, tuple[RecordKey, ...]]:  # noqa: PLR0911  one a kind
    if isinstance(event, InvoiceEvent):
        return _key(Kind.INVOICE, event.invoice.id), event.snapshot, ()
    if isinstance(event, PaymentEvent):
        return _key(Kind.PAYMENT, event.payment.id), event.payment, tuple(payment_uses(event.payment))
    if isinstance(event, StoreCreditEvent):
        credit = event.store_credit
        return _key(Kind.STORE_CREDIT, credit.id), credit, tuple(store_credit_uses(credit))
    if isinstance(event, PurchaseOrderEvent):
        return _key(Kind.PURCHASE_ORDER, event.purchase_order.id), event.purchase_order, ()
    if isinstance(event, CustomerPurchaseEvent):
        return _key(Kind.CUSTOMER_PURCHASE, event.customer_purchase.id), event.customer_purchase, ()
    if isinstance(event, CustomerEvent):
        return _key(Kind.CUSTOMER, event.customer.id), event.customer, ()
    if isinstance(event, VendorEvent):
        return _key(Kind.VENDOR, event.vendor.id), event.vendor, ()
    return _key(Kind.PRODUCT, event.product.id), event.product, ()


def payment_uses(payment: Payment) -> Iterator[RecordKey]:
    """The invoices it pays, what it may draw on, and, if some of it is left, the customer whose credit that is.

    Whether a source is a store credit or another payment's rest, its id does not say.
    """
    for allocation in payment.allocations:
        yield _key(Kind.INVOICE, allocation.invoice_id)
        if allocation.source_credit_id is not None:
            yield _key(Kind.STORE_CREDIT, allocation.source_credit_id)
            yield _key(Kind.PAYMENT, allocation.source_credit_id)
    if sum(allocation.amount for allocation in payment.allocations) < payment.payment_amount:
        yield _key(Kind.CUSTOMER, payment.customer_id)


def store_credit_uses(credit: StoreCredit) -> Iterator[RecordKey]:
    """The customer it belongs to, and the payment, refund invoice or purchase it came from."""
    yield _key(Kind.CUSTOMER, credit.customer_id)
    kind = {
        "overpayment": Kind.PAYMENT,
        "refund": Kind.INVOICE,
        "purchase_payout": Kind.CUSTOMER_PURCHASE,
    }.get(credit.origin)
    if kind is not None and credit.origin_id is not None:
        yield _key(kind, credit.origin_id)


def _embedded(event: ThingEvent) -> Iterator[Desired]:
    if isinstance(event, InvoiceEvent | PaymentEvent | StoreCreditEvent | CustomerPurchaseEvent):
        yield _listed(Kind.CUSTOMER, event.customer)
    if isinstance(event, PurchaseOrderEvent):
        yield _listed(Kind.VENDOR, event.vendor)
    if isinstance(event, InvoiceEvent | PurchaseOrderEvent | CustomerPurchaseEvent):
        for product in event.products:
            yield _listed(Kind.PRODUCT, product)


def _listed(kind: Kind, thing: EmbeddedCustomer | EmbeddedVendor | EmbeddedProduct) -> Desired:
    return Desired(_key(kind, thing.id), thing.version, _snapshot(thing, {"version"}))


def _key(kind: Kind, syncro_id: int) -> RecordKey:
    return RecordKey(kind, str(syncro_id))


def _snapshot(thing: SyncroModel, without: set[str] | None = None) -> JsonObject:
    dumped: JsonObject = thing.model_dump(mode="json", exclude=without)
    return dumped

"""Events from Syncro: `parse_event` turns a detail-type and a detail into one of the frozen event types."""

from typing import Annotated, Literal, TypeAlias, TypeVar

from pydantic import Field, ValidationError

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.syncro.models import (
    Customer,
    CustomerPurchase,
    EmbeddedCustomer,
    EmbeddedProduct,
    EmbeddedVendor,
    Invoice,
    InvoiceSnapshot,
    Moment,
    Payment,
    Product,
    PurchaseOrder,
    StoreCredit,
    SyncroId,
    SyncroModel,
    TaxRate,
    Vendor,
    Version,
)

# These become parts of storage keys, queue groups and log lines, hence the narrow alphabet.
AccountId: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")]
RequestId: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
ObjectKey: TypeAlias = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_=-]*([./][A-Za-z0-9_=-]+)*$", max_length=512)
]
Change: TypeAlias = Literal["created", "updated", "deleted"]
ThingKind: TypeAlias = Literal[
    "invoice", "payment", "customer", "product", "vendor", "purchase_order", "customer_purchase", "store_credit"
]


class Envelope(SyncroModel):
    """What every event says about itself. `event_id` names the event, `account_id` the Syncro account."""

    event_id: RequestId
    account_id: AccountId
    occurred_at: Moment


class ChangeEvent(Envelope):
    """Something was created, updated or deleted; `version` grows with every change of that thing."""

    change: Change
    version: Version


class InvoiceEvent(ChangeEvent):
    """An invoice with everything needed to push it."""

    invoice: Invoice
    customer: EmbeddedCustomer
    products: tuple[EmbeddedProduct, ...]
    tax_rates: tuple[TaxRate, ...]

    @property
    def snapshot(self) -> InvoiceSnapshot:
        """The part that belongs to the invoice's own record."""
        return InvoiceSnapshot(invoice=self.invoice, tax_rates=self.tax_rates)


class CustomerEvent(ChangeEvent):
    """An organization changed on its own."""

    customer: Customer


class ProductEvent(ChangeEvent):
    """A product changed on its own."""

    product: Product


class PaymentEvent(ChangeEvent):
    """A payment with whose it is."""

    payment: Payment
    customer: EmbeddedCustomer


class StoreCreditEvent(ChangeEvent):
    """A store credit with whose it is."""

    store_credit: StoreCredit
    customer: EmbeddedCustomer


class VendorEvent(ChangeEvent):
    """A vendor changed on its own."""

    vendor: Vendor


class PurchaseOrderEvent(ChangeEvent):
    """A purchase order with its vendor and the products on it."""

    purchase_order: PurchaseOrder
    vendor: EmbeddedVendor
    products: tuple[EmbeddedProduct, ...]


class CustomerPurchaseEvent(ChangeEvent):
    """A customer purchase with the customer and the products on it."""

    customer_purchase: CustomerPurchase
    customer: EmbeddedCustomer
    products: tuple[EmbeddedProduct, ...]


class SnapshotElsewhere(ChangeEvent):
    """An event too large for the bus: `snapshot_ref` is the key of its whole detail in the inbox bucket.

    Whoever fetches it calls `parse_event` again with what it found and checks that account, thing and version agree.
    """

    kind: ThingKind
    snapshot_ref: ObjectKey


class ForceUpdateEvent(Envelope):
    """Somebody pressed "Force Update": push this thing again, dates included. Outside the version rule."""

    request_id: RequestId
    kind: ThingKind
    id: SyncroId


ThingEvent: TypeAlias = (
    InvoiceEvent
    | PaymentEvent
    | CustomerEvent
    | ProductEvent
    | VendorEvent
    | PurchaseOrderEvent
    | CustomerPurchaseEvent
    | StoreCreditEvent
)
Event: TypeAlias = ThingEvent | SnapshotElsewhere | ForceUpdateEvent

FORCE_UPDATE = "force_update.requested"
EVENT_TYPES: dict[str, type[ThingEvent]] = {
    "invoice": InvoiceEvent,
    "payment": PaymentEvent,
    "customer": CustomerEvent,
    "product": ProductEvent,
    "vendor": VendorEvent,
    "purchase_order": PurchaseOrderEvent,
    "customer_purchase": CustomerPurchaseEvent,
    "store_credit": StoreCreditEvent,
}
_Model = TypeVar("_Model", bound=SyncroModel)
_CHANGES = ("created", "updated", "deleted")


class MalformedEvent(ValueError):
    """An event that breaks the contract. `reasons` name the field and what is wrong, never what was in it."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


def parse_event(detail_type: str, detail: JsonObject) -> Event:
    """The event that `detail` describes, checked against the published contract.

    `detail_type` is `<kind>.<created|updated|deleted>` or `force_update.requested`. Unknown fields are ignored.
    Raises MalformedEvent for an unknown detail-type and for a detail with missing or impossible fields.
    """
    if detail_type == FORCE_UPDATE:
        return _checked(ForceUpdateEvent, detail)
    kind, _, change = detail_type.partition(".")
    if kind not in EVENT_TYPES or change not in _CHANGES:
        raise MalformedEvent([f"detail-type: {detail_type[:60]!r} is not one that this integration reads"])
    if detail.get("snapshot_ref") is not None:
        return _checked(SnapshotElsewhere, {**detail, "change": change, "kind": kind})
    return _checked(EVENT_TYPES[kind], {**detail, "change": change})


def _checked(model: type[_Model], fields: JsonObject) -> _Model:
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        # Input and context stay out: the reasons are logged, and a bad e-mail address is still somebody's.
        details = error.errors(include_url=False, include_input=False, include_context=False)
        raise MalformedEvent([f"{_path(detail['loc'])}: {_reason(detail['msg'])}" for detail in details]) from None


def _path(location: tuple[int | str, ...]) -> str:
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    return path.removeprefix(".") or "detail"


def _reason(message: str) -> str:
    return message.removeprefix("Value error, ")

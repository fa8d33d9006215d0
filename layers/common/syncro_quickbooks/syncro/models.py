"""Syncro's things as its events carry them: the fields we read, frozen and checked. Everything else is ignored.

Field names are the Syncro API's. Tax fields have no defaults: leaving one out is an error, null is an answer.
"""

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from syncro_quickbooks import money
from syncro_quickbooks.syncro import dates

_IMPORTED = re.compile(r"QBO-(\d{1,20})")
"""The reference that payments imported from QuickBooks carry in Syncro."""

_DIGITS = {"type": "string", "pattern": r"^[+-]?\d{1,13}(\.\d{1,12})?$"}

Number: TypeAlias = Annotated[Decimal, BeforeValidator(money.parse), WithJsonSchema(_DIGITS)]
Moment: TypeAlias = Annotated[
    datetime, BeforeValidator(dates.parse_moment), WithJsonSchema({"type": "string", "format": "date-time"})
]
# Ids become parts of storage keys and of markers in QuickBooks, so they are whole positive numbers of bounded length.
SyncroId: TypeAlias = Annotated[int, Field(strict=True, ge=1, le=2**53 - 1)]
Version: TypeAlias = Annotated[int, Field(strict=True, ge=1, le=2**53 - 1)]
Flag: TypeAlias = Annotated[bool, Field(strict=True)]


class SyncroModel(BaseModel):
    """What all of Syncro's things have in common: they cannot be changed and ignore fields that we do not read."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class TaxComponent(SyncroModel):
    """One rate of a tax group; `rate` is in percent (9.975)."""

    id: SyncroId
    name: str
    rate: Number


class TaxRate(SyncroModel):
    """A tax rate or tax group; `rate` is in percent. A plain rate may list itself, or nothing, as its components."""

    id: SyncroId
    name: str
    rate: Number
    components: tuple[TaxComponent, ...]

    @property
    def component_rates(self) -> tuple[Decimal, ...]:
        """The percentages that are computed and rounded one by one."""
        return tuple(component.rate for component in self.components) or (self.rate,)


class InvoiceLine(SyncroModel):
    """One line of an invoice: `item` is the short name, `name` the description, `price` is per unit.

    Whether `price` is before or after the line's discount is not published; the mapping finds out from the subtotal.
    """

    id: SyncroId
    product_id: SyncroId | None
    item: str | None = None
    name: str | None = None
    price: Number
    quantity: Number
    taxable: Flag
    tax_rate_id: SyncroId | None
    discount_percent: Number | None = None
    line_discount_percent: Number | None = None
    discount_dollars: Number | None = None
    product_category: str | None = None
    position: int | None = None


class Invoice(SyncroModel):
    """An invoice with its lines; money is in the account's currency, `date` and `due_date` are calendar dates."""

    id: SyncroId
    customer_id: SyncroId
    number: str
    date: Moment
    due_date: Moment | None = None
    subtotal: Number
    tax: Number
    total: Number
    tax_rate_id: SyncroId | None
    notax: Flag
    is_draft: Flag
    is_refund: Flag
    location_id: SyncroId | None = None
    po_number: str | None = None
    note: str | None = None
    line_items: tuple[InvoiceLine, ...]


class Customer(SyncroModel):
    """An organization. `business_then_name` is the name Syncro shows: the business, else the person."""

    id: SyncroId
    business_then_name: str
    business_name: str | None = None
    firstname: str | None = None
    lastname: str | None = None
    email: str | None = None
    phone: str | None = None
    mobile: str | None = None
    address: str | None = None
    address_2: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    tax_free: Flag
    invoice_term_id: SyncroId | None = None
    disabled: Flag = False


class Product(SyncroModel):
    """A product or service; prices are per unit, `price_cost` is what it is bought for."""

    id: SyncroId
    name: str
    description: str | None = None
    price_retail: Number | None = None
    price_cost: Number | None = None
    maintain_stock: Flag
    taxable: Flag
    disabled: Flag = False
    product_category: str | None = None
    discount_percent: Number | None = None


class Allocation(SyncroModel):
    """What a payment pays of an invoice. `source_credit_id` is the store credit, or the payment whose rest is used."""

    invoice_id: SyncroId
    amount: Number
    source_credit_id: SyncroId | None = None


class Payment(SyncroModel):
    """A payment and what it pays. `payment_amount` beyond its allocations is a credit of the customer.

    Without allocations it is on account, but only if it names no invoices either: how much each gets is no guess.
    """

    id: SyncroId
    customer_id: SyncroId
    success: Flag
    payment_amount: Number
    applied_at: Moment
    payment_method: str | None = None
    ref_num: str | None = None
    allocations: tuple[Allocation, ...]

    @property
    def quickbooks_payment(self) -> str:
        """QuickBooks' id of the payment that this one was imported from, by its reference; "" for any other."""
        marked = _IMPORTED.fullmatch((self.ref_num or "").strip())
        return marked[1] if marked else ""

    @model_validator(mode="before")
    @classmethod
    def _may_be_on_account(cls, fields: object) -> object:
        if not isinstance(fields, dict) or fields.get("allocations") is not None:
            return fields
        if fields.get("invoice_ids"):
            raise ValueError("allocations are missing, so how much each of invoice_ids gets is not known")
        return {**fields, "allocations": []}


class StoreCredit(SyncroModel):
    """A credit of a customer. `origin` says how it arose and `origin_id` from what, so that nothing is booked twice."""

    id: SyncroId
    customer_id: SyncroId
    amount: Number
    origin: Literal["manual", "overpayment", "refund", "purchase_payout"]
    origin_id: SyncroId | None = None
    date: Moment
    note: str | None = None


class Vendor(SyncroModel):
    """Whom a shop buys from."""

    id: SyncroId
    name: str
    rep_first_name: str | None = None
    rep_last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    account_number: str | None = None
    address: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    website: str | None = None


class PurchaseOrderLine(SyncroModel):
    """One line of a purchase order; `cost_cents` is the price of one, in cents."""

    id: SyncroId
    product_id: SyncroId
    quantity: Number
    cost_cents: Number
    received_quantity: Number | None = None
    position: int | None = None


class PurchaseOrder(SyncroModel):
    """A purchase order. `total` includes `shipping` and `other`, which are not for the books."""

    id: SyncroId
    vendor_id: SyncroId
    number: str
    status: str
    created_at: Moment
    expected_date: Moment | None = None
    due_date: Moment | None = None
    finished_at: Moment | None = None
    shipping: Number | None = None
    other: Number | None = None
    shipping_notes: str | None = None
    general_notes: str | None = None
    total: Number
    location_id: SyncroId | None = None
    line_items: tuple[PurchaseOrderLine, ...]


class CustomerPurchaseLine(SyncroModel):
    """One thing bought from a customer; without a product it is something new."""

    id: SyncroId
    product_id: SyncroId | None
    item: str | None = None
    name: str | None = None
    quantity: Number
    price: Number
    cost: Number | None = None


class CustomerPurchase(SyncroModel):
    """Used goods bought from a customer, paid out in money or as store credit."""

    id: SyncroId
    customer_id: SyncroId
    number: str | None = None
    status: str | None = None
    payment_method: str | None = None
    paid_out: Flag
    paid_out_at: Moment | None = None
    total: Number
    notes: str | None = None
    line_items: tuple[CustomerPurchaseLine, ...]


class InvoiceSnapshot(SyncroModel):
    """An invoice and the tax rates it names, as one event carried them: all that is needed to map it again later."""

    invoice: Invoice
    tax_rates: tuple[TaxRate, ...]

    def rate(self, rate_id: int) -> TaxRate | None:
        """The tax rate of that id, or None if the event did not describe it."""
        return next((rate for rate in self.tax_rates if rate.id == rate_id), None)


class EmbeddedCustomer(Customer):
    """A customer inside another thing's event, with its own version."""

    version: Version


class EmbeddedProduct(Product):
    """A product inside another thing's event, with its own version."""

    version: Version


class EmbeddedVendor(Vendor):
    """A vendor inside a purchase order's event, with its own version."""

    version: Version

"""The writes that QuickBooks can refuse, each with the events that make us send it. Add a line for a new one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.events import ACCOUNT, customer, invoice_detail, line, product
from tests.support.payment_events import payment_detail, store_credit_detail
from tests.support.purchase_events import order_detail, order_line, purchase_detail, vendor
from tests.support.world import World


def _nothing(world: World, number: int) -> None:
    """Nothing is needed beforehand."""


@dataclass(frozen=True)
class Call:
    """One kind of write. Its events are about a thing with a number of the test's choosing.

    `first` brings about what the write needs beforehand, `sends` makes us send it; `kind` is its record's and `named`
    what its problem calls it. `quickbooks_name` is how the emulator finds it among others. The codes in `own` mean
    something of their own here and are tested with their kind.
    """

    entity: str
    operation: str
    kind: str
    named: str
    quickbooks_name: str
    sends: Callable[[World, int], None]
    first: Callable[[World, int], None] = _nothing
    own: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.operation} {self.entity}"


def _invoice(world: World, number: int, *, version: int = 1, **fields: Any) -> None:
    """One line of 100.00 at 8 %."""
    fields = {"lines": [line(1, None)], "products": [], **fields}
    totals = ("100.00", "8.00", "108.00")
    detail = invoice_detail(number, version=version, number=f"N-{number}", totals=totals, **fields)
    world.publish("invoice.created", detail)


def _of_new_customer(world: World, number: int) -> None:
    _invoice(world, number, owner=customer(number, name=f"Organization {number}"))


def _of_new_product(world: World, number: int) -> None:
    _invoice(world, number, lines=[line(1, number)], products=[product(number)])


def _changed_invoice(world: World, number: int) -> None:
    _invoice(world, number, version=2, note="Changed")


def _changed_product(world: World, number: int) -> None:
    snapshot = {**product(number), "price_retail": "90"}
    del snapshot["version"]
    envelope = {"event_id": f"product-{number}", "account_id": ACCOUNT, "occurred_at": "2026-11-23T09:00:00Z"}
    world.publish("product.updated", {**envelope, "version": 2, "product": snapshot})


def _payment(world: World, number: int) -> None:
    """For no invoice: it rests unapplied on the customer."""
    world.publish("payment.created", payment_detail(number, "50.00", []))


def _store_credit(world: World, number: int) -> None:
    world.publish("store_credit.created", store_credit_detail(number))


def _order(world: World, number: int) -> None:
    world.publish("purchase_order.created", order_detail(number, lines=[order_line(1, 27, "12", "4010")]))


def _of_new_vendor(world: World, number: int) -> None:
    lines = [order_line(1, 27, "12", "4010")]
    supplier = vendor(number, name=f"Vendor {number}")
    world.publish("purchase_order.created", order_detail(number, lines=lines, supplier=supplier))


def _purchase(world: World, number: int) -> None:
    world.publish("customer_purchase.created", purchase_detail(number))


PLAN = frozenset({"5020", "5030"})  # a company without purchase orders is asked for none any more

CALLS = (
    Call("Customer", "create", "customer", "'Organization {0}'", "Organization {0}", _of_new_customer),
    Call("Item", "create", "product", "'Product {0}'", "Product {0}", _of_new_product),
    Call("Item", "update", "product", "'Product {0}'", "Product {0}", _changed_product, _of_new_product),
    Call("Invoice", "create", "invoice", "Invoice N-{0}", "N-{0}", _invoice),
    Call("Invoice", "update", "invoice", "Invoice N-{0}", "N-{0}", _changed_invoice, _invoice),
    Call("Payment", "create", "payment", "Payment {0}", "syncro:payment:{0}:1", _payment),
    Call("CreditMemo", "create", "store_credit", "Store credit {0}", "syncro:store_credit:{0}:1", _store_credit),
    Call("Vendor", "create", "vendor", "'Vendor {0}'", "Vendor {0}", _of_new_vendor),
    Call("PurchaseOrder", "create", "purchase_order", "Purchase order VN-{0}", "VN-{0}", _order, own=PLAN),
    Call("Purchase", "create", "customer_purchase", "Customer purchase", "syncro:customer_purchase:{0}:1", _purchase),
)

"""The writes that QuickBooks can refuse, each with the events that make us send it. Add a line for a new one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.events import ACCOUNT, customer, invoice_detail, line, product
from tests.support.world import World


def _nothing(world: World, number: int) -> None:
    """Nothing is needed beforehand."""


@dataclass(frozen=True)
class Call:
    """One kind of write. Its events are about a thing with a number of the test's choosing.

    `first` brings about what the write needs beforehand, `sends` makes us send it; `kind` is its record's and `named`
    what its problem calls it. `quickbooks_name` is how the emulator finds it among others.
    """

    entity: str
    operation: str
    kind: str
    named: str
    quickbooks_name: str
    sends: Callable[[World, int], None]
    first: Callable[[World, int], None] = _nothing

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


CALLS = (
    Call("Customer", "create", "customer", "'Organization {0}'", "Organization {0}", _of_new_customer),
    Call("Item", "create", "product", "'Product {0}'", "Product {0}", _of_new_product),
    Call("Item", "update", "product", "'Product {0}'", "Product {0}", _changed_product, _of_new_product),
    Call("Invoice", "create", "invoice", "Invoice N-{0}", "N-{0}", _invoice),
    Call("Invoice", "update", "invoice", "Invoice N-{0}", "N-{0}", _changed_invoice, _invoice),
)

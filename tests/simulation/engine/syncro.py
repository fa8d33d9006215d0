"""What happens in Syncro in one account: a few customers, what they are billed and pay, what is bought."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from tests.support.events import product
from tests.support.purchase_events import FINISHED_AT, order_detail, order_line, purchase_detail, sold_line, vendor
from tests.support.syncro_model import Event, SyncroAccount

Deed = tuple[int, Callable[[], Iterable[Event] | None]]
"""How likely it is beside others, and what yields its own events beside those that the customer's account notes."""

ENVELOPE = {"occurred_at": "2026-11-23T10:00:00.000Z"}


@dataclass
class Order:
    """A purchase order of one line at 12.50 each."""

    id: int
    quantity: int
    version: int = 1
    finished: bool = False

    @property
    def total(self) -> Decimal:
        return Decimal("12.50") * self.quantity


@dataclass
class Bought:
    """A customer purchase: something used, bought from a customer, in the books once it is paid out."""

    id: int
    seller: dict[str, Any]
    amount: Decimal
    method: str
    version: int = 1
    paid_out: bool = False
    deleted: bool = False


@dataclass
class Syncro:
    """One account. Ids are the same in every account, names are its own: what gets mixed up shows."""

    account: str
    rng: Random
    customers: list[SyncroAccount] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    purchases: list[Bought] = field(default_factory=list)
    product_version: int = 1
    forced: int = 0

    def __post_init__(self) -> None:
        for number in range(1, self.rng.choice([1, 1, 2]) + 1):
            customer = SyncroAccount(number)
            customer.customer = {**customer.customer, **self._named(number, 1)}
            self.customers.append(customer)

    def deed(self) -> list[Event]:
        """Somebody does something. Returns its events."""
        customer = self.rng.choice(self.customers)
        before = len(customer.events)
        pick, amount = self.rng.randrange(8), Decimal(self.rng.randrange(1, 50_000)) / 100
        deeds = self.deeds(customer, pick, amount)
        ((_, do),) = self.rng.choices(deeds, [weight for weight, _ in deeds])
        own = list(do() or ())
        return [self._told(event) for event in [*customer.events[before:], *own]]

    def deeds(self, customer: SyncroAccount, pick: int, amount: Decimal) -> list[Deed]:
        """What may be done, each with its weight."""
        return [
            (8, lambda: customer.invoice(amount)),
            (6, lambda: customer.pay(pick, amount)),
            (2, lambda: customer.give_credit(amount)),
            (3, lambda: customer.use_credit(pick, amount)),
            (1, lambda: customer.move_use(pick)),
            (1, lambda: customer.change_credit(pick, amount)),
            (2, lambda: customer.apply_rest(pick)),
            (4, lambda: customer.reprice(pick, amount)),
            (3, lambda: customer.delete(pick)),
            (2, lambda: [self._renamed(customer)]),
            (3, lambda: [self._ordered()]),
            (2, lambda: self._order_changed(pick)),
            (1, lambda: self._forced(customer)),
            (2, lambda: [self._bought(customer, amount)]),
            (2, lambda: self._purchase_changed(pick, amount)),
            (1, lambda: [self._product_changed()]),
        ]

    def names_of(self, customer: SyncroAccount) -> list[str]:
        """What the customer is and was called."""
        number, newest = customer.customer["id"], customer.customer["version"]
        return [self._named(number, version)["business_name"] for version in range(1, newest + 1)]

    def _named(self, number: int, version: int) -> dict[str, Any]:
        name = f"{self.account} customer {number}" + (f" renamed {version}" if version > 1 else "")
        return {
            "business_name": name,
            "business_then_name": name,
            "email": f"{number}@{self.account}.example",
            "version": version,
        }

    def _renamed(self, customer: SyncroAccount) -> Event:
        version, number = customer.customer["version"] + 1, customer.customer["id"]
        customer.customer = {**customer.customer, **self._named(number, version)}
        return "customer.updated", {**ENVELOPE, "version": version, "customer": customer.customer}

    def _ordered(self) -> Event:
        order = Order(701 + len(self.orders), self.rng.randrange(1, 20))
        self.orders.append(order)
        return "purchase_order.created", self._order(order)

    def _order_changed(self, pick: int) -> Iterator[Event]:
        open_orders = [order for order in self.orders if not order.finished]
        if open_orders:
            order = open_orders[pick % len(open_orders)]
            order.version += 1
            if self.rng.random() < 0.5:
                order.finished = True
            else:
                order.quantity = self.rng.randrange(1, 20)
            yield "purchase_order.updated", self._order(order)

    def _order(self, order: Order) -> dict[str, Any]:
        received = str(order.quantity) if order.finished else None
        lines = [order_line(1, 27, str(order.quantity), "1250", received=received)]
        state: dict[str, Any] = {"status": "Finished", "finished_at": FINISHED_AT}
        return order_detail(
            order.id,
            version=order.version,
            lines=lines,
            supplier=vendor(name=f"{self.account} supplies"),
            total=str(order.total),
            shipping="0",
            other="0",
            **(state if order.finished else {}),
        )

    def _bought(self, customer: SyncroAccount, amount: Decimal) -> Event:
        method = self.rng.choice(["Cash", "Check"])
        paid_out = self.rng.random() < 0.7
        bought = Bought(901 + len(self.purchases), customer.customer, amount, method, paid_out=paid_out)
        self.purchases.append(bought)
        return "customer_purchase.created", self._purchase(bought)

    def _purchase_changed(self, pick: int, amount: Decimal) -> Iterator[Event]:
        live = [each for each in self.purchases if not each.deleted]
        if live:
            bought = live[pick % len(live)]
            bought.version += 1
            change = self.rng.choice(["paid out", "paid out", "amount", "deleted"])
            bought.paid_out |= change == "paid out"
            bought.amount = amount if change == "amount" else bought.amount
            bought.deleted = change == "deleted"
            yield f"customer_purchase.{'deleted' if bought.deleted else 'updated'}", self._purchase(bought)

    def _purchase(self, bought: Bought) -> dict[str, Any]:
        unpaid: dict[str, Any] = {"paid_out": False, "paid_out_at": None, "status": "Estimate"}
        return purchase_detail(
            bought.id,
            version=bought.version,
            lines=[sold_line(1, None, "1", str(bought.amount))],
            seller=bought.seller,
            total=str(bought.amount),
            payment_method=bought.method,
            **({} if bought.paid_out else unpaid),
        )

    def product(self) -> dict[str, Any]:
        """What every invoice sells, as it is by now."""
        version = self.product_version
        changed = {"name": f"{self.account} sells {version}", "price_retail": f"{version}.5"} if version > 1 else {}
        return {**product(3, version=version), **changed}

    def _product_changed(self) -> Event:
        self.product_version += 1
        return "product.updated", {**ENVELOPE, "version": self.product_version, "product": self.product()}

    def _forced(self, customer: SyncroAccount) -> Iterator[Event]:
        live = customer.live("invoice")
        if live:
            self.forced += 1
            about = {"request_id": f"force-{self.forced}", "kind": "invoice", "id": self.rng.choice(live).id}
            yield "force_update.requested", {**ENVELOPE, **about}

    def _told(self, event: Event) -> Event:
        detail_type, detail = event
        return detail_type, {"event_id": f"event-{self.account}", **detail, "account_id": self.account}

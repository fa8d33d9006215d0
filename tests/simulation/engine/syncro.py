"""What happens in Syncro in one account: a few customers, what they are billed and pay, what is bought."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from tests.simulation.engine.purchases import VENDORS, Order, OrderLine, supplier, supplier_name
from tests.support.goods import SERVICES, STOCKED, Goods, Sold, cents, subtotal_of
from tests.support.purchase_events import purchase_detail, sold_line
from tests.support.syncro_model import Event, SyncroAccount

Deed = tuple[int, Callable[[], Iterable[Event] | None]]
"""How likely it is beside others, and what yields its own events beside those that the customer's account notes."""

ENVELOPE = {"occurred_at": "2026-11-23T10:00:00.000Z"}

_QUANTITIES = tuple(map(Decimal, ("1", "1", "1", "2", "3", "12", "0.25", "1.5", "2.75")))
_DISCOUNTS = tuple(map(Decimal, ("0", "0", "0", "0", "10", "12.5", "33")))
_TAKEN_OFF, _PARTS = 1 / 10, tuple(map(Decimal, ("0.05", "0.5", "1")))
_SOLD = (*SERVICES, *SERVICES, STOCKED[0], None)


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

    @property
    def counts(self) -> bool:
        """Whether it is in the books."""
        return self.paid_out and not self.deleted


@dataclass
class Syncro:
    """One account. Ids are the same in every account, names are its own: what gets mixed up shows."""

    account: str
    rng: Random
    customers: list[SyncroAccount] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    purchases: list[Bought] = field(default_factory=list)
    vendors: dict[int, int] = field(default_factory=lambda: dict.fromkeys(VENDORS, 1))
    forced: int = 0
    handed_over: int = 0

    def __post_init__(self) -> None:
        self.goods = Goods(self.account)
        # Most sell more than they buy; what builds upon each other is done in the same account.
        self._buying, self._crediting = self.rng.choice([(0, 1), (0, 4), (0, 4), (1, 1), (1, 1), (6, 0)])
        for number in range(1, self.rng.choice([1, 1, 2]) + 1):
            customer = SyncroAccount(number, self.goods)
            customer.customer = {**customer.customer, **self._named(number, 1)}
            self.customers.append(customer)

    def deed(self) -> list[Event]:
        """Somebody does something. Returns its events."""
        customer = self.rng.choice(self.customers)
        pick, amount = self.rng.randrange(8), Decimal(self.rng.randrange(1, 50_000)) / 100
        deeds = self.deeds(customer, pick, amount)
        ((_, do),) = self.rng.choices(deeds, [weight for weight, _ in deeds])
        return self.done(customer, do)

    def done(self, customer: SyncroAccount, do: Callable[[], Iterable[Event] | None]) -> list[Event]:
        """What Syncro tells once that is done."""
        before = len(customer.events)
        own = list(do() or ())
        return [self._told(event) for event in [*customer.events[before:], *own]]

    def deeds(self, customer: SyncroAccount, pick: int, amount: Decimal) -> list[Deed]:
        """What may be done, each with its weight."""
        return [
            (8, lambda: customer.bill(self._lines())),
            (6, lambda: customer.pay(pick, amount)),
            (1 * self._crediting, lambda: customer.give_credit(amount)),
            (2 * self._crediting, lambda: customer.use_credit(pick, amount)),
            (1 * self._crediting, lambda: customer.move_use(pick)),
            (1 * self._crediting, lambda: customer.change_credit(pick, amount)),
            (2, lambda: customer.apply_rest(pick)),
            (4, lambda: customer.rewrite(pick, self._lines(), 7 * (1 + pick))),
            (2, lambda: customer.correct_payment(pick, amount)),
            (1, lambda: customer.renumber(pick)),
            (2, lambda: customer.fail(pick)),
            (1, lambda: self._handed_over(customer, pick)),
            (3, lambda: customer.delete(pick)),
            (2, lambda: [self._renamed(customer)]),
            (2, lambda: [self._product_changed()]),
            (2 * self._buying, lambda: [self._ordered()]),
            (3 * self._buying, lambda: self._order_changed(pick)),
            (1 * self._buying, lambda: [self._vendor_renamed(pick)]),
            (2 * self._buying, lambda: [self._bought(customer, amount)]),
            (2 * self._buying, lambda: self._purchase_changed(pick, amount)),
            (1, lambda: self._forced(customer)),
        ]

    def names_of(self, customer: SyncroAccount) -> list[str]:
        """What the customer may be called: a change of its name alone travels with the next change of a document."""
        number, newest = customer.customer["id"], customer.customer["version"]
        documents = [each for kind in ("invoice", "payment", "credit") for each in customer.live(kind)]
        told = max((each.owner_version for each in documents), default=1)
        return [self._named(number, version)["business_name"] for version in range(told, newest + 1)]

    def _named(self, number: int, version: int) -> dict[str, Any]:
        name = f"{self.account} customer {number}" + (f" renamed {version}" if version > 1 else "")
        return {
            "business_name": name,
            "business_then_name": name,
            "email": f"{number}@{self.account}.example",
            "version": version,
        }

    def _handed_over(self, customer: SyncroAccount, pick: int) -> list[Event]:
        """An invoice was written to the wrong one of two customers."""
        others = [each for each in self.customers if each is not customer]
        before = [len(each.events) for each in others]
        for other in others:
            customer.hand_over(pick, other)
        self.handed_over += sum(len(each.events) for each in others) - sum(before)
        return [event for each, seen in zip(others, before, strict=True) for event in each.events[seen:]]

    def _renamed(self, customer: SyncroAccount) -> Event:
        version, number = customer.customer["version"] + 1, customer.customer["id"]
        customer.customer = {**customer.customer, **self._named(number, version)}
        return "customer.updated", {**ENVELOPE, "version": version, "customer": customer.customer}

    def _lines(self) -> list[Sold]:
        """What somebody writes on an invoice."""
        draw, taxed = self.rng, self.rng.random() < 0.5
        lines = [
            Sold(
                draw.choice(_SOLD),
                draw.choice(_QUANTITIES),
                Decimal(draw.randrange(1, 20_000)) / 100,
                draw.choice(_DISCOUNTS),
                taxable=taxed and draw.random() < 0.8,
            )
            for _ in range(draw.choice([1, 1, 2, 3]))
        ]
        return [*lines, self._taken_off(lines)] if draw.random() < _TAKEN_OFF else lines

    def _taken_off(self, lines: Sequence[Sold]) -> Sold:
        """A line that takes something off others, all of it at most."""
        taxed = [each for each in lines if each.taxable]
        taxable = bool(taxed) and self.rng.random() < 0.5
        most = subtotal_of(taxed if taxable else lines)
        return Sold(None, Decimal(1), -cents(most * self.rng.choice(_PARTS)), taxable=taxable)

    def _product_changed(self) -> Event:
        invoices = [each for customer in self.customers for each in customer.live("invoice")]
        sold = [line.product for each in invoices for line in each.lines if line.product]
        product_id = self.rng.choice(sold or SERVICES)
        self.goods.change(product_id)
        told = self.goods.told(product_id)
        return "product.updated", {**ENVELOPE, "version": told["version"], "product": told}

    def _vendor_renamed(self, pick: int) -> Event:
        vendor_id = self.orders[pick % len(self.orders)].vendor if self.orders else VENDORS[0]
        self.vendors[vendor_id] += 1
        told = self._supplier(vendor_id)
        return "vendor.updated", {**ENVELOPE, "version": told["version"], "vendor": told}

    def _supplier(self, vendor_id: int) -> dict[str, Any]:
        return supplier(self.account, vendor_id, self.vendors[vendor_id])

    def names_of_vendor(self, vendor_id: int) -> list[str]:
        """What the vendor may be called: a change of its name alone travels with its next order."""
        told = max((each.vendor_version for each in self.orders if each.vendor == vendor_id), default=1)
        return [supplier_name(self.account, vendor_id, each) for each in range(told, self.vendors[vendor_id] + 1)]

    def _ordered(self) -> Event:
        shipping = Decimal(self.rng.choice(["0", "0", "17.5"]))
        order = Order(701 + len(self.orders), self._goods_ordered(), shipping, finished=self.rng.random() < 0.3)
        self.orders.append(order)
        return "purchase_order.created", self._order(order)

    def _goods_ordered(self) -> list[OrderLine]:
        draw = self.rng
        products = draw.sample(STOCKED, draw.choice([1, 1, 2]))
        return [OrderLine(each, draw.randrange(1, 20), Decimal(draw.randrange(1, 5_000)) / 100) for each in products]

    def _order_changed(self, pick: int) -> Iterator[Event]:
        open_orders = [order for order in self.orders if not order.finished]
        if open_orders:
            order = open_orders[pick % len(open_orders)]
            order.version += 1
            if self.rng.random() < 0.5:
                order.finished = True
            else:
                order.lines = self._goods_ordered()
            yield "purchase_order.updated", self._order(order)

    def _order(self, order: Order) -> dict[str, Any]:
        order.vendor_version = self.vendors[order.vendor]
        return order.told(self.goods, self._supplier(order.vendor))

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

    def _forced(self, customer: SyncroAccount) -> Iterator[Event]:
        live = customer.live("invoice")
        if live:
            self.forced += 1
            about = {"request_id": f"force-{self.forced}", "kind": "invoice", "id": self.rng.choice(live).id}
            yield "force_update.requested", {**ENVELOPE, **about}

    def _told(self, event: Event) -> Event:
        detail_type, detail = event
        return detail_type, {"event_id": f"event-{self.account}", **detail, "account_id": self.account}

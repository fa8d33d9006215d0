"""Syncro's side of a customer's account, small enough to be obviously right: what users do, and the events of it."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.support.events import customer, invoice_detail, line
from tests.support.payment_events import allocation, payment_detail, store_credit_detail

ZERO = Decimal(0)
Event = tuple[str, dict[str, Any]]


@dataclass
class Thing:
    """An invoice, a payment or a credit: its amount, what it is applied to, its version."""

    id: int
    kind: str
    amount: Decimal
    version: int = 0
    deleted: bool = False
    applied: dict[int, Decimal] = field(default_factory=dict)
    source: int | None = None


class SyncroAccount:
    """One customer. Every method does one thing a user does, if it is possible then, and notes the event."""

    def __init__(self, customer_id: int) -> None:
        self.customer = customer(customer_id, name=f"Customer {customer_id}")
        self.events: list[Event] = []
        self._things: dict[int, Thing] = {}
        self._next = customer_id * 1000

    # -- figures ---------------------------------------------------------------------------------------------------

    def live(self, kind: str) -> list[Thing]:
        """The invoices, payments, credits or uses that were not deleted."""
        return [thing for thing in self._things.values() if thing.kind == kind and not thing.deleted]

    def open_on(self, invoice: Thing) -> Decimal:
        paid = sum((thing.applied.get(invoice.id, ZERO) for thing in self._payers()), ZERO)
        return invoice.amount - paid

    def _payers(self) -> list[Thing]:
        return [*self.live("payment"), *self.live("use")]

    def left_of(self, source: Thing) -> Decimal:
        used = sum((sum(use.applied.values()) for use in self.live("use") if use.source == source.id), ZERO)
        return source.amount - sum(source.applied.values(), ZERO) - used

    def open_invoices(self) -> dict[str, Decimal]:
        """What each invoice is open by, by number."""
        return {f"10{invoice.id}": self.open_on(invoice) for invoice in self.live("invoice")}

    def balance(self) -> Decimal:
        """What the customer owes: invoices less money and credits."""
        owed = sum((invoice.amount for invoice in self.live("invoice")), ZERO)
        return owed - sum((each.amount for kind in ("payment", "credit") for each in self.live(kind)), ZERO)

    def taken_back(self) -> int:
        """How many things were deleted."""
        return sum(thing.deleted for thing in self._things.values())

    # -- what users do ---------------------------------------------------------------------------------------------

    def invoice(self, amount: Decimal) -> None:
        self._note(self._new("invoice", amount))

    def pay(self, pick: int, amount: Decimal) -> None:
        """Take money; it goes to open invoices from the `pick`th on, what is left stays with the customer."""
        payment = self._new("payment", amount)
        self._spread(payment, pick, amount)
        self._note(payment)

    def give_credit(self, amount: Decimal) -> None:
        self._note(self._new("credit", amount))

    def use_credit(self, pick: int, amount: Decimal) -> None:
        """Use what is left of a credit or a payment, as a payment by store credit that names its source."""
        sources = [each for each in [*self.live("credit"), *self.live("payment")] if self.left_of(each) > 0]
        if not sources or not self._with_room():
            return
        source = sources[pick % len(sources)]
        use = Thing(0, "use", min(amount, self.left_of(source)), source=source.id)
        self._spread(use, pick, use.amount)
        use.amount = sum(use.applied.values(), ZERO)
        if use.amount:
            use.id = self._new_id()
            self._things[use.id] = use
            self._note(use)

    def move_use(self, pick: int) -> None:
        """Have a use name another source that has enough left."""
        uses = self.live("use")
        if not uses:
            return
        use = uses[pick % len(uses)]
        sources = [*self.live("credit"), *self.live("payment")]
        others = [each for each in sources if each.id != use.source and self.left_of(each) >= use.amount]
        if others:
            use.source = others[pick % len(others)].id
            self._note(use)

    def change_credit(self, pick: int, amount: Decimal) -> None:
        """Change what a credit is worth, never below what is used of it."""
        credits = self.live("credit")
        if credits:
            credit = credits[pick % len(credits)]
            credit.amount = max(amount, credit.amount - self.left_of(credit))
            self._note(credit)

    def apply_rest(self, pick: int) -> None:
        """Apply what is left of a payment by editing it."""
        payments = [each for each in self.live("payment") if self.left_of(each) > 0]
        if payments:
            payment = payments[pick % len(payments)]
            self._spread(payment, pick, self.left_of(payment))
            self._note(payment)

    def reprice(self, pick: int, amount: Decimal) -> None:
        """Change an invoice's total; what is applied beyond it is taken off its payments again."""
        invoices = self.live("invoice")
        if not invoices:
            return
        invoice = invoices[pick % len(invoices)]
        invoice.amount = amount
        self._note(invoice)
        for payer in self._payers():
            over = -self.open_on(invoice)
            if over <= 0:
                break
            if payer.kind == "use":
                self._end(payer)
            elif payer.applied.get(invoice.id):
                payer.applied[invoice.id] -= min(over, payer.applied[invoice.id])
                self._note(payer)

    def delete(self, pick: int, *, uses: bool = True) -> None:
        """Delete something that nothing depends on: an unpaid invoice, an unused credit, a payment, or a use."""
        free = [
            *(each for each in self.live("invoice") if self.open_on(each) == each.amount),
            *(each for each in self.live("credit") if self.left_of(each) == each.amount),
            *(each for each in self.live("payment") if not any(use.source == each.id for use in self.live("use"))),
            *(self.live("use") if uses else ()),
        ]
        if free:
            self._end(free[pick % len(free)])

    # -- how it is told --------------------------------------------------------------------------------------------

    def _spread(self, payer: Thing, pick: int, amount: Decimal) -> None:
        invoices = self._with_room()
        turned = invoices[pick % len(invoices) :] + invoices[: pick % len(invoices)] if invoices else []
        for invoice in turned:
            part = min(amount, self.open_on(invoice))
            if part > 0:
                payer.applied[invoice.id] = payer.applied.get(invoice.id, ZERO) + part
                amount -= part

    def _with_room(self) -> list[Thing]:
        return [each for each in self.live("invoice") if self.open_on(each) > 0]

    def _new_id(self) -> int:
        self._next += 1
        return self._next

    def _new(self, kind: str, amount: Decimal) -> Thing:
        return Thing(self._new_id(), kind, amount)

    def _end(self, thing: Thing) -> None:
        thing.deleted = True
        self._note(thing)

    def _note(self, thing: Thing) -> None:
        self._things[thing.id] = thing
        thing.version += 1
        change = "deleted" if thing.deleted else "created" if thing.version == 1 else "updated"
        self.events.append(self._event(thing, change))

    def _event(self, thing: Thing, change: str) -> Event:
        amount, common = str(thing.amount), {"version": thing.version, "owner": self.customer}
        if thing.kind == "invoice":
            work = {**line(1, 3, price=amount), "taxable": False}
            return f"invoice.{change}", invoice_detail(
                thing.id, lines=[work], totals=(amount, "0.00", amount), **common
            )
        if thing.kind == "credit":
            return f"store_credit.{change}", store_credit_detail(thing.id, amount, **common)
        shares = [allocation(invoice, str(part), thing.source) for invoice, part in thing.applied.items() if part]
        method = "Store Credit" if thing.kind == "use" else "Check"
        return f"payment.{change}", payment_detail(thing.id, amount, shares, method=method, **common)

"""Syncro's side of a customer's account, small enough to be obviously right: what users do, and the events of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.support.events import customer, invoice_detail
from tests.support.goods import Goods, Sold, plain, subtotal_of, tax_of
from tests.support.payment_events import allocation, payment_detail, store_credit_detail

ZERO = Decimal(0)
Event = tuple[str, dict[str, Any]]


@dataclass
class Thing:
    """An invoice, a payment, a credit or a use of one: its amount, what it is applied to, its version.

    An invoice has lines, of which its amount follows, and is due so many days after its date. `owner_version` is the
    customer's that was told with its last change, `renumbered` how often its number or reference became another.
    `failed`: a payment of which Syncro says that no money came in after all.
    """

    id: int
    kind: str
    amount: Decimal
    version: int = 0
    deleted: bool = False
    applied: dict[int, Decimal] = field(default_factory=dict)
    source: int | None = None
    lines: tuple[Sold, ...] = ()
    due_in: int = 14
    owner_version: int = 1
    renumbered: int = 0
    failed: bool = False

    @property
    def day(self) -> date:
        """Its date, which nobody changes."""
        return date(2026, 11, 1 + self.id % 20)

    @property
    def due(self) -> date:
        """The day an invoice is to be paid by."""
        return self.day + timedelta(days=self.due_in)

    @property
    def number(self) -> str:
        """An invoice's number."""
        return f"10{self.id}{self._again}"

    @property
    def reference(self) -> str:
        """A payment's reference number."""
        return f"1{self.id}{self._again}"

    def says(self) -> tuple[object, ...]:
        """All that can change about it."""
        applied = tuple((invoice, part) for invoice, part in self.applied.items() if part)
        return self.deleted, self.failed, self.amount, applied, self.source, self.lines, self.due_in, self.renumbered

    @property
    def _again(self) -> str:
        return f"-{self.renumbered}" if self.renumbered else ""


class SyncroAccount:
    """One customer. Every method does one thing a user does, if it is possible then, and notes the event."""

    def __init__(self, customer_id: int, goods: Goods | None = None) -> None:
        self.customer = customer(customer_id, name=f"Customer {customer_id}")
        self.goods = goods or Goods()
        self.events: list[Event] = []
        self._things: dict[int, Thing] = {}
        self._said: dict[int, tuple[object, ...]] = {}
        self._next = customer_id * 1000
        self.fallen_short = 0
        """How many payments and uses paid invoices that fell below what they were paid."""

    # -- figures ---------------------------------------------------------------------------------------------------

    def live(self, kind: str) -> list[Thing]:
        """The invoices, payments, credits or uses that were not deleted and did not fail."""
        return [each for each in self._things.values() if each.kind == kind and not each.deleted and not each.failed]

    def failed(self) -> list[Thing]:
        """The payments that failed."""
        return [each for each in self._things.values() if each.failed and not each.deleted]

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
        return {invoice.number: self.open_on(invoice) for invoice in self.live("invoice")}

    def balance(self) -> Decimal:
        """What the customer owes: invoices less money and credits."""
        owed = sum((invoice.amount for invoice in self.live("invoice")), ZERO)
        return owed - sum((each.amount for kind in ("payment", "credit") for each in self.live(kind)), ZERO)

    def taken_back(self) -> int:
        """How many things were deleted or failed."""
        return sum(thing.deleted or thing.failed for thing in self._things.values())

    # -- what users do ---------------------------------------------------------------------------------------------

    def invoice(self, amount: Decimal) -> None:
        """Bill one untaxed line."""
        self.bill(plain(amount))

    def bill(self, lines: Sequence[Sold]) -> None:
        invoice = self._new("invoice", ZERO)
        self._write(invoice, lines)
        self._note(invoice)

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

    def correct_payment(self, pick: int, amount: Decimal) -> None:
        """Change what a payment came to, never below what its rest was used for, and its reference.

        What it no longer covers is taken off the invoices it went to last.
        """
        payments = self.live("payment")
        if payments:
            payment = payments[pick % len(payments)]
            used_later = payment.amount - sum(payment.applied.values(), ZERO) - self.left_of(payment)
            payment.amount = max(amount, used_later)
            payment.renumbered += 1
            for invoice, part in reversed(payment.applied.items()):
                payment.applied[invoice] = part - min(part, max(ZERO, -self.left_of(payment)))
            self._note(payment)

    def renumber(self, pick: int) -> None:
        """Give an invoice another number, which nothing else has."""
        invoices = self.live("invoice")
        if invoices:
            invoice = invoices[pick % len(invoices)]
            invoice.renumbered += 1
            self._note(invoice)

    def reprice(self, pick: int, amount: Decimal) -> None:
        """Leave one untaxed line on an invoice."""
        self.rewrite(pick, plain(amount))

    def rewrite(self, pick: int, lines: Sequence[Sold], due_in: int = 14) -> None:
        """Change an invoice's lines and when it is due.

        What is applied beyond its total is taken off its payments again.
        """
        invoices = self.live("invoice")
        if not invoices:
            return
        invoice = invoices[pick % len(invoices)]
        invoice.due_in = due_in
        self._write(invoice, lines)
        self._note(invoice)
        if self.open_on(invoice) < 0:
            self.fallen_short += sum(bool(payer.applied.get(invoice.id)) for payer in self._payers())
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

    def fail(self, pick: int) -> None:
        """A payment whose rest nothing uses turns out to be no money: a returned debit."""
        used = {use.source for use in self.live("use")}
        payments = [each for each in self.live("payment") if each.id not in used]
        if payments:
            payment = payments[pick % len(payments)]
            payment.failed = True
            self._note(payment)

    def hand_over(self, pick: int, other: "SyncroAccount") -> None:
        """Write an unpaid invoice to another customer; the event of it is the other's."""
        free = [each for each in self.live("invoice") if self.open_on(each) == each.amount]
        if free:
            invoice = free[pick % len(free)]
            del self._things[invoice.id], self._said[invoice.id]
            other._note(invoice)

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

    def _write(self, invoice: Thing, lines: Sequence[Sold]) -> None:
        invoice.lines = tuple(lines)
        invoice.amount = subtotal_of(lines) + tax_of(lines)

    def _end(self, thing: Thing) -> None:
        thing.deleted = True
        self._note(thing)

    def _note(self, thing: Thing) -> None:
        self._things[thing.id] = thing
        thing.version += 1
        if self._said.get(thing.id) != (says := thing.says()):  # it may be saved without a change
            self._said[thing.id], thing.owner_version = says, self.customer["version"]
        change = "deleted" if thing.deleted else "created" if thing.version == 1 else "updated"
        self.events.append(self._event(thing, change))

    def _event(self, thing: Thing, change: str) -> Event:
        if thing.kind == "invoice":
            return f"invoice.{change}", self._invoice_detail(thing)
        amount = str(thing.amount)
        common: dict[str, Any] = {"version": thing.version, "owner": self.customer}
        day = f"{thing.day}T00:00:00.000Z"
        if thing.kind == "credit":
            return f"store_credit.{change}", store_credit_detail(thing.id, amount, date=day, **common)
        shares = [allocation(invoice, str(part), thing.source) for invoice, part in thing.applied.items() if part]
        method = "Store Credit" if thing.kind == "use" else "Check"
        known: dict[str, Any] = {"applied_at": day, "ref_num": thing.reference, "method": method}
        known["success"] = not thing.failed
        return f"payment.{change}", payment_detail(thing.id, amount, shares, **known, **common)

    def _invoice_detail(self, invoice: Thing) -> dict[str, Any]:
        subtotal, tax = subtotal_of(invoice.lines), tax_of(invoice.lines)
        used = sorted({each.product for each in invoice.lines if each.product is not None})
        return invoice_detail(
            invoice.id,
            version=invoice.version,
            number=invoice.number,
            lines=[each.told(place) for place, each in enumerate(invoice.lines, start=1)],
            totals=(str(subtotal), str(tax), str(subtotal + tax)),
            owner=self.customer,
            products=[self.goods.told(each) for each in used],
            date=f"{invoice.day}T00:00:00.000Z",
            due_date=f"{invoice.due}T00:00:00.000Z",
        )

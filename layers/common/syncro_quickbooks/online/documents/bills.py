"""Bills: one of each finished purchase order, linked to it, and never over a payment or a person's hand."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial

from syncro_quickbooks import money
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online import explanations
from syncro_quickbooks.online.documents.buying import (
    changed_by_hand,
    is_unchanged,
    needs_of,
    order_key,
    supplied,
)
from syncro_quickbooks.online.documents.choices import choices_of, settings_for
from syncro_quickbooks.online.documents.numbers import NumberTaken
from syncro_quickbooks.online.documents.purchase_orders import NO_PURCHASE_ORDERS
from syncro_quickbooks.online.documents.rules import Candidate, Reaction
from syncro_quickbooks.online.documents.standing import Stand, standing_of
from syncro_quickbooks.online.lists import Ready
from syncro_quickbooks.online.mapping import bill as mapping
from syncro_quickbooks.online.mapping import bodies, expenses
from syncro_quickbooks.online.mapping.dates import closed_until
from syncro_quickbooks.online.mapping.purchase_order import Supplied
from syncro_quickbooks.online.read_budget import ReadPurpose
from syncro_quickbooks.online.work import Settled, Work
from syncro_quickbooks.sync import problems
from syncro_quickbooks.sync.model import Attention, Decision, Link, Nothing, Problem, RecordKey, Status, Wait, Write
from syncro_quickbooks.sync.records import View
from syncro_quickbooks.syncro.models import PurchaseOrder


class BillRules:
    """The rules of bills, for one run."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._numbers = NumberTaken(work)
        self._orders: Mapping[RecordKey, View] = {}

    def load(self, views: Sequence[View], /) -> None:
        """Their purchase orders."""
        self._orders = self._work.store.views([order_key(view.key) for view in views])

    def ended(self, view: View) -> bool:
        """Whether the purchase order was deleted in Syncro."""
        return view.record.deleted

    def consider(self, view: View) -> Candidate | Decision:
        """What speaks against the bill, and whether its purchase order is there to be linked to."""
        order = PurchaseOrder.model_validate(view.record.desired)
        current = view.state.object if view.state.linked else None
        settings = settings_for(view, self._work.settings)
        decided = mapping.precheck_bill(order, settings, self._work.company, current)
        if decided is None and current is None:
            decided = self._before_order(view, order)
        return decided or Candidate(view, needs_of(order), partial(self._map, view, order))

    def _before_order(self, view: View, order: PurchaseOrder) -> Wait | Attention | None:
        """The order must be there, unless QuickBooks has none at all."""
        source, who = self._orders[order_key(view.key)], mapping.subject(order)
        if self._on_its_own(view) or any(each.code == NO_PURCHASE_ORDERS for each in source.record.problems):
            return None
        standing = standing_of(source)
        if standing.stand is Stand.READY:
            return self._before_change(source, who)
        if standing.stand is Stand.NEVER:
            return Attention(mapping.without_order(who, standing.reason, source.key), follows=(source.key,))
        because = f": {standing.reason}" if standing.reason else "."
        return Wait(Problem("waiting_for_order", f"{who} waits for it to be in QuickBooks{because}"), on=(source.key,))

    def _before_change(self, source: View, who: str) -> Wait | None:
        """An order that is there but could not be changed lacks lines that the bill would be linked to."""
        if source.record.status is not Status.NEEDS_ATTENTION:
            return None
        reason = source.record.problems[0].message if source.record.problems else ""
        return Wait(
            Problem("waiting_for_order", f"{who} waits for its change in QuickBooks: {reason}"), on=(source.key,)
        )

    def _on_its_own(self, view: View) -> bool:
        """Whether somebody decided that it is made without a purchase order."""
        choice = view.record.chosen("create")
        return choice is not None and choice.code == mapping.WITHOUT_ORDER

    def _map(self, view: View, order: PurchaseOrder, ready: Mapping[RecordKey, Ready], marker: str) -> Decision:
        names = supplied(self._work, mapping.subject(order), order, ready)
        if isinstance(names, Attention):
            return names
        if not view.state.linked:
            return self._first(view, order, names, marker)
        source = self._orders[order_key(view.key)].state.object or {}
        write = self._mapped(view, order, names, marker, source, view.state.object)
        is_done = not isinstance(write, Write) or is_unchanged(view, write)
        return write if is_done else self._changed(view, order, names, marker, source)

    def _changed(self, view: View, order: PurchaseOrder, names: Supplied, marker: str, source: JsonObject) -> Decision:
        """A change of a bill that QuickBooks has: not if it was paid or edited there, which only a look tells."""
        now = self._work.client.read("Bill", view.state.qbo_id, ReadPurpose.USER)
        by_hand = changed_by_hand(self._work, view, now)
        if by_hand or now is None:
            return by_hand or Nothing()
        amount = mapping.paid(now)
        if amount:
            return Attention(mapping.paid_problem(mapping.subject(order), amount, self._work.company.home_currency))
        write = self._mapped(view, order, names, marker, source, now)
        if not isinstance(write, Write):
            return write
        closed = closed_until(self._work.settings, self._work.company)
        return expenses.closed_for_change(mapping.subject(order), write, now, closed, "VendorRef")

    def _mapped(  # noqa: PLR0917  passed on as they are
        self,
        view: View,
        order: PurchaseOrder,
        names: Supplied,
        marker: str,
        ordered: JsonObject,
        current: JsonObject | None,
    ) -> Write | Attention:
        settings, company = self._work.settings, self._work.company
        return mapping.map_bill(order, names, ordered, settings, company, marker, current, choices=choices_of(view))

    # -- the first time --------------------------------------------------------------------------------------------

    def _first(self, view: View, order: PurchaseOrder, names: Supplied, marker: str) -> Decision:
        """One look at the purchase order: somebody may have billed it in QuickBooks."""
        source, who = self._orders[order_key(view.key)], mapping.subject(order)
        ordered: JsonObject = {}
        if source.state.linked and not source.state.gone:
            now = self._work.client.read("PurchaseOrder", source.state.qbo_id, ReadPurpose.USER)
            if now is None and not self._on_its_own(view):
                return Attention(mapping.without_order(who, "it was deleted there.", source.key), follows=(source.key,))
            ordered = now or {}
        if mapping.billed(ordered) and not view.record.chosen("create"):
            found = self._adopted(view, order, names, marker, ordered)
            if found is not None:
                return found
        day, closed = (
            mapping.bill_day(order, self._work.settings),
            closed_until(self._work.settings, self._work.company),
        )
        if day and closed and day <= closed and not view.record.chosen("redate"):
            return Attention(problems.books_closed(who, day, closed))
        return self._mapped(view, order, names, marker, ordered, None)

    def _adopted(
        self, view: View, order: PurchaseOrder, names: Supplied, marker: str, ordered: JsonObject
    ) -> Link | Attention | None:
        """The bill that somebody has made of the order, if it is the same; None if there is none any more."""
        read = [self._work.client.read("Bill", each, ReadPurpose.USER) for each in mapping.billed(ordered)]
        bills = [each for each in read if each is not None]
        if not bills:
            return None
        found, who, currency = bills[0], mapping.subject(order), self._work.company.home_currency
        owner = self._work.store.owner("Bill", bodies.text(found, "Id"))
        total = bodies.amount(found, "TotalAmt") or Decimal(0)
        is_same = bodies.ref_value(found, "VendorRef") == names.vendor_id and total == mapping.bill_total(order)
        if len(bills) == 1 and is_same and owner in (None, view.key):
            write = self._mapped(view, order, names, marker, ordered, found)
            return Link("Bill", found, write.digest) if isinstance(write, Write) else write
        shown = f" (bill {bodies.text(found, 'DocNumber') or bodies.text(found, 'Id')}, {money.show(total, currency)})"
        ids = [bodies.text(each, "Id") for each in bills]
        ours = money.show(mapping.bill_total(order), currency)
        return Attention(mapping.billed_by_hand(who, ids, shown, ours))

    # -- endings ---------------------------------------------------------------------------------------------------

    def deletion(self, view: View, now: JsonObject | None) -> Decision:
        """Only a bill that is not paid, in an open month."""
        if now is None:
            return Nothing()
        who, currency = explanations.named(view.key, now), self._work.company.home_currency
        shown, amount = bodies.amount(now, "TotalAmt") or Decimal(0), mapping.paid(now)
        if amount:
            why = f"{money.show(amount, currency)} of it is already paid"
            return Attention(expenses.in_use(who, why, shown, currency))
        day, closed = bodies.day(now, "TxnDate"), closed_until(self._work.settings, self._work.company)
        if day and closed and day <= closed:
            return Attention(problems.books_closed(who, day, closed))
        return expenses.delete("Bill", now)

    def refused(self, answer: Settled, code: str, problem: Problem) -> Reaction | None:
        """A number that is taken: by us, or by whom."""
        return self._numbers.reaction(answer, code, problem)

    def applied(self, _answer: Settled, _warnings: Sequence[Problem], /) -> None:
        """Nothing special."""

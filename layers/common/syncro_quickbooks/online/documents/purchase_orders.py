"""Purchase orders: sent as they are, and once finished, by the setting, the origin of a bill."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online import explanations
from syncro_quickbooks.online.documents.buying import (
    bill_key,
    changed_by_hand,
    is_unchanged,
    needs_of,
    supplied,
)
from syncro_quickbooks.online.documents.choices import choices_of, settings_for
from syncro_quickbooks.online.documents.numbers import NumberTaken
from syncro_quickbooks.online.documents.rules import Candidate, Reaction
from syncro_quickbooks.online.lists import Ready
from syncro_quickbooks.online.mapping import bodies, expenses
from syncro_quickbooks.online.mapping.bill import billed
from syncro_quickbooks.online.mapping.purchase_order import (
    Supplied,
    is_finished,
    map_order,
    precheck_order,
    subject,
)
from syncro_quickbooks.online.read_budget import ReadPurpose
from syncro_quickbooks.online.work import Settled, Work
from syncro_quickbooks.sync import problems
from syncro_quickbooks.sync.accounts import Finding
from syncro_quickbooks.sync.model import (
    Attention,
    Decision,
    Nothing,
    Problem,
    RecordKey,
    Skip,
    Status,
    Wait,
    Write,
)
from syncro_quickbooks.sync.records import View
from syncro_quickbooks.syncro.models import PurchaseOrder

NO_PURCHASE_ORDERS = "no_purchase_orders"
_NOT_IN_PLAN = frozenset({"5020", "5030"})  # facts: QBO 1.6, 2.7


class PurchaseOrderRules:
    """The rules of purchase orders, for one run."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._numbers = NumberTaken(work)
        self._bills: Mapping[RecordKey, View] = {}

    def load(self, views: Sequence[View], /) -> None:
        """Their bills, if they have any yet."""
        self._bills = self._work.store.views([bill_key(view.key) for view in views])

    def ended(self, view: View) -> bool:
        """Whether it was deleted in Syncro."""
        return view.record.deleted

    def consider(self, view: View) -> Candidate | Decision:
        """What speaks against it before its vendor and items exist. Its bill is desired first, so that no death between
        the two can lose it; it waits for the order."""
        order = PurchaseOrder.model_validate(view.record.desired)
        settings = self._work.settings
        bill = self._bills[bill_key(view.key)]
        if bill.record.version or (is_finished(order) and settings.convert_finished_pos_to_bills):
            self._work.dependents.derive(view, bill.key, view.record.desired or {})
        current = view.state.object if view.state.linked else None
        decided = precheck_order(order, settings_for(view, settings), self._work.company, current)
        if decided is not None:
            return decided
        if Finding.NO_PURCHASE_ORDERS in self._work.findings and current is None:
            self._work.store.commit([self._work.store.revisit(view.key)])  # other settings end the finding
            return Skip(_not_in_plan(subject(order)))
        return Candidate(view, needs_of(order), partial(self._map, view, order))

    def _map(self, view: View, order: PurchaseOrder, ready: Mapping[RecordKey, Ready], marker: str) -> Decision:
        names = supplied(self._work, subject(order), order, ready)
        if isinstance(names, Attention):
            return names
        current = view.state.object if view.state.linked else None
        decision = self._mapped(view, order, names, marker, current)
        if not isinstance(decision, Write) or current is None or is_unchanged(view, decision):
            return decision
        if not self._may_be_billed(view, order):
            return decision
        # A bill closes the order, perhaps without a new SyncToken; a full update must not open it again.
        now = self._work.client.read("PurchaseOrder", view.state.qbo_id, ReadPurpose.USER)
        return changed_by_hand(self._work, view, now) or self._mapped(view, order, names, marker, now)

    def _mapped(
        self, view: View, order: PurchaseOrder, names: Supplied, marker: str, current: JsonObject | None
    ) -> Write | Attention:
        settings, company = self._work.settings, self._work.company
        return map_order(order, names, settings, company, marker, current, choices=choices_of(view))

    def _may_be_billed(self, view: View, order: PurchaseOrder) -> bool:
        bill = self._bills[bill_key(view.key)]
        return bill.state.linked or is_finished(order) or any(line.received_quantity for line in order.line_items)

    def deletion(self, view: View, now: JsonObject | None) -> Decision:
        """The bill goes first; an order that is billed otherwise stays."""
        bill = self._bills[bill_key(view.key)]
        if bill.record.version:
            self._work.dependents.derive(view, bill.key, view.record.desired or {}, deleted=True)
            if (bill.state.linked and not bill.state.gone) or bill.state.attempt is not None:
                return self._after_bill(view, bill)
        if now is None:
            return Nothing()
        if billed(now):
            who = explanations.named(view.key, now)
            shown = bodies.amount(now, "TotalAmt") or Decimal(0)
            currency = self._work.company.home_currency
            return Attention(expenses.in_use(who, "QuickBooks has a bill of it", shown, currency))
        return expenses.delete("PurchaseOrder", now)

    def _after_bill(self, view: View, bill: View) -> Wait | Attention:
        who = explanations.named(view.key, view.state.object or {})
        if bill.record.deleted and bill.record.status is Status.NEEDS_ATTENTION:
            problem = Problem(
                "bill_stays",
                f"{who} was deleted in Syncro, but its bill cannot be deleted in QuickBooks: "
                f"{bill.record.problems[0].message if bill.record.problems else ''}",
                "Settle what the bill needs; the purchase order then follows by itself.",
                actions=(problems.RETRY, problems.SKIP),
            )
            return Attention(problem, follows=(bill.key,))
        return Wait(Problem("waiting_for_bill", f"{who} is deleted once its bill is."), on=(bill.key,))

    def refused(self, answer: Settled, code: str, problem: Problem) -> Reaction | None:
        """A plan without purchase orders is found out once; a number that is taken is looked up."""
        if code in _NOT_IN_PLAN and not answer.view.state.linked:
            self._work.findings.note(Finding.NO_PURCHASE_ORDERS)
            order = PurchaseOrder.model_validate(answer.view.record.desired)
            return Skip(replace(_not_in_plan(subject(order)), verbatim=problem.verbatim))
        return self._numbers.reaction(answer, code, problem)

    def applied(self, _answer: Settled, _warnings: Sequence[Problem], /) -> None:
        """Nothing special."""


def _not_in_plan(who: str) -> Problem:
    return problems.skipped(
        NO_PURCHASE_ORDERS,
        f"{who} is not sent: this QuickBooks company's plan has no purchase orders, or the user who connected it may "
        "not make any. Bills are made without them.",
        "Upgrade to QuickBooks Online Plus, or give that user the right; then save the settings here once. Or turn "
        "Sync Purchase Orders off.",
        problems.settings_action("sync_purchase_orders"),
        problems.RETRY,
    )

"""Documents: decides about invoices, sees to what they refer to, has them sent, and settles the answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TypeVar

from syncro_quickbooks.clock import to_millis
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online import explanations
from syncro_quickbooks.online.client import Done
from syncro_quickbooks.online.company import TaxMode
from syncro_quickbooks.online.faults import ReadAllowanceExhausted, RequestRefused, Unavailable
from syncro_quickbooks.online.lists import Blocked, Lists, Ready, Standing
from syncro_quickbooks.online.mapping.bodies import ref_value
from syncro_quickbooks.online.mapping.deletion import map_deletion
from syncro_quickbooks.online.mapping.hand import foreign_change, is_voided, reflects
from syncro_quickbooks.online.mapping.invoice import Choices, References, map_invoice, needed_products, precheck_invoice
from syncro_quickbooks.online.mapping.prediction import compare_answer
from syncro_quickbooks.online.read_budget import ReadPurpose
from syncro_quickbooks.online.sending import Sender, backoff
from syncro_quickbooks.online.work import Planned, Settled, Work
from syncro_quickbooks.sync.catalogue import RetryClass, explain
from syncro_quickbooks.sync.model import (
    Attention,
    Decision,
    Kind,
    Nothing,
    Operation,
    Problem,
    RecordKey,
    Skip,
    Status,
    Totals,
    Wait,
    Write,
    marker,
)
from syncro_quickbooks.sync.records import RealmState, View, without_attempt
from syncro_quickbooks.sync.settings import AstPolicy
from syncro_quickbooks.sync.store import Changed, OwnerTaken, Verdict
from syncro_quickbooks.syncro.models import Customer, InvoiceSnapshot, Product

Decided = TypeVar("Decided")

INVOICE = "Invoice"
TAX_DIFFERS = "quickbooks_tax_differs"
FORECAST = "predicted_"
"""Codes of warnings that only foretell what QuickBooks will compute; its answer replaces them."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An invoice that may be sent once its customer and products are known."""

    view: View
    snapshot: InvoiceSnapshot
    products: Mapping[int, Product]
    needed: frozenset[int]

    @property
    def customer(self) -> RecordKey:
        return _customer_key(self.snapshot.invoice.customer_id)

    @property
    def needs(self) -> list[RecordKey]:
        return [self.customer, *map(_product_key, sorted(self.needed))]


class Documents:
    """The invoices of one run."""

    def __init__(self, work: Work, lists: Lists) -> None:
        self._work = work
        self._lists = lists
        self._override_ignored = work.override_ignored

    def process(self, keys: Sequence[RecordKey], sender: Sender) -> None:
        """Bring each record as far as it can go now: sent, skipped, waiting, or put off."""
        planned: list[Planned] = []
        open_views: list[View] = []
        for view in self._work.store.views(keys).values():
            self._work.keep_going()
            if view.state.attempt is not None:
                continue  # its outcome is not known; the dispatch brings it to an end first
            if view.record.deleted and not view.state.doubt:
                self._deleted(view, planned)
            elif self._may_be_sent(view):
                open_views.append(view)
        candidates = self._candidates(open_views)
        standings = self._lists.ensure({key for c in candidates for key in c.needs}, sender)
        for candidate in candidates:
            self._plan(candidate, standings, planned)
        sender.send(planned)

    # -- planning --------------------------------------------------------------------------------------------------

    def _may_be_sent(self, view: View) -> bool:
        """Whether there is anything to map; if not, the reason is noted."""
        if view.record.desired is None:
            self._conclude(view, Attention(explanations.snapshot_too_large(view.key)))
        elif view.state.doubt:
            self._conclude(view, Attention(explanations.still_doubtful(view)))
        elif view.state.gone:
            self._conclude(view, Attention(explanations.voided_by_us(view)))
        elif self._work.moved and not view.state.linked and self._work.store.posted_elsewhere(view.key):
            self._conclude(view, Attention(explanations.posted_elsewhere(view.key)))
        else:
            return True
        return False

    def _candidates(self, views: Sequence[View]) -> list[_Candidate]:
        """The invoices of `views` that nothing speaks against before their customers and items exist."""
        snapshots = [(view, InvoiceSnapshot.model_validate(view.record.desired)) for view in views]
        known = self._mentioned([snapshot for _, snapshot in snapshots])
        products = {
            int(key.id): Product.model_validate(desired)
            for key, desired in known.items()
            if desired is not None and key.kind is Kind.PRODUCT
        }
        candidates: list[_Candidate] = []
        for view, snapshot in snapshots:
            self._work.keep_going()
            customer = known[_customer_key(snapshot.invoice.customer_id)]
            decided = self._guarded(view, partial(self._precheck, view, snapshot, customer))
            if decided is None:
                needed = needed_products(snapshot.invoice, products, self._work.settings)
                candidates.append(_Candidate(view, snapshot, products, needed))
            else:
                self._conclude(view, decided)
        return candidates

    def _mentioned(self, snapshots: Sequence[InvoiceSnapshot]) -> dict[RecordKey, JsonObject | None]:
        """What is desired of the customers and products that the invoices name."""
        invoices = [snapshot.invoice for snapshot in snapshots]
        product_ids = {line.product_id for invoice in invoices for line in invoice.line_items}
        keys = {_product_key(product) for product in product_ids if product is not None}
        keys |= {_customer_key(invoice.customer_id) for invoice in invoices}
        return {key: view.record.desired for key, view in self._work.store.views(sorted(keys)).items()}

    def _precheck(
        self, view: View, snapshot: InvoiceSnapshot, customer: JsonObject | None
    ) -> Skip | Attention | Wait | None:
        posted = view.state.object if view.state.linked else None
        settings, company = self._work.settings, self._work.company
        owner = Customer.model_validate(customer) if customer else None
        decided = precheck_invoice(snapshot, settings, company, posted, customer=owner, choices=_choices(view))
        if decided is None and self._override_ignored and snapshot.invoice.tax:
            return Attention(explanations.override_ignored(view.key))
        return decided

    def _guarded(self, view: View, decide: Callable[[], Decided]) -> Decided | Attention:
        """A defect of ours that one record meets is that record's problem: it must not stop the others."""
        try:
            return decide()
        except Exception as error:
            self._work.log.exception("mapping failed", extra={"record": str(view.key)})
            return Attention(explanations.defect(view.key, error))

    def _plan(self, candidate: _Candidate, standings: Mapping[RecordKey, Standing], planned: list[Planned]) -> None:
        view = candidate.view
        ready: dict[RecordKey, Ready] = {}
        for key in candidate.needs:
            standing = standings[key]
            if isinstance(standing, Blocked):
                self._blocked(view, standing)
                return
            ready[key] = standing
        generation = _generation(view.state)
        decision = self._guarded(view, partial(self._map, candidate, ready, generation))
        self._decided(view, decision, generation, planned)

    def _map(self, candidate: _Candidate, ready: Mapping[RecordKey, Ready], generation: int) -> Decision:
        view, customer = candidate.view, ready[candidate.customer]
        return map_invoice(
            candidate.snapshot,
            candidate.products,
            Customer.model_validate(customer.view.record.desired),
            self._work.settings,
            self._work.company,
            References(
                customer.qbo_id,
                {product: ready[_product_key(product)].qbo_id for product in candidate.needed},
                ref_value(customer.view.state.object or {}, "CurrencyRef") or None,
            ),
            marker(view.key, generation),
            view.state.object if view.state.linked else None,
            choices=_choices(view),
            applied_digest=view.state.applied_digest,
        )

    def _deleted(self, view: View, planned: list[Planned]) -> None:
        """Deleted in Syncro: the document is read afresh, for a payment does not show in what we last wrote."""
        if not view.state.linked or view.state.gone:
            self._conclude(view, Nothing())
            return
        try:
            now = self._work.client.read(INVOICE, view.state.qbo_id, ReadPurpose.USER)
        except (Unavailable, RequestRefused, ReadAllowanceExhausted) as error:
            self._put_off(view, explanations.not_read(view.key, error))
            return
        if now is None or is_voided(now):
            gone = replace(view.state, gone=True, object=now or view.state.object)
            self._work.store.settle(view, gone, view.record.stamp, Verdict(Status.SYNCED))
            return
        differences = foreign_change(view.state.object or {}, now)
        if differences:
            self._conclude(view, Attention(explanations.edited_and_deleted(view, differences)))
            return
        decision = map_deletion(view.key, now, self._work.settings, self._work.company)
        self._decided(view, decision, view.state.generation, planned)

    def _decided(self, view: View, decision: Decision, generation: int, planned: list[Planned]) -> None:
        if not isinstance(decision, Write):
            self._conclude(view, decision)
        elif decision.digest == view.state.applied_digest and _force(view.state.applied_stamp) == view.record.force:
            self._conclude(view, Nothing(_warnings(decision.warnings, decision.expected, view.state.object or {})))
        else:
            planned.append(Planned(view, decision, generation))

    def _conclude(self, view: View, decision: Skip | Attention | Wait | Nothing) -> None:
        if isinstance(decision, Wait) and decision.on is not None:
            self._put_off(view, decision.problem)  # nothing would wake it once that record is ready, so look again
            return
        if isinstance(decision, Nothing):
            verdict = _done(decision.warnings)
        elif isinstance(decision, Skip):
            verdict = Verdict(Status.SKIPPED, (decision.problem,))
        elif isinstance(decision, Wait):
            verdict = Verdict(Status.WAITING, (decision.problem,))
        else:
            verdict = Verdict(Status.NEEDS_ATTENTION, (decision.problem,))
        try:
            self._work.store.conclude(view, verdict, revisit=verdict.status is Status.NEEDS_ATTENTION)
        except Changed:
            return  # a newer version has come; its own outbox entry stands

    def _blocked(self, view: View, standing: Blocked) -> None:
        try:
            if standing.until is None:
                self._work.store.wait(view, standing.view, standing.problem)
            else:
                until = max(standing.until, self._work.clock.now() + backoff(view.record.tries + 1))
                self._work.store.postpone(view, to_millis(until), standing.problem)
        except Changed:
            return  # one of the two moved on; the next pass sees how

    def _put_off(self, view: View, problem: Problem) -> None:
        """Try the record again after its back-off."""
        due = self._work.clock.now() + max(backoff(view.record.tries + 1), timedelta(seconds=1))
        try:
            self._work.store.postpone(view, to_millis(due), problem)
        except Changed:
            return

    # -- settling --------------------------------------------------------------------------------------------------

    def settle(self, answers: Sequence[Settled]) -> None:
        """Settle QuickBooks' definite answers about invoices."""
        for answer in answers:
            try:
                self._settle(answer)
            except Changed:
                continue  # settled before, by whoever held the lease then
            except OwnerTaken as taken:
                problem = explanations.taken_by_another(answer.view.key, answer.member.body, taken.owner)
                self._attention(answer, answer.view.state, problem)

    def _settle(self, answer: Settled) -> None:
        if isinstance(answer.outcome, Done):
            self._applied(answer, answer.outcome.object)
            return
        fault = answer.outcome.faults[0]
        what = f"{INVOICE} {answer.member.body.get('DocNumber', answer.view.key.id)} ({answer.view.key})"
        retry_class, problem = explain(fault.code, fault.message, fault.detail, what)
        if answer.member.operation is not Operation.CREATE and retry_class in (RetryClass.STALE, RetryClass.GONE):
            self._compare_with_now(answer, problem)
        else:
            self._attention(answer, answer.view.state, problem)

    def _applied(self, answer: Settled, stored: JsonObject) -> None:
        member = answer.member
        voided = member.operation in (Operation.VOID, Operation.DELETE)
        warnings = member.warnings if voided else _warnings(member.warnings, member.expected, stored)
        if self._is_override_ignored(warnings):
            self._override_ignored = True
            self._work.note_override_ignored()
        self._work.store.settle(answer.view, applied_state(answer, stored, gone=voided), member.stamp, _done(warnings))

    def _is_override_ignored(self, warnings: Sequence[Problem]) -> bool:
        overriding = self._work.settings.ast_policy is AstPolicy.OVERRIDE
        automated = self._work.company.tax_mode is TaxMode.US_AUTOMATED
        return automated and overriding and any(warning.code == TAX_DIFFERS for warning in warnings)

    def _compare_with_now(self, answer: Settled, problem: Problem) -> None:
        """Something changed the document; only a person's change of money, lines or status is asked about."""
        member, view = answer.member, answer.view
        now = self._work.client.read(INVOICE, view.state.qbo_id, ReadPurpose.RECOVERY)
        if now is None or (is_voided(now) and member.operation is not Operation.VOID):
            if member.operation is Operation.VOID:
                self._applied(answer, view.state.object or {})
            else:
                self._attention(answer, view.state, explanations.gone_by_hand(view, now))
            return
        if is_voided(now) if member.operation is Operation.VOID else reflects(now, member.body):
            self._applied(answer, now)  # our own earlier request, whose answer was lost
            return
        differences = foreign_change(view.state.object or {}, now)
        if differences:
            self._attention(answer, view.state, explanations.edited_by_hand(view, differences))
        elif str(now.get("SyncToken")) != view.state.sync_token:
            fresh = replace(view.state, sync_token=str(now.get("SyncToken")), object=now)
            self._work.store.release(view, without_attempt(fresh))
        else:
            self._attention(answer, view.state, problem)

    def _attention(self, answer: Settled, state: RealmState, problem: Problem) -> None:
        verdict, revisit = Verdict(Status.NEEDS_ATTENTION, (problem,)), explanations.settings_may_help(problem)
        self._work.store.settle(answer.view, without_attempt(state), answer.member.stamp, verdict, revisit=revisit)


def applied_state(answer: Settled, stored: JsonObject, *, gone: bool = False) -> RealmState:
    """The record's state after QuickBooks carried a member out and answered with `stored`."""
    member = answer.member
    return replace(
        without_attempt(answer.view.state),
        entity=member.entity,
        qbo_id=str(stored.get("Id") or answer.view.state.qbo_id),
        sync_token=str(stored.get("SyncToken") or answer.view.state.sync_token),
        generation=member.generation,
        applied_stamp=member.stamp,
        applied_digest=member.digest,
        object=stored,
        gone=gone,
        doubt="",
    )


def _warnings(warnings: Sequence[Problem], expected: Totals | None, posted: JsonObject) -> tuple[Problem, ...]:
    """What to warn of once QuickBooks' own figures are known: they replace what was foretold of them."""
    kept = tuple(warning for warning in warnings if not warning.code.startswith(FORECAST))
    return kept if expected is None else kept + compare_answer(expected, posted)


def _choices(view: View) -> Choices:
    return Choices(force_update=view.record.force != _force(view.state.applied_stamp))


def _customer_key(customer: int) -> RecordKey:
    return RecordKey(Kind.CUSTOMER, str(customer))


def _product_key(product: int) -> RecordKey:
    return RecordKey(Kind.PRODUCT, str(product))


def _generation(state: RealmState) -> int:
    """The generation in the marker: that of the linked document, else a new one for the create to come."""
    return state.generation if state.linked else state.generation + 1


def _force(stamp: str) -> str:
    return stamp.partition(":")[2]


def _done(warnings: tuple[Problem, ...]) -> Verdict:
    return Verdict(Status.SYNCED_WITH_WARNING if warnings else Status.SYNCED, warnings)

"""Goes through the outbox layer by layer and brings each record as far as it can go now."""

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeAlias

from syncro_quickbooks.clock import to_millis
from syncro_quickbooks.desktop import explanations
from syncro_quickbooks.desktop.planning.choosing import Choosing
from syncro_quickbooks.desktop.planning.concluding import Conclusions
from syncro_quickbooks.desktop.planning.credits import CreditRules
from syncro_quickbooks.desktop.planning.customers import Customers
from syncro_quickbooks.desktop.planning.invoices import InvoiceRules
from syncro_quickbooks.desktop.planning.payments import PaymentRules
from syncro_quickbooks.desktop.sets import Batch
from syncro_quickbooks.desktop.work import OutOfTime, Work
from syncro_quickbooks.sync.attempts import Planned, next_generation
from syncro_quickbooks.sync.model import DEFECTS, Attention, Decision, Kind, RecordKey, Skip, Status, Write
from syncro_quickbooks.sync.records import LAYERS, View
from syncro_quickbooks.sync.store import Changed

_CONCLUDED = (Status.SYNCED, Status.SYNCED_WITH_WARNING, Status.SKIPPED, Status.NEEDS_ATTENTION)
_CHUNK = 25
_PASSES = 6

Considered: TypeAlias = "Decision | Planned | None"
"""None: it is to be looked up in QuickBooks first, or was put off, or has moved on."""


class Rules(Protocol):
    """The rules of one kind of record, for one call."""

    def load(self, views: Sequence[View]) -> None:
        """Read from the table what deciding about `views` needs, in few calls."""
        ...

    def consider(self, view: View, batch: Batch) -> Considered:
        """What is to be done about a record that Syncro has. May put its customer into `batch`."""
        ...

    def deletion(self, view: View, batch: Batch) -> Considered:
        """What follows from its deletion in Syncro."""
        ...


class Planner:
    """Plans one set."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._conclusions = Conclusions(work)
        self._choosing = Choosing(work)
        customers = Customers(work)
        self._rules: dict[Kind, Rules] = {
            Kind.CUSTOMER: customers,
            Kind.INVOICE: InvoiceRules(work, customers),
            Kind.PAYMENT: PaymentRules(work, customers),
            Kind.STORE_CREDIT: CreditRules(work, customers),
        }

    def plan(self, most: int) -> Batch:
        """The next set, of at most `most` members; empty when there is nothing to send now.

        Raises OutOfTime if nothing was found yet and there is more to decide about.
        """
        batch = Batch(most)
        try:
            for _ in range(_PASSES):
                acted = self._pass(batch)
                if batch.planned or not acted:
                    break
        except OutOfTime:
            if not batch.planned:
                raise
        return batch

    def _pass(self, batch: Batch) -> bool:
        """Go through the outbox once. Returns whether anything was done that may have made more due."""
        acted = False
        for layer in LAYERS:
            for chunk in _chunks(self._due(layer)):
                acted = self._process(chunk, batch) or acted
                if batch.full:
                    return True
        return acted

    def _due(self, layer: int) -> Iterator[RecordKey]:
        now = to_millis(self._work.clock.now())
        reads = self._work.memory.table("reads")
        for entry in self._work.store.outbox(layer):
            if entry.due <= now and str(entry.key) not in reads:
                yield entry.key

    def _process(self, keys: Sequence[RecordKey], batch: Batch) -> bool:
        views = [view for view in self._work.store.views(keys).values() if view.state.attempt is None]
        for kind, rules in self._rules.items():
            of_kind = [view for view in views if view.key.kind is kind and view.record.desired is not None]
            if of_kind:
                rules.load(of_kind)
        acted = False
        for view in views:
            if batch.full:
                break
            if view.key not in batch.planned:
                acted = self._one(view, batch) or acted
            self._work.keep_going()  # after it, so that every call gets on
        return acted

    def _one(self, view: View, batch: Batch) -> bool:
        """A defect of ours that one record meets is that record's problem: it must not stop the others."""
        try:
            chosen = self._as_chosen(view)
            if not isinstance(chosen, View):
                return self._decided(view, chosen, batch)
            view = chosen
            return self._decided(view, self._consider(view, batch), batch)
        except Changed:
            return False  # a newer version has come; its own outbox entry stands
        except DEFECTS as error:
            self._work.log.exception("planning failed", extra={"record": str(view.key)})
            return self._decided(view, Attention(explanations.defect(view, error)), batch)

    def _as_chosen(self, view: View) -> "View | Considered":
        """The record as people want it planned, or what their choice decides by itself."""
        is_open = view.record.status not in _CONCLUDED
        return self._choosing.honour(view) if is_open and (view.record.choices or view.state.kept) else view

    def _consider(self, view: View, batch: Batch) -> Considered:  # noqa: PLR0911  one return a reason
        rules = self._rules.get(view.key.kind)
        if view.record.status in _CONCLUDED:
            self._conclusions.tell_waiters(view)
            return None
        if rules is None:
            return Skip(explanations.not_on_desktop(view))
        if view.record.desired is None:
            return Attention(explanations.snapshot_too_large(view))
        if view.state.doubt:
            return Attention(explanations.doubtful(view))
        if view.record.deleted or view.record.chosen("void"):
            return rules.deletion(view, batch)
        if view.state.gone:
            return Attention(explanations.voided_by_us(view))
        anyway = view.record.chosen("push_anyway")
        if self._work.moved and not view.state.linked and not anyway and self._work.store.posted_elsewhere(view.key):
            return Attention(explanations.posted_elsewhere(view))
        return rules.consider(view, batch)

    def _decided(self, view: View, decision: Considered, batch: Batch) -> bool:
        if decision is None:
            return False
        if isinstance(decision, Planned):
            batch.add(decision)
            return False
        if isinstance(decision, Write):
            self._conclusions.follow(view, decision.follows)
            batch.add(Planned(view, decision, next_generation(view.state)))
            return False
        self._conclusions.conclude(view, decision)
        return True


def _chunks(keys: Iterator[RecordKey]) -> Iterator[list[RecordKey]]:
    chunk: list[RecordKey] = []
    for key in keys:
        chunk.append(key)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk

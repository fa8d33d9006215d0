"""One run over one account's outbox: what is unresolved first, then layer by layer what is due."""

from collections.abc import Callable
from datetime import timedelta

from syncro_quickbooks.clock import to_millis
from syncro_quickbooks.online.documents.bills import BillRules
from syncro_quickbooks.online.documents.customer_purchases import CustomerPurchaseRules
from syncro_quickbooks.online.documents.invoices import InvoiceRules
from syncro_quickbooks.online.documents.payments import PaymentRules
from syncro_quickbooks.online.documents.planning import Documents
from syncro_quickbooks.online.documents.purchase_orders import PurchaseOrderRules
from syncro_quickbooks.online.documents.reversals import ReversalRules, ReversalUseRules
from syncro_quickbooks.online.documents.rules import Rules
from syncro_quickbooks.online.documents.settling import ENTITIES, DocumentSettler
from syncro_quickbooks.online.documents.store_credits import StoreCreditRules, WriteOffRules
from syncro_quickbooks.online.faults import Unavailable
from syncro_quickbooks.online.frozen import MAX_MEMBERS, TAX_SERVICE
from syncro_quickbooks.online.list_jobs import ListJobs
from syncro_quickbooks.online.list_kinds import ENTITY_OF
from syncro_quickbooks.online.list_settling import ListSettler
from syncro_quickbooks.online.lists import Lists
from syncro_quickbooks.online.rate import Breaker
from syncro_quickbooks.online.sending import Sender
from syncro_quickbooks.online.tax_codes import TaxCodes
from syncro_quickbooks.online.work import PostingStopped, Settler, Work
from syncro_quickbooks.sync.accounts import Accounts, Edition
from syncro_quickbooks.sync.jobs import Jobs
from syncro_quickbooks.sync.lease import Lease, Leases
from syncro_quickbooks.sync.model import Kind, RecordKey
from syncro_quickbooks.sync.records import LAYERS, OutboxEntry

_PASSES = 6
_BREATHER = timedelta(seconds=10)
_LIST_LAYER = 1


class Drain:
    """Drains one outbox. `breaker` is kept up to date while it does, `seen` counts the records it looked at.

    `begin` is called before anything can be decided.
    `waiting_since` is when the oldest record that the last pass left began to wait (ms); None before the first pass.
    """

    def __init__(
        self,
        work: Work,
        accounts: Accounts,
        leases: Leases,
        lease: Lease,
        breaker: Breaker,
        *,
        jobs: Jobs,
        begin: Callable[[], None],
    ) -> None:
        self._work = work
        self._accounts = accounts
        self._leases = leases
        self._lease = lease
        self._begin = begin
        self.breaker = breaker
        self.seen = 0
        self.waiting_since: int | None = None
        self._jobs = ListJobs(work, jobs)
        codes = TaxCodes(work)
        list_settler = ListSettler(work, codes)
        self._lists = Lists(work, list_settler, codes, wanted=self._jobs.handed_over, absent=self._jobs.absent)
        rules: dict[Kind, Rules] = {
            Kind.INVOICE: InvoiceRules(work),
            Kind.PAYMENT: PaymentRules(work),
            Kind.STORE_CREDIT: StoreCreditRules(work),
            Kind.WRITE_OFF: WriteOffRules(work),
            Kind.REVERSAL: ReversalRules(work),
            Kind.REVERSAL_USE: ReversalUseRules(work),
            Kind.PURCHASE_ORDER: PurchaseOrderRules(work),
            Kind.BILL: BillRules(work),
            Kind.CUSTOMER_PURCHASE: CustomerPurchaseRules(work),
        }
        self._documents = Documents(work, self._lists, rules)
        settlers: dict[str, Settler] = dict.fromkeys(ENTITIES, DocumentSettler(work, rules))
        settlers.update(dict.fromkeys((*ENTITY_OF.values(), TAX_SERVICE), list_settler))
        self._sender = Sender(work, settlers, self._before_send, self._note_health)

    def run(self) -> int | None:
        """Bring everything as far as it goes. Returns when to look again (ms); None when time alone changes nothing.

        Raises what ends a run early: OutOfTime, PostingStopped, LeaseLost and the client's errors.
        """
        try:
            return self._all()
        finally:
            self._sender.finish()  # whatever ends the run: what was sent may well have been done

    def _all(self) -> int | None:
        self._jobs.begin()
        next_due = self._live()
        while self._jobs.advance(MAX_MEMBERS):
            next_due = self._passes()
        return min([due for due in (next_due, self._jobs.due) if due is not None], default=None)

    def _live(self) -> int | None:
        """Everything but one-time jobs. Returns when to look again (ms)."""
        dispatches = self._work.store.dispatches()
        if dispatches:
            self._begin()
        failing = [dispatch for dispatch in dispatches if dispatch.failing]
        for dispatch in failing:
            self._sender.set_aside(dispatch)
        for dispatch in dispatches:
            if not dispatch.failing:
                self._sender.recover(dispatch)
        next_due = self._passes()
        if failing:
            # Last, for what QuickBooks fails at must not use up the one attempt that an open breaker allows.
            for dispatch in failing:
                self._sender.recover(dispatch)
            next_due = self._passes()
        return next_due

    def _passes(self) -> int | None:
        """Go through the outbox as long as something is due. Returns when to look again (ms)."""
        for _ in range(_PASSES):
            next_due = self._one_pass()
            if next_due is None or next_due > to_millis(self._work.clock.now()):
                return next_due
        # Something is due again and again: it goes on in a new run, but never in a hot loop.
        return to_millis(self._work.clock.now() + _BREATHER)

    def _one_pass(self) -> int | None:
        """Go through the outbox once. Returns when the first of what is left is due (ms)."""
        later: list[OutboxEntry] = []
        unresolved: list[OutboxEntry] = []
        self._work.dependents.stirred()
        for layer in LAYERS:
            chunk: list[RecordKey] = []
            asked: list[RecordKey] = []
            for entry in self._work.store.outbox(layer):
                if entry.key in self._sender.unresolved:
                    unresolved.append(entry)
                    continue
                if entry.due > to_millis(self._work.clock.now()):
                    later.append(entry)
                    continue
                chunk.append(entry.key)
                if len(chunk) == MAX_MEMBERS:
                    self._process(layer, chunk)
                    asked += chunk
                    chunk = []
            self._process(layer, chunk)
            later += self._left([*asked, *chunk])
        self.waiting_since = min((entry.since for entry in (*later, *unresolved)), default=None)
        dues = [entry.due for entry in later]
        if self._work.dependents.stirred():
            dues.append(to_millis(self._work.clock.now()))  # perhaps in a layer that was read before
        dues += [to_millis(due) for due in self._sender.unresolved.values()]
        return min(dues, default=None)

    def _process(self, layer: int, chunk: list[RecordKey]) -> None:
        """Work on some entries; what was sent for them may still be under way."""
        if not chunk:
            return
        self._work.keep_going()
        self._leases.renew(self._lease)
        if not self.seen:
            self._heed_stop()  # or each look of a stopped account would cost the metered reads that lead up to a write
            self._begin()
        self.seen += len(chunk)
        if layer == _LIST_LAYER:
            self._lists.process(chunk, self._sender)
        else:
            self._documents.process(chunk, self._sender)

    def _left(self, asked: list[RecordKey]) -> list[OutboxEntry]:
        """What is left of the entries that were worked on, once nothing of theirs is under way."""
        self._sender.finish()
        if not asked:
            return []
        entries = self._work.store.entries([*asked, *self._lists.added])
        return [entry for entry in entries if entry.key not in self._sender.unresolved]

    def _before_send(self) -> None:
        self._leases.renew(self._lease)
        self._heed_stop()

    def _heed_stop(self) -> None:
        reason = self._accounts.posting_stopped(self._work.account_id, Edition.ONLINE)
        if reason is not None:
            raise PostingStopped(reason)

    def _note_health(self, there: bool) -> None:
        now = self._work.clock.now()
        self.breaker = self.breaker.succeeded() if there else self.breaker.failed(now)
        if not self.breaker.allows(now):
            raise Unavailable("breaker_open", explanation="several calls in a row had no usable answer")

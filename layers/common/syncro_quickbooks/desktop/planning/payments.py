"""Payments: what they pay, by what method, and what follows when they are taken back."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from syncro_quickbooks import money
from syncro_quickbooks.desktop import explanations
from syncro_quickbooks.desktop.mapping.bodies import customer_of, total_of
from syncro_quickbooks.desktop.mapping.invoice import Posting
from syncro_quickbooks.desktop.mapping.payment import (
    Target,
    applies_otherwise,
    left_unapplied,
    map_payment,
    map_removal,
    method_problem,
    over_allocated,
    skip_reason,
)
from syncro_quickbooks.desktop.planning.applying import Applying, is_about_to_change
from syncro_quickbooks.desktop.planning.customers import Customers, Ready, customer_key, unready
from syncro_quickbooks.desktop.qbxml.reading import amount, text
from syncro_quickbooks.desktop.sets import Batch, macro_of
from syncro_quickbooks.desktop.work import CREDIT_APPLICATION, Work
from syncro_quickbooks.sync.attempts import Planned, is_forced, next_generation
from syncro_quickbooks.sync.model import (
    Attention,
    Decision,
    Kind,
    Nothing,
    RecordKey,
    Skip,
    Status,
    Wait,
    Write,
    marker,
)
from syncro_quickbooks.sync.records import View
from syncro_quickbooks.sync.settings import MethodKind
from syncro_quickbooks.syncro.models import Payment

_NEVER_COMES = (Status.SKIPPED, Status.SYNCED, Status.SYNCED_WITH_WARNING)


class PaymentRules:
    """The rules of payments, for one call."""

    def __init__(self, work: Work, customers: Customers) -> None:
        self._work = work
        self._customers = customers
        self._credits = Applying(work, customers)
        self._invoices: Mapping[RecordKey, View] = {}

    def load(self, views: Sequence[View]) -> None:
        """The organizations they are of, and the invoices they pay."""
        payments = [_payment(view) for view in views]
        self._customers.read([customer_key(payment.customer_id) for payment in payments])
        keys = {invoice_key(each.invoice_id) for payment in payments for each in payment.allocations}
        self._invoices = self._work.store.views(sorted(keys))

    def consider(self, view: View, batch: Batch) -> Decision | Planned | None:  # noqa: PLR0911  one return a reason
        """The write that makes QuickBooks say what Syncro says, or why there is none."""
        payment = _payment(view)
        posted = view.state.object if view.state.linked else None
        if posted is not None and not payment.success:
            return self.deletion(view, batch)
        reason = skip_reason(payment, self._work.settings)
        if reason is not None and posted is not None and reason.code != "payments_off":
            return Attention(explanations.still_posted(view, reason, total_of(posted)))
        if reason is not None:
            return Skip(reason)
        method = self._work.settings.payment_method(payment.payment_method)
        if method is None:
            return Attention(method_problem(payment))
        wrong = over_allocated(payment)
        if wrong is not None:
            return Attention(wrong)
        if method.kind is MethodKind.MONEY and view.record.chosen("post_unapplied"):
            payment = self._of_posted(payment)
        targets = self._targets(view, payment, batch)
        if not isinstance(targets, dict):
            return targets
        if method.kind is MethodKind.STORE_CREDIT:
            return self._credits.apply(view, payment, targets, batch)
        if view.state.linked and not view.state.sync_token:
            self._work.memory.wants(view.key, "object")
            return None
        write = map_payment(
            payment,
            method,
            self._work.settings,
            self._with_draws(view, targets),
            company=self._work.company,
            marker_text=marker(view.key, next_generation(view.state)),
            posting=Posting(posted, view.state.applied_digest, is_forced(view)),
        )
        if isinstance(write, Attention):
            return write if posted is None else self._unless_unchanged(view, write)
        if left_unapplied(write):
            write = replace(write, follows=self._work.what_may_give_room(payment))
        same = write.digest == view.state.applied_digest and not applies_otherwise(write)
        if same and posted is not None and not is_forced(view):
            return Nothing(write.warnings, follows=write.follows)
        return self._with_customer(view, write, payment.customer_id, batch)

    def _with_draws(self, view: View, targets: Mapping[int, Target]) -> Mapping[int, Target]:
        """With what others use of its rest: naming what a payment is applied to may take that back (facts: QBD 2.6)."""
        if not view.state.linked:
            return targets
        found = dict(targets)
        for user in self._work.store.views(self._work.payments_of(view.key)).values():
            if user.state.entity != CREDIT_APPLICATION or not user.state.linked:
                continue
            used = [each for each in _payment(user).allocations if str(each.source_credit_id) == view.key.id]
            invoices = self._work.store.views([invoice_key(each.invoice_id) for each in used])
            for each in used:
                invoice = invoices[invoice_key(each.invoice_id)]
                target = found.get(each.invoice_id) or Target(invoice.state.qbo_id, explanations.named(invoice))
                found[each.invoice_id] = replace(target, drawn=target.drawn + money.cents(each.amount))
        return found

    def _unless_unchanged(self, view: View, decision: Attention) -> Decision:
        """A closed month matters only to a payment that has changed."""
        if view.state.applied_stamp.partition(":")[0] == str(view.record.version) and not is_forced(view):
            return Nothing()
        return decision

    def _with_customer(self, view: View, write: Write, customer: int, batch: Batch) -> Decision | None:
        if self._customers.customer(customer) is None:
            key = customer_key(customer)
            return Wait(explanations.never_seen(key), on=(key,))
        standing = self._customers.ensure(customer, batch)
        if not isinstance(standing, Ready):
            return unready(self._work, view, standing)
        posted = customer_of(view.state.object or {}) if view.state.linked else ""
        if posted and posted == text(standing.ref, "ListID"):
            return write
        return replace(write, body={**write.body, "CustomerRef": standing.ref})

    def _of_posted(self, payment: Payment) -> Payment:
        """Without what it pays of invoices that will never be there: somebody chose to leave that unapplied."""
        left = [each for each in payment.allocations if not _never_comes(self._invoices[invoice_key(each.invoice_id)])]
        return payment.model_copy(update={"allocations": left})

    def _targets(self, view: View, payment: Payment, batch: Batch) -> dict[int, Target] | Decision:
        """Where the payment's money goes, or the first invoice that it has to wait for or will never get."""
        targets: dict[int, Target] = {}
        for allocation in payment.allocations:
            key = invoice_key(allocation.invoice_id)
            invoice = self._invoices[key]
            if key in batch.planned and not invoice.state.linked:
                targets[allocation.invoice_id] = Target({"useMacro": macro_of(key)}, explanations.named(invoice))
            elif invoice.state.linked and not invoice.state.gone:
                if is_about_to_change(invoice):
                    return Wait(explanations.waits_for(view, invoice), on=(key,))
                targets[allocation.invoice_id] = self._posted(invoice)
            elif not invoice.record.version:
                return Wait(explanations.never_seen(key), on=(key,))
            elif _never_comes(invoice):
                return Attention(explanations.invoice_not_posted(view, invoice), follows=(key,))
            else:
                return Wait(explanations.waits_for(view, invoice), on=(key,))
        return targets

    def _posted(self, invoice: View) -> Target:
        """What QuickBooks has just said to be open on an invoice holds for one payment."""
        balances = self._work.memory.table("balances")
        said = balances.pop(invoice.state.qbo_id, None)
        balance = amount({"open": said}, "open") if isinstance(said, str) else None
        return Target(invoice.state.qbo_id, explanations.named(invoice), balance)

    def deletion(self, view: View, batch: Batch) -> Decision | None:
        """Deleted, or failed after all: it goes from QuickBooks, too."""
        del batch
        if not view.state.linked or view.state.gone:
            return Nothing()
        if view.state.entity == CREDIT_APPLICATION:
            # Facts (QBD 2.6): an applied credit cannot be taken back except by deleting the transaction.
            return Attention(explanations.credit_stays(view))
        return map_removal(view.key.id, view.state.object or {"TxnID": view.state.qbo_id})


def _payment(view: View) -> Payment:
    return Payment.model_validate(view.record.desired)


def _never_comes(invoice: View) -> bool:
    if invoice.state.linked and not invoice.state.gone:
        return False
    return invoice.record.deleted or invoice.state.gone or invoice.record.status in _NEVER_COMES


def invoice_key(syncro_id: int) -> RecordKey:
    """The record of a Syncro invoice."""
    return RecordKey(Kind.INVOICE, str(syncro_id))

"""Whether a person has done in QuickBooks what we may not do there: only a look tells."""

from dataclasses import replace
from decimal import Decimal

from syncro_quickbooks import money
from syncro_quickbooks.online import explanations
from syncro_quickbooks.online.documents.ledger import Ledger
from syncro_quickbooks.online.mapping import bodies, payment_problems
from syncro_quickbooks.online.mapping.applied import applications
from syncro_quickbooks.online.mapping.hand import reflects
from syncro_quickbooks.online.mapping.payment import is_deposited
from syncro_quickbooks.online.read_budget import ReadPurpose
from syncro_quickbooks.online.work import Work
from syncro_quickbooks.sync import problems
from syncro_quickbooks.sync.model import Attention, Link, Nothing, Operation, RecordKey, Write
from syncro_quickbooks.sync.records import View
from syncro_quickbooks.syncro.models import InvoiceSnapshot, Payment


class ByHand:
    """The looks of one run. They may raise as the client does."""

    def __init__(self, work: Work, ledger: Ledger) -> None:
        self._work = work
        self._ledger = ledger

    def changed(self, view: View, payment: Payment, write: Write) -> Write | Link | Attention:
        """Somebody says that a deposited payment says what `write` would have said, or can be changed again."""
        now = self._work.client.read("Payment", view.state.qbo_id, ReadPurpose.USER)
        if now is not None and reflects(now, write.body):
            return Link("Payment", now, write.digest)
        if now is not None and is_deposited(now):
            return Attention(payment_problems.deposited(payment, f"(not done yet) {self.steps(view, write)}"))
        return write

    def applied(self, view: View, payment: Payment, wanted: dict[RecordKey, Decimal]) -> Nothing | Attention:
        """Somebody says that a credit was applied to the payment's invoices: no more is open on them than in Syncro."""
        for key in wanted:
            target = self._ledger.target(key)
            now = self._work.client.read("Invoice", target.state.qbo_id, ReadPurpose.USER)
            is_open, ours = bodies.amount(now or {}, "Balance"), self._open_in_syncro(target)
            if is_open is None or is_open > ours:
                currency = self._work.company.home_currency
                why = (
                    f"{explanations.named(key, target.state.object or {})} has {money.show(is_open or ours, currency)} "
                    f"open in QuickBooks and {money.show(ours, currency)} in Syncro, so it was not applied yet"
                )
                return Attention(payment_problems.source_unclear(payment, why), follows=(key,))
        self._work.store.release(view, replace(view.state, kept=view.record.version))
        who = payment_problems.subject(payment)
        return Nothing(
            (problems.warning("applied_by_hand", f"{who}: somebody applied its credit in QuickBooks by hand."),)
        )

    def _open_in_syncro(self, invoice: View) -> Decimal:
        total = InvoiceSnapshot.model_validate(invoice.record.desired).invoice.total
        for payer in self._ledger.payers(invoice.key):
            payment = Payment.model_validate(payer.record.desired)
            if payment.success and not payer.record.deleted:
                total -= sum(each.amount for each in payment.allocations if str(each.invoice_id) == invoice.key.id)
        return total

    def steps(self, view: View, write: Write) -> str:
        """What the bookkeeper has to do so that QuickBooks says what Syncro says."""
        posted = view.state.object or {}
        before, wanted = applications(posted), applications(write.body)
        same_money = bodies.amount(posted, "TotalAmt") == bodies.amount(write.body, "TotalAmt")
        if write.operation is not Operation.UPDATE or not same_money or before == wanted:
            return "open the bank deposit it is in, untick the payment and save; then try again here."
        currency = self._work.company.home_currency
        steps = explanations.application_steps(before, wanted, currency)
        return f"open this payment and {steps}; leave amount and deposit as they are."

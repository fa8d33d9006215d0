"""Invoices: what they refer to, and what follows from their deletion."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from syncro_quickbooks.desktop import explanations
from syncro_quickbooks.desktop.mapping.deletion import map_deletion
from syncro_quickbooks.desktop.mapping.invoice import Posting, map_invoice
from syncro_quickbooks.desktop.mapping.lines import Context
from syncro_quickbooks.desktop.mapping.totals import compare
from syncro_quickbooks.desktop.planning.customers import Customers, Ready, customer_key, unready
from syncro_quickbooks.desktop.sets import Batch
from syncro_quickbooks.desktop.work import Work
from syncro_quickbooks.sync.attempts import is_forced, next_generation
from syncro_quickbooks.sync.model import Attention, Decision, Kind, Nothing, RecordKey, Wait, Write, marker
from syncro_quickbooks.sync.records import View
from syncro_quickbooks.sync.settings import InvoiceDeletion
from syncro_quickbooks.syncro.models import InvoiceSnapshot, Product


class InvoiceRules:
    """The rules of invoices, for one call."""

    def __init__(self, work: Work, customers: Customers) -> None:
        self._work = work
        self._customers = customers
        self._products: Mapping[RecordKey, View] = {}

    def load(self, views: Sequence[View]) -> None:
        """The organizations and products that they name."""
        invoices = [InvoiceSnapshot.model_validate(view.record.desired).invoice for view in views]
        self._customers.read([customer_key(invoice.customer_id) for invoice in invoices])
        products = {line.product_id for invoice in invoices for line in invoice.line_items if line.product_id}
        self._products = self._work.store.views([RecordKey(Kind.PRODUCT, str(each)) for each in sorted(products)])

    def consider(self, view: View, batch: Batch) -> Decision | None:
        """The write that makes QuickBooks say what Syncro says, or why there is none."""
        snapshot = InvoiceSnapshot.model_validate(view.record.desired)
        invoice = snapshot.invoice
        customer = self._customers.customer(invoice.customer_id)
        if customer is None:
            key = customer_key(invoice.customer_id)
            return Wait(explanations.never_seen(key), on=(key,))
        if view.state.linked and not view.state.sync_token:
            self._work.memory.wants(view.key, "object")
            return None
        posting = Posting(view.state.object if view.state.linked else None, view.state.applied_digest, is_forced(view))
        settings = self._work.settings
        if view.record.chosen("push_anyway"):
            settings = settings.model_copy(update={"start_date": None})
        context = Context(snapshot, customer, self._named(snapshot), settings, self._work.company)
        decision = map_invoice(context, marker(view.key, next_generation(view.state)), posting)
        if not isinstance(decision, Write):
            return decision
        if decision.digest == view.state.applied_digest and view.state.linked and not posting.forced:
            compared = compare(decision.expected, view.state.object or {}, explanations.named(view))
            return Nothing((*decision.warnings, *compared))
        return self._with_customer(view, decision, invoice.customer_id, batch)

    def _with_customer(self, view: View, write: Write, customer: int, batch: Batch) -> Decision | None:
        if not batch.takes(write.lines):
            return None
        standing = self._customers.ensure(customer, batch)
        if not isinstance(standing, Ready):
            return unready(self._work, view, standing)
        return replace(write, body={**write.body, "CustomerRef": standing.ref})

    def _named(self, snapshot: InvoiceSnapshot) -> dict[int, Product]:
        named = {line.product_id for line in snapshot.invoice.line_items if line.product_id}
        found = {each: self._products.get(RecordKey(Kind.PRODUCT, str(each))) for each in named}
        return {
            each: Product.model_validate(view.record.desired)
            for each, view in found.items()
            if view is not None and view.record.desired is not None
        }

    def deletion(self, view: View, batch: Batch) -> Decision | None:
        """By the setting: a void, a question, or nothing. It is read first: what pays it is not known."""
        del batch
        if not view.state.linked or view.state.gone:
            return Nothing()
        fresh = self._work.memory.table("fresh")
        if str(view.key) not in fresh:
            self._work.memory.wants(view.key, "object")
            return None
        del fresh[str(view.key)]
        settings = self._work.settings
        if view.record.chosen("void"):
            settings = settings.model_copy(update={"invoice_deletion": InvoiceDeletion.VOID})
        decision = map_deletion(view.key, view.state.object, settings, self._work.company)
        if not isinstance(decision, Attention):
            return decision
        return replace(decision, follows=tuple(self._work.payments_of(view.key)))

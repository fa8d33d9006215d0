"""Store credits: a credit memo each, unless they are what a payment left over."""

from collections.abc import Sequence
from dataclasses import replace

from syncro_quickbooks.desktop import explanations
from syncro_quickbooks.desktop.mapping.credit import map_credit, map_credit_removal
from syncro_quickbooks.desktop.planning.customers import Customers, Ready, customer_key, unready
from syncro_quickbooks.desktop.sets import Batch
from syncro_quickbooks.desktop.work import Work
from syncro_quickbooks.sync.attempts import next_generation
from syncro_quickbooks.sync.model import Decision, Nothing, Wait, Write, marker
from syncro_quickbooks.sync.records import View
from syncro_quickbooks.syncro.models import StoreCredit


class CreditRules:
    """The rules of store credits, for one call."""

    def __init__(self, work: Work, customers: Customers) -> None:
        self._work = work
        self._customers = customers

    def load(self, views: Sequence[View]) -> None:
        """The organizations they belong to."""
        credits = [StoreCredit.model_validate(view.record.desired) for view in views]
        self._customers.read([customer_key(credit.customer_id) for credit in credits])

    def consider(self, view: View, batch: Batch) -> Decision | None:
        """The credit memo, or why there is none."""
        credit = StoreCredit.model_validate(view.record.desired)
        current = view.state.object if view.state.linked else None
        text = marker(view.key, next_generation(view.state))
        decision = map_credit(credit, self._work.settings, self._work.company, text, current)
        if not isinstance(decision, Write):
            return decision
        if self._customers.customer(credit.customer_id) is None:
            key = customer_key(credit.customer_id)
            return Wait(explanations.never_seen(key), on=(key,))
        standing = self._customers.ensure(credit.customer_id, batch)
        if not isinstance(standing, Ready):
            return unready(self._work, view, standing)
        return replace(decision, body={**decision.body, "CustomerRef": standing.ref})

    def deletion(self, view: View, batch: Batch) -> Decision | None:
        """It is read first: what was used of it since is not known."""
        del batch
        if not view.state.linked or view.state.gone:
            return Nothing()
        fresh = self._work.memory.table("fresh")
        if str(view.key) not in fresh:
            self._work.memory.wants(view.key, "object")
            return None
        del fresh[str(view.key)]
        return map_credit_removal(StoreCredit.model_validate(view.record.desired), view.state.object)

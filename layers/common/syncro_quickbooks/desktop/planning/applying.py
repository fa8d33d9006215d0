"""Payments by store credit: which credits go to which invoices.

QuickBooks makes no transaction of it and cannot show it again (facts: QBD 2.6), so how much a credit had left before is
read first and frozen with the set: after a lost answer that is the only way to tell.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from syncro_quickbooks import money
from syncro_quickbooks.desktop import explanations
from syncro_quickbooks.desktop.mapping.bodies import digest
from syncro_quickbooks.desktop.mapping.credit import Use, map_application
from syncro_quickbooks.desktop.mapping.payment import Target
from syncro_quickbooks.desktop.planning.customers import Customers, Ready, customer_key, unready
from syncro_quickbooks.desktop.qbxml.reading import amount
from syncro_quickbooks.desktop.sets import Batch
from syncro_quickbooks.desktop.work import Work
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.sync import problems
from syncro_quickbooks.sync.attempts import Planned, next_generation
from syncro_quickbooks.sync.model import Attention, Decision, Kind, Nothing, Problem, RecordKey, Skip, Status, Wait
from syncro_quickbooks.sync.records import View
from syncro_quickbooks.syncro.models import Payment, StoreCredit

NOT_ENOUGH = "credit_not_enough"
"""A payment found too little credit of its customer in QuickBooks."""

_SOURCES = (Kind.STORE_CREDIT, Kind.PAYMENT)


class Applying:
    """Applies credits, for one call."""

    def __init__(self, work: Work, customers: Customers) -> None:
        self._work = work
        self._customers = customers

    def apply(
        self, view: View, payment: Payment, targets: Mapping[int, Target], batch: Batch
    ) -> Decision | Planned | None:
        """The write that applies the credits, or why there is none. None while they are being read."""
        content: JsonObject = {
            "customer": payment.customer_id,
            "applied": [
                [each.invoice_id, money.cents(each.amount), each.source_credit_id] for each in payment.allocations
            ],
        }
        sources = self._sources(view, payment)
        if not isinstance(sources, dict):
            return sources
        if view.state.linked:
            same = digest(content) == view.state.applied_digest
            return Nothing() if same else Attention(explanations.credit_stays(view))
        if self._to_be_read(sources):
            return None
        uses, warnings = _uses(payment, targets, sources)
        if uses is None:
            return self._too_little(view, payment, [source.key for source in sources.values()])
        standing = self._customers.ensure(payment.customer_id, batch)
        if not isinstance(standing, Ready):
            return unready(self._work, view, standing)
        for source in sources.values():
            # Read again before the next use: what was read holds for one.
            self._work.memory.table("fresh").pop(str(source.key), None)
        noted = replace(view, state=replace(view.state, object=_ledger(uses, sources, targets)))
        write = map_application(uses, content)
        body = {**write.body, "CustomerRef": standing.ref}
        return Planned(noted, replace(write, body=body, warnings=warnings), next_generation(view.state))

    def _too_little(self, view: View, payment: Payment, sources: Sequence[RecordKey]) -> Attention:
        """It is noted at the customer, so that a credit that comes finds it."""
        customer = customer_key(payment.customer_id)
        self._work.dependents.note_user(customer, view.key)
        return Attention(_not_enough(view, payment), follows=(customer, *sources))

    def _to_be_read(self, sources: Mapping[str, View]) -> bool:
        """Have every credit read that was not just read."""
        fresh = self._work.memory.table("fresh")
        unread = [source.key for source in sources.values() if str(source.key) not in fresh]
        for key in unread:
            self._work.memory.wants(key, "object")
        return bool(unread)

    def _sources(self, view: View, payment: Payment) -> dict[str, View] | Decision:
        """The credits that may be used, by their TxnID, in the order of their use."""
        if not self._work.settings.sync_store_credit:
            return Skip(_off(view, payment))
        named = [each.source_credit_id for each in payment.allocations]
        if None in named:
            return self._oldest(view, payment)
        found: dict[str, View] = {}
        for source_id in dict.fromkeys(named):
            either = self._work.store.views([RecordKey(kind, str(source_id)) for kind in _SOURCES])
            source = next((each for each in either.values() if each.state.linked and not each.state.gone), None)
            if source is None:
                return _source_missing(view, list(either.values()))
            if is_about_to_change(source):
                return Wait(explanations.waits_for(view, source), on=(source.key,))
            found[source.state.qbo_id] = source
        return found

    def _oldest(self, view: View, payment: Payment) -> dict[str, View] | Decision:
        """Syncro does not say which credit was used: the customer's oldest first, with a warning."""
        users = self._work.dependents.users(customer_key(payment.customer_id))
        credits = self._work.store.views([key for key in users if key.kind is Kind.STORE_CREDIT])
        linked = [each for each in credits.values() if each.state.linked and not each.state.gone]
        if not linked:
            return self._too_little(view, payment, [])
        linked.sort(key=lambda each: StoreCredit.model_validate(each.record.desired).date)
        return {each.state.qbo_id: each for each in linked}


def is_about_to_change(document: View) -> bool:
    """What is open on it, or left of it, is another amount in a moment."""
    return document.state.attempt is not None or document.record.status in (Status.PENDING, Status.RETRYING)


def _left(source: View) -> Decimal:
    """What a credit memo, or a payment, had left when it was last read."""
    stored = source.state.object or {}
    left = amount(stored, "CreditRemaining")
    return (amount(stored, "UnusedPayment") if left is None else left) or Decimal(0)


def _uses(
    payment: Payment, targets: Mapping[int, Target], sources: Mapping[str, View]
) -> tuple[list[Use] | None, tuple[Problem, ...]]:
    """How the credits are used; None if they do not suffice."""
    left = {txn_id: _left(source) for txn_id, source in sources.items()}
    by_syncro = {source.key.id: txn_id for txn_id, source in sources.items()}
    uses: list[Use] = []
    guessed = False
    for each in payment.allocations:
        wanted = money.cents(each.amount)
        guessed = guessed or each.source_credit_id is None
        named = by_syncro.get(str(each.source_credit_id)) if each.source_credit_id is not None else None
        for txn_id in [named] if named is not None else list(left):
            part = min(wanted, left[txn_id])
            if part > 0:
                uses.append(Use(targets[each.invoice_id].ref, txn_id, part))
                left[txn_id] -= part
                wanted -= part
        if wanted > 0:
            return None, ()
    message = f"Payment {payment.id}: Syncro does not say which store credit it used; the oldest was taken first."
    return uses, (problems.warning("credit_source_guessed", message),) if guessed else ()


def _ledger(uses: list[Use], sources: Mapping[str, View], targets: Mapping[int, Target]) -> JsonObject:
    """What each credit had left before, what is used of it, and for what: our own books of applied credits."""
    used: dict[str, Decimal] = {}
    used_for: dict[int, Decimal] = {}
    for use in uses:
        used[use.credit] = used.get(use.credit, Decimal(0)) + use.amount
        invoice = next(invoice for invoice, target in targets.items() if target.ref == use.invoice)
        used_for[invoice] = used_for.get(invoice, Decimal(0)) + use.amount
    return {
        "credits": [
            {
                "TxnID": txn_id,
                "entity": sources[txn_id].state.entity,
                "before": str(_left(sources[txn_id])),
                "used": str(amount_used),
            }
            for txn_id, amount_used in used.items()
        ],
        "used_for": [{"invoice": str(invoice), "Amount": str(paid)} for invoice, paid in used_for.items()],
    }


def _source_missing(view: View, sources: list[View]) -> Decision:
    known = [each for each in sources if each.record.version]
    if any(each.record.status in (Status.SKIPPED, Status.SYNCED) or each.state.gone for each in known):
        problem = Problem(
            "credit_not_posted",
            f"{explanations.named(view)} uses a credit that is not in QuickBooks.",
            "Apply it in QuickBooks by hand, or skip it.",
            actions=(problems.RETRY, problems.SKIP),
        )
        return Attention(problem, follows=tuple(each.key for each in known))
    on = tuple(each.key for each in known or sources)  # whichever of them it is, no event has brought it yet
    waiting = Problem(
        "waiting_for_store_credit",
        f"{explanations.named(view)} waits for the credit it uses.",
        "It goes on by itself after that.",
    )
    return Wait(waiting, on=on)


def _off(view: View, payment: Payment) -> Problem:
    shown = money.show(payment.payment_amount)
    return problems.skipped(
        "store_credit_off",
        f"{explanations.named(view)} uses store credit, and syncing store credit is off; its invoices stay open in "
        f"QuickBooks by {shown}.",
        "Turn it on in the settings, then retry.",
        problems.settings_action("sync_store_credit"),
    )


def _not_enough(view: View, payment: Payment) -> Problem:
    return Problem(
        NOT_ENOUGH,
        f"{explanations.named(view)} uses {money.show(payment.payment_amount)} of store credit; QuickBooks has less "
        "left.",
        "Look in QuickBooks what the customer's credits were used for, and apply the rest by hand.",
        actions=(problems.RETRY, problems.SKIP),
    )

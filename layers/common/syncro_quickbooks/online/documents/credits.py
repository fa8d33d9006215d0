"""Where the credit comes from that a payment uses: a credit memo, or what is left of another payment."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from syncro_quickbooks.online import explanations
from syncro_quickbooks.online.documents.ledger import Ledger
from syncro_quickbooks.online.documents.standing import Stand, standing_of
from syncro_quickbooks.online.mapping import payment_problems
from syncro_quickbooks.online.mapping.applied import applied_to
from syncro_quickbooks.online.work import Work
from syncro_quickbooks.sync.contents import payment_uses
from syncro_quickbooks.sync.model import Attention, Decision, Kind, Nothing, Problem, RecordKey, Status, Wait
from syncro_quickbooks.sync.records import View
from syncro_quickbooks.sync.settings import MethodKind, PaymentMethod
from syncro_quickbooks.syncro.models import Allocation, Payment, StoreCredit

_USED = (Status.SYNCED, Status.SYNCED_WITH_WARNING)
"""What was used before store credits were switched off stays so."""


@dataclass(frozen=True, slots=True)
class MemoShare:
    """Part of a credit memo, the document of `memo`, for an invoice. `guessed`: Syncro did not say which credit."""

    invoice: RecordKey
    memo: RecordKey
    amount: Decimal
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class RestShare:
    """Part of what is left of `payment` for an invoice."""

    invoice: RecordKey
    payment: RecordKey
    amount: Decimal


Share: TypeAlias = MemoShare | RestShare


class Credits:
    """Resolves the credits of one run's payments."""

    def __init__(self, work: Work, ledger: Ledger) -> None:
        self._work = work
        self._ledger = ledger
        self._views: dict[RecordKey, View] = {}
        self._draws: dict[RecordKey, list[tuple[RecordKey, Decimal]]] = {}
        self._of_customer: dict[int, list[View]] = {}

    def load(self, payments: Mapping[RecordKey, Payment]) -> set[RecordKey]:
        """Read what these payments may draw on and who draws on them. Returns the documents the ledger must know."""
        self._views.clear()
        self._draws.clear()
        targets: set[RecordKey] = set()
        for key, payment in payments.items():
            method = self._work.settings.payment_method(payment.payment_method)
            kind = method.kind if method else None
            if kind is MethodKind.MONEY and _rest(payment) > 0:
                drawn = list(self._drawn_by_others(key))
                for use, invoice, _ in drawn:
                    self._work.dependents.note_source(use, key)
                    self._work.dependents.note_user(invoice, key)
                self._draws[key] = [(invoice, amount) for _, invoice, amount in drawn]
                targets |= {invoice for _, invoice, _ in drawn}
            elif kind is MethodKind.WRITE_OFF:
                targets.add(write_off_key(key))
            elif kind is MethodKind.STORE_CREDIT:
                targets |= self._load_sources(payment)
        return targets

    def _load_sources(self, payment: Payment) -> set[RecordKey]:
        wanted = {key for key in payment_uses(payment) if key.kind in (Kind.STORE_CREDIT, Kind.PAYMENT)}
        if any(each.source_credit_id is None for each in payment.allocations):
            customer = RecordKey(Kind.CUSTOMER, str(payment.customer_id))
            wanted |= {
                key for key in self._work.dependents.users(customer) if key.kind in (Kind.STORE_CREDIT, Kind.PAYMENT)
            }
        views = self._work.store.views(sorted(wanted))
        origins = {
            owner
            for view in views.values()
            if view.key.kind is Kind.STORE_CREDIT and view.record.desired is not None
            for owner in [self._owner_of(view)]
        }
        views |= self._work.store.views(sorted(origins - set(views)))
        self._views |= views
        self._of_customer[payment.customer_id] = [
            view for view in views.values() if _belongs(view, payment.customer_id) and not view.record.deleted
        ]
        memos = {key for key in views if key.kind in (Kind.STORE_CREDIT, Kind.CUSTOMER_PURCHASE)}
        return memos | {key for key in views if key.kind is Kind.PAYMENT}

    # -- what a payment by credit uses -----------------------------------------------------------------------------

    def shares(self, view: View, payment: Payment, method: PaymentMethod) -> list[Share] | Wait | Attention:
        """Which credit pays how much of which invoice, or what that waits for."""
        if method.kind is MethodKind.WRITE_OFF:
            memo = write_off_key(view.key)
            self._work.dependents.derive(view, memo, view.record.desired or {})
            shares: list[Share] = [
                MemoShare(_invoice(each), memo, each.amount) for each in payment.allocations if each.amount
            ]
            return self._once_there(payment, shares)
        shares = []
        for allocation in payment.allocations:
            found = self._sources(view, payment, allocation, shares)
            if not isinstance(found, list):
                return found
            shares += found
        return self._once_there(payment, shares)

    def _sources(  # noqa: PLR0911  one return a reason
        self, view: View, payment: Payment, allocation: Allocation, before: Sequence[Share]
    ) -> list[Share] | Wait | Attention:
        """The credits of one allocation, after what the payment's allocations `before` it take."""
        if allocation.source_credit_id is None:
            return self._oldest_first(view, payment, allocation, before)
        as_credit = RecordKey(Kind.STORE_CREDIT, str(allocation.source_credit_id))
        as_payment = RecordKey(Kind.PAYMENT, str(allocation.source_credit_id))
        known = [key for key in (as_credit, as_payment) if _belongs(self._views[key], payment.customer_id)]
        if len(known) == 2:
            why = f"its source id {allocation.source_credit_id} is both a store credit and a payment of the customer"
            return Attention(payment_problems.source_unclear(payment, why))
        if not known:
            if any(self._views[key].record.version for key in (as_credit, as_payment)):
                why = f"its source id {allocation.source_credit_id} belongs to another customer"
                return Attention(payment_problems.source_unclear(payment, why))
            what = f"the credit with Syncro id {allocation.source_credit_id}"
            return Wait(payment_problems.waits_for(payment, what), on=(as_credit, as_payment))
        if known[0] == as_credit and is_nobodys(StoreCredit.model_validate(self._views[as_credit].record.desired)):
            why = f"Syncro does not say of which payment store credit {as_credit.id} is the rest"
            return Attention(payment_problems.source_unclear(payment, why), follows=(as_credit,))
        if known[0] == view.key:
            return Attention(payment_problems.source_unclear(payment, "it names itself as the source of it"))
        return [self._share(self._owner(known[0]), allocation, allocation.amount)]

    def _share(self, owner: RecordKey, allocation: Allocation, amount: Decimal, *, guessed: bool = False) -> Share:
        if owner.kind is Kind.PAYMENT:
            return RestShare(_invoice(allocation), owner, amount)
        return MemoShare(_invoice(allocation), owner, amount, guessed)

    def _owner(self, key: RecordKey) -> RecordKey:
        """The record whose QuickBooks document the credit is."""
        if key.kind is Kind.PAYMENT:
            return key
        return self._owner_of(self._views[key])

    def _oldest_first(
        self, view: View, payment: Payment, allocation: Allocation, before: Sequence[Share]
    ) -> list[Share] | Wait | Attention:
        """Syncro does not say which credit: the customer's oldest with something left."""
        needed = allocation.amount
        shares: list[Share] = []
        candidates = [each for each in self._of_customer[payment.customer_id] if each.key.kind is Kind.STORE_CREDIT]
        owners = dict.fromkeys(self._owner(each.key) for each in sorted(candidates, key=_age))
        for owner in owners:
            memo = self._views[owner]
            if owner.kind is Kind.PAYMENT or not memo.state.linked:
                continue
            left = self._ledger.room(owner, "CreditMemo", view.key)
            taken = sum((share.amount for share in before if _is_of(share, owner)), Decimal(0))
            amount = needed if left is None else min(needed, left - taken)
            if amount > 0:
                shares.append(self._share(owner, allocation, amount, guessed=True))
                needed -= amount
        if not needed:
            return shares
        pending = tuple(owner for owner in owners if standing_of(self._views[owner]).stand is Stand.COMING)
        if pending:
            return Wait(payment_problems.waits_for(payment, "the customer's store credit"), on=pending)
        self._work.dependents.note_user(RecordKey(Kind.CUSTOMER, str(payment.customer_id)), view.key)
        why = "it does not say which, and the credits of this customer in QuickBooks do not cover it"
        return Attention(payment_problems.source_unclear(payment, why), follows=tuple(owners))

    def _once_there(self, payment: Payment, shares: list[Share]) -> list[Share] | Wait | Attention:
        """The shares, once every credit memo among them is in QuickBooks."""
        coming: list[RecordKey] = []
        for share in shares:
            if isinstance(share, RestShare):
                continue
            memo = self._ledger.target(share.memo)
            standing = standing_of(memo)
            if standing.stand is Stand.NEVER:
                who, why = _called(memo), standing.reason
                problem = payment_problems.on_unposted(payment, who, why, share.memo, by_money=False)
                return Attention(problem, follows=(share.memo,))
            if standing.stand is Stand.COMING:
                coming.append(share.memo)
        if not coming:
            return shares
        what = ", ".join(_called(self._ledger.target(key)) for key in dict.fromkeys(coming))
        return Wait(payment_problems.waits_for(payment, what), on=tuple(dict.fromkeys(coming)))

    # -- what is left of a payment ---------------------------------------------------------------------------------

    def draws_on(self, payer: RecordKey) -> list[tuple[RecordKey, Decimal]]:
        """What other payments use of this one's rest: invoice and amount, of invoices that are in QuickBooks."""
        return [
            (key, amount)
            for key, amount in self._draws.get(payer, [])
            if self._ledger.target(key).state.linked and not self._ledger.target(key).state.gone
        ]

    def _drawn_by_others(self, payer: RecordKey) -> Iterator[tuple[RecordKey, RecordKey, Decimal]]:
        """The payments that use `payer`'s rest, each with an invoice and an amount."""
        users = self._work.dependents.users(payer)
        credits = [key for key in users if key.kind is Kind.STORE_CREDIT]
        found = dict.fromkeys(key for key in users if key.kind is Kind.PAYMENT)
        for credit in credits:
            found |= dict.fromkeys(key for key in self._work.dependents.users(credit) if key.kind is Kind.PAYMENT)
        views = self._work.store.views([*found, *credits])
        sources = {payer.id, *(key.id for key in credits if self._is_rest_of(views[key], payer))}
        for key in found:
            yield from ((key, invoice, amount) for invoice, amount in self._draws_of(views[key], sources))

    def _draws_of(self, view: View, sources: set[str]) -> Iterator[tuple[RecordKey, Decimal]]:
        if view.record.desired is None or view.record.deleted:
            return
        payment = Payment.model_validate(view.record.desired)
        settings, status = self._work.settings, view.record.status
        if status is Status.SKIPPED or not (settings.sync_store_credit or status in _USED):
            return
        method = settings.payment_method(payment.payment_method)
        if not payment.success or method is None or method.kind is not MethodKind.STORE_CREDIT:
            return
        for each in payment.allocations:
            if each.source_credit_id is not None and str(each.source_credit_id) in sources:
                yield _invoice(each), each.amount

    def _is_rest_of(self, view: View, payer: RecordKey) -> bool:
        return view.record.desired is not None and self._owner_of(view) == payer

    def _owner_of(self, credit: View) -> RecordKey:
        if is_booked(credit):
            return credit.key  # it came before its purchase, or while those were not sent
        return owner_of(StoreCredit.model_validate(credit.record.desired), self._work)

    def let_go(self, key: RecordKey, shares: Sequence[Share] = ()) -> None:
        """Payments whose rest `key` used before, and does not by its `shares` now, take it back."""
        kept = {share.payment for share in shares if isinstance(share, RestShare)}
        former = [source for source in self._work.dependents.sources(key) if source not in kept]
        if former:
            self._work.dependents.let_go(key, former)

    def is_drawn(self, view: View, payment: Payment, method: PaymentMethod) -> bool:
        """Whether all of it is a use of other payments' rests, as they were told and apply it."""
        told = self._work.dependents.sources(view.key) if method.kind is MethodKind.STORE_CREDIT else {}
        if not told or any(stamp != view.record.stamp for stamp in told.values()):
            return False
        shares = self.shares(view, payment, method)
        if not isinstance(shares, list) or any(isinstance(share, MemoShare) for share in shares):
            return False
        return not list(self._short(payment, shares))

    def drawn(self, view: View, payment: Payment, shares: list[Share]) -> Decision:
        """What it uses of other payments' rests: they are updated, and this record shows what came of it."""
        sources = tuple(dict.fromkeys(share.payment for share in shares if isinstance(share, RestShare)))
        if not sources:
            return Nothing()
        told = self._work.dependents.sources(view.key)
        untold = [key for key in sources if told.get(key) != view.record.stamp]
        states = [self._views[key] for key in sources]
        over = next((each for each in states if each.record.deleted or each.state.gone), None)
        if over is not None:
            why = f"payment {over.key.id}, whose rest it uses, was deleted or failed"
            return Attention(payment_problems.source_unclear(payment, why), follows=sources)
        if untold or any(each.record.status in (Status.PENDING, Status.RETRYING) for each in states):
            self._work.dependents.tell(view, untold)
            names = ", ".join(f"payment {key.id}" for key in sources)
            problem = payment_problems.waits_for(payment, f"the use of what is left of {names}")
            return Wait(Problem("waiting_for_rest", problem.message, problem.fix, problem.who), on=sources)
        stuck = next((each for each in states if not _in_books(each)), None)
        if stuck is not None:
            reason = stuck.record.problems[0] if stuck.record.problems else None
            why_not = reason or payment_problems.source_unclear(payment, f"payment {stuck.key.id} is not in QuickBooks")
            return Attention(why_not, follows=sources)
        return Nothing(tuple(self._short(payment, shares)), follows=sources)

    def _short(self, payment: Payment, shares: list[Share]) -> Iterator[Problem]:
        currency = self._work.company.home_currency
        for share in shares:
            if not isinstance(share, RestShare):
                continue
            invoice = self._ledger.target(share.invoice)
            applied = applied_to(self._views[share.payment].state.object, "Invoice", invoice.state.qbo_id)
            if applied < share.amount:
                yield payment_problems.partly_applied(payment, _called(invoice), share.amount, applied, currency)

    def ended(self, view: View, payment: Payment) -> None:
        """A payment is no more: its write-off goes too, and payments whose rest it used, or that used its, change."""
        self.take_back_write_off(view)
        used = [*self._work.dependents.sources(view.key), *self._work.dependents.users(view.key)]
        others = self._work.store.views([key for key in used if key.kind is Kind.PAYMENT])
        # One that has ended itself has nothing to change, and two that end together must come to rest.
        self._work.dependents.reopen([key for key, other in others.items() if not other.record.deleted])
        reopen_needy(self._work, payment.customer_id)

    def take_back_write_off(self, view: View) -> None:
        """A payment that is no write-off, or none any more, leaves no credit memo of one behind."""
        memo = self._work.store.view(write_off_key(view.key))
        if memo.record.version:
            self._work.dependents.derive(view, memo.key, view.record.desired or {}, deleted=True)


def reopen_needy(work: Work, customer_id: int) -> None:
    """A credit of the customer has come, or is free again: payments that asked for one look again."""
    customer = RecordKey(Kind.CUSTOMER, str(customer_id))
    work.dependents.reopen_users(customer, Kind.PAYMENT, payment_problems.SOURCE_UNCLEAR)


def owner_of(credit: StoreCredit, work: Work) -> RecordKey:
    """The record whose QuickBooks document holds a store credit: its payment's, its purchase's, or one of its own.

    A purchase that has a document is the owner whatever the settings have become since.
    """
    if credit.origin == "overpayment" and credit.origin_id is not None:
        return RecordKey(Kind.PAYMENT, str(credit.origin_id))
    if credit.origin == "purchase_payout" and credit.origin_id is not None:
        purchase = RecordKey(Kind.CUSTOMER_PURCHASE, str(credit.origin_id))
        if work.settings.sync_customer_purchases or is_booked(work.store.view(purchase)):
            return purchase
    return RecordKey(Kind.STORE_CREDIT, str(credit.id))


def is_nobodys(credit: StoreCredit) -> bool:
    """Left of a payment that Syncro does not name: in the books already, but where nobody can say."""
    return credit.origin == "overpayment" and credit.origin_id is None


def is_booked(view: View) -> bool:
    """Whether QuickBooks has, or may have, a document of its own for the record."""
    return (view.state.linked and not view.state.gone) or view.state.attempt is not None


def _is_of(share: Share, owner: RecordKey) -> bool:
    return isinstance(share, MemoShare) and share.memo == owner


def write_off_key(payment: RecordKey) -> RecordKey:
    """The record of the credit memo that a write-off needs."""
    return RecordKey(Kind.WRITE_OFF, payment.id)


def _invoice(allocation: Allocation) -> RecordKey:
    return RecordKey(Kind.INVOICE, str(allocation.invoice_id))


def _rest(payment: Payment) -> Decimal:
    return payment.payment_amount - sum(each.amount for each in payment.allocations)


def _belongs(view: View, customer_id: int) -> bool:
    desired = view.record.desired
    return desired is not None and desired.get("customer_id") == customer_id


def _age(view: View) -> tuple[str, int]:
    desired = view.record.desired or {}
    return str(desired.get("date") or desired.get("applied_at") or ""), int(view.key.id)


def _in_books(view: View) -> bool:
    return view.state.linked and not view.state.gone and view.record.status is not Status.NEEDS_ATTENTION


def _called(target: View) -> str:
    return explanations.named(target.key, target.state.object or {})

"""Payments: what they wait for, what they pay and with what, and how they end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online import explanations
from syncro_quickbooks.online.documents.by_hand import ByHand
from syncro_quickbooks.online.documents.choices import choices_of, settings_for
from syncro_quickbooks.online.documents.credits import Credits, MemoShare
from syncro_quickbooks.online.documents.invoices import OPEN_IN_QUICKBOOKS, customer_key
from syncro_quickbooks.online.documents.ledger import Ledger
from syncro_quickbooks.online.documents.rules import Again, Candidate, Carried, Reaction
from syncro_quickbooks.online.documents.standing import Stand, standing_of
from syncro_quickbooks.online.lists import Ready
from syncro_quickbooks.online.mapping import bodies, payment_problems
from syncro_quickbooks.online.mapping.applied import applications
from syncro_quickbooks.online.mapping.dates import closed_until
from syncro_quickbooks.online.mapping.hand import reflects
from syncro_quickbooks.online.mapping.payment import (
    EMPTIED,
    Application,
    Money,
    cut_to_room,
    emptied,
    is_deposited,
    map_payment,
    merged,
    payment_day,
    precheck_payment,
    void_payment,
)
from syncro_quickbooks.online.mapping.precheck import Choices
from syncro_quickbooks.online.read_budget import ReadPurpose
from syncro_quickbooks.online.work import Settled, Work
from syncro_quickbooks.sync import problems
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
    Wait,
    Write,
)
from syncro_quickbooks.sync.records import View
from syncro_quickbooks.sync.settings import MethodKind, PaymentMethod
from syncro_quickbooks.syncro.models import Payment

_LEAVES_OPEN = ("method_not_synced", "store_credit_off", "payments_from_quickbooks")
"""Skips after which the invoice is open in QuickBooks and says so."""

_NOT_LINKABLE = ("620", "6000")  # facts: QBO 1.4: more than is open, or a document that takes no payment


@dataclass(frozen=True, slots=True)
class _Case:
    """A payment on its way: what it is, what it pays, what each invoice is to get."""

    view: View
    payment: Payment
    method: PaymentMethod
    wanted: Mapping[RecordKey, Decimal]

    @property
    def choices(self) -> Choices:
        return choices_of(self.view)


class PaymentRules:
    """The rules of payments, for one run."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._ledger = Ledger(work)
        self._credits = Credits(work, self._ledger)
        self._imported: frozenset[RecordKey] = frozenset()
        self._by_hand = ByHand(work, self._ledger)

    def load(self, views: Sequence[View]) -> None:
        """The invoices they pay and the credits they use, each with whatever else applies to it."""
        payments = {view.key: Payment.model_validate(view.record.desired) for view in views}
        targets = {invoice_key(each.invoice_id) for payment in payments.values() for each in payment.allocations}
        targets |= self._credits.load(payments)
        self._ledger.load(sorted(targets))
        self._imported = self._work.store.imported([view.key for view in views if not view.state.linked])

    def ended(self, view: View) -> bool:
        """Deleted in Syncro, failed there, at once or later (an ACH return), or worth nothing any more."""
        payment = Payment.model_validate(view.record.desired)
        return view.record.deleted or not payment.success or payment.payment_amount == 0

    def consider(self, view: View) -> Candidate | Decision:  # noqa: PLR0911  one return a reason
        """What speaks against the payment, and what it waits for."""
        payment = Payment.model_validate(view.record.desired)
        current = view.state.object if view.state.linked else None
        method = self._work.settings.payment_method(payment.payment_method)
        if method is None or method.kind is not MethodKind.STORE_CREDIT:
            self._credits.let_go(view.key)
        if method is None or method.kind is not MethodKind.WRITE_OFF:
            self._credits.take_back_write_off(view)
        settings = settings_for(view, self._work.settings)
        linked_with = self._linked_with(view, payment)
        if view.key in self._imported:
            decided: Decision | None = Skip(payment_problems.imported(payment))
        elif linked_with is not None:
            decided = Skip(payment_problems.in_both_books(payment, _called(linked_with)))
        else:
            decided = precheck_payment(payment, settings, self._work.company, current, choices_of(view))
        if isinstance(decided, Skip) and decided.problem.code in _LEAVES_OPEN:
            if method is not None and self._credits.is_drawn(view, payment, method):
                return Nothing()  # another payment's document holds it since before the settings changed
            self._work.dependents.reopen([key for key in wanted_of(payment) if self._is_to_say_so(key)])
            return replace(decided, follows=tuple(wanted_of(payment)))
        if decided is not None or method is None:
            return decided or Attention(payment_problems.method_unmapped(payment))
        case = _Case(view, payment, method, wanted_of(payment))
        held = self._held_up(case)
        if held is not None:
            return held
        if view.record.chosen("done") and not view.state.linked:
            return self._by_hand.applied(view, payment, dict(case.wanted))
        if method.kind is MethodKind.MONEY:
            if any(each.source_credit_id not in (None, payment.id) for each in payment.allocations):
                why = "by your settings its method is money, which would be booked beside the credit"
                return Attention(payment_problems.source_unclear(payment, why), follows=tuple(case.wanted))
            return Candidate(view, (customer_key(payment.customer_id),), partial(self._map, case, (), Nothing()))
        return self._with_credit(case)

    def _linked_with(self, view: View, payment: Payment) -> View | None:
        """The invoice that was linked as both books had it, this payment included."""
        targets = [] if view.state.linked else [self._ledger.target(key) for key in wanted_of(payment)]
        return next(
            (each for each in targets if each.state.as_found and view.key.id in each.state.as_found.payments), None
        )

    def _is_to_say_so(self, invoice: RecordKey) -> bool:
        """Whether the invoice is in QuickBooks and does not yet say that it is open there because of this payment."""
        record = self._ledger.target(invoice).record
        settled = record.status in (Status.SYNCED, Status.SYNCED_WITH_WARNING)
        return settled and not any(problem.code == OPEN_IN_QUICKBOOKS for problem in record.problems)

    def _held_up(self, case: _Case) -> Wait | Attention | None:
        """What of the payment's invoices is not there yet, or never will be."""
        coming: list[RecordKey] = []
        reasons: list[str] = []
        paid = applications(case.view.state.object)
        by_money = case.method.kind is MethodKind.MONEY
        for key in case.wanted:
            target = self._ledger.target(key)
            standing = standing_of(target)
            is_paid = ("Invoice", target.state.qbo_id) in paid and not target.state.gone
            if standing.stand is Stand.NEVER or (target.record.deleted and not is_paid):
                why = standing.reason or "it was deleted in Syncro."
                if self._stays_unapplied(case):
                    continue
                problem = payment_problems.on_unposted(case.payment, _called(target), why, key, by_money=by_money)
                return Attention(problem, follows=tuple(case.wanted))
            if standing.stand is Stand.COMING:
                coming.append(key)
                reasons.append(standing.reason)
        if not coming:
            return None
        what = ", ".join(_called(self._ledger.target(key)) for key in coming)
        return Wait(payment_problems.waits_for(case.payment, what, " ".join(filter(None, reasons))), on=tuple(coming))

    def _stays_unapplied(self, case: _Case) -> bool:
        """Whether somebody decided that money for what is not in QuickBooks stays with the customer."""
        return case.method.kind is MethodKind.MONEY and case.view.record.chosen("post_unapplied") is not None

    def _with_credit(self, case: _Case) -> Candidate | Decision:
        """Paid by a credit: from credit memos through a payment of nothing, from another payment's rest by that one."""
        if not case.wanted and not case.view.state.linked:
            why = "it uses a credit and says no invoice that it pays"
            return Attention(payment_problems.impossible(case.payment, why))
        shares = self._credits.shares(case.view, case.payment, case.method)
        if not isinstance(shares, list):
            return shares
        self._credits.let_go(case.view.key, shares)
        memos = tuple(share for share in shares if isinstance(share, MemoShare))
        drawn = self._credits.drawn(case.view, case.payment, shares)
        if not isinstance(drawn, Nothing) or not (memos or case.view.state.linked):
            return drawn
        key = customer_key(case.payment.customer_id)
        return Candidate(case.view, (key,), partial(self._map, case, memos, drawn))

    # -- mapping ---------------------------------------------------------------------------------------------------

    def _map(
        self,
        case: _Case,
        memos: Sequence[MemoShare],
        drawn: Nothing,
        ready: Mapping[RecordKey, Ready],
        marker: str,
    ) -> Decision:
        by_money = case.method.kind is MethodKind.MONEY
        what = self._by_money(case) if by_money else self._by_credit(case, memos)
        follows = self._follows(case, memos) if what.warnings else ()
        if not by_money and not what.applications and what.warnings and not case.view.state.linked:
            return Attention(what.warnings[0], follows=follows)  # a payment of nothing for nothing says nothing
        decision = map_payment(
            case.payment,
            replace(what, warnings=(*what.warnings, *drawn.warnings, *self._before_invoice(case))),
            ready[customer_key(case.payment.customer_id)].qbo_id,
            self._work.settings,
            self._work.company,
            marker,
            case.view.state.object if case.view.state.linked else None,
            choices=case.choices,
            applied_digest=case.view.state.applied_digest,
        )
        if not isinstance(decision, Write):
            return decision
        is_new = decision.digest != case.view.state.applied_digest  # else it has been noticed
        if case.view.record.chosen("done") and case.view.state.linked and is_new:
            done = self._by_hand.changed(case.view, case.payment, decision)
            if not isinstance(done, Write):
                return done
        if case.wanted and not by_money and not memos:  # all of it comes from other payments' rests now
            decision = emptied(decision)
        self._ledger.plan(case.view.key, applications(decision.body))
        return replace(decision, follows=(*follows, *drawn.follows))

    def _by_money(self, case: _Case) -> Money:
        """Its own invoices first, then what others draw on its rest; never more than is open on an invoice."""
        found: list[Application] = []
        warnings: list[Problem] = []
        left = case.payment.payment_amount
        for key, amount in self._with_draws(case).items():
            target = self._ledger.target(key)
            if standing_of(target).stand is Stand.NEVER or (target.record.deleted and self._stays_unapplied(case)):
                continue  # somebody decided that this part stays unapplied
            applied = min(cut_to_room(amount, self._ledger.room(key, "Invoice", case.view.key)), left)
            left -= applied
            found.append(Application("Invoice", target.state.qbo_id, applied))
            if applied < amount:
                warnings.append(self._partly(case, target, amount, applied))
        return Money(case.method, case.payment.payment_amount, merged(found), tuple(warnings))

    def _with_draws(self, case: _Case) -> dict[RecordKey, Decimal]:
        """What each invoice is to get of the payment and, by other payments, of its rest."""
        wanted = dict(case.wanted)
        for key, amount in self._credits.draws_on(case.view.key):
            wanted[key] = wanted.get(key, Decimal(0)) + amount
        return wanted

    def _by_credit(self, case: _Case, memos: Sequence[MemoShare]) -> Money:
        """Credit memos against invoices, both sides equal; no money comes in (facts: QBO 1.4)."""
        invoices: list[Application] = []
        credits: list[Application] = []
        warnings: list[Problem] = []
        taken: dict[RecordKey, Decimal] = {}
        for share in memos:
            invoice, memo = self._ledger.target(share.invoice), self._ledger.target(share.memo)
            applied, scarce = share.amount, invoice
            for key, view, entity in ((share.invoice, invoice, "Invoice"), (share.memo, memo, "CreditMemo")):
                room = self._ledger.room(key, entity, case.view.key)
                fits = cut_to_room(applied, None if room is None else room - taken.get(key, Decimal(0)))
                applied, scarce = fits, view if fits < applied else scarce
            for key in (share.invoice, share.memo):
                taken[key] = taken.get(key, Decimal(0)) + applied
            invoices.append(Application("Invoice", invoice.state.qbo_id, applied))
            credits.append(Application("CreditMemo", memo.state.qbo_id, applied))
            if applied < share.amount:
                warnings.append(self._partly(case, scarce, share.amount, applied))
        if any(share.guessed for share in memos):
            warnings.append(payment_problems.oldest_credit(case.payment))
        return Money(case.method, Decimal(0), merged([*invoices, *credits]), tuple(warnings))

    def _partly(self, case: _Case, target: View, wanted: Decimal, applied: Decimal) -> Problem:
        currency = self._work.company.home_currency
        return payment_problems.partly_applied(case.payment, _called(target), wanted, applied, currency)

    def _follows(self, case: _Case, memos: Sequence[MemoShare]) -> tuple[RecordKey, ...]:
        """What may give the payment more room: its invoices and credits, and whatever else applies to them."""
        documents = {
            **dict.fromkeys(self._with_draws(case), "Invoice"),
            **{share.memo: "CreditMemo" for share in memos},
        }
        others = {
            other
            for key, entity in documents.items()
            for other in self._ledger.others_applying(key, entity, case.view.key)
        }
        return (*documents, *sorted(others))

    def _before_invoice(self, case: _Case) -> tuple[Problem, ...]:
        if not case.choices.force_update:
            return ()
        day = payment_day(case.payment, self._work.settings)
        warnings: list[Problem] = []
        for key in case.wanted:
            target = self._ledger.target(key)
            invoiced = bodies.day(target.state.object or {}, "TxnDate")
            if invoiced and day < invoiced:
                warnings.append(payment_problems.before_invoice(case.payment, day, _called(target), invoiced))
        return tuple(warnings)

    # -- endings ---------------------------------------------------------------------------------------------------

    def deletion(self, view: View, now: JsonObject | None) -> Decision:
        """A void: the amounts go, the trail stays. Not if it is in a bank deposit or a closed month."""
        payment = Payment.model_validate(view.record.desired)
        if now is None:
            self._credits.ended(view, payment)
            if view.record.deleted and (view.key in self._imported or payment.quickbooks_payment):
                return Skip(payment_problems.imported(payment, deleted=True))
            linked_with = self._linked_with(view, payment)
            if view.record.deleted and linked_with is not None:
                return Skip(payment_problems.in_both_books(payment, _called(linked_with), deleted=True))
            is_over = view.record.deleted or view.state.gone or payment.success
            return Nothing() if is_over else Skip(payment_problems.failed(payment))
        day, closed = bodies.day(now, "TxnDate"), closed_until(self._work.settings, self._work.company)
        if is_deposited(now):
            what = "open the bank deposit it is in, untick the payment and save; then it can be voided."
            return Attention(payment_problems.deposited(payment, what))
        if closed and day and day <= closed:
            return Attention(problems.books_closed(payment_problems.subject(payment), day, closed))
        return void_payment(now)

    def refused(self, answer: Settled, code: str, problem: Problem) -> Reaction | None:
        """Deposited: what to do by hand. Not linkable: what is really open is read, and the rest stays unapplied."""
        payment = Payment.model_validate(answer.view.record.desired)
        if code == "6540":
            done_by_hand = self._done_by_hand(answer)
            if done_by_hand is not None:
                return Carried(done_by_hand)
            return Attention(
                replace(
                    payment_problems.deposited(payment, self._by_hand.steps(answer.view, _write_of(answer))),
                    verbatim=problem.verbatim,
                )
            )
        if code in _NOT_LINKABLE and answer.member.operation in (Operation.CREATE, Operation.UPDATE):
            self.load([answer.view])  # what is recovered from an earlier run was not planned in this one
            documents = self._ledger.documents(applications(answer.member.body))
            if self._ledger.look_up(documents):
                return Again()
            return Attention(problem, follows=tuple(documents))  # one of them may be about to change
        return None

    def _done_by_hand(self, answer: Settled) -> JsonObject | None:
        """The payment, if somebody has done in QuickBooks what we may not: one metered read."""
        if answer.member.operation is not Operation.UPDATE:
            return None
        now = self._work.client.read("Payment", answer.view.state.qbo_id, ReadPurpose.USER)
        return now if now is not None and reflects(now, answer.member.body) else None

    def applied(self, answer: Settled, _warnings: Sequence[Problem], /) -> Again | None:
        """A payment that has ended takes its write-off, and what was drawn on it, along; one that is empty goes on."""
        if answer.member.digest == EMPTIED:
            return Again()
        if answer.member.operation is Operation.VOID:
            self._credits.ended(answer.view, Payment.model_validate(answer.view.record.desired))
        return None


def _write_of(answer: Settled) -> Write:
    member = answer.member
    return Write(member.operation, member.entity, member.body, member.digest)


def invoice_key(invoice: int) -> RecordKey:
    """The record of a Syncro invoice."""
    return RecordKey(Kind.INVOICE, str(invoice))


def wanted_of(payment: Payment) -> dict[RecordKey, Decimal]:
    """What each invoice is to get of a payment."""
    wanted: dict[RecordKey, Decimal] = {}
    for each in payment.allocations:
        key = invoice_key(each.invoice_id)
        wanted[key] = wanted.get(key, Decimal(0)) + each.amount
    return {key: amount for key, amount in wanted.items() if amount}


def _called(target: View) -> str:
    return explanations.named(target.key, target.state.object or {})

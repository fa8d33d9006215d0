"""Credit memos: of store credits by where they came from, and of payments that are write-offs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online import explanations
from syncro_quickbooks.online.documents.choices import choices_of, settings_for
from syncro_quickbooks.online.documents.credits import is_nobodys, owner_of, reopen_needy
from syncro_quickbooks.online.documents.invoices import customer_key
from syncro_quickbooks.online.documents.rules import Candidate, Reaction
from syncro_quickbooks.online.lists import Ready
from syncro_quickbooks.online.mapping import payment_problems
from syncro_quickbooks.online.mapping.credit_memo import Credit, delete_credit, map_credit, precheck_credit
from syncro_quickbooks.online.mapping.payment import payment_day
from syncro_quickbooks.online.work import Settled, Work
from syncro_quickbooks.sync import problems
from syncro_quickbooks.sync.model import Attention, Decision, Kind, Nothing, Operation, Problem, RecordKey, Skip
from syncro_quickbooks.sync.records import View
from syncro_quickbooks.syncro.dates import calendar_date
from syncro_quickbooks.syncro.models import Payment, StoreCredit

_RULE = "6000"


class _CreditMemos:
    """What store credits and write-offs have in common."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def load(self, _views: Sequence[View], /) -> None:
        """Nothing but the record itself is needed."""

    def ended(self, view: View) -> bool:
        """Whether it was deleted in Syncro."""
        return view.record.deleted

    def _candidate(self, view: View, credit: Credit, customer: int) -> Candidate | Decision:
        current = view.state.object if view.state.linked else None
        settings = settings_for(view, self._work.settings)
        decided = precheck_credit(credit, settings, self._work.company, current, choices_of(view))
        if decided is not None:
            return decided
        key = customer_key(customer)
        return Candidate(view, (key,), partial(self._map, view, credit, key))

    def _map(
        self, view: View, credit: Credit, customer: RecordKey, ready: Mapping[RecordKey, Ready], marker: str
    ) -> Decision:
        return map_credit(
            credit,
            ready[customer].qbo_id,
            self._work.settings,
            self._work.company,
            marker,
            view.state.object if view.state.linked else None,
            choices=choices_of(view),
            applied_digest=view.state.applied_digest,
        )

    def deletion(self, view: View, now: JsonObject | None) -> Decision:
        """Only an unused credit memo is deleted."""
        if now is None:
            return Nothing()
        who = explanations.named(view.key, now)
        decision = delete_credit(now, who, self._work.settings, self._work.company)
        if isinstance(decision, Attention):
            return replace(decision, follows=tuple(self._payments(view)))
        return decision

    def _payments(self, view: View) -> list[RecordKey]:
        """What may be using the credit memo."""
        return self._work.dependents.users(view.key)

    def refused(self, answer: Settled, code: str, problem: Problem, /) -> Reaction | None:
        """A credit of which payments use more than it is now, or that belongs to another customer now, follows them."""
        payments = self._payments(answer.view)
        if code != _RULE or answer.member.operation is not Operation.UPDATE or not payments:
            return None
        message = f"{problem.message} Perhaps payments use more of it than it is now; it follows once they are changed."
        return Attention(replace(problem, message=message), follows=tuple(payments))

    def applied(self, _answer: Settled, _warnings: Sequence[Problem], /) -> None:
        """Nothing special."""


class StoreCreditRules(_CreditMemos):
    """Store credits. What another document already is in the books is not booked again."""

    def consider(self, view: View) -> Candidate | Decision:
        """A credit memo only where the credit is not an unapplied payment or a purchase's already."""
        credit = StoreCredit.model_validate(view.record.desired)
        settings = self._work.settings
        who = f"Store credit {credit.id}"
        if not settings.sync_store_credit:
            message = f"{who} is not sent, because Sync Store Credit to QuickBooks is off."
            setting = problems.settings_action("sync_store_credit")
            return Skip(
                problems.skipped("store_credit_off", message, "Turn it on in the settings, then retry.", setting)
            )
        reopen_needy(self._work, credit.customer_id)  # they wait for it from now on
        is_elsewhere = is_nobodys(credit) or owner_of(credit, self._work) != view.key
        if is_elsewhere and not view.state.linked:
            return Nothing()
        if credit.amount < 0:
            message = f"{who} is negative; it takes nothing from QuickBooks by itself."
            return Skip(
                problems.skipped("negative_credit", message, "Adjust it manually in QuickBooks.", problems.SKIP)
            )
        item = settings.store_credit_item
        if credit.amount == 0 and not view.state.linked:
            return Nothing()
        if item is None:
            fix = "Choose the QuickBooks item for store credits in the settings; it is then sent by itself."
            message = f"{who}: no QuickBooks item is chosen for store credits."
            return Attention(problems.missing_setting("store_credit_item_missing", message, "store_credit_item", fix))
        day = calendar_date(credit.date, settings.time_zone)
        text = credit.note or f"Store credit ({credit.origin.replace('_', ' ')})"
        return self._candidate(view, Credit(who, day, credit.amount, item, text), credit.customer_id)


class WriteOffRules(_CreditMemos):
    """The credit memos, on the bad-debt item, of payments that are none."""

    def _payments(self, view: View) -> list[RecordKey]:
        return [RecordKey(Kind.PAYMENT, view.key.id)]

    def consider(self, view: View) -> Candidate | Decision:
        """Its payment has been looked at before it was derived."""
        payment = Payment.model_validate(view.record.desired)
        item = self._work.settings.bad_debt_item
        if item is None:
            return Attention(payment_problems.missing_item(payment, "bad_debt_item", "written-off invoices"))
        day = payment_day(payment, self._work.settings)
        text = f"Written off in Syncro, payment {payment.id}"
        credit = Credit(payment_problems.subject(payment), day, payment.payment_amount, item, text)
        return self._candidate(view, credit, payment.customer_id)

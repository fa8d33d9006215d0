"""Customer purchases: an expense once they are paid out, or a credit memo if that was done in store credit."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial

from syncro_quickbooks import money
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online import explanations
from syncro_quickbooks.online.documents.buying import bought_items, is_unchanged
from syncro_quickbooks.online.documents.choices import choices_of, settings_for
from syncro_quickbooks.online.documents.credits import is_booked
from syncro_quickbooks.online.documents.invoices import customer_key, product_key
from syncro_quickbooks.online.documents.numbers import NumberTaken
from syncro_quickbooks.online.documents.rules import Candidate, Reaction
from syncro_quickbooks.online.lists import Ready
from syncro_quickbooks.online.mapping import bodies, expenses
from syncro_quickbooks.online.mapping.credit_memo import delete_credit
from syncro_quickbooks.online.mapping.dates import closed_until
from syncro_quickbooks.online.mapping.purchase import (
    Sold,
    entity_of,
    map_purchase,
    payout_day,
    precheck_purchase,
    subject,
)
from syncro_quickbooks.online.work import Settled, Work
from syncro_quickbooks.sync import problems
from syncro_quickbooks.sync.model import Action, Attention, Decision, Kind, Nothing, Problem, RecordKey, Write
from syncro_quickbooks.sync.records import View
from syncro_quickbooks.sync.settings import MethodKind
from syncro_quickbooks.syncro.models import CustomerPurchase, StoreCredit


class CustomerPurchaseRules:
    """The rules of customer purchases, for one run."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._numbers = NumberTaken(work)
        self._credits: dict[RecordKey, list[View]] = {}

    def load(self, views: Sequence[View], /) -> None:
        """The store credits that say they came from them."""
        users = {view.key: self._work.dependents.users(view.key) for view in views}
        wanted = [user for each in users.values() for user in each if user.kind is Kind.STORE_CREDIT]
        found = self._work.store.views(wanted)
        self._credits = {key: [found[user] for user in each if user in found] for key, each in users.items()}

    def ended(self, view: View) -> bool:
        """Whether it was deleted in Syncro."""
        return view.record.deleted

    def consider(self, view: View) -> Candidate | Decision:
        """What speaks against it before its customer and items exist."""
        purchase = CustomerPurchase.model_validate(view.record.desired)
        current = view.state.object if view.state.linked else None
        settings, company = settings_for(view, self._work.settings), self._work.company
        decided = precheck_purchase(purchase, settings, company, current)
        method = settings.payment_method(purchase.payment_method)
        if decided is not None or method is None:
            return decided or Nothing()
        if current is not None and view.state.entity != entity_of(method):
            return Attention(_other_document(view, purchase))
        if current is None:
            credit = self._credit(view) if method.kind is MethodKind.STORE_CREDIT else None
            if credit is not None:
                return Nothing()  # its credit memo is in the books already, under the store credit's own name
            day, closed = payout_day(purchase, settings), closed_until(settings, company)
            if day and closed and day <= closed and not view.record.chosen("redate"):
                return Attention(problems.books_closed(subject(purchase), day, closed))
        products = sorted({line.product_id for line in purchase.line_items if line.product_id is not None})
        needs = (customer_key(purchase.customer_id), *map(product_key, products))
        return Candidate(view, needs, partial(self._map, view, purchase, products))

    def _credit(self, view: View) -> View | None:
        """The store credit of this payout, if QuickBooks has, or may have, a credit memo of its own for it."""
        for credit in self._credits[view.key]:
            is_payout = StoreCredit.model_validate(credit.record.desired).origin == "purchase_payout"
            if is_payout and is_booked(credit):
                return credit
        return None

    def _map(
        self,
        view: View,
        purchase: CustomerPurchase,
        products: Sequence[int],
        ready: Mapping[RecordKey, Ready],
        marker: str,
    ) -> Decision:
        settings, company, who = self._work.settings, self._work.company, subject(purchase)
        method = settings.payment_method(purchase.payment_method)
        is_credit = method is not None and method.kind is MethodKind.STORE_CREDIT
        items: dict[int, str] | Attention
        if is_credit:
            items = {product: ready[product_key(product)].qbo_id for product in products}
        else:
            items = bought_items(self._work, who, ready, products)
        if isinstance(items, Attention):
            return items
        customer = ready[customer_key(purchase.customer_id)]
        sold = Sold(customer.qbo_id, items, bodies.ref_value(customer.view.state.object or {}, "CurrencyRef"))
        current = view.state.object if view.state.linked else None
        choices = choices_of(view)
        write = map_purchase(purchase, sold, settings, company, marker, current, choices=choices)
        if not isinstance(write, Write) or current is None or is_unchanged(view, write):
            return write
        party = "CustomerRef" if is_credit else "EntityRef"
        return expenses.closed_for_change(who, write, current, closed_until(settings, company), party)

    def deletion(self, view: View, now: JsonObject | None) -> Decision:
        """Only what nothing hangs on, in an open month."""
        if now is None:
            return Nothing()
        who, settings, company = explanations.named(view.key, now), self._work.settings, self._work.company
        if view.state.entity == "CreditMemo":
            return delete_credit(now, who, settings, company)
        linked = [link for link in bodies.objects(now, "LinkedTxn") if bodies.text(link, "TxnId")]
        if linked:
            shown = bodies.amount(now, "TotalAmt") or Decimal(0)
            why = "it is linked to other QuickBooks transactions"
            return Attention(expenses.in_use(who, why, shown, company.home_currency))
        day, closed = bodies.day(now, "TxnDate"), closed_until(settings, company)
        if day and closed and day <= closed:
            return Attention(problems.books_closed(who, day, closed))
        return expenses.delete("Purchase", now)

    def refused(self, answer: Settled, code: str, problem: Problem) -> Reaction | None:
        """A number that is taken: by us, or by whom."""
        return self._numbers.reaction(answer, code, problem)

    def applied(self, _answer: Settled, _warnings: Sequence[Problem], /) -> None:
        """Nothing special."""


def _other_document(view: View, purchase: CustomerPurchase) -> Problem:
    shown = money.show(bodies.amount(view.state.object or {}, "TotalAmt") or Decimal(0))
    was = "a credit memo" if view.state.entity == "CreditMemo" else "an expense"
    return Problem(
        "payout_changed",
        f"{subject(purchase)} is {was} in QuickBooks ({shown}), and Syncro now says it was paid out by "
        f"'{purchase.payment_method}', which is another kind of document.",
        "Delete the document in QuickBooks and have it posted again, or undo the change in Syncro.",
        actions=(Action("recreate", "Post it again"), problems.RETRY, problems.SKIP),
    )

"""Invoices: what speaks against them, what they refer to, and taking payments off them before they shrink."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

from syncro_quickbooks import money
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online import explanations
from syncro_quickbooks.online.company import TaxMode
from syncro_quickbooks.online.documents.as_found import is_as_found, told_by_api_only
from syncro_quickbooks.online.documents.choices import choices_of
from syncro_quickbooks.online.documents.numbers import NumberTaken
from syncro_quickbooks.online.documents.planning import desired_of
from syncro_quickbooks.online.documents.rules import Candidate, Reaction
from syncro_quickbooks.online.lists import Ready
from syncro_quickbooks.online.mapping.applied import applied_to
from syncro_quickbooks.online.mapping.bodies import ref_value
from syncro_quickbooks.online.mapping.deletion import map_deletion
from syncro_quickbooks.online.mapping.invoice import References, map_invoice, needed_products, precheck_invoice
from syncro_quickbooks.online.mapping.payment import is_deposited
from syncro_quickbooks.online.mapping.payment_problems import IN_QUICKBOOKS
from syncro_quickbooks.online.mapping.tax import TaxContext, rates_to_make
from syncro_quickbooks.online.read_budget import ReadPurpose
from syncro_quickbooks.online.work import Settled, Work
from syncro_quickbooks.sync import problems
from syncro_quickbooks.sync.accounts import Finding
from syncro_quickbooks.sync.model import (
    Attention,
    Decision,
    Kind,
    Nothing,
    Problem,
    RecordKey,
    Skip,
    Status,
    Wait,
    Write,
)
from syncro_quickbooks.sync.records import View
from syncro_quickbooks.sync.settings import AstPolicy, InvoiceDeletion
from syncro_quickbooks.sync.taking_in import FROM_API
from syncro_quickbooks.syncro.models import Customer, InvoiceSnapshot, Payment, Product, StoreCredit

TAX_DIFFERS = "quickbooks_tax_differs"
OPEN_IN_QUICKBOOKS = "open_in_quickbooks"


@dataclass(frozen=True, slots=True)
class _Read:
    """An invoice as desired, its lines' products, those that need an item, and the rates that need a code made."""

    snapshot: InvoiceSnapshot
    products: Mapping[int, Product]
    needed: frozenset[int]
    rates: frozenset[int]


class InvoiceRules:
    """The rules of invoices, for one run."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._numbers = NumberTaken(work)
        self._mentioned: Mapping[RecordKey, JsonObject] = {}
        self._users: dict[RecordKey, list[View]] = {}

    def load(self, views: Sequence[View]) -> None:
        """The customers and products that the invoices name."""
        keys: set[RecordKey] = set()
        for view in views:
            invoice = InvoiceSnapshot.model_validate(view.record.desired).invoice
            keys.add(customer_key(invoice.customer_id))
            keys |= {product_key(line.product_id) for line in invoice.line_items if line.product_id is not None}
        self._mentioned = desired_of(self._work.store.views(sorted(keys)))
        self._users.clear()

    def _used_by(self, view: View) -> list[View]:
        """What pays or credits the invoice, as of the first question in this pass."""
        if view.key not in self._users:
            users = self._work.dependents.users(view.key)
            self._users[view.key] = list(self._work.store.views(users).values()) if users else []
        return self._users[view.key]

    def consider(self, view: View) -> Candidate | Decision:
        """What speaks against the invoice before its customer and items exist."""
        snapshot = InvoiceSnapshot.model_validate(view.record.desired)
        invoice, settings, company = snapshot.invoice, self._work.settings, self._work.company
        if is_as_found(view, invoice):
            return Nothing(self._open_by(view))
        if view.record.version == FROM_API:
            return told_by_api_only(view)
        owner = self._mentioned.get(customer_key(invoice.customer_id))
        customer = Customer.model_validate(owner) if owner else None
        posted = view.state.object if view.state.linked else None
        decided = precheck_invoice(snapshot, settings, company, posted, customer=customer, choices=choices_of(view))
        if isinstance(decided, Skip) and invoice.is_refund:
            return self._credited(view, decided, invoice.total)
        if decided is not None:
            return decided
        if Finding.OVERRIDE_IGNORED in self._work.findings and invoice.tax:
            return Attention(explanations.override_ignored(view.key))
        named = {line.product_id for line in invoice.line_items} - {None}
        products = {
            product: Product.model_validate(self._mentioned[product_key(product)])
            for product in named
            if product is not None and product_key(product) in self._mentioned
        }
        needed = needed_products(invoice, products, settings)
        # Without the customer, who may be exempt, it cannot be sent anyway.
        rates = rates_to_make(TaxContext(snapshot, customer, settings, company)) if customer else frozenset[int]()
        needs = (
            customer_key(invoice.customer_id),
            *map(product_key, sorted(needed)),
            *map(tax_rate_key, sorted(rates)),
        )
        return Candidate(view, needs, partial(self._map, view, _Read(snapshot, products, needed, rates)))

    def _credited(self, view: View, skip: Skip, total: Decimal) -> Skip:
        """A refund that a credit memo already carries in part says so, and what is left to adjust by hand."""
        credits = [each for each in self._used_by(view) if each.key.kind is Kind.STORE_CREDIT and each.state.linked]
        carried = sum((StoreCredit.model_validate(each.record.desired).amount for each in credits), Decimal(0))
        if not carried:
            return skip
        currency = self._work.company.home_currency
        names = ", ".join(each.key.id for each in credits)
        left = max(abs(total) - carried, Decimal(0))
        message = (
            f"{skip.problem.message} The credit memo of store credit {names} already carries "
            f"{money.show(carried, currency)} of it; {money.show(left, currency)} is left to adjust."
        )
        return replace(skip, problem=replace(skip.problem, message=message))

    def _map(
        self,
        view: View,
        read: "_Read",
        ready: Mapping[RecordKey, Ready],
        marker: str,
    ) -> Decision:
        customer = ready[customer_key(read.snapshot.invoice.customer_id)]
        decision = map_invoice(
            read.snapshot,
            read.products,
            Customer.model_validate(customer.view.record.desired),
            self._work.settings,
            self._work.company,
            References(
                customer.qbo_id,
                {product: ready[product_key(product)].qbo_id for product in read.needed},
                ref_value(customer.view.state.object or {}, "CurrencyRef") or None,
                {rate: ready[tax_rate_key(rate)].qbo_id for rate in read.rates},
            ),
            marker,
            view.state.object if view.state.linked else None,
            choices=choices_of(view),
            applied_digest=view.state.applied_digest,
        )
        if not isinstance(decision, Write) or not view.state.linked:
            return decision  # nothing can be applied yet; what waits for it comes back once it is there
        open_warning = self._open_by(view)
        return self._after_release(view, replace(decision, warnings=(*decision.warnings, *open_warning)))

    def _open_by(self, view: View) -> tuple[Problem, ...]:
        """Payments that are not sent by choice leave the invoice open in QuickBooks; it says by how much."""
        amount = Decimal(0)
        for user in self._used_by(view):
            if user.key.kind is not Kind.PAYMENT or user.record.status is not Status.SKIPPED or user.record.deleted:
                continue
            payment = Payment.model_validate(user.record.desired)
            if any(problem.code in IN_QUICKBOOKS for problem in user.record.problems):
                continue
            if payment.success and payment.payment_amount > 0:
                amount += sum(each.amount for each in payment.allocations if str(each.invoice_id) == view.key.id)
        if not amount:
            return ()
        shown = money.show(amount, self._work.company.home_currency)
        message = f"{explanations.named(view.key, view.state.object or {})} is open in QuickBooks by {shown} more than "
        message += "in Syncro: a payment of it is not sent, for the reason on the payment."
        return (problems.warning(OPEN_IN_QUICKBOOKS, message, "Settle it in QuickBooks by hand."),)

    # -- order of repair -------------------------------------------------------------------------------------------

    def _after_release(self, view: View, write: Write) -> Decision:
        """Payments are taken off an invoice before it is worth less than they apply, and put back afterwards."""
        payments = self._applying(view)
        applied = sum((applied_to(each.state.object, "Invoice", view.state.qbo_id) for each in payments), Decimal(0))
        keys = tuple(each.key for each in payments)
        may_apply = self._may_apply(view, write, applied)
        if may_apply is None:
            if view.state.release_to and write.digest == view.state.applied_digest:
                self._end_release(view, keys)  # changed back meanwhile
            return write
        stuck = [each for each in payments if each.record.status is Status.NEEDS_ATTENTION]
        if stuck or (not view.state.release_to and self._deposited(payments)):
            self._end_release(view, keys)
            return Attention(explanations.cannot_be_released(view, stuck or payments), follows=keys)
        shown = money.show(applied - may_apply, self._work.company.home_currency)
        if not view.state.release_to:
            self._work.store.release(view, replace(view.state, release_to=str(may_apply)))
        self._work.dependents.reopen(keys)  # also after a death just before this
        return Wait(explanations.releasing(view, shown, payments), on=keys)

    def _applying(self, view: View) -> list[View]:
        return [each for each in self._used_by(view) if applied_to(each.state.object, "Invoice", view.state.qbo_id)]

    def _may_apply(self, view: View, write: Write, applied: Decimal) -> Decimal | None:
        """How much payments may apply while the invoice is changed; None if what they apply does no harm."""
        moves = ref_value(write.body, "CustomerRef") != ref_value(view.state.object or {}, "CustomerRef")
        allowed = Decimal(0) if moves else write.expected.total if write.expected else applied
        return allowed if allowed < applied else None

    def _deposited(self, payments: Sequence[View]) -> bool:
        """A payment in a bank deposit cannot be changed (facts: QBO 1.4, 6540); found out before the first step."""
        for payment in payments:
            now = self._work.client.read("Payment", payment.state.qbo_id, ReadPurpose.RECOVERY)
            if now and is_deposited(now):
                return True
        return False

    def _end_release(self, view: View, payments: Sequence[RecordKey]) -> None:
        if view.state.release_to:
            self._work.store.release(view, replace(view.state, release_to=""))
            self._work.dependents.reopen(payments)

    # -- endings ---------------------------------------------------------------------------------------------------

    def ended(self, view: View) -> bool:
        """Whether it was deleted in Syncro."""
        return view.record.deleted

    def deletion(self, view: View, now: JsonObject | None) -> Decision:
        """By the setting: a void, a question, or nothing. Its payments are followed: one that goes may allow a void."""
        settings = self._work.settings
        if view.record.chosen("void"):
            settings = settings.model_copy(update={"invoice_deletion": InvoiceDeletion.VOID})
        decision = map_deletion(view.key, now, settings, self._work.company)
        if not isinstance(decision, Attention):
            return decision
        payments = tuple(each.key for each in self._used_by(view) if each.key.kind is Kind.PAYMENT)
        return replace(decision, follows=payments)

    def refused(self, answer: Settled, code: str, problem: Problem) -> Reaction | None:
        """A number that is taken: by us, or by whom."""
        return self._numbers.reaction(answer, code, problem)

    def applied(self, _answer: Settled, warnings: Sequence[Problem]) -> None:
        """Automated sales tax that computes its own figure holds back further taxed invoices."""
        overriding = self._work.settings.ast_policy is AstPolicy.OVERRIDE
        automated = self._work.company.tax_mode is TaxMode.US_AUTOMATED
        if automated and overriding and any(warning.code == TAX_DIFFERS for warning in warnings):
            self._work.findings.note(Finding.OVERRIDE_IGNORED)


def customer_key(customer: int) -> RecordKey:
    """The record of a Syncro customer."""
    return RecordKey(Kind.CUSTOMER, str(customer))


def product_key(product: int) -> RecordKey:
    """The record of a Syncro product."""
    return RecordKey(Kind.PRODUCT, str(product))


def tax_rate_key(rate: int) -> RecordKey:
    """The record of the tax code that the settings ask for, for a Syncro rate."""
    return RecordKey(Kind.TAX_RATE, str(rate))

"""A Syncro payment as a QuickBooks Online payment: what it is worth, where it goes, what it pays (facts: QBO 1.4)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from syncro_quickbooks import money
from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.online.company import Company
from syncro_quickbooks.online.mapping import bodies, payment_problems
from syncro_quickbooks.online.mapping.bodies import ref
from syncro_quickbooks.online.mapping.dates import closed_until, document_day
from syncro_quickbooks.online.mapping.names import name_part
from syncro_quickbooks.online.mapping.precheck import Choices
from syncro_quickbooks.sync import problems
from syncro_quickbooks.sync.model import Attention, Operation, Problem, Skip, Totals, Write
from syncro_quickbooks.sync.settings import MethodKind, PaymentMethod, Settings
from syncro_quickbooks.syncro.dates import calendar_date
from syncro_quickbooks.syncro.models import Payment

MAX_REFERENCE = 21  # facts: QBO 1.4 gives no length for payments; 21 is the shortest of the others
_CREATE_ONLY = frozenset({"PrivateNote"})


@dataclass(frozen=True, slots=True)
class Application:
    """Part of a payment that pays an invoice, or of a credit memo that it uses up: QuickBooks' entity, id, amount."""

    entity: str
    qbo_id: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Money:
    """What a payment is in the books: its method, the amount received (0 where only a credit is applied), its lines."""

    method: PaymentMethod
    received: Decimal
    applications: tuple[Application, ...]
    warnings: tuple[Problem, ...] = ()


def payment_day(payment: Payment, settings: Settings) -> date:
    """The book date of a payment."""
    return calendar_date(payment.applied_at, settings.time_zone)


def precheck_payment(
    payment: Payment, settings: Settings, company: Company, current: JsonObject | None, choices: Choices
) -> Skip | Attention | None:
    """Why the payment cannot or need not be sent, or None if nothing speaks against it yet.

    `current` is the payment QuickBooks last returned, None if it has none. A payment that failed, or is worth nothing,
    is not decided here: it ends like a deleted one.
    """
    if current is None and payment.quickbooks_payment:
        return Skip(payment_problems.imported(payment))
    if settings.sync_payments_from and current is None:
        return Skip(payment_problems.from_quickbooks(payment, company.home_currency))
    if not settings.sync_payments_to:
        return Skip(payment_problems.payments_off(payment))
    reason = _skip_reason(payment, settings, company, current)
    if reason is not None:
        if current is None:
            return Skip(reason)
        shown = bodies.amount(current, "TotalAmt") or Decimal(0)
        return Attention(problems.still_shown(reason, shown, company.home_currency, "payment"))
    problem = _problem(payment, settings, company, current, choices)
    return Attention(problem) if problem else None


def _skip_reason(payment: Payment, settings: Settings, company: Company, current: JsonObject | None) -> Problem | None:
    if payment.payment_amount < 0:
        return payment_problems.refund(payment, company.home_currency)
    method = settings.payment_method(payment.payment_method)
    if method is not None and method.kind is MethodKind.DO_NOT_SYNC:
        return payment_problems.method_not_synced(payment)
    if method is not None and method.kind is MethodKind.STORE_CREDIT and not settings.sync_store_credit:
        return payment_problems.store_credit_off(payment)
    if current is not None:
        return None
    day = payment_day(payment, settings)
    return problems.before_start(payment_problems.subject(payment), day, settings.start_date, "payment")


def _problem(
    payment: Payment, settings: Settings, company: Company, current: JsonObject | None, choices: Choices
) -> Problem | None:
    method = settings.payment_method(payment.payment_method)
    if method is None:
        return payment_problems.method_unmapped(payment)
    if any(each.amount < 0 for each in payment.allocations):
        return payment_problems.impossible(payment, "one of its allocations is negative")
    if sum(each.amount for each in payment.allocations) > payment.payment_amount:
        return payment_problems.impossible(payment, "its allocations are more than its amount")
    if method.kind is MethodKind.WRITE_OFF and settings.bad_debt_item is None:
        return payment_problems.missing_item(payment, "bad_debt_item", "written-off invoices")
    closed, day = closed_until(settings, company), payment_day(payment, settings)
    is_dated_anew = current is None or choices.force_update
    if closed and is_dated_anew and day <= closed and not choices.redate:
        return problems.books_closed(payment_problems.subject(payment), day, closed)
    return None


def map_payment(  # noqa: PLR0917  the parts of one pure function, in the order of their making
    payment: Payment,
    what: Money,
    customer_id: str,
    settings: Settings,
    company: Company,
    marker_text: str,
    current: JsonObject | None,
    *,
    choices: Choices,
    applied_digest: str,
) -> Write | Attention:
    """The create or sparse update that makes QuickBooks say what Syncro says of the payment.

    `what` are the figures to send, `current` the payment QuickBooks last returned. All lines are always sent: they can
    only be updated together. The amount received is the Write's `expected`.
    """
    day = payment_day(payment, settings)
    posted = bodies.day(current, "TxnDate") if current else None
    closed = closed_until(settings, company)
    sent_day = document_day(day, posted, closed, force_update=choices.force_update, redate=choices.redate)
    lines: list[Json] = [application_line(each) for each in what.applications]
    content: JsonObject = {
        "CustomerRef": ref(customer_id),
        "TotalAmt": what.received,
        "TxnDate": sent_day.isoformat(),
        "Line": lines,
        **_details(payment, what, settings, company),
    }
    digest = bodies.digest(content, _CREATE_ONLY)
    if closed and posted and digest != applied_digest and min(posted, sent_day) <= closed:
        return Attention(problems.books_closed(payment_problems.subject(payment), min(posted, sent_day), closed))
    frame: JsonObject = {"PrivateNote": marker_text} if current is None else bodies.identity(current)
    return Write(
        operation=Operation.CREATE if current is None else Operation.UPDATE,
        entity="Payment",
        body={**content, **frame},
        digest=digest,
        expected=Totals(total=what.received),
        warnings=(*what.warnings, *problems.date_differs(payment_problems.subject(payment), day, sent_day)),
        lines=len(lines),
    )


def application_line(application: Application) -> JsonObject:
    """The line of a payment that applies it."""
    link: JsonObject = {"TxnId": application.qbo_id, "TxnType": application.entity}
    return {"Amount": application.amount, "LinkedTxn": [link]}


def _details(payment: Payment, what: Money, settings: Settings, company: Company) -> JsonObject:
    """How and where money came in; a credit that is applied touches no account."""
    fields: JsonObject = {}
    account = what.method.deposit_account or settings.deposit_account
    if what.method.kind is MethodKind.MONEY:
        if what.method.method:
            fields["PaymentMethodRef"] = ref(what.method.method.id)
        if account:
            fields["DepositToAccountRef"] = ref(account.id)
    reference = name_part(payment.ref_num, company, MAX_REFERENCE)
    if reference:
        fields["PaymentRefNum"] = reference
    if company.multi_currency:
        fields["CurrencyRef"] = ref(company.home_currency)
    return fields


def void_payment(current: JsonObject) -> Write:
    """The void of a payment that was deleted, or failed after it was posted (an ACH return)."""
    handle: JsonObject = {"Id": bodies.text(current, "Id"), "SyncToken": bodies.text(current, "SyncToken")}
    return Write(Operation.VOID, "Payment", handle, bodies.digest({"void": True}))


EMPTIED = bodies.digest({"void": True, "emptied": True})
"""Of the void of a payment that is to apply no credit memo any more: the record goes on, without a document."""


def emptied(update: Write) -> Write:
    """Instead of the update that would leave a payment of nothing for nothing: its void."""
    void = void_payment(update.body)
    return replace(void, digest=EMPTIED, warnings=update.warnings, lines=update.lines)


def is_deposited(current: JsonObject) -> bool:
    """Whether the payment is part of a bank deposit, which makes it unchangeable (facts: QBO 1.4, 6540)."""
    return any(bodies.text(link, "TxnType") == "Deposit" for link in bodies.objects(current, "LinkedTxn"))


def cut_to_room(wanted: Decimal, room: Decimal | None) -> Decimal:
    """What of `wanted` an invoice still takes; all of it where nothing is known to be in the way."""
    return wanted if room is None else max(min(wanted, room), money.parse(0))


def merged(applications: Sequence[Application]) -> tuple[Application, ...]:
    """One application per document, without empty ones, in the order in which the documents first appear."""
    sums: dict[tuple[str, str], Decimal] = {}
    for each in applications:
        key = each.entity, each.qbo_id
        sums[key] = sums.get(key, Decimal(0)) + each.amount
    return tuple(Application(entity, qbo_id, amount) for (entity, qbo_id), amount in sums.items() if amount)

"""A store credit, or an invoice that is written off, as a QuickBooks Online credit memo (facts: QBO 1.5)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from syncro_quickbooks import money
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.company import Company, TaxMode
from syncro_quickbooks.online.mapping import bodies
from syncro_quickbooks.online.mapping.bodies import ref
from syncro_quickbooks.online.mapping.dates import closed_until, document_day
from syncro_quickbooks.online.mapping.names import prose
from syncro_quickbooks.online.mapping.precheck import Choices
from syncro_quickbooks.online.mapping.tax import UNTAXED
from syncro_quickbooks.sync import problems
from syncro_quickbooks.sync.model import Action, Attention, Operation, Problem, Skip, Totals, Write
from syncro_quickbooks.sync.settings import Ref, Settings

MAX_DESCRIPTION = 4000
_CREATE_ONLY = frozenset({"PrivateNote"})


@dataclass(frozen=True, slots=True)
class Credit:
    """What is credited: how it is called in messages, to which day, how much, on which item, with what text."""

    who: str
    day: date
    amount: Decimal
    item: Ref
    text: str


def precheck_credit(
    credit: Credit, settings: Settings, company: Company, current: JsonObject | None, choices: Choices
) -> Skip | Attention | None:
    """Why the credit memo cannot or need not be made or changed, or None."""
    old = problems.before_start(credit.who, credit.day, settings.start_date, "credit memo") if current is None else None
    if old is not None:
        return Skip(old)
    closed = closed_until(settings, company)
    is_dated_anew = current is None or choices.force_update
    if closed and is_dated_anew and credit.day <= closed and not choices.redate:
        return Attention(problems.books_closed(credit.who, credit.day, closed))
    return None


def map_credit(  # noqa: PLR0917  the parts of one pure function, in the order of their making
    credit: Credit,
    customer_id: str,
    settings: Settings,
    company: Company,
    marker_text: str,
    current: JsonObject | None,
    *,
    choices: Choices,
    applied_digest: str,
) -> Write | Attention:
    """The create or update that makes QuickBooks hold this credit.

    An update is a full one on top of what QuickBooks last returned: Intuit documents no sparse one (facts: QBO 1.0).
    """
    posted = bodies.day(current, "TxnDate") if current else None
    closed = closed_until(settings, company)
    day = document_day(credit.day, posted, closed, force_update=choices.force_update, redate=choices.redate)
    content: JsonObject = {
        "CustomerRef": ref(customer_id),
        "TxnDate": day.isoformat(),
        "Line": [_line(credit, settings, company)],
        **untaxed_document(settings, company),
    }
    if company.multi_currency:
        content["CurrencyRef"] = ref(company.home_currency)
    digest = bodies.digest(content, _CREATE_ONLY)
    if closed and posted and digest != applied_digest and min(posted, day) <= closed:
        return Attention(problems.books_closed(credit.who, min(posted, day), closed))
    is_new = current is None
    return Write(
        operation=Operation.CREATE if is_new else Operation.UPDATE,
        entity="CreditMemo",
        body={**content, "PrivateNote": marker_text} if is_new else bodies.full_update(current or {}, content),
        digest=digest,
        expected=Totals(total=credit.amount, tax=Decimal(0)),
        warnings=problems.date_differs(credit.who, credit.day, day),
        lines=1,
    )


def _line(credit: Credit, settings: Settings, company: Company) -> JsonObject:
    detail: JsonObject = {"ItemRef": ref(credit.item.id), "Qty": 1, "UnitPrice": credit.amount}
    code = untaxed_code(settings, company)
    if code is not None:
        detail["TaxCodeRef"] = ref(code)
    line: JsonObject = {"DetailType": "SalesItemLineDetail", "Amount": credit.amount, "SalesItemLineDetail": detail}
    text = prose(credit.text, company, MAX_DESCRIPTION)
    return {**line, "Description": text} if text else line


def untaxed_code(settings: Settings, company: Company) -> str | None:
    """A credit is no sale: outside the US out of scope of tax, else zero-rated if that is all there is."""
    if company.tax_mode is TaxMode.NO_TAX:
        return None
    if company.tax_mode is not TaxMode.NON_US:
        return UNTAXED
    code = settings.out_of_scope_tax_code or settings.zero_tax_code
    return code.id if code else None


def untaxed_document(settings: Settings, company: Company) -> JsonObject:
    """What the whole document says of that."""
    if company.tax_mode is not TaxMode.NON_US:
        return {}
    has_code = untaxed_code(settings, company) is not None
    return {"GlobalTaxCalculation": "TaxExcluded" if has_code else "NotApplicable"}


def delete_credit(now: JsonObject, who: str, settings: Settings, company: Company) -> Write | Attention:
    """The deletion of a credit memo, which has no void (facts: QBO 1.5): only while nothing of it is used."""
    total, left = bodies.amount(now, "TotalAmt") or Decimal(0), bodies.amount(now, "RemainingCredit")
    used = total - (total if left is None else left)
    linked = [link for link in bodies.objects(now, "LinkedTxn") if bodies.text(link, "TxnId")]
    if used or linked:
        shown = money.show(used, company.home_currency)
        return Attention(
            Problem(
                "credit_in_use",
                f"{who} was deleted in Syncro, but {shown} of its credit memo in QuickBooks is applied to invoices.",
                "Take the credit off those invoices in QuickBooks and try again, or leave the credit memo there.",
                actions=(problems.RETRY, Action("skip", "Leave it in QuickBooks")),
            )
        )
    day, closed = bodies.day(now, "TxnDate"), closed_until(settings, company)
    if closed and day and day <= closed:
        return Attention(problems.books_closed(who, day, closed))
    handle: JsonObject = {"Id": bodies.text(now, "Id"), "SyncToken": bodies.text(now, "SyncToken")}
    return Write(Operation.DELETE, "CreditMemo", handle, bodies.digest({"delete": True}))

"""A Syncro invoice as an invoice in QuickBooks Desktop (facts: QBD 2.2, 2.6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from syncro_quickbooks import money
from syncro_quickbooks.desktop.company import Company
from syncro_quickbooks.desktop.mapping.bodies import digest, total_of
from syncro_quickbooks.desktop.mapping.lines import Context, Line, lines_of
from syncro_quickbooks.desktop.mapping.names import MAX_NUMBER, short_number
from syncro_quickbooks.desktop.qbxml.reading import rows, text
from syncro_quickbooks.desktop.qbxml.text import one_line, plain
from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.sync import problems
from syncro_quickbooks.sync.model import Action, Attention, Operation, Problem, Skip, Totals, Wait, Write
from syncro_quickbooks.sync.settings import LongNumbers, Settings
from syncro_quickbooks.syncro.dates import calendar_date
from syncro_quickbooks.syncro.models import Invoice, InvoiceSnapshot

Verdict: TypeAlias = Skip | Attention | Wait

_MAX_PO = 25


@dataclass(frozen=True, slots=True)
class Posting:
    """How an invoice stands in QuickBooks: what it last returned, the digest last written, and whether it is forced."""

    current: JsonObject | None = None
    applied_digest: str = ""
    forced: bool = False


def map_invoice(context: Context, marker_text: str, posting: Posting) -> Write | Verdict:
    """The InvoiceAdd or InvoiceMod that makes QuickBooks say what Syncro says, or why there is none.

    The CustomerRef is left to whoever knows whether the same message set makes the customer. QuickBooks computes tax
    and total itself; Syncro's are the Write's `expected`.
    """
    invoice = context.snapshot.invoice
    verdict = precheck(context.snapshot, context.settings, context.company, posting)
    if verdict is not None:
        return verdict
    lines = lines_of(context)
    if isinstance(lines, Skip):
        return _skip(lines.problem, invoice, posting)
    if isinstance(lines, Attention):
        return lines
    tax = _tax(lines, context)
    if isinstance(tax, Problem):
        return Attention(tax)
    head = {**_head(context), **tax}
    bodies = [line.body(context.company) for line in lines]
    content: JsonObject = {"customer": invoice.customer_id, **head, "lines": list(bodies)}
    frame = _frame(context, bodies, marker_text, posting)
    write = Write(
        operation=Operation.CREATE if posting.current is None else Operation.UPDATE,
        entity="Invoice",
        body={**head, **frame},
        digest=digest(content),
        expected=Totals(money.cents(invoice.total), money.cents(invoice.tax)),
        warnings=(*_number_warning(invoice), *_date_warnings(context, posting)),
        lines=len(lines),
    )
    return _closed_books(write, context, posting) or write


def precheck(snapshot: InvoiceSnapshot, settings: Settings, company: Company, posting: Posting) -> Verdict | None:
    """Why the invoice cannot or need not be sent, as far as that can be said without its lines' items and taxes."""
    invoice = snapshot.invoice
    reason = _skip_reason(invoice, settings, posting)
    if reason is not None:
        return _skip(reason, invoice, posting)
    if not invoice.line_items:
        no_lines = Problem(
            "no_lines",
            f"{problems.subject(invoice)} has no lines yet.",
            "Add lines in Syncro; the invoice is then sent by itself.",
        )
        return Wait(no_lines) if posting.current is None else _skip(no_lines, invoice, posting)
    if not invoice.total:  # an invoice that only begins is $0, too, so lines come first
        return _skip(_zero(invoice), invoice, posting)
    problem = _number_problem(invoice, settings)
    if problem is None and posting.current is None:
        problem = _closed(_day(invoice, settings), invoice, settings, company)
    return Attention(problem) if problem else None


def _skip_reason(invoice: Invoice, settings: Settings, posting: Posting) -> Problem | None:
    who, total = problems.subject(invoice), money.show(invoice.total)
    if not settings.sync_invoices_to:
        return problems.skipped(
            "invoices_off",
            f"{who} is not sent, because Sync Invoices TO QuickBooks is off.",
            "Turn it on in the settings, then retry.",
            problems.settings_action("sync_invoices_to"),
        )
    if invoice.is_draft:
        return problems.skipped("draft", f"{who} is a draft; drafts are not sent.", "Publish it in Syncro.")
    if invoice.is_refund or invoice.total < 0:
        what = "is a refund" if invoice.is_refund else "has a negative total"
        return problems.skipped(
            "refund" if invoice.is_refund else "negative_total",
            f"{who} {what} ({total}); QuickBooks does not take it as an invoice.",
            "Adjust it manually in QuickBooks.",
            problems.SKIP,
        )
    start, day = settings.start_date, _day(invoice, settings)
    if posting.current is None and start is not None and day < start:
        return problems.skipped(
            "before_start_date",
            f"{who} is dated {day.isoformat()}, before the start date {start.isoformat()} of the synchronisation.",
            "Push it anyway, unless QuickBooks has it already.",
            Action("push_anyway", "Push it anyway"),
            problems.SKIP,
        )
    return None


def _zero(invoice: Invoice) -> Problem:
    return problems.skipped(
        "desktop_zero_invoice",
        f"{problems.subject(invoice)} comes to $0.00; such invoices are not sent to QuickBooks Desktop.",
        "Nothing to do. If it should be in the books, enter it there by hand.",
        problems.SKIP,
    )


def _skip(reason: Problem, invoice: Invoice, posting: Posting) -> Verdict:
    """A reason that begins to apply to a posted invoice is somebody's to settle."""
    if posting.current is None or reason.code == "invoices_off":
        return Skip(reason)
    return Attention(problems.still_shown(reason, total_of(posting.current) or invoice.total, "USD"))


# -- the body ----------------------------------------------------------------------------------------------------------


def _frame(context: Context, lines: Sequence[JsonObject], marker_text: str, posting: Posting) -> JsonObject:
    """The lines, and what says which document it is."""
    if posting.current is not None:
        who: JsonObject = {name: text(posting.current, name) for name in ("TxnID", "EditSequence")}
        return {**who, "InvoiceLineMod": list(_lines_in_place(lines, posting.current))}
    return {
        "TxnDate": _day(context.snapshot.invoice, context.settings).isoformat(),
        "Memo": _memo(context.snapshot.invoice, marker_text),
        "IsToBePrinted": False,
        "IsToBeEmailed": False,
        "InvoiceLineAdd": [line if line["Desc"] else _without(line, "Desc") for line in lines],
    }


def _without(line: JsonObject, name: str) -> JsonObject:
    """QuickBooks puts the item's own description where a new line has none."""
    return {key: value for key, value in line.items() if key != name}


def _lines_in_place(lines: Sequence[JsonObject], current: JsonObject) -> Sequence[Json]:
    """Each line in the place of the one that QuickBooks has there; the rest is new (-1), what is not named is deleted.

    Only a line of the same make is changed: a quantity that is not sent would stay (facts: QBD 2.2).
    """
    posted = rows(current, "lines")
    placed: list[Json] = []
    for place, line in enumerate(lines):
        there = posted[place] if place < len(posted) else {}
        same_make = ("Quantity" in there) == ("Quantity" in line)
        line_id = text(there, "TxnLineID") if same_make else ""
        placed.append({"TxnLineID": line_id or "-1", **line})
    return placed


def _head(context: Context) -> JsonObject:
    invoice, settings = context.snapshot.invoice, context.settings
    due = calendar_date(invoice.due_date, settings.time_zone) if invoice.due_date else None
    by_id = settings.terms.get(context.customer.invoice_term_id or 0)
    days = (due - _day(invoice, settings)).days if due else None
    term = by_id or (settings.terms_by_days.get(days) if days is not None else None)
    head: JsonObject = {}
    if number := _number(invoice):
        head["RefNumber"] = number
    if po := one_line(invoice.po_number, _MAX_PO):
        head["PONumber"] = po
    if term is not None:
        head["TermsRef"] = {"ListID": term.id}
    if due is not None:
        head["DueDate"] = due.isoformat()
    return head


def _tax(lines: Sequence[Line], context: Context) -> JsonObject | Problem:
    """The invoice's one tax item, and whether its customer is taxed; always sent, for QuickBooks fills in its own."""
    invoice, settings, company = context.snapshot.invoice, context.settings, context.company
    taxed = {line.tax.id: line.tax for line in lines if line.tax is not None and line.is_taxed}
    if not company.sales_tax:
        if not invoice.tax:
            return {}
        return problems.tax_problem(
            "sales_tax_off",
            f"{problems.subject(invoice)} has {money.show(invoice.tax)} tax, but sales tax is not set up in "
            "QuickBooks, so it would be posted without it.",
            "Set up sales tax in QuickBooks and map the rates, or remove the tax from the invoice in Syncro.",
        )
    if not taxed:
        item: JsonObject = {"ItemSalesTaxRef": {"ListID": settings.zero_tax_code.id}} if settings.zero_tax_code else {}
        return {**item, "CustomerSalesTaxCodeRef": company.untaxed_code}
    unmapped = next((rate for rate in taxed.values() if rate.id not in settings.tax_codes), None)
    if unmapped is not None:
        return problems.tax_rate_unmapped(invoice, unmapped.id, unmapped.name)
    items = {settings.tax_codes[rate.id].id for rate in taxed.values()}
    if len(items) > 1:
        names = ", ".join(sorted(f"'{rate.name}'" for rate in taxed.values()))
        return problems.tax_problem(
            "two_tax_rates",
            f"{problems.subject(invoice)} uses the tax rates {names}; QuickBooks Desktop takes only one per invoice.",
            "Split the invoice in Syncro by tax rate.",
        )
    return {"ItemSalesTaxRef": {"ListID": items.pop()}, "CustomerSalesTaxCodeRef": company.taxable_code}


# -- number, memo, dates -----------------------------------------------------------------------------------------------


def _written_number(invoice: Invoice) -> str:
    return plain(invoice.number.strip())


def _number(invoice: Invoice) -> str:
    """Syncro's number if it fits, else the short one; whether that is wanted has been checked."""
    number = _written_number(invoice)
    return number if len(number) <= MAX_NUMBER else short_number(invoice.id)


def _number_problem(invoice: Invoice, settings: Settings) -> Problem | None:
    number = _written_number(invoice)
    if number != invoice.number.strip():
        why = "QuickBooks Desktop cannot write all characters of this number."
        return problems.number_problem(invoice, "number_not_writable", why)
    if len(number) <= MAX_NUMBER or settings.desktop_long_numbers is LongNumbers.SHORTEN:
        return None
    why = f"the number has {len(number)} characters, and QuickBooks Desktop takes {MAX_NUMBER}."
    problem = problems.number_problem(invoice, "number_too_long", why)
    return Problem(
        problem.code,
        problem.message,
        "Change the invoice number in Syncro, or choose in the settings that such invoices get a short number and keep "
        "Syncro's in the memo.",
        actions=(problems.settings_action("desktop_long_numbers"), *problem.actions),
    )


def _number_warning(invoice: Invoice) -> tuple[Problem, ...]:
    if len(_written_number(invoice)) <= MAX_NUMBER:
        return ()
    message = (
        f"{problems.subject(invoice)} has the number {_number(invoice)} in QuickBooks, which has no room for "
        "Syncro's; that is in the memo."
    )
    return (problems.warning("number_shortened", message),)


def _memo(invoice: Invoice, marker_text: str) -> str:
    """The marker, which says whose document it is, and Syncro's number where there is no room for it."""
    number = _written_number(invoice)
    return f"{marker_text} Invoice number: {number}" if len(number) > MAX_NUMBER else marker_text


def _day(invoice: Invoice, settings: Settings) -> date:
    return calendar_date(invoice.date, settings.time_zone)


def _date_warnings(context: Context, posting: Posting) -> tuple[Problem, ...]:
    """Dates are sent once, when the document is made (facts: Syncro 1.5)."""
    who, day = problems.subject(context.snapshot.invoice), _day(context.snapshot.invoice, context.settings).isoformat()
    found: list[Problem] = []
    if posting.forced and posting.current is not None:
        message = f"{who} was sent again by Force Update, without its date: QuickBooks Desktop keeps the one it has."
        found.append(problems.warning("desktop_force_without_dates", message))
    posted = text(posting.current or {}, "TxnDate")
    if posted and posted != day:
        message = f"{who} is dated {day} in Syncro and {posted} in QuickBooks; updates keep the latter."
        found.append(problems.warning("date_differs", message, "Change the date in QuickBooks if it should follow."))
    return tuple(found)


# -- closed books ------------------------------------------------------------------------------------------------------


def closed_until(settings: Settings, company: Company) -> date | None:
    """The last closed day: the later of QuickBooks' closing date and the account's own lock date."""
    return max((day for day in (settings.lock_date, company.closing_date) if day), default=None)


def _closed(day: date, invoice: Invoice, settings: Settings, company: Company) -> Problem | None:
    closed = closed_until(settings, company)
    return (
        problems.books_closed(problems.subject(invoice), day, closed) if closed is not None and day <= closed else None
    )


def _closed_books(write: Write, context: Context, posting: Posting) -> Verdict | None:
    """In a closed month an invoice is not touched: a change of money is asked about, any other left out."""
    invoice, current = context.snapshot.invoice, posting.current
    posted = text(current or {}, "TxnDate")
    if current is None or not posted or write.digest == posting.applied_digest:
        return None
    problem = _closed(date.fromisoformat(posted), invoice, context.settings, context.company)
    if problem is None:
        return None
    if write.expected is not None and total_of(current) != write.expected.total:
        return Attention(problem)
    return Skip(
        problems.skipped(
            "closed_cosmetic",
            f"{problems.subject(invoice)} was changed in Syncro without changing its total; its month is closed in "
            "QuickBooks, so the change is not sent.",
            "Nothing to do.",
        )
    )

"""Everything about an invoice that can be decided before its customer and items exist in QuickBooks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from syncro_quickbooks import money
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.company import Company, TaxMode
from syncro_quickbooks.online.mapping import bodies
from syncro_quickbooks.online.mapping.dates import closed_until, invoice_day
from syncro_quickbooks.online.mapping.names import prose
from syncro_quickbooks.online.mapping.tax import LineTax, TaxContext, document_tax, line_tax
from syncro_quickbooks.sync import problems
from syncro_quickbooks.sync.model import Attention, Problem, Skip, Wait
from syncro_quickbooks.sync.settings import AstPolicy, Numbering, Settings
from syncro_quickbooks.syncro.discounts import MAX_AMOUNT
from syncro_quickbooks.syncro.models import Customer, Invoice, InvoiceSnapshot

# Facts: QBO 1.0 (10,000 lines, 750 if an invoice is taxable) and 1.3 (DocNumber).
MAX_LINES = 10_000
MAX_TAXABLE_LINES = 750
MAX_NUMBER = 21

Verdict: TypeAlias = Skip | Attention | Wait


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person decided about one record: Force Update sends Syncro's date, an old invoice may be let through, a
    new document of a closed month is dated on the first open day."""

    force_update: bool = False
    ignore_start_date: bool = False
    redate: bool = False


NO_CHOICES = Choices()


@dataclass(frozen=True, slots=True)
class _Case:
    snapshot: InvoiceSnapshot
    settings: Settings
    company: Company
    customer: Customer | None
    current: JsonObject | None
    choices: Choices

    @property
    def invoice(self) -> Invoice:
        return self.snapshot.invoice

    @property
    def who(self) -> str:
        return problems.subject(self.invoice)


def precheck_invoice(
    snapshot: InvoiceSnapshot,
    settings: Settings,
    company: Company,
    current: JsonObject | None,
    *,
    customer: Customer | None = None,
    choices: Choices = NO_CHOICES,
) -> Verdict | None:
    """Why the invoice cannot or need not be sent, or None if nothing speaks against it yet.

    `current` is the document QuickBooks last returned for this invoice, None if it has none. Closed books are decided
    here for a new document only: whether a change to an existing one touches money is known once it is mapped.
    Without the `customer`, who may be exempt, nothing is said about tax.
    """
    case = _Case(snapshot, settings, company, customer, current, choices)
    if not settings.sync_invoices_to:
        return Skip(_invoices_off(case))
    reason = next((found for rule in _SKIPS if (found := rule(case))), None)
    if reason:
        return _skip(reason, case)
    if not case.invoice.line_items:
        return _no_lines(case)
    problem = next((found for rule in _PROBLEMS if (found := rule(case))), None)
    return Attention(problem) if problem else None


def _skip(reason: Problem, case: _Case) -> Verdict:
    if case.current is None:
        return Skip(reason)
    shown = bodies.amount(case.current, "TotalAmt")
    return Attention(problems.still_shown(reason, shown or money.parse(0), case.company.home_currency))


def _no_lines(case: _Case) -> Verdict:
    reason = Problem(
        code="no_lines",
        message=f"{case.who} has no lines yet.",
        fix="Add lines in Syncro; the invoice is then sent by itself.",
    )
    return Wait(reason) if case.current is None else _skip(reason, case)


def _invoices_off(case: _Case) -> Problem:
    return problems.skipped(
        "invoices_off",
        f"{case.who} is not sent, because Sync Invoices TO QuickBooks is off.",
        "Turn it on in the settings, then retry.",
        problems.settings_action("sync_invoices_to"),
    )


def _draft(case: _Case) -> Problem | None:
    if not case.invoice.is_draft:
        return None
    return problems.skipped("draft", f"{case.who} is a draft; drafts are not sent.", "Publish it in Syncro.")


def _refund(case: _Case) -> Problem | None:
    total = money.show(case.invoice.total, case.company.home_currency)
    if case.invoice.is_refund:
        message = f"{case.who} is a refund ({total}); refunds are not sent."
    elif case.invoice.total < 0:
        message = f"{case.who} has a negative total ({total}), which QuickBooks does not take as an invoice."
    else:
        return None
    code = "refund" if case.invoice.is_refund else "negative_total"
    return problems.skipped(code, message, "Adjust it manually in QuickBooks.", problems.SKIP)


def _before_start(case: _Case) -> Problem | None:
    start = case.settings.start_date
    day = invoice_day(case.invoice, case.settings)
    if start is None or day >= start or case.choices.ignore_start_date:
        return None
    # An old document that was linked or pushed on request is ours from then on.
    posted = bodies.day(case.current, "TxnDate") if case.current else None
    if posted is not None and posted < start:
        return None
    return problems.before_start(case.who, day, start, "invoice")


def _number(case: _Case) -> Problem | None:
    number = case.invoice.number.strip()
    if not case.company.custom_txn_numbers:
        return _numbered_by_quickbooks(case)
    if not number:
        return problems.number_problem(case.invoice, "number_missing", "it has no number.")
    if len(number) > MAX_NUMBER:
        why = f"its number has {len(number)} characters, QuickBooks takes {MAX_NUMBER}, and numbers are never cut."
        return problems.number_problem(case.invoice, "number_too_long", why)
    if prose(number, case.company, MAX_NUMBER) != number:
        why = "its number has characters that QuickBooks does not take, and numbers are never changed."
        return problems.number_problem(case.invoice, "number_characters", why)
    return None


def _numbered_by_quickbooks(case: _Case) -> Problem | None:
    if case.settings.numbering is Numbering.MEMO_WHEN_QUICKBOOKS_NUMBERS:
        return None
    return problems.missing_setting(
        "quickbooks_numbers_itself",
        f"{case.who}: QuickBooks numbers invoices itself, so Syncro's number would be lost.",
        "numbering",
        "In QuickBooks turn on custom transaction numbers, or choose to keep Syncro's number in the memo.",
    )


def _closed_for_new(case: _Case) -> Problem | None:
    closed = closed_until(case.settings, case.company)
    day = invoice_day(case.invoice, case.settings)
    is_closed = case.current is None and closed is not None and day <= closed and not case.choices.redate
    return problems.books_closed(case.who, day, closed) if closed and is_closed else None


def _size(case: _Case) -> Problem | None:
    invoice, lines = case.invoice, len(case.invoice.line_items)
    biggest = max(abs(invoice.total), *(abs(line.price * line.quantity) for line in invoice.line_items))
    if biggest >= MAX_AMOUNT:
        why, code = "it has an amount of more than ten digits, which QuickBooks does not take.", "amount_too_large"
    elif lines > MAX_LINES:
        why, code = f"it has {lines} lines; QuickBooks takes {MAX_LINES:,}.", "too_many_lines"
    else:
        return None
    return Problem(code, f"{case.who}: {why}", "Split the invoice in Syncro.", actions=(problems.RETRY, problems.SKIP))


def _tax(case: _Case) -> Problem | None:
    if case.customer is None:
        return None
    to_be_made = {rate: f"rate {rate}" for rate in case.settings.new_tax_codes}  # nothing is sent with these
    context = TaxContext(case.snapshot, case.customer, case.settings, case.company, to_be_made)
    taxes = [line_tax(line, context) for line in case.invoice.line_items]
    problem = next((tax for tax in taxes if isinstance(tax, Problem)), None)
    if problem:
        return problem
    known = [tax for tax in taxes if isinstance(tax, LineTax)]
    document = document_tax(known, context)
    if isinstance(document, Problem):
        return document
    return _too_many_taxable(known, case)


def _too_many_taxable(taxes: list[LineTax], case: _Case) -> Problem | None:
    """Intuit's page limits all lines of an invoice that is taxable, not only its taxable lines."""
    if len(taxes) <= MAX_TAXABLE_LINES or not any(tax.is_taxed for tax in taxes):
        return None
    return Problem(
        code="too_many_taxable_lines",
        message=f"{case.who} is taxable and has {len(taxes)} lines; QuickBooks takes {MAX_TAXABLE_LINES} of those.",
        fix="Split the invoice in Syncro.",
        actions=(problems.RETRY, problems.SKIP),
    )


def _tax_line_item(case: _Case) -> Problem | None:
    is_line = case.settings.ast_policy is AstPolicy.TAX_LINE and case.company.tax_mode is TaxMode.US_AUTOMATED
    if not is_line or case.invoice.tax == 0 or case.settings.us_tax_line_item:
        return None
    return problems.missing_setting(
        "us_tax_line_item_missing",
        f"{case.who}: its tax is to be sent as a line, but no QuickBooks item is chosen for it.",
        "us_tax_line_item",
        "Choose the item that carries the sales tax.",
    )


Rule: TypeAlias = Callable[[_Case], Problem | None]
_SKIPS: tuple[Rule, ...] = (_draft, _refund, _before_start)
_PROBLEMS: tuple[Rule, ...] = (_number, _closed_for_new, _size, _tax, _tax_line_item)

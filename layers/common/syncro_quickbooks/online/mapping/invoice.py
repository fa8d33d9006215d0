"""A Syncro invoice as a QuickBooks Online invoice (facts: QBO 1.3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from syncro_quickbooks import money
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.company import Company, TaxMode
from syncro_quickbooks.online.mapping import bodies
from syncro_quickbooks.online.mapping.bodies import ref
from syncro_quickbooks.online.mapping.dates import closed_until, document_day, invoice_day
from syncro_quickbooks.online.mapping.lines import References, SalesLine, sales_lines
from syncro_quickbooks.online.mapping.names import prose
from syncro_quickbooks.online.mapping.precheck import NO_CHOICES, Choices, precheck_invoice
from syncro_quickbooks.online.mapping.prediction import compare, predict
from syncro_quickbooks.online.mapping.tax import UNTAXED, LineTax, TaxContext, document_tax
from syncro_quickbooks.sync import problems
from syncro_quickbooks.sync.model import Action, Attention, Operation, Problem, Skip, Totals, Wait, Write
from syncro_quickbooks.sync.settings import AstPolicy, Numbering, Settings
from syncro_quickbooks.sync.targets import needed_products
from syncro_quickbooks.syncro.dates import calendar_date
from syncro_quickbooks.syncro.models import Customer, Invoice, InvoiceSnapshot, Product

__all__ = ["Choices", "References", "map_invoice", "needed_products", "precheck_invoice"]

# Facts: QBO 1.3.
MAX_CUSTOMER_MEMO = 1000
# Set when the document is made and the bookkeeper's from then on; the marker says whose it is, not what it says.
CREATE_ONLY = frozenset({"PrivateNote", "EmailStatus", "AllowOnlineACHPayment", "AllowOnlineCreditCardPayment"})


@dataclass(frozen=True, slots=True)
class _Mapping:
    """One invoice on its way, with everything that its parts depend on."""

    context: TaxContext
    references: References
    current: JsonObject | None
    choices: Choices

    @property
    def invoice(self) -> Invoice:
        return self.context.snapshot.invoice

    @property
    def settings(self) -> Settings:
        return self.context.settings

    @property
    def company(self) -> Company:
        return self.context.company


def map_invoice(  # noqa: PLR0917  the parts of one pure function, in the order of their making
    snapshot: InvoiceSnapshot,
    products: Mapping[int, Product],
    customer: Customer,
    settings: Settings,
    company: Company,
    references: References,
    marker_text: str,
    current: JsonObject | None,
    *,
    choices: Choices = NO_CHOICES,
    applied_digest: str | None = None,
) -> Write | Skip | Attention | Wait:
    """The create or update that makes QuickBooks say what Syncro says, or why there is none.

    `current` is the document QuickBooks last returned (without envelope), None before the first create; `products`
    are all products the lines name. `applied_digest` is the digest last written: an unchanged invoice in a closed month
    then comes back as a Write of that digest instead of a Skip. Syncro's own amounts are the Write's `expected`.
    """
    verdict = precheck_invoice(snapshot, settings, company, current, customer=customer, choices=choices)
    if verdict:
        return verdict
    context = TaxContext(snapshot, customer, settings, company, references.tax_codes)
    mapping = _Mapping(context, references, current, choices)
    lines = sales_lines(context, products, references)
    if not isinstance(lines, list):
        return lines
    tax = document_tax([line.tax for line in lines], context)
    if isinstance(tax, Problem):
        return Attention(tax)
    currency = _currency_problem(mapping)
    if currency:
        return Attention(currency)
    write = _write(mapping, _with_tax_line(lines, context), tax, marker_text)
    return _closed_books(write, mapping, applied_digest) or write


def _write(mapping: _Mapping, lines: list[SalesLine], tax: JsonObject, marker_text: str) -> Write:
    day = _document_day(mapping)
    location, location_warnings = _location(mapping)
    class_id = bodies.ref_value(location, "ClassRef") if mapping.company.class_per_line else None
    body: JsonObject = {
        "CustomerRef": ref(mapping.references.customer_id),
        "TxnDate": day.isoformat(),
        "Line": [line.body(class_id or None) for line in lines],
        **tax,
        **({} if mapping.company.class_per_line else location),
        **_number(mapping),
        **_terms(mapping),
        **_memo(mapping),
    }
    if "DepartmentRef" in location:
        body["DepartmentRef"] = location["DepartmentRef"]
    if mapping.company.multi_currency:
        body["CurrencyRef"] = ref(mapping.company.home_currency)
    expected, who = _expected(mapping), problems.subject(mapping.invoice)
    forecast = compare(expected, _predicted(lines, mapping), who, mapping.company.home_currency)
    warnings = (
        *forecast,
        *problems.date_differs(who, invoice_day(mapping.invoice, mapping.settings), day),
        *_number_warning(mapping),
        *location_warnings,
    )
    return Write(
        operation=Operation.CREATE if mapping.current is None else Operation.UPDATE,
        entity="Invoice",
        body={**body, **_frame(mapping, marker_text)},
        digest=bodies.digest(body, CREATE_ONLY),
        expected=expected,
        warnings=warnings,
        lines=len(lines),
    )


def _frame(mapping: _Mapping, marker_text: str) -> JsonObject:
    """Identity and marker, and on create what the bookkeeper may change afterwards."""
    if mapping.current is not None:
        return {**bodies.identity(mapping.current), **bodies.marked_note(mapping.current, marker_text)}
    created: JsonObject = {"PrivateNote": marker_text, "EmailStatus": "NotSet"}
    if not mapping.settings.sync_payments_from:
        # Customers paying in QuickBooks and in Syncro would pay twice.
        created |= {"AllowOnlineACHPayment": False, "AllowOnlineCreditCardPayment": False}
    return created


def _document_day(mapping: _Mapping) -> date:
    """Syncro's date on create and Force Update, else the one QuickBooks has."""
    posted = bodies.day(mapping.current, "TxnDate") if mapping.current else None
    own, closed = invoice_day(mapping.invoice, mapping.settings), closed_until(mapping.settings, mapping.company)
    choices = mapping.choices
    return document_day(own, posted, closed, force_update=choices.force_update, redate=choices.redate)


def _number(mapping: _Mapping) -> JsonObject:
    """Intuit: do not send a DocNumber to a company that numbers by itself, it can lead to duplicates."""
    return {"DocNumber": mapping.invoice.number.strip()} if mapping.company.custom_txn_numbers else {}


def _number_warning(mapping: _Mapping) -> tuple[Problem, ...]:
    if mapping.company.custom_txn_numbers:
        return ()
    message = (
        f"{problems.subject(mapping.invoice)}: QuickBooks gives it a number of its own; Syncro's is in the message."
    )
    return (problems.warning("numbered_by_quickbooks", message, "Turn on custom transaction numbers in QuickBooks."),)


def _terms(mapping: _Mapping) -> JsonObject:
    """The due date, and the term: the customer's by id, else the one with as many days."""
    invoice, settings = mapping.invoice, mapping.settings
    due = calendar_date(invoice.due_date, settings.time_zone) if invoice.due_date else None
    by_id = settings.terms.get(mapping.context.customer.invoice_term_id or 0)
    days = (due - invoice_day(invoice, settings)).days if due else None
    term = by_id or (settings.terms_by_days.get(days) if days is not None else None)
    fields: JsonObject = {"DueDate": due.isoformat()} if due else {}
    return {**fields, "SalesTermRef": ref(term.id)} if term else fields


def _memo(mapping: _Mapping) -> JsonObject:
    """Syncro's note for the customer. The PO number joins it: Intuit documents no PO field, and a custom field needs
    a definition of the company's own."""
    invoice = mapping.invoice
    keeps_number = (
        not mapping.company.custom_txn_numbers and mapping.settings.numbering is Numbering.MEMO_WHEN_QUICKBOOKS_NUMBERS
    )
    parts = (
        f"Invoice number: {invoice.number.strip()}" if keeps_number and invoice.number.strip() else "",
        f"PO number: {invoice.po_number.strip()}" if invoice.po_number and invoice.po_number.strip() else "",
        invoice.note or "",
    )
    memo = prose("\n".join(part for part in parts if part), mapping.company, MAX_CUSTOMER_MEMO)
    return {"CustomerMemo": {"value": memo}} if memo else {}


def _location(mapping: _Mapping) -> tuple[JsonObject, tuple[Problem, ...]]:
    """ClassRef and DepartmentRef of the invoice's Syncro location, where the company tracks them."""
    location_id = mapping.invoice.location_id or 0
    of_class = mapping.settings.location_classes.get(location_id)
    department = mapping.settings.location_departments.get(location_id)
    has_classes = mapping.company.class_per_transaction or mapping.company.class_per_line
    fields: JsonObject = {}
    if of_class and has_classes:
        fields["ClassRef"] = ref(of_class.id)
    if department and mapping.company.track_departments:
        fields["DepartmentRef"] = ref(department.id)
    is_lost = (of_class and not has_classes) or (department and not mapping.company.track_departments)
    if not is_lost:
        return fields, ()
    message = (
        f"{problems.subject(mapping.invoice)}: its location is mapped to a class or location, "
        "but QuickBooks does not track those, so it was left out."
    )
    return fields, (problems.warning("location_not_tracked", message, "Turn on tracking in QuickBooks or unmap it."),)


def _currency_problem(mapping: _Mapping) -> Problem | None:
    home, theirs = mapping.company.home_currency, mapping.references.customer_currency
    if not mapping.company.multi_currency or theirs is None or theirs == home:
        return None
    return Problem(
        code="customer_currency",
        message=f"{problems.subject(mapping.invoice)} is in {home}, but its QuickBooks customer is kept in {theirs}, "
        "and that cannot be changed there.",
        fix=f"Link the organization to a QuickBooks customer in {home}.",
        actions=(Action("link", "Link to another customer"), problems.RETRY, problems.SKIP),
    )


def _is_tax_line(context: TaxContext) -> bool:
    is_automated = context.company.tax_mode is TaxMode.US_AUTOMATED
    return is_automated and context.settings.ast_policy is AstPolicy.TAX_LINE


def _with_tax_line(lines: list[SalesLine], context: TaxContext) -> list[SalesLine]:
    item, tax = context.settings.us_tax_line_item, money.cents(context.snapshot.invoice.tax)
    if not _is_tax_line(context) or item is None or tax == 0:
        return lines
    return [*lines, SalesLine(item.id, tax, LineTax(UNTAXED, None), "Sales tax", Decimal(1), tax)]


def _expected(mapping: _Mapping) -> Totals:
    """What Syncro says; with the tax on a line of its own QuickBooks' own tax has to be nothing."""
    tax = money.parse(0) if _is_tax_line(mapping.context) else mapping.invoice.tax
    return Totals(total=mapping.invoice.total, tax=tax)


def _predicted(lines: Sequence[SalesLine], mapping: _Mapping) -> Totals:
    subtotal = sum((line.amount for line in lines), start=Decimal(0))
    if mapping.company.tax_mode is TaxMode.US_AUTOMATED and mapping.settings.ast_policy is not AstPolicy.ACCEPT:
        tax = _expected(mapping).tax or Decimal(0)
        return Totals(total=subtotal + tax, tax=tax)
    return predict((line.amount, line.tax) for line in lines)


def _closed_books(write: Write, mapping: _Mapping, applied_digest: str | None) -> Skip | Attention | None:
    """In a closed period money must not change, and what does not change money is not worth a refusal."""
    closed, current = closed_until(mapping.settings, mapping.company), mapping.current
    if closed is None or current is None or write.digest == applied_digest:
        return None
    posted = bodies.day(current, "TxnDate")
    day = min(posted, _document_day(mapping)) if posted else _document_day(mapping)
    if day > closed:
        return None
    if (
        posted != _document_day(mapping)
        or money_lines(write.body) != money_lines(current)
        or not _same_total(write, current)
    ):
        return Attention(problems.books_closed(problems.subject(mapping.invoice), day, closed))
    reason = problems.skipped(
        "closed_books_cosmetic",
        f"{problems.subject(mapping.invoice)} is dated {day.isoformat()} and the books are closed up to "
        f"{closed.isoformat()}. Only texts changed, so QuickBooks' copy was left alone.",
        "Nothing to do; have the closing date moved and try again if the text matters.",
        problems.RETRY,
    )
    return Skip(reason)


def _same_total(write: Write, current: JsonObject) -> bool:
    shown = bodies.amount(current, "TotalAmt")
    return write.expected is not None and shown is not None and money.cents(write.expected.total) == money.cents(shown)


def money_lines(document: JsonObject) -> tuple[str, list[tuple[str, str, Decimal | None]]]:
    """The customer and, in order, item, tax code and amount of every sales line of a document or body."""
    details = [
        (line, bodies.section(line, "SalesItemLineDetail"))
        for line in bodies.objects(document, "Line")
        if bodies.text(line, "DetailType") == "SalesItemLineDetail"
    ]
    lines = [
        (bodies.ref_value(detail, "ItemRef"), bodies.ref_value(detail, "TaxCodeRef"), bodies.amount(line, "Amount"))
        for line, detail in details
    ]
    return bodies.ref_value(document, "CustomerRef"), lines

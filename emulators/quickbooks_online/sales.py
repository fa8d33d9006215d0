"""Invoices and credit memos: lines, tax, totals, due dates, voiding and deleting (facts: QBO 1.3, 1.5, 1.7)."""

from datetime import date, timedelta
from decimal import Decimal

from . import credits, refusals, tax
from .books import Books
from .json_text import Obj
from .lines import (
    amount_of,
    check_count,
    linked,
    number_lines,
    set_currency,
    set_number,
    subtotal_line,
    sum_amounts,
)
from .tax import ZERO, cents

MAX_TAXED_LINES = 750
_DEFAULT_DUE_DAYS = 30  # recorded: an invoice without a term falls due 30 days later (vcr_create_invoice)


def prepare(books: Books, entity: str, new: Obj, old: Obj | None, *, any_number: bool) -> Obj:
    """The sales form as QuickBooks stores it.

    Raises Refusal: 2020, 6000, 6070, 6100, 6140, 6170, 6420, 2500, 610 as the rules below say.
    """
    customer = _customer(books, new, old)
    _keep_applied_customer(books, entity, new, old)
    lines, discount = _lines(books, new.get("Line", []), old)
    subtotal = sum_amounts(lines)
    check = books.duplicate_number_check and not any_number
    set_number(books, entity, new, old, numbered_by_company=not books.custom_txn_numbers, check=check)
    set_currency(books, new, customer)
    new.setdefault("TxnDate", books.today())
    if entity == "Invoice":
        new["DueDate"] = new.get("DueDate") or _due_date(books, new, customer)
    if new.get("EmailStatus") == "NeedToSend" and not new.get("BillEmail", {}).get("Address"):
        raise refusals.simple(
            "6420", "Email address is required", "BillEmail is required when EmailStatus is NeedToSend", "BillEmail"
        )
    total_tax = _apply_tax(books, new, lines, discount)
    total = subtotal - discount + total_tax
    if total < 0:
        raise refusals.business("The transaction amount must be 0 or greater.", "TotalAmt")
    total = _force(books, new, total)
    new["Line"] = [*lines, subtotal_line(subtotal), *_discount_lines(discount, new)]
    new["TotalAmt"] = total
    new["LinkedTxn"] = list(old.get("LinkedTxn", [])) if old else []
    _defaults(entity, new, customer)
    return with_balance(books, entity, new, applied=credits.applied_to(books, entity, old))


def with_balance(books: Books, entity: str, form: Obj, applied: Decimal) -> Obj:
    """The form with Balance (and RemainingCredit) after `applied`.

    Raises Refusal 6000 when more is applied than the form is worth: whether QuickBooks would release payments by
    itself is
    unknown (facts: QBO 6), so the emulator refuses [G].
    """
    balance = cents(form["TotalAmt"] - applied - form.get("Deposit", ZERO))
    if balance < 0:
        raise refusals.business(
            f"The amount applied by linked transactions ({applied}) is more than the new total ({form['TotalAmt']})"
        )
    form = {**form, "Balance": balance}
    if entity == "CreditMemo":
        form["RemainingCredit"] = balance
    if books.home_currency != form["CurrencyRef"]["value"]:
        form["HomeTotalAmt"] = cents(form["TotalAmt"] * form.get("ExchangeRate", Decimal(1)))
    return form


def stored(books: Books, entity: str, new: Obj, old: Obj | None) -> None:
    """After storing: automatic application of credits, if the company has it on (facts: QBO 1.4)."""
    if old is None and books.auto_apply_credit:
        credits.apply_automatically(books, entity, new)


def void(books: Books, entity: str, old: Obj) -> Obj:
    """All amounts 0, the note begins "Voided" (vcr_void_invoice).

    Raises Refusal 6000 while payments are linked, unless the company's switch says they are released [G].
    """
    if linked(old, "Payment", "CreditMemo"):
        if books.void_with_payments != "unapply":
            raise refusals.business("You must unlink any linked transactions before voiding this one.", "LinkedTxn")
        credits.release(books, entity, old)
    note = old.get("PrivateNote", "")
    lines = [_zeroed(line) for line in old["Line"]]
    return {
        **old,
        "Line": lines,
        "TxnTaxDetail": {"TotalTax": ZERO},
        "TotalAmt": ZERO,
        "Balance": ZERO,
        "LinkedTxn": [],
        "PrivateNote": f"Voided - {note}"[:4000] if note and not note.startswith("Voided") else note or "Voided",
    }


def check_delete(books: Books, entity: str, old: Obj) -> None:
    """Raises Refusal 6000 while transactions are linked (REF invoice, delete)."""
    del books, entity
    if linked(old, "Payment"):
        raise refusals.business("You must unlink any linked transactions before deleting this one.", "LinkedTxn")


def _customer(books: Books, new: Obj, old: Obj | None) -> Obj:
    reference = new.get("CustomerRef")
    if not reference:
        raise refusals.missing("CustomerRef")
    customer = books.store.get("Customer", reference["value"])
    if customer is None:
        raise refusals.no_such_reference("Names", reference["value"])
    if old is not None and old["CurrencyRef"]["value"] != customer.get("CurrencyRef", {}).get(
        "value", books.home_currency
    ):
        raise refusals.business("The currency of a transaction cannot be changed", "CurrencyRef")
    return customer


def _keep_applied_customer(books: Books, entity: str, new: Obj, old: Obj | None) -> None:
    if old and old["CustomerRef"]["value"] != new["CustomerRef"]["value"] and credits.applied_to(books, entity, old):
        # Not documented [G].
        raise refusals.business("The customer of a transaction with linked payments cannot be changed", "CustomerRef")


def _lines(books: Books, sent: list[Obj], old: Obj | None) -> tuple[list[Obj], Decimal]:
    check_count(sent)
    lines: list[Obj] = []
    discounts: list[Obj] = []
    for line in sent:
        kind = line.get("DetailType")
        if kind is None:
            raise refusals.missing("Line.DetailType")
        if kind == "SubTotalLineDetail":
            continue  # QuickBooks computes it (REF invoice)
        if kind == "DiscountLineDetail":
            discounts.append(line)
        else:
            lines.append(_line(books, line, kind))
    if not any(line["DetailType"] == "SalesItemLineDetail" for line in lines) and not lines:
        raise refusals.missing("Line")
    if len(discounts) > 1 or (discounts and not books.allow_discount):
        raise refusals.simple(
            "6090", "Discount Line missing required info", "One discount line, and only if discounts are on", "Line"
        )
    number_lines(lines, old["Line"] if old else ())
    return lines, _discount(discounts, sum_amounts(lines))


def _line(books: Books, line: Obj, kind: str) -> Obj:
    if kind == "DescriptionOnly":
        return {**line, "DescriptionLineDetail": line.get("DescriptionLineDetail", {})}
    if kind != "SalesItemLineDetail":
        raise refusals.invalid_value("2170", "Invalid Enumeration", "Line.DetailType", kind)
    if kind not in line:
        raise refusals.missing(f"Line.{kind}")
    detail = dict(line[kind])
    # "A sales line without ItemRef is documentation and its Amount is ignored" (REF invoice).
    amount = amount_of(line, detail) if "ItemRef" in detail else ZERO
    item = books.store.get("Item", detail["ItemRef"]["value"]) if "ItemRef" in detail else None
    if item is not None and item.get("Type") == "Category":
        raise refusals.business("A category cannot be used on a transaction", "ItemRef")
    return {**line, "Amount": amount, kind: detail}


def _discount(lines: list[Obj], subtotal: Decimal) -> Decimal:
    if not lines:
        return ZERO
    detail = lines[0].get("DiscountLineDetail", {})
    if detail.get("PercentBased"):
        if "DiscountPercent" not in detail:
            raise refusals.simple(
                "6090", "Discount Line missing required info", "DiscountPercent is missing", "DiscountPercent"
            )
        return cents(subtotal * detail["DiscountPercent"] / 100)
    amount: Decimal | None = lines[0].get("Amount")
    if amount is None or amount < 0:
        raise refusals.simple("6090", "Discount Line missing required info", "Amount must be positive", "Amount")
    return cents(amount)


def _discount_lines(discount: Decimal, new: Obj) -> list[Obj]:
    sent = [line for line in new.get("Line", []) if line.get("DetailType") == "DiscountLineDetail"]
    return [{**line, "Amount": discount} for line in sent]


def _apply_tax(books: Books, new: Obj, lines: list[Obj], discount: Decimal) -> Decimal:
    if books.country == "US":
        return _us_tax(books, new, lines, discount)
    return _world_tax(books, new, lines)


def _us_tax(books: Books, new: Obj, lines: list[Obj], discount: Decimal) -> Decimal:
    taxable = ZERO
    for line in lines:
        if line["DetailType"] != "SalesItemLineDetail":
            continue
        detail = line["SalesItemLineDetail"]
        code = detail.setdefault("TaxCodeRef", {"value": "NON"})  # recorded default (vcr_create_invoice)
        if code["value"] not in ("TAX", "NON"):
            raise refusals.wrong_tax_code(code["value"])
        detail["TaxCodeRef"] = {"value": code["value"]}
        if code["value"] == "TAX":
            taxable += line["Amount"]
    new.setdefault("ApplyTaxAfterDiscount", False)
    subtotal = sum_amounts(lines)
    if new["ApplyTaxAfterDiscount"] and subtotal:
        taxable -= discount * taxable / subtotal
    sent = new.get("TxnTaxDetail", {})
    code_id = books.ast_code if books.automated_tax else sent.get("TxnTaxCodeRef", {}).get("value", "")
    if books.tax_mode == "none" or not code_id:
        new["TxnTaxDetail"] = {"TotalTax": ZERO}
        return ZERO
    if not books.automated_tax:
        _check_group(books, code_id)
    _check_taxed_lines(lines, taxable != 0)
    taxes = tax.compute(
        books.store, _us_pairs(books, lines, code_id, taxable), per_line=books.tax_rounding == "per_line"
    )
    override = books.ast_override if books.automated_tax else books.manual_total_tax
    if override == "honour" and sent.get("TotalTax") is not None and taxable:
        tax.scale_to(taxes, sent["TotalTax"])
    return _set_tax(new, taxes if taxable else [], code_id)


def _us_pairs(books: Books, lines: list[Obj], code_id: str, taxable: Decimal) -> list[tuple[Decimal, str]]:
    if books.tax_rounding != "per_line":
        return [(taxable, code_id)]
    sold = (line for line in lines if line["DetailType"] == "SalesItemLineDetail")
    return [(line["Amount"], code_id) for line in sold if line["SalesItemLineDetail"]["TaxCodeRef"]["value"] == "TAX"]


def _check_group(books: Books, code_id: str) -> None:
    code = books.store.get("TaxCode", code_id)
    if code is None:
        raise refusals.no_such_reference("TaxCode", code_id)
    if not code.get("Active", True):
        raise refusals.not_found()
    if not code.get("TaxGroup") or code_id in tax.PSEUDO_CODES:
        raise refusals.simple(
            "6160", "Invalid TaxCodeRef Error", f"{code_id} cannot be the tax code of a transaction", "TxnTaxCodeRef"
        )


def _world_tax(books: Books, new: Obj, lines: list[Obj]) -> Decimal:
    mode = new.get("GlobalTaxCalculation", "TaxExcluded")
    new["GlobalTaxCalculation"] = mode
    sent = new.pop("TxnTaxDetail", {})
    if mode == "NotApplicable" or books.tax_mode == "none":
        if sent.get("TaxLine") and mode == "NotApplicable":
            raise refusals.tax_not_applicable()
        new["TxnTaxDetail"] = {"TotalTax": ZERO}
        return ZERO
    pairs = []
    for line in lines:
        if line["DetailType"] == "SalesItemLineDetail":
            pairs.append((line["Amount"], line_code(books, line["SalesItemLineDetail"])))
    _check_taxed_lines(lines, any(tax.has_rates(books.store, code) for _, code in pairs))
    taxes = tax.compute(books.store, pairs, per_line=books.tax_rounding == "per_line")
    keep_sent_amounts(taxes, sent)
    return _set_tax(new, taxes, "")


def line_code(books: Books, detail: Obj) -> str:
    """The tax code of a line outside the US.

    Raises Refusal: 6000 none [G], 2500 unknown, 610 inactive.
    """
    reference = detail.get("TaxCodeRef")
    if not reference:
        kind = "VAT" if books.country == "GB" else "GST/HST" if books.country == "CA" else "GST"
        raise refusals.business(f"Make sure all your transactions have a {kind} rate before you save.", "TaxCodeRef")
    code_id = str(reference["value"])
    code = books.store.get("TaxCode", code_id)
    if code is None:
        raise refusals.no_such_reference("TaxCode", code_id)
    if not code.get("Active", True):
        raise refusals.not_found()
    detail["TaxCodeRef"] = {"value": code_id}
    return code_id


def keep_sent_amounts(taxes: list[tax.RateTax], sent: Obj) -> None:
    """Outside the US a sent TaxLine wins: why Intuit says to remove TxnTaxDetail before an update."""
    amounts = {
        line["TaxLineDetail"]["TaxRateRef"]["value"]: line["Amount"]
        for line in sent.get("TaxLine", [])
        if "Amount" in line and "TaxRateRef" in line.get("TaxLineDetail", {})
    }
    for entry in taxes:
        entry.tax = cents(amounts.get(entry.rate_id, entry.tax))


def _check_taxed_lines(lines: list[Obj], taxable: bool) -> None:
    # "750 lines if an invoice is taxable" (REF invoice); read strictly: every line counts.
    if taxable and len(lines) > MAX_TAXED_LINES:
        raise refusals.business(
            f"A taxable transaction can have at most {MAX_TAXED_LINES} lines. Supplied: {len(lines)}", "Line"
        )


def _set_tax(new: Obj, taxes: list[tax.RateTax], code_id: str) -> Decimal:
    total = sum((entry.tax for entry in taxes), ZERO)
    detail: Obj = {"TxnTaxCodeRef": {"value": code_id}} if code_id else {}
    detail["TotalTax"] = total
    if taxes:
        detail["TaxLine"] = [entry.line() for entry in taxes]
    new["TxnTaxDetail"] = detail
    return total


def _force(books: Books, new: Obj, total: Decimal) -> Decimal:
    wanted = books.forced_totals.get(new.get("DocNumber"), books.forced_totals.get(None))
    if wanted is None:
        return total
    detail = new["TxnTaxDetail"]
    detail["TotalTax"] += wanted - total
    if detail.get("TaxLine"):
        last = detail["TaxLine"][-1]
        last["Amount"] += wanted - total
    return wanted


def _due_date(books: Books, new: Obj, customer: Obj) -> str:
    reference = new.get("SalesTermRef") or customer.get("SalesTermRef")
    return due_date(books, new["TxnDate"], reference, _DEFAULT_DUE_DAYS)


def due_date(books: Books, txn_date: str, reference: Obj | None, default_days: int) -> str:
    """The due date by a term: after DueDays, or on DayOfMonthDue, a month later if that is within DueNextMonthDays."""
    term = books.store.get("Term", reference["value"]) if reference else None
    start = date.fromisoformat(txn_date)
    if term is None:
        return (start + timedelta(days=default_days)).isoformat()
    if "DayOfMonthDue" not in term:
        return (start + timedelta(days=int(term.get("DueDays", 0)))).isoformat()
    months = 0
    due = _day_of_month(start, int(term["DayOfMonthDue"]), months)
    while due < start + timedelta(days=int(term.get("DueNextMonthDays", 0))) or due < start:
        months += 1
        due = _day_of_month(start, int(term["DayOfMonthDue"]), months)
    return due.isoformat()


def _day_of_month(start: date, day: int, months: int) -> date:
    first = date(start.year + (start.month - 1 + months) // 12, (start.month - 1 + months) % 12 + 1, 1)
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return first.replace(day=min(day, (after - first).days))


def _defaults(entity: str, new: Obj, customer: Obj) -> None:
    for name in ("BillAddr", "ShipAddr"):
        if name not in new and name in customer:
            new[name] = dict(customer[name])
    new.setdefault("PrintStatus", "NeedToPrint")
    new.setdefault("EmailStatus", "NotSet")
    if entity == "Invoice":
        for name in ("AllowIPNPayment", "AllowOnlinePayment", "AllowOnlineCreditCardPayment", "AllowOnlineACHPayment"):
            new.setdefault(name, False)


def _zeroed(line: Obj) -> Obj:
    zero = {**line, "Amount": ZERO} if "Amount" in line else dict(line)
    detail = zero.get("SalesItemLineDetail")
    if detail:
        zero["SalesItemLineDetail"] = {key: value for key, value in detail.items() if key not in ("Qty", "UnitPrice")}
    return zero

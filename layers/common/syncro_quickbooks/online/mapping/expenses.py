"""What purchase orders, bills and expenses have in common: lines, number, place, currency (facts: QBO 1.6)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from syncro_quickbooks import money
from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.online.company import Company
from syncro_quickbooks.online.mapping import bodies
from syncro_quickbooks.online.mapping.bodies import ref
from syncro_quickbooks.online.mapping.names import prose
from syncro_quickbooks.sync import problems
from syncro_quickbooks.sync.model import Action, Attention, Decision, Operation, Problem, Skip, Write
from syncro_quickbooks.sync.settings import Settings
from syncro_quickbooks.syncro.discounts import MAX_AMOUNT, unit_price

DETAIL = "ItemBasedExpenseLineDetail"
MAX_NUMBER = 21
MAX_LINES = 10_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document belongs: its class and department in QuickBooks, empty if none; and what was left out."""

    class_id: str = ""
    department_id: str = ""
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Bought:
    """One line: so many of an item at a price each. `link` is the line of another document that it comes from."""

    item_id: str
    quantity: Decimal
    price: Decimal
    description: str = ""
    link: JsonObject = field(default_factory=dict)

    @property
    def amount(self) -> Decimal:
        """What the line comes to, in cents."""
        return money.cents(self.quantity * self.price)

    def figures(self) -> JsonObject:
        """Qty and UnitPrice, where they give the amount exactly; else the amount says it alone (facts: QBO 6070)."""
        price = unit_price(self.quantity, self.price, self.amount)
        return {} if price is None else {"Qty": self.quantity.normalize(), "UnitPrice": price.normalize()}

    def body(self, class_id: str = "") -> JsonObject:
        """This line as QuickBooks reads it."""
        detail: JsonObject = {"ItemRef": ref(self.item_id), **self.figures()}
        if class_id:
            detail["ClassRef"] = ref(class_id)
        line: JsonObject = {"DetailType": DETAIL, "Amount": self.amount, DETAIL: detail}
        if self.description:
            line["Description"] = self.description
        return {**line, "LinkedTxn": [self.link]} if self.link else line


def total_of(lines: Sequence[Bought]) -> Decimal:
    """What the lines come to; purchases carry no tax."""
    return sum((line.amount for line in lines), start=Decimal(0))


def expense_lines(document: JsonObject) -> list[JsonObject]:
    """The document's item lines."""
    return [line for line in bodies.objects(document, "Line") if bodies.text(line, "DetailType") == DETAIL]


def match_lines(wanted: Sequence[JsonObject], current: Sequence[JsonObject]) -> list[JsonObject | None]:
    """For each wanted line the current one that it goes on as: linked to the same line, else alike in all, else in item
    and quantity, else in item.

    QuickBooks says nothing of Syncro's line ids, so lines are told apart by what they say; each is used once.
    """
    found: dict[int, JsonObject] = {}
    left = list(current)
    for alike in (_link, _all_figures, _item_and_quantity, _item):
        for place, line in enumerate(wanted):
            if place in found or not alike(line):
                continue
            same = next((each for each in left if alike(each) == alike(line)), None)
            if same is not None:
                found[place] = same
                left = [each for each in left if each is not same]
    return [found.get(place) for place in range(len(wanted))]


def _link(line: JsonObject) -> tuple[Json, ...]:
    links = bodies.objects(line, "LinkedTxn")
    return tuple(text for link in links for text in (bodies.text(link, "TxnId"), bodies.text(link, "TxnLineId")))


def _item(line: JsonObject) -> tuple[Json, ...]:
    return (bodies.ref_value(bodies.section(line, DETAIL), "ItemRef"),)


def _item_and_quantity(line: JsonObject) -> tuple[Json, ...]:
    return (*_item(line), bodies.amount(bodies.section(line, DETAIL), "Qty"))


def _all_figures(line: JsonObject) -> tuple[Json, ...]:
    return (*_item_and_quantity(line), bodies.amount(line, "Amount"))


def restated_lines(wanted: Sequence[JsonObject], current: JsonObject) -> list[Json]:
    """The wanted lines as a full update states them: existing ones keep their Ids and what people added to them."""
    lines: list[Json] = []
    for line, kept in zip(wanted, match_lines(wanted, expense_lines(current)), strict=True):
        lines.append(line if kept is None else _over(kept, line))
    return lines


def _over(kept: JsonObject, line: JsonObject) -> JsonObject:
    """An existing line with our figures. It cannot be linked afterwards (facts: QBO 1.6), so its own links stay."""
    figures = {"Qty", "UnitPrice"}
    details = {key: value for key, value in bodies.section(kept, DETAIL).items() if key not in figures}
    rest = {key: value for key, value in kept.items() if key not in ("LineNum", "LinkedTxn")}
    links = kept.get("LinkedTxn")
    merged: JsonObject = {**rest, **line, DETAIL: {**details, **bodies.section(line, DETAIL)}}
    merged.pop("LinkedTxn", None)
    return {**merged, "LinkedTxn": links} if links else merged


def money_of(document: JsonObject, party: str) -> tuple[str, list[tuple[str, Decimal | None]]]:
    """The party and, in order, item and amount of every item line of a document or body."""
    lines = [
        (bodies.ref_value(bodies.section(line, kind), "ItemRef"), bodies.amount(line, "Amount"))
        for line in bodies.objects(document, "Line")
        if (kind := bodies.text(line, "DetailType")) in (DETAIL, "SalesItemLineDetail")
    ]
    return bodies.ref_value(document, party), lines


def place_of(who: str, location_id: int | None, settings: Settings, company: Company) -> Place:
    """Class and department of the document's Syncro location, where the company tracks them."""
    of_class = settings.location_classes.get(location_id or 0)
    department = settings.location_departments.get(location_id or 0)
    has_classes = company.class_per_transaction or company.class_per_line
    is_lost = (of_class and not has_classes) or (department and not company.track_departments)
    message = (
        f"{who}: its location is mapped to a class or location, but QuickBooks does not track those, "
        "so it was left out."
    )
    fix = "Turn on tracking in QuickBooks or unmap it."
    return Place(
        of_class.id if of_class and has_classes else "",
        department.id if department and company.track_departments else "",
        (problems.warning("location_not_tracked", message, fix),) if is_lost else (),
    )


def untaxed(company: Company) -> JsonObject:
    """Syncro's purchases carry no tax, which a document outside the US has to say (facts: QBO 1.7)."""
    return {} if company.is_us else {"GlobalTaxCalculation": "NotApplicable"}


def currency_of(company: Company) -> JsonObject:
    """CurrencyRef, which a company with several currencies requires."""
    return {"CurrencyRef": ref(company.home_currency)} if company.multi_currency else {}


def number_of(number: str, company: Company) -> JsonObject:
    """DocNumber, where the company keeps the numbers it is sent."""
    is_kept = company.custom_purchase_numbers and number.strip()
    return {"DocNumber": number.strip()} if is_kept else {}


def first_note(who: str, number: str, company: Company, marker_text: str) -> JsonObject:
    """The memo of a new document: the marker, and above it Syncro's number where QuickBooks numbers by itself."""
    is_kept = company.custom_purchase_numbers or not number.strip()
    return {"PrivateNote": marker_text if is_kept else f"{prose(who, company, 200)}\n{marker_text}"}


def number_warning(who: str, number: str, company: Company) -> tuple[Problem, ...]:
    """QuickBooks numbers it by itself."""
    if company.custom_purchase_numbers or not number.strip():
        return ()
    message = f"{who}: QuickBooks gives purchases numbers of its own; Syncro's is in the memo."
    fix = "In QuickBooks turn on Settings > Expenses > Custom transaction numbers."
    return (problems.warning("numbered_by_quickbooks", message, fix),)


def number_problem(who: str, number: str, company: Company) -> Problem | None:
    """A number is never cut or changed."""
    number = number.strip()
    if not company.custom_purchase_numbers or prose(number, company, MAX_NUMBER) == number:
        return None
    if len(number) > MAX_NUMBER:
        code = "number_too_long"
        why = f"its number has {len(number)} characters, QuickBooks takes {MAX_NUMBER}, and numbers are never cut."
    else:
        code = "number_characters"
        why = "its number has characters that QuickBooks does not take, and numbers are never changed."
    return Problem(code, f"{who}: {why}", "Change its number in Syncro.", actions=(problems.RETRY, problems.SKIP))


def not_bought_problem(who: str, product: str, item: JsonObject) -> Problem | None:
    """An item without an expense account cannot be bought (facts: QBO 1.6)."""
    if bodies.ref_value(item, "ExpenseAccountRef"):
        return None
    name = bodies.text(item, "Name") or product
    return Problem(
        "item_cannot_be_bought",
        f"{who}: the QuickBooks item '{name}' of product '{product}' has no expense account, so it cannot be bought.",
        f"In QuickBooks open Products and services > {name} > Edit, tick 'I purchase this product/service from a "
        "vendor', choose an expense account and save; then press Try again.",
        actions=(problems.RETRY, problems.SKIP),
    )


def currency_problem(who: str, party: str, theirs: str, company: Company) -> Problem | None:
    """`party` (its vendor, its customer) is kept in another currency than the document is in."""
    home = company.home_currency
    if not company.multi_currency or not theirs or theirs == home:
        return None
    return Problem(
        f"{party}_currency",
        f"{who} is in {home}, but its QuickBooks {party} is kept in {theirs}, and that cannot be changed there.",
        f"Link it to a QuickBooks {party} in {home}.",
        actions=(Action("link", f"Link to another {party}"), problems.RETRY, problems.SKIP),
    )


def size_problem(who: str, lines: int, biggest: Decimal) -> Problem | None:
    """More lines or digits than QuickBooks takes (facts: QBO 1.0)."""
    if biggest >= MAX_AMOUNT:
        code, why = "amount_too_large", "it has an amount of more than ten digits, which QuickBooks does not take."
    elif lines > MAX_LINES:
        code, why = "too_many_lines", f"it has {lines} lines; QuickBooks takes {MAX_LINES:,}."
    else:
        return None
    return Problem(code, f"{who}: {why}", "Split it in Syncro.", actions=(problems.RETRY, problems.SKIP))


def closed_for_change(who: str, write: Write, current: JsonObject, closed: date | None, party: str) -> Decision:
    """`write`, or why it cannot be: in a closed period money stays, and a mere text is not worth a refusal."""
    posted, sent = bodies.day(current, "TxnDate"), bodies.day(write.body, "TxnDate")
    days = [day for day in (posted, sent) if day]
    if closed is None or not days or min(days) > closed:
        return write
    if posted != sent or money_of(write.body, party) != money_of(current, party):
        return Attention(problems.books_closed(who, min(days), closed))
    return Skip(
        problems.skipped(
            "closed_books_cosmetic",
            f"{who} is dated {min(days).isoformat()} and the books are closed up to {closed.isoformat()}. Its amounts "
            "are the same, so QuickBooks' copy was left alone.",
            "Nothing to do; have the closing date moved and try again if the difference matters.",
            problems.RETRY,
        )
    )


def delete(entity: str, now: JsonObject) -> Write:
    """The deletion of a document that QuickBooks cannot void (facts: QBO 1.0)."""
    handle: JsonObject = {"Id": bodies.text(now, "Id"), "SyncToken": bodies.text(now, "SyncToken")}
    return Write(Operation.DELETE, entity, handle, bodies.digest({"delete": True}))


def in_use(who: str, why: str, shown: Decimal, currency: str) -> Problem:
    """Deleted in Syncro, but something in QuickBooks hangs on it."""
    return Problem(
        "deleted_but_in_use",
        f"{who} was deleted in Syncro, but {why}. QuickBooks still shows {money.show(shown, currency)}.",
        "Undo that in QuickBooks and try again, or leave it there.",
        actions=(problems.RETRY, Action("skip", "Leave it in QuickBooks")),
    )


def missing_setting(who: str, setting: str, what: str) -> Problem:
    """A setting that the document needs has been emptied again."""
    return problems.missing_setting(
        f"{setting}_missing",
        f"{who}: {what} is not chosen.",
        setting,
        f"Choose {what} in the settings; it is then sent by itself.",
    )


def framed(content: JsonObject, current: JsonObject | None, note: JsonObject) -> JsonObject:
    """The whole body: a new document with its `note`, or a full update of `current` that keeps its lines' Ids.

    A document that was linked gets the marker, the last line of `note`, below what people wrote there.
    """
    if current is None:
        return {**content, **note}
    wanted = bodies.objects(content, "Line")
    marked = bodies.marked_note(current, bodies.text(note, "PrivateNote").rpartition("\n")[2])
    return bodies.full_update(current, {**content, "Line": restated_lines(wanted, current), **marked})

"""The demo's tables: what the books hold, whether both sides agree, what became of each record, what it cost."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal

from rich.table import Table

from local.cloudformation import Template, mapping, mappings
from local.story import SyncroSide, amount

Books = Mapping[str, Sequence[Template]]
"""What QuickBooks holds: entity -> its objects."""

_HOLDINGS: Sequence[tuple[str, str, Callable[[Template], str]]] = (
    ("customers", "Customer", lambda found: str(found["DisplayName"])),
    ("vendors", "Vendor", lambda found: str(found["DisplayName"])),
    ("items", "Item", lambda found: f"{found['Name']} at {amount(found, 'UnitPrice')}"),
    (
        "invoices",
        "Invoice",
        lambda found: f"{found['DocNumber']} over {_total(found)}, {amount(found, 'Balance')} open",
    ),
    ("payments", "Payment", lambda found: f"{_total(found)}: {_applications(found)}"),
    ("credit memos", "CreditMemo", lambda found: f"{_total(found)}, {amount(found, 'RemainingCredit')} left"),
    (
        "purchase orders",
        "PurchaseOrder",
        lambda found: f"{found['DocNumber']} over {_total(found)}, {found['POStatus']}",
    ),
    ("bills", "Bill", lambda found: f"{_total(found)}, due {found.get('DueDate', '')}"),
    ("expenses", "Purchase", lambda found: f"{_total(found)} by {found['PaymentType']}"),
)
ENTITIES = tuple(entity for _, entity, _ in _HOLDINGS)


def holdings(before: Books, after: Books) -> Table:
    """Everything in the books before and after, a row a kind."""
    table = Table(title="QuickBooks, before and after", title_justify="left", show_lines=True)
    for column in ("", "before", "after"):
        table.add_column(column)
    for title, entity, shown in _HOLDINGS:
        # What the settings needed was there before; only what is new says anything.
        old = {str(found["Id"]) for found in before[entity]}
        new = [shown(found) for found in after[entity] if str(found["Id"]) not in old]
        table.add_row(title, f"{len(old)}" if old else "none", "\n".join(new) or "nothing new")
    return table


def comparison(syncro: SyncroSide, books: Books) -> tuple[Table, bool]:
    """Every invoice and the customer's account on both sides, and whether they agree to the cent."""
    return figures(_figures(syncro, books))


def figures(compared: Iterable[tuple[str, Decimal, Decimal]]) -> tuple[Table, bool]:
    """Figures by name, Syncro's and QuickBooks', and whether all agree."""
    table = Table(title="To the cent?", title_justify="left")
    for column in ("", "Syncro", "QuickBooks", ""):
        table.add_column(column, justify="right")
    rows = list(compared)
    for name, ours, theirs in rows:
        table.add_row(name, str(ours), str(theirs), "equal" if ours == theirs else f"off by {theirs - ours}")
    return table, all(ours == theirs for _, ours, theirs in rows)


def _figures(syncro: SyncroSide, books: Books) -> Iterable[tuple[str, Decimal, Decimal]]:
    for invoice in syncro.of("invoice"):
        number = invoice["number"]
        found = [each for each in books["Invoice"] if each.get("DocNumber") == number]
        if len(found) != 1:
            yield f"{number}: how many", Decimal(1), Decimal(len(found))
            continue
        tax = mapping(found[0].get("TxnTaxDetail") or {})
        yield f"{number} tax", amount(invoice, "tax"), amount(tax, "TotalTax")
        yield f"{number} total", amount(invoice, "total"), amount(found[0], "TotalAmt")
        yield f"{number} open", syncro.open_on(invoice), amount(found[0], "Balance")
    yield "the customer owes", syncro.owed(), _owed(books)
    for order in syncro.of("purchase_order"):
        excluded = amount(order, "shipping") + amount(order, "other")
        goods = amount(order, "total") - excluded
        for entity in ("PurchaseOrder", "Bill"):
            yield (
                f"{order['number']}, {entity}",
                goods,
                sum((amount(each, "TotalAmt") for each in books[entity]), Decimal(0)),
            )
    for purchase in syncro.of("customer_purchase"):
        theirs = sum((amount(each, "TotalAmt") for each in books["Purchase"]), Decimal(0))
        yield f"purchase {purchase['number']}", amount(purchase, "total"), theirs


def _owed(books: Books) -> Decimal:
    owed = sum((amount(each, "Balance") for each in books["Invoice"]), Decimal(0))
    unapplied = sum((amount(each, "UnappliedAmt") for each in books["Payment"]), Decimal(0))
    return owed - unapplied - sum((amount(each, "RemainingCredit") for each in books["CreditMemo"]), Decimal(0))


def invoice_lines(invoice: Template) -> Table:
    """One invoice in full."""
    customer = mapping(invoice["CustomerRef"]).get("name")
    title = f"Invoice {invoice['DocNumber']} for {customer}, {invoice['TxnDate']}, due {invoice['DueDate']}"
    table = Table(title=title, title_justify="left")
    for column in ("item", "description", "qty", "price", "amount", "tax"):
        table.add_column(column, justify="right" if column in ("qty", "price", "amount") else "left")
    for line in mappings(invoice["Line"]):
        if line["DetailType"] == "SalesItemLineDetail":
            sold = mapping(line["SalesItemLineDetail"])
            item, code = mapping(sold["ItemRef"]).get("name"), mapping(sold["TaxCodeRef"])["value"]
            quantity, price = str(sold.get("Qty", "")), str(sold.get("UnitPrice", ""))
            table.add_row(str(item), str(line.get("Description", "")), quantity, price, _money(line), str(code))
    return table


def records(statuses: Mapping[str, tuple[str, str]]) -> Table:
    """What became of each record, and what it warns of."""
    table = Table(title="What the records say", title_justify="left")
    for column in ("record", "status", "note"):
        table.add_column(column)
    for name, (status, note) in statuses.items():
        table.add_row(name, status, note)
    return table


def calls(made: Sequence[Template]) -> Table:
    """How often QuickBooks was called, and what for."""
    reads = sum(int(str(call["reads"])) for call in made)
    table = Table(title=f"{len(made)} calls to QuickBooks, {reads} metered reads", title_justify="left")
    table.add_column("for")  # two of the reads are the day's look at the preferences
    table.add_column("calls", justify="right")
    for operation, times in Counter(str(call["operation"]) for call in made).items():
        table.add_row(operation, str(times))
    return table


def _total(document: Template) -> str:
    return str(amount(document, "TotalAmt"))


def _money(line: Template) -> str:
    return str(amount(line, "Amount"))


def _applications(payment: Template) -> str:
    """What a payment applies to what."""
    parts = [
        f"{_money(line)} to {mapping(link)['TxnType']} {mapping(link)['TxnId']}"
        for line in mappings(payment["Line"])
        for link in mappings(line["LinkedTxn"])
    ]
    left = amount(payment, "UnappliedAmt")
    return ", ".join([*parts, *([f"{left} unapplied"] if left else [])])

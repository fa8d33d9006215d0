"""The demo's last part: an account on QuickBooks Desktop, whose Web Connector runs a session against the service."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from rich.console import Console
from rich.table import Table

from local import demo_tables
from local.books import publish, sample, until
from local.cloudformation import Template, mapping, mappings
from local.desktop import Office
from local.records import Records, has_arrived, said_of
from local.stack import Stack
from local.story import SyncroSide, amount, subject

STEPS = ("invoice_created.json", "payment_created.json")
SECONDS_TO_ARRIVE = 60
_KINDS = {"customers": "Customer", "invoices": "Invoice", "payments": "ReceivePayment"}

Books = Mapping[str, Sequence[Template]]
"""What the company file holds: kind -> its objects."""


def run(up: Stack, console: Console) -> bool:
    """Sends an invoice and its payment to the Desktop account and runs a session; True if the books then agree."""
    account_id = up.config.desktop_accounts[0].account_id
    office, records = Office(up.config.qbd_url, account_id), Records(up, account_id)
    console.rule(f"QuickBooks Desktop: {account_id}")
    before, syncro = _books(office), SyncroSide()
    events = [for_account(sample(name), account_id) for name in STEPS]
    for event in events:
        syncro.hear(event)
    publish(up, events)
    for event in events:
        name = " ".join([str(event["detail-type"]), subject(event)[1]])
        if not _arrives(records, event):
            console.print(f"{name} did not arrive within {SECONDS_TO_ARRIVE} s", style="red")
            return False
        console.print(f"{name} waits for the Web Connector")
    report = office.run()
    after = _books(office)
    console.print(session(report), holdings(before, after))
    table, equal = comparison(syncro, after)
    statuses = {" ".join(place): said_of(records.of(*place)) for place in map(subject, events)}
    console.print(table, demo_tables.records(statuses))
    return equal and report["outcome"] == "done"


def for_account(event: Template, account_id: str) -> Template:
    """The event as if it were another account's."""
    return {**event, "detail": {**mapping(event["detail"]), "account_id": account_id}}


def _arrives(records: Records, event: Template) -> bool:
    return any(has_arrived(records.of(*subject(event)), event) for _ in until(SECONDS_TO_ARRIVE))


def _books(office: Office) -> Books:
    return {kind: office.entities(kind) for kind in _KINDS.values()}


def session(report: Template) -> Table:
    """The calls of a session, what was asked of QuickBooks, what it said, and how far the session then was."""
    table = Table(title="The Web Connector's session", title_justify="left")
    for column in ("call", "what", "progress"):
        table.add_column(column)
    exchanges, progress = iter(mappings(report["exchanges"])), iter(_listed(report["progress"]))
    exchange: Template = {}
    for call in map(str, _listed(report["calls"])):
        what, percent = "", ""
        if call == "sendRequestXML":
            exchange = next(exchanges, {})
            what = ", ".join(map(str, _listed(exchange.get("requests")))) or "nothing left to ask"
        elif call == "receiveResponseXML":
            what, percent = f"status {', '.join(map(str, _listed(exchange['statuses'])))}", f"{next(progress, '')} %"
        elif call == "closeConnection":
            what = str(report["message"])
        table.add_row(call, what, percent)
    return table


def holdings(before: Books, after: Books) -> Table:
    """Customers, invoices and payments of the company file before and after."""
    table = Table(title="The company file, before and after", title_justify="left", show_lines=True)
    for column in ("", "before", "after"):
        table.add_column(column)
    for title, kind in _KINDS.items():
        table.add_row(title, _shown(kind, before), _shown(kind, after))
    return table


def _shown(kind: str, books: Books) -> str:
    return "\n".join(_SHOWN[kind](found) for found in books[kind]) or "none"


def _payment(payment: Template) -> str:
    shares = mappings(payment.get("AppliedToTxnRet") or [])
    parts = [f"{amount(share, 'Amount')} to {share['RefNumber']}" for share in shares]
    return f"{amount(payment, 'TotalAmount')} by {mapping(payment['PaymentMethodRef'])['FullName']}: {', '.join(parts)}"


_SHOWN = {
    "Customer": lambda found: f"{found['FullName']} owes {amount(found, 'Balance')}",
    "Invoice": lambda found: f"{found['RefNumber']} over {_total(found)}, {amount(found, 'BalanceRemaining')} open",
    "ReceivePayment": _payment,
}


def comparison(syncro: SyncroSide, books: Books) -> tuple[Table, bool]:
    """Invoices, money and what the customer owes on both sides, and whether they agree to the cent."""
    return demo_tables.figures(_figures(syncro, books))


def _figures(syncro: SyncroSide, books: Books) -> Iterator[tuple[str, Decimal, Decimal]]:
    for invoice in syncro.of("invoice"):
        number = invoice["number"]
        found = [each for each in books["Invoice"] if each.get("RefNumber") == number]
        if len(found) != 1:
            yield f"{number}: how many", Decimal(1), Decimal(len(found))
            continue
        yield f"{number} tax", amount(invoice, "tax"), amount(found[0], "SalesTaxTotal")
        yield f"{number} total", amount(invoice, "total"), _total(found[0])
        yield f"{number} open", syncro.open_on(invoice), amount(found[0], "BalanceRemaining")
    received = sum((amount(payment, "payment_amount") for payment in syncro.of("payment")), Decimal(0))
    yield "received", received, _sum(books["ReceivePayment"], "TotalAmount")
    yield "the customer owes", syncro.owed(), _sum(books["Customer"], "Balance")


def _total(invoice: Template) -> Decimal:
    return amount(invoice, "Subtotal") + amount(invoice, "SalesTaxTotal")


def _sum(things: Iterable[Template], field: str) -> Decimal:
    return sum((amount(thing, field) for thing in things), Decimal(0))


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []

"""`make demo`: brings the stack up, lets Syncro create and change an invoice, and shows what QuickBooks holds then."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from decimal import Decimal

from rich.console import Console
from rich.table import Table

from local.books import calls, entities, publish, sample, until
from local.cloudformation import Template, mapping, mappings
from local.config import Account, from_environment
from local.processes import StartFailed, stop_on_sigterm
from local.stack import Stack, stack

SECONDS_TO_ARRIVE = 60
CENT = Decimal("0.01")


def syncro_invoice(event: Template) -> Template:
    """The invoice that an event carries."""
    return mapping(mapping(event["detail"])["invoice"])


def booked(up: Stack, account: Account, number: object) -> list[Template]:
    """The invoices of that number in the books: there must be one."""
    return [found for found in entities(up, account.realm_id, "Invoice") if found.get("DocNumber") == number]


def figures(invoice: Template) -> tuple[Decimal, Decimal, Decimal]:
    """Subtotal, tax and total of an invoice in the books."""
    total, tax = _money(invoice["TotalAmt"]), _money(mapping(invoice.get("TxnTaxDetail") or {}).get("TotalTax", 0))
    return total - tax, tax, total


def arrived(up: Stack, account: Account, event: Template) -> bool:
    """Whether QuickBooks holds the event's invoice once, with Syncro's subtotal, tax and total to the cent."""
    wanted = syncro_invoice(event)
    found = booked(up, account, wanted["number"])
    expected = tuple(_money(wanted[name]) for name in ("subtotal", "tax", "total"))
    return len(found) == 1 and figures(found[0]) == expected


def send(up: Stack, account: Account, event: Template, console: Console) -> bool:
    """Publishes one event and waits for its invoice. False if it does not arrive."""
    what = f"{event['detail-type']} {syncro_invoice(event)['number']}"
    start = time.monotonic()
    publish(up, [event])
    with console.status(f"{what} is on the bus") as status:
        for gone in until(SECONDS_TO_ARRIVE):
            if arrived(up, account, event):
                console.print(f"{what}: in QuickBooks {time.monotonic() - start:.1f} s after the event")
                return True
            status.update(f"{what} is on the bus, {gone:.0f} s")
    console.print(f"{what} did not arrive in QuickBooks within {SECONDS_TO_ARRIVE} s", style="red")
    return False


def run(up: Stack, console: Console) -> bool:
    """Sends the sample invoice through the stack. True if it is in the books as Syncro says, to the cent."""
    account = up.config.accounts[0]
    events = [sample("invoice_created.json"), sample("invoice_updated.json")]
    _holdings("Before", up, account, console)
    made_before = len(calls(up))
    everything_arrived = all(send(up, account, event, console) for event in events)
    _holdings("After", up, account, console)
    for invoice in booked(up, account, syncro_invoice(events[-1])["number"]):
        console.print(_invoice_table(invoice), _comparison(invoice, syncro_invoice(events[-1])))
    console.print(_calls_table(calls(up)[made_before:]))
    return everything_arrived and arrived(up, account, events[-1])


def _holdings(when: str, up: Stack, account: Account, console: Console) -> None:
    """What the books hold, in one line a kind."""
    table = Table(title=f"{when}: {account.company_name}", title_justify="left", show_header=False)
    named: Sequence[tuple[str, str, Callable[[Template], str]]] = (
        ("customers", "Customer", lambda found: str(found["DisplayName"])),
        ("items", "Item", lambda found: f"{found['Name']} ({found['Type']})"),
        ("invoices", "Invoice", lambda found: f"{found['DocNumber']} over {_money(found['TotalAmt'])}"),
    )
    for title, entity, name in named:
        table.add_row(title, "\n".join(map(name, entities(up, account.realm_id, entity))) or "none")
    console.print(table)


def _invoice_table(invoice: Template) -> Table:
    customer = mapping(invoice["CustomerRef"]).get("name")
    title = f"Invoice {invoice['DocNumber']} for {customer}, {invoice['TxnDate']}, due {invoice['DueDate']}"
    table = Table(title=title, title_justify="left")
    for column in ("item", "description", "qty", "price", "amount", "tax"):
        table.add_column(column, justify="right" if column in ("qty", "price", "amount") else "left")
    for line in mappings(invoice["Line"]):
        if line["DetailType"] == "SalesItemLineDetail":
            sold = mapping(line["SalesItemLineDetail"])
            item, code = mapping(sold["ItemRef"]).get("name"), mapping(sold["TaxCodeRef"])["value"]
            quantity, price = sold.get("Qty", ""), sold.get("UnitPrice", "")
            described = str(line.get("Description", ""))
            table.add_row(str(item), described, str(quantity), str(price), str(_money(line["Amount"])), str(code))
    return table


def _comparison(invoice: Template, wanted: Template) -> Table:
    table = Table(title="To the cent?", title_justify="left")
    for column in ("", "Syncro", "QuickBooks", ""):
        table.add_column(column, justify="right")
    for name, theirs in zip(("subtotal", "tax", "total"), figures(invoice), strict=True):
        ours = _money(wanted[name])
        table.add_row(name, str(ours), str(theirs), "equal" if ours == theirs else f"off by {theirs - ours}")
    return table


def _calls_table(made: Sequence[Template]) -> Table:
    reads = sum(int(str(call["reads"])) for call in made)
    title = f"{len(made)} calls to QuickBooks, {reads} of them metered reads (2 are the day's look at the preferences)"
    table = Table(title=title, title_justify="left")
    for column in ("call", "for", "status"):
        table.add_column(column)
    for call in made:
        resource = str(call["path"]).rpartition("/")[2]
        table.add_row(f"{call['method']} {resource}", str(call["operation"]), str(call["status"]))
    return table


def _money(value: object) -> Decimal:
    return Decimal(str(value)).quantize(CENT)


def main() -> int:
    """Returns the exit code: 1 if the invoice did not arrive as it should."""
    stop_on_sigterm()
    console = Console()
    try:
        with stack(from_environment(os.environ), console.print) as up:
            return 0 if run(up, console) else 1
    except KeyboardInterrupt:
        return 130
    except StartFailed as failure:
        print(f"The stack could not be started. {failure}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())

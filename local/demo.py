"""`make demo`: brings the stack up, publishes Syncro's events, and shows the books before and after."""

import os
import sys
from collections.abc import Sequence
from decimal import Decimal

from rich.console import Console
from rich.table import Table

from local.books import entities, publish, sample, until
from local.cloudformation import Template, mapping
from local.config import Account, from_environment
from local.processes import StartFailed, stop_on_sigterm
from local.stack import Stack, stack

SECONDS_TO_ARRIVE = 60


def expected(events: Sequence[Template]) -> dict[str, Decimal]:
    """The total each invoice must have in the end, by its number."""
    invoices = [mapping(mapping(event["detail"])["invoice"]) for event in events]
    return {str(invoice["number"]): Decimal(str(invoice["total"])) for invoice in invoices}


def totals(up: Stack, account: Account) -> dict[str, Decimal]:
    """The total of each invoice in the books, by its number."""
    invoices = entities(up, account.realm_id, "Invoice")
    return {str(invoice.get("DocNumber")): Decimal(str(invoice["TotalAmt"])) for invoice in invoices}


def show(title: str, up: Stack, account: Account, console: Console) -> None:
    """Prints the invoices in the books."""
    table = Table(title=f"{title}: {account.company_name}")
    for column in ("number", "customer", "date", "tax", "total"):
        table.add_column(column, justify="right" if column in ("tax", "total") else "left")
    for invoice in entities(up, account.realm_id, "Invoice"):
        customer, tax = mapping(invoice["CustomerRef"]), mapping(invoice.get("TxnTaxDetail") or {})
        table.add_row(
            str(invoice.get("DocNumber")),
            str(customer.get("name") or customer["value"]),
            str(invoice["TxnDate"]),
            str(tax.get("TotalTax", "")),
            str(invoice["TotalAmt"]),
        )
    console.print(table)


def run(up: Stack, console: Console) -> bool:
    """Sends the sample invoices through the stack. True if every one arrived with its total, to the cent."""
    account = up.config.accounts[0]
    events = [sample("invoice_created.json"), sample("invoice_updated.json")]
    wanted = expected(events)
    show("Before", up, account, console)
    publish(up, events)
    with console.status(f"{len(events)} events on their way") as status:
        for gone in until(SECONDS_TO_ARRIVE):
            if wanted.items() <= totals(up, account).items():
                break
            status.update(f"{len(events)} events on their way, {gone:.0f} s")
    show("After", up, account, console)
    wrong = {number: total for number, total in wanted.items() if totals(up, account).get(number) != total}
    for number, total in wrong.items():
        console.print(f"Invoice {number} should be in QuickBooks with a total of {total}, and is not.", style="red")
    return not wrong


def main() -> int:
    """Returns the exit code: 1 if an invoice did not arrive as it should."""
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

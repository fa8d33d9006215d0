"""The main job on Desktop: an organization, its invoice and its payment, from events to the books, over SOAP."""

from typing import Any

import pytest

from syncro_quickbooks.sync.model import Kind, Status
from tests.support import events
from tests.support.office import Office, sets
from tests.support.office_events import invoice, payment

pytestmark = pytest.mark.usefixtures("aws_services")


def test_a_new_customer_with_an_invoice_and_a_payment_is_one_message_set() -> None:
    office = Office()
    office.run()  # reads the lists
    office.publish("invoice.created", invoice())
    office.publish("payment.created", payment(501, (309, "216.50")))
    report = office.run()
    assert sets(report) == ["CustomerAdd InvoiceAdd ReceivePaymentAdd"]
    assert report.progress == [100]

    (posted,) = office.company.entities("Invoice")
    assert (posted["RefNumber"], posted["TxnDate"], posted["DueDate"]) == ("10309", "2026-11-20", "2026-12-04")
    assert posted["CustomerRef"]["FullName"] == "Returns R Us"
    assert (posted["Subtotal"], posted["SalesTaxTotal"], posted["BalanceRemaining"]) == ("200.00", "16.50", "0.00")
    assert posted["ItemSalesTaxRef"]["FullName"] == "State Tax"
    assert posted["CustomerSalesTaxCodeRef"]["FullName"] == "Tax"
    assert [
        (line["ItemRef"]["FullName"], line["Desc"], line["Amount"], line["SalesTaxCodeRef"]["FullName"])
        for line in posted["InvoiceLineRet"]
    ] == [
        ("Managed Services", "Work item 1", "100.00", "Tax"),
        ("Syncro Charges", "Item 4\nWork item 2", "100.00", "Tax"),
    ]
    (paid,) = office.company.entities("ReceivePayment")
    assert (paid["TotalAmount"], paid["RefNumber"], paid["TxnDate"]) == ("216.50", "4711", "2026-11-21")
    assert (paid["PaymentMethodRef"]["FullName"], paid["UnusedPayment"]) == ("Check", "0.00")
    for kind, syncro_id in ((Kind.INVOICE, 309), (Kind.PAYMENT, 501)):
        assert office.status(kind, syncro_id) == (Status.SYNCED, [])
    assert office.run().outcome == "none"


def test_the_lists_are_read_in_the_first_session_before_anything_is_chosen() -> None:
    office = Office(ready=False)
    office.publish("invoice.created", invoice())
    report = office.run()
    assert "Nothing is sent until" in report.last_error
    connection = office.accounts.connection(office.account)
    assert connection is not None
    assert connection.company is not None
    lists: Any = connection.company["lists"]
    assert {"Checking", "Undeposited Funds"} <= {each["name"] for each in lists["accounts"]}
    assert {(each["name"], each["kind"]) for each in lists["sales_tax_items"]} == {
        ("State Tax", "8.25"),
        ("County Tax", "1.00"),
        ("Out of State", "0.00"),
    }
    assert {each["name"] for each in lists["sales_tax_codes"]} == {"Tax", "Non"}
    assert {"Net 30", "Due on receipt"} <= {each["name"] for each in lists["terms"]}
    assert {"Check", "Visa"} <= {each["name"] for each in lists["payment_methods"]}
    assert {"Managed Services", "Hardware", "State Tax"} <= {each["name"] for each in lists["items"]}
    office.choose()
    office.run()
    assert office.numbers() == ["10309"]


def test_a_hundred_invoices_of_known_customers_take_at_most_five_round_trips() -> None:
    office = Office()
    office.publish("invoice.created", invoice(1))
    office.run_until_quiet()
    for number in range(2, 102):
        office.publish("invoice.created", invoice(number))
    report = office.run()
    assert len(report.exchanges) <= 5
    assert sorted(office.numbers(), key=int) == sorted((f"10{number}" for number in range(1, 102)), key=int)
    assert max(len(exchange.response) for exchange in report.exchanges) < 1_500_000
    assert report.progress == sorted(report.progress)
    assert report.progress[-1] == 100


def test_a_change_in_syncro_changes_the_invoice_and_keeps_its_date() -> None:
    office = Office()
    office.publish("invoice.created", invoice())
    office.run_until_quiet()
    lines = [events.line(1, 3), events.line(2, 4, price="150.0"), events.line(5, None, price="10.0")]
    changed = events.invoice_detail(
        309,
        version=2,
        lines=lines,
        totals=("260.00", "21.45", "281.45"),
        products=[events.product(3, name="Managed Services"), events.product(4, name="Unknown")],
        date="2026-11-22T00:00:00.000Z",
    )
    office.publish("invoice.updated", changed)
    report = office.run()
    assert sets(report) == ["InvoiceMod"]
    (posted,) = office.company.entities("Invoice")
    assert [line["Amount"] for line in posted["InvoiceLineRet"]] == ["100.00", "150.00", "10.00"]
    assert (posted["TxnDate"], posted["SalesTaxTotal"]) == ("2026-11-20", "21.45")
    assert office.status(Kind.INVOICE, 309) == (Status.SYNCED_WITH_WARNING, ["date_differs"])

"""The main job through the deployed stack: an invoice of Syncro is in QuickBooks, once, to the cent."""

from decimal import Decimal
from typing import Any

import pytest
import requests
from rich.console import Console

from local import demo, desktop_demo, payments_demo
from local.books import entities, publish, sample, until
from local.desktop import Office
from local.records import Records
from local.stack import Stack
from syncro_quickbooks.sync.model import Status


def invoices(up: Stack) -> list[tuple[str, Decimal]]:
    realm_id = up.config.accounts[0].realm_id
    return [(str(i["DocNumber"]), Decimal(str(i["TotalAmt"]))) for i in entities(up, realm_id, "Invoice")]


@pytest.fixture(scope="module")
def demo_succeeded(up: Stack) -> bool:
    return demo.run(up, Console(quiet=True))


def booked(up: Stack, entity: str) -> list[Decimal]:
    return sorted(Decimal(str(each["TotalAmt"])) for each in entities(up, up.config.accounts[0].realm_id, entity))


def test_the_demo_brings_the_whole_story_into_the_books(up: Stack, demo_succeeded: bool) -> None:
    assert demo_succeeded
    # The figures of the events themselves; the purchase order is less its shipping of 12.50.
    assert sorted(invoices(up)) == [("INV-10482", Decimal("1226.57")), ("INV-10497", Decimal("486.00"))]
    # The 100.00 were recorded by the bookkeeper, see payments_demo.
    assert booked(up, "Payment") == [Decimal(0), Decimal("100.00"), Decimal("600.00"), Decimal("726.57")]
    assert booked(up, "CreditMemo") == [Decimal("30.00")]
    assert booked(up, "PurchaseOrder") == booked(up, "Bill") == [Decimal("480.60")]
    assert booked(up, "Purchase") == [Decimal("240.00")]


def test_the_demo_brings_a_payment_recorded_in_quickbooks_into_syncro_once(up: Stack, demo_succeeded: bool) -> None:
    assert demo_succeeded
    headers = {"Authorization": f"Bearer {payments_demo.SYNCRO_TOKEN}"}
    listed = requests.get(f"{up.config.syncro_url}/api/v1/payments", headers=headers, timeout=10).json()["payments"]
    assert [(paid["payment_amount"], paid["invoice_ids"]) for paid in listed] == [(100, [9002])]


def test_the_same_events_once_more_change_nothing(up: Stack, demo_succeeded: bool) -> None:
    assert demo_succeeded
    before = entities(up, up.config.accounts[0].realm_id, "Invoice")
    publish(up, [sample("invoice_updated.json"), sample("invoice_created.json")] * 3)
    for _ in until(8):
        assert entities(up, up.config.accounts[0].realm_id, "Invoice") == before


def test_the_demo_brings_an_invoice_and_its_payment_into_the_company_file(up: Stack, demo_succeeded: bool) -> None:
    assert demo_succeeded
    office = Office(up.config.qbd_url, "demo-desktop")
    (customer,) = office.entities("Customer")
    (invoice,) = office.entities("Invoice")
    (payment,) = office.entities("ReceivePayment")
    assert (customer["FullName"], customer["Balance"]) == ("Bluebonnet Dental Group", "456.22")
    # The figures of the events: 8.25 % of 214.98 are 17.74.
    assert (invoice["RefNumber"], invoice["Subtotal"], invoice["SalesTaxTotal"], invoice["BalanceRemaining"]) == (
        "INV-10482",
        "1138.48",
        "17.74",
        "456.22",
    )
    assert (payment["TotalAmount"], payment["UnusedPayment"], payment["RefNumber"]) == ("700.00", "0.00", "4471")
    assert Office(up.config.qbd_url, "demo-desktop").run()["outcome"] == "none"


def test_desktops_events_once_more_change_nothing_and_a_change_comes_with_the_next_session(
    up: Stack, demo_succeeded: bool
) -> None:
    assert demo_succeeded
    office, records = Office(up.config.qbd_url, "demo-desktop"), Records(up, "demo-desktop")
    before = office.entities("Invoice")
    again = [desktop_demo.for_account(sample(name), "demo-desktop") for name in desktop_demo.STEPS]
    publish(up, [*again, desktop_demo.for_account(sample("invoice_updated.json"), "demo-desktop"), *again])
    for _ in until(60):
        if records.of("invoice", "9001").version == 2:
            break
    report = office.run()
    assert (report["outcome"], report["last_error"]) == ("done", "")
    (invoice,), (payment,) = office.entities("Invoice"), office.entities("ReceivePayment")
    # One more toner of 64.99, with its tax; the payment is as it was.
    assert invoice["TxnID"] == before[0]["TxnID"]
    assert (invoice["Subtotal"], invoice["SalesTaxTotal"], invoice["BalanceRemaining"]) == (
        "1203.47",
        "23.10",
        "526.57",
    )
    assert payment["TotalAmount"] == "700.00"
    assert records.of("invoice", "9001").status is Status.SYNCED


def test_a_canadian_invoice_with_a_tax_group_is_in_the_books_to_the_cent(up: Stack) -> None:
    event: dict[str, Any] = sample("invoice_created.json")
    event["detail"]["account_id"] = "acme-it"
    gst, qst = {"id": 1, "name": "GST", "rate": "5.0"}, {"id": 2, "name": "QST", "rate": "9.975"}
    event["detail"]["tax_rates"] = [{"id": 3, "name": "GST + QST", "rate": "14.975", "components": [gst, qst]}]
    invoice = event["detail"]["invoice"]
    # 5 % of 1138.48 are 56.92, 9.975 % of it 113.56.
    invoice |= {"id": 9501, "number": "QC-1", "tax_rate_id": 3, "tax": "170.48", "total": "1308.96"}
    for line in invoice["line_items"]:
        line["taxable"] = True
    publish(up, [event])
    found: list[dict[str, Any]] = []
    for _ in until(60):
        found = [i for i in entities(up, "9130350000000002", "Invoice") if i["DocNumber"] == "QC-1"]
        if found:
            break
    (booked,) = found
    assert (booked["TxnTaxDetail"]["TotalTax"], booked["TotalAmt"]) == (Decimal("170.48"), Decimal("1308.96"))
    assert booked["CurrencyRef"]["value"] == "CAD"

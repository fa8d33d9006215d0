"""The main job through the deployed stack: an invoice of Syncro is in QuickBooks, once, to the cent."""

from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console

from local import demo
from local.books import entities, publish, sample, until
from local.stack import Stack


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
    assert booked(up, "Payment") == [Decimal(0), Decimal("600.00"), Decimal("726.57")]
    assert booked(up, "CreditMemo") == [Decimal("30.00")]
    assert booked(up, "PurchaseOrder") == booked(up, "Bill") == [Decimal("480.60")]
    assert booked(up, "Purchase") == [Decimal("240.00")]


def test_the_same_events_once_more_change_nothing(up: Stack, demo_succeeded: bool) -> None:
    assert demo_succeeded
    before = entities(up, up.config.accounts[0].realm_id, "Invoice")
    publish(up, [sample("invoice_updated.json"), sample("invoice_created.json")] * 3)
    for _ in until(8):
        assert entities(up, up.config.accounts[0].realm_id, "Invoice") == before


def test_a_canadian_invoice_with_a_tax_group_is_in_the_books_to_the_cent(up: Stack) -> None:
    event = sample("invoice_created.json")
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

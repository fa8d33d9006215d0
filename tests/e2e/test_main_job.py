"""The main job through the deployed stack: an invoice of Syncro is in QuickBooks, once, to the cent."""

from decimal import Decimal

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


def test_the_demo_brings_the_sample_invoice_into_the_books(up: Stack, demo_succeeded: bool) -> None:
    assert demo_succeeded
    # The total of events/invoice_updated.json.
    assert invoices(up) == [("INV-10482", Decimal("1226.57"))]


def test_the_same_events_once_more_change_nothing(up: Stack, demo_succeeded: bool) -> None:
    assert demo_succeeded
    before = entities(up, up.config.accounts[0].realm_id, "Invoice")
    publish(up, [sample("invoice_updated.json"), sample("invoice_created.json")] * 3)
    for _ in until(8):
        assert entities(up, up.config.accounts[0].realm_id, "Invoice") == before

"""Reading the lists that settings are chosen from, page by page."""

from typing import Any

import pytest

from syncro_quickbooks.desktop import pick_lists
from syncro_quickbooks.sync.model import Kind, Status
from tests.support import events
from tests.support.boundaries import Boundaries, Mode
from tests.support.office import Office
from tests.support.office_events import invoice

pytestmark = pytest.mark.usefixtures("aws_services")


def lists(office: Office) -> dict[str, list[str]]:
    connection = office.accounts.connection(office.account)
    assert connection is not None
    assert connection.company is not None
    found: Any = connection.company["lists"]
    return {name: [each["name"] for each in entries] for name, entries in found.items()}


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setattr(pick_lists, "_ITEMS_AT_ONCE", 4)
    office = Office()
    for number in range(10):
        office.company.enter(
            "ItemService", Name=f"Service {number}", SalesOrPurchase={"AccountRef": {"FullName": "Services"}}
        )
    return office


def items(office: Office) -> list[str]:
    kinds = ("ItemService", "ItemNonInventory", "ItemOtherCharge", "ItemSalesTax")
    return sorted(each.get("FullName") or each["Name"] for kind in kinds for each in office.company.entities(kind))


def test_items_come_in_pages(office: Office) -> None:
    report = office.run()
    assert ["ItemQueryRq" in exchange.request for exchange in report.exchanges] == [True] * 5  # 19 items
    assert sorted(lists(office)["items"]) == items(office)
    assert office.run().outcome == "none"


@pytest.mark.parametrize("at", range(2, 30, 4))
def test_a_reading_that_broke_off_begins_anew_and_mixes_nothing(office: Office, at: int) -> None:
    office.boundaries = Boundaries(at=at, mode=Mode.AFTER)
    office.interrupted_run()
    office.boundaries = Boundaries()
    office.company.enter("ItemService", Name="Another", SalesOrPurchase={"AccountRef": {"FullName": "Services"}})
    office.run()
    office.clock.sleep(25 * 3600)
    office.run()
    assert sorted(lists(office)["items"]) == items(office)


def test_they_are_read_again_after_a_day(office: Office) -> None:
    office.run()
    office.company.enter("Account", Name="Second bank", AccountType="Bank")
    assert office.run().outcome == "none"
    office.clock.sleep(24 * 3600)
    office.run()
    assert "Second bank" in lists(office)["accounts"]


def test_a_reference_that_leads_nowhere_has_the_lists_read_again_once(office: Office) -> None:
    """Somebody made the item anew after the lists were read: the invoice follows in the same session."""
    office.run()
    old = office.company.named("ItemService", "Service 1")
    assert old is not None
    office.company.delete(old["ListID"])
    office.company.enter("ItemService", Name="Service 1", SalesOrPurchase={"AccountRef": {"FullName": "Services"}})
    office.publish("invoice.created", invoice(products=[events.product(3, name="Service 1"), events.product(4)]))
    office.run()
    (posted,) = office.company.entities("Invoice")
    assert posted["InvoiceLineRet"][0]["ItemRef"]["FullName"] == "Service 1"
    office.company.delete(posted["TxnID"])
    fallback = office.company.named("ItemOtherCharge", "Syncro Charges")
    assert fallback is not None
    office.company.delete(fallback["ListID"])
    office.publish("invoice.created", invoice(310))
    report = office.run()
    assert sum("AccountQueryRq" in exchange.request for exchange in report.exchanges) == 1
    assert office.status(Kind.INVOICE, 310) == (Status.NEEDS_ATTENTION, ["qbd_3140"])

"""Death and lost answers at every call of a Desktop account's night: what is compared in the end is whole and right."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from botocore.exceptions import ReadTimeoutError

from emulators.quickbooks_desktop import AnswerLost
from syncro_quickbooks.desktop import night, night_reading, passwords
from syncro_quickbooks.sync.model import Kind
from tests.support.boundaries import Boundaries, Crash, Mode
from tests.support.office import Office
from tests.support.office_events import credit, invoice, payment

pytestmark = pytest.mark.usefixtures("aws_services")

SLICES = 3


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password costs a quarter of a second to check, by design; a page holds two documents, a set two ids."""
    monkeypatch.setattr(passwords, "_COST", 16)
    monkeypatch.setattr(night_reading, "MOST_ROWS", 2)
    monkeypatch.setattr(night_reading, "FEWEST_ROWS", 1)
    monkeypatch.setattr(night, "_IDS_AT_ONCE", 2)


def night_begins() -> Office:
    """Five invoices, of which one is paid, were sent; three were deleted or moved to another month by hand, and the
    last one was copied: only the second page shows that."""
    office = Office()
    office.run()
    for number in range(1, 6):
        office.publish("invoice.created", invoice(number))
    office.publish("payment.created", payment(11, (5, "216.50")))
    office.publish("store_credit.created", credit(61, "30.00"))
    office.run_until_quiet()
    by_number = {each["RefNumber"]: each["TxnID"] for each in office.company.entities("Invoice")}
    office.company.delete(by_number["101"])
    office.company.delete(by_number["102"])
    office.company.change(by_number["103"], TxnDate="2026-03-01")
    last = office.company.get(by_number["105"])
    assert last is not None
    line = {"ItemRef": last["InvoiceLineRet"][0]["ItemRef"], "Amount": "200.00"}
    same = {name: last[name] for name in ("CustomerRef", "TxnDate", "ItemSalesTaxRef", "Memo")}
    office.company.enter("Invoice", **same, RefNumber="COPY", InvoiceLineAdd=[line])
    office.clock.advance_to(office.nights.tonight())
    return office


def night_passes(office: Office) -> None:
    """The function looks, sessions run, until there is a report; more than ten times would be a loop.

    A comparison that dies is made the night after.
    """
    for _ in range(10):
        office.compare()
        if office.nights.newest(office.account, 1):
            return
        office.run_until_quiet()
        if not office.nights.due():
            office.clock.advance_to(office.nights.tonight())
    raise AssertionError("no report")


def reported(office: Office) -> None:
    (report,) = office.nights.newest(office.account, 5)
    documents = report.report["documents"]
    assert isinstance(documents, list)
    copied = office.company.entities("Invoice")[-1]["TxnID"]
    assert sorted(str(each["reason"]) for each in documents if isinstance(each, dict)) == [
        "Invoice 101 is deleted or void in QuickBooks.",
        "Invoice 102 is deleted or void in QuickBooks.",
        f"Invoice COPY (QuickBooks id {copied}) is in QuickBooks, but not as the document of its record.",
    ]
    kinds = report.report["kinds"]
    assert isinstance(kinds, dict)
    sums = {kind: each["quickbooks"] for kind, each in kinds.items() if isinstance(each, dict)}
    assert sums == {
        "invoice": {"count": 4, "total": "866.00", "open": "433.00"},
        "payment": {"count": 1, "total": "216.50", "open": "0"},
        "store_credit": {"count": 1, "total": "30.00", "open": "0"},
    }
    assert not office.nights.due()
    assert office.run().outcome == "none"
    assert (len(office.numbers()), len(office.company.entities("ReceivePayment"))) == (4, 1)
    assert office.status(Kind.INVOICE, 5)[1] == []


def interrupted(office: Office, at: int, mode: Mode) -> None:
    """The night until something breaks, wherever that is."""
    office.boundaries.calls.clear()
    office.boundaries.at, office.boundaries.mode = at, mode
    for step in (office.compare, office.interrupted_run) * 4:
        with suppress(Crash, AnswerLost, ReadTimeoutError):
            step()
        office.boundaries.revive()
        if office.boundaries.hit:
            return


def calls_of(start: Callable[[], Office]) -> list[str]:
    office = start()
    interrupted(office, -1, Mode.AFTER)
    calls = list(office.boundaries.calls)
    reported(office)
    return calls


def matters(mode: Mode, call: str) -> bool:
    """Dying after a read is like dying after the write before it; of the table's answers the transactions' get lost."""
    if mode is Mode.LOST and call.startswith("dynamodb."):
        return call.endswith("transact_write_items")
    return not call.endswith(("get_item", "query"))


@pytest.mark.parametrize("slice_", range(SLICES))
@pytest.mark.parametrize("mode", [Mode.AFTER, Mode.LOST])
def test_interrupted_at_any_call_the_night_ends_with_the_same_report(mode: Mode, slice_: int) -> None:
    calls = calls_of(night_begins)
    for at in [at for at, call in enumerate(calls) if matters(mode, call)][slice_::SLICES]:
        office = night_begins()
        interrupted(office, at, mode)
        assert office.boundaries.hit
        office.boundaries = Boundaries()
        try:
            night_passes(office)
            reported(office)
        except AssertionError as error:
            raise AssertionError(f"interrupted at {at}: {calls[at]} ({mode}): {error}") from error

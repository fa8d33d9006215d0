"""Death and lost answers at every call of Desktop sessions: afterwards everything is in the books once."""

from collections.abc import Callable

import pytest

from syncro_quickbooks.desktop import passwords
from syncro_quickbooks.sync.model import Kind, Status
from tests.support import events
from tests.support.boundaries import Boundaries, Mode
from tests.support.office import Office
from tests.support.office_events import credit, invoice, payment

pytestmark = pytest.mark.usefixtures("aws_services")

SLICES = 6
Story = Callable[[Office], None]


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password costs a quarter of a second to check, by design; here it need not."""
    monkeypatch.setattr(passwords, "_COST", 16)


def prepared() -> Office:
    """The lists are read."""
    office = Office()
    office.run()
    return office


def with_documents() -> Office:
    """Two invoices, one of them paid, and a store credit are in the books."""
    office = prepared()
    for number in (309, 310, 311):
        office.publish("invoice.created", invoice(number))
    office.publish("payment.created", payment(501, (309, "216.50")))
    office.publish("store_credit.created", credit(901, "50.00"))
    office.run_until_quiet()
    return office


def creations(office: Office) -> None:
    """Everything is new: a customer, two invoices, a payment of both with something left, a store credit."""
    office.publish("invoice.created", invoice(309))
    office.publish("invoice.created", invoice(310))
    office.publish("payment.created", payment(501, (309, "216.50"), (310, "100.00"), amount="400.00"))
    office.publish("store_credit.created", credit(901, "50.00"))


def created(office: Office) -> None:
    books = office.company
    assert [each["Name"] for each in books.entities("Customer")] == ["Returns R Us"]
    assert sorted(office.numbers()) == ["10309", "10310"]
    (paid,) = books.entities("ReceivePayment")
    assert (paid["TotalAmount"], paid["UnusedPayment"]) == ("400.00", "83.50")
    assert sorted(row["Amount"] for row in paid["AppliedToTxnRet"]) == ["100.00", "216.50"]
    (memo,) = books.entities("CreditMemo")
    assert (memo["TotalAmount"], memo["CreditRemaining"]) == ("50.00", "50.00")
    for kind, syncro_id in ((Kind.INVOICE, 309), (Kind.INVOICE, 310), (Kind.PAYMENT, 501), (Kind.STORE_CREDIT, 901)):
        assert office.status(kind, syncro_id) == (Status.SYNCED, [])


def changes(office: Office) -> None:
    """An invoice grows, another is deleted, the payment is lowered, the credit pays a part of the first one."""
    lines = [events.line(1, 3), events.line(2, 4, price="300.0")]
    office.publish(
        "invoice.updated",
        events.invoice_detail(
            309,
            version=2,
            lines=lines,
            totals=("400.00", "33.00", "433.00"),
            products=[events.product(3, name="Managed Services"), events.product(4, name="Unknown")],
        ),
    )
    office.publish("invoice.deleted", {**invoice(311), "version": 2})
    office.publish("payment.updated", payment(501, (309, "150.00"), amount="150.00", version=2))
    applied = payment(502, (309, "40.00"), amount="40.00", payment_method="Store Credit", ref_num=None)
    applied["payment"]["allocations"][0]["source_credit_id"] = 901
    office.publish("payment.created", applied)


def changed(office: Office) -> None:
    books = office.company
    first, second, third = sorted(books.entities("Invoice"), key=lambda each: each["RefNumber"])
    assert [line["Amount"] for line in first["InvoiceLineRet"]] == ["100.00", "300.00"]
    # 433.00 less 150.00 in money and 40.00 of the credit
    assert first["BalanceRemaining"] == "243.00"
    assert (second["Subtotal"], second["BalanceRemaining"]) == ("200.00", "216.50")
    assert (third["Subtotal"], third["Memo"][:5]) == ("0.00", "VOID:")
    (paid,) = books.entities("ReceivePayment")
    assert (paid["TotalAmount"], paid["UnusedPayment"]) == ("150.00", "0.00")
    (memo,) = books.entities("CreditMemo")
    assert memo["CreditRemaining"] == "10.00"
    assert office.status(Kind.INVOICE, 309) == (Status.SYNCED, [])
    assert office.status(Kind.INVOICE, 311)[0] is Status.SYNCED
    assert office.status(Kind.PAYMENT, 501) == (Status.SYNCED, [])
    assert office.status(Kind.PAYMENT, 502) == (Status.SYNCED, [])


STORIES = {
    "creations": (prepared, creations, created),
    "changes": (with_documents, changes, changed),
}


def calls_of(start: Callable[[], Office], story: Story, check: Story) -> list[str]:
    office = start()
    story(office)
    office.boundaries.calls.clear()
    office.run_until_quiet()
    check(office)
    return list(office.boundaries.calls)


def matters(name: str, mode: Mode, call: str) -> bool:
    """Dying after a read is like dying after the write before it; in the long story only the line loses answers."""
    is_read = call.endswith(("get_item", "query"))
    of_table = call.startswith("dynamodb.")
    return not is_read and (mode is Mode.AFTER or name == "creations" or not of_table)


def interrupt(office: Office, at: int, mode: Mode) -> None:
    office.boundaries.calls.clear()
    office.boundaries.at, office.boundaries.mode = at, mode
    for _ in range(4):
        office.interrupted_run()
        if office.boundaries.hit:
            return


@pytest.mark.parametrize("slice_", range(SLICES))
@pytest.mark.parametrize("mode", [Mode.AFTER, Mode.LOST])
@pytest.mark.parametrize("name", STORIES)
def test_interrupted_at_any_call_everything_is_in_the_books_once(name: str, mode: Mode, slice_: int) -> None:
    start, story, check = STORIES[name]
    calls = calls_of(start, story, check)
    for at in [at for at, call in enumerate(calls) if matters(name, mode, call)][slice_::SLICES]:
        office = start()
        story(office)
        interrupt(office, at, mode)
        office.boundaries = Boundaries()
        office.run_until_quiet()
        try:
            check(office)
        except AssertionError as error:
            raise AssertionError(f"interrupted at {at}: {calls[at]} ({mode}): {error}") from error

"""Every line of the product's list that Desktop does not do is a record with a reason, and nothing in the books."""

from typing import Any

import pytest

from local.books import sample
from syncro_quickbooks.sync.model import Kind, Status
from tests.support import events
from tests.support.office import Office
from tests.support.office_events import credit, invoice, payment

pytestmark = pytest.mark.usefixtures("aws_services")


def told(name: str) -> tuple[str, dict[str, Any]]:
    """A sample event of the repository for the test's account."""
    event: dict[str, Any] = sample(name)
    return event["detail-type"], {**event["detail"], "account_id": events.ACCOUNT}


def skipped(office: Office, kind: Kind, syncro_id: int) -> tuple[str, str]:
    """Code and words of a record that is skipped; once it is, sessions have nothing to do."""
    office.run_until_quiet()
    record = office.record(kind, syncro_id)
    assert record.status is Status.SKIPPED
    (problem,) = record.problems
    return problem.code, problem.message


def in_the_books(office: Office, *kinds: str) -> list[str]:
    return [kind for kind in kinds for _ in office.company.entities(kind)]


@pytest.mark.parametrize(
    ("event", "kind", "syncro_id", "subject"),
    [
        ("product_created.json", Kind.PRODUCT, 23, "Product 23"),
        ("product_updated.json", Kind.PRODUCT, 23, "Product 23"),
        ("purchase_order_created.json", Kind.PURCHASE_ORDER, 7001, "Purchase order 7001"),
        ("purchase_order_updated.json", Kind.PURCHASE_ORDER, 7001, "Purchase order 7001"),  # which finishes it
        ("customer_purchase_updated.json", Kind.CUSTOMER_PURCHASE, 8001, "Customer purchase 8001"),
    ],
)
def test_kinds_of_records(event: str, kind: Kind, syncro_id: int, subject: str) -> None:
    office = Office()
    lists = ("Vendor", "ItemService", "ItemNonInventory", "Customer")
    before = in_the_books(office, *lists)
    office.publish(*told(event))
    code, message = skipped(office, kind, syncro_id)
    assert code == "desktop_not_supported"
    assert message.startswith(f"{subject} is not sent: ")
    assert in_the_books(office, *lists) == before


def test_a_vendor_alone_is_nothing_to_do() -> None:
    office = Office()
    office.publish(*told("vendor_updated.json"))
    office.run_until_quiet()
    assert office.status(Kind.VENDOR, 510) == (Status.DORMANT, [])
    assert in_the_books(office, "Vendor") == ["Vendor"]  # the company's own tax agency


def test_an_organization_alone_travels_with_its_next_invoice() -> None:
    office = Office()
    office.publish("customer.updated", told("customer_updated.json")[1])
    office.run_until_quiet()
    assert office.status(Kind.CUSTOMER, 410) == (Status.DORMANT, [])
    assert in_the_books(office, "Customer") == []


def _with_a_tax_group() -> dict[str, Any]:
    parts = [{"id": 5, "name": "State", "rate": "6.25"}, {"id": 6, "name": "City", "rate": "2.0"}]
    detail = invoice(310)
    detail["tax_rates"] = [{"id": 9, "name": "State and city", "rate": "8.25", "components": parts}]
    detail["invoice"]["tax_rate_id"] = 9
    return detail


@pytest.mark.parametrize(
    ("detail", "code", "word"),
    [
        (
            events.invoice_detail(310, lines=[events.line(1, 3, price="0")], totals=("0", "0", "0")),
            "desktop_zero_invoice",
            "$0.00",
        ),
        (_with_a_tax_group(), "desktop_tax_group", "'State and city'"),
        (events.invoice_detail(310, is_refund=True), "refund", "$216.00"),
    ],
    ids=["$0", "tax group", "refund"],
)
def test_invoices(detail: dict[str, Any], code: str, word: str) -> None:
    office = Office()
    office.publish("invoice.created", detail)
    found, message = skipped(office, Kind.INVOICE, 310)
    assert found == code
    assert message.startswith("Invoice 10310")
    assert word in message
    assert in_the_books(office, "Invoice", "CreditMemo", "ReceivePayment") == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"payment_method": "Write-off"}, "desktop_write_off"),
        ({"amount": "-5.00"}, "refund_payment"),
        ({"amount": "0"}, "empty_payment"),
    ],
)
def test_payments(fields: dict[str, Any], code: str) -> None:
    office = Office()
    office.publish("invoice.created", invoice())
    office.publish("payment.created", payment(501, **fields))
    found, message = skipped(office, Kind.PAYMENT, 501)
    assert found == code
    assert message.startswith("Payment 501")
    assert in_the_books(office, "Invoice", "CreditMemo", "ReceivePayment") == ["Invoice"]


def test_payments_and_store_credits_that_are_switched_off() -> None:
    office = Office()
    office.choose(sync_payments_to=False, sync_store_credit=False)
    office.publish("invoice.created", invoice())
    office.publish("payment.created", payment(501, (309, "216.50")))
    office.publish("store_credit.created", credit(61, "20.00"))
    assert skipped(office, Kind.PAYMENT, 501)[0] == "payments_off"
    assert skipped(office, Kind.STORE_CREDIT, 61)[0] == "store_credit_off"
    assert in_the_books(office, "Invoice", "CreditMemo", "ReceivePayment") == ["Invoice"]


def test_a_payment_that_came_from_quickbooks_online_is_not_entered_in_the_company_file() -> None:
    """The account used QuickBooks Online before, and imported it from there."""
    office = Office()
    office.publish("invoice.created", invoice())
    office.publish("payment.created", payment(501, (309, "216.50"), ref_num="QBO-5"))
    code, message = skipped(office, Kind.PAYMENT, 501)
    assert code == "payment_imported"
    assert message.startswith("Payment 501 came from QuickBooks Online")
    assert in_the_books(office, "Invoice", "ReceivePayment") == ["Invoice"]

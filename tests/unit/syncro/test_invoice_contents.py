"""What makes two tellings of an invoice the same, and what the public API's lacks."""

from typing import Any

import pytest

from syncro_quickbooks.syncro.api_things import from_api
from syncro_quickbooks.syncro.invoices import content_of
from syncro_quickbooks.syncro.models import InvoiceSnapshot
from tests.support.events import invoice_detail, line

ONLY_IN_EVENTS = ("tax_rate_id", "notax", "is_draft", "is_refund")


def told_by_event(**fields: Any) -> str:
    detail = invoice_detail(**fields)
    return content_of(InvoiceSnapshot.model_validate(detail).invoice)


def told_by_api(**fields: Any) -> str:
    invoice = {name: value for name, value in invoice_detail(**fields)["invoice"].items() if name not in ONLY_IN_EVENTS}
    invoice["line_items"] = [{k: v for k, v in each.items() if k != "tax_rate_id"} for each in invoice["line_items"]]
    extra: dict[str, Any] = {"balance_due": "12.50", "is_paid": False, "payments": []}
    extra["updated_at"] = "2026-11-21T08:00:00.000Z"
    return content_of(InvoiceSnapshot.model_validate(from_api("invoice", {**invoice, **extra})).invoice)


def test_the_api_and_an_event_say_the_same_of_one_invoice() -> None:
    assert told_by_api() == told_by_event()


@pytest.mark.parametrize(
    "same",
    [
        {"version": 9},
        {"totals": ("200", "16.0", "216.000")},
        {"lines": [line(1, 3, price="100"), line(2, 4, quantity="1.000")]},
        {"lines": [{**line(1, 3), "position": 1}, {**line(2, 4), "position": 2}]},
        {"tax_rate_id": None},  # whether the tax is another shows in its amount
        {"date": "2026-11-20T00:00:00Z"},
    ],
)
def test_what_is_only_written_otherwise_is_the_same(same: dict[str, Any]) -> None:
    assert told_by_event(**same) == told_by_event()


@pytest.mark.parametrize(
    "other",
    [
        {"number": "10309-A"},
        {"date": "2026-11-21T00:00:00.000Z"},
        {"due_date": None},
        {"totals": ("200.00", "16.01", "216.01")},
        {"note": "Thank you"},
        {"po_number": "PO-1"},
        {"customer_id": 73},
        {"lines": [line(1, 3)]},
        {"lines": [line(2, 4), line(1, 3)]},
        {"lines": [line(1, 3), {**line(2, 4), "name": "Other work"}]},
        {"lines": [line(1, 3), {**line(2, 4), "taxable": False}]},
        {"lines": [line(1, 3), line(2, 5)]},
        {"lines": [line(1, 3), {**line(2, 4), "line_discount_percent": "5"}]},
    ],
)
def test_what_says_something_else_is_not(other: dict[str, Any]) -> None:
    assert told_by_event(**other) != told_by_event()
    assert told_by_api(**other) == told_by_event(**other)


def test_an_invoice_of_the_api_without_its_lines_cannot_be_read() -> None:
    with pytest.raises(ValueError, match="line_items"):
        from_api("invoice", {"id": 1, "customer_id": 2, "number": "1", "date": "2026-11-20", "total": "0"})

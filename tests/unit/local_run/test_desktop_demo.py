"""The demo fails when the company file does not say what Syncro says."""

from typing import Any

import pytest

from local import desktop_demo
from local.books import sample
from local.story import SyncroSide

INVOICE = {"RefNumber": "INV-10482", "Subtotal": "1138.48", "SalesTaxTotal": "17.74", "BalanceRemaining": "456.22"}
BOOKS: dict[str, list[dict[str, Any]]] = {
    "Customer": [{"FullName": "Bluebonnet Dental Group", "Balance": "456.22"}],
    "Invoice": [INVOICE],
    "ReceivePayment": [{"TotalAmount": "700.00"}],
}


def agrees(**changed: list[dict[str, Any]]) -> bool:
    syncro = SyncroSide()
    for name in desktop_demo.STEPS:
        syncro.hear(sample(name))
    _, equal = desktop_demo.comparison(syncro, {**BOOKS, **changed})
    return equal


def test_books_with_the_figures_of_the_events_agree() -> None:
    assert agrees()


@pytest.mark.parametrize(
    "changed",
    [
        {"Invoice": [{**INVOICE, "SalesTaxTotal": "17.73"}]},
        {"Invoice": [{**INVOICE, "Subtotal": "1138.47"}]},
        {"Invoice": [{**INVOICE, "BalanceRemaining": "1156.22"}]},
        {"Invoice": []},
        {"Invoice": [INVOICE, INVOICE]},
        {"ReceivePayment": []},
        {"ReceivePayment": [{"TotalAmount": "700.00"}, {"TotalAmount": "700.00"}]},
        {"Customer": [{"FullName": "Bluebonnet Dental Group", "Balance": "-243.78"}]},
    ],
)
def test_a_cent_a_missing_document_or_one_too_many_is_noticed(changed: dict[str, Any]) -> None:
    assert not agrees(**changed)

"""The comparison of what documents say can fail: whatever is changed in QuickBooks by hand is noticed and named."""

from decimal import Decimal
from random import Random
from typing import Any

import pytest

from emulators.quickbooks_online import Company
from tests.simulation.engine import contents
from tests.simulation.engine.syncro import Syncro
from tests.support.books import standing
from tests.support.events import ACCOUNT
from tests.support.world import World

Books = tuple[Company, Syncro]


@pytest.fixture(scope="module")
def books(aws_services: None) -> Books:
    """Everything that can be done was done, several times."""
    world, syncro = World(), Syncro(ACCOUNT, Random(1))
    company = world.connect(everything=True)
    for times in range(4):
        for customer in syncro.customers:
            for _, do in syncro.deeds(customer, times, Decimal(150)):
                for event in syncro.done(customer, do):
                    world.publish(*event)
    world.run()
    return company, syncro


def test_after_many_deeds_every_document_says_what_syncro_says(books: Books) -> None:
    company, syncro = books
    contents.agree(company, syncro)
    kinds = ("Invoice", "Payment", "CreditMemo", "PurchaseOrder", "Bill", "Purchase")
    assert all(standing(company, kind) for kind in kinds)


DAY = "2026-11-28"


@pytest.mark.parametrize(
    ("entity", "change"),
    [
        ("Invoice", {"DueDate": DAY}),
        ("Invoice", {"TxnDate": DAY}),
        ("Invoice", {"DocNumber": "1"}),
        ("Payment", {"TxnDate": DAY}),
        ("Payment", {"PaymentRefNum": "1"}),
        ("CreditMemo", {"TxnDate": DAY}),
        ("PurchaseOrder", {"DocNumber": "1"}),
        ("PurchaseOrder", {"TxnDate": DAY}),
        ("Bill", {"TxnDate": DAY}),
        ("Bill", {"DueDate": DAY}),
        ("Purchase", {"TxnDate": DAY}),
    ],
)
def test_a_field_that_was_changed_is_noticed(books: Books, entity: str, change: dict[str, Any]) -> None:
    company, _ = books
    _noticed(books, entity, standing(company, entity)[0], change)


@pytest.mark.parametrize("change", [{"UnitPrice": 1}, {"Name": f"{ACCOUNT} Product of another name"}])
def test_an_item_that_was_changed_is_noticed(books: Books, change: dict[str, Any]) -> None:
    company, _ = books
    found = next(each for each in company.entities("Item") if each["Name"].startswith(ACCOUNT))
    _noticed(books, "Item", found, change, named="Product")


@pytest.mark.parametrize(
    ("entity", "detail", "change"),
    [
        ("Invoice", "SalesItemLineDetail", "item"),
        ("Invoice", "SalesItemLineDetail", "quantity"),
        ("PurchaseOrder", "ItemBasedExpenseLineDetail", "item"),
        ("PurchaseOrder", "ItemBasedExpenseLineDetail", "quantity"),
    ],
)
def test_a_line_that_was_changed_is_noticed(books: Books, entity: str, detail: str, change: str) -> None:
    company, _ = books
    found = standing(company, entity)[-1]
    line, *others = [each for each in found["Line"] if each["DetailType"] == detail]
    was, another = line[detail], next(each for each in company.entities("Item") if each["Name"] == "Used Goods")
    changes = {
        "item": {"ItemRef": {"value": another["Id"]}},
        "quantity": {"Qty": was["Qty"] * 2, "UnitPrice": was["UnitPrice"] / 2},
    }
    _noticed(books, entity, found, {"Line": [{**line, detail: {**was, **changes[change]}}, *others]})


def test_a_line_that_is_no_longer_taxed_is_noticed(books: Books) -> None:
    company, _ = books
    found = next(each for each in standing(company) if 0 < each["TxnTaxDetail"]["TotalTax"] <= each["Balance"])
    lines = [each for each in found["Line"] if each["DetailType"] == "SalesItemLineDetail"]
    untaxed = [
        {**each, "SalesItemLineDetail": {**each["SalesItemLineDetail"], "TaxCodeRef": {"value": "NON"}}}
        for each in lines
    ]
    _noticed(books, "Invoice", found, {"Line": untaxed})


def _noticed(books: Books, entity: str, found: dict[str, Any], change: dict[str, Any], named: str = "") -> None:
    company, syncro = books
    company.edit_by_hand(entity, found["Id"], change)
    with pytest.raises(AssertionError, match=named or entity):
        contents.agree(company, syncro)
    company.edit_by_hand(entity, found["Id"], {field: found[field] for field in change})
    contents.agree(company, syncro)

"""What a person changed in QuickBooks is told apart from what does not concern Syncro."""

import copy
from decimal import Decimal

import pytest

from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.online.mapping.hand import foreign_change, is_voided, reflects
from tests.unit.mapping.mapping_builders import MARKER, mapped, posted, simple, written

SUBTOTAL: JsonObject = {"Amount": 200.0, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}


def last() -> JsonObject:
    document = posted(written(mapped(simple())), TxnTaxDetail={"TotalTax": 16.5})
    lines = document["Line"]
    assert isinstance(lines, list)
    return copy.deepcopy({**document, "Line": [{"Id": "1", "LineNum": 1, **lines[0]}, SUBTOTAL]})  # type: ignore[dict-item]  # a line is an object


def line_of(document: JsonObject) -> JsonObject:
    lines = document["Line"]
    assert isinstance(lines, list)
    assert isinstance(lines[0], dict)
    return lines[0]


def detail_of(document: JsonObject) -> JsonObject:
    detail = line_of(document)["SalesItemLineDetail"]
    assert isinstance(detail, dict)
    return detail


def test_nothing_changed_is_nothing() -> None:
    assert foreign_change(last(), last()) == ()


@pytest.mark.parametrize(
    "foreign",
    [
        {"SyncToken": "9"},
        {"PrivateNote": "called"},
        {"CustomerMemo": {"value": "Thanks"}},
        {"EmailStatus": "EmailSent"},
        {"BillAddr": {"Line1": "elsewhere"}},
        {"LinkedTxn": [{"TxnId": "9", "TxnType": "Payment"}], "Balance": 0},
        {"TxnDate": "2026-12-01"},
        {"MetaData": {"LastUpdatedTime": "2026-12-01T00:00:00Z"}},
    ],
)
def test_what_is_not_syncros_business_is_no_change(foreign: dict[str, Json]) -> None:
    assert foreign_change(last(), {**last(), **foreign}) == ()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"TotalAmt": 216.51}, "total was 216.50, is 216.51"),
        ({"TxnTaxDetail": {"TotalTax": 16.49}}, "tax was 16.50, is 16.49"),
        ({"CustomerRef": {"value": "59"}}, "customer was id 58, is id 59"),
        ({"DocNumber": "INV-9"}, "number was INV-1, is INV-9"),
        ({"DueDate": "2027-01-01"}, "due date was 2026-12-16, is 2027-01-01"),
        ({"status": "Deleted"}, "status was open, is deleted"),
        ({"TotalAmt": 0, "PrivateNote": f"Voided - {MARKER}"}, "status was open, is voided"),
        ({"Line": []}, "number of lines was 1, is 0"),
    ],
)
def test_what_a_person_changed_is_named_with_both_values(changes: dict[str, Json], text: str) -> None:
    assert [str(each) for each in foreign_change(last(), {**last(), **changes})] == [text]


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("ItemRef", {"value": "7"}, "line 1 item was id 121, is id 7"),
        ("TaxCodeRef", {"value": "NON"}, "line 1 tax code was id TAX, is id NON"),
        ("Qty", 3, "line 1 quantity was 2, is 3"),
        ("UnitPrice", Decimal("99.5"), "line 1 price was 100, is 99.5"),
    ],
)
def test_a_changed_line_is_named(key: str, value: Json, text: str) -> None:
    now = last()
    detail_of(now)[key] = value
    assert [str(each) for each in foreign_change(last(), now)] == [text]


def test_changed_amount_and_description_of_a_line_are_named() -> None:
    now = last()
    line_of(now).update({"Amount": 150.0, "Description": "By hand"})
    assert [str(each) for each in foreign_change(last(), now)] == [
        "line 1 amount was 200.00, is 150.00",
        "line 1 description was Support hours, is By hand",
    ]


def test_whole_numbers_and_decimals_are_the_same_number() -> None:
    now = last()
    detail_of(now).update({"Qty": 2, "UnitPrice": 100})
    assert foreign_change(last(), now) == ()


def test_a_body_that_was_sent_can_be_compared_with_what_is_there() -> None:
    body = written(mapped(simple())).body
    assert foreign_change(body, last()) == ()
    assert foreign_change(body, {**last(), "CustomerRef": {"value": "59"}}) != ()


@pytest.mark.parametrize(
    ("document", "voided"),
    [
        ({"status": "Voided", "TotalAmt": 5}, True),
        ({"TotalAmt": 0, "PrivateNote": "Voided"}, True),
        ({"TotalAmt": 0, "PrivateNote": MARKER}, False),
        ({"TotalAmt": 5, "PrivateNote": "Voided by mistake, then restored"}, False),
    ],
)
def test_a_void_is_recognised_in_both_forms(document: JsonObject, voided: bool) -> None:
    assert is_voided(document) is voided


def test_a_carried_out_update_is_recognised_with_what_quickbooks_adds() -> None:
    body = written(mapped(simple(note="New"), current=last())).body
    now: JsonObject = {**last(), **body, "SyncToken": "4", "TxnTaxDetail": {"TotalTax": Decimal("16.5"), "TaxLine": []}}
    now["Line"] = last()["Line"]
    assert reflects(now, body)


@pytest.mark.parametrize(
    "changes",
    [{"SyncToken": "3"}, {"CustomerMemo": {"value": "Old"}}, {"DueDate": "2027-01-01"}, {"Line": [SUBTOTAL]}],
)
def test_an_update_that_is_not_there_is_not_taken_for_carried_out(changes: dict[str, Json]) -> None:
    body = written(mapped(simple(note="New"), current=last())).body
    assert not reflects({**last(), **body, "SyncToken": "4", **changes}, body)

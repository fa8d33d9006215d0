import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncro_quickbooks.online.client import FrozenRequest, batch_request, quote, single_request
from syncro_quickbooks.sync.model import Operation

CREATE, UPDATE, VOID, DELETE = Operation.CREATE, Operation.UPDATE, Operation.VOID, Operation.DELETE
HANDLE: dict[str, Any] = {"Id": "264", "SyncToken": "3"}


def test_a_create_goes_to_the_lower_case_entity_with_request_id_and_minor_version() -> None:
    request = single_request("Invoice", CREATE, {"DocNumber": "1001"}, "req-1")
    assert (request.method, request.path) == ("POST", "/invoice")
    assert request.query == (("requestid", "req-1"), ("minorversion", "75"))
    assert request.body == b'{"DocNumber":"1001"}'
    assert request.target == "/invoice?requestid=req-1&minorversion=75"


def test_the_same_content_freezes_to_the_same_bytes() -> None:
    def make() -> FrozenRequest:
        return single_request("Invoice", UPDATE, {**HANDLE, "sparse": True}, "req-1")

    assert make() == make()


def test_an_invoice_is_voided_by_its_handle_alone() -> None:
    request = single_request("Invoice", VOID, {**HANDLE, "DocNumber": "1001"}, "req-1")
    assert request.query[0] == ("operation", "void")
    assert json.loads(request.body) == HANDLE


def test_a_payment_is_voided_as_a_sparse_update() -> None:
    request = single_request("Payment", VOID, HANDLE, "req-1")
    assert request.query[:2] == (("operation", "update"), ("include", "void"))
    assert json.loads(request.body) == {**HANDLE, "sparse": True}


def test_a_delete_sends_the_handle_alone() -> None:
    request = single_request("Payment", DELETE, {**HANDLE, "TotalAmt": 5}, "req-1")
    assert request.query[0] == ("operation", "delete")
    assert json.loads(request.body) == HANDLE


def test_the_tax_service_has_its_own_address() -> None:
    assert single_request("TaxService", CREATE, {"TaxCode": "x"}, "r").path == "/taxservice/taxcode"


@pytest.mark.parametrize("entity", ["CreditMemo", "Purchase", "Bill"])
def test_what_quickbooks_cannot_void_is_refused_here(entity: str) -> None:
    with pytest.raises(ValueError, match="cannot void"):
        single_request(entity, VOID, HANDLE, "req-1")
    with pytest.raises(ValueError, match="cannot void"):
        batch_request([("1", entity, VOID, HANDLE)], "req-1")


def test_a_void_without_sync_token_is_refused() -> None:
    with pytest.raises(ValueError, match="SyncToken"):
        single_request("Invoice", VOID, {"Id": "264"}, "req-1")


@pytest.mark.parametrize("request_id", ["", "x" * 51, "with blank", "a&b"])
def test_a_request_id_quickbooks_would_not_take_is_refused(request_id: str) -> None:
    with pytest.raises(ValueError, match="request id"):
        single_request("Invoice", CREATE, {}, request_id)


def test_request_ids_may_have_50_characters_but_36_in_a_batch() -> None:
    assert single_request("Invoice", CREATE, {}, "x" * 50)
    assert batch_request([("1", "Invoice", CREATE, {})], "x" * 36)
    with pytest.raises(ValueError, match="1-36"):
        batch_request([("1", "Invoice", CREATE, {})], "x" * 37)


def test_a_batch_lists_its_members_in_order() -> None:
    request = batch_request(
        [
            ("1", "Customer", CREATE, {"DisplayName": "Amy's"}),
            ("2", "Invoice", DELETE, {**HANDLE, "TotalAmt": 1}),
            ("3", "Payment", VOID, HANDLE),
            ("4", "Item", UPDATE, {**HANDLE, "Name": "x"}),
        ],
        "batch-1",
    )
    assert request.path == "/batch"
    assert json.loads(request.body) == {
        "BatchItemRequest": [
            {"bId": "1", "operation": "create", "Customer": {"DisplayName": "Amy's"}},
            {"bId": "2", "operation": "delete", "Invoice": HANDLE},
            {"bId": "3", "operation": "update", "optionsData": "void", "Payment": {**HANDLE, "sparse": True}},
            {"bId": "4", "operation": "update", "Item": {**HANDLE, "Name": "x"}},
        ]
    }


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ([], "1 to 30"),
        ([(str(n), "Item", CREATE, {}) for n in range(31)], "1 to 30"),
        ([("1", "Item", CREATE, {}), ("1", "Item", CREATE, {})], "same bId"),
        ([("x" * 11, "Item", CREATE, {})], "bId"),
        ([("1", "TaxService", CREATE, {})], "tax service"),
        ([("1", "Item", CREATE, {"Description": "x" * 1_000_001})], "bytes"),
    ],
)
def test_a_batch_quickbooks_would_not_take_is_refused(
    members: list[tuple[str, str, Operation, dict[str, Any]]], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        batch_request(members, "batch-1")


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        ("Amy", "'Amy'"),
        ("Amy's", r"'Amy\'s'"),
        ("a\\b", r"'a\\b'"),
        ("\\'", r"'\\\''"),
        ("", "''"),
        ("A&B %", "'A&B %'"),
    ],
)
def test_a_query_literal_is_escaped(value: str, literal: str) -> None:
    assert quote(value) == literal


@given(st.text(alphabet="ab'\\ ", max_size=12))
def test_a_literal_ends_only_at_its_last_quote(value: str) -> None:
    literal, place, read = quote(value), 1, ""
    while literal[place] != "'":
        place += literal[place] == "\\"
        read += literal[place]
        place += 1
    assert (place, read) == (len(literal) - 1, value)

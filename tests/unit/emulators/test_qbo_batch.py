"""Batches and requestid (facts: QBO 2.2, 2.3)."""

from datetime import timedelta
from typing import Any

import pytest


def batch(*members: Any) -> Any:
    return {"BatchItemRequest": list(members)}


def create(bid: str, entity: str, **body: Any) -> Any:
    return {"bId": bid, "operation": "create", entity: body}


def test_members_succeed_and_fail_on_their_own(us: Any) -> None:
    us.customer("Taken")
    us.invoice("1", "10")
    answer = us.post(
        "batch",
        batch(
            create("a", "Vendor", DisplayName="New"),
            create("b", "Customer", DisplayName="Taken"),
            {"bId": "c", "operation": "delete", "Invoice": {"Id": "129", "SyncToken": "0"}},
            {"bId": "d", "Query": "select * from Vendor"},
            {"bId": "e", "operation": "update", "optionsData": "void", "Invoice": {"Id": "1", "SyncToken": "0"}},
        ),
    )
    assert answer.status == 200
    responses = {one["bId"]: one for one in answer.body["BatchItemResponse"]}
    assert responses["a"]["Vendor"]["Id"] == "1"
    assert responses["b"]["Fault"]["Error"][0]["code"] == "6240"
    assert responses["c"]["Fault"]["Error"][0]["code"] == "610"
    assert responses["d"]["QueryResponse"]["Vendor"][0]["DisplayName"] == "New"
    assert responses["e"]["Invoice"]["TotalAmt"] == 0


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ([create(str(n), "Customer", DisplayName=str(n)) for n in range(31)], "1040"),
        ([create("12345678901", "Customer", DisplayName="A")], "2050"),
        ([{"operation": "create", "Customer": {"DisplayName": "A"}}], "2020"),
        ([create("1", "Customer", DisplayName="A"), create("1", "Customer", DisplayName="B")], "2030"),
        ([], "2020"),
    ],
)
def test_a_bad_batch_is_refused_whole(us: Any, members: Any, code: str) -> None:
    answer = us.post("batch", batch(*members))
    assert (answer.status, answer.code) == (400, code)
    assert us.company.entities("Customer") == []


@pytest.mark.parametrize(
    ("member", "code"),
    [
        ({"bId": "1", "operation": "create", "Nonsense": {}}, "2000"),
        ({"bId": "1", "operation": "destroy", "Customer": {"Id": "1"}}, "500"),
        ({"bId": "1", "operation": "update", "Customer": {"DisplayName": "A"}}, "2020"),
        ({"bId": "1", "operation": "create", "Customer": {"BadJson": 1}}, "2010"),
        ({"bId": "1", "Query": "select"}, "4000"),
    ],
)
def test_a_bad_member_is_refused_alone(us: Any, member: Any, code: str) -> None:
    answer = us.post("batch", batch(member))
    [response] = answer.body["BatchItemResponse"]
    assert response["Fault"]["Error"][0]["code"] == code


def test_the_first_answer_to_a_request_id_is_given_again(us: Any) -> None:
    first = us.post("customer", {"DisplayName": "A"}, requestid="r1")
    us.time.pass_seconds(60)
    again = us.post("customer", {"DisplayName": "Something else"}, requestid="r1")
    assert again.body == first.body
    assert len(us.company.entities("Customer")) == 1
    assert us.emu.journal[-1].note == "replayed"


def test_a_refusal_is_given_again_too(us: Any) -> None:
    us.customer("A")
    first = us.post("customer", {"DisplayName": "A"}, requestid="r1")
    us.company.edit_by_hand("Customer", "1", {"DisplayName": "B"})
    again = us.post("customer", {"DisplayName": "A"}, requestid="r1")
    assert (first.code, again.code, again.status) == ("6240", "6240", 400)


def test_a_whole_batch_is_replayed(us: Any) -> None:
    body = batch(create("1", "Customer", DisplayName="A"), create("2", "Customer", DisplayName="B"))
    first = us.post("batch", body, requestid="r1")
    assert us.post("batch", body, requestid="r1").body == first.body
    assert len(us.company.entities("Customer")) == 2


def test_after_the_retention_a_request_id_is_new(us: Any) -> None:
    us.emu.requestid_retention = timedelta(minutes=30)
    us.post("customer", {"DisplayName": "A"}, requestid="r2")
    us.time.pass_seconds(1800)
    assert us.post("customer", {"DisplayName": "B"}, requestid="r2").body["Customer"]["Id"] == "2"


def test_request_ids_are_per_company(us: Any, ca: Any) -> None:
    us.post("customer", {"DisplayName": "A"}, requestid="r1")
    assert ca.post("customer", {"DisplayName": "B"}, requestid="r1").body["Customer"]["DisplayName"] == "B"


@pytest.mark.parametrize(("path", "length"), [("customer", 51), ("batch", 37)])
def test_a_request_id_that_is_too_long_is_refused(us: Any, path: str, length: int) -> None:
    answer = us.post(path, {"DisplayName": "A"}, requestid="x" * length)
    assert (answer.status, answer.code) == (400, "2130")
    assert us.post("customer", {"DisplayName": "A"}, requestid="x" * 50).status == 200


def test_reads_know_no_request_id(us: Any) -> None:
    first = us.call("GET", "query", query="select count(*) from Customer", requestid="r1")
    us.customer("A")
    second = us.call("GET", "query", query="select count(*) from Customer", requestid="r1")
    assert [one.body["QueryResponse"]["totalCount"] for one in (first, second)] == [0, 1]

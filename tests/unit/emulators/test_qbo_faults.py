"""Failures on demand, tokens, throttles and the journal (facts: QBO 2.7-2.9)."""

from decimal import Decimal
from typing import Any

import pytest
import requests

from emulators.quickbooks_online import ConnectionDropped, Fault
from emulators.quickbooks_online.fault_codes import MESSAGES
from emulators.quickbooks_online.web import Request


def test_before_nothing_is_done(us: Any) -> None:
    us.emu.faults.add(Fault(kind="before", operation="create", entity="Customer"))
    with pytest.raises(requests.exceptions.ConnectionError):
        us.post("customer", {"DisplayName": "A"}, requestid="r1")
    assert us.company.entities("Customer") == []
    assert us.post("customer", {"DisplayName": "A"}, requestid="r1").status == 200


def test_after_it_is_done_and_the_answer_comes_at_the_repeat(us: Any) -> None:
    us.emu.faults.add(Fault(kind="after", entity="Customer", timed_out=True))
    with pytest.raises(requests.exceptions.ReadTimeout):
        us.post("customer", {"DisplayName": "A"}, requestid="r1")
    assert len(us.company.entities("Customer")) == 1
    assert us.post("customer", {"DisplayName": "A"}, requestid="r1").body["Customer"]["Id"] == "1"
    assert len(us.company.entities("Customer")) == 1
    assert [entry.note for entry in us.emu.journal] == ["dropped after", "replayed"]


def test_late_it_is_done_when_its_time_comes_and_600_says_so_until_then(us: Any) -> None:
    us.emu.faults.add(Fault(kind="late", entity="Customer", delay=100))
    with pytest.raises(requests.exceptions.ConnectionError):
        us.post("customer", {"DisplayName": "A"}, requestid="r1")
    us.time.pass_seconds(99)
    assert us.post("customer", {"DisplayName": "A"}, requestid="r1").code == "600"
    assert us.company.entities("Customer") == []
    us.time.pass_seconds(50)
    [customer] = us.company.entities("Customer")
    assert customer["MetaData"]["CreateTime"] == "2026-11-23T04:01:40-08:00"  # when it was done, not when one looked
    assert us.post("customer", {"DisplayName": "A"}, requestid="r1").body["Customer"]["Id"] == "1"


def test_a_late_repeat_of_a_finished_request_does_nothing(us: Any) -> None:
    us.post("customer", {"DisplayName": "A"}, requestid="r1")
    us.emu.faults.add(Fault(kind="late", delay=10))
    with pytest.raises(requests.exceptions.ConnectionError):
        us.post("customer", {"DisplayName": "B"}, requestid="r1")
    us.time.pass_seconds(11)
    assert len(us.company.entities("Customer")) == 1


def test_a_late_write_that_is_refused_leaves_nothing(us: Any) -> None:
    us.emu.faults.add(Fault(kind="late", delay=10))
    with pytest.raises(requests.exceptions.ConnectionError):
        us.post("customer", {"DisplayName": "A"}, requestid="r1")
    us.customer("A")
    us.time.pass_seconds(11)
    assert len(us.company.entities("Customer")) == 1
    assert us.post("customer", {"DisplayName": "A"}, requestid="r1").code == "6240"


def test_a_slow_answer_takes_its_time_and_comes(us: Any) -> None:
    waited: list[float] = []
    us.emu._sleep = waited.append
    us.emu.faults.add(Fault(kind="slow", delay=7))
    assert us.post("customer", {"DisplayName": "A"}, requestid="r1").status == 200
    assert waited == [7]


def test_a_truncated_answer_is_half_of_it(us: Any) -> None:
    us.emu.faults.add(Fault(kind="truncate"))
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        us.post("customer", {"DisplayName": "A"})
    assert len(us.company.entities("Customer")) == 1


@pytest.mark.parametrize(
    ("status", "shape", "start"),
    [
        (500, "json", b'{"Fault":{"Error":[{"Message":"An application error'),
        (
            401,
            "lowercase",
            b'{"warnings":null,"intuitObject":null,"fault":{"error":[{"message":"message=AuthenticationFailed',
        ),
        (
            429,
            "xml",
            b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><IntuitResponse time="2026-11-23T04:00:00.000',
        ),
        (503, "html", b"<html>"),
        (504, "empty", b""),
    ],
)
def test_every_shape_of_a_bad_status(us: Any, status: int, shape: Any, start: bytes) -> None:
    us.emu.faults.add(Fault(kind="status", status=status, shape=shape))
    answer = us.session.post("http://qbo.test/v3/company/1001/customer", json={"DisplayName": "A"})
    assert answer.status_code == status
    assert answer.content.startswith(start)
    assert (answer.content == b"") == (start == b"")
    assert us.company.entities("Customer") == []


def test_a_fault_may_come_with_http_200(us: Any) -> None:
    us.emu.faults.add(Fault(kind="status", shape="fault200"))
    answer = us.post("customer", {"DisplayName": "A"})
    assert (answer.status, answer.code) == (200, "10000")


def test_a_chosen_error_hits_one_member_of_a_batch(us: Any) -> None:
    us.emu.faults.add(Fault(kind="error", name="B", code="6210", message="m", detail="d"))
    members = [{"bId": name, "operation": "create", "Customer": {"DisplayName": name}} for name in "ABC"]
    answer = us.post("batch", {"BatchItemRequest": members})
    codes = [one.get("Fault", {}).get("Error", [{}])[0].get("code") for one in answer.body["BatchItemResponse"]]
    assert codes == [None, "6210", None]
    assert [one["DisplayName"] for one in us.company.entities("Customer")] == ["A", "C"]


def test_a_chosen_error_hits_a_single_request(us: Any) -> None:
    us.emu.faults.add(Fault(kind="error", entity="Customer", code="6190", message="m", detail="d"))
    answer = us.post("customer", {"DisplayName": "A"})
    assert (answer.status, answer.code, answer.detail) == (400, "6190", "d")


def test_every_code_of_intuits_list_can_be_the_next_answer(us: Any) -> None:
    assert len(MESSAGES) == 112
    for code in MESSAGES:
        us.emu.faults.add(Fault(kind="error", operation="create", entity="Payment", code=code))
        answer = us.post("payment", {"CustomerRef": {"value": "1"}, "TotalAmt": 1})
        assert answer.code == code
        assert answer.body["Fault"]["Error"][0]["Message"]
        assert us.post("payment", {"CustomerRef": {"value": "1"}, "TotalAmt": 1}).code == "2500"  # once only
    assert us.company.entities("Payment") == []


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("6540", 400, "ValidationFault"),
        ("120", 403, "AuthorizationFault"),
        ("3200", 401, "AuthenticationFault"),
        ("3001", 429, "SERVICE"),
        ("10000", 500, "SystemFault"),
    ],
)
def test_a_code_brings_its_status_and_type(us: Any, code: str, status: int, kind: str) -> None:
    us.emu.faults.add(Fault(kind="error", operation="create", entity="Payment", code=code))
    answer = us.post("payment", {})
    assert (answer.status, answer.body["Fault"]["type"]) == (status, kind)


TEXT = "Deposited Transaction cannot be changed"
SAID = {
    "json": f'"Fault":{{"Error":[{{"Message":"{TEXT}","Detail":"Refused on demand","code":"6540"',
    "fault200": f'"Fault":{{"Error":[{{"Message":"{TEXT}","Detail":"Refused on demand","code":"6540"',
    "lowercase": f'"fault":{{"error":[{{"message":"{TEXT}","detail":"Refused on demand","code":"6540"',
    "xml": f'<Fault type="ValidationFault"><Error code="6540"><Message>{TEXT}</Message>',
    "oauth": '{"error":"6540","error_description":"Refused on demand"}',
}


@pytest.mark.parametrize("shape", SAID)
def test_a_chosen_error_comes_in_every_shape_and_nothing_is_done(us: Any, shape: Any) -> None:
    us.customer()
    us.emu.faults.add(Fault(kind="error", operation="create", entity="Payment", code="6540", shape=shape))
    url, body = "http://qbo.test/v3/company/1001/payment", {"CustomerRef": {"value": "1"}, "TotalAmt": 1}
    answer = us.session.post(url, json=body, headers={"Authorization": f"Bearer {us.token}"})
    assert answer.status_code == (200 if shape == "fault200" else 400)
    assert SAID[shape] in answer.text
    assert us.company.entities("Payment") == []


@pytest.mark.parametrize(("shape", "where"), [("json", ("Fault", "Error")), ("lowercase", ("fault", "error"))])
def test_a_chosen_error_hits_the_second_member_of_the_next_batch(us: Any, shape: Any, where: Any) -> None:
    us.emu.faults.add(Fault(kind="error", member=2, code="2500", shape=shape))
    assert us.post("customer", {"DisplayName": "Before"}).status == 200
    members = [{"bId": f"x{n}", "operation": "create", "Customer": {"DisplayName": f"C{n}"}} for n in range(3)]
    answer = us.post("batch", {"BatchItemRequest": members})
    first, second, third = answer.body["BatchItemResponse"]
    assert (first["Customer"]["DisplayName"], third["Customer"]["DisplayName"]) == ("C0", "C2")
    outer, inner = where
    assert (second[outer][inner][0]["code"], second["bId"]) == ("2500", "x1")
    assert [one["DisplayName"] for one in us.company.entities("Customer")] == ["Before", "C0", "C2"]


@pytest.mark.parametrize(("shape", "start"), [("xml", b"<?xml"), ("oauth", b'{"error":"2500"'), ("html", b"<html>")])
def test_a_shape_that_no_member_can_have_takes_the_place_of_the_whole_batch(us: Any, shape: Any, start: bytes) -> None:
    us.emu.faults.add(Fault(kind="error", member=2, code="2500", shape=shape))
    members = [{"bId": f"x{n}", "operation": "create", "Customer": {"DisplayName": f"C{n}"}} for n in range(3)]
    url, headers = "http://qbo.test/v3/company/1001/batch", {"Authorization": f"Bearer {us.token}"}
    answer = us.session.post(url, json={"BatchItemRequest": members}, headers=headers)
    assert answer.content.startswith(start)
    assert us.company.entities("Customer") == []


def test_a_chosen_judgement_is_replayed_and_a_chosen_failure_is_not(us: Any) -> None:
    us.emu.faults.add(Fault(kind="error", entity="Customer", code="6000"))
    codes = [us.post("customer", {"DisplayName": "A"}, requestid="r1").code for _ in range(2)]
    assert codes == ["6000", "6000"]
    us.emu.faults.add(Fault(kind="error", entity="Customer", code="10000"))
    answers = [us.post("customer", {"DisplayName": "A"}, requestid="r2").status for _ in range(2)]
    assert answers == [500, 200]


def test_the_token_server_may_answer_any_oauth_error(us: Any) -> None:
    us.emu.faults.add(Fault(kind="error", operation="token", code="invalid_grant"))
    answer = us.session.post("http://qbo.test/oauth2/v1/tokens/bearer", data={"grant_type": "refresh_token"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_member_may_be_done_and_missing_from_the_answer(us: Any) -> None:
    us.emu.faults.add(Fault(kind="omit", bid="B"))
    members = [{"bId": name, "operation": "create", "Customer": {"DisplayName": name}} for name in "AB"]
    answer = us.post("batch", {"BatchItemRequest": members})
    assert [one["bId"] for one in answer.body["BatchItemResponse"]] == ["A"]
    assert len(us.company.entities("Customer")) == 2


def test_a_fault_hits_from_the_nth_matching_request_as_often_as_told(us: Any) -> None:
    us.emu.faults.add(Fault(kind="status", method="POST", path="customer", nth=2, times=2))
    us.call("GET", "preferences")
    statuses = [us.post("customer", {"DisplayName": name}).status for name in "ABCD"]
    assert statuses == [200, 500, 500, 200]
    us.emu.faults.add(Fault(kind="status", times=None))
    assert [us.call("GET", "preferences").status for _ in range(3)] == [500] * 3
    us.emu.faults.clear()
    assert us.call("GET", "preferences").status == 200


def test_a_fault_of_another_realm_does_not_hit(us: Any) -> None:
    us.emu.faults.add(Fault(kind="status", realm="1002"))
    assert us.call("GET", "preferences").status == 200


def test_in_process_a_dropped_connection_comes_out_of_the_call(us: Any) -> None:
    us.emu.faults.add(Fault(kind="before"))
    request = Request("GET", "/v3/company/1001/preferences", {}, b"", "", f"Bearer {us.token}", False, {})
    with pytest.raises(ConnectionDropped):
        us.emu.handle(request)
    assert us.emu.journal[-1].status is None


def test_an_expired_token_gets_the_recorded_401(us: Any) -> None:
    us.time.pass_seconds(3600)
    answer = us.call("GET", "preferences")
    assert answer.status == 401
    [error] = answer.body["fault"]["error"]
    assert (error["code"], error["message"]) == (
        "3200",
        "message=AuthenticationFailed; errorCode=003200; statusCode=401",
    )
    assert answer.body["fault"]["type"] == "AUTHENTICATION"
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_a_token_of_another_company_gets_403(us: Any, ca: Any) -> None:
    us.token = ca.token
    answer = us.call("GET", "preferences")
    assert (answer.status, answer.body["fault"]["error"][0]["code"]) == (403, "3100")


def test_ten_requests_a_second_and_forty_batches_a_minute(us: Any) -> None:
    us.emu.enforce_limits = True
    statuses = [us.call("GET", "preferences").status for _ in range(11)]
    assert statuses == [200] * 10 + [429]
    us.time.pass_seconds(60)
    batches = []
    for _ in range(41):
        batches.append(us.post("batch", {"BatchItemRequest": [{"bId": "1", "Query": "select * from Term"}]}))
        us.time.pass_seconds(0.2)
    assert [one.status for one in batches] == [200] * 40 + [429]
    assert batches[-1].code == "3001"


def test_five_hundred_requests_a_minute(us: Any) -> None:
    us.emu.enforce_limits = True
    statuses = []
    for _ in range(501):
        statuses.append(us.call("GET", "preferences").status)
        us.time.pass_seconds(0.101)
    assert (statuses.count(200), statuses[-1]) == (500, 429)


def test_the_read_allowance_counts_queries_in_batches_and_spares_writes(us: Any) -> None:
    us.emu.read_allowance = 3
    members = [{"bId": str(n), "Query": "select * from Term"} for n in range(2)]
    us.post("batch", {"BatchItemRequest": members})
    us.call("GET", "preferences")
    assert us.call("GET", "preferences").status == 429
    assert us.post("customer", {"DisplayName": "A"}).status == 200


def test_the_journal_tells_what_was_asked(us: Any) -> None:
    us.post("customer", {"DisplayName": "A", "Notes": None}, requestid="r1", minorversion="75")
    us.call("GET", "query", query="select * from Item")
    us.post("batch", {"BatchItemRequest": [{"bId": "1", "Query": "select * from Term"}, {"bId": "2", "Query": "x"}]})
    write, read, batch = us.emu.journal
    assert (write.kind, write.reads, write.operation, write.status) == ("write", 0, "create Customer", 200)
    assert (write.query, write.body) == ({"requestid": "r1", "minorversion": "75"}, {"DisplayName": "A", "Notes": None})
    assert write.token == us.token[-4:]
    assert (read.kind, read.reads, read.operation) == ("read", 1, "query Item")
    assert (batch.kind, batch.reads, batch.operation) == ("read", 2, "batch (2)")


def test_every_answer_has_an_intuit_tid_and_exact_numbers(us: Any) -> None:
    us.customer()
    detail = '{"ItemRef":{"value":"1"},"Qty":3,"UnitPrice":0.1}'
    line = f'{{"Amount":0.30,"DetailType":"SalesItemLineDetail","SalesItemLineDetail":{detail}}}'
    body = f'{{"CustomerRef":{{"value":"1"}},"Line":[{line}]}}'
    answer = us.call("POST", "invoice", body)
    assert answer.headers["intuit_tid"].startswith("1-")
    assert answer.body["Invoice"]["TotalAmt"] == Decimal("0.30")
    assert answer.body["Invoice"]["Line"][0]["SalesItemLineDetail"]["UnitPrice"] == Decimal("0.1")

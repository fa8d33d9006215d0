"""What the client makes of the answers to a write."""

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
import requests

from syncro_quickbooks.online.client import (
    Done,
    FrozenRequest,
    MemberOutcome,
    Refused,
    Unclear,
    batch_request,
    single_request,
)
from syncro_quickbooks.online.faults import (
    AccountBlocked,
    NotEnoughTime,
    Reconnect,
    RequestRefused,
    Throttled,
    Unavailable,
)
from syncro_quickbooks.sync.model import Operation
from tests.unit.online.conftest import World

INVOICE = single_request("Invoice", Operation.CREATE, {"DocNumber": "1001"}, "req-1")
BATCH = batch_request(
    [
        ("1", "Customer", Operation.CREATE, {"DisplayName": "Amy"}),
        ("2", "Item", Operation.CREATE, {"Name": "Labour"}),
        ("3", "Invoice", Operation.UPDATE, {"Id": "7", "SyncToken": "0"}),
    ],
    "batch-1",
)


def fault(code: str, kind: str = "ValidationFault", message: str = "Message", detail: str = "Detail") -> str:
    error = {"Message": message, "Detail": detail, "code": code, "element": ""}
    return json.dumps({"Fault": {"Error": [error], "type": kind}, "time": "2026-11-22T12:00:00-08:00"})


EXPIRED = json.dumps(
    {
        "fault": {
            "error": [{"message": "message=AuthenticationFailed; errorCode=003200; statusCode=401", "code": "3200"}]
        }
    }
)
CREATED = '{"Invoice":{"domain":"QBO","Id":"266","SyncToken":"0","TotalAmt":448.40},"time":"2026-11-22T12:00:00-08:00"}'


def send(world: World, request: FrozenRequest = INVOICE, bids: Sequence[str] = ("1",)) -> Mapping[str, MemberOutcome]:
    return world.client.send(request, bids, deadline=world.deadline)


def test_a_created_object_is_done(world: World) -> None:
    world.script.play(200, CREATED)
    outcome = send(world)["1"]
    assert isinstance(outcome, Done)
    assert (outcome.entity, outcome.object["Id"], str(outcome.object["TotalAmt"])) == ("Invoice", "266", "448.40")


def test_the_frozen_bytes_go_out_with_the_ids_in_the_address(world: World) -> None:
    world.script.play(200, CREATED)
    send(world)
    (asked,) = world.script.asked
    assert asked.url == "http://intuit.test/v3/company/9130357/invoice?requestid=req-1&minorversion=75"
    assert asked.body == INVOICE.body
    assert asked.headers["Accept"] == "application/json"
    assert asked.headers["Content-Type"] == "application/json"
    assert asked.headers["Accept-Encoding"] == "gzip"
    assert asked.headers["Authorization"] == "Bearer first-secret"
    assert world.script.timeouts == [(5.0, 130.0)]


def test_a_deleted_object_is_done(world: World) -> None:
    world.script.play(200, '{"Invoice":{"domain":"QBO","status":"Deleted","Id":"266"},"time":"x"}')
    request = single_request("Invoice", Operation.DELETE, {"Id": "266", "SyncToken": "0"}, "req-1")
    assert isinstance(send(world, request)["1"], Done)


def test_a_made_tax_code_is_done(world: World) -> None:
    request = single_request("TaxService", Operation.CREATE, {"TaxCode": "GST"}, "req-1")
    world.script.play(200, '{"TaxCode":"GST","TaxCodeId":"9","TaxRateDetails":[]}')
    world.script.play(200, '{"TaxCode":"GST"}')
    assert isinstance(send(world, request)["1"], Done)
    assert isinstance(send(world, request)["1"], Unclear)


@pytest.mark.parametrize("status", [200, 400, 404])
def test_a_validation_fault_is_a_refusal_whatever_the_status(world: World, status: int) -> None:
    world.script.play(status, fault("6240"))
    outcome = send(world)["1"]
    assert isinstance(outcome, Refused)
    assert outcome.faults[0].code == "6240"


@pytest.mark.parametrize("code", ["600", "1010", "10000", "130"])
@pytest.mark.parametrize("status", [200, 400])
def test_a_fault_of_the_server_leaves_it_unclear(world: World, status: int, code: str) -> None:
    world.script.play(status, fault(code, "SystemFault"))
    outcome = send(world)["1"]
    assert isinstance(outcome, Unclear)
    assert (outcome.reason, outcome.faults[0].code) == (f"fault_{code}", code)


@pytest.mark.parametrize(
    "body",
    [
        '{"BatchItemResponse":[],"time":"x"}',
        '{"time":"x"}',
        '{"Invoice":null}',
        '{"Invoice":{}}',
        '{"Bill":{"Id":"1"}}',
    ],
)
def test_a_2xx_without_the_object_is_unclear(world: World, body: str) -> None:
    world.script.play(200, body)
    assert isinstance(send(world)["1"], Unclear)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("body", ["", "<html>oops</html>", fault("6240"), fault("10000")])
def test_any_5xx_tells_nothing(world: World, status: int, body: str) -> None:
    world.script.play(status, body)
    with pytest.raises(Unavailable) as caught:
        send(world)
    assert (caught.value.status, caught.value.answered, caught.value.reason) == (status, True, f"http_{status}")


@pytest.mark.parametrize("body", ["", CREATED[:-20], "<html>Sign in to the hotel network</html>", "[]"])
@pytest.mark.parametrize("status", [200, 302, 400, 403, 404])
def test_an_answer_that_cannot_be_read_tells_nothing(world: World, status: int, body: str) -> None:
    world.script.play(status, body)
    with pytest.raises(Unavailable) as caught:
        send(world)
    assert (caught.value.status, caught.value.reason) == (status, "unreadable")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (requests.ConnectTimeout("slow"), "connect_timeout"),
        (requests.ReadTimeout("slow"), "read_timeout"),
        (requests.ConnectionError("reset"), "connection_lost"),
        (requests.exceptions.ChunkedEncodingError("cut"), "connection_lost"),
        (requests.exceptions.ContentDecodingError("bad gzip"), "connection_lost"),
    ],
)
def test_no_complete_answer_tells_nothing(world: World, error: Exception, reason: str) -> None:
    world.script.fail(error)
    with pytest.raises(Unavailable) as caught:
        send(world)
    assert (caught.value.reason, caught.value.answered, caught.value.status) == (reason, False, None)


def test_nothing_is_repeated_by_the_client_itself(world: World) -> None:
    world.script.fail(requests.ReadTimeout())
    with pytest.raises(Unavailable):
        send(world)
    assert len(world.script.asked) == 1


@pytest.mark.parametrize(
    ("status", "body", "content_type"),
    [
        (429, "", "text/plain"),
        (429, fault("3001", "SERVICE"), "application/json"),
        (
            403,
            fault("3001", "SERVICE", "message=ThrottleExceeded; errorCode=003001; statusCode=403"),
            "application/json",
        ),
        (200, fault("003001", "SERVICE"), "application/json"),
        (
            403,
            '<IntuitResponse xmlns="http://schema.intuit.com/finance/v3"><Fault type="SERVICE"><Error code="3001">'
            "<Message>message=ThrottleExceeded; statusCode=403</Message></Error></Fault></IntuitResponse>",
            "application/xml",
        ),
    ],
)
def test_throttling_is_recognised_in_every_shape(world: World, status: int, body: str, content_type: str) -> None:
    world.script.play(status, body, content_type)
    with pytest.raises(Throttled) as caught:
        send(world)
    assert caught.value.retry_after == 60


@pytest.mark.parametrize(
    ("header", "wait"), [("5", 60), ("90", 90), ("999999", 3600), ("soon", 60), ("-1", 60), ("²", 60)]
)
def test_a_longer_retry_after_is_kept_within_an_hour(world: World, header: str, wait: int) -> None:
    world.script.play(429, "", **{"Retry-After": header})
    with pytest.raises(Throttled) as caught:
        send(world)
    assert caught.value.retry_after == wait


def test_after_a_401_the_same_request_goes_out_once_more_with_a_new_token(world: World) -> None:
    world.script.play(401, EXPIRED)
    world.script.play(200, CREATED)
    assert isinstance(send(world)["1"], Done)
    first, second = world.script.asked
    assert (first.url, first.body) == (second.url, second.body)
    assert second.headers["Authorization"] == "Bearer second-secret"


def test_a_second_401_asks_for_a_reconnect(world: World) -> None:
    world.script.play(401, EXPIRED)
    world.script.play(401, "")
    with pytest.raises(Reconnect) as caught:
        send(world)
    assert caught.value.problem.code == "qbo_3200"
    assert caught.value.problem.actions[0].name == "reconnect"
    assert len(world.script.asked) == 2


def test_a_refresh_that_fails_ends_the_call(world: World) -> None:
    world.tokens.dead = True
    world.script.play(401, EXPIRED)
    with pytest.raises(Reconnect):
        send(world)
    assert len(world.script.asked) == 1


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (403, fault("3100", "AUTHORIZATION"), "qbo_3100"),
        (400, fault("120"), "qbo_120"),
        (403, fault("9999"), "qbo_9999"),
    ],
)
def test_a_lost_consent_asks_for_a_reconnect_without_a_refresh(world: World, status: int, body: str, code: str) -> None:
    world.script.play(status, body)
    with pytest.raises(Reconnect) as caught:
        send(world)
    assert caught.value.problem.code == code
    assert world.tokens.refreshes == 0


@pytest.mark.parametrize(("code", "pause"), [("6190", 86_400), ("140", 3_600), ("10200", 86_400)])
def test_a_blocked_company_pauses_the_account(world: World, code: str, pause: int) -> None:
    world.script.play(400, fault(code))
    with pytest.raises(AccountBlocked) as caught:
        send(world)
    assert (caught.value.problem.code, caught.value.retry_after) == (f"qbo_{code}", pause)


def test_with_too_little_time_left_nothing_is_sent(world: World) -> None:
    with pytest.raises(NotEnoughTime):
        world.client.send(INVOICE, ("1",), deadline=world.clock.now() + timedelta(seconds=139))
    assert world.script.asked == []


def test_with_just_enough_time_it_is_sent(world: World) -> None:
    world.script.play(200, CREATED)
    world.client.send(INVOICE, ("1",), deadline=world.clock.now() + timedelta(seconds=140))
    assert len(world.script.asked) == 1


def test_writes_cost_no_reads(world: World) -> None:
    world.script.play(200, CREATED)
    send(world)
    assert world.reads.spent == []


def batch_answer(*members: Any) -> str:
    return json.dumps({"BatchItemResponse": list(members), "time": "2026-11-22T12:00:00-08:00"})


CUSTOMER = {"bId": "1", "Customer": {"Id": "58", "SyncToken": "0"}}
ITEM = {"bId": "2", "Item": {"Id": "9", "SyncToken": "0"}}
STALE = {"bId": "3", "Fault": {"type": "ValidationFault", "Error": [{"code": "5010", "Message": "Stale Object Error"}]}}


def test_each_member_of_a_batch_has_its_own_outcome_in_any_order(world: World) -> None:
    world.script.play(200, batch_answer(STALE, ITEM, CUSTOMER))
    outcomes = send(world, BATCH, ("1", "2", "3"))
    assert outcomes["1"] == Done({"Id": "58", "SyncToken": "0"}, "Customer")
    assert outcomes["2"] == Done({"Id": "9", "SyncToken": "0"}, "Item")
    assert isinstance(outcomes["3"], Refused)
    assert outcomes["3"].faults[0].code == "5010"


@pytest.mark.parametrize(
    "members",
    [
        [CUSTOMER, STALE],
        [CUSTOMER, STALE, {"bId": "2"}],
        [CUSTOMER, STALE, {"bId": "2", "Customer": {"Id": "9"}}],
        [CUSTOMER, STALE, {"bId": "2", "Item": {}}],
        [CUSTOMER, STALE, ITEM, {**ITEM, "Item": {"Id": "10"}}],
        [CUSTOMER, STALE, {"bId": "2", "Fault": {}}],
        [CUSTOMER, STALE, {"bId": "2", "Fault": {"Error": [{"code": "10000", "Message": "m"}]}}],
        [CUSTOMER, STALE, {"bId": "2", "Fault": {"Error": [{"code": "3001", "Message": "m"}]}}],
        [CUSTOMER, STALE, {"bId": "2", "fault": {"error": [{"code": "003200", "message": "m"}]}}],
        [CUSTOMER, STALE, "noise", {"bId": "77", "Item": {"Id": "9"}}],
    ],
)
def test_a_member_without_a_clear_answer_is_unclear_and_the_others_stand(world: World, members: list[Any]) -> None:
    world.script.play(200, batch_answer(*members))
    outcomes = send(world, BATCH, ("1", "2", "3"))
    assert isinstance(outcomes["1"], Done)
    assert isinstance(outcomes["2"], Unclear)
    assert isinstance(outcomes["3"], Refused)
    assert set(outcomes) == {"1", "2", "3"}


@pytest.mark.parametrize("body", ['{"time":"x"}', '{"BatchItemResponse":[]}', '{"BatchItemResponse":{}}'])
def test_a_batch_answer_without_members_leaves_all_unclear(world: World, body: str) -> None:
    world.script.play(200, body)
    outcomes = send(world, BATCH, ("1", "2", "3"))
    assert [type(outcome) for outcome in outcomes.values()] == [Unclear, Unclear, Unclear]


def test_a_batch_refused_as_a_whole_is_raised(world: World) -> None:
    world.script.play(400, fault("2010"))
    with pytest.raises(RequestRefused) as caught:
        send(world, BATCH, ("1", "2", "3"))
    assert caught.value.faults[0].code == "2010"


@pytest.mark.parametrize("body", ["", "<html>413 Request Entity Too Large</html>", fault("10000")])
def test_a_request_turned_away_for_its_size_was_certainly_not_done(world: World, body: str) -> None:
    world.script.play(413, body)
    outcome = send(world)["1"]
    assert isinstance(outcome, Refused)
    assert [fault.code for fault in outcome.faults] == ["413"]
    world.script.play(413, body)
    with pytest.raises(RequestRefused) as caught:
        send(world, BATCH, ("1", "2", "3"))
    assert [fault.code for fault in caught.value.faults] == ["413"]


def test_a_batch_with_a_fault_of_the_server_tells_nothing(world: World) -> None:
    world.script.play(400, fault("10000", "SystemFault"))
    with pytest.raises(Unavailable) as caught:
        send(world, BATCH, ("1", "2", "3"))
    assert (caught.value.reason, caught.value.status) == ("fault_10000", 400)


def test_the_log_line_names_the_call_and_holds_no_secret(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "client-under-test")
    world.script.play(401, EXPIRED, intuit_tid="1-tid-a")
    world.script.play(200, CREATED, intuit_tid="1-tid-b")
    send(world)
    first, second = (vars(record) for record in caplog.records)
    assert (first["http_status"], second["http_status"]) == (401, 200)
    assert (first["intuit_tid"], second["intuit_tid"]) == ("1-tid-a", "1-tid-b")
    assert (second["account_id"], second["realm_id"], second["http_path"]) == ("acme", "9130357", "/invoice")
    everything = str([record.__dict__ for record in caplog.records])
    assert "secret" not in everything
    assert "DocNumber" not in everything

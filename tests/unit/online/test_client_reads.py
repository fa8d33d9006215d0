"""A read either answers completely or raises: no failure ever looks like "there is none"."""

import json
import logging
from typing import Any
from urllib.parse import unquote

import pytest
import requests

from syncro_quickbooks.online.faults import (
    AccountBlocked,
    QuickBooksError,
    ReadAllowanceExhausted,
    Reconnect,
    RequestRefused,
    Throttled,
    Unavailable,
)
from syncro_quickbooks.online.read_budget import ReadPurpose
from tests.unit.online.conftest import World

USER, RECOVERY, POLL = ReadPurpose.USER, ReadPurpose.RECOVERY, ReadPurpose.POLL


def fault(code: str) -> str:
    return json.dumps({"Fault": {"Error": [{"Message": "m", "Detail": "d", "code": code}], "type": "ValidationFault"}})


def page(entity: str, first: int, count: int, **more: Any) -> str:
    rows = [{"Id": str(number)} for number in range(first, first + count)]
    return json.dumps({"QueryResponse": {entity: rows, "startPosition": 1, "maxResults": count, **more}, "time": "x"})


EMPTY = '{"QueryResponse":{},"time":"2020-09-29T06:04:50.776-07:00"}'
FAILURES = [
    (200, "", Unavailable),
    (200, "{}", Unavailable),
    (200, '{"QueryResponse":null}', Unavailable),
    (200, '{"QueryResponse":[]}', Unavailable),
    (200, '{"QueryResponse":{"Customer":[{"Id":"1"}', Unavailable),
    (200, '{"QueryResponse":{"Customer":[{"Id":"1"}],"maxResults":2}}', Unavailable),
    (200, '{"QueryResponse":{"Customer":[{"Id":"1"},null]}}', Unavailable),
    (200, '{"QueryResponse":{"Customer":[{"DisplayName":"no id"}]}}', Unavailable),
    (200, '{"QueryResponse":{"Customer":{"Id":"1"}}}', Unavailable),
    (200, '{"QueryResponse":{"Vendor":[{"Id":"1"}]}}', Unavailable),
    (200, '{"QueryResponse":{"maxResults":3}}', Unavailable),
    (200, "<html>Sign in</html>", Unavailable),
    (200, fault("10000"), Unavailable),
    (200, fault("4001"), RequestRefused),
    (400, fault("4000"), RequestRefused),
    (400, fault("4002"), Unavailable),
    (404, "", Unavailable),
    (404, "<html>404</html>", Unavailable),
    (403, fault("3100"), Reconnect),
    (400, fault("6190"), AccountBlocked),
    (429, "", Throttled),
    (500, fault("610"), Unavailable),
    (503, "", Unavailable),
    (302, "", Unavailable),
]


@pytest.mark.parametrize(("status", "body", "error"), FAILURES)
def test_a_query_that_fails_raises_and_never_answers_empty(
    world: World, status: int, body: str, error: type[QuickBooksError]
) -> None:
    world.script.play(status, body)
    with pytest.raises(error):
        world.client.query("SELECT * FROM Customer", "Customer", USER)


@pytest.mark.parametrize(("status", "body", "error"), FAILURES)
def test_a_later_page_that_fails_raises_and_the_first_is_not_passed_on(
    world: World, status: int, body: str, error: type[QuickBooksError]
) -> None:
    world.script.play(200, page("Customer", 1, 1000))
    world.script.play(status, body)
    with pytest.raises(error):
        world.client.query_all("Customer", "", USER)


@pytest.mark.parametrize(("status", "body", "error"), FAILURES)
def test_a_read_that_fails_raises_and_never_answers_none(
    world: World, status: int, body: str, error: type[QuickBooksError]
) -> None:
    world.script.play(status, body)
    with pytest.raises(error):
        world.client.read("Customer", "1", USER)


@pytest.mark.parametrize("error", [requests.ConnectionError(), requests.ReadTimeout(), requests.ConnectTimeout()])
def test_a_lost_connection_raises_for_every_kind_of_read(world: World, error: Exception) -> None:
    for ask in (
        lambda: world.client.query("SELECT * FROM Customer", "Customer", USER),
        lambda: world.client.query_all("Customer", "", USER),
        lambda: world.client.count("Customer", "", USER),
        lambda: world.client.read("Customer", "1", USER),
    ):
        world.script.fail(error)
        with pytest.raises(Unavailable):
            ask()


def test_a_401_twice_raises_for_a_read(world: World) -> None:
    world.script.play(401, "")
    world.script.play(401, "")
    with pytest.raises(Reconnect):
        world.client.query("SELECT * FROM Customer", "Customer", USER)


def test_an_empty_query_response_means_none(world: World) -> None:
    world.script.play(200, EMPTY)
    assert world.client.query("SELECT * FROM Customer", "Customer", USER) == []


def test_rows_are_given_back(world: World) -> None:
    world.script.play(200, page("Customer", 1, 2))
    assert world.client.query("SELECT * FROM Customer", "Customer", USER) == [{"Id": "1"}, {"Id": "2"}]


def test_a_short_statement_goes_in_the_address_percent_encoded(world: World) -> None:
    world.script.play(200, EMPTY)
    world.client.query(r"SELECT * FROM Customer WHERE DisplayName = 'A&B + \'c\''", "Customer", USER)
    (asked,) = world.script.asked
    assert asked.method == "GET"
    assert asked.url == (
        "http://intuit.test/v3/company/9130357/query?query=SELECT%20%2A%20FROM%20Customer%20WHERE%20DisplayName"
        "%20%3D%20%27A%26B%20%2B%20%5C%27c%5C%27%27&minorversion=75"
    )
    assert world.script.timeouts == [(5.0, 60.0)]


def test_a_long_statement_is_posted_as_text(world: World) -> None:
    world.script.play(200, EMPTY)
    statement = f"SELECT * FROM Item WHERE Name = '{'é' * 1600}'"  # noqa: S608 - no SQL
    world.client.query(statement, "Item", USER)
    (asked,) = world.script.asked
    assert (asked.method, asked.body) == ("POST", statement.encode("utf-8"))
    assert asked.url == "http://intuit.test/v3/company/9130357/query?minorversion=75"
    assert asked.headers["Content-Type"] == "application/text"


def test_all_pages_are_read_by_id(world: World) -> None:
    world.script.play(200, page("Customer", 1, 1000))
    world.script.play(200, page("Customer", 1001, 1000))
    world.script.play(200, page("Customer", 2001, 3))
    rows = world.client.query_all("Customer", "Active IN (true,false)", RECOVERY)
    assert [row["Id"] for row in rows] == [str(number) for number in range(1, 2004)]
    statements = [unquote(str(asked.url).split("query=")[1].split("&")[0]) for asked in world.script.asked]
    assert statements == [
        "SELECT * FROM Customer WHERE Active IN (true,false) ORDERBY Id MAXRESULTS 1000",
        "SELECT * FROM Customer WHERE Active IN (true,false) AND Id > '1000' ORDERBY Id MAXRESULTS 1000",
        "SELECT * FROM Customer WHERE Active IN (true,false) AND Id > '2000' ORDERBY Id MAXRESULTS 1000",
    ]


def test_a_full_last_page_is_followed_by_an_empty_one(world: World) -> None:
    world.script.play(200, page("Customer", 1, 1000))
    world.script.play(200, EMPTY)
    assert len(world.client.query_all("Customer", "", USER)) == 1000


def test_a_full_page_out_of_order_raises_because_going_on_would_lose_rows(world: World) -> None:
    rows = [{"Id": str(number)} for number in range(1000, 0, -1)]
    world.script.play(200, json.dumps({"QueryResponse": {"Customer": rows}}))
    with pytest.raises(Unavailable):
        world.client.query_all("Customer", "", USER)


def test_a_server_that_repeats_the_first_page_does_not_loop(world: World) -> None:
    world.script.play(200, page("Customer", 1, 1000))
    world.script.play(200, page("Customer", 1, 1000))
    with pytest.raises(Unavailable):
        world.client.query_all("Customer", "", USER)


def test_a_count_is_read(world: World) -> None:
    world.script.play(200, '{"QueryResponse":{"totalCount":41},"time":"x"}')
    assert world.client.count("Vendor", "", USER) == 41


def test_a_count_without_a_number_raises(world: World) -> None:
    world.script.play(200, EMPTY)
    with pytest.raises(Unavailable):
        world.client.count("Vendor", "", USER)


def test_an_object_is_read(world: World) -> None:
    world.script.play(200, '{"Invoice":{"Id":"7","SyncToken":"3"},"time":"x"}')
    assert world.client.read("Invoice", "7", USER) == {"Id": "7", "SyncToken": "3"}
    assert world.script.asked[0].url == "http://intuit.test/v3/company/9130357/invoice/7?minorversion=75"


@pytest.mark.parametrize("status", [200, 400, 404])
def test_only_object_not_found_means_none(world: World, status: int) -> None:
    world.script.play(status, fault("610"))
    assert world.client.read("Invoice", "7", USER) is None


def test_a_deleted_object_is_none(world: World) -> None:
    world.script.play(200, '{"Invoice":{"Id":"7","status":"Deleted"}}')
    assert world.client.read("Invoice", "7", USER) is None


def test_another_object_than_the_one_asked_for_raises(world: World) -> None:
    world.script.play(200, '{"Invoice":{"Id":"8"}}')
    with pytest.raises(Unavailable):
        world.client.read("Invoice", "7", USER)


def test_the_company_answers_with_its_own_id(world: World) -> None:
    world.script.play(200, '{"CompanyInfo":{"Id":"1","CompanyName":"Amy\'s"}}')
    assert world.client.read("CompanyInfo", "9130357", USER) == {"Id": "1", "CompanyName": "Amy's"}


def test_every_page_counts_as_a_read_of_its_purpose(world: World) -> None:
    world.script.play(200, page("Payment", 1, 1000))
    world.script.play(200, EMPTY)
    world.client.query_all("Payment", "", POLL)
    assert world.reads.spent == [POLL, POLL]


def test_without_allowance_nothing_is_asked(world: World) -> None:
    world.reads.left = 0
    for ask in (world.client.query_all, world.client.count):
        with pytest.raises(ReadAllowanceExhausted):
            ask("Customer", "", USER)
    with pytest.raises(ReadAllowanceExhausted):
        world.client.read("Customer", "1", USER)
    assert world.script.asked == []


def test_a_throttled_read_is_reported_to_the_budget(world: World) -> None:
    world.script.play(429, "")
    with pytest.raises(Throttled):
        world.client.query("SELECT * FROM Customer", "Customer", USER)
    assert world.reads.throttled_realms == ["9130357"]


def test_errors_and_log_hold_neither_the_query_nor_the_token(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "client-under-test")
    world.script.fail(requests.ConnectionError("GET /query?query=amy@example.com Bearer first-secret"))
    with pytest.raises(QuickBooksError) as caught:
        world.client.query("SELECT * FROM Customer WHERE PrimaryEmailAddr = 'amy@example.com'", "Customer", USER)
    said = repr(caught.value) + repr(caught.value.__cause__) + str([record.__dict__ for record in caplog.records])
    assert "amy" not in said
    assert "secret" not in said
    assert caught.value.__suppress_context__

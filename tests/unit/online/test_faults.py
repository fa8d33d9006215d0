"""Bodies follow recordings of the QBO sandbox and of Intuit's gateways."""

import pytest

from syncro_quickbooks.online.faults import Clean, Fault, Faulted, Unreadable, parse_faults

JSON = "application/json;charset=UTF-8"


def test_a_validation_fault_is_read() -> None:
    body = b"""{"Fault":{"Error":[{"Message":"Duplicate Name Exists Error",
        "Detail":"The name supplied already exists. : null","code":"6240","element":"DisplayName"}],
        "type":"ValidationFault"},"time":"2020-09-29T06:58:50.262-07:00"}"""
    assert parse_faults(400, JSON, body) == Faulted(
        (Fault("6240", "Duplicate Name Exists Error", "The name supplied already exists. : null", "DisplayName"),),
        "ValidationFault",
        400,
    )


def test_a_fault_with_status_200_is_still_a_fault() -> None:
    body = b'{"Fault":{"Error":[{"Message":"An application error","code":"10000"}],"type":"SystemFault"}}'
    assert parse_faults(200, JSON, body) == Faulted((Fault("10000", "An application error"),), "SystemFault", 200)


def test_the_gateways_lower_case_fault_is_read() -> None:
    body = b"""{"warnings":null,"intuitObject":null,"fault":{"error":[{"message":
        "message=AuthenticationFailed; errorCode=003200; statusCode=401","detail":"Token expired","code":"003200",
        "element":null}],"type":"AUTHENTICATION"},"queryResponse":null,"batchItemResponse":[],"time":1601391072830}"""
    reading = parse_faults(401, JSON, body)
    assert isinstance(reading, Faulted)
    assert reading.faults == (
        Fault("3200", "message=AuthenticationFailed; errorCode=003200; statusCode=401", "Token expired"),
    )
    assert reading.kind == "AUTHENTICATION"


def test_an_xml_fault_is_read_although_json_was_asked_for() -> None:
    body = b"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
        <IntuitResponse time="2016-10-27T15:07:56.120-07:00" xmlns="http://schema.intuit.com/finance/v3">
        <Fault type="SERVICE"><Error code="3001"><Message>message=ThrottleExceeded; errorCode=003001; statusCode=403
        </Message><Detail>The limit was reached.</Detail></Error></Fault></IntuitResponse>"""
    assert parse_faults(403, "application/xml", body) == Faulted(
        (Fault("3001", "message=ThrottleExceeded; errorCode=003001; statusCode=403", "The limit was reached."),),
        "SERVICE",
        403,
    )


def test_an_oauth_error_is_read() -> None:
    reading = parse_faults(400, JSON, b'{"error":"invalid_grant","error_description":"Token invalid"}')
    assert reading == Faulted((Fault("invalid_grant", "invalid_grant", "Token invalid"),), "OAUTH", 400)


def test_all_errors_of_a_fault_are_kept() -> None:
    body = b'{"Fault":{"Error":[{"code":"2020","Message":"a"},{"code":"6000","Message":"b"}],"type":"ValidationFault"}}'
    reading = parse_faults(400, JSON, body)
    assert isinstance(reading, Faulted)
    assert [fault.code for fault in reading.faults] == ["2020", "6000"]


@pytest.mark.parametrize(("written", "meant"), [('"003200"', "3200"), ("610", "610"), ('"0"', "0"), ('""', "unknown")])
def test_codes_are_compared_without_leading_zeros(written: str, meant: str) -> None:
    reading = parse_faults(400, JSON, b'{"Fault":{"Error":[{"Message":"m","code":%s}]}}' % written.encode())
    assert isinstance(reading, Faulted)
    assert reading.faults[0].code == meant


def test_a_missing_code_is_taken_from_the_gateways_text() -> None:
    body = b'{"fault":{"error":[{"message":"message=ThrottleExceeded; errorCode=003001; statusCode=429"}]}}'
    reading = parse_faults(429, JSON, body)
    assert isinstance(reading, Faulted)
    assert reading.faults[0].code == "3001"


def test_a_null_fault_beside_an_object_is_no_fault() -> None:
    reading = parse_faults(200, JSON, b'{"fault":null,"Invoice":{"Id":"1"}}')
    assert reading == Clean({"fault": None, "Invoice": {"Id": "1"}})


@pytest.mark.parametrize(
    ("status", "content_type", "body"),
    [
        (200, JSON, b""),
        (200, JSON, b"   "),
        (200, JSON, b'{"Invoice":{"Id":"1"'),
        (400, JSON, b'{"Fault":{"Error":[{"code":"6240","Mess'),
        (200, JSON, b"[]"),
        (200, JSON, b'"ok"'),
        (200, JSON, b"\xff\xfe{}"),
        (200, JSON, b'{"Fault":{}}'),
        (200, JSON, b'{"Fault":{"Error":[]}}'),
        (200, JSON, b'{"Fault":"broken"}'),
        (404, JSON, b'{"message":"no Route matched"}'),
        (502, "text/html", b"<html><body>Bad Gateway</body></html>"),
        (200, "application/json", b"<!DOCTYPE html><title>Login</title>"),
        (403, "application/xml", b'<IntuitResponse><Fault type="SERVICE"><Error code="3001">'),
        (200, "application/xml", b"<IntuitResponse><Invoice><Id>1</Id></Invoice></IntuitResponse>"),
        (200, "application/xml", b'<!DOCTYPE x [<!ENTITY a "b">]><IntuitResponse>&a;</IntuitResponse>'),
    ],
)
def test_an_answer_that_says_nothing_reliable_is_unreadable(status: int, content_type: str, body: bytes) -> None:
    assert isinstance(parse_faults(status, content_type, body), Unreadable)

"""What cfn-lint does not see: the Web Connector gets text/xml whatever goes wrong, and nothing it cannot read."""

from datetime import timedelta

import pytest
from lxml import etree  # type: ignore[import-untyped]  # no stubs in the lock file

from local.cloudformation import load, mapping, mappings, properties, resources
from syncro_quickbooks.desktop.work import TIME_FOR_A_CALL

RESOURCES = resources(load())
API = properties(RESOURCES["QbwcApi"])
FUNCTION = properties(RESOURCES["QbdSoapFunction"])
RESPONSES = {name: mapping(response) for name, response in mapping(API["GatewayResponses"]).items()}
SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"


def test_the_service_answers_at_its_paths_with_these_methods_and_no_others() -> None:
    routes = [properties(mapping(trigger)) for trigger in mapping(FUNCTION["Events"]).values()]
    assert {(str(route["Method"]), str(route["Path"])) for route in routes} == {
        ("post", "/qbwc"),
        ("get", "/qbwc"),
        ("get", "/support"),
    }
    assert all(route["RestApiId"] == {"Ref": "QbwcApi"} for route in routes)


def test_nobody_else_shares_the_api_whose_errors_are_xml() -> None:
    sharing = [
        name
        for name, resource in RESOURCES.items()
        if resource["Type"] == "AWS::Serverless::Function"
        and any(
            properties(mapping(trigger)).get("RestApiId") == {"Ref": "QbwcApi"}
            for trigger in mapping(properties(resource)["Events"]).values()
        )
    ]
    assert sharing == ["QbdSoapFunction"]


def test_answers_are_neither_compressed_nor_treated_as_binary() -> None:
    assert not {"MinimumCompressionSize", "BinaryMediaTypes"} & set(API)


def test_whatever_the_gateway_itself_refuses_is_covered() -> None:
    assert {"DEFAULT_4XX", "DEFAULT_5XX", "REQUEST_TOO_LARGE"} <= set(RESPONSES)


@pytest.mark.parametrize("name", RESPONSES)
def test_the_gateways_own_errors_are_soap_faults(name: str) -> None:
    response = RESPONSES[name]
    headers = mapping(mapping(response["ResponseParameters"])["Headers"])
    assert headers == {"Content-Type": "'text/xml; charset=utf-8'"}
    templates = mapping(response["ResponseTemplates"])
    assert set(templates) == {"text/xml", "application/json"}
    assert len(set(map(str, templates.values()))) == 1
    fault = etree.fromstring(str(templates["text/xml"]).encode()).find(f"{SOAP}Body/{SOAP}Fault")
    assert fault is not None
    assert str(fault.findtext("faultcode")) in ("soap:Client", "soap:Server")
    assert str(fault.findtext("faultstring")).strip()


def test_the_function_ends_before_the_gateway_gives_up_and_plans_well_before_that() -> None:
    timeout = int(str(FUNCTION["Timeout"]))
    assert timeout < 29
    # What was planned must still be stored and answered, with the SDK's own retries.
    assert timedelta(seconds=timeout) - TIME_FOR_A_CALL >= timedelta(seconds=10)


def test_a_flood_is_throttled() -> None:
    (setting,) = mappings(API["MethodSettings"])
    assert setting["HttpMethod"] == "*"
    assert setting["ResourcePath"] == "/*"
    assert 0 < int(str(setting["ThrottlingRateLimit"])) <= int(str(setting["ThrottlingBurstLimit"])) <= 500

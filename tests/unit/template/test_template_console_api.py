"""What cfn-lint does not see: the REST API for people has the routes the code has, and its own errors are problems."""

import json

import pytest

from local.cloudformation import load, mapping, mappings, properties, resources
from syncro_quickbooks.console.app import resolver
from syncro_quickbooks.console.openapi import document
from syncro_quickbooks.console.problems import ProblemBody
from syncro_quickbooks.console.routers import PAGES, connect_routers, console_routers, every_router

RESOURCES = resources(load())
API = properties(RESOURCES["ConsoleApi"])
RESPONSES = {name: mapping(response) for name, response in mapping(API["GatewayResponses"]).items()}


def deployed_routes(function: str) -> set[tuple[str, str]]:
    """Method and path of what API Gateway hands to a function."""
    events = mapping(properties(RESOURCES[function]).get("Events", {}))
    routes = [properties(mapping(trigger)) for trigger in events.values() if mapping(trigger)["Type"] == "Api"]
    return {
        (str(route["Method"]), str(route["Path"])) for route in routes if route["RestApiId"] == {"Ref": "ConsoleApi"}
    }


FUNCTIONS = [name for name, each in RESOURCES.items() if each["Type"] == "AWS::Serverless::Function"]
DEPLOYED = [route for function in FUNCTIONS for route in sorted(deployed_routes(function))]


def routes_of(routers: object) -> set[tuple[str, str]]:
    app = resolver(routers)  # type: ignore[arg-type]  # as the caller has them
    return {(route.method.lower(), route.openapi_path) for route in app._static_routes + app._dynamic_routes}


def test_every_route_is_deployed_once_and_nothing_else_is_but_the_door_for_intuits_webhooks() -> None:
    assert len(DEPLOYED) == len(set(DEPLOYED))
    assert set(DEPLOYED) - routes_of(every_router()) == {("post", "/webhooks/intuit")}
    assert routes_of(every_router()) <= set(DEPLOYED)


def test_a_function_is_called_for_the_routes_it_has() -> None:
    assert deployed_routes("ConsoleFunction") == routes_of(console_routers())
    assert deployed_routes("QboConnectFunction") == routes_of(connect_routers())


def test_methods_are_named() -> None:
    assert {method for method, _ in DEPLOYED} <= {"get", "post", "put", "delete"}
    assert not [path for _, path in DEPLOYED if "{proxy+}" in path or "account" in path]


def test_the_document_describes_every_route_but_itself() -> None:
    described = {(method, path) for path, item in mapping(document()["paths"]).items() for method in mapping(item)}  # type: ignore[arg-type]  # numbers are the only other thing
    pages = {("get", path) for path in PAGES}  # for browsers that Intuit sends
    assert routes_of(every_router()) - described == {("get", "/openapi.json"), ("get", "/docs"), *pages}


@pytest.mark.parametrize("name", RESPONSES)
def test_the_gateways_own_errors_are_problems(name: str) -> None:
    response = RESPONSES[name]
    headers = mapping(mapping(response["ResponseParameters"])["Headers"])
    assert headers["Content-Type"] == "'application/problem+json'"
    (template,) = mapping(response["ResponseTemplates"]).values()
    body = json.loads(str(template))
    assert set(body) <= set(ProblemBody.model_fields)
    assert body["type"] == f"urn:syncro-quickbooks:problem:{body['code']}"
    assert body["detail"]
    assert body["fix"]
    if "StatusCode" in response:
        assert body["status"] == response["StatusCode"]


def test_whatever_the_gateway_itself_refuses_is_covered() -> None:
    covered = {"DEFAULT_4XX", "DEFAULT_5XX", "REQUEST_TOO_LARGE", "THROTTLED", "MISSING_AUTHENTICATION_TOKEN"}
    assert covered <= set(RESPONSES)


def test_a_flood_is_throttled() -> None:
    (setting,) = mappings(API["MethodSettings"])
    assert (setting["HttpMethod"], setting["ResourcePath"]) == ("*", "/*")
    assert 0 < int(str(setting["ThrottlingRateLimit"])) <= int(str(setting["ThrottlingBurstLimit"])) <= 500


def test_the_access_log_has_neither_tokens_nor_what_was_asked_for() -> None:
    line = json.loads(str(mapping(API["AccessLogSetting"])["Format"]))
    assert line["route"] == "$context.resourcePath"
    said = " ".join(line.values()).lower()
    assert not [word for word in ("authorization", "querystring", "context.path", "header", "body") if word in said]


def test_only_the_configured_origin_is_told_that_it_may_call() -> None:
    cors = mapping(API["Cors"])
    assert cors["AllowOrigin"] == {
        "Fn::If": ["HasConsoleOrigin", {"Fn::Sub": "'${ConsoleOrigin}'"}, "'https://nobody.invalid'"]
    }
    allowed = {method.lower() for method in str(cors["AllowMethods"]).strip("'").split(",")}
    assert {method for method, _ in DEPLOYED} <= allowed


def test_the_functions_end_before_the_gateway_gives_up() -> None:
    for function in FUNCTIONS:
        if deployed_routes(function):
            assert int(str(properties(RESOURCES[function])["Timeout"])) < 29

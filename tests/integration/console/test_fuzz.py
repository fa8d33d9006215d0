"""Every operation of the published document, with data that fits it and data that does not: no server error, ever.

Routes come from the document, so one that is added is tried here by itself.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Annotated, Any

import pytest
import schemathesis
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from werkzeug.serving import make_server

from local.issuer import Issuer
from syncro_quickbooks.console.app import Api
from syncro_quickbooks.console.caller import Callers
from syncro_quickbooks.console.openapi import document
from tests.support.console import apis, environment, wsgi
from tests.support.events import ACCOUNT, customer, invoice_detail
from tests.support.payments_from import PaymentsFromWorld
from tests.support.world import World

load_all_checks()


def operations(described: dict[str, Any]) -> Iterator[Any]:
    """What schemathesis makes of a document, every operation."""
    for found in schemathesis.openapi.from_dict(described).get_all_operations():
        assert isinstance(found, Ok), found
        yield found.ok()


OPERATIONS = {f"{each.method.upper()} {each.path}": each for each in operations(document())}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    ignored_auth,
]


@pytest.fixture(scope="module")
def url(issuer: Issuer) -> Iterator[str]:
    """Where the API answers over HTTP, for an account with records of several statuses; there is a second account."""
    world = PaymentsFromWorld()
    world.company.create_by_hand("Vendor", {"DisplayName": "Taken"})
    world.publish("invoice.created", invoice_detail(311, owner=customer(73, name="Taken")))
    world.pay((309, "216.00"))
    world.connect("neighbour", "9130002")
    world.publish("invoice.created", invoice_detail(309, account="neighbour"))
    world.run()
    world.poll()
    with served(wsgi(*apis(world.deployment, issuer))) as address:
        yield address


@contextmanager
def served(app: Any) -> Iterator[str]:
    """A WSGI application over HTTP until the block ends."""
    server = make_server("127.0.0.1", 0, app)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("name", OPERATIONS)
def test_no_request_breaks_an_operation(url: str, issuer: Issuer, name: str, mode: GenerationMode) -> None:
    try_out(OPERATIONS[name], url, issuer, mode)


def test_a_route_that_breaks_would_be_found(issuer: Issuer) -> None:
    router = Router()

    @router.get("/halves")
    def halve(whole: Annotated[int, Query(ge=0, le=3)]) -> int:
        return 12 // whole

    operation = next(operations(document([router])))
    api = Api([router], World().deployment, Callers.from_env(environment(issuer)))
    with served(wsgi(api)) as url, pytest.raises(FailureGroup, match="Server error"):
        try_out(operation, url, issuer, GenerationMode.POSITIVE)


def try_out(operation: Any, url: str, issuer: Issuer, mode: GenerationMode) -> None:
    """Requests of one operation, the same every time. Raises FailureGroup for an answer that must not be."""
    headers = {"Authorization": f"Bearer {issuer.token(ACCOUNT)}"}

    @settings(
        max_examples=15,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(mode))
    def one(case: Case[Any]) -> None:
        case.call_and_validate(base_url=url, headers=headers, checks=CHECKS)

    one()


def test_no_two_models_share_a_name() -> None:
    """Else the document would call them by our modules."""
    described: Any = document()
    assert not [name for name in described["components"]["schemas"] if "__" in name]


def test_the_document_names_every_error_and_wants_a_token_everywhere() -> None:
    described = document()
    assert described["security"] == [{"bearer": []}]
    for name, operation in OPERATIONS.items():
        responses = operation.definition.raw["responses"]
        assert {"401", "404", "422", "500", "503"} <= set(responses), name
        if "requestBody" in operation.definition.raw:
            assert {"400", "413", "415"} <= set(responses), name

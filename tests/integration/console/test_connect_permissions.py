"""What the functions of connections may do in AWS is what they do."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from local.cloudformation import load, properties, resources, statements
from tests.integration.console.test_connection_api import connect, register
from tests.support.console import Console
from tests.support.events import ACCOUNT, invoice_detail
from tests.support.world import World

RESOURCES = resources(load())
REALM = "9130001"
_OF_A_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",  # of a transaction IAM checks each member as what it does
}


@contextmanager
def actions(world: World) -> Iterator[set[str]]:
    """The actions on table, queue and key that the calls made meanwhile need, by IAM's names."""
    needed: set[str] = set()
    aws: Any = world.deployment._aws
    real = {"dynamodb": aws.dynamodb, "sqs": aws.sqs, "kms": aws.kms}

    class Watched:
        def __init__(self, service: str) -> None:
            self._service = service

        def __getattr__(self, operation: str) -> Any:
            def call(**arguments: Any) -> Any:
                self._note(operation, arguments)
                return getattr(real[self._service], operation)(**arguments)

            return call

        def get_paginator(self, name: str) -> Any:
            self._note(name)
            return real[self._service].get_paginator(name)

        def _note(self, operation: str, arguments: dict[str, Any] | None = None) -> None:
            names = ["".join(part.title() for part in operation.split("_"))]
            if operation == "transact_write_items" and arguments is not None:
                names = [_OF_A_TRANSACTION[name] for member in arguments["TransactItems"] for name in member]
            needed.update(f"{self._service}:{name}" for name in names)

    # The client that the table, made already, calls.
    world.deployment.table._client = Watched("dynamodb")  # type: ignore[assignment]  # stands for the real one
    world.deployment.wakes._sqs = Watched("sqs")  # type: ignore[assignment]  # in its place for this test
    aws.sqs = Watched("sqs")
    aws.kms = Watched("kms")
    try:
        yield needed
    finally:
        world.deployment.table._client = real["dynamodb"]
        world.deployment.wakes._sqs = real["sqs"]
        aws.sqs = real["sqs"]
        aws.kms = real["kms"]


def allowed(function: str) -> set[str]:
    """What the function may do, but for reading Intuit's credentials."""
    found: set[str] = set()
    for statement in statements(properties(RESOURCES[function])):
        action = statement["Action"]
        found |= {action} if isinstance(action, str) else {str(each) for each in action}  # type: ignore[union-attr]  # a list
    return found - {"secretsmanager:GetSecretValue"}


def test_connecting_and_parting_need_exactly_what_the_template_allows(world: World, console: Console) -> None:
    world.companies[ACCOUNT] = world.emulator.add_company(REALM, country="US", tax_mode="manual")
    with actions(world) as needed:
        connect(world, console)
        console.get("/connection")
        console.get("/connection/audit")
        console.request("POST", "/connection/reset", json={"realm_id": REALM})
        register(console)
        console.request("POST", "/connection/desktop/password")
        console.get("/connection")
        console.request("POST", "/offboarding")
        console.request("DELETE", "/offboarding")
    assert needed == allowed("QboConnectFunction")


def test_the_upkeep_needs_exactly_what_the_template_allows(world: World) -> None:
    world.connect()
    world.connect("globex", "9130002")
    world.connect("initech", "9130003")
    world.publish("invoice.created", invoice_detail(309))
    world.run()
    world.deployment.connector.part(ACCOUNT, world.deployment.offboarding.starting(ACCOUNT, "user-1", REALM))
    world.deployment = world.process()
    offboarding = world.deployment.offboarding
    world.emulator.oauth.disconnect("9130003")
    world.clock.advance_to(world.clock.now() + timedelta(days=30))
    with actions(world) as needed:
        for _ in range(2):
            offboarding.erase_due(world.clock.now() + timedelta(minutes=4))
            world.deployment.idle_connections.refresh_due(world.clock.now() + timedelta(minutes=4))
            world.clock.advance_to(world.clock.now() + timedelta(hours=1))
    assert world.items(f"acct#{ACCOUNT}") == []
    assert needed == allowed("UpkeepFunction")

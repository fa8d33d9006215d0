"""What the tests of purchase orders, bills and customer purchases share."""

import json
from typing import Any

from emulators.quickbooks_online import Company
from tests.support.world import World


def connected(**company: Any) -> tuple[World, Company]:
    """A world whose account has every kind switched on, and its company."""
    world = World()
    return world, world.connect(everything=True, **company)


def resave(world: World, **changes: Any) -> None:
    """Save the settings again, with changes."""
    connection = world.deployment.accounts.connection("acme")
    assert connection is not None
    assert connection.settings is not None
    settings = {**connection.settings, **changes}
    world.deployment.accounts.save_settings("acme", settings, version=connection.settings_version)


def codes(record: dict[str, Any]) -> list[str]:
    """The codes of the problems that stand on a record."""
    return [problem["code"] for problem in json.loads(record["problems"])]


def only(company: Company, entity: str) -> dict[str, Any]:
    """The one document of its kind in the company."""
    (document,) = company.entities(entity)
    return document

"""A world, its API, and the issuer of tokens that it trusts."""

from collections.abc import Iterator

import pytest

from local.issuer import Issuer, serving
from tests.support.console import Console, console_of
from tests.support.world import World


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    with serving() as served:
        yield served


@pytest.fixture
def world(aws_services: None) -> World:
    return World()


@pytest.fixture
def console(world: World, issuer: Issuer) -> Iterator[Console]:
    with console_of(world.deployment, issuer) as opened:
        yield opened

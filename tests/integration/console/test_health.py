"""What the API says about a connection."""

from tests.support.console import Console
from tests.support.world import World


def test_an_account_that_is_not_connected(console: Console) -> None:
    assert console.get("/connection/health")["connected"] is False


def test_a_connected_account(world: World, console: Console) -> None:
    world.connect()
    health = console.get("/connection/health")
    assert (health["connected"], health["edition"], health["realm_id"]) == (True, "online", "9130001")

"""Everything that a deployment and QuickBooks hold, to show that something changed none of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.world import World

KINDS = ("Customer", "Item", "Invoice")


def holdings(world: World) -> tuple[list[dict[str, Any]], dict[str, list[dict[str, Any]]], int]:
    """The table's items, every company's books, and how many messages wait."""
    books = {
        f"{account} {kind}": company.entities(kind) for account, company in world.companies.items() for kind in KINDS
    }
    items = sorted(world.items(""), key=lambda item: (item["pk"]["S"], item["sk"]["S"]))
    return items, books, len(world.messages)


@contextmanager
def nothing_changes(world: World) -> Iterator[None]:
    """Fails if the block leaves a trace in the table, in QuickBooks, or in a queue."""
    before = holdings(world)
    yield
    assert holdings(world) == before

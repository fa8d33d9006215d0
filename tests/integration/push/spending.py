"""What a push cost: calls and metered reads, counted in the emulator's journal."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from emulators.quickbooks_online import JournalEntry
from tests.support.world import World


@dataclass
class Spent:
    """The calls of one piece of work, in order; OAuth does not count."""

    entries: list[JournalEntry] = field(default_factory=list)

    @property
    def calls(self) -> int:
        """HTTP requests, a batch counting once."""
        return len(self.entries)

    @property
    def by_member(self) -> int:
        """Requests if Intuit should count every member of a batch (unpublished, so budgets are looked at both ways)."""
        return sum(len(entry.body["BatchItemRequest"]) if _is_batch(entry) else 1 for entry in self.entries)

    @property
    def reads(self) -> int:
        """Metered reads, each query of a batch counting once."""
        return sum(entry.reads for entry in self.entries)

    @property
    def operations(self) -> list[str]:
        """What was done, in words: "create Invoice", "query Item"."""
        return [entry.operation for entry in self.entries]


@contextmanager
def spending(world: World) -> Iterator[Spent]:
    """Counts what is called inside the block."""
    spent = Spent()
    before = len(world.emulator.journal)
    yield spent
    spent.entries = [entry for entry in world.emulator.journal[before:] if entry.kind != "oauth"]


def _is_batch(entry: JournalEntry) -> bool:
    return entry.path.endswith("/batch")


def problem_of(record: dict[str, Any]) -> dict[str, Any]:
    """The one problem that stands on a record."""
    (problem,) = json.loads(record["problems"])
    assert isinstance(problem, dict)
    return problem


def actions_of(problem: dict[str, Any]) -> list[str]:
    """The verbs that a problem offers."""
    return [action["name"] for action in problem["actions"]]

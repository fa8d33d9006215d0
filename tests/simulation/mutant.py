"""What a mutant is: a rule that is broken on purpose, and who must notice."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """A text of a source file, there exactly once, and what it becomes."""

    path: str
    old: str
    new: str


@dataclass(frozen=True)
class Mutant:
    """A rule that is broken, how, and the tests that must notice."""

    name: str
    changes: tuple[Change, ...]
    tests: tuple[str, ...] = ()
    in_histories: bool = False
    """Whether the histories of `make simulate` must notice it, too."""

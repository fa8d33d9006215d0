"""Every call that leaves the process, counted, and one of them interrupted; the harness picks which."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

Result = TypeVar("Result")


class Crash(BaseException):
    """The process dies here. Not an Exception: code that catches it would be immortal."""


class Mode(StrEnum):
    """How a call is interrupted."""

    BEFORE = "dies before the call"
    AFTER = "dies after the call took effect"
    LOST = "the answer is lost"
    REPEATED = "the answer is lost and the AWS SDK repeats the call"
    LATE = "hung up on, and carried out two minutes later"
    MEANWHILE = "something else happens first"


@dataclass
class Boundaries:
    """Counts calls; interrupts the one at `at` in `mode`. After a crash every further call crashes until `revive`."""

    at: int = -1
    mode: Mode = Mode.BEFORE
    calls: list[str] = field(default_factory=list)
    dead: bool = False
    hit: str = ""
    meanwhile: Callable[[], None] | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    """The arguments of the newest call to AWS."""

    def pass_through(
        self,
        name: str,
        call: Callable[[], Result],
        lost: Callable[[], Exception],
        *,
        repeat: Callable[[], Result] | None = None,
        late: Callable[[], None] | None = None,
    ) -> Result:
        """Make the call, or interrupt it. `lost` is what the caller sees when the answer is lost."""
        if self.dead:
            raise Crash(name)
        index = len(self.calls)
        self.calls.append(name)
        if index != self.at:
            return call()
        self.hit = name
        if self.mode is Mode.BEFORE:
            self.dead = True
            raise Crash(name)
        if self.mode is Mode.MEANWHILE and self.meanwhile is not None:
            self.meanwhile()
            return call()
        if self.mode is Mode.LATE and late is not None:
            late()
            raise lost()
        call()
        if self.mode is Mode.AFTER:
            self.dead = True
            raise Crash(name)
        if self.mode is Mode.REPEATED and repeat is not None:
            return repeat()
        raise lost()

    def revive(self) -> None:
        """A new process starts."""
        self.dead = False

"""What planning and settling ask of one kind of document."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.lists import Ready
from syncro_quickbooks.online.work import Settled
from syncro_quickbooks.sync.model import Attention, Decision, Problem, RecordKey, Skip
from syncro_quickbooks.sync.records import View


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document that may be sent once the list entries in `needs` are ready; `map` then makes its body.

    `map` is given the ready entries and the marker.
    """

    view: View
    needs: tuple[RecordKey, ...]
    map: Callable[[Mapping[RecordKey, Ready], str], Decision]


@dataclass(frozen=True, slots=True)
class Again:
    """Plan the document anew: something was learned from a refusal, or the one that was there is let go of."""


@dataclass(frozen=True, slots=True)
class Carried:
    """QuickBooks had carried it out before, and this is the object; only the answer was lost."""

    object: JsonObject


Reaction: TypeAlias = Attention | Skip | Again | Carried


class Rules(Protocol):
    """The rules of one kind. They live for one run; what they read from QuickBooks may raise as the client does."""

    def load(self, views: Sequence[View]) -> None:
        """Read from the table what deciding about `views` needs, in few calls."""
        ...

    def ended(self, view: View) -> bool:
        """Whether Syncro says that the document is no more: then `deletion` decides, not `consider`."""
        ...

    def consider(self, view: View) -> Candidate | Decision:
        """Whether the document may be sent, before its list entries are looked at."""
        ...

    def deletion(self, view: View, now: JsonObject | None) -> Decision:
        """What follows from its end in Syncro. `now` is the document as just read, None if there is none (any more)."""
        ...

    def refused(self, answer: Settled, code: str, problem: Problem) -> Reaction | None:
        """What to make of QuickBooks' definite refusal; None for what holds for every kind."""
        ...

    def applied(self, answer: Settled, warnings: Sequence[Problem], /) -> Again | None:
        """QuickBooks carried the write out, with these warnings. Again: a void that was not the record's end."""
        ...

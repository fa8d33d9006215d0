"""What one run of the push works with, and how it can end early."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from syncro_quickbooks.clock import Clock
from syncro_quickbooks.log import Log
from syncro_quickbooks.online.client import Client, Done, Refused
from syncro_quickbooks.online.company import Company
from syncro_quickbooks.sync.accounts import Finding
from syncro_quickbooks.sync.dependents import Dependents
from syncro_quickbooks.sync.dispatches import Member
from syncro_quickbooks.sync.records import View
from syncro_quickbooks.sync.settings import Settings
from syncro_quickbooks.sync.store import Store

TIME_TO_END = timedelta(seconds=30)
"""Enough to finish a chunk that sends nothing, and to arrange the next run."""


class OutOfTime(Exception):
    """The run must end: what is left would not be finished before the function's own deadline."""


class PostingStopped(Exception):
    """Somebody has stopped all posting for this account, its edition, or everybody."""


class Findings:
    """What QuickBooks' answers have told about the company, in earlier runs and in this one."""

    def __init__(self, known: Collection[Finding], keep: Callable[[Finding], None]) -> None:
        self._known = set(known)
        self._keep = keep

    def __contains__(self, finding: Finding) -> bool:
        return finding in self._known

    def note(self, finding: Finding) -> None:
        """Remember it until the settings are saved again."""
        if finding not in self._known:
            self._known.add(finding)
            self._keep(finding)


@dataclass(frozen=True, slots=True)
class Work:
    """One account in one realm, for one run: never kept, never shared, so two accounts cannot mix."""

    account_id: str
    realm_id: str
    settings: Settings
    company: Company
    client: Client
    store: Store
    dependents: Dependents
    clock: Clock
    deadline: datetime
    log: Log
    findings: Findings
    moved: bool = False

    def keep_going(self) -> None:
        """Raises OutOfTime shortly before the deadline: what is done after it would be cut off half way."""
        if self.deadline - self.clock.now() < TIME_TO_END:
            raise OutOfTime


@dataclass(frozen=True, slots=True)
class Settled:
    """A member, its record, and QuickBooks' definite answer."""

    member: Member
    view: View
    outcome: Done | Refused


class Settler(Protocol):
    """Draws the conclusions from definite answers about one family of entities."""

    def settle(self, answers: Sequence[Settled]) -> None:
        """Settle each answer in the store. May read from QuickBooks; what it raises leaves the rest unsettled."""
        ...

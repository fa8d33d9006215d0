"""The month's metered reads, shared by all accounts of the workspace (Intuit App Partner Program, facts: QBO 2.9)."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from syncro_quickbooks.clock import Clock, from_millis, to_millis
from syncro_quickbooks.log import Log
from syncro_quickbooks.online.faults import ReadAllowanceExhausted
from syncro_quickbooks.storage.table import Condition, ConditionFailed, Item, Key, Table, Update

DEFAULT_ALLOWANCE = 500_000  # Builder tier, blocked beyond it (Intuit blog, 2026-01-08)


class ReadPurpose(StrEnum):
    """Why a read is made; each purpose may use the allowance up to its own share."""

    RECOVERY = "recovery"  # proofs of absence, SyncToken read-backs: what is needed to keep the books right
    USER = "user"  # lookups for a document being pushed, anything a person waits for
    POLL = "poll"  # anything that can wait until next month


# Recovery keeps the last 20 % to itself, pushes the 20 % before: a busy poll can stop neither.
SHARE_PERCENT: Mapping[ReadPurpose, int] = {ReadPurpose.RECOVERY: 100, ReadPurpose.USER: 80, ReadPurpose.POLL: 60}
ALARM_PERCENT = (50, 80)


@dataclass(frozen=True, slots=True)
class ReadMeter:
    """This month's metered reads of the whole workspace. `paused_until`: reads for users and polls wait until then."""

    month: str
    allowance: int
    used: int
    used_for: Mapping[ReadPurpose, int]
    paused_until: datetime | None = None

    @property
    def alarms(self) -> tuple[int, ...]:
        """The alarm marks, in percent of the allowance, that have been reached."""
        return tuple(percent for percent in ALARM_PERCENT if self.used >= _mark(self.allowance, percent))


class ReadBudget(Protocol):
    """Who is asked before every metered read."""

    def spend(self, purpose: ReadPurpose) -> None:
        """Count one read. Raises ReadAllowanceExhausted when it must not be made."""
        ...

    def throttled(self, realm_id: str) -> None:
        """A read of this realm was answered 429."""
        ...


def allowance_from_env(environ: Mapping[str, str] = os.environ) -> int:
    """The monthly allowance: READ_ALLOWANCE, else the free tier's. Raises ValueError if it is not a whole number."""
    return int(environ.get("READ_ALLOWANCE") or DEFAULT_ALLOWANCE)


class WorkspaceReadBudget:
    """The counter in the table: one item a month, raised atomically and only while the purpose's share lasts.

    When several realms are throttled on reads within minutes the allowance is gone whatever we counted (another app of
    the workspace may share it): reads for users and polls then pause for `BLOCKED_FOR`, recovery goes on trying.
    """

    THROTTLED_REALMS = 3
    THROTTLED_WITHIN = timedelta(minutes=5)
    BLOCKED_FOR = timedelta(minutes=30)

    def __init__(self, table: Table, clock: Clock, logger: Log, allowance: int) -> None:
        self._table = table
        self._clock = clock
        self._logger = logger
        self._allowance = allowance

    def spend(self, purpose: ReadPurpose) -> None:
        """Count one read for `purpose`. Raises ReadAllowanceExhausted before anything is sent."""
        now = self._clock.now()
        counted = Update(_key(now), "ADD #used :one, #used_" + purpose + " :one", {":one": 1}, self._free(purpose, now))
        try:
            item = self._table.update_and_get(counted)
        except ConditionFailed:
            share = SHARE_PERCENT[purpose]
            raise ReadAllowanceExhausted(
                f"this month's QuickBooks read allowance for {purpose} ({share} % of {self._allowance}) is used up or "
                "paused; the read was not made and will be tried again later"
            ) from None
        self._tell_crossing(int(str(item["used"])))

    def used_percent(self) -> float:
        """How much of this month's allowance has been used."""
        item = self._table.get(_key(self._clock.now()))
        return 100 * int(str(item.get("used", 0))) / self._allowance if item else 0.0

    def used_by_polls(self) -> tuple[int, int]:
        """How many reads this month were for polls, and how many for everything else."""
        item = self._table.get(_key(self._clock.now())) or {}
        polls = int(str(item.get(f"used_{ReadPurpose.POLL}", 0)))
        return polls, int(str(item.get("used", 0))) - polls

    @property
    def allowance(self) -> int:
        """The month's reads, for all purposes."""
        return self._allowance

    def throttled(self, realm_id: str) -> None:
        """Note a 429 on a read; enough realms at once pause the reads that can wait."""
        now = self._clock.now()
        key = _key(now)
        self._table.write(Update(key, "SET #throttled = if_not_exists(#throttled, :none)", {":none": {}}))
        noted = self._table.update_and_get(
            Update(key, f"SET #throttled.#realm_{realm_id} = :now", {":now": to_millis(now)})
        )
        since = to_millis(now - self.THROTTLED_WITHIN)
        if len(_since(noted, since)) < self.THROTTLED_REALMS:
            return
        until = to_millis(now + self.BLOCKED_FOR)
        block = "SET #blocked_until = :until, #throttled = :none"
        self._table.write(Update(key, block, {":until": until, ":none": {}}))
        self._logger.warning("reads paused: several companies are throttled, the read allowance seems used up")

    def meter(self) -> ReadMeter:
        """How much of this month's allowance is used."""
        now = self._clock.now()
        item = self._table.get(_key(now)) or {}
        until = item.get("blocked_until")
        return ReadMeter(
            month=f"{now:%Y-%m}",
            allowance=self._allowance,
            used=int(str(item.get("used", 0))),
            used_for={purpose: int(str(item.get(f"used_{purpose}", 0))) for purpose in ReadPurpose},
            paused_until=from_millis(until) if isinstance(until, int) and until > to_millis(now) else None,
        )

    def _free(self, purpose: ReadPurpose, now: datetime) -> Condition:
        cap = self._allowance * SHARE_PERCENT[purpose] // 100
        within = "(attribute_not_exists(#used) OR #used < :cap)"
        if purpose is ReadPurpose.RECOVERY:
            return Condition(within, {":cap": cap})
        not_paused = "(attribute_not_exists(#blocked_until) OR #blocked_until <= :now)"
        return Condition(f"{within} AND {not_paused}", {":cap": cap, ":now": to_millis(now)})

    def _tell_crossing(self, used: int) -> None:
        for percent in ALARM_PERCENT:
            if used == _mark(self._allowance, percent):
                self._logger.warning("read allowance crossed", extra={"read_percent": percent, "reads_used": used})


def _since(item: Item, millis: int) -> list[str]:
    throttled = item.get("throttled")
    seen = throttled.items() if isinstance(throttled, dict) else ()
    return [realm for realm, at in seen if isinstance(at, int) and at >= millis]


def _mark(allowance: int, percent: int) -> int:
    return -(-allowance * percent // 100)


def _key(now: datetime) -> Key:
    return Key(f"workspace#reads#{now:%Y-%m}", "counter")

"""How fast we may call one company, and when to stop calling it: pure state that the account's row can keep.

Limits: 500 requests a minute and 10 a second per realm and app, 40 batches a minute (Intuit, "Limits and throttles").
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from threading import Lock

from syncro_quickbooks.clock import Clock, from_millis, to_millis
from syncro_quickbooks.json_types import JsonObject

MOST_IN_FLIGHT = 8
_FIRST_IN_FLIGHT = 2
_CAREFUL_FOR_MS = 3_600_000
_CAREFULLY = 1.1  # what goes out evenly does not arrive so: batches of 30 must not add up to 510 in a minute
_SOON = timedelta(
    seconds=20
)  # a full batch takes a few seconds; one that takes longer meets a QuickBooks with much to do

# Burst + rate is the most that fits in any second (minute for batches): 2 + 7.7 ≤ 10, 2 + 7.7 × 60 ≤ 500, 2 + 37 ≤ 40.
_CALL_INTERVAL_MS = 1000 / 7.7
_CALL_BURST = 2
_BATCH_INTERVAL_MS = 60_000 / 37
_BATCH_BURST = 2


@dataclass(frozen=True, slots=True)
class RateState:
    """Two token buckets as the times (ms since 1970) at which they will be full again, and how many writes at once.

    `in_flight` grows by one with every prompt answer and is halved by whatever says that QuickBooks cannot keep up.
    `careful_until` (ms): after a 429 members of a batch are taken to count as calls for an hour, for if they do, that
    was why (unpublished, facts: QBO 2.3).
    """

    calls_full_at: float = 0
    batches_full_at: float = 0
    in_flight: int = _FIRST_IN_FLIGHT
    careful_until: float = 0

    def wait(self, now: datetime, *, batch: bool) -> float:
        """Seconds until the next call may go out; 0 when it may go now."""
        millis = to_millis(now)
        ready = self.calls_full_at - (_CALL_BURST - 1) * _CALL_INTERVAL_MS
        if batch:
            ready = max(ready, self.batches_full_at - (_BATCH_BURST - 1) * _BATCH_INTERVAL_MS)
        return max(0, ceil(ready - millis)) / 1000

    def after(self, sent: datetime, *, batch: bool, cost: float = 1) -> "RateState":
        """The state after a call at `sent` that counts as `cost` calls."""
        millis = to_millis(sent)
        calls = max(self.calls_full_at, millis) + cost * _CALL_INTERVAL_MS
        batches = max(self.batches_full_at, millis) + _BATCH_INTERVAL_MS if batch else self.batches_full_at
        return replace(self, calls_full_at=calls, batches_full_at=batches)

    def answered(self, took: timedelta) -> "RateState":
        """The state after a clean answer that took so long."""
        return replace(self, in_flight=min(self.in_flight + 1, MOST_IN_FLIGHT)) if took < _SOON else self

    def overloaded(self) -> "RateState":
        """The state after a 429, a 5xx, or no answer at all."""
        return replace(self, in_flight=max(self.in_flight // 2, 1))

    def throttled(self, now: datetime) -> "RateState":
        """The state after a 429."""
        return replace(self.overloaded(), careful_until=to_millis(now) + _CAREFUL_FOR_MS)

    def is_careful(self, now: datetime) -> bool:
        """Whether members of a batch are taken to count."""
        return to_millis(now) < self.careful_until

    def to_item(self) -> JsonObject:
        """The state as the account's row keeps it."""
        return {
            "calls_full_at": round(self.calls_full_at),
            "batches_full_at": round(self.batches_full_at),
            "in_flight": self.in_flight,
            "careful_until": round(self.careful_until),
        }

    @classmethod
    def from_item(cls, item: Mapping[str, object]) -> "RateState":
        """The state that `to_item` wrote; missing parts mean an idle company."""
        in_flight = int(_number(item, "in_flight")) or _FIRST_IN_FLIGHT
        full_at = _number(item, "calls_full_at"), _number(item, "batches_full_at")
        return cls(*full_at, in_flight, _number(item, "careful_until"))


class RateLimiter:
    """Hands out the right to call one company; safe for several threads. Start it with the state of the account's row.

    `members_count`: whether every member of a batch counts as a call; Intuit does not say (facts: QBO 2.3).
    """

    def __init__(self, clock: Clock, state: RateState | None = None, *, members_count: bool = False) -> None:
        self._clock = clock
        self._state = state or RateState()
        self._members_count = members_count
        self._taking = Lock()

    @property
    def state(self) -> RateState:
        """What to store in the account's row."""
        with self._taking:
            return self._state

    def take(self, *, batch: bool = False, members: int = 1) -> None:
        """Wait for the right to make one call and use it up."""
        while (wait := self._try(batch=batch, members=members)) > 0:
            self._clock.sleep(wait)

    @property
    def in_flight(self) -> int:
        """How many writes may be on their way at once."""
        return self.state.in_flight

    def answered(self, took: timedelta) -> None:
        """A write had a clean answer after so long."""
        with self._taking:
            self._state = self._state.answered(took)

    def overloaded(self) -> None:
        """A write failed with a 5xx or had no answer."""
        with self._taking:
            self._state = self._state.overloaded()

    def throttled(self) -> None:
        """A write was turned away with a 429."""
        with self._taking:
            self._state = self._state.throttled(self._clock.now())

    def _try(self, *, batch: bool, members: int) -> float:
        with self._taking:
            now = self._clock.now()
            wait = self._state.wait(now, batch=batch)
            if wait == 0:
                careful = members * _CAREFULLY if self._state.is_careful(now) else 1
                cost = max(careful, members if self._members_count else 1)
                self._state = self._state.after(now, batch=batch, cost=cost)
            return wait


@dataclass(frozen=True, slots=True)
class Breaker:
    """Stops hammering an outage: opens after several Unavailable in a row, then lets one attempt through per pause.

    Pure: the caller reports `failed` and `succeeded` and keeps the result. Throttling is not a failure here.
    """

    failures: int = 0
    open_until: datetime | None = None

    OPENS_AFTER = 5
    FIRST_PAUSE = timedelta(seconds=30)
    LONGEST_PAUSE = timedelta(minutes=15)

    def allows(self, now: datetime) -> bool:
        """Whether a call may be tried now; after the pause this is the trial call of the half-open state."""
        return self.open_until is None or now >= self.open_until

    def failed(self, now: datetime) -> "Breaker":
        """After an Unavailable: each further failure doubles the pause, up to the longest."""
        failures = self.failures + 1
        if failures < self.OPENS_AFTER:
            return replace(self, failures=failures)
        doubled = self.FIRST_PAUSE * 2 ** min(failures - self.OPENS_AFTER, 10)
        return Breaker(failures, now + min(doubled, self.LONGEST_PAUSE))

    def succeeded(self) -> "Breaker":
        """After any readable answer: closed again."""
        return Breaker()

    def to_item(self) -> JsonObject:
        """The state as the account's row keeps it; `open_until` in ms since 1970, 0 when closed."""
        return {"failures": self.failures, "open_until": 0 if self.open_until is None else to_millis(self.open_until)}

    @classmethod
    def from_item(cls, item: Mapping[str, object]) -> "Breaker":
        """The state that `to_item` wrote; missing parts mean closed."""
        until = _number(item, "open_until")
        return cls(int(_number(item, "failures")), from_millis(int(until)) if until else None)


def _number(item: Mapping[str, object], name: str) -> float:
    value = item.get(name, 0)
    return float(str(value))  # the table gives numbers back as Decimal

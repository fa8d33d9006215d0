"""Time as a dependency: what asks for the time or waits takes a `Clock`, so tests can run a night in a second."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """The current time, UTC and timezone-aware."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds`."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The current time, UTC and timezone-aware."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds`."""
        time.sleep(seconds)


def to_millis(moment: datetime) -> int:
    """`moment` as whole milliseconds since 1970, the form times have in the table."""
    return round(moment.timestamp() * 1000)


def from_millis(millis: int) -> datetime:
    """The UTC time `millis` milliseconds after 1970."""
    return datetime.fromtimestamp(millis / 1000, UTC)

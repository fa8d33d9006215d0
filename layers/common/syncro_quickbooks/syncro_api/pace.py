"""How fast all workers together may call Syncro: 180 requests a minute for each IP address (Syncro's API page).

All functions may leave through one address, so the pace is one for the deployment: an item in the table holds the
time at which the bucket will be full again (GCRA), and whoever raises it owns the slot before.
"""

import os
from collections.abc import Mapping
from datetime import timedelta

from syncro_quickbooks.clock import Clock, to_millis
from syncro_quickbooks.storage.table import Condition, ConditionFailed, Key, Table, Update
from syncro_quickbooks.syncro_api.errors import SyncroThrottled

DEFAULT_PER_MINUTE = 170  # with the burst 175 in any minute: a margin for requests that bunch on their way
_BURST = 5
_KEY = Key("workspace#syncro", "pace")


def pace_from_env(environ: Mapping[str, str] = os.environ) -> int:
    """Requests a minute: SYNCRO_REQUESTS_PER_MINUTE, else 170. Raises ValueError if it is no positive whole number."""
    per_minute = int(environ.get("SYNCRO_REQUESTS_PER_MINUTE") or DEFAULT_PER_MINUTE)
    if per_minute < 1:
        raise ValueError("SYNCRO_REQUESTS_PER_MINUTE must be at least 1")
    return per_minute


class Pace:
    """Hands out the right to make one request, to one worker after the other."""

    def __init__(self, table: Table, clock: Clock, per_minute: int = DEFAULT_PER_MINUTE) -> None:
        self._table = table
        self._clock = clock
        self._interval = -(-60_000 // per_minute)
        self._burst = (_BURST - 1) * self._interval

    def take(self, patience: timedelta) -> None:
        """Wait for the right to make one request and use it up. Raises SyncroThrottled rather than wait longer."""
        while True:
            now = to_millis(self._clock.now())
            latest = now + self._burst + self._interval + int(patience.total_seconds() * 1000)
            full_at = self._queue_up(now, latest)
            if full_at is None and not self._start_afresh(now):
                self._refuse_if_too_late(now, latest)
                continue  # another worker was faster
            wait = 0 if full_at is None else full_at - self._interval - self._burst - now
            if wait > 0:
                self._clock.sleep(wait / 1000)
            return

    def hold(self, seconds: float) -> None:
        """Syncro asked to slow down: nobody calls for `seconds`."""
        until = to_millis(self._clock.now()) + int(seconds * 1000) + self._burst
        later = Condition("attribute_not_exists(#full_at) OR #full_at < :until")
        try:
            self._table.write(Update(_KEY, "SET #full_at = :until", {":until": until}, later))
        except ConditionFailed:
            return

    def _queue_up(self, now: int, latest: int) -> int | None:
        """Take the slot after those already taken; None if none is, or the queue is too long."""
        busy = Condition("#full_at >= :now AND #full_at < :latest", {":now": now, ":latest": latest})
        values: dict[str, int] = {":interval": self._interval}
        try:
            item = self._table.update_and_get(Update(_KEY, "ADD #full_at :interval", {**values}, busy))
        except ConditionFailed:
            return None
        return int(str(item["full_at"]))

    def _start_afresh(self, now: int) -> bool:
        idle = Condition("attribute_not_exists(#full_at) OR #full_at < :now", {":now": now})
        try:
            self._table.write(Update(_KEY, "SET #full_at = :first", {":first": now + self._interval}, idle))
        except ConditionFailed:
            return False
        return True

    def _refuse_if_too_late(self, now: int, latest: int) -> None:
        item = self._table.get(_KEY)
        full_at = int(str(item["full_at"])) if item else 0
        if full_at >= latest:
            raise SyncroThrottled((full_at - self._burst - now) / 1000)

"""Slowing down who guesses passwords, without letting a stranger lock a customer out.

Counted per user *and* address: a stranger elsewhere never delays the customer. There is no lock-out, only a wait that
stops growing at a minute, and tries made during a wait do not prolong it.
"""

import hashlib
from datetime import datetime, timedelta

from syncro_quickbooks.clock import Clock, from_millis, to_millis
from syncro_quickbooks.storage.table import Delete, Key, Table, Update
from syncro_quickbooks.sync.records import SCHEMA

FREE_FAILURES = 5
LONGEST_WAIT = timedelta(seconds=60)
_FORGOTTEN_AFTER = timedelta(days=1)


class Backoff:
    """Failed tries of a user at an address."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def waiting(self, user: str, address: str) -> bool:
        """Whether `user` at `address` has to wait before another try counts."""
        item = self._table.get(_key(user, address))
        if item is None:
            return False
        last = from_millis(int(str(item["last_at"])))
        return self._clock.now() < last + _wait_after(int(str(item["failures"])))

    def failed(self, user: str, address: str) -> None:
        """Note a failed try."""
        now = self._clock.now()
        change = "SET #schema = :schema, #last_at = :now, #ttl = :ttl ADD #failures :one"
        values = {":schema": SCHEMA, ":now": to_millis(now), ":ttl": _seconds(now + _FORGOTTEN_AFTER), ":one": 1}
        self._table.write(Update(_key(user, address), change, values))

    def succeeded(self, user: str, address: str) -> None:
        """Forget the failed tries."""
        self._table.write(Delete(_key(user, address)))


def _wait_after(failures: int) -> timedelta:
    doublings = failures - FREE_FAILURES
    if doublings < 0:
        return timedelta(0)
    return min(LONGEST_WAIT, timedelta(seconds=2 ** min(doublings, 10)))


def _key(user: str, address: str) -> Key:
    # Hashed: strangers choose the user's name, and an address is personal data.
    def digest(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    return Key(f"desktop-backoff#{digest(user)}", digest(address))


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())

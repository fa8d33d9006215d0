"""One realm, one sender: a lease per account with a fencing number. What is done once for all accounts has one, too."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from syncro_quickbooks.clock import Clock, to_millis
from syncro_quickbooks.storage.table import Check, Condition, ConditionFailed, Key, Table, Update
from syncro_quickbooks.sync.keys import Keys

LEASE_LIFE = timedelta(seconds=180)
"""Longer than the longest single request (130 s), renewed before every one."""


class LeaseLost(Exception):
    """Another worker has taken over the account; what this one still holds in memory is out of date."""


class LeaseHeld(Exception):
    """Another worker is sending for the account, until `until` (ms) unless it renews."""

    def __init__(self, until: int) -> None:
        super().__init__("another worker holds the account's lease")
        self.until = until


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to send for one account. Every freeze and settle carries `check()` in its transaction."""

    key: Key
    fence: int

    def check(self) -> Check:
        """Fails the transaction once another worker has taken over."""
        return Check(self.key, Condition("#fence = :fence", {":fence": self.fence}))


class Leases:
    """Takes, renews and gives back leases."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def take(self, account_id: str, what: str = "lease") -> Lease:
        """The account's lease, `what` for which work. Raises LeaseHeld while another worker has it."""
        return self.take_until(Keys(account_id).of_account(what), self._clock.now() + LEASE_LIFE)

    def take_until(self, key: Key, expires: datetime) -> Lease:
        """The lease that is kept at `key`, until `expires` unless renewed. Raises LeaseHeld while another has it."""
        now = to_millis(self._clock.now())
        take = Update(
            key,
            "SET #expires_at = :expires ADD #fence :one",
            {":expires": to_millis(expires), ":one": 1},
            Condition("attribute_not_exists(#expires_at) OR #expires_at <= :now", {":now": now}),
        )
        try:
            item = self._table.update_and_get(take)
        except ConditionFailed:
            held = self._table.get(key)
            raise LeaseHeld(int(str(held["expires_at"])) if held else now) from None
        return Lease(key, int(str(item["fence"])))

    def renew(self, lease: Lease) -> None:
        """Keep the lease for another LEASE_LIFE. Raises LeaseLost."""
        self._set_expiry(lease, to_millis(self._clock.now() + LEASE_LIFE))

    def give_back(self, lease: Lease) -> None:
        """Let the next worker start at once. Nothing happens if it already has."""
        try:
            self._set_expiry(lease, 0)
        except LeaseLost:
            return

    def _set_expiry(self, lease: Lease, expires_at: int) -> None:
        held = Condition("#fence = :fence", {":fence": lease.fence})
        try:
            self._table.write(Update(lease.key, "SET #expires_at = :expires", {":expires": expires_at}, held))
        except ConditionFailed:
            raise LeaseLost from None

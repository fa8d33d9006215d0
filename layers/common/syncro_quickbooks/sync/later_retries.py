"""Retries whose outcome is seen in a later round: QuickBooks Desktop's, which wait for a session of the Web Connector.

The canary of an account is one of its own records, and it has gone through when the next round finds it through: then 4
are put back into the outbox, then 16, then 64. Nobody waits, and an account that is not seen gets no more.
"""

from collections.abc import Sequence
from datetime import timedelta

from syncro_quickbooks.clock import Clock, from_millis, to_millis
from syncro_quickbooks.storage.table import Key, Put, Table, Value
from syncro_quickbooks.sync.accounts import Edition
from syncro_quickbooks.sync.model import RecordKey, Status
from syncro_quickbooks.sync.records import SCHEMA
from syncro_quickbooks.sync.troubles import WORKED, Trouble, Troubles

MOST_A_ROUND = 85
MOST_CANARIES = 10
"""Fewer than the alarm of the failure rate needs to go off: it must not be kept red by what it asks for."""

LARGEST_STEP = 64
GROWTH = 4

_APART = timedelta(minutes=55)
"""Rounds come every hour, and whenever an alarm changes; an account is worked for once an hour."""

_STATE = "retries"
_IN_HAND = (Status.PENDING, Status.SENDING, Status.RETRYING)


class LaterRetries:
    """Puts records of Desktop accounts back into the outbox, for their next sessions."""

    def __init__(self, table: Table, clock: Clock, troubles: Troubles) -> None:
        self._table = table
        self._clock = clock
        self._troubles = troubles
        self._canaries = 0

    def work(self) -> int:
        """One round. Returns how many records were put back."""
        self._canaries = 0
        steps: dict[str, list[Trouble]] = {}
        for trouble in self._troubles.longest_untried(Edition.DESKTOP, self._room, MOST_A_ROUND):
            steps.setdefault(trouble.account_id, []).append(trouble)
        return sum(self._put_back(account_id, step) for account_id, step in steps.items())

    def _room(self, account_id: str) -> int:
        """How many of the account's records may be put back now."""
        item = self._table.get(_place(account_id))
        if item is None:
            return self._canary()
        if self._clock.now() - from_millis(int(str(item["at"]))) < _APART:
            return 0
        keys = item["records"]
        before = [Trouble(account_id, RecordKey.parse(str(key))) for key in keys] if isinstance(keys, list) else []
        statuses = self._troubles.statuses(before)
        if any(status in _IN_HAND for status in statuses):
            return 0  # no session has come to them yet
        worked = all(status in WORKED for status in statuses)
        return min(LARGEST_STEP, len(before) * GROWTH) if worked else self._canary()

    def _canary(self) -> int:
        self._canaries += 1
        return int(self._canaries <= MOST_CANARIES)

    def _put_back(self, account_id: str, step: Sequence[Trouble]) -> int:
        """Put them back, and note which for the next round. Those that have moved on would tell it nothing."""
        retried = [str(trouble.key) for trouble in step if self._troubles.retry(trouble)]
        if retried:
            place, now = _place(account_id), to_millis(self._clock.now())
            records: list[Value] = [*retried]
            self._table.write(Put({"pk": place.pk, "sk": place.sk, "schema": SCHEMA, "records": records, "at": now}))
        return len(retried)


def _place(account_id: str) -> Key:
    return Key(_STATE, f"later#{account_id}")

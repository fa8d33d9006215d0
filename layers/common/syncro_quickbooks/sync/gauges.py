"""What only a look at the table can tell the alarms: how long things have been waiting, and who is overdue."""

from datetime import timedelta

from syncro_quickbooks.clock import Clock, from_millis, to_millis
from syncro_quickbooks.storage.table import Table
from syncro_quickbooks.sync.wake import PUSH_INDEX, due_items

_MOST_PER_SHARD = 500
_ANY_TIME = timedelta(days=365)


class Gauges:
    """Reads the sparse `due` index and what it names, never the records."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def oldest_waiting(self, index: str = PUSH_INDEX) -> timedelta:
        """For how long the oldest record has been waiting that time alone should bring into QuickBooks Online.

        With JOBS_SCHEDULE: for how long the one-time job has not got on in Syncro that has stood still the longest.

        A record that waits for another one, for settings or for a person does not count; nor does an account that is
        paused until somebody at the customer acts, also if it is looked at now and then.
        """
        now = self._clock.now()
        items = due_items(self._table, index, to_millis(now + _ANY_TIME), _MOST_PER_SHARD)
        since = [from_millis(int(str(item["waiting_since"]))) for item in items if "waiting_since" in item]
        return max([now - each for each in since], default=timedelta(0))

    def overdue(self, what: str, by: timedelta = timedelta(0), *, gone_after: timedelta = _ANY_TIME) -> list[str]:
        """The accounts whose item for `what` in the index has been due for at least `by`.

        Without those that have been for `gone_after` longer: who has left would keep an alarm red for ever.
        """
        before = self._clock.now() - by
        items = due_items(self._table, what, to_millis(before), _MOST_PER_SHARD)
        lately = [item for item in items if from_millis(int(str(item["next_due"]))) > before - gone_after]
        return sorted(str(item["pk"]).removeprefix("acct#") for item in lately)

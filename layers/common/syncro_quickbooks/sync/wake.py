"""Waking: who looks at which account's outbox or jobs, and when.

`next_due` in the account's schedule item is the moment somebody must look; whoever makes it earlier sends the
wake-up. A wake-up carries no state, so a lost, late or repeated one does no harm: the sweep repairs what was missed.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4
from zlib import crc32

from syncro_quickbooks.clock import Clock, to_millis
from syncro_quickbooks.storage.table import Condition, ConditionFailed, Item, Table, Update, Value
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.lease import LEASE_LIFE

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

PUSH_SCHEDULE = "schedule"
JOBS_SCHEDULE = "jobs-schedule"
PUSH_INDEX = "due"
"""Where the `due` index has the push's schedules; the jobs' stand under their own name."""

SHARDS = 16
"""Partitions of the `due` index; the sweep reads each."""

MISSED_AFTER = timedelta(seconds=30)
"""A wake-up this late was lost; the sweep sends another."""

_LONGEST_DELAY = 900  # SQS: DelaySeconds is at most 15 minutes
_SWEPT_PER_SHARD = 500
_SENT_AT_ONCE = 10  # SQS: SendMessageBatch
_GUARD = LEASE_LIFE + timedelta(seconds=10)
"""With the margin above and a sweep every minute, a worker that died is replaced within 280 s of its start, and one
that held a renewed lease within a sweep of that lease's end."""


class Wakes:
    """Sends one function's wake-ups and keeps each account's `next_due` for it.

    `queue_url` is the function's FIFO queue; `schedule` names the account's item that keeps `next_due`, and is told in
    later wake-ups, which all functions' share a queue for.
    """

    def __init__(
        self,
        table: Table,
        sqs: "SQSClient",
        clock: Clock,
        queue_url: str,
        later_queue_url: str,
        *,
        schedule: str = PUSH_SCHEDULE,
    ) -> None:
        self._table = table
        self._sqs = sqs
        self._clock = clock
        self._queue_url = queue_url
        self._later_queue_url = later_queue_url
        self._schedule = schedule
        self._index = PUSH_INDEX if schedule == PUSH_SCHEDULE else schedule

    def wake_at(self, account_id: str, due: int) -> None:
        """See to it that the account is looked at by `due` (ms). Sends nothing if that is already so.

        A guard is no look: the worker that set it has read the outbox already, and takes it away when it is done.
        """
        wake_id = uuid4().hex
        earlier = replace(
            self.due_at(account_id, due, wake_id),
            condition=Condition("attribute_not_exists(#next_due) OR #next_due > :due OR #next_due = #guard"),
        )
        try:
            self._table.write(earlier)
        except ConditionFailed:
            return
        self.send(account_id, due, wake_id)

    def due_at(self, account_id: str, due: int, wake_id: str, waiting_since: int | None = None) -> Update:
        """The write that makes the account due at `due` (ms), to be part of the caller's transaction.

        `waiting_since` (ms) says how long it has had something to do; without it that stays, or begins now.
        """
        since = "if_not_exists(#waiting_since, :since)" if waiting_since is None else ":since"
        plain = self._due_only(account_id, due, wake_id)
        moment: Value = to_millis(self._clock.now()) if waiting_since is None else waiting_since
        expression = f"{plain.expression}, #waiting_since = {since}"
        return replace(plain, expression=expression, values={**plain.values, ":since": moment})

    def _due_only(self, account_id: str, due: int, wake_id: str) -> Update:
        values: dict[str, Value] = {":due": due, ":shard": shard_of(self._index, account_id), ":wake_id": wake_id}
        change = "SET #next_due = :due, #due_shard = :shard, #wake_id = :wake_id"
        return Update(Keys(account_id).of_account(self._schedule), change, values)

    def send(self, account_id: str, due: int, wake_id: str = "") -> None:
        """Send the wake-up for `due` (ms): now through the function's queue, later through the delaying one.

        A later one carries `wake_id`, so that it counts only as long as nobody has arranged another look.
        """
        delay = max(0, due - to_millis(self._clock.now()))
        if delay == 0:
            self._sqs.send_message(
                QueueUrl=self._queue_url,
                MessageBody=account_id,
                MessageGroupId=account_id,
                MessageDeduplicationId=uuid4().hex,
            )
        else:
            # Rounded up, so the wake-up never comes before there is something to do.
            seconds = min(_LONGEST_DELAY, -(-delay // 1000))
            body = f"{account_id} {wake_id} {self._schedule}"
            self._sqs.send_message(QueueUrl=self._later_queue_url, MessageBody=body, DelaySeconds=seconds)

    def forward(self, body: str) -> None:
        """A delayed wake-up has come: pass it on, or delay it again if the time is further off than SQS can wait.

        One that was superseded ends here, else every look put off would leave another message going round.
        """
        account_id, wake_id, *_ = [*body.split(" "), ""]
        item = self._table.get(Keys(account_id).of_account(self._schedule))
        due = item.get("next_due") if item else None
        if item is not None and isinstance(due, int) and item.get("wake_id") == wake_id:
            self.send(account_id, due, wake_id)

    def begin(self, account_id: str) -> int:
        """A worker starts to look. Returns the guard: when the sweep is to look again should the worker die."""
        guard = to_millis(self._clock.now() + _GUARD)
        due = self.due_at(account_id, guard, uuid4().hex)
        self._table.write(replace(due, expression=f"{due.expression}, #guard = :due"))
        return guard

    def finish(
        self,
        account_id: str,
        guard: int,
        next_due: int | None,
        waiting_since: int | None = None,
        *,
        for_customer: bool = False,
    ) -> None:
        """The worker is done; `next_due` (ms) is the earliest thing it left, None when it left nothing.

        `waiting_since` (ms) is when the oldest thing it left began to wait, None if it did not get to see that. With
        `for_customer` all of it waits for somebody at the customer until then, which is no waiting for us.
        If somebody has asked for a look since `begin`, theirs stands unless the worker's is earlier.
        """
        mine = Condition("#next_due = :guard", {":guard": guard})
        wake_id = uuid4().hex
        try:
            if next_due is None:
                key = Keys(account_id).of_account(self._schedule)
                self._table.write(Update(key, "REMOVE #next_due, #due_shard, #wake_id, #waiting_since", {}, mine))
                return
            if for_customer:
                plain = self._due_only(account_id, next_due, wake_id)
                left = replace(plain, expression=f"{plain.expression} REMOVE #waiting_since")
            else:
                left = self.due_at(account_id, next_due, wake_id, waiting_since)
            self._table.write(replace(left, condition=mine))
        except ConditionFailed:
            if next_due is not None:
                self.wake_at(account_id, next_due)
        else:
            self.send(account_id, next_due, wake_id)

    def wake_due(self) -> int:
        """Wake every account whose wake-up for the function was missed. Returns how many."""
        missed = to_millis(self._clock.now() - MISSED_AFTER)
        items = due_items(self._table, self._index, missed, _SWEPT_PER_SHARD)
        accounts = [str(item["pk"]).removeprefix("acct#") for item in items]
        for start in range(0, len(accounts), _SENT_AT_ONCE):
            entries: list[SendMessageBatchRequestEntryTypeDef] = [
                {
                    "Id": str(place),
                    "MessageBody": account_id,
                    "MessageGroupId": account_id,
                    "MessageDeduplicationId": uuid4().hex,
                }
                for place, account_id in enumerate(accounts[start : start + _SENT_AT_ONCE])
            ]
            # What the queue does not take the next sweep sends again.
            self._sqs.send_message_batch(QueueUrl=self._queue_url, Entries=entries)
        return len(accounts)


def schedule_of(body: str) -> str:
    """Whose later wake-up it is: the name of the schedule it carries."""
    return (*body.split(" "), "", "")[2] or PUSH_SCHEDULE


def shard_of(what: str, account_id: str) -> str:
    """The partition of the `due` index in which the account's item for `what` stands."""
    return f"{what}#{crc32(account_id.encode()) % SHARDS}"


def due_items(table: Table, what: str, moment: int, most: int) -> Iterator[Item]:
    """The items that stand in the `due` index for `what` and are due at `moment` (ms); `most` of each partition.

    It begins with another partition every minute: when there is more than can be done, none comes last each time.
    """
    first = moment // 60_000
    for shard in range(first, first + SHARDS):
        keys = table.query_due(f"{what}#{shard % SHARDS}", moment + 1, most)
        items = table.get_many(keys)  # the index is a hint; the item decides
        for item in (items[key] for key in keys if key in items):
            due = item.get("next_due")
            if isinstance(due, int) and due <= moment:
                yield item

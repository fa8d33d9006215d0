"""When to look for payments in QuickBooks: an item of its own for each account that imports them.

`next_due` in it works as for wake-ups: whoever makes it earlier sends the message, a lost or repeated message does no
harm, and the sweep sends every minute what is due. The item is found through the `due` index by shards of its own.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4
from zlib import crc32

from syncro_quickbooks.clock import Clock, to_millis
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.storage.table import Condition, ConditionFailed, Item, Key, Put, Table, Update, Value
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.model import Problem
from syncro_quickbooks.sync.records import SCHEMA, problems_from_text, problems_to_text

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

SCHEDULE = "poll"
"""The account's item that keeps when to poll."""

SHARDS = 16
ANSWERED_WITHIN = timedelta(minutes=10)
"""A poll that was asked for and did not happen is asked for again after this: longer than its queue may take."""

_SWEPT_PER_SHARD = 500
_COUNTED_PER_SHARD = 5_000  # of keys alone, they are far less than the 1 MB of a page
_MONTH_MS = 31 * 86_400_000
_COUNTED_EVERY = timedelta(hours=1)
_COUNT = Key("workspace#polls", "count")


@dataclass(frozen=True, slots=True)
class PollState:
    """What is known of one account's polls. Times are in ms, 0 for never.

    `watermark`: up to when every change has been seen; `read_at`: when QuickBooks is to be read next, sooner if a
    webhook says so. `payment_at`: when a change was last found, at first when polls began. `webhook_at`: the newest
    webhook of the company, `announced_at` the newest about payments; `missed_at`: when a poll last found what none had
    announced. After `polled_at` webhooks wait `apart` for the next read, if reads are scarce. `problem` is what people
    should know of the last poll, None if nothing; `gap`, of `gap_at`, what no poll can find out any more.
    """

    realm_id: str = ""
    watermark: int = 0
    polled_at: int = 0
    read_at: int = 0
    payment_at: int = 0
    webhook_at: int = 0
    announced_at: int = 0
    missed_at: int = 0
    apart: int = 0
    problem: Problem | None = None
    gap: Problem | None = None
    gap_at: int = 0

    def to_be_read(self, now: int) -> bool:
        """Whether it is time to read QuickBooks: it is due, or a webhook came and reads last."""
        return now >= self.read_at or (self.announced_at >= self.polled_at and now >= self.polled_at + self.apart)


def enrolment(account_id: str, settings: JsonObject, now: int) -> Update:
    """The write that goes with saved settings: polls begin now, or end. What happened before is not imported."""
    key = Keys(account_id).of_account(SCHEDULE)
    if settings.get("sync_payments_from") is not True:
        return Update(key, "REMOVE #next_due, #due_shard, #watermark, #problem, #gap")
    change = (
        "SET #next_due = :now, #due_shard = :shard, #schema = :schema, #watermark = if_not_exists(#watermark, :now)"
    )
    return Update(key, change, {":now": now, ":shard": _shard(account_id), ":schema": SCHEMA})


class Polls:
    """Keeps the accounts' polls and sends their messages."""

    def __init__(self, table: Table, sqs: "SQSClient", clock: Clock, queue_url: str) -> None:
        self._table = table
        self._sqs = sqs
        self._clock = clock
        self._queue_url = queue_url

    def state(self, account_id: str) -> PollState | None:
        """The account's state; None if it imports no payments."""
        item = self._table.get(Keys(account_id).of_account(SCHEDULE))
        return _from_item(item) if item and "watermark" in item else None

    def announced(self, account_id: str, realm_id: str, *, about_payments: bool) -> bool:
        """A webhook of the account's company came; one about payments makes the next poll due. Whether it did.

        Nothing happens for an account that imports no payments, or those of another company. Several webhooks while a
        poll is due cost one poll.
        """
        key, now = Keys(account_id).of_account(SCHEDULE), to_millis(self._clock.now())
        change = "SET #webhook_at = :now" + (", #announced_at = :now" if about_payments else "")
        here = "attribute_exists(#watermark) AND (attribute_not_exists(#realm_id) OR #realm_id = :realm)"
        enrolled = Condition(here, {":realm": realm_id})
        try:
            item = self._table.update_and_get(Update(key, change, {":now": now}, enrolled))
        except ConditionFailed:
            return False
        if not about_payments:
            return False
        polled_at = _int(item.get("polled_at"))
        # A bookkeeper at work makes many webhooks; one poll every two minutes tells as much.
        return self._ask(account_id, max(now, polled_at + max(_APART_MS, _int(item.get("apart")))), item)

    def ask(self, account_id: str) -> None:
        """Somebody wants a look now. Nothing happens if the account imports no payments, or one is due anyway."""
        item = self._table.get(Keys(account_id).of_account(SCHEDULE))
        if item and "watermark" in item:
            self._ask(account_id, to_millis(self._clock.now()), item)

    def wake_due(self) -> int:
        """Send what is due. Returns how many."""
        now = to_millis(self._clock.now())
        sent = 0
        for shard in range(SHARDS):
            for key in self._table.query_due(f"poll#{shard}", now + 1, _SWEPT_PER_SHARD):
                item = self._table.get(key)  # the index is a hint; the item decides
                due = item.get("next_due") if item else None
                if isinstance(due, int) and due <= now:
                    sent += self._send(key.pk.removeprefix("acct#"), due)
        self._count_anew()
        return sent

    def begin(self, account_id: str) -> int:
        """A poll starts. Returns the guard: when the sweep is to send it again should it die."""
        guard = to_millis(self._clock.now() + ANSWERED_WITHIN)
        began = self._due(account_id, guard, Condition("attribute_exists(#next_due)"))
        try:
            self._table.write(replace(began, expression=f"{began.expression} REMOVE #asked"))
        except ConditionFailed:
            return 0
        return guard

    def keep(self, account_id: str, state: PollState, before: int) -> None:
        """Everything up to `state.watermark` is stored; it was `before` when the poll began.

        Nothing happens if the account's imports ended meanwhile, even if they began anew.
        """
        values = _to_values(state)
        kept = "SET " + ", ".join(f"#{name[1:]} = {name}" for name in values)
        kept += "" if state.gap else " REMOVE #gap"
        try:
            unchanged = Condition("#watermark = :before", {":before": before})
            self._table.write(Update(Keys(account_id).of_account(SCHEDULE), kept, values, unchanged))
        except ConditionFailed:
            return

    def finish(self, account_id: str, guard: int, next_due: datetime, problem: Problem | None) -> None:
        """The poll is over, with `problem` to tell: look again at `next_due`, or sooner if a webhook came meanwhile."""
        told: dict[str, Value] = {":problem": problems_to_text([problem])} if problem else {}
        change = "SET #problem = :problem" if problem else "REMOVE #problem"
        enrolled = Condition("attribute_exists(#watermark)")
        mine = Condition("#next_due = :guard", {":guard": guard})
        try:
            self._table.write(Update(Keys(account_id).of_account(SCHEDULE), change, told, enrolled))
            self._table.write(self._due(account_id, to_millis(next_due), mine))
        except ConditionFailed:
            return

    def polling(self) -> int:
        """How many accounts import payments, as of the last hour."""
        item = self._table.get(_COUNT)
        return max(1, _int(item.get("accounts")) if item else 1)

    def _ask(self, account_id: str, due: int, item: Item) -> bool:
        next_due, now = _int(item.get("next_due")), to_millis(self._clock.now())
        if _int(item.get("asked")) > now or now < next_due <= due:
            return False  # somebody is about to look anyway
        if next_due <= now:
            return bool(self._send(account_id, next_due))  # due already, but the sweep comes only every minute
        earlier = Condition("#next_due > :due", {":due": due})
        try:
            self._table.write(Update(Keys(account_id).of_account(SCHEDULE), "SET #next_due = :due", {}, earlier))
        except ConditionFailed:
            return False
        if due <= now:
            self._send(account_id, due)
        return True

    def _send(self, account_id: str, due: int) -> int:
        """Send one message; the sweep does not send another before it had its time."""
        again = to_millis(self._clock.now() + ANSWERED_WITHIN)
        asked = self._due(account_id, again, Condition("#next_due = :seen", {":seen": due}))
        try:
            self._table.write(replace(asked, expression=f"{asked.expression}, #asked = :next"))
        except ConditionFailed:
            return 0
        self._sqs.send_message(
            QueueUrl=self._queue_url,
            MessageBody=account_id,
            MessageGroupId=account_id,
            MessageDeduplicationId=uuid4().hex,
        )
        return 1

    def _due(self, account_id: str, due: int, condition: Condition) -> Update:
        change = "SET #next_due = :next, #due_shard = :shard"
        return Update(
            Keys(account_id).of_account(SCHEDULE), change, {":next": due, ":shard": _shard(account_id)}, condition
        )

    def _count_anew(self) -> None:
        now = to_millis(self._clock.now())
        item = self._table.get(_COUNT)
        if item and _int(item["counted_at"]) > now - int(_COUNTED_EVERY.total_seconds() * 1000):
            return
        ever = now + 10 * _MONTH_MS
        accounts = sum(len(self._table.query_due(f"poll#{shard}", ever, _COUNTED_PER_SHARD)) for shard in range(SHARDS))
        self._table.write(Put({"pk": _COUNT.pk, "sk": _COUNT.sk, "accounts": accounts, "counted_at": now}))


_APART_MS = 120_000


def _from_item(item: Item) -> PollState:
    problem, gap = item.get("problem"), item.get("gap")
    return PollState(
        realm_id=str(item.get("realm_id", "")),
        problem=problems_from_text(str(problem))[0] if problem else None,
        gap=problems_from_text(str(gap))[0] if gap else None,
        **{name: _int(item.get(name)) for name in (*_KEPT, "webhook_at", "announced_at")},
    )


_KEPT = ("watermark", "polled_at", "read_at", "payment_at", "missed_at", "apart", "gap_at")


def _to_values(state: PollState) -> dict[str, Value]:
    """What a poll writes; webhooks are counted by others meanwhile."""
    values: dict[str, Value] = {f":{name}": getattr(state, name) for name in _KEPT}
    values[":realm_id"] = state.realm_id
    if state.gap:
        values[":gap"] = problems_to_text([state.gap])
    return values


def _shard(account_id: str) -> str:
    return f"poll#{crc32(account_id.encode()) % SHARDS}"


def _int(value: Value) -> int:
    return value if isinstance(value, int) else 0

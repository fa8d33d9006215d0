"""How often to look, so that all accounts together stay within their part of the month's metered reads: pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from syncro_quickbooks.clock import to_millis
from syncro_quickbooks.online.read_budget import SHARE_PERCENT, ReadPurpose
from syncro_quickbooks.sync.polls import PollState

POLL_PERCENT = 40
"""Of the allowance; polls stop at 60 % used by all, so lookups for documents have their part even then."""

SHORTEST = timedelta(minutes=15)
LONGEST = timedelta(hours=24)
WEBHOOKS_COUNT_FOR = timedelta(days=7)
_LONGEST_MONTH = timedelta(days=31)
_QUIET = ((timedelta(days=14), 4), (timedelta(days=3), 2))


STOP_PERCENT = SHARE_PERCENT[ReadPurpose.POLL]


@dataclass(frozen=True, slots=True)
class MonthsReads:
    """The workspace's month: how many accounts are polled, the allowance of reads, and what has been used of it."""

    accounts: int
    allowance: int
    used_by_polls: int
    used_by_others: int = 0

    def left_for_polls(self, now: datetime) -> int:
        """What polls may still use: their part, and no more than the others leave if they go on as they do."""
        left = left_of_month(now)
        gone = max(_LONGEST_MONTH - left, timedelta(days=1))  # a day's reads say little about a month's
        others = int(self.used_by_others * (1 + left / gone))
        own = self.allowance * POLL_PERCENT // 100
        return min(own, self.allowance * STOP_PERCENT // 100 - others) - self.used_by_polls


def webhooks_healthy(state: PollState, now: datetime) -> bool:
    """A webhook of the company came within a week, and no poll since has found what none had announced."""
    recent = state.webhook_at >= to_millis(now - WEBHOOKS_COUNT_FOR)
    return bool(state.webhook_at) and recent and state.webhook_at > state.missed_at


def next_poll(state: PollState, reads: MonthsReads, now: datetime) -> datetime:
    """When to look again: daily for safety if webhooks are healthy, else as often as the month's reads allow."""
    if webhooks_healthy(state, now):
        return now + LONGEST
    left = reads.left_for_polls(now)
    even = LONGEST if left <= 0 else left_of_month(now) * reads.accounts / left
    interval = max(SHORTEST, even)
    quiet = timedelta(milliseconds=to_millis(now) - state.payment_at) if state.payment_at else timedelta(0)
    interval *= next((times for after, times in _QUIET if quiet >= after), 1)
    return now + min(interval, LONGEST)


def apart(reads: MonthsReads, now: datetime) -> timedelta:
    """How far apart the reads that webhooks ask for must be at least, for each account: nothing while reads last.

    If polls went on reading as this month until now, and twice of what is left would not do, then each account gets
    its even part and no more; in between it grows with what is lacking.
    """
    left, rest = reads.left_for_polls(now), left_of_month(now)
    if left <= 0:
        return LONGEST
    gone = max(_LONGEST_MONTH - rest, timedelta(days=1))
    lacking = reads.used_by_polls * (rest / gone) / left - 1
    return min(LONGEST, rest * reads.accounts / left * min(max(lacking, 0), 1))


def left_of_month(now: datetime) -> timedelta:
    """How long the month's reads must last, at least an hour."""
    start = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (start + timedelta(days=32)).replace(day=1)
    return max(following - now, timedelta(hours=1))

"""`make poll-reads`: what a thousand accounts that import payments read in a month, with and without webhooks.

Only what decides is run, the pacing with the accounts' states, in time that is counted and not waited for.
"""

import heapq
import random
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from rich.console import Console
from rich.table import Table

from syncro_quickbooks.clock import to_millis
from syncro_quickbooks.online.payments_from.pacing import MonthsReads, apart, next_poll
from syncro_quickbooks.online.read_budget import DEFAULT_ALLOWANCE, SHARE_PERCENT, ReadPurpose
from syncro_quickbooks.sync.polls import PollState

START = datetime(2026, 12, 1, tzinfo=UTC)
MONTH = timedelta(days=31)
_APART = timedelta(minutes=2)
_BURST = timedelta(minutes=25)


@dataclass(frozen=True, slots=True)
class Month:
    """What a month came to. `delays` are how long each payment waited, in seconds, sorted."""

    polls: int
    others: int
    refused: int
    payments: int
    delays: tuple[float, ...]

    def delay(self, percent: int) -> timedelta:
        """How long at most so many percent of the payments waited."""
        return timedelta(seconds=self.delays[min(len(self.delays) - 1, len(self.delays) * percent // 100)])


def bookkeeping(accounts: int, seed: int, busy: int = 1) -> list[tuple[datetime, int]]:
    """When payments are recorded, and in whose books: a fifth never, half a few times a week, the others daily.

    Bookkeepers work through a pile: up to eight payments within half an hour; `busy` times as often as said.
    """
    chance = random.Random(seed)  # noqa: S311 - made-up bookkeeping
    found: list[tuple[datetime, int]] = []
    for account in range(accounts):
        sittings = 0 if account % 5 == 0 else 12 if account % 2 else 40
        for _ in range(sittings * busy):
            begin = START + MONTH * chance.random()
            found += [(begin + _BURST * chance.random(), account) for _ in range(chance.randint(1, 8))]
    return sorted(found)


def month(
    accounts: int, *, webhooks: bool, other_reads: int, busy: int = 1, allowance: int = DEFAULT_ALLOWANCE, seed: int = 1
) -> Month:
    """One month of polls; `other_reads` are spread evenly over it, for users and recovery."""
    chance = random.Random(seed)  # noqa: S311 - made-up bookkeeping
    recorded = bookkeeping(accounts, seed, busy)
    start = to_millis(START)
    states = [PollState(payment_at=start, webhook_at=start if webhooks else 0) for _ in range(accounts)]
    waiting: list[list[datetime]] = [[] for _ in range(accounts)]
    due = [(START + timedelta(hours=24) * chance.random(), account) for account in range(accounts)]
    next_of = {account: at for at, account in due}
    heapq.heapify(due)
    polls = refused = position = 0
    delays: list[float] = []
    cap = allowance * SHARE_PERCENT[ReadPurpose.POLL] // 100
    while due and due[0][0] < START + MONTH:
        now = due[0][0]
        if position < len(recorded) and recorded[position][0] <= now:
            at, account = recorded[position]
            position += 1
            waiting[account].append(at)
            if webhooks:
                states[account] = replace(states[account], webhook_at=to_millis(at), announced_at=to_millis(at))
                wait = max(_APART, timedelta(milliseconds=states[account].apart))
                soon = max(at, START + timedelta(milliseconds=states[account].polled_at - start) + wait)
                if states[account].polled_at == 0:
                    soon = at
                if soon < next_of[account]:
                    next_of[account] = soon
                    heapq.heappush(due, (soon, account))
            continue
        at, account = heapq.heappop(due)
        if next_of[account] != at:
            continue  # a webhook made it earlier
        others = int(other_reads * ((now - START) / MONTH))
        if polls + others >= cap:
            refused += 1
            next_of[account] = now + timedelta(hours=1)
            heapq.heappush(due, (next_of[account], account))
            continue
        polls += 1
        delays += [(now - since).total_seconds() for since in waiting[account]]
        seen = to_millis(now) if waiting[account] else states[account].payment_at
        waiting[account].clear()
        reads = MonthsReads(accounts, allowance, polls, others)
        spaced = apart(reads, now) // timedelta(milliseconds=1)
        states[account] = replace(states[account], polled_at=to_millis(now), payment_at=seen, apart=spaced)
        next_of[account] = next_poll(states[account], reads, now)
        heapq.heappush(due, (next_of[account], account))
    return Month(polls, other_reads, refused, len(recorded), tuple(sorted(delays)))


def main() -> int:
    """Prints the table. Returns 1 if a month exceeds the allowance, or the reads for polls do not last."""
    table = Table(title=f"A month of 1,000 accounts that import payments; {DEFAULT_ALLOWANCE:,} reads are allowed")
    for column in ("", "poll", "user and recovery", "all", "polls refused", "payments", "waited: half", "waited: 95 %"):
        table.add_column(column, justify="left" if not column else "right")
    kept = True
    for webhooks, busy in ((True, 1), (True, 4), (False, 1)):
        for others in (50_000, 200_000):
            found = month(1000, webhooks=webhooks, other_reads=others, busy=busy)
            kept = kept and found.polls + found.others < DEFAULT_ALLOWANCE and not found.refused
            name = f"{'with' if webhooks else 'without'} webhooks" + (f", {busy} times as busy" if busy > 1 else "")
            figures = (found.polls, found.others, found.polls + found.others, found.refused, found.payments)
            waits = (str(found.delay(percent)).split(".")[0] for percent in (50, 95))
            table.add_row(name, *(f"{figure:,}" for figure in figures), *waits)
    Console(width=120).print(table)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())

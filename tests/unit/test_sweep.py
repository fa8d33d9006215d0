"""The sweep after a mass loss of wake-ups: how many calls it takes, and who comes first."""

from datetime import timedelta

from syncro_quickbooks.clock import to_millis
from syncro_quickbooks.storage.table import Table
from syncro_quickbooks.sync.wake import SHARDS, Wakes
from tests.support.clock import ManualClock
from tests.support.in_memory.dynamodb import MemoryDynamoDB
from tests.support.in_memory.services import MemorySqs

ACCOUNTS = [f"account-{number}" for number in range(1000)]


class Counting:
    """A client whose calls are counted."""

    def __init__(self, client: object, calls: list[str]) -> None:
        self._client, self._calls = client, calls

    def __getattr__(self, name: str) -> object:
        def called(*names: object, **arguments: object) -> object:
            self._calls.append(" ".join([name, *map(str, names)]))
            return getattr(self._client, name)(*names, **arguments)

        return called


def lost_wake_ups(clock: ManualClock, sqs: MemorySqs, calls: list[str]) -> Wakes:
    """Every account is due, and every message of it was lost."""
    client = Counting(MemoryDynamoDB(), calls)
    wakes = Wakes(Table(client, "table"), Counting(sqs, calls), clock, "push.fifo", "later")  # type: ignore[arg-type]  # a part of the client
    for account in ACCOUNTS:
        wakes.wake_at(account, to_millis(clock.now()))
    clock.sleep(60)
    calls.clear()
    sqs.sent.clear()
    return wakes


def test_a_thousand_lost_wake_ups_are_repaired_in_few_calls() -> None:
    clock, sqs, calls = ManualClock(), MemorySqs(), list[str]()
    assert lost_wake_ups(clock, sqs, calls).wake_due() == len(ACCOUNTS)
    assert sorted(message["MessageBody"] for message in sqs.sent) == sorted(ACCOUNTS)
    assert len({message["MessageDeduplicationId"] for message in sqs.sent}) == len(ACCOUNTS)
    assert all(message["MessageGroupId"] == message["MessageBody"] for message in sqs.sent)
    # 16 partitions of some 62 accounts: one page and one read each; ten messages a call.
    assert {name: calls.count(name) for name in set(calls)} == {
        "get_paginator query": SHARDS,
        "batch_get_item": SHARDS,
        "send_message_batch": len(ACCOUNTS) // 10,
    }


def test_every_partition_comes_first_once_in_sixteen_minutes() -> None:
    clock, sqs, calls = ManualClock(), MemorySqs(), list[str]()
    wakes = lost_wake_ups(clock, sqs, calls)
    first = set()
    for _ in range(SHARDS):
        sqs.sent.clear()
        wakes.wake_due()
        first.add(sqs.sent[0]["MessageBody"])
        clock.sleep(timedelta(minutes=1).total_seconds())
    assert len(first) == SHARDS

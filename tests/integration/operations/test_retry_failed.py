"""Trying failed records again: a canary first, by growing steps, never what a customer has to mend."""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from emulators.quickbooks_online import Fault
from syncro_quickbooks.storage.packing import pack, unpack
from syncro_quickbooks.storage.table import Put, Table, Write
from syncro_quickbooks.sync import retries
from syncro_quickbooks.sync.accounts import Edition, Pause
from syncro_quickbooks.sync.lease import Leases
from syncro_quickbooks.sync.model import Problem
from syncro_quickbooks.sync.retries import Round
from syncro_quickbooks.sync.troubles import Trouble, Troubles
from syncro_quickbooks.sync.wake import shard_of
from tests.integration.operations.rounds import ALARM, Operations, failed_invocation
from tests.support.books import assert_each_once, standing
from tests.support.boundaries import Crash
from tests.support.events import ACCOUNT, customer, invoice_detail
from tests.support.world import FUNCTION_TIME

pytestmark = pytest.mark.usefixtures("aws_services")

A_BUG_OF_OURS = "2010"


def troubled(operations: Operations, numbers: range) -> None:
    """These invoices were refused because our request was wrong."""
    operations.world.emulator.faults.add(
        Fault(kind="error", code=A_BUG_OF_OURS, operation="create", entity="Invoice", times=None)
    )
    for number in numbers:
        operations.world.publish("invoice.created", invoice_detail(number))
    operations.world.run()
    assert operations.statuses(numbers) == ["needs_attention"] * len(numbers)


def in_trouble(operations: Operations) -> list[str]:
    """The records that rounds look at."""
    items = operations.world.items(f"acct#{ACCOUNT}#")
    return [item["pk"]["S"] for item in items if "troubled" in str(item.get("due_shard"))]


def test_after_a_repair_records_are_retried_by_growing_steps() -> None:
    operations, numbers = Operations(), range(1, 31)
    troubled(operations, numbers)
    operations.world.emulator.faults.clear()
    done = operations.work()
    assert done.steps == [1, 4, 16, 9]
    assert (done.records_retried, done.records_worked, done.stopped) == (30, 30, "")
    assert set(operations.statuses(numbers)) == {"synced"}
    assert_each_once(operations.company)
    assert operations.work().records_retried == 0


def test_a_step_whose_records_have_all_moved_on_is_no_canary(monkeypatch: pytest.MonkeyPatch) -> None:
    operations = Operations()
    troubled(operations, range(1, 7))
    found = Troubles.longest_untried

    def found_and_overtaken(self: Troubles, edition: Edition, room: Callable[[str], int], most: int) -> list[Trouble]:
        waiting = found(self, edition, room, most)
        for trouble in waiting[:1]:
            operations.world.publish("invoice.updated", invoice_detail(int(trouble.key.id), version=2))
        return waiting

    monkeypatch.setattr(Troubles, "longest_untried", found_and_overtaken)
    assert operations.work().steps == [0, 1]  # the second step's record is refused again


def test_a_customer_that_was_stopped_is_tried_again_once_it_changes_and_no_round_s_affair_any_more() -> None:
    operations = Operations()
    operations.world.emulator.faults.add(
        Fault(kind="error", code=A_BUG_OF_OURS, operation="update", entity="Customer", times=None)
    )
    for version in (1, 2):
        owner = customer(version=version, name=f"Name {version}")
        operations.world.publish("invoice.created", invoice_detail(version, owner=owner))
        operations.world.run()
    assert in_trouble(operations) == [f"acct#{ACCOUNT}#customer#72"]
    event = {"event_id": "event-3", "account_id": ACCOUNT, "occurred_at": "2026-11-23T09:00:00.000Z", "version": 3}
    operations.world.publish("customer.updated", {**event, "customer": customer(version=3, name="Name 3")})
    assert in_trouble(operations) == []
    operations.world.emulator.faults.clear()
    operations.world.run()
    assert [each["DisplayName"] for each in operations.company.entities("Customer")] == ["Name 3"]


def test_two_rounds_at_once_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    operations = Operations()
    troubled(operations, range(1, 7))
    operations.letter(failed_invocation(invoice_detail(7)))
    inner: list[Round] = []
    sleep = Operations.sleep

    def another_begins(self: Operations, seconds: float) -> None:
        inner.append(operations.work())
        sleep(self, seconds)

    monkeypatch.setattr(Operations, "sleep", another_begins)
    assert operations.work().steps == [1]
    assert len(inner) > 0
    assert {(each.stopped, each.records_retried, each.events_taken_in) for each in inner} == {
        ("another round is under way", 0, 0)
    }
    assert operations.work().steps == [1]  # it has ended


def test_a_round_that_died_keeps_others_off_no_longer_than_it_could_have_lasted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    operations = Operations()
    troubled(operations, range(1, 2))
    operations.world.emulator.faults.clear()
    with monkeypatch.context() as patch:
        patch.setattr(Leases, "give_back", lambda *_: None)  # killed: nothing is tidied up
        patch.setattr(Troubles, "longest_untried", killed)
        with pytest.raises(Crash):
            operations.work()
    assert operations.work().stopped == "another round is under way"
    operations.world.clock.sleep(FUNCTION_TIME.total_seconds())
    assert operations.work().records_worked == 1


def test_a_record_is_due_although_the_round_dies_once_it_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    operations = Operations()
    troubled(operations, range(1, 2))
    operations.world.emulator.faults.clear()
    transact = Table.transact

    def last_words(table: Table, writes: Sequence[Write]) -> None:
        transact(table, writes)
        if any(isinstance(write, Put) and "#outbox#" in str(write.item["pk"]) for write in writes):
            raise Crash("killed")

    with monkeypatch.context() as patch:
        patch.setattr(Table, "transact", last_words)
        with pytest.raises(Crash):
            operations.work()
    operations.world.run()  # the sweep finds it
    assert operations.statuses(range(1, 2)) == ["synced"]


def killed(*_: object) -> list[Trouble]:
    raise Crash("killed")


def test_if_the_canary_is_refused_again_no_other_record_is_touched_and_the_next_canary_is_another() -> None:
    operations, numbers = Operations(), range(1, 4)
    troubled(operations, numbers)
    tried = []
    for _ in range(3):
        before = {number: operations.world.record("invoice", number)["changed_at"] for number in numbers}
        operations.world.clock.sleep(3600)
        done = operations.work()
        assert done.steps == [1]
        assert done.stopped == "of 1 records that were retried some are needs_attention"
        tried += [n for n in numbers if operations.world.record("invoice", n)["changed_at"] != before[n]]
    assert sorted(tried) == [1, 2, 3]


def test_what_somebody_at_the_customer_has_to_mend_is_not_retried() -> None:
    operations = Operations()
    operations.world.publish("invoice.created", invoice_detail(1, number="N" * 22))
    operations.world.emulator.faults.add(Fault(kind="error", code="6000", operation="create", entity="Invoice"))
    operations.world.publish("invoice.created", invoice_detail(2))
    operations.world.run()
    assert operations.statuses(range(1, 3)) == ["needs_attention"] * 2
    assert operations.work().records_retried == 0


def test_what_a_defect_of_ours_stopped_is_retried_once_it_is_mended() -> None:
    operations = Operations()
    place = {"pk": {"S": f"acct#{ACCOUNT}#invoice#1"}, "sk": {"S": "record"}}

    def desire(snapshot: Any) -> None:
        operations.world.table.update_item(
            TableName=operations.world.table_name,
            Key=place,
            UpdateExpression="SET #desired = :desired",
            ExpressionAttributeNames={"#desired": "desired"},
            ExpressionAttributeValues={":desired": {"B": snapshot}},
        )

    operations.world.publish("invoice.created", invoice_detail(1))
    readable = operations.world.record("invoice", 1)["desired"]
    desire(pack({"id": 1, "of": "a release that wrote it otherwise"}))
    operations.world.run()
    assert json.loads(operations.world.record("invoice", 1)["problems"])[0]["code"] == "internal"
    assert operations.work().stopped == "of 1 records that were retried some are needs_attention"
    desire(readable)
    assert operations.work().records_worked == 1
    assert operations.invoices() == ["101"]


def test_a_newer_event_of_a_parked_record_is_left_alone() -> None:
    operations = Operations()
    troubled(operations, range(1, 2))
    operations.world.publish("invoice.updated", invoice_detail(1, version=2))
    assert operations.work().records_retried == 0


@pytest.mark.parametrize("scope", ["all", "online", f"account#{ACCOUNT}"])
def test_where_posting_is_stopped_nothing_is_retried(scope: str) -> None:
    operations = Operations()
    troubled(operations, range(1, 2))
    operations.world.deployment.accounts.stop_posting(scope, "a release went wrong")
    assert operations.work().records_retried == 0
    operations.world.deployment.accounts.allow_posting(scope)
    assert operations.work().records_retried == 1


def test_a_paused_account_is_not_retried() -> None:
    operations = Operations()
    troubled(operations, range(1, 2))
    connection = operations.world.deployment.accounts.connection(ACCOUNT)
    assert connection is not None
    operations.world.deployment.accounts.pause(connection, Pause(Problem("reconnect", "Sign in again.")))
    assert operations.work().records_retried == 0


def test_records_of_an_account_that_may_not_send_take_nobodys_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "MOST_RECORDS", 2)
    operations = Operations()
    troubled(operations, range(1, 5))
    operations.world.deployment.accounts.stop_posting(f"account#{ACCOUNT}", "its people asked for it")
    beside = next(name for name in map(str, count()) if shard_of("", name) == shard_of("", ACCOUNT))
    company = operations.world.connect(beside, "9130002")
    operations.world.publish("invoice.created", {**invoice_detail(1), "account_id": beside})
    operations.world.run()
    assert operations.world.record("invoice", 1, beside)["status"] == "needs_attention"
    operations.world.emulator.faults.clear()
    assert operations.work().records_worked == 1
    assert len(standing(company)) == 1


def test_a_canary_that_quickbooks_cannot_answer_stops_the_round_and_is_not_lost() -> None:
    operations, numbers = Operations(), range(1, 6)
    troubled(operations, numbers)
    operations.world.emulator.faults.clear()
    operations.world.emulator.faults.add(Fault(kind="status", status=503, times=None))
    done = operations.work()
    assert done.steps == [1]
    assert done.stopped.startswith("of 1 records that were retried some are ")
    assert sorted(operations.statuses(numbers))[:4] == ["needs_attention"] * 4
    operations.world.emulator.faults.clear()
    operations.world.run()
    assert len(operations.invoices()) == 1


# -- alarms and what is written down -----------------------------------------------------------------------------------


def test_an_alarm_is_red_until_it_says_otherwise_and_old_news_change_nothing() -> None:
    operations = Operations()
    work, start = operations.retries(), operations.now()
    minute = timedelta(minutes=1)
    assert work.red_alarms() == []
    work.note_alarm("a", red=True, at=start)
    work.note_alarm("b", red=True, at=start)
    work.note_alarm("a", red=False, at=start + 2 * minute)
    work.note_alarm("a", red=True, at=start + minute)  # overtaken by the one before
    work.note_alarm("b", red=False, at=start - minute)
    assert work.red_alarms() == ["b"]


def test_every_round_that_found_something_is_written_down_for_good() -> None:
    operations = Operations()
    operations.work()
    assert operations.world.items("retries#rounds") == []
    for number in (1, 2):
        operations.letter(failed_invocation(invoice_detail(number)))
        operations.world.clock.sleep(1)
        operations.work()
    items = operations.world.items("retries#rounds")
    written = [unpack(item["round"]["B"]) for item in sorted(items, key=lambda item: item["sk"]["S"])]
    assert [(each["alarms"], each["events_taken_in"]) for each in written] == [([ALARM], 1)] * 2  # type: ignore[index, call-overload]  # packed JSON

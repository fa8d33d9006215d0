"""Trying again what failed: a canary first, within a budget, hourly while an alarm is red, never what was refused."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from emulators.quickbooks_online import Fault
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.storage.packing import pack, unpack
from syncro_quickbooks.storage.table import Put, Table, Write
from syncro_quickbooks.sync import dead_letters, nights, retries
from syncro_quickbooks.sync.accounts import Edition, Pause
from syncro_quickbooks.sync.dead_letters import EventDeadLetters, LetterBox, WakeUpDeadLetters
from syncro_quickbooks.sync.intake import IntakeResult
from syncro_quickbooks.sync.lease import Leases
from syncro_quickbooks.sync.model import Problem
from syncro_quickbooks.sync.retries import Retries, Round
from syncro_quickbooks.sync.troubles import Trouble, Troubles
from syncro_quickbooks.sync.wake import PUSH_SCHEDULE, shard_of
from tests.support import aws
from tests.support.books import assert_each_once, standing
from tests.support.boundaries import Crash
from tests.support.events import ACCOUNT, customer, invoice_detail
from tests.support.world import FUNCTION_TIME, World

pytestmark = pytest.mark.usefixtures("aws_services")

ALARM = "stack-dead-letters-events"
A_BUG_OF_OURS = "2010"
_numbers = count(1)


class Operations:
    """A world with dead-letter queues, and what tries again. While that waits, the world goes on."""

    def __init__(self) -> None:
        self.world = World()
        self.company = self.world.connect(number_check=False)
        self.world.run()
        number = next(_numbers)
        self.events = aws.queue(f"retry-{number}-events")
        self.refused = aws.queue(f"retry-{number}-refused")
        self.missed = aws.queue(f"retry-{number}-missed")
        self.pushes = aws.queue(f"retry-{number}-push.fifo")
        self.laters = aws.queue(f"retry-{number}-later")
        self.comparisons = aws.queue(f"retry-{number}-comparisons")
        self.accepted: list[str] = []
        self.accept: Callable[[str, JsonObject], IntakeResult] = self.world.deployment.intake.accept

    def now(self) -> Any:
        return self.world.clock.now()

    def sleep(self, seconds: float) -> None:
        self.world.run_for(timedelta(seconds=seconds))

    def retries(self) -> Retries:
        table, accounts, wakes = (getattr(self.world.deployment, part) for part in ("table", "accounts", "wakes"))
        sqs = aws.client("sqs")
        boxes = [
            (LetterBox(sqs, self.pushes), PUSH_SCHEDULE),
            (LetterBox(sqs, self.comparisons), nights.SCHEDULE),
            (LetterBox(sqs, self.laters), ""),
        ]
        return Retries(
            table,
            self,
            EventDeadLetters(LetterBox(sqs, self.events), self._accept, self.keep_refused),
            WakeUpDeadLetters(boxes, table, self),
            Troubles(table, accounts, wakes, self),
            missed=LetterBox(sqs, self.missed),
        )

    def work(self) -> Round:
        return self.retries().work([ALARM], self.now() + FUNCTION_TIME)

    def _accept(self, detail_type: str, detail: JsonObject) -> IntakeResult:
        self.accepted.append(str(detail["event_id"]))
        return self.accept(detail_type, detail)

    def keep_refused(self, event: Any, reason: str) -> None:
        letter = json.dumps({"reason": reason, "event": event})
        aws.client("sqs").send_message(QueueUrl=self.refused, MessageBody=letter)

    def letter(self, body: Any) -> None:
        aws.client("sqs").send_message(QueueUrl=self.events, MessageBody=json.dumps(body))

    def letters(self) -> list[dict[str, Any]]:
        """What anybody else can see in the events' dead-letter queue; it stays there."""
        return seen(self.events)

    def refusals(self) -> list[dict[str, Any]]:
        """The same of the queue of refused events."""
        return seen(self.refused)

    def invoices(self) -> list[str]:
        return sorted(str(invoice["DocNumber"]) for invoice in standing(self.company))

    def statuses(self, numbers: range) -> list[str]:
        return [self.world.record("invoice", number)["status"] for number in numbers]


def seen(queue: str) -> list[dict[str, Any]]:
    box = LetterBox(aws.client("sqs"), queue)
    found = box.take(100)
    box.put_back(found)
    return [json.loads(letter["Body"]) for letter in found]


def bus_event(detail: dict[str, Any]) -> dict[str, Any]:
    return {"id": f"bus-{detail['event_id']}", "detail-type": "invoice.created", "source": "syncro", "detail": detail}


def failed_invocation(detail: dict[str, Any]) -> dict[str, Any]:
    """What Lambda puts into the queue after the third failed try."""
    context = {"requestId": "1", "functionArn": "arn:aws:lambda:x", "condition": "RetriesExhausted"}
    return {"version": "1.0", "requestContext": context, "requestPayload": bus_event(detail)}


def failing(ids: set[str], error: BaseException, otherwise: Callable[..., IntakeResult]) -> Callable[..., IntakeResult]:
    def accept(detail_type: str, detail: JsonObject) -> IntakeResult:
        if detail["event_id"] in ids:
            raise error
        return otherwise(detail_type, detail)

    return accept


# -- dead letters of events --------------------------------------------------------------------------------------------


def test_letters_of_both_forms_are_taken_in_and_their_invoices_reach_the_books() -> None:
    operations = Operations()
    operations.letter(failed_invocation(invoice_detail(1)))
    operations.letter(bus_event(invoice_detail(2)))
    done = operations.work()
    operations.world.run()
    assert (done.events_taken_in, done.events_left, done.stopped) == (2, 0, "")
    assert operations.letters() == []
    assert operations.invoices() == ["101", "102"]


def test_if_the_canary_fails_nothing_else_is_tried_and_all_stay() -> None:
    operations = Operations()
    details = [invoice_detail(number) for number in (1, 2, 3)]
    for detail in details:
        operations.letter(failed_invocation(detail))
    operations.accept = failing({str(d["event_id"]) for d in details}, RuntimeError("no table"), operations.accept)
    done = operations.work()
    assert len(operations.accepted) == 1
    assert (done.events_taken_in, done.events_left) == (0, 3)
    assert done.stopped == "an event failed again: RuntimeError: no table"
    assert len(operations.letters()) == 3


def test_the_next_canary_is_another_letter() -> None:
    operations = Operations()
    poison, good = invoice_detail(1), invoice_detail(2)
    for detail in (poison, good):
        operations.letter(failed_invocation(detail))
    operations.accept = failing({str(poison["event_id"])}, RuntimeError("poison"), operations.accept)
    for _ in range(3):
        operations.work()
    operations.world.run()
    assert operations.invoices() == ["102"]
    assert [letter["requestPayload"]["detail"]["event_id"] for letter in operations.letters()] == [poison["event_id"]]


def test_a_round_keeps_its_budget_and_the_next_one_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "MOST_LETTERS", 5)
    operations = Operations()
    for number in range(1, 13):
        operations.letter(failed_invocation(invoice_detail(number)))
    assert [operations.work().events_taken_in for _ in range(4)] == [5, 5, 2, 0]
    operations.world.run()
    assert operations.invoices() == sorted(f"10{number}" for number in range(1, 13))


def test_what_was_refused_with_a_reason_is_moved_as_it_is_and_never_tried_again() -> None:
    operations = Operations()
    refused = {"reason": "the event breaks the contract: invoice.total: missing", "event": bus_event(invoice_detail(1))}
    operations.letter(refused)
    operations.letter(failed_invocation(invoice_detail(2)))
    done = operations.work()
    assert operations.accepted == ["event-acme-2-1"]
    assert [asdict(letter) for letter in done.refused] == [
        {
            "reason": "the event breaks the contract: invoice.total: missing",
            "event_id": "bus-event-acme-1-1",
            "detail_type": "invoice.created",
            "account_id": ACCOUNT,
        }
    ]
    assert operations.letters() == []
    assert operations.refusals() == [refused]
    assert not operations.work().found_something


def test_what_turns_out_to_be_malformed_is_kept_with_its_reason_and_stops_nobody() -> None:
    operations = Operations()
    broken = invoice_detail(1)
    del broken["invoice"]["total"]
    operations.letter(failed_invocation(broken))
    for number in (2, 3):
        operations.letter(failed_invocation(invoice_detail(number)))
    done = operations.work()
    assert (done.events_taken_in, done.events_left, done.stopped) == (2, 0, "")
    assert operations.letters() == []
    (letter,) = operations.refusals()
    assert "invoice.total" in letter["reason"]
    assert letter["event"] == bus_event(broken)
    assert not operations.work().found_something


@pytest.mark.parametrize("body", ["no JSON", '["a", "list"]', '{"requestPayload": {"no": "detail"}}', '{"detail": 5}'])
def test_a_letter_that_nobody_understands_is_refused_word_for_word(body: str) -> None:
    operations = Operations()
    aws.client("sqs").send_message(QueueUrl=operations.events, MessageBody=body)
    (listed,) = operations.work().refused
    assert listed.reason.startswith("the letter ")
    assert operations.letters() == []
    assert operations.refusals() == [{"reason": listed.reason, "event": body}]


def test_refused_letters_do_not_keep_others_from_being_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "MOST_LETTERS", 5)
    operations = Operations()
    for number in range(12):
        operations.letter({"reason": "no", "event": bus_event(invoice_detail(100 + number))})
    operations.letter(failed_invocation(invoice_detail(1)))
    assert sum(operations.work().events_taken_in for _ in range(3)) == 1
    assert operations.letters() == []
    assert len(operations.refusals()) == 12


def test_refused_letters_are_moved_although_the_canary_failed() -> None:
    operations = Operations()
    poison = invoice_detail(1)
    operations.letter(failed_invocation(poison))
    for number in range(3):
        operations.letter({"reason": "no", "event": bus_event(invoice_detail(100 + number))})
    operations.accept = failing({str(poison["event_id"])}, RuntimeError("poison"), operations.accept)
    assert operations.work().events_left == 1
    assert operations.letters() == [failed_invocation(poison)]
    assert len(operations.refusals()) == 3


@pytest.mark.parametrize("sent", [True, False])
def test_killed_while_it_moves_a_refused_letter_it_keeps_it(monkeypatch: pytest.MonkeyPatch, sent: bool) -> None:
    monkeypatch.setattr(retries, "MOST_LETTERS", 1)
    operations = Operations()
    refused = {"reason": "no", "event": bus_event(invoice_detail(1))}
    operations.letter(refused)
    whole = operations.keep_refused

    def dies(event: Any, reason: str) -> None:
        if sent:
            whole(event, reason)
        raise Crash("killed")

    with monkeypatch.context() as patch:
        patch.setattr(dead_letters, "HIDDEN", 0)  # what is never put back comes back at once
        patch.setattr(operations, "keep_refused", dies)
        with pytest.raises(Crash):
            operations.work()
    operations.work()
    # Sent before it is deleted: somebody may read it twice, nobody never.
    assert operations.refusals() == [refused] * (2 if sent else 1)
    assert operations.letters() == []


def test_a_letter_that_cannot_be_moved_stays_and_comes_last_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    operations = Operations()
    refused = {"reason": "no", "event": bus_event(invoice_detail(1))}
    operations.letter(refused)
    operations.letter(failed_invocation(invoice_detail(2)))

    def fails(*_: object) -> None:
        raise RuntimeError("too many bytes")

    monkeypatch.setattr(operations, "keep_refused", fails)
    taken = [operations.work() for _ in range(2)]
    assert sum(each.events_taken_in for each in taken) == 1
    assert taken[-1].stopped.startswith("an event failed again: RuntimeError: ")
    assert operations.letters() == [refused]


@pytest.mark.parametrize("stored", [True, False])
def test_killed_in_the_middle_nothing_is_lost_and_nothing_booked_twice(
    monkeypatch: pytest.MonkeyPatch, stored: bool
) -> None:
    monkeypatch.setattr(dead_letters, "HIDDEN", 0)  # what is never put back comes back at once
    operations = Operations()
    for number in (1, 2, 3):
        operations.letter(failed_invocation(invoice_detail(number)))
    whole = operations.accept

    def dies_at_the_second(detail_type: str, detail: JsonObject) -> IntakeResult:
        if len(operations.accepted) == 2:
            if stored:
                whole(detail_type, detail)
            raise Crash("killed")
        return whole(detail_type, detail)

    operations.accept = dies_at_the_second
    monkeypatch.setattr(retries, "MOST_LETTERS", 3)
    with pytest.raises(Crash):
        operations.work()
    operations.accept = whole
    operations.work()
    operations.world.run()
    assert operations.invoices() == ["101", "102", "103"]
    assert_each_once(operations.company)
    assert operations.letters() == []


# -- wake-ups ----------------------------------------------------------------------------------------------------------


def test_wake_ups_are_deleted_once_their_account_has_been_looked_at() -> None:
    operations = Operations()
    sqs = aws.client("sqs")
    group = {"MessageGroupId": ACCOUNT, "MessageDeduplicationId": "1"}
    sqs.send_message(QueueUrl=operations.pushes, MessageBody=ACCOUNT, **group)
    sqs.send_message(QueueUrl=operations.laters, MessageBody=f"{ACCOUNT} 0123")
    operations.world.publish("invoice.created", invoice_detail(1))
    operations.world.lose_messages()
    operations.world.clock.sleep(300)
    done = operations.work()
    assert (done.wake_ups_deleted, done.accounts_overdue) == (0, [ACCOUNT])

    operations.world.run()  # the sweep wakes it
    done = operations.work()
    assert (done.wake_ups_deleted, done.accounts_overdue) == (2, [])
    assert operations.invoices() == ["101"]


def test_each_kind_of_wake_up_is_looked_for_in_its_own_schedule() -> None:
    operations = Operations()
    operations.world.publish("invoice.created", invoice_detail(1))
    operations.world.run()
    operations.world.clock.advance_to(operations.world.deployment.nights.tonight() + timedelta(minutes=1))
    sqs = aws.client("sqs")
    sqs.send_message(QueueUrl=operations.comparisons, MessageBody=ACCOUNT)
    sqs.send_message(QueueUrl=operations.laters, MessageBody=f"{ACCOUNT} 0123 jobs-schedule")
    done = operations.work()
    # The push and the jobs have nothing to do, the comparison of this night has not been made.
    assert (done.wake_ups_deleted, done.accounts_overdue) == (1, [ACCOUNT])
    operations.world.deployment.nightly.run(ACCOUNT)
    assert operations.work().wake_ups_deleted == 1


# -- records -----------------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("queue", ["events", "pushes", "comparisons", "laters"])
def test_a_letter_in_any_queue_is_seen_whatever_the_alarms_say(queue: str) -> None:
    operations = Operations()
    assert not operations.retries().letters_wait()
    fifo = {"MessageGroupId": ACCOUNT, "MessageDeduplicationId": "1"} if queue == "pushes" else {}
    aws.client("sqs").send_message(QueueUrl=getattr(operations, queue), MessageBody=ACCOUNT, **fifo)
    assert operations.retries().letters_wait()
    operations.work()
    assert not operations.retries().letters_wait()


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

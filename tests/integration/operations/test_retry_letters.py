"""Trying dead letters again: a canary first, within a budget; what is refused is moved as it is, with its reason."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.sync import dead_letters, retries
from syncro_quickbooks.sync.intake import IntakeResult
from tests.integration.operations.rounds import Operations, bus_event, failed_invocation
from tests.support import aws
from tests.support.books import assert_each_once
from tests.support.boundaries import Crash
from tests.support.events import ACCOUNT, invoice_detail

pytestmark = pytest.mark.usefixtures("aws_services")


def failing(ids: set[str], error: BaseException, otherwise: Callable[..., IntakeResult]) -> Callable[..., IntakeResult]:
    def accept(detail_type: str, detail: JsonObject) -> IntakeResult:
        if detail["event_id"] in ids:
            raise error
        return otherwise(detail_type, detail)

    return accept


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


def test_a_round_keeps_time_for_records_and_the_next_one_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the 300 s of a round here 20 are to end it and 240 for the records, so 40 s are left for letters."""
    monkeypatch.setattr(retries, "LETTERS_AT_A_TIME", 3)
    operations = Operations()
    for number in range(1, 17):
        operations.letter(failed_invocation(invoice_detail(number)))
    whole = operations.accept

    def slow(detail_type: str, detail: JsonObject) -> IntakeResult:
        operations.world.clock.sleep(5)
        return whole(detail_type, detail)

    operations.accept = slow
    assert [operations.work().events_taken_in for _ in range(3)] == [9, 7, 0]
    operations.world.run()
    assert operations.invoices() == sorted(f"10{number}" for number in range(1, 17))


def test_no_more_letters_are_looked_at_once_one_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "LETTERS_AT_A_TIME", 1)
    operations = Operations()
    details = [invoice_detail(number) for number in (1, 2, 3, 4)]
    for detail in details:
        operations.letter(failed_invocation(detail))
    taken = count()
    whole = operations.accept

    def third_fails(detail_type: str, detail: JsonObject) -> IntakeResult:
        if next(taken) == 2:
            raise RuntimeError("poison")
        return whole(detail_type, detail)

    operations.accept = third_fails
    done = operations.work()
    assert (done.events_taken_in, done.events_left) == (2, 1)
    assert done.stopped == "an event failed again: RuntimeError: poison"
    assert next(taken) == 3
    assert len(operations.letters()) == 2


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
    monkeypatch.setattr(retries, "LETTERS_AT_A_TIME", 5)
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
    monkeypatch.setattr(retries, "LETTERS_AT_A_TIME", 1)
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
    monkeypatch.setattr(retries, "LETTERS_AT_A_TIME", 3)
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


@pytest.mark.parametrize("queue", ["events", "pushes", "comparisons", "laters"])
def test_a_letter_in_any_queue_is_seen_whatever_the_alarms_say(queue: str) -> None:
    operations = Operations()
    assert not operations.retries().letters_wait()
    fifo = {"MessageGroupId": ACCOUNT, "MessageDeduplicationId": "1"} if queue == "pushes" else {}
    aws.client("sqs").send_message(QueueUrl=getattr(operations, queue), MessageBody=ACCOUNT, **fifo)
    assert operations.retries().letters_wait()
    operations.work()
    assert not operations.retries().letters_wait()

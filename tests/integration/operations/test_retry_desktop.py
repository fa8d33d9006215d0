"""Records of Desktop accounts while an alarm is red: a canary an account, whose session tells the next round."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from syncro_quickbooks.sync import later_retries
from syncro_quickbooks.sync.accounts import Pause
from syncro_quickbooks.sync.dead_letters import EventDeadLetters, LetterBox, WakeUpDeadLetters
from syncro_quickbooks.sync.model import Kind, Problem, Status
from syncro_quickbooks.sync.retries import Retries, Round
from syncro_quickbooks.sync.troubles import Troubles
from syncro_quickbooks.sync.wake import Wakes
from tests.support import aws
from tests.support.office import Office
from tests.support.office_events import invoice
from tests.support.world import FUNCTION_TIME

pytestmark = pytest.mark.usefixtures("aws_services")

A_BUG_OF_OURS = (3040, 'There was an error when converting the amount "97.5".')
_numbers = count(1)


def troubled(numbers: range) -> Office:
    """These invoices were refused because our request was wrong; it still is."""
    office = Office()
    office.run()
    office.company.refuse("InvoiceAdd", *A_BUG_OF_OURS, times=1_000)
    for number in numbers:
        office.publish("invoice.created", invoice(number))
    office.run_until_quiet()
    assert standing(office, numbers) == {Status.NEEDS_ATTENTION: len(numbers)}
    return office


def standing(office: Office, numbers: range) -> dict[Status, int]:
    statuses = [office.status(Kind.INVOICE, number)[0] for number in numbers]
    return {status: statuses.count(status) for status in set(statuses)}


def a_round(office: Office, *, later: timedelta = timedelta(hours=1)) -> Round:
    """The function's next round. Nothing else failed than Desktop's records."""
    office.clock.sleep(later.total_seconds())
    table, sqs = office.service.table, aws.client("sqs")
    wakes = Wakes(table, office.service.sqs, office.clock, *office.service.queues())
    letters = LetterBox(sqs, aws.queue(f"retry-desktop-{next(_numbers)}"))
    events = EventDeadLetters(letters, office.intake.accept, lambda *_: None)
    troubles = Troubles(table, office.accounts, wakes, office.clock)
    wake_ups = WakeUpDeadLetters([], table, office.clock)
    retries = Retries(table, office.clock, events, wake_ups, troubles, missed=letters)
    return retries.work(["stack-failure-rate"], office.clock.now() + FUNCTION_TIME)


def test_after_a_repair_the_sessions_try_one_then_four_then_more() -> None:
    numbers = range(1, 31)
    office = troubled(numbers)
    office.company.troubles.clear()
    put_back = []
    while standing(office, numbers) != {Status.SYNCED: 30}:
        done = a_round(office)
        assert (done.records_retried, done.steps, done.stopped) == (0, [], "")  # nothing that is waited for
        put_back.append(done.desktop_put_back)
        office.run_until_quiet()
    assert put_back == [1, 4, 16, 9]
    assert sorted(office.numbers()) == sorted(f"10{number}" for number in numbers)
    assert a_round(office).desktop_put_back == 0


def test_while_it_is_refused_each_round_tries_one_and_another_one_each_time() -> None:
    numbers = range(1, 4)
    office = troubled(numbers)
    tried = []
    for _ in range(3):
        assert a_round(office).desktop_put_back == 1
        tried += [number for number in numbers if office.status(Kind.INVOICE, number)[0] is Status.PENDING]
        report = office.run()
        assert (report.last_error, report.progress[-1]) == ("", 100)  # nobody in the office is bothered
        assert standing(office, numbers) == {Status.NEEDS_ATTENTION: 3}
    assert tried == [1, 2, 3]


def test_an_account_that_is_not_seen_gets_no_more_and_no_round_comes_twice_in_an_hour() -> None:
    office = troubled(range(1, 4))
    assert a_round(office).desktop_put_back == 1
    assert [a_round(office).desktop_put_back for _ in range(3)] == [0, 0, 0]
    office.run_until_quiet()
    assert a_round(office).desktop_put_back == 1
    office.run_until_quiet()
    assert a_round(office, later=timedelta(minutes=10)).desktop_put_back == 0


@pytest.mark.parametrize("scope", ["all", "desktop", "account#acme"])
def test_where_posting_is_stopped_or_the_account_pauses_nothing_is_put_back(scope: str) -> None:
    office = troubled(range(1, 3))
    office.accounts.stop_posting(scope, "a release went wrong")
    assert a_round(office).desktop_put_back == 0
    office.accounts.allow_posting(scope)
    connection = office.accounts.connection(office.account)
    assert connection is not None
    office.accounts.pause(connection, Pause(Problem("setup_x", "Something is missing.")))
    assert a_round(office).desktop_put_back == 0
    office.accounts.resume(office.account)
    assert a_round(office).desktop_put_back == 1


def test_what_somebody_in_the_office_has_to_mend_and_what_could_not_even_be_read_is_left_alone() -> None:
    office = Office()
    office.run()
    office.publish("invoice.created", invoice(1, number="N" * 12))
    office.publish("invoice.created", invoice(3))
    office.run_until_quiet()
    office.publish("invoice.created", invoice(2))

    def unreadable(name: str, call: Callable[[], Any]) -> Any:
        answer = call()
        if name == "sendRequestXML" and "InvoiceAddRq" in str(answer):
            office.company.throw("0x80040400")
        return answer

    office.connector.around = unreadable
    office.run_until_quiet()
    assert [office.status(Kind.INVOICE, number)[1] for number in (1, 2)] == [["number_too_long"], ["qbd_0x80040400"]]
    assert standing(office, range(1, 3)) == {Status.NEEDS_ATTENTION: 2}
    assert a_round(office).desktop_put_back == 0


def test_one_accounts_many_records_leave_room_in_a_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(later_retries, "LARGEST_STEP", 2)
    numbers = range(1, 8)
    office = troubled(numbers)
    office.company.troubles.clear()
    put_back = []
    for _ in range(4):
        put_back.append(a_round(office).desktop_put_back)
        office.run_until_quiet()
    assert put_back == [1, 2, 2, 2]


def test_without_room_for_another_accounts_canary_it_waits_for_the_next_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(later_retries, "MOST_CANARIES", 0)
    office = troubled(range(1, 3))
    assert a_round(office).desktop_put_back == 0
    monkeypatch.setattr(later_retries, "MOST_CANARIES", 1)
    assert a_round(office).desktop_put_back == 1

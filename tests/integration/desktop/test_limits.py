"""API Gateway gives a call 29 s and Lambda 28 s: what takes longer is done in more calls, to the same books."""

from collections.abc import Callable
from typing import Any

import pytest

from emulators.quickbooks_desktop.web_connector import Report
from syncro_quickbooks.sync.model import Kind, Status
from tests.support import events
from tests.support.boundaries import Boundaries
from tests.support.clock import ManualClock
from tests.support.office import Office, sets
from tests.support.office_events import invoice

pytestmark = pytest.mark.usefixtures("aws_services")

WELL_BEFORE_LAMBDA_ENDS = 25
"""Seconds, of 28: the cold start and the way there and back need some."""


class SlowTable(Boundaries):
    """Every table call takes some seconds. Notes how long each call of the Web Connector took."""

    def __init__(self, clock: ManualClock, seconds: float) -> None:
        super().__init__()
        self._clock, self._seconds = clock, seconds
        self.took: list[float] = []

    def pass_through(self, name: str, call: Callable[[], Any], *others: Any, **more: Any) -> Any:
        before = self._clock.now()
        if name.startswith("dynamodb."):
            self._clock.sleep(self._seconds)
        answer = super().pass_through(name, call, *others, **more)
        self.took.append((self._clock.now() - before).total_seconds())
        return answer


def slow(office: Office, seconds: float) -> SlowTable:
    office.boundaries = table = SlowTable(office.clock, seconds)
    return table


def written(report: Report) -> list[int]:
    """The number of invoices in each set of a session."""
    return [each.count("InvoiceAdd") for each in sets(report) if "InvoiceAdd" in each]


def known_customer() -> Office:
    """An office whose lists are read and whose customer is there."""
    office = Office()
    office.publish("invoice.created", invoice(1))
    office.run_until_quiet()
    return office


def test_a_slow_table_makes_more_calls_of_a_session_and_none_too_long() -> None:
    office = known_customer()
    numbers = range(2, 82)
    for number in numbers:
        office.publish("invoice.created", invoice(number))
    table = slow(office, 0.5)
    report = office.run()
    assert max(table.took) < WELL_BEFORE_LAMBDA_ENDS
    assert report.progress[-1] == 100  # all in one session
    assert sum(written(report)) == len(numbers)  # and nothing twice
    assert min(written(report)[1:]) < written(report)[0]  # the next set is smaller
    assert sorted(map(int, office.numbers())) == sorted(int(f"10{number}") for number in (1, *numbers))
    assert {office.status(Kind.INVOICE, number)[0] for number in numbers} == {Status.SYNCED}


def test_planning_that_takes_too_long_sends_what_is_planned_by_then() -> None:
    office = known_customer()
    drafts, others = range(100, 150, 2), range(101, 151, 2)  # by turns; to skip one is a call
    for number in range(100, 150):
        office.publish("invoice.created", invoice(number, is_draft=number in drafts))
    table = slow(office, 1.0)
    report = office.run()
    assert max(table.took) < WELL_BEFORE_LAMBDA_ENDS
    assert written(report)[0] < len(others)
    assert sum(written(report)) == len(others)
    assert report.progress[-1] == 100
    assert {office.status(Kind.INVOICE, number)[0] for number in drafts} == {Status.SKIPPED}


def test_a_call_that_finds_nothing_to_send_in_time_asks_for_a_pause_and_not_for_the_end() -> None:
    office = known_customer()
    for number in range(100, 130):
        office.publish("invoice.created", events.invoice_detail(number, is_draft=True))
    office.publish("invoice.created", invoice(300))
    table = slow(office, 1.0)
    report = office.run()
    assert report.waited_seconds > 0
    assert report.outcome == "done"
    assert max(table.took) < WELL_BEFORE_LAMBDA_ENDS
    assert "10300" in office.numbers()
    assert {office.status(Kind.INVOICE, number)[0] for number in range(100, 130)} == {Status.SKIPPED}


def test_settings_that_many_records_were_decided_by_are_applied_in_several_calls() -> None:
    office = Office()
    office.choose(tax_codes={"2": {"id": "80000001-1"}})
    numbers = range(1, 31)
    for number in numbers:
        office.publish("invoice.created", invoice(number))
    office.run_until_quiet()
    assert office.numbers() == []
    office.choose()
    table = slow(office, 1.0)
    report = office.run()
    assert max(table.took) < WELL_BEFORE_LAMBDA_ENDS
    assert report.waited_seconds > 0
    assert len(office.numbers()) == len(numbers)
    assert report.progress[-1] == 100


def test_three_hundred_invoices_go_in_sets_that_are_each_small_enough() -> None:
    office = known_customer()
    numbers = range(2, 302)
    for number in numbers:
        office.publish("invoice.created", invoice(number))
    report = office.run()
    assert sum(written(report)) == 300
    assert max(written(report)) <= 50  # QuickBooks' own advice is 20 to 50 writes
    assert max(max(len(each.request), len(each.response)) for each in report.exchanges) < 1_500_000
    assert sorted(map(int, office.numbers())) == sorted(int(f"10{number}") for number in (1, *numbers))
    assert report.progress[-1] == 100


def test_invoices_of_many_lines_go_in_sets_whose_answers_are_small_enough() -> None:
    office = known_customer()
    lines = [events.line(each, 3) for each in range(1, 401)]
    numbers = range(2, 16)
    for number in numbers:
        money = ("40000.00", "3300.00", "43300.00")
        office.publish("invoice.created", events.invoice_detail(number, lines=lines, totals=money))
    report = office.run()
    assert max(len(each.response) for each in report.exchanges) < 1_500_000
    assert sum(len(each.response) for each in report.exchanges) > 1_500_000  # one set of all would have been too large
    assert sum(written(report)) == len(numbers)
    assert len(written(report)) > 1
    assert {office.status(Kind.INVOICE, number)[0] for number in numbers} == {Status.SYNCED}

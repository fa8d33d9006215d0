"""A slice of `make load`: each scenario asserts what must hold; here what its figures must be as well."""

from datetime import timedelta

import pytest

from tests.simulation.load import scenarios

pytestmark = pytest.mark.usefixtures("aws_services")


def test_a_month_end_goes_out_in_full_batches_side_by_side_and_keeps_nobody_waiting() -> None:
    figures = scenarios.month_end(360, 5, within=timedelta(seconds=5), customers=scenarios.FEW_CUSTOMERS)
    assert figures.calls <= 14  # 12 batches, and perhaps one begun before all was there
    assert figures.most_at_once > 2
    assert figures.longest_wait is not None
    assert figures.longest_wait < 30  # ten of them quiet time


def test_an_outage_of_two_hours_drains_by_itself() -> None:
    figures = scenarios.outage(150, 2)
    assert 120 < figures.minutes < 120 + 25  # the longest pause, and the work that is left


def test_throttling_fails_no_record() -> None:
    assert scenarios.throttled(150, 2).throttled > 0


def test_with_a_slow_quickbooks_more_is_under_way() -> None:
    figures = scenarios.slow(300, 2)
    assert figures.minutes < 1.5
    assert figures.most_at_once > 4


def test_an_invoice_that_is_always_refused_stops_nobody() -> None:
    assert scenarios.refused(120, 3).minutes < 2


def test_an_invoice_that_quickbooks_fails_at_is_found_and_the_others_are_posted() -> None:
    assert scenarios.failing(120, 3).minutes < 30

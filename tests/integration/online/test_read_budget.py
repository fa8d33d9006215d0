"""The workspace's read allowance: shared, atomic, and kept for what matters most."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from syncro_quickbooks.online.faults import ReadAllowanceExhausted
from syncro_quickbooks.online.read_budget import ReadPurpose, WorkspaceReadBudget, allowance_from_env
from syncro_quickbooks.storage.table import Table
from tests.integration.online.conftest import HookedClock

RECOVERY, USER, POLL = ReadPurpose.RECOVERY, ReadPurpose.USER, ReadPurpose.POLL


@pytest.fixture
def budget(table: Table, clock: HookedClock) -> WorkspaceReadBudget:
    return WorkspaceReadBudget(table, clock, logging.getLogger("reads-under-test"), 10)


def spend_all(budget: WorkspaceReadBudget, purpose: ReadPurpose) -> int:
    spent = 0
    while True:
        try:
            budget.spend(purpose)
        except ReadAllowanceExhausted:
            return spent
        spent += 1


def test_polls_stop_at_60_users_at_80_and_recovery_at_100_percent(budget: WorkspaceReadBudget) -> None:
    assert [spend_all(budget, purpose) for purpose in (POLL, USER, RECOVERY)] == [6, 2, 2]
    assert [spend_all(budget, purpose) for purpose in (POLL, USER, RECOVERY)] == [0, 0, 0]


def test_all_accounts_and_workers_share_one_counter(
    budget: WorkspaceReadBudget, table: Table, clock: HookedClock
) -> None:
    other = WorkspaceReadBudget(table, clock, logging.getLogger("reads-under-test"), 10)
    assert spend_all(budget, POLL) == 6
    assert spend_all(other, POLL) == 0


def test_a_new_month_starts_afresh(budget: WorkspaceReadBudget, clock: HookedClock) -> None:
    spend_all(budget, RECOVERY)
    clock.moment = datetime(2026, 12, 1, tzinfo=UTC)
    assert spend_all(budget, RECOVERY) == 10


def test_crossing_50_and_80_percent_is_said_once_each(
    budget: WorkspaceReadBudget, caplog: pytest.LogCaptureFixture
) -> None:
    spend_all(budget, RECOVERY)
    assert [vars(record)["read_percent"] for record in caplog.records] == [50, 80]


def test_three_throttled_companies_pause_polls_and_users_but_not_recovery(
    budget: WorkspaceReadBudget, clock: HookedClock
) -> None:
    for realm in ("1", "2", "3"):
        budget.throttled(realm)
    for purpose in (POLL, USER):
        with pytest.raises(ReadAllowanceExhausted):
            budget.spend(purpose)
    budget.spend(RECOVERY)
    clock.moment += timedelta(minutes=30)
    budget.spend(POLL)


def test_one_company_throttled_often_pauses_nobody_else(budget: WorkspaceReadBudget) -> None:
    for _ in range(5):
        budget.throttled("1")
    budget.throttled("2")
    budget.spend(POLL)


def test_throttling_long_ago_does_not_count(budget: WorkspaceReadBudget, clock: HookedClock) -> None:
    for realm in ("1", "2", "3"):
        budget.throttled(realm)
        clock.moment += timedelta(minutes=3)
    budget.spend(POLL)


@pytest.mark.parametrize(("environ", "expected"), [({}, 500_000), ({"READ_ALLOWANCE": "1000000"}, 1_000_000)])
def test_the_allowance_comes_from_the_environment(environ: dict[str, str], expected: int) -> None:
    assert allowance_from_env(environ) == expected

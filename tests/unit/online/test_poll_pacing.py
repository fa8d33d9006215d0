"""How often payments are looked for: figures by hand, and a month of a hundred accounts in counted time."""

from datetime import UTC, datetime, timedelta

import pytest

from local.poll_reads import month
from syncro_quickbooks.clock import to_millis
from syncro_quickbooks.online.payments_from.pacing import MonthsReads, apart, next_poll, webhooks_healthy
from syncro_quickbooks.sync.polls import PollState

FIRST = datetime(2026, 12, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BUSY = PollState(payment_at=to_millis(FIRST))


def interval(state: PollState, reads: MonthsReads, now: datetime = FIRST) -> timedelta:
    return next_poll(state, reads, now) - now


def test_a_thousand_accounts_share_two_fifths_of_the_month() -> None:
    """200,000 reads in 31 days of 1,000 accounts: one every 3 h 43 min 12 s each."""
    assert interval(BUSY, MonthsReads(1000, 500_000, 0)) == timedelta(hours=3, minutes=43, seconds=12)


def test_a_few_accounts_are_polled_every_quarter_of_an_hour_and_no_more() -> None:
    assert interval(BUSY, MonthsReads(3, 500_000, 0)) == timedelta(minutes=15)


def test_what_is_used_already_widens_the_rest() -> None:
    """100,000 of the 200,000 are left for the whole month: half as often."""
    assert interval(BUSY, MonthsReads(1000, 500_000, 100_000)) == timedelta(hours=7, minutes=26, seconds=24)


def test_what_others_read_leaves_less_for_polls() -> None:
    """In half a month 125,000 were read by others, so 250,000 will be: of 300,000 there remain 50,000, 30,000 are used.

    20,000 in the half that is left: of 1,000 accounts each every 18 h 36 min.
    """
    now = datetime(2026, 12, 16, 12, tzinfo=UTC)
    state = PollState(payment_at=to_millis(now))
    left = timedelta(days=15, hours=12)
    expected = left * 1000 / 20_000
    assert (
        interval(state, MonthsReads(1000, 500_000, 30_000, 125_000), now) == expected == timedelta(hours=18, minutes=36)
    )


@pytest.mark.parametrize("used", [200_000, 300_000])
def test_when_nothing_is_left_it_is_once_a_day(used: int) -> None:
    assert interval(BUSY, MonthsReads(1000, 500_000, used)) == DAY


@pytest.mark.parametrize(("quiet", "times"), [(2, 1), (3, 2), (13, 2), (14, 4), (40, 4)])
def test_quiet_books_are_looked_at_less_often(quiet: int, times: int) -> None:
    state = PollState(payment_at=to_millis(FIRST - quiet * DAY))
    assert interval(state, MonthsReads(10, 500_000, 0)) == times * timedelta(minutes=15)


def test_healthy_webhooks_leave_a_daily_look_for_safety() -> None:
    state = PollState(payment_at=to_millis(FIRST), webhook_at=to_millis(FIRST - DAY))
    assert interval(state, MonthsReads(3, 500_000, 0)) == DAY


@pytest.mark.parametrize(
    ("webhook", "missed", "healthy"),
    [(None, None, False), (6 * DAY, None, True), (8 * DAY, None, False), (DAY, 2 * DAY, True), (DAY, HOUR, False)],
)
def test_webhooks_are_healthy_while_they_come_and_miss_nothing(
    webhook: timedelta | None, missed: timedelta | None, healthy: bool
) -> None:
    state = PollState(
        webhook_at=to_millis(FIRST - webhook) if webhook else 0, missed_at=to_millis(FIRST - missed) if missed else 0
    )
    assert webhooks_healthy(state, FIRST) is healthy


@pytest.mark.parametrize(
    ("used", "hours"),
    [
        (0, 0),
        (100_000, 0),  # half of the 200,000 in half a month
        (120_000, 2.325),  # 1.5 times of what is left, 80,000: half of 15.5 days * 1000 / 80,000
        (150_000, 7.44),  # three times of it: as if each account read all the time, 15.5 days * 1000 / 50,000
        (200_000, 24),
    ],
)
def test_reads_that_webhooks_ask_for_come_further_apart_as_the_allowance_runs_short(used: int, hours: float) -> None:
    now = datetime(2026, 12, 16, 12, tzinfo=UTC)
    assert apart(MonthsReads(1000, 500_000, used), now) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("webhooks", "busy", "longest"),
    [
        (True, 1, timedelta(minutes=6)),
        (True, 4, timedelta(hours=8)),
        (False, 1, timedelta(hours=12)),
    ],
)
@pytest.mark.parametrize("others", [5_000, 20_000])
def test_a_month_stays_within_its_reads(webhooks: bool, busy: int, longest: timedelta, others: int) -> None:
    """A tenth of what `make poll-reads` prints: 100 accounts, 50,000 reads."""
    found = month(100, webhooks=webhooks, other_reads=others, busy=busy, allowance=50_000)
    assert found.polls + found.others < 50_000
    assert found.polls <= 0.41 * 50_000
    assert not found.refused  # reads come further apart in time
    assert len(found.delays) > 0.9 * found.payments
    assert found.delay(95) < longest

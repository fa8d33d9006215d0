from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncro_quickbooks.online.rate import Breaker, RateLimiter, RateState
from tests.unit.online.conftest import ManualClock


def most_in_any(window: float, moments: Sequence[float]) -> int:
    return max(sum(start <= moment < start + window for moment in moments) for start in moments)


def moments_of(
    limiter: RateLimiter, clock: ManualClock, calls: int, *, batch: bool = False, members: int = 1
) -> list[float]:
    moments = []
    for _ in range(calls):
        limiter.take(batch=batch, members=members)
        moments.append(clock.now().timestamp())
    return moments


def test_ten_calls_a_second_and_500_a_minute_are_never_passed(clock: ManualClock) -> None:
    moments = moments_of(RateLimiter(clock), clock, 900)
    assert most_in_any(1, moments) <= 10
    assert most_in_any(60, moments) <= 500


def test_the_limit_is_used_well(clock: ManualClock) -> None:
    moments = moments_of(RateLimiter(clock), clock, 900)
    assert most_in_any(60, moments) >= 450


def test_forty_batches_a_minute_are_never_passed(clock: ManualClock) -> None:
    moments = moments_of(RateLimiter(clock), clock, 120, batch=True)
    assert 37 <= most_in_any(60, moments) <= 40


def test_members_count_as_calls_when_told_so(clock: ManualClock) -> None:
    moments = moments_of(RateLimiter(clock, members_count=True), clock, 60, batch=True, members=30)
    assert most_in_any(60, moments) * 30 <= 500 + 30


def test_the_first_calls_do_not_wait(clock: ManualClock) -> None:
    begun = clock.now()
    moments_of(RateLimiter(clock), clock, 2)
    assert clock.now() == begun


def test_the_next_worker_goes_on_with_the_state_of_the_last(clock: ManualClock) -> None:
    first = RateLimiter(clock)
    moments = moments_of(first, clock, 10)
    second = RateLimiter(clock, RateState.from_item(first.state.to_item()))
    moments += moments_of(second, clock, 10)
    assert most_in_any(1, moments) <= 10


def test_an_account_without_state_starts_idle(clock: ManualClock) -> None:
    assert RateState.from_item({}).wait(clock.now(), batch=True) == 0


@given(st.lists(st.floats(0, 2), min_size=2, max_size=60))
def test_no_pattern_of_pauses_passes_ten_a_second(pauses: list[float]) -> None:
    clock = ManualClock()
    limiter, moments = RateLimiter(clock), []
    for pause in pauses:
        clock.sleep(pause)
        limiter.take()
        moments.append(clock.now().timestamp())
    assert most_in_any(1, moments) <= 10


def failed(breaker: Breaker, times: int, now: datetime) -> Breaker:
    for _ in range(times):
        breaker = breaker.failed(now)
    return breaker


def test_the_breaker_opens_after_five_failures_in_a_row(clock: ManualClock) -> None:
    assert failed(Breaker(), 4, clock.now()).allows(clock.now())
    assert not failed(Breaker(), 5, clock.now()).allows(clock.now())


def test_a_success_between_starts_the_count_again(clock: ManualClock) -> None:
    breaker = failed(failed(Breaker(), 4, clock.now()).succeeded(), 4, clock.now())
    assert breaker.allows(clock.now())


def test_after_the_pause_one_trial_decides(clock: ManualClock) -> None:
    opened = failed(Breaker(), 5, clock.now())
    later = clock.now() + timedelta(seconds=30)
    assert not opened.allows(later - timedelta(seconds=1))
    assert opened.allows(later)
    assert not opened.failed(later).allows(later + timedelta(seconds=59))
    assert opened.failed(later).allows(later + timedelta(seconds=60))
    assert opened.succeeded().allows(later)


def test_the_pause_grows_to_a_quarter_of_an_hour_and_no_further(clock: ManualClock) -> None:
    breaker = failed(Breaker(), 500, clock.now())
    assert not breaker.allows(clock.now() + timedelta(minutes=15, seconds=-1))
    assert breaker.allows(clock.now() + timedelta(minutes=15))


@pytest.mark.parametrize("times", [0, 3, 7])
def test_the_breaker_survives_storage(clock: ManualClock, times: int) -> None:
    breaker = failed(Breaker(), times, clock.now())
    assert Breaker.from_item(breaker.to_item()) == breaker

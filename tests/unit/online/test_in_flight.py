"""How many writes may be on their way at once: more while QuickBooks answers promptly, half once it cannot keep up."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
import requests

from syncro_quickbooks.online.client import Client, Done
from syncro_quickbooks.online.faults import Throttled, Unavailable
from syncro_quickbooks.online.rate import RateLimiter, RateState
from tests.unit.online.conftest import ManualClock, Script, World
from tests.unit.online.test_client_sends import CREATED, INVOICE

SOON, LATE = timedelta(seconds=6), timedelta(seconds=60)


def test_it_begins_with_two_and_grows_to_eight_with_prompt_answers() -> None:
    state, seen = RateState(), []
    for _ in range(8):
        seen.append(state.in_flight)
        state = state.answered(SOON)
    assert seen == [2, 3, 4, 5, 6, 7, 8, 8]


def test_late_answers_do_not_make_it_grow() -> None:
    assert RateState(in_flight=4).answered(LATE).in_flight == 4


def test_trouble_halves_it_down_to_one() -> None:
    state, seen = RateState(in_flight=8), []
    for _ in range(5):
        state = state.overloaded()
        seen.append(state.in_flight)
    assert seen == [4, 2, 1, 1, 1]


def test_the_next_worker_goes_on_with_it_and_a_row_of_before_begins_anew() -> None:
    assert RateState.from_item(RateState(in_flight=5).to_item()).in_flight == 5
    assert RateState.from_item({"calls_full_at": 1, "batches_full_at": 2}).in_flight == 2


def test_after_a_429_members_count_as_calls_for_an_hour(clock: ManualClock) -> None:
    limiter = RateLimiter(clock)

    def batches_a_minute() -> int:
        begun, taken = clock.now(), -1
        while clock.now() - begun < timedelta(minutes=1):
            limiter.take(batch=True, members=30)
            taken += 1  # the last one goes out when the minute is over
        return taken

    assert batches_a_minute() >= 37
    limiter.throttled()
    limiter = RateLimiter(clock, RateState.from_item(limiter.state.to_item()))
    clock.sleep(60)  # the pause of the account
    assert 400 <= batches_a_minute() * 30 <= 500
    clock.sleep(3600)
    assert batches_a_minute() >= 37


def test_taking_a_turn_does_not_change_it(clock: ManualClock) -> None:
    limiter = RateLimiter(clock, RateState(in_flight=5))
    limiter.take(batch=True)
    assert limiter.in_flight == 5


def test_the_answers_of_writes_change_it(world: World) -> None:
    world.script.play(200, CREATED)
    world.client.send(INVOICE, ("1",), world.deadline)
    assert world.client.most_in_flight == 3
    world.script.play(429, "{}")
    with pytest.raises(Throttled):
        world.client.send(INVOICE, ("1",), world.deadline)
    assert world.client.most_in_flight == 1


@pytest.mark.parametrize("trouble", [(503, "away"), requests.ReadTimeout(), requests.ConnectionError()], ids=str)
def test_no_usable_answer_halves_it(world: World, trouble: tuple[int, str] | Exception) -> None:
    if isinstance(trouble, Exception):
        world.script.fail(trouble)
    else:
        world.script.play(*trouble)
    with pytest.raises(Unavailable):
        world.client.send(INVOICE, ("1",), world.deadline)
    assert world.client.most_in_flight == 1


def test_threads_carry_requests_side_by_side_each_over_its_own_session(clock: ManualClock, world: World) -> None:
    met = Barrier(3, timeout=10)  # none gets an answer before all three are on their way
    sessions: list[requests.Session] = []

    class Meeting(Script):
        def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
            met.wait()
            self.play(200, CREATED)
            return super().send(request, *args, **options)

    def session() -> requests.Session:
        made = requests.Session()
        made.mount("http://intuit.test", Meeting())
        sessions.append(made)
        return made

    with ThreadPoolExecutor(3) as threads:
        client = Client(
            base_url="http://intuit.test",
            account_id="acme",
            realm_id="9130357",
            tokens=world.tokens,
            session_factory=session,
            clock=clock,
            reads=world.reads,
            limiter=RateLimiter(clock),
            logger=world.logger,
            couriers=threads,
        )
        posted = [client.post(INVOICE, ("1",), world.deadline) for _ in range(3)]
        outcomes = [each.outcomes()["1"] for each in posted]
    assert [each.object["Id"] for each in outcomes if isinstance(each, Done)] == ["266"] * 3
    assert len(sessions) == 3

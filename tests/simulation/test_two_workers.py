"""Two workers on one account: whenever the second one runs, and however stale the first one is, all is booked once."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from decimal import Decimal
from threading import Event
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncro_quickbooks.sync.lease import LEASE_LIFE
from tests.support.books import assert_each_once, standing
from tests.support.boundaries import Boundaries, Mode
from tests.support.events import ACCOUNT, invoice_detail, line, product
from tests.support.world import FUNCTION_TIME, World

pytestmark = pytest.mark.usefixtures("aws_services")


def version(number: int) -> dict[str, Any]:
    """Each version of the invoice has another quantity, and another price in the list of product 4."""
    subtotal, tax, total = {
        1: ("200.00", "16.00", "216.00"),
        2: ("400.00", "32.00", "432.00"),
        3: ("600.00", "48.00", "648.00"),
    }[number]
    return invoice_detail(
        version=number,
        lines=[line(1, 3), line(2, 4, quantity=f"{2 * number - 1}.0")],
        totals=(subtotal, tax, total),
        products=[product(3), {**product(4, version=number), "price_retail": f"{number}00.0"}],
    )


def nothing_posted(world: World) -> None:
    world.publish("invoice.created", version(1))


def an_update_to_push(world: World) -> None:
    nothing_posted(world)
    world.run()
    world.publish("invoice.updated", version(2))


def a_deletion_to_push(world: World) -> None:
    nothing_posted(world)
    world.run()
    world.publish("invoice.deleted", version(2))


def second_worker(world: World) -> None:
    world.process().push.run(ACCOUNT, world.clock.now() + FUNCTION_TIME)


def at_once(world: World) -> None:
    second_worker(world)


def after_the_lease(world: World) -> None:
    world.clock.sleep(LEASE_LIFE.total_seconds() + 1)
    second_worker(world)


def after_the_lease_and_a_newer_event(world: World) -> None:
    world.clock.sleep(LEASE_LIFE.total_seconds() + 1)
    change = "deleted" if world.record("invoice", 309)["deleted"] else "updated"
    world.publish(f"invoice.{change}", version(3))
    second_worker(world)


Step = Callable[[World], None]

CASES: dict[str, tuple[Step, list[str], str]] = {
    "create": (nothing_posted, ["216.00"], "100.00"),
    "update": (an_update_to_push, ["432.00"], "200.00"),
    "void": (a_deletion_to_push, [], "100.00"),
}
"""How the history comes to the first worker's run, which totals stand in the end, and at which price product 4."""


def first_workers_run(prepare: Step, boundaries: Boundaries, meanwhile: Step | None = None) -> World:
    """The world after the first worker's run, which `boundaries` interrupts once to let `meanwhile` happen."""
    world = World()
    world.connect(number_check=False)
    prepare(world)
    world.clock.sleep(11)  # the quiet time is over
    if meanwhile is not None:
        boundaries.meanwhile = lambda: meanwhile(world)
    world.start(boundaries)
    world.push()
    return world


def assert_ends_right(world: World, totals: list[str], price: str) -> None:
    world.run()
    company = world.companies[ACCOUNT]
    assert_each_once(company)
    assert [Decimal(str(each["TotalAmt"])) for each in standing(company)] == [Decimal(each) for each in totals]
    assert [each["DocNumber"] for each in company.entities("Invoice")] == ["10309"]
    (item,) = [each for each in company.entities("Item") if each["Name"] == "Product 4"]
    assert Decimal(str(item["UnitPrice"])) == Decimal(price)
    assert world.record("invoice", 309)["status"] == "synced"


@pytest.mark.parametrize("meanwhile", [at_once, after_the_lease, after_the_lease_and_a_newer_event])
@pytest.mark.parametrize("case", CASES)
def test_a_second_worker_at_any_call_of_the_first_changes_nothing(case: str, meanwhile: Step) -> None:
    prepare, totals, price = CASES[case]
    if meanwhile is after_the_lease_and_a_newer_event and totals:
        totals, price = ["648.00"], "300.00"
    calls = first_workers_run(prepare, Boundaries()).boundaries.calls
    assert any(call.startswith("qbo.POST") for call in calls)
    for at, call in enumerate(calls):
        world = first_workers_run(prepare, Boundaries(at=at, mode=Mode.MEANWHILE), meanwhile)
        assert world.boundaries.hit == call
        try:
            assert_ends_right(world, totals, price)
        except AssertionError as error:
            raise AssertionError(f"call {at} ({call}): {error}") from error


class Overlap:
    """The second worker starts within the first one's run and stops at its own call `at`; the first one ends, then
    the second one goes on. Only one of the two threads ever runs."""

    def __init__(self, at: int) -> None:
        self._at = at
        self._first_may_go, self._second_may_go = Event(), Event()
        self._pool = ThreadPoolExecutor(1)
        self._second: Future[None] | None = None

    def start(self, world: World) -> None:
        """In the first worker's run: let the second one go as far as it goes."""
        firsts = world.boundaries
        seconds = Boundaries(at=self._at, mode=Mode.MEANWHILE)

        def wait() -> None:
            self._first_may_go.set()
            assert self._second_may_go.wait(60)
            world.start(seconds)

        seconds.meanwhile = wait
        world.clock.sleep(LEASE_LIFE.total_seconds() + 1)
        world.start(seconds)
        self._second = self._pool.submit(second_worker, world)
        self._second.add_done_callback(lambda _: self._first_may_go.set())
        assert self._first_may_go.wait(60)
        world.start(firsts)

    def finish(self) -> None:
        """After the first worker's run: let the second one end."""
        self._second_may_go.set()
        assert self._second is not None
        self._second.result(60)
        self._pool.shutdown()


@settings(max_examples=60, deadline=None)
@given(case=st.sampled_from(sorted(CASES)), first=st.integers(0, 45), second=st.integers(0, 45))
def test_workers_that_overtake_each_other_change_nothing(case: str, first: int, second: int) -> None:
    prepare, totals, price = CASES[case]
    overlap = Overlap(second)
    boundaries = Boundaries(at=first, mode=Mode.MEANWHILE)
    world = first_workers_run(prepare, boundaries, overlap.start)
    if boundaries.hit:
        overlap.finish()
    world.start(Boundaries())
    assert_ends_right(world, totals, price)

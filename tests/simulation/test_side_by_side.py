"""Several requests of one account under way at once: whatever happens to one, each invoice is booked once."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from emulators.quickbooks_online import Fault
from syncro_quickbooks.online import sending
from syncro_quickbooks.online.http import Couriers
from syncro_quickbooks.sync.lease import LEASE_LIFE
from tests.support.books import assert_each_once, standing
from tests.support.boundaries import Boundaries, Mode
from tests.support.couriers import AtOnce, WhenAsked
from tests.support.events import ACCOUNT, invoice_detail, line
from tests.support.world import FUNCTION_TIME, World

pytestmark = pytest.mark.usefixtures("aws_services")

INVOICES = (401, 402, 403, 404, 405, 406)
AT_ONCE = 5
"""Two at first, and one more for each answer in `waiting`: customer, item, invoice."""

COURIERS: dict[str, type[Couriers]] = {"sent at once": AtOnce, "sent when asked for": WhenAsked}
MODES = (Mode.BEFORE, Mode.AFTER, Mode.LOST)
SLICES = 7
"""Every so many calls are interrupted, each mode at other ones."""


@pytest.fixture(autouse=True)
def one_invoice_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "MAX_MEMBERS", 1)


def one_line(number: int) -> dict[str, Any]:
    return invoice_detail(number, lines=[line(1, 3)], totals=("100.00", "8.00", "108.00"))


def waiting(couriers: str) -> World:
    """Six invoices wait whose customer and product QuickBooks knows."""
    world = World()
    world.connect(number_check=False)
    world.publish("invoice.created", one_line(400))
    world.run()
    world.couriers = COURIERS[couriers]()
    world.deployment = world.process()
    for number in INVOICES:
        world.publish("invoice.created", one_line(number))
    return world


def frozen(world: World) -> int:
    return len(world.items("#dispatch#"))


def statuses(world: World) -> list[str]:
    return [world.record("invoice", number)["status"] for number in INVOICES]


def assert_booked_once(world: World) -> None:
    company = world.companies[ACCOUNT]
    assert_each_once(company)
    assert {str(each["DocNumber"]) for each in standing(company)} == {f"10{number}" for number in (400, *INVOICES)}
    assert {Decimal(str(each["TotalAmt"])) for each in standing(company)} == {Decimal("108.00")}
    assert statuses(world) == ["synced"] * len(INVOICES)
    assert not world.outstanding()


def writes(calls: list[str]) -> list[int]:
    """Which of the calls send an invoice."""
    return [place for place, call in enumerate(calls) if call == "qbo.POST invoice"]


def calls_of(couriers: str) -> list[str]:
    world = waiting(couriers)
    world.start(Boundaries())
    world.run()
    assert_booked_once(world)
    return world.boundaries.calls


def test_several_are_frozen_before_the_first_answer_is_asked_for() -> None:
    world = waiting("sent when asked for")
    first = writes(calls_of("sent when asked for"))[0]
    seen: list[int] = []
    world.start(Boundaries(at=first, mode=Mode.MEANWHILE, meanwhile=lambda: seen.append(frozen(world))))
    world.run()
    assert seen == [AT_ONCE]
    assert_booked_once(world)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("couriers", COURIERS)
def test_interrupted_at_any_call_each_is_booked_once(couriers: str, mode: Mode) -> None:
    calls = calls_of(couriers)
    chosen = {*range(MODES.index(mode), len(calls), SLICES), *writes(calls)}
    for at in sorted(chosen):
        world = waiting(couriers)
        world.start(Boundaries(at=at, mode=mode))
        world.run()
        try:
            assert world.boundaries.hit == calls[at]
            assert_booked_once(world)
        except AssertionError as error:
            raise AssertionError(f"call {at} ({calls[at]}) {mode}: {error}") from error


def test_a_429_for_one_pauses_the_account_and_the_others_are_settled() -> None:
    world = waiting("sent when asked for")
    world.emulator.faults.add(Fault(kind="status", status=429, entity="Invoice", nth=1))
    world.clock.sleep(11)
    world.push()
    assert statuses(world) == ["pending", *["synced"] * (AT_ONCE - 1), "pending"]
    assert frozen(world) == 1
    begun = world.clock.now()
    journal = len(world.emulator.journal)
    world.run()
    assert_booked_once(world)
    assert min(call.time for call in world.emulator.journal[journal:]) - begun >= timedelta(seconds=60)


def test_no_answer_to_one_leaves_it_for_later_and_the_others_go_on() -> None:
    world = waiting("sent when asked for")
    world.emulator.faults.add(Fault(kind="after", name="10402", timed_out=True))
    world.clock.sleep(11)
    world.push()
    assert statuses(world) == ["synced", "pending", *["synced"] * 4]
    assert frozen(world) == 1
    world.run()
    assert_booked_once(world)


def test_a_posting_stop_lets_only_what_is_under_way_arrive() -> None:
    world = waiting("sent when asked for")
    first = writes(calls_of("sent when asked for"))[0]
    accounts = world.process().accounts
    world.start(Boundaries(at=first, mode=Mode.MEANWHILE, meanwhile=lambda: accounts.stop_posting("all", "a test")))
    world.clock.sleep(11)
    world.push()
    assert statuses(world) == ["synced"] * AT_ONCE + ["pending"]
    accounts.allow_posting("all")
    world.run()
    assert_booked_once(world)


@pytest.mark.parametrize("couriers", COURIERS)
def test_another_worker_takes_over_while_several_are_under_way(couriers: str) -> None:
    def taken_over() -> None:
        world.clock.sleep(LEASE_LIFE.total_seconds() + 1)
        world.process().push.run(ACCOUNT, world.clock.now() + FUNCTION_TIME)

    for at in writes(calls_of(couriers)):
        world = waiting(couriers)
        world.start(Boundaries(at=at, mode=Mode.MEANWHILE, meanwhile=taken_over))
        world.run()
        assert_booked_once(world)

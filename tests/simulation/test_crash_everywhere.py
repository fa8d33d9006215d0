"""Death, lost answers and late commits at every call of the invoice flow: afterwards everything exists once."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.support.books import assert_each_once, sales_lines, standing
from tests.support.boundaries import Boundaries, Mode
from tests.support.events import customer, invoice_detail, line, product
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("aws_services")

CREATED = invoice_detail(version=1)
UPDATED = invoice_detail(
    version=2,
    lines=[line(1, 3), line(2, 4, quantity="3.0")],
    totals=("400.00", "32.00", "432.00"),
    owner=customer(version=2, name="Returns R Us"),
    products=[product(3), product(4, version=2)],
)
SLICES = 4
AFTER, LOST = Mode.AFTER, Mode.LOST
INTERRUPTIONS = (Mode.BEFORE, AFTER, LOST, Mode.REPEATED)


def history(world: World, *, pause: timedelta | None) -> None:
    """An invoice is created, pushed, changed and pushed; or changed while the first push is under way."""
    world.publish("invoice.created", CREATED)
    if pause is None:
        world.run()
    else:
        world.run_for(pause)
    world.publish("invoice.updated", UPDATED)
    world.run()


def assert_the_newest_is_booked_once(world: World) -> None:
    company = world.companies["acme"]
    assert_each_once(company)
    (invoice,) = standing(company)
    assert sales_lines(invoice) == [("Product 3", Decimal("100.00")), ("Product 4", Decimal("300.00"))]
    assert Decimal(str(invoice["TotalAmt"])) == Decimal("432.00")
    assert [each["DisplayName"] for each in company.entities("Customer")] == ["Returns R Us"]
    assert world.record("invoice", 309)["status"] == "synced"


def boundaries_of(pause: timedelta | None) -> list[str]:
    world = World()
    world.connect(number_check=False)
    world.start(Boundaries())
    history(world, pause=pause)
    assert_the_newest_is_booked_once(world)
    return world.boundaries.calls


def meets(mode: Mode, call: str) -> bool:
    """Whether `mode` does something of its own to `call`: the SDK repeats only what it may."""
    return mode is not Mode.REPEATED or call.endswith(("put_item", "update_item", "delete_item", "send_message"))


@pytest.mark.parametrize("slice_", range(SLICES))
@pytest.mark.parametrize(
    ("pause", "mode"),
    [
        *[pytest.param(None, mode, id=f"one-after-the-other-{mode}") for mode in INTERRUPTIONS],
        # The newer event comes before the recovery. Dying before a call is like dying after the one before it.
        *[pytest.param(timedelta(seconds=11), mode, id=f"before-the-recovery-{mode}") for mode in (AFTER, LOST)],
    ],
)
def test_interrupted_at_any_call_the_newest_invoice_is_booked_once(
    pause: timedelta | None, mode: Mode, slice_: int
) -> None:
    calls = boundaries_of(pause)
    for at in [at for at, call in enumerate(calls) if meets(mode, call)][slice_::SLICES]:
        world = World()
        world.connect(number_check=False)
        world.start(Boundaries(at=at, mode=mode))
        history(world, pause=pause)
        assert world.boundaries.hit == calls[at]
        try:
            assert_the_newest_is_booked_once(world)
        except AssertionError as error:
            raise AssertionError(f"call {at} ({calls[at]}) {mode}: {error}") from error


def pushed(at: int) -> World:
    """The world after the first push, within which, at call `at`, the newer event comes."""
    world = World()
    world.connect(number_check=False)
    world.publish("invoice.created", CREATED)
    world.clock.sleep(11)
    newer = Boundaries(at=at, mode=Mode.MEANWHILE, meanwhile=lambda: world.publish("invoice.updated", UPDATED))
    world.start(newer)
    world.push()
    return world


def test_a_newer_event_at_any_call_of_the_push_is_booked_once_and_in_the_end() -> None:
    calls = pushed(-1).boundaries.calls
    assert any(call.startswith("qbo.POST") for call in calls)
    for at, call in enumerate(calls):
        world = pushed(at)
        assert world.boundaries.hit == call
        world.run()
        try:
            assert_the_newest_is_booked_once(world)
        except AssertionError as error:
            raise AssertionError(f"call {at} ({call}): {error}") from error


def test_carried_out_after_we_hung_up_while_a_newer_event_arrives_it_is_booked_once() -> None:
    pause = timedelta(seconds=25)
    calls = boundaries_of(pause)
    writes = [at for at, call in enumerate(calls) if call.startswith("qbo.POST") and "query" not in call]
    assert len(writes) >= 3
    for at in writes:
        world = World()
        world.connect(number_check=False)
        world.start(Boundaries(at=at, mode=Mode.LATE))
        history(world, pause=pause)
        assert world.boundaries.hit == calls[at]
        assert_the_newest_is_booked_once(world)

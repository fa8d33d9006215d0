"""Death, lost answers and late commits at every call while a tax code is made: it is made once, taxes to the cent."""

from datetime import timedelta
from decimal import Decimal

import pytest

from emulators.quickbooks_online import Fault
from tests.support.books import assert_each_once, standing
from tests.support.boundaries import Boundaries, Mode
from tests.support.taxes import grouped, with_new_codes
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("aws_services")

NAME = "Quebec sales"
CODE = {"3": {"name": NAME, "Fed": "5", "Prov": "9.975"}}
SLICES = 3
INTERRUPTIONS = (Mode.BEFORE, Mode.AFTER, Mode.LOST)


def history(boundaries: Boundaries) -> World:
    world = World()
    with_new_codes(world, CODE)
    world.start(boundaries)
    world.publish("invoice.created", grouped())
    world.run()
    return world


def assert_made_and_used_once(world: World) -> None:
    company = world.companies["acme"]
    assert_each_once(company)
    codes = [code for code in company.entities("TaxCode") if code["Name"] == NAME]
    rates = [rate["Name"] for rate in company.entities("TaxRate") if rate["Name"] in ("Fed", "Prov")]
    (invoice,) = standing(company)
    assert (len(codes), sorted(rates)) == (1, ["Fed", "Prov"])
    assert invoice["Line"][0]["SalesItemLineDetail"]["TaxCodeRef"]["value"] == codes[0]["Id"]
    assert invoice["TotalAmt"] == Decimal("5168.31")  # 4,495.16 + 224.76 + 448.39
    assert {world.record("invoice", 309)["status"], world.record("tax_rate", 3)["status"]} == {"synced"}


@pytest.mark.parametrize("slice_", range(SLICES))
@pytest.mark.parametrize("mode", INTERRUPTIONS)
def test_interrupted_at_any_call_the_code_is_made_once(mode: Mode, slice_: int) -> None:
    calls = history(Boundaries()).boundaries.calls
    for at in range(slice_, len(calls), SLICES):
        world = history(Boundaries(at=at, mode=mode))
        assert world.boundaries.hit == calls[at]
        try:
            assert_made_and_used_once(world)
        except AssertionError as error:
            raise AssertionError(f"call {at} ({calls[at]}) {mode}: {error}") from error


@pytest.mark.parametrize("forgotten", [False, True], ids=["replayed", "forgotten"])
@pytest.mark.parametrize("mode", [Mode.LOST, Mode.LATE])
def test_a_lost_answer_to_the_tax_service_is_found_out(mode: Mode, forgotten: bool) -> None:
    """Whether the tax service honours request ids is not published; where it does not, the name is taken: by us."""
    (at,) = [
        at for at, call in enumerate(history(Boundaries()).boundaries.calls) if call.endswith("taxservice/taxcode")
    ]
    world = World()
    with_new_codes(world, CODE)
    if forgotten:
        world.emulator.requestid_retention = timedelta(0)
    world.start(Boundaries(at=at, mode=mode))
    world.publish("invoice.created", grouped())
    world.run()
    assert_made_and_used_once(world)


def test_a_lost_answer_is_proven_by_name_when_it_is_too_late_for_a_replay() -> None:
    world = World()
    with_new_codes(world, CODE)
    world.emulator.faults.add(Fault(kind="after", operation="taxservice"))
    world.publish("invoice.created", grouped())
    world.clock.sleep(11)
    world.push()
    world.lose_messages()
    world.clock.sleep(2 * 3600)
    world.run()
    assert_made_and_used_once(world)
    asked = [entry.operation for entry in world.emulator.journal if entry.operation in ("taxservice", "query TaxCode")]
    assert asked == ["query TaxCode", "taxservice", "query TaxCode"]

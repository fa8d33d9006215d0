"""Every fault code of Intuit's list, as the answer to every kind of write: who has to do what, and nothing else stops.

What each code must lead to is Intuit's meaning of it (error-codes page), written down here apart from the catalogue.
"""

import json
from datetime import timedelta
from typing import Any

import pytest

from emulators.quickbooks_online import Fault
from emulators.quickbooks_online.faults import Shape
from tests.support.books import assert_each_once
from tests.support.events import ACCOUNT
from tests.support.fault_calls import CALLS, Call
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("aws_services")


def codes(text: str) -> list[str]:
    return text.split()


SERVER = codes("130 150 600 1000 1010 1020 4002 10000")
SIGN_IN = codes("100 110 120 3100 3200")
PAUSES = codes("140 429 3001 6190 10200")
INTEGRATION = codes("""
    500 1040 1050 2000 2010 2020 2060 2080 2100 2130 2170 2230 2250 2260 2270 2600 4000 4001 5000 6010 6020 6040 6050
    6060 6070 6080 6090 6150 6170 6290 6300 6310 6320 6440 6530 10100
""")
ADMINISTRATOR = codes("5020 5030")
BOOKKEEPER = codes("""
    610 620 630 700 800 900 2030 2040 2050 2070 2090 2110 2120 2140 2150 2160 2180 2190 2200 2210 2220 2240 2280 2290
    2300 2500 3000 5010 6000 6030 6041 6100 6110 6120 6130 6140 6160 6180 6200 6210 6220 6230 6240 6250 6270 6280 6400
    6420 6430 6450 6460 6470 6480 6520 6540
""")
UNKNOWN = ["98765"]
THROTTLED = ("429", "3001")
WHO = {
    **dict.fromkeys([*INTEGRATION, *UNKNOWN], "support"),
    **dict.fromkeys(ADMINISTRATOR, "admin"),
    **dict.fromkeys(BOOKKEEPER, "bookkeeper"),
}
# A name that is taken is looked up; QuickBooks shows none here, so somebody of another kind must have it.
LOOKED_UP = {
    (entity, code): f"{entity.lower()}_name_elsewhere" for entity in ("Customer", "Vendor") for code in ("6240", "630")
}
SPECIAL = {**LOOKED_UP, ("Payment", "6540"): "payment_deposited"}
SENT = {"synced", "synced_with_warning"}  # an order's shipping is left out, with a warning
UNDECIDED = {"dormant", "pending", "retrying", *SENT}
HOW = ["alone", "in a batch"]


def connected() -> World:
    """A company in which one of each is known by now: customer, vendor, items."""
    world = World()
    world.connect(everything=True)
    for call in CALLS:
        if call.operation == "create":
            call.sends(world, 1)
            world.run()
    return world


def codes_for(call: Call) -> list[str]:
    """Every code that parks the record of such a call."""
    return [code for code in WHO if code not in call.own]


def fault(call: Call, number: int, code: str, **more: Any) -> Fault:
    name = call.quickbooks_name.format(number)
    where = {"entity": call.entity, "operation": call.operation, "name": name}
    return Fault(kind="error", code=code, detail=f"Refused : {code}", **{**where, **more})


def pause_code(world: World) -> str:
    """Why nothing of the account is sent."""
    connection = world.deployment.accounts.connection(ACCOUNT)
    assert connection is not None
    pause = world.deployment.accounts.health(connection).pause
    return pause.problem.code if pause else "not paused"


def problems(world: World, call: Call, number: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(world.record(call.kind, number)["problems"])
    return found


def complaints(world: World, call: Call, number: int, code: str) -> list[str]:
    """What is wrong with how the refusal stands on the record; nothing if all is well."""
    record = world.record(call.kind, number)
    if record["status"] != "needs_attention":
        return [f"{code}: {record['status']} {record['problems']}"]
    (problem,) = problems(world, call, number)
    wrong = []
    if problem["code"] != SPECIAL.get((call.entity, code), f"qbo_{code}"):
        wrong.append(f"{code}: called {problem['code']}")
    names = [call.named.format(number), *([] if (call.entity, code) in SPECIAL else [f"{call.kind}#{number}"])]
    if not all(name in problem["message"] for name in names):
        wrong.append(f"{code}: does not name the record: {problem['message']}")
    if problem["who"] != WHO[code]:
        wrong.append(f"{code}: for {problem['who']}")
    if not problem["actions"] or not problem["fix"].endswith("."):
        wrong.append(f"{code}: no way out: {problem}")
    if problem["code"] == f"qbo_{code}" and f"(code {code})" not in problem["verbatim"]:
        wrong.append(f"{code}: QuickBooks' own words are lost")
    return wrong


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_refusal_in_a_batch_is_parked_on_its_record_and_the_others_land(call: Call) -> None:
    """All codes at once, each for one member; every fifth member is not refused."""
    world = connected()
    refused = dict(zip((number for number in range(100, 999) if number % 5), codes_for(call), strict=False))
    others = [number for number in range(100, max(refused)) if number not in refused]
    for number in (*refused, *others):
        call.first(world, number)
    world.run()
    for number, code in refused.items():
        world.emulator.faults.add(fault(call, number, code))
    for number in sorted((*refused, *others)):
        call.sends(world, number)
    world.run()
    assert [each for number, code in refused.items() for each in complaints(world, call, number, code)] == []
    assert {world.record(call.kind, number)["status"] for number in others} <= SENT


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_refusal_by_itself_is_parked_on_its_record(call: Call) -> None:
    """The codes are dealt out among the calls: what follows from a refusal is the same as in a batch."""
    world = connected()
    refused = dict(enumerate(codes_for(call)[CALLS.index(call) :: len(CALLS)], start=100))
    for number in refused:
        call.first(world, number)
    world.run()
    for number, code in refused.items():
        # A code that comes with HTTP 500 says nothing; with 400 it is definite.
        world.emulator.faults.add(fault(call, number, code, status=400))
        call.sends(world, number)
        world.run()
    assert [each for number, code in refused.items() for each in complaints(world, call, number, code)] == []


@pytest.mark.parametrize("shape", ["json", "fault200", "lowercase", "xml"])
@pytest.mark.parametrize("code", ["6000", "6240", "98765"])
def test_a_refusal_is_understood_in_every_shape(code: str, shape: Shape) -> None:
    """QuickBooks answers faults with 200, the gateway in lower case or XML (facts: QBO 2.7)."""
    world = connected()
    for number, call in enumerate(CALLS, start=100):
        call.first(world, number)
        world.run()
        world.emulator.faults.add(fault(call, number, code, shape=shape))
        call.sends(world, number)
        world.run()
        assert complaints(world, call, number, code) == []


PASSING = [*SERVER, *SIGN_IN, *PAUSES]


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("code", PASSING)
def test_what_is_not_about_the_record_parks_nothing_and_goes_through_later(code: str, how: str) -> None:
    """Again dealt out among the calls. They are hit twice, for a refused token is first refreshed."""
    call = CALLS[(PASSING.index(code) + HOW.index(how)) % len(CALLS)]
    together = [100] if how == "alone" else [100, 101]
    world = connected()
    for number in together:
        call.first(world, number)
    world.run()
    world.emulator.faults.add(fault(call, 100, code, times=2))
    for number in together:
        call.sends(world, number)
    world.run_for(timedelta(seconds=20))
    assert {world.record(call.kind, number)["status"] for number in together} <= UNDECIDED
    if how == "alone" and code not in SERVER:  # in a batch a member's refused token is simply refreshed
        assert pause_code(world) == ("throttled" if code in THROTTLED else f"qbo_{code}")
    for _ in range(2):
        if code in SIGN_IN:
            world.sign_in(ACCOUNT, world.companies[ACCOUNT].realm)
        if code in PAUSES:
            world.clock.sleep(timedelta(days=1).total_seconds())
        world.run_for(timedelta(minutes=5))
    world.run()
    assert {world.record(call.kind, number)["status"] for number in together} <= SENT
    assert_each_once(world.companies[ACCOUNT])

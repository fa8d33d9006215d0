"""What brings an interrupted push to its end: the sweep, the replay of a request id, and the proof of absence."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal

import pytest

from emulators.quickbooks_online import Fault, JournalEntry
from tests.support.books import assert_each_once, standing
from tests.support.boundaries import Boundaries, Mode
from tests.support.events import ACCOUNT, invoice_detail, line
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("aws_services")

A_DEAD_WORKER_IS_REPLACED_WITHIN = timedelta(seconds=280)
"""Its guard is due 190 s after it began (the lease's 180 s and 10), counts as missed 30 s later, and the sweep comes
every 60 s. A lease it renewed just before it died ends 180 s after that; every sweep asks again."""

A_LOST_WAKE_UP_IS_REPLACED_WITHIN = timedelta(seconds=10 + 30 + 60)
"""Quiet time, the margin after which a wake-up counts as missed, the sweep's period."""

CREATED = invoice_detail(version=1)
UPDATED = invoice_detail(
    version=2, lines=[line(1, 3), line(2, 4, quantity="3.0")], totals=("400.00", "32.00", "432.00")
)
CREATE: dict[str, Any] = {"operation": "create", "entity": "Invoice"}


def connected(*, number_check: bool = False) -> World:
    world = World()
    world.connect(number_check=number_check)
    return world


def lost_create(world: World, kind: Literal["before", "after"]) -> None:
    """The answer to the invoice is lost: `after` QuickBooks booked it, or `before` it did."""
    world.emulator.faults.add(Fault(kind=kind, **CREATE))


def three_equal_errors(world: World) -> None:
    world.emulator.faults.add(Fault(kind="status", status=500, nth=2, times=3, **CREATE))


def calls(world: World, operation: str) -> list[JournalEntry]:
    return [entry for entry in world.emulator.journal if entry.operation == operation]


def invoices(world: World) -> list[tuple[str, Decimal]]:
    booked = standing(world.companies[ACCOUNT])
    return [(each["DocNumber"], Decimal(str(each["TotalAmt"]))) for each in booked]


def notes(world: World) -> list[str]:
    return [each["PrivateNote"] for each in world.companies[ACCOUNT].entities("Invoice")]


def problem(world: World) -> str:
    return str(world.record("invoice", 309)["problems"])


# -- the sweep ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [Mode.BEFORE, Mode.AFTER])
@pytest.mark.parametrize("change", ["create", "update"])
def test_a_worker_killed_at_any_call_is_replaced_in_time_by_the_sweep_alone(change: str, mode: Mode) -> None:
    total = {"create": "216.00", "update": "432.00"}[change]
    calls_made = killed(change, Boundaries()).boundaries.calls
    assert any(call.startswith("qbo.POST") for call in calls_made)
    for at in range(len(calls_made)):
        world = killed(change, Boundaries(at=at, mode=mode))
        world.lose_messages()  # SQS never delivers again; what is sent from now on is
        world.run_for(A_DEAD_WORKER_IS_REPLACED_WITHIN)
        assert invoices(world) == [("10309", Decimal(total))], f"call {at} ({world.boundaries.hit})"
        assert world.record("invoice", 309)["status"] == "synced", f"call {at} ({world.boundaries.hit})"
        assert_each_once(world.companies[ACCOUNT])


def killed(change: str, boundaries: Boundaries) -> World:
    """The world after one run of the push, cut off where `boundaries` say."""
    world = connected()
    world.publish("invoice.created", CREATED)
    if change == "update":
        world.run()
        world.publish("invoice.updated", UPDATED)
    world.clock.sleep(11)
    world.start(boundaries)
    world.push()
    return world


def test_a_lost_wake_up_is_replaced_by_the_sweep_in_time() -> None:
    world = connected()
    world.publish("invoice.created", CREATED)
    world.lose_messages()
    world.run_for(A_LOST_WAKE_UP_IS_REPLACED_WITHIN)
    assert invoices(world) == [("10309", Decimal("216.00"))]


def test_a_lost_wake_up_for_a_back_off_is_replaced_by_the_sweep() -> None:
    world = connected()
    lost_create(world, "after")
    world.publish("invoice.created", CREATED)
    world.run_for(timedelta(seconds=12))
    assert world.items("#dispatch#")
    world.lose_messages()
    world.run_for(timedelta(seconds=5 + 30 + 60))  # first back-off at most 5 s
    assert not world.items("#dispatch#")
    assert world.record("invoice", 309)["status"] == "synced"


# -- replay and proof --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "generation"), [("after", 1), ("before", 2)])
def test_an_answer_lost_for_more_than_an_hour_is_not_asked_for_again_but_proven(
    kind: Literal["before", "after"], generation: int
) -> None:
    world = connected()
    world.emulator.requestid_retention = timedelta(seconds=1)
    lost_create(world, kind)
    world.publish("invoice.created", CREATED)
    world.run_for(timedelta(seconds=12))
    world.clock.sleep(3700)  # nobody at work for an hour; QuickBooks has forgotten the request id
    world.run()
    assert invoices(world) == [("10309", Decimal("216.00"))]
    assert notes(world) == [f"syncro:invoice:309:{generation}"]
    assert len(calls(world, "create Invoice")) == generation
    assert len(calls(world, "query Invoice")) == 1
    assert world.record("invoice", 309)["status"] == "synced"


def test_an_id_forgotten_sooner_than_we_rely_on_it_still_books_once() -> None:
    world = connected(number_check=True)
    world.emulator.requestid_retention = timedelta(seconds=1)
    lost_create(world, "after")
    world.publish("invoice.created", CREATED)
    world.run()
    assert invoices(world) == [("10309", Decimal("216.00"))]
    # Its own number is refused as taken; the document that has it carries our marker, so the lost answer is found.
    assert world.record("invoice", 309)["status"] == "synced"


def test_a_request_still_in_work_is_proven_after_150_seconds() -> None:
    world = connected()
    world.emulator.faults.add(Fault(kind="late", delay=115, **CREATE))
    world.publish("invoice.created", CREATED)
    world.run()
    attempts, (proof,) = calls(world, "create Invoice"), calls(world, "query Invoice")
    assert len(attempts) == 2  # the second one is told 600: the first is being worked on
    assert proof.time - attempts[-1].time >= timedelta(seconds=150)
    assert invoices(world) == [("10309", Decimal("216.00"))]
    assert notes(world) == ["syncro:invoice:309:1"]


@pytest.mark.parametrize(("kind", "generation"), [("after", 1), ("before", 2)])
def test_three_equal_server_errors_lead_to_the_proof(kind: Literal["before", "after"], generation: int) -> None:
    world = connected()
    lost_create(world, kind)
    three_equal_errors(world)
    world.publish("invoice.created", CREATED)
    world.run()
    attempts, (proof,) = calls(world, "create Invoice"), calls(world, "query Invoice")
    assert [entry.status for entry in attempts] == [None, 500, 500, 500, *[200] * (generation - 1)]
    assert len({entry.query["requestid"] for entry in attempts}) == generation
    assert proof.time - attempts[3].time >= timedelta(seconds=150)
    assert notes(world) == [f"syncro:invoice:309:{generation}"]
    assert invoices(world) == [("10309", Decimal("216.00"))]


def booked_by_hand(world: World, **values: Any) -> None:
    company = world.companies[ACCOUNT]
    owner = company.entities("Customer")[0]["Id"]
    sold = {"ItemRef": {"value": "1"}, "TaxCodeRef": {"value": "NON"}}
    by_hand = {"Amount": Decimal(5), "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": sold}
    company.create_by_hand("Invoice", {"CustomerRef": {"value": owner}, "Line": [by_hand], **values})


def doubtful() -> World:
    """The invoice's answer was lost, and meanwhile the bookkeeper entered one of the same number."""
    world = connected()
    lost_create(world, "before")
    three_equal_errors(world)
    world.publish("invoice.created", CREATED)
    world.run_for(timedelta(seconds=12))
    booked_by_hand(world, DocNumber="10309")
    world.run()
    return world


def test_a_document_like_it_without_our_mark_is_asked_about() -> None:
    world = doubtful()
    assert invoices(world) == [("10309", Decimal("5.00"))]
    record = world.record("invoice", 309)
    assert record["status"] == "needs_attention"
    assert "possible_duplicate" in problem(world)
    assert "Invoice 10309" in problem(world)


@pytest.mark.parametrize("change", ["updated", "deleted"])
def test_what_is_in_doubt_stays_so_after_newer_events(change: str) -> None:
    world = doubtful()
    attempts = len(calls(world, "create Invoice"))
    world.publish(f"invoice.{change}", {**UPDATED, "version": 2})
    world.run()
    world.publish(f"invoice.{change}", {**UPDATED, "version": 3})
    world.run()
    assert invoices(world) == [("10309", Decimal("5.00"))]
    assert len(calls(world, "create Invoice")) == attempts
    assert world.record("invoice", 309)["status"] == "needs_attention"
    assert "possible_duplicate" in problem(world)


def test_another_document_of_the_same_customer_leaves_no_doubt() -> None:
    world = connected()
    lost_create(world, "before")
    three_equal_errors(world)
    world.publish("invoice.created", CREATED)
    world.run_for(timedelta(seconds=12))
    booked_by_hand(world, DocNumber="A-1")
    world.run()
    assert sorted(invoices(world)) == [("10309", Decimal("216.00")), ("A-1", Decimal("5.00"))]
    assert world.record("invoice", 309)["status"] == "synced"


def test_a_newer_event_waits_for_the_proof_of_the_older_one() -> None:
    world = connected()
    lost_create(world, "after")
    three_equal_errors(world)
    world.publish("invoice.created", CREATED)
    world.run_for(timedelta(seconds=12))
    world.publish("invoice.updated", UPDATED)
    world.run()
    (proof,), updates = calls(world, "query Invoice"), calls(world, "update Invoice")
    assert len(updates) == 1
    assert updates[0].time >= proof.time
    assert invoices(world) == [("10309", Decimal("432.00"))]
    assert notes(world) == ["syncro:invoice:309:1"]

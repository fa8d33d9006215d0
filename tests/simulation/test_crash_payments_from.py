"""A payment on its way from QuickBooks into Syncro, interrupted at every one of its calls: it is in Syncro once."""

from collections import Counter
from datetime import timedelta

import pytest

from emulators.quickbooks_online import Fault
from syncro_quickbooks.online.payments_from.imports import State
from syncro_quickbooks.online.payments_from.posting import SETTLED_AFTER
from tests.support.boundaries import Boundaries, Mode
from tests.support.events import ACCOUNT
from tests.support.payments_from import PaymentsFromWorld

pytestmark = pytest.mark.usefixtures("aws_services")

World = PaymentsFromWorld


def paid_and_polled(world: World, boundaries: Boundaries) -> str:
    """A payment of fifty cents, its webhook, and the poll that follows, with one call interrupted."""
    paid = world.pay((309, "0.50"))
    world.start(boundaries)
    world.poll()
    return paid


def settle_down(world: World, paid: str) -> None:
    """Time goes by, with a look now and then at what is due, until the payment is in Syncro; an hour at most."""
    imports = world.deployment.payment_imports(ACCOUNT, "9130001")
    for _ in range(6):
        world.clock.sleep(SETTLED_AFTER.total_seconds() + 20)
        world.deployment.polls.wake_due()
        while world.messages and world.messages[0][0] <= world.clock.now():
            _, _, queue, body = world.messages.pop(0)
            world._handle(queue, body)
        found = imports.get_many([paid]).get(paid)
        if found is not None and found.state is State.IMPORTED:
            return


@pytest.mark.parametrize("mode", [Mode.BEFORE, Mode.AFTER, Mode.LOST, Mode.REPEATED, Mode.LATE])
def test_interrupted_at_any_call_the_payment_is_in_syncro_once(mode: Mode) -> None:
    world = World()
    uninterrupted = Boundaries()
    payments = [paid_and_polled(world, uninterrupted)]
    calls = uninterrupted.calls
    assert sum(call.startswith("syncro.POST") for call in calls) == 1
    for at, call in enumerate(calls):
        if mode is Mode.LATE and not call.startswith("syncro.POST"):
            continue
        if mode is Mode.REPEATED and not call.endswith(("put_item", "update_item", "delete_item", "send_message")):
            continue
        boundaries = Boundaries(at=at, mode=mode)
        payments.append(paid_and_polled(world, boundaries))
        assert boundaries.hit
        settle_down(world, payments[-1])
        there = Counter(reference for reference, _, _ in world.payments_in_syncro())
        assert there == Counter(f"QBO-{each}" for each in payments), f"call {at} ({call}) {mode}"
        assert world.imported(payments[-1]).state is State.IMPORTED, f"call {at} ({call}) {mode}"
    world.run_for(timedelta(hours=1))
    assert len(world.payments_in_syncro()) == len(payments)


def test_while_syncro_may_still_be_at_the_first_request_nothing_is_sent_again() -> None:
    """Its answer is lost and it is done four minutes later: the look after five minutes must not count."""
    world = World()
    world.syncro.faults.add(Fault(kind="late", method="POST", path="/payments", delay=540))
    paid = world.pay((309, "100.00"))
    world.poll()
    world.run_for(timedelta(minutes=30))
    assert [reference for reference, _, _ in world.payments_in_syncro()] == [f"QBO-{paid}"]
    assert sent(world) == 1


def test_what_never_arrived_is_sent_again_after_it_was_looked_for_twice_over() -> None:
    world = World()
    world.syncro.faults.add(Fault(kind="before", method="POST", path="/payments"))
    paid = world.pay((309, "100.00"))
    world.poll()
    world.syncro.journal.clear()
    world.run_for(timedelta(minutes=15))
    assert [(entry.method, entry.path) for entry in world.syncro.journal] == [
        ("GET", "/api/v1/invoices/309"),
        ("GET", "/api/v1/payments"),
        ("POST", "/api/v1/payments"),
    ]
    assert world.imported(paid).state is State.IMPORTED


def test_a_look_that_fails_proves_nothing() -> None:
    world = World()
    world.syncro.faults.add(Fault(kind="after", method="POST", path="/payments"))
    for _ in range(3):
        world.syncro.faults.add(Fault(kind="status", status=502, shape="html", path="/payments", method="GET"))
    paid = world.pay((309, "100.00"))
    world.poll()
    world.run_for(timedelta(minutes=45))
    assert [reference for reference, _, _ in world.payments_in_syncro()] == [f"QBO-{paid}"]
    assert sent(world) == 1
    assert world.imported(paid).state is State.IMPORTED


def test_a_payment_that_may_be_ours_without_its_reference_stops_it() -> None:
    """The answer was lost, and Syncro has one of the same amount that lost its reference: nothing is sent again."""
    world = World()
    world.syncro.faults.add(Fault(kind="after", method="POST", path="/payments"))
    paid = world.pay((309, "100.00"))
    world.poll()
    (there,) = world.in_syncro.all("payments")
    world.in_syncro.load("payments", {**there, "ref_num": None})
    world.run_for(timedelta(hours=2))
    known = world.imported(paid)
    assert (known.state, sent(world)) == (State.NEEDS_ATTENTION, 1)
    assert known.problem is not None
    assert known.problem.code == "from_possible_double"
    world.in_syncro.load("payments", there)
    world.deployment.payment_imports(ACCOUNT, "9130001").retry(paid, world.clock.now())
    world.poll()
    assert world.imported(paid).state is State.IMPORTED
    assert sent(world) == 1


def test_two_polls_at_once_make_one_payment() -> None:
    """The second begins when the first has stored its intent and is about to send."""
    world = World()
    paid = world.pay((309, "100.00"))

    def second() -> None:
        world.boundaries.at = -1
        world.clock.sleep(200)  # the first one's lease is over
        world.process().payment_poll.run(ACCOUNT, world.clock.now() + timedelta(minutes=5))

    calls = Boundaries()
    other = World()
    paid_and_polled(other, calls)
    world.start(Boundaries(calls.calls.index("syncro.POST /payments"), Mode.MEANWHILE, meanwhile=second))
    world.poll()
    world.run_for(timedelta(minutes=30))
    assert [reference for reference, _, _ in world.payments_in_syncro()] == [f"QBO-{paid}"]


def sent(world: World) -> int:
    return sum(entry.method == "POST" for entry in world.syncro.journal)

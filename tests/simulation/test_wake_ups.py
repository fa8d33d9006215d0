"""How often an account is looked at: enough to lose nothing, and not more, whatever holds it back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from emulators.quickbooks_online import Fault
from syncro_quickbooks.sync.accounts import Connection, Pause
from syncro_quickbooks.sync.model import Problem
from tests.support.books import assert_each_once, standing
from tests.support.boundaries import Boundaries, Mode
from tests.support.clock import ManualClock
from tests.support.events import ACCOUNT, customer, invoice_detail
from tests.support.world import FUNCTION_TIME, World, ready_settings

pytestmark = pytest.mark.usefixtures("aws_services")

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


class CountingWorld(World):
    """A world that counts the runs of the push."""

    runs = 0

    def _handle(self, queue: str, body: str) -> None:
        self.runs += queue == "push"
        assert self.runs < 500, "looked at again and again"
        super()._handle(queue, body)

    def with_read_allowance(self, reads: int) -> None:
        """From now on this is the month's allowance."""
        self._environ["READ_ALLOWANCE"] = str(reads)
        self.deployment = self.process()

    def runs_in(self, duration: timedelta) -> int:
        before = self.runs
        self.run_for(duration)
        return self.runs - before


class SlowCalls(Boundaries):
    """Every call whose name begins with `which` takes some seconds."""

    def __init__(self, clock: ManualClock, seconds: float, which: str) -> None:
        super().__init__()
        self._clock, self._seconds, self._which = clock, seconds, which

    def pass_through(self, name: str, call: Callable[[], Any], *others: Any, **more: Any) -> Any:
        if name.startswith(self._which):
            self._clock.sleep(self._seconds)
        return super().pass_through(name, call, *others, **more)


def connected() -> CountingWorld:
    world = CountingWorld()
    world.connect()
    world.run()
    return world


def connection(world: World) -> Connection:
    found = world.deployment.accounts.connection(ACCOUNT)
    assert found is not None
    return found


def statuses(world: World, numbers: range) -> set[str]:
    return {str(world.record("invoice", number)["status"]) for number in numbers}


# -- events while nothing may be sent ----------------------------------------------------------------------------------

EVENTS = range(400, 440)


def publish_one_a_minute(world: World) -> None:
    for number in EVENTS:
        world.publish("invoice.created", invoice_detail(number))
        world.run_for(MINUTE)


# SQS delays a message by at most a quarter of an hour: until then one that was superseded is still on its way.
ONE_A_MINUTE_FOR_15_MINUTES = 15
ONE_A_MINUTE_FOR_5_MINUTES = 5


def test_events_during_a_pause_leave_one_wake_up_and_the_end_of_it_one_run() -> None:
    world = connected()
    ends = world.clock.now() + 3 * HOUR
    world.deployment.accounts.pause(connection(world), Pause(Problem("on_hold", "Held back."), ends))
    publish_one_a_minute(world)
    assert len(world.messages) <= ONE_A_MINUTE_FOR_15_MINUTES + 1
    assert world.runs_in(HOUR) == 0
    assert len(world.messages) == 1
    assert world.runs_in(ends - world.clock.now() - MINUTE) == 0
    # The run that sends, and at most one for a wake-up that was on its way.
    assert 1 <= world.runs_in(2 * MINUTE) <= 2
    assert statuses(world, EVENTS) == {"synced"}
    assert_each_once(world.companies[ACCOUNT])
    assert world.runs_in(HOUR) == 0
    assert world.messages == []


def test_events_during_a_posting_stop_leave_one_look_every_five_minutes() -> None:
    world = connected()
    world.deployment.accounts.stop_posting("all", "year-end closing")
    publish_one_a_minute(world)
    assert len(world.messages) <= ONE_A_MINUTE_FOR_5_MINUTES + 1
    assert 11 <= world.runs_in(HOUR) <= 13
    assert len(world.messages) == 1
    world.deployment.accounts.allow_posting("all")
    assert 1 <= world.runs_in(timedelta(minutes=5)) <= 2
    assert statuses(world, EVENTS) == {"synced"}
    assert_each_once(world.companies[ACCOUNT])
    assert world.runs_in(HOUR) == 0
    assert world.messages == []


# -- events while a run is going on -----------------------------------------------------------------------------------


class EventInARun(Boundaries):
    """The first write to QuickBooks takes some seconds, and an event comes in before it is answered."""

    def __init__(self, world: World, seconds: float) -> None:
        super().__init__()
        self._world, self._seconds, self._come = world, seconds, False

    def pass_through(self, name: str, call: Callable[[], Any], *others: Any, **more: Any) -> Any:
        if name.startswith("qbo.POST") and not self._come:
            self._come = True
            self._world.clock.sleep(self._seconds)
            self._world.publish("invoice.created", invoice_detail(301))
        return super().pass_through(name, call, *others, **more)


# The run's guard ends after 190 s: the event is to be looked at before it, after it, and comes after it.
@pytest.mark.parametrize("seconds", [100, 185, 195])
def test_an_event_that_comes_late_in_a_long_run_is_not_forgotten(seconds: float) -> None:
    world = connected()
    world.publish("invoice.created", invoice_detail(299))
    world.run()
    world.publish("invoice.created", invoice_detail(300))
    world.clock.sleep(11)
    world.start(EventInARun(world, seconds))
    world.push()
    world.run_for(timedelta(seconds=30))
    assert statuses(world, range(300, 302)) == {"synced"}
    assert_each_once(world.companies[ACCOUNT])


# -- lookups that fail -------------------------------------------------------------------------------------------------


def with_a_parked_customer() -> CountingWorld:
    """Customer 72 has the e-mail address of another one; its invoice waits for it."""
    world = connected()
    for number, owner, name in ((309, 70, "Other"), (310, 72, "Mine")):
        owned = customer(owner, name=name, email="shared@example.com")
        world.publish("invoice.created", invoice_detail(number, owner=owned))
        world.run()
    assert world.record("customer", 72)["status"] == "needs_attention"
    return world


def mend_the_customer(world: World) -> None:
    mended = customer(72, version=2, name="Mine", email="mine@example.com")
    event = {"event_id": "mended", "account_id": ACCOUNT, "occurred_at": "2026-11-23T09:00:00.000Z", "version": 2}
    world.publish("customer.updated", {**event, "customer": mended})


def assert_mended(world: World) -> None:
    world.run()
    assert world.record("customer", 72)["status"] == "synced"
    assert world.record("invoice", 310)["status"] == "synced"
    assert_each_once(world.companies[ACCOUNT])


def test_a_parked_customer_that_was_edited_is_not_looked_up_again_and_again_while_lookups_fail() -> None:
    world = with_a_parked_customer()
    world.emulator.faults.add(Fault(kind="status", status=500, operation="query", times=None))
    mend_the_customer(world)
    before = len(world.emulator.journal)
    runs = world.runs_in(HOUR)
    reads = sum(entry.reads for entry in world.emulator.journal[before:])
    # At least a minute apart, growing to a quarter of an hour, half of it at least: 5 + 4 + 6 at the most.
    assert 3 <= reads <= 16
    assert 3 <= runs <= 2 * 16
    assert world.record("customer", 72)["status"] == "retrying"
    world.emulator.faults.clear()
    assert_mended(world)


def test_without_read_allowance_a_parked_customer_that_was_edited_is_looked_at_once_an_hour() -> None:
    world = with_a_parked_customer()
    world.with_read_allowance(1)
    mend_the_customer(world)
    before = len(world.emulator.journal)
    assert 1 <= world.runs_in(HOUR) <= 3
    assert world.emulator.journal[before:] == []
    world.with_read_allowance(1_000)
    assert_mended(world)


# -- the end of a run --------------------------------------------------------------------------------------------------


MANY = range(500, 560)


def many_drafts(world: World) -> str:
    for number in MANY:
        world.publish("invoice.created", invoice_detail(number, is_draft=True))
    return "skipped"


def many_deletions_to_be_ignored(world: World) -> str:
    """Each of them is read in QuickBooks first."""
    settings = ready_settings(world.companies[ACCOUNT], invoice_deletion="ignore")
    world.deployment.accounts.save_settings(ACCOUNT, settings, version=1)
    for number in MANY:
        world.publish("invoice.created", invoice_detail(number))
    world.run()
    for number in MANY:
        world.publish("invoice.deleted", invoice_detail(number, version=2))
    return "skipped"


def many_new_customers(world: World) -> str:
    """Each of them is looked up by its e-mail address first."""
    for number in MANY:
        owner = customer(number, name=f"Customer {number}")
        world.publish("invoice.created", invoice_detail(number, owner=owner))
    return "synced"


@pytest.mark.parametrize(
    ("prepare", "which", "seconds"),
    [
        (many_drafts, "", 4),
        (many_deletions_to_be_ignored, "", 3),
        (many_deletions_to_be_ignored, "qbo", 11),
        (many_new_customers, "", 3),
        (many_new_customers, "qbo", 11),
    ],
)
def test_slow_runs_end_before_their_deadline_and_each_comes_further(
    prepare: Callable[[World], str], which: str, seconds: float
) -> None:
    world = connected()
    expected = prepare(world)
    world.clock.sleep(60)
    world.start(SlowCalls(world.clock, seconds, which))
    done = 0
    for _ in range(10):
        began = world.clock.now()
        report = world.deployment.push.run(ACCOUNT, began + FUNCTION_TIME)
        assert world.clock.now() < began + FUNCTION_TIME
        if report.ended == "done":
            break
        assert report.ended == "out of time"
        assert how_many_settled(world) > done
        done = how_many_settled(world)
    assert done > 0  # it took more than one run
    assert statuses(world, MANY) == {expected}
    assert_each_once(world.companies[ACCOUNT])


def how_many_settled(world: World) -> int:
    """Invoices that are done with, and customers that are in QuickBooks."""
    left = [world.record("invoice", number)["status"] for number in MANY].count("pending")
    return len(MANY) - left + len(world.companies[ACCOUNT].entities("Customer"))


def test_a_pause_noted_by_a_call_in_flight_does_not_outlive_the_new_consent() -> None:
    world = connected()
    world.publish("invoice.created", invoice_detail(300))
    world.run()
    world.publish("invoice.created", invoice_detail(301))
    world.clock.sleep(11)
    world.emulator.faults.add(Fault(kind="status", status=403, path="/invoice"))
    post = first_call(world, "qbo.POST invoice")
    world.start(Boundaries(at=post, mode=Mode.MEANWHILE, meanwhile=lambda: world.sign_in(ACCOUNT, "9130001")))
    world.push()
    assert world.boundaries.hit == "qbo.POST invoice"
    (health,) = [item for item in world.items(f"acct#{ACCOUNT}") if item["sk"]["S"] == "health"]
    assert "pause" in health  # it was noted, and is of the consent before
    assert world.deployment.accounts.health(connection(world)).pause is None
    world.run_for(timedelta(minutes=5))
    assert statuses(world, range(300, 302)) == {"synced"}
    assert len(standing(world.companies[ACCOUNT])) == 2


def first_call(world: World, name: str) -> int:
    """Which call of the push will be `name`: the calls of a twin, the world itself is not touched."""
    twin = connected()
    twin.publish("invoice.created", invoice_detail(300))
    twin.run()
    twin.publish("invoice.created", invoice_detail(301))
    twin.clock.sleep(11)
    twin.start(Boundaries())
    twin.push()
    return twin.boundaries.calls.index(name)

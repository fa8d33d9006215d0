"""What the alarms are told of payments from QuickBooks and of one-time jobs that do not get on."""

from datetime import timedelta

import pytest

from emulators.quickbooks_online.faults import Fault
from syncro_quickbooks.online.payments_from.poll import PollReport
from syncro_quickbooks.sync.job import JobKind, JobState
from syncro_quickbooks.sync.wake import JOBS_SCHEDULE
from tests.support.events import ACCOUNT
from tests.support.job_world import JobWorld
from tests.support.payments_from import PaymentsFromWorld
from tests.support.world import FUNCTION_TIME, World

HOUR = timedelta(hours=1)


def warnings(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The deployment's warnings from now on."""
    said: list[str] = []
    monkeypatch.setattr(world.deployment._log, "warning", lambda message, *_, **__: said.append(message))
    return said


def polled(world: PaymentsFromWorld) -> PollReport:
    """A poll some hours later."""
    world.clock.sleep((3 * HOUR).total_seconds())
    world._handle("webhook", ACCOUNT)
    return world.deployment.payment_poll.run(ACCOUNT, world.clock.now() + FUNCTION_TIME)


def test_a_poll_that_syncro_does_not_answer_is_held_by_no_customer() -> None:
    world = PaymentsFromWorld()
    world.pay((309, "50.00"))
    assert not polled(world).held
    world.pay((309, "60.00"))
    world.syncro.faults.add(Fault(kind="status", status=503, shape="html", times=None))
    assert polled(world).held
    world.syncro.faults.clear()
    assert not polled(world).held


def test_a_stop_holds_polls_and_used_up_reads_which_have_alarms_of_their_own_do_not() -> None:
    world = PaymentsFromWorld()
    world.deployment.accounts.stop_posting("all", "totals differ")
    assert polled(world).held
    world.deployment.accounts.allow_posting("all")
    world._environ["READ_ALLOWANCE"] = "1"
    world.deployment = world.process()
    report = polled(world)
    assert (report.ended, report.held) == ("held: read_allowance_used", False)


def test_a_token_that_syncro_refuses_is_told_once_and_is_the_customers_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    world = PaymentsFromWorld()
    said = warnings(world, monkeypatch)
    for lost in (1, 2):
        world.deployment.syncro_access.forget(ACCOUNT)
        for _ in range(3):
            report = polled(world)
            assert (report.ended, report.held) == ("held: no_syncro_access", False)
        assert said.count("syncro_access_lost") == lost
        world.give_access()
        assert polled(world).ended == "done"


def standing(world: JobWorld) -> timedelta:
    return world.deployment.gauges.oldest_waiting(JOBS_SCHEDULE)


def test_a_job_stands_still_while_syncro_does_not_answer() -> None:
    world = JobWorld()
    world.connect()
    for number in range(1, 4):
        world.organization(number, f"Organization {number}", told=False)
    world.begin(JobKind.EXPORT_ORGANIZATIONS)
    assert standing(world) == timedelta(0)  # it waits for somebody to confirm the report

    world.confirm(JobKind.EXPORT_ORGANIZATIONS)
    world.deployment.jobs.start(ACCOUNT, JobKind.EXPORT_ORGANIZATIONS, "user-1")
    world.syncro.faults.add(Fault(kind="status", status=503, shape="html", times=None))
    world.run_for(3 * HOUR)
    assert standing(world) == 3 * HOUR
    world.syncro.faults.clear()
    world.run()
    assert standing(world) == timedelta(0)
    assert world.job(JobKind.EXPORT_ORGANIZATIONS).state is JobState.REPORTED


def test_a_job_without_a_token_stands_still_for_its_customer_which_is_told_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = JobWorld()
    world.connect()
    world.run()
    said = warnings(world, monkeypatch)
    world.deployment.syncro_access.forget(ACCOUNT)
    world.deployment.jobs.start(ACCOUNT, JobKind.EXPORT_ORGANIZATIONS, "user-1")
    world.run_for(3 * HOUR)
    assert standing(world) == timedelta(0)
    assert said.count("syncro_access_lost") == 1

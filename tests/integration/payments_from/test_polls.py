"""Polls: what they read, how they go on after gaps and floods, and what stops them."""

from datetime import timedelta

import pytest

from emulators.quickbooks_online import Fault
from emulators.quickbooks_online import special as cdc
from syncro_quickbooks.online.payments_from.imports import State
from syncro_quickbooks.sync.polls import PollState
from tests.support.events import ACCOUNT, invoice_detail
from tests.support.payments_from import PaymentsFromWorld

pytestmark = pytest.mark.usefixtures("aws_services")

World = PaymentsFromWorld


def state(world: World) -> PollState:
    found = world.deployment.polls.state(ACCOUNT)
    assert found is not None
    return found


def references(world: World) -> list[str]:
    return [reference for reference, _, _ in world.payments_in_syncro()]


def test_a_poll_is_one_read_whatever_it_finds() -> None:
    world = World()
    reads = world.reads()
    world.poll()
    assert world.reads() == reads + 1
    paid = [world.pay((309, "1.00")) for _ in range(3)]
    world.poll()
    assert world.reads() == reads + 2
    assert references(world) == [f"QBO-{each}" for each in paid]


def test_the_sweep_polls_by_itself_when_it_is_time() -> None:
    world = World()
    paid = world.pay((309, "1.00"))
    world.run_for(timedelta(hours=25))
    assert references(world) == [f"QBO-{paid}"]


def test_what_was_paid_before_payments_were_imported_is_not_imported() -> None:
    world = World()
    world.choose(3, sync_payments_to=False, sync_payments_from=False)
    world.clock.sleep(3600)
    before = world.pay((309, "1.00"))
    world.clock.sleep(3600)
    world.choose(4, sync_payments_to=False, sync_payments_from=True)
    world.clock.sleep(600)
    after = world.pay((309, "2.00"))
    world.poll()
    assert references(world) == [f"QBO-{after}"]
    assert world.deployment.payment_imports(ACCOUNT, "9130001").get_many([before]) == {}


def test_once_payments_are_no_longer_imported_nothing_is_read() -> None:
    world = World()
    world.choose(3, sync_payments_to=True, sync_payments_from=False)
    world.run()
    reads = world.reads()
    world.pay((309, "1.00"))
    world.poll()
    world.run_for(timedelta(hours=30))
    assert world.reads() <= reads + 4  # the push reads the company's preferences daily
    assert references(world) == []


def test_both_directions_at_once_are_refused_by_the_poll_too() -> None:
    """The settings were written by something that does not check them."""
    world = World()
    settings = world.deployment.accounts.connection(ACCOUNT)
    assert settings is not None
    assert settings.settings is not None
    both = {**settings.settings, "sync_payments_to": True, "sync_payments_from": True}
    world.deployment.accounts.save_settings(ACCOUNT, both, version=2)
    world.pay((309, "1.00"))
    reads = world.reads()
    world.poll()
    assert (references(world), world.reads()) == ([], reads)
    problem = state(world).problem
    assert problem is not None
    assert "every payment would exist twice" in problem.message


def test_the_watermark_stays_if_a_poll_dies_and_advances_if_it_does_not() -> None:
    world = World()
    before = state(world).watermark
    world.emulator.faults.add(Fault(kind="status", status=503, operation="cdc", times=2))
    paid = world.pay((309, "1.00"))
    world.poll()
    assert state(world).watermark == before
    world.run_for(timedelta(minutes=15))
    assert state(world).watermark > before
    assert references(world) == [f"QBO-{paid}"]


def test_after_more_than_30_days_changes_are_queried_and_unseen_deletions_are_told() -> None:
    """CDC reaches 30 days back. The connection was lost meanwhile."""
    world = World()
    kept, deleted = world.pay((309, "1.00")), world.pay((309, "2.00"))
    world.poll()
    changed = world.pay((309, "3.00"))
    world.company.delete_by_hand("Payment", deleted)
    world.clock.sleep(40 * 86_400)
    late = world.pay((309, "4.00"))
    world.company.delete_by_hand("Payment", kept)
    world.poll()
    assert references(world) == [f"QBO-{each}" for each in (kept, deleted, changed, late)]
    assert world.imported(kept).state is State.NEEDS_ATTENTION  # deleted within the 30 days
    assert world.imported(deleted).state is State.IMPORTED  # which nobody can know any more
    gap = state(world).gap
    assert gap is not None
    assert gap.code == "deletions_unseen"
    for days, told in ((29, True), (2, False)):  # the next poll is no reason to tell it no longer
        world.clock.sleep(days * 86_400)
        world.poll()
        assert (state(world).gap == gap) is told


def test_more_changes_than_cdc_tells_are_all_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """QuickBooks tells 1,000 changes at most; here six, so that the test need not make a thousand payments."""
    monkeypatch.setattr(cdc, "MAX_CDC_OBJECTS", 6)
    monkeypatch.setattr("syncro_quickbooks.online.payments_from.reading.MOST_CHANGES", 6)
    world = World()
    paid = []
    for _ in range(9):
        world.clock.sleep(1800)
        paid.append(world.pay((309, "1.00")))
    world.poll()
    assert references(world) == [f"QBO-{each}" for each in paid]


def test_when_the_reads_for_polls_are_used_up_polls_stop_and_writes_go_on() -> None:
    world = World()
    world._environ["READ_ALLOWANCE"] = "1"  # used up long ago
    world.deployment = world.process()
    reads = world.reads()
    paid = world.pay((309, "1.00"))
    world.poll()
    world.run_for(timedelta(hours=3))
    assert (references(world), world.reads()) == ([], reads)
    problem = state(world).problem
    assert problem is not None
    assert problem.code == "read_allowance_used"
    world.publish("invoice.updated", invoice_detail(309, version=2, note="written while polls are stopped"))
    world.run()
    assert world.record("invoice", 309)["status"] == "synced"
    assert world.reads() == reads
    del world._environ["READ_ALLOWANCE"]
    world.deployment = world.process()
    world.run_for(timedelta(hours=2))
    assert references(world) == [f"QBO-{paid}"]


def test_reads_throttled_across_companies_stop_polls_too() -> None:
    world = World()
    for realm in ("1", "2", "3"):
        world.deployment.read_budget.throttled(realm)
    paid = world.pay((309, "1.00"))
    reads = world.reads()
    world.poll()
    assert world.reads() == reads
    world.run_for(timedelta(hours=2))
    assert references(world) == [f"QBO-{paid}"]


def test_without_a_token_for_syncro_nothing_is_read_and_the_account_says_why() -> None:
    world = World()
    world.deployment.syncro_access.forget(ACCOUNT)
    reads = world.reads()
    world.poll()
    assert world.reads() == reads
    problem = state(world).problem
    assert problem is not None
    assert problem.code == "no_syncro_access"


def test_a_consent_that_a_poll_finds_lost_pauses_the_connection_until_somebody_signs_in() -> None:
    """With nothing to push the poll is the only one to notice, and the console asks for a sign-in by this pause."""
    world = World()
    paid = world.pay((309, "100.00"))
    world.emulator.oauth.disconnect("9130001")
    world.poll()
    connection = world.deployment.accounts.connection(ACCOUNT)
    assert connection is not None
    pause = world.deployment.accounts.health(connection).pause
    assert pause is not None
    assert (pause.problem.code, pause.until) == ("qbo_invalid_grant", None)
    world.sign_in(ACCOUNT, "9130001")
    world.poll()
    assert references(world) == [f"QBO-{paid}"]


def test_a_syncro_that_is_down_costs_no_reads() -> None:
    world = World()
    for _ in range(60):
        world.syncro.faults.add(Fault(kind="status", status=503, shape="html"))
    paid = world.pay((309, "1.00"))
    world.poll()
    reads = world.reads()
    world.run_for(timedelta(hours=3))
    assert world.reads() - reads <= 3 * 4
    world.syncro.faults.clear()
    world.run_for(timedelta(hours=1))
    assert references(world) == [f"QBO-{paid}"]

"""Polls beside what happens meanwhile: lost answers of the push, changes in QuickBooks, moves, stops, offboarding."""

from datetime import timedelta
from decimal import Decimal

import pytest

from emulators.quickbooks_online import Fault
from syncro_quickbooks.online.payments_from.imports import PaymentImport, State
from syncro_quickbooks.storage.table import Write
from syncro_quickbooks.sync.job import JobKind
from syncro_quickbooks.sync.polls import PollState
from tests.support.boundaries import Boundaries, Mode
from tests.support.events import ACCOUNT
from tests.support.payments_from import PaymentsFromWorld
from tests.support.world import USER, ready_settings

pytestmark = pytest.mark.usefixtures("aws_services")

World = PaymentsFromWorld
SECOND = "9130002"


def state(world: World) -> PollState:
    found = world.deployment.polls.state(ACCOUNT)
    assert found is not None
    return found


def references(world: World) -> list[str]:
    return [reference for reference, _, _ in world.payments_in_syncro()]


# -- the push ----------------------------------------------------------------------------------------------------------


def test_a_payment_of_an_invoice_whose_answer_is_lost_is_imported_once_it_is_known_to_be_ours() -> None:
    """The bookkeeper is faster than our proof: for minutes nobody knows that the invoice comes from Syncro."""
    world = World()
    world.emulator.faults.add(Fault(kind="after", operation="create", entity="Invoice"))
    world.invoice(311)
    world.clock.sleep(15)
    world.push()
    paid = world.pay((311, "100.00"))
    world.poll()
    assert references(world) == []
    world.run_for(timedelta(minutes=30))
    assert world.record("invoice", 311)["status"] == "synced"
    assert references(world) == [f"QBO-{paid}"]


# -- changes between the request and its answer ------------------------------------------------------------------------


@pytest.mark.parametrize(("change", "code"), [("amount", "imported_amount_changed"), ("deleted", "imported_deleted")])
def test_what_changed_while_the_answer_was_lost_is_told_once_the_payment_is_found(change: str, code: str) -> None:
    world = World()
    world.syncro.faults.add(Fault(kind="after", method="POST", path="/payments"))
    paid = world.pay((309, "100.00"))
    world.poll()
    world.clock.sleep(60)
    if change == "amount":
        world.company.edit_by_hand("Payment", paid, {"TotalAmt": 60, "Line": world.lines((309, "60.00"))})
    else:
        world.company.delete_by_hand("Payment", paid)
    world.clock.sleep(180)
    world.poll()
    world.run_for(timedelta(minutes=30))
    known = world.imported(paid)
    assert known.problem is not None
    assert (known.state, known.problem.code) == (State.NEEDS_ATTENTION, code)
    assert "$100.00" in known.problem.message
    assert world.payments_in_syncro() == [(f"QBO-{paid}", Decimal(100), [309])]


# -- another company ---------------------------------------------------------------------------------------------------


def move(world: World, *, company_known: bool = True) -> None:
    """The admin connects the account to a second company, and saves settings for it."""
    second = world.emulator.add_company(SECOND, country="US", tax_mode="manual")
    second.duplicate_number_check = False
    world.sign_in(ACCOUNT, SECOND, replace_company=True)
    world.companies[ACCOUNT] = second
    if not company_known:
        world.deployment.accounts.forget_company(ACCOUNT)
    connection = world.deployment.accounts.connection(ACCOUNT)
    assert connection is not None
    settings = ready_settings(second, sync_payments_to=False, sync_payments_from=True)
    world.deployment.accounts.save_settings(ACCOUNT, settings, version=connection.settings_version)


def in_second(world: World, qbo_id: str) -> PaymentImport:
    return world.deployment.payment_imports(ACCOUNT, SECOND).get_many([qbo_id])[qbo_id]


def test_after_a_move_the_new_company_s_payments_are_imported_and_the_old_one_s_are_not() -> None:
    world = World()
    first = world.company
    before = world.pay((309, "16.00"))
    world.poll()
    move(world)
    world.invoice(320)
    world.run()
    reads = [entry.realm for entry in world.emulator.journal if entry.operation == "cdc"]
    world.clock.sleep(600)
    world.companies[ACCOUNT] = first
    world.pay((309, "20.00"))  # in the company that was left
    world.companies[ACCOUNT] = world.emulator.companies[SECOND]
    after = world.pay((320, "30.00"))
    world.run_for(timedelta(hours=25))
    assert references(world) == [f"QBO-{before}", f"QBO-{after}"]
    assert world.payments_in_syncro()[1][2] == [320]
    assert in_second(world, after).state is State.IMPORTED
    later = [entry.realm for entry in world.emulator.journal if entry.operation == "cdc"][len(reads) :]
    assert set(later) == {SECOND}


def test_what_is_paid_in_the_new_company_before_its_first_poll_is_imported() -> None:
    """Polls are held for an hour after the settings were saved: Syncro's token was missing."""
    world = World()
    world.deployment.syncro_access.forget(ACCOUNT)
    move(world)
    world.invoice(320)
    world.run_for(timedelta(minutes=10))
    paid = world.pay((320, "30.00"))
    world.run_for(timedelta(minutes=40))
    world.give_access()
    world.run_for(timedelta(hours=25))
    assert references(world) == [f"QBO-{paid}"]


def test_the_reference_of_another_company_s_payment_is_not_taken_for_this_one_s() -> None:
    """Ids of payments are small numbers that every company counts for itself."""
    world = World()
    before = world.pay((309, "30.00"))
    world.poll()
    (there,) = world.in_syncro.all("payments")
    move(world)
    world.invoice(320)
    world.run()
    world.clock.sleep(600)
    world.syncro.faults.add(Fault(kind="before", method="POST", path="/payments"))
    paid = world.pay((320, "30.00"))
    assert paid == before
    world.poll()
    world.run_for(timedelta(hours=2))
    known = in_second(world, paid)
    assert known.state is State.IMPORTED
    assert known.posted is not None
    assert known.posted.payment != str(there["id"])
    assert [invoices for _, _, invoices in world.payments_in_syncro()] == [[309], [320]]


# -- stops -------------------------------------------------------------------------------------------------------------


def test_a_posting_stop_holds_payments_for_syncro_too_and_loses_none() -> None:
    world = World()
    world.deployment.accounts.stop_posting("all", "something is wrong with amounts")
    paid = world.pay((309, "100.00"))
    world.poll()
    world.run_for(timedelta(hours=2))
    assert references(world) == []
    problem = state(world).problem
    assert problem is not None
    assert "something is wrong with amounts" in problem.message
    world.deployment.accounts.allow_posting("all")
    world.run_for(timedelta(minutes=30))
    assert references(world) == [f"QBO-{paid}"]
    assert state(world).problem is None


def test_a_posting_stop_in_the_middle_of_a_poll_ends_it() -> None:
    world = World()
    paid = [world.pay((309, "1.00")), world.pay((309, "2.00"))]
    uninterrupted = Boundaries()
    other = World()
    other.pay((309, "1.00"))
    other.start(uninterrupted)
    other.poll()
    sending = uninterrupted.calls.index("syncro.POST /payments")

    def stop() -> None:
        world.deployment.accounts.stop_posting("all", "now")

    world.start(Boundaries(sending, Mode.MEANWHILE, meanwhile=stop))
    world.poll()
    assert references(world) == [f"QBO-{paid[0]}"]


# -- what people are told ----------------------------------------------------------------------------------------------


def test_without_settings_for_the_connected_company_it_is_said_to_save_them() -> None:
    world = World()
    world.emulator.add_company(SECOND, country="US", tax_mode="manual")
    world.sign_in(ACCOUNT, SECOND, replace_company=True)
    world.run_for(timedelta(hours=25))
    problem = state(world).problem
    assert problem is not None
    assert problem.code == "no_settings"


def test_what_was_mended_is_no_longer_told_although_quickbooks_is_not_read_yet() -> None:
    world = World()
    paid = world.pay((309, "1.00"))
    world.syncro.faults.add(Fault(kind="before", method="GET", path="/invoices"))
    world._handle("webhook", ACCOUNT)
    world.clock.sleep(1)
    world._handle("poll", ACCOUNT)
    world.deployment.syncro_access.forget(ACCOUNT)
    world.run_for(timedelta(minutes=10))
    problem = state(world).problem
    assert problem is not None
    assert problem.code == "no_syncro_access"
    reads = world.reads()
    world.give_access()
    world.run_for(timedelta(minutes=61))
    assert references(world) == [f"QBO-{paid}"]
    assert world.reads() == reads
    assert state(world).problem is None


def test_a_syncro_that_never_answers_is_told_of() -> None:
    world = World()
    world.syncro.faults.add(Fault(kind="status", status=500, shape="html", path="/invoices", times=None))
    world.pay((309, "1.00"))
    world.poll()
    problem = state(world).problem
    assert problem is not None
    assert problem.code == "syncro_unavailable"


def test_one_payment_that_syncro_shows_oddly_does_not_hold_up_the_others() -> None:
    world = World()
    world.syncro.faults.add(Fault(kind="after", method="POST", path="/payments"))
    paid = world.pay((309, "1.00"))
    world.poll()
    (there,) = world.in_syncro.all("payments")
    world.in_syncro.load("payments", {**there, "payment_amount": "1,000 about"})
    other = world.pay((310, "2.00"))
    world.run_for(timedelta(hours=1))
    world.poll()
    assert world.imported(other).state is State.IMPORTED
    assert world.imported(paid).state is State.NEEDS_ATTENTION


# -- settings ----------------------------------------------------------------------------------------------------------


def test_what_was_paid_while_imports_were_off_is_not_imported_though_a_poll_was_under_way() -> None:
    world = World()
    uninterrupted = Boundaries()
    world.start(uninterrupted)
    world.poll()
    asked = next(at for at, call in enumerate(uninterrupted.calls) if call.startswith("qbo.GET cdc"))

    def off_and_on() -> None:
        world.choose(3, sync_payments_to=False, sync_payments_from=False)
        world.clock.sleep(1200)
        world.pay((309, "1.00"))
        world.clock.sleep(1200)
        world.choose(4, sync_payments_to=False, sync_payments_from=True)

    world.start(Boundaries(asked + 1, Mode.MEANWHILE, meanwhile=off_and_on))
    world.poll()
    world.run_for(timedelta(hours=25))
    assert references(world) == []


# -- somebody leaves ---------------------------------------------------------------------------------------------------


def test_offboarding_forgets_what_payments_and_jobs_have_kept() -> None:
    world = World()
    world.pay((309, "1.00"))
    world.pay((309, "1.00"), total="2.00")
    world.poll()
    world.deployment.jobs.start(ACCOUNT, JobKind.IMPORT_ORGANIZATIONS, "user-1")
    deployment = world.deployment
    writes: list[Write] = [
        *deployment.offboarding.starting(ACCOUNT, USER, "9130001"),
        deployment.syncro_access.forgetting(ACCOUNT),
    ]
    deployment.connector.part(ACCOUNT, writes)
    assert "syncro-access" not in str(world.items(f"acct#{ACCOUNT}"))
    reads = world.reads()
    world.run_for(timedelta(hours=3))
    assert world.reads() == reads
    world.clock.advance_to(world.clock.now() + timedelta(days=30))
    for _ in range(5):
        deployment.offboarding.erase_due(world.clock.now() + timedelta(minutes=4))
        world.poll()  # a webhook, and a message that was under way
        world.run_for(timedelta(hours=1))
    left = [item for item in world.items("") if f"acct#{ACCOUNT}" in str(item)]
    assert left == []

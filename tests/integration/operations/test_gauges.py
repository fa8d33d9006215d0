"""What the alarms are told: how long records wait for us, which Desktop accounts are missed, what a run did."""

from datetime import timedelta

import pytest

from emulators.quickbooks_desktop import CompanyFile
from emulators.quickbooks_online import Fault
from syncro_quickbooks.clock import from_millis
from syncro_quickbooks.desktop.drain import OutboxExchange
from syncro_quickbooks.desktop.last_session import LastSessions
from syncro_quickbooks.desktop.registrations import GONE_AFTER, UNSEEN
from syncro_quickbooks.online.token_store import IDLE
from syncro_quickbooks.sync.accounts import Pause
from syncro_quickbooks.sync.gauges import Gauges
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.model import Problem, Status
from tests.support.events import ACCOUNT, invoice_detail
from tests.support.office import Office
from tests.support.office_events import invoice as desktop_invoice
from tests.support.world import FUNCTION_TIME, World

pytestmark = pytest.mark.usefixtures("aws_services")

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DAY, WEEK = timedelta(days=1), timedelta(days=7)


def connected() -> World:
    world = World()
    world.connect()
    world.run()
    return world


def waiting(world: World) -> timedelta:
    return world.deployment.gauges.oldest_waiting()


def test_a_record_waits_from_its_event_until_it_is_in_quickbooks() -> None:
    world = connected()
    assert waiting(world) == timedelta(0)
    world.emulator.faults.add(Fault(kind="status", status=503, times=None))
    world.publish("invoice.created", invoice_detail(309))
    world.run_for(HOUR)
    world.publish("invoice.created", invoice_detail(310))
    world.run_for(30 * MINUTE)
    assert waiting(world) == 90 * MINUTE

    world.emulator.faults.clear()
    world.run()
    assert waiting(world) == timedelta(0)


def test_what_came_later_counts_once_the_older_one_is_through() -> None:
    world = connected()
    world.publish("invoice.created", invoice_detail(309))
    world.run_for(5 * MINUTE)
    world.publish("invoice.created", invoice_detail(310))
    world.clock.sleep(60)
    # Nobody has looked since the event came.
    assert waiting(world) == MINUTE


def test_a_push_that_never_ends_well_is_seen_too() -> None:
    world = connected()
    world.publish("invoice.created", invoice_detail(309))
    world.lose_messages()
    world.clock.sleep(7200)
    world.deployment.wakes.begin(ACCOUNT)  # a worker began to look and died
    assert waiting(world) == 2 * HOUR


def test_who_waits_for_a_person_does_not_wait_for_us() -> None:
    world = connected()
    connection = world.deployment.accounts.connection(ACCOUNT)
    assert connection is not None
    world.deployment.accounts.pause(connection, Pause(Problem("reconnect", "Sign in again.")))
    world.publish("invoice.created", invoice_detail(309))
    world.run_for(3 * HOUR)
    assert waiting(world) == timedelta(0)


@pytest.mark.parametrize("code", ["140", "6190", "10200"])
def test_a_company_that_its_own_people_have_to_mend_does_not_wait_for_us_between_looks_either(code: str) -> None:
    world = connected()
    world.emulator.faults.add(Fault(kind="error", entity="Invoice", code=code, times=None))
    world.publish("invoice.created", invoice_detail(309))
    world.run_for(HOUR)
    assert waiting(world) == timedelta(0)
    world.publish("invoice.created", invoice_detail(310))
    world.run_for(2 * DAY)
    assert waiting(world) == timedelta(0)

    # Another account's stall is seen.
    world.connect("globex", "9130002")
    world.run_for(MINUTE)
    world.emulator.faults.add(Fault(kind="status", realm="9130002", status=503, times=None))
    world.publish("invoice.created", {**invoice_detail(309), "account_id": "globex"})
    world.run_for(HOUR)
    assert waiting(world) == HOUR

    world.emulator.faults.clear()
    world.run_for(DAY + HOUR)
    assert (world.outstanding(), waiting(world)) == ([], timedelta(0))


def test_nor_does_an_account_whose_company_has_a_preference_that_set_up_forbids() -> None:
    world = World()
    company = world.connect(auto_apply_credit=True)
    world.publish("invoice.created", invoice_detail(309))
    world.run_for(10 * HOUR)
    assert waiting(world) == timedelta(0)
    company.auto_apply_credit = False
    world.run_for(5 * HOUR)
    assert (world.outstanding(), waiting(world)) == ([], timedelta(0))


def test_who_is_paused_by_a_mistake_of_ours_waits_for_us() -> None:
    world = connected()
    world.emulator.oauth.client = ("app", "another secret")
    world.clock.sleep(HOUR.total_seconds())  # the access token is over
    world.publish("invoice.created", invoice_detail(309))
    world.run_for(3 * HOUR)
    assert waiting(world) == 3 * HOUR


def test_a_run_says_what_it_left_in_which_status() -> None:
    world = connected()
    for number in (309, 310):
        world.publish("invoice.created", invoice_detail(number))
    world.publish("invoice.created", invoice_detail(311, number="N" * 22))  # longer than QuickBooks takes
    world.clock.sleep(11)
    report = world.deployment.push.run(ACCOUNT, world.clock.now() + FUNCTION_TIME)
    # Two invoices, their customer and its two products; and one invoice that needs another number.
    assert report.verdicts == {Status.SYNCED: 5, Status.NEEDS_ATTENTION: 1}
    assert not report.throttled


def test_a_run_that_quickbooks_throttles_says_so() -> None:
    world = connected()
    world.publish("invoice.created", invoice_detail(309))
    world.clock.sleep(11)
    world.emulator.faults.add(Fault(kind="status", status=429, times=None))
    assert world.deployment.push.run(ACCOUNT, world.clock.now() + FUNCTION_TIME).throttled


def test_used_reads_are_told_in_percent_of_the_allowance() -> None:
    world = World()
    world._environ["READ_ALLOWANCE"] = "20"
    world.deployment = world.process()
    assert world.deployment.read_budget.used_percent() == 0
    world.connect()
    world.run()  # the company and its preferences: two reads
    assert world.deployment.read_budget.used_percent() == 10


def test_a_desktop_account_is_missed_after_three_days_and_given_up_after_a_month() -> None:
    office = Office()
    gauges = Gauges(office.service.table, office.clock)
    office.clock.sleep(10 * DAY.total_seconds())
    assert gauges.overdue(UNSEEN) == []  # it has never called: that is set-up, not an outage

    office.run()
    office.clock.sleep((3 * DAY - HOUR).total_seconds())
    assert gauges.overdue(UNSEEN) == []
    office.clock.sleep(2 * HOUR.total_seconds())
    assert gauges.overdue(UNSEEN, gone_after=GONE_AFTER) == [ACCOUNT]

    office.run()  # also with nothing to do
    assert gauges.overdue(UNSEEN, gone_after=GONE_AFTER) == []
    office.clock.sleep(34 * DAY.total_seconds())
    assert gauges.overdue(UNSEEN, gone_after=GONE_AFTER) == []


def test_a_token_that_cannot_be_refreshed_is_told_of_until_its_consent_is_over() -> None:
    world = connected()
    gauges, idle = world.deployment.gauges, world.deployment.idle_connections
    world.emulator.faults.add(Fault(kind="status", status=503, operation="token", times=None))
    world.clock.sleep((13 * DAY).total_seconds())
    assert gauges.overdue(IDLE, WEEK) == []
    for day in (2, 30, 54):  # the 15th, the 45th, the 99th
        world.clock.sleep((day * DAY).total_seconds())
        idle.refresh_due(world.clock.now() + HOUR)
        assert gauges.overdue(IDLE, WEEK) == [ACCOUNT]

    world.emulator.faults.clear()
    idle.refresh_due(world.clock.now() + HOUR)
    assert gauges.overdue(IDLE, WEEK) == []


def test_a_consent_that_intuit_refuses_is_no_matter_of_its_age() -> None:
    world = connected()
    world.emulator.oauth.disconnect("9130001")
    world.clock.sleep((15 * DAY).total_seconds())
    world.deployment.idle_connections.refresh_due(world.clock.now() + HOUR)
    assert world.deployment.gauges.overdue(IDLE, WEEK) == []


def test_that_a_web_connector_called_is_noted_once_a_day() -> None:
    office = Office()

    def missed_at() -> timedelta:
        item = office.service.table.get(Keys(ACCOUNT).of_account("desktop"))
        assert item is not None
        return from_millis(int(str(item["next_due"]))) - start

    office.run()
    start = office.clock.now()
    first = missed_at()
    assert 3 * DAY - HOUR < first <= 3 * DAY
    office.clock.sleep(20 * 3600)
    office.run()
    assert missed_at() == first
    office.clock.sleep(5 * 3600)
    office.run()
    assert missed_at() > first + DAY


def left_over(office: Office) -> timedelta:
    """What the newest session was told to have been left by the one before."""
    said = [fields for _, message, fields in office.service.log.lines if message == "Session opened"]
    return timedelta(seconds=int(str(said[-1]["left_over_s"])))


def daily_sessions(office: Office, days: int) -> None:
    for _ in range(days):
        office.clock.sleep(DAY.total_seconds())
        office.run()


@pytest.mark.parametrize("broken", ["it raises", "it finds nothing"])
def test_sessions_in_which_nothing_goes_on_are_noticed(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office()
    office.run_until_quiet()
    office.publish("invoice.created", desktop_invoice(309))

    def of_outbox(*_: object) -> str:
        if broken == "it raises":
            raise KeyError("edit_sequence")
        return ""

    monkeypatch.setattr(OutboxExchange, "_of_outbox", of_outbox)
    daily_sessions(office, 2)
    assert DAY <= left_over(office) < DAY + HOUR
    daily_sessions(office, 1)
    assert 2 * DAY <= left_over(office) < 2 * DAY + HOUR
    failed = [message for _, message, _ in office.service.log.lines if message == "The exchange failed"]
    assert len(failed) == (3 if broken == "it raises" else 0)

    monkeypatch.undo()
    office.run_until_quiet()
    office.publish("invoice.created", desktop_invoice(310))
    daily_sessions(office, 1)
    assert left_over(office) == timedelta(0)


def test_what_waited_for_the_computer_or_for_the_right_company_file_was_not_left_by_us() -> None:
    office = Office()
    office.run_until_quiet()
    office.publish("invoice.created", desktop_invoice(309))
    daily_sessions(office, 1)  # nobody had switched the computer on for a day
    assert left_over(office) == timedelta(0)

    office.connector.company = CompanyFile(name="another company", clock=office.clock.now)
    office.connector.file_id = "{99999999-2222-4333-8444-555555555555}"
    office.publish("invoice.created", desktop_invoice(310))
    daily_sessions(office, 3)
    assert left_over(office) == timedelta(0)
    last = LastSessions(office.service.table, office.clock).of(ACCOUNT)
    assert last is not None
    assert last.problem is not None
    assert last.problem.code == "desktop_wrong_company_file"


def test_a_desktop_session_says_how_many_records_it_decided_about_and_how_many_failed() -> None:
    office = Office()
    office.run_until_quiet()
    office.publish("invoice.created", desktop_invoice(309))
    office.publish("invoice.created", desktop_invoice(310, number="123456789012"))  # 11 characters fit
    office.run_until_quiet()
    said = [fields for _, message, fields in office.service.log.lines if message == "Records decided"]
    assert {str(fields["account_id"]) for fields in said} == {ACCOUNT}
    # The customer and the first invoice are booked, the other invoice needs another number.
    assert sum(int(str(fields["decided"])) for fields in said) == 3
    assert sum(int(str(fields["failed"])) for fields in said) == 1

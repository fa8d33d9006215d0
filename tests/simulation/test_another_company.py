"""An account that is reconnected to another company: nothing learned in the first one is ever used in the second."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from emulators.quickbooks_online import Fault, JournalEntry
from tests.support.books import assert_each_once, sales_lines, standing
from tests.support.boundaries import Boundaries, Mode
from tests.support.events import ACCOUNT, invoice_detail, line
from tests.support.world import World, ready_settings

pytestmark = pytest.mark.usefixtures("aws_services")

FIRST, SECOND = "9130001", "9130002"
INCOME = {"value": "1"}
HOUR = timedelta(hours=1)
TEN_MINUTES = timedelta(minutes=10)
SECONDS_12 = timedelta(seconds=12)
CREATE: dict[str, Any] = {"operation": "create", "entity": "Invoice"}


def version(number: int) -> dict[str, Any]:
    """The second version sells three of product 4."""
    if number == 1:
        return invoice_detail(version=1)
    lines = [line(1, 3), line(2, 4, quantity="3.0")]
    return invoice_detail(version=2, lines=lines, totals=("400.00", "32.00", "432.00"))


ANOTHER = invoice_detail(310)


def in_the_first_company() -> World:
    """Connected to a company in which the ids of new customers and items are higher than any in a new one."""
    world = World()
    company = world.connect(realm=FIRST)
    for number in range(40):
        company.create_by_hand("Customer", {"DisplayName": f"Old customer {number}"})
        company.create_by_hand("Item", {"Name": f"Old item {number}", "Type": "Service", "IncomeAccountRef": INCOME})
    company.create_by_hand("Account", {"Name": "Old income", "AccountType": "Income"})
    return world


def move(world: World) -> None:
    """The admin connects the account to the second company and sets it up for that one."""
    connect_second(world)
    set_up_second(world)


def connect_second(world: World) -> None:
    world.companies["second"] = world.emulator.add_company(SECOND, country="US", tax_mode="manual")
    world.sign_in(ACCOUNT, SECOND, replace_company=True)


def set_up_second(world: World) -> None:
    connection = world.deployment.accounts.connection(ACCOUNT)
    assert connection is not None
    settings = ready_settings(world.companies["second"])
    world.deployment.accounts.save_settings(ACCOUNT, settings, version=connection.settings_version)


def calls(world: World, realm: str, kind: str = "write") -> list[JournalEntry]:
    return [entry for entry in world.emulator.journal if entry.realm == realm and entry.kind == kind]


def links(world: World, realm: str) -> dict[str, str]:
    """Which id each record has in a company."""
    found = [item for item in world.items(f"acct#{ACCOUNT}#") if item["sk"]["S"] == f"realm#{realm}"]
    return {item["pk"]["S"]: item["qbo_id"]["S"] for item in found if item["qbo_id"]["S"]}


def ids_in(value: Any) -> set[str]:
    """Every QuickBooks id that a body names."""
    if isinstance(value, list):
        return set().union(*map(ids_in, value))
    if isinstance(value, dict):
        here = {str(value[name]) for name in ("Id", "value") if isinstance(value.get(name), str)}
        return here.union(*map(ids_in, value.values()))
    return set()


def assert_apart(world: World) -> None:
    """No call to the second company names a request, a list entry or an invoice that belongs to the first."""
    foreign = {qbo_id for key, qbo_id in links(world, FIRST).items() if "invoice" not in key}
    requests = {entry.query["requestid"] for entry in calls(world, FIRST)}
    for entry in calls(world, SECOND):
        assert entry.query["requestid"] not in requests
        assert not ids_in(entry.body) & foreign, entry.operation
        assert entry.status == 200
    invoices = [entry.operation for entry in calls(world, SECOND) if entry.operation.endswith("Invoice")]
    assert invoices[:1] in ([], ["create Invoice"])
    assert not [entry for entry in calls(world, SECOND, "read") if foreign & set(entry.path.split("/"))]


def total(world: World, company: str) -> list[Decimal]:
    return [Decimal(str(each["TotalAmt"])) for each in standing(world.companies[company])]


def test_until_it_is_set_up_for_the_second_company_nothing_is_written_there() -> None:
    world = in_the_first_company()
    world.publish("invoice.created", version(1))
    world.run()
    connect_second(world)
    world.publish("invoice.created", ANOTHER)
    world.run_for(HOUR)
    assert calls(world, SECOND) == []
    set_up_second(world)
    world.run()
    assert total(world, "second") == [Decimal("216.00")]
    assert_apart(world)


def test_what_was_posted_in_the_first_company_stays_as_it_is_and_is_not_posted_again_by_itself() -> None:
    world = in_the_first_company()
    world.publish("invoice.created", version(1))
    world.run()
    before, written = links(world, FIRST), len(calls(world, FIRST))
    assert min(int(each) for key, each in before.items() if "invoice" not in key) > 30
    move(world)
    world.publish("invoice.updated", version(2))
    world.run()
    assert (links(world, FIRST), len(calls(world, FIRST))) == (before, written)
    assert total(world, ACCOUNT) == [Decimal("216.00")]
    assert total(world, "second") == []
    assert "posted_in_another_company" in world.record("invoice", 309)["problems"]
    world.publish("invoice.created", ANOTHER)
    world.run()
    (invoice,) = standing(world.companies["second"])
    assert sales_lines(invoice) == [("Product 3", Decimal("100.00")), ("Product 4", Decimal("100.00"))]
    assert_apart(world)


@pytest.mark.parametrize("kind", ["before", "after"])
def test_a_request_whose_answer_was_lost_is_never_sent_to_the_second_company(kind: Any) -> None:
    world = in_the_first_company()
    world.emulator.faults.add(Fault(kind=kind, **CREATE))
    world.publish("invoice.created", version(1))
    world.run_for(SECONDS_12)
    unresolved = [item["sk"]["S"] for item in world.items(f"#dispatch#{FIRST}")]
    assert len(unresolved) == 1
    written = len(calls(world, FIRST))
    move(world)
    world.run_for(HOUR)
    assert len(calls(world, FIRST)) == written
    assert [item["sk"]["S"] for item in world.items(f"#dispatch#{FIRST}")] == unresolved
    assert total(world, "second") == []  # for it may be in the first one's books
    assert_apart(world)
    # Back in the first company, what became of the request is found out there, and the invoice is booked, once.
    connection = world.deployment.accounts.connection(ACCOUNT)
    assert connection is not None
    world.sign_in(ACCOUNT, FIRST, replace_company=True)
    settings = ready_settings(world.companies[ACCOUNT])
    world.deployment.accounts.save_settings(ACCOUNT, settings, version=connection.settings_version)
    world.run()
    assert total(world, ACCOUNT) == [Decimal("216.00")]
    assert len(links(world, FIRST)) == 4
    assert total(world, "second") == []


def test_moved_at_any_call_of_a_push_the_companies_stay_apart() -> None:
    for at in range(len(moved_at(-1).boundaries.calls)):
        world = moved_at(at)
        hit = f"call {at} ({world.boundaries.hit})"
        if not world.companies.get("second"):
            move(world)
        world.run_for(TEN_MINUTES)
        world.publish("invoice.updated", version(2))
        world.publish("invoice.created", ANOTHER)
        world.run_for(TEN_MINUTES)
        assert_apart(world)
        assert_each_once(world.companies["second"])
        first, second = total(world, ACCOUNT), total(world, "second")
        assert Decimal("216.00") in second, hit  # the other invoice is booked, whatever became of the first
        booked = [*first, *(each for each in second if each != Decimal("216.00"))]
        assert len(booked) <= 1, hit


def moved_at(at: int) -> World:
    """The world after a run of the push in which, at call `at`, the account was moved to the second company."""
    world = in_the_first_company()
    world.publish("invoice.created", version(1))
    world.clock.sleep(11)
    world.start(Boundaries(at=at, mode=Mode.MEANWHILE, meanwhile=lambda: move(world)))
    world.push()
    return world

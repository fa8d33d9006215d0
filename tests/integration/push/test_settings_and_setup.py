"""Settings: of one company only, waited for, moved on by; what has to be changed in QuickBooks is noticed by itself."""

from datetime import timedelta
from typing import Any

import pytest

from emulators.quickbooks_online import Company, Fault
from syncro_quickbooks.sync.accounts import Connection, Health
from syncro_quickbooks.sync.intake import Rejected
from tests.integration.push.spending import actions_of, problem_of, spending
from tests.integration.push.untouched import nothing_changes
from tests.support.books import assert_each_once, sales_lines, standing
from tests.support.events import ACCOUNT, customer, invoice_detail, line, product
from tests.support.world import World, ready_settings

pytestmark = pytest.mark.usefixtures("aws_services")

SECOND = "9130002"


def connection(world: World) -> Connection:
    found = world.deployment.accounts.connection(ACCOUNT)
    assert found is not None
    return found


def health(world: World) -> Health:
    return world.deployment.accounts.health(connection(world))


def save(world: World, company: Company, **changes: Any) -> None:
    version = connection(world).settings_version
    world.deployment.accounts.save_settings(ACCOUNT, ready_settings(company, **changes), version=version)


def statuses(world: World, *numbers: int) -> list[str]:
    return [str(world.record("invoice", number)["status"]) for number in numbers]


def pushed(world: World, number: int, **fields: Any) -> dict[str, Any]:
    world.publish("invoice.created", invoice_detail(number, **fields))
    world.run()
    return world.record("invoice", number)


# -- of one company ----------------------------------------------------------------------------------------------------


def by_hand(company: Company, entity: str, values: dict[str, Any]) -> dict[str, str]:
    made = company.create_by_hand(entity, values)
    return {"id": made["Id"], "name": made["Name"]}


def all_values(value: Any) -> set[str]:
    """Every text in a body."""
    if isinstance(value, dict):
        return set().union(*map(all_values, value.values()))
    if isinstance(value, list):
        return set().union(*map(all_values, value))
    return {value} if isinstance(value, str) else set()


def test_settings_of_one_company_are_no_settings_for_another() -> None:
    world = World()
    first = world.connect()
    income = by_hand(first, "Account", {"Name": "Repairs", "AccountType": "Income"})
    for number in range(40):  # so that the next id is higher than any in a new company
        old = {"Name": f"Old item {number}", "Type": "Service", "IncomeAccountRef": {"value": income["id"]}}
        first.create_by_hand("Item", old)
    item = by_hand(first, "Item", {"Name": "Other", "Type": "Service", "IncomeAccountRef": {"value": income["id"]}})
    save(world, first, income_account_service=income, income_account_stocked=income, fallback_item=item)
    lines = [line(1, 3), line(2, None)]
    assert pushed(world, 309, lines=lines)["status"] == "synced"
    assert {income["id"], item["id"]} <= all_values([entry.body for entry in world.emulator.journal])

    second = world.emulator.add_company(SECOND, country="US", tax_mode="manual")
    world.sign_in(ACCOUNT, SECOND, replace_company=True)
    world.publish("invoice.created", invoice_detail(310, lines=lines))
    world.run_for(timedelta(hours=1))
    assert connection(world).settings is None
    pause = health(world).pause
    assert pause is not None
    assert pause.problem.code == "setup_start_date"
    assert [action.name for action in pause.problem.actions] == ["open_settings"]
    assert [entry for entry in world.emulator.journal if entry.realm == SECOND and entry.kind == "write"] == []

    save(world, second)
    world.run()
    assert health(world).pause is None
    assert statuses(world, 310) == ["synced"]
    sent = [entry.body for entry in world.emulator.journal if entry.realm == SECOND]
    assert not {income["id"], item["id"]} & all_values(sent)
    assert len(standing(first)) == 1
    assert len(standing(second)) == 1


SHARED = "shared@example.com"


@pytest.mark.parametrize(
    ("other", "mine", "code"),
    [
        (("Other", SHARED), ("Mine", SHARED), "customer_email_taken"),
        (("Mine", ""), ("Mine", SHARED), "linked_to_another"),  # no settings help with this one
    ],
)
def test_a_customer_that_is_parked_in_one_company_does_not_wait_in_another(
    other: tuple[str, str], mine: tuple[str, str], code: str
) -> None:
    world = World()
    world.connect()
    pushed(world, 309, owner=customer(70, name=other[0], email=other[1]))
    owner = customer(72, name=mine[0], email=mine[1])
    assert pushed(world, 310, owner=owner)["status"] == "waiting"
    assert problem_of(world.record("customer", 72))["code"] == code

    second = world.emulator.add_company(SECOND, country="US", tax_mode="manual")
    world.sign_in(ACCOUNT, SECOND, replace_company=True)
    save(world, second)
    assert pushed(world, 311, owner=owner)["status"] == "synced"
    assert world.record("customer", 72)["status"] == "synced"
    assert [each["DisplayName"] for each in second.entities("Customer")] == ["Mine"]


# -- saved settings move on --------------------------------------------------------------------------------------------


def test_mapping_its_category_to_an_item_frees_an_invoice_from_a_product_that_is_stuck() -> None:
    world = World()
    company = world.connect()
    first = [product(9, name="Hours")]
    pushed(world, 308, lines=[line(1, 9)], totals=("100.00", "8.00", "108.00"), products=first)
    products = [product(3, name="Hours"), product(4)]
    held = pushed(world, 309, products=products)
    assert held["status"] == "waiting"
    assert problem_of(world.record("product", 3))["code"] == "linked_to_another"
    item = company.entities("Item")[0]
    save(world, company, category_items={"Labor": {"id": item["Id"], "name": item["Name"]}})
    world.run()
    assert statuses(world, 308, 309) == ["synced", "synced"]
    (invoice,) = [each for each in standing(company) if each["DocNumber"] == "10309"]
    assert {name for name, _ in sales_lines(invoice)} == {item["Name"]}


@pytest.mark.parametrize("code", ["2500", "6430"])
def test_saved_settings_try_again_what_quickbooks_refused_for_what_they_name(code: str) -> None:
    world = World()
    company = world.connect()
    pushed(world, 308)
    world.emulator.faults.add(Fault(kind="error", entity="Invoice", operation="create", code=code))
    held = pushed(world, 309)
    assert held["status"] == "needs_attention"
    assert problem_of(held)["code"] == f"qbo_{code}"
    assert "open_settings" in actions_of(problem_of(held))
    world.run_for(timedelta(hours=5))
    assert statuses(world, 309) == ["needs_attention"]  # nothing but a choice helps
    save(world, company)
    world.run()
    assert statuses(world, 309) == ["synced"]
    assert_each_once(company)


@pytest.mark.parametrize("code", ["2500", "6430"])
def test_saved_settings_try_again_an_item_that_was_refused_and_the_invoice_that_waits_for_it(code: str) -> None:
    world = World()
    company = world.connect()
    world.emulator.faults.add(Fault(kind="error", entity="Item", name="Product 3", operation="create", code=code))
    assert pushed(world, 309)["status"] == "waiting"
    assert problem_of(world.record("product", 3))["code"] == f"qbo_{code}"
    save(world, company)
    world.run()
    assert (world.record("product", 3)["status"], statuses(world, 309)) == ("synced", ["synced"])
    assert_each_once(company)


def test_invoices_that_were_skipped_while_syncing_was_off_stay_so_when_it_is_on_again() -> None:
    world = World()
    company = world.connect()
    save(world, company, sync_invoices_to=False, sync_payments_to=False)
    world.run()
    with spending(world) as spent:
        held = pushed(world, 309)
    assert held["status"] == "skipped"
    assert problem_of(held)["code"] == "invoices_off"
    assert "10309" in problem_of(held)["message"]
    assert actions_of(problem_of(held)) == ["open_settings"]
    assert [entry for entry in spent.entries if entry.kind == "write"] == []
    save(world, company)
    world.run()
    assert company.entities("Invoice") == []
    assert statuses(world, 309) == ["skipped"]
    assert pushed(world, 310)["status"] == "synced"


# -- what only QuickBooks can mend -------------------------------------------------------------------------------------


def test_custom_numbers_turned_on_in_quickbooks_are_noticed_within_five_hours() -> None:
    world = World()
    company = world.connect(custom_txn_numbers=False)
    with spending(world) as spent:
        world.publish("invoice.created", invoice_detail(309))
        world.run_for(timedelta(hours=24))
    pause = health(world).pause
    assert pause is not None
    assert pause.problem.code == "setup_custom_numbers"
    assert "Custom transaction numbers" in pause.problem.fix
    assert [entry for entry in spent.entries if entry.kind == "write"] == []
    assert 2 <= spent.reads <= 2 * 7  # two each time: at once, and every four hours
    assert statuses(world, 309) == ["pending"]
    company.custom_txn_numbers = True
    world.run_for(timedelta(hours=5))
    assert statuses(world, 309) == ["synced"]
    assert [each["DocNumber"] for each in standing(company)] == ["10309"]
    assert health(world).pause is None
    assert world.messages == []


# -- automated sales tax that overrides us -----------------------------------------------------------------------------

TAXED = ("200.00", "17.77", "217.77")  # not what automated sales tax comes to
UNTAXED = ("200.00", "0.00", "200.00")


def untaxed_lines() -> list[dict[str, Any]]:
    return [{**each, "taxable": False} for each in (line(1, 3), line(2, 4))]


def test_an_ignored_sales_tax_is_noticed_at_the_first_invoice_and_the_next_taxed_ones_wait_for_a_choice() -> None:
    world = World()
    company = world.connect(tax_mode="automated")
    company.ast_override = "ignore"
    first = pushed(world, 300, totals=TAXED)
    assert first["status"] == "synced_with_warning"
    assert "quickbooks_tax_differs" in first["problems"]

    for number in (301, 302):
        held = pushed(world, number, totals=TAXED)
        assert held["status"] == "needs_attention"
        assert problem_of(held)["code"] == "sales_tax_override_ignored"
        assert actions_of(problem_of(held)) == ["open_settings"]
    assert pushed(world, 303, lines=untaxed_lines(), totals=UNTAXED)["status"] == "synced"
    assert sorted(each["DocNumber"] for each in standing(company)) == ["10300", "10303"]

    save(world, company, ast_policy="accept")
    world.run()
    assert [status.removesuffix("_with_warning") for status in statuses(world, 301, 302)] == ["synced", "synced"]
    assert sorted(each["DocNumber"] for each in standing(company)) == ["10300", "10301", "10302", "10303"]
    assert_each_once(company)


# -- the first version -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["version", "customer.version", "products[0].version"])
def test_versions_begin_with_one(where: str) -> None:
    world = World()
    company = world.connect()
    world.run()
    event = invoice_detail(309)
    broken = {
        "version": {**event, "version": 0},
        "customer.version": {**event, "customer": customer(version=0)},
        "products[0].version": {**event, "products": [product(3, version=0), product(4)]},
    }[where]
    with nothing_changes(world), pytest.raises(Rejected) as refused:
        world.deployment.intake.accept("invoice.created", broken)
    assert f"{where}: " in refused.value.reason
    world.publish("invoice.created", event)
    world.run()
    assert len(standing(company)) == 1

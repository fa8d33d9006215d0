"""Settings name what QuickBooks has: each reference is there, in use and of the right kind, or nothing is saved."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError

from emulators.quickbooks_online import Company, Fault
from syncro_quickbooks.sync.accounts import AnotherCompany, StaleSettings
from syncro_quickbooks.sync.pick_lists import ListsUnavailable
from syncro_quickbooks.sync.settings import Settings, SettingsError, load_settings
from tests.integration.push.spending import spending
from tests.integration.push.untouched import nothing_changes
from tests.support.boundaries import Boundaries, Crash, Mode
from tests.support.events import ACCOUNT
from tests.support.world import World, everything_on, ready_settings

pytestmark = pytest.mark.usefixtures("aws_services")


def chosen(company: Company, **changes: Any) -> Settings:
    return load_settings(ready_settings(company, **changes))


def save(world: World, settings: Settings, version: int = 1) -> int:
    return world.deployment.settings_desk.save(ACCOUNT, settings, version=version, user_id="user-1")


def stored(world: World) -> dict[str, Any]:
    connection = world.deployment.accounts.connection(ACCOUNT)
    assert connection is not None
    assert connection.settings is not None
    return dict(connection.settings)


def named(company: Company, entity: str, name: str) -> dict[str, str]:
    found = next(each for each in company.entities(entity) if each.get("Name", each.get("DisplayName")) == name)
    return {"id": found["Id"]}


def made(company: Company, entity: str, **values: Any) -> dict[str, str]:
    return {"id": company.create_by_hand(entity, values)["Id"]}


def item(company: Company, sold_into: str, **values: Any) -> dict[str, str]:
    income = {"value": named(company, "Account", sold_into)["id"]}
    return made(company, "Item", **{"Name": "Made for this", "Type": "Service", "IncomeAccountRef": income, **values})


def inventory(company: Company) -> dict[str, str]:
    stock = company.create_by_hand("Account", {"Name": "Stock", "AccountType": "Other Current Asset"})
    return item(
        company,
        "Sales of Product Income",
        Type="Inventory",
        TrackQtyOnHand=True,
        QtyOnHand=1,
        InvStartDate="2026-01-01",
        AssetAccountRef={"value": stock["Id"]},
        ExpenseAccountRef={"value": named(company, "Account", "Cost of Goods Sold")["id"]},
    )


def test_everything_that_can_be_chosen_is_saved_with_the_names_that_quickbooks_has(world: World) -> None:
    company = world.connect(everything=True)
    deposits = item(company, "Customer Deposits")
    nameless = chosen(
        company,
        **everything_on_again(company),
        deposit_item=deposits,
        category_items={"Pre-Pay Hours": deposits, "Labor": named(company, "Item", "Services")},
        zero_tax_code=named(company, "TaxCode", "NON"),
        terms_by_days={"30": named(company, "Term", "Net 30")},
        location_classes={"7": made(company, "Class", Name="Austin")},
        location_departments={"7": made(company, "Department", Name="Texas")},
        new_tax_codes={
            "9": {
                "name": "Dallas",
                "agency": {"id": company.entities("TaxAgency")[0]["Id"], "name": "typed by hand"},
                "rates": [{"name": "Dallas", "percent": "8.25"}],
            }
        },
    )
    assert save(world, nameless) == 2
    settings = stored(world)
    assert settings["deposit_item"] == {**deposits, "name": "Made for this"}
    assert settings["terms_by_days"]["30"]["name"] == "Net 30"
    assert settings["location_classes"]["7"]["name"] == "Austin"
    assert settings["category_items"]["labor"]["name"] == "Services"
    assert settings["new_tax_codes"]["9"]["agency"]["name"] == "California Department of Tax and Fee Administration"
    assert settings["payment_methods"]["credit card"]["deposit_account"]["name"] == "Checking"


def everything_on_again(company: Company) -> dict[str, Any]:
    """The switches and items of `everything_on`, whose items are there already."""
    return {
        "sync_store_credit": True,
        "sync_purchase_orders": True,
        "convert_finished_pos_to_bills": True,
        "sync_customer_purchases": True,
        "store_credit_item": named(company, "Item", "Store Credit"),
        "bad_debt_item": named(company, "Item", "Bad Debt"),
        "purchase_item": named(company, "Item", "Used Goods"),
        "ap_account": named(company, "Account", "Accounts Payable (A/P)"),
        "purchase_account": named(company, "Account", "Checking"),
    }


Wrong = tuple[str, Callable[[Company], Any], str, str]

WRONG: list[Wrong] = [
    ("deposit_account", lambda c: named(c, "Account", "Services"), "deposit_account", "of the type 'Income'"),
    ("deposit_account", lambda _: {"id": "4711", "name": "Gone"}, "deposit_account", "no such entry 'Gone' (id 4711)"),
    ("ap_account", lambda c: named(c, "Account", "Checking"), "ap_account", "of the type 'Bank'"),
    ("purchase_account", lambda c: named(c, "Account", "Visa"), "purchase_account", "of the type 'Credit Card'"),
    ("income_account_service", lambda c: named(c, "Account", "Checking"), "income_account_service", "type 'Bank'"),
    ("income_account_stocked", lambda c: named(c, "Account", "Bad Debts"), "income_account_stocked", "type 'Expense'"),
    (
        "income_accounts_by_category",
        lambda c: {"Labor": named(c, "Account", "Undeposited Funds")},
        "income_accounts_by_category.labor",
        "'Other Current Asset'",
    ),
    ("expense_account", lambda c: named(c, "Account", "Services"), "expense_account", "of the type 'Income'"),
    ("fallback_item", lambda _: {"id": "999"}, "fallback_item", "with the id 999"),
    ("fallback_item", inventory, "fallback_item", "must not move stock"),
    ("discount_item", lambda c: made(c, "Item", Name="Shelf", Type="Category"), "discount_item", "type 'Category'"),
    ("deposit_item", lambda c: named(c, "Item", "Services"), "deposit_item", "would count as income"),
    (
        "category_items",
        lambda c: {"Prepaid Hours": named(c, "Item", "Services")},
        "category_items.prepaid hours",
        "would count as income",
    ),
    ("us_tax_line_item", lambda c: named(c, "Item", "Services"), "us_tax_line_item", "would count as income"),
    ("purchase_item", lambda c: named(c, "Item", "Services"), "purchase_item", "no expense account"),
    ("store_credit_item", lambda _: {"id": "999"}, "store_credit_item", "no such entry"),
    ("bad_debt_item", lambda _: {"id": "999"}, "bad_debt_item", "no such entry"),
    ("tax_codes", lambda c: {"1": named(c, "TaxCode", "TAX")}, "tax_codes.1", "not at which rate"),
    ("zero_tax_code", lambda c: named(c, "TaxCode", "Tucson"), "zero_tax_code", "charges 9.1 % on sales"),
    ("exempt_tax_code", lambda c: named(c, "TaxCode", "California"), "exempt_tax_code", "charges 8 % on sales"),
    ("out_of_scope_tax_code", lambda c: named(c, "TaxCode", "TAX"), "out_of_scope_tax_code", "no code for untaxed"),
    (
        "payment_methods",
        lambda _: {"Cash": {"kind": "money", "method": {"id": "88", "name": "Shells"}}},
        "payment_methods.cash.method",
        "no such entry 'Shells'",
    ),
    (
        "payment_methods",
        lambda c: {"Cash": {"kind": "money", "deposit_account": named(c, "Account", "Services")}},
        "payment_methods.cash.deposit_account",
        "of the type 'Income'",
    ),
    ("terms", lambda _: {"3": {"id": "77"}}, "terms.3", "no such entry"),
    ("terms_by_days", lambda _: {"30": {"id": "77"}}, "terms_by_days.30", "no such entry"),
    ("location_classes", lambda _: {"5": {"id": "1"}}, "location_classes.5", "no such entry"),
    ("location_departments", lambda _: {"5": {"id": "1"}}, "location_departments.5", "no such entry"),
    (
        "new_tax_codes",
        lambda _: {"9": {"name": "D", "agency": {"id": "66"}, "rates": [{"name": "D", "percent": "8"}]}},
        "new_tax_codes.9.agency",
        "no such entry",
    ),
]


@pytest.mark.parametrize(("setting", "make", "path", "words"), WRONG, ids=[f"{case[2]}: {case[3]}" for case in WRONG])
def test_a_reference_that_cannot_be_used_is_named(
    world: World, setting: str, make: Callable[[Company], Any], path: str, words: str
) -> None:
    company = world.connect()
    settings = chosen(company, **{setting: make(company)})
    before = stored(world)
    with pytest.raises(SettingsError) as refused:
        save(world, settings)
    (reason,) = refused.value.reasons
    assert reason.setting == path
    assert words in reason.message
    assert reason.fix.startswith("Choose ")
    assert stored(world) == before


def test_all_that_is_wrong_is_said_at_once(world: World) -> None:
    company = world.connect()
    wrong = {"deposit_account": {"id": "901"}, "fallback_item": {"id": "902"}, "terms": {"1": {"id": "903"}}}
    with pytest.raises(SettingsError) as refused:
        save(world, chosen(company, **wrong))
    assert {reason.setting for reason in refused.value.reasons} == {"deposit_account", "fallback_item", "terms.1"}


def test_what_was_chosen_before_and_is_gone_now_is_still_refused(world: World) -> None:
    company = world.connect()
    settings = chosen(company, terms_by_days={"15": named(company, "Term", "Net 15")})
    save(world, settings)
    company.deactivate_by_hand("Term", named(company, "Term", "Net 15")["id"])
    world.clock.sleep(25 * 3600)
    with pytest.raises(SettingsError, match=r"terms_by_days\.15"):
        save(world, settings, version=2)


def test_saving_costs_one_read_of_each_list_that_is_named_and_then_none(world: World) -> None:
    company = world.connect()
    settings = chosen(company)
    with spending(world) as first:
        save(world, settings)
    with spending(world) as second:
        save(world, settings, version=2)
    assert sorted(first.operations) == [
        "query Account",
        "query Item",
        "query PaymentMethod",
        "query TaxCode",
        "query TaxRate",
    ]
    assert (first.reads, second.reads) == (5, 0)


def test_an_account_that_was_made_a_moment_ago_can_be_chosen_for_one_read(world: World) -> None:
    company = world.connect()
    save(world, chosen(company))
    world.clock.sleep(120)
    vault = made(company, "Account", Name="Vault", AccountType="Bank")
    with spending(world) as spent:
        save(world, chosen(company, deposit_account=vault), version=2)
    assert stored(world)["deposit_account"] == {**vault, "name": "Vault"}
    assert spent.operations == ["query Account"]


def test_trying_a_wrong_one_again_and_again_costs_one_read_a_minute(world: World) -> None:
    company = world.connect()
    save(world, chosen(company))
    world.clock.sleep(120)
    with spending(world) as spent:
        for _ in range(5):
            world.clock.sleep(5)
            with pytest.raises(SettingsError):
                save(world, chosen(company, deposit_account={"id": "4711"}), version=2)
    assert spent.reads == 1


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault(kind="before", operation="query", entity="Account"), "quickbooks_unavailable"),
        (Fault(kind="status", operation="query", status=503, shape="html"), "quickbooks_unavailable"),
        (Fault(kind="status", operation="query", status=429, times=None), "quickbooks_unavailable"),
        (Fault(kind="truncate", operation="query", entity="Item"), "quickbooks_unavailable"),
    ],
)
def test_what_cannot_be_checked_is_not_saved(world: World, fault: Fault, code: str) -> None:
    company = world.connect()
    before = stored(world)
    world.emulator.faults.add(fault)
    with pytest.raises(ListsUnavailable) as unavailable:
        save(world, chosen(company))
    assert unavailable.value.problem.code == code
    assert stored(world) == before
    world.emulator.faults.clear()
    assert save(world, chosen(company)) == 2


def test_once_the_read_allowance_is_gone_only_what_is_known_can_be_chosen(world: World) -> None:
    company = world.connect()
    save(world, chosen(company))
    month = f"workspace#reads#{world.clock.now():%Y-%m}"
    used_up = {"pk": {"S": month}, "sk": {"S": "counter"}, "used": {"N": "400000"}}  # 80 %, all that users may take
    world.table.put_item(TableName=world.table_name, Item=used_up)
    assert save(world, chosen(company, quiet_seconds=30), version=2) == 3
    world.clock.sleep(120)
    with pytest.raises(ListsUnavailable) as unavailable, nothing_changes(world):
        save(world, chosen(company, deposit_account={"id": "4711"}), version=3)
    assert unavailable.value.problem.code == "read_allowance_exhausted"


def test_lost_consent_says_to_connect_again(world: World) -> None:
    company = world.connect()
    world.emulator.oauth.disconnect("9130001")
    with pytest.raises(ListsUnavailable) as unavailable:
        save(world, chosen(company))
    assert unavailable.value.problem.code == "qbo_invalid_grant"
    assert "reconnect" in [action.name for action in unavailable.value.problem.actions]


def test_a_plan_without_classes_has_none_to_choose_from(world: World) -> None:
    company = world.connect()
    world.emulator.faults.add(Fault(kind="error", operation="query", entity="Class", code="5020", times=None))
    with pytest.raises(SettingsError, match=r"location_classes\.5"):
        save(world, chosen(company, location_classes={"5": {"id": "1"}}))
    assert world.deployment.settings_desk.pick_list(ACCOUNT, "classes").entries == ()


def test_somebody_who_saved_meanwhile_is_not_overwritten(world: World) -> None:
    company = world.connect()
    save(world, chosen(company, quiet_seconds=20))
    with spending(world) as spent, pytest.raises(StaleSettings):
        save(world, chosen(company, quiet_seconds=30))
    assert spent.reads == 0
    assert stored(world)["quiet_seconds"] == 20


def test_of_two_who_save_at_once_one_is_told_to_look_again(world: World) -> None:
    company = world.connect()
    second, accounts = world.process().settings_desk, world.deployment.accounts
    in_between = accounts.save_settings

    def overtaken(*arguments: Any, **named: Any) -> int:
        accounts.save_settings = in_between  # type: ignore[method-assign]  # in its place for this test
        assert second.save(ACCOUNT, chosen(company, quiet_seconds=20), version=1, user_id="user-2") == 2
        return in_between(*arguments, **named)

    accounts.save_settings = overtaken  # type: ignore[method-assign]  # in its place for this test
    with pytest.raises(StaleSettings):
        save(world, chosen(company, quiet_seconds=30))
    assert stored(world)["quiet_seconds"] == 20


@pytest.mark.parametrize("mode", [Mode.BEFORE, Mode.AFTER, Mode.LOST])
def test_wherever_saving_dies_the_settings_are_the_old_or_the_new_ones(world: World, mode: Mode) -> None:
    company = world.connect()
    save(world, chosen(company))
    before, version, hit, at = stored(world), 2, "at the start", 0
    while hit:
        new = chosen(company, lock_date=f"2026-01-{at + 1:02}")
        world.start(Boundaries(at, mode))
        with suppress(Crash, BotoCoreError, ListsUnavailable):
            save(world, new, version=version)
        hit, at = world.boundaries.hit, at + 1
        world.start(Boundaries())
        after = stored(world)
        assert after in (before, {**before, "lock_date": new.lock_date and new.lock_date.isoformat()}), hit
        connection = world.deployment.accounts.connection(ACCOUNT)
        assert connection is not None
        assert connection.settings_version == version + (after != before)
        before, version = after, connection.settings_version
    assert after["lock_date"] == f"2026-01-{at:02}"
    assert at > 5


def test_settings_checked_in_one_company_are_not_saved_for_another(world: World) -> None:
    company = world.connect()
    accounts = world.deployment.accounts
    in_between = accounts.save_settings

    def moved(*arguments: Any, **named: Any) -> int:
        world.emulator.add_company("9130002")
        world.sign_in(ACCOUNT, "9130002", replace_company=True)
        return in_between(*arguments, **named)

    accounts.save_settings = moved  # type: ignore[method-assign]  # in its place for this test
    with pytest.raises(AnotherCompany):
        save(world, chosen(company))
    connection = accounts.connection(ACCOUNT)
    assert connection is not None
    assert (connection.realm_id, connection.settings) == ("9130002", None)


def test_a_switch_that_is_turned_on_remembers_since_when(world: World) -> None:
    company = world.connect()
    accounts = world.deployment.accounts
    connected_at = world.clock.now()
    world.clock.sleep(3600)
    later = world.clock.now()
    save(world, chosen(company, sync_payments_to=False, sync_payments_from=True))
    world.clock.sleep(3600)
    save(world, chosen(company, sync_payments_to=False, sync_payments_from=True, quiet_seconds=5), version=2)
    connection = accounts.connection(ACCOUNT)
    assert connection is not None
    assert connection.enabled_at == {"sync_invoices_to": connected_at, "sync_payments_from": later}
    world.clock.sleep(3600)
    save(world, chosen(company), version=3)
    connection = accounts.connection(ACCOUNT)
    assert connection is not None
    assert connection.enabled_at == {"sync_invoices_to": connected_at, "sync_payments_to": world.clock.now()}


def test_the_settings_that_the_tests_and_the_demo_use_could_be_saved_by_a_person(world: World) -> None:
    company = world.connect()
    assert save(world, chosen(company, **everything_on(company))) == 2

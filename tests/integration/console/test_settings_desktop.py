"""Settings of QuickBooks Desktop: chosen from what the Web Connector's session read, and only what Desktop does."""

from typing import Any

import pytest

from syncro_quickbooks.desktop.choices import DesktopChoices
from syncro_quickbooks.sync.accounts import Edition
from syncro_quickbooks.sync.audit import Audit
from syncro_quickbooks.sync.model import Kind, Status
from syncro_quickbooks.sync.pick_lists import ListsUnavailable
from syncro_quickbooks.sync.settings import SettingsError, load_settings
from syncro_quickbooks.sync.settings_desk import SettingsDesk
from tests.support.events import invoice_detail
from tests.support.office import Office, ready_settings

pytestmark = pytest.mark.usefixtures("aws_services")


def desk_of(office: Office) -> SettingsDesk:
    audit = Audit(office.service.table, office.clock)
    return SettingsDesk(office.accounts, office.clock, {Edition.DESKTOP: DesktopChoices(office.accounts)}, audit)


def office_after_a_session() -> Office:
    office = Office()
    office.run()
    return office


@pytest.fixture(scope="module")
def unchanged(aws_services: None) -> Office:
    """An office for tests after which everything is as it was."""
    return office_after_a_session()


def save(office: Office, **changes: Any) -> int:
    settings = load_settings({**ready_settings(office.company), **changes})
    return desk_of(office).save(office.account, settings, version=version(office), user_id="user-1")


def version(office: Office) -> int:
    connection = office.accounts.connection(office.account)
    assert connection is not None
    return connection.settings_version


def ref(office: Office, kind: str, name: str) -> dict[str, str]:
    found = office.company.named(kind, name)
    assert found is not None
    return {"id": found["ListID"]}


def refused(office: Office, **changes: Any) -> dict[str, str]:
    before = office.accounts.connection(office.account)
    with pytest.raises(SettingsError) as error:
        save(office, **changes)
    after = office.accounts.connection(office.account)
    assert before is not None
    assert after is not None
    assert (after.settings, after.settings_version) == (before.settings, before.settings_version)
    return {reason.setting: f"{reason.message} {reason.fix}" for reason in error.value.reasons}


def test_the_settings_of_a_company_file_are_saved_with_its_names() -> None:
    office = office_after_a_session()
    deposit = {"id": ref(office, "Account", "Undeposited Funds")["id"], "name": "typed"}
    assert save(office, deposit_account=deposit, terms_by_days={"30": ref(office, "StandardTerms", "Net 30")}) == 2
    connection = office.accounts.connection(office.account)
    assert connection is not None
    assert connection.settings is not None
    assert connection.settings["deposit_account"] == {**deposit, "name": "Undeposited Funds"}


@pytest.mark.parametrize(
    ("setting", "kind", "name", "words"),
    [
        ("deposit_account", "Account", "Services", "of the type 'Income'"),
        ("fallback_item", "ItemSalesTax", "State Tax", "of the type"),
        ("store_credit_item", "Account", "Checking", "no such entry"),
        ("zero_tax_code", "ItemSalesTax", "State Tax", "charges 8.25 %"),
    ],
)
def test_a_reference_that_cannot_be_used_is_named(
    unchanged: Office, setting: str, kind: str, name: str, words: str
) -> None:
    reasons = refused(unchanged, **{setting: ref(unchanged, kind, name)})
    assert list(reasons) == [setting]
    assert words in reasons[setting]
    assert "Choose " in reasons[setting]


ONLINE_ONLY: list[dict[str, Any]] = [
    {"sync_payments_to": False, "sync_payments_from": True},
    {"sync_purchase_orders": True},
    {"sync_purchase_orders": True, "convert_finished_pos_to_bills": True},
    {"sync_customer_purchases": True},
    {"new_tax_codes": {"2": {"name": "A", "agency": {"id": "1"}, "rates": [{"name": "A", "percent": "1"}]}}},
    {"location_classes": {"1": {"id": "1"}}},
    {"location_departments": {"1": {"id": "1"}}},
    {"ap_account": {"id": "1"}},
    {"purchase_account": {"id": "1"}, "purchase_item": {"id": "1"}},
    {"expense_account": {"id": "1"}, "income_account_service": {"id": "1"}, "income_account_stocked": {"id": "1"}},
    {"income_accounts_by_category": {"labor": {"id": "1"}}},
    {"exempt_tax_code": {"id": "1"}, "out_of_scope_tax_code": {"id": "1"}},
    {"bad_debt_item": {"id": "1"}, "us_tax_line_item": {"id": "1"}},
]


@pytest.mark.parametrize("changes", ONLINE_ONLY, ids=[" ".join(each) for each in ONLINE_ONLY])
def test_what_desktop_does_not_do_cannot_be_chosen(unchanged: Office, changes: dict[str, Any]) -> None:
    reasons = refused(unchanged, **changes)
    assert set(reasons) == set(changes) - {"sync_payments_to"}
    assert all("not for QuickBooks Desktop" in words for words in reasons.values())


def test_before_the_first_session_there_is_nothing_to_choose_from() -> None:
    office = Office()
    with pytest.raises(ListsUnavailable) as unavailable:
        save(office)
    assert unavailable.value.problem.code == "desktop_no_session_yet"
    assert "Run the Web Connector" in unavailable.value.problem.fix
    with pytest.raises(ListsUnavailable):
        desk_of(office).pick_list(office.account, "items")


def test_what_was_added_since_is_there_after_the_next_session() -> None:
    office = office_after_a_session()
    desk = desk_of(office)
    office.clock.sleep(3600)
    office.company.enter("Account", Name="Vault", AccountType="Bank")
    vault = ref(office, "Account", "Vault")
    reasons = refused(office, deposit_account=vault)
    assert "Run the Web Connector if something was just added" in reasons["deposit_account"]
    shown = desk.pick_list(office.account, "accounts")
    assert (shown.read_at, "Vault" in [each.name for each in shown.entries]) == (None, False)
    office.run()
    assert save(office, deposit_account=vault) == 2
    assert desk.pick_list(office.account, "accounts").read_at is not None


def test_asking_for_newer_lists_says_when_they_come() -> None:
    office = office_after_a_session()
    desk = desk_of(office)
    assert desk.pick_list(office.account, "terms").problem is None
    office.clock.sleep(120)
    shown = desk.pick_list(office.account, "terms", refresh=True)
    assert [each.name for each in shown.entries] == ["Due on receipt", "Net 15", "Net 30", "Net 60"]
    assert shown.problem is not None
    assert shown.problem.code == "desktop_lists_with_next_session"


def test_the_checklist_is_the_one_of_desktop() -> None:
    office = Office(ready=False)
    office.run()
    view = desk_of(office).view(office.account)
    assert [problem.code for problem in view.checklist or ()] == [
        "setup_start_date",
        "setup_fallback_item",
        "setup_tax_codes",
        "setup_deposit_account",
    ]


@pytest.mark.parametrize("both", [True, False])
def test_the_worker_sends_nothing_by_settings_that_want_payments_back(both: bool) -> None:
    office = office_after_a_session()
    office.choose(sync_payments_to=both, sync_payments_from=True)
    office.publish("invoice.created", invoice_detail(301))
    report = office.run()
    assert not office.company.entities("Invoice")
    assert "FROM QuickBooks" in report.last_error
    assert office.status(Kind.INVOICE, 301)[0] is Status.PENDING
    office.choose()
    office.run()
    assert len(office.company.entities("Invoice")) == 1

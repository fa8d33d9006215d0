"""Settings are saved as a whole, refuse to contradict themselves, and say what is missing."""

import json
from dataclasses import replace
from datetime import date

import pytest

from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.online.company import Company
from syncro_quickbooks.sync.settings import (
    AstPolicy,
    Numbering,
    Ref,
    Settings,
    SettingsError,
    dump_settings,
    load_settings,
    missing_choices,
)
from tests.unit.mapping.mapping_builders import CANADA, SETTINGS, US, US_AUTOMATED

READY = SETTINGS.model_copy(update={"start_date": date(2026, 11, 1), "deposit_account": Ref(id="63")})


def test_settings_come_back_from_json_as_they_were_saved() -> None:
    rich = READY.model_copy(
        update={
            "time_zone": "America/Chicago",
            "lock_date": date(2026, 9, 30),
            "terms_by_days": {30: Ref(id="3", name="Net 30")},
            "location_classes": {7: Ref(id="77", name="Austin")},
            "ast_policy": AstPolicy.TAX_LINE,
        }
    )
    assert load_settings(json.loads(json.dumps(dump_settings(rich)))) == rich


def test_payments_in_both_directions_are_refused() -> None:
    with pytest.raises(SettingsError, match="cannot both be on"):
        load_settings({"schema": 1, "sync_payments_to": True, "sync_payments_from": True})


def test_payments_to_quickbooks_need_invoices_there() -> None:
    with pytest.raises(SettingsError, match="needs Sync Invoices TO"):
        load_settings({"schema": 1, "sync_invoices_to": False, "sync_payments_to": True})


def test_payments_from_quickbooks_work_with_invoices_to_quickbooks() -> None:
    settings = load_settings(
        {"schema": 1, "sync_invoices_to": True, "sync_payments_to": False, "sync_payments_from": True}
    )
    assert settings.sync_payments_from


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("time_zone", "Texas", "time_zone: is not a time zone name"),
        ("time_zone", "../../etc/passwd", "time_zone: is not a time zone name"),
        ("quiet_seconds", -1, "quiet_seconds: "),
        ("fallback_item", {"id": ""}, "fallback_item.id: "),
        ("no_such_setting", 1, "no_such_setting: "),
        ("tax_codes", {"first": {"id": "1"}}, "tax_codes.first"),
    ],
)
def test_an_impossible_setting_is_named(field: str, value: Json, reason: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings({"schema": 1, field: value})
    assert any(str(each).startswith(reason) for each in refused.value.reasons), refused.value.reasons


def test_settings_of_another_schema_are_not_guessed_at() -> None:
    with pytest.raises(SettingsError, match="schema 2 cannot be read"):
        load_settings({"schema": 2})


def test_categories_match_whatever_their_case_and_blanks() -> None:
    settings = Settings(category_items={" Pre-Pay  Hours": Ref(id="9")})
    assert settings.category_item("pre-pay hours ") == Ref(id="9")
    assert settings.category_item(None) is None


def test_the_income_account_of_a_category_wins_over_the_one_of_the_kind() -> None:
    settings = SETTINGS.model_copy(update={"income_accounts_by_category": {"labor": Ref(id="99")}})
    assert settings.income_account("Labor", stocked=False) == Ref(id="99")
    assert settings.income_account("Parts", stocked=True) == Ref(id="61")
    assert settings.income_account(None, stocked=False) == Ref(id="60")


@pytest.mark.parametrize("company", [US, CANADA, US_AUTOMATED])
def test_complete_settings_miss_nothing(company: Company) -> None:
    assert missing_choices(READY, company) == ()


def test_a_new_account_is_told_everything_it_has_to_choose() -> None:
    missing = missing_choices(Settings(), CANADA)
    assert [problem.code for problem in missing] == [
        "setup_start_date",
        "setup_fallback_item",
        "setup_income_account_service",
        "setup_income_account_stocked",
        "setup_expense_account",
        "setup_tax_codes",
        "setup_zero_tax_code",
        "setup_deposit_account",
    ]


def test_a_company_that_numbers_by_itself_blocks_until_somebody_decides() -> None:
    company = replace(US, custom_txn_numbers=False)
    by_choice = READY.model_copy(update={"numbering": Numbering.MEMO_WHEN_QUICKBOOKS_NUMBERS})
    assert [problem.code for problem in missing_choices(READY, company)] == ["setup_custom_numbers"]
    assert missing_choices(by_choice, company) == ()


def test_automatic_credits_block_only_where_payments_or_credits_go_to_quickbooks() -> None:
    company = replace(US, auto_apply_credit=True)
    without_payments = READY.model_copy(update={"sync_payments_to": False})
    with_credit = without_payments.model_copy(update={"sync_store_credit": True, "store_credit_item": Ref(id="7")})
    assert missing_choices(without_payments, company) == ()
    for settings in (READY, with_credit):
        assert [problem.code for problem in missing_choices(settings, company)] == ["setup_auto_apply_credit"]


@pytest.mark.parametrize(
    ("switch", "missing"),
    [
        ({"sync_store_credit": True}, ["setup_store_credit_item"]),
        ({"sync_purchase_orders": True}, ["setup_ap_account"]),
        ({"sync_customer_purchases": True}, ["setup_purchase_account", "setup_purchase_item"]),
    ],
)
def test_each_kind_of_document_asks_for_what_it_needs_once_it_is_on(switch: JsonObject, missing: list[str]) -> None:
    settings = READY.model_copy(update=switch)
    assert [problem.code for problem in missing_choices(settings, US)] == missing


def test_tax_as_a_line_needs_its_item() -> None:
    settings = READY.model_copy(update={"ast_policy": AstPolicy.TAX_LINE})
    assert [problem.code for problem in missing_choices(settings, US_AUTOMATED)] == ["setup_us_tax_line_item"]

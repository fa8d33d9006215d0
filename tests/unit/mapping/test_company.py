"""A company's preferences say how its invoices have to look."""

import json
from datetime import date
from typing import Any

import pytest

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.company import Company, TaxMode

PREFERENCES: JsonObject = {
    "AccountingInfoPrefs": {
        "TrackDepartments": True,
        "ClassTrackingPerTxn": False,
        "ClassTrackingPerTxnLine": True,
        "BookCloseDate": "2026-09-30",
    },
    "SalesFormsPrefs": {"CustomTxnNumbers": True, "AutoApplyCredit": True, "AllowDiscount": False},
    "CurrencyPrefs": {"MultiCurrencyEnabled": True, "HomeCurrency": {"value": "CAD"}},
    "TaxPrefs": {"UsingSalesTax": True},
}


def test_a_company_is_read_from_quickbooks_objects() -> None:
    company = Company.from_quickbooks(PREFERENCES, {"CompanyName": "Maple IT", "Country": "CA"})
    assert company == Company(
        name="Maple IT",
        country="CA",
        home_currency="CAD",
        multi_currency=True,
        tax_mode=TaxMode.NON_US,
        custom_txn_numbers=True,
        auto_apply_credit=True,
        allow_discount=False,
        class_per_transaction=False,
        class_per_line=True,
        track_departments=True,
        book_close_date=date(2026, 9, 30),
    )
    assert not company.is_us


@pytest.mark.parametrize(
    ("tax", "country", "mode"),
    [
        ({"UsingSalesTax": True}, "US", TaxMode.US_MANUAL),
        ({"UsingSalesTax": True, "PartnerTaxEnabled": True}, "US", TaxMode.US_AUTOMATED),
        ({"UsingSalesTax": False, "PartnerTaxEnabled": False}, "US", TaxMode.NO_TAX),
        ({}, "US", TaxMode.NO_TAX),
        ({"UsingSalesTax": True}, "GB", TaxMode.NON_US),
        ({"UsingSalesTax": False}, "CA", TaxMode.NO_TAX),
    ],
)
def test_the_tax_mode_follows_country_and_tax_preferences(tax: JsonObject, country: str, mode: TaxMode) -> None:
    assert Company.from_quickbooks({**PREFERENCES, "TaxPrefs": tax}, {"Country": country}).tax_mode is mode


@pytest.mark.parametrize("country", ["US", "usa", "United States"])
def test_a_us_company_is_recognised_and_keeps_dollars_by_default(country: str) -> None:
    company = Company.from_quickbooks({}, {"Country": country})
    assert (company.is_us, company.home_currency, company.tax_mode) == (True, "USD", TaxMode.NO_TAX)
    assert not company.custom_txn_numbers


def test_a_company_without_country_or_currency_is_refused() -> None:
    with pytest.raises(ValueError, match="Country"):
        Company.from_quickbooks(PREFERENCES, {})
    with pytest.raises(ValueError, match="HomeCurrency"):
        Company.from_quickbooks({}, {"Country": "CA"})


@pytest.mark.parametrize("preferences", [PREFERENCES, {}])
def test_a_company_comes_back_from_json_as_it_was_stored(preferences: JsonObject) -> None:
    company = Company.from_quickbooks(preferences, {"Country": "US"})
    assert Company.from_json(json.loads(json.dumps(company.to_json()))) == company


def test_a_stored_company_of_another_schema_is_not_guessed_at() -> None:
    with pytest.raises(ValueError, match="schema 2"):
        Company.from_json({"schema": 2})


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ([{"Name": "VendorAndPurchasesPrefs.UseCustomTxnNumbers", "Value": "true"}], True),
        ([{"Name": "VendorAndPurchasesPrefs.UseCustomTxnNumbers", "Value": "false"}], False),
        ([{"Name": "SalesFormsPrefs.UseCustomTxnNumbers", "Value": "true"}], False),
        ([], False),
        (None, False),
    ],
)
def test_purchases_have_a_switch_of_their_own_for_numbers(listed: Any, expected: bool) -> None:
    preferences: JsonObject = {"OtherPrefs": {"NameValue": listed}} if listed is not None else {}
    company = Company.from_quickbooks(preferences, {"Country": "US"})
    assert company.custom_purchase_numbers is expected
    assert Company.from_json(company.to_json()) == company

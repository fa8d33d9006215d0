"""Name lists: required, length, characters, uniqueness, updates (facts: QBO 1.0-1.2, 1.8)."""

from typing import Any

import pytest


def test_a_created_customer_looks_like_the_recorded_answer(us: Any) -> None:
    customer = us.make("Customer", {"DisplayName": "Doe5, Jane"})
    assert customer == {
        "Taxable": True,
        "Job": False,
        "BillWithParent": False,
        "Balance": 0,
        "BalanceWithJobs": 0,
        "CurrencyRef": {"value": "USD", "name": "United States Dollar"},
        "PreferredDeliveryMethod": "Print",
        "domain": "QBO",
        "sparse": False,
        "Id": "1",
        "SyncToken": "0",
        "MetaData": {"CreateTime": "2026-11-23T04:00:00-08:00", "LastUpdatedTime": "2026-11-23T04:00:00-08:00"},
        "FullyQualifiedName": "Doe5, Jane",
        "DisplayName": "Doe5, Jane",
        "PrintOnCheckName": "Doe5, Jane",
        "Active": True,
    }


def test_an_unknown_field_is_refused_in_intuits_words(us: Any) -> None:
    answer = us.post("invoice", {"BadJson": 1})
    assert (answer.status, answer.code) == (400, "2010")
    assert answer.detail.startswith(
        'Property Name:Unrecognized field "BadJson" (class com.intuit.schema.finance.v3.Invoice), not marked as'
    )


@pytest.mark.parametrize(
    "body",
    [
        {"DisplayName": "A", "PrimaryEmailAddr": {"Adress": "a@b.c"}},
        {"DisplayName": "A", "BillAddr": {"Street": "x"}},
        {"DisplayName": "A", "SalesTermRef": {"value": "1", "id": "1"}},
    ],
)
def test_an_unknown_field_inside_a_nested_object_is_refused(us: Any, body: Any) -> None:
    assert us.refusal("Customer", body) == "2010"


def test_a_body_that_is_not_json_is_refused(us: Any) -> None:
    answer = us.call("POST", "customer", "{broken")
    assert (answer.status, answer.code) == (400, "2010")


def test_read_only_fields_are_silently_overwritten(us: Any) -> None:
    customer = us.make("Customer", {"DisplayName": "A", "FullyQualifiedName": "B", "MetaData": {"CreateTime": "x"}})
    assert customer["FullyQualifiedName"] == "A"
    assert customer["MetaData"]["CreateTime"] == "2026-11-23T04:00:00-08:00"


@pytest.mark.parametrize(
    ("entity", "body", "code"),
    [
        ("Customer", {"DisplayName": "x" * 501}, "2050"),
        ("Customer", {"DisplayName": "A", "CompanyName": "x" * 101}, "2050"),
        ("Customer", {"DisplayName": "A", "BillAddr": {"Line1": "x" * 501}}, "2050"),
        ("Customer", {"DisplayName": "A", "PrimaryPhone": {"FreeFormNumber": "5" * 31}}, "2050"),
        ("Item", {"Name": "x" * 101, "IncomeAccountRef": {"value": "1"}}, "2050"),
        ("Item", {"Name": "A", "Description": "x" * 4001, "IncomeAccountRef": {"value": "1"}}, "2050"),
        ("Customer", {"DisplayName": "Acme: West"}, "2040"),
        ("Customer", {"DisplayName": "Acme\tWest"}, "2040"),
        ("Vendor", {"DisplayName": "Acme\nWest"}, "2040"),
        ("Item", {"Name": "Cable: 3m", "IncomeAccountRef": {"value": "1"}}, "2040"),
        ("Customer", {"DisplayName": "Acme 東京"}, "2040"),
        ("Customer", {"DisplayName": "A", "PrimaryEmailAddr": {"Address": "nobody"}}, "2210"),
        ("Customer", {}, "6080"),
        ("Item", {"Name": "A"}, "2020"),
        ("Item", {"Name": "A", "Type": "Gadget", "IncomeAccountRef": {"value": "1"}}, "2170"),
        ("Item", {"Name": "A", "Type": "Inventory", "IncomeAccountRef": {"value": "1"}}, "2020"),
        ("Item", {"Name": "A", "IncomeAccountRef": {"value": "99"}}, "2500"),
        ("Item", {"Name": "A", "IncomeAccountRef": {"value": "6"}}, "6430"),
        ("Item", {"Name": "A", "Type": "NonInventory", "PurchaseCost": 5, "IncomeAccountRef": {"value": "1"}}, "2020"),
        ("Account", {"Name": "A"}, "6010"),
        ("Account", {"Name": "A", "AccountType": "Bank", "AcctNum": "12345678"}, "2050"),
        ("Term", {"Name": "A", "DueDays": 5, "DayOfMonthDue": 3}, "6000"),
        ("TaxCode", {"Name": "A"}, "500"),
        ("Customer", {"DisplayName": "A", "Active": "perhaps"}, "2230"),
        ("Item", {"Name": "A", "UnitPrice": "cheap", "IncomeAccountRef": {"value": "1"}}, "2080"),
    ],
)
def test_a_bad_list_entry_is_refused_with_the_code_intuit_documents(us: Any, entity: str, body: Any, code: str) -> None:
    answer = us.post(entity.lower(), body)
    assert answer.status == 400
    assert answer.code == code


@pytest.mark.parametrize("name", ["Café Zürich", "x" * 500])
def test_latin_names_up_to_500_characters_are_accepted_in_a_us_company(us: Any, name: str) -> None:
    assert us.make("Customer", {"DisplayName": name})["DisplayName"] == name


def test_a_canadian_company_takes_any_script(ca: Any) -> None:
    assert ca.make("Customer", {"DisplayName": "Acme 東京"})["DisplayName"] == "Acme 東京"


def test_a_name_is_unique_across_customers_vendors_and_employees_whatever_its_case(us: Any) -> None:
    us.customer("Acme")
    assert us.refusal("Customer", {"DisplayName": "ACME"}) == "6240"
    assert us.refusal("Vendor", {"DisplayName": "acme"}) == "6240"
    assert us.refusal("Employee", {"DisplayName": "Acme"}) == "6240"
    assert us.make("Item", {"Name": "Acme", "IncomeAccountRef": {"value": "1"}})["Name"] == "Acme"


def test_a_taken_item_name_names_its_holder(us: Any) -> None:
    answer = us.post("item", {"Name": "services", "IncomeAccountRef": {"value": "1"}})
    assert answer.code == "6240"
    assert answer.detail == "The name supplied already exists. : Id=1"


def test_a_deactivated_entry_gets_the_suffix_and_keeps_its_name_taken(us: Any) -> None:
    customer = us.customer("Acme")
    gone = us.make("Customer", {"Id": customer, "SyncToken": "0", "sparse": True, "Active": False})
    assert (gone["DisplayName"], gone["Active"]) == ("Acme (deleted)", False)
    assert us.refusal("Customer", {"DisplayName": "Acme"}) == "6240"
    back = us.make("Customer", {"Id": customer, "SyncToken": "1", "sparse": True, "Active": True})
    assert back["DisplayName"] == "Acme"


def test_a_sparse_update_keeps_what_it_does_not_send_and_a_full_one_forgets_it(us: Any) -> None:
    customer = us.make("Customer", {"DisplayName": "Acme", "Notes": "n", "CompanyName": "c"})["Id"]
    sparse = us.make("Customer", {"Id": customer, "SyncToken": "0", "sparse": True, "CompanyName": "d"})
    assert (sparse["Notes"], sparse["CompanyName"], sparse["SyncToken"]) == ("n", "d", "1")
    full = us.make("Customer", {"Id": customer, "SyncToken": "1", "DisplayName": "Acme", "CompanyName": "e"})
    assert "Notes" not in full
    assert full["SyncToken"] == "2"


def test_a_full_item_update_without_its_income_account_is_refused(us: Any) -> None:
    assert us.refusal("Item", {"Id": "1", "SyncToken": "0", "Name": "Services", "Type": "Service"}) == "2020"


@pytest.mark.parametrize("token", ["0", "2"])
def test_an_update_needs_the_current_sync_token(us: Any, token: str) -> None:
    customer = us.customer()
    us.make("Customer", {"Id": customer, "SyncToken": "0", "sparse": True, "Notes": "x"})
    assert us.refusal("Customer", {"Id": customer, "SyncToken": token, "sparse": True, "Notes": "y"}) == "5010"
    assert us.company.get("Customer", customer)["Notes"] == "x"


def test_an_update_without_sync_token_is_refused(us: Any) -> None:
    assert us.refusal("Customer", {"Id": us.customer(), "sparse": True, "Notes": "y"}) == "2020"


@pytest.mark.parametrize(("object_id", "code"), [("77", "610"), ("1.5", "2030")])
def test_reading_an_object_that_is_not_there(us: Any, object_id: str, code: str) -> None:
    answer = us.call("GET", f"customer/{object_id}")
    assert (answer.status, answer.code) == (400, code)


def test_a_name_list_entry_cannot_be_deleted(us: Any) -> None:
    assert us.refusal("Customer", {"Id": us.customer(), "SyncToken": "0"}, operation="delete") == "500"


def test_a_sub_customer_has_its_parents_name_before_its_own(us: Any) -> None:
    parent = us.customer("Acme")
    child = us.make("Customer", {"DisplayName": "Branch", "Job": True, "ParentRef": {"value": parent}})
    assert (child["FullyQualifiedName"], child["Level"]) == ("Acme:Branch", 1)


def test_a_foreign_currency_needs_a_multi_currency_company(us: Any) -> None:
    body = {"DisplayName": "Acme", "CurrencyRef": {"value": "EUR"}}
    assert us.refusal("Customer", body) == "2220"
    us.company.multi_currency = True
    assert us.make("Customer", body)["CurrencyRef"] == {"value": "EUR", "name": "Euro"}


def test_ids_count_per_entity(us: Any) -> None:
    assert [us.customer("A"), us.customer("B")] == ["1", "2"]
    assert us.make("Vendor", {"DisplayName": "C"})["Id"] == "1"


def test_preferences_and_company_info_show_the_settings(us: Any) -> None:
    us.company.auto_apply_credit = True
    preferences = us.call("GET", "preferences").body["Preferences"]
    assert preferences["SalesFormsPrefs"]["AutoApplyCredit"] is True
    assert preferences["SalesFormsPrefs"]["CustomTxnNumbers"] is True
    assert us.call("GET", "companyinfo/1001").body["CompanyInfo"]["Country"] == "US"
    assert us.query("select * from Preferences")["Preferences"][0]["Id"] == "1"


def test_a_path_that_does_not_exist_is_an_unsupported_operation(us: Any) -> None:
    answer = us.call("GET", "customer/1/5")
    assert (answer.status, answer.code) == (400, "500")


def test_a_tax_code_with_two_rates_is_created_through_the_tax_service(us: Any) -> None:
    agency = us.make("TaxAgency", {"DisplayName": "City"})["Id"]
    details = [
        {"TaxRateName": "City 1", "RateValue": 1.5, "TaxAgencyId": agency, "TaxApplicableOn": "Sales"},
        {"TaxRateId": "1"},
    ]
    answer = us.post("taxservice/taxcode", {"TaxCode": "City and state", "TaxRateDetails": details})
    code = us.company.get("TaxCode", answer.body["TaxCodeId"])
    assert [one["TaxRateRef"]["name"] for one in code["SalesTaxRateList"]["TaxRateDetail"]] == ["City 1", "California"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"TaxCode": "Tucson"}, "6240"),
        ({"TaxRateName": "California"}, "6240"),
        ({"TaxRateName": "x" * 11}, "2050"),
        ({"TaxAgencyId": "9"}, "2500"),
        ({"RateValue": 101}, "2240"),
    ],
)
def test_a_bad_tax_code_is_refused_and_leaves_nothing_behind(us: Any, change: Any, code: str) -> None:
    detail = {"TaxRateName": "New", "RateValue": 3, "TaxAgencyId": "1"}
    detail.update({key: value for key, value in change.items() if key != "TaxCode"})
    before = len(us.company.entities("TaxRate"))
    answer = us.post("taxservice/taxcode", {"TaxCode": change.get("TaxCode", "New"), "TaxRateDetails": [detail]})
    assert (answer.status, answer.code) == (400, code)
    assert len(us.company.entities("TaxRate")) == before


def test_the_tax_service_may_answer_its_faults_with_http_200(us: Any) -> None:
    us.company.taxservice_fault_status = 200
    answer = us.post("taxservice/taxcode", {"TaxCode": "Tucson", "TaxRateDetails": [{"TaxRateId": "1"}]})
    assert (answer.status, answer.code) == (200, "6240")


def rate(name: str, percent: Any, **more: Any) -> Any:
    return {"TaxRateName": name, "RateValue": percent, "TaxAgencyId": "1", **more}


def tax_code(api: Any, name: str, *rates: Any) -> Any:
    return api.post("taxservice/taxcode", {"TaxCode": name, "TaxRateDetails": list(rates)})


def test_a_group_of_two_new_rates_taxes_an_invoice_with_both(us: Any) -> None:
    answer = tax_code(us, "State and city", rate("State 6", 6), rate("City 1.25", 1.25))
    assert set(answer.body) == {"TaxCode", "TaxCodeId", "TaxRateDetails"}  # bare, as the request
    assert [one["TaxRateName"] for one in answer.body["TaxRateDetails"]] == ["State 6", "City 1.25"]
    group = {"TxnTaxDetail": {"TxnTaxCodeRef": {"value": answer.body["TaxCodeId"]}}}
    invoice = us.invoice(us.customer(), "100", code="TAX", **group)
    assert [one["Amount"] for one in invoice["TxnTaxDetail"]["TaxLine"]] == [6, 1.25]
    assert invoice["TotalAmt"] == 107.25


def test_a_rate_may_be_used_again_by_its_id_not_by_its_name(us: Any) -> None:
    first = tax_code(us, "One", rate("State 6", 6)).body["TaxRateDetails"][0]["TaxRateId"]
    rates = len(us.company.entities("TaxRate"))
    again = tax_code(us, "Two", {"TaxRateId": first}).body["TaxRateDetails"]
    assert [(one["TaxRateId"], one["TaxRateName"]) for one in again] == [(first, "State 6")]
    assert len(us.company.entities("TaxRate")) == rates
    assert tax_code(us, "Three", rate("State 6", 6)).code == "6240"
    assert tax_code(us, "Three", rate("New", 1), rate("New", 2)).code == "6240"  # twice in one request
    assert tax_code(us, "Three", {"TaxRateId": "999"}).code == "2500"
    assert tax_code(us, "one", rate("Other", 6)).code == "6240"
    assert tax_code(us, "Three", {"TaxRateName": "x", "RateValue": 1}).code == "2020"  # no agency
    assert len(us.company.entities("TaxRate")) == rates


def test_a_rate_for_purchases_is_no_rate_for_sales(ca: Any) -> None:
    details = [rate("In", 5, TaxApplicableOn="Purchase"), rate("Out", 5, TaxApplicableOn="Sales")]
    code = ca.company.get("TaxCode", tax_code(ca, "Both", *details).body["TaxCodeId"])
    names = {
        kind: [one["TaxRateRef"]["name"] for one in code[kind]["TaxRateDetail"]]
        for kind in ("SalesTaxRateList", "PurchaseTaxRateList")
    }
    assert names == {"SalesTaxRateList": ["Out"], "PurchaseTaxRateList": ["In"]}


def test_automated_sales_tax_takes_no_custom_rates(automated: Any) -> None:
    assert tax_code(automated, "Mine", rate("Mine", 5)).code == "6000"
    assert all(one["Name"] != "Mine" for one in automated.company.entities("TaxCode"))


@pytest.mark.parametrize(
    ("entity", "change"),
    [
        ("Vendor", {"PrintOnCheckName": "Kept", "AcctNum": "9"}),
        ("Item", {"Description": "Kept", "IncomeAccountRef": {"value": "1"}}),
    ],
)
def test_vendors_and_items_take_a_sparse_update_though_it_is_not_documented(us: Any, entity: str, change: Any) -> None:
    name = "DisplayName" if entity == "Vendor" else "Name"
    made = us.make(entity, {name: "First", **change})
    renamed = us.make(entity, {"Id": made["Id"], "SyncToken": "0", "sparse": True, name: "Second"})
    assert renamed[name] == "Second"
    assert all(renamed[field] == made[field] for field in change)

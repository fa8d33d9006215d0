"""Tax codes that somebody confirmed: found or made before the invoice, once, as confirmed, or somebody is asked."""

from decimal import Decimal
from typing import Any

import pytest

from emulators.quickbooks_online import Company, Fault
from tests.integration.push.spending import actions_of, problem_of, spending
from tests.support.books import standing
from tests.support.events import customer, line
from tests.support.taxes import GST_QST, confirm, grouped, new_code, with_new_codes
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("aws_services")


def pushed(world: World, detail: dict[str, Any]) -> dict[str, Any]:
    world.publish("invoice.created", detail)
    world.run()
    return world.record("invoice", detail["invoice"]["id"])


def codes_named(company: Company, name: str) -> list[dict[str, Any]]:
    return [code for code in company.entities("TaxCode") if code["Name"] == name]


def taxes(invoice: dict[str, Any]) -> list[str]:
    return [str(tax["Amount"]) for tax in invoice["TxnTaxDetail"].get("TaxLine", [])]


def line_codes(invoice: dict[str, Any]) -> list[str]:
    return [each["SalesItemLineDetail"]["TaxCodeRef"]["value"] for each in invoice["Line"] if "Id" in each]


def sent_codes(world: World) -> list[Any]:
    return [entry.body for entry in world.emulator.journal if entry.operation == "taxservice"]


# -- made --------------------------------------------------------------------------------------------------------------


def test_a_canadian_group_is_made_of_the_rates_that_exist_and_taxes_to_the_cent() -> None:
    world = World()
    company = with_new_codes(world, {"3": {}})
    existing = {rate["Name"]: rate["Id"] for rate in company.entities("TaxRate")}
    with spending(world) as spent:
        record = pushed(world, grouped())
    (code,) = codes_named(company, "GST + QST")
    (invoice,) = standing(company)
    assert record["status"] == "synced"
    assert (taxes(invoice), invoice["TotalAmt"]) == (["224.76", "448.39"], Decimal("5168.31"))
    assert line_codes(invoice) == [code["Id"]]
    details = [{"TaxRateId": existing["GST"]}, {"TaxRateId": existing["QST"]}]
    assert sent_codes(world) == [{"TaxCode": "GST + QST", "TaxRateDetails": details}]
    # The customer by e-mail, the code by name, the rates.
    assert (spent.reads, spent.operations.count("taxservice")) == (3, 1)
    assert world.record("tax_rate", 3)["status"] == "synced"


def test_the_next_invoice_uses_the_code_without_another_call() -> None:
    world = World()
    company = with_new_codes(world, {"3": {}})
    pushed(world, grouped())
    with spending(world) as spent:
        record = pushed(world, grouped(310))
    assert (record["status"], spent.operations) == ("synced", ["create Invoice"])
    assert len(codes_named(company, "GST + QST")) == 1


def test_a_us_company_with_manual_tax_gets_new_rates_and_one_code_for_the_invoice() -> None:
    """150.00 at 6.25 % and 2.5 %: 9.375 is 9.38, and 3.75; another 50.00 are not taxed."""
    world = World()
    company = with_new_codes(world, {"3": {"name": "Austin", "State": "6.25", "City": "2.5"}}, country="US")
    components = [{"id": 11, "name": "State", "rate": "6.25"}, {"id": 12, "name": "City", "rate": "2.5"}]
    rate = {"id": 3, "name": "Austin", "rate": "8.75", "components": components}
    lines = [line(1, 3, price="150.00"), {**line(2, 4, price="50.00"), "taxable": False}]
    record = pushed(world, grouped(lines=lines, totals=("200.00", "13.13", "213.13"), tax_rates=[rate]))
    (code,) = codes_named(company, "Austin")
    (invoice,) = standing(company)
    assert (record["status"], invoice["TotalAmt"]) == ("synced", Decimal("213.13"))
    assert line_codes(invoice) == ["TAX", "NON"]
    assert invoice["TxnTaxDetail"]["TxnTaxCodeRef"] == {"value": code["Id"]}
    assert taxes(invoice) == ["9.38", "3.75"]
    agency = company.entities("TaxAgency")[0]["Id"]
    new = {"TaxAgencyId": agency, "TaxApplicableOn": "Sales"}
    assert sent_codes(world)[0]["TaxRateDetails"] == [
        {"TaxRateName": "State", "RateValue": Decimal("6.25"), **new},
        {"TaxRateName": "City", "RateValue": Decimal("2.5"), **new},
    ]


@pytest.mark.parametrize(
    ("country", "percent", "amount", "tax"),
    [("CA", "9.975", "4495.16", "448.39"), ("CA", "9.975", "0.05", "0.00"), ("GB", "17.5", "33.33", "5.83")],
)
def test_a_single_rate_is_made_too(country: str, percent: str, amount: str, tax: str) -> None:
    """448.39221, 0.0049875 and 5.83275."""
    world = World()
    company = with_new_codes(world, {"3": {"name": "Sales levy", "Levy": percent}}, country=country)
    zero = next(code for code in company.entities("TaxCode") if code["Name"] in ("Zero-rated", "0.0% Z"))
    confirm(world, {"3": new_code(company, "Sales levy", Levy=percent)}, zero_tax_code={"id": zero["Id"]})
    total = str(Decimal(amount) + Decimal(tax))
    rate = {"id": 3, "name": "Levy", "rate": percent, "components": []}
    record = pushed(world, grouped(lines=[line(1, 3, price=amount)], totals=(amount, tax, total), tax_rates=[rate]))
    (invoice,) = standing(company)
    assert (record["status"], taxes(invoice), str(invoice["TotalAmt"])) == ("synced", [tax], total)


def test_thirty_invoices_of_two_new_codes_make_each_code_once_and_alone() -> None:
    world = World()
    company = with_new_codes(world, {"3": {}, "4": {"name": "PST", "PST": "7"}})
    pst = {"id": 4, "name": "PST", "rate": "7", "components": [{"id": 4, "name": "PST", "rate": "7"}]}
    for number in range(300, 330):
        detail = grouped(number)
        if number % 2:  # 100.00 at 7 %
            detail = grouped(
                number, lines=[line(1, 3)], totals=("100.00", "7.00", "107.00"), tax_rates=[pst], tax_rate_id=4
            )
        world.publish("invoice.created", detail)
    world.run()
    assert {world.record("invoice", number)["status"] for number in range(300, 330)} == {"synced"}
    assert [body["TaxCode"] for body in sent_codes(world)] == ["GST + QST", "PST"]
    assert len(standing(company)) == 30


# -- found -------------------------------------------------------------------------------------------------------------


def test_a_code_of_the_same_name_and_percentages_is_taken_over() -> None:
    world = World()
    company = with_new_codes(world, {"3": {"name": "GST/QST QC - 9.975"}})
    record = pushed(world, grouped())
    (invoice,) = standing(company)
    (code,) = codes_named(company, "GST/QST QC - 9.975")
    assert (record["status"], line_codes(invoice), sent_codes(world)) == ("synced", [code["Id"]], [])


def test_a_code_of_the_same_name_with_other_percentages_is_asked_about_naming_both() -> None:
    world = World()
    company = with_new_codes(world, {"3": {"name": "HST ON"}})
    record = pushed(world, grouped())
    assert (record["status"], standing(company), sent_codes(world)) == ("waiting", [], [])
    held = world.record("tax_rate", 3)
    problem = problem_of(held)
    assert (held["status"], problem["code"]) == ("needs_attention", "tax_code_differs")
    assert "'HST ON' already, with 13 %; tax_rate#3 was confirmed with 5 % + 9.975 %" in problem["message"]
    confirm(world, {"3": new_code(company)})
    world.run()
    assert world.record("invoice", 309)["status"] == "synced"


def test_a_rate_whose_name_means_something_else_gets_its_percentage_into_the_name() -> None:
    """QuickBooks has GST at 5 %; here it is 6 %. 100.00 at 6 %."""
    world = World()
    company = with_new_codes(world, {"3": {"name": "New GST", "GST": "6"}})
    rate = {"id": 3, "name": "GST", "rate": "6", "components": []}
    record = pushed(world, grouped(lines=[line(1, 3)], totals=("100.00", "6.00", "106.00"), tax_rates=[rate]))
    assert record["status"] == "synced"
    assert sent_codes(world)[0]["TaxRateDetails"][0]["TaxRateName"] == "GST 6"
    assert {rate["Name"] for rate in company.entities("TaxRate")} >= {"GST", "GST 6"}


def test_a_rate_for_which_no_name_is_left_is_asked_about() -> None:
    world = World()
    company = with_new_codes(world, {"3": {}})
    other = company.create_by_hand("TaxAgency", {"DisplayName": "Revenu Québec"})
    code = new_code(company)
    confirm(world, {"3": {**code, "agency": {"id": other["Id"], "name": "Revenu Québec"}}})
    # "GST" and "QST" are the first agency's; "GST 5" is, too (the seed's HST-free code).
    record = pushed(world, grouped())
    problem = problem_of(world.record("tax_rate", 3))
    assert (record["status"], problem["code"]) == ("waiting", "tax_rate_name_taken")
    assert "'GST' for another tax rate than 5 % of Revenu Québec" in problem["message"]
    assert actions_of(problem) == ["open_settings", "retry"]


def test_a_rate_name_that_quickbooks_alone_knows_to_be_taken_is_asked_about() -> None:
    world = World()
    with_new_codes(world, {"3": {}})
    words = "Another tax rate is already using this name. Please use a different name."
    world.emulator.faults.add(Fault(kind="error", operation="taxservice", code="6240", detail=words))
    assert pushed(world, grouped())["status"] == "waiting"
    problem = problem_of(world.record("tax_rate", 3))
    assert problem["code"] == "tax_code_name_taken"
    assert words in problem["verbatim"]
    assert "'GST + QST' (tax_rate#3)" in problem["message"]


def test_two_rates_confirmed_as_one_code_are_told_to_share_it() -> None:
    world = World()
    company = with_new_codes(world, {"3": {}, "4": {}})
    assert pushed(world, grouped())["status"] == "synced"
    twin = {**GST_QST, "id": 4}
    assert pushed(world, grouped(310, tax_rate_id=4, tax_rates=[twin]))["status"] == "waiting"
    assert problem_of(world.record("tax_rate", 4))["code"] == "tax_code_shared"
    assert len(codes_named(company, "GST + QST")) == 1


# -- asked -------------------------------------------------------------------------------------------------------------


def test_a_rate_that_was_changed_after_it_was_confirmed_asks_naming_both_and_makes_nothing() -> None:
    world = World()
    company = with_new_codes(world, {"3": {}})
    parts = [{"id": 11, "name": "GST", "rate": "5"}, {"id": 12, "name": "QST", "rate": "9.5"}]
    changed = {**GST_QST, "rate": "14.5", "components": parts}
    record = pushed(world, grouped(lines=[line(1, 3)], totals=("100.00", "14.50", "114.50"), tax_rates=[changed]))
    problem = problem_of(record)
    assert (record["status"], problem["code"]) == ("needs_attention", "tax_rate_unlike_confirmed")
    assert "Invoice 10309 uses the Syncro tax rate 'GST + QST' (id 3) of 5 % + 9.5 %" in problem["message"]
    assert "confirmed as 5 % + 9.975 %" in problem["message"]
    assert sent_codes(world) == []
    confirm(world, {"3": new_code(company, "Quebec", GST="5", QST="9.5")})
    world.run()
    (invoice,) = standing(company)
    assert (world.record("invoice", 309)["status"], taxes(invoice)) == ("synced", ["5.00", "9.50"])


def test_a_code_that_is_confirmed_anew_under_another_name_is_another_code() -> None:
    """Codes cannot be changed; the invoice that used the first one goes on doing so."""
    world = World()
    company = with_new_codes(world, {"3": {}})
    pushed(world, grouped())
    confirm(world, {"3": new_code(company, "Quebec sales")})
    assert pushed(world, grouped(310))["status"] == "synced"
    first, second = (standing(company)[place] for place in (0, 1))
    assert line_codes(first) == [codes_named(company, "GST + QST")[0]["Id"]]
    assert line_codes(second) == [codes_named(company, "Quebec sales")[0]["Id"]]
    assert world.record("tax_rate", 3)["version"] == "2"


def test_with_automated_sales_tax_nothing_is_made_and_it_says_so() -> None:
    world = World()
    company = with_new_codes(world, {"3": {"name": "Austin", "City": "8"}}, country="US", tax_mode="automated")
    rate = {"id": 3, "name": "City", "rate": "8", "components": []}
    record = pushed(world, grouped(lines=[line(1, 3)], totals=("100.00", "8.00", "108.00"), tax_rates=[rate]))
    problem = problem_of(world.record("tax_rate", 3))
    assert (record["status"], problem["code"]) == ("waiting", "tax_code_with_automated_tax")
    assert problem_of(record)["message"] == problem["message"]
    assert sent_codes(world) == []
    confirm(world, {})
    world.run()
    assert world.record("invoice", 309)["status"] == "synced"
    assert world.record("tax_rate", 3)["status"] == "dormant"
    assert len(standing(company)) == 1


def test_an_archived_rate_without_a_code_is_named() -> None:
    world = World()
    with_new_codes(world, {"3": {}})
    archived = {**GST_QST, "id": 9, "name": "PST BC (Archived)"}
    record = pushed(world, grouped(tax_rate_id=9, tax_rates=[archived]))
    problem = problem_of(record)
    assert (record["status"], problem["code"]) == ("needs_attention", "tax_rate_unmapped")
    assert "'PST BC (Archived)' (id 9), which was deleted in Syncro" in problem["message"]
    assert "choose a current rate on the invoice" in problem["fix"]
    assert {"setting": "tax_codes", "rate_id": "9"} in [action["params"] for action in problem["actions"]]


# -- not needed --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "fields"),
    [
        pytest.param([line(1, 3)], {"notax": True}, id="notax invoice"),
        pytest.param([line(1, 3)], {"owner": {**customer(), "tax_free": True}}, id="exempt customer"),
        pytest.param([{**line(1, 3), "taxable": False}], {}, id="untaxed line"),
    ],
)
@pytest.mark.parametrize("country", ["CA", "US"])
def test_what_is_not_taxed_needs_no_code(country: str, lines: list[Any], fields: dict[str, Any]) -> None:
    world = World()
    company = with_new_codes(world, {"3": {}}, country=country)
    record = pushed(world, grouped(lines=lines, totals=("100.00", "0.00", "100.00"), **fields))
    (invoice,) = standing(company)
    assert (record["status"], invoice["TotalAmt"], taxes(invoice)) == ("synced", Decimal("100.00"), taxes(invoice))
    assert invoice["TxnTaxDetail"]["TotalTax"] == 0
    assert sent_codes(world) == []


def test_two_taxed_rates_on_a_manual_us_invoice_ask_before_any_code_is_made() -> None:
    world = World()
    with_new_codes(world, {"3": {"name": "Austin", "Austin": "8"}, "4": {"name": "Waco", "Waco": "7"}}, country="US")
    rates = [
        {"id": 3, "name": "Austin", "rate": "8", "components": []},
        {"id": 4, "name": "Waco", "rate": "7", "components": []},
    ]
    lines = [line(1, 3), {**line(2, 4), "tax_rate_id": 4}]
    record = pushed(world, grouped(lines=lines, totals=("200.00", "15.00", "215.00"), tax_rates=rates))
    problem = problem_of(record)
    assert (record["status"], problem["code"]) == ("needs_attention", "two_tax_rates")
    assert sent_codes(world) == []

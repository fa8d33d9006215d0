"""Money to the cent: what QuickBooks booked is compared with what Syncro says, and a difference shows both figures."""

import json
import random
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from emulators.quickbooks_online import Company
from tests.support.books import standing
from tests.support.events import invoice_detail, line
from tests.support.world import World, ready_settings

pytestmark = pytest.mark.usefixtures("aws_services")

INVOICES = 50


def quebec() -> tuple[World, Company]:
    """A Canadian company; Syncro's rate 1 is the 9.975 % of its tax code of that name, without the 5 %."""
    world = World()
    company = world.connect(country="CA")
    codes = {code["Name"]: {"id": code["Id"], "name": code["Name"]} for code in company.entities("TaxCode")}
    taxes = {"tax_codes": {"1": codes["GST/QST QC - 9.975"]}, "zero_tax_code": codes["Zero-rated"]}
    world.deployment.accounts.save_settings("acme", ready_settings(company, **taxes), version=1)
    return world, company


def reported_case(version: int = 1, **fields: Any) -> dict[str, Any]:
    """4,495.16 with 5 % and 9.975 %: 224.758 and 448.39221, so 224.76 and 448.39, 673.15 in all."""
    detail = invoice_detail(
        version=version, lines=[line(1, 3, price="4495.16")], totals=("4495.16", "673.15", "5168.31"), **fields
    )
    components = [{"id": 11, "name": "GST", "rate": "5"}, {"id": 12, "name": "QST", "rate": "9.975"}]
    detail["tax_rates"] = [{"id": 1, "name": "GST+QST", "rate": "14.975", "components": components}]
    return detail


def problems(record: dict[str, Any]) -> dict[str, str]:
    return {problem["code"]: problem["message"] for problem in json.loads(record["problems"])}


def test_quickbooks_and_syncro_agree_on_the_reported_case() -> None:
    world, company = quebec()
    world.publish("invoice.created", reported_case())
    world.run()
    (invoice,) = standing(company)
    assert [str(tax["Amount"]) for tax in invoice["TxnTaxDetail"]["TaxLine"]] == ["224.76", "448.39"]
    assert (world.record("invoice", 309)["status"], invoice["TotalAmt"]) == ("synced", Decimal("5168.31"))


def test_the_reported_cent_is_a_warning_with_both_figures_and_changes_nothing() -> None:
    world, company = quebec()
    company.force_total("10309", Decimal("5168.32"))  # 448.40 instead of 448.39
    world.publish("invoice.created", reported_case())
    world.run()
    (invoice,) = standing(company)
    assert str(invoice["TxnTaxDetail"]["TaxLine"][-1]["Amount"]) == "448.40"
    record = world.record("invoice", 309)
    assert record["status"] == "synced_with_warning"
    found = problems(record)
    assert set(found) == {"quickbooks_total_differs", "quickbooks_tax_differs"}
    assert "CAD 5,168.31" in found["quickbooks_total_differs"]
    assert "CAD 5,168.32" in found["quickbooks_total_differs"]
    assert "CAD 673.15" in found["quickbooks_tax_differs"]
    assert "CAD 673.16" in found["quickbooks_tax_differs"]
    assert sum(entry.kind == "write" and "Invoice" in entry.operation for entry in world.emulator.journal) == 1

    # Unchanged it stays a warning; once QuickBooks computes the same, the warning goes.
    world.publish("invoice.updated", reported_case(version=2))
    world.run()
    assert world.record("invoice", 309)["status"] == "synced_with_warning"
    company.forced_totals.clear()
    world.publish("invoice.updated", reported_case(version=3, note="Thank you"))
    world.run()
    assert (world.record("invoice", 309)["status"], problems(world.record("invoice", 309))) == ("synced", {})


def test_a_cent_of_one_plain_rate_shows_44839_and_44840() -> None:
    world = World()
    company = world.connect()
    company.force_total(None, Decimal("4943.56"))
    detail = invoice_detail(lines=[line(1, 3, price="4495.16")], totals=("4495.16", "448.39", "4943.55"))
    detail["tax_rates"] = [{"id": 1, "name": "City", "rate": "9.975", "components": []}]
    world.publish("invoice.created", detail)
    world.run()
    (invoice,) = standing(company)
    assert str(invoice["TxnTaxDetail"]["TotalTax"]) == "448.40"
    record = world.record("invoice", 309)
    assert record["status"] == "synced_with_warning"
    assert "$448.39" in problems(record)["quickbooks_tax_differs"]
    assert "$448.40" in problems(record)["quickbooks_tax_differs"]


# -- fifty random invoices, computed here in whole cents ---------------------------------------------------------------


def half_up(amount: Fraction) -> int:
    """Cents of an amount in cents; halves go away from zero."""
    magnitude = (abs(amount) * 2 + 1) // 2
    return int(magnitude if amount >= 0 else -magnitude)


def money(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def random_line(chance: random.Random, number: int) -> tuple[dict[str, Any], int]:
    """A line with a discount in percent, in dollars, or none, and what it comes to in cents."""
    price = chance.randint(1, 99_999)  # cents
    quarters = chance.choice([4, 4, 4, 8, 40, 1, 3, 6, 30])
    gross = Fraction(price * quarters, 4)
    made = line(number, chance.choice([3, 4, None]), price=money(price), quantity=str(quarters / 4))
    kind = chance.choice(["none", "percent", "dollars"])
    net = gross
    if kind == "percent":
        tenths = chance.randint(1, 999)
        made["line_discount_percent"] = f"{tenths // 10}.{tenths % 10}"
        net = gross * (1000 - tenths) / 1000
    elif kind == "dollars":
        off = chance.randint(0, int(gross))
        made["discount_dollars"] = money(off)
        net = gross - off
    made["taxable"] = chance.random() < 0.7
    return made, half_up(net)


def random_invoice(chance: random.Random, invoice_id: int) -> tuple[dict[str, Any], int]:
    """An event, and its total in cents: 8 % on the sum of the taxable lines."""
    lines = [random_line(chance, number) for number in range(1, chance.randint(2, 12))]
    subtotal = sum(cents for _, cents in lines)
    tax = half_up(Fraction(8 * sum(cents for made, cents in lines if made["taxable"]), 100))
    totals = (money(subtotal), money(tax), money(subtotal + tax))
    detail = invoice_detail(invoice_id, lines=[made for made, _ in lines], totals=totals)
    return detail, subtotal + tax


@pytest.mark.parametrize("country", ["US", "CA"])
def test_fifty_random_invoices_with_discounts_come_to_the_same_on_all_three_sides(country: str) -> None:
    chance = random.Random(f"discounts in the {country}")
    world = World()
    company = world.connect(country=country)
    if country == "CA":
        zero = next(code for code in company.entities("TaxCode") if code["Name"] == "Zero-rated")
        eight = add_rate_of_eight_percent(company)
        codes = {"tax_codes": {"1": {"id": eight}}, "zero_tax_code": {"id": zero["Id"]}}
        world.deployment.accounts.save_settings("acme", ready_settings(company, **codes), version=1)
    totals: dict[str, int] = {}
    for invoice_id in range(1001, 1001 + INVOICES):
        detail, totals[f"10{invoice_id}"] = random_invoice(chance, invoice_id)
        world.publish("invoice.created", detail)
    world.run()
    booked = {invoice["DocNumber"]: str(invoice["TotalAmt"]) for invoice in standing(company)}
    assert booked == {number: money(cents) for number, cents in totals.items()}
    for invoice_id in range(1001, 1001 + INVOICES):
        record = world.record("invoice", invoice_id)
        assert (record["status"], problems(record)) == ("synced", {})


def add_rate_of_eight_percent(company: Company) -> str:
    """The bookkeeper adds a tax code of 8 %; returns its id."""
    from emulators.quickbooks_online.special import create_tax_code

    rate = {"TaxRateName": "Eight", "RateValue": Decimal("8"), "TaxAgencyId": "1", "TaxApplicableOn": "Sales"}
    made = create_tax_code(company, {"TaxCode": "Eight percent", "TaxRateDetails": [rate]})
    return str(made["TaxCodeId"])

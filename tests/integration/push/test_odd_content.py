"""Events within the contract, but odd: each ends in QuickBooks or in a status that says why not, never half way."""

import random
import string
from decimal import Decimal
from typing import Any

import pytest

from emulators.quickbooks_online import Company
from tests.integration.push.spending import problem_of, spending
from tests.support.books import assert_each_once, standing
from tests.support.events import customer, invoice_detail, line, product
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("aws_services")


def connected() -> tuple[World, Company]:
    world = World()
    return world, world.connect()


def pushed(world: World, detail: dict[str, Any]) -> dict[str, Any]:
    world.publish("invoice.created", detail)
    world.run()
    return world.record("invoice", detail["invoice"]["id"])


def assert_nothing_in_quickbooks(company: Company) -> None:
    assert company.entities("Invoice") == []
    assert company.entities("Customer") == []
    assert [item["Name"] for item in company.entities("Item")] == ["Services"]


# -- something is missing ----------------------------------------------------------------------------------------------


def test_an_invoice_whose_customer_no_event_has_brought_waits_for_it_and_then_goes_out() -> None:
    world, company = connected()
    detail = invoice_detail()
    detail["invoice"]["customer_id"] = 999
    record = pushed(world, detail)
    assert record["status"] == "waiting"
    problem = problem_of(record)
    assert problem["code"] == "customer_unknown"
    assert "customer#999" in problem["message"]
    assert problem["fix"]
    assert company.entities("Invoice") == []

    envelope = {name: detail[name] for name in ("event_id", "account_id", "occurred_at")}
    late = {**envelope, "version": 1, "customer": customer(999, name="Late Ltd")}
    world.publish("customer.created", late)
    world.run()
    (invoice,) = standing(company)
    assert invoice["CustomerRef"]["name"] == "Late Ltd"
    assert world.record("invoice", 309)["status"] == "synced"
    assert world.record("customer", 999)["status"] == "synced"


def test_an_invoice_whose_product_no_event_has_brought_waits_for_it_and_then_goes_out() -> None:
    world, company = connected()
    record = pushed(world, invoice_detail(products=[product(3)]))
    assert record["status"] == "waiting"
    assert problem_of(record)["code"] == "product_unknown"
    assert "product#4" in problem_of(record)["message"]

    detail = invoice_detail()
    envelope = {name: detail[name] for name in ("event_id", "account_id", "occurred_at")}
    world.publish("product.created", {**envelope, "version": 1, "product": product(4)})
    world.run()
    assert world.record("invoice", 309)["status"] == "synced"
    assert_each_once(company)
    assert len(standing(company)) == 1


def test_an_invoice_without_lines_waits_for_them() -> None:
    world, company = connected()
    record = pushed(world, invoice_detail(lines=[], totals=("0.00", "0.00", "0.00")))
    assert (record["status"], problem_of(record)["code"]) == ("waiting", "no_lines")
    assert_nothing_in_quickbooks(company)
    assert world.outstanding() == []
    assert pushed(world, invoice_detail(version=2))["status"] == "synced"


# -- sizes -------------------------------------------------------------------------------------------------------------


def many_lines(count: int, **fields: Any) -> list[dict[str, Any]]:
    return [{**line(number, None, price="1.00"), **fields} for number in range(1, count + 1)]


def test_a_thousand_taxed_lines_need_attention_before_anything_is_created() -> None:
    world, company = connected()
    with spending(world) as spent:
        record = pushed(world, invoice_detail(lines=many_lines(1000), totals=("1000.00", "80.00", "1080.00")))
    assert record["status"] == "needs_attention"
    problem = problem_of(record)
    assert problem["code"] == "too_many_taxable_lines"
    assert "1000 lines" in problem["message"]
    assert "750" in problem["message"]
    assert "Split the invoice" in problem["fix"]
    assert [entry for entry in spent.entries if entry.kind == "write"] == []
    assert_nothing_in_quickbooks(company)


def test_eight_hundred_untaxed_lines_are_booked() -> None:
    world, company = connected()
    lines = many_lines(800, taxable=False)
    assert pushed(world, invoice_detail(lines=lines, totals=("800.00", "0.00", "800.00")))["status"] == "synced"
    (invoice,) = standing(company)
    assert len(invoice["Line"]) == 801  # and QuickBooks' subtotal
    assert str(invoice["TotalAmt"]) == "800.00"


def test_two_large_invoices_are_not_put_into_one_batch() -> None:
    world, company = connected()
    pushed(world, invoice_detail(1))
    with spending(world) as spent:
        for invoice_id in (309, 310):
            lines = many_lines(600, taxable=False)
            world.publish(
                "invoice.created", invoice_detail(invoice_id, lines=lines, totals=("600.00", "0.00", "600.00"))
            )
        world.run()
    assert spent.operations == ["create Invoice", "create Invoice"]  # a batch holds at most 1,000 lines
    assert len(standing(company)) == 3


def test_an_event_of_300_kilobytes_is_booked_with_its_texts_cut_where_quickbooks_cuts_them() -> None:
    world, company = connected()
    lines = [
        {**line(number, None), "name": f"Line {number} " + "what was done, at length. " * 240} for number in range(50)
    ]
    for number, each in enumerate(lines, start=1):
        each["id"] = number
    detail = invoice_detail(lines=lines, totals=("5000.00", "400.00", "5400.00"))
    assert len(str(detail)) > 300_000
    assert pushed(world, detail)["status"] == "synced"
    (invoice,) = standing(company)
    described = [each["Description"] for each in invoice["Line"] if "Description" in each]
    assert len(described) == 50
    assert {len(text) for text in described} <= {3999, 4000}


def noise(seed: int, length: int) -> str:
    return "".join(random.Random(seed).choices(string.ascii_letters + string.digits, k=length))


@pytest.mark.parametrize(
    ("lines", "code"),
    [(80, "too_large"), (140, "snapshot_too_large")],
    ids=["the request would not fit", "the snapshot does not fit"],
)
def test_what_does_not_fit_even_compressed_needs_attention_and_a_smaller_version_goes_out(
    lines: int, code: str
) -> None:
    world, company = connected()
    made = [{**line(number, None), "name": noise(number, 4000)} for number in range(1, lines + 1)]
    totals = (f"{lines}00.00", f"{lines * 8}.00", f"{lines * 108}.00")
    record = pushed(world, invoice_detail(lines=made, totals=totals))
    assert record["status"] == "needs_attention"
    assert problem_of(record)["code"] == code
    assert "Split it" in problem_of(record)["fix"]
    assert company.entities("Invoice") == []
    assert world.outstanding() == []

    world.publish("invoice.updated", invoice_detail(version=2))
    world.run()
    assert world.record("invoice", 309)["status"] == "synced"
    assert [str(invoice["TotalAmt"]) for invoice in standing(company)] == ["216.00"]


# -- texts -------------------------------------------------------------------------------------------------------------


def test_emoji_and_control_characters_stay_out_of_a_us_company() -> None:
    world, company = connected()
    lines = [{**line(1, 3), "name": "Fixed it \U0001f527 \u2013 at\x0b last\x00"}, line(2, 4)]
    owner = customer(name="Caf\u00e9 \U0001f389 Zo\u00eb\x07 Ltd")
    products = [product(3, name="Repair \U0001f527\u200d\u2642\ufe0f visit\x1b"), product(4)]
    detail = invoice_detail(lines=lines, owner=owner, products=products, note="Thanks \U0001f64f for\x02 \u65e5\u672c")
    assert pushed(world, detail)["status"] == "synced"
    assert [each["DisplayName"] for each in company.entities("Customer")] == ["Caf\u00e9 Zo\u00eb Ltd"]
    assert "Repair visit" in [item["Name"] for item in company.entities("Item")]
    (invoice,) = standing(company)
    texts = [invoice["CustomerMemo"]["value"], *[each.get("Description", "") for each in invoice["Line"]]]
    assert "".join(texts).isprintable()
    for text in texts:
        text.encode("latin-1")
    assert texts[1].split() == ["Fixed", "it", "-", "at", "last"]


def test_emoji_are_kept_outside_the_us() -> None:
    world = World()
    company = world.connect(country="CA")
    settings = world.deployment.accounts.connection("acme").settings  # type: ignore[union-attr]  # connected just now
    zero = next(code["Id"] for code in company.entities("TaxCode") if code["Name"] == "Zero-rated")
    world.deployment.accounts.save_settings("acme", {**(settings or {}), "zero_tax_code": {"id": zero}}, version=1)
    world.publish(
        "invoice.created",
        invoice_detail(
            owner=customer(name="Caf\u00e9 \U0001f389 \u65e5\u672c"), notax=True, totals=("200.00", "0.00", "200.00")
        ),
    )
    world.run()
    assert [each["DisplayName"] for each in company.entities("Customer")] == ["Caf\u00e9 \U0001f389 \u65e5\u672c"]
    assert world.record("invoice", 309)["status"] == "synced"


def test_colons_and_tabs_in_names_are_replaced() -> None:
    world, company = connected()
    owner = customer(name="Acme: East\tOffice\n2")
    products = [product(3, name="Labor: remote"), product(4, name="Labor:onsite")]
    assert pushed(world, invoice_detail(owner=owner, products=products))["status"] == "synced"
    assert [each["DisplayName"] for each in company.entities("Customer")] == ["Acme- East Office 2"]
    assert {"Labor- remote", "Labor-onsite"} <= {item["Name"] for item in company.entities("Item")}


def test_a_changed_name_is_not_taken_for_somebody_elses() -> None:
    world, company = connected()
    company.create_by_hand("Customer", {"DisplayName": "Acme- East"})
    record = pushed(world, invoice_detail(owner=customer(name="Acme: East")))
    assert record["status"] == "waiting"
    assert problem_of(record)["code"] == problem_of(world.record("customer", 72))["code"] == "customer_name_taken"
    assert [each["DisplayName"] for each in company.entities("Customer")] == ["Acme- East"]
    assert company.entities("Invoice") == []


def test_a_customer_name_of_600_characters_is_cut_and_stays_unique() -> None:
    world, company = connected()
    for customer_id in (72, 73):
        owner = customer(customer_id, name="N" * 600)
        assert pushed(world, invoice_detail(300 + customer_id, owner=owner))["status"] == "synced"
    assert [each["DisplayName"] for each in company.entities("Customer")] == ["N" * 496 + " #72", "N" * 496 + " #73"]


def test_items_whose_names_share_the_first_hundred_characters_are_two_items() -> None:
    world, company = connected()
    products = [product(3, name="A" * 100 + "B" * 50), product(4, name="A" * 100 + "C" * 50)]
    assert pushed(world, invoice_detail(products=products))["status"] == "synced"
    names = {item["Name"]: item["Id"] for item in company.entities("Item")}
    assert set(names) == {"Services", "A" * 97 + " #3", "A" * 97 + " #4"}
    (invoice,) = standing(company)
    used = [each["SalesItemLineDetail"]["ItemRef"]["value"] for each in invoice["Line"] if "Id" in each]
    assert used == [names["A" * 97 + " #3"], names["A" * 97 + " #4"]]


# -- money and numbers -------------------------------------------------------------------------------------------------


def test_a_negative_total_is_skipped_with_the_reason() -> None:
    world, company = connected()
    lines = [line(1, 3, quantity="-2.0")]
    record = pushed(world, invoice_detail(lines=lines, totals=("-200.00", "-16.00", "-216.00")))
    assert record["status"] == "skipped"
    assert problem_of(record)["code"] == "negative_total"
    assert "-$216.00" in problem_of(record)["message"]
    assert_nothing_in_quickbooks(company)


def test_a_total_that_becomes_negative_after_posting_is_asked_about() -> None:
    world, company = connected()
    pushed(world, invoice_detail())
    lines = [line(1, 3, quantity="-2.0")]
    world.publish("invoice.updated", invoice_detail(version=2, lines=lines, totals=("-200.00", "-16.00", "-216.00")))
    world.run()
    record = world.record("invoice", 309)
    assert record["status"] == "needs_attention"
    assert "QuickBooks still shows $216.00" in problem_of(record)["message"]
    assert [str(invoice["TotalAmt"]) for invoice in standing(company)] == ["216.00"]


def test_a_negative_line_within_a_positive_invoice_is_booked() -> None:
    world, company = connected()
    lines = [line(1, 3, quantity="3.0"), line(2, 4, quantity="-1.0")]
    assert pushed(world, invoice_detail(lines=lines))["status"] == "synced"
    (invoice,) = standing(company)
    assert [str(each["Amount"]) for each in invoice["Line"]] == ["300.00", "-100.00", "200.00"]


@pytest.mark.parametrize(
    ("number", "code"),
    [("INV-2026-000000000-001", "number_too_long"), ("INV \U0001f389", "number_characters"), (" ", "number_missing")],
)
def test_a_number_that_quickbooks_does_not_take_needs_attention_and_is_never_changed(number: str, code: str) -> None:
    world, company = connected()
    record = pushed(world, invoice_detail(number=number))
    assert record["status"] == "needs_attention"
    assert problem_of(record)["code"] == code
    assert problem_of(record)["fix"] == "Change the invoice number in Syncro."
    assert_nothing_in_quickbooks(company)
    if code == "number_too_long":
        assert "22 characters" in problem_of(record)["message"]
    world.publish("invoice.updated", invoice_detail(version=2, number="INV-2026-00000000-001"))
    world.run()
    assert [invoice["DocNumber"] for invoice in standing(company)] == ["INV-2026-00000000-001"]


def test_a_tax_rate_nobody_mapped_is_named_and_nothing_is_created() -> None:
    world, company = connected()
    detail = invoice_detail(tax_rate_id=9)
    detail["tax_rates"] = [{"id": 9, "name": "Moon tax", "rate": "3", "components": []}]
    record = pushed(world, detail)
    assert record["status"] == "needs_attention"
    assert problem_of(record)["code"] == "tax_rate_unmapped"
    assert "'Moon tax' (id 9)" in problem_of(record)["message"]
    assert_nothing_in_quickbooks(company)


def test_an_odd_invoice_does_not_hold_up_the_one_beside_it() -> None:
    world, company = connected()
    world.publish("invoice.created", invoice_detail(308, number="N" * 22))
    world.publish("invoice.created", invoice_detail(309, lines=many_lines(751), totals=("751.00", "60.08", "811.08")))
    world.publish("invoice.created", invoice_detail(310))
    world.run()
    statuses = [world.record("invoice", each)["status"] for each in (308, 309, 310)]
    assert statuses == ["needs_attention", "needs_attention", "synced"]
    assert sum(invoice["TotalAmt"] for invoice in standing(company)) == Decimal("216.00")

"""Tax reaches each kind of company in its own way, and a cent that differs is seen."""

from decimal import Decimal
from typing import Any

import pytest

from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.online.company import Company
from syncro_quickbooks.online.mapping.prediction import compare_answer
from syncro_quickbooks.online.mapping.tax import TaxContext, rates_to_make
from syncro_quickbooks.sync.model import Attention, Totals
from syncro_quickbooks.sync.settings import AstPolicy, NewTaxCode, NewTaxRate, Ref
from syncro_quickbooks.syncro.models import InvoiceSnapshot
from tests.unit.mapping.mapping_builders import (
    CANADA,
    GST,
    SETTINGS,
    US,
    US_AUTOMATED,
    US_NO_TAX,
    amounts,
    codes,
    customer,
    item_ids,
    line,
    mapped,
    product,
    simple,
    snapshot,
    tax_codes,
    written,
)


def mixed(**changes: Json) -> InvoiceSnapshot:
    """100.00 taxed and 50.00 untaxed at 8.25 %: 8.25 tax."""
    return snapshot(line(1, "100"), line(2, "50", taxable=False), subtotal="150", tax="8.25", total="158.25", **changes)


def test_manual_us_tax_is_tax_or_non_on_the_lines_and_one_code_for_the_whole() -> None:
    write = written(mapped(mixed()))
    assert tax_codes(write) == ["TAX", "NON"]
    assert write.body["TxnTaxDetail"] == {"TxnTaxCodeRef": {"value": "5"}}
    assert "GlobalTaxCalculation" not in write.body


@pytest.mark.parametrize("company", [US, US_AUTOMATED], ids=["manual", "automated"])
@pytest.mark.parametrize(
    ("invoice", "tax_free"),
    [
        (snapshot(line(1, "100"), subtotal="100", tax="0", total="100"), True),
        (snapshot(line(1, "100"), subtotal="100", tax="0", total="100", notax=True), False),
        (snapshot(line(1, "100", taxable=False, tax_rate_id=1), subtotal="100", tax="0", total="100"), False),
        (snapshot(line(1, "100"), subtotal="100", tax="0", total="100", tax_rate_id=None), False),
    ],
)
def test_untaxed_lines_in_the_us_are_non(invoice: InvoiceSnapshot, tax_free: bool, company: Company) -> None:
    write = written(mapped(invoice, company=company, who=customer(tax_free=tax_free)))
    assert tax_codes(write) == ["NON"]
    assert write.body["TxnTaxDetail"] == {"TotalTax": 0}
    assert codes(write) == []


def test_two_taxed_rates_on_one_manual_us_invoice_ask() -> None:
    lines = (line(1, "100", tax_rate_id=1), line(2, "100", tax_rate_id=4))
    decision = mapped(snapshot(*lines, subtotal="200", tax="13.25", total="213.25"))
    assert isinstance(decision, Attention)
    assert decision.problem.code == "two_tax_rates"
    assert "'Austin', 'GST'" in decision.problem.message


def test_a_tax_group_is_one_rate_for_a_manual_us_company() -> None:
    write = written(mapped(snapshot(line(1, "100"), subtotal="100", tax="14.98", total="114.98", tax_rate_id=3)))
    assert write.body["TxnTaxDetail"] == {"TxnTaxCodeRef": {"value": "9"}}
    assert codes(write) == []  # 5.00 and 9.975 -> 9.98


def test_the_line_rate_beats_the_invoice_rate_outside_the_us() -> None:
    lines = (line(1, "100", tax_rate_id=4), line(2, "100"))
    invoice = snapshot(*lines, subtotal="200", tax="19.98", total="219.98", tax_rate_id=3)
    write = written(mapped(invoice, company=CANADA))
    assert tax_codes(write) == ["12", "9"]
    assert write.body["GlobalTaxCalculation"] == "TaxExcluded"
    assert "TxnTaxDetail" not in write.body
    assert codes(write) == []  # GST 5.00 on one; GST 5.00 and QST 9.975 -> 9.98 on the other


def test_why_a_line_is_untaxed_decides_its_code_outside_the_us() -> None:
    settings = SETTINGS.model_copy(
        update={
            "exempt_tax_code": Ref(id="20"),
            "out_of_scope_tax_code": Ref(id="21"),
            "tax_codes": {6: Ref(id="22")},
        }
    )
    zero: JsonObject = {"id": 6, "name": "Exports", "rate": "0", "components": []}
    lines = (
        line(1, "10", taxable=False),
        line(2, "10", product_id=30, taxable=False),
        line(3, "10", tax_rate_id=6),
    )
    products = {21: product(21), 30: product(30, product_category="Deposit")}
    invoice = snapshot(*lines, subtotal="30", tax="0", total="30", rates=[zero])
    ordinary = written(mapped(invoice, company=CANADA, settings=settings, products=products))
    exempt = written(mapped(invoice, company=CANADA, settings=settings, products=products, who=customer(tax_free=True)))
    assert tax_codes(ordinary) == ["2", "21", "22"]
    assert tax_codes(exempt) == ["20", "20", "20"]


def test_untaxed_lines_outside_the_us_ask_for_the_zero_code_if_none_is_chosen() -> None:
    settings = SETTINGS.model_copy(update={"zero_tax_code": None})
    invoice = snapshot(line(1, "10", taxable=False), subtotal="10", tax="0", total="10")
    decision = mapped(invoice, company=CANADA, settings=settings)
    assert isinstance(decision, Attention)
    assert decision.problem.code == "zero_tax_code_missing"


def test_a_taxed_invoice_without_any_rate_asks() -> None:
    decision = mapped(simple(tax_rate_id=None))
    assert isinstance(decision, Attention)
    assert decision.problem.code == "tax_rate_missing"


def test_automated_tax_is_overridden_with_syncros_total_and_the_mapped_code() -> None:
    write = written(mapped(mixed(), company=US_AUTOMATED))
    assert tax_codes(write) == ["TAX", "NON"]
    assert write.body["TxnTaxDetail"] == {"TotalTax": Decimal("8.25"), "TxnTaxCodeRef": {"value": "5"}}
    assert write.expected == Totals(Decimal("158.25"), Decimal("8.25"))


def test_automated_tax_needs_no_mapping() -> None:
    settings = SETTINGS.model_copy(update={"tax_codes": {}})
    write = written(mapped(mixed(), company=US_AUTOMATED, settings=settings))
    assert write.body["TxnTaxDetail"] == {"TotalTax": Decimal("8.25")}


def test_automated_tax_can_be_left_to_quickbooks() -> None:
    settings = SETTINGS.model_copy(update={"ast_policy": AstPolicy.ACCEPT})
    write = written(mapped(mixed(), company=US_AUTOMATED, settings=settings))
    assert tax_codes(write) == ["TAX", "NON"]
    assert "TxnTaxDetail" not in write.body


def test_automated_tax_can_be_replaced_by_a_line() -> None:
    settings = SETTINGS.model_copy(update={"ast_policy": AstPolicy.TAX_LINE, "us_tax_line_item": Ref(id="90")})
    write = written(mapped(mixed(), company=US_AUTOMATED, settings=settings))
    assert tax_codes(write) == ["NON", "NON", "NON"]
    assert (amounts(write)[-1], item_ids(write)[-1]) == (Decimal("8.25"), "90")
    assert write.expected == Totals(Decimal("158.25"), Decimal(0))
    assert codes(write) == []


def test_tax_as_a_line_without_its_item_asks() -> None:
    settings = SETTINGS.model_copy(update={"ast_policy": AstPolicy.TAX_LINE})
    decision = mapped(mixed(), company=US_AUTOMATED, settings=settings)
    assert isinstance(decision, Attention)
    assert decision.problem.code == "us_tax_line_item_missing"


def test_a_company_without_sales_tax_gets_no_codes_and_refuses_taxed_invoices() -> None:
    untaxed = snapshot(line(1, "100", taxable=False), subtotal="100", tax="0", total="100")
    write = written(mapped(untaxed, company=US_NO_TAX))
    (only,) = write.body["Line"] if isinstance(write.body["Line"], list) else []
    assert isinstance(only, dict)
    assert "TaxCodeRef" not in str(only)
    assert "TxnTaxDetail" not in write.body
    decision = mapped(mixed(), company=US_NO_TAX)
    assert isinstance(decision, Attention)
    assert decision.problem.code == "sales_tax_off"
    assert "$8.25" in decision.problem.message


def answer(total: float, tax: float | None) -> JsonObject:
    document: JsonObject = {"Id": "266", "DocNumber": "10026", "TotalAmt": total, "CurrencyRef": {"value": "CAD"}}
    return {**document, "TxnTaxDetail": {"TotalTax": tax}} if tax is not None else document


def test_the_reported_cent_is_caught_with_both_figures() -> None:
    """9.975 % of 4,495.16 is 448.39221; QuickBooks answered 448.40."""
    rate: JsonObject = {"id": 4, "name": "QST", "rate": "9.975", "components": []}
    invoice = snapshot(
        line(1, "4495.16"), subtotal="4495.16", tax="448.39", total="4943.55", tax_rate_id=4, rates=[rate]
    )
    write = written(mapped(invoice, company=CANADA))
    assert codes(write) == []
    assert write.expected is not None
    total, tax = compare_answer(write.expected, answer(4943.56, 448.40), "Invoice 10026")
    assert "Syncro says total CAD 4,943.55, QuickBooks posted CAD 4,943.56" in total.message
    assert "Syncro says tax CAD 448.39, QuickBooks posted CAD 448.40" in tax.message


def test_an_answer_that_agrees_to_the_cent_is_silent() -> None:
    assert compare_answer(Totals(Decimal("158.250"), Decimal("8.25")), answer(158.25, 8.25), "Invoice 10026") == ()


def test_an_answer_without_tax_is_one_of_no_tax() -> None:
    assert compare_answer(Totals(Decimal(100), Decimal(0)), answer(100, None), "Invoice 10026") == ()
    (problem,) = compare_answer(Totals(Decimal(100), Decimal(5)), answer(100, None), "Invoice 10026")
    assert problem.code == "quickbooks_tax_differs"


def test_an_answer_without_total_is_not_taken_for_agreement() -> None:
    (problem,) = compare_answer(Totals(Decimal(0), Decimal(0)), {"DocNumber": "10026"}, "Invoice 10026")
    assert problem.code == "quickbooks_total_unstated"


def test_tax_is_rounded_for_each_code_on_the_sum_of_its_lines() -> None:
    """Three lines of 0.10 at 5 %: 0.015 is 0.02; rounding each line would give 0.03."""
    lines = [line(number, "0.10", tax_rate_id=4) for number in (1, 2, 3)]
    write = written(mapped(snapshot(*lines, subtotal="0.30", tax="0.02", total="0.32", rates=[GST]), company=CANADA))
    assert codes(write) == []


QUEBEC = NewTaxCode(
    name="Quebec",
    agency=Ref(id="1"),
    rates=(NewTaxRate(name="GST", percent=Decimal(5)), NewTaxRate(name="QST", percent=Decimal("9.975"))),
)
TO_MAKE = SETTINGS.model_copy(update={"tax_codes": {1: Ref(id="5")}, "new_tax_codes": {1: QUEBEC, 3: QUEBEC}})


def context(company: Company = CANADA, *, tax_free: bool = False, **fields: Any) -> TaxContext:
    rate = fields.pop("tax_rate_id", 3)
    invoice = snapshot(line(1, "100", **fields), subtotal="100", tax="14.98", total="114.98", tax_rate_id=rate)
    return TaxContext(invoice, customer(tax_free=tax_free), TO_MAKE, company)


def test_a_code_is_made_for_a_rate_that_was_confirmed_unless_one_was_chosen_or_nothing_is_taxed() -> None:
    assert rates_to_make(context()) == {3}
    assert rates_to_make(context(US)) == {3}
    assert rates_to_make(context(tax_rate_id=1)) == set()
    assert rates_to_make(context(US_NO_TAX)) == set()
    assert rates_to_make(context(tax_free=True)) == set()
    assert rates_to_make(context(taxable=False)) == set()


def test_the_made_code_is_the_lines_code_outside_the_us_and_the_documents_in_it() -> None:
    invoice = context().snapshot
    assert tax_codes(written(mapped(invoice, company=CANADA, settings=TO_MAKE, made={3: "77"}))) == ["77"]
    write = written(mapped(invoice, settings=TO_MAKE, made={3: "77"}))
    assert (tax_codes(write), write.body["TxnTaxDetail"]) == (["TAX"], {"TxnTaxCodeRef": {"value": "77"}})


def test_a_confirmed_code_that_is_not_made_yet_is_never_guessed() -> None:
    decision = mapped(context().snapshot, company=CANADA, settings=TO_MAKE)
    assert isinstance(decision, Attention)
    assert decision.problem.code == "tax_rate_unmapped"

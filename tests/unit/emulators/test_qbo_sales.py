"""Invoices and credit memos: lines, amounts, tax, numbers, dates, void, delete (facts: QBO 1.3, 1.5, 1.7)."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from emulators.quickbooks_online import Refusal

TAXED = {"TxnTaxDetail": {"TxnTaxCodeRef": {"value": "3"}}}


def line(amount: Any, code: str | None = "NON", item: str = "1", **detail: Any) -> Any:
    tax = {"TaxCodeRef": {"value": code}} if code else {}
    return {
        "Amount": amount,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": item}, **tax, **detail},
    }


def body(customer: str, *lines: Any, **more: Any) -> Any:
    return {"CustomerRef": {"value": customer}, "Line": list(lines), **more}


def test_a_created_invoice_looks_like_the_recorded_answer(us: Any) -> None:
    customer = us.customer("Amy's Bird Sanctuary")
    invoice = us.make("Invoice", body(customer, line(100.0, code=None)))
    assert invoice == {
        "AllowIPNPayment": False,
        "AllowOnlinePayment": False,
        "AllowOnlineCreditCardPayment": False,
        "AllowOnlineACHPayment": False,
        "domain": "QBO",
        "sparse": False,
        "Id": "1",
        "SyncToken": "0",
        "MetaData": {"CreateTime": "2026-11-23T04:00:00-08:00", "LastUpdatedTime": "2026-11-23T04:00:00-08:00"},
        "TxnDate": "2026-11-23",
        "CurrencyRef": {"value": "USD", "name": "United States Dollar"},
        "LinkedTxn": [],
        "Line": [
            {
                "Id": "1",
                "LineNum": 1,
                "Amount": 100,
                "DetailType": "SalesItemLineDetail",
                "SalesItemLineDetail": {
                    "ItemRef": {"value": "1", "name": "Services"},
                    "TaxCodeRef": {"value": "NON"},
                },
            },
            {"Amount": 100, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}},
        ],
        "TxnTaxDetail": {"TotalTax": 0},
        "CustomerRef": {"value": customer, "name": "Amy's Bird Sanctuary"},
        "DueDate": "2026-12-23",
        "TotalAmt": 100,
        "ApplyTaxAfterDiscount": False,
        "PrintStatus": "NeedToPrint",
        "EmailStatus": "NotSet",
        "Balance": 100,
    }


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"CustomerRef": None}, "2020"),
        ({"Line": []}, "2020"),
        ({"CustomerRef": {"value": "99"}}, "2500"),
        ({"Line": [line(10, item="99")]}, "2500"),
        ({"Line": [line(10.01, Qty=1, UnitPrice=10)]}, "6070"),
        ({"Line": [line(None)]}, "2020"),
        ({"Line": [line(10), line(-10.01)]}, "6000"),
        ({"Line": [line(10, code="2")]}, "6100"),
        ({"Line": [{"Amount": 1}]}, "2020"),
        ({"Line": [{"Amount": 1, "DetailType": "Nonsense"}]}, "2170"),
        ({"DocNumber": "1" * 22}, "2050"),
        ({"PrivateNote": "x" * 4001}, "2050"),
        ({"CustomerMemo": {"value": "x" * 1001}}, "2050"),
        ({"TxnDate": "23.11.2026"}, "2060"),
        ({"TxnTaxDetail": {"TxnTaxCodeRef": {"value": "99"}}}, "2500"),
        ({"TxnTaxDetail": {"TxnTaxCodeRef": {"value": "TAX"}}}, "6160"),
        ({"EmailStatus": "NeedToSend"}, "6420"),
        ({"GlobalTaxCalculation": "Sometimes"}, "2170"),
        ({"SalesTermRef": {"value": "99"}}, "2500"),
    ],
)
def test_a_bad_invoice_is_refused_with_the_code_intuit_documents(us: Any, change: Any, code: str) -> None:
    assert us.refusal("Invoice", {**body(us.customer(), line(10, code="NON")), **change}) == code
    assert us.company.entities("Invoice") == []


def test_a_line_amount_is_quantity_times_price_half_up_at_cents(us: Any) -> None:
    # 3 x 0.335 = 1.005, which is 1.01 half-up
    invoice = us.make("Invoice", body(us.customer(), line(1.01, Qty=3, UnitPrice=0.335)))
    assert invoice["TotalAmt"] == Decimal("1.01")
    assert us.refusal("Invoice", body("1", line(1.00, Qty=3, UnitPrice=0.335))) == "6070"


def test_an_amount_alone_needs_no_quantity(us: Any) -> None:
    assert us.make("Invoice", body(us.customer(), line(12.34)))["TotalAmt"] == Decimal("12.34")


def test_a_line_without_item_is_documentation_and_its_amount_is_ignored(us: Any) -> None:
    loose = {"Amount": 50, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {}}
    assert us.make("Invoice", body(us.customer(), line(10), loose))["TotalAmt"] == 10


def test_a_negative_line_is_allowed_while_the_total_is_not_negative(us: Any) -> None:
    assert us.make("Invoice", body(us.customer(), line(10), line(-10)))["TotalAmt"] == 0


def test_sent_subtotal_lines_are_replaced_by_the_computed_one(us: Any) -> None:
    subtotal = {"Amount": 999, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}
    invoice = us.make("Invoice", body(us.customer(), line(10), subtotal))
    assert [one["Amount"] for one in invoice["Line"]] == [10, 10]


def test_an_update_replaces_all_lines_even_when_sparse(us: Any) -> None:
    invoice = us.make("Invoice", body(us.customer(), line(10), line(20)))
    kept = {**invoice["Line"][0], "Description": None}
    updated = us.make("Invoice", {"Id": "1", "SyncToken": "0", "sparse": True, "Line": [kept, line(5)]})
    assert [(one.get("Id"), one["Amount"]) for one in updated["Line"]] == [("1", 10), ("3", 5), (None, 15)]
    untouched = us.make("Invoice", {"Id": "1", "SyncToken": "1", "sparse": True, "PrivateNote": "n"})
    assert untouched["TotalAmt"] == 15


def test_an_inactive_item_cannot_be_used_but_may_stay_where_it_is(us: Any) -> None:
    item = us.make("Item", {"Name": "Old", "IncomeAccountRef": {"value": "1"}})["Id"]
    invoice = us.make("Invoice", body(us.customer(), line(10, item=item)))
    us.company.deactivate_by_hand("Item", item)
    assert us.refusal("Invoice", body("1", line(10, item=item))) == "610"
    change = {"Id": invoice["Id"], "SyncToken": "0", "sparse": True, "Line": [line(11, item=item)]}
    assert us.make("Invoice", change)["TotalAmt"] == 11


def test_us_manual_tax_is_computed_per_rate_of_the_transactions_group(us: Any) -> None:
    invoice = us.make("Invoice", body(us.customer(), line(100.5, "TAX"), line(50, "NON"), **TAXED))
    # 100.50 x 7.1 % = 7.1355 -> 7.14 ; x 2 % = 2.01
    assert invoice["TxnTaxDetail"] == {
        "TxnTaxCodeRef": {"value": "3"},
        "TotalTax": Decimal("9.15"),
        "TaxLine": [
            {
                "Amount": Decimal("7.14"),
                "DetailType": "TaxLineDetail",
                "TaxLineDetail": {
                    "TaxRateRef": {"value": "2"},
                    "PercentBased": True,
                    "TaxPercent": Decimal("7.1"),
                    "NetAmountTaxable": Decimal("100.50"),
                },
            },
            {
                "Amount": Decimal("2.01"),
                "DetailType": "TaxLineDetail",
                "TaxLineDetail": {
                    "TaxRateRef": {"value": "3"},
                    "PercentBased": True,
                    "TaxPercent": 2,
                    "NetAmountTaxable": Decimal("100.50"),
                },
            },
        ],
    }
    assert invoice["TotalAmt"] == Decimal("159.65")


def test_canadian_gst_and_qst_are_two_rates_of_one_code(ca: Any) -> None:
    invoice = ca.make("Invoice", body(ca.customer(), line(4495.16, "1")))
    # 5 % = 224.758 -> 224.76 ; 9.975 % = 448.39221 -> 448.39
    assert [one["Amount"] for one in invoice["TxnTaxDetail"]["TaxLine"]] == [Decimal("224.76"), Decimal("448.39")]
    assert invoice["TotalAmt"] == Decimal("5168.31")


def test_tax_may_be_rounded_per_line_instead(ca: Any) -> None:
    lines = [line(0.10, "2"), line(0.10, "2"), line(0.10, "2")]
    # per rate: 0.30 x 13 % = 0.039 -> 0.04 ; per line: 3 x (0.013 -> 0.01) = 0.03
    assert ca.make("Invoice", body(ca.customer(), *lines))["TxnTaxDetail"]["TotalTax"] == Decimal("0.04")
    ca.company.tax_rounding = "per_line"
    assert ca.make("Invoice", body("1", *lines))["TxnTaxDetail"]["TotalTax"] == Decimal("0.03")


def test_a_test_can_force_a_total_of_a_cent_more(ca: Any) -> None:
    ca.company.force_total("INV-1", Decimal("5168.32"))
    forced = ca.make("Invoice", body(ca.customer(), line(4495.16, "1"), DocNumber="INV-1"))
    assert (forced["TotalAmt"], forced["Balance"]) == (Decimal("5168.32"), Decimal("5168.32"))
    assert forced["TxnTaxDetail"]["TotalTax"] == Decimal("673.16")
    assert forced["TxnTaxDetail"]["TaxLine"][1]["Amount"] == Decimal("448.40")
    other = ca.make("Invoice", body("1", line(4495.16, "1"), DocNumber="INV-2"))
    assert other["TotalAmt"] == Decimal("5168.31")


def test_a_line_outside_the_us_needs_a_tax_code_unless_tax_does_not_apply(ca: Any, gb: Any) -> None:
    answer = ca.post("invoice", body(ca.customer(), line(10, code=None)))
    assert answer.code == "6000"
    assert "GST/HST" in answer.detail
    assert "VAT" in gb.post("invoice", body(gb.customer(), line(10, code=None))).detail
    free = ca.make("Invoice", body("1", line(10, code=None), GlobalTaxCalculation="NotApplicable"))
    assert (free["TotalAmt"], free["TxnTaxDetail"]) == (10, {"TotalTax": 0})


def test_an_unknown_tax_code_outside_the_us_is_an_invalid_reference(gb: Any) -> None:
    assert gb.refusal("Invoice", body(gb.customer(), line(10, code="TAX"))) == "2500"


def test_stale_tax_lines_outside_the_us_win_over_the_computed_ones(gb: Any) -> None:
    invoice = gb.make("Invoice", body(gb.customer(), line(100, "1")))
    assert invoice["TotalAmt"] == 120
    change = {**body("1", line(200, "1")), "Id": "1", "SyncToken": "0", "TxnTaxDetail": invoice["TxnTaxDetail"]}
    assert gb.make("Invoice", change)["TotalAmt"] == 220  # the trap: 200 and the old 20
    del change["TxnTaxDetail"]
    assert gb.make("Invoice", {**change, "SyncToken": "1"})["TotalAmt"] == 240


def test_automated_tax_honours_or_ignores_an_explicit_total(automated: Any) -> None:
    sent = body(automated.customer(), line(100, "TAX"), TxnTaxDetail={"TotalTax": 8.88})
    honoured = automated.make("Invoice", sent)
    # 8.88 over 7.10 and 2.00: 8.88 x 7.10 / 9.10 = 6.928 -> 6.93, the rest 1.95
    assert [one["Amount"] for one in honoured["TxnTaxDetail"]["TaxLine"]] == [Decimal("6.93"), Decimal("1.95")]
    assert honoured["TotalAmt"] == Decimal("108.88")
    automated.company.ast_override = "ignore"
    assert automated.make("Invoice", sent)["TotalAmt"] == Decimal("109.10")


def test_a_company_without_sales_tax_charges_none(emu: Any, us: Any) -> None:
    us.company.tax_mode = "none"
    assert us.make("Invoice", body(us.customer(), line(100, "TAX"), **TAXED))["TotalAmt"] == 100


def test_a_discount_line_takes_a_percentage_off(us: Any) -> None:
    discount = {
        "DetailType": "DiscountLineDetail",
        "DiscountLineDetail": {"PercentBased": True, "DiscountPercent": 10},
    }
    invoice = us.make("Invoice", body(us.customer(), line(50), discount))
    assert (invoice["TotalAmt"], invoice["Line"][-1]["Amount"]) == (45, 5)
    us.company.allow_discount = False
    assert us.refusal("Invoice", body("1", line(50), discount)) == "6090"


def test_750_lines_are_the_most_a_taxable_invoice_may_have(us: Any) -> None:
    customer = us.customer()
    too_many = body(customer, *[line(1, "TAX")] * 751, **TAXED)
    assert us.refusal("Invoice", too_many) == "6000"
    assert us.make("Invoice", body(customer, *[line(1, "NON")] * 751))["TotalAmt"] == 751
    assert us.refusal("Invoice", body(customer, *[line(0)] * 10_001)) == "6000"


def test_a_document_number_is_kept_and_unique_per_kind(us: Any) -> None:
    customer = us.customer()
    assert us.invoice(customer, "10", DocNumber="A1")["DocNumber"] == "A1"
    answer = us.post("invoice", body(customer, line(1), DocNumber="A1"))
    assert answer.code == "6140"
    assert "DocNumber=A1 is assigned to TxnType=Invoice with TxnId=1" in answer.detail
    assert us.make("CreditMemo", body(customer, line(1), DocNumber="A1"))["DocNumber"] == "A1"
    assert us.make("Invoice", {"Id": "1", "SyncToken": "0", "sparse": True, "DocNumber": "A1"})["DocNumber"] == "A1"


def test_a_company_that_numbers_by_itself_does_so(us: Any) -> None:
    us.company.custom_txn_numbers = False
    customer = us.customer()
    assert us.invoice(customer, "10", DocNumber="A1")["DocNumber"] == "1001"
    assert us.invoice(customer, "10")["DocNumber"] == "1002"


@pytest.mark.parametrize(
    ("term", "due"),
    [
        ({"Name": "Net 10", "DueDays": 10}, "2026-02-04"),
        ({"Name": "28th", "DayOfMonthDue": 28, "DueNextMonthDays": 2}, "2026-01-28"),
        ({"Name": "26th", "DayOfMonthDue": 26, "DueNextMonthDays": 5}, "2026-02-26"),
        ({"Name": "31st", "DayOfMonthDue": 31, "DueNextMonthDays": 10}, "2026-02-28"),
    ],
)
def test_the_due_date_follows_the_term(us: Any, term: Any, due: str) -> None:
    term_id = us.make("Term", term)["Id"]
    invoice = us.invoice(us.customer(), "10", TxnDate="2026-01-25", SalesTermRef={"value": term_id})
    assert invoice["DueDate"] == due


def test_a_customers_own_term_and_addresses_are_the_default(us: Any) -> None:
    customer = us.customer(SalesTermRef={"value": "2"}, BillAddr={"Line1": "1 Elm St"})
    invoice = us.invoice(customer, "10", TxnDate="2026-01-01")
    assert (invoice["DueDate"], invoice["BillAddr"]["Line1"]) == ("2026-01-16", "1 Elm St")


@pytest.mark.parametrize(("password", "code"), [(False, "6200"), (True, "6210")])
def test_closed_books_refuse_the_old_and_the_new_date(us: Any, password: bool, code: str) -> None:
    customer = us.customer()
    january = us.invoice(customer, "10", TxnDate="2026-01-31")
    march = us.invoice(customer, "10", TxnDate="2026-03-01")
    us.company.book_close_date, us.company.book_close_password = date(2026, 1, 31), password
    address = {"Id": january["Id"], "SyncToken": "0"}
    assert us.refusal("Invoice", body(customer, line(1), TxnDate="2026-01-31")) == code
    assert us.refusal("Invoice", {**address, "sparse": True, "PrivateNote": "x"}) == code
    assert us.refusal("Invoice", {"Id": march["Id"], "SyncToken": "0", "sparse": True, "TxnDate": "2026-01-05"}) == code
    assert us.refusal("Invoice", address, operation="delete") == code
    assert us.refusal("Invoice", address, operation="void") == code
    assert us.invoice(customer, "1", TxnDate="2026-02-01")["TxnDate"] == "2026-02-01"


def test_a_voided_invoice_is_zero_and_says_so(us: Any) -> None:
    us.invoice(us.customer(), "100", PrivateNote="syncro:invoice:1:1")
    voided = us.make("Invoice", {"Id": "1", "SyncToken": "0"}, operation="void")
    assert (voided["TotalAmt"], voided["Balance"], voided["SyncToken"]) == (0, 0, "1")
    assert [one["Amount"] for one in voided["Line"]] == [0, 0]
    assert voided["PrivateNote"] == "Voided - syncro:invoice:1:1"
    assert us.company.get("Customer", "1")["Balance"] == 0


def test_a_deleted_invoice_is_gone(us: Any) -> None:
    us.invoice(us.customer(), "100", DocNumber="A1")
    answer = us.post("invoice", {"Id": "1", "SyncToken": "0"}, operation="delete")
    assert answer.body["Invoice"] == {"domain": "QBO", "status": "Deleted", "Id": "1"}
    assert us.call("GET", "invoice/1").code == "610"
    assert us.refusal("Invoice", {"Id": "1", "SyncToken": "0", "sparse": True, "PrivateNote": "x"}) == "610"
    assert us.invoice("1", "5", DocNumber="A1")["Id"] == "2"


@pytest.mark.parametrize(
    ("entity", "status", "code"), [("creditmemo", 400, "500"), ("purchase", 400, "500"), ("bill", 200, "10000")]
)
def test_void_where_there_is_none(us: Any, entity: str, status: int, code: str) -> None:
    answer = us.post(entity, {"Id": "1", "SyncToken": "0"}, operation="void")
    assert (answer.status, answer.code) == (status, code)


def test_the_bookkeeper_needs_no_token_and_bumps_it(us: Any) -> None:
    us.invoice(us.customer(), "100")
    us.company.book_close_date = date(2030, 1, 1)
    edited = us.company.edit_by_hand("Invoice", "1", {"PrivateNote": "mine", "Line": [line(Decimal(90))]})
    assert (edited["SyncToken"], edited["TotalAmt"], edited["PrivateNote"]) == ("1", 90, "mine")
    us.company.delete_by_hand("Invoice", "1")
    assert us.company.get("Invoice", "1") is None
    with pytest.raises(Refusal):
        us.company.void_by_hand("Invoice", "1")


def test_an_invoice_in_another_currency_than_its_customers_is_refused(us: Any) -> None:
    us.company.multi_currency = True
    customer = us.customer(CurrencyRef={"value": "EUR"})
    assert us.refusal("Invoice", body(customer, line(1), CurrencyRef={"value": "USD"})) == "6000"
    made = us.make("Invoice", body(customer, line(1), CurrencyRef={"value": "EUR"}))
    assert (made["CurrencyRef"]["value"], made["ExchangeRate"]) == ("EUR", 1)
    assert us.refusal("Invoice", body(customer, line(1))) == "6000"  # without one, the home currency is meant

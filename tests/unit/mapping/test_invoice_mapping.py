"""An invoice becomes the QuickBooks body that a bookkeeper would have typed. All figures were worked out by hand."""

from dataclasses import replace
from decimal import Decimal

import pytest

from syncro_quickbooks.online.mapping.invoice import Choices, needed_products
from syncro_quickbooks.sync.model import Attention, Kind, Operation, RecordKey, Totals, Wait
from syncro_quickbooks.sync.settings import Numbering, Ref
from tests.unit.mapping.mapping_builders import (
    CANADA,
    MARKER,
    SETTINGS,
    US,
    amounts,
    codes,
    customer,
    detail,
    item_ids,
    line,
    lines_of,
    mapped,
    posted,
    product,
    simple,
    snapshot,
    tax_codes,
    written,
)


def test_a_new_invoice_is_created_whole() -> None:
    write = written(mapped(simple(po_number="BD-2210", note="Thanks.\r\nSee you")))
    assert (write.operation, write.entity, write.lines) == (Operation.CREATE, "Invoice", 1)
    assert write.body == {
        "CustomerRef": {"value": "58"},
        "DocNumber": "INV-1",
        "TxnDate": "2026-11-16",
        "DueDate": "2026-12-16",
        "Line": [
            {
                "DetailType": "SalesItemLineDetail",
                "Amount": 200.0,
                "Description": "Support hours",
                "SalesItemLineDetail": {
                    "ItemRef": {"value": "121"},
                    "Qty": 2.0,
                    "UnitPrice": 100.0,
                    "TaxCodeRef": {"value": "TAX"},
                },
            }
        ],
        "TxnTaxDetail": {"TxnTaxCodeRef": {"value": "5"}},
        "CustomerMemo": {"value": "PO number: BD-2210\nThanks.\nSee you"},
        "PrivateNote": MARKER,
        "EmailStatus": "NotSet",
        "AllowOnlineACHPayment": False,
        "AllowOnlineCreditCardPayment": False,
    }
    assert write.expected == Totals(Decimal("216.50"), Decimal("16.50"))
    assert write.warnings == ()


def test_an_update_is_sparse_with_all_lines_and_leaves_what_is_the_bookkeepers() -> None:
    first = written(mapped(simple()))
    current = posted(first, EmailStatus="EmailSent", PrivateNote=f"called twice\n{MARKER}")
    write = written(mapped(simple(), current=current))
    assert write.operation is Operation.UPDATE
    assert (write.body["Id"], write.body["SyncToken"], write.body["sparse"]) == ("266", "3", True)
    assert write.body["Line"] == first.body["Line"]
    assert not {"EmailStatus", "AllowOnlineACHPayment", "AllowOnlineCreditCardPayment", "PrivateNote"} & set(write.body)


def test_create_and_update_of_the_same_content_have_the_same_digest() -> None:
    first = written(mapped(simple()))
    assert written(mapped(simple(), current=posted(first))).digest == first.digest


@pytest.mark.parametrize("changes", [{"note": "New note"}, {"number": "INV-2"}, {"due_date": "2026-12-17T00:00:00Z"}])
def test_changed_content_changes_the_digest(changes: dict[str, str]) -> None:
    assert written(mapped(simple(**changes))).digest != written(mapped(simple())).digest


def test_a_linked_document_gets_the_marker_below_what_people_wrote() -> None:
    current = posted(written(mapped(simple())), PrivateNote="Agreed with Ms Roe")
    assert written(mapped(simple(), current=current)).body["PrivateNote"] == f"Agreed with Ms Roe\n{MARKER}"


def test_an_update_keeps_the_date_quickbooks_has_and_says_so() -> None:
    current = posted(written(mapped(simple())), TxnDate="2026-11-20")
    write = written(mapped(simple(), current=current))
    assert write.body["TxnDate"] == "2026-11-20"
    assert codes(write) == ["date_differs"]
    assert "2026-11-16" in write.warnings[0].message
    assert "2026-11-20" in write.warnings[0].message
    assert "Force Update" in write.warnings[0].fix


def test_force_update_sends_syncros_date() -> None:
    current = posted(written(mapped(simple())), TxnDate="2026-11-20")
    write = written(mapped(simple(), current=current, choices=Choices(force_update=True)))
    assert write.body["TxnDate"] == "2026-11-16"
    assert write.warnings == ()


def test_online_payment_stays_as_it_is_where_payments_come_from_quickbooks() -> None:
    settings = SETTINGS.model_copy(update={"sync_payments_from": True})
    assert "AllowOnlineACHPayment" not in written(mapped(simple(), settings=settings)).body


def test_lines_keep_syncros_order_and_a_returned_article_stays_on_its_item() -> None:
    invoice = snapshot(
        line(2, "64.99", "-1", product_id=22, name="Toner"),
        line(1, "125", "4", name="Support"),
        subtotal="435.01",
        tax="65.14",
        total="500.15",
        tax_rate_id=3,
    )
    write = written(mapped(invoice, company=CANADA, items={21: "121", 22: "122"}, products={22: product(22)}))
    assert amounts(write) == [Decimal(500), Decimal("-64.99")]
    assert item_ids(write) == ["121", "122"]
    assert detail(lines_of(write)[1])["Qty"] == -1
    assert write.warnings == ()  # 5 % is 21.75, 9.975 % is 43.39: together 65.14


def test_a_zero_invoice_is_sent() -> None:
    write = written(mapped(snapshot(line(1, "0"), subtotal="0", tax="0", total="0")))
    assert amounts(write) == [Decimal(0)]
    assert write.expected == Totals(Decimal(0), Decimal(0))


def test_a_line_without_product_goes_to_the_fallback_item_with_its_name_and_text() -> None:
    free = line(1, "85", product_id=None, item="Cable run", name="Cat6, materials")
    write = written(mapped(snapshot(free, subtotal="85", tax="7.01", total="92.01")))
    assert item_ids(write) == ["80"]
    assert lines_of(write)[0]["Description"] == "Cable run\nCat6, materials"


def test_a_deposit_and_its_later_credit_go_to_the_same_liability_item() -> None:
    deposit = product(30, product_category="Deposit")
    taken = line(1, "50", product_id=30, taxable=False)
    used = line(2, "-50", product_id=30, taxable=False)
    write = written(mapped(snapshot(taken, used, subtotal="0", tax="0", total="0"), products={30: deposit}, items={}))
    assert item_ids(write) == ["82", "82"]


def test_a_credit_that_mentions_a_deposit_without_its_product_needs_attention() -> None:
    credit = line(2, "-50", product_id=None, item="Deposit credit", name=None, taxable=False)
    decision = mapped(snapshot(line(1, "100", taxable=False), credit, subtotal="50", tax="0", total="50"))
    assert isinstance(decision, Attention)
    assert decision.problem.code == "deposit_unmatched"
    assert "line 2" in decision.problem.message


def test_prepaid_hours_are_never_made_into_an_item_of_their_own() -> None:
    hours = product(31, product_category="Pre-Pay Hours")
    invoice = snapshot(line(1, "100", product_id=31, taxable=False), subtotal="100", tax="0", total="100")
    decision = mapped(invoice, products={31: hours}, items={})
    assert isinstance(decision, Attention)
    assert decision.problem.code == "category_items_missing"
    mapped_to = SETTINGS.model_copy(update={"category_items": {"pre-pay hours": Ref(id="83")}})
    assert item_ids(written(mapped(invoice, products={31: hours}, items={}, settings=mapped_to))) == ["83"]


def test_only_products_with_an_item_of_their_own_are_needed() -> None:
    products = {
        21: product(21),
        30: product(30, product_category="deposit"),
        32: product(32, price_retail="-10"),
        33: product(33, product_category="Labor"),
    }
    lines = (
        line(1, "10"),
        line(2, "-5", product_id=30),
        line(3, "-10", product_id=32),
        line(4, "1", product_id=None),
        line(5, "7", product_id=33),
        line(6, "7", product_id=99),
    )
    settings = SETTINGS.model_copy(update={"category_items": {"labor": Ref(id="84")}})
    invoice = snapshot(*lines, subtotal="0", tax="0", total="0").invoice
    assert needed_products(invoice, products, settings) == {21, 99}


def test_an_invoice_waits_for_a_product_without_item() -> None:
    decision = mapped(simple(), items={})
    assert isinstance(decision, Wait)
    assert decision.on == (RecordKey(Kind.PRODUCT, "21"),)


def test_terms_come_from_the_customer_else_from_the_days_until_due() -> None:
    settings = SETTINGS.model_copy(update={"terms": {7: Ref(id="71")}, "terms_by_days": {30: Ref(id="72")}})
    by_days = written(mapped(simple(), settings=settings))
    by_customer = written(mapped(simple(), settings=settings, who=customer(invoice_term_id=7)))
    assert by_days.body["SalesTermRef"] == {"value": "72"}
    assert by_customer.body["SalesTermRef"] == {"value": "71"}


def test_a_location_becomes_class_or_department_as_the_company_tracks_them() -> None:
    settings = SETTINGS.model_copy(
        update={"location_classes": {7: Ref(id="91")}, "location_departments": {7: Ref(id="92")}}
    )
    per_document = replace(US, class_per_transaction=True, track_departments=True)
    per_line = replace(US, class_per_line=True, track_departments=True)
    whole = written(mapped(simple(location_id=7), settings=settings, company=per_document))
    lines = written(mapped(simple(location_id=7), settings=settings, company=per_line))
    neither = written(mapped(simple(location_id=7), settings=settings))
    assert (whole.body["ClassRef"], whole.body["DepartmentRef"]) == ({"value": "91"}, {"value": "92"})
    assert "ClassRef" not in lines.body
    assert detail(lines_of(lines)[0])["ClassRef"] == {"value": "91"}
    assert lines.body["DepartmentRef"] == {"value": "92"}
    assert not {"ClassRef", "DepartmentRef"} & set(neither.body)
    assert codes(neither) == ["location_not_tracked"]


def test_the_number_moves_to_the_memo_where_quickbooks_numbers_by_itself() -> None:
    settings = SETTINGS.model_copy(update={"numbering": Numbering.MEMO_WHEN_QUICKBOOKS_NUMBERS})
    write = written(mapped(simple(), settings=settings, company=replace(US, custom_txn_numbers=False)))
    assert "DocNumber" not in write.body
    assert write.body["CustomerMemo"] == {"value": "Invoice number: INV-1"}
    assert codes(write) == ["numbered_by_quickbooks"]


def test_a_company_with_several_currencies_gets_the_currency_and_refuses_another_ones_customer() -> None:
    company = replace(US, multi_currency=True)
    assert written(mapped(simple(), company=company, customer_currency="USD")).body["CurrencyRef"] == {"value": "USD"}
    decision = mapped(simple(), company=company, customer_currency="EUR")
    assert isinstance(decision, Attention)
    assert decision.problem.code == "customer_currency"
    assert "EUR" in decision.problem.message


def test_memo_and_description_are_cut_to_what_quickbooks_takes_and_lose_what_it_cannot_show() -> None:
    invoice = snapshot(
        line(1, "100", "2", name="Fix 🔧\x00" + "x" * 5000),
        subtotal="200",
        tax="16.50",
        total="216.50",
        note="n" * 1500,
    )
    write = written(mapped(invoice))
    description = str(lines_of(write)[0]["Description"])
    assert description.startswith("Fix xxx")
    assert len(description) == 4000
    assert write.body["CustomerMemo"] == {"value": "n" * 1000}


def test_outside_the_us_text_keeps_its_script() -> None:
    invoice = simple(tax_rate_id=4, note="Grüße 東京 🔧").model_copy()
    write = written(mapped(invoice, company=CANADA))
    assert write.body["CustomerMemo"] == {"value": "Grüße 東京 🔧"}


def test_a_thousand_untaxed_lines_are_sent_whole() -> None:
    lines = [line(number, "1.01", taxable=False) for number in range(1, 1001)]
    write = written(mapped(snapshot(*lines, subtotal="1010.00", tax="0", total="1010.00")))
    assert write.lines == 1000
    assert sum(amounts(write)) == Decimal("1010.00")
    assert set(tax_codes(write)) == {"NON"}
    assert write.warnings == ()


def test_a_total_that_quickbooks_will_compute_otherwise_is_a_warning_with_both_figures() -> None:
    invoice = snapshot(line(1, "100", "2"), subtotal="200", tax="16.51", total="216.51")
    write = written(mapped(invoice))
    assert codes(write) == ["predicted_total_differs", "predicted_tax_differs"]
    assert "$216.51" in write.warnings[0].message
    assert "$216.50" in write.warnings[0].message
    assert amounts(write) == [Decimal(200)]  # nothing is repaired


def test_mapping_the_same_thing_twice_gives_the_same_write() -> None:
    assert mapped(simple()) == mapped(simple())

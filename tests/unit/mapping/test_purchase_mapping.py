"""Purchase orders, bills, customer purchases and vendors as bodies, worked out by hand."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.company import Company
from syncro_quickbooks.online.list_kinds import named
from syncro_quickbooks.online.mapping.bill import bill_total, map_bill, paid
from syncro_quickbooks.online.mapping.expenses import DETAIL, closed_for_change, match_lines
from syncro_quickbooks.online.mapping.item import map_item
from syncro_quickbooks.online.mapping.names import vendor_name
from syncro_quickbooks.online.mapping.precheck import NO_CHOICES, Choices
from syncro_quickbooks.online.mapping.purchase import Sold, map_purchase, payment_type
from syncro_quickbooks.online.mapping.purchase_order import Supplied, map_order
from syncro_quickbooks.online.mapping.vendor import map_vendor
from syncro_quickbooks.online.matching import Adopt, Ask, match_vendor
from syncro_quickbooks.sync.model import Attention, Operation, Skip, Write
from syncro_quickbooks.sync.settings import MethodKind, PaymentMethod, Ref, Settings
from syncro_quickbooks.syncro.models import CustomerPurchase, PurchaseOrder, Vendor
from tests.support.purchase_events import finished, order_detail, order_line, purchase_detail, sold_line, vendor
from tests.unit.mapping.mapping_builders import CANADA, SETTINGS, US, product

COMPANY = replace(US, custom_purchase_numbers=True)
BUYS = SETTINGS.model_copy(
    update={
        "ap_account": Ref(id="33"),
        "purchase_account": Ref(id="35"),
        "purchase_item": Ref(id="84"),
        "sync_purchase_orders": True,
        "convert_finished_pos_to_bills": True,
        "payment_methods": {"cash": PaymentMethod(kind=MethodKind.MONEY)},
    }
)
SUPPLIED = Supplied("56", {27: "127", 28: "128"})
MARKER = "syncro:purchase_order:707:1"


def order(detail: dict[str, Any] | None = None, **fields: Any) -> PurchaseOrder:
    return PurchaseOrder.model_validate((detail or order_detail(**fields))["purchase_order"])


def mapped(
    one: PurchaseOrder,
    *,
    settings: Settings = BUYS,
    company: Company = COMPANY,
    current: JsonObject | None = None,
    names: Supplied = SUPPLIED,
    choices: Choices = NO_CHOICES,
) -> Write:
    write = map_order(one, names, settings, company, MARKER, current, choices=choices)
    assert isinstance(write, Write)
    return write


def line(item: str, quantity: Any, amount: str, line_id: str = "") -> JsonObject:
    body: JsonObject = {
        "DetailType": DETAIL,
        "Amount": Decimal(amount),
        DETAIL: {"ItemRef": {"value": item}, "Qty": Decimal(str(quantity))},
    }
    return {**body, "Id": line_id} if line_id else body


def test_a_purchase_order_as_quickbooks_reads_it() -> None:
    write = mapped(order())
    detail = {"ItemRef": {"value": "127"}, "Qty": Decimal(12), "UnitPrice": Decimal("40.1")}
    second = {"ItemRef": {"value": "128"}, "Qty": Decimal(2), "UnitPrice": Decimal(25)}
    assert write.body == {
        "VendorRef": {"value": "56"},
        "APAccountRef": {"value": "33"},
        "TxnDate": "2026-11-08",
        "DocNumber": "VN-707",
        "Line": [
            {"DetailType": DETAIL, "Amount": Decimal("481.20"), DETAIL: detail},
            {"DetailType": DETAIL, "Amount": Decimal("50.00"), DETAIL: second},
        ],
        "PrivateNote": MARKER,
    }
    assert (write.operation, write.entity) == (Operation.CREATE, "PurchaseOrder")
    assert write.expected is not None
    assert write.expected.total == Decimal("531.20")


def test_a_cost_of_part_of_a_cent_is_rounded_per_line() -> None:
    # 3 x 0.33333 is 0.99999: a dollar.
    write = mapped(order(lines=[order_line(1, 27, "3", "33.333")], shipping=None, other=None, total="1.00"))
    lines: Any = write.body["Line"]
    assert [each["Amount"] for each in lines] == [Decimal("1.00")]
    assert lines[0][DETAIL]["UnitPrice"] == Decimal("0.33333")
    assert write.warnings == ()


def test_what_cannot_be_named_is_called_tax_or_rounding() -> None:
    (warning,) = mapped(order(total="600.00")).warnings
    # 600.00 - 531.20 = 68.80, of which 17.50 and 3.25 are named.
    assert "differ by $68.80" in warning.message
    assert "$48.05 tax or rounding" in warning.message


def test_a_full_update_keeps_what_it_does_not_know_and_sends_nothing_read_only() -> None:
    current: JsonObject = {
        "Id": "9",
        "SyncToken": "4",
        "domain": "QBO",
        "sparse": False,
        "MetaData": {"CreateTime": "2026-11-08T09:00:00-08:00"},
        "TotalAmt": Decimal("531.20"),
        "TxnDate": "2026-11-09",
        "Memo": "Ring twice",
        "POStatus": "Open",
        "PrivateNote": "by hand",
        "Line": [{**line("128", 2, "50.00", "7"), "LineNum": 1, "Description": "Blue"}, line("127", 12, "481.20", "3")],
    }
    body = mapped(order(), current=current).body
    assert {"MetaData", "TotalAmt", "domain", "sparse"}.isdisjoint(body)
    assert (body["Id"], body["SyncToken"], body["Memo"], body["POStatus"]) == ("9", "4", "Ring twice", "Open")
    assert body["PrivateNote"] == f"by hand\n{MARKER}"
    assert body["TxnDate"] == "2026-11-09"
    lines: Any = body["Line"]
    assert [(each["Id"], each["Amount"]) for each in lines] == [("3", Decimal("481.20")), ("7", Decimal("50.00"))]
    assert lines[1]["Description"] == "Blue"
    forced = mapped(order(), current=current, choices=Choices(force_update=True))
    assert forced.body["TxnDate"] == "2026-11-08"


def test_the_digest_is_of_syncros_content_whatever_quickbooks_adds() -> None:
    one = mapped(order())
    stored = {**one.body, "Id": "9", "SyncToken": "4", "Memo": "Ring twice", "TotalAmt": Decimal("531.20")}
    assert mapped(order(), current=stored).digest == one.digest
    assert mapped(order(number="VN-708")).digest != one.digest


def test_lines_go_on_as_the_most_alike_one_and_each_only_once() -> None:
    current = [line("1", 2, "10.00", "1"), line("1", 3, "15.00", "2"), line("2", 1, "7.00", "3")]
    wanted = [
        line("1", 3, "18.00"),
        line("1", 2, "10.00"),
        line("1", 9, "45.00"),
        line("2", 5, "35.00"),
        line("4", 1, "1"),
    ]
    found = match_lines(wanted, current)
    assert [each["Id"] if each else None for each in found] == ["2", "1", None, "3", None]


def test_outside_the_us_with_several_currencies() -> None:
    body = mapped(order(), company=replace(CANADA, custom_purchase_numbers=True, multi_currency=True)).body
    assert (body["GlobalTaxCalculation"], body["CurrencyRef"]) == ("NotApplicable", {"value": "CAD"})


def test_a_vendor_of_another_currency_stops_it() -> None:
    company = replace(COMPANY, multi_currency=True)
    names = replace(SUPPLIED, currency="EUR")
    decided = map_order(order(), names, BUYS, company, MARKER, None)
    assert isinstance(decided, Attention)
    assert "kept in EUR" in decided.problem.message


@pytest.mark.parametrize(("per_line", "per_transaction"), [(True, False), (False, True), (False, False)])
def test_the_class_stands_where_the_company_tracks_it(per_line: bool, per_transaction: bool) -> None:
    settings = BUYS.model_copy(update={"location_classes": {4: Ref(id="77")}})
    company = replace(COMPANY, class_per_line=per_line, class_per_transaction=per_transaction)
    write = mapped(order(location_id=4), settings=settings, company=company)
    lines: Any = write.body["Line"]
    assert ("ClassRef" in lines[0][DETAIL], "ClassRef" in write.body) == (per_line, per_transaction)
    assert any(each.code == "location_not_tracked" for each in write.warnings) is not (per_line or per_transaction)


# -- bills -------------------------------------------------------------------------------------------------------------

ORDERED: JsonObject = {"Id": "9", "Line": [line("127", 12, "481.20", "3"), line("128", 2, "50.00", "7")]}


def billed(detail: dict[str, Any], current: JsonObject | None = None) -> Write:
    write = map_bill(order(detail), SUPPLIED, ORDERED, BUYS, COMPANY, "syncro:bill:707:1", current)
    assert isinstance(write, Write)
    return write


def links(write: Write) -> list[Any]:
    lines: Any = write.body["Line"]
    return [[link["TxnLineId"] for link in each.get("LinkedTxn", [])] for each in lines]


def test_a_bill_names_the_lines_of_its_order_and_a_link_is_no_content() -> None:
    write = billed(finished())
    assert links(write) == [["3"], ["7"]]
    unlinked = map_bill(order(finished()), SUPPLIED, {}, BUYS, COMPANY, "syncro:bill:707:1", None)
    assert isinstance(unlinked, Write)
    assert unlinked.digest == write.digest


def test_an_existing_line_cannot_be_linked_afterwards_and_a_new_one_is() -> None:
    current: JsonObject = {
        "Id": "5",
        "SyncToken": "0",
        "TxnDate": "2026-11-18",
        "Line": [line("127", 12, "481.20", "1")],
    }
    write = billed(finished(), current)
    assert links(write) == [[], ["7"]]


def test_received_quantities_are_billed() -> None:
    lines = [order_line(1, 27, "12", "4010", received="2"), order_line(2, 28, "2", "2500")]
    one = order(finished(lines=lines))
    assert bill_total(one) == Decimal("130.20")  # 2 x 40.10, and 2 x 25.00 of which nothing else is said


def test_what_came_in_part_is_billed_with_the_line_that_it_was_ordered_on() -> None:
    ordered: JsonObject = {"Id": "9", "Line": [line("127", 10, "100.00", "3"), line("127", 5, "50.00", "4")]}
    lines = [order_line(1, 27, "10", "1000", received="5"), order_line(2, 27, "5", "1000", received="2")]
    write = map_bill(order(finished(lines=lines)), SUPPLIED, ordered, BUYS, COMPANY, "m", None)
    assert isinstance(write, Write)
    assert links(write) == [["3"], ["4"]]
    # More has come of both: by their figures alone the first would now be taken for what was the second.
    current: JsonObject = {**write.body, "Id": "5", "SyncToken": "0"}
    body: Any = write.body["Line"]
    current["Line"] = [{**each, "Id": str(place)} for place, each in enumerate(body, 1)]
    more = [order_line(1, 27, "10", "1000", received="10"), order_line(2, 27, "5", "1000", received="5")]
    update = map_bill(order(finished(lines=more)), SUPPLIED, ordered, BUYS, COMPANY, "m", current)
    assert isinstance(update, Write)
    after: Any = update.body["Line"]
    assert [(each["Id"], each["Amount"]) for each in after] == [("1", Decimal("100.00")), ("2", Decimal("50.00"))]
    assert links(update) == [["3"], ["4"]]


@pytest.mark.parametrize(
    ("fields", "amount"),
    [
        ({"Balance": Decimal("531.20")}, "0"),
        ({"Balance": Decimal("431.20")}, "100.00"),
        ({"Balance": Decimal("531.20"), "LinkedTxn": [{"TxnId": "1", "TxnType": "PurchaseOrder"}]}, "0"),
        ({"Balance": Decimal("531.20"), "LinkedTxn": [{"TxnId": "1", "TxnType": "BillPaymentCheck"}]}, "531.20"),
        ({}, "0"),
    ],
)
def test_what_of_a_bill_is_paid(fields: JsonObject, amount: str) -> None:
    assert paid({"TotalAmt": Decimal("531.20"), **fields}) == Decimal(amount)


def test_in_a_closed_month_texts_are_left_and_money_is_asked_about() -> None:
    current: JsonObject = {**billed(finished()).body, "Id": "5", "SyncToken": "0"}
    closed = date(2026, 11, 18)
    other_text = billed(finished(due_date=None), current)
    other_money = billed(finished(lines=[order_line(1, 27, "1", "4010")]), current)
    assert isinstance(closed_for_change("It", other_text, current, closed, "VendorRef"), Skip)
    assert isinstance(closed_for_change("It", other_money, current, closed, "VendorRef"), Attention)
    assert closed_for_change("It", other_money, current, date(2026, 11, 17), "VendorRef") is other_money


# -- customer purchases ------------------------------------------------------------------------------------------------


def purchase(**fields: Any) -> CustomerPurchase:
    return CustomerPurchase.model_validate(purchase_detail(**fields)["customer_purchase"])


@pytest.mark.parametrize(
    ("syncro", "quickbooks", "expected"),
    [
        ("Cash", "", "Cash"),
        ("Check", "", "Check"),
        ("Cheque", "", "Check"),
        ("Paper", "Company checks", "Check"),
        ("Checkout app", "", "Cash"),
        ("Direct Deposit", "Direct Deposit", "Cash"),
    ],
)
def test_a_payout_is_a_check_if_a_name_says_so(syncro: str, quickbooks: str, expected: str) -> None:
    method = PaymentMethod(kind=MethodKind.MONEY, method=Ref(id="1", name=quickbooks) if quickbooks else None)
    assert payment_type(purchase(payment_method=syncro), method) == expected


@pytest.mark.parametrize(
    ("total", "amounts"),
    [("250.00", ["70.00", "180.00"]), ("370.00", ["120.00", "250.00"]), ("1.00", ["120.00", "250.00"])],
    ids=["the costs", "the prices", "neither"],
)
def test_the_reading_that_gives_the_total(total: str, amounts: list[str]) -> None:
    lines = [sold_line(1, 26, "2", "60.00", "35.00"), sold_line(2, None, "1", "250.00", "180.00")]
    write = map_purchase(purchase(lines=lines, total=total), Sold("8", {26: "126"}), BUYS, COMPANY, "m", None)
    assert isinstance(write, Write)
    body: Any = write.body["Line"]
    assert [each["Amount"] for each in body] == list(map(Decimal, amounts))
    assert [each[DETAIL]["ItemRef"]["value"] for each in body] == ["126", "84"]
    assert bool(write.warnings) is (total == "1.00")


# -- vendors and items -------------------------------------------------------------------------------------------------


def supplier(**fields: Any) -> Vendor:
    return Vendor.model_validate(vendor(**fields))


def test_a_vendor_is_created_without_a_marker_and_updated_sparsely() -> None:
    full = supplier(rep_first_name="Ann", phone="555-0100", account_number="A-1", city="Austin", zip="78701")
    write = map_vendor(full, COMPANY, None)
    assert write.body == {
        "DisplayName": "Ingram Distribution",
        "CompanyName": "Ingram Distribution",
        "GivenName": "Ann",
        "AcctNum": "A-1",
        "PrimaryEmailAddr": {"Address": "orders690@example.com"},
        "PrimaryPhone": {"FreeFormNumber": "555-0100"},
        "BillAddr": {"City": "Austin", "PostalCode": "78701"},
    }
    current: JsonObject = {"Id": "56", "SyncToken": "3", "TaxIdentifier": "XX-XXX6789"}
    update = map_vendor(full, COMPANY, current)
    assert update.body == {**write.body, "Id": "56", "SyncToken": "3", "sparse": True}
    assert update.digest == write.digest


def test_an_e_mail_that_quickbooks_would_refuse_is_left_out() -> None:
    write = map_vendor(supplier(email="none", phone="5" * 31), COMPANY, None)
    assert [each.code for each in write.warnings] == ["vendor_email_left_out", "vendor_phone_left_out"]
    assert {"PrimaryEmailAddr", "PrimaryPhone"}.isdisjoint(write.body)


@pytest.mark.parametrize(
    ("name", "rows", "code"),
    [
        ("Ingram", [{"DisplayName": "ingram"}], ""),
        ("Ingram", [], "vendor_name_elsewhere"),
        ("Ingram", [{"DisplayName": "Ingram (deleted)", "Active": False}], "inactive_in_quickbooks"),
        ("In:gram", [{"DisplayName": "In-gram"}], "vendor_name_taken"),
        ("Ingram", [{"DisplayName": "Ingram"}, {"DisplayName": "INGRAM"}], "vendor_name_taken"),
    ],
)
def test_whose_vendor_it_is(name: str, rows: list[JsonObject], code: str) -> None:
    one = supplier(name=name)
    found = match_vendor(one, vendor_name(one, COMPANY), [{"Id": "1", "Active": True, **row} for row in rows])
    assert isinstance(found, Ask if code else Adopt)
    if isinstance(found, Ask):
        assert found.problem.code == code


def test_vendors_are_looked_up_by_their_display_name() -> None:
    assert "FROM Vendor WHERE DisplayName IN ('Ingram', 'Ingram (deleted)')" in named(
        [{"DisplayName": "Ingram"}], "Vendor"
    )


def test_a_service_has_a_purchase_side_only_where_purchases_are_sent() -> None:
    service = product(5, price_cost="12.00")
    sold = map_item(service, SETTINGS, COMPANY, None)
    bought = map_item(service, BUYS, COMPANY, None)
    assert isinstance(sold, Write)
    assert isinstance(bought, Write)
    assert {"ExpenseAccountRef", "PurchaseCost"}.isdisjoint(sold.body)
    assert (bought.body["Type"], bought.body["ExpenseAccountRef"]) == ("Service", {"value": "62"})
    assert bought.body["PurchaseCost"] == Decimal("12.00")
    without = BUYS.model_copy(update={"expense_account": None})
    assert isinstance(map_item(service, without, COMPANY, None), Attention)

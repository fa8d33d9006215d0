"""Purchase orders, bills, expenses and bill payments (facts: QBO 1.6)."""

from decimal import Decimal
from typing import Any

import pytest

PAYABLE = {"APAccountRef": {"value": "5"}}


def bought(item: str, quantity: Any, price: Any, **more: Any) -> Any:
    detail = {"ItemRef": {"value": item}, "Qty": quantity, "UnitPrice": price}
    amount = Decimal(str(quantity)) * Decimal(str(price))
    return {"Amount": amount, "DetailType": "ItemBasedExpenseLineDetail", "ItemBasedExpenseLineDetail": detail, **more}


def spent(account: str, amount: Any, **detail: Any) -> Any:
    return {
        "Amount": amount,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": {"value": account}, **detail},
    }


def from_order(item: str, quantity: Any, price: Any, order: str, line: str) -> Any:
    link = {"TxnId": order, "TxnType": "PurchaseOrder", "TxnLineId": line}
    return bought(item, quantity, price, LinkedTxn=[link])


@pytest.fixture
def shop(us: Any) -> Any:
    """Vendors 1 and 2, and item 2 that can be bought."""
    us.make("Vendor", {"DisplayName": "Supplies"})
    us.make("Vendor", {"DisplayName": "Others"})
    accounts = {"IncomeAccountRef": {"value": "2"}, "ExpenseAccountRef": {"value": "3"}}
    us.make("Item", {"Name": "Hose", "Type": "NonInventory", **accounts})
    return us


def order(api: Any, *lines: Any, **more: Any) -> Any:
    return api.make("PurchaseOrder", {"VendorRef": {"value": "1"}, **PAYABLE, "Line": list(lines), **more})


def bill(api: Any, *lines: Any, **more: Any) -> Any:
    return api.make("Bill", {"VendorRef": {"value": "1"}, "Line": list(lines), **more})


def test_a_purchase_order_is_open_and_keeps_its_number(shop: Any) -> None:
    made = order(shop, bought("2", 3, 4.5), DocNumber="PO-1")
    assert (made["POStatus"], made["TotalAmt"], made["DocNumber"]) == ("Open", Decimal("13.5"), "PO-1")
    assert made["VendorRef"] == {"value": "1", "name": "Supplies"}
    assert made["Line"][0]["ItemBasedExpenseLineDetail"]["BillableStatus"] == "NotBillable"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"APAccountRef": None}, "2020"),
        ({"VendorRef": None}, "2020"),
        ({"VendorRef": {"value": "9"}}, "2500"),
        ({"APAccountRef": {"value": "6"}}, "6430"),
        ({"DocNumber": "x" * 22}, "2050"),
        ({"Line": []}, "2020"),
        ({"Line": [bought("1", 1, 1)]}, "6000"),
        ({"Line": [{**bought("2", 2, 1), "Amount": 3}]}, "6070"),
        ({"Memo": "x" * 4001}, "2050"),
        ({"POStatus": "Perhaps"}, "2170"),
    ],
)
def test_a_bad_purchase_order_is_refused(shop: Any, change: Any, code: str) -> None:
    body = {"VendorRef": {"value": "1"}, **PAYABLE, "Line": [bought("2", 1, 1)], **change}
    assert shop.refusal("PurchaseOrder", body) == code


def test_a_plan_without_purchase_orders_says_so(shop: Any) -> None:
    shop.company.purchase_orders_enabled = False
    assert shop.refusal("PurchaseOrder", {"VendorRef": {"value": "1"}}) == "5020"


def test_closed_books_do_not_stop_a_purchase_order_which_is_not_posted(shop: Any) -> None:
    shop.company.edit_by_hand("Vendor", "1", {"AcctNum": "1"})
    shop.company.book_close_date = shop.time.at.date()
    assert order(shop, bought("2", 1, 1))["TotalAmt"] == 1
    assert shop.refusal("Bill", {"VendorRef": {"value": "1"}, "Line": [spent("3", 1)]}) == "6200"


def test_a_bill_linked_to_all_of_an_order_closes_it(shop: Any) -> None:
    order(shop, bought("2", 3, 4), bought("2", 1, 5))
    part = bill(shop, from_order("2", 2, 4, "1", "1"))
    assert shop.company.get("PurchaseOrder", "1")["POStatus"] == "Open"
    bill(shop, from_order("2", 1, 4, "1", "1"), from_order("2", 1, 5, "1", "2"))
    closed = shop.company.get("PurchaseOrder", "1")
    assert closed["POStatus"] == "Closed"
    assert closed["LinkedTxn"] == [{"TxnId": "1", "TxnType": "Bill"}, {"TxnId": "2", "TxnType": "Bill"}]
    shop.post("bill", {"Id": part["Id"], "SyncToken": "0"}, operation="delete")
    assert shop.company.get("PurchaseOrder", "1")["POStatus"] == "Open"


@pytest.mark.parametrize(("vendor", "order_id", "line"), [("2", "1", "1"), ("1", "9", "1"), ("1", "1", "9")])
def test_a_bill_cannot_link_another_vendors_or_a_missing_order(
    shop: Any, vendor: str, order_id: str, line: str
) -> None:
    order(shop, bought("2", 3, 4))
    body = {"VendorRef": {"value": vendor}, "Line": [from_order("2", 3, 4, order_id, line)]}
    assert shop.refusal("Bill", body) == "620"


def test_an_existing_bill_line_cannot_be_linked_a_new_one_can(shop: Any) -> None:
    order(shop, bought("2", 3, 4))
    made = bill(shop, bought("2", 3, 4))
    update = {"Id": "1", "SyncToken": "0", "VendorRef": {"value": "1"}}
    linked = {**from_order("2", 3, 4, "1", "1"), "Id": made["Line"][0]["Id"]}
    assert shop.refusal("Bill", {**update, "Line": [linked]}) == "620"
    shop.make("Bill", {**update, "Line": [from_order("2", 3, 4, "1", "1")]})
    assert shop.company.get("PurchaseOrder", "1")["POStatus"] == "Closed"


def test_an_order_with_a_bill_cannot_be_deleted(shop: Any) -> None:
    order(shop, bought("2", 3, 4))
    bill(shop, from_order("2", 3, 4, "1", "1"))
    assert shop.refusal("PurchaseOrder", {"Id": "1", "SyncToken": "0"}, operation="delete") == "6000"


def test_a_bill_needs_its_vendor_on_every_update(shop: Any) -> None:
    bill(shop, spent("3", 10))
    assert shop.refusal("Bill", {"Id": "1", "SyncToken": "0", "sparse": True, "PrivateNote": "x"}) == "2020"


def test_a_bills_number_is_unique_and_its_due_date_follows_the_vendors_term(shop: Any) -> None:
    shop.make("Vendor", {"Id": "1", "SyncToken": "0", "DisplayName": "Supplies", "TermRef": {"value": "2"}})
    made = bill(shop, spent("3", 10), DocNumber="B1", TxnDate="2026-03-01")
    assert made["DueDate"] == "2026-03-16"
    assert shop.refusal("Bill", {"VendorRef": {"value": "1"}, "Line": [spent("3", 1)], "DocNumber": "B1"}) == "6140"


def test_paying_a_bill_lowers_its_balance_and_protects_it(shop: Any) -> None:
    bill(shop, spent("3", 100))
    assert shop.company.get("Vendor", "1")["Balance"] == 100
    line = {"Amount": Decimal(60), "LinkedTxn": [{"TxnId": "1", "TxnType": "Bill"}]}
    payment = {"VendorRef": {"value": "1"}, "PayType": "Check", "TotalAmt": Decimal(60), "Line": [line]}
    shop.company.create_by_hand("BillPayment", payment)
    paid = shop.company.get("Bill", "1")
    assert (paid["Balance"], paid["LinkedTxn"]) == (40, [{"TxnId": "1", "TxnType": "BillPaymentCheck"}])
    assert shop.refusal("Bill", {"Id": "1", "SyncToken": "0"}, operation="delete") == "6000"
    update = {"Id": "1", "SyncToken": "0", "VendorRef": {"value": "1"}, "Line": [spent("3", 59)]}
    assert shop.refusal("Bill", update) == "6000"
    shop.company.delete_by_hand("BillPayment", "1")
    assert shop.company.get("Bill", "1")["Balance"] == 100


def expense(**change: Any) -> Any:
    return {"PaymentType": "Cash", "AccountRef": {"value": "6"}, "Line": [spent("3", 10)], **change}


def test_an_expense_is_paid_to_a_customer(shop: Any) -> None:
    shop.customer("Acme")
    made = shop.make("Purchase", expense(EntityRef={"value": "1", "type": "Customer"}))
    assert made["EntityRef"] == {"value": "1", "type": "Customer", "name": "Acme"}
    assert made["TotalAmt"] == 10


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"PaymentType": None}, "2020"),
        ({"PaymentType": "Barter"}, "2170"),
        ({"AccountRef": None}, "2020"),
        ({"AccountRef": {"value": "11"}}, "6430"),
        ({"PaymentType": "CreditCard"}, "6430"),
        ({"Credit": True}, "6000"),
        ({"EntityRef": {"value": "9", "type": "Customer"}}, "2500"),
        ({"EntityRef": {"value": "1", "type": "Alien"}}, "6290"),
        ({"Line": [spent("3", 1, BillableStatus="Billable")]}, "6310"),
        ({"Line": [spent("3", 1, BillableStatus="HasBeenBilled")]}, "2170"),
    ],
)
def test_a_bad_expense_is_refused(shop: Any, change: Any, code: str) -> None:
    assert shop.refusal("Purchase", expense(**change)) == code


def test_an_expense_needs_its_payment_type_on_every_update(shop: Any) -> None:
    shop.make("Purchase", expense())
    update = {"Id": "1", "SyncToken": "0", "sparse": True, "PrivateNote": "x"}
    assert shop.refusal("Purchase", update) == "2020"
    assert shop.make("Purchase", {**update, "PaymentType": "Cash"})["PrivateNote"] == "x"


def test_a_canadian_bill_carries_purchase_tax(ca: Any) -> None:
    ca.make("Vendor", {"DisplayName": "Supplies"})
    lines = [spent("3", 100, TaxCodeRef={"value": "2"})]
    made = ca.make("Bill", {"VendorRef": {"value": "1"}, "Line": lines})
    assert (made["TotalAmt"], made["TxnTaxDetail"]["TotalTax"]) == (113, 13)
    assert ca.refusal("Bill", {"VendorRef": {"value": "1"}, "Line": [spent("3", 1)]}) == "6000"
    free = {"VendorRef": {"value": "1"}, "Line": [spent("3", 100)], "GlobalTaxCalculation": "NotApplicable"}
    assert ca.make("Bill", free)["TotalAmt"] == 100


def test_a_company_that_numbers_its_purchase_orders_keeps_no_number_of_ours(shop: Any) -> None:
    shop.company.custom_purchase_order_numbers = False
    shop.customer("Acme")
    assert order(shop, bought("2", 1, 1), DocNumber="PO-1")["DocNumber"] == "1001"
    update = {"Id": "1", "SyncToken": "0", "VendorRef": {"value": "1"}, **PAYABLE, "Line": [bought("2", 2, 1)]}
    assert shop.make("PurchaseOrder", {**update, "DocNumber": "PO-1"})["DocNumber"] == "1001"
    assert shop.invoice("1", "1", DocNumber="I-1")["DocNumber"] == "I-1"  # invoices have a switch of their own
    assert bill(shop, spent("3", 1), DocNumber="B-1")["DocNumber"] == "B-1"
    named = {one["Name"]: one["Value"] for one in preferences(shop)["OtherPrefs"]["NameValue"]}
    assert named["VendorAndPurchasesPrefs.UseCustomTxnNumbers"] == "false"
    assert preferences(shop)["SalesFormsPrefs"]["CustomTxnNumbers"] is True


def test_invoices_numbered_by_quickbooks_leave_purchase_orders_theirs(shop: Any) -> None:
    shop.company.custom_txn_numbers = False
    assert order(shop, bought("2", 1, 1), DocNumber="PO-1")["DocNumber"] == "PO-1"


def preferences(api: Any) -> Any:
    return api.call("GET", "preferences").body["Preferences"]


def test_the_plan_may_lose_purchase_orders_and_bills_stay_possible(shop: Any) -> None:
    order(shop, bought("2", 1, 1))
    shop.company.purchase_orders_enabled = False
    change = {"Id": "1", "SyncToken": "0", "sparse": True, "PrivateNote": "x"}
    assert shop.refusal("PurchaseOrder", change) == "5020"
    assert bill(shop, bought("2", 1, 1))["TotalAmt"] == 1


def test_a_bill_posts_to_a_payable_account_only(shop: Any) -> None:
    body = {"VendorRef": {"value": "1"}, "Line": [spent("3", 1)]}
    assert shop.refusal("Bill", {**body, "APAccountRef": {"value": "6"}}) == "6430"
    assert shop.make("Bill", body)["APAccountRef"] == {"value": "5", "name": "Accounts Payable (A/P)"}


def test_a_linked_bill_line_stays_linked_when_the_bill_is_sent_back_and_releases_the_order_when_it_goes(
    shop: Any,
) -> None:
    order(shop, bought("2", 3, 4))
    made = bill(shop, from_order("2", 3, 4, "1", "1"))
    [link] = made["Line"][0]["LinkedTxn"]
    assert link == {"TxnId": "1", "TxnType": "PurchaseOrder", "TxnLineId": "1"}
    same = shop.make("Bill", {"Id": "1", "SyncToken": "0", "VendorRef": {"value": "1"}, "Line": made["Line"]})
    assert same["Line"] == made["Line"]
    assert shop.company.get("PurchaseOrder", "1")["POStatus"] == "Closed"
    shop.make("Bill", {"Id": "1", "SyncToken": "1", "VendorRef": {"value": "1"}, "Line": [bought("2", 3, 4)]})
    reopened = shop.company.get("PurchaseOrder", "1")
    assert (reopened["POStatus"], reopened["LinkedTxn"]) == ("Open", [])


def test_the_vendor_of_a_paid_bill_or_a_billed_order_cannot_change(shop: Any) -> None:
    order(shop, bought("2", 3, 4))
    bill(shop, from_order("2", 3, 4, "1", "1"))
    line = {"Amount": Decimal(5), "LinkedTxn": [{"TxnId": "1", "TxnType": "Bill"}]}
    shop.make("BillPayment", {"VendorRef": {"value": "1"}, "PayType": "Check", "TotalAmt": 5, "Line": [line]})
    change = {"Id": "1", "SyncToken": "0", "sparse": True, "VendorRef": {"value": "2"}}
    assert shop.refusal("PurchaseOrder", change) == "6000"
    assert shop.refusal("Bill", {**change, "Line": [spent("3", 12)]}) == "6000"


def test_a_voided_bill_payment_opens_its_bill(shop: Any) -> None:
    bill(shop, spent("3", 100))
    line = {"Amount": 100, "LinkedTxn": [{"TxnId": "1", "TxnType": "Bill"}]}
    shop.make("BillPayment", {"VendorRef": {"value": "1"}, "PayType": "Check", "TotalAmt": 100, "Line": [line]})
    assert shop.call("GET", "bill/1").body["Bill"]["Balance"] == 0
    void = {"Id": "1", "SyncToken": "0", "sparse": True}
    shop.make("BillPayment", void, operation="update", include="void")
    assert shop.call("GET", "bill/1").body["Bill"]["Balance"] == 100


@pytest.mark.parametrize(
    ("kind", "account", "fits"),
    [
        ("Cash", "6", True),
        ("Check", "6", True),
        ("CreditCard", "11", True),
        ("Check", "11", False),
        ("Cash", "7", False),
    ],
)
def test_an_expense_is_paid_from_an_account_of_its_kind(shop: Any, kind: str, account: str, fits: bool) -> None:
    body = expense(PaymentType=kind, AccountRef={"value": account})
    answer = shop.post("purchase", body)
    assert answer.status == (200 if fits else 400)
    assert fits or answer.code == "6430"


def test_money_back_on_a_card_is_a_credit(shop: Any) -> None:
    made = shop.make("Purchase", expense(PaymentType="CreditCard", AccountRef={"value": "11"}, Credit=True))
    assert (made["Credit"], made["TotalAmt"]) == (True, 10)


@pytest.mark.parametrize("entity", ["PurchaseOrder", "Bill", "Purchase"])
def test_tax_on_what_is_bought_outside_the_us_is_as_the_form_says(ca: Any, entity: str) -> None:
    ca.make("Vendor", {"DisplayName": "Supplies"})
    head: Any = expense() if entity == "Purchase" else {"VendorRef": {"value": "1"}, **PAYABLE}
    taxed = {**head, "Line": [spent("3", 100, TaxCodeRef={"value": "1"}), spent("3", 10, TaxCodeRef={"value": "5"})]}
    made = ca.make(entity, taxed)
    # GST 5 % and QST 9.975 % of 100.00, the second half-up from 9.975; 10.00 are exempt.
    assert (made["GlobalTaxCalculation"], made["TotalAmt"]) == ("TaxExcluded", Decimal("124.98"))
    assert [one["Amount"] for one in made["TxnTaxDetail"]["TaxLine"]] == [5, Decimal("9.98")]
    net = [spent("3", 100, TaxCodeRef={"value": "2"}, TaxInclusiveAmt=113)]
    assert ca.make(entity, {**head, "GlobalTaxCalculation": "TaxInclusive", "Line": net})["TotalAmt"] == 113
    free = {**head, "GlobalTaxCalculation": "NotApplicable", "Line": [spent("3", 100)]}
    assert ca.make(entity, free)["TotalAmt"] == 100
    line = {"Amount": 1, "DetailType": "TaxLineDetail", "TaxLineDetail": {"TaxRateRef": {"value": "1"}}}
    assert ca.refusal(entity, {**free, "TxnTaxDetail": {"TaxLine": [line]}}) == "6170"
    assert ca.refusal(entity, {**head, "Line": [spent("3", 1)]}) == "6000"
    assert ca.refusal(entity, {**head, "Line": [spent("3", 1, TaxCodeRef={"value": "99"})]}) == "2500"
    assert ca.refusal(entity, {**free, "GlobalTaxCalculation": "Perhaps"}) == "2170"


def test_an_american_purchase_knows_tax_and_non_only_and_adds_nothing(shop: Any) -> None:
    assert shop.refusal("Bill", {"VendorRef": {"value": "1"}, "Line": [spent("3", 1, TaxCodeRef={"value": "2"})]}) == (
        "6100"
    )
    made = bill(shop, spent("3", 100, TaxCodeRef={"value": "TAX"}))
    assert made["TotalAmt"] == 100

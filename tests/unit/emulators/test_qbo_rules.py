"""Rules that hold for every kind of transaction: dates, references, currencies, numbers (facts: QBO 1.0, 1.3-1.8)."""

from datetime import date
from typing import Any

import pytest

from tests.unit.emulators.test_qbo_purchases import PAYABLE, bought, spent

SALE = {
    "Amount": 10,
    "DetailType": "SalesItemLineDetail",
    "SalesItemLineDetail": {"ItemRef": {"value": "2"}, "TaxCodeRef": {"value": "NON"}},
}
CUSTOMER, VENDOR = {"CustomerRef": {"value": "1"}}, {"VendorRef": {"value": "1"}}
BODIES: dict[str, Any] = {
    "Invoice": {**CUSTOMER, "Line": [SALE]},
    "CreditMemo": {**CUSTOMER, "Line": [SALE]},
    "Payment": {**CUSTOMER, "TotalAmt": 10},
    "PurchaseOrder": {**VENDOR, **PAYABLE, "Line": [bought("2", 1, 10)]},
    "Bill": {**VENDOR, "Line": [bought("2", 1, 10), spent("3", 5)]},
    "BillPayment": {**VENDOR, "PayType": "Check", "TotalAmt": 10},
    "Purchase": {
        "PaymentType": "Cash",
        "AccountRef": {"value": "6"},
        "EntityRef": {"value": "1", "type": "Customer"},
        "Line": [spent("3", 10)],
    },
}
POSTING = [entity for entity in BODIES if entity != "PurchaseOrder"]
NEEDED: dict[str, dict[str, Any]] = {"Bill": VENDOR, "Purchase": {"PaymentType": "Cash"}}


@pytest.fixture
def shop(us: Any) -> Any:
    """Customer 1, vendor 1, item 2, which is bought and sold."""
    us.customer("Acme")
    us.make("Vendor", {"DisplayName": "Supplies"})
    accounts = {"IncomeAccountRef": {"value": "2"}, "ExpenseAccountRef": {"value": "3"}}
    us.make("Item", {"Name": "Hose", "Type": "NonInventory", **accounts})
    return us


def sparse(entity: str, made: Any, **change: Any) -> Any:
    address = {"Id": made["Id"], "SyncToken": made["SyncToken"], "sparse": True}
    return {**address, **NEEDED.get(entity, {}), **change}


@pytest.mark.parametrize("entity", POSTING)
@pytest.mark.parametrize(("password", "code"), [(False, "6200"), (True, "6210")])
def test_closed_books_refuse_every_posting_transaction_by_old_and_new_date(
    shop: Any, entity: str, password: bool, code: str
) -> None:
    january = shop.make(entity, {**BODIES[entity], "TxnDate": "2026-01-31"})
    march = shop.make(entity, {**BODIES[entity], "TxnDate": "2026-03-01"})
    shop.company.book_close_date, shop.company.book_close_password = date(2026, 1, 31), password
    assert shop.refusal(entity, {**BODIES[entity], "TxnDate": "2026-01-31"}) == code
    assert shop.refusal(entity, sparse(entity, january, PrivateNote="x")) == code
    assert shop.refusal(entity, sparse(entity, january, TxnDate="2026-03-01")) == code
    assert shop.refusal(entity, sparse(entity, march, TxnDate="2026-01-01")) == code
    address = {"Id": january["Id"], "SyncToken": "0"}
    assert shop.refusal(entity, address, operation="delete") == code
    if entity in ("Payment", "BillPayment"):
        assert shop.refusal(entity, {**address, "sparse": True}, operation="update", include="void") == code
    assert shop.make(entity, sparse(entity, march, TxnDate="2026-02-01"))["TxnDate"] == "2026-02-01"


# What each kind of transaction may refer to: the list it is in and the field, both of the object and of its lines.
REFERENCES = [
    ("Invoice", "Customer", {"CustomerRef": {"value": "2"}}),
    ("Invoice", "Term", {"SalesTermRef": {"value": "2"}}),
    ("Invoice", "Department", {"DepartmentRef": {"value": "2"}}),
    ("CreditMemo", "Item", {"Line": [{**SALE, "SalesItemLineDetail": {"ItemRef": {"value": "3"}}}]}),
    ("Payment", "Customer", {"CustomerRef": {"value": "2"}}),
    ("Payment", "PaymentMethod", {"PaymentMethodRef": {"value": "2"}}),
    ("Payment", "Account", {"DepositToAccountRef": {"value": "6"}}),
    ("PurchaseOrder", "Vendor", {"VendorRef": {"value": "2"}}),
    ("PurchaseOrder", "Item", {"Line": [bought("3", 1, 10)]}),
    ("PurchaseOrder", "Account", {"APAccountRef": {"value": "5"}}),
    ("Bill", "Vendor", {"VendorRef": {"value": "2"}}),
    ("Bill", "Account", {"Line": [spent("10", 10)]}),
    ("Bill", "Class", {"Line": [spent("3", 10, ClassRef={"value": "2"})]}),
    ("Bill", "Customer", {"Line": [spent("3", 10, CustomerRef={"value": "2"})]}),
    ("Purchase", "Account", {"AccountRef": {"value": "6"}}),
    ("Purchase", "Customer", {"EntityRef": {"value": "2", "type": "Customer"}}),
    ("Purchase", "Vendor", {"EntityRef": {"value": "2", "type": "Vendor"}}),
]


@pytest.mark.parametrize(("entity", "named", "change"), REFERENCES)
@pytest.mark.parametrize("code", ["610", "2500"])
def test_an_inactive_list_entry_cannot_be_used_but_may_stay_where_it_is(
    shop: Any, entity: str, named: str, change: Any, code: str
) -> None:
    shop.customer("Second")
    shop.make("Vendor", {"DisplayName": "Second vendor"})
    accounts = {"IncomeAccountRef": {"value": "2"}, "ExpenseAccountRef": {"value": "3"}}
    shop.make("Item", {"Name": "Second item", "Type": "NonInventory", **accounts})
    for name in ("First", "Second"):
        shop.make("Department", {"Name": name})
        shop.make("Class", {"Name": name})
    shop.company.inactive_reference = code
    standing = shop.make(entity, {**BODIES[entity], **change})
    used = next(iter(change.values()))
    used_id = used["value"] if isinstance(used, dict) else _named_id(used[0], named)
    shop.company.deactivate_by_hand(named, used_id)
    assert shop.refusal(entity, {**BODIES[entity], **change}) == code
    assert shop.make(entity, sparse(entity, standing, PrivateNote="x"))["PrivateNote"] == "x"


def _named_id(line: Any, named: str) -> str:
    return str(line[line["DetailType"]][f"{named}Ref"]["value"])


@pytest.mark.parametrize(("entity", "named", "change"), REFERENCES)
def test_a_reference_to_nothing_is_an_invalid_reference(shop: Any, entity: str, named: str, change: Any) -> None:
    def nowhere(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: "99" if key == "value" else nowhere(one) for key, one in value.items()}
        return [nowhere(one) for one in value] if isinstance(value, list) else value

    assert shop.refusal(entity, {**BODIES[entity], **nowhere(change)}) == "2500"


@pytest.mark.parametrize("entity", ["Invoice", "CreditMemo", "PurchaseOrder", "Bill", "Purchase"])
def test_a_category_cannot_be_on_a_line(shop: Any, entity: str) -> None:
    category = shop.make("Item", {"Name": "Parts", "Type": "Category"})["Id"]
    sale = {**SALE, "SalesItemLineDetail": {"ItemRef": {"value": category}}}
    line = sale if entity in ("Invoice", "CreditMemo") else bought(category, 1, 10)
    assert shop.refusal(entity, {**BODIES[entity], "Line": [line]}) == "6000"


@pytest.mark.parametrize("entity", [entity for entity in BODIES if entity != "BillPayment"])
def test_a_transaction_is_in_its_partys_currency_and_says_so(shop: Any, entity: str) -> None:
    assert shop.refusal(entity, {**BODIES[entity], "CurrencyRef": {"value": "EUR"}}) == "6000"  # one currency only
    shop.company.multi_currency = True
    euro = {"CurrencyRef": {"value": "EUR"}}
    shop.customer("Acme EU", **euro)
    shop.make("Vendor", {"DisplayName": "Supplies EU", **euro})
    party = "CustomerRef" if "CustomerRef" in BODIES[entity] else "VendorRef"
    to = {"EntityRef": {"value": "2", "type": "Vendor"}} if entity == "Purchase" else {party: {"value": "2"}}
    assert shop.refusal(entity, {**BODIES[entity], **to}) == "6000"
    assert shop.refusal(entity, {**BODIES[entity], **to, "CurrencyRef": {"value": "USD"}}) == "6000"
    assert shop.make(entity, {**BODIES[entity], **to, **euro})["CurrencyRef"]["value"] == "EUR"
    assert shop.make(entity, {**BODIES[entity], "CurrencyRef": {"value": "USD"}})["CurrencyRef"]["value"] == "USD"


def test_a_payment_in_one_currency_cannot_pay_a_sub_customers_invoice_in_another(shop: Any) -> None:
    shop.company.multi_currency = True
    euro = {"CurrencyRef": {"value": "EUR"}}
    child = shop.customer("Branch", Job=True, ParentRef={"value": "1"}, **euro)
    shop.invoice(child, "10", **euro)
    line = {"Amount": 10, "LinkedTxn": [{"TxnId": "1", "TxnType": "Invoice"}]}
    assert shop.refusal("Payment", {**BODIES["Payment"], "Line": [line]}) == "6000"


@pytest.mark.parametrize("entity", BODIES)
def test_a_location_needs_location_tracking(shop: Any, entity: str) -> None:
    shop.make("Department", {"Name": "North"})
    body = {**BODIES[entity], "DepartmentRef": {"value": "1"}}
    standing = shop.make(entity, body)
    assert standing["DepartmentRef"] == {"value": "1", "name": "North"}
    shop.company.track_departments = False
    assert shop.refusal(entity, body) == "5020"
    changed = shop.make(entity, sparse(entity, standing, PrivateNote="x"))
    assert shop.make(entity, changed)["DepartmentRef"]["value"] == "1"  # sent back whole, it may stay


def test_a_class_is_per_line_or_per_transaction_as_the_preferences_say(shop: Any) -> None:
    shop.make("Class", {"Name": "North"})
    named = {"ClassRef": {"value": "1"}}
    per_line = {**BODIES["Invoice"], "Line": [{**SALE, "SalesItemLineDetail": {"ItemRef": {"value": "2"}, **named}}]}
    per_transaction = {**BODIES["Invoice"], **named}
    assert shop.make("Invoice", per_line)
    assert shop.refusal("Invoice", per_transaction) == "5020"
    shop.company.class_tracking, shop.company.class_per_transaction = False, True
    assert shop.refusal("Invoice", per_line) == "5020"
    assert shop.make("Invoice", per_transaction)["ClassRef"] == {"value": "1", "name": "North"}
    preferences = shop.call("GET", "preferences").body["Preferences"]["AccountingInfoPrefs"]
    assert (preferences["ClassTrackingPerTxn"], preferences["ClassTrackingPerTxnLine"]) == (True, False)


@pytest.mark.parametrize("entity", [entity for entity in BODIES if entity != "Payment"])
def test_a_taken_number_is_refused_unless_duplicates_are_allowed(shop: Any, entity: str) -> None:
    body = {**BODIES[entity], "DocNumber": "N-1"}
    shop.make(entity, body)
    assert shop.refusal(entity, body) == "6140"
    assert shop.make(entity, body, include="allowduplicatedocnum")["DocNumber"] == "N-1"
    batch = {"bId": "1", "operation": "create", "optionsData": "allowduplicatedocnum", entity: body}
    [answer] = shop.post("batch", {"BatchItemRequest": [batch]}).body["BatchItemResponse"]
    assert answer[entity]["DocNumber"] == "N-1"
    other = shop.make(entity, BODIES[entity])
    assert shop.refusal(entity, sparse(entity, other, DocNumber="N-1")) == "6140"


@pytest.mark.parametrize("entity", [entity for entity in BODIES if entity != "Payment"])
def test_only_sales_forms_ask_the_companys_preference_about_duplicates(shop: Any, entity: str) -> None:
    shop.company.duplicate_number_check = False
    body = {**BODIES[entity], "DocNumber": "N-1"}
    shop.make(entity, body)
    answer = shop.post(entity.lower(), body)
    assert answer.status == (200 if entity in ("Invoice", "CreditMemo") else 400)


@pytest.mark.parametrize("entity", ["CreditMemo", "PurchaseOrder", "Bill", "Purchase"])
def test_a_sparse_update_keeps_what_it_does_not_name_though_intuit_documents_it_for_others(
    shop: Any, entity: str
) -> None:
    made = shop.make(entity, {**BODIES[entity], "PrivateNote": "kept", "TxnDate": "2026-05-05"})
    changed = shop.make(entity, sparse(entity, made, DocNumber="7"))
    assert (changed["PrivateNote"], changed["TxnDate"], changed["DocNumber"]) == ("kept", "2026-05-05", "7")
    assert (changed["Line"], changed["TotalAmt"]) == (made["Line"], made["TotalAmt"])


def test_a_vendor_shares_its_names_with_customers_and_employees(us: Any) -> None:
    us.make("Vendor", {"DisplayName": "Supplies"})
    us.make("Employee", {"GivenName": "Jo", "FamilyName": "Doe"})
    assert us.refusal("Customer", {"DisplayName": "supplies"}) == "6240"
    assert us.refusal("Vendor", {"DisplayName": "Jo Doe"}) == "6240"
    us.company.deactivate_by_hand("Vendor", "1")
    assert us.refusal("Customer", {"DisplayName": "Supplies"}) == "6240"

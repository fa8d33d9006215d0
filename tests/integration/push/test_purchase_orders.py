"""Purchase orders: vendor, items and the order itself; what is left out is named, what a person did is kept."""

from decimal import Decimal
from typing import Any

import pytest

from tests.integration.push.purchasing import codes, connected, only, resave
from tests.integration.push.spending import actions_of, problem_of, spending
from tests.support.events import ACCOUNT, customer, invoice_detail
from tests.support.purchase_events import finished, order_detail, order_line, stocked, vendor
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("aws_services")


def pushed(world: World, detail: dict[str, Any], event: str = "purchase_order.updated") -> dict[str, Any]:
    world.publish(event, detail)
    world.run()
    return world.record("purchase_order", detail["purchase_order"]["id"])


def bought(document: dict[str, Any]) -> list[tuple[str, Any, Any, Any]]:
    """Item name, quantity, price and amount of each line."""
    details = [(line["ItemBasedExpenseLineDetail"], line["Amount"]) for line in document["Line"]]
    return [(each["ItemRef"]["name"], each["Qty"], each["UnitPrice"], amount) for each, amount in details]


def test_an_order_is_created_with_its_vendor_and_items_at_cost() -> None:
    world, company = connected()
    with spending(world) as spent:
        record = pushed(world, order_detail(), "purchase_order.created")
    order = only(company, "PurchaseOrder")
    assert bought(order) == [("Product 27", 12, Decimal("40.10"), Decimal("481.20")), ("Product 28", 2, 25, 50)]
    assert order["TotalAmt"] == Decimal("531.20")
    assert (order["VendorRef"]["name"], order["APAccountRef"]["name"]) == (
        "Ingram Distribution",
        "Accounts Payable (A/P)",
    )
    assert (order["DocNumber"], order["TxnDate"], order["POStatus"]) == ("VN-707", "2026-11-08", "Open")
    assert order["PrivateNote"] == "syncro:purchase_order:707:1"
    assert "Memo" not in order
    writes = [entry for entry in spent.entries if entry.kind in ("write", "batch")]
    assert len(writes) == 2, "a batch for the vendor and both items, and the order"
    assert record["status"] == "synced_with_warning"
    problem = problem_of(record)
    assert problem["code"] == "charges_not_sent"
    for figure in ("$551.95", "$531.20", "$20.75", "$17.50 shipping", "$3.25 other charges"):
        assert figure in problem["message"]


def test_an_order_known_already_costs_one_call_and_an_unchanged_one_none() -> None:
    world, company = connected()
    pushed(world, order_detail(lines=[order_line(1, 27, "1", "4010")], total="60.85"))
    with spending(world) as spent:
        pushed(world, order_detail(708, lines=[order_line(1, 27, "3", "4010")], total="141.05"))
    assert (spent.calls, spent.reads) == (1, 0)
    with spending(world) as spent:
        pushed(world, order_detail(708, version=2, lines=[order_line(1, 27, "3", "4010")], total="141.05"))
    assert spent.calls == 0
    assert len(company.entities("PurchaseOrder")) == 2


def test_the_total_agrees_without_charges_and_nothing_is_warned_of() -> None:
    world, _ = connected()
    record = pushed(world, order_detail(shipping=None, other=None, total="531.20"))
    assert (record["status"], codes(record)) == ("synced", [])


def test_a_changed_order_keeps_the_ids_of_its_lines_the_date_and_what_people_wrote() -> None:
    world, company = connected()
    pushed(world, order_detail())
    before = only(company, "PurchaseOrder")
    company.edit_by_hand("PurchaseOrder", before["Id"], {"Memo": "Ring twice", "TxnDate": "2026-11-10"})
    lines = [order_line(3, 29, "1", "1000"), order_line(2, 28, "5", "2500"), order_line(1, 27, "12", "4010")]
    record = pushed(world, order_detail(version=2, lines=lines, total="636.95"))
    order = only(company, "PurchaseOrder")
    assert record["status"] == "synced_with_warning", record
    # Syncro shows lines by position: 27, 28, 29.
    assert bought(order) == [
        ("Product 27", 12, Decimal("40.10"), Decimal("481.20")),
        ("Product 28", 5, 25, 125),
        ("Product 29", 1, 10, 10),
    ]
    assert [line["Id"] for line in order["Line"]] == ["1", "2", "3"]
    assert (order["Memo"], order["TxnDate"]) == ("Ring twice", "2026-11-10")
    assert "date_differs" in codes(record)


def test_force_update_sends_syncros_date() -> None:
    world, company = connected()
    pushed(world, order_detail())
    company.edit_by_hand("PurchaseOrder", "1", {"TxnDate": "2026-11-10"})
    request = {"event_id": "f1", "account_id": "acme", "occurred_at": "2026-11-23T10:00:00Z"}
    world.publish("force_update.requested", {**request, "request_id": "r1", "kind": "purchase_order", "id": 707})
    world.run()
    assert only(company, "PurchaseOrder")["TxnDate"] == "2026-11-08"


def test_an_order_edited_by_hand_is_asked_about() -> None:
    world, company = connected()
    pushed(world, order_detail())
    order = only(company, "PurchaseOrder")
    first = {**order["Line"][0], "Amount": Decimal("500.00")}
    first["ItemBasedExpenseLineDetail"] = {**first["ItemBasedExpenseLineDetail"], "UnitPrice": None, "Qty": None}
    edited = company.edit_by_hand("PurchaseOrder", order["Id"], {"Line": [first, order["Line"][1]]})
    record = pushed(world, order_detail(version=2, lines=[order_line(1, 27, "1", "4010")], total="60.85"))
    assert (record["status"], codes(record)) == ("needs_attention", ["edited_in_quickbooks"])
    assert only(company, "PurchaseOrder") == edited


@pytest.mark.parametrize("lines", [[], None], ids=["empty", "switched off"])
def test_an_empty_order_waits_and_a_switched_off_one_is_skipped(lines: Any) -> None:
    world, company = connected()
    if lines is None:
        resave(world, sync_purchase_orders=False, convert_finished_pos_to_bills=False)
    record = pushed(world, order_detail(lines=lines, products=[]))
    expected = ("waiting", ["no_lines"]) if lines == [] else ("skipped", ["purchase_orders_off"])
    assert (record["status"], codes(record)) == expected
    assert company.entities("PurchaseOrder") == company.entities("Vendor") == []


def test_an_order_before_the_start_date_is_skipped_and_an_emptied_one_asked_about() -> None:
    world, company = connected()
    record = pushed(world, order_detail(created_at="2025-12-31T18:00:00.000Z"))
    assert (record["status"], codes(record)) == ("skipped", ["before_start_date"])
    pushed(world, order_detail(708))
    record = pushed(world, order_detail(708, version=2, lines=[], total="0"))
    assert (record["status"], codes(record)) == ("needs_attention", ["posted_no_lines"])
    assert "QuickBooks still shows $531.20" in problem_of(record)["message"]
    assert only(company, "PurchaseOrder")["TotalAmt"] == Decimal("531.20")


def test_a_plan_without_purchase_orders_is_found_out_once_and_forgotten_when_settings_are_saved() -> None:
    world, company = connected()
    company.purchase_orders_enabled = False
    record = pushed(world, order_detail())
    assert (record["status"], codes(record)) == ("skipped", ["no_purchase_orders"])
    with spending(world) as spent:
        record = pushed(world, order_detail(708))
    assert (record["status"], codes(record)) == ("skipped", ["no_purchase_orders"])
    assert spent.calls == 0
    company.purchase_orders_enabled = True
    resave(world)
    world.run()
    assert sorted(each["DocNumber"] for each in company.entities("PurchaseOrder")) == ["VN-707", "VN-708"]


@pytest.mark.parametrize(("number", "length"), [("V" * 21, 21), ("V" * 22, 22)])
def test_a_number_is_never_cut(number: str, length: int) -> None:
    world, company = connected()
    record = pushed(world, order_detail(number=number))
    if length > 21:
        assert (record["status"], codes(record)) == ("needs_attention", ["number_too_long"])
        assert company.entities("PurchaseOrder") == []
    else:
        assert only(company, "PurchaseOrder")["DocNumber"] == number


def test_where_quickbooks_numbers_purchases_syncros_number_is_in_the_memo() -> None:
    world, company = connected()
    company.custom_purchase_order_numbers = False
    world.deployment.accounts.forget_company(ACCOUNT)  # it is read again
    record = pushed(world, order_detail(number="V" * 30))
    order = only(company, "PurchaseOrder")
    assert order["DocNumber"] == "1001"
    assert order["PrivateNote"] == f"Purchase order {'V' * 30}\nsyncro:purchase_order:707:1"
    assert "numbered_by_quickbooks" in codes(record)


def test_a_number_that_is_taken_is_asked_about_with_whose_it_is() -> None:
    world, company = connected()
    pushed(world, order_detail())
    record = pushed(world, order_detail(708, number="VN-707"))
    assert (record["status"], codes(record)) == ("needs_attention", ["qbo_6140"])
    assert "Ingram Distribution over $531.20" in problem_of(record)["message"]
    assert len(company.entities("PurchaseOrder")) == 1


def test_classes_and_departments_go_where_the_company_tracks_them() -> None:
    world, company = connected()
    made = company.create_by_hand("Class", {"Name": "North"})["Id"]
    department = company.create_by_hand("Department", {"Name": "Store 4"})["Id"]
    places = {"location_classes": {"4": {"id": made}}, "location_departments": {"4": {"id": department}}}
    resave(world, **places)
    pushed(world, order_detail(location_id=4))
    order = only(company, "PurchaseOrder")
    assert order["DepartmentRef"]["value"] == department
    assert [line["ItemBasedExpenseLineDetail"]["ClassRef"]["value"] for line in order["Line"]] == [made, made]


def test_outside_the_us_no_tax_applies() -> None:
    world, company = connected(country="CA", tax_mode="manual")
    resave(world, zero_tax_code={"id": company.entities("TaxCode")[3]["Id"]})
    record = pushed(world, order_detail())
    order = only(company, "PurchaseOrder")
    assert (order["GlobalTaxCalculation"], order["TotalAmt"]) == ("NotApplicable", Decimal("531.20"))
    assert "CAD 20.75" in problem_of(record)["message"]


# -- items -------------------------------------------------------------------------------------------------------------


def test_an_item_that_cannot_be_bought_says_what_to_do_and_goes_on_once_that_is_done() -> None:
    world, company = connected()
    income = {"IncomeAccountRef": {"value": "2"}}
    item = company.create_by_hand("Item", {"Name": "Product 27", "Type": "NonInventory", **income})
    record = pushed(world, order_detail())
    assert (record["status"], codes(record)) == ("needs_attention", ["item_cannot_be_bought"])
    problem = problem_of(record)
    assert "'Product 27'" in problem["message"]
    assert "I purchase this product/service from a vendor" in problem["fix"]
    assert company.entities("PurchaseOrder") == []
    company.edit_by_hand("Item", item["Id"], {"ExpenseAccountRef": {"value": "3"}})
    record = pushed(world, order_detail(version=2))
    assert record["status"] == "synced_with_warning"
    assert only(company, "PurchaseOrder")["TotalAmt"] == Decimal("531.20")
    with spending(world) as spent:
        pushed(world, order_detail(708))
    assert (spent.calls, spent.reads) == (1, 0)


def test_a_service_that_is_bought_gets_a_purchase_side_when_it_is_created() -> None:
    world, company = connected()
    pushed(world, order_detail(products=[stocked(27), stocked(28, maintain_stock=False)]))
    service = next(each for each in company.entities("Item") if each["Name"] == "Product 28")
    assert (service["Type"], service["ExpenseAccountRef"]["value"]) == ("Service", "3")
    assert only(company, "PurchaseOrder")["TotalAmt"] == Decimal("531.20")


# -- vendors -----------------------------------------------------------------------------------------------------------


def test_an_active_vendor_of_exactly_that_name_is_adopted_and_left_as_it_is() -> None:
    world, company = connected()
    theirs = company.create_by_hand("Vendor", {"DisplayName": "Ingram Distribution", "AcctNum": "77"})
    pushed(world, order_detail())
    assert company.entities("Vendor") == [theirs]
    assert only(company, "PurchaseOrder")["VendorRef"]["value"] == theirs["Id"]
    pushed(world, order_detail(708, supplier=vendor(version=2, account_number="A-1", phone="555-0100")))
    now = only(company, "Vendor")
    assert (now["AcctNum"], now["PrimaryPhone"]) == ("A-1", {"FreeFormNumber": "555-0100"})


@pytest.mark.parametrize("taken", ["Customer", "Employee", "inactive Vendor"])
def test_a_vendors_name_taken_otherwise_is_asked_about_and_the_order_waits(taken: str) -> None:
    world, company = connected()
    entity = taken.rpartition(" ")[2]
    other = company.create_by_hand(entity, {"DisplayName": "Ingram Distribution"})
    if taken.startswith("inactive"):
        company.deactivate_by_hand(entity, other["Id"])
    record = pushed(world, order_detail())
    code = "inactive_in_quickbooks" if entity == "Vendor" else "vendor_name_elsewhere"
    assert (record["status"], codes(record)) == ("waiting", [code])
    assert world.record("vendor", 690)["status"] == "needs_attention"
    assert company.entities("PurchaseOrder") == []
    if entity == "Employee":
        company.edit_by_hand(entity, other["Id"], {"DisplayName": "Somebody Else"})
        world.publish("vendor.updated", {**_envelope(2), "vendor": vendor(version=2)})
        world.run()
        assert only(company, "PurchaseOrder")["VendorRef"]["name"] == "Ingram Distribution"


def _envelope(version: int) -> dict[str, Any]:
    return {"event_id": "v", "account_id": "acme", "occurred_at": "2026-11-23T10:00:00Z", "version": version}


def test_a_vendor_alone_is_never_pushed_and_its_change_travels_with_the_next_order() -> None:
    world, company = connected()
    world.publish("vendor.created", {**_envelope(1), "vendor": vendor()})
    world.run()
    assert company.entities("Vendor") == []
    pushed(world, order_detail())
    world.publish("vendor.updated", {**_envelope(2), "vendor": vendor(version=2, name="Ingram Micro")})
    world.run()
    assert only(company, "Vendor")["DisplayName"] == "Ingram Distribution"
    pushed(world, order_detail(708, supplier=vendor(version=2, name="Ingram Micro")))
    assert only(company, "Vendor")["DisplayName"] == "Ingram Micro"


def test_a_vendor_and_a_customer_of_the_same_name_are_told_apart() -> None:
    world, company = connected()
    world.publish("invoice.created", invoice_detail(owner=customer(name="Ingram Distribution")))
    world.run()
    record = pushed(world, order_detail())
    assert (record["status"], codes(record)) == ("waiting", ["vendor_name_elsewhere"])
    assert actions_of(problem_of(record)) == ["create_with_suffix", "retry"]
    assert len(company.entities("Invoice")) == 1


def test_a_vendor_in_another_currency_is_asked_about() -> None:
    world, company = connected(multi_currency=True)
    company.create_by_hand("Vendor", {"DisplayName": "Ingram Distribution", "CurrencyRef": {"value": "EUR"}})
    record = pushed(world, order_detail())
    assert (record["status"], codes(record)) == ("needs_attention", ["vendor_currency"])
    assert company.entities("PurchaseOrder") == []


# -- deletion ----------------------------------------------------------------------------------------------------------


def test_an_order_deleted_in_syncro_is_deleted() -> None:
    world, company = connected()
    pushed(world, order_detail())
    with spending(world) as spent:
        record = pushed(world, order_detail(version=2), "purchase_order.deleted")
    assert (record["status"], codes(record)) == ("synced", [])
    assert company.entities("PurchaseOrder") == []
    assert spent.operations == ["read PurchaseOrder", "delete PurchaseOrder"]


def test_an_order_deleted_before_it_was_sent_leaves_no_trace() -> None:
    world, company = connected()
    world.publish("purchase_order.created", order_detail())
    record = pushed(world, order_detail(version=2), "purchase_order.deleted")
    assert record["status"] == "synced"
    assert company.entities("PurchaseOrder") == company.entities("Vendor") == []


def test_an_order_that_was_billed_by_hand_is_asked_about() -> None:
    world, company = connected()
    pushed(world, order_detail())
    order = only(company, "PurchaseOrder")
    link = {"TxnId": order["Id"], "TxnType": "PurchaseOrder", "TxnLineId": "1"}
    line = {key: value for key, value in order["Line"][0].items() if key not in ("Id", "LineNum")}
    company.create_by_hand("Bill", {"VendorRef": order["VendorRef"], "Line": [{**line, "LinkedTxn": [link]}]})
    record = pushed(world, order_detail(version=2), "purchase_order.deleted")
    assert (record["status"], codes(record)) == ("needs_attention", ["deleted_but_in_use"])
    assert len(company.entities("PurchaseOrder")) == 1


def test_a_finished_order_makes_its_bill_only_with_the_switch() -> None:
    world, company = connected()
    resave(world, convert_finished_pos_to_bills=False)
    record = pushed(world, finished())
    assert record["status"] == "synced_with_warning"
    assert company.entities("Bill") == []

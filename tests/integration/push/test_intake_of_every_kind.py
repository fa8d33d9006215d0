"""Events of every kind at intake: what is refused and why, what is kept, and what finds what it refers to."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from syncro_quickbooks.storage.packing import unpack
from syncro_quickbooks.sync.intake import Outcome, Rejected
from tests.integration.push.untouched import nothing_changes
from tests.support.events import ACCOUNT, customer, invoice_detail, product
from tests.support.payment_events import allocation, payment_detail, store_credit_detail
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("aws_services")

Break = Callable[[dict[str, Any]], object]
ENVELOPE = {"event_id": "event-1", "account_id": ACCOUNT, "occurred_at": "2026-11-23T09:00:00.000Z", "version": 1}


@pytest.fixture(scope="module")
def world(aws_services: None) -> World:
    made = World()
    made.connect()
    return made


def vendor(vendor_id: int = 81) -> dict[str, Any]:
    return {"id": vendor_id, "name": "Ingram Distribution", "email": "orders@ingram.example"}


def purchase_order() -> Any:
    line = {"id": 1, "product_id": 3, "quantity": "12", "cost_cents": "4010", "received_quantity": "0", "position": 1}
    order = {
        "id": 701,
        "vendor_id": 81,
        "number": "VN-2",
        "status": "Ordered",
        "created_at": "2026-11-20T16:56:29.000Z",
        "total": "481.20",
        "line_items": [line],
    }
    return {**ENVELOPE, "purchase_order": order, "vendor": {**vendor(), "version": 1}, "products": [product(3)]}


def customer_purchase() -> Any:
    line = {"id": 1, "product_id": None, "item": "Used ThinkPad", "quantity": "1.0", "price": "180.0", "cost": "180.0"}
    bought = {
        "id": 801,
        "customer_id": 72,
        "number": "CP-801",
        "payment_method": "Cash",
        "paid_out": True,
        "paid_out_at": "2026-11-22T19:45:11.000Z",
        "total": "180.00",
        "line_items": [line],
    }
    return {**ENVELOPE, "customer_purchase": bought, "customer": customer(), "products": []}


DETAILS: dict[str, Callable[[], Any]] = {
    "payment": payment_detail,
    "store_credit": store_credit_detail,
    "vendor": lambda: {**ENVELOPE, "vendor": vendor()},
    "customer": lambda: {**ENVELOPE, "customer": {key: v for key, v in customer(73).items() if key != "version"}},
    "product": lambda: {**ENVELOPE, "product": {key: v for key, v in product(9).items() if key != "version"}},
    "purchase_order": purchase_order,
    "customer_purchase": customer_purchase,
}


def put(value: object, *path: str | int) -> Break:
    def change(detail: dict[str, Any]) -> None:
        *inner, last = path
        target: Any = detail
        for step in inner:
            target = target[step]
        target[last] = value

    return change


def dropped(*path: str | int) -> Break:
    def change(detail: dict[str, Any]) -> None:
        *inner, last = path
        target: Any = detail
        for step in inner:
            target = target[step]
        del target[last]

    return change


def both(first: Break, second: Break) -> Break:
    def change(detail: dict[str, Any]) -> None:
        first(detail)
        second(detail)

    return change


PAYS_309 = put([309], "payment", "invoice_ids")


A_SUM = 0.1 + 0.2  # 17 digits
BROKEN: list[tuple[str, Break, str]] = [
    ("payment", dropped("payment"), "payment: Field required"),
    ("payment", dropped("customer"), "customer: Field required"),
    ("payment", dropped("payment", "success"), "payment.success: Field required"),
    ("payment", both(dropped("payment", "allocations"), PAYS_309), "payment: allocations are missing"),
    ("payment", both(put(None, "payment", "allocations"), PAYS_309), "payment: allocations are missing"),
    ("payment", put(A_SUM, "payment", "payment_amount"), "payment.payment_amount: is a JSON number with more than 15"),
    ("payment", put(A_SUM, "payment", "allocations", 0, "amount"), "payment.allocations[0].amount: is a JSON number"),
    ("payment", put(-309, "payment", "allocations", 0, "invoice_id"), "payment.allocations[0].invoice_id: "),
    ("payment", put("601", "payment", "allocations", 0, "source_credit_id"), "allocations[0].source_credit_id: "),
    ("payment", put("true", "payment", "success"), "payment.success: "),
    ("payment", put("yesterday", "payment", "applied_at"), "payment.applied_at: "),
    ("store_credit", put("gift", "store_credit", "origin"), "store_credit.origin: "),
    ("store_credit", dropped("store_credit", "origin"), "store_credit.origin: Field required"),
    ("store_credit", dropped("store_credit", "date"), "store_credit.date: Field required"),
    ("store_credit", put(A_SUM, "store_credit", "amount"), "store_credit.amount: is a JSON number with more than 15"),
    ("store_credit", put(0, "store_credit", "origin_id"), "store_credit.origin_id: "),
    ("store_credit", put(-1, "store_credit", "id"), "store_credit.id: "),
    ("vendor", dropped("vendor", "name"), "vendor.name: Field required"),
    ("vendor", put(-81, "vendor", "id"), "vendor.id: "),
    ("customer", dropped("customer", "tax_free"), "customer.tax_free: Field required"),
    ("customer", dropped("customer", "business_then_name"), "customer.business_then_name: Field required"),
    ("product", dropped("product", "maintain_stock"), "product.maintain_stock: Field required"),
    ("product", put(A_SUM, "product", "price_retail"), "product.price_retail: is a JSON number with more than 15"),
    ("purchase_order", dropped("vendor"), "vendor: Field required"),
    ("purchase_order", dropped("purchase_order", "status"), "purchase_order.status: Field required"),
    ("purchase_order", put(None, "purchase_order", "line_items", 0, "product_id"), "line_items[0].product_id: "),
    ("purchase_order", put(A_SUM, "purchase_order", "line_items", 0, "cost_cents"), "line_items[0].cost_cents: is a"),
    ("customer_purchase", dropped("customer_purchase", "paid_out"), "customer_purchase.paid_out: Field required"),
    ("customer_purchase", dropped("customer_purchase", "line_items", 0, "product_id"), "line_items[0].product_id: "),
    ("customer_purchase", put("1e40", "customer_purchase", "total"), "customer_purchase.total: "),
]


@pytest.mark.parametrize(("kind", "breaks", "reason"), BROKEN, ids=[f"{k} {r[:60]}" for k, _, r in BROKEN])
def test_a_malformed_event_is_refused_with_the_field_and_leaves_no_trace(
    world: World, kind: str, breaks: Break, reason: str
) -> None:
    detail = copy.deepcopy(DETAILS[kind]())
    breaks(detail)
    with nothing_changes(world), pytest.raises(Rejected) as refused:
        world.deployment.intake.accept(f"{kind}.created", json.loads(json.dumps(detail)))
    assert reason in refused.value.reason


@pytest.mark.parametrize("kind", DETAILS)
def test_a_detail_of_one_kind_under_the_name_of_another_is_refused(world: World, kind: str) -> None:
    with nothing_changes(world), pytest.raises(Rejected, match="invoice: Field required"):
        world.deployment.intake.accept("invoice.created", DETAILS[kind]())


@pytest.mark.parametrize("kind", DETAILS)
def test_a_reference_to_another_accounts_object_is_refused(world: World, kind: str) -> None:
    detail: dict[str, Any] = {**ENVELOPE, "snapshot_ref": f"other/{kind}.json"}
    with nothing_changes(world), pytest.raises(Rejected, match=f"own prefix {ACCOUNT}/"):
        world.deployment.intake.accept(f"{kind}.created", detail)


@pytest.mark.parametrize("kind", DETAILS)
def test_an_account_that_nobody_connected_is_refused(world: World, kind: str) -> None:
    with nothing_changes(world), pytest.raises(Rejected, match="account nobody is not known here"):
        world.deployment.intake.accept(f"{kind}.created", {**DETAILS[kind](), "account_id": "nobody"})


@pytest.mark.parametrize(("missing", "reason"), [("request_id", "request_id: "), ("id", "id: "), ("kind", "kind: ")])
def test_a_force_update_that_does_not_say_of_what_is_refused(world: World, missing: str, reason: str) -> None:
    detail = {**force("force-x", 309), "kind": "payment"}
    del detail[missing]
    with nothing_changes(world), pytest.raises(Rejected, match=reason):
        world.deployment.intake.accept("force_update.requested", detail)


def test_a_force_update_of_a_kind_that_syncro_has_not_is_refused(world: World) -> None:
    with nothing_changes(world), pytest.raises(Rejected, match="kind: "):
        world.deployment.intake.accept("force_update.requested", {**force("force-x", 309), "kind": "bill"})


# -- what is kept ---------------------------------------------------------------------------------------------------


@pytest.fixture
def empty() -> World:
    made = World()
    made.connect()
    made.messages.clear()
    return made


def force(request_id: str, thing_id: int) -> dict[str, Any]:
    about = {"request_id": request_id, "kind": "invoice", "id": thing_id}
    return {key: value for key, value in ENVELOPE.items() if key != "version"} | about


def users(world: World, of: str) -> list[str]:
    """What is known to refer to a thing, as `kind#id`."""
    return sorted(item["sk"]["S"] for item in world.items(f"#users#{of}") if item["pk"]["S"].endswith(f"#{of}"))


def entries(world: World) -> set[str]:
    return {item["sk"]["S"] for item in world.items("#outbox#")}


@pytest.mark.parametrize("kind", DETAILS)
def test_an_older_or_equal_version_writes_nothing(empty: World, kind: str) -> None:
    newest = {**DETAILS[kind](), "version": 3}
    assert empty.deployment.intake.accept(f"{kind}.updated", newest).outcome is Outcome.ACCEPTED
    items = empty.items("")
    for version, change in ((3, "updated"), (2, "deleted"), (1, "created")):
        again = {**DETAILS[kind](), "version": version}
        assert empty.deployment.intake.accept(f"{kind}.{change}", again).outcome is Outcome.STALE
    assert empty.items("") == items


def test_documents_and_products_are_looked_at_by_themselves_customers_and_vendors_with_a_document(empty: World) -> None:
    for kind, detail in DETAILS.items():
        empty.deployment.intake.accept(f"{kind}.created", detail())
    documents = {"payment#344", "store_credit#259", "purchase_order#701", "customer_purchase#801"}
    assert entries(empty) == documents | {"product#9"}
    assert empty.record("customer", 72)["status"] == empty.record("vendor", 81)["status"] == "dormant"


def test_payments_and_credits_are_found_from_what_they_refer_to(empty: World) -> None:
    accept = empty.deployment.intake.accept
    accept("payment.created", payment_detail(501, allocations=[allocation(309, "100.00"), allocation(310, "116.00")]))
    accept("payment.created", payment_detail(502, allocations=[allocation(309, "16.00")]))
    accept("payment.created", payment_detail(503, allocations=[allocation(310, "216.00", source=601)]))
    accept("store_credit.created", store_credit_detail(601, origin="overpayment", origin_id=502))
    assert users(empty, "invoice#309") == ["payment#501", "payment#502"]
    assert users(empty, "invoice#310") == ["payment#501", "payment#503"]
    assert users(empty, "store_credit#601") == users(empty, "payment#601") == ["payment#503"]
    assert users(empty, "payment#502") == ["store_credit#601"]
    # 200.00 of the second one are left: a credit of its customer, like the store credit.
    assert users(empty, "customer#72") == ["payment#502", "store_credit#601"]


def test_a_payment_of_150_invoices_is_taken_in_whole(empty: World) -> None:
    pays = [(1000 + number, "1.44") for number in range(150)]
    empty.deployment.intake.accept(
        "payment.created", payment_detail(501, allocations=[allocation(*each) for each in pays])
    )
    kept: Any = unpack(empty.record("payment", 501)["desired"])
    assert [(each["invoice_id"], each["amount"]) for each in kept["allocations"]] == pays
    assert all(users(empty, f"invoice#{invoice_id}") == ["payment#501"] for invoice_id, _ in pays)


def test_force_update_of_an_invoice_sends_its_payments_again_too(empty: World) -> None:
    accept = empty.deployment.intake.accept
    accept("invoice.created", invoice_detail(309))
    accept("payment.created", payment_detail(501))
    accept("payment.created", payment_detail(502, allocations=[allocation(310, "216.00")]))
    assert accept("force_update.requested", force("force-1", 309)).outcome is Outcome.ACCEPTED
    assert empty.record("invoice", 309)["force"] == empty.record("payment", 501)["force"] == "force-1"
    assert empty.record("payment", 502)["force"] == ""
    items = empty.items("")
    assert accept("force_update.requested", force("force-1", 309)).outcome is Outcome.STALE
    assert empty.items("") == items


def test_force_update_passes_over_a_payment_whose_event_was_not_taken_in_completely(empty: World) -> None:
    empty.deployment.intake.accept("invoice.created", invoice_detail(309))
    hint = {"pk": {"S": f"acct#{ACCOUNT}#users#invoice#309"}, "sk": {"S": "payment#501"}, "schema": {"N": "1"}}
    empty.table.put_item(TableName=empty.table_name, Item=hint)
    result = empty.deployment.intake.accept("force_update.requested", force("force-1", 309))
    assert result.outcome is Outcome.ACCEPTED
    assert entries(empty) == {"invoice#309"}

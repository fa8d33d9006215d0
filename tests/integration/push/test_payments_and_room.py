"""Payments and what is open: never more than QuickBooks has, and invoices that change below what is paid on them."""

from decimal import Decimal

import pytest

from emulators.quickbooks_online import Fault, api
from tests.integration.push.paying import HALF, books, money, open_on, payments, record, world_with
from tests.integration.push.spending import problem_of, spending
from tests.support.books import standing
from tests.support.events import ACCOUNT, customer, invoice_detail, line
from tests.support.payment_events import allocation, payment_detail

pytestmark = pytest.mark.usefixtures("aws_services")


# -- less open than Syncro says ----------------------------------------------------------------------------------------


def test_no_more_is_applied_than_quickbooks_has_open() -> None:
    world = world_with(309)
    (invoice,) = standing(books(world))
    by_hand = {"CustomerRef": invoice["CustomerRef"], "TotalAmt": 150}
    link = [{"Amount": 150, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}]
    books(world).create_by_hand("Payment", {**by_hand, "Line": link})
    with spending(world) as spent:
        world.publish("payment.created", payment_detail())
        world.run()
    assert spent.operations == ["create Payment", "read Invoice", "create Payment"]
    ours = [each for each in standing(books(world), "Payment") if "syncro:" in each.get("PrivateNote", "")]
    assert [(each["TotalAmt"], each["UnappliedAmt"]) for each in ours] == [money("216.00", "150.00")]
    assert record(world)["status"] == "synced_with_warning"
    assert "only $66.00 is open" in problem_of(record(world))["message"]


def test_a_payment_refused_only_when_it_is_sent_again_is_cut_to_what_is_open() -> None:
    world = world_with(309)
    (invoice,) = standing(books(world))
    link = {"TxnId": invoice["Id"], "TxnType": "Invoice"}
    by_hand = {"CustomerRef": invoice["CustomerRef"], "TotalAmt": 100, "Line": [{"Amount": 100, "LinkedTxn": [link]}]}
    books(world).create_by_hand("Payment", by_hand)
    world.emulator.faults.add(Fault(kind="before", operation="create", entity="Payment"))
    world.publish("payment.created", payment_detail())
    world.run()
    assert payments(world)[1] == (*money("216.00", "100.00"), [Decimal("116.00")])
    assert problem_of(record(world))["code"] == "applied_in_part"


def test_payments_that_together_are_more_than_an_invoice_are_cut_without_asking_quickbooks() -> None:
    world = world_with(309)
    with spending(world) as spent:
        world.publish("payment.created", payment_detail(1, "216.00"))
        world.publish("payment.created", payment_detail(2, "100.00", [allocation(309, "100.00")]))
        world.run()
    assert (spent.operations, spent.reads) == (["batch (2)"], 0)
    assert sum(rest for _, rest, _ in payments(world)) == Decimal("100.00")
    assert open_on(world) == {"10309": Decimal(0)}


def test_a_payment_that_quickbooks_will_not_link_is_explained() -> None:
    world = world_with(309)
    world.emulator.faults.add(Fault(kind="error", operation="create", entity="Payment", code="620"))
    world.publish("payment.created", payment_detail())
    world.run()
    assert record(world)["status"] == "needs_attention"
    assert problem_of(record(world))["code"] == "qbo_620"
    assert "Payment 344" in problem_of(record(world))["message"]


# -- order of repair ---------------------------------------------------------------------------------------------------


def test_an_invoice_that_falls_below_what_is_paid_is_changed_and_paid_again() -> None:
    world = world_with(309)
    world.publish("payment.created", payment_detail())
    world.run()
    with spending(world) as spent:
        world.publish("invoice.updated", invoice_detail(309, version=2, lines=[line(1, 3)], totals=HALF))
        world.run()
    assert spent.operations == ["read Payment", "update Payment", "update Invoice"]
    assert open_on(world) == {"10309": Decimal(0)}
    assert payments(world) == [(*money("216.00", "108.00"), [Decimal("108.00")])]
    assert world.record("invoice", 309)["status"] == "synced"
    assert record(world)["status"] == "synced_with_warning"
    world.publish("payment.updated", payment_detail(344, "216.00", [allocation(309, "108.00")], version=2))
    world.run()
    assert record(world)["status"] == "synced"


def test_a_deposited_payment_stops_the_repair_before_its_first_step() -> None:
    world = world_with(309)
    world.publish("payment.created", payment_detail())
    world.run()
    books(world).deposit_by_hand([each["Id"] for each in books(world).entities("Payment")])
    with spending(world) as spent:
        world.publish("invoice.updated", invoice_detail(309, version=2, lines=[line(1, 3)], totals=HALF))
        world.run()
    assert [entry for entry in spent.entries if entry.kind == "write"] == []
    assert world.record("invoice", 309)["status"] == "needs_attention"
    assert "payment 344" in problem_of(world.record("invoice", 309))["message"]
    assert payments(world) == [(*money("216.00", "0"), [Decimal("216.00")])]


def test_a_paid_invoice_can_move_to_another_customer_with_its_payment() -> None:
    world = world_with(309)
    world.publish("payment.created", payment_detail())
    world.run()
    other = customer(73, name="Parent Company")
    world.publish("invoice.updated", invoice_detail(309, version=2, owner=other))
    world.publish("payment.updated", payment_detail(version=2, owner=other))
    world.run()
    (invoice,), (paid,) = standing(books(world)), standing(books(world), "Payment")
    assert invoice["CustomerRef"]["name"] == paid["CustomerRef"]["name"] == "Parent Company"
    assert open_on(world) == {"10309": Decimal(0)}
    assert (world.record("invoice", 309)["status"], record(world)["status"]) == ("synced", "synced")


def test_a_paid_invoice_deleted_before_its_payment_is_voided_once_that_is_gone() -> None:
    world = world_with(309)
    world.publish("payment.created", payment_detail())
    world.run()
    world.publish("invoice.deleted", invoice_detail(309, version=2))
    world.run()
    assert problem_of(world.record("invoice", 309))["code"] == "deleted_but_in_use"
    world.publish("payment.deleted", payment_detail(version=2))
    world.run()
    assert standing(books(world)) == []
    assert standing(books(world), "Payment") == []
    assert world.record("invoice", 309)["status"] == "synced"


# -- Force Update ------------------------------------------------------------------------------------------------------


def test_force_update_of_an_invoice_sends_its_date_and_those_of_its_payments() -> None:
    world = world_with(309)
    world.publish("payment.created", payment_detail())
    world.run()
    world.publish("invoice.updated", invoice_detail(309, version=2, date="2026-11-18T00:00:00.000Z"))
    world.publish("payment.updated", payment_detail(version=2, applied_at="2026-11-17T00:00:00.000Z"))
    world.run()
    (invoice,), (paid,) = standing(books(world)), standing(books(world), "Payment")
    assert (invoice["TxnDate"], paid["TxnDate"]) == ("2026-11-20", "2026-11-22")
    forced = {"event_id": "force-1", "account_id": ACCOUNT, "occurred_at": "2026-11-24T09:00:00.000Z"}
    world.publish("force_update.requested", {**forced, "request_id": "press-1", "kind": "invoice", "id": 309})
    world.run()
    (invoice,), (paid,) = standing(books(world)), standing(books(world), "Payment")
    assert (invoice["TxnDate"], paid["TxnDate"]) == ("2026-11-18", "2026-11-17")
    assert world.record("invoice", 309)["status"] == "synced"
    assert problem_of(record(world))["code"] == "payment_before_invoice"


def test_a_payment_of_more_invoices_than_fit_into_a_transaction_waits_for_them_all() -> None:
    world = world_with()
    numbers = range(400, 460)
    split = [allocation(number, "216.00") for number in numbers]
    world.publish("payment.created", payment_detail(344, "12960.00", split))
    world.run()
    assert record(world)["status"] == "waiting"
    for number in numbers:
        world.publish("invoice.created", invoice_detail(number))
    world.run()
    assert record(world)["status"] == "synced"
    assert set(open_on(world).values()) == {Decimal(0)}


def test_room_that_another_payment_of_the_same_batch_makes_is_used_only_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = world_with(309)
    world.publish("payment.created", payment_detail())
    world.run()
    in_order = api._batch
    monkeypatch.setattr(api, "_batch", lambda company, members, forced: in_order(company, members[::-1], forced))
    world.publish("payment.updated", payment_detail(344, "100.00", [allocation(309, "100.00")], version=2))
    world.publish("payment.created", payment_detail(345, "116.00", [allocation(309, "116.00")]))
    world.run()
    assert open_on(world) == {"10309": Decimal(0)}
    assert [each[1] for each in payments(world)] == list(money("0", "0"))
    assert [record(world, number)["status"] for number in (344, 345)] == ["synced", "synced"]

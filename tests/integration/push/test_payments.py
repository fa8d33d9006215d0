"""Payments in QuickBooks: what is paid with what, what waits, and how they end. Invoices are of 216.00 each."""

from decimal import Decimal
from typing import Any

import pytest

from tests.integration.push.paying import books, ids, money, open_on, payments, record, world_with
from tests.integration.push.spending import actions_of, problem_of, spending
from tests.support.books import standing
from tests.support.events import ACCOUNT, invoice_detail
from tests.support.payment_events import allocation, payment_detail
from tests.support.world import ready_settings

pytestmark = pytest.mark.usefixtures("aws_services")


# -- what is paid ------------------------------------------------------------------------------------------------------


def test_a_payment_of_a_known_invoice_costs_one_call_and_no_read() -> None:
    world = world_with(309)
    with spending(world) as spent:
        world.publish("payment.created", payment_detail())
        world.run()
    assert spent.operations == ["create Payment"]
    assert (spent.calls, spent.reads) == (1, 0)
    (paid,) = books(world).entities("Payment")
    assert paid["TotalAmt"] == Decimal("216.00")
    assert paid["TxnDate"] == "2026-11-22"
    assert paid["PaymentRefNum"] == "1344"
    assert paid["PaymentMethodRef"]["value"] == ids(world, "PaymentMethod")["Check"]
    assert paid["DepositToAccountRef"]["value"] == ids(world, "Account")["Undeposited Funds"]
    assert paid["PrivateNote"] == "syncro:payment:344:1"
    assert open_on(world) == {"10309": Decimal(0)}
    assert record(world)["status"] == "synced"


def test_a_method_may_have_an_account_of_its_own() -> None:
    world = world_with(309)
    world.publish("payment.created", payment_detail(method=" credit  CARD "))
    world.run()
    (paid,) = books(world).entities("Payment")
    assert paid["PaymentMethodRef"]["value"] == ids(world, "PaymentMethod")["Visa"]
    assert paid["DepositToAccountRef"]["value"] == ids(world, "Account")["Checking"]


def test_a_split_payment_over_five_invoices_is_one_call() -> None:
    world = world_with(301, 302, 303, 304, 305)
    split = [allocation(invoice_id, "216.00") for invoice_id in range(301, 306)]
    with spending(world) as spent:
        world.publish("payment.created", payment_detail(344, "1080.00", split))
        world.run()
    assert (spent.operations, spent.reads) == (["create Payment"], 0)
    assert set(open_on(world).values()) == {Decimal(0)}
    assert payments(world) == [(Decimal("1080.00"), Decimal(0), [Decimal("216.00")] * 5)]


def test_partial_payments_complete_an_invoice() -> None:
    world = world_with(309)
    world.publish("payment.created", payment_detail(1, "100.00", [allocation(309, "100.00")]))
    world.run()
    assert open_on(world) == {"10309": Decimal("116.00")}
    world.publish("payment.created", payment_detail(2, "116.00", [allocation(309, "116.00")]))
    world.run()
    assert open_on(world) == {"10309": Decimal(0)}
    assert [record(world, number)["status"] for number in (1, 2)] == ["synced", "synced"]


def test_an_overpayment_leaves_the_rest_on_the_customer() -> None:
    world = world_with(309)
    world.publish("payment.created", payment_detail(344, "300.00", [allocation(309, "216.00")]))
    world.run()
    assert payments(world) == [(*money("300.00", "84.00"), [Decimal("216.00")])]
    assert record(world)["status"] == "synced"


def test_a_payment_on_account_has_no_lines() -> None:
    world = world_with(309)
    world.publish("payment.created", payment_detail(344, "50.00", []))
    world.run()
    assert payments(world) == [(*money("50.00", "50.00"), [])]


def test_leftover_credit_is_applied_later_by_the_same_payment() -> None:
    world = world_with(309, 310)
    world.publish("payment.created", payment_detail(344, "300.00", [allocation(309, "216.00")]))
    world.run()
    later = [allocation(309, "216.00"), allocation(310, "84.00")]
    with spending(world) as spent:
        world.publish("payment.updated", payment_detail(344, "300.00", later, version=2))
        world.run()
    assert (spent.operations, spent.reads) == (["update Payment"], 0)
    assert payments(world) == [(*money("300.00", "0"), list(money("216.00", "84.00")))]
    assert open_on(world) == {"10309": Decimal(0), "10310": Decimal("132.00")}


def test_mixed_documents_go_out_in_batches_by_layer() -> None:
    world = world_with(309)
    with spending(world) as spent:
        for number in range(500, 515):
            world.publish("invoice.created", invoice_detail(number))
            world.publish("payment.created", payment_detail(number, allocations=[allocation(number, "216.00")]))
        world.run()
    assert spent.operations == ["batch (15)", "batch (15)"]
    assert spent.reads == 0
    assert set(open_on(world).values()) == {Decimal("216.00"), Decimal(0)}
    assert sum(open_on(world).values()) == Decimal("216.00")


# -- what it waits for -------------------------------------------------------------------------------------------------


def test_a_payment_waits_for_its_invoice_without_failing() -> None:
    world = world_with()
    with spending(world) as spent:
        world.publish("payment.created", payment_detail())
        world.run()
    assert [entry for entry in spent.entries if entry.kind == "write"] == []
    assert record(world)["status"] == "waiting"
    assert "Invoice 309" in problem_of(record(world))["message"]
    world.publish("invoice.created", invoice_detail(309))
    world.run()
    assert open_on(world) == {"10309": Decimal(0)}
    assert record(world)["status"] == "synced"


def test_a_payment_of_a_draft_is_asked_about_and_goes_on_when_it_is_published() -> None:
    world = world_with()
    world.publish("invoice.created", invoice_detail(309, is_draft=True))
    world.publish("payment.created", payment_detail())
    world.run()
    assert record(world)["status"] == "needs_attention"
    assert problem_of(record(world))["code"] == "payment_on_unposted"
    assert "draft" in problem_of(record(world))["message"]
    assert actions_of(problem_of(record(world))) == ["link", "post_unapplied", "skip"]
    world.publish("invoice.updated", invoice_detail(309, version=2))
    world.run()
    assert open_on(world) == {"10309": Decimal(0)}
    assert record(world)["status"] == "synced"


def test_a_payment_waits_with_the_reason_of_an_invoice_that_needs_attention() -> None:
    world = world_with()
    world.publish("invoice.created", invoice_detail(309, number="1" * 22))
    world.publish("payment.created", payment_detail())
    world.run()
    assert record(world)["status"] == "waiting"
    assert "22 characters" in problem_of(record(world))["message"]
    world.publish("invoice.updated", invoice_detail(309, version=2))
    world.run()
    assert open_on(world) == {"10309": Decimal(0)}


# -- what is not sent --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"success": False}, "skipped", "payment_failed"),
        ({"amount": "-20.00", "allocations": []}, "skipped", "payment_refund"),
        ({"amount": "0.00", "allocations": []}, "synced", None),
        ({"method": "Barter"}, "skipped", "method_not_synced"),
        ({"method": "Bitcoin"}, "needs_attention", "payment_method_unmapped"),
        ({"applied_at": "2025-12-31T00:00:00.000Z"}, "skipped", "before_start_date"),
        ({"amount": "100.00"}, "synced", None),
        ({"amount": "100.00", "allocations": [allocation(309, "216.00")]}, "needs_attention", "payment_impossible"),
    ],
)
def test_what_is_not_sent_says_why(changes: dict[str, Any], status: str, code: str | None) -> None:
    world = world_with(309)
    world.publish("payment.created", payment_detail(**changes))
    world.run()
    assert record(world)["status"] == status
    if code is None:
        return
    assert problem_of(record(world))["code"] == code
    assert "344" in problem_of(record(world))["message"]
    assert books(world).entities("Payment") == []


def test_an_invoice_whose_payment_stays_in_syncro_says_by_how_much_it_is_open() -> None:
    world = world_with(309)
    world.publish("payment.created", payment_detail(1, "100.00", [allocation(309, "100.00")], method="Barter"))
    world.run()
    assert world.record("invoice", 309)["status"] == "synced_with_warning"
    assert "$100.00" in problem_of(world.record("invoice", 309))["message"]
    assert open_on(world) == {"10309": Decimal("216.00")}


def test_so_does_one_that_comes_after_its_payment() -> None:
    world = world_with()
    world.publish("payment.created", payment_detail(1, "100.00", [allocation(309, "100.00")], method="Barter"))
    world.run()
    world.publish("invoice.created", invoice_detail(309))
    world.run()
    assert "$100.00" in problem_of(world.record("invoice", 309))["message"]


def test_with_payments_off_nothing_is_sent() -> None:
    world = world_with(309)
    settings = ready_settings(books(world), sync_payments_to=False)
    world.deployment.accounts.save_settings(ACCOUNT, settings, version=1)
    world.publish("payment.created", payment_detail())
    world.run()
    assert record(world)["status"] == "skipped"
    assert problem_of(record(world))["code"] == "payments_off"


# -- edited, failed, deleted -------------------------------------------------------------------------------------------


def test_an_edit_updates_the_payment_and_keeps_quickbooks_date() -> None:
    world = world_with(309, 310)
    world.publish("payment.created", payment_detail())
    world.run()
    moved = payment_detail(
        344, "200.00", [allocation(310, "200.00")], version=2, applied_at="2026-11-25T00:00:00.000Z", method="Cash"
    )
    world.publish("payment.updated", moved)
    world.run()
    (paid,) = books(world).entities("Payment")
    assert (paid["TotalAmt"], paid["TxnDate"]) == (Decimal(200), "2026-11-22")
    assert paid["PaymentMethodRef"]["value"] == ids(world, "PaymentMethod")["Cash"]
    assert open_on(world) == {"10309": Decimal("216.00"), "10310": Decimal("16.00")}
    assert record(world)["status"] == "synced_with_warning"
    assert problem_of(record(world))["code"] == "date_differs"


@pytest.mark.parametrize(
    ("event", "end"),
    [
        ("payment.deleted", {}),
        ("payment.updated", {"success": False}),
        ("payment.updated", {"payment_amount": "0.00", "allocations": []}),
    ],
    ids=["deleted", "failed later", "worth nothing any more"],
)
def test_a_payment_that_ends_is_voided(event: str, end: dict[str, Any]) -> None:
    world = world_with(309)
    world.publish("payment.created", payment_detail())
    world.run()
    detail = payment_detail(version=2)
    world.publish(event, {**detail, "payment": {**detail["payment"], **end}})
    world.run()
    (paid,) = books(world).entities("Payment")
    assert (paid["TotalAmt"], paid["Line"]) == (0, [])
    assert paid["PrivateNote"].startswith("Voided")
    assert open_on(world) == {"10309": Decimal("216.00")}
    assert record(world)["status"] == "synced"


def test_a_payment_deleted_before_it_was_sent_leaves_no_trace() -> None:
    world = world_with()
    world.publish("payment.created", payment_detail())
    world.run()
    world.publish("payment.deleted", payment_detail(version=2))
    world.publish("invoice.created", invoice_detail(309))
    world.run()
    assert books(world).entities("Payment") == []
    assert open_on(world) == {"10309": Decimal("216.00")}


def test_a_deposited_payment_is_not_voided_and_says_what_to_do() -> None:
    world = world_with(309)
    world.publish("payment.created", payment_detail())
    world.run()
    books(world).deposit_by_hand([each["Id"] for each in books(world).entities("Payment")])
    world.publish("payment.deleted", payment_detail(version=2))
    world.run()
    assert record(world)["status"] == "needs_attention"
    assert problem_of(record(world))["code"] == "payment_deposited"
    assert "untick the payment" in problem_of(record(world))["fix"]
    assert open_on(world) == {"10309": Decimal(0)}


def test_leftover_credit_of_a_deposited_payment_is_applied_by_hand_and_then_noticed() -> None:
    world = world_with(309, 310)
    world.publish("payment.created", payment_detail(344, "300.00", [allocation(309, "216.00")]))
    world.run()
    (paid,) = books(world).entities("Payment")
    books(world).deposit_by_hand([paid["Id"]])
    later = [allocation(309, "216.00"), allocation(310, "84.00")]
    world.publish("payment.updated", payment_detail(344, "300.00", later, version=2))
    world.run()
    assert problem_of(record(world))["code"] == "payment_deposited"
    assert "apply $84.00 to Invoice" in problem_of(record(world))["fix"]
    assert "done" in actions_of(problem_of(record(world)))
    assert len(books(world).entities("Payment")) == 1
    # The bookkeeper takes it out of the deposit, applies the rest and deposits it again; then tries again.
    (deposit,) = books(world).entities("Deposit")
    books(world).delete_by_hand("Deposit", deposit["Id"])
    second = next(each["Id"] for each in standing(books(world)) if each["DocNumber"] == "10310")
    lines = [*paid["Line"], {"Amount": 84, "LinkedTxn": [{"TxnId": second, "TxnType": "Invoice"}]}]
    books(world).edit_by_hand("Payment", paid["Id"], {"Line": lines})
    books(world).deposit_by_hand([paid["Id"]])
    world.publish("payment.updated", payment_detail(344, "300.00", later, version=3))
    world.run()
    assert record(world)["status"] == "synced"


# -- the bookkeeper's hand ---------------------------------------------------------------------------------------------


def test_a_payment_moved_by_hand_stays_where_it_was_put_and_is_asked_about() -> None:
    world = world_with(309, 310)
    world.publish("payment.created", payment_detail())
    world.run()
    (paid,) = books(world).entities("Payment")
    other = next(each["Id"] for each in standing(books(world)) if each["DocNumber"] == "10310")
    moved = [{"Amount": 216, "LinkedTxn": [{"TxnId": other, "TxnType": "Invoice"}]}]
    books(world).edit_by_hand("Payment", paid["Id"], {"Line": moved})
    world.publish("payment.updated", payment_detail(version=2, method="Cash"))
    world.run()
    assert open_on(world) == {"10309": Decimal("216.00"), "10310": Decimal(0)}
    assert problem_of(record(world))["code"] == "edited_in_quickbooks"
    assert f"applied to Invoice id {other} was 0.00, is 216.00" in problem_of(record(world))["message"]
    assert actions_of(problem_of(record(world))) == ["overwrite", "keep", "unlink"]


@pytest.mark.parametrize("how", ["voided", "deleted"])
def test_a_payment_voided_or_deleted_by_hand_is_not_made_again(how: str) -> None:
    world = world_with(309)
    world.publish("payment.created", payment_detail())
    world.run()
    (paid,) = books(world).entities("Payment")
    end = books(world).void_by_hand if how == "voided" else books(world).delete_by_hand
    end("Payment", paid["Id"])
    world.publish("payment.updated", payment_detail(version=2, method="Cash"))
    world.run()
    assert standing(books(world), "Payment") == []
    assert problem_of(record(world))["code"] == f"{how}_in_quickbooks"

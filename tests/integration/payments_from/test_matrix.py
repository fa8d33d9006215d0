"""Every way in which a payment can be in QuickBooks, and what becomes of it in Syncro. Invoices are of 216.00 each."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from emulators.quickbooks_online import Fault
from syncro_quickbooks.online.payments_from.imports import State
from tests.support.events import ACCOUNT
from tests.support.payment_events import payment_detail
from tests.support.payments_from import PaymentsFromWorld

pytestmark = pytest.mark.usefixtures("aws_services")

World = PaymentsFromWorld


def test_a_payment_of_one_invoice_arrives_in_syncro_once() -> None:
    world = World()
    paid = world.pay((309, "216.00"), PaymentMethodRef=method(world, "Check"))
    world.poll()
    world.poll()
    assert world.payments_in_syncro() == [(f"QBO-{paid}", Decimal(216), [309])]
    (payment,) = world.in_syncro.all("payments")
    assert (payment["payment_method"], payment["applied_at"]) == ("Check", "2026-11-22T00:00:00.000Z")
    invoice = world.in_syncro.one("invoices", "309")
    assert invoice is not None
    assert invoice["is_paid"]
    known = world.imported(paid)
    assert known.state is State.IMPORTED
    assert known.posted is not None
    assert (known.posted.payment, known.posted.share.invoice) == (str(payment["id"]), "309")


def test_partial_payments_arrive_each_for_its_part() -> None:
    world = World()
    first, second = world.pay((309, "100.10")), world.pay((309, "15.90"))
    world.poll()
    assert world.payments_in_syncro() == [
        (f"QBO-{first}", Decimal("100.10"), [309]),
        (f"QBO-{second}", Decimal("15.90"), [309]),
    ]
    assert world.in_syncro.all("payments")[0]["payment_method"] == "QuickBooks"


def split(world: World) -> str:
    return world.pay((309, "50.00"), (310, "20.00"))


def over(world: World) -> str:
    return world.pay((309, "216.00"), total="250.00")


def unapplied(world: World) -> str:
    return world.pay(total="75.00")


def foreign(world: World) -> str:
    return world.pay((by_hand(world), "30.00"))


def credit_memo(world: World) -> str:
    memo = {"CustomerRef": customer(world), "Line": sold(world, "40.00")}
    made = world.company.create_by_hand("CreditMemo", memo)["Id"]
    applied = [*world.lines((309, "40.00")), {"Amount": 40, "LinkedTxn": [{"TxnId": made, "TxnType": "CreditMemo"}]}]
    return str(
        world.company.create_by_hand("Payment", {"CustomerRef": customer(world), "TotalAmt": 0, "Line": applied})["Id"]
    )


def voided(world: World) -> str:
    paid = world.pay((309, "216.00"))
    world.company.void_by_hand("Payment", paid)
    return paid


@pytest.mark.parametrize(
    ("enter", "code", "told"),
    [
        (split, "from_split", ["$70.00", "several invoices"]),
        (over, "from_overpayment", ["$250.00", "$34.00 more"]),
        (unapplied, "from_unapplied", ["$75.00", "no invoice"]),
        (foreign, "from_foreign_invoice", ["$30.00", "does not come from Syncro"]),
        (credit_memo, "from_credit_memo", ["$40.00", "credit memos are not synced"]),
        (voided, "from_voided", ["voided"]),
    ],
)
def test_what_does_not_count_is_skipped_with_its_reason(
    enter: Callable[[World], str], code: str, told: list[str]
) -> None:
    world = World()
    paid = enter(world)
    world.poll()
    known = world.imported(paid)
    assert known.state is State.SKIPPED
    assert known.problem is not None
    assert known.problem.code == code
    assert all(each in known.problem.message for each in [*told, paid])
    assert world.payments_in_syncro() == []


def test_a_payment_deleted_before_it_was_seen_is_nothing() -> None:
    world = World()
    paid = world.pay((309, "216.00"))
    world.company.delete_by_hand("Payment", paid)
    world.poll()
    assert world.deployment.payment_imports(ACCOUNT, "9130001").get_many([paid]) == {}


def test_what_becomes_a_payment_of_one_invoice_is_imported_after_all() -> None:
    world = World()
    paid = split(world)
    world.poll()
    world.company.edit_by_hand("Payment", paid, {"TotalAmt": 50, "Line": world.lines((309, "50.00"))})
    world.poll()
    assert world.payments_in_syncro() == [(f"QBO-{paid}", Decimal(50), [309])]


def test_our_own_payments_are_not_brought_back() -> None:
    """Pushed while payments went to QuickBooks; told again by CDC after the direction was switched."""
    world = World()
    world.choose(3, sync_payments_to=True, sync_payments_from=False)
    world.publish("payment.created", payment_detail(344, "216.00"))
    world.run()
    (ours,) = [each["Id"] for each in world.company.entities("Payment")]
    world.choose(4, sync_payments_to=False, sync_payments_from=True)
    world.company.edit_by_hand("Payment", ours, {"PaymentRefNum": "seen"})
    world.poll()
    assert world.payments_in_syncro() == []
    assert world.deployment.payment_imports(ACCOUNT, "9130001").page().imports == []


# -- changed in QuickBooks after it was imported -----------------------------------------------------------------------


def moved(world: World, paid: str) -> None:
    world.company.edit_by_hand("Payment", paid, {"TotalAmt": 100, "Line": world.lines((310, "100.00"))})


def amount_changed(world: World, paid: str) -> None:
    world.company.edit_by_hand("Payment", paid, {"TotalAmt": 60, "Line": world.lines((309, "60.00"))})


def split_later(world: World, paid: str) -> None:
    world.company.edit_by_hand("Payment", paid, {"TotalAmt": 100, "Line": world.lines((309, "60.00"), (310, "40.00"))})


def released(world: World, paid: str) -> None:
    world.company.edit_by_hand("Payment", paid, {"Line": []})


@pytest.mark.parametrize(
    ("change", "code", "told"),
    [
        (moved, "imported_moved", "310 instead"),
        (amount_changed, "imported_amount_changed", "$60.00"),
        (split_later, "imported_split", "several invoices"),
        (released, "imported_unapplied", "no invoice"),
        (lambda world, paid: world.company.void_by_hand("Payment", paid), "imported_voided", "voided"),
        (lambda world, paid: world.company.delete_by_hand("Payment", paid), "imported_deleted", "deleted"),
    ],
)
def test_what_changes_after_the_import_needs_somebody_and_syncro_is_left_alone(
    change: Callable[[World, str], Any], code: str, told: str
) -> None:
    world = World()
    paid = world.pay((309, "100.00"))
    world.poll()
    world.clock.sleep(60)
    change(world, paid)
    world.poll()
    known = world.imported(paid)
    assert known.state is State.NEEDS_ATTENTION
    assert known.problem is not None
    assert known.problem.code == code
    syncro_id = str(world.in_syncro.all("payments")[0]["id"])
    assert all(each in known.problem.message for each in (told, "$100.00", f"payment {paid}", f"payment {syncro_id}"))
    assert world.payments_in_syncro() == [(f"QBO-{paid}", Decimal(100), [309])]


def test_a_change_that_is_undone_needs_nobody_any_more() -> None:
    world = World()
    paid = world.pay((309, "100.00"))
    world.poll()
    amount_changed(world, paid)
    world.poll()
    world.company.edit_by_hand("Payment", paid, {"TotalAmt": 100, "Line": world.lines((309, "100.00"))})
    world.poll()
    assert world.imported(paid).state is State.IMPORTED
    assert len(world.payments_in_syncro()) == 1


# -- helpers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answered", [True, False])
def test_what_syncro_takes_but_applies_to_no_invoice_needs_somebody(*, answered: bool) -> None:
    """It is there, once, and the invoice is open: counted as imported nobody would look."""
    world = World()
    world.in_syncro.keeps_as_credit = True
    if not answered:
        world.syncro.faults.add(Fault(kind="after", method="POST", path="/payments"))
    paid = world.pay((309, "100.00"))
    world.poll()
    world.run_for(timedelta(minutes=30))
    known = world.imported(paid)
    assert known.state is State.NEEDS_ATTENTION
    assert known.problem is not None
    assert known.problem.code == "from_left_as_credit"
    assert "applied it to no invoice" in known.problem.message
    assert [each.name for each in known.problem.actions] == ["retry", "skip"]
    assert world.payments_in_syncro() == [(f"QBO-{paid}", Decimal("100.00"), [None])]

    world.deployment.payment_imports(ACCOUNT, "9130001").retry(paid, world.clock.now())
    world.poll()
    assert world.imported(paid).state is State.IMPORTED
    assert len(world.payments_in_syncro()) == 1


def test_an_answer_that_is_silent_about_an_invoice_that_lists_the_payment_needs_nobody() -> None:
    world = World()
    world.in_syncro.answers_before_it_applies = True
    paid = world.pay((309, "100.00"))
    world.poll()
    assert world.imported(paid).state is State.IMPORTED


def method(world: World, name: str) -> dict[str, str]:
    return {"value": next(each["Id"] for each in world.company.entities("PaymentMethod") if each["Name"] == name)}


def customer(world: World) -> dict[str, str]:
    return {"value": world.company.entities("Customer")[0]["Id"]}


def sold(world: World, amount: str) -> list[dict[str, Any]]:
    item = {"ItemRef": {"value": world.company.entities("Item")[0]["Id"]}}
    return [{"Amount": Decimal(amount), "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": item}]


def by_hand(world: World) -> str:
    """An invoice that the bookkeeper wrote."""
    body = {"CustomerRef": customer(world), "DocNumber": "HAND-1", "Line": sold(world, "30.00")}
    return str(world.company.create_by_hand("Invoice", body)["Id"])

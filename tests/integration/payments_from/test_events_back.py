"""Payments that Syncro tells of while they come from QuickBooks: imported ones, and those taken in Syncro."""

from decimal import Decimal
from typing import Any

import pytest

from tests.integration.push.spending import problem_of
from tests.support.payment_events import allocation, payment_detail
from tests.support.payments_from import PaymentsFromWorld

pytestmark = pytest.mark.usefixtures("aws_services")


def told_by_syncro(world: PaymentsFromWorld, *, version: int = 1, **fields: Any) -> int:
    """The event that Syncro publishes about its newest payment."""
    payment = world.in_syncro.all("payments")[-1]
    detail = payment_detail(
        payment["id"],
        str(payment["payment_amount"]),
        [allocation(309, str(payment["payment_amount"]))],
        version=version,
        method=payment["payment_method"],
        **{"ref_num": payment["ref_num"], **fields},
    )
    world.publish("payment.deleted" if fields.get("deleted") else "payment.created", detail)
    world.run()
    return int(payment["id"])


def test_an_imported_payment_is_never_pushed_not_even_after_the_direction_changed() -> None:
    world = PaymentsFromWorld()
    paid = world.pay((309, "100.00"))
    world.poll()
    payment = told_by_syncro(world)
    for version, to_quickbooks in ((3, True), (4, False), (5, True)):
        record = world.record("payment", payment)
        assert record["status"] == "skipped"
        assert problem_of(record)["code"] == "payment_imported"
        assert f"payment {paid}" in problem_of(record)["message"]
        world.choose(version, sync_payments_to=to_quickbooks, sync_payments_from=not to_quickbooks)
        world.publish("payment.updated", payment_detail(payment, "100.00", version=version, ref_num=f"QBO-{paid}"))
        world.run()
    assert [each["Id"] for each in world.company.entities("Payment")] == [paid]


def test_it_is_known_by_our_own_record_if_somebody_changed_its_reference() -> None:
    world = PaymentsFromWorld()
    paid = world.pay((309, "100.00"))
    world.poll()
    world.choose(3, sync_payments_to=True, sync_payments_from=False)
    payment = told_by_syncro(world, ref_num="check 1234")
    assert problem_of(world.record("payment", payment))["code"] == "payment_imported"
    assert [each["Id"] for each in world.company.entities("Payment")] == [paid]


def test_it_is_known_by_its_reference_before_our_own_record_is_written() -> None:
    """Syncro told of it, but its answer to us was lost."""
    world = PaymentsFromWorld()
    world.choose(3, sync_payments_to=True, sync_payments_from=False)
    world.publish("payment.created", payment_detail(7, "100.00", [allocation(309, "100.00")], ref_num="QBO-5"))
    world.run()
    assert problem_of(world.record("payment", 7))["code"] == "payment_imported"
    assert world.company.entities("Payment") == []


def test_an_imported_payment_deleted_in_syncro_is_told_of_and_stays_in_quickbooks() -> None:
    world = PaymentsFromWorld()
    paid = world.pay((309, "100.00"))
    world.poll()
    payment = told_by_syncro(world)
    world.publish("payment.deleted", payment_detail(payment, "100.00", version=2, ref_num=f"QBO-{paid}"))
    world.run()
    assert problem_of(world.record("payment", payment))["code"] == "imported_deleted_in_syncro"
    assert [each["TotalAmt"] for each in world.company.entities("Payment")] == [Decimal(100)]


def test_the_invoice_of_an_imported_payment_does_not_say_that_it_is_open_in_quickbooks() -> None:
    world = PaymentsFromWorld()
    world.pay((309, "100.00"))
    world.poll()
    told_by_syncro(world)
    assert world.record("invoice", 309)["status"] == "synced"


def test_a_payment_taken_in_syncro_meanwhile_is_skipped_and_its_invoice_says_what_is_open() -> None:
    world = PaymentsFromWorld()
    world.publish("payment.created", payment_detail(344, "90.00", [allocation(309, "90.00")]))
    world.run()
    record = world.record("payment", 344)
    assert record["status"] == "skipped"
    assert problem_of(record)["code"] == "payments_from_quickbooks"
    assert "open in QuickBooks by $90.00" in problem_of(record)["message"]
    invoice = problem_of(world.record("invoice", 309))
    assert invoice["code"] == "open_in_quickbooks"
    assert "$90.00" in invoice["message"]
    assert world.company.entities("Payment") == []

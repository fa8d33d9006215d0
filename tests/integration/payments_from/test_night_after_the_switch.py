"""The nightly comparison of an account that imported payments once and sends its own since."""

from datetime import timedelta
from typing import Any

import pytest

from syncro_quickbooks.sync.decisions import Wanted
from syncro_quickbooks.sync.model import Kind, RecordKey
from syncro_quickbooks.sync.reconciliation import Line, Reconciliation
from tests.support.events import ACCOUNT, invoice_detail
from tests.support.payment_events import allocation, payment_detail
from tests.support.payments_from import PaymentsFromWorld
from tests.support.sums import assert_adds_up, figures, lines
from tests.support.world import ready_settings

pytestmark = pytest.mark.usefixtures("aws_services")


def night(world: PaymentsFromWorld) -> Reconciliation:
    """The coming night's comparison."""
    world.clock.advance_to(world.deployment.nights.tonight())
    found = world.deployment.nightly.run(ACCOUNT)
    assert found is not None
    assert_adds_up(found)
    return found


def told(world: PaymentsFromWorld, change: str, *, version: int, **fields: Any) -> None:
    """Syncro publishes its newest payment, which pays 100.00 of invoice 309."""
    payment = world.in_syncro.all("payments")[-1]["id"]
    detail = payment_detail(payment, "100.00", [allocation(309, "100.00")], version=version, **fields)
    world.publish(f"payment.{change}", detail)
    world.run_for(timedelta(minutes=1))


def sending_after_an_import(**fields: str) -> tuple[PaymentsFromWorld, str]:
    """100.00 of invoice 309 came from QuickBooks; since then payments go the other way. With the payment's id there."""
    world = PaymentsFromWorld()
    paid = world.pay((309, "100.00"))
    world.poll()
    told(world, "created", version=1, **{"ref_num": f"QBO-{paid}", **fields})
    world.choose(3, sync_payments_to=True, sync_payments_from=False)
    return world, paid


@pytest.mark.parametrize("fields", [{}, {"ref_num": "check 1234"}, {"applied_at": "2026-07-01T00:00:00.000Z"}], ids=str)
def test_an_imported_payment_pays_its_invoice_in_both_books(fields: dict[str, str]) -> None:
    world, _ = sending_after_an_import(**fields)
    found = night(world)
    invoices = found.kinds[Kind.INVOICE]
    assert figures(invoices.syncro) == figures(invoices.quickbooks) == (2, "432.00", "332.00")
    assert lines(invoices) == {}
    if "applied_at" not in fields:
        assert lines(found.kinds[Kind.PAYMENT]) == {Line.SKIPPED: (1, "100.00", "0")}  # the document is not ours


def test_so_it_does_while_it_is_to_be_looked_at_again() -> None:
    world, paid = sending_after_an_import()
    world.deployment.accounts.stop_posting("all", "month end")
    told(world, "updated", version=2, ref_num=f"QBO-{paid}")
    assert world.record("payment", world.in_syncro.all("payments")[-1]["id"])["status"] == "pending"
    assert lines(night(world).kinds[Kind.INVOICE]) == {}


def test_a_payment_of_our_own_beside_it_is_judged_as_ever() -> None:
    world, _ = sending_after_an_import()
    for payment, method in ((344, "Check"), (345, "Barter")):  # the second is not sent, by the settings
        world.publish("payment.created", payment_detail(payment, "30.00", [allocation(309, "30.00")], method=method))
    world.run()
    invoices = night(world).kinds[Kind.INVOICE]
    assert figures(invoices.syncro) == (2, "432.00", "272.00")  # 216 - 100 - 30 - 30, and 216
    assert figures(invoices.quickbooks) == (2, "432.00", "302.00")
    assert lines(invoices)[Line.SKIPPED] == (0, "0", "-30.00")
    assert Line.UNEXPLAINED not in invoices.lines


def test_deleted_in_syncro_it_explains_that_its_invoice_is_paid_in_quickbooks_only() -> None:
    world, paid = sending_after_an_import()
    told(world, "deleted", version=2, ref_num=f"QBO-{paid}")
    found = night(world)
    invoices = found.kinds[Kind.INVOICE]
    assert figures(invoices.syncro) == (2, "432.00", "432.00")
    assert figures(invoices.quickbooks) == (2, "432.00", "332.00")
    assert lines(invoices) == {Line.SKIPPED: (0, "0", "100.00")}
    (listed,) = (each for each in found.listed if each.key.kind is Kind.INVOICE)
    assert "was deleted in Syncro; QuickBooks still has it" in listed.reason


def test_deleted_in_syncro_and_voided_in_quickbooks_it_is_gone_from_both() -> None:
    world, paid = sending_after_an_import()
    told(world, "deleted", version=2, ref_num=f"QBO-{paid}")
    world.company.void_by_hand("Payment", paid)
    invoices = night(world).kinds[Kind.INVOICE]
    assert figures(invoices.syncro) == figures(invoices.quickbooks) == (2, "432.00", "432.00")
    assert lines(invoices) == {}


def test_in_another_company_nothing_of_the_first_ones_counts() -> None:
    """Invoice 310 is in the first company only, as is what was imported from it."""
    world, _ = sending_after_an_import()
    world.companies["second"] = world.emulator.add_company("9130002")
    world.sign_in(ACCOUNT, "9130002", replace_company=True)
    settings = ready_settings(world.companies["second"], sync_payments_to=True)
    world.deployment.accounts.save_settings(ACCOUNT, settings, version=3)
    world.publish("invoice.updated", invoice_detail(309, version=2))
    world.run()
    world.deployment.decisions.run(ACCOUNT, RecordKey(Kind.INVOICE, "309"), Wanted("push_anyway", {}), "somebody")
    world.run()
    invoices = night(world).kinds[Kind.INVOICE]
    assert figures(invoices.syncro) == (2, "432.00", "332.00")
    assert figures(invoices.quickbooks) == (1, "216.00", "216.00")
    assert lines(invoices) == {Line.SKIPPED: (1, "216.00", "116.00")}  # all of 310, and the 100.00 on 309


def test_voided_in_quickbooks_it_explains_nothing() -> None:
    world, paid = sending_after_an_import()
    world.company.void_by_hand("Payment", paid)
    (named,) = night(world).unexplained
    assert named.reason == "Invoice 10309 is open by 116.00 in Syncro and by 216.00 in QuickBooks."

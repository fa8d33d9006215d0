"""Events that come in another order than things happened in: in the end everything is applied as in Syncro."""

from decimal import Decimal
from typing import Any

import pytest

from syncro_quickbooks.sync.model import Kind, Status
from tests.support.office import Office, sets
from tests.support.office_events import changed_invoice, credit, invoice, payment

pytestmark = pytest.mark.usefixtures("aws_services")


def paid() -> Office:
    """Invoice 309 over 216.50 is paid by payment 501."""
    office = Office()
    office.publish("invoice.created", invoice())
    office.publish("payment.created", payment(501, (309, "216.50")))
    office.run_until_quiet()
    return office


def by_rest(amount: str, invoice_id: int, source: int, payment_id: int = 502) -> dict[str, Any]:
    """A payment that uses what is left of payment `source`, or of that store credit."""
    detail = payment(payment_id, (invoice_id, amount), amount=amount, payment_method="Store Credit", ref_num=None)
    detail["payment"]["allocations"][0]["source_credit_id"] = source
    return detail


def open_on(office: Office) -> dict[str, Decimal]:
    return {each["RefNumber"]: Decimal(each["BalanceRemaining"]) for each in office.company.entities("Invoice")}


def all_synced(office: Office, *payments: int) -> None:
    for each in payments:
        assert office.status(Kind.PAYMENT, each) == (Status.SYNCED, [])
    assert office.status(Kind.INVOICE, 309) == (Status.SYNCED, [])


def test_a_payment_waits_for_an_invoice_that_is_about_to_change() -> None:
    """In one set the change could be refused (applying a payment gives an invoice a new EditSequence)."""
    office = paid()
    office.publish("invoice.updated", changed_invoice())
    office.publish("payment.created", payment(502, (309, "108.25"), amount="108.25"))
    report = office.run()
    assert sets(report) == ["InvoiceMod", "InvoiceMod", "ReceivePaymentAdd"]
    assert open_on(office) == {"10309": Decimal("0.00")}
    all_synced(office, 501, 502)


def test_what_was_left_unapplied_is_applied_once_its_invoice_has_grown() -> None:
    office = paid()
    office.publish("payment.created", payment(502, (309, "108.25"), amount="108.25"))
    office.run_until_quiet()
    assert office.status(Kind.PAYMENT, 502) == (Status.SYNCED_WITH_WARNING, ["payment_left_unapplied"])
    office.publish("invoice.updated", changed_invoice())
    office.run_until_quiet()
    assert open_on(office) == {"10309": Decimal("0.00")}
    all_synced(office, 501, 502)


def test_what_was_left_unapplied_is_applied_once_another_payment_is_gone() -> None:
    office = paid()
    office.publish("payment.created", payment(502, (309, "216.50")))
    office.run_until_quiet()
    assert open_on(office) == {"10309": Decimal("0.00")}
    office.publish("payment.deleted", payment(501, (309, "216.50"), version=2))
    office.run_until_quiet()
    (left,) = office.company.entities("ReceivePayment")
    assert (left["UnusedPayment"], open_on(office)) == ("0.00", {"10309": Decimal("0.00")})
    all_synced(office, 502)


def test_a_credit_that_did_not_fit_is_applied_once_its_invoice_has_grown() -> None:
    office = paid()
    office.publish("store_credit.created", credit(901, "50.00"))
    office.publish("payment.created", by_rest("40.00", 309, 901))
    office.run_until_quiet()
    assert office.status(Kind.PAYMENT, 502) == (Status.NEEDS_ATTENTION, ["qbd_3210"])
    office.publish("invoice.updated", changed_invoice())
    office.run_until_quiet()
    assert open_on(office) == {"10309": Decimal("68.25")}  # 324.75 less 216.50 and 40.00
    all_synced(office, 501, 502)


def test_a_credit_that_did_not_fit_is_applied_once_a_payment_of_its_invoice_is_gone() -> None:
    office = paid()
    office.publish("store_credit.created", credit(901, "50.00"))
    office.publish("payment.created", by_rest("40.00", 309, 901))
    office.run_until_quiet()
    assert office.status(Kind.PAYMENT, 502) == (Status.NEEDS_ATTENTION, ["qbd_3210"])
    office.publish("payment.deleted", payment(501, (309, "216.50"), version=2))
    office.run_until_quiet()
    assert open_on(office) == {"10309": Decimal("176.50")}
    all_synced(office, 502)


@pytest.mark.parametrize("before", [(), ("10.00",)], ids=["none yet", "too little yet"])
def test_a_use_without_a_source_goes_on_once_the_credit_has_come(before: tuple[str, ...]) -> None:
    office = Office()
    office.publish("invoice.created", invoice())
    for number, amount in enumerate(before, start=901):
        office.publish("store_credit.created", credit(number, amount))
    use = by_rest("40.00", 309, 0)
    use["payment"]["allocations"][0]["source_credit_id"] = None
    office.publish("payment.created", use)
    office.run_until_quiet()
    assert office.status(Kind.PAYMENT, 502) == (Status.NEEDS_ATTENTION, ["credit_not_enough"])
    office.publish("store_credit.created", credit(911, "50.00"))
    office.run_until_quiet()
    assert office.status(Kind.PAYMENT, 502) == (Status.SYNCED_WITH_WARNING, ["credit_source_guessed"])
    assert open_on(office) == {"10309": Decimal("176.50")}


def test_an_invoice_falls_below_what_is_paid_once_its_payment_is_lowered() -> None:
    office = paid()
    office.publish("invoice.updated", changed_invoice())
    office.publish("payment.updated", payment(501, (309, "324.75"), amount="324.75", version=2))
    office.run_until_quiet()
    office.publish("invoice.updated", invoice(version=3))
    office.run_until_quiet()
    assert office.status(Kind.INVOICE, 309) == (Status.NEEDS_ATTENTION, ["qbd_3170"])
    office.publish("payment.updated", payment(501, (309, "200.00"), amount="200.00", version=3))
    office.run_until_quiet()
    assert open_on(office) == {"10309": Decimal("16.50")}
    all_synced(office, 501)


def test_the_use_of_a_payment_s_rest_waits_for_a_payment_that_no_event_has_brought_yet() -> None:
    office = Office()
    office.publish("invoice.created", invoice())
    office.publish("payment.created", by_rest("16.50", 309, 501))
    office.run_until_quiet()
    assert office.status(Kind.PAYMENT, 502) == (Status.WAITING, ["waiting_for_store_credit"])
    office.publish("payment.created", payment(501, (309, "200.00"), amount="250.00"))
    office.run_until_quiet()
    assert open_on(office) == {"10309": Decimal("0.00")}
    all_synced(office, 501, 502)


def test_a_change_of_a_payment_does_not_take_back_what_another_uses_of_its_rest() -> None:
    """Naming what a payment is applied to takes everything else off it first (facts: QBD 2.6)."""
    office = Office()
    for number in (309, 310):
        office.publish("invoice.created", invoice(number))
    office.publish("payment.created", payment(501, (309, "216.50"), amount="300.00"))
    for number, amount in ((502, "50.00"), (503, "10.00")):  # before the second use the payment is read again
        office.publish("payment.created", by_rest(amount, 310, 501, number))
        office.run_until_quiet()
    assert open_on(office) == {"10309": Decimal("0.00"), "10310": Decimal("156.50")}
    office.publish("payment.updated", payment(501, (309, "216.50"), amount="300.00", version=2, ref_num="4712"))
    office.run_until_quiet()
    assert open_on(office) == {"10309": Decimal("0.00"), "10310": Decimal("156.50")}
    all_synced(office, 501, 502, 503)


def test_more_of_a_payment_is_applied_after_another_has_used_a_part_of_its_rest() -> None:
    office = Office()
    for number in (309, 310, 311):
        office.publish("invoice.created", invoice(number))
    office.publish("payment.created", payment(501, (309, "216.50"), amount="300.00"))
    office.publish("payment.created", by_rest("50.00", 310, 501))
    office.run_until_quiet()
    office.publish("payment.updated", payment(501, (309, "216.50"), (311, "33.50"), amount="300.00", version=2))
    office.run_until_quiet()
    assert open_on(office) == {"10309": Decimal("0.00"), "10310": Decimal("166.50"), "10311": Decimal("183.00")}
    all_synced(office, 501, 502)
    office.publish("payment.updated", payment(501, (309, "216.50"), amount="300.00", version=3))
    office.run_until_quiet()
    assert open_on(office) == {"10309": Decimal("0.00"), "10310": Decimal("166.50"), "10311": Decimal("216.50")}
    all_synced(office, 501, 502)


def test_a_rest_that_is_used_before_its_payment_was_lowered_is_used_after_that() -> None:
    office = paid()
    office.publish("invoice.created", invoice(310))
    office.publish("payment.created", by_rest("66.50", 310, 501))
    office.run_until_quiet()
    assert office.status(Kind.PAYMENT, 502) == (Status.NEEDS_ATTENTION, ["credit_not_enough"])
    office.publish("payment.updated", payment(501, (309, "150.00"), amount="216.50", version=2))
    office.run_until_quiet()
    assert open_on(office) == {"10309": Decimal("66.50"), "10310": Decimal("150.00")}
    all_synced(office, 501, 502)

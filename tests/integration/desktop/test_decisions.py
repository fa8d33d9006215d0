"""What people decide about records of a Desktop account, from the problem to the mended company file."""

import pytest

from syncro_quickbooks.sync.decisions import Decisions, NotNow, Wanted, decision_token
from syncro_quickbooks.sync.model import Kind, RecordKey, Status
from syncro_quickbooks.sync.wake import Wakes
from tests.support import aws
from tests.support.events import ACCOUNT, customer
from tests.support.office import Office
from tests.support.office_events import changed_invoice, invoice, payment

pytestmark = pytest.mark.usefixtures("aws_services")


def press(office: Office, kind: Kind, syncro_id: int, action: str, **params: str) -> None:
    """Run an action that the record offers, twice, and let the Web Connector run."""
    queues = (aws.queue("decisions-push.fifo"), aws.queue("decisions-later"))
    wakes = Wakes(office.service.table, aws.client("sqs"), office.clock, *queues)
    decisions = Decisions(office.service.table, wakes, office.clock, office.intake)
    key = RecordKey(kind, str(syncro_id))
    shown = decisions.view(ACCOUNT, key).record
    assert action in [each.name for problem in shown.problems for each in problem.actions]
    for _ in range(2):
        decisions.run(ACCOUNT, key, Wanted(action, params, decision=decision_token(shown)), "somebody")
    with pytest.raises(NotNow):
        decisions.run(ACCOUNT, key, Wanted(action, params, code=shown.problems[0].code), "somebody")
    office.run_until_quiet()


def edited() -> Office:
    """A person changed a line of 100.00 to 90.00, then the invoice became 300.00 in Syncro."""
    office = Office()
    office.publish("invoice.created", invoice())
    office.run_until_quiet()
    (posted,) = office.company.entities("Invoice")
    line = posted["InvoiceLineRet"][0]
    office.company.change(posted["TxnID"], InvoiceLineMod=[{"TxnLineID": line["TxnLineID"], "Amount": "90.00"}])
    office.publish("invoice.updated", changed_invoice())
    office.run_until_quiet()
    assert office.status(Kind.INVOICE, 309) == (Status.NEEDS_ATTENTION, ["edited_in_quickbooks"])
    return office


def subtotals(office: Office) -> list[str]:
    return [each["Subtotal"] for each in office.company.entities("Invoice")]


def test_an_edit_is_overwritten() -> None:
    office = edited()
    press(office, Kind.INVOICE, 309, "overwrite")
    assert (office.status(Kind.INVOICE, 309)[0], subtotals(office)) == (Status.SYNCED, ["300.00"])


def test_an_edit_is_kept_until_syncro_changes() -> None:
    office = edited()
    press(office, Kind.INVOICE, 309, "keep")
    assert office.status(Kind.INVOICE, 309) == (Status.SYNCED_WITH_WARNING, ["kept_as_in_quickbooks"])
    assert subtotals(office) == ["90.00"]
    office.publish("invoice.updated", changed_invoice(version=3))
    office.run_until_quiet()
    assert (office.status(Kind.INVOICE, 309)[0], subtotals(office)) == (Status.SYNCED, ["300.00"])


@pytest.mark.parametrize("action", ["unlink"])
def test_syncing_stops(action: str) -> None:
    office = edited()
    press(office, Kind.INVOICE, 309, action)
    office.publish("invoice.updated", changed_invoice(version=3))
    office.run_until_quiet()
    assert office.status(Kind.INVOICE, 309) == (Status.SKIPPED, ["skipped_by_choice"])
    assert subtotals(office) == ["90.00"]
    press(office, Kind.INVOICE, 309, "resume")
    assert office.status(Kind.INVOICE, 309) == (Status.NEEDS_ATTENTION, ["edited_in_quickbooks"])


def test_what_somebody_deleted_is_made_again_once() -> None:
    office = Office()
    office.publish("invoice.created", invoice())
    office.run_until_quiet()
    (posted,) = office.company.entities("Invoice")
    office.company.delete(posted["TxnID"])
    office.publish("invoice.updated", changed_invoice())
    office.run_until_quiet()
    press(office, Kind.INVOICE, 309, "recreate")
    assert (office.status(Kind.INVOICE, 309)[0], subtotals(office)) == (Status.SYNCED, ["300.00"])


def test_an_old_invoice_is_pushed_anyway() -> None:
    office = Office()
    office.choose(start_date="2026-12-24")
    office.publish("invoice.created", invoice())
    office.run_until_quiet()
    assert office.status(Kind.INVOICE, 309) == (Status.SKIPPED, ["before_start_date"])
    press(office, Kind.INVOICE, 309, "push_anyway")
    assert (office.status(Kind.INVOICE, 309)[0], len(subtotals(office))) == (Status.SYNCED, 1)


def test_a_payment_of_a_skipped_invoice_is_posted_unapplied() -> None:
    office = Office()
    office.choose(start_date="2026-12-24")
    office.publish("invoice.created", invoice())
    office.publish("payment.created", payment(501, (309, "216.50")))
    office.run_until_quiet()
    press(office, Kind.PAYMENT, 501, "post_unapplied")
    (posted,) = office.company.entities("ReceivePayment")
    assert (office.status(Kind.PAYMENT, 501)[0], posted["TotalAmount"]) == (Status.SYNCED, "216.50")
    assert posted["UnusedPayment"] == "216.50"


def test_an_organization_is_made_with_a_suffix() -> None:
    office = Office()
    office.company.enter("Vendor", Name=str(customer()["business_name"]))
    office.publish("invoice.created", invoice())
    office.run_until_quiet()
    press(office, Kind.CUSTOMER, 72, "create_with_suffix")
    assert [each["Name"] for each in office.company.entities("Customer")] == [f"{customer()['business_name']} #72"]
    assert len(subtotals(office)) == 1


def test_a_deletion_is_asked_about_and_voided() -> None:
    office = Office()
    office.choose(invoice_deletion="ask")
    office.publish("invoice.created", invoice())
    office.run_until_quiet()
    office.publish("invoice.deleted", invoice(version=2))
    office.run_until_quiet()
    assert office.status(Kind.INVOICE, 309) == (Status.NEEDS_ATTENTION, ["deleted_in_syncro"])
    press(office, Kind.INVOICE, 309, "void")
    assert (office.status(Kind.INVOICE, 309)[0], subtotals(office)) == (Status.SYNCED, ["0.00"])

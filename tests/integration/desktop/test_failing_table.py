"""What the table's own failures do to a session: it ends, and no record is blamed."""

import pytest

from syncro_quickbooks.sync.model import Kind, Status
from tests.support.boundaries import Boundaries, Mode
from tests.support.office import Office
from tests.support.office_events import invoice, payment

pytestmark = pytest.mark.usefixtures("aws_services")

READS = ("get_item", "query")


def with_a_change() -> Office:
    """An invoice and a payment of it are in the books, and the payment was lowered."""
    office = Office()
    office.publish("invoice.created", invoice())
    office.publish("payment.created", payment(501, (309, "216.50")))
    office.run_until_quiet()
    office.publish("payment.updated", payment(501, (309, "100.00"), amount="100.00", version=2))
    office.boundaries.calls.clear()
    return office


def test_a_read_of_the_table_that_fails_is_no_defect_of_the_record() -> None:
    office = with_a_change()
    office.interrupted_run()
    reads = [at for at, call in enumerate(office.boundaries.calls) if call.endswith(READS)]
    assert len(reads) > 10
    for at in reads:
        office = with_a_change()
        office.boundaries.at, office.boundaries.mode = at, Mode.LOST
        office.interrupted_run()
        assert office.boundaries.hit.endswith(READS)
        assert office.status(Kind.PAYMENT, 501)[0] is not Status.NEEDS_ATTENTION
        office.boundaries = Boundaries()
        office.run_until_quiet()
        assert office.status(Kind.PAYMENT, 501) == (Status.SYNCED, [])
        (paid,) = office.company.entities("ReceivePayment")
        assert paid["TotalAmount"] == "100.00"

"""QuickBooks Desktop has room for 11 characters of an invoice's number: a longer one is never cut silently."""

import pytest

from syncro_quickbooks.sync.model import Kind, Status
from tests.support.office import Office
from tests.support.office_events import invoice

pytestmark = pytest.mark.usefixtures("aws_services")

NUMBERS = {309: "INV-2026-00309", 310: "INV-2026-00310"}
"""Of 14 characters; the first 11 are the same."""


def publish_both(office: Office) -> None:
    for syncro_id, number in NUMBERS.items():
        office.publish("invoice.created", invoice(syncro_id, number=number))


def test_it_is_asked_about_unless_somebody_chose_otherwise() -> None:
    office = Office()
    publish_both(office)
    office.run_until_quiet()
    assert office.numbers() == []
    for syncro_id, number in NUMBERS.items():
        assert office.status(Kind.INVOICE, syncro_id) == (Status.NEEDS_ATTENTION, ["number_too_long"])
        assert number in office.record(Kind.INVOICE, syncro_id).problems[0].message


def test_by_choice_each_gets_a_short_one_and_keeps_its_own_in_the_memo() -> None:
    office = Office()
    publish_both(office)
    office.run_until_quiet()
    office.choose(desktop_long_numbers="shorten")  # also those that were asked about go now
    office.run_until_quiet()
    posted = {each["RefNumber"]: each["Memo"] for each in office.company.entities("Invoice")}
    # Their ids in base 36: 309 = 8 * 36 + 21, and the digit for 21 is L.
    assert sorted(posted) == ["S-8L", "S-8M"]
    assert posted["S-8L"].endswith("Invoice number: INV-2026-00309")
    assert posted["S-8M"].endswith("Invoice number: INV-2026-00310")
    for syncro_id in NUMBERS:
        assert office.status(Kind.INVOICE, syncro_id) == (Status.SYNCED_WITH_WARNING, ["number_shortened"])


def test_eleven_characters_fit() -> None:
    office = Office()
    office.publish("invoice.created", invoice(309, number="INV-2026-30"))
    office.publish("invoice.created", invoice(310, number="INV-2026-301"))
    office.run_until_quiet()
    assert office.numbers() == ["INV-2026-30"]
    assert office.status(Kind.INVOICE, 309) == (Status.SYNCED, [])
    assert office.status(Kind.INVOICE, 310) == (Status.NEEDS_ATTENTION, ["number_too_long"])

"""The nightly comparison with company files, by real sessions. Sums are worked out by hand, of invoices over 216.50."""

import re
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from emulators.quickbooks_desktop.web_connector import Report
from syncro_quickbooks.desktop import night_reading
from syncro_quickbooks.sync.model import Kind, Status
from syncro_quickbooks.sync.reconciliation import Line, Reconciliation
from tests.support.office import Office
from tests.support.office_events import credit, invoice, payment
from tests.support.sums import assert_adds_up, figures, lines

pytestmark = pytest.mark.usefixtures("aws_services")

DAY = timedelta(days=1)


def prepared() -> Office:
    """The lists are read, and the day's work can begin."""
    office = Office()
    office.run()
    return office


def asked(reports: Sequence[Report]) -> list[str]:
    """What sessions asked for the comparison: the names of the queries of each message set that asks by date or id."""
    found = []
    for report in reports:
        for exchange in report.exchanges:
            if "IncludeRetElement" in exchange.request and "TxnID" in exchange.request:
                found.append(" ".join(re.findall(r"<(\w+Query)Rq", exchange.request)))
    return found


def night_comes(office: Office) -> None:
    """It is night, and the function has had its look: what it wants to know is asked for."""
    office.clock.advance_to(office.nights.tonight())
    assert office.nights.due() == [office.account]
    assert office.compare() is None
    assert office.nights.due() == []


def compared(office: Office) -> Reconciliation:
    """The coming night's comparison: sessions read until the function has all it needs."""
    night_comes(office)
    for _ in range(2):
        office.run_until_quiet()
        assert office.nights.due() == [office.account]
        found = office.compare()
        if found is not None:
            return found
    raise AssertionError("two readings are enough for any comparison")


def in_books(office: Office, kind: str, **fields: str) -> dict[str, Any]:
    """The one document with these fields."""
    (found,) = (each for each in office.company.entities(kind) if fields.items() <= each.items())
    return found


def test_where_everything_arrived_both_sides_say_the_same_and_one_question_is_enough() -> None:
    office = prepared()
    for number in (1, 2):
        office.publish("invoice.created", invoice(number))
    office.publish("payment.created", payment(11, (1, "100.00"), amount="100.00"))
    office.publish("store_credit.created", credit(61, "30.00"))
    office.run_until_quiet()

    night_comes(office)
    reports = office.run_until_quiet()
    assert asked(reports) == ["InvoiceQuery ReceivePaymentQuery CreditMemoQuery"]
    assert reports[0].progress == [100]
    found = office.compare()
    assert found is not None
    invoices, payments = found.kinds[Kind.INVOICE], found.kinds[Kind.PAYMENT]
    assert figures(invoices.syncro) == figures(invoices.quickbooks) == (2, "433.00", "333.00")
    assert figures(payments.syncro) == figures(payments.quickbooks) == (1, "100.00", "0")
    credits = found.kinds[Kind.STORE_CREDIT]
    assert figures(credits.syncro) == figures(credits.quickbooks) == (1, "30.00", "0")
    assert found.listed == []
    (kept,) = office.nights.newest(office.account, 5)
    assert (kept.unexplained, kept.report["problem"]) == (0, None)


def test_every_difference_is_explained_or_named() -> None:
    office = prepared()
    books = office.company
    for number in (1, 2, 3, 6, 7):
        office.publish("invoice.created", invoice(number))
    office.publish("invoice.created", invoice(4, number="N" * 12))  # QuickBooks takes 11 characters
    refund = invoice(5, is_refund=True)
    refund["invoice"] |= {"subtotal": "-100.00", "tax": "-8.25", "total": "-108.25"}
    office.publish("invoice.created", refund)
    office.run_until_quiet()
    office.publish("payment.created", payment(11, (1, "216.50")))
    office.publish("payment.created", payment(12, (6, "100.00"), amount="100.00", ref_num="4712"))
    office.publish("payment.created", payment(13, (4, "50.00"), amount="50.00"))
    office.publish("payment.created", payment(14, (7, "20.00"), amount="20.00", payment_method="Barter"))
    office.run_until_quiet()

    books.delete(in_books(office, "Invoice", RefNumber="102")["TxnID"])
    edited = in_books(office, "Invoice", RefNumber="103")
    first, second = edited["InvoiceLineRet"]
    changed = [{"TxnLineID": first["TxnLineID"], "Amount": "150.00"}, {"TxnLineID": second["TxnLineID"]}]
    books.change(edited["TxnID"], InvoiceLineMod=changed)  # (150 + 100) at 8.25 %: 270.63
    books.delete(in_books(office, "ReceivePayment", TotalAmount="100.00")["TxnID"])
    books.receive(in_books(office, "Invoice", RefNumber="107")["TxnID"], "16.50")  # by the bookkeeper

    found = compared(office)
    assert_adds_up(found)
    invoices, payments = found.kinds[Kind.INVOICE], found.kinds[Kind.PAYMENT]
    # 6 x 216.50 - 108.25; open: 0, 216.50, 216.50, 216.50 - 100, 216.50 - 20, 216.50 - 50 and -108.25
    assert figures(invoices.syncro) == (7, "1190.75", "804.25")
    # 216.50, 270.63, 216.50 and 216.50; open: 0, 270.63, 216.50 and 216.50 - 16.50
    assert figures(invoices.quickbooks) == (4, "920.13", "687.13")
    assert lines(invoices) == {
        Line.FAILED: (1, "216.50", "196.50"),  # number N...; the payment of 20.00 by Barter, which nobody has mapped
        Line.SKIPPED: (1, "-108.25", "-108.25"),
        Line.WAITING: (0, "0", "-50.00"),  # the payment of 50.00 that waits for its invoice
        # 216.50 - 54.13; open 216.50 - 54.13 - 100.00 and the 16.50 by hand
        Line.UNEXPLAINED: (1, "162.37", "78.87"),
    }
    assert lines(payments) == {
        Line.WAITING: (1, "50.00", "0"),
        Line.FAILED: (1, "20.00", "0"),
        Line.UNEXPLAINED: (1, "100.00", "0"),
    }
    assert figures(payments.quickbooks) == (1, "216.50", "0")  # what the bookkeeper entered is not Syncro's
    assert sorted(each.reason for each in found.unexplained) == [
        "Invoice 102 is deleted or void in QuickBooks.",
        "Invoice 103 is 270.63 in QuickBooks and was 216.50 when it was last written.",
        "Invoice 106 is open by 116.50 in Syncro and by 216.50 in QuickBooks.",
        "Invoice 107 is open by 196.50 in Syncro and by 200.00 in QuickBooks.",
        "Payment 4712 is deleted or void in QuickBooks.",
    ]
    assert all(each.reason for each in found.listed)
    (kept,) = office.nights.newest(office.account, 5)
    assert kept.unexplained == 5


def test_used_credits_and_the_rest_of_payments_are_booked_elsewhere_and_leave_nothing_unexplained() -> None:
    office = prepared()
    for number in (1, 2):
        office.publish("invoice.created", invoice(number))
    office.publish("store_credit.created", credit(61, "30.00"))
    office.publish("payment.created", payment(11, (1, "216.50"), amount="316.50"))  # 100.00 too much
    office.run_until_quiet()
    use = payment(12, (2, "30.00"), amount="30.00", payment_method="Store Credit")
    use["payment"]["allocations"][0]["source_credit_id"] = 61
    rest = payment(13, (2, "100.00"), amount="100.00", payment_method="Store Credit")
    rest["payment"]["allocations"][0]["source_credit_id"] = 11
    bad = payment(14, (2, "20.00"), amount="20.00", payment_method="Write-off")  # not for Desktop
    for each in (use, rest, bad):
        office.publish("payment.created", each)
        office.run_until_quiet()
    found = compared(office)
    assert_adds_up(found)
    assert found.unexplained == []
    invoices, payments = found.kinds[Kind.INVOICE], found.kinds[Kind.PAYMENT]
    # Open in Syncro: 0 and 216.50 - 30 - 100 - 20; the 20.00 stay open in QuickBooks.
    assert figures(invoices.syncro) == (2, "433.00", "66.50")
    assert figures(invoices.quickbooks) == (2, "433.00", "86.50")
    assert lines(invoices) == {Line.SKIPPED: (0, "0", "-20.00")}
    assert str(payments.syncro.total) == "466.50"
    assert lines(payments) == {Line.ELSEWHERE: (2, "130.00", "0"), Line.SKIPPED: (1, "20.00", "0")}
    assert figures(payments.quickbooks) == (1, "316.50", "0")
    assert figures(found.kinds[Kind.STORE_CREDIT].quickbooks) == (1, "30.00", "0")


def test_one_payment_that_uses_a_credit_for_two_invoices_is_known_by_invoice() -> None:
    office = prepared()
    for number in (1, 2):
        office.publish("invoice.created", invoice(number))
    office.publish("store_credit.created", credit(61, "50.00"))
    office.run_until_quiet()
    use = payment(12, (1, "20.00"), (2, "30.00"), amount="50.00", payment_method="Store Credit")
    for each in use["payment"]["allocations"]:
        each["source_credit_id"] = 61
    office.publish("payment.created", use)
    office.run_until_quiet()
    found = compared(office)
    assert_adds_up(found)
    assert figures(found.kinds[Kind.INVOICE].quickbooks) == (2, "433.00", "383.00")
    assert [each.line for each in found.listed] == [Line.ELSEWHERE]


def test_what_is_warned_of_voided_or_deleted_on_both_sides_is_no_riddle() -> None:
    office = prepared()
    differs = invoice(1)
    differs["invoice"] |= {"tax": "17.00", "total": "217.00"}  # QuickBooks makes it 216.50
    office.publish("invoice.created", differs)
    office.publish("invoice.created", invoice(2))
    office.publish("payment.created", payment(11, amount="40.00"))
    office.run_until_quiet()
    assert office.status(Kind.INVOICE, 1)[0] is Status.SYNCED_WITH_WARNING
    office.publish("invoice.deleted", invoice(2, version=2))
    office.publish("payment.deleted", payment(11, amount="40.00", version=2))
    office.run_until_quiet()
    assert in_books(office, "Invoice", RefNumber="102")["Subtotal"] == "0.00"
    found = compared(office)
    assert_adds_up(found)
    assert figures(found.kinds[Kind.INVOICE].quickbooks) == (1, "216.50", "216.50")
    assert [(str(each.key), each.line, str(each.total)) for each in found.listed if each.total] == [
        ("invoice#1", Line.WARNED, "0.50")
    ]
    assert found.unexplained == []


def test_a_copy_with_our_mark_is_found_and_what_the_bookkeeper_enters_besides_is_nobodys_business() -> None:
    office = prepared()
    office.publish("invoice.created", invoice(1))
    office.run_until_quiet()
    original = in_books(office, "Invoice", RefNumber="101")
    (line, *_) = original["InvoiceLineRet"]
    own = {"CustomerRef": original["CustomerRef"], "TxnDate": original["TxnDate"]}
    own["InvoiceLineAdd"] = [{"ItemRef": line["ItemRef"], "Amount": "70.00"}]
    office.company.enter("Invoice", **own, RefNumber="HAND")
    office.company.enter("Invoice", **own, RefNumber="COPY", Memo=original["Memo"])
    found = compared(office)
    assert_adds_up(found)
    (twice,) = found.unexplained
    assert "Invoice COPY" in twice.name
    copied = in_books(office, "Invoice", RefNumber="COPY")
    assert twice.total == -(Decimal(copied["Subtotal"]) + Decimal(copied["SalesTaxTotal"]))


def test_a_document_of_another_month_in_quickbooks_is_asked_for_by_its_id_and_is_the_same_money() -> None:
    office = prepared()
    for number in (1, 2):
        office.publish("invoice.created", invoice(number))
    office.run_until_quiet()
    office.company.change(in_books(office, "Invoice", RefNumber="101")["TxnID"], TxnDate="2026-03-01")
    office.company.delete(in_books(office, "Invoice", RefNumber="102")["TxnID"])
    night_comes(office)
    reports = office.run_until_quiet()
    assert office.compare() is None  # two are missing
    reports += office.run_until_quiet()
    found = office.compare()
    assert found is not None
    assert asked(reports) == ["InvoiceQuery ReceivePaymentQuery CreditMemoQuery", "InvoiceQuery InvoiceQuery"]
    assert [each.reason for each in found.listed] == ["Invoice 102 is deleted or void in QuickBooks."]
    assert figures(found.kinds[Kind.INVOICE].quickbooks) == (1, "216.50", "216.50")


def test_an_unknown_id_that_quickbooks_calls_an_error_is_missing_and_no_refusal() -> None:
    office = Office(unknown_id_status=3120)
    office.run()
    office.publish("invoice.created", invoice(1))
    office.run_until_quiet()
    office.company.delete(in_books(office, "Invoice", RefNumber="101")["TxnID"])
    assert [each.reason for each in compared(office).listed] == ["Invoice 101 is deleted or void in QuickBooks."]


def test_more_documents_than_a_page_holds_come_in_pages_of_one_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(night_reading, "MOST_ROWS", 3)
    office = prepared()
    for number in range(1, 9):
        office.publish("invoice.created", invoice(number))
    for number in range(1, 5):
        office.publish("payment.created", payment(10 + number, (number, "216.50")))
    office.run_until_quiet()
    night_comes(office)
    reports = office.run_until_quiet()
    # 8 invoices and 4 payments, three of each at a time
    assert asked(reports) == [
        "InvoiceQuery ReceivePaymentQuery CreditMemoQuery",
        "InvoiceQuery ReceivePaymentQuery",
        "InvoiceQuery",
    ]
    found = office.compare()
    assert found is not None
    assert found.listed == []
    assert figures(found.kinds[Kind.INVOICE].quickbooks) == (8, "1732.00", "866.00")
    assert figures(found.kinds[Kind.PAYMENT].quickbooks) == (4, "866.00", "0")


def test_a_session_that_breaks_off_counts_for_nothing_and_the_next_one_asks_for_less(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(night_reading, "MOST_ROWS", 4)
    monkeypatch.setattr(night_reading, "FEWEST_ROWS", 2)
    office = prepared()
    for number in range(1, 7):
        office.publish("invoice.created", invoice(number))
    office.run_until_quiet()
    night_comes(office)
    office.company.break_off(4)  # QuickBooks dies at the second page, three queries and one later
    broken = office.run()
    assert len(asked([broken])) == 1
    assert "0x80040402" in broken.last_error
    assert office.compare() is None
    assert office.nights.due() == []
    reports = office.run_until_quiet()
    assert re.findall(r"<MaxReturned>(\d+)<", reports[0].exchanges[0].request) == ["2", "2", "2"]
    assert len(asked(reports)) == 3
    found = office.compare()
    assert found is not None
    assert found.listed == []
    assert figures(found.kinds[Kind.INVOICE].quickbooks) == (6, "1299.00", "1299.00")


def test_what_happens_between_reading_and_comparing_is_not_taken_for_a_difference() -> None:
    office = prepared()
    for number in (1, 2, 3):
        office.publish("invoice.created", invoice(number))
    office.run_until_quiet()
    night_comes(office)
    office.run_until_quiet()
    # Read, not yet compared: one is paid, one is deleted, one is new.
    office.publish("payment.created", payment(11, (1, "216.50")))
    office.publish("invoice.deleted", invoice(2, version=2))
    office.publish("invoice.created", invoice(4))
    office.run_until_quiet()
    found = office.compare()
    assert found is not None
    assert_adds_up(found)
    assert found.unexplained == []
    assert {(str(each.key), each.line) for each in found.listed} == {
        ("invoice#1", Line.WAITING),
        ("invoice#4", Line.WAITING),
        ("payment#11", Line.WAITING),
    }
    # The night after it is compared again, and everything is at rest.
    again = compared(office)
    assert again.listed == []
    assert figures(again.kinds[Kind.INVOICE].quickbooks) == (3, "649.50", "433.00")


def test_an_account_that_is_not_seen_for_days_is_compared_at_its_next_session_with_what_is_then() -> None:
    office = prepared()
    office.publish("invoice.created", invoice(1))
    office.run_until_quiet()
    night_comes(office)
    for _ in range(10):
        office.clock.sleep(DAY.total_seconds())
        assert office.nights.due() == []  # nothing is asked again and again
    office.publish("invoice.created", invoice(2))
    office.run_until_quiet()
    found = office.compare()
    assert found is not None
    assert found.listed == []
    assert figures(found.kinds[Kind.INVOICE].quickbooks) == (2, "433.00", "433.00")


def test_a_reading_that_nobody_compared_in_time_is_done_again() -> None:
    office = prepared()
    office.publish("invoice.created", invoice(1))
    office.run_until_quiet()
    night_comes(office)
    office.run_until_quiet()
    office.clock.sleep(DAY.total_seconds())
    office.company.delete(in_books(office, "Invoice", RefNumber="101")["TxnID"])
    assert office.compare() is None
    office.run_until_quiet()
    assert office.compare() is None  # it is missing, and asked for
    office.run_until_quiet()
    found = office.compare()
    assert found is not None
    assert [each.reason for each in found.listed] == ["Invoice 101 is deleted or void in QuickBooks."]


def test_where_nothing_happens_no_session_is_needed_for_four_weeks() -> None:
    office = prepared()
    office.publish("invoice.created", invoice(1))
    office.run_until_quiet()
    compared(office)
    for _ in range(27):
        office.clock.sleep(DAY.total_seconds())
        assert office.nights.due() == []
        assert office.compare() is None
    office.clock.sleep(DAY.total_seconds())
    assert office.nights.due() == [office.account]
    assert office.compare() is None
    assert asked(office.run_until_quiet()) == ["InvoiceQuery ReceivePaymentQuery CreditMemoQuery"]
    assert office.compare() is not None


def test_other_work_comes_first_and_nothing_is_asked_while_sending_is_stopped() -> None:
    office = prepared()
    office.publish("invoice.created", invoice(1))
    office.run_until_quiet()
    night_comes(office)
    office.accounts.stop_posting("desktop", "something is wrong")
    assert office.run().outcome == "none"
    office.accounts.allow_posting("desktop")
    office.publish("invoice.created", invoice(2))
    (first, second, *_) = [exchange.request for exchange in office.run().exchanges[-2:]]
    assert "InvoiceAddRq" in first
    assert "TxnDateRangeFilter" in second


def test_a_question_that_quickbooks_refuses_again_and_again_is_left_for_the_coming_night() -> None:
    office = prepared()
    office.publish("invoice.created", invoice(1))
    office.run_until_quiet()
    night_comes(office)
    office.company.refuse("CreditMemoQuery", 3250, "This feature is not enabled.", times=9)
    for _ in range(3):
        report = office.run()
        assert (report.last_error, report.progress) == ("", [100])  # nobody in the office is bothered with it
    assert office.run().outcome == "none"
    assert office.nights.due() == []
    assert office.nights.newest(office.account, 1) == []
    refusals = [fields for _, text, fields in office.service.log.lines if text.startswith("Nothing read")]
    assert [fields["refusals"] for fields in refusals] == [1, 2, 3]
    office.company.troubles.clear()
    assert compared(office).listed == []


def test_where_payments_are_not_sent_what_is_open_is_not_compared() -> None:
    office = prepared()
    office.choose(sync_payments_to=False)
    office.publish("invoice.created", invoice(1))
    office.publish("payment.created", payment(11, (1, "216.50")))
    office.run_until_quiet()
    found = compared(office)
    assert found.unexplained == []
    assert figures(found.kinds[Kind.INVOICE].quickbooks) == (1, "216.50", "0")


def test_what_is_not_for_desktop_is_listed_as_skipped_and_nothing_is_read_where_nothing_was_sent() -> None:
    office = prepared()
    office.publish("invoice.created", invoice(1, is_refund=True, number="REFUND"))
    office.run_until_quiet()
    assert office.status(Kind.INVOICE, 1)[0] is Status.SKIPPED
    office.clock.advance_to(office.nights.tonight())
    found = office.compare()
    assert found is not None
    assert_adds_up(found)
    assert [(each.line, str(each.total)) for each in found.listed] == [(Line.SKIPPED, "216.50")]
    assert office.run().outcome == "none"


def test_a_late_comparison_is_not_made_again_from_the_same_reading_the_same_night() -> None:
    office = prepared()
    office.publish("invoice.created", invoice(1))
    office.run_until_quiet()
    night_comes(office)
    office.clock.sleep(20 * 3600)  # the office opens in the evening: four hours before the next night
    office.run_until_quiet()
    assert office.compare() is not None
    office.publish("invoice.created", invoice(2))
    office.run_until_quiet()
    found = compared(office)
    assert found.listed == []
    assert figures(found.kinds[Kind.INVOICE].quickbooks) == (2, "433.00", "433.00")

"""What QuickBooks refuses, and what its users do meanwhile: adopted, asked about, tried again, never doubled."""

from typing import Any

import pytest

from syncro_quickbooks.sync.model import Kind, Status
from tests.support import events
from tests.support.office import Office, sets
from tests.support.office_events import changed_invoice, invoice, payment

pytestmark = pytest.mark.usefixtures("aws_services")


def customers(office: Office) -> list[str]:
    return [each["Name"] for each in office.company.entities("Customer")]


# -- names -------------------------------------------------------------------------------------------------------------


def test_a_customer_of_the_same_name_is_adopted_as_it_is() -> None:
    office = Office()
    theirs = office.company.enter("Customer", Name="returns r us", Notes="Pays late", Email="billing72@example.com")
    office.publish("invoice.created", invoice())
    office.run_until_quiet()
    assert customers(office) == ["returns r us"]
    (posted,) = office.company.entities("Invoice")
    assert posted["CustomerRef"]["ListID"] == theirs["ListID"]
    now = office.company.get(theirs["ListID"])
    assert now is not None
    assert (now["Notes"], now["EditSequence"]) == ("Pays late", theirs["EditSequence"])
    assert office.state(Kind.CUSTOMER, 72).qbo_id == theirs["ListID"]


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        ("Customer", {"Email": "other@example.com"}, "other@example.com"),
        ("Customer", {"IsActive": "false"}, "inactive"),
        ("Vendor", {}, "vendor"),
    ],
)
def test_a_name_that_is_not_simply_the_customer_s_is_asked_about(kind: str, fields: Any, words: str) -> None:
    office = Office()
    office.company.enter(kind, Name="Returns R Us", **fields)
    office.publish("invoice.created", invoice())
    other = events.customer(80, name="Other Ltd")
    office.publish("invoice.created", invoice(320, owner=other))
    office.run_until_quiet()
    assert office.numbers() == ["10320"]  # nothing is posted to somebody else; the others go on
    status, codes = office.status(Kind.CUSTOMER, 72)
    assert (status, codes) == (Status.NEEDS_ATTENTION, ["customer_name_taken"])
    assert words in office.record(Kind.CUSTOMER, 72).problems[0].message
    assert office.status(Kind.INVOICE, 309) == (Status.WAITING, ["waiting_for_customer"])

    renamed = events.customer(version=2, name="Returns R Us Inc")
    office.publish("invoice.updated", invoice(version=2, owner=renamed))
    office.run_until_quiet()
    assert sorted(office.numbers()) == ["10309", "10320"]


def test_two_organizations_that_share_their_first_41_characters_stay_two() -> None:
    office = Office()
    shared = "The Very Long Established Company of North America"
    for customer, number in ((72, 309), (73, 310)):
        owner = events.customer(customer, name=f"{shared} {customer}")
        office.publish("invoice.created", invoice(number, owner=owner))
    office.run_until_quiet()
    assert sorted(customers(office)) == [
        "The Very Long Established Company of #72",
        "The Very Long Established Company of #73",
    ]
    posted = {each["RefNumber"]: each["CustomerRef"]["FullName"] for each in office.company.entities("Invoice")}
    assert posted == {
        "10309": "The Very Long Established Company of #72",
        "10310": "The Very Long Established Company of #73",
    }


def test_a_cut_name_never_adopts() -> None:
    office = Office()
    office.company.enter("Customer", Name="The Very Long Established Company of #72")
    owner = events.customer(72, name="The Very Long Established Company of North America")
    office.publish("invoice.created", invoice(owner=owner))
    office.run_until_quiet()
    assert office.status(Kind.CUSTOMER, 72) == (Status.NEEDS_ATTENTION, ["customer_name_taken"])
    assert "had to be changed for QuickBooks" in office.record(Kind.CUSTOMER, 72).problems[0].message
    assert office.numbers() == []


def test_a_customer_whose_update_is_refused_still_gets_invoices() -> None:
    office = Office()
    office.publish("invoice.created", invoice())
    office.run_until_quiet()
    office.company.enter("Vendor", Name="Returns R Us Inc")
    renamed = events.customer(version=2, name="Returns R Us Inc")
    for number in (310, 311):
        office.publish("invoice.created", invoice(number, owner=renamed))
        office.run_until_quiet()
    assert sorted(office.numbers()) == ["10309", "10310", "10311"]
    assert office.status(Kind.CUSTOMER, 72)[0] is Status.NEEDS_ATTENTION
    assert customers(office) == ["Returns R Us"]


# -- changed meanwhile -------------------------------------------------------------------------------------------------


def test_an_edit_sequence_that_a_payment_made_old_costs_one_more_round() -> None:
    office = Office()
    office.publish("invoice.created", invoice())
    office.publish("payment.created", payment(501, (309, "216.50")))
    office.run_until_quiet()
    office.publish("invoice.updated", changed_invoice())
    report = office.run()
    assert sets(report) == ["InvoiceMod", "InvoiceMod"]
    (posted,) = office.company.entities("Invoice")
    assert (posted["Subtotal"], posted["BalanceRemaining"]) == ("300.00", "108.25")
    assert office.status(Kind.INVOICE, 309) == (Status.SYNCED, [])


def test_what_the_bookkeeper_changed_is_not_overwritten() -> None:
    office = Office()
    office.publish("invoice.created", invoice())
    office.run_until_quiet()
    (posted,) = office.company.entities("Invoice")
    line = posted["InvoiceLineRet"][0]
    office.company.change(posted["TxnID"], InvoiceLineMod=[{"TxnLineID": line["TxnLineID"], "Amount": "90.00"}])
    for version in (changed_invoice(), invoice(version=3)):  # the last is what QuickBooks had
        office.publish("invoice.updated", version)
        office.run_until_quiet()
        (now,) = office.company.entities("Invoice")
        assert now["Subtotal"] == "90.00"
        assert office.status(Kind.INVOICE, 309) == (Status.NEEDS_ATTENTION, ["edited_in_quickbooks"])
        assert "the subtotal 200.00 became 90.00" in office.record(Kind.INVOICE, 309).problems[0].message


def test_a_note_of_the_bookkeeper_stays_and_stops_nothing() -> None:
    office = Office()
    office.publish("invoice.created", invoice())
    office.run_until_quiet()
    (posted,) = office.company.entities("Invoice")
    office.company.change(posted["TxnID"], Memo="Ask Ann first")
    office.publish("invoice.updated", changed_invoice())
    office.run_until_quiet()
    (now,) = office.company.entities("Invoice")
    assert (now["Subtotal"], now["Memo"]) == ("300.00", "Ask Ann first")


@pytest.mark.parametrize("unknown", [500, 3120])
def test_an_invoice_that_somebody_deleted_is_not_made_again(unknown: int) -> None:
    office = Office(unknown_id_status=unknown)
    office.publish("invoice.created", invoice())
    office.run_until_quiet()
    (posted,) = office.company.entities("Invoice")
    office.company.delete(posted["TxnID"])
    office.publish("invoice.updated", changed_invoice())
    office.run_until_quiet()
    assert office.numbers() == []
    assert office.status(Kind.INVOICE, 309) == (Status.NEEDS_ATTENTION, ["deleted_in_quickbooks"])


# -- money -------------------------------------------------------------------------------------------------------------


def test_a_payment_of_more_than_is_open_leaves_the_rest_unapplied() -> None:
    office = Office()
    office.publish("invoice.created", invoice())
    office.run_until_quiet()
    (posted,) = office.company.entities("Invoice")
    rows = [{"TxnID": posted["TxnID"], "PaymentAmount": "200.00"}]
    office.company.enter(
        "ReceivePayment", CustomerRef=posted["CustomerRef"], TotalAmount="200.00", AppliedToTxnAdd=rows
    )
    office.publish("payment.created", payment(501, (309, "216.50")))
    office.run_until_quiet()
    ours = next(each for each in office.company.entities("ReceivePayment") if each["TotalAmount"] == "216.50")
    assert (ours["UnusedPayment"], [row["Amount"] for row in ours["AppliedToTxnRet"]]) == ("200.00", ["16.50"])
    assert office.status(Kind.PAYMENT, 501) == (Status.SYNCED_WITH_WARNING, ["payment_left_unapplied"])


def test_split_partial_and_over() -> None:
    office = Office()
    for number in (309, 310):
        office.publish("invoice.created", invoice(number))
    office.publish("payment.created", payment(501, (309, "100.00"), (310, "216.50"), amount="350.00"))
    office.publish("payment.created", payment(502, (309, "116.50"), amount="116.50"))
    office.run_until_quiet()
    assert {each["RefNumber"]: each["BalanceRemaining"] for each in office.company.entities("Invoice")} == {
        "10309": "0.00",
        "10310": "0.00",
    }
    assert sorted(each["UnusedPayment"] for each in office.company.entities("ReceivePayment")) == ["0.00", "33.50"]


def test_a_payment_that_fails_later_is_deleted_and_one_in_a_deposit_asked_about() -> None:
    office = Office()
    office.publish("invoice.created", invoice())
    office.publish("payment.created", payment(501, (309, "216.50")))
    office.run_until_quiet()
    office.publish("payment.updated", payment(501, (309, "216.50"), version=2, success=False))
    office.run_until_quiet()
    assert office.company.entities("ReceivePayment") == []
    (posted,) = office.company.entities("Invoice")
    assert posted["BalanceRemaining"] == "216.50"
    assert office.status(Kind.PAYMENT, 501) == (Status.SYNCED_WITH_WARNING, ["desktop_payment_deleted"])


def test_a_payment_waits_for_its_invoice_and_never_for_one_that_is_skipped() -> None:
    office = Office()
    office.publish("payment.created", payment(501, (309, "216.50")))
    office.publish("invoice.created", events.invoice_detail(310, is_draft=True))
    office.publish("payment.created", payment(502, (310, "216.50")))
    office.run_until_quiet()
    assert office.status(Kind.PAYMENT, 501) == (Status.WAITING, ["invoice_unknown"])
    assert office.status(Kind.PAYMENT, 502) == (Status.NEEDS_ATTENTION, ["payment_of_unposted_invoice"])
    office.publish("invoice.created", invoice())
    office.publish("invoice.updated", invoice(310, version=2))
    office.run_until_quiet()
    assert sorted(each["UnusedPayment"] for each in office.company.entities("ReceivePayment")) == ["0.00", "0.00"]


# -- what is not for Desktop -------------------------------------------------------------------------------------------


def test_what_desktop_does_not_do_says_so() -> None:
    office = Office()
    product = {key: value for key, value in events.product(7).items() if key != "version"}
    office.publish(
        "product.updated",
        {
            "event_id": "p",
            "account_id": events.ACCOUNT,
            "occurred_at": "2026-11-23T09:00:00.000Z",
            "version": 1,
            "product": product,
        },
    )
    office.publish("invoice.created", invoice(310, lines=[events.line(1, 3, price="0")]))
    office.run_until_quiet()
    assert office.status(Kind.PRODUCT, 7) == (Status.SKIPPED, ["desktop_not_supported"])


def test_totals_that_differ_are_said_with_both_figures() -> None:
    office = Office()
    office.publish("invoice.created", events.invoice_detail(309))  # 16.00 tax where 8.25 % of 200.00 is 16.50
    office.run_until_quiet()
    status, codes = office.status(Kind.INVOICE, 309)
    assert (status, codes) == (
        Status.SYNCED_WITH_WARNING,
        ["quickbooks_total_differs", "quickbooks_tax_differs"],
    )
    messages = [problem.message for problem in office.record(Kind.INVOICE, 309).problems]
    assert "Syncro says total $216.00, QuickBooks posted $216.50." in messages[0]


def test_a_cent_of_difference_is_said_on_every_invoice_that_has_it() -> None:
    office = Office()
    cent_off = ("200.00", "16.49", "216.49")  # 8.25 % of 200.00 is 16.50
    office.publish("invoice.created", invoice(309))
    office.publish("invoice.created", events.invoice_detail(310, totals=cent_off))
    office.run_until_quiet()
    assert office.status(Kind.INVOICE, 309) == (Status.SYNCED, [])
    total, tax = office.record(Kind.INVOICE, 310).problems
    assert office.status(Kind.INVOICE, 310)[0] is Status.SYNCED_WITH_WARNING
    assert (total.code, tax.code) == ("quickbooks_total_differs", "quickbooks_tax_differs")
    assert "Syncro says total $216.49, QuickBooks posted $216.50." in total.message
    assert "Syncro says tax $16.49, QuickBooks posted $16.50." in tax.message


def test_force_update_sends_again_and_says_that_dates_do_not_go_along() -> None:
    office = Office()
    office.publish("invoice.created", invoice())
    office.run_until_quiet()
    office.publish(
        "force_update.requested",
        {
            "event_id": "f",
            "account_id": events.ACCOUNT,
            "occurred_at": "2026-11-23T10:00:00.000Z",
            "request_id": "r1",
            "kind": "invoice",
            "id": 309,
        },
    )
    report = office.run()
    assert sets(report) == ["InvoiceMod"]
    assert office.status(Kind.INVOICE, 309) == (Status.SYNCED_WITH_WARNING, ["desktop_force_without_dates"])


# -- locks, loops, refusals of everything ------------------------------------------------------------------------------


def test_a_document_on_somebody_s_screen_is_tried_again_later() -> None:
    office = Office()
    office.publish("invoice.created", invoice())
    office.publish("invoice.created", invoice(310))
    office.company.refuse_locked("InvoiceAdd")
    office.run()
    assert len(office.numbers()) == 1
    (status, codes) = office.status(Kind.INVOICE, 309)
    assert (status, codes) == (Status.RETRYING, ["qbd_3180"])
    office.clock.sleep(120)
    office.run_until_quiet()
    assert sorted(office.numbers()) == ["10309", "10310"]


def test_a_customer_list_that_is_locked_holds_back_its_documents_only() -> None:
    office = Office()
    office.company.enter("Customer", Name="Known")
    office.publish("invoice.created", invoice(320, owner=events.customer(80, name="Known", email="")))
    office.run_until_quiet()
    office.company.refuse_locked("CustomerAdd", times=2)
    office.publish("invoice.created", invoice())
    office.publish("invoice.created", invoice(321, owner=events.customer(80, name="Known", email="")))
    office.run()
    assert sorted(office.numbers()) == ["10320", "10321"]
    assert office.status(Kind.INVOICE, 309) == (Status.RETRYING, ["desktop_locked"])
    for _ in range(4):
        office.clock.sleep(3600)
        office.run()
    assert sorted(office.numbers()) == ["10309", "10320", "10321"]


def test_a_customer_locked_while_it_is_renamed_gets_its_name_without_another_document() -> None:
    office = Office()
    office.publish("invoice.created", invoice())
    office.run_until_quiet()
    office.company.refuse_locked("CustomerMod")
    office.publish("invoice.created", invoice(310, owner=events.customer(version=2, name="Returns R Us Inc")))
    office.run()
    assert (sorted(office.numbers()), customers(office)) == (["10309", "10310"], ["Returns R Us"])
    office.clock.sleep(3600)
    office.run()
    assert customers(office) == ["Returns R Us Inc"]
    assert office.status(Kind.CUSTOMER, 72) == (Status.SYNCED, [])


def test_an_item_that_keeps_failing_is_parked_and_the_session_goes_on() -> None:
    office = Office()
    office.publish("invoice.created", invoice())
    office.run_until_quiet()
    office.company.refuse("InvoiceMod", 3200, "The provided edit sequence is out-of-date.", times=100)
    office.publish("invoice.updated", changed_invoice())
    office.publish("invoice.created", invoice(310))
    report = office.run()
    assert len(report.exchanges) < 15
    assert "10310" in office.numbers()
    status, _ = office.status(Kind.INVOICE, 309)
    assert status is Status.NEEDS_ATTENTION


def test_one_that_quickbooks_cannot_read_is_found_and_parked_alone() -> None:
    office = Office()
    for number in range(1, 9):
        office.publish("invoice.created", invoice(number))
    office.run_until_quiet()
    office.company.foreign_characters = "refuse"

    def cannot_read(request: str) -> bool:
        return "PO-BAD" in request

    original = office.company.before_request
    current: dict[str, str] = {}

    def before() -> None:
        original()
        if cannot_read(current.get("request", "")):
            from emulators.quickbooks_desktop.statuses import malformed

            raise malformed("for the test")

    office.company.before_request = before  # type: ignore[method-assign]  # in its place for this test
    process = office.connector.around

    def remembering(name: str, call: Any) -> Any:
        if name == "ProcessRequest":
            current["request"] = call.__closure__[0].cell_contents if call.__closure__ else ""
            for cell in call.__closure__ or ():
                if isinstance(cell.cell_contents, str):
                    current["request"] = cell.cell_contents
        return process(name, call)

    office.connector.around = remembering
    for number in range(11, 19):
        office.publish("invoice.created", invoice(number, po_number="PO-BAD" if number == 15 else None))
    office.run_until_quiet()
    assert office.status(Kind.INVOICE, 15) == (Status.NEEDS_ATTENTION, ["qbd_0x80040400"])
    assert sorted(map(int, office.numbers())) == [
        int(f"10{number}") for number in (*range(1, 9), *range(11, 19)) if number != 15
    ]


# -- what holds everything ---------------------------------------------------------------------------------------------


def test_a_posting_stop_is_read_before_every_set() -> None:
    office = Office()
    office.publish("invoice.created", invoice())
    office.accounts.stop_posting("desktop", "maintenance")
    assert office.run().outcome == "none"
    assert office.numbers() == []
    office.accounts.allow_posting("desktop")
    office.run_until_quiet()
    assert office.numbers() == ["10309"]


def test_other_editions_are_not_served() -> None:
    office = Office(country="CA")
    office.publish("invoice.created", invoice())
    report = office.run()
    assert report.exchanges == []
    assert "CA edition" in report.last_error


def test_settings_that_are_mended_bring_what_waited_for_them() -> None:
    office = Office()
    ready = office.accounts.connection(office.account)
    assert ready is not None
    office.choose(tax_codes={"2": {"id": "80000001-1"}})
    office.publish("invoice.created", invoice())
    office.run_until_quiet()
    assert office.status(Kind.INVOICE, 309) == (Status.NEEDS_ATTENTION, ["tax_rate_unmapped"])
    office.choose()
    office.run_until_quiet()
    assert office.status(Kind.INVOICE, 309) == (Status.SYNCED, [])

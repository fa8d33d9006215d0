"""After a lost answer: what QuickBooks remembers is settled, what it has is found, only what is absent goes again."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from emulators.quickbooks_desktop import AnswerLost
from syncro_quickbooks.sync.model import Kind, Status
from tests.support import events
from tests.support.boundaries import Boundaries, Mode
from tests.support.office import Office, sets
from tests.support.office_events import credit, invoice, payment

pytestmark = pytest.mark.usefixtures("aws_services")

SET_ID = re.compile(r'newMessageSetID="([0-9a-f]+)"')


def prepared(**company: Any) -> Office:
    office = Office(**company)
    office.run()
    return office


def everything(office: Office) -> None:
    """A new customer with two invoices and a payment of both."""
    for number in (309, 310):
        office.publish("invoice.created", invoice(number))
    office.publish("payment.created", payment(501, (309, "216.50"), (310, "100.00"), amount="316.50"))


def once(office: Office) -> None:
    assert [each["Name"] for each in office.company.entities("Customer")] == ["Returns R Us"]
    assert sorted(office.numbers()) == ["10309", "10310"]
    assert [each["TotalAmount"] for each in office.company.entities("ReceivePayment")] == ["316.50"]
    for kind, syncro_id in ((Kind.INVOICE, 309), (Kind.INVOICE, 310), (Kind.PAYMENT, 501)):
        assert office.status(kind, syncro_id) == (Status.SYNCED, [])


def losing(office: Office, step: str, *, when: Callable[[], bool] = lambda: True) -> None:
    """The next call of `step` is made and its answer lost; then the line is whole again."""

    def around(name: str, call: Callable[[], Any]) -> Any:
        answer = call()
        if name == step and when():
            office.connector.around = office._around
            raise AnswerLost
        return answer

    office.connector.around = around


def dying(office: Office, after: int) -> None:
    """QuickBooks dies in the next message set when `after` of its requests are done."""

    def around(name: str, call: Callable[[], Any]) -> Any:
        if name == "ProcessRequest":
            office.company.break_off(after)
            office.connector.around = office._around
        return call()

    office.connector.around = around


def requests(office: Office) -> list[str]:
    """The message sets of the next session."""
    return [exchange.request for exchange in office.run().exchanges]


def kinds(request: str) -> list[str]:
    return [name for name in re.findall(r"<(\w+)Rq[ >]", request) if name != "QBXMLMsgs"]


def test_what_quickbooks_remembers_is_settled_and_nothing_is_sent_twice() -> None:
    office = prepared()
    everything(office)
    losing(office, "ProcessRequest")  # the computer goes off when QuickBooks has committed
    office.interrupted_run()
    assert sorted(office.numbers()) == ["10309", "10310"]
    asked = requests(office)
    assert [kinds(each) for each in asked] == [[]]  # the question for its status is an empty set
    (set_id,) = {found for each in asked for found in SET_ID.findall(each)}
    assert f'oldMessageSetID="{set_id}" newMessageSetID="{set_id}"' in asked[0]
    once(office)


@pytest.mark.parametrize("status", [9002, 600])
def test_a_set_that_never_arrived_goes_out_as_it_was(status: int) -> None:
    office = prepared(unknown_set_status=status)
    everything(office)
    losing(office, "sendRequestXML")
    office.interrupted_run()
    assert office.numbers() == []
    asked = requests(office)
    assert [kinds(each) for each in asked] == [
        [],
        ["CustomerQuery", "InvoiceQuery", "ReceivePaymentQuery"],  # both invoices are of one customer
        ["CustomerAdd", "InvoiceAdd", "InvoiceAdd", "ReceivePaymentAdd"],
    ]
    # Under the same id: should the first one still arrive, QuickBooks does not do it again.
    assert SET_ID.findall(asked[2]) == SET_ID.findall(asked[0])
    once(office)


def test_a_set_that_arrives_late_is_done_once() -> None:
    """A dialog holds QuickBooks up for so long that a second session begins on another computer."""
    office = prepared()
    office.publish("invoice.created", invoice(300))
    office.run_until_quiet()  # the customer is known: no name stops a second set
    office.company.delete(office.company.entities("Invoice")[0]["TxnID"])
    everything(office)
    late: list[str] = []

    def holding(name: str, call: Callable[[], Any]) -> Any:
        if name == "ProcessRequest":
            assert call.__closure__ is not None
            late.extend(cell.cell_contents for cell in call.__closure__ if isinstance(cell.cell_contents, str))
            office.connector.around = office._around
            raise AnswerLost
        return call()

    office.connector.around = holding
    office.interrupted_run()
    office.publish("invoice.created", invoice(311))  # goes out in the same session, in a set of its own
    office.run_until_quiet()
    assert sorted(office.numbers()) == ["10309", "10310", "10311"]
    before = office.company.entities("ReceivePayment")
    (held_up,) = late
    office.company.process(held_up)
    assert sorted(office.numbers()) == ["10309", "10310", "10311"]
    assert office.company.entities("ReceivePayment") == before


@pytest.mark.parametrize("after", [1, 2, 3])
def test_quickbooks_dies_in_the_middle_and_remembers_nothing(after: int) -> None:
    """What was committed is found by its marker, the rest goes out in a set of its own."""
    office = prepared()
    everything(office)
    dying(office, after)
    report = office.run()
    assert report.exchanges[-1].hresult == "0x80040402"
    assert "QuickBooks met an unexpected error" in report.last_error
    assert len(office.company.entities("Customer")) == 1
    office.run_until_quiet()
    once(office)


def test_an_invoice_with_the_number_but_without_our_marker_is_asked_about() -> None:
    office = prepared()
    office.publish("invoice.created", invoice())
    dying(office, 2)
    office.run()
    (posted,) = office.company.entities("Invoice")
    office.company.change(posted["TxnID"], Memo="mine")
    office.run_until_quiet()
    assert office.numbers() == ["10309"]
    assert office.status(Kind.INVOICE, 309) == (Status.NEEDS_ATTENTION, ["possible_duplicate"])


def test_an_answer_that_never_fits_is_looked_up_piece_by_piece() -> None:
    office = prepared()
    everything(office)
    real = office.connector.around

    def too_large(name: str, call: Callable[[], Any]) -> Any:
        if name == "receiveResponseXML" and "InvoiceAddRs" in _response(call):
            raise AnswerLost  # API Gateway answers 413
        return real(name, call)

    office.connector.around = too_large
    for _ in range(6):
        office.interrupted_run()
    once(office)


def _response(call: Callable[[], Any]) -> str:
    """What the call tells the service."""
    told = [cell.cell_contents for cell in call.__closure__ or () if isinstance(cell.cell_contents, dict)]
    return "".join(str(each.get("response", "")) for each in told)


def test_sets_are_halved_after_one_without_an_answer_and_grow_again() -> None:
    office = prepared()
    office.publish("invoice.created", invoice(1))
    office.run_until_quiet()
    for number in range(2, 42):
        office.publish("invoice.created", invoice(number))
    losing(office, "sendRequestXML")
    office.interrupted_run()
    for number in range(42, 72):
        office.publish("invoice.created", invoice(number))
    report = office.run()
    written = [each.count("InvoiceAdd") for each in sets(report)]
    assert written[0] == 40  # as it was
    assert sum(written[1:]) == 30
    assert written[1] <= 40
    assert len(office.numbers()) == 71


def test_a_change_whose_answer_was_lost_is_made_once() -> None:
    office = prepared()
    everything(office)
    office.run_until_quiet()
    lines = [events.line(1, 3), events.line(2, 4), events.line(5, None)]
    changed = events.invoice_detail(
        310,
        version=2,
        lines=lines,
        totals=("300.00", "24.75", "324.75"),
        products=[events.product(3, name="Managed Services"), events.product(4, name="Unknown")],
    )
    office.publish("invoice.updated", changed)
    office.company.stored_sets.clear()
    losing(office, "ProcessRequest")
    office.interrupted_run()
    office.company.stored_sets.clear()  # and QuickBooks has forgotten the set
    office.run_until_quiet()
    posted = next(each for each in office.company.entities("Invoice") if each["RefNumber"] == "10310")
    assert [line["Amount"] for line in posted["InvoiceLineRet"]] == ["100.00"] * 3
    assert office.status(Kind.INVOICE, 310) == (Status.SYNCED, [])


def credit_left(office: Office) -> str:
    (memo,) = office.company.entities("CreditMemo")
    return str(memo["CreditRemaining"])


@pytest.mark.parametrize("thin", ["ret", "empty"])
@pytest.mark.parametrize("forgets", [False, True])
def test_a_credit_is_applied_once_although_quickbooks_cannot_show_it(thin: str, forgets: bool) -> None:
    office = prepared(thin_answer=thin)
    office.publish("invoice.created", invoice())
    office.publish("store_credit.created", credit(901, "50.00"))
    office.run_until_quiet()
    office.publish("payment.created", by_credit())
    losing(
        office, "ProcessRequest", when=lambda: office.company.entities("CreditMemo")[0]["CreditRemaining"] == "10.00"
    )
    office.interrupted_run()
    if forgets:
        office.company.stored_sets.clear()
    office.run_until_quiet()
    (posted,) = office.company.entities("Invoice")
    assert (posted["BalanceRemaining"], credit_left(office)) == ("176.50", "10.00")
    assert office.company.entities("ReceivePayment") == []
    assert office.status(Kind.PAYMENT, 502) == (Status.SYNCED, [])


def test_what_a_credit_had_left_is_read_before_it_is_used() -> None:
    """Somebody used 5.00 of 50.00 before: after a lost answer 5.00 left means that our 40.00 went through."""
    office = prepared()
    for number in (309, 310):
        office.publish("invoice.created", invoice(number))
    office.publish("store_credit.created", credit(901, "50.00"))
    office.run_until_quiet()
    use_by_hand(office, "10310", "5.00")
    office.publish("payment.created", by_credit())
    losing(office, "ProcessRequest", when=lambda: credit_left(office) == "5.00")
    office.interrupted_run()
    office.company.stored_sets.clear()
    office.run_until_quiet()
    assert credit_left(office) == "5.00"
    assert office.status(Kind.PAYMENT, 502) == (Status.SYNCED, [])


def test_more_than_a_credit_has_left_is_asked_about() -> None:
    office = prepared()
    for number in (309, 310):
        office.publish("invoice.created", invoice(number))
    office.publish("store_credit.created", credit(901, "50.00"))
    office.run_until_quiet()
    use_by_hand(office, "10310", "15.00")
    office.publish("payment.created", by_credit())
    office.run_until_quiet()
    assert office.status(Kind.PAYMENT, 502) == (Status.NEEDS_ATTENTION, ["credit_not_enough"])
    assert credit_left(office) == "35.00"


def by_credit() -> dict[str, Any]:
    """40.00 of invoice 309 are paid by store credit 901."""
    applied = payment(502, (309, "40.00"), amount="40.00", payment_method="Store Credit", ref_num=None)
    applied["payment"]["allocations"][0]["source_credit_id"] = 901
    return applied


def use_by_hand(office: Office, number: str, amount: str) -> None:
    """The bookkeeper applies a part of the credit to another invoice."""
    (memo,) = office.company.entities("CreditMemo")
    other = next(each for each in office.company.entities("Invoice") if each["RefNumber"] == number)
    use = {"CreditTxnID": memo["TxnID"], "AppliedAmount": amount}
    rows = [{"TxnID": other["TxnID"], "SetCredit": [use]}]
    office.company.enter("ReceivePayment", CustomerRef=memo["CustomerRef"], AppliedToTxnAdd=rows)


def test_a_credit_that_somebody_used_meanwhile_is_asked_about() -> None:
    office = prepared()
    for number in (309, 310):
        office.publish("invoice.created", invoice(number))
    office.publish("store_credit.created", credit(901, "50.00"))
    office.run_until_quiet()
    office.publish("payment.created", by_credit())
    office.connector.around = _lose_the_credit(office)
    office.interrupted_run()
    use_by_hand(office, "10310", "15.00")
    office.run_until_quiet()
    assert office.status(Kind.PAYMENT, 502) == (Status.NEEDS_ATTENTION, ["possible_duplicate"])
    assert credit_left(office) == "35.00"


def _lose_the_credit(office: Office) -> Callable[[str, Callable[[], Any]], Any]:
    def around(name: str, call: Callable[[], Any]) -> Any:
        answer = call()
        if name == "sendRequestXML" and "SetCredit" in str(answer):
            office.connector.around = office._around
            raise AnswerLost
        return answer

    return around


def test_two_accounts_at_once_do_not_mix() -> None:
    one, other = Office("acme"), Office("bolt")
    one.publish("invoice.created", invoice())
    other.publish("invoice.created", {**invoice(310), "account_id": "bolt"})
    one.boundaries = Boundaries(at=30, mode=Mode.AFTER)
    one.interrupted_run()
    other.run_until_quiet()
    one.boundaries = Boundaries()
    one.run_until_quiet()
    assert (one.numbers(), other.numbers()) == (["10309"], ["10310"])

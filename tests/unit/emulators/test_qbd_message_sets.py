"""Message sets: errors half way, macros, recovery, iterators, QuickBooks throwing (facts: QBD 1.7, 2.1, 2.4, 2.5)."""

from xml.etree.ElementTree import Element

import pytest

from emulators.quickbooks_desktop import HResult
from tests.support.qbxml import Office, answers, invoice_add, line, message_set, set_attributes, text

ID = "0123456789abcdef0123"


@pytest.fixture
def office() -> Office:
    return Office(sales_tax=False)


def add(name: str) -> str:
    return f"<CustomerAddRq requestID='{name}'><CustomerAdd><Name>{name}</Name></CustomerAdd></CustomerAddRq>"


def everybody(office: Office) -> list[str]:
    return [one["Name"] for one in office.company.entities("Customer")]


def codes(elements: list[Element]) -> list[str]:
    return [one.attrib["statusCode"] for one in elements]


def test_stop_on_error_leaves_the_rest_undone_with_3231(office: Office) -> None:
    result = office.ask(add("A") + add("A") + add("B") + "<TermsQueryRq requestID='q'/>", on_error="stopOnError")
    assert codes(result) == ["0", "3100", "3231", "3231"]
    assert [one.attrib["requestID"] for one in result] == ["A", "A", "B", "q"]
    assert [one.tag for one in result][-1] == "TermsQueryRs"
    assert everybody(office) == ["A"]


def test_continue_on_error_does_the_rest_without_undoing_anything(office: Office) -> None:
    assert codes(office.ask(add("A") + add("A") + add("B"))) == ["0", "3100", "0"]
    assert everybody(office) == ["A", "B"]


def test_a_warning_does_not_stop_the_set(office: Office) -> None:
    query = "<CustomerQueryRq><FullName>nobody</FullName></CustomerQueryRq>"
    assert codes(office.ask(query + add("A"), on_error="stopOnError")) == ["500", "0"]


def payment(txn: str) -> str:
    return (
        "<ReceivePaymentAddRq><ReceivePaymentAdd><CustomerRef><FullName>Acme</FullName></CustomerRef>"
        f"<TotalAmount>10.00</TotalAmount><AppliedToTxnAdd>{txn}<PaymentAmount>10.00</PaymentAmount></AppliedToTxnAdd>"
        "</ReceivePaymentAdd></ReceivePaymentAddRq>"
    )


def test_a_macro_names_the_invoice_for_a_payment_in_the_same_set_only(office: Office) -> None:
    office.customer("Acme")
    used = payment('<TxnID useMacro="TxnID:inv1"/>')
    invoice = invoice_add("Acme", line("<Amount>10.00</Amount>"), macro="TxnID:inv1")
    assert codes(office.ask(invoice + used)) == ["0", "0"]
    assert [one["IsPaid"] for one in office.company.entities("Invoice")] == ["true"]
    assert codes(office.ask(used)) == ["9101"]


def test_a_macro_of_a_refused_invoice_has_no_value(office: Office) -> None:
    office.customer("Acme")
    refused = invoice_add("Nobody", line("<Amount>10.00</Amount>"), macro="TxnID:inv1")
    assert codes(office.ask(refused + payment('<TxnID useMacro="TxnID:inv1"/>'))) == ["3140", "9101"]
    assert office.company.entities("ReceivePayment") == []


def test_the_same_set_again_returns_the_same_answer_and_does_nothing(office: Office) -> None:
    request = message_set(add("A"), newMessageSetID=ID)
    first = office.session.process(request)
    office.time.sleep(3600)
    office.company.change(office.company.entities("Customer")[0]["ListID"], Name="Z")
    assert office.company.begin_session().process(request) == first  # also in another session
    assert everybody(office) == ["Z"]
    assert dict(set_attributes(first)) == {"newMessageSetID": ID, "messageSetStatusCode": "0"}


def test_the_same_id_with_other_content_is_9001_and_nothing_is_done(office: Office) -> None:
    office.session.process(message_set(add("A"), newMessageSetID=ID))
    other = office.session.process(message_set(add("B"), newMessageSetID=ID))
    assert (set_attributes(other)["messageSetStatusCode"], answers(other)) == ("9001", [])
    assert everybody(office) == ["A"]


def test_an_empty_set_with_both_ids_asks_for_the_stored_answer(office: Office) -> None:
    stored = office.session.process(message_set(add("A") + add("A"), newMessageSetID=ID))
    asked = office.session.process(message_set("", oldMessageSetID=ID, newMessageSetID=ID))
    assert asked == stored
    assert codes(answers(asked)) == ["0", "3100"]


@pytest.mark.parametrize("code", [9002, 600])
def test_a_set_that_never_arrived_is_9002_or_600(office: Office, code: int) -> None:
    office.company.unknown_set_status = code
    asked = office.session.process(message_set("", oldMessageSetID=ID, newMessageSetID=ID))
    assert (set_attributes(asked)["messageSetStatusCode"], answers(asked)) == (str(code), [])
    # Asking does not make it known.
    office.session.process(message_set(add("A"), newMessageSetID=ID))
    assert everybody(office) == ["A"]


def test_an_old_id_on_the_next_set_clears_it(office: Office) -> None:
    office.session.process(message_set(add("A"), newMessageSetID=ID))
    second = office.session.process(message_set(add("B"), oldMessageSetID=ID, newMessageSetID="second"))
    assert set_attributes(second)["messageSetStatusCode"] == "0"
    asked = office.session.process(message_set("", oldMessageSetID=ID, newMessageSetID=ID))
    assert set_attributes(asked)["messageSetStatusCode"] == "9002"
    third = office.session.process(message_set(add("C"), oldMessageSetID="never", newMessageSetID="third"))
    assert set_attributes(third)["messageSetStatusCode"] == "600"
    assert everybody(office) == ["A", "B", "C"]


def test_a_guid_is_too_long_for_a_message_set_id(office: Office) -> None:
    guid = "6fcbb18b-68cf-4adb-bf40-164ac0bb4ec0"
    refused = office.session.process(message_set(add("A"), newMessageSetID=guid))
    assert set_attributes(refused)["messageSetStatusCode"] == "9004"
    assert everybody(office) == []


def test_when_quickbooks_dies_in_the_middle_the_first_part_stays_and_nothing_is_remembered(office: Office) -> None:
    office.company.break_off(after=2)
    request = message_set(add("A") + add("B") + add("C"), newMessageSetID=ID)
    with pytest.raises(HResult):
        office.session.process(request)
    assert everybody(office) == ["A", "B"]
    asked = office.session.process(message_set("", oldMessageSetID=ID, newMessageSetID=ID))
    assert set_attributes(asked)["messageSetStatusCode"] == "9002"


def test_an_armed_hresult_comes_once_and_nothing_is_done(office: Office) -> None:
    office.company.throw("0x80040414")
    with pytest.raises(HResult) as thrown:
        office.ask(add("A"))
    assert (thrown.value.code, everybody(office)) == ("0x80040414", [])
    assert codes(office.ask(add("A"))) == ["0"]


def test_an_armed_status_comes_as_often_as_asked(office: Office) -> None:
    office.company.refuse("CustomerAdd", 1000, "There has been an internal error when processing the request.", times=2)
    assert codes(office.ask(add("A") + "<TermsQueryRq/>" + add("B") + add("C"))) == ["1000", "0", "1000", "0"]
    assert everybody(office) == ["C"]


def test_no_bodies_when_none_are_wanted(office: Office) -> None:
    (answer,) = answers(office.session.process(message_set(add("A"), responseData="includeNone")))
    assert (answer.attrib["statusCode"], len(answer)) == ("0", 0)
    assert everybody(office) == ["A"]


def pages(office: Office, count: int) -> None:
    for number in range(count):
        office.customer(f"C{number}")


def start(limit: int = 2) -> str:
    return f"<CustomerQueryRq iterator='Start'><MaxReturned>{limit}</MaxReturned></CustomerQueryRq>"


def more(iterator_id: str, how: str = "Continue", inner: str = "<MaxReturned>2</MaxReturned>") -> str:
    return f"<CustomerQueryRq iterator='{how}' iteratorID='{iterator_id}'>{inner}</CustomerQueryRq>"


def test_an_iterator_walks_through_the_list(office: Office) -> None:
    pages(office, 5)
    first = office.one(start())
    seen = [text(ret, "Name") for ret in first]
    assert first.attrib["iteratorRemainingCount"] == "3"
    second = office.one(more(first.attrib["iteratorID"]))
    assert second.attrib["iteratorRemainingCount"] == "1"
    third = office.one(more(first.attrib["iteratorID"]))
    assert third.attrib["iteratorRemainingCount"] == "0"
    seen += [text(ret, "Name") for page in (second, third) for ret in page]
    assert seen == ["C0", "C1", "C2", "C3", "C4"]


def test_an_iterator_needs_max_returned(office: Office) -> None:
    assert office.status("<CustomerQueryRq iterator='Start'/>") == (
        "3150",
        "There is a missing element: MaxReturned",
    )


def test_an_iterator_dies_with_its_session(office: Office) -> None:
    pages(office, 3)
    iterator_id = office.one(start()).attrib["iteratorID"]
    other = office.company.begin_session()
    (dead,) = answers(other.process(message_set(more(iterator_id))))
    assert dead.attrib["statusSeverity"] == "Error"
    assert office.one(more(iterator_id)).attrib["statusCode"] == "0"


def test_an_iterator_can_be_stopped_and_needs_its_own_filter(office: Office) -> None:
    pages(office, 5)
    iterator_id = office.one(start()).attrib["iteratorID"]
    other_filter = "<MaxReturned>2</MaxReturned><ActiveStatus>All</ActiveStatus>"
    assert office.one(more(iterator_id, inner=other_filter)).attrib["statusSeverity"] == "Error"
    assert office.one(more(iterator_id, "Stop")).attrib["statusCode"] == "0"
    assert office.one(more(iterator_id)).attrib["statusSeverity"] == "Error"


def test_a_session_that_ended_takes_no_requests(office: Office) -> None:
    office.session.end()
    with pytest.raises(HResult) as thrown:
        office.ask(add("A"))
    assert thrown.value.code == "0x8004040D"


@pytest.mark.parametrize(
    ("is_open", "path", "code"),
    [(False, "", "0x80040416"), (True, r"C:\other.qbw", "0x8004040A")],
)
def test_a_session_needs_the_right_company_file(office: Office, is_open: bool, path: str, code: str) -> None:
    office.company.is_open = is_open
    with pytest.raises(HResult) as thrown:
        office.company.begin_session(path)
    assert thrown.value.code == code
    office.company.begin_session(office.company.path)


def test_host_company_and_preferences_have_the_shape_of_the_capture(office: Office) -> None:
    owner = "{512349B1-1111-2222-3333-000DE1813D20}"
    office.company.data_exts[owner, "FileID"] = "{00000000-1111-4222-8333-5ff123456047}"
    office.company.data_exts["{other}", "FileID"] = "somebody else's"
    host, company, preferences = office.ask(
        f"<HostQueryRq requestID='0'/><CompanyQueryRq requestID='1'><OwnerID>{owner}</OwnerID></CompanyQueryRq>"
        "<PreferencesQueryRq requestID='2'/>"
    )
    assert [one.text for one in host.findall("HostRet/SupportedQBXMLVersion")][-2:] == ["12.0", "13.0"]
    assert text(host, "HostRet", "Country") == "US"
    rows = company.findall("CompanyRet/DataExtRet")
    assert [{one.tag: one.text for one in row} for row in rows] == [
        {
            "OwnerID": owner,
            "DataExtName": "FileID",
            "DataExtType": "STR255TYPE",
            "DataExtValue": "{00000000-1111-4222-8333-5ff123456047}",
        }
    ]
    assert preferences.find("PreferencesRet/SalesTaxPreferences") is None  # sales tax is off in this office
    office.company.sales_tax = True
    tax = office.one("<PreferencesQueryRq/>")[0]
    assert text(tax, "SalesTaxPreferences", "DefaultItemSalesTaxRef", "FullName") == "State Tax"


def test_the_text_of_an_answer_is_spelled_as_captured(office: Office) -> None:
    office.customer("R&amp;D")
    answer = office.session.process(
        message_set("<CustomerAddRq><CustomerAdd><Name>R&amp;D</Name></CustomerAdd></CustomerAddRq>")
    )
    assert answer == (
        '<?xml version="1.0" ?>\n<QBXML>\n<QBXMLMsgsRs>\n'
        '<CustomerAddRs statusCode="3100" statusSeverity="Error" statusMessage="The name &quot;R&amp;D&quot; of the '
        'list element is already in use." />\n</QBXMLMsgsRs>\n</QBXML>\n'
    )

"""What QuickBooks refuses before any rule of bookkeeping: structure, characters, values (facts: QBD 1.7, 1.8, 2)."""

import pytest

from emulators.quickbooks_desktop import HResult
from tests.support.qbxml import Office, line, message_set, text

ACME = "<CustomerAddRq><CustomerAdd><Name>Acme</Name></CustomerAdd></CustomerAddRq>"


@pytest.fixture
def office() -> Office:
    return Office()


def add(inner: str) -> str:
    return f"<CustomerAddRq><CustomerAdd>{inner}</CustomerAdd></CustomerAddRq>"


def invoice(inner: str) -> str:
    customer = "<CustomerRef><FullName>Acme</FullName></CustomerRef>"
    return f"<InvoiceAddRq><InvoiceAdd>{customer}{inner}</InvoiceAdd></InvoiceAddRq>"


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(add("<IsActive>true</IsActive><Name>B</Name>"), id="order"),
        pytest.param(add("<CompanyName>B</CompanyName>"), id="required element missing"),
        pytest.param(add("<Name>B</Name><Nickname>B</Nickname>"), id="unknown element"),
        pytest.param(add("<Name>B</Name><Name>C</Name>"), id="twice"),
        pytest.param(add("<Name><First>B</First></Name>"), id="child in a text element"),
        pytest.param(add("<Name>B</Name><BillAddress>Street</BillAddress>"), id="text in an aggregate"),
        pytest.param(
            "<CustomerAddRq><CustomerAdd defMacro='ListID:a'><Name>B</Name></CustomerAdd></CustomerAddRq>", id="macro"
        ),
        pytest.param(
            "<CustomerAddRq mood='good'><CustomerAdd><Name>B</Name></CustomerAdd></CustomerAddRq>", id="attribute"
        ),
        pytest.param("<CustomerFireRq/>", id="unknown request"),
        pytest.param(
            "<TermsQueryRq iterator='Start'><MaxReturned>1</MaxReturned></TermsQueryRq>", id="no iterator here"
        ),
        pytest.param(invoice("<DataExt><OwnerID>0</OwnerID></DataExt>"), id="DataExt on the header"),
        pytest.param(
            "<ReceivePaymentAddRq><ReceivePaymentAdd><CustomerRef><FullName>Acme</FullName></CustomerRef>"
            "<TotalAmount>1.00</TotalAmount></ReceivePaymentAdd></ReceivePaymentAddRq>",
            id="neither IsAutoApply nor AppliedToTxnAdd",
        ),
        pytest.param(
            "<ReceivePaymentAddRq><ReceivePaymentAdd><CustomerRef><FullName>Acme</FullName></CustomerRef>"
            "<IsAutoApply>true</IsAutoApply><AppliedToTxnAdd><TxnID>1-1</TxnID></AppliedToTxnAdd>"
            "</ReceivePaymentAdd></ReceivePaymentAddRq>",
            id="both of them",
        ),
        pytest.param(add("<Name>B&bull;</Name>"), id="not XML"),
    ],
)
def test_a_mistake_in_structure_refuses_the_whole_set_and_nothing_is_done(office: Office, broken: str) -> None:
    with pytest.raises(HResult) as thrown:
        office.ask(ACME + broken)
    assert thrown.value.code == "0x80040400"
    assert thrown.value.message == "QuickBooks found an error when parsing the provided XML text stream."
    assert office.company.named("Customer", "Acme") is None


@pytest.mark.parametrize(
    "request_text",
    [
        "",
        "<QBXML/>",
        message_set(ACME).replace('<?qbxml version="13.0"?>', ""),
        message_set(ACME, on_error="rollbackOnError"),
        message_set(ACME).replace("QBXMLMsgsRq", "QBXMLMsgs"),
        message_set(ACME.replace("Acme", "Caf\u00e9")),
        message_set(ACME.replace("Acme", "Zażółć".encode("ascii", "xmlcharrefreplace").decode())),
        '<?qbxml version="13.0"?><!DOCTYPE a [<!ENTITY x "y">]>' + message_set(ACME).partition("?>\n")[2],
    ],
)
def test_a_message_that_is_no_message_set_is_refused(office: Office, request_text: str) -> None:
    with pytest.raises(HResult) as thrown:
        office.session.process(request_text)
    assert thrown.value.code == "0x80040400"
    assert office.company.entities("Customer") == []


def test_an_accent_as_a_numeric_reference_is_fine(office: Office) -> None:
    assert text(office.done(add("<Name>Caf&#233; &#8212; R&amp;D</Name>")), "FullName") == "Café — R&D"


def test_characters_outside_windows_1252_can_be_mangled_instead() -> None:
    office = Office(foreign_characters="mangle")
    assert text(office.done(add("<Name>&#379;abka</Name>")), "Name") == "?abka"


def test_a_version_newer_than_the_product_is_not_supported(office: Office) -> None:
    with pytest.raises(HResult) as thrown:
        office.session.process(message_set(ACME, version="16.0"))
    assert thrown.value.code == "0x80040423"
    office.company.qbxml_version = "16.0"
    office.session.process(message_set(ACME, version="16.0"))
    assert office.company.named("Customer", "Acme") is not None


def test_the_canadian_edition_knows_no_sales_tax_item() -> None:
    office = Office(country="CA")
    tax = "<Name>B</Name><ItemSalesTaxRef><FullName>State Tax</FullName></ItemSalesTaxRef>"
    with pytest.raises(HResult, match="ItemSalesTaxRef is not known in CA"):
        office.ask(add(tax))


@pytest.mark.parametrize(
    ("inner", "code", "words"),
    [
        (add("<Name>Acme</Name><Phone>0123456789 0123456789x</Phone>"), "3070", 'in the field "Phone" is too long'),
        (add(f"<Name>{'n' * 42}</Name>"), "3070", 'in the field "Name" is too long'),
        (add("<Name>Acme</Name><IsActive>yes</IsActive>"), "3010", 'boolean "yes"'),
        (add("<Name>Acme</Name><CreditLimit>97.5</CreditLimit>"), "3040", 'amount "97.5"'),
        (add("<Name>Acme</Name><CreditLimit>1,000.00</CreditLimit>"), "3040", 'amount "1,000.00"'),
        (add("<Name>Acme</Name><JobStatus>Perhaps</JobStatus>"), "3110", '"Perhaps"'),
        (add("<Name>Acme</Name><TermsRef><ListID>thirty</ListID></TermsRef>"), "3000", 'object ID "thirty"'),
        (add("<Name>Acme</Name><ExternalGUID>42</ExternalGUID>"), "3000", '"42"'),
        (invoice("<TxnDate>11/23/2026</TxnDate>"), "3020", '"11/23/2026"'),
        (invoice("<TxnDate>2026-13-01</TxnDate>"), "3020", '"2026-13-01"'),
        (invoice("<RefNumber>INV-00001234</RefNumber>"), "3070", '"INV-00001234"'),
        (invoice(line("<Rate>1.123456</Rate>")), "3045", 'price "1.123456"'),
        (invoice(line("<Quantity>0.000001</Quantity>")), "3045", 'quantity "0.000001"'),
        (invoice(line("<Quantity>many</Quantity>")), "3060", 'quantity "many"'),
        (
            "<TxnVoidRq><TxnVoidType>ReceivePayment</TxnVoidType><TxnID>1-1</TxnID></TxnVoidRq>",
            "3110",
            "ReceivePayment",
        ),
    ],
)
def test_a_value_of_the_wrong_form_is_a_status_of_its_request(
    office: Office, inner: str, code: str, words: str
) -> None:
    bad, good = office.ask(inner + add("<Name>Beta</Name>"))
    assert (bad.attrib["statusCode"], bad.attrib["statusSeverity"]) == (code, "Error")
    assert words in bad.attrib["statusMessage"]
    assert len(bad) == 0
    assert good.attrib["statusCode"] == "0"
    assert [one["Name"] for one in office.company.entities("Customer")] == ["Beta"]


def test_lengths_count_characters_after_decoding(office: Office) -> None:
    assert text(office.done(add(f"<Name>{'&amp;' * 41}</Name>")), "Name") == "&" * 41


def test_one_and_zero_are_booleans_too(office: Office) -> None:
    assert text(office.done(add("<Name>Acme</Name><IsActive>0</IsActive>")), "IsActive") == "false"


def test_a_request_id_may_have_fifty_characters(office: Office) -> None:
    ok, bad = office.ask(f"<TermsQueryRq requestID='{'a' * 50}'/><TermsQueryRq requestID='{'b' * 51}'/>")
    assert (ok.attrib["statusCode"], ok.attrib["requestID"]) == ("0", "a" * 50)
    assert bad.attrib["statusCode"] == "1060"

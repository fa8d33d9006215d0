"""Answers as QuickBooks writes them: shapes as in captured ones, values of our own."""

from decimal import Decimal

import pytest

from syncro_quickbooks.desktop.qbxml.reading import amount, read_answer, rows, text
from syncro_quickbooks.desktop.xml_reading import Unreadable

INVOICES = """<?xml version="1.0" ?>
<QBXML>
<QBXMLMsgsRs newMessageSetID="00aa" messageSetStatusCode="0">
<InvoiceAddRs requestID="1" statusCode="0" statusSeverity="Info" statusMessage="Status OK">
<InvoiceRet>
<TxnID>A1-1</TxnID>
<CustomerRef>
<ListID>80-1</ListID>
<FullName>Caf&#233; &amp; Co</FullName>
</CustomerRef>
<Subtotal>200.00</Subtotal>
<AppliedAmount>-50.00</AppliedAmount>
<InvoiceLineRet>
<TxnLineID>L-1</TxnLineID>
</InvoiceLineRet>
<InvoiceLineRet>
<TxnLineID>L-2</TxnLineID>
</InvoiceLineRet>
</InvoiceRet>
</InvoiceAddRs>
<ReceivePaymentAddRs requestID="2" statusCode="3210" statusSeverity="Error" statusMessage="Too &quot;much&quot;" />
</QBXMLMsgsRs>
</QBXML>
"""


def test_objects_lists_and_attributes() -> None:
    answer = read_answer(INVOICES)
    assert (answer.set_id, answer.set_status) == ("00aa", "0")
    added, refused = answer.replies
    assert (added.name, added.request_id, added.code, added.done) == ("InvoiceAdd", "1", 0, True)
    ret = added.object
    assert ret is not None
    assert text(ret, "CustomerRef", "FullName") == "Caf\u00e9 & Co"
    assert [text(line, "TxnLineID") for line in rows(ret, "InvoiceLineRet")] == ["L-1", "L-2"]
    assert amount(ret, "AppliedAmount") == Decimal("-50.00")
    assert (refused.code, refused.severity, refused.message, refused.done) == (3210, "Error", 'Too "much"', False)


def reply(attributes: str, inner: str = "") -> str:
    return f"<QBXML><QBXMLMsgsRs><TxnVoidRs {attributes}>{inner}</TxnVoidRs></QBXMLMsgsRs></QBXML>"


def test_a_warning_is_done_and_an_error_marked_as_information_is_not() -> None:
    """530 was saved; of 3210 a capture has the severity Info."""
    (warned,) = read_answer(reply('requestID="1" statusCode="530" statusSeverity="Warn"')).replies
    (refused,) = read_answer(reply('requestID="1" statusCode="3210" statusSeverity="Info"')).replies
    (unknown,) = read_answer(reply('requestID="1"')).replies
    assert [each.done for each in (warned, refused, unknown)] == [True, False, False]


def test_what_a_void_answers_with_and_what_recovery_brings() -> None:
    inner = "<TxnVoidType>Invoice</TxnVoidType><TxnID>A1-1</TxnID><ErrorRecovery><TxnID>B2</TxnID></ErrorRecovery>"
    (void,) = read_answer(reply('requestID="1" statusCode="0"', inner)).replies
    assert (void.fields, void.recovery, void.object) == (
        {"TxnVoidType": "Invoice", "TxnID": "A1-1"},
        {"TxnID": "B2"},
        None,
    )


def test_pages() -> None:
    (page,) = read_answer(reply('statusCode="0" iteratorRemainingCount="18" iteratorID="{a}"')).replies
    assert (page.remaining, page.iterator_id) == (18, "{a}")


@pytest.mark.parametrize(
    "document",
    [
        "",
        "QuickBooks is closed",
        "<html><body/></html>",
        INVOICES[:-30],
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><QBXML><QBXMLMsgsRs>&e;</QBXMLMsgsRs></QBXML>',
        "<QBXML><QBXMLMsgsRs>" + "<a>" * 60,
    ],
)
def test_what_is_no_answer_is_said_to_be_unreadable(document: str) -> None:
    with pytest.raises(Unreadable):
        read_answer(document)

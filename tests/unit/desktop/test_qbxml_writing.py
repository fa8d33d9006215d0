"""qbXML as we write it, worked out by hand from the element tables in the facts (QBD 1.8, 2.1, 2.2)."""

from decimal import Decimal
from typing import Any

import pytest

from syncro_quickbooks.desktop.qbxml.text import one_line, plain, prose
from syncro_quickbooks.desktop.qbxml.writing import Request, Unwritable, message_set, status_query, written

TWENTY_HEX = "0123456789abcdef0123"


def test_elements_come_in_quickbooks_order_whatever_the_body_s() -> None:
    body: dict[str, Any] = {
        "InvoiceLineAdd": [
            {
                "SalesTaxCodeRef": {"FullName": "Tax"},
                "Rate": Decimal("9.99999"),
                "Quantity": Decimal("2.50"),
                "Desc": "Cable",
                "ItemRef": {"ListID": "80000001-1"},
            }
        ],
        "Memo": "syncro:invoice:309:1",
        "ItemSalesTaxRef": {"ListID": "80000002-1"},
        "RefNumber": "1001",
        "TxnDate": "2026-11-20",
        "CustomerRef": {"FullName": "Acme"},
        "IsToBePrinted": False,
    }
    assert written(Request("InvoiceAdd", body, macro="TxnID:invoice309"), "1") == (
        '<InvoiceAddRq requestID="1"><InvoiceAdd defMacro="TxnID:invoice309">'
        "<CustomerRef><FullName>Acme</FullName></CustomerRef><TxnDate>2026-11-20</TxnDate><RefNumber>1001</RefNumber>"
        "<ItemSalesTaxRef><ListID>80000002-1</ListID></ItemSalesTaxRef><Memo>syncro:invoice:309:1</Memo>"
        "<IsToBePrinted>false</IsToBePrinted><InvoiceLineAdd><ItemRef><ListID>80000001-1</ListID></ItemRef>"
        "<Desc>Cable</Desc><Quantity>2.5</Quantity><Rate>9.99999</Rate>"
        "<SalesTaxCodeRef><FullName>Tax</FullName></SalesTaxCodeRef></InvoiceLineAdd></InvoiceAdd></InvoiceAddRq>"
    )


def test_a_payment_names_an_invoice_of_the_same_set_by_macro() -> None:
    body: dict[str, Any] = {
        "CustomerRef": {"ListID": "80000001-1"},
        "TotalAmount": Decimal(100),
        "AppliedToTxnAdd": [{"PaymentAmount": Decimal("99.5"), "TxnID": {"useMacro": "TxnID:invoice309"}}],
    }
    assert written(Request("ReceivePaymentAdd", body), "2") == (
        '<ReceivePaymentAddRq requestID="2"><ReceivePaymentAdd><CustomerRef><ListID>80000001-1</ListID></CustomerRef>'
        '<TotalAmount>100.00</TotalAmount><AppliedToTxnAdd><TxnID useMacro="TxnID:invoice309"/>'
        "<PaymentAmount>99.50</PaymentAmount></AppliedToTxnAdd></ReceivePaymentAdd></ReceivePaymentAddRq>"
    )


def test_queries_have_no_inner_element_and_page_by_iterator() -> None:
    request = Request("ItemQuery", {"MaxReturned": 100}, iterator="Continue", iterator_id="{1-2}")
    assert written(request, "items") == (
        '<ItemQueryRq requestID="items" iterator="Continue" iteratorID="{1-2}"><MaxReturned>100</MaxReturned>'
        "</ItemQueryRq>"
    )


def test_a_message_set_names_what_to_keep_and_what_to_forget() -> None:
    text = message_set(["<HostQueryRq/>"], "13.0", on_error="stopOnError", set_id=TWENTY_HEX, old_set_id="abc")
    assert text == (
        '<?xml version="1.0" encoding="utf-8"?><?qbxml version="13.0"?><QBXML><QBXMLMsgsRq onError="stopOnError" '
        f'oldMessageSetID="abc" newMessageSetID="{TWENTY_HEX}"><HostQueryRq/></QBXMLMsgsRq></QBXML>'
    )


def test_the_question_for_a_set_s_status_is_empty_and_names_it_twice() -> None:
    assert status_query("s1", "13.0").endswith(
        '<QBXMLMsgsRq onError="stopOnError" oldMessageSetID="s1" newMessageSetID="s1"></QBXMLMsgsRq></QBXML>'
    )


@pytest.mark.parametrize(
    ("said", "written_as"),
    [
        ("Caf\u00e9 & <Bar>", "Caf&#233; &amp; &lt;Bar&gt;"),
        ("e\u0301", "&#233;"),  # composed first
        ("5 \u20ac \u2013 \u201cyes\u201d", "5 &#8364; &#8211; &#8220;yes&#8221;"),  # all of Windows-1252
        ("\u0141\u00f3d\u017a", "L&#243;dz"),  # Windows-1252 has no L with a stroke and no z with an accent
        ("\u6771\u4eac Tokyo", "Tokyo"),
        ("a\x00b\x07c\u200bd\ud800e", "abcde"),
    ],
)
def test_characters_are_ascii_on_the_wire_and_windows_1252_in_the_books(said: str, written_as: str) -> None:
    text = written(Request("CustomerAdd", {"Name": one_line(said, 41)}), "1")
    assert f"<Name>{written_as}</Name>" in text
    assert text.isascii()


def test_lines_stay_lines_and_cutting_leaves_no_blank_end() -> None:
    assert prose("one\r\ntwo \t\rthree\n", 100) == "one\ntwo\nthree"
    assert prose("abc def", 4) == "abc"
    assert one_line("  a\n b\t c ", 100) == "a b c"
    assert plain("\u00df") == "\u00df"


@pytest.mark.parametrize(
    ("name", "body", "why"),
    [
        ("CustomerAdd", {"Name": "x" * 42}, "42 characters, 41 fit"),
        ("CustomerAdd", {"Nmae": "x"}, "has no Nmae"),
        ("ReceivePaymentAdd", {"TotalAmount": Decimal("1.005")}, "TotalAmount"),
        ("ReceivePaymentAdd", {"TotalAmount": Decimal(10) ** 13}, "13 digits"),
        ("InvoiceAdd", {"InvoiceLineAdd": [{"Rate": Decimal("0.123456")}]}, "5 after the point"),
        ("InvoiceAdd", {"InvoiceLineAdd": [{"Quantity": Decimal(10) ** 10}]}, "10 digits"),
        ("InvoiceAdd", {"TxnDate": "20.11.2026"}, "TxnDate"),
        ("InvoiceAdd", {"IsToBePrinted": "no"}, "IsToBePrinted"),
        ("InvoiceMod", {"TxnID": ""}, "TxnID"),
        ("InvoiceAdd", {"CustomerRef": "Acme"}, "not a group"),
    ],
)
def test_what_quickbooks_would_refuse_is_never_written(name: str, body: Any, why: str) -> None:
    with pytest.raises(Unwritable, match=why):
        written(Request(name, body), "1")

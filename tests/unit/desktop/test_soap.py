"""The SOAP codec: what other programs write is read, what we write other parsers read, everything else is refused."""

from typing import Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree  # type: ignore[import-untyped]  # no stubs in the lock file

from syncro_quickbooks.desktop.soap import Refused, read_call, write_answer, write_fault

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
INTUIT = "http://developer.intuit.com/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

# As the Web Connector writes it: default namespace, the answer escaped once, empty elements for empty strings.
FROM_WEB_CONNECTOR = (
    '<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" '
    f'xmlns:xsi="{XSI}" xmlns:xsd="http://www.w3.org/2001/XMLSchema"><soap:Body>'
    '<receiveResponseXML xmlns="http://developer.intuit.com/"><ticket>t-1</ticket>'
    '<response>&lt;?xml version="1.0" ?&gt;\n&lt;QBXML&gt;&lt;A m="&amp;quot;x&amp;quot;"/&gt;&lt;/QBXML&gt;</response>'
    "<hresult /><message /></receiveResponseXML></soap:Body></soap:Envelope>"
)


def envelope(body: str, more: str = "") -> str:
    return (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:i="{INTUIT}" xmlns:xsi="{XSI}">{more}<s:Body>{body}</s:Body></s:Envelope>'
    )


def test_what_the_web_connector_sends() -> None:
    call = read_call(FROM_WEB_CONNECTOR)
    assert call.method == "receiveResponseXML"
    assert call.arguments == {
        "ticket": "t-1",
        "response": '<?xml version="1.0" ?>\n<QBXML><A m="&quot;x&quot;"/></QBXML>',
        "hresult": "",
        "message": "",
    }


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            f'<SOAP-ENV:Envelope xmlns:SOAP-ENV="{SOAP}" xmlns:ns1="{INTUIT}"><SOAP-ENV:Body><ns1:authenticate>'
            "<ns1:strUserName>joe</ns1:strUserName><ns1:strPassword>pw</ns1:strPassword>"
            "</ns1:authenticate></SOAP-ENV:Body></SOAP-ENV:Envelope>",
            id="SOAP-ENV and ns1",
        ),
        pytest.param(
            f"<soap-env:Envelope xmlns:soap-env='{SOAP}'>\n  <soap-env:Header/>\n  <soap-env:Body>\n"
            f"<ns0:authenticate xmlns:ns0='{INTUIT}'>\n<ns0:strUserName>joe</ns0:strUserName>\n"
            "<ns0:strPassword>pw</ns0:strPassword>\n</ns0:authenticate></soap-env:Body></soap-env:Envelope>",
            id="soap-env, indented, empty header",
        ),
        pytest.param(
            f'<Envelope xmlns="{SOAP}"><Body><authenticate xmlns="{INTUIT}"><strPassword>pw</strPassword>'
            "<strUserName>joe</strUserName></authenticate></Body></Envelope>",
            id="no prefixes, another order",
        ),
        pytest.param(
            f'<e:Envelope xmlns:e="{SOAP}"><e:Body><m:authenticate xmlns:m="{INTUIT}"><strUserName>joe</strUserName>'
            "<strPassword><![CDATA[pw]]></strPassword></m:authenticate></e:Body></e:Envelope>",
            id="unqualified parameters, CDATA",
        ),
    ],
)
def test_any_prefixes(text: str) -> None:
    call = read_call(text)
    assert (call.method, call.arguments) == ("authenticate", {"strUserName": "joe", "strPassword": "pw"})


def test_null_and_empty_are_told_apart() -> None:
    call = read_call(
        envelope('<i:receiveResponseXML><i:response xsi:nil="true"/><i:hresult></i:hresult></i:receiveResponseXML>')
    )
    assert call.arguments == {"response": None, "hresult": ""}
    assert [call.text(name) for name in ("response", "hresult", "message")] == ["", "", ""]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_bytes_are_read_in_the_encoding_they_declare(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?>' + envelope(
        "<i:getLastError><i:ticket>é</i:ticket></i:getLastError>"
    )
    assert read_call(text.encode(encoding)).arguments == {"ticket": "é"}


@pytest.mark.parametrize("declared", ["utf-8", "utf-16", "iso-8859-1"])
def test_what_the_gateway_has_decoded_already_is_not_decoded_again(declared: str) -> None:
    text = f'<?xml version="1.0" encoding="{declared}"?>' + envelope(
        "<i:getLastError><i:ticket>é€</i:ticket></i:getLastError>"
    )
    assert read_call(text).arguments == {"ticket": "é€"}


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
BOMBS = {
    "billion laughs": f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>'
    + envelope("<i:getLastError><i:ticket>&l11;</i:ticket></i:getLastError>"),
    "external entity": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    + envelope("<i:getLastError><i:ticket>&e;</i:ticket></i:getLastError>"),
    "external DTD": '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">' + envelope("<i:serverVersion/>"),
    "parameter entity": '<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>' + envelope("<i:serverVersion/>"),
    "quadratic blow-up": f'<!DOCTYPE x [<!ENTITY a "{"a" * 50_000}">]>'
    + envelope(f"<i:getLastError><i:ticket>{'&a;' * 50_000}</i:ticket></i:getLastError>"),
    "harmless DTD": "<!DOCTYPE x>" + envelope("<i:serverVersion/>"),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_document_types_are_refused_as_such(bomb: str) -> None:
    for document in (BOMBS[bomb], BOMBS[bomb].encode(), BOMBS[bomb].encode("utf-16")):
        with pytest.raises(Refused, match="DTD") as refusal:
            read_call(document)
        assert refusal.value.code == "Client"


MALFORMED = {
    "nothing": "",
    "white space": "  \n",
    "no XML": "Hello",
    "JSON": '{"method": "authenticate"}',
    "another root": "<a/>",
    "no body": f'<s:Envelope xmlns:s="{SOAP}"/>',
    "empty body": envelope(""),
    "truncated": FROM_WEB_CONNECTOR[:400],
    "two roots": envelope("<i:serverVersion/>") * 2,
    "undefined entity": envelope("<i:getLastError><i:ticket>&nbsp;</i:ticket></i:getLastError>"),
    "undefined prefix": envelope("<j:serverVersion/>"),
    "unknown method": envelope("<i:deleteEverything/>"),
    "a method of another namespace": envelope('<serverVersion xmlns="urn:other"/>'),
    "elements where text belongs": envelope("<i:getLastError><i:ticket>a<b/>c</i:ticket></i:getLastError>"),
    "elements without end": "<a>" * 200_000,
    "deeply nested": "<a>" * 5_000 + "</a>" * 5_000,
    "a NUL": envelope("<i:getLastError><i:ticket>\0</i:ticket></i:getLastError>"),
    "half a character": envelope("<i:getLastError><i:ticket>\ud800</i:ticket></i:getLastError>"),
    "bytes in no encoding": b'<?xml version="1.0" encoding="utf-8"?><a>\xff\xfe</a>',
    "an encoding nobody knows": b'<?xml version="1.0" encoding="klingon"?><a/>',
}


@pytest.mark.parametrize("what", MALFORMED)
def test_what_is_no_call_is_refused(what: str) -> None:
    with pytest.raises(Refused) as refusal:
        read_call(MALFORMED[what])  # type: ignore[arg-type]  # text and bytes
    assert refusal.value.code == "Client"


@pytest.mark.parametrize(("depth", "read"), [(48, True), (49, False), (100_000, False)])
def test_a_message_is_50_elements_deep_and_no_deeper(depth: int, read: bool) -> None:
    nested = envelope("<i:serverVersion/>", f"<s:Header>{'<a>' * depth}{'</a>' * depth}</s:Header>")
    if read:
        assert read_call(nested).method == "serverVersion"
        return
    with pytest.raises(Refused, match="50 deep"):
        read_call(nested)


def test_another_version_of_soap_is_told_so() -> None:
    with pytest.raises(Refused) as refusal:
        read_call('<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body/></e:Envelope>')
    assert refusal.value.code == "VersionMismatch"


@given(st.one_of(st.text(), st.binary(), st.text(alphabet="<>/&;![]?='\" :axsiENTY\n\0")))
@example(FROM_WEB_CONNECTOR[: len(FROM_WEB_CONNECTOR) // 2])
def test_garbage_is_refused_and_nothing_else_happens(garbage: str | bytes) -> None:
    with pytest.raises(Refused):
        read_call(garbage)


@given(st.integers(0, len(FROM_WEB_CONNECTOR) - 1), st.integers(0, len(FROM_WEB_CONNECTOR)), st.text(max_size=3))
def test_a_damaged_message_is_read_or_refused(start: int, length: int, put: str) -> None:
    try:
        call = read_call(FROM_WEB_CONNECTOR[:start] + put + FROM_WEB_CONNECTOR[start + length :])
    except Refused:
        return
    assert call.method == "receiveResponseXML"


# Everything XML 1.0 can carry: what it cannot is another test.
SURROGATES: Literal["Cs"] = "Cs"
XML_TEXT = st.text(
    st.characters(exclude_categories=(SURROGATES,), min_codepoint=32, exclude_characters="\ufffe\uffff")
    | st.sampled_from("\n\t\r")
)


@given(XML_TEXT)
def test_an_answer_means_the_same_to_another_parser(text: str) -> None:
    written = write_answer("getLastError", text)
    assert written.isascii()
    read = etree.fromstring(written.encode()).find(f"{{{SOAP}}}Body/{{{INTUIT}}}getLastErrorResponse")
    assert read is not None
    assert (read.findtext(f"{{{INTUIT}}}getLastErrorResult") or "") == text


@given(XML_TEXT)
def test_a_call_means_the_same_as_another_writer_meant(text: str) -> None:
    root = etree.Element(f"{{{SOAP}}}Envelope")
    method = etree.SubElement(etree.SubElement(root, f"{{{SOAP}}}Body"), f"{{{INTUIT}}}receiveResponseXML")
    etree.SubElement(method, f"{{{INTUIT}}}response").text = text
    assert read_call(etree.tostring(root)).text("response") == text
    assert read_call(etree.tostring(root, encoding="unicode")).text("response") == text


def test_the_strings_of_a_list_are_in_intuits_namespace() -> None:
    root = etree.fromstring(write_answer("authenticate", ["t-1", ""]).encode())
    result = root.find(f"{{{SOAP}}}Body/{{{INTUIT}}}authenticateResponse/{{{INTUIT}}}authenticateResult")
    assert result is not None
    assert [(child.tag, child.text) for child in result] == [
        (f"{{{INTUIT}}}string", "t-1"),
        (f"{{{INTUIT}}}string", None),
    ]


def test_what_xml_cannot_carry_is_left_out_of_answers() -> None:
    root = etree.fromstring(write_answer("closeConnection", "a\0b\x0bc\ufffed").encode())
    assert "".join(root.itertext()) == "abcd"


def test_a_fault_is_soaps_own() -> None:
    root = etree.fromstring(write_fault("Client", "<no> & never").encode())
    fault = root.find(f"{{{SOAP}}}Body/{{{SOAP}}}Fault")
    assert fault is not None
    assert [(child.tag, child.text) for child in fault] == [
        ("faultcode", "soap:Client"),
        ("faultstring", "<no> & never"),
    ]

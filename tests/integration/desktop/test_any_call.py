"""Whatever the arguments of whichever method in whatever order: an answer, never an error of ours."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree  # type: ignore[import-untyped]  # no stubs in the lock file

from tests.support.web_connector import PASSWORD, Connector, Script, Service, description

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
INTUIT = "http://developer.intuit.com/"
PARAMETERS = {
    "serverVersion": [],
    "clientVersion": ["strVersion"],
    "authenticate": ["strUserName", "strPassword"],
    "sendRequestXML": [
        "ticket",
        "strHCPResponse",
        "strCompanyFileName",
        "qbXMLCountry",
        "qbXMLMajorVers",
        "qbXMLMinorVers",
    ],
    "receiveResponseXML": ["ticket", "response", "hresult", "message"],
    "connectionError": ["ticket", "hresult", "message"],
    "getLastError": ["ticket"],
    "closeConnection": ["ticket"],
}
# Any text XML can carry.
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=100)
# What stands for a value that is only known when the call is made.
REAL = st.sampled_from(["<ticket>", "<user>", "<password>", "<description>", "<old ticket>"])
ARGUMENT = st.one_of(st.none(), st.just(""), REAL, REAL, TEXT)
CALL = st.sampled_from(sorted(PARAMETERS)).flatmap(
    lambda method: st.tuples(
        st.just(method), st.fixed_dictionaries(dict.fromkeys(PARAMETERS[method], ARGUMENT)), st.integers(0, 130)
    )
)


def message(method: str, arguments: dict[str, str | None], real: dict[str, str]) -> bytes:
    root = etree.Element(f"{{{SOAP}}}Envelope")
    call = etree.SubElement(etree.SubElement(root, f"{{{SOAP}}}Body"), f"{{{INTUIT}}}{method}")
    for name, value in arguments.items():
        if value is not None:
            etree.SubElement(call, f"{{{INTUIT}}}{name}").text = real.get(value, value)
    return bytes(etree.tostring(root))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(CALL, max_size=12))
def test_any_calls_in_any_order(aws_services: None, calls: list[tuple[str, dict[str, str | None], int]]) -> None:
    script = Script("<QBXML>1</QBXML>", "<QBXML>2</QBXML>")
    service = Service(script)
    file_id = service.register("acme")
    real = {"<user>": "acme", "<password>": PASSWORD, "<description>": description(file_id)}
    real |= {"<ticket>": "", "<old ticket>": ""}
    for method, arguments, seconds in calls:
        answer = service.endpoint().post(message(method, arguments, real), service.address)
        service.clock.sleep(seconds)
        assert answer.status == 200, answer.body
        texts = [element.text or "" for element in etree.fromstring(answer.body.encode()).iter(f"{{{INTUIT}}}string")]
        if texts and texts[0]:
            real["<old ticket>"], real["<ticket>"] = real["<ticket>"], texts[0]
    assert [line for line in service.log.lines if line[0] == "exception"] == []
    assert {who for who, _, _, _ in script.answers} <= {"acme"}

    # And after all that the account is as good as ever.
    service.clock.sleep(180)
    connector = Connector.of(service, "acme", file_id)
    assert [connector.log_in(), connector.ask()] == ["", "<QBXML>1</QBXML>"]

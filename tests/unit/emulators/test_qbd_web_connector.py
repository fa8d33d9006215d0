"""Whole Web Connector sessions against a scripted SOAP service (facts: QBD 1.1 to 1.3, 1.6)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest
import requests

from emulators.quickbooks_desktop import AnswerLost, CompanyFile, Report, WebConnector
from emulators.quickbooks_online.serve import make, running
from emulators.wsgi_adapter import WSGIAdapter
from tests.support.qbxml import answers, message_set

INTUIT = "{http://developer.intuit.com/}"
ADD = message_set("<CustomerAddRq><CustomerAdd><Name>Acme</Name></CustomerAdd></CustomerAddRq>")
TERMS = message_set("<TermsQueryRq/>")
WHOLE = ["serverVersion", "clientVersion", "authenticate", "sendRequestXML", "receiveResponseXML", "closeConnection"]


@dataclass
class Service:
    """Answers each method from its list, the last answer for ever; remembers what it was told."""

    script: dict[str, list[str | None]] = field(default_factory=dict)
    authenticate: list[str] = field(default_factory=lambda: ["the ticket", ""])
    content_type: str = "text/xml; charset=utf-8"
    status: str = "200 OK"
    headers: list[tuple[str, str]] = field(default_factory=list)
    broken_at: str = ""  # the method whose answer gets content_type, status and headers
    body: bytes | None = None
    told: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        sent = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        call = ElementTree.fromstring(sent)[0][0]  # noqa: S314  # the emulator's own
        method = call.tag.removeprefix(INTUIT)
        self.told.append((method, {one.tag.removeprefix(INTUIT): one.text for one in call}))
        self.requests.append({**environ, "sent": sent})
        answer = self._envelope(method)
        if method == self.broken_at:
            start_response(self.status, [("Content-Type", self.content_type), *self.headers])
            return [answer if self.body is None else self.body]
        start_response("200 OK", [("Content-Type", "text/xml; charset=utf-8")])
        return [answer]

    def _envelope(self, method: str) -> bytes:
        if method == "authenticate":
            result = "".join(f"<string>{escape(one)}</string>" for one in self.authenticate)
        else:
            left = self.script.get(method, ["100" if method == "receiveResponseXML" else ""])
            result = escape(left.pop(0) or "" if len(left) > 1 else left[0] or "")
        inner = f"<{method}Result>{result}</{method}Result>"
        # As the usual toolkits answer: another prefix than the client's.
        return (
            '<?xml version="1.0" encoding="utf-8"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/">'
            f'<e:Body><{method}Response xmlns="http://developer.intuit.com/">{inner}</{method}Response></e:Body>'
            "</e:Envelope>"
        ).encode()

    def parameters(self, method: str) -> list[dict[str, str | None]]:
        """What a method was told, call by call."""
        return [parameters for name, parameters in self.told if name == method]


def connector(service: Service, **more: Any) -> WebConnector:
    http = requests.Session()
    http.mount("http://qbwc.test", WSGIAdapter(service))
    settings = {"company": CompanyFile(), "url": "http://qbwc.test/qbwc", "user": "acme", "password": "secret & more"}
    return WebConnector(http=http, **{**settings, "sleep": lambda _: None, **more})


def run(service: Service, **more: Any) -> Report:
    return connector(service, **more).run()


def test_a_session_runs_in_the_published_order_and_the_work_is_done() -> None:
    service = Service(
        {"sendRequestXML": [ADD, TERMS], "receiveResponseXML": ["50", "100"], "closeConnection": ["Done."]}
    )
    company = CompanyFile(path=r"C:\books\acme.qbw")
    report = run(service, company=company)
    assert report.calls == [*WHOLE[:5], *WHOLE[3:]]
    assert report.calls == [name for name, _ in service.told]
    assert (report.progress, report.outcome, report.code, report.message) == ([50, 100], "done", "", "Done.")
    assert [one["Name"] for one in company.entities("Customer")] == ["Acme"]
    assert service.parameters("authenticate") == [{"strUserName": "acme", "strPassword": "secret & more"}]
    told = service.parameters("receiveResponseXML")[0]
    assert {name: told[name] for name in ("ticket", "hresult", "message")} == {
        "ticket": "the ticket",
        "hresult": None,  # an empty element
        "message": None,
    }
    (customer,) = answers(told["response"] or "")
    assert (customer.tag, customer.attrib["statusCode"]) == ("CustomerAddRs", "0")


def test_the_hcp_document_comes_once_a_session_and_carries_the_file_id() -> None:
    service = Service({"sendRequestXML": [TERMS, TERMS], "receiveResponseXML": ["50", "100"]})
    the_connector = connector(service, file_id="{11111111-2222-4333-8444-555555555555}")
    the_connector.run()
    first, second = service.parameters("sendRequestXML")
    assert second["strHCPResponse"] is None
    assert {name: first[name] for name in first if name != "strHCPResponse"} == {
        "ticket": "the ticket",
        "strCompanyFileName": r"C:\QuickBooks\Emulated Company.qbw",
        "qbXMLCountry": "US",
        "qbXMLMajorVers": "13",
        "qbXMLMinorVers": "0",
    }
    hcp = answers(first["strHCPResponse"] or "")
    assert [(one.tag, one.attrib["requestID"]) for one in hcp] == [
        ("HostQueryRs", "0"),
        ("CompanyQueryRs", "1"),
        ("PreferencesQueryRs", "2"),
    ]
    rows = {row.findtext("DataExtName"): row.findtext("DataExtValue") for row in hcp[1].iter("DataExtRet")}
    assert set(rows) == {"AppLock", "FileID"}
    assert rows["FileID"] == "{11111111-2222-4333-8444-555555555555}"
    service.told.clear()
    the_connector.run()
    assert service.parameters("sendRequestXML")[0]["strHCPResponse"]


def test_a_file_that_has_a_file_id_of_the_application_keeps_it() -> None:
    company = CompanyFile()
    run(Service(), company=company, file_id="{11111111-2222-4333-8444-555555555555}")
    service = Service()
    run(service, company=company, file_id="{99999999-2222-4333-8444-555555555555}")
    assert "{11111111-2222-4333-8444-555555555555}" in (service.parameters("sendRequestXML")[0]["strHCPResponse"] or "")


def test_the_wire_looks_like_dot_net() -> None:
    service = Service({"sendRequestXML": [TERMS]})
    run(service)
    request = next(one for one in service.requests if b"receiveResponseXML" in one["sent"])
    assert request["CONTENT_TYPE"] == "text/xml; charset=utf-8"
    assert request["HTTP_SOAPACTION"] == '"http://developer.intuit.com/receiveResponseXML"'
    assert request["HTTP_USER_AGENT"].startswith("Mozilla/4.0 (compatible; MSIE 6.0; MS Web Services Client Protocol")
    sent = request["sent"].decode()
    assert sent.startswith('<?xml version="1.0" encoding="utf-8"?><soap:Envelope ')
    call = '<receiveResponseXML xmlns="http://developer.intuit.com/"><ticket>the ticket</ticket><response>'
    assert call + '&lt;?xml version="1.0" ?&gt;\n&lt;QBXML&gt;\n' in sent
    assert sent.endswith("</response><hresult/><message/></receiveResponseXML></soap:Body></soap:Envelope>")


@pytest.mark.parametrize(
    ("wish", "outcome", "code"),
    [("nvu", "refused", "QBWC1040"), ("none", "none", ""), ("busy", "busy", "")],
)
def test_what_authenticate_may_say_instead_of_a_file_ends_the_session(wish: str, outcome: str, code: str) -> None:
    report = run(Service(authenticate=["t", wish]))
    assert (report.calls, report.outcome, report.code) == (WHOLE[:3], outcome, code)


def test_authenticate_may_name_the_company_file() -> None:
    company = CompanyFile(path=r"C:\books\acme.qbw", is_open=False)
    report = run(Service({"sendRequestXML": [TERMS]}, authenticate=["t", r"C:\books\acme.qbw"]), company=company)
    assert report.outcome == "done"


def test_postponing_counts_only_when_auto_run_is_on() -> None:
    answer = ["t", "", "60", "600"]
    assert run(Service(authenticate=list(answer))).outcome == "done"
    report = run(Service(authenticate=list(answer)), auto_run=True)
    assert (report.outcome, report.postponed_seconds, report.run_every_seconds) == ("postponed", 60, 600)
    assert report.calls == WHOLE[:3]


@pytest.mark.parametrize(
    ("answer", "code", "outcome"),
    [
        ("E:too old", "QBWC1037", "refused"),
        ("O:3.0", "", "refused"),
        ("hello", "QBWC1046", "refused"),
        ("W:old", "", "done"),
    ],
)
def test_client_version_can_stop_the_session(answer: str, code: str, outcome: str) -> None:
    report = run(Service({"clientVersion": [answer], "sendRequestXML": [TERMS]}))
    assert (report.code, report.outcome) == (code, outcome)
    assert report.calls == (WHOLE if outcome == "done" else WHOLE[:2])


def test_nothing_to_send_asks_for_the_last_error_and_closes() -> None:
    report = run(Service({"getLastError": ["Nothing to do"]}))
    assert report.calls == [*WHOLE[:4], "getLastError", "closeConnection"]
    assert (report.last_error, report.outcome) == ("Nothing to do", "done")


def test_no_op_waits_five_seconds_and_asks_again() -> None:
    slept: list[float] = []
    service = Service({"sendRequestXML": ["NoOp", "", TERMS], "getLastError": ["NoOp"]})
    report = run(service, sleep=slept.append)
    assert report.calls == [*WHOLE[:4], "getLastError", "sendRequestXML", "getLastError", *WHOLE[3:]]
    assert (slept, report.waited_seconds) == ([5, 5], 10)


def test_no_op_without_no_op_as_last_error_ends_the_session() -> None:
    report = run(Service({"sendRequestXML": ["NoOp"], "getLastError": ["give up"]}))
    assert report.calls[-2:] == ["getLastError", "closeConnection"]


def test_a_negative_answer_asks_for_the_last_error_and_closes() -> None:
    service = Service({"sendRequestXML": [ADD], "receiveResponseXML": ["-1"], "getLastError": ["No such customer"]})
    report = run(service)
    assert report.calls == [*WHOLE[:5], "getLastError", "closeConnection"]
    assert (report.last_error, report.progress) == ("No such customer", [-1])


def test_what_quickbooks_throws_reaches_the_service_as_hresult_with_an_empty_response() -> None:
    service = Service({"sendRequestXML": [message_set("<NonsenseRq/>")]})
    report = run(service)
    told = service.parameters("receiveResponseXML")[0]
    assert told == {
        "ticket": "the ticket",
        "response": None,
        "hresult": "0x80040400",
        "message": "QuickBooks found an error when parsing the provided XML text stream.",
    }
    assert report.exchanges[0].hresult == "0x80040400"


def test_a_file_that_cannot_be_opened_is_a_connection_error_until_the_service_gives_up() -> None:
    company = CompanyFile(is_open=False)
    service = Service({"connectionError": ["", "done"]})
    report = run(service, company=company)
    assert report.calls == [*WHOLE[:3], "connectionError", "connectionError"]
    assert service.parameters("connectionError")[0]["hresult"] == "0x80040416"
    assert (report.code, report.outcome) == ("QBWC1013", "failed")


def test_connection_error_may_name_another_file() -> None:
    company = CompanyFile(is_open=False)
    service = Service({"connectionError": [company.path], "sendRequestXML": [TERMS]})
    assert run(service, company=company).calls == [*WHOLE[:3], "connectionError", *WHOLE[3:]]


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ({"content_type": "text/html"}, "Client found response content type of 'text/html', but expected 'text/xml'"),
        (
            {"content_type": "application/json", "status": "502 Bad Gateway", "body": b'{"message": "Internal"}'},
            "'application/json'",
        ),
        ({"content_type": "application/soap+xml"}, "but expected 'text/xml'"),
        ({"body": b""}, "The request failed with an empty response."),
        ({"status": "307 Temporary Redirect", "headers": [("Location", "/qbwc2")]}, "HTTP status 307"),
        ({"status": "403 Forbidden"}, "HTTP status 403: Forbidden"),
        ({"headers": [("Content-Encoding", "gzip")]}, "not well-formed XML"),
        ({"body": b"<soap"}, "invalid XML"),
    ],
)
@pytest.mark.parametrize(
    ("method", "code"),
    [("authenticate", "QBWC1012"), ("sendRequestXML", "QBWC1041"), ("receiveResponseXML", "QBWC1042")],
)
def test_an_answer_that_dot_net_refuses_ends_the_session(
    method: str, code: str, trouble: dict[str, Any], words: str
) -> None:
    service = Service({"sendRequestXML": [TERMS]}, broken_at=method, **trouble)
    report = run(service)
    assert (report.code, report.outcome, report.calls[-1]) == (code, "failed", method)
    assert words in report.message


def test_a_content_type_in_other_letters_is_fine() -> None:
    service = Service({"sendRequestXML": [TERMS]}, broken_at="authenticate", content_type='Text/XML;charset="UTF-8"')
    assert run(service).outcome == "done"


def fault(text: str) -> bytes:
    return (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault>'
        f"<faultcode>e:Server</faultcode><faultstring>{text}</faultstring></e:Fault></e:Body></e:Envelope>"
    ).encode()


def test_a_soap_fault_is_a_failed_call() -> None:
    service = Service(broken_at="sendRequestXML", status="500 Internal Server Error", body=fault("no such ticket"))
    report = run(service)
    assert (report.code, "no such ticket" in report.message) == ("QBWC1041", True)


def test_an_old_service_without_server_version_is_tolerated() -> None:
    service = Service({"sendRequestXML": [TERMS]}, broken_at="serverVersion", status="500 Oops", body=fault("unknown"))
    assert (run(service).calls, run(service).code) == (WHOLE, "")


@pytest.mark.parametrize(
    "result",
    [
        "",
        "<authenticateResult/>",
        '<authenticateResult xmlns:a="http://schemas.microsoft.com/2003/10/Serialization/Arrays">'
        "<a:string>t</a:string><a:string/></authenticateResult>",
    ],
)
def test_an_authenticate_answer_without_two_strings_in_intuits_namespace_fails(result: str) -> None:
    body = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
        f'<authenticateResponse xmlns="http://developer.intuit.com/">{result}</authenticateResponse></e:Body></e:Envelope>'
    ).encode()
    report = run(Service(broken_at="authenticate", body=body))
    assert (report.code, report.calls[-1]) == ("QBWC1012", "authenticate")


class SwitchedOff(BaseException):
    """The computer dies."""


def interrupted(at: str, when: str, error: BaseException) -> Callable[[str, Callable[[], Any]], Any]:
    """Dies or fails at the first step of a name, before or after it."""

    def around(name: str, call: Callable[[], Any]) -> Any:
        if name == at and when == "before":
            raise error
        result = call()
        if name == at:
            raise error
        return result

    return around


def test_an_answer_lost_ends_the_session_although_the_service_did_its_part() -> None:
    service = Service({"sendRequestXML": [ADD]})
    company = CompanyFile()
    report = run(service, company=company, around=interrupted("sendRequestXML", "after", AnswerLost("reset")))
    assert (report.code, report.calls) == ("QBWC1041", WHOLE[:4])
    assert len(service.parameters("sendRequestXML")) == 1
    assert company.entities("Customer") == []


def test_a_computer_switched_off_after_the_commit_leaves_the_work_done_and_nobody_told() -> None:
    service = Service({"sendRequestXML": [ADD]})
    company = CompanyFile()
    with pytest.raises(SwitchedOff):
        run(service, company=company, around=interrupted("ProcessRequest", "after", SwitchedOff()))
    assert [one["Name"] for one in company.entities("Customer")] == ["Acme"]
    assert service.parameters("receiveResponseXML") == []


def test_a_call_that_fails_before_it_is_sent_never_reaches_the_service() -> None:
    service = Service({"sendRequestXML": [ADD]})
    report = run(service, around=interrupted("receiveResponseXML", "before", AnswerLost("no network")))
    assert (report.code, service.parameters("receiveResponseXML")) == ("QBWC1042", [])


def test_after_a_failed_call_the_connector_may_still_close() -> None:
    lost = interrupted("sendRequestXML", "before", AnswerLost("no network"))
    assert run(Service(), around=lost).calls[-1] == "sendRequestXML"
    report = run(Service(), around=lost, closes_after_failure=True)
    assert (report.calls[-1], report.code) == ("closeConnection", "QBWC1041")


def test_iterators_live_as_long_as_the_session() -> None:
    company = CompanyFile()
    for name in ("A", "B"):
        company.enter("Customer", Name=name)
    opening = message_set("<CustomerQueryRq iterator='Start'><MaxReturned>1</MaxReturned></CustomerQueryRq>")
    report = run(Service({"sendRequestXML": [opening]}), company=company)
    iterator_id = answers(report.exchanges[0].response)[0].attrib["iteratorID"]
    going_on = opening.replace("iterator='Start'", f"iterator='Continue' iteratorID='{iterator_id}'")
    report = run(Service({"sendRequestXML": [going_on]}), company=company)
    assert answers(report.exchanges[0].response)[0].attrib["statusSeverity"] == "Error"


def test_calls_and_bytes_are_counted_over_real_http() -> None:
    service = Service({"sendRequestXML": [ADD]})
    server = make(service, "127.0.0.1", 0)
    with running(server) as url:
        report = WebConnector(company=CompanyFile(), url=f"{url}/qbwc", user="acme", password="p").run()
    assert (report.calls, report.outcome) == (WHOLE, "done")
    assert {one["HTTP_ACCEPT_ENCODING"] for one in service.requests} == {"identity"}  # no gzip, see its refusal above
    assert report.bytes_sent == sum(len(one["sent"]) for one in service.requests)
    assert report.bytes_received == sum(len(service._envelope(method)) for method, _ in service.told)


def test_no_service_at_the_address_is_a_failed_session() -> None:
    server = make(Service(), "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.server_port}/qbwc"
    server.server_close()
    report = WebConnector(company=CompanyFile(), url=address, user="acme", password="p").run()
    assert (report.code, report.calls, report.outcome) == ("QBWC1036", WHOLE[:2], "failed")

"""Whole sessions of the emulated Web Connector with an emulated company file behind it, also over a bad line."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from lxml import etree  # type: ignore[import-untyped]  # no stubs in the lock file

from emulators.quickbooks_desktop import AnswerLost, CompanyFile, Report, WebConnector
from emulators.quickbooks_desktop.qwc import add
from syncro_quickbooks.desktop.qwc import qwc_document
from tests.support.web_connector import PASSWORD, URL, Script, Service

pytestmark = pytest.mark.usefixtures("aws_services")


def query(kind: str, request_id: int) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?><?qbxml version="13.0"?><QBXML><QBXMLMsgsRq onError="stopOnError">'
        f'<{kind}QueryRq requestID="{request_id}"/></QBXMLMsgsRq></QBXML>'
    )


SETS = [query("Customer", 1), query("Account", 2), query("ItemSalesTax", 3)]
CALLS = [
    "serverVersion",
    "clientVersion",
    "authenticate",
    *["sendRequestXML", "receiveResponseXML"] * 3,
    "closeConnection",
]


SUPPORT = "https://qbwc.test/dev/support"


def setting(script: Script) -> tuple[Service, WebConnector]:
    """A service, and a customer's Web Connector to which the account's .qwc file was added with the books open."""
    service = Service(script)
    company = CompanyFile(name="Acme IT")
    company.enter("Customer", Name="Dupré & Söhne <GmbH>")
    return service, added(service, "acme", company)


def added(service: Service, account_id: str, company: CompanyFile) -> WebConnector:
    service.register(account_id)
    registration = service.registrations.find(account_id)
    assert registration is not None
    qwc = qwc_document(registration, app_url=URL, support_url=SUPPORT)
    connector = add(qwc, company, PASSWORD, service.http())
    connector.sleep = service.clock.sleep
    return connector


def failing(step: int, *, after: bool) -> Callable[[str, Callable[[], Any]], Any]:
    """A line that breaks at the n-th step, before it or with its answer lost."""
    steps = 0

    def around(name: str, call: Callable[[], Any]) -> Any:
        nonlocal steps
        del name
        steps += 1
        if steps == step and not after:
            raise AnswerLost
        answer = call()
        if steps == step:
            raise AnswerLost
        return answer

    return around


def test_a_session_with_a_company_file() -> None:
    script = Script(*SETS)
    service, connector = setting(script)
    report = connector.run()
    assert (report.outcome, report.code, report.message) == ("done", "", "3 sent")
    assert report.calls == CALLS
    assert report.progress == [33, 66, 100]
    assert [answer for _, answer, _, _ in script.answers] == [exchange.response for exchange in report.exchanges]
    names = etree.fromstring(script.answers[0][1].encode()).xpath("//CustomerRet/Name/text()")
    assert "Dupré & Söhne <GmbH>" in names
    assert service.log.warnings() == []


def test_the_file_can_be_added_again_to_the_same_books() -> None:
    service, connector = setting(Script(*SETS))
    assert connector.run().outcome == "done"
    assert added(service, "acme", connector.company).run().outcome == "done"


def test_no_work_a_wrong_password_and_a_busy_account_are_what_the_user_reads() -> None:
    script = Script()
    service, connector = setting(script)
    assert connector.run().outcome == "none"
    connector.password = "wrong horse battery"
    assert connector.run().code == "QBWC1040"
    connector.password, script.default = PASSWORD, SETS
    connector.around = failing(4, after=True)  # sendRequestXML's answer is lost
    assert connector.run().code == "QBWC1041"
    connector.around = failing(0, after=False)
    assert connector.run().outcome == "busy"
    service.clock.sleep(120)
    assert connector.run().outcome == "done"


def test_another_company_file_is_sent_nothing() -> None:
    script = Script(*SETS)
    service, connector = setting(script)
    connector.run()
    script.begun.clear()
    script.answers.clear()
    right, connector.company = connector.company, CompanyFile(name="Somebody else")
    connector.file_id = "{99999999-2222-4333-8444-555555555555}"  # the file was marked by another .qwc
    report = connector.run()
    assert (report.exchanges, script.begun, script.answers) == ([], [], [])
    assert "another company file" in report.last_error
    assert report.calls[-3:] == ["sendRequestXML", "getLastError", "closeConnection"]
    last = service.last_sessions.of("acme")
    assert last is not None
    assert last.problem is not None
    assert last.problem.code == "desktop_wrong_company_file"
    connector.company = right
    assert connector.run().progress == [33, 66, 100]


def test_quickbooks_cannot_be_opened() -> None:
    script = Script(*SETS)
    service, connector = setting(script)
    connector.company.throw("0x80040408", at="begin_session")
    report = connector.run()
    assert (report.code, report.exchanges, script.begun) == ("QBWC1013", [], [])
    last = service.last_sessions.of("acme")
    assert last is not None
    assert last.problem is not None
    assert last.problem.code == "qbd_0x80040408"
    assert connector.run().outcome == "done"


def test_quickbooks_throws_in_the_middle() -> None:
    script = Script(*SETS)
    _, connector = setting(script)

    def arming(name: str, call: Callable[[], Any]) -> Any:
        if name == "ProcessRequest" and not script.answers:
            connector.company.throw("0x80040400")
        return call()

    connector.around = arming
    report = connector.run()
    assert report.progress == [33, 66, 100]
    assert script.answers[0][1:3] == ("", "0x80040400")


# The session's steps: three to greet, then ask, QuickBooks, tell for each set, and goodbye.
STEPS = 3 + 3 * 3 + 1


@pytest.mark.parametrize("after", [False, True], ids=["before", "answer lost"])
@pytest.mark.parametrize("step", range(1, STEPS + 1))
@pytest.mark.parametrize("closes", [False, True], ids=["hangs up", "closes"])
def test_a_line_that_breaks_anywhere_costs_one_run(step: int, after: bool, closes: bool) -> None:
    script = Script(*SETS)
    service, connector = setting(script)
    connector.closes_after_failure = closes
    connector.around = failing(step, after=after)
    if step == 1:  # serverVersion may fail: some services have none
        assert connector.run().outcome == "done"
        return
    try:
        assert connector.run().code.startswith("QBWC10")
    except AnswerLost:  # QuickBooks' own call: the computer went off
        assert (step - 3) % 3 == 2
    answered = len(script.answers)
    assert answered <= 3

    service.clock.sleep(120)
    script.answers.clear()
    connector.around = failing(0, after=False)
    report = connector.run()
    assert (report.outcome, report.progress) == ("done", [33, 66, 100])
    assert [answer for _, answer, _, _ in script.answers] == [exchange.response for exchange in report.exchanges]


def test_two_customers_at_the_same_time() -> None:
    script = Script(*SETS)
    service, one = setting(script)
    other = added(service, "bolt", CompanyFile(name="Bolt Books"))
    reports: list[Report] = []

    def meanwhile(name: str, call: Callable[[], Any]) -> Any:
        answer = call()
        if name == "ProcessRequest" and not reports:
            reports.append(other.run())
        return answer

    one.around = meanwhile
    reports.append(one.run())
    assert [report.outcome for report in reports] == ["done", "done"]
    assert [who for who, _, _, _ in script.answers] == ["bolt"] * 3 + ["acme"] * 3
    names = ["Bolt Books", "Acme IT"]
    assert [name in script.begun[n][1] for n, name in enumerate(reversed(names))] == [True, True]


def test_the_service_over_real_http() -> None:
    import threading
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Not into the test's output."""

    script = Script(*SETS)
    service, connector = setting(script)

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        answer = service.endpoint().post(body, environ["REMOTE_ADDR"])
        start_response(f"{answer.status} OK", [("Content-Type", answer.content_type)])
        return [answer.body.encode()]

    with make_server("127.0.0.1", 0, app, handler_class=Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        connector.url, connector.http = f"http://127.0.0.1:{server.server_port}/qbwc", requests.Session()
        report = connector.run()
        server.shutdown()
    assert (report.outcome, report.progress) == ("done", [33, 66, 100])

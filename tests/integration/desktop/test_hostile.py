"""What strangers, broken networks and wrong company files do: a clean answer, a log line, nothing damaged."""

from collections.abc import Callable, Iterator

import pytest
import requests
import zeep.exceptions
from lxml import etree  # type: ignore[import-untyped]  # no stubs in the lock file

from syncro_quickbooks.desktop.endpoint import LARGEST_BODY
from syncro_quickbooks.sync.keys import Keys
from tests.support.web_connector import PASSWORD, URL, Connector, Script, Service, client_of, description

pytestmark = pytest.mark.usefixtures("aws_services")

ONE, TWO = "<QBXML>1</QBXML>", "<QBXML>2</QBXML>"
SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"


@pytest.fixture
def script() -> Script:
    return Script(ONE, TWO)


@pytest.fixture
def service(script: Script) -> Service:
    return Service(script)


@pytest.fixture
def connector(service: Service) -> Connector:
    """Logged in, one request open."""
    connector = Connector.of(service, "acme", service.register("acme"))
    assert [connector.log_in(), connector.ask()] == ["", ONE]
    service.log.lines.clear()
    return connector


def everything(service: Service) -> list[object]:
    """The whole table, back-offs aside."""
    pages = service.dynamodb.scan(TableName=service.table._name)["Items"]
    kept = [item for item in pages if not item["pk"]["S"].startswith("desktop-backoff#")]
    return sorted(kept, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))


def fault(answer: requests.Response) -> tuple[str, str]:
    """The code and words of a fault, which came the way SOAP 1.1 wants it."""
    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    found = etree.fromstring(answer.content).find(f"{SOAP}Body/{SOAP}Fault")
    assert found is not None
    return str(found.findtext("faultcode")), str(found.findtext("faultstring"))


# -- logins --------------------------------------------------------------------------------------------------------


def test_a_hundred_wrong_passwords(service: Service) -> None:
    file_id = service.register("acme")
    stranger = Connector.of(service, "acme", file_id)
    stranger.password = "wrong horse battery"
    before = everything(service)
    assert {stranger.log_in() for _ in range(100)} == {"nvu"}
    assert everything(service) == before
    refusals = service.log.warnings()
    assert len(refusals) == 100
    assert {fields["account_id"] for fields in refusals} == {"acme"}

    # The customer, somewhere else, notices nothing.
    service.address = "198.51.100.20"
    customer = Connector.of(service, "acme", file_id)
    assert [customer.log_in(), customer.ask()] == ["", ONE]


def test_at_the_strangers_address_the_right_password_counts_again_after_a_minute(service: Service) -> None:
    connector = Connector.of(service, "acme", service.register("acme"))
    connector.password = "wrong horse battery"
    for _ in range(200):
        connector.log_in()
        service.clock.sleep(1)
    connector.password = PASSWORD
    assert connector.log_in() == "nvu"
    service.clock.sleep(60)
    assert connector.log_in() == ""


def test_the_right_password_makes_up_for_wrong_ones(service: Service) -> None:
    connector = Connector.of(service, "acme", service.register("acme"))
    for _ in range(3):
        for password in ("wrong horse battery",) * 4 + (PASSWORD,):
            connector.password = password
            verdict = connector.log_in()
        assert verdict == ""
        connector.close()


def test_guessing_gets_slower_up_to_one_guess_a_minute(service: Service) -> None:
    service.register("acme")
    for _ in range(600):
        service.endpoint().post(_login("acme", "wrong horse battery"), service.address)
        service.clock.sleep(1)
    reasons = [fields["reason"] for fields in service.log.warnings()]
    # Of 600 tries in ten minutes those at 0, 1, 2, 3, 4, then after waits of 1, 2, 4, 8, 16, 32 and always 60 seconds.
    assert len(reasons) == 600
    assert reasons.count("wrong password") == 5 + 6 + 8


def _login(user: str, password: str) -> str:
    return (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
        '<authenticate xmlns="http://developer.intuit.com/">'
        f"<strUserName>{user}</strUserName><strPassword>{password}</strPassword></authenticate></e:Body></e:Envelope>"
    )


@pytest.mark.parametrize("user", ["nobody", "", "acme ", "ACME", "x" * 10_000, "acme\n", "' OR 1=1 --", "Jürgen"])
def test_unknown_users(service: Service, user: str) -> None:
    service.register("acme")
    assert client_of(service.http()).authenticate(user, PASSWORD) == [None, "nvu"]
    assert [fields["reason"] for fields in service.log.warnings()] == ["no such user"]


def test_no_password_at_all(service: Service) -> None:
    service.registrations.register("acme", "acme")
    soap = client_of(service.http())
    for password in ("", None, PASSWORD):
        assert soap.authenticate("acme", password) == [None, "nvu"]


def test_tickets_and_passwords_are_in_no_log_line(service: Service, connector: Connector) -> None:
    connector.tell("<QBXML/>")
    connector.ask()
    connector.why()
    connector.close()
    connector.soap.authenticate("acme", "wrong horse battery")
    text = repr(service.log.lines)
    assert text.count("'account_id': 'acme'") == 4
    assert len(connector.ticket) > 30
    for secret in (connector.ticket, PASSWORD, "wrong horse", service.address, "Söhne", "demo.qbw"):
        assert secret not in text
    assert connector.ticket not in repr(everything(service))


# -- tickets -------------------------------------------------------------------------------------------------------

CALLS = {
    "sendRequestXML": (("", "", "US", 16, 0), None),
    "receiveResponseXML": (("<QBXML/>", "", ""), -1),
    "connectionError": (("0x80040408", "no"), "done"),
    "getLastError": ((), "This session is over"),
    "closeConnection": ((), "This session is over"),
}


def wrong_tickets(connector: Connector) -> Iterator[str | None]:
    account, _, secret = connector.ticket.partition(".")
    yield from (None, "", "nonsense", "{57F3B9B1-86F1-4fcc-B1EE-566DE1813D20}", "x" * 100_000)
    yield f"{account}.{'A' * len(secret)}"
    yield f"{account}.{secret[:-1]}"
    yield f"{account}.{secret}x"
    yield f"bolt.{secret}"  # another account's, with our secret
    yield f"../{connector.ticket}"
    yield f"{account}#lease.{secret}"


@pytest.mark.parametrize("method", CALLS)
def test_unknown_tickets(service: Service, script: Script, connector: Connector, method: str) -> None:
    service.register("bolt")
    arguments, wanted = CALLS[method]
    before = everything(service)
    soap = client_of(service.http())
    for count, ticket in enumerate(wrong_tickets(connector), start=1):
        answer = soap[method](ticket, *arguments)
        assert str(answer).startswith(str(wanted)), ticket
        assert len(service.log.lines) == count
    assert all(line[0] == "warning" and line[2]["method"] == method for line in service.log.lines)
    assert everything(service) == before
    assert script.answers == []
    assert connector.tell("<QBXML/>") == 50  # the session whose ticket it was goes on


@pytest.mark.parametrize("method", CALLS)
def test_expired_tickets(service: Service, script: Script, connector: Connector, method: str) -> None:
    arguments, wanted = CALLS[method]
    service.clock.sleep(12 * 3600)
    before = everything(service)
    answer = client_of(service.http())[method](connector.ticket, *arguments)
    assert str(answer).startswith(str(wanted))
    assert [fields["reason"] for fields in service.log.warnings()] == ["the ticket has expired"]
    assert everything(service) == before
    assert script.answers == []


def test_another_accounts_ticket_opens_only_that_accounts_session(
    service: Service, script: Script, connector: Connector
) -> None:
    bolt = Connector.of(service, "bolt", service.register("bolt"))
    bolt.log_in()
    bolt.file_id = connector.file_id  # bolt's ticket in acme's company file
    assert bolt.ask() == ""
    assert "another company file" in bolt.why()
    assert [who for who, _ in script.begun] == ["acme"]
    assert connector.tell("<QBXML/>") == 50


# -- company files -------------------------------------------------------------------------------------------------

OTHER = "{00000000-1111-4222-8333-444444444444}"


def hcp_without_end(file_id: str) -> str:
    return description(file_id)[:-9]


def hcp_bomb(file_id: str) -> str:
    return f'<!DOCTYPE a [<!ENTITY f "{file_id}">]>' + description("&f;").partition("?>")[2]


@pytest.mark.parametrize(
    ("company", "code"),
    [
        pytest.param(description(OTHER), "desktop_wrong_company_file", id="another file"),
        pytest.param(description(""), "desktop_unknown_company_file", id="no FileID"),
        pytest.param("", "desktop_unknown_company_file", id="nothing"),
        pytest.param("no XML", "desktop_unknown_company_file", id="no XML"),
        pytest.param(hcp_without_end, "desktop_unknown_company_file", id="truncated"),
        pytest.param(hcp_bomb, "desktop_unknown_company_file", id="entities"),
    ],
)
def test_nothing_is_sent_to_a_company_file_that_is_not_the_accounts(
    service: Service, script: Script, company: object, code: str
) -> None:
    file_id = service.register("acme")
    connector = Connector.of(service, "acme", file_id)
    connector.log_in()
    said = company(file_id) if callable(company) else company
    answer = connector.soap.sendRequestXML(connector.ticket, said, r"C:\Books\other.qbw", "US", 16, 0)
    assert not answer
    assert script.begun == []
    last = service.last_sessions.of("acme")
    assert last is not None
    assert last.problem is not None
    assert (last.problem.code, last.requests, last.company_file) == (code, 0, r"C:\Books\other.qbw")
    assert connector.why().startswith(last.problem.message)
    assert connector.close().startswith(last.problem.message)
    assert script.closed == []
    assert [fields["reason"] for fields in service.log.warnings()] == [code]

    # With the right file the next session works at once.
    assert [connector.log_in(), connector.ask()] == ["", ONE]


def test_a_guid_is_the_same_however_it_is_written(service: Service) -> None:
    file_id = service.register("acme")
    for written in (file_id.upper(), file_id.strip("{}"), f" {file_id} "):
        connector = Connector.of(service, "acme", written)
        assert [connector.log_in(), connector.ask()] == ["", ONE]
        connector.close()


def test_other_applications_file_ids_do_no_harm(service: Service) -> None:
    file_id = service.register("acme")
    connector = Connector.of(service, "acme", file_id)
    connector.log_in()
    other = f"<DataExtRet><DataExtName>FileID</DataExtName><DataExtValue>{OTHER}</DataExtValue></DataExtRet>"
    company = description(file_id).replace("</CompanyRet>", f"{other}</CompanyRet>")
    assert connector.soap.sendRequestXML(connector.ticket, company, "", "US", 16, 0) == ONE


# -- messages ------------------------------------------------------------------------------------------------------


def tell(ticket: str, response: str) -> str:
    """A receiveResponseXML, written by hand."""
    escaped = response.replace("&", "&amp;").replace("<", "&lt;")
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        f'<receiveResponseXML xmlns="http://developer.intuit.com/"><ticket>{ticket}</ticket>'
        f"<response>{escaped}</response><hresult/><message/></receiveResponseXML></soap:Body></soap:Envelope>"
    )


def entity_bomb(message: str) -> str:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    dtd = f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]>'
    head, _, rest = message.partition("?>")
    return f"{head}?>{dtd}{rest.replace('<hresult/>', '<hresult>&l11;</hresult>')}"


def external_entity(message: str) -> str:
    head, _, rest = message.partition("?>")
    dtd = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
    return f"{head}?>{dtd}{rest.replace('<hresult/>', '<hresult>&e;</hresult>')}"


DAMAGES: dict[str, Callable[[str], str | bytes]] = {
    "truncated": lambda message: message[:-30],
    "half of it": lambda message: message[: len(message) // 2],
    "malformed": lambda message: message.replace("</ticket>", "</ticked>"),
    "billion laughs": entity_bomb,
    "external entity": external_entity,
    "binary": lambda message: message.encode("utf-16")[::-1],
    "unknown method": lambda message: message.replace("receiveResponseXML", "dropTable"),
    "SOAP 1.2": lambda message: message.replace(
        "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"
    ),
    "nothing": lambda _: "",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_messages(service: Service, script: Script, connector: Connector, damage: str) -> None:
    message = tell(connector.ticket, "<QBXML/>")
    before = everything(service)
    code, words = fault(service.post(DAMAGES[damage](message)))
    assert code in ("soap:Client", "soap:VersionMismatch")
    assert "/" not in words.partition("DTD")[0].replace("SOAP 1.1", "")  # no path, no file's content
    (line,) = service.log.lines
    assert line[0] == "warning"
    assert line[2]["reason"] == words
    assert everything(service) == before
    assert script.answers == []
    assert service.post(message).status_code == 200  # what was open is open still


def test_an_answer_as_large_as_lambda_takes(service: Service, script: Script, connector: Connector) -> None:
    around = len(tell(connector.ticket, ""))
    largest = "x" * (LARGEST_BODY - around)
    assert fault(service.post(tell(connector.ticket, largest + "x")))[0] == "soap:Client"
    assert script.answers == []
    assert service.log.warnings()[0]["bytes"] == LARGEST_BODY + 1
    assert service.post(tell(connector.ticket, largest)).status_code == 200
    assert script.answers == [("acme", largest, "", "")]


def test_a_database_that_fails_is_a_fault_and_not_the_end(service: Service, connector: Connector) -> None:
    name, service.table._name = service.table._name, "no-such-table"
    with pytest.raises(zeep.exceptions.Fault, match="error on our side"):
        connector.tell("x")
    assert [(level, message) for level, message, _ in service.log.lines] == [("exception", "SOAP call failed")]
    service.table._name = name
    assert connector.tell("x") == 50


def test_what_is_in_the_books_cannot_grow_the_session_beyond_the_table(service: Service, script: Script) -> None:
    connector = Connector.of(service, "acme", service.register("acme"))
    connector.log_in()
    # A path nobody has: it is cut, not refused.
    assert connector.soap.sendRequestXML(
        connector.ticket, description(connector.file_id), "C:\\" + "x" * 500_000, "US" * 5000, 16, 0
    )
    item = service.table.get(Keys("acme").of_account("desktop-session"))
    assert item is not None
    assert len(str(item["company_file"])) == 500


def test_a_message_of_a_megabyte_about_a_failed_connection_is_cut(service: Service, script: Script) -> None:
    connector = Connector.of(service, "acme", service.register("acme"))
    connector.log_in()
    assert connector.fail_to_connect("0x80040421" * 1000, "x" * 1_000_000) == "done"
    assert len(connector.why()) == len(connector.close()) == 2000
    assert [level for level, _, _ in service.log.lines if level == "exception"] == []
    assert connector.log_in() == ""


def test_a_description_with_very_many_file_ids_is_cut(service: Service) -> None:
    connector = Connector.of(service, "acme", service.register("acme"))
    connector.log_in()
    other = f"<DataExtRet><DataExtName>FileID</DataExtName><DataExtValue>{OTHER}</DataExtValue></DataExtRet>"
    company = description(OTHER).replace("</CompanyRet>", f"{other * 20_000}</CompanyRet>")
    assert not connector.soap.sendRequestXML(connector.ticket, company, "", "US", 16, 0)
    assert "another company file" in connector.why()


def test_get_answers_at_once(service: Service) -> None:
    for query in ("", "?wsdl", "?WSDL"):
        answer = service.http().get(URL + query)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/xml")
        etree.fromstring(answer.content)

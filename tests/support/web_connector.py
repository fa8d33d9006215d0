"""The Web Connector's side of the service: HTTP in this process, a SOAP client of somebody else's making (zeep), and
an exchange that hands out a script. As on Lambda, no two calls reach the same objects: only the table remembers."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, cast
from urllib.parse import parse_qsl

import requests
import zeep
from zeep.transports import Transport

from emulators.wsgi_adapter import WSGIAdapter
from syncro_quickbooks.desktop.endpoint import Endpoint
from syncro_quickbooks.desktop.exchange import Exchange
from syncro_quickbooks.desktop.last_session import LastSessions
from syncro_quickbooks.desktop.logins import Logins
from syncro_quickbooks.desktop.registrations import Registrations
from syncro_quickbooks.desktop.service import WebConnectorService
from syncro_quickbooks.desktop.sessions import Session, Sessions
from syncro_quickbooks.storage.table import Table
from syncro_quickbooks.sync.accounts import Accounts
from syncro_quickbooks.sync.wake import Wakes
from tests.support import aws
from tests.support.clock import ManualClock
from tests.support.in_memory.dynamodb import MemoryDynamoDB
from tests.support.in_memory.services import MemorySqs

URL = "https://qbwc.test/dev/qbwc"
PASSWORD = "correct horse battery"
ADDRESS = "203.0.113.7"


@dataclass
class LogLines:
    """A logger that keeps what it was told."""

    lines: list[tuple[str, str, dict[str, object]]] = field(default_factory=list)

    def info(self, msg: object, *_: object, extra: Mapping[str, object] | None = None) -> None:
        self.lines.append(("info", str(msg), dict(extra or {})))

    def warning(self, msg: object, *_: object, extra: Mapping[str, object] | None = None) -> None:
        self.lines.append(("warning", str(msg), dict(extra or {})))

    def exception(self, msg: object, *_: object, extra: Mapping[str, object] | None = None) -> None:
        self.lines.append(("exception", str(msg), dict(extra or {})))

    def warnings(self) -> list[dict[str, object]]:
        """The fields of the warnings so far, which are then forgotten."""
        found = [fields for level, _, fields in self.lines if level == "warning"]
        self.lines.clear()
        return found


class Script:
    """The work of every account: requests in order, and what came back for each account.

    It keeps its place in the session's memory, since nothing else outlives a call.
    """

    def __init__(self, *requests: str) -> None:
        self.requests: dict[str, list[str]] = {}
        self.default = list(requests)
        self.answers: list[tuple[str, str, str, str]] = []
        self.begun: list[tuple[str, str]] = []
        self.closed: list[str] = []
        self.error = ""
        self.progress: int | None = None
        self.fails: Exception | None = None
        self.during: Callable[[], object] = lambda: None

    def of(self, account_id: str) -> list[str]:
        return self.requests.get(account_id, self.default)

    def has_work(self, account_id: str) -> bool:
        return bool(self.of(account_id))

    def begin(self, session: Session, company: str) -> None:
        self.begun.append((session.account_id, company))

    def next_request(self, session: Session) -> str:
        self._work()
        place = session.memory.get("place", 0)
        assert isinstance(place, int)
        script = self.of(session.account_id)
        return script[place] if place < len(script) else ""

    def take_response(self, session: Session, response: str, hresult: str, message: str) -> int:
        self._work()
        self.answers.append((session.account_id, response, hresult, message))
        place = session.memory.get("place", 0)
        assert isinstance(place, int)
        session.memory["place"] = place + 1
        return self.progress if self.progress is not None else (place + 1) * 100 // len(self.of(session.account_id))

    def last_error(self, session: Session) -> str:
        del session
        return self.error

    def close(self, session: Session) -> str:
        self._work()
        self.closed.append(session.account_id)
        return f"{session.requests} sent"

    def _work(self) -> None:
        self.during()
        if self.fails is not None:
            raise self.fails


class Service:
    """The deployed service, with accounts registered in it; AWS is in memory unless clients are given."""

    def __init__(self, exchange: Exchange, dynamodb: Any = None, sqs: Any = None) -> None:
        self.exchange = exchange
        self.clock = ManualClock()
        self.dynamodb = cast(Any, dynamodb or MemoryDynamoDB())
        self.sqs = cast(Any, sqs or MemorySqs())
        self.table = Table(self.dynamodb, aws.new_table() if dynamodb else "table")
        self.log = LogLines()
        self.accounts = Accounts(self.table, self.clock, Wakes(self.table, self.sqs, self.clock, *self.queues()))
        self.registrations = Registrations(self.table, self.accounts)
        self.last_sessions = LastSessions(self.table, self.clock)
        self.address = ADDRESS

    def queues(self) -> tuple[str, str]:
        """The URLs of the push queue and of the one for later wake-ups."""
        if isinstance(self.sqs, MemorySqs):
            return "push.fifo", "later"
        return aws.queue("desktop-push.fifo"), aws.queue("desktop-later")

    def register(self, account_id: str) -> str:
        """Register an account under a user of the same name. Returns its FileID."""
        file_id = self.registrations.register(account_id, account_id).file_id
        self.registrations.set_password(account_id, PASSWORD)
        return file_id

    def endpoint(self) -> Endpoint:
        """A new process."""
        logins = Logins(self.table, self.clock)
        sessions, ended = Sessions(self.table, self.clock), LastSessions(self.table, self.clock)
        service = WebConnectorService(logins, sessions, ended, self.exchange, self.log)
        return Endpoint(service, self.log)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """As a WSGI application."""
        if environ["REQUEST_METHOD"] == "POST":
            answer = self.endpoint().post(environ["wsgi.input"].read(), self.address)
        else:
            answer = self.endpoint().get(URL, describe="wsdl" in dict(parse_qsl(environ["QUERY_STRING"], True)))
        start_response(f"{answer.status} -", [("Content-Type", answer.content_type)])
        return [answer.body.encode()]

    def http(self) -> requests.Session:
        """An HTTP client that reaches the service."""
        session = requests.Session()
        session.mount("https://qbwc.test", WSGIAdapter(self))
        return session

    def post(self, body: str | bytes) -> requests.Response:
        """Send a message as it is."""
        headers = {"Content-Type": "text/xml; charset=utf-8"}
        return self.http().post(URL, data=body.encode() if isinstance(body, str) else body, headers=headers)


def client_of(http: requests.Session, url: str = URL) -> Any:
    """zeep's client for the service, made from the service's own description."""
    return zeep.Client(f"{url}?wsdl", transport=Transport(session=http)).service


@dataclass
class Connector:
    """One Web Connector at work: it logs in with a user and knows the open company file."""

    soap: Any
    user: str
    file_id: str
    password: str = PASSWORD
    ticket: str = ""
    _first: bool = True

    @classmethod
    def of(cls, service: Service, user: str, file_id: str) -> Self:
        return cls(client_of(service.http()), user, file_id)

    def log_in(self) -> str:
        """Returns the second string of the answer."""
        self.ticket, verdict = self.soap.authenticate(self.user, self.password)
        self.ticket, verdict, self._first = self.ticket or "", verdict or "", True
        return verdict

    def ask(self) -> str:
        """sendRequestXML. The first one of a session describes the company."""
        company = description(self.file_id) if self._first else ""
        self._first = False
        return self.soap.sendRequestXML(self.ticket, company, r"C:\Books\demo.qbw", "US", 16, 0) or ""

    def tell(self, response: str, hresult: str = "", message: str = "") -> int:
        """receiveResponseXML."""
        return int(self.soap.receiveResponseXML(self.ticket, response, hresult, message))

    def why(self) -> str:
        """getLastError."""
        return self.soap.getLastError(self.ticket) or ""

    def close(self) -> str:
        """closeConnection."""
        return self.soap.closeConnection(self.ticket) or ""

    def fail_to_connect(self, hresult: str, message: str) -> str:
        """connectionError."""
        return self.soap.connectionError(self.ticket, hresult, message) or ""


def description(file_id: str, owner_id: str = "{512349b1-0000-4000-8000-000de1813d20}") -> str:
    """What the Web Connector says of host, company and preferences, cut down to what matters here."""
    extra = (
        f"<DataExtRet><OwnerID>{owner_id}</OwnerID><DataExtName>FileID</DataExtName>"
        f"<DataExtType>STR255TYPE</DataExtType><DataExtValue>{file_id}</DataExtValue></DataExtRet>"
        if file_id
        else ""
    )
    lock = (
        f"<DataExtRet><OwnerID>{owner_id}</OwnerID><DataExtName>AppLock</DataExtName>"
        "<DataExtType>STR255TYPE</DataExtType><DataExtValue>LOCKED:PC:1</DataExtValue></DataExtRet>"
    )
    return (
        '<?xml version="1.0" ?><QBXML><QBXMLMsgsRs>'
        '<HostQueryRs requestID="0" statusCode="0"><HostRet><Country>US</Country></HostRet></HostQueryRs>'
        '<CompanyQueryRs requestID="1" statusCode="0"><CompanyRet><CompanyName>Joe &amp; Söhne</CompanyName>'
        f"{lock}{extra}</CompanyRet></CompanyQueryRs>"
        '<PreferencesQueryRs requestID="2" statusCode="0"><PreferencesRet/></PreferencesQueryRs>'
        "</QBXMLMsgsRs></QBXML>"
    )

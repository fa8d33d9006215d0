"""The Web Connector: runs whole sessions between a SOAP service and a company file (facts: QBD 1.2, 1.3)."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests

from .company import CompanyFile
from .processor import Session
from .soap import CallFailed, SoapClient
from .statuses import HResult

NO_OP_SECONDS = 5
_MOST_CALLS = 20_000  # a service that never says 100 would keep a real one busy for ever (facts: QBD 1.3, #53)
_MOST_CONNECTION_TRIES = 10
_FAILED = {
    "clientVersion": "QBWC1036",
    "authenticate": "QBWC1012",
    "sendRequestXML": "QBWC1041",
    "receiveResponseXML": "QBWC1042",
    "getLastError": "QBWC1043",
    "closeConnection": "QBWC1044",
    "connectionError": "QBWC1045",
}
_HCP = (
    '<?xml version="1.0"?><?qbxml version="{version}"?><QBXML><QBXMLMsgsRq onError="continueOnError">'
    '<HostQueryRq requestID="0"/><CompanyQueryRq requestID="1"><OwnerID>{owner}</OwnerID></CompanyQueryRq>'
    '<PreferencesQueryRq requestID="2"/></QBXMLMsgsRq></QBXML>'
)

Around = Callable[[str, Callable[[], Any]], Any]


class AnswerLost(Exception):
    """Raised by a harness around a call: the connection broke. The session is over, as for any failed call."""


class _Stop(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code, self.message = code, message


@dataclass(frozen=True, slots=True)
class Exchange:
    """One message set: what the service asked and what QuickBooks said, or the HRESULT it threw."""

    request: str
    response: str
    hresult: str = ""


@dataclass(slots=True)
class Report:
    """What a session did and what the user reads in the status column."""

    calls: list[str] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    progress: list[int] = field(default_factory=list)
    bytes_sent: int = 0
    bytes_received: int = 0
    ticket: str = ""
    code: str = ""  # QBWC1040 and the like, empty when nothing failed
    message: str = ""  # the last text shown: of closeConnection, getLastError or the failure
    warning: str = ""  # of clientVersion
    last_error: str = ""  # of getLastError
    outcome: str = ""  # "done", "none", "busy", "refused", "postponed", "failed"
    postponed_seconds: int = 0
    run_every_seconds: int = 0  # the lower limit the service asked for
    waited_seconds: int = 0  # in NoOp pauses


def _plainly(name: str, call: Callable[[], Any]) -> Any:
    del name
    return call()


@dataclass(kw_only=True)
class WebConnector:
    """One application in a Web Connector: its .qwc settings, the user's password and the company file beside it.

    `http` carries the calls: a plain requests.Session for real HTTP, or one with WSGIAdapter mounted. `around(name,
    call)` is called for every step in order, SOAP methods by name and "ProcessRequest" for QuickBooks' own work; it
    may fail before the call, after it, raise AnswerLost, or die with a BaseException. So an exception after
    "ProcessRequest" is a computer switched off when QuickBooks had committed and nobody was told.

    `auto_run` decides whether the service's wish to postpone counts. `closes_after_failure`: whether closeConnection
    follows a call that threw [G]; by default the service hears nothing more.
    """

    company: CompanyFile
    url: str
    user: str
    password: str
    owner_id: str = "{57F3B9B1-86F1-4FCC-B1EE-566DE1813D20}"
    file_id: str = "{90A44FB5-33D9-4815-AC85-BC87A7E7D1EB}"
    http: requests.Session = field(default_factory=requests.Session)
    around: Around = _plainly
    sleep: Callable[[float], object] = time.sleep
    version: str = "2.3.0.207"
    auto_run: bool = False
    accepts_warnings: bool = True
    closes_after_failure: bool = False

    def run(self) -> Report:
        """One session, whatever comes of it."""
        run = _Run(self, SoapClient(self.url, self.http), Report())
        try:
            run.session()
        except _Stop as stop:
            run.report.code, run.report.message = stop.code, stop.message
            run.report.outcome = run.report.outcome or "failed"
        finally:
            run.end()
        return run.report


@dataclass(slots=True)
class _Run:
    """A running session."""

    connector: WebConnector
    soap: SoapClient
    report: Report
    quickbooks: Session | None = None

    def session(self) -> None:
        """The whole order of calls."""
        if not self._greet():
            return
        path = self._authenticate()
        if path is None:
            return
        self._connect(path)
        try:
            self._exchange()
        except _Stop:
            if self.connector.closes_after_failure:
                self._call("closeConnection", ticket=self.report.ticket)
            raise
        self.report.message = _text(self._call("closeConnection", ticket=self.report.ticket))
        self.report.outcome = "done"

    def end(self) -> None:
        """Leave QuickBooks and add up."""
        if self.quickbooks is not None:
            self.quickbooks.end()
        self.report.bytes_sent, self.report.bytes_received = self.soap.bytes_sent, self.soap.bytes_received

    def _call(self, method: str, **parameters: str | int | None) -> Any:
        self.report.calls.append(method)
        if len(self.report.calls) > _MOST_CALLS:
            raise RuntimeError("the service does not end the session")
        try:
            return self.connector.around(method, lambda: self.soap.call(method, **parameters))
        except (CallFailed, AnswerLost) as failure:
            raise _Stop(_FAILED.get(method, "QBWC1012"), f"{method} failed. {failure}") from failure

    def _greet(self) -> bool:
        try:
            self._call("serverVersion")
        except _Stop:
            self.report.code = ""  # old services have no such method
        answer = _text(self._call("clientVersion", strVersion=self.connector.version))
        kind, _, text = answer.partition(":")
        if not answer:
            return True
        if kind == "W":
            self.report.warning = text
            return self.connector.accepts_warnings or self._refused("QBWC1037", text)
        if kind == "O":
            return self._refused("", f"The service needs version {text}")
        return self._refused("QBWC1037" if kind == "E" else "QBWC1046", text or answer)

    # Whether closeConnection follows nvu, none, busy or a given-up connection is not published [G]: here it does not.

    def _refused(self, code: str, message: str, outcome: str = "refused") -> bool:
        self.report.code, self.report.message, self.report.outcome = code, message, outcome
        return False

    def _authenticate(self) -> str | None:
        """The company file to open, or None when this session is over already."""
        names = {"strUserName": self.connector.user, "strPassword": self.connector.password}
        answer = [_text(one) for one in _texts(self._call("authenticate", **names))]
        if len(answer) < 2:
            raise _Stop("QBWC1012", "authenticate failed. Index was outside the bounds of the array.")
        self.report.ticket, wish = answer[0], answer[1]
        self.report.run_every_seconds = _seconds(answer, 3)
        if wish == "nvu":
            self._refused("QBWC1040", "The user name or password is not valid.")
            return None
        if wish == "none":
            self._refused("", "No data exchange required for this application.", "none")
            return None
        if wish == "busy":
            self._refused("", "The service is busy. Try again later.", "busy")
            return None
        if self.connector.auto_run and _seconds(answer, 2):
            self.report.postponed_seconds = _seconds(answer, 2)
            self._refused("", "Update postponed by application.", "postponed")
            return None
        return wish

    def _connect(self, path: str) -> None:
        company = self.connector.company
        for _ in range(_MOST_CONNECTION_TRIES):
            try:
                self.quickbooks = company.begin_session(path)
            except HResult as thrown:
                told = {"ticket": self.report.ticket, "hresult": thrown.code, "message": thrown.message}
                path = _text(self._call("connectionError", **told))
                if path == "done":
                    raise _Stop("QBWC1013", f"Could not connect to QuickBooks. {thrown.message}") from thrown
            else:
                return
        raise _Stop("QBWC1013", "Could not connect to QuickBooks.")

    def _hcp(self) -> str:
        """Host, company and preferences; the file is marked with our FileID when it has none of this application."""
        connector, company = self.connector, self.connector.company
        company.data_exts.setdefault((connector.owner_id, "AppLock"), "LOCKED:EMULATOR:631234599990000223")
        company.data_exts.setdefault((connector.owner_id, "FileID"), connector.file_id)
        request = _HCP.format(version=company.versions()[-1], owner=connector.owner_id)
        try:
            return self._session().process(request)
        except HResult as thrown:
            raise _Stop("QBWC1014", thrown.message) from thrown

    def _session(self) -> Session:
        if self.quickbooks is None:
            raise RuntimeError("not connected")
        return self.quickbooks

    def _exchange(self) -> None:
        company = self.connector.company
        major, _, minor = company.versions()[-1].partition(".")
        hcp = self._hcp()
        while True:
            request = _text(
                self._call(
                    "sendRequestXML",
                    ticket=self.report.ticket,
                    strHCPResponse=hcp,
                    strCompanyFileName=company.path,
                    qbXMLCountry=company.country,
                    qbXMLMajorVers=int(major),
                    qbXMLMinorVers=int(minor),
                )
            )
            hcp = ""  # filled in the first call of a session only
            if request in ("", "NoOp"):
                if self._goes_on_after_last_error():
                    continue
                return
            percent = self._process(request)
            self.report.progress.append(percent)
            if percent >= 100 or (percent < 0 and not self._goes_on_after_last_error()):
                return

    def _goes_on_after_last_error(self) -> bool:
        text = _text(self._call("getLastError", ticket=self.report.ticket))
        if text == "NoOp":
            self.connector.sleep(NO_OP_SECONDS)
            self.report.waited_seconds += NO_OP_SECONDS
            return True
        self.report.last_error = text
        return False

    def _process(self, request: str) -> int:
        told = {"ticket": self.report.ticket, "response": "", "hresult": "", "message": ""}
        try:
            told["response"] = str(self.connector.around("ProcessRequest", lambda: self._session().process(request)))
        except HResult as thrown:
            told["hresult"], told["message"] = thrown.code, thrown.message
        self.report.exchanges.append(Exchange(request, told["response"], told["hresult"]))
        answer = self._call("receiveResponseXML", **told)
        if answer is None:
            raise _Stop("QBWC1042", "receiveResponseXML failed. The answer has no result.")
        return int(answer)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _texts(value: Any) -> list[Any]:
    """The strings of an ArrayOfString, none when it is missing."""
    if value is None:
        raise _Stop("QBWC1012", "authenticate failed. Object reference not set to an instance of an object.")
    return list(value if isinstance(value, list) else value["string"] or [])


def _seconds(answer: list[str], at: int) -> int:
    return int(answer[at]) if len(answer) > at and answer[at].isdecimal() else 0

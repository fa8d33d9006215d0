"""The Web Connector's eight methods (facts: QBD 1.2, 1.3).

The Web Connector never goes on with a session after a failure: it asks for the reason, closes, and the next run opens
a new one. So whatever is odd here stops the session with words for the person who looks at it, and what was already
sent is the exchange's to recover.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from syncro_quickbooks.desktop import problems
from syncro_quickbooks.desktop.company_file import file_ids, same_guid
from syncro_quickbooks.desktop.exchange import DONE, FAILED, NO_OP, Exchange
from syncro_quickbooks.desktop.hresults import explain
from syncro_quickbooks.desktop.last_session import LastSessions
from syncro_quickbooks.desktop.logins import Logins, NotLetIn
from syncro_quickbooks.desktop.sessions import Busy, NoSession, Session, Sessions, State
from syncro_quickbooks.desktop.soap import Call, Result
from syncro_quickbooks.desktop.xml_reading import Unreadable
from syncro_quickbooks.log import Log
from syncro_quickbooks.sync.lease import LeaseLost
from syncro_quickbooks.sync.model import Problem

SERVER_VERSION = "Syncro QuickBooks 1.0"

_NO_SESSION = "This session is over: it took too long, or another one has begun. Run the update again."
_GIVE_UP = "done"
_NOTHING_LEFT = "Everything is up to date."
_NO_ERROR = "No error."

T = TypeVar("T")


class WebConnectorService:
    """Answers the Web Connector. Wrong passwords, tickets and orders are answers, too; what it raises is unexpected."""

    def __init__(
        self, logins: Logins, sessions: Sessions, ended: LastSessions, exchange: Exchange, logger: Log
    ) -> None:
        self._logins = logins
        self._sessions = sessions
        self._ended = ended
        self._exchange = exchange
        self._log = logger
        # With the answer for a ticket that is nobody's.
        self._steps: Mapping[str, tuple[Callable[[Session, Call], Result], Result]] = {
            "sendRequestXML": (self._send_request, ""),
            "receiveResponseXML": (self._receive_response, FAILED),
            "connectionError": (self._connection_error, _GIVE_UP),
            "getLastError": (self._last_error, _NO_SESSION),
            "closeConnection": (self._close, _NO_SESSION),
        }

    def answer(self, call: Call, address: str) -> Result:
        """The result of a call that came from `address`."""
        if call.method == "serverVersion":
            return SERVER_VERSION
        if call.method == "clientVersion":
            self._log.info("Web Connector's version", extra={"version": call.text("strVersion")[:40]})
            return ""  # any version will do
        if call.method == "authenticate":
            return self._authenticate(call.text("strUserName"), call.text("strPassword"), address)
        step, without = self._steps[call.method]
        try:
            return step(self._sessions.find(call.text("ticket")), call)
        except NoSession as gone:
            # Also when another session came between while this call was worked on: what it sends, nobody shall have.
            fields = {"account_id": gone.account_id, "method": call.method, "reason": str(gone)}
            self._log.warning("Call without a session", extra=fields)
            return without

    def _authenticate(self, user: str, password: str, address: str) -> Sequence[str]:
        try:
            registration = self._logins.let_in(user, password, address)
        except NotLetIn as refusal:
            self._log.warning("Login refused", extra={"account_id": refusal.account_id, "reason": str(refusal)})
            return ["", "nvu"]
        fields = {"account_id": registration.account_id}
        if not self._exchange.has_work(registration.account_id):
            self._log.info("Login: nothing to do", extra=fields)
            return ["", "none"]
        try:
            ticket = self._sessions.open(registration.account_id, registration.file_id)
        except Busy:
            self._log.info("Login: another session is going on", extra=fields)
            return ["", "busy"]
        left_over = self._ended.left_over(registration.account_id)
        self._log.info("Session opened", extra={**fields, "left_over_s": int(left_over.total_seconds())})
        return [ticket, ""]  # whatever company file is open: which one it is, its FileID will tell

    # -- requests and answers --------------------------------------------------------------------------------------

    def _send_request(self, session: Session, call: Call) -> str:
        if session.ended:
            self._log.warning("A question after the session's end", extra=_fields(session))
            return ""
        if session.state not in (State.OPENED, State.READY, State.PAUSED):
            self._stop(session, problems.out_of_order("a new request was asked for before the last one was answered"))
            return ""
        first, company = session.state is State.OPENED, call.text("strHCPResponse")
        if first:
            session = _introduced(session, call)
            if (problem := _wrong_file(session, company)) is not None:
                self._stop(session, problem)
                return ""
        session = self._sessions.save(replace(session, state=State.WORKING, begun=True))

        def ask() -> str:
            if first:
                self._exchange.begin(session, company)
            return self._exchange.next_request(session)

        request = self._of_exchange(session, ask)
        return self._handed_out(session, request) if request is not None else ""

    def _handed_out(self, session: Session, request: str) -> str:
        """The session stands as what is handed out leaves it: waiting for an answer, pausing, or over."""
        if not request:
            self._end(session)
        elif request == NO_OP:
            self._sessions.save(replace(session, state=State.PAUSED))
            self._log.info("No request yet", extra=_fields(session))
        else:
            self._sessions.save(replace(session, state=State.WAITING, requests=session.requests + 1))
            self._log.info("Request handed out", extra={**_fields(session), "bytes": len(request)})
        return request

    def _receive_response(self, session: Session, call: Call) -> int:
        if session.ended:
            self._log.warning("An answer after the session's end", extra=_fields(session))
            return FAILED
        if session.state is not State.WAITING:
            self._stop(session, problems.out_of_order("an answer came to a request that is not open"))
            return FAILED
        response, hresult, message = (call.text(name) for name in ("response", "hresult", "message"))
        session = self._sessions.save(replace(session, state=State.WORKING))
        fields = {**_fields(session), "bytes": len(response), "hresult": hresult[:20]}
        self._log.info("Answer received", extra=fields)
        progress = self._of_exchange(session, lambda: self._exchange.take_response(session, response, hresult, message))
        if progress is None:
            return FAILED
        if progress < 0 or progress >= DONE:
            self._end(session)
            return DONE if progress >= DONE else FAILED
        self._sessions.save(replace(session, state=State.READY))
        return progress

    def _of_exchange(self, session: Session, work: Callable[[], T]) -> T | None:
        """What the exchange answers; None if it failed, and the session is stopped then."""
        try:
            return work()
        except LeaseLost:
            raise NoSession("another session has taken over", session.account_id) from None
        except Exception:  # noqa: BLE001 - the session must end in an orderly way, whatever it was; the log has it
            self._log.exception("The exchange failed", extra=_fields(session))
            self._stop(session, problems.internal())
            return None

    # -- the end -----------------------------------------------------------------------------------------------------

    def _connection_error(self, session: Session, call: Call) -> str:
        if not session.ended:
            self._stop(session, explain(call.text("hresult"), call.text("message")))
        return _GIVE_UP

    def _last_error(self, session: Session, call: Call) -> str:
        del call
        if session.state is State.PAUSED:
            return NO_OP
        return session.last_error or (_NOTHING_LEFT if session.ended else _NO_ERROR)

    def _close(self, session: Session, call: Call) -> str:
        del call
        if session.state is State.CLOSED:
            return session.outcome
        if not session.ended:
            # Closed by the user or the Web Connector before all was done.
            self._ended.note(session, None)
        said = self._of_exchange(session, lambda: self._exchange.close(session)) if session.begun else ""
        if said is None:
            return problems.words(problems.internal())
        outcome = session.last_error or said or _NOTHING_LEFT
        self._sessions.save(replace(session, state=State.CLOSED, outcome=outcome))
        self._log.info("Session closed", extra={**_fields(session), "requests": session.requests})
        return outcome

    def _end(self, session: Session) -> None:
        """The exchange wants nothing more."""
        why = self._of_exchange(session, lambda: self._exchange.last_error(session))
        if why is None:
            return
        self._sessions.save(replace(session, state=State.OVER, last_error=why))
        self._ended.note(session, problems.stopped(why) if why else None)

    def _stop(self, session: Session, problem: Problem) -> None:
        """End the session early; the Web Connector will ask why."""
        self._sessions.save(replace(session, state=State.OVER, last_error=problems.words(problem)))
        self._ended.note(session, problem)
        self._log.warning("Session stopped", extra={**_fields(session), "reason": problem.code})


def _fields(session: Session) -> dict[str, object]:
    return {"account_id": session.account_id, "session": session.fence}


def _introduced(session: Session, call: Call) -> Session:
    """The session with what the Web Connector says of QuickBooks."""
    version = f"{call.text('qbXMLMajorVers').strip()[:5]}.{call.text('qbXMLMinorVers').strip()[:5]}"
    file, country = call.text("strCompanyFileName")[:500], call.text("qbXMLCountry").strip()[:10]
    return replace(session, company_file=file, country=country, qbxml_version=version)


def _wrong_file(session: Session, company: str) -> Problem | None:
    """Why nothing may be sent to the open company file, or None if it is the account's."""
    if not company.strip():
        return problems.unknown_company_file("no description of the company file")
    try:
        found = file_ids(company)
    except Unreadable as error:
        return problems.unknown_company_file(str(error))
    if not found:
        return problems.unknown_company_file("the description of the company file holds no FileID")
    return None if any(same_guid(file_id, session.file_id) for file_id in found) else problems.wrong_company_file(found)

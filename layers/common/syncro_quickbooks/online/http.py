"""One HTTP request to Intuit: time limits, the log line, and every transport failure told as Unavailable."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import local
from time import monotonic
from typing import TYPE_CHECKING, Protocol, TypeVar

from syncro_quickbooks.log import Log
from syncro_quickbooks.online.faults import Unavailable

if TYPE_CHECKING:
    import requests

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 60.0
PATIENCE = 12.0  # of a read that a page waits for, which API Gateway gives up after 29 s
WRITE_TIMEOUT = 130.0  # Intuit may work 120 s on a request (facts: QBO 2.1)
_LONGEST_PAUSE = 3600.0

Result = TypeVar("Result")
Awaited_co = TypeVar("Awaited_co", covariant=True)


class Pending(Protocol[Awaited_co]):
    """What will come of a call that somebody else makes: the part of concurrent.futures.Future that is used."""

    def done(self) -> bool:
        """Whether `result` would come at once."""
        ...

    def result(self) -> Awaited_co:
        """Wait for it. Raises what the call raised."""
        ...


class Couriers(Protocol):
    """Who carries requests while the worker goes on: threads, and in tests whatever makes a history repeatable."""

    def submit(self, call: Callable[[], Result], /) -> Pending[Result]:
        """Have the call made."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, its body read to the end. `retry_after` is in seconds; `tid` is Intuit's name for the request."""

    status: int
    content_type: str
    body: bytes
    tid: str
    retry_after: float | None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request as it goes out. `label` is the path as logged: no query, it can hold names and e-mail addresses."""

    method: str
    url: str
    label: str
    body: bytes | None
    headers: Mapping[str, str]
    authorization: str
    read_timeout: float

    def __repr__(self) -> str:
        return f"Outgoing({self.method} {self.label})"


class Transport:
    """Sends requests over a lazily made session of each thread. `fields` (account, realm) stand in every log line."""

    def __init__(
        self, session_factory: "Callable[[], requests.Session]", logger: Log, fields: Mapping[str, str]
    ) -> None:
        self._session_factory = session_factory
        self._logger = logger
        self._fields = dict(fields)
        self._of_thread = local()  # requests does not promise that threads may share a session

    def send(self, request: Outgoing) -> Answer:
        """Send once, no repeats. Raises Unavailable when no complete answer came back."""
        import requests  # noqa: PLC0415 - 30 ms of start-up that handlers without calls to Intuit do not pay

        started = monotonic()
        try:
            response = self._opened().request(
                request.method,
                request.url,
                data=request.body,
                headers={**request.headers, "Accept-Encoding": "gzip"},
                auth=_authorizer(request.authorization),
                timeout=(CONNECT_TIMEOUT, request.read_timeout),
                allow_redirects=False,  # a redirected POST would be repeated as a GET
            )
        except requests.RequestException as error:
            reason = _reason(error)
            self._log(request, reason, "", started)
            # The original text holds the URL with its query: names and e-mail addresses. It stays out of the chain.
            raise Unavailable(reason, explanation=type(error).__name__) from None
        answer = _answer(response)
        self._log(request, answer.status, answer.tid, started)
        return answer

    def _opened(self) -> "requests.Session":
        session: requests.Session | None = getattr(self._of_thread, "session", None)
        if session is None:
            session = self._of_thread.session = self._session_factory()
        return session

    def _log(self, request: Outgoing, status: object, tid: str, started: float) -> None:
        extra = {
            **self._fields,
            "http_method": request.method,
            "http_path": request.label,
            "http_status": status,
            "intuit_tid": tid,
            "duration_ms": round((monotonic() - started) * 1000),
        }
        self._logger.info("call to Intuit", extra=extra)


def new_session() -> "requests.Session":
    """A session for one company: connections are kept open, cookies are not kept."""
    from http.cookiejar import DefaultCookiePolicy  # noqa: PLC0415 - beside requests, see Transport.send

    import requests  # noqa: PLC0415 - see Transport.send

    session = requests.Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


def _authorizer(authorization: str) -> "Callable[[requests.PreparedRequest], requests.PreparedRequest]":
    # A plain header would lose against a matching entry in the machine's .netrc.
    def authorize(prepared: "requests.PreparedRequest") -> "requests.PreparedRequest":
        prepared.headers["Authorization"] = authorization
        return prepared

    return authorize


def _reason(error: "requests.RequestException") -> str:
    import requests  # noqa: PLC0415 - see Transport.send

    if isinstance(error, requests.ConnectTimeout):
        return "connect_timeout"
    if isinstance(error, requests.Timeout):
        return "read_timeout"
    return "connection_lost"


def _answer(response: "requests.Response") -> Answer:
    wait = response.headers.get("Retry-After", "")
    return Answer(
        status=response.status_code,
        content_type=response.headers.get("Content-Type", ""),
        body=response.content,
        tid=response.headers.get("intuit_tid", ""),
        retry_after=min(float(wait), _LONGEST_PAUSE) if wait.isascii() and wait.isdigit() else None,
    )

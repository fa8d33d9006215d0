"""A `requests` transport that calls a WSGI application in this process: no sockets, no threads, fast."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from .quickbooks_online.faults import ConnectionDropped

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    WSGIApp = Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]


class WSGIAdapter(BaseAdapter):
    """Mount it: `session.mount("https://quickbooks.test", WSGIAdapter(emu))`.

    A ConnectionDropped of the application becomes requests' ConnectionError, or ReadTimeout when it says `timed_out`.
    """

    def __init__(self, app: "WSGIApp") -> None:
        super().__init__()
        self._app = app

    def send(  # noqa: PLR0917  # requests' own signature
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: "float | tuple[float, float] | tuple[float, None] | None" = None,
        verify: bool | str = True,
        cert: "bytes | str | tuple[bytes | str, bytes | str] | None" = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Call the application and wrap its answer."""
        del stream, timeout, verify, cert, proxies
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], exc_info: object = None
        ) -> Callable[[bytes], object]:
            del exc_info
            started.append((status, headers))
            return lambda _: None

        try:
            body = b"".join(self._app(_environ(request), start_response))
        except ConnectionDropped as dropped:
            if dropped.timed_out:
                raise requests.exceptions.ReadTimeout(str(dropped), request=request) from dropped
            raise requests.exceptions.ConnectionError(str(dropped), request=request) from dropped
        return _response(request, *started[0], body)

    def close(self) -> None:
        """Nothing to close."""


def _environ(request: requests.PreparedRequest) -> "WSGIEnvironment":
    url = urlsplit(request.url or "")
    body = request.body or b""
    data = body.encode() if isinstance(body, str) else bytes(body)
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": request.method or "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(url.path),
        "QUERY_STRING": url.query,
        "SERVER_NAME": url.hostname or "localhost",
        "SERVER_PORT": str(url.port or 80),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(data)),
        "wsgi.input": BytesIO(data),
        "wsgi.url_scheme": url.scheme,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        if key == "ACCEPT_ENCODING":
            continue  # compressing in memory only costs time
        text = value.decode() if isinstance(value, bytes) else str(value)
        environ["CONTENT_TYPE" if key == "CONTENT_TYPE" else f"HTTP_{key}"] = text
    return environ


def _response(
    request: requests.PreparedRequest, status: str, headers: list[tuple[str, str]], body: bytes
) -> requests.Response:
    response = requests.Response()
    code, _, reason = status.partition(" ")
    response.status_code = int(code)
    response.reason = reason
    response.headers = CaseInsensitiveDict(headers)
    response.encoding = requests.utils.get_encoding_from_headers(response.headers)
    response.url = request.url or ""
    response.request = request
    response.elapsed = timedelta(0)
    response.raw = BytesIO(body)
    response._content = body  # the body is here already: reading it through urllib3 would only copy it
    return response

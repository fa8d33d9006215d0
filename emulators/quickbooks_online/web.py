"""Requests and answers, and Intuit's shapes for them (facts: QBO 2.7)."""

import gzip
from dataclasses import dataclass, field
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

from .faults import Shape
from .json_text import Obj, dumps
from .refusals import Refusal

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

JSON = "application/json;charset=UTF-8"
_WORTH_GZIP = 500


@dataclass(slots=True)
class Request:
    """One HTTP request, read whole."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes
    content_type: str
    authorization: str
    accepts_gzip: bool
    headers: dict[str, str]

    @property
    def text(self) -> str:
        """The body as text; raises UnicodeDecodeError."""
        return self.body.decode()

    def form(self) -> dict[str, str]:
        """The body as a form."""
        return dict(parse_qsl(self.text, keep_blank_values=True))


@dataclass(slots=True)
class Response:
    """One answer."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: list[tuple[str, str]] = field(default_factory=list)

    def start(self) -> tuple[str, list[tuple[str, str]]]:
        """The WSGI status line and headers."""
        try:
            phrase = HTTPStatus(self.status).phrase
        except ValueError:
            phrase = "Unknown"
        fixed = [("Content-Type", self.content_type), ("Content-Length", str(len(self.body)))]
        return f"{self.status} {phrase}", [*fixed, *self.headers]


def read_request(environ: "WSGIEnvironment") -> Request:
    """The request of a WSGI environment."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    stream = environ.get("wsgi.input") or BytesIO()
    headers = {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")}
    body = stream.read(length) if length else b""
    if headers.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    return Request(
        method=environ["REQUEST_METHOD"],
        path=unquote(environ.get("PATH_INFO", "/")),
        query=dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)),
        body=body,
        content_type=environ.get("CONTENT_TYPE", ""),
        authorization=headers.get("authorization", ""),
        accepts_gzip="gzip" in headers.get("accept-encoding", ""),
        headers=headers,
    )


def json_response(status: int, body: object) -> Response:
    """An answer in JSON."""
    return Response(status, dumps(body).encode())


def compressed(response: Response) -> Response:
    """The same answer, compressed."""
    if len(response.body) < _WORTH_GZIP:
        return response
    return Response(
        response.status,
        gzip.compress(response.body, compresslevel=1),
        response.content_type,
        [*response.headers, ("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")],
    )


def refused(refusal: Refusal, time: str) -> Response:
    """The answer to an operation that the API refuses."""
    if refusal.shape in ("json", "fault200"):
        return json_response(refusal.status, {"Fault": refusal.fault(), "time": time})
    error = refusal.errors[0]
    return fault_response(refusal.status, refusal.shape, error.code, error.message, error.detail, refusal.kind, time)


def fault_response(  # noqa: PLR0917  # the parts of a fault, in Intuit's order
    status: int, shape: Shape, code: str, message: str, detail: str, kind: str, time: str
) -> Response:
    """One fault in any of the shapes Intuit is known to use."""
    if shape == "empty":
        return Response(status, b"", "text/plain")
    if shape == "html":
        page = f"<html><head><title>{status}</title></head><body><h1>{escape(message)}</h1></body></html>"
        return Response(status, page.encode(), "text/html")
    if shape == "xml":
        return Response(status, _xml(code, message, detail, kind, time).encode(), "application/xml")
    if shape == "oauth":
        return json_response(status, {"error": code, "error_description": detail})
    if shape == "lowercase":
        return _gateway(status, code, message, detail, kind)
    error = {"Message": message, "Detail": detail, "code": code}
    return json_response(
        200 if shape == "fault200" else status, {"Fault": {"Error": [error], "type": kind}, "time": time}
    )


def _xml(code: str, message: str, detail: str, kind: str, time: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<IntuitResponse time="{time}" xmlns="http://schema.intuit.com/finance/v3">'
        f'<Fault type="{kind}"><Error code="{code}">'
        f"<Message>{escape(message)}</Message><Detail>{escape(detail)}</Detail></Error></Fault></IntuitResponse>"
    )


def _gateway(status: int, code: str, message: str, detail: str, kind: str) -> Response:
    """The gateway's lower-case shape (vcr_fault_3200_401_lowercase_shape)."""
    error = {"message": message, "detail": detail, "code": code, "element": None}
    body: Obj = {
        "warnings": None,
        "intuitObject": None,
        "fault": {"error": [error], "type": kind},
        "report": None,
        "queryResponse": None,
        "batchItemResponse": [],
        "attachableResponse": [],
        "syncErrorResponse": None,
        "requestId": None,
        "time": 1601391072830,
        "status": None,
        "cdcresponse": [],
    }
    response = json_response(status, body)
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers.append(("WWW-Authenticate", 'Bearer realm="Intuit", error="invalid_token"'))
    return response


def gateway_message(name: str, code: str, status: int) -> str:
    """The Message of gateway faults, for example of 3200 and 3001."""
    return f"message={name}; errorCode={code.zfill(6)}; statusCode={status}"

"""The admin door: company files with their Web Connectors, to look at and to run over HTTP; for demo and local runs."""

import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, fields
from datetime import date
from typing import TYPE_CHECKING

from ..quickbooks_online.json_text import Obj, loads
from ..quickbooks_online.web import Request, Response, json_response, read_request
from .books import Books
from .company import CompanyFile
from .statuses import Refused
from .web_connector import Report, WebConnector

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_REQUEST = re.compile(r"<(?!QBXMLMsgs)(\w+)Rq[ />]")
_STATUS = re.compile(r'<\w+Rs [^>]*statusCode="(\d+)"')
_NOT_SETTINGS = frozenset({"clock", "store", "data_exts", "in_use", "troubles", "last_number", "last_txn_number"})
_SETTINGS = frozenset(one.name for one in fields(Books)) - _NOT_SETTINGS


class Office:
    """A WSGI application over some Web Connectors, by a name of the caller's choice.

    GET /_emulator/health; POST /_emulator/companies {"name", "url", "user", "password", "owner_id", "file_id", settings
    of the company}; GET /_emulator/companies/<name>/<kind>: all records of a kind, for instance Invoice; POST …/run:
    one session, the answer is its report; POST …/settings; POST …/by-hand {"action": enter, change, void, delete,
    deactivate, receive or deposit, and its arguments}.
    """

    def __init__(self) -> None:
        self.connectors: dict[str, WebConnector] = {}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        response = self._answer(read_request(environ))
        start_response(*response.start())
        return [response.body]

    def _answer(self, request: Request) -> Response:
        try:
            body: Obj = loads(request.body) if request.body else {}
            match (request.method, *[part for part in request.path.split("/") if part]):
                case ("GET", "_emulator", "health"):
                    return json_response(200, {"status": "ok", "companies": list(self.connectors)})
                case ("POST", "_emulator", "companies"):
                    self.connectors[body.pop("name")] = _connector(body)
                    return json_response(200, {})
                case (method, "_emulator", "companies", name, what) if name in self.connectors:
                    return _company(self.connectors[name], method, what, body)
            return json_response(404, {"error": f"nothing at {request.method} {request.path}"})
        except Refused as refusal:
            return json_response(400, {"status": refusal.code, "error": refusal.message})
        except (KeyError, TypeError, ValueError) as error:
            return json_response(400, {"error": f"{type(error).__name__}: {error}"})


def _connector(body: Obj) -> WebConnector:
    application = {name: body.pop(name) for name in ("owner_id", "file_id") if name in body}
    url, user, password = (body.pop(name) for name in ("url", "user", "password"))
    company = CompanyFile()
    _change(company, body)
    return WebConnector(company=company, url=url, user=user, password=password, **application)


def _company(connector: WebConnector, method: str, what: str, body: Obj) -> Response:
    company = connector.company
    if method == "GET":
        return json_response(200, {what: company.entities(what)})
    if method == "POST" and what == "run":
        return json_response(200, as_json(connector.run()))
    if method == "POST" and what == "settings":
        _change(company, body)
        return json_response(200, {})
    if method == "POST" and what == "by-hand":
        return json_response(200, {"result": _by_hand(company, body)})
    return json_response(404, {"error": f"nothing at {method} {what} of a company"})


def as_json(report: Report) -> Obj:
    """A session's report; of each message set only what was asked and which statuses came back."""
    exchanges = [
        {
            "requests": _REQUEST.findall(one.request),
            "statuses": [int(code) for code in _STATUS.findall(one.response)],
            "hresult": one.hresult,
        }
        for one in report.exchanges
    ]
    return {**asdict(report), "exchanges": exchanges}


def _by_hand(company: CompanyFile, body: Obj) -> Obj | None:
    values = body.get("fields", {})
    actions: dict[str, Callable[[], Obj | None]] = {
        "enter": lambda: company.enter(body["kind"], **values),
        "change": lambda: company.change(body["id"], **values),
        "void": lambda: company.void(body["id"]),
        "delete": lambda: company.delete(body["id"]),
        "deactivate": lambda: company.deactivate(body["id"]),
        "receive": lambda: company.receive(body["id"], body["amount"], **values),
        "deposit": lambda: company.deposit(body["ids"]),
    }
    return actions[body["action"]]()


def _change(company: CompanyFile, settings: Obj) -> None:
    for name, value in settings.items():
        if name not in _SETTINGS:
            raise ValueError(f"unknown setting {name!r}")
        is_date = name == "closing_date" and value is not None
        setattr(company, name, date.fromisoformat(value) if is_date else value)

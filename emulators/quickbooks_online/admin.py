"""The admin endpoints under /_emulator: look at the journal and the books, arm faults, work by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import date
from typing import TYPE_CHECKING

from .books import Books
from .entities import BY_LOWER
from .faults import parse_fault
from .json_text import Obj, loads
from .refusals import Refusal
from .web import Request, Response, json_response

if TYPE_CHECKING:
    from .app import Emulator
    from .company import Company

_NOT_SETTINGS = frozenset({"realm", "clock", "store", "forced_totals", "ast_code", "last_number", "before_look"})
_SETTINGS = frozenset(one.name for one in fields(Books)) - _NOT_SETTINGS


def handle(emu: Emulator, request: Request) -> Response:
    """Answer an admin request; what it cannot do is a 400 or 404 that says why."""
    try:
        body = loads(request.body) if request.body else {}
        parts = [part for part in request.path.split("/") if part][1:]
        if parts[:1] == ["companies"] and len(parts) > 1:
            return _company(emu, request.method, parts[1], parts[2:], body)
        handler = _ROUTES.get((request.method, "/".join(parts)))
        return (
            handler(emu, request.query, body)
            if handler
            else _error(404, f"no admin endpoint {request.method} {request.path}")
        )
    except Refusal as refusal:
        return json_response(refusal.status, {"Fault": refusal.fault()})
    except (KeyError, TypeError, ValueError) as error:
        return _error(400, f"{type(error).__name__}: {error}")


def _health(emu: Emulator, query: dict[str, str], body: Obj) -> Response:
    del query, body
    return json_response(200, {"status": "ok", "companies": list(emu.companies), "requests": len(emu.journal)})


def _journal(emu: Emulator, query: dict[str, str], body: Obj) -> Response:
    """All entries, or those from index `since` on, or of one `realm`."""
    del body
    entries = emu.journal[int(query.get("since", "0")) :]
    wanted = query.get("realm")
    return json_response(200, {"journal": [entry.as_json() for entry in entries if wanted in (None, entry.realm)]})


def _add_faults(emu: Emulator, query: dict[str, str], body: Obj) -> Response:
    """One fault, or `{"faults": [...]}`; `{"clear": true}` disarms all first."""
    del query
    if body.pop("clear", False):
        emu.faults.clear()
    described = body.get("faults", [body] if body else [])
    for fault in [parse_fault(one) for one in described]:
        emu.faults.add(fault)
    return json_response(200, {"armed": len(described)})


def _clear_faults(emu: Emulator, query: dict[str, str], body: Obj) -> Response:
    del query, body
    emu.faults.clear()
    return json_response(200, {})


def _reset(emu: Emulator, query: dict[str, str], body: Obj) -> Response:
    """Empty journal and faults; the companies start over too unless `{"keep_companies": true}`. Tokens stay valid."""
    del query
    emu.forget()
    if not body.get("keep_companies"):
        for company in emu.companies.values():
            company.start_over()
    return json_response(200, {})


def _add_company(emu: Emulator, query: dict[str, str], body: Obj) -> Response:
    """`{"realm": ..., settings}`; the answer has tokens, so that a caller may skip the authorisation."""
    del query
    shape = {name: body.pop(name) for name in ("country", "tax_mode", "name") if name in body}
    company = emu.add_company(body.pop("realm"), **shape)
    _change(company, body)
    tokens = emu.issue_tokens(company.realm)
    return json_response(
        200, {"realm": company.realm, "access_token": tokens.access_token, "refresh_token": tokens.refresh_token}
    )


_ROUTES: dict[tuple[str, str], Callable[[Emulator, dict[str, str], Obj], Response]] = {
    ("GET", "health"): _health,
    ("GET", "journal"): _journal,
    ("POST", "faults"): _add_faults,
    ("DELETE", "faults"): _clear_faults,
    ("POST", "reset"): _reset,
    ("POST", "companies"): _add_company,
}


def _company(emu: Emulator, method: str, realm: str, rest: list[str], body: Obj) -> Response:
    company = emu.companies.get(realm)
    if company is None:
        return _error(404, f"no company {realm}")
    if method == "POST" and rest == ["by-hand"]:
        return json_response(200, {"result": _by_hand(company, body)})
    if method == "POST" and rest == ["settings"]:
        _change(company, body)
        return json_response(200, {})
    entity = BY_LOWER.get(rest[0].lower()) if rest else None
    if method != "GET" or entity is None:
        return _error(404, f"no admin endpoint for {'/'.join(rest)} of a company")
    return json_response(200, {entity.name: company.entities(entity.name)})


def _by_hand(company: Company, body: Obj) -> Obj | None:
    action, entity = body["action"], body.get("entity", "")
    if action == "create":
        return company.create_by_hand(entity, body["fields"])
    if action == "edit":
        return company.edit_by_hand(entity, body["id"], body["fields"])
    if action == "void":
        return company.void_by_hand(entity, body["id"])
    if action == "delete":
        company.delete_by_hand(entity, body["id"])
        return None
    if action == "deactivate":
        return company.deactivate_by_hand(entity, body["id"])
    if action == "deposit":
        return company.deposit_by_hand(body["ids"])
    raise ValueError(f"unknown action {action!r}")


def _change(company: Company, settings: Obj) -> None:
    for name, value in settings.items():
        if name not in _SETTINGS:
            raise ValueError(f"unknown setting {name!r}")
        is_date = name == "book_close_date" and value is not None
        setattr(company, name, date.fromisoformat(value) if is_date else value)


def _error(status: int, message: str) -> Response:
    return json_response(status, {"error": message})

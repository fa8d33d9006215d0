"""Keeps what the tests send to QuickBooks and what its emulator answers, for a check against Intuit's own schemas.

Request bodies go to `$QBO_BODIES_DIR` as `<Entity>.<operation>.<hash>.json`, each different body once. Answers go to
`$QBO_ANSWERS_DIR` as `<schema's root>.<hash>.json`, taken apart into objects, members and rows, each shape once: the
same fields with the same types and the same enumerated values need no second look.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from emulators.quickbooks_online import Emulator
from emulators.quickbooks_online.web import Request, Response

_SPELLED = (
    "Customer Vendor Employee Item Invoice CreditMemo Payment PurchaseOrder Bill BillPayment Purchase Deposit Account "
    "Term PaymentMethod Department Class TaxAgency"
)
ENTITIES = {name.lower(): name for name in _SPELLED.split()} | {"taxcode": "TaxService"}
# Fields whose text the schema has a say in; every other text is like any other.
_ENUMERATED = re.compile(r"(Type|Status|status|Mode|Method|Config|Calculation|Applicable|ApplicableOn|domain|code)$")
_FORMS = re.compile(r"\d{4}-\d\d-\d\d(T.*)?")


def record(method: str, url: str, body: bytes | None) -> None:
    """Keep the body or, of a batch, each member's, if anybody wants them."""
    folder = os.environ.get("QBO_BODIES_DIR")
    path, query = urlsplit(url).path, parse_qs(urlsplit(url).query)
    if not folder or method != "POST" or not body or "/v3/company/" not in path or "requestid" not in query:
        return
    sent = json.loads(body)
    resource = path.rpartition("/")[2]
    if resource == "batch":
        for member in sent["BatchItemRequest"]:
            (entity,) = set(member) - {"bId", "operation", "optionsData"}
            _keep(Path(folder), f"{entity}.{member.get('optionsData') or member['operation']}", member[entity])
    else:
        plain = "update" if "Id" in sent else "create"
        operation = "void" if "void" in query.get("include", []) else query.get("operation", [plain])[0]
        _keep(Path(folder), f"{ENTITIES[resource]}.{operation}", sent)


@contextmanager
def answers() -> Iterator[None]:
    """Keep the answers of every emulator in this process meanwhile, if anybody wants them."""
    folder = os.environ.get("QBO_ANSWERS_DIR")
    if not folder:
        yield
        return
    handle = Emulator.handle
    seen: set[str] = set()

    def handle_and_record(emu: Emulator, request: Request) -> Response:
        response = handle(emu, request)
        if "/v3/company/" in request.path:
            for root, part in _parts(request.path, response):
                shape = _hash(f"{root} {sorted(_shape(part))}")
                if shape not in seen:
                    seen.add(shape)
                    _write(Path(folder, f"{root}.{shape}.json"), part)
        return response

    Emulator.handle = handle_and_record  # type: ignore[method-assign, assignment]  # every emulator of every test
    try:
        yield
    finally:
        Emulator.handle = handle  # type: ignore[method-assign]  # as it was


def _parts(path: str, response: Response) -> Iterator[tuple[str, Any]]:
    """(root type of the schema, what to check) of an answer; a gateway's own words, XML and halves have no schema."""
    try:
        answer = json.loads(response.body)
    except ValueError:
        return
    if not isinstance(answer, dict) or "fault" in answer or "error" in answer:
        return
    if path.endswith("/taxservice/taxcode") and "Fault" not in answer:
        yield "TaxService", answer
        return
    time = {"time": answer["time"]} if "time" in answer else {}
    if "BatchItemResponse" in answer:
        yield from (
            ("IntuitResponse", {"BatchItemResponse": [one], **time})
            for member in answer["BatchItemResponse"]
            if "fault" not in member
            for one in _rows(member)
        )
    elif "CDCResponse" in answer:
        rows = [row for one in answer["CDCResponse"] for listed in one["QueryResponse"] for row in _rows(listed, "")]
        yield from (("IntuitResponse", {"CDCResponse": [{"QueryResponse": [row]}], **time}) for row in rows)
    else:
        yield from (("IntuitResponse", one) for one in _rows(answer))


def _rows(answer: Any, key: str = "QueryResponse") -> Iterator[Any]:
    """The answer with one row of its rows at a time, so that as many rows do not make as many shapes."""
    listed = answer.get(key) if key else answer
    lists = [name for name, value in (listed or {}).items() if isinstance(value, list)]
    if not lists or not listed[lists[0]]:
        yield answer
        return
    for row in listed[lists[0]]:
        one = {**listed, lists[0]: [row]}
        yield {**answer, key: one} if key else one


def _shape(value: Any, name: str = "") -> set[str]:
    if isinstance(value, dict):
        return {f"{name}{{}}", *(path for key, item in value.items() for path in _shape(item, f"{name}.{key}"))}
    if isinstance(value, list):
        return {f"{name}[]", *(path for item in value for path in _shape(item, f"{name}[]"))}
    if isinstance(value, str):
        if _ENUMERATED.search(name):
            return {f"{name}={value}"}
        return {f"{name}:{re.sub('[0-9]', '0', value) if _FORMS.fullmatch(value) else 'text'}"}
    return {f"{name}:{type(value).__name__}"}


def _keep(folder: Path, kind: str, body: Any) -> None:
    _write(folder / f"{kind}.{_hash(json.dumps(body))}.json", body)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _write(path: Path, body: Any) -> None:
    with suppress(FileExistsError), path.open("x", encoding="utf-8") as file:
        file.write(json.dumps(body, indent=1))

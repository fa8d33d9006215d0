"""The accounting API's paths: what a request asks for, and doing it (facts: QBO 2.1-2.5)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from . import fault_codes, operations, query, refusals, special
from .books import PACIFIC, Books
from .entities import BY_LOWER, ENTITIES, Entity
from .faults import Fault, Step
from .journal import RequestKind
from .json_text import Obj, loads
from .refusals import Error, Refusal
from .web import Request

MAX_BATCH = 30
MAX_BID = 10
_ANY_NUMBER = "allowduplicatedocnum"
_NAMES = ("DisplayName", "Name", "DocNumber", "TaxCode", "PrivateNote", "Id")


@dataclass(slots=True)
class Forced:
    """What armed faults say about one request's operations: refusals by bId ("" is the request), bIds to omit."""

    refusals: dict[str, Fault]
    omitted: frozenset[str] = frozenset()

    def check(self, bid: str = "") -> None:
        """Raises the Refusal that is armed for this operation."""
        fault = self.refusals.get(bid)
        if fault is None:
            return
        kind, status = fault_codes.kind_and_status(fault.code)
        if fault.shape == "fault200":
            status = 200
        error = Error(fault.code, fault.message or fault_codes.message(fault.code), fault.detail, fault.element)
        raise Refusal(error, status=fault.status or status, kind=kind, shape=fault.shape)


@dataclass(slots=True)
class Call:
    """An understood request. `steps[0]` is the request, the rest are its batch's members.

    `bare` says that the answer is the object alone, without `time` (REF taxservice).
    """

    steps: list[Step]
    kind: RequestKind
    reads: int
    description: str
    body: object
    run: Callable[[Books, Forced], Obj]
    bare: bool = False


def answer_time(moment: datetime) -> str:
    """The `time` of an answer: milliseconds, Pacific time (vcr_*)."""
    return moment.astimezone(PACIFIC).isoformat(timespec="milliseconds")


def understand(request: Request, path: list[str]) -> Call:  # noqa: PLR0911  # one return a path
    """What a request to `/v3/company/{realm}/<path>` asks for; faults of its content come out of `run`."""
    resource = path[0].lower() if path else ""
    if resource == "query":
        return _query_call(request)
    if request.method == "GET":
        return _read_call(request, path, resource)
    body, problem = _body(request)
    if problem is not None:
        return Call(
            [Step("unreadable")], "write", 0, "unreadable body", request.body.decode(errors="replace"), _raiser(problem)
        )
    if resource == "batch" and isinstance(body, dict):
        return _batch_call(body)
    if [part.lower() for part in path] == ["taxservice", "taxcode"]:
        step = Step("taxservice", "TaxCode", names=_names(body))

        def run(books: Books, forced: Forced) -> Obj:
            return _tax_service(books, forced, body)

        return Call([step], "write", 0, "taxservice", body, run, bare=True)
    entity = BY_LOWER.get(resource)
    if entity is None or len(path) != 1 or request.method != "POST":
        return _nowhere(request, body)
    return _write_call(request, entity, body)


def _read_call(request: Request, path: list[str], resource: str) -> Call:
    if resource == "cdc":
        entities, since = request.query.get("entities", ""), request.query.get("changedSince", "")
        return Call(
            [Step("cdc")],
            "read",
            1,
            "cdc",
            "",
            lambda books, forced: _forced(forced, special.changes, books, entities, since),
        )
    entity = BY_LOWER.get(resource)
    if entity is None or len(path) > 2 or (len(path) == 1 and entity.name != "Preferences"):
        return _nowhere(request, "")
    object_id = path[1] if len(path) == 2 else "1"
    step = Step("read", entity.name, names=frozenset({object_id}))
    return Call(
        [step], "read", 1, f"read {entity.name}", "", lambda books, forced: _read(books, forced, entity, object_id)
    )


def _read(books: Books, forced: Forced, entity: Entity, object_id: str) -> Obj:
    forced.check()
    if entity.name in ("Preferences", "CompanyInfo"):
        return {entity.name: special.rows_of(books, entity.name)[0]}
    return {entity.name: operations.read(books, entity, object_id)}


def _query_call(request: Request) -> Call:
    statement = request.query.get("query", "") or request.body.decode(errors="replace")
    entity = _queried(statement)

    def run(books: Books, forced: Forced) -> Obj:
        forced.check()
        return _run_query(books, statement)

    return Call([Step("query", entity)], "read", 1, f"query {entity}", statement if request.body else "", run)


def _run_query(books: Books, statement: str) -> Obj:
    parsed = query.parse(statement)
    return {"QueryResponse": query.run(parsed, special.rows_of(books, parsed.entity.name))}


def _queried(statement: str) -> str:
    words = statement.split()
    lower = [word.lower() for word in words]
    name = words[lower.index("from") + 1] if "from" in lower[:-1] else ""
    entity = BY_LOWER.get(name.lower())
    return entity.name if entity else name


def _write_call(request: Request, entity: Entity, body: object) -> Call:
    operation = request.query.get("operation", "").lower()
    include = request.query.get("include", "").lower().split(",")
    if operation == "update" and "void" in include:
        operation, how = "void", "include"
    elif operation == "void":
        how = "void"
    else:
        how = ""
        if operation not in ("delete", "update", "create", ""):
            return Call(
                [Step(operation, entity.name)],
                "write",
                0,
                operation,
                body,
                _raiser(refusals.unsupported_operation(operation)),
            )
        if operation != "delete":
            operation = "update" if isinstance(body, dict) and body.get("Id") else "create"
    step = Step(operation, entity.name, names=_names(body))

    def run(books: Books, forced: Forced) -> Obj:
        forced.check()
        return {entity.name: _write(books, entity, operation, how, body, any_number=_ANY_NUMBER in include)}

    return Call([step], "write", 0, f"{operation} {entity.name}", body, run)


def _write(books: Books, entity: Entity, operation: str, how: str, body: object, *, any_number: bool = False) -> Obj:
    if operation == "delete":
        return operations.delete(books, entity, body)
    if operation == "void":
        return operations.void(books, entity, body, how)
    return operations.save(books, entity, body, any_number=any_number)


def _batch_call(body: Obj) -> Call:
    members = body.get("BatchItemRequest")
    members = members if isinstance(members, list) else []
    steps = [_member_step(member, place) for place, member in enumerate(members, 1) if isinstance(member, dict)]
    reads = sum(step.operation == "query" for step in steps)
    kind: RequestKind = "read" if steps and reads == len(steps) else "write"

    def run(books: Books, forced: Forced) -> Obj:
        forced.check()
        return {"BatchItemResponse": _batch(books, members, forced)}

    return Call([Step("batch"), *steps], kind, reads, f"batch ({len(members)})", body, run)


def _member_step(member: Obj, place: int) -> Step:
    bid = str(member.get("bId", ""))
    if "Query" in member:
        return Step("query", _queried(str(member["Query"])), bid, position=place)
    entity = next((key for key in member if key in ENTITIES), "")
    operation = "void" if member.get("optionsData") == "void" else str(member.get("operation", ""))
    return Step(operation, entity, bid, _names(member.get(entity)), place)


def _batch(books: Books, members: list[object], forced: Forced) -> list[Obj]:
    if len(members) > MAX_BATCH:
        raise refusals.batch_too_large(len(members))
    bids = [str(member.get("bId", "")) if isinstance(member, dict) else "" for member in members]
    if not members or "" in bids:
        raise refusals.missing("bId" if members else "BatchItemRequest")
    if len(set(bids)) != len(bids):
        raise refusals.invalid_value("2030", "Invalid ID", "bId", "duplicate bId")
    too_long = next((bid for bid in bids if len(bid) > MAX_BID), None)
    if too_long is not None:
        raise refusals.too_long("bId", MAX_BID, len(too_long))
    answers = [
        _member(books, member, bid, forced)
        for member, bid in zip(members, bids, strict=True)
        if isinstance(member, dict)
    ]
    return [answer for answer in answers if answer["bId"] not in forced.omitted]


def _member(books: Books, member: Obj, bid: str, forced: Forced) -> Obj:
    """One member's answer: its object, its QueryResponse or its own Fault (vcr_batch)."""
    try:
        forced.check(bid)
        return {**_do_member(books, member), "bId": bid}
    except Refusal as refusal:
        return {**refusal.member(), "bId": bid}


def _do_member(books: Books, member: Obj) -> Obj:
    if "Query" in member:
        return _run_query(books, str(member["Query"]))
    names = [key for key in member if key not in ("bId", "operation", "optionsData", "options")]
    if len(names) != 1:
        raise refusals.unsupported_object(",".join(names))
    entity, body = operations.entity_named(names[0]), member[names[0]]
    operation = member.get("operation")
    if member.get("optionsData") == "void" and operation == "update":
        return {entity.name: operations.void(books, entity, body, "batch")}
    if operation not in ("create", "update", "delete"):
        raise refusals.unsupported_operation(str(operation))
    if operation == "update" and not (isinstance(body, dict) and body.get("Id")):
        raise refusals.missing("Id")
    any_number = member.get("optionsData") == _ANY_NUMBER  # as for void; not documented for batches [G]
    return {entity.name: _write(books, entity, operation, "", body, any_number=any_number)}


def _tax_service(books: Books, forced: Forced, body: object) -> Obj:
    forced.check()
    try:
        return special.create_tax_code(books, body)
    except Refusal as refusal:
        refusal.status = books.taxservice_fault_status  # recorded as 200 by one source (facts: QBO 0.1)
        raise


def _forced(forced: Forced, make: Callable[..., Obj], *arguments: object) -> Obj:
    forced.check()
    return make(*arguments)


def _nowhere(request: Request, body: object) -> Call:
    detail = f"Could not find resource for relative : {request.path} of full path: {request.path}"
    kind: RequestKind = "read" if request.method == "GET" else "write"
    reads = 1 if kind == "read" else 0
    return Call([Step("unknown")], kind, reads, "unknown", body, _raiser(refusals.unsupported_operation(detail)))


def _raiser(refusal: Refusal) -> Callable[[Books, Forced], Obj]:
    def run(books: Books, forced: Forced) -> Obj:
        del books, forced
        raise refusal

    return run


def _body(request: Request) -> tuple[object, Refusal | None]:
    try:
        body = loads(request.body)
    except ValueError:
        return None, refusals.unreadable_body()
    return body, None if isinstance(body, dict) else refusals.unreadable_body()


def _names(body: object) -> frozenset[str]:
    if not isinstance(body, Mapping):
        return frozenset()
    return frozenset(str(body[name]) for name in _NAMES if body.get(name))

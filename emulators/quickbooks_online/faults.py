"""Failures on demand: which request goes wrong, and how."""

import threading
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

Kind: TypeAlias = Literal["before", "after", "late", "status", "slow", "truncate", "error", "omit"]
Shape: TypeAlias = Literal["json", "lowercase", "xml", "oauth", "html", "empty", "fault200"]
# What one member of a batch can be answered in; any other shape takes the place of the whole batch's answer.
MEMBER_SHAPES: frozenset[Shape] = frozenset({"json", "lowercase", "fault200"})


class ConnectionDropped(ConnectionError):
    """The caller gets no answer. In-process it comes out of the WSGI call; a server closes the socket.

    `timed_out` says the caller should see a read timeout instead of a closed connection.
    """

    def __init__(self, message: str, *, timed_out: bool = False) -> None:
        super().__init__(message)
        self.timed_out = timed_out


@dataclass(frozen=True, slots=True)
class Step:
    """One operation inside a request: the request itself, or a member of its batch, whose `position` counts from 1."""

    operation: str
    entity: str = ""
    bid: str = ""
    names: frozenset[str] = frozenset()
    position: int = 0


@dataclass(kw_only=True)
class Fault:
    """One kind of failure and the requests it hits.

    Kinds: `before` connection dropped, nothing done; `after` done, answer lost; `late` connection dropped now, done
    `delay` seconds of emulator time later; `status` answered with `status` in a `shape` by the gateway, nothing done;
    `slow` done after `delay` seconds; `truncate` done, half the body sent; `error` this operation or batch member is
    refused with `code` in a `shape`, nothing of it done, or with `whole` the batch that it is in; `omit` done, but left
    out of the batch's answer.

    An `error` may have any code; `message`, `status` and the fault's type are those of the code (`fault_codes`) unless
    given; for the OAuth server (operations token and revoke) it is OAuth's `error`. Shapes: the API's `json` or, with
    HTTP 200, `fault200`; the gateway's `lowercase`, `xml` and `oauth`; a proxy's `html` and `empty`.

    Matching: `method`, `path` (a part of it), `realm`, `operation` (create, update, delete, void, query, read, batch,
    cdc, taxservice, token, authorize, revoke), `entity`, `bid`, `member` (its place in the batch, from 1) and `name`
    (DisplayName, Name, DocNumber, PrivateNote or Id) must all fit one operation of the request; an unset one fits
    everything. The `nth` matching request is the first to be hit, `times` are hit in all (None: without end).
    """

    kind: Kind
    method: str | None = None
    path: str | None = None
    realm: str | None = None
    operation: str | None = None
    entity: str | None = None
    bid: str | None = None
    member: int | None = None
    name: str | None = None
    nth: int = 1
    times: int | None = 1
    delay: float = 0.0
    timed_out: bool = False
    status: int | None = None
    shape: Shape = "json"
    code: str = "6000"
    message: str = ""
    detail: str = "Refused on demand"
    element: str = ""
    whole: bool = False
    seen: int = field(default=0, init=False)

    def fits_request(self, method: str, path: str, realm: str) -> bool:
        """True if method, path and realm fit."""
        return (
            (self.method is None or self.method.upper() == method)
            and (self.path is None or self.path in path)
            and (self.realm is None or self.realm == realm)
        )

    def fits_step(self, step: Step) -> bool:
        """True if operation, entity, bId, place and name fit one operation."""
        return (
            (self.operation is None or self.operation == step.operation)
            and (self.entity is None or self.entity == step.entity)
            and (self.bid is None or self.bid == step.bid)
            and (self.member is None or self.member == step.position)
            and (self.name is None or self.name in step.names)
        )

    def due(self) -> bool:
        """Count one matching request; True if this one is to be hit."""
        self.seen += 1
        return self.seen >= self.nth and (self.times is None or self.seen < self.nth + self.times)


class Faults:
    """The failures that are waiting."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Arm one."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Disarm all."""
        with self._lock:
            self._faults.clear()

    def for_request(self, method: str, path: str, realm: str, steps: list[Step]) -> list[tuple[Fault, list[Step]]]:
        """The failures that hit this request, each with the operations it fits."""
        if not self._faults:
            return []
        hits: list[tuple[Fault, list[Step]]] = []
        with self._lock:
            for fault in self._faults:
                if not fault.fits_request(method, path, realm):
                    continue
                fitting = [step for step in steps if fault.fits_step(step)]
                if fitting and fault.due():
                    hits.append((fault, fitting))
        return hits


def parse_fault(body: dict[str, Any]) -> Fault:
    """A Fault from the admin endpoint's JSON; raises TypeError for an unknown field, ValueError for an unknown kind."""
    values = dict(body)
    values["delay"] = float(values.get("delay", 0))
    fault = Fault(**values)
    if fault.kind not in get_args(Kind) or fault.shape not in get_args(Shape):
        raise ValueError(f"unknown kind {fault.kind!r} or shape {fault.shape!r}")
    return fault

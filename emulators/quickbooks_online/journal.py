"""The journal: every request with what became of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from .json_text import Obj

RequestKind: TypeAlias = Literal["read", "write", "oauth"]


@dataclass(slots=True)
class JournalEntry:
    """One request.

    `body` is the parsed JSON, or the text. `status` is None when the connection was dropped. `kind` says what Intuit
    meters:
    reads are "CorePlus", writes are free (facts: QBO 2.9); `reads` counts a batch's queries each.
    `operation` reads like "create Invoice". `token` is the last characters of the access token. `note` says what the
    emulator did to it: "replayed", "dropped before", "dropped after", "late", "slow", "truncated" or "".
    """

    time: datetime
    realm: str
    method: str
    path: str
    query: dict[str, str]
    body: Any
    status: int | None
    kind: RequestKind
    reads: int
    operation: str
    token: str
    note: str = ""

    def as_json(self) -> Obj:
        """For the admin endpoint."""
        return {
            "time": self.time.isoformat(),
            "realm": self.realm,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "body": self.body,
            "status": self.status,
            "kind": self.kind,
            "reads": self.reads,
            "operation": self.operation,
            "token": self.token,
            "note": self.note,
        }

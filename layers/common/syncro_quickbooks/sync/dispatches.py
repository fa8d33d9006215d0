"""Dispatches: frozen requests, the unit of sending and of recovery."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from syncro_quickbooks.clock import from_millis, to_millis
from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.storage.packing import pack, unpack
from syncro_quickbooks.storage.table import Item, Key
from syncro_quickbooks.sync.model import Operation, Problem, RecordKey, Totals
from syncro_quickbooks.sync.records import SCHEMA, problems_from_text, problems_to_text

REQUEST_LIFE = timedelta(seconds=120)
"""How long QuickBooks may still work on a request we hung up on (facts: QBO 2.1, requests time out at 120 s)."""

PROOF_AFTER = REQUEST_LIFE + timedelta(seconds=80)
"""No proof of absence before this long after a send was noted: REQUEST_LIFE, a margin of 30 s, and what may pass
between the note and the request itself (the token's lock, its refresh, the rate limit)."""

REPLAY_TRUSTED_FOR = timedelta(hours=1)
"""How long a repeated create may rely on the request id; Intuit does not say how long ids are kept (facts: QBO 2.2)."""

SAME_ANSWERS_BEFORE_PROOF = 3
"""Equal 5xx answers to one request id after which repeating it is pointless."""


@dataclass(frozen=True, slots=True)
class Member:
    """One record's part in a dispatch. `bid` ties QuickBooks' answer to it."""

    bid: str
    key: RecordKey
    entity: str
    operation: Operation
    generation: int
    stamp: str
    digest: str
    body: JsonObject
    expected: Totals | None = None
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One frozen request: sent byte for byte until its outcome is known, whatever its members want by then."""

    id: str
    realm_id: str
    request: JsonObject
    members: tuple[Member, ...]
    first_sent_at: datetime
    last_sent_at: datetime
    due: datetime
    sends: int = 1
    last_answer: str = ""
    same_answers: int = 0
    prove: bool = False

    @property
    def failing(self) -> bool:
        """Whether the last answer was a 5xx: the server may be down, or fail at just this request."""
        return self.same_answers > 0

    @property
    def settled_by_proof(self) -> bool:
        """Whether another send could not bring an outcome that can be trusted."""
        aged = self.last_sent_at - self.first_sent_at > REPLAY_TRUSTED_FOR
        return self.prove or aged or self.same_answers >= SAME_ANSWERS_BEFORE_PROOF


def dispatch_to_item(key: Key, dispatch: Dispatch) -> Item:
    """`dispatch` as the item at `key`. Raises TooLarge."""
    return {
        "pk": key.pk,
        "sk": key.sk,
        "schema": SCHEMA,
        "frozen": pack({"request": dispatch.request, "members": [_member_to_json(m) for m in dispatch.members]}),
        "first_sent_at": to_millis(dispatch.first_sent_at),
        "last_sent_at": to_millis(dispatch.last_sent_at),
        "next_at": to_millis(dispatch.due),
        "sends": dispatch.sends,
        "last_answer": dispatch.last_answer,
        "same_answers": dispatch.same_answers,
        "prove": dispatch.prove,
    }


def dispatch_from_item(realm_id: str, item: Item) -> Dispatch:
    """The dispatch in `item`."""
    frozen = unpack(item["frozen"])
    if not isinstance(frozen, dict) or not isinstance(frozen["request"], dict):
        raise TypeError(f"dispatch {item['sk']!r} holds no request")
    return Dispatch(
        id=str(item["sk"]),
        realm_id=realm_id,
        request=frozen["request"],
        members=tuple(_member_from_json(member) for member in _objects(frozen["members"])),
        first_sent_at=_time(item, "first_sent_at"),
        last_sent_at=_time(item, "last_sent_at"),
        due=_time(item, "next_at"),
        sends=int(str(item["sends"])),
        last_answer=str(item["last_answer"]),
        same_answers=int(str(item["same_answers"])),
        prove=bool(item["prove"]),
    )


def _member_to_json(member: Member) -> JsonObject:
    expected: Json = None
    if member.expected is not None:
        tax = member.expected.tax
        expected = {"total": str(member.expected.total), "tax": None if tax is None else str(tax)}
    return {
        "bid": member.bid,
        "key": str(member.key),
        "entity": member.entity,
        "operation": str(member.operation),
        "generation": member.generation,
        "stamp": member.stamp,
        "digest": member.digest,
        "body": member.body,
        "expected": expected,
        "warnings": problems_to_text(member.warnings),
    }


def _member_from_json(raw: JsonObject) -> Member:
    expected = raw["expected"]
    body = raw["body"]
    return Member(
        bid=str(raw["bid"]),
        key=RecordKey.parse(str(raw["key"])),
        entity=str(raw["entity"]),
        operation=Operation(str(raw["operation"])),
        generation=int(str(raw["generation"])),
        stamp=str(raw["stamp"]),
        digest=str(raw["digest"]),
        body=body if isinstance(body, dict) else {},
        expected=_totals(expected) if isinstance(expected, dict) else None,
        warnings=problems_from_text(str(raw["warnings"])),
    )


def _totals(raw: JsonObject) -> Totals:
    tax = raw["tax"]
    return Totals(Decimal(str(raw["total"])), None if tax is None else Decimal(str(tax)))


def _objects(value: Json) -> Sequence[JsonObject]:
    return [member for member in value if isinstance(member, dict)] if isinstance(value, list) else []


def _time(item: Item, name: str) -> datetime:
    return from_millis(int(str(item[name])))

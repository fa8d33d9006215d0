"""What became of each member of a write: done, refused, or not clear from the answer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from syncro_quickbooks import exact_json
from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.online import verdict
from syncro_quickbooks.online.faults import Clean, Fault, Faulted, fault_of
from syncro_quickbooks.online.frozen import TAX_SERVICE, FrozenRequest


@dataclass(frozen=True, slots=True)
class Done:
    """QuickBooks did it and answered with the object (for a deleted one only Id and status)."""

    object: JsonObject
    entity: str


@dataclass(frozen=True, slots=True)
class Refused:
    """QuickBooks definitely did not do it."""

    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Unclear:
    """The answer does not tell whether it was done; `faults` is what QuickBooks said, if anything."""

    reason: str
    faults: tuple[Fault, ...] = ()


MemberOutcome: TypeAlias = Done | Refused | Unclear


def entity_in(body: Mapping[str, Json], entity: str) -> JsonObject | None:
    """The object under the entity's name, whatever its case (paths are lower-case), if it has an Id."""
    for key, value in body.items():
        if key.lower() == entity.lower() and isinstance(value, dict):
            identified = isinstance(value.get("Id"), str) and value["Id"]
            return value if identified else None
    return None


def single_outcome(request: FrozenRequest, reading: Clean | Faulted) -> MemberOutcome:
    """What became of the one thing that `request` was to do."""
    if isinstance(reading, Faulted):
        return _refused_or_unclear(reading)
    if request.path == "/taxservice/taxcode":  # answers with the bare object (Intuit reference, TaxService)
        made = isinstance(reading.body.get("TaxCodeId"), str)
        return Done(reading.body, TAX_SERVICE) if made else Unclear("the answer names no TaxCodeId")
    return _outcome(reading.body, request.path.removeprefix("/"))


def _outcome(body: Mapping[str, Json], entity: str) -> MemberOutcome:
    found = entity_in(body, entity)
    if found is None:
        return Unclear(f"the answer holds no {entity}")
    return Done(found, next(key for key in body if key.lower() == entity.lower()))


def answers_by_bid(body: JsonObject) -> dict[str, list[JsonObject]]:
    """What a batch answer says of each bId; two answers to one are two answers, not the last."""
    answered = body.get("BatchItemResponse")
    by_bid: dict[str, list[JsonObject]] = {}
    for member in answered if isinstance(answered, list) else []:
        if isinstance(member, dict):
            by_bid.setdefault(str(member.get("bId")), []).append(member)
    return by_bid


def batch_outcomes(request: FrozenRequest, bids: Sequence[str], body: JsonObject) -> dict[str, MemberOutcome]:
    """What became of each of `bids` according to the `body` of a clean batch answer; every one of them is named."""
    entities = _entities_by_bid(request.body)
    answers = answers_by_bid(body)
    return {bid: _batched(answers.get(bid, []), entities.get(bid)) for bid in bids}


def _batched(answers: Sequence[JsonObject], entity: str | None) -> MemberOutcome:
    if not answers or entity is None:
        return Unclear("the answer leaves this member out")
    return _member_outcome(answers[0], entity) if len(answers) == 1 else Unclear("the answer names this member twice")


def _member_outcome(member: JsonObject, entity: str) -> MemberOutcome:
    fault = fault_of(member)
    if fault is None:
        return _outcome(member, entity)
    if not isinstance(fault, Faulted):
        return Unclear(fault.explanation)
    if verdict.is_throttled(200, fault) or verdict.is_token_refused(200, fault):
        return Unclear("QuickBooks turned this member away", fault.faults)
    return _refused_or_unclear(fault)


def _refused_or_unclear(reading: Faulted) -> Refused | Unclear:
    undecided = verdict.undecided_code(reading.faults)
    return Refused(reading.faults) if undecided is None else Unclear(f"fault_{undecided}", reading.faults)


def _entities_by_bid(batch: bytes) -> dict[str, str]:
    parsed = exact_json.loads(batch)
    items = parsed.get("BatchItemRequest") if isinstance(parsed, dict) else None
    return dict(_named_entities(items if isinstance(items, list) else []))


def _named_entities(items: Iterable[Json]) -> Iterable[tuple[str, str]]:
    for item in items:
        if isinstance(item, dict):
            entity = next((key for key in item if key not in ("bId", "operation", "optionsData")), "")
            yield str(item.get("bId")), entity

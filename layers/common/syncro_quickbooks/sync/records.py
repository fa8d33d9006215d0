"""Records and what is known of them in one QuickBooks company: desired, attempt, applied, link.

Three parts with one writer each: intake writes *desired*, the worker that holds the account's lease writes the rest.
Attempt, link and applied live in an item of their own per realm, so what was learned in one company is never
mistaken for something in another.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.storage.packing import TooLarge, pack, unpack
from syncro_quickbooks.storage.table import Item, Key, Value
from syncro_quickbooks.sync.choices import Choice, choices_from_text, counting
from syncro_quickbooks.sync.model import Action, Kind, Operation, Problem, RecordKey, Status, Who

SCHEMA = 1
"""Version of the items written here; readers accept this one and the one before."""


@dataclass(frozen=True, slots=True)
class Record:
    """One Syncro thing: the newest snapshot of it, and where its sync stands.

    `desired` is None when no event has brought it yet, or when it was too large to keep.
    `force` is the id of the newest Force Update request, empty without one. `decided_in` is the realm that status and
    problems are about. `choices` is what people decided about it, `answered` names the newest answer to what it showed.
    """

    key: RecordKey
    version: int = 0
    desired: JsonObject | None = None
    deleted: bool = False
    force: str = ""
    status: Status = Status.DORMANT
    problems: tuple[Problem, ...] = ()
    tries: int = 0
    has_waiters: bool = False
    first_dirty_at: int = 0
    changed_at: int = 0
    decided_in: str = ""
    choices: tuple[Choice, ...] = ()
    answered: str = ""

    def chosen(self, *actions: str) -> Choice | None:
        """The choice of one of `actions` that counts for what is desired now."""
        return counting(self.choices, self.version, actions)

    @property
    def stamp(self) -> str:
        """Identifies what is desired: changes with every newer version and every Force Update."""
        return f"{self.version}:{self.force}"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What an unresolved dispatch is doing to a record."""

    dispatch_id: str
    operation: Operation
    stamp: str
    digest: str
    generation: int


@dataclass(frozen=True, slots=True)
class AsFound:
    """How an invoice was when it was linked, unsent, to one that QuickBooks had: both books agreed about it then.

    `content` identifies what Syncro said; empty once somebody has decided otherwise. `paid` is how much was paid on it
    in QuickBooks (an amount), `payments` are the ids of the Syncro payments that are in that.
    """

    content: str
    paid: str
    payments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RealmState:
    """What is known of one record in one realm.

    `generation` is the highest one used in a create; `doubt` says why absence could not be proven, and forbids
    another create until somebody decides. `gone` marks a document that we voided or deleted: a tombstone.
    `release_to` says, while an invoice is being changed, how much its payments may still apply to it (an amount).
    `kept` is the version for which somebody decided that QuickBooks is right as it is, `suffix` what somebody chose to
    put behind a list entry's name. `as_found` is there of an invoice that was linked to one QuickBooks had. `reversed`
    says that a credit memo takes the invoice back, as somebody decided.
    """

    entity: str = ""
    qbo_id: str = ""
    sync_token: str = ""
    generation: int = 0
    attempt: Attempt | None = None
    applied_stamp: str = ""
    applied_digest: str = ""
    object: JsonObject | None = None
    gone: bool = False
    doubt: str = ""
    release_to: str = ""
    kept: int = 0
    suffix: str = ""
    as_found: AsFound | None = None
    reversed: bool = False

    @property
    def linked(self) -> bool:
        """Whether the QuickBooks object is known."""
        return bool(self.qbo_id)


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A record that can be acted on. `stamp` is the desired state it stands for, `due` when to act (ms).

    `since` (ms) is when it began to wait.
    """

    key: RecordKey
    layer: int
    stamp: str
    due: int
    since: int


LAYER_OF: dict[Kind, int] = {
    Kind.CUSTOMER: 1,
    Kind.VENDOR: 1,
    Kind.PRODUCT: 1,
    Kind.TAX_RATE: 1,
    Kind.INVOICE: 2,
    Kind.STORE_CREDIT: 2,
    Kind.WRITE_OFF: 2,
    Kind.REVERSAL: 2,
    Kind.PURCHASE_ORDER: 2,
    Kind.CUSTOMER_PURCHASE: 2,
    Kind.BILL: 3,
    Kind.PAYMENT: 3,
    Kind.REVERSAL_USE: 3,
}
LAYERS: Sequence[int] = sorted(set(LAYER_OF.values()))


def record_from_item(key: RecordKey, item: Item | None) -> Record:
    """The record in `item`; an empty one when there is none."""
    if item is None:
        return Record(key)
    desired = unpack(item["desired"]) if "desired" in item else None
    return Record(
        key=key,
        version=_int(item.get("version")),
        desired=desired if isinstance(desired, dict) else None,
        deleted=bool(item.get("deleted")),
        force=str(item.get("force", "")),
        status=Status(str(item["status"])),
        problems=problems_from_text(str(item.get("problems", "[]"))),
        tries=_int(item.get("tries")),
        has_waiters=bool(item.get("has_waiters")),
        first_dirty_at=_int(item.get("first_dirty_at")),
        changed_at=_int(item.get("changed_at")),
        decided_in=str(item.get("decided_in", "")),
        choices=choices_from_text(str(item.get("choices", ""))),
        answered=str(item.get("answered", "")),
    )


def state_from_item(item: Item | None) -> RealmState:
    """The state in `item`; an empty one when there is none."""
    if item is None:
        return RealmState()
    stored = unpack(item["object"]) if "object" in item else None
    return RealmState(
        entity=str(item.get("entity", "")),
        qbo_id=str(item.get("qbo_id", "")),
        sync_token=str(item.get("sync_token", "")),
        generation=_int(item.get("generation")),
        attempt=_attempt(item.get("attempt")),
        applied_stamp=str(item.get("applied_stamp", "")),
        applied_digest=str(item.get("applied_digest", "")),
        object=stored if isinstance(stored, dict) else None,
        gone=bool(item.get("gone")),
        doubt=str(item.get("doubt", "")),
        release_to=str(item.get("release_to", "")),
        kept=_int(item.get("kept")),
        suffix=str(item.get("suffix", "")),
        as_found=_as_found(item.get("as_found")),
        reversed=bool(item.get("reversed")),
    )


def state_to_item(key: Key, state: RealmState) -> Item:
    """`state` as the item at `key`."""
    item: Item = {
        "pk": key.pk,
        "sk": key.sk,
        "schema": SCHEMA,
        "entity": state.entity,
        "qbo_id": state.qbo_id,
        "sync_token": state.sync_token,
        "generation": state.generation,
        "applied_stamp": state.applied_stamp,
        "applied_digest": state.applied_digest,
        "gone": state.gone,
        "doubt": state.doubt,
        "release_to": state.release_to,
        "kept": state.kept,
        "suffix": state.suffix,
        "reversed": state.reversed,
    }
    if state.object is not None:
        item["object"] = _packed_object(state.object)
    if state.as_found is not None:
        found = state.as_found
        item["as_found"] = {"content": found.content, "paid": found.paid, "payments": list(found.payments)}
    if state.attempt is not None:
        attempt = state.attempt
        item["attempt"] = {
            "dispatch_id": attempt.dispatch_id,
            "operation": str(attempt.operation),
            "stamp": attempt.stamp,
            "digest": attempt.digest,
            "generation": attempt.generation,
        }
    return item


def _packed_object(stored: JsonObject) -> bytes:
    """The object, or without its lines if it is too large: a change of theirs by hand is then not noticed."""
    try:
        return pack(stored)
    except TooLarge:
        return pack({name: value for name, value in stored.items() if name != "Line"})


MOST_PROBLEMS = 20
LONGEST_TEXT = 2_000
"""More than anybody reads; without a limit a long diff would not fit into the record's item."""


def problems_to_text(problems: Sequence[Problem]) -> str:
    """`problems` as JSON, the form they have in the table; very long texts are cut."""
    return json.dumps(
        [
            {
                "code": problem.code,
                "message": problem.message[:LONGEST_TEXT],
                "fix": problem.fix,
                "who": str(problem.who),
                "verbatim": problem.verbatim[:LONGEST_TEXT],
                "actions": [{"name": a.name, "label": a.label, "params": dict(a.params)} for a in problem.actions],
            }
            for problem in problems[:MOST_PROBLEMS]
        ]
    )


def problems_from_text(text: str) -> tuple[Problem, ...]:
    """What `problems_to_text` wrote."""
    return tuple(
        Problem(
            code=raw["code"],
            message=raw["message"],
            fix=raw["fix"],
            who=Who(raw["who"]),
            verbatim=raw["verbatim"],
            actions=tuple(Action(a["name"], a["label"], a["params"]) for a in raw["actions"]),
        )
        for raw in json.loads(text)
    )


def without_document(state: RealmState) -> RealmState:
    """`state` once the object in QuickBooks is to count no more; another one may be made, of the next generation."""
    return RealmState(generation=state.generation, attempt=state.attempt, suffix=state.suffix)


def changed_in_quickbooks(state: RealmState) -> RealmState:
    """`state` once somebody is seen to have changed the object there: what was written is not what it says."""
    return replace(state, applied_digest="")


def without_attempt(state: RealmState) -> RealmState:
    """`state` once its attempt is settled."""
    return replace(state, attempt=None)


@dataclass(frozen=True, slots=True)
class View:
    """A record together with its state in the connected realm."""

    record: Record
    state: RealmState = field(default_factory=RealmState)

    @property
    def key(self) -> RecordKey:
        return self.record.key


def _attempt(value: Value) -> Attempt | None:
    if not isinstance(value, dict):
        return None
    return Attempt(
        dispatch_id=str(value["dispatch_id"]),
        operation=Operation(str(value["operation"])),
        stamp=str(value["stamp"]),
        digest=str(value["digest"]),
        generation=_int(value["generation"]),
    )


def _as_found(value: Value) -> AsFound | None:
    if not isinstance(value, dict):
        return None
    ids = value["payments"]
    return AsFound(str(value["content"]), str(value["paid"]), tuple(map(str, ids)) if isinstance(ids, list) else ())


def _int(value: Value) -> int:
    return value if isinstance(value, int) else 0

"""One company's objects: put, remove, undo, unique names and numbers, and who owes what."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from .entities import DELETED_SUFFIX, ENTITIES, Entity, name_scope, unique_name
from .json_text import Obj

ZERO = Decimal(0)
_Holder = TypeVar("_Holder")


@dataclass(frozen=True, slots=True)
class Deleted:
    """A deleted transaction, which CDC still reports."""

    entity: str
    id: str
    at: datetime


class Store:
    """Objects by entity and id. Objects are replaced, never changed in place, so a failed operation can be undone."""

    def __init__(self) -> None:
        self._objects: dict[str, dict[str, Obj]] = defaultdict(dict)
        self._names: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
        self._numbers: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._last_id: dict[str, int] = defaultdict(int)
        self._undo: list[tuple[str, str, Obj | None]] | None = None
        self.deleted: list[Deleted] = []
        # An inactive entry's old name stays taken unless a test says otherwise (facts: QBO 1.0) [G].
        self.inactive_names_stay_taken = True

    def next_id(self, entity: str) -> str:
        """A new id: a counter per entity, so that code confusing two entities' ids is caught."""
        self._last_id[entity] += 1
        return str(self._last_id[entity])

    def get(self, entity: str, object_id: str) -> Obj | None:
        """The stored object; do not change it."""
        return self._objects[entity].get(object_id)

    def all(self, entity: str) -> Iterator[Obj]:
        """All objects of an entity, oldest first."""
        return iter(self._objects[entity].values())

    def put(self, entity: str, obj: Obj) -> None:
        """Add or replace an object."""
        self._replace(entity, obj["Id"], obj)

    def remove(self, entity: str, object_id: str) -> None:
        """Take an object out."""
        self._replace(entity, object_id, None)

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """All changes inside, or none when it raises."""
        if self._undo is not None:
            yield
            return
        self._undo = []
        deleted = len(self.deleted)
        try:
            yield
        except BaseException:
            undo, self._undo = self._undo, None
            for entity, object_id, previous in reversed(undo):
                self._replace(entity, object_id, previous)
            del self.deleted[deleted:]
            raise
        finally:
            self._undo = None

    def holder_of_name(self, entity: Entity, name: str) -> tuple[str, str] | None:
        """(entity, id) of whoever has this name in the name space; case does not count."""
        return min(self._names.get((name_scope(entity), name.casefold()), ()), default=None)

    def holder_of_number(self, entity: str, number: str) -> str | None:
        """The id of the document of this entity with this number."""
        return min(self._numbers.get((entity, number), ()), key=int, default=None)

    def _replace(self, entity: str, object_id: str, obj: Obj | None) -> None:
        previous = self._objects[entity].get(object_id)
        if self._undo is not None:
            self._undo.append((entity, object_id, previous))
        if previous is not None:
            self._index(entity, object_id, previous, add=False)
        if obj is None:
            self._objects[entity].pop(object_id, None)
        else:
            self._objects[entity][object_id] = obj
            self._index(entity, object_id, obj, add=True)

    def _index(self, entity: str, object_id: str, obj: Obj, *, add: bool) -> None:
        spec = ENTITIES[entity]
        if spec.is_list:
            for name in self._taken_names(spec, obj):
                _mark(self._names[name_scope(spec), name.casefold()], (entity, object_id), add)
        elif number := obj.get("DocNumber"):
            _mark(self._numbers[entity, number], object_id, add)
        self._owe(entity, obj, 1 if add else -1)

    def _taken_names(self, spec: Entity, obj: Obj) -> list[str]:
        name = unique_name(spec, obj)
        names = [name]
        if self.inactive_names_stay_taken and not obj.get("Active", True):
            names.append(name.removesuffix(DELETED_SUFFIX))
        return names

    def _owe(self, entity: str, obj: Obj, sign: int) -> None:
        """Keep Customer.Balance and Vendor.Balance, which QuickBooks changes without touching the SyncToken."""
        party, amount = _owed(entity, obj)
        if not amount or party not in obj:
            return
        people = self._objects[party.removesuffix("Ref")]
        holder = people.get(obj[party]["value"])
        if holder is not None:
            balance = holder.get("Balance", ZERO) + sign * amount
            changed = {**holder, "Balance": balance}
            if "BalanceWithJobs" in holder:
                changed["BalanceWithJobs"] = balance
            people[holder["Id"]] = changed


def _owed(entity: str, obj: Obj) -> tuple[str, Decimal]:
    if entity == "Invoice":
        return "CustomerRef", obj.get("Balance", ZERO)
    if entity == "CreditMemo":
        return "CustomerRef", -obj.get("RemainingCredit", ZERO)
    if entity == "Payment":
        return "CustomerRef", -obj.get("UnappliedAmt", ZERO)
    if entity == "Bill":
        return "VendorRef", obj.get("Balance", ZERO)
    return "", ZERO


def _mark(holders: set[_Holder], holder: _Holder, add: bool) -> None:
    if add:
        holders.add(holder)
    else:
        holders.discard(holder)

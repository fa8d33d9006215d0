"""DynamoDB's request units, counted on the table in memory by the rules of its price list.

Reads here are strongly consistent: one unit for every 4 KB of an item, of a query for every 4 KB of its page. A write
is one unit for every 1 KB of the larger of before and after, twice that in a transaction, and again for the indexes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.support.in_memory.dynamodb import INDEXES, MemoryDynamoDB, size

_READ_UNIT, _WRITE_UNIT = 4096, 1024


class MeteredDynamoDB(MemoryDynamoDB):
    """The table in memory; `reads` and `writes` are the units used up, `calls` the requests."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0.0
        self.writes = 0
        self.calls = 0

    def get_item(self, **parts: Any) -> dict[str, Any]:
        answer = super().get_item(**parts)
        self._read([answer.get("Item")])
        return answer

    def batch_get_item(self, **parts: Any) -> dict[str, Any]:
        answer = super().batch_get_item(**parts)
        ((table, wanted),) = parts["RequestItems"].items()
        found = answer["Responses"][table]
        self._read([*found, *[None] * (len(wanted["Keys"]) - len(found))])
        return answer

    def query(self, **parts: Any) -> dict[str, Any]:
        answer = super().query(**parts)
        self.calls += 1
        units = _units(sum(map(size, answer["Items"])), _READ_UNIT)
        self.reads += units if parts.get("ConsistentRead") else units / 2
        return answer

    def put_item(self, **parts: Any) -> dict[str, Any]:
        return self._write([("Put", parts)], lambda: super(MeteredDynamoDB, self).put_item(**parts))

    def update_item(self, **parts: Any) -> dict[str, Any]:
        return self._write([("Update", parts)], lambda: super(MeteredDynamoDB, self).update_item(**parts))

    def delete_item(self, **parts: Any) -> dict[str, Any]:
        return self._write([("Delete", parts)], lambda: super(MeteredDynamoDB, self).delete_item(**parts))

    def transact_write_items(self, *, TransactItems: Sequence[Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803
        operations = [next(iter(each.items())) for each in TransactItems]
        return self._write(
            operations, lambda: super(MeteredDynamoDB, self).transact_write_items(TransactItems=TransactItems), 2
        )

    def _read(self, items: Sequence[Any]) -> None:
        self.calls += 1
        self.reads += sum(_units(size(item) if item else 0, _READ_UNIT) for item in items)

    def _write(self, operations: Sequence[tuple[str, Mapping[str, Any]]], done: Any, factor: int = 1) -> dict[str, Any]:
        """A refused condition costs as much as a write."""
        self.calls += 1
        places = [(parts.get("Key") or parts["Item"]) for _, parts in operations]
        before = [self._at(place) for place in places]
        try:
            answer: dict[str, Any] = done()
        finally:
            after = [self._at(place) for place in places]
            for old, new in zip(before, after, strict=True):
                self.writes += factor * _units(max(size(old), size(new)), _WRITE_UNIT) + _index_units(old, new)
        return answer

    def _at(self, place: Mapping[str, Any]) -> dict[str, Any]:
        found = super().get_item(TableName="table", Key={"pk": place["pk"], "sk": place["sk"]})
        return dict(found.get("Item", {}))


def _units(octets: int, unit: int) -> int:
    return max(1, -(-octets // unit))


def _index_units(old: Mapping[str, Any], new: Mapping[str, Any]) -> int:
    """A sparse index: nothing if its key stays, else one for the entry that goes and one for the one that comes."""
    units = 0
    for names in INDEXES.values():
        was, will = ([item.get(name) for name in names] for item in (old, new))
        units += 0 if was == will else int(all(was)) + int(all(will))
    return units

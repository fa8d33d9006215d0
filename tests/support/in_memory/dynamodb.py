"""The layer's one table in memory: boto3's client for it, as far as storage/table.py and the tests call it."""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from botocore.exceptions import ClientError

from tests.support.in_memory import expressions
from tests.support.in_memory.expressions import Item

Place: TypeAlias = tuple[str, str]
Parts: TypeAlias = Mapping[str, Any]

LARGEST_ITEM = 400 * 1024
MOST_IN_A_TRANSACTION = 100
MOST_KEYS_AT_ONCE = 100
MOST_WRITES_AT_ONCE = 25
SCANNED_AT_ONCE = 2**20
INDEXES = {"due": ("due_shard", "next_due"), "listed": ("listed_in", "changed_at")}
_WRITES = ("Put", "Update", "Delete", "ConditionCheck")
_PARTS = {
    "TableName",
    "Key",
    "Item",
    "ConditionExpression",
    "UpdateExpression",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
    "ReturnValues",
}


class MemoryDynamoDB:
    """A table with the key (pk, sk) and two indexes. Items are replaced, never changed: readers may keep them."""

    def __init__(self, name: str = "table") -> None:
        self._name = name
        self._partitions: dict[str, dict[str, Item]] = {}
        self._order: dict[str, list[str]] = defaultdict(list)
        self._indexed: dict[tuple[str, str], set[Place]] = defaultdict(set)

    # -- reading -----------------------------------------------------------------------------------------------------

    def get_item(self, *, TableName: str, Key: Item, ConsistentRead: bool = False) -> dict[str, Any]:
        del ConsistentRead
        self._check(TableName)
        item = self._item(_place(Key))
        return {} if item is None else {"Item": dict(item)}

    def batch_get_item(self, *, RequestItems: Mapping[str, Any]) -> dict[str, Any]:
        ((table, wanted),) = RequestItems.items()
        self._check(table)
        if set(wanted) - {"Keys", "ConsistentRead"}:
            raise NotImplementedError(f"BatchGetItem with {set(wanted)}")
        places = [_place(key) for key in wanted["Keys"]]
        if len(places) > MOST_KEYS_AT_ONCE or len(places) != len(set(places)) or not places:
            raise _error("ValidationException", "BatchGetItem")
        found = [dict(item) for place in places if (item := self._item(place)) is not None]
        return {"Responses": {table: found}, "UnprocessedKeys": {}}

    def query(
        self,
        *,
        TableName: str,
        KeyConditionExpression: str,
        ExpressionAttributeNames: Mapping[str, str],
        ExpressionAttributeValues: Item,
        IndexName: str = "",
        ConsistentRead: bool = False,
        ScanIndexForward: bool = True,
        Select: str = "",
        Limit: int | None = None,
        ExclusiveStartKey: Item | None = None,
    ) -> dict[str, Any]:
        self._check(TableName)
        names, values = ExpressionAttributeNames, ExpressionAttributeValues
        if IndexName:
            if ConsistentRead or Select not in ("", "COUNT"):
                raise NotImplementedError("a query of an index is never consistent")
            places = self._in_index(IndexName, KeyConditionExpression, names, values)
            if not ScanIndexForward:
                places.reverse()
            if ExclusiveStartKey:
                begin_behind = _index_place(IndexName, ExclusiveStartKey)
                places = [each for each in places if (each > begin_behind) is ScanIndexForward and each != begin_behind]
            items = [self._projected(IndexName, pk, sk) for _, pk, sk in places[:Limit]]
            if Select:
                return {"Count": len(items)}
            # As below; the index's own last key is the place in it and the item's.
            more = {"LastEvaluatedKey": items[-1]} if Limit is not None and len(items) == Limit else {}
            return {"Items": items, "Count": len(items), **more}
        if Select:
            raise NotImplementedError(f"Select={Select}")
        pk, begin = _keys_wanted(KeyConditionExpression, names, values)
        partition, order = self._partitions.get(pk, {}), self._order.get(pk, [])
        if ScanIndexForward:
            start = bisect_right(order, ExclusiveStartKey["sk"]["S"] if ExclusiveStartKey else begin.after)
            order = order[start:]
        else:
            end = bisect_left(order, ExclusiveStartKey["sk"]["S"]) if ExclusiveStartKey else len(order)
            order = order[bisect_right(order, begin.after) : end][::-1]
        found: list[Item] = []
        for sk in order if begin.prefix == "" else [s for s in order if s.startswith(begin.prefix)]:
            found.append(dict(partition[sk]))
            if Limit is not None and len(found) == Limit:
                # Like DynamoDB: a page that is full names its last key, whether or not anything follows.
                return {"Items": found, "LastEvaluatedKey": {"pk": {"S": pk}, "sk": {"S": sk}}}
        return {"Items": found}

    def get_paginator(self, operation: str) -> "_Query":
        if operation != "query":
            raise NotImplementedError(f"pages of {operation}")
        return _Query(self)

    def scan(self, *, TableName: str, **parts: Any) -> dict[str, Any]:
        """Everything at once without any option; with the layer's options page by page, a megabyte each."""
        self._check(TableName)
        if not parts:
            return {"Items": [dict(item) for partition in self._partitions.values() for item in partition.values()]}
        start = _place(parts.pop("ExclusiveStartKey")) if "ExclusiveStartKey" in parts else ("", "")
        if parts.pop("ProjectionExpression") != "#pk, #sk" or not parts.pop("ConsistentRead"):
            raise NotImplementedError("the layer scans for keys, consistently")
        names, values = parts.pop("ExpressionAttributeNames"), parts.pop("ExpressionAttributeValues")
        wanted = expressions.condition(parts.pop("FilterExpression"))
        if parts:
            raise NotImplementedError(f"Scan with {sorted(parts)}")
        if wanted.placeholders | {"#pk", "#sk"} != {*names, *values}:
            raise _error("ValidationException", "Scan")
        assert wanted.test is not None
        found: list[Item] = []
        weight = 0
        for pk, sk in sorted((pk, sk) for pk, partition in self._partitions.items() for sk in partition):
            if (pk, sk) <= start:
                continue
            item = self._partitions[pk][sk]
            weight += size(item)
            if wanted.test(item, names, values):
                found.append({"pk": {"S": pk}, "sk": {"S": sk}})
            if weight >= SCANNED_AT_ONCE:
                return {"Items": found, "LastEvaluatedKey": {"pk": {"S": pk}, "sk": {"S": sk}}}
        return {"Items": found}

    def partitions(self) -> Iterator[tuple[str, Mapping[str, Item]]]:
        """Every partition that holds anything, for tests."""
        yield from self._partitions.items()

    def next_due(self, index: str) -> int | None:
        """The earliest `next_due`, in ms, among the shards of a sweep."""
        shards = [found for (_, shard), found in self._indexed.items() if shard.startswith(f"{index}#")]
        dues = [int(self._partitions[pk][sk]["next_due"]["N"]) for found in shards for pk, sk in found]
        return min(dues, default=None)

    # -- writing -----------------------------------------------------------------------------------------------------

    def put_item(self, **parts: Any) -> dict[str, Any]:
        return self._single("Put", parts, "PutItem")

    def update_item(self, **parts: Any) -> dict[str, Any]:
        return self._single("Update", parts, "UpdateItem")

    def delete_item(self, **parts: Any) -> dict[str, Any]:
        return self._single("Delete", parts, "DeleteItem")

    def batch_write_item(self, *, RequestItems: Mapping[str, Any]) -> dict[str, Any]:
        """Deletions only. Like DynamoDB under load it leaves one of a full batch for another call."""
        ((table, wanted),) = RequestItems.items()
        self._check(table)
        places = [_place(each["DeleteRequest"]["Key"]) for each in wanted]
        if not 0 < len(places) <= MOST_WRITES_AT_ONCE or len(places) != len(set(places)):
            raise _error("ValidationException", "BatchWriteItem")
        done = places[:-1] if len(places) == MOST_WRITES_AT_ONCE else places
        for place in done:
            self._store(place, None)
        return {"UnprocessedItems": {table: wanted[len(done) :]} if len(done) < len(wanted) else {}}

    def transact_write_items(self, *, TransactItems: Sequence[Mapping[str, Parts]]) -> dict[str, Any]:
        operations = [next(iter(each.items())) for each in TransactItems]
        places = [_place(parts.get("Key") or parts["Item"]) for _, parts in operations]
        if not 0 < len(places) <= MOST_IN_A_TRANSACTION or len(places) != len(set(places)):
            raise _error("ValidationException", "TransactWriteItems")
        after = [self._after(kind, parts) for kind, parts in operations]
        if any(isinstance(each, _Refused) for each in after):
            codes = ["ConditionalCheckFailed" if isinstance(each, _Refused) else "None" for each in after]
            raise _error("TransactionCanceledException", "TransactWriteItems", codes)
        for place, item in zip(places, after, strict=True):
            if not isinstance(item, _Untouched | _Refused):
                self._store(place, item)
        return {}

    def _single(self, kind: str, parts: Parts, operation: str) -> dict[str, Any]:
        after = self._after(kind, parts)
        if isinstance(after, _Refused):
            raise _error("ConditionalCheckFailedException", operation)
        assert not isinstance(after, _Untouched)
        self._store(_place(parts.get("Key") or parts["Item"]), after)
        if parts.get("ReturnValues") == "ALL_NEW" and after is not None:
            return {"Attributes": dict(after)}
        if "ReturnValues" in parts:
            raise NotImplementedError(f"ReturnValues={parts['ReturnValues']}")
        return {}

    def _after(self, kind: str, parts: Parts) -> "Item | _Refused | _Untouched | None":
        """The item once the operation is done; None when it is gone."""
        if kind not in _WRITES or set(parts) - _PARTS:
            raise NotImplementedError(f"{kind} with {sorted(set(parts) - _PARTS)}")
        self._check(parts["TableName"])
        names, values = parts.get("ExpressionAttributeNames", {}), parts.get("ExpressionAttributeValues", {})
        place = _place(parts.get("Key") or parts["Item"])
        before = self._item(place)
        used: set[str] = set()
        refused = False
        if expression := parts.get("ConditionExpression"):
            condition = expressions.condition(expression)
            used |= condition.placeholders
            assert condition.test is not None
            refused = not condition.test(before or {}, names, values)
        change = expressions.update(parts["UpdateExpression"]) if kind == "Update" else None
        used |= change.placeholders if change else set()
        if used != {*names, *values}:
            raise _error("ValidationException", kind)  # DynamoDB: each is defined, and used
        if refused:
            return _Refused()
        if kind == "ConditionCheck":
            return _Untouched()
        if kind == "Delete":
            return None
        after: Item = dict(parts["Item"]) if kind == "Put" else dict(before or parts["Key"])
        for step in change.steps if change else ():
            step(before or {}, after, names, values)
        if _place(after) != place or size(after) > LARGEST_ITEM:
            raise _error("ValidationException", kind)
        return after

    # -- the items ---------------------------------------------------------------------------------------------------

    def _check(self, table: str) -> None:
        if table != self._name:
            raise _error("ResourceNotFoundException", table)

    def _item(self, place: Place) -> Item | None:
        return self._partitions.get(place[0], {}).get(place[1])

    def _store(self, place: Place, item: Item | None) -> None:
        pk, sk = place
        partition = self._partitions.setdefault(pk, {})
        before = partition.get(sk)
        for index, (within, by) in INDEXES.items():
            if before is not None and within in before and by in before:
                self._indexed[index, before[within]["S"]].discard(place)
            if item is not None and within in item and by in item:
                self._indexed[index, item[within]["S"]].add(place)
        if item is None:
            if before is not None:
                del partition[sk]
                self._order[pk].remove(sk)
            if not partition:
                del self._partitions[pk]
            return
        if before is None:
            insort(self._order[pk], sk)
        partition[sk] = item

    def _in_index(
        self, index: str, expression: str, names: Mapping[str, str], values: Item
    ) -> list[tuple[int, str, str]]:
        """The places of one of the two queries that the layer makes, in order; the table's key decides among equals."""
        if expression == "#due_shard = :shard AND #next_due < :before":
            within, below = values[":shard"]["S"], int(values[":before"]["N"])
        elif expression == "#listed_in = :listing":
            within, below = values[":listing"]["S"], None
        else:
            raise NotImplementedError(expression)
        if INDEXES[index][0] not in names.values():
            raise NotImplementedError(f"{expression} of the index {index}")
        places = [_index_place(index, self._partitions[pk][sk]) for pk, sk in self._indexed.get((index, within), ())]
        return sorted(each for each in places if below is None or each[0] < below)

    def _projected(self, index: str, pk: str, sk: str) -> Item:
        item = self._partitions[pk][sk]
        return {name: item[name] for name in ("pk", "sk", *INDEXES[index])}


class _Refused:
    """The operation's condition does not hold."""


class _Untouched:
    """The operation writes nothing."""


class _Query:
    def __init__(self, client: MemoryDynamoDB) -> None:
        self._client = client

    def paginate(self, *, PaginationConfig: Mapping[str, int], **arguments: Any) -> Iterator[dict[str, Any]]:
        arguments["Limit"] = PaginationConfig["PageSize"]
        while True:
            page = self._client.query(**arguments)
            yield page
            if "LastEvaluatedKey" not in page:
                return
            arguments["ExclusiveStartKey"] = page["LastEvaluatedKey"]


class _Begin:
    def __init__(self, after: str = "", prefix: str = "") -> None:
        self.after = after
        self.prefix = prefix


def _keys_wanted(expression: str, names: Mapping[str, str], values: Item) -> tuple[str, _Begin]:
    """The partition and what its sort keys must be like, of the three forms that the layer writes."""
    if any(f"#{name}" != placeholder for placeholder, name in names.items()):
        raise NotImplementedError(f"names {dict(names)}")
    texts = {name: str(value["S"]) for name, value in values.items()}
    match expression.split(" AND ", 1):
        case ["#pk = :pk"]:
            return texts[":pk"], _Begin()
        case ["#pk = :pk", "begins_with(#sk, :prefix)"]:
            return texts[":pk"], _Begin(prefix=texts[":prefix"])
        case ["#pk = :pk", "#sk > :after"]:
            return texts[":pk"], _Begin(after=texts[":after"])
    raise NotImplementedError(f"key condition {expression!r}")


def _index_place(index: str, item: Mapping[str, Any]) -> tuple[int, str, str]:
    return int(item[INDEXES[index][1]]["N"]), item["pk"]["S"], item["sk"]["S"]


def _place(item: Mapping[str, Any]) -> Place:
    pk, sk = item["pk"]["S"], item["sk"]["S"]
    if not pk or not sk:
        raise _error("ValidationException", "a key")
    return pk, sk


def size(item: Mapping[str, Any]) -> int:
    """About how many bytes DynamoDB counts for an item."""
    return sum(len(name) + _weight(value) for name, value in item.items())


def _weight(value: Any) -> int:
    """About what DynamoDB counts: the bytes of names and values."""
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, dict):
        return sum([len(name) + _weight(member) for name, member in value.items()])
    return sum([_weight(member) for member in value]) if isinstance(value, list) else 1


def _error(code: str, operation: str, reasons: Sequence[str] = ()) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": f"{code} of {operation}"}}
    if reasons:
        answer["CancellationReasons"] = [{"Code": each} for each in reasons]
    return ClientError(answer, operation)

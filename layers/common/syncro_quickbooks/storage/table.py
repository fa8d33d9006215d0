"""The DynamoDB table: consistent reads, conditional writes and transactions over plain Python values."""

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        ScanInputTypeDef,
        TransactWriteItemTypeDef,
        WriteRequestUnionTypeDef,
    )

Value: TypeAlias = "str | int | bool | bytes | list[Value] | dict[str, Value] | None"
Item: TypeAlias = dict[str, Value]
Answer = TypeVar("Answer")

MAX_BLOB_BYTES = 350_000
"""What a packed blob may weigh: an item may have 400 KB, and the rest of it needs room."""

_BATCH_GET_LIMIT = 100  # BatchGetItem: at most 100 keys a call
_BATCH_WRITE_LIMIT = 25  # BatchWriteItem: at most 25 requests a call
_CONFLICTS_RETRIED = 5
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 2.0  # seconds, doubled each time
_NAME = re.compile(r"#(\w+)")
_VALUE = re.compile(r":\w+")


class ConditionFailed(Exception):
    """A conditional write found something else than it expected; nothing was written.

    `failed` holds the positions of the operations whose condition did not hold.
    """

    def __init__(self, failed: Sequence[int]) -> None:
        super().__init__(f"condition of operation {list(failed)} did not hold")
        self.failed = tuple(failed)


@dataclass(frozen=True, slots=True)
class Key:
    """An item's address in the table."""

    pk: str
    sk: str


@dataclass(frozen=True, slots=True)
class Due:
    """A place in the index `due`: an item's address, and when it is due (ms)."""

    key: Key
    next_due: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A place in the index `listed`: an item's address, and when it changed (ms)."""

    key: Key
    changed_at: int


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition expression; `#name` stands for the attribute `name`, `:name` for a key of `values`."""

    expression: str
    values: Mapping[str, Value] = field(default_factory=dict)


ABSENT = Condition("attribute_not_exists(#pk)")


@dataclass(frozen=True, slots=True)
class Put:
    """Write a whole item."""

    item: Item
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """Change some attributes: `expression` is an update expression with `#name` and `:name` placeholders."""

    key: Key
    expression: str
    values: Mapping[str, Value] = field(default_factory=dict)
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove an item."""

    key: Key
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """Write nothing, but let the transaction fail unless `condition` holds."""

    key: Key
    condition: Condition


Write: TypeAlias = Put | Update | Delete | Check


class Table:
    """The table of one deployment. Every read is strongly consistent."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name
        self._to_dynamo = TypeSerializer()
        self._from_dynamo = TypeDeserializer()

    def get(self, key: Key) -> Item | None:
        """The item at `key`, or None."""
        answer = self._client.get_item(TableName=self._name, Key=self._key(key), ConsistentRead=True)
        return self._item(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Sequence[Key]) -> dict[Key, Item]:
        """The items at `keys` that exist."""
        found: dict[Key, Item] = {}
        wanted, throttled = list(dict.fromkeys(keys)), 0
        while wanted:
            now, wanted = wanted[:_BATCH_GET_LIMIT], wanted[_BATCH_GET_LIMIT:]
            answer = self._client.batch_get_item(
                RequestItems={self._name: {"Keys": [self._key(key) for key in now], "ConsistentRead": True}}
            )
            for raw in answer["Responses"].get(self._name, []):
                item = self._item(raw)
                found[Key(str(item["pk"]), str(item["sk"]))] = item
            left = answer.get("UnprocessedKeys", {}).get(self._name)
            if left:
                wanted += [Key(str(key["pk"]["S"]), str(key["sk"]["S"])) for key in left["Keys"]]
                _pause(throttled)  # DynamoDB wants it (BatchGetItem), and the SDK leaves it to us
                throttled += 1
        return found

    def query(
        self, pk: str, *, after: str = "", prefix: str = "", page: int = 200, newest_first: bool = False
    ) -> Iterator[Item]:
        """The items of partition `pk` in order of `sk` (`newest_first`: from the end), read as they are consumed.

        With `prefix` only those whose sk starts with it; with `after` only those whose sk is greater.
        """
        condition, values = "#pk = :pk", {":pk": pk}
        if prefix:
            condition, values = condition + " AND begins_with(#sk, :prefix)", {**values, ":prefix": prefix}
        elif after:
            condition, values = condition + " AND #sk > :after", {**values, ":after": after}
        names = {f"#{name}": name for name in _NAME.findall(condition)}
        packed = {name: {"S": value} for name, value in values.items()}
        pages = self._client.get_paginator("query").paginate(
            TableName=self._name,
            KeyConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=packed,
            ConsistentRead=True,
            ScanIndexForward=not newest_first,
            PaginationConfig={"PageSize": page},
        )
        for answer in pages:
            yield from (self._item(raw) for raw in answer["Items"])

    def keys_of(self, pk: str, after: Key | None = None) -> tuple[list[Key], Key | None]:
        """Keys in the partition `pk` and in those whose name begins with it and `#`, wherever they are.

        Reads one page of the whole table, from `after` on. Returns what it found there and where to go on, None at the
        table's end. Only for what happens once in an account's life.
        """
        page: ScanInputTypeDef = {
            "TableName": self._name,
            "FilterExpression": "#pk = :pk OR begins_with(#pk, :parts)",
            "ProjectionExpression": "#pk, #sk",
            "ExpressionAttributeNames": {"#pk": "pk", "#sk": "sk"},
            "ExpressionAttributeValues": {":pk": {"S": pk}, ":parts": {"S": f"{pk}#"}},
            "ConsistentRead": True,
        }
        if after is not None:
            page["ExclusiveStartKey"] = self._key(after)
        answer = self._client.scan(**page)
        last = answer.get("LastEvaluatedKey")
        found = [Key(str(item["pk"]["S"]), str(item["sk"]["S"])) for item in answer["Items"]]
        return found, Key(str(last["pk"]["S"]), str(last["sk"]["S"])) if last else None

    def delete_all(self, keys: Sequence[Key]) -> None:
        """Remove the items at `keys`, one by one: what raises may have removed some."""
        for start in range(0, len(keys), _BATCH_WRITE_LIMIT):
            some = keys[start : start + _BATCH_WRITE_LIMIT]
            left: Sequence[WriteRequestUnionTypeDef] = [{"DeleteRequest": {"Key": self._key(key)}} for key in some]
            throttled = 0
            while left:
                answer = self._client.batch_write_item(RequestItems={self._name: left})
                left = answer.get("UnprocessedItems", {}).get(self._name, [])
                if left:
                    _pause(throttled)
                    throttled += 1

    def write(self, operation: Write) -> None:
        """Carry out one operation. Raises ConditionFailed."""
        self.transact([operation])

    def transact(self, operations: Sequence[Write]) -> None:
        """Carry out all operations or none (at most 100).

        Raises ConditionFailed naming the operations whose condition did not hold.
        """
        if len(operations) == 1 and not isinstance(operations[0], Check):
            self._write_one(operations[0])
            return
        items = [self._transact_item(operation) for operation in operations]
        self._conditional(lambda: self._client.transact_write_items(TransactItems=items))

    def _write_one(self, operation: Put | Update | Delete) -> None:
        wrapped = self._transact_item(operation)
        if "Put" in wrapped:
            self._conditional(lambda: self._client.put_item(**wrapped["Put"]))
        elif "Update" in wrapped:
            self._conditional(lambda: self._client.update_item(**wrapped["Update"]))
        else:
            self._conditional(lambda: self._client.delete_item(**wrapped["Delete"]))

    def update_and_get(self, update: Update) -> Item:
        """Carry out `update` and return the whole item after it. Raises ConditionFailed."""
        wrapped = self._transact_item(update)["Update"]
        answer = self._conditional(lambda: self._client.update_item(**wrapped, ReturnValues="ALL_NEW"))
        return self._item(answer["Attributes"])

    def _conditional(self, call: Callable[[], Answer]) -> Answer:
        """Make a conditional call. A clash with another transaction wrote nothing and is tried again a few times."""
        for attempt in range(_CONFLICTS_RETRIED):
            try:
                return call()
            except ClientError as error:
                codes = _failure_codes(error)
                failed = [place for place, code in enumerate(codes) if code == "ConditionalCheckFailed"]
                if failed:
                    raise ConditionFailed(failed) from error
                if "TransactionConflict" not in codes:
                    raise
                _pause(attempt)
        return call()

    def query_due(self, shard: str, before: int, limit: int) -> list[Key]:
        """The first `limit` keys of `each_due`."""
        return [due.key for due in islice(self.each_due(shard, before, limit), limit)]

    def each_due(self, shard: str, before: int, page: int = 200) -> Iterator[Due]:
        """All of the `due` index in `shard` with `next_due` before `before` (ms), the earliest first, read as they are
        consumed: a hint, read the item.
        """
        pages = self._client.get_paginator("query").paginate(
            TableName=self._name,
            IndexName="due",
            KeyConditionExpression="#due_shard = :shard AND #next_due < :before",
            ExpressionAttributeNames={"#due_shard": "due_shard", "#next_due": "next_due"},
            ExpressionAttributeValues={":shard": {"S": shard}, ":before": {"N": str(before)}},
            PaginationConfig={"PageSize": page},
        )
        for answer in pages:
            for item in map(self._item, answer["Items"]):
                yield Due(Key(str(item["pk"]), str(item["sk"])), int(str(item["next_due"])))

    def query_listed(
        self, listing: str, *, after: Listed | None = None, oldest_first: bool = False, limit: int
    ) -> list[Listed]:
        """At most `limit` places of a listing, the last changed first unless told otherwise, those behind `after`.

        The index follows the table within moments: a hint, read the items.
        """
        start = {"ExclusiveStartKey": self._listed_key(listing, after)} if after else {}
        answer = self._client.query(
            TableName=self._name,
            IndexName="listed",
            KeyConditionExpression="#listed_in = :listing",
            ExpressionAttributeNames={"#listed_in": "listed_in"},
            ExpressionAttributeValues={":listing": {"S": listing}},
            ScanIndexForward=oldest_first,
            Limit=limit,
            **start,  # type: ignore[arg-type]  # the stubs know it by name only
        )
        items = [self._item(raw) for raw in answer["Items"]]
        return [Listed(Key(str(i["pk"]), str(i["sk"])), int(str(i["changed_at"]))) for i in items]

    def count_listed(self, listing: str, most: int) -> int:
        """How many places a listing has; it is not counted further than `most`."""
        answer = self._client.query(
            TableName=self._name,
            IndexName="listed",
            KeyConditionExpression="#listed_in = :listing",
            ExpressionAttributeNames={"#listed_in": "listed_in"},
            ExpressionAttributeValues={":listing": {"S": listing}},
            Select="COUNT",
            Limit=most,
        )
        return answer["Count"]

    def _listed_key(self, listing: str, place: Listed) -> dict[str, dict[str, str]]:
        return {"listed_in": {"S": listing}, "changed_at": {"N": str(place.changed_at)}, **self._key(place.key)}

    def _transact_item(self, operation: Write) -> "TransactWriteItemTypeDef":
        condition = operation.condition
        expression = condition.expression if condition else ""
        if isinstance(operation, Update):
            values = {**operation.values, **(condition.values if condition else {})}
            text = f"{operation.expression} {expression}"
        else:
            values = dict(condition.values) if condition else {}
            text = expression
        unknown = set(_VALUE.findall(text)) ^ set(values)
        if unknown:
            raise ValueError(f"placeholders and values differ: {sorted(unknown)} in {text!r}")
        parts: dict[str, object] = {"TableName": self._name}
        if expression:
            parts["ConditionExpression"] = expression
        if names := {f"#{name}": name for name in _NAME.findall(text)}:
            parts["ExpressionAttributeNames"] = names
        if values:
            parts["ExpressionAttributeValues"] = {name: self._to_dynamo.serialize(v) for name, v in values.items()}
        if isinstance(operation, Put):
            parts["Item"] = {
                name: self._to_dynamo.serialize(value) for name, value in operation.item.items() if value is not None
            }
            return {"Put": parts}  # type: ignore[typeddict-item]  # built key by key above
        parts["Key"] = self._key(operation.key)
        if isinstance(operation, Update):
            parts["UpdateExpression"] = operation.expression
            return {"Update": parts}  # type: ignore[typeddict-item]  # built key by key above
        if isinstance(operation, Delete):
            return {"Delete": parts}  # type: ignore[typeddict-item]  # built key by key above
        return {"ConditionCheck": parts}  # type: ignore[typeddict-item]  # built key by key above

    def _key(self, key: Key) -> dict[str, dict[str, str]]:
        return {"pk": {"S": key.pk}, "sk": {"S": key.sk}}

    def _item(self, raw: "Mapping[str, AttributeValueTypeDef]") -> Item:
        return {name: _plain(self._from_dynamo.deserialize(value)) for name, value in raw.items()}


def _failure_codes(error: ClientError) -> list[str]:
    """Why each operation of a call was refused; a single write has one reason."""
    code = error.response["Error"]["Code"]
    if code != "TransactionCanceledException":
        return [code.removesuffix("Exception")]
    reasons = error.response.get("CancellationReasons", [])
    return [str(reason.get("Code", "None")) for reason in reasons]


def _plain(value: object) -> Value:
    """DynamoDB's Decimals and Binaries as ints and bytes; whole numbers are all this table holds."""
    if isinstance(value, Binary):
        return bytes(value)  # type: ignore[call-overload,no-any-return]  # the stubs lack Binary.__bytes__
    if isinstance(value, list):
        return [_plain(member) for member in value]
    if isinstance(value, dict):
        return {str(name): _plain(member) for name, member in value.items()}
    if value is None or isinstance(value, str | bool | bytes):
        return value
    return int(str(value))


def _pause(attempt: int) -> None:
    time.sleep(random.uniform(0.5, 1) * min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt))  # noqa: S311 - jitter

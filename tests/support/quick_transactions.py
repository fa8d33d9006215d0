"""Moto's DynamoDB transactions, quick: moto copies the whole table once for every item of a transaction."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

_moto_transact = DynamoDBBackend.transact_write_items


@contextmanager
def quick_transactions() -> Iterator[None]:
    """Inside, a transaction copies and, if it is cancelled, puts back only the items that it names."""
    with (
        patch.object(DynamoDBBackend, "transact_write_items", _transact),
        patch.object(Table, "__deepcopy__", lambda table, _memo: table, create=True),
    ):
        yield


def _transact(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    before = [_named(backend, operation) for item in transact_items for operation in item.values()]
    for partition, range_key, stored in before:
        if stored is not None:
            partition[range_key] = copy.deepcopy(stored)  # moto changes the stored item in place
    try:
        _moto_transact(backend, transact_items)
    except BaseException:
        for partition, range_key, stored in reversed(before):
            if stored is None:
                partition.pop(range_key, None)
            else:
                partition[range_key] = stored
        raise


def _named(backend: DynamoDBBackend, operation: dict[str, Any]) -> tuple[dict[DynamoType, Any], DynamoType, Any]:
    """Where the item of one operation is kept, and what is there now."""
    table = backend.get_table(operation["TableName"])
    key = operation.get("Key") or operation["Item"]
    partition: dict[DynamoType, Any] = table.items[DynamoType(key[table.hash_key_attr])]  # type: ignore[assignment]  # of tables with a range key
    range_key = DynamoType(key[table.range_key_attr])
    return partition, range_key, partition.get(range_key)

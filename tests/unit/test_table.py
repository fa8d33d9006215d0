"""What the table does when DynamoDB leaves a part of a batch undone, as it does while it throttles."""

from typing import Any

import pytest

from syncro_quickbooks.storage.table import Key, Put, Table
from tests.support.in_memory.dynamodb import MemoryDynamoDB

LEFT_OUT_TIMES = 3


class Throttling(MemoryDynamoDB):
    """Does one thing of each batch, until it has recovered."""

    def __init__(self) -> None:
        super().__init__()
        self.throttled = 0

    def batch_get_item(self, *, RequestItems: Any) -> dict[str, Any]:  # noqa: N803
        if self.throttled == LEFT_OUT_TIMES:
            return super().batch_get_item(RequestItems=RequestItems)
        self.throttled += 1
        ((table, wanted),) = RequestItems.items()
        done = super().batch_get_item(RequestItems={table: {**wanted, "Keys": wanted["Keys"][:1]}})
        return {**done, "UnprocessedKeys": {table: {**wanted, "Keys": wanted["Keys"][1:]}}}

    def batch_write_item(self, *, RequestItems: Any) -> dict[str, Any]:  # noqa: N803
        if self.throttled == LEFT_OUT_TIMES:
            return super().batch_write_item(RequestItems=RequestItems)
        self.throttled += 1
        ((table, wanted),) = RequestItems.items()
        super().batch_write_item(RequestItems={table: wanted[:1]})
        return {"UnprocessedItems": {table: wanted[1:]}}


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    return waited


@pytest.fixture
def keys() -> list[Key]:
    return [Key("things", str(number)) for number in range(10)]


def filled(keys: list[Key]) -> tuple[Throttling, Table]:
    dynamodb = Throttling()
    table = Table(dynamodb, "table")  # type: ignore[arg-type]  # a part of the client
    for key in keys:
        table.write(Put({"pk": key.pk, "sk": key.sk, "number": int(key.sk)}))
    return dynamodb, table


def test_what_a_throttled_read_left_out_is_read_after_growing_pauses(pauses: list[float], keys: list[Key]) -> None:
    _, table = filled(keys)
    assert {key: item["number"] for key, item in table.get_many(keys).items()} == {key: int(key.sk) for key in keys}
    assert len(pauses) == LEFT_OUT_TIMES
    assert 0.01 <= pauses[0] <= 0.02 <= pauses[1] <= 0.04 <= pauses[2] <= 0.08


def test_what_a_throttled_deletion_left_is_deleted_after_growing_pauses(pauses: list[float], keys: list[Key]) -> None:
    _, table = filled(keys)
    table.delete_all(keys)
    assert list(table.query("things")) == []
    assert len(pauses) == LEFT_OUT_TIMES
    assert pauses[0] < pauses[2]

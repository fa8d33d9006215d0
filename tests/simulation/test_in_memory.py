"""The table in memory answers like moto's over the wire, so histories run on it prove as much."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from syncro_quickbooks.storage.table import (
    ABSENT,
    Check,
    Condition,
    ConditionFailed,
    Delete,
    Key,
    Listed,
    Put,
    Table,
    Update,
    Value,
    Write,
)
from tests.support import aws
from tests.support.in_memory import expressions
from tests.support.in_memory.dynamodb import MemoryDynamoDB
from tests.support.in_memory.services import MemoryKms

pytestmark = pytest.mark.usefixtures("aws_services")

NUMBERS = st.integers(0, 3)
KEYS = st.builds(Key, st.sampled_from(["p", "q"]), st.sampled_from(["a#1", "a#2", "b#1", "b"]))
TEXTS = st.sampled_from(["", "x", "y"])
SHARDS = st.sampled_from(["due#1", "due#2"])


def condition(expression: str, **values: st.SearchStrategy[Any]) -> st.SearchStrategy[Condition]:
    """A condition with drawn values for its placeholders."""
    return st.fixed_dictionaries(values).map(lambda v: Condition(expression, {f":{name}": v[name] for name in v}))


CONDITIONS = st.one_of(
    st.just(ABSENT),
    st.just(Condition("attribute_exists(#pk)")),
    st.just(Condition("attribute_not_exists(#attempt)")),
    condition("#version = :read", read=NUMBERS),
    condition("#attempt.#id = :id", id=TEXTS),
    condition("#version = :v AND #text = :t", v=NUMBERS, t=TEXTS),
    condition("attribute_not_exists(#pk) OR #text <> :t OR NOT #text IN (:a, :b)", t=TEXTS, a=TEXTS, b=TEXTS),
    condition("#version = :v AND (attribute_not_exists(#flag) OR #flag = :no)", v=NUMBERS, no=st.booleans()),
    condition("attribute_not_exists(#next_due) OR #next_due > :due", due=NUMBERS),
    # Two attributes that are both missing are equal for moto, not for DynamoDB.
    condition("attribute_not_exists(#next_due) OR #next_due > :due OR #next_due = #version", due=NUMBERS),
    condition("attribute_not_exists(#version) OR #version <= :now", now=NUMBERS),
    condition("(attribute_not_exists(#version) OR #version < :a) AND #version >= :b", a=NUMBERS, b=NUMBERS),
)


def values(*names: str) -> st.SearchStrategy[dict[str, Value]]:
    kinds: dict[str, st.SearchStrategy[Any]] = {":t": TEXTS, ":f": st.booleans(), ":s": SHARDS}
    kinds |= {":m": st.just({}), ":b": st.binary(max_size=3)}
    return st.fixed_dictionaries({name: kinds.get(name, NUMBERS) for name in names})


UPDATES = st.one_of(
    st.tuples(st.just("SET #text = :t, #flag = :f ADD #version :one"), values(":t", ":f", ":one")),
    st.tuples(st.just("SET #next_due = :due, #due_shard = :s"), values(":due", ":s")),
    st.tuples(st.just("SET #listed_in = :s, #changed_at = :due"), values(":due", ":s")),
    st.tuples(st.just("REMOVE #listed_in"), values()),
    st.tuples(st.just("SET #version = if_not_exists(#version, :n), #blob = :b"), values(":n", ":b")),
    st.tuples(st.just("SET #text = :t REMOVE #attempt, #flag ADD #tries :one"), values(":t", ":one")),
    st.tuples(st.just("REMOVE #next_due, #due_shard"), values()),
    st.tuples(st.just("SET #attempt = if_not_exists(#attempt, :m)"), values(":m")),
)
MAYBE = st.one_of(st.none(), CONDITIONS)
ITEMS = st.builds(
    lambda key, more: {"pk": key.pk, "sk": key.sk, **more},
    KEYS,
    st.fixed_dictionaries(
        {"version": NUMBERS},
        optional={
            "text": TEXTS,
            "attempt": st.fixed_dictionaries({"id": TEXTS}, optional={"list": st.lists(st.booleans(), max_size=2)}),
            "blob": st.binary(max_size=3),
            "none": st.none(),
        },
    ),
)


def distinct(change: tuple[str, dict[str, Value]], key: Key, only_if: Condition | None) -> Update:
    """An update whose condition has value names of its own."""
    if only_if is not None:
        renamed = only_if.expression.replace(":", ":c_")
        only_if = Condition(renamed, {f":c_{name[1:]}": value for name, value in only_if.values.items()})
    return Update(key, change[0], change[1], only_if)


WRITES = st.one_of(
    st.builds(Put, ITEMS, MAYBE),
    st.builds(distinct, UPDATES, KEYS, MAYBE),
    st.builds(Delete, KEYS, MAYBE),
    st.builds(Check, KEYS, CONDITIONS),
)


def place(write: Write) -> tuple[str, str]:
    if isinstance(write, Put):
        return str(write.item["pk"]), str(write.item["sk"])
    return write.key.pk, write.key.sk


Step = Callable[[Table], Any]
STEPS = st.one_of(
    st.lists(WRITES, min_size=1, max_size=4, unique_by=place).map(lambda writes: lambda table: table.transact(writes)),
    st.builds(lambda c, k, o: lambda table: table.update_and_get(distinct(c, k, o)), UPDATES, KEYS, MAYBE),
    st.lists(KEYS, min_size=1, max_size=4).map(lambda keys: lambda table: table.get_many(keys)),
    st.builds(
        lambda after, page: lambda table: list(table.query("p", after=after, page=page)),
        st.sampled_from(["", "a#1", "b"]),
        st.integers(1, 3),
    ),
    st.integers(1, 3).map(lambda page: lambda table: list(table.query("p", page=page, newest_first=True))),
    st.sampled_from(["a#", "b", "c"]).map(lambda prefix: lambda table: list(table.query("p", prefix=prefix))),
    # Of two that are due at the same time either may come first.
    st.builds(lambda s, n: lambda table: set(map(str, table.query_due(s, n, 10))), SHARDS, NUMBERS),
    st.builds(lambda s, n, page: lambda table: due(table, s, n, page), SHARDS, NUMBERS, st.integers(1, 3)),
    st.builds(lambda s, limit: lambda table: listed(table, s, limit), SHARDS, st.integers(1, 3)),
)


def due(table: Table, shard: str, before: int, page: int) -> Any:
    """What is due, read page by page; of two that are due at the same time either may come first."""
    found = list(table.each_due(shard, before, page))
    assert [each.next_due for each in found] == sorted(each.next_due for each in found)
    return sorted(map(str, found))


def listed(table: Table, listing: str, limit: int) -> Any:
    """What a listing has, both ways round and page by page; of two that changed at once either may come first."""
    ways = [table.query_listed(listing, oldest_first=oldest_first, limit=10) for oldest_first in (True, False)]
    assert [[each.changed_at for each in way] for way in ways] == [
        sorted(each.changed_at for each in ways[0]),
        sorted((each.changed_at for each in ways[0]), reverse=True),
    ]
    paged: list[Listed] = []
    while page := table.query_listed(listing, after=paged[-1] if paged else None, limit=limit):
        paged += page
    assert sorted(map(str, paged)) == sorted(map(str, ways[0]))
    return sorted(map(str, paged)), table.count_listed(listing, 2)


def answered(table: Table, step: Step) -> Any:
    try:
        return step(table)
    except ConditionFailed as refused:
        return refused.failed


def whole(table: Table) -> list[Any]:
    return [item for pk in ("p", "q") for item in table.query(pk)]


@settings(max_examples=120, deadline=None)
@given(st.lists(STEPS, min_size=1, max_size=12))
def test_whatever_is_done_both_tables_say_the_same(steps: list[Step]) -> None:
    wire, memory = Table(aws.client("dynamodb"), aws.new_table()), Table(MemoryDynamoDB(), "table")  # type: ignore[arg-type]  # a part of the client
    for step in steps:
        assert answered(memory, step) == answered(wire, step)
    assert whole(memory) == whole(wire)


def test_an_attribute_of_a_map_is_set_alike() -> None:
    """Only the read budget does so: it makes the map first."""
    tables = Table(aws.client("dynamodb"), aws.new_table()), Table(MemoryDynamoDB(), "table")  # type: ignore[arg-type]  # a part of the client
    key = Key("p", "a")
    answers = []
    for table in tables:
        table.write(Update(key, "SET #seen = if_not_exists(#seen, :none)", {":none": {}}))
        table.write(Update(key, "SET #seen.#first = :now", {":now": 1}))
        answers.append(table.update_and_get(Update(key, "SET #seen.#second = :now", {":now": 2})))
    assert answers[0] == answers[1] == {"pk": "p", "sk": "a", "seen": {"first": 1, "second": 2}}


@pytest.mark.parametrize(
    "expression",
    ["size(#a) > :b", "#a BETWEEN :b AND :c", "contains(#a, :b)", "#a <> #b", "#a = :b AND", "a = :b", "("],
)
def test_a_condition_of_another_kind_is_refused(expression: str) -> None:
    with pytest.raises(NotImplementedError):
        expressions.condition(expression)


@pytest.mark.parametrize(
    "expression",
    ["", "DELETE #a :b", "SET #a = #b + :c", "SET #a = :b, #a = :c", "SET #a = :b REMOVE #a", "SET #a = append(:b)"],
)
def test_an_update_of_another_kind_is_refused(expression: str) -> None:
    with pytest.raises(NotImplementedError):
        expressions.update(expression)


def test_what_dynamodb_refuses_is_refused() -> None:
    memory = MemoryDynamoDB()
    table = Table(memory, "table")  # type: ignore[arg-type]  # a part of the client
    twice: list[Write] = [Put({"pk": "p", "sk": "a"}), Delete(Key("p", "a"))]
    refused: list[Callable[[], Any]] = [
        lambda: table.transact(twice),
        lambda: table.transact([Put({"pk": "p", "sk": str(number)}) for number in range(101)]),
        lambda: table.write(Put({"pk": "p", "sk": "a", "blob": bytes(410_000)})),
        lambda: table.write(Update(Key("p", "a"), "SET #sk = :b", {":b": "b"})),
        lambda: table.write(Put({"pk": "p", "sk": ""})),
        lambda: memory.put_item(TableName="table", Item={"pk": {"S": "p"}, "sk": {"S": "a"}}, **UNUSED),
    ]
    for write in refused:
        with pytest.raises(ClientError, match="ValidationException"):
            write()
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        Table(memory, "other").get(Key("p", "a"))  # type: ignore[arg-type]  # a part of the client
    assert memory.scan(TableName="table")["Items"] == []


UNUSED = {"ExpressionAttributeNames": {"#a": "a"}}


def test_what_was_sealed_opens_only_in_its_own_context() -> None:
    kms = MemoryKms()
    sealed = kms.encrypt(KeyId="key", Plaintext=b"secret", EncryptionContext={"account_id": "acme"})["CiphertextBlob"]
    assert b"secret" not in sealed
    opened = kms.decrypt(KeyId="key", CiphertextBlob=sealed, EncryptionContext={"account_id": "acme"})
    assert opened == {"Plaintext": b"secret"}
    with pytest.raises(ClientError, match="InvalidCiphertext"):
        kms.decrypt(KeyId="key", CiphertextBlob=sealed, EncryptionContext={"account_id": "globex"})

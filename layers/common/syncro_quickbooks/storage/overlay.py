"""A table that looks like another one and keeps what is written to itself: for finding out what would be done."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from syncro_quickbooks.storage.table import (
    Condition,
    ConditionFailed,
    Delete,
    Item,
    Key,
    Put,
    Table,
    Update,
    Value,
    Write,
)

MOST_OF_A_PARTITION = 500
"""Items of one partition below that are looked at; nobody reads a longer plan."""

_CLAUSES = re.compile(r"\b(SET|REMOVE|ADD)\b")
_TOKENS = re.compile(r"attribute_not_exists|attribute_exists|AND\b|OR\b|[()]|<=|>=|[=<>]|[#:][\w.#]+")


class Overlay(Table):
    """`base` as it is, with changes on top that nobody else sees. `hidden` items of it are not there."""

    def __init__(self, base: Table, hidden: Callable[[Key], bool]) -> None:
        self._base = base
        self._hidden = hidden
        self.changed: dict[Key, Item | None] = {}

    def get(self, key: Key) -> Item | None:
        """The item at `key`, or None."""
        return self.get_many([key]).get(key)

    def get_many(self, keys: Sequence[Key]) -> dict[Key, Item]:
        """The items at `keys` that exist."""
        below = self._base.get_many([key for key in keys if key not in self.changed and not self._hidden(key)])
        above = {key: item for key in keys if (item := self.changed.get(key)) is not None}
        return {**below, **above}

    def query(
        self, pk: str, *, after: str = "", prefix: str = "", page: int = 200, newest_first: bool = False
    ) -> Iterator[Item]:
        """The items of a partition, as the table would give them."""
        below = islice(self._base.query(pk, after=after, prefix=prefix, page=page), MOST_OF_A_PARTITION)
        found = {key: item for item in below if not self._hidden(key := _key_of(item))}
        found |= {key: item for key, item in self.changed.items() if key.pk == pk and item is not None}
        for key in sorted(found, key=lambda each: each.sk, reverse=newest_first):
            if self.changed.get(key, found[key]) is not None and key.sk > after and key.sk.startswith(prefix):
                yield found[key]

    def write(self, operation: Write) -> None:
        """Carry out one operation here. Raises ConditionFailed."""
        self.transact([operation])

    def transact(self, operations: Sequence[Write]) -> None:
        """Carry out all operations here, or none. Raises ConditionFailed."""
        failed = [place for place, each in enumerate(operations) if not self._holds(each)]
        if failed:
            raise ConditionFailed(failed)
        for operation in operations:
            if isinstance(operation, Put):
                self.changed[_key_of(operation.item)] = dict(operation.item)
            elif isinstance(operation, Delete):
                self.changed[operation.key] = None
            elif isinstance(operation, Update):
                self.changed[operation.key] = self._updated(operation)

    def update_and_get(self, update: Update) -> Item:
        """Carry out `update` here and return the whole item after it. Raises ConditionFailed."""
        self.transact([update])
        return self.changed[update.key] or {}

    def _holds(self, operation: Write) -> bool:
        if operation.condition is None:
            return True
        key = _key_of(operation.item) if isinstance(operation, Put) else operation.key
        return _Evaluation(operation.condition, self.get(key) or {}).holds()

    def _updated(self, update: Update) -> Item:
        item: Item = dict(self.get(update.key) or {"pk": update.key.pk, "sk": update.key.sk})
        parts = _CLAUSES.split(update.expression)
        for verb, clause in zip(parts[1::2], parts[2::2], strict=True):
            for term in re.split(r",(?![^(]*\))", clause):
                _apply(verb, term.strip(), item, update)
        return item


def _apply(verb: str, term: str, item: Item, update: Update) -> None:
    if verb == "REMOVE":
        item.pop(term.removeprefix("#"), None)
    elif verb == "ADD":
        name, value = term.split()
        before, more = item.get(name.removeprefix("#")), update.values[value]
        item[name.removeprefix("#")] = int(str(before or 0)) + int(str(more))
    else:
        name, _, source = (part.strip() for part in term.partition("="))
        kept = re.fullmatch(r"if_not_exists\(#(\w+),\s*(:\w+)\)", source)
        new = update.values[kept[2] if kept else source]
        item[name.removeprefix("#")] = item.get(kept[1], new) if kept else new


def _key_of(item: Item) -> Key:
    return Key(str(item["pk"]), str(item["sk"]))


class _Evaluation:
    """A condition expression, of the few forms that this project writes, about one item."""

    def __init__(self, condition: Condition, item: Item) -> None:
        self._tokens = _TOKENS.findall(condition.expression)
        self._values = condition.values
        self._item = item

    def holds(self) -> bool:
        return self._any()

    def _any(self) -> bool:
        found = self._all()
        while self._next_is("OR"):
            found = self._all() or found
        return found

    def _all(self) -> bool:
        found = self._one()
        while self._next_is("AND"):
            found = self._one() and found
        return found

    def _one(self) -> bool:
        token = self._tokens.pop(0)
        if token == "(":  # noqa: S105 - a bracket, no secret
            found = self._any()
            self._tokens.pop(0)
            return found
        if token.startswith("attribute_"):
            _, name, _ = (self._tokens.pop(0) for _ in range(3))
            return bool((self._value(name) is not None) == (token == "attribute_exists"))  # noqa: S105
        how, other = self._tokens.pop(0), self._value(self._tokens.pop(0))
        value = self._value(token)
        if how == "=":
            return value == other
        if value is None or other is None:
            return False
        ours, theirs = int(str(value)), int(str(other))
        return {"<": ours < theirs, "<=": ours <= theirs, ">": ours > theirs, ">=": ours >= theirs}[how]

    def _next_is(self, word: str) -> bool:
        if self._tokens[:1] != [word]:
            return False
        self._tokens.pop(0)
        return True

    def _value(self, token: str) -> Value:
        if token.startswith(":"):
            return self._values[token]
        value: Value = self._item
        for name in token.split("."):
            value = value.get(name.removeprefix("#")) if isinstance(value, dict) else None
        return value

"""DynamoDB's condition and update expressions, as far as the layer writes them. Anything else is refused."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

Value: TypeAlias = dict[str, Any]
Item: TypeAlias = dict[str, Value]
Names: TypeAlias = Mapping[str, str]
Values: TypeAlias = Mapping[str, Value]
Test: TypeAlias = Callable[[Item, Names, Values], bool]
Step: TypeAlias = Callable[[Item, Item, Names, Values], None]
Operand: TypeAlias = Callable[[Item, Names, Values], Value | None]

_TOKEN = re.compile(r"\s*(#\w+|:\w+|[A-Za-z_]+|<>|<=|>=|[=<>(),.])")
_CLAUSES = ("SET", "REMOVE", "ADD")


@dataclass(frozen=True)
class Compiled:
    """A compiled expression, and the placeholders that it uses."""

    tokens: tuple[str, ...]
    test: Test | None = None
    steps: tuple[Step, ...] = ()

    @property
    def placeholders(self) -> set[str]:
        return {token for token in self.tokens if token[0] in "#:"}


@cache
def condition(expression: str) -> Compiled:
    """A condition expression. Raises NotImplementedError for syntax that the layer does not use."""
    reader = _Reader(expression)
    test = _either(reader)
    reader.end()
    return Compiled(reader.all, test=test)


@cache
def update(expression: str) -> Compiled:
    """An update expression; its steps read the item as it was and change the new one."""
    reader = _Reader(expression)
    steps: list[Step] = []
    seen: list[str] = []
    targets: list[str] = []
    while reader.left:
        clause = reader.take()
        if clause not in _CLAUSES or clause in seen:
            raise NotImplementedError(f"{clause} in {expression!r}")
        seen.append(clause)
        steps += _clause(reader, clause, targets)
    if len(targets) != len(set(targets)) or not targets:
        raise NotImplementedError(f"DynamoDB refuses overlapping or missing paths: {expression!r}")
    return Compiled(reader.all, steps=tuple(steps))


class _Reader:
    def __init__(self, expression: str) -> None:
        self._expression = expression
        self.left = list(self._tokens())[::-1]
        self.all = tuple(self.left[::-1])

    def _tokens(self) -> Iterator[str]:
        at, text = 0, self._expression.rstrip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise NotImplementedError(f"unknown syntax at {text[at:]!r} in {text!r}")
            yield found[1]
            at = found.end()

    def peek(self) -> str:
        return self.left[-1] if self.left else ""

    def take(self, wanted: str = "") -> str:
        if not self.left or (wanted and self.peek() != wanted):
            raise NotImplementedError(f"expected {wanted or 'more'}, found {self.peek()!r} in {self._expression!r}")
        return self.left.pop()

    def placeholder(self, sign: str) -> str:
        if not self.peek().startswith(sign):
            raise NotImplementedError(f"expected {sign}…, found {self.peek()!r} in {self._expression!r}")
        return self.take()

    def end(self) -> None:
        if self.left:
            raise NotImplementedError(f"{self.peek()!r} is too much in {self._expression!r}")


# -- conditions ------------------------------------------------------------------------------------------------------


def _either(reader: _Reader) -> Test:
    tests = [_all(reader)]
    while reader.peek() == "OR":
        reader.take()
        tests.append(_all(reader))
    return tests[0] if len(tests) == 1 else lambda item, names, values: any(t(item, names, values) for t in tests)


def _all(reader: _Reader) -> Test:
    tests = [_single(reader)]
    while reader.peek() == "AND":
        reader.take()
        tests.append(_single(reader))
    return tests[0] if len(tests) == 1 else lambda item, names, values: all(t(item, names, values) for t in tests)


def _single(reader: _Reader) -> Test:
    word = reader.peek()
    if word == "NOT":
        reader.take()
        refused = _single(reader)
        return lambda item, names, values: not refused(item, names, values)
    if word == "(":
        reader.take()
        inner = _either(reader)
        reader.take(")")
        return inner
    if word in ("attribute_exists", "attribute_not_exists"):
        reader.take()
        reader.take("(")
        path = _path(reader)
        reader.take(")")
        wanted = word == "attribute_exists"
        return lambda item, names, _: _exists(item, path, names) is wanted
    if word == "begins_with":
        return _begins_with(reader)
    return _comparison(reader)


def _begins_with(reader: _Reader) -> Test:
    reader.take()
    reader.take("(")
    path = _path(reader)
    reader.take(",")
    prefix = reader.placeholder(":")
    reader.take(")")

    def test(item: Item, names: Names, values: Values) -> bool:
        found = _at(item, path, names)
        return found is not None and str(found["S"]).startswith(values[prefix]["S"])

    return test


def _comparison(reader: _Reader) -> Test:
    path = _path(reader)
    operator = reader.take()
    if operator == "IN":
        return _one_of(reader, path)
    if operator == "=" and reader.peek().startswith("#"):
        other = _path(reader)
        return lambda item, names, _: _exists(item, path, names) and _at(item, path, names) == _at(item, other, names)
    value = reader.placeholder(":")
    if operator == "=":
        return lambda item, names, values: _at(item, path, names) == values[value]
    if operator == "<>":
        return lambda item, names, values: _at(item, path, names) != values[value]
    compare = _ORDER.get(operator)
    if compare is None:
        raise NotImplementedError(f"operator {operator!r}")

    def test(item: Item, names: Names, values: Values) -> bool:
        found = _at(item, path, names)
        return found is not None and compare(*_comparable(found, values[value]))

    return test


def _one_of(reader: _Reader, path: tuple[str, ...]) -> Test:
    reader.take("(")
    members = [reader.placeholder(":")]
    while reader.peek() == ",":
        reader.take()
        members.append(reader.placeholder(":"))
    reader.take(")")
    return lambda item, names, values: _at(item, path, names) in [values[member] for member in members]


_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _comparable(found: Value, wanted: Value) -> tuple[Any, Any]:
    if "N" in found and "N" in wanted:
        return int(found["N"]), int(wanted["N"])
    if "S" in found and "S" in wanted:
        return found["S"], wanted["S"]
    raise NotImplementedError(f"an order of {found} and {wanted}")


# -- updates ---------------------------------------------------------------------------------------------------------


def _clause(reader: _Reader, clause: str, targets: list[str]) -> Iterator[Step]:
    while True:
        path = _path(reader)
        targets.append(".".join(path))
        yield _step(reader, clause, path)
        if reader.peek() != ",":
            return
        reader.take()


def _step(reader: _Reader, clause: str, path: tuple[str, ...]) -> Step:
    if clause == "REMOVE":
        if len(path) > 1:
            raise NotImplementedError(f"REMOVE of a nested attribute: {path}")
        return _remove(path[0])
    if clause == "ADD":
        return _add(path, reader.placeholder(":"))
    reader.take("=")
    operand = _operand(reader)

    def step(old: Item, new: Item, names: Names, values: Values) -> None:
        value = operand(old, names, values)
        if value is None:
            raise NotImplementedError("SET to an attribute that is not there")
        _put(new, path, names, value)

    return step


def _remove(name: str) -> Step:
    def step(_: Item, new: Item, names: Names, __: Values) -> None:
        new.pop(names[name], None)

    return step


def _add(path: tuple[str, ...], value: str) -> Step:
    if len(path) > 1:
        raise NotImplementedError(f"ADD to a nested attribute: {path}")

    def step(old: Item, new: Item, names: Names, values: Values) -> None:
        name = names[path[0]]
        before = old.get(name, {"N": "0"})
        new[name] = {"N": str(int(before["N"]) + int(values[value]["N"]))}

    return step


def _operand(reader: _Reader) -> Operand:
    if reader.peek() != "if_not_exists":
        name = reader.placeholder(":")
        return lambda _, __, values: values[name]
    reader.take()
    reader.take("(")
    path = _path(reader)
    reader.take(",")
    other = _operand(reader)
    reader.take(")")

    def operand(item: Item, names: Names, values: Values) -> Value | None:
        found = _at(item, path, names)
        return other(item, names, values) if found is None else found

    return operand


def _put(new: Item, path: tuple[str, ...], names: Names, value: Value) -> None:
    if len(path) == 1:
        new[names[path[0]]] = value
        return
    if len(path) > 2:
        raise NotImplementedError(f"SET of {path}")
    parent = new[names[path[0]]]
    new[names[path[0]]] = {"M": {**parent["M"], names[path[1]]: value}}


# -- paths -----------------------------------------------------------------------------------------------------------


def _path(reader: _Reader) -> tuple[str, ...]:
    path = [reader.placeholder("#")]
    while reader.peek() == ".":
        reader.take()
        path.append(reader.placeholder("#"))
    return tuple(path)


def _exists(item: Item, path: tuple[str, ...], names: Names) -> bool:
    return _at(item, path, names) is not None


def _at(item: Item, path: tuple[str, ...], names: Names) -> Value | None:
    found = item.get(names[path[0]])
    for part in path[1:]:
        if found is None or "M" not in found:
            return None
        found = found["M"].get(names[part])
    return found

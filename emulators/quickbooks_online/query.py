"""The query language: parse a statement, find and order the rows (facts: QBO 2.4, Intuit's data-queries page)."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from . import refusals
from .entities import BY_LOWER, Entity
from .json_text import Obj

MAX_ROWS = 1000
DEFAULT_ROWS = 100
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:\\.|[^'\\])*')|(?P<op><=|>=|=|<|>)|(?P<mark>[(),*])|(?P<word>[A-Za-z_][\w.]*)"
    r"|(?P<number>-?\d+(?:\.\d+)?))"
)
_MOMENTS = frozenset({"MetaData.CreateTime", "MetaData.LastUpdatedTime"})


@dataclass(frozen=True, slots=True)
class Condition:
    """`path operator values`; IN has several values, the others one."""

    path: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed statement. `fields` is empty for `*`."""

    entity: Entity
    fields: tuple[str, ...]
    count: bool
    where: tuple[Condition, ...]
    order: tuple[tuple[str, bool], ...]
    start: int
    limit: int


class _Words:
    """The statement's tokens, read left to right."""

    def __init__(self, statement: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        position, end = 0, len(statement.rstrip())
        while position < end:
            match = _TOKEN.match(statement, position)
            if match is None:
                raise refusals.query_unparsable(
                    f'Encountered "{statement[position : position + 20]}" at column {position + 1}'
                )
            self.tokens.append((str(match.lastgroup), match.group(str(match.lastgroup))))
            position = match.end()
        self.at = 0

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def next(self, *kinds: str) -> str:
        kind, text = self.peek()
        if kind not in kinds:
            raise refusals.query_unparsable(f'Encountered "{text or "<EOF>"}", expected {" or ".join(kinds)}')
        self.at += 1
        return text

    def take(self, *words: str) -> bool:
        kind, text = self.peek()
        if kind in ("word", "mark") and text.upper() in words:
            self.at += 1
            return True
        return False

    def expect(self, word: str) -> None:
        if not self.take(word):
            raise refusals.query_unparsable(f'Encountered "{self.peek()[1] or "<EOF>"}", expected {word}')


@lru_cache(maxsize=512)
def parse(statement: str) -> Query:
    """Parse a statement.

    Raises Refusal: 4000 when it is no statement (OR, JOIN and the like), 4001 when a name or bound is not allowed.
    """
    words = _Words(statement)
    words.expect("SELECT")
    fields, count = _selection(words)
    words.expect("FROM")
    entity = _entity(words.next("word"))
    where = _where(words) if words.take("WHERE") else ()
    order = _order(words) if words.take("ORDERBY") or _order_by(words) else ()
    start, limit = _page(words)
    if words.peek()[0] != "end":
        raise refusals.query_unparsable(f'Encountered "{words.peek()[1]}"')
    for path in [condition.path for condition in where] + [path for path, _ in order]:
        _check_property(entity, path)
    return Query(entity, fields, count, where, order, start, limit)


def _selection(words: _Words) -> tuple[tuple[str, ...], bool]:
    if words.take("*"):
        return (), False
    if words.peek()[1].upper() == "COUNT":
        words.next("word")
        for mark in "(*)":
            words.expect(mark)
        return (), True
    fields = [words.next("word")]
    while words.take(","):
        fields.append(words.next("word"))
    return tuple(field.removesuffix(".") for field in fields), False


def _entity(name: str) -> Entity:
    entity = BY_LOWER.get(name.lower())
    if entity is None:
        raise refusals.query_invalid(f"invalid context declaration: {name}")
    return entity


def _where(words: _Words) -> tuple[Condition, ...]:
    conditions = [_condition(words)]
    while words.take("AND"):
        conditions.append(_condition(words))
    return tuple(conditions)


def _condition(words: _Words) -> Condition:
    path = words.next("word")
    if words.take("IN"):
        words.expect("(")
        values = [_value(words)]
        while words.take(","):
            values.append(_value(words))
        words.expect(")")
        return Condition(path, "IN", tuple(values))
    if words.take("LIKE"):
        return Condition(path, "LIKE", (_value(words),))
    return Condition(path, words.next("op"), (_value(words),))


def _value(words: _Words) -> str:
    kind, text = words.peek()
    if kind == "text":
        words.at += 1
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    if kind == "number" or (kind == "word" and text.lower() in ("true", "false")):
        words.at += 1
        return text
    raise refusals.query_unparsable(f'Encountered "{text or "<EOF>"}", expected a value in single quotes')


def _order_by(words: _Words) -> bool:
    if not words.take("ORDER"):
        return False
    words.expect("BY")
    return True


def _order(words: _Words) -> tuple[tuple[str, bool], ...]:
    order: list[tuple[str, bool]] = []
    while True:
        path = words.next("word")
        descending = words.take("DESC")
        if not descending:
            words.take("ASC")
        order.append((path, descending))
        if not words.take(","):
            return tuple(order)


def _page(words: _Words) -> tuple[int, int]:
    bounds = {"STARTPOSITION": 1, "MAXRESULTS": DEFAULT_ROWS}
    for _ in bounds:  # both orders work (facts: QBO 2.4)
        word = words.peek()[1].upper()
        if word in bounds:
            words.next("word")
            bounds[word] = int(words.next("number"))
    start, limit = bounds["STARTPOSITION"], bounds["MAXRESULTS"]
    if min(start, limit) < 1:
        raise refusals.query_invalid(f"value {min(start, limit)} is too small. Min allowed value is 1")
    if limit > MAX_ROWS:
        raise refusals.query_invalid(f"value {limit} is too large. Max allowed value is {MAX_ROWS}")
    return start, limit


def _check_property(entity: Entity, path: str) -> None:
    if path not in entity.queryable:
        if path.startswith(("PrivateNote", "Line", "CustomerMemo", "Notes")):
            raise refusals.query_invalid(f"property '{path}' is not queryable")
        raise refusals.query_invalid(f"Property {path} not found for Entity {entity.name}")


def run(query: Query, rows: Iterable[Obj]) -> Obj:
    """The `QueryResponse` of a query over all rows of its entity, in Intuit's shape (vcr query_*)."""
    found = select(query, rows)
    if query.count:
        return {"totalCount": len(found)}
    page = found[query.start - 1 : query.start - 1 + query.limit]
    if not page:
        return {}
    if query.fields:
        page = [{name: row[name] for name in ("domain", "sparse", *query.fields) if name in row} for row in page]
    return {query.entity.name: page, "startPosition": query.start, "maxResults": len(page)}


def select(query: Query, rows: Iterable[Obj]) -> list[Obj]:
    """All matching rows in order; inactive list entries only when the statement asks about Active."""
    tests = [_test(condition) for condition in query.where]
    if query.entity.is_list and not any(condition.path == "Active" for condition in query.where):
        tests.append(_active)
    found = [row for row in rows if all(test(row) for test in tests)]
    if query.order:
        for path, descending in reversed(query.order):
            found.sort(key=_sort_key(path), reverse=descending)
    elif query.entity.is_list:
        found.sort(
            key=lambda row: str(row.get("FullyQualifiedName") or row.get(query.entity.name_field, "")).casefold()
        )
    else:
        found.sort(key=_sort_key("Id"), reverse=True)  # newest first unless asked (facts: QBO 2.4)
    return found


def _active(row: Obj) -> bool:
    return bool(row.get("Active", True))


def _field(row: Obj, path: str) -> object:
    value: object = row
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, dict):  # a reference compares by id, an e-mail address by its text
        return value.get("value", value.get("Address"))
    return value


def _sort_key(path: str) -> Callable[[Obj], tuple[int, Decimal, str]]:
    def key(row: Obj) -> tuple[int, Decimal, str]:
        value = _field(row, path)
        if value is None:
            return (0, Decimal(0), "")
        if isinstance(value, Decimal | int) or path == "Id":
            as_number = _decimal(str(value))
            return (1, as_number if as_number is not None else Decimal(0), str(value))
        if path in _MOMENTS:
            return (1, Decimal(int(_moment(str(value)).timestamp())), "")
        return (2, Decimal(0), str(value).casefold())

    return key


def _test(condition: Condition) -> Callable[[Obj], bool]:
    path, operator = condition.path, condition.operator
    if operator == "IN":
        single = [_test(Condition(path, "=", (value,))) for value in condition.values]
        return lambda row: any(test(row) for test in single)
    wanted = condition.values[0]
    if operator == "LIKE":
        pattern = re.compile(".*".join(re.escape(part) for part in wanted.split("%")), re.IGNORECASE | re.DOTALL)
        return lambda row: (value := _field(row, path)) is not None and pattern.fullmatch(str(value)) is not None
    moment = _moment(wanted) if path in _MOMENTS else None

    def test(row: Obj) -> bool:
        value = _field(row, path)
        if value is None:
            return False
        if moment is not None:
            return _compare(operator, _moment(str(value)), moment)
        return _compare_values(operator, path, value, wanted)

    return test


def _compare_values(operator: str, path: str, value: object, wanted: str) -> bool:
    if isinstance(value, bool):
        return _compare(operator, str(value).lower(), wanted.lower())
    if isinstance(value, Decimal | int) or path == "Id" or path.endswith("Ref"):
        left, right = _decimal(str(value)), _decimal(wanted)
        if left is not None and right is not None:
            return _compare(operator, left, right)
    # Whether equality minds the case is unpublished [G]; the tolerant reading forces callers to check the name.
    return _compare(operator, str(value).casefold(), wanted.casefold())


def _compare(operator: str, left: str | Decimal | datetime, right: str | Decimal | datetime) -> bool:
    if operator == "=":
        return left == right
    if operator == "<":
        return left < right  # type: ignore[operator]  # both sides are of one type by construction
    if operator == ">":
        return left > right  # type: ignore[operator]  # as above
    if operator == "<=":
        return left <= right  # type: ignore[operator]  # as above
    return left >= right  # type: ignore[operator]  # as above


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise refusals.query_invalid(f"Invalid date or time: {text}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

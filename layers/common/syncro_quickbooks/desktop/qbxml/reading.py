"""Reading QuickBooks' answers: tolerant of what is missing or new, built up while it is read (facts: QBD 1.1, 2.1).

Objects come as plain JSON under qbXML's names: texts, objects, and lists where an element repeats.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from syncro_quickbooks.desktop.xml_reading import Careful, Document, Unreadable, feed
from syncro_quickbooks.json_types import Json, JsonObject

_ANSWERS_AT = 3  # QBXML, QBXMLMsgsRs, then one element for each request


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of one request. `objects` are its Rets by name; `fields` what stands beside them (TxnID of a void).

    `code` is None where QuickBooks states none that can be read. `remaining` is what an iterator has left.
    """

    name: str
    request_id: str
    code: int | None
    severity: str = ""
    message: str = ""
    objects: tuple[tuple[str, JsonObject], ...] = ()
    fields: JsonObject = field(default_factory=dict)
    recovery: JsonObject = field(default_factory=dict)
    iterator_id: str = ""
    remaining: int | None = None

    @property
    def done(self) -> bool:
        """Whether the request was carried out: information and warnings are no refusals (facts: QBD 2.3)."""
        return self.code is not None and self.code < 1000 and self.severity != "Error"

    @property
    def object(self) -> JsonObject | None:
        """The first object."""
        return self.objects[0][1] if self.objects else None


@dataclass(frozen=True, slots=True)
class Answer:
    """A message set's answer. `set_status` is empty where QuickBooks states none."""

    replies: tuple[Reply, ...]
    set_id: str = ""
    set_status: str = ""


def read_answer(document: Document) -> Answer:
    """The answer in `document`. Raises Unreadable, also if it is not an answer."""
    answer = feed(document, _Collector())
    if not isinstance(answer, Answer):
        raise Unreadable("not an answer of QuickBooks")
    return answer


class _Collector(Careful):
    """Turns the elements into replies as they end; no tree of the whole answer is ever kept."""

    def __init__(self) -> None:
        super().__init__()
        self._set: dict[str, str] | None = None
        self._reply: tuple[str, dict[str, str]] = ("", {})
        self._content: list[tuple[str, Json]] = []
        self._open: list[tuple[JsonObject, list[str]]] = []
        self._replies: list[Reply] = []

    def start(self, tag: str, attrs: dict[str, str], /) -> None:
        """An element begins."""
        self.deeper()
        if self.depth == _ANSWERS_AT - 1 and tag == "QBXMLMsgsRs" and self._set is None:
            self._set = dict(attrs)
        elif self.depth == _ANSWERS_AT:
            self._reply, self._content = (tag.removesuffix("Rs"), dict(attrs)), []
        elif self.depth > _ANSWERS_AT:
            self._open.append(({}, []))

    def data(self, text: str, /) -> None:
        """Text inside an element."""
        if self._open:
            self._open[-1][1].append(text)

    def end(self, tag: str, /) -> None:
        """An element ends."""
        if self.depth == _ANSWERS_AT:
            self._replies.append(_reply(*self._reply, self._content))
        elif self._open:
            children, texts = self._open.pop()
            value: Json = children or "".join(texts)
            if self._open:
                _add(self._open[-1][0], tag, value)
            else:
                self._content.append((tag, value))
        self.depth -= 1

    def close(self) -> Answer | None:
        """The document has ended."""
        if self._set is None:
            return None
        return Answer(
            tuple(self._replies), self._set.get("newMessageSetID", ""), self._set.get("messageSetStatusCode", "")
        )


def _add(parent: JsonObject, name: str, value: Json) -> None:
    if name not in parent:
        parent[name] = value
        return
    before = parent[name]
    if isinstance(before, list):
        before.append(value)
    else:
        parent[name] = [before, value]


def _reply(name: str, attributes: dict[str, str], content: Sequence[tuple[str, Json]]) -> Reply:
    recovery = next((value for tag, value in content if tag == "ErrorRecovery" and isinstance(value, dict)), {})
    return Reply(
        name=name,
        request_id=attributes.get("requestID", ""),
        code=_whole(attributes.get("statusCode", "")),
        severity=attributes.get("statusSeverity", ""),
        message=attributes.get("statusMessage", ""),
        objects=tuple((tag, value) for tag, value in content if tag.endswith("Ret") and isinstance(value, dict)),
        fields={tag: value for tag, value in content if isinstance(value, str)},
        recovery=recovery,
        iterator_id=attributes.get("iteratorID", ""),
        remaining=_whole(attributes.get("iteratorRemainingCount", "")),
    )


def _whole(written: str) -> int | None:
    return int(written) if written.strip().isdecimal() else None


def text(parent: JsonObject, *path: str) -> str:
    """The text at a path of names, empty if it is not there."""
    value: Json = parent
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def section(parent: JsonObject, name: str) -> JsonObject:
    """The object under `name`, empty if it is absent."""
    value = parent.get(name)
    return value if isinstance(value, dict) else {}


def rows(parent: JsonObject, name: str) -> list[JsonObject]:
    """The objects under `name`, however many there are."""
    value = parent.get(name)
    found = value if isinstance(value, list) else [value]
    return [each for each in found if isinstance(each, dict)]


def amount(parent: JsonObject, *path: str) -> Decimal | None:
    """The number at a path of names; None if there is none that can be read."""
    written = text(parent, *path).strip()
    try:
        return Decimal(written) if written else None
    except InvalidOperation:
        return None

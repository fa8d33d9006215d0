"""The request processor: a qbXML message set in, its answer out (facts: QBD 2.1, 2.4, 2.5)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element as Xml

from . import about, grammar, lists, payments, queries, removal, sales, tables, xml_text
from .rets import Content
from .statuses import HResult, Obj, Refused, malformed

if TYPE_CHECKING:
    from .company import CompanyFile

_OK = "Status OK"
_NO_MATCH = "A query request did not find a matching object in QuickBooks"
_NOT_DONE = "The request has not been processed."  # the code is published, the text [M]
_ANSWERED = 3231


@dataclass(frozen=True, slots=True)
class Stored:
    """A message set that QuickBooks remembers: what it was and what it answered."""

    request: str
    answer: str


@dataclass(slots=True)
class Session:
    """An open session with the company file; iterators live and die with it."""

    company: "CompanyFile"
    pages: queries.Pages = field(default_factory=queries.Pages)
    ended: bool = False

    def process(self, request: str) -> str:
        """ProcessRequest. Raises HResult: 0x80040400 and 0x80040423 (nothing done), or one that a test armed."""
        if self.ended:
            raise HResult("0x8004040D", "The ticket parameter is invalid.")
        self.company.before_request()
        version, message_set = xml_text.parse(request, self.company.foreign_characters)
        if version not in self.company.versions():
            raise HResult("0x80040423")
        _check_set(self.company, message_set)
        answer = _Recovery(self.company, request, message_set).known()
        return answer if answer is not None else self._work(request, message_set)

    def end(self) -> None:
        """EndSession; its iterators can no longer be asked."""
        self.ended = True

    def _work(self, request: str, message_set: Xml) -> str:
        new_id = message_set.get("newMessageSetID")
        attributes = {"newMessageSetID": new_id, "messageSetStatusCode": "0"} if new_id else {}
        old_id = message_set.get("oldMessageSetID")
        if old_id and old_id != new_id and self.company.stored_sets.pop(old_id, None) is None:
            attributes["messageSetStatusCode"] = "600"
        answers: list[str] = []
        macros: dict[str, str] = {}
        stopped = False
        for element in message_set:
            answers.append(_status(element, _ANSWERED, "Error", _NOT_DONE) if stopped else self._one(element, macros))
            stopped = stopped or (message_set.get("onError") == "stopOnError" and _is_error(answers[-1]))
            self.company.after_request()
        if message_set.get("responseData") == "includeNone":
            answers = [_without_content(one) for one in answers]
        text = xml_text.document(attributes, answers)
        if new_id:
            self.company.stored_sets[new_id] = Stored(request, text)
        return text

    def _one(self, element: Xml, macros: dict[str, str]) -> str:
        name = element.tag.removesuffix("Rq")
        try:
            _check_request_id(element)
            self.company.raise_trouble(name)
            body, only, macro = _body(element, name, macros)
            with self.company.store.atomic():
                if name.endswith("Query"):
                    return self._query(element, name, body, only)
                content = carry_out(self.company, name, body, by_hand=False)
            if macro:
                macros[macro] = _id_of(content)
            return _rs(element, 0, "Info", _OK, _only(content, only))
        except Refused as refusal:
            return _rs(element, refusal.code, refusal.severity, refusal.message, refusal.content)

    def _query(self, element: Xml, name: str, body: Obj, only: list[str]) -> str:
        if name in _ABOUT:
            return _rs(element, 0, "Info", _OK, _only(_ABOUT[name](self.company, body), only))
        paging = queries.Paging(element.get("iterator", ""), element.get("iteratorID", ""), self.pages)
        found = queries.run(self.company, name, body, paging)
        more = {}
        if found.left is not None:
            more = {"iteratorRemainingCount": str(found.left), "iteratorID": found.iterator_id}
        if found.missing:
            text = (
                "The query request has not been fully completed. There was a required element "
                f'("{found.missing[0]}") that could not be found in QuickBooks.'
            )
            return _rs(element, 500, "Warn", text, _only(found.content, only), more)
        if not found.content and element.get("iterator") != "Stop":
            return _rs(element, 1, "Info", _NO_MATCH, [], more)
        return _rs(element, 0, "Info", _OK, _only(found.content, only), more)


@dataclass(frozen=True, slots=True)
class _Recovery:
    """What QuickBooks already knows of a message set (facts: QBD 2.4)."""

    company: "CompanyFile"
    request: str
    message_set: Xml

    def known(self) -> str | None:
        """The answer when nothing is to be done, else None."""
        old_id, new_id = self.message_set.get("oldMessageSetID"), self.message_set.get("newMessageSetID")
        if not new_id:
            return None
        if len(new_id) > 24:
            return self._only_status("9004")
        stored = self.company.stored_sets.get(new_id)
        if not len(self.message_set) and old_id == new_id:
            return stored.answer if stored else self._only_status(str(self.company.unknown_set_status))
        if stored is None:
            return None
        return stored.answer if stored.request == self.request else self._only_status("9001")

    def _only_status(self, code: str) -> str:
        new_id = self.message_set.get("newMessageSetID", "")
        return xml_text.document({"newMessageSetID": new_id, "messageSetStatusCode": code}, [])


def carry_out(company: "CompanyFile", name: str, body: Obj, *, by_hand: bool) -> Content:
    """Add, change, void or delete, for an application or for the bookkeeper. Raises Refused."""
    if name in ("TxnVoid", "TxnDel"):
        remove = removal.void if name == "TxnVoid" else removal.delete
        return remove(company, body, by_hand=by_hand)
    kind, verb = name[:-3], name[-3:]
    if kind in ("Invoice", "CreditMemo"):
        form = sales.add if verb == "Add" else sales.modify
        return form(company, kind, body, by_hand=by_hand)
    if kind == "ReceivePayment":
        payment = payments.add if verb == "Add" else payments.modify
        return payment(company, kind, body, by_hand=by_hand)
    if verb == "Add":
        return lists.add(company, kind, body)
    return lists.modify(company, kind, body, by_hand=by_hand)


_ABOUT: dict[str, Callable[["CompanyFile", Obj], Content]] = {
    "HostQuery": lambda company, _: about.host(company),
    "CompanyQuery": about.company,
    "PreferencesQuery": lambda company, _: about.preferences(company),
}


def _check_set(company: "CompanyFile", message_set: Xml) -> None:
    """The structure of the whole set; one mistake refuses all of it."""
    if message_set.get("onError") not in ("stopOnError", "continueOnError"):
        raise malformed(f"onError {message_set.get('onError')!r}")
    allowed = {"onError", "responseData", "oldMessageSetID", "newMessageSetID"}
    if set(message_set.attrib) - allowed or message_set.get("responseData", "includeAll") not in (
        "includeAll",
        "includeNone",
    ):
        raise malformed("attributes of QBXMLMsgsRq")
    for element in message_set:
        name = element.tag.removesuffix("Rq")
        if name == element.tag or not tables.is_known(name):
            raise malformed(f"{element.tag} is not known")
        _check_attributes(element, name)
        if company.country != "US":
            for one in element.iter():
                if one.tag in tables.NOT_IN_CANADA_OR_UK:
                    raise malformed(f"{one.tag} is not known in {company.country}")
        grammar.check(element, tables.rule(name))


def _check_attributes(element: Xml, name: str) -> None:
    allowed = {"requestID"}
    if name.endswith("Query") and name not in _ABOUT:
        allowed.add("metaData")
        if name not in tables.NO_ITERATOR and name != "TxnDeletedQuery":
            allowed |= {"iterator", "iteratorID"}
    if set(element.attrib) - allowed or element.get("iterator", "Start") not in ("Start", "Continue", "Stop"):
        raise malformed(f"attributes of {element.tag}")
    inner = element.find(name)
    if inner is not None:
        # defMacro names transactions only; the schema has none on list entries.
        named = {"defMacro"} if name[:-3] in tables.TRANSACTIONS and name.endswith("Add") else set()
        if set(inner.attrib) - named:
            raise malformed(f"attributes of {name}")


def _check_request_id(element: Xml) -> None:
    if len(element.get("requestID", "")) > 50:
        raise Refused(1060, "The request ID is too long.")


def _body(element: Xml, name: str, macros: dict[str, str]) -> tuple[Obj, list[str], str]:
    """Values of a request, the Ret elements it wants (empty: all), and the macro it defines."""
    only = [one.text or "" for one in element.findall("IncludeRetElement")]
    if not name.endswith(("Add", "Mod")):
        return grammar.read(element, tables.rule(name), macros), only, ""
    inner = element.find(name)
    if inner is None:
        raise malformed(f"{name} is missing")
    return grammar.read(inner, tables.body_rule(name), macros), only, inner.get("defMacro", "")


def _id_of(content: Content) -> str:
    for _, value in content:
        if isinstance(value, dict) and value.get("TxnID"):
            return str(value["TxnID"])
    return ""


def _only(content: Content, only: list[str]) -> Content:
    if not only:
        return content
    return [
        (name, {key: value[key] for key in value if key in only} if isinstance(value, dict) else value)
        for name, value in content
    ]


def _rs(  # noqa: PLR0917  # the parts of an answer, in its own order
    element: Xml, code: int, severity: str, message: str, content: Content, more: dict[str, str] | None = None
) -> str:
    request_id = element.get("requestID")
    attributes = {} if request_id is None else {"requestID": request_id}
    attributes |= {"statusCode": str(code), "statusSeverity": severity, "statusMessage": message, **(more or {})}
    return xml_text.answer(f"{element.tag.removesuffix('Rq')}Rs", attributes, content)


def _status(element: Xml, code: int, severity: str, message: str) -> str:
    return _rs(element, code, severity, message, [])


def _is_error(answer: str) -> bool:
    return 'statusSeverity="Error"' in answer.partition("\n")[0]


def _without_content(answer: str) -> str:
    head = answer.partition("\n")[0]
    return answer if head.endswith("/>") else f"{head[:-1]} />\n"

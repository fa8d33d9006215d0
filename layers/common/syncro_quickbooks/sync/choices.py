"""What people decide about records: which actions there are, what they need to know, how long they hold. Pure."""

import json
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from syncro_quickbooks.sync.model import Action, Kind, Problem, RecordKey

AT_ONCE = frozenset({"retry", "force_update"})
"""They only have the record looked at again, so nothing is kept of them but the history."""

ONCE = frozenset(
    {
        "create",
        "create_with_suffix",
        "done",
        "keep",
        "link",
        "overwrite",
        "reactivate",
        "recreate",
        "reverse",
        "void",
    }
)
"""They answer the problem that was shown, and are over once the record stands anew; a newer version asks again."""

REFUSALS = ("skip", "stop", "unlink")
LASTING = frozenset({*REFUSALS, "post_unapplied", "push_anyway", "redate"})
"""They hold, whatever Syncro says later, until they are taken back."""

ELSEWHERE = frozenset({"open_settings", "override_tax", "reconnect"})
"""They point to the place where something is to be changed: the settings, or the connection."""

TAKEN_BACK = "resume"
"""Takes back what keeps a record from being sent."""

ALL = AT_ONCE | ONCE | LASTING | ELSEWHERE | {TAKEN_BACK}

_LIST_ENTRIES = frozenset({Kind.CUSTOMER, Kind.VENDOR, Kind.PRODUCT})
_ABOUT_A_DOCUMENT = frozenset({"keep", "overwrite", "void"})
_QBO_ID = re.compile(r"[0-9A-Za-z-]{1,50}")
_SUFFIX = re.compile(r"[^\s:\"<>&](?:[^\t\r\n:\"<>&]{0,18}[^\s:\"<>&])?")


class BadParameters(Exception):
    """What was given with an action cannot be; `field` is to blame, the text says why."""

    def __init__(self, field_name: str, why: str) -> None:
        super().__init__(why)
        self.field = field_name


@dataclass(frozen=True, slots=True)
class Choice:
    """One action that somebody ran: its parameters, the problem and version it answers, by whom and when (ms)."""

    id: str
    action: str
    code: str
    version: int
    user: str
    at: int
    params: Mapping[str, str] = field(default_factory=dict)


def choices_to_text(choices: Sequence[Choice]) -> str:
    """`choices` as JSON, the form they have in the table; empty text for none."""
    if not choices:
        return ""
    rows = [
        {
            "id": each.id,
            "action": each.action,
            "code": each.code,
            "version": each.version,
            "user": each.user,
            "at": each.at,
            "params": dict(each.params),
        }
        for each in choices
    ]
    return json.dumps(rows, sort_keys=True)


def choices_from_text(text: str) -> tuple[Choice, ...]:
    """What `choices_to_text` wrote."""
    return tuple(Choice(**row) for row in json.loads(text)) if text else ()


def counting(choices: Sequence[Choice], version: int, actions: Sequence[str]) -> Choice | None:
    """The choice of one of `actions` that counts for a version: a lasting one always, any other for its own."""
    return next(
        (each for each in choices if each.action in actions and (each.action in LASTING or each.version == version)),
        None,
    )


def lasting(choices: Sequence[Choice]) -> tuple[Choice, ...]:
    """What is left of `choices` once the record stands anew."""
    return tuple(each for each in choices if each.action in LASTING)


def added(choices: Sequence[Choice], new: Choice) -> tuple[Choice, ...]:
    """`choices` and `new`: one of each action, and only the newest of those that answer one problem."""
    return (*(each for each in lasting(choices) if each.action != new.action), new)


def offered(problem: Problem, kind: Kind, *, linked: bool, runs: Set[str] = ALL) -> Problem:
    """`problem` with those of its actions that can be run on a record like this; `runs` are the edition's."""
    possible = tuple(each for each in problem.actions if each.name in runs and _possible(each, kind, linked=linked))
    return problem if possible == problem.actions else replace(problem, actions=possible)


def _possible(action: Action, kind: Kind, *, linked: bool) -> bool:
    if "record" in action.params:
        return True  # it is run on that one
    is_entry = kind in _LIST_ENTRIES
    possible = {
        "create_with_suffix": is_entry and not linked,
        "link": is_entry or (not linked and kind is not Kind.TAX_RATE),
        "reactivate": bool(action.params.get("id")),
        "recreate": linked and kind is not Kind.TAX_RATE,
        "reverse": linked and kind is Kind.INVOICE,
        "redate": not linked and not is_entry and kind is not Kind.TAX_RATE,
        "unlink": linked,
    }
    return possible.get(action.name, action.name not in _ABOUT_A_DOCUMENT or (linked and not is_entry))


def find(problems: Sequence[Problem], name: str, code: str, params: Mapping[str, str]) -> tuple[Problem, Action] | None:
    """The action that is meant among those offered: of the problem `code` if one is named, with the id in `params`."""
    found = [
        (problem, action)
        for problem in problems
        for action in problem.actions
        if action.name == name and code in ("", problem.code)
    ]
    by_id = [each for each in found if each[1].params.get("id") == params.get("id")]
    return next(iter([*by_id, *found]), None)


def parameters(action: Action, given: Mapping[str, str], key: RecordKey) -> dict[str, str]:
    """What the action is run with. Raises BadParameters."""
    if action.name == "link":
        return _of_link(action, given)
    if action.name == "create_with_suffix":
        suffix = given.get("suffix", f"#{action.params.get('record', str(key)).partition('#')[2]}")
        if not _SUFFIX.fullmatch(suffix):
            raise BadParameters("params.suffix", 'a suffix has 1 to 20 characters and none of : " < > &')
        record = {name: value for name, value in action.params.items() if name == "record"}
        return {**record, "suffix": suffix}
    extra = sorted(name for name, value in given.items() if action.params.get(name) != value)
    if extra:
        raise BadParameters(f"params.{extra[0]}", f"'{action.name}' does not take this")
    return dict(action.params)


def _of_link(action: Action, given: Mapping[str, str]) -> dict[str, str]:
    qbo_id = given.get("id") or action.params.get("id") or action.params.get("qbo_id") or ""
    if not _QBO_ID.fullmatch(qbo_id):
        raise BadParameters("params.id", "the id that the document or entry has in QuickBooks is needed")
    return {**{name: value for name, value in action.params.items() if name != "qbo_id"}, "id": qbo_id}

"""What settings point at in QuickBooks: every reference is of an entry that is there, in use, and of the right kind."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from pydantic import BaseModel

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.sync.pick_lists import Entry
from syncro_quickbooks.sync.settings import Reason, Ref, Settings, dump_settings

Find: TypeAlias = Callable[[str, str], Entry | None]
"""An entry of a list by its id; raises ListsUnavailable if the list cannot be read."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference in the settings: where it stands, as keys from the outside in, and what it points at."""

    path: tuple[str, ...]
    ref: Ref

    @property
    def setting(self) -> str:
        """The path as it is shown."""
        return ".".join(self.path)

    @property
    def rule(self) -> str:
        """The name of the rule that it has to meet: the setting, and the field inside an entry of a map."""
        return self.path[0] if len(self.path) < 3 else f"{self.path[0]}.{self.path[2]}"


@dataclass(frozen=True, slots=True)
class Rule:
    """What may be chosen for a setting: entries of one list, described by `what` ("a bank account").

    `unfit` says what is wrong with an entry, None if nothing is. It may look up others, such as an item's account.
    `suggests` marks QuickBooks' own obvious candidates.
    """

    list: str
    what: str
    unfit: Callable[[Entry, Find], str | None] = lambda _entry, _find: None
    suggests: Callable[[Entry], bool] = lambda _entry: False


def references(settings: Settings) -> list[Reference]:
    """Everything that the settings point at."""
    return [Reference(path, ref) for path, ref in _walk(settings, ())]


def _walk(value: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Ref]]:
    if isinstance(value, Ref):
        yield path, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _walk(getattr(value, name), (*path, name))
    elif isinstance(value, Mapping):
        for key, member in value.items():
            yield from _walk(member, (*path, str(key)))


def wrong(reference: Reference, rule: Rule, find: Find) -> Reason | None:
    """What is wrong with a reference, in words. Raises what `find` raises."""
    entry = find(rule.list, reference.ref.id)
    said = _gone(reference.ref) if entry is None else rule.unfit(entry, find)
    return None if said is None else Reason(reference.setting, said, f"Choose {rule.what} from QuickBooks' list.")


def _gone(ref: Ref) -> str:
    named = f"'{ref.name}' (id {ref.id})" if ref.name else f"with the id {ref.id}"
    return f"QuickBooks has no such entry {named}, or it was made inactive there."


def with_names(settings: Settings, name_of: Callable[[Reference], str]) -> JsonObject:
    """The settings as they are stored, each reference with the name that QuickBooks has for it."""
    stored = dump_settings(settings)
    for reference in references(settings):
        place = stored
        for key in reference.path:
            inner = place[key]
            if not isinstance(inner, dict):
                raise TypeError(f"{reference.setting} is no reference")
            place = inner
        place["name"] = name_of(reference)
    return stored


def of_kind(*kinds: str) -> Callable[[Entry, Find], str | None]:
    """Only entries of these kinds, as QuickBooks calls them."""

    def unfit(entry: Entry, _find: Find) -> str | None:
        return None if entry.kind in kinds else f"'{entry.name}' is of the type '{entry.kind}'."

    return unfit

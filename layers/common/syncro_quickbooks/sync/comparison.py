"""The lists of both sides compared, for the report of an export or import. Pure.

Only the exact name joins two entries, or our own marker; an e-mail address alone, a cut or changed name, two that look
alike: all of that is a person's to decide (facts: Syncro C4).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.sync.job import Outcome, Row
from syncro_quickbooks.sync.model import Kind, Problem, RecordKey
from syncro_quickbooks.sync.records import View
from syncro_quickbooks.sync.settings import fold

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of QuickBooks' list. `name` is what Syncro would call it: a customer's with those above it.

    `note` is where our marker stands. `fields` is what was read of it, under QuickBooks' own names. `unfit` says why it
    is nothing that Syncro could have.
    """

    id: str
    name: str
    email: str
    active: bool
    note: str
    fields: JsonObject
    unfit: Problem | None = None


@dataclass(frozen=True, slots=True)
class Thing:
    """A thing of Syncro. `said` is its name as Syncro says it; empty fields if its snapshot was not kept.

    `name` is the one QuickBooks would be given, `altered` if that is no longer what Syncro says.
    `elsewhere`: a company that was connected before has it, this one does not.
    """

    view: View
    said: str
    name: str
    altered: bool
    email: str = ""
    disabled: bool = False
    elsewhere: bool = False

    @property
    def key(self) -> RecordKey:
        return self.view.key

    @property
    def there(self) -> bool:
        """Whether Syncro has it, as far as is known here."""
        return self.view.record.desired is not None and not self.view.record.deleted


@dataclass(frozen=True, slots=True)
class Words:
    """What the two sides call a thing."""

    ours: str
    theirs: str


WORDS: Mapping[Kind, Words] = {
    Kind.CUSTOMER: Words("organization", "customer"),
    Kind.PRODUCT: Words("product", "item"),
    Kind.VENDOR: Words("vendor", "vendor"),
}


class Comparison:
    """Everything of one kind beside all that QuickBooks has of it. E-mail addresses count for organizations only."""

    def __init__(self, kind: Kind, things: Sequence[Thing], entries: Sequence[Entry]) -> None:
        self._words = WORDS[kind]
        mails = kind is Kind.CUSTOMER
        self._things = {str(each.key): each for each in things}
        self._owners = {each.view.state.qbo_id: each for each in things if each.view.state.linked}
        self._entries_named = _grouped([each for each in entries if not each.unfit], lambda each: fold(each.name))
        self._unfit_named = _grouped([each for each in entries if each.unfit], lambda each: fold(each.name))
        self._marked = _grouped([each for each in entries if owner_in(each.note)], lambda each: owner_in(each.note))
        self._mailed = _grouped([e for e in entries if e.active and mails], lambda each: _mail(each.email))
        there = [each for each in things if each.there]
        self._said = _grouped(things, lambda each: fold(each.said))
        self._free = _grouped([each for each in there if not each.view.state.linked], lambda each: fold(each.name))
        self._mailing = _grouped([each for each in there if mails], lambda each: _mail(each.email))

    # -- export --------------------------------------------------------------------------------------------------------

    def of_thing(self, thing: Thing) -> Row:
        """The row of an export's report."""
        row = Row(Outcome.NEW, str(thing.key), thing.said, record=str(thing.key))
        if thing.view.state.linked and not thing.view.state.gone:
            return replace(row, outcome=Outcome.LINKED, entry=thing.view.state.qbo_id)
        if (why := self._left_out(thing)) is not None:
            return replace(row, outcome=Outcome.LEFT_OUT, problem=why)
        if (why := self._doubtful(thing)) is not None:
            return replace(row, outcome=Outcome.COLLIDES, problem=why)
        entry = self._same(thing)
        if entry is None:
            why = self._in_the_way(thing)
            return row if why is None else replace(row, outcome=Outcome.COLLIDES, problem=why)
        why = self._taken(thing, entry) or self._several(thing) or obstacle(thing, entry)
        outcome = Outcome.MATCHES if why is None else Outcome.COLLIDES
        return replace(row, outcome=outcome, entry=entry.id, problem=why)

    def _same(self, thing: Thing) -> Entry | None:
        """The one entry that is the thing: by our marker, else by its exact name."""
        marked = self._marked.get(str(thing.key), [])
        if len(marked) == 1:
            return marked[0]
        return next(iter(self._entries_named.get(fold(thing.said), [])), None)

    def _several(self, thing: Thing) -> Problem | None:
        """Items of one name can stand in several categories."""
        named = self._entries_named.get(fold(thing.said), [])
        if len(named) < 2 or str(thing.key) in self._marked:
            return None
        why = f"QuickBooks has {len(named)} {self._words.theirs}s of this name"
        return self._collides(f"{self._words.theirs}_name_twice", thing.said, why, "Rename all but one in QuickBooks.")

    def _left_out(self, thing: Thing) -> Problem | None:
        ours = self._words.ours
        if thing.view.record.deleted:
            message = f"{ours.capitalize()} '{thing.said}' is deleted in Syncro."
            return Problem("deleted_in_syncro", message, "Nothing to do.")
        if thing.view.record.desired is None:
            fix = "Save it once in Syncro, so that it is sent again."
            return Problem("snapshot_missing", f"What Syncro says of {thing.key} was too large to be kept.", fix)
        if thing.disabled:
            message = f"{ours.capitalize()} '{thing.said}' is disabled in Syncro."
            return Problem("disabled_in_syncro", message, "Nothing to do; enable it to have it exported.")
        return None

    def _doubtful(self, thing: Thing) -> Problem | None:
        twins = [each for each in self._free.get(fold(thing.name), []) if each.key != thing.key]
        theirs = self._words.theirs
        if thing.view.state.gone:
            why, fix = f"was linked to a {theirs} that is deleted in QuickBooks", "Recreate it or stop syncing it."
        elif thing.view.state.doubt:
            why, fix = "may be in QuickBooks already", thing.view.state.doubt
        elif thing.elsewhere:
            why = "is in the QuickBooks company that was connected before"
            fix = "It comes here with its next document, or when somebody posts it here."
        elif twins:
            why = f"has the same name as {_list(each.key for each in twins)}"
            fix = "Rename one of them in Syncro, or merge them there."
        else:
            return None
        return self._collides(f"{self._words.ours}_in_doubt", thing.said, why, fix)

    def _taken(self, thing: Thing, entry: Entry) -> Problem | None:
        owner = self._owners.get(entry.id)
        if owner is None or owner.key == thing.key:
            return None
        why = f"QuickBooks' '{entry.name}' already belongs to {owner.key}, '{owner.said}'"
        return self._collides("linked_to_another", thing.said, why, "Rename one of the two in Syncro.")

    def _in_the_way(self, thing: Thing) -> Problem | None:
        """Why the thing should not simply be made, though QuickBooks does not have its name."""
        theirs = self._words.theirs
        unfit = self._unfit_named.get(fold(thing.said), [])
        if unfit and unfit[0].unfit is not None:
            why = f"QuickBooks has something else of this name: {unfit[0].unfit.message}"
            return self._collides(f"{theirs}_name_taken", thing.said, why, "Rename one of the two.")
        spelt = self._entries_named.get(fold(thing.name), [])
        if spelt:
            why = f"its name has to be changed for QuickBooks, and '{spelt[0].name}' is there already"
            fix = "Rename it in Syncro, or the other one in QuickBooks."
            return self._collides(f"{theirs}_name_taken", thing.said, why, fix)
        others = self._mailed.get(_mail(thing.email), [])
        if others:
            why = f"{_list(repr(each.name) for each in others)} in QuickBooks has its e-mail address, {thing.email}"
            fix = "If they are the same, give both the same name; else change one of the addresses."
            return self._collides(f"{theirs}_email_taken", thing.said, why, fix)
        return None

    # -- import --------------------------------------------------------------------------------------------------------

    def of_entry(self, entry: Entry) -> Row:
        """The row of an import's report. Sub-customers are organizations under their full name (facts: Syncro C4)."""
        row = Row(Outcome.NEW, entry.id, entry.name, entry=entry.id, fields=entry.fields)
        owner = self._owners.get(entry.id)
        if owner is not None:
            return replace(row, outcome=Outcome.LINKED, record=str(owner.key))
        if entry.unfit is not None:
            return replace(row, outcome=Outcome.LEFT_OUT, problem=entry.unfit)
        if not entry.active:
            code, message = f"{self._words.theirs}_inactive", f"'{entry.name}' is inactive in QuickBooks."
            return replace(row, outcome=Outcome.LEFT_OUT, problem=Problem(code, message, "Nothing to do."))
        marked = self._things.get(owner_in(entry.note))
        named = [marked] if marked is not None else self._said.get(fold(entry.name), [])
        if not named:
            why = self._twice(entry) or self._mail_taken(entry)
            return row if why is None else replace(row, outcome=Outcome.COLLIDES, problem=why)
        exported = self.of_thing(named[0])
        row = replace(row, record=str(named[0].key))
        if len(named) == 1 and exported.outcome is Outcome.MATCHES and exported.entry == entry.id:
            return replace(row, outcome=Outcome.MATCHES)
        why = self._collides(
            f"{self._words.ours}_name_taken",
            entry.name,
            f"Syncro has {_list(each.key for each in named)} with this name",
            exported.problem.message if exported.problem else "Rename one of them, or link them by hand.",
        )
        return replace(row, outcome=Outcome.COLLIDES, problem=why)

    def _twice(self, entry: Entry) -> Problem | None:
        """Items of one name can stand in several categories; Syncro would tell them apart no longer."""
        named = [each for each in self._entries_named.get(fold(entry.name), []) if each.active]
        if len(named) < 2:
            return None
        why = f"QuickBooks has {len(named)} {self._words.theirs}s of this name"
        return self._collides(f"{self._words.theirs}_name_twice", entry.name, why, "Rename all but one in QuickBooks.")

    def _mail_taken(self, entry: Entry) -> Problem | None:
        """In Syncro an e-mail address belongs to one organization."""
        ours = [f"{each.key} '{each.said}' in Syncro" for each in self._mailing.get(_mail(entry.email), [])]
        theirs = [f"'{each.name}' in QuickBooks" for each in self._mailed.get(_mail(entry.email), []) if each != entry]
        if not ours and not theirs:
            return None
        why = f"{_list([*ours, *theirs])} has its e-mail address, {entry.email}"
        fix = "Give each its own e-mail address, or the same name if they are the same; then run the import again."
        return self._collides("customer_email_taken", entry.name, why, fix)

    def _collides(self, code: str, name: str, why: str, fix: str) -> Problem:
        return Problem(code, f"'{name}': {why}.", fix)


def obstacle(thing: Thing, entry: Entry) -> Problem | None:
    """Why an entry is not the thing after all; None if it is: exactly its name or marked as ours, and alive."""
    theirs = WORDS[thing.key.kind].theirs
    fix = "Correct one of the two, or link them by hand."
    if not entry.active:
        why, fix = f"'{entry.name}' in QuickBooks is inactive", "Make it active in QuickBooks, or rename it."
    elif owner_in(entry.note) == str(thing.key):
        return None
    elif fold(entry.name) != fold(thing.said):
        why = f"QuickBooks has '{entry.name}' in its place"
    elif _differ(entry.email, thing.email) and thing.key.kind is Kind.CUSTOMER:
        why = f"'{entry.name}' in QuickBooks has the e-mail address {entry.email}, Syncro's has {thing.email}"
    else:
        return None
    return Problem(f"{theirs}_differs", f"'{thing.said}': {why}.", fix)


def owner_in(note: str) -> str:
    """The key of the organization whose marker stands in `note`; empty if there is none, or more than one."""
    found = {word.rpartition(":")[0] for word in note.split() if word.startswith(_MARK)}
    return found.pop().removeprefix("syncro:").replace(":", "#") if len(found) == 1 else ""


_MARK = "syncro:customer:"
"""How `marker` begins on a customer."""


def _mail(email: str | None) -> str:
    return (email or "").strip().casefold()


def _differ(one: str | None, other: str | None) -> bool:
    return bool(_mail(one)) and bool(_mail(other)) and _mail(one) != _mail(other)


def _list(names: Iterable[object]) -> str:
    return ", ".join(map(str, names))


def _grouped(things: Sequence[T], by: Callable[[T], str]) -> Mapping[str, list[T]]:
    """The things by what `by` says of them; those of which it says nothing are in no group."""
    groups: dict[str, list[T]] = defaultdict(list)
    for each in things:
        if said := by(each):
            groups[said].append(each)
    return groups

"""Organizations of both sides compared, for the report of an export or import. Pure.

Only the exact name joins two of them, or our own marker; an e-mail address alone, a cut or changed name, two that look
alike: all of that is a person's to decide (facts: Syncro C4).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.sync.jobs import Outcome, Row
from syncro_quickbooks.sync.model import Problem, RecordKey
from syncro_quickbooks.sync.records import View
from syncro_quickbooks.sync.settings import fold
from syncro_quickbooks.syncro.models import Customer

T = TypeVar("T")

_MARK = "syncro:customer:"
"""How `marker` begins on a customer."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A customer of QuickBooks. `name` is its full name, with those above it; `note` is where our marker stands.

    `fields` is what was read of it, under QuickBooks' own names.
    """

    id: str
    name: str
    email: str
    active: bool
    note: str
    fields: JsonObject


@dataclass(frozen=True, slots=True)
class Organization:
    """A Syncro organization. `customer` is None if its snapshot was not kept.

    `name` is the one QuickBooks would be given, `altered` if that is no longer what Syncro says.
    `elsewhere`: a company that was connected before has it, this one does not.
    """

    view: View
    customer: Customer | None
    name: str
    altered: bool
    elsewhere: bool = False

    @property
    def key(self) -> RecordKey:
        return self.view.key

    @property
    def said(self) -> str:
        """Its name as Syncro says it."""
        return self.customer.business_then_name if self.customer else str(self.key)


class Comparison:
    """All organizations beside all of QuickBooks' customers."""

    def __init__(self, organizations: Sequence[Organization], entries: Sequence[Entry]) -> None:
        there = [each for each in organizations if each.customer is not None and not each.view.record.deleted]
        self._organizations = {str(each.key): each for each in organizations}
        self._entries = {each.id: each for each in entries}
        self._owners = {each.view.state.qbo_id: each for each in organizations if each.view.state.linked}
        self._entries_named = _grouped(entries, lambda each: fold(each.name))
        self._marked = _grouped([each for each in entries if owner_in(each.note)], lambda each: owner_in(each.note))
        self._mailed = _grouped([each for each in entries if each.active], lambda each: _mail(each.email))
        self._said = _grouped(organizations, lambda each: fold(each.said))
        self._free = _grouped([each for each in there if not each.view.state.linked], lambda each: fold(each.name))
        self._mailing = _grouped(there, lambda each: _mail(each.customer.email if each.customer else ""))

    # -- export --------------------------------------------------------------------------------------------------------

    def of_organization(self, organization: Organization) -> Row:
        """The row of an export's report."""
        row = Row(Outcome.NEW, str(organization.key), organization.said, record=str(organization.key))
        if organization.view.state.linked and not organization.view.state.gone:
            return replace(row, outcome=Outcome.LINKED, entry=organization.view.state.qbo_id)
        if (why := _left_out(organization)) is not None:
            return replace(row, outcome=Outcome.LEFT_OUT, problem=why)
        if (why := self._doubtful(organization)) is not None:
            return replace(row, outcome=Outcome.COLLIDES, problem=why)
        entry = self._same(organization)
        if entry is None:
            why = self._in_the_way(organization)
            return row if why is None else replace(row, outcome=Outcome.COLLIDES, problem=why)
        why = self._taken(organization, entry) or obstacle(organization, entry)
        outcome = Outcome.MATCHES if why is None else Outcome.COLLIDES
        return replace(row, outcome=outcome, entry=entry.id, problem=why)

    def _same(self, organization: Organization) -> Entry | None:
        """The one entry that is the organization: by our marker, else by its exact name."""
        marked = self._marked.get(str(organization.key), [])
        if len(marked) == 1:
            return marked[0]
        return next(iter(self._entries_named.get(fold(organization.said), [])), None)

    def _doubtful(self, organization: Organization) -> Problem | None:
        twins = [each for each in self._free.get(fold(organization.name), []) if each.key != organization.key]
        if organization.view.state.gone:
            why, fix = "was linked to a customer that is deleted in QuickBooks", "Recreate it or stop syncing it."
        elif organization.view.state.doubt:
            why, fix = "may be in QuickBooks already", organization.view.state.doubt
        elif organization.elsewhere:
            why = "is in the QuickBooks company that was connected before"
            fix = "It comes here with its next document, or when somebody posts it here."
        elif twins:
            why = f"has the same name as {_list(each.key for each in twins)}"
            fix = "Rename one of them in Syncro, or merge them there."
        else:
            return None
        return _collides("organization_in_doubt", organization.said, why, fix)

    def _taken(self, organization: Organization, entry: Entry) -> Problem | None:
        owner = self._owners.get(entry.id)
        if owner is None or owner.key == organization.key:
            return None
        why = f"QuickBooks' '{entry.name}' already belongs to {owner.key}, '{owner.said}'"
        return _collides("linked_to_another", organization.said, why, "Rename one of the two in Syncro.")

    def _in_the_way(self, organization: Organization) -> Problem | None:
        """Why the organization should not simply be made, though QuickBooks does not have its name."""
        spelt = self._entries_named.get(fold(organization.name), [])
        if spelt:
            why = f"its name has to be changed for QuickBooks, and '{spelt[0].name}' is there already"
            fix = "Rename it in Syncro, or the other one in QuickBooks."
            return _collides("customer_name_taken", organization.said, why, fix)
        email = organization.customer.email if organization.customer else ""
        others = self._mailed.get(_mail(email), [])
        if others:
            why = f"{_list(repr(each.name) for each in others)} in QuickBooks has its e-mail address, {email}"
            fix = "If they are the same, give both the same name; else change one of the addresses."
            return _collides("customer_email_taken", organization.said, why, fix)
        return None

    # -- import --------------------------------------------------------------------------------------------------------

    def of_entry(self, entry: Entry) -> Row:
        """The row of an import's report. Sub-customers are organizations under their full name (facts: Syncro C4)."""
        row = Row(Outcome.NEW, entry.id, entry.name, entry=entry.id, fields=entry.fields)
        owner = self._owners.get(entry.id)
        if owner is not None:
            return replace(row, outcome=Outcome.LINKED, record=str(owner.key))
        if not entry.active:
            inactive = Problem("customer_inactive", f"'{entry.name}' is inactive in QuickBooks.", "Nothing to do.")
            return replace(row, outcome=Outcome.LEFT_OUT, problem=inactive)
        marked = self._organizations.get(owner_in(entry.note))
        named = [marked] if marked is not None else self._said.get(fold(entry.name), [])
        if not named:
            why = self._mail_taken(entry)
            return row if why is None else replace(row, outcome=Outcome.COLLIDES, problem=why)
        exported = self.of_organization(named[0])
        row = replace(row, record=str(named[0].key))
        if len(named) == 1 and exported.outcome is Outcome.MATCHES and exported.entry == entry.id:
            return replace(row, outcome=Outcome.MATCHES)
        why = _collides(
            "organization_name_taken",
            entry.name,
            f"Syncro has {_list(each.key for each in named)} with this name",
            exported.problem.message if exported.problem else "Rename one of them, or link them by hand.",
        )
        return replace(row, outcome=Outcome.COLLIDES, problem=why)

    def _mail_taken(self, entry: Entry) -> Problem | None:
        """In Syncro an e-mail address belongs to one organization."""
        ours = [f"{each.key} '{each.said}' in Syncro" for each in self._mailing.get(_mail(entry.email), [])]
        theirs = [f"'{each.name}' in QuickBooks" for each in self._mailed.get(_mail(entry.email), []) if each != entry]
        if not ours and not theirs:
            return None
        why = f"{_list([*ours, *theirs])} has its e-mail address, {entry.email}"
        fix = "Give each its own e-mail address, or the same name if they are the same; then run the import again."
        return _collides("customer_email_taken", entry.name, why, fix)


def obstacle(organization: Organization, entry: Entry) -> Problem | None:
    """Why an entry is not the organization after all; None if it is: exactly its name or marked as ours, and alive."""
    fix = "Correct one of the two, or link them by hand."
    if not entry.active:
        why, fix = f"'{entry.name}' in QuickBooks is inactive", "Make it active in QuickBooks, or rename it."
    elif owner_in(entry.note) == str(organization.key):
        return None
    elif fold(entry.name) != fold(organization.said):
        why = f"QuickBooks has '{entry.name}' in its place"
    elif _differ(entry.email, organization.customer.email if organization.customer else ""):
        theirs = organization.customer.email if organization.customer else ""
        why = f"'{entry.name}' in QuickBooks has the e-mail address {entry.email}, Syncro's has {theirs}"
    else:
        return None
    return _collides("customer_differs", organization.said, why, fix)


def _left_out(organization: Organization) -> Problem | None:
    if organization.view.record.deleted:
        return Problem(
            "deleted_in_syncro", f"Organization '{organization.said}' is deleted in Syncro.", "Nothing to do."
        )
    if organization.customer is None:
        fix = "Save it once in Syncro, so that it is sent again."
        return Problem("snapshot_missing", f"What Syncro says of {organization.key} was too large to be kept.", fix)
    return None


def _collides(code: str, name: str, why: str, fix: str) -> Problem:
    return Problem(code, f"'{name}': {why}.", fix)


def owner_in(note: str) -> str:
    """The key of the organization whose marker stands in `note`; empty if there is none, or more than one."""
    found = {word.rpartition(":")[0] for word in note.split() if word.startswith(_MARK)}
    return found.pop().removeprefix("syncro:").replace(":", "#") if len(found) == 1 else ""


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

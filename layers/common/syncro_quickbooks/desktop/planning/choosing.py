"""Honours what people decided about a record, before its rules are asked."""

from dataclasses import replace

from syncro_quickbooks.desktop import explanations
from syncro_quickbooks.desktop.work import Work
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.sync.attempts import is_forced
from syncro_quickbooks.sync.choices import ALL, REFUSALS
from syncro_quickbooks.sync.model import Decision, Kind, Nothing, Skip
from syncro_quickbooks.sync.records import RealmState, View, without_document

RUNS = ALL - {"done", "link", "reactivate", "redate", "reverse"}
"""The actions on records that are honoured here. QuickBooks Desktop shows its ids to nobody, so nobody can name one to
link; the dates of a closed month and inactive entries are changed in QuickBooks itself."""


class Choosing:
    """The decisions about the records of one call."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def honour(self, view: View) -> View | Decision | None:  # noqa: PLR0911  one return a choice
        """The record as it is to be planned, or what follows from the choice by itself; None while it is looked up.

        Raises Changed if the record moved on.
        """
        record = view.record
        refused = record.chosen(*REFUSALS)
        if refused:
            return Skip(explanations.refused(view, refused))
        if view.state.doubt and record.chosen("create"):
            return self._release(view, doubt="")
        if view.state.gone and record.chosen("recreate"):
            return self._unlinked(view)
        suffix = record.chosen("create_with_suffix")
        if suffix and not view.state.linked and view.state.suffix != suffix.params["suffix"]:
            return self._release(view, suffix=suffix.params["suffix"])
        if record.chosen("keep", "overwrite") and view.state.linked and not self._was_read(view):
            self._work.memory.wants(view.key, "object")
            return None
        if view.state.kept == record.version and not is_forced(view) and not record.chosen("void"):
            deleted = Skip(explanations.left_in_quickbooks(view))
            return deleted if record.deleted else Nothing((explanations.kept(view),))
        return view

    def _was_read(self, view: View) -> bool:
        """Whether it was just read: then whoever read it has honoured the choice."""
        return str(view.key) in self._work.memory.table("fresh")

    def _unlinked(self, view: View) -> View:
        """It is certainly no more in QuickBooks; what paid it pays the new one."""
        if view.key.kind is Kind.INVOICE:
            users = self._work.dependents.users(view.key)
            self._work.dependents.reopen([key for key in users if key.kind is Kind.PAYMENT])
        return self._released(view, without_document(view.state))

    def _release(self, view: View, **changes: str | bool | int | JsonObject | None) -> View:
        return self._released(view, replace(view.state, **changes))  # type: ignore[arg-type]  # fields of their types

    def _released(self, view: View, state: RealmState) -> View:
        self._work.store.release(view, state)
        return replace(view, state=state)

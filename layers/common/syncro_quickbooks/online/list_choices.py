"""Honours what people decided about a list entry: which one it is, what it is called, whether it is sent at all."""

from dataclasses import replace

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online import explanations
from syncro_quickbooks.online.list_kinds import ENTITY_OF, map_entry
from syncro_quickbooks.online.mapping import bodies
from syncro_quickbooks.online.matching import Adopt, Ask
from syncro_quickbooks.online.reactivating import reactivation
from syncro_quickbooks.online.read_budget import ReadPurpose
from syncro_quickbooks.online.work import Work
from syncro_quickbooks.sync.model import Attention, Write
from syncro_quickbooks.sync.records import View, without_document


class ListChoices:
    """The decisions about the list entries of one run. What it reads may raise as the client does."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def honour(self, view: View) -> View | Adopt | Ask | Write:
        """The record as it is to be planned, the entry that somebody named for it, or the write that comes first."""
        record = view.record
        link = record.chosen("link")
        if link is not None and view.state.qbo_id != link.params["id"]:
            return self._named(view, link.params["id"])
        if record.chosen("recreate") and view.state.linked:
            return self._unlinked(view)
        suffix = record.chosen("create_with_suffix")
        if suffix is not None and not view.state.linked and view.state.suffix != suffix.params["suffix"]:
            return self._release(replace(view, state=replace(view.state, suffix=suffix.params["suffix"])))
        reactivate = record.chosen("reactivate")
        if reactivate is not None:
            first = reactivation(view, reactivate.params, self._work)
            return Ask(first.problem) if isinstance(first, Attention) else first or view
        return view

    def reactivated(self, view: View, entry: JsonObject) -> None:
        """The entry is active again: the record is planned anew, and knows it if it is its own."""
        state = replace(view.state, attempt=None)
        if bodies.text(entry, "Id") == view.state.qbo_id and view.key.kind in ENTITY_OF:
            state = replace(state, sync_token=bodies.text(entry, "SyncToken"), object=entry)
        self._work.store.release(view, state)

    def _named(self, view: View, qbo_id: str) -> Adopt | Ask:
        entity = ENTITY_OF[view.key.kind]
        now = self._work.client.read(entity, qbo_id, ReadPurpose.USER)
        if now is None:
            return Ask(explanations.cannot_be_linked(view, entity, qbo_id, "QuickBooks has none"))
        if now.get("Active") is False:
            return Ask(explanations.named_is_inactive(view, entity, now))
        if now.get("Type") in ("Category", "Group"):
            return Ask(explanations.cannot_be_linked(view, entity, qbo_id, "it is a category, which cannot be sold"))
        return Adopt(now, self._digest(view))

    def _digest(self, view: View) -> str:
        new = replace(view, state=replace(view.state, qbo_id="", object=None))
        decision = map_entry(new, new.state.generation, self._work.settings, self._work.company)
        return decision.digest if isinstance(decision, Write) else ""

    def _unlinked(self, view: View) -> View | Ask:
        """Only what is certainly not in QuickBooks any more is made again."""
        now = self._work.client.read(ENTITY_OF[view.key.kind], view.state.qbo_id, ReadPurpose.USER)
        if now is not None:
            return Ask(explanations.still_there(view, now))
        return self._release(replace(view, state=without_document(view.state)))

    def _release(self, view: View) -> View:
        self._work.store.release(view, view.state)
        return view

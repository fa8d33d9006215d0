"""Honours what people decided about a document, before its rules are asked."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online import explanations
from syncro_quickbooks.online.documents.outcome import done
from syncro_quickbooks.online.documents.reversals import Reversing
from syncro_quickbooks.online.documents.rules import Candidate
from syncro_quickbooks.online.lists import Ready
from syncro_quickbooks.online.mapping import bodies
from syncro_quickbooks.online.mapping.hand import foreign_change, is_voided
from syncro_quickbooks.online.reactivating import reactivation
from syncro_quickbooks.online.read_budget import ReadPurpose
from syncro_quickbooks.online.work import Work
from syncro_quickbooks.sync.attempts import is_forced
from syncro_quickbooks.sync.choices import REFUSALS, Choice
from syncro_quickbooks.sync.model import Attention, Decision, Kind, Link, RecordKey, Skip
from syncro_quickbooks.sync.records import AsFound, RealmState, View, without_document

_ENTITY = {
    Kind.INVOICE: "Invoice",
    Kind.PAYMENT: "Payment",
    Kind.STORE_CREDIT: "CreditMemo",
    Kind.WRITE_OFF: "CreditMemo",
    Kind.REVERSAL: "CreditMemo",
    Kind.REVERSAL_USE: "Payment",
    Kind.PURCHASE_ORDER: "PurchaseOrder",
    Kind.BILL: "Bill",
    Kind.CUSTOMER_PURCHASE: "Purchase",
}
_PARTIES = ("CustomerRef", "VendorRef", "EntityRef")
_GONE = ("deleted_in_quickbooks", "voided_in_quickbooks")


class Choosing:
    """The decisions about the documents of one run. What it reads may raise as the client does."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._reversing = Reversing(work)

    def honour(self, view: View) -> View | Decision | None:  # noqa: PLR0911  one return a choice
        """The record as it is to be planned, or what follows from the choice by itself; None once that is stored.

        Raises Changed if the record moved on.
        """
        record = view.record
        refused = record.chosen(*REFUSALS)
        if refused:
            return self._refused(view, refused)
        if view.state.doubt and record.chosen("create"):
            return self._release(view, doubt="")
        if record.chosen("recreate") and view.state.linked:
            return self._unlinked(view)
        overwrite = record.chosen("overwrite")
        if overwrite and view.state.linked:
            return self._overwritten(view, overwrite)
        if record.chosen("keep") and view.state.linked:
            return self._kept(view)
        reverse = record.chosen("reverse")
        if reverse and view.state.linked and not view.state.reversed:
            return self._reversing.begin(view, reverse)
        reactivate = record.chosen("reactivate")
        if reactivate:
            return reactivation(view, reactivate.params, self._work) or view
        return view

    def is_kept(self, view: View) -> bool:
        """Whether somebody decided that QuickBooks is right as it is, and nothing has come since."""
        return view.state.kept == view.record.version and not is_forced(view)

    def link(self, view: View) -> Candidate | Attention | None:
        """The document that somebody named, once it can be seen whether it is of the same customer or vendor."""
        choice = view.record.chosen("link")
        if choice is None or view.state.linked:
            return None
        party = _party(view)
        return Candidate(view, (party,), partial(self._linked, view, choice, party))

    # -- one by one ----------------------------------------------------------------------------------------------------

    def _refused(self, view: View, choice: Choice) -> Skip:
        if choice.code in _GONE and not view.state.gone:
            view = self._release(view, gone=True)  # nothing can be applied to it any more
        return Skip(explanations.refused(view, choice))

    def _unlinked(self, view: View) -> View | Attention:
        """Only what is certainly no more in QuickBooks is made again; what paid it pays the new one."""
        if not view.state.gone and not view.state.reversed:
            now = self._work.client.read(view.state.entity, view.state.qbo_id, ReadPurpose.USER)
            if now is not None and not is_voided(now):
                return Attention(explanations.still_there(view, now))
        if view.key.kind is Kind.INVOICE:
            users = self._work.dependents.users(view.key)
            self._work.dependents.reopen([key for key in users if key.kind is Kind.PAYMENT])
        return self._released(view, without_document(view.state))

    def _overwritten(self, view: View, choice: Choice) -> View | Attention:
        """On top of what was shown; anything else that a person did since is asked about again."""
        now = self._work.client.read(view.state.entity, view.state.qbo_id, ReadPurpose.USER)
        if now is None or is_voided(now):
            return Attention(explanations.gone_by_hand(view, now))
        token = bodies.text(now, "SyncToken")
        differences = foreign_change(view.state.object or {}, now)
        if differences and token != choice.params.get("sync_token"):
            return Attention(explanations.edited_by_hand(view, differences, now))
        found = decided_otherwise(view)
        return self._release(view, object=now, sync_token=token, applied_digest="", kept=0, as_found=found)

    def _kept(self, view: View) -> Attention | None:
        now = self._work.client.read(view.state.entity, view.state.qbo_id, ReadPurpose.USER)
        if now is None or is_voided(now):
            return Attention(explanations.gone_by_hand(view, now))
        stamp = view.record.stamp
        token = bodies.text(now, "SyncToken")
        state = replace(view.state, object=now, sync_token=token, kept=view.record.version, applied_stamp=stamp)
        # QuickBooks no longer says what we last wrote.
        state = replace(state, applied_digest="", as_found=decided_otherwise(view))
        verdict = done((explanations.kept(replace(view, state=state)),))
        self._work.store.settle(view, state, stamp, verdict)
        return None

    def _linked(
        self, view: View, choice: Choice, party: RecordKey, ready: Mapping[RecordKey, Ready], _marker: str
    ) -> Link | Attention:
        entity, qbo_id = choice.params.get("entity", _ENTITY[view.key.kind]), choice.params["id"]
        now = self._work.client.read(entity, qbo_id, ReadPurpose.USER)
        if now is None or is_voided(now):
            return Attention(explanations.cannot_be_linked(view, entity, qbo_id, "QuickBooks has none that stands"))
        whose = next((found for field in _PARTIES if (found := bodies.ref_value(now, field))), "")
        if whose != ready[party].qbo_id:
            return Attention(explanations.cannot_be_linked(view, entity, qbo_id, "it is another party's"))
        return Link(entity, now, "")

    def _release(self, view: View, **changes: str | bool | int | JsonObject | AsFound | None) -> View:
        return self._released(view, replace(view.state, **changes))  # type: ignore[arg-type]  # fields of their types

    def _released(self, view: View, state: RealmState) -> View:
        self._work.store.release(view, state)
        return replace(view, state=state)


def decided_otherwise(view: View) -> AsFound | None:
    """Somebody decides how the document is to be: that it was found so once does not count any more."""
    return replace(view.state.as_found, content="") if view.state.as_found else None


def _party(view: View) -> RecordKey:
    """Whose the document is."""
    desired = view.record.desired or {}
    invoice = desired.get("invoice")
    named = invoice if isinstance(invoice, dict) else desired
    if view.key.kind in (Kind.PURCHASE_ORDER, Kind.BILL):
        return RecordKey(Kind.VENDOR, str(named["vendor_id"]))
    return RecordKey(Kind.CUSTOMER, str(named["customer_id"]))

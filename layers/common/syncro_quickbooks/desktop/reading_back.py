"""Looking things up in QuickBooks before they are planned: a name that is taken, an object as it is now, a balance."""

from collections.abc import Sequence
from dataclasses import replace

from syncro_quickbooks.desktop import explanations
from syncro_quickbooks.desktop.mapping.bodies import is_voided, kept
from syncro_quickbooks.desktop.mapping.customer import map_customer
from syncro_quickbooks.desktop.mapping.names import customer_name
from syncro_quickbooks.desktop.planning.customers import as_named
from syncro_quickbooks.desktop.qbxml.reading import Answer, Reply, text
from syncro_quickbooks.desktop.qbxml.writing import GO_ON, Request, message_set, written
from syncro_quickbooks.desktop.settling import Settler
from syncro_quickbooks.desktop.work import Work
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.sync.model import Kind, Problem, RecordKey, Status, marker
from syncro_quickbooks.sync.records import RealmState, View
from syncro_quickbooks.sync.settings import fold
from syncro_quickbooks.sync.store import Changed, OwnerTaken, Verdict
from syncro_quickbooks.syncro.models import Customer

NOT_FOUND = (1, 500, 3120)
"""Queries answer what is not there with any of these (captured: 1, 500 and 3120)."""


class ReadingBack:
    """Asks for what the session's memory says is to be read, and draws the conclusions."""

    def __init__(self, work: Work, settler: Settler) -> None:
        self._work = work
        self._settler = settler

    def request(self, most: int) -> str:
        """The message set that reads up to `most` of what is wanted; empty if nothing is."""
        wanted = self._work.memory.table("reads")
        views = self._work.store.views([RecordKey.parse(key) for key in list(wanted)[:most]])
        asked: JsonObject = {}
        texts: list[str] = []
        for key, view in views.items():
            request = _query(view, str(wanted[str(key)]))
            if request is None:
                del wanted[str(key)]
                continue
            bid = str(len(texts) + 1)
            asked[bid] = str(key)
            texts.append(written(request, bid))
        if not texts:
            return ""
        self._work.memory.stored["asked"] = asked
        return message_set(texts, self._work.company.version, on_error=GO_ON)

    def take(self, answer: Answer) -> None:
        """Draw the conclusions. What QuickBooks did not answer for is asked for again, a few times."""
        asked, wanted = self._work.memory.table("asked"), self._work.memory.table("reads")
        replies = {reply.request_id: reply for reply in answer.replies}
        views = self._work.store.views([RecordKey.parse(str(key)) for key in asked.values()])
        for bid, key in asked.items():
            self._work.keep_going()
            view, how = views[RecordKey.parse(str(key))], str(wanted.get(str(key), ""))
            reply = replies.get(bid)
            if reply is None or (not reply.done and reply.code not in NOT_FOUND):
                # Planned without it, it is refused again and, after a few rounds, parked.
                if self._work.memory.round(view.key) >= 3:
                    wanted.pop(str(key), None)
                continue
            wanted.pop(str(key), None)
            try:
                self._conclude(view, how, _found(reply, view))
            except Changed:
                continue  # a newer version has come; its own outbox entry stands
        self._work.memory.stored["asked"] = {}

    def _conclude(self, view: View, how: str, found: JsonObject | None) -> None:
        if how == "name":
            self._named(view, found)
        elif how == "balance":
            if found is not None:
                self._work.memory.table("balances")[view.state.qbo_id] = text(found, "BalanceRemaining")
        elif found is None or is_voided(kept(view.state.entity, found)):
            self._gone(view, found)
        else:
            self._now(view, kept(view.state.entity, found))

    # -- an object as it is now ----------------------------------------------------------------------------------------

    def _now(self, view: View, fresh: JsonObject) -> None:
        found = explanations.differences(view.state.object or {}, fresh)
        void = view.record.chosen("void")
        is_shown = void is not None and void.params.get("sync_token") == text(fresh, "EditSequence")
        if found and view.record.deleted and view.key.kind is Kind.INVOICE and not is_shown:
            self._attention(view, explanations.edited_and_deleted(view, found, fresh))
            return
        self._work.memory.table("fresh")[str(view.key)] = True
        self._settler.refreshed(view, fresh, view.record.stamp)

    def _gone(self, view: View, found: JsonObject | None) -> None:
        state = replace(view.state, gone=True, object=kept(view.state.entity, found) if found else view.state.object)
        if view.record.deleted:
            self._work.store.settle(view, state, view.record.stamp, Verdict(Status.SYNCED))
            return
        self._settler.park(view, view.record.stamp, explanations.gone_by_hand(view), state)

    # -- a name that is taken ------------------------------------------------------------------------------------------

    def _named(self, view: View, found: JsonObject | None) -> None:
        """Adopt the customer that has the name, or ask. A cut or changed name never adopts."""
        customer = as_named(view)
        name = customer_name(customer)
        if found is None:
            # Vendors, employees and other names share the customers' list of names (facts: QBD 2.2).
            why = f"the name '{name.text}' belongs to a vendor, an employee or another name in QuickBooks."
            self._attention(view, explanations.name_taken(view, why))
            return
        ours = f"{_record_of(view)}:" in text(found, "Notes")
        obstacle = None if ours else _obstacle(view, customer, found, altered=name.altered)
        if obstacle is not None:
            self._attention(view, obstacle)
            return
        self._adopt(view, found, "" if ours else map_customer(customer, "", kept("Customer", found)).digest)

    def _adopt(self, view: View, found: JsonObject, applied_digest: str) -> None:
        """It is ours from now on. What the bookkeeper made stays as it is until Syncro's changes."""
        try:
            self._work.store.release(view, adopted(view, found, applied_digest))
        except OwnerTaken as taken:
            self._attention(view, explanations.taken_by_another(view, text(found, "Name"), taken.owner))

    def _attention(self, view: View, problem: Problem) -> None:
        verdict = Verdict(Status.NEEDS_ATTENTION, (problem,))
        if view.record.has_waiters:
            view = self._work.dependents.release_waiters(view, verdict.status, self._work.keep_going)
        self._work.store.conclude(view, verdict, revisit=True)


def adopted(view: View, found: JsonObject, applied_digest: str) -> RealmState:
    """The state of an organization that QuickBooks' customer `found` is from now on."""
    stored = kept("Customer", found)
    return replace(
        view.state,
        entity="Customer",
        qbo_id=text(found, "ListID"),
        sync_token=text(found, "EditSequence"),
        applied_digest=applied_digest,
        applied_stamp=view.record.stamp,
        object=stored,
        attempt=None,
    )


def _query(view: View, how: str) -> Request | None:
    """The query for one record; None if there is nothing to ask for (any more)."""
    if how == "name":
        if view.record.desired is None or view.state.linked:
            return None
        name = customer_name(as_named(view))
        return Request("CustomerQuery", {"FullName": name.text})
    if not view.state.linked:
        return None
    entity = view.state.entity
    if entity == "Customer":
        return Request("CustomerQuery", {"ListID": view.state.qbo_id})
    body: JsonObject = {"TxnID": view.state.qbo_id}
    if how == "object":
        body["IncludeLineItems"] = True
        if entity != "ReceivePayment":
            body["IncludeLinkedTxns"] = True
    return Request(f"{entity}Query", body)


def _found(reply: Reply, view: View) -> JsonObject | None:
    """The object that was asked for; by name only one at the top level is it."""
    objects: Sequence[JsonObject] = [ret for _, ret in reply.objects]
    if view.state.linked:
        ids = (view.state.qbo_id,)
        return next((each for each in objects if text(each, "TxnID") in ids or text(each, "ListID") in ids), None)
    return objects[0] if objects else None


def _obstacle(view: View, customer: Customer, found: JsonObject, *, altered: bool) -> Problem | None:
    name, email = text(found, "Name"), text(found, "Email").strip().casefold()
    if altered:
        why = f"its name had to be changed for QuickBooks, and '{name}' is there already."
    elif fold(text(found, "FullName") or name) != fold(customer.business_then_name):
        why = f"QuickBooks has '{text(found, 'FullName') or name}' under its name."
    elif text(found, "IsActive").lower() == "false":
        return explanations.name_taken(view, f"'{name}' is in QuickBooks and inactive.")
    elif email and customer.email and email != customer.email.strip().casefold():
        why = f"'{name}' in QuickBooks has the e-mail address {text(found, 'Email')}, Syncro's has {customer.email}."
    else:
        return None
    return explanations.name_taken(view, why)


def _record_of(view: View) -> str:
    return marker(view.key, 0).rpartition(":")[0]

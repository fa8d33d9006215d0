"""After a lost answer: what QuickBooks remembers of the set, else what it has of each member (facts: QBD 1.3, 2.4).

Nothing else is sent before an unresolved set has come to its end. QuickBooks is asked for the answer it keeps; if it
keeps none, every member is looked up. What is not there goes out again: all of it as it was, under the same id, so that
QuickBooks itself does not do it twice should the first one still arrive; a rest of it in a new set.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from syncro_quickbooks import money
from syncro_quickbooks.desktop import explanations
from syncro_quickbooks.desktop.mapping.bodies import is_voided, kept
from syncro_quickbooks.desktop.qbxml.reading import Answer, Reply, amount, rows, text
from syncro_quickbooks.desktop.qbxml.writing import GO_ON, Request, message_set, status_query, written
from syncro_quickbooks.desktop.settling import Settler
from syncro_quickbooks.desktop.work import CREDIT_APPLICATION, Settled, Work, request_name
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.sync.attempts import live_members
from syncro_quickbooks.sync.dispatches import Dispatch, Member
from syncro_quickbooks.sync.model import Operation, RecordKey, marker
from syncro_quickbooks.sync.records import View, without_attempt
from syncro_quickbooks.sync.store import Changed

MOST_QUESTIONS = 2
"""An answer that is too large to reach us is too large again when it is repeated: then members are looked up."""

MOST_SENDS = 3
"""How often a set goes out as it was; one that QuickBooks dies of is taken apart after that."""

_BEFORE = timedelta(days=1)
"""QuickBooks' computers have clocks and time zones of their own."""

_NOT_FOUND = (1, 500, 3120, 3140)
_LOOKED_UP_AT_ONCE = 20


class Recovery:
    """Brings one unresolved set to its end, one question at a time."""

    def __init__(self, work: Work, settler: Settler) -> None:
        self._work = work
        self._settler = settler

    def next_request(self, dispatch: Dispatch, most: int) -> str:
        """The next question, or the set again; empty once it has come to its end."""
        members = self._live(dispatch)
        if not members:
            self._work.store.forget(dispatch)
            return ""
        if not dispatch.prove and dispatch.same_answers < MOST_QUESTIONS:
            self._work.store.note_send(replace(dispatch, same_answers=dispatch.same_answers + 1))
            self._step("status", dispatch)
            return status_query(dispatch.id, self._work.company.version)
        request = self._lookups(dispatch, members, min(most, _LOOKED_UP_AT_ONCE))
        if request:
            self._step("lookup", dispatch)
            return request
        return self._all_looked_up(dispatch, members)

    def take_status(self, dispatch: Dispatch, answer: Answer) -> None:
        """QuickBooks has said what it keeps of the set."""
        members = self._live(dispatch)
        if answer.replies:
            self._settler.settle(dispatch, members, answer.replies)
            members = self._live(dispatch)
        if not members:
            self._work.store.forget(dispatch)
            return
        self._work.store.note_send(replace(dispatch, prove=True))

    def take_lookup(self, dispatch: Dispatch, answer: Answer) -> None:
        """QuickBooks has said what it has of some members."""
        asked, absent = self._work.memory.table("asked"), self._work.memory.table("absent")
        replies = {reply.request_id: reply for reply in answer.replies}
        members = self._live(dispatch)
        for member in dispatch.members:
            query = asked.get(member.bid)
            reply = replies.get(str(query)) if query is not None else None
            if member.key not in members or reply is None or not (reply.done or reply.code in _NOT_FOUND):
                continue
            self._work.keep_going()
            try:
                if not self._conclude(member, members[member.key], reply):
                    absent[member.bid] = True
            except Changed:
                continue  # settled before, by an earlier call that died after it
        self._work.memory.stored["asked"] = {}

    # -- asking --------------------------------------------------------------------------------------------------------

    def _live(self, dispatch: Dispatch) -> dict[RecordKey, View]:
        return live_members(dispatch, self._work.store.views([member.key for member in dispatch.members]))

    def _step(self, kind: str, dispatch: Dispatch) -> None:
        self._work.memory.stored["step"] = {"kind": kind, "set": dispatch.id}

    def _lookups(self, dispatch: Dispatch, members: Mapping[RecordKey, View], most: int) -> str:
        """Queries for members that have not been looked up; those of one customer and kind share one."""
        absent = self._work.memory.table("absent")
        asked: JsonObject = {}
        shared: dict[str, str] = {}
        texts: list[str] = []
        for member in dispatch.members:
            if member.key not in members or member.bid in absent:
                continue
            request = _query(member, members[member.key], dispatch)
            content = written(request, "")
            if content not in shared:
                if len(texts) == most:
                    continue
                shared[content] = str(len(texts) + 1)
                texts.append(written(request, shared[content]))
            asked[member.bid] = shared[content]
        self._work.memory.stored["asked"] = asked
        return message_set(texts, self._work.company.version, on_error=GO_ON) if texts else ""

    # -- concluding ----------------------------------------------------------------------------------------------------

    def _conclude(self, member: Member, view: View, reply: Reply) -> bool:
        """Settle the member if QuickBooks has it, or if nobody can tell. Returns whether it is settled."""
        objects = [ret for _, ret in reply.objects]
        if member.entity == CREDIT_APPLICATION:
            return self._credits(member, view, objects)
        if member.operation is Operation.CREATE:
            return self._created(member, view, objects)
        return self._changed(member, view, objects)

    def _created(self, member: Member, view: View, objects: Sequence[JsonObject]) -> bool:
        mine = marker(view.key, member.generation)
        note = "Notes" if member.entity == "Customer" else "Memo"
        found = next((each for each in objects if mine in text(each, note).split()), None)
        if found is not None:
            self._done(member, view, found)
            return True
        number = text(member.body, "RefNumber")
        if number and any(text(each, "RefNumber") == number for each in objects):
            doubt = explanations.looks_alike(view, number)
            in_doubt = replace(view.state, doubt=doubt)
            self._settler.park(view, member.stamp, explanations.doubtful(replace(view, state=in_doubt)), in_doubt)
            return True
        # A customer without our marker that has the name: the next add is told so, and it is adopted or asked about.
        return False

    def _changed(self, member: Member, view: View, objects: Sequence[JsonObject]) -> bool:
        mine = view.state.qbo_id
        found = next((each for each in objects if mine in (text(each, "TxnID"), text(each, "ListID"))), None)
        if member.operation in (Operation.VOID, Operation.DELETE):
            if found is None or is_voided(kept(member.entity, found)):
                self._done(member, view, found or {})
                return True
            return False
        if found is None:
            self._settler.park(view, member.stamp, explanations.gone_by_hand(view), replace(view.state, gone=True))
            return True
        if text(found, "EditSequence") == view.state.sync_token:
            return False
        if _reflects(found, member):
            self._done(member, view, found)
        else:
            self._settler.refreshed(view, kept(member.entity, found), member.stamp)
        return True

    def _credits(self, member: Member, view: View, objects: Sequence[JsonObject]) -> bool:
        """What a credit has left tells whether it was applied: all of what was frozen with the set, or nothing."""
        ledger = rows(view.state.object or {}, "credits")
        for use in ledger:
            now = next((each for each in objects if text(each, "TxnID") == text(use, "TxnID")), None)
            left = _left_of(now)
            before, used = amount(use, "before") or Decimal(0), amount(use, "used") or Decimal(0)
            if left == before - used:
                self._done(member, view, {})
                return True
            if left == before:
                return False
            found = money.show(left) if left is not None else "nothing"
            doubt = explanations.credit_in_doubt(view, found, money.show(before - used))
            in_doubt = replace(view.state, doubt=doubt)
            self._settler.park(view, member.stamp, explanations.doubtful(replace(view, state=in_doubt)), in_doubt)
            return True
        return False

    def _done(self, member: Member, view: View, found: JsonObject) -> None:
        """Settle the member as if its answer had come."""
        name = request_name(member.entity, member.operation)
        objects = ((f"{member.entity}Ret", found),) if found else ()
        self._settler.settle_one(Settled(member, view, Reply(name, member.bid, 0, "Info", objects=objects)))

    # -- the end -------------------------------------------------------------------------------------------------------

    def _all_looked_up(self, dispatch: Dispatch, members: Mapping[RecordKey, View]) -> str:
        """All that is left is absent: again as it was, or, if that was tried or is only a rest, planned anew."""
        self._work.memory.stored["absent"] = {}
        if len(members) == len(dispatch.members) and dispatch.sends < MOST_SENDS:
            again = replace(dispatch, prove=False, same_answers=0, sends=dispatch.sends + 1)
            self._work.store.note_send(replace(again, last_sent_at=self._work.clock.now()))
            self._step("write", dispatch)
            return str(dispatch.request["set"])
        for view in members.values():
            self._work.store.release(view, without_attempt(view.state))
        self._work.store.forget(dispatch)
        return ""


def _query(member: Member, view: View, dispatch: Dispatch) -> Request:
    """What shows whether a member was carried out."""
    if member.entity == CREDIT_APPLICATION:
        ledger = rows(view.state.object or {}, "credits")
        entity = text(ledger[0], "entity") if ledger else "CreditMemo"
        return Request(f"{entity}Query", {"TxnID": [text(use, "TxnID") for use in ledger[:1]]})
    if member.operation is not Operation.CREATE:
        by_id: JsonObject = {"ListID" if member.entity == "Customer" else "TxnID": view.state.qbo_id}
        if member.entity != "Customer":
            by_id["IncludeLineItems"] = True
        return Request(f"{member.entity}Query", by_id)
    if member.entity == "Customer":
        return Request("CustomerQuery", {"FullName": member.body["Name"]})
    since = (dispatch.first_sent_at - _BEFORE).date().isoformat()
    return Request(
        f"{member.entity}Query",
        {
            "ModifiedDateRangeFilter": {"FromModifiedDate": since},
            "EntityFilter": member.body["CustomerRef"],
            "IncludeLineItems": True,
        },
    )


def _left_of(credit: JsonObject | None) -> Decimal | None:
    if credit is None:
        return None
    left = amount(credit, "CreditRemaining")
    return amount(credit, "UnusedPayment") if left is None else left


def _reflects(found: JsonObject, member: Member) -> bool:
    """Whether an object that has changed since is what the member makes of it: its money, number and lines."""
    if member.entity == "Customer":
        sent_texts = {name: value for name, value in member.body.items() if name not in _IDENTITY}
        return all(text(found, name) == value for name, value in sent_texts.items() if isinstance(value, str))
    if member.expected is not None and amount(found, "Subtotal") is not None:
        total = (amount(found, "Subtotal") or Decimal(0)) + (amount(found, "SalesTaxTotal") or Decimal(0))
        sent, there = rows(member.body, "InvoiceLineMod"), rows(found, "InvoiceLineRet")
        same_lines = [text(each, "Desc") for each in sent] == [text(each, "Desc") for each in there]
        number = text(member.body, "RefNumber")
        return total == member.expected.total and same_lines and (not number or number == text(found, "RefNumber"))
    total_sent = member.body.get("TotalAmount")
    if isinstance(total_sent, Decimal) and amount(found, "TotalAmount") != total_sent:
        return False
    applied = {text(row, "TxnID"): amount(row, "Amount") for row in rows(found, "AppliedToTxnRet")}
    sent_rows = {text(row, "TxnID"): row.get("PaymentAmount") for row in rows(member.body, "AppliedToTxnMod")}
    return not sent_rows or {key: value for key, value in sent_rows.items() if value} == applied


_IDENTITY = ("ListID", "EditSequence")

"""Proof of absence: what became of a request whose answer never came, found out by reading.

Only `Absent` allows another create. A read that fails, or a document that looks like ours without carrying our marker,
proves nothing (recurring invoices look alike every month).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.online import explanations
from syncro_quickbooks.online.client import quote, select
from syncro_quickbooks.online.faults import ReadAllowanceExhausted, RequestRefused, Throttled, Unavailable
from syncro_quickbooks.online.frozen import TAX_SERVICE
from syncro_quickbooks.online.mapping.hand import foreign_change, is_voided, reflects
from syncro_quickbooks.online.read_budget import ReadPurpose
from syncro_quickbooks.online.tax_codes import ENTITY as TAX_CODE
from syncro_quickbooks.online.tax_codes import carries
from syncro_quickbooks.online.work import Work
from syncro_quickbooks.sync.dispatches import Dispatch, Member
from syncro_quickbooks.sync.model import Operation, Problem, RecordKey, marker
from syncro_quickbooks.sync.records import View

CLOCKS_MAY_DIFFER = timedelta(minutes=10)
"""How far QuickBooks' clock may be behind ours when it stamps CreateTime."""

_NAMED = ("Customer", "Item", "Vendor", TAX_SERVICE)


@dataclass(frozen=True, slots=True)
class Found:
    """QuickBooks carried it out; this is the object."""

    object: JsonObject


@dataclass(frozen=True, slots=True)
class Absent:
    """QuickBooks certainly did not carry it out. `asked`: it said so itself just now."""

    asked: bool = True


@dataclass(frozen=True, slots=True)
class NotKnown:
    """The read failed; ask again later."""


@dataclass(frozen=True, slots=True)
class Doubtful:
    """Something like it is there without our marker: only a person can tell."""

    problem: Problem


Finding: TypeAlias = Found | Absent | NotKnown | Doubtful


class Prover:
    """Finds out what became of the members of a dispatch. Call it no sooner than PROOF_AFTER after the last send."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def prove(
        self, dispatch: Dispatch, members: Sequence[Member], live: Mapping[RecordKey, View]
    ) -> dict[str, Finding]:
        """The finding for each member, by bid."""
        created = [m for m in members if m.operation is Operation.CREATE and m.entity not in _NAMED]
        findings = self._created(dispatch.first_sent_at, created)
        for member in members:
            if member.bid not in findings:
                findings[member.bid] = self._one(member, live[member.key], dispatch.first_sent_at)
        return findings

    def _created(self, first_sent_at: datetime, members: Sequence[Member]) -> dict[str, Finding]:
        """Documents: read everything of the kind made since, and look for the markers."""
        findings: dict[str, Finding] = {}
        since = (first_sent_at - CLOCKS_MAY_DIFFER).isoformat(timespec="seconds")
        for entity in dict.fromkeys(member.entity for member in members):
            where = f"MetaData.CreateTime >= '{since}'"
            try:
                made = self._work.client.query_all(entity, where, ReadPurpose.RECOVERY)
            except (Unavailable, Throttled, RequestRefused, ReadAllowanceExhausted):
                made = None
            for member in members:
                if member.entity == entity:
                    findings[member.bid] = NotKnown() if made is None else _among(made, member)
        return findings

    def _one(self, member: Member, view: View, first_sent_at: datetime) -> Finding:
        if member.entity == TAX_SERVICE:
            return self._tax_code(member, first_sent_at)
        if member.operation is Operation.CREATE:
            return self._named(member, first_sent_at)
        try:
            now = self._work.client.read(
                member.entity, str(member.body.get("Id") or view.state.qbo_id), ReadPurpose.RECOVERY
            )
        except (Unavailable, Throttled, RequestRefused, ReadAllowanceExhausted):
            return NotKnown()
        if now is None:
            return Absent()
        if member.operation is Operation.DELETE:
            return Absent()
        done = is_voided(now) if member.operation is Operation.VOID else reflects(now, member.body)
        return Found(now) if done else Absent()

    def _named(self, member: Member, first_sent_at: datetime) -> Finding:
        """List entries, by the name that was sent: Syncro's may be another by now.

        A customer carries our marker; items and vendors have no room for one, but their name is QuickBooks' only one,
        so one made since is ours. Anything else of that name is for the next create to run into and the adoption rules
        to judge.
        """
        column = "DisplayName" if "DisplayName" in member.body else "Name"
        where = f"{column} = {quote(str(member.body[column]))} AND Active IN (true, false)"
        try:
            rows = self._work.client.query(select(member.entity, where), member.entity, ReadPurpose.RECOVERY)
        except (Unavailable, Throttled, RequestRefused, ReadAllowanceExhausted):
            return NotKnown()
        mine, is_marked = marker(member.key, member.generation), member.entity == "Customer"
        for row in rows:
            if mine in str(row.get("Notes", "")).split() or (not is_marked and _made_since(row, first_sent_at)):
                return Found(row)
        return Absent()

    def _tax_code(self, member: Member, first_sent_at: datetime) -> Finding:
        """Tax codes, by their name, which is QuickBooks' only one; they have no room for a marker.

        Another code of that name is for the next look by name to judge by its percentages.
        """
        statement = select(TAX_CODE, f"Name = {quote(str(member.body['TaxCode']))}")
        try:
            rows = self._work.client.query(statement, TAX_CODE, ReadPurpose.RECOVERY)
        except (Unavailable, Throttled, RequestRefused, ReadAllowanceExhausted):
            return NotKnown()
        made = [row for row in rows if _made_since(row, first_sent_at) and carries(row, member.body)]
        return Found(made[0]) if made else Absent()


def _made_since(row: JsonObject, moment: datetime) -> bool:
    times = row.get("MetaData")
    stamp = times.get("CreateTime") if isinstance(times, dict) else None
    return isinstance(stamp, str) and datetime.fromisoformat(stamp) >= moment - CLOCKS_MAY_DIFFER


def _among(made: Sequence[JsonObject], member: Member) -> Finding:
    mine = marker(member.key, member.generation)
    for candidate in made:
        if mine in str(candidate.get("PrivateNote", "")).split():
            return Found(candidate)
    for candidate in made:
        if "syncro:" not in str(candidate.get("PrivateNote", "")) and _looks_like(candidate, member.body):
            return Doubtful(explanations.looks_alike(member, candidate))
    return Absent()


def _looks_like(candidate: JsonObject, body: JsonObject) -> bool:
    number = body.get("DocNumber")
    if number is not None and candidate.get("DocNumber") == number:
        return True
    same_customer = _reference(candidate.get("CustomerRef")) == _reference(body.get("CustomerRef"))
    same_day = candidate.get("TxnDate") == body.get("TxnDate")
    return same_customer and same_day and not foreign_change(body, candidate)


def _reference(ref: Json) -> str:
    return str(ref.get("value", "")) if isinstance(ref, dict) else ""

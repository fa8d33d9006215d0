"""QuickBooks as it would answer if all went well: notes what would be sent, and sends nothing."""

# ruff: noqa: ARG002 - the signatures are the client's

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from syncro_quickbooks import exact_json
from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.online.client import Client, Done, Posted
from syncro_quickbooks.online.faults import Unavailable
from syncro_quickbooks.online.frozen import TAX_SERVICE, FrozenRequest
from syncro_quickbooks.online.read_budget import ReadPurpose
from syncro_quickbooks.online.work import OutOfTime
from syncro_quickbooks.sync.dispatches import Member
from syncro_quickbooks.sync.model import Operation

MOST_REQUESTS = 100
MOST_BYTES = 3_000_000
"""Of all bodies together: Lambda answers with 6 MB at most, and JSON of JSON is longer than what is in it."""
NEW = "planned-"
"""Ids that start so stand for what an earlier step would make."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A write that would be sent: its request, and whose it is."""

    method: str
    target: str
    body: JsonObject
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Looked:
    """A read: really made, or what was taken for granted instead."""

    what: str
    made: bool


class DryClient(Client):
    """Stands in for a company. `real` makes the reads, if they may be made; `members` tells whose a request is, `known`
    what we last knew of an object. `keep_going` raises OutOfTime once nobody waits for the plan any longer."""

    def __init__(
        self,
        real: Client | None,
        members: Callable[[], Sequence[Member]],
        known: Callable[[str, str], JsonObject | None],
        keep_going: Callable[[], None],
    ) -> None:
        self._real = real
        self._members = members
        self._known = known
        self._keep_going = keep_going
        self._planned = 0  # bytes
        self._objects: dict[tuple[str, str], JsonObject] = {}
        self.steps: list[Sent | Looked] = []

    @property
    def most_in_flight(self) -> int:
        """One: whose a request is shows in the dispatch that was frozen last."""
        return 1

    def post(self, request: FrozenRequest, bids: Sequence[str], deadline: datetime) -> Posted:
        """Note the request; everything of it is carried out. Raises OutOfTime when the plan gets too long."""
        self._keep_going()
        self._planned += len(request.body)
        if sum(isinstance(step, Sent) for step in self.steps) >= MOST_REQUESTS or self._planned > MOST_BYTES:
            raise OutOfTime
        members = {member.bid: member for member in self._members()}
        parsed = exact_json.loads(request.body)
        body = parsed if isinstance(parsed, dict) else {}
        self.steps.append(Sent(request.method, request.target.partition("?")[0], body, tuple(members.values())))
        outcomes = {bid: Done(self._done(members[bid]), members[bid].entity) for bid in bids if bid in members}
        return Posted(lambda: True, lambda: outcomes)

    def read(self, entity: str, id: str, purpose: ReadPurpose) -> JsonObject | None:
        """What an earlier step made, else what QuickBooks says, else what we last knew."""
        self._keep_going()
        made = self._objects.get((entity, id))
        if made is not None or id.startswith(NEW):
            return made
        if self._real is not None:
            self.steps.append(Looked(f"{entity} {id}", made=True))
            return self._real.read(entity, id, ReadPurpose.USER)
        known = self._known(entity, id)
        self.steps.append(Looked(f"{entity} {id}: taken to be as it was last seen", made=False))
        if known is None:
            raise Unavailable("dry_run", explanation=f"{entity} {id} would have to be read first")
        return known

    def query(self, statement: str, entity: str, purpose: ReadPurpose) -> list[JsonObject]:
        """What QuickBooks says, else nothing: names are taken to be free."""
        self._keep_going()
        if self._real is not None:
            self.steps.append(Looked(statement, made=True))
            return self._real.query(statement, entity, ReadPurpose.USER)
        self.steps.append(Looked(f"{statement}: taken to find nothing", made=False))
        return []

    def query_together(self, queries: Sequence[tuple[str, str]], purpose: ReadPurpose) -> list[list[JsonObject]]:
        """One after the other."""
        return [self.query(statement, entity, purpose) for statement, entity in queries]

    def query_all(self, entity: str, where: str, purpose: ReadPurpose) -> list[JsonObject]:
        """Only what is unresolved is looked for like this, and it is not resolved here."""
        raise Unavailable("dry_run", explanation=f"every {entity} would have to be read first")

    def count(self, entity: str, where: str, purpose: ReadPurpose) -> int:
        """As for `query_all`."""
        raise Unavailable("dry_run", explanation=f"every {entity} would have to be counted first")

    def _done(self, member: Member) -> JsonObject:
        """The object after `member`, as far as it can be foretold."""
        if member.operation is Operation.CREATE:
            before: JsonObject = {"Id": f"{NEW}{len(self._objects) + 1}"}
        else:
            qbo_id = str(member.body["Id"])
            before = self._objects.get((member.entity, qbo_id)) or self._known(member.entity, qbo_id) or {}
        after: JsonObject = {**before, **member.body, "Id": before.get("Id") or str(member.body.get("Id", ""))}
        if member.entity == TAX_SERVICE:
            return {**after, "TaxCodeId": after["Id"]}
        after["SyncToken"] = str(int(str(before.get("SyncToken", "-1"))) + 1)
        if member.operation is Operation.VOID:
            after |= {"PrivateNote": "Voided", "TotalAmt": 0}
        elif member.expected is not None:
            tax: Json = member.expected.tax or 0
            after |= {"TotalAmt": member.expected.total, "TxnTaxDetail": {"TotalTax": tax}}
        self._objects[member.entity, str(after["Id"])] = after
        return after

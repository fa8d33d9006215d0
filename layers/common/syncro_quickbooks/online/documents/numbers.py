"""A document number that QuickBooks has already: whose it is."""

from dataclasses import replace

from syncro_quickbooks import money
from syncro_quickbooks.online.client import quote, select
from syncro_quickbooks.online.documents.rules import Carried, Reaction
from syncro_quickbooks.online.mapping import bodies
from syncro_quickbooks.online.mapping.hand import is_voided
from syncro_quickbooks.online.read_budget import ReadPurpose
from syncro_quickbooks.online.work import Settled, Work
from syncro_quickbooks.sync.model import Action, Attention, Operation, Problem, marker

NUMBER_TAKEN = "6140"


class NumberTaken:
    """Looks a refused number up, once for each refusal: one metered read."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def reaction(self, answer: Settled, code: str, problem: Problem) -> Reaction | None:
        """Our own document if it carries our marker, else a question that names the other one. Raises as the client."""
        member = answer.member
        number = bodies.text(member.body, "DocNumber")
        if code != NUMBER_TAKEN or not number:
            return None
        statement = select(member.entity, f"DocNumber = {quote(number)}")
        rows = self._work.client.query(statement, member.entity, ReadPurpose.RECOVERY)
        mine = marker(member.key, member.generation)
        for row in rows:
            if member.operation is Operation.CREATE and mine in bodies.text(row, "PrivateNote").split():
                return Carried(row)
        if not rows:
            return None  # another kind of document has it; QuickBooks' words must do
        other = rows[0]
        parties = (bodies.section(other, key) for key in ("CustomerRef", "VendorRef", "EntityRef"))
        party = next((each for each in parties if each), {})
        shown = money.show(bodies.amount(other, "TotalAmt") or money.parse(0), self._work.company.home_currency)
        whose = bodies.text(party, "name") or f"id {bodies.text(party, 'value')}"
        if is_voided(other):
            return Attention(_void_has_it(problem, number))
        found = f"It belongs to the one of {bodies.text(other, 'TxnDate')} for {whose} over {shown}."
        link = Action("link", "Link to that document", {"entity": member.entity, "id": bodies.text(other, "Id")})
        actions = (link, *(action for action in problem.actions if action.name != "link"))
        return Attention(replace(problem, message=f"{problem.message} {found}", actions=actions))


def _void_has_it(problem: Problem, number: str) -> Problem:
    """QuickBooks counts the numbers of voided documents, too."""
    return replace(
        problem,
        message=f"{problem.message} That one is void, but keeps its number.",
        fix=f"In QuickBooks give the voided document another number, like {number}-V; then press Try again.",
        actions=tuple(action for action in problem.actions if action.name != "link"),
    )

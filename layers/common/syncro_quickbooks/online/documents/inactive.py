"""Which entry a refused document uses that is inactive or gone: QuickBooks' own words do not tell (facts: QBO 1.0)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.client import quote, select
from syncro_quickbooks.online.mapping import bodies
from syncro_quickbooks.online.read_budget import ReadPurpose
from syncro_quickbooks.online.work import Work
from syncro_quickbooks.sync import problems
from syncro_quickbooks.sync.model import Action, Attention, Problem, RecordKey
from syncro_quickbooks.sync.references import references
from syncro_quickbooks.sync.settings import Settings

_PARTIES = {"CustomerRef": "Customer", "VendorRef": "Vendor"}
_LINE_DETAILS = ("SalesItemLineDetail", "ItemBasedExpenseLineDetail")


@dataclass(frozen=True, slots=True)
class _Use:
    """What a document uses, and on which line (0: as a whole)."""

    entity: str
    id: str
    line: int


def inactive_use(body: JsonObject, who: str, problem: Problem, work: Work) -> Attention | None:
    """`problem` with the name of the first customer, vendor or item of `body` that cannot be used any more.

    `who` names the document. Two metered reads; raises as the client's `query` does. None if all of them are in use:
    then it is something else that is gone.
    """
    uses = list(_uses(body))
    entities = list(dict.fromkeys(use.entity for use in uses))
    if not entities:
        return None
    statements = [(_by_ids(entity, [use.id for use in uses if use.entity == entity]), entity) for entity in entities]
    found = dict(zip(entities, work.client.query_together(statements, ReadPurpose.USER), strict=True))
    for use in uses:
        row = next((row for row in found[use.entity] if row.get("Id") == use.id), None)
        if row is None or row.get("Active") is False:
            return _attention(use, row, who, problem, work)
    return None


def _uses(body: JsonObject) -> Iterator[_Use]:
    for field, entity in _PARTIES.items():
        if found := bodies.ref_value(body, field):
            yield _Use(entity, found, 0)
    for number, line in enumerate(bodies.objects(body, "Line"), start=1):
        for detail in _LINE_DETAILS:
            if found := bodies.ref_value(bodies.section(line, detail), "ItemRef"):
                yield _Use("Item", found, number)


def _by_ids(entity: str, ids: list[str]) -> str:
    listed = ", ".join(quote(each) for each in dict.fromkeys(ids))
    return select(entity, f"Id IN ({listed}) AND Active IN (true, false) MAXRESULTS 1000")


def _attention(use: _Use, row: JsonObject | None, who: str, problem: Problem, work: Work) -> Attention:
    """Looked at again when the record whose entry it is changes: that may be linked to another one by then."""
    owner = work.store.owner(use.entity, use.id)
    name = f" '{row.get('DisplayName') or row.get('Name')}'" if row else f" with id {use.id}"
    where = f"{who}, line {use.line}," if use.line else who
    told = f" (of {owner} in Syncro)" if owner else ""
    what = "is inactive in QuickBooks" if row else "does not exist in QuickBooks any more"
    entry = {"entity": use.entity, "id": use.id, **({"record": str(owner)} if owner else {})}
    reactivate = (Action("reactivate", "Make it active again in QuickBooks", entry),) if row else ()
    instead = _instead(use, owner, work.settings)
    others = tuple(each for each in problem.actions if each.name in ("retry", "skip"))
    explained = replace(
        problem,
        message=f"{where} uses the {use.entity.lower()}{name}{told}, which {what}.",
        fix=f"{'Make it active again in QuickBooks and try again, or choose' if row else 'Choose'} another "
        f"{use.entity.lower()}.",
        actions=(*reactivate, *instead, *others),
    )
    return Attention(explained, follows=(owner,) if owner else ())


def _instead(use: _Use, owner: RecordKey | None, settings: Settings) -> tuple[Action, ...]:
    """Where another one is chosen: for the record that it belongs to, or in the settings that name it."""
    if owner is not None:
        return (Action("link", f"Link {owner} to another {use.entity.lower()}", {"record": str(owner)}),)
    named = [each for each in references(settings) if each.ref.id == use.id and "item" in each.path[0]]
    return (problems.settings_action(named[0].setting),) if use.entity == "Item" and named else ()

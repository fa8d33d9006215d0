"""A Syncro payment as a QuickBooks Online payment (facts: QBO 1.4)."""

from collections import defaultdict
from decimal import Decimal

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.mapping import bodies


def applications(payment: JsonObject | None) -> dict[tuple[str, str], Decimal]:
    """What a QuickBooks payment applies to which document: (entity, id) -> amount."""
    applied: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in bodies.objects(payment or {}, "Line"):
        for link in bodies.objects(line, "LinkedTxn"):
            amount = bodies.amount(line, "Amount") or Decimal(0)
            applied[bodies.text(link, "TxnType"), bodies.text(link, "TxnId")] += amount
    return dict(applied)


def applied_to(payment: JsonObject | None, entity: str, qbo_id: str) -> Decimal:
    """How much a QuickBooks payment applies to one document."""
    return applications(payment).get((entity, qbo_id), Decimal(0))

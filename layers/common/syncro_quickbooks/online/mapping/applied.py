"""What a QuickBooks payment applies to which document (facts: QBO 1.4)."""

from decimal import Decimal

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.mapping import bodies


def applications(payment: JsonObject | None) -> dict[tuple[str, str], Decimal]:
    """(entity, id) -> amount, of a payment as QuickBooks returned it or as it was sent."""
    applied: dict[tuple[str, str], Decimal] = {}
    for line in bodies.objects(payment or {}, "Line"):
        for link in bodies.objects(line, "LinkedTxn"):
            target = bodies.text(link, "TxnType"), bodies.text(link, "TxnId")
            applied[target] = applied.get(target, Decimal(0)) + (bodies.amount(line, "Amount") or Decimal(0))
    return applied


def applied_to(payment: JsonObject | None, entity: str, qbo_id: str) -> Decimal:
    """How much a payment applies to one document."""
    return applications(payment).get((entity, qbo_id), Decimal(0))

"""What happens in QuickBooks Desktop when an invoice is deleted in Syncro."""

from decimal import Decimal

from syncro_quickbooks import money
from syncro_quickbooks.desktop.company import Company
from syncro_quickbooks.desktop.mapping.bodies import digest, is_voided, total_of
from syncro_quickbooks.desktop.mapping.invoice import closed_until
from syncro_quickbooks.desktop.qbxml.reading import amount, text
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.sync.model import (
    Action,
    Attention,
    Decision,
    Nothing,
    Operation,
    Problem,
    RecordKey,
    Skip,
    Write,
)
from syncro_quickbooks.sync.settings import InvoiceDeletion, Settings

_VOID = Action("void", "Void it in QuickBooks")
_LEAVE = Action("skip", "Leave it in QuickBooks")


def map_deletion(key: RecordKey, now: JsonObject | None, settings: Settings, company: Company) -> Decision:
    """The void that follows a deletion, or why somebody has to decide.

    `now` is the invoice as just read, with what is linked to it; None if it is gone. Only an unpaid, unlinked invoice
    in an open month is voided.
    """
    if now is None or is_voided(now):
        return Nothing()
    who = f"Invoice {text(now, 'RefNumber') or key.id}"
    shown = money.show(total_of(now) or Decimal(0))
    if settings.invoice_deletion is InvoiceDeletion.IGNORE:
        message = f"{who} was deleted in Syncro; by your settings QuickBooks keeps it and still shows {shown}."
        return Skip(
            Problem("deletion_ignored", message, "Void it in QuickBooks if it should go there too.", actions=(_VOID,))
        )
    obstacle = _obstacle(now, settings, company)
    if obstacle:
        message = f"{who} was deleted in Syncro, but {obstacle}. QuickBooks still shows {shown}."
        return Attention(_decide("deleted_but_in_use", message, _LEAVE))
    if settings.invoice_deletion is InvoiceDeletion.ASK:
        message = f"{who} was deleted in Syncro. QuickBooks still shows {shown}."
        return Attention(_decide("deleted_in_syncro", message, _VOID, _LEAVE))
    body: JsonObject = {"TxnVoidType": "Invoice", "TxnID": text(now, "TxnID")}
    return Write(Operation.VOID, "Invoice", body, digest({"void": True}))


def _obstacle(now: JsonObject, settings: Settings, company: Company) -> str:
    applied = amount(now, "AppliedAmount")  # negative (captured)
    if applied:
        return f"{money.show(abs(applied))} of it is already paid or credited"
    linked = now.get("linked")
    if isinstance(linked, list) and linked:
        return f"it is linked to other QuickBooks transactions ({', '.join(sorted(set(map(str, linked))))})"
    closed, day = closed_until(settings, company), text(now, "TxnDate")
    if closed is not None and day and day <= closed.isoformat():
        return f"it is dated {day} and the books are closed up to {closed.isoformat()}"
    return ""


def _decide(code: str, message: str, *actions: Action) -> Problem:
    return Problem(code, message, "Decide what happens to it in QuickBooks.", actions=actions)

"""What happens in QuickBooks when an invoice is deleted in Syncro."""

from syncro_quickbooks import money
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.company import Company
from syncro_quickbooks.online.mapping import bodies
from syncro_quickbooks.online.mapping.dates import closed_until
from syncro_quickbooks.online.mapping.hand import is_voided
from syncro_quickbooks.sync import problems
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

    `now` is the document as freshly read, because payments do not show in what was last written; None if it is gone.
    Only an unpaid, unlinked invoice in an open month is voided; void keeps the audit trail.
    """
    if now is None or is_voided(now) or bodies.text(now, "status") == "Deleted":
        return Nothing()
    who = f"Invoice {bodies.text(now, 'DocNumber') or key.id}"
    shown = money.show(bodies.amount(now, "TotalAmt") or money.parse(0), company.home_currency)
    if settings.invoice_deletion is InvoiceDeletion.IGNORE:
        return Skip(_kept(who, shown))
    obstacle = _obstacle(now, settings, company)
    if obstacle:
        message = f"{who} was deleted in Syncro, but {obstacle}."
        reverse = problems.reverse_action(bodies.text(now, "SyncToken"))
        return Attention(_deleted("deleted_but_in_use", message, shown, reverse))
    if settings.invoice_deletion is InvoiceDeletion.ASK:
        return Attention(_deleted("deleted_in_syncro", f"{who} was deleted in Syncro.", shown, _VOID))
    return _void(now)


def _obstacle(now: JsonObject, settings: Settings, company: Company) -> str:
    total, balance = bodies.amount(now, "TotalAmt"), bodies.amount(now, "Balance")
    if total is not None and balance is not None and balance != total:
        return f"{money.show(total - balance, company.home_currency)} of it is already paid or credited"
    linked = [entry for entry in bodies.objects(now, "LinkedTxn") if bodies.text(entry, "TxnId")]
    if linked:
        kinds = ", ".join(sorted({bodies.text(entry, "TxnType") or "transaction" for entry in linked}))
        return f"it is linked to other QuickBooks transactions ({kinds})"
    closed, day = closed_until(settings, company), bodies.day(now, "TxnDate")
    if closed and day and day <= closed:
        return f"it is dated {day.isoformat()} and the books are closed up to {closed.isoformat()}"
    return ""


def _void(now: JsonObject) -> Write:
    content: JsonObject = {"Id": bodies.text(now, "Id"), "SyncToken": bodies.text(now, "SyncToken")}
    return Write(Operation.VOID, "Invoice", content, bodies.digest({"void": True}))


def _kept(who: str, shown: str) -> Problem:
    return Problem(
        code="deletion_ignored",
        message=f"{who} was deleted in Syncro; by your settings QuickBooks keeps it and still shows {shown}.",
        fix="Void it in QuickBooks if it should go there too.",
        actions=(_VOID,),
    )


def _deleted(code: str, message: str, shown: str, *first: Action) -> Problem:
    return Problem(
        code=code,
        message=f"{message} QuickBooks still shows {shown}.",
        fix="Decide what happens to it in QuickBooks.",
        actions=(*first, problems.RETRY, _LEAVE),
    )

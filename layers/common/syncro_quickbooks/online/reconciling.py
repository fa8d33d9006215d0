"""QuickBooks Online's side of the nightly comparison: what is read, and how little of it.

QuickBooks is asked once per kind of document that the account has and 1,000 of them; what is missing there is asked for
by its id. The reads are polls: they stop long before those that the books need.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from syncro_quickbooks.clock import Clock
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.client import Client, quote, select
from syncro_quickbooks.online.faults import QuickBooksError, Reconnect
from syncro_quickbooks.online.mapping import bodies
from syncro_quickbooks.online.mapping.applied import applications
from syncro_quickbooks.online.mapping.hand import is_voided
from syncro_quickbooks.online.read_budget import ReadPurpose
from syncro_quickbooks.sync.model import Problem, RecordKey
from syncro_quickbooks.sync.reconciliation import ZERO
from syncro_quickbooks.sync.reconciling import Place, Unread
from syncro_quickbooks.sync.records import View

_IDS_A_QUERY = 100
_NEEDED = ("TotalAmt", "Balance", "DocNumber", "PrivateNote", "status")


class OnlineBooks:
    """One company's documents, read for one night (`Books`). A consent that is found lost is told to `when_lost`."""

    def __init__(self, client: Client, clock: Clock, when_lost: Callable[[Problem], None]) -> None:
        self._client = client
        self._when_lost = when_lost
        self.read_at = clock.now()

    def rows(self, views: Sequence[View], since: date) -> dict[Place, JsonObject]:
        """QuickBooks' documents of these months by (entity, id), and ours that are dated otherwise there."""
        linked = {(view.state.entity, view.state.qbo_id) for view in views if view.state.linked and not view.state.gone}
        rows: dict[Place, JsonObject] = {}
        try:
            for entity in sorted({entity for entity, _ in linked}):
                rows |= self._read(entity, {qbo_id for of, qbo_id in linked if of == entity}, since)
        except QuickBooksError as error:
            if isinstance(error, Reconnect):  # the push tells it, too, but may have nothing to send for months
                self._when_lost(error.problem)
            raise Unread(f"{type(error).__name__}: {error}") from error
        return rows

    def _read(self, entity: str, linked: set[str], since: date) -> dict[Place, JsonObject]:
        rows: dict[Place, JsonObject] = {}
        for page in self._client.pages(entity, f"TxnDate >= {quote(since.isoformat())}", ReadPurpose.POLL):
            rows |= {(entity, str(row["Id"])): self.needed(entity, row) for row in page}
        missing = sorted(qbo_id for qbo_id in linked if (entity, qbo_id) not in rows)
        for start in range(0, len(missing), _IDS_A_QUERY):
            ids = ", ".join(quote(qbo_id) for qbo_id in missing[start : start + _IDS_A_QUERY])
            found = self._client.query(select(entity, f"Id IN ({ids})"), entity, ReadPurpose.POLL)
            rows |= {(entity, str(row["Id"])): self.needed(entity, row) for row in found}
        return rows

    def needed(self, entity: str, document: JsonObject) -> JsonObject:
        """Totals, number and memo, and of a payment what it pays."""
        names = (*_NEEDED, "Line") if entity == "Payment" else _NEEDED
        return {name: document[name] for name in names if name in document}

    def is_document(self, entity: str) -> bool:
        """Whatever is linked is one."""
        return bool(entity)

    def total(self, document: JsonObject) -> Decimal:
        """What a document is over."""
        return bodies.amount(document, "TotalAmt") or ZERO

    def balance(self, invoice: JsonObject) -> Decimal:
        """What is open on an invoice."""
        return bodies.amount(invoice, "Balance") or ZERO

    def is_voided(self, document: JsonObject) -> bool:
        """Whether QuickBooks shows the document as void."""
        return is_voided(document)

    def note(self, document: JsonObject) -> str:
        """The text in which our marker stands."""
        return bodies.text(document, "PrivateNote")

    def number(self, document: JsonObject) -> str:
        """What people call it."""
        return bodies.text(document, "DocNumber")

    def applied(self, payment: View, invoices: Mapping[RecordKey, View]) -> dict[Place, Decimal]:
        """How much of which document the payment pays, as QuickBooks last returned it."""
        del invoices
        return applications(payment.state.object)

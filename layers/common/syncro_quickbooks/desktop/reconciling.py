"""QuickBooks Desktop's side of the nightly comparison: what sessions have read of the company file.

Only the Web Connector's sessions can ask it, so a comparison asks for a reading and is made once that is there; what
was decided about since is not judged by it.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from syncro_quickbooks.clock import Clock, to_millis
from syncro_quickbooks.desktop.mapping.bodies import applied_to, is_voided, total_of
from syncro_quickbooks.desktop.night import READ
from syncro_quickbooks.desktop.night_reading import Readings, place_of
from syncro_quickbooks.desktop.qbxml.reading import amount, rows, text
from syncro_quickbooks.desktop.work import CREDIT_APPLICATION
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.sync.model import Kind, RecordKey
from syncro_quickbooks.sync.reconciliation import ZERO
from syncro_quickbooks.sync.reconciling import NotYetRead, Place
from syncro_quickbooks.sync.records import View

_NOT_NEEDED = ("lines",)


class DesktopBooks:
    """One company file's documents, for one night (`Books`)."""

    def __init__(self, readings: Readings, clock: Clock) -> None:
        self._readings = readings
        self.read_at = clock.now()

    def rows(self, views: Sequence[View], since: date) -> dict[Place, JsonObject]:
        """What sessions have read. Raises NotYetRead when there is something for the next one to read."""
        del since  # the session that reads begins with the first day of its own night's months
        linked = [view for view in views if view.state.linked and not view.state.gone]
        documents = [view for view in linked if self.is_document(view.state.entity)]
        if not documents:
            return {}
        reading = self._readings.newest()
        if reading is None or reading.read_at is None or not reading.complete:
            self._readings.want() if reading is None else self._readings.still_wanted()
            raise NotYetRead
        self.read_at = reading.read_at
        found = {place_of(entity, row): row for entity, row in self._readings.rows_of(reading)}
        known = [view for view in documents if view.record.changed_at <= to_millis(self.read_at)]
        missing = sorted({(view.state.entity, view.state.qbo_id) for view in known} - set(found))
        if missing and not reading.missing:
            self._readings.want_also(reading, missing)
            raise NotYetRead
        self._readings.use(reading)
        return found

    def needed(self, entity: str, document: JsonObject) -> JsonObject:
        """All but the lines: totals, number and memo, what a payment pays, what a credit was used for."""
        del entity
        return {name: value for name, value in document.items() if name not in _NOT_NEEDED}

    def is_document(self, entity: str) -> bool:
        """The use of a credit is none (facts: QBD 2.6)."""
        return entity in READ

    def total(self, document: JsonObject) -> Decimal:
        """What a document is over."""
        return total_of(document) or ZERO

    def balance(self, invoice: JsonObject) -> Decimal:
        """What is open on an invoice."""
        return amount(invoice, "BalanceRemaining") or ZERO

    def is_voided(self, document: JsonObject) -> bool:
        """Whether QuickBooks shows the document as void."""
        return is_voided(document)

    def note(self, document: JsonObject) -> str:
        """The text in which our marker stands."""
        return text(document, "Memo")

    def number(self, document: JsonObject) -> str:
        """What people call it."""
        return text(document, "RefNumber")

    def applied(self, payment: View, invoices: Mapping[RecordKey, View]) -> dict[Place, Decimal]:
        """How much of which invoice the payment pays; of used credits only our own ledger can tell."""
        if payment.state.entity != CREDIT_APPLICATION:
            return {("Invoice", txn_id): paid for txn_id, paid in applied_to(payment.state.object).items()}
        found: dict[Place, Decimal] = {}
        for use in rows(payment.state.object or {}, "used_for"):
            invoice = invoices.get(RecordKey(Kind.INVOICE, text(use, "invoice")))
            if invoice is not None:
                found["Invoice", invoice.state.qbo_id] = amount(use, "Amount") or ZERO
        return found

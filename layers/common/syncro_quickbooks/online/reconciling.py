"""The nightly comparison of an account's records with QuickBooks Online: what is read, and how little of it.

Compared are documents dated in this month or the one before. QuickBooks is asked once per kind of document that the
account has and 1,000 of them; what is missing there is asked for by its id. Our own records cost no metered read.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from pydantic import ValidationError

from syncro_quickbooks.clock import Clock, to_millis
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.client import Client, quote, select
from syncro_quickbooks.online.mapping import bodies
from syncro_quickbooks.online.mapping.applied import applications
from syncro_quickbooks.online.mapping.hand import is_voided
from syncro_quickbooks.online.read_budget import ReadPurpose
from syncro_quickbooks.storage.table import Table
from syncro_quickbooks.sync.listings import Listings, label
from syncro_quickbooks.sync.model import Kind, RecordKey, Status
from syncro_quickbooks.sync.reconciliation import ZERO, Document, Line, Reconciliation, Side, reconcile
from syncro_quickbooks.sync.records import Keys, View
from syncro_quickbooks.sync.settings import Settings
from syncro_quickbooks.syncro.dates import calendar_date
from syncro_quickbooks.syncro.models import (
    CustomerPurchase,
    InvoiceSnapshot,
    Payment,
    PurchaseOrder,
    StoreCredit,
)

_ENTITY = {
    Kind.INVOICE: "Invoice",
    Kind.PAYMENT: "Payment",
    Kind.STORE_CREDIT: "CreditMemo",
    Kind.WRITE_OFF: "CreditMemo",
    Kind.REVERSAL: "CreditMemo",
    Kind.REVERSAL_USE: "Payment",
    Kind.PURCHASE_ORDER: "PurchaseOrder",
    Kind.BILL: "Bill",
    Kind.CUSTOMER_PURCHASE: "Purchase",
}
_OPEN = (Status.NEEDS_ATTENTION, Status.RETRYING, Status.WAITING, Status.PENDING)
_DECIDED = (Status.SYNCED_WITH_WARNING, Status.SKIPPED, Status.SYNCED)
_PAGE = 50
_IDS_A_QUERY = 100
_MARKER = re.compile(r"syncro:([a-z_]+):([A-Za-z0-9_-]+):\d+")
_CLEAN = (Status.SYNCED, Status.SYNCED_WITH_WARNING)


@dataclass(frozen=True, slots=True)
class Said:
    """What Syncro says of a document: its date, its amount, and what a payment pays of which invoice."""

    day: date
    total: Decimal
    allocations: Mapping[str, Decimal]


class Comparison:
    """One account's comparison. Lives for one night."""

    def __init__(self, table: Table, clock: Clock, client: Client, settings: Settings) -> None:
        self._table = table
        self._client = client
        self._settings = settings
        self._keys = Keys(client.connection.account_id)
        self._listings = Listings(table, client.connection.account_id, client.connection.realm_id)
        today = calendar_date(clock.now() - timedelta(microseconds=1), settings.time_zone)
        self.since = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
        self._changed_since = to_millis(clock.now()) - (today - self.since + timedelta(days=2)) // timedelta(
            milliseconds=1
        )

    def run(self) -> Reconciliation:
        """Compare. Raises as `Client.query`; nothing is written."""
        views = self._ours()
        said = {key: told for key, view in views.items() if (told := _said(view, self._settings))}
        in_time = [view for key, view in views.items() if key in said and said[key].day >= self.since]
        rows = self._theirs(in_time)
        strangers = self._strangers(rows, views)
        views |= strangers
        said |= {key: told for key, view in strangers.items() if (told := _said(view, self._settings))}
        compared = [*in_time, *(view for key, view in strangers.items() if key in said)]
        payers = self._payers(views, said, compared, rows)
        documents = [self._document(view, said[view.key], rows, payers) for view in compared]
        return reconcile([*self._settled_again(documents, views), *self._orphans(rows, views)])

    # -- our side --------------------------------------------------------------------------------------------------

    def _ours(self) -> dict[RecordKey, View]:
        """The documents that could be of these months, and everything that is not through, however old."""
        return {view.key: view for view in (*self._listed(_OPEN), *self._listed(_DECIDED, self._changed_since))}

    def _listed(self, statuses: Sequence[Status], since: int = 0) -> Iterator[View]:
        for status in statuses:
            after, more = None, True
            while more:
                page, after = self._listings.page([status], None, after, _PAGE)
                yield from (view for view in page if view.key.kind in _ENTITY and view.record.changed_at >= since)
                more = after is not None and after.at >= since

    # -- their side ------------------------------------------------------------------------------------------------

    def _theirs(self, views: Sequence[View]) -> dict[tuple[str, str], JsonObject]:
        """QuickBooks' documents of these months by (entity, id), and ours that are dated otherwise there."""
        rows: dict[tuple[str, str], JsonObject] = {}
        linked = {(view.state.entity, view.state.qbo_id) for view in views if view.state.linked and not view.state.gone}
        for entity in sorted({entity for entity, _ in linked}):
            found = self._client.query_all(entity, f"TxnDate >= {quote(self.since.isoformat())}", ReadPurpose.POLL)
            rows |= {(entity, str(row["Id"])): row for row in found}
            missing = sorted(qbo_id for of, qbo_id in linked if of == entity and (entity, qbo_id) not in rows)
            for start in range(0, len(missing), _IDS_A_QUERY):
                ids = ", ".join(quote(qbo_id) for qbo_id in missing[start : start + _IDS_A_QUERY])
                found = self._client.query(select(entity, f"Id IN ({ids})"), entity, ReadPurpose.POLL)
                rows |= {(entity, str(row["Id"])): row for row in found}
        return rows

    def _strangers(
        self, rows: Mapping[tuple[str, str], JsonObject], views: Mapping[RecordKey, View]
    ) -> dict[RecordKey, View]:
        """The records whose marker stands on a document, but which our own listing did not bring."""
        known = {(view.state.entity, view.state.qbo_id) for view in views.values()}
        keys = {key for place, row in rows.items() if place not in known and (key := _marked(row))}
        found = (self._listings.view(key) for key in sorted(keys - set(views)))
        return {view.key: view for view in found if view is not None}

    def _orphans(
        self, rows: Mapping[tuple[str, str], JsonObject], views: Mapping[RecordKey, View]
    ) -> Iterator[Document]:
        """Documents that carry our marker and are not what their record is linked to: made twice, or copied by hand."""
        known = {(view.state.entity, view.state.qbo_id) for view in views.values() if view.state.linked}
        for (entity, qbo_id), row in rows.items():
            key = _marked(row)
            if (entity, qbo_id) in known or key is None or is_voided(row):
                continue
            name = f"{entity} {bodies.text(row, 'DocNumber')} (QuickBooks id {qbo_id})"
            found = Side(there=True, total=bodies.amount(row, "TotalAmt") or ZERO)
            yield Document(key, name, Status.SYNCED, Side(), Side(), found)

    # -- one document ------------------------------------------------------------------------------------------------

    def _document(
        self,
        view: View,
        said: Said,
        rows: Mapping[tuple[str, str], JsonObject],
        payers: Mapping[RecordKey, Sequence[tuple[View, Said]]],
    ) -> Document:
        state, record = view.state, view.record
        there = state.linked and not state.gone
        written = Side(there, (bodies.amount(state.object or {}, "TotalAmt") or ZERO) if there else ZERO)
        row = rows.get((state.entity, state.qbo_id)) if there else None
        found = Side()
        if row is not None and not is_voided(row):
            found = Side(there=True, total=bodies.amount(row, "TotalAmt") or ZERO)
        # What a bill is over is Syncro's order and what of it was received; what was written says it.
        total = written.total if view.key.kind is Kind.BILL and there else said.total
        own = Side(there=not record.deleted, total=ZERO if record.deleted else total)
        if state.reversed:
            own = written  # it stays there, beside the credit memo that takes it back
        name = f"{view.key.kind.replace('_', ' ').capitalize()} {label(record) or view.key.id}"
        status = Status.PENDING if state.attempt is not None else record.status
        reason = record.problems[0].message if record.problems else ""
        document = Document(view.key, name, status, own, written, found, reason)
        if view.key.kind is not Kind.INVOICE or state.reversed or not self._settings.sync_payments_to:
            return document
        return self._with_open(document, view, row, payers.get(view.key, ()))

    def _with_open(
        self, document: Document, view: View, row: JsonObject | None, payers: Sequence[tuple[View, Said]]
    ) -> Document:
        place, settling = (view.state.entity, view.state.qbo_id), dict[Line, Decimal]()
        paid, booked = ZERO, ZERO
        found = view.state.as_found
        if found is not None:
            paid = booked = Decimal(found.paid)  # before it was linked, in both books
        for payer, told in payers:
            if found is not None and payer.key.id in found.payments and not payer.state.linked:
                continue
            live = not payer.record.deleted
            allocated = told.allocations.get(view.key.id, ZERO) if live else ZERO
            applied = ZERO if payer.state.gone else applications(payer.state.object).get(place, ZERO)
            paid, booked = paid + allocated, booked + applied
            line = _LINE_OF_PAYER.get(payer.record.status)
            if line and allocated != applied:
                settling[line] = settling.get(line, ZERO) + allocated - applied
        # What is paid from an earlier payment's rest is applied by that one's document: only the sum must agree.
        rest = paid - booked - sum(settling.values(), ZERO)
        if rest and any(payer.record.status is Status.SYNCED_WITH_WARNING for payer, _ in payers):
            settling[Line.WARNED] = rest
        balance = (bodies.amount(row, "Balance") or ZERO) if row is not None and document.found.there else ZERO
        said = replace(document.said, open=document.said.total - paid if document.said.there else ZERO)
        if not document.said.there:
            settling = {}
        return replace(
            document, said=said, found=replace(document.found, open=balance), settling=settling, judge_open=True
        )

    def _payers(
        self,
        views: Mapping[RecordKey, View],
        said: Mapping[RecordKey, Said],
        compared: Iterable[View],
        rows: Mapping[tuple[str, str], JsonObject],
    ) -> dict[RecordKey, list[tuple[View, Said]]]:
        """The payments of each invoice. Older ones are looked for only where these do not explain what is open."""
        payers: dict[RecordKey, list[tuple[View, Said]]] = {}
        payments = [(view, said[key]) for key, view in views.items() if key.kind is Kind.PAYMENT and key in said]
        applying: dict[tuple[str, str], list[tuple[View, Said]]] = {}
        for payment, told in payments:
            for invoice in told.allocations:
                payers.setdefault(RecordKey(Kind.INVOICE, invoice), []).append((payment, told))
            for place in applications(payment.state.object):
                applying.setdefault(place, []).append((payment, told))
        for view in compared:
            if view.key.kind is not Kind.INVOICE or not self._settings.sync_payments_to:
                continue
            place = view.state.entity, view.state.qbo_id
            own = payers.setdefault(view.key, [])
            names = {payer.key for payer, _ in own}
            own += [each for each in applying.get(place, ()) if each[0].key not in names]
            row = rows.get(place)
            before = Decimal(view.state.as_found.paid) if view.state.as_found else ZERO
            if row is not None and before + _booked(own, place) != (bodies.amount(row, "TotalAmt") or ZERO) - (
                bodies.amount(row, "Balance") or ZERO
            ):
                payers[view.key] = self._all_payers(view.key, own)
        return payers

    def _all_payers(self, invoice: RecordKey, known: Sequence[tuple[View, Said]]) -> list[tuple[View, Said]]:
        names = {payer.key for payer, _ in known}
        users = (RecordKey.parse(str(item["sk"])) for item in self._table.query(self._keys.users(invoice)))
        older = [self._listings.view(key) for key in users if key.kind is Kind.PAYMENT and key not in names]
        told = [(view, said) for view in older if view and (said := _said(view, self._settings))]
        return [*known, *told]

    def _settled_again(self, documents: Sequence[Document], views: Mapping[RecordKey, View]) -> Iterator[Document]:
        """A document that changed while it was compared is being worked on, not wrong."""
        for document in documents:
            differs = document.status in _CLEAN and document.written != replace(document.found, open=ZERO)
            if differs and self._listings.view(document.key) != views[document.key]:
                yield replace(document, status=Status.PENDING, written=replace(document.found, open=ZERO))
            else:
                yield document


_LINE_OF_PAYER = {
    Status.SKIPPED: Line.SKIPPED,
    Status.WAITING: Line.WAITING,
    Status.PENDING: Line.WAITING,
    Status.RETRYING: Line.FAILED,
    Status.NEEDS_ATTENTION: Line.FAILED,
}


def _booked(payers: Iterable[tuple[View, Said]], place: tuple[str, str]) -> Decimal:
    live = (payer.state.object for payer, _ in payers if not payer.state.gone)
    return sum((applications(payment).get(place, ZERO) for payment in live), ZERO)


def _said(view: View, settings: Settings) -> Said | None:
    """What Syncro says of the document; None if nothing is known of it, or it cannot be read."""
    if view.record.desired is None:
        return None
    try:
        if view.key.kind in (Kind.REVERSAL, Kind.REVERSAL_USE):
            return _reversing(view.key.kind, view.record.desired)
        return _of_kind(view.key.kind, view.record.desired, settings)
    except ValidationError:
        return None


def _reversing(kind: Kind, desired: JsonObject) -> Said | None:
    """Syncro knows nothing of them: what somebody decided is what is said."""
    day, total = bodies.day(desired, "day"), bodies.amount(bodies.section(desired, "document"), "TotalAmt") or ZERO
    return Said(day, total if kind is Kind.REVERSAL else ZERO, {}) if day else None


def _of_kind(kind: Kind, desired: JsonObject, settings: Settings) -> Said | None:
    zone = settings.time_zone
    if kind is Kind.INVOICE:
        invoice = InvoiceSnapshot.model_validate(desired).invoice
        return Said(calendar_date(invoice.date, zone), invoice.total, {})
    if kind in (Kind.PAYMENT, Kind.WRITE_OFF):
        payment = Payment.model_validate(desired)
        paid: dict[str, Decimal] = {}
        for each in payment.allocations if payment.success else ():
            paid[str(each.invoice_id)] = paid.get(str(each.invoice_id), ZERO) + each.amount
        amount = payment.payment_amount if payment.success else ZERO
        return Said(calendar_date(payment.applied_at, zone), amount, paid)
    if kind is Kind.STORE_CREDIT:
        credit = StoreCredit.model_validate(desired)
        return Said(calendar_date(credit.date, zone), credit.amount, {})
    if kind in (Kind.PURCHASE_ORDER, Kind.BILL):
        order = PurchaseOrder.model_validate(desired)
        moment = order.finished_at if kind is Kind.BILL and order.finished_at else order.created_at
        return Said(calendar_date(moment, zone), order.total, {})
    if kind is Kind.CUSTOMER_PURCHASE:
        purchase = CustomerPurchase.model_validate(desired)
        return Said(calendar_date(purchase.paid_out_at, zone), purchase.total, {}) if purchase.paid_out_at else None
    return None


def _marked(row: JsonObject) -> RecordKey | None:
    """Whose document it says it is."""
    found = _MARKER.search(bodies.text(row, "PrivateNote"))
    try:
        return RecordKey(Kind(found[1]), found[2]) if found else None
    except ValueError:
        return None

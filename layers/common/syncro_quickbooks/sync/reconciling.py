"""The nightly comparison of an account's records with its QuickBooks: which are compared, and what explains what.

Compared are documents dated in this month or the one before. Our own records are read here; how QuickBooks is read,
and what its documents look like, is its edition's business (`Books`).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain
from typing import Protocol, TypeAlias

from syncro_quickbooks.clock import Clock, to_millis
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.storage.table import Table
from syncro_quickbooks.sync.accounts import Connection
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.listings import Listings, label
from syncro_quickbooks.sync.model import Kind, Problem, RecordKey, Status
from syncro_quickbooks.sync.nights import first_day
from syncro_quickbooks.sync.paid import Paid
from syncro_quickbooks.sync.reconciliation import ZERO, Document, Line, Reconciliation, Side, reconcile
from syncro_quickbooks.sync.records import View
from syncro_quickbooks.sync.said import DOCUMENTS, Said, said_of
from syncro_quickbooks.sync.settings import Settings

Place: TypeAlias = tuple[str, str]
"""Where QuickBooks has a document: entity and id."""

_OPEN = (Status.NEEDS_ATTENTION, Status.RETRYING, Status.WAITING, Status.PENDING)
_DECIDED = (Status.SYNCED_WITH_WARNING, Status.SKIPPED, Status.SYNCED)
_PAGE = 50
_MARKER = re.compile(r"syncro:([a-z_]+):([A-Za-z0-9_-]+):\d+")
_CLEAN = (Status.SYNCED, Status.SYNCED_WITH_WARNING)
_IN_ANOTHER_COMPANY = Problem(
    "in_another_company",
    "It is in the QuickBooks company that was connected before.",
    "Post it here too if it belongs here.",
)


class Unread(Exception):
    """QuickBooks cannot be read tonight; the text says why."""


class NotYetRead(Exception):
    """Somebody else has to read QuickBooks first; that is arranged, and who does asks for the comparison again."""


class Books(Protocol):
    """One account's QuickBooks, as its edition reads it."""

    def rows(self, views: Sequence[View], since: date) -> dict[Place, JsonObject]:
        """The documents dated `since` or later of the kinds that `views` are, and of `views` those dated otherwise.

        Raises Unread, NotYetRead.
        """
        ...

    @property
    def read_at(self) -> datetime:
        """As of when `rows` are: what was decided about later cannot be in them."""
        ...

    def needed(self, entity: str, document: JsonObject) -> JsonObject:
        """What the methods below look at, of a stored document: ten thousand whole ones would not fit into memory."""
        ...

    def is_document(self, entity: str) -> bool:
        """Whether QuickBooks has a document of its own for a record that is linked to such an entity."""
        ...

    def total(self, document: JsonObject) -> Decimal:
        """What a document is over, whether it was just read or is stored with its record."""
        ...

    def balance(self, invoice: JsonObject) -> Decimal:
        """What is open on an invoice that was just read."""
        ...

    def is_voided(self, document: JsonObject) -> bool:
        """Whether QuickBooks shows the document as void."""
        ...

    def note(self, document: JsonObject) -> str:
        """The text in which our marker stands."""
        ...

    def number(self, document: JsonObject) -> str:
        """What people call it; empty if it has no number."""
        ...

    def applied(self, payment: View, invoices: Mapping[RecordKey, View]) -> dict[Place, Decimal]:
        """How much of which document the payment pays in QuickBooks, as it was last written."""
        ...


class Comparison:
    """One account's comparison. Lives for one night."""

    def __init__(self, table: Table, clock: Clock, connection: Connection, settings: Settings, books: Books) -> None:
        self._table = table
        self._settings = settings
        self._books = books
        self._keys = Keys(connection.account_id)
        self._realm_id = connection.realm_id
        self._listings = Listings(table, connection.account_id, connection.realm_id)
        self.since = first_day(clock.now(), settings.time_zone)
        self._changed_since = to_millis(datetime.combine(self.since, time(), UTC) - timedelta(days=2))
        self._views: dict[RecordKey, View] = {}
        self._said: dict[RecordKey, Said] = {}
        self._names: dict[RecordKey, str] = {}
        self._imported: set[RecordKey] = set()

    def run(self) -> Reconciliation:
        """Compare. Raises as `Books.rows`; no record is written."""
        for view in chain(self._listed(_OPEN), self._listed(_DECIDED, self._changed_since)):
            self._note(view)
        in_time = [view for key, view in self._views.items() if key in self._said and self._said[key].day >= self.since]
        rows = self._books.rows(in_time, self.since)
        strangers = self._strangers(rows)
        compared = [*in_time, *(self._views[key] for key in strangers if key in self._said)]
        payers = self._payers(compared, rows)
        documents = [self._document(view, rows, payers.get(view.key, ())) for view in compared]
        return reconcile([*self._settled_again(documents), *self._orphans(rows)])

    # -- our side --------------------------------------------------------------------------------------------------

    def _note(self, view: View) -> None:
        """Keep what the comparison needs of a record: a month end's own ones are a gigabyte."""
        view, said = self._decided_here(view), said_of(view, self._settings)
        if said is not None:
            self._said[view.key] = said
        self._names[view.key] = f"{view.key.kind.replace('_', ' ').capitalize()} {label(view.record) or view.key.id}"
        self._views[view.key] = self._slim(view)

    def _decided_here(self, view: View) -> View:
        """The record; what was synced with the company that was connected before is skipped in this one."""
        record = view.record
        if record.status not in _CLEAN or view.state.linked or record.decided_in in ("", self._realm_id):
            return view
        return replace(view, record=replace(record, status=Status.SKIPPED, problems=(_IN_ANOTHER_COMPANY,)))

    def _slim(self, view: View) -> View:
        held = view.state.object
        needed = None if held is None else self._books.needed(view.state.entity, held)
        return replace(view, record=replace(view.record, desired=None), state=replace(view.state, object=needed))

    def _listed(self, statuses: Sequence[Status], since: int = 0) -> Iterator[View]:
        """Documents of these statuses about which something was decided since then (ms)."""
        for status in statuses:
            after, more = None, True
            while more:
                page, after = self._listings.page([status], None, after, _PAGE)
                yield from (view for view in page if view.key.kind in DOCUMENTS and view.record.changed_at >= since)
                more = after is not None and after.at >= since

    def _is_there(self, view: View) -> bool:
        """Whether the record has a document in QuickBooks, as far as we know."""
        return view.state.linked and not view.state.gone and self._books.is_document(view.state.entity)

    def _is_in_hand(self, view: View) -> bool:
        """Whether it is being written, or something was decided about the record after QuickBooks was read."""
        return view.state.attempt is not None or view.record.changed_at > to_millis(self._books.read_at)

    # -- their side ------------------------------------------------------------------------------------------------

    def _strangers(self, rows: Mapping[Place, JsonObject]) -> list[RecordKey]:
        """The records whose marker stands on a document, but which our own listing did not bring; they are noted."""
        known = {_place(view) for view in self._views.values()}
        keys = {key for place, row in rows.items() if place not in known and (key := self._marked(row))}
        strangers = sorted(keys - set(self._views))
        for view in filter(None, map(self._listings.view, strangers)):
            self._note(view)
        return strangers

    def _orphans(self, rows: Mapping[Place, JsonObject]) -> Iterator[Document]:
        """Documents that carry our marker and are not what their record is linked to: made twice, or copied by hand."""
        known = {_place(view) for view in self._views.values() if view.state.linked}
        for (entity, qbo_id), row in rows.items():
            key = self._marked(row)
            if (entity, qbo_id) in known or key is None or self._books.is_voided(row):
                continue
            view = self._views.get(key)
            if view is not None and self._is_in_hand(view):
                continue  # it may be that one's by now, or have been when QuickBooks was read
            name = f"{entity} {self._books.number(row)} (QuickBooks id {qbo_id})"
            found = Side(there=True, total=self._books.total(row))
            yield Document(key, name, Status.SYNCED, Side(), Side(), found)

    def _marked(self, row: JsonObject) -> RecordKey | None:
        """Whose document it says it is."""
        found = _MARKER.search(self._books.note(row))
        try:
            return RecordKey(Kind(found[1]), found[2]) if found else None
        except ValueError:
            return None

    # -- one document ------------------------------------------------------------------------------------------------

    def _document(self, view: View, rows: Mapping[Place, JsonObject], payers: Sequence[tuple[View, Said]]) -> Document:
        state, record, books, said = view.state, view.record, self._books, self._said[view.key]
        there = self._is_there(view)
        written = Side(there, books.total(state.object or {}) if there else ZERO)
        row = rows.get(_place(view)) if there else None
        found = Side()
        if row is not None and not books.is_voided(row):
            found = Side(there=True, total=books.total(row))
        # What a bill is over is Syncro's order and what of it was received; what was written says it.
        total = written.total if view.key.kind is Kind.BILL and there else said.total
        own = Side(there=not record.deleted, total=ZERO if record.deleted else total)
        if state.reversed:
            own = written  # it stays there, beside the credit memo that takes it back
        status = Status.PENDING if state.attempt is not None else record.status
        name, reason = self._names[view.key], _reason(view)
        document = Document(view.key, name, status, own, written, found, reason, elsewhere=said.elsewhere)
        if view.key.kind is Kind.INVOICE and not state.reversed and self._settings.sync_payments_to:
            document = self._with_open(document, view, row, payers)
        in_hand = any(self._is_in_hand(each) for each in (view, *(payer for payer, _ in payers)))
        return _under_way(document) if in_hand and _differs(document) else document

    def _with_open(
        self, document: Document, view: View, row: JsonObject | None, payers: Sequence[tuple[View, Said]]
    ) -> Document:
        before, is_there = _before(view), row is not None and document.found.there
        balance = self._books.balance(row) if row is not None and is_there else ZERO
        paid, taken_back = Paid(before, before, document.reason), list[tuple[View, Decimal]]()
        for payer, told in payers:
            share = told.allocations.get(view.key.id, ZERO)
            if not self._came_unwritten(payer, view):
                paid.add(payer, ZERO if payer.record.deleted else share, self._applied(payer).get(_place(view), ZERO))
                continue
            if not _is_agreed(payer, view):
                paid.add(payer, share, share)
            if payer.record.deleted:
                taken_back.append((payer, share))
        for payer, share in taken_back:
            paid.take_back(payer, share, document.found.total - balance if is_there else paid.booked)
        said = replace(document.said, open=document.said.total - paid.said if document.said.there else ZERO)
        settling = paid.explained() if document.said.there else {}
        opened = replace(document.found, open=balance)
        return replace(document, said=said, found=opened, reason=paid.reason, settling=settling, judge_open=True)

    def _payers(
        self, compared: Iterable[View], rows: Mapping[Place, JsonObject]
    ) -> dict[RecordKey, list[tuple[View, Said]]]:
        """The payments of each invoice. Older ones are looked for only where these do not explain what is open."""
        payers: dict[RecordKey, list[tuple[View, Said]]] = {}
        said = self._said
        payments = [(view, said[key]) for key, view in self._views.items() if key.kind is Kind.PAYMENT and key in said]
        self._note_imports(view for view, _ in payments)
        applying: dict[Place, list[tuple[View, Said]]] = {}
        for payment, told in payments:
            for invoice in told.allocations:
                payers.setdefault(RecordKey(Kind.INVOICE, invoice), []).append((payment, told))
            for place in self._books.applied(payment, self._views):
                applying.setdefault(place, []).append((payment, told))
        for view in compared:
            if view.key.kind is not Kind.INVOICE or not self._settings.sync_payments_to:
                continue
            place = _place(view)
            own = payers.setdefault(view.key, [])
            names = {payer.key for payer, _ in own}
            own += [each for each in applying.get(place, ()) if each[0].key not in names]
            row = rows.get(place)
            booked = sum((self._booked(payer, told, view) for payer, told in own), _before(view))
            if row is not None and booked != self._books.total(row) - self._books.balance(row):
                payers[view.key] = self._all_payers(view.key, own)
        return payers

    def _all_payers(self, invoice: RecordKey, known: Sequence[tuple[View, Said]]) -> list[tuple[View, Said]]:
        names = {payer.key for payer, _ in known}
        users = (RecordKey.parse(str(item["sk"])) for item in self._table.query(self._keys.users(invoice)))
        older = [self._listings.view(key) for key in users if key.kind is Kind.PAYMENT and key not in names]
        told = [(self._decided_here(view), said) for view in older if view and (said := said_of(view, self._settings))]
        self._note_imports(view for view, _ in told)
        return [*known, *told]

    def _booked(self, payer: View, told: Said, invoice: View) -> Decimal:
        """What the payment pays of the invoice in QuickBooks beside what was paid before, as far as we know."""
        if _is_agreed(payer, invoice):
            return ZERO
        if self._came_unwritten(payer, invoice):
            return told.allocations.get(invoice.key.id, ZERO)
        return self._applied(payer).get(_place(invoice), ZERO)

    def _applied(self, payer: View) -> Mapping[Place, Decimal]:
        return {} if payer.state.gone else self._books.applied(payer, self._views)

    def _came_unwritten(self, payer: View, invoice: View) -> bool:
        """Whether QuickBooks had the payment before Syncro, so that it was never written."""
        return _is_agreed(payer, invoice) or payer.key in self._imported

    def _note_imports(self, payments: Iterable[View]) -> None:
        """Find those of the payments that were made from payments of this QuickBooks company."""
        places = {self._keys.imported(each.key.id): each.key for each in payments if not each.state.linked}
        notes = self._table.get_many(list(places))
        self._imported |= {places[place] for place, note in notes.items() if note["realm"] == self._realm_id}

    def _settled_again(self, documents: Sequence[Document]) -> Iterator[Document]:
        """A document that changed while it was compared is being worked on, not wrong."""
        for document in documents:
            differs = document.status in _CLEAN and document.written != replace(document.found, open=ZERO)
            now = self._listings.view(document.key) if differs else None
            if now is not None and self._slim(now) != self._views[document.key]:
                yield replace(document, status=Status.PENDING, written=replace(document.found, open=ZERO))
            else:
                yield document


def _place(view: View) -> Place:
    return view.state.entity, view.state.qbo_id


def _before(invoice: View) -> Decimal:
    """What was paid in both books when the invoice was linked."""
    return Decimal(invoice.state.as_found.paid) if invoice.state.as_found else ZERO


def _is_agreed(payer: View, invoice: View) -> bool:
    """Whether the payment is a part of that."""
    found = invoice.state.as_found
    return found is not None and payer.key.id in found.payments and not payer.state.linked


def _reason(view: View) -> str:
    """What the record says of itself."""
    return view.record.problems[0].message if view.record.problems else ""


def _differs(document: Document) -> bool:
    """Whether QuickBooks shows something that the records alone do not explain."""
    return bool(reconcile([document]).unexplained)


def _under_way(document: Document) -> Document:
    """The document's whole difference is that it, or a payment of it, is being worked on."""
    said, found = document.said, document.found
    left_open = (said.total - found.total) - (said.open - found.open)
    return replace(
        document,
        status=Status.PENDING,
        reason=f"{document.name} has changed since QuickBooks was read.",
        written=replace(found, open=ZERO),
        settling={Line.WAITING: left_open} if document.judge_open else {},
    )

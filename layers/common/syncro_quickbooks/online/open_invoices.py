"""Linking open invoices that both books had at the cut-over: the report, and what a link says. Nothing is sent."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from pydantic import ValidationError

from syncro_quickbooks import money
from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.online.mapping import bodies
from syncro_quickbooks.online.mapping.dates import invoice_day
from syncro_quickbooks.online.mapping.hand import is_voided
from syncro_quickbooks.online.work import Work
from syncro_quickbooks.sync.choices import REFUSALS
from syncro_quickbooks.sync.job import Job, Row
from syncro_quickbooks.sync.jobs import Jobs
from syncro_quickbooks.sync.model import Kind, Problem, RecordKey, Status
from syncro_quickbooks.sync.open_invoices import OpenInvoices, Ours, Theirs
from syncro_quickbooks.sync.records import AsFound, RealmState, View, without_attempt
from syncro_quickbooks.syncro.invoices import content_of
from syncro_quickbooks.syncro.models import Invoice, InvoiceSnapshot, Payment

OPEN = "Balance > '0'"

_READ = ("Id", "SyncToken", "DocNumber", "CustomerRef", "TxnDate", "TotalAmt", "Balance")


def as_read(invoice: JsonObject) -> JsonObject:
    """What the report needs of QuickBooks' invoice."""
    return {name: invoice[name] for name in _READ if name in invoice}


class OpenInvoiceLinks:
    """The report of one account's open invoices, and what follows for a record that is linked."""

    def __init__(self, work: Work, jobs: Jobs) -> None:
        self._work = work
        self._jobs = jobs

    def rows(self, job: Job) -> list[Row]:
        """All rows of the report."""
        theirs = self._theirs(self._jobs.entries(job))
        ours = self._ours(self._jobs.listed(job), {each.number for each in theirs})
        return list(OpenInvoices(ours, theirs, self._show).rows())

    def is_still(self, view: View, row: Row, found: JsonObject | None) -> bool:
        """Whether both are what the report says: QuickBooks' by its figures, Syncro's by all that it says."""
        if found is None or is_voided(found) or _figures(found) != _figures(bodies.section(row.fields, "quickbooks")):
            return False
        invoice = _invoice(view)
        refused = view.record.deleted or view.record.chosen(*REFUSALS) is not None
        return invoice is not None and not refused and content_of(invoice) == row.fields.get("content")

    def adopted(self, view: View, row: Row, found: JsonObject) -> RealmState:
        """The invoice is ours from now on, and stays as it is until Syncro's changes."""
        payments = row.fields.get("payments")
        paid = (bodies.amount(found, "TotalAmt") or Decimal(0)) - (bodies.amount(found, "Balance") or Decimal(0))
        return replace(
            without_attempt(view.state),
            entity="Invoice",
            qbo_id=bodies.text(found, "Id"),
            sync_token=bodies.text(found, "SyncToken"),
            object=found,
            applied_digest="",
            applied_stamp=view.record.stamp,
            doubt="",
            as_found=AsFound(
                bodies.text(row.fields, "content"),
                str(paid),
                tuple(map(str, payments)) if isinstance(payments, list) else (),
            ),
        )

    # -- QuickBooks' side ----------------------------------------------------------------------------------------------

    def _theirs(self, entries: Iterable[JsonObject]) -> list[Theirs]:
        read = [(each, bodies.section(each, "CustomerRef")) for each in entries]
        owners = self._work.store.owners("Invoice", [bodies.text(each, "Id") for each, _ in read])
        customers = self._work.store.owners("Customer", {bodies.text(customer, "value") for _, customer in read} - {""})
        return [
            Theirs(
                id=bodies.text(each, "Id"),
                number=bodies.text(each, "DocNumber").strip(),
                customer_id=bodies.text(customer, "value"),
                customer=bodies.text(customer, "name"),
                day=bodies.day(each, "TxnDate"),
                total=bodies.amount(each, "TotalAmt") or Decimal(0),
                open=bodies.amount(each, "Balance") or Decimal(0),
                fields=each,
                owner=owners.get(bodies.text(each, "Id")),
                customer_owner=customers.get(bodies.text(customer, "value")),
            )
            for each, customer in read
        ]

    # -- Syncro's side -------------------------------------------------------------------------------------------------

    def _ours(self, listed: Iterable[JsonObject], numbers: set[str]) -> list[Ours]:
        told = {RecordKey.parse(str(each["record"])): each for each in listed}
        views = self._work.store.views(list(told))
        invoices = {key: _invoice(view) for key, view in views.items()}
        owners = {RecordKey(Kind.CUSTOMER, str(each.customer_id)) for each in invoices.values() if each}
        customers = self._work.store.views(sorted(owners))
        found: list[Ours] = []
        for key, each in told.items():
            self._work.keep_going()
            found.append(self._one(views[key], invoices[key], each, customers, numbers))
        return found

    def _one(
        self,
        view: View,
        invoice: Invoice | None,
        told: JsonObject,
        customers: Mapping[RecordKey, View],
        numbers: set[str],
    ) -> Ours:
        number = invoice.number.strip() if invoice else bodies.text(told, "number").strip()
        ours = Ours(view, number, bodies.text(told, "customer"))
        unfit = _unfit(view, invoice, told, number)
        if invoice is None or unfit is not None:
            return replace(ours, unfit=unfit)
        customer = customers[RecordKey(Kind.CUSTOMER, str(invoice.customer_id))]
        # Only what has a counterpart is worth looking for its payments.
        payments = self._coming(view.key) if number in numbers else {}
        coming = {key.id for key in payments}
        paid = told.get("payments")
        settled: list[Json] = [str(each) for each in paid if str(each) not in coming] if isinstance(paid, list) else []
        return replace(
            ours,
            entry=customer.state.qbo_id,
            day=invoice_day(invoice, self._work.settings),
            total=invoice.total,
            due=money.parse(bodies.text(told, "due")),
            coming=sum(payments.values(), Decimal(0)),
            fields={"content": content_of(invoice), "payments": settled},
        )

    def _coming(self, key: RecordKey) -> dict[RecordKey, Decimal]:
        """The payments of an invoice that go to QuickBooks once it is linked, and how much each pays of it."""
        users = [user for user in self._work.dependents.users(key) if user.kind is Kind.PAYMENT]
        found: dict[RecordKey, Decimal] = {}
        for view in self._work.store.views(users).values() if users else ():
            if view.record.desired is None or view.record.deleted or view.record.status is Status.SKIPPED:
                continue
            payment = Payment.model_validate(view.record.desired)
            if payment.success:
                paid = (each.amount for each in payment.allocations if str(each.invoice_id) == key.id)
                found[view.key] = sum(paid, Decimal(0))
        return found

    def _show(self, amount: Decimal) -> str:
        return money.show(amount, self._work.company.home_currency)


def _invoice(view: View) -> Invoice | None:
    """What Syncro says of it; None if that was not kept or cannot be read any more."""
    try:
        return InvoiceSnapshot.model_validate(view.record.desired).invoice
    except ValidationError:
        return None


def _unfit(view: View, invoice: Invoice | None, told: JsonObject, number: str) -> Problem | None:
    """Why an invoice is not to be linked, whatever QuickBooks has."""
    fix = "Nothing to do."
    if view.record.deleted:
        code, why = "deleted_in_syncro", "is deleted in Syncro"
    elif invoice is None:
        code, why, fix = "snapshot_missing", "could not be read", "Save it once in Syncro, so that it is sent again."
    elif not number:
        code, why, fix = "number_missing", "has no number", "Link it by hand on its record."
    elif view.record.chosen(*REFUSALS) is not None:
        code, why, fix = "left_alone", "is left alone because somebody decided so", "Take that back on its record."
    elif not _is_amount(bodies.text(told, "due")):
        code, why, fix = "open_unknown", "does not say what is open of it", "Link it by hand on its record."
    else:
        return None
    return Problem(code, f"Invoice {number} ({view.key}) {why}.", fix)


def _is_amount(written: str) -> bool:
    try:
        money.parse(written)
    except ValueError:
        return False
    return True


def _figures(invoice: JsonObject) -> tuple[object, ...]:
    return (
        bodies.text(invoice, "DocNumber"),
        bodies.ref_value(invoice, "CustomerRef"),
        bodies.text(invoice, "TxnDate"),
        bodies.amount(invoice, "TotalAmt"),
        bodies.amount(invoice, "Balance"),
    )

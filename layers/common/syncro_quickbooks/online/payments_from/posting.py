"""One payment in Syncro for each that counts, although Syncro's API knows no idempotency key.

The intent is stored before anything is sent; the payment carries `QBO-<id>` as its reference; and before anything is
sent again Syncro is asked for that reference, twice over, once the first request can no longer be worked on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from syncro_quickbooks import money
from syncro_quickbooks.clock import Clock, to_millis
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.payments_from.imports import Imports, PaymentImport, Posted, Posting, Share
from syncro_quickbooks.online.payments_from.rules import difference
from syncro_quickbooks.storage.table import ConditionFailed, Table
from syncro_quickbooks.sync.lease import Lease, Leases
from syncro_quickbooks.sync.model import Action, Problem
from syncro_quickbooks.sync.problems import RETRY, SKIP
from syncro_quickbooks.syncro_api.client import SyncroClient, Things
from syncro_quickbooks.syncro_api.errors import SyncroError, SyncroRefused, SyncroUnavailable

SETTLED_AFTER = timedelta(minutes=10)
"""How long Syncro may be at a request we got no answer to. It states no limit; web servers give up after 1 to 5 min."""

MOST_SENDS = 4
_STALE_INTENT = timedelta(seconds=60)
_SEARCH_PAGES = 4


class SomebodyElse(Exception):
    """Another poll wrote meanwhile; it will see to the rest."""


@dataclass(frozen=True, slots=True)
class Poster:
    """Brings the imports of one account into Syncro, under the lease of its poll."""

    table: Table
    imports: Imports
    syncro: SyncroClient
    clock: Clock
    leases: Leases
    lease: Lease
    currency: str

    def settle(self, each: PaymentImport) -> PaymentImport:
        """Bring one import as far as it gets now. Raises SyncroError if Syncro cannot be asked, and SomebodyElse."""
        if not each.unsettled or each.due > to_millis(self.clock.now()):
            return each
        self.leases.renew(self.lease)
        return self._first(each) if each.posting is None else self._again(each, each.posting)

    def store(self, each: PaymentImport) -> PaymentImport:
        """Store an import. Raises SomebodyElse if it is not the one that was read, or the lease is gone."""
        stored, writes = self.imports.storing(each, to_millis(self.clock.now()))
        try:
            self.table.transact([self.lease.check(), *writes])
        except ConditionFailed:
            raise SomebodyElse from None
        return stored

    # -- the first time --------------------------------------------------------------------------------------------

    def _first(self, each: PaymentImport) -> PaymentImport:
        share = each.share
        if share is None:
            return each
        invoice = self.syncro.get(Things.INVOICES, share.invoice)
        if invoice is None:
            return self.store(replace(each, stuck=_invoice_gone(each, share, self.currency)))
        found = self._marked(_payments_of(invoice), each)
        if found:
            return self._adopt(each, found, share, _payments_of(invoice))
        left = _open_on(invoice)
        if left is not None and left < share.amount:
            return self.store(replace(each, stuck=_too_little_open(each, share, left, self.currency)))
        return self._send(each, share, invoice, sends=1)

    def _send(self, each: PaymentImport, share: Share, invoice: JsonObject, sends: int) -> PaymentImport:
        now = self.clock.now()
        sent_at = to_millis(now)
        first_at = each.posting.first_at if each.posting else sent_at
        due = to_millis(now + SETTLED_AFTER * sends)
        each = self.store(replace(each, posting=Posting(share, sent_at, sends, first_at), due=due))
        self._still_ours(now)
        try:
            made = self.syncro.create(Things.PAYMENTS, _body(each, share, invoice))
        except SyncroUnavailable:
            raise  # whether it was made is asked when `due` has come
        except SyncroRefused as refusal:
            return self.store(replace(each, posting=None, due=0, stuck=_refused(each, share, refusal, self.currency)))
        except SyncroError:
            self.store(replace(each, posting=None, due=0))  # not sent, or not accepted: nothing was done
            raise
        posted = replace(each, posting=None, due=0, posted=Posted(share, str(made["id"])))
        if _says_unapplied(made):
            # It may be applied by now. If Syncro cannot be asked, the payment is found again, as after a lost answer.
            on_invoice = _payments_of(self.syncro.get(Things.INVOICES, share.invoice) or {})
            posted = replace(posted, stuck=_left_as_credit(posted, share, made, on_invoice, self.currency))
        return self.store(posted)

    def _still_ours(self, stored_at: datetime) -> None:
        """A worker that slept since its intent was stored could send after another one has looked."""
        if self.clock.now() - stored_at > _STALE_INTENT:
            raise SomebodyElse

    # -- when the answer was lost ----------------------------------------------------------------------------------

    def _again(self, each: PaymentImport, posting: Posting) -> PaymentImport:
        """Found in Syncro: that is it. Proven absent: sent again. Anything else: somebody has to look."""
        share = posting.share
        invoice = self.syncro.get(Things.INVOICES, share.invoice)
        on_invoice = _payments_of(invoice or {})
        found = self._marked([*on_invoice, *self._search(each.marker)], each)
        if found:
            return self._adopt(each, found, share, on_invoice)
        alike = [one for one in on_invoice if _looks_like(one, share.amount, posting.first_at)]
        if alike:
            return self.store(replace(each, stuck=_possible_double(each, share, alike[0], self.currency)))
        if each.share != share or invoice is None:
            return self.store(replace(each, posting=None, due=0))  # never arrived, and no longer what is wanted
        if posting.sends >= MOST_SENDS:
            return self.store(replace(each, stuck=_gave_up(each, share, posting.sends, self.currency)))
        return self._send(each, share, invoice, posting.sends + 1)

    def _search(self, marker: str) -> list[JsonObject]:
        """A second opinion, should the invoice not list a payment yet."""
        found: list[JsonObject] = []
        for number in range(1, _SEARCH_PAGES + 1):
            page = self.syncro.page(Things.PAYMENTS, number, query=marker)
            found += page.things
            if not page.things or (page.pages is not None and number >= page.pages):
                break
        return found

    def _marked(self, payments: Sequence[JsonObject], each: PaymentImport) -> list[JsonObject]:
        """Those that carry its reference, without what another company's payment of the same id became."""
        marked = [one for one in payments if str(one.get("ref_num") or "").strip() == each.marker and "id" in one]
        others = self.imports.of_another_company([str(one["id"]) for one in marked])
        return [one for one in marked if str(one["id"]) not in others]

    def _adopt(
        self, each: PaymentImport, found: Sequence[JsonObject], share: Share, on_invoice: Sequence[JsonObject]
    ) -> PaymentImport:
        ids = sorted({str(one["id"]) for one in found})
        if len(ids) > 1:
            return self.store(replace(each, stuck=_several(each, ids)))
        if not _is_for(found[0], share):
            return self.store(replace(each, stuck=_another(each, ids[0], share, self.currency)))
        adopted = replace(each, posting=None, due=0, posted=Posted(share, ids[0]))
        adopted = replace(adopted, stuck=_left_as_credit(adopted, share, found[0], on_invoice, self.currency))
        # QuickBooks may have changed it since it was sent.
        return self.store(replace(adopted, reason=difference(adopted, self.currency)))


def _body(each: PaymentImport, share: Share, invoice: JsonObject) -> JsonObject:
    body: JsonObject = {
        "invoice_id": int(share.invoice),
        "amount_cents": int(share.amount * 100),
        "payment_method": each.method or "QuickBooks",
        "ref_num": each.marker,
    }
    if isinstance(invoice.get("customer_id"), int):
        body["customer_id"] = invoice["customer_id"]
    if each.day is not None:
        body["applied_at"] = f"{each.day.isoformat()}T00:00:00.000Z"  # undocumented, seen in use (facts: Syncro 2.3)
    return body


def _payments_of(invoice: JsonObject) -> list[JsonObject]:
    nested = invoice.get("payments")
    return [one for one in nested if isinstance(one, dict)] if isinstance(nested, list) else []


def _is_for(payment: JsonObject, share: Share) -> bool:
    """Whether it is over that amount for that invoice, as far as Syncro says; an unreadable amount is another one."""
    told, paid = payment.get("payment_amount"), payment.get("invoice_ids")
    invoices = {str(each) for each in paid if each is not None} if isinstance(paid, list) else set()
    try:
        same = told is None or money.parse(told if isinstance(told, str) else str(told)) == share.amount
    except ValueError:
        same = False
    return same and (not invoices or share.invoice in invoices)


def _says_unapplied(payment: JsonObject) -> bool:
    """Whether Syncro says that it pays no invoice: `invoice_ids` of [null] or [] (facts: Syncro 2.3)."""
    paid = payment.get("invoice_ids")
    return isinstance(paid, list) and all(each is None for each in paid)


def _open_on(invoice: JsonObject) -> Decimal | None:
    """What is open on the invoice; None if Syncro does not say."""
    left = invoice.get("balance_due")
    try:
        return money.parse(left) if isinstance(left, str | int | Decimal) else None
    except ValueError:
        return None


def _looks_like(payment: JsonObject, amount: Decimal, first_at: int) -> bool:
    """The same amount without our reference, made since we first sent ours: Syncro may have lost the reference."""
    if payment.get("ref_num"):
        return False
    try:
        made = datetime.fromisoformat(str(payment.get("created_at")))
        same = money.parse(str(payment.get("payment_amount"))) == amount
    except ValueError:
        return True
    return same and to_millis(made) >= first_at - 60_000


def _subject(each: PaymentImport, share: Share, currency: str) -> str:
    shown = money.show(share.amount, currency)
    return f"QuickBooks payment {each.qbo_id} pays {shown} of Syncro invoice {share.invoice}"


def _stuck(code: str, message: str, fix: str, *actions: Action) -> Problem:
    return Problem(f"from_{code}", message, fix, actions=(*actions, RETRY, SKIP))


def _invoice_gone(each: PaymentImport, share: Share, currency: str) -> Problem:
    text = f"{_subject(each, share, currency)}, but Syncro has no such invoice any more, so it was not entered there."
    return _stuck("invoice_gone", text, "Enter the payment in Syncro by hand where it belongs, then skip it here.")


def _too_little_open(each: PaymentImport, share: Share, left: Decimal, currency: str) -> Problem:
    text = (
        f"{_subject(each, share, currency)}, but only {money.show(left, currency)} of it is open there; "
        "entered as it is, it would be an overpayment in Syncro, so it was not."
    )
    return _stuck("too_little_open", text, "See which payment in Syncro it is, or correct one of the two, then retry.")


def _refused(each: PaymentImport, share: Share, refusal: SyncroRefused, currency: str) -> Problem:
    told = "; ".join(refusal.messages) or f"HTTP {refusal.status}"
    text = f"{_subject(each, share, currency)}, but Syncro did not accept it, so it is not there."
    return replace(_stuck("refused", text, "Mend what Syncro names, then retry."), verbatim=told)


def _possible_double(each: PaymentImport, share: Share, other: JsonObject, currency: str) -> Problem:
    text = (
        f"{_subject(each, share, currency)}. Syncro did not answer when it was entered, and now has payment "
        f"{other.get('id')} over the same amount without our reference {each.marker}. It may be the same one, so "
        "nothing is sent again."
    )
    fix = f"If payment {other.get('id')} is this one, write {each.marker} into its reference in Syncro and retry."
    return _stuck("possible_double", text, f"{fix} If it is another one, write any other reference into it and retry.")


def _several(each: PaymentImport, ids: Sequence[str]) -> Problem:
    text = f"Several payments in Syncro carry the reference {each.marker} of one QuickBooks payment: {', '.join(ids)}."
    return _stuck("several", text, "Delete all but one of them in Syncro, then retry.")


def _another(each: PaymentImport, payment: str, share: Share, currency: str) -> Problem:
    text = (
        f"{_subject(each, share, currency)}, but Syncro payment {payment} with its reference {each.marker} is over "
        "another amount or for another invoice, so nothing was entered."
    )
    return _stuck("another_payment", text, "Correct the payment in Syncro, or remove its reference, then retry.")


def _left_as_credit(
    each: PaymentImport, share: Share, payment: JsonObject, on_invoice: Sequence[JsonObject], currency: str
) -> Problem | None:
    """Why the payment needs somebody although it is in Syncro; None if it pays its invoice, or nothing says it does
    not."""
    number = str(payment["id"])
    if not _says_unapplied(payment) or number in {str(one.get("id")) for one in on_invoice}:
        return None
    text = (
        f"{_subject(each, share, currency)}. Syncro took it as payment {number}, but applied it to no invoice: "
        "there it is credit of the customer, and the invoice still shows as open."
    )
    return _stuck("left_as_credit", text, f"In Syncro apply payment {number} to the invoice, then retry.")


def _gave_up(each: PaymentImport, share: Share, sends: int, currency: str) -> Problem:
    text = f"{_subject(each, share, currency)}. Syncro was sent it {sends} times, never answered, and does not have it."
    return _stuck("unanswered", text, "Retry once Syncro works again.")

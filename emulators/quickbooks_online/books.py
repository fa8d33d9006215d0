"""What the rules work on: one company's settings, objects, clock and switches."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from .store import Store

PACIFIC = ZoneInfo("America/Los_Angeles")  # answers carry Intuit's own time zone (vcr_*)
CURRENCIES = {"US": "USD", "CA": "CAD", "GB": "GBP", "AU": "AUD", "NZ": "NZD", "IN": "INR"}
CURRENCY_NAMES = {
    "USD": "United States Dollar",
    "CAD": "Canadian Dollar",
    "GBP": "British Pound Sterling",
    "AUD": "Australian Dollar",
    "NZD": "New Zealand Dollar",
    "INR": "Indian Rupee",
    "EUR": "Euro",
}


def stamp(moment: datetime) -> str:
    """A moment as MetaData writes it: seconds, Pacific time."""
    return moment.astimezone(PACIFIC).isoformat(timespec="seconds")


@dataclass(kw_only=True)
class Books:
    """A company's books. Every setting is an attribute a test or the bookkeeper may change at any time.

    The first block is what Preferences and the plan decide; the second is switches for what Intuit does not publish:
    tax_rounding "per_rate" or "per_line"; ast_override and manual_total_tax "honour" or "ignore" an explicit TotalTax
    (facts: QBO 1.7, the sources conflict); void_with_payments "refuse" or "unapply"; payments_bump_invoice_token:
    whether applying a payment raises the invoice's SyncToken; taxservice_fault_status: the HTTP status of its faults;
    inactive_reference: the code for naming an inactive list entry, "610" or "2500" (facts: QBO 1.0 has both).
    """

    realm: str
    country: str = "US"
    tax_mode: str = "manual"
    custom_txn_numbers: bool = True
    book_close_date: date | None = None
    book_close_password: bool = False
    auto_apply_credit: bool = False
    multi_currency: bool = False
    name: str = "Emulated Company"
    purchase_orders_enabled: bool = True
    custom_purchase_order_numbers: bool = True
    allow_discount: bool = True
    class_tracking: bool = True  # a class on each line
    class_per_transaction: bool = False
    track_departments: bool = True

    duplicate_number_check: bool = True
    tax_rounding: str = "per_rate"
    ast_override: str = "honour"
    manual_total_tax: str = "ignore"
    void_with_payments: str = "refuse"
    payments_bump_invoice_token: bool = False
    taxservice_fault_status: int = 400
    inactive_reference: str = "610"

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    store: Store = field(default_factory=Store)
    forced_totals: dict[str | None, Decimal] = field(default_factory=dict)
    ast_code: str = ""  # the TaxCode automated sales tax chooses
    last_number: int = 1000  # of forms QuickBooks numbers itself

    @property
    def automated_tax(self) -> bool:
        """US automated sales tax."""
        return self.country == "US" and self.tax_mode == "automated"

    @property
    def home_currency(self) -> str:
        """The company's own currency code."""
        return CURRENCIES.get(self.country, "EUR")

    def now(self) -> datetime:
        """The company's time."""
        return self.clock()

    def today(self) -> str:
        """The server's date, which QuickBooks takes when TxnDate is absent (REF invoice)."""
        return self.now().astimezone(PACIFIC).date().isoformat()

    def next_number(self) -> str:
        """The next number of a company that numbers by itself."""
        self.last_number += 1
        return str(self.last_number)

    def is_closed(self, txn_date: str) -> bool:
        """True on or before the closing date."""
        return self.book_close_date is not None and txn_date <= self.book_close_date.isoformat()

    def force_total(self, doc_number: str | None, total: Decimal) -> None:
        """Make invoices and credit memos of this number (None: all) answer `total`, the tax taking the difference."""
        self.forced_totals[doc_number] = total

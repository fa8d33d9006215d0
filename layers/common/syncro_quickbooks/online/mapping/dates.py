"""Which date an invoice gets in QuickBooks, and whether that day's books are closed."""

from datetime import date, timedelta

from syncro_quickbooks.online.company import Company
from syncro_quickbooks.sync.settings import Settings
from syncro_quickbooks.syncro.dates import calendar_date
from syncro_quickbooks.syncro.models import Invoice


def invoice_day(invoice: Invoice, settings: Settings) -> date:
    """The invoice's own book date."""
    return calendar_date(invoice.date, settings.time_zone)


def closed_until(settings: Settings, company: Company) -> date | None:
    """The last closed day: the later of QuickBooks' closing date and the account's own lock date."""
    return max((day for day in (settings.lock_date, company.book_close_date) if day), default=None)


def document_day(
    own: date, posted: date | None, closed: date | None, *, force_update: bool = False, redate: bool = False
) -> date:
    """The day to send: Syncro's `own` on create and Force Update, else the one QuickBooks has.

    With `redate` a day up to `closed` is none: a new document is dated on the first open one, another keeps its own.
    """
    wanted = own if posted is None or force_update else posted
    if not redate or closed is None or wanted > closed:
        return wanted
    return posted or closed + timedelta(days=1)

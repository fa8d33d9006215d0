"""What people are told about polls: why none is made, or what they cannot find out."""

from syncro_quickbooks.clock import from_millis
from syncro_quickbooks.online.faults import QuickBooksError
from syncro_quickbooks.sync.model import Problem, Who
from syncro_quickbooks.sync.settings import SettingsError
from syncro_quickbooks.syncro_api.errors import NoSyncroAccess, SyncroError

NOT_CONNECTED = Problem(
    "not_connected", "QuickBooks Online is not connected, so its payments are not read.", "Connect it.", Who.ADMIN
)
NOT_CHOSEN = Problem(
    "payments_from_off", "Sync Payments FROM QuickBooks is off.", "Turn it on in the settings.", Who.ADMIN
)
NO_READS = Problem(
    "read_allowance_used",
    "This month's reads of QuickBooks for payments are used up or paused; what is sent to QuickBooks goes on.",
    "Nothing to do: payments are read again by themselves when reads are allowed, and none is lost.",
    Who.NOBODY,
)
NO_SETTINGS = Problem(
    "no_settings",
    "No settings are saved for the connected QuickBooks company, so its payments are not read.",
    "Choose and save the settings; payments that are made from then on are imported.",
    Who.ADMIN,
)


def stopped(reason: str) -> Problem:
    """The team stopped all posting, for `reason`."""
    return Problem(
        "posting_stopped",
        f"Payments from QuickBooks are stopped for now: {reason}",
        "Nothing to do: none is lost, and they are read again as soon as support allows it.",
        Who.SUPPORT,
    )


def unreadable(error: QuickBooksError) -> Problem:
    """QuickBooks could not be read this time."""
    return Problem(
        "quickbooks_not_read",
        f"Payments could not be read from QuickBooks: {error}.",
        "Nothing to do: it is tried again by itself, and none is lost. Tell support if it stays like this for a day.",
        Who.NOBODY,
    )


def no_syncro(error: SyncroError) -> Problem:
    """Syncro could not be asked, or did not answer."""
    return Problem(
        "syncro_unavailable",
        f"Payments from QuickBooks wait to be entered in Syncro: {error}.",
        "Nothing to do: it is tried again every few minutes. Tell support if it stays like this for a day.",
        Who.NOBODY,
    )


def no_access(error: NoSyncroAccess) -> Problem:
    """Syncro does not let us in."""
    return Problem(
        "no_syncro_access",
        f"Payments from QuickBooks cannot be entered in Syncro: {error}.",
        "Save a Syncro API token that may view invoices and payments and create payments.",
        Who.ADMIN,
    )


def unusable(error: SettingsError) -> Problem:
    """The settings cannot be read."""
    return Problem(
        "settings_unusable",
        f"The account's settings cannot be used, so no payment is read: {error}",
        "Save the settings again.",
        Who.ADMIN,
    )


def deletions_unseen(watermark: int, since: int) -> Problem:
    """QuickBooks tells deletions of at most 30 days, and 1,000 changes at once (facts: QBO 2.5). Times are in ms."""
    frm, to = from_millis(watermark), from_millis(since)
    return Problem(
        "deletions_unseen",
        f"Payments deleted in QuickBooks between {frm:%Y-%m-%d %H:%M} and {to:%Y-%m-%d %H:%M} UTC are not told any "
        "more; all other changes were seen.",
        "Compare the imported payments of that time with QuickBooks, and remove in Syncro what was deleted there.",
    )

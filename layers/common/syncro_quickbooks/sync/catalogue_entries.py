"""The entries of the error catalogue, one for each QuickBooks Online fault code (Intuit's "Error codes" page)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from syncro_quickbooks.sync.model import Action, Who


class RetryClass(StrEnum):
    """What a repeat of the same request can achieve."""

    TRANSIENT = "transient"  # it may work later; whether it was done is not known
    ACCOUNT = "account"  # nothing of this account works until somebody acts or time passes
    STALE = "stale"  # the object changed meanwhile: read it again
    NAME_TAKEN = "name_taken"  # look the name up, adopt or ask
    NUMBER_TAKEN = "number_taken"  # look the number up, adopt or ask
    GONE = "gone"  # the object, or one it refers to, is deleted or inactive
    VALIDATION = "validation"  # somebody has to change the document, the settings or the books
    BUG = "bug"  # our request was wrong
    UNKNOWN = "unknown"  # not in the catalogue


@dataclass(frozen=True, slots=True)
class Entry:
    """One code explained. `cause` says `{record}` where the record's name goes and has no full stop."""

    retry: RetryClass
    cause: str
    fix: str
    who: Who
    actions: tuple[Action, ...]


RETRY = Action("retry", "Try again")
SKIP = Action("skip", "Skip for good")
LINK = Action("link", "Link to the existing entry")
SUFFIX = Action("create_with_suffix", "Create with a suffix")
REACTIVATE = Action("reactivate", "Make it active again in QuickBooks")
TAX_CODES = Action("open_settings", "Choose another tax code in the settings", {"setting": "tax_codes"})
REDATE = Action("redate", "Post on the first open day")
OVERRIDE_TAX = Action("override_tax", "Choose how tax is sent")
RECONNECT = Action("reconnect", "Reconnect to QuickBooks")
RECREATE = Action("recreate", "Create it again in QuickBooks")
UNLINK = Action("unlink", "Stop syncing it")
OVERWRITE = Action("overwrite", "Overwrite with Syncro's version")
KEEP = Action("keep", "Keep QuickBooks' version")
SETTINGS = Action("open_settings", "Open settings")


def _transient(cause: str, who: Who = Who.NOBODY) -> Entry:
    fix = "Nothing to do: it is tried again, and checked first whether QuickBooks has it already."
    return Entry(RetryClass.TRANSIENT, cause, fix, who, (RETRY,))


def _account(cause: str, fix: str, *actions: Action) -> Entry:
    return Entry(RetryClass.ACCOUNT, cause, fix, Who.ADMIN, actions)


def _bug(what: str) -> Entry:
    cause = f"QuickBooks could not take the form in which {{record}} was sent ({what}), a mistake of the integration"
    fix = (
        "Nothing in Syncro or QuickBooks has to change: give the text below to support and try again once it is mended."
    )
    return Entry(RetryClass.BUG, cause, fix, Who.SUPPORT, (RETRY, SKIP))


def _fix(cause: str, fix: str, *actions: Action, who: Who = Who.BOOKKEEPER) -> Entry:
    return Entry(RetryClass.VALIDATION, cause, fix, who, (*actions, RETRY, SKIP))


def _other(retry: RetryClass, cause: str, fix: str, *actions: Action) -> Entry:
    return Entry(retry, cause, fix, Who.BOOKKEEPER, (*actions, RETRY, SKIP))


def _value(what: str, fix: str) -> Entry:
    return _fix(f"{{record}} holds {what}", fix)


_CLOSING = "Settings (the gear) > Account and settings > Advanced > Accounting > Close the books"
_RECONNECT_FIX = (
    "An administrator of the QuickBooks company has to connect it again; everything queued is kept and sent then."
)
_WAIT_FIX = "Nothing to do: sending goes on by itself."

_ACCOUNT: Mapping[str, Entry] = {
    "100": _account("QuickBooks does not accept the connection's sign-in", _RECONNECT_FIX, RECONNECT),
    "110": _account("QuickBooks does not accept the connection's sign-in", _RECONNECT_FIX, RECONNECT),
    "120": _account(
        "the person who connected QuickBooks has left the company or is no longer its administrator",
        _RECONNECT_FIX,
        RECONNECT,
    ),
    "140": _account(
        "the QuickBooks company is locked",
        "An administrator signs in to QuickBooks and does what it asks for; sending is tried again every hour.",
        RETRY,
    ),
    "429": _account("QuickBooks asks for fewer requests a minute", _WAIT_FIX, RETRY),
    "3001": _account("QuickBooks asks for fewer requests a minute", _WAIT_FIX, RETRY),
    "3100": _account(
        "QuickBooks no longer lets this app into the company: the app was disconnected, or belongs to another company",
        _RECONNECT_FIX,
        RECONNECT,
    ),
    "3200": _account("QuickBooks does not accept the connection's sign-in", _RECONNECT_FIX, RECONNECT),
    "6190": _account(
        "QuickBooks takes nothing for this company: its subscription has ended, was cancelled or has a billing problem",
        "An administrator of the QuickBooks company opens Settings (the gear) > Account and settings > Billing & "
        "subscription and renews it or corrects the payment. Sending is tried again once a day; press Try again to "
        "go on at once. Everything queued is kept.",
        RETRY,
    ),
    "10200": _account(
        "the QuickBooks company is being reset, or was: what was linked before may be gone",
        "Ask the QuickBooks administrator whether the data was erased; if it was, reset the links before sending on.",
        RETRY,
        RECONNECT,
    ),
    "invalid_grant": _account("QuickBooks no longer accepts the connection's consent", _RECONNECT_FIX, RECONNECT),
}

_TRANSIENT: Mapping[str, Entry] = {
    "130": _transient("QuickBooks was looking for the company in the wrong place"),
    "150": _transient("the QuickBooks company is under maintenance"),
    "600": _transient("QuickBooks has seen the request for {record} before but does not repeat its answer"),
    "1000": _transient("QuickBooks could not finish {record}"),
    "1010": _transient("QuickBooks could not finish creating {record}"),
    "1020": _transient("QuickBooks could not finish changing {record}"),
    "4002": _transient("QuickBooks could not work on a query"),
    "10000": _transient("QuickBooks had an error of its own while it worked on {record}"),
}

_BOOKS: Mapping[str, Entry] = {
    "5010": _other(
        RetryClass.STALE,
        "{record} was changed in QuickBooks at the same time",
        "Look at the differences and choose whose version stays.",
        OVERWRITE,
        KEEP,
        UNLINK,
    ),
    "6240": _other(
        RetryClass.NAME_TAKEN,
        "the name of {record} is taken in QuickBooks, by an active or inactive customer, vendor, employee or item",
        "Link it to the existing entry, make that one active again, or create a new one with a suffix.",
        LINK,
        SUFFIX,
        REACTIVATE,
    ),
    "630": _other(
        RetryClass.NAME_TAKEN,
        "QuickBooks already has an entry like {record}",
        "Link it to the existing entry, or create a new one with a suffix.",
        LINK,
        SUFFIX,
    ),
    "6140": _other(
        RetryClass.NUMBER_TAKEN,
        "QuickBooks already has a document with the number of {record}",
        "Open that document in QuickBooks. If it is the same one, link it; if not, change the number of one of the two "
        "(in Syncro it is sent again by itself) and try again. The number is never changed for you.",
        LINK,
    ),
    "610": _other(
        RetryClass.GONE,
        "{record}, or an account, customer, item or vendor it uses, was deleted or made inactive in QuickBooks",
        "Make it active again in QuickBooks, or choose another entry.",
        REACTIVATE,
        SETTINGS,
        RECREATE,
        UNLINK,
    ),
    "2500": _other(
        RetryClass.GONE,
        "{record} refers to something QuickBooks does not have (any more)",
        "Make it active again in QuickBooks, or choose another entry in the settings.",
        REACTIVATE,
        SETTINGS,
    ),
    "6250": _other(
        RetryClass.GONE,
        "the customer of {record} does not exist in QuickBooks or is inactive",
        "Make the customer active again in QuickBooks, or link another one.",
        REACTIVATE,
    ),
    "620": _fix(
        "{record} cannot be applied in QuickBooks to the document it belongs to: that is another customer's, is paid "
        "already, or was deleted or voided",
        "Open that document in QuickBooks and compare its customer and its open balance with Syncro. Take off what "
        "pays it twice, or correct the customer, and try again; or skip it and apply the money by hand.",
        UNLINK,
    ),
    "700": _fix("the parent entry of {record} is not valid in QuickBooks", "Correct it in QuickBooks."),
    "800": _fix(
        "{record} cannot be deleted: other entries use it", "Remove what uses it in QuickBooks, or keep it.", KEEP
    ),
    "900": _fix("{record} cannot be its own parent", "Correct it in QuickBooks."),
    "5020": _fix(
        "{record} needs something that the QuickBooks plan, or the rights of the person who connected it, do not "
        "include",
        "Purchase orders, classes and locations need QuickBooks Plus or Advanced: upgrade the plan, or switch this "
        "kind of record off (for classes and locations, remove their mapping) in the settings. If the plan has it, "
        "let an administrator with all rights connect QuickBooks again.",
        SETTINGS,
        RECONNECT,
        who=Who.ADMIN,
    ),
    "5030": _fix(
        "the QuickBooks company does not offer a feature that {record} needs",
        "Switch the feature on in QuickBooks, or switch this kind of record off in the settings.",
        SETTINGS,
        who=Who.ADMIN,
    ),
    "3000": _fix(
        "{record} uses a custom field QuickBooks does not have", "Correct the mapping of custom fields.", SETTINGS
    ),
    "6000": _fix(
        "a rule of QuickBooks' books does not allow {record}",
        "QuickBooks' own words below say which rule; correct the document or the setting they name.",
    ),
    "6110": _fix(
        "{record} was made by QuickBooks Payments and cannot be changed", "Change it in QuickBooks itself.", KEEP
    ),
    "6120": _fix(
        "{record} was made by QuickBooks Payments and cannot be deleted", "Delete it in QuickBooks itself.", KEEP
    ),
    "6130": _fix(
        "QuickBooks does not let {record} change who the customer bills with", "Change it in QuickBooks.", KEEP
    ),
    "6180": _fix("{record} would lie more than five levels deep", "Move its parent entry up in QuickBooks."),
    "6200": _fix(
        "the date of {record}, or the one it has in QuickBooks now, lies in a period whose books are closed, so it "
        "cannot be posted or changed there",
        "Change the date in Syncro to an open day, or post it on the first open day. Or have an administrator move the "
        f"closing date ({_CLOSING}), try again, and close the books again.",
        REDATE,
    ),
    "6210": _fix(
        "the date of {record}, or the one it has in QuickBooks now, lies in a period that is closed with a password, "
        "which no app can give",
        "Change the date in Syncro to an open day, or post it on the first open day. Or have somebody who knows the "
        f"password move the closing date ({_CLOSING}), try again, and close the books again.",
        REDATE,
    ),
    "6220": _fix("{record} still has a balance and cannot be deleted", "Settle the balance in QuickBooks first.", KEEP),
    "6270": _fix(
        "{record} is dated before the start date of an inventory item on it",
        "Change the item's start date in QuickBooks, or use a non-inventory item.",
        REDATE,
    ),
    "6280": _fix("the customer {record} still has unbilled expenses", "Bill or remove them in QuickBooks first.", KEEP),
    "6400": _fix("removing {record} would make a linked invoice invalid", "Unlink the two in QuickBooks first.", KEEP),
    "6430": _fix(
        "{record} uses an account of a type that cannot be used there",
        "Choose another account in the settings: an income account for what is sold, a cost of goods sold or expense "
        "account for what is bought, a bank or other current asset account for deposits.",
        SETTINGS,
    ),
    "6450": _fix(
        "{record} was settled by QuickBooks Payments and cannot be voided any more",
        "Refund the customer in QuickBooks (New > Refund receipt) instead, then skip it here.",
        KEEP,
    ),
    "6460": _fix("the deposit on {record} does not match its payment", "Compare the two in QuickBooks.", KEEP),
    "6480": _fix(
        "{record} is matched with a line of the bank statement and cannot be changed",
        "In QuickBooks open Transactions > Bank transactions > Categorized, find the line, press Undo, and try again "
        "here. Afterwards match the line anew.",
        KEEP,
    ),
    "6520": _fix("the quantity of an inventory item on {record} is missing", "Give the quantity in Syncro."),
    "6540": _fix(
        "{record} is part of a bank deposit in QuickBooks and cannot be changed while it is",
        "In QuickBooks open the payment and press the link to its deposit at the top (or find the deposit in the bank "
        "account's register and press Edit). Under 'Select the payments included in this deposit' clear the tick of "
        "this payment, then Save and close; if it is the only one, delete the deposit (More > Delete). Then press Try "
        "again here, and afterwards put the payment back into the deposit. If the deposit is reconciled, ask your "
        "accountant first.",
        KEEP,
    ),
}

_TAX: Mapping[str, Entry] = {
    "2280": _fix("the tax amount of {record} is missing", "Choose how its tax is sent.", OVERRIDE_TAX, SETTINGS),
    "6100": _fix(
        "{record} has a tax code that a line cannot have in this company",
        "Map the tax rate to another QuickBooks tax code in the settings.",
        OVERRIDE_TAX,
        TAX_CODES,
    ),
    "6160": _fix(
        "{record} uses QuickBooks' custom sales tax, which apps cannot use", "Choose another tax code.", TAX_CODES
    ),
    "6230": _fix(
        "{record} uses QuickBooks' custom sales tax, which apps cannot use", "Choose another tax code.", TAX_CODES
    ),
    "6470": _fix(
        "a tax rate of {record} has no valid account for the tax owed", "Correct the tax rate in QuickBooks.", TAX_CODES
    ),
}

_CORRECT = "Correct it in Syncro; the record is then sent again by itself."
_VALUES: Mapping[str, Entry] = {
    "2030": _value("an id QuickBooks cannot read", "Link the record again."),
    "2040": _value("characters QuickBooks does not take", _CORRECT),
    "2050": _value("a text that is too long for QuickBooks", _CORRECT),
    "2070": _value("a date that does not exist or that QuickBooks does not take", _CORRECT),
    "2090": _value("a number QuickBooks does not take", _CORRECT),
    "2110": _value("a number QuickBooks does not take", _CORRECT),
    "2120": _value("a value of the wrong kind", _CORRECT),
    "2140": _value("an amount QuickBooks does not take", _CORRECT),
    "2150": _value("a percentage QuickBooks does not take", _CORRECT),
    "2160": _value("a quantity QuickBooks does not take", _CORRECT),
    "2180": _value("a text outside the allowed range", _CORRECT),
    "2190": _value("a date outside the allowed range", _CORRECT),
    "2200": _value("a web address that is not one", _CORRECT),
    "2210": _value("an e-mail address that is not one", _CORRECT),
    "2220": _value(
        "a currency that is not active in QuickBooks", "Activate it in QuickBooks, or correct it in Syncro."
    ),
    "2240": _value("a number outside the allowed range", _CORRECT),
    "2290": _value("a negative amount where QuickBooks does not take one", _CORRECT),
    "2300": _value("debits and credits that are not equal", _CORRECT),
    "6030": _value("an attachment that is too large", _CORRECT),
    "6041": _value("an attachment that cannot be read", _CORRECT),
    "6420": _value("no e-mail address, although it is to be e-mailed", _CORRECT),
    "413": _value("more than QuickBooks takes in one request", "Split it into smaller documents in Syncro."),
}

_BUGS: Mapping[str, Entry] = {
    code: _bug(what)
    for code, what in {
        "500": "the operation is not supported",
        "1040": "too many records in one request",
        "1050": "wrong content type",
        "2000": "unknown kind of object",
        "2010": "a field QuickBooks does not have",
        "2020": "a required field is missing",
        "2060": "date format",
        "2080": "number format",
        "2100": "decimal format",
        "2130": "request id format",
        "2170": "a value that is not in QuickBooks' list",
        "2230": "a yes/no field",
        "2250": "no lines",
        "2260": "posting type missing",
        "2270": "tax application missing",
        "2600": "fields that exclude each other",
        "3202": "sign-in missing",
        "4000": "a query that cannot be parsed",
        "4001": "a query that is not valid",
        "5000": "a field that no longer exists",
        "6010": "account type and sub-type do not fit",
        "6020": "content length missing",
        "6040": "attachment description",
        "6050": "attachment reference",
        "6060": "opening balance without its date",
        "6070": "amount is not quantity times price",
        "6080": "no name",
        "6090": "discount line",
        "6150": "parent missing",
        "6170": "tax detail where none is allowed",
        "6290": "employee or vendor reference",
        "6300": "employee or vendor name",
        "6310": "billable line without customer",
        "6320": "billable status",
        "6440": "transaction details missing",
        "6530": "raw card number",
        "10100": "a result too large",
    }.items()
}

ENTRIES: Mapping[str, Entry] = {**_ACCOUNT, **_TRANSIENT, **_BOOKS, **_TAX, **_VALUES, **_BUGS}

"""Names and numbers within QuickBooks Desktop's limits, never cut silently (facts: QBD 1.8, 2.2)."""

from typing import NamedTuple

from syncro_quickbooks.desktop.qbxml.text import one_line
from syncro_quickbooks.syncro.models import Customer

MAX_NAME = 41
MAX_NUMBER = 11
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NO_LIMIT = 4095


class CleanName(NamedTuple):
    """A name fit for QuickBooks. An `altered` one is no longer what Syncro says and never adopts an existing entry."""

    text: str
    altered: bool


def customer_name(customer: Customer) -> CleanName:
    """The name of an organization: no colon, which separates levels; one over 41 characters ends in Syncro's id.

    The id makes it unique and stable: two organizations that share their first 41 characters stay two.
    """
    said = " ".join(customer.business_then_name.split())
    fitting = one_line(customer.business_then_name.replace(":", "-"), _NO_LIMIT) or f"Organization {customer.id}"
    if len(fitting) > MAX_NAME:
        fitting = suffixed(fitting, customer.id)
    return CleanName(fitting, altered=fitting != said)


def suffixed(name: str, syncro_id: int) -> str:
    """`name` made unique by Syncro's id, within the limit."""
    suffix = f" #{syncro_id}"
    return name[: MAX_NAME - len(suffix)].rstrip() + suffix


def short_number(syncro_id: int, prefix: str = "S-") -> str:
    """A number within the limit that nothing else of the account gets: Syncro's id, in letters and digits."""
    written, left = "", syncro_id
    while left:
        left, digit = divmod(left, len(_DIGITS))
        written = _DIGITS[digit] + written
    return f"{prefix}{written}" if len(prefix) + len(written) <= MAX_NUMBER else written

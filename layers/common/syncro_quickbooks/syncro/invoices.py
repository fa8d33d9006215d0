"""What an invoice says, whoever tells of it: an event, or the public API, which leaves out how it is taxed."""

from decimal import Decimal
from hashlib import sha256

from syncro_quickbooks.syncro.models import Invoice

# The API does not tell these (facts: Syncro 2.3); another rate shows in the invoice's tax.
_ONLY_IN_EVENTS = {"tax_rate_id", "notax", "is_draft", "is_refund", "line_items"}
_OF_NO_LINE = {"tax_rate_id", "position"}


def content_of(invoice: Invoice) -> str:
    """Identifies what the invoice says: equal for two tellings of the same, however their figures are written."""
    head = invoice.model_dump(exclude=_ONLY_IN_EVENTS)
    lines = [line.model_dump(exclude=_OF_NO_LINE) for line in invoice.line_items]
    said = [sorted((name, _plain(value)) for name, value in part.items()) for part in (head, *lines)]
    return sha256(repr(said).encode()).hexdigest()


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return "" if value is None else str(value)

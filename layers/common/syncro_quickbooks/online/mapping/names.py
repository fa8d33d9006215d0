"""Names and texts as QuickBooks Online accepts them (facts: QBO 1.0, 1.1, 1.2)."""

import re
import unicodedata
from typing import NamedTuple

from syncro_quickbooks.online.company import Company
from syncro_quickbooks.syncro.models import Customer, Product, Vendor

CUSTOMER_NAME_LIMIT = VENDOR_NAME_LIMIT = 500
ITEM_NAME_LIMIT = 100

# What NFKD cannot take apart; the rest of Latin script loses its accents there.
_TRANSLITERATIONS = str.maketrans(
    {
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys("‘’‚‛′", "'"),
        **dict.fromkeys("“”„‟″", '"'),
        **{"…": "...", "•": "*", "€": "EUR", "œ": "oe", "Œ": "OE"},
        **{"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i"},
    }
)
# Controls, invisible format marks, lone surrogates, private and unassigned characters.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


class CleanName(NamedTuple):
    """A name fit for QuickBooks. An `altered` one is no longer what Syncro says and never adopts an existing entry."""

    text: str
    altered: bool


def customer_name(customer: Customer, company: Company) -> CleanName:
    """The DisplayName of an organization: at most 500 characters, no colon, tab or newline."""
    return _name(customer.business_then_name, company, CUSTOMER_NAME_LIMIT, "Organization", customer.id)


def vendor_name(vendor: Vendor, company: Company) -> CleanName:
    """The DisplayName of a vendor, which has the limits of a customer's."""
    return _name(vendor.name, company, VENDOR_NAME_LIMIT, "Vendor", vendor.id)


def item_name(product: Product, company: Company) -> CleanName:
    """The Name of an item: at most 100 characters. Double quotes stay: Intuit's pages do not forbid them for items."""
    return _name(product.name, company, ITEM_NAME_LIMIT, "Product", product.id)


def name_part(value: str | None, company: Company, limit: int) -> str:
    """A given, family or company name, cut to `limit`; these need not be unique, so no suffix."""
    return _fitting(value or "", company)[:limit].strip()


def prose(value: str | None, company: Company, limit: int) -> str:
    """A description or memo: line breaks stay, what QuickBooks cannot take goes, cut to `limit` characters."""
    lines = re.split(r"\r\n|\r|\n", unicodedata.normalize("NFC", value or "").replace("\t", " "))
    return "\n".join(_printable(line, company).rstrip() for line in lines).strip()[:limit].rstrip()


def _name(raw: str, company: Company, limit: int, kind: str, syncro_id: int) -> CleanName:
    composed = unicodedata.normalize("NFC", raw)
    text = _fitting(composed, company) or f"{kind} {syncro_id}"
    if len(text) > limit:
        suffix = f" #{syncro_id}"
        text = text[: limit - len(suffix)].rstrip() + suffix
    # Trimming and collapsing blanks is how names are compared; anything beyond that changes the name.
    return CleanName(text, altered=text != re.sub(" +", " ", composed.strip(" ")))


def _fitting(value: str, company: Company) -> str:
    spaced = re.sub(r"\s", " ", unicodedata.normalize("NFC", value)).replace(":", "-")
    return " ".join(_printable(spaced, company).split())


def _printable(value: str, company: Company) -> str:
    """US companies take ISO-8859-1, all others UTF-8 (Intuit, REST API features)."""
    text = "".join(character for character in value if unicodedata.category(character) not in _UNPRINTABLE)
    if not company.is_us:
        return text
    return "".join(character if ord(character) < 256 else _latin1(character) for character in text)


def _latin1(character: str) -> str:
    known = character.translate(_TRANSLITERATIONS)
    decomposed = unicodedata.normalize("NFKD", known)
    return "".join(part for part in decomposed if ord(part) < 256)

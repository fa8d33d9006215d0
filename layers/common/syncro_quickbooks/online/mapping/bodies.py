"""Small tools for QuickBooks Online bodies: reading fields of parsed JSON, writing references, digests of content."""

import hashlib
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from syncro_quickbooks import exact_json, money
from syncro_quickbooks.json_types import JsonObject

# Who an object is and how it is sent, not what it says.
IDENTITY = frozenset({"Id", "SyncToken", "sparse"})


def ref(value: str) -> JsonObject:
    """A QuickBooks reference by id."""
    return {"value": value}


def digest(content: JsonObject, ignore: Iterable[str] = ()) -> str:
    """SHA-256 (hex) of `content` in canonical JSON without its identity and the top-level fields named in `ignore`."""
    left_out = IDENTITY | set(ignore)
    kept = {key: value for key, value in content.items() if key not in left_out}
    return hashlib.sha256(exact_json.canonical(kept).encode()).hexdigest()


def section(parent: JsonObject, key: str) -> JsonObject:
    """The object under `key`, empty if it is absent."""
    value = parent.get(key)
    return value if isinstance(value, dict) else {}


def objects(parent: JsonObject, key: str) -> list[JsonObject]:
    """The objects in the array under `key`, empty if it is absent."""
    value = parent.get(key)
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def text(parent: JsonObject, key: str) -> str:
    """The string under `key`, empty if it is absent."""
    value = parent.get(key)
    return value if isinstance(value, str) else ""


def ref_value(parent: JsonObject, key: str) -> str:
    """The id that the reference under `key` points to, empty if it is absent."""
    return text(section(parent, key), "value")


def amount(parent: JsonObject, key: str) -> Decimal | None:
    """The number under `key`; None if it is absent. Raises ValueError for something that is not a number."""
    value = parent.get(key)
    if value is None:
        return None
    if isinstance(value, (dict, list)):
        raise ValueError(f"{key} is not a number")  # noqa: TRY004  one kind of error for every unreadable figure
    return money.parse(value)


def day(parent: JsonObject, key: str) -> date | None:
    """The calendar date under `key`; None if it is absent. Raises ValueError for something else."""
    written = text(parent, key)
    return date.fromisoformat(written[:10]) if written else None


# QuickBooks' own, refused or meaningless in a request (facts: QBO 1.0, 1.4, 1.5).
READ_ONLY = frozenset(
    {
        "MetaData",
        "domain",
        "sparse",
        "status",
        "TotalAmt",
        "Balance",
        "RemainingCredit",
        "UnappliedAmt",
        "HomeTotalAmt",
        "HomeBalance",
        "LinkedTxn",
        "TxnTaxDetail",
    }
)


def full_update(current: JsonObject, content: JsonObject) -> JsonObject:
    """`content` on top of everything else that QuickBooks last returned: a full update blanks what it leaves out."""
    return {**{key: value for key, value in current.items() if key not in READ_ONLY}, **content}


def identity(current: JsonObject) -> JsonObject:
    """What a sparse update of `current` starts with."""
    return {"Id": text(current, "Id"), "SyncToken": text(current, "SyncToken"), "sparse": True}


MAX_PRIVATE_NOTE = 4000


def marked_note(current: JsonObject, marker_text: str) -> JsonObject:
    """A document that was linked, or whose memo was rewritten, gets the marker below what people wrote there."""
    note = text(current, "PrivateNote")
    record, _, _generation = marker_text.rpartition(":")
    if f"{record}:" in note:
        return {}
    kept = note[: MAX_PRIVATE_NOTE - len(marker_text) - 1]
    return {"PrivateNote": f"{kept}\n{marker_text}".strip()}

"""What QuickBooks holds, said in the words of the invariants."""

from decimal import Decimal
from typing import Any

from emulators.quickbooks_online import Company


def is_void(document: dict[str, Any]) -> bool:
    return Decimal(str(document["TotalAmt"])) == 0 and str(document.get("PrivateNote", "")).startswith("Voided")


def standing(company: Company, entity: str = "Invoice") -> list[dict[str, Any]]:
    """The documents that count."""
    return [document for document in company.entities(entity) if not is_void(document)]


def sales_lines(document: dict[str, Any]) -> list[tuple[str, Decimal]]:
    """Item name and amount of each line."""
    lines = [line for line in document["Line"] if line["DetailType"] == "SalesItemLineDetail"]
    return [(line["SalesItemLineDetail"]["ItemRef"].get("name", ""), Decimal(str(line["Amount"]))) for line in lines]


_UNIQUE = (("Customer", "DisplayName"), ("Vendor", "DisplayName"), ("Item", "Name"), ("Invoice", "DocNumber"))


def assert_each_once(company: Company) -> None:
    """No customer, vendor, item or document number exists twice, and no marker stands on two documents."""
    for entity, field in _UNIQUE:
        names = [str(each.get(field)) for each in company.entities(entity)]
        assert len(names) == len(set(names)), f"{entity} twice: {sorted(names)}"
    kinds = ("Invoice", "Payment", "CreditMemo", "PurchaseOrder", "Bill", "Purchase")
    notes = [str(each.get("PrivateNote", "")) for kind in kinds for each in standing(company, kind)]
    markers = [word for note in notes for word in note.split() if word.startswith("syncro:")]
    records = [word.rpartition(":")[0] for word in markers]
    assert len(records) == len(set(records)), f"booked twice: {records}"

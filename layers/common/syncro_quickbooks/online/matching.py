"""Whether an entry that QuickBooks already has is the one that Syncro means. Pure.

The rules are those of the product (one active entry of exactly that name, no conflicting e-mail): an entry that is
wrongly adopted mixes two customers' books, one that is wrongly created costs a clean-up, so anything else is asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.mapping.names import CleanName
from syncro_quickbooks.sync.model import Action, Problem
from syncro_quickbooks.syncro.models import Customer, Vendor


@dataclass(frozen=True, slots=True)
class Adopt:
    """This is it. `digest` is what Syncro says, if the entry is to stay as it is until that changes."""

    object: JsonObject
    digest: str = ""


@dataclass(frozen=True, slots=True)
class NoMatch:
    """QuickBooks has none."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Only a person can tell."""

    problem: Problem


Match: TypeAlias = Adopt | NoMatch | Ask


def match_customer_first(customer: Customer, name: CleanName, rows: Sequence[JsonObject]) -> Match:
    """Before a create. `rows` are the active customers with the same e-mail, or the same name if there is no e-mail."""
    named = [row for row in rows if _same(row.get("DisplayName"), name.text)]
    if len(named) == 1 and not name.altered:
        return _adopt_unless_other_email(customer, named[0])
    if not rows:
        return NoMatch()
    return Ask(_by_email_alone(customer, rows[0]) if not named else _name_is_taken(customer, named[0]))


def match_customer_by_name(customer: Customer, name: CleanName, rows: Sequence[JsonObject], our_marker: str) -> Match:
    """After QuickBooks refused the name. `rows` are the customers of that name, inactive ones included.

    `our_marker` is the start of the marker we write: an entry that carries it is ours, its answer was lost.
    """
    named = [row for row in rows if _same(row.get("DisplayName"), name.text)]
    for row in named:
        if our_marker in str(row.get("Notes", "")):
            return Adopt(row)
    inactive = _inactive_of(rows, "DisplayName", name)
    if inactive is not None:
        return Ask(_inactive(f"Customer {name.text!r}", inactive, "Customer"))
    if not named:
        return Ask(_name_elsewhere(customer, name))
    if len(named) > 1 or name.altered:
        return Ask(_name_is_taken(customer, named[0]))
    return _adopt_unless_other_email(customer, named[0])


def match_item(name: CleanName, rows: Sequence[JsonObject]) -> Match:
    """After QuickBooks refused an item's name. `rows` are the items of several names, inactive ones included."""
    inactive = _inactive_of(rows, "Name", name)
    if inactive is not None:
        return Ask(_inactive(f"Item {name.text!r}", inactive, "Item"))
    named = [row for row in rows if _same(row.get("Name"), name.text)]
    if not named:
        return NoMatch()
    item = named[0]
    if item.get("Type") in ("Category", "Group"):
        return Ask(
            Problem(
                "item_is_category",
                f"QuickBooks uses the name {name.text!r} for a {str(item['Type']).lower()}, which cannot be sold.",
                "Rename the product in Syncro, or link it to another item.",
                actions=(Action("link", "Link to another item", {"entity": "Item"}),),
            )
        )
    if len(named) > 1 or name.altered:
        return Ask(
            Problem(
                "item_name_taken",
                f"QuickBooks already has an item {name.text!r}, and Syncro's own name had to be changed to fit.",
                "Link the item if it is the same, or rename the product in Syncro.",
                actions=(Action("link", "Link this item", {"entity": "Item", "id": str(item["Id"])}),),
            )
        )
    return Adopt(item)


def match_vendor(vendor: Vendor, name: CleanName, rows: Sequence[JsonObject]) -> Match:
    """After QuickBooks refused a vendor's name. `rows` are the vendors of several names, inactive ones included."""
    inactive = _inactive_of(rows, "DisplayName", name)
    if inactive is not None:
        return Ask(_inactive(f"Vendor {name.text!r}", inactive, "Vendor"))
    named = [row for row in rows if _same(row.get("DisplayName"), name.text)]
    if not named:
        return Ask(_vendor_name_elsewhere(vendor, name))
    if len(named) > 1 or name.altered:
        return Ask(
            Problem(
                "vendor_name_taken",
                f"QuickBooks already has a vendor {name.text!r}; whether it is vendor#{vendor.id} is unclear, because "
                "Syncro's own name had to be changed to fit.",
                "Link it if it is the same vendor, or rename the vendor in Syncro.",
                actions=_link_or_create(named[0], "Vendor"),
            )
        )
    return Adopt(named[0])


def inactive_name(name: str) -> str:
    """What QuickBooks makes of the name of an entry that is made inactive; the name stays taken (facts: QBO 1.0)."""
    return f"{name} (deleted)"


def _inactive_of(rows: Sequence[JsonObject], column: str, name: CleanName) -> JsonObject | None:
    names = (name.text, inactive_name(name.text))
    return next(
        (row for row in rows if row.get("Active") is False and any(_same(row.get(column), each) for each in names)),
        None,
    )


def _adopt_unless_other_email(customer: Customer, row: JsonObject) -> Match:
    theirs = _email(row)
    ours = (customer.email or "").strip().casefold()
    if theirs and ours and theirs != ours:
        return Ask(
            Problem(
                "customer_email_differs",
                f"QuickBooks has a customer {row.get('DisplayName')!r} like customer#{customer.id}, "
                "but with another e-mail address.",
                "Link it if it is the same customer, or create a new one with a suffix.",
                actions=_link_or_create(row),
            )
        )
    return Adopt(row)


def _by_email_alone(customer: Customer, row: JsonObject) -> Problem:
    return Problem(
        "customer_email_taken",
        f"QuickBooks has a customer {row.get('DisplayName')!r} with the e-mail address of customer#{customer.id}, "
        "but with another name.",
        "Link it if it is the same customer, or create a new one.",
        actions=_link_or_create(row),
    )


def _name_is_taken(customer: Customer, row: JsonObject) -> Problem:
    return Problem(
        "customer_name_taken",
        f"QuickBooks already has a customer {row.get('DisplayName')!r}; "
        f"whether it is customer#{customer.id} is unclear.",
        "Link it if it is the same customer, or create a new one with a suffix.",
        actions=_link_or_create(row),
    )


def _name_elsewhere(customer: Customer, name: CleanName) -> Problem:
    return Problem(
        "customer_name_elsewhere",
        f"The name {name.text!r} of customer#{customer.id} is taken in QuickBooks, and not by a customer: "
        "a vendor or an employee has it.",
        "Create the customer with a suffix, or rename the vendor or employee in QuickBooks.",
        actions=(Action("create_with_suffix", "Create with a suffix"), Action("retry", "Try again")),
    )


def _vendor_name_elsewhere(vendor: Vendor, name: CleanName) -> Problem:
    return Problem(
        "vendor_name_elsewhere",
        f"The name {name.text!r} of vendor#{vendor.id} is taken in QuickBooks, and not by a vendor: "
        "a customer or an employee has it.",
        "Create the vendor with a suffix, or rename the customer or employee in QuickBooks.",
        actions=(Action("create_with_suffix", "Create with a suffix"), Action("retry", "Try again")),
    )


def _inactive(what: str, row: JsonObject, entity: str) -> Problem:
    return Problem(
        "inactive_in_quickbooks",
        f"{what} exists in QuickBooks but was made inactive.",
        "Make it active again in QuickBooks, or create a new one with a suffix.",
        actions=(
            Action("reactivate", "Make active", {"entity": entity, "id": str(row.get("Id", ""))}),
            Action("create_with_suffix", "Create with a suffix"),
        ),
    )


def _link_or_create(row: JsonObject, entity: str = "Customer") -> tuple[Action, ...]:
    return (
        Action("link", f"Link {row.get('DisplayName')}", {"entity": entity, "id": str(row.get("Id", ""))}),
        Action("create_with_suffix", "Create with a suffix"),
    )


def _same(theirs: object, ours: str) -> bool:
    return " ".join(str(theirs or "").split()).casefold() == " ".join(ours.split()).casefold()


def _email(row: JsonObject) -> str:
    address = row.get("PrimaryEmailAddr")
    return str(address.get("Address", "")).strip().casefold() if isinstance(address, dict) else ""

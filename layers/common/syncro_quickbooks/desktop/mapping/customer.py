"""A Syncro organization as a customer (facts: QBD 2.2)."""

from syncro_quickbooks.desktop.mapping.bodies import digest
from syncro_quickbooks.desktop.mapping.names import customer_name
from syncro_quickbooks.desktop.qbxml.reading import text
from syncro_quickbooks.desktop.qbxml.text import one_line
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.sync.model import Operation, Problem, Write
from syncro_quickbooks.sync.settings import fold
from syncro_quickbooks.syncro.models import Customer

_MAX_PHONE = 21
_MAX_EMAIL = 1023
_MAX_NOTES = 4095


def map_customer(customer: Customer, marker_text: str, current: JsonObject | None) -> Write:
    """The CustomerAdd or CustomerMod that makes QuickBooks say what Syncro says.

    `current` is the customer QuickBooks last returned, None before the first create. What Syncro leaves empty is left
    alone. The Notes are the bookkeeper's once it is made.
    """
    clean = customer_name(customer)
    content: JsonObject = {"Name": clean.text, **_texts(customer)}
    warnings = _phones(customer, content)
    if current is None:
        notes = f"{marker_text}\n{customer.business_then_name.strip()}" if clean.altered else marker_text
        body: JsonObject = {**content, "Notes": notes[:_MAX_NOTES]}
        return Write(Operation.CREATE, "Customer", body, digest(content), warnings=warnings)
    # A sub-customer that was imported keeps its place below its customer.
    same = fold(text(current, "Name")) == fold(clean.text) or _is_sub_customer(customer, current)
    changed = {key: value for key, value in content.items() if not (same and key == "Name")}
    who: JsonObject = {"ListID": text(current, "ListID"), "EditSequence": text(current, "EditSequence")}
    return Write(Operation.UPDATE, "Customer", {**who, **changed}, digest(content), warnings=warnings)


def _is_sub_customer(customer: Customer, current: JsonObject) -> bool:
    full_name = text(current, "FullName")
    return ":" in full_name and fold(full_name) == fold(customer.business_then_name)


def _texts(customer: Customer) -> JsonObject:
    """Names of people, companies and places need not be unique: they are cut where Syncro's are longer."""
    texts = {
        "CompanyName": one_line(customer.business_name, 41),
        "FirstName": one_line(customer.firstname, 25),
        "LastName": one_line(customer.lastname, 25),
        "Email": one_line(customer.email, _MAX_EMAIL),
    }
    address = {
        "Addr1": one_line(customer.address, 41),
        "Addr2": one_line(customer.address_2, 41),
        "City": one_line(customer.city, 31),
        "State": one_line(customer.state, 21),
        "PostalCode": one_line(customer.zip, 13),
    }
    content: JsonObject = {key: value for key, value in texts.items() if value}
    if any(address.values()):
        content["BillAddress"] = {key: value for key, value in address.items() if value}
    return content


def _phones(customer: Customer, content: JsonObject) -> tuple[Problem, ...]:
    """Half a phone number is worse than none: one that does not fit is left out with a warning."""
    warnings = []
    for element, number in (("Phone", customer.phone), ("AltPhone", customer.mobile)):
        written = one_line(number, len(number or ""))
        if len(written) > _MAX_PHONE:
            warnings.append(_left_out(customer))
        elif written:
            content[element] = written
    return tuple(warnings)


def _left_out(customer: Customer) -> Problem:
    return Problem(
        code="customer_phone_left_out",
        message=f"Organization '{customer.business_then_name}': a phone number is longer than QuickBooks Desktop's "
        f"{_MAX_PHONE} characters, so it was left out.",
        fix="Shorten the phone number in Syncro; it goes along with the next invoice.",
    )

"""A customer of QuickBooks Desktop as the organization that Syncro's API is told to make (facts: QBD 2.2). Pure."""

from syncro_quickbooks.desktop.qbxml.reading import section, text
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.sync.settings import fold


def organization_for_syncro(ret: JsonObject) -> JsonObject:
    """The fields of the organization to be made, under the customer's full name (`Customer:Job`)."""
    name = text(ret, "FullName") or text(ret, "Name")
    address = section(ret, "BillAddress")
    # QuickBooks Desktop begins an address with whom it is of.
    names = {fold(name), fold(text(ret, "Name")), fold(text(ret, "CompanyName"))}
    written = [text(address, f"Addr{line}") for line in range(1, 6)]
    lines = [line for line in written if line and fold(line) not in names]
    made: JsonObject = {
        "business_name": name,
        "firstname": text(ret, "FirstName"),
        "lastname": text(ret, "LastName"),
        "email": text(ret, "Email"),
        "phone": text(ret, "Phone"),
        "mobile": text(ret, "AltPhone"),
        "address": lines[0] if lines else "",
        "address_2": ", ".join(lines[1:]),
        "city": text(address, "City"),
        "state": text(address, "State"),
        "zip": text(address, "PostalCode"),
    }
    return {field: value for field, value in made.items() if value}

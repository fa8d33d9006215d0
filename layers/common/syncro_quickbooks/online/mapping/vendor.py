"""A Syncro vendor as a QuickBooks Online vendor (facts: QBO 1.1)."""

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.company import Company
from syncro_quickbooks.online.mapping import bodies
from syncro_quickbooks.online.mapping.contact import address, email, phone
from syncro_quickbooks.online.mapping.names import name_part, vendor_name
from syncro_quickbooks.sync.model import Operation, Problem, Write
from syncro_quickbooks.syncro.models import Vendor

__all__ = ["map_vendor", "vendor_name"]

MAX_PART = 100
MAX_ACCOUNT_NUMBER = 100


def map_vendor(vendor: Vendor, company: Company, current: JsonObject | None) -> Write:
    """The create or update that makes a QuickBooks vendor say what Syncro says; terms and the rest stay QuickBooks'.

    `current` is the vendor QuickBooks last returned, None before the first create. The update is sparse: QuickBooks
    returns tax and bank numbers masked, so a full one would overwrite them. What Syncro leaves empty is left alone. An
    e-mail or phone that QuickBooks would refuse is left out with a warning. No marker: Intuit's page documents no
    Notes on a vendor, and its name is QuickBooks' only one.
    """
    content, warnings = _content(vendor, company)
    digest = bodies.digest(content)
    if current is None:
        return Write(Operation.CREATE, "Vendor", content, digest, warnings=warnings)
    return Write(Operation.UPDATE, "Vendor", {**content, **bodies.identity(current)}, digest, warnings=warnings)


def _content(vendor: Vendor, company: Company) -> tuple[JsonObject, tuple[Problem, ...]]:
    name = vendor_name(vendor, company).text
    who = f"Vendor '{name}'"
    mail, mail_warning = email(vendor.email, who)
    number, number_warning = phone(vendor.phone, who, company)
    texts = {
        "DisplayName": name,
        "CompanyName": name_part(vendor.name, company, MAX_PART),
        "GivenName": name_part(vendor.rep_first_name, company, MAX_PART),
        "FamilyName": name_part(vendor.rep_last_name, company, MAX_PART),
        "AcctNum": name_part(vendor.account_number, company, MAX_ACCOUNT_NUMBER),
    }
    content: JsonObject = {key: text for key, text in texts.items() if text}
    if mail:
        content["PrimaryEmailAddr"] = {"Address": mail}
    if number:
        content["PrimaryPhone"] = {"FreeFormNumber": number}
    lines = {"Line1": vendor.address, "City": vendor.city, "CountrySubDivisionCode": vendor.state}
    place = address({**lines, "PostalCode": vendor.zip}, company)
    if place:
        content["BillAddr"] = place
    return content, (*mail_warning, *number_warning)

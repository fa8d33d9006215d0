"""A Syncro organization as a QuickBooks Online customer (facts: QBO 1.1)."""

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.company import Company
from syncro_quickbooks.online.mapping import bodies, contact
from syncro_quickbooks.online.mapping.names import customer_name, name_part
from syncro_quickbooks.sync.model import Operation, Problem, Write
from syncro_quickbooks.syncro.models import Customer

__all__ = ["customer_name", "map_customer"]

MAX_PART = 100
# The marker belongs to whoever made the entry; the notes are the bookkeeper's from then on.
_NOT_CONTENT = frozenset({"Notes"})


def map_customer(
    customer: Customer, company: Company, marker_text: str, current: JsonObject | None, *, first_link: bool = False
) -> Write:
    """The create or sparse update that makes a QuickBooks customer say what Syncro says.

    `current` is the customer QuickBooks last returned, None before the first create. With `first_link` it was just
    linked, and its DisplayName stays as the bookkeeper has it; the digest still covers Syncro's name, so the link
    alone causes no second write. A sub-customer keeps its name, too: in Syncro it goes by its full one. Terms are
    never sent here: every invoice carries its own. What Syncro leaves empty is left alone. An e-mail or phone that
    QuickBooks would refuse is left out with a warning.
    """
    content, warnings = _content(customer, company)
    digest = bodies.digest(content, _NOT_CONTENT)
    if current is None:
        body: JsonObject = {**content, "Notes": marker_text}
        return Write(Operation.CREATE, "Customer", body, digest, warnings=warnings)
    keeps_name = first_link or "ParentRef" in current
    kept = {key: value for key, value in content.items() if not (keeps_name and key == "DisplayName")}
    return Write(Operation.UPDATE, "Customer", {**kept, **bodies.identity(current)}, digest, warnings=warnings)


def _content(customer: Customer, company: Company) -> tuple[JsonObject, tuple[Problem, ...]]:
    name = customer_name(customer, company).text
    who = f"Organization '{name}'"
    email, email_warning = contact.email(customer.email, who)
    phone, phone_warning = contact.phone(customer.phone, who, company)
    mobile, mobile_warning = contact.phone(customer.mobile, who, company)
    texts = {
        "CompanyName": name_part(customer.business_name, company, MAX_PART),
        "GivenName": name_part(customer.firstname, company, MAX_PART),
        "FamilyName": name_part(customer.lastname, company, MAX_PART),
    }
    content: JsonObject = {"DisplayName": name, **{key: text for key, text in texts.items() if text}}
    if email:
        content["PrimaryEmailAddr"] = {"Address": email}
    if phone:
        content["PrimaryPhone"] = {"FreeFormNumber": phone}
    if mobile:
        content["Mobile"] = {"FreeFormNumber": mobile}
    address = _address(customer, company)
    if address:
        content["BillAddr"] = address
    return content, (*email_warning, *phone_warning, *mobile_warning)


def _address(customer: Customer, company: Company) -> JsonObject:
    fields = {
        "Line1": customer.address,
        "Line2": customer.address_2,
        "City": customer.city,
        "CountrySubDivisionCode": customer.state,
        "PostalCode": customer.zip,
    }
    return contact.address(fields, company)

"""A Syncro organization as a QuickBooks Online customer (facts: QBO 1.1)."""

import re

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.company import Company
from syncro_quickbooks.online.mapping import bodies
from syncro_quickbooks.online.mapping.names import customer_name, name_part, prose
from syncro_quickbooks.sync.model import Operation, Problem, Write
from syncro_quickbooks.syncro.models import Customer

__all__ = ["customer_name", "map_customer"]

MAX_PART = 100
MAX_EMAIL = 100
MAX_PHONE = 30
MAX_ADDRESS_LINE = 500
MAX_PLACE = 255
MAX_POSTAL_CODE = 30
_EMAIL = re.compile(r"[^@\s,;<>()]+@[^@\s,;<>()]+\.[^@\s,;<>().]+")
# The marker belongs to whoever made the entry; the notes are the bookkeeper's from then on.
_NOT_CONTENT = frozenset({"Notes"})


def map_customer(
    customer: Customer, company: Company, marker_text: str, current: JsonObject | None, *, first_link: bool = False
) -> Write:
    """The create or sparse update that makes a QuickBooks customer say what Syncro says.

    `current` is the customer QuickBooks last returned, None before the first create. With `first_link` it was just
    linked, and its DisplayName stays as the bookkeeper has it; the digest still covers Syncro's name, so the link
    alone causes no second write. Terms are never sent here: every invoice carries its own. What Syncro leaves empty is
    left alone. An e-mail or phone that QuickBooks would refuse is left out with a warning.
    """
    content, warnings = _content(customer, company)
    digest = bodies.digest(content, _NOT_CONTENT)
    if current is None:
        body: JsonObject = {**content, "Notes": marker_text}
        return Write(Operation.CREATE, "Customer", body, digest, warnings=warnings)
    kept = {key: value for key, value in content.items() if not (first_link and key == "DisplayName")}
    return Write(Operation.UPDATE, "Customer", {**kept, **bodies.identity(current)}, digest, warnings=warnings)


def _content(customer: Customer, company: Company) -> tuple[JsonObject, tuple[Problem, ...]]:
    name = customer_name(customer, company).text
    email, email_warning = _email(customer, name)
    phone, phone_warning = _phone(customer.phone, name, company)
    mobile, mobile_warning = _phone(customer.mobile, name, company)
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


def _email(customer: Customer, name: str) -> tuple[str, tuple[Problem, ...]]:
    """Intuit: at most 100 characters with an @ and a dot; anything else would refuse the whole customer (2210)."""
    email = (customer.email or "").strip()
    if not email or (len(email) <= MAX_EMAIL and email.isascii() and _EMAIL.fullmatch(email)):
        return email, ()
    return "", (_left_out("customer_email_left_out", name, "e-mail address"),)


def _phone(number: str | None, name: str, company: Company) -> tuple[str, tuple[Problem, ...]]:
    text = name_part((number or "").replace(":", " "), company, len(number or ""))
    if len(text) <= MAX_PHONE:
        return text, ()
    return "", (_left_out("customer_phone_left_out", name, "phone number"),)


def _left_out(code: str, name: str, what: str) -> Problem:
    return Problem(
        code=code,
        message=f"Organization '{name}': QuickBooks does not take its {what}, so it was left out.",
        fix=f"Correct the {what} in Syncro; it goes along with the next invoice.",
    )


def _address(customer: Customer, company: Company) -> JsonObject:
    fields = {
        "Line1": prose(customer.address, company, MAX_ADDRESS_LINE),
        "Line2": prose(customer.address_2, company, MAX_ADDRESS_LINE),
        "City": prose(customer.city, company, MAX_PLACE),
        "CountrySubDivisionCode": prose(customer.state, company, MAX_PLACE),
        "PostalCode": prose(customer.zip, company, MAX_POSTAL_CODE),
    }
    return {key: text for key, text in fields.items() if text}

"""An organization becomes a customer without touching what the bookkeeper owns."""

import pytest

from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.online.mapping.customer import map_customer
from syncro_quickbooks.sync.model import Operation, Write
from syncro_quickbooks.syncro.models import Customer
from tests.unit.mapping.mapping_builders import CANADA, US, customer

MARKER = "syncro:customer:410:1"
FULL = customer(
    business_name="Bluebonnet Dental",
    firstname="Jo",
    lastname="Roe",
    email=" accounts@bluebonnet.example ",
    phone="512-555-0110",
    mobile="512-555-0111",
    address="1200 Congress Ave",
    address_2="Suite 300",
    city="Austin",
    state="TX",
    zip="78701",
)
CURRENT: JsonObject = {"Id": "58", "SyncToken": "4", "DisplayName": "Bluebonnet", "Notes": "VIP", "Job": True}


def create(who: Customer) -> Write:
    return map_customer(who, US, MARKER, None)


def test_a_new_customer_is_created_whole_with_the_marker_in_its_notes() -> None:
    write = create(FULL)
    assert (write.operation, write.entity, write.warnings) == (Operation.CREATE, "Customer", ())
    assert write.body == {
        "DisplayName": "Bluebonnet Dental",
        "CompanyName": "Bluebonnet Dental",
        "GivenName": "Jo",
        "FamilyName": "Roe",
        "PrimaryEmailAddr": {"Address": "accounts@bluebonnet.example"},
        "PrimaryPhone": {"FreeFormNumber": "512-555-0110"},
        "Mobile": {"FreeFormNumber": "512-555-0111"},
        "BillAddr": {
            "Line1": "1200 Congress Ave",
            "Line2": "Suite 300",
            "City": "Austin",
            "CountrySubDivisionCode": "TX",
            "PostalCode": "78701",
        },
        "Notes": MARKER,
    }


def test_an_organization_that_is_only_a_name_is_enough() -> None:
    assert create(customer()).body == {"DisplayName": "Bluebonnet Dental", "Notes": MARKER}


def test_an_update_is_sparse_and_leaves_the_notes_alone() -> None:
    write = map_customer(FULL, US, MARKER, CURRENT)
    assert write.operation is Operation.UPDATE
    assert (write.body["Id"], write.body["SyncToken"], write.body["sparse"]) == ("58", "4", True)
    assert write.body["DisplayName"] == "Bluebonnet Dental"
    assert not {"Notes", "Job", "ParentRef", "SalesTermRef"} & set(write.body)


def test_a_first_link_keeps_the_bookkeepers_display_name() -> None:
    write = map_customer(FULL, US, MARKER, CURRENT, first_link=True)
    assert "DisplayName" not in write.body
    assert write.body["CompanyName"] == "Bluebonnet Dental"


def test_a_link_alone_causes_no_second_write() -> None:
    linked = map_customer(FULL, US, MARKER, CURRENT, first_link=True)
    assert linked.digest == map_customer(FULL, US, "another marker", None).digest
    assert map_customer(FULL, US, MARKER, CURRENT).digest == create(FULL).digest


@pytest.mark.parametrize("changes", [{"phone": "1"}, {"business_then_name": "Blue"}, {"email": "a@b.example"}])
def test_a_change_in_syncro_changes_the_digest(changes: dict[str, Json]) -> None:
    assert create(customer(**changes)).digest != create(customer()).digest


@pytest.mark.parametrize(
    "email",
    [
        "no-at-sign.example",
        "two@@signs.example",
        "a@b",
        "a b@c.example",
        "a@b.example, c@d.example",
        "ü@b.example",
        "x" * 95 + "@b.example",
    ],
)
def test_an_e_mail_that_quickbooks_would_refuse_is_left_out_with_a_warning(email: str) -> None:
    write = create(customer(email=email))
    assert "PrimaryEmailAddr" not in write.body
    assert [warning.code for warning in write.warnings] == ["customer_email_left_out"]
    assert email not in write.warnings[0].message


def test_a_phone_number_is_left_out_rather_than_cut() -> None:
    write = create(customer(phone="512-555-0110 ext 4 ask for Jo Roe", mobile="5" * 30))
    assert "PrimaryPhone" not in write.body
    assert write.body["Mobile"] == {"FreeFormNumber": "5" * 30}
    assert [warning.code for warning in write.warnings] == ["customer_phone_left_out"]


def test_a_name_no_company_should_have_still_becomes_a_customer() -> None:
    write = create(customer(business_then_name="A:🍕\x00" + "x" * 600, business_name="A:🍕" + "y" * 600))
    assert write.body["DisplayName"] == "A-" + "x" * 493 + " #410"
    assert write.body["CompanyName"] == "A-" + "y" * 98


def test_an_address_in_another_script_stays_outside_the_us() -> None:
    who = customer(city="東京", address="1-2-3")
    assert map_customer(who, CANADA, MARKER, None).body["BillAddr"] == {"Line1": "1-2-3", "City": "東京"}
    assert map_customer(who, US, MARKER, None).body["BillAddr"] == {"Line1": "1-2-3"}

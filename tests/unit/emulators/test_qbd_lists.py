"""List entries: names, parents, references, edit sequences, queries (facts: QBD 2.2, 2.3)."""

import pytest

from emulators.quickbooks_desktop import Refused
from tests.support.qbxml import Office, names, text


@pytest.fixture
def office() -> Office:
    return Office()


def add(inner: str, kind: str = "Customer") -> str:
    return f"<{kind}AddRq><{kind}Add>{inner}</{kind}Add></{kind}AddRq>"


def modify(list_id: str, sequence: str, inner: str) -> str:
    head = f"<ListID>{list_id}</ListID><EditSequence>{sequence}</EditSequence>"
    return f"<CustomerModRq requestID='7'><CustomerMod>{head}{inner}</CustomerMod></CustomerModRq>"


def found(office: Office, query: str) -> list[str]:
    return [text(ret, "FullName") for ret in office.one(query)]


def test_a_new_customer_is_answered_in_the_order_of_the_captures() -> None:
    office = Office(sales_tax=False)
    ret = office.done(
        add(
            "<Name>20706 - Eastern XYZ</Name><CompanyName>Eastern XYZ</CompanyName><FirstName>Keith</FirstName>"
            "<LastName>Palmer</LastName><BillAddress><Addr1>Eastern XYZ</Addr1><Addr2>123 XYZ Road</Addr2>"
            "<City>Storrs</City><State>CT</State><PostalCode>06268</PostalCode><Country>USA</Country></BillAddress>"
            "<Phone>860-634-1602</Phone><Email>keith@example.com</Email><AccountNumber>89087</AccountNumber>"
            "<CreditLimit>2000.00</CreditLimit><Notes>old friend</Notes>"
        )
    )
    assert names(ret) == (
        "ListID TimeCreated TimeModified EditSequence Name FullName IsActive Sublevel CompanyName FirstName"
        " LastName BillAddress BillAddressBlock Phone Email Balance TotalBalance AccountNumber CreditLimit"
        " JobStatus Notes"
    )
    block = ret.find("BillAddressBlock")
    assert block is not None
    assert [line.text for line in block] == ["Eastern XYZ", "123 XYZ Road", "Storrs, CT 06268", "USA"]
    assert text(ret, "TimeCreated") == "2026-11-23T12:00:00-05:00"
    assert text(ret, "EditSequence") == "1795453200"  # the same moment in seconds since 1970
    assert text(ret, "ListID").endswith("-1795453200")
    assert (text(ret, "Sublevel"), text(ret, "Balance"), text(ret, "JobStatus")) == ("0", "0.00", "None")


def test_with_sales_tax_a_new_customer_gets_the_companys_code_and_item(office: Office) -> None:
    ret = office.done(add("<Name>Acme</Name>"))
    assert text(ret, "SalesTaxCodeRef", "FullName") == "Tax"
    assert text(ret, "ItemSalesTaxRef", "FullName") == "State Tax"


@pytest.mark.parametrize("kind", ["Customer", "Vendor", "Employee", "OtherName"])
def test_a_name_is_taken_by_any_kind_of_name_inactive_ones_too(office: Office, kind: str) -> None:
    entry = office.company.enter(kind, Name="Newcastle Tenants")
    office.company.deactivate(entry["ListID"]) if kind == "Customer" else None
    status = office.status(add("<Name>NEWCASTLE tenants</Name>"))
    assert status == ("3100", 'The name "NEWCASTLE tenants" of the list element is already in use.')


def test_items_of_all_types_share_their_names_but_not_with_customers(office: Office) -> None:
    office.customer("Cable")
    sold = "<SalesOrPurchase><AccountRef><FullName>Services</FullName></AccountRef></SalesOrPurchase>"
    assert office.status(add(f"<Name>Cable</Name>{sold}", "ItemNonInventory"))[0] == "0"
    assert office.status(add(f"<Name>cable</Name>{sold}", "ItemService"))[0] == "3100"


def test_a_colon_cannot_be_in_a_name(office: Office) -> None:
    assert office.status(add("<Name>Acme: Boston</Name>"))[0] == "3090"


def test_a_job_has_its_parents_name_in_front_and_may_repeat_a_name(office: Office) -> None:
    office.customer("Acme")
    office.customer("Boston")
    ret = office.done(add("<Name>Boston</Name><ParentRef><FullName>Acme</FullName></ParentRef>"))
    assert (text(ret, "Name"), text(ret, "FullName"), text(ret, "Sublevel")) == ("Boston", "Acme:Boston", "1")
    assert text(ret, "ParentRef", "FullName") == "Acme"
    again = add("<Name>Boston</Name><ParentRef><FullName>Acme</FullName></ParentRef>")
    assert office.status(again)[0] == "3100"


def test_an_unknown_parent_is_3130_in_the_captured_words(office: Office) -> None:
    assert office.status(add("<Name>Boston</Name><ParentRef><FullName>NONE</FullName></ParentRef>")) == (
        "3130",
        'There is an invalid reference to a parent "NONE" in the Customers list.  QuickBooks error message: '
        "Invalid argument.  The specified record does not exist in the list.",
    )


@pytest.mark.parametrize(
    ("reference", "spoken", "name"),
    [
        ("<TermsRef><FullName>Net 45</FullName></TermsRef>", "Terms", "Net 45"),
        ("<SalesTaxCodeRef><FullName>Exm</FullName></SalesTaxCodeRef>", "SalesTaxCode", "Exm"),
        ("<ItemSalesTaxRef><FullName>GST</FullName></ItemSalesTaxRef>", "Item Sales Tax", "GST"),
        ("<TermsRef><ListID>8000FFFF-1</ListID></TermsRef>", "Terms", "8000FFFF-1"),
    ],
)
def test_a_reference_to_nothing_is_3140(office: Office, reference: str, spoken: str, name: str) -> None:
    assert office.status(add(f"<Name>Acme</Name>{reference}")) == (
        "3140",
        f'There is an invalid reference to QuickBooks {spoken} "{name}" in the Customer.  QuickBooks error message: '
        "Invalid argument.  The specified record does not exist in the list.",
    )
    assert office.company.named("Customer", "Acme") is None


def test_the_list_id_of_a_reference_wins_over_its_name(office: Office) -> None:
    net_30 = office.company.named("StandardTerms", "Net 30")
    assert net_30 is not None
    both = f"<TermsRef><ListID>{net_30['ListID']}</ListID><FullName>Net 15</FullName></TermsRef>"
    assert text(office.done(add(f"<Name>Acme</Name>{both}")), "TermsRef", "FullName") == "Net 30"


def test_a_modification_changes_what_is_named_and_an_empty_element_clears(office: Office) -> None:
    acme = office.done(add("<Name>Acme</Name><Phone>1</Phone><Email>a@b.c</Email>"))
    office.time.sleep(60)
    changed = office.done(modify(text(acme, "ListID"), text(acme, "EditSequence"), "<Name>Acme Inc</Name><Phone/>"))
    assert (text(changed, "FullName"), text(changed, "Email")) == ("Acme Inc", "a@b.c")
    assert changed.find("Phone") is None
    assert text(changed, "TimeCreated") == text(acme, "TimeCreated")
    assert text(changed, "EditSequence") == str(int(text(acme, "EditSequence")) + 60)


def test_two_changes_in_one_second_still_have_two_edit_sequences(office: Office) -> None:
    acme = office.done(add("<Name>Acme</Name>"))
    first = office.done(modify(text(acme, "ListID"), text(acme, "EditSequence"), "<Phone>1</Phone>"))
    assert (
        office.one(modify(text(acme, "ListID"), text(acme, "EditSequence"), "<Phone>2</Phone>")).attrib["statusCode"]
        == "3200"
    )
    second = office.done(modify(text(acme, "ListID"), text(first, "EditSequence"), "<Phone>2</Phone>"))
    assert text(second, "Phone") == "2"


def test_a_stale_edit_sequence_is_answered_with_the_current_object(office: Office) -> None:
    acme = office.done(add("<Name>Acme</Name>"))
    office.time.sleep(5)
    office.company.change(text(acme, "ListID"), Phone="by hand")
    answer = office.one(modify(text(acme, "ListID"), text(acme, "EditSequence"), "<Phone>ours</Phone>"))
    assert answer.attrib["statusCode"] == "3200"
    assert answer.attrib["statusMessage"] == 'The provided edit sequence "1795453200" is out-of-date. '
    assert answer.attrib["requestID"] == "7"
    assert (text(answer, "CustomerRet", "Phone"), text(answer, "CustomerRet", "EditSequence")) == (
        "by hand",
        "1795453205",
    )
    assert office.company.entities("Customer")[0]["Phone"] == "by hand"


def test_an_entry_that_another_user_edits_cannot_be_changed(office: Office) -> None:
    acme = office.done(add("<Name>Acme</Name>"))
    office.company.in_use.add(text(acme, "ListID"))
    code, words = office.status(modify(text(acme, "ListID"), text(acme, "EditSequence"), "<Phone>1</Phone>"))
    assert code == "3175"
    assert "could not be locked.  It is in use by another user." in words
    office.company.in_use.clear()
    assert office.status(modify(text(acme, "ListID"), text(acme, "EditSequence"), "<Phone>1</Phone>"))[0] == "0"


def test_renaming_a_customer_renames_its_jobs_and_frees_the_old_name(office: Office) -> None:
    acme = office.done(add("<Name>Acme</Name>"))
    office.customer("Boston", "<ParentRef><FullName>Acme</FullName></ParentRef>")
    office.company.change(text(acme, "ListID"), Name="Zenith")
    assert sorted(one["FullName"] for one in office.company.entities("Customer")) == ["Zenith", "Zenith:Boston"]
    assert office.status(add("<Name>Acme</Name>"))[0] == "0"


def test_what_is_changed_meanwhile_in_the_list_is_3180_with_lock_words_once(office: Office) -> None:
    office.company.refuse_locked("CustomerAdd")
    code, words = office.status(add("<Name>Acme</Name>"))
    assert (code, words.endswith("This list has been modified by another user.")) == ("3180", True)
    assert office.status(add("<Name>Acme</Name>"))[0] == "0"


def test_a_sales_tax_item_with_a_rate_needs_its_agency(office: Office) -> None:
    rate = "<Name>City Tax</Name><TaxRate>2.5</TaxRate>"
    assert office.status(add(rate, "ItemSalesTax"))[0] == "3150"
    agency = "<TaxVendorRef><FullName>State Tax Agency</FullName></TaxVendorRef>"
    assert text(office.done(add(rate + agency, "ItemSalesTax")), "TaxRate") == "2.5"


def test_a_service_item_needs_an_account(office: Office) -> None:
    assert (
        office.status(add("<Name>Hosting</Name><SalesOrPurchase><Price>5.00</Price></SalesOrPurchase>", "ItemService"))[
            0
        ]
        == "3150"
    )
    account = "<AccountRef><FullName>Services</FullName></AccountRef>"
    ret = office.done(
        add(
            f"<Name>Hosting</Name><SalesOrPurchase><Desc>Web</Desc><Price>5.00</Price>{account}</SalesOrPurchase>",
            "ItemService",
        )
    )
    assert names(ret).startswith("ListID TimeCreated TimeModified EditSequence Name FullName IsActive Sublevel ")
    assert text(ret, "SalesOrPurchase", "AccountRef", "FullName") == "Services"


def test_a_query_by_name_tells_what_is_not_there_as_a_warning(office: Office) -> None:
    office.customer("Acme")
    answer = office.one("<CustomerQueryRq><FullName>acme</FullName><FullName>bleech</FullName></CustomerQueryRq>")
    assert (answer.attrib["statusCode"], answer.attrib["statusSeverity"]) == ("500", "Warn")
    assert answer.attrib["statusMessage"] == (
        "The query request has not been fully completed. There was a required element "
        '("bleech") that could not be found in QuickBooks.'
    )
    assert [text(ret, "Name") for ret in answer] == ["Acme"]


def test_an_unknown_id_may_be_3120_as_captured() -> None:
    office = Office(unknown_id_status=3120)
    assert office.status("<CustomerQueryRq><ListID>8000001B-1405768916</ListID></CustomerQueryRq>") == (
        "3120",
        'Object "8000001B-1405768916" specified in the request cannot be found.  QuickBooks error message: '
        "Invalid argument.  The specified record does not exist in the list.",
    )


def test_a_query_that_finds_nothing_is_status_1(office: Office) -> None:
    answer = office.one("<CustomerQueryRq requestID='4'/>")
    assert dict(answer.attrib) == {
        "requestID": "4",
        "statusCode": "1",
        "statusSeverity": "Info",
        "statusMessage": "A query request did not find a matching object in QuickBooks",
    }


def test_filters_by_activity_name_and_time(office: Office) -> None:
    office.customer("Acme")
    office.time.sleep(3600)
    old = office.company.enter("Customer", Name="Borden")
    office.company.deactivate(old["ListID"])
    office.customer("Bradley")
    assert found(office, "<CustomerQueryRq/>") == ["Acme", "Bradley"]
    assert found(office, "<CustomerQueryRq><ActiveStatus>All</ActiveStatus></CustomerQueryRq>") == [
        "Acme",
        "Borden",
        "Bradley",
    ]
    starts = "<NameFilter><MatchCriterion>StartsWith</MatchCriterion><Name>b</Name></NameFilter>"
    assert found(office, f"<CustomerQueryRq><ActiveStatus>All</ActiveStatus>{starts}</CustomerQueryRq>") == [
        "Borden",
        "Bradley",
    ]
    span = "<NameRangeFilter><FromName>Bo</FromName><ToName>Bp</ToName></NameRangeFilter>"
    assert found(office, f"<CustomerQueryRq><ActiveStatus>All</ActiveStatus>{span}</CustomerQueryRq>") == ["Borden"]
    later = "<FromModifiedDate>2026-11-23T12:30:00-05:00</FromModifiedDate>"
    assert found(office, f"<CustomerQueryRq>{later}</CustomerQueryRq>") == ["Bradley"]
    assert found(office, "<CustomerQueryRq><MaxReturned>1</MaxReturned></CustomerQueryRq>") == ["Acme"]


def test_the_pick_lists_of_a_new_company(office: Office) -> None:
    assert [text(ret, "Name") for ret in office.one("<TermsQueryRq/>")] == [
        "Due on receipt",
        "Net 15",
        "Net 30",
        "Net 60",
    ]
    assert [(text(ret, "Name"), text(ret, "IsTaxable")) for ret in office.one("<SalesTaxCodeQueryRq/>")] == [
        ("Tax", "true"),
        ("Non", "false"),
    ]
    assert "Check" in [text(ret, "Name") for ret in office.one("<PaymentMethodQueryRq/>")]
    banks = office.one("<AccountQueryRq><AccountType>Bank</AccountType></AccountQueryRq>")
    assert [text(ret, "Name") for ret in banks] == ["Checking"]
    assert {ret.tag for ret in office.one("<ItemQueryRq/>")} == {
        "ItemServiceRet",
        "ItemNonInventoryRet",
        "ItemOtherChargeRet",
        "ItemSalesTaxRet",
    }


def test_only_the_named_elements_come_back(office: Office) -> None:
    office.customer("Acme")
    (ret,) = office.one(
        "<CustomerQueryRq><IncludeRetElement>ListID</IncludeRetElement><IncludeRetElement>Name</IncludeRetElement></CustomerQueryRq>"
    )
    assert names(ret) == "ListID Name"


def test_a_field_that_a_form_does_not_have_is_told_to_whoever_works_by_hand(office: Office) -> None:
    with pytest.raises(ValueError, match="CustomerAdd has no Nickname"):
        office.company.enter("Customer", Name="Acme", Nickname="A")
    acme = office.company.enter("Customer", Name="Acme")
    with pytest.raises(ValueError, match="CustomerMod has no Nickname"):
        office.company.change(acme["ListID"], Nickname="A")
    with pytest.raises(Refused, match="3120"):
        office.company.change("8000FFFF-1", Phone="1")


def test_the_bookkeeper_deletes_only_what_nothing_refers_to(office: Office) -> None:
    acme, beta = office.customer("Acme"), office.customer("Beta")
    office.invoice("Acme", "1.00")
    with pytest.raises(Refused, match="in use"):
        office.company.delete(acme)
    office.company.delete(beta)
    assert [one["Name"] for one in office.company.entities("Customer")] == ["Acme"]
    assert office.status(add("<Name>Beta</Name>"))[0] == "0"

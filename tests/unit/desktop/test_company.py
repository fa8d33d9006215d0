"""What the Web Connector says of a company file, in the shape of captured descriptions."""

from datetime import date

import pytest

from syncro_quickbooks.desktop.company import Company, read_company
from syncro_quickbooks.desktop.xml_reading import Unreadable
from syncro_quickbooks.sync.pick_lists import Entry


def described(versions: str = "", preferences: str = "", country: str = "US") -> str:
    host = f"<HostRet><Country>{country}</Country>{versions}</HostRet>"
    return (
        '<?xml version="1.0" ?><QBXML><QBXMLMsgsRs>'
        f'<HostQueryRs requestID="0" statusCode="0">{host}</HostQueryRs>'
        '<CompanyQueryRs requestID="1" statusCode="0"><CompanyRet><CompanyName>Joe &amp; S&#246;hne</CompanyName>'
        "</CompanyRet></CompanyQueryRs>"
        f'<PreferencesQueryRs requestID="2" statusCode="0"><PreferencesRet>{preferences}</PreferencesRet>'
        "</PreferencesQueryRs></QBXMLMsgsRs></QBXML>"
    )


def spoken(*versions: str) -> str:
    return "".join(f"<SupportedQBXMLVersion>{each}</SupportedQBXMLVersion>" for each in versions)


@pytest.mark.parametrize(
    ("versions", "chosen"),
    [
        (("1.0", "9.0", "12.0", "13.0"), "13.0"),
        (("12.0", "13.0", "14.0", "16.0"), "13.0"),
        (("6.0", "10.0"), "10.0"),
        (("10.0",), "10.0"),
        (("1.1", "2.0", "5.0"), ""),
        ((), ""),
        (("nonsense",), ""),
    ],
)
def test_the_version_is_ours_or_the_highest_quickbooks_knows(versions: tuple[str, ...], chosen: str) -> None:
    assert read_company(described(spoken(*versions))).version == chosen


def test_preferences() -> None:
    company = read_company(
        described(
            preferences="<AccountingPreferences><ClosingDate>2025-12-31</ClosingDate></AccountingPreferences>"
            "<MultiCurrencyPreferences><IsMultiCurrencyOn>true</IsMultiCurrencyOn></MultiCurrencyPreferences>"
            "<SalesTaxPreferences><DefaultTaxableSalesTaxCodeRef><ListID>C-1</ListID><FullName>TAX</FullName>"
            "</DefaultTaxableSalesTaxCodeRef></SalesTaxPreferences>"
        )
    )
    assert (company.name, company.sales_tax, company.closing_date) == ("Joe & S\u00f6hne", True, date(2025, 12, 31))
    assert company.multi_currency
    assert (company.taxable_code, company.untaxed_code) == ({"ListID": "C-1"}, {"FullName": "Non"})


def test_without_sales_tax_there_are_no_preferences_of_it() -> None:
    company = read_company(described())
    assert (company.sales_tax, company.closing_date, company.served) == (False, None, True)


@pytest.mark.parametrize("country", ["CA", "UK", "AU", ""])
def test_only_the_us_edition_is_served(country: str) -> None:
    assert not read_company(described(country=country)).served


def test_what_is_stored_is_what_is_read_again() -> None:
    company = Company(
        name="Acme",
        country="US",
        versions=("13.0",),
        sales_tax=True,
        taxable_code={"FullName": "Tax"},
        closing_date=date(2025, 12, 31),
        lists={"items": (Entry("I-1", "Labor:On site", "ItemService"),)},
    )
    assert Company.from_json(company.to_json()) == company
    assert company.item(" labor:on  SITE ") == "I-1"
    assert company.item("On site") is None
    assert company.item("") is None


def test_no_description() -> None:
    with pytest.raises(Unreadable):
        read_company("")

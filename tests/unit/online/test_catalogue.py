import pytest

from syncro_quickbooks.online import verdict
from syncro_quickbooks.sync.catalogue import RetryClass, explain, retry_class
from syncro_quickbooks.sync.model import Who

# Intuit's "Error codes" page, without 0 (success), and what its gateways and OAuth add.
DOCUMENTED = [
    "100",
    "110",
    "120",
    "130",
    "140",
    "150",
    "500",
    "600",
    "610",
    "620",
    "630",
    "700",
    "800",
    "900",
    "1000",
    "1010",
    "1020",
    "1040",
    "1050",
    "2000",
    "2010",
    "2020",
    "2030",
    "2040",
    "2050",
    "2060",
    "2070",
    "2080",
    "2090",
    "2100",
    "2110",
    "2120",
    "2130",
    "2140",
    "2150",
    "2160",
    "2170",
    "2180",
    "2190",
    "2200",
    "2210",
    "2220",
    "2230",
    "2240",
    "2250",
    "2260",
    "2270",
    "2280",
    "2290",
    "2300",
    "2500",
    "2600",
    "3000",
    "3001",
    "3100",
    "3200",
    "3202",
    "4000",
    "4001",
    "4002",
    "5000",
    "5010",
    "5020",
    "5030",
    "6000",
    "6010",
    "6020",
    "6030",
    "6040",
    "6041",
    "6050",
    "6060",
    "6070",
    "6080",
    "6090",
    "6100",
    "6110",
    "6120",
    "6130",
    "6140",
    "6150",
    "6160",
    "6170",
    "6180",
    "6190",
    "6200",
    "6210",
    "6220",
    "6230",
    "6240",
    "6250",
    "6270",
    "6280",
    "6290",
    "6300",
    "6310",
    "6320",
    "6400",
    "6420",
    "6430",
    "6440",
    "6450",
    "6460",
    "6470",
    "6480",
    "6520",
    "6530",
    "6540",
    "10000",
    "10100",
    "10200",
    "429",
    "invalid_grant",
]


@pytest.mark.parametrize("code", DOCUMENTED)
def test_every_documented_code_says_cause_fix_who_and_action(code: str) -> None:
    retry, problem = explain(code, "Message", "Detail", "Invoice 1001")
    assert retry is not RetryClass.UNKNOWN
    assert problem.code == f"qbo_{code}"
    assert problem.message.endswith(".")
    assert "{" not in problem.message
    assert problem.fix.endswith(".")
    assert problem.actions
    assert (problem.who is Who.NOBODY) == (retry is RetryClass.TRANSIENT)
    assert problem.verbatim == f"Message: Detail (code {code})"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("10000", RetryClass.TRANSIENT),
        ("600", RetryClass.TRANSIENT),
        ("3001", RetryClass.ACCOUNT),
        ("3200", RetryClass.ACCOUNT),
        ("6190", RetryClass.ACCOUNT),
        ("5010", RetryClass.STALE),
        ("6240", RetryClass.NAME_TAKEN),
        ("6140", RetryClass.NUMBER_TAKEN),
        ("610", RetryClass.GONE),
        ("2500", RetryClass.GONE),
        ("6200", RetryClass.VALIDATION),
        ("5020", RetryClass.VALIDATION),
        ("2010", RetryClass.BUG),
        ("98765", RetryClass.UNKNOWN),
    ],
)
def test_the_codes_that_steer_the_push_have_their_class(code: str, expected: RetryClass) -> None:
    assert retry_class(code) is expected


def test_an_unknown_code_is_kept_word_for_word() -> None:
    retry, problem = explain("98765", "Odd Error", "Something odd : happened", "Invoice 1001")
    assert retry is RetryClass.UNKNOWN
    assert "Invoice 1001" in problem.message
    assert problem.verbatim == "Odd Error: Something odd : happened (code 98765)"


@pytest.mark.parametrize(
    ("detail", "element", "named"),
    [
        ("Invalid tax code on line 3", "", "Invoice 1001, line 3"),
        ("Line number 12 is wrong", "", "Invoice 1001, line 12"),
        ("whatever", "Line[4].SalesItemLineDetail", "Invoice 1001, line 4"),
        ("Something online 24 hours", "", "Invoice 1001"),
    ],
)
def test_record_and_line_are_named(detail: str, element: str, named: str) -> None:
    _, problem = explain("6100", "Invalid Line TaxCode", detail, "Invoice 1001", element)
    assert problem.message.startswith(f"{named} has a tax code")


def test_the_id_of_who_has_the_name_goes_into_the_link_action() -> None:
    _, problem = explain("6240", "Duplicate Name", "The name supplied already exists. : Id=58", "Customer Amy")
    params = {action.name: dict(action.params) for action in problem.actions}
    assert params["link"] == {"qbo_id": "58"}
    assert params["create_with_suffix"] == {}


def test_text_with_braces_is_shown_as_it_is() -> None:
    _, problem = explain("6000", "{oops}", "{0} {record}", "Invoice {1}")
    assert "Invoice {1}" in problem.message
    assert problem.verbatim == "{oops}: {0} {record} (code 6000)"


def test_what_the_client_calls_undecided_the_catalogue_calls_transient() -> None:
    transient = {code for code in DOCUMENTED if retry_class(code) is RetryClass.TRANSIENT}
    assert transient == verdict.UNDECIDED_CODES


def test_what_the_client_raises_for_the_account_is_an_account_matter() -> None:
    for code in {"3001", *verdict.TOKEN_CODES, *verdict.CONSENT_CODES, *verdict.BLOCKED_PAUSE}:
        assert retry_class(code) is RetryClass.ACCOUNT

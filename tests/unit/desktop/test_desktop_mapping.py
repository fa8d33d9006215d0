"""Syncro's organizations and invoices as qbXML bodies; figures and texts are worked out by hand from the rules."""

from decimal import Decimal
from typing import Any

import pytest

from syncro_quickbooks.desktop.company import Company
from syncro_quickbooks.desktop.mapping.customer import map_customer
from syncro_quickbooks.desktop.mapping.deletion import map_deletion
from syncro_quickbooks.desktop.mapping.invoice import Posting, map_invoice
from syncro_quickbooks.desktop.mapping.lines import Context
from syncro_quickbooks.desktop.mapping.names import customer_name, short_number
from syncro_quickbooks.desktop.mapping.totals import compare
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.sync.model import Attention, Kind, Nothing, Operation, RecordKey, Skip, Totals, Write
from syncro_quickbooks.sync.settings import Settings
from syncro_quickbooks.syncro.models import Customer, InvoiceSnapshot, Product
from tests.support import events
from tests.unit.desktop.mapping_cases import COMPANY, code_of, lines_of, organization, settings

MARKER = "syncro:invoice:309:1"


def context(chosen: Settings | None = None, owner: Customer | None = None, **fields: Any) -> Context:
    products = fields.pop("products", [events.product(3, name="labor:ON SITE"), events.product(4)])
    company = fields.pop("company", COMPANY)
    rates = fields.pop("tax_rates", None)
    detail = events.invoice_detail(309, products=products, **fields)
    snapshot = {"invoice": detail["invoice"], "tax_rates": rates or detail["tax_rates"]}
    return Context(
        InvoiceSnapshot.model_validate(snapshot),
        owner or organization(),
        {each["id"]: Product.model_validate(each) for each in products},
        chosen or settings(),
        company,
    )


def mapped(case: Context, **posting: Any) -> Write:
    decision = map_invoice(case, MARKER, Posting(**posting))
    assert isinstance(decision, Write), decision
    return decision


# -- names -------------------------------------------------------------------------------------------------------------


def test_two_organizations_that_share_their_first_41_characters_stay_two() -> None:
    shared = "The Very Long Established Company of North America"
    names = [customer_name(organization(id=each, business_then_name=f"{shared} {each}")) for each in (72, 7300)]
    assert [name.text for name in names] == [
        "The Very Long Established Company of #72",
        "The Very Long Established Company o #7300",
    ]
    assert all(len(name.text) <= 41 and name.altered for name in names)


@pytest.mark.parametrize(
    ("said", "written", "altered"),
    [
        ("  Returns \t R Us ", "Returns R Us", False),
        ("x" * 41, "x" * 41, False),
        ("Acme: West", "Acme- West", True),
        ("\u0141\u00f3d\u017a IT", "L\u00f3dz IT", True),
        ("\u6771\u4eac", "Organization 72", True),
    ],
)
def test_names(said: str, written: str, altered: bool) -> None:
    assert customer_name(organization(business_then_name=said)) == (written, altered)


def test_the_full_name_is_in_the_notes_where_the_name_had_to_be_cut() -> None:
    long = "The Very Long Established Company of North America 72"
    write = map_customer(organization(business_then_name=long, business_name=long), "syncro:customer:72:1", None)
    assert write.body["Notes"] == f"syncro:customer:72:1\n{long}"
    assert write.body["CompanyName"] == "The Very Long Established Company of Nort"  # not unique, so only cut


def test_a_customer_with_everything() -> None:
    owner = organization(
        firstname="Ann",
        lastname="O'Neil",
        mobile="555-0173",
        address="1 Long Street With A Name That Has No End At All",
        address_2=None,
        city="Springfield",
        state="IL",
        zip="62701-1234-99999",
        phone="1" * 22,
    )
    write = map_customer(owner, "m", None)
    assert write.body == {
        "Name": "Returns R Us",
        "CompanyName": "Returns R Us",
        "FirstName": "Ann",
        "LastName": "O'Neil",
        "Email": "billing72@example.com",
        "AltPhone": "555-0173",
        "BillAddress": {
            "Addr1": "1 Long Street With A Name That Has No End",
            "City": "Springfield",
            "State": "IL",
            "PostalCode": "62701-1234-99",
        },
        "Notes": "m",
    }
    assert [warning.code for warning in write.warnings] == ["customer_phone_left_out"]


def test_a_change_leaves_a_name_that_differs_only_in_case_and_the_notes() -> None:
    current: JsonObject = {"ListID": "L-1", "EditSequence": "7", "Name": "RETURNS r us"}
    body = map_customer(organization(), "m", current).body
    assert (body["ListID"], body["EditSequence"]) == ("L-1", "7")
    assert {"Name", "Notes"} & set(body) == set()
    assert map_customer(organization(business_then_name="New"), "m", current).body["Name"] == "New"


@pytest.mark.parametrize(
    ("invoice", "number"),
    [(309, "S-8L"), (36**9 - 1, "S-ZZZZZZZZZ"), (36**9, "1000000000"), (2**53 - 1, "2GOSA7PA2GV")],
)
def test_short_numbers_are_the_id_in_base_36(invoice: int, number: str) -> None:
    assert short_number(invoice) == number
    assert int(number.removeprefix("S-"), 36) == invoice


# -- invoices ----------------------------------------------------------------------------------------------------------


def test_an_invoice_of_two_lines() -> None:
    chosen = settings(terms_by_days={"14": {"id": "N-14"}})
    write = mapped(context(chosen, po_number="PO-1"))
    assert write.body == {
        "RefNumber": "10309",
        "PONumber": "PO-1",
        "TermsRef": {"ListID": "N-14"},
        "DueDate": "2026-12-04",
        "TxnDate": "2026-11-20",
        "ItemSalesTaxRef": {"ListID": "T-CITY"},
        "CustomerSalesTaxCodeRef": {"ListID": "C-TAX"},
        "Memo": MARKER,
        "IsToBePrinted": False,
        "IsToBeEmailed": False,
        "InvoiceLineAdd": [
            {
                "ItemRef": {"ListID": "I-LABOR"},  # by name, whatever its case
                "Desc": "Work item 1",
                "Quantity": Decimal("1.0"),
                "Rate": Decimal("100.0"),
                "SalesTaxCodeRef": {"ListID": "C-TAX"},
            },
            {
                "ItemRef": {"ListID": "I-FALLBACK"},
                "Desc": "Item 4\nWork item 2",
                "Quantity": Decimal("1.0"),
                "Rate": Decimal("100.0"),
                "SalesTaxCodeRef": {"ListID": "C-TAX"},
            },
        ],
    }
    assert write.expected == Totals(Decimal("216.00"), Decimal("16.00"))


def test_a_discounted_line_is_net_and_says_so() -> None:
    line = {**events.line(1, 3, price="100.00", quantity="3.0"), "line_discount_percent": "10"}
    write = mapped(context(lines=[line], totals=("270.00", "21.60", "291.60")))
    (only,) = lines_of(write)
    assert (only["Quantity"], only["Rate"]) == (Decimal("3.0"), Decimal("90.00000"))
    assert only["Desc"] == "Work item 1\n(Price 3 x 100 = $300.00, less discount 10 %)"


def test_a_line_that_no_rate_of_five_decimals_gives_has_its_amount_alone() -> None:
    """7,000,000 x 0.1428571 comes to 999,999.70, and no rate of five decimals times 7,000,000 does."""
    line = events.line(1, 3, price="0.1428571", quantity="7000000")
    write = mapped(context(lines=[line], totals=("999999.70", "0", "999999.70"), notax=True))
    (only,) = lines_of(write)
    assert only["Amount"] == Decimal("999999.70")
    assert {"Quantity", "Rate"} & set(only) == set()


@pytest.mark.parametrize(
    ("fields", "owner"),
    [
        ({"notax": True}, {}),
        ({}, {"tax_free": True}),
        ({"lines": [{**events.line(1, 3), "taxable": False}]}, {}),
        ({"tax_rates": [{"id": 1, "name": "Zero", "rate": "0", "components": []}]}, {}),
    ],
)
def test_untaxed_is_said_on_every_line_and_of_the_customer(fields: Any, owner: Any) -> None:
    write = mapped(context(owner=organization(**owner), totals=("100.00", "0.00", "100.00"), **fields))
    assert write.body["CustomerSalesTaxCodeRef"] == {"ListID": "C-NON"}
    assert "ItemSalesTaxRef" not in write.body
    codes = {str(line["SalesTaxCodeRef"]) for line in lines_of(write)}
    assert codes == {str({"ListID": "C-NON"})}


def test_a_company_without_sales_tax_is_sent_none() -> None:
    company = Company(country="US", versions=("13.0",))
    write = mapped(context(company=company, totals=("200.00", "0.00", "200.00"), notax=True))
    assert not [name for name in write.body if "Tax" in name]
    assert "SalesTaxCodeRef" not in str(write.body)
    assert code_of(map_invoice(context(company=company), MARKER, Posting())) == "sales_tax_off"


RATES = [
    {"id": 1, "name": "City", "rate": "8", "components": []},
    {"id": 2, "name": "State", "rate": "5", "components": []},
]


@pytest.mark.parametrize(
    ("case", "code"),
    [
        (lambda: context(settings(tax_codes={})), "tax_rate_unmapped"),
        (lambda: context(tax_rate_id=9), "tax_rate_unknown"),
        (lambda: context(tax_rate_id=None), "tax_rate_missing"),
        (
            lambda: context(
                settings(tax_codes={"1": {"id": "T-CITY"}, "2": {"id": "T-STATE"}}),
                lines=[events.line(1, 3), {**events.line(2, 4), "tax_rate_id": 2}],
                tax_rates=RATES,
            ),
            "two_tax_rates",
        ),
        (lambda: context(number="INV-2026-000309"), "number_too_long"),
        (lambda: context(number="\u6771-309"), "number_not_writable"),
        (lambda: context(settings(fallback_item=None)), "fallback_item_missing"),
        (lambda: context(settings(lock_date="2026-11-30")), "books_closed"),
    ],
)
def test_what_needs_attention(case: Any, code: str) -> None:
    decision = map_invoice(case(), MARKER, Posting())
    assert isinstance(decision, Attention)
    assert decision.problem.code == code


GROUP = [
    {
        "id": 1,
        "name": "City + State",
        "rate": "9",
        "components": [{"id": 2, "name": "City", "rate": "8"}, {"id": 3, "name": "State", "rate": "1"}],
    }
]


@pytest.mark.parametrize(
    ("case", "code"),
    [
        (lambda: context(tax_rates=GROUP), "desktop_tax_group"),
        (
            lambda: context(totals=("0.00", "0.00", "0.00"), lines=[events.line(1, 3, price="0")]),
            "desktop_zero_invoice",
        ),
        (lambda: context(is_draft=True), "draft"),
        (lambda: context(is_refund=True), "refund"),
        (lambda: context(totals=("-10.00", "0.00", "-10.00")), "negative_total"),
        (lambda: context(date="2025-12-31T00:00:00.000Z"), "before_start_date"),
        (lambda: context(settings(sync_invoices_to=False, sync_payments_to=False)), "invoices_off"),
    ],
)
def test_what_is_skipped_and_what_a_posted_invoice_makes_of_it(case: Any, code: str) -> None:
    decision = map_invoice(case(), MARKER, Posting())
    assert isinstance(decision, Skip)
    assert decision.problem.code == code
    current: JsonObject = {
        "TxnID": "X-1",
        "EditSequence": "1",
        "TxnDate": "2026-11-20",
        "Subtotal": "200.00",
        "SalesTaxTotal": "16.00",
    }
    posted = map_invoice(case(), MARKER, Posting(current))
    if code in ("desktop_tax_group", "desktop_zero_invoice", "draft", "refund", "negative_total"):
        assert isinstance(posted, Attention)
        assert "QuickBooks still shows $216.00" in posted.problem.message


def test_an_invoice_without_lines_waits() -> None:
    assert code_of(map_invoice(context(lines=[], totals=("0", "0", "0")), MARKER, Posting())) == "no_lines"


def test_a_long_number_gets_a_short_one_and_stays_in_the_memo_if_that_was_chosen() -> None:
    write = mapped(context(settings(desktop_long_numbers="shorten"), number="INV-2026-000309"))
    assert write.body["RefNumber"] == "S-8L"
    assert write.body["Memo"] == f"{MARKER} Invoice number: INV-2026-000309"
    assert [warning.code for warning in write.warnings] == ["number_shortened"]


CURRENT: Any = {
    "TxnID": "X-1",
    "EditSequence": "7",
    "TxnDate": "2026-11-19",
    "Subtotal": "200.00",
    "SalesTaxTotal": "16.00",
    "lines": [
        {"TxnLineID": "L-1", "Quantity": "1", "Rate": "100.00"},
        {"TxnLineID": "L-2", "Amount": "50.00"},
        {"TxnLineID": "L-3", "Quantity": "1", "Rate": "50.00"},
    ],
}


def test_an_update_changes_lines_in_their_place_and_sends_no_date() -> None:
    lines = [events.line(1, 3), events.line(2, 4), {**events.line(5, 3), "name": "", "item": ""}]
    write = mapped(context(lines=lines), current=CURRENT)
    assert write.operation is Operation.UPDATE
    assert (write.body["TxnID"], write.body["EditSequence"]) == ("X-1", "7")
    assert {"TxnDate", "Memo", "IsToBePrinted"} & set(write.body) == set()
    sent: Any = write.body["InvoiceLineMod"]
    # The second one has no quantity in QuickBooks: an amount alone cannot become quantity and rate in its place.
    assert [line["TxnLineID"] for line in sent] == ["L-1", "-1", "L-3"]
    assert sent[2]["Desc"] == ""  # which clears it
    assert [warning.code for warning in write.warnings] == ["date_differs"]


def test_force_update_says_that_dates_do_not_go_along() -> None:
    write = mapped(context(), current=CURRENT, forced=True)
    assert "TxnDate" not in write.body
    assert [warning.code for warning in write.warnings] == ["desktop_force_without_dates", "date_differs"]


def test_in_a_closed_month_money_is_asked_about_and_the_rest_left_out() -> None:
    chosen = settings(lock_date="2026-11-19")
    assert code_of(map_invoice(context(chosen, po_number="new"), MARKER, Posting(CURRENT))) == "closed_cosmetic"
    dearer = context(chosen, lines=[events.line(1, 3, price="300.0")], totals=("300.00", "24.00", "324.00"))
    assert code_of(map_invoice(dearer, MARKER, Posting(CURRENT))) == "books_closed"
    same = mapped(context(), current=CURRENT)
    unchanged = map_invoice(context(chosen), MARKER, Posting(CURRENT, applied_digest=same.digest))
    assert isinstance(unchanged, Write)
    assert unchanged.digest == same.digest


def test_the_digest_is_of_the_content_alone() -> None:
    created, updated = mapped(context()), mapped(context(), current=CURRENT)
    assert created.digest == updated.digest
    assert mapped(context(po_number="1")).digest != created.digest
    assert mapped(context(date="2026-11-21T00:00:00.000Z")).digest == created.digest  # dates are not changed


def test_totals_are_compared_to_the_cent() -> None:
    expected = Totals(Decimal("448.40"), Decimal("16.00"))
    posted: Any = {"Subtotal": "432.39", "SalesTaxTotal": "16.00"}
    (warning,) = compare(expected, posted, "Invoice 1001")
    assert warning.code == "quickbooks_total_differs"
    assert "$448.40" in warning.message
    assert "$448.39" in warning.message
    posted["Subtotal"] = "432.40"
    assert compare(expected, posted, "Invoice 1001") == ()


KEY = RecordKey(Kind.INVOICE, "309")


@pytest.mark.parametrize(
    ("now", "outcome"),
    [
        (None, Nothing),
        ({"Memo": "VOID: x", "Subtotal": "0.00"}, Nothing),
        ({"TxnID": "X-1", "TxnDate": "2026-11-20", "Subtotal": "9.00", "AppliedAmount": "0.00"}, Write),
        ({"TxnID": "X-1", "TxnDate": "2026-11-20", "Subtotal": "9.00", "AppliedAmount": "-1.00"}, Attention),
        ({"TxnID": "X-1", "TxnDate": "2026-11-20", "Subtotal": "9.00", "linked": ["Estimate"]}, Attention),
        ({"TxnID": "X-1", "TxnDate": "2026-10-31", "Subtotal": "9.00"}, Attention),
    ],
)
def test_a_deleted_invoice_is_voided_only_if_nothing_hangs_on_it(now: Any, outcome: type) -> None:
    decision = map_deletion(KEY, now, settings(lock_date="2026-10-31"), COMPANY)
    assert isinstance(decision, outcome)
    if isinstance(decision, Write):
        assert decision.body == {"TxnVoidType": "Invoice", "TxnID": "X-1"}

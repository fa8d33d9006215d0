"""Syncro's things as qbXML bodies; figures and texts are worked out by hand from the rules."""

from decimal import Decimal
from typing import Any

import pytest

from syncro_quickbooks.desktop.company import Company
from syncro_quickbooks.desktop.mapping.credit import map_credit
from syncro_quickbooks.desktop.mapping.customer import map_customer
from syncro_quickbooks.desktop.mapping.deletion import map_deletion
from syncro_quickbooks.desktop.mapping.invoice import Posting, map_invoice
from syncro_quickbooks.desktop.mapping.lines import Context
from syncro_quickbooks.desktop.mapping.names import customer_name, short_number
from syncro_quickbooks.desktop.mapping.payment import Target, map_payment, skip_reason
from syncro_quickbooks.desktop.mapping.totals import compare
from syncro_quickbooks.sync.model import Attention, Kind, Nothing, Operation, RecordKey, Skip, Totals, Wait, Write
from syncro_quickbooks.sync.pick_lists import Entry
from syncro_quickbooks.sync.settings import Settings, load_settings
from syncro_quickbooks.syncro.models import Customer, InvoiceSnapshot, Payment, Product, StoreCredit
from tests.support import events

COMPANY = Company(
    country="US",
    versions=("12.0", "13.0"),
    sales_tax=True,
    taxable_code={"ListID": "C-TAX"},
    untaxed_code={"ListID": "C-NON"},
    lists={"items": (Entry("I-LABOR", "Labor:On site", "ItemService"), Entry("I-CABLE", "Cable", "ItemNonInventory"))},
)
MARKER = "syncro:invoice:309:1"


def settings(**changes: Any) -> Settings:
    return load_settings(
        {
            "schema": 1,
            "start_date": "2026-01-01",
            "fallback_item": {"id": "I-FALLBACK"},
            "tax_codes": {"1": {"id": "T-CITY"}},
            "deposit_account": {"id": "A-UNDEPOSITED"},
            "payment_methods": {"Check": {"kind": "money", "method": {"id": "M-CHECK"}}},
            "sync_store_credit": True,
            "store_credit_item": {"id": "I-CREDIT"},
            **changes,
        }
    )


def organization(**fields: Any) -> Customer:
    return Customer.model_validate({**events.customer(), **fields})


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


def code_of(decision: object) -> str:
    assert isinstance(decision, Attention | Skip | Wait), decision
    return decision.problem.code


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
    current = {"ListID": "L-1", "EditSequence": "7", "Name": "RETURNS r us"}
    body = map_customer(organization(), "m", current).body  # type: ignore[arg-type]
    assert (body["ListID"], body["EditSequence"]) == ("L-1", "7")
    assert {"Name", "Notes"} & set(body) == set()
    assert map_customer(organization(business_then_name="New"), "m", current).body["Name"] == "New"  # type: ignore[arg-type]


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
    (only,) = write.body["InvoiceLineAdd"]  # type: ignore[misc]
    assert (only["Quantity"], only["Rate"]) == (Decimal("3.0"), Decimal("90.00000"))  # type: ignore[index, call-overload]
    assert only["Desc"] == "Work item 1\n(Price 3 x 100 = $300.00, less discount 10 %)"  # type: ignore[index, call-overload]


def test_a_line_that_no_rate_of_five_decimals_gives_has_its_amount_alone() -> None:
    """7,000,000 x 0.1428571 comes to 999,999.70, and no rate of five decimals times 7,000,000 does."""
    line = events.line(1, 3, price="0.1428571", quantity="7000000")
    write = mapped(context(lines=[line], totals=("999999.70", "0", "999999.70"), notax=True))
    (only,) = write.body["InvoiceLineAdd"]  # type: ignore[misc]
    assert only["Amount"] == Decimal("999999.70")  # type: ignore[index, call-overload]
    assert {"Quantity", "Rate"} & set(only) == set()  # type: ignore[arg-type]


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
    codes = {str(line["SalesTaxCodeRef"]) for line in write.body["InvoiceLineAdd"]}  # type: ignore[union-attr, index, call-overload]
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
    current = {
        "TxnID": "X-1",
        "EditSequence": "1",
        "TxnDate": "2026-11-20",
        "Subtotal": "200.00",
        "SalesTaxTotal": "16.00",
    }
    posted = map_invoice(case(), MARKER, Posting(current))  # type: ignore[arg-type]
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


# -- payments and credits ----------------------------------------------------------------------------------------------


def payment(*allocations: tuple[int, str], amount: str = "100.00", **fields: Any) -> Payment:
    return Payment.model_validate(
        {
            "id": 501,
            "customer_id": 72,
            "success": True,
            "payment_amount": amount,
            "applied_at": "2026-11-21T04:30:00.000Z",
            "payment_method": "check",
            "ref_num": "4711",
            "allocations": [{"invoice_id": each, "amount": part} for each, part in allocations],
            **fields,
        }
    )


def mapped_payment(case: Payment, targets: dict[int, Target], **posting: Any) -> Write:
    chosen = settings(time_zone="America/New_York")
    method = chosen.payment_method("Check")
    assert method is not None
    decision = map_payment(case, method, chosen, targets, company=COMPANY, marker_text="m", posting=Posting(**posting))
    assert isinstance(decision, Write)
    return decision


ONE = {309: Target("X-309", "Invoice 309")}


def test_a_payment_names_invoices_by_id_and_an_invoice_once() -> None:
    write = mapped_payment(payment((309, "60.00"), (309, "10.00")), ONE)
    assert write.body == {
        "TotalAmount": Decimal("100.00"),
        "PaymentMethodRef": {"ListID": "M-CHECK"},
        "DepositToAccountRef": {"ListID": "A-UNDEPOSITED"},
        "RefNumber": "4711",
        "TxnDate": "2026-11-20",  # half past four in the morning UTC is the evening before in New York
        "Memo": "m",
        "AppliedToTxnAdd": [{"TxnID": "X-309", "PaymentAmount": Decimal("70.00")}],
    }


def test_a_payment_of_nothing_in_particular_is_not_applied_by_quickbooks() -> None:
    body = mapped_payment(payment(), {}).body
    assert body["IsAutoApply"] is False
    assert "AppliedToTxnAdd" not in body


def test_never_more_than_is_open_and_the_rest_is_said() -> None:
    write = mapped_payment(payment((309, "70.00")), {309: Target("X-309", "Invoice 309", Decimal("20.00"))})
    assert write.body["AppliedToTxnAdd"] == [{"TxnID": "X-309", "PaymentAmount": Decimal("20.00")}]
    (warning,) = write.warnings
    assert (warning.code, "$50.00 is left unapplied" in warning.message) == ("payment_left_unapplied", True)
    assert write.digest == mapped_payment(payment((309, "70.00")), ONE).digest


def test_a_long_reference_is_cut_and_whole_in_the_memo() -> None:
    body = mapped_payment(payment(ref_num="ACH 1234567890 1234567890"), {}).body
    assert (body["RefNumber"], body["Memo"]) == ("ACH 1234567890 12345", "m ACH 1234567890 1234567890")


PAID: Any = {
    "TxnID": "P-1",
    "EditSequence": "3",
    "TxnDate": "2026-11-20",
    "TotalAmount": "100.00",
    "DepositToAccountRef": {"ListID": "A-UNDEPOSITED"},
    "applied": [{"TxnID": "X-309", "Amount": "70.00"}],
}


def test_a_change_touches_the_applications_only_if_they_differ() -> None:
    """Naming one takes all others back first."""
    same = mapped_payment(payment((309, "70.00"), ref_num="4712"), ONE, current=PAID).body
    assert same == {
        "TxnID": "P-1",
        "EditSequence": "3",
        "TotalAmount": Decimal("100.00"),
        "PaymentMethodRef": {"ListID": "M-CHECK"},
        "RefNumber": "4712",
    }
    moved = mapped_payment(payment((309, "30.00")), ONE, current=PAID).body
    assert moved["AppliedToTxnMod"] == [{"TxnID": "X-309", "PaymentAmount": Decimal("30.00")}]
    released = mapped_payment(payment(), {}, current=PAID).body
    assert released["AppliedToTxnMod"] == [{"TxnID": "X-309", "PaymentAmount": Decimal("0.00")}]
    # 20.00 are open beside the 70.00 that this payment holds.
    more = mapped_payment(payment((309, "95.00")), {309: Target("X-309", "I", Decimal("20.00"))}, current=PAID).body
    assert more["AppliedToTxnMod"] == [{"TxnID": "X-309", "PaymentAmount": Decimal("90.00")}]


@pytest.mark.parametrize(
    ("case", "code"),
    [
        (payment(amount="-1.00"), "refund_payment"),
        (payment(amount="0.00"), "empty_payment"),
        (payment(success=False), "payment_failed"),
        (payment(payment_method="Barter"), "method_not_synced"),
        (payment(payment_method="Write-off"), "desktop_write_off"),
    ],
)
def test_payments_that_quickbooks_does_not_get(case: Payment, code: str) -> None:
    chosen = settings(payment_methods={"Barter": {"kind": "do_not_sync"}, "Write-off": {"kind": "write_off"}})
    reason = skip_reason(case, chosen)
    assert reason is not None
    assert reason.code == code


def credit(**fields: Any) -> StoreCredit:
    return StoreCredit.model_validate(
        {
            "id": 901,
            "customer_id": 72,
            "amount": "50.00",
            "origin": "manual",
            "origin_id": None,
            "date": "2026-11-20T00:00:00.000Z",
            "note": "Goodwill",
            **fields,
        }
    )


def test_a_store_credit_is_an_untaxed_credit_memo() -> None:
    decision = map_credit(credit(), settings(), COMPANY, "m", None)
    assert isinstance(decision, Write)
    assert decision.body == {
        "TxnDate": "2026-11-20",
        "RefNumber": "C-P1",  # 901 = 25 x 36 + 1
        "Memo": "m",
        "IsToBePrinted": False,
        "IsToBeEmailed": False,
        "CustomerSalesTaxCodeRef": {"ListID": "C-NON"},
        "CreditMemoLineAdd": [
            {
                "ItemRef": {"ListID": "I-CREDIT"},
                "Desc": "Goodwill",
                "Amount": Decimal("50.00"),
                "SalesTaxCodeRef": {"ListID": "C-NON"},
            }
        ],
    }


def test_what_an_overpayment_left_is_no_credit_memo() -> None:
    assert isinstance(map_credit(credit(origin="overpayment"), settings(), COMPANY, "m", None), Nothing)
    off = map_credit(credit(), settings(sync_store_credit=False), COMPANY, "m", None)
    assert code_of(off) == "store_credit_off"
    changed = map_credit(credit(amount="60.00"), settings(), COMPANY, "m", {"TxnID": "K-1", "TotalAmount": "50.00"})
    assert code_of(changed) == "desktop_credit_changed"

"""Invoices and credit memos: defaults, totals, tax, changes, voids (facts: QBD 2.2, 2.6)."""

from datetime import date
from xml.etree.ElementTree import Element

import pytest

from tests.support.qbxml import Office, credit, invoice_add, line, names, on, payment_add, text

STATE_TAX = "<ItemSalesTaxRef><FullName>State Tax</FullName></ItemSalesTaxRef>"  # 8.25 %


@pytest.fixture
def office() -> Office:
    office = Office()
    office.customer("Acme")
    return office


def credit_memo(customer: str, amount: str) -> str:
    return (
        f"<CreditMemoAddRq><CreditMemoAdd><CustomerRef><FullName>{customer}</FullName></CustomerRef>"
        f"{line(f'<Amount>{amount}</Amount>', item='Store Credit', verb='CreditMemoLineAdd')}"
        "</CreditMemoAdd></CreditMemoAddRq>"
    )


def modify(invoice: Element, inner: str) -> str:
    head = f"<TxnID>{text(invoice, 'TxnID')}</TxnID><EditSequence>{text(invoice, 'EditSequence')}</EditSequence>"
    return f"<InvoiceModRq><InvoiceMod>{head}{inner}</InvoiceMod></InvoiceModRq>"


def mod_line(line_id: str, inner: str = "") -> str:
    return f"<InvoiceLineMod><TxnLineID>{line_id}</TxnLineID>{inner}</InvoiceLineMod>"


def lines_of(invoice: Element) -> list[tuple[str, str]]:
    return [(text(one, "TxnLineID"), text(one, "Amount")) for one in invoice.findall("InvoiceLineRet")]


def money_of(invoice: Element) -> tuple[str, str, str]:
    return text(invoice, "Subtotal"), text(invoice, "SalesTaxTotal"), text(invoice, "BalanceRemaining")


def test_an_invoice_without_sales_tax_is_answered_as_the_captured_one() -> None:
    office = Office(sales_tax=False)
    address = "<BillAddress><Addr1>1234 Awesome Street</Addr1><City>Hollywood</City><State>CA</State></BillAddress>"
    ship = address.replace("BillAddress", "ShipAddress")
    office.customer("spree", address + ship)
    head = "<TxnDate>2014-02-03</TxnDate><RefNumber>R1TT46883</RefNumber>"
    ret = office.done(invoice_add("spree", line("<Quantity>2</Quantity><Rate>103</Rate>"), head))
    assert names(ret) == (
        "TxnID TimeCreated TimeModified EditSequence TxnNumber CustomerRef ARAccountRef TemplateRef TxnDate"
        " RefNumber BillAddress BillAddressBlock ShipAddress ShipAddressBlock IsPending IsFinanceCharge DueDate"
        " ShipDate Subtotal SalesTaxPercentage SalesTaxTotal AppliedAmount BalanceRemaining IsPaid IsToBePrinted"
        " IsToBeEmailed InvoiceLineRet"
    )
    shown = {name: text(ret, name) for name in ("DueDate", "ShipDate", "Subtotal", "SalesTaxPercentage", "IsPaid")}
    assert shown == {
        "DueDate": "2014-02-03",
        "ShipDate": "2014-02-03",
        "Subtotal": "206.00",
        "SalesTaxPercentage": "0.00",
        "IsPaid": "false",
    }
    row = ret.find("InvoiceLineRet")
    assert row is not None
    assert names(row) == "TxnLineID ItemRef Quantity Rate Amount SalesTaxCodeRef"
    assert (text(row, "Quantity"), text(row, "Rate"), text(row, "Amount")) == ("2", "103.00", "206.00")
    assert text(row, "SalesTaxCodeRef", "FullName") == "Non"


def test_tax_is_the_items_rate_on_the_taxable_lines_half_up(office: Office) -> None:
    lines = line("<Amount>10.60</Amount>", code="Tax") + line("<Amount>99.00</Amount>")
    ret = office.done(invoice_add("Acme", lines, STATE_TAX))
    # 8.25 % of 10.60 is 0.8745, of both lines it would be 9.04
    assert money_of(ret) == ("109.60", "0.87", "110.47")
    assert text(ret, "SalesTaxPercentage") == "8.25"
    half = office.done(invoice_add("Acme", line("<Amount>2.00</Amount>", code="Tax"), STATE_TAX))
    assert text(half, "SalesTaxTotal") == "0.17"  # 0.165


def test_tax_is_rounded_once_for_the_form_not_per_line(office: Office) -> None:
    three = line("<Amount>0.06</Amount>", code="Tax") * 3  # per line 0.00495 would be nothing
    assert money_of(office.done(invoice_add("Acme", three, STATE_TAX))) == ("0.18", "0.01", "0.19")


def test_a_tax_group_adds_up_its_items(office: Office) -> None:
    refs = "".join(
        f"<ItemSalesTaxRef><FullName>{one}</FullName></ItemSalesTaxRef>" for one in ("State Tax", "County Tax")
    )
    group = f"<Name>Both</Name>{refs}"
    office.done(
        f"<ItemSalesTaxGroupAddRq><ItemSalesTaxGroupAdd>{group}</ItemSalesTaxGroupAdd></ItemSalesTaxGroupAddRq>"
    )
    tax = "<ItemSalesTaxRef><FullName>Both</FullName></ItemSalesTaxRef>"
    ret = office.done(invoice_add("Acme", line("<Amount>100.00</Amount>", code="Tax"), tax))
    assert (text(ret, "SalesTaxPercentage"), text(ret, "SalesTaxTotal")) == ("9.25", "9.25")


def test_an_exempt_customers_code_takes_the_tax_off_the_whole_invoice(office: Office) -> None:
    exempt = f"{STATE_TAX}<CustomerSalesTaxCodeRef><FullName>Non</FullName></CustomerSalesTaxCodeRef>"
    ret = office.done(invoice_add("Acme", line("<Amount>100.00</Amount>", code="Tax"), exempt))
    assert money_of(ret) == ("100.00", "0.00", "100.00")


def test_without_a_tax_item_the_customers_is_taken_else_the_companys(office: Office) -> None:
    office.customer("Away", "<ItemSalesTaxRef><FullName>Out of State</FullName></ItemSalesTaxRef>")
    taxed = line("<Amount>100.00</Amount>", code="Tax")
    assert text(office.done(invoice_add("Away", taxed)), "ItemSalesTaxRef", "FullName") == "Out of State"
    assert text(office.done(invoice_add("Acme", taxed)), "SalesTaxTotal") == "8.25"


def test_an_unknown_tax_item_is_3140_in_the_reported_words(office: Office) -> None:
    head = "<ItemSalesTaxRef><FullName>GST</FullName></ItemSalesTaxRef>"
    code, words = office.status(invoice_add("Acme", line("<Amount>1.00</Amount>"), head))
    assert (
        code,
        words.startswith('There is an invalid reference to QuickBooks Item Sales Tax "GST" in the Invoice.'),
    ) == (
        "3140",
        True,
    )


def test_an_unknown_item_is_named_as_of_the_line(office: Office) -> None:
    code, words = office.status(invoice_add("Acme", line("<Amount>1.00</Amount>", item="sooo wrong")))
    assert code == "3140"
    assert words.startswith('There is an invalid reference to QuickBooks Item "sooo wrong" in the Invoice line.')
    assert office.company.entities("Invoice") == []


@pytest.mark.parametrize(
    ("price", "rate", "amount"),
    [
        ("<Quantity>3</Quantity><Rate>33.333</Rate>", "33.333", "100.00"),
        ("<Quantity>1.5</Quantity><Rate>0.01</Rate>", "0.01", "0.02"),
        ("<Rate>12.5</Rate>", "12.50", "12.50"),
        ("<Quantity>3</Quantity><Amount>100.00</Amount>", "33.33333", "100.00"),
        ("<Quantity>2</Quantity><Rate>10.00</Rate><Amount>19.00</Amount>", "10.00", "19.00"),
        ("<Quantity>2</Quantity><Rate>-10.00</Rate>", "-10.00", "-20.00"),
    ],
)
def test_a_lines_amount_is_quantity_times_rate_unless_it_is_given(
    office: Office, price: str, rate: str, amount: str
) -> None:
    ret = office.done(invoice_add("Acme", line(price) + line("<Amount>100.00</Amount>")))
    assert (text(ret, "InvoiceLineRet", "Rate"), text(ret, "InvoiceLineRet", "Amount")) == (rate, amount)


def test_zero_is_a_total_and_less_is_not(office: Office) -> None:
    nothing = office.done(invoice_add("Acme", line("<Amount>5.00</Amount>") + line("<Amount>-5.00</Amount>")))
    assert (text(nothing, "BalanceRemaining"), text(nothing, "IsPaid")) == ("0.00", "true")
    assert office.status(invoice_add("Acme", line("<Amount>-0.01</Amount>"))) == (
        "3180",
        "There was an error when saving a Invoice.  QuickBooks error message: Transaction amount must be positive.",
    )
    assert len(office.company.entities("Invoice")) == 1


def test_the_due_date_comes_from_the_terms_of_the_customer_or_the_invoice(office: Office) -> None:
    office.customer("Slow", "<TermsRef><FullName>Net 30</FullName></TermsRef>")
    head = "<TxnDate>2026-11-20</TxnDate>"
    assert text(office.done(invoice_add("Slow", line("<Amount>1.00</Amount>"), head)), "DueDate") == "2026-12-20"
    sooner = f"{head}<TermsRef><FullName>Net 15</FullName></TermsRef>"
    assert text(office.done(invoice_add("Slow", line("<Amount>1.00</Amount>"), sooner)), "DueDate") == "2026-12-05"


def test_a_number_may_be_used_twice_and_a_missing_one_is_given(office: Office) -> None:
    first, second = office.invoice("Acme", "1.00", number="A-7"), office.invoice("Acme", "1.00", number="A-7")
    assert text(first, "TxnID") != text(second, "TxnID")
    found = office.one("<InvoiceQueryRq><RefNumber>a-7</RefNumber></InvoiceQueryRq>")
    assert [text(one, "RefNumber") for one in found] == ["A-7", "A-7"]
    assert [text(office.invoice("Acme", "1.00"), "RefNumber") for _ in "ab"] == ["1", "2"]


def test_the_customers_balance_is_what_is_open_with_its_jobs_in_the_total(office: Office) -> None:
    office.customer("Boston", "<ParentRef><FullName>Acme</FullName></ParentRef>")
    office.invoice("Acme", "100.00")
    job = office.invoice("Acme:Boston", "40.00")
    office.done(payment_add("Acme:Boston", "50.00", on(text(job, "TxnID"), "15.00")))
    office.done(credit_memo("Acme", "30.00"))
    acme, boston = office.company.entities("Customer")
    assert (boston["Balance"], boston["TotalBalance"]) == ("-10.00", "-10.00")  # 40 - 15 - 35 unused
    assert (acme["Balance"], acme["TotalBalance"]) == ("70.00", "60.00")


def test_a_credit_memo_is_answered_as_the_captured_one(office: Office) -> None:
    ret = office.done(credit_memo("Acme", "50.00"))
    shown = {name: text(ret, name) for name in ("Subtotal", "SalesTaxTotal", "TotalAmount", "CreditRemaining")}
    assert shown == {"Subtotal": "50.00", "SalesTaxTotal": "0.00", "TotalAmount": "50.00", "CreditRemaining": "50.00"}
    assert names(ret).endswith(" IsToBeEmailed CustomerSalesTaxCodeRef CreditMemoLineRet")
    assert ret.find("CreditMemoLineRet/TxnLineID") is not None


def test_a_header_change_keeps_every_line(office: Office) -> None:
    before = office.invoice("Acme", "10.00", "20.00")
    after = office.done(modify(before, "<Memo>now with a memo</Memo>"))
    assert (text(after, "Memo"), lines_of(after)) == ("now with a memo", lines_of(before))
    assert text(after, "EditSequence") != text(before, "EditSequence")


def test_lines_that_are_not_named_are_deleted_and_minus_one_is_a_new_line(office: Office) -> None:
    before = office.invoice("Acme", "10.00", "20.00", "30.00")
    first, _, third = (one[0] for one in lines_of(before))
    new = "<ItemRef><FullName>Labor</FullName></ItemRef><Amount>5.00</Amount>"
    inner = mod_line(first) + mod_line("-1", new) + mod_line(third, "<Amount>31.00</Amount>")
    after = office.done(modify(before, inner))
    assert [amount for _, amount in lines_of(after)] == ["10.00", "5.00", "31.00"]
    assert [lines_of(after)[at][0] for at in (0, 2)] == [first, third]
    assert text(after, "Subtotal") == "46.00"


def test_lines_in_another_order_are_3290(office: Office) -> None:
    before = office.invoice("Acme", "10.00", "20.00")
    first, second = (one[0] for one in lines_of(before))
    code, words = office.status(modify(before, mod_line(second) + mod_line(first)))
    assert (code, words) == ("3290", 'The item "TxnLineID" is placed in the request in incorrect order.')
    assert [one["Subtotal"] for one in office.company.entities("Invoice")] == ["30.00"]


def test_a_new_quantity_computes_the_amount_again(office: Office) -> None:
    before = office.done(invoice_add("Acme", line("<Quantity>2</Quantity><Rate>10.00</Rate>")))
    ((only, _),) = lines_of(before)
    assert text(office.done(modify(before, mod_line(only, "<Quantity>3</Quantity>"))), "Subtotal") == "30.00"


def test_an_invoice_cannot_fall_below_what_is_applied_to_it(office: Office) -> None:
    before = office.invoice("Acme", "100.00")
    office.company.receive(text(before, "TxnID"), "60.00")
    current = office.one("<InvoiceQueryRq><IncludeLineItems>true</IncludeLineItems></InvoiceQueryRq>")[0]
    ((only, _),) = lines_of(current)
    assert office.status(modify(current, mod_line(only, "<Amount>59.99</Amount>")))[0] == "3170"
    after = office.done(modify(current, mod_line(only, "<Amount>60.00</Amount>")))
    assert (text(after, "AppliedAmount"), text(after, "IsPaid")) == ("-60.00", "true")


def test_a_modification_of_a_changed_invoice_is_3200_with_the_current_one(office: Office) -> None:
    before = office.invoice("Acme", "100.00")
    office.company.change(text(before, "TxnID"), Memo="by hand")
    answer = office.one(modify(before, "<Memo>ours</Memo>"))
    assert (answer.attrib["statusCode"], text(answer, "InvoiceRet", "Memo")) == ("3200", "by hand")


def void(txn_id: str) -> str:
    return f"<TxnVoidRq><TxnVoidType>Invoice</TxnVoidType><TxnID>{txn_id}</TxnID></TxnVoidRq>"


def delete(txn_id: str, kind: str = "Invoice") -> str:
    return f"<TxnDelRq><TxnDelType>{kind}</TxnDelType><TxnID>{txn_id}</TxnID></TxnDelRq>"


def test_a_void_keeps_the_invoice_at_zero_and_releases_the_money(office: Office) -> None:
    invoice = text(office.invoice("Acme", "100.00", number="V1"), "TxnID")
    paid = office.company.receive(invoice, "60.00")
    answer = office.one(void(invoice))
    assert names(answer) == "TxnVoidType TxnID TimeCreated TimeModified RefNumber"
    shown = office.company.get(invoice)
    assert shown is not None
    assert (shown["Subtotal"], shown["BalanceRemaining"], shown["AppliedAmount"]) == ("0.00", "0.00", "0.00")
    assert [one["Amount"] for one in shown["InvoiceLineRet"]] == ["0.00"]
    assert office.company.entities("ReceivePayment")[0]["UnusedPayment"] == "60.00"
    assert paid["UnusedPayment"] == "0.00"


def test_a_deleted_invoice_is_gone_and_shows_among_the_deleted(office: Office) -> None:
    invoice = text(office.invoice("Acme", "100.00", number="D1"), "TxnID")
    assert office.status(delete(invoice, "CreditMemo"))[0] == "3120"
    assert names(office.one(delete(invoice))) == "TxnDelType TxnID TimeDeleted RefNumber"
    assert office.company.get(invoice) is None
    assert office.status(delete(invoice))[0] == "3120"
    (gone,) = office.one("<TxnDeletedQueryRq><TxnDelType>Invoice</TxnDelType></TxnDeletedQueryRq>")
    assert (text(gone, "TxnID"), text(gone, "RefNumber")) == (invoice, "D1")
    assert office.one("<InvoiceQueryRq><RefNumber>D1</RefNumber></InvoiceQueryRq>").attrib["statusCode"] == "500"


def test_neither_void_nor_delete_while_it_or_a_linked_payment_is_in_use(office: Office) -> None:
    invoice = text(office.invoice("Acme", "100.00"), "TxnID")
    payment = office.company.receive(invoice, "60.00")["TxnID"]
    office.company.in_use = {invoice}
    assert office.status(void(invoice))[0] == "3175"
    office.company.in_use = {payment}
    assert [office.status(one)[0] for one in (void(invoice), delete(invoice))] == ["3176", "3176"]
    office.company.in_use = set()
    assert office.status(delete(invoice))[0] == "0"


def test_the_closing_date_stops_applications_but_not_the_bookkeeper(office: Office) -> None:
    invoice = office.invoice("Acme", "100.00", date="2026-10-31")
    office.company.closing_date = date(2026, 10, 31)
    assert office.status(void(text(invoice, "TxnID")))[0] == "3171"
    assert office.status(modify(invoice, "<TxnDate>2026-11-01</TxnDate>"))[0] == "3171"
    assert (
        office.status(invoice_add("Acme", line("<Amount>1.00</Amount>"), "<TxnDate>2026-10-31</TxnDate>"))[0] == "3171"
    )
    assert office.status(invoice_add("Acme", line("<Amount>1.00</Amount>"), "<TxnDate>2026-11-01</TxnDate>"))[0] == "0"
    office.company.void(text(invoice, "TxnID"))
    assert office.company.entities("Invoice")[0]["BalanceRemaining"] == "0.00"
    closing = office.one("<PreferencesQueryRq/>").find(".//ClosingDate")
    assert closing is not None
    assert closing.text == "2026-10-31"


def test_a_credit_can_be_set_on_a_new_invoice(office: Office) -> None:
    memo = text(office.done(credit_memo("Acme", "30.00")), "TxnID")
    ret = office.done(invoice_add("Acme", line("<Amount>100.00</Amount>"), credit(memo, "30.00")))
    assert (text(ret, "AppliedAmount"), text(ret, "BalanceRemaining")) == ("-30.00", "70.00")
    assert office.status(invoice_add("Acme", line("<Amount>9.00</Amount>"), credit(memo, "0.01")))[0] == "3210"
    assert len(office.company.entities("Invoice")) == 1


def test_invoices_are_found_by_date_customer_number_and_payment(office: Office) -> None:
    office.customer("Beta")
    first = office.invoice("Acme", "1.00", number="N-1", date="2026-11-01")
    office.invoice("Beta", "2.00", number="N-2", date="2026-11-15")
    office.company.receive(text(first, "TxnID"), "1.00")

    def numbers(inner: str) -> list[str]:
        return [text(one, "RefNumber") for one in office.one(f"<InvoiceQueryRq>{inner}</InvoiceQueryRq>")]

    period = "<FromTxnDate>2026-11-02</FromTxnDate><ToTxnDate>2026-11-15</ToTxnDate>"
    assert numbers(f"<TxnDateRangeFilter>{period}</TxnDateRangeFilter>") == ["N-2"]
    assert numbers("<EntityFilter><FullName>Acme</FullName></EntityFilter>") == ["N-1"]
    assert numbers("<PaidStatus>NotPaidOnly</PaidStatus>") == ["N-2"]
    ends = "<RefNumberFilter><MatchCriterion>EndsWith</MatchCriterion><RefNumber>-2</RefNumber></RefNumberFilter>"
    assert numbers(ends) == ["N-2"]
    assert numbers("<RefNumberCaseSensitive>n-1</RefNumberCaseSensitive>") == []


def test_lines_and_links_are_shown_only_when_asked_for(office: Office) -> None:
    invoice = text(office.invoice("Acme", "100.00"), "TxnID")
    payment = office.company.receive(invoice, "60.00", RefNumber="123")
    query = f"<InvoiceQueryRq><TxnID>{invoice}</TxnID>%s</InvoiceQueryRq>"
    bare = office.one(query % "")[0]
    assert [bare.find(name) for name in ("LinkedTxn", "InvoiceLineRet")] == [None, None]
    full = office.one(query % "<IncludeLineItems>1</IncludeLineItems><IncludeLinkedTxns>1</IncludeLinkedTxns>")[0]
    assert len(full.findall("InvoiceLineRet")) == 1
    link = full.find("LinkedTxn")
    assert link is not None
    assert {one.tag: one.text for one in link} == {
        "TxnID": payment["TxnID"],
        "TxnType": "ReceivePayment",
        "TxnDate": "2026-11-23",
        "RefNumber": "123",
        "LinkType": "AMTTYPE",
        "Amount": "-60.00",
    }


def test_a_line_may_be_a_remark_but_no_amount_goes_without_an_item(office: Office) -> None:
    remark = "<InvoiceLineAdd><Desc>Thank you</Desc></InvoiceLineAdd>"
    ret = office.done(invoice_add("Acme", line("<Amount>5.00</Amount>") + remark))
    assert [one.findtext("Amount") for one in ret.findall("InvoiceLineRet")] == ["5.00", None]
    amount = "<InvoiceLineAdd><Desc>Thank you</Desc><Amount>1.00</Amount></InvoiceLineAdd>"
    assert office.status(invoice_add("Acme", amount))[0] == "3180"


def test_a_percentage_line_is_of_the_line_above(office: Office) -> None:
    lines = line("<Amount>80.00</Amount>") + line("<RatePercent>-10</RatePercent>", item="Syncro Charges")
    ret = office.done(invoice_add("Acme", lines))
    assert (text(ret, "Subtotal"), [amount for _, amount in lines_of(ret)]) == ("72.00", ["80.00", "-8.00"])


def test_an_invoice_without_lines_is_not_recorded(office: Office) -> None:
    code, words = office.status(invoice_add("Acme", ""))
    assert (code, words.endswith("You cannot record a blank transaction.")) == ("3180", True)

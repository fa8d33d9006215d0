"""Received payments and credits on invoices (facts: QBD 2.6)."""

from decimal import Decimal
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.qbxml import Office, credit, line, names, on, payment_add, text

TOO_MUCH = (
    'The "AppliedToTxnAdd payment amount" field has an invalid value "{}".  '
    "QuickBooks error message: You cannot pay more than the amount due."
)


@pytest.fixture
def office() -> Office:
    office = Office(sales_tax=False)
    office.customer("Acme")
    return office


@pytest.fixture
def invoices(office: Office) -> tuple[str, str]:
    """Acme's invoices over 100.00 and 50.00."""
    return text(office.invoice("Acme", "100.00"), "TxnID"), text(office.invoice("Acme", "50.00"), "TxnID")


def memo(office: Office, amount: str, customer: str = "Acme") -> str:
    """A credit memo's TxnID."""
    row = line(f"<Amount>{amount}</Amount>", item="Store Credit", verb="CreditMemoLineAdd")
    inner = f"<CustomerRef><FullName>{customer}</FullName></CustomerRef>{row}"
    return text(office.done(f"<CreditMemoAddRq><CreditMemoAdd>{inner}</CreditMemoAdd></CreditMemoAddRq>"), "TxnID")


def modify(payment: Element, inner: str) -> str:
    head = f"<TxnID>{text(payment, 'TxnID')}</TxnID><EditSequence>{text(payment, 'EditSequence')}</EditSequence>"
    return f"<ReceivePaymentModRq><ReceivePaymentMod>{head}{inner}</ReceivePaymentMod></ReceivePaymentModRq>"


def applied_mod(txn_id: str, amount: str) -> str:
    return f"<AppliedToTxnMod><TxnID>{txn_id}</TxnID><PaymentAmount>{amount}</PaymentAmount></AppliedToTxnMod>"


def balances(office: Office, *txn_ids: str) -> list[str]:
    return [office.company.open_balance(one) for one in txn_ids]


def test_a_payment_on_account_is_answered_as_the_captured_one(office: Office) -> None:
    head = "<TxnDate>2014-03-02</TxnDate><RefNumber>R154817935</RefNumber>"
    method = "<PaymentMethodRef><FullName>Check</FullName></PaymentMethodRef>"
    ret = office.done(
        "<ReceivePaymentAddRq><ReceivePaymentAdd><CustomerRef><FullName>Acme</FullName></CustomerRef>"
        f"{head}<TotalAmount>210.00</TotalAmount>{method}<IsAutoApply>false</IsAutoApply>"
        "</ReceivePaymentAdd></ReceivePaymentAddRq>"
    )
    assert names(ret) == (
        "TxnID TimeCreated TimeModified EditSequence TxnNumber CustomerRef ARAccountRef TxnDate RefNumber"
        " TotalAmount PaymentMethodRef DepositToAccountRef UnusedPayment UnusedCredits"
    )
    assert text(ret, "DepositToAccountRef", "FullName") == "Undeposited Funds"
    assert (text(ret, "UnusedPayment"), text(ret, "UnusedCredits")) == ("210.00", "0.00")


def test_one_payment_on_several_invoices_leaves_the_rest_unused(office: Office, invoices: tuple[str, str]) -> None:
    first, second = invoices
    ret = office.done(payment_add("Acme", "150.00", on(first, "90.00"), on(second, "50.00")))
    assert text(ret, "UnusedPayment") == "10.00"
    assert balances(office, first, second) == ["10.00", "0.00"]
    rows = ret.findall("AppliedToTxnRet")
    assert names(rows[0]) == "TxnID TxnType TxnDate RefNumber BalanceRemaining Amount"
    assert [(text(one, "BalanceRemaining"), text(one, "Amount")) for one in rows] == [
        ("10.00", "90.00"),
        ("0.00", "50.00"),
    ]
    assert [one["IsPaid"] for one in office.company.entities("Invoice")] == ["false", "true"]
    assert [one["AppliedAmount"] for one in office.company.entities("Invoice")] == ["-90.00", "-50.00"]


def test_the_total_is_the_sum_of_what_is_applied_when_it_is_left_out(office: Office, invoices: tuple[str, str]) -> None:
    ret = office.done(payment_add("Acme", "", on(invoices[0], "30.00")))
    assert (text(ret, "TotalAmount"), text(ret, "UnusedPayment")) == ("30.00", "0.00")


def test_more_than_the_balance_is_3210_in_the_captured_words_and_nothing_is_done(
    office: Office, invoices: tuple[str, str]
) -> None:
    first, second = invoices
    refused = payment_add("Acme", "200.00", on(second, "50.00"), on(first, "129.43"))
    assert office.status(refused) == ("3210", TOO_MUCH.format("129.43"))
    assert balances(office, first, second) == ["100.00", "50.00"]
    assert office.company.entities("ReceivePayment") == []


@pytest.mark.parametrize("applied", [["120.00"], ["60.00", "60.00"]])
def test_no_more_than_the_total_can_be_applied_nor_an_invoice_named_twice(office: Office, applied: list[str]) -> None:
    invoice = text(office.invoice("Acme", "500.00"), "TxnID")
    rows = [on(invoice, amount) for amount in applied]
    assert office.status(payment_add("Acme", "119.99", *rows))[0] == "3210"
    assert office.status(payment_add("Acme", "120.00", *rows))[0] == ("0" if len(rows) == 1 else "3210")


def test_an_invoice_must_exist_and_belong_to_the_customer_or_its_job(office: Office, invoices: tuple[str, str]) -> None:
    office.customer("Beta")
    office.customer("Boston", "<ParentRef><FullName>Acme</FullName></ParentRef>")
    job = text(office.invoice("Acme:Boston", "10.00"), "TxnID")
    assert office.status(payment_add("Beta", "10.00", on(invoices[0], "10.00")))[0] == "3180"
    assert office.status(payment_add("Acme", "10.00", on(job, "10.00")))[0] == "0"
    assert office.status(payment_add("Acme", "10.00", on("FF-1", "10.00"))) == (
        "3120",
        'Object "FF-1" specified in the request cannot be found.  QuickBooks error message: Invalid argument.  '
        "The specified record does not exist in the list.",
    )


def test_an_invoice_in_use_is_3176(office: Office, invoices: tuple[str, str]) -> None:
    office.company.in_use.add(invoices[0])
    code, words = office.status(payment_add("Acme", "10.00", on(invoices[0], "10.00")))
    assert (code, "in use by another user" in words) == ("3176", True)


@pytest.mark.parametrize(("total", "expected"), [("50.00", ["100.00", "0.00"]), ("120.00", ["0.00", "30.00"])])
def test_auto_apply_takes_the_invoice_of_that_amount_else_the_oldest(
    office: Office, total: str, expected: list[str]
) -> None:
    old = text(office.invoice("Acme", "100.00", date="2026-10-01"), "TxnID")
    new = text(office.invoice("Acme", "50.00", date="2026-11-01"), "TxnID")
    request = payment_add("Acme", total).replace("<IsAutoApply>false", "<IsAutoApply>true")
    office.done(request)
    assert balances(office, old, new) == expected


@pytest.mark.parametrize(("switch", "same"), [(True, False), (False, True)])
def test_whether_a_payment_changes_the_invoices_edit_sequence_is_a_switch(
    office: Office, invoices: tuple[str, str], switch: bool, same: bool
) -> None:
    office.company.payments_change_invoices = switch
    before = [one["EditSequence"] for one in office.company.entities("Invoice")]
    office.done(payment_add("Acme", "10.00", on(invoices[0], "10.00")))
    after = [one["EditSequence"] for one in office.company.entities("Invoice")]
    assert (before[0] == after[0], before[1] == after[1]) == (same, True)


def test_naming_what_it_is_applied_to_clears_all_old_links(office: Office, invoices: tuple[str, str]) -> None:
    first, second = invoices
    payment = office.done(payment_add("Acme", "80.00", on(first, "50.00"), on(second, "30.00")))
    after = office.done(modify(payment, applied_mod(second, "45.00")))
    assert balances(office, first, second) == ["100.00", "5.00"]
    assert text(after, "UnusedPayment") == "35.00"
    kept = office.done(modify(after, "<Memo>new memo</Memo>"))
    assert balances(office, first, second) == ["100.00", "5.00"]
    assert text(kept, "Memo") == "new memo"


def test_a_refused_change_of_links_leaves_the_old_ones(office: Office, invoices: tuple[str, str]) -> None:
    first, second = invoices
    payment = office.done(payment_add("Acme", "80.00", on(first, "50.00")))
    code, words = office.status(modify(payment, applied_mod(second, "50.01")))
    assert (code, words) == ("3210", TOO_MUCH.replace("TxnAdd", "TxnMod").format("50.01"))
    assert balances(office, first, second) == ["50.00", "50.00"]


def test_a_payments_total_cannot_fall_below_what_is_applied(office: Office, invoices: tuple[str, str]) -> None:
    payment = office.done(payment_add("Acme", "80.00", on(invoices[0], "50.00")))
    assert office.status(modify(payment, "<TotalAmount>49.99</TotalAmount>"))[0] == "3210"
    assert text(office.done(modify(payment, "<TotalAmount>50.00</TotalAmount>")), "UnusedPayment") == "0.00"


def test_a_stale_payment_is_3200_with_the_current_one(office: Office) -> None:
    payment = office.done(payment_add("Acme", "80.00"))
    office.company.change(text(payment, "TxnID"), Memo="by hand")
    answer = office.one(modify(payment, "<Memo>ours</Memo>"))
    assert (answer.attrib["statusCode"], text(answer, "ReceivePaymentRet", "Memo")) == ("3200", "by hand")


def delete(txn_id: str) -> str:
    return f"<TxnDelRq><TxnDelType>ReceivePayment</TxnDelType><TxnID>{txn_id}</TxnID></TxnDelRq>"


def test_a_deleted_payment_gives_its_invoices_back(office: Office, invoices: tuple[str, str]) -> None:
    payment = text(office.done(payment_add("Acme", "80.00", on(invoices[0], "80.00"))), "TxnID")
    assert office.status(delete(payment))[0] == "0"
    assert balances(office, *invoices) == ["100.00", "50.00"]
    assert office.company.get(payment) is None


def test_a_deposited_payment_stays_but_may_be_applied(office: Office, invoices: tuple[str, str]) -> None:
    payment = office.done(payment_add("Acme", "80.00"))
    office.company.deposit([text(payment, "TxnID")])
    assert office.status(delete(text(payment, "TxnID")))[0] == "3170"
    assert office.status(modify(payment, "<TotalAmount>81.00</TotalAmount>"))[0] == "3170"
    assert office.status(modify(payment, applied_mod(invoices[0], "80.00")))[0] == "0"
    assert balances(office, *invoices) == ["20.00", "50.00"]


def test_a_credit_alone_makes_no_transaction_and_a_thin_answer(office: Office, invoices: tuple[str, str]) -> None:
    credit_id = memo(office, "30.00")
    answer = office.one(payment_add("Acme", "", on(invoices[0], more=credit(credit_id, "30.00"))))
    assert answer.attrib["statusCode"] == "0"
    assert answer.find("ReceivePaymentRet/TxnID") is None
    assert text(answer, "ReceivePaymentRet", "AppliedToTxnRet", "BalanceRemaining") == "70.00"
    assert office.company.entities("ReceivePayment") == []
    assert balances(office, invoices[0]) == ["70.00"]
    shown = office.company.get(credit_id)
    assert shown is not None
    assert shown["CreditRemaining"] == "0.00"


def test_the_thin_answer_may_be_empty(office: Office, invoices: tuple[str, str]) -> None:
    office.company.thin_answer = "empty"
    answer = office.one(payment_add("Acme", "", on(invoices[0], more=credit(memo(office, "30.00"), "30.00"))))
    assert (answer.attrib["statusCode"], len(answer)) == ("0", 0)
    assert balances(office, invoices[0]) == ["70.00"]


def test_a_credit_sent_twice_is_applied_twice_as_far_as_money_is_left(
    office: Office, invoices: tuple[str, str]
) -> None:
    request = payment_add("Acme", "", on(invoices[0], more=credit(memo(office, "50.00"), "20.00")))
    assert [office.status(request)[0] for _ in range(3)] == ["0", "0", "3210"]
    assert balances(office, invoices[0]) == ["60.00"]


def test_a_credit_stays_applied_when_the_payment_that_set_it_is_deleted(
    office: Office, invoices: tuple[str, str]
) -> None:
    row = on(invoices[0], "50.00", credit(memo(office, "30.00"), "30.00"))
    payment = office.done(payment_add("Acme", "50.00", row))
    assert text(payment, "AppliedToTxnRet", "LinkedTxn", "Amount") == "-30.00"
    assert balances(office, invoices[0]) == ["20.00"]
    office.done(modify(payment, applied_mod(invoices[1], "50.00")))
    assert balances(office, *invoices) == ["70.00", "0.00"]


def test_deleting_the_credit_memo_takes_the_credit_back(office: Office, invoices: tuple[str, str]) -> None:
    credit_id = memo(office, "30.00")
    office.one(payment_add("Acme", "", on(invoices[0], more=credit(credit_id, "30.00"))))
    office.company.delete(credit_id)
    assert balances(office, invoices[0]) == ["100.00"]


def test_the_unused_part_of_a_payment_is_a_credit(office: Office, invoices: tuple[str, str]) -> None:
    over = text(office.done(payment_add("Acme", "120.00", on(invoices[0], "100.00"))), "TxnID")
    assert office.status(payment_add("Acme", "", on(invoices[1], more=credit(over, "20.01"))))[0] == "3210"
    office.one(payment_add("Acme", "", on(invoices[1], more=credit(over, "20.00"))))
    assert balances(office, *invoices) == ["0.00", "30.00"]
    assert office.company.entities("ReceivePayment")[0]["UnusedPayment"] == "0.00"


def test_another_customers_credit_is_refused(office: Office, invoices: tuple[str, str]) -> None:
    office.customer("Beta")
    other = memo(office, "30.00", "Beta")
    assert office.status(payment_add("Acme", "", on(invoices[0], more=credit(other, "30.00"))))[0] == "3210"


def test_a_discount_lowers_the_balance_but_not_the_payment(office: Office, invoices: tuple[str, str]) -> None:
    account = "<DiscountAccountRef><FullName>Sales Discounts</FullName></DiscountAccountRef>"
    row = on(invoices[0], "98.00", f"<DiscountAmount>2.00</DiscountAmount>{account}")
    ret = office.done(payment_add("Acme", "98.00", row))
    assert (text(ret, "UnusedPayment"), text(ret, "AppliedToTxnRet", "DiscountAmount")) == ("0.00", "2.00")
    assert balances(office, invoices[0]) == ["0.00"]
    office.company.delete(text(ret, "TxnID"))
    assert balances(office, invoices[0]) == ["100.00"]


AMOUNTS = st.integers(min_value=1, max_value=6000).map(lambda cents: f"{Decimal(cents) / 100:.2f}")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["pay", "move", "delete", "credit"]), AMOUNTS), max_size=12))
def test_whatever_happens_money_is_neither_made_nor_lost(steps: list[tuple[str, str]]) -> None:
    """Open + applied is the invoice; applied + unused is what came in; nothing is ever negative."""
    office = Office(sales_tax=False)
    office.customer("Acme")
    ids = [text(office.invoice("Acme", "100.00"), "TxnID"), text(office.invoice("Acme", "40.00"), "TxnID")]
    for at, (step, amount) in enumerate(steps):
        payments = office.company.entities("ReceivePayment")
        if step == "pay":
            office.one(payment_add("Acme", amount, on(ids[at % 2], amount)))
        elif step == "credit":
            office.one(payment_add("Acme", "", on(ids[at % 2], more=credit(memo(office, amount), amount))))
        elif payments and step == "delete":
            office.company.delete(payments[0]["TxnID"])
        elif payments:
            last = office.one(f"<ReceivePaymentQueryRq><TxnID>{payments[-1]['TxnID']}</TxnID></ReceivePaymentQueryRq>")[
                0
            ]
            office.one(modify(last, applied_mod(ids[at % 2], amount)))
    invoices = office.company.entities("Invoice")
    received = sum((Decimal(one["TotalAmount"]) for one in office.company.entities("ReceivePayment")), Decimal())
    credits = sum((Decimal(one["TotalAmount"]) for one in office.company.entities("CreditMemo")), Decimal())
    unused = sum((Decimal(one["UnusedPayment"]) for one in office.company.entities("ReceivePayment")), Decimal())
    left = sum((Decimal(one["CreditRemaining"]) for one in office.company.entities("CreditMemo")), Decimal())
    still_open = sum((Decimal(one["BalanceRemaining"]) for one in invoices), Decimal())
    assert Decimal("140.00") - still_open == received - unused + credits - left
    assert min(unused, left, *(Decimal(one["BalanceRemaining"]) for one in invoices)) >= 0
    (customer,) = office.company.entities("Customer")
    assert Decimal(customer["Balance"]) == still_open - unused - left

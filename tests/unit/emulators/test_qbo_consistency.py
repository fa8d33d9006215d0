"""Whatever happens in whatever order, the books add up, and a refused request changes nothing."""

import threading
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from emulators.quickbooks_online import Company, Emulator, Fault, Refusal
from emulators.quickbooks_online.json_text import dumps

AMOUNT = st.integers(0, 50)
NUMBER = st.integers(1, 4).map(str)
STEP = st.one_of(
    st.tuples(st.sampled_from(["Invoice", "CreditMemo"]), AMOUNT),
    st.tuples(st.just("Payment"), AMOUNT, NUMBER, AMOUNT, NUMBER, AMOUNT),
    st.tuples(st.just("change"), NUMBER, AMOUNT),
    st.tuples(st.sampled_from(["void", "delete"]), st.sampled_from(["Invoice", "CreditMemo", "Payment"]), NUMBER),
    st.tuples(st.just("deposit"), NUMBER),
)


def form(amount: int) -> Any:
    detail = {"ItemRef": {"value": "1"}}
    line = {"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    return {"CustomerRef": {"value": "1"}, "Line": [line]}


def act(company: Company, step: tuple[Any, ...]) -> None:
    kind = step[0]
    if kind in ("Invoice", "CreditMemo"):
        company.create_by_hand(kind, form(step[1]))
    elif kind == "Payment":
        _, total, invoice, applied, memo, credit = step
        lines = [
            {"Amount": amount, "LinkedTxn": [{"TxnId": txn, "TxnType": entity}]}
            for entity, txn, amount in (("Invoice", invoice, applied), ("CreditMemo", memo, credit))
            if amount
        ]
        company.create_by_hand("Payment", {"CustomerRef": {"value": "1"}, "TotalAmt": total, "Line": lines})
    elif kind == "change":
        company.edit_by_hand("Invoice", step[1], {"Line": form(step[2])["Line"]})
    elif kind == "void":
        company.void_by_hand(step[1], step[2])
    elif kind == "delete":
        company.delete_by_hand(step[1], step[2])
    else:
        company.deposit_by_hand([step[1]])


def everything(company: Company) -> str:
    kinds = ("Customer", "Invoice", "CreditMemo", "Payment", "Deposit")
    return dumps({kind: company.entities(kind) for kind in kinds})


def applied(company: Company, entity: str, form_id: str) -> Any:
    return sum(
        line["Amount"]
        for payment in company.entities("Payment")
        for line in payment["Line"]
        if line["LinkedTxn"] == [{"TxnId": form_id, "TxnType": entity}]
    )


@settings(max_examples=150, deadline=None)
@given(st.lists(STEP, max_size=14), st.booleans(), st.booleans())
@example([("Invoice", 1), ("CreditMemo", 1), ("void", "Invoice", "1")], True, True)
def test_balances_always_equal_totals_less_what_is_applied(
    steps: list[tuple[Any, ...]], auto_apply: bool, unapply: bool
) -> None:
    company = Emulator(clock=lambda: datetime(2026, 11, 23, tzinfo=UTC)).add_company("1", auto_apply_credit=auto_apply)
    company.void_with_payments = "unapply" if unapply else "refuse"
    company.create_by_hand("Customer", {"DisplayName": "Acme"})
    for step in steps:
        before = everything(company)
        try:
            act(company, step)
        except Refusal:
            assert everything(company) == before
        owed = Decimal(0)
        for entity, sign in (("Invoice", 1), ("CreditMemo", -1)):
            for one in company.entities(entity):
                assert one["Balance"] == one["TotalAmt"] - applied(company, entity, one["Id"])
                assert one["Balance"] >= 0
                owed += sign * one["Balance"]
        for payment in company.entities("Payment"):
            assert 0 <= payment["UnappliedAmt"] <= payment["TotalAmt"]
            owed -= payment["UnappliedAmt"]
        assert company.get("Customer", "1")["Balance"] == owed  # type: ignore[index]  # the customer is there


def test_a_repeat_while_the_first_is_still_slow_answers_600(us: Any) -> None:
    started, release = threading.Event(), threading.Event()

    def wait(_: float) -> None:
        started.set()
        release.wait(5)

    us.emu._sleep = wait
    us.emu.faults.add(Fault(kind="slow"))
    first: list[Any] = []
    thread = threading.Thread(target=lambda: first.append(us.post("customer", {"DisplayName": "A"}, requestid="r1")))
    thread.start()
    assert started.wait(5)
    assert us.post("customer", {"DisplayName": "A"}, requestid="r1").code == "600"
    release.set()
    thread.join(5)
    assert first[0].status == 200
    assert us.post("customer", {"DisplayName": "A"}, requestid="r1").body == first[0].body


def test_many_callers_at_once_get_different_ids(us: Any) -> None:
    def create(name: str) -> None:
        us.post("customer", {"DisplayName": name})

    threads = [threading.Thread(target=create, args=(f"C{n}",)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert {one["Id"] for one in us.company.entities("Customer")} == {str(n) for n in range(1, 21)}

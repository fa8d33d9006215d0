"""Whatever Syncro sends within the contract, the mapping answers with a decision, never with a crash."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncro_quickbooks.exact_json import dumps
from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.online.company import Company
from syncro_quickbooks.sync.model import Attention, Skip, Wait, Write
from tests.unit.mapping.mapping_builders import (
    CANADA,
    RATES,
    US,
    US_AUTOMATED,
    US_NO_TAX,
    line,
    mapped,
    product,
    snapshot,
)

NUMBERS = st.one_of(
    st.sampled_from(["0", "9999999999999", "-9999999999999.999999999999", "0.000000000001", "1e-12", "100"]),
    st.decimals(min_value=-10_000, max_value=10_000, places=3).map(str),
)
MAYBE = st.one_of(st.none(), NUMBERS)
TEXTS = st.one_of(st.none(), st.text(max_size=30), st.sampled_from(["Deposit", "discount", "🔧", "x" * 5000]))
PRODUCTS = {
    21: product(21),
    30: product(30, product_category="Deposit"),
    32: product(32, discount_percent="10", price_retail="-1"),
}
LINES = st.fixed_dictionaries(
    {
        "price": NUMBERS,
        "quantity": NUMBERS,
        "product_id": st.sampled_from([None, 21, 30, 32, 99]),
        "item": TEXTS,
        "name": TEXTS,
        "taxable": st.booleans(),
        "tax_rate_id": st.sampled_from([None, 1, 3, 4, 77]),
        "line_discount_percent": MAYBE,
        "discount_percent": MAYBE,
        "discount_dollars": MAYBE,
        "product_category": TEXTS,
        "position": st.one_of(st.none(), st.integers(0, 9)),
    }
)


def as_line(number: int, fields: dict[str, Json]) -> JsonObject:
    return {**line(number, "0"), **fields}


@pytest.mark.parametrize("company", [US, US_AUTOMATED, US_NO_TAX, CANADA], ids=["manual", "automated", "none", "ca"])
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    lines=st.lists(LINES, max_size=4),
    money=st.tuples(NUMBERS, NUMBERS, NUMBERS),
    note=TEXTS,
    number=st.text(max_size=30),
    rate=st.sampled_from([None, 1, 3, 77]),
)
def test_every_invoice_within_the_contract_gets_a_decision(
    *,
    company: Company,
    lines: list[dict[str, Json]],
    money: tuple[str, str, str],
    note: str | None,
    number: str,
    rate: int | None,
) -> None:
    bodies = [as_line(position, fields) for position, fields in enumerate(lines, start=1)]
    subtotal, tax, total = money
    invoice = snapshot(
        *bodies,
        subtotal=subtotal,
        tax=tax,
        total=total,
        rates=RATES,
        note=note,
        number=f"N{number}",
        tax_rate_id=rate,
    )
    decision = mapped(invoice, company=company, products=PRODUCTS)
    if isinstance(decision, Write):
        assert dumps(decision.body)
        assert len(str(decision.body.get("DocNumber", ""))) <= 21
        assert decision.expected is not None
        assert decision.expected.total >= Decimal(0)
    else:
        assert isinstance(decision, Skip | Attention | Wait)
        assert decision.problem.message

"""Discounts come to Syncro's totals to the cent, whichever way Syncro meant its fields."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.sync.model import Attention, Write
from syncro_quickbooks.syncro.discounts import unit_price
from tests.unit.mapping.mapping_builders import (
    CANADA,
    RATES,
    SETTINGS,
    US,
    amounts,
    codes,
    detail,
    item_ids,
    line,
    lines_of,
    mapped,
    product,
    snapshot,
    tax_codes,
    written,
)


def one(price: str, quantity: str, net: str, **discount: Json) -> Write:
    """A single untaxed line that Syncro's subtotal says comes to `net`."""
    discounted = line(1, price, quantity, taxable=False, **discount)
    return written(mapped(snapshot(discounted, subtotal=net, tax="0", total=net)))


@pytest.mark.parametrize(
    ("price", "quantity", "discount", "net", "unit"),
    [
        ("45", "12", {"line_discount_percent": "10"}, "486.00", "40.5"),
        ("33.33", "3", {"line_discount_percent": "15"}, "84.99", "28.33"),  # 99.99 x 0.85 = 84.9915
        ("9.99", "7", {"line_discount_percent": "12.5"}, "61.19", "8.74143"),  # 61.18875; 61.19 / 7 = 8.741428...
        ("45", "12", {"discount_percent": "10"}, "486.00", "40.5"),
        ("45", "12", {"discount_dollars": "40"}, "500.00", "41.66667"),
        ("100", "1", {"line_discount_percent": "10", "discount_dollars": "5"}, "85.00", "85.0"),
        ("100", "2", {"line_discount_percent": "100"}, "0.00", "0.0"),
        ("19.99", "2", {"line_discount_percent": "50"}, "19.99", "9.995"),
    ],
)
def test_a_line_discount_becomes_a_lower_price_on_the_same_item(
    price: str, quantity: str, discount: dict[str, Json], net: str, unit: str
) -> None:
    write = one(price, quantity, net, **discount)
    assert amounts(write) == [Decimal(net)]
    assert detail(lines_of(write)[0])["UnitPrice"] == Decimal(unit)
    assert item_ids(write) == ["121"]
    assert codes(write) == []


@pytest.mark.parametrize(
    ("price", "quantity", "discount", "net"),
    [
        ("40.50", "12", {"line_discount_percent": "10"}, "486.00"),  # the price is net already
        ("100", "1", {"line_discount_percent": "10", "discount_dollars": "10"}, "90.00"),  # the money is the percentage
        ("0.333", "100", {"line_discount_percent": "10"}, "30.00"),  # per unit: 0.2997 becomes 0.30
        ("0.15", "1", {"line_discount_percent": "50"}, "0.07"),  # the discount is rounded: 0.15 - 0.08
    ],
)
def test_the_reading_that_gives_syncros_subtotal_is_taken(
    price: str, quantity: str, discount: dict[str, Json], net: str
) -> None:
    write = one(price, quantity, net, **discount)
    assert amounts(write) == [Decimal(net)]
    assert codes(write) == []


def test_if_no_reading_fits_the_price_is_taken_as_before_the_discount_and_the_difference_shown() -> None:
    write = one("45", "12", "487.00", line_discount_percent="10")
    assert amounts(write) == [Decimal("486.00")]
    assert codes(write) == ["predicted_total_differs"]


def test_the_description_says_what_the_discount_took_off() -> None:
    text = lines_of(one("45", "12", "486.00", line_discount_percent="10"))[0]["Description"]
    assert text == "Support hours\n(Price 12 x 45 = $540.00, less discount 10 %)"


def test_a_long_description_makes_room_for_the_discount() -> None:
    text = str(lines_of(one("45", "12", "486.00", line_discount_percent="10", name="x" * 5000))[0]["Description"])
    assert text.endswith("less discount 10 %)")
    assert len(text) == 4000


def test_no_price_is_sent_where_none_of_five_decimals_gives_the_amount() -> None:
    write = one("0.01", "100000", "666.67", line_discount_percent="33.333")
    assert amounts(write) == [Decimal("666.67")]
    assert not {"Qty", "UnitPrice"} & set(detail(lines_of(write)[0]))


@pytest.mark.parametrize(
    ("quantity", "price", "amount", "expected"),
    [
        ("3", "33.33", "99.99", "33.33"),
        ("1.5", "33.333333", "50.00", "33.33333"),
        ("0", "5", "0", "5"),
        ("0", "5", "1", None),
        ("0.1234567", "10", "1.23", None),
    ],
)
def test_the_price_is_syncros_own_if_it_gives_the_amount(
    quantity: str, price: str, amount: str, expected: str | None
) -> None:
    found = unit_price(Decimal(quantity), Decimal(price), Decimal(amount))
    assert found == (Decimal(expected) if expected else None)


DISCOUNT = product(32, discount_percent="10", price_retail="0")


def test_a_discount_product_becomes_a_negative_line_on_the_discount_item_with_its_own_tax_code() -> None:
    """10 % off 100.00 at GST + QST and 60.00 at GST: Syncro sends one discount line for each code."""
    lines = (
        line(1, "100", tax_rate_id=3),
        line(2, "60", tax_rate_id=4),
        line(3, "-10", product_id=32, tax_rate_id=3, discount_percent="10"),
        line(4, "-6", product_id=32, tax_rate_id=4, discount_percent="10"),
    )
    # 90.00: GST 4.50, QST 8.9775 -> 8.98; 54.00: GST 2.70; together 16.18
    invoice = snapshot(*lines, subtotal="144", tax="16.18", total="160.18")
    write = written(mapped(invoice, company=CANADA, products={21: product(21), 32: DISCOUNT}))
    assert amounts(write) == [Decimal(100), Decimal(60), Decimal(-10), Decimal(-6)]
    assert item_ids(write) == ["121", "121", "81", "81"]
    assert tax_codes(write) == ["9", "12", "9", "12"]
    assert codes(write) == []


def test_a_discount_product_without_discount_item_asks_for_it() -> None:
    invoice = snapshot(line(1, "100"), line(2, "-10", product_id=32), subtotal="90", tax="7.43", total="97.43")
    no_item = SETTINGS.model_copy(update={"discount_item": None})
    decision = mapped(invoice, products={21: product(21), 32: DISCOUNT}, settings=no_item)
    assert isinstance(decision, Attention)
    assert decision.problem.code == "discount_item_missing"


def half_up(exact: Fraction) -> int:
    """Cents, halves away from zero, in whole numbers only."""
    return floor(exact + Fraction(1, 2)) if exact >= 0 else -floor(-exact + Fraction(1, 2))


SALES_LINES = st.lists(
    st.tuples(
        st.integers(1, 500_000),  # price in cents
        st.integers(-400, 4000).filter(bool),  # quantity in hundredths
        st.integers(0, 10_000),  # discount in hundredths of a percent
        st.sampled_from([None, 1, 3, 4]),  # tax rate
    ),
    min_size=1,
    max_size=12,
)
PERCENT = {1: [Fraction("8.25")], 3: [Fraction(5), Fraction("9.975")], 4: [Fraction(5)]}


def tax_in_cents(lines: Sequence[tuple[int, int, int, int | None]], nets: Sequence[int]) -> int:
    total = 0
    for rate, components in PERCENT.items():
        base = sum(net for (*_, used), net in zip(lines, nets, strict=True) if used == rate)
        total += sum(half_up(Fraction(base) * percent / 100) for percent in components)
    return total


def cents_text(cents: int) -> str:
    return str(Decimal(cents).scaleb(-2))


@settings(max_examples=150, deadline=None)
@given(SALES_LINES)
def test_discounted_invoices_agree_with_syncro_to_the_cent(lines: list[tuple[int, int, int, int | None]]) -> None:
    nets = [
        half_up(Fraction(price * quantity, 100) * (10_000 - discount) / 10_000)
        for price, quantity, discount, _ in lines
    ]
    subtotal, tax = sum(nets), tax_in_cents(lines, nets)
    if subtotal + tax < 0:
        return  # a negative total is never sent
    sent: list[JsonObject] = [
        line(
            number,
            cents_text(price),
            cents_text(quantity),
            line_discount_percent=cents_text(discount),
            taxable=rate is not None,
            tax_rate_id=rate,
        )
        for number, (price, quantity, discount, rate) in enumerate(lines, start=1)
    ]
    totals = {"subtotal": cents_text(subtotal), "tax": cents_text(tax), "total": cents_text(subtotal + tax)}
    codes_of_one = SETTINGS.model_copy(update={"tax_codes": {**SETTINGS.tax_codes, 1: SETTINGS.tax_codes[1]}})
    write = written(mapped(snapshot(*sent, rates=RATES, **totals), company=CANADA, settings=codes_of_one))

    assert [half_up(Fraction(amount) * 100) for amount in amounts(write)] == nets
    assert write.warnings == ()
    for body in lines_of(write):
        if "UnitPrice" in detail(body):
            quantity, unit = Fraction(str(detail(body)["Qty"])), Fraction(str(detail(body)["UnitPrice"]))
            assert half_up(quantity * unit * 100) == half_up(Fraction(str(body["Amount"])) * 100)


def test_nothing_is_discounted_twice_in_a_company_with_manual_tax() -> None:
    """12 x 45.00 less 10 % is 486.00; 8.25 % of it is 40.095, which is 40.10 half up."""
    invoice = snapshot(line(1, "45", "12", line_discount_percent="10"), subtotal="486", tax="40.10", total="526.10")
    write = written(mapped(invoice, company=US))
    assert amounts(write) == [Decimal(486)]
    assert codes(write) == []

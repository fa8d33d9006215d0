"""Amounts are read exactly or not at all."""

from decimal import Decimal

import pytest

from syncro_quickbooks import money


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("64.99", "64.99"),
        (" 0.0 ", "0"),
        ("-12.5", "-12.5"),
        ("+3", "3"),
        ("1e2", "100"),
        (64.99, "64.99"),
        (0.1, "0.1"),
        (1e-7, "0.0000001"),
        (448.4, "448.4"),
        (12, "12"),
        (Decimal("9.975"), "9.975"),
    ],
)
def test_an_amount_is_read_digit_by_digit(written: str | float | Decimal, read: str) -> None:
    assert money.parse(written) == Decimal(read)


@pytest.mark.parametrize(
    "written",
    [
        0.1 + 0.2,
        123456789012.12345,
        float("nan"),
        float("inf"),
        1e300,
        "NaN",
        "Infinity",
        "1e999999999",
        "1e20",
        "12,50",
        "$12",
        "",
        "٣",
        "1_000",
        "12345678901234",
        "0.0000000000001",
        True,
        None,
        Decimal("NaN"),
    ],
)
def test_what_is_not_a_plain_number_is_refused(written: str | float | Decimal | None) -> None:
    with pytest.raises(ValueError, match=r"^is "):
        money.parse(written)


def test_the_reason_never_repeats_the_value() -> None:
    with pytest.raises(ValueError, match="plain digits") as refused:
        money.parse("secret 4111")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [("0.005", "0.01"), ("-0.005", "-0.01"), ("2.675", "2.68"), ("2.6749", "2.67"), ("448.3926", "448.39")],
)
def test_halves_round_away_from_zero(amount: str, rounded: str) -> None:
    assert money.cents(Decimal(amount)) == Decimal(rounded)


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("1234.5", "USD", "$1,234.50"),
        ("-3", "USD", "-$3.00"),
        ("448.4", "CAD", "CAD 448.40"),
        ("-1", "CAD", "-CAD 1.00"),
    ],
)
def test_people_read_amounts_with_currency_and_cents(amount: str, currency: str, shown: str) -> None:
    assert money.show(Decimal(amount), currency) == shown


@pytest.mark.parametrize(("number", "count"), [("12.50", 1), ("12", 0), ("1200", 0), ("0.00001", 5), ("0", 0)])
def test_trailing_zeros_are_not_decimals(number: str, count: int) -> None:
    assert money.decimals(Decimal(number)) == count

"""Money as Decimal: reading it, rounding it to cents, showing it.

Amounts are strings in Syncro's events and JSON numbers in QuickBooks Online; both are read here and nowhere else.
"""

import re
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")

# Fifteen significant digits survive a round trip through a binary float; a sixteenth may already be noise.
_FLOAT_DIGITS = 15
_MAX_INTEGER_DIGITS = 13
_MAX_DECIMALS = 12
_PLAIN = re.compile(r"[+-]?\d{1,20}(\.\d{1,20})?([eE][+-]?\d{1,2})?", re.ASCII)


def parse(value: str | int | float | Decimal | None) -> Decimal:
    """The exact amount, rate or quantity that `value` writes.

    Strings are taken digit by digit; a float only through its shortest text and only within 15 significant digits.
    Raises ValueError (never naming the value) for anything that is not a plain finite number of sane size.
    """
    if isinstance(value, str):
        number = _from_text(value.strip())
    elif isinstance(value, float):
        number = _from_text(repr(value))
        if len(number.normalize().as_tuple().digits) > _FLOAT_DIGITS:
            raise ValueError("is a JSON number with more than 15 digits, which is not exact; send it as a string")
    elif isinstance(value, Decimal) and value.is_finite():
        number = value
    elif isinstance(value, int) and not isinstance(value, bool):
        number = Decimal(value)
    else:
        raise ValueError("is not a number")
    return _of_sane_size(number)


def _from_text(text: str) -> Decimal:
    if not _PLAIN.fullmatch(text):
        raise ValueError("is not a number written in plain digits")
    return Decimal(text)


def _of_sane_size(number: Decimal) -> Decimal:
    if not number:
        return Decimal(0)
    exponent = number.normalize().as_tuple().exponent
    if number.adjusted() >= _MAX_INTEGER_DIGITS or not isinstance(exponent, int) or -exponent > _MAX_DECIMALS:
        raise ValueError("is a number out of range (at most 13 digits before and 12 after the point)")
    return number


def cents(amount: Decimal) -> Decimal:
    """`amount` at two decimals, halves away from zero, as QuickBooks and Syncro round money."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def decimals(number: Decimal) -> int:
    """How many decimals `number` needs; trailing zeros do not count, so 1 for 12.50."""
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def show(amount: Decimal, currency: str = "USD") -> str:
    """`amount` for a person to read: $1,234.50, and CAD 1,234.50 in any currency but the US dollar."""
    figure = f"{abs(cents(amount)):,.2f}"
    sign = "-" if cents(amount) < 0 else ""
    return f"{sign}${figure}" if currency == "USD" else f"{sign}{currency} {figure}"

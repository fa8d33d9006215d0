from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncro_quickbooks import exact_json
from syncro_quickbooks.json_types import Json, JsonObject


def test_an_amount_keeps_its_digits_on_the_way_in_and_out() -> None:
    text = '{"TotalAmt":448.40,"Rate":0.09975,"Qty":3,"Name":"Caf\\u00e9"}'
    value = exact_json.loads(text)
    assert value == {"TotalAmt": Decimal("448.40"), "Rate": Decimal("0.09975"), "Qty": 3, "Name": "Café"}
    assert exact_json.dumps(value) == text


def test_sums_no_float_could_hold_survive() -> None:
    assert exact_json.dumps(exact_json.loads("[99999999999999999999.01,0.1]")) == "[99999999999999999999.01,0.1]"


def test_a_float_is_refused_instead_of_written_with_noise() -> None:
    with pytest.raises(TypeError, match="float"):
        exact_json.dumps({"Amount": 0.1 + 0.2})


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a":', "", "[" * 100_000, '{"a":1} x'])
def test_what_is_not_one_complete_json_value_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        exact_json.loads(text)


def test_an_infinite_number_is_not_written() -> None:
    with pytest.raises(ValueError, match="not a JSON number"):
        exact_json.dumps([Decimal("Infinity")])


def test_canonical_text_depends_on_content_only() -> None:
    one: JsonObject = {"b": [Decimal("1.50"), Decimal("100.00")], "a": None}
    other: JsonObject = {"a": None, "b": [Decimal("1.5"), 100]}
    assert exact_json.canonical(one) == exact_json.canonical(other) == '{"a":null,"b":[1.5,100]}'


def test_an_exponent_is_written_as_plain_digits() -> None:
    assert exact_json.dumps([Decimal("1E+2"), Decimal("2.5E-3"), Decimal("-0.00")]) == "[100,0.0025,0.00]"


def test_an_absurd_exponent_does_not_become_a_gigabyte_of_zeros() -> None:
    assert len(exact_json.dumps([Decimal("1E+999999")])) < 20


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text()
        | st.decimals(allow_nan=False, allow_infinity=False, places=5),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=20,
    )
)
def test_every_value_survives_the_round_trip(value: Json) -> None:
    assert exact_json.loads(exact_json.dumps(value)) == value

"""Names fit QuickBooks, and a name that had to change is known to be another one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncro_quickbooks.online.mapping.names import customer_name, item_name, prose
from tests.unit.mapping.mapping_builders import CANADA, US, customer, product


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("Bluebonnet Dental", "Bluebonnet Dental"),
        ("  Bluebonnet   Dental ", "Bluebonnet Dental"),
        ("Café Montréal", "Café Montréal"),
        ("Cafe\u0301", "Café"),
        ('24" Monitors & Co', '24" Monitors & Co'),
    ],
)
def test_trimming_collapsing_and_composing_do_not_make_another_name(raw: str, name: str) -> None:
    assert customer_name(customer(business_then_name=raw), US) == (name, False)


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("Acme: West", "Acme- West"),
        ("Acme\tWest", "Acme West"),
        ("Acme\nWest", "Acme West"),
        ("Ac\x00me\x1b", "Acme"),
        ("Acme\u200b", "Acme"),
        ("🍕 Pizza Palace", "Pizza Palace"),
        ("O’Brien – “Best”", 'O\'Brien - "Best"'),
        ("Łódź Œuvre", "Lódz OEuvre"),
        ("Ａｃｍｅ", "Acme"),
    ],
)
def test_what_quickbooks_cannot_take_is_replaced_and_the_name_is_another_one(raw: str, name: str) -> None:
    assert customer_name(customer(business_then_name=raw), US) == (name, True)


@pytest.mark.parametrize("raw", ["", "   ", "🍕🍕", "東京"])
def test_a_name_of_which_nothing_is_left_says_whose_it_is(raw: str) -> None:
    assert customer_name(customer(business_then_name=raw), US) == ("Organization 410", True)
    assert item_name(product(21, name=raw), US) == ("Product 21", True)


def test_companies_outside_the_us_take_any_script() -> None:
    assert customer_name(customer(business_then_name="東京 – Łódź"), CANADA) == ("東京 – Łódź", False)


def test_a_long_name_is_cut_with_the_syncro_id_so_that_it_stays_unique() -> None:
    name = customer_name(customer(business_then_name="A" * 600), US)
    assert name == ("A" * 495 + " #410", True)
    assert len(name.text) == 500
    assert item_name(product(21, name="B" * 101), US) == ("B" * 96 + " #21", True)


def test_names_of_just_the_limit_stay() -> None:
    assert customer_name(customer(business_then_name="A" * 500), US) == ("A" * 500, False)
    assert item_name(product(21, name="B" * 100), US) == ("B" * 100, False)


@given(st.text(max_size=700))
def test_any_name_at_all_becomes_one_that_a_us_company_takes(raw: str) -> None:
    text = customer_name(customer(business_then_name=raw), US).text
    assert 1 <= len(text) <= 500
    assert text == " ".join(text.split())
    assert not set(text) & set(":\t\n\r")
    text.encode("iso-8859-1")
    assert all(character.isprintable() or character == "\xa0" for character in text)


def test_prose_keeps_its_lines_and_loses_the_rest() -> None:
    assert prose(" one\r\ntwo\rthree\t3 \x00🔧\n\n", US, 4000) == "one\ntwo\nthree 3"
    assert prose(None, US, 10) == ""
    assert prose("a" * 20, US, 10) == "a" * 10

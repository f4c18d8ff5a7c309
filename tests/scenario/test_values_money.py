"""Money: read, shown, kept, computed."""

import json
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordboard.scenario.money import CURRENCIES, Money, money_of, parse_money, show_money
from cordboard.scenario.values import BadValueError, ValueType, convert, from_json, parse, show, to_json, type_of

KYIV = ZoneInfo("Europe/Kyiv")


@pytest.mark.parametrize(
    ("written", "amount", "currency", "shown"),
    [
        ("120.50 UAH", "120.50", "UAH", "120.50 UAH"),
        ("UAH 120.5", "120.5", "UAH", "120.50 UAH"),
        ("120,50 грн", "120.50", "UAH", "120.50 UAH"),
        ("120,50 грн.", "120.50", "UAH", "120.50 UAH"),
        ("1 234 567,89₴", "1234567.89", "UAH", "1234567.89 UAH"),
        ("$5", "5", "USD", "5.00 USD"),
        ("5 €", "5", "EUR", "5.00 EUR"),
        ("100 руб", "100", "RUB", "100.00 RUB"),
        ("-3.5 uah", "-3.5", "UAH", "-3.50 UAH"),
        ("1000 JPY", "1000", "JPY", "1000 JPY"),
        ("1.5 KWD", "1.5", "KWD", "1.500 KWD"),
        ("0.12345 UAH", "0.12345", "UAH", "0.12345 UAH"),
        ("7 zł", "7", "PLN", "7.00 PLN"),
    ],
)
def test_money_is_read_as_people_write_it(written: str, amount: str, currency: str, shown: str) -> None:
    value = parse(ValueType.MONEY, written, zone=KYIV, country="UA")
    assert value == Money(Decimal(amount), currency)
    assert show(value) == str(value) == shown


@pytest.mark.parametrize(
    "written",
    ["", "120", "UAH", "12 XYZ", "12 UAH UAH", "1,234.50 UAH", "12 34 UAH", "¥5", "9" * 40 + " UAH", "1e5 UAH"],
)
def test_what_is_no_money_is_told_how_to_write_it(written: str) -> None:
    with pytest.raises(BadValueError, match=r"write 120\.50 UAH|write its code|write 12"):
        parse_money(written)


def test_each_currency_has_its_minor_units() -> None:
    assert (CURRENCIES["JPY"], CURRENCIES["UAH"], CURRENCIES["KWD"]) == (0, 2, 3)
    assert all(len(code) == 3 and code.isupper() for code in CURRENCIES)
    assert str(money_of(Decimal("2.5"), "JPY").rounded()) == "3 JPY"
    assert str(money_of(Decimal("2.675"), "EUR").rounded()) == "2.68 EUR"
    assert str(money_of(Decimal("-2.675"), "EUR").rounded()) == "-2.68 EUR"
    assert str(money_of(Decimal("1.00049"), "KWD").rounded()) == "1.000 KWD"


@given(st.decimals(min_value=-(10**15), max_value=10**15, places=4), st.sampled_from(sorted(CURRENCIES)))
def test_what_is_shown_is_read_back(amount: Decimal, currency: str) -> None:
    money = Money(amount, currency)
    assert parse_money(show_money(money)) == money
    assert from_json(json.loads(json.dumps(to_json(money)))) == money


def test_currencies_do_not_mix() -> None:
    five, seven = money_of(Decimal(5), "UAH"), money_of(Decimal(7), "USD")
    assert str(five + five) == "10.00 UAH"
    assert five < five * Decimal(2)
    for compute in (lambda: five + seven, lambda: five - seven, lambda: five < seven, lambda: five >= seven):
        with pytest.raises(BadValueError, match=r"does not go with 5\.00 UAH and 7\.00 USD"):
            compute()


def test_a_variable_takes_money_as_a_text_and_nothing_else() -> None:
    assert convert("12 грн", ValueType.MONEY, zone=KYIV, country="UA") == Money(Decimal(12), "UAH")
    assert convert(Money(Decimal(12), "UAH"), ValueType.TEXT, zone=KYIV, country="UA") == "12.00 UAH"
    assert type_of(Money(Decimal(1), "UAH")) is ValueType.MONEY
    with pytest.raises(BadValueError, match="a number does not fit into a money"):
        convert(12, ValueType.MONEY, zone=KYIV, country="UA")


@pytest.mark.parametrize(
    ("type_", "written", "value"),
    [
        (ValueType.LIST, '["a", 12, 1.50, true, null]', ["a", Decimal(12), Decimal("1.5"), True, None]),
        (ValueType.LIST, "", []),
        (ValueType.RECORD, '{"name": "Ann", "tags": ["x"]}', {"name": "Ann", "tags": ["x"]}),
        (ValueType.RECORD, " ", {}),
    ],
)
def test_lists_and_records_are_written_as_json(type_: ValueType, written: str, value: object) -> None:
    assert parse(type_, written, zone=KYIV, country="UA") == value


@pytest.mark.parametrize(
    ("type_", "written", "words"),
    [
        (ValueType.LIST, "a, b", "is no JSON: see character 1"),
        (ValueType.LIST, "[1,", "is no JSON"),
        (ValueType.LIST, '{"a": 1}', r'write \["a", 12\]'),
        (ValueType.RECORD, "[1]", 'write {"name": "Ann"}'),
        (ValueType.LIST, "[1e999]", "too many digits"),
        (ValueType.LIST, "[NaN]", "is no number"),
        (ValueType.LIST, "[" * 5000, "nested too deeply"),
        (ValueType.LIST, "[" * 30 + "]" * 30, "nested too deeply"),
    ],
)
def test_a_bad_list_or_record_says_how_to_write_one(type_: ValueType, written: str, words: str) -> None:
    with pytest.raises(BadValueError, match=words):
        parse(type_, written, zone=KYIV, country="UA")

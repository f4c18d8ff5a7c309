import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cordboard.scenario.values import BadValueError, ValueType, convert, from_json, parse, show, to_json
from cordboard.telephony import PhoneNumber

KYIV = ZoneInfo("Europe/Kyiv")


def read(type_: ValueType, text: str) -> Any:
    return parse(type_, text, zone=KYIV, country="UA")


@pytest.mark.parametrize(
    ("type_", "text", "value", "shown"),
    [
        (ValueType.NUMBER, "12,50", Decimal("12.5"), "12.5"),
        (ValueType.NUMBER, "-0.10", Decimal("-0.1"), "-0.1"),
        (ValueType.NUMBER, "1000000", Decimal(1000000), "1000000"),
        (ValueType.BOOLEAN, "Да", True, "true"),
        (ValueType.DATE, "2026-12-31", date(2026, 12, 31), "2026-12-31"),
        (ValueType.TIME, "09:30", time(9, 30), "09:30"),
        (ValueType.DATETIME, "2026-12-31 09:30", datetime(2026, 12, 31, 9, 30, tzinfo=KYIV), "2026-12-31 09:30"),
        (ValueType.DURATION, "1h30m", timedelta(minutes=90), "1h30m"),
        (ValueType.DURATION, "2d", timedelta(days=2), "2d"),
        (ValueType.DURATION, "1.5s", timedelta(seconds=1.5), "1.5s"),
        (ValueType.DURATION, "90", timedelta(seconds=90), "1m30s"),
        (ValueType.PHONE, "067 123 45 67", PhoneNumber("", "+380671234567"), "067 123 45 67"),
        (ValueType.LIST, "", [], ""),
    ],
)
def test_literals(type_: ValueType, text: str, value: Any, shown: str) -> None:
    assert read(type_, text) == value
    assert show(read(type_, text)) == shown


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        (ValueType.NUMBER, "1e5"),
        (ValueType.NUMBER, "NaN"),
        (ValueType.NUMBER, "9" * 40),
        (ValueType.NUMBER, ""),
        (ValueType.BOOLEAN, "maybe"),
        (ValueType.DATE, "31.12.2026"),
        (ValueType.DURATION, "30x"),
        (ValueType.DURATION, "m5"),
        (ValueType.DURATION, "99999999d"),
        (ValueType.LIST, "a, b"),
    ],
)
def test_a_bad_literal_says_how_to_write_one(type_: ValueType, text: str) -> None:
    with pytest.raises(BadValueError):
        read(type_, text)


def test_every_value_survives_a_checkpoint() -> None:
    value = {
        "a": [Decimal("1.50"), "x", True, None, timedelta(days=2, microseconds=3)],
        "b": {"p": PhoneNumber("067", "+38067"), "d": date(2026, 1, 2), "t": time(1, 2)},
        "c": datetime(2026, 1, 2, tzinfo=UTC),
    }
    back = from_json(json.loads(json.dumps(to_json(value))))
    assert back == value
    assert str(back["a"][0]) == "1.50"
    assert back["b"]["p"].written == "067"


def test_conversions_are_those_that_lose_nothing() -> None:
    assert convert("105", ValueType.NUMBER, zone=KYIV, country="UA") == Decimal(105)
    assert convert(7, ValueType.TEXT, zone=KYIV, country="UA") == "7"
    assert convert("0671234567", ValueType.PHONE, zone=KYIV, country="UA").canonical == "+380671234567"
    with pytest.raises(BadValueError, match="a boolean does not fit into a number"):
        convert(True, ValueType.NUMBER, zone=KYIV, country="UA")

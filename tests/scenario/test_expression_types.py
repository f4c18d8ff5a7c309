"""What fits what: at save where it can be known, in the run where not; always with its column and what to do."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cordboard.scenario.expressions import ExpressionError, Scope, compile_expression
from cordboard.scenario.values import Money, ValueType
from cordboard.telephony import PhoneNumber

T = ValueType
KYIV = ZoneInfo("Europe/Kyiv")
SCOPE = Scope(
    KYIV,
    "UA",
    {"debt": T.MONEY, "fee": T.MONEY, "nothing": T.MONEY, "n": T.NUMBER, "s": T.TEXT, "l": T.LIST, "r": T.RECORD}
    | {"day": T.DATE, "late": T.DATE, "flag": T.BOOLEAN},
)
VALUES: dict[str, Any] = {
    "debt": Money(Decimal("120.50"), "UAH"),
    "fee": Money(Decimal(3), "USD"),
    "nothing": None,
    "n": Decimal(2),
    "s": "067 123-45-67",
    "l": ["a", Decimal(2), {"tel": "0671234567"}],
    "r": {"sum": Decimal(7), "tel": "0671234567", "none": None, "phone": PhoneNumber.parse("0671234567", country="UA")},
    "day": date(2026, 1, 31),
    "late": None,
    "flag": True,
    "caller": PhoneNumber.parse("+380671234567", country="UA"),
    "now": datetime(2026, 11, 23, 22, 30, tzinfo=KYIV),
    "waiting": timedelta(seconds=42),
}


def compute(text: str) -> Any:
    return compile_expression(text, SCOPE).evaluate(VALUES)


def fault_at_save(text: str) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text, SCOPE)
    return caught.value


def fault_in_the_run(text: str) -> ExpressionError:
    compiled = compile_expression(text, SCOPE)
    with pytest.raises(ExpressionError) as caught:
        compiled.evaluate(VALUES)
    return caught.value


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("debt + debt", Money(Decimal(241), "UAH")),
        ("debt * n - debt", Money(Decimal("120.50"), "UAH")),
        ("n * debt / debt", Decimal(2)),
        ("-debt < debt", True),
        ('debt > "100 UAH"', True),
        ('debt + "9,50 грн" = "130 ₴"', True),
        ('now + "2h" > now', True),
        ('waiting > "30s"', True),
        ('day < "2026-02-01"', True),
        ('caller = "067 123-45-67"', True),
        ("caller = phone(s)", True),
        ('r["phone"] = caller', True),
        ("l[1]", "a"),
        ("l[-2]", 2),
        ('l[3]["tel"]', "0671234567"),
        ('phone(r["tel"]) = caller', True),
        ("[1; 2; 3][-1]", 3),
        ('record("a"; [5])["a"][1] + 1', 6),
        ("empty(nothing) and empty(late) and empty(r[\"none\"])", True),
        ("nothing = debt", False),
        ("9 <= hour(now) < 23", True),
        ('one_of(day; "2026-01-30"; "2026-01-31")', True),
        ('between(time_of(now); "22:00"; "23:00")', True),
        ('choose(caller; "700"; "office"; "0671234567"; "Ann"; "nobody")', "Ann"),
        ('if_error(number(s); 0)', 0),
        ("flag and not (n = 1)", True),
        ('і(n = 2; flag)', True),
        ("n = 2 і flag або хиба", True),
        ("ЯКЩО(так; \"є\"; \"нема\")", "є"),
    ],
)  # fmt: skip
def test_values_of_one_type_go_together_and_literals_fit(text: str, result: Any) -> None:
    assert compute(text) == result


@pytest.mark.parametrize(
    ("text", "column", "words", "hint"),
    [
        ("debt > 100", 9, "`>` does not go with a money and a number", "amount(…)"),
        ("debt + n", 9, "`+` does not go with a money and a number", "amount(…)"),
        ("caller = s", 11, "a phone and a text", "turn the text into a phone: phone(…)"),
        ("debt = s", 9, "a money and a text", "turn the text into a money: money(…)"),
        ("day = now", 8, "a date and a datetime", "date_of(…)"),
        ("day > s", 8, "a date and a text", "parse_date(…)"),
        ('debt > "100"', 9, "'100' is no money: write 120.50 UAH", ""),
        ('debt > "5 XYZ"', 9, "'XYZ' is no currency", ""),
        ("debt * debt", 9, "`*` does not go with a money and a money", ""),
        ("detb + debt", 2, "no variable 'detb'", "did you mean 'debt'?; or declare it"),
        ("calller", 2, "no variable 'calller'", "did you mean 'caller'?"),
        ("uper(s)", 2, "no function 'uper'", "did you mean 'upper'?"),
        ("left(s; 1; 2)", 2, "left takes 1 to 2 arguments, not 3", "write left(text; [amount])"),
        ("if(flag; 1)", 2, "if takes 3 arguments, not 2", "if(condition; then; otherwise)"),
        ("ifs(flag; 1; flag; 2)", 2, "for all other cases", "otherwise"),
        ("abs(s)", 6, "abs takes a number or money or duration here, not a text", "write abs(value)"),
        ("round(debt)", 8, "round takes a number here, not a money", "amount(…)"),
        ("max(n; debt)", 9, "max takes values of one type, not a number and a money", ""),
        ('l["a"]', 4, "not by a text", "list[1]"),
        ("r[1]", 4, "not by a number", 'record["name"]'),
        ("s[1]", 2, "a text has no items", "mid()"),
        ("r.sum", 3, "'.' cannot stand", 'record["name"]'),
        ("12,5", 4, "',' cannot stand", "12.5 is written with a point"),
        ("n ^ 2", 4, "'^' cannot stand", "power(base; exponent)"),
        ("hour(09:30)", 9, "':' cannot stand", "time(9; 30)"),
        ('matches(s; "(")', 13, "'(' is no pattern", ""),
        ('format_date(day; "yesterday")', 19, "is no format: write DD.MM.YYYY", ""),
        ('money(5; "XYZ")', 11, "'XYZ' is no currency", ""),
        ('time_in_zone(now; "Mars/Base")', 20, "is no zone", ""),
        ('in_time_window(now; "9"; "25:00")', 22, "is no time of day: write 09:30", ""),
        ('number("x")', 2, "number: 'x' is no number", ""),
        ("date(2026; 2; 30)", 2, "there is no such day", ""),
        ('day + date(2026; 13; 1)', 8, "there is no such day", ""),
        ("1 / 0 + n", 2, "division by zero", ""),
        ('money("5 UAH") + money("5 USD")', 2, "does not go with 5.00 UAH and 5.00 USD", ""),
        ("sort([1; \"a\"])", 2, "a number and a text have no order", ""),
    ],
)  # fmt: skip
def test_a_fault_of_types_is_told_at_save(text: str, column: int, words: str, hint: str) -> None:
    fault = fault_at_save(text)
    assert words in fault.message
    assert fault.column == column
    assert hint in fault.hint


@pytest.mark.parametrize(
    ("text", "column", "words", "hint"),
    [
        ("debt + fee", 2, "120.50 UAH and 3.00 USD: convert_money turns", ""),
        ("debt = fee", 2, "120.50 UAH and 3.00 USD", ""),
        ("debt < nothing", 2, "there is no value yet", "empty(name)"),
        ("n + amount(nothing)", 6, "amount: there is no value yet", "empty(name)"),
        ("debt + nothing", 2, "there is no value yet", "empty(name)"),
        ('upper(r["sum"])', 8, "upper takes a text here, not '7'", ""),
        ('r["tel"] = caller', 2, "`=` does not go with a text and a phone", ""),
        ('r["smu"]', 2, "no field 'smu'", "did you mean 'sum'?"),
        ("l[4]", 2, "3 items, there is no item 4", "the last -1"),
        ("l[0]", 2, "there is no item 0", "the first is 1"),
        ("l[1.5]", 2, "there is no item 1.5", ""),
        ('1 + number(s)', 6, "number: '067 123-45-67' is no number", ""),
        ('one_of(l[2]; s)', 9, "one_of takes a text here, not '2'", ""),
        ("one_of(l[2]; r[\"tel\"])", 2, "one_of takes values of one type, not a number and a text", ""),
        ("if(l[1]; 1; 2)", 5, "true or false is expected", ""),
    ],
)  # fmt: skip
def test_what_only_the_run_can_know_has_its_place_too(text: str, column: int, words: str, hint: str) -> None:
    fault = fault_in_the_run(text)
    assert words in fault.message
    assert fault.column == column
    assert hint in fault.hint


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("debt * 2", T.MONEY),
        ("debt / debt", T.NUMBER),
        ("min(debt; fee)", T.MONEY),
        ("if(flag; debt; fee)", T.MONEY),
        ("if(flag; debt; n)", None),
        ("coalesce(s; \"x\")", T.TEXT),
        ("l[1]", None),
        ("[1; 2][1]", T.NUMBER),
        ("now - now", T.DURATION),
        ("find_by(l; \"a\"; 1)", None),
        ("one_of(n; 1)", T.BOOLEAN),
    ],
)  # fmt: skip
def test_the_type_is_known_at_save_where_it_can_be(text: str, type_: ValueType | None) -> None:
    assert compile_expression(text, SCOPE).type is type_


def test_what_is_always_the_same_is_computed_once() -> None:
    folded = compile_expression('upper("a") & repeat("b"; 3) & text(phone("700"))', SCOPE)
    assert folded.constant
    assert folded.evaluate({}) == "Abbb700"
    assert not compile_expression("n + 1", SCOPE).constant
    # A branch that is perhaps never computed may be wrong.
    assert compile_expression("if(n = 2; 1; 1 / 0)", SCOPE).evaluate(VALUES) == 1
    assert compile_expression('flag or number("x") = 1', SCOPE).evaluate(VALUES) is True
    assert compile_expression('if_error(number("x"); 5)', SCOPE).evaluate(VALUES) == 5

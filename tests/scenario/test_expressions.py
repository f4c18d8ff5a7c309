import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cordboard.scenario.expressions import (
    BUILTINS,
    CALL_DATA,
    ExpressionError,
    Scope,
    compile_expression,
    compile_template,
)
from cordboard.scenario.values import ValueType
from cordboard.telephony import PhoneNumber

T = ValueType
SCOPE = Scope(
    ZoneInfo("Europe/Kyiv"),
    "UA",
    {"x": T.NUMBER, "имя": T.TEXT, "l": T.LIST, "r": T.RECORD, "d": T.DATE, "t": T.DURATION, "none": T.DATE},
)
VALUES: dict[str, Any] = {
    "x": Decimal(5),
    "имя": "Вася",
    "l": ["a", Decimal(2)],
    "r": {"sum": Decimal(7)},
    "d": date(2026, 1, 31),
    "t": timedelta(minutes=2),
    "none": None,
    "caller": PhoneNumber.parse("+380671234567", country="UA"),
    "caller_name": "",
    "dialled": PhoneNumber("700", "700"),
    "line": "city",
    "transferred_by": "",
    "chain": "c",
    "now": datetime(2026, 1, 1, 22, 30, tzinfo=UTC),
    "today": date(2026, 1, 2),
    "error": "",
    "waiting": timedelta(seconds=40),
    "run": "r1",
    "user": "",
    "scenario": "main",
    "language": "uk",
    "release": Decimal(3),
}


def compute(text: str) -> Any:
    return compile_expression(text, SCOPE).evaluate(VALUES)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("-x + 1", -4),
        ("0.1 + 0.2 = 0.3", True),
        ('"a" & x + 1 & имя', "a6Вася"),
        ("1 < x < 6", True),
        ("x <> 5 or имя = \"Вася\"", True),
        ("и(x=5; не(имя=\"\"))", True),
        ('если(x > 3; "да"; "нет")', "да"),
        ("if(x = 5; 1; 1/0)", 1),
        ('caller = "0671234567"', True),
        ('caller = "067 123-45-67"', True),
        ('caller <> "0671234568"', True),
        ('dialled = "700"', True),
        ('"say ""hi"""', 'say "hi"'),
        ("l[2] + 1", 3),
        ('r["sum"] / 2', Decimal("3.5")),
        ("len(имя) = длина(имя)", True),
        ("left(имя; 2) & right(имя; 1) & mid(имя; 2; 2)", "Вася" [:2] + "я" + "ас"),
        ("hour(now)", 0),
        ("weekday(date_of(now))", 5),
        ("add_months(d; 1)", date(2026, 2, 28)),
        ("d + 1", date(2026, 2, 1)),
        ('t < "3m"', True),
        ("t * 2 = duration(\"4m\")", True),
        ("now - now = duration(\"0s\")", True),
        ("mod(7; -3)", -2),
        ("round(2.5)", 3),
        ("round(1234.567; -2)", 1200),
        ("max(1; x; 3)", 5),
        ('number("12,50")', Decimal("12.5")),
        ('is_number("12a")', False),
        ('substitute("a-b-c"; "-"; "")', "abc"),
        ('join(split("a,b"; ","); "+")', "a+b"),
        ("empty(none) and empty(\"\")", True),
        ("none = d", False),
        ("not x = 6", True),
        ("phone_digits(caller)", "380671234567"),
        ("starts_with(caller; \"+38067\")", True),
        ("TRUE", True),
    ],
)  # fmt: skip
def test_results(text: str, result: Any) -> None:
    assert compute(text) == result


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("x.y", 3, "'.' cannot stand"),
        ("nobody + 1", 2, "no variable 'nobody'"),
        ("x + имя", 6, "does not go with a number and a text"),
        ("caller = имя", 11, "phone and a text"),
        ('x = "a"', 6, "is no number"),
        ("mid(имя)", 2, "takes 2 to 3 arguments, not 1"),
        ("upper(x)", 8, "upper takes a text here, not a number"),
        ("upper", 2, "no variable 'upper'"),
        ("foo(1)", 2, "no function 'foo'"),
        ("(1 + 2", 2, "not complete"),
        ("if(x; 1; 2)", 5, "true or false is expected"),
        ("x and 1", 2, "true or false is expected"),
        ("1, 2", 3, "',' cannot stand"),
        ("x ** 2", 5, ""),
        ("x == 5", 5, ""),
        ("", 1, ""),
        ("x if x else x", 4, ""),
        ("lambda: 1", 8, ""),
        ("[i for i in l]", 3, ""),
        ("1 in l", 7, "`in`"),
        ("x + 1x", 6, "cannot stand"),
        ("(1)(1)", 2, "only a function"),
        ("l[1;2]", 2, "one item"),
    ],
)
def test_faults_are_found_before_the_run_with_their_column(text: str, column: int, words: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text, SCOPE)
    assert words in caught.value.message
    assert caught.value.column == column


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 / 0", "division by zero"),
        ("l[3]", "2 items"),
        ('r["no"]', "no field 'no'"),
        ("none + 1", "no value yet"),
        ('number("x")', "is no number"),
        ("date(2026; 2; 30)", "no such day"),
        ("99999999999999999999 * 99999999999999999999", "more than 30 digits"),
        ("d + 99999999", "too large"),
    ],
)
def test_faults_of_the_run_have_words(text: str, words: str) -> None:
    with pytest.raises(ExpressionError, match=words):
        compute(text)


@pytest.mark.parametrize(
    "text",
    [
        '__import__("os")',
        "().__class__",
        "caller.__class__",
        "globals()",
        'open("/etc/passwd")',
        'f"{x}"',
        '"%s" % x',
        '"{0.__class__}"',
        "9 ** 9 ** 9",
        "(lambda: 1)()",
        "x := 1",
        "`ls`",
        "exec(1)",
        "n0",
        "_",
    ],
)
def test_nothing_outside_can_be_reached(text: str) -> None:
    try:
        value = compute(text)
    except ExpressionError:
        return
    assert value == "{0.__class__}"


@pytest.mark.parametrize(
    "text",
    [
        "(" * 900 + "1" + ")" * 900,
        "-" * 1900 + "1",
        "not " * 450 + "true",
        "+".join(["1"] * 900),
        "&".join(['"a"'] * 400),
        "1" * 1999,
        "x" * 2001,
        "[" * 60 + "]" * 60,
        "if(true;" * 100,
        "substitute(" * 50 + '"a"' + ';"a";"aaaaaaaaaaaaaaaaaaaa")' * 50,
    ],
    ids=range(10),
)
def test_nothing_takes_long_or_much(text: str) -> None:
    began = time.perf_counter()
    with pytest.raises(ExpressionError):
        compute(text)
    assert time.perf_counter() - began < 1.0


def test_the_names_that_every_scenario_has_are_typed_and_explained() -> None:
    assert set(VALUES) >= set(BUILTINS)
    assert all(datum.help.endswith(".") for datum in CALL_DATA.values())
    for name, type_ in BUILTINS.items():
        assert compile_expression(name, SCOPE).type is type_


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("Hello {имя}!", "Hello Вася!"),
        ("{x + 1} {t}", "6 2m"),
        ("{{x}}", "{x}"),
        ('{if(x = 5; "}"; "")}', "}"),
        ("plain", "plain"),
    ],
)
def test_inserts(text: str, result: str) -> None:
    assert compile_template(text, SCOPE).evaluate(VALUES) == result


@pytest.mark.parametrize(("text", "column"), [("a {x", 3), ("a }", 3), ("a {nobody}", 4), ("{r}", 2)])
def test_a_bad_insert_has_its_column(text: str, column: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_template(text, SCOPE)
    assert caught.value.column == column

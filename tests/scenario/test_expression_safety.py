"""Whatever is written: an expression computes, or raises ExpressionError with its place; never more, never long."""

import re
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cordboard.scenario.expressions import (
    FUNCTIONS,
    LAZY_NAMES,
    Compiled,
    ExpressionError,
    Scope,
    compile_expression,
    compile_template,
)
from cordboard.scenario.expressions.errors import MAX_ITEMS, MAX_TEXT
from cordboard.scenario.values import Money, ValueType, from_json, show, to_json, type_of
from cordboard.telephony import PhoneNumber

T = ValueType
TYPES = {"x": T.NUMBER, "имя": T.TEXT, "l": T.LIST, "r": T.RECORD, "d": T.DATE, "t": T.DURATION, "m": T.MONEY}
TYPES |= {"none": T.DATE, "long": T.TEXT, "many": T.LIST, "deep": T.LIST, "big": T.NUMBER, "small": T.NUMBER}
SCOPE = Scope(ZoneInfo("Europe/Kyiv"), "UA", TYPES)
DEEP: list[Any] = ["x"]
for _ in range(13):
    DEEP = [DEEP, DEEP]
VALUES: dict[str, Any] = {
    "x": Decimal(5),
    "имя": "Вася",
    "l": ["a", Decimal(2), None, {"f": Decimal(1)}, ["b"]],
    "r": {"sum": Decimal(7), "tel": "0671234567", "no": None},
    "d": date(2026, 1, 31),
    "t": timedelta(minutes=2),
    "m": Money(Decimal("12.5"), "UAH"),
    "none": None,
    "long": "ab " * (MAX_TEXT // 3),
    "many": [Decimal(number) for number in range(MAX_ITEMS)],
    "deep": DEEP,
    "big": Decimal(10) ** 29,
    "small": Decimal("1e-20"),
    "caller": PhoneNumber.parse("+380671234567", country="UA"),
    "now": datetime(2026, 1, 1, 22, 30, tzinfo=UTC),
}


def outcome(build: Callable[[str, Scope], Compiled], text: str, values: dict[str, Any] | None = None) -> Any:
    """What it computes, or its error; anything else fails the test."""
    try:
        return build(text, SCOPE).evaluate(VALUES if values is None else values)
    except ExpressionError as error:
        return error


def check(text: str, found: Any) -> None:
    if isinstance(found, ExpressionError):
        assert found.message
        assert 0 <= found.column <= len(text) + 2
        return
    type_of(found)
    assert found is None or len(show(found)) <= 100 * MAX_TEXT
    assert from_json(to_json(found)) == found


PIECES = ["x", "имя", "l", "r", "d", "t", "m", "none", "caller", "now", "1", "0.5", '"a"', '"0671234567"', "true", "="]
PIECES += ["+", "-", "*", "/", "&", "<>", "<", ">=", "(", ")", "[", "]", ";", "and", "or", "not", " ", "in", ".", "{"]
PIECES += [f"{name}(" for name in FUNCTIONS] + [f"{name}(" for name in LAZY_NAMES]


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(max_size=40))
@pytest.mark.slow
def test_any_text_computes_or_raises_expression_error(text: str) -> None:
    for build in (compile_expression, compile_template):
        check(text, outcome(build, text))


LEAVES = ["x", "имя", "l", "r", "d", "t", "m", "none", "caller", "now", "l[1]", "l[2]", "l[3]", 'r["sum"]', '""', "-1"]
LEAVES += ['"a"', "0", "1", "2.5", "10000000000", "big", "small", '"2026-01-01"', '"1h"', '"UAH"', '"5 UAH"', "true"]
LEAVES += [
    '"(a+)+$"',
    '"DD.MM"',
    '"09:00"',
    '"[1,{}]"',
    "[1;2]",
    "[[1];l]",
    'r["no"]',
    '"sum"',
    '"tel"',
    '"Europe/Kyiv"',
]


def call(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """A call of any function with about as many arguments as it takes, an operation, an item."""
    names = sorted({function.name for function in FUNCTIONS.values()})
    counted = st.sampled_from(names).flatmap(
        lambda name: st.lists(
            inner, min_size=FUNCTIONS[name].least, max_size=FUNCTIONS[name].most or FUNCTIONS[name].least + 2
        ).map(lambda items: f"{name}({';'.join(items)})")
    )
    lazy = st.tuples(
        st.sampled_from(["if", "ifs", "choose", "coalesce", "if_error"]), st.lists(inner, min_size=2, max_size=5)
    ).map(lambda pair: f"{pair[0]}({';'.join(pair[1])})")
    operation = st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "&", "=", "<", " and "]), inner).map(
        lambda parts: f"({''.join(parts)})"
    )
    item = st.tuples(inner, inner).map(lambda parts: f"{parts[0]}[{parts[1]}]")
    return counted | counted | lazy | operation | item


@settings(max_examples=1500, deadline=None)
@given(st.recursive(st.sampled_from(LEAVES), call, max_leaves=8))
@pytest.mark.slow
def test_well_formed_expressions_compute_or_raise_expression_error(text: str) -> None:
    check(text, outcome(compile_expression, text))


@pytest.mark.parametrize("name", sorted({function.name for function in FUNCTIONS.values()}))
def test_a_function_bears_any_values_at_run_time(name: str) -> None:
    """Through `l[…]` no type is known at save, so each value reaches the checks of the run."""
    function = FUNCTIONS[name]
    hidden = {"l": [*VALUES.values(), "", "(", "a" * 1000, [], {}, True, Decimal(-1), Decimal("0.5")]}
    count = len(hidden["l"])
    for shift in range(0, count, 3):
        for amount in range(function.least, (function.most or function.least + 2) + 1):
            arguments = ";".join(f"l[{(shift + index * 5) % count + 1}]" for index in range(amount))
            text = f"{name}({arguments})"
            found = outcome(compile_expression, text, hidden)
            if isinstance(found, ExpressionError):
                assert 0 < found.column <= len(text) + 1, text
            else:
                type_of(found)


ESCAPES = [
    '__import__("os")', "().__class__", "caller.__class__", "globals()", 'open("/etc/passwd")', 'f"{x}"', '"%s" % x',
    "9 ** 9 ** 9", "(lambda: 1)()", "x := 1", "`ls`", "exec(1)", 'eval("1")', "n0", "_", "__builtins__", "x.__init__",
    "[].append", 'getattr(caller; "canonical")', "caller[\"canonical\"]", "m[\"currency\"]", "r.keys",
    "r[\"__class__\"]",
    'l["__len__"]', "{x for x in l}", "[y for y in l]", "{1: 2}", "x if x else x", "await x", "yield", "*l", "**r",
    "print(x)", "left(*l)", "left(text=имя; 1)", "x; y", "import os", "x\nimport os", "x # comment", "'a'", "b\"a\"",
    '"a" "b"', "0x10", "1e5", "1_000", "1j", "...", "x @ x", "x // 2", "x | x", "x ^ x", "~x", "x << 2", "x is x",
    "x in l", "True", "None", "ﬁnd(имя; имя)", "x\x00", "\\x41", "l[1:2]", "l[::]", "л.л", "ｘ", "x" * 300 + "(1)",
    'file("/etc/passwd")', 'json_path(r; "__class__")', 'field(r; "__class__")',
    'time_in_zone(now; "../../etc/passwd")',
    'time_in_zone(now; "/etc/passwd")', "date_in_zone(now; имя)",
]  # fmt: skip


@pytest.mark.parametrize("text", ESCAPES)
def test_nothing_outside_can_be_reached(text: str) -> None:
    found = outcome(compile_expression, text)
    assert isinstance(found, ExpressionError) or text in {"True", 'json_path(r; "__class__")', 'field(r; "__class__")'}
    assert isinstance(found, ExpressionError) or found in {None, True}


def test_no_file_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: Any, **more: Any) -> Any:
        raise AssertionError(f"a file is opened: {given}")

    outcome(compile_expression, 'time_in_zone(now; "Asia/Tokyo")')  # The zones of the tz database are read once.
    monkeypatch.setattr("builtins.open", refuse)
    monkeypatch.setattr(Path, "read_text", refuse)
    for text in ESCAPES:
        outcome(compile_expression, text)


def nested(name: str, times: int, rest: str = "") -> str:
    return f"{name}(" * times + "имя" + f"{rest})" * times


COSTLY = [
    "power(9; power(9; 9))", "power(big; 10000)", "power(1.0000001; 10000)", "power(small; -9999)",
    "sqrt(big) * big * big",
    "1" * 1999, "(" * 900 + "1" + ")" * 900, "-" * 1900 + "1", "not " * 450 + "true", "+".join(["1"] * 900),
    "&".join(['"a"'] * 400), "[" * 60 + "]" * 60, "if(true;" * 100, "x" * 2001, "{" * 1000, "&".join(["long"] * 50),
    'repeat("a"; 10000000000)', "repeat(long; 1000)", nested("repeat", 40, "; 1000"), 'pad_left("a"; big)',
    'pad_right(имя; 100001; "x")', "range(1; big)", "range(0; 1; small)", "split(long; \" \")", "words(long)",
    'substitute(long; "a"; long)', 'join(many; long)', "many + many", "append(many; 1)", "[many; many; many]",
    "flatten([many; many])", "[deep; deep; deep; deep]", "text(deep)", 'join([deep]; "")', "json_text([deep])",
    "url_encode(long) & long", "html_encode(substitute(long; \"a\"; \"&\"))", "base64_encode(long) & long",
    'matches(long; "(a+)+$")', 'extract_all(long; ".*?")', 'matches(repeat("a"; 20000); "(a|a)*b")',
    'matches(repeat("a"; 20000); "(?:a?){500}a{500}b")', 'extract_all(repeat("a"; 20000); "a.*b|a")',
    'extract_all(repeat("a"; 20000); "")', 'replace_pattern(repeat("a"; 20000); "a"; repeat("b"; 1000))',
    'matches("a"; "((a{1,100}){1,100}){1,100}")', 'matches("a"; repeat("("; 400))',
    'split_pattern(repeat("a"; 20000); "a")',
    'like(repeat("a"; 20000); repeat("*a"; 30))', 'like(repeat("a"; 20000); repeat("*a"; 20) & "b")',
    'json_parse(repeat("["; 90000))', 'json_parse("1" & repeat("0"; 90000))', 'json_parse("1e999999999")',
    'json_parse("[" & repeat("1,"; 40000) & "1]")', 'json_path("[1]"; repeat("[0]"; 1000))',
    "workdays(\"1900-01-01\"; \"8999-01-01\")", 'add_workdays("2026-01-01"; 1000000)', "add_days(d; big)",
    "add_months(d; big)", "date(big; 1; 1)", "from_unix(big)", "duration(big)", "t * big", "d + big",
    "now + t * 1000000000",
    "duration_of(big)", "char(big)", "spaced(long; 1) & spaced(long)", "left(long; big)", "round(big; 20)",
    "format_number(big; 20)", "money(big; \"UAH\") * big", "plural(big; \"a\"; \"b\"; \"c\")", "number(long)",
    "chunks(many; 1) + chunks(many; 1)", "count_by(many)", "sort(unique(reverse(many)))", "phone(long)",
    'phone_in(caller; many)', "transliterate(long) & long", "proper(long) & long", "lines(long)", "trim(long) & long",
    'parse_date(long; "DD")', 'format_date(d; repeat("DD"; 60))', "md5(long) & sha256(long)",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("text", COSTLY, ids=lambda text: text[:40])
def test_nothing_takes_long_or_much(text: str) -> None:
    tracemalloc.start()
    began = time.perf_counter()
    found = outcome(compile_expression, text)
    took = time.perf_counter() - began
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    check(text, found)
    # Tracing memory makes it some ten times slower; the machine may be busy, too.
    assert took < 5
    assert peak < 100e6


def test_lists_of_lists_do_not_grow_unseen() -> None:
    """l = [l; l] again and again takes no memory, until it is shown or kept."""
    value: Any = ["x"]
    scope = Scope(SCOPE.zone, "UA", {"l": T.LIST})
    for _ in range(100):
        found = outcome(lambda text, _: compile_expression(text, scope), "[l; l]", {"l": value})
        if isinstance(found, ExpressionError):
            assert "deep inside each other" in found.message or "too large" in found.message
            return
        value = found
    pytest.fail("it grows without end")


def test_records_that_are_merged_have_a_bound_too() -> None:
    scope = Scope(SCOPE.zone, "UA", {"r": T.RECORD, "s": T.TEXT})
    compiled = compile_expression("with_field(r; s; r)", scope)
    value: dict[str, Any] = {"long": "x" * 50_000}
    for number in range(5):
        value = compiled.evaluate({"r": value, "s": f"f{number}"})
    with pytest.raises(ExpressionError, match="too large"):
        compiled.evaluate({"r": value, "s": "last"})


NUMERIC = st.recursive(
    st.integers(0, 99).map(str) | st.sampled_from(["x", "0.5", "2.25"]),
    lambda inner: (
        st.tuples(inner, st.sampled_from([" + ", " - ", " * ", "-", "*"]), inner).map("".join)
        | inner.map(lambda each: f"({each})")
        | inner.map(lambda each: f"-{each}")
    ),
    max_leaves=12,
)
LOGICAL = st.recursive(
    st.tuples(NUMERIC, st.sampled_from(["<", "<=", ">", ">=", "=", "<>"]), NUMERIC).map(" ".join),
    lambda inner: (
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join)
        | inner.map(lambda each: f"not {each}")
        | inner.map(lambda each: f"({each})")
    ),
    max_leaves=5,
)


@settings(max_examples=500, deadline=None)
@given(NUMERIC | LOGICAL)
@pytest.mark.slow
def test_operators_bind_and_compute_as_pythons_do(text: str) -> None:
    python = re.sub(r"(?<![<>])=", "==", text).replace("<>", "!=")
    python = re.sub(r"\d+(\.\d+)?", lambda match: f"D('{match[0]}')", python)
    assert outcome(compile_expression, text) == eval(python, {"D": Decimal, "x": VALUES["x"]})


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="(a|b)*+?{1,9}[^]\\d.$", max_size=30), st.text(alphabet="ab1 ", max_size=200))
@pytest.mark.slow
def test_any_pattern_finds_or_is_refused(pattern: str, text: str) -> None:
    scope = Scope(SCOPE.zone, "UA", {"p": T.TEXT, "s": T.TEXT})
    for name, rest in (("matches", ""), ("extract_all", ""), ("replace_pattern", '; "$1x"'), ("like", "")):
        found = outcome(
            lambda each, _: compile_expression(each, scope), f"{name}(s; p{rest})", {"s": text, "p": pattern}
        )
        assert not isinstance(found, ExpressionError) or found.column == 2


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
@pytest.mark.slow
def test_any_text_is_read_or_refused_by_every_reader(text: str) -> None:
    scope = Scope(SCOPE.zone, "UA", {"s": T.TEXT})
    readers = ["number", "money", "phone", "duration", "parse_date", "parse_time", "parse_datetime", "boolean"]
    for name in [*readers, "json_parse", "base64_decode", "url_decode", "transliterate", "proper"]:
        check(name, outcome(lambda each, _: compile_expression(each, scope), f"{name}(s)", {"s": text}))

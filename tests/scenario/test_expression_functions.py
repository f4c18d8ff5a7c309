"""Every function of the language: its examples, its names, its page of the manual."""

import re
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cordboard.scenario.expressions import (
    FUNCTIONS,
    LAZY,
    LAZY_NAMES,
    THEMES,
    ExpressionError,
    Function,
    LazyFunction,
    Scope,
    Theme,
    compile_expression,
)
from cordboard.scenario.expressions.functions import by_name
from cordboard.scenario.expressions.manual import pages
from cordboard.scenario.expressions.tokens import parse
from cordboard.scenario.values import ValueType, show
from cordboard.testing.architecture import ROOT

SCOPE = Scope(ZoneInfo("Europe/Kyiv"), "UA")
ALL: list[Function | LazyFunction] = [*LAZY, *(function for theme in THEMES for function in theme)]
EXAMPLES = [(function.name, *example) for function in ALL for example in function.examples]
FOLDER = ROOT / "docs/expressions"


@pytest.mark.parametrize(("name", "expression", "shown"), EXAMPLES, ids=[f"{n}-{e}" for n, e, _ in EXAMPLES])
def test_an_example_shows_what_the_manual_says(name: str, expression: str, shown: str) -> None:
    assert show(compile_expression(expression, SCOPE).evaluate({})) == shown


@pytest.mark.parametrize("function", ALL, ids=lambda function: function.name)
def test_a_function_is_explained_and_has_an_example_of_itself(function: Function | LazyFunction) -> None:
    assert re.fullmatch(r"[A-Z0-9].*\.", function.help)
    assert any(re.search(rf"\b{function.name}\b", expression) for expression, _ in function.examples)


@pytest.mark.parametrize("function", ALL, ids=lambda function: function.name)
def test_a_function_can_be_called_by_its_russian_and_ukrainian_name(function: Function | LazyFunction) -> None:
    for name in (function.russian, function.ukrainian):
        assert name == name.lower()
        assert FUNCTIONS.get(name) is function or LAZY_NAMES.get(name) is function
        tree = parse(f"{name.upper()}(1)").atoms
        assert tree["n0"].text.lower() == name  # type: ignore[union-attr]  # a name, not a constant


def test_there_are_more_than_a_hundred_and_no_name_means_two() -> None:
    assert len({function.name for function in ALL}) == len(ALL) > 150
    twice = Theme("x", "X", "")

    def upper(text: str) -> str:
        """A second one."""
        return text

    twice.function("прописн")(upper)
    with pytest.raises(ValueError, match="upper and upper are both called upper"):
        by_name([FUNCTIONS["upper"], *twice])
    assert not set(FUNCTIONS) & set(LAZY_NAMES)


def test_the_signature_is_the_type() -> None:
    left, phones, greatest = FUNCTIONS["left"], FUNCTIONS["has_prefix"], FUNCTIONS["max"]
    assert (left.signature, left.result, left.least, left.most) == ("left(text; [amount])", ValueType.TEXT, 1, 2)
    assert [parameter.types for parameter in left.parameters] == [{ValueType.TEXT}, {ValueType.NUMBER}]
    assert (phones.signature, phones.most) == ("has_prefix(phone; prefix; [more; …])", None)
    assert (greatest.keeps, compile_expression('max("1h"; duration("2h"))', SCOPE).type) == (True, ValueType.DURATION)


def test_the_manual_in_docs_is_fresh() -> None:
    """If this fails: tools/write-expressions-docs."""
    assert {file.name: file.read_text(encoding="utf-8") for file in FOLDER.glob("*.md")} == dict(pages())


def test_links_of_the_manual_lead_somewhere() -> None:
    made = pages()
    for name, text in made.items():
        for page, anchor in re.findall(r"\]\(([\w.]*)(?:#([\w-]+))?\)", text):
            target = made[page or name]
            assert not anchor or re.search(rf"^## {anchor}$", target, re.MULTILINE | re.IGNORECASE), (name, anchor)


def test_the_examples_of_the_introduction_compile() -> None:
    types = {"attempts": "number", "status": "text", "customer": "record", "vip_numbers": "list", "debt": "money"}
    types |= {"name": "text", "numbers": "list", "row": "record", "row_phone": "text", "answer": "text"}
    scope = Scope(SCOPE.zone, SCOPE.country, {name: ValueType(word) for name, word in types.items()})
    text = pages()["README.md"]
    table = text[text.index("## Types") : text.index("### From one type")]
    block = [line[1:] for line in text.split("```")[1].splitlines() if line.startswith("=")]
    conversions = text[text.index("### From one type") : text.index("## Errors")]
    inline = [found for found in re.findall(r"`([^`]+)`", conversions) if found != "caller = row_phone"]
    cells = [line.split(" | ")[2].strip(" |`") for line in table.splitlines() if re.match(r"\| \w+ \| `", line)]
    assert (len(block), len(inline), len(cells)) == (4, 12, 11)
    for expression in [*block, *inline, *cells]:
        if "`" not in expression and "any characters" not in expression:
            compile_expression(expression, scope)
    with pytest.raises(ExpressionError) as caught:
        compile_expression("caller = row_phone", scope)
    assert caught.value.hint == "turn the text into a phone: phone(…)"


def value(text: str, **names: Any) -> Any:
    types = {name: ValueType.LIST if isinstance(given, list) else ValueType.RECORD for name, given in names.items()}
    return compile_expression(text, Scope(SCOPE.zone, SCOPE.country, types)).evaluate(names)


def test_rows_of_a_table_are_looked_up_by_phone_however_it_is_written() -> None:
    rows = [{"tel": "067 000-00-01", "name": "Ann"}, {"tel": "067 123-45-67", "name": "Bob"}, {"name": "Eve"}]
    assert value('find_by(rows; "tel"; phone("+380671234567"))["name"]', rows=rows) == "Bob"
    assert value('count(filter_by(rows; "tel"; phone("+380679999999")))', rows=rows) == 0
    assert value('phone_in(phone("0671234567"); pluck(rows; "tel"))', rows=rows) is True


def test_lists_are_never_changed_in_place() -> None:
    items, card = ["b", "a"], {"x": "1"}
    for text in ('append(l; "c")', "sort(l)", "reverse(l)", 'without(l; "a")', "unique(l)", "l + l", "flatten([l])"):
        value(text, l=items)
    for text in ('with_field(r; "x"; 2)', 'merge(r; record("y"; 1))', 'without_field(r; "x")'):
        value(text, r=card)
    assert (items, card) == (["b", "a"], {"x": "1"})

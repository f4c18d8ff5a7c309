import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cordboard.scenario.graph import Scenario, Step, Variable
from cordboard.scenario.text import EditError, edit, read, write

MENU = """\
# The office's front door.
scenario: office-menu
kind: voice
title: Office menu
variables:
  - {name: choice, type: text}   # what was pressed

start: greet

steps:
  greet:
    component: say   # says it
    text: "Hello: # 1"  # first words
    sql: |-
      select 1
      from x
    # where it goes
    exits:
      done: menu
  menu:
    component: choose
    keys:
      - {id: sales, key: "1", to: greet}

layout:
  greet: 10 20
"""


def test_every_scalar_is_the_text_that_was_written() -> None:
    text = MENU.replace("select 1", "x: 0671234567").replace("component: choose", "n: 0671234567\n    component: +38")
    scenario = read(text).scenario
    assert scenario is not None
    assert scenario.steps["menu"].properties["n"] == "0671234567"
    assert scenario.steps["menu"].component == "+38"
    assert scenario.steps["greet"].properties == {"text": "Hello: # 1", "sql": "x: 0671234567\nfrom x"}
    assert scenario.steps["menu"].properties["keys"] == [{"id": "sales", "key": "1", "to": "greet"}]
    assert scenario.layout == {"greet": (10, 20)}


def test_the_writer_has_one_property_a_line() -> None:
    scenario = read(MENU).scenario
    assert scenario is not None
    assert write(scenario) == (
        "scenario: office-menu\nkind: voice\ntitle: Office menu\n\n"
        "variables:\n  - {name: choice, type: text}\n\nstart: greet\n\nsteps:\n"
        '  greet:\n    component: say\n    text: "Hello: # 1"\n    sql: |-\n      select 1\n      from x\n'
        "    exits:\n      done: menu\n"
        "  menu:\n    component: choose\n    keys:\n      - {id: sales, key: 1, to: greet}\n\n"
        "layout:\n  greet: 10 20\n"
    )


AWKWARD = ["0671234567", "+380", "#", "true", "null", "~", "-", "*", "&a", "!b", "@x", "1e5", "yes", "2d", "'", '"']
AWKWARD += ["\\", "%x", "`", "|", ">", "?", "---", "…", "a:", "="]
AWKWARD += ["=a & b", "{name}, hi", "- x", "a: b", "a\nb", "a\n\nb\n", " a", "a ", "\n", "a\n b", "a\n#b", "", "a #b"]
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(AWKWARD)
names = st.text(st.sampled_from("abcdxyz_абв1"), min_size=1, max_size=8)
written = st.one_of(
    texts,
    st.lists(texts, max_size=3),
    st.dictionaries(texts.filter(bool), texts, max_size=3),
    st.lists(st.dictionaries(names, texts, min_size=1, max_size=3), min_size=1, max_size=3),
)
reserved = {"component", "exits", "version", "note"}


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    ids = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    steps = {
        name: Step(
            name,
            draw(names),
            draw(st.dictionaries(names.filter(lambda text: text not in reserved), written, max_size=4)),
            draw(st.dictionaries(names, names, max_size=3)),
            draw(st.integers(1, 9)),
            draw(texts),
        )
        for name in ids
    }
    declared = draw(st.dictionaries(names, texts, max_size=3))
    flags = st.fixed_dictionaries({flag: st.booleans() for flag in ("parameter", "secret", "session")})
    variables = [Variable(name, "text", value, **draw(flags)) for name, value in declared.items()]
    layout = {ids[0]: (draw(st.integers(-999, 999)), 5)}
    head = {name: draw(texts) for name in ("title", "description", "mode", "at_most", "key")}
    return Scenario(
        draw(names), "voice", ids[0], steps, variables, after_hangup=ids[-1], fault="", layout=layout, **head
    )


@settings(max_examples=150, deadline=None)
@given(scenarios())
@pytest.mark.slow
def test_what_was_written_reads_as_the_same(scenario: Scenario) -> None:
    reading = read(write(scenario))
    assert reading.faults == []
    assert reading.scenario == scenario


def test_an_edit_touches_only_the_lines_of_its_property() -> None:
    changed = edit(MENU, ("steps", "greet", "text"), "Bye")
    assert changed == MENU.replace('"Hello: # 1"', "Bye")
    changed = edit(MENU, ("steps", "greet", "sql"), "=x")
    assert changed == MENU.replace("|-\n      select 1\n      from x", "=x")
    changed = edit(MENU, ("steps", "greet", "text"), "a\nb")
    assert changed == MENU.replace('"Hello: # 1"  # first words', "|-  # first words\n      a\n      b")


def test_an_edit_adds_before_the_exits_and_takes_out() -> None:
    changed = edit(MENU, ("steps", "greet", "language"), "ru")
    assert changed == MENU.replace("    exits:\n", "    language: ru\n    exits:\n")
    assert edit(changed, ("steps", "greet", "language"), None) == MENU
    changed = edit(MENU, ("steps", "menu", "keys"), [{"id": "a", "key": "#"}])
    assert changed == MENU.replace('- {id: sales, key: "1", to: greet}', '- {id: a, key: "#"}')
    assert edit(MENU, ("title",), "Other") == MENU.replace("Office menu", "Other")


def test_an_edit_that_is_not_possible_says_so() -> None:
    with pytest.raises(EditError, match="not there or is written in braces"):
        edit(MENU, ("steps", "nowhere", "text"), "x")
    with pytest.raises(EditError, match="cannot be read"):
        edit("a: *b", ("title",), "x")


@settings(max_examples=80, deadline=None)
@given(st.sampled_from([("steps", "greet", "text"), ("steps", "menu", "new"), ("title",)]), texts)
@pytest.mark.slow
def test_any_text_can_be_put_in_by_an_edit(path: tuple[str, ...], value: str) -> None:
    reading = read(edit(MENU, path, value))
    assert reading.faults == []
    assert reading.scenario is not None
    found = reading.scenario.title if path == ("title",) else reading.scenario.steps[path[1]].properties[path[2]]
    assert found == value


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ("", "a scenario is a map", 1),
        ("- 1", "a scenario is a map", 1),
        ("scenario: *x", "references", 1),
        ("scenario: &a x", "anchors", 1),
        ("scenario: x\nkind: !!python/name:os.system x", "tags", 2),
        ("scenario: x\n---\nkind: voice", "a second document", 2),
        ("scenario: 'x", "this is no YAML", 1),
        ("scenario: \x00", "this is no YAML", 1),
        ("a: " + "[" * 5000, "nested too deeply", 1),
        pytest.param("a: [" + "x," * 70_000 + "]", "too much", 1, marks=pytest.mark.slow),
        ("#" * 1_000_001, "too large", 1),
        ("scenario: x\nscenario: y", "is there twice", 2),
        ("scenario: x\nsteps: 5", "steps are a map", 2),
        ("scenario: x\nsteps:\n  a:\n    component: b\n  a:\n    component: c", "is there twice", 5),
        ("scenario: x\nsteps:\n  a: [1, 2]", "a step is a map", 3),
        ("scenario: x\nsteps:\n  a:\n    component: [1]", "a text is expected", 4),
        ("scenario: x\ncolour: red", "unknown name 'colour'", 2),
        ("scenario: x\nsteps:\n" + "".join(f"  s{i}: {{component: x}}\n" for i in range(1001)), "1001 steps", 2),
    ],
)
def test_a_broken_text_is_a_fault_with_its_line(text: str, words: str, line: int) -> None:
    faults = read(text).faults
    assert [fault.line for fault in faults if words in fault.message] == [line]


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
@pytest.mark.slow
def test_no_text_crashes_the_reader(text: str) -> None:
    reading = read(text)
    assert reading.faults or reading.scenario


def test_mutations_of_a_good_text_never_crash_the_reader() -> None:
    source = random.Random(7)
    for _ in range(60):
        text = MENU
        for _ in range(source.randint(1, 4)):
            at = source.randrange(len(text))
            piece = source.choice(
                ["", ":", "\n", " ", "- ", "{", "}", "[", '"', "'", "#", "|", "\t", "*", "&", "!", "%"]
            )
            text = text[:at] + piece + text[at + source.randint(0, 3) :]
        read(text)

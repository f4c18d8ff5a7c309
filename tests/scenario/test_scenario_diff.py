"""The semantic diff: steps, properties, cords and variables instead of lines."""

import json

import pytest

from cordboard.scenario.diff import Change, Part, What, compare_all, compare_texts, tell

BEFORE = """\
scenario: menu
kind: voice
title: Menu
variables:
  - {name: n, type: number}
  - {name: pin, secret: true, value: 7}
start: greet
steps:
  greet:
    component: menu  # what it says
    texts:
      en: Hello
    keys:
      - {id: sales, key: 1, to: sales}
      - {id: help, key: 2, to: bye}
    exits:
      nothing_pressed: bye
  sales:
    component: dial
    number: 101
    exits: {busy: bye}
  bye:
    component: hang_up
layout:
  greet: 0 0
  sales: 10 20
"""


def told(*replaced: tuple[str, str], layout: bool = False) -> list[str]:
    after = BEFORE
    for old, new in replaced:
        assert old in after
        after = after.replace(old, new, 1)
    lines = tell(compare_texts("menu", BEFORE, after, layout=layout))
    assert lines[:1] == (["  scenario menu"] if lines else [])
    return [line.strip() for line in lines[1:]]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title: Menu", "title: The menu", ["~ title: Menu ⇒ The menu"]),
        ("title: Menu\n", "", ["- title: Menu"]),
        ("start: greet", "start: greet\nfault: bye", ["+ fault: bye"]),
        ("type: number", "type: text, session: true", ["~ variable n: number ⇒ text, session"]),
        ("  - {name: n, type: number}\n", "", ["- variable n: number"]),
        ("value: 7", "value: 8", ["~ variable pin: text, secret = 7 ⇒ text, secret = 8"]),
        ("number: 101", "number: 102", ["~ step sales: number: 101 ⇒ 102"]),
        ("number: 101", "number: 101\n    ring_time: 20s", ["+ step sales: ring_time: 20s"]),
        ("component: dial", "component: originate", ["~ step sales: component: dial ⇒ originate"]),
        ("component: dial", "component: dial\n    note: Olena's phone", ["+ step sales: note: Olena's phone"]),
        ("en: Hello", "en: Hello\n      uk: Привіт", ["~ step greet: texts: {en: Hello} ⇒ {en: Hello, uk: Привіт}"]),
        ("key: 1", "key: 9", ["~ step greet: keys.sales.key: 1 ⇒ 9"]),
        ("{id: sales, key: 1, to: sales}", "{id: sales, key: 1, to: bye}",
         ["~ step greet: exit sales → sales ⇒ bye"]),
        ("      - {id: help, key: 2, to: bye}\n", "",
         ["- step greet: keys.help.key: 2", "- step greet: exit help → bye"]),
        ("nothing_pressed: bye", "nothing_pressed: greet", ["~ step greet: exit nothing_pressed → bye ⇒ greet"]),
        ("    exits: {busy: bye}\n", "", ["- step sales: exit busy → bye"]),
        ("  bye:\n    component: hang_up\n", "", ["- step bye [hang_up]"]),
        ("layout:", "  wait:\n    component: pause\n    duration: 2s\nlayout:", ["+ step wait [pause]"]),
        ("  # what it says", "", ["~ comments, blanks or order alone; or the text cannot be read"]),
        ("kind: voice", "kind: [", ["~ comments, blanks or order alone; or the text cannot be read"]),
        ("sales: 10 20", "sales: 10 30", []),
    ],
)  # fmt: skip
def test_a_difference_is_told_in_the_words_of_the_language(old: str, new: str, said: list[str]) -> None:
    assert told((old, new)) == said


def test_rows_that_change_places_are_one_difference() -> None:
    first, second = "      - {id: sales, key: 1, to: sales}\n", "      - {id: help, key: 2, to: bye}\n"
    assert told((first + second, second + first)) == ["~ step greet: keys (order): sales help ⇒ help sales"]


def test_the_layout_is_told_if_asked_for() -> None:
    assert told(("sales: 10 20", "sales: 10 30"), layout=True) == ["~ step sales is shown elsewhere: 10 20 ⇒ 10 30"]


def test_the_layout_does_not_hide_what_else_has_changed() -> None:
    assert told(("10 20", "10 30"), ("number: 101", "number: 5")) == ["~ step sales: number: 101 ⇒ 5"]


def test_sets_of_scenarios_are_compared_by_name() -> None:
    changes = compare_all(
        {"a": "x", "menu": BEFORE, "z": "z"}, {"menu": BEFORE.replace("101", "102"), "b": "", "z": "z"}
    )
    assert changes == [
        Change(Part.SCENARIO, What.REMOVED, "a"),
        Change(Part.SCENARIO, What.ADDED, "b"),
        Change(Part.PROPERTY, What.CHANGED, "menu", "sales", "number", "101", "102"),
    ]
    assert tell(changes) == ["- scenario a", "+ scenario b", "  scenario menu", "    ~ step sales: number: 101 ⇒ 102"]
    assert json.loads(json.dumps([change.json() for change in changes]))[2] == {
        "part": "property", "what": "changed", "scenario": "menu", "step": "sales", "name": "number",
        "before": "101", "after": "102",
    }  # fmt: skip


def test_the_same_text_has_no_differences() -> None:
    assert compare_texts("menu", BEFORE, BEFORE) == []

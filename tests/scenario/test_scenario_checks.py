import random

import pytest

from cordboard.scenario.faults import Fault, Severity
from cordboard.scenario.program import check, compile_text
from cordboard.testing.steps import KYIV, TEST_CATALOGUE

GOOD = """\
scenario: main
kind: voice
variables:
  - {name: n, type: number, value: 3}
  - {name: name}
  - {name: pin, secret: true}
  - {name: when, type: date}
start: greet
after_hangup: later
fault: sorry
steps:
  greet:
    component: say
    text: Hello {name}
    exits: {done: menu}
  menu:
    component: choose
    keys:
      - {id: one, key: "1", to: count}
      - {id: two, key: "2", to: nested}
    exits: {nothing: greet}
  count:
    component: check
    condition: =n > 2 and caller = "0671234567"
    exits: {yes: more, no: bye}
  more:
    component: put
    into: n
    value: =n + 1
    exits: {done: bye}
  nested:
    component: call
    scenario: other
    exits: {done: bye}
  bye:
    component: end
  later:
    component: begin
    scenario: work
    values:
      phone: =caller
    exits: {done: bye}
  sorry:
    component: say
    text: =error
    exits: {done: bye}
"""
KNOWN = {"scenario": {"main", "other", "work"}}


def faults_of(text: str) -> list[Fault]:
    return check(text, TEST_CATALOGUE, zone=KYIV, country="UA", known=KNOWN, name="main")


def test_a_good_scenario_has_no_faults() -> None:
    assert faults_of(GOOD) == []


CONDITION = '    condition: =n > 2 and caller = "0671234567"'
END = "  bye:\n    component: end"
BROKEN = [
    # what is replaced, by what, where the fault is, its words, its hint
    ("component: say", "component: sey", (13, 5), "unknown component 'sey'", "did you mean 'say'"),
    ("{done: menu}", "{done: menue}", (15, 13), "no step 'menue'", "did you mean 'menu'"),
    ("{done: menu}", "{dome: menu}", (15, 13), "no exit 'dome'", "possible are done, error"),
    ("to: count}", "to: cuont}", (19, 9), "no step 'cuont'", "did you mean 'count'"),
    ("{nothing: greet}", "{one: greet}", (21, 13), "no exit 'one'", "the cord of a row stands in it as `to`"),
    ("id: two", "id: one", (20, 9), "the exit 'one' is there twice", ""),
    ("id: two", "id: nothing", (20, 9), "the exit 'nothing' is there twice", ""),
    ("text: Hello {name}", "text: Hello {nome}", (14, 18), "no variable 'nome'", "declare it"),
    ("text: Hello {name}", "txt: Hello", (14, 5), "unknown property 'txt'", "possible are text"),
    ("    text: Hello {name}\n", "", (12, 3), "property 'text' is missing", "What is said."),
    ("=n > 2 and", "=n > name and", (24, 21), "a number and a text", "number(…)"),
    (CONDITION, "    condition: =n >", (24, 19), "not complete", "look before and after"),
    ("condition: =n > 2", "condition: =n + 2", (24, 17), "true or false", ""),
    (CONDITION, "    condition: perhaps", (24, 5), "neither true nor false", ""),
    (CONDITION, "    condition: =n", (24, 16), "a boolean is expected here", ""),
    ("into: n", "into: m", (28, 5), "no variable 'm'", "declare it"),
    ("value: =n + 1", 'value: =caller & ""', None, "", ""),
    ("    value: =n + 1", "    value: =n > 1", (28, 5), "a boolean does not fit into 'n'", ""),
    ("scenario: other", "scenario: othr", (33, 5), "there is no scenario 'othr'", "did you mean 'other'"),
    ("kind: voice", "kind: voise", (2, 1), "unknown kind of scenario", "voice, service, dialog"),
    ("kind: voice", "kind: service", (13, 5), "'say' cannot stand in a service scenario", "voice scenarios"),
    ("scenario: main", "scenario: mine", (1, 1), "calls itself 'mine'", "write 'main'"),
    ("start: greet", "start: grete", (8, 1), "no step 'grete'", "did you mean 'greet'"),
    ("after_hangup: later", "after_hangup: late", (9, 1), "no step 'late'", ""),
    ("type: number, value: 3", "type: number, value: x", (4, 5), "'x' is no number", ""),
    ("type: date", "type: dat", (7, 5), "unknown type 'dat'", "did you mean 'date'"),
    ("name: when", "name: now", (7, 5), "'now' is there by itself", ""),
    ("name: when", "name: pin", (7, 6), "declared twice", ""),
    ("{done: bye}\n  nested", "{done: count}\n  nested",
     (22, 3), "a loop without waiting: count → more → count", "pause"),
    (END, "  bye:\n    component: wait\n    time: soon", (37, 5), "no duration", "How long."),
    (END, "  bye:\n    component: end\n    version: 2", (37, 5), "version 2 is newer", "update"),
    ("      - {id: one,", "      - {id: One,", (19, 10), "must be written as the pattern", ""),
    ('key: "1", to: count}', "to: count}", (19, 9), "property 'key' is missing", ""),
    ("      phone: =caller", "      phone: =coller", (41, 15), "no variable 'coller'", ""),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "place", "words", "hint"), BROKEN, ids=[case[1].strip() for case in BROKEN])
def test_a_fault_has_its_place_its_words_and_a_hint(
    old: str, new: str, place: tuple[int, int] | None, words: str, hint: str
) -> None:
    assert old in GOOD
    errors = [fault for fault in faults_of(GOOD.replace(old, new, 1)) if fault.severity is Severity.ERROR]
    if place is None:
        assert errors == []
        return
    assert [fault for fault in errors if words in fault.message and hint in fault.hint], errors
    fault = next(fault for fault in errors if words in fault.message and hint in fault.hint)
    assert (fault.line, fault.column) == place


def test_an_open_exit_and_a_lonely_step_are_warnings() -> None:
    text = GOOD.replace("    exits: {nothing: greet}\n", "").replace("after_hangup: later\n", "")
    faults = faults_of(text)
    assert [(fault.step, fault.severity, fault.message) for fault in faults] == [
        ("menu", Severity.WARNING, "the exit 'nothing' leads nowhere: the scenario ends there"),
        ("later", Severity.WARNING, "no cord leads to this step"),
    ]


def test_a_fault_reads_as_one_line() -> None:
    (fault,) = faults_of(GOOD.replace("into: n", "into: m"))
    assert str(
        fault
    ) == "28:5: error: step more into: there is no variable 'm' (did you mean 'n'?)" or "declare" in str(fault)


def test_what_a_scenario_names_outside_itself_is_known() -> None:
    checked = compile_text(GOOD, TEST_CATALOGUE, zone=KYIV, country="UA")
    assert checked.references == {"scenario": {"other", "work"}}


def test_a_long_chain_of_steps_is_checked() -> None:
    steps = [f"  s{i}: {{component: put, into: n, value: a, exits: {{done: s{i + 1}}}}}" for i in range(999)]
    text = "scenario: main\nkind: voice\nvariables:\n  - {name: n}\nstart: s0\nsteps:\n" + "\n".join(steps)
    assert faults_of(text + "\n  s999: {component: end}\n") == []


@pytest.mark.slow
def test_a_hundred_mutations_are_refused_or_fine_and_never_crash() -> None:
    source = random.Random(11)
    lines = GOOD.splitlines()
    refused = 0
    for _ in range(150):
        mutated = list(lines)
        at = source.randrange(len(mutated))
        match source.randrange(5):
            case 0:
                del mutated[at]
            case 1:
                mutated[at] = " " + mutated[at]
            case 2:
                mutated.insert(at, source.choice(lines))
            case 3:
                mutated[at] = mutated[at].replace(source.choice("abcdeinot:{}="), source.choice("xyz:{}[]\"'="))
            case _:
                mutated[at] = mutated[at][: source.randrange(len(mutated[at]) + 1)]
        faults = faults_of("\n".join(mutated))
        assert all(fault.message and fault.line for fault in faults)
        refused += bool(faults)
    assert refused > 75


@pytest.mark.parametrize(("kind", "refused"), [("service", False), ("voice", True), ("dialog", True)])
def test_what_a_service_scenario_has_no_call_for_may_be_a_variable_there(kind: str, refused: bool) -> None:
    head = f"scenario: main\nkind: {kind}\nstart: a\nvariables:\n  - {{name: line, parameter: true}}\n"
    text = head + "steps:\n  a: {component: stop}\n"
    found = [fault.message for fault in faults_of(text) if "is there by itself" in fault.message]
    assert bool(found) is refused

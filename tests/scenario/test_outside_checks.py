"""What a scenario names outside itself, what it gives to others, and whom its branches meet."""

from collections.abc import Mapping, Sequence

import pytest

from cordboard.components import all_components
from cordboard.scenario.catalogue import Catalogue
from cordboard.scenario.faults import Severity
from cordboard.scenario.program import check_together
from cordboard.testing.steps import KYIV, dialog, service, voice

CATALOGUE = Catalogue(all_components())
KNOWN = {"user": ["olena", "ivan"], "line": ["kyivstar"], "file": ["hello.wav", "вітаємо.wav"]}
BACK = service(
    "ring: {component: originate, number: '101', scenario: talk}",
    name="back",
    head="variables:\n  - {name: phone, type: phone, parameter: true}\n  - {name: tries, type: number}\n"
    "  - {name: note}",
)
TALK = voice("bye: {component: hang_up}", name="talk", head="variables:\n  - {name: sum, type: money}")
CARD = dialog("s: {component: stop}", name="card")


def told(*texts: str, known: Mapping[str, Sequence[str]] = KNOWN, severity: Severity = Severity.ERROR) -> list[str]:
    """The faults of the first scenario among the others."""
    named = {text.split("\n", 1)[0].removeprefix("scenario: "): text for text in texts}
    faults = check_together(named, CATALOGUE, zone=KYIV, country="UA", known=known)
    first = next(iter(named))
    return [
        f"{fault.step} {fault.property}: {fault.message} ({fault.hint})"
        for fault in faults[first]
        if fault.severity is severity
    ]


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("component: dial, who: olenka", "s who: there is no user 'olenka' (did you mean 'olena'?)"),
        ("component: dial, who: zzz", "s who: there is no user 'zzz' (correct the login, or add the user to"),
        ("component: dial, number: 5, dialled_by: petro", "s dialled_by: there is no user 'petro' (correct the login"),
        ("component: dial, number: 5, line: kievstar", "s line: there is no line 'kievstar' (did you mean 'kyivstar'"),
        ("component: check_pin, login: oleg, pin: 1", "s login: there is no user 'oleg' "),
        ("component: play, file: hallo.wav", "s file: there is no file 'hallo.wav' (did you mean 'hello.wav'?)"),
        ("component: play, parts: [{file: a}]", "s parts.0.file: there is no file 'a' (copy the sound into"),
        ("component: start_dialog, user: nobody, scenario: card", "s user: there is no user 'nobody'"),
        ("component: call_scenario, scenario: tolk", "s scenario: there is no scenario 'tolk' (did you mean 'talk'?)"),
        ("component: call_scenario, scenario: back", "s scenario: 'back' is a service scenario; a voice"),
        ("component: jump_to_scenario, scenario: card", "s scenario: 'card' is a dialog scenario; a voice"),
        ("component: start_service, scenario: talk", "s scenario: 'talk' is a voice scenario; a service"),
        ("component: start_dialog, user: ivan, scenario: talk", "s scenario: 'talk' is a voice scenario; a dialog"),
        ("component: start_service, scenario: back, values: {phon: =caller}",
         "s values.phon: scenario 'back' has no variable 'phon' (did you mean 'phone'?)"),
        ("component: start_service, scenario: back, values: {zzz: =caller}",
         "s values.zzz: scenario 'back' has no variable 'zzz' (declare it there, or take the line out)"),
        ("component: start_service, scenario: back, values: {tries: =caller}",
         "s values.tries: a phone does not fit into 'tries' of scenario 'back', which is a number (change the value"),
        ("component: start_service, scenario: back, values: {tries: many}", "s values.tries: 'many' is no number"),
        ("component: start_service, scenario: back, values: {tries: =n > 1}", "s values.tries: a boolean does not fit"),
    ],
)  # fmt: skip
def test_a_dead_reference_is_an_error(step: str, said: str) -> None:
    text = voice(f"s: {{{step}}}", head="variables:\n  - {name: n, type: number}")
    assert [fault for fault in told(text, BACK, TALK, CARD) if fault.startswith(said)], told(text, BACK, TALK, CARD)


@pytest.mark.parametrize(
    "step",
    [
        "component: dial, who: '{name}'",
        "component: dial, who: =name",
        "component: dial, who: olena",
        "component: dial, number: 5, dialled_by: ''",
        "component: play, file: вітаємо.wav",
        "component: play, file: not_recorded_yet, text: It is spoken until then",
        "component: menu, file: not_recorded_yet, texts: {en: Press one}, keys: [{id: one, key: 1}]",
        "component: start_service, scenario: back, values: {phone: =caller, tries: 3, note: =now}",
        "component: start_service, scenario: back, values: {phone: 0671234567, tries: =name, note: '{name}'}",
        "component: start_service, scenario: back, values: {phone: =380671234567}",
    ],
)
def test_what_is_there_or_shows_only_later_is_fine(step: str) -> None:
    assert told(voice(f"s: {{{step}}}", head="variables:\n  - {name: name}"), BACK) == []


def test_what_nobody_knows_is_not_checked() -> None:
    text = voice("s: {component: dial, who: olenka}\nt: {component: play, file: no.wav}")
    assert told(text, known={}) == []


def test_the_variables_of_a_broken_neighbour_are_not_checked() -> None:
    text = voice("s: {component: start_service, scenario: back, values: {what: 5}}")
    assert told(text, "scenario: back\nkind: [") == []


def test_a_loop_is_quick_through_a_called_scenario_that_does_not_wait() -> None:
    loop = voice("s: {component: call_scenario, scenario: talk, exits: {done: s}}")
    quick = voice("a: {component: compare, condition: =caller = '101', exits: {yes: b}}\n"
                  "b: {component: play, text: Hello}", name="talk")  # fmt: skip
    slow = quick.replace("exits: {yes: b}", "exits: {yes: b, no: b}")
    assert [fault[:34] for fault in told(loop, quick)] == ["s : a loop without waiting: s → s "]
    assert told(loop, slow) == []


def test_scenarios_that_call_each_other_at_once_are_an_error() -> None:
    call = "{component: call_scenario, scenario: %s}"
    first = voice(f"s: {call % 'second'}")
    second = voice(f"s: {{component: assign, exits: {{done: t}}}}\nt: {call % 'third'}", name="second")
    third = voice("s: {component: jump_to_scenario, scenario: main}", name="third")
    said = "s : scenarios call each other without waiting: main → second → third → main (put something that waits"
    assert [fault[: len(said)] for fault in told(first, second, third)] == [said]
    assert told(first.replace("second}", "main}"))[0].startswith("s : scenarios call each other without waiting: main")
    greeting = "a: {component: play, text: Hello, exits: {done: s}}\n"
    slow = voice(greeting + "s: {component: jump_to_scenario, scenario: main}", name="third")
    assert told(first, second, slow) == []


@pytest.mark.slow
def test_scenarios_within_each_other_may_be_many() -> None:
    chain = [voice(f"s: {{component: call_scenario, scenario: n{i + 1}}}", name=f"n{i}") for i in range(400)]
    assert told(*chain, voice("s: {component: hang_up}", name="n400")) == []


def test_texts_that_lack_a_language_and_silent_steps_are_warnings() -> None:
    text = voice(
        "a: {component: play, texts: {en: Hello, uk: Вітаємо}, exits: {done: b}}\n"
        "b: {component: play, texts: {en: Bye}, exits: {done: c}}\n"
        "c: {component: play, parts: [{uk: Борг, en: You owe}, {ru: Долг}], exits: {done: d}}\n"
        "d: {component: play, text: '', exits: {done: f}}\n"
        "f: {component: hang_up}"
    )
    assert told(text) == []
    assert told(text, severity=Severity.WARNING) == [
        "a texts: the text is missing in ru (other texts of this scenario have it: add a line for each)",
        "b texts: the text is missing in ru, uk (other texts of this scenario have it: add a line for each)",
        "c parts.0: the text is missing in ru (other texts of this scenario have it: add a line for each)",
        "c parts.1: the text is missing in en, uk (other texts of this scenario have it: add a line for each)",
        "d : there is nothing to be heard (fill in one of file, parts, ssml, text, texts)",
    ]


PARALLEL = """\
p: {component: parallel, branches: [{id: one, to: a}, {id: two, to: b}], exits: {done: last}}
a: {component: pause, duration: 1s, exits: {done: end}}
b: {component: pause, duration: 1m, exits: {done: end}}
end: {component: join}
last: {component: stop}
"""


def test_branches_that_share_their_join_are_fine() -> None:
    assert told(service(PARALLEL)) == []
    assert told(service(PARALLEL), severity=Severity.WARNING) == []


def test_a_join_outside_of_any_branch_is_an_error() -> None:
    text = service(PARALLEL.replace("exits: {done: last}", "exits: {done: end}"))
    assert told(text) == [
        "end : there is no branch that could end here "
        "(it ends a way of parallel branches: end the scenario with a stop instead)"
    ]


def test_branches_that_meet_are_a_warning() -> None:
    crossed = PARALLEL.replace("duration: 1s, exits: {done: end}", "duration: 1s, exits: {done: b}")
    assert told(service(crossed), severity=Severity.WARNING) == [
        "b : several branches lead to this step: one, two (end each of them by a join before)"
    ]
    back = PARALLEL.replace("duration: 1m, exits: {done: end}", "duration: 1m, exits: {done: p}")
    assert "p : several branches lead to this step: the way outside, two (end each of them by a join before)" in told(
        service(back), severity=Severity.WARNING
    )

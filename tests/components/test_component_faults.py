"""Mistakes that are told when a scenario is checked, in sentences that help."""

from zoneinfo import ZoneInfo

import pytest

from cordboard.components import all_components
from cordboard.scenario.catalogue import Catalogue
from cordboard.scenario.faults import Severity
from cordboard.scenario.program import check
from cordboard.testing.components import voice


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("{component: dial, who: anna, number: '101'}", "give either a number or a user, not both"),
        ("{component: dial, ring_time: 5s}", "say whom to call: give a number or a user"),
        ("{component: dial, who: anna, line: gsm}", "leave the line empty, or give a number"),
        ("{component: dial, number: '1', line: gsm, dialled_by: anna}", "leave the line empty"),
        ("{component: dial, who: anna, ring_time: 1h}", "it must be 10m or less"),
        ("{component: play, stop_keys: '1'}", "give a text, a file or parts"),
        ("{component: play, text: Hello, stop_keys: 1-3}", "'-' is no key of a telephone: write 0 to 9, * or #"),
        ("{component: menu, keys: [{id: a, key: '12'}]}", "write one key"),
        ("{component: menu, keys: [{id: a, key: '1'}, {id: b, key: '1'}]}", "key 1 stands in the menu twice"),
        ("{component: ask_digits, variable: v, longest: 2, shortest: 3}", "the shortest input is longer"),
        ("{component: ask_digits, variable: v, end_key: '##'}", "'##' cannot end the input"),
        ("{component: ask_digits}", "property 'variable' is missing"),
        ("{component: reject, reason: tired}", "write rejected, busy, not_found, unreachable"),
        ("{component: compare, condition: =v}", "a boolean is expected here, not a text"),
        ("{component: originate, number: '1', scenario: s}", "cannot stand in a voice scenario"),
    ],
)
def test_a_mistake_is_told(step: str, words: str) -> None:
    text = voice(f"a: {step}", variables="- {name: v}")
    faults = check(text, Catalogue(all_components()), zone=ZoneInfo("Europe/Kyiv"), country="UA")
    errors = [fault for fault in faults if fault.severity is Severity.ERROR]
    assert [fault.step for fault in errors] == ["a"]
    assert words in f"{errors[0].message} {errors[0].hint}"


def test_what_is_computed_is_left_to_the_call() -> None:
    text = voice("a: {component: dial, number: =v}", variables="- {name: v}")
    faults = check(text, Catalogue(all_components()), zone=ZoneInfo("Europe/Kyiv"), country="UA")
    assert [fault for fault in faults if fault.severity is Severity.ERROR] == []

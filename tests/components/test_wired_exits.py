"""A check warns of an exit that was forgotten, and not of one that cannot be taken."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cordboard.components import all_components
from cordboard.scenario.catalogue import Catalogue
from cordboard.scenario.program import check

EXAMPLES = Path(__file__).parents[2] / "examples" / "s01-employee-callback"


def words(text: str, *, known: frozenset[str] = frozenset(), name: str = "") -> list[str]:
    faults = check(
        text,
        Catalogue(all_components()),
        zone=ZoneInfo("Europe/Kyiv"),
        country="UA",
        known={"scenario": known},
        name=name,
    )
    return [str(fault) for fault in faults]


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.yaml")), ids=lambda file: file.stem)
def test_the_shipped_scenarios_have_no_fault_and_no_warning(file: Path) -> None:
    known = frozenset(each.stem for each in EXAMPLES.glob("*.yaml"))
    assert words(file.read_text(encoding="utf-8"), known=known, name=file.stem) == []


@pytest.mark.parametrize(
    ("properties", "missed"),
    [
        ("component: hang_up", []),
        ("component: reject", []),
        ("component: play\n    text: Hello", ["done"]),
        ('component: play\n    text: Hello\n    stop_keys: "1"', ["done", "key_pressed"]),
        ('component: say_digits\n    digits: "12"', ["done"]),
        ("component: dial\n    number: 101", ["answered", "busy", "no_answer", "rejected", "unreachable"]),
        ("component: ask_digits\n    variable: v", ["done", "nothing_pressed", "too_short"]),
        (
            "component: ask_digits\n    variable: v\n    confirm: yes",
            ["done", "nothing_pressed", "too_short", "not_confirmed"],
        ),
        ("component: time_window", ["inside", "outside", "holiday"]),
        ("component: time_window\n    holidays: no", ["inside", "outside"]),
        ("component: conference_join\n    name: a", ["ended", "full", "no_room"]),
        ("component: conference_join\n    name: a\n    wait: no", ["joined", "full", "no_room"]),
        (
            'component: conference_join\n    name: a\n    leave_key: "*"\n    longest_alone: 1m\n    wait: =1 = 2',
            ["ended", "left", "alone", "joined", "full", "no_room"],
        ),
        (
            "component: dial\n    number: 101\n    dialled_by: olena",
            ["answered", "busy", "no_answer", "rejected", "unreachable", "forbidden"],
        ),
    ],
)
def test_only_exits_that_can_be_taken_are_missed(properties: str, missed: list[str]) -> None:
    found = words(f"scenario: s\nkind: voice\nstart: a\nsteps:\n  a:\n    {properties}\n")
    assert [word for word in found if "leads nowhere" in word] == [
        f"5:3: warning: step a: the exit '{exit_}' leads nowhere: the scenario ends there" for exit_ in missed
    ]

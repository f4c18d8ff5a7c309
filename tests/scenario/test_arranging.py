"""Arranging steps on the canvas."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordboard.scenario.arranging import ACROSS, DOWN, arranged, with_layout
from cordboard.scenario.graph import Scenario, Step
from cordboard.scenario.text import read
from cordboard.scenario.text.nodes import TextError

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*/*.yaml"))


def scenario(cords: dict[str, list[str]]) -> Scenario:
    steps = {
        name: Step(name, "stop", exits={str(place): to for place, to in enumerate(targets)})
        for name, targets in cords.items()
    }
    return Scenario("s", "voice", next(iter(cords), ""), steps)


def test_a_way_goes_from_left_to_right() -> None:
    places = arranged(scenario({"a": ["b"], "b": ["c"], "c": []}))
    assert places == {"a": (0, 0), "b": (ACROSS, 0), "c": (2 * ACROSS, 0)}


def test_who_has_two_ways_to_it_stands_behind_both_and_a_cord_back_moves_nothing() -> None:
    places = arranged(scenario({"a": ["b", "d"], "b": ["c"], "c": ["d", "a"], "d": []}))
    assert [places[name][0] // ACROSS for name in "abcd"] == [0, 1, 2, 3]


def test_ways_that_part_do_not_cross() -> None:
    places = arranged(scenario({"a": ["x", "y"], "x": ["p"], "y": ["q"], "q": [], "p": []}))
    assert places["x"][1] < places["y"][1]
    assert places["p"][1] < places["q"][1]
    assert places["p"][1] % DOWN == 0


def test_the_branch_behind_the_hang_up_begins_at_the_left() -> None:
    main = scenario({"a": ["b"], "b": [], "c": ["d"], "d": []})
    places = arranged(Scenario(main.name, main.kind, "a", main.steps, after_hangup="c"))
    assert places["c"][0] == 0
    assert places["c"][1] != places["a"][1]


NAMES = [f"s{number}" for number in range(12)]


@given(st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from([*NAMES, "gone"]), max_size=5), min_size=1))
def test_no_two_steps_stand_on_one_place_and_none_is_missing(cords: dict[str, list[str]]) -> None:
    one = scenario(cords)
    places = arranged(one)
    assert list(places) == list(cords)
    assert len(set(places.values())) == len(places)
    assert min(x for x, _ in places.values()) == min(y for _, y in places.values()) == 0
    assert arranged(one) == places


def test_a_thousand_steps_in_a_row() -> None:
    places = arranged(scenario({f"s{number}": [f"s{number + 1}"] for number in range(1000)}))
    assert places["s999"] == (999 * ACROSS, 0)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_a_text_keeps_all_but_its_layout(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    laid = with_layout(text)
    assert with_layout(laid) == laid
    assert laid.startswith(text[: text.find("\nlayout:")].rstrip())
    scenario = read(laid).scenario
    assert scenario is not None
    assert list(scenario.layout) == list(scenario.steps)


def test_what_stands_behind_the_layout_stays() -> None:
    text = "scenario: s\nkind: voice\nstart: a\nlayout:\n  a: 5 5\nsteps:\n  a: {component: stop}\n"
    assert with_layout(text) == text.replace("5 5", "0 0")
    assert with_layout(text.replace("\n", "\r\n")) == text.replace("5 5", "0 0").replace("\n", "\r\n")


def test_what_cannot_be_read_is_told() -> None:
    with pytest.raises(TextError):
        with_layout("scenario: [")

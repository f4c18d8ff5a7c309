"""Loops, chance, logs, and ends with a value."""

import logging

import pytest

from cordboard.simulation.virtual_time import virtual_time
from cordboard.testing.components import Trial, service, voice

# --- repeat -------------------------------------------------------------------------------------------------------

REPEAT = """
    r: {component: repeat, times: 3, number: attempt, exits: {again: w, done: e}}
    w: {component: pause, duration: 1s, exits: {done: r}}
    e: {component: log, text: "{attempt}"}
"""
NUMBER = "- {name: attempt, type: number}"


@virtual_time
async def test_repeat_goes_the_way_as_many_times() -> None:
    async with Trial(voice(REPEAT, variables=NUMBER)) as trial:
        trial.call()
        await trial.ended()
    assert trial.path == ["r.again", "w.done"] * 3 + ["r.done", "e.done"]
    assert [step.changed.get("attempt") for step in trial.steps if step.step == "r"] == ["1", "2", "3", None]


@virtual_time
async def test_repeat_without_times_is_done_at_once() -> None:
    async with Trial(voice(REPEAT.replace("times: 3", "times: 0"), variables=NUMBER)) as trial:
        trial.call()
        await trial.ended()
    assert trial.path == ["r.done", "e.done"]


@virtual_time
async def test_a_loop_in_a_loop_begins_anew_each_time() -> None:
    steps = """
        outer: {component: repeat, times: 2, exits: {again: inner}}
        inner: {component: repeat, times: 2, exits: {again: inner, done: outer}}
    """
    async with Trial(voice(steps)) as trial:
        trial.call()
        await trial.ended()
    inner = ["inner.again", "inner.again", "inner.done"]
    assert trial.path == ["outer.again", *inner, "outer.again", *inner, "outer.done"]


@virtual_time
async def test_a_loop_that_was_left_goes_on_unless_its_number_is_set_to_nought() -> None:
    steps = """
        r: {component: repeat, times: 3, number: attempt, exits: {again: look, done: e}}
        look: {component: pause, duration: 1s, exits: {done: which}}
        which: {component: compare, condition: =again, exits: {yes: reset, no: left}}
        left: {component: assign, assignments: [{variable: again, value: "yes"}], exits: {done: r}}
        reset: {component: assign, assignments: [{variable: attempt, value: "0"}, {variable: again, value: "no"}],
                exits: {done: r}}
        e: {component: log, text: end}
    """
    variables = NUMBER + "\n- {name: again, type: boolean}"
    async with Trial(voice(steps, variables=variables)) as trial:
        phone = trial.call()
        await trial.wait(4.5)
        phone.hang_up()
        await trial.ended()
    told = [step.changed.get("attempt") for step in trial.steps if step.step == "r"]
    assert told == ["1", "2", "1", "2", "1"]


# --- for each -----------------------------------------------------------------------------------------------------

EACH = """
    f: {component: for_each, items: =items, item: item, number: number, exits: {item: w, done: e, empty: n}}
    w: {component: pause, duration: 1s, exits: {done: f}}
    e: {component: log, text: end}
    n: {component: log, text: nothing}
"""
ITEMS = """
    - {name: items, type: list, value: '["101", "102", "103"]'}
    - {name: item}
    - {name: number, type: number}
"""


@pytest.mark.parametrize("kind", ["voice", "service"])
def test_for_each_takes_one_item_after_the_other(kind: str) -> None:
    @virtual_time
    async def body() -> None:
        text = voice(EACH, variables=ITEMS) if kind == "voice" else service(EACH, name="walk", variables=ITEMS)
        async with Trial(text) as trial:
            if kind == "voice":
                trial.call()
            else:
                await trial.start("walk")
            await trial.ended()
        assert [step for step in trial.path if step != "w."] == ["f.item", "w.done"] * 3 + ["f.done", "e.done"]
        changed = [(step.changed.get("item"), step.changed.get("number")) for step in trial.steps if step.step == "f"]
        assert changed == [("101", "1"), ("102", "2"), ("103", "3"), (None, None)]

    body()


@virtual_time
async def test_for_each_of_nothing_is_empty() -> None:
    async with Trial(voice(EACH, variables=ITEMS.replace('["101", "102", "103"]', "[]"))) as trial:
        trial.call()
        await trial.ended()
    assert trial.path == ["f.empty", "n.done"]


@virtual_time
async def test_for_each_takes_the_rows_of_a_table() -> None:
    steps = """
        f: {component: for_each, items: =rows, item: row, exits: {item: w}}
        w:
          component: log
          text: =row["phone"]
          exits: {done: f}
    """
    variables = """
        - {name: rows, type: list, value: '[{"phone": "0671234567", "debt": 12}, {"phone": "0501112233", "debt": 5}]'}
        - {name: row, type: record}
    """
    async with Trial(voice(steps, variables=variables)) as trial:
        trial.call()
        await trial.ended()
    assert [step.properties["text"] for step in trial.steps if step.step == "w"] == ["0671234567", "0501112233"]


@virtual_time
async def test_for_each_begins_anew_with_another_list() -> None:
    steps = """
        f: {component: for_each, items: =items, item: item, exits: {item: other}}
        other: {component: assign, assignments: [{variable: items, value: =second}], exits: {done: g}}
        g: {component: compare, condition: '=item = "201"', exits: {no: f}}
    """
    variables = """
        - {name: items, type: list, value: '["101", "102"]'}
        - {name: second, type: list, value: '["201"]'}
        - {name: item}
    """
    async with Trial(voice(steps, variables=variables)) as trial:
        trial.call()
        await trial.ended()
    assert [step.changed.get("item") for step in trial.steps if step.step == "f"] == ["101", "201"]


@virtual_time
async def test_for_each_of_what_is_no_list_leaves_by_error() -> None:
    steps = (
        "f: {component: for_each, items: words, item: item, exits: {error: e}}\ne: {component: log, text: '{error}'}"
    )
    async with Trial(voice(steps, variables="- {name: item}")) as trial:
        trial.call()
        await trial.ended()
    assert trial.steps[1].properties["text"] == "a list is expected, not 'words'"


@virtual_time
async def test_for_each_goes_on_after_a_restart_where_it_was() -> None:
    text = service(EACH.replace("1s", "1h"), name="walk", variables=ITEMS)
    async with Trial(text) as first:
        await first.start("walk")
        await first.wait(4000)
        await first.stop_services()
        async with Trial(text, store=first.store) as second:
            await second.wait(3 * 3600)
    taken = [step.changed["item"] for step in [*first.steps, *second.steps] if step.step == "f" and step.changed]
    assert taken == ["101", "102", "103"]


# --- chance, log, values ------------------------------------------------------------------------------------------


@virtual_time
async def test_a_random_choice_goes_by_the_weights_and_is_alike_in_each_trial() -> None:
    steps = """
        r: {component: repeat, times: 400, exits: {again: c}}
        c: {component: random_choice, ways: [{id: rare, weight: 1, to: r}, {id: usual, weight: 9, to: r}]}
    """
    paths = []
    for _ in range(2):
        async with Trial(voice(steps)) as trial:
            trial.call()
            await trial.ended()
        paths.append(trial.path)
    assert paths[0] == paths[1]
    assert 20 <= paths[0].count("c.rare") <= 60
    assert paths[0].count("c.rare") + paths[0].count("c.usual") == 400


def test_log_writes_into_the_log_and_hides_secrets(caplog: pytest.LogCaptureFixture) -> None:
    @virtual_time
    async def body() -> None:
        steps = 'a: {component: log, level: warning, text: "the PIN of {name} is {pin}"}'
        variables = '- {name: name, value: Anna}\n- {name: pin, value: "4821", secret: true}'
        async with Trial(voice(steps, variables=variables)) as trial:
            trial.call()
            await trial.ended()
        assert trial.path == ["a.done"]
        assert "4821" not in repr(trial.steps)

    with caplog.at_level(logging.INFO, "cordboard.scenario.step"):
        body()
    (record,) = (record for record in caplog.records if "PIN" in record.getMessage())
    assert record.levelno == logging.WARNING
    assert record.getMessage().endswith("step a: the PIN of Anna is •••")


@virtual_time
async def test_a_scenario_ends_with_a_value() -> None:
    inner = voice(
        "e: {component: end_with_value, value: =price * 2}",
        name="inner",
        variables="- {name: price, type: number, value: 21}",
    )
    steps = """
        a: {component: call_scenario, scenario: inner, result: got, exits: {done: b}}
        b: {component: log, text: "{got}"}
    """
    async with Trial(voice(steps, variables="- {name: got, type: number}"), inner) as trial:
        trial.call()
        await trial.ended()
    assert trial.steps[-1].properties["text"] == "42"

"""Runs beside runs: branches, messages, finding and cancelling, a run for each item of a list."""

from datetime import timedelta

import pytest

from cordboard.scenario.context import ScenarioError
from cordboard.simulation.virtual_time import virtual_time
from cordboard.testing.components import Trial, service, voice

# --- parallel and join --------------------------------------------------------------------------------------------

BOTH = """
    p:
      component: parallel
      ended: first
      branches:
        - {id: slow, to: slow}
        - {id: quick, to: quick}
      exits: {done: after}
    slow: {component: pause, duration: 1h, exits: {done: slow_end}}
    slow_end: {component: assign, assignments: [{variable: a, value: slow}], exits: {done: join}}
    quick: {component: pause, duration: 1m, exits: {done: quick_end}}
    quick_end: {component: assign, assignments: [{variable: b, value: quick}], exits: {done: join}}
    join: {component: join}
    after: {component: log, text: "{a} {b} {first}"}
"""
WORDS = "- {name: a}\n- {name: b}\n- {name: first}"


@virtual_time
async def test_ways_are_gone_at_once_and_joined() -> None:
    async with Trial(service(BOTH, name="both", variables=WORDS)) as trial:
        await trial.start("both")
        await trial.ended()
    assert trial.steps[-1].properties["text"] == "slow quick quick"
    assert trial.seconds == pytest.approx(3600)
    assert trial.path[-2:] == ["p.done", "after.done"]


@virtual_time
async def test_the_first_way_that_ends_cancels_the_others() -> None:
    async with Trial(
        service(BOTH.replace("ended: first", "ended: first\n      first: yes"), name="both", variables=WORDS)
    ) as trial:
        await trial.start("both")
        await trial.ended()
    assert trial.steps[-1].properties["text"] == " quick quick"
    assert trial.seconds == pytest.approx(60)
    assert "slow_end.done" not in trial.path


@virtual_time
async def test_ways_survive_a_restart() -> None:
    text = service(BOTH, name="both", variables=WORDS)
    async with Trial(text) as first:
        await first.start("both")
        await first.wait(600)
        await first.stop_services()
        async with Trial(text, store=first.store) as second:
            await second.wait(3700)
    assert [path for path in first.path if not path.endswith(".")] == ["quick.done", "quick_end.done"]
    assert [path for path in second.path if not path.endswith(".")] == [
        "slow.done",
        "slow_end.done",
        "p.done",
        "after.done",
    ]
    assert second.steps[-1].properties["text"] == "slow quick quick"


@virtual_time
async def test_a_fault_in_a_way_leaves_by_error() -> None:
    broken = BOTH.replace("value: quick}]", "value: quick}, {variable: n, value: many}]")
    text = service(
        broken.replace("exits: {done: after}", "exits: {done: after, error: oh}")
        + '\n    oh: {component: log, text: "{error}"}\n',
        name="both",
        variables=WORDS + "\n- {name: n, type: number}",
    )
    async with Trial(text) as trial:
        await trial.start("both")
        await trial.ended()
    assert trial.walked[-2:] == ["p", "oh"]
    assert "is no number" in trial.steps[-1].properties["text"]


@virtual_time
async def test_a_join_where_no_ways_are_gone_is_refused() -> None:
    async with Trial(service("j: {component: join}", name="main")) as trial:
        with pytest.raises(ScenarioError, match="there is no branch that could end here"):
            await trial.runner.prepare()


# --- events and messages ------------------------------------------------------------------------------------------

WAIT = """
    w:
      component: wait_for_event
      event: order.ready
      about: "0671234567"
      longest: 1h
      into: {number: number, sum: amount}
      record: all
      exits: {arrived: a, time_is_up: t}
    a: {component: log, text: "{number} costs {amount}"}
    t: {component: log, text: too late}
"""
ORDER = "- {name: number}\n- {name: amount, type: number}\n- {name: all, type: record}"
SEND = """
    s:
      component: send_message
      event: order.ready
      about: +38 067 123-45-67
      values: {number: A-105, sum: =40 + 2}
"""


@pytest.mark.parametrize("kind", ["voice", "service"])
def test_words_reach_who_waits_for_them(kind: str) -> None:
    @virtual_time
    async def body() -> None:
        waiting = voice(WAIT, variables=ORDER) if kind == "voice" else service(WAIT, name="main", variables=ORDER)
        async with Trial(waiting, service(SEND, name="send")) as trial:
            if kind == "voice":
                trial.call()
            else:
                await trial.start("main")
            await trial.wait(600)
            await trial.start("send")
            await trial.ended()
        assert trial.steps[-1].properties["text"] == "A-105 costs 42"
        assert "w.arrived" in trial.path
        assert trial.variables["all"] == "number: A-105, sum: 42"
        assert (trial.runs[-1].ended or trial.clock.now()) - trial.runs[0].started < timedelta(seconds=602)

    body()


@virtual_time
async def test_nothing_comes_in_time() -> None:
    async with Trial(service(WAIT, name="main", variables=ORDER)) as trial:
        await trial.start("main")
        await trial.ended()
    assert [path for path in trial.path if path != "w."] == ["w.time_is_up", "t.done"]
    assert trial.seconds == pytest.approx(3600)


@virtual_time
async def test_words_about_somebody_else_are_not_taken() -> None:
    async with Trial(
        service(WAIT, name="main", variables=ORDER), service(SEND.replace("123-45", "123-46"), name="send")
    ) as trial:
        await trial.start("main")
        await trial.wait(60)
        await trial.start("send")
        await trial.ended()
    assert trial.path[-1] == "t.done"


@virtual_time
async def test_words_to_one_run_reach_it_alone() -> None:
    steps = """
        a: {component: start_service, scenario: wait, run_id: one, exits: {done: b}}
        b: {component: start_service, scenario: wait, exits: {done: c}}
        c: {component: send_message, event: go, run_id: "{one}"}
    """
    waiting = "w: {component: wait_for_event, event: go, longest: 1m, exits: {arrived: y, time_is_up: n}}\n"
    waiting += "y: {component: log, text: went}\nn: {component: log, text: stayed}"
    async with Trial(voice(steps, variables="- {name: one}"), service(waiting, name="wait")) as trial:
        trial.call()
        await trial.ended()
        assert sorted(path for path in trial.path if path[0] in "yn") == ["n.done", "y.done"]
        (told,) = (step.changed["one"] for step in trial.steps if step.step == "a")
        assert [step.run_id for step in trial.steps if step.step == "y"] == [told]


@virtual_time
async def test_who_hangs_up_waits_no_longer() -> None:
    async with Trial(voice(WAIT, variables=ORDER)) as trial:
        phone = trial.call()
        await trial.wait(60)
        phone.hang_up()
        await trial.ended()
    assert trial.path == ["w."]


# --- find and cancel ----------------------------------------------------------------------------------------------

CALL_BACK = service("w: {component: pause, duration: 1h}", name="call_back")
LOOK = """
    f: {component: find_runs, scenario: call_back, key: "{caller}", count: count, run_id: one, run_ids: all,
        exits: {found: c, none: n}}
    c: {component: cancel_runs, scenario: call_back, key: "{caller}", count: cancelled, exits: {cancelled: n, none: n}}
    n: {component: start_service, scenario: call_back, key: "{caller}"}
"""
LOOK = LOOK.replace(",\n        exits", ", exits")
FOUND = """
    - {name: count, type: number}
    - {name: cancelled, type: number}
    - {name: one}
    - {name: all, type: list}
"""


@virtual_time
async def test_runs_are_found_by_key_and_cancelled() -> None:
    async with Trial(voice(LOOK, variables=FOUND), CALL_BACK) as trial:
        trial.call("0671234567")
        await trial.wait(1)
        trial.call("0509999999")
        await trial.wait(1)
        assert [path for path in trial.path if path != "w."] == ["f.none", "n.done"] * 2
        trial.call("+380671234567")
        await trial.wait(1)
        runs = await trial.store.find(scenario="call_back", unfinished=True)
    assert sorted(run.key for run in runs) == ["+380509999999", "+380671234567"]
    third = [step for step in trial.steps if step.scenario == "main"][-3:]
    assert [f"{step.step}.{step.exit}" for step in third] == ["f.found", "c.cancelled", "n.done"]
    assert (third[0].changed["count"], third[1].changed["cancelled"]) == ("1", "1")
    assert third[0].changed["one"] == third[0].changed["all"]


@virtual_time
async def test_a_hidden_number_finds_and_cancels_nobody() -> None:
    steps = LOOK.replace("exits: {found: c, none: n}", "exits: {found: c, none: c}")
    async with Trial(voice(steps, variables=FOUND), CALL_BACK) as trial:
        await trial.start("call_back")
        trial.call("")
        await trial.wait(1)
        assert [path for path in trial.path if path[0] in "fc"] == ["f.none", "c.none"]


@pytest.mark.parametrize("properties", ["", "count: count"])
def test_what_shall_be_cancelled_must_be_said(properties: str) -> None:
    @virtual_time
    async def body() -> None:
        async with Trial(voice(f"c: {{component: cancel_runs, {properties}}}", variables=FOUND)) as trial:
            with pytest.raises(ScenarioError, match="broken") as caught:
                await trial.runner.prepare()
        assert "say which runs: give a scenario or a key" in str(caught.value)

    body()


# --- a run for each -----------------------------------------------------------------------------------------------

EACH = service(
    """
    e:
      component: for_each_run
      items: =items
      scenario: one
      item: seconds
      at_most: 2
      finished: good
      failed: bad
      exits: {done: log}
    log: {component: log, text: "{good} and {bad}"}
    """,
    name="all",
    variables="""
    - {name: items, type: list, value: '["100s", "300s", "100s", "100s", "fault"]'}
    - {name: good, type: number}
    - {name: bad, type: number}
    """,
)
ONE = service(
    "p: {component: pause, duration: =duration(seconds)}",
    name="one",
    variables="- {name: seconds, parameter: true}",
)


def most_at_once(trial: Trial) -> int:
    """How many runs of `one` were under way together."""
    changes = sorted(
        (moment, change)
        for run in trial.runs
        if run.scenario == "one"
        for moment, change in ([(run.ended, -1)] if run.ended else [(run.started, 1)])
    )
    under_way, most = 0, 0
    for _, change in changes:
        under_way += change
        most = max(most, under_way)
    return most


@virtual_time
async def test_a_run_for_each_so_many_at_once() -> None:
    async with Trial(EACH, ONE) as trial:
        await trial.start("all")
        await trial.ended()
    assert trial.steps[-1].properties["text"] == "4 and 1"
    assert len({run.run_id for run in trial.runs if run.scenario == "one"}) == 5
    assert 300 <= trial.seconds <= 340


@virtual_time
async def test_a_run_for_each_goes_on_after_a_restart_and_starts_none_twice() -> None:
    async with Trial(EACH, ONE) as first:
        await first.start("all")
        await first.wait(150)
        await first.stop_services()
        async with Trial(EACH, ONE, store=first.store) as second:
            await second.wait(600)
            runs = await second.store.find(scenario="one")
    assert second.steps[-1].properties["text"] == "4 and 1"
    assert len(runs) == 5
    assert all(run.ending is not None for run in runs)


@virtual_time
async def test_a_run_for_each_of_nothing_is_done() -> None:
    async with Trial(EACH.replace('["100s", "300s", "100s", "100s", "fault"]', "[]"), ONE) as trial:
        await trial.start("all")
        await trial.ended()
    assert trial.path == ["e.done", "log.done"]
    assert trial.steps[-1].properties["text"] == "0 and 0"


@virtual_time
async def test_a_thousand_is_enough() -> None:
    text = EACH.replace("items: =items", 'items: =split(repeat("1s,"; 1500); ",")').replace(
        "exits: {done: log}", "exits: {error: oh}"
    )
    async with Trial(text.replace("  log:", '  oh: {component: log, text: "{error}"}\n  log:'), ONE) as trial:
        await trial.start("all")
        await trial.ended()
    assert trial.steps[-1].properties["text"] == "there are 1501 items: cut the list, 1000 are possible"


# --- how a run is started -----------------------------------------------------------------------------------------


def starting(properties: str) -> str:
    """Three starts with one key, one second after the other, of a scenario that takes ten."""
    return voice(
        f"""
        r: {{component: repeat, times: 3, exits: {{again: s}}}}
        s: {{component: start_service, scenario: ten, key: "{{caller}}", {properties}run_id: id, exits: {{done: w}}}}
        w: {{component: pause, duration: 1s, exits: {{done: r}}}}
        """,
        variables="- {name: id}",
    )


@pytest.mark.parametrize(
    ("properties", "declared", "done", "seconds"),
    [
        ("", "", 3, 12),
        ("", "mode: single\n", 1, 10),
        ("mode: parallel, ", "mode: single\n", 3, 12),
        ("mode: single, ", "", 1, 10),
        ("mode: queued, ", "", 3, 30),
        ("mode: restart, ", "", 1, 12),
        ("mode: at_most, at_most: 2, ", "", 3, 20),
        ("once_per_key: yes, ", "", 1, 10),
        ("once_per_key: no, ", "mode: single\n", 3, 12),
    ],
)
def test_what_happens_when_a_scenario_is_started_again(properties: str, declared: str, done: int, seconds: int) -> None:
    ten = service("t: {component: pause, duration: 10s}", name="ten").replace("start: t\n", f"start: t\n{declared}")
    # A step that says `once_per_key` was written for version 1, as all without a version are.
    text = starting(properties)
    if "once" not in properties:
        text = text.replace("component: start_service", "component: start_service, version: 2")

    @virtual_time
    async def body() -> None:
        async with Trial(text, ten) as trial:
            trial.call()
            await trial.wait(60)
        assert trial.path.count("t.done") == done
        ends = [run.ended for run in trial.runs if run.scenario == "ten" and run.ended]
        assert (max(ends) - trial.steps[0].entered).total_seconds() == pytest.approx(seconds, abs=0.1)

    body()


@virtual_time
async def test_a_number_without_its_mode_is_refused() -> None:
    step = "s: {component: start_service, version: 2, scenario: ten, at_most: 2}"
    async with Trial(voice(step), service("t: {component: log, text: x}", name="ten")) as trial:
        with pytest.raises(ScenarioError, match="the number counts only with the mode at_most"):
            await trial.runner.prepare()

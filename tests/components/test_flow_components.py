import pytest

from cordboard.simulation.virtual_time import virtual_time
from cordboard.telephony import EndReason, LegState
from cordboard.testing.components import Trial, service, voice


def compare(condition: str) -> str:
    steps = f"a: {{component: compare, condition: '{condition}'}}"
    return voice(steps, variables="- {name: age, type: number, value: 17}\n- {name: name, value: Anna}")


@pytest.mark.parametrize(
    ("condition", "exit_"),
    [("=age >= 18", "no"), ("=age < 18", "yes"), ('=name = "Anna"', "yes"), ('=name <> "Anna"', "no"), ("yes", "yes")],
)
def test_compare(condition: str, exit_: str) -> None:
    @virtual_time
    async def body() -> None:
        async with Trial(compare(condition)) as trial:
            trial.call()
            await trial.ended()
        assert trial.path == [f"a.{exit_}"]

    body()


@pytest.mark.parametrize(
    ("kind", "value", "exit_"),
    [
        ("text", "ru", "russian"),
        ("text", "de", "other"),
        ("text", "", "other"),
        ("number", "5", "five"),
        ("number", "5.0", "five"),
        ("phone", "0671234567", "anna"),
        ("phone", "+380671234567", "anna"),
        ("date", "2026-12-31", "new_year"),
    ],
)
def test_switch_compares_by_meaning(kind: str, value: str, exit_: str) -> None:
    steps = """
        a:
          component: switch
          value: =what
          cases:
            - {id: russian, value: ru}
            - {id: five, value: "5"}
            - {id: anna, value: "380671234567"}
            - {id: new_year, value: "2026-12-31"}
    """

    @virtual_time
    async def body() -> None:
        async with Trial(voice(steps, variables=f"- {{name: what, type: {kind}, value: '{value}'}}")) as trial:
            trial.call()
            await trial.ended()
        assert trial.path == [f"a.{exit_}"]

    body()


@virtual_time
async def test_assign_writes_values_of_every_kind() -> None:
    steps = """
        a:
          component: assign
          assignments:
            - {variable: count, value: =count + 1}
            - {variable: words, value: "{count} of {limit}"}
            - {variable: pause, value: 1h30m}
            - {variable: phone, value: "0671234567"}
    """
    variables = """
        - {name: count, type: number, value: 1}
        - {name: limit, type: number, value: 3}
        - {name: words}
        - {name: pause, type: duration}
        - {name: phone, type: phone}
    """
    async with Trial(voice(steps, variables=variables)) as trial:
        trial.call()
        await trial.ended()
    assert trial.path == ["a.done"]
    assert trial.variables == {"count": "2", "limit": "3", "words": "1 of 3", "pause": "1h30m", "phone": "0671234567"}


@virtual_time
async def test_a_value_that_does_not_fit_leaves_by_error() -> None:
    steps = """
        a: {component: assign, assignments: [{variable: count, value: "many {words}"}], exits: {error: b}}
        b: {component: pause, duration: 1s}
    """
    async with Trial(voice(steps, variables="- {name: count, type: number}\n- {name: words}")) as trial:
        trial.call()
        await trial.ended()
    assert trial.path == ["a.error", "b.done"]
    assert "is no number" in trial.steps[0].error


@virtual_time
async def test_start_goes_on_and_stop_does_not_hang_up_by_itself() -> None:
    inner = voice("s: {component: stop, value: seven}", name="inner")
    outer = voice(
        """
        a: {component: start, exits: {done: b}}
        b: {component: call_scenario, scenario: inner, result: got, exits: {done: c}}
        c: {component: play, text: "It is {got}"}
        """,
        variables="- {name: got}",
    )
    async with Trial(outer, inner) as trial:
        phone = trial.call()
        await trial.ended()
    assert phone.texts == ["It is seven"]
    assert trial.path == ["a.done", "s.", "b.done", "c.done"]


@virtual_time
async def test_call_scenario_gives_values_and_shares_variables() -> None:
    inner = voice(
        'i: {component: assign, assignments: [{variable: shared, value: "{shared} and {own}"}]}',
        name="inner",
        variables="- {name: shared}\n- {name: own, parameter: true}",
    )
    outer = voice(
        "b: {component: call_scenario, scenario: inner, values: {own: given}}",
        variables="- {name: shared, value: mine}",
    )
    async with Trial(outer, inner) as trial:
        trial.call()
        await trial.ended()
    assert trial.variables["shared"] == "mine and given"


@virtual_time
async def test_stop_of_the_whole_chain_ends_the_caller_too() -> None:
    inner = voice("s: {component: stop, whole_chain: yes}", name="inner")
    outer = voice("b: {component: call_scenario, scenario: inner, exits: {done: c}}\nc: {component: play, text: Never}")
    async with Trial(outer, inner) as trial:
        phone = trial.call()
        await phone.wait_state(LegState.ENDED)
    assert phone.texts == []


@virtual_time
async def test_jump_to_scenario_does_not_come_back() -> None:
    other = voice('i: {component: play, text: "Here is {name}"}', name="other", variables="- {name: name}")
    first = voice("b: {component: jump_to_scenario, scenario: other}", variables="- {name: name, value: Anna}")
    async with Trial(first, other) as trial:
        phone = trial.call()
        await trial.ended()
    assert phone.texts == ["Here is Anna"]


@virtual_time
async def test_a_caller_who_hangs_up_during_a_pause_ends_it() -> None:
    steps = """
        a: {component: answer, exits: {done: b}}
        b: {component: pause, duration: 1h, exits: {done: c}}
        c: {component: pause, duration: 1h}
    """
    async with Trial(voice(steps)) as trial:
        phone = trial.call()
        await trial.wait(30)
        phone.hang_up()
        await trial.ended()
    assert trial.path == ["a.done", "b."]
    assert trial.seconds == pytest.approx(30)


CALLBACK = service(
    "p: {component: pause, duration: 1h, exits: {done: q}}\nq: {component: assign, assignments: []}",
    name="callback",
    variables="- {name: phone, type: phone, parameter: true}",
)


@virtual_time
async def test_start_service_runs_on_beside_the_call() -> None:
    steps = """
        a: {component: start_service, scenario: callback, values: {phone: "0671234567"}, run_id: s, exits: {done: b}}
        b: {component: reject}
    """
    async with Trial(voice(steps, variables="- {name: s}"), CALLBACK) as trial:
        phone = trial.call()
        await phone.wait_state(LegState.ENDED)
        assert phone.told is EndReason.REJECTED
        await trial.wait(3605)
    assert "q.done" in trial.path
    assert trial.variables_of("callback")["phone"] == "0671234567"
    assert {step.chain for step in trial.steps} == {phone.leg.chain}


@virtual_time
async def test_start_service_once_for_each_key() -> None:
    steps = """
        a:
          component: start_service
          scenario: callback
          key: "{caller}"
          once_per_key: yes
          run_id: started
          exits: {done: b}
        b: {component: reject}
    """
    async with Trial(voice(steps, variables="- {name: started}"), CALLBACK) as trial:
        for number in ("0671234567", "0671234567", "0509999999"):
            await trial.call(number=number).wait_state(LegState.ENDED)
        runs = [step.changed["started"] for step in trial.steps if step.step == "a"]
    assert runs[0] == runs[1] != runs[2]

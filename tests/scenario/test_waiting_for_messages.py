import asyncio

from cordboard.scenario.ports import Message
from cordboard.scenario.results import Outcome
from cordboard.simulation.virtual_time import settle, virtual_time
from cordboard.telephony import Leg, LegState
from cordboard.testing.engine import ENGINE_CATALOGUE, ended, served
from cordboard.testing.exchange import serving
from cordboard.testing.steps import Stage, service, voice

HEAD = "variables:\n  - {name: got}\n  - {name: n, type: number}\n"
HEARS = service(
    """
    a: {component: hear, name: go, key: "067 123 45 67", into: got, exits: {heard: b, nothing: c}}
    b: {component: end, value: "=got"}
    c: {component: end, value: nothing}
    """,
    name="hears",
    head=HEAD,
)
TELLS = service(
    "a: {component: tell, name: go, key: '+380671234567', words: 'at {chain}', exits: {done: b}}\nb: {component: end}",
    name="tells",
    head=HEAD,
)


def message(words: str, *, name: str = "go", key: str = "0671234567", run_id: str = "") -> Message:
    return Message(name, key, {"words": words}, run_id)


def stage_of(*texts: str) -> Stage:
    return Stage(*texts, catalogue=ENGINE_CATALOGUE)


@virtual_time
async def test_a_run_that_waits_is_a_row_and_is_woken_by_another_run() -> None:
    stage = stage_of(HEARS, TELLS)
    async with served(stage.runner):
        waiting = await stage.runner.start_service("hears")
        await asyncio.sleep(3 * 86400)
        assert stage.runner.live() == []
        before = stage.clock.now()
        await stage.runner.start_service("tells", chain="c7")
        assert await ended(stage, waiting, every=0.1) == (Outcome.FINISHED, "at c7", "")
        assert (stage.clock.now() - before).total_seconds() < 1


@virtual_time
async def test_time_is_over_without_a_message() -> None:
    stage = stage_of(HEARS.replace("into: got", "within: 2h, into: got"))
    async with served(stage.runner):
        run_id = await stage.runner.start_service("hears")
        await stage.runner.post([message("x", key="0671234568"), message("y", name="stay"), message("z", run_id="r")])
        await asyncio.sleep(7190)
        assert stage.runner.live() == []
        assert await ended(stage, run_id, every=5) == (Outcome.FINISHED, "nothing", "")


@virtual_time
async def test_only_what_was_posted_since_the_step_was_entered_counts() -> None:
    stage = stage_of(HEARS)
    async with served(stage.runner):
        await stage.runner.post([message("old")])
        await asyncio.sleep(1)
        run_id = await stage.runner.start_service("hears")
        await asyncio.sleep(1)
        await stage.runner.post([message("new"), message("newer")])
        assert await ended(stage, run_id) == (Outcome.FINISHED, "new", "")


@virtual_time
async def test_a_message_for_the_run_itself_counts_also_if_it_came_before() -> None:
    late = service(
        """
        a: {component: wait, time: 1h, exits: {done: b}}
        b: {component: hear, name: go, into: got, exits: {heard: c}}
        c: {component: hear, name: go, within: 1h, into: got, exits: {heard: d, nothing: d}}
        d: {component: end, value: "=got"}
        """,
        name="late",
        head=HEAD,
    )
    stage = stage_of(late)
    async with served(stage.runner):
        run_id = await stage.runner.start_service("late")
        await asyncio.sleep(1)
        await stage.runner.post([message("for you", key="", run_id=run_id), message("for all", key="")])
        assert await ended(stage, run_id) == (Outcome.FINISHED, "for you", "")
    assert ("c", "nothing") in stage.traces.path


@virtual_time
async def test_each_message_is_taken_once_also_over_sleeps() -> None:
    three = service(
        "a: {component: hear, name: go, times: 3, into: got, exits: {heard: b}}\nb: {component: end, value: '=got'}",
        name="three",
        head=HEAD,
    )
    stage = stage_of(three)
    async with served(stage.runner):
        run_id = await stage.runner.start_service("three")
        await asyncio.sleep(1)
        await stage.runner.post([message("one", key="")])
        await asyncio.sleep(60)
        await stage.runner.post([message("two", key="", run_id=run_id)])
        await asyncio.sleep(60)
        assert stage.runner.live() == []
        await stage.runner.post([message("three", key="")])
        assert await ended(stage, run_id) == (Outcome.FINISHED, "one two three", "")


@virtual_time
async def test_what_was_posted_on_another_node_wakes_the_run_there() -> None:
    stage = stage_of(HEARS)
    other = stage.node("b")
    async with served(other):
        run_id = await stage.runner.start_service("hears")
        await asyncio.sleep(60)
        await stage.runner.post([message("hello")])
        assert await ended(stage, run_id) == (Outcome.FINISHED, "hello", "")


@virtual_time
async def test_a_message_is_committed_with_the_end_of_its_step_and_not_without() -> None:
    failing = voice(
        "a: {component: tell, name: go, words: one, exits: {done: b}}\nb: {component: say, text: Hi}", head=HEAD
    )
    stage = stage_of(failing)
    await call(stage)
    (posted,) = await stage.store.messages()
    assert (posted.name, posted.data, posted.chain != "", posted.posted) == (
        "go",
        {"words": "one"},
        True,
        stage.traces.runs[0].started,
    )


VOICE = voice(
    """
    a: {component: say, text: Wait, exits: {done: b}}
    b: {component: hear, name: go, into: got, exits: {heard: c}}
    c: {component: say, text: "{got}"}
    """,
    head=HEAD + "after_hangup: z\n",
).replace("steps:", "steps:\n  z: {component: emit, text: gone}")


async def call(stage: Stage) -> None:
    """One call to its end."""
    done = asyncio.Event()

    async def take(leg: Leg) -> None:
        await stage.runner.run_voice("main", leg)
        done.set()

    async with serving(stage.exchange, take):
        stage.exchange.call_in("0671234567", "700")
        await done.wait()


@virtual_time
async def test_a_voice_scenario_waits_in_its_call() -> None:
    stage = stage_of(VOICE)
    done = asyncio.Event()

    async def take(leg: Leg) -> None:
        await stage.runner.run_voice("main", leg)
        done.set()

    async with serving(stage.exchange, take):
        phone = stage.exchange.call_in("0671234567", "700")
        await phone.wait_heard("Wait")
        await asyncio.sleep(30)
        before = stage.clock.now()
        await stage.runner.post([message("thank you", key="")])
        await phone.wait_heard("thank you")
        assert (stage.clock.now() - before).total_seconds() < 0.1
        await done.wait()


@virtual_time
async def test_a_voice_scenario_hears_of_another_node_within_a_second_or_so() -> None:
    stage = stage_of(VOICE)
    other = stage.node("b")

    async def take(leg: Leg) -> None:
        await stage.runner.run_voice("main", leg)

    async with serving(stage.exchange, take):
        phone = stage.exchange.call_in("0671234567", "700")
        await phone.wait_heard("Wait")
        await asyncio.sleep(30)
        before = stage.clock.now()
        await other.post([message("thank you", key="")])
        await phone.wait_heard("thank you")
        assert (stage.clock.now() - before).total_seconds() < 2.5


@virtual_time
async def test_the_hang_up_ends_the_waiting() -> None:
    stage = stage_of(VOICE)
    done = asyncio.Event()

    async def take(leg: Leg) -> None:
        await stage.runner.run_voice("main", leg)
        done.set()

    async with serving(stage.exchange, take):
        phone = stage.exchange.call_in("0671234567", "700")
        await phone.wait_heard("Wait")
        await asyncio.sleep(5)
        phone.hang_up()
        await phone.wait_state(LegState.ENDED)
        await done.wait()
        await settle()
    assert [step.step for step in stage.traces.steps] == ["a", "b", "z"]
    assert stage.traces.runs[-1].outcome is Outcome.HUNG_UP

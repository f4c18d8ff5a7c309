"""Story S1, the entry to the exchange: PIN, rights and hang-ups, over the simulated exchange in virtual time."""

import logging
from collections.abc import Callable

import pytest

from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.phone import CalledPhone
from cordboard.simulation.virtual_time import virtual_time
from cordboard.telephony import EndReason, LegState, Target
from cordboard.testing.stories import OLENA, TARAS, DemoTrial, city

PIN = "4821"
ASKS_PIN = "Please enter your PIN"
WRONG = "This PIN is wrong."
ASKS_NUMBER = "Please enter the number"
GOODBYE = "Goodbye."
CLIENT = "0441234567"
ANSWERS: dict[Target, FarEnd] = {
    city(OLENA): FarEnd.answers(2),
    city(TARAS): FarEnd.answers(2),
    city(CLIENT): FarEnd.answers(2),
}


async def called_back(trial: DemoTrial, number: str = OLENA) -> CalledPhone:
    """The employee's phone, at the moment when it is asked for the PIN."""
    trial.call(number)
    phone = await trial.next_called()
    await phone.wait_heard(ASKS_PIN)
    return phone


async def let_in(trial: DemoTrial, number: str = OLENA) -> CalledPhone:
    """The employee's phone, at the moment when it is asked for a number."""
    phone = await called_back(trial, number)
    phone.press(PIN + "#")
    await phone.wait_heard(ASKS_NUMBER)
    return phone


# --- the talk -----------------------------------------------------------------------------------------------------


@virtual_time
async def test_the_whole_story_is_one_chain() -> None:
    async with DemoTrial(ANSWERS) as trial:
        employee = await let_in(trial)
        employee.press(CLIENT + "#")
        client = await trial.next_called()
        await client.wait_state(LegState.ANSWERED)
        await trial.wait(30)
        [joined] = trial.listened.connections
        client.hang_up()
        await employee.wait_heard(ASKS_NUMBER)
        employee.hang_up()
        await trial.ended()
        await trial.assert_nothing_is_left()
    last = {record.id: record for record in trial.listened.legs}
    attempt, callback, second = last.values()
    assert [attempt.caller.number, callback.dialled, second.dialled] == [OLENA, OLENA, CLIENT]
    assert [leg.answered is not None for leg in last.values()] == [False, True, True]
    assert len({leg.chain for leg in last.values()} | {run.chain for run in trial.runs} | {joined.chain}) == 1
    assert {joined.a_leg, joined.b_leg} == {callback.id, second.id}


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (FarEnd.busy(), "The number is busy."),
        (FarEnd.no_answer(), "There is no answer."),
        (FarEnd.rejects(), "There is no answer."),
        (FarEnd.unreachable(), "There is no answer."),
    ],
)
def test_who_does_not_reach_the_client_is_told_and_may_try_another(end: FarEnd, words: str) -> None:
    @virtual_time
    async def body() -> None:
        async with DemoTrial(ANSWERS | {city("0501112233"): end}) as trial:
            employee = await let_in(trial)
            employee.press("0501112233#")
            await employee.wait_heard(words, within=90)
            await employee.wait_heard(ASKS_NUMBER)
            employee.press(CLIENT + "#")
            client = await trial.next_called()
            client = await trial.next_called()
            await client.wait_state(LegState.ANSWERED)
            employee.hang_up()
            await trial.ended()
        assert trial.called == [city(OLENA), city("0501112233"), city(CLIENT)]

    body()


@virtual_time
async def test_five_calls_are_enough() -> None:
    async with DemoTrial(ANSWERS | {city(CLIENT): FarEnd.busy()}) as trial:
        employee = await let_in(trial)
        for _ in range(4):
            employee.press(CLIENT + "#")
            await employee.wait_heard(ASKS_NUMBER)
        employee.press(CLIENT + "#")
        await employee.wait_heard(GOODBYE)
        await trial.ended()
        await trial.assert_nothing_is_left()
    assert employee.told is EndReason.HUNG_UP
    assert sum(ASKS_NUMBER in text for text in employee.texts) == 5
    assert trial.called == [city(OLENA), *[city(CLIENT)] * 5]


# --- the PIN ------------------------------------------------------------------------------------------------------


@virtual_time
async def test_three_wrong_pins_end_the_call() -> None:
    async with DemoTrial(ANSWERS) as trial:
        employee = await called_back(trial)
        for _ in range(2):
            employee.press("1111#")
            await employee.wait_heard(WRONG)
            await employee.wait_heard(ASKS_PIN)
        employee.press("1111#")
        await employee.wait_heard(GOODBYE)
        await trial.ended()
        await trial.assert_nothing_is_left()
    assert employee.told is EndReason.HUNG_UP
    asks = employee.texts[0]
    assert employee.texts == [asks, WRONG, asks, WRONG, asks, GOODBYE]
    assert trial.called == [city(OLENA)]


@virtual_time
async def test_the_right_pin_counts_after_a_wrong_one() -> None:
    async with DemoTrial(ANSWERS) as trial:
        employee = await called_back(trial)
        employee.press("1111#")
        await employee.wait_heard(WRONG)
        employee.press(PIN + "#")
        await employee.wait_heard(ASKS_NUMBER)
        employee.hang_up()
        await trial.ended()
    assert [step for step in trial.path if step.startswith("check_pin")] == ["check_pin.wrong", "check_pin.right"]


@virtual_time
async def test_a_locked_pin_ends_the_call() -> None:
    async with DemoTrial(ANSWERS) as trial:
        employee = await called_back(trial)
        employee.press("0000#")
        await employee.wait_heard(GOODBYE)
        employee.press(PIN + "#")
        await trial.ended()
        await trial.assert_nothing_is_left()
    assert employee.texts[1:] == [GOODBYE]
    assert trial.path[-6:-2] == ["ask_pin.done", "check_pin.locked", "goodbye.done", "hang_up.done"]
    assert trial.called == [city(OLENA)]


@pytest.mark.parametrize("pressed", ["", "#", "*#"])
def test_an_empty_pin_is_never_right(pressed: str) -> None:
    @virtual_time
    async def body() -> None:
        async with DemoTrial(ANSWERS) as trial:
            employee = await called_back(trial)
            while GOODBYE not in employee.texts:
                employee.press(pressed)
                await trial.wait(1)
            await trial.ended()
            await trial.assert_nothing_is_left()
        assert not any(ASKS_NUMBER in text for text in employee.texts)
        assert "check_pin.right" not in trial.path
        assert employee.told is EndReason.HUNG_UP
        assert trial.called == [city(OLENA)]

    body()


@virtual_time
async def test_a_forged_caller_id_gets_nowhere() -> None:
    async with DemoTrial(ANSWERS) as trial:
        forger = trial.call(OLENA)
        surprised = await trial.next_called()
        # The forger has heard nothing; the one whose number it was knows nothing, and talks into the handset.
        await surprised.wait_heard(GOODBYE)
        await trial.ended()
        await trial.assert_nothing_is_left()
    assert forger.heard == []
    assert LegState.ANSWERED not in forger.states
    assert trial.called == [city(OLENA)]
    assert surprised.texts.count(surprised.texts[0]) == 3


# --- what may be dialled ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["0441234567", "90441234567", "9380441234567", "0032441234567"])
def test_a_forbidden_prefix_is_refused_and_another_number_may_be_tried(number: str) -> None:
    @virtual_time
    async def body() -> None:
        ends = ANSWERS | {city(number): FarEnd.answers(1), city(number[1:]): FarEnd.answers(1)}
        async with DemoTrial(ends | {city("0322123456"): FarEnd.answers(1)}) as trial:
            employee = await let_in(trial, TARAS)
            employee.press(number + "#")
            await employee.wait_heard("You may not call this number.")
            await employee.wait_heard(ASKS_NUMBER)
            employee.press("0322123456#")
            client = await trial.next_called()
            await client.wait_state(LegState.ANSWERED)
            employee.hang_up()
            await trial.ended()
        assert trial.called == [city(TARAS), city("0322123456")]

    body()


@virtual_time
async def test_the_rights_are_those_of_the_one_who_was_called_back() -> None:
    async with DemoTrial(ANSWERS) as trial:
        taras, olena = await let_in(trial, TARAS), await let_in(trial, OLENA)
        taras.press(CLIENT + "#")
        await taras.wait_heard("You may not call this number.")
        olena.press(CLIENT + "#")
        client = await trial.next_called()
        await client.wait_state(LegState.ANSWERED)
        taras.hang_up()
        olena.hang_up()
        await trial.ended()
    assert trial.called == [city(TARAS), city(OLENA), city(CLIENT)]


# --- hang-ups -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "seconds"),
    [
        pytest.param([], 0, id="as it is asked for the PIN"),
        pytest.param(["48"], 1, id="in the middle of the PIN"),
        pytest.param(["1111#"], 0.2, id="as the PIN is called wrong"),
        pytest.param([PIN + "#"], 1, id="as it is asked for a number"),
        pytest.param([PIN + "#", "044"], 1, id="in the middle of the number"),
        pytest.param([PIN + "#", CLIENT + "#"], 1, id="while the client's phone rings"),
        pytest.param([PIN + "#", CLIENT + "#"], 30, id="in the talk"),
        pytest.param(["0000#"], 0.2, id="during the goodbye"),
        pytest.param([PIN + "#", "112999#"], 0.2, id="as it hears that there is no such number"),
    ],
)
def test_a_hang_up_ends_everything(keys: list[str], seconds: float) -> None:
    @virtual_time
    async def body() -> None:
        async with DemoTrial(ANSWERS) as trial:
            employee = await called_back(trial)
            for some in keys:
                employee.press(some)
                await trial.wait(0.1)
            await trial.wait(seconds)
            assert employee.state is LegState.ANSWERED
            employee.hang_up()
            await trial.ended()
            await trial.wait(3600)
            await trial.assert_nothing_is_left()
        clients = trial.exchange.called[1:]
        assert all(phone.state is LegState.ENDED for phone in trial.exchange.called)
        assert [phone.target for phone in clients] == [city(CLIENT)] * (CLIENT + "#" in keys)
        assert [phone.target for phone in trial.exchange.called].count(city(OLENA)) == 1
        assert trial.path[-2:] == ["call_back.answered", "finish."]

    body()


@virtual_time
async def test_a_client_who_is_hung_up_on_while_his_phone_rings_is_told_so() -> None:
    async with DemoTrial(ANSWERS) as trial:
        employee = await let_in(trial)
        employee.press(CLIENT + "#")
        client = await trial.next_called()
        employee.hang_up()
        await trial.ended()
    assert client.told is EndReason.CANCELLED


# --- secrets ------------------------------------------------------------------------------------------------------


def right(phone: CalledPhone) -> None:
    phone.press(PIN + "#")


def twice(phone: CalledPhone) -> None:
    """The second one is taken for the number to call."""
    phone.press(f"{PIN}#{PIN}#")


def without_end(phone: CalledPhone) -> None:
    phone.press(PIN)


@pytest.mark.parametrize("enter", [right, twice, without_end])
def test_the_pin_stands_in_no_trace_and_no_log(
    enter: Callable[[CalledPhone], None], caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    @virtual_time
    async def body() -> None:
        async with DemoTrial(ANSWERS) as trial:
            employee = await called_back(trial)
            employee.press("73195#")
            await employee.wait_heard(ASKS_PIN)
            enter(employee)
            await employee.wait_heard(ASKS_NUMBER)
            await trial.wait(5)
            employee.hang_up()
            await trial.ended()
        assert "check_pin.right" in trial.path
        for trace in (*trial.steps, *trial.runs, *await trial.store.find(), *trial.listened.legs):
            assert PIN not in repr(trace)
            assert "73195" not in repr(trace)

    with caplog.at_level(logging.DEBUG):
        body()
    written = caplog.text + "".join(capfd.readouterr())
    assert PIN not in written
    assert "73195" not in written

"""Story S1, the callback: the shipped scenarios over the simulated exchange, in virtual time."""

import pytest

from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.virtual_time import virtual_time
from cordboard.telephony import EndReason, LegState
from cordboard.testing.stories import CITY_NUMBER, OLENA, TARAS, DemoTrial, city

ANSWERS = {city(OLENA): FarEnd.answers(2, hangs_up_after=5)}
WELCOME = "Welcome to our office."


# --- the first call -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", [OLENA, "0671234567", "380671234567", "(067) 123-45-67"])
def test_an_employee_is_dropped_unanswered_and_called_back(written: str) -> None:
    @virtual_time
    async def body() -> None:
        async with DemoTrial(ANSWERS) as trial:
            phone = trial.call(written)
            callback = await trial.next_called()
            await trial.ended()
            await trial.assert_nothing_is_left()
        assert phone.states == [LegState.CALLING, LegState.ENDED]
        assert phone.told is EndReason.BUSY
        assert phone.heard == []
        assert trial.called == [city(OLENA)]
        assert trial.attempts == [3.0]
        assert callback.leg.record.caller.number == CITY_NUMBER
        assert callback.texts == ["This is your office. Please enter your PIN, then press hash."]

    body()


@pytest.mark.parametrize("number", ["+380441112233", "", "anonymous", "104"])
def test_an_unknown_or_hidden_number_takes_the_usual_way(number: str) -> None:
    @virtual_time
    async def body() -> None:
        async with DemoTrial(ANSWERS) as trial:
            phone = trial.call(number)
            await phone.wait_heard(WELCOME)
            phone.hang_up()
            await trial.ended()
            await trial.wait(300)
            await trial.assert_nothing_is_left()
        assert trial.called == []
        assert "callback" not in {run.scenario for run in trial.runs}
        assert trial.path[:2] == ["who_calls.unknown", "usual_way."]

    body()


# --- two quick calls ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "between",
    [pytest.param(0.0, id="at once"), pytest.param(1.0, id="before it is called back"),
     pytest.param(4.0, id="while it rings"), pytest.param(7.0, id="while it talks")],
)  # fmt: skip
def test_two_quick_calls_give_one_callback(between: float) -> None:
    @virtual_time
    async def body() -> None:
        async with DemoTrial(ANSWERS) as trial:
            first = trial.call(OLENA)
            if between:
                await trial.wait(between)
            second = trial.call("0671234567")
            await trial.ended()
            await trial.wait(600)
        assert [first.told, second.told] == [EndReason.BUSY, EndReason.BUSY]
        assert LegState.ANSWERED not in second.states
        assert trial.called == [city(OLENA)]
        assert len({run.run_id for run in trial.runs if run.scenario == "callback"}) == 1

    body()


@virtual_time
async def test_a_call_after_the_callback_has_ended_gives_a_new_one() -> None:
    async with DemoTrial(ANSWERS) as trial:
        trial.call(OLENA)
        await trial.ended()
        trial.call(OLENA)
        await trial.ended()
    assert trial.called == [city(OLENA), city(OLENA)]
    assert len({run.chain for run in trial.runs}) == 2


@virtual_time
async def test_two_employees_are_both_called_back() -> None:
    async with DemoTrial(ANSWERS | {city(TARAS): FarEnd.answers(2, hangs_up_after=5)}) as trial:
        trial.call(OLENA)
        trial.call(TARAS)
        await trial.ended()
    assert set(trial.called) == {city(OLENA), city(TARAS)}
    assert len(trial.called) == 2


# --- attempts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "at"),
    [
        pytest.param(FarEnd.busy(), [3, 63, 123], id="busy"),
        pytest.param(FarEnd.unreachable(), [3, 63, 123], id="unreachable"),
        # It rings for 40 seconds each time.
        pytest.param(FarEnd.no_answer(), [3, 103, 203], id="no answer"),
        pytest.param(FarEnd.silent(), [3, 103, 203], id="switched off"),
        pytest.param(FarEnd.rejects(), [3], id="rejected"),
    ],
)
def test_it_is_tried_three_times_with_a_minute_between_unless_it_is_rejected(end: FarEnd, at: list[float]) -> None:
    @virtual_time
    async def body() -> None:
        async with DemoTrial({city(OLENA): end}) as trial:
            trial.call(OLENA)
            await trial.ended()
            await trial.wait(3600)
            await trial.assert_nothing_is_left()
        assert trial.attempts == pytest.approx(at)
        assert {phone.target for phone in trial.exchange.called} == {city(OLENA)}
        assert "entry" not in {run.scenario for run in trial.runs}

    body()


@virtual_time
async def test_who_answers_the_last_attempt_is_not_called_again() -> None:
    async with DemoTrial({city(OLENA): FarEnd.busy()}) as trial:
        trial.call(OLENA)
        await trial.next_called()
        await trial.next_called()
        trial.exchange.far_ends |= ANSWERS
        callback = await trial.next_called()
        await trial.ended()
        await trial.wait(3600)
        await trial.assert_nothing_is_left()
    assert trial.attempts == pytest.approx([3, 63, 123])
    assert LegState.ANSWERED in callback.states


@virtual_time
async def test_a_number_that_no_line_reaches_ends_politely() -> None:
    async with DemoTrial() as trial:  # nobody is there
        trial.call(OLENA)
        await trial.ended()
        await trial.assert_nothing_is_left()
    assert trial.path.count("call_back.unreachable") == 3
    assert trial.path[-1] == "finish."


# --- restarts -----------------------------------------------------------------------------------------------------


@virtual_time
async def test_the_callback_survives_a_restart_while_it_pauses() -> None:
    async with DemoTrial(ANSWERS) as before:
        before.call(OLENA)
        await before.wait(1)
        await before.stop_services()
    assert before.called == []
    async with DemoTrial(ANSWERS, store=before.store) as after:
        await after.ended()
        await after.wait(600)
        await after.assert_nothing_is_left()
    assert after.called == [city(OLENA)]
    assert {run.chain for run in after.runs} == {run.chain for run in before.runs}


@virtual_time
async def test_attempts_are_counted_through_a_restart() -> None:
    busy = {city(OLENA): FarEnd.busy()}
    async with DemoTrial(busy) as before:
        before.call(OLENA)
        await before.next_called()
        await before.wait(10)
        await before.stop_services()
    async with DemoTrial(busy, store=before.store) as after:
        await after.ended()
        await after.wait(600)
        await after.assert_nothing_is_left()
    assert len(before.called) == 1
    assert len(after.called) == 2


@pytest.mark.parametrize("seconds", [pytest.param(4.0, id="while it rings"), pytest.param(8.0, id="while it talks")])
def test_no_attempt_is_dialled_twice(seconds: float) -> None:
    @virtual_time
    async def body() -> None:
        async with DemoTrial(ANSWERS) as before:
            before.call(OLENA)
            await before.wait(seconds)
            assert len(before.called) == 1
            await before.stop_services()
            assert list(before.exchange.legs()) == []
        async with DemoTrial(ANSWERS, store=before.store) as after:
            await after.ended()
            await after.wait(3600)
            await after.assert_nothing_is_left()
        assert after.called == []
        assert after.path == ["call_back.interrupted", "finish."]

    body()


@virtual_time
async def test_after_an_interrupted_attempt_a_new_call_gives_a_new_callback() -> None:
    async with DemoTrial(ANSWERS) as before:
        before.call(OLENA)
        await before.next_called()
        await before.stop_services()
    async with DemoTrial(ANSWERS, store=before.store) as after:
        await after.ended()
        after.call(OLENA)
        await after.ended()
    assert after.called == [city(OLENA)]

from collections.abc import Mapping
from datetime import timedelta

import pytest

from cordboard.office.ports import People, Presence, UserState
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.virtual_time import virtual_time
from cordboard.telephony import PhoneTarget, Target
from cordboard.testing.components import Trial, voice
from cordboard.testing.queue import HeldPeople

FIND = voice(
    "f: {component: find_employee, phone: =caller, login: login, name: name, number: number}",
    variables="- {name: login}\n- {name: name}\n- {name: number}",
)


@pytest.mark.parametrize("number", ["+380671234567", "0671234567", "380671234567"])
def test_an_employee_is_found_however_his_phone_is_written(number: str) -> None:
    @virtual_time
    async def body() -> None:
        async with Trial(FIND) as trial:
            trial.call(number=number)
            await trial.ended()
        assert trial.path == ["f.found"]
        assert trial.variables == {"login": "anna", "name": "Анна", "number": "101"}

    body()


@pytest.mark.parametrize("number", ["0509999999", "", "anonymous"])
def test_a_stranger_and_a_hidden_number_are_unknown(number: str) -> None:
    @virtual_time
    async def body() -> None:
        async with Trial(FIND) as trial:
            trial.call(number=number)
            await trial.ended()
        assert trial.path == ["f.unknown"]
        assert trial.variables == {"login": "", "name": "", "number": ""}

    body()


@pytest.mark.parametrize(("pin", "exit_"), [("4821", "right"), ("1111", "wrong"), ("", "wrong"), ("0000", "locked")])
def test_check_pin(pin: str, exit_: str) -> None:
    text = voice(
        'c: {component: check_pin, login: anna, pin: "{pin}"}',
        variables=f"- {{name: pin, value: '{pin}', secret: true}}",
    )

    @virtual_time
    async def body() -> None:
        async with Trial(text) as trial:
            trial.call()
            await trial.ended()
        assert trial.path == [f"c.{exit_}"]
        if pin:
            assert pin not in repr(trial.steps)

    body()


@virtual_time
async def test_a_caller_who_hangs_up_while_the_pin_is_checked_leaves_by_nothing() -> None:
    text = voice(
        "a: {component: answer, exits: {done: c}}\nc: {component: check_pin, login: slow, pin: '1'}",
    )
    async with Trial(text) as trial:
        phone = trial.call()
        await trial.wait(1)
        phone.hang_up()
        await trial.ended()
    assert trial.path == ["a.done", "c."]


@pytest.mark.parametrize(
    ("presence", "calls", "online", "exit_"),
    [
        (Presence.READY, 0, True, "free"),
        (Presence.READY, 1, True, "busy"),
        (Presence.READY, 0, False, "offline"),
        (Presence.BREAK, 1, True, "on_break"),
        (Presence.AWAY, 0, True, "away"),
        (Presence.DO_NOT_DISTURB, 0, False, "do_not_disturb"),
    ],
)
def test_how_a_user_stands(presence: Presence, calls: int, online: bool, exit_: str) -> None:
    people = HeldPeople()
    people.put("anna", UserState(presence, calls=calls, online=online))

    @virtual_time
    async def body() -> None:
        async with Trial(voice("s: {component: user_state, login: anna}"), ports={People: people}) as trial:
            trial.call()
            await trial.ended()
        assert trial.path == [f"s.{exit_}"]

    body()


@virtual_time
async def test_a_state_is_set_for_a_while_and_nobodys_is_unknown() -> None:
    people = HeldPeople("anna")
    text = voice(
        "s: {component: set_presence, login: anna, state: on_break, reason: lunch, lasts: 30m, exits: {done: u}}\n"
        "u: {component: set_presence, login: nobody, exits: {unknown: n}}\n"
        "n: {component: user_state, login: nobody}"
    )
    async with Trial(text, ports={People: people}) as trial:
        trial.call()
        await trial.ended()
    assert trial.path == ["s.done", "u.unknown", "n.unknown"]
    state = people.state("anna")
    assert (state.presence, state.reason) == (Presence.BREAK, "lunch")
    assert state.until is not None
    assert timedelta(0) <= trial.clock.now() + timedelta(minutes=30) - state.until < timedelta(seconds=5)


@virtual_time
async def test_who_does_not_want_to_be_disturbed_is_busy_and_his_phone_does_not_ring() -> None:
    people = HeldPeople()
    people.put("anna", UserState(Presence.DO_NOT_DISTURB, online=True))
    far_ends: Mapping[Target, FarEnd] = {PhoneTarget("101"): FarEnd.answers(after=1.0)}
    async with Trial(voice("d: {component: dial, who: anna}"), far_ends=far_ends, ports={People: people}) as trial:
        trial.call()
        await trial.ended()
        assert trial.exchange.called == []
    assert trial.path == ["d.busy"]

"""Somebody takes the caller's place in a scenario: an attended transfer to a menu, to a parking place."""

import asyncio

from cordboard.simulation.virtual_time import settle, virtual_time
from cordboard.telephony import Leg, LegState
from cordboard.testing.components import Trial, voice

PARKER, PARKED = "101", "0501112233"
HOLD = voice("h: {component: answer, exits: {done: p}}\np: {component: pause, duration: 1h}", name="hold")
MAIN = voice(
    """
    who: {component: assign, assignments: [{variable: first, value: =text(caller)}], exits: {done: a}}
    a: {component: play, text: please wait, exits: {done: p}}
    p: {component: pause, duration: 30s, exits: {done: b}}
    b: {component: play, text: "{caller} came for {first}", exits: {done: p2}}
    p2: {component: pause, duration: 30s, exits: {done: end}}
    end: {component: hang_up}
    """,
    variables="- {name: first}",
)


def leg_of(trial: Trial, number: str) -> Leg:
    return next(leg for leg in trial.exchange.legs() if leg.record.caller.number == number)


@virtual_time
async def test_the_scenario_goes_on_with_whoever_comes() -> None:
    async with Trial(MAIN, HOLD, numbers={"800": "hold"}) as trial:
        parker = trial.call(PARKER)
        parked = trial.call(PARKED, dialled="800")
        await trial.wait(10)
        take = trial.runner.heir_of(leg_of(trial, PARKER))
        assert take is not None
        assert trial.runner.heir_of(leg_of(trial, PARKER)) is None  # he has one
        coming = leg_of(trial, PARKED)
        parker.hang_up()
        await trial.wait(1)
        await take(coming)  # until the end of the scenario
        assert coming.state is LegState.ENDED
        assert [each.sound.text for each in parked.heard if hasattr(each.sound, "text")] == [
            f"{PARKED} came for {PARKER}"
        ]
        assert "p2.done" in trial.path


@virtual_time
async def test_if_nobody_comes_the_scenario_ends_with_its_caller() -> None:
    async with Trial(MAIN) as trial:
        parker = trial.call(PARKER)
        await trial.wait(10)
        take = trial.runner.heir_of(leg_of(trial, PARKER))
        assert take is not None
        parker.hang_up()
        await trial.ended()
        assert trial.walked == ["who", "a", "p"]
        assert trial.runs[-1].outcome == "hung_up"


@virtual_time
async def test_the_heirs_own_hang_up_ends_it() -> None:
    async with Trial(MAIN, HOLD, numbers={"800": "hold"}) as trial:
        parker = trial.call(PARKER)
        parked = trial.call(PARKED, dialled="800")
        await trial.wait(10)
        take = trial.runner.heir_of(leg_of(trial, PARKER))
        assert take is not None
        coming = leg_of(trial, PARKED)
        parker.hang_up()
        await settle()
        over = asyncio.ensure_future(take(coming))
        await trial.wait(5)
        parked.hang_up()
        await over
        await trial.ended()
        assert [run.outcome for run in trial.runs if run.scenario == "main" and run.ended] == ["hung_up"]


@virtual_time
async def test_where_no_scenario_runs_nobody_can_take_a_place() -> None:
    async with Trial(MAIN, HOLD, numbers={"800": "hold"}) as trial:
        trial.call(PARKED, dialled="800")
        await trial.wait(1)
        leg = leg_of(trial, PARKED)
        assert trial.rooms.heir_of(leg) is None


@virtual_time
async def test_a_place_in_a_room_is_taken_and_the_music_goes_on_for_him() -> None:
    room = voice(
        """
        make: {component: conference_create, name: "711", exits: {created: join}}
        join: {component: conference_join, name: "711", exits: {ended: end}}
        end: {component: hang_up}
        """
    )
    async with Trial(room, HOLD, numbers={"800": "hold"}) as trial:
        parker = trial.call(PARKER)
        trial.call(PARKED, dialled="800")
        await trial.wait(10)
        old, coming = leg_of(trial, PARKER), leg_of(trial, PARKED)
        takes = [trial.rooms.heir_of(old), trial.runner.heir_of(old)]
        parker.hang_up()
        await trial.wait(1)
        overs = [asyncio.ensure_future(take(coming)) for take in takes if take is not None]
        assert len(overs) == 2
        await trial.wait(60)
        assert coming.state is LegState.ANSWERED
        assert not any(over.done() for over in overs)
        assert not await trial.rooms.create("711", coming)  # the place is taken still
        await coming.hang_up()
        for over in overs:
            await over
        assert await trial.rooms.create("711", coming)

"""Rooms: made, joined, left, and made into a talk; story S8 in small."""

from pathlib import Path

import pytest

from cordboard.simulation.phone import SimulatedPhone
from cordboard.simulation.virtual_time import virtual_time
from cordboard.telephony import EndReason, LegState, Tone
from cordboard.testing.audio import tone_wav
from cordboard.testing.components import Trial, voice

ANNA, BORIS, CARL = (Tone((hertz,), 1.0) for hertz in (400.0, 500.0, 600.0))
PARK = voice(
    """
    first: {component: conference_create, name: 711, places: 2, exits: {created: said, taken: full}}
    said: {component: play, text: Parked on 711, exits: {done: park}}
    park:
      component: conference_join
      name: 711
      music: music.wav
      longest_alone: 2m
      exits: {ended: thanks, alone: back}
    thanks: {component: play, text: Thank you for your call}
    back: {component: play, text: Nobody has taken the call}
    full: {component: play, text: All places are taken}
    """
)
TAKE = voice(
    """
    enter: {component: conference_join, name: 711, wait: no, exits: {joined: talk, full: nobody, no_room: nobody}}
    talk: {component: conference_convert, name: 711, exits: {ended: after, not_two: nobody, no_room: nobody}}
    after: {component: play, text: The client has hung up}
    nobody: {component: play, text: Nobody waits here}
    """,
    name="take",
)
ROOM = voice(
    """
    make: {component: conference_create, name: room, exits: {created: enter, taken: enter}}
    enter: {component: conference_join, name: room, leave_key: "*", exits: {left: bye, ended: over}}
    bye: {component: play, text: Goodbye}
    over: {component: play, text: It is over}
    """
)


class CarPark(Trial):
    """One place to park a call, dialled 710, from which 711 takes it."""

    def __init__(self, folder: Path) -> None:
        tone_wav(folder / "music.wav", 440, seconds=1)
        super().__init__(PARK, TAKE, prompts=folder, numbers={"711": "take"})

    def park(self, number: str = "0671234567", voice: Tone = ANNA) -> SimulatedPhone:
        """A client is put there."""
        return self.call(number, dialled="710", voice=voice)

    def take(self, voice: Tone = BORIS) -> SimulatedPhone:
        """A colleague dials the place."""
        return self.call("102", dialled="711", account="102", voice=voice)


async def heard_now(phone: SimulatedPhone, sound: Tone) -> None:
    """Wait until a phone hears a voice."""
    await phone.until(lambda: phone.hearing == sound, f"hears {sound}", within=5)


def test_s8_in_small(tmp_path: Path) -> None:
    @virtual_time
    async def body() -> None:
        async with CarPark(tmp_path) as trial:
            client = trial.park()
            await client.wait_heard("Parked on 711")
            await client.wait_heard("music.wav")
            await trial.wait(60)
            assert client.heard[-1].text == "music.wav"
            colleague = trial.take()
            await heard_now(client, BORIS)
            await heard_now(colleague, ANNA)
            await trial.wait(300)
            assert trial.walked == ["first", "said", "enter"]
            (connection,) = trial.listened.connections
            assert {connection.a_leg, connection.b_leg} == {client.leg.id, colleague.leg.id}
            colleague.hang_up()
            await client.wait_heard("Thank you")
            await trial.ended()
        assert trial.path == ["first.created", "said.done", "enter.joined", "talk.", "park.ended", "thanks.done"]
        assert colleague.texts == []

    body()


def test_the_client_who_hangs_up_ends_the_talk(tmp_path: Path) -> None:
    @virtual_time
    async def body() -> None:
        async with CarPark(tmp_path) as trial:
            client = trial.park()
            await client.wait_heard("music.wav")
            colleague = trial.take()
            await heard_now(client, BORIS)
            await trial.wait(1)
            client.hang_up()
            await colleague.wait_heard("The client has hung up")
            await trial.ended()
        assert {"park.", "talk.ended"} <= set(trial.path)

    body()


def test_a_place_is_given_once_and_is_free_again_when_the_call_is_taken(tmp_path: Path) -> None:
    @virtual_time
    async def body() -> None:
        async with CarPark(tmp_path) as trial:
            client = trial.park()
            await client.wait_heard("music.wav")
            second = trial.park("0509999999", CARL)
            await second.wait_heard("All places are taken")
            colleague = trial.take()
            await heard_now(colleague, ANNA)
            third = trial.park("0509999999", CARL)
            await third.wait_heard("Parked on 711")
            for phone in (client, third, colleague):
                phone.hang_up()
            await trial.ended()
        assert trial.path.count("first.created") == 2
        assert trial.path.count("first.taken") == 1

    body()


def test_a_parked_client_who_hangs_up_frees_the_place(tmp_path: Path) -> None:
    @virtual_time
    async def body() -> None:
        async with CarPark(tmp_path) as trial:
            client = trial.park()
            await client.wait_heard("music.wav")
            client.hang_up()
            colleague = trial.take()
            await colleague.wait_heard("Nobody waits here")
            await (again := trial.park()).wait_heard("Parked on 711")
            again.hang_up()
            await trial.ended()
        assert "enter.no_room" in trial.path

    body()


def test_who_is_alone_for_too_long_comes_back(tmp_path: Path) -> None:
    @virtual_time
    async def body() -> None:
        async with CarPark(tmp_path) as trial:
            client = trial.park()
            await client.wait_heard("Nobody has taken the call", within=200)
            await trial.ended()
        assert trial.path == ["first.created", "said.done", "park.alone", "back.done"]
        assert trial.steps[2].seconds == pytest.approx(120)

    body()


def test_of_two_who_want_one_call_one_gets_it(tmp_path: Path) -> None:
    @virtual_time
    async def body() -> None:
        async with CarPark(tmp_path) as trial:
            client = trial.park()
            await client.wait_heard("music.wav")
            one, other = trial.take(BORIS), trial.take(CARL)
            await other.wait_heard("Nobody waits here")
            await heard_now(one, ANNA)
            await trial.wait(10)
            assert client.hearing == BORIS
            client.hang_up()
            await trial.ended()

    body()


@virtual_time
async def test_a_hundred_who_park_at_once_get_five_places() -> None:
    places = "".join(
        f"""
        p{place}: {{component: conference_create, name: "{place}", exits: {{created: park, taken: p{place + 1}}}}}"""
        for place in range(711, 716)
    )
    steps = f"""{places}
        p716: {{component: reject, reason: busy}}
        park: {{component: pause, duration: 1m}}
    """
    async with Trial(voice(steps)) as trial:
        phones = [trial.call(f"05000000{number:02}") for number in range(100)]
        await trial.ended()
    assert [path for path in sorted(trial.path) if path.endswith(".created")] == [
        f"p{place}.created" for place in range(711, 716)
    ]
    assert [phone.told for phone in phones].count(EndReason.BUSY) == 95


@virtual_time
async def test_who_makes_a_talk_of_two_others_may_go() -> None:
    convert = voice("c: {component: conference_convert, name: room}", name="convert")
    async with Trial(ROOM, convert, numbers={"800": "convert"}) as trial:
        anna, boris = trial.call(voice=ANNA), trial.call(voice=BORIS)
        await heard_now(anna, BORIS)
        carl = trial.call(dialled="800")
        await trial.wait(1)
        carl.hang_up()
        await trial.wait(60)
        assert anna.hearing == BORIS
        anna.hang_up()
        await boris.wait_heard("It is over")
        await trial.ended()


@virtual_time
async def test_three_hear_each_other_until_one_leaves_by_his_key() -> None:
    async with Trial(ROOM) as trial:
        anna, boris, carl = (trial.call(voice=tone) for tone in (ANNA, BORIS, CARL))
        await anna.until(lambda: {heard.sound for heard in anna.heard} >= {BORIS, CARL}, "hears both", within=5)
        await trial.wait(30)
        carl.press("5*")
        await carl.wait_heard("Goodbye")
        await heard_now(anna, BORIS)
        await heard_now(boris, ANNA)
        anna.hang_up()
        await trial.wait(5)
        assert boris.hearing is None
        boris.hang_up()
        await trial.ended()
    assert trial.path.count("enter.left") == 1
    assert trial.path.count("make.created") == 1


@virtual_time
async def test_who_is_muted_is_not_heard() -> None:
    async with Trial(ROOM.replace('leave_key: "*"', 'leave_key: "*", muted: yes')) as trial:
        anna, boris = trial.call(voice=ANNA), trial.call(voice=BORIS)
        await boris.wait_state(LegState.ANSWERED)
        await trial.wait(5)
        assert (anna.hearing, boris.hearing) == (None, None)
        anna.hang_up()
        boris.hang_up()
        await trial.ended()


@virtual_time
async def test_what_there_is_no_room_for() -> None:
    steps = """
        a: {component: conference_join, name: nowhere, exits: {no_room: b}}
        b: {component: conference_convert, name: nowhere, exits: {no_room: c}}
        c: {component: conference_create, name: here, exits: {created: d}}
        d: {component: conference_join, name: here, wait: no, exits: {joined: e}}
        e: {component: conference_convert, name: here}
    """
    async with Trial(voice(steps)) as trial:
        trial.call()
        await trial.ended()
    assert trial.path == ["a.no_room", "b.no_room", "c.created", "d.joined", "e.not_two"]

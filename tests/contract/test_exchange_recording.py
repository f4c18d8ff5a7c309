"""The contract of `telephony/ports.py`: both sides of a talk in one file."""

import asyncio
import wave
from pathlib import Path

import numpy as np
import pytest

from cordboard.simulation.far_end import FarEnd
from cordboard.telephony import KeyRule, Leg, Party, PhoneTarget, Tone
from cordboard.testing.audio import Samples, heard_among, read_wav, samples_of
from cordboard.testing.exchange import VOICES, ExchangeUnderTest, caller_and_leg, contract, voice

SAYS, OTHER, THIRD, PROMPT = VOICES


async def talk(leg: Leg, seconds: float = 1.0) -> None:
    """Let time pass in a call."""
    assert (await leg.collect(KeyRule(first_timeout=seconds))).digits == ""


def two_channels(path: Path) -> tuple[Samples, Samples]:
    """What the far end said, and what it heard."""
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 8000)
        both = samples_of(file.readframes(file.getnframes()))
    return both[0::2], both[1::2]


def among(sound: Samples) -> set[float]:
    """Which of VOICES are in it."""
    return heard_among(sound, VOICES)


@contract
async def test_both_directions_are_in_the_file(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x, hz=SAYS) as (phone, leg):
        path = x.folder / "talks" / "mixed.wav"
        path.parent.mkdir()
        await leg.background([Tone((PROMPT,), on=3600.0)])
        await phone.hears(PROMPT)
        assert not leg.record.recorded
        assert await leg.start_recording(path)
        assert leg.record.recorded
        await talk(leg)
        seconds = await leg.stop_recording()
        assert seconds == pytest.approx(1.0, abs=0.3)
        sound = read_wav(path)
        assert len(sound) == pytest.approx(8000 * seconds, abs=800)
        assert among(sound) == {SAYS, PROMPT}
        await talk(leg, 0.5)
        assert await leg.stop_recording() == 0.0
        assert leg.record.recorded
        assert [record.recorded for record in x.listener.of(leg.id)][-2:] == [False, True]
        assert len(read_wav(path)) == len(sound)


@contract
async def test_in_stereo_they_are_apart(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x, hz=SAYS) as (phone, leg):
        path = x.folder / "stereo.wav"
        await leg.background([Tone((PROMPT,), on=3600.0)])
        await phone.hears(PROMPT)
        assert await leg.start_recording(path, stereo=True)
        await talk(leg)
        assert await leg.stop_recording() == pytest.approx(1.0, abs=0.3)
        says, hears = two_channels(path)
        assert among(says) == {SAYS}
        assert among(hears) == {PROMPT}


@contract
async def test_it_goes_on_through_bridges_and_rooms(x: ExchangeUnderTest) -> None:
    await x.phone("102", FarEnd(answers_after=0.1, voice=voice(OTHER)))
    await x.phone("103", FarEnd(answers_after=0.1, voice=voice(THIRD)))
    async with caller_and_leg(x, hz=SAYS) as (_, leg):
        others = [await x.exchange.originate([PhoneTarget(one)], caller=Party("700")) for one in ("102", "103")]
        for other in others:
            assert await other.answer()
        path = x.folder / "long.wav"
        assert await leg.start_recording(path, stereo=True)
        await talk(leg, 0.6)
        await x.exchange.join(leg, others[0])
        await talk(leg)
        room = await x.exchange.conference()
        for one in (leg, *others):
            assert await room.add(one)
        await talk(leg)
        seconds = await leg.stop_recording()
        assert seconds == pytest.approx(2.6, abs=0.6)
        says, hears = two_channels(path)
        assert among(says) == {SAYS}
        assert among(hears[:3200]) == set()
        assert among(hears[6400:11200]) == {OTHER}
        assert among(hears[-5600:]) == {OTHER, THIRD}
        # In step with the clock: what was said is there all the time.
        assert all(among(part) == {SAYS} for part in np.array_split(says[2400:-2400], 8))


@contract
async def test_it_is_complete_when_the_leg_ends(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x, hz=SAYS) as (phone, leg):
        path = x.folder / "cut.wav"
        assert await leg.start_recording(path)
        await talk(leg)
        await phone.hang_up()
        await leg.ended()
        async with asyncio.timeout(2):
            seconds = await leg.stop_recording()
        assert seconds == pytest.approx(1.0, abs=0.4)
        assert len(read_wav(path)) == pytest.approx(8000 * seconds, abs=800)
        assert among(read_wav(path)) == {SAYS}
        assert await leg.stop_recording() == 0.0


@contract
async def test_a_second_recording_ends_the_first(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x, hz=SAYS) as (_, leg):
        first, second = x.folder / "first.wav", x.folder / "second.wav"
        assert await leg.start_recording(first)
        await talk(leg, 0.6)
        assert await leg.start_recording(second)
        length = len(read_wav(first))
        assert length == pytest.approx(0.6 * 8000, abs=2400)
        await talk(leg, 0.6)
        assert await leg.stop_recording() == pytest.approx(0.6, abs=0.3)
        assert len(read_wav(first)) == length
        assert among(read_wav(second)) == {SAYS}


@contract
async def test_a_message_is_recorded_beside_the_talk(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x, hz=SAYS) as (_, leg):
        talk_file, message = x.folder / "talk.wav", x.folder / "message.wav"
        assert await leg.start_recording(talk_file)
        assert await leg.record_to(message, limit=0.6) == pytest.approx(0.6, abs=0.1)
        await talk(leg, 0.5)
        assert await leg.stop_recording() == pytest.approx(1.1, abs=0.4)
        assert among(read_wav(message)) == {SAYS}
        assert among(read_wav(talk_file)) == {SAYS}


@contract
async def test_nothing_is_recorded_of_who_is_not_answered(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x, answered=False) as (_, leg):
        await leg.ring()
        assert not await leg.start_recording(x.folder / "none.wav")
        assert await leg.stop_recording() == 0.0
        assert not (x.folder / "none.wav").exists()
        await leg.hang_up()
        assert not await leg.start_recording(x.folder / "none.wav")
        assert await leg.stop_recording() == 0.0


@contract
async def test_a_file_that_cannot_be_written_is_no_recording(x: ExchangeUnderTest) -> None:
    async with caller_and_leg(x) as (_, leg):
        (x.folder / "taken").write_text("a file, not a folder", encoding="ascii")
        assert not await leg.start_recording(x.folder / "taken" / "talk.wav")
        assert not leg.record.recorded
        assert await leg.stop_recording() == 0.0

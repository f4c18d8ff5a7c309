"""Messages of callers, and calls that are recorded."""

import wave
from pathlib import Path

import pytest

from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.virtual_time import virtual_time
from cordboard.telephony import LegState, PhoneTarget, Target, Tone
from cordboard.testing.components import Trial, voice

VARIABLES = "- {name: file}\n- {name: seconds, type: number}"
VOICE = Tone((440.0,), 1.0)
MESSAGE = """
    a: {component: record, file: file, seconds: seconds, longest: 2m, exits: {recorded: b, silence: c}}
    b: {component: play, parts: [{recording: "{file}"}]}
    c: {component: play, text: You said nothing}
    after: {component: log, text: "{file} of {seconds}"}
"""


def frames(path: Path) -> tuple[int, int]:
    with wave.open(str(path), "rb") as file:
        return file.getnchannels(), file.getnframes()


@virtual_time
async def test_a_message_ends_with_a_key_and_can_be_played_back() -> None:
    async with Trial(voice(MESSAGE, variables=VARIABLES)) as trial:
        phone = trial.call("../../etc/passwd", voice=VOICE)
        await phone.wait_state(LegState.ANSWERED)
        await trial.wait(7)
        phone.press("#")
        await trial.ended()
        name = trial.variables["file"]
        assert frames(trial.recordings.path(name)) == (1, 56_000)
    assert name == "2026-11-23/12-00-00-chain-2.wav"
    assert trial.variables["seconds"] == "7"
    assert trial.path == ["a.recorded", "b.done"]
    assert phone.texts == [name]
    assert trial.seconds == pytest.approx(14)


@virtual_time
async def test_a_message_is_at_most_as_long_as_is_written() -> None:
    async with Trial(voice(MESSAGE, variables=VARIABLES)) as trial:
        trial.call(voice=VOICE)
        await trial.wait(121)
        assert trial.path == ["a.recorded"]
        await trial.ended()
    assert trial.variables["seconds"] == "120"


@virtual_time
async def test_silence_is_no_message_and_leaves_no_file() -> None:
    async with Trial(voice(MESSAGE, variables=VARIABLES)) as trial:
        phone = trial.call()
        await trial.ended()
        assert list(trial.recordings.path("2026-11-23").iterdir()) == []
    assert trial.path == ["a.silence", "c.done"]
    assert phone.texts == ["You said nothing"]
    assert trial.variables == {"file": "", "seconds": "0"}


@virtual_time
async def test_who_hangs_up_has_left_a_message() -> None:
    async with Trial(voice(MESSAGE, variables=VARIABLES, after_hangup="after")) as trial:
        phone = trial.call(voice=VOICE)
        await phone.wait_state(LegState.ANSWERED)
        await trial.wait(4)
        phone.hang_up()
        await trial.ended()
        assert frames(trial.recordings.path(trial.variables["file"])) == (1, 32_000)
    assert trial.walked == ["a", "after"]
    assert trial.steps[1].properties["text"] == f"{trial.variables['file']} of 4"


@virtual_time
async def test_who_hangs_up_without_a_word_has_left_none() -> None:
    async with Trial(voice(MESSAGE, variables=VARIABLES, after_hangup="after")) as trial:
        phone = trial.call()
        await phone.wait_state(LegState.ANSWERED)
        await trial.wait(4)
        phone.hang_up()
        await trial.ended()
    assert trial.walked == ["a", "after"]
    assert trial.variables == {"file": "", "seconds": "0"}


@virtual_time
async def test_a_talk_is_recorded_from_here_to_there() -> None:
    steps = """
        a: {component: answer, exits: {done: b}}
        b: {component: start_recording, file: file, stereo: yes, exits: {done: c}}
        c: {component: dial, who: boris, exits: {answered: d}}
        d: {component: stop_recording, seconds: seconds, exits: {done: e}}
        e: {component: pause, duration: 5s}
    """
    boris: Target = PhoneTarget("102")
    ends = {boris: FarEnd.answers(2, hangs_up_after=10)}
    async with Trial(voice(steps, variables=VARIABLES), far_ends=ends) as trial:
        trial.call(voice=VOICE)
        await trial.ended()
        assert frames(trial.recordings.path(trial.variables["file"])) == (2, 96_000)
    assert trial.path == ["a.done", "b.done", "c.answered", "d.done", "e.done"]
    assert trial.variables["seconds"] == "12"


@virtual_time
async def test_an_unanswered_call_cannot_be_recorded() -> None:
    async with Trial(voice("a: {component: start_recording, file: file}", variables=VARIABLES)) as trial:
        trial.call()
        await trial.ended()
        assert list(trial.recordings.path("2026-11-23").iterdir()) == []
    assert trial.path == ["a.not_answered"]
    assert trial.variables["file"] == ""


@virtual_time
async def test_stopping_what_does_not_run_is_nothing() -> None:
    async with Trial(voice("a: {component: stop_recording, seconds: seconds}", variables=VARIABLES)) as trial:
        trial.call()
        await trial.ended()
    assert trial.path == ["a.done"]
    assert trial.variables["seconds"] == "0"

"""Prompts on real calls: one that is missing is spoken, any format is played, one is recorded with a phone."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from cordboard.speech.service import find_engines
from cordboard.testing.audio import read_wav
from cordboard.testing.exchange import until
from cordboard.testing.real_components import (
    SPEECH,
    Row,
    hears,
    hears_words,
    is_hung_up_on,
    presses,
    wire,
)

ENGINES = [engine for engine in find_engines(SPEECH) if engine.voices()]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.wire,
    pytest.mark.skipif(not ENGINES, reason="no speech engine: run tools/fetch-speech"),
]

MISSING = (
    Row(
        "text",
        "a: {component: play, file: lost.wav, text: Good day}",
        (is_hung_up_on(), hears_words("Good day")),
        "a.done",
    ),
    Row("name", "a: {component: play, file: our-prices.wav}", (is_hung_up_on(), hears_words("our prices")), "a.done"),
    Row(
        "parts",
        "a: {component: play, parts: [{file: 440.wav}, {file: lost.wav}, {file: 620.wav}]}",
        (hears(440), hears(620), is_hung_up_on(), hears_words("lost")),
        "a.done",
    ),
    Row(
        "written",
        """
        a: {component: menu, file: closed, keys: [{id: one, key: "1", to: b}]}
        b: {component: play, file: 1000.wav}
        """,
        (hears_words("We are closed today"), presses("1"), hears(1000), is_hung_up_on()),
        "a.one b.done",
    ),
)
"""A prompt that is not there is spoken: the step's text, what is written beside it, or its name. The call goes on."""


async def test_a_missing_prompt_is_spoken_and_the_call_goes_on(tmp_path: Path) -> None:
    async with wire(tmp_path, rows=MISSING) as on:
        (tmp_path / "prompts" / "closed.txt").write_text("We are closed today", encoding="utf-8")
        await on.play(MISSING)


async def test_a_stereo_file_of_a_studio_is_played(tmp_path: Path) -> None:
    row = Row("studio", "a: {component: play, file: studio.wav}", (hears(1000), is_hung_up_on()), "a.done")
    async with wire(tmp_path, rows=[row]) as on:
        moments = np.arange(3 * 48000) / 48000
        both = np.stack([0.02 * np.sin(2 * np.pi * 1000 * moments)] * 2, axis=1)
        soundfile.write(str(tmp_path / "prompts" / "studio.wav"), both, 48000, subtype="PCM_24")
        await on.play([row])


async def test_a_prompt_is_recorded_with_a_phone_and_heard_by_the_next_caller(tmp_path: Path) -> None:
    record = Row(
        "record",
        """
        a: {component: record, file: file, longest: 2s, exits: {recorded: b}}
        b: {component: save_prompt, recording: "{file}", name: greeting, exits: {saved: c}}
        c: {component: play, text: Thank you}
        """,
        (is_hung_up_on(), hears_words("Thank you")),
        "a.recorded b.saved c.done",
        variables="- {name: file}",
        hz=540,
    )
    listen = Row("listen", "a: {component: play, file: greeting}", (hears(540), is_hung_up_on()), "a.done")
    async with wire(tmp_path, rows=[record, listen]) as on:
        await on.play([record])
        phone = await on.x.call_in("801")
        await phone.hears(540)
        await phone.call.ended()
        await until(lambda: on.ended("listen"))
    assert on.path("listen") == ["a.done"]
    assert 1.5 < len(read_wav(tmp_path / "prompts" / "greeting.wav")) / 8000 < 2.3

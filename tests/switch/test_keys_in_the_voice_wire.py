"""A phone that knows no telephone-events: its keys are heard in its voice, over the wire."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from cordboard.media.dtmf import FREQUENCIES
from cordboard.telephony import Collected, CollectEnd, KeyRule, PlayEnd, Tone
from cordboard.testing.audio import silence, tone
from cordboard.testing.switch import BOTH, PeerCall, line_office

pytestmark = [pytest.mark.slow, pytest.mark.wire]


async def _say_keys(call: PeerCall, keys: str) -> None:
    parts = [part for key in keys for part in (tone(*FREQUENCIES[key], seconds=0.08, amplitude=5000), silence(0.08))]
    call.rtp.say(await call.voice_of(), np.concatenate([*parts, silence(0.1)]))


async def test_keys_are_collected_and_stop_a_prompt(tmp_path: Path) -> None:
    async with line_office(tmp_path) as (office, peer, legs):
        call = await peer.dial(office.server, "200", "8 PCMA")
        leg = await legs.get()
        assert await leg.answer()
        await call.answer()
        playing = asyncio.create_task(leg.play([Tone((440.0,), 60.0)], interrupt="1"))
        await call.rtp.until(lambda rtp: len(rtp.heard) > 10)
        await _say_keys(call, "1")
        assert (await asyncio.wait_for(playing, 2)).end is PlayEnd.KEY
        await _say_keys(call, "905#")
        assert await leg.collect(KeyRule(max_digits=8)) == Collected("1905", CollectEnd.COMPLETE, "#")


async def test_of_a_phone_with_telephone_events_the_voice_is_left_alone(tmp_path: Path) -> None:
    async with line_office(tmp_path) as (office, peer, legs):
        call = await peer.dial(office.server, "200", *BOTH)
        leg = await legs.get()
        assert await leg.answer()
        await call.answer()
        await _say_keys(call, "905#")
        assert await leg.collect(KeyRule(max_digits=8, first_timeout=0.5)) == Collected("", CollectEnd.TIMEOUT)

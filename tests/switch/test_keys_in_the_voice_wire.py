"""A phone that knows no telephone-events: its keys are heard in its voice, over the wire."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from cordboard.media.dtmf import FREQUENCIES
from cordboard.sip.sdp import parse
from cordboard.telephony import Collected, CollectEnd, KeyRule, LineTarget, Party, PlayEnd, Tone
from cordboard.testing.audio import silence, tone
from cordboard.testing.switch import BOTH, PeerCall, description, line_office

pytestmark = [pytest.mark.slow, pytest.mark.wire]


async def _say_keys(call: PeerCall, keys: str, to: tuple[str, int] | None = None) -> None:
    parts = [part for key in keys for part in (tone(*FREQUENCIES[key], seconds=0.08, amplitude=5000), silence(0.08))]
    call.rtp.say(to or await call.voice_of(), np.concatenate([*parts, silence(0.1)]))


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


async def test_a_line_may_send_keys_in_the_voice_whatever_it_says(tmp_path: Path) -> None:
    """Some GSM gateways offer telephone-events and pass on the tones of the network."""
    async with line_office(tmp_path, inband_keys=True) as (office, peer, legs):
        call = await peer.dial(office.server, "200", *BOTH)
        leg = await legs.get()
        assert await leg.answer()
        await call.answer()
        await _say_keys(call, "905#")
        assert await leg.collect(KeyRule(max_digits=8)) == Collected("905", CollectEnd.COMPLETE, "#")
        await leg.hang_up()
        # And where we have called.
        outbound = await office.exchange.originate([LineTarget("city", "0671234567")], caller=Party("101"))
        session, there = await peer.taken.get()
        session.accept(description(there.rtp.port, *BOTH))
        assert await outbound.answer()
        assert session.offer is not None
        voice = parse(session.offer)
        await _say_keys(there, "42#", (voice.host, voice.port))
        assert await outbound.collect(KeyRule(max_digits=8)) == Collected("42", CollectEnd.COMPLETE, "#")
        await outbound.hang_up()

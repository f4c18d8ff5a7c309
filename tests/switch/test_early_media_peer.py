"""A phone that others wrote hears before it is answered."""

import asyncio
from pathlib import Path

import pytest

from cordboard.telephony import KeyRule, Leg, LegState, PlayEnd, Tone
from cordboard.testing.audio import hears
from cordboard.testing.baresip import baresip
from cordboard.testing.exchange import serving
from cordboard.testing.real_exchange import open_office

pytestmark = [pytest.mark.wire, pytest.mark.peer, pytest.mark.slow]


async def test_baresip_hears_and_presses_before_the_answer(tmp_path: Path) -> None:
    legs: asyncio.Queue[Leg] = asyncio.Queue()

    async def take(leg: Leg) -> None:
        legs.put_nowait(leg)
        await leg.ended()

    async with open_office(tmp_path) as office, serving(office.exchange, take):
        server = f"127.0.0.1:{office.server.port}"
        async with baresip(tmp_path / "101", account="101", password="101", server=server, tone_hz=620.0) as phone:
            await phone.registered()
            await phone.dial("200")
            leg = await asyncio.wait_for(legs.get(), 5.0)
            assert await leg.early_media()
            playing = asyncio.create_task(leg.play([Tone((440.0,), 60.0)], interrupt="5"))
            await phone.hears(440.0)
            assert leg.state is LegState.RINGING
            await phone.press("5")
            assert (await asyncio.wait_for(playing, 5.0)).end is PlayEnd.KEY
            assert (await leg.collect(KeyRule())).digits == "5"
            assert leg.record.answered is None

            await leg.background([Tone((1000.0,), 60.0)])
            await phone.hears(1000.0)
            assert await leg.answer()
            await phone.established()
            after = await phone.hears(1000.0)  # the answer stops nothing
            assert not hears(after, 440.0)
            assert await leg.record_to(tmp_path / "said.wav", limit=0.5) == pytest.approx(0.5, abs=0.1)
            await phone.hang_up()
            await asyncio.wait_for(leg.ended(), 5.0)

"""The media worker dies in the midst of calls."""

import asyncio
from pathlib import Path

import pytest

from cordboard.sip.api import EndedBy
from cordboard.telephony import EndReason, Leg, LegState, Party, PhoneTarget, Tone
from cordboard.testing.exchange import serving, until
from cordboard.testing.real_exchange import kill_worker, open_office

pytestmark = [pytest.mark.slow, pytest.mark.wire]


async def test_calls_end_and_the_next_one_works(tmp_path: Path) -> None:
    legs: asyncio.Queue[Leg] = asyncio.Queue()

    async def take(leg: Leg) -> None:
        await leg.ring()
        legs.put_nowait(leg)
        await leg.ended()

    async with open_office(tmp_path) as office, serving(office.exchange, take):
        exchange = office.exchange
        first = await office.phone("101").dial("200")
        second = await office.phone("102").dial("200")
        ringing = await office.phone("103").dial("200")
        a, b, waiting = [await legs.get() for _ in range(3)]
        assert await a.answer()
        assert await b.answer()
        bridge = await exchange.join(a, b)
        callee = office.phone("104")
        await callee.register()
        called = await exchange.originate([PhoneTarget("104")], caller=Party("100"))
        rung = await callee.incoming.get()
        await until(lambda: called.state is LegState.RINGING)

        kill_worker()
        async with asyncio.timeout(3.0):
            assert [await leg.ended() for leg in (a, b, called)] == [EndReason.MEDIA_LOST] * 3
            await bridge.ended()
            for phone in (first, second, rung):
                assert (await phone.ended()).by is EndedBy.REMOTE
        # Who has only rung has lost nothing: answered at once, it is the next worker that carries him.
        assert waiting.state is LegState.RINGING
        assert await asyncio.wait_for(waiting.answer(), 8.0)
        assert await ringing.answered()
        assert exchange.media_up
        assert exchange.counters()["media_restarts"] == 1
        await waiting.hang_up()

        again = await office.phone("101").dial("200")
        leg = await legs.get()
        assert await leg.answer()
        assert await again.answered()
        playing = asyncio.create_task(leg.play([Tone((440.0,), 60.0)]))
        await until(again.heard.exists)
        await again.hang_up()
        await asyncio.wait_for(playing, 3.0)
        assert await leg.ended() is EndReason.HUNG_UP
        await until(lambda: not exchange.legs())


async def test_without_any_worker_a_call_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cordboard.media.api import WorkerDiedError
    from cordboard.switch import voices

    async def cannot(*, rtp_ports: range) -> None:
        del rtp_ports
        raise WorkerDiedError("no memory")

    async def answer(leg: Leg) -> None:
        await leg.answer()

    async with open_office(tmp_path) as office, serving(office.exchange, answer):
        monkeypatch.setattr(voices, "start_worker", cannot)
        monkeypatch.setattr(voices, "_PATIENCE", 0.2)
        kill_worker()
        await until(lambda: not office.exchange.media_up)
        call = await office.phone("101").dial("200")
        end = await asyncio.wait_for(call.ended(), 3.0)
        assert (end.by, end.status) == (EndedBy.REMOTE, 503)
        assert office.listener.legs[-1].reason is EndReason.MEDIA_LOST
        office_leg = await office.exchange.originate([PhoneTarget("101")], caller=Party("100"))
        assert await asyncio.wait_for(office_leg.ended(), 3.0) is EndReason.UNREACHABLE

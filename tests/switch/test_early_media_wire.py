"""Voices before the answer, as the wire has them."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cordboard.sip.api import EndedBy
from cordboard.sip.sdp import parse
from cordboard.switch.exchange import SipExchange
from cordboard.telephony import EndReason, KeyRule, Leg, LegState, Played, PlayEnd, Tone
from cordboard.testing.audio import hears
from cordboard.testing.exchange import serving, until
from cordboard.testing.real_exchange import Accounts, Office, open_office
from cordboard.testing.switch import BOTH, Peer, PeerCall, open_peer

pytestmark = [pytest.mark.slow, pytest.mark.wire]

PROMPT = [Tone((440.0,), 60.0)]


@asynccontextmanager
async def line_office(folder: Path) -> AsyncIterator[tuple[Office, Peer, asyncio.Queue[Leg]]]:
    """An office with a line whose far end is a peer; its calls wait in a queue."""
    legs: asyncio.Queue[Leg] = asyncio.Queue()

    async def take(leg: Leg) -> None:
        legs.put_nowait(leg)
        await leg.ended()

    async with open_peer() as peer:
        directory = Accounts("101")
        directory.wanted = [peer.line()]
        async with open_office(folder, directory) as office, serving(office.exchange, take):
            await until(lambda: any(state.up for state in office.exchange.line_states()))
            yield office, peer, legs


async def hears_early(call: PeerCall) -> tuple[str, int]:
    """Wait for the early description; where it wants our voice."""
    await until(lambda: call.early)
    theirs = parse(call.early[0])
    return theirs.host, theirs.port


async def test_the_early_answer_is_the_answer(tmp_path: Path) -> None:
    async with line_office(tmp_path) as (office, peer, legs):
        call = await peer.dial(office.server, "200", *BOTH)
        leg = await legs.get()
        assert await leg.early_media()
        playing = asyncio.create_task(leg.play(PROMPT, interrupt="7"))
        where = await hears_early(call)
        await call.rtp.until(lambda rtp: hears(rtp.loud(), 440.0))
        call.rtp.press(where, "7")
        assert (await playing).end is PlayEnd.KEY
        assert leg.record.answered is None
        assert await leg.answer()
        assert await call.accepted_with == call.early[0]
        assert call.statuses == [183]
        assert await leg.early_media()
        assert len({packet.ssrc for packet in call.rtp.heard}) == 1  # it is the same stream all the time


async def test_who_rings_is_told_of_the_voice_and_never_that_he_rings_again(tmp_path: Path) -> None:
    async with line_office(tmp_path) as (office, peer, legs):
        call = await peer.dial(office.server, "200", *BOTH)
        leg = await legs.get()
        await leg.ring()
        assert all(await asyncio.gather(leg.early_media(), leg.early_media()))
        await leg.ring()
        await until(lambda: call.early)
        assert call.statuses == [180, 183]


async def test_an_early_and_a_late_key_by_both_ways(tmp_path: Path) -> None:
    async with line_office(tmp_path) as (office, peer, legs):
        call = await peer.dial(office.server, "200", *BOTH)
        leg = await legs.get()
        assert await leg.early_media()
        where = await hears_early(call)
        call.rtp.press(where, "1")
        assert (await leg.collect(KeyRule())).digits == "1"
        assert await leg.answer()
        await call.answer()
        assert call.session is not None
        call.rtp.press(where, "5")
        assert await call.session.inform("application/dtmf-relay", b"Signal=5\r\n")
        assert await call.session.inform("application/dtmf-relay", b"Signal=6\r\n")
        assert (await leg.collect(KeyRule(max_digits=3, between_timeout=0.5))).digits == "56"


async def test_who_makes_no_offer_hears_only_after_the_answer(tmp_path: Path) -> None:
    async with line_office(tmp_path) as (office, peer, legs):
        call = await peer.dial(office.server, "200", late=True)
        leg = await legs.get()
        assert not await leg.early_media()
        assert leg.state is LegState.CALLING
        assert await leg.play(PROMPT) == Played(PlayEnd.STOPPED)
        await leg.ring()
        await until(lambda: call.statuses == [180])
        assert not call.early


async def test_a_caller_who_hears_early_and_gives_up_frees_his_ports(tmp_path: Path) -> None:
    async with line_office(tmp_path) as (office, peer, legs):
        call = await peer.dial(office.server, "200", *BOTH)
        leg = await legs.get()
        assert await leg.early_media()
        await leg.background(PROMPT)
        await call.rtp.until(lambda rtp: hears(rtp.loud(), 440.0))
        assert call.session is not None
        await call.session.bye()
        assert await asyncio.wait_for(leg.ended(), 2.0) is EndReason.CANCELLED
        await until(lambda: office.exchange.counters()["rtp_sent"] > 0)  # counted when the stream is closed


async def test_a_worker_that_dies_takes_an_early_call_with_it(tmp_path: Path) -> None:
    async with line_office(tmp_path) as (office, peer, legs):
        call = await peer.dial(office.server, "200", *BOTH)
        leg = await legs.get()
        assert await leg.early_media()
        kill_worker(office.exchange)
        assert await asyncio.wait_for(leg.ended(), 3.0) is EndReason.MEDIA_LOST
        end = await call.end()
        assert (end.by, end.status) == (EndedBy.REMOTE, 503)


def kill_worker(exchange: SipExchange) -> None:
    """Kill the one that carries the voices of the exchange."""
    media = exchange.voices._media
    assert media is not None
    os.kill(media.pid, signal.SIGKILL)  # type: ignore[attr-defined]  # the contract has no process, the worker is one

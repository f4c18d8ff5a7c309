"""Voices before the answer, as the wire has them."""

import asyncio
from pathlib import Path

import pytest

from cordboard.media.api import Codec
from cordboard.sip.api import EndedBy
from cordboard.sip.sdp import parse
from cordboard.telephony import (
    Answered,
    EarlyMedia,
    EndReason,
    KeyRule,
    LegState,
    LineTarget,
    Party,
    Played,
    PlayEnd,
    Ringing,
    Tone,
)
from cordboard.testing.audio import hears, tone
from cordboard.testing.exchange import until
from cordboard.testing.real_exchange import kill_worker
from cordboard.testing.switch import BOTH, PeerCall, description, line_office

pytestmark = [pytest.mark.slow, pytest.mark.wire]

PROMPT = [Tone((440.0,), 60.0)]


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
        kill_worker()
        assert await asyncio.wait_for(leg.ended(), 3.0) is EndReason.MEDIA_LOST
        end = await call.end()
        assert (end.by, end.status) == (EndedBy.REMOTE, 503)


# --- far ends of our own calls ------------------------------------------------------------------------------------


async def test_a_line_is_heard_before_it_answers_and_may_move_then(tmp_path: Path) -> None:
    async with line_office(tmp_path) as (office, peer, legs):
        caller = await peer.dial(office.server, "200", *BOTH)
        leg = await legs.get()
        callee = await office.exchange.originate([LineTarget("city", "0671234567")], caller=Party("100"))
        session, called = await peer.taken.get()
        assert session.offer is not None
        ours = parse(session.offer)
        with callee.events() as events:
            session.progress(183, description(called.rtp.port, "0 PCMU", direction="sendonly"))
            assert await anext(events) == Ringing()
            assert await anext(events) == EarlyMedia()
            session.progress(183, description(called.rtp.port, "0 PCMU"))
            assert not callee.record.held
            assert await leg.early_media()
            early = await office.exchange.join(leg, callee)
            called.rtp.say((ours.host, ours.port), tone(440.0, seconds=0.3), Codec.PCMU)
            await caller.rtp.until(lambda rtp: hears(rtp.loud(), 440.0))
            # The voice of the answer comes from elsewhere, by another law.
            other = await peer.new_rtp()
            session.accept(description(other.port, "8 PCMA"))
            assert await anext(events) == Answered()
        assert await leg.answer()
        await office.exchange.join(leg, callee)
        await asyncio.wait_for(early.ended(), 1.0)
        before = len(caller.rtp.heard)
        other.say((ours.host, ours.port), tone(1000.0, seconds=0.3))
        await caller.rtp.until(lambda rtp: hears(rtp.samples()[before * 160 :], 1000.0))
        caller.rtp.say(await caller.voice_of(), tone(620.0, seconds=0.3))
        await other.until(lambda rtp: hears(rtp.samples(), 620.0))


async def test_an_early_voice_that_cannot_be_taken_hinders_nothing(tmp_path: Path) -> None:
    async with line_office(tmp_path) as (office, peer, _):
        callee = await office.exchange.originate([LineTarget("city", "0671234567")], caller=Party("100"))
        session, called = await peer.taken.get()
        session.progress(183, description(called.rtp.port, "18 G729"))
        await until(lambda: callee.state is LegState.RINGING)
        assert not await callee.early_media()
        session.accept(description(called.rtp.port, "8 PCMA"))
        assert await callee.answer()


async def test_a_worker_that_dies_ends_a_call_that_is_heard_early(tmp_path: Path) -> None:
    async with line_office(tmp_path) as (office, peer, _):
        callee = await office.exchange.originate([LineTarget("city", "0671234567")], caller=Party("100"))
        session, called = await peer.taken.get()
        kill_worker()
        session.progress(183, description(called.rtp.port, "8 PCMA"))
        assert await asyncio.wait_for(callee.ended(), 3.0) is EndReason.MEDIA_LOST
        assert (await called.end()).by is EndedBy.REMOTE

"""Which address peers are told, and whose voice is taken."""

import asyncio
from pathlib import Path

import pytest

from cordboard.sip.api import Credentials
from cordboard.sip.sdp import parse
from cordboard.telephony import Leg, Line, LineTarget, Party, Tone
from cordboard.telephony.directory import LineMode
from cordboard.testing.audio import hears, tone
from cordboard.testing.exchange import serving, until
from cordboard.testing.media import RtpPeer
from cordboard.testing.real_exchange import Accounts, open_office
from cordboard.testing.switch import BOTH, open_peer

pytestmark = [pytest.mark.slow, pytest.mark.wire]

US = Party("100")
OUTSIDE = "203.0.113.7"


async def test_only_a_peer_outside_is_told_the_external_address(tmp_path: Path) -> None:
    legs: asyncio.Queue[Leg] = asyncio.Queue()

    async def take(leg: Leg) -> None:
        legs.put_nowait(leg)
        await leg.answer()
        await leg.ended()

    async with open_peer() as near, open_peer("127.0.0.2") as far:
        directory = Accounts("101")
        directory.wanted = [near.line("near"), far.line("far")]
        async with (
            open_office(tmp_path, directory, external_address=OUTSIDE, local_networks=["127.0.0.1/32"]) as office,
            serving(office.exchange, take),
        ):
            await until(lambda: len([one for one in office.exchange.line_states() if one.up]) == 2)
            for peer, line, told in ((near, "near", "127.0.0.1"), (far, "far", OUTSIDE)):
                # Asked: in the answer and the Contact of the 200.
                call = await peer.dial(office.server, "200", *BOTH)
                assert (await call.answer()).host == told
                await (await legs.get()).hang_up()
                # Called: in the offer and the Contact of the INVITE.
                leg = await office.exchange.originate([LineTarget(line, "1")], caller=US)
                session, _ = await peer.taken.get()
                assert session.offer is not None
                assert parse(session.offer).host == told
                (contact,) = session.headers["contact"]
                assert f"@{told}:{office.server.port}" in contact or f":{told}:{office.server.port}" in contact
                await leg.hang_up()
            # One call to both: each is told its own.
            leg = await office.exchange.originate([LineTarget("near", "1"), LineTarget("far", "1")], caller=US)
            for peer, told in ((near, "127.0.0.1"), (far, OUTSIDE)):
                session, _ = await peer.taken.get()
                assert session.offer is not None
                assert parse(session.offer).host == told
            await leg.hang_up()


@pytest.mark.parametrize(("local", "told"), [("127.0.0.0/8", "127.0.0.1"), ("127.0.0.9/32", OUTSIDE)])
async def test_a_line_with_a_name_is_told_by_what_the_name_stands_for(tmp_path: Path, local: str, told: str) -> None:
    """A provider's name is neither local nor not: its address is. So it can call us at the Contact that it was told."""
    async with open_peer() as peer:
        directory = Accounts()
        directory.wanted = [
            Line("city", LineMode.REGISTER, "localhost", peer.address.port, username="us", check_every=0.0)
        ]
        async with open_office(tmp_path, directory, external_address=OUTSIDE, local_networks=[local]) as office:
            await until(lambda: [one.note for one in office.exchange.line_states()] == ["405 Method Not Allowed"])
            assert peer.received[0].startswith("REGISTER sip:localhost SIP/2.0")
            assert f"Contact: <sip:city@{told}:{office.server.port}>" in peer.received[0]


async def hears_more(rtp: RtpPeer) -> None:
    """Wait for some more packets."""
    before = len(rtp.heard)
    await rtp.until(lambda rtp: len(rtp.heard) > before + 4)


@pytest.mark.parametrize("behind_nat", [True, False])
async def test_a_voice_from_elsewhere_is_taken_only_from_behind_nat_and_once(tmp_path: Path, behind_nat: bool) -> None:
    legs: asyncio.Queue[Leg] = asyncio.Queue()

    async def take(leg: Leg) -> None:
        await leg.answer()
        legs.put_nowait(leg)
        await leg.ended()

    directory = Accounts("101", behind_nat=behind_nat)
    async with open_peer() as peer, open_office(tmp_path, directory) as office, serving(office.exchange, take):
        call = await peer.dial(office.server, "200", *BOTH, caller="101", credentials=Credentials("101", "101"))
        leg = await legs.get()
        there = await call.voice_of()
        real, stranger = await peer.new_rtp(), await peer.new_rtp()
        playing = asyncio.create_task(leg.play([Tone((440.0,), 60.0)]))
        await call.rtp.until(lambda rtp: hears(rtp.loud(), 440.0))
        real.say(there, tone(700.0, seconds=0.1))

        taken, other = (real, call.rtp) if behind_nat else (call.rtp, real)
        await hears_more(taken)
        stranger.say(there, tone(900.0, seconds=0.1))
        await hears_more(taken)
        assert stranger.heard == []
        if not behind_nat:
            assert other.heard == []
        await leg.hang_up()
        await playing
        await until(
            lambda: office.exchange.counters()["rtp_received"] + office.exchange.counters()["rtp_strangers"] == 10
        )
        assert office.exchange.counters()["rtp_strangers"] == (5 if behind_nat else 10)

"""Calls that we place: races, several phones, phones that are not there."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cordboard.sip.api import Address, Credentials, EndedBy, Identity
from cordboard.switch.exchange import SipExchange
from cordboard.telephony import EndReason, Leg, LegState, LineTarget, Party, PhoneTarget
from cordboard.testing.exchange import serving, until
from cordboard.testing.real_exchange import Accounts, open_office
from cordboard.testing.switch import BOTH, Peer, PeerCall, description, open_peer

pytestmark = [pytest.mark.slow, pytest.mark.wire]

US = Party("100", "Office")


class LateClock:
    """A clock that can be put forward. Implements telephony.Clock."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


async def sign_in(peer: Peer, server: Address, account: str, *, user: str = "") -> None:
    """Register the peer's own address, or another port that it pretends to have."""
    contact = f"<sip:{user or account}@{peer.address.host}:{peer.address.port}>"
    reply = await peer.agent.request(
        "REGISTER",
        f"sip:{server.host}",
        caller=Identity(account, server.host),
        via=server,
        credentials=Credentials(account, account),
        headers={"Contact": contact, "Expires": "300"},
    )
    assert reply.status == 200


def answer_sdp(call: PeerCall) -> bytes:
    return description(call.rtp.port, *BOTH)


async def test_the_first_phone_has_it_and_the_other_is_told(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        desk_phones = [office.phone("101"), office.phone("101")]
        for phone in desk_phones:
            await phone.register()
        leg = await office.exchange.originate([PhoneTarget("101")], caller=US)
        calls = [await phone.incoming.get() for phone in desk_phones]
        assert [call.caller.user for call in calls] == ["100", "100"]
        await calls[1].answer()
        assert await leg.answer()
        end = await asyncio.wait_for(calls[0].ended(), 3.0)
        assert (end.by, end.elsewhere) == (EndedBy.REMOTE, True)
        assert leg.record.account == "101"
        await leg.hang_up()
        assert not (await asyncio.wait_for(calls[1].ended(), 3.0)).elsewhere


async def test_hanging_up_as_answered_elsewhere_tells_the_phone(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        phone = office.phone("101")
        await phone.register()
        for reason, elsewhere in ((EndReason.ANSWERED_ELSEWHERE, True), (EndReason.CANCELLED, False)):
            leg = await office.exchange.originate([PhoneTarget("101")], caller=US)
            call = await phone.incoming.get()
            await leg.hang_up(reason)
            assert (await asyncio.wait_for(call.ended(), 3.0)).elsewhere is elsewhere
            assert await leg.ended() is reason


async def test_an_answer_in_the_moment_of_hanging_up(tmp_path: Path) -> None:
    """Whoever wins: both ends agree that there is no call, and nothing is left of it."""
    async with open_office(tmp_path) as office:
        phone = office.phone("101")
        await phone.register()
        for pause in (0.0, 0.0005, 0.001, 0.002, 0.004):
            leg = await office.exchange.originate([PhoneTarget("101")], caller=US)
            call = await phone.incoming.get()
            answering = asyncio.create_task(call.answer())
            await asyncio.sleep(pause)
            await leg.hang_up(EndReason.CANCELLED)
            await answering
            assert (await asyncio.wait_for(call.ended(), 3.0)).by is EndedBy.REMOTE
            assert leg.state is LegState.ENDED
        await until(lambda: quiet(office.exchange))


async def test_an_answer_as_the_ring_time_ends(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        phone = office.phone("101")
        await phone.register()
        for early in (0.03, 0.02, 0.01, 0.005, 0.0):
            leg = await office.exchange.originate([PhoneTarget("101")], caller=US, ring_time=0.3)
            call = await phone.incoming.get()
            await asyncio.sleep(0.29 - early)
            await call.answer()
            if await leg.answer():
                assert leg.record.reason is None
                await leg.hang_up()
            else:
                assert leg.record.reason is EndReason.NO_ANSWER
            assert (await asyncio.wait_for(call.ended(), 3.0)).by is EndedBy.REMOTE
        await until(lambda: quiet(office.exchange))


async def test_a_phone_that_answers_after_the_cancel_gets_a_bye(tmp_path: Path) -> None:
    """It has sent its 200 before the CANCEL reached it: a peer that knows no CANCEL is the slowest of such phones."""
    async with open_office(tmp_path) as office, open_peer() as peer:
        await sign_in(peer, office.server, "101")
        leg = await office.exchange.originate([PhoneTarget("101")], caller=US)
        session, call = await peer.taken.get()
        session.progress(180)
        await until(lambda: leg.state is LegState.RINGING)
        # The 200 is on its way before anything of the hang-up can arrive.
        session.accept(answer_sdp(call))
        await leg.hang_up(EndReason.CANCELLED)
        end = await call.end()
        assert (end.by, end.status) == (EndedBy.REMOTE, None)
        assert await leg.ended() is EndReason.CANCELLED


async def test_both_phones_answer_at_once(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office, open_peer() as one, open_peer() as two:
        for peer in (one, two):
            await sign_in(peer, office.server, "101", user=f"p{peer.address.port}")
        leg = await office.exchange.originate([PhoneTarget("101")], caller=US)
        (first, first_call), (second, second_call) = await one.taken.get(), await two.taken.get()
        first.accept(answer_sdp(first_call))
        second.accept(answer_sdp(second_call))
        assert await leg.answer()
        done, _ = await asyncio.wait(
            (first_call.over, second_call.over), return_when=asyncio.FIRST_COMPLETED, timeout=3.0
        )
        assert len(done) == 1
        await leg.hang_up()
        assert (await first_call.end()).by is (await second_call.end()).by is EndedBy.REMOTE
        answered = [record for record in office.listener.of(leg.id) if record.state is LegState.ANSWERED]
        assert len(answered) == 1


async def test_one_phone_refuses_and_the_other_still_rings(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        refuses, rings = office.phone("101"), office.phone("102")
        for phone in (refuses, rings):
            await phone.register()
        leg = await office.exchange.originate([PhoneTarget("101"), PhoneTarget("102")], caller=US, ring_time=0.5)
        (await refuses.incoming.get()).refuse(486)
        call = await rings.incoming.get()
        assert leg.record.account == ""
        assert await leg.ended() is EndReason.BUSY
        assert (await asyncio.wait_for(call.ended(), 3.0)).by is EndedBy.REMOTE


async def test_nobody_is_there(tmp_path: Path) -> None:
    clock = LateClock()
    async with open_office(tmp_path, clock=clock) as office:
        phone = office.phone("101")
        await phone.register(expires=60)
        assert office.exchange.reachable("101")
        clock.ahead = timedelta(seconds=61)
        assert not office.exchange.reachable("101")
        for target in (PhoneTarget("101"), PhoneTarget("102"), PhoneTarget("nobody"), LineTarget("none", "1")):
            leg = await office.exchange.originate([target], caller=US)
            assert await asyncio.wait_for(leg.ended(), 1.0) is EndReason.UNREACHABLE
        leg = await office.exchange.originate([], caller=US)
        assert await asyncio.wait_for(leg.ended(), 1.0) is EndReason.UNREACHABLE
        assert phone.incoming.empty()


async def test_a_phone_that_has_vanished_is_unreachable_and_the_other_rings(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        async with open_peer() as gone:
            await sign_in(gone, office.server, "101")
        leg = await office.exchange.originate([PhoneTarget("101")], caller=US, ring_time=0.3)
        assert await asyncio.wait_for(leg.ended(), 2.0) is EndReason.UNREACHABLE
        phone = office.phone("101")
        await phone.register()
        leg = await office.exchange.originate([PhoneTarget("101")], caller=US, ring_time=5.0)
        call = await phone.incoming.get()
        await call.answer()
        assert await leg.answer()


async def test_a_number_that_no_uri_can_hold_ends_the_call(tmp_path: Path) -> None:
    async with open_peer() as peer:
        directory = Accounts("101")
        directory.wanted = [peer.line()]
        async with open_office(tmp_path, directory) as office:
            await until(lambda: office.exchange.line_states() and office.exchange.line_states()[0].up)
            leg = await office.exchange.originate([LineTarget("city", "1@evil.example;x=<y>\r\nA: b")], caller=US)
            session, _ = await asyncio.wait_for(peer.taken.get(), 2.0)
            assert session.uri.user == "1@evil.example;x=<y>\r\nA: b", "escaped, not interpreted"
            assert session.uri.host == "127.0.0.1"
            await leg.hang_up()


async def test_a_caller_who_gives_up_as_the_scenario_answers(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        answered: asyncio.Queue[bool] = asyncio.Queue()

        async def answer(leg: Leg) -> None:
            both = await asyncio.gather(leg.answer(), leg.answer())
            assert both[0] is both[1]
            answered.put_nowait(both[0])
            await leg.ended()

        async with serving(office.exchange, answer):
            for pause in (0.001, 0.003, 0.005, 0.01):
                call = await office.phone("101").dial("200")
                await asyncio.sleep(pause)
                await call.hang_up()
                await asyncio.wait_for(call.ended(), 3.0)
            await until(lambda: quiet(office.exchange))


def quiet(exchange: SipExchange) -> bool:
    """Whether nothing of any call is left."""
    return not exchange.legs() and exchange.agent.sessions == 0

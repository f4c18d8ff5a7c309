"""A provisional response with a session description (RFC 3261 §13.2.1, §21.1.5; RFC 3960), in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random

from cordboard.simulation.virtual_time import virtual_time
from cordboard.sip.addressing import Addressing
from cordboard.sip.agent import Agent
from cordboard.sip.api import Address, EndedBy, Identity, IncomingSession, OutgoingSession
from cordboard.testing.sip import Network, Peer, Witness

HERE = Address("udp", "10.0.0.1", 5060)
THERE = Address("udp", "10.0.0.2", 5060)
ANSWER = b"v=0\r\nthe one answer\r\n"


def agent(network: Network, listen: Address, on_invite: Callable[[IncomingSession], Awaitable[None]] | None) -> Agent:
    addressing = Addressing(bound=listen.host)
    return Agent([listen], None, on_invite, transports=network.transport, random=Random(1), addressing=addressing)


@dataclass
class Call:
    """A call on its way, its far side unanswered with early media."""

    network: Network
    near: Witness
    far: Witness
    out: OutgoingSession
    come: IncomingSession

    def bodies(self, start: bytes) -> list[bytes]:
        """What the packets with that first line brought."""
        found = [packet for packet in self.network.packets if packet.startswith(start)]
        return [packet.partition(b"\r\n\r\n")[2] for packet in found]


@asynccontextmanager
async def early(network: Network | None = None) -> AsyncIterator[Call]:
    network = network or Network()
    come: asyncio.Queue[IncomingSession] = asyncio.Queue()
    near, far = Witness(), Witness()

    async def take(session: IncomingSession) -> None:
        session.begin(far)
        session.progress(183, ANSWER)
        come.put_nowait(session)

    caller, callee = agent(network, HERE, None), agent(network, THERE, take)
    await caller.start()
    await callee.start()
    try:
        out = caller.invite("sip:700@10.0.0.2", near, caller=Identity("101", "office"), offer=b"offer")
        yield Call(network, near, far, out, await come.get())
        await asyncio.sleep(200)
        assert (caller.sessions, callee.sessions) == (0, 0)
        assert (caller.counters.faults, callee.counters.faults) == (0, 0)
    finally:
        await caller.close()
        await callee.close()


@virtual_time
async def test_the_200_says_again_what_the_183_said() -> None:
    async with early() as call:
        assert await call.near.until("progressed") == (183, ANSWER)
        call.come.accept(ANSWER)
        assert await call.near.until("accepted") == ANSWER
        await call.far.until("acknowledged")
        assert call.bodies(b"SIP/2.0 183") == call.bodies(b"SIP/2.0 200")
        early_answer = next(packet for packet in call.network.packets if packet.startswith(b"SIP/2.0 183"))
        assert b"Content-Type: application/sdp\r\n" in early_answer
        assert b"100rel" not in early_answer
        await call.out.bye()
        await call.far.until("ended")


@virtual_time
async def test_a_183_that_is_lost_is_made_good_by_the_200() -> None:
    def fate(data: bytes, _source: Address, _to: Address) -> float | None:
        return None if data.startswith(b"SIP/2.0 183") else 0.01

    async with early(Network(fate)) as call:
        await asyncio.sleep(10)
        assert call.near.events == []
        assert len(call.bodies(b"SIP/2.0 183")) == 1  # without 100rel (RFC 3262) nothing repeats it
        call.come.accept(ANSWER)
        assert await call.near.until("accepted") == ANSWER
        await call.out.bye()
        await call.far.until("ended")


@virtual_time
async def test_a_long_announcement_keeps_the_proxies_awake() -> None:
    async with early() as call:
        await asyncio.sleep(150)
        assert call.bodies(b"SIP/2.0 183") == [ANSWER] * 3  # §13.3.1.1: once a minute
        assert [value for _, value in call.near.told] == [(183, ANSWER)] * 3
        call.come.refuse(480)
        assert (await call.near.until("ended")) == call.near.end


@virtual_time
async def test_a_caller_who_has_heard_is_refused() -> None:
    async with early() as call:
        await call.near.until("progressed")
        call.come.refuse(486, "Busy Here")
        await call.near.until("ended")
        assert (call.near.end.by, call.near.end.status) == (EndedBy.REMOTE, 486)


@virtual_time
async def test_a_caller_who_has_heard_gives_up() -> None:
    async with early() as call:
        await call.near.until("progressed")
        await call.out.cancel()
        await call.far.until("ended")
        assert call.far.ended_by is EndedBy.REMOTE
        call.come.accept(ANSWER)  # too late
        await asyncio.sleep(5)
        assert len(call.network.sent("SIP/2.0 487")) == 1
        assert call.bodies(b"SIP/2.0 200") == [b""]  # of the CANCEL


INVITE = """INVITE sip:700@10.0.0.2 SIP/2.0
Via: SIP/2.0/UDP 10.0.0.3:5060;branch=z9hG4bK1
From: <sip:103@office>;tag=three
To: <sip:700@10.0.0.2>
Call-ID: early
CSeq: 1 INVITE
Contact: <sip:103@10.0.0.3:5060>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: 5

offer"""


@virtual_time
async def test_a_key_by_info_in_the_early_dialog() -> None:
    network, far = Network(), Witness()
    sessions: list[IncomingSession] = []

    async def take(session: IncomingSession) -> None:
        sessions.append(session)
        session.begin(far)
        session.progress(183, ANSWER)

    callee = agent(network, THERE, take)
    await callee.start()
    phone = await Peer(network, Address("udp", "10.0.0.3", 5060)).open()
    phone.say(INVITE, THERE)
    await asyncio.sleep(1)
    assert phone.lines[-1].startswith("SIP/2.0 183")

    def info(to: str, branch: str, cseq: int) -> str:
        return f"""INFO sip:10.0.0.2:5060 SIP/2.0
Via: SIP/2.0/UDP 10.0.0.3:5060;branch=z9hG4bK{branch}
From: <sip:103@office>;tag=three
To: {to}
Call-ID: early
CSeq: {cseq} INFO
Max-Forwards: 70
Content-Type: application/dtmf
Content-Length: 1

5"""

    phone.say(info(phone.header("To"), "2", 2), THERE)
    await asyncio.sleep(1)
    assert phone.lines[-1] == "SIP/2.0 200 OK"
    assert far.told == [("information", ("application/dtmf", b"5"))]
    # Without the tag of our 183 there is no dialog that it could belong to.
    phone.say(info("<sip:700@10.0.0.2>", "3", 3), THERE)
    await asyncio.sleep(1)
    assert phone.lines[-1].startswith("SIP/2.0 481")
    assert len(far.told) == 1
    sessions[0].refuse(480)
    await asyncio.sleep(60)
    await callee.close()

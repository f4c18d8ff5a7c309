"""Session timers (RFC 4028) between two agents, and against a far end that writes what a test says; virtual time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

import pytest

from cordboard.simulation.virtual_time import virtual_time
from cordboard.sip.addressing import Addressing
from cordboard.sip.agent import Agent
from cordboard.sip.api import Address, EndedBy, Identity, IncomingSession, OutgoingSession
from cordboard.testing.sip import Network, Peer, Witness

HERE, THERE = Address("udp", "10.0.0.1", 5060), Address("udp", "10.0.0.2", 5060)


@dataclass
class Pair:
    """A calling and a called agent."""

    network: Network
    caller: Agent
    callee: Agent
    near: Witness = field(default_factory=Witness)
    far: Witness = field(default_factory=Witness)
    calls: list[IncomingSession] = field(default_factory=list)

    async def up(self) -> OutgoingSession:
        out = self.caller.invite("sip:700@10.0.0.2", self.near, caller=Identity("101"), offer=b"offer")
        await asyncio.sleep(0.1)
        self.calls[-1].accept(b"answer")
        await self.far.until("acknowledged")
        return out

    def said(self, start: str, header: str) -> list[str]:
        """The values of a header in the packets with that beginning."""
        lines = [packet.decode().split("\r\n") for packet in self.network.packets if packet.startswith(start.encode())]
        return [
            line.partition(": ")[2] for each in lines for line in each if line.lower().startswith(f"{header.lower()}:")
        ]

    def sent(self, start: str, who: Address) -> list[int]:
        """The seconds at which one side began a request."""
        return [int(at) for at, source, _, line in self.network.log if line.startswith(start) and source == who]


@asynccontextmanager
async def pair(*, caller: int = 1800, callee: int = 1800) -> AsyncIterator[Pair]:
    network = Network()

    async def take(call: IncomingSession) -> None:
        both.calls.append(call)
        call.begin(both.far)

    def agent(listen: Address, seed: int, expires: int) -> Agent:
        return Agent(
            [listen],
            None,
            take,
            transports=network.transport,
            random=Random(seed),
            addressing=Addressing(bound=listen.host),
            session_expires=expires,
        )

    both = Pair(network, agent(HERE, 1, caller), agent(THERE, 2, callee))
    await both.caller.start()
    await both.callee.start()
    try:
        yield both
    finally:
        await both.caller.close()
        await both.callee.close()


@virtual_time
async def test_it_is_offered_agreed_and_the_called_side_refreshes_by_update() -> None:
    async with pair() as both:
        await both.up()
        assert both.said("INVITE", "Session-Expires") == ["1800"]
        assert both.said("INVITE", "Min-SE") == ["90"]
        assert both.said("SIP/2.0 200", "Session-Expires") == ["1800;refresher=uas"]
        await asyncio.sleep(7000)
        assert both.sent("UPDATE", THERE) == [900, 1800, 2700, 3600, 4500, 5400, 6300]
        assert both.sent("UPDATE", HERE) == []
        assert both.said("UPDATE", "Session-Expires")[0] == "1800;refresher=uac"
        assert "ended" not in both.near.events + both.far.events


@virtual_time
async def test_without_a_wish_of_either_side_there_is_no_timer() -> None:
    async with pair(caller=0, callee=1800) as both:
        await both.up()
        await asyncio.sleep(7200)
        assert both.said("SIP/2.0 200", "Session-Expires") == []
        assert both.sent("UPDATE", THERE) == []


@virtual_time
async def test_a_called_side_without_timers_leaves_the_session_alone() -> None:
    async with pair(callee=0) as both:
        await both.up()
        await asyncio.sleep(7200)
        assert both.sent("UPDATE", HERE) == []
        assert both.near.events == ["accepted"]


@virtual_time
async def test_a_refresher_that_vanishes_is_found_by_the_other() -> None:
    async with pair() as both:
        await both.up()
        both.network.fate = lambda _data, source, _to: None if source == THERE else 0.01
        await asyncio.sleep(1800 - 33)
        assert both.near.events == ["accepted"]
        await asyncio.sleep(2)  # 32 seconds before the end (§10)
        assert both.near.ended_by is EndedBy.TIMEOUT
        assert both.sent("BYE", HERE)[0] == 1768


@virtual_time
async def test_one_that_does_not_answer_the_refresh_is_gone() -> None:
    async with pair() as both:
        await both.up()
        both.network.fate = lambda _data, source, _to: None if source == HERE else 0.01
        await asyncio.sleep(900 + 31)
        assert "ended" not in both.far.events
        await asyncio.sleep(3)
        assert both.far.ended_by is EndedBy.TIMEOUT


@virtual_time
async def test_a_re_invite_of_ours_is_a_refresh() -> None:
    async with pair() as both:
        out = await both.up()
        await asyncio.sleep(600)
        assert await out.reoffer(b"other") == b"v=0\r\n"
        await asyncio.sleep(880)
        assert both.sent("UPDATE", THERE) == []
        await asyncio.sleep(30)
        assert both.sent("UPDATE", THERE) == [1500]


@virtual_time
async def test_a_probe_that_is_not_answered_in_time_ends_the_session() -> None:
    async with pair() as both:
        out = await both.up()
        assert await out.probe(8.0)
        both.network.fate = lambda _data, source, _to: None if source == THERE else 0.01
        assert not await out.probe(8.0)
        assert both.near.ended_by is EndedBy.TIMEOUT
        assert not await out.probe(8.0)


# --- against a far end of words -----------------------------------------------------------------------------------

INVITE = """INVITE sip:700@10.0.0.1 SIP/2.0
Via: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bK{cseq};rport
From: <sip:gsm@10.0.0.2>;tag=far
To: <sip:700@10.0.0.1>{tag}
Call-ID: c1
CSeq: {cseq} {method}
Contact: <sip:10.0.0.2:5060>
{headers}
Content-Length: 0

"""


@dataclass
class Spoken:
    """Our agent and a far end that writes packets."""

    agent: Agent
    peer: Peer
    witness: Witness
    calls: list[IncomingSession] = field(default_factory=list)

    def say(self, method: str, cseq: int, headers: str, tag: str = "") -> None:
        text = INVITE.format(method=method, cseq=cseq, headers=headers, tag=tag)
        self.peer.say(text.replace("INVITE sip", f"{method} sip", 1), HERE)

    async def heard(self) -> str:
        await asyncio.sleep(0.1)
        return self.peer.lines[-1]


@asynccontextmanager
async def spoken() -> AsyncIterator[Spoken]:
    network = Network()
    calls: list[IncomingSession] = []
    witness = Witness()

    async def take(call: IncomingSession) -> None:
        calls.append(call)
        call.begin(witness)
        call.accept(b"offer of ours")

    agent = Agent(
        [HERE], None, take, transports=network.transport, random=Random(1), addressing=Addressing(bound=HERE.host)
    )
    await agent.start()
    peer = await Peer(network, THERE).open()
    try:
        yield Spoken(agent, peer, witness, calls)
    finally:
        await agent.close()


@pytest.mark.parametrize(
    ("headers", "answer"),
    [
        ("Supported: timer\nSession-Expires: 300;refresher=uac", ("timer", "300;refresher=uac")),
        ("Supported: timer\nSession-Expires: 300;refresher=uas", (None, "300;refresher=uas")),
        ("Require: timer\nSession-Expires: 300", (None, "300;refresher=uas")),
        ("k: 100rel, timer\nx: 120", (None, "120;refresher=uas")),
        ("Supported: timer\nMin-SE: 3600", (None, "3600;refresher=uas")),
        ("Supported: 100rel", (None, None)),
        ("Session-Expires: 300;refresher=uac", (None, "300;refresher=uas")),  # a proxy has put it in: he cannot
    ],
)
@virtual_time
async def test_what_a_2xx_says(headers: str, answer: tuple[str | None, str | None]) -> None:
    async with spoken() as far:
        far.say("INVITE", 1, headers)
        assert await far.heard() == "SIP/2.0 200 OK"
        for name, value in zip(("Require", "Session-Expires"), answer, strict=True):
            if value is None:
                with pytest.raises(StopIteration):
                    far.peer.header(name)
            else:
                assert far.peer.header(name) == value


@virtual_time
async def test_too_short_an_interval_is_refused_with_422() -> None:
    async with spoken() as far:
        far.say("INVITE", 1, "Supported: timer\nSession-Expires: 60")
        assert await far.heard() == "SIP/2.0 422 Session Interval Too Small"
        assert far.peer.header("Min-SE") == "90"
        assert far.calls == []


@virtual_time
async def test_our_refresh_is_a_re_invite_where_update_is_not_known() -> None:
    async with spoken() as far:
        far.say("INVITE", 1, "Supported: timer\nSession-Expires: 100;refresher=uas\nAllow: INVITE, ACK, BYE")
        assert await far.heard() == "SIP/2.0 200 OK"
        tag = ";tag=" + far.peer.header("To").partition("tag=")[2]
        far.say("ACK", 1, "", tag)
        await asyncio.sleep(50)
        assert far.peer.lines[-1].startswith("INVITE sip:10.0.0.2")
        assert far.peer.header("Session-Expires") == "100;refresher=uac"
        assert far.peer.heard[-1].endswith(b"offer of ours")


@virtual_time
async def test_a_session_that_the_far_end_does_not_refresh_is_ended() -> None:
    async with spoken() as far:
        far.say("INVITE", 1, "Supported: timer\nSession-Expires: 90;refresher=uac")
        await far.heard()
        tag = ";tag=" + far.peer.header("To").partition("tag=")[2]
        far.say("ACK", 1, "", tag)
        await asyncio.sleep(50)
        far.say("UPDATE", 2, "Supported: timer\nSession-Expires: 90;refresher=uac", tag)
        assert await far.heard() == "SIP/2.0 200 OK"
        assert far.peer.header("Session-Expires") == "90;refresher=uac"
        await asyncio.sleep(58)
        assert "ended" not in far.witness.events
        await asyncio.sleep(3)
        assert far.witness.ended_by is EndedBy.TIMEOUT
        assert far.peer.lines[-1].startswith("BYE ")


ANSWER = """SIP/2.0 {status}
Via: {via}
From: {from_}
To: {to};tag=far
Call-ID: {call}
CSeq: {cseq}
{headers}
Content-Length: 0

"""


@virtual_time
async def test_a_422_is_answered_with_a_longer_interval_and_only_while_it_grows() -> None:
    async with spoken() as far:
        witness = Witness()
        far.agent.invite("sip:gsm@10.0.0.2", witness, caller=Identity("101"), offer=b"offer")
        wanted = []
        for shortest in (3600, 7200, 7200):
            await asyncio.sleep(0.1)
            peer = far.peer
            wanted.append((peer.header("Session-Expires"), peer.header("Min-SE")))
            peer.say(
                ANSWER.format(
                    status="422 Session Interval Too Small",
                    via=peer.header("Via"),
                    from_=peer.header("From"),
                    to=peer.header("To"),
                    call=peer.header("Call-ID"),
                    cseq=peer.header("CSeq"),
                    headers=f"Min-SE: {shortest}",
                ),
                HERE,
            )
            await asyncio.sleep(0.1)
        assert wanted == [("1800", "90"), ("3600", "3600"), ("7200", "7200")]
        assert witness.end.status == 422

"""A far end with its own ideas of offers and answers, which a scripted phone does not have."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from cordboard.sip.agent import Agent
from cordboard.sip.api import Address, Credentials, Identity, IncomingSession, OutgoingSession, SessionEnd
from cordboard.sip.sdp import AudioDescription, parse
from cordboard.telephony import Leg, Line
from cordboard.telephony.directory import LineMode
from cordboard.testing.exchange import serving, until
from cordboard.testing.media import RtpPeer
from cordboard.testing.real_exchange import Accounts, Office, open_office

BOTH = ("8 PCMA", "0 PCMU", "101 telephone-event")
"""The formats of an ordinary phone."""


def description(port: int, *formats: str, direction: str = "sendrecv", host: str = "127.0.0.1") -> bytes:
    """A session description. A format is "8 PCMA": its number and its name."""
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", f"c=IN IP4 {host}", "t=0 0"]
    lines.append(f"m=audio {port} RTP/AVP {' '.join(one.split()[0] for one in formats)}")
    lines += [f"a=rtpmap:{one}/8000" for one in formats]
    return ("\r\n".join([*lines, f"a={direction}"]) + "\r\n").encode()


class PeerCall:
    """One call of a peer, made or taken. Implements sip.api.SessionHandler."""

    def __init__(self, rtp: RtpPeer) -> None:
        loop = asyncio.get_running_loop()
        self.rtp = rtp
        self.session: OutgoingSession | IncomingSession | None = None
        self.statuses: list[int] = []
        self.early: list[bytes] = []
        """The session descriptions that came before the answer."""
        self.accepted_with: asyncio.Future[bytes | None] = loop.create_future()
        self.over: asyncio.Future[SessionEnd] = loop.create_future()
        self.informed: list[bytes] = []

    def progressed(self, status: int, sdp: bytes | None) -> None:
        """See SessionHandler."""
        self.statuses.append(status)
        if sdp is not None:
            self.early.append(sdp)

    def accepted(self, sdp: bytes | None) -> None:
        """See SessionHandler."""
        self.accepted_with.set_result(sdp)

    def acknowledged(self, sdp: bytes | None) -> None:
        """See SessionHandler."""

    async def offered(self, _sdp: bytes | None) -> bytes:
        """See SessionHandler."""
        return description(self.rtp.port, "8 PCMA", "101 telephone-event")

    def information(self, _content_type: str, body: bytes) -> None:
        """See SessionHandler."""
        self.informed.append(body)

    def ended(self, end: SessionEnd) -> None:
        """See SessionHandler."""
        self.over.set_result(end)

    async def answer(self) -> AudioDescription:
        """What the exchange answered (or offered, if we did not)."""
        async with asyncio.timeout(5.0):
            sdp = await self.accepted_with
        assert sdp is not None
        return parse(sdp)

    async def voice_of(self) -> tuple[str, int]:
        """Where the exchange wants our voice."""
        theirs = await self.answer()
        return theirs.host, theirs.port

    async def end(self) -> SessionEnd:
        """How it ended."""
        async with asyncio.timeout(5.0):
            return await asyncio.shield(self.over)


class Peer:
    """A program that speaks SIP and RTP. Made by `open_peer`."""

    def __init__(self, host: str) -> None:
        self.agent = Agent([Address("udp", host, 0)], on_invite=self._invited, on_trace=self._note)
        self.received: list[str] = []
        """Every SIP packet that came."""
        self.taken: asyncio.Queue[tuple[IncomingSession, PeerCall]] = asyncio.Queue()
        self._rtp: list[RtpPeer] = []

    @property
    def address(self) -> Address:
        """Where it is."""
        return self.agent.addresses[0]

    def line(self, name: str = "city") -> Line:
        """The line by address whose far end it is."""
        return Line(name, LineMode.ADDRESS, self.address.host, self.address.port, number="2327757")

    async def new_rtp(self) -> RtpPeer:
        """Another place to hear at."""
        rtp = await RtpPeer.open()
        self._rtp.append(rtp)
        return rtp

    async def dial(
        self,
        server: Address,
        number: str,
        *formats: str,
        late: bool = False,
        direction: str = "sendrecv",
        caller: str = "0671234567",
        credentials: Credentials | None = None,
    ) -> PeerCall:
        """Call with an offer of those formats, or with none."""
        call = PeerCall(await self.new_rtp())
        call.session = self.agent.invite(
            f"sip:{number}@{server.host}:{server.port}",
            call,
            caller=Identity(caller, self.address.host),
            called=Identity(number, server.host),
            offer=None if late else description(call.rtp.port, *formats, direction=direction),
            via=server,
            credentials=credentials,
        )
        return call

    def _note(self, way: str, packet: bytes, _: Address) -> None:
        if way == "in":
            self.received.append(packet.decode())

    async def _invited(self, session: IncomingSession) -> None:
        call = PeerCall(await self.new_rtp())
        call.session = session
        session.begin(call)
        self.taken.put_nowait((session, call))

    async def close(self) -> None:
        """Go away."""
        await self.agent.close()
        for rtp in self._rtp:
            await rtp.close()


@asynccontextmanager
async def line_office(
    folder: Path, *, inband_keys: bool = False
) -> AsyncIterator[tuple[Office, Peer, asyncio.Queue[Leg]]]:
    """An office with a line whose far end is a peer; its calls wait in a queue."""
    legs: asyncio.Queue[Leg] = asyncio.Queue()

    async def take(leg: Leg) -> None:
        legs.put_nowait(leg)
        await leg.ended()

    async with open_peer() as peer:
        directory = Accounts("101")
        directory.wanted = [replace(peer.line(), inband_keys=inband_keys)]
        async with open_office(folder, directory) as office, serving(office.exchange, take):
            await until(lambda: all(state.up for state in office.exchange.line_states()) and len(directory.wanted))
            yield office, peer, legs


@asynccontextmanager
async def open_peer(host: str = "127.0.0.1") -> AsyncIterator[Peer]:
    """A peer for as long as the context lasts."""
    peer = Peer(host)
    await peer.agent.start()
    try:
        yield peer
    finally:
        await peer.close()

"""TCP and UDP sockets on loopback: connections that are reused, silent, spoiled or too many."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from cordboard.sip.agent import Agent
from cordboard.sip.api import Address, EndedBy, Identity, IncomingSession
from cordboard.sip.transport_tcp import TcpTransport
from cordboard.testing.sip import Witness

ALICE = Identity("101", "office")
OPTIONS = (
    b"OPTIONS sip:a@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP x;branch=z9hG4bK%d\r\nFrom: <sip:b@c>;tag=1\r\n"
    b"To: <sip:a@127.0.0.1>\r\nCall-ID: 1\r\nCSeq: %d OPTIONS\r\nContent-Length: 0\r\n\r\n"
)


@asynccontextmanager
async def exchange(**limits: float) -> AsyncIterator[Agent]:
    def make(listen: Address) -> TcpTransport:
        return TcpTransport(
            listen,
            idle=limits.get("idle", 60.0),
            first_message=limits.get("first_message", 60.0),
            max_connections=int(limits.get("max_connections", 100)),
        )

    agent = Agent([Address("tcp", "127.0.0.1", 0)], transports=make)
    await agent.start()
    try:
        yield agent
    finally:
        await agent.close()


@asynccontextmanager
async def connected(agent: Agent) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    at = agent.addresses[0]
    reader, writer = await asyncio.open_connection(at.host, at.port)
    try:
        async with asyncio.timeout(5):
            yield reader, writer
    finally:
        writer.close()


async def test_a_stream_of_pieces_is_answered_and_pings_get_their_pong() -> None:
    async with exchange() as agent, connected(agent) as (reader, writer):
        writer.write(b"\r\n\r\n")
        assert await reader.readexactly(2) == b"\r\n"
        message = OPTIONS % (1, 1)
        writer.write(message[:50])
        await writer.drain()
        writer.write(message[50:] + OPTIONS % (2, 2))
        first = await reader.readuntil(b"\r\n\r\n")
        second = await reader.readuntil(b"\r\n\r\n")
        assert first.startswith(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP x;branch=z9hG4bK1;received=127.0.0.1\r\n")
        assert b"\r\nCSeq: 2 OPTIONS\r\n" in second


async def test_a_spoiled_stream_is_closed_and_counted() -> None:
    async with exchange() as agent, connected(agent) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await reader.read() == b""
        assert agent.counters.malformed == 1


async def test_a_malformed_message_in_a_good_stream_is_answered() -> None:
    async with exchange() as agent, connected(agent) as (reader, writer):
        writer.write((OPTIONS % (1, 1)).replace(b"1 OPTIONS", b"1 INVITE"))
        assert await reader.readline() == b"SIP/2.0 400 Bad Request: CSeq names another method\r\n"


@pytest.mark.parametrize("limit", ["first_message", "idle"])
async def test_silent_connections_are_closed(limit: str) -> None:
    async with exchange(**{limit: 0.05}) as agent, connected(agent) as (reader, writer):
        if limit == "idle":
            writer.write(OPTIONS % (1, 1))
            assert await reader.readuntil(b"\r\n\r\n")
        assert await reader.read() == b""


async def test_there_is_room_for_so_many_connections_only() -> None:
    async with exchange(max_connections=1) as agent, connected(agent) as (reader, writer):
        writer.write(OPTIONS % (1, 1))
        assert await reader.readuntil(b"\r\n\r\n")
        async with connected(agent) as (other, _):
            with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
                await other.readexactly(1)
        writer.write(OPTIONS % (2, 2))
        assert await reader.readuntil(b"\r\n\r\n")


async def test_a_phone_is_called_over_the_connection_it_has_made() -> None:
    calls: list[IncomingSession] = []
    far = Witness()

    async def take(call: IncomingSession) -> None:
        calls.append(call)
        call.begin(far)
        call.accept(b"answer")

    seen: list[Address] = []
    phone = Agent([Address("tcp", "127.0.0.1", 0)], None, take)
    await phone.start()
    exchange = Agent(
        [Address("tcp", "127.0.0.1", 0)], on_trace=lambda way, _, peer: seen.append(peer) if way == "in" else None
    )
    await exchange.start()
    try:
        assert (await phone.request("OPTIONS", "sip:office", caller=ALICE, via=exchange.addresses[0])).status == 200
        source = seen[0]
        assert source.port != phone.addresses[0].port
        near = Witness()
        call = exchange.invite("sip:101@192.168.77.1;transport=tcp", near, caller=ALICE, offer=b"offer", via=source)
        await near.until("accepted", 5)
        await far.until("acknowledged", 5)
        assert await call.inform("application/dtmf", b"1")
        await calls[0].bye()
        await near.until("ended", 5)
        assert near.ended_by is EndedBy.REMOTE
        assert set(seen) == {source}
    finally:
        await exchange.close()
        await phone.close()


async def test_who_waits_for_an_answer_when_the_agent_closes_gets_one() -> None:
    asked = asyncio.Event()
    writers: list[asyncio.StreamWriter] = []

    def take(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        asked.set()

    silent = await asyncio.start_server(take, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    agent = Agent([Address("tcp", "127.0.0.1", 0)])
    await agent.start()
    waiting = asyncio.create_task(
        agent.request("OPTIONS", "sip:x", caller=ALICE, via=Address("tcp", "127.0.0.1", port))
    )
    await asked.wait()
    await agent.close()
    assert (await waiting).status == 503
    silent.close()
    writers[0].close()
    await asyncio.gather(writers[0].wait_closed(), return_exceptions=True)


async def test_a_datagram_that_cannot_be_sent_fails_at_once() -> None:
    agent = Agent([Address("udp", "127.0.0.1", 0)])
    await agent.start()
    try:
        async with asyncio.timeout(5):
            reply = await agent.request("OPTIONS", "sip:x", caller=ALICE, via=Address("udp", "255.255.255.255", 5060))
        assert (reply.status, reply.phrase) == (503, "Service Unavailable")
        reply = await agent.request("OPTIONS", "sip:x", caller=ALICE, via=Address("tcp", "127.0.0.1", 5060))
        assert reply.status == 503
    finally:
        await agent.close()

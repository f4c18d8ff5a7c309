"""MESSAGE (RFC 3428) as the agent takes it: single packets, in virtual time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest

from cordboard.simulation.virtual_time import virtual_time
from cordboard.sip.agent import Agent
from cordboard.sip.api import Address, Credentials, Identity
from cordboard.sip.digest import ha1_of
from cordboard.sip.instant import InstantMessage, NobodyError
from cordboard.testing.sip import Network, Peer

HERE = Address("udp", "10.0.0.1", 5060)
PHONE = Address("udp", "10.0.0.7", 5070)


class Door:
    """Implements Admission: one account, one trusted host."""

    realm = "office"

    def trusted(self, source: Address, _caller: Identity, _uri: Identity) -> bool:
        return source.host == PHONE.host

    def secret(self, username: str) -> tuple[str, str] | None:
        return ("MD5", ha1_of("MD5", "gsm", "office", "right")) if username == "gsm" else None


class Taker:
    def __init__(self) -> None:
        self.taken: list[InstantMessage] = []
        self.fault: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, message: InstantMessage) -> None:
        await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        self.taken.append(message)


@asynccontextmanager
async def desk(network: Network) -> AsyncIterator[Taker]:
    taker = Taker()
    agent = Agent([HERE], Door(), on_message=taker, transports=network.transport, random=Random(1))
    await agent.start()
    try:
        yield taker
    finally:
        await agent.close()


def message(body: str = "Привіт", kind: str = "text/plain;charset=UTF-8", cseq: int = 1) -> str:
    return (
        f"MESSAGE sip:5050@10.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.7:5070;branch=z9hG4bK{cseq}\n"
        f"From: <sip:+380671234567@gw>;tag=a\nTo: <sip:5050@office>\nCall-ID: c\nCSeq: {cseq} MESSAGE\n"
        f"Content-Type: {kind}\nContent-Length: {len(body.encode())}\n\n{body}"
    )


@virtual_time
async def test_a_text_is_confirmed_only_when_it_is_kept() -> None:
    network = Network()
    async with desk(network) as taker:
        peer = await Peer(network, PHONE).open()
        taker.gate.clear()
        for _ in range(3):
            peer.say(message(), HERE)  # the phone repeats it: nobody has answered yet
            await asyncio.sleep(1)
        assert peer.lines == []
        taker.gate.set()
        await asyncio.sleep(1)
        assert peer.lines == ["SIP/2.0 200 OK"]
        peer.say(message(), HERE)
        await asyncio.sleep(1)
        assert peer.lines == ["SIP/2.0 200 OK"] * 2
    (got,) = taker.taken
    assert (got.text, got.caller.user, got.uri.user, got.account) == ("Привіт", "+380671234567", "5050", "")
    assert got.key == "c 1"


@pytest.mark.parametrize(
    ("kind", "body", "answer"),
    [
        ("text/plain", "plain", "SIP/2.0 200 OK"),
        ('Text/Plain; charset="windows-1251"', "plain", "SIP/2.0 200 OK"),
        ("text/plain;charset=utf-7", "plain", "SIP/2.0 415 Unsupported Media Type"),
        ("text/html", "<b>", "SIP/2.0 415 Unsupported Media Type"),
        ("application/im-iscomposing+xml", "<x/>", "SIP/2.0 415 Unsupported Media Type"),
        ("text/plain\nContent-Encoding: gzip", "x", "SIP/2.0 415 Unsupported Media Type"),
    ],
)
@virtual_time
async def test_only_plain_text_is_taken(kind: str, body: str, answer: str) -> None:
    network = Network()
    async with desk(network) as taker:
        peer = await Peer(network, PHONE).open()
        peer.say(message(body, kind), HERE)
        await asyncio.sleep(1)
        assert peer.lines == [answer]
        assert len(taker.taken) == (answer == "SIP/2.0 200 OK")


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        (OSError("the disk is full"), "SIP/2.0 500 Server Internal Error"),
        (NobodyError(), "SIP/2.0 404 Not Found"),
    ],
)
@virtual_time
async def test_what_is_not_kept_is_not_confirmed(fault: Exception, answer: str) -> None:
    network = Network()
    async with desk(network) as taker:
        peer = await Peer(network, PHONE).open()
        taker.fault = fault
        peer.say(message(), HERE)
        await asyncio.sleep(1)
        assert peer.lines == [answer]


@pytest.mark.parametrize(
    ("credentials", "status", "taken"),
    [(None, 401, 0), (Credentials("gsm", "right"), 200, 1), (Credentials("gsm", "wrong"), 403, 0),
     (Credentials("nobody", "right"), 403, 0)],
)  # fmt: skip
@virtual_time
async def test_a_stranger_proves_who_he_is(credentials: Credentials | None, status: int, taken: int) -> None:
    network = Network()
    async with desk(network) as taker:
        stranger = Agent([Address("udp", "10.0.0.8", 5070)], transports=network.transport, random=Random(2))
        await stranger.start()
        reply = await stranger.request(
            "MESSAGE",
            "sip:5050@10.0.0.1",
            caller=Identity("+380671234567", "gw"),
            credentials=credentials,
            headers={"Content-Type": "text/plain"},
            body=b"Hi",
        )
        await stranger.close()
        assert reply.status == status
        assert [each.account for each in taker.taken] == ["gsm"] * taken


@virtual_time
async def test_it_is_said_that_texts_are_taken() -> None:
    network = Network()
    async with desk(network):
        peer = await Peer(network, PHONE).open()
        peer.say(message().replace("MESSAGE", "OPTIONS"), HERE)
        await asyncio.sleep(1)
        assert peer.header("Allow").endswith(", MESSAGE")

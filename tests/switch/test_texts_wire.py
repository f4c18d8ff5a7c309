"""Texts over real SIP on loopback: a gateway behind a line, and one that signs in; and the SMS line over them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cordboard.outbox.ports import PermanentError, TemporaryError, UncertainError
from cordboard.outbox.sms.ports import OutgoingSms
from cordboard.outbox.sms.sip_message import SipMessageLine
from cordboard.sip.agent import Agent
from cordboard.sip.api import Address, Credentials, Identity, Reply
from cordboard.sip.instant import InstantMessage, NobodyError
from cordboard.telephony import Line
from cordboard.telephony.directory import LineMode
from cordboard.testing.exchange import until
from cordboard.testing.real_exchange import Accounts, Office, open_office
from cordboard.testing.sms import MemoryInbox
from cordboard.testing.smsc import order

pytestmark = [pytest.mark.wire, pytest.mark.slow]
LONG = "Дякуємо за дзвінок. " * 20


class Gateway:
    """A box with SIM cards that speaks SIP."""

    def __init__(self, transport: str = "udp") -> None:
        self.texts: list[InstantMessage] = []
        self.fault: Exception | None = None
        self.silent = False
        self.agent = Agent([Address(transport, "127.0.0.1", 0)], on_message=self._take)

    async def _take(self, message: InstantMessage) -> None:
        self.texts.append(message)
        if self.silent:
            await asyncio.Event().wait()
        if self.fault is not None:
            raise self.fault

    @property
    def address(self) -> Address:
        return self.agent.addresses[0]

    async def sign_in(self, server: Address, account: str) -> Reply:
        here = self.address
        return await self.agent.request(
            "REGISTER",
            f"sip:{server.host}:{server.port}",
            caller=Identity(account, server.host),
            via=server,
            credentials=Credentials(account, account),
            headers={"Contact": f"<sip:{account}@{here.host}:{here.port}>", "Expires": "300"},
        )

    async def write(self, server: Address, text: str, *, account: str = "", sender: str = "+380671234567") -> Reply:
        return await self.agent.request(
            "MESSAGE",
            f"sip:5050@{server.host}:{server.port}",
            caller=Identity(sender, "gateway"),
            via=server,
            credentials=Credentials(account, account) if account else None,
            headers={"Content-Type": "text/plain;charset=UTF-8"},
            body=text.encode(),
        )


@asynccontextmanager
async def gateway(transport: str = "udp") -> AsyncIterator[Gateway]:
    one = Gateway(transport)
    await one.agent.start()
    try:
        yield one
    finally:
        await one.agent.close()


@asynccontextmanager
async def office(folder: Path, *lines: Line, transport: str = "udp") -> AsyncIterator[Office]:
    directory = Accounts("101", "gsm")
    directory.wanted = list(lines)
    async with open_office(folder, directory, listen=Address(transport, "127.0.0.1", 0)) as one:
        await until(lambda: len(one.exchange.line_states()) == len(lines))
        await until(lambda: all(state.up for state in one.exchange.line_states()))
        yield one


def text_of(text: str) -> OutgoingSms:
    return order(text, deadline=datetime(2099, 1, 1, tzinfo=UTC))


def far(peer: Gateway, transport: str = "udp") -> Line:
    return Line("gsm-line", LineMode.ADDRESS, "127.0.0.1", peer.address.port, transport, number="5050")


@asynccontextmanager
async def sms(office: Office, inbox: MemoryInbox | None = None, **settings: str) -> AsyncIterator[SipMessageLine]:
    line = SipMessageLine.from_settings("sim", settings, office.exchange.texts)
    serving = asyncio.create_task(line.serve(inbox or MemoryInbox()))
    await asyncio.sleep(0)
    try:
        yield line
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


def texts(messages: Sequence[InstantMessage]) -> list[tuple[str, str]]:
    return [(each.uri.user, each.text) for each in messages]


async def test_a_long_text_goes_whole_over_a_line_and_one_comes_back(tmp_path: Path) -> None:
    inbox = MemoryInbox()
    async with gateway() as peer, office(tmp_path, far(peer)) as here, sms(here, inbox, line="gsm-line") as line:
        assert (line.up, line.note) == (True, "by address")
        assert list(await line.send(text_of(LONG))) == []
        reply = await peer.write(here.server, "Дякую")
        assert texts(peer.texts) == [("+380671234567", LONG)]
        assert reply.status == 200
    ((name, came),) = inbox.messages
    assert (name, came.sender, came.to, came.text) == ("sim", "+380671234567", "5050", "Дякую")
    assert came.key


async def test_a_gateway_that_signs_in(tmp_path: Path) -> None:
    inbox = MemoryInbox()
    async with gateway() as peer, office(tmp_path) as here:
        async with sms(here, inbox, account="gsm", plus="no") as line:
            assert (line.up, line.note) == (False, "gsm has not signed in")
            with pytest.raises(TemporaryError, match="gsm has not signed in"):
                await line.send(text_of("Hi"))
            assert (await peer.sign_in(here.server, "gsm")).status == 200
            assert (line.up, line.note) == (True, "gsm is signed in")
            await line.send(text_of("Hi"))
            assert texts(peer.texts) == [("380671234567", "Hi")]
            assert (await peer.write(here.server, "one", account="gsm")).status == 200
            # The right password of another account is not the gateway's.
            assert (await peer.write(here.server, "two", account="101")).status == 404
            # And nobody is heard without one.
            assert (await peer.write(here.server, "three")).status == 401
        assert (await peer.write(here.server, "four", account="gsm")).status == 404
    assert [(each.sender, each.text) for _, each in inbox.messages] == [("+380671234567", "one")]


async def test_what_the_gateway_refuses(tmp_path: Path) -> None:
    async with gateway() as peer, office(tmp_path, far(peer)) as here:
        async with sms(here, line="gsm-line") as line:
            await line.send(text_of("Hi"))
            peer.fault = NobodyError()
            with pytest.raises(PermanentError, match="answered 404 Not Found"):
                await line.send(text_of("Hi"))
            peer.fault = OSError("no SIM")
            with pytest.raises(TemporaryError, match="answered 500"):
                await line.send(text_of("Hi"))
            with pytest.raises(PermanentError, match="too long for UDP"):
                await line.send(text_of("ї" * 501))
        async with sms(here, line="other") as line:
            with pytest.raises(TemporaryError, match="there is no line 'other'"):
                await line.send(text_of("Hi"))
    assert len(peer.texts) == 3


async def test_over_tcp_a_dead_gateway_is_told_from_a_lost_answer(tmp_path: Path) -> None:
    async with (
        gateway("tcp") as peer,
        office(tmp_path, far(peer, "tcp"), transport="tcp") as here,
        sms(here, line="gsm-line") as line,
    ):
        await line.send(text_of("ї" * 501))
        assert texts(peer.texts) == [("+380671234567", "ї" * 501)]
        peer.silent = True
        sending = asyncio.create_task(line.send(text_of("Hi")))
        await until(lambda: len(peer.texts) == 2)
        await peer.agent.close()
        with pytest.raises(UncertainError, match="has not answered"):
            await sending
        with pytest.raises(TemporaryError, match="cannot be reached"):
            await line.send(text_of("Hi"))

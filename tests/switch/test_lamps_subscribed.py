"""Phones watch lamps: subscriptions packet by packet (RFC 6665), in virtual time."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from xml.etree import ElementTree as ET

import pytest

from cordboard.simulation.virtual_time import virtual_time
from cordboard.sip.addressing import Addressing
from cordboard.sip.agent import Agent
from cordboard.sip.api import Address, Identity
from cordboard.switch.lamps import SipLamps
from cordboard.telephony import Lamp
from cordboard.testing.real_exchange import Accounts
from cordboard.testing.sip import Network, Peer

HERE = Address("udp", "10.0.0.1", 5060)
PHONE = Address("udp", "10.0.0.7", 5070)
XML = "{urn:ietf:params:xml:ns:dialog-info}"


class Doors:
    """Implements sip.api.Admission: 10.0.0.9 is the far end of a line."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self.realm = accounts.realm

    def trusted(self, source: Address, caller: Identity, uri: Identity) -> bool:
        return source.host == "10.0.0.9"

    def secret(self, username: str) -> tuple[str, str] | None:
        account = self._accounts.account(username)
        return (account.algorithm.value, account.secret) if account else None


class Watching:
    """A phone of account 101 that speaks packets."""

    def __init__(self, agent: Agent, lamps: SipLamps, peer: Peer) -> None:
        self.agent, self.lamps, self.peer = agent, lamps, peer
        self.cseq = 0

    async def subscribe(self, number: str, *lines: str, to_tag: str = "", call_id: str = "c") -> str:
        """SUBSCRIBE, and prove the account when asked; the first line of the answer."""
        uri = f"sip:{number}@10.0.0.1"
        proof: tuple[str, ...] = ()
        for _ in range(2):
            self.cseq += 1
            heard = len(self.peer.heard)
            tag = f";tag={to_tag}" if to_tag else ""
            here = f"{self.peer.address.host}:{self.peer.address.port}"
            head = [
                f"SUBSCRIBE {uri} SIP/2.0",
                f"Via: SIP/2.0/UDP {here};branch=z9hG4bKs{self.cseq}",
                "From: <sip:101@contract>;tag=a",
                f"To: <{uri}>{tag}",
                f"Call-ID: {call_id}",
                f"CSeq: {self.cseq} SUBSCRIBE",
                f"Contact: <sip:101@{here}>",
            ]
            self.peer.say("\n".join([*head, *lines, *proof, "", ""]), HERE)
            await asyncio.sleep(0.1)
            line = self.peer.lines[heard]
            if not line.startswith("SIP/2.0 401"):
                return line
            proof = (_proof(self.peer.header("WWW-Authenticate"), uri),)
        return line

    async def confirm(self, status: str = "200 OK") -> None:
        lines = self.peer.heard[-1].decode().split("\r\n")
        keep = [line for line in lines if line.split(":")[0] in {"Via", "From", "To", "Call-ID", "CSeq"}]
        self.peer.say("\n".join([f"SIP/2.0 {status}", *keep, "Content-Length: 0", "", ""]), HERE)
        await asyncio.sleep(0.1)

    @property
    def body(self) -> str:
        assert self.peer.lines[-1].startswith("NOTIFY sip:101@10.0.0.7:5070")
        return self.peer.heard[-1].decode().partition("\r\n\r\n")[2]

    @property
    def state(self) -> str:
        assert self.body
        return self.peer.header("Subscription-State")

    @property
    def shown(self) -> tuple[str, str]:
        """Version and state of the one dialog."""
        root = ET.fromstring(self.body)
        assert root.get("state") == "full"
        (state,) = root.iter(f"{XML}state")
        return root.get("version", ""), state.text or ""

    @property
    def our_tag(self) -> str:
        return self.peer.header("From").partition("tag=")[2]


def _proof(challenge: str, uri: str) -> str:
    said = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))

    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    ha1, ha2 = md5(f"101:{said['realm']}:101"), md5(f"SUBSCRIBE:{uri}")
    response = md5(f"{ha1}:{said['nonce']}:00000001:x:auth:{ha2}")
    return (
        f'Authorization: Digest username="101",realm="{said["realm"]}",nonce="{said["nonce"]}",uri="{uri}",'
        f'response="{response}",qop=auth,nc=00000001,cnonce="x",algorithm=MD5'
    )


@asynccontextmanager
async def watching(where: Address = PHONE) -> AsyncIterator[Watching]:
    network, accounts = Network(), Accounts("101", "102")

    def changed(event: str, user: str) -> None:
        assert agent.subscriptions is not None
        agent.subscriptions.changed(event, user)

    lamps = SipLamps(accounts, changed)
    agent = Agent(
        [HERE],
        Doors(accounts),
        events=lamps,
        transports=network.transport,
        random=Random(1),
        addressing=Addressing(bound=HERE.host),
    )
    await agent.start()
    try:
        yield Watching(agent, lamps, await Peer(network, where).open())
        assert agent.counters.faults == 0
    finally:
        await agent.close()


@virtual_time
async def test_a_lamp_is_watched_from_its_first_state_on() -> None:
    async with watching() as phone:
        phone.lamps.show("102", Lamp.BUSY)
        assert await phone.subscribe("102", "Event: dialog", "Expires: 600") == "SIP/2.0 200 OK"
        assert phone.peer.header("Expires", -2) == "600"
        assert phone.peer.header("Content-Type") == "application/dialog-info+xml"
        assert phone.peer.header("Event") == "dialog"
        assert (phone.state, phone.shown) == ("active;expires=600", ("0", "confirmed"))
        assert 'entity="sip:102@10.0.0.1"' in phone.body
        await phone.confirm()
        phone.lamps.show("102", Lamp.FREE)
        await asyncio.sleep(0.1)
        assert phone.shown == ("1", "terminated")
        await phone.confirm()
        heard = len(phone.peer.heard)
        phone.lamps.show("102", Lamp.FREE)
        phone.lamps.show("103", Lamp.BUSY)
        await asyncio.sleep(1)
        assert len(phone.peer.heard) == heard
        phone.lamps.show("102", Lamp.RINGING)
        await asyncio.sleep(0.1)
        assert phone.shown == ("2", "early")


@virtual_time
async def test_what_changes_before_the_phone_has_answered_is_told_once() -> None:
    async with watching() as phone:
        await phone.subscribe("102", "Event: dialog")
        for lamp in (Lamp.RINGING, Lamp.BUSY, Lamp.FREE, Lamp.RINGING):
            phone.lamps.show("102", lamp)
        await asyncio.sleep(0.1)
        assert phone.shown == ("0", "terminated")
        await phone.confirm()
        assert phone.shown == ("1", "early")
        await phone.confirm()
        heard = len(phone.peer.heard)
        await asyncio.sleep(1)
        assert len(phone.peer.heard) == heard


@virtual_time
async def test_it_is_refreshed_and_ended_and_runs_out() -> None:
    async with watching() as phone:
        await phone.subscribe("102", "Event: dialog;id=7", "Expires: 100")
        assert phone.peer.header("Event") == "dialog;id=7"
        tag = phone.our_tag
        await phone.confirm()
        await asyncio.sleep(90)
        assert await phone.subscribe("102", "Event: dialog;id=7", "Expires: 100", to_tag=tag) == "SIP/2.0 200 OK"
        assert phone.state == "active;expires=100"
        await phone.confirm()
        await asyncio.sleep(90)
        assert await phone.subscribe("102", "Event: dialog;id=7", "Expires: 0", to_tag=tag) == "SIP/2.0 200 OK"
        assert phone.state == "terminated;reason=timeout"
        await phone.confirm()
        gone = await phone.subscribe("102", "Event: dialog;id=7", "Expires: 100", to_tag=tag)
        assert gone == "SIP/2.0 481 Call/Transaction Does Not Exist"
        await phone.subscribe("102", "Event: dialog", "Expires: 100", call_id="d")
        await phone.confirm()
        await asyncio.sleep(101)
        assert phone.state == "terminated;reason=timeout"
        await phone.confirm()
        assert phone.agent.subscriptions is not None
        assert len(phone.agent.subscriptions) == 0


@pytest.mark.parametrize("status", ["481 Gone", "489 Bad Event", ""])
@virtual_time
async def test_a_phone_that_knows_nothing_of_it_or_is_not_there_ends_it(status: str) -> None:
    async with watching() as phone:
        await phone.subscribe("102", "Event: dialog")
        if status:
            await phone.confirm(status)
        await asyncio.sleep(40)
        heard = len(phone.peer.heard)
        phone.lamps.show("102", Lamp.BUSY)
        await asyncio.sleep(40)
        assert len(phone.peer.heard) == heard
        assert phone.agent.subscriptions is not None
        assert len(phone.agent.subscriptions) == 0


@virtual_time
async def test_messages_are_shown_to_their_owner_alone() -> None:
    async with watching() as phone:
        phone.lamps.show_messages("101", 2, 8)
        assert await phone.subscribe("102", "Event: message-summary") == "SIP/2.0 403 Forbidden"
        assert await phone.subscribe("101", "o: message-summary", call_id="d") == "SIP/2.0 200 OK"
        assert phone.body == (
            "Messages-Waiting: yes\r\nMessage-Account: sip:101@10.0.0.1\r\nVoice-Message: 2/8 (0/0)\r\n"
        )
        await phone.confirm()
        phone.lamps.show_messages("101", 0, 10)
        await asyncio.sleep(0.1)
        assert phone.body.startswith("Messages-Waiting: no\r\n")
        assert phone.body.endswith("Voice-Message: 0/10 (0/0)\r\n")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("Event: presence",), "SIP/2.0 489 Bad Event"),
        ((), "SIP/2.0 489 Bad Event"),
        (("Event: dialog", "Expires: 5"), "SIP/2.0 423 Interval Too Brief"),
        (("Event: dialog", "Accept: application/pidf+xml"), "SIP/2.0 406 Not Acceptable"),
        (("Event: dialog", "Accept: text/plain, application/dialog-info+xml"), "SIP/2.0 200 OK"),
        (("Event: dialog", "Expires: -1"), "SIP/2.0 200 OK"),
        (("Event: dialog", "Expires: ²²"), "SIP/2.0 200 OK"),
        (("Event: dialog", "Expires: 99999999999999999999999"), "SIP/2.0 200 OK"),
    ],
)
@virtual_time
async def test_what_is_granted(lines: tuple[str, ...], said: str) -> None:
    async with watching() as phone:
        assert await phone.subscribe("102", *lines) == said


@virtual_time
async def test_whoever_may_not_watch_a_number_is_refused() -> None:
    async with watching() as phone:
        phone.lamps.may_watch = lambda account, number: (account, number) == ("101", "103")
        assert await phone.subscribe("102", "Event: dialog") == "SIP/2.0 403 Forbidden"
        assert await phone.subscribe("103", "Event: dialog", call_id="d") == "SIP/2.0 200 OK"
    async with watching(Address("udp", "10.0.0.9", 5060)) as line:
        assert await line.subscribe("102", "Event: dialog") == "SIP/2.0 403 Forbidden"


@virtual_time
async def test_an_account_has_so_many_and_no_more() -> None:
    async with watching() as phone:
        for number in range(200):
            assert await phone.subscribe("102", "Event: dialog", call_id=f"c{number}") == "SIP/2.0 200 OK"
            await phone.confirm()
        assert await phone.subscribe("102", "Event: dialog", call_id="more") == "SIP/2.0 503 Too Many Subscriptions"


@virtual_time
async def test_a_number_that_is_no_word_of_xml() -> None:
    async with watching() as phone:
        assert await phone.subscribe("%3Cb%22%26%00", "Event: dialog") == "SIP/2.0 200 OK"
        assert phone.shown == ("0", "terminated")

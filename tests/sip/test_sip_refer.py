"""REFER and its subscription, packet by packet (RFC 3515, RFC 4488, RFC 5057), in virtual time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest

from cordboard.simulation.virtual_time import virtual_time
from cordboard.sip.addressing import Addressing
from cordboard.sip.agent import Agent
from cordboard.sip.api import Address, EndedBy, Identity, IncomingSession, Session, SessionEnd
from cordboard.sip.refer import Replaces, read_replaces
from cordboard.sip.referrals import Referral
from cordboard.sip.uri import UriError
from cordboard.testing.sip import Network, Peer, Witness

HERE = Address("udp", "10.0.0.1", 5060)
PHONE = Address("udp", "10.0.0.7", 5070)
OFFER = "Content-Type: application/sdp\nContent-Length: 5\n\noffer"


class Desk:
    """An agent that takes REFERs, a peer in a call with it, and the REFERs that came."""

    def __init__(self, agent: Agent, peer: Peer) -> None:
        self.agent, self.peer = agent, peer
        self.witness = Witness()
        self.calls: list[IncomingSession] = []
        self.referrals: list[Referral] = []
        self.tag = ""

    async def say(self, text: str) -> list[str]:
        before = len(self.peer.heard)
        self.peer.say(text, HERE)
        await asyncio.sleep(0.1)
        return self.peer.lines[before:]

    async def confirm(self, status: str = "200 OK") -> None:
        """Answer the last NOTIFY."""
        lines = self.peer.heard[-1].decode().split("\r\n")
        keep = [line for line in lines if line.split(":")[0] in {"Via", "From", "To", "Call-ID", "CSeq"}]
        self.peer.say("\n".join([f"SIP/2.0 {status}", *keep, "Content-Length: 0", "", ""]), HERE)
        await asyncio.sleep(0.1)

    def news(self) -> tuple[str, str, str]:
        """Event, state and body of the last NOTIFY."""
        assert self.peer.lines[-1].startswith("NOTIFY")
        body = self.peer.heard[-1].decode().partition("\r\n\r\n")[2]
        return self.peer.header("Event"), self.peer.header("Subscription-State"), body

    async def refer(self, cseq: int, *lines: str) -> list[str]:
        return await self.say(packet("REFER", cseq, self.tag, "\n".join(lines) + "\n"))


def packet(method: str, cseq: int, to_tag: str = "", extra: str = "") -> str:
    tag = f";tag={to_tag}" if to_tag else ""
    return (
        f"{method} sip:700@10.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.7:5070;branch=z9hG4bK{method}{cseq}\n"
        f"From: <sip:101@office>;tag=a\nTo: <sip:700@office>{tag}\nCall-ID: c\nCSeq: {cseq} {method}\n"
        f"Contact: <sip:101@10.0.0.7:5070>\n{extra}\n"
    )


@asynccontextmanager
async def talking() -> AsyncIterator[Desk]:
    network = Network()

    async def take(call: IncomingSession) -> None:
        here.calls.append(call)
        call.begin(here.witness)

    def referred(_session: Session, referral: Referral) -> None:
        here.referrals.append(referral)

    agent = Agent(
        [HERE],
        None,
        take,
        on_refer=referred,
        transports=network.transport,
        random=Random(1),
        addressing=Addressing(bound=HERE.host),
    )
    await agent.start()
    here = Desk(agent, await Peer(network, PHONE).open())
    try:
        await here.say(packet("INVITE", 1, extra=OFFER)[:-1])
        here.calls[0].accept(b"answer")
        await asyncio.sleep(0.1)
        here.tag = here.peer.header("To").partition("tag=")[2]
        await here.say(packet("ACK", 1, here.tag))
        yield here
    finally:
        await agent.close()


@virtual_time
async def test_the_phone_is_told_how_it_goes_on_until_the_end() -> None:
    async with talking() as here:
        assert await here.refer(2, "Refer-To: <sip:103@office>", "Referred-By: <sip:101@office>") == []
        (referral,) = here.referrals
        assert (referral.target.uri.user, referral.target.referred_by) == ("103", "<sip:101@office>")
        assert referral.target.replaces is None
        referral.accept()
        await asyncio.sleep(0.1)
        assert here.peer.lines[-2:] == ["SIP/2.0 202 Accepted", "NOTIFY sip:101@10.0.0.7:5070 SIP/2.0"]
        assert here.peer.header("To").endswith(";tag=a")
        assert here.peer.header("Content-Type") == "message/sipfrag;version=2.0"
        assert here.news() == ("refer", "active;expires=300", "SIP/2.0 100 Trying\r\n")
        referral.tell(180)
        await here.confirm()
        assert here.news() == ("refer", "active;expires=300", "SIP/2.0 180 Ringing\r\n")
        await here.confirm()
        referral.finish(200)
        await asyncio.sleep(0.1)
        assert here.news() == ("refer", "terminated;reason=noresource", "SIP/2.0 200 OK\r\n")
        await here.confirm()
        heard = len(here.peer.heard)
        referral.tell(180)
        referral.finish(486)
        await asyncio.sleep(400)
        assert here.peer.heard[heard:] == []


@virtual_time
async def test_news_go_on_when_the_phone_has_hung_up() -> None:
    async with talking() as here:
        await here.refer(2, "r: <sip:103@office>")
        here.referrals[0].accept()
        await asyncio.sleep(0.1)
        await here.confirm()
        assert await here.say(packet("BYE", 3, here.tag)) == ["SIP/2.0 200 OK"]
        assert here.witness.end == SessionEnd(EndedBy.REMOTE)
        assert await here.say(packet("INFO", 4, here.tag)) == ["SIP/2.0 481 Call/Transaction Does Not Exist"]
        here.referrals[0].finish(486)
        await asyncio.sleep(0.1)
        assert here.news() == ("refer", "terminated;reason=noresource", "SIP/2.0 486 Busy Here\r\n")
        await here.confirm()
        assert here.agent._dialogs == {}


@virtual_time
async def test_a_phone_that_knows_nothing_of_it_is_told_nothing_more() -> None:
    async with talking() as here:
        await here.refer(2, "Refer-To: <sip:103@office>")
        here.referrals[0].accept()
        await asyncio.sleep(0.1)
        await here.confirm("481 Call/Transaction Does Not Exist")
        heard = len(here.peer.heard)
        here.referrals[0].finish(200)
        await asyncio.sleep(1)
        assert here.peer.heard[heard:] == []
        assert here.witness.events == ["acknowledged"]  # the call stands


@virtual_time
async def test_the_subscription_runs_out_is_refreshed_and_ended() -> None:
    async with talking() as here:
        await here.refer(2, "Refer-To: <sip:103@office>")
        here.referrals[0].accept()
        await asyncio.sleep(0.1)
        await here.confirm()
        await here.say(packet("SUBSCRIBE", 3, here.tag, "Event: refer\nExpires: 60\n"))
        assert here.peer.lines[-2] == "SIP/2.0 200 OK"
        assert here.news() == ("refer", "active;expires=60", "SIP/2.0 100 Trying\r\n")
        await here.confirm()
        await asyncio.sleep(61)
        assert here.news() == ("refer", "terminated;reason=timeout", "SIP/2.0 100 Trying\r\n")
        await here.confirm()
        assert await here.say(packet("SUBSCRIBE", 4, here.tag, "Event: refer\nExpires: 60\n")) == [
            "SIP/2.0 481 Call/Transaction Does Not Exist"
        ]


@virtual_time
async def test_a_second_transfer_is_told_apart_and_a_third_wants_no_news() -> None:
    async with talking() as here:
        await here.refer(2, "Refer-To: <sip:103@office>")
        here.referrals[0].refuse(603)
        await asyncio.sleep(0.1)
        assert here.peer.lines[-1] == "SIP/2.0 603 Decline"
        await here.refer(3, "Refer-To: <sip:104@office>")
        here.referrals[1].accept()
        await asyncio.sleep(0.1)
        assert here.news()[0] == "refer;id=3"
        await here.confirm()
        await here.refer(4, "Refer-To: <sip:104@office>", "Refer-Sub: false")
        here.referrals[2].accept()
        here.referrals[2].tell(180)
        here.referrals[2].finish(200)
        await asyncio.sleep(0.1)
        assert here.peer.lines[-1] == "SIP/2.0 202 Accepted"
        assert here.peer.header("Refer-Sub") == "false"


ESCAPED = "c%40x%3Bto-tag%3D%22t%22%3Bfrom-tag%3Df%3Bearly-only"
ODD = [
    ((), "SIP/2.0 400 One Refer-To Is Needed"),
    (("Refer-To: <sip:1@o>", "Refer-To: <sip:2@o>"), "SIP/2.0 400 One Refer-To Is Needed"),
    (("Refer-To: <sip:1@o>, <sip:2@o>",), "SIP/2.0 400"),
    (("Refer-To: <sip:1@o>", "r: <sip:2@o>"), "SIP/2.0 400 One Refer-To Is Needed"),
    (("Refer-To: ",), "SIP/2.0 400"),
    (("Refer-To: <<>>",), "SIP/2.0 400 Bad Refer-To"),
    (("Refer-To: <sip:\x00\x01@>",), "SIP/2.0 400"),
    (("Refer-To: <sip:%zz%@o?%=%&&&=;>",), None),
    (("Refer-To: <http://example.com/>",), "SIP/2.0 416 Unsupported URI Scheme"),
    (("Refer-To: <sip:103@o;method=BYE>",), "SIP/2.0 603 Decline"),
    (("Refer-To: <sip:office>",), "SIP/2.0 484 Address Incomplete"),
    (("Refer-To: <sip:1@o?Replaces=c>",), "SIP/2.0 400 Bad Refer-To"),
    (("Refer-To: <sip:1@o?Replaces=c%3Bto-tag%3Da>",), "SIP/2.0 400 Bad Refer-To"),
    (("Refer-To: <sip:1@o?Replaces=%0D%0A%3Bto-tag%3Da%3Bfrom-tag%3Db>",), "SIP/2.0 400 Bad Refer-To"),
    ((f"Refer-To: <sip:1@o?Replaces={ESCAPED}&replaces={ESCAPED}>",), "SIP/2.0 400 Bad Refer-To"),
    ((f"Refer-To: <sip:1@o?Require=replaces&Replaces={ESCAPED}>",), None),
    (("Refer-To: <tel:+380671234567>",), None),
    (("Refer-To: sip:103@office",), None),
]


@pytest.mark.parametrize(("lines", "said"), ODD, ids=[str(index) for index in range(len(ODD))])
@virtual_time
async def test_odd_refers_are_refused_and_the_call_stands(lines: tuple[str, ...], said: str | None) -> None:
    async with talking() as here:
        heard = await here.refer(2, *lines)
        if said is None:
            assert heard == []
            here.referrals[0].refuse(603)
        else:
            assert len(heard) == 1
            assert heard[0].startswith(said)
            assert here.referrals == []
        assert here.agent.counters.faults == 0
        assert await here.say(packet("OPTIONS", 9, here.tag)) in (
            ["SIP/2.0 200 OK"],
            ["SIP/2.0 603 Decline", "SIP/2.0 200 OK"],
        )


@virtual_time
async def test_an_embedded_replaces_is_unescaped() -> None:
    async with talking() as here:
        await here.refer(2, f"Refer-To: <sip:1@o?Require=replaces&Replaces={ESCAPED}>")
        assert here.referrals[0].target.replaces == Replaces("c@x", "t", "f", early_only=True)


@pytest.mark.parametrize("text", ["", ";", "c", "c;to-tag=a", "c;from-tag=a", ";to-tag=a;from-tag=b", "a b;to-tag=;=;"])
def test_a_replaces_that_names_no_dialog(text: str) -> None:
    with pytest.raises(UriError):
        read_replaces(text)


@pytest.mark.parametrize(
    "extra",
    [
        "Replaces: c\n",
        "Replaces: c;to-tag=a;from-tag=b\nReplaces: d;to-tag=a;from-tag=b\n",
        "Replaces: c;to-tag=a;from-tag=b\nJoin: c;to-tag=a;from-tag=b\n",
    ],
)
@virtual_time
async def test_an_invite_with_an_odd_replaces_is_refused(extra: str) -> None:
    async with talking() as here:
        text = packet("INVITE", 20, extra=extra + OFFER)[:-1].replace("Call-ID: c", "Call-ID: d")
        assert await here.say(text) == ["SIP/2.0 400 Bad Replaces"]
        assert len(here.calls) == 1


@virtual_time
async def test_nobody_takes_refers() -> None:
    network = Network()
    near, far = Witness(), Witness()

    async def take(call: IncomingSession) -> None:
        call.begin(far)
        call.accept(b"answer")

    there = Address("udp", "10.0.0.2", 5060)
    one, two = (
        Agent([where], None, take, transports=network.transport, addressing=Addressing(bound=where.host))
        for where in (HERE, there)
    )
    await one.start()
    await two.start()
    session = one.invite("sip:1@10.0.0.2", near, caller=Identity("101"), offer=b"offer")
    await near.until("accepted")
    await asyncio.sleep(0.1)
    assert await session.refer("<sip:103@office>", lambda _: None, []) is None
    assert network.sent("SIP/2.0 501 Not Implemented")
    await session.bye()
    await one.close()
    await two.close()

"""What an agent says to single packets, written by hand: matching, refusals, forks, NAT (in virtual time)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest

from cordboard.simulation.virtual_time import virtual_time
from cordboard.sip.addressing import Addressing, networks
from cordboard.sip.agent import Agent
from cordboard.sip.api import Address, EndedBy, Identity, IncomingSession, SessionEnd
from cordboard.testing.sip import Network, Peer, Witness

HERE = Address("udp", "10.0.0.1", 5060)
PHONE = Address("udp", "10.0.0.7", 5070)
ALICE = Identity("101", "office")


class Desk:
    """An agent, a peer, and what the agent was called with."""

    def __init__(self, network: Network, agent: Agent, peer: Peer) -> None:
        self.network, self.agent, self.peer = network, agent, peer
        self.witness = Witness()
        self.calls: list[IncomingSession] = []

    async def say(self, text: str) -> list[str]:
        """Say something; the first lines of what comes back."""
        before = len(self.peer.heard)
        self.peer.say(text, HERE)
        await asyncio.sleep(0.1)
        return self.peer.lines[before:]


@asynccontextmanager
async def desk(**settings: int) -> AsyncIterator[Desk]:
    network = Network()

    async def take(call: IncomingSession) -> None:
        here.calls.append(call)
        if call.uri.user == "fault":
            raise RuntimeError("a fault of the handler")
        call.begin(here.witness)

    agent = Agent(
        [HERE],
        None,
        take,
        transports=network.transport,
        random=Random(1),
        addressing=Addressing(bound=HERE.host),
        max_sessions=settings.get("max_sessions", 100),
    )
    await agent.start()
    here = Desk(network, agent, await Peer(network, PHONE).open())
    try:
        yield here
    finally:
        await agent.close()


def packet(
    method: str, cseq: int = 1, *, uri: str = "sip:700@10.0.0.1", branch: str = "1", to_tag: str = "", extra: str = ""
) -> str:
    tag = f";tag={to_tag}" if to_tag else ""
    return (
        f"{method} {uri} SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.7:5070;branch=z9hG4bK{branch}\n"
        f"From: <sip:101@office>;tag=a\nTo: <sip:700@office>{tag}\nCall-ID: c\nCSeq: {cseq} {method}\n"
        f"Contact: <sip:101@10.0.0.7:5070>\n{extra}\n"
    )


OFFER = "Content-Type: application/sdp\nContent-Length: 5\n\noffer"


def invite(**changes: str) -> str:
    return packet("INVITE", extra=OFFER, **changes)[:-1]  # type: ignore[arg-type] # only texts are given here


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (packet("OPTIONS"), "SIP/2.0 200 OK"),
        (packet("BYE"), "SIP/2.0 481 Call/Transaction Does Not Exist"),
        (packet("BYE", to_tag="x"), "SIP/2.0 481 Call/Transaction Does Not Exist"),
        (packet("INVITE", to_tag="x"), "SIP/2.0 481 Call/Transaction Does Not Exist"),
        (packet("CANCEL"), "SIP/2.0 481 Call/Transaction Does Not Exist"),
        (packet("MESSAGE"), "SIP/2.0 405 Method Not Allowed"),
        (packet("REGISTER"), "SIP/2.0 405 Method Not Allowed"),
        (packet("DANCE"), "SIP/2.0 501 Not Implemented"),
        (packet("OPTIONS", extra="Require: 100rel, teleport\n"), "SIP/2.0 420 Bad Extension"),
        (packet("OPTIONS", uri="http://office/"), "SIP/2.0 416 Unsupported URI Scheme"),
        (packet("INVITE", extra="Content-Type: text/plain\n\nhello")[:-1], "SIP/2.0 415 Unsupported Media Type"),
        (
            packet("OPTIONS", extra="Content-Length: 10\n"),
            "SIP/2.0 400 Bad Request: Content-Length does not fit the body",
        ),
        (packet("OPTIONS").replace("SIP/2.0\n", "SIP/7.0\n", 1), "SIP/2.0 505 Version Not Supported"),
    ],
)
@virtual_time
async def test_requests_that_are_answered_at_once(text: str, answer: str) -> None:
    async with desk() as here:
        assert await here.say(text) == [answer]


@virtual_time
async def test_refusals_say_what_would_be_understood() -> None:
    async with desk() as here:
        await here.say(packet("MESSAGE"))
        assert here.peer.header("Allow") == "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, REFER, NOTIFY"
        await here.say(packet("OPTIONS", branch="2", extra="Require: 100rel\n"))
        assert here.peer.header("Unsupported") == "100rel"


@pytest.mark.parametrize(
    "data",
    [
        *(b"\r\n\r\n", b"\0", b"\xff" * 100, b"hello\r\n\r\n", b"SIP/2.0 200 OK\r\n\r\n", b"INVITE\r\n\r\n"),
        b"A" * 70_000,
        packet("ACK").encode(),
    ],
)
@virtual_time
async def test_rubbish_is_dropped_without_a_word(data: bytes) -> None:
    async with desk() as here:
        here.network.carry(data, PHONE, HERE)
        await asyncio.sleep(1)
        assert here.peer.heard == []
        assert await here.say(packet("OPTIONS").replace("\n", "\n")) == ["SIP/2.0 200 OK"]
        assert here.agent.counters.faults == 0


@virtual_time
async def test_what_happened_is_counted() -> None:
    async with desk() as here:
        await here.say("hello\n\n")
        await here.say(packet("OPTIONS"))
        await here.say(packet("OPTIONS"))
        await here.say(packet("DANCE", branch="2"))
        await here.say(packet("OPTIONS", branch="3").replace("OPTIONS sip:700@10.0.0.1 SIP/2.0", "SIP/2.0 200 OK"))
        counters = here.agent.counters
        assert (counters.malformed, counters.stray_responses, counters.retransmissions) == (1, 1, 1)
        assert dict(counters.requests) == {"OPTIONS": 2, "OTHER": 1}


@virtual_time
async def test_the_answer_goes_to_where_the_request_came_from() -> None:
    async with desk() as here:
        await here.say(packet("OPTIONS").replace("10.0.0.7:5070;branch", "192.168.1.5:5060;rport;branch"))
        via = here.peer.header("Via")
        assert via == "SIP/2.0/UDP 192.168.1.5:5060;rport=5070;branch=z9hG4bK1;received=10.0.0.7"


@virtual_time
async def test_the_same_request_over_two_paths_is_served_once() -> None:
    async with desk() as here:
        assert await here.say(invite()) == ["SIP/2.0 100 Trying"]
        assert await here.say(invite(branch="2")) == ["SIP/2.0 482 Loop Detected"]
        assert len(here.calls) == 1


@virtual_time
async def test_a_client_of_rfc_2543_has_no_branch() -> None:
    async with desk() as here:
        old = invite().replace(";branch=z9hG4bK1", "")
        assert await here.say(old) == ["SIP/2.0 100 Trying"]
        assert await here.say(old) == ["SIP/2.0 100 Trying"]
        here.calls[0].refuse(486)
        await asyncio.sleep(0.1)
        await here.say(packet("ACK").replace(";branch=z9hG4bK1", ""))
        await asyncio.sleep(20)
        assert here.peer.lines.count("SIP/2.0 486 Busy Here") == 1


@virtual_time
async def test_cancel_is_answered_and_the_invite_terminated() -> None:
    async with desk() as here:
        await here.say(invite())
        answers = await here.say(packet("CANCEL", extra='Reason: SIP ;cause=200 ;text="Call completed elsewhere"\n'))
        assert sorted(answers) == ["SIP/2.0 200 OK", "SIP/2.0 487 Request Terminated"]
        assert here.witness.end == SessionEnd(EndedBy.REMOTE, elsewhere=True)


@virtual_time
async def test_a_cancel_after_the_200_changes_nothing() -> None:
    async with desk() as here:
        await here.say(invite())
        here.calls[0].accept(b"answer")
        assert await here.say(packet("CANCEL")) == ["SIP/2.0 200 OK", "SIP/2.0 200 OK"]
        assert here.witness.events == []


@virtual_time
async def test_an_early_bye_ends_the_unanswered_invite() -> None:
    async with desk() as here:
        await here.say(invite())
        here.calls[0].progress(180)
        await asyncio.sleep(0.1)
        tag = here.peer.header("To").partition("tag=")[2]
        answers = await here.say(packet("BYE", 2, branch="2", to_tag=tag))
        assert sorted(answers) == ["SIP/2.0 200 OK", "SIP/2.0 487 Request Terminated"]
        assert here.witness.end == SessionEnd(EndedBy.REMOTE)


async def answered(here: Desk) -> str:
    """Bring a call up; the agent's tag."""
    await here.say(invite())
    here.calls[0].accept(b"answer")
    await asyncio.sleep(0.1)
    tag = here.peer.header("To").partition("tag=")[2]
    await here.say(packet("ACK", branch="2", to_tag=tag))
    assert here.witness.events == ["acknowledged"]
    return tag


@virtual_time
async def test_requests_in_a_dialog_must_be_in_order() -> None:
    async with desk() as here:
        tag = await answered(here)
        assert await here.say(packet("INFO", 5, branch="3", to_tag=tag)) == ["SIP/2.0 200 OK"]
        assert await here.say(packet("INFO", 4, branch="4", to_tag=tag)) == ["SIP/2.0 500 CSeq Out Of Order"]
        assert await here.say(packet("OPTIONS", 6, branch="5", to_tag=tag)) == ["SIP/2.0 200 OK"]
        assert await here.say(packet("REFER", 7, branch="6", to_tag=tag)) == ["SIP/2.0 400 One Refer-To Is Needed"]
        assert await here.say(packet("BYE", 8, branch="7", to_tag="wrong")) == [
            "SIP/2.0 481 Call/Transaction Does Not Exist"
        ]


@virtual_time
async def test_update_with_and_without_an_offer() -> None:
    async with desk() as here:
        tag = await answered(here)
        assert await here.say(packet("UPDATE", 2, branch="3", to_tag=tag)) == ["SIP/2.0 200 OK"]
        assert here.witness.events == ["acknowledged"]
        here.witness.answer = b"held"
        assert await here.say(packet("UPDATE", 3, branch="4", to_tag=tag, extra=OFFER)[:-1]) == ["SIP/2.0 200 OK"]
        assert here.peer.heard[-1].endswith(b"\r\n\r\nheld")
        assert here.witness.told[-1] == ("offered", b"offer")


@virtual_time
async def test_a_re_invite_moves_the_remote_target() -> None:
    async with desk() as here:
        tag = await answered(here)
        moved = packet("INVITE", 2, branch="3", to_tag=tag, extra=OFFER)[:-1].replace("101@10.0.0.7", "new@10.0.0.7")
        assert await here.say(moved) == ["SIP/2.0 100 Trying", "SIP/2.0 200 OK"]
        again = await here.say(packet("INVITE", 3, branch="4", to_tag=tag, extra=OFFER)[:-1])
        assert again[0] == "SIP/2.0 500 Server Internal Error"  # the ACK is still missing
        assert int(here.peer.header("Retry-After")) <= 10
        await here.say(packet("ACK", 2, branch="5", to_tag=tag))
        await here.calls[0].bye()
        await asyncio.sleep(0.1)
        assert here.peer.lines[-1] == "BYE sip:new@10.0.0.7:5070 SIP/2.0"


@virtual_time
async def test_a_re_invite_without_an_offer_asks_for_ours() -> None:
    async with desk() as here:
        tag = await answered(here)
        here.witness.answer = b"our offer"
        await here.say(packet("INVITE", 2, branch="3", to_tag=tag))
        assert here.peer.heard[-1].endswith(b"our offer")
        await here.say(packet("ACK", 2, branch="4", to_tag=tag, extra=OFFER)[:-1])
        assert here.witness.told[-2:] == [("offered", None), ("acknowledged", b"offer")]


@virtual_time
async def test_requests_follow_the_recorded_route() -> None:
    async with desk() as here:
        route = "<sip:10.0.0.7:5070;lr>"
        await here.say(
            invite().replace("Contact: <sip:101@10.0.0.7:5070>", f"Contact: <sip:101@10.9.9.9>\nRecord-Route: {route}")
        )
        here.calls[0].accept(b"answer")
        await asyncio.sleep(0.1)
        assert here.peer.header("Record-Route") == route
        await here.say(packet("ACK", branch="2", to_tag=here.peer.header("To").partition("tag=")[2]))
        await here.calls[0].bye()
        await asyncio.sleep(0.1)
        assert here.peer.lines[-1] == "BYE sip:101@10.9.9.9 SIP/2.0"
        assert here.peer.header("Route") == route


@virtual_time
async def test_a_fault_of_the_handler_refuses_its_call_alone() -> None:
    async with desk() as here:
        assert await here.say(invite(uri="sip:fault@10.0.0.1")) == [
            "SIP/2.0 100 Trying",
            "SIP/2.0 500 Server Internal Error",
        ]
        assert here.agent.counters.faults == 1
        assert here.agent.sessions == 0
        assert await here.say(packet("OPTIONS", branch="9")) == ["SIP/2.0 200 OK"]


@virtual_time
async def test_too_many_sessions() -> None:
    async with desk(max_sessions=1) as here:
        await here.say(invite())
        assert await here.say(invite(branch="2").replace("Call-ID: c", "Call-ID: d")) == [
            "SIP/2.0 503 Service Unavailable"
        ]
        assert here.peer.header("Retry-After") == "5"


def reply(here: Desk, status: str, tag: str, body: str = "", which: int = 0) -> str:
    head = here.peer.heard[which].decode().split("\r\n")
    kept = [line for line in head if line.split(":")[0] in {"Via", "From", "Call-ID", "CSeq"}]
    content = f"Content-Type: application/sdp\nContent-Length: {len(body)}\n" if body else ""
    return (
        "\n".join(
            [f"SIP/2.0 {status}", *kept, f"To: <sip:x@10.0.0.7:5070>;tag={tag}", f"Contact: <sip:{tag}@10.0.0.7:5070>"]
        )
        + f"\n{content}\n{body}"
    )


@virtual_time
async def test_of_several_answers_of_a_fork_the_first_wins() -> None:
    async with desk() as here:
        here.agent.invite("sip:x@10.0.0.7:5070", here.witness, caller=ALICE, offer=b"offer")
        await asyncio.sleep(0.1)
        assert await here.say(reply(here, "200 OK", "one", "first")) == ["ACK sip:one@10.0.0.7:5070 SIP/2.0"]
        assert await here.say(reply(here, "200 OK", "two", "second")) == [
            "ACK sip:two@10.0.0.7:5070 SIP/2.0",
            "BYE sip:two@10.0.0.7:5070 SIP/2.0",
        ]
        assert await here.say(reply(here, "200 OK", "one", "first")) == ["ACK sip:one@10.0.0.7:5070 SIP/2.0"]
        assert here.witness.told == [("accepted", b"first")]
        assert here.agent.sessions == 1


@pytest.mark.parametrize(
    "status", ["302 Moved Temporarily", "380 Alternative Service", "404 Not Found", "603 Decline", "401 Unauthorized"]
)
@virtual_time
async def test_final_refusals_end_the_session_with_their_status(status: str) -> None:
    async with desk() as here:
        here.agent.invite("sip:x@10.0.0.7:5070", here.witness, caller=ALICE, offer=b"offer")
        await asyncio.sleep(0.1)
        assert await here.say(reply(here, status, "t")) == ["ACK sip:x@10.0.0.7:5070 SIP/2.0"]
        code, _, phrase = status.partition(" ")
        moved = "t" if code in {"300", "301", "302"} else ""
    assert here.witness.end == SessionEnd(EndedBy.REMOTE, int(code), phrase, redirected_to=moved)


@virtual_time
async def test_a_host_name_is_looked_up_and_may_be_unknown() -> None:
    network = Network()

    async def resolve(host: str, port: int) -> str:
        if host != "phone.example":
            raise OSError("no such host")
        return PHONE.host

    agent = Agent([HERE], transports=network.transport, resolve=resolve, addressing=Addressing(bound=HERE.host))
    await agent.start()
    peer = await Peer(network, PHONE).open()
    lost, found = Witness(), Witness()
    agent.invite("sip:x@gone.example", lost, caller=ALICE, offer=b"offer")
    agent.invite("sip:x@phone.example:5070", found, caller=ALICE, offer=b"offer")
    await asyncio.sleep(0.1)
    assert lost.end == SessionEnd(EndedBy.TIMEOUT, 503, "Host Not Found")
    assert peer.lines == ["INVITE sip:x@phone.example:5070 SIP/2.0"]
    assert (await agent.request("OPTIONS", "sip:gone.example", caller=ALICE)).status == 503
    await agent.close()


@pytest.mark.parametrize(
    ("uri", "headers"),
    [
        ("sip:x@10.0.0.7", {"X-Note": "a\r\nVia: forged"}),
        ("sip:x@10.0.0.7", {"X\r\n": "a"}),
        ("sip:x@10.0.0.7", {"CSeq": "1 BYE"}),
        ("sip:x y@10.0.0.7", {}),
        ("sip:x@10.0.0.7\r\nX: y", {}),
    ],
)
@virtual_time
async def test_what_would_forge_a_header_is_refused(uri: str, headers: dict[str, str]) -> None:
    async with desk() as here:
        with pytest.raises(ValueError, match=r"header|URI"):
            here.agent.invite(uri, here.witness, caller=ALICE, headers=headers)
        assert here.agent.sessions == 0
        assert here.network.log == []


@virtual_time
async def test_a_name_from_outside_forges_nothing() -> None:
    async with desk() as here:
        here.agent.invite(
            "sip:x@10.0.0.7:5070", here.witness, caller=Identity("1 2>;tag=x", "office", 'A"\r\nX: y\\'), offer=b"o"
        )
        await asyncio.sleep(0.1)
        assert here.peer.header("From").startswith('"A\\"  X: y\\\\" <sip:1%202%3E;tag=x@office>;tag=')


@pytest.mark.parametrize(
    ("peer", "told"),
    [("192.168.7.7", "192.168.7.1"), ("8.8.8.8", "203.0.113.5"), ("phone.example", "203.0.113.5")],
)
def test_a_peer_is_told_the_address_it_can_reach(peer: str, told: str) -> None:
    addressing = Addressing("203.0.113.5", networks(("192.168.7.0/24",)), route=lambda host: "192.168.7.1")
    assert addressing.advertised(peer) == told


def test_without_an_external_address_the_route_decides() -> None:
    assert Addressing(route=lambda host: f"to {host}").advertised("8.8.8.8") == "to 8.8.8.8"
    assert Addressing(bound="10.0.0.1").advertised("8.8.8.8") == "10.0.0.1"


@pytest.mark.parametrize(
    ("contact", "came_from", "hop"),
    [
        ("udp:192.168.1.5:5060", "udp:203.0.113.9:40000", "udp:203.0.113.9:40000"),  # behind NAT
        ("udp:192.168.1.5:5060", "udp:192.168.1.5:5099", "udp:192.168.1.5:5060"),
        ("udp:198.51.100.1:5060", "udp:203.0.113.9:5060", "udp:198.51.100.1:5060"),
        ("tcp:192.168.1.5:5060", "tcp:192.168.1.5:40000", "tcp:192.168.1.5:40000"),  # the connection is used
    ],
)
def test_where_in_dialog_packets_go(contact: str, came_from: str, hop: str) -> None:
    def address(text: str) -> Address:
        transport, host, port = text.split(":")
        return Address(transport, host, int(port))

    assert Addressing().next_hop(address(contact), address(came_from)) == address(hop)

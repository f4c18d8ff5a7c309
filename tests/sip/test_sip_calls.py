"""Whole calls between two agents over a network that loses and doubles packets, in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random

import pytest

from cordboard.simulation.virtual_time import virtual_time
from cordboard.sip.addressing import Addressing
from cordboard.sip.agent import Agent
from cordboard.sip.api import (
    Address,
    Credentials,
    EndedBy,
    Identity,
    IncomingSession,
    NotAcceptableError,
    OutgoingSession,
    SessionEnd,
)
from cordboard.sip.digest import ha1_of
from cordboard.testing.sip import Network, Witness

ALICE = Identity("101", "office", "Alice")
HERE = Address("udp", "10.0.0.1", 5060)
THERE = Address("udp", "10.0.0.2", 5060)


@dataclass
class Pair:
    """A calling and a called agent. `take` says what is done with the call."""

    network: Network
    caller: Agent
    callee: Agent
    near: Witness = field(default_factory=Witness)
    far: Witness = field(default_factory=Witness)
    calls: list[IncomingSession] = field(default_factory=list)
    ringing: asyncio.Event = field(default_factory=asyncio.Event)

    def call(self, offer: bytes | None = b"offer") -> OutgoingSession:
        uri = "sip:700@10.0.0.2" + (";transport=tcp" if self.caller.addresses[0].transport == "tcp" else "")
        return self.caller.invite(uri, self.near, caller=ALICE, offer=offer)

    async def arrived(self) -> IncomingSession:
        async with asyncio.timeout(60):
            await self.ringing.wait()
        return self.calls[-1]

    async def up(self) -> tuple[OutgoingSession, IncomingSession]:
        out = self.call()
        incoming = await self.arrived()
        incoming.accept(b"answer")
        await self.far.until("acknowledged")
        return out, incoming


def agent(
    network: Network, listen: Address, seed: int, on_invite: Callable[[IncomingSession], Awaitable[None]]
) -> Agent:
    return Agent(
        [listen],
        None,
        on_invite,
        transports=network.transport,
        random=Random(seed),
        addressing=Addressing(bound=listen.host),
    )


@asynccontextmanager
async def pair(network: Network | None = None, transport: str = "udp") -> AsyncIterator[Pair]:
    network = network or Network()

    async def take(call: IncomingSession) -> None:
        both.calls.append(call)
        both.ringing.set()
        call.begin(both.far)

    async def take_back(call: IncomingSession) -> None:
        await take(call)

    here, there = Address(transport, HERE.host, 5060), Address(transport, THERE.host, 5060)
    both = Pair(network, agent(network, here, 1, take_back), agent(network, there, 2, take))
    await both.caller.start()
    await both.callee.start()
    try:
        yield both
        # Whatever happened: nothing may be left behind.
        await asyncio.sleep(200)
        assert (both.caller.sessions, both.callee.sessions) == (0, 0)
        assert (both.caller.endpoint.transactions, both.callee.endpoint.transactions) == (0, 0)
        assert (len(both.caller._dialogs), len(both.callee._dialogs)) == (0, 0)
        assert (both.caller.counters.faults, both.callee.counters.faults) == (0, 0)
    finally:
        await both.caller.close()
        await both.callee.close()


def losing(*losses: tuple[str, int]) -> Network:
    """Loses the first N packets whose first line and CSeq match "METHOD" or "STATUS METHOD"."""
    left = dict(losses)

    def fate(data: bytes, source: Address, to: Address) -> float | None:
        line = data.split(b"\r\n", 1)[0].decode()
        cseq = next(one for one in data.decode().split("\r\n") if one.startswith("CSeq:")).split()[-1]
        what = f"{line.split()[1]} {cseq}" if line.startswith("SIP/2.0") else line.split()[0]
        if left.get(what, 0) > 0:
            left[what] -= 1
            return None
        return 0.01

    return Network(fate)


@virtual_time
async def test_a_call_without_any_loss_sends_each_packet_once() -> None:
    async with pair() as both:
        out, incoming = await both.up()
        await out.bye()
        await both.far.until("ended")
        lines = [line for _, _, _, line in both.network.log]
        assert lines == [
            "INVITE sip:700@10.0.0.2 SIP/2.0",
            "SIP/2.0 100 Trying",
            "SIP/2.0 200 OK",
            "ACK sip:10.0.0.2:5060 SIP/2.0",
            "BYE sip:10.0.0.2:5060 SIP/2.0",
            "SIP/2.0 200 OK",
        ]
        assert incoming.call_id == out.call_id
        assert both.near.events == ["accepted", "ended"]
        assert both.far.events == ["acknowledged", "ended"]


@virtual_time
async def test_a_lost_invite_is_sent_again() -> None:
    async with pair(losing(("INVITE", 3))) as both:
        out, _ = await both.up()
        assert both.network.sent("INVITE") == [0.0, 0.5, 1.5, 3.5]
        await out.bye()


@virtual_time
async def test_nobody_answers_the_invite() -> None:
    async with pair(losing(("INVITE", 99))) as both:
        both.call()
        await both.near.until("ended")
        assert asyncio.get_running_loop().time() == pytest.approx(32.0)
        assert both.near.end == SessionEnd(EndedBy.TIMEOUT, 408)
        assert both.network.sent("INVITE") == [0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]


@virtual_time
async def test_a_lost_200_is_repeated_until_the_ack() -> None:
    async with pair(losing(("200 INVITE", 3))) as both:
        out, _ = await both.up()
        assert both.near.events == ["accepted"]
        first = both.network.sent("SIP/2.0 200")
        assert [round(time - first[0], 3) for time in first] == [0.0, 0.5, 1.5, 3.5]
        await out.bye()


@virtual_time
async def test_a_lost_ack_is_repeated_for_the_repeated_200() -> None:
    async with pair(losing(("ACK", 2))) as both:
        out, _ = await both.up()
        assert len(both.network.sent("ACK")) == 3
        assert both.near.events == ["accepted"]
        await out.bye()


@virtual_time
async def test_without_any_ack_the_session_is_ended_with_a_bye() -> None:
    async with pair(losing(("ACK", 99))) as both:
        both.call()
        (await both.arrived()).accept(b"answer")
        await both.far.until("ended")
        assert both.far.ended_by is EndedBy.TIMEOUT
        assert asyncio.get_running_loop().time() == pytest.approx(32.01, abs=0.01)
        await both.near.until("ended")
        assert both.near.ended_by is EndedBy.REMOTE


@virtual_time
async def test_doubled_packets_make_one_call() -> None:
    async with pair(Network(lambda _data, _source, _to: (0.01, 0.012, 0.3))) as both:
        out, _ = await both.up()
        await asyncio.sleep(1)
        assert len(both.calls) == 1
        assert both.near.events == ["accepted"]
        assert both.far.events == ["acknowledged"]
        await out.bye()
        await both.far.until("ended")


@virtual_time
async def test_on_tcp_only_the_200_may_be_repeated() -> None:
    async with pair(transport="tcp") as both:
        out, _ = await both.up()
        await out.bye()
        await asyncio.sleep(5)
        assert both.caller.counters.retransmissions == 0
        assert both.callee.counters.retransmissions == 0


@virtual_time
async def test_a_refusal_is_acknowledged_hop_by_hop() -> None:
    async with pair(losing(("486 INVITE", 2), ("ACK", 1))) as both:
        both.call()
        (await both.arrived()).refuse(486, headers={"Warning": '399 office "busy"'})
        await both.near.until("ended")
        assert both.near.end == SessionEnd(EndedBy.REMOTE, 486, "Busy Here")
        assert both.far.end == SessionEnd(EndedBy.LOCAL, 486)
        await asyncio.sleep(10)
        first = both.network.sent("SIP/2.0 486")
        assert [round(time - first[0], 3) for time in first] == [0.0, 0.5, 1.5, 3.5]


@virtual_time
async def test_progress_is_told_with_early_media() -> None:
    async with pair() as both:
        both.call()
        incoming = await both.arrived()
        incoming.progress(180)
        incoming.progress(183, b"early")
        await asyncio.sleep(1)
        assert both.near.told == [("progressed", (180, None)), ("progressed", (183, b"early"))]
        incoming.refuse(480)


@virtual_time
async def test_a_long_ringing_is_repeated_each_minute() -> None:
    async with pair() as both:
        both.call()
        incoming = await both.arrived()
        incoming.progress(180)
        await asyncio.sleep(150)
        assert len(both.network.sent("SIP/2.0 180")) == 3
        incoming.refuse(480)


@virtual_time
async def test_cancel_while_it_rings() -> None:
    async with pair(losing(("CANCEL", 1), ("487 INVITE", 1))) as both:
        out = both.call()
        (await both.arrived()).progress(180)
        await both.near.until("progressed")
        await out.cancel(answered_elsewhere=True)
        assert both.near.end == SessionEnd(EndedBy.LOCAL, 487, "Request Terminated")
        await both.far.until("ended")
        assert both.far.end == SessionEnd(EndedBy.REMOTE, elsewhere=True)


@virtual_time
async def test_a_cancel_waits_for_the_first_provisional_response() -> None:
    async with pair(losing(("100 INVITE", 1), ("INVITE", 1))) as both:
        out = both.call()
        await out.cancel()
        assert both.network.sent("CANCEL") == []
        (await both.arrived()).progress(180)
        await both.far.until("ended")
        assert both.far.end == SessionEnd(EndedBy.REMOTE, elsewhere=False)
        assert len(both.network.sent("CANCEL")) == 1


@virtual_time
async def test_a_cancel_that_was_never_needed_is_never_sent() -> None:
    async with pair(losing(("INVITE", 99))) as both:
        await both.call().cancel()
        await asyncio.sleep(60)
        assert both.network.sent("CANCEL") == []
        assert both.near.events == ["ended"]


@virtual_time
async def test_a_200_that_crosses_the_cancel_is_acknowledged_and_ended() -> None:
    async with pair() as both:
        out = both.call()
        incoming = await both.arrived()
        incoming.progress(180)
        await both.near.until("progressed")
        incoming.accept(b"answer")
        await out.cancel()
        await both.far.until("ended")
        assert both.near.events == ["progressed", "ended"]
        assert both.far.events == ["acknowledged", "ended"]
        assert both.far.ended_by is EndedBy.REMOTE


@virtual_time
async def test_a_cancel_before_the_handler_began_is_told_at_once() -> None:
    async with pair() as both:
        out = both.call()
        incoming = await both.arrived()
        await asyncio.sleep(0.1)
        await out.cancel()
        await asyncio.sleep(0.1)
        late = Witness()
        incoming.begin(late)
        assert late.end == SessionEnd(EndedBy.REMOTE)
        incoming.accept(b"too late")
        incoming.progress(180)
        assert both.network.sent("SIP/2.0 180") == []


@virtual_time
async def test_byes_that_cross_end_both_sides_once() -> None:
    async with pair() as both:
        out, incoming = await both.up()
        await asyncio.gather(out.bye(), incoming.bye())
        await asyncio.sleep(1)
        assert both.near.events == ["accepted", "ended"]
        assert both.far.events == ["acknowledged", "ended"]
        assert len(both.network.sent("SIP/2.0 481")) == 0


@virtual_time
async def test_the_callee_hangs_up_before_the_ack_came() -> None:
    async with pair(losing(("ACK", 2))) as both:
        both.call()
        incoming = await both.arrived()
        incoming.accept(b"answer")
        await incoming.bye()
        assert both.far.ended_by is EndedBy.LOCAL
        await asyncio.sleep(0.4)
        assert both.network.sent("BYE") == []
        await both.near.until("ended")
        assert both.near.ended_by is EndedBy.REMOTE


@virtual_time
async def test_a_late_offer_is_answered_in_the_ack() -> None:
    async with pair() as both:
        out = both.call(offer=None)
        incoming = await both.arrived()
        assert incoming.offer is None
        incoming.accept(b"their offer")
        assert await both.near.until("accepted") == b"their offer"
        out.acknowledge(b"our answer")
        assert await both.far.until("acknowledged") == b"our answer"
        await out.bye()


@virtual_time
async def test_hold_from_either_side() -> None:
    async with pair() as both:
        out, incoming = await both.up()
        both.far.answer = b"recvonly"
        assert await out.reoffer(b"sendonly") == b"recvonly"
        both.near.answer = b"inactive"
        assert await incoming.reoffer(b"sendonly") == b"inactive"
        assert both.far.events == ["acknowledged", "offered"]
        assert both.near.events == ["accepted", "offered"]
        await incoming.bye()
        await both.near.until("ended")


@virtual_time
async def test_a_refused_offer_leaves_the_session_as_it_was() -> None:
    async with pair() as both:
        out, _ = await both.up()
        both.far.answer = None
        with pytest.raises(NotAcceptableError, match="488"):
            await out.reoffer(b"video")
        assert await out.inform("application/dtmf", b"1")
        await out.bye()


@virtual_time
async def test_offers_that_meet_are_sent_again_after_different_waits() -> None:
    async with pair() as both:
        out, incoming = await both.up()
        both.near.answer = b"near's answer"
        both.far.answer = b"far's answer"
        answers = await asyncio.gather(out.reoffer(b"one"), incoming.reoffer(b"two"))
        assert list(answers) == [b"far's answer", b"near's answer"]
        assert len(both.network.sent("SIP/2.0 491")) == 2
        ours, theirs = (
            [time for time, source, _, line in both.network.log if source == side and line[:6] == "INVITE"]
            for side in (HERE, THERE)
        )
        assert 2.1 <= ours[-1] - ours[-2] <= 4.1  # the owner of the Call-ID (RFC 3261 §14.1)
        assert theirs[-1] - theirs[-2] <= 2.1
        await out.bye()


@virtual_time
async def test_a_lost_answer_to_a_re_invite_is_repeated() -> None:
    async with pair() as both:
        out, _ = await both.up()
        both.network.fate = losing(("200 INVITE", 2), ("ACK", 1)).fate
        both.far.answer = b"again"
        assert await out.reoffer(b"hold") == b"again"
        await asyncio.sleep(5)
        await out.bye()


@virtual_time
async def test_a_vanished_peer_is_noticed_by_the_next_request() -> None:
    async with pair() as both:
        out, incoming = await both.up()
        both.network.fate = lambda _data, _source, to: None if to == THERE else 0.01
        assert not await out.inform("application/dtmf", b"1")
        assert both.near.ended_by is EndedBy.TIMEOUT
        await asyncio.sleep(40)
        await incoming.bye()


@virtual_time
async def test_a_dead_tcp_peer() -> None:
    async with pair(transport="tcp") as both:
        await both.callee.close()
        both.caller.invite("sip:700@10.0.0.2;transport=tcp", both.near, caller=ALICE, offer=b"offer")
        await both.near.until("ended")
        assert both.near.end == SessionEnd(EndedBy.TIMEOUT, 503)
        reply = await both.caller.request("OPTIONS", "sip:10.0.0.2;transport=tcp", caller=ALICE)
        assert reply.status == 503


@virtual_time
async def test_closing_ends_sessions_without_a_word_on_the_wire() -> None:
    async with pair() as both:
        _, incoming = await both.up()
        await both.caller.close()
        assert both.near.end == SessionEnd(EndedBy.LOCAL)
        assert both.network.sent("BYE") == []
        await incoming.bye()


@virtual_time
async def test_who_offers_need_not_wait_when_the_far_end_hangs_up() -> None:
    async with pair() as both:
        out, incoming = await both.up()
        both.network.fate = losing(("INVITE", 99)).fate
        offering = asyncio.create_task(out.reoffer(b"hold"))
        await asyncio.sleep(0.1)
        before = asyncio.get_running_loop().time()
        await incoming.bye()
        with pytest.raises(NotAcceptableError):
            await offering
        assert asyncio.get_running_loop().time() - before < 0.1
        assert both.near.events == ["accepted", "ended"]


class Office:
    realm = "office"

    def trusted(self, source: Address, caller: Identity, uri: Identity) -> bool:
        return caller.user == "line"

    def secret(self, username: str) -> tuple[str, str] | None:
        return ("MD5", ha1_of("MD5", username, "office", "secret")) if username == "101" else None


@virtual_time
async def test_challenges_keep_no_state_and_survive_loss() -> None:
    network = losing(("401 INVITE", 2), ("ACK", 1))
    calls: list[IncomingSession] = []

    async def take(call: IncomingSession) -> None:
        calls.append(call)
        call.begin(far)
        call.accept(b"answer")

    near, far = Witness(), Witness()
    caller = agent(network, HERE, 1, take)
    callee = Agent([THERE], Office(), take, transports=network.transport, random=Random(2))
    await caller.start()
    await callee.start()
    out = caller.invite(
        "sip:700@10.0.0.2", near, caller=ALICE, offer=b"offer", credentials=Credentials("101", "secret")
    )
    await asyncio.sleep(0.2)
    assert callee.endpoint.transactions == 0
    await near.until("accepted")
    assert calls[0].account == "101"
    assert near.events == ["accepted"]
    await out.bye()
    await far.until("ended")

    stranger, line = Witness(), Witness()
    caller.invite("sip:700@10.0.0.2", stranger, caller=ALICE, offer=b"offer")
    caller.invite("sip:700@10.0.0.2", line, caller=Identity("line"), offer=b"offer")
    await stranger.until("ended")
    assert stranger.end == SessionEnd(EndedBy.REMOTE, 401, "Unauthorized")
    await line.until("accepted")
    assert [call.account for call in calls] == ["101", ""]
    await caller.close()
    await callee.close()


@pytest.mark.parametrize("seed", range(25))
@virtual_time
async def test_calls_over_a_bad_network_always_come_to_an_end(seed: int) -> None:
    """A fifth of the packets is lost, some are doubled, all are shuffled; both sides do what comes to their minds."""
    dice = Random(seed)

    def fate(_data: bytes, _source: Address, _to: Address) -> tuple[float, ...]:
        copies = dice.choices((0, 1, 2), (20, 70, 10))[0]
        return tuple(dice.uniform(0.01, 0.4) for _ in range(copies))

    async def act(side: OutgoingSession | IncomingSession, witness: Witness) -> None:
        for _ in range(dice.randint(0, 3)):
            await asyncio.sleep(dice.uniform(0, 2))
            with suppress(NotAcceptableError):
                await side.reoffer(b"hold")
            await side.inform("application/dtmf", b"1")
        await asyncio.sleep(dice.uniform(0, 3))
        await side.bye()
        assert witness.events.count("ended") == 1

    async with pair(Network(fate)) as both:
        out = both.call()
        if dice.random() < 0.2:
            await asyncio.sleep(dice.uniform(0, 2))
            await out.cancel()
        waiting = asyncio.create_task(both.ringing.wait())
        await asyncio.wait([waiting], timeout=40)
        waiting.cancel()
        parties = [act(out, both.near)]
        if both.calls:
            incoming = both.calls[-1]
            if dice.random() < 0.5:
                incoming.progress(180)
            await asyncio.sleep(dice.uniform(0, 3))
            if dice.random() < 0.8:
                incoming.accept(b"answer")
                parties.append(act(incoming, both.far))
            else:
                incoming.refuse(486)
        await asyncio.gather(*parties)
        assert len(both.calls) <= 1
        for witness in (both.near, both.far):
            assert witness.events.count("accepted") + witness.events.count("acknowledged") <= 1
            assert not witness.events or witness.events[-1] == "ended"

"""Far ends that have gone without a word: rules in virtual time, and phones that are killed on the real wire."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cordboard.simulation.virtual_time import virtual_time
from cordboard.switch.vanished import Watch
from cordboard.telephony import EndReason, Leg, LegState
from cordboard.testing.exchange import serving, until
from cordboard.testing.real_exchange import Accounts, open_office
from cordboard.testing.switch import BOTH, Peer, open_peer


@dataclass
class FakeLeg:
    """A leg that speaks until `last`, and answers while it is `there`."""

    id: str = "1"
    state: LegState = LegState.ANSWERED
    held: bool = False
    last: float = 0.0
    there: bool = True
    asked: list[float] = field(default_factory=list)

    async def silent_for(self) -> float:
        return asyncio.get_running_loop().time() - self.last

    async def probe(self, patience: float) -> bool:
        self.asked.append(asyncio.get_running_loop().time())
        if not self.there:
            await asyncio.sleep(patience)
            self.state = LegState.ENDED
        return self.there


async def watched(seconds: float, *legs: FakeLeg, silence: float = 20.0) -> None:
    tasks: list[asyncio.Task[None]] = []

    def spawn(work: Coroutine[None, None, None]) -> None:
        tasks.append(asyncio.create_task(work))

    keeping = asyncio.create_task(Watch(lambda: legs, spawn, silence).keep())
    await asyncio.sleep(seconds)
    for task in (keeping, *tasks):
        task.cancel()
    await asyncio.gather(keeping, *tasks, return_exceptions=True)


@virtual_time
async def test_who_is_silent_is_asked_and_who_does_not_answer_is_gone() -> None:
    gone, muted = FakeLeg(there=False), FakeLeg("2")
    await watched(61, gone, muted)
    assert (gone.state, gone.asked) == (LegState.ENDED, [20.0])
    assert (muted.state, muted.asked) == (LegState.ANSWERED, [20.0, 40.0, 60.0])


@virtual_time
async def test_who_speaks_holds_us_or_has_not_answered_is_not_asked() -> None:
    speaking, held, ringing = FakeLeg(last=55.0), FakeLeg("2", held=True), FakeLeg("3", state=LegState.RINGING)
    speaking.last = 1e9
    await watched(60, speaking, held, ringing)
    assert speaking.asked == held.asked == ringing.asked == []


@virtual_time
async def test_nobody_is_asked_where_that_is_switched_off() -> None:
    leg = FakeLeg()
    await watched(100, leg, silence=0)
    assert leg.asked == []


def asked_within_a_call(peer: Peer) -> bool:
    """Whether an OPTIONS has come that belongs to a call: its To has a tag."""
    heads = [packet.split("\r\n") for packet in peer.received if packet.startswith("OPTIONS ")]
    return any(line.startswith("To:") and ";tag=" in line for head in heads for line in head)


@pytest.mark.slow
@pytest.mark.wire
async def test_a_phone_that_is_killed_in_a_call_is_found_and_the_other_is_told(tmp_path: Path) -> None:
    legs: asyncio.Queue[Leg] = asyncio.Queue()

    async def take(leg: Leg) -> None:
        await leg.answer()
        legs.put_nowait(leg)
        await leg.ended()

    async with open_peer() as peer, open_peer() as other:
        directory = Accounts()
        directory.wanted = [peer.line("one"), other.line("two")]
        async with open_office(tmp_path, directory, silence=1.0) as office, serving(office.exchange, take):
            await until(lambda: len(office.exchange.line_states()) == 2)
            await peer.dial(office.server, "1", *BOTH)
            killed = await legs.get()
            second = await other.dial(office.server, "1", *BOTH)
            stays = await legs.get()
            bridge = await office.exchange.join(killed, stays)
            await until(lambda: asked_within_a_call(peer) and asked_within_a_call(other))  # and both have answered
            assert killed.state is stays.state is LegState.ANSWERED
            await peer.close()
            async with asyncio.timeout(15):
                assert await killed.ended() is EndReason.VANISHED
                await bridge.ended()
            assert stays.state is LegState.ANSWERED  # it says nothing either, but it is there
            await stays.hang_up()
            await second.end()


@pytest.mark.slow
@pytest.mark.wire
async def test_a_phone_that_knows_nothing_of_the_call_any_more_is_gone(tmp_path: Path) -> None:
    legs: asyncio.Queue[Leg] = asyncio.Queue()

    async def take(leg: Leg) -> None:
        await leg.answer()
        legs.put_nowait(leg)
        await leg.ended()

    async with open_peer() as peer:
        directory = Accounts()
        directory.wanted = [peer.line()]
        async with open_office(tmp_path, directory, silence=1.0) as office, serving(office.exchange, take):
            await until(office.exchange.line_states)
            call = await peer.dial(office.server, "1", *BOTH)
            leg = await legs.get()
            await call.answer()
            peer.agent._dialogs.clear()  # as after a restart: it answers 481
            async with asyncio.timeout(10):
                assert await leg.ended() is EndReason.VANISHED

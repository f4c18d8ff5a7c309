"""A talk of two that goes from a room to a join and back: one stream of packets for the far ends, and no click.

Both hum without end, each packet in its own tick of the frame, and the change comes at every tick of it.
"""

from collections.abc import AsyncIterator, Iterator
from itertools import product

import numpy as np
import pytest

from cordboard.media import control
from cordboard.media.api import Codec
from cordboard.testing.audio import Samples, hears
from cordboard.testing.media import Party, Rig, RtpPeer

LONGEST_GAP = 8
"""Ticks: 40 ms."""
STEEPEST = 3400
"""From sample to sample: a tone of 440 Hz and 8000 makes 2760, and A-law is at most 256 off at either one."""


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig.made() as one:
        yield one


@pytest.fixture
async def peers() -> AsyncIterator[list[RtpPeer]]:
    peers = [await RtpPeer.open() for _ in range(3)]
    yield peers
    for peer in peers:
        await peer.close()


class Talk:
    """Two parties, and the ticks in which each was sent a packet."""

    def __init__(self, rig: Rig, peers: list[RtpPeer], phases: tuple[int, int], codec: Codec) -> None:
        self.rig = rig
        self.pair = (
            rig.party(peers[0], hz=440.0, phase=phases[0]),
            rig.party(peers[1], codec, hz=430.0, phase=phases[1]),
        )
        self.room: int = rig.done(control.OpenRoom())
        self.sent_at: dict[int, list[int]] = {party.stream: [] for party in self.pair}

    def meet(self) -> None:
        for party in self.pair:
            self.rig.ask(control.Enter(party.stream, self.room, True))

    def join(self) -> None:
        self.rig.ask(control.Join(self.pair[0].stream, self.pair[1].stream))

    async def go_on(self, ticks: int) -> None:
        for _ in range(ticks):
            before = {party.stream: self.rig.stats(party.stream).sent for party in self.pair}
            await self.rig.talk(self.pair, frames=0.25)
            for stream, sent in before.items():
                if self.rig.stats(stream).sent > sent:
                    self.sent_at[stream].append(self.rig.desk.pump.tick)

    def longest_gap(self, party: Party) -> int:
        return int(np.diff(self.sent_at[party.stream]).max())


def _silent_frames(samples: Samples) -> list[bool]:
    return [bool(np.abs(frame).max() < 100) for frame in samples.reshape(-1, 160)]


def _without_silence(samples: Samples) -> Samples:
    spoken = [frame for frame in samples.reshape(-1, 160) if np.abs(frame).max() >= 100]
    return np.concatenate(spoken)


def _steepest(samples: Samples) -> int:
    return int(np.abs(np.diff(samples.astype(int))).max())


EVERY_WAY = list(product([(0, 0), (1, 3), (2, 1), (3, 2)], range(4)))


@pytest.mark.parametrize("codec", list(Codec))
@pytest.mark.parametrize(("phases", "moment"), EVERY_WAY)
async def test_nothing_is_heard_of_the_change_from_room_to_join(
    rig: Rig, peers: list[RtpPeer], phases: tuple[int, int], moment: int, codec: Codec
) -> None:
    talk = Talk(rig, peers, phases, codec)
    talk.meet()
    await talk.go_on(40 + moment)
    for party in talk.pair:
        party.peer.heard.clear()
    await talk.go_on(20)
    talk.join()
    await talk.go_on(40)
    for party in talk.pair:
        heard = party.samples()
        assert set(party.peer.steps()) == {(1, 160)}
        assert len({packet.ssrc for packet in party.peer.heard}) == 1
        assert sum(packet.marker for packet in party.peer.heard) == 1  # where the forwarded ones begin
        assert not any(_silent_frames(heard))
        assert _steepest(heard) < STEEPEST
        assert talk.longest_gap(party) <= LONGEST_GAP


@pytest.mark.parametrize(("phases", "moment"), EVERY_WAY)
async def test_the_change_from_join_to_room_is_a_short_hole_in_which_nothing_is_lost(
    rig: Rig, peers: list[RtpPeer], phases: tuple[int, int], moment: int
) -> None:
    talk = Talk(rig, peers, phases, Codec.PCMA)
    talk.join()
    await talk.go_on(40 + moment)
    for party in talk.pair:
        party.peer.heard.clear()
    await talk.go_on(20)
    talk.meet()
    await talk.go_on(60)
    for party in talk.pair:
        heard = party.samples()
        silent = _silent_frames(heard)
        assert set(party.peer.steps()) == {(1, 160)}
        assert len({packet.ssrc for packet in party.peer.heard}) == 1
        assert sum(packet.marker for packet in party.peer.heard) == 1
        assert sum(silent) <= 2  # 40 ms: what the room is slower by
        assert _steepest(_without_silence(heard)) < STEEPEST
        assert talk.longest_gap(party) <= LONGEST_GAP


async def test_there_and_back_again_many_times(rig: Rig, peers: list[RtpPeer]) -> None:
    talk = Talk(rig, peers, (1, 3), Codec.PCMU)
    for _ in range(20):
        talk.join()
        await talk.go_on(23)
        talk.meet()
        await talk.go_on(21)
    for party in talk.pair:
        steps = party.peer.steps()
        assert {sequence for sequence, _ in steps} == {1}
        assert all(160 <= timestamp <= 320 for _, timestamp in steps)
        clock = len(party.peer.heard) * 160
        passed = (party.peer.heard[-1].timestamp - party.peer.heard[0].timestamp) & 0xFFFFFFFF
        assert passed == pytest.approx(clock, abs=320)


async def test_what_a_muted_member_has_said_is_not_handed_over(rig: Rig, peers: list[RtpPeer]) -> None:
    talk = Talk(rig, peers, (0, 0), Codec.PCMA)
    talk.meet()
    muted, other = talk.pair
    rig.ask(control.Enter(muted.stream, talk.room, False))
    await talk.go_on(41)
    talk.join()
    await rig.talk([], frames=5)
    assert not hears(other.samples(), muted.hz)
    await talk.go_on(20)
    assert hears(other.samples(), muted.hz)


async def test_only_those_who_were_in_one_room_are_handed_over(rig: Rig, peers: list[RtpPeer]) -> None:
    talk = Talk(rig, peers, (0, 0), Codec.PCMA)
    talk.meet()
    stranger = rig.party(peers[2])
    await talk.go_on(41)
    rig.ask(control.Join(talk.pair[0].stream, stranger.stream))
    await rig.talk([], frames=5)
    assert stranger.peer.heard[-1].payload == b"\xd5" * 160
    assert not hears(stranger.samples(), 440.0)

"""A third one beside a talk, tick by tick: each hums a tone, and what he receives says whom he hears."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import pytest

from cordboard.media import control
from cordboard.media.api import Codec, PlayReport, PlayStop, ToneSpec, Watching
from cordboard.testing.audio import Samples, heard_among
from cordboard.testing.media import Party, Rig, RtpPeer

TONES = (300.0, 530.0, 790.0, 1090.0, 1430.0)
MUSIC = 1900.0
A, U = Codec.PCMA, Codec.PCMU
LISTEN, WHISPER, BARGE = Watching
WATCHED, PARTNER, THIRD, FOURTH, FIFTH = range(5)


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig.made() as one:
        yield one


@pytest.fixture
async def peers() -> AsyncIterator[list[RtpPeer]]:
    peers = [await RtpPeer.open() for _ in TONES]
    yield peers
    for peer in peers:
        await peer.close()


class Talk:
    """Five who hum; the first two talk."""

    def __init__(self, rig: Rig, peers: Sequence[RtpPeer], codecs: Sequence[Codec] = (A, A, A, A, A)) -> None:
        self.rig = rig
        self.parties: list[Party] = [
            rig.party(peer, codec, hz=hz, amplitude=3000.0, phase=index % 4)
            for index, (peer, codec, hz) in enumerate(zip(peers, codecs, TONES, strict=True))
        ]

    def number(self, index: int) -> int:
        return self.parties[index].stream

    def join(self, a: int = WATCHED, b: int = PARTNER) -> None:
        self.rig.ask(control.Join(self.number(a), self.number(b)))

    def watch(self, how: Watching, own: int = THIRD, watched: int = WATCHED) -> None:
        self.rig.ask(control.Watch(self.number(watched), self.number(own), how))

    def unwatch(self, own: int = THIRD, watched: int = WATCHED) -> None:
        self.rig.ask(control.Unwatch(self.number(watched), self.number(own)))

    def room(self, *indices: int) -> int:
        room: int = self.rig.done(control.OpenRoom())
        for index in indices:
            self.rig.ask(control.Enter(self.number(index), room, True))
        return room

    async def heard(self, *, frames: int = 25) -> list[set[int]]:
        """Whom each one hears, by his place in the list; -1 is music. What was on the way before is let pass."""
        await self.rig.talk(self.parties, frames=8)
        for party in self.parties:
            party.peer.heard.clear()
        await self.rig.talk(self.parties, frames=frames)
        tones = dict(zip((*TONES, MUSIC), (0, 1, 2, 3, 4, -1), strict=True))
        return [{tones[hz] for hz in heard_among(party.samples(), tones)} for party in self.parties]


@pytest.mark.parametrize("codecs", [(A, A, A, A, A), (A, U, U, A, U), (U, A, A, U, A)], ids="".join)
@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (LISTEN, [{1}, {0}, {0, 1}, set(), set()]),
        (WHISPER, [{1, 2}, {0}, {0, 1}, set(), set()]),
        (BARGE, [{1, 2}, {0, 2}, {0, 1}, set(), set()]),
    ],
)
async def test_who_hears_whom_in_a_join(
    rig: Rig, peers: list[RtpPeer], codecs: Sequence[Codec], how: Watching, expected: list[set[int]]
) -> None:
    talk = Talk(rig, peers, codecs)
    talk.join()
    talk.watch(how)
    assert await talk.heard() == expected


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (LISTEN, [{1, 3}, {0, 3}, {0, 1, 3}, {0, 1}, set()]),
        (WHISPER, [{1, 2, 3}, {0, 3}, {0, 1, 3}, {0, 1}, set()]),
        (BARGE, [{1, 2, 3}, {0, 2, 3}, {0, 1, 3}, {0, 1, 2}, set()]),
    ],
)
async def test_who_hears_whom_in_a_room(
    rig: Rig, peers: list[RtpPeer], how: Watching, expected: list[set[int]]
) -> None:
    talk = Talk(rig, peers, (A, U, A, U, A))
    talk.room(WATCHED, PARTNER, FOURTH)
    talk.watch(how)
    assert await talk.heard() == expected


@pytest.mark.parametrize(("how", "expected"), [(LISTEN, {-1}), (WHISPER, {-1, 2}), (BARGE, {-1, 2})], ids=str)
async def test_music_is_heard_by_whoever_watches(
    rig: Rig, peers: list[RtpPeer], how: Watching, expected: set[int]
) -> None:
    talk = Talk(rig, peers)
    talk.join()
    talk.watch(how)
    rig.play(talk.number(WATCHED), ToneSpec((MUSIC,), 1.0), loop=True)
    heard = await talk.heard()
    assert heard[WATCHED] == expected
    assert heard[PARTNER] == ({0, 2} if how is BARGE else {0})
    assert heard[THIRD] == {0, -1}
    rig.ask(control.Stop(talk.number(WATCHED)))
    assert (await talk.heard())[WATCHED] == ({1} if how is LISTEN else {1, 2})


async def test_the_way_changes_without_a_gap_for_the_pair(rig: Rig, peers: list[RtpPeer]) -> None:
    talk = Talk(rig, peers)
    talk.join()
    await rig.talk(talk.parties, frames=10)
    for party in talk.parties:
        party.peer.heard.clear()
    for how in (LISTEN, WHISPER, BARGE, LISTEN, BARGE, WHISPER, LISTEN):
        talk.watch(how)
        await rig.talk(talk.parties, frames=11)
    talk.unwatch()
    await rig.talk(talk.parties, frames=11)
    for index in (WATCHED, PARTNER):
        peer = talk.parties[index].peer
        assert longest_silence(talk.parties[index].samples()) <= 2
        assert {step for step, _ in peer.steps()} == {1}
        assert all(0 < stamp <= 3 * 160 for _, stamp in peer.steps()), "timestamps only go on"
    assert await talk.heard() == [{1}, {0}, set(), set(), set()]


def longest_silence(samples: Samples) -> int:
    """In frames, between what was heard."""
    frames = samples[: len(samples) // 160 * 160].reshape(-1, 160)
    loud = np.flatnonzero(np.abs(frames).max(axis=1) > 300)
    return max((b - a - 1 for a, b in pairwise(loud.tolist())), default=0)


@pytest.mark.parametrize("how", Watching)
async def test_he_goes_wherever_the_watched_one_goes(rig: Rig, peers: list[RtpPeer], how: Watching) -> None:
    talk = Talk(rig, peers)
    talk.watch(how)
    told = set() if how is LISTEN else {2}
    besides = {2} if how is BARGE else set()
    assert await talk.heard() == [told, set(), {0}, set(), set()]
    talk.join()
    assert await talk.heard() == [{1} | told, {0} | besides, {0, 1}, set(), set()]
    room = talk.room(WATCHED, PARTNER, FOURTH)
    assert await talk.heard() == [{1, 3} | told, {0, 3} | besides, {0, 1, 3}, {0, 1} | besides, set()]
    talk.join(WATCHED, FOURTH)
    assert await talk.heard() == [{3} | told, set(), {0, 3}, {0} | besides, set()]
    rig.ask(control.Part(talk.number(WATCHED), talk.number(FOURTH)))
    assert await talk.heard() == [told, set(), {0}, set(), set()]
    talk.unwatch()
    rig.ask(control.CloseRoom(room))
    assert await talk.heard() == [set()] * 5


async def test_several_watch_one_and_hear_each_other_as_he_does(rig: Rig, peers: list[RtpPeer]) -> None:
    talk = Talk(rig, peers)
    talk.join()
    talk.watch(LISTEN, THIRD)
    talk.watch(WHISPER, FOURTH)
    talk.watch(BARGE, FIFTH)
    assert await talk.heard() == [{1, 3, 4}, {0, 4}, {0, 1, 3, 4}, {0, 1, 4}, {0, 1, 3}]


async def test_both_of_a_pair_are_watched(rig: Rig, peers: list[RtpPeer]) -> None:
    talk = Talk(rig, peers)
    talk.join()
    talk.watch(WHISPER, THIRD, WATCHED)
    talk.watch(BARGE, FOURTH, PARTNER)
    assert await talk.heard() == [{1, 2, 3}, {0, 3}, {0, 1, 3}, {0, 1}, set()]


def _joined_elsewhere(talk: Talk) -> None:
    talk.join(THIRD, FOURTH)


def _into_a_room(talk: Talk) -> None:
    talk.room(THIRD, FOURTH)


def _closed(talk: Talk) -> None:
    talk.rig.ask(control.Close(talk.number(FIFTH)))  # another one than the watched: nothing of him is left there
    talk.unwatch()
    talk.join(THIRD, FOURTH)


@pytest.mark.parametrize("leave", [_joined_elsewhere, _into_a_room, _closed])
async def test_who_goes_elsewhere_watches_no_more(
    rig: Rig, peers: list[RtpPeer], leave: Callable[[Talk], None]
) -> None:
    talk = Talk(rig, peers)
    talk.join()
    talk.watch(BARGE)
    leave(talk)
    assert await talk.heard() == [{1}, {0}, {3}, {2}, set()]


async def test_either_may_be_closed(rig: Rig, peers: list[RtpPeer]) -> None:
    talk = Talk(rig, peers)
    talk.join()
    talk.watch(BARGE, THIRD)
    talk.watch(WHISPER, FOURTH)
    rig.ask(control.Close(talk.number(FOURTH)))
    assert (await talk.heard())[:3] == [{1, 2}, {0, 2}, {0, 1}]
    rig.ask(control.Close(talk.number(WATCHED)))
    assert (await talk.heard())[1:3] == [set(), set()]
    talk.join(PARTNER, THIRD)
    assert (await talk.heard())[1:3] == [{2}, {1}]


async def test_what_played_to_him_stops_and_play_replaces_what_he_hears(rig: Rig, peers: list[RtpPeer]) -> None:
    talk = Talk(rig, peers)
    talk.join()
    request = rig.play(talk.number(THIRD), loop=True)
    talk.watch(LISTEN)
    report = rig.answer(request)
    assert isinstance(report, PlayReport)
    assert report.stop is PlayStop.STOPPED
    request = rig.play(talk.number(THIRD), ToneSpec((MUSIC,), 1.0), loop=True)
    talk.watch(WHISPER)  # a change stops nothing
    heard = await talk.heard()
    assert (heard[WATCHED], heard[THIRD]) == ({1, 2}, {-1})
    rig.ask(control.Stop(talk.number(THIRD)))
    assert (await talk.heard())[THIRD] == {0, 1}


@pytest.mark.parametrize("how", Watching)
async def test_keys_go_on_between_the_pair(rig: Rig, peers: list[RtpPeer], how: Watching) -> None:
    talk = Talk(rig, peers)
    talk.join()
    talk.watch(how)
    await rig.talk(talk.parties, frames=10)
    for sender, hearer in ((PARTNER, WATCHED), (WATCHED, PARTNER)):
        talk.parties[hearer].peer.heard.clear()
        talk.parties[sender].peer.press(talk.parties[sender].address, "5")
        rig.receive()
        await rig.talk(talk.parties, frames=15)
        events = [packet for packet in talk.parties[hearer].peer.heard if packet.payload_type == 101]
        assert {packet.payload[0] for packet in events} == {5}
        assert len({packet.timestamp for packet in events}) == 1, "one key"
    talk.parties[THIRD].peer.press(talk.parties[THIRD].address, "7")
    talk.parties[WATCHED].peer.heard.clear()
    rig.receive()
    await rig.talk(talk.parties, frames=15)
    assert not [packet for packet in talk.parties[WATCHED].peer.heard if packet.payload_type == 101]
    assert rig.keys()[-1] == (talk.number(THIRD), "7")


async def test_a_codec_that_changes_in_the_midst_changes_nothing(rig: Rig, peers: list[RtpPeer]) -> None:
    talk = Talk(rig, peers)
    talk.join()
    talk.watch(BARGE)
    for index in (WATCHED, PARTNER, THIRD):
        party = talk.parties[index]
        rig.ask(control.SetRemote(party.stream, party.peer.remote(U)))
        talk.parties[index] = party._replace(codec=U)
        assert (await talk.heard())[:3] == [{1, 2}, {0, 2}, {0, 1}]


def test_nobody_watches_himself(rig: Rig) -> None:
    opened = rig.open()
    error, _ = rig.refused(control.Watch(opened.stream, opened.stream, LISTEN))
    assert error == "ValueError"

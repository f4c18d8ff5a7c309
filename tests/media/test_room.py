"""Who hears whom in a room, tick by tick: each hums a tone, and what he receives says whom he hears."""

from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from cordboard.media import control
from cordboard.media.api import Codec, File, PlayReport, PlayStop, Remote, ToneSpec
from cordboard.media.room import Member, Room
from cordboard.testing.audio import Samples, heard_among, level_at, strongest_frequency
from cordboard.testing.media import DTMF, PAYLOAD_TYPES, Party, Rig, RtpPeer

TONES = (300.0, 410.0, 530.0, 670.0, 790.0, 940.0, 1090.0, 1270.0, 1430.0, 1610.0)
A, U = Codec.PCMA, Codec.PCMU


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


class Gathering:
    """Parties in one room."""

    def __init__(self, rig: Rig, parties: Sequence[Party]) -> None:
        self.rig = rig
        self.parties = list(parties)
        self.room: int = rig.done(control.OpenRoom())
        for party in parties:
            self.enter(party)

    def enter(self, party: Party, *, speaks: bool = True) -> None:
        self.rig.ask(control.Enter(party.stream, self.room, speaks))

    def leave(self, party: Party) -> None:
        self.rig.ask(control.Leave(party.stream, self.room))

    async def heard(self, *, speakers: Sequence[Party] | None = None, frames: int = 25) -> list[set[float]]:
        """Whom each one hears while all hum. What was on the way before is let pass."""
        humming = self.parties if speakers is None else speakers
        await self.rig.talk(humming, frames=5)
        for party in self.parties:
            party.peer.heard.clear()
        await self.rig.talk(humming, frames=frames)
        return [heard_among(party.samples(), [one.hz for one in self.parties]) for party in self.parties]


def _gather(rig: Rig, peers: Sequence[RtpPeer], codecs: Sequence[Codec], *, amplitude: float = 3000.0) -> Gathering:
    parties = [
        rig.party(peer, codec, hz=hz, amplitude=amplitude, phase=index % 4)
        for index, (peer, codec, hz) in enumerate(zip(peers, codecs, TONES, strict=False))
    ]
    return Gathering(rig, parties)


def _others(parties: Sequence[Party], *silent: Party) -> list[set[float]]:
    said = {party.hz for party in parties if party not in silent}
    return [said - {party.hz} for party in parties]


async def test_each_is_as_loud_as_was_asked(rig: Rig, peers: list[RtpPeer]) -> None:
    meeting = _gather(rig, peers, (A, U, A), amplitude=2000.0)
    loud, other, soft = meeting.parties
    rig.ask(control.Enter(loud.stream, meeting.room, True, 12))
    rig.ask(control.Enter(soft.stream, meeting.room, True, -12))
    await meeting.heard()
    for hearer, hz, expected in (
        (other, loud.hz, 2000 * 10**0.6), (other, soft.hz, 2000 / 10**0.6), (soft, loud.hz, 2000 * 10**0.6),
        (soft, other.hz, 2000), (loud, soft.hz, 2000 / 10**0.6), (loud, other.hz, 2000),
    ):  # fmt: skip
        assert level_at(hearer.samples(), hz) == pytest.approx(expected, rel=0.12)
    await meeting.heard(speakers=[loud])  # alone he is as loud
    assert level_at(other.samples(), loud.hz) == pytest.approx(2000 * 10**0.6, rel=0.12)
    rig.ask(control.Enter(loud.stream, meeting.room, True))  # and so in the midst of it
    await meeting.heard(speakers=[loud])
    assert level_at(other.samples(), loud.hz) == pytest.approx(2000, rel=0.1)
    rig.ask(control.Enter(loud.stream, meeting.room, False, 12))
    await meeting.heard(speakers=[loud])
    assert level_at(other.samples(), loud.hz) < 60


async def test_what_is_made_too_loud_is_as_loud_as_can_be(rig: Rig, peers: list[RtpPeer]) -> None:
    meeting = _gather(rig, peers, (A, A), amplitude=20_000.0)
    rig.ask(control.Enter(meeting.parties[0].stream, meeting.room, True, 20))
    await meeting.heard()
    heard = meeting.parties[1].samples()
    assert strongest_frequency(heard) == pytest.approx(meeting.parties[0].hz, abs=1), "cut, not turned round"
    assert np.abs(heard).max() > 31_000


@pytest.mark.parametrize("codecs", [(A, A, A), (U, A, U), (A, U, A, U, A, U, A, U, A, U)], ids=len)
async def test_each_hears_all_others_and_not_himself(rig: Rig, peers: list[RtpPeer], codecs: Sequence[Codec]) -> None:
    meeting = _gather(rig, peers, codecs)
    assert await meeting.heard() == _others(meeting.parties)
    for party in meeting.parties:
        assert level_at(party.samples(), party.hz) < 60
        for other in meeting.parties:
            if other is not party:
                assert level_at(party.samples(), other.hz) == pytest.approx(3000, rel=0.1)
    assert {packet.payload_type for packet in meeting.parties[1].peer.heard} == {PAYLOAD_TYPES[codecs[1]]}


async def test_who_is_muted_hears_and_is_not_heard(rig: Rig, peers: list[RtpPeer]) -> None:
    meeting = _gather(rig, peers, (A,) * 10)
    muted = meeting.parties[3]
    meeting.enter(muted, speaks=False)
    assert await meeting.heard() == _others(meeting.parties, muted)
    meeting.enter(muted)
    assert await meeting.heard() == _others(meeting.parties)


async def test_who_leaves_hears_nothing_and_is_not_heard(rig: Rig, peers: list[RtpPeer]) -> None:
    meeting = _gather(rig, peers, (A,) * 10)
    for index in (0, 5):
        meeting.leave(meeting.parties[index])
    meeting.leave(meeting.parties[0])  # nothing
    expected = _others(meeting.parties, meeting.parties[0], meeting.parties[5])
    expected[0] = expected[5] = set()
    assert await meeting.heard() == expected
    rig.ask(control.Close(meeting.parties[9].stream))
    gone = meeting.parties.pop()
    del expected[9]
    assert await meeting.heard() == [tones - {gone.hz} for tones in expected]


async def test_where_one_speaks_all_others_hear_it_as_it_was(rig: Rig, peers: list[RtpPeer]) -> None:
    meeting = _gather(rig, peers, (A, U, A))
    first = meeting.parties[0]
    assert await meeting.heard(speakers=[first]) == [set(), {first.hz}, {first.hz}]
    assert not meeting.parties[0].peer.loud(A).any()
    assert level_at(meeting.parties[2].samples(), first.hz) == pytest.approx(3000, rel=0.02)


async def test_a_closed_room_lets_all_out_and_takes_nobody(rig: Rig, peers: list[RtpPeer]) -> None:
    meeting = _gather(rig, peers, (A, A, A))
    rig.ask(control.CloseRoom(meeting.room))
    rig.ask(control.CloseRoom(meeting.room))
    assert await meeting.heard() == [set(), set(), set()]
    error, message = rig.refused(control.Enter(meeting.parties[0].stream, meeting.room, True))
    assert (error, message) == ("ValueError", "this room is closed: open another one")


async def test_two_rooms_do_not_hear_each_other_and_one_may_move(rig: Rig, peers: list[RtpPeer]) -> None:
    one, other = _gather(rig, peers[:2], (A, A)), _gather(rig, peers[2:4], (A, A))
    mover = one.parties[1]._replace(hz=1610.0)
    all_of_them = Gathering(rig, [])
    all_of_them.parties = [one.parties[0], mover, *(party._replace(hz=party.hz + 700) for party in other.parties)]
    assert await all_of_them.heard() == [{1610.0}, {300.0}, {1110.0}, {1000.0}]
    other.enter(mover)
    assert await all_of_them.heard() == [set(), {1000.0, 1110.0}, {1110.0, 1610.0}, {1000.0, 1610.0}]


async def test_what_is_too_loud_is_cut_and_does_not_go_round(rig: Rig, peers: list[RtpPeer]) -> None:
    parties = [rig.party(peer, hz=300.0, amplitude=30_000.0) for peer in peers[:4]]
    meeting = Gathering(rig, parties)
    await meeting.heard()
    heard = parties[0].samples().astype(int)
    # Three times 30000 in step is nearly a rectangle: half of the time up, half of it down, never a jump between but
    # where the sine goes through zero.
    assert heard.max() > 32_000
    assert heard.min() < -32_000
    assert np.mean(np.abs(heard) > 31_000) > 0.7
    crossings = int(np.sum(np.diff(np.sign(heard)) != 0))
    assert crossings == pytest.approx(2 * 300 * len(heard) / 8000, abs=2)


async def test_keys_of_a_member_are_told_and_not_forwarded(rig: Rig, peers: list[RtpPeer]) -> None:
    meeting = _gather(rig, peers, (A, A))
    first, second = meeting.parties
    await rig.talk([first], frames=5)
    first.peer.press(first.address, "7")
    await rig.talk([], frames=20)
    assert rig.keys() == [(first.stream, "7")]
    assert {packet.payload_type for packet in second.peer.heard} == {8}


async def test_a_sound_replaces_the_room_until_it_is_over(rig: Rig, peers: list[RtpPeer]) -> None:
    meeting = _gather(rig, peers, (A, A))
    first, second = meeting.parties
    await rig.talk([first], frames=10)
    second.peer.heard.clear()
    play = rig.play(second.stream, ToneSpec((1500.0,), 0.4))
    await rig.talk([first, second], frames=40)
    assert rig.answer(play) == PlayReport(PlayStop.FINISHED, seconds=0.4)
    heard = [_tone(packet) for packet in _by_packet(second)]
    assert heard == [1500] * 20 + [300] * 20
    assert second.peer.steps() == [(1, 160)] * 39
    assert _tone(first.samples()) == 410  # whoever is played to is still heard


async def test_a_key_stops_the_sound_and_the_room_is_heard_again(rig: Rig, peers: list[RtpPeer]) -> None:
    meeting = _gather(rig, peers, (A, U))
    first, second = meeting.parties
    play = rig.play(second.stream, ToneSpec((1500.0,), 9.0), interrupt="#")
    await rig.talk([first], frames=10)
    second.peer.press(second.address, "#")
    await rig.talk([first], frames=1)
    assert rig.answer(play).stop is PlayStop.KEY
    second.peer.heard.clear()
    await rig.talk([first], frames=10)
    assert {_tone(packet) for packet in _by_packet(second)} == {300}


async def test_taking_in_stops_a_sound_and_muting_does_not(rig: Rig, peers: list[RtpPeer]) -> None:
    meeting = _gather(rig, peers, (A, A))
    third = rig.party(peers[2])
    before, within = rig.play(third.stream), rig.play(meeting.parties[0].stream)
    meeting.enter(third)
    meeting.enter(meeting.parties[0], speaks=False)
    assert rig.answer(before).stop is PlayStop.STOPPED
    assert rig.answer(within) is None
    await rig.talk([], frames=51)
    assert rig.answer(within).stop is PlayStop.FINISHED


def test_a_sound_that_cannot_be_played_gives_the_room_back(rig: Rig) -> None:
    room: int = rig.done(control.OpenRoom())
    opened = rig.open()
    rig.ask(control.Enter(opened.stream, room, True))
    assert rig.refused(control.Play(opened.stream, (File(Path("/nowhere/a.wav")),), "", False))[0] == "AudioFileError"
    (stream,) = rig.desk.pump.streams
    assert isinstance(stream.frames, Member)


async def test_keys_are_pressed_towards_a_member(rig: Rig, peers: list[RtpPeer]) -> None:
    meeting = _gather(rig, peers, (A, A))
    first, second = meeting.parties
    await rig.talk([first], frames=5)
    second.peer.heard.clear()
    rig.ask(control.Press(second.stream, "5"))
    await rig.talk([first], frames=13)
    kinds = [packet.payload_type for packet in second.peer.heard]
    assert kinds == [DTMF] * 7 + [8] * 5  # and one frame in which nothing is sent
    assert {_tone(packet) for packet in _by_packet(second)} == {300}


async def test_who_is_on_hold_is_neither_sent_to_nor_heard(rig: Rig, peers: list[RtpPeer]) -> None:
    meeting = _gather(rig, peers, (A, A, A))
    held = meeting.parties[0]
    rig.ask(control.SetRemote(held.stream, Remote("127.0.0.1", held.peer.port, A, 8, DTMF, send=False, receive=False)))
    assert await meeting.heard() == [set(), {530.0}, {410.0}]
    assert held.peer.heard == []
    rig.ask(control.SetRemote(held.stream, held.peer.remote()))
    assert await meeting.heard() == _others(meeting.parties)


async def test_a_member_may_change_its_codec(rig: Rig, peers: list[RtpPeer]) -> None:
    meeting = _gather(rig, peers, (A, A))
    first = meeting.parties[0]
    rig.ask(control.SetRemote(first.stream, first.peer.remote(U)))
    meeting.parties[0] = first._replace(codec=U)
    assert await meeting.heard() == [{410.0}, {300.0}]
    assert {packet.payload_type for packet in first.peer.heard} == {0}


def _by_packet(party: Party) -> list[Samples]:
    samples = party.samples()
    return [samples[start : start + 160] for start in range(0, len(samples), 160)]


def _tone(samples: Samples) -> float:
    return round(strongest_frequency(samples), -1)


def test_a_silent_room_mixes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room()
    room.members += [Member(room, A, speaks=True) for _ in range(30)]
    monkeypatch.setattr(Room, "_mix_many", None)
    room.mix()
    assert {next(member) for member in room.members} == {b"\xd5" * 160}

"""The tape of a talk: both directions, in step with the clock, through all that happens to a call. Tick by tick."""

import errno
import os
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from cordboard.media import control
from cordboard.media.api import Codec, Remote, ToneSpec
from cordboard.media.wav import WavWriter
from cordboard.testing.audio import Samples, heard_among, read_stereo, read_wav, strongest_frequency
from cordboard.testing.media import DTMF, Party, Rig, RtpPeer

FRAME = 0.02
"""The last packet may end so much later than the talk."""
ALIGNED = 320
"""Samples: 40 ms."""


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


def _start(rig: Rig, party: Party, path: Path, *, stereo: bool = True) -> int:
    request = rig.ask(control.StartTape(party.stream, path, stereo))
    rig.finish_files()
    return request


def _stop(rig: Rig, party: Party) -> float:
    request = rig.ask(control.StopTape(party.stream))
    rig.finish_files()
    seconds: float = rig.answer(request)
    return seconds


def _edges(samples: Samples) -> list[int]:
    """Where it becomes loud and silent: the numbers of the samples, over pauses shorter than 10 ms."""
    loud = np.flatnonzero(np.abs(samples.astype(int)) > 1000)
    if not len(loud):
        return []
    breaks = np.flatnonzero(np.diff(loud) > 80)
    return sorted([int(loud[0]), int(loud[-1]), *map(int, loud[breaks]), *map(int, loud[breaks + 1])])


def _pieces(samples: Samples, edges: list[float]) -> list[float]:
    """The tone between each two of these moments (seconds), a bit away from them; 0 if there is none."""
    cuts = [round(8000 * edge) for edge in edges]
    pieces = [samples[start + 400 : end - 400] for start, end in pairwise(cuts)]
    return [round(strongest_frequency(piece), -1) if np.abs(piece).max() > 100 else 0 for piece in pieces]


async def test_left_is_what_arrives_and_right_is_what_is_sent(rig: Rig, peers: list[RtpPeer], tmp_path: Path) -> None:
    party = rig.party(peers[0], Codec.PCMU)
    _start(rig, party, tmp_path / "a.wav")
    await rig.talk([], frames=25)
    play = rig.play(party.stream, ToneSpec((1000.0,), 0.5))
    await rig.talk([party], frames=25)
    await rig.talk([], frames=25)
    assert rig.answer(play) is not None
    assert _stop(rig, party) == pytest.approx(1.5, abs=FRAME)
    left, right = read_stereo(tmp_path / "a.wav")
    assert len(left) == len(right) == pytest.approx(12_000, abs=160)
    assert _edges(left) == pytest.approx([4000, 8000], abs=60)
    assert _edges(right) == pytest.approx([4000, 8000], abs=60)
    assert _pieces(left, [0.5, 1.0]) == [440]
    assert _pieces(right, [0.5, 1.0]) == [1000]


async def test_mixed_into_one_channel_both_are_heard(rig: Rig, peers: list[RtpPeer], tmp_path: Path) -> None:
    party = rig.party(peers[0])
    _start(rig, party, tmp_path / "a.wav", stereo=False)
    rig.play(party.stream, ToneSpec((1000.0,), 1.0))
    await rig.talk([party], frames=50)
    assert _stop(rig, party) == pytest.approx(1.0, abs=FRAME)
    heard = read_wav(tmp_path / "a.wav")
    assert heard_among(heard, {440.0, 700.0, 1000.0}) == {440.0, 1000.0}


async def test_it_goes_on_through_a_join_a_room_and_a_play(rig: Rig, peers: list[RtpPeer], tmp_path: Path) -> None:
    party, joined, third = (
        rig.party(peer, hz=hz, phase=phase) for peer, hz, phase in zip(peers, (440, 700, 1500), (0, 1, 3), strict=True)
    )
    _start(rig, party, tmp_path / "a.wav")
    await rig.talk([party], frames=50)
    rig.ask(control.Join(party.stream, joined.stream))
    await rig.talk([party, joined], frames=50)
    room = rig.done(control.OpenRoom())
    for member in (party, third):
        rig.ask(control.Enter(member.stream, room, True))
    await rig.talk([party, joined, third], frames=50)
    rig.play(party.stream, ToneSpec((1000.0,), 1.0))
    await rig.talk([party, third], frames=50)
    rig.ask(control.Leave(party.stream, room))
    await rig.talk([party, third], frames=50)
    assert _stop(rig, party) == pytest.approx(5.0, abs=FRAME)
    left, right = read_stereo(tmp_path / "a.wav")
    assert _pieces(left, [0, 1, 2, 3, 4, 5]) == [440] * 5
    assert _pieces(right, [0, 1, 2, 3, 4, 5]) == [0, 700, 1500, 1000, 0]
    assert _edges(left) == pytest.approx([0, 40_000], abs=60)
    assert _edges(right)[0] == pytest.approx(8000, abs=ALIGNED)
    assert _edges(right)[-1] == pytest.approx(32_000, abs=ALIGNED)


async def test_pauses_losses_and_holds_keep_their_time(rig: Rig, peers: list[RtpPeer], tmp_path: Path) -> None:
    party = rig.party(peers[0])
    _start(rig, party, tmp_path / "a.wav")
    rig.play(party.stream, loop=True)
    await rig.talk([party], frames=50)
    await rig.talk([], frames=100)  # two seconds without a packet; his timestamps stand still meanwhile
    await rig.talk([party], frames=50)
    rig.ask(control.SetRemote(party.stream, Remote("127.0.0.1", peers[0].port, Codec.PCMA, 8, DTMF, send=False)))
    await rig.talk([party], frames=50)
    rig.ask(control.SetRemote(party.stream, peers[0].remote()))
    await rig.talk([party], frames=50)
    assert _stop(rig, party) == pytest.approx(6.0, abs=FRAME)
    left, right = read_stereo(tmp_path / "a.wav")
    assert _edges(left) == pytest.approx([0, 8000, 24_000, 48_000], abs=ALIGNED)
    assert _edges(right) == pytest.approx([0, 32_000, 40_000, 48_000], abs=ALIGNED)


async def test_keys_are_no_voice(rig: Rig, peers: list[RtpPeer], tmp_path: Path) -> None:
    party = rig.party(peers[0])
    _start(rig, party, tmp_path / "a.wav")
    rig.ask(control.Press(party.stream, "5"))
    party.peer.press(party.address, "7")
    await rig.talk([], frames=50)
    _stop(rig, party)
    left, right = read_stereo(tmp_path / "a.wav")
    assert _edges(left) == _edges(right) == []


async def test_it_is_complete_when_the_stream_closes(rig: Rig, peers: list[RtpPeer], tmp_path: Path) -> None:
    party = rig.party(peers[0])
    _start(rig, party, tmp_path / "talk.wav")
    record = rig.ask(control.Record(party.stream, tmp_path / "voice.wav", 60.0, None))
    await rig.talk([party], frames=37)
    close = rig.ask(control.Close(party.stream))
    assert rig.answer(close) is None
    rig.finish_files()
    order = [one.id for one in rig.said if isinstance(one, control.Reply)]
    assert order.index(record) < order.index(close)
    for file in (read_stereo(tmp_path / "talk.wav")[0], read_wav(tmp_path / "voice.wav")):
        assert _edges(file) == pytest.approx([0, 37 * 160], abs=60)
    assert rig.done(control.StopTape(party.stream)) == 0.0


async def test_a_second_tape_ends_the_first_even_of_the_same_file(
    rig: Rig, peers: list[RtpPeer], tmp_path: Path
) -> None:
    party = rig.party(peers[0])
    assert _stop(rig, party) == 0.0
    _start(rig, party, tmp_path / "a.wav")
    await rig.talk([party], frames=40)
    rig.ask(control.StartTape(party.stream, tmp_path / "b.wav", True))
    rig.ask(control.StartTape(party.stream, tmp_path / "b.wav", False))
    await rig.talk([party], frames=30)
    assert _stop(rig, party) == pytest.approx(0.6, abs=FRAME)
    assert len(read_stereo(tmp_path / "a.wav")[0]) == pytest.approx(40 * 160, abs=160)
    assert len(read_wav(tmp_path / "b.wav")) == pytest.approx(30 * 160, abs=160)


def _refusal(rig: Rig, request: int) -> tuple[str, str]:
    (found,) = [one for one in rig.said if isinstance(one, control.Refusal) and one.id == request]
    return found.error, found.message


async def test_a_file_that_cannot_be_made_is_refused(rig: Rig, peers: list[RtpPeer]) -> None:
    party = rig.party(peers[0])
    request = _start(rig, party, Path("/nowhere/a.wav"))
    assert _refusal(rig, request) == ("AudioFileError", "/nowhere/a.wav cannot be written: No such file or directory")
    await rig.talk([party], frames=5)
    assert _stop(rig, party) == 0.0


def test_a_disk_that_is_full_from_the_beginning_is_told(rig: Rig, peers: list[RtpPeer]) -> None:
    request = _start(rig, rig.party(peers[0]), Path("/dev/full"))
    assert _refusal(rig, request) == ("AudioFileError", "/dev/full cannot be written: No space left on device")


async def test_a_disk_that_fills_ends_the_tape_and_not_the_call(
    rig: Rig, peers: list[RtpPeer], tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    party, other = rig.party(peers[0], hz=440.0), rig.party(peers[1], hz=700.0)
    rig.ask(control.Join(party.stream, other.stream))
    _start(rig, party, tmp_path / "a.wav")
    await rig.talk([party, other], frames=150)
    rig.finish_files()

    def write(_: WavWriter, __: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(WavWriter, "write", write)
    await rig.talk([party, other], frames=50)
    rig.finish_files()
    message = f"{tmp_path}/a.wav cannot be written: No space left on device"
    assert message in caplog.text
    party.peer.heard.clear()
    await rig.talk([party, other], frames=20)
    assert strongest_frequency(party.samples()) == pytest.approx(700, abs=5)
    request = rig.ask(control.StopTape(party.stream))
    assert _refusal(rig, request) == ("AudioFileError", message)
    assert _stop(rig, party) == 0.0  # it was told
    assert len(read_stereo(tmp_path / "a.wav")[0]) >= 8000  # what was written before can be read


async def test_the_file_is_right_while_it_is_written(rig: Rig, peers: list[RtpPeer], tmp_path: Path) -> None:
    """What is lost if the worker is killed: at most 2.4 seconds."""
    party = rig.party(peers[0])
    _start(rig, party, tmp_path / "a.wav")
    for second in range(1, 7):
        await rig.talk([party] if second != 4 else [], frames=50)
        rig.finish_files()
        left, right = read_stereo(tmp_path / "a.wav")
        assert len(left) == len(right)
        assert len(left) / 8000 >= second - 2.4

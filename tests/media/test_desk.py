"""The worker without its process and its clock: commands in, ticks one by one, real packets on the loopback."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from cordboard.media import control
from cordboard.media.api import Codec, File, Pause, PlayReport, PlayStop, Remote, StreamStats, ToneSpec
from cordboard.media.ports import PortRange
from cordboard.media.rtp import HEADER
from cordboard.testing.audio import read_wav, strongest_frequency, tone
from cordboard.testing.media import DTMF, Rig, RtpPeer


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig.made() as one:
        yield one


@asynccontextmanager
async def _peers(count: int) -> AsyncIterator[list[RtpPeer]]:
    peers = [await RtpPeer.open() for _ in range(count)]
    try:
        yield peers
    finally:
        for peer in peers:
            await peer.close()


@pytest.fixture
async def peer() -> AsyncIterator[RtpPeer]:
    async with _peers(1) as (one,):
        yield one


@pytest.fixture
async def other() -> AsyncIterator[RtpPeer]:
    async with _peers(1) as (one,):
        yield one


def _address(opened: control.Opened) -> tuple[str, int]:
    return opened.host, opened.port


async def _hears(peer: RtpPeer, count: int) -> None:
    await peer.until(lambda one: len(one.heard) >= count)
    assert len(peer.heard) == count


# --- what is sent ---------------------------------------------------------------------------------------------


async def test_a_stream_sends_silence_by_the_grid_from_the_moment_it_has_a_far_end(rig: Rig, peer: RtpPeer) -> None:
    opened = rig.open()
    rig.frames(3)
    rig.ask(control.SetRemote(opened.stream, peer.remote(Codec.PCMU)))
    rig.frames(5)
    await _hears(peer, 5)
    first = peer.heard[0]
    assert [packet.payload for packet in peer.heard] == [b"\xff" * 160] * 5
    assert [packet.marker for packet in peer.heard] == [True, False, False, False, False]
    assert [(packet.sequence - first.sequence) & 0xFFFF for packet in peer.heard] == [0, 1, 2, 3, 4]
    assert [(packet.timestamp - first.timestamp) & 0xFFFFFFFF for packet in peer.heard] == [0, 160, 320, 480, 640]
    assert {(packet.ssrc, packet.payload_type, packet.source) for packet in peer.heard} == {
        (first.ssrc, 0, _address(opened))
    }


async def test_a_sound_is_heard_and_reported(rig: Rig, peer: RtpPeer) -> None:
    opened = rig.open(peer.remote())
    rig.frames(2)
    play = rig.play(opened.stream)
    rig.frames(52)
    await _hears(peer, 54)
    assert round(strongest_frequency(peer.loud())) == 425
    assert len(peer.loud()) == 8000
    assert [packet.marker for packet in peer.heard].index(True, 1) == 2
    assert rig.answer(play) == PlayReport(PlayStop.FINISHED, seconds=1.0)


async def test_a_later_sound_replaces_an_earlier_one(rig: Rig, peer: RtpPeer) -> None:
    opened = rig.open(peer.remote())
    first = rig.play(opened.stream)
    rig.frames(5)
    second = rig.play(opened.stream, Pause(0.02))
    assert rig.answer(first) == PlayReport(PlayStop.STOPPED, seconds=0.1)
    assert rig.answer(second) is None
    rig.done(control.Stop(opened.stream, play=first))
    rig.frames(2)
    assert rig.answer(second) == PlayReport(PlayStop.FINISHED, seconds=0.02)


async def test_a_hold_stops_packets_at_once_and_sounds_go_on_unheard(rig: Rig, peer: RtpPeer) -> None:
    opened = rig.open(peer.remote())
    play = rig.play(opened.stream)
    rig.frames(10)
    rig.ask(control.SetRemote(opened.stream, peer.remote(send=False)))
    rig.frames(20)
    rig.ask(control.SetRemote(opened.stream, peer.remote()))
    rig.frames(21)
    await _hears(peer, 31)
    assert rig.answer(play) == PlayReport(PlayStop.FINISHED, seconds=1.0)
    before, after = peer.heard[9:11]
    assert (after.sequence - before.sequence) & 0xFFFF == 1
    assert (after.timestamp - before.timestamp) & 0xFFFFFFFF == 21 * 160
    assert after.marker


async def test_the_old_way_to_hold_is_the_address_zero(rig: Rig, peer: RtpPeer) -> None:
    opened = rig.open(peer.remote())
    rig.ask(control.SetRemote(opened.stream, Remote("0.0.0.0", peer.port, Codec.PCMA, 8, None)))
    rig.frames(3)
    assert rig.stats(opened.stream).sent == 0


async def test_a_codec_may_change_in_the_midst_of_a_sound(rig: Rig, peer: RtpPeer) -> None:
    opened = rig.open(peer.remote(Codec.PCMA))
    rig.play(opened.stream)
    rig.frames(10)
    rig.ask(control.SetRemote(opened.stream, peer.remote(Codec.PCMU)))
    rig.frames(40)
    await _hears(peer, 50)
    assert len(peer.voices(Codec.PCMA)) == 10
    assert round(strongest_frequency(peer.loud(Codec.PCMU))) == 425


async def test_keys_are_events_without_a_voice_between(rig: Rig, peer: RtpPeer) -> None:
    opened = rig.open(peer.remote())
    rig.play(opened.stream, loop=True)
    rig.frames(2)
    press = rig.ask(control.Press(opened.stream, "1#"))
    rig.frames(16)
    assert not any(isinstance(one, control.Reply) and one.id == press for one in rig.said)
    rig.frames(2)
    assert any(isinstance(one, control.Reply) and one.id == press for one in rig.said)
    await _hears(peer, 2 + 7 + 7 + 2)
    assert [packet.payload_type for packet in peer.heard] == [8] * 2 + [DTMF] * 14 + [8] * 2
    start = peer.heard[0].timestamp
    stamps = [(packet.timestamp - start) & 0xFFFFFFFF for packet in peer.heard]
    assert stamps == [0, 160, *[320] * 7, *[320 + 1280] * 7, 320 + 2560, 320 + 2560 + 160]
    assert [index for index, packet in enumerate(peer.heard) if packet.marker] == [0, 2, 9, 16]
    assert [packet.payload[0] for packet in peer.heard[2:16]] == [1] * 7 + [11] * 7


async def test_keys_are_tones_if_events_were_not_agreed(rig: Rig, peer: RtpPeer) -> None:
    opened = rig.open(peer.remote(dtmf=None))
    rig.done(control.Press(opened.stream, "5"))
    rig.frames(8)
    await _hears(peer, 8)
    assert round(strongest_frequency(peer.loud())) in (770, 1336)
    assert len(peer.loud()) == 800


def test_no_such_key(rig: Rig) -> None:
    error, message = rig.refused(control.Press(rig.open().stream, "1x"))
    assert error == "ValueError"
    assert message.startswith("there is no key 'x'")


def test_a_missing_file_is_refused_and_silence_goes_on(rig: Rig) -> None:
    opened = rig.open()
    error, message = rig.refused(control.Play(opened.stream, (File(Path("/nowhere/a.wav")),), "", loop=False))
    assert error == "AudioFileError"
    assert message == "/nowhere/a.wav cannot be read: No such file or directory"
    rig.frames(2)


# --- what is received -----------------------------------------------------------------------------------------


async def test_a_key_stops_the_sound_that_it_interrupts(rig: Rig, peer: RtpPeer) -> None:
    opened = rig.open(peer.remote())
    play = rig.play(opened.stream, interrupt="5", loop=True)
    rig.frames(10)
    peer.press(_address(opened), "4")
    rig.receive()
    assert rig.answer(play) is None
    peer.press(_address(opened), "5")
    rig.receive()
    assert rig.answer(play) == PlayReport(PlayStop.KEY, "5", seconds=0.2)
    assert rig.keys() == [(opened.stream, "4"), (opened.stream, "5")]
    rig.frames(5)
    await _hears(peer, 15)
    assert len(peer.loud()) == 10 * 160


async def test_strangers_and_rubbish_are_dropped_and_counted(rig: Rig, peer: RtpPeer, other: RtpPeer) -> None:
    opened = rig.open(peer.remote())
    here = _address(opened)
    other.press(here, "1")
    peer.send_raw(b"\x80", here)
    peer.send_raw(b"\x80\x08", here)
    peer.send_raw(HEADER.pack(0x80, 8, 1, 1, 1), here)
    peer.send_raw(HEADER.pack(0x40, 8, 1, 1, 1) + bytes(160), here)
    peer.send_raw(HEADER.pack(0x8F, 8, 1, 1, 1) + bytes(20), here)
    peer.send(here, 13, b"\x40")
    assert peer.say(here, tone(440, seconds=0.2)) == 10
    rig.receive()
    stats = rig.stats(opened.stream)
    assert (stats.received, stats.strangers, stats.malformed) == (10, 6, 6)
    assert rig.keys() == []
    assert stats.last_received is not None
    assert stats.last_received < 5


async def test_losses_are_counted_and_late_packets_are_none(rig: Rig, peer: RtpPeer) -> None:
    opened = rig.open(peer.remote())
    for peer.sequence in (65_530, 65_532, 1, 65_533, 2, 4):
        peer.send(_address(opened), 8, b"\xd5" * 160)
    rig.receive()
    # 65531, then 65533 to 0 of which 65533 came late, then 3.
    assert rig.stats(opened.stream).lost == 5


async def test_a_peer_behind_nat_is_taken_once(rig: Rig, peer: RtpPeer, other: RtpPeer) -> None:
    async with _peers(1) as (thief,):
        signalled = Remote("127.0.0.1", peer.port, Codec.PCMA, 8, DTMF, latch=True)
        opened = rig.open(signalled)
        here = _address(opened)
        other.send_raw(b"no voice at all, and longer than a header", here)
        other.say(here, tone(440, seconds=0.04))
        rig.receive()
        thief.say(here, tone(440, seconds=0.04))
        peer.say(here, tone(440, seconds=0.04))
        rig.receive()
        # A re-INVITE with the same address does not open the door again.
        rig.ask(control.SetRemote(opened.stream, signalled))
        thief.say(here, tone(440, seconds=0.04))
        rig.receive()
        rig.frames(3)
        await _hears(other, 3)
        stats = rig.stats(opened.stream)
        assert (stats.received, stats.strangers, stats.malformed) == (2, 6, 1)
        assert thief.heard == peer.heard == []


async def test_the_signalled_source_closes_the_door_too(rig: Rig, peer: RtpPeer, other: RtpPeer) -> None:
    opened = rig.open(peer.remote(latch=True))
    peer.say(_address(opened), tone(440, seconds=0.02))
    rig.receive()
    other.say(_address(opened), tone(440, seconds=0.02))
    rig.receive()
    assert rig.stats(opened.stream).strangers == 1


async def test_a_peer_that_is_not_behind_nat_is_never_another(rig: Rig, peer: RtpPeer, other: RtpPeer) -> None:
    opened = rig.open(peer.remote())
    other.say(_address(opened), tone(440, seconds=0.06))
    rig.receive()
    rig.frames(1)
    await _hears(peer, 1)
    assert rig.stats(opened.stream).strangers == 3


@pytest.mark.parametrize("host", ["phone.example.com", "::1"])
def test_a_far_end_must_be_an_address_that_can_be_reached(rig: Rig, host: str) -> None:
    opened = rig.open()
    error, _ = rig.refused(control.SetRemote(opened.stream, Remote(host, 4000, Codec.PCMA, 8, None)))
    assert error == "ValueError"


@pytest.mark.parametrize(("port", "kind"), [(65_536, 8), (-1, 8), (4000, 128), (4000, -1)])
def test_impossible_numbers_are_refused_before_they_reach_the_pump(rig: Rig, port: int, kind: int) -> None:
    opened = rig.open()
    error, _ = rig.refused(control.SetRemote(opened.stream, Remote("127.0.0.1", port, Codec.PCMA, kind, None)))
    assert error == "ValueError"
    rig.frames(300)


def test_a_report_every_five_seconds_goes_to_the_port_behind(rig: Rig) -> None:
    rtp, rtcp = PortRange(range(24_000, 28_000)).bind("127.0.0.1")
    with rtp, rtcp:
        opened = rig.open(Remote("127.0.0.1", rtp.getsockname()[1], Codec.PCMA, 8, None))
        rig.frames(2 * 250)
        (first, source), (second, _) = rtcp.recvfrom(2048), rtcp.recvfrom(2048)
        with pytest.raises(BlockingIOError):
            rtcp.recvfrom(2048)
    assert source == ("127.0.0.1", opened.port + 1)
    assert first[:2] == second[:2] == b"\x80\xc8"
    assert int.from_bytes(second[16:20], "big") - int.from_bytes(first[16:20], "big") in (40_000, 40_000 - 2**32)
    assert int.from_bytes(second[20:24], "big") - int.from_bytes(first[20:24], "big") == 250
    assert b"\x01\x04test" in first


# --- joined ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("codecs", [(Codec.PCMA, Codec.PCMA), (Codec.PCMA, Codec.PCMU), (Codec.PCMU, Codec.PCMA)])
async def test_joined_parties_hear_each_other_and_nobody_else(
    rig: Rig, peer: RtpPeer, other: RtpPeer, codecs: tuple[Codec, Codec]
) -> None:
    a, b = rig.open(peer.remote(codecs[0])), rig.open(other.remote(codecs[1]))
    rig.ask(control.Join(a.stream, b.stream))
    peer.say(_address(a), tone(440, seconds=0.4), codecs[0])
    other.say(_address(b), tone(1000, seconds=0.4), codecs[1])
    rig.receive()
    rig.frames(5)
    await _hears(peer, 20)
    await _hears(other, 20)
    assert round(strongest_frequency(other.samples(codecs[1]))) == 440
    assert round(strongest_frequency(peer.samples(codecs[0]))) == 1000
    assert {packet.source for packet in other.heard} == {_address(b)}


async def test_numbers_go_on_through_join_source_change_and_part(rig: Rig, peer: RtpPeer, other: RtpPeer) -> None:
    a, b = rig.open(peer.remote()), rig.open(other.remote())
    play = rig.play(b.stream, loop=True)
    rig.frames(3)
    rig.ask(control.Join(a.stream, b.stream))
    assert rig.answer(play).stop is PlayStop.STOPPED
    peer.say(_address(a), tone(440, seconds=0.1))
    rig.receive()
    peer.ssrc, peer.sequence, peer.timestamp = 1, 2, 3
    peer.say(_address(a), tone(440, seconds=0.1))
    rig.receive()
    rig.ask(control.Part(a.stream, b.stream))
    rig.frames(3)
    await _hears(other, 3 + 5 + 5 + 3)
    heard = other.heard
    assert len({packet.ssrc for packet in heard}) == 1
    assert [(packet.sequence - heard[0].sequence) & 0xFFFF for packet in heard] == list(range(16))
    stamps = [(packet.timestamp - heard[0].timestamp) & 0xFFFFFFFF for packet in heard]
    assert all(160 <= later - earlier <= 320 for earlier, later in pairwise(stamps))
    assert [index for index, packet in enumerate(heard) if packet.marker] == [0, 3, 8, 13]


async def test_a_loss_stays_a_loss_for_the_other(rig: Rig, peer: RtpPeer, other: RtpPeer) -> None:
    a, b = rig.open(peer.remote()), rig.open(other.remote())
    rig.ask(control.Join(a.stream, b.stream))
    for step in (0, 0, 2, 0):
        peer.sequence = (peer.sequence + step) & 0xFFFF
        peer.timestamp = (peer.timestamp + (1 + step) * 160) & 0xFFFFFFFF
        peer.send(_address(a), 8, b"\xd5" * 160)
    rig.receive()
    await _hears(other, 4)
    first = other.heard[0]
    assert [(packet.sequence - first.sequence) & 0xFFFF for packet in other.heard] == [0, 1, 4, 5]
    assert [(packet.timestamp - first.timestamp) & 0xFFFFFFFF for packet in other.heard] == [0, 160, 640, 800]


async def test_keys_are_forwarded_with_the_other_number_and_told(rig: Rig, peer: RtpPeer, other: RtpPeer) -> None:
    a, b = rig.open(peer.remote()), rig.open(other.remote(dtmf=96))
    rig.ask(control.Join(a.stream, b.stream))
    peer.press(_address(a), "7")
    rig.receive()
    await _hears(other, 6)
    assert {packet.payload_type for packet in other.heard} == {96}
    assert len({packet.timestamp for packet in other.heard}) == 1
    assert [packet.marker for packet in other.heard] == [True] + [False] * 5
    assert rig.keys() == [(a.stream, "7")]


async def test_keys_become_tones_for_who_did_not_agree_on_events(rig: Rig, peer: RtpPeer, other: RtpPeer) -> None:
    a, b = rig.open(peer.remote()), rig.open(other.remote(dtmf=None))
    rig.ask(control.Join(a.stream, b.stream))
    peer.press(_address(a), "7")
    rig.receive()
    rig.frames(10)
    await _hears(other, 8)
    assert round(strongest_frequency(other.loud())) in (852, 1209)
    peer.say(_address(a), tone(440, seconds=0.02))
    rig.receive()
    await _hears(other, 9)
    stamps = [(packet.timestamp - other.heard[0].timestamp) & 0xFFFFFFFF for packet in other.heard]
    assert stamps == sorted(set(stamps))


async def test_a_sound_into_a_talk_is_heard_instead_of_the_other(rig: Rig, peer: RtpPeer, other: RtpPeer) -> None:
    a, b = rig.open(peer.remote()), rig.open(other.remote())
    rig.ask(control.Join(a.stream, b.stream))
    for _ in range(2):
        peer.say(_address(a), tone(440, seconds=0.04))
        rig.receive()
        play = rig.play(b.stream, ToneSpec((1000.0,), 0.06))
        peer.say(_address(a), tone(440, seconds=0.04))
        rig.receive()
        rig.frames(4)
        assert rig.answer(play) == PlayReport(PlayStop.FINISHED, seconds=0.06)
    await _hears(other, 2 * (2 + 3))
    tones = [round(strongest_frequency(other.samples()[start : start + 160]), -2) for start in range(0, 1600, 160)]
    assert tones == [400, 400, 1000, 1000, 1000] * 2
    assert [(later.sequence - earlier.sequence) & 0xFFFF for earlier, later in pairwise(other.heard)] == [1] * 9
    steps = [(later.timestamp - earlier.timestamp) & 0xFFFFFFFF for earlier, later in pairwise(other.heard)]
    assert all(160 <= step <= 800 for step in steps)


async def test_who_holds_us_is_sent_nothing_of_the_other(rig: Rig, peer: RtpPeer, other: RtpPeer) -> None:
    a, b = rig.open(peer.remote()), rig.open(other.remote(send=False))
    rig.ask(control.Join(a.stream, b.stream))
    peer.say(_address(a), tone(440, seconds=0.1))
    rig.receive()
    assert rig.stats(a.stream).received == 5
    assert rig.stats(b.stream).sent == 0


async def test_what_a_hold_has_kept_back_is_no_loss_afterwards(rig: Rig, peer: RtpPeer, other: RtpPeer) -> None:
    a, b = rig.open(peer.remote()), rig.open(other.remote())
    rig.ask(control.Join(a.stream, b.stream))

    def talks(frames: int) -> None:
        for _ in range(frames):
            peer.say(_address(a), tone(440, seconds=0.02))
            rig.receive()
            rig.frames(1)

    talks(5)
    rig.ask(control.SetRemote(b.stream, other.remote(send=False)))
    talks(30)
    rig.ask(control.SetRemote(b.stream, other.remote()))
    talks(5)
    await _hears(other, 10)
    assert [(later.sequence - earlier.sequence) & 0xFFFF for earlier, later in pairwise(other.heard)] == [1] * 9
    before, after = other.heard[4:6]
    assert (after.timestamp - before.timestamp) & 0xFFFFFFFF in range(29 * 160, 33 * 160)
    assert after.marker


async def test_a_third_party_takes_the_place_of_the_second(rig: Rig, peer: RtpPeer, other: RtpPeer) -> None:
    async with _peers(1) as (third,):
        a, b, c = rig.open(peer.remote()), rig.open(other.remote()), rig.open(third.remote())
        rig.ask(control.Join(a.stream, b.stream))
        rig.ask(control.Join(a.stream, c.stream))
        rig.done(control.Part(a.stream, b.stream))  # they are not joined any more: nothing happens
        peer.say(_address(a), tone(440, seconds=0.1))
        rig.receive()
        await _hears(third, 5)
        assert rig.stats(b.stream).sent == 0
        rig.frames(1)
        await _hears(other, 1)  # silence again


def test_a_stream_is_not_joined_with_itself(rig: Rig) -> None:
    opened = rig.open()
    assert rig.refused(control.Join(opened.stream, opened.stream))[0] == "ValueError"


# --- its end --------------------------------------------------------------------------------------------------


async def test_closing_ends_what_plays_and_records_and_frees_the_port(
    rig: Rig, peer: RtpPeer, other: RtpPeer, tmp_path: Path
) -> None:
    a, b = rig.open(peer.remote()), rig.open(other.remote())
    rig.ask(control.Join(a.stream, b.stream))
    play = rig.play(a.stream, loop=True)
    record = rig.ask(control.Record(a.stream, tmp_path / "a.wav", 60.0, None))
    peer.say(_address(a), tone(440, seconds=0.5))
    rig.receive()
    close = rig.ask(control.Close(a.stream))
    assert rig.answer(play).stop is PlayStop.STOPPED
    rig.ask(control.Play(b.stream, (Pause(0.0),), "", loop=False))  # waits for the helper
    ended = [one.id for one in rig.said if isinstance(one, control.Reply) and one.id in (record, close)]
    assert ended == [record, close]
    assert rig.answer(record) == len(read_wav(tmp_path / "a.wav")) / 8000
    assert round(strongest_frequency(read_wav(tmp_path / "a.wav"))) == 440
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(peer.until(lambda one: len(one.heard) > 0), 0.01)
    assert rig.answer(rig.play(a.stream)) == PlayReport(PlayStop.STOPPED)
    assert rig.done(control.GetStats(a.stream)) == StreamStats()

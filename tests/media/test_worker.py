"""The real worker process, by its client, over loopback. It runs by the clock of the machine: slow."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from cordboard.media import client
from cordboard.media.api import (
    AudioFileError,
    Codec,
    File,
    NoPortError,
    Pause,
    PlayReport,
    PlayStop,
    Remote,
    StreamStats,
    ToneSpec,
    WorkerDiedError,
)
from cordboard.media.client import MediaWorker, start_worker
from cordboard.testing.audio import (
    has_tone,
    heard_among,
    hears,
    read_stereo,
    read_wav,
    strongest_frequency,
    tone,
    tone_wav,
)
from cordboard.testing.media import PAYLOAD_TYPES, RtpPeer

pytestmark = pytest.mark.slow

PORTS = range(24_000, 28_000)
ENDLESS = ToneSpec((425.0,), 1.0)


class Handler:
    def __init__(self) -> None:
        self.keys: list[tuple[str, float]] = []
        self.is_lost = asyncio.Event()

    def key_pressed(self, key: str, duration: float) -> None:
        self.keys.append((key, duration))

    def lost(self) -> None:
        self.is_lost.set()


@pytest.fixture
async def worker() -> AsyncIterator[MediaWorker]:
    worker = await start_worker(rtp_ports=PORTS)
    try:
        yield worker
    finally:
        await worker.close()


@pytest.fixture
async def peer() -> AsyncIterator[RtpPeer]:
    peer = await RtpPeer.open()
    yield peer
    await peer.close()


@pytest.fixture
async def other() -> AsyncIterator[RtpPeer]:
    peer = await RtpPeer.open()
    yield peer
    await peer.close()


async def _until(condition: Callable[[], object]) -> None:
    """Wait for what nobody tells us of."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  (another process or the disk: there is no event to wait for)
            await asyncio.sleep(0.005)


async def test_a_file_is_heard_at_the_pace_of_speech(worker: MediaWorker, peer: RtpPeer, tmp_path: Path) -> None:
    stream = await worker.open(Handler(), host="127.0.0.1")
    await stream.set_remote(peer.remote(Codec.PCMU))
    started = asyncio.get_running_loop().time()
    report = await stream.play([File(tone_wav(tmp_path / "a.wav", 440, seconds=0.5)), Pause(0.1)])
    assert asyncio.get_running_loop().time() - started >= 0.5
    assert report.stop is PlayStop.FINISHED
    assert report.seconds == pytest.approx(0.6)
    assert round(strongest_frequency(peer.loud(Codec.PCMU))) == 440
    assert len(peer.loud(Codec.PCMU)) == 4000
    assert {packet.source for packet in peer.heard} == {stream.address}
    stats = await stream.stats()
    assert stats.sent >= 30
    assert stats.last_received is None


async def test_a_key_stops_a_sound(worker: MediaWorker, peer: RtpPeer) -> None:
    handler = Handler()
    stream = await worker.open(handler, host="127.0.0.1")
    await stream.set_remote(peer.remote())
    playing = asyncio.create_task(stream.play([ENDLESS], interrupt="*5", loop=True))
    await peer.until(lambda one: len(one.loud()))
    peer.press(stream.address, "5")
    report = await playing
    assert (report.stop, report.key) == (PlayStop.KEY, "5")
    assert handler.keys == [("5", 0.02)]
    loud = len(peer.loud())
    heard = len(peer.heard)
    await peer.until(lambda one: len(one.heard) >= heard + 5)
    assert len(peer.loud()) - loud <= 160


async def test_who_is_cancelled_is_not_heard_any_more(worker: MediaWorker, peer: RtpPeer) -> None:
    stream = await worker.open(Handler(), host="127.0.0.1")
    await stream.set_remote(peer.remote())
    playing = asyncio.create_task(stream.play([ENDLESS], loop=True))
    await peer.until(lambda one: len(one.loud()))
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing
    await peer.until(lambda one: set(one.heard[-1].payload) == {0xD5})


async def test_stop_and_close_end_what_plays(worker: MediaWorker, peer: RtpPeer) -> None:
    stream = await worker.open(Handler(), host="127.0.0.1")
    await stream.set_remote(peer.remote())
    await stream.stop()
    for end in (stream.stop, stream.close):
        playing = asyncio.create_task(stream.play([ENDLESS], loop=True))
        await peer.until(lambda one: len(one.loud()))
        await end()
        assert (await playing).stop is PlayStop.STOPPED
        peer.heard.clear()
    assert await stream.play([ENDLESS]) == PlayReport(PlayStop.STOPPED)
    await stream.close()


async def test_two_legs_with_two_codecs_hear_each_other(worker: MediaWorker, peer: RtpPeer, other: RtpPeer) -> None:
    handler = Handler()
    a, b = await worker.open(handler, host="127.0.0.1"), await worker.open(Handler(), host="127.0.0.1")
    await a.set_remote(peer.remote(Codec.PCMA))
    await b.set_remote(other.remote(Codec.PCMU))
    await worker.join(a, b)
    peer.say(a.address, tone(440, seconds=0.5), Codec.PCMA)
    other.say(b.address, tone(1000, seconds=0.5), Codec.PCMU)
    await other.until(lambda one: len(one.loud(Codec.PCMU)) == 4000)
    await peer.until(lambda one: len(one.loud(Codec.PCMA)) == 4000)
    assert round(strongest_frequency(other.loud(Codec.PCMU))) == 440
    assert round(strongest_frequency(peer.loud(Codec.PCMA))) == 1000
    peer.press(a.address, "9")
    await other.until(lambda one: one.heard[-1].payload_type == 101)
    await _until(lambda: handler.keys)
    await worker.part(a, b)
    heard = len(other.heard)
    await other.until(lambda one: len(one.heard) > heard and set(one.heard[-1].payload) == {0xFF})


async def test_what_one_worker_plays_another_stream_records(worker: MediaWorker, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    handler = Handler()
    speaker, listener = await worker.open(Handler(), host="127.0.0.1"), await worker.open(handler, host="127.0.0.1")
    for stream, far in ((speaker, listener), (listener, speaker)):
        await stream.set_remote(Remote(*far.address, Codec.PCMA, 8, 101))
    recording = asyncio.create_task(listener.record(path, limit=30.0))
    await speaker.play([ToneSpec((440.0,), 0.6)])
    await speaker.press("42")
    await listener.stop_recording()
    seconds = await recording
    assert len(read_wav(path)) / 8000 == seconds
    assert 0.9 <= seconds <= 10
    assert has_tone(path, 440.0)
    assert [key for key, _ in handler.keys] == ["4", "2"]


async def test_a_recording_ends_when_nobody_speaks_and_at_its_limit(
    worker: MediaWorker, peer: RtpPeer, tmp_path: Path
) -> None:
    stream = await worker.open(Handler(), host="127.0.0.1")
    await stream.set_remote(peer.remote())
    recording = asyncio.create_task(stream.record(tmp_path / "a.wav", limit=30.0, silence=0.5))
    assert 0.5 <= await recording < 30
    assert await stream.record(tmp_path / "b.wav", limit=0.3) == pytest.approx(0.3)
    assert len(read_wav(tmp_path / "b.wav")) == 2400


async def test_a_cancelled_recording_is_complete(worker: MediaWorker, peer: RtpPeer, tmp_path: Path) -> None:
    stream = await worker.open(Handler(), host="127.0.0.1")
    await stream.set_remote(peer.remote())
    recording = asyncio.create_task(stream.record(tmp_path / "a.wav", limit=30.0))
    await _until((tmp_path / "a.wav").exists)
    packets = peer.say(stream.address, tone(440, seconds=0.5))
    stats = await stream.stats()
    while stats.received < packets:
        stats = await stream.stats()
    recording.cancel()
    with pytest.raises(asyncio.CancelledError):
        await recording
    assert len(read_wav(tmp_path / "a.wav")) >= 4000
    assert has_tone(tmp_path / "a.wav", 440.0)


async def test_errors_arrive_as_what_they_are(worker: MediaWorker, peer: RtpPeer, tmp_path: Path) -> None:
    stream = await worker.open(Handler(), host="127.0.0.1")
    with pytest.raises(AudioFileError, match=r"/nowhere/a\.wav cannot be read"):
        await stream.play([File(Path("/nowhere/a.wav"))])
    with pytest.raises(AudioFileError, match="cannot be written"):
        await stream.record(Path("/nowhere/a.wav"), limit=1.0)
    with pytest.raises(ValueError, match="there is no key 'x'"):
        await stream.press("x")
    assert await stream.stats() == StreamStats()


async def test_all_ports_taken_is_told_and_a_closed_one_is_free() -> None:
    worker = await start_worker(rtp_ports=range(28_000, 28_004))
    try:
        first = await worker.open(Handler(), host="127.0.0.1")
        await worker.open(Handler(), host="127.0.0.1")
        with pytest.raises(NoPortError, match="widen rtp_ports"):
            await worker.open(Handler(), host="127.0.0.1")
        await first.close()
        assert (await worker.open(Handler(), host="127.0.0.1")).address == first.address
    finally:
        await worker.close()


async def test_a_killed_worker_is_told_to_everybody(worker: MediaWorker, peer: RtpPeer, tmp_path: Path) -> None:
    handler = Handler()
    stream = await worker.open(handler, host="127.0.0.1")
    await stream.set_remote(peer.remote())
    playing = asyncio.create_task(stream.play([ENDLESS], loop=True))
    recording = asyncio.create_task(stream.record(tmp_path / "a.wav", limit=30.0))
    await peer.until(lambda one: len(one.loud()))
    os.kill(worker.pid, signal.SIGKILL)
    await worker.died()
    assert handler.is_lost.is_set()
    for task in (playing, recording):
        with pytest.raises(WorkerDiedError):
            await task
    with pytest.raises(WorkerDiedError):
        await stream.stats()
    await stream.close()
    assert len(read_wav(tmp_path / "a.wav")) == 0  # it can be read; a second is written at a time


async def test_a_closed_worker_is_gone_and_does_not_mind_ctrl_c(worker: MediaWorker) -> None:
    os.kill(worker.pid, signal.SIGINT)
    stream = await worker.open(Handler(), host="127.0.0.1")
    os.kill(worker.pid, signal.SIGINT)
    assert await stream.stats() == StreamStats()
    await worker.close()
    await worker.died()
    await worker.close()
    with pytest.raises(WorkerDiedError):
        await worker.open(Handler(), host="127.0.0.1")


async def test_a_worker_without_its_exchange_ends_and_completes_its_recordings(tmp_path: Path) -> None:
    """Its exchange is a process of its own here, which is killed."""
    program = tmp_path / "exchange.py"
    program.write_text(
        "import asyncio, pathlib, sys\n"
        "from cordboard.media.client import start_worker\n"
        "class Handler:\n"
        "    def key_pressed(self, key, duration): pass\n"
        "    def lost(self): pass\n"
        "async def main():\n"
        "    worker = await start_worker(rtp_ports=range(28100, 28200))\n"
        "    stream = await worker.open(Handler(), host='127.0.0.1')\n"
        "    print('ready', flush=True)\n"
        "    await stream.record(pathlib.Path(sys.argv[1]), limit=60)\n"
        "asyncio.run(main())\n"
    )
    path = tmp_path / "a.wav"
    exchange = await asyncio.create_subprocess_exec(sys.executable, program, path, stdout=asyncio.subprocess.PIPE)
    assert exchange.stdout is not None
    await exchange.stdout.readline()
    await _until(path.exists)
    exchange.kill()
    await exchange.wait()
    # Nothing was said, so all of the file is written at its end.
    await _until(lambda: path.stat().st_size > 44 and path.stat().st_size == 44 + 2 * len(read_wav(path)))


async def test_a_worker_that_cannot_start_says_so(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(WorkerDiedError, match="did not start"):
        await start_worker(rtp_ports=range(5, 6))
    assert "rtp_ports 5-5 holds no even port" in capfd.readouterr().err


async def test_three_in_a_room_hear_each_other(worker: MediaWorker, tmp_path: Path) -> None:
    """The parties are streams of a second worker, which plays a tone for each of them without end."""
    far = await start_worker(rtp_ports=range(28_200, 28_300))
    tones, codecs = [440.0, 700.0, 1000.0], [Codec.PCMA, Codec.PCMU, Codec.PCMA]
    try:
        handler = Handler()
        room = await worker.room()
        here = [await worker.open(handler, host="127.0.0.1") for _ in tones]
        there = [await far.open(Handler(), host="127.0.0.1") for _ in tones]
        plays = []
        for near, other, codec, hz in zip(here, there, codecs, tones, strict=True):
            await near.set_remote(Remote(*other.address, codec, PAYLOAD_TYPES[codec], 101))
            await other.set_remote(Remote(*near.address, codec, PAYLOAD_TYPES[codec], 101))
            plays.append(asyncio.create_task(other.play([ToneSpec((hz,), 1.0)], loop=True)))
            await room.add(near)
        await here[0].start_tape(tmp_path / "talk.wav", stereo=True)
        recordings = [
            asyncio.create_task(other.record(tmp_path / f"{index}.wav", limit=1.0)) for index, other in enumerate(there)
        ]
        assert [await recording for recording in recordings] == [1.0] * 3
        heard = [heard_among(read_wav(tmp_path / f"{index}.wav"), tones) for index in range(3)]
        assert heard == [{700.0, 1000.0}, {440.0, 1000.0}, {440.0, 700.0}]
        await room.add(here[1], speaks=False)
        await room.remove(here[2])
        assert await there[0].record(tmp_path / "later.wav", limit=0.5) == 0.5
        assert heard_among(read_wav(tmp_path / "later.wav")[800:], tones) == set()
        await room.close()
        with pytest.raises(ValueError, match="this room is closed"):
            await room.add(here[0])
        assert await here[0].stop_tape() >= 1.5
        assert await here[0].stop_tape() == 0.0
        left, right = read_stereo(tmp_path / "talk.wav")
        assert heard_among(left, tones) == {440.0}
        assert heard_among(right, tones) == {700.0, 1000.0}
        for play in plays:
            play.cancel()
        await asyncio.gather(*plays, return_exceptions=True)
    finally:
        await far.close()


async def test_a_tape_can_be_read_after_the_worker_was_killed(
    worker: MediaWorker, peer: RtpPeer, tmp_path: Path
) -> None:
    stream = await worker.open(Handler(), host="127.0.0.1")
    await stream.set_remote(peer.remote())
    with pytest.raises(AudioFileError, match=r"/nowhere/a\.wav cannot be written"):
        await stream.start_tape(Path("/nowhere/a.wav"))
    path = tmp_path / "a.wav"
    await stream.start_tape(path)
    playing = asyncio.create_task(stream.play([ENDLESS], loop=True))
    await _until(lambda: len(read_wav(path)) > 0)  # its header is written once a second
    os.kill(worker.pid, signal.SIGKILL)
    await worker.died()
    with pytest.raises(WorkerDiedError):
        await playing
    with pytest.raises(WorkerDiedError):
        await stream.stop_tape()
    assert len(read_wav(path)) >= 8000
    assert has_tone(path, 425.0)


async def test_a_tape_is_complete_when_the_stream_or_the_worker_closes(
    worker: MediaWorker, peer: RtpPeer, tmp_path: Path
) -> None:
    for name, end in (("stream.wav", "stream"), ("worker.wav", "worker")):
        stream = await worker.open(Handler(), host="127.0.0.1")
        await stream.set_remote(peer.remote())
        await stream.start_tape(tmp_path / name, stereo=True)
        await stream.play([ToneSpec((440.0,), 0.5)])
        await (stream.close() if end == "stream" else worker.close())
        _, right = read_stereo(tmp_path / name)
        assert len(right) >= 4000
        assert hears(right, 440.0)


async def test_who_is_cancelled_before_his_tape_runs_has_none(worker: MediaWorker, tmp_path: Path) -> None:
    stream = await worker.open(Handler(), host="127.0.0.1")
    starting = asyncio.create_task(stream.start_tape(tmp_path / "a.wav"))
    asyncio.get_running_loop().call_soon(starting.cancel)
    with pytest.raises(asyncio.CancelledError):
        await starting
    await stream.play([Pause(0.2)])
    assert await stream.stop_tape() == 0.0
    assert len(read_wav(tmp_path / "a.wav")) < 800


async def test_early_media_plays_and_hears_keys_before_anything_arrives(worker: MediaWorker, peer: RtpPeer) -> None:
    """A far end that was named before the answer: the worker does not know of answers."""
    handler = Handler()
    stream = await worker.open(handler, host="127.0.0.1")
    await stream.set_remote(peer.remote())
    playing = asyncio.create_task(stream.play([ENDLESS], interrupt="1", loop=True))
    await peer.until(lambda one: len(one.loud()))
    peer.press(stream.address, "1")
    assert (await playing).key == "1"
    await stream.set_remote(peer.remote())  # the answer says the same again
    heard = len(peer.heard)
    await peer.until(lambda one: len(one.heard) > heard)
    assert len({packet.ssrc for packet in peer.heard}) == 1


async def test_a_worker_that_hangs_is_killed_and_told_as_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_ASK_SECONDS", 0.2)
    worker = await start_worker(rtp_ports=range(28_300, 28_400))
    handler = Handler()
    stream = await worker.open(handler, host="127.0.0.1")
    os.kill(worker.pid, signal.SIGSTOP)
    async with asyncio.timeout(10):
        with pytest.raises(WorkerDiedError):
            await stream.stats()
        await worker.died()
        await handler.is_lost.wait()
    await worker.close()


async def test_a_worker_that_answers_is_not_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_ASK_SECONDS", 0.01)
    asked = 0
    guard = MediaWorker.guard

    def count(worker: MediaWorker) -> None:
        nonlocal asked
        asked += 1
        guard(worker)

    monkeypatch.setattr(MediaWorker, "guard", count)
    worker = await start_worker(rtp_ports=range(28_300, 28_400))
    try:
        await _until(lambda: asked > 10)
        assert (await worker.open(Handler(), host="127.0.0.1")).address[0] == "127.0.0.1"
    finally:
        await worker.close()

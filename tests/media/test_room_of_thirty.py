"""Thirty in one room of a real worker, in real time: who hears whom, and that nobody's voice breaks."""

import numpy as np
import pytest

from cordboard.media.api import Codec, MediaStream
from cordboard.media.client import start_worker
from cordboard.media.g711 import FRAME_SAMPLES, encode
from cordboard.testing.audio import SAMPLE_RATE, Samples, heard_among
from cordboard.testing.media import PAYLOAD_TYPES, RtpPeer, in_real_time

pytestmark = [pytest.mark.slow, pytest.mark.wire]

TONES = [300.0 + 100 * index for index in range(30)]
"""Whole numbers of turns in 200 ms, and none falls together with another."""
TURN = 10
"""Frames after which each tone begins anew."""
SECONDS = 3.0


class Member:
    """One who hums."""

    def __init__(self, peer: RtpPeer, stream: MediaStream, hz: float, codec: Codec) -> None:
        self.peer, self.stream, self.hz, self.codec = peer, stream, hz, codec
        time = np.arange(TURN * FRAME_SAMPLES) / SAMPLE_RATE
        samples: Samples = np.rint(1000 * np.sin(2 * np.pi * hz * time)).astype(np.int16)
        coded = encode(codec, samples.tobytes())
        self._frames = [coded[start : start + FRAME_SAMPLES] for start in range(0, len(coded), FRAME_SAMPLES)]

    def hum(self, frame: int) -> None:
        """Send the frame of that number."""
        self.peer.send(self.stream.address, PAYLOAD_TYPES[self.codec], self._frames[frame % TURN])
        self.peer.timestamp = (self.peer.timestamp + FRAME_SAMPLES) & 0xFFFFFFFF

    def heard(self) -> set[float]:
        """Whom, in the last second."""
        return heard_among(self.peer.samples(self.codec)[-SAMPLE_RATE:], TONES)


class Handler:
    """Implements StreamHandler."""

    def key_pressed(self, key: str, duration: float) -> None:
        """See StreamHandler."""

    def lost(self) -> None:
        """See StreamHandler."""


async def _talk(speakers: list[Member], seconds: float) -> None:
    def hum(frame: int) -> None:
        for speaker in speakers:
            speaker.hum(frame)

    await in_real_time(hum, seconds=seconds)


async def test_thirty_hear_all_others() -> None:
    worker = await start_worker(rtp_ports=range(28_600, 28_700))
    room = await worker.room()
    members: list[Member] = []
    for index, hz in enumerate(TONES):
        codec = list(Codec)[index % 2]
        peer = await RtpPeer.open()
        stream = await worker.open(Handler(), host="127.0.0.1")
        await stream.set_remote(peer.remote(codec))
        await room.add(stream)
        members.append(Member(peer, stream, hz, codec))
    try:
        await _talk(members, SECONDS)
        everybody = set(TONES)
        for member in members:
            assert member.heard() == everybody - {member.hz}
        for muted in members[::2]:
            await room.add(muted.stream, speaks=False)
        await _talk(members, SECONDS)
        for index, member in enumerate(members):
            assert member.heard() == set(TONES[1::2]) - {member.hz}, index
            steps = member.peer.steps()
            assert {step for step, _ in steps} == {1}, "no packet is lost or comes twice"
    finally:
        await worker.close()
        for member in members:
            await member.peer.close()

"""Keys as tones: what the worker does with them, and that speech holds none."""

import re
from collections.abc import AsyncIterator, Iterator

import numpy as np
import pytest

from cordboard.media import control
from cordboard.media.api import Codec, PlayReport, PlayStop, Remote
from cordboard.media.dtmf import FREQUENCIES
from cordboard.media.g711 import encode
from cordboard.media.tone_keys import ToneReceiver
from cordboard.speech.engine import Voice
from cordboard.speech.espeak import VOICES, EspeakEngine
from cordboard.speech.shaping import shape
from cordboard.testing.architecture import ROOT
from cordboard.testing.audio import silence, tone
from cordboard.testing.media import DTMF, PAYLOAD_TYPES, Rig, RtpPeer


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig.made() as one:
        yield one


@pytest.fixture
async def peers() -> AsyncIterator[list[RtpPeer]]:
    peers = [await RtpPeer.open() for _ in range(2)]
    yield peers
    for peer in peers:
        await peer.close()


def _asking(peer: RtpPeer, codec: Codec = Codec.PCMA) -> Remote:
    return Remote("127.0.0.1", peer.port, codec, PAYLOAD_TYPES[codec], None, inband_dtmf=True)


def _press(rig: Rig, peer: RtpPeer, opened: control.Opened, key: str, codec: Codec = Codec.PCMA) -> None:
    """A key of 80 ms, and a pause."""
    pressed = tone(*FREQUENCIES[key], seconds=0.08, amplitude=5000.0)
    peer.say((opened.host, opened.port), np.concatenate([pressed, silence(0.1)]), codec)
    rig.receive()


async def test_a_key_in_the_voice_is_told_and_stops_the_prompt(rig: Rig, peers: list[RtpPeer]) -> None:
    opened = rig.open(_asking(peers[0]))
    request = rig.play(opened.stream, interrupt="#5", loop=True)
    _press(rig, peers[0], opened, "4")
    assert rig.answer(request) is None
    _press(rig, peers[0], opened, "5")
    assert rig.keys() == [(opened.stream, "4"), (opened.stream, "5")]
    report = rig.answer(request)
    assert isinstance(report, PlayReport)
    assert (report.stop, report.key) == (PlayStop.KEY, "5")


async def test_only_who_asks_is_listened_to(rig: Rig, peers: list[RtpPeer]) -> None:
    opened = rig.open(peers[0].remote(dtmf=None))
    _press(rig, peers[0], opened, "5")
    assert rig.keys() == []
    rig.ask(control.SetRemote(opened.stream, _asking(peers[0], Codec.PCMU)))
    _press(rig, peers[0], opened, "6", Codec.PCMU)
    assert rig.keys() == [(opened.stream, "6")]
    rig.ask(control.SetRemote(opened.stream, peers[0].remote()))
    _press(rig, peers[0], opened, "7")
    assert rig.keys() == [(opened.stream, "6")]


async def test_in_a_join_the_tone_goes_on_with_the_voice_once(rig: Rig, peers: list[RtpPeer]) -> None:
    opened = rig.open(_asking(peers[0]))
    other = rig.open(peers[1].remote())
    rig.ask(control.Join(opened.stream, other.stream))
    _press(rig, peers[0], opened, "9")
    await rig.talk([], frames=20)
    receiver = ToneReceiver(Codec.PCMA)
    assert "".join(receiver.feed(packet.payload) for packet in peers[1].voices()) == "9"
    assert not [packet for packet in peers[1].heard if packet.payload_type == DTMF]


@pytest.mark.peer
@pytest.mark.slow
@pytest.mark.parametrize("voice", VOICES, ids=lambda voice: voice.language)
async def test_speech_holds_no_keys(voice: Voice) -> None:
    """Some two minutes in each language, as soft and as loud as it may come."""
    language = voice.language
    texts = sorted((ROOT / "src" / "cordboard" / "locale" / ("ru" if language == "ru" else "uk")).glob("*.toml"))
    sentences = re.findall(r'"([^"{}<>=]{60,300})"', " ".join(text.read_text(encoding="utf-8") for text in texts))
    if language == "en":
        texts = sorted((ROOT / "docs").glob("*.md"))
        sentences = re.findall(
            r"[A-Z][a-z][^|`\n]{60,300}\.", " ".join(text.read_text(encoding="utf-8") for text in texts)
        )
    engine = EspeakEngine()
    for start in (0, 8):
        said = await engine.speak(" ".join(sentences[start : start + 8]), voice)
        samples = np.frombuffer(shape(said), dtype="<i2").astype(float)
        assert len(samples) > 8000 * 20
        for decibels in (-15, 0, 10):
            loud = np.clip(samples * 10 ** (decibels / 20), -32768, 32767).astype("<i2")
            data, receiver = encode(Codec.PCMA, loud.tobytes()), ToneReceiver(Codec.PCMA)
            assert "".join(receiver.feed(data[at : at + 160]) for at in range(0, len(data), 160)) == ""

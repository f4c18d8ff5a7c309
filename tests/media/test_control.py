from pathlib import Path

import pytest

from cordboard.media import control
from cordboard.media.api import Codec, File, Pause, PlayReport, PlayStop, Remote, StreamStats, ToneSpec, Watching

MESSAGES: list[control.Message] = [
    control.Request(1, control.Open("127.0.0.1")),
    control.Request(2, control.SetRemote(5, Remote("10.0.0.1", 4000, Codec.PCMU, 0, None, send=False, latch=True))),
    control.Request(
        3,
        control.Play(
            5, (File(Path("/sounds/вітання.wav")), Pause(0.5), ToneSpec((350.0, 440.0), 0.4, 0.2)), "*#", loop=True
        ),
    ),
    control.Request(4, control.Record(5, Path("/tmp/a.wav"), 60.0, None)),
    control.Request(5, control.Stop(5, play=3)),
    control.Request(6, control.Join(5, 6)),
    control.Request(7, control.OpenRoom()),
    control.Request(8, control.Enter(5, 1, speaks=False)),
    control.Request(9, control.Leave(5, 1)),
    control.Request(10, control.CloseRoom(1)),
    control.Request(11, control.StartTape(5, Path("/tmp/розмова.wav"), stereo=True)),
    control.Request(12, control.StopTape(5)),
    control.Request(13, control.Watch(5, 6, Watching.WHISPER)),
    control.Request(14, control.Unwatch(5, 6)),
    control.Reply(1, control.Opened(5, "127.0.0.1", 40000)),
    control.Reply(2),
    control.Reply(3, PlayReport(PlayStop.KEY, "*", 1.5)),
    control.Reply(4, 12.5),
    control.Reply(5, StreamStats(sent=3, last_received=0.5)),
    control.Refusal(6, "NoPortError", "всі порти зайняті"),
    control.KeyPressed(5, "#", 0.1),
]  # fmt: skip


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: str(type(message).__name__))
def test_what_is_said_is_what_is_heard(message: control.Message) -> None:
    (heard,) = control.Splitter().feed(control.encode(message))
    assert heard == message


def test_types_are_made_again() -> None:
    (heard,) = control.Splitter().feed(control.encode(MESSAGES[2]))
    assert isinstance(heard, control.Request)
    assert isinstance(heard.command, control.Play)
    first, _, tone = heard.command.sources
    assert isinstance(first, File)
    assert isinstance(first.path, Path)
    assert isinstance(tone, ToneSpec)
    assert isinstance(tone.frequencies, tuple)
    (remote,) = control.Splitter().feed(control.encode(MESSAGES[1]))
    assert isinstance(remote, control.Request)
    assert isinstance(remote.command, control.SetRemote)
    assert remote.command.remote.codec is Codec.PCMU


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_bytes_may_arrive_in_any_pieces(size: int) -> None:
    data = b"".join(map(control.encode, MESSAGES))
    splitter = control.Splitter()
    heard = [one for start in range(0, len(data), size) for one in splitter.feed(data[start : start + size])]
    assert heard == MESSAGES


def test_a_message_begins_with_its_length() -> None:
    assert control.encode(control.Reply(2)) == b'\x00\x00\x00\x23{"is":"Reply","id":2,"result":null}'


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"3", b'{"is":"Nonsense"}', b'{"is":"Reply"}', b'{"is":"Reply","id":1,"more":2}', b'{"id":1}',
     b'{"is":"Stop","stream":1}', b"\xff\xfe"],
)  # fmt: skip
def test_other_languages_are_refused(body: bytes) -> None:
    with pytest.raises(control.ControlError, match="not a message"):
        list(control.Splitter().feed(len(body).to_bytes(4, "big") + body))


def test_an_endless_message_is_refused() -> None:
    with pytest.raises(control.ControlError, match="4294967295 bytes"):
        list(control.Splitter().feed(b"\xff\xff\xff\xff"))

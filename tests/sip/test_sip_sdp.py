import pytest

from cordboard.sip.api import NotAcceptableError
from cordboard.sip.parsing import MalformedError
from cordboard.sip.sdp import AudioDescription, Payload, answer, build, parse

PCMU, PCMA = Payload(0, "PCMU"), Payload(8, "PCMA")
KEYS = Payload(101, "telephone-event", 8000, "0-16")
OURS = AudioDescription("192.0.2.9", 4000, (PCMA, PCMU, KEYS))


def offer(*lines: str, connection: str = "c=IN IP4 192.0.2.1") -> bytes:
    return "\r\n".join(["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", connection, "t=0 0", *lines, ""]).encode()


PHONE = offer(
    "m=audio 5004 RTP/AVP 9 0 8 96",
    "a=rtpmap:9 G722/8000",
    "a=rtpmap:96 telephone-event/8000",
    "a=fmtp:96 0-15",
    "a=ptime:30",
)


def test_an_offer_is_read() -> None:
    assert parse(PHONE) == AudioDescription(
        "192.0.2.1",
        5004,
        (Payload(9, "G722"), PCMU, PCMA, Payload(96, "telephone-event", 8000, "0-15")),
        "sendrecv",
        30,
    )


def test_what_is_written_is_read_again() -> None:
    text = build(OURS, 7, 3)
    assert parse(text) == OURS
    assert text.splitlines()[1] == b"o=- 7 3 IN IP4 192.0.2.9"
    six = AudioDescription("2001:db8::1", 4000, (PCMU,), "inactive")
    assert b"c=IN IP6 2001:db8::1\r\n" in build(six, 1, 1)
    assert parse(build(six, 1, 1)) == six


def test_the_answer_takes_the_offerers_first_common_codec_and_his_numbers() -> None:
    made = answer(parse(PHONE), OURS)
    assert made.payloads == (PCMU, Payload(96, "telephone-event", 8000, "0-16"))
    assert (made.host, made.port, made.direction) == ("192.0.2.9", 4000, "sendrecv")
    assert made.codec == PCMU
    assert made.event is not None
    assert made.event.pt == 96


@pytest.mark.parametrize(
    ("theirs", "ours", "answered"),
    [
        ("sendrecv", "sendrecv", "sendrecv"),
        ("sendonly", "sendrecv", "recvonly"),
        ("recvonly", "sendrecv", "sendonly"),
        ("inactive", "sendrecv", "inactive"),
        ("sendrecv", "sendonly", "sendonly"),
        ("sendonly", "sendonly", "inactive"),
        ("recvonly", "recvonly", "inactive"),
    ],
)
def test_the_answer_mirrors_the_direction(theirs: str, ours: str, answered: str) -> None:
    theirs_read = parse(offer("m=audio 5004 RTP/AVP 0", f"a={theirs}"))
    assert answer(theirs_read, AudioDescription("192.0.2.9", 4000, (PCMU,), ours)).direction == answered


def test_the_direction_may_stand_for_the_whole_session() -> None:
    assert parse(offer("a=sendonly", "m=audio 5004 RTP/AVP 0")).direction == "sendonly"
    assert parse(offer("a=sendonly", "m=audio 5004 RTP/AVP 0", "a=recvonly")).direction == "recvonly"


@pytest.mark.parametrize(("said", "meant"), [("sendrecv", "sendonly"), ("recvonly", "inactive")])
def test_an_address_of_zeros_is_hold(said: str, meant: str) -> None:
    held = parse(offer("m=audio 5004 RTP/AVP 0", f"a={said}", connection="c=IN IP4 0.0.0.0"))
    assert held.direction == meant


def test_other_streams_are_refused_in_their_places() -> None:
    theirs = parse(
        offer(
            "m=video 5006 RTP/AVP 97 98",
            "a=rtpmap:97 H264/90000",
            "m=audio 5004 RTP/SAVP 0",
            "m=audio 5008 RTP/AVP 8",
            "m=application 9 UDP/BFCP *",
        )
    )
    lines = [line for line in build(answer(theirs, OURS), 1, 1).split(b"\r\n") if line.startswith(b"m=")]
    assert lines == [
        b"m=video 0 RTP/AVP 97 98",
        b"m=audio 0 RTP/SAVP 0",
        b"m=audio 4000 RTP/AVP 8",
        b"m=application 0 UDP/BFCP *",
    ]


def test_a_stream_may_have_its_own_address() -> None:
    assert parse(offer("m=audio 5004 RTP/AVP 0", "c=IN IP4 192.0.2.77")).host == "192.0.2.77"


@pytest.mark.parametrize(
    "lines",
    [
        ("m=video 5006 RTP/AVP 97",),
        ("m=audio 0 RTP/AVP 0",),
        ("m=audio 5004 RTP/SAVP 0",),
        (),
    ],
)
def test_without_audio_it_is_not_acceptable(lines: tuple[str, ...]) -> None:
    with pytest.raises(NotAcceptableError):
        parse(offer(*lines))


def test_without_a_common_codec_it_is_not_acceptable() -> None:
    with pytest.raises(NotAcceptableError, match="codec"):
        answer(parse(offer("m=audio 5004 RTP/AVP 18 101", "a=rtpmap:101 telephone-event/8000")), OURS)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"hello",
        b"\xff\xfe",
        b"v=0\r\n",
        offer("m=audio x RTP/AVP 0"),
        offer("m=audio 70000 RTP/AVP 0"),
        offer("m=audio 5004 RTP/AVP 0", "a=rtpmap:x PCMU/8000"),
        offer("m=audio 5004 RTP/AVP 0", "a=rtpmap:0 PCMU/abc"),
        offer("m=audio 5004 RTP/AVP 200", "a=rtpmap:200 PCMU/8000"),
        offer("m=audio 5004 RTP/AVP 0", connection="b=AS:1"),
        offer("m=audio 5004 RTP/AVP 0", connection="c=IN IP4 evil.example"),
        offer("m=audio 5004 RTP/AVP 0") + b" " * 20_000,
    ],
)
def test_rubbish_is_malformed(text: bytes) -> None:
    with pytest.raises(MalformedError):
        parse(text)

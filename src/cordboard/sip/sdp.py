"""Session descriptions of an audio call (RFC 8866) and the answer to an offer (RFC 3264).

The codec library takes the text apart; this module checks it and keeps what a telephone needs.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, replace

from aiosipua.sdp import Codec, MediaDescription, SdpMessage, parse_sdp

from cordboard.sip.api import NotAcceptableError
from cordboard.sip.parsing import MalformedError

TELEPHONE_EVENT = "telephone-event"
DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
MAX_BODY = 16_384
"""Bytes."""
_PROFILE = "RTP/AVP"


@dataclass(frozen=True, slots=True)
class Payload:
    """One format of the m= line."""

    pt: int
    name: str
    """As in rtpmap: PCMU, PCMA, telephone-event. Compare by `is_`: case does not matter."""
    rate: int = 8000
    fmtp: str = ""

    def is_(self, other: "Payload") -> bool:
        """Whether both are the same codec, whatever their numbers."""
        return self.name.lower() == other.name.lower() and self.rate == other.rate


@dataclass(frozen=True, slots=True)
class AudioDescription:
    """The audio stream of a description, seen from whoever wrote it."""

    host: str
    port: int
    payloads: tuple[Payload, ...]
    """In the order of preference."""
    direction: str = "sendrecv"
    """One of DIRECTIONS. An address of 0.0.0.0 (hold as of RFC 2543) reads as sendonly or inactive."""
    ptime: int = 20
    """Milliseconds of audio in a packet."""
    before: tuple[str, ...] = ()
    """m-lines of other streams before the audio's: "video 0 RTP/AVP 96". They are written with port 0: refused."""
    after: tuple[str, ...] = ()

    @property
    def codec(self) -> Payload | None:
        """The first payload that is voice."""
        return next((one for one in self.payloads if one.name.lower() != TELEPHONE_EVENT), None)

    @property
    def event(self) -> Payload | None:
        """The payload of keys (RFC 4733)."""
        return next((one for one in self.payloads if one.name.lower() == TELEPHONE_EVENT), None)

    @property
    def sends(self) -> bool:
        """Whether its writer wants to send."""
        return self.direction in {"sendrecv", "sendonly"}

    @property
    def receives(self) -> bool:
        """Whether its writer wants to receive."""
        return self.direction in {"sendrecv", "recvonly"}


def parse(data: bytes) -> AudioDescription:
    """Read a description. Raises MalformedError, or NotAcceptableError if it has no audio over plain RTP."""
    if len(data) > MAX_BODY:
        raise MalformedError(f"a session description longer than {MAX_BODY} bytes")
    try:
        text = data.decode()
        message = parse_sdp(text)
    except (ValueError, TypeError) as error:
        raise MalformedError(f"session description: {error}") from None
    if not text.startswith("v=0") or "\no=" not in text:
        raise MalformedError("a session description begins with v=0 and o=")
    index = next((at for at, media in enumerate(message.media) if _is_ours(media)), None)
    if index is None:
        raise NotAcceptableError("no audio stream over RTP/AVP")
    media = message.media[index]
    host = _host(message, media)
    direction = _direction(message, media)
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared with, not bound
        direction = "sendonly" if direction in {"sendrecv", "sendonly"} else "inactive"
    return AudioDescription(
        host=host,
        port=_port(media),
        payloads=tuple(_payload(codec) for codec in media.codecs if codec.encoding_name and codec.clock_rate),
        direction=direction,
        ptime=_ptime(media),
        before=_refused(message.media[:index]),
        after=_refused(message.media[index + 1 :]),
    )


def _is_ours(media: MediaDescription) -> bool:
    return media.media == "audio" and media.proto == _PROFILE and media.port != 0


def _payload(codec: Codec) -> Payload:
    if not 0 <= codec.payload_type <= 127:
        raise MalformedError(f"payload type {codec.payload_type} is out of range")
    return Payload(codec.payload_type, codec.encoding_name, codec.clock_rate, codec.fmtp or "")


def _port(media: MediaDescription) -> int:
    if not 0 < media.port < 65536:
        raise MalformedError(f"port {media.port} is out of range")
    return media.port


def _host(message: SdpMessage, media: MediaDescription) -> str:
    connection = media.connection or message.connection
    if connection is None:
        raise MalformedError("a session description needs a c= line")
    host = connection.address.split("/", 1)[0]
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        # Also a host name: whoever sends us to look names up while a call waits is refused.
        raise MalformedError(f"c= holds no IP address: {host[:80]!r}") from None


def _direction(message: SdpMessage, media: MediaDescription) -> str:
    for attributes in (media.attributes, message.attributes):
        for direction in DIRECTIONS:
            if direction in attributes:
                return direction
    return "sendrecv"


def _ptime(media: MediaDescription) -> int:
    values = media.attributes.get("ptime") or ["20"]
    text = values[0].strip()
    return int(text) if text.isdecimal() and 5 <= int(text) <= 200 else 20


def _refused(media: Sequence[MediaDescription]) -> tuple[str, ...]:
    return tuple(f"{one.media} 0 {one.proto} {' '.join(one.formats) or '0'}" for one in media)


def build(audio: AudioDescription, session_id: int, version: int) -> bytes:
    """Write a description. `version` goes up by one with every change in a session (RFC 3264 §8)."""
    family = "IP6" if ":" in audio.host else "IP4"
    lines = [
        "v=0",
        f"o=- {session_id} {version} IN {family} {audio.host}",
        "s=-",
        f"c=IN {family} {audio.host}",
        "t=0 0",
        *(f"m={line}" for line in audio.before),
        f"m=audio {audio.port} {_PROFILE} {' '.join(str(one.pt) for one in audio.payloads)}",
    ]
    for payload in audio.payloads:
        lines.append(f"a=rtpmap:{payload.pt} {payload.name}/{payload.rate}")
        if payload.fmtp:
            lines.append(f"a=fmtp:{payload.pt} {payload.fmtp}")
    lines += [f"a=ptime:{audio.ptime}", f"a={audio.direction}", *(f"m={line}" for line in audio.after)]
    return ("\r\n".join(lines) + "\r\n").encode()


def answer(offer: AudioDescription, ours: AudioDescription) -> AudioDescription:
    """Our answer: the first codec of the offer that we have too, and keys if both have them.

    Payload numbers are the offer's (RFC 3264 §6.1), host and port ours; the direction is what both sides allow.
    Other streams are refused in their places. Raises NotAcceptableError if no codec is common.
    """
    codec = _first_common(offer, ours, events=False)
    if codec is None:
        raise NotAcceptableError("no codec in common")
    event = _first_common(offer, ours, events=True)
    sends = ours.sends and offer.receives
    receives = ours.receives and offer.sends
    return replace(
        ours,
        payloads=(codec, event) if event is not None else (codec,),
        direction=direction(sends=sends, receives=receives),
        before=offer.before,
        after=offer.after,
    )


def _first_common(offer: AudioDescription, ours: AudioDescription, *, events: bool) -> Payload | None:
    for theirs in offer.payloads:
        if (theirs.name.lower() == TELEPHONE_EVENT) is not events:
            continue
        for mine in ours.payloads:
            if mine.is_(theirs):
                return Payload(theirs.pt, mine.name, mine.rate, mine.fmtp)
    return None


def direction(*, sends: bool, receives: bool) -> str:
    """The word for it."""
    return {(True, True): "sendrecv", (True, False): "sendonly", (False, True): "recvonly"}.get(
        (sends, receives), "inactive"
    )

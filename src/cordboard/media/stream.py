"""One RTP stream as the worker holds it: the numbers that the pump counts on, and all that happens seldom."""

import ipaddress
import random
import socket
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Final

from cordboard.media.api import Codec, Remote
from cordboard.media.dtmf import KEYS, KeyFrame, KeyReceiver, event_frames, tone_frames
from cordboard.media.ears import Ear, blend
from cordboard.media.g711 import FRAME_SAMPLES, SILENT_FRAME, TRANSCODE
from cordboard.media.recorder import Packet
from cordboard.media.recordings import Recording
from cordboard.media.room import Member
from cordboard.media.rtp import MARKER, SEQUENCE_MASK, TIMESTAMP_MASK, timestamp_distance
from cordboard.media.tone_keys import ToneReceiver

TICK_SAMPLES: Final = 40
"""A tick of the loop is 5 ms."""
PHASES: Final = 4
"""A stream sends at every fourth tick."""

Address = tuple[str, int] | tuple[str, int, int, int]
"""As the kernel writes the source of a packet."""


@dataclass(slots=True)
class Playing:
    """`request` is answered when it is over."""

    request: int
    interrupt: str
    started: int | None = None
    """The tick; None until its sounds are there."""


@dataclass(slots=True)
class Pressing:
    """`request` is answered when all frames were sent; None if nobody asked."""

    request: int | None
    frames: Iterator[KeyFrame | None]


class Stream:
    """The state of one stream. The pump reads and writes its attributes; the methods are for the rest."""

    __slots__ = (
        "address", "codec", "dtmf_kind", "ears", "forward_ssrc", "frames", "from_ssrc", "grid", "keeps", "keys",
        "keys_heard", "kind", "last_received", "last_stamp", "latching", "lost", "malformed", "marker", "member",
        "next_sequence", "number", "other", "peer", "phase", "playing", "pressing", "rebase", "receive", "received",
        "recording", "recvfrom_into", "remote", "report_slot", "rtcp", "sendto", "sent", "sent_ears", "sequence",
        "sequence_offset", "shows", "socket", "ssrc", "strangers", "tape", "tape_error", "timestamp_base",
        "timestamp_offset", "to", "told", "tone_keys", "translate",
    )  # fmt: skip

    def __init__(  # noqa: PLR0915  (one number a line; the pump reads them all from here)
        self, number: int, rtp: socket.socket, rtcp: socket.socket
    ) -> None:
        self.number = number
        self.socket = rtp
        self.rtcp = rtcp
        self.sendto = rtp.sendto
        self.recvfrom_into = rtp.recvfrom_into
        self.address: tuple[str, int] = rtp.getsockname()[:2]
        self.phase = 0
        self.report_slot = 0

        self.remote: Remote | None = None
        self.peer: Address | None = None
        """Where packets are taken from."""
        self.to: Address | None = None
        """Where they are sent; None while nothing may be sent."""
        self.receive = False
        self.latching = False
        self.codec = Codec.PCMA
        self.kind = 8
        self.dtmf_kind: int | None = None

        # Sent. RFC 3550 §5.1: SSRC, sequence and timestamp begin at random.
        self.ssrc = random.getrandbits(32)
        self.sequence = random.getrandbits(16)
        self.timestamp_base = random.getrandbits(32)
        self.marker = MARKER
        """Set on the next packet: a talkspurt begins (RFC 3551 §4.1)."""
        self.frames: Iterator[bytes] | None = repeat(SILENT_FRAME[self.codec])
        """What is sent by the grid; None while it is only forwarded."""
        self.playing: Playing | None = None
        self.keys: Iterator[KeyFrame | None] | None = None
        """Sent instead of frames."""
        self.pressing: deque[Pressing] = deque()
        self.sent = 0
        self.last_stamp = self.timestamp_base
        """The timestamp of the last packet, our own or forwarded."""
        self.tape: Recording | None = None
        """Takes what is received, too."""
        self.tape_error: Exception | None = None
        """Why a tape has ended that nobody stopped."""
        self.sent_ears: list[Ear] = []
        """Hear it, too."""
        self.told: list[Ear] = []
        """Heard besides whatever is sent by the grid: by those who whisper."""
        self.shows = False
        """Whether a tape or somebody beside it wants what is sent, or adds to it."""

        # Received.
        self.from_ssrc = -1
        self.next_sequence = 0
        self.keys_heard = KeyReceiver()
        self.received = 0
        self.lost = 0
        self.strangers = 0
        self.malformed = 0
        self.last_received: float | None = None
        self.recording: Recording | None = None
        self.member: Member | None = None
        """In a room."""
        self.ears: list[Ear] = []
        """Hear it from beside."""
        self.tone_keys: ToneReceiver | None = None
        """Hears keys in the voice."""
        self.keeps = False
        """Whether a recording, a tape, a room, an ear or a receiver of keys wants what is received."""
        self.grid: Iterator[bytes] | None = None
        """What it hears, frame by frame, where it is: in a room (its member), or besides a talk. None if nothing is
        mixed for it."""

        # Forwarded: `other` is whom we hear; the offsets turn its numbers into ours.
        self.other: Stream | None = None
        self.translate: bytes | None = None
        """For what we receive and `other` sends."""
        self.forward_ssrc = -1
        self.rebase = True
        self.sequence_offset = 0
        self.timestamp_offset = 0

    # --- the far end ------------------------------------------------------------------------------------------

    def set_remote(self, remote: Remote) -> None:
        """Take the far end as signalled. Raises ValueError at another family or impossible numbers."""
        peer = _address(remote, self.socket.family)
        former, self.remote = self.remote, remote
        moved = former is None or (former.host, former.port) != (remote.host, remote.port)
        if moved:
            self.peer = peer
        if not remote.latch:
            self.peer, self.latching = peer, False
        elif former is None or moved or not former.latch:
            self.latching = True
        self.receive = remote.receive
        self.kind, self.dtmf_kind = remote.payload_type, remote.dtmf_payload_type
        if remote.codec is not self.codec:
            self._change_codec(remote.codec)
        if not remote.inband_dtmf:
            self.tone_keys = None
        elif self.tone_keys is None or former is None or former.codec is not remote.codec:
            self.tone_keys = ToneReceiver(remote.codec)
        self.choose_keeping()
        self._aim()
        for one in (self, self.other):
            if one is not None:
                one.choose_translation()

    def _aim(self) -> None:
        # RFC 3264 §8.4: the address 0.0.0.0 is how old phones say hold.
        may = self.remote is not None and self.remote.send and self.remote.port > 0
        nowhere = self.peer is None or ipaddress.ip_address(self.peer[0]).is_unspecified
        to = self.peer if may and not nowhere else None
        if self.to is None:  # What came for it meanwhile was not sent, and is no loss to be shown.
            self.rebase = True
        self.to = to

    def latch(self, source: Address) -> bool:
        """Whether a good packet from `source` is the peer's; the first one decides, if we are to latch."""
        if source == self.peer:
            self.latching = False
            return True
        if not self.latching:
            return False
        self.latching = False
        self.peer = source
        self._aim()
        return True

    def _change_codec(self, codec: Codec) -> None:
        table = TRANSCODE[self.codec, codec]
        self.codec = codec
        for ear in (*self.ears, *self.sent_ears):
            ear.change_codec()
        if self.member is not None:
            self.member.change_codec(codec)
        if self.playing is not None and self.frames is not None and self.frames is not self.grid:
            # In the midst of a sound: the rest is translated, though it was encoded for the other law.
            self.frames = (frame.translate(table) for frame in self.frames)
        elif self.frames is not None and self.grid is None:
            self.frames = repeat(SILENT_FRAME[codec])

    def choose_translation(self) -> None:
        """See whether what we receive must change its law for `other`."""
        self.translate = None if self.other is None else TRANSCODE.get((self.codec, self.other.codec))

    # --- what is sent -----------------------------------------------------------------------------------------

    def timestamp(self, tick: int) -> int:
        """Our timestamp at a tick: it goes on while nothing is sent (RFC 3550 §5.1)."""
        return (self.timestamp_base + TICK_SAMPLES * tick) & TIMESTAMP_MASK

    def rest(self, tick: int) -> None:
        """Send what a stream sends while nothing plays: what is mixed for it, or silence.

        Silence, so that firewalls and watchful peers see us. A joined one sends only what it is given, unless others
        are heard besides.
        """
        if self.other is not None and self.grid is None:
            self.rebase = True
            self.frames = None
        else:
            self.own_voice(tick)
            self.frames = repeat(SILENT_FRAME[self.codec]) if self.grid is None else self.grid

    def own_voice(self, tick: int) -> None:
        """Our own timestamps follow, on those that were forwarded."""
        self.marker = MARKER
        if self.frames is None:
            next_own = self.timestamp(tick + (self.phase - tick) % PHASES)
            self.timestamp_base = (self.timestamp_base + self._follow_on(next_own) - next_own) & TIMESTAMP_MASK

    def begin_forwarding(self, tick: int, *, ssrc: int, sequence: int, timestamp: int) -> None:
        """Reckon anew from the first packet of a source, so that it continues what was sent before."""
        self.rebase = False
        self.forward_ssrc = ssrc
        self.marker = MARKER
        self.sequence_offset = (self.sequence + 1 - sequence) & SEQUENCE_MASK
        self.timestamp_offset = (self._follow_on(self.timestamp(tick)) - timestamp) & TIMESTAMP_MASK

    def _follow_on(self, timestamp: int) -> int:
        """The timestamp for a voice that would have `timestamp` by the clock.

        Later than all before it; and where only the grids of two sources differ, by less than a frame, it follows the
        last one without a gap.
        """
        if timestamp_distance(timestamp, self.last_stamp) < 2 * FRAME_SAMPLES:
            return (self.last_stamp + FRAME_SAMPLES) & TIMESTAMP_MASK
        return timestamp

    def press(self, keys: str, request: int | None, tick: int) -> None:
        """Send keys behind those that are being sent. Raises ValueError if there is no such key."""
        unknown = set(keys) - set(KEYS)
        if unknown:
            raise ValueError(f"there is no key {min(unknown)!r}: the keys are {KEYS}")
        self.pressing.append(Pressing(request, self._key_frames(keys)))
        if self.keys is None:
            self.own_voice(tick)
            self.keys = self.pressing[0].frames

    def _key_frames(self, keys: str) -> Iterator[KeyFrame | None]:
        for key in keys:
            yield from event_frames(key) if self.dtmf_kind is not None else tone_frames(key, self.codec)

    def blended(self, now: float, stamp: int, frame: bytes) -> bytes:
        """What goes out for a frame of the grid: with what those beside say who speak to this one alone."""
        for ear in self.sent_ears:
            ear.hear(Packet(now, self.ssrc, stamp, self.codec, frame))
        if self.told:
            frame = blend(self.codec, frame, self.told) or frame
        if self.tape is not None:
            self.tape.sent.append(Packet(now, self.ssrc, stamp, self.codec, frame))
        return frame

    def show(self, now: float, stamp: int, voice: bytes) -> None:
        """Something else than a frame of the grid was sent."""
        packet = Packet(now, self.ssrc, stamp, self.codec, voice)
        for ear in self.sent_ears:
            ear.hear(packet)
        if self.tape is not None:
            self.tape.sent.append(packet)

    # --- what is received -------------------------------------------------------------------------------------

    def choose_keeping(self) -> None:
        """See whether anybody wants what is received, or what is sent."""
        self.keeps = (self.recording or self.tape or self.member or self.tone_keys) is not None or bool(self.ears)
        self.shows = self.tape is not None or bool(self.sent_ears or self.told)

    def count_loss(self, ssrc: int, sequence: int) -> None:
        """Take a sequence number that was not the expected one (RFC 3550 §A.1, the idea of it)."""
        ahead = (sequence - self.next_sequence) & SEQUENCE_MASK
        if ssrc != self.from_ssrc:
            self.from_ssrc = ssrc
        elif ahead < 3000:
            self.lost += ahead
        elif ahead > 65536 - 100:  # late: it was counted as lost
            self.lost = max(0, self.lost - 1)
            return
        self.next_sequence = (sequence + 1) & SEQUENCE_MASK

    def close(self) -> None:
        """Free the ports."""
        self.socket.close()
        self.rtcp.close()


def _address(remote: Remote, family: socket.AddressFamily) -> Address:
    """Checked here because the pump does not look: a number that cannot be packed would end the worker."""
    if not 0 <= remote.port <= 65535:
        raise ValueError(f"there is no port {remote.port}")
    for kind in (remote.payload_type, remote.dtmf_payload_type or 0):
        if not 0 <= kind <= 127:
            raise ValueError(f"there is no payload type {kind}")
    try:
        host = ipaddress.ip_address(remote.host)
    except ValueError as error:
        raise ValueError(f"{remote.host!r} is no IP address: look its name up before") from error
    if (host.version == 6) != (family == socket.AF_INET6):
        raise ValueError(f"{remote.host} cannot be reached from a stream of another IP version")
    return (str(host), remote.port, 0, 0) if host.version == 6 else (str(host), remote.port)

"""The RTP header (RFC 3550 §5.1) and the little RTCP that is sent: bytes in, numbers out, no sockets.

The loop that sends and receives packs and unpacks a plain header itself, with the structs named here: it does so
some hundred thousand times a second. Whatever is not plain goes through `payload_bounds`.
"""

from struct import Struct
from typing import Final

HEADER: Final = Struct("!BBHII")
"""First byte, marker and payload type, sequence, timestamp, SSRC."""

HEADER_SIZE: Final = HEADER.size
PLAIN: Final = 0x80
"""The first byte of a packet of version 2 without padding, extension and contributing sources."""
MARKER: Final = 0x80

SEQUENCE_MASK: Final = 0xFFFF
TIMESTAMP_MASK: Final = 0xFFFFFFFF

_VERSION = 2
_EXTENSION = Struct("!HH")
_RTCP_TYPES = range(64, 96)  # second byte 192 to 223 without its top bit: RTCP on the same port (RFC 5761 §4)

_RTCP = Struct("!BBH")
_SENDER_INFO = Struct("!IIIIII")
_SENDER_REPORT = 200
_SOURCE_DESCRIPTION = 202
_CNAME = 1
_NTP_EPOCH = 2_208_988_800  # seconds from 1900 to 1970


class RtpError(ValueError):
    """These bytes are no RTP packet; the message says what is wrong with them."""


def payload_bounds(packet: bytes | bytearray | memoryview, size: int) -> tuple[int, int]:
    """Where the payload of the first `size` bytes of `packet` begins and ends. Raises RtpError.

    Nothing in the packet is trusted: every length is checked against what arrived.
    """
    if size < HEADER_SIZE:
        raise RtpError(f"shorter than a header: {size} bytes")
    first = packet[0]
    if first >> 6 != _VERSION:
        raise RtpError(f"not version 2: {first >> 6}")
    if packet[1] & 0x7F in _RTCP_TYPES:
        raise RtpError(f"a packet of RTCP: {packet[1]}")
    start = HEADER_SIZE + 4 * (first & 0x0F)
    if first & 0x10:
        if start + _EXTENSION.size > size:
            raise RtpError("ends within its header extension")
        start += _EXTENSION.size + 4 * _EXTENSION.unpack_from(packet, start)[1]
    end = size
    if first & 0x20:
        padding = packet[size - 1]
        if padding == 0:
            raise RtpError("padded with nothing")
        end -= padding
    if start > end:
        raise RtpError("its header and padding are longer than itself")
    return start, end


def sequence_distance(later: int, earlier: int) -> int:
    """How far `later` is ahead, from -32768 to 32767, as sequence numbers go round."""
    return ((later - earlier + 0x8000) & SEQUENCE_MASK) - 0x8000


def timestamp_distance(later: int, earlier: int) -> int:
    """How many samples `later` is ahead; negative if it is behind. Timestamps go round."""
    return ((later - earlier + 0x80000000) & TIMESTAMP_MASK) - 0x80000000


def sender_report(*, ssrc: int, cname: str, now: float, timestamp: int, packets: int, octets: int) -> bytes:
    """A sender report with the source's name (RFC 3550 §6.4.1, §6.5). `now` is Unix time in seconds."""
    ntp = int((now + _NTP_EPOCH) * 2**32) & 0xFFFFFFFFFFFFFFFF
    info = _SENDER_INFO.pack(
        ssrc, ntp >> 32, ntp & 0xFFFFFFFF, timestamp, packets & TIMESTAMP_MASK, octets & TIMESTAMP_MASK
    )
    name = cname.encode()[:255]
    chunk = ssrc.to_bytes(4, "big") + bytes((_CNAME, len(name))) + name
    chunk += bytes(4 - len(chunk) % 4)  # at least one null ends the items, and fills the word
    return (
        _RTCP.pack(_VERSION << 6, _SENDER_REPORT, len(info) // 4)
        + info
        + _RTCP.pack(_VERSION << 6 | 1, _SOURCE_DESCRIPTION, len(chunk) // 4)
        + chunk
    )

"""SMPP 3.4 on the wire: packets in and out of octets. Pure.

The bodies of submit_sm and deliver_sm are read and written by smpp34. Its own session is not used: it answers a
deliver_sm before anybody has kept it, so a crash would lose the message.
"""

import struct
from dataclasses import dataclass, field
from enum import IntEnum

_HEADER = struct.Struct(">IIII")
HEADER_OCTETS = _HEADER.size
LONGEST = 70_000
"""Octets of a packet: a payload of 64 KiB (§5.3.2.32) and what stands around it."""
RESPONSE = 0x80000000
"""Set in the command of a response (§5.1.2.1)."""
VERSION = 0x34


class Command(IntEnum):
    """§5.1.2.1, as far as an exchange meets them."""

    BIND_RECEIVER = 0x01
    BIND_TRANSMITTER = 0x02
    SUBMIT_SM = 0x04
    DELIVER_SM = 0x05
    UNBIND = 0x06
    BIND_TRANSCEIVER = 0x09
    ENQUIRE_LINK = 0x15
    ALERT_NOTIFICATION = 0x102
    DATA_SM = 0x103
    GENERIC_NACK = 0x80000000


class Tag(IntEnum):
    """Optional parameters (§5.3.2)."""

    RECEIPTED_MESSAGE_ID = 0x001E
    SAR_MSG_REF_NUM = 0x020C
    SAR_TOTAL_SEGMENTS = 0x020E
    SAR_SEGMENT_SEQNUM = 0x020F
    MESSAGE_PAYLOAD = 0x0424
    MESSAGE_STATE = 0x0427


@dataclass(frozen=True, slots=True)
class Packet:
    """One PDU."""

    command: int
    sequence: int
    status: int = 0
    body: bytes = b""

    @property
    def is_answer(self) -> bool:
        """Whether it answers a request; a generic_nack does."""
        return bool(self.command & RESPONSE)

    def octets(self) -> bytes:
        """As it is sent."""
        length = HEADER_OCTETS + len(self.body)
        return _HEADER.pack(length, self.command, self.status, self.sequence) + self.body

    def answer(self, status: int = 0, body: bytes = b"") -> "Packet":
        """The response to this request."""
        return Packet(self.command | RESPONSE, self.sequence, status, body)

    def refusal(self, status: int) -> "Packet":
        """The generic_nack to this request (§4.3)."""
        return Packet(Command.GENERIC_NACK, self.sequence, status)


def length_of(header: bytes) -> int:
    """Octets of the whole packet whose header this is. Raises ValueError if that cannot be."""
    length = _HEADER.unpack(header)[0]
    if not HEADER_OCTETS <= length <= LONGEST:
        raise ValueError(f"a packet of {length} octets")
    return int(length)


def packet(octets: bytes) -> Packet:
    """The packet that these octets are, whole as `length_of` told."""
    _, command, status, sequence = _HEADER.unpack_from(octets)
    return Packet(command, sequence, status, octets[HEADER_OCTETS:])


def text(body: bytes) -> str:
    """The C-octet string at the beginning of a body: an answer's system_id or message_id."""
    return body.partition(b"\0")[0].decode("latin-1").strip()


def c_string(value: str, octets: int) -> bytes:
    """A C-octet string of at most `octets` octets with its end. Raises ValueError if it is longer, or not ASCII."""
    encoded = value.encode("ascii")
    if len(encoded) >= octets or b"\0" in encoded:
        raise ValueError(f"a text of {len(encoded)} octets where SMPP takes {octets - 1}")
    return encoded + b"\0"


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who we are to the SMSC. Operators hand out longer names and passwords than §5.2.1 and §5.2.2 know."""

    system_id: str
    password: str = field(repr=False)
    system_type: str = ""

    def body(self) -> bytes:
        """Of a bind (§4.1.1): the address range is left to what the SMSC has for us."""
        return (
            c_string(self.system_id, 64)
            + c_string(self.password, 64)
            + c_string(self.system_type, 13)
            + bytes([VERSION, 0, 0])
            + c_string("", 41)
        )

"""Short messages as a phone and its network write them: SUBMIT out, DELIVER and STATUS-REPORT in. Pure.

3GPP TS 23.040 §9.2.2, with the service centre's address before it as 3GPP TS 27.005 §4 has it on a serial port.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cordboard.outbox.sms.pdu_fields import (
    address,
    fill_bits,
    pack,
    read_address,
    read_time,
    unpack,
    validity,
)
from cordboard.outbox.sms.pdu_header import WHOLE, Place, split_header
from cordboard.outbox.sms.ports import Coding, Fate, Part
from cordboard.outbox.sms.segments import from_septets

# --- the first octet, §9.2.3.1 ff.
_DELIVER, _SUBMIT, _STATUS_REPORT = 0x00, 0x01, 0x02
_KIND = 0x03
_RELATIVE_VALIDITY = 0x10
_REPORT_PLEASE = 0x20
_HAS_HEADER = 0x40

_DCS = {Coding.GSM7: 0x00, Coding.UCS2: 0x08}
_GSM7, _DATA, _UCS2 = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Deliver:
    """A message that has come, or a part of one."""

    sender: str
    """+380671234567, a short code, or a name."""
    text: str
    sent: datetime | None
    """When the service centre took it, in UTC; None: it does not say."""
    place: Place = WHOLE


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What became of a message that was sent."""

    reference: int
    """TP-MR: the modem's number of the message, 0 to 255."""
    to: str
    status: int
    at: datetime | None

    @property
    def fate(self) -> Fate:
        """§9.2.3.15. That it was handed on without anybody knowing whether it arrived is no delivery."""
        if self.status == 0x00:
            return Fate.DELIVERED
        return Fate.PENDING if self.status < 0x40 else Fate.FAILED

    @property
    def words(self) -> str:
        """For people."""
        return _STATUSES.get(self.status, f"status 0x{self.status:02X}")


_STATUSES = {
    0x00: "received by the phone",
    0x01: "handed on, whether it arrived is not known",
    0x02: "replaced by the service centre",
    0x20: "congestion, it is tried again",
    0x21: "the phone is busy, it is tried again",
    0x22: "no answer from the phone, it is tried again",
    0x23: "service rejected, it is tried again",
    0x24: "quality of service not available, it is tried again",
    0x25: "error in the phone, it is tried again",
    0x40: "remote procedure error",
    0x41: "incompatible destination",
    0x42: "connection rejected by the phone",
    0x43: "not obtainable",
    0x44: "quality of service not available",
    0x45: "no interworking available",
    0x46: "its validity period is over",
    0x47: "deleted by the sender",
    0x48: "deleted by the service centre",
    0x49: "the service centre does not know it",
    0x60: "congestion, it is not tried again",
    0x61: "the phone is busy, it is not tried again",
    0x62: "no answer from the phone, it is not tried again",
    0x63: "service rejected, it is not tried again",
    0x64: "quality of service not available, it is not tried again",
    0x65: "error in the phone, it is not tried again",
}


def submit(to: str, part: Part, coding: Coding, left: timedelta) -> bytes:
    """The PDU that sends a part, a report wanted; the service centre's address is left to the SIM (a first octet of 0).

    Raises ValueError for a number that a phone cannot send to.
    """
    first = _SUBMIT | _RELATIVE_VALIDITY | _REPORT_PLEASE | (_HAS_HEADER if part.header else 0)
    if coding is Coding.GSM7:
        fill = fill_bits(len(part.header))
        length = (8 * len(part.header) + fill) // 7 + len(part.user_data)
        content = part.header + pack(part.user_data, fill)
    else:
        content = part.header + part.user_data
        length = len(content)
    if len(content) > 140:
        raise ValueError(f"a short message takes 140 octets, not {len(content)}")
    message_reference, protocol = 0, 0  # the modem numbers its messages by itself; §9.2.3.9: a plain short message
    return (
        bytes([0, first, message_reference])
        + address(to)
        + bytes([protocol, _DCS[coding], validity(left), length])
        + content
    )


def read(octets: bytes) -> Deliver | StatusReport:
    """What a modem has told in hexadecimal digits. Raises ValueError, saying what is wrong with it."""
    if not octets or octets[0] + 2 > len(octets):
        raise ValueError("it ends in the service centre's address")
    body = octets[octets[0] + 1 :]
    if body[0] & _KIND == _DELIVER:
        return _deliver(body)
    if body[0] & _KIND == _STATUS_REPORT:
        return _status_report(body)
    raise ValueError("it is neither a message nor a report")


def _deliver(body: bytes) -> Deliver:
    sender, length = read_address(body[1:])
    rest = body[1 + length :]
    if len(rest) < 10:
        raise ValueError("it ends before its text")
    coding, sent, count, content = _alphabet(rest[1]), read_time(rest[2:9]), rest[9], rest[10:]
    header, place = 0, WHOLE
    if body[0] & _HAS_HEADER:
        place, after = split_header(content)
        header = len(content) - len(after)
    if coding == _GSM7:
        fill = fill_bits(header)
        text = from_septets(unpack(content[header:], max(count - (8 * header + fill) // 7, 0), fill))
    elif coding == _UCS2:
        text = content[header:count].decode("utf-16-be", "replace")
    else:
        raise ValueError("it is no text")
    return Deliver(sender, text, sent, place)


def _status_report(body: bytes) -> StatusReport:
    if len(body) < 4:
        raise ValueError("it ends before its status")
    to, length = read_address(body[2:])
    rest = body[2 + length :]
    if len(rest) < 15:
        raise ValueError("it ends before its status")
    return StatusReport(body[1], to, rest[14], read_time(rest[7:14]))


def _alphabet(scheme: int) -> int:
    """Of a data coding scheme (3GPP TS 23.038 §4)."""
    if scheme < 0x80:
        # A compressed text (bit 5) is one that no phone has ever sent.
        return _DATA if scheme & 0x20 else scheme >> 2 & 0b11
    if scheme >= 0xF0:
        return _DATA if scheme & 0x04 else _GSM7
    return {0xC0: _GSM7, 0xD0: _GSM7, 0xE0: _UCS2}.get(scheme & 0xF0, _GSM7)

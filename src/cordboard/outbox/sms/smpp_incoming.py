"""What a deliver_sm tells: a message that has come, or what became of one that was sent. Pure. SMPP 3.4 §4.6."""

import re
from datetime import datetime
from enum import StrEnum

import smpp34

from cordboard.outbox.sms.pdu_header import WHOLE, Place, split_header
from cordboard.outbox.sms.ports import Fate, IncomingSms, SmsReport
from cordboard.outbox.sms.segments import from_septets
from cordboard.outbox.sms.smpp_wire import Tag


class IdBase(StrEnum):
    """How the SMSC writes its name for a message in its answers, and in its receipts."""

    SAME = "same"
    HEX_DECIMAL = "hex-decimal"
    """1A2B in the answer is 6699 in the receipt."""
    DECIMAL_HEX = "decimal-hex"
    """The other way round."""


_BASES = {IdBase.HEX_DECIMAL: (16, 10), IdBase.DECIMAL_HEX: (10, 16)}

# --- esm_class, §5.2.12
HAS_HEADER = 0x40
_KIND = 0x3C
_RECEIPT, _NOTIFICATION = 0x04, 0x20

_INTERNATIONAL = 1
"""Type of number (§5.2.5)."""
_LONGEST_SHORT_CODE = 6

_CODINGS = {1: "ascii", 3: "latin-1", 6: "iso8859-5", 7: "iso8859-8", 8: "utf-16-be", 14: "euc-kr"}
"""data_coding (§5.2.19). 0 is the alphabet of GSM here."""

_GSM7, _DATA, _UCS2 = 0, 1, 2

_BY_NUMBER = {
    1: Fate.PENDING,  # ENROUTE
    2: Fate.DELIVERED,
    3: Fate.FAILED,  # EXPIRED
    4: Fate.FAILED,  # DELETED
    5: Fate.FAILED,  # UNDELIVERABLE
    6: Fate.PENDING,  # ACCEPTED
    7: Fate.PENDING,  # UNKNOWN
    8: Fate.FAILED,  # REJECTED
}
"""message_state (§5.2.28)."""
_BY_WORD = {
    "DELIVRD": Fate.DELIVERED,
    "EXPIRED": Fate.FAILED,
    "DELETED": Fate.FAILED,
    "UNDELIV": Fate.FAILED,
    "REJECTD": Fate.FAILED,
}
"""Of the receipt's text (appendix B); any other is on its way."""
_FIELD = re.compile(r"\b(id|stat|err):([^\s:]+)", re.IGNORECASE)


class UnreadableError(ValueError):
    """There is nothing in it for the exchange. The text says why."""


def reference(answered: str, base: IdBase) -> str:
    """The name of a message from an answer, so written that `told` writes that of its receipt alike."""
    return _canonical(answered, _BASES[base][0]) if base in _BASES else answered


def told(pdu: smpp34.DeliverSm, base: IdBase, now: datetime) -> SmsReport | IncomingSms:
    """What it tells. Raises UnreadableError."""
    if pdu.esm_class & _KIND in {_RECEIPT, _NOTIFICATION} or _tlv(pdu, Tag.RECEIPTED_MESSAGE_ID) is not None:
        return _report(pdu, base)
    return _incoming(pdu, now)


def _report(pdu: smpp34.DeliverSm, base: IdBase) -> SmsReport:
    """Parameters count more than the text, whose form is left to each vendor.

    The time in the text is that of a zone which nobody tells, so none is taken from it.
    """
    text = _content(pdu).decode("latin-1")
    fields = {name.lower(): value for name, value in reversed(_FIELD.findall(text.partition("ext:")[0]))}
    named, state = _tlv(pdu, Tag.RECEIPTED_MESSAGE_ID), _tlv(pdu, Tag.MESSAGE_STATE)
    # §5.3.2.12: the parameter has the name exactly as the answer had it.
    if named is not None and (name := (named.as_string() or "").strip("\0 ")):
        name = reference(name, base)
    elif name := fields.get("id", ""):
        name = _canonical(name, _BASES[base][1]) if base in _BASES else name
    else:
        raise UnreadableError("a receipt that does not tell of which message")
    word = fields.get("stat", "").upper()
    number = state.as_int() if state is not None else None
    fate = _BY_NUMBER.get(number, Fate.PENDING) if number is not None else _BY_WORD.get(word, Fate.PENDING)
    words = " ".join(
        filter(None, [word or (f"state {number}" if number is not None else ""), _error(fields.get("err", ""))])
    )
    return SmsReport(name, fate, words, to=_address(pdu.source_addr, pdu.source_addr_ton))


def _error(code: str) -> str:
    return f"err:{code}" if code.strip("0") else ""


def _incoming(pdu: smpp34.DeliverSm, now: datetime) -> IncomingSms:
    content, place = _content(pdu), _place(pdu)
    if pdu.esm_class & HAS_HEADER:
        try:
            place, content = split_header(content)
        except ValueError as fault:
            raise UnreadableError(str(fault)) from fault
    return IncomingSms(
        sender=_address(pdu.source_addr, pdu.source_addr_ton),
        to=_address(pdu.destination_addr, pdu.dest_addr_ton),
        text=_text(content, pdu.data_coding),
        at=now,
        reference=place.reference,
        part=place.part,
        parts=place.parts,
    )


def _text(content: bytes, coding: int) -> str:
    if coding in _CODINGS:
        return content.decode(_CODINGS[coding], "replace")
    alphabet = _alphabet(coding)
    if alphabet == _GSM7:
        return from_septets(content)
    if alphabet == _UCS2:
        return content.decode("utf-16-be", "replace")
    raise UnreadableError(f"a message that is no text (data_coding {coding})")


def _alphabet(coding: int) -> int:
    """Of the groups of 3GPP TS 23.038 §4, which some SMSCs hand through."""
    if coding == 0:
        return _GSM7
    if 0x10 <= coding <= 0x1F:
        return coding >> 2 & 0b11
    return coding >> 2 & 0b01 if coding >= 0xF0 else _DATA


def _content(pdu: smpp34.DeliverSm) -> bytes:
    payload = _tlv(pdu, Tag.MESSAGE_PAYLOAD)
    return pdu.short_message or (payload.value if payload is not None else b"")


def _place(pdu: smpp34.DeliverSm) -> Place:
    """Of the sar parameters (§5.3.2.22 to 24)."""
    tlvs = [_tlv(pdu, tag) for tag in (Tag.SAR_MSG_REF_NUM, Tag.SAR_SEGMENT_SEQNUM, Tag.SAR_TOTAL_SEGMENTS)]
    numbers = [int.from_bytes(each.value, "big") for each in tlvs if each is not None]
    if len(numbers) < len(tlvs) or not 1 <= numbers[1] <= numbers[2]:
        return WHOLE
    return Place(*numbers)


def _tlv(pdu: smpp34.DeliverSm, tag: Tag) -> smpp34.Tlv | None:
    return next((each for each in pdu.tlvs if each.tag == tag), None)


def _address(address: str, ton: int) -> str:
    """A short code stays one, whatever type it is given: some SMSCs know only one."""
    if ton == _INTERNATIONAL and address.isdecimal() and len(address) > _LONGEST_SHORT_CODE:
        return f"+{address}"
    return address


def _canonical(name: str, base: int) -> str:
    try:
        return str(int(name, base))
    except ValueError:
        return name

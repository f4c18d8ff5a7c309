"""Fields of a short message's PDU: packed septets, addresses, times. Pure. 3GPP TS 23.040 §9.1.2."""

from datetime import UTC, datetime, timedelta, timezone

from cordboard.outbox.sms.segments import from_septets

_INTERNATIONAL, _UNKNOWN = 0x91, 0x81
"""Types of address with the plan of ISDN (§9.1.2.5)."""
_KIND = 0x70
_IS_INTERNATIONAL, _IS_NAME = 0x10, 0x50
_SIGNS = "0123456789*#abc"
"""A semi-octet's sign (§9.1.2.3); 0xF fills up."""


def pack(septets: bytes, fill: int = 0) -> bytes:
    """Septets as a bit stream from the lowest bit on, after `fill` bits of nothing (3GPP TS 23.038 §6.1.2.1)."""
    stream = 0
    for place, septet in enumerate(septets):
        stream |= septet << (fill + 7 * place)
    return stream.to_bytes((fill + 7 * len(septets) + 7) // 8, "little")


def unpack(octets: bytes, count: int, fill: int = 0) -> bytes:
    """The other way: `count` septets, or as many as there are."""
    stream = int.from_bytes(octets, "little") >> fill
    count = min(count, max(8 * len(octets) - fill, 0) // 7)
    return bytes(stream >> 7 * place & 0x7F for place in range(count))


def fill_bits(header: int) -> int:
    """How many bits bring what follows `header` octets to the next septet (TS 23.040 §9.2.3.24)."""
    return -8 * header % 7


def address(number: str) -> bytes:
    """An address field (§9.1.2.5): +380671234567, or digits. Raises ValueError for anything else."""
    digits = number.removeprefix("+")
    if not digits or not set(digits) <= set(_SIGNS) or len(digits) > 20:
        raise ValueError(f"{number!r} is no number that a phone can send to")
    kind = _INTERNATIONAL if number.startswith("+") else _UNKNOWN
    return bytes([len(digits), kind]) + semi_octets(digits)


def read_address(octets: bytes) -> tuple[str, int]:
    """The address at the beginning, and how many octets it takes. Raises ValueError if it is broken."""
    if len(octets) < 2:
        raise ValueError("it ends in an address")
    length, kind = octets[0], octets[1] & _KIND
    end = 2 + (length + 1) // 2
    value = octets[2:end]
    if len(octets) < end:
        raise ValueError("it ends in an address")
    if kind == _IS_NAME:
        return from_septets(unpack(value, length * 4 // 7)), end
    return ("+" if kind == _IS_INTERNATIONAL else "") + digits(value)[:length], end


def semi_octets(signs: str) -> bytes:
    """Two signs an octet, the first one low."""
    nibbles = [_SIGNS.index(sign) for sign in signs] + [0xF] * (len(signs) % 2)
    return bytes(low | high << 4 for low, high in zip(nibbles[::2], nibbles[1::2], strict=True))


def digits(octets: bytes) -> str:
    """The other way; what fills up is left out."""
    nibbles = [nibble for octet in octets for nibble in (octet & 0xF, octet >> 4)]
    return "".join(_SIGNS[nibble] for nibble in nibbles if nibble < len(_SIGNS))


def read_time(octets: bytes) -> datetime | None:
    """A time stamp (§9.2.3.11) in UTC; None if it is none. Its zone is in quarters of an hour, bit 3 is its sign."""
    if len(octets) < 7:
        raise ValueError("it ends in a time")
    year, month, day, hour, minute, second = ((octet & 0xF) * 10 + (octet >> 4) for octet in octets[:6])
    quarters = (octets[6] & 0x7) * 10 + (octets[6] >> 4)
    zone = timedelta(minutes=-15 * quarters if octets[6] & 0x8 else 15 * quarters)
    try:
        local = datetime(2000 + year, month, day, hour, minute, second, tzinfo=timezone(zone))
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def validity(left: timedelta) -> int:
    """The longest relative validity period (§9.2.3.12.1) within `left`; the shortest there is are 5 minutes."""
    minutes = int(left.total_seconds()) // 60
    if minutes < 12 * 60 + 30:
        return min(max(minutes // 5 - 1, 0), 143)
    if minutes < 2 * 24 * 60:
        return min(143 + (minutes - 12 * 60) // 30, 167)
    days = minutes // (24 * 60)
    if days < 35:
        return min(166 + days, 196)
    return min(192 + days // 7, 255)

"""The user data header of a short message, as far as long texts need it. Pure. 3GPP TS 23.040 §9.2.3.24."""

from dataclasses import dataclass

_CONCATENATED_8 = 0x00
_CONCATENATED_16 = 0x08


@dataclass(frozen=True, slots=True)
class Place:
    """Which part of which long text."""

    reference: int = 0
    """What its parts have in common."""
    part: int = 1
    parts: int = 1


WHOLE = Place()


def split_header(user_data: bytes) -> tuple[Place, bytes]:
    """What the header tells, and the octets after it. Raises ValueError if it is longer than the message."""
    if not user_data or user_data[0] >= len(user_data):
        raise ValueError("the user data header is longer than the message")
    end = user_data[0] + 1
    return _place(user_data[1:end]), user_data[end:]


def _place(elements: bytes) -> Place:
    """Elements that are unknown or broken are passed over, as §9.2.3.24 asks."""
    place = WHOLE
    at = 0
    while at + 2 <= len(elements):
        kind, length = elements[at], elements[at + 1]
        value = elements[at + 2 : at + 2 + length]
        at += 2 + length
        if (kind, len(value)) == (_CONCATENATED_8, 3):
            found = Place(value[0], value[2], value[1])
        elif (kind, len(value)) == (_CONCATENATED_16, 4):
            found = Place(int.from_bytes(value[:2], "big"), value[3], value[2])
        else:
            continue
        # §9.2.3.24.1: a number of 0, or one beyond the whole, makes the element void.
        if 1 <= found.part <= found.parts:
            place = found
    return place

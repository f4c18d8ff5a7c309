"""Values of cells: as files hold them, as scenarios have them, and when two of them are the same."""

import math
import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from cordboard.telephony import PhoneNumber

Cell = str | Decimal | bool | date | datetime | time | timedelta | None
"""What a cell says. Moments are without a zone, as in Excel; None is an empty cell."""
Raw = Cell | int | float
"""What a reader gives, not yet brought into shape."""
Sought = Cell | PhoneNumber
"""What a cell is compared with. A phone is found in any writing."""

_LOST = re.compile(r"\s*[+-]?\d(?:[.,]\d+)?[eEеЕ]\+?\d{1,3}\s*")
"""A number that Excel wrote out as a text: most of its digits are gone. The E may have become a Cyrillic one."""
_NO_DIGIT = re.compile(r"[^0-9*#]+")
_BETWEEN_PHONES = re.compile(r"[,;/\n]+")
_TAIL = 7
"""The last digits of a phone: the same however it is written. Shorter ones (extensions) are compared whole."""


def cell_of(raw: Raw) -> Cell:
    """The value as scenarios have it. Numbers have the 15 digits that Excel keeps: 0.1 + 0.2 is 0.3.

    What is no number in any Excel (NaN of a broken file) is an empty cell.
    """
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        if not math.isfinite(raw):
            return None
        number = Decimal(format(raw, ".15g"))
        return Decimal(int(number)) if number == number.to_integral_value() else number
    if isinstance(raw, str) and not raw.strip():
        return None
    return raw


def folded(cell: Sought) -> str:
    """What is compared: without regard to case and blanks, the number 105 as the text "105", a phone by its digits."""
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case Decimal():
            return format(cell.normalize(), "f") if cell else "0"
        case str():
            return " ".join(cell.split()).casefold()
        case datetime():
            return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "seconds")
        case date() | time():
            return cell.isoformat()
        case PhoneNumber():
            return cell.canonical
    return str(cell)


def is_lost(cell: Cell) -> bool:
    """Whether it is the *text* 3.80671E+11: a phone whose digits are lost."""
    return isinstance(cell, str) and _LOST.fullmatch(cell) is not None


def tail(text: str) -> str:
    """The digits by which candidates for a phone are found."""
    digits = _NO_DIGIT.sub("", text)
    return digits[-_TAIL:]


def phones_in(cell: Cell) -> Iterator[str]:
    """The phones of a cell, as texts: itself, and if it holds several with , ; / between them, each of those."""
    if isinstance(cell, Decimal):
        if cell > 0 and cell == cell.to_integral_value():
            yield str(int(cell))
    elif isinstance(cell, str) and not is_lost(cell):
        yield cell
        parts = _BETWEEN_PHONES.split(cell)
        if len(parts) > 1:
            yield from (part for part in parts if part.strip())


def same(cell: Cell, sought: Sought, country: str) -> bool:
    """Whether a cell says what is sought. A text that is written like a phone of the world is one."""
    if not isinstance(sought, PhoneNumber):
        if folded(cell) == folded(sought):
            return True
        phone = as_phone(sought, country)
        if phone is None:
            return False
        sought = phone
    if not sought:
        return False
    wanted = tail(sought.canonical)
    return any(tail(text) == wanted and PhoneNumber.parse(text, country=country) == sought for text in phones_in(cell))


def as_phone(sought: Sought, country: str) -> PhoneNumber | None:
    """The phone that is sought; of a text only if it is a full number of the world."""
    if isinstance(sought, PhoneNumber):
        return sought
    if not isinstance(sought, str) or is_lost(sought):
        return None
    phone = PhoneNumber.parse(sought, country=country)
    return phone if phone.international else None

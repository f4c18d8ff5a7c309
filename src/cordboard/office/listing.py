"""What stands on a list of numbers: a number in canonical writing, or a prefix with a star."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cordboard.telephony import PhoneNumber

STAR = "*"
_SHORT = 4
"""Digits; a longer prefix without a plus is no extension's, its plus was left out."""
_PREFIX = re.compile(r"\+?[1-9][0-9]*")


@dataclass(frozen=True, slots=True)
class ListedNumber:
    """A number on a list."""

    list: str
    number: str
    """Canonical; a prefix ends in a star: `+380800*`."""
    note: str = ""
    until: datetime | None = None
    """From when on it counts no more; aware. None: it stays."""


def listed_number(text: str, country: str) -> str:
    """What stands on a list for a number in any writing, or for a prefix with its star; empty if it is none of them.

    A prefix has the code of its country: that of a national writing cannot be told.
    """
    if text.strip().endswith(STAR):
        prefix = re.sub(r"[\s()\-.]", "", text.strip().removesuffix(STAR))
        if not _PREFIX.fullmatch(prefix):
            return ""
        abroad = not prefix.startswith("+") and len(prefix) > _SHORT
        return ("+" if abroad else "") + prefix + STAR
    return PhoneNumber.parse(text, country=country).canonical


def meeting(phone: PhoneNumber) -> Sequence[str]:
    """Everything that may stand on a list and meets `phone`, the most exact first."""
    canonical = phone.canonical
    shortest = 2 if canonical.startswith("+") else 1
    return [canonical, *(canonical[:length] + STAR for length in range(len(canonical), shortest - 1, -1))]

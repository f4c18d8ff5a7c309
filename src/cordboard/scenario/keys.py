"""The keys by which runs and messages are found: one key for one phone, however its number is written."""

import re

from cordboard.scenario.values import AnyValue, normal, show
from cordboard.telephony import PhoneNumber

_LIKE_A_PHONE = re.compile(r"\+?[\d\s().\-]{7,30}")


def as_key(value: AnyValue, country: str) -> str:
    """A value as a key: a phone, or a text that can only be one, in its canonical writing; else its text."""
    if isinstance(value, PhoneNumber):
        return value.canonical
    text = show(normal(value)).strip()
    if _LIKE_A_PHONE.fullmatch(text):
        phone = PhoneNumber.parse(text, country=country)
        if phone.international:
            return phone.canonical
    return text

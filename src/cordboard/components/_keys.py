"""Keys of a telephone as properties, with sentences for what is none."""

from typing import Annotated

from pydantic import AfterValidator

from cordboard.telephony import ALL_KEYS


def _keys(text: str) -> str:
    for character in text:
        if character not in ALL_KEYS:
            raise ValueError(f"{character!r} is no key of a telephone: write 0 to 9, * or #")
    return text


def _one(text: str) -> str:
    if len(text) != 1:
        raise ValueError("write one key: 0 to 9, * or #")
    return text


def _end_key(text: str) -> str:
    if text not in ("", "*", "#"):
        raise ValueError(f"{text!r} cannot end the input: write # or *, or nothing")
    return text


Keys = Annotated[str, AfterValidator(_keys)]
"""Any number of keys."""
Key = Annotated[Keys, AfterValidator(_one)]
"""Exactly one."""
EndKey = Annotated[str, AfterValidator(_end_key)]
"""The square, the star, or none."""

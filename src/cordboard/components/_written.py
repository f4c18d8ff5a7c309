"""What the written shape of a step says, before anything is evaluated."""

from collections.abc import Mapping
from typing import Any

_NO = frozenset({"no", "false", "нет", "ні"})


def may_be(written: Mapping[str, Any], name: str, *, default: bool) -> bool:
    """Whether a yes-or-no property is yes, or may be: who knows what an expression gives."""
    text = written.get(name)
    return default if not isinstance(text, str) else text.strip().lower() not in _NO


def may_be_not(written: Mapping[str, Any], name: str, *, default: bool) -> bool:
    """Whether it is no, or may be."""
    text = written.get(name)
    if not isinstance(text, str):
        return not default
    return text.startswith("=") or text.strip().lower() in _NO

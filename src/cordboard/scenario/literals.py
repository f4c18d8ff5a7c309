"""How numbers and durations are written and read; the leaves of `values`."""

import re
from datetime import timedelta
from decimal import Decimal, InvalidOperation

from cordboard.scenario.said import said


class BadValueError(ValueError):
    """A text is no literal of the type; the message says how one is written."""


_NUMBER = re.compile(r"[+-]?\d{1,28}(\.\d{1,28})?", re.ASCII)
_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|d|h|m|s)", re.ASCII)
_BARE = re.compile(r"\d{1,9}(\.\d{1,6})?", re.ASCII)
_MOST_SECONDS = 3.2e9
_MOST_CHARACTERS = 100


def shorten(text: str, limit: int = 60) -> str:
    """Cut a text for a message."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def parse_number(text: str) -> Decimal:
    """Read a number, with a point or a comma."""
    plain = text.strip().replace("\N{NO-BREAK SPACE}", "").replace(",", ".")
    if not _NUMBER.fullmatch(plain):
        raise BadValueError(said("{text!r} is no number: write 12 or 12.5", text=shorten(text)))
    try:
        return Decimal(plain)
    except InvalidOperation as error:
        raise BadValueError(said("{text!r} is no number: write 12 or 12.5", text=shorten(text))) from error


def show_number(value: Decimal) -> str:
    """Write a number without exponent and superfluous zeros."""
    if not value.is_finite():
        return str(value)
    if not value:
        return "0"
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def parse_duration(text: str) -> timedelta:
    """Read 2d, 30s, 1h30m, 500ms; a bare number is seconds. A minus may stand before it."""
    plain = text[:_MOST_CHARACTERS].strip().replace(" ", "").lower()
    sign = -1 if plain.startswith("-") else 1
    plain = plain.removeprefix("-")
    if _BARE.fullmatch(plain):
        plain += "s"
    end, seconds = 0, 0.0
    for match in _DURATION.finditer(plain):
        if match.start() != end:
            break
        seconds += float(match[1]) * _UNITS[match[2]]
        end = match.end()
    if not plain or end != len(plain) or seconds > _MOST_SECONDS or len(text) > _MOST_CHARACTERS:
        raise BadValueError(said("{text!r} is no duration: write 30s, 5m, 1h30m or 2d", text=shorten(text)))
    return timedelta(seconds=seconds * sign)


def show_duration(value: timedelta) -> str:
    """Write a duration as it is read: 1h30m, 2d, 1.5s."""
    seconds = value.total_seconds()
    if seconds < 0:
        return "-" + show_duration(-value)
    parts = []
    for unit in ("d", "h", "m"):
        count, seconds = divmod(seconds, _UNITS[unit])
        if count:
            parts.append(f"{count:.0f}{unit}")
    if seconds or not parts:
        parts.append(f"{seconds:.6f}".rstrip("0").rstrip(".") + "s")
    return "".join(parts)

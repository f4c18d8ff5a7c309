"""The script of a phone: `1, wait 2, 105#, hold, wait 1, resume, hang up`."""

import re
from dataclasses import dataclass

_KEYS = re.compile(r"[0-9*#A-Da-d]+")
_WAIT = re.compile(r"wait\s+(\d{1,4}(?:\.\d{1,3})?)", re.IGNORECASE)
_WORDS = {"hold": "hold", "resume": "resume", "hang up": "hang up"}


class ScriptError(ValueError):
    """A script cannot be read; the message says where and what is possible."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `keys` for press, `seconds` for wait."""

    what: str
    """press, wait, hold, resume or hang up."""
    keys: str = ""
    seconds: float = 0.0


def parse_script(text: str) -> list[Step]:
    """Read a script; empty text gives no steps. Raises ScriptError."""
    steps = []
    position = 1
    for part in text.split(",") if text.strip() else ():
        steps.append(_step(part.strip(), position + len(part) - len(part.lstrip())))
        position += len(part) + 1
    return steps


def _step(part: str, position: int) -> Step:
    if _KEYS.fullmatch(part):
        return Step("press", keys=part.upper())
    if wait := _WAIT.fullmatch(part):
        return Step("wait", seconds=float(wait[1]))
    if word := _WORDS.get(" ".join(part.lower().split())):
        return Step(word)
    raise ScriptError(
        f"At character {position}: {part!r} is no step. "
        "Steps are keys (0-9 * # A-D), `wait SECONDS`, hold, resume, hang up"
    )

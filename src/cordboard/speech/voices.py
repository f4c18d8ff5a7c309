"""Which voice speaks: the one that a step wishes for, else the office's, else the engine's usual one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from cordboard.speech.engine import Voice

SLOWEST, FASTEST = 0.5, 2.0
"""The speeds, of the voice's own, at which a telephone's listener still understands."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How the office speaks where nothing else was asked for."""

    voices: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Of each language the names of its voices, with commas between, the favourite first."""
    speed: float = 1.0


USUAL_MANNER = Manner()


def names_in(wish: str) -> list[str]:
    """The names of voices in a wish such as `Aleksandr, Anatol`, in lower case."""
    return [name for each in wish.split(",") if (name := each.strip().casefold())]


def pick(voices: Sequence[Voice], language: str, *wishes: str) -> Voice | None:
    """The first voice of `language` that a wish names, else its usual one; None if none speaks it.

    Each wish is one name or several: so a text in several languages has its voice for each of them.
    """
    able = [voice for voice in voices if voice.language == language]
    by_name = {voice.name.casefold(): voice for voice in reversed(able)}
    wished = (by_name.get(name) for wish in wishes for name in names_in(wish))
    return next(filter(None, wished), able[0] if able else None)

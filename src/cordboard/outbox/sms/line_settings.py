"""What a kind of line asks the administrator for: declared once, read from there, shown from there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

YES_NO = ("no", "yes")


@dataclass(frozen=True, slots=True)
class LineSetting:
    """One setting of a kind of line."""

    name: str
    help: str
    """For the administrator."""
    default: str | None = ""
    """None: there is none, it must be given."""
    secret: bool = False
    """Shown to nobody."""
    choices: Sequence[str] = ()
    """What it may be; empty: a text or a number."""


class ReadSettings:
    """The settings of the line `line` as typed values. Each method raises ValueError, a sentence for people."""

    def __init__(self, line: str, declared: Sequence[LineSetting], given: Mapping[str, str]) -> None:
        self._line = line
        self._declared = {each.name: each for each in declared}
        self._given = {name: value.strip() for name, value in given.items()}
        if unknown := sorted(self._given.keys() - self._declared.keys()):
            known = ", ".join(self._declared)
            raise ValueError(f"the SMS line {line!r} has no setting {unknown[0]!r}; it has {known}")

    def text(self, name: str) -> str:
        """As it was given, or its default."""
        declared = self._declared[name]
        value = self._given.get(name) or declared.default
        if value is None:
            raise ValueError(f"the SMS line {self._line!r} needs the setting {name!r}: {declared.help}")
        if declared.choices and value not in declared.choices:
            possible = ", ".join(declared.choices)
            raise ValueError(f"the setting {name!r} of the SMS line {self._line!r} is one of {possible}")
        return value

    def flag(self, name: str) -> bool:
        """Yes or no."""
        return self.text(name) == "yes"

    def number(self, name: str, least: int, most: int) -> int:
        """A whole number within bounds."""
        text = self.text(name)
        value = int(text) if text.isascii() and text.isdecimal() else -1
        if not least <= value <= most:
            raise ValueError(f"the setting {name!r} of the SMS line {self._line!r} is a number from {least} to {most}")
        return value

    def number_if_given(self, name: str, least: int, most: int) -> int | None:
        """A whole number within bounds; None if it is left empty."""
        return self.number(name, least, most) if self.text(name) else None

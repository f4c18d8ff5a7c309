"""A subset of SSML 1.1, read into neutral pieces: what is said, how, and the pauses between. Pure.

Elements: speak, p, s, break (time, strength), sub (alias), say-as (interpret-as characters, spell-out, digits,
telephone), prosody (rate), emphasis, voice (name), lang (xml:lang). Of prosody, pitch and volume are read and passed
over: not every engine has them. Whatever else is a fault: a tag that is silently ignored is a tag that is read out by
the next engine.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import NoReturn
from xml.parsers import expat
from xml.sax.saxutils import escape

from cordboard.speech.voices import FASTEST, SLOWEST

LONGEST = 20_000
"""Characters, with the tags."""
DEEPEST = 20
MOST = 200
"""Pieces and pauses."""
LONGEST_PAUSE, LONGEST_PAUSES = 10.0, 60.0
"""Seconds: of one, and of all together."""
LANGUAGES = ("en", "ru", "uk")


@dataclass(frozen=True, slots=True)
class Manner:
    """How a piece is spoken. Empty: as whatever stands around the markup."""

    language: str = ""
    voice: str = ""
    speed: float = 1.0
    """Beside the speed of what stands around."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Text that is spoken in one breath."""

    text: str
    manner: Manner


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing, for so many seconds."""

    seconds: float


class MarkupError(ValueError):
    """The text is not of this subset; the message says where and what."""


def inserted(value: str) -> str:
    """A value as it stands within markup: its signs are signs, never tags."""
    return escape(value, {'"': "&quot;", "'": "&apos;"})


def read(markup: str) -> list[Piece | Pause]:
    """The pieces, in order; none is empty, and no two pauses meet. `<speak>` around it all may be left out.

    Raises MarkupError.
    """
    if len(markup) > LONGEST:
        raise MarkupError(f"the text with its markup has {len(markup)} characters; at most {LONGEST} are read")
    # Nothing but the declaration may stand before <speak>: so there is no document type, and there are no entities but
    # the five of XML: nothing to expand, nothing to fetch.
    whole = markup if re.match(r"\s*(<\?xml[^>]*\?>\s*)?<speak\b", markup) else f"<speak>{markup}</speak>"
    return _Reader().read(whole)


_STRENGTHS: Mapping[str, float] = MappingProxyType(
    {"none": 0.0, "x-weak": 0.1, "weak": 0.2, "medium": 0.4, "strong": 0.7, "x-strong": 1.2}
)
_RATES: Mapping[str, float] = MappingProxyType(
    {"x-slow": 0.6, "slow": 0.8, "medium": 1.0, "default": 1.0, "fast": 1.25, "x-fast": 1.6}
)
_EMPHASIS: Mapping[str, float] = MappingProxyType({"strong": 0.8, "moderate": 0.9, "none": 1.0, "reduced": 1.1})
_AFTER: Mapping[str, float] = MappingProxyType({"s": 0.25, "p": 0.6})
_SPELT = frozenset({"characters", "spell-out", "digits", "telephone"})
_TIME = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)(ms|s)")
_PERCENT = re.compile(r"(\d{1,4})%")


@dataclass(slots=True)
class _Open:
    name: str
    manner: Manner
    spelt: bool = False
    instead: str | None = None
    """What is said in place of what stands inside (sub)."""


class _Reader:
    def __init__(self) -> None:
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._open: list[_Open] = [_Open("", Manner())]
        self._found: list[Piece | Pause] = []
        self._paused = 0.0

    def read(self, markup: str) -> list[Piece | Pause]:
        try:
            self._parser.Parse(markup, True)
        except expat.ExpatError as fault:
            self._fault(
                f"this is no sound markup ({expat.errors.messages[fault.code]}); write & as &amp; and < as &lt;"
            )
        while self._found and isinstance(self._found[-1], Pause):
            self._found.pop()  # behind the last word nobody waits
        return self._found

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) > DEEPEST:
            self._fault(f"tags stand more than {DEEPEST} deep")
        handler = _TAGS.get(name)
        if handler is None:
            self._fault(f"there is no tag <{name}> here; possible are {', '.join(sorted(_TAGS))}")
        inner = replace(self._open[-1], name=name)
        handler(self, inner, attributes)
        self._open.append(inner)

    def _end(self, name: str) -> None:
        ended = self._open.pop()
        if ended.instead is not None and self._open[-1].instead is None:
            self._add(ended.instead, ended)
        if name in _AFTER:
            self._pause(_AFTER[name])

    def _text(self, text: str) -> None:
        if self._open[-1].instead is None:
            self._add(text, self._open[-1])

    def _add(self, text: str, how: _Open) -> None:
        spoken = " ".join(text.split())
        if how.spelt:
            spoken = ", ".join(each for each in spoken if each.isalnum() or each in "+*#")
        if not re.search(r"\w", spoken):
            return
        last = self._found[-1] if self._found else None
        if isinstance(last, Piece) and last.manner == how.manner:
            self._found[-1] = Piece(f"{last.text} {spoken}", how.manner)
        else:
            self._append(Piece(spoken, how.manner))

    def _pause(self, seconds: float) -> None:
        if not seconds or not self._found:
            return  # before the first word nobody waits
        if seconds > LONGEST_PAUSE:
            self._fault(f"a pause of {seconds:g} s is too long; at most it is {LONGEST_PAUSE:g} s")
        last = self._found[-1]
        if isinstance(last, Pause):
            self._paused -= last.seconds
            seconds = max(last.seconds, seconds)
            self._found.pop()
        self._paused += seconds
        if self._paused > LONGEST_PAUSES:
            self._fault(f"all pauses together are longer than {LONGEST_PAUSES:g} s")
        self._append(Pause(seconds))

    def _append(self, found: Piece | Pause) -> None:
        if len(self._found) >= MOST:
            self._fault(f"there are more than {MOST} pieces and pauses")
        self._found.append(found)

    # --- tags -------------------------------------------------------------------------------------------------

    def speak(self, inner: _Open, attributes: Mapping[str, str]) -> None:
        if len(self._open) > 1:
            self._fault("<speak> stands only around everything")
        if "xml:lang" in attributes:
            self.lang(inner, attributes)

    def plain(self, inner: _Open, attributes: Mapping[str, str]) -> None:
        if inner.name == "p":
            self._pause(_AFTER["p"])
        if "xml:lang" in attributes:
            self.lang(inner, attributes)

    def break_(self, _inner: _Open, attributes: Mapping[str, str]) -> None:
        if "time" in attributes:
            found = _TIME.fullmatch(attributes["time"].strip())
            if not found:
                self._fault('the time of <break> is written as time="500ms" or time="1.5s"')
            self._pause(float(found[1]) / (1000 if found[2] == "ms" else 1))
        else:
            self._pause(self._one_of("strength", attributes.get("strength", "medium"), _STRENGTHS))

    def sub(self, inner: _Open, attributes: Mapping[str, str]) -> None:
        inner.instead = self._needed("alias", inner, attributes)

    def say_as(self, inner: _Open, attributes: Mapping[str, str]) -> None:
        kind = self._needed("interpret-as", inner, attributes)
        if kind not in _SPELT:
            self._fault(f'interpret-as="{kind}" is not known; possible are {", ".join(sorted(_SPELT))}')
        inner.spelt = True

    def prosody(self, inner: _Open, attributes: Mapping[str, str]) -> None:
        rate = attributes.get("rate", "medium").strip()
        found = _PERCENT.fullmatch(rate)
        factor = int(found[1]) / 100 if found else self._one_of("rate", rate, _RATES)
        self._slower(inner, factor)

    def emphasis(self, inner: _Open, attributes: Mapping[str, str]) -> None:
        self._slower(inner, self._one_of("level", attributes.get("level", "moderate"), _EMPHASIS))

    def voice(self, inner: _Open, attributes: Mapping[str, str]) -> None:
        inner.manner = replace(inner.manner, voice=self._needed("name", inner, attributes))

    def lang(self, inner: _Open, attributes: Mapping[str, str]) -> None:
        language = self._needed("xml:lang", inner, attributes).split("-")[0].lower()
        if language not in LANGUAGES:
            self._fault(f"{language!r} is no language here: possible are {', '.join(LANGUAGES)}")
        inner.manner = replace(inner.manner, language=language)

    def _slower(self, inner: _Open, factor: float) -> None:
        speed = min(max(inner.manner.speed * factor, SLOWEST), FASTEST)
        inner.manner = replace(inner.manner, speed=round(speed, 2))

    def _needed(self, name: str, inner: _Open, attributes: Mapping[str, str]) -> str:
        if not attributes.get(name, "").strip():
            self._fault(f'<{inner.name}> needs {name}="…"')
        return attributes[name].strip()

    def _one_of(self, name: str, value: str, table: Mapping[str, float]) -> float:
        if value not in table:
            self._fault(f'{name}="{value}" is not known; possible are {", ".join(table)}')
        return table[value]

    def _fault(self, what: str) -> NoReturn:
        line = f"line {self._parser.CurrentLineNumber}: " if self._parser.CurrentLineNumber > 1 else ""
        raise MarkupError(f"{line}{what}")


_TAGS: Mapping[str, Callable[[_Reader, _Open, Mapping[str, str]], None]] = MappingProxyType(
    {
        "speak": _Reader.speak,
        "p": _Reader.plain,
        "s": _Reader.plain,
        "break": _Reader.break_,
        "sub": _Reader.sub,
        "say-as": _Reader.say_as,
        "prosody": _Reader.prosody,
        "emphasis": _Reader.emphasis,
        "voice": _Reader.voice,
        "lang": _Reader.lang,
    }
)

"""Sentences in the language of their reader, known again by their English text.

A sentence is known by its template: `there is no step {0}` stands for f"there is no step {target!r}" in the source, and
`{name}: {fault}` for said("{name}: {fault}", …). So it may have gone through a database, a trace or
pydantic meanwhile, and nothing but its text need be kept.
"""

import re
import string
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from cordboard.locale.tables import table

LANGUAGES = ("en", "ru", "uk")
_DEEP = 4
"""Sentences within sentences."""
_OWN = frozenset({"name", "names", "scenario", "step", "number", "path", "called", "keys"})
"""Values that are the user's own, even if they look like a word of ours: a variable may be called `number`."""


@dataclass(frozen=True, slots=True)
class _Template:
    pattern: re.Pattern[str]
    told: str
    names: tuple[str, ...]
    has_commas: bool
    """Of its own: a list is cut at commas, but this sentence must not be."""
    has_colon: bool
    letters: int
    """Of its own: the more, the better it knows what it means."""

    def stop(self, text: str) -> str:
        """A fault that is shown alone has got a full stop: it belongs to no value."""
        return "." if text.endswith(".") and not self.told.endswith(".") else ""


def tell(sentence: str, language: str) -> str:
    """`sentence` in `language` (ru, uk), if it is known there; else as it is: English is better than nothing."""
    if language not in LANGUAGES or language == "en":
        return str(sentence)
    return _told(str(sentence), language, _DEEP)


def head(word: str, language: str) -> str:
    """The head of a column in `language`: these words stand alone, and are told nowhere else."""
    return str(table("heads", language).get(word, word))


def _told(text: str, language: str, deep: int) -> str:
    sentences = table("sentences", language)
    if text in sentences:
        return str(sentences[text])
    if text.endswith(".") and text[:-1] in sentences:
        return f"{sentences[text[:-1]]}."
    if text in (words := table("words", language)):
        return str(words[text])
    if not deep:
        return text
    templates = _templates(language)
    if whole := _by_template((each for each in templates if each.has_commas), text, language, deep):
        return whole
    if listed := _told_list(text, language, deep):
        return listed
    if whole := _by_template((each for each in templates if not each.has_commas), text, language, deep):
        return whole
    for between in ("; ", ": "):
        # What a sentence is about stands before a colon: a property, a function, a variable.
        head, found_between, tail = text.partition(between)
        if found_between:
            told = _told(tail, language, deep - 1)
            first = _told(head, language, deep - 1) if between == "; " else head
            if (first, told) != (head, tail):
                return first + between + told
    if text.endswith(".") and (told := _told(text[:-1], language, deep - 1)) != text[:-1]:
        return f"{told}."
    return text


def _by_template(templates: Iterable[_Template], text: str, language: str, deep: int) -> str:
    """The text by the template that it fits best, with its values told; empty without one."""
    fitting = (
        (each, found) for each in templates if (found := each.pattern.fullmatch(text.removesuffix(each.stop(text))))
    )
    best = next(fitting, None)
    if best is None:
        return ""
    if best[1].start(1) == 0 and ": " in best[1][1]:
        # What stands before a colon frames the rest: another template may know the frame.
        frames = (pair for pair in fitting if pair[0].has_colon and ": " not in pair[1][1])
        best = next(frames, best)
    template, found = best
    if cut := _told_cut(text, template, language, deep):
        return cut
    given = zip(template.names, found.groups(), strict=True)
    values = [value if name[1:] in _OWN else _value(value, language, deep - 1) for name, value in given]
    told = string.Formatter().vformat(template.told, (), dict(zip(template.names, values, strict=True)))
    return told + template.stop(text)


def _told_cut(text: str, template: _Template, language: str, deep: int) -> str:
    """Two sentences, if the template only seems to fit because a value of it has swallowed one; empty otherwise."""
    first, found, rest = text.partition("; ")
    if found and template.pattern.fullmatch(first) and (told := _told(rest, language, deep - 1)) != rest:
        return f"{_told(first, language, deep - 1)}; {told}"
    place, found, rest = text.partition(": ")
    if found and not template.has_colon and (better := _fitting(rest, language)) and better.letters > template.letters:
        return f"{place}: {_told(rest, language, deep - 1)}"
    return ""


def _fitting(text: str, language: str) -> _Template | None:
    return next((each for each in _templates(language) if each.pattern.fullmatch(text.removesuffix("."))), None)


def _told_list(text: str, language: str, deep: int) -> str:
    """Sentences between commas, if each is known. Words alone may be the names of things: they are none."""
    parts = _COMMA.split(text)
    if len(parts) < 2 or not table("words", language).keys().isdisjoint(parts):
        return ""
    told = []
    for part in parts:
        if (one := _told(part, language, deep - 1)) == part:
            return ""
        told.append(one)
    return ", ".join(told)


_COMMA = re.compile(r", (?=(?:[^']*'[^']*')*[^']*$)")
"""One that stands in no quotes."""


def _value(value: str, language: str, deep: int) -> str:
    """A type or a kind has its word; what may be a sentence is told; the user's own words stay."""
    known = " " in value or value in table("words", language)
    return _told(value, language, deep) if known and not _QUOTED.fullmatch(value) else value


_QUOTED = re.compile(r"""'[^']*'|"[^"]*"|“[^”]*”""")


@lru_cache(maxsize=4)
def _templates(language: str) -> list[_Template]:
    """Those with values, the one with the most words of its own first: it knows best what it means."""
    found = []
    for english, told in table("sentences", language).items():
        try:
            parts = list(string.Formatter().parse(english))
        except ValueError:
            continue  # braces that are meant as such
        names = [name + (spec or "") for _, name, spec, _ in parts if name is not None]
        letters = sum(len(re.sub(r"\W", "", literal)) for literal, *_ in parts)
        if not names or letters < 2 or not all(re.fullmatch(r"\w+", name) for name in names):
            continue
        pattern = "".join(re.escape(literal) + ("(.*?)" if name is not None else "") for literal, name, *_ in parts)
        keys = tuple(f"_{name}" for name in names)
        commas = any(", " in literal for literal, *_ in parts)
        colon = any(": " in literal for literal, *_ in parts)
        renamed = re.sub(r"(?<!\{)\{(\w+)\}", r"{_\1}", told)
        found.append(
            ((letters, len(english)), _Template(re.compile(pattern, re.DOTALL), renamed, keys, commas, colon, letters))
        )
    return [template for _, template in sorted(found, key=lambda each: each[0], reverse=True)]

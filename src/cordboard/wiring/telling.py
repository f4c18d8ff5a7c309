"""What the exchange says, in the reader's language: also the help of properties, which often is the hint of a fault."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from cordboard.locale import describe_in, tell


def told_in(sentence: str, language: str) -> str:
    """A sentence in that language; as it is, if nobody has translated it."""
    words = tell(sentence, language)
    return words if words != sentence else _helps(language).get(sentence, sentence)


@lru_cache(maxsize=4)
def components_in(language: str) -> list[dict[str, Any]]:
    """Every component as plain JSON, its words in that language."""
    from cordboard.components import catalogue  # noqa: PLC0415  (most commands need none of them)

    return [describe_in(each, language) for each in catalogue().describe()]


@lru_cache(maxsize=4)
def _helps(language: str) -> Mapping[str, str]:
    """The help of every property of every component, by its English text."""
    if language == "en":
        return {}
    every = zip(components_in("en"), components_in(language), strict=True)
    return dict(pair for each, translated in every for pair in _pairs(each, translated))


def _pairs(english: Mapping[str, Any], translated: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for one, other in zip(english.get("properties", ()), translated.get("properties", ()), strict=True):
        yield one["help"], other["help"]
        yield from _pairs({"properties": one.get("fields", ())}, {"properties": other.get("fields", ())})

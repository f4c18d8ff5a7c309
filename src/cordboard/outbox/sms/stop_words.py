"""Words by which people ask not to get SMS any more, however they type them. Pure."""

from collections.abc import Iterable

_LOOKALIKES = str.maketrans("авекмнорстухі", "abekmhopctyxi")
"""Cyrillic letters, and the Latin ones that look the same: phones write СТОП with either."""


def is_one_of(words: Iterable[str], text: str) -> bool:
    """Whether the text is one of the words and nothing else; capitals, signs and spaces around do not count."""
    said = _plain(text)
    return bool(said) and said in {_plain(word) for word in words}


def _plain(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum()).translate(_LOOKALIKES)

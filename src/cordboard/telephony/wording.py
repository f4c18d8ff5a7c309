"""What is to be said, in one language or several."""

from collections.abc import Mapping

Wording = str | Mapping[str, str]
"""A text, or the same in several languages: en, ru or uk to text."""


def choose(text: Wording, language: str) -> tuple[str, str]:
    """The text to speak and its language."""
    if isinstance(text, str):
        return text, language
    if not text:
        return "", language
    found = language if language in text else next(iter(text))
    return text[found], found

"""Sentences in the language of their reader."""

from typing import Any

from cordboard.locale.tables import table

LANGUAGES = ("en", "ru", "uk")


def tell(sentence: str, language: str) -> str:
    """`sentence` in `language`, if it knows how it was made (`scenario.said.Said`) and there are words for it.

    Anything else comes back as it is: an English sentence is better than none.
    """
    template = getattr(sentence, "template", None)
    if language not in LANGUAGES or language == "en" or template is None:
        return str(sentence)
    translated = table("sentences", language).get(template)
    if translated is None:
        return str(sentence)
    values: dict[str, Any] = getattr(sentence, "values", {})
    if not values:
        return str(translated)
    told = {name: tell(value, language) if isinstance(value, str) else value for name, value in values.items()}
    return str(translated).format(**told)

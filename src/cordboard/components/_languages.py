"""The languages that are spoken here, and which of them a step speaks."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from cordboard.scenario.component import Text
from cordboard.scenario.context import Context
from cordboard.scenario.markers import InLanguages
from cordboard.scenario.said import said


class Language(StrEnum):
    """What prompts and voices there are."""

    EN = "en"
    RU = "ru"
    UK = "uk"


def _none_if_empty(value: Any) -> Any:
    return value or None


def _known(texts: Mapping[str, str]) -> Mapping[str, str]:
    unknown = sorted(set(texts) - set(Language))
    if unknown:
        raise ValueError(said("{names} is no language here: possible are en, ru and uk", names=", ".join(unknown)))
    return texts


LanguageChoice = Annotated[Language | None, BeforeValidator(_none_if_empty)]
"""One of them, or none: whoever is asked decides."""
Texts = Annotated[dict[str, Text], InLanguages(), AfterValidator(_known)]
"""A text in several languages."""


def spoken_in(ctx: Context, own: Language | None) -> str:
    """The language of a step: its own, else that of the story (Set language); empty: that of the office."""
    return own.value if own else ctx.session.language

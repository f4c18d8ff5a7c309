"""In which of our languages somebody reads."""

from typing import Annotated

from fastapi import Header, Query

LANGUAGES = ("en", "ru", "uk")


def preferred(
    lang: Annotated[str, Query(pattern="^(en|ru|uk)?$")] = "", accept_language: Annotated[str, Header()] = ""
) -> str:
    """The one that is asked for, or the first of a browser's that we have; else English."""
    return lang or first_of(accept_language) or "en"


def first_of(accepted: str) -> str:
    """The first that we have (RFC 9110 §12.5.4; weights go unread: browsers send them sorted); empty if none."""
    names = (each.split(";")[0].strip().lower()[:2] for each in accepted.split(","))
    return next((name for name in names if name in LANGUAGES), "")

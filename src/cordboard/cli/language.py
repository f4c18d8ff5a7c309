"""The language in which commands speak."""

import os

from cordboard.locale import LANGUAGES


def language() -> str:
    """The language of whoever gives commands: CORDBOARD_LANGUAGE, or that of the terminal; en, ru or uk."""
    for name in ("CORDBOARD_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if set_to := os.environ.get(name):
            return set_to[:2] if set_to[:2] in LANGUAGES else "en"
    return "en"

"""Sentences for people, marked as such: `locale/` has each of them in Russian and Ukrainian, by its template."""

from typing import Any


def said(template: str, /, **values: Any) -> str:
    """Fill `template`, a format string with names, with `values`; without any it is taken as it stands.

    The template is a literal in the source: `cordboard.testing.sentences` collects it, and a test fails while it has no
    translation. An f-string handed to one of the usual errors is collected as well.
    """
    return template.format(**values) if values else template

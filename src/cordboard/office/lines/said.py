"""Sentences of this package for people, see `scenario.said`, which this room may not import."""

from typing import Any


def said(template: str, /, **values: Any) -> str:
    """Fill a literal format string; `locale/` has it in Russian and Ukrainian, by its template."""
    return template.format(**values) if values else template

"""Sentences for people that can be told in their language: the English text with its template and values kept.

`said("there is no step {name!r}", name=name)` is a plain `str` for whoever only prints it. `locale.tell` finds the
template's translation and puts the same values in. The template is therefore a literal in the source, never built.
"""

from typing import Any, Self


class Said(str):
    """A sentence that remembers how it was made. Equal to, and usable as, its English text."""

    __slots__ = ("template", "values")

    template: str
    values: dict[str, Any]

    def __new__(cls, template: str, /, **values: Any) -> Self:
        """Fill `template`, a format string with names, with `values`; one of them may be a Said itself."""
        told = super().__new__(cls, template.format(**values) if values else template)
        told.template = template
        told.values = values
        return told

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:
        """For copies."""
        return (self.template,), self.values


said = Said
"""The short name for sentences in the midst of code."""

"""What pydantic finds wrong with a value, in sentences of ours: its own are in English only, and speak of inputs."""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from pydantic import ValidationError

from cordboard.scenario.said import said
from cordboard.scenario.values import show_duration

Details = Mapping[str, Any]


def collapsed(error: ValidationError) -> list[tuple[tuple[str, ...], str]]:
    """Pydantic's findings as (path, sentence), without its vocabulary."""
    return [
        (tuple(str(part) for part in item["loc"]), _sentence(item["type"], item.get("ctx", {}), item["msg"]))
        for item in error.errors(include_url=False, include_input=False)
    ]


def _sentence(kind: str, details: Details, message: str) -> str:
    if kind in {"value_error", "assertion_error"} and "error" in details:
        return str(details["error"])
    if kind in _SENTENCES:
        return _SENTENCES[kind](details)
    if kind.startswith(("int_", "decimal_whole")):
        return said("a whole number is expected here")
    if kind.startswith(("float_", "decimal_", "finite_")):
        return said("a number is expected here")
    if kind.startswith("bool_"):
        return said("true or false is expected here")
    return message[:1].lower() + message[1:]


_SENTENCES: Mapping[str, Callable[[Details], str]] = {
    "missing": lambda _: said("it is missing"),
    "extra_forbidden": lambda _: said("this name is not expected here"),
    "greater_than": lambda of: said("it must be greater than {bound}", bound=_bound(of["gt"])),
    "greater_than_equal": lambda of: said("it must be {bound} or more", bound=_bound(of["ge"])),
    "less_than": lambda of: said("it must be less than {bound}", bound=_bound(of["lt"])),
    "less_than_equal": lambda of: said("it must be {bound} or less", bound=_bound(of["le"])),
    "multiple_of": lambda of: said("it must be a multiple of {bound}", bound=of["multiple_of"]),
    "string_too_short": lambda of: (
        said("there is nothing in the text")
        if of["min_length"] == 1
        else said("the text is too short: fewer characters than {bound}", bound=of["min_length"])
    ),
    "string_too_long": lambda of: said("the text is too long: more characters than {bound}", bound=of["max_length"]),
    "too_short": lambda of: (
        said("the list is empty")
        if of["min_length"] == 1
        else said("the list is too short: fewer items than {bound}", bound=of["min_length"])
    ),
    "too_long": lambda of: said("the list is too long: more items than {bound}", bound=of["max_length"]),
    "string_pattern_mismatch": lambda of: said(
        "it must be written as the pattern {pattern} says", pattern=of["pattern"]
    ),
    "enum": lambda of: said("this is not possible here; write {names}", names=_named(of["expected"])),
    "literal_error": lambda of: said("this is not possible here; write {names}", names=_named(of["expected"])),
    "string_type": lambda _: said("a text is expected here"),
    "list_type": lambda _: said("a list is expected here"),
    "dict_type": lambda _: said("a record is expected here"),
}
"""By pydantic's types of errors. (docs.pydantic.dev, Validation Errors)"""


def _bound(value: object) -> str:
    """A bound as scenarios write it: pydantic gives durations in English words, `1 hour and 30 minutes`."""
    units = re.findall(r"(\d+) (day|hour|minute|second|microsecond)s?\b", value) if isinstance(value, str) else []
    if units:
        return show_duration(sum((timedelta(**{f"{unit}s": int(count)}) for count, unit in units), timedelta()))
    return str(value)


def _named(expected: str) -> str:
    """`'a', 'b' or 'c'` without the word of one language."""
    return expected.replace("' or '", "', '").replace("'", "")

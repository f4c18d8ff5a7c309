"""All functions of the language, by theme and by name."""

from collections.abc import Iterable, Mapping

from cordboard.scenario.expressions.function import Function, Theme
from cordboard.scenario.expressions.functions.coding import coding
from cordboard.scenario.expressions.functions.dates import dates
from cordboard.scenario.expressions.functions.durations import durations
from cordboard.scenario.expressions.functions.json_values import json_theme
from cordboard.scenario.expressions.functions.lists import lists
from cordboard.scenario.expressions.functions.logic import logic
from cordboard.scenario.expressions.functions.moneys import moneys
from cordboard.scenario.expressions.functions.numbers import numbers
from cordboard.scenario.expressions.functions.patterns import patterns
from cordboard.scenario.expressions.functions.phones import phones
from cordboard.scenario.expressions.functions.records import records
from cordboard.scenario.expressions.functions.texts import texts
from cordboard.scenario.expressions.functions.workdays import workdays_theme

THEMES: tuple[Theme, ...] = (
    logic,
    texts,
    numbers,
    moneys,
    dates,
    workdays_theme,
    durations,
    phones,
    lists,
    records,
    patterns,
    json_theme,
    coding,
)
"""The pages of the manual, in order."""


def by_name(functions: Iterable[Function]) -> dict[str, Function]:
    """Functions by each of their names. Raises ValueError if two share one."""
    found: dict[str, Function] = {}
    for function in functions:
        for name in (function.name, function.russian, function.ukrainian):
            if found.setdefault(name, function) is not function:
                raise ValueError(f"{function.name} and {found[name].name} are both called {name}")
    return found


FUNCTIONS: Mapping[str, Function] = by_name(function for theme in THEMES for function in theme)
"""By any of their names, in small letters."""

__all__ = ["FUNCTIONS", "THEMES", "Function", "by_name"]

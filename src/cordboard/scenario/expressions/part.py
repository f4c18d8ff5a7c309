"""A compiled node of an expression."""

from collections.abc import Callable
from dataclasses import dataclass

from cordboard.scenario.expressions.names import Names
from cordboard.scenario.values import AnyValue, ValueType, type_of

Closure = Callable[[Names], AnyValue]


@dataclass(frozen=True, slots=True)
class Part:
    """A compiled node. `type` is None if only its run can tell."""

    type: ValueType | None
    run: Closure
    literal: str | None = None
    """Its text, if it is a literal text: that fits other types, too."""
    constant: bool = False
    """Whether it is always the same value; `run` then needs no names."""


def constant(value: AnyValue, literal: str | None = None) -> Part:
    """A value that is known already."""
    return Part(type_of(value), lambda _: value, literal, constant=True)

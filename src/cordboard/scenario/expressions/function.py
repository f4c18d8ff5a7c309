"""What a function of the language is: a Python function whose signature, docstring and examples say everything."""

import inspect
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

from cordboard.scenario.expressions.names import Scope
from cordboard.scenario.values import PYTHON, AnyValue, ValueType, type_of

Example = tuple[str, str]
"""An expression without its `=`, and what it shows."""

Call = TypeVar("Call", bound=Callable[..., Any])

_TYPES: Final = {python: type_ for type_, python in PYTHON.items()}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument."""

    name: str
    types: frozenset[ValueType]
    """What it may be; empty for anything, also for nothing."""
    alike: bool = False
    """Whether all such arguments must be of one type."""
    optional: bool = False
    repeats: bool = False

    @property
    def shown(self) -> str:
        """As the manual writes it."""
        text = self.name + ("; …" if self.repeats else "")
        return f"[{text}]" if self.optional else text


@dataclass(frozen=True, slots=True)
class Function:
    """A function that computes all its arguments first."""

    name: str
    russian: str
    ukrainian: str
    parameters: tuple[Parameter, ...]
    result: ValueType | None
    """None if only the run can tell, or if it is that of the arguments: see `keeps`."""
    keeps: bool
    """Whether the result has the type that the alike arguments have."""
    call: Callable[..., AnyValue]
    help: str
    examples: tuple[Example, ...]
    located: bool
    """Whether `call` gets the Scope (zone, country) first."""
    literals: "dict[str, Callable[[str], object]]"
    """For a parameter, what reads it: called at save with a text that is written out, it raises BadValueError."""

    def parameter(self, index: int) -> Parameter:
        """The parameter that takes an argument; the last one repeats."""
        return self.parameters[min(index, len(self.parameters) - 1)]

    @property
    def least(self) -> int:
        """The least number of arguments."""
        return sum(not parameter.optional for parameter in self.parameters)

    @property
    def most(self) -> int | None:
        """The greatest number of arguments; None if there is none."""
        return None if self.parameters and self.parameters[-1].repeats else len(self.parameters)

    @property
    def signature(self) -> str:
        """As the manual shows it: left(text; [count])."""
        return f"{self.name}({'; '.join(parameter.shown for parameter in self.parameters)})"


@dataclass(slots=True)
class Theme:
    """A page of the manual: functions that belong together."""

    slug: str
    title: str
    about: str
    functions: list[Function] = field(default_factory=list)

    def __iter__(self) -> Iterator[Function]:
        return iter(self.functions)

    def function(self, names: str, *examples: Example, **literals: Callable[[str], object]) -> Callable[[Call], Call]:
        """Make a Python function one of the language. `names` are its Russian and Ukrainian ones.

        The English name is Python's, without the underscore behind it. Annotations are the types, the docstring's
        first paragraph is the help, `None` as default leaves an argument out.
        """
        russian, _, ukrainian = names.partition(" ")

        def add(call: Call) -> Call:
            self.functions.append(_described(call, russian, ukrainian or russian, examples, literals))
            return call

        return add


def _described(
    call: Callable[..., Any],
    russian: str,
    ukrainian: str,
    examples: tuple[Example, ...],
    literals: dict[str, Callable[[str], object]],
) -> Function:
    hints = get_type_hints(call)
    parameters, located = [], False
    kept: object = None
    for name, raw in inspect.signature(call).parameters.items():
        hint = hints[name]
        if hint is Scope:
            located = True
            continue
        alike = isinstance(hint, TypeVar)
        kept = hint if alike else kept
        parameters.append(
            Parameter(
                name=name.rstrip("_"),
                types=_types(hint),
                alike=alike,
                optional=raw.default is not raw.empty or raw.kind is raw.VAR_POSITIONAL,
                repeats=raw.kind is raw.VAR_POSITIONAL,
            )
        )
    returned = hints["return"]
    keeps = returned is kept and kept is not None
    result = None if keeps else next(iter(_types(returned)), None) if len(_types(returned)) == 1 else None
    text = inspect.cleandoc(call.__doc__ or "").replace("\n", " ")
    name = call.__name__.rstrip("_")
    return Function(
        name, russian, ukrainian, tuple(parameters), result, keeps, call, text, examples, located, dict(literals)
    )


def _types(hint: Any) -> frozenset[ValueType]:
    """The types of the language that an annotation names; empty for anything."""
    if isinstance(hint, TypeVar):
        return frozenset(_TYPES[python] for python in hint.__constraints__)
    if get_origin(hint) in {Union, types.UnionType}:
        parts = [part for part in get_args(hint) if part is not type(None)]
        return frozenset[ValueType]().union(*(_types(part) for part in parts))
    if hint is Any:
        return frozenset()
    return frozenset({_TYPES[get_origin(hint) or hint]})


def word(value: AnyValue) -> str:
    """The type of a value, for a message."""
    found = type_of(value)
    return found.value if found else "value that is empty"

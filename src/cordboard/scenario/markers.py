"""What stands beside the type of a property in `Annotated[...]`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Inserts:
    """The text takes `{name}` inserts. What they give is put through `escape`, where the text is not for people."""

    escape: Callable[[str], str] | None = None


@dataclass(frozen=True, slots=True)
class Variable:
    """The text names a variable of the scenario. `of` names the property whose value will be put into it."""

    of: str = ""


@dataclass(frozen=True, slots=True)
class Refers:
    """The text names something outside the scenario: `to` is scenario, user, group, line, file, table."""

    to: str
    computed: bool = False
    """Whether it may also be computed, or have inserts: then only what stands there plainly can be looked up."""
    kind: str = ""
    """Of a scenario: voice, service or dialog, if only such a one will do; `same`: one of the same kind, which runs
    inside the run of this one."""
    instead: tuple[str, ...] = ()
    """The properties beside it of which one is used where what it names is not there: then that is no fault."""


@dataclass(frozen=True, slots=True)
class Gives:
    """The map gives values to variables of the scenario that the property `to` names."""

    to: str = "scenario"


@dataclass(frozen=True, slots=True)
class InLanguages:
    """A map of language codes to a text, or a row's field that is named as the language of its text."""


@dataclass(frozen=True, slots=True)
class Widget:
    """The name of the editor of the property, where the one derived from its type will not do."""

    name: str


@dataclass(frozen=True, slots=True)
class Names:
    """The text is in a language of its own (SQL): it takes neither inserts nor expressions, and names variables itself.

    `of` gives those that it names, each with its place in words; the case of letters does not count.
    """

    of: Callable[[str], Mapping[str, str]]

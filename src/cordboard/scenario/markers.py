"""What stands beside the type of a property in `Annotated[...]`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Inserts:
    """The text takes `{name}` inserts."""


@dataclass(frozen=True, slots=True)
class Variable:
    """The text names a variable of the scenario. `of` names the property whose value will be put into it."""

    of: str = ""


@dataclass(frozen=True, slots=True)
class Refers:
    """The text names something outside the scenario: `to` is scenario, user, group, line, file, table."""

    to: str


@dataclass(frozen=True, slots=True)
class Widget:
    """The name of the editor of the property, where the one derived from its type will not do."""

    name: str

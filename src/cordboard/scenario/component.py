"""The component: one class from which palette, form, handles, manual, validation and trace are derived.

A component is written like this:

    class Pause(Component):
        \"\"\"Waits for a while.\"\"\"

        kind = "pause"
        title = "Pause"
        group = "flow"
        waits = True

        class Exit(StrEnum):
            DONE = "done"

        duration: timedelta
        \"\"\"How long.\"\"\"

        async def run(self, ctx: Context) -> Exit:
            await ctx.sleep(self.duration.total_seconds())
            return self.Exit.DONE

The instance is the *evaluated* shape: literals typed, expressions computed, everything validated. What is saved
(the *written* shape, where any property may be an expression) never reaches it.
"""

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict

from cordboard.scenario.markers import Inserts, Refers, Variable
from cordboard.scenario.properties import BadPropertyError, Property, properties_of
from cordboard.scenario.rows import ExitRow, Row

if TYPE_CHECKING:
    from cordboard.scenario.context import Context

__all__ = [
    "ALL_KINDS",
    "DIALOG",
    "ERROR",
    "INTERRUPTED",
    "SERVICE",
    "VOICE",
    "BadComponentError",
    "Component",
    "Example",
    "ExitRow",
    "Row",
    "ScenarioKind",
    "ScenarioName",
    "Text",
    "Value",
    "VariableName",
]


class ScenarioKind(StrEnum):
    """What a scenario drives."""

    VOICE = "voice"
    """One leg of a call."""
    SERVICE = "service"
    """No call: it runs on the server, durably."""
    DIALOG = "dialog"
    """A user's screen: forms, beside his talk or without one."""


VOICE = frozenset({ScenarioKind.VOICE})
SERVICE = frozenset({ScenarioKind.SERVICE})
DIALOG = frozenset({ScenarioKind.DIALOG})
ALL_KINDS = frozenset(ScenarioKind)

ERROR = "error"
"""The exit that every component has: taken when `run` raises, with the words in the name `error`."""
INTERRUPTED = "interrupted"
"""The exit of a component that was found with an open attempt after a crash, see `Context.attempt`."""

Text = Annotated[str, Inserts()]
"""A text with `{name}` inserts. A whole expression may give any simple value; it is written out as a text."""
VariableName = Annotated[str, Variable()]
"""The name of a variable of the scenario that the component writes into. Never an expression."""
ScenarioName = Annotated[str, Refers("scenario")]
"""The name of another scenario. Never an expression: where-used search must find it."""
Value = Annotated[Any, Inserts()]
"""A value of any type: what the expression gives; a literal is a text (with inserts)."""

SLUG = re.compile(r"[a-z][a-z0-9_]{0,39}")
_RESERVED = frozenset({"component", "exits", "version", "note", "kind", "title", "group"})


@dataclass(frozen=True, slots=True)
class Example:
    """One way to use a component, for the manual. A test compiles it."""

    caption: str
    """A sentence in English: what it is good for."""
    step: str
    """The step as a scenario's text has it, its id, and indented below it properties and exits."""


class BadComponentError(TypeError):
    """A component class is written wrongly; the message lists all that is wrong with it."""


class Component(BaseModel):
    """The base of all components. Class attributes say what it is, fields are its properties."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=True,
        use_attribute_docstrings=True,
        validate_default=True,
    )

    kind: ClassVar[str] = ""
    """The name by which scenarios call it; a slug that never changes. A base class that has none is no component."""
    title: ClassVar[str] = ""
    """What the palette shows, in English."""
    group: ClassVar[str] = ""
    """The folder of the palette."""
    version: ClassVar[int] = 1
    """Raised when the written shape changes incompatibly; `upgrade` then brings older steps up."""
    kinds: ClassVar[frozenset[ScenarioKind]] = ALL_KINDS
    """The kinds of scenario in which it may stand."""
    examples: ClassVar[Sequence[Example]] = ()
    """Ways to use it, the commonest first."""
    waits: ClassVar[bool] = False
    """Whether it takes time, so that a loop through it is not a loop without waiting."""
    outside: ClassVar[bool] = False
    """Whether its exit comes from the world outside of scenario, call and caller (a query, a table, somebody dialled),
    so that the simulator may be told what came of it instead."""
    ends_leg: ClassVar[bool] = False
    """Whether it hangs up itself. The scenario then goes on without a leg instead of being cancelled."""
    begins_branches: ClassVar[bool] = False
    """Whether the cords of its rows begin branches that run side by side; its fixed exits lead on behind them."""
    ends_branch: ClassVar[bool] = False
    """Whether such a branch ends here."""
    heard: ClassVar[frozenset[str]] = frozenset()
    """The properties of which one at least must be filled in, or the caller hears nothing: worth a warning."""

    class Exit(StrEnum):
        """The fixed exits. A component without any (Stop) ends the scenario. `error` is always there."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Look for all faults of the class at once."""
        super().__pydantic_init_subclass__(**kwargs)
        if cls.kind:
            faults = list(_faults(cls))
            if faults:
                raise BadComponentError(f"component class {cls.__name__}: " + "; ".join(faults))

    async def run(self, ctx: "Context") -> str:
        """Do the work and return the exit: a member of Exit, or the id of an exit row.

        An expected outcome is an exit; a surprise is raised. In a voice scenario the task is cancelled soon after
        the caller hung up. In a service scenario a step that slept is entered anew, see `Context.sleep`.
        """
        raise NotImplementedError

    @classmethod
    def properties(cls) -> Mapping[str, Property]:
        """Its properties by name, in the order of the class."""
        return properties_of(cls)

    @classmethod
    def fixed_exits(cls) -> tuple[str, ...]:
        """The exits that every step of this kind has, except `error`."""
        return tuple(str(exit_.value) for exit_ in cls.Exit)

    @classmethod
    def exits_to_wire(cls, written: Mapping[str, Any]) -> tuple[str, ...]:  # noqa: ARG003 - for those who override
        """The fixed exits whose missing cord is worth a warning, in a step with these written properties."""
        return cls.fixed_exits()

    def exits(self) -> tuple[str, ...]:
        """The exits of this very step: the fixed ones and those of its rows, except `error`."""
        slugs = tuple(
            row.id for name, shape in self.properties().items() if shape.makes_exits for row in getattr(self, name)
        )
        return slugs + self.fixed_exits()

    @classmethod
    def upgrade(cls, written: dict[str, Any], version: int) -> dict[str, Any]:  # noqa: ARG003 - for those who override
        """Bring the written properties of an older `version` to the present one."""
        return written


def _faults(cls: type[Component]) -> list[str]:
    faults = []
    if not SLUG.fullmatch(cls.kind):
        faults.append(f"kind {cls.kind!r} is no slug (a-z, 0-9, _)")
    faults += [f"{attribute} is missing" for attribute in ("title", "group") if not getattr(cls, attribute)]
    if not (cls.__doc__ or "").strip():
        faults.append("the docstring, its help, is missing")
    if cls.version < 1:
        faults.append("version begins with 1")
    if not cls.kinds or not cls.kinds <= ALL_KINDS:
        faults.append("kinds must name voice, service, dialog or several of them")
    if cls.run is Component.run or not inspect.iscoroutinefunction(cls.run):
        faults.append("`async def run(self, ctx)` is missing")
    exits = cls.fixed_exits()
    faults += [f"exit {name!r} is no slug" for name in exits if not SLUG.fullmatch(name)]
    if ERROR in exits:
        faults.append("exit 'error' is there by itself; do not name it")
    faults += [f"property {name!r}: the name is reserved" for name in cls.model_fields if name in _RESERVED]
    try:
        shapes = properties_of(cls)
    except BadPropertyError as error:
        return [*faults, *error.faults]
    faults += [f"property {name!r} has no docstring" for name, shape in shapes.items() if not shape.help]
    return faults

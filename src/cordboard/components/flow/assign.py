"""Assign."""

from enum import StrEnum

from cordboard.scenario.component import Component, Example, Row, Value, VariableName
from cordboard.scenario.context import Context


class Assignment(Row):
    """One variable and what it becomes."""

    variable: VariableName
    """The variable that is written."""
    value: Value
    """Its new value: a literal, a text with `{name}` in it, or an expression such as `=attempts + 1`."""


class Assign(Component):
    """Gives variables new values. All the values are reckoned before the first variable changes.

    Exits: *done* always. A value that does not fit the type of its variable leaves by *error*.
    """

    kind = "assign"
    title = "Assign"
    group = "flow"
    examples = (
        Example(
            "Count an attempt, and put a sentence together.",
            "count:\n  component: assign\n  assignments:\n    - {variable: attempts, value: =attempts + 1}\n"
            '    - {variable: words, value: "attempt {attempts} of 3"}',
        ),
    )

    assignments: tuple[Assignment, ...]
    """What becomes what."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Write them in order."""
        for assignment in self.assignments:
            ctx.set(assignment.variable, assignment.value)
        return self.Exit.DONE

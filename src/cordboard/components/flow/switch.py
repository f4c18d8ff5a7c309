"""Switch."""

from enum import StrEnum

from cordboard.scenario.component import Component, Example, ExitRow, Value
from cordboard.scenario.context import Context
from cordboard.scenario.values import BadValueError, convert, show, type_of


class Case(ExitRow):
    """One value and its exit."""

    value: str
    """The value, written as a literal: a text, `12`, `2026-12-31`, `+380671234567`."""


class Switch(Component):
    """Goes by a value: each case has an exit of its own.

    Values are compared by their meaning: a number with a number, a phone with a phone however it is written, and a
    text letter by letter. The first case that fits is taken.

    Exits: one for each case, and *other* if none fits.
    """

    kind = "switch"
    title = "Switch"
    group = "flow"
    examples = (
        Example(
            "One way for each department.",
            "where:\n  component: switch\n  value: =department\n  cases:\n    - {id: sales, value: sales}\n"
            "    - {id: delivery, value: delivery}",
        ),
    )

    value: Value
    """What is looked at, usually a variable: `=language`."""
    cases: tuple[Case, ...]
    """The values that have an exit."""

    class Exit(StrEnum):
        """Its fixed exits."""

        OTHER = "other"

    async def run(self, ctx: Context) -> str:
        """Find the case."""
        return next((case.id for case in self.cases if self._fits(case, ctx)), self.Exit.OTHER)

    def _fits(self, case: Case, ctx: Context) -> bool:
        kind = type_of(self.value)
        if kind is None:
            return not case.value
        zone = ctx.now().tzinfo
        assert zone is not None
        try:
            return bool(convert(case.value, kind, zone=zone, country=ctx.country) == self.value)
        except BadValueError:
            # A case that is no number fits no number; it may still be what a list or a record looks like.
            return case.value == show(self.value)

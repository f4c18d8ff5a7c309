"""Log."""

import logging
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from cordboard.scenario.component import Component, Example, Text
from cordboard.scenario.context import Context


class Level(StrEnum):
    """How loud a line is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


_LEVELS: Mapping[Level, int] = MappingProxyType(
    {Level.INFO: logging.INFO, Level.WARNING: logging.WARNING, Level.ERROR: logging.ERROR}
)


class Log(Component):
    """Writes a line into the log of the exchange and into the trace of the run. What is secret is masked in both.

    Exits: *done* always.
    """

    kind = "log"
    title = "Log"
    group = "flow"
    examples = (
        Example(
            "What went wrong, from the branch for faults.",
            'tell:\n  component: log\n  level: warning\n  text: "no price was found: {error}"',
        ),
    )

    text: Text
    """What is written."""
    level: Level = Level.INFO
    """info, warning or error."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Write it."""
        ctx.log.log(_LEVELS[self.level], "%s", self.text)
        return self.Exit.DONE

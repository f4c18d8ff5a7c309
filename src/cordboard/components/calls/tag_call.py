"""Tag the call."""

from enum import StrEnum

from cordboard.office.ports import Tags
from cordboard.scenario.component import Component, Example, Text
from cordboard.scenario.context import Context


class TagCall(Component):
    """Writes a name and a value into the call log: the topic, the number of an order, how content the caller was.

    The call can be found by them later. A tag of the same name is written over.

    Exits: *done* when it is written.
    """

    kind = "tag_call"
    title = "Tag the call"
    group = "calls"
    examples = (Example("What the caller chose.", "topic:\n  component: tag_call\n  name: topic\n  value: delivery"),)

    name: Text
    """The name of the tag: `topic`."""
    value: Text = ""
    """Its value. May be left empty, where the name says it all."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Write it."""
        await ctx.port(Tags).tag(ctx.chain, self.name, self.value)
        return self.Exit.DONE

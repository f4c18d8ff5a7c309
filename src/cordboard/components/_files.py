"""The variables that a component fills in with a recording."""

from cordboard.office.ports import Recordings
from cordboard.scenario.component import Component, VariableName
from cordboard.scenario.context import Context


class Recording(Component):
    """Properties of a component that makes a recording. No component itself.

    The exchange makes the file's name from the date, the time and the id of the call: nothing that a caller sends is
    in it.
    """

    file: VariableName = ""
    """The variable that takes the name of the file, within the recordings folder."""

    def new_file(self, ctx: Context) -> str:
        """A name that no other recording has, put into the variable."""
        name = ctx.port(Recordings).new(ctx.chain, ctx.now())
        ctx.set(self.file, name)
        return name

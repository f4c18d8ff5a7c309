"""Start a dialog."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from cordboard.office.ports import Staff
from cordboard.scenario.component import Component, Example, ScenarioKind, Text, Value, VariableName
from cordboard.scenario.context import Context
from cordboard.scenario.markers import Gives, Refers


class StartDialog(Component):
    """Starts a dialog scenario on the screen of a user.

    It shows the card of the client, asks, takes what came of the talk. It runs beside this scenario and belongs to the
    same story in the call log. A restart of the exchange ends it.

    Exits: *done* as soon as it is started; *unknown* if there is no such user.
    """

    kind = "start_dialog"
    title = "Start a dialog"
    group = "flow"
    kinds = frozenset({ScenarioKind.VOICE, ScenarioKind.SERVICE})
    examples = (
        Example(
            "The client's card for the secretary.",
            "card:\n  component: start_dialog\n  user: olena\n  scenario: client_card\n  values:\n    phone: =caller",
        ),
    )

    user: Annotated[Text, Refers("user", computed=True)]
    """The login of the user: `olena`, `{login}`."""
    scenario: Annotated[str, Refers("scenario", kind="dialog")]
    """The dialog scenario."""
    values: Annotated[dict[str, Value], Gives()] = Field(default_factory=dict)
    """Its variables and the values they begin with. They are copied once."""
    run_id: VariableName = ""
    """The variable that takes the id of the run."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"
        UNKNOWN = "unknown"

    async def run(self, ctx: Context) -> str:
        """Start it."""
        if ctx.port(Staff).by_login(self.user) is None:
            return self.Exit.UNKNOWN
        ctx.set(self.run_id, await ctx.start_dialog(self.scenario, self.user, self.values))
        return self.Exit.DONE

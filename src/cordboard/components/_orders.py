"""What is common to the components that put something into the outbox."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from cordboard.scenario.component import Component, Text
from cordboard.scenario.context import Context
from cordboard.scenario.properties import Property
from cordboard.scenario.values import JsonValue

Window = Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(days=366))]
Patience = Annotated[timedelta, Field(ge=timedelta(minutes=1), le=timedelta(days=30))]


class Order(Component):
    """Properties of a component that orders a delivery. No component itself."""

    key: Text = ""
    """What makes it the same order when the step is reached again: `{caller}`. Within the time below it is then
    delivered once. Empty: each order counts."""
    window: Window = timedelta(minutes=5)
    """For how long an order with the same key counts as repeated: `5m`."""
    deadline: Patience = timedelta(days=2)
    """How long it is tried: `2d`. After that it has failed, and what follows it to the same recipient goes on."""

    @classmethod
    def properties(cls) -> Mapping[str, Property]:
        """What is ordered comes first in the form, how it is delivered last."""
        found = super().properties()
        return {name: found[name] for name in sorted(found, key=lambda name: name in Order.model_fields)}

    def order(self, ctx: Context, kind: str, payload: dict[str, JsonValue]) -> None:
        """Put it into the outbox, with the end of the step."""
        ordered = payload | {"ordered": ctx.now().isoformat(), "patience": self.deadline.total_seconds()}
        if self.key:
            # Of this step alone: another one with the same caller as its key orders something else.
            same = f"{ctx.scenario}/{ctx.step}: {self.key}"
            ordered |= {"same": same, "window": self.window.total_seconds()}
        ctx.emit(kind, "", ordered)

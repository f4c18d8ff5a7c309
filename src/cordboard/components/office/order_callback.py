"""Order a callback."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from cordboard.office.ports import MAX_PRIORITY, CallbackOrder, Callbacks, OrderResult, Origin
from cordboard.scenario.component import Component, Example, Text
from cordboard.scenario.context import Context
from cordboard.scenario.markers import Refers
from cordboard.scenario.said import said
from cordboard.telephony import PhoneNumber


class OrderCallback(Component):
    """Promises that somebody will be called back and joined with a group, a scenario or a colleague.

    He is called when an operator is free for him and the rules of callbacks allow it: not at night where he is, and not
    too often. However often it is ordered, a number is called back once; if somebody has spoken with him meanwhile, not
    at all.

    Exits: *ordered*; *already* if he is to be called back anyway; *refused* if the number is hidden or our own, was
    called as often as may be, or has just been called in vain (two exchanges would call each other for ever).
    """

    kind = "order_callback"
    title = "Order a callback"
    group = "office"
    outside = True
    examples = (
        Example("A missed call.", "back:\n  component: order_callback\n  phone: =phone\n  queue: sales"),
        Example(
            "An employee who wants to dial through the exchange, half a minute after he has hung up.",
            "back:\n  component: order_callback\n  phone: =caller\n  scenario: entry\n  origin: employee\n  after: 30s",
        ),
    )

    phone: PhoneNumber
    """Whom to call: `=caller`."""
    queue: Annotated[Text, Refers("group", computed=True)] = ""
    """The group whose operator he is joined with: he waits in its queue, and is called when one is kept free."""
    scenario: Annotated[str, Refers("scenario", kind="voice")] = ""
    """Instead of a group, the voice scenario that talks with him."""
    extension: Text = ""
    """Instead of both, the internal number that he is joined with."""
    origin: Origin = Origin.MISSED
    """Where the wish comes from."""
    after: Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(days=30))] = timedelta(0)
    """He is not called before so much time has passed."""
    priority: Annotated[int, Field(ge=0, le=MAX_PRIORITY)] = 0
    """In the queue of the group: from 0, for everybody, to 10."""
    remark: Text = ""
    """What is noted beside it."""

    class Exit(StrEnum):
        """Its exits."""

        ORDERED = "ordered"
        ALREADY = "already"
        REFUSED = "refused"

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if len({"queue", "scenario", "extension"} & self.model_fields_set) != 1:
            raise ValueError(
                said("say whom he is joined with: give a group, a scenario or an internal number, one of them")
            )
        return self

    async def run(self, ctx: Context) -> str:
        """Order it."""
        result, _ = await ctx.port(Callbacks).order(
            CallbackOrder(
                self.phone.written,
                self.origin,
                group=self.queue,
                scenario=self.scenario,
                to=self.extension,
                after=ctx.now() + self.after,
                priority=self.priority,
                language=ctx.session.language,
                chain=ctx.chain,
                note=self.remark,
            )
        )
        if result in _EXITS:
            return _EXITS[result]
        ctx.log.info("no callback is promised: %s", result)
        return self.Exit.REFUSED


_EXITS = {OrderResult.NEW: OrderCallback.Exit.ORDERED, OrderResult.STANDS: OrderCallback.Exit.ALREADY}

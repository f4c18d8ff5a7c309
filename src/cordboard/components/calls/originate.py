"""Originate a call."""

import asyncio
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from cordboard.components._reaching import Reaching
from cordboard.office.ports import Numbering
from cordboard.scenario.component import SERVICE, Example, Text, Value, VariableName
from cordboard.scenario.context import Context
from cordboard.scenario.markers import Gives, Refers
from cordboard.telephony import EndReason, Leg, Party


class Originate(Reaching):
    """Calls somebody on the exchange's own account and hands the answered call to a voice scenario.

    When that scenario ends, a call that still stands is hung up. That a call is about to be made is written down first:
    after a crash it is never made twice.

    Exits: *answered* after the voice scenario has ended, whatever happened in it; *busy*, *no_answer*, *rejected* and
    *unreachable* if nobody answered (a number that nobody has is unreachable); *interrupted* if the exchange
    was stopped or crashed meanwhile, so that nobody knows how far the call came.
    """

    kind = "originate"
    title = "Originate a call"
    group = "calls"
    kinds = SERVICE
    waits = True
    outside = True
    examples = (
        Example(
            "Call the client back, and let a voice scenario talk with him.",
            'back:\n  component: originate\n  number: "{phone}"\n  scenario: talk\n  values:\n    name: "{name}"',
        ),
    )

    scenario: Annotated[str, Refers("scenario", kind="voice")]
    """The voice scenario that talks with who answers."""
    values: Annotated[dict[str, Value], Gives()] = Field(default_factory=dict)
    """Variables of the voice scenario and the values they begin with."""
    show: Text = ""
    """The number that the called side shall see, where the line allows it. Empty: what "Set the caller ID" says, or the
    number of the line."""
    result: VariableName = ""
    """The variable that takes the value which the voice scenario's Stop gives."""

    class Exit(StrEnum):
        """Its exits."""

        ANSWERED = "answered"
        BUSY = "busy"
        NO_ANSWER = "no_answer"
        REJECTED = "rejected"
        UNREACHABLE = "unreachable"
        INTERRUPTED = "interrupted"

    async def run(self, ctx: Context) -> str:
        """Try the ways in order, until one can be reached."""
        destination = self.destination(ctx)
        if not destination.targets:
            ctx.log.info("no way to %s: %s", destination.number, destination.refusal or "a scenario answers there")
            return self.Exit.UNREACHABLE
        await ctx.attempt(f"call {destination.number}")
        outcome: str = self.Exit.UNREACHABLE
        for targets in destination.targets:
            original = Party(self.show) if self.show else ctx.session.shown or Party("")
            show = ctx.port(Numbering).shown_party(dialled_by="", targets=targets, original=original)
            leg = await ctx.exchange.originate(
                targets, caller=show, chain=ctx.chain, ring_time=self.ring_time.total_seconds()
            )
            outcome = await self._talk(ctx, leg)
            if outcome != self.Exit.UNREACHABLE:
                break
        return outcome

    async def _talk(self, ctx: Context, leg: Leg) -> str:
        try:
            if not await leg.answer():
                return _OUTCOMES.get(await leg.ended(), self.Exit.UNREACHABLE)
            ended = await ctx.run_voice(self.scenario, leg, self.values)
            ctx.set(self.result, ended.value)
            return self.Exit.ANSWERED
        finally:
            # Also if the run is cancelled: nobody else takes care of this call.
            reason = EndReason.HUNG_UP if leg.record.answered else EndReason.CANCELLED
            await asyncio.shield(leg.hang_up(reason))


_OUTCOMES: Mapping[EndReason, str] = MappingProxyType(
    {
        EndReason.BUSY: Originate.Exit.BUSY,
        EndReason.NO_ANSWER: Originate.Exit.NO_ANSWER,
        EndReason.REJECTED: Originate.Exit.REJECTED,
        EndReason.FORBIDDEN: Originate.Exit.REJECTED,
    }
)

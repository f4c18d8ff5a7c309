"""Dial."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Self

from pydantic import model_validator

from cordboard.components._reaching import Reaching
from cordboard.office.ports import Destination, Numbering, People, Presence, Refusal
from cordboard.scenario.component import VOICE, Example, Text
from cordboard.scenario.context import Context
from cordboard.scenario.markers import Refers
from cordboard.telephony import Dialled, LegState, LineTarget, dial


class Dial(Reaching):
    """Joins the caller with a user of the office, an internal number, or a number outside.

    A caller who was not answered yet hears ringing and is answered only when the other side answers: nobody pays for
    the waiting. If there are several ways to the number (a second line, for one), the next is tried when one cannot
    be reached. A number that belongs to a scenario runs that scenario. A user who does not want to be disturbed is
    busy; forwarding of his does not count here: the cords say what comes next.

    Exits: *answered* after the talk, if it was the other side who hung up; *busy*, *no_answer*, *rejected* and
    *unreachable* if there was no talk (a number that nobody has is unreachable); *forbidden* if the user named in
    `dialled_by` may not dial the number, or it leads outside and only the inside is allowed.
    """

    kind = "dial"
    title = "Dial"
    group = "calls"
    kinds = VOICE
    waits = True
    outside = True
    examples = (
        Example(
            "The secretary, for twenty seconds.",
            "secretary:\n  component: dial\n  who: olena\n  ring_time: 20s",
        ),
        Example(
            "A number outside, by the rights of the employee who asked for it.",
            'out:\n  component: dial\n  number: "{number}"\n  dialled_by: "{login}"',
        ),
    )

    dialled_by: Annotated[Text, Refers("user", computed=True)] = ""
    """The login of the user whose rights count, for callers who dial through the exchange from outside: `{login}`.
    Left out: the scenario may dial anything. Written, but empty when the call comes: nothing may be dialled."""

    inside_only: bool = False
    """Reach only people and scenarios of the office, for callers from outside who choose a number themselves."""

    class Exit(StrEnum):
        """Its exits."""

        ANSWERED = "answered"
        BUSY = "busy"
        NO_ANSWER = "no_answer"
        REJECTED = "rejected"
        UNREACHABLE = "unreachable"
        FORBIDDEN = "forbidden"

    @model_validator(mode="after")
    def _rights_need_routes(self) -> Self:
        if self.line and "dialled_by" in self.model_fields_set:
            raise ValueError("rights are those to dial by the routes of the office: leave the line empty")
        return self

    @classmethod
    def exits_to_wire(cls, written: Mapping[str, Any]) -> tuple[str, ...]:
        """Nothing is forbidden where nobody's rights count."""
        guarded = {"dialled_by", "inside_only"} & written.keys()
        return tuple(name for name in cls.fixed_exits() if name != cls.Exit.FORBIDDEN or guarded)

    async def run(self, ctx: Context) -> str:
        """Find the way, and go it."""
        if "dialled_by" in self.model_fields_set and not self.dialled_by:
            # An empty login would be the exchange itself, which may do everything.
            return self.Exit.FORBIDDEN
        destination = self.destination(ctx, dialled_by=self.dialled_by)
        if destination.refusal is not None:
            ctx.log.info("no way to %s: %s", destination.number, destination.refusal)
            return _REFUSALS[destination.refusal]
        if self.inside_only and any(isinstance(target, LineTarget) for way in destination.targets for target in way):
            return self.Exit.FORBIDDEN
        if destination.scenario:
            await ctx.call(destination.scenario)
            return self.Exit.ANSWERED
        if destination.user and ctx.port(People).state(destination.user).presence is Presence.DO_NOT_DISTURB:
            return self.Exit.BUSY
        return _OUTCOMES[await self._try(ctx, destination)]

    async def _try(self, ctx: Context, destination: Destination) -> Dialled:
        """The alternatives in order, until one can be reached."""
        outcome = Dialled.UNREACHABLE
        for targets in destination.targets:
            show = ctx.port(Numbering).shown_party(
                dialled_by=self.dialled_by, targets=targets, original=ctx.session.shown or ctx.leg.record.caller
            )
            result = await dial(ctx.exchange, ctx.leg, targets, show=show, ring_time=self.ring_time.total_seconds())
            outcome = result.outcome
            if outcome is not Dialled.UNREACHABLE or ctx.leg.state is LegState.ENDED:
                break
        return outcome


_REFUSALS: Mapping[Refusal, str] = MappingProxyType(
    {
        Refusal.UNKNOWN: Dial.Exit.UNREACHABLE,
        Refusal.UNREACHABLE: Dial.Exit.UNREACHABLE,
        Refusal.FORBIDDEN: Dial.Exit.FORBIDDEN,
    }
)
_OUTCOMES: Mapping[Dialled, str] = MappingProxyType({outcome: Dial.Exit(outcome.value) for outcome in Dialled})

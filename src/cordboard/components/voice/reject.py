"""Reject."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from cordboard.scenario.component import VOICE, Component, Example
from cordboard.scenario.context import Context
from cordboard.telephony import EndReason


class RejectReason(StrEnum):
    """What the caller's phone is told."""

    REJECTED = "rejected"
    BUSY = "busy"
    NOT_FOUND = "not_found"
    UNREACHABLE = "unreachable"


class Reject(Component):
    """Turns the caller away without answering: nobody pays. A call that was answered before is hung up.

    The scenario goes on without the call; only components that need none make sense from here on.

    Exits: *done* when the call is over.
    """

    kind = "reject"
    title = "Reject"
    group = "voice"
    kinds = VOICE
    ends_leg = True
    examples = (
        Example("Callers who hide their number hear that it is busy.", "busy:\n  component: reject\n  reason: busy"),
    )

    reason: RejectReason = RejectReason.REJECTED
    """What the caller is told: rejected, busy, not_found (no such number) or unreachable (at the moment)."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"

    @classmethod
    def exits_to_wire(cls, written: Mapping[str, Any]) -> tuple[str, ...]:  # noqa: ARG003  (it is the same for all)
        """None: that nothing comes after the end of the call is the usual case."""
        return ()

    async def run(self, ctx: Context) -> str:
        """Turn away."""
        await ctx.leg.reject(EndReason(self.reason.value))
        return self.Exit.DONE

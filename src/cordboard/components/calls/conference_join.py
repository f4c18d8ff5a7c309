"""Join a conference."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from cordboard.components._keys import Keys
from cordboard.components._speaking import recorded
from cordboard.components._written import may_be, may_be_not
from cordboard.office.ports import Rooms, Stay
from cordboard.scenario.component import VOICE, Component, Example, Text
from cordboard.scenario.context import Context
from cordboard.scenario.markers import Refers
from cordboard.telephony import Digit, Leg, Sound


class ConferenceJoin(Component):
    """Lets the caller into a conference room, where all hear each other.

    A call that is not answered yet is answered when there is a place for it: who finds none pays nothing. If somebody
    makes the room into a plain talk of two ("Convert a conference"), this step goes on when the talk is over.

    Exits: *ended* when he is out of the room, or the talk is over; *left* if he pressed the key for that; *alone* if
    nobody else was there for the time that is written; *joined* at once, if this step shall not wait; *full* if its
    places are taken; *no_room* if there is none of that name.
    """

    kind = "conference_join"
    title = "Join a conference"
    group = "calls"
    kinds = VOICE
    waits = True
    outside = True
    examples = (
        Example(
            "Music until somebody takes the call out of the car park; back to who parked it after two minutes.",
            "park:\n  component: conference_join\n  name: 711\n  music: waiting.wav\n  longest_alone: 2m",
        ),
    )

    name: Text
    """The name of the room."""
    muted: bool = False
    """Whether he only listens."""
    music: Annotated[str, Refers("file")] = ""
    """A sound in the prompts folder that he hears while he is alone. Empty: silence."""
    leave_key: Keys = ""
    """The key, or one of several, by which he leaves: `*`. Empty: he stays until the end."""
    longest_alone: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(days=1))] | None = None
    """How long he may be alone there, in one go. Empty: as long as he likes."""
    wait: bool = True
    """Whether the scenario stands still while he is in. If not, it goes on beside the conference."""

    class Exit(StrEnum):
        """Its exits."""

        ENDED = "ended"
        LEFT = "left"
        ALONE = "alone"
        JOINED = "joined"
        FULL = "full"
        NO_ROOM = "no_room"

    @classmethod
    def exits_to_wire(cls, written: Mapping[str, Any]) -> tuple[str, ...]:
        """Those that the written properties make possible."""
        waits, goes_on = may_be(written, "wait", default=True), may_be_not(written, "wait", default=True)
        possible = {
            cls.Exit.ENDED: waits,
            cls.Exit.LEFT: waits and bool(written.get("leave_key")),
            cls.Exit.ALONE: waits and bool(written.get("longest_alone")),
            cls.Exit.JOINED: goes_on,
            cls.Exit.FULL: True,
            cls.Exit.NO_ROOM: True,
        }
        return tuple(exit_.value for exit_, taken in possible.items() if taken)

    async def run(self, ctx: Context) -> str:
        """Go in, and wait for whatever ends it."""
        music: Sequence[Sound] = await recorded(ctx, self.music) if self.music else ()
        try:
            stay = await ctx.port(Rooms).enter(self.name, ctx.leg, muted=self.muted, while_alone=music)
        except LookupError:
            return self.Exit.NO_ROOM
        if stay is None:
            return self.Exit.FULL
        return await self._stay(ctx.leg, stay) if self.wait else self.Exit.JOINED

    async def _stay(self, leg: Leg, stay: Stay) -> str:
        reasons = {asyncio.create_task(stay.over()): self.Exit.ENDED}
        if self.leave_key:
            reasons[asyncio.create_task(_pressed(leg, self.leave_key))] = self.Exit.LEFT
        if self.longest_alone is not None:
            reasons[asyncio.create_task(stay.lonely(self.longest_alone.total_seconds()))] = self.Exit.ALONE
        try:
            done, _ = await asyncio.wait(reasons, return_when=asyncio.FIRST_COMPLETED)
            return next(reasons[task] for task in reasons if task in done)
        finally:
            for task in reasons:
                task.cancel()
            await asyncio.shield(stay.leave())
            leg.forget_keys()


async def _pressed(leg: Leg, keys: str) -> None:
    with leg.events() as events:
        async for event in events:
            if isinstance(event, Digit) and event.key in keys:
                return
    await asyncio.Event().wait()  # the call is over: that is for others to tell

"""Finds far ends that have gone without a word: a cable that was pulled, a phone that was killed in a call.

A phone that is muted or listens to music sends no voice either. So silence alone ends nothing: it asks, inside the
call, and only who does not answer that is gone. Session timers find the same, but half an hour later.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Protocol

from cordboard.telephony import LegState

LOOK = 5.0
"""Seconds between looks."""
PATIENCE = 8.0
"""Seconds that a far end may take to say that it is there: five packets over UDP."""


class Watched(Protocol):
    """A leg, as this sees it."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def state(self) -> LegState:
        """Where it stands."""

    @property
    def held(self) -> bool:
        """Whether its far end holds us: then it need not send voice."""

    async def silent_for(self) -> float:
        """Seconds since the far end was last heard, or since it answered."""

    async def probe(self, patience: float) -> bool:
        """Ask whether the far end is there; one that is not ends the leg."""


class Watch:
    """Looks at the legs of one exchange."""

    def __init__(
        self,
        legs: Callable[[], Sequence[Watched]],
        spawn: Callable[[Coroutine[None, None, None]], object],
        silence: float,
    ) -> None:
        """`silence` in seconds: who was not heard for so long is asked, and again after as long; 0: nobody ever is."""
        self._legs = legs
        self._spawn = spawn
        self._silence = silence
        self._asked: dict[str, float] = {}
        """When each was asked last, by the loop's time."""

    async def keep(self) -> None:
        """Run until cancelled."""
        while self._silence:
            await asyncio.sleep(min(LOOK, self._silence))
            now = asyncio.get_running_loop().time()
            legs = [leg for leg in self._legs() if leg.state is LegState.ANSWERED and not leg.held]
            self._asked = {leg.id: at for leg in legs if (at := self._asked.get(leg.id)) is not None}
            for leg in legs:
                if now - self._asked.get(leg.id, -self._silence) >= self._silence:
                    await self._look(leg, now)

    async def _look(self, leg: Watched, now: float) -> None:
        if await leg.silent_for() >= self._silence:
            self._asked[leg.id] = now
            self._spawn(_ask(leg))


async def _ask(leg: Watched) -> None:
    await leg.probe(PATIENCE)

"""Keeps a crowd of runs that all have something to do from holding up the loop, on which voices and phones wait."""

import asyncio
from collections import deque

_STEPS = 100
"""Steps of all runs together until the loop comes around: about two milliseconds."""


class Pace:
    """Shares out the steps of one turn of the loop, to whoever has waited the longest."""

    def __init__(self) -> None:
        self._left = _STEPS
        self._renewing = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    def take(self) -> bool:
        """Take a step of this turn. False if they are used up, or others wait for one: then wait for `turn`."""
        if not self._renewing:
            self._renew_soon()
        if self._left <= 0 or self._waiting:
            return False
        self._left -= 1
        return True

    async def turn(self) -> None:
        """Wait for a step of a later turn, and take it."""
        mine = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        await mine

    def _renew_soon(self) -> None:
        self._renewing = True
        asyncio.get_running_loop().call_soon(self._renew)

    def _renew(self) -> None:
        self._left, self._renewing = _STEPS, False
        while self._waiting and self._left > 0:
            first = self._waiting.popleft()
            if not first.done():  # its run may have been cancelled
                first.set_result(None)
                self._left -= 1
        if self._waiting:
            self._renew_soon()

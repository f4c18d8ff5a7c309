"""Keeps a crowd of runs that all have something to do from holding up the loop, on which voices and phones wait."""

import asyncio

_STEPS = 200
"""Steps of all runs together until the loop comes around: three or four milliseconds."""


class Pace:
    """Shares out the steps of one turn of the loop."""

    def __init__(self) -> None:
        self._left = _STEPS
        self._begun = False

    def take(self) -> bool:
        """Take a step of this turn. False when they are used up: let the loop come around and ask again."""
        if not self._begun:
            self._begun = True
            asyncio.get_running_loop().call_soon(self._renew)
        self._left -= 1
        return self._left >= 0

    def _renew(self) -> None:
        self._left, self._begun = _STEPS, False

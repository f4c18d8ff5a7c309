"""Whether the far end of a line is there: asked by OPTIONS (RFC 3261 §11), over and over."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from cordboard.sip.api import Reply
from cordboard.telephony import Line

PATIENCE = 8.0
"""Seconds that a far end may take: five packets over UDP. A call over a dead line would wait four times as long."""
AGAIN = 10.0
"""Seconds after which one that was not there is asked again, if that is sooner than usual."""
_GONE = (408, 503)
"""Whatever else is answered, even a refusal, somebody is there to say it."""

Ask = Callable[[], Awaitable[Reply | None]]
"""Send one; None while it is not known where to."""


class LineHealth:
    """What is known of one far end."""

    def __init__(self, line: Line) -> None:
        self.trouble = ""
        """Why calls over it are of no use now; empty: they are, or it was never asked."""
        self._every = line.check_every
        self._log = structlog.get_logger("switch").bind(line=line.name)

    async def keep(self, ask: Ask) -> None:
        """Ask, until cancelled; at once the first time. Calls in progress are left alone."""
        if not self._every:
            return
        while True:
            trouble = await self._ask(ask)
            if bool(trouble) is not bool(self.trouble):
                self._log.warning("the far end of a line is gone" if trouble else "the far end of a line is back")
            self.trouble = trouble
            await asyncio.sleep(min(self._every, AGAIN) if trouble else self._every)

    async def _ask(self, ask: Ask) -> str:
        try:
            async with asyncio.timeout(PATIENCE):
                reply = await ask()
        except TimeoutError:
            return f"its far end has not answered for {PATIENCE:g} s: is it switched on, and does the network reach it?"
        except Exception:  # noqa: BLE001 - a fault of one line must not end the others
            self._log.exception("a line could not be asked")
            return ""
        if reply is None or reply.status not in _GONE:
            return ""
        return f"its far end cannot be reached: {reply.status} {reply.phrase}".strip()

"""The exchange as everybody above it gets it: no call goes over a line past the guard."""

from collections.abc import Sequence

import structlog

from cordboard.office.lines.barred_leg import BarredLeg
from cordboard.office.lines.guard import Health, LineGuard
from cordboard.telephony import (
    Bridge,
    Conference,
    Exchange,
    Leg,
    LegHandler,
    LineTarget,
    Monitor,
    Monitoring,
    Party,
    Talks,
    Target,
    TransferHandler,
)

_log = structlog.get_logger("office")


class GuardedExchange:
    """Implements `telephony.Exchange` over another one. `guard` must be a listener of that one."""

    def __init__(self, inner: Exchange, guard: LineGuard, health: Health = lambda _: "") -> None:
        """`health` tells why a line is down; an empty text: it is up."""
        self._inner = inner
        self._guard = guard
        self._health = health

    @property
    def talks(self) -> Talks:
        """See Exchange."""
        return self._inner.talks

    async def serve(self, handler: LegHandler, *, transfer: TransferHandler | None = None) -> None:
        """See Exchange."""
        await self._inner.serve(handler, transfer=transfer)

    async def originate(
        self, targets: Sequence[Target], *, caller: Party, chain: str = "", ring_time: float = 30.0
    ) -> Leg:
        """See Exchange. Lines that may not be used are dropped.

        If nothing is left, the leg has ended as UNREACHABLE: nobody is called, and the log is not told of a call.
        """
        allowed = [target for target in targets if not isinstance(target, LineTarget) or self._may(target, chain)]
        if targets and not allowed:
            return BarredLeg(targets, caller=caller, chain=chain, now=self._guard.now())
        leg = await self._inner.originate(allowed, caller=caller, chain=chain, ring_time=ring_time)
        lines = [target for target in allowed if isinstance(target, LineTarget)]
        if lines:
            self._guard.placed(leg.record, lines, alone=len(lines) == len(allowed))
        return leg

    async def join(self, a: Leg, b: Leg) -> Bridge:
        """See Exchange."""
        return await self._inner.join(a, b)

    async def conference(self) -> Conference:
        """See Exchange."""
        return await self._inner.conference()

    async def monitor(self, leg: Leg, listener: Leg, mode: Monitoring) -> Monitor:
        """See Exchange."""
        return await self._inner.monitor(leg, listener, mode)

    def legs(self) -> Sequence[Leg]:
        """See Exchange."""
        return self._inner.legs()

    def _may(self, target: LineTarget, chain: str) -> bool:
        barred = self._guard.bars(target, chain, self._health)
        if barred:
            _log.warning("a call is not made", chain=chain, line=target.line, number=target.number, why=barred)
        return not barred

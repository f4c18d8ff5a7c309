"""An exchange without a wire: scripted parties, the real contract, any clock. A fake that tests/contract verifies."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from itertools import count
from typing import Any

import structlog

from cordboard.simulation.bridge import SimulatedBridge
from cordboard.simulation.conference import SimulatedConference
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.leg import SimulatedLeg
from cordboard.simulation.monitor import SimulatedMonitor
from cordboard.simulation.phone import CalledPhone, SimulatedPhone
from cordboard.telephony import (
    CallListener,
    Clock,
    ConnectionRecord,
    Direction,
    EndReason,
    Leg,
    LegHandler,
    LegRecord,
    LegState,
    LineTarget,
    Monitoring,
    Party,
    PhoneTarget,
    Sound,
    Talks,
    Target,
    TransferHandler,
)

_log = structlog.get_logger("simulation")

_WORST_LAST = (
    EndReason.REDIRECTED,
    EndReason.BUSY,
    EndReason.REJECTED,
    EndReason.NO_ANSWER,
    EndReason.NOT_FOUND,
    EndReason.UNREACHABLE,
)
_GRACE = 1.0
"""Seconds that handlers have to come to their end when the exchange stops."""


class SimulatedExchange:
    """Implements `telephony.Exchange`. `far_ends` says who is there and what they do; nobody else is reachable.

    Everything takes its time on the running loop: in virtual time, none. Ids are counted, so that traces of two
    runs can be compared.
    """

    def __init__(self, listener: CallListener, clock: Clock, far_ends: Mapping[Target, FarEnd] | None = None) -> None:
        self.far_ends: dict[Target, FarEnd] = dict(far_ends or {})
        self.called: list[CalledPhone] = []
        """Every phone that was rung, in order."""
        self.listeners: list[CallListener] = [listener]
        """Are told of each change, in that order; more may be added."""
        self.clock = clock
        self._listener = _All(self.listeners)
        self._clock = clock
        self._ids = count(1)
        self._legs: dict[str, SimulatedLeg] = {}
        self._handler: LegHandler | None = None
        self.transfer: TransferHandler | None = None
        """Takes the transfers that simulated phones ask for."""
        self.talks = Talks(self)
        self._tasks: set[asyncio.Task[Any]] = set()

    # --- telephony.Exchange -----------------------------------------------------------------------------------

    async def serve(self, handler: LegHandler, *, transfer: TransferHandler | None = None) -> None:
        """See telephony.Exchange."""
        self._handler, self.transfer = handler, transfer
        try:
            await asyncio.Event().wait()
        finally:
            self._handler = None
            for leg in list(self._legs.values()):
                leg.finish(EndReason.SHUTDOWN)
            await self.talks.close()
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=_GRACE)
            for task in list(self._tasks):
                task.cancel()

    async def originate(
        self, targets: Sequence[Target], *, caller: Party, chain: str = "", ring_time: float = 30.0
    ) -> Leg:
        """See telephony.Exchange."""
        first = targets[0] if targets else None
        leg = self._leg(
            LegRecord(
                id=self._id("leg"),
                chain=chain or self._id("chain"),
                direction=Direction.OUTBOUND,
                state=LegState.CALLING,
                caller=caller,
                dialled=_dialled(first),
                account=first.account if isinstance(first, PhoneTarget) and len(targets) == 1 else "",
                line=first.line if isinstance(first, LineTarget) else "",
                started=self._clock.now(),
            )
        )
        phones = [CalledPhone(leg, target, self.far_ends[target]) for target in targets if target in self.far_ends]
        if len(phones) == 1:
            phones[0].alone = True
        self.called += phones
        self._spawn(self._place(leg, phones, ring_time))
        return leg

    async def join(self, a: Leg, b: Leg) -> SimulatedBridge:
        """See telephony.Exchange."""
        assert isinstance(a, SimulatedLeg), "a leg of another exchange"
        assert isinstance(b, SimulatedLeg), "a leg of another exchange"
        if a is b:
            raise ValueError("a leg cannot be joined with itself")
        bridge = self._bridge(a, b, a.chain)
        bridge.open()
        return bridge

    async def conference(self) -> SimulatedConference:
        """See telephony.Exchange."""
        return SimulatedConference(self._id("conference"), lambda a, b: self._bridge(a, b, a.chain))

    async def monitor(self, leg: Leg, listener: Leg, mode: Monitoring) -> SimulatedMonitor:
        """See telephony.Exchange."""
        assert isinstance(leg, SimulatedLeg), "a leg of another exchange"
        assert isinstance(listener, SimulatedLeg), "a leg of another exchange"
        if leg is listener:
            raise ValueError("a leg cannot watch over itself")
        monitor = SimulatedMonitor(leg, listener, mode)
        monitor.open()
        return monitor

    def legs(self) -> Sequence[Leg]:
        """See telephony.Exchange."""
        return list(self._legs.values())

    # --- the world outside ------------------------------------------------------------------------------------

    def call_in(
        self,
        number: str,
        dialled: str,
        *,
        line: str = "",
        account: str = "",
        name: str = "",
        voice: Sound | None = None,
        hears_early: bool = True,
        replaces: str = "",
    ) -> SimulatedPhone:
        """Somebody calls: from outside over `line`, or a phone of the office that signs in with `account`.

        `number` and `name` are what the caller shows; `hears_early` is whether his network carries voices before the
        answer; `replaces` is the id of the leg whose place he wants. The phone is told UNREACHABLE if nobody serves.
        """
        leg = self._leg(
            LegRecord(
                id=self._id("leg"),
                chain=self._id("chain"),
                direction=Direction.INBOUND,
                state=LegState.CALLING,
                caller=Party(number, name),
                dialled=dialled,
                account=account,
                line=line,
                started=self._clock.now(),
                replaces=replaces,
            )
        )
        phone = leg.phone = SimulatedPhone(leg, voice)
        leg.caller_hears_early = hears_early
        if self._handler is None:
            leg.finish(EndReason.UNREACHABLE)
        else:
            self._spawn(_handle(self._handler, leg))
        return phone

    # --- within -----------------------------------------------------------------------------------------------

    def _leg(self, record: LegRecord) -> SimulatedLeg:
        leg = SimulatedLeg(record, self._listener, self._clock, spawn=self._spawn, forget=self._forget)
        leg.transfers = lambda: self.transfer
        self._legs[leg.id] = leg
        return leg

    def _forget(self, leg: SimulatedLeg) -> None:
        del self._legs[leg.id]

    def _bridge(self, a: SimulatedLeg, b: SimulatedLeg, chain: str) -> SimulatedBridge:
        record = ConnectionRecord(self._id("connection"), chain, a.id, b.id, self._clock.now())
        return SimulatedBridge(record, a, b, self._listener, self._clock)

    async def _place(self, leg: SimulatedLeg, phones: Sequence[CalledPhone], ring_time: float) -> None:
        """Ring the phones of an outbound leg until one answers, none is left, or time is up."""
        ringing = {asyncio.create_task(phone.ring()): phone for phone in phones}
        over = asyncio.create_task(leg.ended())
        reasons: list[EndReason] = []
        winner: CalledPhone | None = None
        deadline = asyncio.get_running_loop().time() + ring_time
        try:
            while ringing and winner is None and leg.state is not LegState.ENDED:
                left = deadline - asyncio.get_running_loop().time()
                done, _ = await asyncio.wait({*ringing, over}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                if not done:
                    reasons.append(EndReason.NO_ANSWER if leg.record.ringing else EndReason.UNREACHABLE)
                    break
                # asyncio.wait gives a set: of two that answer at one moment the first target has it.
                for task in [task for task in ringing if task in done]:
                    phone = ringing.pop(task)
                    reason = task.result()
                    if reason is not None:
                        reasons.append(reason)
                    elif winner is None:
                        winner = phone
                    else:
                        phone.is_ended(EndReason.ANSWERED_ELSEWHERE)
        finally:
            for task in (*ringing, over):
                task.cancel()
            elsewhere = winner is not None or leg.record.reason is EndReason.ANSWERED_ELSEWHERE
            told = EndReason.ANSWERED_ELSEWHERE if elsewhere else EndReason.CANCELLED
            for phone in ringing.values():
                phone.is_ended(told)
        if winner is None:
            reason = next((reason for reason in _WORST_LAST if reason in reasons), EndReason.UNREACHABLE)
            if reason is EndReason.REDIRECTED:
                leg.life.redirect(next(to for phone in phones if (to := phone.behaviour.redirects_to)))
            leg.finish(reason)
            return
        if not leg.life.answer(winner.target.account if isinstance(winner.target, PhoneTarget) else ""):
            winner.is_ended(EndReason.CANCELLED)
            return
        leg.phone = winner
        winner.is_answered()
        talk = self._spawn(winner.talk())
        await leg.ended()
        talk.cancel()

    def _id(self, kind: str) -> str:
        return f"{kind}-{next(self._ids)}"

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


class _All:
    """Tells all who listen. Implements `telephony.CallListener`."""

    def __init__(self, listeners: Sequence[CallListener]) -> None:
        self._listeners = listeners

    def leg_changed(self, record: LegRecord) -> None:
        for each in self._listeners:
            each.leg_changed(record)

    def connection_changed(self, record: ConnectionRecord) -> None:
        for each in self._listeners:
            each.connection_changed(record)


async def _handle(handler: LegHandler, leg: SimulatedLeg) -> None:
    """The life of an inbound leg, by the contract of `LegHandler`."""
    try:
        await handler(leg)
    except Exception:  # noqa: BLE001  (a fault of one call must end that call alone)
        _log.exception("the handler of a leg failed", leg=leg.id, chain=leg.chain)
        leg.finish(EndReason.ERROR)
    finally:
        leg.finish(EndReason.HUNG_UP if leg.record.answered else EndReason.REJECTED)


def _dialled(target: Target | None) -> str:
    match target:
        case PhoneTarget(account):
            return account
        case LineTarget(_, number):
            return number
        case None:
            return ""

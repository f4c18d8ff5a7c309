"""Who talks with whom: what outlives a bridge when a party is led elsewhere, taken over or called away.

A bridge joins two legs; a talk is why they are joined. Whoever has dialled waits for the end of his talk, not of the
bridge: meanwhile the other party may be parked, transferred or taken over by another phone. All that comes to one
primitive, `Talk.divert`: one party is kept and led on, the other is free to go.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog

from cordboard.telephony.events import Held, Resumed
from cordboard.telephony.party import LegState, Target
from cordboard.telephony.ports import Bridge, Exchange, Leg
from cordboard.telephony.reasons import EndReason
from cordboard.telephony.sounds import Sound

_log = structlog.get_logger("telephony")

Work = Callable[[Leg], Awaitable[None]]
"""Leads a leg on: to another number, into a parking place, to somebody who takes it over. Returns when that is over."""


class Attempt:
    """Somebody is being called on behalf of a caller, and has not answered yet."""

    def __init__(self, caller: Leg, callee: Leg, targets: Sequence[Target]) -> None:
        self.caller = caller
        self.callee = callee
        self.targets = tuple(targets)
        self.taken_by: Leg | None = None
        """The leg that has picked the call up."""
        self.talk: Talk | None = None
        """What came of it."""
        self.over = asyncio.Event()
        """Set when neither the attempt nor a talk that came of it goes on, for the caller."""

    async def pick_up(self, leg: Leg) -> bool:
        """Let `leg` answer in the place of whom it rings at, and return after the talk.

        False if the call cannot be had any more: it was answered, picked up by somebody else, or given up.
        """
        if self.taken_by is not None or not self._rings:
            return False
        self.taken_by = leg
        if not await leg.answer() or not self._rings:
            self.taken_by = None
            return False
        await self.callee.hang_up(EndReason.ANSWERED_ELSEWHERE)
        await self.over.wait()
        if self.talk is not None:
            await self.talk.let_go(leg)
        return True

    @property
    def _rings(self) -> bool:
        return self.callee.state in (LegState.CALLING, LegState.RINGING) and self.caller.state is not LegState.ENDED


class Talk:
    """Two parties, from their joining until nobody leads either of them on any more."""

    def __init__(self, talks: "Talks", caller: Leg, callee: Leg) -> None:
        self.caller = caller
        self.callee = callee
        self.kept: Leg | None = None
        """Who is being led on, or was and stayed away."""
        self.heir: Work | None = None
        """Leads the callee on if the caller hangs up; without one he is free then."""
        self.callee_stays = False
        """Whether the callee is not hung up with the caller: he talks with somebody else meanwhile."""
        self._talks = talks
        self._bridge: Bridge | None = None
        self._work: asyncio.Task[None] | None = None
        self._finished = asyncio.Event()
        """Set when nobody waits for its end any more: then the two cannot be brought together again."""

    def other(self, leg: Leg) -> Leg:
        """The other party."""
        return self.callee if leg.id == self.caller.id else self.caller

    @property
    def joined(self) -> bool:
        """Whether they are joined now: nobody is led elsewhere."""
        return self._bridge is not None and self.kept is None and not self._finished.is_set()

    def divert(self, keep: Leg, work: Work) -> asyncio.Event:
        """Part the two and do `work` with `keep`; returns an event that is set when that is over.

        The other one stays up, in silence: let him go, or bring the two together again (`rejoin`, also from within
        `work`). Whoever dialled goes on waiting, if he is kept until `work` is over, and else until his own end, or the
        end of `work`. A kept callee is hung up after `work`. Raises ValueError if the two are not joined.
        """
        if not self.joined:
            raise ValueError("a party of this talk is being led elsewhere, or it is over")
        self.kept = keep
        self._talks.change()
        over = asyncio.Event()
        self._work = self._talks.spawn(self._lead(keep, work, over))
        return over

    async def rejoin(self) -> bool:
        """Bring the two together again. False if one of them has ended: then he who was kept still is."""
        if self._finished.is_set() or LegState.ENDED in (self.caller.state, self.callee.state):
            return False
        self.kept = None
        return await self.join()

    async def join(self) -> bool:
        """Join their voices. False if one of them has ended."""
        self._bridge = await self._talks.join(self.caller, self.callee)
        self._talks.change()
        return LegState.ENDED not in (self.caller.state, self.callee.state)

    async def let_go(self, leg: Leg) -> None:
        """Wait until `leg` is not being led elsewhere from this talk."""
        while self.kept is leg and (work := self._work) is not None:
            await asyncio.wait({work})

    async def lasts(self) -> None:
        """Wait until the talk is over for whoever has dialled."""
        gone = asyncio.ensure_future(self.caller.ended())
        try:
            while True:
                bridge, work = self._bridge, self._work
                if bridge is not None:
                    await bridge.ended()
                if self._work is not None and self.kept is not None:
                    await asyncio.wait({self._work, gone}, return_when=asyncio.FIRST_COMPLETED)
                if gone.done() or (self._bridge is bridge and self._work is work):
                    break
            if self.heir is not None and self.joined and LegState.ENDED is self.caller.state is not self.callee.state:
                self.divert(self.callee, self.heir)
        finally:
            gone.cancel()

    def adopt(self, bridge: Bridge) -> None:
        """The voices of the two are joined already."""
        self._bridge = bridge

    async def over_for(self, leg: Leg) -> None:
        """Wait until the talk is over, and `leg` is not being led elsewhere from it."""
        await self._finished.wait()
        await self.let_go(leg)

    async def part(self) -> None:
        """Close the bridge, if there is one."""
        if self._bridge is not None:
            await self._bridge.close()

    def finish(self) -> None:
        """Whoever dialled waits no longer."""
        self._finished.set()
        self._talks.change()

    async def _lead(self, keep: Leg, work: Work, over: asyncio.Event) -> None:
        own = asyncio.current_task()
        try:
            await self.part()
            await work(keep)
        except Exception:  # noqa: BLE001  (a fault must not leave a caller in silence for ever)
            _log.exception("a party could not be led elsewhere", leg=keep.id, chain=keep.chain)
        finally:
            if self._work is own:  # else they came together again, and were parted again
                self._work = None
            over.set()
            if self.kept is keep and keep is self.callee:
                await asyncio.shield(keep.hang_up())


class Talks:
    """The talks of one exchange, and the calls that ring."""

    def __init__(self, exchange: Exchange) -> None:
        self.hold_music: Sequence[Sound] = ()
        """What a party hears whom the other one has put on hold."""
        self._exchange = exchange
        self._of: dict[str, list[Talk]] = {}
        self._attempts: list[Attempt] = []
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()

    def of(self, leg: Leg) -> Talk | None:
        """The innermost talk in which the leg is joined now."""
        return next((talk for talk in reversed(self._of.get(leg.id, ())) if talk.joined), None)

    def all(self) -> Sequence[Talk]:
        """Every talk whose parties are joined now, the oldest first."""
        found = {id(talk): talk for stack in self._of.values() for talk in stack if talk.joined}
        return list(found.values())

    def attempts(self) -> Sequence[Attempt]:
        """Whoever is being called now, the oldest first."""
        return list(self._attempts)

    def next_change(self) -> asyncio.Event:
        """An event that is set at the next change of who talks with whom, or whom somebody calls."""
        return self._changed

    def change(self) -> None:
        """Something has changed: also that it rings where it did not."""
        self._changed.set()
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def ringing(self, caller: Leg, callee: Leg, targets: Sequence[Target]) -> AsyncIterator[Attempt]:
        """An attempt, for as long as the context lasts: until the end of the talk that may come of it."""
        attempt = Attempt(caller, callee, targets)
        self._attempts.append(attempt)
        self.change()
        try:
            yield attempt
        finally:
            self.answered(attempt)
            attempt.over.set()

    def answered(self, attempt: Attempt) -> None:
        """It rings no longer."""
        if attempt in self._attempts:
            self._attempts.remove(attempt)
            self.change()

    async def together(self, a: Leg, b: Leg) -> None:
        """Join two answered legs and return when their talk is over, for both. Neither is hung up by this."""
        talk = Talk(self, a, b)
        await self.run(talk)
        await talk.let_go(b)

    def adopt(self, a: Leg, b: Leg, bridge: Bridge) -> Talk:
        """The talk of two whose voices `bridge` joins already, which goes on by itself. Neither is hung up by this."""
        talk = Talk(self, a, b)
        talk.adopt(bridge)
        self.spawn(self.run(talk))
        return talk

    async def run(self, talk: Talk) -> None:
        """Join the two and return when their talk is over for the caller. Neither is hung up by this."""
        a, b = talk.caller, talk.callee
        for leg in (a, b):
            self._of.setdefault(leg.id, []).append(talk)
        accompanied = [self.spawn(self._accompany(talk, leg)) for leg in (a, b)]
        try:
            if not talk.joined:
                await talk.join()
            await talk.lasts()
        finally:
            talk.finish()
            for task in accompanied:
                task.cancel()
            for leg in (a, b):
                self._of[leg.id].remove(talk)
                if not self._of[leg.id]:
                    del self._of[leg.id]
            if talk.kept is None:
                await asyncio.shield(talk.part())

    async def take_place(self, leaving: Leg, coming: Leg) -> bool:
        """Let `coming` talk in the place of `leaving`, who is hung up, and return after the talk.

        False, and nothing has changed, if `leaving` does not talk, or `coming` cannot be answered.
        """
        if self.of(leaving) is None or not await coming.answer():
            return False
        talk = self.of(leaving)
        if talk is None:
            return False

        async def go_on(kept: Leg) -> None:
            await self.together(kept, coming)

        over = talk.divert(talk.other(leaving), go_on)
        await leaving.hang_up()
        await over.wait()
        return True

    async def join(self, a: Leg, b: Leg) -> Bridge:
        """See Exchange.join. Of two who came by different calls, the younger call becomes a part of the older one."""
        self.one_call(a, b)
        return await self._exchange.join(a, b)

    def one_call(self, a: Leg, b: Leg) -> None:
        """Of two who came by different calls, the younger call becomes a part of the older one."""
        if a.chain != b.chain:
            older, younger = sorted((a, b), key=lambda leg: leg.record.started)
            self.unite(younger.chain, older.chain)

    def unite(self, gone: str, chain: str) -> None:
        """All legs of the chain `gone` are of `chain` from now on."""
        for leg in self._exchange.legs():
            if leg.chain == gone:
                leg.move(chain)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Something that outlives whoever asked for it; it ends with the exchange."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """End what goes on here."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accompany(self, talk: Talk, leg: Leg) -> None:
        """Music for whom `leg` puts on hold. Who is led elsewhere hears what there is."""
        with leg.events() as events:
            async for event in events:
                if not self.hold_music or not talk.joined:
                    continue
                match event:
                    case Held():
                        await talk.other(leg).background(self.hold_music)
                    case Resumed():
                        await talk.other(leg).background(())
                    case _:
                        pass

"""The life of a leg: where it stands, who listens, and what they are told. Shared by every exchange."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Self

from cordboard.telephony.clock import Clock
from cordboard.telephony.events import Answered, Digit, EarlyMedia, Ended, Held, LegEvent, Resumed, Ringing
from cordboard.telephony.keys import Collected, KeyBuffer, KeyRule
from cordboard.telephony.party import LegState
from cordboard.telephony.ports import CallListener
from cordboard.telephony.reasons import EndReason
from cordboard.telephony.records import LegRecord


class LegLife:
    """Moves a leg's record forward, never back, and tells those who listen, in order.

    Each method returns whether it changed anything: a second answer, or ringing after the end, is nothing.
    """

    def __init__(self, record: LegRecord, listener: CallListener, clock: Clock) -> None:
        self.record = record
        self.keys = KeyBuffer()
        self._listener = listener
        self._clock = clock
        self._streams: list[_EventStream] = []
        self._over = asyncio.Event()
        listener.leg_changed(record)

    @property
    def state(self) -> LegState:
        """Where the leg stands."""
        return self.record.state

    def ring(self) -> bool:
        """It rings."""
        if self.state is not LegState.CALLING:
            return False
        self._advance(replace(self.record, state=LegState.RINGING, ringing=self._clock.now()), Ringing())
        return True

    def early_media(self) -> bool:
        """The far end is heard before it answers."""
        if self.state not in (LegState.CALLING, LegState.RINGING):
            return False
        self._tell(EarlyMedia())
        return True

    def answer(self, account: str = "") -> bool:
        """It was answered, on an outbound leg by a phone of `account`."""
        if self.state not in (LegState.CALLING, LegState.RINGING):
            return False
        changed = replace(self.record, state=LegState.ANSWERED, answered=self._clock.now())
        self._advance(replace(changed, account=account) if account else changed, Answered(account))
        return True

    def hold(self, held: bool) -> bool:
        """The far end holds us, or came back."""
        if self.state is LegState.ENDED or self.record.held == held:
            return False
        self._advance(replace(self.record, held=held), Held() if held else Resumed())
        return True

    def press(self, key: str) -> bool:
        """A key was pressed."""
        if self.state is LegState.ENDED:
            return False
        self.keys.press(key)
        self._tell(Digit(key))
        return True

    def move(self, chain: str) -> bool:
        """It belongs to another chain from now on."""
        if self.state is LegState.ENDED or self.record.chain == chain:
            return False
        self.record = replace(self.record, chain=chain)
        self._listener.leg_changed(self.record)
        return True

    def led(self, by: str) -> bool:
        """A colleague has transferred the far end."""
        if self.state is LegState.ENDED or self.record.led_by == by:
            return False
        self.record = replace(self.record, led_by=by)
        self._listener.leg_changed(self.record)
        return True

    def redirect(self, number: str) -> None:
        """Note where the called phone wants the call led; the leg is about to end for that. Nothing if it has ended."""
        if self.state is not LegState.ENDED:
            self.record = replace(self.record, redirected_to=number)

    def recorded(self) -> bool:
        """A recording of the talk has begun."""
        if self.state is LegState.ENDED or self.record.recorded:
            return False
        self.record = replace(self.record, recorded=True)
        self._listener.leg_changed(self.record)
        return True

    def end(self, reason: EndReason) -> bool:
        """It is over."""
        if self.state is LegState.ENDED:
            return False
        ended = replace(self.record, state=LegState.ENDED, ended=self._clock.now(), reason=reason, held=False)
        self._advance(ended, Ended(reason))
        self.keys.close()
        self._over.set()
        return True

    async def ended(self) -> EndReason:
        """Wait for the end."""
        await self._over.wait()
        return self.record.reason or EndReason.ERROR

    @contextmanager
    def events(self) -> Iterator[AsyncIterator[LegEvent]]:
        """A stream of its own for whoever enters, see `Leg.events`."""
        stream = _EventStream()
        if self.record.reason is not None:
            stream.put(Ended(self.record.reason))
        self._streams.append(stream)
        try:
            yield stream
        finally:
            self._streams.remove(stream)

    def _advance(self, record: LegRecord, event: LegEvent) -> None:
        self.record = record
        self._listener.leg_changed(record)
        self._tell(event)

    def _tell(self, event: LegEvent) -> None:
        for stream in self._streams:
            stream.put(event)


class LivingLeg:
    """The part of `telephony.Leg` that is told by the leg's life alone. Every exchange builds its legs on it."""

    def __init__(self, life: LegLife) -> None:
        self.life = life

    @property
    def id(self) -> str:
        """See telephony.Leg."""
        return self.life.record.id

    @property
    def chain(self) -> str:
        """See telephony.Leg."""
        return self.life.record.chain

    @property
    def record(self) -> LegRecord:
        """See telephony.Leg."""
        return self.life.record

    @property
    def state(self) -> LegState:
        """See telephony.Leg."""
        return self.life.state

    def events(self) -> AbstractContextManager[AsyncIterator[LegEvent]]:
        """See telephony.Leg."""
        return self.life.events()

    def led(self, by: str) -> None:
        """See telephony.Leg."""
        self.life.led(by)

    def move(self, chain: str) -> None:
        """See telephony.Leg."""
        self.life.move(chain)

    async def ended(self) -> EndReason:
        """See telephony.Leg."""
        return await self.life.ended()

    async def collect(self, rule: KeyRule) -> Collected:
        """See telephony.Leg."""
        return await self.life.keys.collect(rule)

    def forget_keys(self) -> None:
        """See telephony.Leg."""
        self.life.keys.clear()


class _EventStream:
    """Yields events until Ended, which is the last one."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[LegEvent] = asyncio.Queue()
        self._over = False

    def put(self, event: LegEvent) -> None:
        self._queue.put_nowait(event)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> LegEvent:
        if self._over:
            raise StopAsyncIteration
        event = await self._queue.get()
        self._over = isinstance(event, Ended)
        return event

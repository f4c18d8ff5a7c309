"""Parking: a call is put on a place with a number of its own, and taken from there by any phone of the office.

Places are held in memory: a restart ends the calls, and so every place is free after it.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Protocol, Self

from pydantic import Field, model_validator

from cordboard.office.documents import Document, Number
from cordboard.office.model import D, OfficeData
from cordboard.office.ports import Parked, ParkEnd, Person, Switchboard
from cordboard.office.transfers import Going, Transfers
from cordboard.office.voicemail_words import Announcer, Digits, Recorded
from cordboard.telephony import (
    Clock,
    EndReason,
    Exchange,
    Lamp,
    Lamps,
    Leg,
    LegState,
    Party,
    PhoneTarget,
    Sound,
    Wording,
    dial,
)

KEPT = 2.0
"""Seconds that a place is kept for whoever has hung up just before his phone hands the party over."""
SHORT_CALL = 15.0
"""Seconds that a phone rings which is told where its party is parked."""

PLACE: Wording = MappingProxyType({"en": "Parking place", "ru": "Место на парковке", "uk": "Місце на паркуванні"})


class ParkingLot(Document):
    """Places on which calls wait."""

    kind: ClassVar[str] = "parking_lots"

    number: Number
    """Transfer a call here, and it is parked on the first free place."""
    places: Annotated[tuple[Number, ...], Field(min_length=1, max_length=100)]
    """The numbers of the places. Who dials one talks with whoever is parked there."""
    music: str = ""
    """The prompt that who is parked hears over and over. Empty: the exchange's music on hold."""
    timeout: Annotated[int, Field(ge=5, le=86_400)] = 120
    """Seconds after which the phone rings that has parked the call."""
    ring_back: Annotated[int, Field(ge=5, le=600)] = 30
    """Seconds that it rings."""
    then: str = ""
    """The number that is tried if nobody answers there. Empty, or in vain: the call waits for another `timeout`."""
    announce: bool = True
    """Whether who has parked a call is told on which place. A phone that hung up at once is called for it, by the
    number of the place, so that its display shows it."""

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({self.number, *self.places}) <= len(self.places):
            raise ValueError("each number may stand there only once: that of the lot, and those of its places")
        return self

    def numbers(self) -> tuple[str, ...]:
        """See Document."""
        return (self.number, *self.places)

    def faults(self, office: OfficeData) -> Iterator[str]:  # noqa: ARG002  (whom `then` reaches shows when it is dialled)
        """See Document."""
        if self.then in self.numbers():
            yield f"the parking lot {self.name!r} leads back to itself: choose another number for `then`"


class Office(Protocol):
    """The part of the office that is needed here."""

    def documents(self, kind: type[D]) -> Mapping[str, D]:
        """The documents of one kind, by name."""

    def by_account(self, account: str) -> Person | None:
        """The user whose phone signs in with that account."""


class _Place:
    """A place that is taken: by a party, or for one that is still to come."""

    def __init__(self, lot: ParkingLot, number: str, account: str, since: datetime) -> None:
        self.lot = lot
        self.number = number
        self.account = account
        """Of the phone that has parked the party; empty: nobody is called back."""
        self.since = since
        self.leg: Leg | None = None
        self.taker: Leg | None = None
        self.taken = asyncio.Event()
        """Set when the taker is there."""
        self.over = asyncio.Event()
        """Set when he and the party have talked, or the party has gone."""


class Parking:
    """The parking lots as a service of the switchboard; implements `office.ports.ParkingLots` as well."""

    def __init__(
        self,
        exchange: Exchange,
        office: Office,
        switchboard: Switchboard,
        transfers: Transfers,
        *,
        announcer: Announcer,
        lamps: Lamps,
        clock: Clock,
    ) -> None:
        self._exchange = exchange
        self._office = office
        self._switchboard = switchboard
        self._transfers = transfers
        self._announcer = announcer
        self._lamps = lamps
        self._clock = clock
        self._places: dict[str, _Place] = {}
        """By the number; free ones are not in it."""
        self._reserved: dict[str, _Place] = {}
        """By the leg of whoever has dialled the lot, and has not handed a party over yet."""
        transfers.reservations.append(self._reservation)

    # --- office.switchboard.Service ---------------------------------------------------------------------------

    def takes(self, number: str) -> bool:
        """See Service."""
        return self._lot(number) is not None

    async def serve(self, leg: Leg, number: str, login: str) -> EndReason | None:
        """See Service. A party that is transferred here is parked; a phone that dials has a place kept, or takes."""
        lot = self._lot(number)
        if lot is None:
            return EndReason.NOT_FOUND
        parker = self._transfers.transferor(leg)
        if number == lot.number and parker is None and login and self._office.by_account(leg.record.account):
            return await self._keep_place(lot, leg)
        if number != lot.number and parker is None:
            return await self.take(leg, number) if login else EndReason.FORBIDDEN
        place = self._occupy(lot, number, parker.record.account if parker is not None else "")
        if place is None:
            return EndReason.BUSY
        return await self._park(place, leg)

    # --- office.ports.ParkingLots -----------------------------------------------------------------------------

    async def park(
        self, lot: str, leg: Leg, *, timeout: float | None = None, placed: Callable[[str], None] = lambda _: None
    ) -> ParkEnd:
        """See ParkingLots."""
        known = self._office.documents(ParkingLot).get(lot)
        if known is None:
            raise LookupError(lot)
        place = self._occupy(known, known.number, "")
        if place is None:
            return ParkEnd.FULL
        placed(place.number)
        try:
            await leg.answer()
            return ParkEnd.ENDED if await self._wait(place, leg, timeout) else ParkEnd.TIMEOUT
        finally:
            self._give_up(place)

    async def take(self, leg: Leg, number: str) -> EndReason | None:
        """Let `leg` talk with whoever is parked there, and return after the talk. NOT_FOUND if nobody is."""
        place = self._places.get(number)
        if place is None or place.leg is None or place.taker is not None:
            return EndReason.NOT_FOUND
        place.taker = leg  # before anything is waited for: of two who dial, one has the party
        if not await leg.answer() or self._places.get(number) is not place:
            place.taker = None
            return EndReason.NOT_FOUND
        self._free(place)
        place.taken.set()
        await place.over.wait()
        return None

    def parked(self) -> Sequence[Parked]:
        """Who is parked, and which places are kept for somebody, by their numbers."""
        return [
            Parked(
                place.number,
                place.lot.name,
                place.since,
                place.account,
                self._transfers.shown(place.leg) if place.leg is not None else None,
                place.leg.chain if place.leg is not None else "",
                place.leg.id if place.leg is not None else "",
            )
            for place in sorted(self._places.values(), key=lambda each: each.number)
        ]

    # --- within -----------------------------------------------------------------------------------------------

    def _lot(self, number: str) -> ParkingLot | None:
        lots = self._office.documents(ParkingLot).values()
        return next((lot for lot in lots if number in lot.numbers()), None)

    def _occupy(self, lot: ParkingLot, number: str, account: str) -> _Place | None:
        """The first free place, or that one. There is no waiting in here: a place is never given twice."""
        wanted = lot.places if number == lot.number else (number,)
        free = next((each for each in wanted if each not in self._places), None)
        if free is None:
            return None
        place = self._places[free] = _Place(lot, free, account, self._clock.now())
        self._lamps.show(free, Lamp.BUSY)
        return place

    def _free(self, place: _Place) -> None:
        if self._places.get(place.number) is place:
            del self._places[place.number]
            self._lamps.show(place.number, Lamp.FREE)

    async def _keep_place(self, lot: ParkingLot, leg: Leg) -> EndReason | None:
        """An employee hears on which place the party will be that he is about to hand over."""
        place = self._occupy(lot, lot.number, leg.record.account)
        if place is None:
            return EndReason.BUSY
        self._reserved[leg.id] = place
        try:
            if await leg.answer():
                words = await self._words(place)
                await leg.play(words)
                await leg.background(await self._music(lot))
                await leg.ended()
                await asyncio.sleep(KEPT)
        finally:
            if self._reserved.pop(leg.id, None) is not None:
                self._give_up(place)
        return None

    def _reservation(self, consulted: Leg) -> Going | None:
        """See Transfers.reservations."""
        place = self._reserved.get(consulted.id)
        if place is None:
            return None

        async def go(led: Leg) -> EndReason | None:
            if self._reserved.pop(consulted.id, None) is None:  # it was kept too long, or somebody else has it
                return EndReason.NOT_FOUND
            await self._stay(place, led)
            return None

        return go

    async def _park(self, place: _Place, leg: Leg) -> EndReason | None:
        """A party that was transferred without a word. Who has transferred it is told where it is."""
        telling = asyncio.create_task(self._tell(place, leg)) if place.account and place.lot.announce else None
        try:
            await leg.answer()
            await self._stay(place, leg)
        finally:
            if telling is not None:
                telling.cancel()
        return None

    async def _stay(self, place: _Place, leg: Leg) -> None:
        """Until the party has gone, or talks no more with who took it, or who was called for it."""
        try:
            while not await self._wait(place, leg, place.lot.timeout):
                for reach in (self._call_back, self._call_next):
                    if await self._wait(place, leg, None, partial(reach, place, leg)):
                        return
        finally:
            self._give_up(place)

    async def _wait(
        self,
        place: _Place,
        leg: Leg,
        timeout: float | None,
        reach: Callable[[], Coroutine[Any, Any, object]] | None = None,
    ) -> bool:
        """With music, while somebody else is called. False: time is up, or he could not be reached; it is still parked.

        Whoever dials the place comes before who is called.
        """
        place.leg = leg
        await leg.background(await self._music(place.lot))
        ended, taken = asyncio.create_task(leg.ended()), asyncio.create_task(place.taken.wait())
        there = asyncio.create_task(self._leave(place, leg)) if reach is not None else None
        reached = asyncio.create_task(reach()) if reach is not None else None
        waits = [task for task in (ended, taken, reached) if task is not None]
        try:
            await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            others = [task for task in (*waits, there) if task is not None]
            for task in others:
                task.cancel()
            await asyncio.wait(others)
        if place.taken.is_set() and place.taker is not None:
            await self._exchange.talks.together(leg, place.taker)
            return True
        return leg.state is LegState.ENDED or self._places.get(place.number) is not place

    async def _leave(self, place: _Place, leg: Leg) -> None:
        """Free the place as soon as who was called has the party."""
        await self._transfers.taken(leg)
        self._free(place)

    async def _call_back(self, place: _Place, leg: Leg) -> None:
        """Ring who has parked the party; his phone shows the place and who it is."""
        if not place.account:
            return
        await dial(
            self._exchange,
            leg,
            [PhoneTarget(place.account)],
            show=self._shown(place, leg),
            ring_time=place.lot.ring_back,
            ringback=await self._music(place.lot),
        )

    async def _call_next(self, place: _Place, leg: Leg) -> None:
        if place.lot.then:
            await self._switchboard.connect(leg, place.lot.then, ringback=await self._music(place.lot))

    def _shown(self, place: _Place, leg: Leg) -> Party:
        party = self._transfers.shown(leg)
        return Party(place.number, party.name or party.number)

    async def _tell(self, place: _Place, leg: Leg) -> None:
        """Say the place to who has parked the party; if he has hung up by then, call him for it."""
        if await self._transfers.announce(leg, lambda: self._words(place)):
            return
        called = await self._exchange.originate(
            [PhoneTarget(place.account)], caller=self._shown(place, leg), chain=leg.chain, ring_time=SHORT_CALL
        )
        try:
            if await called.answer():
                await called.play(await self._words(place))
        finally:
            await asyncio.shield(called.hang_up())

    async def _words(self, place: _Place) -> Sequence[Sound]:
        person = self._office.by_account(place.account)
        return await self._announcer.sounds([PLACE, Digits(place.number)], person.language if person else "")

    async def _music(self, lot: ParkingLot) -> Sequence[Sound]:
        own = await self._announcer.sounds([Recorded(lot.music)]) if lot.music else ()
        return own or self._exchange.talks.hold_music

    def _give_up(self, place: _Place) -> None:
        """The party is not there any more: whoever came for it need not wait."""
        self._free(place)
        place.over.set()

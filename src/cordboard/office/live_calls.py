"""The calls that go on now, and what can be done with them from outside: by the API, a CRM, the operator's page."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from cordboard.office.ports import Destination, Parked, Person, Refusal, Switchboard
from cordboard.office.transfers import Transfer, Transfers
from cordboard.telephony import (
    Direction,
    EndReason,
    Exchange,
    Leg,
    LegState,
    Monitoring,
    Party,
    PhoneTarget,
)

RING_TIME = 30.0
"""Seconds that the phones of a user ring who has asked for a call."""
_REFUSALS = {
    Refusal.UNKNOWN: EndReason.NOT_FOUND,
    Refusal.FORBIDDEN: EndReason.FORBIDDEN,
    Refusal.UNREACHABLE: EndReason.UNREACHABLE,
}


class Office(Protocol):
    """The part of the office that is needed here."""

    def by_login(self, login: str) -> Person | None:
        """The user of that login."""

    def by_account(self, account: str) -> Person | None:
        """The user whose phone signs in with that account."""

    def phones_of(self, login: str) -> Sequence[str]:
        """The accounts of a user's phones."""

    def destination(self, number: str, *, dialled_by: str = "") -> Destination:
        """See office.ports.Numbering."""


class Lots(Protocol):
    """The part of the parking that is needed here."""

    def parked(self) -> Sequence[Parked]:
        """The places that are taken."""

    async def take(self, leg: Leg, number: str) -> EndReason | None:
        """See ParkingLots."""


class Picks(Protocol):
    """See office.ports.Pickups."""

    async def pick_up(self, leg: Leg, login: str, *, number: str = "") -> EndReason | None:
        """See Pickups."""


class Watch(Protocol):
    """The part of the supervision that is needed here."""

    def right(self, login: str, whom: str, mode: Monitoring) -> object | None:
        """What lets the user be beside the talks of that colleague; None: nothing does."""

    def talking(self, login: str) -> Leg | None:
        """The phone of a user that is in a call now."""

    async def join(self, leg: Leg, login: str, whom: str, mode: Monitoring) -> EndReason | None:
        """Let him take part, and return when he is out."""


@dataclass(frozen=True, slots=True)
class LiveLeg:
    """One party of a call as it stands now. Times are aware, in UTC."""

    id: str
    number: str
    """As it shows itself, or as it was dialled."""
    name: str
    login: str
    """The user whose phone it is; empty: somebody outside, or several phones that ring."""
    line: str
    account: str
    inbound: bool
    state: LegState
    since: datetime
    answered: datetime | None
    held: bool
    recorded: bool
    talks_with: str
    """The id of the leg it talks with; empty: none of these."""
    calls: str
    """The id of the leg that is called on its behalf, and has not answered."""
    parked: str
    """The number of the place on which it is parked."""


@dataclass(frozen=True, slots=True)
class LiveCall:
    """All that hangs together now."""

    chain: str
    since: datetime
    legs: tuple[LiveLeg, ...]

    def of(self, login: str) -> bool:
        """Whether a phone of that user takes part."""
        return any(leg.login == login for leg in self.legs)


class RefusedError(Exception):
    """What was asked for cannot be done; `reason` says why."""

    def __init__(self, reason: EndReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class LiveCalls:
    """Answers from memory. What is begun here ends with the exchange."""

    def __init__(
        self,
        exchange: Exchange,
        office: Office,
        switchboard: Switchboard,
        transfers: Transfers,
        *,
        parking: Lots,
        pickup: Picks,
        supervision: Watch,
        serves: Callable[[str], bool],
    ) -> None:
        """`serves` says whether a service of the switchboard has that number."""
        self._exchange = exchange
        self._office = office
        self._switchboard = switchboard
        self._transfers = transfers
        self._parking = parking
        self._pickup = pickup
        self._supervision = supervision
        self._serves = serves
        self._held: dict[str, asyncio.Event] = {}
        """By the leg that has put its party on hold; set when it comes back."""

    # --- what there is ----------------------------------------------------------------------------------------

    def calls(self) -> Sequence[LiveCall]:
        """The oldest first."""
        talks = self._exchange.talks
        others = {leg.id: talk.other(leg).id for talk in talks.all() for leg in (talk.caller, talk.callee)}
        rung = {attempt.caller.id: attempt.callee.id for attempt in talks.attempts()}
        places = {place.leg: place.number for place in self._parking.parked()}
        chains: dict[str, list[LiveLeg]] = {}
        for leg in self._exchange.legs():
            shown = self._live(leg, others.get(leg.id, ""), rung.get(leg.id, ""), places.get(leg.id, ""))
            chains.setdefault(leg.chain, []).append(shown)
        found = [
            LiveCall(chain, min(leg.since for leg in legs), tuple(sorted(legs, key=lambda leg: (leg.since, leg.id))))
            for chain, legs in chains.items()
        ]
        return sorted(found, key=lambda call: (call.since, call.chain))

    def _live(self, leg: Leg, talks_with: str, calls: str, parked: str) -> LiveLeg:
        record = leg.record
        person = self._office.by_account(record.account) if record.account else None
        party = self._transfers.shown(leg)
        return LiveLeg(
            leg.id,
            party.number,
            party.name,
            person.login if person is not None else "",
            record.line,
            record.account,
            record.direction is Direction.INBOUND,
            record.state,
            record.started,
            record.answered,
            record.held or leg.id in self._held,
            record.recorded,
            talks_with,
            calls,
            parked,
        )

    # --- what can be done -------------------------------------------------------------------------------------

    async def hang_up(self, leg_id: str) -> None:
        """End one leg. Raises LookupError."""
        await self._leg(leg_id).hang_up()

    async def transfer(self, leg_id: str, number: str, *, login: str | None = None) -> None:
        """Lead the party of a leg to a number, and return as soon as it rings there, or is taken.

        The rights of `login` count; None: of the user whose phone the leg is. Raises LookupError, RefusedError.
        """
        request = Transfer(number)
        leg = self._leg(leg_id)
        self._exchange.talks.spawn(self._transfers.transfer(leg, request, login=login))
        rings = asyncio.create_task(request.rings.wait())
        waits: set[asyncio.Future[Any]] = {rings, request.outcome}
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        rings.cancel()
        if request.outcome.done() and (failure := request.outcome.result()) is not None:
            raise RefusedError(failure)

    def hold(self, leg_id: str) -> None:
        """Let the party of a leg wait with music. Nothing if it does. Raises LookupError, RefusedError."""
        leg = self._leg(leg_id)
        if leg.id in self._held:
            return
        talk = self._exchange.talks.of(leg)
        if talk is None:
            raise RefusedError(EndReason.NOT_FOUND)
        back = self._held[leg.id] = asyncio.Event()

        async def wait(led: Leg) -> None:
            await led.background(self._exchange.talks.hold_music)
            waits: list[asyncio.Task[Any]] = [
                asyncio.create_task(back.wait()),
                asyncio.create_task(led.ended()),
                asyncio.create_task(leg.ended()),
            ]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in waits:
                    each.cancel()
                self._held.pop(leg.id, None)
            await talk.rejoin()

        talk.divert(talk.other(leg), wait)

    def resume(self, leg_id: str) -> None:
        """Come back from `hold`. Nothing if nobody is held there. Raises LookupError."""
        if (back := self._held.get(self._leg(leg_id).id)) is not None:
            back.set()

    async def call(self, login: str, number: str) -> str:
        """Ring the phones of a user, then the number, with his rights; the id of the chain as soon as they ring.

        Raises LookupError if there is no such user, RefusedError if he may not dial it or has no phone.
        """
        refusal = self._office.destination(number, dialled_by=login).refusal
        if refusal is not None and not self._serves(number):
            raise RefusedError(_REFUSALS[refusal])

        async def connect(leg: Leg) -> None:
            await self._switchboard.connect(leg, number, login=login)

        return await self._ring(login, Party(number), connect)

    async def pick_up(self, login: str, *, number: str = "", place: str = "") -> str:
        """Ring the phones of a user; he has what rings at a number, or is parked on a place. See `call`."""

        async def take(leg: Leg) -> None:
            if place:
                await self._parking.take(leg, place)
            else:
                await self._pickup.pick_up(leg, login, number=number)

        return await self._ring(login, Party(place or number), take)

    async def monitor(self, login: str, whom: str, mode: Monitoring) -> str:
        """Ring the phones of a supervisor; he is beside the talk of a colleague. See `call`."""
        if self._supervision.right(login, whom, mode) is None:
            raise RefusedError(EndReason.FORBIDDEN)
        person = self._office.by_login(whom)
        if person is None or self._supervision.talking(whom) is None:
            raise RefusedError(EndReason.NOT_FOUND)

        async def join(leg: Leg) -> None:
            await self._supervision.join(leg, login, whom, mode)

        return await self._ring(login, Party(person.number, person.name), join)

    async def _ring(self, login: str, shown: Party, then: Callable[[Leg], Awaitable[None]]) -> str:
        if self._office.by_login(login) is None:
            raise LookupError(f"there is no user {login!r}")
        targets = [PhoneTarget(account) for account in self._office.phones_of(login)]
        if not targets:
            raise RefusedError(EndReason.UNREACHABLE)
        leg = await self._exchange.originate(targets, caller=shown, ring_time=RING_TIME)
        chain = leg.chain

        async def work() -> None:
            try:
                if await leg.answer():
                    await then(leg)
            finally:
                await asyncio.shield(leg.hang_up(EndReason.HUNG_UP if leg.record.answered else EndReason.CANCELLED))

        self._exchange.talks.spawn(work())
        return chain

    def _leg(self, leg_id: str) -> Leg:
        found = next((leg for leg in self._exchange.legs() if leg.id == leg_id), None)
        if found is None:
            raise LookupError(f"there is no leg {leg_id!r}, or it has ended")
        return found

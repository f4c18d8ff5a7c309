"""A party of a talk is led elsewhere: blind or attended, for phones that ask by themselves, by keys and for the API."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from cordboard.office.ports import Staff, Switchboard
from cordboard.telephony import (
    Direction,
    EndReason,
    Exchange,
    Leg,
    LegState,
    Party,
    PhoneTarget,
    PlayEnd,
    Sound,
    Talk,
    TransferRequest,
    dial,
)

TAKEN = 1.0
"""Seconds after which a party whom nobody rings for, and whom nobody has refused, is taken: by a scenario, a queue."""
GOODBYE = 2.0
"""Seconds that a phone has to hang up by itself after its transfer has come about."""

Going = Callable[[Leg], Awaitable[EndReason | None]]
"""Leads a leg somewhere and returns after that; else why it could not be."""

_log = structlog.get_logger("office")


class Transfer:
    """A transfer that no phone waits for. Implements `telephony.TransferRequest`; `outcome` is set at its end."""

    def __init__(self, number: str, consulted: Leg | None = None) -> None:
        self.number = number
        self.consulted = consulted
        self.rings = asyncio.Event()
        self.outcome: asyncio.Future[EndReason | None] = asyncio.get_running_loop().create_future()

    def ringing(self) -> None:
        """See TransferRequest."""
        self.rings.set()

    def done(self, failure: EndReason | None = None) -> None:
        """See TransferRequest."""
        if not self.outcome.done():
            self.outcome.set_result(failure)


class Transfers:
    """An instance is the exchange's `TransferHandler`.

    The led party hears ringing. Whoever transfers has his party back if nobody could be had; if he has gone by then,
    his phone is called.
    """

    def __init__(self, exchange: Exchange, staff: Staff, switchboard: Switchboard) -> None:
        self.reservations: list[Callable[[Leg], Going | None]] = []
        """Asked for where a party goes that is handed over by a leg which is no talk: to a parking place, for one."""
        self._exchange = exchange
        self._staff = staff
        self._switchboard = switchboard
        self._under_way: dict[str, _UnderWay] = {}
        """By the leg that is led elsewhere."""

    async def __call__(self, leg: Leg, request: TransferRequest) -> None:
        """See telephony.TransferHandler."""
        await self.transfer(leg, request)

    async def transfer(self, leg: Leg, request: TransferRequest, *, login: str | None = None) -> None:
        """Lead the other party of `leg` elsewhere, and return when that is over.

        The rights of the user `login` count; None: of whose phone `leg` is, and a stranger has none.
        """
        if login is None:
            person = self._staff.by_account(leg.record.account) if leg.record.account else None
            login = person.login if person is not None else ""
        talk = self._exchange.talks.of(leg)
        if not login or talk is None or request.consulted is leg:
            request.done(EndReason.NOT_FOUND if login else EndReason.FORBIDDEN)
        elif request.consulted is None:
            await self._divert(talk, leg, self.to(request.number, login), request).wait()
        else:
            await self._attended(talk, leg, request.consulted, request, login)

    def to(self, number: str, login: str) -> Going:
        """To whoever has that number, with the rights of a user."""

        async def go(led: Leg) -> EndReason | None:
            return await self._switchboard.connect(led, number, login=login)

        return go

    def reserved(self, consulted: Leg) -> Going | None:
        """Where a party goes that is handed over by that leg, if there is a place for it."""
        return next((found for each in self.reservations if (found := each(consulted)) is not None), None)

    async def lead(self, talk: Talk, leg: Leg, go: Going, request: TransferRequest) -> None:
        """The work with the party that `leg` transfers, who is led on already."""
        led, told = talk.other(leg), _Once(request)
        led.led(self.shown(leg).number)
        under_way = self._under_way[led.id] = _UnderWay(leg)
        following = asyncio.create_task(self._follow(under_way, led, told))
        try:
            failure = await go(led)
        finally:
            following.cancel()
            if self._under_way.get(led.id) is under_way:
                del self._under_way[led.id]
        if failure is None:
            told.done(EndReason.CANCELLED if led.state is LegState.ENDED else None)
        else:
            _log.info("a transfer has failed", call=led.chain, number=request.number, reason=failure.value)
            told.done(failure)
            await self.bring_back(talk, leg)

    def transferor(self, led: Leg) -> Leg | None:
        """Who leads that leg elsewhere just now, if somebody does; his leg may have ended."""
        under_way = self._under_way.get(led.id)
        return under_way.leg if under_way is not None else None

    async def announce(self, led: Leg, sounds: Callable[[], Awaitable[Sequence[Sound]]]) -> bool:
        """Let who leads that leg elsewhere hear something before his phone is let go. False if he has not heard all."""
        under_way = self._under_way.get(led.id)
        if under_way is None or under_way.leg.state is LegState.ENDED:
            return False
        async with under_way.speaking:
            played = await under_way.leg.play(await sounds())
        return played.end is PlayEnd.FINISHED

    async def taken(self, led: Leg, *, ringing: Callable[[], None] = lambda: None) -> None:
        """Wait until a leg that is led somewhere has come there: it talks, or something without a phone has it."""
        talks = self._exchange.talks
        while talks.of(led) is None:
            change = talks.next_change()
            called = next((each.callee for each in talks.attempts() if each.caller is led), None)
            if called is not None and called.state is LegState.RINGING:
                ringing()
            try:
                async with asyncio.timeout(TAKEN if called is None else None):
                    await change.wait()
            except TimeoutError:
                return

    async def bring_back(self, talk: Talk, leg: Leg) -> None:
        """The led party talks with `leg` again, or with who is called at its phone. The phone shows who it is."""
        led = talk.other(leg)
        if await talk.rejoin() or led.state is LegState.ENDED or not leg.record.account:
            return
        await dial(self._exchange, led, [PhoneTarget(leg.record.account)], show=self.shown(led))

    def shown(self, leg: Leg) -> Party:
        """How the party at the far end of a leg shows itself to somebody else."""
        record = leg.record
        person = self._staff.by_account(record.account) if record.account else None
        if person is not None:
            return Party(person.number, person.name)
        return record.caller if record.direction is Direction.INBOUND else Party(record.dialled)

    def _divert(self, talk: Talk, leg: Leg, go: Going, request: TransferRequest) -> asyncio.Event:
        async def work(_led: Leg) -> None:
            await self.lead(talk, leg, go, request)

        return talk.divert(talk.other(leg), work)

    async def _attended(self, talk: Talk, leg: Leg, consulted: Leg, request: TransferRequest, login: str) -> None:
        consultation = self._exchange.talks.of(consulted)
        if consultation is not None and consultation is not talk:
            await self._unite(talk, leg, consultation, consulted, request)
            return
        # If whom he wanted to consult still rings, or it is a scenario, the party is led there anew.
        go = self.reserved(consulted) or self.to(consulted.record.dialled, login)
        over = self._divert(talk, leg, go, request)
        await asyncio.gather(consulted.hang_up(), over.wait())

    async def _unite(self, talk: Talk, leg: Leg, consultation: Talk, consulted: Leg, request: TransferRequest) -> None:
        """Join the two others. Each is kept by its own talk until both are free."""
        led, far = talk.other(leg), consultation.other(consulted)

        async def meet(far: Leg) -> None:
            await self._exchange.talks.together(led, far)

        async def be_met(_led: Leg) -> None:
            await over.wait()

        over = consultation.divert(far, meet)
        talk.divert(led, be_met)
        request.done()
        goodbyes = (asyncio.create_task(self._say_goodbye(each)) for each in (consulted, leg))
        await asyncio.gather(over.wait(), *goodbyes)

    async def _follow(self, under_way: "_UnderWay", led: Leg, told: "_Once") -> None:
        """Tell the one who transfers how it goes on, until the party is taken; then let his phone go."""
        await self.taken(led, ringing=told.ringing)
        async with under_way.speaking:
            told.done()
        await self._say_goodbye(under_way.leg)

    async def _say_goodbye(self, leg: Leg) -> None:
        """Hang up, if the phone does not do so itself."""
        try:
            async with asyncio.timeout(GOODBYE):
                await leg.ended()
        except TimeoutError:
            await leg.hang_up()


class _UnderWay:
    def __init__(self, leg: Leg) -> None:
        self.leg = leg
        self.speaking = asyncio.Lock()
        """Held while he is told something."""


class _Once:
    """Tells each thing once."""

    def __init__(self, request: TransferRequest) -> None:
        self._request = request
        self._rings = self._over = False

    def ringing(self) -> None:
        if not self._rings and not self._over:
            self._rings = True
            self._request.ringing()

    def done(self, failure: EndReason | None = None) -> None:
        if not self._over:
            self._over = True
            self._request.done(failure)

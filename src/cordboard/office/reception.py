"""Who takes an inbound call: a scenario, or whatever the number leads to that a phone has dialled."""

from cordboard.office.directory import OfficeDirectory
from cordboard.office.lines.inbound import Door
from cordboard.office.switchboard import OfficeSwitchboard
from cordboard.telephony import EndReason, Exchange, Leg


class Reception:
    """The rule for every inbound leg; an instance is the exchange's `LegHandler`."""

    def __init__(
        self, exchange: Exchange, office: OfficeDirectory, switchboard: OfficeSwitchboard, door: Door | None = None
    ) -> None:
        self._door = door
        self._exchange = exchange
        self._office = office
        self._switchboard = switchboard

    async def __call__(self, leg: Leg) -> None:
        """Take care of `leg` until its call is over."""
        record = leg.record
        if record.replaces:
            failure = await self._take_over(leg, record.replaces)
        elif record.line:
            failure = await self._from_outside(leg)
        elif person := self._office.by_account(record.account):
            failure = await self._switchboard.connect(leg, record.dialled, login=person.login)
        else:
            failure = EndReason.FORBIDDEN
        if failure is not None:
            await leg.reject(failure)

    async def _from_outside(self, leg: Leg) -> EndReason | None:
        record = leg.record
        if self._door is not None and await self._door.refuses(record):
            return EndReason.REJECTED
        inbound = self._office.inbound(record.line, record.dialled)
        if inbound.scenario:
            failure = await self._switchboard.enter(inbound.scenario, leg)
        else:
            failure = await self._switchboard.connect(leg, inbound.number)
        await self._switchboard.remains(leg)
        return failure

    async def _take_over(self, leg: Leg, replaces: str) -> EndReason | None:
        """A phone wants the place of another leg: of the one it has consulted with, or of one that rings."""
        if not leg.record.account:
            return EndReason.FORBIDDEN
        talks = self._exchange.talks
        for attempt in talks.attempts():
            if attempt.callee.id == replaces:
                return None if await attempt.pick_up(leg) else EndReason.NOT_FOUND
        leaving = next((each for each in self._exchange.legs() if each.id == replaces), None)
        if leaving is None or not await talks.take_place(leaving, leg):
            return EndReason.NOT_FOUND
        return None

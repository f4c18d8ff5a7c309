"""Leads callers out of a queue: to a scenario, a number or a voicemail."""

from cordboard.office.ports import Voicemails
from cordboard.office.queue.model import Overflow
from cordboard.office.switchboard import OfficeSwitchboard
from cordboard.telephony import Leg, LegState


class OverflowRoutes:
    """Implements `office.queue.ports.Elsewhere`."""

    def __init__(self, switchboard: OfficeSwitchboard, voicemails: Voicemails | None = None) -> None:
        self._switchboard = switchboard
        self._voicemails = voicemails

    async def lead(self, leg: Leg, overflow: Overflow) -> bool:
        """See Elsewhere. Numbers are dialled by the right of the exchange itself: an administrator has written them."""
        if overflow.scenario:
            return await self._switchboard.enter(overflow.scenario, leg) is None
        if overflow.number:
            return await self._switchboard.connect(leg, overflow.number) is None
        if self._voicemails is None or not self._voicemails.has_box(overflow.voicemail):
            return False
        await self._voicemails.leave(leg, overflow.voicemail)
        return leg.state is LegState.ENDED or leg.record.answered is not None

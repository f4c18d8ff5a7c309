"""A leg that we placed: to one line, or to every phone of one or several accounts at once."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cordboard.media.api import WorkerDiedError
from cordboard.sip.api import (
    Address,
    Credentials,
    Identity,
    NotAcceptableError,
    OutgoingSession,
    Session,
    SessionEnd,
    SessionHandler,
)
from cordboard.switch.causes import reason_for, summary
from cordboard.switch.leg import SipLeg
from cordboard.switch.services import Services
from cordboard.telephony import EndReason, LegRecord, LegState


@dataclass(frozen=True, slots=True)
class Way:
    """One address to try."""

    uri: str
    called: Identity
    account: str = ""
    via: Address | None = None
    credentials: Credentials | None = None
    latch: bool = False


Invite = Callable[[Way, SessionHandler, bytes], OutgoingSession]
"""Send an INVITE along a way with an offer."""


class OutboundLeg(SipLeg):
    """A call of ours, from the first INVITE to the end. The first way that answers has it; the rest are cancelled."""

    def __init__(self, record: LegRecord, services: Services, ways: Sequence[Way], invite: Invite) -> None:
        super().__init__(record, services)
        self._ways = ways
        self._invite = invite
        self._open: list[_Branch] = []
        self._winner: _Branch | None = None
        self._reasons: list[EndReason] = []

    async def place(self, ring_time: float) -> None:
        """Send the INVITEs, and give up after `ring_time` seconds."""
        if not self._ways:
            self.finish(EndReason.UNREACHABLE)
            return
        host = self._ways[0].via.host if self._ways[0].via else ""
        if not await self.open_stream(host, latch=any(way.latch for way in self._ways)):
            self.finish(EndReason.ERROR)
            return
        assert self.negotiation is not None
        offer = self.negotiation.offer()
        self._open = [_Branch(self, way) for way in self._ways]
        for branch in list(self._open):
            branch.session = self._invite(branch.way, branch, offer)
        await asyncio.sleep(ring_time)
        if self._winner is None:
            # Who has never rung was not there: a phone that was unplugged, a line that is dead.
            last = EndReason.NO_ANSWER if self.record.ringing else EndReason.UNREACHABLE
            self.finish(summary([*self._reasons, last]))

    async def answer(self) -> bool:
        """See telephony.Leg."""
        with self.events() as events:
            if not self._settled():
                async for _ in events:
                    if self._settled():
                        break
        return self.state is LegState.ANSWERED

    def _settled(self) -> bool:
        return self.state in (LegState.ANSWERED, LegState.ENDED)

    def sessions(self) -> Sequence[Session]:
        """What is to be ended on the wire: every branch that is still open."""
        return [branch.session for branch in self._open if branch.session is not None]

    # --- what the branches report -----------------------------------------------------------------------------

    def branch_answered(self, branch: "_Branch", sdp: bytes | None) -> None:
        """A phone answered: the first one has the call."""
        if self._winner is not None or self.state is LegState.ENDED or sdp is None:
            self._drop(branch)
            return
        self._winner = branch
        for other in [other for other in self._open if other is not branch]:
            self._open.remove(other)
            if other.session is not None:
                self.services.spawn(other.session.cancel(answered_elsewhere=True))
        self.services.spawn(self._connect(branch, sdp))

    async def _connect(self, branch: "_Branch", sdp: bytes) -> None:
        if self.negotiation is None:
            return
        try:
            self.negotiation.take_answer(sdp)
            await self._take_remote()
        except NotAcceptableError:
            self.finish(EndReason.ERROR)
        except WorkerDiedError:
            self.finish(EndReason.MEDIA_LOST)
        else:
            self.life.answer(branch.way.account)

    def branch_ended(self, branch: "_Branch", end: SessionEnd) -> None:
        """A branch is over: the leg is, if it had answered or was the last."""
        if branch not in self._open:
            return
        self._open.remove(branch)
        if branch is self._winner:
            self.session_ended(end)
            return
        self._reasons.append(reason_for(end, answered=False))
        if not self._open and self._winner is None:
            self.finish(summary(self._reasons))

    def _drop(self, branch: "_Branch") -> None:
        if branch in self._open:
            self._open.remove(branch)
        if branch.session is not None:
            self.services.spawn(branch.session.bye())


class _Branch:
    """One INVITE of the leg. Implements sip.api.SessionHandler."""

    def __init__(self, leg: OutboundLeg, way: Way) -> None:
        self._leg = leg
        self.way = way
        self.session: OutgoingSession | None = None
        self.offered = leg.offered
        self.information = leg.information

    def progressed(self, status: int, sdp: bytes | None) -> None:  # noqa: ARG002  (early media: a later issue)
        if status >= 180:
            self._leg.life.ring()

    def accepted(self, sdp: bytes | None) -> None:
        self._leg.branch_answered(self, sdp)

    def acknowledged(self, sdp: bytes | None) -> None:
        """Of an incoming INVITE only."""

    def ended(self, end: SessionEnd) -> None:
        self._leg.branch_ended(self, end)

"""A leg that we placed: to one line, or to every phone of one or several accounts at once."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cordboard.media.api import NoPortError, WorkerDiedError
from cordboard.sip.api import (
    Address,
    Credentials,
    EndedBy,
    Identity,
    NotAcceptableError,
    OutgoingSession,
    Session,
    SessionEnd,
    SessionHandler,
)
from cordboard.switch.causes import reason_for, summary
from cordboard.switch.leg import SipLeg
from cordboard.switch.negotiation import Negotiation
from cordboard.switch.services import Services
from cordboard.telephony import EndReason, LegRecord, LegState


@dataclass(frozen=True, slots=True)
class Way:
    """One address to try."""

    uri: str
    called: Identity
    via: Address
    account: str = ""
    credentials: Credentials | None = None
    latch: bool = False
    inband_keys: bool = False


Invite = Callable[[Way, SessionHandler, bytes], OutgoingSession]
"""Send an INVITE along a way with an offer. Raises ValueError if it cannot be written."""


class OutboundLeg(SipLeg):
    """A call of ours, from the first INVITE to the end. The first way that answers has it; the rest are cancelled."""

    def __init__(self, record: LegRecord, services: Services, ways: Sequence[Way], invite: Invite) -> None:
        super().__init__(record, services)
        self._ways = ways
        self._invite = invite
        self._open: list[_Branch] = []
        self._winner: _Branch | None = None
        self._reasons: list[EndReason] = []
        self._redirected_to = ""
        self._early = False
        self._opening_early = False

    async def call(self, ring_time: float) -> None:
        """Send the INVITEs, and give up after `ring_time` seconds."""
        if not self._ways:
            self.finish(EndReason.UNREACHABLE)
            return
        try:
            stream = await self.open_stream()
        except (NoPortError, WorkerDiedError) as fault:
            self.log.error("no media for the leg", fault=str(fault))
            self.finish(EndReason.ERROR)
            return
        if stream is None:
            return
        self._open = [_Branch(self, way, self._negotiation(way, stream.address[1])) for way in self._ways]
        for branch in list(self._open):
            try:
                branch.session = self._invite(branch.way, branch, branch.negotiation.offer())
            except ValueError as fault:
                self.branch_ended(branch, SessionEnd(EndedBy.LOCAL, 400, str(fault)))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ring_time):
                await self.answer()
        if self._winner is None:
            # Who has never rung was not there: a phone that was unplugged, a line that is dead.
            last = EndReason.NO_ANSWER if self.record.ringing else EndReason.UNREACHABLE
            self._give_up(summary([*self._reasons, last]))

    def _negotiation(self, way: Way, port: int) -> Negotiation:
        """Each way is told the address by which it reaches us."""
        host = self.services.advertised(way.via.host)
        return Negotiation(self.services.terms, host, port, latch=way.latch, inband_keys=way.inband_keys)

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

    def speaks(self, session: Session) -> bool:
        """See SipLeg."""
        return any(branch.session is session for branch in self._open)

    async def probe(self, patience: float) -> bool:
        """See switch.vanished.Watched."""
        session = self._winner.session if self._winner is not None else None
        return session is not None and await session.probe(patience)

    async def leave(self, reason: EndReason) -> None:
        """End every branch that is still open."""
        for branch in list(self._open):
            if branch.session is not None:
                await branch.session.cancel(answered_elsewhere=reason is EndReason.ANSWERED_ELSEWHERE)

    @property
    def early(self) -> bool:
        """See SipLeg."""
        return self._early and self.state in (LegState.CALLING, LegState.RINGING)

    # --- what the branches report -----------------------------------------------------------------------------

    def branch_heard(self, branch: "_Branch", sdp: bytes) -> None:
        """A far end can be heard before it answers. Of several none is: nobody would know whom he hears."""
        if len(self._ways) == 1 and self._winner is None and not self._opening_early:
            self._opening_early = True
            self.services.spawn(self._open_early(branch.negotiation, sdp))

    async def _open_early(self, negotiation: Negotiation, sdp: bytes) -> None:
        try:
            negotiation.take_answer(sdp)
            if self.stream is not None and negotiation.remote is not None:
                await self.stream.set_remote(negotiation.remote)
        except NotAcceptableError as fault:
            self.log.warning("the far end cannot be heard before its answer", fault=str(fault))
        except WorkerDiedError:
            self.finish(EndReason.MEDIA_LOST)
        else:
            self._early = True
            self.life.early_media()

    def branch_answered(self, branch: "_Branch", sdp: bytes | None) -> None:
        """A phone answered: the first one has the call."""
        if self._winner is not None or self.state is LegState.ENDED:
            self._drop(branch)
            return
        if sdp is None:
            # RFC 3261 §13.2.1: the 2xx must answer our offer.
            self.log.warning("answered without saying where its voice is", account=branch.way.account)
            self.branch_ended(branch, SessionEnd(EndedBy.LOCAL, 488))
            self._drop(branch)
            return
        self._winner, self.negotiation = branch, branch.negotiation
        for other in [other for other in self._open if other is not branch]:
            self._open.remove(other)
            if other.session is not None:
                self.services.spawn(other.session.cancel(answered_elsewhere=True))
        self.services.spawn(self._connect(branch, sdp))

    async def _connect(self, branch: "_Branch", sdp: bytes) -> None:
        await self.take_answer(branch.negotiation, sdp)
        self.life.answer(branch.way.account)

    def branch_ended(self, branch: "_Branch", end: SessionEnd) -> None:
        """A branch is over: the leg is, if it had answered or was the last."""
        if branch not in self._open:
            return
        self._open.remove(branch)
        if branch is self._winner:
            self.session_ended(end)
            return
        if self.state is not LegState.ENDED:
            self.log.info("a way has failed", uri=branch.way.uri, status=end.status, phrase=end.phrase, by=str(end.by))
        self._reasons.append(reason_for(end, answered=False))
        self._redirected_to = self._redirected_to or end.redirected_to
        if not self._open and self._winner is None:
            self._give_up(summary(self._reasons))

    def _give_up(self, reason: EndReason) -> None:
        if reason is EndReason.REDIRECTED:
            self.life.redirect(self._redirected_to)
        self.finish(reason)

    def _drop(self, branch: "_Branch") -> None:
        if branch.session is not None:
            self.services.spawn(branch.session.bye())


class _Branch:
    """One INVITE of the leg. Implements sip.api.SessionHandler."""

    def __init__(self, leg: OutboundLeg, way: Way, negotiation: Negotiation) -> None:
        self._leg = leg
        self.way = way
        self.negotiation = negotiation
        self.session: OutgoingSession | None = None
        self.offered = leg.offered
        self.acknowledged = leg.acknowledged
        self.information = leg.information

    def progressed(self, status: int, sdp: bytes | None) -> None:
        if status >= 180:
            self._leg.life.ring()
        if sdp is not None:
            self._leg.branch_heard(self, sdp)

    def accepted(self, sdp: bytes | None) -> None:
        self._leg.branch_answered(self, sdp)

    def ended(self, end: SessionEnd) -> None:
        self._leg.branch_ended(self, end)

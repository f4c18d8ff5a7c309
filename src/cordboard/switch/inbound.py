"""A leg that was offered to us."""

from collections.abc import Sequence

from cordboard.media.api import WorkerDiedError
from cordboard.sip.api import IncomingSession, NotAcceptableError, Session
from cordboard.switch.causes import status_for
from cordboard.switch.leg import SipLeg
from cordboard.switch.services import Services
from cordboard.telephony import EndReason, LegRecord, LegState


class InboundLeg(SipLeg):
    """An INVITE of a phone or a line, from the offer to the end."""

    def __init__(self, record: LegRecord, services: Services, session: IncomingSession, *, latch: bool) -> None:
        super().__init__(record, services)
        self.session = session
        self._latch = latch

    def begin(self) -> None:
        """Listen to the session. A caller who has given up by now ends the leg at once."""
        self.session.begin(_Ears(self))

    async def ring(self) -> None:
        """See telephony.Leg."""
        if self.life.ring():
            self.session.progress(180)

    async def answer(self) -> bool:
        """See telephony.Leg."""
        if self.state in (LegState.ANSWERED, LegState.ENDED):
            return self.state is LegState.ANSWERED
        if not await self.open_stream(self.session.source.host, latch=self._latch):
            self.finish(EndReason.ERROR)
            return False
        assert self.negotiation is not None
        try:
            if self.session.offer is None:
                sdp = self.negotiation.offer()
            else:
                sdp = self.negotiation.answer(self.session.offer)
            await self._take_remote()
        except NotAcceptableError:
            self.session.refuse(488, "Not Acceptable Here")
            self.finish(EndReason.ERROR)
            return False
        except WorkerDiedError:
            self.finish(EndReason.MEDIA_LOST)
            return False
        # The caller may have given up while the worker was asked.
        if not self.life.answer():
            return False
        self.session.accept(sdp)
        return True

    def sessions(self) -> Sequence[Session]:
        """What is to be ended on the wire."""
        return (self.session,)

    async def leave(self, session: Session, reason: EndReason) -> None:
        """An unanswered caller is told the reason; an answered one gets a BYE."""
        if self.record.answered is None:
            self.session.refuse(*status_for(reason))
        await session.bye()

    async def take_late_answer(self, sdp: bytes) -> None:
        """The ACK of a caller who made no offer brings his answer: only now can voices flow."""
        assert self.negotiation is not None
        try:
            self.negotiation.take_answer(sdp)
            await self._take_remote()
        except NotAcceptableError:
            self.finish(EndReason.ERROR)
        except WorkerDiedError:
            self.finish(EndReason.MEDIA_LOST)


class _Ears:
    """Hears the session for the leg. Implements sip.api.SessionHandler."""

    def __init__(self, leg: InboundLeg) -> None:
        self._leg = leg
        self.offered = leg.offered
        self.information = leg.information
        self.ended = leg.session_ended

    def progressed(self, status: int, sdp: bytes | None) -> None:
        """Of an outgoing INVITE only."""

    def accepted(self, sdp: bytes | None) -> None:
        """Of an outgoing INVITE only."""

    def acknowledged(self, sdp: bytes | None) -> None:
        leg = self._leg
        if sdp is not None and leg.session.offer is None and leg.negotiation and leg.negotiation.remote is None:
            leg.services.spawn(leg.take_late_answer(sdp))

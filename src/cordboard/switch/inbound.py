"""A leg that was offered to us."""

import asyncio

from cordboard.media.api import NoPortError, WorkerDiedError
from cordboard.sip.api import IncomingSession, Session
from cordboard.sip.sdp import AudioDescription
from cordboard.switch.causes import status_for
from cordboard.switch.leg import SipLeg
from cordboard.switch.negotiation import Negotiation
from cordboard.switch.services import Services
from cordboard.telephony import EndReason, LegRecord, LegState

_NO_PORT = (503, "No Free Media Port")


class InboundLeg(SipLeg):
    """An INVITE of a phone or a line, from the offer to the end. `theirs` is its offer, None if it made none."""

    def __init__(
        self,
        record: LegRecord,
        services: Services,
        session: IncomingSession,
        theirs: AudioDescription | None,
        *,
        latch: bool,
        inband_keys: bool = False,
    ) -> None:
        super().__init__(record, services)
        self._session = session
        self._theirs = theirs
        self._latch = latch
        self._inband_keys = inband_keys
        self._answering = asyncio.Lock()
        self._flowing = asyncio.Event()
        """Voices can flow, or never will."""
        self._early = False
        self._said: bytes | None = None
        """Our session description, once there is one."""
        self._refusal: tuple[int, str] | None = None
        """What the wire is told, if it is more exact than the reason."""

    def begin(self) -> None:
        """Listen to the session. A caller who has given up by now ends the leg at once."""
        self._session.begin(_Ears(self))

    async def ring(self) -> None:
        """See telephony.Leg."""
        if self.life.ring():
            self._session.progress(180)

    async def early_media(self) -> bool:
        """See telephony.Leg. A caller who makes no offer has no place yet where he could hear."""
        async with self._answering:
            if self.state in (LegState.CALLING, LegState.RINGING) and self._theirs is not None and not self._early:
                await self._open_early()
        return await super().early_media()

    @property
    def early(self) -> bool:
        """See SipLeg."""
        return self._early and self.state is LegState.RINGING

    async def _open_early(self) -> None:
        sdp = await self._open_voice()
        if sdp is not None:
            self._early = True
            self._session.progress(183, sdp)
            self.life.ring()

    async def answer(self) -> bool:
        """See telephony.Leg. With a late offer it waits for the ACK: before that nobody knows where the caller is."""
        async with self._answering:
            if self.state in (LegState.CALLING, LegState.RINGING):
                await self._answer()
        if self.state is LegState.ANSWERED:
            await self._flowing.wait()
        return self.state is LegState.ANSWERED

    async def _answer(self) -> None:
        sdp = await self._open_voice()
        # The caller may have given up while the worker was asked.
        if sdp is not None and self.life.answer():
            self._session.accept(sdp)

    async def _open_voice(self) -> bytes | None:
        """Let voices flow, and say how; None if the leg has ended.

        It is said once: an unreliable provisional response and the 200 carry the same answer (RFC 6337 §3.1.1).
        """
        if self._said is not None:
            return self._said
        try:
            stream = await self.open_stream()
            if stream is None:
                return None
            host = self.services.advertised(self._session.source.host)
            terms, port = self.services.terms, stream.address[1]
            self.negotiation = Negotiation(terms, host, port, latch=self._latch, inband_keys=self._inband_keys)
            if self._theirs is None:
                self._said = self.offer_late(self.negotiation)
            else:
                self._said = self.negotiation.answer(self._theirs)
                await self.take_remote()
        except NoPortError as fault:
            self.log.error("no media for the leg", fault=str(fault))
            self._refusal = _NO_PORT
            self.finish(EndReason.ERROR)
        except WorkerDiedError:
            self.finish(EndReason.MEDIA_LOST)
        return None if self.state is LegState.ENDED else self._said

    async def take_remote(self) -> None:
        """See SipLeg."""
        await super().take_remote()
        self._flowing.set()

    def finish(self, reason: EndReason) -> None:
        """See SipLeg."""
        super().finish(reason)
        self._flowing.set()

    def speaks(self, session: Session) -> bool:
        """See SipLeg."""
        return session is self._session

    async def probe(self, patience: float) -> bool:
        """See switch.vanished.Watched."""
        return await self._session.probe(patience)

    async def leave(self, reason: EndReason) -> None:
        """An unanswered caller is told the reason; an answered one gets a BYE."""
        if self.record.answered is None:
            self._session.refuse(*(self._refusal or status_for(reason)))
        await self._session.bye()


class _Ears:
    """Hears the session for the leg. Implements sip.api.SessionHandler."""

    def __init__(self, leg: InboundLeg) -> None:
        self.offered = leg.offered
        self.acknowledged = leg.acknowledged
        self.information = leg.information
        self.ended = leg.session_ended

    def progressed(self, status: int, sdp: bytes | None) -> None:
        """Of an outgoing INVITE only."""

    def accepted(self, sdp: bytes | None) -> None:
        """Of an outgoing INVITE only."""

"""Transfers and places that phones ask for by signalling: REFER (RFC 3515) and INVITE with Replaces (RFC 3891)."""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import structlog

from cordboard.sip.agent import Agent
from cordboard.sip.api import IncomingSession, Session
from cordboard.sip.refer import Replaces
from cordboard.sip.referrals import Referral
from cordboard.switch.causes import status_for
from cordboard.switch.leg import SipLeg
from cordboard.telephony import EndReason, Leg, LegState, TransferHandler

_log = structlog.get_logger("switch")

_FORBIDDEN = 403
_DECLINED = 603
_NO_DIALOG = 481
_BUSY = 486


class PhoneTransfer:
    """Implements `telephony.TransferRequest`."""

    def __init__(self, referral: Referral, consulted: Leg | None) -> None:
        self._referral = referral
        self._over = False
        self.consulted = consulted

    @property
    def number(self) -> str:
        """See TransferRequest."""
        return self._referral.target.uri.user or (self.consulted.record.dialled if self.consulted is not None else "")

    @property
    def by(self) -> str:
        """Who says that he wants it (RFC 3892), as it came; empty if nobody does. It proves nothing."""
        return self._referral.target.referred_by

    def ringing(self) -> None:
        """See TransferRequest."""
        if not self._over:
            self._referral.tell(180)

    def done(self, failure: EndReason | None = None) -> None:
        """See TransferRequest."""
        if not self._over:
            self._over = True
            self._referral.finish(200 if failure is None else status_for(failure)[0])


class PhoneTransfers:
    """Finds the legs that phones speak of."""

    def __init__(
        self,
        legs: Callable[[], Iterable[SipLeg]],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        handler: Callable[[], TransferHandler | None],
    ) -> None:
        self._legs = legs
        self._spawn = spawn
        self._handler = handler

    def referred(self, agent: Agent, session: Session, referral: Referral) -> None:
        """A phone wants its party to be led elsewhere. Whoever is behind a line may not."""
        leg, handler = self._of(session), self._handler()
        if leg is None or not leg.record.account or leg.state is not LegState.ANSWERED:
            referral.refuse(_FORBIDDEN)
        elif handler is None:
            referral.refuse(_DECLINED)
        else:
            named = referral.target.replaces
            consulted = self._of(agent.replaced(named)) if named is not None else None
            referral.accept()
            if named is not None and (consulted is None or consulted.record.account != leg.record.account):
                # RFC 3891 §3: what the party would be told who came with this Replaces.
                referral.finish(_NO_DIALOG)
                return
            leg.log.info("the phone transfers its party", to=referral.target.uri.text, attended=consulted is not None)
            self._spawn(self._lead(handler, leg, PhoneTransfer(referral, consulted)))

    async def _lead(self, handler: TransferHandler, leg: SipLeg, request: PhoneTransfer) -> None:
        try:
            await handler(leg, request)
        except Exception:  # noqa: BLE001  (a fault of one transfer must hurt nothing else)
            _log.exception("the handler of a transfer failed", leg=leg.id, chain=leg.chain)
        finally:
            request.done(EndReason.ERROR)

    def replaced(self, agent: Agent, session: IncomingSession, named: Replaces) -> SipLeg | int:
        """The leg whose place an INVITE wants, or the status that refuses it (RFC 3891 §3)."""
        if not session.account:
            return _FORBIDDEN
        leg = self._of(agent.replaced(named))
        if leg is None:
            return _NO_DIALOG
        if leg.state is LegState.ANSWERED:
            return _BUSY if named.early_only else leg
        # An early dialog can be had only if we have begun it: it rings at a phone of ours.
        return _NO_DIALOG if leg.answers_sessions else leg

    def _of(self, session: Session | None) -> SipLeg | None:
        return next((leg for leg in self._legs() if session is not None and leg.speaks(session)), None)

"""The line over the exchange's own SIP: to a gateway with SIM cards, or to a provider, that takes whole texts."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

from cordboard.outbox.sms.line_settings import YES_NO, LineSetting, ReadSettings
from cordboard.outbox.sms.ports import (
    IncomingSms,
    OutgoingSms,
    PermanentError,
    SmsInbox,
    TemporaryError,
    UncertainError,
)
from cordboard.telephony import Clock, SystemClock
from cordboard.telephony.texts import (
    IncomingText,
    TextPeer,
    TextPutOffError,
    TextRefusedError,
    Texts,
    TextUnansweredError,
)


class SipMessageLine:
    """Implements `outbox.sms.ports.SmsLine` over `telephony.texts`. What it is set up with stands in `SETTINGS`.

    The far end cuts a text and joins what comes, so nothing is known of parts, and nothing of what becomes of a text:
    there are no references. The sender is the SIM's number, whatever the message says.
    """

    SETTINGS: ClassVar[Sequence[LineSetting]] = (
        LineSetting("line", "The SIP line whose far end takes texts."),
        LineSetting("account", "Instead of a line: the account with which the gateway signs in to the exchange."),
        LineSetting("phone", "The number to which people write, if the far end does not tell it."),
        LineSetting("plus", "Whether phones are written as +380671234567, or without the plus.", "yes", choices=YES_NO),
    )

    def __init__(
        self,
        name: str,
        peer: TextPeer,
        texts: Texts,
        *,
        phone: str = "",
        plus: bool = True,
        clock: Clock | None = None,
    ) -> None:
        self._name = name
        self._peer = peer
        self._texts = texts
        self._phone = phone
        self._plus = plus
        self._clock = clock or SystemClock()
        self._served = False

    @classmethod
    def from_settings(cls, name: str, settings: Mapping[str, str], texts: Texts, *, clock: Clock | None = None) -> Self:
        """Read the settings. Raises ValueError, a sentence for the administrator."""
        given = ReadSettings(name, cls.SETTINGS, settings)
        peer = TextPeer(line=given.text("line"), account=given.text("account"))
        if bool(peer.line) == bool(peer.account):
            raise ValueError(f"the SMS line {name!r} needs either the setting 'line' or the setting 'account'")
        return cls(name, peer, texts, phone=given.text("phone"), plus=given.flag("plus"), clock=clock)

    @property
    def name(self) -> str:
        """See SmsLine."""
        return self._name

    @property
    def up(self) -> bool:
        """See SmsLine."""
        return self._served and self._texts.state(self._peer).up

    @property
    def note(self) -> str:
        """See SmsLine."""
        return self._texts.state(self._peer).note if self._served else "it is not running"

    async def send(self, sms: OutgoingSms) -> Sequence[str]:
        """See SmsLine."""
        if not self.up:
            raise TemporaryError(self.note)
        if sms.deadline <= self._clock.now():
            raise TemporaryError("its deadline is over")
        number = sms.to if self._plus else sms.to.removeprefix("+")
        try:
            await self._texts.send(self._peer, number, "".join(part.text for part in sms.parts))
        except TextPutOffError as fault:
            raise TemporaryError(str(fault)) from fault
        except TextRefusedError as fault:
            raise PermanentError(str(fault)) from fault
        except TextUnansweredError as fault:
            raise UncertainError(str(fault)) from fault
        return ()

    async def serve(self, inbox: SmsInbox) -> None:
        """See SmsLine. The exchange keeps the connection."""

        async def take(text: IncomingText) -> None:
            sms = IncomingSms(text.sender, text.to or self._phone, text.text, self._clock.now(), key=text.key)
            await inbox.received(self._name, sms)

        self._served = True
        try:
            with self._texts.taking(self._peer, take):
                await asyncio.Event().wait()
        finally:
            self._served = False

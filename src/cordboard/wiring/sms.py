"""SMS, put together: the lines with what their kinds need, and the gateway of the outbox over them."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from cordboard.datasource.web.guarded import Answered, GuardedClient
from cordboard.office.ports import Calendar
from cordboard.outbox.sms.gateway import SmsGateway
from cordboard.outbox.sms.http_provider import Ask, HttpProviderLine
from cordboard.outbox.sms.keeping import LineKind
from cordboard.outbox.sms.lines import Maker, SmsLines
from cordboard.outbox.sms.ringing import RingingInbox
from cordboard.outbox.sms.sip_message import SipMessageLine
from cordboard.store.database import Store
from cordboard.telephony import Clock
from cordboard.telephony.texts import TextPeer, TextPutOffError, Texts, TextState, TextTaker


@dataclass(frozen=True, slots=True)
class Sms:
    """What the exchange runs: `lines.run()` is a task, `gateway` is that of the outbox for `outbox.ports.SMS`."""

    lines: SmsLines
    gateway: SmsGateway


def make_sms(
    store: Store,
    client: GuardedClient,
    clock: Clock,
    *,
    zone: Callable[[], ZoneInfo],
    calendar: Calendar,
    ring: Callable[[], None],
    texts: Texts,
) -> Sms:
    """Put it together.

    `ring` is called when something has come in (`Mailroom.ring`). `texts` is the exchange's own SIP as a carrier.
    """
    inbox = RingingInbox(store.sms_inbox, ring)
    lines = SmsLines(store.sms_settings, inbox, clock, sms_makers(store, client, texts))
    gateway = SmsGateway(store.sms_settings, store.sms_ledger, lines, clock, zone, calendar.is_working)
    return Sms(lines, gateway)


def sms_makers(store: Store, client: GuardedClient, texts: Texts | None = None) -> Mapping[LineKind, Maker]:
    """How lines are made that need more than their settings. Without `texts` those over SIP are down."""
    ask = asking(store, client)
    carrier = texts or NoTexts()
    return {
        LineKind.HTTP: lambda name, settings: HttpProviderLine.from_settings(name, settings, ask),
        LineKind.SIP: lambda name, settings: SipMessageLine.from_settings(name, settings, carrier),
    }


class NoTexts:
    """Implements `telephony.texts.Texts` where no exchange runs: a command."""

    _WORDS = "only the running exchange can use it: try it with `cordboard sms send`"

    def state(self, peer: TextPeer) -> TextState:
        """See Texts."""
        del peer
        return TextState(up=False, note=self._WORDS)

    async def send(self, peer: TextPeer, number: str, text: str) -> None:
        """See Texts."""
        del peer, number, text
        raise TextPutOffError(self._WORDS)

    def taking(self, peer: TextPeer, take: TextTaker) -> AbstractContextManager[None]:
        """See Texts."""
        del peer, take
        return nullcontext()


def asking(store: Store, client: GuardedClient) -> Ask:
    """Calls providers under the rules that webhooks have: local addresses only if the administrator allows them."""

    async def ask(
        method: str, url: str, headers: Mapping[str, str], body: bytes, *, timeout: float, at_most: int
    ) -> Answered:
        try:
            rules = await store.outbox_settings.webhooks()
        except Exception as fault:  # whatever keeps the settings away, nothing has left yet
            raise ConnectionError(f"the rules of webhooks cannot be read: {fault}") from fault
        return await client.ask(method, url, headers, body, local=rules.local, timeout=timeout, at_most=at_most)

    return ask

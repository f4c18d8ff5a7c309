"""Messages that leave, put together: mails, webhooks and SMS by the outbox, notices to the pages of users."""

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from cordboard.datasource.web.guarded import GuardedClient
from cordboard.office.directory import OfficeDirectory
from cordboard.office.notices import NoticeDesk
from cordboard.office.ports import Calendar
from cordboard.outbox.deliverer import Deliverer
from cordboard.outbox.email import EmailGateway
from cordboard.outbox.ports import EMAIL, SMS, WEBHOOK, Attachments, Gateway
from cordboard.outbox.sms.lines import SmsLines
from cordboard.outbox.webhooks import WebhookGateway
from cordboard.store.database import Store
from cordboard.telephony import Clock
from cordboard.telephony.texts import Texts
from cordboard.wiring.sms import make_sms


@dataclass(frozen=True, slots=True)
class Messages:
    """What the exchange runs. The lines are let go last: what is being sent needs them."""

    deliverer: Deliverer
    notices: NoticeDesk
    lines: SmsLines

    def wake(self) -> None:
        """Something was ordered."""
        self.deliverer.wake()
        self.notices.wake()


def make_messages(
    store: Store,
    office: OfficeDirectory,
    client: GuardedClient,
    clock: Clock,
    node: str,
    *,
    attachments: Attachments,
    calendar: Calendar,
    texts: Texts,
    ring: Callable[[], None],
) -> Messages:
    """Put it together. `texts` is the exchange's own SIP as a carrier; `ring` is called when something has come in."""
    sms = make_sms(
        store,
        client,
        clock,
        zone=lambda: ZoneInfo(office.settings.time_zone),
        calendar=calendar,
        ring=ring,
        texts=texts,
    )
    gateways: dict[str, Gateway] = {
        EMAIL: EmailGateway(store.outbox_settings, attachments, lambda: office.settings.language),
        WEBHOOK: WebhookGateway(store.outbox_settings, client),
        SMS: sms.gateway,
    }
    return Messages(Deliverer(store.outbox, gateways, clock, node), NoticeDesk(store.notices, clock), sms.lines)

"""What happens just now, told to pages, programs and operators' screens."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from cordboard.office.call_log import CallLog
from cordboard.office.cards import Cards
from cordboard.office.directory import OfficeDirectory
from cordboard.office.live import LiveEvents
from cordboard.office.webhooks import WebhookDesk
from cordboard.scenario.ports import Effect
from cordboard.scenario.runner import Runner
from cordboard.scenario.values import normal, show, to_json
from cordboard.store.database import Store
from cordboard.telephony import Exchange, PhoneTarget


class LiveDesk:
    """Cards for whom it rings, and webhooks that programs subscribe to."""

    def __init__(
        self,
        live: LiveEvents,
        call_log: CallLog,
        office: OfficeDirectory,
        store: Store,
        *,
        exchange: Exchange,
        runner: Runner,
        wake: Callable[[], None],
    ) -> None:
        """`wake` is called when a delivery was ordered."""

        def session(chain: str) -> Mapping[str, str]:
            return {name: show(value) for name, value in runner.sessions.copied(chain).values.items()}

        def ringing(leg: str) -> Sequence[str]:
            attempts = (each for each in exchange.talks.attempts() if each.callee.id == leg)
            return [target.account for each in attempts for target in each.targets if isinstance(target, PhoneTarget)]

        async def order(kind: str, key: str, payload: Mapping[str, Any], chain: str) -> None:
            plain = {name: to_json(normal(value)) for name, value in payload.items()}
            await store.runs.emit([Effect(kind, key, plain, chain=chain)])
            wake()

        self.cards = Cards(call_log, office, session, live)
        self._webhooks = WebhookDesk(office, live, order)
        live.accounts, live.rings = ringing, self.cards.rings

    def works(self) -> Sequence[Callable[[], Coroutine[Any, Any, None]]]:
        """To be begun and run beside each other, until they are cancelled."""
        return self.cards.tell_rings, self._webhooks.run

"""The card of who calls: what the scenario has found out about him, shown to the operator as it rings."""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import structlog

from cordboard.office.live import LiveEvents
from cordboard.office.repositories import LoggedChain
from cordboard.telephony import Direction, LegRecord

PREFIXES = ("card_", "карточка_", "картка_")
"""Session variables that begin so are on the card under the rest of their name. Other ones are not shown: they may be
nobody's business."""
NAMES: Mapping[str, str] = {
    "name": "name", "имя": "name", "ім_я": "name",
    "segment": "segment", "сегмент": "segment",
    "debt": "debt", "долг": "debt", "борг": "debt",
    "link": "link", "ссылка": "link", "посилання": "link",
}  # fmt: skip
"""Names of tags and of variables behind the prefix → the places of a card; other names are shown as they are."""

_log = structlog.get_logger("office")


class Log(Protocol):
    """The part of the call log that is needed here."""

    async def recent(self, limit: int = 50, *, chain: str | None = None) -> Sequence[LoggedChain]:
        """See CallLog."""


class Directory(Protocol):
    """The part of the office that is needed here."""

    def by_account(self, account: str) -> Any:
        """The user whose phone signs in with that account."""


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of a call."""

    chain: str
    number: str
    """The party outside, or who called; as received."""
    line: str
    fields: Mapping[str, str] = field(default_factory=dict)
    """name, segment and debt first, if they are known; then everything else by its name."""
    link: str = ""
    """An address in the CRM: http or https; empty: none."""
    logins: frozenset[str] = frozenset()
    """The users whose phones are, or were, in the call."""


class CardKeys:
    """Addresses of cards that a browser may open without a head: each is good for one card, until the next start."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def page(self, chain: str) -> str:
        """The path of a card."""
        return f"/card/{quote(chain, safe='')}?key={self._key(chain)}"

    def right(self, chain: str, key: str) -> bool:
        """Whether `key` opens that card."""
        return hmac.compare_digest(key.encode(), self._key(chain).encode())

    def _key(self, chain: str) -> str:
        return hmac.new(self._secret, chain.encode(), hashlib.sha256).hexdigest()[:32]


class Cards:
    """Makes cards, and tells them to whom it rings. Run `tell_rings` until it is cancelled."""

    def __init__(
        self, log: Log, directory: Directory, session: Callable[[str], Mapping[str, str]], live: LiveEvents
    ) -> None:
        """`session` gives the session variables of a chain as texts."""
        self.keys = CardKeys()
        self._log = log
        self._directory = directory
        self._session = session
        self._live = live
        self._rings: asyncio.Queue[tuple[LegRecord, Sequence[str]]] = asyncio.Queue(1000)

    def rings(self, record: LegRecord, logins: Sequence[str]) -> None:
        """A leg rings at users: they are told the card. Too many at once are dropped."""
        try:
            self._rings.put_nowait((record, logins))
        except asyncio.QueueFull:
            _log.warning("too many calls ring at once: a card is not told", call=record.chain)

    async def tell_rings(self) -> None:
        """Tell, until cancelled."""
        while True:
            record, logins = await self._rings.get()
            try:
                card = await self.of(record.chain)
            except Exception:  # noqa: BLE001 - the call goes on, and the next card is told
                _log.exception("a card could not be made", call=record.chain)
                continue
            if card is not None:
                told: dict[str, Any] = {"chain": card.chain, "leg": record.id, "number": card.number, "line": card.line}
                told |= {"fields": dict(card.fields), "link": card.link, "page": self.keys.page(card.chain)}
                self._live.publish("card", told, logins=logins, chain=card.chain)

    async def of(self, chain: str) -> Card | None:
        """The card of a call; None if there was no such call."""
        found = await self._log.recent(1, chain=chain)
        if not found or not found[0].legs:
            return None
        legs = found[0].legs
        caller = next((leg for leg in legs if leg.line), legs[0])
        came_in = caller.direction is Direction.INBOUND
        given = dict(_of_session(self._session(chain))) | dict(found[0].tags)
        if came_in and caller.caller.name:
            given = {"name": caller.caller.name} | {name: text for name, text in given.items() if text}
        named = {NAMES.get(name, name): text for name, text in given.items()}
        link = safe_link(named.pop("link", ""))
        order = [name for name in ("name", "segment", "debt") if named.get(name)]
        fields = {name: named[name] for name in (*order, *sorted(set(named) - set(order))) if named[name]}
        people = (self._directory.by_account(leg.account) for leg in legs if leg.account)
        return Card(
            chain,
            caller.caller.number if came_in else caller.dialled,
            caller.line,
            fields,
            link,
            frozenset(person.login for person in people if person is not None),
        )


def safe_link(text: str) -> str:
    """The address, if a page may lead there; else nothing."""
    try:
        parts = urlsplit(text.strip())
    except ValueError:
        return ""
    return text.strip() if parts.scheme in {"http", "https"} and parts.netloc else ""


def _of_session(values: Mapping[str, str]) -> Mapping[str, str]:
    return {
        name[len(prefix) :]: text
        for name, text in values.items()
        for prefix in PREFIXES
        if name.lower().startswith(prefix) and len(name) > len(prefix)
    }

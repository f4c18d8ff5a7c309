"""Session timers (RFC 4028): a call whose far end has gone without a word is noticed, and ended.

One side, the refresher, sends a request now and then; if it fails, or does not come, the session is over.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cordboard.sip.message import Answer, Message, Request, Response

OPTION = "timer"
SUPPORTED = ("Supported", OPTION)
INTERVAL = 1800
"""Seconds that we offer (§4 recommends them)."""
SHORTEST = 90
"""Seconds below which nobody may ask us to go (§4)."""
_AGAIN = 10.0
"""Seconds after which a refresh that was refused is tried again."""
_VALUE = re.compile(r"\s*(\d{1,9})\s*(?:;|$)")
_REFRESHER = re.compile(r";\s*refresher\s*=\s*(uac|uas)\b", re.IGNORECASE)

Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Agreed:
    """What holds for a session."""

    interval: int
    """Seconds that it lasts without a refresh."""
    ours: bool
    """Whether we are the refresher."""


def supports(message: Message) -> bool:
    """Whether its sender knows session timers."""
    said = ",".join([*message.headers("supported"), *message.headers("k"), *message.headers("require")])
    return OPTION in {option.strip().lower() for option in said.split(",")}


def allows(message: Message, method: str) -> bool:
    """Whether its sender says that it takes a method."""
    return method in {one.strip() for one in ",".join(message.headers("allow")).split(",")}


def offer(interval: int, shortest: int = SHORTEST, refresher: str = "") -> Headers:
    """What a request of ours carries; nothing if `interval` is 0."""
    if not interval:
        return []
    who = f";refresher={refresher}" if refresher else ""
    return [SUPPORTED, ("Session-Expires", f"{interval}{who}"), ("Min-SE", str(shortest))]


def refusal(request: Request) -> Answer | None:
    """The 422 that a request deserves which wants refreshing too often (§9)."""
    wanted = _interval(request)
    if wanted is None or wanted >= SHORTEST or not supports(request):
        return None
    return Answer(422, "Session Interval Too Small", headers=(("Min-SE", str(SHORTEST)),))


def agree(request: Request, interval: int, current: Agreed | None = None) -> Agreed | None:
    """What holds after our 2xx to a request (§9, table 2); None: no timer. `interval` is what we should like."""
    wanted = _interval(request)
    if not interval or (wanted is None and not supports(request)):
        return current
    if wanted is None:
        wanted = current.interval if current is not None else max(interval, _seconds(request, "min-se"))
    named = _refresher(request)
    if not named and current is not None:
        named = "uas" if current.ours else "uac"
    # Without a word, or from somebody who cannot, it is us: our own request tells soonest that he has gone.
    ours = named != "uac" or not supports(request)
    return Agreed(max(wanted, SHORTEST), ours)


def confirm(agreed: Agreed | None, request: Request) -> Headers:
    """What our 2xx to a request carries."""
    if agreed is None:
        return []
    said: Headers = [("Session-Expires", f"{agreed.interval};refresher={'uas' if agreed.ours else 'uac'}")]
    return said if agreed.ours or not supports(request) else [("Require", OPTION), *said]


def settled(response: Response) -> Agreed | None:
    """What a 2xx to our request says (§7.2); None: the far end wants no timer."""
    interval = _interval(response)
    if interval is None:
        return None
    return Agreed(max(interval, SHORTEST), _refresher(response) != "uas")


def shortest_of(response: Response) -> int:
    """What a 422 says must be offered at least; 0 if it does not say."""
    return _seconds(response, "min-se")


class SessionTimer:
    """The clock of one session. `refresh` and `expire` are called in the loop."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, *, refresh: Callable[[], None], expire: Callable[[], None]
    ) -> None:
        self.agreed: Agreed | None = None
        self._loop = loop
        self._refresh = refresh
        self._expire = expire
        self._handles: Sequence[asyncio.TimerHandle] = ()

    def start(self, agreed: Agreed | None) -> None:
        """Begin anew: the session was set up, or refreshed."""
        self.stop()
        self.agreed = agreed
        if agreed is None:
            return
        later = self._loop.call_later
        if agreed.ours:
            self._handles = (later(agreed.interval / 2, self._refresh), later(agreed.interval, self._expire))
        else:  # §10: with time left for our BYE
            margin = min(32.0, agreed.interval / 3)
            self._handles = (later(agreed.interval - margin, self._expire),)

    def again(self) -> None:
        """A refresh of ours was refused for now."""
        if self._handles:
            self._handles = (self._loop.call_later(_AGAIN, self._refresh), *self._handles[-1:])

    def stop(self) -> None:
        """The session is over."""
        for handle in self._handles:
            handle.cancel()
        self._handles = ()


def _value(message: Message) -> str:
    return message.header("session-expires") or message.header("x")


def _interval(message: Message) -> int | None:
    found = _VALUE.match(_value(message))
    return int(found[1]) if found is not None else None


def _refresher(message: Message) -> str:
    found = _REFRESHER.search(_value(message))
    return found[1].lower() if found is not None else ""


def _seconds(message: Message, header: str) -> int:
    found = _VALUE.match(message.header(header))
    return int(found[1]) if found is not None else 0

"""The subscription that a REFER makes: how it goes on is told in the same dialog (RFC 3515 §2.4.4)."""

import asyncio
import re
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from cordboard.sip.message import PHRASES, Answer, Request, Response
from cordboard.sip.refer import ReferTo
from cordboard.sip.transactions import ServerTransaction

LASTS = 300
"""Seconds of a subscription that is not refreshed."""
_FRAGMENT = "message/sipfrag;version=2.0"
_STATUS = re.compile(rb"SIP/2\.0 (\d{3})\b")

Headers = list[tuple[str, str]]


class Dialogue(Protocol):
    """The session in whose dialog it all happens. Its call may be over meanwhile (RFC 5057 §3.2)."""

    async def converse(self, method: str, headers: Headers, body: bytes = b"") -> Response | int:
        """Send a request; its final response, or a status in place of one."""

    def contact(self) -> tuple[str, str]:
        """Our Contact."""

    def own(self, work: Coroutine[Any, Any, None]) -> object:
        """Run a task."""

    def release(self, usage: "Referral | Reference") -> None:
        """It needs the dialog no longer."""


class Referral:
    """A REFER that came to us. Whoever takes it says `refuse`, or `accept`, `tell` and `finish`."""

    def __init__(
        self, dialogue: Dialogue, loop: asyncio.AbstractEventLoop, transaction: ServerTransaction, target: ReferTo
    ) -> None:
        self.dialogue = dialogue
        self.target = target
        self.event = "refer"
        """What NOTIFYs carry as Event: further REFERs in a dialog are told apart by their CSeq (§2.4.6)."""
        self._loop = loop
        self._transaction = transaction
        self._last = 100
        self._order = asyncio.Lock()
        self._expiry: asyncio.TimerHandle | None = None
        self._deaf = False
        """Whether the phone has said that it knows nothing of it."""

    @property
    def open(self) -> bool:
        """Whether the phone still hears of it."""
        return self._expiry is not None

    def refuse(self, status: int) -> None:
        """It will not be done."""
        self._transaction.respond(Answer(status))
        self.dialogue.release(self)

    def accept(self) -> None:
        """202, and the first NOTIFY at once (§2.4.4), unless the phone wants none (RFC 4488 §4)."""
        silent = not self.target.wants_news
        quiet = [("Refer-Sub", "false")] if silent else []
        self._transaction.respond(Answer(202, headers=(self.dialogue.contact(), *quiet)))
        if silent:
            self.dialogue.release(self)
            return
        self._start(LASTS)
        self.tell(100)

    def tell(self, status: int) -> None:
        """A provisional status of the new call."""
        self._last = status
        if self._expiry is not None:
            left = max(0, round(self._expiry.when() - self._loop.time()))
            self._notify(f"active;expires={left}")

    def finish(self, status: int) -> None:
        """Its final status: the last that is told."""
        self._last = status
        self._end("noresource")

    def renewed(self, transaction: ServerTransaction) -> None:
        """A SUBSCRIBE for it: it is refreshed, or unsubscribed with Expires: 0 (RFC 6665 §4.2.1)."""
        text = transaction.request.header("expires")
        seconds = min(int(text), LASTS) if text.isdecimal() and len(text) < 10 else LASTS
        transaction.respond(Answer(200, headers=(("Expires", str(seconds)), self.dialogue.contact())))
        if seconds:
            self._start(seconds)
            self.tell(self._last)
        else:
            self._end("timeout")

    def stop(self) -> None:
        """Tell nothing more: the phone does not listen, or the agent closes."""
        self._deaf = True
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
            self.dialogue.release(self)

    def _start(self, seconds: float) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
        self._expiry = self._loop.call_later(seconds, self._end, "timeout")

    def _end(self, reason: str) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
            self._notify(f"terminated;reason={reason}", last=True)

    def _notify(self, state: str, *, last: bool = False) -> None:
        status = self._last
        body = f"SIP/2.0 {status} {PHRASES.get(status, 'Unknown')}\r\n".encode()
        headers = [("Event", self.event), ("Subscription-State", state), ("Content-Type", _FRAGMENT)]
        self.dialogue.own(self._send([*headers, self.dialogue.contact()], body, last=last))

    async def _send(self, headers: Headers, body: bytes, *, last: bool) -> None:
        # One after the other: a NOTIFY that overtakes another tells what was (RFC 6665 §4.2.2).
        async with self._order:
            result = 481 if self._deaf else await self.dialogue.converse("NOTIFY", headers, body)
        if last:
            self.dialogue.release(self)
        elif isinstance(result, int) or result.status in {408, 481}:
            self.stop()


class Reference:
    """A REFER of ours: what the far end tells of it."""

    def __init__(self, dialogue: Dialogue, on_news: Callable[[int], None]) -> None:
        self.statuses: list[int] = []
        """What was told, in order."""
        self.over = asyncio.Event()
        """Set when nothing more is told."""
        self._dialogue = dialogue
        self._on_news = on_news

    def takes(self, request: Request) -> bool:
        """Whether a NOTIFY is about it; it is taken then."""
        if request.header("event").partition(";")[0].strip().lower() != "refer" or self.over.is_set():
            return False
        found = _STATUS.match(request.body.strip())
        if found is not None:
            self.statuses.append(int(found[1]))
            self._on_news(int(found[1]))
        if request.header("subscription-state").strip().lower().startswith("terminated"):
            self.close()
        return True

    def close(self) -> None:
        """Nothing more comes."""
        self.over.set()
        self._dialogue.release(self)

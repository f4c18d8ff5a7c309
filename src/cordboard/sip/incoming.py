"""An INVITE that somebody sent us (RFC 3261 §13.3)."""

import re
from collections.abc import Mapping, Sequence

from cordboard.sip.api import EndedBy, SessionEnd, SessionHandler
from cordboard.sip.dialog import Dialog
from cordboard.sip.message import Answer, Request
from cordboard.sip.refer import replaces_of
from cordboard.sip.session import ALLOW, REPLACES, Call, Confirmation, Phase, Services
from cordboard.sip.transactions import ServerTransaction

REPEAT_PROVISIONAL = 60.0
"""Seconds: proxies on the way forget a call that says nothing for three minutes (§13.3.1.1)."""

_ELSEWHERE = re.compile(r"\s*SIP\s*;.*?cause\s*=\s*200\b", re.IGNORECASE)


class IncomingCall(Call):
    """Implements `api.IncomingSession`. Raises UriError for a Replaces that cannot be read."""

    def __init__(self, services: Services, transaction: ServerTransaction, account: str) -> None:
        request = transaction.request
        super().__init__(services, request.call_id)
        self._transaction = transaction
        self._dialog = Dialog.of_server(request, transaction.to_tag)
        self._dialog.local_cseq = services.random.randint(1, 10_000)
        self._repeat_at = services.endpoint.loop.time()
        self._last: Answer | None = None
        self.headers: Mapping[str, Sequence[str]] = request.all_headers()
        self.source = request.source
        self.account = account
        self.uri = request.uri.identity()
        self.caller = request.from_.identity
        self.called = request.to.identity
        self.offer = request.sdp
        self.replaces = replaces_of(request)
        transaction.on_cancel = self._cancelled
        services.enrol(self._dialog.id, self)

    def begin(self, handler: SessionHandler) -> None:
        """Name the handler. A session that is over already is told at once."""
        self._handler = handler
        if self._end is not None:
            end = self._end
            self._tell(lambda one: one.ended(end))

    def progress(self, status: int, sdp: bytes | None = None) -> None:
        """Send a provisional response."""
        if self._transaction.answered:
            return
        self._last = Answer(status, headers=(self._contact(), ALLOW), body=sdp or b"")
        self._transaction.respond(self._last)
        loop = self._endpoint.loop
        if loop.time() >= self._repeat_at:
            self._repeat_at = loop.time() + REPEAT_PROVISIONAL
            loop.call_at(self._repeat_at, self._repeat)

    def _repeat(self) -> None:
        if self._last is not None and not self._transaction.answered:
            self._transaction.respond(self._last)
            self._repeat_at = self._endpoint.loop.time() + REPEAT_PROVISIONAL
            self._endpoint.loop.call_at(self._repeat_at, self._repeat)

    def accept(self, sdp: bytes) -> None:
        """Send 200 and repeat it until the ACK arrives."""
        if self._transaction.answered or self._phase is not Phase.SETUP:
            return
        self._said = sdp
        timed = self._timed(self._transaction.request)
        self._transaction.respond(Answer(200, headers=(self._contact(), ALLOW, REPLACES, *timed), body=sdp))
        self._confirmation = Confirmation(self._transaction, self._services, self._unacknowledged)

    def refuse(self, status: int, phrase: str = "", *, headers: Mapping[str, str] | None = None) -> None:
        """Send a final response of 300 or more."""
        if not self._transaction.answered:
            self._transaction.respond(Answer(status, phrase, tuple((headers or {}).items())))
            self._strike()
            self.finish(SessionEnd(EndedBy.LOCAL, status, phrase))

    async def bye(self) -> None:
        """Refuse it, or end it."""
        if not self._transaction.answered:
            self.refuse(480)
        else:
            await super().bye()

    def _cancelled(self, cancel: Request) -> None:
        self._transaction.respond(Answer(487))
        self._strike()
        elsewhere = any(_ELSEWHERE.match(reason) for reason in cancel.headers("reason"))
        self.finish(SessionEnd(EndedBy.REMOTE, elsewhere=elsewhere))

    def _terminate_setup(self) -> None:
        if not self._transaction.answered:
            self._transaction.respond(Answer(487))  # §15.1.2

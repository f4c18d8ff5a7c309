"""Texts over SIP (RFC 3428): to the far end of a line or to what has signed in, and from there."""

from collections.abc import Iterator
from contextlib import contextmanager

from cordboard.sip.api import Identity, Reply, UserAgent
from cordboard.sip.instant import InstantMessage, NobodyError
from cordboard.sip.uri import UriError, parse_uri, write_uri
from cordboard.switch.lines import Lines
from cordboard.switch.outbound import Way
from cordboard.switch.ways import Ways
from cordboard.telephony import LineTarget, PhoneTarget
from cordboard.telephony.texts import (
    IncomingText,
    TextPeer,
    TextPutOffError,
    TextRefusedError,
    TextState,
    TextTaker,
    TextUnansweredError,
)

LONGEST_OVER_UDP = 1000
"""Octets of a text: RFC 3428 §8 allows a request 1,300 where nothing slows a sender down; its headers take 300."""
_TYPE = {"Content-Type": "text/plain;charset=UTF-8"}
_NEVER = frozenset({404, 410, 413, 414, 415, 416, 484, 485, 488, 493, 513, 603, 604, 606})
"""The number or the text is refused. Any other refusal is one of the way: the line, its rights, its state."""
_UNKNOWN = frozenset({408, 504})
"""Somebody on the way has had no answer."""


class SipTexts:
    """Implements `telephony.texts.Texts`. `arrived` is to be told of each MESSAGE."""

    def __init__(self, agent: UserAgent, ways: Ways, lines: Lines) -> None:
        self._agent = agent
        self._ways = ways
        self._lines = lines
        self._takers: dict[TextPeer, list[TextTaker]] = {}

    def state(self, peer: TextPeer) -> TextState:
        """See Texts."""
        if peer.account:
            up = bool(self._ways.to(PhoneTarget(peer.account)))
            return TextState(up, f"{peer.account} is signed in" if up else f"{peer.account} has not signed in")
        keeper = self._lines.get(peer.line)
        if keeper is None:
            return TextState(up=False, note=f"there is no line {peer.line!r}, or it is switched off")
        return TextState(keeper.state.up, keeper.state.note)

    async def send(self, peer: TextPeer, number: str, text: str) -> None:
        """See Texts."""
        state = self.state(peer)
        way = self._way(peer, number) if state.up else None
        if way is None:
            raise TextPutOffError(state.note)
        body = text.encode("utf-8", "replace")
        if way.via.transport == "udp" and len(body) > LONGEST_OVER_UDP:
            raise TextRefusedError(
                f"a text of {len(body)} octets is too long for UDP, which carries {LONGEST_OVER_UDP}: use TCP there"
            )
        if way.via.transport == "tcp":
            # A connection that cannot be opened must be told from one that breaks when the text is on its way.
            probe = await self._ask("OPTIONS", way, peer, b"")
            if not probe.headers:
                raise TextPutOffError(f"{way.via} cannot be reached")
        _judge(await self._ask("MESSAGE", way, peer, body), f"{way.via}")

    async def _ask(self, method: str, way: Way, peer: TextPeer, body: bytes) -> Reply:
        return await self._agent.request(
            method,
            way.uri,
            caller=self._ourselves(peer),
            called=way.called,
            via=way.via,
            credentials=way.credentials,
            headers=_TYPE if body else {},
            body=body,
        )

    def _ourselves(self, peer: TextPeer) -> Identity:
        keeper = self._lines.get(peer.line)
        if keeper is None:
            return Identity("exchange")
        line = keeper.line
        return Identity(line.username or line.number or line.name, line.host)

    def _way(self, peer: TextPeer, number: str) -> Way | None:
        """One: a text over two ways would arrive twice. Raises TextRefusedError for a number that cannot be written."""
        try:
            if peer.line:
                return next(iter(self._ways.to(LineTarget(peer.line, number))), None)
            way = next(iter(self._ways.to(PhoneTarget(peer.account))), None)
            if way is None:
                return None
            contact = parse_uri(way.uri)
            uri = write_uri(number, contact.host, contact.port, contact.transport)
            return Way(uri=uri, called=Identity(number, contact.host), via=way.via)
        except UriError as fault:
            raise TextRefusedError(str(fault)) from fault

    @contextmanager
    def taking(self, peer: TextPeer, take: TextTaker) -> Iterator[None]:
        """See Texts. The first who takes from a peer has it."""
        takers = self._takers.setdefault(peer, [])
        takers.append(take)
        try:
            yield
        finally:
            takers.remove(take)

    async def arrived(self, message: InstantMessage) -> None:
        """Implements `sip.instant.MessageHandler`."""
        dialled = message.uri.user
        line = None if message.account else self._lines.owner(message.source, dialled)
        peer = TextPeer(account=message.account) if line is None else TextPeer(line=line.name)
        takers = self._takers.get(peer)
        if not takers:
            raise NobodyError
        if line is not None and dialled == line.name:
            # The provider writes to our contact; to whom the text went stands in To, unless that is only our name.
            called = message.called.user
            dialled = line.number if called in {"", line.name, line.username} else called
        await takers[0](IncomingText(message.caller.user, dialled, message.text, message.key))


def _judge(reply: Reply, where: str) -> None:
    """What a final response means for the text. Raises the errors of `Texts.send`."""
    words = f"{where} answered {reply.status} {reply.phrase}".strip()
    if 200 <= reply.status < 300:
        return
    if not reply.headers:
        raise TextUnansweredError(f"{where} has not answered")
    if reply.status in _UNKNOWN:
        raise TextUnansweredError(words)
    if reply.status in _NEVER:
        raise TextRefusedError(words)
    raise TextPutOffError(words)

"""Offer and answer of one stream (RFC 3264): which codec, where to, who may speak."""

import random
from collections.abc import Sequence
from dataclasses import replace

from cordboard.media.api import Codec, Remote
from cordboard.sip.api import NotAcceptableError
from cordboard.sip.parsing import MalformedError
from cordboard.sip.sdp import TELEPHONE_EVENT, AudioDescription, Payload, answer, build, parse

_STATIC = {Codec.PCMU: 0, Codec.PCMA: 8}
_EVENTS = Payload(101, TELEPHONE_EVENT, 8000, "0-15")


class Negotiation:
    """What we said and what the far end said about one stream. `remote` is what was agreed, None before that."""

    def __init__(self, host: str, port: int, codecs: Sequence[Codec], *, latch: bool) -> None:
        payloads = tuple(Payload(_STATIC[codec], codec.value, 8000) for codec in codecs)
        self._ours = AudioDescription(host=host, port=port, payloads=(*payloads, _EVENTS))
        self._latch = latch
        self._session_id = random.getrandbits(31)
        self._version = 0
        self.remote: Remote | None = None
        self.held = False

    def offer(self) -> bytes:
        """Everything that we can."""
        return self._build(self._ours)

    def answer(self, sdp: bytes) -> bytes:
        """Answer an offer. Raises NotAcceptableError if there is no common codec, or it cannot be read."""
        theirs = _read(sdp)
        ours = answer(theirs, self._ours)
        self._agree(theirs, ours)
        return self._build(ours)

    def take_answer(self, sdp: bytes) -> None:
        """The far end answered our offer. Raises NotAcceptableError if it chose nothing that we offered."""
        theirs = _read(sdp)
        common = [payload for payload in theirs.payloads if any(payload.is_(own) for own in self._ours.payloads)]
        self._agree(theirs, replace(theirs, payloads=tuple(common)))

    def _agree(self, theirs: AudioDescription, common: AudioDescription) -> None:
        voice, events = common.codec, common.event
        if voice is None:
            raise NotAcceptableError
        self.held = not theirs.receives
        self.remote = Remote(
            host=theirs.host,
            port=theirs.port,
            codec=Codec(voice.name.upper()),
            payload_type=voice.pt,
            dtmf_payload_type=events.pt if events else None,
            send=theirs.receives,
            receive=theirs.sends,
            latch=self._latch,
        )

    def _build(self, ours: AudioDescription) -> bytes:
        # The session id stays and the version grows with each description that we send (RFC 3264 §8).
        self._version += 1
        return build(ours, session_id=self._session_id, version=self._version)


def _read(sdp: bytes) -> AudioDescription:
    try:
        return parse(sdp)
    except MalformedError as fault:
        raise NotAcceptableError(str(fault)) from fault


def can_answer(offer: bytes | None, codecs: Sequence[Codec]) -> bool:
    """Whether an offer could be answered: it is asked before anybody's telephone rings."""
    if offer is None:
        return True
    try:
        Negotiation("0.0.0.0", 9, codecs, latch=False).answer(offer)  # noqa: S104  (a probe: nothing is sent)
    except NotAcceptableError:
        return False
    return True

"""Offer and answer of one stream (RFC 3264): which codec, where to, who may speak."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from cordboard.media.api import Codec, Remote
from cordboard.sip.api import NotAcceptableError
from cordboard.sip.parsing import MalformedError
from cordboard.sip.sdp import TELEPHONE_EVENT, AudioDescription, Payload, answer, build, parse

_STATIC = {Codec.PCMU: 0, Codec.PCMA: 8}
_EVENTS = Payload(101, TELEPHONE_EVENT, 8000, "0-15")


@dataclass(frozen=True, slots=True)
class Terms:
    """What the exchange can do with anybody's voice."""

    codecs: Sequence[Codec]
    """In the order in which they are offered."""
    ipv6: bool = False
    """Whether voices are received over IPv6 (and so not over IPv4)."""
    payloads: tuple[Payload, ...] = field(init=False)

    def __post_init__(self) -> None:
        voices = (Payload(_STATIC[codec], codec.value, 8000) for codec in self.codecs)
        object.__setattr__(self, "payloads", (*voices, _EVENTS))

    def read(self, sdp: bytes) -> AudioDescription:
        """Read an offer or an answer. Raises NotAcceptableError if it cannot be read, or holds nothing for us."""
        try:
            theirs = parse(sdp)
        except MalformedError as fault:
            raise NotAcceptableError(str(fault)) from fault
        if (":" in theirs.host) is not self.ipv6:
            raise NotAcceptableError(f"a voice cannot be sent to {theirs.host} from here: another IP version")
        if all(one.name.lower() == TELEPHONE_EVENT for one in self.common(theirs)):
            raise NotAcceptableError("no codec in common")
        return theirs

    def common(self, theirs: AudioDescription) -> tuple[Payload, ...]:
        """What of theirs is ours too, by their numbers and in their order."""
        return tuple(one for one in theirs.payloads if any(one.is_(own) for own in self.payloads))


class Negotiation:
    """What we said and what the far end said about one stream. `remote` is what was agreed, None before that."""

    def __init__(self, terms: Terms, host: str, port: int, *, latch: bool, inband_keys: bool = False) -> None:
        """With `inband_keys` tones in the voice are keys even if the far end can send them otherwise."""
        self._terms = terms
        self._ours = AudioDescription(host=host, port=port, payloads=terms.payloads)
        self._latch = latch
        self._inband_keys = inband_keys
        self._session_id = random.getrandbits(31)
        self._version = 0
        self.remote: Remote | None = None
        self.held = False

    def offer(self) -> bytes:
        """Everything that we can."""
        return self._build(self._ours)

    def answer(self, theirs: AudioDescription) -> bytes:
        """Answer an offer that was read on our terms."""
        ours = answer(theirs, self._ours)
        self._agree(theirs, ours)
        return self._build(ours)

    def take_answer(self, sdp: bytes) -> None:
        """The far end answered our offer. Raises NotAcceptableError if it chose nothing that we offered."""
        theirs = self._terms.read(sdp)
        self._agree(theirs, replace(theirs, payloads=self._terms.common(theirs)))

    def _agree(self, theirs: AudioDescription, common: AudioDescription) -> None:
        voice, events = common.codec, common.event
        assert voice is not None, "the terms see to it"
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
            inband_dtmf=self._inband_keys or events is None,
        )

    def _build(self, ours: AudioDescription) -> bytes:
        # The session id stays and the version grows with each description that we send (RFC 3264 §8).
        self._version += 1
        return build(ours, session_id=self._session_id, version=self._version)

"""What happens on a leg, as immutable facts in the order in which they happened."""

from dataclasses import dataclass

from cordboard.telephony.reasons import EndReason


@dataclass(frozen=True, slots=True)
class Ringing:
    """The far end of an outbound leg rings."""


@dataclass(frozen=True, slots=True)
class EarlyMedia:
    """The far end of an outbound leg, or its network, can be heard before it answers: its ringing, an announcement."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The leg is answered. `account` names the phone that did it, for an outbound leg to phones."""

    account: str = ""


@dataclass(frozen=True, slots=True)
class Digit:
    """A key was pressed: one of 0-9 * # A B C D."""

    key: str


@dataclass(frozen=True, slots=True)
class Held:
    """The far end put us on hold."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """The far end came back from hold."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The last event of every leg."""

    reason: EndReason


LegEvent = Ringing | EarlyMedia | Answered | Digit | Held | Resumed | Ended

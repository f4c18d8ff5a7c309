"""What a called party does: a script without a line of code."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cordboard.telephony import EndReason, Sound


@dataclass(frozen=True, slots=True)
class FarEnd:
    """The behaviour of whoever is called. Seconds everywhere; the default rings at once and answers after two.

    The class methods name the usual ones.
    """

    rings_after: float | None = 0.0
    """None: it never rings. It is there and says nothing, as a phone whose cable was pulled."""
    answers_after: float | None = 2.0
    """After it began to ring. None: nobody takes it off the hook."""
    refuses: EndReason | None = None
    """Why it declines, at the moment when it would have answered."""
    keys: Mapping[float, str] = field(default_factory=dict)
    """What it presses, by seconds after the answer."""
    holds: Mapping[float, float] = field(default_factory=dict)
    """When it puts us on hold, by seconds after the answer, and for how long."""
    hangs_up_after: float | None = None
    """After the answer."""
    redirects_to: str = ""
    """A number to which it wants the call led, at the moment when it would have answered."""
    voice: Sound | None = None
    """What it says all the time."""
    early: Sound | None = None
    """What it, or its network, lets be heard from the moment it rings until it answers."""

    @classmethod
    def answers(
        cls, after: float = 2.0, *, hangs_up_after: float | None = None, keys: Mapping[float, str] | None = None
    ) -> "FarEnd":
        """It rings at once and answers `after` seconds."""
        return cls(answers_after=after, hangs_up_after=hangs_up_after, keys=keys or {})

    @classmethod
    def busy(cls) -> "FarEnd":
        """It talks with somebody else."""
        return cls(rings_after=None, answers_after=0.0, refuses=EndReason.BUSY)

    @classmethod
    def rejects(cls, after: float = 2.0) -> "FarEnd":
        """It rings, then somebody presses the red button."""
        return cls(answers_after=after, refuses=EndReason.REJECTED)

    @classmethod
    def redirects(cls, number: str, after: float = 0.0) -> "FarEnd":
        """It is forwarded to another number."""
        return cls(rings_after=None, answers_after=after, refuses=EndReason.REDIRECTED, redirects_to=number)

    @classmethod
    def no_answer(cls) -> "FarEnd":
        """It rings for ever."""
        return cls(answers_after=None)

    @classmethod
    def unreachable(cls) -> "FarEnd":
        """The network says at once that it cannot be reached."""
        return cls(rings_after=None, answers_after=0.0, refuses=EndReason.UNREACHABLE)

    @classmethod
    def silent(cls) -> "FarEnd":
        """It never says a word about the call."""
        return cls(rings_after=None, answers_after=None)

"""The port between the exchange's behaviour and its wire. These docstrings are the contract.

`switch` implements it over real SIP and RTP, `simulation` in virtual time; `tests/contract` runs one suite over both.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cordboard.telephony.events import LegEvent
from cordboard.telephony.keys import Collected, KeyRule
from cordboard.telephony.party import LegState, Party, Target
from cordboard.telephony.reasons import EndReason
from cordboard.telephony.records import ConnectionRecord, LegRecord
from cordboard.telephony.sounds import Played, Sound

if TYPE_CHECKING:
    from cordboard.telephony.talks import Talks
    from cordboard.telephony.transfers import Monitor, Monitoring, TransferHandler


class Leg(Protocol):
    """One party's end of a call.

    A leg moves forward only: calling, ringing, answered, ended. Every method may be called in any state; one
    that no longer makes sense (playing to an ended leg) returns at once and never raises, because the far end
    may hang up at any moment. Cancelling an awaiting method stops what it started (a prompt, a recording).
    """

    @property
    def id(self) -> str:
        """Unique for ever."""

    @property
    def chain(self) -> str:
        """The id that all legs of one story share."""

    @property
    def record(self) -> LegRecord:
        """A snapshot of the leg as it stands now."""

    @property
    def state(self) -> LegState:
        """Where the leg stands now."""

    def events(self) -> AbstractContextManager[AsyncIterator[LegEvent]]:
        """What happens from the moment of entering on; the iterator stops after Ended. Any number may listen.

        Entering for a leg that has ended yields its Ended and stops.
        """

    def led(self, by: str) -> None:
        """Note the number of the colleague who transfers the far end now. Nothing if it has ended."""

    def move(self, chain: str) -> None:
        """Let it belong to that chain from now on: two calls have become one. Nothing if it has ended."""

    async def ring(self) -> None:
        """Tell the caller of an inbound leg that it rings. Nothing if it rings already or is answered."""

    async def early_media(self) -> bool:
        """Open the voice towards the caller of an unanswered inbound leg, so that he hears what plays and nobody pays.

        Then `play`, `background` and, where the caller's network carries them, keys work as on an answered leg.
        The state is ringing. True if the voice is open, also if the leg is answered already; false if the leg has
        ended, or the caller cannot hear before the answer (then nothing has changed). Opens nothing on an outbound leg:
        true if its far end is heard before the answer (an EarlyMedia has told so), or has answered.
        """

    async def answer(self) -> bool:
        """Answer an inbound leg. True once answered, false if the caller was faster to give up.

        Returns when voices can flow. On an outbound leg it waits for the answer of the far end.
        """

    async def reject(self, reason: EndReason) -> None:
        """End an unanswered inbound leg with a reason that the caller is told; hangs up if it was answered."""

    async def hang_up(self, reason: EndReason = EndReason.HUNG_UP) -> None:
        """End the leg in whatever state it is. The leg has ended when this returns."""

    async def ended(self) -> EndReason:
        """Wait until the leg has ended."""

    async def play(self, sounds: Sequence[Sound], *, interrupt: str = "") -> Played:
        """Let the far end hear `sounds` and return when they were sent.

        A key of `interrupt` stops them within 200 ms and stays in the key buffer; one that waits there already
        stops them before the first sound. A later play or background replaces this one, which ends as STOPPED.
        An unanswered leg without early media hears nothing: the call returns at once as STOPPED.
        """

    async def background(self, sounds: Sequence[Sound]) -> None:
        """Start `sounds` over and over and return at once; none stops them, and so do `play` and a join.

        To a leg in a bridge or a conference it is heard in place of the others, who go on hearing him, until it stops.
        """

    async def collect(self, rule: KeyRule) -> Collected:
        """Take keys by `rule`; those pressed since the last collecting count first."""

    def forget_keys(self) -> None:
        """Drop the keys that were pressed and not yet collected."""

    async def send_digits(self, digits: str) -> None:
        """Press keys towards the far end, and return when they were sent."""

    async def record_to(
        self, path: Path, *, limit: float = 3600.0, stop_on: str = "", silence: float | None = None
    ) -> float:
        """Record what the far end says into a WAV file (mono, 16 bit, 8000 Hz) and return the seconds in it.

        Ends after `limit` seconds, at a key of `stop_on` (which is taken from the buffer), after `silence` seconds
        without a voice, or with the leg. What was recorded is complete in the file, also if the leg ends.
        """

    async def start_recording(self, path: Path, *, stereo: bool = False) -> bool:
        """Record the talk from now on, both what the far end says and what it hears, beside everything else.

        A WAV file (16 bit, 8000 Hz): mixed, or with `stereo` the far end left and what it hears right. It goes on
        through prompts, bridges and conferences until `stop_recording` or the end of the leg. A running one is ended
        first. False if nothing is recorded: the leg is not answered, or the file cannot be written.
        """

    async def stop_recording(self) -> float:
        """End the recording of the talk and return the seconds in its file, which is complete then.

        If the leg has ended, wait until the file is complete and return, once, its seconds. 0.0 if there is none.
        """


class Bridge(Protocol):
    """Two answered legs whose voices are joined. Keys of either side reach the other as well as the listeners."""

    @property
    def id(self) -> str:
        """Unique for ever."""

    async def ended(self) -> None:
        """Wait until one of the legs has ended or the bridge was closed."""

    async def close(self) -> None:
        """Part the legs; both stay answered. Nothing if it is closed already."""


class Conference(Protocol):
    """A room in which any number of answered legs hear each other, each all others and not itself.

    A leg is in one bridge or one conference at most: joining or adding it elsewhere takes it out of here. Keys reach
    the listeners of their own leg only. `play` to a leg in a conference replaces, for him alone, what he hears of it.
    """

    @property
    def id(self) -> str:
        """Unique for ever."""

    @property
    def legs(self) -> Sequence[Leg]:
        """Who is in it now, in the order of coming."""

    async def add(self, leg: Leg, *, muted: bool = False, gain: int = 0) -> bool:
        """Let an answered leg in, or change how one that is in is heard. What played to who comes in stops.

        `gain` in decibels: the others hear him so much louder, or softer if it is below 0; beyond -20 and 20 it is cut.
        False if the leg has ended or the conference is closed.
        """

    async def remove(self, leg: Leg) -> None:
        """Let a leg out; it stays answered and hears nothing. Nothing if it is not in."""

    async def left(self, leg: Leg) -> None:
        """Wait until this leg is no longer in: it ended, was taken elsewhere, or the conference was closed."""

    async def to_bridge(self) -> Bridge | None:
        """Make a plain bridge of the two who are in, without a gap in what they hear, and close the conference.

        None, and nothing happens, unless there are exactly two.
        """

    async def close(self) -> None:
        """Let everybody out. The legs stay answered. Nothing if it is closed already."""

    async def ended(self) -> None:
        """Wait until it is closed. An empty conference stays open."""


LegHandler = Callable[[Leg], Awaitable[None]]
"""Takes care of one inbound leg: its life is the call. When it returns, a leg that is still up is hung up;
when it raises, the leg ends with EndReason.ERROR and the fault is logged."""


class CallListener(Protocol):
    """Is told of each change, in order. Must return at once: it is called in the midst of a call."""

    def leg_changed(self, record: LegRecord) -> None:
        """A leg has begun, rings, was answered, was held or resumed, or has ended."""

    def connection_changed(self, record: ConnectionRecord) -> None:
        """Two legs were joined, or parted (`ended` is set)."""


class Exchange(Protocol):
    """Places and receives calls."""

    @property
    def talks(self) -> "Talks":
        """Who talks with whom through `dial`, and whom somebody calls just now."""

    async def serve(self, handler: LegHandler, *, transfer: "TransferHandler | None" = None) -> None:
        """Hand each inbound leg to `handler`, each in a task of its own, until cancelled; then end all calls.

        Transfers that phones ask for go to `transfer`; without one they are refused.
        """

    async def originate(
        self, targets: Sequence[Target], *, caller: Party, chain: str = "", ring_time: float = 30.0
    ) -> Leg:
        """Place a call to all `targets` at once, as one outbound leg; the first to answer has it, the rest stop.

        Returns at once, with the leg in the state calling; it ends with BUSY, NO_ANSWER (after `ring_time` seconds),
        REJECTED or UNREACHABLE if nobody answers (of several, the first of BUSY, REJECTED, NO_ANSWER, UNREACHABLE that
        occurred). `caller` is whom the called side sees. An empty `chain` begins a new one.
        """

    async def join(self, a: Leg, b: Leg) -> Bridge:
        """Join the voices of two answered legs. What was playing to them stops. Raises ValueError for one leg twice.

        A leg with early media can be joined too: a caller hears the far end's own ringing. That is no connection, and
        none is reported: join them anew when both are answered.
        If one has ended already, the bridge is returned ended. A leg is in one bridge: joining it anew closes it.
        """

    async def conference(self) -> Conference:
        """An empty conference. A bridge made of it belongs to the chain of its first leg."""

    async def monitor(self, leg: Leg, listener: Leg, mode: "Monitoring") -> "Monitor":
        """Let the far end of `listener` take part, by `mode`, in whatever `leg` talks and hears, wherever that goes.

        `leg` and its partners stay in their bridge or conference and hear no gap. `listener` is taken out of where he
        was, what played to him stops, and joining him elsewhere ends it. Several may watch one leg: each hears those
        whom it hears. His keys reach the listeners of his own leg only. If `leg` has no voice or `listener` is not
        answered, it is returned ended. Raises ValueError for one leg twice.
        """

    def legs(self) -> Sequence[Leg]:
        """The legs that have not ended."""

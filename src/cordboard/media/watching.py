"""Third ones beside the talk of a stream: who hears and is heard by whom, wherever that stream goes.

Whoever watches is sent what the watched stream says and what it is sent, before he is mixed into it himself. What he
says is mixed into what the watched one is sent, by the pump, and (when he barges in) into what it says: by its room, or
for its partner. A pair that is joined is forwarded as long as nobody speaks in between; then each of the two who hears
one more voice is sent frames by the grid.
"""

from dataclasses import dataclass

from cordboard.media.api import Watching
from cordboard.media.ears import Ear, Ears, listen_to
from cordboard.media.g711 import TRANSCODE
from cordboard.media.pump import Pump
from cordboard.media.stream import Stream


@dataclass(slots=True, eq=False)
class _Watch:
    watched: Stream
    own: Stream
    how: Watching
    own_ears: tuple[Ear, Ear]
    """What the watched one says and is sent."""
    others: list[Ear]
    """What others say who watch it too."""


class Watches:
    """All of a worker."""

    def __init__(self, pump: Pump) -> None:
        self._pump = pump
        self._of: dict[int, list[_Watch]] = {}
        """By the number of the watched stream."""
        self._by: dict[int, _Watch] = {}
        """By the number of who watches."""

    def open(self, watched: Stream, own: Stream, how: Watching) -> None:
        """Let `own` take part from now on; it is in no join and no room."""
        watch = _Watch(watched, own, how, (Ear(watched), Ear(watched, sent=True)), [])
        self._of.setdefault(watched.number, []).append(watch)
        self._by[own.number] = watch
        own.grid = Ears(own)
        own.grid.ears += watch.own_ears
        self._arrange(watched)
        self._rest(own)

    def has(self, watched: Stream, own: Stream) -> bool:
        """Whether he watches that one."""
        return (watch := self._by.get(own.number)) is not None and watch.watched is watched

    def change(self, watched: Stream, own: Stream, how: Watching) -> bool:
        """Let him take part otherwise; False if he does not."""
        if not self.has(watched, own):
            return False
        self._by[own.number].how = how
        self._arrange(watched)
        return True

    def close(self, watched: Stream, own: Stream) -> None:
        """Let him out; nothing if he does not watch that one."""
        if self.has(watched, own):
            self.leave(own)

    def leave(self, own: Stream) -> None:
        """He watches nobody from now on."""
        watch = self._by.pop(own.number, None)
        if watch is None:
            return
        self._of[watch.watched.number].remove(watch)
        if not self._of[watch.watched.number]:
            del self._of[watch.watched.number]
        for ear in (*watch.own_ears, *watch.others):
            ear.close()
        own.grid = None
        self._arrange(watch.watched)
        self._rest(own)

    def forget(self, stream: Stream) -> None:
        """It is closed: neither watches nor is watched."""
        self.leave(stream)
        for watch in list(self._of.get(stream.number, ())):
            self.leave(watch.own)

    def moved(self, stream: Stream) -> None:
        """It is joined, in a room or alone now: whoever speaks on its side goes with it."""
        if stream.number in self._of:
            self._arrange(stream)
        else:
            self._arrange_place(stream)

    # --- within -----------------------------------------------------------------------------------------------

    def _speaking(self, stream: Stream, *how: Watching) -> list[Stream]:
        return [watch.own for watch in self._of.get(stream.number, ()) if watch.how in how]

    def _arrange(self, watched: Stream) -> None:
        """Let everybody hear whom he is to hear of the watched one."""
        told = self._speaking(watched, Watching.WHISPER, Watching.BARGE)
        listen_to(watched.told, told)
        watched.choose_keeping()
        for watch in self._of.get(watched.number, ()):
            listen_to(watch.others, [one for one in told if one is not watch.own])
            assert isinstance(watch.own.grid, Ears)
            watch.own.grid.ears = [*watch.own_ears, *watch.others]
        self._arrange_place(watched)

    def _arrange_place(self, stream: Stream) -> None:
        if stream.member is not None:
            listen_to(stream.member.besides, self._speaking(stream, Watching.BARGE))
        elif stream.number not in self._by:
            self._forward_or_mix(stream)
            if stream.other is not None:
                self._forward_or_mix(stream.other)

    def _forward_or_mix(self, hearer: Stream) -> None:
        """Of a pair: by the grid, if more than the other one is heard."""
        other, grid = hearer.other, hearer.grid
        barging = [] if other is None else self._speaking(other, Watching.BARGE)
        mixes = other is not None and bool(hearer.told or barging)
        if not mixes and grid is None:
            return
        if other is not None and mixes:
            if grid is None:
                grid = hearer.grid = Ears(hearer)
                self._rest(hearer)
            assert isinstance(grid, Ears)
            listen_to(grid.ears, [other, *barging])
            return
        assert isinstance(grid, Ears)
        unsaid = [frame for ear in grid.ears if ear.source is other for frame in _as_heard(ear, hearer)]
        listen_to(grid.ears, [])
        hearer.grid = None
        self._rest(hearer)
        if hearer.frames is None:
            self._pump.hand_over(hearer, unsaid)

    def _rest(self, stream: Stream) -> None:
        if stream.playing is None or stream.playing.started is None:
            stream.rest(self._pump.tick)


def _as_heard(ear: Ear, hearer: Stream) -> list[bytes]:
    table = TRANSCODE.get((ear.codec, hearer.codec))
    return ear.rest() if table is None else [frame.translate(table) for frame in ear.rest()]

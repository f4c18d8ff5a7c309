"""Who hears whom: pairs that are joined and rooms. A stream is in one of them at most.

A stream that leaves one for the other goes on with its SSRC, sequence and timestamp, and what its room had not yet said
of a party is sent to the other one when the two are joined: a talk that changes its form is not cut.
"""

from itertools import count

from cordboard.media.api import Watching
from cordboard.media.ears import listen_to
from cordboard.media.g711 import TRANSCODE
from cordboard.media.pump import Pump
from cordboard.media.room import Member, Room
from cordboard.media.stream import Stream
from cordboard.media.watching import Watches


class Together:
    """Tells streams and pump who belongs together. What plays to a stream goes on, and it hears the others after it."""

    def __init__(self, pump: Pump) -> None:
        self._pump = pump
        self._watches = Watches(pump)
        self._rooms: dict[int, Room] = {}
        self._numbers = count(1)

    # --- pairs ------------------------------------------------------------------------------------------------

    def join(self, a: Stream, b: Stream) -> None:
        """Forward both ways. Raises ValueError if they are one."""
        if a is b:
            raise ValueError("a stream cannot be joined with itself")
        unsaid = [_unsaid(a, b), _unsaid(b, a)]
        self.separate(a)
        self.separate(b)
        for stream, other in ((a, b), (b, a)):
            stream.other = other
            stream.choose_translation()
            self._rest(stream)
        self._watches.moved(a)
        self._watches.moved(b)
        for stream, frames in zip((a, b), unsaid, strict=True):
            if stream.frames is None:
                self._pump.hand_over(stream, frames)

    def part(self, a: Stream, b: Stream) -> None:
        """Undo it; nothing if they are not joined."""
        if a.other is b:
            self.separate(a)

    def separate(self, stream: Stream) -> None:
        """Take a stream out of its join or room, or from where it watches; nothing if it is in none."""
        self._watches.leave(stream)
        if stream.member is not None:
            self._take_out(stream)
        if stream.other is not None:
            pair = stream, stream.other
            for one in pair:
                one.other = None
                one.choose_translation()
            for one in pair:
                self._watches.moved(one)
                self._rest(one)

    # --- third ones -------------------------------------------------------------------------------------------

    def watch(self, watched: Stream, own: Stream, how: Watching) -> None:
        """Let `own` take part in whatever `watched` talks, or change how. Raises ValueError if they are one."""
        if watched is own:
            raise ValueError("a stream cannot watch over itself")
        if not self._watches.change(watched, own, how):
            self.separate(own)
            self._watches.open(watched, own, how)

    def unwatch(self, watched: Stream, own: Stream) -> None:
        """Undo it; nothing if he does not watch that one."""
        self._watches.close(watched, own)

    def watches(self, watched: Stream, own: Stream) -> bool:
        """Whether he does."""
        return self._watches.has(watched, own)

    def forget(self, stream: Stream) -> None:
        """It is closed."""
        self.separate(stream)
        self._watches.forget(stream)

    # --- rooms ------------------------------------------------------------------------------------------------

    def open_room(self) -> int:
        """An empty room; returns its number."""
        number = next(self._numbers)
        room = self._rooms[number] = Room()
        self._pump.add_room(room)
        return number

    def enter(self, stream: Stream, number: int, *, speaks: bool, gain: int = 0) -> None:
        """Take a stream in, or change how it is heard, `gain` dB louder. Raises ValueError if the room is closed."""
        room = self._rooms.get(number)
        if room is None:
            raise ValueError("this room is closed: open another one")
        if stream.member is not None and stream.member.room is room:
            stream.member.speaks, stream.member.gain = speaks, gain
            return
        self.separate(stream)
        stream.grid = stream.member = Member(room, stream.codec, speaks=speaks)
        stream.member.gain = gain
        stream.choose_keeping()
        self._watches.moved(stream)
        room.members.append(stream.member)
        self._rest(stream)

    def is_in(self, stream: Stream, number: int) -> bool:
        """Whether that is its room."""
        return stream.member is not None and stream.member.room is self._rooms.get(number)

    def leave(self, stream: Stream, number: int) -> None:
        """Let it out; nothing if it is not in."""
        if self.is_in(stream, number):
            self._take_out(stream)

    def close_room(self, number: int) -> None:
        """Let all out; nothing if it is closed."""
        room = self._rooms.pop(number, None)
        if room is None:
            return
        self._pump.remove_room(room)
        for stream in [one for one in self._pump.streams if one.member is not None and one.member.room is room]:
            self._take_out(stream)

    def _take_out(self, stream: Stream) -> None:
        member, stream.member = stream.member, None
        assert member is not None
        listen_to(member.besides, [])
        stream.grid = None
        member.room.members.remove(member)
        stream.choose_keeping()
        self._rest(stream)

    def _rest(self, stream: Stream) -> None:
        if stream.playing is None or stream.playing.started is None:
            stream.rest(self._pump.tick)


def _unsaid(hearer: Stream, speaker: Stream) -> list[bytes]:
    """What the common room of the two has mixed and not yet sent, or not yet mixed of `speaker`, for `hearer`."""
    here, there = hearer.member, speaker.member
    if here is None or there is None or here.room is not there.room:
        return []
    mixed = [here.frame] if here.fresh else []
    if not there.speaks:
        return mixed
    waiting = there.playout.rest()
    table = TRANSCODE.get((there.codec, here.codec))
    return mixed + (waiting if table is None else [frame.translate(table) for frame in waiting])

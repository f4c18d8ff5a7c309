"""Conference rooms with numbers: whoever dials one is in, by PIN if there is one. The room is made by the first."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, ClassVar, Protocol

from pydantic import Field, StringConstraints

from cordboard.office.documents import Document, Login, Number
from cordboard.office.model import D
from cordboard.office.recording_rules import RecordingRule
from cordboard.office.transfers import Going, Transfers
from cordboard.office.voicemail_words import Announcer, Recorded
from cordboard.telephony import (
    ALL_KEYS,
    Conference,
    Digit,
    EndReason,
    Exchange,
    KeyRule,
    Lamp,
    Lamps,
    Leg,
    LegState,
    Sound,
    Tone,
    Wording,
)

Pin = Annotated[str, StringConstraints(pattern=r"^([0-9]{3,12})?$")]
TRIES = 3
_PIN = KeyRule(max_digits=12, terminator="#", first_timeout=8.0, between_timeout=4.0)
_BEEP = Tone((1000.0,), on=0.15)
_BETWEEN = 2.0
"""Seconds within which the keys of a command follow each other."""


def _said(en: str, ru: str, uk: str) -> Wording:
    return MappingProxyType({"en": en, "ru": ru, "uk": uk})


ASK_PIN = _said(
    "Enter the PIN of the conference, then press the pound key.",
    "Введите PIN конференции и нажмите решётку.",
    "Введіть PIN конференції й натисніть решітку.",
)
WRONG = _said("That PIN is wrong.", "Неверный PIN.", "Неправильний PIN.")
LOCKED = _said("The conference is locked.", "Конференция закрыта.", "Конференцію закрито.")
FULL = _said("The conference is full.", "В конференции нет мест.", "У конференції немає місць.")
MUTED = _said("Muted.", "Микрофон выключен.", "Мікрофон вимкнено.")
HEARD = _said("You are heard.", "Вас слышно.", "Вас чути.")
WAIT = _said("The conference has not begun yet.", "Конференция ещё не началась.", "Конференція ще не почалася.")


class ConferenceRoom(Document):
    """A room with a number.

    Keys in it: `*6` mutes oneself and back. Of a moderator: `*5` mutes all others and back, `*7` locks the room and
    back, `*8` ends the conference.
    """

    kind: ClassVar[str] = "conference_rooms"
    secrets: ClassVar[tuple[str, ...]] = ("pin", "moderator_pin")

    number: Number
    on_the_fly: bool = False
    """Whether further digits may follow the number: each of these numbers is a room of its own, made when the first one
    comes, and gone with the last."""
    pin: Pin = Field(default="", repr=False)
    """Who enters it may take part. Empty: none is asked for."""
    moderator_pin: Pin = Field(default="", repr=False)
    """Who enters it is a moderator."""
    moderators: tuple[Login, ...] = ()
    """Users who are moderators by their phones, without a PIN."""
    places: Annotated[int, Field(ge=0, le=1000)] = 0
    """How many may be in it at once. 0: any number."""
    wait_for_moderator: bool = False
    """Whether the others hear music until a moderator is there, and when the last one has gone."""
    record: bool = False
    """Whether it is recorded. Recordings are those of the moderator who is in it, or else of who is recorded."""
    keep_days: Annotated[int, Field(ge=0, le=36500)] = 90
    """After so many days a recording is deleted; 0: never."""
    announce: bool = True
    """Whether a short tone tells that somebody comes or goes."""
    music: str = ""
    """The prompt that who is alone hears. Empty: the music on hold."""

    def numbers(self) -> tuple[str, ...]:
        """See Document."""
        return (self.number,)

    def has(self, number: str) -> bool:
        """Whether that number leads here."""
        return number == self.number or (self.on_the_fly and number.startswith(self.number))


class Office(Protocol):
    """The part of the office that is needed here."""

    def documents(self, kind: type[D]) -> Mapping[str, D]:
        """The documents of one kind, by name."""


class RoomRecording(Protocol):
    """A recording that goes on."""

    @property
    def wanted(self) -> bool:
        """False if it could not be begun."""

    def end(self) -> None:
        """It is over. Returns at once."""


class Recorder(Protocol):
    """Records what is said in a room."""

    def record(self, leg: Leg, rule: RecordingRule, *, number: str, owners: Sequence[Leg]) -> RoomRecording:
        """See RecordingDesk."""


@dataclass(frozen=True, slots=True)
class RoomState:
    """A room in which somebody is."""

    number: str
    name: str
    legs: tuple[str, ...]
    """The ids of who is in it or waits for it, in the order of coming."""
    locked: bool


class FixedRooms:
    """The rooms as a service of the switchboard."""

    def __init__(
        self,
        exchange: Exchange,
        office: Office,
        transfers: Transfers,
        *,
        announcer: Announcer,
        recorder: Recorder,
        lamps: Lamps,
    ) -> None:
        self._exchange = exchange
        self._office = office
        self._announcer = announcer
        self._recorder = recorder
        self._lamps = lamps
        self._rooms: dict[str, _Room] = {}
        transfers.reservations.append(self._place_of)

    def takes(self, number: str) -> bool:
        """See Service."""
        return self._document(number) is not None

    async def serve(self, leg: Leg, number: str, login: str) -> EndReason | None:
        """See Service. Returns when the far end is out of the room."""
        document = self._document(number)
        if document is None:
            return EndReason.NOT_FOUND
        if not await leg.answer():
            return None
        moderator = await self._admit(leg, document, login)
        if moderator is None:
            return EndReason.FORBIDDEN
        await self._enter(document, number, leg, moderator=moderator)
        return None

    def rooms(self) -> Sequence[RoomState]:
        """Those in which somebody is, by their numbers."""
        return [
            RoomState(number, room.document.name, tuple(each.leg.id for each in room.members), room.locked)
            for number, room in sorted(self._rooms.items())
        ]

    # --- within -----------------------------------------------------------------------------------------------

    def _document(self, number: str) -> ConferenceRoom | None:
        """The one of that very number before one whose rooms are made on the fly."""
        found = [each for each in self._office.documents(ConferenceRoom).values() if each.has(number)]
        return max(found, key=lambda each: len(each.number), default=None)

    async def _admit(self, leg: Leg, document: ConferenceRoom, login: str) -> bool | None:
        """Whether he is a moderator; None: he may not come in."""
        if login and login in document.moderators:
            return True
        if not document.pin and not document.moderator_pin:
            return bool(login) and not document.moderators
        for _ in range(TRIES):
            await leg.play(await self._announcer.sounds([ASK_PIN]), interrupt=ALL_KEYS)
            entered = (await leg.collect(_PIN)).digits
            if entered and entered == document.moderator_pin:
                return True
            if entered == document.pin:  # where there is none, none need be entered
                return False
            if leg.state is LegState.ENDED:
                return None
            await leg.play(await self._announcer.sounds([WRONG]))
        return None

    def _place_of(self, consulted: Leg) -> Going | None:
        """See Transfers.reservations: who is handed over from within a room comes in without a PIN."""
        places = ((number, room, each) for number, room in self._rooms.items() for each in room.members)
        found = next((place for place in places if place[2].leg is consulted), None)
        if found is None:
            return None
        number, room, member = found

        async def go(led: Leg) -> None:
            await self._enter(room.document, number, led, moderator=member.moderator)

        return go

    async def _enter(self, document: ConferenceRoom, number: str, leg: Leg, *, moderator: bool) -> None:
        room = self._rooms.get(number)
        if room is None:
            music = await self._announcer.sounds([Recorded(document.music)]) if document.music else ()
            room = self._rooms.setdefault(number, _Room(number, document, music or self._exchange.talks.hold_music))
        refusal = room.refusal(moderator=moderator)
        if refusal is not None:
            await leg.play(await self._announcer.sounds([refusal]))
            return
        member = _Member(leg, moderator)
        room.members.append(member)
        self._lamps.show(number, Lamp.BUSY)
        try:
            async with room.changing:
                if room.conference is None:
                    room.conference = await self._exchange.conference()
            if not room.open:
                await leg.play(await self._announcer.sounds([WAIT]))
            await self._refresh(room)
            await self._stay(room, member)
        finally:
            room.members.remove(member)
            await asyncio.shield(self._leave(number, room, member))

    async def _leave(self, number: str, room: "_Room", member: "_Member") -> None:
        if member.recording is not None:
            member.recording.end()
        if room.conference is not None:
            await room.conference.remove(member.leg)
        if room.members:
            await self._refresh(room)
        elif self._rooms.get(number) is room:
            del self._rooms[number]
            self._lamps.show(number, Lamp.FREE)
            if room.conference is not None:
                await room.conference.close()

    async def _stay(self, room: "_Room", member: "_Member") -> None:
        """Until he hangs up, or the conference is ended; his keys are followed."""
        keys = asyncio.create_task(self._follow_keys(room, member))
        waits = {asyncio.create_task(member.leg.ended()), asyncio.create_task(room.over.wait())}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (keys, *waits):
                task.cancel()

    async def _follow_keys(self, room: "_Room", member: "_Member") -> None:
        last, since = "", 0.0
        with member.leg.events() as events:
            async for event in events:
                if not isinstance(event, Digit):
                    continue
                now = asyncio.get_running_loop().time()
                key = event.key if last == "*" and now - since <= _BETWEEN else ""
                last, since = event.key, now
                words = room.command(member, key)
                if words is not None:
                    await self._refresh(room)
                    await member.leg.play(await self._announcer.sounds([words]))

    async def _refresh(self, room: "_Room") -> None:
        """Who is in, who is heard, who hears music, and who is recorded, as it should be now."""
        async with room.changing:
            assert room.conference is not None
            came_or_went = len(room.members) != room.told
            room.told = len(room.members)
            for member in list(room.members):
                await self._place(room, room.conference, member)
            if room.document.record:
                self._record(room)
            if came_or_went and room.document.announce and room.open and len(room.members) > 1:
                await asyncio.gather(*(each.leg.play([_BEEP]) for each in room.members))

    async def _place(self, room: "_Room", conference: Conference, member: "_Member") -> None:
        if room.open or member.moderator:
            await conference.add(member.leg, muted=room.muted(member))
        else:
            await conference.remove(member.leg)
        music = not room.open or len(room.members) == 1
        if music != member.music:
            member.music = music
            await member.leg.background(room.music if music else ())

    def _record(self, room: "_Room") -> None:
        """What somebody who is in hears and says is all that is said there; when he goes, the next one's."""
        for member in room.members:
            if member.recording is not None and not (room.open and member.recording.wanted):
                member.recording.end()
                member.recording = None
        if not room.open or any(each.recording for each in room.members):
            return
        inside = [each for each in room.members if each.leg.state is LegState.ANSWERED]
        if inside:
            document = room.document
            rule = RecordingRule(name=document.name, keep_days=document.keep_days)
            owners = [each.leg for each in sorted(inside, key=lambda each: not each.moderator)]
            inside[0].recording = self._recorder.record(inside[0].leg, rule, number=room.number, owners=owners)


class _Member:
    def __init__(self, leg: Leg, moderator: bool) -> None:
        self.leg = leg
        self.moderator = moderator
        self.muted = False
        self.music = False
        self.recording: RoomRecording | None = None


class _Room:
    def __init__(self, number: str, document: ConferenceRoom, music: Sequence[Sound]) -> None:
        self.number = number
        self.document = document
        self.music = music
        self.conference: Conference | None = None
        self.members: list[_Member] = []
        self.locked = False
        self.all_muted = False
        self.over = asyncio.Event()
        self.changing = asyncio.Lock()
        self.told = 0
        """How many there were when a tone told of it last."""
        self._commands: Mapping[str, Callable[[_Member], Wording]] = {"6": self._mute}
        self._moderators: Mapping[str, Callable[[_Member], Wording]] = {
            "5": self._mute_all,
            "7": self._lock,
            "8": self._end,
        }

    @property
    def open(self) -> bool:
        """Whether it has begun."""
        return not self.document.wait_for_moderator or any(each.moderator for each in self.members)

    def refusal(self, *, moderator: bool) -> Wording | None:
        """Why nobody more may come in, in words."""
        if self.locked and not moderator:
            return LOCKED
        return FULL if 0 < self.document.places <= len(self.members) else None

    def muted(self, member: _Member) -> bool:
        """Whether the others do not hear him."""
        return member.muted or (self.all_muted and not member.moderator)

    def command(self, member: _Member, key: str) -> Wording | None:
        """Do what a key asks for, and give the words for it; None: it asks for nothing."""
        found = self._commands.get(key) or (self._moderators.get(key) if member.moderator else None)
        return found(member) if found is not None else None

    def _mute(self, member: _Member) -> Wording:
        member.muted = not member.muted
        return MUTED if self.muted(member) else HEARD

    def _mute_all(self, _: _Member) -> Wording:
        self.all_muted = not self.all_muted
        return MUTED if self.all_muted else HEARD

    def _lock(self, _: _Member) -> Wording:
        self.locked = not self.locked
        return LOCKED if self.locked else ""

    def _end(self, _: _Member) -> Wording:
        self.over.set()
        return ""
